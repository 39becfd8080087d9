/* clang-format off
 * gemm_bf16.c - matrix products with operands rounded to bf16 and sums in f32, for processors with
 * AVX-512 BF16.
 *
 *     c [M,N] (+)= bf16(op(a)) . bf16(op(b)); a and b are f32 in memory, as they lie
 *
 *     a --pack--> panels of MR rows, pairs as a has them side by side: [M/MR][MR][KC], or, of a
 *                 transposed a, [M/MR][KC][MR], some abreast: all threads together
 *     b --pack--> slivers of NR columns, [N/NR][K/2][NR] pairs: each thread its own, in cache
 *     tile: MR x NR sums in registers; for each pair of K, NR/16 loads of b, MR broadcasts of a and
 *           MR*NR/16 vdpbf16ps
 *     runs of slivers are dealt out as threads come for them
 *
 * Rounding happens while packing, which has to read the numbers anyway: there are no bf16 copies of
 * weights to keep or to go stale.
 *
 * Sums:   a number of c is the sum of its blocks of K in order, each in order, whatever M, N and
 *         the number of threads: the rows that share a product do not change each other's bits.
 * Bound:  one or two vdpbf16ps of 64 operations a cycle and core, by processor;
 *         bench_tensor_products has the rates.
 * Source: the loops are those of Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix
 *         Multiplication".
 * clang-format on */
#include "tensor/kernels.h"

#ifdef W2S_BF16
#include "core/mem.h"
#include "core/par.h"

#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <string.h>

#include "tensor/isa_math.inc.h"

#define MR 12  /* rows of a tile: 24 sums, 2 of b and 1 of a fill 27 of 32 registers */
#define NR 32  /* columns of a tile */
#define KC 480 /* pairs of a block of K: a panel of a stays in first-level cache */
#define NC                                                                                         \
    256 /* columns of b that a thread packs at a time: KC x NC pairs stay in second-level cache */
#define MC                                                                                         \
    2064 /* rows of a that are packed at a time: the 2,048 tokens of a piece, in whole panels */
#define AHEAD                                                                                      \
    8 /* pairs by which b is fetched before it is needed: the processor's own foresight does not   \
         cross from sliver to sliver */
#define ABREAST 4 /* panels of a transposed a that are packed side by side: whole lines of a */
#define SOON    8 /* rows by which an operand is fetched whose pairs lie across rows, likewise */
#define LANES   16
#define PAIR_OF 2
#define LINE    64
#define PAST    ((size_t)1 << 16) /* numbers of c from which it pays to go past the caches */

typedef uint32_t pair; /* bf16 of an even k in the low half, of the next in the high half */

struct gemm_bf16 {
    pair *a[2]; /* two, so that one is packed while a slower thread still reads the other */
    pair **b;   /* [threads] */
    size_t threads;
    atomic_size_t next[2]; /* work of a block that is not taken yet, as the panels in turn */
};

/* gate - what becomes of gates, the first N / 2 columns of a product, and of what they let through,
 * the others: y [M,N/2] = f(gates) * others. A sliver is then 16 columns of either. */
struct gate {
    enum act act;
    bool keep; /* c is wanted too */
    float *y;
};

struct product {
    bool ta, tb, accumulate, past; /* past: the caches, where sums are made in one block of K */
    size_t M, N, K, lda, ldb, ldc;
    const float *a, *b;
    float *c;
    const struct gate *gate; /* or NULL */
};

/* into - where sums go: over what is there; added to it; over it and past the caches, for what is
 * large and not read soon. */
enum into { INTO_PLACE, INTO_SUM, INTO_MEMORY };

/* sums - c [rows,NR] (+)= a panel times a sliver over kc pairs; pair k of row i of the panel is at
 * a[i * ai + k * ak]. `rows`, ai and ak are constants where it is inlined. */
static inline __attribute__((always_inline)) void sums(const size_t rows, const size_t ai,
                                                       const size_t ak, size_t kc, const pair *a,
                                                       const pair *b, float *c, size_t ldc,
                                                       enum into into)
{
    __m512 s[MR][2];
    for (size_t i = 0; i < rows; i++) {
        s[i][0] = s[i][1] = _mm512_setzero_ps();
        if (into == INTO_MEMORY)
            continue;
        __builtin_prefetch(c + i * ldc, 1);
        __builtin_prefetch(c + i * ldc + LANES, 1);
    }
    for (size_t k = 0; k < kc; k++) {
        __m512bh b0 = (__m512bh)_mm512_load_si512(b + k * NR),
                 b1 = (__m512bh)_mm512_load_si512(b + k * NR + LANES);
        __builtin_prefetch(b + (k + AHEAD) * NR);
        __builtin_prefetch(b + (k + AHEAD) * NR + LANES);
#pragma GCC unroll 12
        for (size_t i = 0; i < rows; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i * ai + k * ak]);
            s[i][0] = _mm512_dpbf16_ps(s[i][0], x, b0);
            s[i][1] = _mm512_dpbf16_ps(s[i][1], x, b1);
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < 2; j++) {
            float *at = c + i * ldc + j * LANES;
            if (into == INTO_MEMORY)
                _mm512_stream_ps(at, s[i][j]);
            else if (into == INTO_SUM)
                _mm512_storeu_ps(at, _mm512_add_ps(_mm512_loadu_ps(at), s[i][j]));
            else
                _mm512_storeu_ps(at, s[i][j]);
        }
}

/* tile_of - the same for a tile that may hang over the edge of c. */
static inline __attribute__((always_inline)) void tile_of(const size_t ai, const size_t ak,
                                                          size_t rows, size_t cols, size_t kc,
                                                          const pair *a, const pair *b, float *c,
                                                          size_t ldc, enum into into)
{
    float whole[MR * NR] __attribute__((aligned(64)));
    if (rows == MR && cols == NR) {
        sums(MR, ai, ak, kc, a, b, c, ldc, into);
        return;
    }
    if (rows <= 4)
        sums(4, ai, ak, kc, a, b, whole, NR, INTO_PLACE);
    else if (rows <= 8)
        sums(8, ai, ak, kc, a, b, whole, NR, INTO_PLACE);
    else
        sums(MR, ai, ak, kc, a, b, whole, NR, INTO_PLACE);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            c[i * ldc + j] =
                into == INTO_SUM ? c[i * ldc + j] + whole[i * NR + j] : whole[i * NR + j];
}

/* tile_rows, tile_columns - of a panel that pack_panel_rows, pack_panel_columns made. */
static void tile_rows(size_t rows, size_t cols, size_t kc, const pair *a, const pair *b, float *c,
                      size_t ldc, enum into into)
{
    tile_of(KC, 1, rows, cols, kc, a, b, c, ldc, into);
}

static void tile_columns(size_t rows, size_t cols, size_t kc, const pair *a, const pair *b,
                         float *c, size_t ldc, enum into into)
{
    tile_of(1, MR, rows, cols, kc, a, b, c, ldc, into);
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* pairs_along - 16 pairs of 32 numbers in a row. pairs_across - 16 pairs of two rows, 0 but for the
 * lanes `of`; y may be NULL: zeros. pair_of - one. */
static inline __m512i pairs_along(const float *x)
{
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + LANES), _mm512_loadu_ps(x));
}

static inline __m512i pairs_across(__mmask16 of, const float *x, const float *y)
{
    __m512 even = _mm512_maskz_loadu_ps(of, x),
           odd = y ? _mm512_maskz_loadu_ps(of, y) : _mm512_setzero_ps();
    __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
    __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

/* first - of the first n lanes. */
static inline __mmask16 first(size_t n)
{
    return (__mmask16)(n < LANES ? (1u << n) - 1 : 0xffff);
}

static inline pair pair_of(float x, float y)
{
    return (pair)_mm_cvtsi128_si32((__m128i)_mm_cvtneps_pbh(_mm_setr_ps(x, y, 0, 0)));
}

/* transpose_16 - a 16 x 16 matrix of pairs in 16 registers: by pairs, by fours, by halves, by
 * quarters. */
static inline void transpose_16(__m512i r[LANES])
{
    __m512i t[LANES];
    for (size_t i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (size_t i = 0; i < 4; i++) {
        r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 4; j++) {
            t[8 * i + j] = _mm512_shuffle_i32x4(r[8 * i + j], r[8 * i + 4 + j], 0x88);
            t[8 * i + 4 + j] = _mm512_shuffle_i32x4(r[8 * i + j], r[8 * i + 4 + j], 0xdd);
        }
    for (size_t j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88);
        r[8 + j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xdd);
    }
}

/* pack_rows - W rows, whole lanes (R of them there, the others 0) over n numbers of K as [n/2][NR]
 * pairs; number (r,k) is x[r*ld + k]. What is packed next lies W rows on. */
static inline __attribute__((always_inline)) void pack_rows(const size_t W, size_t R, size_t n,
                                                            const float *x, size_t ld, pair *out)
{
    size_t k = 0, count = (n + 1) / PAIR_OF;
    for (; (k + LANES) * PAIR_OF <= n; k += LANES)
        for (size_t r0 = 0; r0 < W; r0 += LANES) {
            __m512i v[LANES];
            for (size_t r = 0; r < LANES; r++) {
                const float *at = x + (r0 + r) * ld + k * PAIR_OF;
                v[r] = r0 + r < R ? pairs_along(at) : _mm512_setzero_si512();
                __builtin_prefetch(at + W * ld, 0, 2);
                __builtin_prefetch(at + W * ld + LANES, 0, 2);
            }
            transpose_16(v);
            for (size_t i = 0; i < LANES; i++)
                _mm512_storeu_si512(out + (k + i) * NR + r0, v[i]);
        }
    for (; k < count; k++)
        for (size_t r = 0; r < W; r++) {
            const float *at = x + r * ld + k * PAIR_OF;
            out[k * NR + r] = r < R ? pair_of(at[0], k * PAIR_OF + 1 < n ? at[1] : 0.0f) : 0;
        }
}

/* pack_columns - the same of NR rows where number (r,k) is x[k*ld + r]. */
static void pack_columns(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    for (size_t k = 0; k < (n + 1) / PAIR_OF; k++) {
        const float *even = x + k * PAIR_OF * ld, *odd = k * PAIR_OF + 1 < n ? even + ld : NULL;
        for (size_t r = 0; r < NR; r += LANES) {
            __builtin_prefetch(even + SOON * ld + r);
            __builtin_prefetch(even + (SOON + 1) * ld + r);
            _mm512_storeu_si512(out + k * NR + r, pairs_across(first(r < R ? R - r : 0), even + r,
                                                               odd ? odd + r : NULL));
        }
    }
}

/* pack_panel_rows - R rows of n numbers, and rows of 0 up to MR, as [MR][KC] pairs. */
static void pack_panel_rows(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    for (size_t r = 0; r < MR; r++, x += ld, out += KC) {
        size_t k = 0;
        if (r >= R) {
            memset(out, 0, (n + 1) / PAIR_OF * sizeof *out);
            continue;
        }
        for (; (k + LANES) * PAIR_OF <= n; k += LANES)
            _mm512_storeu_si512(out + k, pairs_along(x + k * PAIR_OF));
        for (; k < (n + 1) / PAIR_OF; k++)
            out[k] = pair_of(x[k * PAIR_OF], k * PAIR_OF + 1 < n ? x[k * PAIR_OF + 1] : 0.0f);
    }
}

/* pack_panels_columns - panels of a transposed a over R of its columns and n numbers of K, as
 * [panels][n/2][MR] pairs, MR * KC apart: pair by pair across all of them, as a's rows lie. */
static void pack_panels_columns(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    for (size_t k = 0; k < (n + 1) / PAIR_OF; k++) {
        const float *even = x + k * PAIR_OF * ld, *odd = k * PAIR_OF + 1 < n ? even + ld : NULL;
        pair *to = out + k * MR;
        for (size_t r = 0; r < R; r += LANES) {
            __builtin_prefetch(even + SOON * ld + r);
            __builtin_prefetch(even + (SOON + 1) * ld + r);
        }
        for (size_t r = 0; r < R; r += MR, to += MR * KC)
            _mm512_mask_storeu_epi32(
                to, first(MR),
                pairs_across(first(smaller(R - r, MR)), even + r, odd ? odd + r : NULL));
    }
}

static inline size_t tiles(size_t n, size_t each)
{
    return (n + each - 1) / each;
}

/* row_groups - into how many groups a block's panels are cut: as many as leave the largest share of
 * one thread smallest, were all equally fast; of equals the fewest, which pack b less often. */
static size_t row_groups(const struct product *p, size_t threads)
{
    size_t best = SIZE_MAX, groups = 1;
    for (size_t g = 1; g <= threads; g++) {
        if (threads % g)
            continue;
        size_t most = tiles(tiles(p->M, MR), g) * tiles(tiles(p->N, NR), threads / g);
        if (most < best) {
            best = most;
            groups = g;
        }
    }
    return groups;
}

/* Work of one thread: slivers [from, to) of the panels of a row group. */
struct run {
    size_t group, from, to;
};

/* run_take - the next of a block's groups x slivers, in runs that become shorter towards the end:
 * a thread that is held up, or a slower core, takes fewer. False: none is left. */
static bool run_take(atomic_size_t *next, size_t groups, size_t slivers, size_t threads,
                     struct run *r)
{
    size_t all = groups * slivers, at = atomic_load(next), n;
    do {
        if (at >= all)
            return false;
        n = smaller((all - at) / (2 * threads), NC / NR);
        n = smaller(n ? n : 1, slivers - at % slivers);
    } while (!atomic_compare_exchange_weak(next, &at, at + n));
    *r = (struct run){at / slivers, at % slivers, at % slivers + n};
    return true;
}

/* Where a block lies: rows [i0, i0 + m), n numbers of K from k0. */
struct block {
    size_t i0, m, k0, n;
};

/* panels_pack - the share of one of `threads`. */
static void panels_pack(const struct product *p, const struct block *at, size_t t, size_t threads,
                        pair *a)
{
    size_t panels = tiles(at->m, MR), from = panels * t / threads, to = panels * (t + 1) / threads,
           step = p->ta ? ABREAST : 1;
    for (size_t i = from; i < to; i += step) {
        size_t r = at->i0 + i * MR, rows = smaller(at->m, smaller(i + step, to) * MR) - i * MR;
        pair *panel = a + i * MR * KC;
        if (p->ta)
            pack_panels_columns(rows, at->n, p->a + at->k0 * p->lda + r, p->lda, panel);
        else
            pack_panel_rows(rows, at->n, p->a + r * p->lda + at->k0, p->lda, panel);
    }
}

/* sliver_pack - sliver j of b. */
static void sliver_pack(const struct product *p, const struct block *at, size_t j, pair *out)
{
    size_t R = smaller(p->N - j * NR, NR), from = j * NR;
    if (p->gate) {
        const float *x = p->b + j * LANES * p->ldb + at->k0;
        pack_rows(LANES, LANES, at->n, x, p->ldb, out);
        pack_rows(LANES, LANES, at->n, x + p->N / 2 * p->ldb, p->ldb, out + LANES);
    } else if (p->tb) {
        pack_rows(NR, R, at->n, p->b + from * p->ldb + at->k0, p->ldb, out);
    } else {
        pack_columns(R, at->n, p->b + at->k0 * p->ldb + from, p->ldb, out);
    }
}

/* gate_rows - a tile's sums, gates and others, to y; `a` is a constant where it is inlined. */
static inline __attribute__((always_inline)) void gate_rows(const enum act a, size_t rows,
                                                            const float *tile, float *y, size_t ldy)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < LANES; j++)
            y[i * ldy + j] = act_value(a, tile[i * NR + j]) * tile[i * NR + LANES + j];
}

/* tile_gated - rows [i, i + rows) of sliver j. */
static void tile_gated(const struct product *p, size_t i, size_t rows, size_t j, size_t kc,
                       const pair *a, const pair *b)
{
    float tile[MR * NR] __attribute__((aligned(64)));
    size_t half = p->N / 2;
    float *y = p->gate->y + i * half + j * LANES, *c = p->c + i * p->ldc + j * LANES;
    tile_rows(rows, NR, kc, a, b, tile, NR, INTO_PLACE);
#define ROWS_OF(A) gate_rows(A, rows, tile, y, half);
    BY_ACT(p->gate->act, ROWS_OF)
#undef ROWS_OF
    for (size_t r = 0; p->gate->keep && r < rows; r++)
        for (size_t at = 0; at < 2; at++) {
            __m512 x = _mm512_load_ps(tile + r * NR + at * LANES);
            if (p->past)
                _mm512_stream_ps(c + r * p->ldc + at * half, x);
            else
                _mm512_storeu_ps(c + r * p->ldc + at * half, x);
        }
}

/* run_tiles - pack a run's slivers in b, and make its tiles with the panels in a. */
static void run_tiles(const struct product *p, const struct block *at, const struct run *r,
                      size_t groups, const pair *a, pair *b)
{
    size_t kc = tiles(at->n, PAIR_OF), panels = tiles(at->m, MR), j0 = r->from * NR,
           w = smaller(p->N, r->to * NR) - j0;
    enum into into = p->accumulate || at->k0    ? INTO_SUM
                     : p->past && at->n == p->K ? INTO_MEMORY
                                                : INTO_PLACE;
    for (size_t j = r->from; j < r->to; j++)
        sliver_pack(p, at, j, b + (j - r->from) * NR * kc);
    for (size_t i = panels * r->group / groups; i < panels * (r->group + 1) / groups; i++)
        for (size_t j = 0; j < w; j += NR) {
            size_t i0 = at->i0 + i * MR, rows = smaller(at->m - i * MR, MR);
            const pair *panel = a + i * MR * KC, *sliver = b + j * kc;
            if (p->gate)
                tile_gated(p, i0, rows, r->from + j / NR, kc, panel, sliver);
            else
                (p->ta ? tile_columns : tile_rows)(rows, smaller(w - j, NR), kc, panel, sliver,
                                                   p->c + i0 * p->ldc + j0 + j, p->ldc, into);
        }
}

/* product_run - what one of `threads` does of a product. */
static void product_run(struct gemm_bf16 *g, const struct product *p, size_t t, size_t threads)
{
    size_t groups = row_groups(p, threads), slivers = tiles(p->N, NR),
           blocks = tiles(p->K, KC * PAIR_OF),
           kc = tiles(tiles(p->K, blocks), PAIR_OF * LANES) * PAIR_OF * LANES, turn = 0;
    for (size_t i0 = 0; i0 < p->M; i0 += MC)
        for (size_t k0 = 0; k0 < p->K; k0 += kc, turn ^= 1) {
            struct block at = {i0, smaller(p->M - i0, MC), k0, smaller(p->K - k0, kc)};
            struct run r;
            panels_pack(p, &at, t, threads, g->a[turn]);
/* Behind this all threads are done with the block before: its panels make room for those of the
 * next, and its count begins anew. */
#pragma omp barrier
            if (t == 0)
                atomic_store(&g->next[turn ^ 1], 0);
            while (run_take(&g->next[turn], groups, slivers, threads, &r))
                run_tiles(p, &at, &r, groups, g->a[turn], g->b[t]);
            if (p->past)
                _mm_sfence();
        }
}

/* lies_past - whether numbers that are next read when all are there, M x N of them, may be written
 * past the caches. */
static bool lies_past(size_t M, size_t N, const float *c, size_t ldc)
{
    return M * N >= PAST && (uintptr_t)c % LINE == 0 && ldc % LANES == 0;
}

static void team_run(struct gemm_bf16 *g, const struct product *p)
{
    int threads = (int)smaller(g->threads, (size_t)par_threads());
    BUG_ON(p->K == 0);
    atomic_store(&g->next[0], 0);
    atomic_store(&g->next[1], 0);
#pragma omp parallel num_threads(threads)
    {
        BUG_ON((size_t)omp_get_num_threads() > g->threads);
        product_run(g, p, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
    }
}

void gemm_bf16_run(struct gemm_bf16 *g, bool ta, bool tb, size_t M, size_t N, size_t K,
                   const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                   float *c, size_t ldc)
{
    bool past = ta && !accumulate && lies_past(M, N, c, ldc); /* a gradient of weights */
    team_run(g, &(struct product){ta, tb, accumulate, past, M, N, K, lda, ldb, ldc, a, b, c, NULL});
}

bool gemm_bf16_gates(size_t C, size_t K)
{
    return C % LANES == 0 && K <= (size_t)KC * PAIR_OF;
}

void gemm_bf16_run_gated(struct gemm_bf16 *g, enum act act, size_t N, size_t C, size_t K,
                         const float *x, const float *w, bool keep, float *gu, float *y)
{
    struct gate gate = {act, keep, y};
    BUG_ON(!gemm_bf16_gates(C, K));
    team_run(g, &(struct product){.tb = true,
                                  .past = keep && lies_past(N, 2 * C, gu, 2 * C),
                                  .M = N,
                                  .N = 2 * C,
                                  .K = K,
                                  .lda = K,
                                  .ldb = K,
                                  .ldc = 2 * C,
                                  .a = x,
                                  .b = w,
                                  .c = gu,
                                  .gate = &gate});
}

bool gemm_bf16_here(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bf16");
}

void gemm_bf16_close(struct gemm_bf16 *g)
{
    if (!g)
        return;
    for (size_t i = 0; g->b && i < g->threads; i++)
        mem_free(g->b[i]);
    mem_free(g->b);
    mem_free(g->a[0]);
    mem_free(g->a[1]);
    mem_free(g);
}

int gemm_bf16_open(struct gemm_bf16 **out, struct err *e)
{
    struct gemm_bf16 *g = mem_zalloc(1, sizeof *g, e);
    *out = NULL;
    if (!g)
        return e->code;
    g->threads = (size_t)par_threads();
    g->b = mem_zalloc(g->threads, sizeof *g->b, e);
    bool good = g->b != NULL;
    for (size_t i = 0; good && i < 2; i++)
        good = (g->a[i] = mem_alloc((size_t)MC * KC, sizeof *g->a[i], e)) != NULL;
    for (size_t i = 0; good && i < g->threads; i++)
        good = (g->b[i] = mem_alloc((size_t)NC * KC + AHEAD * NR, sizeof **g->b, e)) != NULL;
    if (!good) {
        gemm_bf16_close(g);
        return e->code;
    }
    *out = g;
    return OK;
}

#else /* a program for another processor: gemm_bf16_here is false, and nothing else is called */

bool gemm_bf16_here(void)
{
    return false;
}

int gemm_bf16_open(struct gemm_bf16 **out, struct err *e)
{
    *out = NULL;
    return err_set(e, ERR_INPUT, "this program has no products in bf16");
}

void gemm_bf16_close(struct gemm_bf16 *g)
{
    BUG_ON(g);
}

void gemm_bf16_run(struct gemm_bf16 *g, bool ta, bool tb, size_t M, size_t N, size_t K,
                   const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                   float *c, size_t ldc)
{
    (void)g, (void)ta, (void)tb, (void)M, (void)N, (void)K, (void)a, (void)lda, (void)b, (void)ldb;
    (void)accumulate, (void)c, (void)ldc;
    BUG("products in bf16 were not opened");
}

bool gemm_bf16_gates(size_t C, size_t K)
{
    (void)C, (void)K;
    return false;
}

void gemm_bf16_run_gated(struct gemm_bf16 *g, enum act act, size_t N, size_t C, size_t K,
                         const float *x, const float *w, bool keep, float *gu, float *y)
{
    (void)g, (void)act, (void)N, (void)C, (void)K, (void)x, (void)w, (void)keep, (void)gu, (void)y;
    BUG("products in bf16 were not opened");
}
#endif
