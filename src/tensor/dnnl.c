/* dnnl.c - matrix products by oneDNN. The one file that knows it; the calls it rests on are the
 * same in oneDNN 2 and 3. */
#include "tensor/kernels.h"

#ifdef W2S_DNNL
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#include <stdio.h>
#include <string.h>

static void onednn_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                          const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                          float *c, size_t ldc)
{
    (void)d;
    dnnl_status_t s = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', (dnnl_dim_t)M, (dnnl_dim_t)N,
                                 (dnnl_dim_t)K, 1.0f, a, (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb,
                                 accumulate ? 1.0f : 0.0f, c, (dnnl_dim_t)ldc);
    if (s != dnnl_success)
        BUG("oneDNN refused a product of %zu x %zu x %zu (status %d)", M, N, K, (int)s);
}

/* Which kernels it takes, and so the bits of a product, follows the processor and DNNL_MAX_CPU_ISA:
 * named beside the version. */
static void onednn_describe(char *buf, size_t n)
{
    static const char prefix[] = "cpu_isa_";
    const dnnl_version_t *v = dnnl_version();
    const char *isa = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    if (strncmp(isa, prefix, sizeof prefix - 1) == 0)
        isa += sizeof prefix - 1;
    snprintf(buf, n, "oneDNN %d.%d.%d %s", v->major, v->minor, v->patch, isa);
}

static void onednn_threads(int n)
{
    (void)n; /* oneDNN follows OpenMP's count */
}

const struct blas blas_onednn = {"onednn", onednn_describe, onednn_threads, onednn_matmul};
#endif
