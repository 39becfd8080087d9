/* lab_probe.c - probes against scikit-learn's and SciPy's minima (make_probe.py). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/doc.h"
#include "lab/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both stop where the gradient is small, not where it is 0. */
#define TOLERANCE 2e-6
/* Fits that only tell one c from another stop earlier, and what they have not seen is no minimum.
 */
#define HELD_OUT 1e-4
#define MOST     1024

static size_t reals(const struct doc *map, const char *key, double *out)
{
    size_t n = 0;
    for (const struct doc *x = doc_get(map, key)->child; x; x = x->next) {
        assert_true(n < MOST);
        out[n++] = x->type == DOC_INT ? (double)x->i : x->r;
    }
    return n;
}

static void near(const char *name, const char *what, const double *got, const double *want,
                 size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i]))))
            fail_msg("%s: %s %zu is %.9g, wanted %.9g", name, what, i, got[i], want[i]);
}

static void one_case(const struct doc *t)
{
    static double x[MOST], y[MOST], question[MOST], want[MOST], probs[MOST];
    static float rows[MOST];
    static uint64_t questions[MOST];
    struct probe_settings s;
    struct probe p;
    const char *name;
    size_t n, fresh, per, C, K;
    check(doc_str(t, "name", &name, &e));
    check(doc_opt_size(t, "n", 1, MOST, &n, &e));
    check(doc_opt_size(t, "new", 1, MOST, &fresh, &e));
    check(doc_opt_size(t, "per", 1, MOST, &per, &e));
    check(doc_opt_size(t, "C", 1, MOST, &C, &e));
    check(doc_opt_size(t, "K", 1, MOST, &K, &e));
    probe_settings_init(&s);
    check(doc_opt_size(t, "folds", 1, MOST, &s.folds, &e));
    s.n = reals(t, "grid", s.c);
    size_t all = reals(t, "x", x);
    assert_int_equal(all, (n + fresh) * per * C);
    for (size_t i = 0; i < all; i++)
        rows[i] = (float)x[i];
    assert_int_equal(reals(t, "y", y), n * K);
    assert_int_equal(reals(t, "question", question), n);
    for (size_t i = 0; i < n; i++)
        questions[i] = (uint64_t)question[i] * 0x9e3779b97f4a7c15u; /* no order to go by */
    const struct probe_data d = {n, per, C, K, rows, C, y, questions};
    check(probe_fit(&p, &s, &d, &e));
    assert_int_equal(reals(t, "held_out", want), s.n > 1 ? s.n : 0);
    if (s.n > 1)
        near(name, "held out", p.held_out, want, s.n, HELD_OUT);
    assert_true(fabs(p.c - doc_get(t, "c")->r) < 1e-12);
    near(name, "w", p.w, want, reals(t, "w", want), TOLERANCE);
    size_t b = reals(t, "b", want);
    double mean = 0, got[3] = {0};
    for (size_t k = 0; k < b; k++) /* a softmax does not see what all have in common */
        mean += b > 1 ? (p.b[k] - want[k]) / (double)b : 0;
    for (size_t k = 0; k < b; k++)
        got[k] = p.b[k] - mean;
    near(name, "b", got, want, b, TOLERANCE);
    near(name, "loss", &p.loss, &(double){doc_get(t, "loss")->r}, 1, TOLERANCE);
    check(probe_predict(&p, rows + n * per * C, C, fresh, probs, NULL, &e));
    near(name, "probability", probs, want, reals(t, "probs", want), TOLERANCE);
    probe_release(&p);
}

static void test_cases(void **state)
{
    (void)state;
    struct doc_tree t = DOC_TREE_INIT;
    char path[512];
    const char *source = getenv("W2S_SOURCE");
    snprintf(path, sizeof path, "%s/tests/oracle/probe.json", source ? source : ".");
    check(doc_read_json(&t, path, &e));
    for (const struct doc *c = doc_get(t.root, "cases")->child; c; c = c->next)
        one_case(c);
    doc_tree_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
