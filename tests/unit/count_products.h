/* count_products.h - a device's table that counts the operations of products on their way. */
#ifndef W2S_TEST_COUNT_PRODUCTS_H
#define W2S_TEST_COUNT_PRODUCTS_H

#include "tensor/ops.h"

static const struct ops *own; /* the device's, under the counting */
static double counted;        /* operations of products */

static void count_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                         const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                         float *c, size_t ldc)
{
    counted += 2 * (double)M * (double)N * (double)K;
    own->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

static void count_matmul_gated(struct dev *d, enum act act, size_t N, size_t C, size_t K,
                               const float *x, const float *w, bool keep, float *gu, float *y)
{
    counted += 4 * (double)N * (double)C * (double)K;
    own->matmul_gated(d, act, N, C, K, x, w, keep, gu, y);
}

/* products_count - from now on, by `counting`, which takes the place of d's table. */
static inline void products_count(struct dev *d, struct ops *counting)
{
    own = d->ops;
    *counting = *own;
    counting->matmul = count_matmul;
    counting->matmul_gated = count_matmul_gated;
    d->ops = counting;
    counted = 0;
}

#endif
