/* gemm_bf16.h - between the loops of products in bf16 (gemm_bf16.c) and the instructions that make
 * a tile's sums. For these files alone, which are compiled for AVX-512 BF16. */
#ifndef W2S_TENSOR_GEMM_BF16_H
#define W2S_TENSOR_GEMM_BF16_H

#include "tensor/kernels.h"

#include <immintrin.h>

#define NR 32  /* columns of a tile */
#define KC 480 /* pairs of a block of K: a panel of a stays in the first or second cache */
#define AHEAD                                                                                      \
    8 /* pairs by which b is fetched before it is needed: the processor's own foresight does not   \
         cross from sliver to sliver; behind packed b is room for them */
#define SOON      8 /* rows by which an operand is fetched whose pairs lie across rows, likewise */
#define LANES     16
#define PAIR_OF   2
#define TILE_ROWS 32 /* of any tile, at most */

typedef uint32_t pair; /* bf16 of an even k in the low half, of the next in the high half */

/* into - where sums go: over what is there; added to it; over it and past the caches, for what is
 * large and not read soon. */
enum into { INTO_PLACE, INTO_SUM, INTO_MEMORY };

/* bf16_tiles - what the instructions decide. */
struct bf16_tiles {
    bool (*here)(void); /* what is wanted of processor and system beside AVX-512 BF16; or NULL */
    size_t rows;        /* of a tile, and of a panel of a */
    size_t depth;       /* pairs that are taken at a time: packed operands have zeros up to it */
    size_t block;       /* rows of a that are packed at a time, whole panels of them */
    /* begin, end - around all that a thread sums; or NULL. What begin sets is the thread's to keep:
     * nothing between them may use AMX's registers. */
    void (*begin)(void);
    void (*end)(void);
    /* panel_rows - R rows of n numbers, number (r,k) at x[r*ld + k], as a panel of rows x KC pairs.
     * panels_columns - as many panels as R rows make, number (r,k) at x[k*ld + r]. */
    void (*panel_rows)(size_t R, size_t n, const float *x, size_t ld, pair *out);
    void (*panels_columns)(size_t R, size_t n, const float *x, size_t ld, pair *out);
    /* sums - c [rows,cols] (+)= a panel times a sliver [kc][NR] over kc pairs, a multiple of depth;
     * `columns`: panels_columns made the panel. Where a tile ends changes no number's bits. */
    void (*sums)(bool columns, size_t rows, size_t cols, size_t kc, const pair *a, const pair *b,
                 float *c, size_t ldc, enum into into);
};
extern const struct bf16_tiles bf16_tiles_dot; /* vdpbf16ps */
#ifdef W2S_AMX
extern const struct bf16_tiles bf16_tiles_amx; /* tdpbf16ps */
#endif

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

/* row_pack - n numbers as pairs. */
static inline void row_pack(size_t n, const float *x, pair *out)
{
    size_t k = 0;
    for (; (k + LANES) * PAIR_OF <= n; k += LANES)
        _mm512_storeu_si512(out + k, pairs_along(x + k * PAIR_OF));
    for (; k < (n + 1) / PAIR_OF; k++)
        out[k] = pair_of(x[k * PAIR_OF], k * PAIR_OF + 1 < n ? x[k * PAIR_OF + 1] : 0.0f);
}

#endif
