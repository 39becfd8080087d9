/* clang-format off
 * gemm_bf16_amx.c - tiles of products in bf16 by AMX, which multiplies 16 x 16 pairs by 16 x 16 at
 * a time.
 *
 *     tile:  32 x NR sums in four registers of AMX; for each 16 pairs of K, two loads of a, two of
 *            b and four tdpbf16ps. b passes by the first-level cache: there the panel lies, which
 *            comes again with the next sliver, as far as it fits (K of 700 or so)
 *     panel: 32 rows, pairs along them, [32][KC], of a transposed a, too
 *
 * Sums:  of 16 pairs, the even and the odd numbers of K each in order, then both; these in order.
 * Bound: one tdpbf16ps of 16,384 operations in 16 cycles and core; what is left is packing.
 * clang-format on */
#ifdef W2S_AMX
#include "tensor/gemm_bf16.h"

#include <cpuid.h>
#include <string.h>
#if defined __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define MR    32
#define DEPTH 16   /* pairs */
#define BLOCK 2048 /* the tokens of a piece */
_Static_assert(MR <= TILE_ROWS && BLOCK % MR == 0 && KC % DEPTH == 0, "whole panels and steps");

/* Registers: sums of both halves of the rows and of the columns; halves of the rows, the columns.
 */
#define SUM00  0
#define SUM01  1
#define SUM10  2
#define SUM11  3
#define ROWS0  4
#define ROWS1  5
#define COLS0  6
#define COLS1  7
#define STRIDE (KC * sizeof(pair))
#define ACROSS (NR * sizeof(pair))

/* As the processor reads it: palette 1, all eight registers of 16 rows of 64 bytes. It is constant
 * because gcc 12 takes its first bytes alone for what the instruction reads. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} config __attribute__((aligned(64))) = {
    1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

_Static_assert(sizeof config == 64, "what ldtilecfg reads");

static void tiles_begin(void)
{
    _tile_loadconfig(&config);
}

static void tiles_end(void)
{
    _tile_release();
}

/* into_registers - `both` halves of the rows, or the first alone. */
static inline __attribute__((always_inline)) void into_registers(const bool both, size_t kc,
                                                                 const pair *a, const pair *b)
{
    /* gcc 12 does not know that tiles are loaded from memory: what was packed has to be there */
    __asm__ volatile("" ::: "memory");
    _tile_zero(SUM00);
    _tile_zero(SUM01);
    if (both) {
        _tile_zero(SUM10);
        _tile_zero(SUM11);
    }
    for (size_t k = 0; k < kc; k += DEPTH) {
        _tile_stream_loadd(COLS0, b + k * NR, ACROSS);
        _tile_stream_loadd(COLS1, b + k * NR + LANES, ACROSS);
        _tile_loadd(ROWS0, a + k, STRIDE);
        _tile_dpbf16ps(SUM00, ROWS0, COLS0);
        _tile_dpbf16ps(SUM01, ROWS0, COLS1);
        if (both) {
            _tile_loadd(ROWS1, a + LANES * KC + k, STRIDE);
            _tile_dpbf16ps(SUM10, ROWS1, COLS0);
            _tile_dpbf16ps(SUM11, ROWS1, COLS1);
        }
    }
}

static inline __attribute__((always_inline)) void from_registers(const bool both, float *c,
                                                                 size_t ldc)
{
    _tile_stored(SUM00, c, ldc * sizeof *c);
    _tile_stored(SUM01, c + LANES, ldc * sizeof *c);
    if (both) {
        _tile_stored(SUM10, c + LANES * ldc, ldc * sizeof *c);
        _tile_stored(SUM11, c + LANES * ldc + LANES, ldc * sizeof *c);
    }
}

static void tile_sums(bool columns, size_t rows, size_t cols, size_t kc, const pair *a,
                      const pair *b, float *c, size_t ldc, enum into into)
{
    float whole[MR * NR] __attribute__((aligned(64)));
    bool both = rows > LANES, direct = into == INTO_PLACE && rows % LANES == 0 && cols == NR;
    float *to = direct ? c : whole;
    size_t ld = direct ? ldc : NR;
    (void)columns; /* the panels of both are alike */
    if (both) {
        into_registers(true, kc, a, b);
        from_registers(true, to, ld);
    } else {
        into_registers(false, kc, a, b);
        from_registers(false, to, ld);
    }
    for (size_t i = 0; !direct && i < rows; i++)
        for (size_t j = 0; j < cols; j += LANES) {
            __mmask16 of = first(cols - j);
            float *at = c + i * ldc + j;
            __m512 x = _mm512_load_ps(whole + i * NR + j);
            if (into == INTO_SUM)
                x = _mm512_add_ps(_mm512_maskz_loadu_ps(of, at), x);
            if (into == INTO_MEMORY && of == 0xffff)
                _mm512_stream_ps(at, x);
            else
                _mm512_mask_storeu_ps(at, of, x);
        }
}

/* panel_rows - with zeros behind R's rows and behind their pairs, up to a multiple of DEPTH. */
static void panel_rows(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    size_t count = (n + 1) / PAIR_OF, whole = (count + DEPTH - 1) / DEPTH * DEPTH;
    for (size_t r = 0; r < MR; r++, x += ld, out += KC) {
        size_t from = r < R ? count : 0;
        if (r < R)
            row_pack(n, x, out);
        memset(out + from, 0, (whole - from) * sizeof *out);
    }
}

/* panels_columns - likewise, but that the lower half of a panel is left as it is where R ends in
 * the upper one: it is not multiplied then. */
static void panels_columns(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    for (size_t k0 = 0; k0 < n; k0 += DEPTH * PAIR_OF)
        for (size_t r0 = 0; r0 < R; r0 += LANES) {
            __mmask16 of = first(R - r0);
            __m512i v[DEPTH];
            for (size_t k = 0; k < DEPTH; k++) {
                size_t at = k0 + k * PAIR_OF;
                const float *even = x + at * ld + r0;
                v[k] = at < n ? pairs_across(of, even, at + 1 < n ? even + ld : NULL)
                              : _mm512_setzero_si512();
                __builtin_prefetch(even + DEPTH * PAIR_OF * ld, 0, 2);
                __builtin_prefetch(even + (DEPTH * PAIR_OF + 1) * ld, 0, 2);
            }
            transpose_16(v);
            for (size_t r = 0; r < LANES; r++)
                _mm512_storeu_si512(out + (r0 + r) * KC + k0 / PAIR_OF, v[r]);
        }
}

/* amx_here - the system lets a process use AMX's registers once it has asked for them. */
static bool amx_here(void)
{
    enum { LEAF = 7, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(LEAF, 0, &a, &b, &c, &d) || !(d & AMX_BF16) || !(d & AMX_TILE))
        return false;
#if defined __linux__
    const long ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

const struct bf16_tiles bf16_tiles_amx = {
    .here = amx_here,
    .rows = MR,
    .depth = DEPTH,
    .block = BLOCK,
    .begin = tiles_begin,
    .end = tiles_end,
    .panel_rows = panel_rows,
    .panels_columns = panels_columns,
    .sums = tile_sums,
};
#else
typedef int nothing; /* a program for another processor */
#endif
