/* step_products.h - the matrix products of one training step of SmolLM2-135M. */
#ifndef W2S_BENCH_STEP_PRODUCTS_H
#define W2S_BENCH_STEP_PRODUCTS_H

#include "core/rng.h"
#include "tensor/ops.h"

enum { STEP_LAYERS = 30 };

static const struct step_weights {
    const char *name;
    size_t in, out;
} step_weights[] = {{"query, key, value", 576, 960},
                    {"attention's output", 576, 576},
                    {"gate, up", 576, 3072},
                    {"down", 1536, 576}};
enum { STEP_WEIGHTS = sizeof step_weights / sizeof *step_weights };

enum step_kind { STEP_FORWARD, STEP_INPUT_GRADIENT, STEP_WEIGHT_GRADIENT, STEP_KINDS };

/* step_product - x [rows,in], y [rows,out], w and g [out,in]: y = x w^T; x = y w; g = y^T x. */
static inline void step_product(struct dev *d, enum step_kind kind, size_t rows, size_t in,
                                size_t out, float *x, float *y, float *w, float *g)
{
    if (kind == STEP_FORWARD)
        d->ops->matmul(d, false, true, rows, out, in, x, in, w, in, false, y, out);
    else if (kind == STEP_INPUT_GRADIENT)
        d->ops->matmul(d, false, false, rows, in, out, y, out, w, in, false, x, in);
    else
        d->ops->matmul(d, true, false, out, in, rows, y, out, x, in, false, g, in);
}

/* step_fill - numbers in [-1/2, 1/2), those that a product wrote put back to their size: values
 * that grow would be slower. */
static inline void step_fill(struct rng *r, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_unit(r) - 0.5);
}

#endif
