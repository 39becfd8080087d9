/* data_table - every format, both encodings, every sentence about a file that is wrong. */
#include "data_test.h"

#include <sys/resource.h>

static const struct table_settings none;

static void jsonl(void **state)
{
    (void)state;
    put("a.jsonl",
        "{\"x\": \"one\", \"n\": 1}\n\n  \t\r\n{\"x\": \"tw\\u00f6\", \"n\": [1]}\r\n[\"l\", 2]");
    rows_are("a.jsonl", &none, "1: x=one n=1|4: x=tw\xc3\xb6 n=<list>|5: 0=l 1=2|");
    put("a.jsonl", "");
    rows_are("a.jsonl", &none, "");
    put("a.jsonl", "{\"x\": 1}\n{\"x\": 1\n{\"x\": 2}\n");
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    assert_int_equal(table_read(in_scratch("a.jsonl"), &none, row_line, &out, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "a.jsonl:2: not JSON: "));
    assert_string_equal(out.s, "1: x=1|");
    str_release(&out);
    put("a.jsonl", "{\"x\": 1}\n\"x\"\n");
    rows_fail("a.jsonl", &none, "a.jsonl:2: a row is a string, wanted a map");
    put("a.jsonl", "{\"x\": 1, \"x\": 2}\n");
    assert_int_equal(table_read(in_scratch("a.jsonl"), &none, row_line, &out, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "a.jsonl:1: "));
    str_release(&out);
}

static void json(void **state)
{
    (void)state;
    put("a.json",
        "[\n  {\"x\": \"one\",\n   \"n\": 1},\n\n  {\"x\": \"] [\", \"n\": 2}, [\"l\"]\n]\n");
    rows_are("a.json", &none, "2: x=one n=1|5: x=] [ n=2|5: 0=l|");
    put("a.json", " [ ] ");
    rows_are("a.json", &none, "");
    put("a.json", "[{\"x\": 1}\n {\"x\": 2}]");
    rows_fail("a.json", &none, "a.json:2: not JSON: found {, wanted \",\" or \"]\"");
    put("a.json", "[{\"x\": 1},\n");
    rows_fail("a.json", &none, "a.json:2: the file ends here, wanted a row");
    put("a.json", "[{\"x\": 1}\n\n");
    rows_fail("a.json", &none, "a.json:3: the file ends here, wanted \",\" or \"]\"");
    put("a.json", "[{\"x\": 1}] \xc3\xa9");
    rows_fail("a.json", &none, "a.json:1: not JSON: found \xc3\xa9, wanted the end of the file");
    put("a.json", "[1]");
    rows_fail("a.json", &none, "a.json:1: a row is a whole number, wanted a map");
    put("a.json", "\n{\"data\": []}");
    rows_fail("a.json", &none,
              "a.json:2: a map, wanted a list of rows; \"rows\" in the task names the list inside "
              "a document, and \"format: jsonl\" (or a name in .jsonl) is of a map a line");
    put("a.json", "[{\"x\": 1},\n, {\"x\": 2}]");
    rows_fail("a.json", &none, "a.json:2: not JSON: found ,, wanted a row");
    put("a.json", "");
    rows_fail("a.json", &none, "a.json:1: the file ends here, wanted a list of rows");
}

static void json_rows(void **state)
{
    struct table_settings s = {.rows = "data.items.1"};
    (void)state;
    put("a.json", "{\"other\": {\"items\": [\"}\", {\"data\": 0}], \"z\": null}, \"n\": -1.5e3,\n"
                  " \"data\": {\"items\": [[{\"x\": 0}],\n [{\"x\": 1},\n  {\"x\": 2}]], \"more\": "
                  "true}, \"last\": 1}\n");
    rows_are("a.json", &s, "3: x=1|4: x=2|");
    s.rows = "data.things";
    rows_fail("a.json", &s, "a.json:2: \"things\" of \"rows: data.things\" is missing");
    s.rows = "data.items.7";
    rows_fail("a.json", &s, "a.json:2: \"7\" of \"rows: data.items.7\" is missing");
    s.rows = "n";
    rows_fail("a.json", &s, "a.json:1: not JSON: found -, wanted a list of rows");
    put("a.json", "{\"a\": {\"b\": [1, 2\n");
    s.rows = "data";
    rows_fail("a.json", &s, "a.json:2: the file ends here, wanted a value");
    put("a.json", "{\"a\": ]}");
    rows_fail("a.json", &s, "a.json:1: not JSON: found ], wanted a value");
    put("a.json", "{\"a\" 1}");
    rows_fail("a.json", &s, "a.json:1: not JSON: found 1, wanted \":\"");
    put("a.json", "{a: 1}");
    rows_fail("a.json", &s, "a.json:1: not JSON: found a, wanted a key or \"}\"");
}

static long kib_at_most(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* Fields that no column is for are counted and take no memory; a header has a bound. */
static void wide(void)
{
    enum { FIELDS = 4000000 };
    struct str s = STR_INIT;
    put("w.csv", "x,y\n1,\"2\"\n1,2,3,\"4\n4\",\"5\"\n");
    rows_fail("w.csv", &none, "w.csv:3: 5 fields, the header has 2");
    str_cat(&s, "x,y\n");
    for (int i = 1; i < FIELDS; i++)
        str_addc(&s, ',');
    put("w.csv", s.s);
    const long before = kib_at_most();
    rows_fail("w.csv", &none, "w.csv:2: 4000000 fields, the header has 2");
    assert_true(kib_at_most() - before < 128 << 10);
    str_reset(&s);
    for (int i = 0; i < 65537; i++)
        str_addf(&s, "%sc%d", i ? "," : "", i);
    put("w.csv", s.s);
    rows_fail("w.csv", &none, "w.csv:1: a header of more than 65536 columns");
    str_release(&s);
}

static void csv(void **state)
{
    (void)state;
    put("a.csv",
        "x,,y\r\nplain,1,\"with, and \"\"quotes\"\"\"\r\n\r\n\"two\nlines\",,a \"b\"\n,\"\",\n");
    rows_are("a.csv", &none,
             "2: x=plain 2=1 y=with, and \"quotes\"|4: x=two\nlines 2= y=a \"b\"|6: x= 2= y=|");
    put("a.csv", "x,y");
    rows_are("a.csv", &none, "");
    put("a.csv", "x,y\r1,2\r\r\"two\rlines\",4"); /* of an old Mac */
    rows_are("a.csv", &none, "2: x=1 y=2|4: x=two\nlines y=4|");
    put("a.csv", "x,y\r1,2\r1,2,3\r");
    rows_fail("a.csv", &none, "a.csv:3: 3 fields, the header has 2");
    put("a.csv", "x,y\n1,2\n1,2,3\n");
    rows_fail("a.csv", &none, "a.csv:3: 3 fields, the header has 2");
    put("a.csv", "x,y\n1,\"2\n\n3,4\n");
    rows_fail("a.csv", &none, "a.csv:2: a quote is opened here and never closed");
    put("a.csv", "x,y\n1,\"2\n\"z\n");
    rows_fail("a.csv", &none,
              "a.csv:3: \"z\" after a closing quote; wanted the separator or the end of the line");
    put("a.csv", "x,y,x\n");
    rows_fail("a.csv", &none, "a.csv:1: two columns are named \"x\"");
    wide();
    struct table_settings s = {.quotes = QUOTES_NO};
    put("a.csv", "x,y\n\"1\",2\n");
    rows_are("a.csv", &s, "2: x=\"1\" y=2|");
}

static void tsv(void **state)
{
    static const char *const columns[] = {"id", "mean", "text", NULL};
    struct table_settings s = {.columns = columns};
    (void)state;
    put("a.tsv", "1\t0.5\tnot \"quoted, it\r\n2\t-1\t9\" wide\r\n3\t\t");
    rows_are("a.tsv", &s,
             "1: id=1 mean=0.5 text=not \"quoted, it|2: id=2 mean=-1 text=9\" wide|3: id=3 mean= "
             "text=|");
    put("a.tsv", "1\t2\t3\n1\t2\n");
    rows_fail("a.tsv", &s, "a.tsv:2: 2 fields, \"columns\" names 3");
    put("a.tsv", "a\tb\n1\t2\n");
    rows_are("a.tsv", &none, "2: a=1 b=2|");
    struct table_settings q = {.quotes = QUOTES_YES};
    put("a.tsv", "a\tb\n\"1\t0\"\t2\n");
    rows_are("a.tsv", &q, "2: a=1\t0 b=2|");
}

static void text(void **state)
{
    (void)state;
    put("a.txt", "first\r\n\nthird, \"x\"");
    rows_are("a.txt", &none, "1: text=first|2: text=|3: text=third, \"x\"|");
    put("a.txt", "first\r\rthird\r");
    rows_are("a.txt", &none, "1: text=first|2: text=|3: text=third|");
    put("a.lst", "a\n");
    rows_are("a.lst", &none, "1: text=a|");
}

static void encodings(void **state)
{
    struct table_settings latin = {.encoding = ENCODING_LATIN1};
    (void)state;
    put("a.txt", "caf\xe9 \x85\n");
    rows_are("a.txt", &latin, "1: text=caf\xc3\xa9 \xc2\x85|");
    put("a.txt", "good \xc3\xa9 \xef\xbf\xbd\nbad caf\xe9\n");
    rows_fail(
        "a.txt", &none,
        "a.txt:2: the byte 0xe9 is not UTF-8; wanted UTF-8, or \"encoding: latin-1\" in the task");
    put("a.txt", "cut \xe2\x82");
    rows_fail(
        "a.txt", &none,
        "a.txt:1: the byte 0xe2 is not UTF-8; wanted UTF-8, or \"encoding: latin-1\" in the task");
    put("a.csv", "\xef\xbb\xbfx,y\n1,2\n");
    rows_are("a.csv", &none, "2: x=1 y=2|");
    put_bytes("a.csv", "x,y\n1,\0\n", 8);
    rows_fail("a.csv", &none, "a.csv:2: a NUL byte: this is not a text file");
}

static void names(void **state)
{
    struct table_settings s = {.name = "short.dat"};
    (void)state;
    put("a.dat", "x\n");
    rows_fail("a.dat", &s,
              "short.dat: the name does not tell the format; wanted .jsonl, .json, .csv, .tsv, "
              ".txt, .parquet, .pgn, or \"format\" in the task");
    s.format = TABLE_TEXT;
    rows_are("a.dat", &s, "1: text=x|");
    s.format = TABLE_CSV;
    put("a.dat", "x,y\n1\n");
    rows_fail("a.dat", &s, "short.dat:2: 1 fields, the header has 2");
    struct err e = ERR_INIT;
    assert_int_equal(table_read(in_scratch("gone.csv"), &none, row_line, NULL, &e), ERR_IO);
    sentence_is(&e, "gone.csv: No such file or directory");
}

static int second_stops(void *ctx, const struct doc *row, struct err *e)
{
    size_t *n = ctx;
    return ++*n == 2 ? doc_fail(row, e, "enough") : OK;
}

static void each_stops(void **state)
{
    static const char *const files[][2] = {{"a.jsonl", "{}\n{}\n{}\n"},
                                           {"a.json", "[{},\n{},\n{}]"},
                                           {"a.csv", "x\n1\n2\n3\n"},
                                           {"a.txt", "1\n2\n3\n"}};
    static const char *const wanted[] = {"a.jsonl:2: enough", "a.json:2: enough", "a.csv:3: enough",
                                         "a.txt:2: enough"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct err e = ERR_INIT;
        size_t n = 0;
        put(files[i][0], files[i][1]);
        assert_int_equal(table_read(in_scratch(files[i][0]), &none, second_stops, &n, &e),
                         ERR_INPUT);
        sentence_is(&e, wanted[i]);
        assert_int_equal(n, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jsonl),     cmocka_unit_test(json),  cmocka_unit_test(json_rows),
        cmocka_unit_test(csv),       cmocka_unit_test(tsv),   cmocka_unit_test(text),
        cmocka_unit_test(encodings), cmocka_unit_test(names), cmocka_unit_test(each_stops),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
