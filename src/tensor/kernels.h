/* kernels.h - what stands behind the CPU device. Inside tensor only. */
#ifndef W2S_TENSOR_KERNELS_H
#define W2S_TENSOR_KERNELS_H

#include "tensor/ops.h"

/* W2S_COMPILER - who made the kernels. They are C: another compiler sums and contracts otherwise.
 */
#define W2S_TEXT_OF(x) #x
#define W2S_TEXT(x)    W2S_TEXT_OF(x)
#if defined __clang__
#define W2S_COMPILER "clang " W2S_TEXT(__clang_major__)
#elif defined __GNUC__
#define W2S_COMPILER "gcc " W2S_TEXT(__GNUC__)
#else
#define W2S_COMPILER "another compiler"
#endif

/* One table for each instruction set (isa_kernels.c, compiled once for each); their matmul takes
 * few rows, MATMUL_FEW at most, with tb and not ta. */
#define MATMUL_FEW 4
extern const struct ops w2s_kernels_base;
extern const struct ops w2s_kernels_v3;
extern const struct ops w2s_kernels_v4;

/* A library for matrix products: the contract of ops.matmul. */
struct blas {
    const char *name; /* "onednn", "openblas" */
    void (*describe)(char *buf, size_t n);
    void (*threads)(int n);
    void (*matmul)(struct dev *, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a,
                   size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc);
};
extern const struct blas *const blas_libraries[]; /* in order of preference; ends with NULL */
extern const struct blas blas_onednn, blas_cblas;
/* blas_choose - the first of a list (ending with NULL) that is asked for (NULL: any) and multiplies
 * rightly on this processor; NULL where there is none. Old libraries have kernels that new
 * processors take for theirs and compute wrongly with. *wrong: whether one was passed over for
 * that.
 */
const struct blas *blas_choose(const struct blas *const *list, const char *name, bool *wrong);

/* stride_matmul - blas->matmul, with `room` (stride_room floats) for a copy of an operand whose
 * rows lie badly. The same bits: neither the distance of rows nor what else is in a product changes
 * how a number's sum is made. */
size_t stride_room(void);
void stride_matmul(const struct blas *blas, float *room, struct dev *d, bool ta, bool tb, size_t M,
                   size_t N, size_t K, const float *a, size_t lda, const float *b, size_t ldb,
                   bool accumulate, float *c, size_t ldc);

/* rope_table - row p: rotary/2 cosines, then as many sines, of position p. rope_tables - as many as
 * the layers of one model, or of two side by side, differ in. rope_table_find - the one for a
 * shape's frequencies, with at least so many positions, made where there is none yet; NULL where
 * there is no memory for it. rope_angles - one row, from theta or from frequencies. */
struct rope_table {
    double theta;
    double *freq; /* own copy, [rotary/2]; NULL: from theta */
    size_t rotary, positions;
    float *cosines; /* [positions][rotary] */
};
struct rope_tables {
    struct rope_table all[4];
    size_t next; /* the one that makes room */
};
const struct rope_table *rope_table_find(struct rope_tables *t, const struct rope_shape *s,
                                         size_t positions);
void rope_tables_release(struct rope_tables *t);
void rope_angles(double theta, const double *freq, size_t rotary, size_t position, float *row);

/* gemm_bf16 - the contract of ops.matmul with both operands rounded to bf16 (to nearest, ties to
 * even; subnormals are 0) and sums in f32; K > 0. One product at a time. amx: by AMX, whose sums
 * are in another order, else by AVX-512. gemm_bf16_here - whether this processor can. */
struct gemm_bf16;
bool gemm_bf16_here(bool amx);
int gemm_bf16_open(struct gemm_bf16 **out, bool amx, struct err *e);
void gemm_bf16_close(struct gemm_bf16 *g); /* accepts NULL */
void gemm_bf16_run(struct gemm_bf16 *g, bool ta, bool tb, size_t M, size_t N, size_t K,
                   const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                   float *c, size_t ldc);
/* gemm_bf16_run_gated - the contract of ops.matmul_gated, likewise, where gemm_bf16_gates: whole
 * lanes of columns and one block of K. */
bool gemm_bf16_gates(size_t C, size_t K);
void gemm_bf16_run_gated(struct gemm_bf16 *g, enum act act, size_t N, size_t C, size_t K,
                         const float *x, const float *w, bool keep, float *gu, float *y);

#endif
