/* profile.c - see profile.h. A table of operations whose rows time those of another.
 *
 * To add an operation: its line in `enum op` and `names`, its wrapper, its row at the end. */
#include "tensor/profile.h"
#include "core/doc.h"
#include "core/log.h"
#include "core/mem.h"

#include <string.h>

enum op {
    OP_FORWARD,
    OP_INPUT_GRADIENT,
    OP_WEIGHT_GRADIENT,
    OP_BIAS,
    OP_EMBEDDING,
    OP_NORM_FWD,
    OP_NORM_BWD,
    OP_ROPE,
    OP_ATTENTION_FWD,
    OP_ATTENTION_BWD,
    OP_ACT_FWD,
    OP_ACT_BWD,
    OP_MOVE,
    OP_ROWS,
    OP_LM_XENT,
    OP_ADAMW,
    OP_SUMSQ,
    OP_COUNT
};

static const char *const names[OP_COUNT] = {
    [OP_FORWARD] = "product, forward",
    [OP_INPUT_GRADIENT] = "product, input gradient",
    [OP_WEIGHT_GRADIENT] = "product, weight gradient",
    [OP_BIAS] = "bias",
    [OP_EMBEDDING] = "embedding",
    [OP_NORM_FWD] = "norm, forward",
    [OP_NORM_BWD] = "norm, backward",
    [OP_ROPE] = "rotary",
    [OP_ATTENTION_FWD] = "attention, forward",
    [OP_ATTENTION_BWD] = "attention, backward",
    [OP_ACT_FWD] = "activation, forward",
    [OP_ACT_BWD] = "activation, backward",
    [OP_MOVE] = "add, copy, fill, scale",
    [OP_ROWS] = "gather, scatter rows",
    [OP_LM_XENT] = "language model's loss",
    [OP_ADAMW] = "AdamW",
    [OP_SUMSQ] = "gradient norm",
};

struct profile {
    struct dev *dev;
    const struct ops *inner;
    struct ops ops; /* the device's while it is profiled */
    double started;
    struct dev_bounds bounds;
    struct entry {
        size_t calls;
        double seconds, flops, bytes;
    } of[OP_COUNT];
};

/* The operations under a wrapper find their device as they left it: only its table is another. */
static const struct ops *inner(const struct dev *d)
{
    return d->profile->inner;
}

static void note(struct dev *d, enum op op, double began, double flops, double floats)
{
    struct entry *e = &d->profile->of[op];
    e->calls++;
    e->seconds += clock_now() - began;
    e->flops += flops;
    e->bytes += floats * sizeof(float);
}

/* timed - run a call of the inner table and note it. */
#define timed(op, flops, floats, call)                                                             \
    do {                                                                                           \
        double began = clock_now();                                                                \
        inner(d)->call;                                                                            \
        note(d, op, began, (double)(flops), (double)(floats));                                     \
    } while (0)

static void t_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a,
                     size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc)
{
    enum op op = ta ? OP_WEIGHT_GRADIENT : tb ? OP_FORWARD : OP_INPUT_GRADIENT;
    timed(op, 2.0 * (double)M * (double)N * (double)K, M * K + K * N + M * N,
          matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc));
}

static void t_bias_add(struct dev *d, size_t N, size_t C, float *y, size_t ldy, const float *b)
{
    timed(OP_BIAS, 0, 2 * N * C, bias_add(d, N, C, y, ldy, b));
}

static void t_bias_grad(struct dev *d, size_t N, size_t C, const float *dy, size_t ldy, float *db)
{
    timed(OP_BIAS, 0, N * C, bias_grad(d, N, C, dy, ldy, db));
}

static void t_embedding_fwd(struct dev *d, size_t N, size_t C, const int32_t *ids,
                            const float *table, bool accumulate, float *y)
{
    timed(OP_EMBEDDING, 0, 2 * N * C, embedding_fwd(d, N, C, ids, table, accumulate, y));
}

static void t_embedding_bwd(struct dev *d, size_t N, size_t C, const int32_t *ids, const float *dy,
                            float *dtable)
{
    timed(OP_EMBEDDING, 0, 3 * N * C, embedding_bwd(d, N, C, ids, dy, dtable));
}

static void t_layernorm_fwd(struct dev *d, size_t N, size_t C, const float *x, const float *gain,
                            const float *bias, double eps, float *y, float *mean, float *rstd)
{
    timed(OP_NORM_FWD, 0, 2 * N * C, layernorm_fwd(d, N, C, x, gain, bias, eps, y, mean, rstd));
}

static void t_layernorm_bwd(struct dev *d, size_t N, size_t C, const float *x, const float *gain,
                            const float *mean, const float *rstd, const float *dy, bool accumulate,
                            float *dx, float *dgain, float *dbias)
{
    timed(OP_NORM_BWD, 0, (accumulate ? 4 : 3) * N * C,
          layernorm_bwd(d, N, C, x, gain, mean, rstd, dy, accumulate, dx, dgain, dbias));
}

static void t_rmsnorm_fwd(struct dev *d, const struct norm_shape *s, const float *x,
                          const float *gain, double eps, float *y, float *rstd)
{
    timed(OP_NORM_FWD, 0, 2 * s->N * s->H * s->C, rmsnorm_fwd(d, s, x, gain, eps, y, rstd));
}

static void t_rmsnorm_bwd(struct dev *d, const struct norm_shape *s, const float *x,
                          const float *gain, const float *rstd, const float *dy, bool accumulate,
                          float *dx, float *dgain)
{
    timed(OP_NORM_BWD, 0, (accumulate ? 4 : 3) * s->N * s->H * s->C,
          rmsnorm_bwd(d, s, x, gain, rstd, dy, accumulate, dx, dgain));
}

static void t_rope(struct dev *d, const struct rope_shape *s, bool inverse, float *x)
{
    timed(OP_ROPE, 0, 2 * s->N * s->H * s->rotary, rope(d, s, inverse, x));
}

/* attention_pairs - of a query and a key it may see, over all sequences and heads. */
static double attention_pairs(const struct attn_shape *s)
{
    double pairs = 0;
    for (size_t i = 0; i < s->S; i++) {
        double nq = s->q_starts[i + 1] - s->q_starts[i], nk = s->kv_starts[i + 1] - s->kv_starts[i];
        pairs += nq * (nk - nq) + nq * (nq + 1) / 2;
    }
    return pairs * (double)s->H;
}

static void t_attention_fwd(struct dev *d, const struct attn_shape *s, const float *q,
                            const float *k, const float *v, float *y, float *lse)
{
    timed(OP_ATTENTION_FWD, 2 * 2 * attention_pairs(s) * (double)s->D, 0,
          attention_fwd(d, s, q, k, v, y, lse));
}

static void t_attention_bwd(struct dev *d, const struct attn_shape *s, const float *q,
                            const float *k, const float *v, const float *y, const float *lse,
                            const float *dy, float *dq, float *dk, float *dv)
{
    timed(OP_ATTENTION_BWD, 2 * 5 * attention_pairs(s) * (double)s->D, 0,
          attention_bwd(d, s, q, k, v, y, lse, dy, dq, dk, dv));
}

static void t_act_fwd(struct dev *d, enum act a, size_t n, const float *x, float *y)
{
    timed(OP_ACT_FWD, 0, 2 * n, act_fwd(d, a, n, x, y));
}

static void t_act_bwd(struct dev *d, enum act a, size_t n, const float *x, const float *dy,
                      float *dx, float *y)
{
    timed(OP_ACT_BWD, 0, 4 * n, act_bwd(d, a, n, x, dy, dx, y));
}

static void t_matmul_gated(struct dev *d, enum act a, size_t N, size_t C, size_t K, const float *x,
                           const float *w, bool keep, float *gu, float *y)
{
    timed(OP_FORWARD, 4.0 * (double)N * (double)C * (double)K, N * K + 2 * C * K + 3 * N * C,
          matmul_gated(d, a, N, C, K, x, w, keep, gu, y));
}

static void t_gated_fwd(struct dev *d, enum act a, size_t N, size_t C, const float *gu, float *y)
{
    timed(OP_ACT_FWD, 0, 3 * N * C, gated_fwd(d, a, N, C, gu, y));
}

static void t_gated_bwd(struct dev *d, enum act a, size_t N, size_t C, const float *gu,
                        const float *dy, float *dgu, float *y)
{
    timed(OP_ACT_BWD, 0, 6 * N * C, gated_bwd(d, a, N, C, gu, dy, dgu, y));
}

static void t_add(struct dev *d, size_t n, const float *x, float *y)
{
    timed(OP_MOVE, 0, 3 * n, add(d, n, x, y));
}

static void t_scale(struct dev *d, size_t n, double a, float *y)
{
    timed(OP_MOVE, 0, 2 * n, scale(d, n, a, y));
}

static void t_fill(struct dev *d, size_t n, double a, float *y)
{
    timed(OP_MOVE, 0, n, fill(d, n, a, y));
}

static void t_copy(struct dev *d, size_t n, const float *x, float *y)
{
    timed(OP_MOVE, 0, 2 * n, copy(d, n, x, y));
}

static void t_rows_gather(struct dev *d, size_t N, size_t C, const int32_t *rows, const float *x,
                          size_t ldx, float *y)
{
    timed(OP_ROWS, 0, 2 * N * C, rows_gather(d, N, C, rows, x, ldx, y));
}

static void t_rows_scatter(struct dev *d, size_t N, size_t C, const int32_t *rows, const float *x,
                           float *y, size_t ldy)
{
    timed(OP_ROWS, 0, 3 * N * C, rows_scatter(d, N, C, rows, x, y, ldy));
}

static void t_lm_xent(struct dev *d, size_t N, size_t V, const float *logits, const int32_t *target,
                      const double *weight, double *loss, float *dlogits)
{
    timed(OP_LM_XENT, 0, (dlogits ? 2 : 1) * N * V,
          lm_xent(d, N, V, logits, target, weight, loss, dlogits));
}

static void t_rows_argmax(struct dev *d, size_t N, size_t V, const float *x, int32_t *at)
{
    timed(OP_LM_XENT, 0, N * V, rows_argmax(d, N, V, x, at));
}

static void t_rows_add_at(struct dev *d, size_t N, size_t V, const int32_t *at, const double *a,
                          float *y)
{
    timed(OP_LM_XENT, 0, 2 * N, rows_add_at(d, N, V, at, a, y));
}

static void t_adamw(struct dev *d, const struct adamw *a, size_t n, float *w, const float *g,
                    float *m, float *v)
{
    timed(OP_ADAMW, 0, 7 * n, adamw(d, a, n, w, g, m, v));
}

static double t_sumsq(struct dev *d, size_t n, const float *x)
{
    double began = clock_now(), sum = inner(d)->sumsq(d, n, x);
    note(d, OP_SUMSQ, began, 0, (double)n);
    return sum;
}

static const struct ops wrappers = {
    .matmul = t_matmul,
    .bias_add = t_bias_add,
    .bias_grad = t_bias_grad,
    .embedding_fwd = t_embedding_fwd,
    .embedding_bwd = t_embedding_bwd,
    .layernorm_fwd = t_layernorm_fwd,
    .layernorm_bwd = t_layernorm_bwd,
    .rmsnorm_fwd = t_rmsnorm_fwd,
    .rmsnorm_bwd = t_rmsnorm_bwd,
    .rope = t_rope,
    .attention_fwd = t_attention_fwd,
    .attention_bwd = t_attention_bwd,
    .act_fwd = t_act_fwd,
    .act_bwd = t_act_bwd,
    .matmul_gated = t_matmul_gated,
    .gated_fwd = t_gated_fwd,
    .gated_bwd = t_gated_bwd,
    .add = t_add,
    .scale = t_scale,
    .fill = t_fill,
    .copy = t_copy,
    .rows_gather = t_rows_gather,
    .rows_scatter = t_rows_scatter,
    .lm_xent = t_lm_xent,
    .rows_argmax = t_rows_argmax,
    .rows_add_at = t_rows_add_at,
    .adamw = t_adamw,
    .sumsq = t_sumsq,
};

#define BOUND_SIDE 2048 /* of the square matrices whose product is the bound */

int dev_bounds(struct dev *d, struct dev_bounds *b, struct err *e)
{
    enum { SIDE = BOUND_SIDE, REPEATS = 5 };
    size_t n = (size_t)SIDE * SIDE;
    *b = (struct dev_bounds){0, 0};
    float *x = dev_alloc(d, 4 * n, e), *y = x ? dev_alloc(d, 4 * n, e) : NULL;
    for (int i = 0; y && i < REPEATS; i++) {
        double began = clock_now(), product, memory;
        d->ops->matmul(d, false, true, SIDE, SIDE, SIDE, x, SIDE, x + n, SIDE, false, y, SIDE);
        dev_sync(d);
        product = 2.0 * (double)n * SIDE / (clock_now() - began);
        began = clock_now();
        d->ops->add(d, 4 * n, x, y);
        dev_sync(d);
        memory = 3.0 * 4 * (double)(n * sizeof *x) / (clock_now() - began);
        b->product = product > b->product ? product : b->product;
        b->memory = memory > b->memory ? memory : b->memory;
    }
    dev_free(d, x);
    dev_free(d, y);
    return y ? OK : e->code;
}

int profile_start(struct profile **out, struct dev *d, struct err *e)
{
    struct profile *p = mem_zalloc(1, sizeof *p, e);
    *out = NULL;
    BUG_ON(d->profile);
    if (!p)
        return e->code;
    int rc = dev_bounds(d, &p->bounds, e);
    if (rc) {
        mem_free(p);
        return rc;
    }
    p->dev = d;
    p->inner = d->ops;
    p->started = clock_now();
    d->profile = p;
    d->ops = &wrappers;
    *out = p;
    return OK;
}

void profile_stop(struct profile *p)
{
    if (!p)
        return;
    p->dev->ops = p->inner;
    p->dev->profile = NULL;
    mem_free(p);
}

/* What a line says of an operation: arithmetic where it has any, else bytes, in a second and as a
 * share of what the machine does. */
struct reading {
    bool product;
    double rate, bound;
};

static struct reading entry_read(const struct profile *p, const struct entry *o)
{
    bool product = o->flops > 0;
    double rate = (product ? o->flops : o->bytes) / o->seconds;
    return (struct reading){product, rate, rate / (product ? p->bounds.product : p->bounds.memory)};
}

static const char *precision_word(const struct profile *p)
{
    return dev_precision(p->dev) == PRECISION_BF16 ? "bf16" : "f32";
}

void profile_print(const struct profile *p, struct str *out)
{
    double all = clock_now() - p->started, inside = 0;
    str_addf(out, "%-26s %9s %9s %6s %9s %6s\n", "operation", "calls", "seconds", "share", "rate",
             "bound");
    for (int i = 0; i < OP_COUNT; i++) {
        const struct entry *o = &p->of[i];
        struct reading r = entry_read(p, o);
        if (!o->calls)
            continue;
        inside += o->seconds;
        str_addf(out, "%-26s %9zu %9.2f %5.1f%% %6.1f %s %5.0f%%\n", names[i], o->calls, o->seconds,
                 100 * o->seconds / all, r.rate / 1e9, r.product ? "GF" : "GB", 100 * r.bound);
    }
    str_addf(out, "%-26s %9s %9.2f %5.1f%%\n", "rest", "", all - inside,
             100 * (all - inside) / all);
    str_addf(out,
             "bound: of products and attention the share of %.0f GF/s, a product of two %d x %d "
             "matrices in %s%s;\n       of all else the share of %.1f GB/s of memory, read and "
             "written\n",
             p->bounds.product / 1e9, BOUND_SIDE, BOUND_SIDE, precision_word(p),
             dev_precision(p->dev) == PRECISION_BF16
                 ? " (attention and products with a short side are made in f32)"
                 : "",
             p->bounds.memory / 1e9);
}

void profile_json(const struct profile *p, struct str *out)
{
    double all = clock_now() - p->started;
    struct str text = STR_INIT;
    struct js w;
    profile_print(p, &text);
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "event"), js_str(&w, "profile");
    js_key(&w, "seconds"), js_real(&w, all);
    js_key(&w, "precision"), js_str(&w, precision_word(p));
    js_key(&w, "product_bound"), js_real(&w, p->bounds.product);
    js_key(&w, "memory_bound"), js_real(&w, p->bounds.memory);
    js_key(&w, "operations"), js_open(&w, '[');
    for (int i = 0; i < OP_COUNT; i++) {
        const struct entry *o = &p->of[i];
        struct reading r = entry_read(p, o);
        if (!o->calls)
            continue;
        js_open(&w, '{');
        js_key(&w, "operation"), js_str(&w, names[i]);
        js_key(&w, "calls"), js_int(&w, (int64_t)o->calls);
        js_key(&w, "seconds"), js_real(&w, o->seconds);
        js_key(&w, "rate"), js_real(&w, r.rate);
        js_key(&w, "unit"), js_str(&w, r.product ? "operations" : "bytes");
        js_key(&w, "bound"), js_real(&w, r.bound);
        js_close(&w, '}');
    }
    js_close(&w, ']');
    js_key(&w, "text"), js_str(&w, text.s);
    js_close(&w, '}');
    str_addc(out, '\n');
    out->failed = out->failed || text.failed;
    str_release(&text);
}
