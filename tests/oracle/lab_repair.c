/* lab_repair.c - mended labels against scikit-learn's neighbours and regressions and NumPy's
 * confident learning (make_repair.py). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/doc.h"
#include "lab/probe.h"
#include "lab/repair.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sums in another order. */
#define SUMS 1e-12
/* Both stop where the gradient is small, not where it is 0. */
#define FITS 2e-6
#define MOST 1024

static size_t reals(const struct doc *map, const char *key, double *out)
{
    size_t n = 0;
    for (const struct doc *x = doc_get(map, key)->child; x; x = x->next) {
        assert_true(n < MOST);
        out[n++] = x->type == DOC_INT ? (double)x->i : x->r;
    }
    return n;
}

static void near(const char *what, const double *got, const double *want, size_t n,
                 double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance))
            fail_msg("%s %zu is %.12g, wanted %.12g", what, i, got[i], want[i]);
}

static void one_case(const struct doc *t)
{
    static double x[MOST], w[MOST], want[MOST], got[MOST], held[MOST];
    static float rows[MOST];
    static uint64_t questions[MOST];
    static size_t fold[MOST], joint[16];
    static bool keep[MOST];
    size_t n, C, K, folds, k, asked;
    double weight = 0, c = 0;
    check(doc_opt_size(t, "n", 1, MOST, &n, &e));
    check(doc_opt_size(t, "C", 1, MOST, &C, &e));
    check(doc_opt_size(t, "K", 1, 4, &K, &e));
    check(doc_opt_size(t, "folds", 1, MOST, &folds, &e));
    check(doc_opt_size(t, "k", 1, MOST, &k, &e));
    check(doc_opt_real(t, "weight", 0, 1, &weight, &e));
    check(doc_opt_real(t, "c", 0, 100, &c, &e));
    assert_int_equal(reals(t, "x", x), n * C);
    assert_int_equal(reals(t, "w", w), n * K);
    for (size_t i = 0; i < n * C; i++)
        rows[i] = (float)x[i];

    check(repair_neighbours(rows, w, n, C, K, k, weight, got, &e));
    near("smoothed", got, want, reals(t, "smoothed", want), SUMS);
    check(repair_neighbours(rows, w, n, C, K, k, 0, got, &e));
    assert_memory_equal(got, w, n * K * sizeof *w); /* as they were, to the bit */

    assert_int_equal(reals(t, "question", want), n);
    for (size_t i = 0; i < n; i++)
        questions[i] = (uint64_t)want[i] * 0x9e3779b97f4a7c15u; /* no order to go by */
    check(probe_folds(questions, n, folds, fold, &asked, &e));
    assert_int_equal(reals(t, "fold", want), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fold[i], (size_t)want[i]);
    assert_int_equal(asked, n * 3 / 4);
    double took = 0;
    check(repair_held_out(rows, w, fold, n, C, K, folds, c, held, &took, &e));
    double logits =
        2 * (double)(n * C * (K == 2 ? 1 : K)); /* of all; a fit: two F and a loss, each twice */
    assert_true(took >= (3 * 2 * (double)(folds - 1) + 1) * logits);
    near("held out", held, want, reals(t, "held_out", want), FITS);
    memcpy(held, want, n * K * sizeof *want); /* of the same probabilities */

    check(repair_confident(w, held, n, K, keep, joint, &e));
    assert_int_equal(reals(t, "joint", want), K * K);
    for (size_t i = 0; i < K * K; i++)
        assert_int_equal(joint[i], (size_t)want[i]);
    assert_int_equal(reals(t, "keep", want), n);
    for (size_t i = 0; i < n; i++)
        if (keep[i] != (want[i] > 0))
            fail_msg("label %zu is %s", i, keep[i] ? "kept" : "pruned");
}

static void test_cases(void **state)
{
    (void)state;
    struct doc_tree t = DOC_TREE_INIT;
    char path[512];
    const char *source = getenv("W2S_SOURCE");
    snprintf(path, sizeof path, "%s/tests/oracle/repair.json", source ? source : ".");
    check(doc_read_json(&t, path, &e));
    for (const struct doc *c = doc_get(t.root, "cases")->child; c; c = c->next)
        one_case(c);
    doc_tree_release(&t);
}

/* Bounds: one example, more neighbours than there are, one fold, a class that nobody names. */
static void test_bounds(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3};
    const double w[] = {1, 0, 0, 1, 1, 0};
    double out[6];
    bool keep[3];
    size_t fold[3] = {0};
    double took;
    assert_int_equal(repair_neighbours(x, w, 1, 1, 2, 3, .5, out, &e), ERR_INPUT);
    assert_string_equal(e.msg, "one example has no neighbours");
    assert_int_equal(repair_neighbours(x, w, 3, 1, 2, 9, 1, out, &e), OK);
    assert_true(out[0] == .5 && out[1] == .5 && out[2] == 1 && out[3] == 0);
    assert_int_equal(repair_held_out(x, w, fold, 3, 1, 2, 1, 1, out, &took, &e), ERR_INPUT);
    const double one[] = {1, 0, 1, 0, 1, 0}, p[] = {.9, .1, .4, .6, .8, .2};
    assert_int_equal(repair_confident(one, p, 3, 2, keep, NULL, &e), OK);
    assert_true(keep[0] && keep[1] && keep[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
