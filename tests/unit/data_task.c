/* data_task - task files: what they may say, what each mistake is called, and what their rows
 * become. */
#include "data_test.h"

#include <math.h>

#define HEAD     "name: t\ncitation: none\nlicence: CC0\n"
#define LABELLED HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\n"
#define CHOICE   HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\n"
#define MAP      "label: {field: y, map: {\"0\": no, \"1\": yes}}\n"
#define PAIR     "choice: {question: q, correct: c, distractors: [d, w]}\n"

static const struct task_sizes some = {.n = {0, 0, 0, 2}};

static void accessors(void **state)
{
    (void)state;
    struct task *t =
        task_of("name: toy\ntitle: A toy\ncitation: Nobody 1999\nlicence: CC0\nkind: labelled\n"
                "source: {asset: things, files: {all: a.jsonl}}\ntemplate: \"{x}\"\n"
                "classes: [bad, {name: middling, word: \" so\"}, good]\n"
                "label: {field: y, map: {\"-\": 0, \"0\": middling, \"+\": good, \"?\": ~}}\n");
    assert_string_equal(task_name(t), "toy");
    assert_string_equal(task_title(t), "A toy");
    assert_string_equal(task_citation(t), "Nobody 1999");
    assert_string_equal(task_licence(t), "CC0");
    assert_string_equal(task_asset(t), "things");
    assert_string_equal(task_file(t), in_scratch("task.yaml"));
    assert_int_equal(task_classes(t), 3);
    assert_string_equal(task_class_name(t, 1), "middling");
    assert_string_equal(task_label_word(t, 0), "0");
    assert_string_equal(task_label_word(t, 1), " so");
    assert_string_equal(task_label_word(t, 2), "2");
    task_free(t);
    t = task_of(LABELLED "template: \"{x}\"\n" MAP);
    assert_null(task_asset(t));
    assert_string_equal(task_title(t), "t");
    assert_string_equal(task_class_name(t, 1), "yes");
    assert_string_equal(task_label_word(t, 1), "1");
    task_free(t);
    task_free(NULL);
}

/* Every mistake in a task file, its line and its sentence. */
static void mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"- a\n", "task.yaml:1: a task file is a map of keys, this is a list"},
        {LABELLED "template: \"{x}\"\ntemplat: x\n" MAP,
         "task.yaml:7: unknown key \"templat\"; did you mean \"template\"?"},
        {"citation: x\nlicence: y\n", "task.yaml:1: \"name\" is missing"},
        {"name: t\nlicence: y\n", "task.yaml:1: \"citation\" is missing"},
        {"name: t\ncitation: y\n", "task.yaml:1: \"licence\" is missing"},
        {HEAD,
         "task.yaml:1: \"kind\" is missing: labelled, choice, order, preference or generation"},
        {HEAD "kind: labeled\n",
         "task.yaml:4: \"kind\" is \"labeled\", wanted one of labelled, "
         "choice, order, preference, generation; did you mean \"labelled\"?"},
        {HEAD "kind: choice\n", "task.yaml:1: \"source\" is missing"},
        {HEAD "kind: choice\nsource: {asset: x}\n", "task.yaml:5: \"files\" is missing"},
        {HEAD "kind: choice\nsource:\n  files: {test: x}\n",
         "task.yaml:6: \"train\" is missing (or \"all\", where there is no test file)"},
        {HEAD "kind: choice\nsource:\n  files: {all: x, test: x}\n",
         "task.yaml:6: \"all\" stands beside others: it means that the parts are cut out of one"},
        {HEAD "kind: choice\nsource:\n  files: {all: []}\n", "task.yaml:6: \"all\" is empty"},
        {HEAD "kind: choice\nsource:\n  files: {all: [a, 7]}\n",
         "task.yaml:6: \"all\" holds a whole number, wanted strings"},
        {HEAD "kind: choice\nsource:\n  files: {trian: x}\n",
         "task.yaml:6: unknown key \"trian\"; did you mean \"train\"?"},
        {HEAD "kind: choice\nsource:\n  files: {all: x}\n  format: jsnl\n",
         "task.yaml:7: \"format\" is \"jsnl\", wanted one of auto, jsonl, json, csv, tsv, text, "
         "parquet, pgn, puzzles; "
         "did you mean \"jsonl\"?"},
        {HEAD "kind: choice\nsource:\n  files: {all: x}\n  encoding: latin1\n",
         "task.yaml:7: \"encoding\" is \"latin1\", wanted one of utf-8, latin-1; did you mean "
         "\"latin-1\"?"},
        {HEAD "kind: choice\nsource:\n  files: {all: x}\n  each: a.b\n",
         "task.yaml:7: \"each\" is \"a.b\", wanted a path that ends in *"},
        {HEAD "kind: choice\nsource:\n  files: {all: x}\n  colums: [a]\n",
         "task.yaml:7: unknown key \"colums\"; did you mean \"columns\"?"},
        {LABELLED "fields: [a]\n",
         "task.yaml:6: \"fields\" is a list, wanted a map of names to paths"},
        {LABELLED "fields: {a: [b]}\n", "task.yaml:6: the field \"a\" is a list, wanted a path"},
        {LABELLED "fields: {a: {path: b, jion: c}}\n",
         "task.yaml:6: unknown key \"jion\"; did you mean \"join\"?"},
        {LABELLED "fields: {a: \"\"}\n", "task.yaml:6: the path of the field \"a\" is empty"},
        {LABELLED "classes: [a]\n",
         "task.yaml:6: \"classes\" is wanted as a list of 2 to 16 names"},
        {LABELLED "classes: [a, a]\n", "task.yaml:6: two classes are named \"a\""},
        {LABELLED "classes: [a, 7]\n",
         "task.yaml:6: \"classes\" holds a whole number, wanted names, or maps of name and word"},
        {LABELLED "template: x\n", "task.yaml:1: \"label\" is missing"},
        {LABELLED PAIR MAP,
         "task.yaml:6: \"choice\" belongs to tasks of kind choice, this one is labelled"},
        {LABELLED MAP "preference: {rating: r}\n",
         "task.yaml:7: \"preference\" belongs to tasks of kind preference, this one is labelled"},
        {LABELLED "label: {field: y}\n", "task.yaml:6: one of \"map\" and \"ranges\" is wanted"},
        {LABELLED "label: {map: {a: no}}\n", "task.yaml:6: \"field\" is missing"},
        {LABELLED "label: {field: y, map: {a: no, b: maybe}}\n",
         "task.yaml:6: no class is named \"maybe\"; the classes are no, yes"},
        {LABELLED "label: {field: y, map: {a: no, b: ye}}\n",
         "task.yaml:6: no class is named \"ye\"; did you mean \"yes\"?"},
        {LABELLED "label: {field: y, map: {a: no, b: 2}}\n",
         "task.yaml:6: \"b\" is mapped to a number that is no class; wanted a class's name, its "
         "number from 0 to 1, or null for left out"},
        {LABELLED "label: {field: y, map: {a: no, b: no}}\n",
         "task.yaml:6: no label means the class \"yes\""},
        {LABELLED "label: {field: y, ranges: {no: \"< 1\", yes: \"= 1\"}}\n",
         "task.yaml:6: the range of \"yes\" is \"= 1\", wanted as \">= 0.3\" or \"> 1, <= 2\""},
        {LABELLED "label: {field: y, ranges: {no: \"< 1\", yes: 1}}\n",
         "task.yaml:6: the range of \"yes\" is a whole number, wanted a string as \">= 0.3\""},
        {LABELLED MAP, "task.yaml:1: \"template\" is missing"},
        {LABELLED "template: \"{x\"\n" MAP,
         "task.yaml:6: \"template\" has a single \"{\"; a brace itself is written twice"},
        {LABELLED "template: \"{x}}\"\n" MAP,
         "task.yaml:6: \"template\" has a single \"}\"; a brace itself is written twice"},
        {LABELLED "template: \"x} {x}\"\n" MAP,
         "task.yaml:6: \"template\" has a single \"}\"; a brace itself is written twice"},
        {LABELLED "template: \"{{x}}\"\n" MAP,
         "task.yaml:6: the template holds no field, as {text}"},
        {LABELLED "fields: {text: a, y: y}\ntemplate: \"{txt}\"\n" MAP,
         "task.yaml:7: no field is named \"txt\"; did you mean \"text\"?"},
        {LABELLED "fields: {text: a, y: y}\ntemplate: \"{paragraph}\"\n" MAP,
         "task.yaml:7: no field is named \"paragraph\"; \"fields\" has text, y"},
        {LABELLED "template: \"{x}\"\nlong: z\n" MAP,
         "task.yaml:7: the long field \"z\" is in the template 0 times, wanted once"},
        {LABELLED "template: \"{x} {x}\"\nlong: x\n" MAP,
         "task.yaml:7: the long field \"x\" is in the template 2 times, wanted once"},
        {LABELLED "template: \"{x}\"\nmax_chars: 9\n" MAP,
         "task.yaml:7: \"max_chars\" is of the long field, and \"long\" is missing"},
        {LABELLED "template: \"{x}\"\nbalance: 0.2\n" MAP,
         "task.yaml:7: \"balance\" is 0.2, wanted a number from 0.5 to 1"},
        {LABELLED "template: \"{x} {y}\"\n" MAP,
         "task.yaml:6: the template shows \"y\", which is the label and gives the class away"},
        {LABELLED "fields: {x: x, y: y, again: y}\ntemplate: \"{x} {again}\"\n" MAP,
         "task.yaml:7: the template shows \"again\", which is the label and gives the class away"},
        {CHOICE "template: x\n", "task.yaml:1: \"choice\" is missing"},
        {CHOICE PAIR "label: {field: y}\n",
         "task.yaml:7: \"label\" belongs to tasks of kind labelled, this one is a choice"},
        {CHOICE "choice: {correct: c, distractors: d}\n", "task.yaml:6: \"question\" is missing"},
        {CHOICE "choice: {question: q, correct: c}\n",
         "task.yaml:6: wanted \"correct\" and \"distractors\", or \"options\" and \"answer\" "
         "or \"marks\""},
        {CHOICE "choice: {question: q, correct: c, distractors: d, options: o, answer: a}\n",
         "task.yaml:6: wanted \"correct\" and \"distractors\", or \"options\" and \"answer\" "
         "or \"marks\""},
        {CHOICE "choice: {question: q, options: o, answer: a, first: aa}\n",
         "task.yaml:6: \"first\" is wanted as a whole number or a letter"},
        {CHOICE "choice: {question: q, options: o, answer: a, first: 1, keys: k}\n",
         "task.yaml:6: \"first\" counts options, and \"keys\" names them: one of the two is "
         "wanted"},
        {CHOICE "classes: [a, b, c]\nchoice: {question: q, options: o, answer: a}\n",
         "task.yaml:6: a choice has two classes: wrong and right"},
        {CHOICE PAIR "template: \"{q}\"\n",
         "task.yaml:7: the template of a choice has to hold {candidate}"},
        {CHOICE PAIR "template: \"{q} {candidate} {c}\"\n",
         "task.yaml:7: the template shows \"c\", which is the right answer and gives the class "
         "away"},
        {CHOICE PAIR "template: \"{q} {candidate} {w}\"\n",
         "task.yaml:7: the template shows \"w\", which is the wrong answer and gives the class "
         "away"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        task_fails(cases[i][0], cases[i][1]);
}

/* only - the text of the one example with the label, among the test part's two. */
static const char *only(const struct dataset *d, int label)
{
    assert_int_equal(d->n[PART_TEST], 2);
    assert_int_equal(d->part[PART_TEST][0].label + d->part[PART_TEST][1].label, 1);
    return d->part[PART_TEST][d->part[PART_TEST][0].label == label ? 0 : 1].text;
}

static void templates(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"x\": \" one\\n\", \"n\": 7, \"r\": 0.1, \"b\": true, \"y\": false, "
                   "\"deep\": {\"z\": [\"p\", \"q\"]}}\n"
                   "{\"x\": \"two\", \"n\": -7, \"r\": 1e300, \"b\": false, \"y\": true, \"deep\": "
                   "{\"z\": [\"r\", \"s\"]}}\n");
    draw(&d,
         LABELLED
         "fields: {x: x, n: n, r: r, b: b, y: y, z1: deep.z.1, all: {path: deep.z, join: \"+\"}}\n"
         "template: \"{{{x}}} {n} {r} {b}\\n{z1} {all}\"\nlong: n\nlabel: {field: y, map: "
         "{\"false\": 0, \"true\": 1}}\n",
         some, (struct task_seeds){0, 0});
    assert_string_equal(only(&d, 0), "{one} 7 0.1 true\nq p+q");
    assert_string_equal(only(&d, 1), "{two} -7 1e+300 false\ns r+s");
    for (size_t i = 0; i < 2; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_int_equal(x->len, strlen(x->text));
        assert_int_equal(x->long_begin, 6);
        assert_int_equal(x->long_end, x->label ? 8 : 7);
        assert_true(isnan(x->confidence));
        assert_string_equal(x->source, x->label ? "a.jsonl:2" : "a.jsonl:1");
        assert_int_equal(strspn(x->id, "0123456789abcdef"), 16);
    }
    dataset_release(&d);
}

static void ranges(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"x\": \"a\", \"y\": -0.3}\n{\"x\": \"b\", \"y\": -0.29}\n{\"x\": \"c\", "
                   "\"y\": \"0.3 \"}\n{\"x\": \"d\", \"y\": 0}\n");
    draw(&d,
         LABELLED
         "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"<= -0.3\", yes: \">= 0.3, < 9\"}}\n",
         some, (struct task_seeds){0, 0});
    assert_string_equal(only(&d, 0), "a");
    assert_string_equal(only(&d, 1), "c");
    assert_int_equal(d.rows_read, 4);
    assert_int_equal(d.rows_left_out, 2);
    assert_int_equal(d.examples, 2);
    assert_true(d.part[PART_TEST][0].confidence == 0.3 && d.part[PART_TEST][1].confidence == 0.3);
    /* No long field: the whole text */
    assert_int_equal(d.part[PART_TEST][0].long_end, 1);
    dataset_release(&d);
    draw_fails(
        LABELLED "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> -0.295\"}}\n",
        some, "task t: a.jsonl:2: \"y\" is -0.29, which is in the ranges of \"no\" and of \"yes\"");
    put("a.jsonl", "{\"x\": \"a\", \"y\": \"-0.3x\"}\n");
    draw_fails(LABELLED
               "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> 0\"}}\n",
               some, "task t: a.jsonl:1: \"y\" is \"-0.3x\", wanted a number");
    put("a.jsonl", "{\"x\": \"a\", \"y\": \"nan\"}\n");
    draw_fails(LABELLED
               "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> 0\"}}\n",
               some, "task t: a.jsonl:1: \"y\" is \"nan\", wanted a number");
    /* Rows without a number are left out where the ranges say so */
    put("a.jsonl", "{\"x\": \"a\", \"y\": -1}\n{\"x\": \"b\", \"y\": \"\"}\n{\"x\": \"c\", "
                   "\"y\": null}\n{\"x\": \"d\"}\n{\"x\": \"e\", \"y\": 1}\n");
    draw(&d,
         LABELLED "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> 0\", \"\": "
                  "~}}\n",
         some, (struct task_seeds){0, 0});
    assert_int_equal(d.rows_left_out, 3);
    assert_int_equal(d.examples, 2);
    dataset_release(&d);
    draw_fails(LABELLED
               "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> 0\"}}\n",
               some, "task t: a.jsonl:2: \"y\" is \"\", wanted a number");
    put("a.jsonl", "{\"x\": \"a\", \"y\": \"-0.3x\"}\n");
    draw_fails(LABELLED "template: \"{x}\"\nlabel: {field: y, ranges: {no: \"< 0\", yes: \"> 0\", "
                        "\"\": ~}}\n",
               some, "task t: a.jsonl:1: \"y\" is \"-0.3x\", wanted a number");
}

/* What can be wrong with a row: the file's own line, also where a JSON row goes over several. */
static void rows(void **state)
{
    (void)state;
    put("train.json", "[\n {\"question\": \"q\", \"c\": \"x\",\n  \"distractor1\": \"a\", "
                      "\"distractor2\": \"b\"},\n\n"
                      " {\"question\": \"r\", \"c\": \"x\",\n  \"distractor1\": \"a\"}]\n");
    draw_fails(
        HEAD
        "kind: choice\nsource: {files: {all: train.json}}\ntemplate: \"{question} {candidate}\"\n"
        "choice: {question: question, correct: c, distractors: [distractor1, distractor2]}\n",
        some,
        "task t: train.json:5: \"distractor2\" is missing (task.yaml:7 asks for it); the row has "
        "question, c, distractor1");
    static const char *const cases[][2] = {
        {"{\"x\": \"a\", \"y\": 0}\n\n{\"x\": \"a\"}\n",
         "task t: a.jsonl:3: \"y\" is missing (task.yaml:7 asks for it); the row has x"},
        {"{\"x\": \"a\", \"y\": null}\n",
         "task t: a.jsonl:1: \"y\" is missing (task.yaml:7 asks for it)"},
        {"[\"a\", 0]\n", "task t: a.jsonl:1: the row is a list, wanted an object with \"y\" "
                         "(task.yaml:7 asks for it)"},
        {"{\"x\": \"a\", \"y\": 7}\n",
         "task t: a.jsonl:1: \"y\" is \"7\", wanted one of \"0\", \"1\""},
        {"{\"x\": \"a\", \"y\": [0]}\n", "task t: a.jsonl:1: \"y\" is a list, wanted one value"},
        {"{\"y\": 0}\n",
         "task t: a.jsonl:1: \"x\" is missing (task.yaml:6 asks for it); the row has y"},
        {"{\"x\": [\"a\"], \"y\": 0}\n",
         "task t: a.jsonl:1: \"x\" is a list, wanted a text, or \"join\" with the field"},
        {"{\"x\": {}, \"y\": 0}\n", "task t: a.jsonl:1: \"x\" is a map, wanted a text"},
        {"{\"x\": \" \", \"y\": 0}\n",
         "task t: a.jsonl:1: the example is empty: no field of the template has text in it"},
        {"{\"x\": \"a\\u0000b\", \"y\": 0}\n", "task t: a.jsonl:1: \"x\" holds a NUL character"},
        {"\n", "task t: a.jsonl: no rows"},
        {"{\"x\": \"a\", \"y\": 0}\n", "task t: no example of the class \"yes\" in a.jsonl"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("a.jsonl", cases[i][0]);
        draw_fails(LABELLED "template: \"{x}\"\n" MAP, some, cases[i][1]);
    }
    struct err e = ERR_INIT;
    struct dataset d;
    struct task_seeds seeds = {0, 0};
    struct task *t =
        task_of(HEAD "kind: labelled\nsource: {files: {all: gone.csv}}\ntemplate: \"{x}\"\n" MAP);
    assert_int_equal(dataset_draw(&d, t, scratch, &some, &seeds, NULL, &e), ERR_IO);
    sentence_is(&e, "task t: gone.csv: No such file or directory");
    task_free(t);
}

/* Options and the ways in which files say which one is right. */
static void options(void **state)
{
    static const struct {
        const char *rule, *row;
    } ways[] = {
        {"options: o, answer: a", "\"o\": [\"w1\", \"w2\", \"right\"], \"a\": 2"},
        {"options: o, answer: a", "\"o\": [\"w1\", \"right\", \"w2\"], \"a\": \"1\""},
        {"options: [o1, o2, o3], answer: a, first: 1",
         "\"o1\": \"right\", \"o2\": \"w1\", \"o3\": \"w2\", \"a\": 1"},
        {"options: o, answer: a, first: A", "\"o\": [\"w1\", \"w2\", \"right\"], \"a\": \"C\""},
        {"options: o.*.text, answer: a, keys: o.*.key",
         "\"o\": [{\"text\": \"w1\", \"key\": \"X\"}, {\"text\": \"right\", \"key\": \"Y\"}, "
         "{\"text\": \"w2\", \"key\": \"Z\"}], \"a\": \"Y\""},
        {"correct: c, distractors: [d, e]", "\"c\": \"right\", \"d\": \"w1\", \"e\": [\"w2\"]"},
        /* A distractor that is the right answer is not drawn */
        {"correct: c, distractors: [d, e, f]",
         "\"c\": \"right\", \"d\": \"w1\", \"e\": \" right\", \"f\": \"w2\""},
    };
    char rows_text[4096 * 4], yaml[1024];
    (void)state;
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct dataset d;
        size_t at = 0, seen[3] = {0};
        for (int i = 0; i < 80; i++)
            at += (size_t)snprintf(rows_text + at, sizeof rows_text - at, "{\"q\": \"q%d\", %s}\n",
                                   i, ways[w].row);
        put("a.jsonl", rows_text);
        snprintf(yaml, sizeof yaml,
                 CHOICE "choice: {question: q, %s}\ntemplate: \"{q}: {candidate}\"\nbalance: 1\n",
                 ways[w].rule);
        draw(&d, yaml, sizes_of(80, 0, 0, 0), (struct task_seeds){0, 0});
        assert_int_equal(d.n[PART_SUPERVISE], 80);
        for (size_t i = 0; i < 80; i++) {
            const struct example *x = &d.part[PART_SUPERVISE][i];
            const char *candidate = strchr(x->text, ':') + 2;
            assert_int_equal(x->label, strcmp(candidate, "right") == 0);
            seen[strcmp(candidate, "w1") == 0 ? 0 : strcmp(candidate, "w2") == 0 ? 1 : 2]++;
        }
        /* 1/2 and 1/4 each: a 99.99 % range of the binomial */
        assert_in_range(seen[2], 22, 58);
        assert_in_range(seen[0], 6, 36);
        assert_in_range(seen[1], 6, 36);
        dataset_release(&d);
    }
}

static void options_wrong(void **state)
{
    static const struct {
        const char *rule, *row, *wanted;
    } cases[] = {
        {"options: o, answer: a", "\"o\": [\"x\", \"y\"], \"a\": 2",
         "task t: a.jsonl:1: \"a\" is \"2\", wanted 0 to 1"},
        {"options: o, answer: a", "\"o\": [\"x\", \"y\"], \"a\": \"-1\"",
         "task t: a.jsonl:1: \"a\" is \"-1\", wanted 0 to 1"},
        {"options: o, answer: a", "\"o\": [\"x\", \"y\"], \"a\": \"\"",
         "task t: a.jsonl:1: \"a\" is \"\", wanted 0 to 1"},
        {"options: o, answer: a, first: 1", "\"o\": [\"x\", \"y\"], \"a\": 0",
         "task t: a.jsonl:1: \"a\" is \"0\", wanted 1 to 2"},
        {"options: o, answer: a, first: A", "\"o\": [\"x\", \"y\"], \"a\": \"C\"",
         "task t: a.jsonl:1: \"a\" is \"C\", wanted A to B"},
        {"options: o, answer: a, keys: k",
         "\"o\": [\"x\", \"y\"], \"a\": \"C\", \"k\": [\"A\", \"B\"]",
         "task t: a.jsonl:1: \"a\" is \"C\", which is the key of none of the 2 options"},
        {"options: o, answer: a, keys: k", "\"o\": [\"x\", \"y\"], \"a\": \"A\", \"k\": [\"A\"]",
         "task t: a.jsonl:1: 2 options and 1 keys"},
        {"options: o, answer: a", "\"o\": [\"x\"], \"a\": 0",
         "task t: a.jsonl:1: 1 options, wanted at least two"},
        {"options: o.*, answer: a", "\"o\": \"x\", \"a\": 0",
         "task t: a.jsonl:1: \"o.*\": the star is at a string, wanted a list"},
    };
    char text[512], yaml[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "{\"q\": \"q\", %s}\n", cases[i].row);
        put("a.jsonl", text);
        snprintf(yaml, sizeof yaml,
                 CHOICE "choice: {question: q, %s}\ntemplate: \"{q}: {candidate}\"\n",
                 cases[i].rule);
        draw_fails(yaml, some, cases[i].wanted);
    }
    /* No distractor differs from the right answer: nothing wrong could be shown */
    char rows_text[2048];
    size_t at = (size_t)snprintf(rows_text, sizeof rows_text,
                                 "{\"q\": \"q\", \"c\": \"x\", \"d\": \"x\"}\n");
    for (int i = 0; i < 20; i++)
        at += (size_t)snprintf(rows_text + at, sizeof rows_text - at,
                               "{\"q\": \"q%d\", \"c\": \"x\", \"d\": \"y\"}\n", i);
    put("a.jsonl", rows_text);
    struct dataset d;
    draw(&d,
         CHOICE
         "choice: {question: q, correct: c, distractors: d}\ntemplate: \"{q}: {candidate}\"\n",
         sizes_of(0, 0, 0, 0), (struct task_seeds){0, 0});
    assert_int_equal(d.rows_left_out, 1);
    assert_int_equal(d.examples, 20);
    dataset_release(&d);
}

/* Rows with lists of questions with lists of answers (MultiRC), and rows that are lists (DREAM). */
static void each(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl",
        "{\"p\": {\"text\": \"P\", \"qs\": [{\"q\": \"q0\", \"as\": [{\"t\": \"a\", \"y\": 1}, "
        "{\"t\": \"b\", \"y\": 0}]}, "
        "{\"q\": \"q1\", \"as\": []}, {\"q\": \"q2\", \"as\": [{\"t\": \"c\", \"y\": 0}]}]}}\n"
        "{\"p\": {\"text\": \"R\", \"qs\": [{\"q\": \"q3\", \"as\": [{\"t\": \"d\", \"y\": "
        "1}]}]}}\n");
    draw(&d,
         HEAD "kind: labelled\nsource: {files: {all: a.jsonl}, each: p.qs.*.as.*}\n"
              "fields: {text: p.text, question: p.qs.*.q, answer: p.qs.*.as.*.t, y: p.qs.*.as.*.y, "
              "every: {path: p.qs.*.as, join: ''}}\n"
              "template: \"{text} {question} {answer}\"\ngroup: [text, question]\nbalance: 1\n" MAP,
         sizes_of(4, 0, 0, 0), (struct task_seeds){0, 0});
    const char *found[4] = {NULL};
    uint64_t questions[4];
    for (size_t i = 0; i < 4; i++) {
        const struct example *x = &d.part[PART_SUPERVISE][i];
        size_t k = (size_t)(strrchr(x->text, ' ')[1] - 'a');
        found[k] = x->text;
        questions[k] = x->question;
        assert_int_equal(x->label, k == 0 || k == 3);
        assert_string_equal(x->source, k == 3 ? "a.jsonl:2" : "a.jsonl:1");
    }
    assert_string_equal(found[0], "P q0 a");
    assert_string_equal(found[1], "P q0 b");
    assert_string_equal(found[2], "P q2 c");
    assert_string_equal(found[3], "R q3 d");
    assert_true(questions[0] == questions[1] && questions[1] != questions[2] &&
                questions[2] != questions[3]);
    dataset_release(&d);
    char text[2048];
    size_t at = (size_t)snprintf(text, sizeof text, "[[[\"M: hello\", \"W: bye\"], [");
    for (int i = 0; i < 16; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%s{\"q\": \"q%d\", \"o\": [\"x\", \"y\"], \"a\": \"%c\"}",
                               i ? ", " : "", i, "xy"[i % 2]);
    snprintf(text + at, sizeof text - at, "], \"7-1\"]]");
    put("a.json", text);
    draw(&d,
         HEAD "kind: choice\nsource: {files: {all: a.json}, each: 1.*}\n"
              "fields: {talk: {path: 0, join: \"\\n\"}, q: 1.*.q, o: 1.*.o, a: 1.*.a}\n"
              "choice: {question: q, options: o, answer: a, keys: o}\ntemplate: \"{talk}\\n{q} "
              "{candidate}\"\nbalance: 1\n",
         sizes_of(16, 0, 0, 0), (struct task_seeds){0, 0});
    assert_int_equal(d.rows_read, 16);
    for (size_t i = 0; i < 16; i++) {
        const struct example *x = &d.part[PART_SUPERVISE][i];
        int q;
        char candidate;
        assert_int_equal(sscanf(x->text, "M: hello\nW: bye\nq%d %c", &q, &candidate), 2);
        assert_int_equal(x->label, candidate == "xy"[q % 2]);
    }
    dataset_release(&d);
}

/* The long field is cut from its left to max_chars characters, whole ones. */
static void max_chars(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"x\": \"ab\\u00e9\\u00e8cd\", \"q\": \"q\", \"y\": 0}\n{\"x\": \"four\", "
                   "\"q\": \"q\", \"y\": 1}\n");
    draw(&d, LABELLED "template: \"<{x}> {q}\"\nlong: x\nmax_chars: 4\ngroup: x\n" MAP, some,
         (struct task_seeds){0, 0});
    assert_string_equal(only(&d, 0), "<\xc3\xa9\xc3\xa8"
                                     "cd> q");
    assert_string_equal(only(&d, 1), "<four> q");
    assert_int_equal(d.shortened, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(d.part[PART_TEST][i].long_begin, 1);
        assert_int_equal(d.part[PART_TEST][i].long_end, d.part[PART_TEST][i].len - 3);
    }
    dataset_release(&d);
}

static void confidence(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl",
        "{\"x\": \"a\", \"s\": -2.5, \"y\": 0}\n{\"x\": \"b\", \"s\": \"2.5\", \"y\": 1}\n");
    draw(&d, LABELLED "template: \"{x}\"\nconfidence: s\n" MAP, some, (struct task_seeds){0, 0});
    assert_true(d.part[PART_TEST][0].confidence == 2.5 && d.part[PART_TEST][1].confidence == 2.5);
    dataset_release(&d);
}

/* The task files that come with the program, and those of the manual. */
static void shipped(void **state)
{
    const char *source = getenv("W2S_SOURCE");
    char **names, path[512];
    size_t n, read = 0;
    struct err e = ERR_INIT;
    struct task *t;
    struct str manual = STR_INIT;
    (void)state;
    if (!source)
        skip();
    snprintf(path, sizeof path, "%s/tasks", source);
    assert_int_equal(file_list(path, &names, &n, &e), OK);
    for (size_t i = 0; i < n; i++) {
        if (!str_ends(names[i], ".yaml"))
            continue;
        snprintf(path, sizeof path, "%s/tasks/%s", source, names[i]);
        if (task_read(&t, path, &e))
            fail_msg("%s", e.msg);
        assert_int_equal(strlen(task_name(t)) + 5, strlen(names[i]));
        assert_memory_equal(task_name(t), names[i], strlen(task_name(t)));
        assert_string_not_equal(task_title(t), task_name(t));
        task_free(t);
        read++;
    }
    assert_true(read >= 23);
    mem_free(names);
    snprintf(path, sizeof path, "%s/docs/tasks.md", source);
    assert_int_equal(file_read(&manual, path, &e), OK);
    read = 0;
    for (char *s = manual.s; (s = strstr(s, "```yaml\nname:")); read++) {
        s += strlen("```yaml\n");
        char *end = strstr(s, "\n```");
        assert_non_null(end);
        end[1] = '\0';
        task_free(task_of(s));
        s = end + 2;
    }
    assert_int_equal(read, 5);
    str_release(&manual);
}

/* What a task file leaves unsaid is what its base says, and a mistake there is that file's. */
static void base(void **state)
{
    struct dataset d;
    (void)state;
    put("whole.yaml", CHOICE PAIR "template: \"{q} {candidate}\"\n");
    struct str rows = STR_INIT;
    for (int i = 0; i < 40; i++)
        str_addf(&rows, "{\"q\": \"Q%d\", \"c\": \"right\", \"d\": \"one\", \"w\": \"two\"}\n", i);
    put("a.jsonl", rows.s);
    str_release(&rows);
    draw(&d, "base: whole.yaml\nname: all\nchoice: {alternatives: 3}\n", sizes_of(9, 0, 0, 0),
         (struct task_seeds){0, 0});
    for (size_t i = 0; i < 9; i++) {
        const struct example *x = &d.part[PART_SUPERVISE][i];
        assert_int_equal(x->n_alternatives, 3);
        assert_non_null(strstr(x->alternatives[x->label].text, " right"));
    }
    dataset_release(&d);
    struct task *t = task_of("base: whole.yaml\nname: all\nchoice: {alternatives: 3}\n");
    assert_string_equal(task_name(t), "all");
    assert_string_equal(task_citation(t), "none");
    task_free(t);
    task_fails("base: whole.yaml\ntemplat: x\n",
               "task.yaml:2: unknown key \"templat\"; did you mean \"template\"?");
    put("wrong.yaml", HEAD "kind: labeled\n");
    task_fails("base: wrong.yaml\n",
               "wrong.yaml:4: \"kind\" is \"labeled\", wanted one of labelled, choice, order, "
               "preference, generation; did you mean \"labelled\"?");
    put("again.yaml", "base: whole.yaml\n");
    task_fails("base: again.yaml\n",
               "again.yaml:1: the \"base\" of a task has a \"base\" itself: wanted a whole task");
    task_fails("base: [x]\n", "task.yaml:1: \"base\" is a list, wanted a string");
    task_fails("base: nowhere.yaml\n",
               "task.yaml:1: \"base\" is nowhere.yaml, and there is no such file");
}

/* The data of a base in another folder lie in that, those of the task itself beside it. */
static void base_elsewhere(void **state)
{
    static const struct {
        const char *file, *rows;
    } files[] = {
        {"sub/own.yaml", "base: ../whole.yaml\nname: own\n"},
        {"sub/other.yaml", "base: ../whole.yaml\nname: other\nsource: {files: {all: a.jsonl}}\n"}};
    const struct task_sizes sizes = sizes_of(0, 0, 0, 6);
    const struct task_seeds seeds = {0, 0};
    struct err e = ERR_INIT;
    (void)state;
    put("whole.yaml", CHOICE PAIR "template: \"{q} {candidate}\"\n");
    assert_int_equal(file_mkdirs(in_scratch("sub"), &e), OK);
    for (int in = 0; in < 2; in++) {
        struct str rows = STR_INIT;
        for (int i = 0; i < 40; i++)
            str_addf(&rows, "{\"q\": \"Q%d\", \"c\": \"%s\", \"d\": \"one\", \"w\": \"two\"}\n", i,
                     in ? "beneath" : "beside");
        put(in ? "sub/a.jsonl" : "a.jsonl", rows.s);
        str_release(&rows);
    }
    for (size_t k = 0; k < 3; k++) {
        struct task *t = NULL;
        struct dataset d;
        struct str far = STR_INIT; /* from the root */
        str_addf(&far, "base: \"%s\"\nname: far\n", in_scratch("whole.yaml"));
        put(files[k % 2].file, k < 2 ? files[k].rows : far.s);
        str_release(&far);
        if (task_read(&t, in_scratch(files[k % 2].file), &e) ||
            dataset_draw(&d, t, in_scratch("sub"), &sizes, &seeds, NULL, &e))
            fail_msg("%s", e.msg);
        for (size_t i = 0; i < d.n[PART_TEST]; i++)
            assert_null(strstr(d.part[PART_TEST][i].text, k == 1 ? "beside" : "beneath"));
        dataset_release(&d);
        task_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accessors),      cmocka_unit_test(mistakes), cmocka_unit_test(templates),
        cmocka_unit_test(ranges),         cmocka_unit_test(rows),     cmocka_unit_test(options),
        cmocka_unit_test(options_wrong),  cmocka_unit_test(each),     cmocka_unit_test(max_chars),
        cmocka_unit_test(confidence),     cmocka_unit_test(shipped),  cmocka_unit_test(base),
        cmocka_unit_test(base_elsewhere),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
