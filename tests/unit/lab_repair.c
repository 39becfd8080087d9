/* lab_repair.c - logit contrast of three examples by hand, and where it changes nothing. (Labels
 * that are smoothed and pruned: oracle/lab_repair.) */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lab/repair.h"

#include <math.h>

enum { N = 3, K = 2 };

static const double start[] = {.6, .4, .5, .5, .2, .8}, labels[] = {.75, .25, .9, .1, .5, .5},
                    before[] = {.5, .5, .6, .4, .5, .5};

static void all_close(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) < 1e-12))
            fail_msg("the %zu-th is %.17g, wanted %.17g", i, got[i], want[i]);
}

/* Odds: 6/4 times 3 over 1; 1 times 9 over 6/4; 2/8 as they were. */
static void three_examples(void **state)
{
    (void)state;
    double out[N * K];
    static const double once[] = {4.5 / 5.5, 1 / 5.5, 6 / 7., 1 / 7., .2, .8},
                        twice[] = {13.5 / 14.5, 1 / 14.5, 36 / 37., 1 / 37., .2, .8};
    repair_contrast(start, labels, before, N, K, 1, out);
    all_close(out, once, N * K);
    repair_contrast(start, labels, before, N, K, 2, out);
    all_close(out, twice, N * K);
}

/* Three classes: .5 .3 .2, moved by 2, 1/2 and 1. */
static void three_classes(void **state)
{
    (void)state;
    static const double s[] = {.5, .3, .2}, w[] = {.4, .2, .4}, v[] = {.2, .4, .4},
                        want[] = {1 / 1.35, .15 / 1.35, .2 / 1.35};
    double out[3];
    repair_contrast(s, w, v, 1, 3, 1, out);
    all_close(out, want, 3);
}

/* A supervisor that learnt nothing, or counts for nothing, leaves the student's start; a supervisor
 * that starts as the student does hands over its labels. */
static void limits(void **state)
{
    (void)state;
    double out[N * K];
    repair_contrast(start, before, before, N, K, 1, out);
    all_close(out, start, N * K);
    repair_contrast(start, labels, before, N, K, 0, out);
    all_close(out, start, N * K);
    repair_contrast(before, labels, before, N, K, 1, out);
    all_close(out, labels, N * K);
    for (size_t i = 0; i < N * K; i++)
        out[i] = before[i];
    repair_contrast(start, labels, out, N, K, 1, out); /* in place */
    assert_true(fabs(out[0] - 4.5 / 5.5) < 1e-12 && fabs(out[5] - .8) < 1e-12);
}

/* What is certain is 1e-6 from it: odds of 1e6 are moved by 1e6, and no number is lost. */
static void certain_models(void **state)
{
    (void)state;
    static const double s[] = {1, 0, 1, 0}, w[] = {0, 1, 1, 0}, v[] = {1, 0, .5, .5};
    double out[4];
    repair_contrast(s, w, v, 2, 2, 1, out);
    all_close(out, (const double[]){1e-6 / (1 + 1e-6), 1 / (1 + 1e-6)}, 2);
    all_close(out + 2, (const double[]){1 / (1 + 1e-12), 1e-12 / (1 + 1e-12)}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_examples),
        cmocka_unit_test(three_classes),
        cmocka_unit_test(limits),
        cmocka_unit_test(certain_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
