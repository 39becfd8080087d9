/* tensor_blas.c - a product library that is wrong on this processor is passed over. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tensor/kernels.h"

static bool broken; /* the last number is off where b is transposed and added to c */

static void plain(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a,
                  size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc)
{
    ops_reference.matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
    if (broken && tb && accumulate)
        c[(M - 1) * ldc + N - 1] += 1;
}

static void right(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K, const float *a,
                  size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc)
{
    ops_reference.matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

static const struct blas first = {.name = "first", .matmul = plain},
                         second = {.name = "second", .matmul = right};
static const struct blas *const list[] = {&first, &second, NULL};

static void the_first_that_is_right(void **state)
{
    bool wrong;
    (void)state;
    broken = false;
    assert_ptr_equal(blas_choose(list, NULL, &wrong), &first);
    assert_ptr_equal(blas_choose(list, "second", &wrong), &second);
    assert_null(blas_choose(list, "third", &wrong));
    assert_false(wrong);
    broken = true;
    assert_ptr_equal(blas_choose(list, NULL, &wrong), &second);
    assert_true(wrong);
    assert_null(blas_choose(list, "first", &wrong));
    assert_true(wrong);
}

static void those_of_this_program(void **state)
{
    bool wrong;
    (void)state;
    for (size_t i = 0; blas_libraries[i]; i++)
        assert_ptr_equal(blas_choose(blas_libraries, blas_libraries[i]->name, &wrong),
                         blas_libraries[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_that_is_right),
                                       cmocka_unit_test(those_of_this_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
