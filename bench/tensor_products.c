/* tensor_products - the matrix products of one training step of SmolLM2-135M, each with a layer's
 * own weights, so that they come from memory as in training, beside one large product in the same
 * precision.
 *
 *     bench_tensor_products [--bf16] [--rows N] */
#include "step_products.h"

#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 5 };

static float *floats(struct dev *d, struct rng *r, size_t n, struct err *e)
{
    float *x = dev_alloc(d, n, e);
    if (x)
        step_fill(r, n, x);
    return x;
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
    for (size_t i = 0; i < STEP_WEIGHTS; i++) {
        size_t in = step_weights[i].in, out = step_weights[i].out, each = in * out;
        float *x = floats(&d, &r, rows * in, &e), *y = floats(&d, &r, rows * out, &e),
              *w = floats(&d, &r, STEP_LAYERS * each, &e);
        float *g = floats(&d, &r, STEP_LAYERS * each, &e);
        if (!x || !y || !w || !g)
            return 1;
        printf("%-20s", step_weights[i].name);
        for (int kind = 0; kind < STEP_KINDS; kind++) {
            double best = 1e9, all = 2.0 * (double)(rows * each) * STEP_LAYERS;
            for (int k = 0; k < REPEATS; k++) {
                double began = clock_now();
                for (size_t l = 0; l < STEP_LAYERS; l++)
                    step_product(&d, (enum step_kind)kind, rows, in, out, x, y, w + l * each,
                                 g + l * each);
                best = clock_now() - began < best ? clock_now() - began : best;
                step_fill(&r, rows * in, x);
                step_fill(&r, rows * out, y);
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
