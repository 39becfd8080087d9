/* lab_active.c - which labels are asked about, by hand: ties, classes beyond two, centres. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lab/active.h"

#include <math.h>

static void order_is(const size_t *got, const size_t *want, size_t k)
{
    for (size_t i = 0; i < k; i++)
        assert_int_equal(got[i], want[i]);
}

/* The largest of each row is .5, .9, .5, .7, .34, .9: of equals the first. */
static void the_least_sure(void **state)
{
    (void)state;
    static const double w[] = {.5, .3, .2, .05, .9,  .05, .2, .3,  .5,
                               .7, .2, .1, .33, .34, .33, .9, .05, .05};
    static const size_t want[] = {4, 0, 2, 3, 1, 5};
    struct err e = ERR_INIT;
    size_t got[6];
    for (size_t k = 1; k <= 6; k++) {
        assert_int_equal(active_unsure(w, 6, 3, k, got, &e), OK);
        order_is(got, want, k);
    }
}

/* Named are 0, 1, 2, 0, 1; of the other classes p has at most .4, .6, .5, .1, .6. Rows need not be
 * what is most probable: the second and the last are named what p doubts. */
static void the_most_disputed(void **state)
{
    (void)state;
    static const double w[] = {.6, .2, .2, .1, .8, .1, .2, .2, .6, .9, .1, 0, .3, .4, .3};
    static const double p[] = {.5, .1, .4, .6, .3, .1, .5, .3, .2, .9, .1, 0, .2, .2, .6};
    static const size_t want[] = {1, 4, 2, 0, 3};
    struct err e = ERR_INIT;
    size_t got[5];
    for (size_t k = 1; k <= 5; k++) {
        assert_int_equal(active_disputed(w, p, 5, 3, k, got, &e), OK);
        order_is(got, want, k);
    }
}

/* On a line 0, 1, 2, 3.5, 9: 3.5 is nearest to the mean, 3.1; 9 is farthest from it; then 0,
 * by 3.5; then 2, which is 1.5 from its nearest, and 1, which is 1. On the other, whose mean is 0,
 * -2 and 2 are as far from it, then -1 and 1 from their nearest. */
static void five_on_a_line(void **state)
{
    (void)state;
    static const float x[][5] = {{0, 1, 2, 3.5F, 9}, {1, -2, 0, 2, -1}};
    static const size_t want[][5] = {{3, 4, 0, 2, 1}, {2, 1, 3, 0, 4}};
    struct err e = ERR_INIT;
    size_t got[5];
    for (size_t line = 0; line < 2; line++)
        for (size_t k = 1; k <= 5; k++) {
            assert_int_equal(active_cover(x[line], 5, 1, k, got, &e), OK);
            order_is(got, want[line], k);
        }
}

/* A channel counts by its spread, not by its unit, and a constant one not at all: 5 is two spreads
 * and a half from the others, 100 is 1.6 from 0. */
static void standardised(void **state)
{
    (void)state;
    static const float x[] = {0, 0, 7, 0, 100, 7, 0, -100, 7, 0, 0, 7, 5, 0, 7};
    static const size_t want[] = {0, 4, 1};
    struct err e = ERR_INIT;
    size_t got[3];
    assert_int_equal(active_cover(x, 5, 3, 3, got, &e), OK);
    order_is(got, want, 3);
}

/* By hand, of two channels: five distances to the middle; then four, three and two. */
static void distances(void **state)
{
    (void)state;
    assert_true(fabs(cover_operations(5, 2, 3) - 2 * 2 * (5 + 4 + 3 + 2)) < 1e-9);
    assert_true(fabs(cover_operations(5, 2, 5) - 2 * 2 * (5 + 4 + 3 + 2 + 1)) < 1e-9);
}

/* Where all texts are one, each is taken once. */
static void all_alike(void **state)
{
    (void)state;
    static const float x[8] = {0};
    static const size_t want[] = {0, 1, 2, 3};
    struct err e = ERR_INIT;
    size_t got[4];
    assert_int_equal(active_cover(x, 4, 2, 4, got, &e), OK);
    order_is(got, want, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_sure), cmocka_unit_test(the_most_disputed),
        cmocka_unit_test(five_on_a_line), cmocka_unit_test(standardised),
        cmocka_unit_test(all_alike),      cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
