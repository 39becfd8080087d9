/* lab_metrics.c - statistics against closed forms and hand-counted cases. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "lab/metrics.h"

#include <math.h>
#include <string.h>

#define close_to(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* probs of class 1 -> [n,2] */
static void two(const double *p, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = 1 - p[i];
        out[2 * i + 1] = p[i];
    }
}

static void test_accuracy(void **state)
{
    (void)state;
    const double p[] = {.9, .2, .5, .6};
    const int labels[] = {1, 0, 0, 0};
    double probs[8];
    two(p, 4, probs);
    close_to(metrics_accuracy(probs, labels, 4, 2), .75, 0); /* the tie at .5 goes to class 0 */
    assert_true(isnan(metrics_accuracy(probs, labels, 0, 2)));
}

static void test_auroc(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const double p[] = {.1, .4, .35, .8};
    const int labels[] = {0, 0, 1, 1};
    double probs[8];
    two(p, 4, probs);
    close_to(metrics_auroc(probs, labels, 4, 2, &e), .75, 1e-15);
    /* tied scores: pairs (1,0) over {.5,.5}: one half each */
    const double tied[] = {.5, .5, .5, .7};
    two(tied, 4, probs);
    close_to(metrics_auroc(probs, labels, 4, 2, &e), .75, 1e-15); /* (1/2+1/2 + 1+1)/4 */
    const int one[] = {1, 1, 1, 1};
    assert_true(isnan(metrics_auroc(probs, one, 4, 2, &e)));
    assert_int_equal(e.code, OK);
}

static void test_calibration(void **state)
{
    (void)state;
    const double p[] = {.95, .95, .15, .65};
    const int labels[] = {1, 0, 0, 1};
    double probs[8];
    two(p, 4, probs);
    /* bins of the predicted class's probability: (.9,1]: 2 with mean .95, half right; (.8,.9]: one of .85, right; (.6,.7]: one of .65, right */
    close_to(metrics_ece(probs, labels, 4, 2), (fabs(1.9 - 1) + fabs(.85 - 1) + fabs(.65 - 1)) / 4, 1e-12);
    double brier = 2 * (.05 * .05 + .95 * .95 + .15 * .15 + .35 * .35) / 4;
    close_to(metrics_brier(probs, labels, 4, 2), brier, 1e-12);
}

enum { N = 2000 };
struct fixture {
    int labels[N];
    double weak[2 * N], student[2 * N], ceiling[2 * N];
};

/* right in the first `right` examples, wrong after */
static void model(double *probs, const int *labels, size_t from, size_t right)
{
    for (size_t i = 0; i < N; i++) {
        size_t place = (i + N - from) % N;
        int k = place < right ? labels[i] : 1 - labels[i];
        probs[2 * i + (size_t)k] = .8;
        probs[2 * i + 1 - (size_t)k] = .2;
    }
}

static struct trio_seed fixture_make(struct fixture *f)
{
    for (size_t i = 0; i < N; i++)
        f->labels[i] = (int)(i % 2);
    model(f->weak, f->labels, 0, 1200);
    model(f->student, f->labels, 0, 1500);
    model(f->ceiling, f->labels, 0, 1800);
    return (struct trio_seed){N, f->labels, f->weak, f->student, f->ceiling};
}

static const struct trio_settings set = {2, 2000, .95, 7};

static void test_trio(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t, again;
    struct trio_seed s = fixture_make(&f);
    memset(&t, 0, sizeof t), memset(&again, 0, sizeof again); /* their padding too is compared */
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.weak.value, .6, 1e-15);
    close_to(t.pgr.value, .5, 1e-12);
    assert_int_equal(t.reason, PGR_DEFINED);
    /* normal approximation of an accuracy's interval */
    double half = 1.96 * sqrt(.6 * .4 / N);
    close_to(t.weak.lo, .6 - half, .15 * half);
    close_to(t.weak.hi, .6 + half, .15 * half);
    /* gain: students' extra 300 right answers are paired: sd of the difference is sqrt(p(1-p)/n), p = .15 */
    half = 1.96 * sqrt(.15 * .85 / N);
    close_to(t.gain.lo, .15 - half, .15 * half);
    close_to(t.agree.value, (1200. + 500) / N, 1e-15);
    close_to(t.agree_right.value, 1, 0);
    close_to(t.agree_wrong.value, 500. / 800, 1e-15);
    assert_int_equal(trio_measure(&s, 1, &set, &again, &e), OK);
    assert_memory_equal(&t, &again, sizeof t);
}

static void test_ground_truth_is_one(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s = fixture_make(&f);
    s.student = s.ceiling;
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_true(t.pgr.value == 1.0 && t.pgr.lo == 1.0 && t.pgr.hi == 1.0);
}

static void test_undefined(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    char verdict[512];
    struct trio_seed s = fixture_make(&f);
    model(f.ceiling, f.labels, 0, 1100);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_NO_GAP);
    assert_true(isnan(t.pgr.value) && isnan(t.pgr.lo));
    trio_verdict(&t, 1, verdict, sizeof verdict);
    assert_non_null(strstr(verdict, "the ceiling is not above the supervisor"));
    model(f.ceiling, f.labels, 700, 1205); /* above by 5 of 2,000, over other examples: noise */
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_GAP_IN_NOISE);
    trio_verdict(&t, 1, verdict, sizeof verdict);
    assert_non_null(strstr(verdict, "within the noise"));
}

static void test_never_clipped(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s = fixture_make(&f);
    model(f.student, f.labels, 0, 1900);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.pgr.value, 7. / 6, 1e-12);
    model(f.student, f.labels, 0, 1000);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.pgr.value, -1. / 3, 1e-12);
}

/* Between-seed variance widens the interval: two seeds far apart. */
static void test_seeds(void **state)
{
    (void)state;
    static struct fixture a, b;
    struct err e = ERR_INIT;
    struct trio one, both;
    struct trio_seed s[2] = {fixture_make(&a), fixture_make(&b)};
    model(b.student, b.labels, 0, 1250);
    assert_int_equal(trio_measure(s, 1, &set, &one, &e), OK);
    assert_int_equal(trio_measure(s, 2, &set, &both, &e), OK);
    close_to(both.student.value, (.75 + .625) / 2, 1e-12);
    assert_true(both.student.hi - both.student.lo > 1.5 * (one.student.hi - one.student.lo));
}

static void test_difference(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct estimate d;
    struct trio_seed s = fixture_make(&f);
    s.ceiling = s.weak; /* b */
    assert_int_equal(difference_measure(&s, 1, &set, &d, &e), OK);
    close_to(d.value, .15, 1e-12);
    assert_true(d.lo > .13 && d.hi < .17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy),  cmocka_unit_test(test_auroc),         cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_trio),      cmocka_unit_test(test_ground_truth_is_one), cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_never_clipped), cmocka_unit_test(test_seeds),     cmocka_unit_test(test_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
