/* ref.inc.h - every operation in plain loops: the yardstick. Included by ref_f32.c and ref_f64.c,
 * which set OPS_REAL (real here), OPS_NAME, OPS_TABLE. One thread, sums in f64, nothing clever:
 * what a fast version computes has to be close to this. */
#include "tensor/ops.h"

#include <math.h>
#include <string.h>

typedef OPS_REAL real;

static void ref_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const real *a,
                       size_t lda, const real *b, size_t ldb, bool accumulate, real *c, size_t ldc)
{
    (void)d;
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double s = 0;
            for (size_t k = 0; k < K; k++)
                s += (double)(ta ? a[k * lda + i] : a[i * lda + k]) *
                     (double)(tb ? b[j * ldb + k] : b[k * ldb + j]);
            c[i * ldc + j] = (real)(accumulate ? (double)c[i * ldc + j] + s : s);
        }
}

static void ref_bias_add(struct dev *d, size_t N, size_t C, real *y, size_t ldy, const real *b)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            y[i * ldy + c] += b[c];
}

static void ref_bias_grad(struct dev *d, size_t N, size_t C, const real *dy, size_t ldy, real *db)
{
    (void)d;
    for (size_t c = 0; c < C; c++) {
        double s = 0;
        for (size_t i = 0; i < N; i++)
            s += (double)dy[i * ldy + c];
        db[c] = (real)((double)db[c] + s);
    }
}

static void ref_embedding_fwd(struct dev *d, size_t N, size_t C, const int32_t *ids,
                              const real *table, bool accumulate, real *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            y[i * C + c] = (accumulate ? y[i * C + c] : 0) + table[(size_t)ids[i] * C + c];
}

static void ref_embedding_bwd(struct dev *d, size_t N, size_t C, const int32_t *ids, const real *dy,
                              real *dtable)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            dtable[(size_t)ids[i] * C + c] += dy[i * C + c];
}

static void ref_layernorm_fwd(struct dev *d, size_t N, size_t C, const real *x, const real *gain,
                              const real *bias, double eps, real *y, real *mean, real *rstd)
{
    (void)d;
    BUG_ON(C == 0);
    for (size_t i = 0; i < N; i++) {
        const real *xi = x + i * C;
        double m = 0, v = 0;
        for (size_t c = 0; c < C; c++)
            m += (double)xi[c];
        m /= (double)C;
        for (size_t c = 0; c < C; c++)
            v += ((double)xi[c] - m) * ((double)xi[c] - m);
        double r = 1 / sqrt(v / (double)C + eps);
        for (size_t c = 0; c < C; c++)
            y[i * C + c] =
                (real)(((double)xi[c] - m) * r * (double)gain[c] + (bias ? (double)bias[c] : 0));
        mean[i] = (real)m;
        rstd[i] = (real)r;
    }
}

static void ref_layernorm_bwd(struct dev *d, size_t N, size_t C, const real *x, const real *gain,
                              const real *mean, const real *rstd, const real *dy, bool accumulate,
                              real *dx, real *dgain, real *dbias)
{
    (void)d;
    for (size_t c = 0; c < C && (dgain || dbias); c++) {
        double g = 0, b = 0;
        for (size_t i = 0; i < N; i++) {
            double h = ((double)x[i * C + c] - (double)mean[i]) * (double)rstd[i];
            g += (double)dy[i * C + c] * h;
            b += (double)dy[i * C + c];
        }
        if (dgain)
            dgain[c] = (real)((double)dgain[c] + g);
        if (dbias)
            dbias[c] = (real)((double)dbias[c] + b);
    }
    for (size_t i = 0; i < N; i++) {
        double s = 0, t = 0, m = (double)mean[i], r = (double)rstd[i];
        for (size_t c = 0; c < C; c++) {
            double g = (double)dy[i * C + c] * (double)gain[c];
            s += g;
            t += g * ((double)x[i * C + c] - m) * r;
        }
        s /= (double)C;
        t /= (double)C;
        for (size_t c = 0; c < C; c++) {
            double h = ((double)x[i * C + c] - m) * r;
            double v = r * ((double)dy[i * C + c] * (double)gain[c] - s - h * t);
            dx[i * C + c] = (real)(accumulate ? (double)dx[i * C + c] + v : v);
        }
    }
}

static void ref_rmsnorm_fwd(struct dev *d, const struct norm_shape *s, const real *x,
                            const real *gain, double eps, real *y, real *rstd)
{
    (void)d;
    BUG_ON(s->C == 0);
    for (size_t i = 0; i < s->N * s->H; i++) {
        size_t at = i / s->H * s->ld + i % s->H * s->C;
        double v = 0;
        for (size_t c = 0; c < s->C; c++)
            v += (double)x[at + c] * (double)x[at + c];
        double r = 1 / sqrt(v / (double)s->C + eps);
        for (size_t c = 0; c < s->C; c++)
            y[at + c] = (real)((double)x[at + c] * r * (double)gain[c]);
        rstd[i] = (real)r;
    }
}

static void ref_rmsnorm_bwd(struct dev *d, const struct norm_shape *s, const real *x,
                            const real *gain, const real *rstd, const real *dy, bool accumulate,
                            real *dx, real *dgain)
{
    (void)d;
    for (size_t c = 0; c < s->C && dgain; c++) {
        double g = 0;
        for (size_t i = 0; i < s->N * s->H; i++) {
            size_t at = i / s->H * s->ld + i % s->H * s->C + c;
            g += (double)dy[at] * (double)x[at] * (double)rstd[i];
        }
        dgain[c] = (real)((double)dgain[c] + g);
    }
    for (size_t i = 0; i < s->N * s->H; i++) {
        size_t at = i / s->H * s->ld + i % s->H * s->C;
        double t = 0, r = (double)rstd[i];
        for (size_t c = 0; c < s->C; c++)
            t += (double)dy[at + c] * (double)gain[c] * (double)x[at + c] * r;
        t /= (double)s->C;
        for (size_t c = 0; c < s->C; c++) {
            double v = r * ((double)dy[at + c] * (double)gain[c] - (double)x[at + c] * r * t);
            dx[at + c] = (real)(accumulate ? (double)dx[at + c] + v : v);
        }
    }
}

static void ref_rope(struct dev *d, const struct rope_shape *s, bool inverse, real *x)
{
    (void)d;
    size_t half = s->rotary / 2;
    for (size_t i = 0; i < s->N; i++)
        for (size_t h = 0; h < s->H; h++)
            for (size_t k = 0; k < half; k++) {
                double f = s->freq ? s->freq[k] : pow(s->theta, -2 * (double)k / (double)s->rotary);
                double angle = (double)s->pos[i] * f, c = cos(angle),
                       n = inverse ? -sin(angle) : sin(angle);
                real *u = x + i * s->ld + h * s->D + k, *v = u + half;
                double a = (double)*u, b = (double)*v;
                *u = (real)(a * c - b * n);
                *v = (real)(b * c + a * n);
            }
}

/* visible - the keys that query i of sequence s sees: rows [*first, *end). */
static void ref_visible(const struct attn_shape *s, size_t seq, size_t i, size_t *first,
                        size_t *end)
{
    size_t nq = (size_t)(s->q_starts[seq + 1] - s->q_starts[seq]),
           nk = (size_t)(s->kv_starts[seq + 1] - s->kv_starts[seq]);
    BUG_ON(nq > nk);
    size_t last = nk - nq + i;
    *end = (size_t)s->kv_starts[seq] + last + 1;
    *first =
        (size_t)s->kv_starts[seq] + (s->window && last + 1 > s->window ? last + 1 - s->window : 0);
}

static double ref_score(const struct attn_shape *s, const real *q, const real *k)
{
    double dot = 0;
    for (size_t c = 0; c < s->D; c++)
        dot += (double)q[c] * (double)k[c];
    return dot * s->scale;
}

static void ref_attention_fwd(struct dev *d, const struct attn_shape *s, const real *q,
                              const real *k, const real *v, real *y, real *lse)
{
    (void)d;
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t h = 0; h < s->H; h++)
            for (size_t row = (size_t)s->q_starts[seq]; row < (size_t)s->q_starts[seq + 1]; row++) {
                size_t first, end, g = h / (s->H / s->Hkv);
                const real *qi = q + row * s->ldq + h * s->D;
                real *yi = y + row * s->ldy + h * s->D;
                double most = -HUGE_VAL, sum = 0;
                ref_visible(s, seq, row - (size_t)s->q_starts[seq], &first, &end);
                for (size_t j = first; j < end; j++)
                    most = fmax(most, ref_score(s, qi, k + j * s->ldk + g * s->D));
                for (size_t j = first; j < end; j++)
                    sum += exp(ref_score(s, qi, k + j * s->ldk + g * s->D) - most);
                for (size_t c = 0; c < s->D; c++) {
                    double out = 0;
                    for (size_t j = first; j < end; j++)
                        out += exp(ref_score(s, qi, k + j * s->ldk + g * s->D) - most) / sum *
                               (double)v[j * s->ldv + g * s->D + c];
                    yi[c] = (real)out;
                }
                lse[row * s->H + h] = (real)(most + log(sum));
            }
}

static void ref_attention_bwd(struct dev *d, const struct attn_shape *s, const real *q,
                              const real *k, const real *v, const real *y, const real *lse,
                              const real *dy, real *dq, real *dk, real *dv)
{
    (void)d;
    for (size_t seq = 0; seq < s->S; seq++) {
        for (size_t row = (size_t)s->q_starts[seq]; row < (size_t)s->q_starts[seq + 1]; row++)
            memset(dq + row * s->ldq, 0, s->H * s->D * sizeof *dq);
        for (size_t row = (size_t)s->kv_starts[seq]; row < (size_t)s->kv_starts[seq + 1]; row++) {
            memset(dk + row * s->ldk, 0, s->Hkv * s->D * sizeof *dk);
            memset(dv + row * s->ldv, 0, s->Hkv * s->D * sizeof *dv);
        }
        for (size_t h = 0; h < s->H; h++)
            for (size_t row = (size_t)s->q_starts[seq]; row < (size_t)s->q_starts[seq + 1]; row++) {
                size_t first, end, g = h / (s->H / s->Hkv), at = h * s->D, kat = g * s->D;
                const real *qi = q + row * s->ldq + at, *yi = y + row * s->ldy + at,
                           *dyi = dy + row * s->ldy + at;
                double delta = 0;
                ref_visible(s, seq, row - (size_t)s->q_starts[seq], &first, &end);
                for (size_t c = 0; c < s->D; c++)
                    delta += (double)dyi[c] * (double)yi[c];
                for (size_t j = first; j < end; j++) {
                    const real *kj = k + j * s->ldk + kat, *vj = v + j * s->ldv + kat;
                    double p = exp(ref_score(s, qi, kj) - (double)lse[row * s->H + h]), dp = 0;
                    for (size_t c = 0; c < s->D; c++)
                        dp += (double)dyi[c] * (double)vj[c];
                    double ds = p * (dp - delta) * s->scale;
                    for (size_t c = 0; c < s->D; c++) {
                        dq[row * s->ldq + at + c] += (real)(ds * (double)kj[c]);
                        dk[j * s->ldk + kat + c] += (real)(ds * (double)qi[c]);
                        dv[j * s->ldv + kat + c] += (real)(p * (double)dyi[c]);
                    }
                }
            }
    }
}

#define SQRT_2_OVER_PI 0.79788456080286535588
#define SQRT_1_2       0.70710678118654752440

static double ref_act(enum act a, double x)
{
    switch (a) {
    case ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
    case ACT_GELU_ERF:
        return 0.5 * x * (1 + erf(x * SQRT_1_2));
    case ACT_SILU:
        return x / (1 + exp(-x));
    case ACT_RELU:
        return x > 0 ? x : 0;
    }
    BUG("activation %d", (int)a);
}

static double ref_act_slope(enum act a, double x)
{
    double t;
    switch (a) {
    case ACT_GELU_TANH:
        t = tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x * x);
    case ACT_GELU_ERF:
        return 0.5 * (1 + erf(x * SQRT_1_2)) + x * exp(-0.5 * x * x) * 0.39894228040143267794;
    case ACT_SILU:
        t = 1 / (1 + exp(-x));
        return t * (1 + x * (1 - t));
    case ACT_RELU:
        return x > 0;
    }
    BUG("activation %d", (int)a);
}

static void ref_act_fwd(struct dev *d, enum act a, size_t n, const real *x, real *y)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        y[i] = (real)ref_act(a, (double)x[i]);
}

static void ref_act_bwd(struct dev *d, enum act a, size_t n, const real *x, const real *dy,
                        real *dx, real *y)
{
    (void)d;
    for (size_t i = 0; i < n; i++) {
        double at = (double)x[i], dd = (double)dy[i];
        dx[i] = (real)(dd * ref_act_slope(a, at));
        y[i] = (real)ref_act(a, at);
    }
}

static void ref_gated_fwd(struct dev *d, enum act a, size_t N, size_t C, const real *gu, real *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            y[i * C + c] =
                (real)(ref_act(a, (double)gu[i * 2 * C + c]) * (double)gu[i * 2 * C + C + c]);
}

static void ref_matmul_gated(struct dev *d, enum act a, size_t N, size_t C, size_t K, const real *x,
                             const real *w, bool keep, real *gu, real *y)
{
    (void)keep;
    ref_matmul(d, false, true, N, 2 * C, K, x, K, w, K, false, gu, 2 * C);
    ref_gated_fwd(d, a, N, C, gu, y);
}

static void ref_gated_bwd(struct dev *d, enum act a, size_t N, size_t C, const real *gu,
                          const real *dy, real *dgu, real *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++) {
            double g = (double)gu[i * 2 * C + c], u = (double)gu[i * 2 * C + C + c],
                   dd = (double)dy[i * C + c];
            dgu[i * 2 * C + c] = (real)(dd * u * ref_act_slope(a, g));
            dgu[i * 2 * C + C + c] = (real)(dd * ref_act(a, g));
            y[i * C + c] = (real)(ref_act(a, g) * u);
        }
}

static void ref_add(struct dev *d, size_t n, const real *x, real *y)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void ref_scale(struct dev *d, size_t n, double a, real *y)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        y[i] = (real)((double)y[i] * a);
}

static void ref_fill(struct dev *d, size_t n, double a, real *y)
{
    (void)d;
    for (size_t i = 0; i < n; i++)
        y[i] = (real)a;
}

static void ref_copy(struct dev *d, size_t n, const real *x, real *y)
{
    (void)d;
    memcpy(y, x, n * sizeof *y);
}

static void ref_rows_gather(struct dev *d, size_t N, size_t C, const int32_t *rows, const real *x,
                            size_t ldx, real *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        memcpy(y + i * C, x + (size_t)rows[i] * ldx, C * sizeof *y);
}

static void ref_rows_scatter(struct dev *d, size_t N, size_t C, const int32_t *rows, const real *x,
                             real *y, size_t ldy)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            y[(size_t)rows[i] * ldy + c] += x[i * C + c];
}

static void ref_lm_xent(struct dev *d, size_t N, size_t V, const real *logits,
                        const int32_t *target, const double *weight, double *loss, real *dlogits)
{
    (void)d;
    for (size_t i = 0; i < N; i++) {
        const real *z = logits + i * V;
        double most = -HUGE_VAL, sum = 0, w = weight ? weight[i] : 1;
        for (size_t v = 0; v < V; v++)
            most = fmax(most, (double)z[v]);
        for (size_t v = 0; v < V; v++)
            sum += exp((double)z[v] - most);
        double lse = most + log(sum);
        loss[i] = target[i] < 0 ? 0 : lse - (double)z[target[i]];
        for (size_t v = 0; dlogits && v < V; v++)
            dlogits[i * V + v] =
                (real)(target[i] < 0 ? 0
                                     : w * (exp((double)z[v] - lse) - (v == (size_t)target[i])));
    }
}

static void ref_rows_argmax(struct dev *d, size_t N, size_t V, const real *x, int32_t *at)
{
    (void)d;
    for (size_t i = 0; i < N; i++) {
        size_t best = 0;
        for (size_t v = 1; v < V; v++)
            best = x[i * V + v] > x[i * V + best] ? v : best;
        at[i] = (int32_t)best;
    }
}

static void ref_rows_add_at(struct dev *d, size_t N, size_t V, const int32_t *at, const double *a,
                            real *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        y[i * V + (size_t)at[i]] = (real)((double)y[i * V + (size_t)at[i]] + a[i]);
}

static void ref_adamw(struct dev *d, const struct adamw *a, size_t n, real *w, const real *g,
                      real *m, real *v)
{
    (void)d;
    double c1 = 1 - pow(a->beta1, (double)a->step), c2 = 1 - pow(a->beta2, (double)a->step);
    for (size_t i = 0; i < n; i++) {
        double gi = (double)g[i] * a->grad_scale;
        double mi = a->beta1 * (double)m[i] + (1 - a->beta1) * gi,
               vi = a->beta2 * (double)v[i] + (1 - a->beta2) * gi * gi;
        m[i] = (real)mi;
        v[i] = (real)vi;
        w[i] = (real)((double)w[i] * (1 - a->lr * a->weight_decay) -
                      a->lr / c1 * mi / (sqrt(vi / c2) + a->eps));
    }
}

static double ref_sumsq(struct dev *d, size_t n, const real *x)
{
    (void)d;
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += (double)x[i] * (double)x[i];
    return s;
}

const struct OPS_NAME OPS_TABLE = {
    .matmul = ref_matmul,
    .bias_add = ref_bias_add,
    .bias_grad = ref_bias_grad,
    .embedding_fwd = ref_embedding_fwd,
    .embedding_bwd = ref_embedding_bwd,
    .layernorm_fwd = ref_layernorm_fwd,
    .layernorm_bwd = ref_layernorm_bwd,
    .rmsnorm_fwd = ref_rmsnorm_fwd,
    .rmsnorm_bwd = ref_rmsnorm_bwd,
    .rope = ref_rope,
    .attention_fwd = ref_attention_fwd,
    .attention_bwd = ref_attention_bwd,
    .act_fwd = ref_act_fwd,
    .act_bwd = ref_act_bwd,
    .matmul_gated = ref_matmul_gated,
    .gated_fwd = ref_gated_fwd,
    .gated_bwd = ref_gated_bwd,
    .add = ref_add,
    .scale = ref_scale,
    .fill = ref_fill,
    .copy = ref_copy,
    .rows_gather = ref_rows_gather,
    .rows_scatter = ref_rows_scatter,
    .lm_xent = ref_lm_xent,
    .rows_argmax = ref_rows_argmax,
    .rows_add_at = ref_rows_add_at,
    .adamw = ref_adamw,
    .sumsq = ref_sumsq,
};
