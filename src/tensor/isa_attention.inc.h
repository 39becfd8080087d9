/* isa_attention.inc.h - attention over packed sequences, a sequence and a head at a time. Part of isa_kernels.c.
 *
 * A block of QUERIES meets a block of keys: the keys (and in the backward the values) are transposed once for the block, so that scores,
 * outputs and every gradient are the same loop, weighted_sum, with its sums in registers. Over several blocks of keys a running maximum
 * is kept (Milakov and Gimelshein 2018; Rabe and Staats 2021), so that no score matrix exists; the backward takes the probabilities from lse
 * again. Blocks are counted from a sequence's beginning: its neighbours change nothing. */

typedef float lanes __attribute__((vector_size(64)));

#define LANES   16
#define QUERIES 32
#define KEYS    256   /* most keys of a block */
#define BLOCK   16384 /* most numbers of a transposed block: long heads have shorter ones */

/* weighted_sum - y[0..C) += sum_j w[j*ws] x[j*ldx .. + C). */
static void weighted_sum(const float *w, size_t ws, size_t n, const float *x, size_t ldx, float *y, size_t C)
{
    size_t c = 0;
    for (; c + 4 * LANES <= C; c += 4 * LANES) {
        lanes a[4], b;
        memcpy(a, y + c, sizeof a);
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < 4; k++) {
                memcpy(&b, x + j * ldx + c + k * LANES, sizeof b);
                a[k] += w[j * ws] * b;
            }
        memcpy(y + c, a, sizeof a);
    }
    for (; c + LANES <= C; c += LANES) {
        lanes a, b;
        memcpy(&a, y + c, sizeof a);
        for (size_t j = 0; j < n; j++) {
            memcpy(&b, x + j * ldx + c, sizeof b);
            a += w[j * ws] * b;
        }
        memcpy(y + c, &a, sizeof a);
    }
    for (; c < C; c++)
        for (size_t j = 0; j < n; j++)
            y[c] += w[j * ws] * x[j * ldx + c];
}

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

/* seen - keys [*first, *end) of the span that its i-th query sees, as far as they are in [j0, j1); *first >= *end where none is. */
static inline void seen(const struct attn_shape *s, const struct span *p, size_t i, size_t j0, size_t j1, size_t *first, size_t *end)
{
    size_t last = p->nk - p->nq + i + 1, from = s->window && last > s->window ? last - s->window : 0;
    *first = from > j0 ? from : j0;
    *end = last < j1 ? last : j1;
}

static inline size_t block_keys(const struct attn_shape *s)
{
    size_t n = BLOCK / s->D / LANES * LANES;
    BUG_ON(n == 0);
    return n < KEYS ? n : KEYS;
}

/* transpose - rows [0, n) of x as columns of t [D, ldt]; columns up to the next multiple of LANES are 0. */
static void transpose(const struct attn_shape *s, size_t n, const float *x, size_t ldx, float *t, size_t ldt)
{
    size_t wide = (n + LANES - 1) / LANES * LANES;
    for (size_t c = 0; c < s->D; c++)
        for (size_t j = n; j < wide; j++)
            t[c * ldt + j] = 0;
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < s->D; c++)
            t[c * ldt + j] = x[j * ldx + c];
}

/* products - out[0..wide) = a . columns of t, wide the columns up to a multiple of LANES. */
static void products(const struct attn_shape *s, const float *a, const float *t, size_t ldt, size_t n, float *out)
{
    size_t wide = (n + LANES - 1) / LANES * LANES;
    memset(out, 0, wide * sizeof *out);
    weighted_sum(a, 1, s->D, t, ldt, out, wide);
}

static size_t attention_work(const struct attn_shape *s)
{
    size_t work = 0;
    for (size_t i = 0; i < s->S; i++)
        work += (size_t)(s->q_starts[i + 1] - s->q_starts[i]) * (size_t)(s->kv_starts[i + 1] - s->kv_starts[i]);
    return work * s->H;
}

/* queries_fwd - queries [i0, i1) of a span, at most QUERIES, one head: q, y its first query's row, k, v its first key's. */
static void queries_fwd(const struct attn_shape *s, const struct span *p, size_t i0, size_t i1, const float *q, const float *k, const float *v,
                        float *y, float *lse)
{
    float t[BLOCK], score[KEYS], most[QUERIES], sum[QUERIES] = {0}, by = (float)s->scale;
    size_t keys = block_keys(s), first, end;
    for (size_t i = i0; i < i1; i++) {
        most[i - i0] = -INFINITY;
        memset(y + i * s->ldy, 0, s->D * sizeof *y);
    }
    for (size_t j0 = 0; j0 < p->nk; j0 += keys) {
        size_t n = p->nk - j0 < keys ? p->nk - j0 : keys;
        seen(s, p, i1 - 1, j0, j0 + n, &first, &end);
        if (end <= j0)
            break; /* none of these queries sees so far */
        transpose(s, n, k + j0 * s->ldk, s->ldk, t, keys);
        for (size_t i = i0; i < i1; i++) {
            seen(s, p, i, j0, j0 + n, &first, &end);
            if (first >= end)
                continue;
            float *yi = y + i * s->ldy, *m = &most[i - i0], top = *m, part = 0;
            products(s, q + i * s->ldq, t, keys, end - j0, score);
            for (size_t j = first - j0; j < end - j0; j++) {
                score[j] *= by;
                top = score[j] > top ? score[j] : top;
            }
            float shrink = exp_f32(*m - top);
            sum[i - i0] *= shrink;
            for (size_t c = 0; c < s->D; c++)
                yi[c] *= shrink;
            *m = top;
#pragma omp simd reduction(+ : part)
            for (size_t j = first - j0; j < end - j0; j++) {
                score[j] = exp_f32(score[j] - top);
                part += score[j];
            }
            sum[i - i0] += part;
            weighted_sum(score + (first - j0), 1, end - first, v + first * s->ldv, s->ldv, yi, s->D);
        }
    }
    for (size_t i = i0; i < i1; i++) {
        float share = 1.0f / sum[i - i0];
        for (size_t c = 0; c < s->D; c++)
            y[i * s->ldy + c] *= share;
        lse[i * s->H] = most[i - i0] + logf(sum[i - i0]);
    }
}

static void attention_fwd(struct dev *d, const struct attn_shape *s, const float *q, const float *k, const float *v, float *y, float *lse)
{
    (void)d;
    size_t group = s->H / s->Hkv;
#pragma omp parallel for collapse(2) schedule(dynamic) if (attention_work(s) > WORTH_THREADS / 16)
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t h = 0; h < s->H; h++) {
            struct span p = span_of(s, seq);
            size_t at = h / group * s->D;
            for (size_t i = 0; i < p.nq; i += QUERIES)
                queries_fwd(s, &p, i, i + QUERIES < p.nq ? i + QUERIES : p.nq, q + p.q0 * s->ldq + h * s->D, k + p.k0 * s->ldk + at,
                            v + p.k0 * s->ldv + at, y + p.q0 * s->ldy + h * s->D, lse + p.q0 * s->H + h);
        }
}

/* rows of a head, as queries_fwd has them */
struct head_rows {
    const float *q, *k, *v, *y, *lse, *dy;
    float *dq, *dk, *dv;
};

/* queries_bwd - queries [i0, i1) of a span and keys [j0, j0 + n): dq, dk, dv are added to. */
static void queries_bwd(const struct attn_shape *s, const struct span *p, size_t i0, size_t i1, size_t j0, size_t n, const struct head_rows *r)
{
    float kt[BLOCK], vt[BLOCK], prob[QUERIES * KEYS], ds[QUERIES * KEYS], by = (float)s->scale;
    size_t keys = block_keys(s), first, end;
    transpose(s, n, r->k + j0 * s->ldk, s->ldk, kt, keys);
    transpose(s, n, r->v + j0 * s->ldv, s->ldv, vt, keys);
    for (size_t i = i0; i < i1; i++) {
        const float *dyi = r->dy + i * s->ldy;
        float *pi = prob + (i - i0) * KEYS, *di = ds + (i - i0) * KEYS, delta = dot(dyi, r->y + i * s->ldy, s->D), lse = r->lse[i * s->H];
        seen(s, p, i, j0, j0 + n, &first, &end);
        size_t wide = end > j0 ? end - j0 : 0;
        memset(pi + wide, 0, (n - wide) * sizeof *pi);
        memset(di + wide, 0, (n - wide) * sizeof *di);
        products(s, r->q + i * s->ldq, kt, keys, wide, pi);
        products(s, dyi, vt, keys, wide, di);
#pragma omp simd
        for (size_t j = 0; j < wide; j++) {
            bool in = j + j0 >= first && j + j0 < end;
            float x = in ? exp_f32(pi[j] * by - lse) : 0.0f;
            pi[j] = x;
            di[j] = x * (di[j] - delta) * by;
        }
        if (first < end)
            weighted_sum(di + (first - j0), 1, end - first, r->k + first * s->ldk, s->ldk, r->dq + i * s->ldq, s->D);
    }
    for (size_t j = 0; j < n; j++) {
        /* the first query that sees key j0 + j */
        size_t back = p->nk - p->nq, from = j0 + j > back + i0 ? j0 + j - back - i0 : 0;
        if (from >= i1 - i0)
            break;
        weighted_sum(ds + from * KEYS + j, KEYS, i1 - i0 - from, r->q + (i0 + from) * s->ldq, s->ldq, r->dk + (j0 + j) * s->ldk, s->D);
        weighted_sum(prob + from * KEYS + j, KEYS, i1 - i0 - from, r->dy + (i0 + from) * s->ldy, s->ldy, r->dv + (j0 + j) * s->ldv, s->D);
    }
}

static void head_bwd(const struct attn_shape *s, const struct span *p, const struct head_rows *r)
{
    size_t keys = block_keys(s), first, end;
    for (size_t i = 0; i < p->nq; i++)
        memset(r->dq + i * s->ldq, 0, s->D * sizeof *r->dq);
    for (size_t i = 0; i < p->nq; i += QUERIES) {
        size_t i1 = i + QUERIES < p->nq ? i + QUERIES : p->nq;
        for (size_t j = 0; j < p->nk; j += keys) {
            size_t n = p->nk - j < keys ? p->nk - j : keys;
            seen(s, p, i1 - 1, j, j + n, &first, &end);
            if (end <= j)
                break;
            queries_bwd(s, p, i, i1, j, n, r);
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
            size_t katt = p.k0 * s->ldk + g * s->D, vatt = p.k0 * s->ldv + g * s->D;
            for (size_t j = 0; j < p.nk; j++) {
                memset(dk + katt + j * s->ldk, 0, s->D * sizeof *dk);
                memset(dv + vatt + j * s->ldv, 0, s->D * sizeof *dv);
            }
            for (size_t h = g * group; h < (g + 1) * group; h++) {
                size_t qat = p.q0 * s->ldq + h * s->D, yat = p.q0 * s->ldy + h * s->D;
                struct head_rows r = {q + qat, k + katt, v + vatt, y + yat, lse + p.q0 * s->H + h, dy + yat, dq + qat, dk + katt, dv + vatt};
                head_bwd(s, &p, &r);
            }
        }
}
