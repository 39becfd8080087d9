/* data_rules - several sources, files side by side, fields that are cut or the same in every row,
 * several right answers, two texts in a drawn order; and the tasks whose data nobody has here. */
#include "data_test.h"

#define HEAD "name: t\ncitation: none\nlicence: CC0\n"
#define MAP  "label: {field: y, map: {\"0\": no, \"1\": yes}}\n"

static const struct task_seeds zero = {0, 0};

/* shown - what a draw of n test examples holds: "label:text|" in the order of the sources. */
static void shown(const char *yaml, size_t n, const char *wanted)
{
    struct dataset d;
    struct str out = STR_INIT;
    draw(&d, yaml, sizes_of(0, 0, 0, n), zero);
    for (size_t line = 0; line < 100; line++)
        for (size_t i = 0; i < n; i++) {
            const struct example *x = &d.part[PART_TEST][i];
            if (strtoul(strrchr(x->source, ':') + 1, NULL, 10) == line)
                str_addf(&out, "%d:%s|", x->label, x->text);
        }
    assert_string_equal(out.s, wanted);
    str_release(&out);
    dataset_release(&d);
}

static const char two[] = HEAD "kind: labelled\n"
                               "sources:\n"
                               "  - name: release\n"
                               "    files: {all: a.tsv}\n"
                               "    columns: [text, y]\n"
                               "  - name: hub\n"
                               "    asset: elsewhere\n"
                               "    files: {all: b.jsonl}\n"
                               "    fields: {text: body.text}\n"
                               "fields: {text: text, y: y}\n"
                               "template: \"{text}\"\n" MAP;

static void sources(void **state)
{
    struct err e = ERR_INIT;
    struct dataset d;
    const struct task_sizes sizes = sizes_of(0, 0, 0, 2);
    (void)state;
    put("b.jsonl",
        "{\"body\": {\"text\": \"x\"}, \"y\": 0}\n{\"body\": {\"text\": \"z\"}, \"y\": 1}\n");
    struct task *t = task_of(two);
    assert_int_equal(task_sources(t), 2);
    assert_string_equal(task_source_name(t), "release");
    assert_null(task_asset(t));
    assert_string_equal(task_source_missing(t, scratch), "a.tsv");
    assert_int_equal(task_source_use(t, 1, &e), OK);
    assert_string_equal(task_source_name(t), "hub");
    assert_string_equal(task_asset(t), "elsewhere");
    assert_null(task_source_missing(t, scratch));
    assert_int_equal(dataset_draw(&d, t, scratch, &sizes, &zero, NULL, &e), OK);
    assert_true(*d.part[PART_TEST][0].text == 'x' || *d.part[PART_TEST][0].text == 'z');
    dataset_release(&d);
    put("a.tsv", "p\t0\nq\t1\n");
    assert_int_equal(task_source_use(t, 0, &e), OK);
    assert_null(task_source_missing(t, scratch));
    task_free(t);
    shown(two, 2, "0:p|1:q|");
    t = task_of(HEAD
                "kind: labelled\nsource: {files: {all: a.tsv/in.tsv}}\ntemplate: \"{x}\"\n" MAP);
    assert_int_equal(task_sources(t), 1);
    assert_null(task_source_name(t));
    assert_null(task_source_missing(t, scratch));
    task_free(t);
}

static void source_mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"source: {files: {all: a}}\nsources: []\n",
         "task.yaml:6: \"sources\" stands beside \"source\"; one of the two is wanted"},
        {"sources: []\n", "task.yaml:5: \"sources\" is wanted as a list of one or more"},
        {"sources:\n  - files: {all: a}\n", "task.yaml:6: \"name\" is missing"},
        {"sources:\n  - {name: \"a b\", files: {all: a}}\n",
         "task.yaml:6: the source's name is \"a b\", wanted letters a-z, digits, - and _"},
        {"sources:\n  - {name: a, files: {all: a}}\n  - {name: a, files: {all: b}}\n"
         "template: \"{x}\"\n" MAP,
         "task.yaml:7: two sources are named \"a\""},
        /* A mistake in the second is found, too */
        {"sources:\n  - {name: a, files: {all: a}}\n  - {name: b, files: {al: b}}\n"
         "template: \"{x}\"\n" MAP,
         "task.yaml:7: unknown key \"al\"; did you mean \"all\"?"},
        {"sources:\n  - {name: a, files: {all: a}, fields: {x: x, y: y}}\n"
         "  - {name: b, files: {all: a}, fields: {x: x}}\ntemplate: \"{x}\"\n" MAP,
         "task.yaml:9: no field is named \"y\"; did you mean \"x\"?"},
        {"source: {files: {all: {rows: a}}}\n", "task.yaml:5: \"beside\" is missing"},
        {"source: {files: {all: {rows: a, besides: b}}}\n",
         "task.yaml:5: unknown key \"besides\"; did you mean \"beside\"?"},
        {"source: {files: {all: a}}\nfields: {x: {text: a, path: b}}\n",
         "task.yaml:6: \"text\" stands beside others: it is the same in every row"},
        {"source: {files: {all: a}}\nfields: {x: {path: a, before: \"\"}}\n",
         "task.yaml:6: the mark that the field \"x\" is cut at is empty"},
        {"source: {files: {all: a}}\nfields: {y: {path: a, after: x}, x: a, z: {path: a, after: "
         "x}}\n"
         "template: \"{z}\"\n" MAP,
         "task.yaml:7: the template shows \"z\", which is the label and gives the class away"},
    };
    char yaml[1024];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(yaml, sizeof yaml, HEAD "kind: labelled\n%s", cases[i][0]);
        task_fails(yaml, cases[i][1]);
    }
}

#define BESIDE                                                                                     \
    HEAD "kind: labelled\nsource: {files: {all: {rows: t.txt, beside: l.txt}}}\n"                  \
         "template: \"{text}\"\nlabel: {field: beside.text, map: {\"0\": no, \"1\": yes}}\n"

static void beside(void **state)
{
    (void)state;
    put("t.txt", "a\n\nb\n"); /* a blank line is a row, whose text is empty */
    put("l.txt", "0\n1\n1\n");
    draw_fails(BESIDE, sizes_of(0, 0, 0, 2),
               "task t: t.txt:2: the example is empty: no field of the template has text in it");
    put("t.txt", "a\nc\n");
    put("l.txt", "0\n1\n");
    shown(BESIDE, 2, "0:a|1:c|");
    put("l.txt", "0\n");
    draw_fails(BESIDE, sizes_of(0, 0, 0, 2),
               "task t: t.txt:2: l.txt beside it has no more than 1 rows");
    put("l.txt", "0\n1\n0\n");
    draw_fails(BESIDE, sizes_of(0, 0, 0, 2), "task t: t.txt: 2 rows, and l.txt beside it has 3");
    put("a.jsonl", "[1]\n");
    draw_fails(HEAD "kind: labelled\nsource: {files: {all: {rows: a.jsonl, beside: l.txt}}}\n"
                    "template: \"{x}\"\n" MAP,
               sizes_of(0, 0, 0, 2),
               "task t: a.jsonl:1: the row is a list; beside another file, wanted a map");
}

#define CUT                                                                                        \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\n"                                       \
         "fields: {head: {path: s, before: \"[SEP]\"}, tail: {path: s, after: \"[SEP]\"},\n"       \
         "  mid: {path: s, after: \"<\", before: \">\"}, same: {text: So}, y: y}\n"                \
         "template: \"{same}: {head}/{tail}/{mid}\"\n" MAP

static void cut_fields(void **state)
{
    (void)state;
    put("a.jsonl", "{\"s\": \" one [SEP] t<w o >[SEP]x \", \"y\": 0}\n"
                   "{\"s\": \"[SEP]<>\", \"y\": 1}\n");
    shown(CUT, 2, "0:So: one/t<w o >[SEP]x/w o|1:So: /<>/|");
    put("a.jsonl", "{\"s\": \"<one>\", \"y\": 0}\n");
    draw_fails(CUT, sizes_of(0, 0, 0, 2),
               "task t: a.jsonl:1: no \"[SEP]\" is in \"s\", which is \"<one>\"");
}

#define SAID                                                                                       \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\n"                                       \
         "fields: {all: d, first: {path: d, before: \"\\n\\nAssistant:\"}, y: y}\n"                \
         "template: \"<{all}><{first}>\"\n" MAP

/* A list of messages is the dialogue as HH-RLHF writes it, in either spelling of one. */
static void messages(void **state)
{
    static const char *const wrong[][2] = {
        {"[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"critic\", \"content\": \"b\"}]",
         "task t: a.jsonl:1: the \"role\" of message 2 is \"critic\", wanted user (or human), "
         "assistant (or gpt), or system"},
        {"[{\"role\": 1, \"content\": \"a\"}]", "task t: a.jsonl:1: the \"role\" of message 1 is "
                                                "\"whole number\", wanted user (or human), "
                                                "assistant (or gpt), or system"},
        {"[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": null}]",
         "task t: a.jsonl:1: the \"content\" of message 2 is null, wanted a text"},
        {"[{\"from\": \"human\", \"value\": \"a\"}, \"b\"]",
         "task t: a.jsonl:1: message 2 of a dialogue has no \"role\" and \"content\" (or \"from\" "
         "and "
         "\"value\")"},
        {"[{\"role\": \"user\"}]",
         "task t: a.jsonl:1: \"d\" is a list, wanted a text, or \"join\" with the field"},
    };
    (void)state;
    put("a.jsonl",
        "{\"d\": [{\"role\": \"system\", \"content\": \"be  brief\\n\"}, {\"content\": \" hi\", "
        "\"role\": \"user\"}, {\"role\": \"assistant\", \"content\": \"a\\n\\nb\", \"id\": 1}], "
        "\"y\": 0}\n"
        "{\"d\": [{\"from\": \"human\", \"value\": \"hi\"}, {\"from\": \"gpt\", \"value\": \"\"}, "
        "{\"from\": \"human\", \"value\": \"so\"}], \"y\": 1}\n");
    shown(SAID, 2,
          "0:<System: be  brief\n\nHuman: hi\n\nAssistant: a\n\nb><System: be  brief\n\nHuman: hi>|"
          "1:<Human: hi\n\nAssistant: \n\nHuman: so><Human: hi>|");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char row[256];
        snprintf(row, sizeof row, "{\"d\": %s, \"y\": 0}\n", wrong[i][0]);
        put("a.jsonl", row);
        draw_fails(SAID, sizes_of(0, 0, 0, 1), wrong[i][1]);
    }
}

#define MARKED                                                                                     \
    HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\ntemplate: \"{q} {candidate}\"\n"          \
         "choice: {question: q, options: o, marks: m}\n"
#define ANSWERS                                                                                    \
    HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\ntemplate: \"{q} {candidate}\"\n"          \
         "choice: {question: q, options: o, answer: m}\n"

/* numbered - the row, with k for every #. */
static void numbered(struct str *out, const char *row, int k)
{
    for (; *row; row++)
        if (*row == '#')
            str_addf(out, "%d", k);
        else
            str_addc(out, *row);
}

/* right_ones - of many label seeds, which candidates come as right and as wrong. */
static void right_ones(const char *yaml, const char *row, const char *right, const char *wrong)
{
    struct str rows = STR_INIT;
    struct dataset d;
    bool seen[2][128] = {{false}};
    for (int i = 0; i < 40; i++)
        numbered(&rows, row, i);
    put("a.jsonl", rows.s);
    str_release(&rows);
    draw(&d, yaml, sizes_of(0, 0, 0, 20), zero);
    for (size_t i = 0; i < 20; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_string_equal(x->candidate, strchr(x->text, ' ') + 1);
        seen[x->label][(int)*x->candidate] = true;
    }
    for (char c = 'a'; c <= 'e'; c++) {
        assert_int_equal(seen[1][(int)c], strchr(right, c) != NULL);
        assert_int_equal(seen[0][(int)c], strchr(wrong, c) != NULL);
    }
    dataset_release(&d);
}

static void several_right(void **state)
{
    (void)state;
    right_ones(MARKED,
               "{\"q\": \"#\", \"o\": [\"a\", \"b\", \"c\", \"a\"], \"m\": [1, 0, true, 0]}\n",
               "ac", "b");
    right_ones(ANSWERS, "{\"q\": \"#\", \"o\": [\"a\", \"b\", \"c\", \"d\"], \"m\": [3, 0]}\n",
               "ad", "bc");
    right_ones(HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\ntemplate: \"{q} {candidate}\"\n"
                    "choice: {question: q, correct: c, distractors: w}\n",
               "{\"q\": \"#\", \"c\": [\"a\", \"b\"], \"w\": \"c\"}\n", "ab", "c");
    put("a.jsonl", "{\"q\": \"x\", \"o\": [\"a\", \"b\"], \"m\": [1]}\n");
    draw_fails(MARKED, sizes_of(0, 0, 0, 2), "task t: a.jsonl:1: 2 options and 1 marks");
    put("a.jsonl", "{\"q\": \"x\", \"o\": [\"a\", \"b\"], \"m\": [1, 2]}\n");
    draw_fails(MARKED, sizes_of(0, 0, 0, 2),
               "task t: a.jsonl:1: \"m\" is \"2\", wanted 0, false, no or 1, true, yes");
    task_fails(HEAD "kind: choice\nsource: {files: {all: a}}\ntemplate: \"{q} {candidate}\"\n"
                    "choice: {question: q, options: o, marks: m, first: 1}\n",
               "task.yaml:7: \"marks\" says of each option whether it is right, so \"answer\", "
               "\"keys\" and \"first\" say nothing more");
}

static void constant_options(void **state)
{
    (void)state;
    right_ones(
        HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\n"
             "fields: {q: q, y: y, one: {text: a}, two: {text: b}, k1: {text: e}, k2: {text: c}}\n"
             "template: \"{q} {candidate}\"\n"
             "choice: {question: q, options: [one, two], keys: [k1, k2], answer: y}\n",
        "{\"q\": \"#\", \"y\": \"c\"}\n", "b", "a");
}

#define ORDER                                                                                      \
    HEAD "kind: order\nsource: {files: {all: a.tsv}, columns: [b, w]}\n"                           \
         "order: {better: b, worse: w}\ntemplate: \"{first}-{second}\"\n"

static void order(void **state)
{
    struct dataset d, again;
    struct str rows = STR_INIT;
    size_t swapped = 0;
    (void)state;
    for (int i = 0; i < 60; i++)
        str_addf(&rows, "g%d\tb%d\n", i, i);
    str_cat(&rows, "same\tsame\n");
    put("a.tsv", rows.s);
    str_release(&rows);
    draw(&d, ORDER, sizes_of(0, 0, 0, 40), zero);
    draw(&again, ORDER, sizes_of(0, 0, 0, 40), (struct task_seeds){0, 7});
    assert_int_equal(d.rows_left_out, 1);
    for (size_t i = 0; i < 40; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_int_equal(x->label, x->text[0] == 'g');
        assert_non_null(strstr(x->text, x->label ? "-b" : "-g"));
        for (size_t k = 0; k < 40; k++)
            swapped += strcmp(again.part[PART_TEST][k].source, x->source) == 0 &&
                       again.part[PART_TEST][k].label != x->label;
    }
    assert_true(swapped > 3);
    dataset_release(&d);
    dataset_release(&again);
    task_fails(HEAD "kind: order\nsource: {files: {all: a.tsv}}\norder: {better: b}\n",
               "task.yaml:6: \"worse\" is missing");
    task_fails(ORDER "label: {field: y}\n",
               "task.yaml:8: \"label\" belongs to tasks of kind labelled, this one is an order");
    task_fails(HEAD "kind: order\nsource: {files: {all: a.tsv}}\norder: {better: b, worse: w}\n"
                    "template: \"{first}\"\n",
               "task.yaml:7: the template of an order has to hold {first} and {second}");
    task_fails(HEAD "kind: order\nsource: {files: {all: a.tsv}}\norder: {better: b, worse: w}\n"
                    "template: \"{first} {second} {w}\"\n",
               "task.yaml:7: the template shows \"w\", which is the worse text and gives the class "
               "away");
}

static void alone(void **state)
{
    struct dataset d;
    (void)state;
    put("a.jsonl",
        "{\"p\": \"one\", \"h\": \"two\", \"y\": 0}\n{\"p\": \"x\", \"h\": \"z\", \"y\": 1}\n");
    draw(&d,
         HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\nalone: [h, p]\n"
              "template: \"{p} {h}\"\n" MAP,
         sizes_of(0, 0, 0, 2), zero);
    const struct example *x = &d.part[PART_TEST][d.part[PART_TEST][0].label];
    assert_string_equal(x->alone, "two one");
    assert_null(x->candidate);
    dataset_release(&d);
}

/* The tasks of the study whose data is not in W2S_DATA, on rows by hand in their published form. */
static void published(void **state)
{
    static const struct {
        const char *name, *files[4];
        const char *row, *beside; /* with the row's number, thrice */
        const char *shows[3];
    } cases[] = {
        {"dream",
         {"train.json", "dev.json", "test.json"},
         "[[\"M: Hello #.\", \"W: Good day.\"], [{\"question\": \"Who is #?\", \"choice\": "
         "[\"a "
         "man\", \"a dog\", \"a tree\"], \"answer\": \"a dog\"}], \"id-#\"]",
         NULL,
         {"W: Good day.\nQuestion: Who is ", "Proposed answer: a dog", "Proposed answer: a "}},
        {"quartz",
         {"train.jsonl", "dev.jsonl", "test.jsonl"},
         "{\"id\": \"Q#\", \"question\": {\"stem\": \"Warmer air # is\", \"choices\": "
         "[{\"text\": "
         "\"up\", \"label\": \"A\"}, {\"text\": \"down\", \"label\": \"B\"}]}, \"answerKey\": "
         "\"A\", "
         "\"para\": \"Air #.\"}\n",
         NULL,
         {"Question: Warmer air ", "Proposed answer: up", "Proposed answer: down"}},
        {"social-iqa",
         {"train.jsonl", "dev.jsonl", "train-labels.lst", "dev-labels.lst"},
         "{\"context\": \"Kai slept #.\", \"question\": \"Why #?\", \"answerA\": \"work #\", "
         "\"answerB\": \"tired\", \"answerC\": \"fun\"}\n",
         "2\n",
         {"Question: Why ", "Proposed answer: tired", "Proposed answer: "}},
    };
    const char *source = getenv("W2S_SOURCE");
    struct err e = ERR_INIT;
    (void)state;
    if (!source)
        skip();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool json = str_ends(cases[c].files[0], ".json");
        struct dataset d;
        struct task *t = NULL;
        char path[512];
        for (int f = 0; f < 4 && cases[c].files[f]; f++) {
            struct str text = STR_INIT;
            str_cat(&text, json ? "[" : "");
            for (int i = 0; i < 200; i++) {
                str_cat(&text, json && i ? ",\n" : "");
                if (str_ends(cases[c].files[f], ".lst"))
                    str_cat(&text, cases[c].beside);
                else
                    numbered(&text, cases[c].row, 1000 * f + i);
            }
            str_cat(&text, json ? "]" : "");
            put(cases[c].files[f], text.s);
            str_release(&text);
        }
        snprintf(path, sizeof path, "%s/tasks/%s.yaml", source, cases[c].name);
        const struct task_sizes sizes = sizes_of(40, 40, 0, 60);
        if (task_read(&t, path, &e))
            fail_msg("%s", e.msg);
        assert_null(task_source_missing(t, scratch));
        if (dataset_draw(&d, t, scratch, &sizes, &zero, NULL, &e))
            fail_msg("%s", e.msg);
        for (size_t i = 0; i < d.n[PART_TEST]; i++) {
            const struct example *x = &d.part[PART_TEST][i];
            assert_non_null(strstr(x->text, cases[c].shows[0]));
            assert_non_null(strstr(x->text, cases[c].shows[2 - x->label]));
            assert_int_equal(x->label, strstr(x->text, cases[c].shows[1]) != NULL);
        }
        dataset_release(&d);
        task_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),       cmocka_unit_test(source_mistakes),
        cmocka_unit_test(beside),        cmocka_unit_test(cut_fields),
        cmocka_unit_test(several_right), cmocka_unit_test(constant_options),
        cmocka_unit_test(order),         cmocka_unit_test(alone),
        cmocka_unit_test(messages),      cmocka_unit_test(published),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
