/* lab_trust.c - trust functions: the gradient, features that tell right from wrong, a closed form,
 * the same bits twice, constants, what cannot be learnt from. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/mem.h"
#include "core/rng.h"
#include "lab/trust.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 40, C = 11, H = 3 };

static float x[N * C];
static bool right[N];

/* fill - states of which two tell, only together, what is right: it is where both have one sign. */
static void fill(void)
{
    struct rng r;
    rng_init(&r, 5, "states");
    for (size_t i = 0; i < N * C; i++)
        x[i] = (float)(3 * rng_normal(&r) - 1);
    for (size_t i = 0; i < N; i++) {
        float a = i % 2 ? 2 : -2, b = i / 2 % 2 ? 2 : -2;
        x[i * C + 2] = 10 + a + .1f * x[i * C];
        x[i * C + 7] = b + .1f * x[i * C + 1];
        right[i] = (i % 2) == (i / 2 % 2);
    }
}

static void test_gradient(void **state)
{
    (void)state;
    static double own[N * C], theta[H * (C + 2) + 1], gradient[H * (C + 2) + 1],
        other[H * (C + 2) + 1], a[H];
    struct rng r;
    fill();
    rng_init(&r, 7, "theta");
    for (size_t i = 0; i < N * C; i++)
        own[i] = (double)x[i] / 4;
    assert_int_equal(trust_size(C, H), sizeof theta / sizeof *theta);
    for (size_t k = 0; k < trust_size(C, H); k++)
        theta[k] = rng_normal(&r) / 2;
    const struct trust_problem q = {N - 3, C, H, own, right, .7, a};
    trust_objective(&q, theta, gradient);
    for (size_t k = 0; k < trust_size(C, H); k++) {
        const double h = 1e-5;
        double was = theta[k];
        theta[k] = was + h;
        double up = trust_objective(&q, theta, other);
        theta[k] = was - h;
        double down = trust_objective(&q, theta, other);
        theta[k] = was;
        double want = (up - down) / (2 * h);
        if (!(fabs(gradient[k] - want) < 1e-8 * fmax(1, fabs(want))))
            fail_msg("gradient %zu is %.10g, differences give %.10g", k, gradient[k], want);
    }
}

/* F once more, word by word: decay is of both layers' weights, and not of what is added to them. */
static void test_value(void **state)
{
    (void)state;
    static const double own[] = {1, 2, -1, .5, 0, 3},
                        theta[] = {.1, -.2, .3, .4, .5, -.6, .7, -.8, .9};
    static const bool is[] = {true, false, true};
    double gradient[9], a[2], want = 0;
    const struct trust_problem q = {3, 2, 2, own, is, .25, a};
    assert_int_equal(trust_size(2, 2), 9);
    for (size_t i = 0; i < 3; i++) {
        const double *row = own + 2 * i;
        double z = .7 * tanh(.1 * row[0] - .2 * row[1] + .5) -
                   .8 * tanh(.3 * row[0] + .4 * row[1] - .6) + .9;
        double p = 1 / (1 + exp(-z));
        want -= log(is[i] ? p : 1 - p) / 3;
    }
    want += (.01 + .04 + .09 + .16 + .49 + .64) / (2 * .25 * 3);
    assert_true(fabs(trust_objective(&q, theta, gradient) - want) < 1e-12);
}

/* What tells right from wrong is found, though no line does. */
static void test_found(void **state)
{
    (void)state;
    static const struct trust_settings s = {.hidden = 8, .c = 100, .seed = 3};
    struct trust t;
    double p[N];
    fill();
    check(trust_fit(&t, &s, &(struct trust_data){N, C, x, right}, &e));
    check(trust_predict(&t, x, N, p, &e));
    for (size_t i = 0; i < N; i++)
        assert_true(right[i] ? p[i] > .9 : p[i] < .1);
    assert_true(t.loss < .05 && t.iterations > 3);
    /* logits are 2 for each weight of a unit and its own; F with its gradient is twice that */
    const double logits = 2. * N * 8 * (C + 1), times = (t.operations / logits - 1) / 2;
    assert_true(fabs(trust_operations(&t, N) - logits) < 1e-9);
    assert_true(fabs(times - floor(times + .5)) < 1e-9 && times > (double)t.iterations);
    trust_release(&t);
}

/* So much decay leaves b0 alone: the share of right ones, whatever the states. */
static void test_share(void **state)
{
    (void)state;
    static const struct trust_settings s = {.hidden = H, .c = 1e-9, .seed = 1};
    struct trust t;
    double p[N];
    fill();
    for (size_t i = 0; i < N; i++)
        right[i] = i % 4 == 0;
    check(trust_fit(&t, &s, &(struct trust_data){N, C, x, right}, &e));
    check(trust_predict(&t, x, N, p, &e));
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(p[i] - .25) < 1e-4);
    assert_true(fabs(t.loss + .25 * log(.25) + .75 * log(.75)) < 1e-6);
    trust_release(&t);
}

/* The seed is where it starts: the same one gives the same bits, another other ones. A feature that
 * is constant where it was learnt says nothing, whatever it is elsewhere. */
static void test_same_and_constant(void **state)
{
    (void)state;
    struct trust_settings s = {.hidden = H, .c = 1, .seed = 9};
    double p[3][N];
    fill();
    for (size_t i = 0; i < N; i++)
        x[i * C + 4] = .3f;
    for (size_t k = 0; k < 3; k++) {
        struct trust t;
        s.seed = k == 2 ? 10 : 9;
        check(trust_fit(&t, &s, &(struct trust_data){N, C, x, right}, &e));
        assert_true(fabs(t.scale[4]) < 1e-300 && t.scale[2] > 0);
        if (k == 1)
            x[4] = 1e6f;
        check(trust_predict(&t, x, N, p[k], &e));
        x[4] = .3f;
        trust_release(&t);
    }
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    assert_memory_not_equal(p[0], p[2], sizeof p[0]);
}

static void test_one_kind(void **state)
{
    (void)state;
    static const struct trust_settings s = {.hidden = H, .c = 1};
    static const char *const words[] = {"none is right", "all are right"};
    for (int all = 0; all < 2; all++) {
        char want[200];
        struct err why = ERR_INIT;
        struct trust t;
        for (size_t i = 0; i < N; i++)
            right[i] = all;
        assert_int_equal(trust_fit(&t, &s, &(struct trust_data){N, C, x, right}, &why), ERR_INPUT);
        snprintf(want, sizeof want,
                 "trust: of 40 labels whose truth is told %s: what tells right from wrong cannot "
                 "be learnt from them, wanted more of them (trust.share)",
                 words[all]);
        assert_string_equal(why.msg, want);
        trust_release(&t);
    }
    struct err why = ERR_INIT;
    struct trust t;
    fill();
    x[3 * C + 6] = (float)NAN;
    assert_int_equal(trust_fit(&t, &s, &(struct trust_data){N, C, x, right}, &why), ERR_NUMERIC);
    assert_non_null(strstr(why.msg, "feature 6 is not finite everywhere"));
    trust_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_same_and_constant),
        cmocka_unit_test(test_one_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
