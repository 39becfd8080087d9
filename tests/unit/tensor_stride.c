/* tensor_stride.c - operands whose rows lie badly are copied, in pieces that have room, and the
 * product has the bits of the library's own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "tensor/kernels.h"

#include <string.h>

static struct err e;
static struct rng rng;
static const struct blas *library;
static size_t calls, spread; /* the library's calls, and those of them without a bad distance */

static void spy(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a,
                size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc)
{
    calls++;
    spread += !(ta && lda % 512 == 0) && !(tb && ldb % 512 == 0);
    library->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

static const struct blas spying = {"spy", NULL, NULL, spy};

static float *random_floats(size_t n)
{
    float *x = mem_alloc(n, sizeof *x, &e);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&rng);
    return x;
}

struct shape {
    bool ta, tb;
    size_t M, N, K, lda, ldb, calls; /* calls: wanted */
    bool well;                       /* no call with a bad distance */
};

static void test_product(const struct shape *s, bool accumulate)
{
    size_t na = (s->ta ? s->K : s->M) * s->lda, nb = (s->tb ? s->N : s->K) * s->ldb,
           nc = s->M * (s->N + 3);
    float *a = random_floats(na), *b = random_floats(nb), *c = random_floats(nc),
          *want = mem_alloc(nc, sizeof *want, &e),
          *room = mem_alloc(stride_room(), sizeof *room, &e);
    memcpy(want, c, nc * sizeof *c);
    library->matmul(NULL, s->ta, s->tb, s->M, s->N, s->K, a, s->lda, b, s->ldb, accumulate, want,
                    s->N + 3);
    calls = spread = 0;
    stride_matmul(&spying, room, NULL, s->ta, s->tb, s->M, s->N, s->K, a, s->lda, b, s->ldb,
                  accumulate, c, s->N + 3);
    assert_int_equal(calls, s->calls);
    assert_int_equal(spread, s->well ? calls : 0);
    assert_memory_equal(c, want, nc * sizeof *c);
    mem_free(a), mem_free(b), mem_free(c), mem_free(want), mem_free(room);
}

static void test_spread(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        {.tb = true,
         .M = 300,
         .N = 576,
         .K = 1536,
         .lda = 1536,
         .ldb = 1536,
         .calls = 1,
         .well = true},
        {.tb = true, .M = 256, .N = 40, .K = 496, .lda = 496, .ldb = 512, .calls = 1, .well = true},
        {.tb = true, .M = 255, .N = 70, .K = 512, .lda = 512, .ldb = 512, .calls = 1},
        {.tb = true, .M = 256, .N = 769, .K = 512, .lda = 512, .ldb = 512, .calls = 1},
        {.tb = true, .M = 256, .N = 768, .K = 1536, .lda = 1536, .ldb = 1536, .calls = 1},
        {.tb = true, .M = 300, .N = 70, .K = 512, .lda = 512, .ldb = 528, .calls = 1, .well = true},
        {.ta = true,
         .M = 1030,
         .N = 257,
         .K = 90,
         .lda = 1536,
         .ldb = 257,
         .calls = 3,
         .well = true},
        {.ta = true,
         .M = 512,
         .N = 768,
         .K = 2048,
         .lda = 512,
         .ldb = 768,
         .calls = 1,
         .well = true},
        {.ta = true, .M = 64, .N = 300, .K = 2049, .lda = 512, .ldb = 300, .calls = 1},
        {.ta = true, .M = 512, .N = 769, .K = 30, .lda = 512, .ldb = 769, .calls = 1},
        {.ta = true, .M = 512, .N = 255, .K = 30, .lda = 512, .ldb = 255, .calls = 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int accumulate = 0; accumulate < 2; accumulate++)
            test_product(&shapes[i], accumulate != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spread)};
    bool wrong;
    rng_init(&rng, 1, "stride");
    library = blas_choose(blas_libraries, NULL, &wrong);
    return !library || cmocka_run_group_tests(tests, NULL, NULL);
}
