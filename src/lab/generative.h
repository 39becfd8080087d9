/* generative.h - language modelling of the task's texts before anything else. Inside lab only. */
#ifndef W2S_LAB_GENERATIVE_H
#define W2S_LAB_GENERATIVE_H

#include "lab/desk.h"

/* generative_read - the study's "generative", where it is there, over what both sides share.
 * generative_base - the job from whose weights j starts, where the study asks for it and j has a
 * model: added to the plan, and what j stands on. */
int generative_read(struct study *s, const struct train_settings *common, struct err *e);
int generative_base(struct plan *p, struct job *j, struct err *e);

int spec_lm(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int run_lm(struct desk *d, struct err *e);

#endif
