/* isa_attention.inc.h - attention over packed sequences, a sequence and a head at a time. Part of isa_kernels.c.
 * Keys go by in blocks of KEYS with a running maximum (Milakov and Gimelshein 2018; Rabe and Staats 2021), so that no score matrix exists;
 * the backward takes the probabilities from lse again. */

struct span {
    size_t q0, nq, k0, nk;
};

static inline struct span span_of(const struct attn_shape *s, size_t seq)
{
    struct span p = {(size_t)s->q_starts[seq], (size_t)(s->q_starts[seq + 1] - s->q_starts[seq]), (size_t)s->kv_starts[seq],
                     (size_t)(s->kv_starts[seq + 1] - s->kv_starts[seq])};
    BUG_ON(p.nq > p.nk);
    return p;
}

/* seen - keys [*first, *end) of the span that its i-th query sees */
static inline void seen(const struct attn_shape *s, const struct span *p, size_t i, size_t *first, size_t *end)
{
    *end = p->nk - p->nq + i + 1;
    *first = s->window && *end > s->window ? *end - s->window : 0;
}

static void attention_row(const struct attn_shape *s, size_t n, const float *q, const float *k, const float *v, float *y, float *lse)
{
    float score[KEYS], most = -INFINITY, sum = 0, scale_by = (float)s->scale;
    memset(y, 0, s->D * sizeof *y);
    for (size_t j0 = 0; j0 < n; j0 += KEYS) {
        size_t m = n - j0 < KEYS ? n - j0 : KEYS;
        float top = most, part = 0;
        for (size_t j = 0; j < m; j++)
            score[j] = dot(q, k + (j0 + j) * s->ldk, s->D) * scale_by;
        for (size_t j = 0; j < m; j++)
            top = score[j] > top ? score[j] : top;
        if (j0) {
            float shrink = exp_f32(most - top);
            sum *= shrink;
            for (size_t c = 0; c < s->D; c++)
                y[c] *= shrink;
        }
        most = top;
#pragma omp simd reduction(+ : part)
        for (size_t j = 0; j < m; j++) {
            score[j] = exp_f32(score[j] - top);
            part += score[j];
        }
        sum += part;
        for (size_t j = 0; j < m; j++)
            axpy(score[j], v + (j0 + j) * s->ldv, y, s->D);
    }
    float share = 1.0f / sum;
    for (size_t c = 0; c < s->D; c++)
        y[c] *= share;
    *lse = most + logf(sum);
}

static size_t attention_work(const struct attn_shape *s)
{
    size_t work = 0;
    for (size_t i = 0; i < s->S; i++)
        work += (size_t)(s->q_starts[i + 1] - s->q_starts[i]) * (size_t)(s->kv_starts[i + 1] - s->kv_starts[i]);
    return work * s->H;
}

static void attention_fwd(struct dev *d, const struct attn_shape *s, const float *q, const float *k, const float *v, float *y, float *lse)
{
    (void)d;
    size_t group = s->H / s->Hkv;
#pragma omp parallel for collapse(2) schedule(dynamic) if (attention_work(s) > WORTH_THREADS / 16)
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t h = 0; h < s->H; h++) {
            struct span p = span_of(s, seq);
            for (size_t i = 0; i < p.nq; i++) {
                size_t first, end, row = p.q0 + i, at = h / group * s->D;
                seen(s, &p, i, &first, &end);
                attention_row(s, end - first, q + row * s->ldq + h * s->D, k + (p.k0 + first) * s->ldk + at,
                              v + (p.k0 + first) * s->ldv + at, y + row * s->ldy + h * s->D, lse + row * s->H + h);
            }
        }
}

/* attention_row_bwd - one query's part of the gradients; keys n rows from k, v, dk, dv. */
static void attention_row_bwd(const struct attn_shape *s, size_t n, const float *q, const float *k, const float *v, const float *y,
                              float lse, const float *dy, float *dq, float *dk, float *dv)
{
    float p[KEYS], ds[KEYS], scale_by = (float)s->scale, delta = dot(dy, y, s->D);
    for (size_t j0 = 0; j0 < n; j0 += KEYS) {
        size_t m = n - j0 < KEYS ? n - j0 : KEYS;
        for (size_t j = 0; j < m; j++) {
            p[j] = dot(q, k + (j0 + j) * s->ldk, s->D) * scale_by - lse;
            ds[j] = dot(dy, v + (j0 + j) * s->ldv, s->D);
        }
#pragma omp simd
        for (size_t j = 0; j < m; j++) {
            p[j] = exp_f32(p[j]);
            ds[j] = p[j] * (ds[j] - delta) * scale_by;
        }
        for (size_t j = 0; j < m; j++) {
            axpy(ds[j], k + (j0 + j) * s->ldk, dq, s->D);
            axpy(ds[j], q, dk + (j0 + j) * s->ldk, s->D);
            axpy(p[j], dy, dv + (j0 + j) * s->ldv, s->D);
        }
    }
}

static void attention_bwd(struct dev *d, const struct attn_shape *s, const float *q, const float *k, const float *v, const float *y,
                          const float *lse, const float *dy, float *dq, float *dk, float *dv)
{
    (void)d;
    size_t group = s->H / s->Hkv;
/* A key/value head's gradients are summed by one thread, over its query heads in order. */
#pragma omp parallel for collapse(2) schedule(dynamic) if (attention_work(s) > WORTH_THREADS / 16)
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t g = 0; g < s->Hkv; g++) {
            struct span p = span_of(s, seq);
            size_t at = g * s->D;
            for (size_t j = p.k0; j < p.k0 + p.nk; j++) {
                memset(dk + j * s->ldk + at, 0, s->D * sizeof *dk);
                memset(dv + j * s->ldv + at, 0, s->D * sizeof *dv);
            }
            for (size_t h = g * group; h < (g + 1) * group; h++)
                for (size_t i = 0; i < p.nq; i++) {
                    size_t first, end, row = p.q0 + i, qat = row * s->ldq + h * s->D, yat = row * s->ldy + h * s->D;
                    seen(s, &p, i, &first, &end);
                    size_t kat = (p.k0 + first) * s->ldk + at, vat = (p.k0 + first) * s->ldv + at;
                    memset(dq + qat, 0, s->D * sizeof *dq);
                    attention_row_bwd(s, end - first, q + qat, k + kat, v + vat, y + yat, lse[row * s->H + h], dy + yat, dq + qat,
                                      dk + kat, dv + vat);
                }
        }
}
