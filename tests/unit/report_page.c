/* report_page.c - the page and the figures' scripts of hand-made results: what is drawn, how often,
 * what is folded, what a text may hold. Cases that read a figure are skipped without gnuplot. */
#include "store_test.h"

#include "report/report.h"

/* What a results file is made of; the rest of it is the same for all. */
struct made {
    size_t supervisors, students;
    bool curves;
    const char *pgr, *undefined; /* of every pair, JSON */
    const char *text;            /* of the one example, JSON without quotes */
    const char *device;
    double cut, equal;       /* test texts of 200; those that are shared */
    const char *minus_naive; /* JSON */
    bool untrained;          /* students of m/2 and more, before they learn */
    const char *weak;        /* supervisors' accuracy, JSON */
    const char *ceiling;     /* of all students, JSON; NULL: 0.9015 and so on, by student */
    const char *more;        /* of every pair, JSON with a comma behind */
    const char *title;       /* of the task */
    size_t methods;          /* naive, m1, m2 ... */
    const char *method;      /* NULL: naive is the first of them */
    size_t larger;           /* by what m/2 and more are larger, beside layers */
};
static const struct made plain = {.supervisors = 1,
                                  .students = 1,
                                  .curves = true,
                                  .pgr = "[0.5,0.4,0.6]",
                                  .undefined = "null",
                                  .text = "a film",
                                  .device = "cpu, f32",
                                  .minus_naive = "null",
                                  .weak = "[0.6,0.5,0.7]",
                                  .more = "",
                                  .title = "T",
                                  .methods = 1,
                                  .larger = 1};

static void job_json(struct str *out, const char *hash, const char *role, size_t model,
                     const struct made *m)
{
    str_addf(
        out,
        "%s{\"hash\":\"%s\",\"label\":\"%s\",\"role\":\"%s\",\"model\":\"m/%zu\",\"method\":"
        "\"naive\",\"supervisor\":\"m/1\",\"seed\":0,\"result\":{\"accuracy\":0.8,\"seconds\":1,"
        "\"tokens\":10,\"truncated\":{\"train\":0,\"valid\":0,\"test\":%.0f},\"curve\":[%s]},"
        "\"scores\":{}}",
        strcmp(hash, "w") ? "," : "", hash, hash, role, model, m->cut,
        m->curves ? "{\"epoch\":0,\"accuracy\":0.5},{\"epoch\":1,\"accuracy\":0.8}"
                  : "{\"epoch\":0,\"accuracy\":null}");
}

static void pair_json(struct str *out, size_t w, size_t s, size_t method, const struct made *m)
{
    char untrained[96] = "", ceiling[32], name[32];
    if (m->untrained && s > 1 && (s > 2 || w > 1)) /* one with a later supervisor alone */
        snprintf(untrained, sizeof untrained,
                 "\"untrained\":{\"accuracy\":[0.5%02zu5,0.4,0.6],\"jobs\":[\"u\"]},", s);
    snprintf(ceiling, sizeof ceiling, "[0.9%02zu5,0.8,0.95]", s);
    snprintf(name, sizeof name, "m%zu", method);
    str_addf(out,
             "%s{\"supervisor\":\"m/%zu\",\"student\":\"m/%zu\",\"method\":\"%s\","
             "\"control\":false,%s%s\"weak\":{\"accuracy\":%s,\"brier\":0.5,\"jobs\":["
             "\"w\"]},"
             "\"student_scores\":{\"accuracy\":[0.7,0.6,0.8],\"jobs\":[\"s\"]},"
             "\"ceiling\":{\"accuracy\":%s,\"jobs\":[\"c\"]},"
             "\"gap\":[0.3,0.2,0.4],\"pgr\":%s,\"pgr_undefined\":%s,\"verdict\":\"fine\","
             "\"agreement\":{\"all\":[0.8,0.7,0.9],\"supervisor_right\":[0.8,0.7,0.9],"
             "\"supervisor_wrong\":[0.8,0.7,0.9]},\"error_inheritance\":{},\"minus_naive\":%s}",
             w > 1 || s > 1 || method ? "," : "", w, s,
             method      ? name
             : m->method ? m->method
                         : "naive",
             untrained, m->more, m->weak, m->ceiling ? m->ceiling : ceiling, m->pgr, m->undefined,
             m->minus_naive);
}

static void results_json(struct str *out, const struct made *m)
{
    size_t models = m->supervisors > m->students ? m->supervisors : m->students;
    str_addf(out,
             "{\"format\":1,\"study\":{\"name\":\"s\",\"title\":\"A study\",\"device\":\"%s\","
             "\"threads\":1,\"memory_peak\":1,\"seeds\":3,\"bootstrap\":9,"
             "\"level\":0.95},\"task\":{\"title\":\"%s\",\"classes\":[\"no\",\"yes\"],"
             "\"supervise\":9,"
             "\"train\":9,\"valid\":9,\"test\":200,\"constant_accuracy\":0.5,\"max_tokens\":8,"
             "\"repeated\":{\"test\":0},\"shared\":{\"test\":%.0f}},"
             "\"left_out\":[],\"models\":[",
             m->device, m->title, m->equal);
    for (size_t i = 1; i <= models; i++)
        str_addf(out,
                 "%s{\"id\":\"m/%zu\",\"label\":\"m\",\"name\":\"m\",\"layers\":%zu,"
                 "\"layers_whole\":99,\"random\":false,\"params\":%zu}",
                 i > 1 ? "," : "", i, i, (20000 + 10000 * i) * (i > 1 ? m->larger : 1));
    str_cat(out, "],\"pairs\":[");
    for (size_t w = 1; w <= m->supervisors; w++)
        for (size_t s = 1; s <= m->students; s++)
            for (size_t k = 0; k < m->methods; k++)
                pair_json(out, w, s, k, m);
    str_cat(out, "],\"jobs\":[");
    job_json(out, "w", "supervisor", 1, m);
    job_json(out, "s", "student", 1, m);
    job_json(out, "c", "ceiling", 1, m);
    str_addf(
        out,
        "],\"examples\":{\"jobs\":[\"w\",\"s\",\"c\"],\"items\":[{\"id\":\"1\",\"text\":\"%s\","
        "\"label\":1,\"source\":\"t:1\",\"probs\":[[0.9,0.1],[0.2,0.8],[0.1,0.9]]}]}}",
        m->text);
}

/* table - the report of it for a terminal of wide lines, heap. */
static struct str table(const struct made *m)
{
    struct str json = STR_INIT, text = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    results_json(&json, m);
    assert_ok(doc_parse_json(&t, json.s, json.len, "results.json", 1, &e), &e);
    assert_ok(report_table(t.root, 10000, false, &text, &e), &e);
    doc_tree_release(&t);
    str_release(&json);
    return text;
}

/* page - the report of it, heap; its folder is in_scratch("report"), made anew. */
static struct str page(const struct made *m)
{
    struct str json = STR_INIT, html = STR_INIT;
    struct err e = ERR_INIT;
    struct log log;
    log_init(&log, LOG_QUIET, false);
    file_remove_tree(in_scratch("report"), &e);
    folder(in_scratch("report"));
    results_json(&json, m);
    assert_ok(str_check(&json, &e), &e);
    spill(in_scratch("report/results.json"), json.s);
    assert_ok(report_write(in_scratch("report"), &log, &e), &e);
    assert_ok(file_read(&html, in_scratch("report/report.html"), &e), &e);
    str_release(&json);
    return html;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

/* drawn - whether gnuplot is there; where it is, it has nothing to complain of. */
static bool drawn(const struct str *html)
{
    if (!file_exists(in_scratch("report/figures/accuracy.svg")))
        return false;
    assert_null(strstr(html->s, "could not be drawn"));
    return true;
}

/* Seven supervisors of twenty students: each student's ceiling is one point, each supervisor's line
 * has all its students. */
static void test_ladder(void **state)
{
    (void)state;
    struct made m = plain;
    struct str script = STR_INIT;
    struct err e = ERR_INIT;
    m.supervisors = 7, m.students = 20;
    struct str html = page(&m);
    assert_int_equal(count(html.s, "for each of 140 pairs</summary>"), 2);
    if (!drawn(&html))
        skip();
    assert_ok(file_read(&script, in_scratch("report/figures/accuracy.gp"), &e), &e);
    for (size_t s = 1; s <= m.students; s++) {
        char point[64];
        snprintf(point, sizeof point, " 0.9%02zu5 0.8 0.95\n", s);
        assert_int_equal(count(script.s, point), 1);
    }
    assert_int_equal(count(script.s, " 0.7 0.6 0.8\n"), 140);
    for (size_t w = 1; w <= m.supervisors; w++) {
        char title[64];
        snprintf(title, sizeof title, "\"from %zu of 99 layers, naive\"", w);
        assert_int_equal(count(script.s, title), 1);
    }
    assert_holds(script.s, "\"0.03\\n(1)\" 0.03,"); /* small models have a size, too */
    assert_int_equal(count(html.s, "role=\"img\" aria-labelledby="), 4);
    assert_int_equal(count(html.s, "<title id="), 4);
    assert_int_equal(count(html.s, "<desc id="), 4);
    str_release(&script);
    str_release(&html);
}

/* figure - the script of a figure of the page's; false: none was drawn. */
static bool figure(const char *name, struct str *script)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    str_addf(&path, "%s/figures/%s.gp", in_scratch("report"), name);
    bool there = file_exists(path.s);
    if (there)
        assert_ok(file_read(script, path.s, &e), &e);
    str_release(&path);
    return there;
}

/* Whatever a legend names is drawn as nothing else in it: what stands between `from` and the title
 * that begins with `title` differs. How many there are. */
static size_t looks(const char *script, const char *from, const char *title)
{
    static char seen[400][64];
    size_t n = 0;
    for (const char *at = script; (at = strstr(at, title)); at += strlen(title)) {
        const char *begin = at;
        while (strncmp(begin, from, strlen(from)) != 0)
            begin--;
        assert_true(n < 400 && at - begin < 64);
        snprintf(seen[n], sizeof seen[n], "%.*s", (int)(at - begin), begin);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(seen[i], seen[n]);
        n++;
    }
    return n;
}

/* However many supervisors and methods: no two lines have one shape in one colour, no two
 * supervisors' lines are alike, and their own colour stays students' where shapes suffice. */
static void test_looks(void **state)
{
    static const size_t sizes[][2] = {{1, 24}, {2, 15}, {2, 24}, {7, 7}, {13, 1}, {7, 12}};
    static const char *const figures[] = {"accuracy", "pgr", "curves"};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct made m = plain;
        m.supervisors = sizes[i][0], m.methods = sizes[i][1];
        struct str html = page(&m);
        if (!drawn(&html))
            skip();
        for (size_t f = 0; f < 3; f++) {
            struct str script = STR_INIT;
            assert_true(figure(figures[f], &script));
            assert_int_equal(looks(script.s, " pt ", "title \"from "), m.supervisors * m.methods);
            assert_int_equal(looks(script.s, " dt ", "title \"supervisor, "),
                             f ? 0 : m.supervisors);
            str_release(&script);
        }
        str_release(&html);
    }
}

/* Of many methods at sizes far from each other, every point is within the axis. */
static void test_points_within(void **state)
{
    struct made m = plain;
    struct str script = STR_INIT;
    size_t n = 0;
    (void)state;
    m.students = 2, m.methods = 24, m.larger = 20;
    struct str html = page(&m);
    if (!drawn(&html))
        skip();
    assert_true(figure("accuracy", &script));
    char *axis = strstr(script.s, "set xrange ["), *rest;
    assert_non_null(axis);
    double lo = strtod(axis + strlen("set xrange ["), &rest), hi = strtod(rest + 1, NULL);
    for (const char *at = script.s; (at = strstr(at, " 0.7 0.6 0.8\n")); at++, n++) {
        const char *begin = at;
        while (begin[-1] != '\n')
            begin--;
        double x = strtod(begin, NULL);
        assert_true(x > lo && x < hi);
    }
    assert_int_equal(n, 2 * m.methods);
    str_release(&script);
    str_release(&html);
}

/* A pair's name goes on in the next line where it would leave no room for numbers. */
static void test_long_names(void **state)
{
    struct made m = plain;
    struct str script = STR_INIT;
    (void)state;
    m.method = "a-method-of-a-name-that-is-longer-than-a-line";
    struct str html = page(&m);
    if (!drawn(&html))
        skip();
    assert_true(figure("agreement", &script));
    assert_holds(script.s,
                 "\"1 of 99 layers > 1 of 99 layers,\\na-method-of-a-name-that-is-longer-than-a\\n"
                 "-line\" 0");
    str_release(&script);
    str_release(&html);
}

/* A figure's elements have no names that browsers would show: gnuplot's are an axis' last text. */
static void test_no_tooltips(void **state)
{
    static const char *const files[] = {"accuracy", "pgr", "curves", "agreement"};
    struct made m = plain;
    (void)state;
    m.students = 2;
    struct str html = page(&m), script = STR_INIT;
    if (!figure("accuracy", &script))
        skip();
    for (size_t i = 0; i < 4; i++) {
        struct str path = STR_INIT, svg = STR_INIT;
        struct err e = ERR_INIT;
        str_addf(&path, "%s/figures/%s.svg", in_scratch("report"), files[i]);
        assert_ok(file_read(&svg, path.s, &e), &e);
        assert_null(strstr(svg.s, "<title>"));
        assert_null(strstr(svg.s, "\\n"));
        assert_non_null(strstr(svg.s, "<path")); /* all else is there */
        assert_true(str_ends(svg.s, "</svg>\n\n") || str_ends(svg.s, "</svg>\n"));
        str_release(&path);
        str_release(&svg);
    }
    assert_int_equal(count(html.s, "<title>"), 1); /* the page's own */
    str_release(&html);
    str_release(&script);
}

/* Students as they start are a point each with its interval, joined, and said; none where nobody
 * asked for them. */
static void test_untrained(void **state)
{
    (void)state;
    struct made m = plain;
    struct str script = STR_INIT;
    struct err e = ERR_INIT;
    m.supervisors = 2, m.students = 4;
    for (int asked = 0; asked < 2; asked++) {
        m.untrained = asked;
        struct str html = page(&m);
        if (!drawn(&html))
            skip();
        assert_ok(file_read(&script, in_scratch("report/figures/accuracy.gp"), &e), &e);
        assert_int_equal(count(script.s, "title \"untrained student\""), asked);
        assert_int_equal(count(script.s, "$u using 1:2 smooth unique with lines"), asked);
        assert_int_equal(count(html.s, "Grey circles: the student before it learns"), 2 * asked);
        for (size_t s = 1; s <= m.students; s++) {
            char point[64];
            snprintf(point, sizeof point, " 0.5%02zu5 0.4 0.6\n", s);
            assert_int_equal(count(script.s, point), asked && s > 1);
        }
        str_release(&script);
        str_release(&html);
    }
}

static void test_few_are_open(void **state)
{
    (void)state;
    struct str html = page(&plain);
    assert_null(strstr(html.s, "for each of"));
    /* on a narrow screen the pairs' cells stand below each other, PGR not out of sight */
    assert_non_null(strstr(html.s, "<table class=\"pairs\">"));
    assert_non_null(strstr(html.s, ".pairs td:nth-child(7)::before{content:\"PGR\"}"));
    str_release(&html);
}

/* No curve, no figure: a sentence. */
static void test_no_curve(void **state)
{
    (void)state;
    struct made m = plain;
    m.curves = false;
    struct str html = page(&m);
    if (!drawn(&html))
        skip();
    assert_holds(html.s, "no job was measured within its epochs");
    assert_false(file_exists(in_scratch("report/figures/curves.svg")));
    assert_true(file_exists(in_scratch("report/figures/accuracy.svg")));
    str_release(&html);
}

/* arrows - how many a script's block of them has. */
static size_t arrows(const char *script)
{
    const char *at = strstr(script, "$cut << EOD\n"), *end = at ? strstr(at, "\nEOD\n") : NULL;
    size_t n = 0;
    for (; end && at < end; at++)
        n += *at == '\n';
    return n;
}

static void test_pgr_figure(void **state)
{
    (void)state;
    struct made m = plain;
    struct str script = STR_INIT;
    struct err e = ERR_INIT;
    m.pgr = "[null,null,null]", m.undefined = "\"the gap is within the noise\"";
    struct str html = page(&m);
    if (!drawn(&html))
        skip();
    assert_holds(html.s, "PGR is defined for no pair");
    assert_holds(html.s, "undefined: the gap is within the noise");
    str_release(&html);
    /* an interval that reaches far does not make the others flat, and is told of */
    m.pgr = "[0.5,-80,40]", m.undefined = "null";
    html = page(&m);
    assert_holds(html.s, "1 interval reaches beyond the figure");
    assert_ok(file_read(&script, in_scratch("report/figures/pgr.gp"), &e), &e);
    assert_holds(script.s, "set yrange [-1.05:2.05]");
    assert_holds(script.s, "with vectors");
    assert_int_equal(count(script.s, "the interval goes on"), 1);
    assert_int_equal(arrows(script.s), 2);
    str_release(&script);
    str_release(&html);
    m.pgr = "[0.5,0.4,40]"; /* at one end alone */
    html = page(&m);
    assert_true(figure("pgr", &script));
    assert_int_equal(arrows(script.s), 1);
    str_release(&script);
    str_release(&html);
    m.pgr = "[0.5,0.4,0.6]";
    html = page(&m);
    assert_true(figure("pgr", &script));
    assert_int_equal(arrows(script.s), 0);
    assert_null(strstr(script.s, "with vectors"));
    str_release(&script);
    str_release(&html);
}

/* A text is text: no markup, whole characters, its middle left out where it is long. */
static void test_texts(void **state)
{
    (void)state;
    struct made m = plain;
    struct str text = STR_INIT;
    str_cat(&text, "<script>alert('1')</script> & begins");
    for (size_t i = 0; i < 400; i++)
        str_cat(&text, "\xe2\x82\xac"); /* three bytes each: the cut falls within one */
    str_cat(&text, "xends <b>");
    m.text = text.s;
    struct str html = page(&m);
    assert_null(strstr(html.s, "<script"));
    assert_null(strstr(html.s, "ends <b>"));
    assert_holds(html.s, "&lt;script&gt;alert('1')&lt;/script&gt; &amp; begins\xe2\x82\xac");
    assert_holds(html.s, "\xe2\x82\xac <b>[&hellip;]</b> \xe2\x82\xac");
    assert_holds(html.s, "xends &lt;b&gt; <small>t:1</small>");
    assert_true(count(html.s, "\xe2\x82\xac") < 400);
    str_release(&html);
    m.text = "short \xc3\xbc";
    html = page(&m);
    assert_holds(html.s, "<td>short \xc3\xbc <small>");
    assert_null(strstr(html.s, "hellip"));
    str_release(&html);
    str_release(&text);
}

static void test_cut(void **state)
{
    (void)state;
    struct made m = plain;
    struct str html = page(&m);
    assert_null(strstr(html.s, "Cut to"));
    str_release(&html);
    m.cut = 1; /* of 200 and every job's, not 3 of 600 */
    html = page(&m);
    assert_holds(html.s, "<p class=\"note\">Cut to 8 tokens, the same texts for every model (first "
                         "seed): test: 1 of 200 texts (0.5 %).</p>");
    str_release(&html);
    m.cut = 3;
    html = page(&m);
    assert_holds(html.s, "<p class=\"warn\">Cut to 8 tokens");
    assert_holds(html.s, "Warning: 1.5 % of the texts of test are cut");
    assert_null(strstr(html.s, "made texts equal"));
    str_release(&html);
    m.cut = 1, m.equal = 2;
    html = page(&m);
    assert_holds(html.s, "<p class=\"warn\">Cut to 8 tokens");
    assert_holds(html.s,
                 "Warning: the cut made texts equal: of test, 0 of 200 equal another of that "
                 "part and 2 one of another part.");
    str_release(&html);
}

/* Against naive, too, a bound of 0 is no difference. */
static void test_against_naive(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[0.02,0.01,0.03]", "+0.020 accuracy (+0.010 to +0.030), better."},
        {"[-0.02,-0.03,-0.01]", "-0.020 accuracy (-0.030 to -0.010), worse."},
        {"[0.02,0,0.03]", "(+0.000 to +0.030), a difference this study cannot tell from none."},
        {"[-0.02,-0.03,0]", "(-0.030 to +0.000), a difference this study cannot tell from none."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = plain;
        m.minus_naive = cases[i][0];
        struct str html = page(&m);
        assert_holds(html.s, cases[i][1]);
        str_release(&html);
    }
}

/* Pairs share models: each model's scores stand once. */
static void test_scores_once(void **state)
{
    (void)state;
    struct made m = plain;
    m.students = 3; /* all of the same three jobs */
    struct str html = page(&m);
    assert_int_equal(count(html.s, "<td>supervisor, 1 of 99 layers</td>"), 1);
    assert_int_equal(count(html.s, "<td>ceiling, "), 1);
    assert_int_equal(count(html.s, "<td>student, "), 1);
    str_release(&html);
}

/* Remarked on is what is below the best constant answer, 0.5, by its whole interval. */
static void test_constant(void **state)
{
    static const char *const weak[] = {"[0.4,0.3,0.49]", "[0.4,0.3,0.51]", "[0.6,0.4,0.7]"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct made m = plain;
        m.weak = weak[i];
        struct str html = page(&m);
        assert_int_equal(count(html.s, "Worse than the best constant answer"), i == 0);
        str_release(&html);
    }
}

/* both_hold - page and table say it, so many times each. */
static void both_hold(const struct made *m, const char *words, size_t times)
{
    struct str html = page(m), text = table(m);
    assert_int_equal(count(html.s, words), times);
    assert_int_equal(count(text.s, words), times);
    str_release(&html);
    str_release(&text);
}

/* A supervisor, and a ceiling, whose interval holds the best constant answer, 0.5, or ends there:
 * of all of them one sentence, each of them once. */
static void test_not_told(void **state)
{
    (void)state;
    struct made m = plain;
    m.supervisors = 2, m.weak = "[0.6,0.51,0.7]";
    both_hold(&m, "Not told from a constant answer", 0);
    m.weak = "[0.41,0.38,0.5]";
    both_hold(&m,
              "Not told from a constant answer: the supervisor of 1 of 99 layers (0.380 to 0.500, "
              "constant 0.500); the supervisor of 2 of 99 layers (0.380 to 0.500, constant 0.500).",
              1);
    both_hold(&m, "By a ceiling", 0);
    m.ceiling = "[0.5,0.5,0.6]";
    both_hold(
        &m,
        "constant 0.500); the ceiling of 1 of 99 layers (0.500 to 0.600, constant 0.500). By a "
        "ceiling that may have learnt nothing, PGR does not say what a student learns.",
        1);
    both_hold(&m, "the ceiling of", 1);
    m.weak = "[0.3,0.2,0.4]", m.ceiling = "[0.4,0.3,0.49]";
    both_hold(&m,
              "the supervisor of 2 of 99 layers (0.200 to 0.400, constant 0.500); the ceiling of 1 "
              "of 99 layers (0.300 to 0.490, constant 0.500). Such a supervisor's labels say less",
              1);
    both_hold(&m, "Not told from", 0);
}

/* Bootstrapping through nothing is said to be naive; through a model, and other methods, not. */
static void test_empty_chain(void **state)
{
    static const struct {
        const char *method, *chain;
        size_t times;
    } cases[] = {{"bootstrapping", "\"chain\":[\"m/1\",\"m/3\"],", 1},
                 {"bootstrapping", "\"chain\":[\"m/1\",\"m/2\",\"m/3\"],", 0},
                 {"trust", "\"chain\":[\"m/1\",\"m/3\"],", 0},
                 {NULL, "", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = plain;
        m.students = 2, m.method = cases[i].method, m.more = cases[i].chain;
        struct str html = page(&m), text = table(&m);
        assert_int_equal(count(text.s, "bootstrapping, 1 of 99 layers -> 1 of 99 layers; 1 of 99 "
                                       "layers -> 2 of 99 layers: the chain has no model between "
                                       "them: it is naive."),
                         cases[i].times);
        assert_int_equal(count(html.s, "the chain has no model between them: it is naive."),
                         cases[i].times);
        str_release(&html);
        str_release(&text);
    }
}

/* A title that ends a sentence gets no other full stop. */
static void test_title_stop(void **state)
{
    static const char *const titles[][2] = {{"Is it good?", "<p>Is it good? 9 examples"},
                                            {"All of it.", "<p>All of it. 9 examples"},
                                            {"Reviews", "<p>Reviews. 9 examples"}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct made m = plain;
        m.title = titles[i][0];
        struct str html = page(&m);
        assert_holds(html.s, titles[i][1]);
        str_release(&html);
    }
}

static void test_precision(void **state)
{
    (void)state;
    struct made m = plain;
    struct str html = page(&m);
    assert_holds(html.s, "Precision: f32 throughout");
    str_release(&html);
    m.device = "cpu: 2 threads, products in bf16";
    html = page(&m);
    assert_holds(html.s, "products in bf16");
    assert_holds(html.s, "numbers are rounded to bf16");
    assert_null(strstr(html.s, "f32 throughout"));
    str_release(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),        cmocka_unit_test(test_few_are_open),
        cmocka_unit_test(test_no_curve),      cmocka_unit_test(test_pgr_figure),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_cut),
        cmocka_unit_test(test_against_naive), cmocka_unit_test(test_scores_once),
        cmocka_unit_test(test_precision),     cmocka_unit_test(test_constant),
        cmocka_unit_test(test_looks),         cmocka_unit_test(test_no_tooltips),
        cmocka_unit_test(test_points_within), cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_untrained),     cmocka_unit_test(test_not_told),
        cmocka_unit_test(test_empty_chain),   cmocka_unit_test(test_title_stop),
    };
    scratch_make();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return rc;
}
