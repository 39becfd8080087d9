/* tensor_ops.c - every operation on odd shapes: the fast sets (each instruction set, each product
 * library) against the f64 reference, twice for the same bits, with one thread and three. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/par.h"
#include "core/rng.h"
#include "tensor/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* f32 rounding of sums of some hundred terms of size 1, in any order, and of exp (2 ulp): relative
 * to the largest value. */
#define TOLERANCE 1e-5

static struct rng rng;

/* A buffer in f32 with its f64 twin. */
struct buf {
    size_t n;
    float *f;
    double *d;
};

static struct buf buf_new(size_t n, double spread)
{
    struct err e = ERR_INIT;
    struct buf b = {n, mem_alloc(n, sizeof *b.f, &e), mem_alloc(n, sizeof *b.d, &e)};
    for (size_t i = 0; i < n; i++) {
        b.f[i] = (float)(spread * rng_normal(&rng));
        b.d[i] = (double)b.f[i];
    }
    return b;
}

static void buf_free(struct buf *b)
{
    mem_free(b->f);
    mem_free(b->d);
}

static void buf_like(struct buf *b, const float *f)
{
    memcpy(b->f, f, b->n * sizeof *f);
}

static const char *where;

static void buf_close(const struct buf *b, const char *what)
{
    double most = 1e-30, off = 0;
    for (size_t i = 0; i < b->n; i++) {
        most = fmax(most, fabs(b->d[i]));
        off = fmax(off, fabs(b->d[i] - (double)b->f[i]));
    }
    if (!(off / most <= TOLERANCE))
        fail_msg("%s: %s is off by %g", where, what, off / most);
}

static const size_t sizes[] = {1, 3, 17, 64, 100};
#define SIZES (sizeof sizes / sizeof *sizes)
static const struct ops64 *const ref = &ops64_reference;

static void matmul(struct dev *d, size_t M, size_t N, size_t K, bool ta, bool tb, bool accumulate)
{
    size_t lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2;
    struct buf a = buf_new((ta ? K : M) * lda, 1), b = buf_new((tb ? N : K) * ldb, 1),
               c = buf_new(M * ldc, 1);
    d->ops->matmul(d, ta, tb, M, N, K, a.f, lda, b.f, ldb, accumulate, c.f, ldc);
    ref->matmul(NULL, ta, tb, M, N, K, a.d, lda, b.d, ldb, accumulate, c.d, ldc);
    buf_close(&c, "matmul");
    buf_free(&a), buf_free(&b), buf_free(&c);
}

static void test_matmul(struct dev *d)
{
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++)
            for (size_t k = 0; k < SIZES; k++)
                for (int bits = 0; bits < 8; bits++)
                    matmul(d, sizes[i], sizes[j], sizes[k], bits & 1, bits & 2, bits & 4);
}

/* Sums of nothing: zeros are written, or nothing is added. */
static void test_matmul_empty(struct dev *d)
{
    for (int bits = 0; bits < 8; bits++)
        matmul(d, 17, 64, 0, bits & 1, bits & 2, bits & 4);
}

static void test_norms(struct dev *d)
{
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            size_t N = sizes[i] * 7, C = sizes[j];
            struct buf x = buf_new(N * C, 1), g = buf_new(C, 1), b = buf_new(C, 1),
                       y = buf_new(N * C, 1), m = buf_new(N, 1);
            struct buf r = buf_new(4 * N, 1), dy = buf_new(N * C, 1), dx = buf_new(N * C, 1),
                       dg = buf_new(C, 1), db = buf_new(C, 1);
            /* a row of one value has no variance: eps keeps both finite, but f32 cannot tell the
             * mean from the value */
            if (C > 1) {
                d->ops->layernorm_fwd(d, N, C, x.f, g.f, b.f, 1e-2, y.f, m.f, r.f);
                ref->layernorm_fwd(NULL, N, C, x.d, g.d, b.d, 1e-2, y.d, m.d, r.d);
                buf_close(&y, "layernorm y"), buf_close(&r, "layernorm rstd");
                d->ops->layernorm_bwd(d, N, C, x.f, g.f, m.f, r.f, dy.f, true, dx.f, dg.f, db.f);
                ref->layernorm_bwd(NULL, N, C, x.d, g.d, m.d, r.d, dy.d, true, dx.d, dg.d, db.d);
                buf_close(&dx, "layernorm dx"), buf_close(&dg, "layernorm dgain"),
                    buf_close(&db, "layernorm dbias");
            }
            /* of a part of one value eps is all that dx does not cancel by */
            size_t H = C % 4 ? 1 : 4;
            struct norm_shape ns = {N, H, C / H, C};
            d->ops->rmsnorm_fwd(d, &ns, x.f, g.f, .1, y.f, r.f);
            ref->rmsnorm_fwd(NULL, &ns, x.d, g.d, .1, y.d, r.d);
            buf_close(&y, "rmsnorm y"), buf_close(&r, "rmsnorm rstd");
            d->ops->rmsnorm_bwd(d, &ns, x.f, g.f, r.f, dy.f, false, dx.f, dg.f);
            ref->rmsnorm_bwd(NULL, &ns, x.d, g.d, r.d, dy.d, false, dx.d, dg.d);
            buf_close(&dx, "rmsnorm dx"), buf_close(&dg, "rmsnorm dgain");
            /* in place, frozen */
            memcpy(dx.f, dy.f, N * C * sizeof *dx.f), memcpy(dx.d, dy.d, N * C * sizeof *dx.d);
            d->ops->rmsnorm_bwd(d, &ns, x.f, g.f, r.f, dx.f, false, dx.f, NULL);
            ref->rmsnorm_bwd(NULL, &ns, x.d, g.d, r.d, dy.d, false, dx.d, NULL);
            buf_close(&dx, "rmsnorm dx in place");
            struct buf *all[] = {&x, &g, &b, &y, &m, &r, &dy, &dx, &dg, &db};
            for (size_t k = 0; k < 10; k++)
                buf_free(all[k]);
        }
}

static void attention(struct dev *d, const int32_t *nq, const int32_t *nk, size_t S, size_t H,
                      size_t Hkv, size_t D, size_t window)
{
    int32_t qs[9] = {0}, ks[9] = {0};
    for (size_t i = 0; i < S; i++) {
        qs[i + 1] = qs[i] + nq[i];
        ks[i + 1] = ks[i] + nk[i];
    }
    struct attn_shape s = {
        S,     H, Hkv, D, qs, ks, H * D + 5, Hkv * D + 2, Hkv * D + 3, H * D, 1 / sqrt((double)D),
        window};
    /* q and dq have one ld, k and dk, v and dv */
    size_t NQ = (size_t)qs[S], NK = (size_t)ks[S];
    struct buf q = buf_new(NQ * s.ldq, 1), k = buf_new(NK * s.ldk, 1), v = buf_new(NK * s.ldv, 1),
               y = buf_new(NQ * s.ldy, 1);
    struct buf l = buf_new(NQ * H, 1), dy = buf_new(NQ * s.ldy, 1), dq = buf_new(q.n, 1),
               dk = buf_new(k.n, 1), dv = buf_new(v.n, 1);
    d->ops->attention_fwd(d, &s, q.f, k.f, v.f, y.f, l.f);
    ref->attention_fwd(NULL, &s, q.d, k.d, v.d, y.d, l.d);
    buf_close(&y, "attention y"), buf_close(&l, "attention lse");
    d->ops->attention_bwd(d, &s, q.f, k.f, v.f, y.f, l.f, dy.f, dq.f, dk.f, dv.f);
    ref->attention_bwd(NULL, &s, q.d, k.d, v.d, y.d, l.d, dy.d, dq.d, dk.d, dv.d);
    buf_close(&dq, "attention dq"), buf_close(&dk, "attention dk"), buf_close(&dv, "attention dv");
    struct buf *all[] = {&q, &k, &v, &y, &l, &dy, &dq, &dk, &dv};
    for (size_t i = 0; i < 9; i++)
        buf_free(all[i]);
}

static void test_attention(struct dev *d)
{
    const int32_t odd[] = {1, 3, 17, 64, 2}, one[] = {1, 1, 1, 1, 1}, some[] = {1, 2, 5, 64, 1},
                  far[] = {600}, last[] = {7}, mid[] = {200};
    attention(d, odd, odd, 5, 3, 1, 16, 0);
    attention(d, odd, odd, 5, 4, 2, 17, 0);
    attention(d, one, odd, 5, 4, 4, 64, 0);
    attention(d, some, odd, 5, 2, 1, 8, 0);
    attention(d, odd, odd, 5, 2, 2, 8, 4);
    attention(d, far, far, 1, 2, 1, 16, 0); /* more than one block of keys */
    attention(d, last, far, 1, 2, 1, 16, 300);
    attention(d, far, far, 1, 1, 1, 16, 40); /* a window that leaves whole blocks behind */
    attention(d, mid, mid, 1, 2, 1, 128, 0); /* shorter blocks of keys */
    attention(d, odd, odd, 5, 10, 1, 16, 0); /* more heads to a key than are kept at a time */
}

static void test_rest(struct dev *d)
{
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            size_t N = sizes[i], C = sizes[j], n = N * C;
            struct buf x = buf_new(n, 2), y = buf_new(n, 2), t = buf_new(50 * C, 1),
                       b = buf_new(C, 1), gu = buf_new(2 * n, 2), dgu = buf_new(2 * n, 1);
            struct buf dx = buf_new(n, 1);
            int32_t ids[128];
            for (size_t k = 0; k < N; k++)
                ids[k] = (int32_t)rng_below(&rng, 50);
            d->ops->bias_add(d, N, C, y.f, C, b.f), ref->bias_add(NULL, N, C, y.d, C, b.d);
            d->ops->bias_grad(d, N, C, y.f, C, b.f), ref->bias_grad(NULL, N, C, y.d, C, b.d);
            buf_close(&y, "bias_add"), buf_close(&b, "bias_grad");
            d->ops->embedding_fwd(d, N, C, ids, t.f, true, y.f),
                ref->embedding_fwd(NULL, N, C, ids, t.d, true, y.d);
            d->ops->embedding_bwd(d, N, C, ids, x.f, t.f),
                ref->embedding_bwd(NULL, N, C, ids, x.d, t.d);
            buf_close(&y, "embedding_fwd"), buf_close(&t, "embedding_bwd");
            for (int a = ACT_GELU_TANH; a <= ACT_RELU; a++) {
                d->ops->act_fwd(d, (enum act)a, n, x.f, y.f),
                    ref->act_fwd(NULL, (enum act)a, n, x.d, y.d);
                buf_close(&y, "act_fwd");
                d->ops->act_bwd(d, (enum act)a, n, x.f, y.f, dx.f, y.f),
                    ref->act_bwd(NULL, (enum act)a, n, x.d, y.d, dx.d, y.d);
                buf_close(&dx, "act_bwd dx"), buf_close(&y, "act_bwd y");
                d->ops->gated_fwd(d, (enum act)a, N, C, gu.f, y.f),
                    ref->gated_fwd(NULL, (enum act)a, N, C, gu.d, y.d);
                buf_close(&y, "gated_fwd");
                d->ops->gated_bwd(d, (enum act)a, N, C, gu.f, x.f, dgu.f, dx.f),
                    ref->gated_bwd(NULL, (enum act)a, N, C, gu.d, x.d, dgu.d, dx.d);
                buf_close(&dgu, "gated_bwd"), buf_close(&dx, "gated_bwd y");
            }
            int32_t pos[128];
            for (size_t k = 0; k < N; k++)
                pos[k] = (int32_t)(k * 3);
            struct rope_shape s = {N, 1, C, C / 2 * 2 / 4 * 2, C, 10000, pos, NULL, NULL};
            d->ops->rope(d, &s, false, x.f), ref->rope(NULL, &s, false, x.d);
            buf_close(&x, "rope");
            d->ops->rope(d, &s, true, x.f), ref->rope(NULL, &s, true, x.d);
            buf_close(&x, "rope back");
            d->ops->add(d, n, x.f, y.f), ref->add(NULL, n, x.d, y.d);
            d->ops->scale(d, n, 1. / 3, y.f), ref->scale(NULL, n, 1. / 3, y.d);
            buf_close(&y, "add, scale");
            d->ops->rows_gather(d, N < 50 ? N : 50, C, ids, t.f, C, x.f),
                ref->rows_gather(NULL, N < 50 ? N : 50, C, ids, t.d, C, x.d);
            buf_close(&x, "rows_gather");
            for (size_t k = 0; k < N && k < 50; k++)
                ids[k] = (int32_t)(49 - k);
            d->ops->rows_scatter(d, N < 50 ? N : 50, C, ids, x.f, t.f, C),
                ref->rows_scatter(NULL, N < 50 ? N : 50, C, ids, x.d, t.d, C);
            buf_close(&t, "rows_scatter");
            struct buf *all[] = {&x, &y, &t, &b, &gu, &dgu, &dx};
            for (size_t k = 0; k < 7; k++)
                buf_free(all[k]);
        }
}

static void test_loss_and_step(struct dev *d)
{
    enum { N = 5, V = 3001 };
    struct buf z = buf_new(N * V, 3), dz = buf_new(N * V, 1), w = buf_new(V, 1), g = buf_new(V, 1),
               m = buf_new(V, .1), v = buf_new(V, .1);
    const int32_t target[N] = {0, V - 1, -1, 7, 7};
    const double weight[N] = {1, .5, 1, 2, .25};
    double a[N], b[N];
    d->ops->lm_xent(d, N, V, z.f, target, weight, a, dz.f);
    ref->lm_xent(NULL, N, V, z.d, target, weight, b, dz.d);
    buf_close(&dz, "lm_xent dlogits");
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(a[i] - b[i]) <= 1e-6 * (1 + fabs(b[i])));
    int32_t fast[N], slow[N];
    z.f[2 * V + 11] = z.f[2 * V + 2999] = 50, z.d[2 * V + 11] = z.d[2 * V + 2999] = 50;
    d->ops->rows_argmax(d, N, V, z.f, fast);
    ref->rows_argmax(NULL, N, V, z.d, slow);
    assert_memory_equal(fast, slow, sizeof fast);
    assert_int_equal(fast[2], 11); /* the lowest of equals */
    d->ops->rows_add_at(d, N, V, fast, weight, dz.f);
    ref->rows_add_at(NULL, N, V, slow, weight, dz.d);
    buf_close(&dz, "rows_add_at");
    for (size_t i = 0; i < V; i++)
        v.f[i] = fabsf(v.f[i]), v.d[i] = fabs(v.d[i]);
    for (uint64_t step = 1; step < 4; step++) {
        struct adamw s = {1e-2, .9, .999, 1e-8, .01, .5, step};
        d->ops->adamw(d, &s, V, w.f, g.f, m.f, v.f);
        ref->adamw(NULL, &s, V, w.d, g.d, m.d, v.d);
    }
    buf_close(&w, "adamw w"), buf_close(&m, "adamw m"), buf_close(&v, "adamw v");
    assert_true(fabs(d->ops->sumsq(d, N * V, z.f) / ref->sumsq(NULL, N * V, z.d) - 1) < 1e-12);
    z.f[3000] = (float)NAN;
    assert_true(isnan(d->ops->sumsq(d, N * V, z.f)));
    struct buf *all[] = {&z, &dz, &w, &g, &m, &v};
    for (size_t k = 0; k < 6; k++)
        buf_free(all[k]);
}

static void all_ops(struct dev *d)
{
    rng_init(&rng, 5, "tensor_ops");
    test_matmul(d);
    test_norms(d);
    test_attention(d);
    test_rest(d);
    test_loss_and_step(d);
    test_matmul_empty(d);
}

static void test_devices(void **state)
{
    static const char *const isas[] = {"v4", "v3", "base"}, *const blas[] = {"onednn", "openblas"};
    struct dev d;
    struct err e = ERR_INIT;
    char name[64];
    size_t ran = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++)
            for (int threads = 1; threads <= 3; threads += 2) {
                par_set_threads(threads);
                setenv("W2S_ISA", isas[i], 1), setenv("W2S_BLAS", blas[k], 1);
                if (dev_open(&d, "cpu", &e))
                    continue; /* not on this processor, or not built in */
                snprintf(name, sizeof name, "%s, %s, %d threads", isas[i], blas[k], threads);
                where = name;
                all_ops(&d);
                dev_close(&d);
                ran++;
            }
    unsetenv("W2S_ISA"), unsetenv("W2S_BLAS");
    assert_true(ran >= 2);
    assert_int_equal(dev_open(&d, "reference", &e), OK);
    where = "reference";
    all_ops(&d);
    dev_close(&d);
    assert_int_equal(dev_open(&d, "cuda:0", &e), ERR_INPUT);
    assert_string_equal(e.msg, "no device \"cuda:0\" in this program; there are cpu and reference");
}

/* What attention writes for a sequence does not depend on its neighbours, bit for bit; sums do not
 * depend on threads. */
static void test_packed_is_alone(void **state)
{
    enum { H = 3, D = 20, N = 40 };
    const int32_t starts[4] = {0, 5, 22, N}, alone[2] = {0, 17};
    struct dev d;
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(dev_open(&d, "cpu", &e), OK);
    rng_init(&rng, 9, "packed");
    struct attn_shape s = {3, H, H, D, starts, starts, H * D, H * D, H * D, H * D, .2, 0}, one = s;
    one.S = 1, one.q_starts = one.kv_starts = alone;
    struct buf q = buf_new(N * H * D, 1), k = buf_new(N * H * D, 1), v = buf_new(N * H * D, 1),
               y = buf_new(N * H * D, 1);
    struct buf l = buf_new(N * H, 1), y1 = buf_new(17 * H * D, 1), l1 = buf_new(17 * H, 1);
    size_t at = 5 * H * D;
    d.ops->attention_fwd(&d, &s, q.f, k.f, v.f, y.f, l.f);
    d.ops->attention_fwd(&d, &one, q.f + at, k.f + at, v.f + at, y1.f, l1.f);
    assert_memory_equal(y.f + at, y1.f, y1.n * sizeof *y1.f);
    assert_memory_equal(l.f + 5 * H, l1.f, l1.n * sizeof *l1.f);

    struct buf x = buf_new(300 * 257, 1), b = buf_new(257, 1), b3 = buf_new(257, 1);
    buf_like(&b3, b.f);
    par_set_threads(1);
    d.ops->bias_grad(&d, 300, 257, x.f, 257, b.f);
    double s1 = d.ops->sumsq(&d, x.n, x.f);
    par_set_threads(3);
    d.ops->bias_grad(&d, 300, 257, x.f, 257, b3.f);
    assert_memory_equal(b.f, b3.f, 257 * sizeof *b.f);
    assert_true(s1 == d.ops->sumsq(&d, x.n, x.f));
    par_set_threads(0);
    struct buf *all[] = {&q, &k, &v, &y, &l, &y1, &l1, &x, &b, &b3};
    for (size_t i = 0; i < 10; i++)
        buf_free(all[i]);
    dev_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_devices),
                                       cmocka_unit_test(test_packed_is_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
