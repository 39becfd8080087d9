/* lab_given - ids of labels from a file: text, or a whole number that is its digits. */
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
        {"{\"id\": 7.5, \"label\": 1}", "l.jsonl:1: \"id\" is empty, or no text"},
        {"{\"id\": \"\", \"label\": 1}", "l.jsonl:1: \"id\" is empty, or no text"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(ids_that_are_none),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
