/* report_csv.c - CSV files and the terminal's table of a results file that is written here; on the
 * page, what a study's names and classes may hold, of two classes and of three. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/file.h"
#include "report/report.h"
#include "report/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTILE "<script>alert(1)</script> & \"größer\", 漢字"

/* One study: every supervisor with every student of at least its depth, naive, one seed. */
struct made {
    size_t supervisors, students, classes; /* supervisors of 1.., students of 100.. layers */
    bool left_out;
    double cut; /* of the test's 100 texts */
};

static void job(struct js *w, const char *role, size_t layers, size_t from, double cut)
{
    char hash[32], model[32];
    snprintf(hash, sizeof hash, "%s-%zu-%zu", role, layers, from);
    snprintf(model, sizeof model, "m/%zu", layers);
    js_open(w, '{');
    js_key(w, "hash"), js_str(w, hash);
    js_key(w, "label"), js_str(w, hash);
    js_key(w, "role"), js_str(w, role);
    js_key(w, "model"), js_str(w, model);
    js_key(w, "method"), js_str(w, from ? "naive" : "ground truth");
    if (from) {
        snprintf(model, sizeof model, "m/%zu", from);
        js_key(w, "supervisor"), js_str(w, model);
    }
    js_key(w, "seed"), js_int(w, 0);
    js_key(w, "result"), js_open(w, '{');
    js_key(w, "accuracy"), js_real(w, .75);
    js_key(w, "seconds"), js_real(w, 12.5);
    js_key(w, "tokens"), js_int(w, 1234);
    js_key(w, "resumed"), js_bool(w, false);
    js_key(w, "final_loss"), js_real(w, .5);
    js_key(w, "truncated"), js_open(w, '{');
    js_key(w, "train"), js_int(w, 0);
    js_key(w, "test"), js_int(w, (int64_t)cut);
    js_close(w, '}');
    js_key(w, "curve"), js_open(w, '[');
    for (int i = 0; i < 2; i++) {
        js_open(w, '{');
        js_key(w, "step"), js_int(w, i);
        js_key(w, "epoch"), js_real(w, i);
        js_key(w, "loss");
        if (i)
            js_real(w, .25);
        else
            js_null(w);
        js_key(w, "accuracy"), js_real(w, .5 + .1 * i);
        js_close(w, '}');
    }
    js_close(w, ']');
    js_close(w, '}');
    js_key(w, "scores"), js_open(w, '{');
    js_key(w, "auroc"), js_real(w, .8125);
    js_key(w, "prior_matched_accuracy"), js_null(w);
    js_close(w, '}');
    js_close(w, '}');
}

static void three(struct js *w, const char *key, double x)
{
    js_key(w, key), js_open(w, '[');
    js_real(w, x), js_real(w, x - .125), js_real(w, x + .125);
    js_close(w, ']');
}

static void role(struct js *w, const char *key, const char *of, size_t layers, size_t from,
                 double x)
{
    char hash[32];
    snprintf(hash, sizeof hash, "%s-%zu-%zu", of, layers, from);
    js_key(w, key), js_open(w, '{');
    three(w, "accuracy", x);
    js_key(w, "auroc"), js_real(w, .8125);
    js_key(w, "prior_matched_accuracy"), js_real(w, .734375);
    js_key(w, "jobs"), js_open(w, '['), js_str(w, hash), js_close(w, ']');
    js_close(w, '}');
}

static void pair(struct js *w, size_t s, size_t t)
{
    char id[32];
    js_open(w, '{');
    snprintf(id, sizeof id, "m/%zu", s);
    js_key(w, "supervisor"), js_str(w, id);
    snprintf(id, sizeof id, "m/%zu", t);
    js_key(w, "student"), js_str(w, id);
    js_key(w, "method"), js_str(w, "naive");
    js_key(w, "control"), js_bool(w, false);
    js_key(w, "seeds"), js_int(w, 1);
    role(w, "weak", "supervisor", s, 0, .5);
    role(w, "student_scores", "student", t, s, .625);
    role(w, "ceiling", "ceiling", t, 0, .5 + .01 * (double)t);
    three(w, "gap", .25);
    three(w, "gain", .125);
    three(w, "pgr", .5);
    js_key(w, "pgr_undefined"), js_null(w);
    js_key(w, "verdict"), js_str(w, "a verdict");
    js_key(w, "agreement"), js_open(w, '{');
    three(w, "all", .75), three(w, "supervisor_right", .875), three(w, "supervisor_wrong", .4375);
    js_close(w, '}');
    js_key(w, "error_inheritance"), js_open(w, '{');
    three(w, "student", .4375), three(w, "ceiling", .3125);
    js_close(w, '}');
    js_close(w, '}');
}

static void models(struct js *w, const struct made *m)
{
    js_key(w, "models"), js_open(w, '[');
    for (size_t i = 0; i < m->supervisors + m->students; i++) {
        size_t layers = i < m->supervisors ? i + 1 : 100 + i - m->supervisors;
        char id[32];
        snprintf(id, sizeof id, "m/%zu", layers);
        js_open(w, '{');
        js_key(w, "id"), js_str(w, id);
        js_key(w, "name"), js_str(w, "m");
        js_key(w, "label"), js_str(w, HOSTILE);
        js_key(w, "layers"), js_int(w, (int64_t)layers);
        js_key(w, "layers_whole"), js_int(w, 999);
        js_key(w, "params"), js_int(w, (int64_t)layers * 1000000);
        js_close(w, '}');
    }
    js_close(w, ']');
}

static void examples(struct js *w, const struct made *m)
{
    js_key(w, "examples"), js_open(w, '{');
    js_key(w, "jobs"), js_open(w, '[');
    js_str(w, "supervisor-1-0"), js_str(w, "student-100-1"), js_str(w, "ceiling-100-0");
    js_close(w, ']');
    js_key(w, "items"), js_open(w, '['), js_open(w, '{');
    js_key(w, "id"), js_str(w, "0123456789abcdef");
    js_key(w, "text"), js_str(w, HOSTILE);
    js_key(w, "label"), js_int(w, 1);
    js_key(w, "source"), js_str(w, "a.jsonl:1");
    js_key(w, "probs"), js_open(w, '[');
    for (size_t j = 0; j < 3; j++) { /* the supervisor says 0, the others 1 */
        js_open(w, '[');
        for (size_t k = 0; k < m->classes; k++)
            js_real(w, k == (j > 0) ? .61 : .39 / (double)(m->classes - 1));
        js_close(w, ']');
    }
    js_close(w, ']'), js_close(w, '}'), js_close(w, ']'), js_close(w, '}');
}

static void results_make(const struct made *m, struct str *out)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "format"), js_int(&w, 1);
    js_key(&w, "study"), js_open(&w, '{');
    js_key(&w, "title"), js_str(&w, HOSTILE);
    js_key(&w, "seeds"), js_int(&w, 1);
    js_key(&w, "level"), js_real(&w, .95);
    js_key(&w, "command"), js_str(&w, "w2s run " HOSTILE);
    js_close(&w, '}');
    js_key(&w, "task"), js_open(&w, '{');
    js_key(&w, "title"), js_str(&w, HOSTILE);
    js_key(&w, "classes"), js_open(&w, '[');
    for (size_t k = 0; k < m->classes; k++)
        js_str(&w, k == 0 ? "zero" : k == 1 ? "<one>" : "two");
    js_close(&w, ']');
    js_key(&w, "train"), js_int(&w, 100);
    js_key(&w, "test"), js_int(&w, 100);
    js_key(&w, "constant_accuracy"), js_real(&w, .5);
    js_key(&w, "max_tokens"), js_int(&w, 128);
    js_close(&w, '}');
    models(&w, m);
    js_key(&w, "pairs"), js_open(&w, '[');
    for (size_t s = 1; s <= m->supervisors; s++)
        for (size_t t = 0; t < m->students; t++)
            pair(&w, s, 100 + t);
    js_close(&w, ']');
    js_key(&w, "left_out"), js_open(&w, '[');
    if (m->left_out) {
        js_open(&w, '{');
        js_key(&w, "supervisor"), js_str(&w, "m/100");
        js_key(&w, "student"), js_str(&w, "m/1");
        js_close(&w, '}');
    }
    js_close(&w, ']');
    js_key(&w, "jobs"), js_open(&w, '[');
    for (size_t s = 1; s <= m->supervisors; s++)
        job(&w, "supervisor", s, 0, m->cut);
    for (size_t t = 100; t < 100 + m->students; t++)
        job(&w, "ceiling", t, 0, m->cut);
    for (size_t s = 1; s <= m->supervisors; s++)
        for (size_t t = 100; t < 100 + m->students; t++)
            job(&w, "student", t, s, m->cut);
    js_close(&w, ']');
    examples(&w, m);
    js_close(&w, '}');
}

/* made_read - the results as report functions take them. */
static void made_read(const struct made *m, struct doc_tree *t)
{
    struct err e = ERR_INIT;
    struct str json = STR_INIT;
    results_make(m, &json);
    assert_int_equal(str_check(&json, &e), OK);
    assert_int_equal(doc_parse_json(t, json.s, json.len, "results.json", 1, &e), OK);
    str_release(&json);
}

/* made_page - report.html of a scratch folder. */
static void made_page(const struct made *m, struct str *html)
{
    char dir[] = "/tmp/w2s-report-XXXXXX";
    struct err e = ERR_INIT;
    struct str json = STR_INIT, path = STR_INIT;
    struct log log;
    assert_non_null(mkdtemp(dir));
    log_init(&log, LOG_QUIET, false);
    results_make(m, &json);
    str_path(&path, dir, "results.json");
    assert_int_equal(file_write(path.s, json.s, json.len, &e), OK);
    assert_int_equal(report_write(dir, &log, &e), OK);
    str_path(&path, dir, "curves.csv");
    assert_true(file_exists(path.s));
    str_path(&path, dir, "report.html");
    assert_int_equal(file_read(html, path.s, &e), OK);
    assert_int_equal(file_remove_tree(dir, &e), OK);
    str_release(&json);
    str_release(&path);
}

static size_t count(const char *s, const char *what)
{
    size_t n = 0;
    while ((s = strstr(s, what))) {
        n++;
        s += strlen(what);
    }
    return n;
}

#define has(text, what)   assert_non_null(strstr(text, what))
#define lacks(text, what) assert_null(strstr(text, what))

static void test_words(void **state)
{
    (void)state;
    static const char json[] =
        "{\"models\": [{\"id\": \"a\", \"name\": \"m\", \"layers\": 1, \"layers_whole\": 1},"
        "{\"id\": \"b\", \"name\": \"m\", \"layers\": 2, \"layers_whole\": 2}]}";
    static const char *const wanted[][2] = {{"a", "1 layer"}, {"b", "2 layers"}};
    struct err e = ERR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    assert_int_equal(doc_parse_json(&t, json, strlen(json), "results", 0, &e), OK);
    for (size_t i = 0; i < 2; i++) {
        struct str out = STR_INIT;
        view_words(t.root, wanted[i][0], &out);
        assert_string_equal(out.s, wanted[i][1]);
        str_release(&out);
    }
    doc_tree_release(&t);
}

static void test_table(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct str out = STR_INIT;
    made_read(&(struct made){2, 2, 2, true, 30}, &t);
    assert_int_equal(report_table(t.root, 10000, false, &out, &e), OK);
    has(out.s, "over 1 seed");
    has(out.s, "the student is smaller than the supervisor: 1 pair: 100 of 999 layers -> 1 of 999 "
               "layers.");
    has(out.s, "Warning: 30.0 % of the texts of test are cut");
    doc_tree_release(&t);
    str_reset(&out);
    made_read(&(struct made){2, 2, 2, false, 1}, &t);
    assert_int_equal(report_table(t.root, 10000, false, &out, &e), OK);
    has(out.s, "test: 1 of 100 texts (1.0 %)");
    lacks(out.s, "Warning"); /* above 1 %, not at it */
    lacks(out.s, "Left out");
    doc_tree_release(&t);
    str_release(&out);
}

static void test_csv(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct str out = STR_INIT;
    made_read(&(struct made){1, 1, 2, false, 3}, &t);
    assert_int_equal(report_csv(t.root, &out, &e), OK);
    has(out.s, "supervisor,student,method,measure,seed,value,lo,hi,job\r\n");
    has(out.s, "\r\nm/1,m/100,naive,gain,,0.125,0,0.25,\r\n");
    has(out.s, "\r\nm/1,m/100,naive,error_inheritance ceiling,,0.3125,0.1875,0.4375,\r\n");
    has(out.s, "\r\nm/1,m/100,naive,job truncated test,0,3,,,student-100-1\r\n");
    has(out.s, "\r\nm/1,,ground truth,job auroc,0,0.8125,,,supervisor-1-0\r\n");
    has(out.s, "\r\n,m/100,ground truth,job resumed,0,0,,,ceiling-100-0\r\n");
    has(out.s, "job prior_matched_accuracy,0,,,,ceiling-100-0\r\n"); /* undefined is empty */
    has(out.s, "\r\n,,,task test,,100,,,\r\n");
    lacks(out.s, ",,,,,"); /* no row without a measure */
    str_reset(&out);
    assert_int_equal(report_curves(t.root, &out, &e), OK);
    assert_int_equal(count(out.s, "\r\n"), 1 + 3 * 2);
    has(out.s, "\r\nstudent-100-1,student,m/100,naive,m/1,0,1,,1,0.25,,,,0.6,,\r\n");
    doc_tree_release(&t);
    str_release(&out);
}

static void test_page(void **state)
{
    (void)state;
    struct str html = STR_INIT;
    made_page(&(struct made){2, 2, 3, true, 0}, &html);
    lacks(html.s, "<script");
    lacks(html.s, "<one>");
    has(html.s, "<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;größer&quot;, 漢字</h1>");
    has(html.s, "<a href=\"predictions.csv\">");
    has(html.s, "<a href=\"curves.csv\">");
    has(html.s, "<p class=\"note\">Left out");
    has(html.s, "<td class=\"n\">0.734</td>"); /* prior-matched accuracy */
    /* errors inherited, and what the ceiling makes of them */
    has(html.s, "0.438 <small>[0.312, 0.562]</small></td><td class=\"n\">0.312 <small>");
    /* three classes: all probabilities */
    has(html.s, "&lt;one&gt; 0.61<br><small>zero 0.20</small><br><small>two 0.20</small>");
    str_reset(&html);
    made_page(&(struct made){1, 1, 2, false, 0}, &html);
    has(html.s, "&lt;one&gt; 0.61</td>"); /* two classes: one says it all */
    lacks(html.s, "Left out");
    str_release(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
