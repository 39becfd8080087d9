/* repair.h - weak labels mended before a student learns them, by what a frozen model makes of the
 * texts. It knows nothing of models and jobs. Inside lab only. */
#ifndef W2S_LAB_REPAIR_H
#define W2S_LAB_REPAIR_H

#include "core/err.h"

#include <stdint.h>

/* repair_standardise - *z [n,C], mem_free: features x less their mean, by their spread
 * (standardise.h); a constant one is 0. ERR_NUMERIC where a feature is not finite. */
int repair_standardise(const float *x, size_t n, size_t C, double **z, struct err *e);

/* repair_neighbours - labels w [n,K] smoothed over the k nearest neighbours:
 *
 *     out[i] = (1 - weight) w[i] + weight * mean of w[j], j the k others most like i
 *
 * Features x [n,C] are standardised (repair_standardise), and texts are as alike as
 * the cosine of theirs; of equals the first. k is at most n - 1: more means all others. out may not
 * be w. Errors: ERR_INPUT where there are no others, ERR_NUMERIC where a feature is not finite,
 * ERR_INTERRUPTED. neighbours_operations - 2 x the multiply-adds of all its products. */
int repair_neighbours(const float *x, const double *w, size_t n, size_t C, size_t K, size_t k,
                      double weight, double *out, struct err *e);
double neighbours_operations(size_t n, size_t C);

/* repair_held_out - p [n,K]: what logistic regression (probe.h, with this c) on the labels w of all
 * other folds says of each example. *operations: 2 x the multiply-adds of its products. ERR_INPUT
 * where a fold would be all there is. */
int repair_held_out(const float *x, const double *w, const size_t *fold, size_t n, size_t C,
                    size_t K, size_t folds, double c, double *p, double *operations, struct err *e);

/* repair_confident - confident learning (Northcutt, Jiang and Chuang 2021), pruning by noise rate:
 * of labels w [n,K], each the class y that it names, and held-out probabilities p [n,K],
 *
 *     t[l]     the mean of p[i][l] over examples that are named l
 *     C[j][l]  of the examples named j those whose most probable class of the ones with p >= t is l
 *     N[j][l]  the number named j times C[j][l] / sum_l C[j][l], to the nearest
 *
 * and for every j and l other than j the N[j][l] examples named j with the largest p[l] - p[j] are
 * not kept; of equals the first. joint (may be NULL): C [K,K]. ERR_INPUT where none is kept. */
int repair_confident(const double *w, const double *p, size_t n, size_t K, bool *keep,
                     size_t *joint, struct err *e);

/* repair_contrast - logit contrast (arXiv 2607.26246): of n examples what a student's model says as
 * it starts, moved by what a supervisor's training changed in its own, start, labels, before and
 * out all [n,K]:
 *
 *     out[i] = softmax(log start[i] + weight (log labels[i] - log before[i]))
 *
 * in which every probability is CONTRAST_LEAST at least. out may be any of them. */
#define CONTRAST_LEAST 1e-6 /* so that no label moves a log by more than 13.8 times weight */
void repair_contrast(const double *start, const double *labels, const double *before, size_t n,
                     size_t K, double weight, double *out);

#endif
