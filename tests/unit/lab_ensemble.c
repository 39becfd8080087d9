/* lab_ensemble.c - what several say together, and the rounds of boosting, against sums by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "lab/choose.h"
#include "lab/ensemble.h"

#include <math.h>
#include <string.h>

#define close_to(a, b) assert_true(fabs((a) - (b)) <= 1e-15)

/* Three members of four examples of two classes; the classes that they name are
 * 0 1 1 0,  0 1 0 0,  1 1 0 1. */
static const double a[] = {.9, .1, .2, .8, .4, .6, .7, .3}, b[] = {.6, .4, .3, .7, .5, .5, .8, .2},
                    c[] = {.3, .7, .1, .9, .8, .2, .45, .55};
static const double *const members[] = {a, b, c};

static void means(void **state)
{
    (void)state;
    double out[8];
    ensemble_mean(members, (const double[]){1, 1, 1}, 3, 4, 2, out);
    close_to(out[0], .6);
    close_to(out[7], 1.05 / 3);
    ensemble_mean(members, (const double[]){2, 0, 6}, 3, 4, 2, out);
    close_to(out[0], (2 * .9 + 6 * .3) / 8);
    ensemble_mean(members, (const double[]){0, 0, 0}, 3, 4, 2, out);
    close_to(out[0], .6);
    ensemble_mean(members, (const double[]){1}, 1, 4, 2, out);
    assert_memory_equal(out, a, sizeof a);
}

static void agreement(void **state)
{
    (void)state;
    double w[3];
    agreement_weights(members, 3, 4, 2, w);
    close_to(w[0], (3 + 1) / 8.0); /* with b of three, with c of one */
    close_to(w[1], (3 + 2) / 8.0);
    close_to(w[2], (1 + 2) / 8.0);
}

/* The ensemble names 0 1 1 0. */
static void agreed_labels(void **state)
{
    (void)state;
    const double said[] = {.6, .4, .2, .8, .3, .7, .51, .49};
    double share[4];
    ensemble_agreed(members, said, 3, 4, 2, share);
    close_to(share[0], 2 / 3.0);
    close_to(share[1], 1);
    close_to(share[2], 1 / 3.0);
    close_to(share[3], 2 / 3.0);
    ensemble_agreed(members, a, 1, 4, 2, share);
    close_to(share[2], 1);
}

/* K 2: err 1/4, alpha = log 3; the wrong one weighs 3, the others 1, of 6. Then it is right and
 * another wrong: err 1/6, alpha = log 5. */
static void rounds_of_boosting(void **state)
{
    (void)state;
    const int labels[] = {0, 1, 0, 0};
    double w[] = {.25, .25, .25, .25};
    close_to(boost_round(w, a, labels, 4, 2), log(3));
    close_to(w[2], .5);
    close_to(w[0], 1 / 6.0);
    double d[] = {.9, .1, .8, .2, .9, .1, .9, .1}; /* wrong in the second */
    close_to(boost_round(w, d, labels, 4, 2), log(5));
    close_to(w[1], .5);
    close_to(w[2], .3);
    /* Three classes have log 2 more to say. */
    const double p[] = {.8, .1, .1, .1, .8, .1, .1, .8, .1, .1, .1, .8};
    const int three[] = {0, 1, 2, 2};
    double v[] = {.25, .25, .25, .25};
    close_to(boost_round(v, p, three, 4, 3), log(3) + log(2));
    close_to(v[2], 6.0 / 9);
}

static void its_bounds(void **state)
{
    (void)state;
    const int wrong[] = {1, 0, 1, 0}, labels[] = {0, 1, 1, 0};
    double w[] = {.25, .25, .25, .25}, before[4];
    memcpy(before, w, sizeof w);
    close_to(boost_round(w, a, wrong, 4, 2), 0); /* half of them wrong: chance */
    assert_memory_equal(w, before, sizeof w);
    close_to(boost_round(w, a, labels, 4, 2), log(7)); /* none wrong: as if 1/8 were */
    assert_memory_equal(w, before, sizeof w);
}

static void samples(void **state)
{
    (void)state;
    enum { N = 200 };
    struct err e = ERR_INIT;
    struct rng rng;
    size_t out[N], seen = 0, heavy = 0;
    double w[N];
    rng_init(&rng, 1, "bagging 1");
    assert_int_equal(sample_draw(&rng, NULL, N, out, &e), OK);
    for (size_t i = 0; i < N; i++) {
        assert_true(out[i] < N && (i == 0 || out[i - 1] <= out[i]));
        seen += i == 0 || out[i - 1] != out[i];
    }
    assert_true(seen > 110 && seen < 142); /* 1 - 1/e of 200 is 126 */
    for (size_t i = 0; i < N; i++)
        w[i] = i == 7 ? 1 : i < 100 ? 1.0 / 198 : 0;
    assert_int_equal(sample_draw(&rng, w, N, out, &e), OK);
    for (size_t i = 0; i < N; i++) {
        assert_true(out[i] < 100);
        heavy += out[i] == 7;
    }
    assert_true(heavy > 105 && heavy < 162); /* of 1.5 it has 1: 133 expected */
}

/* Ground truth in the place of weak labels: as many as asked for, no others touched. */
static void human_labels(void **state)
{
    (void)state;
    enum { N = 50 };
    for (int alone = 0; alone < 2; alone++) {
        struct err e = ERR_INIT;
        struct choice h = {CHOICE_HUMAN, .share = .3, .alone = alone};
        double probs[2 * N];
        int truth[N];
        size_t *chosen, n, human = 0;
        for (size_t i = 0; i < N; i++) {
            truth[i] = i % 3 == 0;
            probs[2 * i] = probs[2 * i + 1] = .5;
        }
        assert_int_equal(choice_human(&h, 4, truth, N, 2, probs, &chosen, &n, &e), OK);
        assert_int_equal(n, 15);
        assert_true((chosen != NULL) == alone);
        for (size_t i = 0; i < N; i++) {
            bool is = probs[2 * i + 1] != .5;
            if (is)
                assert_true(probs[2 * i + 1] == truth[i] && probs[2 * i] == 1 - truth[i]);
            if (is && alone)
                assert_int_equal(chosen[human], i);
            human += is;
        }
        assert_int_equal(human, 15);
        mem_free(chosen);
        h.share = .001;
        assert_int_equal(choice_human(&h, 4, truth, N, 2, probs, &chosen, &n, &e), ERR_INPUT);
        assert_string_equal(e.msg,
                            alone ? "human_labels_alone: a share of 0.001 of 50 examples is none"
                                  : "human_labels: a share of 0.001 of 50 examples is none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means),         cmocka_unit_test(agreement),
        cmocka_unit_test(agreed_labels), cmocka_unit_test(rounds_of_boosting),
        cmocka_unit_test(its_bounds),    cmocka_unit_test(samples),
        cmocka_unit_test(human_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
