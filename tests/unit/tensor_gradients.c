/* tensor_gradients.c - the backward of every operation against central differences of its forward,
 * in f64 on the scalar reference; the optimizer's step against PyTorch's formula, line by line.
 * tensor_ops holds the fast sets to the same reference. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "tensor/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A step at which what the difference cuts off (STEP^2/6 of a third derivative of size 1 to 100)
 * and what f64 loses (1e-16 of the loss over STEP) are both some 1e-9. */
#define STEP 1e-5
/* Relative to the largest value of the gradient, or to 1: a hundred times what STEP leaves. */
#define TOLERANCE 1e-7
/* Sums of a hundred f64 terms in another order. */
#define ROUNDING 1e-13
/* A buffer of more values is checked at so many, drawn. */
#define CHECKED 200

static const struct ops64 *const ref = &ops64_reference;
static const size_t sizes[] = {1, 3, 17, 64};
#define SIZES (sizeof sizes / sizeof *sizes)
static struct rng rng;

static double *normals(size_t n, double spread)
{
    struct err e = ERR_INIT;
    double *x = mem_alloc(n, sizeof *x, &e);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = spread * rng_normal(&rng);
    return x;
}

/* What a loss is differentiated by, and the gradient that a backward gave for it. */
struct variable {
    const char *name;
    size_t n;
    double *x, *dx;
    double *before; /* of a gradient that is added to: what stood there; NULL: dx is written */
};

static struct variable variable_new(const char *name, size_t n, bool added)
{
    struct variable v = {name, n, normals(n, 1), normals(n, 1), NULL};
    if (added) {
        v.before = normals(n, 1);
        memcpy(v.dx, v.before, n * sizeof *v.dx);
    }
    return v;
}

static void variable_free(struct variable *v)
{
    mem_free(v->x);
    mem_free(v->dx);
    mem_free(v->before);
}

/* variable_check - v->dx against the differences of loss(ctx), which reads v->x. */
static void variable_check(struct variable *v, const char *what, double (*loss)(void *), void *ctx)
{
    double most = 1, off = 0;
    for (size_t k = 0; k < v->n && k < CHECKED; k++) {
        size_t i = v->n <= CHECKED ? k : rng_below(&rng, v->n);
        double x = v->x[i], given = v->dx[i] - (v->before ? v->before[i] : 0);
        v->x[i] = x + STEP;
        double above = loss(ctx);
        v->x[i] = x - STEP;
        double slope = (above - loss(ctx)) / (2 * STEP);
        v->x[i] = x;
        most = fmax(most, fabs(slope));
        off = fmax(off, fabs(slope - given));
        if (isnan(given))
            off = HUGE_VAL;
    }
    if (!(off / most <= TOLERANCE))
        fail_msg("%s: d%s is off by %g", what, v->name, off / most);
}

/* dot - the loss of all these tests: the output, weighted by what the backward gets as its
 * gradient. */
static double dot(size_t n, const double *y, const double *dy)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += y[i] * dy[i];
    return s;
}

/* One operation under test: its shape, its variables and its output. */
struct op {
    size_t N, C, K;
    bool ta, tb;
    size_t lda, ldb, ldc;
    enum act act;
    double eps;
    const int32_t *ids;
    struct norm_shape parts;
    struct rope_shape rope;
    struct attn_shape attn;
    struct variable a, b, c;
    size_t n_y;
    double *y, *dy, *mean, *rstd;
};

static void op_output(struct op *o, size_t n)
{
    o->n_y = n;
    o->y = normals(n, 1);
    o->dy = normals(n, 1);
}

static void op_check(struct op *o, const char *what, double (*loss)(void *))
{
    struct variable *all[] = {&o->a, &o->b, &o->c};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->n)
            variable_check(all[i], what, loss, o);
    for (size_t i = 0; i < 3; i++)
        variable_free(all[i]);
    mem_free(o->y);
    mem_free(o->dy);
    mem_free(o->mean);
    mem_free(o->rstd);
}

static double matmul_loss(void *ctx)
{
    struct op *o = ctx;
    ref->matmul(NULL, o->ta, o->tb, o->N, o->C, o->K, o->a.x, o->lda, o->b.x, o->ldb, false, o->y,
                o->ldc);
    return dot(o->n_y, o->y, o->dy);
}

/* The product rule, as the model's backward uses it: both gradients are products, too. */
static void matmul_one(size_t M, size_t N, size_t K, bool ta, bool tb, bool accumulate)
{
    struct op o = {
        .N = M, .C = N, .K = K, .ta = ta, .tb = tb, .lda = ta ? M : K, .ldb = tb ? K : N, .ldc = N};
    o.a = variable_new("a", M * K, accumulate);
    o.b = variable_new("b", K * N, accumulate);
    op_output(&o, M * N);
    if (ta)
        ref->matmul(NULL, tb, true, K, M, N, o.b.x, o.ldb, o.dy, N, accumulate, o.a.dx, o.lda);
    else
        ref->matmul(NULL, false, !tb, M, K, N, o.dy, N, o.b.x, o.ldb, accumulate, o.a.dx, o.lda);
    if (tb)
        ref->matmul(NULL, true, ta, N, K, M, o.dy, N, o.a.x, o.lda, accumulate, o.b.dx, o.ldb);
    else
        ref->matmul(NULL, !ta, false, K, N, M, o.a.x, o.lda, o.dy, N, accumulate, o.b.dx, o.ldb);
    op_check(&o, "matmul", matmul_loss);
}

static void matmul(void **state)
{
    static const size_t shapes[][3] = {{1, 1, 1},  {3, 1, 17},  {17, 3, 1},
                                       {1, 64, 3}, {17, 17, 3}, {3, 17, 64}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int bits = 0; bits < 8; bits++)
            matmul_one(shapes[i][0], shapes[i][1], shapes[i][2], bits & 1, bits & 2, bits & 4);
}

static double bias_loss(void *ctx)
{
    struct op *o = ctx;
    memset(o->y, 0, o->n_y * sizeof *o->y);
    ref->bias_add(NULL, o->N, o->C, o->y, o->ldc, o->a.x);
    return dot(o->n_y, o->y, o->dy);
}

static void bias(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            struct op o = {.N = sizes[i], .C = sizes[j], .ldc = sizes[j] + 2};
            o.a = variable_new("bias", o.C, true);
            op_output(&o, o.N * o.ldc);
            ref->bias_grad(NULL, o.N, o.C, o.dy, o.ldc, o.a.dx);
            op_check(&o, "bias_grad", bias_loss);
        }
}

static double embedding_loss(void *ctx)
{
    struct op *o = ctx;
    memset(o->y, 0, o->n_y * sizeof *o->y);
    ref->embedding_fwd(NULL, o->N, o->C, o->ids, o->a.x, true, o->y);
    double s = dot(o->n_y, o->y, o->dy);
    ref->embedding_fwd(NULL, o->N, o->C, o->ids, o->a.x, false, o->y);
    assert_true(s == dot(o->n_y, o->y, o->dy));
    return s;
}

static void embedding(void **state)
{
    int32_t ids[64];
    (void)state;
    for (size_t i = 0; i < 64; i++)
        ids[i] = (int32_t)(i * i % 7); /* the same row several times, and rows 3, 5, 6 never */
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            struct op o = {.N = sizes[i], .C = sizes[j], .ids = ids};
            o.a = variable_new("table", 7 * o.C, true);
            op_output(&o, o.N * o.C);
            ref->embedding_bwd(NULL, o.N, o.C, ids, o.dy, o.a.dx);
            op_check(&o, "embedding", embedding_loss);
        }
}

static double layernorm_loss(void *ctx)
{
    struct op *o = ctx;
    ref->layernorm_fwd(NULL, o->N, o->C, o->a.x, o->b.x, o->c.x, o->eps, o->y, o->mean, o->rstd);
    return dot(o->n_y, o->y, o->dy);
}

static double rmsnorm_loss(void *ctx)
{
    struct op *o = ctx;
    ref->rmsnorm_fwd(NULL, &o->parts, o->a.x, o->b.x, o->eps, o->y, o->rstd);
    return dot(o->n_y, o->y, o->dy);
}

/* norm_new - eps is large enough for its own part of the gradient to show, and for a row of one
 * value to have a smooth norm. */
static struct op norm_new(size_t N, size_t C, bool accumulate)
{
    struct op o = {.N = N, .C = C, .eps = .1, .mean = normals(N, 1), .rstd = normals(N, 1)};
    o.a = variable_new("x", N * C, accumulate);
    o.b = variable_new("gain", C, true);
    op_output(&o, N * C);
    return o;
}

static void norms(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                struct op o = norm_new(sizes[i], sizes[j], accumulate);
                o.c = variable_new("bias", o.C, true);
                (void)layernorm_loss(&o);
                ref->layernorm_bwd(NULL, o.N, o.C, o.a.x, o.b.x, o.mean, o.rstd, o.dy, accumulate,
                                   o.a.dx, o.b.dx, o.c.dx);
                op_check(&o, "layernorm", layernorm_loss);

                o = norm_new(sizes[i], sizes[j], accumulate);
                o.parts = (struct norm_shape){o.N, 1, o.C, o.C};
                (void)rmsnorm_loss(&o);
                ref->rmsnorm_bwd(NULL, &o.parts, o.a.x, o.b.x, o.rstd, o.dy, accumulate, o.a.dx,
                                 o.b.dx);
                op_check(&o, "rmsnorm", rmsnorm_loss);
            }
}

/* Heads of a row, each normed by itself; what lies between rows is left alone. */
static void norms_of_parts(void **state)
{
    static const size_t shapes[][2] = {{1, 5}, {3, 4}, {2, 17}}; /* H, C */
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                size_t N = sizes[i + 1], H = shapes[j][0], C = shapes[j][1], ld = H * C + 3;
                struct op o = {.N = N, .C = C, .eps = .1, .parts = {N, H, C, ld}};
                o.mean = normals(N, 1), o.rstd = normals(N * H, 1);
                o.a = variable_new("x", N * ld, accumulate);
                o.b = variable_new("gain", C, true);
                op_output(&o, N * ld);
                memset(o.y, 0, o.n_y * sizeof *o.y);
                for (size_t k = 0; k < o.n_y; k++)
                    o.dy[k] = k % ld < H * C ? o.dy[k] : 0;
                if (!accumulate)
                    memset(o.a.dx, 0, o.n_y * sizeof *o.a.dx);
                (void)rmsnorm_loss(&o);
                ref->rmsnorm_bwd(NULL, &o.parts, o.a.x, o.b.x, o.rstd, o.dy, accumulate, o.a.dx,
                                 o.b.dx);
                op_check(&o, "rmsnorm of parts", rmsnorm_loss);
            }
}

static double rope_loss(void *ctx)
{
    struct op *o = ctx;
    memcpy(o->y, o->a.x, o->n_y * sizeof *o->y);
    ref->rope(NULL, &o->rope, false, o->y);
    return dot(o->n_y, o->y, o->dy);
}

/* A rotation's transpose is its inverse: what turns back is the backward. */
static void rope(void **state)
{
    static const size_t shapes[][3] = {
        {1, 2, 2}, {3, 3, 2}, {2, 17, 8}, {1, 64, 64}}; /* H, D, rotary */
    static const double freq[] = {1, .5, .3, .01};
    int32_t pos[64];
    (void)state;
    for (size_t i = 0; i < 64; i++)
        pos[i] = (int32_t)(i % 17 * 3);
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < 4; j++)
            for (int own = 0; own < (shapes[j][2] <= 8 ? 2 : 1); own++) {
                size_t H = shapes[j][0], D = shapes[j][1], ld = H * D + 3;
                struct op o = {
                    .rope = {.N = sizes[i], .H = H, .D = D, .rotary = shapes[j][2], .ld = ld}};
                o.rope.theta = 10000;
                o.rope.pos = pos;
                o.rope.freq = own ? freq : NULL;
                o.a = variable_new("x", sizes[i] * ld, false);
                op_output(&o, sizes[i] * ld);
                memcpy(o.a.dx, o.dy, o.n_y * sizeof *o.dy);
                ref->rope(NULL, &o.rope, true, o.a.dx);
                (void)rope_loss(&o);
                size_t last = (sizes[i] - 1) * ld, half = o.rope.rotary / 2;
                double angle =
                    pos[sizes[i] - 1] * (own ? freq[half - 1] : pow(10000, 1. / (double)half - 1));
                double wanted = o.a.x[last + half - 1] * cos(angle) -
                                o.a.x[last + o.rope.rotary - 1] * sin(angle);
                assert_true(fabs(o.y[last + half - 1] - wanted) < ROUNDING * 10);
                ref->rope(NULL, &o.rope, true, o.y);
                for (size_t k = 0; k < o.n_y; k++)
                    assert_true(fabs(o.y[k] - o.a.x[k]) < ROUNDING * 10);
                op_check(&o, "rope", rope_loss);
            }
}

static double attention_loss(void *ctx)
{
    struct op *o = ctx;
    ref->attention_fwd(NULL, &o->attn, o->a.x, o->b.x, o->c.x, o->y, o->rstd);
    return dot(o->n_y, o->y, o->dy);
}

static void attention_one(const int32_t *nq, const int32_t *nk, size_t S, size_t H, size_t Hkv,
                          size_t D, size_t window)
{
    int32_t qs[6] = {0}, ks[6] = {0};
    for (size_t i = 0; i < S; i++) {
        qs[i + 1] = qs[i] + nq[i];
        ks[i + 1] = ks[i] + nk[i];
    }
    size_t Q = (size_t)qs[S], K = (size_t)ks[S];
    struct op o = {
        .attn = {S, H, Hkv, D, qs, ks, H * D + 1, Hkv * D + 2, Hkv * D + 3, H * D, .7, window}};
    o.a = variable_new("q", Q * o.attn.ldq, false);
    o.b = variable_new("k", K * o.attn.ldk, false);
    o.c = variable_new("v", K * o.attn.ldv, false);
    /* what lies between rows is not the operation's */
    for (size_t i = 0; i < o.a.n; i++)
        o.a.dx[i] = i % o.attn.ldq < H * D ? o.a.dx[i] : 0;
    for (size_t i = 0; i < o.b.n; i++)
        o.b.dx[i] = i % o.attn.ldk < Hkv * D ? o.b.dx[i] : 0;
    for (size_t i = 0; i < o.c.n; i++)
        o.c.dx[i] = i % o.attn.ldv < Hkv * D ? o.c.dx[i] : 0;
    op_output(&o, Q * o.attn.ldy);
    o.rstd = normals(Q * H, 1);
    (void)attention_loss(&o);
    ref->attention_bwd(NULL, &o.attn, o.a.x, o.b.x, o.c.x, o.y, o.rstd, o.dy, o.a.dx, o.b.dx,
                       o.c.dx);
    op_check(&o, "attention", attention_loss);
}

static void attention(void **state)
{
    static const int32_t odd[] = {1, 3, 17, 2}, one[] = {1, 1, 1, 1}, some[] = {1, 2, 5, 1},
                         far[] = {64}, last[] = {3};
    (void)state;
    attention_one(one, one, 1, 1, 1, 1, 0);
    attention_one(odd, odd, 4, 3, 3, 3, 0);
    attention_one(odd, odd, 4, 4, 2, 3, 0); /* grouped heads */
    attention_one(odd, odd, 4, 3, 1, 1, 0);
    attention_one(one, odd, 4, 2, 2, 3, 0); /* the last token alone */
    attention_one(some, odd, 4, 2, 1, 3, 0);
    attention_one(odd, odd, 4, 2, 2, 3, 4); /* a window */
    attention_one(some, odd, 4, 4, 2, 3, 3);
    attention_one(far, far, 1, 1, 1, 3, 0);
    attention_one(last, far, 1, 1, 1, 17, 17);
    attention_one(last, far, 1, 1, 1, 64, 0);
}

static double act_loss(void *ctx)
{
    struct op *o = ctx;
    ref->act_fwd(NULL, o->act, o->n_y, o->a.x, o->y);
    return dot(o->n_y, o->y, o->dy);
}

static double gated_loss(void *ctx)
{
    struct op *o = ctx;
    ref->gated_fwd(NULL, o->act, o->N, o->C, o->a.x, o->y);
    return dot(o->n_y, o->y, o->dy);
}

static void activations(void **state)
{
    (void)state;
    for (int a = ACT_GELU_TANH; a <= ACT_RELU; a++)
        for (size_t i = 0; i < SIZES; i++)
            for (size_t j = 0; j < SIZES; j++) {
                struct op o = {.N = sizes[i], .C = sizes[j], .act = (enum act)a};
                o.a = variable_new("x", o.N * o.C, false);
                op_output(&o, o.N * o.C);
                for (size_t k = 0; k < o.n_y; k++)
                    o.a.x[k] *= 3; /* as far as the activations bend */
                ref->act_bwd(NULL, o.act, o.n_y, o.a.x, o.dy, o.a.dx, o.y);
                op_check(&o, "act", act_loss);

                o = (struct op){.N = sizes[i], .C = sizes[j], .act = (enum act)a};
                o.a = variable_new("gu", 2 * o.N * o.C, false);
                op_output(&o, o.N * o.C);
                ref->gated_bwd(NULL, o.act, o.N, o.C, o.a.x, o.dy, o.a.dx, o.y);
                op_check(&o, "gated", gated_loss);
            }
}

static double gather_loss(void *ctx)
{
    struct op *o = ctx;
    ref->rows_gather(NULL, o->N, o->C, o->ids, o->a.x, o->lda, o->y);
    return dot(o->n_y, o->y, o->dy);
}

static double scatter_loss(void *ctx)
{
    struct op *o = ctx;
    memset(o->y, 0, o->n_y * sizeof *o->y);
    ref->rows_scatter(NULL, o->N, o->C, o->ids, o->a.x, o->y, o->ldc);
    return dot(o->n_y, o->y, o->dy);
}

/* Each is the other's backward. */
static void rows(void **state)
{
    int32_t ids[64];
    (void)state;
    for (size_t i = 0; i < 64; i++)
        ids[i] = (int32_t)(i * 5 % 67); /* distinct */
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            struct op o = {.N = sizes[i], .C = sizes[j], .ids = ids, .lda = sizes[j] + 1};
            o.a = variable_new("x", 67 * o.lda, true);
            op_output(&o, o.N * o.C);
            ref->rows_scatter(NULL, o.N, o.C, ids, o.dy, o.a.dx, o.lda);
            op_check(&o, "rows_gather", gather_loss);

            o = (struct op){.N = sizes[i], .C = sizes[j], .ids = ids, .ldc = sizes[j] + 1};
            o.a = variable_new("x", o.N * o.C, false);
            op_output(&o, 67 * o.ldc);
            ref->rows_gather(NULL, o.N, o.C, ids, o.dy, o.ldc, o.a.dx);
            op_check(&o, "rows_scatter", scatter_loss);
        }
}

/* weight i of the loss is o->dy[i]; the output is the loss of each row */
static double xent_loss(void *ctx)
{
    struct op *o = ctx;
    ref->lm_xent(NULL, o->N, o->C, o->a.x, o->ids, o->dy, o->y, NULL);
    return dot(o->N, o->y, o->dy);
}

static void xent(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            int32_t target[64];
            struct op o = {.N = sizes[i], .C = sizes[j], .ids = target};
            for (size_t k = 0; k < o.N; k++)
                target[k] = k % 3 == 1 ? -1 : (int32_t)(k * 7 % o.C);
            o.a = variable_new("logits", o.N * o.C, false);
            op_output(&o, o.N);
            ref->lm_xent(NULL, o.N, o.C, o.a.x, target, o.dy, o.y, o.a.dx);
            /* without weights each row counts once; dlogits may be logits */
            double *same = normals(o.a.n, 0), *once = normals(o.a.n, 0);
            memcpy(same, o.a.x, o.a.n * sizeof *same);
            ref->lm_xent(NULL, o.N, o.C, o.a.x, target, NULL, o.y, once);
            ref->lm_xent(NULL, o.N, o.C, same, target, NULL, o.y, same);
            assert_memory_equal(same, once, o.a.n * sizeof *same);
            for (size_t k = 0; k < o.a.n; k++)
                assert_true(fabs(once[k] * o.dy[k / o.C] - o.a.dx[k]) <=
                            ROUNDING * (1 + fabs(o.a.dx[k])));
            mem_free(same);
            mem_free(once);
            op_check(&o, "lm_xent", xent_loss);
        }
}

/* torch/optim/adamw.py, _single_tensor_adamw (amsgrad, maximize and capturable off), one parameter.
 */
static void adamw_torch(double *param, double grad, double *exp_avg, double *exp_avg_sq,
                        double step, double lr, double beta1, double beta2, double eps,
                        double weight_decay)
{
    *param *= 1 - lr * weight_decay;
    *exp_avg += (grad - *exp_avg) * (1 - beta1); /* lerp_ */
    *exp_avg_sq *= beta2;
    *exp_avg_sq += (1 - beta2) * grad * grad; /* addcmul_ */
    double bias_correction1 = 1 - pow(beta1, step);
    double bias_correction2 = 1 - pow(beta2, step);
    double step_size = lr / bias_correction1;
    double denom = sqrt(*exp_avg_sq) / sqrt(bias_correction2) + eps;
    *param += -step_size * *exp_avg / denom; /* addcdiv_ */
}

static void adamw(void **state)
{
    (void)state;
    for (size_t j = 0; j < SIZES; j++) {
        size_t n = sizes[j];
        double *w = normals(n, 1), *m = normals(n, 0), *v = normals(n, 0);
        double *tw = normals(n, 1), *tm = normals(n, 0), *tv = normals(n, 0);
        memcpy(tw, w, n * sizeof *w);
        for (uint64_t step = 1; step <= 20; step++) {
            /* eps as large as a gradient: where it is added is seen */
            struct adamw a = {3e-2, .9, .99, .1, .3, step % 2 ? .25 : 1, step};
            double *g = normals(n, 1);
            ref->adamw(NULL, &a, n, w, g, m, v);
            for (size_t i = 0; i < n; i++) {
                adamw_torch(&tw[i], g[i] * a.grad_scale, &tm[i], &tv[i], (double)step, a.lr,
                            a.beta1, a.beta2, a.eps, a.weight_decay);
                assert_true(fabs(w[i] - tw[i]) <= ROUNDING);
                assert_true(fabs(m[i] - tm[i]) <= ROUNDING);
                assert_true(fabs(v[i] - tv[i]) <= ROUNDING);
            }
            mem_free(g);
        }
        double *all[] = {w, m, v, tw, tm, tv};
        for (size_t i = 0; i < 6; i++)
            mem_free(all[i]);
    }
}

static int begin(void **state)
{
    (void)state;
    rng_init(&rng, 11, "tensor_gradients");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matmul),    cmocka_unit_test(bias),           cmocka_unit_test(embedding),
        cmocka_unit_test(norms),     cmocka_unit_test(norms_of_parts), cmocka_unit_test(rope),
        cmocka_unit_test(attention), cmocka_unit_test(activations),    cmocka_unit_test(rows),
        cmocka_unit_test(xent),      cmocka_unit_test(adamw),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
