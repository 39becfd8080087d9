/* isa_attention.inc.h - attention over packed sequences, a sequence and a head at a time. Part of
 * isa_kernels.c.
 *
 * A block of QUERIES meets a block of keys: the keys (and in the backward the values) are
 * transposed once for the block and for all query heads that share them, so that scores, outputs
 * and every gradient are the same loop, weighted_sums, with its sums in registers. Over several
 * blocks of keys a running maximum is kept (Milakov and Gimelshein 2018; Rabe and Staats 2021), so
 * that no score matrix exists; the backward takes the probabilities from lse again. Blocks are
 * counted from a sequence's beginning: its neighbours change nothing. */

#define LANES 16 /* numbers that rows of scores and of transposed blocks come in */

/* reg - as many numbers as a register of the set holds: gcc takes wider ones apart through memory.
 */
#if defined __AVX512F__
#define REG  16
#define ROWS 4 /* rows of sums that registers hold, four registers of each */
#elif defined __AVX__
#define REG  8
#define ROWS 2
#elif defined __aarch64__ /* 32 registers */
#define REG  4
#define ROWS 4
#else
#define REG  4
#define ROWS 2
#endif

typedef float reg __attribute__((vector_size(4 * REG)));
typedef float reg_at
    __attribute__((vector_size(4 * REG), aligned(4), may_alias)); /* numbers that lie anywhere */

#define QUERIES 32
#define BAND    256 /* queries for which the forward transposes a block of keys once */
#define KEYS    256 /* most keys of a block */
#define LD                                                                                         \
    272 /* floats from row to row of scores: an odd number of cache lines, so that rows do not     \
           meet in the sets of a cache */
#define MOST_GROUP 8     /* heads of a group whose running sums are kept at a time */
#define BLOCK      17408 /* most numbers of a transposed block: long heads have shorter ones */

#define reg_load(x) (*(const reg_at *)(x))
static const reg_at reg_zero;

/* sums_of - y[r,0..wide) (+)= sum_j w[r,j] x[j,0..wide) for `rows` rows and `wide` registers; they
 * and `add` are constants where it is inlined. */
static inline __attribute__((always_inline)) void
sums_of(const bool add, const size_t rows, const size_t wide, const float *w, size_t wr, size_t wj,
        size_t n, const float *x, size_t ldx, float *y, size_t ldy)
{
    reg a[ROWS][4];
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < wide; k++)
            a[r][k] = add ? reg_load(y + r * ldy + k * REG) : reg_zero;
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < wide; k++) {
            reg b = reg_load(x + j * ldx + k * REG);
            for (size_t r = 0; r < rows; r++)
                a[r][k] += w[r * wr + j * wj] * b;
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < wide; k++)
            *(reg_at *)(y + r * ldy + k * REG) = a[r][k];
}

/* few_rows - y[r,0..C) (+)= sum_j w[r,j] x[j,0..C) for `rows` rows; w[r,j] is at w[r*wr + j*wj].
 * Each sum in the order of j. */
static inline __attribute__((always_inline)) void few_rows(const bool add, const size_t rows,
                                                           const float *w, size_t wr, size_t wj,
                                                           size_t n, const float *x, size_t ldx,
                                                           float *y, size_t ldy, size_t C)
{
    size_t c = 0, whole = C / LANES * LANES;
    for (; c + 4 * REG <= whole; c += 4 * REG)
        sums_of(add, rows, 4, w, wr, wj, n, x + c, ldx, y + c, ldy);
    if (c + 2 * REG <= whole) {
        sums_of(add, rows, 2, w, wr, wj, n, x + c, ldx, y + c, ldy);
        c += 2 * REG;
    }
    if (c + REG <= whole) {
        sums_of(add, rows, 1, w, wr, wj, n, x + c, ldx, y + c, ldy);
        c += REG;
    }
    for (; c < C; c++)
        for (size_t r = 0; r < rows; r++) {
            float sum = add ? y[r * ldy + c] : 0;
            for (size_t j = 0; j < n; j++)
                sum += w[r * wr + j * wj] * x[j * ldx + c];
            y[r * ldy + c] = sum;
        }
}

/* at_once - rows that are summed together. One where a few numbers are left of whole lanes: those
 * are summed as the compiler likes, which for other lengths is in other bits (LAB_NUMERICS). */
static inline size_t at_once(size_t C)
{
    return REG == LANES || C % LANES == 0 ? ROWS : 1;
}

/* all_rows - the same for any number of rows. weighted_sums - added to y. weighted_sums_new - in
 * its place. */
static inline __attribute__((always_inline)) void all_rows(const bool add, size_t rows,
                                                           const float *w, size_t wr, size_t wj,
                                                           size_t n, const float *x, size_t ldx,
                                                           float *y, size_t ldy, size_t C)
{
    if (at_once(C) == ROWS)
        for (; rows >= ROWS; rows -= ROWS, w += ROWS * wr, y += ROWS * ldy)
            few_rows(add, ROWS, w, wr, wj, n, x, ldx, y, ldy, C);
    for (; rows > 0; rows--, w += wr, y += ldy)
        few_rows(add, 1, w, wr, wj, n, x, ldx, y, ldy, C);
}

static void weighted_sums(size_t rows, const float *w, size_t wr, size_t wj, size_t n,
                          const float *x, size_t ldx, float *y, size_t ldy, size_t C)
{
    all_rows(true, rows, w, wr, wj, n, x, ldx, y, ldy, C);
}

static void weighted_sums_new(size_t rows, const float *w, size_t wr, size_t wj, size_t n,
                              const float *x, size_t ldx, float *y, size_t ldy, size_t C)
{
    all_rows(false, rows, w, wr, wj, n, x, ldx, y, ldy, C);
}

struct span {
    size_t q0, nq, k0, nk;
};

static inline struct span span_of(const struct attn_shape *s, size_t seq)
{
    struct span p = {(size_t)s->q_starts[seq], (size_t)(s->q_starts[seq + 1] - s->q_starts[seq]),
                     (size_t)s->kv_starts[seq],
                     (size_t)(s->kv_starts[seq + 1] - s->kv_starts[seq])};
    BUG_ON(p.nq > p.nk);
    return p;
}

/* seen - keys [*first, *end) of the span that its i-th query sees, as far as they are in [j0, j1);
 * *first >= *end where none is. */
static inline void seen(const struct attn_shape *s, const struct span *p, size_t i, size_t j0,
                        size_t j1, size_t *first, size_t *end)
{
    size_t last = p->nk - p->nq + i + 1,
           from = s->window && last > s->window ? last - s->window : 0;
    *first = from > j0 ? from : j0;
    *end = last < j1 ? last : j1;
}

/* lanes_of - n numbers in lanes. row_of - as many floats as a row of n has in a transposed block:
 * an odd number of lanes. */
static inline size_t lanes_of(size_t n)
{
    return (n + LANES - 1) / LANES;
}

static inline size_t row_of(size_t n)
{
    return (lanes_of(n) | 1) * LANES;
}

static inline size_t block_keys(const struct attn_shape *s)
{
    size_t most = BLOCK / s->D / LANES, n;
    BUG_ON(most == 0);
    n = (most % 2 ? most : most - 1) * LANES;
    return n < KEYS ? n : KEYS;
}

#if defined __AVX512F__ && defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SQUARES /* 16 x 16 numbers are transposed in registers */
#endif
#endif

#ifdef SQUARES
/* The numbers of two registers in turn, one, two, four or eight at a time, of their first and of
 * their second halves. */
#define TURN_1(a, b, at)                                                                           \
    __builtin_shufflevector(a, b, at, at + 16, at + 1, at + 17, at + 2, at + 18, at + 3, at + 19,  \
                            at + 4, at + 20, at + 5, at + 21, at + 6, at + 22, at + 7, at + 23)

/* square_transpose - four times: register i of the result's are registers i and i + 8 in turn, so
 * that after four rounds number (i,j) is at (j,i). */
static inline void square_transpose(reg r[LANES])
{
    reg t[LANES];
    for (size_t round = 0; round < 4; round++) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++) {
            t[2 * i] = TURN_1(r[i], r[i + 8], 0);
            t[2 * i + 1] = TURN_1(r[i], r[i + 8], 8);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < LANES; i++)
            r[i] = t[i];
    }
}
#endif

/* transpose - rows [0, n) of x as columns of t [D, ldt]; columns up to the next multiple of LANES
 * are 0. */
static void transpose(const struct attn_shape *s, size_t n, const float *x, size_t ldx, float *t,
                      size_t ldt)
{
    size_t c0 = 0;
#ifdef SQUARES
    for (; c0 + LANES <= s->D; c0 += LANES)
        for (size_t j0 = 0; j0 < n; j0 += LANES) {
            reg r[LANES];
            for (size_t j = 0; j < LANES; j++)
                r[j] = j0 + j < n ? reg_load(x + (j0 + j) * ldx + c0) : reg_zero;
            square_transpose(r);
            for (size_t c = 0; c < LANES; c++)
                *(reg_at *)(t + (c0 + c) * ldt + j0) = r[c];
        }
#endif
    for (size_t c = c0; c < s->D; c++) {
        for (size_t j = n; j < lanes_of(n) * LANES; j++)
            t[c * ldt + j] = 0;
        for (size_t j = 0; j < n; j++)
            t[c * ldt + j] = x[j * ldx + c];
    }
}

/* products - out[r,0..n) = a[r,:] . columns of t for each of `rows` rows; out's rows are LD apart
 * and written up to a whole lane. */
static void products(const struct attn_shape *s, size_t rows, const float *a, size_t lda,
                     const float *t, size_t ldt, size_t n, float *out)
{
    weighted_sums_new(rows, a, lda, 1, s->D, t, ldt, out, LD, lanes_of(n) * LANES);
}

/* met - up to where the i-th query of a span sees the keys [j0, j0 + n): those behind have weight 0
 * for it and for the queries before it. reach - the same for a block of queries; 0 where the window
 * of its first has passed the keys. */
static inline size_t met(const struct attn_shape *s, const struct span *p, size_t i, size_t j0,
                         size_t n)
{
    size_t first, end;
    seen(s, p, i, j0, j0 + n, &first, &end);
    return end > j0 ? end - j0 : 0;
}

static inline size_t reach(const struct attn_shape *s, const struct span *p, size_t i0, size_t rows,
                           size_t j0, size_t n)
{
    size_t first, end;
    seen(s, p, i0, j0, j0 + n, &first, &end);
    return first < j0 + n ? met(s, p, i0 + rows - 1, j0, n) : 0;
}

static size_t attention_work(const struct attn_shape *s)
{
    size_t work = 0;
    for (size_t i = 0; i < s->S; i++)
        work += (size_t)(s->q_starts[i + 1] - s->q_starts[i]) *
                (size_t)(s->kv_starts[i + 1] - s->kv_starts[i]);
    return work * s->H;
}

/* rows of a head: of a span's first query, and of its first key */
struct head_rows {
    const float *q, *k, *v, *y, *lse, *dy;
    float *dq, *dk, *dv;
};

/* running - of the keys that each query of a block has met. */
struct running {
    float most[QUERIES], sum[QUERIES];
};

/* by_lane - a loop over n numbers of a row in whole lanes (what lies behind n is there, and is no
 * number of the row): so short rows have no remainder that is done one by one. k counts within, j
 * from the row's beginning. */
#define by_lane(j, n)                                                                              \
    for (size_t j##_at = 0; j##_at < (n); j##_at += LANES)                                         \
        for (size_t k = 0, j = j##_at; k < LANES; k++, j++)

/* probabilities - scores [rows,LD] of queries i0.. against keys j0..j0+n become exp(score - most),
 * 0 where a key is not seen; y, and the sum, shrink to the new most. */
static void probabilities(const struct attn_shape *s, const struct span *p, size_t i0, size_t rows,
                          size_t j0, size_t n, float *score, struct running *run, float *y)
{
    float by = (float)s->scale;
    for (size_t r = 0; r < rows; r++) {
        float *z = score + r * LD, tops[LANES], parts[LANES] = {0}, top = run->most[r];
        size_t first, end;
        seen(s, p, i0 + r, j0, j0 + n, &first, &end);
        bool any = first < end;
        first = any ? first - j0 : 0;
        end = any ? end - j0 : 0;
        for (size_t k = 0; k < LANES; k++)
            tops[k] = top;
        by_lane(j, n)
        {
            z[j] = j >= first && j < end ? z[j] * by : -INFINITY;
            tops[k] = z[j] > tops[k] ? z[j] : tops[k];
        }
        for (size_t k = 0; k < LANES; k++)
            top = tops[k] > top ? tops[k] : top;
        by_lane(j, n)
        {
            z[j] = j >= first && j < end ? exp_f32(z[j] - top) : 0.0f;
            parts[k] += z[j];
        }
        for (size_t half = LANES / 2; half; half /= 2)
            for (size_t k = 0; k < half; k++)
                parts[k] += parts[k + half];
        if (!any)
            continue;
        float shrink = exp_f32(run->most[r] - top);
        for (size_t c = 0; j0 && c < s->D; c++)
            y[r * s->ldy + c] *= shrink;
        run->sum[r] = run->sum[r] * shrink + parts[0];
        run->most[r] = top;
    }
}

/* queries_fwd - queries [i0, i0 + rows) of a span, at most QUERIES, of one head meet keys
 * [j0, j0 + n), transposed in t. y: of query i0. */
static void queries_fwd(const struct attn_shape *s, const struct span *p, size_t i0, size_t rows,
                        size_t j0, size_t n, const float *t, size_t ldt, const struct head_rows *h,
                        struct running *run, float *y)
{
    float score[QUERIES * LD];
    size_t most = at_once(s->D);
    products(s, rows, h->q + i0 * s->ldq, s->ldq, t, ldt, n, score);
    probabilities(s, p, i0, rows, j0, n, score, run, y);
    for (size_t r = 0, some; r < rows; r += some) {
        some = rows - r < most ? rows - r : most;
        weighted_sums(some, score + r * LD, LD, 1, met(s, p, i0 + r + some - 1, j0, n),
                      h->v + j0 * s->ldv, s->ldv, y + r * s->ldy, s->ldy, s->D);
    }
}

/* band_fwd - queries [i0, i0 + rows) of a span, at most BAND, for the `group` heads that share its
 * keys and values: each block of keys is transposed once for all of them. y, lse: of query i0. */
static void band_fwd(const struct attn_shape *s, const struct span *p, size_t i0, size_t rows,
                     size_t group, const struct head_rows *h, float *y, float *lse)
{
    float t[BLOCK];
    struct running run[MOST_GROUP][BAND / QUERIES];
    size_t keys = block_keys(s);
    for (size_t g = 0; g < group; g++)
        for (size_t r = 0; r < rows; r++) {
            run[g][r / QUERIES].most[r % QUERIES] = -INFINITY;
            run[g][r / QUERIES].sum[r % QUERIES] = 0;
            memset(y + r * s->ldy + g * s->D, 0, s->D * sizeof *y);
        }
    for (size_t j0 = 0; j0 < p->nk; j0 += keys) {
        size_t n = reach(s, p, i0, rows, j0, p->nk - j0 < keys ? p->nk - j0 : keys);
        if (!n)
            continue;
        transpose(s, n, h->k + j0 * s->ldk, s->ldk, t, row_of(n));
        for (size_t g = 0; g < group; g++) {
            struct head_rows head = *h;
            head.q += g * s->D;
            for (size_t i = 0; i < rows; i += QUERIES) {
                size_t some = rows - i < QUERIES ? rows - i : QUERIES;
                size_t met_by = reach(s, p, i0 + i, some, j0, n);
                if (met_by)
                    queries_fwd(s, p, i0 + i, some, j0, met_by, t, row_of(n), &head,
                                &run[g][i / QUERIES], y + i * s->ldy + g * s->D);
            }
        }
    }
    for (size_t g = 0; g < group; g++)
        for (size_t r = 0; r < rows; r++) {
            const struct running *of = &run[g][r / QUERIES];
            float share = 1.0f / of->sum[r % QUERIES];
            for (size_t c = 0; c < s->D; c++)
                y[r * s->ldy + g * s->D + c] *= share;
            lse[r * s->H + g] = of->most[r % QUERIES] + logf(of->sum[r % QUERIES]);
        }
}

static void attention_fwd(struct dev *d, const struct attn_shape *s, const float *q, const float *k,
                          const float *v, float *y, float *lse)
{
    (void)d;
    size_t group = s->H / s->Hkv;
#pragma omp parallel for collapse(2) schedule(dynamic) if (attention_work(s) > WORTH_THREADS / 16)
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t kv = 0; kv < s->Hkv; kv++) {
            struct span p = span_of(s, seq);
            for (size_t i = 0; i < p.nq; i += BAND)
                for (size_t g = 0; g < group; g += MOST_GROUP) {
                    size_t h = kv * group + g,
                           heads = group - g < MOST_GROUP ? group - g : MOST_GROUP;
                    struct head_rows r = {.q = q + p.q0 * s->ldq + h * s->D,
                                          .k = k + p.k0 * s->ldk + kv * s->D,
                                          .v = v + p.k0 * s->ldv + kv * s->D};
                    band_fwd(s, &p, i, p.nq - i < BAND ? p.nq - i : BAND, heads, &r,
                             y + (p.q0 + i) * s->ldy + h * s->D, lse + (p.q0 + i) * s->H + h);
                }
        }
}

/* queries_bwd - queries [i0, i0 + rows) of a span and keys [j0, j0 + n) of one head, both
 * transposed blocks given: dq, dk, dv are added to. */
static void queries_bwd(const struct attn_shape *s, const struct span *p, size_t i0, size_t rows,
                        size_t j0, size_t n, const float *kt, const float *vt, size_t ldt,
                        const struct head_rows *r)
{
    float prob[QUERIES * LD], ds[QUERIES * LD], by = (float)s->scale;
    size_t back = p->nk - p->nq, most = at_once(s->D);
    for (size_t i = i0; i < i0 + rows; i++) { /* of a forward long ago: all at once from memory */
        ahead(r->q + i * s->ldq, s->D);
        ahead(r->y + i * s->ldy, s->D);
    }
    products(s, rows, r->q + i0 * s->ldq, s->ldq, kt, ldt, n, prob);
    products(s, rows, r->dy + i0 * s->ldy, s->ldy, vt, ldt, n, ds);
    for (size_t i = 0; i < rows; i++) {
        const float *dyi = r->dy + (i0 + i) * s->ldy;
        float *pi = prob + i * LD, *di = ds + i * LD;
        float delta = dot(dyi, r->y + (i0 + i) * s->ldy, s->D), lse = r->lse[(i0 + i) * s->H];
        size_t first, end;
        seen(s, p, i0 + i, j0, j0 + n, &first, &end);
        by_lane(j, n)
        {
            float x = j + j0 >= first && j + j0 < end ? exp_f32(pi[j] * by - lse) : 0.0f;
            pi[j] = x;
            di[j] = x * (di[j] - delta) * by;
        }
    }
    for (size_t i = 0, some; i < rows; i += some) {
        some = rows - i < most ? rows - i : most;
        weighted_sums(some, ds + i * LD, LD, 1, met(s, p, i0 + i + some - 1, j0, n),
                      r->k + j0 * s->ldk, s->ldk, r->dq + (i0 + i) * s->ldq, s->ldq, s->D);
    }
    for (size_t j = 0, some; j < n; j += some) {
        some = n - j < most ? n - j : most;
        /* the first query that sees key j0 + j */
        size_t from = j0 + j > back + i0 ? j0 + j - back - i0 : 0, at = i0 + from;
        if (from >= rows)
            break;
        weighted_sums(some, ds + from * LD + j, 1, LD, rows - from, r->q + at * s->ldq, s->ldq,
                      r->dk + (j0 + j) * s->ldk, s->ldk, s->D);
        weighted_sums(some, prob + from * LD + j, 1, LD, rows - from, r->dy + at * s->ldy, s->ldy,
                      r->dv + (j0 + j) * s->ldv, s->ldv, s->D);
    }
}

/* heads_bwd - the `group` heads that share a key/value head, whose gradients come from all of them,
 * in order. */
static void heads_bwd(const struct attn_shape *s, const struct span *p, size_t group,
                      const struct head_rows *h)
{
    float kt[BLOCK], vt[BLOCK];
    size_t keys = block_keys(s);
    for (size_t i = 0; i < p->nq; i++)
        memset(h->dq + i * s->ldq, 0, group * s->D * sizeof *h->dq);
    for (size_t j = 0; j < p->nk; j++) {
        memset(h->dk + j * s->ldk, 0, s->D * sizeof *h->dk);
        memset(h->dv + j * s->ldv, 0, s->D * sizeof *h->dv);
    }
    for (size_t j = 0; j < p->nk; j += keys) {
        size_t n = p->nk - j < keys ? p->nk - j : keys;
        transpose(s, n, h->k + j * s->ldk, s->ldk, kt, row_of(n));
        transpose(s, n, h->v + j * s->ldv, s->ldv, vt, row_of(n));
        for (size_t g = 0; g < group; g++) {
            struct head_rows r = *h;
            r.q += g * s->D, r.y += g * s->D, r.dy += g * s->D, r.dq += g * s->D, r.lse += g;
            for (size_t i = 0; i < p->nq; i += QUERIES) {
                size_t rows = p->nq - i < QUERIES ? p->nq - i : QUERIES;
                size_t some = reach(s, p, i, rows, j, n);
                if (some)
                    queries_bwd(s, p, i, rows, j, some, kt, vt, row_of(n), &r);
            }
        }
    }
}

static void attention_bwd(struct dev *d, const struct attn_shape *s, const float *q, const float *k,
                          const float *v, const float *y, const float *lse, const float *dy,
                          float *dq, float *dk, float *dv)
{
    (void)d;
    size_t group = s->H / s->Hkv;
#pragma omp parallel for collapse(2) schedule(dynamic) if (attention_work(s) > WORTH_THREADS / 16)
    for (size_t seq = 0; seq < s->S; seq++)
        for (size_t kv = 0; kv < s->Hkv; kv++) {
            struct span p = span_of(s, seq);
            size_t qat = p.q0 * s->ldq + kv * group * s->D, yat = p.q0 * s->ldy + kv * group * s->D;
            size_t kat = p.k0 * s->ldk + kv * s->D, vat = p.k0 * s->ldv + kv * s->D;
            struct head_rows r = {
                q + qat,  k + kat,  v + vat,  y + yat, lse + p.q0 * s->H + kv * group,
                dy + yat, dq + qat, dk + kat, dv + vat};
            heads_bwd(s, &p, group, &r);
        }
}
