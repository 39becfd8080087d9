/* lab_repro_told - what of a claim can be told: intervals without an end, studies in which nothing
 * was learnt, pairs of each task taken together first. */
#include "lab_repro_test.h"

/* More replicates without a gap, on either side, than are cut off: the interval has no end, which
 * is not the same as none. */
static void infinite_intervals(void **state)
{
    struct samples s;
    struct str out = STR_INIT;
    struct js w;
    (void)state;
    ladder(&s);
    for (size_t i = 0; i < s.n; i++)
        for (size_t b = 0; b < 20; b++) {
            s.rows[i].drawn[TRIO_GAP * SAMPLES + b] = 0;
            s.rows[i].drawn[TRIO_GAIN * SAMPLES + b] = b < 10 ? 1 : -1;
        }
    struct repro_claim c = {
        .value = TRIO_PGR, .take = TAKE_POOLED, .where = {.method = "naive"}, .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_true(isinf(r.x.lo) && r.x.lo < 0 && isinf(r.x.hi) && r.x.hi > 0);
    assert_int_equal(r.verdict, VERDICT_UNKNOWN);
    r.x.value = 0.5;
    js_init(&w, &out);
    js_open(&w, '[');
    bounds_json(&w, &r.x);
    r.x.lo = r.x.hi = (double)NAN;
    bounds_json(&w, &r.x);
    js_close(&w, ']');
    char *blank; /* as many of them as the writer likes */
    while ((blank = strpbrk(out.s, " \n")))
        memmove(blank, blank + 1, strlen(blank));
    assert_string_equal(out.s, "[0.5,\"-inf\",\"inf\",0.5,null,null]");
    str_release(&out);
    samples_release(&s);
}

/* Of a study none of whose ceilings is told from a constant answer a claim about students is not
 * told, whatever its interval; one about something else is, and one that has pairs of others. */
static void nothing_learnt(void **state)
{
    struct samples s;
    struct err e = ERR_INIT;
    bool untaught;
    (void)state;
    samples_init(&s);
    s.study = "taught";
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.4, 0.7, 0.8);
    s.study = "not";
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.4, 0.5, 0.5);
    pair_put(&s, "m/2", "m/4", "naive", 2, 4, 0.4, 0.5, 0.55);
    band_now = "easy";
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.4, 0.6, 0.9);
    band_now = NULL;
    s.study = "students";
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.4, 0.7, 0.5);
    static const struct {
        const char *study;
        double constant;
        bool untaught;
    } studies[] = {{"taught", 0.55, false},
                   {"not", 0.54, false},
                   {"not", 0.55, true},
                   {"none", 0.1, false},
                   {"students", 0.55, false}};
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++) {
        assert_int_equal(
            rows_untaught(&s, studies[i].study, studies[i].constant, 0.9, &untaught, &e), OK);
        assert_int_equal(untaught, studies[i].untaught);
    }
    static const struct {
        struct repro_claim c;
        bool told;
    } cases[] = {
        {{.value = TRIO_STUDENT, .where = {.study = "not"}}, false},
        {{.value = TRIO_GAIN, .where = {.study = "not"}}, false},
        {{.value = TRIO_PGR, .where = {.study = "not"}, .take = TAKE_POOLED}, false},
        {{.value = TRIO_AGREE, .where = {.study = "not"}}, false},
        {{.value = TRIO_AGREE_RIGHT, .where = {.study = "not"}}, false},
        {{.value = TRIO_AGREE_WRONG, .where = {.study = "not"}}, false},
        {{.value = TRIO_STUDENT, .where = {.study = "not", .band = "easy"}}, false},
        {{.value = TRIO_WEAK, .where = {.study = "not"}}, true},
        {{.value = TRIO_CEILING, .where = {.study = "not"}}, true},
        {{.value = TRIO_GAP, .where = {.study = "not"}}, true},
        {{.value = TRIO_CEILING_WRONG, .where = {.study = "not"}}, true},
        {{.value = TRIO_GAIN, .where = {.study = "taught"}}, true},
        {{.value = TRIO_GAIN}, true},
        {{.value = TRIO_STUDENT,
          .other = TRIO_STUDENT,
          .subtracts = true,
          .where = {.study = "not"},
          .minus = {.study = "taught"}},
         true},
        {{.value = TRIO_STUDENT,
          .other = TRIO_STUDENT,
          .subtracts = true,
          .where = {.study = "taught"},
          .minus = {.study = "not"}},
         true},
        {{.value = TRIO_WEAK,
          .other = TRIO_STUDENT,
          .subtracts = true,
          .where = {.study = "not"},
          .minus = {.study = "not"}},
         false},
        {{.value = TRIO_WEAK,
          .other = TRIO_STUDENT,
          .subtracts = true,
          .where = {.study = "not"},
          .minus = {.study = "taught"}},
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct repro_claim c = cases[i].c;
        c.want = WANT_ABOVE;
        c.bound = -9;
        struct repro_result r = measured(&s, &c);
        assert_true(isfinite(r.x.lo));
        assert_int_equal(r.verdict, cases[i].told ? VERDICT_HOLDS : VERDICT_UNKNOWN);
        assert_string_equal(r.why,
                            cases[i].told ? "" : "nothing there is told from a constant answer");
    }
    samples_release(&s);
}

/* Of each task the mean of its pairs is one number, in whatever order the pairs come. */
static void by_each_task(void **state)
{
    static const struct {
        const char *task;
        double accuracy;
    } pairs[] = {{"a", 0.5}, {"b", 0.6}, {"a", 0.7}, {"c", 0.9},
                 {"b", 0.8}, {"a", 0.9}, {"d", 0.4}, {"a", 0.9}};
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char student[] = "m/0";
        student[2] = (char)(student[2] + (int)i);
        task_now = pairs[i].task;
        pair_put(&s, "m/1", student, "naive", 1, 4, 0.5, pairs[i].accuracy, 1);
        if (i != 3) /* of "c" there is none */
            pair_put(&s, "m/1", student, "other", 1, 4, 0.5, 0.1 * (double)i, 1);
    }
    task_now = "toy";
    struct repro_claim c = {.value = TRIO_STUDENT,
                            .take = TAKE_MEDIAN,
                            .grouped = true,
                            .each = KEY_TASK,
                            .where = {.method = "naive"},
                            .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 8);
    assert_int_equal(r.groups, 4);
    near(r.x.value, (0.7 + 0.75) / 2); /* of .75, .7, .9, .4 */
    near(r.x.lo, r.x.value - 0.046);   /* all move together */
    c.take = TAKE_MEAN;
    near(measured(&s, &c).x.value, (0.75 + 0.7 + 0.9 + 0.4) / 4);
    c.take = TAKE_INTERQUARTILE_MEAN;
    near(measured(&s, &c).x.value, (0.7 + 0.75) / 2);
    c.grouped = false;
    c.take = TAKE_MEDIAN;
    near(measured(&s, &c).x.value, 0.75);
    /* what is taken off goes along with its pair */
    c.grouped = c.subtracts = true;
    c.other = TRIO_STUDENT;
    c.minus.method = "other";
    r = measured(&s, &c);
    assert_int_equal(r.pairs, 7);
    assert_int_equal(r.groups, 3);
    double a = (0.5 + 0.7 + 0.9 + 0.9 - 0 - 0.2 - 0.5 - 0.7) / 4, b = (0.6 + 0.8 - 0.1 - 0.4) / 2;
    near(r.x.value, a); /* d: .4 - .6 */
    assert_true(a < b && a > 0.4 - 0.6);
    c.match = MATCH_NONE;
    near(measured(&s, &c).x.value, (0.7 + 0.75) / 2 - (0 + 0.2 + 0.5 + 0.7) / 4);
    samples_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infinite_intervals),
        cmocka_unit_test(nothing_learnt),
        cmocka_unit_test(by_each_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
