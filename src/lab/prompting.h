/* prompting.h - sides whose models are asked and not trained: settings, checks, cost. How a prompt
 * is made: data/prompt.h; the job: job_prompt.c. Inside lab only. */
#ifndef W2S_LAB_PROMPTING_H
#define W2S_LAB_PROMPTING_H

#include "lab/plan.h"

/* prompting_read - how the models of a side, whose learner is set, are asked: what the side's map m
 * says, over the study's; m may be NULL. A key of training in a side that is asked, a "prompt" in
 * one that is not: ERR_INPUT. prompting_json - both keys as they stand in a study file;
 * nothing of a side that trains. */
int prompting_read(struct study_side *side, const struct doc *root, const struct doc *m,
                   const char *name, struct err *e);
void prompting_json(struct js *j, const struct study_side *side);

/* prompting_check - a study whose models are asked fits its task and its methods, and every prompt
 * its model, whichever reads it. */
int prompting_check(const struct plan *p, struct err *e);
/* job_asks - whether it is asked. job_shots - examples before the one that it is asked about: of an
 * untrained student none. job_asking - how it is asked: the study's words over the task's. */
bool job_asks(const struct job *j);
size_t job_shots(const struct job *j);
void job_asking(const struct plan *p, const struct job *j, struct asking *a);

/* prompting_bytes - of memory that it takes, as estimated. prompting_tokens - that it works out,
 * where a part's texts have so many. */
size_t prompting_bytes(const struct plan *p, const struct job *j);
double prompting_tokens(const struct plan *p, const struct job *j, const size_t tokens[PART_COUNT]);

/* job_asked_id - appended to the name of its model: "/5-shot". job_asked_words - the same for
 * people: "5 shots, calibrated"; nothing of one that is trained. */
void job_asked_id(const struct job *j, struct str *out);
void job_asked_words(const struct job *j, struct str *out);

/* shots_choose - so many examples of n by their labels, in an order that the seed draws: of each
 * class as many as of the others, the lower the more where they do not divide; where a class has
 * too few, others take their place (*balanced false). index [shots], at most n. */
size_t shots_choose(const int *labels, size_t n, size_t K, size_t shots, uint64_t seed,
                    size_t *index, bool *balanced, struct err *e);
/* prompt_calibrate - probabilities p [n,K] divided by what the same prompt says of no content, q
 * [K], each row normalised again (Zhao et al. 2021, contextual calibration: W = diag(q)^-1). */
void prompt_calibrate(double *p, size_t n, size_t K, const double *q);

#endif
