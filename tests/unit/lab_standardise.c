/* lab_standardise.c - means and spreads of features by hand, and that a constant is one, wherever
 * features are compared. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "lab/probe.h"
#include "lab/repair.h"
#include "lab/standardise.h"

#include <math.h>

static struct err e;

/* Two features and one that is not theirs; 1, 2, 6: mean 3, variance 14/3. */
static void by_hand(void **state)
{
    static const float x[] = {1, -4, 99, 2, -4, 98, 6, -4, 97};
    double mean[2], spread[2];
    (void)state;
    assert_int_equal(standard_moments(x, 3, 3, 2, mean, spread, &e), OK);
    assert_true(fabs(mean[0] - 3) < 1e-15 && fabs(spread[0] - sqrt(14. / 3)) < 1e-15);
    assert_true(fabs(mean[1] + 4) < 1e-15 && spread[1] == 0);
}

enum { ROWS = 13 };

/* fill - rows of a feature that is i % 3, and of one that is 0.1, whose mean is another number by
 * rounding: sums of squares that are left are no spread. */
static void fill(float *x)
{
    for (size_t i = 0; i < ROWS; i++) {
        x[2 * i] = (float)(i % 3);
        x[2 * i + 1] = .1f;
    }
}

static void a_constant_has_no_spread(void **state)
{
    float x[2 * ROWS], alone[ROWS];
    double mean[2], spread[2], y[2 * ROWS], with[2 * ROWS], without[2 * ROWS];
    uint64_t question[ROWS];
    (void)state;
    fill(x);
    for (size_t i = 0; i < ROWS; i++) {
        alone[i] = x[2 * i];
        question[i] = i;
        y[2 * i] = (double)(i % 2);
        y[2 * i + 1] = 1 - y[2 * i];
    }
    assert_int_equal(standard_moments(x, 2, ROWS, 2, mean, spread, &e), OK);
    assert_true(mean[1] != (double).1f); /* else this shows nothing */
    assert_true(spread[0] > 0 && spread[1] == 0);

    /* The nearest by one feature are the nearest by it and a constant */
    assert_int_equal(repair_neighbours(x, y, ROWS, 2, 2, 3, .5, with, &e), OK);
    assert_int_equal(repair_neighbours(alone, y, ROWS, 1, 2, 3, .5, without, &e), OK);
    assert_memory_equal(with, without, sizeof with);

    struct probe_settings s = {.c = {1}, .n = 1};
    const struct probe_data d = {ROWS, 1, 2, 2, x, 2, y, question};
    struct probe p;
    assert_int_equal(probe_fit(&p, &s, &d, &e), OK);
    assert_true(p.scale[1] == 0 && p.w[1] == 0);
    probe_release(&p);
}

static void what_is_not_finite_is_said(void **state)
{
    float x[2 * ROWS];
    double mean[2], spread[2], y[2 * ROWS] = {0}, out[2 * ROWS];
    (void)state;
    fill(x);
    x[7] = NAN;
    assert_int_equal(standard_moments(x, 2, ROWS, 2, mean, spread, &e), ERR_NUMERIC);
    assert_string_equal(e.msg, "feature 1 is not finite everywhere");
    assert_int_equal(repair_neighbours(x, y, ROWS, 2, 2, 3, .5, out, &e), ERR_NUMERIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(a_constant_has_no_spread),
        cmocka_unit_test(what_is_not_finite_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
