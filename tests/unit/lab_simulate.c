/* lab_simulate.c - simulated supervisors: exactly as right as asked for, wrong where the structure
 * says, and that to the share that is asked for; told apart by their names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "lab/simulate.h"

#include <math.h>
#include <string.h>

enum { N = 1000 };

struct fixture {
    int truth[N], says[N], said[N];
    double strength[N];
    struct opinion o;
    size_t wrong, structured;
};

/* The structure says class 1 of every third example, the more strongly the later it comes. */
static void fixture(struct fixture *f, size_t K)
{
    struct rng rng;
    rng_init(&rng, 3, "truth");
    for (size_t i = 0; i < N; i++) {
        f->truth[i] = (int)rng_below(&rng, K);
        f->says[i] = i % 3 == 0 ? 1 : f->truth[i];
        f->strength[i] = (double)i;
    }
    f->o = (struct opinion){f->says, f->strength};
}

static void simulate(struct fixture *f, const struct simulation *s, const struct opinion *o,
                     size_t K, uint64_t seed)
{
    struct err e = ERR_INIT;
    struct rng rng;
    rng_init(&rng, seed, "errors");
    assert_int_equal(simulate_labels(s, o, &rng, f->truth, N, K, f->said, &f->structured, &e), OK);
    f->wrong = 0;
    for (size_t i = 0; i < N; i++) {
        assert_true(f->said[i] >= 0 && (size_t)f->said[i] < K);
        f->wrong += f->said[i] != f->truth[i];
    }
}

static void as_right_as_asked(void **state)
{
    (void)state;
    static const double accuracy[] = {1, .8, .7504, .5, 0};
    static const size_t wrong[] = {0, 200, 250, 500, 1000};
    static struct fixture f;
    for (size_t K = 2; K < 5; K++)
        for (size_t i = 0; i < 5; i++)
            for (int structured = 0; structured < 2; structured++) {
                fixture(&f, K);
                struct simulation s = {
                    structured ? SIM_LENGTH : SIM_UNIFORM, accuracy[i], 1, NULL, 0, NULL, NULL};
                simulate(&f, &s, structured ? &f.o : NULL, K, 1);
                assert_int_equal(f.wrong, wrong[i]);
            }
}

/* Those where it contradicts the truth most strongly: counted from the end. */
static void wrong_where_the_structure_says(void **state)
{
    (void)state;
    static struct fixture f;
    struct simulation s = {SIM_LENGTH, .9, 1, NULL, 0, NULL, NULL};
    size_t left = 100;
    fixture(&f, 2);
    simulate(&f, &s, &f.o, 2, 1);
    assert_int_equal(f.structured, 100);
    for (size_t i = N; i-- > 0;) {
        bool wrong = left && f.says[i] != f.truth[i];
        left -= wrong;
        assert_int_equal(f.said[i], wrong ? 1 : f.truth[i]);
    }
}

/* The dial: that share of the errors is the structure's, the rest is drawn among all others. */
static void the_dial(void **state)
{
    (void)state;
    static struct fixture f, uniform;
    fixture(&f, 3);
    fixture(&uniform, 3);
    struct simulation u = {SIM_UNIFORM, .9, 1, NULL, 0, NULL, NULL};
    simulate(&uniform, &u, NULL, 3, 1);
    for (int k = 0; k <= 4; k++) {
        struct simulation s = {SIM_LENGTH, .9, k / 4.0, NULL, 0, NULL, NULL};
        simulate(&f, &s, &f.o, 3, 1);
        assert_int_equal(f.wrong, 100);
        assert_int_equal(f.structured, 25 * k);
        if (k == 0)
            assert_memory_equal(f.said, uniform.said, sizeof f.said);
    }
    /* A structure that is short of errors: the rest is drawn. */
    struct simulation s = {SIM_LENGTH, .3, 1, NULL, 0, NULL, NULL};
    simulate(&f, &s, &f.o, 3, 1);
    assert_int_equal(f.wrong, 700);
    assert_true(f.structured > 150 && f.structured < 334);
}

/* Uniform errors fall on each example, and each wrong class, as often: within five deviations. */
static void uniform_is_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 400, K = 4 };
    static struct fixture f;
    static int wrong[N], by[K];
    struct simulation s = {SIM_UNIFORM, .8, 1, NULL, 0, NULL, NULL};
    fixture(&f, K);
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        simulate(&f, &s, NULL, K, seed);
        for (size_t i = 0; i < N; i++)
            if (f.said[i] != f.truth[i]) {
                wrong[i]++;
                by[(f.said[i] - f.truth[i] + K) % K]++;
            }
    }
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(wrong[i] - .2 * DRAWS) < 5 * sqrt(DRAWS * .2 * .8));
    double each = DRAWS * 200 / 3.0;
    for (int k = 1; k < K; k++)
        assert_true(fabs(by[k] - each) < 5 * sqrt(each));
}

static void words_that_deny(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"", 0},
                 {"a note on knots", 0},
                 {"it is not good", 1},
                 {"Never, NEVER do this", 2},
                 {"it isn't , and it does n't", 2},
                 {"nothing without hope; nor that", 3},
                 {"cannot", 1},
                 {"n't", 1},
                 {"nothingness", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(simulate_negations(cases[i].text, strlen(cases[i].text)), cases[i].n);
}

/* Every entry has a name of its own, whatever its model is called; without one, what it always had.
 */
static void names_tell_models_apart(void **state)
{
    (void)state;
    static const struct {
        const char *list, *names[4]; /* of its entries; the rest NULL */
    } cases[] = {
        {"[{errors: model, accuracy: 0.8, layers: 2}, {errors: difficulty, accuracy: 0.8}]",
         {"model-2-0.8", "difficulty-0.8"}},
        {"[{errors: model, accuracy: 0.8, model: \"hub:a/b-2\"}, {errors: model, accuracy: 0.8, "
         "model: \"hub:a/b\", layers: 2}]",
         {"model-b-2-all-0.8", "model-b-2-0.8"}},
        {"[{errors: model, accuracy: 0.8, model: x/m}, {errors: difficulty, accuracy: 0.8, "
         "model: y/m}, {errors: direction, accuracy: 0.8, model: n/}]",
         {"model-x/m-all-0.8", "difficulty-y/m-all-0.8", "direction-n/-all-0.8"}},
        {"[{errors: model, accuracy: 0.8, model: x/m}, {errors: model, accuracy: 0.8, model: x/m, "
         "imitable: 0.5}]",
         {"model-m-all-0.8", "model-m-all-0.8-imitable-0.5"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct simulation s[4];
        const char *names[4];
        size_t n = 0;
        struct doc_tree t = DOC_TREE_INIT;
        struct err e = ERR_INIT;
        const char *list = cases[i].list;
        assert_int_equal(doc_parse_yaml(&t, list, strlen(list), "list", &e), OK);
        assert_int_equal(simulations_read(t.root, 4, s, names, &n, &t.arena, &e), OK);
        for (size_t k = 0; k < n; k++)
            assert_string_equal(names[k], cases[i].names[k]);
        assert_null(cases[i].names[n]);
        doc_tree_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_right_as_asked), cmocka_unit_test(wrong_where_the_structure_says),
        cmocka_unit_test(the_dial),          cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(words_that_deny),   cmocka_unit_test(names_tell_models_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
