/* train_loss - values and gradients of the losses, hardened targets, alpha and learning rate over
 * time. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/rng.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX = 64 };

static struct loss_settings settings_of(enum loss_kind kind, enum threshold_kind threshold)
{
    return (struct loss_settings){kind, 0.5, 0.2, threshold, .gamma = 2, .temperature = 2};
}

/* batch_random - logits normal, targets a random distribution. */
static void batch_random(size_t B, size_t K, uint64_t seed, double *z, double *t)
{
    struct rng r;
    rng_init(&r, seed, "batch");
    for (size_t i = 0; i < B; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++) {
            z[i * K + k] = rng_normal(&r);
            sum += t[i * K + k] = rng_unit(&r) + 0.01;
        }
        for (size_t k = 0; k < K; k++)
            t[i * K + k] /= sum;
    }
}

static double loss_of(const struct loss_settings *s, double alpha, size_t B, size_t K,
                      const double *z, const double *t, double prior)
{
    struct err e = ERR_INIT;
    double loss, dz[MAX];
    assert_int_equal(loss_compute(s, alpha, B, K, z, t, prior, &loss, dz, &e), OK);
    return loss;
}

/* f64 central differences: error h^2 times a third derivative below 1, and rounding 1e-16/h. */
#define DIFF_STEP 1e-5
#define DIFF_TOL  1e-9

static void gradient_check(const struct loss_settings *s, double alpha, size_t B, size_t K,
                           uint64_t seed)
{
    struct err e = ERR_INIT;
    double z[MAX], t[MAX], dz[MAX], loss;
    batch_random(B, K, seed, z, t);
    assert_int_equal(loss_compute(s, alpha, B, K, z, t, 0.4, &loss, dz, &e), OK);
    for (size_t i = 0; i < B * K; i++) {
        double keep = z[i];
        z[i] = keep + DIFF_STEP;
        double above = loss_of(s, alpha, B, K, z, t, 0.4);
        z[i] = keep - DIFF_STEP;
        double below = loss_of(s, alpha, B, K, z, t, 0.4);
        z[i] = keep;
        assert_true(fabs((above - below) / (2 * DIFF_STEP) - dz[i]) < DIFF_TOL);
    }
}

static void gradients_are_central_differences(void **state)
{
    (void)state;
    static const double alphas[] = {0, 0.3, 1};
    struct loss_settings s[] = {settings_of(LOSS_XENT, THRESHOLD_MEDIAN),
                                settings_of(LOSS_CONFIDENCE, THRESHOLD_MEDIAN),
                                settings_of(LOSS_CONFIDENCE, THRESHOLD_PRIOR),
                                settings_of(LOSS_SMOOTHING, THRESHOLD_MEDIAN),
                                settings_of(LOSS_KL, THRESHOLD_MEDIAN),
                                settings_of(LOSS_REVERSE_KL, THRESHOLD_MEDIAN),
                                settings_of(LOSS_REVERSE_XENT, THRESHOLD_MEDIAN),
                                settings_of(LOSS_FOCAL, THRESHOLD_MEDIAN)};
    for (size_t i = 0; i < sizeof s / sizeof *s; i++)
        for (size_t a = 0; a < 3; a++)
            for (size_t K = 2; K <= 4; K++)
                for (size_t B = 1; B <= 7; B += 2)
                    gradient_check(&s[i], alphas[a], B, K, 100 * i + 10 * K + B);
}

static void values_by_hand(void **state)
{
    (void)state;
    struct loss_settings x = settings_of(LOSS_XENT, THRESHOLD_MEDIAN);
    struct loss_settings c = settings_of(LOSS_CONFIDENCE, THRESHOLD_MEDIAN);
    const double flat[] = {0, 0}, soft[] = {0.25, 0.75};
    assert_true(fabs(loss_of(&x, 0, 1, 2, flat, soft, 0) - log(2)) < 1e-15);
    /* f1 = 3/4 and 1/4: the first row is hardened to 1, the second to 0. */
    const double z[] = {0, log(3), log(3), 0}, w[] = {1, 0, 0.5, 0.5};
    double naive = (log(4) + (log(4) + log(4.0 / 3)) / 2) / 2, hard = log(4.0 / 3);
    assert_true(fabs(loss_of(&x, 0, 2, 2, z, w, 0) - naive) < 1e-15);
    assert_true(fabs(loss_of(&c, 0.3, 2, 2, z, w, 0) - (0.7 * naive + 0.3 * hard)) < 1e-15);
    /* Large logits: the loss of a wrong label is their distance, nothing overflows. */
    const double far[] = {1e4, -1e4}, wrong[] = {0, 1};
    assert_true(fabs(loss_of(&x, 0, 1, 2, far, wrong, 0) - 2e4) < 1e-9);
}

static void alpha_zero_is_xent_to_the_bit(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct loss_settings x = settings_of(LOSS_XENT, THRESHOLD_MEDIAN);
    for (int threshold = 0; threshold < 2; threshold++) {
        struct loss_settings c = settings_of(LOSS_CONFIDENCE, (enum threshold_kind)threshold);
        for (uint64_t seed = 0; seed < 50; seed++) {
            double z[MAX], t[MAX], dx[MAX], dc[MAX], lx, lc;
            size_t K = 2 + seed % 3, B = 1 + seed % 9;
            batch_random(B, K, seed, z, t);
            assert_int_equal(loss_compute(&x, 0, B, K, z, t, 0.3, &lx, dx, &e), OK);
            assert_int_equal(loss_compute(&c, 0, B, K, z, t, 0.3, &lc, dc, &e), OK);
            assert_memory_equal(&lx, &lc, sizeof lx);
            assert_memory_equal(dx, dc, B * K * sizeof *dx);
        }
    }
}

/* What a loss is where its parameter does nothing: xent to the bit. */
static void limits_are_xent_to_the_bit(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct loss_settings x = settings_of(LOSS_XENT, THRESHOLD_MEDIAN);
    for (int kind = LOSS_PRODUCT; kind <= LOSS_FOCAL; kind++) {
        struct loss_settings s = {.kind = (enum loss_kind)kind, .gamma = 0, .temperature = 1};
        for (uint64_t seed = 0; seed < 50; seed++) {
            double z[MAX], t[MAX], dx[MAX], d[MAX], lx, l, entropy = 0;
            size_t K = 2 + seed % 3, B = 1 + seed % 9;
            batch_random(B, K, seed, z, t);
            assert_int_equal(loss_compute(&x, 0, B, K, z, t, 0.3, &lx, dx, &e), OK);
            assert_int_equal(loss_compute(&s, 0, B, K, z, t, 0.3, &l, d, &e), OK);
            assert_memory_equal(dx, d, B * K * sizeof *dx);
            for (size_t i = 0; kind == LOSS_KL && i < B * K; i++)
                entropy -= t[i] * log(t[i]) / (double)B;
            if (kind == LOSS_KL)
                assert_true(fabs(l + entropy - lx) < 1e-14);
            else
                assert_memory_equal(&lx, &l, sizeof lx);
        }
    }
}

/* product_check - the product's target is held still: it is xent with that target, t. */
static void product_check(double alpha, size_t K, const double *z, const double *w, const double *t)
{
    struct err e = ERR_INIT;
    struct loss_settings x = settings_of(LOSS_XENT, THRESHOLD_MEDIAN),
                         s = settings_of(LOSS_PRODUCT, THRESHOLD_MEDIAN);
    double dx[MAX], d[MAX], lx, l;
    assert_int_equal(loss_compute(&x, 0, 1, K, z, t, 0, &lx, dx, &e), OK);
    assert_int_equal(loss_compute(&s, alpha, 1, K, z, w, 0, &l, d, &e), OK);
    assert_true(fabs(l - lx) < 1e-12 * (1 + fabs(lx)));
    for (size_t k = 0; k < K; k++)
        assert_true(fabs(d[k] - dx[k]) < 1e-14);
}

static void product_by_hand(void **state)
{
    (void)state;
    /* f = .8, .2; w = .1, .9: alpha 1 .08 to .18; alpha 1/2 2 * .1 to .9 */
    const double z[] = {log(4), 0}, w[] = {0.1, 0.9}, whole[] = {4.0 / 13, 9.0 / 13},
                 half[] = {2.0 / 11, 9.0 / 11};
    product_check(1, 2, z, w, whole);
    product_check(0.5, 2, z, w, half);
    /* One that is certain decides; of two that are, the supervisor. */
    const double far[] = {800, -800}, even[] = {0.5, 0.5}, one[] = {1, 0}, other[] = {0, 1};
    product_check(1, 2, far, even, one);
    product_check(1, 2, z, other, other);
    product_check(1, 2, far, other, other);
    for (uint64_t seed = 0; seed < 30; seed++) {
        double l[MAX], v[MAX], t[MAX], sum = 0;
        size_t K = 2 + seed % 3;
        batch_random(1, K, seed, l, v);
        for (size_t k = 0; k < K; k++)
            sum += t[k] = exp(0.7 * l[k]) * v[k];
        for (size_t k = 0; k < K; k++)
            t[k] /= sum;
        product_check(0.7, K, l, v, t);
    }
}

/* Two that agree are surer together: where the student is as its supervisor, it does not rest. */
static void product_goes_on(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct loss_settings s = settings_of(LOSS_PRODUCT, THRESHOLD_MEDIAN);
    const double w[] = {0.2, 0.8}, z[] = {log(0.2), log(0.8)};
    double d[2], l;
    assert_int_equal(loss_compute(&s, 1, 1, 2, z, w, 0, &l, d, &e), OK);
    assert_true(fabs(d[1] - (0.8 - 0.64 / 0.68)) < 1e-15);
}

/* Reverse kl is 0, and rests, where the student is as its supervisor, how sure that may be, and
 * is above 0 elsewhere. */
static void reverse_kl_is_a_divergence(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct loss_settings s = settings_of(LOSS_REVERSE_KL, THRESHOLD_MEDIAN);
    static const double weak[] = {0, 1e-9, 1e-6, 1e-3, 0.01, 0.2, 0.5};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        const double w[] = {weak[i], 1 - weak[i]};
        double least = fmax(w[0], 1e-6), sum = least + w[1], d[2], l;
        const double z[] = {log(least / sum), log(w[1] / sum)};
        assert_int_equal(loss_compute(&s, 1, 1, 2, z, w, 0, &l, d, &e), OK);
        assert_true(fabs(l) < 1e-15 && fabs(d[0]) < 1e-15 && fabs(d[1]) < 1e-15);
        for (int k = -8; k <= 8; k++) {
            const double off[] = {z[0] + 0.25 * k, z[1]};
            if (k != 0)
                assert_true(loss_of(&s, 1, 1, 2, off, w, 0) > 1e-9);
        }
    }
    const double z[] = {log(3), 0}, sure[] = {1, 0};
    double sum = 1 + 1e-6;
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, sure, 0) -
                     (0.75 * log(0.75 * sum) + 0.25 * log(0.25 * sum / 1e-6))) < 1e-14);
}

static void other_values_by_hand(void **state)
{
    (void)state;
    const double z[] = {log(3), 0}, w[] = {0.25, 0.75}, sure[] = {1, 0}; /* f = 3/4, 1/4 */
    struct loss_settings s = settings_of(LOSS_SMOOTHING, THRESHOLD_MEDIAN);
    double right = log(4.0 / 3), wrong = log(4);
    assert_true(fabs(loss_of(&s, 0.2, 1, 2, z, sure, 0) - (0.9 * right + 0.1 * wrong)) < 1e-15);
    s.kind = LOSS_REVERSE_KL;
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, w, 0) - (0.75 * log(3) - 0.25 * log(3))) < 1e-15);
    s.kind = LOSS_REVERSE_XENT;
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, w, 0) - (0.75 * wrong + 0.25 * right)) < 1e-15);
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, sure, 0) - 0.25 * 4) < 1e-15); /* log 0 is -4 */
    const double under[] = {0.99, 0.01}, over[] = {0.98, 0.02}; /* e^-4 is .0183: so is log .01 */
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, under, 0) + 0.75 * log(0.99) - 1) < 1e-15);
    assert_true(fabs(loss_of(&s, 1, 1, 2, z, over, 0) + 0.75 * log(0.98) + 0.25 * log(0.02)) <
                1e-15);
    s.kind = LOSS_FOCAL;
    assert_true(fabs(loss_of(&s, 0, 1, 2, z, sure, 0) - right / 16) < 1e-15);
    s.kind = LOSS_KL; /* T 2: f is as sqrt(3) to 1, w as 1 to sqrt(3) */
    double r = sqrt(3), even = (1 - r) / (1 + r) * log(1 / r);
    assert_true(fabs(loss_of(&s, 0, 1, 2, z, w, 0) - 4 * even) < 1e-14);
}

/* Certain labels and certain students, whose logarithms do not exist. */
static void certainty_is_finite(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const double z[] = {800, -800, -800, 800}, w[] = {1, 0, 1, 0};
    for (int kind = LOSS_XENT; kind <= LOSS_FOCAL; kind++)
        for (int gamma = 0; gamma < 3; gamma++) {
            struct loss_settings s = {
                .kind = (enum loss_kind)kind, .gamma = 0.5 * gamma, .temperature = 0.5 + gamma};
            double d[4], loss;
            assert_int_equal(loss_compute(&s, 0.5, 2, 2, z, w, 0.5, &loss, d, &e), OK);
            for (size_t i = 0; i < 4; i++)
                assert_true(isfinite(d[i]));
        }
}

/* hard_check - with alpha 1 the gradient is (f - hard) / B: read the hardened targets out of it. */
static void hard_check(enum threshold_kind threshold, double prior, size_t B, size_t K,
                       const double *z, const char *want)
{
    struct err e = ERR_INIT;
    struct loss_settings s = settings_of(LOSS_CONFIDENCE, threshold);
    double t[MAX], dz[MAX], loss;
    char found[MAX] = "";
    for (size_t i = 0; i < B * K; i++)
        t[i] = 1.0 / (double)K;
    assert_int_equal(loss_compute(&s, 1, B, K, z, t, prior, &loss, dz, &e), OK);
    for (size_t i = 0; i < B; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++)
            sum += exp(z[i * K + k]);
        found[i] = '?';
        for (size_t k = 0; k < K; k++) {
            double hard = exp(z[i * K + k]) / sum - dz[i * K + k] * (double)B;
            assert_true(fabs(hard) < 1e-12 || fabs(hard - 1) < 1e-12);
            if (hard > 0.5)
                found[i] = (char)('0' + k);
        }
    }
    assert_string_equal(found, want);
}

static void hardened_targets_by_hand(void **state)
{
    (void)state;
    /* Two columns a row: the second rises with f1. */
    const double four[] = {0, 2, 0, -1, 0, 1, 0, 3};
    const double five[] = {0, 2, 0, -1, 0, 1, 0, 3, 0, 0};
    const double same[] = {0, 1, 0, 1, 0, 1, 0, 1};
    const double tied[] = {0, 2, 0, 1, 0, 1, 0, 1};
    const double high[] = {0, 9, 0, 8, 0, 7, 0, 6}; /* all over 1/2: t is not 1/2 */
    hard_check(THRESHOLD_MEDIAN, 0, 4, 2, four, "1001");
    hard_check(THRESHOLD_MEDIAN, 0, 5, 2, five, "10010");
    hard_check(THRESHOLD_MEDIAN, 0, 4, 2, same, "0000");
    hard_check(THRESHOLD_MEDIAN, 0, 4, 2, tied, "1000");
    hard_check(THRESHOLD_MEDIAN, 0, 4, 2, high, "1100");
    hard_check(THRESHOLD_MEDIAN, 0, 1, 2, four, "0");
    hard_check(THRESHOLD_PRIOR, 0, 4, 2, high, "0000");
    hard_check(THRESHOLD_PRIOR, 0.2, 4, 2, high, "1000");
    hard_check(THRESHOLD_PRIOR, 0.75, 4, 2, four, "1011");
    hard_check(THRESHOLD_PRIOR, 1, 4, 2, four, "1111");
    hard_check(THRESHOLD_PRIOR, 1, 4, 2, same, "1111");
    hard_check(THRESHOLD_PRIOR, 0.5, 5, 2, five, "10110"); /* 2.5 rounds up to 3 */
    const double three[] = {0, 1, 2, 5, 5, 1, 0, 0, 0, -3, -1, -2};
    hard_check(THRESHOLD_MEDIAN, 0, 4, 3, three, "2001");
}

static void not_finite_is_numeric(void **state)
{
    (void)state;
    static const double bad[] = {HUGE_VAL, -HUGE_VAL};
    for (int kind = 0; kind < 2; kind++)
        for (size_t i = 0; i < 3; i++) {
            struct err e = ERR_INIT;
            struct loss_settings s = settings_of((enum loss_kind)kind, THRESHOLD_MEDIAN);
            double z[] = {0, 1, 2, 0}, t[] = {1, 0, 0, 1}, dz[4], loss;
            z[1] = i < 2 ? bad[i] : bad[0] - bad[0];
            assert_int_equal(loss_compute(&s, 0.5, 2, 2, z, t, 0, &loss, dz, &e), ERR_NUMERIC);
            assert_non_null(strstr(e.msg, "loss is nan"));
        }
}

/* Defect 1 of public implementations: the coefficient during warm-up is the step's fraction. */
static void alpha_rises_to_its_maximum(void **state)
{
    (void)state;
    struct loss_settings s = {.kind = LOSS_CONFIDENCE, .alpha_max = 0.75, .ramp = 0.2};
    static const struct {
        size_t step;
        double alpha;
    } want[] = {{0, 0}, {5, 0.1875}, {10, 0.375}, {19, 0.7125}, {20, 0.75}, {21, 0.75}, {99, 0.75}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(fabs(loss_alpha(&s, want[i].step, 100) - want[i].alpha) < 1e-15);
    s.ramp = 0;
    assert_true(loss_alpha(&s, 0, 100) == 0.75);
    assert_true(loss_joint(&s, 0.75));
    assert_false(loss_joint(&s, 0));
    s.kind = LOSS_XENT;
    assert_true(loss_alpha(&s, 50, 100) == 0);
    assert_false(loss_joint(&s, 0));
}

/* transformers 5.23's get_cosine_schedule_with_warmup(0, 10) and get_linear_schedule_with_warmup(0,
 * 10), and warm-up over them. */
static void learning_rates(void **state)
{
    (void)state;
    static const double cosine[] = {
        1.0, 0.9755282581475768,  0.9045084971874737, 0.7938926261462366,  0.6545084971874737,
        0.5, 0.34549150281252633, 0.2061073738537635, 0.09549150281252633, 0.024471741852423234};
    struct train_settings s;
    train_settings_init(&s);
    s.lr = 2e-3;
    for (size_t i = 0; i < 10; i++) {
        double warm = i < 4 ? (double)(i + 1) / 4 : 1;
        for (size_t warmup = 0; warmup <= 4; warmup += 4) {
            double w = warmup ? warm : 1;
            s.warmup = warmup;
            s.schedule = SCHEDULE_COSINE;
            assert_true(fabs(schedule_lr(&s, i, 10) - 2e-3 * w * cosine[i]) < 1e-17);
            s.schedule = SCHEDULE_LINEAR;
            assert_true(fabs(schedule_lr(&s, i, 10) - 2e-3 * w * (1 - (double)i / 10)) < 1e-17);
            s.schedule = SCHEDULE_CONSTANT;
            assert_true(fabs(schedule_lr(&s, i, 10) - 2e-3 * w) < 1e-17);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_central_differences),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(alpha_zero_is_xent_to_the_bit),
        cmocka_unit_test(limits_are_xent_to_the_bit),
        cmocka_unit_test(product_by_hand),
        cmocka_unit_test(product_goes_on),
        cmocka_unit_test(reverse_kl_is_a_divergence),
        cmocka_unit_test(other_values_by_hand),
        cmocka_unit_test(certainty_is_finite),
        cmocka_unit_test(hardened_targets_by_hand),
        cmocka_unit_test(not_finite_is_numeric),
        cmocka_unit_test(alpha_rises_to_its_maximum),
        cmocka_unit_test(learning_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
