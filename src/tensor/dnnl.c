/* dnnl.c - matrix products by oneDNN. The one file that knows it; the call it rests on, dnnl_sgemm, is the same in oneDNN 2 and 3. */
#include "tensor/kernels.h"

#ifdef W2S_DNNL
#include <oneapi/dnnl/dnnl.h>

#include <stdio.h>

static void onednn_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a, size_t lda, const float *b,
                        size_t ldb, bool accumulate, float *c, size_t ldc)
{
    (void)d;
    dnnl_status_t s = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', (dnnl_dim_t)M, (dnnl_dim_t)N, (dnnl_dim_t)K, 1.0f, a, (dnnl_dim_t)lda, b,
                                 (dnnl_dim_t)ldb, accumulate ? 1.0f : 0.0f, c, (dnnl_dim_t)ldc);
    if (s != dnnl_success)
        BUG("oneDNN refused a product of %zu x %zu x %zu (status %d)", M, N, K, (int)s);
}

static void onednn_describe(char *buf, size_t n)
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(buf, n, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}

static void onednn_threads(int n)
{
    (void)n; /* oneDNN follows OpenMP's count */
}

const struct blas blas_onednn = {"onednn", onednn_describe, onednn_threads, onednn_matmul};
#endif
