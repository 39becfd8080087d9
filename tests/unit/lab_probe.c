/* lab_probe.c - probes: the gradient, closed forms, what is held out, the same bits twice, what
 * cannot be learnt from. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/mem.h"
#include "core/rng.h"
#include "lab/probe.h"
#include "lab/regress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 24, C = 5, K = 3 };

static float x[N * K * C];
static double y[N * K];
static uint64_t question[N];

/* fill - soft labels that features say something of. */
static void fill(size_t per, size_t classes)
{
    struct rng r;
    rng_init(&r, 5, "probe");
    for (size_t i = 0; i < N * K * C; i++)
        x[i] = (float)(2 * rng_normal(&r) + .5);
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t k = 0; k < classes; k++) {
            const float *row = x + (per > 1 ? i * per + k : i) * C;
            sum += y[i * classes + k] =
                exp((double)row[per > 1 ? 1 : k] * (double)(k + 1) / 2 + rng_normal(&r));
        }
        for (size_t k = 0; k < classes; k++)
            y[i * classes + k] /= sum;
        question[i] = i / 2;
    }
}

static void gradient_of(size_t per, size_t classes)
{
    static double own[N * K * C], theta[K * (C + 1)], gradient[K * (C + 1)], room[K],
        other[K * (C + 1)];
    size_t rows[N], outputs = per > 1 || classes == 2 ? 1 : classes, n = outputs * (C + 1);
    struct rng r;
    fill(per, classes);
    rng_init(&r, 7, "theta");
    for (size_t i = 0; i < N * per * C; i++)
        own[i] = (double)x[i];
    for (size_t i = 0; i < N; i++)
        rows[i] = N - 1 - i;
    for (size_t k = 0; k < n; k++)
        theta[k] = per > 1 && k >= C ? 0 : rng_normal(&r) / 3;
    const struct probe_problem q = {per, C, classes, outputs, own, y, rows, N - 3, .7, room};
    probe_objective(&q, theta, gradient);
    for (size_t k = 0; k < n; k++) {
        const double h = 1e-5;
        double was = theta[k];
        theta[k] = was + h;
        double up = probe_objective(&q, theta, other);
        theta[k] = was - h;
        double down = probe_objective(&q, theta, other);
        theta[k] = was;
        double want = (up - down) / (2 * h);
        if (!(fabs(gradient[k] - want) < 1e-8 * fmax(1, fabs(want))))
            fail_msg("%zu texts, %zu classes: gradient %zu is %.10g, differences give %.10g", per,
                     classes, k, gradient[k], want);
    }
}

static void test_gradient(void **state)
{
    (void)state;
    gradient_of(1, 2);
    gradient_of(1, 3);
    gradient_of(2, 2);
    gradient_of(3, 3);
}

/* One feature of two values: with very little decay the minimum is the two shares' log odds. */
static void test_closed_form(void **state)
{
    (void)state;
    static const float two[] = {-1, -1, 3, 3};
    static const double labels[] = {.9, .1, .7, .3, .4, .6, .2, .8};
    static const uint64_t q[] = {1, 2, 3, 4};
    struct probe_settings s = {.c = {1e9}, .n = 1};
    const struct probe_data d = {4, 1, 1, 2, two, 1, labels, q};
    struct probe p;
    double probs[4], logits[4];
    check(probe_fit(&p, &s, &d, &e));
    assert_true(fabs(p.mean[0] - 1) < 1e-12 && fabs(p.scale[0] - .5) < 1e-12);
    double low = log(.2 / .8), high = log(.7 / .3);
    assert_true(fabs(p.w[0] - (high - low) / 2) < 1e-6);
    assert_true(fabs(p.b[0] - (high + low) / 2) < 1e-6);
    check(probe_predict(&p, two + 1, 1, 2, probs, logits, &e));
    assert_true(fabs(probs[1] - .2) < 1e-6 && fabs(probs[3] - .7) < 1e-6);
    assert_true(logits[0] > -1e-9 && logits[0] < 1e-9 && fabs(logits[1] - low) < 1e-6);
    probe_release(&p);
}

/* Two texts are one text whose features are the difference, without b: the same loss. */
static void test_difference(void **state)
{
    (void)state;
    static double own[N * 2 * C], minus[N * C], theta[C + 1] = {.3, -.2, .1, .5, -.7}, a[C + 1],
                                                          b[C + 1], room[2];
    size_t rows[N];
    fill(2, 2);
    for (size_t i = 0; i < N; i++) {
        rows[i] = i;
        for (size_t k = 0; k < C; k++) {
            own[i * 2 * C + k] = (double)x[i * 2 * C + k];
            own[(i * 2 + 1) * C + k] = (double)x[(i * 2 + 1) * C + k];
            minus[i * C + k] = own[(i * 2 + 1) * C + k] - own[i * 2 * C + k];
        }
    }
    const struct probe_problem pair = {2, C, 2, 1, own, y, rows, N, 1, room},
                               one = {1, C, 2, 1, minus, y, rows, N, 1, room};
    double f = probe_objective(&pair, theta, a), g = probe_objective(&one, theta, b);
    assert_true(fabs(f - g) < 1e-12);
    for (size_t k = 0; k < C; k++)
        assert_true(fabs(a[k] - b[k]) < 1e-12);
    assert_true(fabs(a[C]) < 1e-300);
}

/* Folds never part a question: with as many folds as questions a copy of an example would give its
 * label away, and the least decay would look best. */
static void test_questions(void **state)
{
    (void)state;
    struct probe_settings s = {.c = {1e-3, 1e6}, .n = 2, .folds = 12};
    struct probe p, q;
    struct rng r;
    fill(1, 2);
    rng_init(&r, 3, "noise");
    for (size_t i = 0; i < N; i += 2) { /* every example twice, labels by chance */
        memcpy(x + (i + 1) * C, x + i * C, C * sizeof *x);
        int label = rng_unit(&r) < .5;
        for (size_t k = 0; k < 4; k++)
            y[i * 2 + k] = (k % 2 == 1) == label;
    }
    const struct probe_data d = {N, 1, C, 2, x, C, y, question};
    check(probe_fit(&p, &s, &d, &e));
    assert_true(fabs(p.c - 1e-3) < 1e-12);
    check(probe_fit(&q, &s, &d, &e));
    assert_memory_equal(p.w, q.w, C * sizeof *p.w);
    assert_memory_equal(p.held_out, q.held_out, 2 * sizeof *p.held_out);
    probe_release(&q);
    /* more folds than questions are as many as there are */
    s.folds = 100;
    check(probe_fit(&q, &s, &d, &e));
    assert_memory_equal(p.held_out, q.held_out, 2 * sizeof *p.held_out);
    probe_release(&p);
    probe_release(&q);
}

struct bowl {
    size_t n, calls;
};

static double bowl_at(void *ctx, const double *v, double *gradient)
{
    struct bowl *b = ctx;
    double f = 0;
    b->calls++;
    for (size_t i = 0; i < b->n; i++) {
        gradient[i] = (double)(i + 1) * sinh(v[i]);
        f += (double)(i + 1) * cosh(v[i]);
    }
    return f;
}

/* What a search says that it took is what was asked of the function. */
static void test_evaluations(void **state)
{
    (void)state;
    double v[3] = {4, -3, 2}, gradient[3];
    struct bowl b = {3, 0};
    struct regress_took took;
    check(regress_minimum(bowl_at, &b, v, gradient, 3, 1e-6, 1e-6, &took, &e));
    assert_int_equal(took.evaluations, b.calls);
    assert_true(took.iterations > 1 && took.evaluations > took.iterations);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(v[i]) < 1e-5);
}

/* By hand: logits are 2 for each weight, text and vector; a fit takes as often twice as many as F
 * and its gradient are worked out, and twice as many for its loss. Of several c, each on each fold
 * takes an iteration or more, and the logits of who is held out. */
static void test_operations(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{1, 2, 1}, {1, 3, 3}, {3, 3, 3}}; /* texts, K, products */
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        struct probe_settings s = {.c = {.1, 1}, .n = 1, .folds = 3};
        size_t per = shapes[k][0], classes = shapes[k][1];
        const double logits = 2. * C * (double)shapes[k][2];
        struct probe p;
        fill(per, classes);
        const struct probe_data d = {N, per, C, classes, x, C, y, question};
        check(probe_fit(&p, &s, &d, &e));
        assert_true(fabs(probe_operations(&p, 7) - 7 * logits) < 1e-9);
        double times = p.operations / (N * logits) / 2 - 1;
        assert_true(fabs(times - floor(times + .5)) < 1e-9 && times > (double)p.iterations);
        probe_release(&p);
        s.n = 2;
        check(probe_fit(&p, &s, &d, &e));
        double last = ((double)p.iterations + 2) * 2 * N * logits,
               folds = 3 * 2 * (2 * 2 * N * 2 / 3. + N / 3.) * logits;
        assert_true(p.operations >= last + folds);
        probe_release(&p);
    }
}

static void test_wrong(void **state)
{
    (void)state;
    struct probe_settings s;
    struct probe p;
    probe_settings_init(&s);
    fill(1, 2);
    memset(question, 0, sizeof question);
    const struct probe_data d = {N, 1, C, 2, x, C, y, question};
    assert_int_equal(probe_fit(&p, &s, &d, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "a probe learns from one question"));
    probe_release(&p);
    s.n = 1;
    check(probe_fit(&p, &s, &d, &e)); /* one c needs no folds */
    probe_release(&p);
    x[7] = (float)INFINITY;
    assert_int_equal(probe_fit(&p, &s, &d, &e), ERR_NUMERIC);
    assert_non_null(strstr(e.msg, "feature 2 is not finite"));
    probe_release(&p);
    size_t failures = 0;
    fill(1, 3);
    s.n = 2;
    s.folds = 2;
    const struct probe_data three = {N, 1, C, 3, x, C, y, question};
    for (size_t n = 1;; n++) {
        mem_fault_at(n);
        int rc = probe_fit(&p, &s, &three, &e);
        bool hit = mem_fault_hit();
        mem_fault_at(0);
        probe_release(&p);
        if (!hit) {
            assert_int_equal(rc, OK);
            break;
        }
        assert_int_equal(rc, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),    cmocka_unit_test(test_closed_form),
        cmocka_unit_test(test_difference),  cmocka_unit_test(test_questions),
        cmocka_unit_test(test_evaluations), cmocka_unit_test(test_operations),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
