/* data_pieces - a file's text that comes piece by piece: the same rows and sentences wherever it is
 * cut, and a bound on what is kept. */
#include "data_test.h"
#include "pieces.h"

static const char *const abc[] = {"a", "b", "c", NULL};

static const struct {
    struct table_settings s;
    const char *text;
    size_t n; /* 0: up to the NUL */
} files[] = {
    {{.format = TABLE_CSV},
     "x,,y\r\nplain,1,\"with, and \"\"quotes\"\"\"\r\n\r\n\"two\r\nlines, \"\"\n\"\"\",,a \"b\"\n,"
     "\"\",\n\n\"\n\",\"\",\"\"\"\"",
     0},
    {{.format = TABLE_CSV}, "x,y\r1,2\r\r\"two\rlines\",4\r", 0},
    {{.format = TABLE_CSV},
     "\xef\xbb\xbf\"x\",\"y\"\n\"\xc3\xa9\n\xe2\x82\xac\",\xf0\x9f\x98\x80",
     0},
    {{.format = TABLE_CSV, .encoding = ENCODING_LATIN1}, "x\n\"\xe9\n\xff\"\n", 0},
    {{.format = TABLE_CSV, .columns = abc}, "1,2,3\n4,\"5\n\",\n", 0},
    {{.format = TABLE_CSV, .columns = abc}, "", 0},
    {{.format = TABLE_CSV}, "x,y\n1,2\n\"1\n\",2,3\n4,5\n", 0},
    {{.format = TABLE_CSV}, "x,y\n1,\"2\n\n3,4\n", 0},
    {{.format = TABLE_CSV}, "x,y\n1,\"2\n\"z\n", 0},
    {{.format = TABLE_CSV}, "x,y\n1,\"2\"\r3\n", 0},
    {{.format = TABLE_CSV}, "x,\"x\n\",\"x\n\"\n1,2,3\n", 0},
    {{.format = TABLE_CSV}, "x,y\n1,2\n3,\0\n", 12},
    {{.format = TABLE_CSV}, "x,y\n1,\"\n\xc3\"\n", 0},
    {{.format = TABLE_CSV}, "\xff\xfex\0\n\0", 6},
    {{.format = TABLE_TSV}, "a\tb\n1\tnot \"quoted\r\n\"2\t3", 0},
    {{.format = TABLE_TSV, .quotes = QUOTES_YES}, "a\tb\n\"1\t\n0\"\t2\n", 0},
    {{.format = TABLE_TEXT}, "first\r\n\nthird, \"x\"", 0},
    {{.format = TABLE_TEXT}, "first\r\rthird\r", 0},
    {{.format = TABLE_JSONL}, "{\"x\": \"one\"}\n\n \t\r\n{\"x\": \"\xc3\xa9\"}\r\n[\"l\", 2]", 0},
    {{.format = TABLE_JSONL}, "{\"x\": 1}\n{\"x\": 1,\n", 0},
    {{.format = TABLE_JSON},
     "\xef\xbb\xbf [\n {\"x\": \"] [ \\\" , \\\\\",\n \"n\": [1, {}]} ,{\"x\": "
     "\"\xc3\xa9\"},\n[\"l\", 1]\n]\n",
     0},
    {{.format = TABLE_JSON}, "[{\"x\": \"\\\"}, {\"}, {\"y\": \"\\\\\"}, []]", 0},
    {{.format = TABLE_TEXT},
     "a\n\xef\xbb\xbf"
     "b\n\xef\xbb\xbf",
     0}, /* a mark later is text */
    {{.format = TABLE_JSON}, " [ ] ", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1}\n {\"x\": 2}]", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1},\n", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1}\n\n", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1},\n{}] , {}", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1},\n7, {}]", 0},
    {{.format = TABLE_JSON}, "[{\"x\": 1},\n , {\"x\": 2}]", 0},
    {{.format = TABLE_JSON}, "[,{}]", 0},
    {{.format = TABLE_JSON}, "\n{\"data\": [1, 2], \"more\": []}", 0},
    {{.format = TABLE_JSON}, "", 0},
    {{.format = TABLE_JSON, .rows = "d.1"}, "{\"d\": [0,\n[{\"x\": 1}, {\"x\": 2}], 3]}", 0},
};

/* read_pieces - the rows, or the sentence where there is one: which rows come before it may differ.
 */
static int read_pieces(struct str *out, size_t file, size_t step, size_t cut)
{
    struct err e = ERR_INIT;
    struct pieces p = {files[file].text, files[file].n, step, cut, 0};
    if (!p.n)
        p.n = strlen(p.data);
    str_reset(out);
    const int rc = table_text_read("f", &files[file].s, pieces_pull, &p, row_line, out, &e);
    if (rc) {
        str_reset(out);
        str_cat(out, e.msg);
    }
    assert_false(out->failed);
    return rc;
}

static void any_cut(void **state)
{
    struct str whole = STR_INIT, cut = STR_INIT;
    size_t sentences = 0;
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        const size_t n = files[f].n ? files[f].n : strlen(files[f].text);
        sentences += read_pieces(&whole, f, SIZE_MAX, 0) != OK;
        for (size_t k = 1; k < n; k++) {
            read_pieces(&cut, f, SIZE_MAX, k);
            assert_string_equal(cut.s, whole.s);
            read_pieces(&cut, f, k, 0);
            assert_string_equal(cut.s, whole.s);
        }
    }
    assert_int_equal(sentences, 18);
    str_release(&whole);
    str_release(&cut);
}

/* endless - head once, then body again and again, `times` times. */
struct endless {
    const char *head, *body;
    size_t times;
};

static int endless_pull(void *source, void *buf, size_t n, size_t *got, struct err *e)
{
    struct endless *s = source;
    const size_t k = strlen(s->body);
    char *to = buf;
    (void)e;
    *got = strlen(s->head);
    memcpy(buf, s->head, *got);
    for (s->head = ""; s->times && *got + k <= n; s->times--, *got += k)
        memcpy(to + *got, s->body, k);
    return OK;
}

static int row_counts(void *ctx, const struct doc *row, struct err *e)
{
    size_t *n = ctx;
    (void)row, (void)e;
    ++*n;
    return OK;
}

static void row_bound(void **state)
{
    enum { TIMES = (TABLE_ROW_MOST >> 4) + (TABLE_ROW_MOST >> 6) }; /* of 16 bytes: 80 MiB */
    static const struct {
        enum table_format format;
        const char *head, *body, *wanted;
    } rows[] = {
        {TABLE_CSV, "x,y\n1,2\n3,", "no end of a line",
         "f:3: a row that is longer than 64 MiB, or does not end"},
        {TABLE_CSV, "x,y\n1,2\n\n3,\"", "ends of a line.\n",
         "f:4: a quote is opened here and not closed within 64 MiB"},
        {TABLE_TEXT, "x\n", "no end of a line",
         "f:2: a row that is longer than 64 MiB, or does not end"},
        {TABLE_JSONL, "{}\n{\"", "no end of a line",
         "f:2: a row that is longer than 64 MiB, or does not end"},
        {TABLE_JSON, "[{},\n\n{\"x\": [", "{\"y\": 123456},\n\n",
         "f:1: a row that is longer than 64 MiB, or does not end"},
        {TABLE_JSON, "{\"data\": [", "{\"y\": 123456},\n\n",
         "f:1: a map, wanted a list of rows; \"rows\" in the task names the list inside a "
         "document, and \"format: jsonl\" (or a name in .jsonl) is of a map a line"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct table_settings s = {.format = rows[i].format};
        struct endless source = {rows[i].head, rows[i].body, TIMES};
        struct err e = ERR_INIT;
        size_t n = 0;
        assert_int_equal(table_text_read("f", &s, endless_pull, &source, row_counts, &n, &e),
                         ERR_INPUT);
        assert_string_equal(e.msg, rows[i].wanted);
    }
    /* A document whose rows are at a path is kept whole, however long it is */
    const struct table_settings at = {.format = TABLE_JSON, .rows = "d"};
    struct endless source = {"{\"x\": \"", "no end of a line", TIMES};
    struct err e = ERR_INIT;
    size_t n = 0;
    assert_int_equal(table_text_read("f", &at, endless_pull, &source, row_counts, &n, &e),
                     ERR_INPUT);
    assert_non_null(strstr(e.msg, "f:1: not JSON: "));
}

/* Lines of an old Mac in a file that is longer than what is kept before one knows. */
static void old_mac(void **state)
{
    enum { TIMES = (TABLE_ROW_MOST >> 4) + (TABLE_ROW_MOST >> 6) };
    const struct table_settings s = {.format = TABLE_CSV};
    struct endless source = {"x,y\r", "carriage,return\r", TIMES};
    struct err e = ERR_INIT;
    size_t n = 0;
    (void)state;
    assert_int_equal(table_text_read("f", &s, endless_pull, &source, row_counts, &n, &e), OK);
    assert_int_equal(n, TIMES);
    /* so that the line feed is in the last piece */
    char *text = malloc((size_t)TIMES << 4);
    assert_non_null(text);
    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + 16 * i, "carriage,return\r", 16);
    text[((size_t)TIMES << 4) - 1] = '\n';
    struct pieces p = {text, (size_t)TIMES << 4, SIZE_MAX, 0, 0};
    assert_int_equal(table_text_read("f", &s, pieces_pull, &p, row_counts, &n, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, ": a line feed in a file whose first 64 MiB have carriage "
                                  "returns only; wanted one of them for all lines"));
    /* and with no line's end in the piece in which one knows */
    memset(text, 'x', (size_t)TIMES << 4);
    for (size_t i = 3 << 20; i < (size_t)TIMES << 4; i += 3 << 20)
        text[i] = '\r';
    p.at = n = 0;
    assert_int_equal(table_text_read("f", &s, pieces_pull, &p, row_counts, &n, &e), OK);
    assert_int_equal(n, 80 / 3);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut),
        cmocka_unit_test(row_bound),
        cmocka_unit_test(old_mac),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
