/* tensor_products - the matrix products of one training step of SmolLM2-135M, each with a layer's
 * own weights, so that they come from memory as in training, beside one large product in the same
 * precision.
 *
 *     bench_tensor_products [--bf16] [--rows N] */
#include "core/log.h"
#include "core/rng.h"
#include "tensor/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 30, REPEATS = 5 };

static const struct {
    const char *name;
    size_t in, out;
} weights[] = {{"query, key, value", 576, 960},
               {"attention's output", 576, 576},
               {"gate, up", 576, 3072},
               {"down", 1536, 576}};

enum kind { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, KINDS };

static float *floats(struct dev *d, struct rng *r, size_t n, struct err *e)
{
    float *x = dev_alloc(d, n, e);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)(rng_unit(r) - 0.5);
    return x;
}

/* product - layer l's: x [rows,in], y [rows,out], w and g [LAYERS][out,in]. */
static void product(struct dev *d, enum kind kind, size_t rows, size_t in, size_t out, float *x,
                    float *y, float *w, float *g)
{
    if (kind == FORWARD)
        d->ops->matmul(d, false, true, rows, out, in, x, in, w, in, false, y, out);
    else if (kind == INPUT_GRADIENT)
        d->ops->matmul(d, false, false, rows, in, out, y, out, w, in, false, x, in);
    else
        d->ops->matmul(d, true, false, out, in, rows, y, out, x, in, false, g, in);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct dev d;
    struct dev_bounds bounds;
    struct rng r;
    size_t rows = 768;
    bool bf16 = false;
    double flops = 0, seconds = 0;
    char what[128];
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--bf16") == 0)
            bf16 = true;
        else if (strcmp(argv[i], "--rows") == 0 && i + 1 < argc)
            rows = strtoul(argv[++i], NULL, 10);
    rng_init(&r, 1, "products");
    if (dev_open(&d, "cpu", &e) ||
        dev_precision_set(&d, bf16 ? PRECISION_BF16 : PRECISION_F32, &e) ||
        dev_bounds(&d, &bounds, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    dev_describe(&d, what, sizeof what);
    printf("%s; %zu rows; a large product: %.0f GF/s\n%-20s %22s %22s %22s\n", what, rows,
           bounds.product / 1e9, "", "forward", "input gradient", "weight gradient");
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        size_t in = weights[i].in, out = weights[i].out, each = in * out;
        float *x = floats(&d, &r, rows * in, &e), *y = floats(&d, &r, rows * out, &e),
              *w = floats(&d, &r, LAYERS * each, &e);
        float *g = floats(&d, &r, LAYERS * each, &e);
        if (!x || !y || !w || !g)
            return 1;
        printf("%-20s", weights[i].name);
        for (int kind = 0; kind < KINDS; kind++) {
            double best = 1e9, all = 2.0 * (double)(rows * each) * LAYERS;
            for (int k = 0; k < REPEATS; k++) {
                double began = clock_now();
                for (size_t l = 0; l < LAYERS; l++)
                    product(&d, (enum kind)kind, rows, in, out, x, y, w + l * each, g + l * each);
                best = clock_now() - began < best ? clock_now() - began : best;
                /* what the last kind wrote is put back to its size: values that grow would be
                 * slower */
                for (size_t j = 0; j < rows * in; j++)
                    x[j] = (float)(rng_unit(&r) - 0.5);
                for (size_t j = 0; j < rows * out; j++)
                    y[j] = (float)(rng_unit(&r) - 0.5);
            }
            printf("   %8.0f GF/s (%3.0f %%)", all / best / 1e9, 100 * all / best / bounds.product);
            flops += all;
            seconds += best;
        }
        printf("\n");
        dev_free(&d, x), dev_free(&d, y), dev_free(&d, w), dev_free(&d, g);
    }
    printf("all: %.0f GF/s, %.0f %% of a large product; %.0f tokens/s of products\n",
           flops / seconds / 1e9, 100 * flops / seconds / bounds.product, (double)rows / seconds);
    dev_close(&d);
    return 0;
}
