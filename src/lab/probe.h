/* probe.h - logistic regression on features: what a frozen model's last tokens know of a task,
 * learnt by L-BFGS in f64. It knows nothing of models and jobs. Inside lab only.
 *
 *     classes  two: z = w x + b is the second one's logit, the first one's is 0; more: one w and
 * one b for each choices  (per > 1) texts of one example: w x of each, softmax over them; of two
 * that is logistic regression on the difference of their features. No b, as it cancels.
 *
 * x is standardised by the rows that are learnt from: mean 0, standard deviation 1 (biased; a
 * feature that is constant stays 0). Labels may be soft: CE(y, p) = -sum_k y[k] log p[k]. Learnt is
 *
 *     argmin  |w|^2 / 2 + c sum_i CE(y_i, p_i)
 *
 * which is scikit-learn's LogisticRegression with C = c. Of several c the one is taken that has the
 * lowest cross-entropy on held-out questions, the smallest of equals: question q, counted in the
 * order in which they come, is held out in fold q modulo `folds`. */
#ifndef W2S_LAB_PROBE_H
#define W2S_LAB_PROBE_H

#include "core/err.h"

#include <stdint.h>

#define PROBE_GRID 16

struct probe_settings {
    double c[PROBE_GRID]; /* rising; as many as n */
    size_t n;
    size_t folds; /* unused where n is 1 */
};
void probe_settings_init(struct probe_settings *s); /* the defaults, all of them */

struct probe_data {
    size_t n, per, C, K;      /* K: classes, or per */
    const float *x;           /* [n*per, C], rows ld apart */
    size_t ld;                /* in floats */
    const double *y;          /* [n,K] */
    const uint64_t *question; /* [n] */
};

/* probe - what was learnt, of features as they come: undone by probe_release, after an error too.
 */
struct probe {
    size_t C, K, per, outputs;   /* outputs: vectors w */
    double *mean, *scale;        /* [C] standardised x = (x - mean) * scale */
    double *w, *b;               /* [outputs, C], [outputs] */
    double c;                    /* that was taken */
    double held_out[PROBE_GRID]; /* cross-entropy of each c; NAN where there is one alone */
    double loss;                 /* mean cross-entropy on what it learnt from */
    size_t iterations;           /* of the last fit */
    double operations;           /* of all fits: 2 x the multiply-adds of their products */
};

/* probe_fit - the same data and settings give the same bits. Errors: ERR_INPUT where several c are
 * to be told apart by fewer than two questions, or features are not finite; ERR_NUMERIC where no
 * minimum is found; ERR_INTERRUPTED where stop_asked(); ERR_NOMEM.
 * probe_predict - probs [n,K], and logits [n,K] where they are not NULL. */
int probe_fit(struct probe *p, const struct probe_settings *s, const struct probe_data *d,
              struct err *e);
int probe_predict(const struct probe *p, const float *x, size_t ld, size_t n, double *probs,
                  double *logits, struct err *e);
/* probe_operations - of the logits of n examples, counted so; F and its gradient take twice as
 * many. */
double probe_operations(const struct probe *p, size_t n);
void probe_release(struct probe *p);

/* probe_folds - fold [n] of each example, so that those of one question are in one: question q,
 * counted in the order in which they come, is in fold q modulo `folds`. *questions: how many there
 * are. */
int probe_folds(const uint64_t *question, size_t n, size_t folds, size_t *fold, size_t *questions,
                struct err *e);

/* probe_objective - for tests: of examples rows[0..m) of standardised x [n*per,C] at theta
 * [outputs*C + outputs] (vectors, then b, which choices have not),
 *
 *     F = mean CE + |w|^2 / (2 c m)
 *
 * and its gradient. */
struct probe_problem {
    size_t per, C, K, outputs;
    const double *x, *y;
    const size_t *rows;
    size_t m;
    double c;
    double *p; /* [K] room */
};
double probe_objective(const struct probe_problem *q, const double *theta, double *gradient);

#endif
