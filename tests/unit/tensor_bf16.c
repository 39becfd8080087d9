/* tensor_bf16.c - products with operands rounded to bf16, by AMX and by AVX-512, as far as the
 * processor has them: against f64 on operands rounded here, the same bits whatever the threads and
 * the other rows; what stays f32; what a device without them says. Skipped where there are none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/rng.h"
#include "tensor/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Operands are equal on both sides; what is left is the rounding of f32 sums of up to 1,300 terms
 * of size 1, relative to the largest sum. */
#define TOLERANCE 1e-5
/* bf16 keeps 8 bits: an operand is off by up to 2^-8 of its size, evenly; the sum of K products of
 * operands of spread 1 then by some sqrt(2 K / 3) 2^-8. Four times that is not met by chance. */
#define ROUNDING(K) (4 * sqrt(2 * (double)(K) / 3) / 256)

static struct err e;
static struct rng rng;

/* bf16_of - to nearest, ties to even: the upper half of an f32. */
static double bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

static float *random_floats(size_t n)
{
    float *x = mem_alloc(n, sizeof *x, &e);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&rng);
    return x;
}

static double *rounded(const float *x, size_t n, bool round)
{
    double *d = mem_alloc(n, sizeof *d, &e);
    for (size_t i = 0; i < n; i++)
        d[i] = round ? bf16_of(x[i]) : (double)x[i];
    return d;
}

static int device(struct dev *d, enum precision p)
{
    assert_int_equal(dev_open(d, "cpu", &e), OK);
    return dev_precision_set(d, p, &e);
}

enum { GUARD = 32 }; /* rows behind c, which no one may write */

/* product - c's rows begin on lines of a cache, or anywhere. */
static void product(struct dev *d, size_t M, size_t N, size_t K, bool ta, bool tb, bool accumulate,
                    bool lines)
{
    size_t lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = lines ? (N + 31) / 16 * 16 : N + 2,
           na = (ta ? K : M) * lda, nb = (tb ? N : K) * ldb, nc = (M + GUARD) * ldc;
    bool bf16 = M >= 16 && N >= 16 && K >= 16;
    float *a = random_floats(na), *b = random_floats(nb), *c = random_floats(nc);
    double *da = rounded(a, na, bf16), *db = rounded(b, nb, bf16), *dc = rounded(c, nc, false),
           most = 0, off = 0;
    d->ops->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
    ops64_reference.matmul(NULL, ta, tb, M, N, K, da, lda, db, ldb, accumulate, dc, ldc);
    for (size_t i = 0; i < nc; i++) { /* what lies between the rows and behind them, too */
        most = fmax(most, fabs(dc[i]));
        double by = fabs(dc[i] - (double)c[i]);
        off = isnan(by) ? HUGE_VAL : fmax(off, by);
    }
    if (!(off <= TOLERANCE * most))
        fail_msg("%zu x %zu x %zu%s%s%s: off by %g of %g", M, N, K, ta ? " ta" : "",
                 tb ? " tb" : "", accumulate ? " +" : "", off, most);
    mem_free(a), mem_free(b), mem_free(c), mem_free(da), mem_free(db), mem_free(dc);
}

static void test_products(void **state)
{
    static const size_t sizes[][3] = {
        {16, 16, 16},   {17, 33, 65},     {12, 40, 40},   {13, 100, 31},   {40, 3, 100},
        {37, 70, 601},  {24, 1100, 90},   {96, 64, 577},  {50, 50, 1300},  {2100, 40, 48},
        {100, 129, 33}, {61, 1000, 1153}, {505, 140, 37}, {140, 505, 961}, {2100, 33, 1300}};
    struct dev d;
    (void)state;
    rng_init(&rng, 3, "bf16");
    for (int threads = 1; threads <= 4; threads++) {
        par_set_threads(threads);
        assert_int_equal(device(&d, PRECISION_BF16), OK);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int bits = 0; bits < 16; bits++)
                product(&d, sizes[i][0], sizes[i][1], sizes[i][2], bits & 1, bits & 2, bits & 4,
                        bits & 8);
        dev_close(&d);
    }
    par_set_threads(0);
}

static void test_same_bits(void **state)
{
    enum { M = 100, N = 300, K = 2300 }; /* three blocks of K */
    static const size_t some[][2] = {{37, 23}, {0, 16}, {16, 40}, {80, 17}};
    struct dev d;
    (void)state;
    rng_init(&rng, 4, "bf16");
    float *a = random_floats(M * K), *b = random_floats(N * K), *c = random_floats(M * N),
          *first[4];
    for (int bits = 0; bits < 4; bits++)
        first[bits] = random_floats(M * N);
    for (int threads = 1; threads <= 5; threads++)
        for (int bits = 0; bits < 4; bits++) {
            bool ta = bits & 1, tb = bits & 2;
            size_t lda = ta ? M : K, ldb = tb ? K : N;
            par_set_threads(threads);
            assert_int_equal(device(&d, PRECISION_BF16), OK);
            float *to = threads == 1 ? first[bits] : c;
            d.ops->matmul(&d, ta, tb, M, N, K, a, lda, b, ldb, false, to, N);
            if (threads > 1)
                assert_memory_equal(c, first[bits], M * N * sizeof *c);
            for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
                size_t from = some[i][0], rows = some[i][1];
                d.ops->matmul(&d, ta, tb, rows, N, K, a + from * (ta ? 1 : K), lda, b, ldb, false,
                              c, N);
                assert_memory_equal(c, first[bits] + from * N, rows * N * sizeof *c);
            }
            dev_close(&d);
        }
    par_set_threads(0);
    mem_free(a), mem_free(b), mem_free(c);
    for (int bits = 0; bits < 4; bits++)
        mem_free(first[bits]);
}

/* What a product leaves packed does not come into the next: not even numbers that are none. */
static void test_left_behind(void **state)
{
    static const size_t depths[] = {17, 33, 577, 930};
    enum { M = 61, N = 70, K = 960 };
    struct dev d;
    (void)state;
    rng_init(&rng, 7, "bf16");
    float *none = random_floats((size_t)M * K + N * K), *c = random_floats(M * N);
    for (size_t i = 0; i < (size_t)M * K + N * K; i++)
        none[i] = i % 2 ? NAN : INFINITY;
    assert_int_equal(device(&d, PRECISION_BF16), OK);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
        for (int bits = 0; bits < 4; bits++) {
            d.ops->matmul(&d, bits & 1, bits & 2, M, N, K, none, bits & 1 ? M : K, none + M * K,
                          bits & 2 ? K : N, false, c, N);
            assert_true(isnan(c[M * N - 1]));
            product(&d, 40, 50, depths[i], bits & 1, bits & 2, false, false);
        }
    dev_close(&d);
    mem_free(none), mem_free(c);
}

/* gated - in one pass is what the two operations give one after the other, to the bit. */
static void gated(struct dev *d, enum act act, size_t N, size_t C, size_t K, bool keep)
{
    float *x = random_floats(N * K), *w = random_floats(2 * C * K), *gu = random_floats(2 * N * C),
          *y = random_floats(N * C), *gu2 = random_floats(2 * N * C), *y2 = random_floats(N * C);
    d->ops->matmul_gated(d, act, N, C, K, x, w, keep, gu, y);
    d->ops->matmul(d, false, true, N, 2 * C, K, x, K, w, K, false, gu2, 2 * C);
    d->ops->gated_fwd(d, act, N, C, gu2, y2);
    assert_memory_equal(y, y2, N * C * sizeof *y);
    if (keep)
        assert_memory_equal(gu, gu2, 2 * N * C * sizeof *gu);
    mem_free(x), mem_free(w), mem_free(gu), mem_free(y), mem_free(gu2), mem_free(y2);
}

static void test_gated(void **state)
{
    /* of one block of K and whole lanes; of neither; of few rows */
    static const size_t sizes[][3] = {{37, 48, 65},  {2100, 32, 70}, {100, 160, 576},
                                      {16, 16, 960}, {50, 48, 1300}, {40, 40, 64},
                                      {9, 32, 64}};
    struct dev d;
    (void)state;
    rng_init(&rng, 5, "bf16");
    for (int threads = 1; threads <= 3; threads++) {
        par_set_threads(threads);
        assert_int_equal(device(&d, PRECISION_BF16), OK);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int act = ACT_GELU_TANH; act <= ACT_RELU; act++)
                for (int keep = 0; keep < 2; keep++)
                    gated(&d, (enum act)act, sizes[i][0], sizes[i][1], sizes[i][2], keep);
        dev_close(&d);
    }
    par_set_threads(0);
}

/* The error that the rounding makes is that of its bits, and it is there: the product is not f32 by
 * mistake. */
static void test_rounding(void **state)
{
    enum { M = 64, N = 64, K = 576 };
    struct dev d;
    double off = 0;
    (void)state;
    rng_init(&rng, 6, "bf16");
    float *a = random_floats(M * K), *b = random_floats(N * K), *c = random_floats(M * N),
          *exact = random_floats(M * N);
    assert_int_equal(device(&d, PRECISION_F32), OK);
    assert_int_equal(dev_precision(&d), PRECISION_F32);
    d.ops->matmul(&d, false, true, M, N, K, a, K, b, K, false, exact, N);
    assert_int_equal(dev_precision_set(&d, PRECISION_AUTO, &e), OK);
    assert_int_equal(dev_precision(&d), PRECISION_BF16);
    d.ops->matmul(&d, false, true, M, N, K, a, K, b, K, false, c, N);
    for (size_t i = 0; i < M * N; i++)
        off = fmax(off, fabs((double)c[i] - (double)exact[i]));
    assert_true(off < ROUNDING(K));
    assert_true(off > ROUNDING(K) / 100);
    assert_int_equal(dev_precision_set(&d, PRECISION_F32, &e), OK);
    d.ops->matmul(&d, false, true, M, N, K, a, K, b, K, false, c, N);
    assert_memory_equal(c, exact, M * N * sizeof *c);
    dev_close(&d);
    mem_free(a), mem_free(b), mem_free(c), mem_free(exact);
}

static void test_names(void **state)
{
    struct dev d;
    char f32[256], bf16[256];
    (void)state;
    assert_int_equal(device(&d, PRECISION_F32), OK);
    dev_numerics(&d, 1, f32, sizeof f32);
    assert_int_equal(dev_precision_set(&d, PRECISION_BF16, &e), OK);
    dev_numerics(&d, 1, bf16, sizeof bf16);
    assert_string_not_equal(f32, bf16);
    dev_close(&d);
    assert_int_equal(dev_open(&d, "reference", &e), OK);
    assert_int_equal(dev_precision_set(&d, PRECISION_AUTO, &e), OK);
    assert_int_equal(dev_precision_set(&d, PRECISION_BF16, &e), ERR_INPUT);
    assert_string_equal(
        e.msg,
        "precision is bf16; the reference device computes in f32 alone, so f32 or auto is wanted");
    dev_close(&d);
}

/* A processor that is to be taken for one without AVX-512 has no bf16. */
static void test_capped(void **state)
{
    struct dev d;
    char machine[256];
    (void)state;
    setenv("W2S_ISA", "v3", 1);
    assert_int_equal(device(&d, PRECISION_AUTO), OK);
    assert_int_equal(dev_precision(&d), PRECISION_F32);
    assert_int_equal(dev_precision_set(&d, PRECISION_BF16, &e), ERR_INPUT);
    dev_machine(machine, sizeof machine);
    assert_null(strstr(machine, "bf16;"));
    assert_null(strstr(machine, "AVX-512,"));
    unsetenv("W2S_ISA");
    dev_close(&d);
}

/* amx_wanted - whether the system says that it has AMX, and gives it. */
static bool amx_wanted(void)
{
    bool has = false;
#if defined __linux__ && defined __x86_64__
    struct str info = STR_INIT;
    assert_int_equal(file_read(&info, "/proc/cpuinfo", &e), OK);
    has = strstr(info.s, " amx_tile") && strstr(info.s, " amx_bf16") &&
          strstr(info.s, " avx512_bf16") && syscall(SYS_arch_prctl, 0x1023L, 18L) == 0;
    str_release(&info);
#endif
    return has;
}

/* AMX sums in another order: its numbers have another name, and those of f32 have not. */
static void test_sets(void **state)
{
    struct dev d;
    char numerics[2][2][256], machine[256]; /* of the set, the precision */
    static const char *const sets[] = {"amx", "v4"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        setenv("W2S_ISA", sets[i], 1);
        if (dev_open(&d, "cpu", &e)) {
            assert_non_null(strstr(e.msg, "W2S_ISA is \"amx\""));
            assert_false(amx_wanted());
            unsetenv("W2S_ISA");
            return;
        }
        for (int bf16 = 0; bf16 < 2; bf16++) {
            assert_int_equal(dev_precision_set(&d, bf16 ? PRECISION_BF16 : PRECISION_F32, &e), OK);
            dev_numerics(&d, 1, numerics[i][bf16], sizeof numerics[i][bf16]);
            dev_describe(&d, machine, sizeof machine);
            assert_true(!strstr(machine, "AMX") == !(i == 0 && bf16));
        }
        dev_close(&d);
    }
    unsetenv("W2S_ISA");
    assert_string_equal(numerics[0][0], numerics[1][0]);
    assert_string_not_equal(numerics[0][1], numerics[1][1]);
    assert_int_equal(device(&d, PRECISION_BF16), OK); /* the best is what is taken unasked */
    dev_numerics(&d, 1, machine, sizeof machine);
    assert_string_equal(machine, numerics[0][1]);
    dev_close(&d);
}

/* tests_run - by one instruction set. True: it is not here. */
static bool tests_run(const char *isa, int *failed)
{
    struct dev d;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_gated),    cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_left_behind)};
    setenv("W2S_ISA", isa, 1);
    int rc = dev_open(&d, "cpu", &e);
    if (!rc) {
        rc = dev_precision_set(&d, PRECISION_BF16, &e);
        dev_close(&d);
    }
    if (!rc)
        *failed += cmocka_run_group_tests_name(isa, tests, NULL, NULL);
    unsetenv("W2S_ISA");
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_capped), cmocka_unit_test(test_sets)};
    int failed = 0;
    bool amx = !tests_run("amx", &failed), dot = !tests_run("v4", &failed);
    if (!amx && !dot) {
        print_message("SKIP: %s\n", e.msg);
        return 77;
    }
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
