/* ensemble.h - several models as one supervisor: what they say together, and of what each learns
 * (docs/supervisors.md). Inside lab only. */
#ifndef W2S_LAB_ENSEMBLE_H
#define W2S_LAB_ENSEMBLE_H

#include "core/arena.h"
#include "core/doc.h"
#include "core/rng.h"

/* ENSEMBLE_MEAN: of all models of a side, the mean of their probabilities. ENSEMBLE_AGREEMENT: the
 * same, weighted by agreement_weights. ENSEMBLE_BAGGING: each model several times, on bootstrap
 * samples, their mean. ENSEMBLE_BOOSTING: each model several times, one after the other, on samples
 * that favour what those before got wrong (SAMME). */
enum ensemble_kind {
    ENSEMBLE_NONE,
    ENSEMBLE_MEAN,
    ENSEMBLE_AGREEMENT,
    ENSEMBLE_BAGGING,
    ENSEMBLE_BOOSTING
};
extern const char *const ensemble_names[]; /* by kind: "none", "mean" ... */

#define ENSEMBLE_MOST 15 /* members: a job's needs */

struct ensemble {
    enum ensemble_kind kind;
    size_t rounds; /* of bagging and boosting */
};

/* ensemble_read - of a supervisor's map: combine, bagging or boosting. ensemble_json - the same, as
 * members of an open JSON object; nothing of none. ensemble_keys: theirs. */
extern const char *const ensemble_keys[];
int ensemble_read(struct ensemble *s, const struct doc *m, struct err *e);
void ensemble_json(const struct ensemble *s, struct js *j);

/* ensemble_mean - out [n,K] = sum of weight[m] times probs[m], over the sum of weights (M > 0; all
 * alike where that is 0). */
void ensemble_mean(const double *const *probs, const double *weight, size_t M, size_t n, size_t K,
                   double *out);

/* agreement_weights - of M members that say probs[m] [n,K] of the same examples: weight[m] is the
 * mean over the other members of the share of examples of which both name the same class. */
void agreement_weights(const double *const *probs, size_t M, size_t n, size_t K, double *weight);

/* ensemble_agreed - of each example the share of members that name the class which the ensemble,
 * said [n,K], names: share [n]. M > 0. */
void ensemble_agreed(const double *const *probs, const double *said, size_t M, size_t n, size_t K,
                     double *share);

/* boost_round - one round of SAMME (Zhu, Zou, Rosset and Hastie 2009): with weights w [n], which
 * sum to 1, and a member's probs [n,K] of examples with labels
 *
 *     err = sum of w where it is wrong, at least 1/(2n);  alpha = log((1 - err) / err) + log(K - 1)
 *     w is multiplied by exp(alpha) where it is wrong, and sums to 1 again
 *
 * Returned is alpha. A member that is no better than chance (err >= 1 - 1/K) has alpha 0 and
 * changes nothing. */
double boost_round(double *w, const double *probs, const int *labels, size_t n, size_t K);

/* sample_draw - n draws with replacement, i with weight w[i] (NULL: all alike); out [n] ascending.
 */
int sample_draw(struct rng *rng, const double *w, size_t n, size_t *out, struct err *e);

#endif
