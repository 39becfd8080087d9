/* data_propose - what is proposed for files by hand: each is a task that draws. */
#include "data_test.h"
#include "data/propose.h"

/* proposed - the parts of the proposal that are given, each a line or more; it is a task and draws.
 */
static void proposed(const char *file, const char *const wanted[], size_t n)
{
    struct str yaml = STR_INIT;
    struct err e = ERR_INIT;
    struct dataset d;
    if (task_propose(&yaml, in_scratch(file), file, "new", NULL, &e))
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < n; i++)
        if (!strstr(yaml.s, wanted[i]))
            fail_msg("no \"%s\" in:\n%s", wanted[i], yaml.s);
    draw(&d, yaml.s, sizes_of(0, 0, 0, 6), (struct task_seeds){0, 0});
    dataset_release(&d);
    str_release(&yaml);
}

static void refused(const char *file, const char *wanted)
{
    struct str yaml = STR_INIT;
    struct err e = ERR_INIT;
    assert_int_equal(task_propose(&yaml, in_scratch(file), file, "new", NULL, &e), ERR_INPUT);
    sentence_is(&e, wanted);
    str_release(&yaml);
}

/* rows - 40 of a line in which # is the row's number and % one of "abcd" by it, ? of "ABCD", ! 0 or
 * 1, $ 0 to 2. */
static void rows(const char *file, const char *head, const char *line)
{
    struct str s = STR_INIT;
    str_cat(&s, head);
    for (int i = 0; i < 40; i++)
        for (const char *p = line; *p; p++)
            if (*p == '#')
                str_addf(&s, "%d", i);
            else if (*p == '%')
                str_addc(&s, "abcd"[(i / 2 + i) % 4]);
            else if (*p == '?')
                str_addc(&s, "ABCD"[(i / 2 + i) % 4]);
            else if (*p == '!')
                str_addc(&s, "01"[(i / 3) % 2]);
            else if (*p == '$')
                str_addc(&s, "012"[i % 3]);
            else
                str_addc(&s, *p);
    put(file, s.s);
    str_release(&s);
}

#define PROPOSED(file, ...)                                                                        \
    do {                                                                                           \
        static const char *const wanted[] = {__VA_ARGS__};                                         \
        proposed(file, wanted, sizeof wanted / sizeof *wanted);                                    \
    } while (0)

static void labelled(void **state)
{
    (void)state;
    rows("a.csv", "id,words,kind\n", "id#,\"the number #, said\",!\n");
    PROPOSED("a.csv", "name: new\n", "kind: labelled\n", "files: {all: \"a.csv\"}",
             "template: |-\n  {words}\n", "long: words\n",
             "field: kind\n  map: {\"0\": 0, \"1\": 1}\n");
    /* Names of classes; two texts; what only some rows have is not used */
    rows(
        "b.jsonl",
        "{\"premise\": \"first\", \"hypothesis\": \"so\", \"label\": \"d\", \"odd\": \"one "
        "text\"}\n",
        "{\"premise\": \"a long text of number #\", \"hypothesis\": \"so #\", \"label\": \"%\"}\n");
    PROPOSED("b.jsonl", "  Premise: {premise}\n  Hypothesis: {hypothesis}\nlong: premise\n",
             "classes: [\"a\", \"b\", \"c\", \"d\"]\n",
             "map: {\"a\": 0, \"b\": 1, \"c\": 2, \"d\": 3}");
    /* A number, cut at its median */
    rows("c.tsv", "score\ttext\n", "#.5\tit is # o'clock\n");
    PROPOSED("c.tsv", "classes: [low, high]\n", "ranges: {low: \"< 20.5\", high: \">= 20.5\"}");
    /* No header; nested; two sentences are no answers */
    rows("d.tsv", "", "src\t!\tthis is a row of number #\n");
    PROPOSED("d.tsv", "columns: [c1, c2, c3]\n", "field: c2\n", "template: |-\n  {c3}\n");
    rows("e.jsonl", "", "{\"in\": {\"text\": \"say # please\"}, \"gold\": !}\n");
    PROPOSED("e.jsonl", "in_text: \"in.text\"\n", "{in_text}\n");
    /* Names that YAML takes for something else, and one that is taken */
    rows("g.csv", "null,candidate,y\n", "say # please,and so # it is,!\n");
    PROPOSED("g.csv", "  \"null\": \"null\"\n", "  candidate_2: \"candidate\"\n", "field: \"y\"\n",
             "{candidate_2}\n");
    rows("f.csv", "sentence1,sentence2,label\n", "one #,two #,!\n");
    PROPOSED("f.csv", "kind: labelled\n", "  Sentence1: {sentence1}\n  Sentence2: {sentence2}\n");
}

/* What YAML does not take as it is, in quotes: control characters and line breaks of Unicode. */
static void odd_characters(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    str_cat(&s, "text,kind\n");
    for (int i = 0; i < 40; i++)
        str_addf(&s, "the number %d,%s\n", i,
                 i % 2 ? "a\x7f"
                       : "b\xe2\x80\xa8"
                         "c\xc2\x85");
    put("a.csv", s.s);
    PROPOSED("a.csv", "classes: [\"a\\u007f\", \"b\\u2028c\\u0085\"]\n");
    str_release(&s);
}

/* Where most rows have the least number, both classes have rows all the same. */
static void least_is_common(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    str_cat(&s, "text,score\n");
    for (int i = 0; i < 100; i++)
        str_addf(&s, "the number %d,%d\n", i, i < 60 ? 0 : i - 50);
    put("a.csv", s.s);
    PROPOSED("a.csv", "ranges: {low: \"< 10\", high: \">= 10\"}");
    str_release(&s);
}

/* Numbers that are names: of a column without one, and of a year; a row's numbers are none. */
static void numbers_as_names(void **state)
{
    (void)state;
    rows("a.csv", "words,label,\n", "say # please,!,\n");
    PROPOSED("a.csv", "template: |-\n  {words}\n", "field: label\n");
    rows("b.csv", "words,2019\n", "say # please,!\n");
    PROPOSED("b.csv", "template: |-\n  {words}\n", "\"2019\"\n");
    rows("c.csv", "", "say # please,1\nsay # too,2\nso # it is,2\n");
    PROPOSED("c.csv", "columns: [c1, c2]\n");
    rows("d.csv", "", "say # please,2019\nsay # too,2020\n");
    PROPOSED("d.csv", "columns: [c1, c2]\n");
}

static void choice(void **state)
{
    (void)state;
    rows("a.jsonl", "",
         "{\"question\": \"what of #\", \"choices\": [\"x #\", \"y #\", \"z #\"], \"answer\": "
         "$}\n");
    PROPOSED("a.jsonl", "kind: choice\n",
             "choice:\n  question: question\n  options: [choices]\n  answer: answer\n");
    rows("b.csv", "q,answerA,answerB,answerC,label\n", "what is #,x #,y #,z #,$\n");
    PROPOSED("b.csv", "options: [answerA, answerB, answerC]\n  answer: label\n");
    rows("c.jsonl", "",
         "{\"stem\": \"so # is\", \"choices\": [{\"text\": \"x #\", \"label\": \"a\"}, {\"text\": "
         "\"y #\", \"label\": \"b\"}, "
         "{\"text\": \"z #\", \"label\": \"c\"}, {\"text\": \"w #\", \"label\": \"d\"}], \"key\": "
         "\"%\"}\n");
    PROPOSED("c.jsonl", "choices_text: \"choices.*.text\"\n", "keys: choices_label\n",
             "answer: key\n");
    rows("d.csv", "q,correct_answer,distractor1,distractor2\n", "what is #,x #,y #,z #\n");
    PROPOSED("d.csv", "distractors: [distractor1, distractor2]\n  correct: correct_answer\n");
    /* Questions on one text stay together */
    rows("e.csv", "passage,question,opt1,opt2,label\n",
         "the passage $ is the longer text here,ask #,x,y #,!\n");
    PROPOSED("e.csv", "group: [passage]\n");
}

/* Options whose fields are called A, B, ... or count on from a stem; the answer is a letter of
 * either case, a number, or the text. */
static void choice_lettered(void **state)
{
    (void)state;
    rows("a.jsonl", "",
         "{\"q\": \"what is #\", \"A\": \"1#\", \"B\": \"2#\", \"C\": \"3#\", \"D\": \"4#\", "
         "\"correct\": \"?\"}\n");
    PROPOSED("a.jsonl", "kind: choice\n", "  Q: {q}\n  Proposed answer: {candidate}\n",
             "  options: [A, B, C, D]\n  answer: correct\n  first: A\n");
    rows("b.csv", "q,a,b,c,d,key\n", "what is #,x #,y #,z #,w #,%\n");
    PROPOSED("b.csv", "  options: [a, b, c, d]\n  answer: key\n  first: a\n");
    rows("c.csv", "level,question,opa,opb,opc,cop\n", "!,what is #,x #,y #,z #,$\n");
    PROPOSED("c.csv", "  options: [opa, opb, opc]\n  answer: cop\n");
    rows("d.jsonl", "",
         "{\"q\": \"what is #\", \"options\": {\"A\": \"x #\", \"B\": \"y #\"}, \"answer\": \"y "
         "#\", "
         "\"why\": \"y #\"}\n");
    PROPOSED(
        "d.jsonl", "# why is not shown: it tells the answer of 100 % of the rows.\n",
        "template: |-\n  Q: {q}\n  Proposed answer: {candidate}\n",
        "  options: [options_A, options_B]\n  answer: answer\n  keys: [options_A, options_B]\n");
    rows("h.csv", "id,question,a,b,c,d,key\n", "n#,#+#=,x #,y #,z #,w #,%\n"); /* one word */
    PROPOSED("h.csv", "template: |-\n  Question: {question}\n", "  options: [a, b, c, d]\n");
    rows("i.csv", "q,option_a,option_b,option_c,option_d,answer\n",
         "what is #,x #,y #,z #,w #,option_%\n");
    PROPOSED("i.csv", "  \"option_a's name\": {text: \"option_a\"}\n",
             "  options: [option_a, option_b, option_c, option_d]\n  answer: answer\n  keys: "
             "[\"option_a's name\", ");
    rows("e.jsonl", "", "{\"q\": \"what is #\", \"o\": [\"x #\", \"y #\"], \"right\": \"x #\"}\n");
    PROPOSED("e.jsonl", "  options: [o]\n  answer: right\n  keys: o\n");
    /* Two texts that a label is about */
    rows("f.csv", "a,b,label\n", "one #,two #,!\n");
    PROPOSED("f.csv", "kind: labelled\n", "  A: {a}\n  B: {b}\n");
    rows("g.csv", "data,datb,label\n", "one #,two #,!\n");
    PROPOSED("g.csv", "kind: labelled\n");
}

/* Two replies of which one was preferred; what both answer, where they do not begin with it. */
static void preference(void **state)
{
    (void)state;
    rows("a.jsonl", "",
         "{\"chosen\": \"Human: what of #\\n\\nAssistant: this\", \"rejected\": \"Human: what of "
         "#\\n\\nAssistant: that\"}\n");
    PROPOSED("a.jsonl", "kind: choice\n",
             "template: |-\n  {candidate}\nchoice:\n  correct: chosen\n",
             "  distractors: rejected\n  alternatives: 2\n");
    rows("b.csv", "prompt,chosen,rejected,score\n", "what of #,this # is,that # is,#\n");
    PROPOSED("b.csv",
             "template: |-\n  {prompt}\n  {candidate}\nlong: prompt\nchoice:\n  question: prompt\n",
             "  alternatives: 2\n");
    rows("c.csv", "prompt,chosen,rejected\n", "what of #,what of # this,what of # that\n");
    PROPOSED("c.csv", "template: |-\n  {candidate}\n");
    /* Lists of messages, whose first turn is the prompt beside them */
    rows("d.jsonl", "",
         "{\"prompt\": \"what of #\", \"id\": \"x#\", \"chosen\": [{\"content\": \"what of #\", "
         "\"role\": \"user\"}, {\"content\": \"this\", \"role\": \"assistant\"}], \"rejected\": "
         "[{\"content\": \"what of #\", \"role\": \"user\"}, {\"content\": \"that\", \"role\": "
         "\"assistant\"}], \"score\": 1.5, \"raw\": [{\"role\": \"tool\", \"content\": \"t\"}]}\n");
    PROPOSED("d.jsonl",
             "fields:\n  chosen: \"chosen\"\n  rejected: \"rejected\"\ntemplate: |-\n  "
             "{candidate}\nchoice:\n  correct: chosen\n",
             "  distractors: rejected\n  alternatives: 2\n");
    /* and with the prompt as messages of its own */
    rows("e.jsonl", "",
         "{\"prompt\": [{\"content\": \"what of #\", \"role\": \"user\"}], \"chosen\": "
         "[{\"content\": \"this\", \"role\": \"assistant\"}], \"rejected\": [{\"content\": "
         "\"that\", \"role\": \"assistant\"}]}\n");
    PROPOSED("e.jsonl", "template: |-\n  {prompt}\n  {candidate}\nlong: prompt\n");
}

/* A field of few values that tells the label is no part of the template. */
static void telling(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    for (int i = 0; i < 60; i++) {
        static const char *const marks[] = {"*", "??", "?*", "*?"};
        str_addf(&s, "src\t%d\t%s\tthis is a row of number %d\n", i % 3 == 0,
                 i % 3 == 0 ? "" : marks[i % 4], i);
    }
    put("a.tsv", s.s);
    PROPOSED("a.tsv", "# c3 is not shown: it tells the label of 100 % of the rows.\n",
             "template: |-\n  {c4}\n", "field: c2\n");
    /* Of the same values, a row in four says otherwise */
    str_reset(&s);
    for (int i = 0; i < 60; i++)
        str_addf(&s, "%d\tmark%d\tthis is a row of number %d\n", (i % 6 < 3) == (i % 4 > 0), i % 6,
                 i);
    put("b.tsv", s.s);
    PROPOSED("b.tsv", "{c2}\n", "{c3}\n", "field: c1\n");
    /* One in ten says otherwise, which is too many, and one in 25, which is not */
    for (int every = 10; every <= 25; every += 15) {
        str_reset(&s);
        for (int i = 0; i < 100; i++)
            str_addf(&s, "%d\tmark%d\tthis is a row of number %d\n", (i % 6 < 3) == (i % every > 0),
                     i % 6, i);
        put("d.tsv", s.s);
        if (every == 10)
            PROPOSED("d.tsv", "{c2}\n", "{c3}\n", "field: c1\n");
        else
            PROPOSED("d.tsv", "# c2 is not shown: it tells the label of 96 % of the rows.\n",
                     "template: |-\n  {c3}\n");
    }
    /* All but four rows: of nine in ten of one class that is too little to be a mark */
    str_reset(&s);
    for (int i = 0; i < 100; i++)
        str_addf(&s, "%d\t%s%d\tthis is a row of number %d\n", i % 10 != 0,
                 i % 10 == 0 && i % 50 < 30 ? "flag" : "mark",
                 i % 10 == 0 && i % 50 < 30 ? 0 : i % 7, i);
    put("e.tsv", s.s);
    PROPOSED("e.tsv", "{c2}\n", "{c3}\n", "field: c1\n");
    /* Repeated texts are all that there is */
    str_reset(&s);
    str_cat(&s, "words,label\n");
    for (int i = 0; i < 60; i++)
        str_addf(&s, "word%d here,%d\n", i % 6, i % 2);
    put("c.csv", s.s);
    PROPOSED("c.csv", "template: |-\n  {words}\n");
    str_release(&s);
}

/* Rows without a label, empty in a table and null in JSON, are of no class, whatever they are. */
static void unlabelled(void **state)
{
    (void)state;
    struct str csv = STR_INIT, json = STR_INIT, blank = STR_INIT;
    str_cat(&csv, "text,label\n");
    str_cat(&blank, "text,label\n");
    for (int i = 0; i < 60; i++) {
        str_addf(&csv, "what number %d says,%s\n", i, i % 10 ? i % 2 ? "no" : "so" : "");
        str_addf(&json, "{\"text\": \"what number %d says\"%s}\n", i,
                 i % 10 == 0   ? ", \"label\": null"
                 : i % 10 == 5 ? ""
                 : i % 2       ? ", \"label\": 1"
                               : ", \"label\": 0");
        str_addf(&blank, "what number %d says,%s\n", i, i % 2 ? "spam" : "");
    }
    put("a.csv", csv.s);
    PROPOSED("a.csv", "# 6 of these rows have no label: they are left out.\n",
             "classes: [\"no\", \"so\"]\n", "map: {\"no\": 0, \"so\": 1, \"\": ~}\n");
    put("b.jsonl", json.s);
    PROPOSED("b.jsonl", "# 12 of these rows have no label: they are left out.\n",
             "map: {\"0\": 0, \"1\": 1, \"\": ~}\n");
    /* half of the rows at most */
    str_reset(&csv);
    str_cat(&csv, "text,label\n");
    for (int i = 0; i < 60; i++)
        str_addf(&csv, "what number %d says,%s\n", i, i % 5 > 1 ? "" : i % 5 ? "no" : "so");
    put("d.csv", csv.s);
    refused("d.csv",
            "d.csv: no field has 2 to 16 values, each in two rows or more, or is a number in "
            "half of them, so that it could be the label; the fields are text, label. "
            "docs/tasks.md says how to write a task by hand");
    put("c.csv", blank.s); /* beside one other value it is one */
    PROPOSED("c.csv", "map: {\"\": 0, \"spam\": 1}\n");
    str_release(&csv);
    str_release(&json);
    str_release(&blank);
}

/* Rows without a score are of no class; a number that all rows have is the score before it. */
static void unscored(void **state)
{
    (void)state;
    struct str csv = STR_INIT, json = STR_INIT, two = STR_INIT, most = STR_INIT;
    str_cat(&csv, "text,score\n");
    str_cat(&two, "some,text,all\n");
    str_cat(&most, "text,score\n");
    for (int i = 0; i < 60; i++) {
        char score[16] = "";
        if (i % 10)
            snprintf(score, sizeof score, "%d.5", i);
        str_addf(&csv, "what number %d says,%s\n", i, score);
        str_addf(&json, "{\"text\": \"what number %d says\", \"score\": %s}\n", i,
                 *score ? score : "null");
        str_addf(&two, "%s,what number %d says,%d.5\n", score, i, i);
        str_addf(&most, "what number %d says,%s\n", i, i % 2 && i > 4 ? score : "");
    }
    put("a.csv", csv.s);
    PROPOSED("a.csv", "# 6 of these rows have no score: they are left out.\n",
             "ranges: {low: \"< 31.5\", high: \">= 31.5\", \"\": ~}", "template: |-\n  {text}\n");
    put("a.jsonl", json.s);
    PROPOSED("a.jsonl", "# 6 of these rows have no score: they are left out.\n",
             "ranges: {low: \"< 31.5\", high: \">= 31.5\", \"\": ~}");
    put("b.csv", two.s);
    PROPOSED("b.csv", "field: all\n  ranges: {low: \"< 30.5\", high: \">= 30.5\"}",
             "template: |-\n  {text}\n");
    put("c.csv", most.s); /* half of the rows at most */
    refused(
        "c.csv",
        "c.csv: no field has 2 to 16 values, each in two rows or more, or is a number in half of "
        "them, so that it could be "
        "the label; the fields are text, score. docs/tasks.md says how to write a task by hand");
    str_release(&csv);
    str_release(&json);
    str_release(&two);
    str_release(&most);
}

/* Rows on one passage are of one question, unless they are all on a few. */
static void shared(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    for (int few = 0; few < 2; few++) {
        str_reset(&s);
        str_cat(&s, "passage,question,label\n");
        for (int i = 0; i < 60; i++)
            str_addf(&s, "the passage of number %d is the longer one,ask %d,%d\n",
                     few ? i % 3 : i / 2, i, i / 3 % 2);
        put("a.csv", s.s);
        if (!few)
            PROPOSED("a.csv", "kind: labelled\n", "long: passage\ngroup: passage\n");
        else
            PROPOSED("a.csv", "kind: labelled\n", "long: passage\nlabel:\n");
    }
    /* Of pairs, one row's second text may be another's first; rows that share none have no group */
    for (int step = 1; step < 3; step++) {
        str_reset(&s);
        str_cat(&s, "sentence1,sentence2,label\n");
        for (int i = 0; i < 60; i++)
            str_addf(&s, "it is number %d,it is number %d,%d\n", i * step, i * step + 1, i / 3 % 2);
        put("b.csv", s.s);
        if (step == 1)
            PROPOSED("b.csv", "group: {any: [sentence1, sentence2]}\n");
        else
            PROPOSED("b.csv", "long: sentence1\nlabel:\n");
    }
    /* One of a few texts in every row joins nothing */
    str_reset(&s);
    str_cat(&s, "sentence1,sentence2,label\n");
    for (int i = 0; i < 60; i++)
        str_addf(&s, "it is one of a few %d,it is number %d,%d\n", i % 3, i, i / 3 % 2);
    put("d.csv", s.s);
    PROPOSED("d.csv", "kind: labelled\n", "{sentence2}\nlong: sentence1\nlabel:\n");
    /* A passage that half of the rows are without is shorter than a question, in the mean */
    str_reset(&s);
    str_cat(&s, "passage,question,opt1,opt2,label\n");
    for (int i = 0; i < 120; i++) {
        if (i % 2)
            str_addf(&s, "a passage that says all there is of number %d", i / 4);
        str_addf(&s, ",and what is it that is asked of number %d,x,y %d,%d\n", i, i, i / 3 % 2);
    }
    put("c.csv", s.s);
    PROPOSED("c.csv", "long: question\n", "group: [passage]\n");
    str_release(&s);
}

/* odd - the proposal for 60 rows of a line, one of which (line 8) is another, which the task may
 * stop at: it has the texts that are given. */
static void odd(const char *usual, const char *other, const char *const wanted[], size_t n)
{
    struct str s = STR_INIT, yaml = STR_INIT;
    struct err e = ERR_INIT;
    for (int i = 0; i < 60; i++)
        for (const char *p = i == 7 ? other : usual; *p; p++)
            if (*p == '#')
                str_addf(&s, "%d", i);
            else if (*p == '?')
                str_addc(&s, "ABC"[(i / 2 + i) % 3]);
            else
                str_addc(&s, *p);
    put("odd.jsonl", s.s);
    if (task_propose(&yaml, in_scratch("odd.jsonl"), "odd.jsonl", "new", NULL, &e))
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < n; i++)
        if (!strstr(yaml.s, wanted[i]))
            fail_msg("no \"%s\" in:\n%s", wanted[i], yaml.s);
    str_release(&s);
    str_release(&yaml);
}

#define ODD(usual, other, ...)                                                                     \
    do {                                                                                           \
        static const char *const wanted[] = {__VA_ARGS__};                                         \
        odd(usual, other, wanted, sizeof wanted / sizeof *wanted);                                 \
    } while (0)

/* One row that lacks what all others have is told, and does not make another kind of the file. */
static void odd_row(void **state)
{
    static const char listed[] =
        "{\"q\": \"what of #\", \"choices\": [\"x #\", \"y #\", \"z #\"], \"answer\": \"?\"}\n";
    static const char fields[] = "{\"q\": \"what of #\", \"A\": \"x #\", \"B\": \"y #\", \"C\": "
                                 "\"z #\", \"answer\": \"?\", \"note\": \"seen once and again\"}\n";
    static const char replies[] = "{\"chosen\": \"so # it is\", \"rejected\": \"not # it is\", "
                                  "\"score\": #.5}\n";
    (void)state;
    ODD(listed, "{\"q\": \"what of #\", \"choices\": null, \"answer\": \"A\"}\n", "kind: choice\n",
        "# 1 of these rows have no choices, the first in line 8: look at them.\n",
        "Proposed from 60 rows", "  options: [choices]\n");
    ODD(listed, "{\"q\": \"what of #\", \"choices\": [], \"answer\": \"A\"}\n", "kind: choice\n",
        "# 1 of these rows have no choices, the first in line 8");
    ODD(listed, "{\"q\": \"what of #\", \"choices\": [\"x\", \"y\", \"z\"]}\n", "kind: choice\n",
        "# 1 of these rows have no answer, the first in line 8");
    ODD(listed, "{\"q\": \"what of #\", \"choices\": [\"x\", null, \"z\"], \"answer\": \"C\"}\n",
        "kind: choice\n",
        "# 1 of these rows have another number of choices than the others, the "
        "first in line 8.\n");
    ODD(listed, "{\"choices\": [\"x\", \"y\", \"z\"], \"answer\": \"A\"}\n", "kind: choice\n",
        "# 1 of these rows have no q, the first in line 8");
    ODD(fields,
        "{\"q\": \"what of #\", \"A\": \"x\", \"B\": \"y\", \"C\": null, \"answer\": \"A\"}\n",
        "  options: [A, B, C]\n", "# 1 of these rows have no C, the first in line 8");
    ODD(fields, "{\"q\": \"what\", \"A\": \"x\", \"B\": \"y\", \"C\": \"z\", \"answer\": \"\"}\n",
        "  options: [A, B, C]\n", "# 1 of these rows have no answer, the first in line 8");
    ODD(replies, "{\"chosen\": \"so # it is\", \"rejected\": null, \"score\": 1}\n",
        "  distractors: rejected\n", "# 1 of these rows have no rejected, the first in line 8");
    /* of what is not used, not a word */
    ODD(fields, "{\"q\": \"is #\", \"A\": \"x\", \"B\": \"y\", \"C\": \"z\", \"answer\": \"A\"}\n",
        "read it before you trust it.\nname: new\n", "template: |-\n  Q: {q}\n  Proposed");
}

/* Lists of something else beside a label are no options: numbers, tags, tokens, contexts. */
static void lists_of_other_things(void **state)
{
    static const char *const lists[] = {"\"ratings\": [3, 1, 4]", "\"vec\": [0.#, 1.5, 2e-1]",
                                        "\"tags\": [\"x#\", \"y#\", \"z#\"]"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char line[200];
        snprintf(line, sizeof line, "{\"text\": \"what number # says\", %s, \"label\": $}\n",
                 lists[i]);
        rows("a.jsonl", "", line);
        PROPOSED("a.jsonl", "kind: labelled\n", "map: {\"0\": 0, \"1\": 1, \"2\": 2}");
    }
    rows("b.jsonl", "", "{\"text\": \"what number # says\", \"votes\": [0, 1, 1], \"label\": !}\n");
    PROPOSED("b.jsonl", "kind: labelled\n");
    /* A list of any name with an answer that counts it, and options by their name with a label */
    rows("c.jsonl", "", "{\"q\": \"what of #\", \"o\": [\"x#\", \"y#\", \"z#\"], \"answer\": $}\n");
    PROPOSED("c.jsonl", "kind: choice\n", "options: [o]\n");
    rows("d.jsonl", "",
         "{\"ctx\": \"what of #\", \"endings\": [\"x#\", \"y#\", \"z#\"], \"label\": !}\n");
    PROPOSED("d.jsonl", "kind: choice\n", "options: [endings]\n");
    rows("e.jsonl", "", "{\"q\": \"what of #\", \"options\": [1, 2, 3], \"answer\": $}\n");
    PROPOSED("e.jsonl", "kind: choice\n", "options: [options]\n");
}

/* -1 beside 0, 1, 2, or in few rows beside 0 and 1, says that there is no label. */
static void minus_one(void **state)
{
    struct str three = STR_INIT, few = STR_INIT, many = STR_INIT;
    (void)state;
    for (int i = 0; i < 60; i++) {
        str_addf(&three, "{\"text\": \"what number %d says\", \"label\": %d}\n", i, i % 4 - 1);
        str_addf(&few, "{\"text\": \"what number %d says\", \"label\": %d}\n", i,
                 i % 30 ? i % 2 : -1);
        str_addf(&many, "{\"text\": \"what number %d says\", \"label\": %d}\n", i, i % 3 - 1);
    }
    put("a.jsonl", three.s);
    PROPOSED("a.jsonl", "# 15 of these rows have -1 for label, taken as none: they are left out.\n",
             "classes: [\"0\", \"1\", \"2\"]\n",
             "map: {\"0\": 0, \"1\": 1, \"2\": 2, \"-1\": ~}\n");
    put("b.jsonl", few.s);
    PROPOSED("b.jsonl", "# 2 of these rows have -1 for label, taken as none: they are left out.\n",
             "map: {\"0\": 0, \"1\": 1, \"-1\": ~}\n");
    put("c.jsonl", many.s);
    PROPOSED("c.jsonl",
             "# 20 of these rows have -1 for label, taken as a class; where it says that there is "
             "none, map it to ~.\n",
             "map: {\"-1\": 0, \"0\": 1, \"1\": 2}\n");
    str_release(&three);
    str_release(&few);
    str_release(&many);
}

/* NA and the like say that there is no label, or no score; beside one other value they are one. */
static void none_spelled(void **state)
{
    struct str map = STR_INIT, score = STR_INIT, two = STR_INIT;
    (void)state;
    str_cat(&map, "text,label\n");
    str_cat(&score, "text,score\n");
    str_cat(&two, "text,label\n");
    for (int i = 0; i < 60; i++) {
        const char *none = i == 5 ? "N/A" : i % 20 == 0 ? "NaN" : i % 20 == 10 ? "" : NULL;
        str_addf(&map, "what number %d says,%s\n", i, none ? none : i % 2 ? "so" : "no");
        str_addf(&two, "what number %d says,%s\n", i, i % 2 ? "so" : "NA");
        str_addf(&score, "what number %d says,", i);
        str_addf(&score, none ? "%s\n" : "%s%d.5\n", none ? none : "", i);
    }
    put("a.csv", map.s);
    PROPOSED("a.csv", "# 3 of these rows have no label: they are left out.\n",
             "# 1 of these rows have N/A for label, taken as none: they are left out.\n",
             "# 3 of these rows have NaN for label, taken as none: they are left out.\n",
             "classes: [\"no\", \"so\"]\n",
             "{\"no\": 0, \"so\": 1, \"N/A\": ~, \"NaN\": ~, \"\": ~}\n");
    put("b.csv", score.s);
    PROPOSED("b.csv", "# 3 of these rows have NaN for score, taken as none: they are left out.\n",
             "classes: [low, high]\n", "\"NaN\": ~, \"N/A\": ~, \"\": ~} # at the median\n");
    put("c.csv", two.s);
    PROPOSED("c.csv", "classes: [\"NA\", \"so\"]\n", "map: {\"NA\": 0, \"so\": 1}\n");
    str_release(&map);
    str_release(&score);
    str_release(&two);
}

/* A file's name may be one that YAML takes for something else. */
static void named_as_yaml_has_it(void **state)
{
    static const char *const names[] = {"null", "true", "2024", "1e5", "on"};
    (void)state;
    rows("a.csv", "words,label\n", "say # please,!\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str yaml = STR_INIT;
        struct err e = ERR_INIT;
        struct dataset d;
        if (task_propose(&yaml, in_scratch("a.csv"), "a.csv", names[i], NULL, &e))
            fail_msg("%s", e.msg);
        draw(&d, yaml.s, sizes_of(0, 0, 0, 6), (struct task_seeds){0, 0});
        dataset_release(&d);
        str_release(&yaml);
    }
}

static void nothing(void **state)
{
    (void)state;
    put("l.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": 0}\n[1, 2]\n");
    refused("l.jsonl", "l.jsonl:3: a row is a list, the first one a map");
    rows("a.csv", "one,two\n", "text #,more of # here\n");
    refused("a.csv",
            "a.csv: no field has 2 to 16 values, each in two rows or more, or is a number in half "
            "of them, so that it could be the "
            "label; the fields are one, two. docs/tasks.md says how to write a task by hand");
    rows("b.csv", "y\n", "!\n");
    refused(
        "b.csv",
        "b.csv: no field beside the label holds a text of its own in all rows; the fields are y. "
        "docs/tasks.md says how to write a task by hand");
    put("c.csv", "a,b\n");
    refused("c.csv", "c.csv: no rows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labelled),
                                       cmocka_unit_test(choice),
                                       cmocka_unit_test(choice_lettered),
                                       cmocka_unit_test(preference),
                                       cmocka_unit_test(telling),
                                       cmocka_unit_test(nothing),
                                       cmocka_unit_test(odd_characters),
                                       cmocka_unit_test(least_is_common),
                                       cmocka_unit_test(numbers_as_names),
                                       cmocka_unit_test(unlabelled),
                                       cmocka_unit_test(unscored),
                                       cmocka_unit_test(shared),
                                       cmocka_unit_test(odd_row),
                                       cmocka_unit_test(lists_of_other_things),
                                       cmocka_unit_test(minus_one),
                                       cmocka_unit_test(none_spelled),
                                       cmocka_unit_test(named_as_yaml_has_it)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
