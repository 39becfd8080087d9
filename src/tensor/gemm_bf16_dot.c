/* clang-format off
 * gemm_bf16_dot.c - tiles of products in bf16 by vdpbf16ps.
 *
 *     tile: MR x NR sums in registers; for each pair of K, NR/16 loads of b, MR broadcasts of a and
 *           MR*NR/16 vdpbf16ps
 *     panel: MR rows, pairs as a has them side by side, [MR][KC], or, of a transposed a, [KC][MR]
 *
 * Bound: one or two vdpbf16ps of 64 operations a cycle and core, by processor.
 * clang-format on */
#ifdef W2S_BF16
#include "tensor/gemm_bf16.h"

#include <string.h>

#define BLOCK 2064 /* the 2,048 tokens of a piece, in whole panels */
#define MR    12   /* rows of a tile: 24 sums, 2 of b and 1 of a fill 27 of 32 registers */

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

static void tile_sums(bool columns, size_t rows, size_t cols, size_t kc, const pair *a,
                      const pair *b, float *c, size_t ldc, enum into into)
{
    if (columns)
        tile_of(1, MR, rows, cols, kc, a, b, c, ldc, into);
    else
        tile_of(KC, 1, rows, cols, kc, a, b, c, ldc, into);
}

/* pack_panel_rows - R rows of n numbers, and rows of 0 up to MR, as [MR][KC] pairs. */
static void pack_panel_rows(size_t R, size_t n, const float *x, size_t ld, pair *out)
{
    for (size_t r = 0; r < MR; r++, x += ld, out += KC)
        if (r < R)
            row_pack(n, x, out);
        else
            memset(out, 0, (n + 1) / PAIR_OF * sizeof *out);
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

_Static_assert(MR <= TILE_ROWS && BLOCK % MR == 0, "whole panels");

const struct bf16_tiles bf16_tiles_dot = {
    .rows = MR,
    .depth = 1,
    .block = BLOCK,
    .panel_rows = pack_panel_rows,
    .panels_columns = pack_panels_columns,
    .sums = tile_sums,
};
#else
typedef int nothing; /* a program for another processor */
#endif
