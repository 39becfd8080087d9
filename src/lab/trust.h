/* trust.h - trust functions (arXiv 2606.01000): whether a supervisor's label is right, by what the
 * supervisor's last hidden states are where it is given; learnt of a few examples whose truth is
 * told. It knows nothing of models and jobs. Inside lab only.
 *
 *     z(x) = sum_h w[h] tanh(W[h] x + b[h]) + b0,   p(x) = 1 / (1 + exp(-z))
 *
 * x is standardised by the rows that are learnt from (regress_standard). Learnt is a local minimum
 * of
 *
 *     F = mean CE(right_i, p(x_i)) + (|W|^2 + |w|^2) / (2 c m)   over the m examples that are told
 *
 * which is scikit-learn's MLPClassifier with one layer of tanh, solver lbfgs and alpha = 1 / c, and
 * in c what its LogisticRegression means by C: m F c = c sum CE + |W|^2 / 2 + |w|^2 / 2. b and b0
 * are free. It starts from numbers drawn as MLPClassifier draws them: all of a layer, its b too,
 * uniform within sqrt(6 / (numbers in + numbers out)). */
#ifndef W2S_LAB_TRUST_H
#define W2S_LAB_TRUST_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

struct trust_settings {
    size_t hidden; /* units */
    double c;
    uint64_t seed; /* of where it starts */
};

struct trust_data {
    size_t n, C;
    const float *x;    /* [n,C] */
    const bool *right; /* [n] */
};

/* trust - what was learnt, of states as they come: undone by trust_release, after an error too. */
struct trust {
    size_t C, hidden;
    double *mean, *scale; /* [C] */
    double *theta;        /* [trust_size] */
    double loss;          /* mean cross-entropy on what it learnt from */
    size_t iterations;
    double operations; /* of the fit: 2 x the multiply-adds of its products */
};

/* trust_fit - the same data and settings give the same bits. Errors: ERR_INPUT where all are right,
 * or none is; ERR_NUMERIC where states are not finite, or no minimum is found; ERR_INTERRUPTED
 * where stop_asked(); ERR_NOMEM.
 * trust_predict - p [n] of rows x [n,C]. */
int trust_fit(struct trust *t, const struct trust_settings *s, const struct trust_data *d,
              struct err *e);
int trust_predict(const struct trust *t, const float *x, size_t n, double *p, struct err *e);
/* trust_operations - of the logits of n examples, counted so; F and its gradient take twice as
 * many. */
double trust_operations(const struct trust *t, size_t n);
void trust_release(struct trust *t);

/* trust_size - how many numbers theta has: W [hidden,C], b [hidden], w [hidden], b0.
 * trust_objective
 * - for tests: F at theta of standardised x [m,C], and its gradient. */
size_t trust_size(size_t C, size_t hidden);
struct trust_problem {
    size_t m, C, hidden;
    const double *x;   /* [m,C] */
    const bool *right; /* [m] */
    double c;
    double *a; /* [hidden] room */
};
double trust_objective(const struct trust_problem *q, const double *theta, double *gradient);

#endif
