/* debate - what a judge reads of what was argued: whose argument stands where, and that it is the
 * same in every part and order. */
#include "lab_test.h"

#include "lab/debate.h"

enum { N = 200 };

static const char *const words[] = {" no", " yes"};

static void arguments_of(struct arguments *a)
{
    struct err e = ERR_INIT;
    assert_ok(arguments_init(a, 2, 2, 2, &e), &e);
    *arguments_at(a, 1, 0, 0) = "it is bad";
    *arguments_at(a, 1, 0, 1) = "it is good";
    *arguments_at(a, 1, 1, 0) = "no, bad";
    *arguments_at(a, 1, 1, 1) = "yes, good";
}

static void lines(void **state)
{
    static const char first[] = "\nArgument for no: it is bad\nArgument for yes: it is good",
                      turned[] = "\nArgument for yes: it is good\nArgument for no: it is bad";
    struct arguments a;
    struct str s = STR_INIT;
    size_t as_first = 0;
    (void)state;
    arguments_of(&a);
    for (size_t i = 0; i < N; i++) {
        char id[17];
        snprintf(id, sizeof id, "%016zx", i);
        str_reset(&s);
        transcript_add(&a, 1, 1, id, -1, words, 7, &s);
        assert_true(strcmp(s.s, first) == 0 || strcmp(s.s, turned) == 0);
        as_first += strcmp(s.s, first) == 0;
    }
    assert_true(as_first > N / 3 && as_first < N * 2 / 3); /* nobody always has the last word */
    str_reset(&s);
    transcript_add(&a, 1, 2, "x", -1, words, 7, &s);
    const char *one = strstr(s.s, "for no: it is bad"), *two = strstr(s.s, "for no: no, bad"),
               *three = strstr(s.s, "for yes: it is good"), *four = strstr(s.s, "yes, good");
    assert_true(one && two && three && four && one < two && three < four && one < four &&
                three < two);
    assert_true((one < three) == (two < four)); /* one order for all turns */
    str_reset(&s);
    transcript_add(&a, 1, 2, "x", 1, words, 7, &s);
    assert_string_equal(s.s, "\nArgument for yes: it is good");
    str_reset(&s);
    str_cat(&s, "text");
    transcript_add(&a, 1, 0, "x", -1, words, 7, &s); /* nobody has spoken */
    assert_string_equal(s.s, "text");
    str_release(&s);
    arguments_release(&a);
}

static void advisers(void **state)
{
    size_t right = 0, same = 0;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct example x = {.label = (int)(i % 2)};
        snprintf(x.id, sizeof x.id, "%016zx", i);
        assert_int_equal(transcript_adviser(&x, 2, true, 7), x.label);
        int drawn = transcript_adviser(&x, 2, false, 7);
        assert_int_equal(drawn, transcript_adviser(&x, 2, false, 7));
        right += drawn == x.label;
        same += drawn == transcript_adviser(&x, 2, false, 8);
    }
    assert_true(right > N / 3 && right < N * 2 / 3); /* a drawn one knows nothing */
    assert_true(same > N / 3 && same < N * 2 / 3);
}

/* By hand: shares, not probabilities: the second draft has the lower p of class 1, and of class 0 a
 * much lower one. */
static void the_authors_choice(void **state)
{
    const double scores[] = {-1, -1, -6, -2, -2, -1.5, -6, -2};
    (void)state;
    assert_int_equal(argument_best(scores, 4, 2, 1), 1); /* the first of two alike */
    assert_int_equal(argument_best(scores, 4, 2, 0), 0);
    assert_int_equal(argument_best(scores + 2, 3, 2, 0), 1);
    assert_int_equal(argument_best(scores, 1, 2, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(advisers),
                                       cmocka_unit_test(the_authors_choice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
