/* lab_repro - what claims make of pairs: values by hand, slopes of lines that are lines, choices of
 * pairs, verdicts where the interval lies. */
#include "lab_repro_test.h"

static void what_is_taken(void **state)
{
    struct samples s;
    (void)state;
    ladder(&s);
    struct repro_claim c = {
        .value = TRIO_STUDENT, .where = {.method = "naive"}, .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 6);
    near(r.x.value, 0.5 + 0.06 + 0.015);
    /* replicates are moved by -.05 .. .05: of 101 four at either end are outside 90 % */
    near(r.x.lo, r.x.value - 0.046);
    near(r.x.hi, r.x.value + 0.046);
    c.take = TAKE_MEDIAN;
    near(measured(&s, &c).x.value,
         (0.56 + 0.58 + 0.54 + 0.57 + 0.59 + 0.61 - 0.54 - 0.61 - 0.56 - 0.59) / 2);
    c.take = TAKE_INTERQUARTILE_MEAN; /* of six the middle three: half of .56 and .59 each */
    near(measured(&s, &c).x.value, (0.56 / 2 + 0.57 + 0.58 + 0.59 / 2) / 3);
    c.take = TAKE_SLOPE_STUDENT;
    r = measured(&s, &c);
    near(r.x.value, 0.02);
    near(r.x.lo, 0.02);
    c.take = TAKE_SLOPE_SUPERVISOR;
    near(measured(&s, &c).x.value, 0.03);
    c.take =
        TAKE_SLOPE_RATIO; /* log2 of the ratio: students up .02, supervisors down .03 in one line */
    double x[6] = {2, 3, 4, 1, 2, 3}, y[6] = {.54, .56, .58, .57, .59, .61}, mx = 2.5, my = 0.575,
           xy = 0, xx = 0;
    for (int i = 0; i < 6; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
    }
    near(measured(&s, &c).x.value, xy / xx);
    c.take = TAKE_MEAN;
    c.subtracts = true;
    c.other = TRIO_STUDENT;
    c.minus = (struct repro_where){.method = "other"};
    r = measured(&s, &c);
    near(r.x.value, 0.03);
    near(r.x.hi, 0.03); /* drawn together */
    c.take = TAKE_SLOPE_STUDENT;
    near(measured(&s, &c).x.value, 0.01);
    c.match = MATCH_NONE;
    near(measured(&s, &c).x.value, 0.01);
    samples_release(&s);
}

static void which_pairs(void **state)
{
    struct samples s;
    (void)state;
    ladder(&s);
    struct repro_claim c = {.value = TRIO_STUDENT, .want = WANT_ABOVE};
    assert_int_equal(measured(&s, &c).pairs, 12); /* the control is none */
    c.where = (struct repro_where){.method = "ground truth"};
    near(measured(&s, &c).x.value, 0.8);
    c.where = (struct repro_where){.student = "largest", .method = "naive"};
    assert_int_equal(measured(&s, &c).pairs, 2);
    near(measured(&s, &c).x.value, 0.595);
    c.where.supervisor = "smallest";
    near(measured(&s, &c).x.value, 0.58);
    c.where = (struct repro_where){.supervisor = "m/?", .student = "*6", .method = "o*"};
    assert_int_equal(measured(&s, &c).pairs, 2);
    c.where = (struct repro_where){.band = "*"};
    assert_int_equal(measured(&s, &c).pairs, 0);
    assert_string_equal(measured(&s, &c).why, "no pair is what it speaks of");
    c.where = (struct repro_where){.study = "two"};
    assert_int_equal(measured(&s, &c).verdict, VERDICT_UNKNOWN);
    samples_release(&s);
}

static void undefined_pgr(void **state)
{
    struct samples s;
    (void)state;
    ladder(&s);
    pair_put(&s, "m/2", "m/2", "naive", 2, 2, 0.5, 0.6,
             0.5); /* no gap: gain .1 counts where pooled */
    struct repro_claim c = {.value = TRIO_PGR, .where = {.method = "naive"}, .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 6);
    assert_int_equal(r.undefined, 1);
    near(r.x.value, 0.075 / 0.3);
    c.take = TAKE_POOLED;
    r = measured(&s, &c);
    assert_int_equal(r.pairs, 7);
    near(r.x.value, (6 * 0.075 + 0.1) / (6 * 0.3));
    /* of pairs that are all undefined nothing is pooled, whatever their gaps */
    for (size_t i = 0; i < s.n; i++)
        s.rows[i].pgr = false;
    r = measured(&s, &c);
    assert_true(isnan(r.x.value) && isnan(r.x.lo));
    assert_int_equal(r.verdict, VERDICT_UNKNOWN);
    samples_release(&s);
}

/* A replicate without a gap is infinitely far on its gain's side; one without a number is beyond
 * either bound. */
static void far_replicates(void **state)
{
    struct samples s;
    double v[101];
    struct estimate x;
    (void)state;
    ladder(&s);
    for (size_t i = 0; i < s.n; i++)
        for (size_t b = 0; b < 3;
             b++) /* as many as are cut off at one end, and those count as far up */
            s.rows[i].drawn[TRIO_GAP * SAMPLES + b] = 0,
                                                 s.rows[i].drawn[TRIO_GAIN * SAMPLES + b] = 1;
    struct repro_claim c = {
        .value = TRIO_PGR, .take = TAKE_POOLED, .where = {.method = "naive"}, .want = WANT_ABOVE};
    near(measured(&s, &c).x.hi, (0.075 + 0.049) / 0.3);
    near(measured(&s, &c).x.lo, (0.075 - 0.043) / 0.3);
    samples_release(&s);
    for (size_t i = 0; i < 101; i++)
        v[i] = i < 3 ? (double)NAN : (double)i; /* 3 .. 100 */
    assert_int_equal(interval_cautious(v, 101, 0.9, &x), 3);
    near(x.lo, 3 + 1); /* of 101 four are cut off at one end, three of them without a number */
    near(x.hi, 100 - 4 + 3);
    for (size_t i = 0; i < 101; i++)
        v[i] = i < 5 ? (double)NAN : (double)i;
    assert_int_equal(interval_cautious(v, 101, 0.9, &x), 5);
    assert_true(isnan(x.lo) && isnan(x.hi));
}

/* What is matched is matched by supervisor and student: a pair has its own counterpart. */
static void own_counterparts(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.5, 0.6, 0.8);
    pair_put(&s, "m/2", "m/4", "naive", 2, 4, 0.5, 0.7, 0.8);
    pair_put(&s, "m/2", "m/4", "other", 2, 4, 0.5, 0.75, 0.8);
    struct repro_claim c = {.value = TRIO_STUDENT,
                            .other = TRIO_STUDENT,
                            .where = {.method = "other"},
                            .minus = {.method = "naive"},
                            .subtracts = true,
                            .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 1);
    near(r.x.value, 0.05);
    samples_release(&s);
}

/* The counterpart is of the same task and band, too; "largest" is of each task. */
static void counterparts_of_tasks(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    for (int t = 0; t < 2; t++) {
        task_now = t ? "toy" : "other toy";
        pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.5, 0.6 + 0.1 * t, 0.8);
        if (t)
            pair_put(&s, "m/1", "m/8", "naive", 1, 8, 0.5, 0.75, 0.8);
    }
    pair_put(&s, "m/1", "m/4", "other", 1, 4, 0.5, 0.8, 0.8);
    struct repro_claim c = {.value = TRIO_STUDENT,
                            .other = TRIO_STUDENT,
                            .where = {.method = "other"},
                            .minus = {.method = "naive"},
                            .subtracts = true};
    near(measured(&s, &c).x.value, 0.1);
    /* of the task with students of 4 and 8 the larger, of the other the one there is */
    c = (struct repro_claim){.value = TRIO_STUDENT,
                             .where = {.method = "naive", .student = "largest"}};
    assert_int_equal(measured(&s, &c).pairs, 2);
    near(measured(&s, &c).x.value, (0.6 + 0.75) / 2);
    static const char *const bands[] = {"hard", "easy"};
    for (int b = 0; b < 2; b++) {
        band_now = bands[b];
        pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.5, 0.5 + 0.1 * b, 0.8);
    }
    pair_put(&s, "m/1", "m/4", "other", 1, 4, 0.5, 0.65, 0.8);
    band_now = NULL;
    c = (struct repro_claim){.value = TRIO_STUDENT,
                             .other = TRIO_STUDENT,
                             .where = {.method = "other", .band = "easy"},
                             .minus = {.method = "naive", .band = "*"},
                             .subtracts = true};
    assert_int_equal(measured(&s, &c).pairs, 1);
    near(measured(&s, &c).x.value, 0.05);
    samples_release(&s);
}

/* Models that learn otherwise are others, but to match: models. */
static void counterparts_of_models(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    pair_put(&s, "runs/2/m/1", "m/4/5-shot", "naive", 1, 4, 0.5, 0.6, 0.8);
    pair_put(&s, "runs/2/m/1", "m/40/5-shot", "naive", 1, 40, 0.5, 0.7, 0.8);
    s.study = "two";
    pair_put(&s, "runs/2/m/1", "m/40", "naive", 1, 40, 0.5, 0.72, 0.8);
    pair_put(&s, "runs/2/n/1", "m/4", "naive", 1, 4, 0.5, 0.9, 0.8);
    pair_put(&s, "runs/2/m/1", "m/4", "naive", 1, 4, 0.5, 0.65, 0.8);
    struct repro_claim c = {.value = TRIO_STUDENT,
                            .other = TRIO_STUDENT,
                            .take = TAKE_SLOPE_STUDENT,
                            .where = {.study = "one"},
                            .minus = {.study = "two"},
                            .subtracts = true};
    assert_int_equal(measured(&s, &c).pairs, 0);
    c.match = MATCH_MODELS;
    assert_int_equal(measured(&s, &c).pairs, 2);
    near(measured(&s, &c).x.value, (-0.02 - -0.05) / log2(10));
    c.take = TAKE_MEAN;
    near(measured(&s, &c).x.value, -0.035);
    /* votes and files have no depth: these are never the same model */
    pair_put(&s, "votes/a", "m/4", "other", 1, 4, 0.5, 0.9, 0.8);
    s.study = "one";
    pair_put(&s, "votes/a", "m/4", "other", 1, 4, 0.5, 0.8, 0.8);
    c.where.method = c.minus.method = "other";
    assert_int_equal(measured(&s, &c).pairs, 0);
    samples_release(&s);
}

/* Pairs of a larger student than its supervisor; which lines a slope rests on. */
static void larger_and_lines(void **state)
{
    struct samples s;
    (void)state;
    ladder(&s);
    pair_put(&s, "m/2", "m/2", "naive", 2, 2, 0.5, 0.4, 0.8);
    pair_put(&s, "m/3", "m/4", "naive", 3, 4, 0.5, 0.4, 0.8);
    struct repro_claim c = {.value = TRIO_STUDENT, .where = {.method = "naive"}};
    assert_int_equal(measured(&s, &c).pairs, 8);
    c.where.larger = true;
    assert_int_equal(measured(&s, &c).pairs, 7);
    assert_int_equal(measured(&s, &c).lines, 0);
    c.take = TAKE_SLOPE_STUDENT; /* of supervisor 3 there is one student */
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 7);
    assert_int_equal(r.lines, 2);
    assert_int_equal(r.on_lines, 6);
    near(r.x.value, 0.02);
    c.take = TAKE_SLOPE_SUPERVISOR; /* of student 4 three supervisors, of the others two */
    r = measured(&s, &c);
    assert_int_equal(r.lines, 3);
    assert_int_equal(r.on_lines, 7);
    samples_release(&s);
}

static void verdicts(void **state)
{
    struct samples s;
    (void)state;
    ladder(&s);
    static const struct {
        enum repro_want want;
        double bound; /* the interval is .529 .. .621 */
        enum repro_verdict verdict;
    } cases[] = {{WANT_ABOVE, 0.528, VERDICT_HOLDS},  {WANT_ABOVE, 0.53, VERDICT_UNKNOWN},
                 {WANT_ABOVE, 0.622, VERDICT_FAILS},  {WANT_BELOW, 0.622, VERDICT_HOLDS},
                 {WANT_BELOW, 0.6, VERDICT_UNKNOWN},  {WANT_BELOW, 0.528, VERDICT_FAILS},
                 {WANT_WITHIN, 0.622, VERDICT_HOLDS}, {WANT_WITHIN, 0.6, VERDICT_UNKNOWN},
                 {WANT_WITHIN, 0.528, VERDICT_FAILS}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct repro_claim c = {.value = TRIO_STUDENT,
                                .where = {.method = "naive"},
                                .want = cases[i].want,
                                .bound = cases[i].bound};
        assert_int_equal(measured(&s, &c).verdict, cases[i].verdict);
    }
    /* far below 0 is not within */
    pair_put(&s, "m/1", "m/4", "far", 1, 4, 0.5, -0.5, 0.8);
    struct repro_claim far = {
        .value = TRIO_STUDENT, .where = {.method = "far"}, .want = WANT_WITHIN, .bound = 0.02};
    assert_int_equal(measured(&s, &far).verdict, VERDICT_FAILS);
    /* one size alone has no slope */
    struct repro_claim c = {.value = TRIO_STUDENT,
                            .take = TAKE_SLOPE_STUDENT,
                            .where = {.student = "smallest"},
                            .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.verdict, VERDICT_UNKNOWN);
    assert_string_equal(r.why, "it is undefined for what was measured");
    samples_release(&s);
}

/* A line that lacks the smallest student, and lies higher, does not tilt the slope of both. */
static void unbalanced_lines(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    for (int k = 0; k < 3; k++)
        pair_put(&s, "m/1", "m", "naive", 1, 4 << k, 0.5, 0.5 + 0.02 * k, 0.9);
    for (int k = 1; k < 3; k++)
        pair_put(&s, "m/2", "m", "naive", 2, 4 << k, 0.5, 0.7 + 0.05 * k, 0.9);
    struct repro_claim c = {.value = TRIO_STUDENT, .take = TAKE_SLOPE_STUDENT, .want = WANT_ABOVE};
    /* deviations from each line's own mean: -1, 0, 1 of .02 each, and -.5, .5 of .05 */
    near(measured(&s, &c).x.value, (2 * 0.02 + 0.5 * 0.05) / 2.5);
    samples_release(&s);
    /* the same by supervisors: of the larger student the smallest supervisor is not there */
    samples_init(&s);
    s.study = "one";
    for (int k = 0; k < 3; k++)
        pair_put(&s, "m", "m/1", "naive", 1 << k, 16, 0.5, 0.5 + 0.02 * k, 0.9);
    for (int k = 1; k < 3; k++)
        pair_put(&s, "m", "m/2", "naive", 1 << k, 32, 0.5, 0.7 + 0.05 * k, 0.9);
    c.take = TAKE_SLOPE_SUPERVISOR;
    near(measured(&s, &c).x.value, (2 * 0.02 + 0.5 * 0.05) / 2.5);
    /* of one study as many lines: what another study adds to all of its pairs is none of the slope
     */
    s.study = "two";
    pair_put(&s, "m", "m/1", "naive", 1, 16, 0.5, 0.85, 0.9);
    near(measured(&s, &c).x.value, (2 * 0.02 + 0.5 * 0.05) / 2.5);
    samples_release(&s);
}

/* PGR pooled, less PGR pooled: pair by pair where they are matched, of all pairs where not. */
static void pooled_minus(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    pair_put(&s, "m/1", "m/4", "other", 1, 4, 0.5, 0.7, 0.9);  /* .2 of .4 */
    pair_put(&s, "m/2", "m/4", "other", 2, 4, 0.6, 0.9, 0.8);  /* .3 of .2 */
    pair_put(&s, "m/1", "m/4", "naive", 1, 4, 0.5, 0.6, 0.9);  /* .1 of .4 */
    pair_put(&s, "m/2", "m/4", "naive", 2, 4, 0.6, 0.65, 0.8); /* .05 of .2 */
    pair_put(&s, "m/1", "m/8", "naive", 1, 8, 0.5, 0.9, 0.9);  /* .4 of .4, of no "other" */
    struct repro_claim c = {.value = TRIO_PGR,
                            .other = TRIO_PGR,
                            .take = TAKE_POOLED,
                            .where = {.method = "other"},
                            .minus = {.method = "naive"},
                            .subtracts = true,
                            .want = WANT_ABOVE};
    struct repro_result r = measured(&s, &c);
    assert_int_equal(r.pairs, 2);
    near(r.x.value, 0.5 / 0.6 - 0.15 / 0.6);
    near(r.x.lo, r.x.value); /* both students move alike */
    c.match = MATCH_NONE;
    near(measured(&s, &c).x.value, 0.5 / 0.6 - 0.55 / 1.0);
    samples_release(&s);
}

/* Every value of a pair is in its own place, measured and drawn. */
static void values_in_place(void **state)
{
    struct samples s;
    struct err e = ERR_INIT;
    struct sample_row *row;
    double v[TRIO_VALUES * SAMPLES];
    struct trio t = {.weak = {1, 0, 0},
                     .student = {2, 0, 0},
                     .ceiling = {3, 0, 0},
                     .gap = {4, 0, 0},
                     .gain = {5, 0, 0},
                     .pgr = {6, 0, 0},
                     .agree = {7, 0, 0},
                     .agree_right = {8, 0, 0},
                     .agree_wrong = {9, 0, 0},
                     .ceiling_wrong = {10, 0, 0},
                     .reason = PGR_DEFINED};
    static const struct {
        const char *name;
        double is;
    } want[] = {{"weak", 1},
                {"student", 2},
                {"ceiling", 3},
                {"gap", 4},
                {"gain", 5},
                {"pgr", 6},
                {"agreement", 7},
                {"agreement_right", 8},
                {"agreement_wrong", 9},
                {"ceiling_wrong", 10},
                {"untrained", 11},
                {"recited", 12}};
    const struct sample_row like = {
        .task = "toy", .supervisor = "a", .student = "b", .method = "c"};
    (void)state;
    samples_init(&s);
    for (size_t i = 0; i < TRIO_VALUES * SAMPLES; i++)
        v[i] = (double)(100 * (i / SAMPLES + 1) + i % SAMPLES);
    assert_int_equal(samples_add(&s, &like, &t, v, SAMPLES, &row, &e), OK);
    assert_true(isnan(row->point[SAMPLE_UNTRAINED]));
    t.weak.value = 11;
    samples_beside(row, SAMPLE_UNTRAINED, &t, v);
    assert_true(isnan(row->point[SAMPLE_RECITED]));
    t.weak.value = 12;
    samples_beside(row, SAMPLE_RECITED, &t, v + SAMPLES);
    for (int k = 0; repro_values[k]; k++) {
        assert_string_equal(repro_values[k], want[k].name);
        near(row_value(&s.rows[0], k, ROW_POINT), want[k].is);
        near(row_value(&s.rows[0], k, 7),
             k < TRIO_VALUES ? 100 * (k + 1) + 7 : 107 + 100 * (k - SAMPLE_UNTRAINED));
    }
    /* what came after is taken off again */
    assert_int_equal(samples_add(&s, &like, &t, v, SAMPLES, &row, &e), OK);
    samples_cut(&s, 1);
    assert_int_equal(s.n, 1);
    near(s.rows[0].point[TRIO_WEAK], 1);
    samples_release(&s);
}

static void words(const struct samples *s, const char *id, const char *want)
{
    struct str out = STR_INIT;
    row_words(s, KEY_STUDENT, id, &out);
    assert_string_equal(out.s, want);
    str_release(&out);
}

/* Models of several names by the shortest end that tells them apart, depths of one by their layers.
 */
static void names_for_people(void **state)
{
    struct samples s;
    (void)state;
    samples_init(&s);
    s.study = "one";
    pair_put(&s, "ladder:a/0.2M/2", "ladder:a/3M/6", "naive", 1, 2, 0, 0, 1);
    words(&s, "ladder:a/0.2M/2", "0.2M");
    words(&s, "ladder:a/3M/6", "3M");
    words(&s, "simulated/uniform-0.75", "simulated/uniform-0.75");
    pair_put(&s, "ladder:b/3M/6", "ladder:a/3M/1", "naive", 1, 2, 0, 0, 1);
    words(&s, "ladder:a/3M/6", "ladder:a/3M, 6 layers");
    words(&s, "ladder:a/3M/1", "ladder:a/3M, 1 layer");
    words(&s, "ladder:b/3M/6", "ladder:b/3M");
    words(&s, "ladder:a/0.2M/2", "0.2M");
    samples_release(&s);
    samples_init(&s);
    s.study = "one";
    pair_put(&s, "dir/m/1", "dir/m/2", "naive", 1, 2, 0, 0, 1);
    words(&s, "dir/m/1", "1 layer");
    words(&s, "dir/m/2", "2 layers");
    samples_release(&s);
}

/* Ratios that differ by the embeddings alone are one place, in its middle; lines go from left to
 * right, in whatever order the pairs come. */
static void places_of_ratios(void **state)
{
    static struct repro r;
    const struct repro_panel panel = {
        .title = "",
        .label = "",
        .x = KEY_SIZE_RATIO,
        .each = KEYS,
        .series = {{.name = "all", .value = TRIO_STUDENT, .take = TAKE_MEAN}},
        .n = 1};
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    struct js w;
    (void)state;
    r.level = 0.9;
    samples_init(&r.samples);
    r.samples.study = "one";
    pair_put(&r.samples, "m/1", "m/4", "naive", 1, 4, 0.5, 0.7, 0.8);
    pair_put(&r.samples, "m/1", "m/2", "naive", 1, 2, 0.5, 0.5, 0.8);
    pair_put(&r.samples, "m/2", "m/4", "naive", 2, 4.01, 0.5, 0.6, 0.8);
    pair_put(&r.samples, "m/3", "m/4", "naive", 2, 4.1, 0.5, 0.9, 0.8);
    js_init(&w, &out);
    js_open(&w, '[');
    assert_int_equal(panel_json(&w, &r, &panel, &e), OK);
    js_close(&w, ']');
    struct doc_tree t = DOC_TREE_INIT;
    assert_int_equal(doc_parse_json(&t, out.s, out.len, "panel", 1, &e), OK);
    const struct doc *p = doc_get(doc_get(t.root->child, "lines")->child, "points");
    static const double want[][2] = {{2.0025, 0.55}, {2.05, 0.9}, {4, 0.7}};
    assert_int_equal(p->n, 3);
    p = p->child;
    for (size_t i = 0; i < 3; i++, p = p->next) {
        near(p->child->r, want[i][0]);
        near(p->child->next->r, want[i][1]);
    }
    doc_tree_release(&t);
    str_release(&out);
    samples_release(&r.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_of_ratios),      cmocka_unit_test(what_is_taken),
        cmocka_unit_test(which_pairs),           cmocka_unit_test(undefined_pgr),
        cmocka_unit_test(far_replicates),        cmocka_unit_test(own_counterparts),
        cmocka_unit_test(counterparts_of_tasks), cmocka_unit_test(counterparts_of_models),
        cmocka_unit_test(larger_and_lines),      cmocka_unit_test(verdicts),
        cmocka_unit_test(unbalanced_lines),      cmocka_unit_test(pooled_minus),
        cmocka_unit_test(values_in_place),       cmocka_unit_test(names_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
