/* dev.c - devices by name: the CPU (the best instruction set and product library) and the scalar
 * reference. */
#include "tensor/kernels.h"
#include "core/mem.h"
#include "core/par.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct blas *const blas_libraries[] = {
#ifdef W2S_DNNL
    &blas_onednn,
#endif
#ifdef W2S_CBLAS
    &blas_cblas,
#endif
    NULL,
};

struct isa {
    const char *name, *what;
    const char *f32; /* whose kernels these are: f32 gains nothing from AMX */
    const struct ops *kernels;
};

/* best first */
static const struct isa isas[] = {
#ifdef W2S_ISA_V4
#ifdef W2S_AMX
    {"amx", "AVX-512", "v4", &w2s_kernels_v4},
#endif
    {"v4", "AVX-512", "v4", &w2s_kernels_v4},
#endif
#ifdef W2S_ISA_V3
    {"v3", "AVX2", "v3", &w2s_kernels_v3},
#endif
    {"base", "the compiler's baseline", "base", &w2s_kernels_base},
};
#define ZERO_GRAIN ((size_t)1 << 20) /* floats */
#define ISAS       (sizeof isas / sizeof *isas)

struct cpu {
    struct ops ops; /* the instruction set's kernels with the library's product */
    const struct isa *isa;
    const struct blas *blas;
    float *room;            /* stride_matmul's */
    struct gemm_bf16 *bf16; /* NULL: products are f32 */
    struct rope_tables rope;
};

static bool isa_runs(const char *name)
{
#if defined W2S_ISA_V4
    __builtin_cpu_init();
    if (strcmp(name, "amx") == 0)
        return isa_runs("v4") && gemm_bf16_here(true);
    if (strcmp(name, "v4") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (strcmp(name, "v3") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi2");
#endif
    return strcmp(name, "base") == 0;
}

/* isa_choose - the best that runs here, or the one that W2S_ISA asks for; NULL where that does not
 * run. */
static const struct isa *isa_choose(void)
{
    const char *asked = getenv("W2S_ISA");
    for (size_t i = 0; i < ISAS; i++)
        if ((!asked || strcmp(asked, isas[i].name) == 0) && isa_runs(isas[i].name))
            return &isas[i];
    return NULL;
}

static bool by_amx(const struct isa *isa)
{
    return strcmp(isa->name, "amx") == 0;
}

/* bf16_here - whether products in bf16 can be made: they are AVX-512's and AMX's, so that a W2S_ISA
 * below them makes this the processor that it names. */
static bool bf16_here(const struct isa *isa)
{
    return isa && strcmp(isa->f32, "v4") == 0 && gemm_bf16_here(by_amx(isa));
}

/* cpu_choose - kernels and library, as W2S_ISA and W2S_BLAS ask for them. */
static int cpu_choose(struct cpu *c, struct err *e)
{
    const char *isa = getenv("W2S_ISA"), *blas = getenv("W2S_BLAS");
    c->isa = isa_choose();
    if (!c->isa)
        return err_set(e, ERR_INPUT,
                       "W2S_ISA is \"%s\"; this processor and program have amx, v4, v3 or base, as "
                       "far as they run",
                       isa);
    bool wrong;
    c->blas = blas_choose(blas_libraries, blas, &wrong);
    if (!c->blas && wrong)
        return err_set(e, ERR_INPUT,
                       "%s computes wrong products on this processor; another version, or another "
                       "library (W2S_BLAS, docs/dependencies.md), is wanted",
                       blas ? blas : "every product library of this program");
    if (!c->blas)
        return err_set(
            e, ERR_INPUT,
            "W2S_BLAS is \"%s\"; onednn and openblas are known, as far as they were built in",
            blas ? blas : "");
    return OK;
}

/* A product with a side shorter than this gains nothing from bf16: heads of classifiers and the
 * like stay f32. */
#define BF16_WORTH 16

/* cpu_matmul - a library's product; of a row or few, the kernels' own; in bf16 where that was set.
 */
static void cpu_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                       const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                       float *c, size_t ldc)
{
    const struct cpu *own = d->priv;
    bool few = M <= MATMUL_FEW && !ta && tb;
    if (!K) { /* sums of nothing; libraries differ in what they write then */
        for (size_t i = 0; i < M && !accumulate; i++)
            memset(c + i * ldc, 0, N * sizeof *c);
        return;
    }
    if (own->bf16 && M >= BF16_WORTH && N >= BF16_WORTH && K >= BF16_WORTH) {
        gemm_bf16_run(own->bf16, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
        return;
    }
    if (few)
        own->isa->kernels->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
    else
        stride_matmul(own->blas, own->room, d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

/* cpu_matmul_gated - in one pass where products are in bf16, else one after the other. */
static void cpu_matmul_gated(struct dev *d, enum act act, size_t N, size_t C, size_t K,
                             const float *x, const float *w, bool keep, float *gu, float *y)
{
    const struct cpu *own = d->priv;
    if (own->bf16 && N >= BF16_WORTH && C >= BF16_WORTH && K >= BF16_WORTH &&
        gemm_bf16_gates(C, K)) {
        gemm_bf16_run_gated(own->bf16, act, N, C, K, x, w, keep, gu, y);
        return;
    }
    cpu_matmul(d, false, true, N, 2 * C, K, x, K, w, K, false, gu, 2 * C);
    own->isa->kernels->gated_fwd(d, act, N, C, gu, y);
}

/* cpu_rope - with cosines and sines of the device's table, which is made once for a model and
 * longer when a longer text comes. Without memory for it the kernel works them out: the same bits,
 * more slowly. */
static void cpu_rope(struct dev *d, const struct rope_shape *s, bool inverse, float *x)
{
    struct cpu *own = d->priv;
    struct rope_shape with = *s;
    size_t longest = 0;
    for (size_t i = 0; i < s->N; i++)
        longest = (size_t)s->pos[i] >= longest ? (size_t)s->pos[i] + 1 : longest;
    const struct rope_table *t = rope_table_find(&own->rope, s, longest);
    with.table = t ? t->cosines : NULL;
    own->isa->kernels->rope(d, &with, inverse, x);
}

static int cpu_open(struct dev *d, struct err *e)
{
    struct cpu *c = mem_zalloc(1, sizeof *c, e);
    int rc = c ? cpu_choose(c, e) : e->code;
    if (!rc && !(c->room = mem_alloc(stride_room(), sizeof *c->room, e)))
        rc = e->code;
    if (rc) {
        mem_free(c);
        return rc;
    }
    c->blas->threads(par_threads()); /* par_threads also sets OpenMP's count */
    c->ops = *c->isa->kernels;
    c->ops.matmul = cpu_matmul;
    c->ops.matmul_gated = cpu_matmul_gated;
    c->ops.rope = cpu_rope;
    *d = (struct dev){&c->ops, "cpu", c, NULL};
    return OK;
}

int dev_open(struct dev *d, const char *name, struct err *e)
{
    if (strcmp(name, "cpu") == 0)
        return cpu_open(d, e);
    if (strcmp(name, "reference") == 0) {
        *d = (struct dev){&ops_reference, "reference", NULL, NULL};
        return OK;
    }
    return err_set(e, ERR_INPUT, "no device \"%s\" in this program; there are cpu and reference",
                   name);
}

int dev_precision_set(struct dev *d, enum precision p, struct err *e)
{
    struct cpu *c = d->priv;
    bool here = c && bf16_here(c->isa);
    int rc = OK;
    if (p == PRECISION_F32 && c) {
        gemm_bf16_close(c->bf16);
        c->bf16 = NULL;
    } else if (here && !c->bf16) {
        rc = gemm_bf16_open(&c->bf16, by_amx(c->isa), e);
    }
    if (p == PRECISION_BF16 && !here)
        return err_set(e, ERR_INPUT, "precision is bf16; %s, so f32 or auto is wanted",
                       c ? "this processor (or this program) has no products in bf16 (AVX-512 BF16)"
                         : "the reference device computes in f32 alone");
    return rc;
}

enum precision dev_precision(const struct dev *d)
{
    const struct cpu *c = d->priv;
    return c && c->bf16 ? PRECISION_BF16 : PRECISION_F32;
}

void dev_threads_set(struct dev *d, int threads)
{
    const struct cpu *c = d->priv;
    par_set_threads(threads);
    if (c)
        c->blas->threads(threads);
}

void dev_close(struct dev *d)
{
    struct cpu *c = d->priv;
    if (c) {
        rope_tables_release(&c->rope);
        gemm_bf16_close(c->bf16);
        mem_free(c->room);
    }
    mem_free(d->priv);
    *d = (struct dev){0};
}

void dev_machine(char *buf, size_t n)
{
    char blas[128];
    const struct isa *isa = isa_choose();
    int at = isa ? snprintf(buf, n, "%s%s%s", isa->what, by_amx(isa) ? " and AMX" : "",
                            bf16_here(isa) ? ", bf16" : "")
                 : snprintf(buf, n, "W2S_ISA is not one that runs here");
    for (size_t i = 0; blas_libraries[i] && at > 0 && (size_t)at < n; i++) {
        blas_libraries[i]->describe(blas, sizeof blas);
        at += snprintf(buf + at, n - (size_t)at, "%s %s", i ? "," : ";", blas);
    }
}

void dev_describe(const struct dev *d, char *buf, size_t n)
{
    char blas[64];
    const struct cpu *c = d->priv;
    if (!c) {
        snprintf(buf, n, "reference: plain loops, one thread");
        return;
    }
    c->blas->describe(blas, sizeof blas);
    snprintf(buf, n, "cpu: %s, %s%s, %d threads, %s", blas, c->isa->what,
             c->bf16 && by_amx(c->isa) ? " and AMX" : "", par_threads(),
             c->bf16 ? "products in bf16" : "f32");
}

void dev_numerics(const struct dev *d, int threads, char *buf, size_t n)
{
    char blas[64];
    const struct cpu *c = d->priv;
    if (!c) {
        snprintf(buf, n, "reference f32");
        return;
    }
    /* The product library may cut its sums by thread, and says itself which kernels it takes. */
    c->blas->describe(blas, sizeof blas);
    snprintf(buf, n, "cpu %s %s %s %s threads %d", c->bf16 ? "bf16" : "f32", blas,
             c->bf16 ? c->isa->name : c->isa->f32, W2S_COMPILER, threads);
}

/* A large array is first touched by all threads: the system's part of that work costs more than
 * ours. */
static void zero(void *p, size_t begin, size_t end)
{
    memset((float *)p + begin, 0, (end - begin) * sizeof(float));
}

float *dev_alloc(struct dev *d, size_t n, struct err *e)
{
    (void)d;
    float *p = mem_alloc(n, sizeof *p, e);
    if (p)
        par_for(n, ZERO_GRAIN, zero, p);
    return p;
}

float *dev_alloc_lazy(struct dev *d, size_t n, struct err *e)
{
    (void)d;
    return mem_zalloc_lazy(n, sizeof(float), e);
}

float *dev_reserve(struct dev *d, size_t n, struct err *e)
{
    (void)d;
    return mem_alloc(n, sizeof(float), e);
}

void dev_free(struct dev *d, float *p)
{
    (void)d;
    mem_free(p);
}

void dev_upload(struct dev *d, float *dst, const float *host, size_t n)
{
    (void)d;
    memcpy(dst, host, n * sizeof *dst);
}

void dev_download(struct dev *d, float *host, const float *src, size_t n)
{
    (void)d;
    memcpy(host, src, n * sizeof *host);
}

void dev_sync(struct dev *d)
{
    (void)d;
}
