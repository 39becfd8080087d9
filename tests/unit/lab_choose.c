/* lab_choose.c - which labels are chosen, in which order: hand-made rows, ties, edges, and nothing
 * left. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "lab/choose.h"

#include <math.h>
#include <string.h>

/* Of three classes: the largest of each row is .5, .9, .5, .7, .34, .9. */
static const double rows[] = {.5, .3, .2, .05, .9,  .05, .2, .3,  .5,
                              .7, .2, .1, .33, .34, .33, .9, .05, .05};
enum { N = 6, K = 3 };

static void choose(const struct choice *c, const char *want)
{
    struct err e = ERR_INIT;
    char got[N + 1] = "------";
    size_t *chosen, n;
    if (choice_make(c, rows, NULL, N, K, &chosen, &n, &e))
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || chosen[i - 1] < chosen[i]);
        got[chosen[i]] = 'x';
    }
    assert_string_equal(got, want);
    mem_free(chosen);
}

static void the_surest_share(void **state)
{
    (void)state;
    static const struct {
        double share;
        const char *want;
    } cases[] = {{1, "xxxxxx"},  {.5, "-x-x-x"},  {.34, "-x---x"},
                 {.2, "-x----"}, {.66, "xx-x-x"}, /* of the two at .5 the first */
                 {.42, "-x-x-x"} /* 2.52: to the nearest */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        choose(&(struct choice){CHOICE_SURE, .share = cases[i].share}, cases[i].want);
}

static void a_window_has_its_edges(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        const char *want;
    } cases[] = {{0, 1, "xxxxxx"}, {.5, .7, "x-xx--"}, {.9, .9, "-x---x"}, {.1, .34, "----x-"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        choose(&(struct choice){CHOICE_WINDOW, .low = cases[i].low, .high = cases[i].high},
               cases[i].want);
}

/* order - examples in the order in which they are taken, as digits: what is new when the share
 * grows by one. */
static void order(enum choice_kind kind, enum choice_by by, const double *probs,
                  const double *score, size_t n, size_t classes, const char *want)
{
    char got[10] = "";
    bool before[10] = {false};
    assert_true(n < 10);
    for (size_t most = 1; most <= n; most++) {
        struct err e = ERR_INIT;
        struct choice c = {kind, .share = (double)most / (double)n, .by = by};
        size_t *chosen, n_chosen;
        if (choice_make(&c, probs, score, n, classes, &chosen, &n_chosen, &e))
            fail_msg("%s", e.msg);
        assert_int_equal(n_chosen, most);
        for (size_t i = 0; i < n_chosen; i++)
            if (!before[chosen[i]])
                got[most - 1] = (char)('0' + chosen[i]), before[chosen[i]] = true;
        mem_free(chosen);
    }
    assert_string_equal(got, want);
}

/* Of three classes the three orders differ:
 *
 *              largest   entropy   less the second
 *     0          .6       .673        .2
 *     1          .55      .998        .31
 *     2          .5       .693        0
 *     3          .56      .978        .33
 */
static void orders_differ_of_three_classes(void **state)
{
    (void)state;
    static const double p[] = {.6, .4, 0, .55, .24, .21, .5, .5, 0, .56, .23, .21};
    order(CHOICE_SURE, BY_PROBABILITY, p, NULL, 4, 3, "0312");
    order(CHOICE_SURE, BY_ENTROPY, p, NULL, 4, 3, "0231");
    order(CHOICE_SURE, BY_MARGIN, p, NULL, 4, 3, "3102");
}

/* Of two classes they are one order, whichever class it is, even, nearly even and certain. */
static void orders_are_one_of_two_classes(void **state)
{
    (void)state;
    static const double p[] = {.5,  .5,  .3, .7, .5 + 2e-9, .5 - 2e-9, .7, .3,
                               .02, .98, 1,  0,  .5 - 1e-9, .5 + 1e-9, .9, .1};
    for (int by = BY_PROBABILITY; by <= BY_MARGIN; by++)
        order(CHOICE_SURE, (enum choice_by)by, p, NULL, 8, 2, "54713260");
}

/* Most members first; of as many the surest, of these the first. */
static void orders_by_what_is_told(void **state)
{
    (void)state;
    static const double p[] = {.9, .1, .6, .4, .2, .8, .6, .4, .4, .6},
                        share[] = {2. / 3, 1, 1, 2. / 3, 2. / 3};
    order(CHOICE_SURE, BY_AGREEMENT, p, share, 5, 2, "21034");
    order(CHOICE_DYNAMICS, BY_CONFIDENCE, p, share, 5, 2, "21034");
    order(CHOICE_DYNAMICS, BY_VARIABILITY, p, share, 5, 2, "21034");
}

/* Three points of four labels. */
static void dynamics_of_a_training(void **state)
{
    (void)state;
    static const double p[] = {.2, .9, .5, .1, .5, .9, .5, .2, .8, .9, .5, .9};
    double mean[4], spread[4];
    static const double means[] = {.5, .9, .5, .4}, squares[] = {.06, 0, 0, (.09 + .04 + .25) / 3};
    dynamics_measure(p, 3, 4, mean, spread);
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(mean[i] - means[i]) < 1e-15);
        assert_true(fabs(spread[i] * spread[i] - squares[i]) < 1e-15);
    }
    dynamics_measure(p, 1, 4, mean, spread);
    assert_true(mean[3] == .1 && spread[3] == 0);
}

static void nothing_left_is_a_sentence(void **state)
{
    (void)state;
    static const struct {
        struct choice c;
        const char *says;
    } cases[] = {
        {{CHOICE_SURE, .share = .05}, "high_confidence: a share of 0.05 of 6 examples is none"},
        {{CHOICE_DYNAMICS, .share = .05, .by = BY_CONFIDENCE},
         "dynamics: a share of 0.05 of 6 examples is none"},
        {{CHOICE_WINDOW, .low = .91, .high = 1},
         "confidence_window: no label's largest probability is from 0.91 to 1; those of the 6 "
         "examples are from 0.34 to 0.9"}};
    const double scores[N] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        size_t *chosen, n;
        assert_int_equal(choice_make(&cases[i].c, rows, scores, N, K, &chosen, &n, &e), ERR_INPUT);
        assert_string_equal(e.msg, cases[i].says);
        assert_null(chosen);
    }
}

/* The most trusted, of equal ones the first; never by whether a label is sure. */
static void the_most_trusted(void **state)
{
    (void)state;
    static const double trust[] = {.2, .9, .5, .5, .1, .5};
    static const struct {
        double keep;
        const char *want;
    } cases[] = {{1, "xxxxxx"}, {.5, "-xxx--"}, {.34, "-xx---"}, {.2, "-x----"}, {.8, "xxxx-x"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        struct choice c = {CHOICE_TRUST, .keep = cases[i].keep};
        char got[N + 1] = "------";
        size_t *chosen, n;
        if (choice_trusted(&c, trust, N, &chosen, &n, &e))
            fail_msg("%s", e.msg);
        for (size_t k = 0; k < n; k++) {
            assert_true(k == 0 || chosen[k - 1] < chosen[k]);
            got[chosen[k]] = 'x';
        }
        assert_string_equal(got, cases[i].want);
        mem_free(chosen);
        c.keep = .05;
        assert_int_equal(choice_trusted(&c, trust, N, &chosen, &n, &e), ERR_INPUT);
        assert_string_equal(e.msg, "trust: a keep of 0.05 of 6 examples is none");
        assert_null(chosen);
    }
}

/* Whose truth is told is the same of human labels and of trust, where share and seed are. */
static void told_as_human_labels_are(void **state)
{
    (void)state;
    enum { ALL = 50 };
    static double probs[2 * ALL];
    static int truth[ALL];
    struct choice human = {CHOICE_HUMAN, .share = .3, .alone = true};
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct err e = ERR_INIT;
        size_t *drawn, *told, n_drawn, n_told;
        assert_int_equal(choice_human(&human, seed, truth, ALL, 2, probs, &drawn, &n_drawn, &e),
                         OK);
        assert_int_equal(choice_drawn("trust", .3, seed, ALL, &told, &n_told, &e), OK);
        assert_true(n_told == 15 && n_drawn == 15 && choice_share_count(.3, ALL) == 15);
        assert_memory_equal(drawn, told, 15 * sizeof *told);
        mem_free(drawn);
        mem_free(told);
    }
    struct err e = ERR_INIT;
    size_t *told, n;
    assert_int_equal(choice_drawn("trust", .001, 1, ALL, &told, &n, &e), ERR_INPUT);
    assert_string_equal(e.msg, "trust: a share of 0.001 of 50 examples is none");
    assert_null(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_surest_share),
        cmocka_unit_test(a_window_has_its_edges),
        cmocka_unit_test(orders_differ_of_three_classes),
        cmocka_unit_test(orders_are_one_of_two_classes),
        cmocka_unit_test(orders_by_what_is_told),
        cmocka_unit_test(dynamics_of_a_training),
        cmocka_unit_test(nothing_left_is_a_sentence),
        cmocka_unit_test(the_most_trusted),
        cmocka_unit_test(told_as_human_labels_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
