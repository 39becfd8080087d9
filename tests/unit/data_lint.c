/* data_lint - what the lint finds in rows by hand whose faults are known. */
#include "data_test.h"
#include "data/lint.h"

#include <math.h>

#define HEAD "name: t\ncitation: none\nlicence: CC0\n"
#define FILES                                                                                      \
    HEAD "kind: labelled\nsource: {files: {train: a.jsonl, test: b.jsonl}}\n"                      \
         "template: \"Text: {x}\\nIs it so, or is it not so at all?\"\nalone: z\n"                 \
         "label: {field: y, map: {\"0\": no, \"1\": yes}}\n"

static void lint_of(struct lint *l, const char *yaml)
{
    struct err e = ERR_INIT;
    struct task *t = task_of(yaml);
    if (lint_task(l, t, scratch, NULL, NULL, &e))
        fail_msg("%s", e.msg);
    task_free(t);
}

/* word - the k-th of many that look alike to nobody. */
static void word(struct str *out, unsigned k)
{
    static const char *const syllables[] = {"ka", "lo", "mi", "nu", "re", "so", "ta", "vu"};
    for (int i = 0; i < 4; i++, k /= 8)
        str_cat(out, syllables[k % 8]);
}

/* sentence - n words of a text that has number k; other of them are another text's. */
static void sentence(struct str *out, unsigned k, unsigned n, unsigned other)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned h = (k * 128 + i + (i >= n - other ? 64 : 0)) * 2654435761u;
        word(out, ((h ^ (h >> 15)) * 2246822519u) >> 20);
        str_addc(out, i + 1 < n ? ' ' : '.');
    }
}

static void row(struct str *out, unsigned k, unsigned other, const char *alone, int label)
{
    str_cat(out, "{\"x\": \"");
    sentence(out, k, 60, other);
    str_addf(out, "\", \"z\": \"%s\", \"y\": %d}\n", alone, label);
}

static void near(void **state)
{
    struct str a = STR_INIT, b = STR_INIT;
    struct lint l;
    (void)state;
    for (unsigned k = 0; k < 300; k++)
        row(&a, k, 0, "w", k % 2);
    for (unsigned k = 0; k < 8; k++) /* nearly one of their own file: one of 60 words differs */
        row(&a, k, 1, "w", k % 2);
    for (unsigned k = 300; k < 400; k++)
        row(&b, k, 0, "w", k % 2);
    for (unsigned k = 20; k < 26; k++) /* of the other file */
        row(&b, k, 1, "w", k % 2);
    for (unsigned k = 40; k < 45; k++) /* too far: a third is another's */
        row(&b, k, 20, "w", k % 2);
    for (unsigned k = 60; k < 63; k++) /* equal, in both */
        row(&b, k, 0, "w", k % 2);
    row(&a, 70, 0, "w", 0); /* equal, in one */
    put("a.jsonl", a.s);
    put("b.jsonl", b.s);
    lint_of(&l, FILES);
    assert_int_equal(l.rows, 309 + 114);
    assert_int_equal(l.same_within, 1);
    assert_int_equal(l.same_across, 3);
    assert_int_equal(l.near_within, 16);
    assert_int_equal(l.near_across, 12);
    assert_int_equal(l.median, 60 + 11); /* words; the template has eleven */
    assert_false(l.tokenized);
    /* All "alone" are the same: nothing to be guessed */
    assert_true(l.alone_n >= LINT_ALONE && l.alone > 0.4 && l.alone < 0.6);
    assert_false(lint_guessable(&l));
    str_release(&a);
    str_release(&b);
}

/* Texts of one question may be as near as they like. */
static void near_of_one_question(void **state)
{
    struct str a = STR_INIT, b = STR_INIT;
    struct lint l;
    char own[16];
    (void)state;
    for (unsigned k = 0; k < 300; k++) {
        snprintf(own, sizeof own, "q%u", k);
        row(k < 200 ? &a : &b, k, 0, own, k % 2);
        if (k < 8)
            row(&a, k, 1, own, k % 2);
    }
    put("a.jsonl", a.s);
    put("b.jsonl", b.s);
    lint_of(&l, FILES);
    assert_int_equal(l.near_within, 16);
    lint_of(&l, FILES "group: z\n");
    assert_int_equal(l.near_within, 0);
    str_release(&a);
    str_release(&b);
}

static void guessable(void **state)
{
    struct str a = STR_INIT, b = STR_INIT;
    struct lint l;
    (void)state;
    /* One in four says "never", and then it is wrong nine times in ten */
    for (unsigned k = 0; k < 900; k++) {
        bool never = k % 4 == 0;
        row(k < 600 ? &a : &b, k, 0, never ? "it never was" : "it was",
            never ? k % 40 == 0 : (k / 4) % 3 != 0);
    }
    put("a.jsonl", a.s);
    put("b.jsonl", b.s);
    lint_of(&l, FILES);
    assert_true(l.alone > 0.62 && l.alone < 0.85);
    assert_true(l.constant_accuracy > 0.5 && l.constant_accuracy < 0.6);
    assert_true(lint_guessable(&l));
    assert_int_equal(l.near_within + l.near_across + l.same_within + l.same_across, 0);
    /* Too few to say */
    put("a.jsonl",
        "{\"x\": \"one\", \"z\": \"a\", \"y\": 0}\n{\"x\": \"two\", \"z\": \"b\", \"y\": 1}\n");
    put("b.jsonl",
        "{\"x\": \"six\", \"z\": \"a\", \"y\": 0}\n{\"x\": \"ten\", \"z\": \"b\", \"y\": 1}\n");
    lint_of(&l, FILES);
    assert_true(isnan(l.alone));
    assert_false(lint_guessable(&l));
    str_release(&a);
    str_release(&b);
}

/* A candidate and what stands alone count together: "no" is right where there is a "not". */
static void guessable_together(void **state)
{
    struct str a = STR_INIT;
    struct lint l;
    (void)state;
    for (unsigned k = 0; k < 900; k++) {
        str_cat(&a, "{\"q\": \"");
        sentence(&a, k, 12, 0);
        str_addf(&a, "\", \"h\": \"it is%s\", \"y\": %d}\n", k % 2 ? " not" : "", k % 2);
    }
    put("a.jsonl", a.s);
    lint_of(&l, HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\n"
                     "fields: {q: q, h: h, y: y, one: {text: Yes}, two: {text: No}}\n"
                     "choice: {question: q, options: [one, two], answer: y}\nalone: h\n"
                     "template: \"{q} {h} {candidate}\"\n");
    assert_true(l.alone > 0.95);
    str_release(&a);
}

static void of_a_draw(void **state)
{
    struct str a = STR_INIT, b = STR_INIT, out = STR_INIT;
    struct dataset d;
    struct lint l;
    struct err e = ERR_INIT;
    (void)state;
    for (unsigned k = 0; k < 200; k++) {
        row(&a, k, 0, k % 2 ? "aye" : "nay", k % 2);
        row(&b, k, 1, k % 2 ? "aye" : "nay", k % 2);
    }
    put("a.jsonl", a.s);
    put("b.jsonl", b.s);
    draw(&d, FILES, sizes_of(60, 60, 0, 200), (struct task_seeds){0, 0});
    if (lint_dataset(&l, &d, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(l.near_across,
                     120 + 120); /* each of supervise and train with its twin of test */
    assert_true(lint_guessable(&l));
    struct lint_row rows[] = {{"one", "release", &l, NULL}, {"two", NULL, NULL, "not here"}};
    lint_table(rows, 2, &out);
    assert_non_null(strstr(out.s, "100.0 % !\n"));
    assert_non_null(strstr(out.s, "\ntwo: not here\n"));
    /* Where the answer is written there is nothing to make equal */
    str_reset(&out);
    l.classes = 1;
    l.constant_accuracy = (double)NAN;
    lint_table(rows, 1, &out);
    assert_non_null(strstr(out.s, "        -        -"));
    l.classes = 2;
    str_reset(&out);
    lint_json(rows, 2, &out);
    assert_non_null(strstr(out.s, "\"near_across\": 240"));
    assert_non_null(strstr(out.s, "\"why\": \"not here\""));
    str_release(&out);
    str_release(&a);
    str_release(&b);
    dataset_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near), cmocka_unit_test(near_of_one_question), cmocka_unit_test(guessable),
        cmocka_unit_test(guessable_together), cmocka_unit_test(of_a_draw)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
