/* kernels.h - what stands behind the CPU device. Inside tensor only. */
#ifndef W2S_TENSOR_KERNELS_H
#define W2S_TENSOR_KERNELS_H

#include "tensor/ops.h"

/* One table for each instruction set (isa_kernels.c, compiled once for each); their matmul takes few rows, MATMUL_FEW at most, with tb and not ta. */
#define MATMUL_FEW 4
extern const struct ops w2s_kernels_base;
extern const struct ops w2s_kernels_v3;
extern const struct ops w2s_kernels_v4;

/* A library for matrix products: the contract of ops.matmul. */
struct blas {
    const char *name; /* "onednn", "openblas" */
    void (*describe)(char *buf, size_t n);
    void (*threads)(int n);
    void (*matmul)(struct dev *, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a, size_t lda, const float *b, size_t ldb,
                   bool accumulate, float *c, size_t ldc);
};
extern const struct blas *const blas_libraries[]; /* in order of preference; ends with NULL */
extern const struct blas blas_onednn, blas_cblas;

#endif
