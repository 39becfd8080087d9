/* clang-format off
 * gemm_bf16.c - matrix products with operands rounded to bf16 and sums in f32, for processors with
 * AVX-512 BF16.
 *
 *     c [M,N] (+)= bf16(op(a)) . bf16(op(b)); a and b are f32 in memory, as they lie
 *
 *     a --pack--> panels of a tile's rows, as its instructions want them: all threads together
 *     b --pack--> slivers of NR columns, [N/NR][K/2][NR] pairs: each thread its own, in cache
 *     tile: a panel times a sliver, by AVX-512 (gemm_bf16_dot.c) or AMX (gemm_bf16_amx.c)
 *     runs of slivers are dealt out as threads come for them
 *
 * Rounding happens while packing, which has to read the numbers anyway: there are no bf16 copies of
 * weights to keep or to go stale.
 *
 * Sums:   a number of c is the sum of its blocks of K in order, each as its tile makes it, whatever
 *         M, N and the number of threads: rows of one product do not change each other's bits.
 * Bound:  the tile's instructions, with AMX the packing; bench_tensor_products has the rates.
 * Source: the loops are those of Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix
 *         Multiplication".
 * clang-format on */
#include "tensor/kernels.h"

#ifdef W2S_BF16
#include "core/mem.h"
#include "core/par.h"
#include "tensor/gemm_bf16.h"

#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <string.h>

#include "tensor/isa_math.inc.h"

#define NC                                                                                         \
    256 /* columns of b that a thread packs at a time: KC x NC pairs stay in second-level cache */
#define ABREAST 4 /* panels of a transposed a that are packed side by side: whole lines of a */
#define LINE    64
#define PAST    ((size_t)1 << 16) /* numbers of c from which it pays to go past the caches */

struct gemm_bf16 {
    const struct bf16_tiles *tiles;
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

static inline size_t tiles(size_t n, size_t each)
{
    return (n + each - 1) / each;
}

/* row_groups - into how many groups a block's panels are cut: as many as leave the largest share of
 * one thread smallest, were all equally fast; of equals the fewest, which pack b less often. */
static size_t row_groups(const struct product *p, size_t rows, size_t threads)
{
    size_t best = SIZE_MAX, groups = 1;
    for (size_t g = 1; g <= threads; g++) {
        if (threads % g)
            continue;
        size_t most = tiles(tiles(p->M, rows), g) * tiles(tiles(p->N, NR), threads / g);
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
static void panels_pack(const struct bf16_tiles *how, const struct product *p,
                        const struct block *at, size_t t, size_t threads, pair *a)
{
    size_t panels = tiles(at->m, how->rows), from = panels * t / threads,
           to = panels * (t + 1) / threads, step = p->ta ? ABREAST : 1;
    for (size_t i = from; i < to; i += step) {
        size_t r = at->i0 + i * how->rows,
               rows = smaller(at->m, smaller(i + step, to) * how->rows) - i * how->rows;
        pair *panel = a + i * how->rows * KC;
        if (p->ta)
            how->panels_columns(rows, at->n, p->a + at->k0 * p->lda + r, p->lda, panel);
        else
            how->panel_rows(rows, at->n, p->a + r * p->lda + at->k0, p->lda, panel);
    }
}

/* sliver_pack - sliver j of b, and zeros up to kc pairs. */
static void sliver_pack(const struct product *p, const struct block *at, size_t j, size_t kc,
                        pair *out)
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
    size_t there = tiles(at->n, PAIR_OF);
    memset(out + there * NR, 0, (kc - there) * NR * sizeof *out);
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
static void tile_gated(const struct bf16_tiles *how, const struct product *p, size_t i, size_t rows,
                       size_t j, size_t kc, const pair *a, const pair *b)
{
    float tile[TILE_ROWS * NR] __attribute__((aligned(64)));
    size_t half = p->N / 2;
    float *y = p->gate->y + i * half + j * LANES, *c = p->c + i * p->ldc + j * LANES;
    how->sums(false, rows, NR, kc, a, b, tile, NR, INTO_PLACE);
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
static void run_tiles(const struct bf16_tiles *how, const struct product *p, const struct block *at,
                      const struct run *r, size_t groups, const pair *a, pair *b)
{
    size_t kc = tiles(at->n, PAIR_OF * how->depth) * how->depth, panels = tiles(at->m, how->rows),
           j0 = r->from * NR, w = smaller(p->N, r->to * NR) - j0;
    enum into into = p->accumulate || at->k0    ? INTO_SUM
                     : p->past && at->n == p->K ? INTO_MEMORY
                                                : INTO_PLACE;
    for (size_t j = r->from; j < r->to; j++)
        sliver_pack(p, at, j, kc, b + (j - r->from) * NR * kc);
    for (size_t i = panels * r->group / groups; i < panels * (r->group + 1) / groups; i++)
        for (size_t j = 0; j < w; j += NR) {
            size_t i0 = at->i0 + i * how->rows, rows = smaller(at->m - i * how->rows, how->rows);
            const pair *panel = a + i * how->rows * KC, *sliver = b + j * kc;
            if (p->gate)
                tile_gated(how, p, i0, rows, r->from + j / NR, kc, panel, sliver);
            else
                how->sums(p->ta, rows, smaller(w - j, NR), kc, panel, sliver,
                          p->c + i0 * p->ldc + j0 + j, p->ldc, into);
        }
}

/* product_run - what one of `threads` does of a product. */
static void product_run(struct gemm_bf16 *g, const struct product *p, size_t t, size_t threads)
{
    const struct bf16_tiles *how = g->tiles;
    size_t groups = row_groups(p, how->rows, threads), slivers = tiles(p->N, NR),
           blocks = tiles(p->K, KC * PAIR_OF),
           kc = tiles(tiles(p->K, blocks), PAIR_OF * LANES) * PAIR_OF * LANES, turn = 0;
    if (how->begin)
        how->begin();
    for (size_t i0 = 0; i0 < p->M; i0 += how->block)
        for (size_t k0 = 0; k0 < p->K; k0 += kc, turn ^= 1) {
            struct block at = {i0, smaller(p->M - i0, how->block), k0, smaller(p->K - k0, kc)};
            struct run r;
            panels_pack(how, p, &at, t, threads, g->a[turn]);
/* Behind this all threads are done with the block before: its panels make room for those of the
 * next, and its count begins anew. */
#pragma omp barrier
            if (t == 0)
                atomic_store(&g->next[turn ^ 1], 0);
            while (run_take(&g->next[turn], groups, slivers, threads, &r))
                run_tiles(how, p, &at, &r, groups, g->a[turn], g->b[t]);
            if (p->past)
                _mm_sfence();
        }
    if (how->end)
        how->end();
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

static const struct bf16_tiles *tiles_of(bool amx)
{
#ifdef W2S_AMX
    if (amx)
        return &bf16_tiles_amx;
#endif
    return amx ? NULL : &bf16_tiles_dot;
}

bool gemm_bf16_here(bool amx)
{
    const struct bf16_tiles *how = tiles_of(amx);
    __builtin_cpu_init();
    return how && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bf16") && (!how->here || how->here());
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

int gemm_bf16_open(struct gemm_bf16 **out, bool amx, struct err *e)
{
    struct gemm_bf16 *g = mem_zalloc(1, sizeof *g, e);
    *out = NULL;
    if (!g)
        return e->code;
    g->tiles = tiles_of(amx);
    g->threads = (size_t)par_threads();
    g->b = mem_zalloc(g->threads, sizeof *g->b, e);
    bool good = g->b != NULL;
    for (size_t i = 0; good && i < 2; i++)
        good = (g->a[i] = mem_alloc(g->tiles->block * KC, sizeof *g->a[i], e)) != NULL;
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

bool gemm_bf16_here(bool amx)
{
    (void)amx;
    return false;
}

int gemm_bf16_open(struct gemm_bf16 **out, bool amx, struct err *e)
{
    (void)amx;
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
