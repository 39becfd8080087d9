/* lab_given - ids of labels from a file: text, or a whole number that is its digits; whose label an
 * example has in a repetition: the one of that repetition, else the one of all, and never another
 * repetition's. */
#include "lab_test.h"

#include "lab/given.h"

static const char *const classes[] = {"no", "yes"};

static int labels_of(struct given **g, const char *rows, struct err *e)
{
    struct task *t = NULL;
    spill(in_scratch("l.jsonl"), rows);
    assert_ok(task_named(&t, "t", "t", "", "", classes, 2, e), e);
    const int rc = given_read(g, in_scratch("l.jsonl"), t, NULL, e);
    task_free(t);
    return rc;
}

static void ids(void **state)
{
    struct given *g = NULL;
    struct err e = ERR_INIT;
    (void)state;
    assert_ok(labels_of(&g,
                        "{\"id\": 7, \"probability\": 0.25}\n"
                        "{\"id\": \"a\", \"probability\": 0.5}\n"
                        "{\"id\": -9223372036854775808, \"probability\": 0.75}\n",
                        &e),
              &e);
    assert_true(given_find(g, "7", 0)[1] == 0.25);
    assert_true(given_find(g, "a", 0)[1] == 0.5);
    assert_true(given_find(g, "-9223372036854775808", 0)[1] == 0.75);
    given_free(g);
}

static void ids_that_are_none(void **state)
{
    static const char *const wrong[][2] = {
        {"{\"id\": 7, \"label\": 1}\n{\"id\": \"7\", \"label\": 1}",
         "l.jsonl:2: the id \"7\" is in line 1 already"},
        {"{\"id\": 7.5, \"label\": 1}",
         "l.jsonl:1: \"id\" is a number, wanted a text or a whole number"},
        {"{\"id\": \"\", \"label\": 1}", "l.jsonl:1: \"id\" is empty"},
        {"{\"label\": 1}", "l.jsonl:1: \"id\" is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct given *g = NULL;
        struct err e = ERR_INIT;
        assert_int_equal(labels_of(&g, wrong[i][0], &e), ERR_INPUT);
        assert_non_null(strstr(e.msg, wrong[i][1]));
        assert_null(g);
    }
}

static void add(struct given *g, const char *id, size_t seed, double p)
{
    struct err e = ERR_INIT;
    const double both[2] = {1 - p, p};
    assert_ok(given_add(g, id, seed, both, "labels.csv", 1, &e), &e);
}

static void is(const struct given *g, const char *id, size_t repetition, double p)
{
    const double *got = given_find(g, id, repetition);
    assert_non_null(got);
    assert_true(got[1] == p && got[0] == 1 - p);
}

static void its_own_repetition_then_all(void **state)
{
    struct given *g;
    struct err e = ERR_INIT;
    (void)state;
    assert_ok(given_new(&g, 2, &e), &e);
    add(g, "both", 1, 0.25);
    add(g, "all", GIVEN_ANY, 0.75);
    add(g, "both", GIVEN_ANY, 0.5);
    add(g, "one", 1, 0.125);
    add(g, "both", 0, 1);
    assert_ok(given_ready(g, &e), &e);
    is(g, "both", 0, 1);
    is(g, "both", 1, 0.25);
    is(g, "both", 2, 0.5);
    for (size_t r = 0; r < 3; r++)
        is(g, "all", r, 0.75);
    is(g, "one", 1, 0.125);
    assert_null(given_find(g, "one", 0));
    assert_null(given_find(g, "one", 2));
    assert_null(given_find(g, "none", 0));
    assert_int_equal(given_last_seed(g), 1);
    given_free(g);
}

/* What has no row in a repetition is counted, the first of them named; a row of another repetition
 * is none, and is strange where that repetition is not run. */
static void missing_and_strange(void **state)
{
    struct given *g;
    struct err e = ERR_INIT;
    struct example x[3] = {{.id = "a"}, {.id = "b"}, {.id = "c"}};
    struct dataset d[2] = {{.n = {[PART_TRAIN] = 3}}, {.n = {[PART_TRAIN] = 3}}};
    const struct example *first;
    size_t strange, rows;
    (void)state;
    d[0].part[PART_TRAIN] = d[1].part[PART_TRAIN] = x;
    assert_ok(given_new(&g, 2, &e), &e);
    add(g, "a", GIVEN_ANY, 1);
    add(g, "b", 1, 1);
    add(g, "c", 0, 1);
    assert_ok(given_ready(g, &e), &e);
    assert_int_equal(given_missing(g, &d[0], PART_TRAIN, 0, &first), 1);
    assert_string_equal(first->id, "b");
    assert_int_equal(given_missing(g, &d[1], PART_TRAIN, 1, &first), 1);
    assert_string_equal(first->id, "c");
    assert_int_equal(given_missing(g, &d[0], PART_TRAIN, 5, &first), 2);
    assert_ok(given_strange(g, d, 2, &strange, &rows, &e), &e);
    assert_int_equal(strange, 0);
    assert_ok(given_strange(g, d, 1, &strange, &rows, &e), &e);
    assert_int_equal(strange, 1);
    assert_int_equal(rows, 3);
    given_free(g);
}

static void twice_is_an_error(void **state)
{
    struct given *g;
    struct err e = ERR_INIT;
    (void)state;
    assert_ok(given_new(&g, 2, &e), &e);
    add(g, "a", 1, 1);
    add(g, "a", GIVEN_ANY, 1);
    assert_ok(given_ready(g, &e), &e);
    add(g, "a", GIVEN_ANY, 0);
    assert_int_equal(given_ready(g, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "the id \"a\" is in line 1 already"));
    given_free(g);
}

static void is_class(const char *json, const char *const *names, size_t K, enum given_as as,
                     int want)
{
    struct err e = ERR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    int label = -1;
    assert_int_equal(doc_parse_json(&t, json, strlen(json), "a.jsonl", 1, &e), OK);
    int rc = given_class(doc_get(t.root, "label"), names, K, "the way", as, &label, &e);
    assert_int_equal(rc, want < 0 ? ERR_INPUT : OK);
    if (want >= 0)
        assert_int_equal(label, want);
    else if (as == GIVEN_EITHER && strcmp(names[0], "1") == 0)
        assert_non_null(strstr(e.msg, "the way says which is meant"));
    doc_tree_release(&t);
}

/* A name, a number, and where a class is called as another is numbered. */
static void classes_by_name_or_number(void **state)
{
    (void)state;
    static const char *const words[] = {"no", "yes"}, *const places[] = {"1", "2"},
                             *const same[] = {"0", "1"};
    is_class("{\"label\": \"yes\"}", words, 2, GIVEN_EITHER, 1);
    is_class("{\"label\": \"1\"}", words, 2, GIVEN_EITHER, 1);
    is_class("{\"label\": 0}", words, 2, GIVEN_EITHER, 0);
    is_class("{\"label\": 2}", words, 2, GIVEN_EITHER, -1);
    is_class("{\"label\": \"maybe\"}", words, 2, GIVEN_EITHER, -1);
    is_class("{\"label\": \"1\"}", same, 2, GIVEN_EITHER, 1);
    is_class("{\"label\": 0}", same, 2, GIVEN_EITHER, 0);
    for (int quoted = 0; quoted < 2; quoted++) {
        const char *one = quoted ? "{\"label\": \"1\"}" : "{\"label\": 1}",
                   *nil = quoted ? "{\"label\": \"0\"}" : "{\"label\": 0}",
                   *two = quoted ? "{\"label\": \"2\"}" : "{\"label\": 2}";
        is_class(one, places, 2, GIVEN_EITHER, -1);
        is_class(nil, places, 2, GIVEN_EITHER, 0);
        is_class(two, places, 2, GIVEN_EITHER, 1);
        is_class(one, places, 2, GIVEN_NUMBERS, 1);
        is_class(nil, places, 2, GIVEN_NUMBERS, 0);
        is_class(two, places, 2, GIVEN_NUMBERS, -1);
        is_class(one, places, 2, GIVEN_NAMES, 0);
        is_class(nil, places, 2, GIVEN_NAMES, -1);
        is_class(two, places, 2, GIVEN_NAMES, 1);
    }
}

/* A truth value is no class; the sentence says which it was. */
static void a_truth_value(void **state)
{
    struct given *g = NULL;
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(labels_of(&g, "{\"id\": 7, \"label\": true}", &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "\"label\" is \"true\", wanted a class"));
}

/* "probability" is of class number 1: refused where a class is named so that another is meant. */
static void one_probability_of_classes_named_by_digits(void **state)
{
    static const char *const named[][2] = {{"1", "2"}, {"1", "0"}, {"0", "1"}, {"3", "4"}};
    (void)state;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        struct doc_tree t = DOC_TREE_INIT;
        struct err e = ERR_INIT;
        double p[2];
        const char *row = "{\"probability\": 0.25}";
        assert_ok(doc_parse_json(&t, row, strlen(row), "a.jsonl", 1, &e), &e);
        assert_int_equal(given_probs(t.root, named[i], 2, true, p, &e), i < 2 ? ERR_INPUT : OK);
        if (i < 2)
            assert_non_null(strstr(e.msg, "or p_0 and p_1 say which is meant"));
        else
            assert_true(p[1] == 0.25);
        doc_tree_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(ids_that_are_none),
        cmocka_unit_test(its_own_repetition_then_all),
        cmocka_unit_test(missing_and_strange),
        cmocka_unit_test(twice_is_an_error),
        cmocka_unit_test(classes_by_name_or_number),
        cmocka_unit_test(a_truth_value),
        cmocka_unit_test(one_probability_of_classes_named_by_digits),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
