/* recite.h - how much of the test part a model has seen: texts that it goes on with word for word.
 * Inside lab only. */
#ifndef W2S_LAB_RECITE_H
#define W2S_LAB_RECITE_H

#include "lab/desk.h"

/* A text is recited where the model, given its first half, writes all of its second: where each of
 * its last floor(T/2) tokens of T is the most probable one behind the text so far, which is what
 * greedy decoding would write. (Extractable memorization: Carlini et al. 2023, with half the text
 * as prompt.) A second half of fewer tokens than this is guessed too easily: such a text counts as
 * not recited. It bounds what was seen from below: a text may be seen and not known by heart. */
#define RECITED_LEAST 8

/* [n] of such a job: 1 for every test example that is recited (of several texts: any of them), else
 * 0. */
#define RECITED "recited.f64"

/* recite_add - the job of a student's model, whole and as its checkpoint has it; *out NULL where it
 * starts from random weights and so has seen nothing. */
int recite_add(struct plan *p, const struct job *student, struct job **out, struct err *e);
int spec_recite(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int run_recite(struct desk *d, struct err *e);

/* recited_read - of a finished one: *recited [n], mem_free. */
int recited_read(const struct plan *p, const struct job *j, double **recited, struct err *e);

#endif
