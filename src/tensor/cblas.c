/* cblas.c - matrix products by a CBLAS: OpenBLAS, where oneDNN is absent or does not suit the
 * processor. */
#include "tensor/kernels.h"

#ifdef W2S_CBLAS
#include <cblas.h>

#include <stdio.h>

static void cblas_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                         const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                         float *c, size_t ldc)
{
    (void)d;
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
                (int)M, (int)N, (int)K, 1.0f, a, (int)lda, b, (int)ldb, accumulate ? 1.0f : 0.0f, c,
                (int)ldc);
}

static void cblas_describe(char *buf, size_t n)
{
    char name[24] = "OpenBLAS", version[24] = "";
    sscanf(openblas_get_config(), "%23s %23s", name, version);
    snprintf(buf, n, "%s %s %.24s", name, version, openblas_get_corename());
}

static void cblas_threads(int n)
{
    openblas_set_num_threads(n);
}

const struct blas blas_cblas = {"openblas", cblas_describe, cblas_threads, cblas_matmul};
#endif
