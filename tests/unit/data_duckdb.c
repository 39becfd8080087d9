/* data_duckdb - rows by DuckDB's program: what it is asked, what becomes of its answers, and with
 * the real one (W2S_DUCKDB, else the fetched asset; skipped where neither is) Parquet and SQL, and
 * the hub's layouts of the 22 tasks. */
#include "data_test.h"
#include "core/proc.h"

#include <sys/stat.h>

#define HEAD "name: t\ncitation: none\nlicence: CC0\nkind: labelled\n"
#define MAP  "template: \"{x}\"\nlabel: {field: y, map: {\"0\": no, \"1\": yes}}\n"

static char program[512], fake[512];

/* fake_says - a program that writes its arguments into a file and then does as the script says. */
static void fake_says(const char *script)
{
    struct str s = STR_INIT;
    str_addf(&s, "#!/bin/sh\nprintf '%%s\\n' \"$@\" >'%s'\n%s", in_scratch("asked"), script);
    put("duckdb.sh", s.s);
    snprintf(fake, sizeof fake, "%s", in_scratch("duckdb.sh"));
    assert_int_equal(chmod(fake, 0755), 0);
    str_release(&s);
}

static void asked(const char *wanted)
{
    struct str s = STR_INIT;
    struct err e = ERR_INIT;
    assert_int_equal(file_read(&s, in_scratch("asked"), &e), OK);
    if (!strstr(s.s, wanted))
        fail_msg("\"%s\" is not in \"%s\"", wanted, s.s);
    str_release(&s);
}

static void answers(void **state)
{
    struct table_settings s = {.duckdb = fake};
    (void)state;
    put("a.parquet", "");
    /* In pieces, the last line without an end */
    fake_says("printf '{\"x\": 1}\\n{\"x\"'; sleep .2; printf ': \"b\"}\\n\\n{\"x\": null}'");
    rows_are("a.parquet", &s, "1: x=1|2: x=b|4: x=<null>|");
    asked("enable_external_access=false");
    asked("COPY (SELECT * FROM read_parquet('");
    s.sql = "SELECT t FROM {file} WHERE {file} <> ''";
    s.format = TABLE_CSV;
    fake_says("echo '{\"x\": 1}'");
    rows_are("a.parquet", &s, "1: x=1|");
    asked("COPY (SELECT t FROM '");
    asked("a.parquet' WHERE '");
    put("it's.csv", "");
    rows_are("it's.csv", &s, "1: x=1|");
    asked("it''s.csv'");
    fake_says("echo '{\"x\":NaN,\"y\":\"a NaN \\\" -Infinity\"}'; echo "
              "'{\"x\":-Infinity,\"y\":Infinity}'");
    rows_are("a.parquet", &s, "1: x=<null> y=a NaN \" -Infinity|2: x=<null> y=<null>|");
    fake_says("echo '{\"x\":-NaN,\"y\":1}'");
    rows_are("a.parquet", &s, "1: x=<null> y=1|");
    s.sql = NULL;
    s.format = TABLE_AUTO;
    s.name = "in.parquet";
    fake_says("echo '{\"x\": 1}'; echo '{\"x\": nil}'; yes '{\"x\": 2}' | head -n 100000");
    rows_fail("a.parquet", &s, "in.parquet:2: not JSON: invalid token near 'nil'");
    fake_says("echo 'Invalid Input Error: No magic bytes' >&2; echo ' ^' >&2; exit 1");
    rows_fail("a.parquet", &s, "in.parquet: DuckDB: Invalid Input Error: No magic bytes");
    rows_fail("none.parquet", &s, "in.parquet: no such file");
    assert_int_equal(mkdir(in_scratch("dir.parquet"), 0777), 0);
    rows_fail("dir.parquet", &s, "in.parquet: cannot read: Is a directory");
    put("a[1].parquet", "");
    rows_fail("a[1].parquet", &s,
              "in.parquet: a path with *, ? or [ means several files to DuckDB; rename it");
    s.duckdb = NULL;
    rows_fail("a.parquet", &s, "in.parquet: DuckDB's program reads such a file, and none is known");
    assert_true(table_wants_duckdb("x/a.parquet", &(struct table_settings){0}));
    assert_false(table_wants_duckdb("x/a.parquet.csv", &(struct table_settings){0}));
}

static void mistakes(void **state)
{
    (void)state;
    task_fails(HEAD "source: {files: {all: a}, sql: \"SELECT 1; DROP TABLE x\"}\n" MAP,
               "task.yaml:5: \"sql\" holds a \";\"; wanted one query");
    task_fails(HEAD "source: {files: {all: a}, sql: SELECT 1}\n" MAP,
               "task.yaml:5: \"sql\" holds no {file}, which stands for the file that is asked");
}

static void find_program(void)
{
    const char *given = getenv("W2S_DUCKDB"), *cache = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    if (given)
        snprintf(program, sizeof program, "%s", given);
    else
        snprintf(program, sizeof program, "%s%s/w2s/assets/duckdb/duckdb",
                 cache && *cache ? cache
                 : home          ? home
                                 : "",
                 cache && *cache ? "" : "/.cache");
    if (!file_exists(program))
        *program = '\0';
}

static void run_sql(const char *sql)
{
    const char *argv[] = {program, "-init", "/dev/null", "-batch", "-c", sql, NULL};
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct err e = ERR_INIT;
    if (proc_run(&r, argv, NULL, 0, NULL, NULL, &e) || r.status)
        fail_msg("%s %s", e.msg, r.errout.s);
    proc_result_release(&r);
}

static void run_in(const char *dir, const char *tool, const char *a, const char *b, const char *c)
{
    struct str command = STR_INIT;
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct err e = ERR_INIT;
    str_addf(&command, "cd '%s' && %s %s %s %s", dir, tool, a, b, c ? c : "");
    const char *argv[] = {"sh", "-c", command.s, NULL};
    if (proc_run(&r, argv, NULL, 0, NULL, NULL, &e) || r.status)
        fail_msg("%s: %s %s", command.s, e.msg, r.errout.s);
    proc_result_release(&r);
    str_release(&command);
}

static void real(void **state)
{
    struct table_settings s = {.duckdb = program, .name = "p"};
    struct str sql = STR_INIT;
    (void)state;
    if (!*program) {
        printf("SKIP: DuckDB's program is not there\n");
        skip();
    }
    str_addf(
        &sql,
        "COPY (SELECT i AS n, 'q \"' || i AS t, ['a', 'b'] AS l, i > 0 AS b, 9007199254740993 AS "
        "big, NULL AS z FROM range(3) r(i)) TO '%s' (FORMAT parquet)",
        in_scratch("r.parquet"));
    run_sql(sql.s);
    rows_are("r.parquet", &s,
             "1: n=0 t=q \"0 l=<list> b=<true or false> big=9007199254740993 z=<null>|"
             "2: n=1 t=q \"1 l=<list> b=<true or false> big=9007199254740993 z=<null>|"
             "3: n=2 t=q \"2 l=<list> b=<true or false> big=9007199254740993 z=<null>|");
    /* No other file is opened, and none written */
    s.sql = "SELECT n FROM {file} WHERE n = 2";
    rows_are("r.parquet", &s, "1: n=2|");
    put("other.csv", "a\n1\n");
    put("query", "");
    str_reset(&sql);
    str_addf(&sql, "SELECT * FROM read_csv('%s') -- {file}", in_scratch("other.csv"));
    s.sql = sql.s;
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    assert_int_equal(table_read(in_scratch("r.parquet"), &s, row_line, &out, &e), ERR_INPUT);
    assert_true(str_starts(e.msg, "p: DuckDB: "));
    assert_non_null(strstr(e.msg, "disabled by configuration"));
    s.sql = NULL;
    /* Packed: unpacked for it, and nothing of that stays */
    char dir[300], temporary[300];
    snprintf(dir, sizeof dir, "%s", in_scratch("."));
    snprintf(temporary, sizeof temporary, "%s", in_scratch("tmp"));
    assert_int_equal(file_mkdirs(temporary, &e), OK);
    setenv("TMPDIR", temporary, 1);
    run_in(dir, "tar", "-czf", "packed.tar.gz", "r.parquet");
    run_in(dir, "gzip", "-kf", "r.parquet", NULL);
    s.sql = NULL;
    static const char *const packed[] = {"packed.tar.gz/r.parquet", "r.parquet.gz"};
    for (size_t i = 0; i < 2; i++) {
        str_reset(&out);
        assert_int_equal(table_read(in_scratch(packed[i]), &s, row_line, &out, &e), OK);
        assert_true(str_starts(out.s, "1: n=0 t=q \"0 l=<list>"));
    }
    s.sql = "SELECT n FROM {file} WHERE n = 1";
    rows_are(packed[0], &s, "1: n=1|");
    s.sql = NULL;
    put("plain.txt", "no Parquet");
    run_in(dir, "tar", "-czf", "wrong.tar.gz", "plain.txt");
    s.format = TABLE_PARQUET;
    assert_int_equal(table_read(in_scratch("wrong.tar.gz/plain.txt"), &s, row_line, &out, &e),
                     ERR_INPUT);
    assert_true(str_starts(e.msg, "p: DuckDB: "));
    assert_null(strstr(e.msg, temporary));
    s.format = TABLE_AUTO;
    char **left;
    size_t n_left;
    assert_int_equal(file_list(temporary, &left, &n_left, &e), OK);
    assert_int_equal(n_left, 0);
    mem_free(left);
    unsetenv("TMPDIR");
    str_reset(&out);
    put("cut.parquet", "PAR1 and no more");
    assert_int_equal(table_read(in_scratch("cut.parquet"), &s, row_line, &out, &e), ERR_INPUT);
    assert_true(str_starts(e.msg, "p: DuckDB: "));
    str_release(&out);
    str_release(&sql);
}

/* Each task's hub source, on Parquet files of the columns and types that the set has there: i
 * counts the rows. */
static const struct {
    const char *name, *columns, *shows;
} hub[] = {
    {"boolq", "'is it ' || i AS question, i % 2 = 0 AS answer, 'Passage ' || i AS passage",
     "\nQuestion: is it "},
    {"cosmos-qa",
     "'id' AS id, 'Context ' || i AS context, 'Why?' AS question, 'a' AS answer0, 'b' AS answer1, "
     "'c' AS "
     "answer2, 'd' AS answer3, (i % 4)::INT AS label",
     "\nQuestion: Why?\nProposed answer: "},
    {"dream",
     "i AS id, ['M: Hello ' || i, 'W: Yes'] AS dialogue, 'Who?' AS question, ['a', 'b', 'c'] AS "
     "choice, 'b' AS "
     "answer",
     "\nW: Yes\nQuestion: Who?\nProposed answer: "},
    {"ethics-justice", "(i % 2)::INT AS label, 'I did ' || i AS scenario", "I did "},
    {"ethics-deontology",
     "(i % 2)::INT AS label, 'Should you ' || i AS scenario, 'No ' || i AS excuse", "\nNo "},
    {"ethics-virtue", "(i % 2)::INT AS label, 'Jo ran ' || i || ' [SEP] brave' AS scenario",
     "\nTrait: brave\n"},
    {"ethics-utilitarianism", "'Good ' || i AS baseline, 'Bad ' || i AS less_pleasant",
     "\nSecond: "},
    {"anli-r2",
     "'u' AS uid, 'Text ' || i AS premise, 'So ' || i AS hypothesis, (i % 3)::INT AS label, '' AS "
     "reason",
     "Can we conclude from this: \"So "},
    {"cola", "'Sentence ' || i AS sentence, (i % 2)::INT AS label, i AS idx",
     "Sentence: Sentence "},
    {"sst2", "'Review ' || i AS sentence, (i % 2)::INT AS label, i AS idx", "Review: Review "},
    {"hellaswag",
     "i AS ind, 'Ctx ' || i AS ctx, ['a', 'b', 'c', 'd'] AS endings, (i % 4)::VARCHAR AS label, "
     "'video~' || i AS source_id",
     "\nProposed ending: "},
    {"mc-taco",
     "'Passage ' || i AS sentence, 'When?' AS question, 'now' AS answer, (i % 2)::INT AS label, 1 "
     "AS category",
     "\nQuestion: When?\nProposed answer: now\n"},
    {"openbookqa",
     "'id' AS id, 'Stem ' || i AS question_stem, {'text': ['w', 'x', 'y', 'z'], 'label': ['A', "
     "'B', 'C', 'D']} AS "
     "choices, 'B' AS answerKey",
     "Question: Stem "},
    {"paws", "i AS id, 'One ' || i AS sentence1, 'Two ' || i AS sentence2, (i % 2)::INT AS label",
     "\nSecond: Two "},
    {"quail",
     "'id' AS id, 'Context ' || i AS context, 'Q?' AS question, ['a', 'b', 'c', 'd'] AS answers, "
     "(i % 4)::INT AS "
     "correct_answer_id",
     "\nQuestion: Q?\n"},
    {"piqa", "'Goal ' || i AS goal, 'a' AS sol1, 'b' AS sol2, (i % 2)::INT AS label",
     "\nProposed way: "},
    {"quartz",
     "'id' AS id, 'Para ' || i AS para, 'Q?' AS question, {'text': ['up', 'down'], 'label': ['A', "
     "'B']} AS choices, "
     "'A' AS answerKey",
     "\nQuestion: Q?\n"},
    {"sciq",
     "'Q ' || i AS question, 'a' AS distractor3, 'b' AS distractor1, 'c' AS distractor2, 'd' AS "
     "correct_answer, '' AS "
     "support",
     "\nProposed answer: "},
    {"social-iqa",
     "'Context ' || i AS context, 'Q?' AS question, 'a' AS answerA, 'b' AS answerB, 'c' AS "
     "answerC, (i % 3 + "
     "1)::VARCHAR AS label",
     "\nQuestion: Q?\n"},
    {"multirc",
     "'Text ' || i AS paragraph, 'Q?' AS question, 'a' AS answer, {'paragraph': i} AS idx, (i % "
     "2)::INT AS label",
     "\nQuestion: Q?\nProposed answer: a\n"},
    {"wic",
     "'run' AS word, 'I run ' || i AS sentence1, 'A run ' || i AS sentence2, 1 AS start1, (i % "
     "2)::INT "
     "AS label",
     "Does \"run\" mean the same in both?"},
    {"tweet-sentiment", "'Tweet ' || i AS text, (i % 3)::INT AS label", "Tweet: Tweet "},
};

static void hub_file(const char *columns, const char *dir, const char *name, size_t first)
{
    struct str sql = STR_INIT, path = STR_INIT, folder = STR_INIT;
    struct err e = ERR_INIT;
    str_path(&path, dir, name);
    str_catn(&folder, path.s, (size_t)(strrchr(path.s, '/') - path.s));
    assert_int_equal(file_mkdirs(folder.s, &e), OK);
    str_addf(&sql, "COPY (SELECT %s FROM range(%zu, %zu) r(i)) TO '%s' (FORMAT parquet)", columns,
             first, first + 120, path.s);
    run_sql(sql.s);
    str_release(&sql);
    str_release(&path);
    str_release(&folder);
}

/* hub_draw - a draw of the task's hub source, whose files are made first. */
static void hub_draw(struct dataset *d, const char *source, const char *name, const char *columns)
{
    static const struct task_seeds seeds = {0, 0};
    const struct task_sizes sizes = sizes_of(20, 20, 0, 30);
    struct task *t = NULL;
    struct err e = ERR_INIT;
    const char *missing, *dir = in_scratch(name);
    char path[512];
    snprintf(path, sizeof path, "%s/tasks/%s.yaml", source, name);
    if (task_read(&t, path, &e) || task_source_use(t, task_sources(t) - 1, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(task_source_name(t), "hub");
    assert_true(task_wants_duckdb(t));
    for (size_t k = 0; (missing = task_source_missing(t, dir)); k++)
        hub_file(columns, dir, missing, 200 * k);
    if (task_duckdb(t, program, &e) || dataset_draw(d, t, dir, &sizes, &seeds, NULL, &e))
        fail_msg("%s: %s", name, e.msg);
    task_free(t);
}

/* Preferences as UltraFeedback has them: lists of messages, in Parquet. */
static void message_lists(void **state)
{
    static const char *const yaml =
        "name: t\ncitation: none\nlicence: CC0\nkind: choice\nsource: {files: {all: m.parquet}}\n"
        "choice: {correct: chosen, distractors: rejected, alternatives: 2}\n"
        "template: \"{candidate}\"\n";
    struct dataset d;
    struct err e = ERR_INIT;
    const struct task_sizes sizes = sizes_of(0, 0, 0, 30);
    const struct task_seeds seeds = {0, 0};
    (void)state;
    if (!*program)
        skip();
    hub_file("'p ' || i AS prompt, [{'content': 'p ' || i, 'role': 'user'}, {'content': 'good', "
             "'role': 'assistant'}] AS chosen, [{'content': 'p ' || i, 'role': 'user'}, "
             "{'content': 'bad', 'role': 'assistant'}] AS rejected",
             scratch, "m.parquet", 0);
    struct task *t = task_of(yaml);
    if (task_duckdb(t, program, &e) || dataset_draw(&d, t, scratch, &sizes, &seeds, NULL, &e))
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < 30; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_true(str_starts(x->text, "Human: p "));
        assert_true(str_ends(x->alternatives[x->label].text, "\n\nAssistant: good"));
        assert_true(str_ends(x->alternatives[!x->label].text, "\n\nAssistant: bad"));
    }
    dataset_release(&d);
    task_free(t);
}

static void hub_layouts(void **state)
{
    const char *source = getenv("W2S_SOURCE");
    (void)state;
    if (!*program || !source)
        skip();
    for (size_t i = 0; i < sizeof hub / sizeof *hub; i++) {
        struct dataset d;
        hub_draw(&d, source, hub[i].name, hub[i].columns);
        for (size_t k = 0; k < 30; k++)
            if (!strstr(d.part[PART_TEST][k].text, hub[i].shows))
                fail_msg("%s: \"%s\"", hub[i].name, d.part[PART_TEST][k].text);
        dataset_release(&d);
    }
    assert_int_equal(sizeof hub / sizeof *hub, 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(mistakes),
                                       cmocka_unit_test(real), cmocka_unit_test(message_lists),
                                       cmocka_unit_test(hub_layouts)};
    scratch_make();
    find_program();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
