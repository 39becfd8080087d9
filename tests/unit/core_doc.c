/* core_doc.c - YAML and JSON in and out, and the sentences about wrong ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/doc.h"

#include <math.h>
#include <string.h>

static struct err e;
static struct doc_tree t;

static const struct doc *yaml(const char *text)
{
    e = (struct err)ERR_INIT;
    assert_int_equal(doc_parse_yaml(&t, text, strlen(text), "x.yaml", &e), OK);
    return t.root;
}

static void yaml_fails(const char *text, const char *sentence)
{
    e = (struct err)ERR_INIT;
    assert_int_equal(doc_parse_yaml(&t, text, strlen(text), "x.yaml", &e), ERR_INPUT);
    assert_string_equal(e.msg, sentence);
}

static void test_types(void **state)
{
    (void)state;
    const struct doc *r = yaml("a: 1\nb: 3e-4\nc: yes\nd: 'true'\ne: true\nf: ~\ng: [x, 2]\nh: "
                               "-7\ni: 1.\nj: 2026-01-01\nk: 99999999999999999999\n"
                               "l: .inf\nm: +\nn:\n");
    const struct {
        const char *key;
        enum doc_type type;
        double r;
    } want[] = {{"a", DOC_INT, 1},    {"b", DOC_REAL, 3e-4}, {"c", DOC_STRING, 0},
                {"d", DOC_STRING, 0}, {"e", DOC_BOOL, 0},    {"f", DOC_NULL, 0},
                {"g", DOC_LIST, 0},   {"h", DOC_INT, -7},    {"i", DOC_REAL, 1},
                {"j", DOC_STRING, 0}, {"k", DOC_REAL, 1e20}, {"l", DOC_REAL, (double)INFINITY},
                {"m", DOC_STRING, 0}, {"n", DOC_NULL, 0}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct doc *d = doc_get(r, want[i].key);
        assert_non_null(d);
        assert_int_equal(d->type, want[i].type);
        assert_int_equal(d->line, (int)i + 1);
        if (d->type == DOC_INT || d->type == DOC_REAL)
            assert_true(d->r == want[i].r);
    }
    assert_int_equal(doc_get(r, "g")->n, 2);
    assert_string_equal(doc_path(r, "g.0")->s, "x");
    assert_null(doc_path(r, "g.2"));
    doc_tree_release(&t);
}

static void test_yaml_errors(void **state)
{
    (void)state;
    yaml_fails("a: 1\na: 2\n", "x.yaml:2: key \"a\" stands here a second time");
    yaml_fails("a: &x 1\nb: *x\n",
               "x.yaml:2: aliases (*name) are not read here; write the value out");
    yaml_fails("a: 1\n---\nb: 2\n", "x.yaml:2: a second document begins; one is wanted");
    e = (struct err)ERR_INIT;
    assert_int_equal(doc_parse_yaml(&t, "a: [1\n", 6, "x.yaml", &e), ERR_INPUT);
    assert_true(strncmp(e.msg, "x.yaml:", 7) == 0);
    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    assert_int_equal(doc_parse_yaml(&t, deep, 400, "x.yaml", &e), ERR_INPUT);
}

static void test_access(void **state)
{
    (void)state;
    static const char *const known[] = {"methods", "seeds", "level", "mode", "on", NULL},
                             *const modes[] = {"fast", "slow", NULL};
    const struct doc *r = yaml("metods: 1\nseeds: two\nlevel: 7\nmode: fats\non: 1\n");
    int64_t i = 5;
    double x = .5;
    int mode = 0;
    bool on = false;
    const char *s = NULL;
    assert_int_equal(doc_check_keys(r, known, &e), ERR_INPUT);
    assert_string_equal(e.msg, "x.yaml:1: unknown key \"metods\"; did you mean \"methods\"?");
    doc_opt_int(r, "seeds", 1, 9, &i, &e);
    assert_string_equal(e.msg, "x.yaml:2: \"seeds\" is \"two\", wanted a whole number from 1 to 9");
    assert_int_equal(i, 5);
    doc_opt_real(r, "level", 0, 1, &x, &e);
    assert_string_equal(e.msg, "x.yaml:3: \"level\" is 7, wanted a number from 0 to 1");
    doc_opt_enum(r, "mode", modes, &mode, &e);
    assert_string_equal(
        e.msg, "x.yaml:4: \"mode\" is \"fats\", wanted one of fast, slow; did you mean \"fast\"?");
    doc_opt_bool(r, "on", &on, &e);
    assert_string_equal(e.msg, "x.yaml:5: \"on\" is 1, wanted true or false");
    doc_str(r, "title", &s, &e);
    assert_string_equal(e.msg, "x.yaml:1: \"title\" is missing");
    assert_int_equal(doc_opt_str(r, "title", &s, &e), OK);
    doc_tree_release(&t);
}

static void test_json(void **state)
{
    (void)state;
    const char *text = "{\"a\": [1, 2.5, \"x\\u0000y\", null, true], \"b\": {\"c\": -3}}";
    struct str out = STR_INIT;
    size_t used = 0;
    assert_int_equal(doc_parse_json(&t, text, strlen(text), "x.json", 4, &e), OK);
    assert_int_equal(doc_path(t.root, "a.2")->len, 3);
    assert_int_equal(doc_path(t.root, "b.c")->i, -3);
    assert_int_equal(t.root->line, 4);
    doc_write_json(&out, t.root);
    assert_string_equal(out.s, text);
    doc_tree_release(&t);
    assert_int_equal(doc_parse_json_at(&t, "{\"a\": 1}, {\"b\"", 14, &used, "x.json", 1, &e), OK);
    assert_int_equal(used, 8);
    doc_tree_release(&t);
    assert_int_equal(doc_parse_json(&t, "{\"a\": 1,\n \"a\": 2}", 17, "x.json", 10, &e), ERR_INPUT);
    assert_true(strncmp(e.msg, "x.json:11: not JSON: duplicate object key", 41) == 0);
    assert_int_equal(doc_parse_json(&t, "\"\xff\"", 3, "x.json", 1, &e), ERR_INPUT);
    str_release(&out);
}

static void test_set(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    yaml("a: 1\nb: {c: x}\n");
    assert_int_equal(doc_set(&t, "b.c", "[1, 2]", &e), OK);
    assert_int_equal(doc_set(&t, "d.e", "3e-4", &e), OK);
    assert_int_equal(doc_set(&t, "a", "word", &e), OK);
    doc_write_json(&out, t.root);
    assert_string_equal(out.s, "{\"a\": \"word\", \"b\": {\"c\": [1, 2]}, \"d\": {\"e\": 0.0003}}");
    assert_string_equal(doc_path(t.root, "b.c.0")->file, "command line: b.c=[1, 2]");
    assert_int_equal(doc_set(&t, "a", "[1", &e), ERR_INPUT);
    assert_true(strncmp(e.msg, "command line: a=[1: not YAML: ", 30) == 0);
    assert_int_equal(doc_set(&t, "a.b", "1", &e), ERR_INPUT);
    assert_string_equal(e.msg, "command line: a.b=1: \"a\" is not a map");
    assert_int_equal(doc_set(&t, "a..b", "1", &e), ERR_INPUT);
    str_release(&out);
    doc_tree_release(&t);
}

static void test_write(void **state)
{
    (void)state;
    const char *text =
        "{\"name\": \"true\", \"n\": \"1e3\", \"e\": \"\", \"s\": \"a: b # c\", \"l\": [\"x, y\", "
        "2, null], \"m\": {\"k\": {\"z\": 0.1}, "
        "\"empty\": [], \"none\": {}}, \"r\": 3.0, \"w\": \" lead\", \"u\": \"日本\", \"h\": \"- "
        "x\", "
        "\"breaks\": \"\\u0085\\u2028\\u2029\\u007f\\ufeff\"}"; /* raw, YAML would fold them */
    struct str out = STR_INIT, back = STR_INIT;
    struct doc_tree again;
    assert_int_equal(doc_parse_json(&t, text, strlen(text), "x", 1, &e), OK);
    doc_write_yaml(&out, t.root);
    assert_int_equal(doc_parse_yaml(&again, out.s, out.len, "y", &e), OK);
    doc_write_json(&back, again.root);
    assert_string_equal(back.s, text);
    doc_tree_release(&again);
    doc_tree_release(&t);
    str_reset(&out);
    struct js j;
    js_init(&j, &out);
    js_open(&j, '[');
    js_real(&j, .1), js_real(&j, (double)NAN), js_real(&j, 1e300), js_real(&j, 2),
        js_strn(&j, "a\xff\n", 3), js_raw(&j, "{}");
    js_close(&j, ']');
    assert_string_equal(out.s, "[0.1, null, 1e+300, 2.0, \"a\xEF\xBF\xBD\\n\", {}]");
    str_release(&out);
    str_release(&back);
}

/* What a file leaves unsaid is its base's, with the base's file and line in messages. */
static void a_base_lies_under(void **state)
{
    (void)state;
    struct doc_tree base = DOC_TREE_INIT;
    struct str out = STR_INIT;
    int64_t v;
    static const char mine[] = "a: 1\nm: {x: 1, deep: {p: 2}}\ngone: null\nlist: [9]\n",
                      its[] = "a: 2\nb: [1, {c: word}]\nm:\n  y: 5\n  deep: {p: 3, q: 4}\n"
                              "gone: 7\nlist: [1, 2]\n";
    assert_int_equal(doc_parse_yaml(&t, mine, sizeof mine - 1, "mine", &e), OK);
    assert_int_equal(doc_parse_yaml(&base, its, sizeof its - 1, "its", &e), OK);
    assert_int_equal(doc_under(&t, base.root, &e), OK);
    doc_tree_release(&base);
    doc_write_json(&out, t.root);
    assert_string_equal(out.s, "{\"a\": 1, \"m\": {\"x\": 1, \"deep\": {\"p\": 2, \"q\": 4}, "
                               "\"y\": 5}, \"gone\": null, \"list\": [9], "
                               "\"b\": [1, {\"c\": \"word\"}]}");
    assert_int_equal(doc_get(t.root, "m")->n, 3);
    assert_int_equal(doc_int(doc_get(t.root, "m"), "y", 0, 4, &v, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "its:4"));
    str_release(&out);
    doc_tree_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),        cmocka_unit_test(test_yaml_errors),
        cmocka_unit_test(test_access),       cmocka_unit_test(test_json),
        cmocka_unit_test(test_set),          cmocka_unit_test(test_write),
        cmocka_unit_test(a_base_lies_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
