/* tensor_library_bf16 - the products of a training step in bf16 by our kernel and by oneDNN's, in
 * turns, each layer with its own weights. The tensors of a pass are f32; oneDNN multiplies bf16.
 *
 *     bench_tensor_library_bf16 [--rows N]
 *
 * ours:     f32 in, f32 out, rounding and packing inside
 * alone:    oneDNN with activations in bf16 already and weights in the layout it likes best
 * with:     the same, and what it takes to come there: activations rounded for every product,
 * weights rounded and laid out for every product (they change with every step)
 *
 * It makes its products by oneDNN's own calls, because the program has none in bf16. */
#include "bench.h"
#include "step_products.h"

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2
int main(void)
{
    fprintf(stderr, "bench_tensor_library_bf16 is written for oneDNN 2\n");
    return 1;
}
#else

enum { TURNS = 5 };

#define OK(call)                                                                                   \
    do {                                                                                           \
        dnnl_status_t ok_ = (call);                                                                \
        if (ok_ != dnnl_success) {                                                                 \
            fprintf(stderr, "oneDNN: %s: status %d\n", #call, (int)ok_);                           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static dnnl_engine_t engine;
static dnnl_stream_t stream;

/* One operand: f32 as the pass has it, and bf16 as the product wants it. */
struct operand {
    dnnl_memory_t f32, bf16;
    dnnl_primitive_t round; /* f32 -> bf16 */
};

static dnnl_memory_desc_t matrix(size_t rows, size_t columns, bool transposed,
                                 dnnl_data_type_t type)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    dnnl_dims_t strides = {transposed ? 1 : (dnnl_dim_t)columns, transposed ? (dnnl_dim_t)rows : 1};
    OK(dnnl_memory_desc_init_by_strides(&md, 2, dims, type, strides));
    return md;
}

static void operand_open(struct operand *o, const dnnl_memory_desc_t *f32,
                         const dnnl_memory_desc_t *bf16, float *x)
{
    dnnl_primitive_desc_t pd;
    OK(dnnl_memory_create(&o->f32, f32, engine, x));
    OK(dnnl_memory_create(&o->bf16, bf16, engine, DNNL_MEMORY_ALLOCATE));
    OK(dnnl_reorder_primitive_desc_create(&pd, f32, engine, bf16, engine, NULL));
    OK(dnnl_primitive_create(&o->round, pd));
    OK(dnnl_primitive_desc_destroy(pd));
}

static void operand_close(struct operand *o)
{
    OK(dnnl_primitive_destroy(o->round));
    OK(dnnl_memory_destroy(o->f32));
    OK(dnnl_memory_destroy(o->bf16));
}

static void operand_round(struct operand *o)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, o->f32}, {DNNL_ARG_TO, o->bf16}};
    OK(dnnl_primitive_execute(o->round, stream, 2, args));
}

/* A product of every layer: c = a b, a and c shared or a layer's own as step_product's are. */
struct library {
    dnnl_primitive_t product;
    struct operand a[STEP_LAYERS], b[STEP_LAYERS];
    dnnl_memory_t c[STEP_LAYERS];
    size_t as, bs;
};

static void library_open(struct library *l, enum step_kind kind, size_t rows, size_t in, size_t out,
                         float *x, float *y, float *w, float *g)
{
    bool forward = kind == STEP_FORWARD, weights = kind == STEP_WEIGHT_GRADIENT;
    size_t m = weights ? out : rows, n = forward ? out : in;
    size_t k = forward ? in : weights ? rows : out;
    float *a = forward ? x : y, *b = weights ? x : w, *c = forward ? y : weights ? g : x;
    dnnl_memory_desc_t a32 = matrix(m, k, weights, dnnl_f32), b32 = matrix(k, n, forward, dnnl_f32),
                       a16 = matrix(m, k, weights, dnnl_bf16), b16,
                       c32 = matrix(m, n, false, dnnl_f32);
    const dnnl_dims_t dims = {(dnnl_dim_t)k, (dnnl_dim_t)n};
    dnnl_matmul_desc_t md;
    dnnl_primitive_desc_t pd;
    OK(dnnl_memory_desc_init_by_tag(&b16, 2, dims, dnnl_bf16, dnnl_format_tag_any));
    OK(dnnl_matmul_desc_init(&md, &a16, &b16, NULL, &c32));
    OK(dnnl_primitive_desc_create(&pd, &md, NULL, engine, NULL));
    b16 = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    OK(dnnl_primitive_create(&l->product, pd));
    OK(dnnl_primitive_desc_destroy(pd));
    l->as = 1, l->bs = weights ? 1 : STEP_LAYERS;
    operand_open(&l->a[0], &a32, &a16, a);
    for (size_t i = 0; i < l->bs; i++)
        operand_open(&l->b[i], &b32, &b16, b + i * in * out);
    for (size_t i = 0; i < STEP_LAYERS; i++)
        OK(dnnl_memory_create(&l->c[i], &c32, engine, weights ? c + i * in * out : c));
}

static void library_close(struct library *l)
{
    OK(dnnl_primitive_destroy(l->product));
    for (size_t i = 0; i < l->as; i++)
        operand_close(&l->a[i]);
    for (size_t i = 0; i < l->bs; i++)
        operand_close(&l->b[i]);
    for (size_t i = 0; i < STEP_LAYERS; i++)
        OK(dnnl_memory_destroy(l->c[i]));
}

static void library_round(struct library *l, size_t layer)
{
    operand_round(&l->a[layer % l->as]);
    operand_round(&l->b[layer % l->bs]);
}

static void library_run(struct library *l, size_t layer)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, l->a[layer % l->as].bf16},
                                    {DNNL_ARG_WEIGHTS, l->b[layer % l->bs].bf16},
                                    {DNNL_ARG_DST, l->c[layer]}};
    OK(dnnl_primitive_execute(l->product, stream, 3, args));
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

int main(int argc, char **argv)
{
    struct bench_option o[] = {{"--rows", "768", false, false}, {0}};
    struct err e = ERR_INIT;
    struct dev d;
    struct rng r;
    double total[3] = {0}, operations = 0;
    char what[128];
    if (!bench_options(o, argc, argv))
        return 2;
    size_t rows = bench_count(&o[0]);
    rng_init(&r, 1, "products");
    if (dev_open(&d, "cpu", &e) || dev_precision_set(&d, PRECISION_BF16, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    OK(dnnl_engine_create(&engine, dnnl_cpu, 0));
    OK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    dev_describe(&d, what, sizeof what);
    printf("%s; %zu rows; GF/s, best of %d turns\n%-20s %-16s %8s %8s %8s\n", what, rows, TURNS, "",
           "", "ours", "alone", "with");
    for (size_t i = 0; i < STEP_WEIGHTS; i++) {
        size_t in = step_weights[i].in, out = step_weights[i].out, each = in * out;
        float *x = dev_alloc(&d, rows * in, &e), *y = dev_alloc(&d, rows * out, &e),
              *w = dev_alloc(&d, STEP_LAYERS * each, &e),
              *g = dev_alloc(&d, STEP_LAYERS * each, &e);
        if (!x || !y || !w || !g)
            return 1;
        step_fill(&r, STEP_LAYERS * each, w);
        step_fill(&r, STEP_LAYERS * each, g);
        for (int kind = 0; kind < STEP_KINDS; kind++) {
            static const char *const names[] = {"forward", "input gradient", "weight gradient"};
            double best[3] = {1e9, 1e9, 1e9}, all = 2.0 * (double)(rows * each) * STEP_LAYERS;
            struct library lib;
            library_open(&lib, (enum step_kind)kind, rows, in, out, x, y, w, g);
            for (int turn = 0; turn < TURNS; turn++)
                for (int who = 0; who < 3; who++) {
                    step_fill(&r, rows * in, x);
                    step_fill(&r, rows * out, y);
                    for (size_t l = 0; l < STEP_LAYERS; l++)
                        library_round(&lib, l);
                    double began = clock_now();
                    for (size_t l = 0; l < STEP_LAYERS; l++)
                        if (who == 0)
                            step_product(&d, (enum step_kind)kind, rows, in, out, x, y,
                                         w + l * each, g + l * each);
                        else {
                            if (who == 2)
                                library_round(&lib, l);
                            library_run(&lib, l);
                        }
                    best[who] = least(best[who], clock_now() - began);
                }
            printf("%-20s %-16s", kind ? "" : step_weights[i].name, names[kind]);
            for (int who = 0; who < 3; who++) {
                printf(" %8.0f", all / best[who] / 1e9);
                total[who] += best[who];
            }
            printf("\n");
            operations += all;
            library_close(&lib);
        }
        dev_free(&d, x), dev_free(&d, y), dev_free(&d, w), dev_free(&d, g);
    }
    printf("%-20s %-16s", "all", "");
    for (int who = 0; who < 3; who++)
        printf(" %8.0f", operations / total[who] / 1e9);
    printf("\n");
    OK(dnnl_stream_destroy(stream));
    OK(dnnl_engine_destroy(engine));
    dev_close(&d);
    return 0;
}
#endif
