/* data_split - which example is where: disjoint parts, balance, seeds, growth; the numbers are
 * those of protocol.md section 6. */
#include "data_test.h"
#include "core/stop.h"

#define HEAD "name: t\ncitation: none\nlicence: CC0\n"
#define LABELLED                                                                                   \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\nlabel: {field: y, "  \
         "map: {\"0\": no, \"1\": yes}}\n"
#define CHOICE                                                                                     \
    HEAD "kind: choice\nsource: {files: {all: c.jsonl}}\ntemplate: \"{q} {candidate}.\"\nchoice: " \
         "{question: q, correct: c, distractors: [d, e]}\n"

static const struct task_seeds zero = {0, 0};

/* put_rows - n rows "text BEGIN", ... of which the first ones are of class 1: sorted by class as
 * released files often are. */
static void put_rows(const char *name, size_t begin, size_t n, size_t ones)
{
    struct str s = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_addf(&s, "{\"x\": \"text %zu\", \"g\": \"group %zu\", \"y\": %d}\n", begin + i,
                 (begin + i) / 3, i < ones);
    put(name, s.s);
    str_release(&s);
}

static void put_choices(size_t n)
{
    struct str s = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_addf(&s,
                 "{\"q\": \"Question %zu?\", \"c\": \"right %zu\", \"d\": \"wrong %zu\", \"e\": "
                 "\"other %zu\"}\n",
                 i, i, i, i);
    put("c.jsonl", s.s);
    str_release(&s);
}

static size_t ones(const struct dataset *d, enum task_part p)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n[p]; i++)
        n += d->part[p][i].label == 1;
    return n;
}

static const struct example *find(const struct dataset *d, enum task_part p, const char *text)
{
    for (size_t i = 0; i < d->n[p]; i++)
        if (strcmp(d->part[p][i].text, text) == 0)
            return &d->part[p][i];
    return NULL;
}

/* contains - all of part p of small is in part p of large. */
static bool contains(const struct dataset *large, const struct dataset *small, enum task_part p)
{
    for (size_t i = 0; i < small->n[p]; i++)
        if (!find(large, p, small->part[p][i].text))
            return false;
    return true;
}

static bool same_part(const struct dataset *a, const struct dataset *b, enum task_part p)
{
    bool same = a->n[p] == b->n[p];
    for (size_t i = 0; same && i < a->n[p]; i++)
        same = strcmp(a->part[p][i].id, b->part[p][i].id) == 0 &&
               a->part[p][i].label == b->part[p][i].label;
    return same;
}

static void disjoint(const struct dataset *d)
{
    for (int p = 0; p < PART_COUNT; p++)
        for (int q = 0; q < PART_COUNT; q++)
            for (size_t i = 0; i < d->n[p]; i++)
                for (size_t k = 0; k < d->n[q]; k++) {
                    const struct example *a = &d->part[p][i], *b = &d->part[q][k];
                    assert_true(a == b || strcmp(a->text, b->text) != 0);
                    assert_true(p == q || a->question != b->question);
                    assert_true(a == b || strcmp(a->id, b->id) != 0);
                }
}

/* Defect 5: shuffled before anything is taken, and balanced: a file sorted by class gives parts of
 * both. */
static void shuffled(void **state)
{
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 400, 220); /* 55 %: not above the limit */
    draw(&d, LABELLED, sizes_of(100, 100, 50, 51), zero);
    disjoint(&d);
    assert_int_equal(ones(&d, PART_TEST), 25); /* 51: the lower class has one more */
    assert_in_range(ones(&d, PART_SUPERVISE), 38, 72);
    assert_in_range(ones(&d, PART_TRAIN), 38, 72);
    size_t early = 0;
    for (size_t i = 0; i < 100; i++)
        early += strtol(d.part[PART_SUPERVISE][i].text + 5, NULL, 10) < 100;
    assert_in_range(early, 10, 45);
    assert_int_equal(d.class_before[1], 220);
    assert_int_equal(d.class_after[1], 220);
    dataset_release(&d);
}

static void rebalanced(void **state)
{
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 400, 221);
    draw(&d, LABELLED, sizes_of(100, 101, 50, 51), zero);
    disjoint(&d);
    assert_int_equal(ones(&d, PART_SUPERVISE), 50);
    assert_int_equal(ones(&d, PART_TRAIN), 50);
    assert_int_equal(ones(&d, PART_VALID), 25);
    assert_int_equal(ones(&d, PART_TEST), 25);
    assert_int_equal(d.class_before[0], 179);
    assert_int_equal(d.class_before[1], 221);
    assert_int_equal(d.class_after[0], 179);
    assert_int_equal(d.class_after[1], 179);
    dataset_release(&d);
    draw(&d, LABELLED "balance: 1\n", sizes_of(200, 0, 0, 20), zero);
    assert_in_range(ones(&d, PART_SUPERVISE), 101, 125);
    assert_int_equal(ones(&d, PART_TEST), 10);
    dataset_release(&d);
    /* All that there is */
    draw(&d, LABELLED, sizes_of(158, 100, 50, 50), zero);
    assert_int_equal(ones(&d, PART_TRAIN), 50);
    dataset_release(&d);
}

static void three_classes(void **state)
{
    struct dataset d;
    struct str s = STR_INIT;
    (void)state;
    for (int i = 0; i < 90; i++)
        str_addf(&s, "{\"x\": \"text %d\", \"y\": \"%c\"}\n", i, i < 20 ? 'a' : i < 50 ? 'b' : 'c');
    put("a.jsonl", s.s);
    str_release(&s);
    draw(&d,
         HEAD
         "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\nclasses: [a, b, c]\n"
         "label: {field: y, map: {a: a, b: b, c: c}}\nbalance: 0.5\n",
         sizes_of(0, 0, 0, 31), zero);
    size_t n[3] = {0};
    for (size_t i = 0; i < 31; i++)
        n[d.part[PART_TEST][i].label]++;
    assert_int_equal(n[0], 11);
    assert_int_equal(n[1], 10);
    assert_int_equal(n[2], 10);
    dataset_release(&d);
}

/* Rows that have a text in common, in whichever of the fields, also through others, are of one
 * question; its name does not hang on the order of the rows. */
static void connected(void **state)
{
#define CONNECTED                                                                                  \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{a} {b}\"\nbalance: 1\n"    \
         "group: {any: [a, b]}\nlabel: {field: y, map: {\"0\": no, \"1\": yes}}\n"
    struct dataset d, back;
    struct str up = STR_INIT, down = STR_INIT;
    (void)state;
    /* Chains of three, a row's b is the next one's a; and rows alone with an empty b */
    for (int i = 0; i < 120; i++) {
        struct str line = STR_INIT;
        if (i % 4 == 3)
            str_addf(&line, "{\"a\": \"alone %d\", \"b\": \"\", \"y\": %d}\n", i, i / 4 % 2);
        else
            str_addf(&line, "{\"a\": \"link %d\", \"b\": \"link %d\", \"y\": %d}\n", i, i + 1,
                     i / 4 % 2);
        str_cat(&up, line.s);
        str_cat(&line, down.s ? down.s : "");
        str_reset(&down);
        str_cat(&down, line.s);
        str_release(&line);
    }
    put("a.jsonl", up.s);
    draw(&d, CONNECTED, sizes_of(30, 30, 8, 30), zero);
    disjoint(&d);
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d.n[p]; i++)
            for (size_t k = 0; k < d.n[p]; k++) {
                const struct example *a = &d.part[p][i], *b = &d.part[p][k];
                long m = strtol(a->text + 5, NULL, 10), n = strtol(b->text + 5, NULL, 10);
                bool links = *a->text == 'l' && *b->text == 'l';
                assert_int_equal(a->question == b->question, links ? m / 4 == n / 4 : a == b);
            }
    put("a.jsonl", down.s);
    draw(&back, CONNECTED, sizes_of(30, 30, 8, 30), zero);
    size_t both = 0; /* all but what the last question has room for */
    for (size_t i = 0; i < 30; i++) {
        const struct example *x = find(&back, PART_TEST, d.part[PART_TEST][i].text);
        assert_true(!x || x->question == d.part[PART_TEST][i].question);
        both += x != NULL;
    }
    assert_in_range(both, 26, 30);
    dataset_release(&d);
    dataset_release(&back);
    str_release(&up);
    str_release(&down);
    task_fails(LABELLED "group: {all: [g]}\n", "task.yaml:8: unknown key \"all\"; known are any");
    task_fails(LABELLED "group: {any: }\n",
               "task.yaml:8: \"any\" is missing: the fields of which rows may share one");
}

/* One letter joins, the beginning of another text does not, and of two the shorter is the name. */
static void connected_short(void **state)
{
    struct dataset d, one;
    (void)state;
    put("a.jsonl",
        "{\"a\": \"x\", \"b\": \"p one\", \"y\": 0}\n{\"a\": \"q two\", \"b\": \"x\", \"y\": "
        "1}\n{\"a\": \"same\", \"b\": \"u\", \"y\": 0}\n{\"a\": \"same1\", \"b\": \"v\", "
        "\"y\": 1}\n{\"a\": \"k\\tz\", \"b\": \"k\", \"y\": 0}\n");
    draw(&d, CONNECTED, sizes_of(0, 5, 0, 0), zero);
    assert_int_equal(find(&d, PART_TRAIN, "x p one")->question,
                     find(&d, PART_TRAIN, "q two x")->question);
    assert_int_not_equal(find(&d, PART_TRAIN, "same u")->question,
                         find(&d, PART_TRAIN, "same1 v")->question);
    put("a.jsonl",
        "{\"a\": \"k\", \"b\": \"k\", \"y\": 0}\n{\"a\": \"r\", \"b\": \"r\", \"y\": 1}\n");
    draw(&one, CONNECTED, sizes_of(0, 2, 0, 0), zero);
    assert_int_equal(find(&one, PART_TRAIN, "k k")->question,
                     find(&d, PART_TRAIN, "k\tz k")->question);
    dataset_release(&d);
    dataset_release(&one);
}

/* Rows whose group is empty are not of one question: a choice's is its own, else the text is. */
static void empty_group(void **state)
{
#define GROUPED(group)                                                                             \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\nbalance: 1\n"        \
         "group: " group "\nlabel: {field: y, map: {\"0\": no, \"1\": yes}}\n"
    static const char *const tasks[] = {GROUPED("g"), GROUPED("[g, h]")};
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"x\": \"a\", \"g\": \"\", \"h\": \"\", \"y\": 0}\n"
                   "{\"x\": \"b\", \"g\": \" \", \"h\": \"\", \"y\": 1}\n"
                   "{\"x\": \"c\", \"g\": \"s\", \"h\": \"\", \"y\": 1}\n"
                   "{\"x\": \"d\", \"g\": \"s\", \"h\": \"\", \"y\": 0}\n");
    for (size_t i = 0; i < 2; i++) {
        draw(&d, tasks[i], sizes_of(0, 4, 0, 0), zero);
        assert_int_not_equal(find(&d, PART_TRAIN, "a")->question,
                             find(&d, PART_TRAIN, "b")->question);
        assert_int_equal(find(&d, PART_TRAIN, "c")->question, find(&d, PART_TRAIN, "d")->question);
        dataset_release(&d);
    }
    struct str choices = STR_INIT;
    for (int i = 0; i < 20; i++)
        str_addf(&choices, "{\"q\": \"%c\", \"g\": \"\", \"r\": \"x %d\", \"w\": \"y %d\"}\n",
                 "ab"[i % 2], i, i);
    put("a.jsonl", choices.s);
    str_release(&choices);
    draw(&d,
         HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\ntemplate: \"{q} {candidate}\"\n"
              "balance: 1\ngroup: g\nchoice: {question: q, correct: r, distractors: w}\n",
         sizes_of(0, 20, 0, 0), zero);
    for (size_t i = 0; i < 20; i++)
        for (size_t k = 0; k < 20; k++) {
            const struct example *a = &d.part[PART_TRAIN][i], *b = &d.part[PART_TRAIN][k];
            assert_int_equal(a->question == b->question, a->text[0] == b->text[0]);
        }
    dataset_release(&d);
}

/* A text without the mark that a field is cut at: all of it, where the task says so. */
static void whole(void **state)
{
#define WHOLE(more)                                                                                \
    HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\nbalance: 1\n"        \
         "fields: {x: x, y: y, claim: {path: x, before: \" as \"" more "}}\ngroup: claim\n"        \
         "label: {field: y, map: {\"0\": no, \"1\": yes}}\n"
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"x\": \"a as b\", \"y\": 0}\n{\"x\": \"a as c\", \"y\": 1}\n"
                   "{\"x\": \"a\", \"y\": 1}\n{\"x\": \"other\", \"y\": 0}\n");
    draw(&d, WHOLE(", whole: true"), sizes_of(0, 4, 0, 0), zero);
    const struct example *first = find(&d, PART_TRAIN, "a");
    assert_int_equal(first->question, find(&d, PART_TRAIN, "a as b")->question);
    assert_int_equal(first->question, find(&d, PART_TRAIN, "a as c")->question);
    assert_int_not_equal(first->question, find(&d, PART_TRAIN, "other")->question);
    dataset_release(&d);
    draw_fails(WHOLE(""), sizes_of(1, 1, 0, 0),
               "task t: a.jsonl:3: no \" as \" is in \"x\", which is \"a\"");
    task_fails(HEAD "kind: labelled\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\n"
                    "fields: {x: {path: x, whole: true}}\nlabel: {field: x, map: {a: no}}\n",
               "task.yaml:7: \"whole\" is of a field that is cut, and \"before\" and \"after\" are "
               "missing");
}

/* Examples of one question stay together; what a part leaves of a question nobody gets. */
static void questions(void **state)
{
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 300, 150);
    draw(&d, LABELLED "group: g\n", sizes_of(70, 70, 40, 80), zero);
    disjoint(&d);
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d.n[p]; i++)
            for (size_t k = 0; k < d.n[p]; k++) {
                const struct example *a = &d.part[p][i], *b = &d.part[p][k];
                assert_int_equal(a->question == b->question, strtol(a->text + 5, NULL, 10) / 3 ==
                                                                 strtol(b->text + 5, NULL, 10) / 3);
            }
    dataset_release(&d);
}

/* Defects 7 and 9: a part is a function of seed and its own size; the train part, of which student
 * and ceiling both learn, is moved by no other, and a larger one keeps what it had. */
static void growth(void **state)
{
    static const char *const tasks[] = {LABELLED, LABELLED "balance: 0.5\n", LABELLED "group: g\n"};
    (void)state;
    put_rows("a.jsonl", 0, 900, 450);
    for (size_t t = 0; t < 3; t++) {
        struct dataset base, more;
        const struct task_sizes sizes = sizes_of(60, 60, 30, 60);
        draw(&base, tasks[t], sizes, zero);
        disjoint(&base);
        for (int grown = 0; grown < PART_COUNT; grown++) {
            struct task_sizes larger = sizes;
            larger.n[grown] += 37;
            draw(&more, tasks[t], larger, zero);
            for (int p = 0; p < PART_COUNT; p++) {
                assert_true(p == grown ? contains(&more, &base, (enum task_part)p)
                                       : same_part(&more, &base, (enum task_part)p));
                assert_true((strcmp(more.part_hash[p], base.part_hash[p]) == 0) == (p != grown));
            }
            assert_int_equal(more.n[grown], sizes.n[grown] + 37);
            assert_string_not_equal(more.hash, base.hash);
            dataset_release(&more);
        }
        dataset_release(&base);
    }
}

/* A row more in the file moves no other two, and the same file in another order gives the same
 * parts. */
static void stable(void **state)
{
    struct dataset a, b;
    (void)state;
    put_rows("a.jsonl", 0, 500, 250);
    draw(&a, LABELLED, sizes_of(100, 100, 0, 0), zero);
    struct str s = STR_INIT;
    for (int i = 499; i >= 0; i--)
        str_addf(&s, "{\"x\": \"text %d\", \"y\": %d}\n", i, i < 250);
    put("a.jsonl", s.s);
    draw(&b, LABELLED, sizes_of(100, 100, 0, 0), zero);
    assert_true(same_part(&a, &b, PART_SUPERVISE) && same_part(&a, &b, PART_TRAIN));
    assert_string_equal(a.hash, b.hash);
    dataset_release(&b);
    str_cat(&s, "{\"x\": \"one more\", \"y\": 0}\n");
    put("a.jsonl", s.s);
    draw(&b, LABELLED, sizes_of(101, 101, 0, 0), zero);
    assert_true(contains(&b, &a, PART_SUPERVISE) && contains(&b, &a, PART_TRAIN));
    dataset_release(&b);
    dataset_release(&a);
    str_release(&s);
}

/* Defect 9: the split seed moves questions and leaves their labels, the label seed the other way
 * round. */
static void seeds(void **state)
{
    struct dataset base, again, split, label;
    size_t other = 0, shared = 0;
    (void)state;
    put_choices(400);
    const struct task_sizes sizes = sizes_of(100, 100, 0, 0);
    draw(&base, CHOICE "balance: 1\n", sizes, (struct task_seeds){1, 1});
    draw(&again, CHOICE "balance: 1\n", sizes, (struct task_seeds){1, 1});
    draw(&split, CHOICE "balance: 1\n", sizes, (struct task_seeds){2, 1});
    draw(&label, CHOICE "balance: 1\n", sizes, (struct task_seeds){1, 2});
    assert_string_equal(base.hash, again.hash);
    assert_string_not_equal(base.hash, split.hash);
    assert_string_not_equal(base.hash, label.hash);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(base.part[PART_TRAIN][i].question, label.part[PART_TRAIN][i].question);
        other += strcmp(base.part[PART_TRAIN][i].text, label.part[PART_TRAIN][i].text) != 0;
        for (size_t k = 0; k < 100; k++)
            if (base.part[PART_TRAIN][i].question == split.part[PART_TRAIN][k].question) {
                shared++;
                assert_string_equal(base.part[PART_TRAIN][i].text, split.part[PART_TRAIN][k].text);
            }
    }
    assert_in_range(other, 40, 85); /* 5/8 of 100 */
    assert_in_range(shared, 8, 45); /* 100 * 100 / 400 */
    dataset_release(&base);
    dataset_release(&again);
    dataset_release(&split);
    dataset_release(&label);
}

static long question_of(const struct example *x)
{
    return (strtol(strchr(x->source, ':') + 1, NULL, 10) - 1) / 3;
}

/* A question has one name in every draw, whichever of its rows is left out: intervals over seeds
 * take the same question for one unit. */
static void questions_keep_their_names(void **state)
{
    static const char task[] =
        HEAD "kind: choice\nsource: {files: {all: c.jsonl}}\ntemplate: \"{candidate}\"\nchoice: "
             "{question: q, correct: c, distractors: [d]}\nbalance: 1\n";
    struct dataset a, b;
    struct str rows = STR_INIT;
    size_t same = 0;
    (void)state;
    /* Three rows a question, one wrong answer for all: where it is drawn, the row is a duplicate.
     */
    for (size_t i = 0; i < 240; i++)
        str_addf(&rows, "{\"q\": \"Question %zu?\", \"c\": \"right %zu\", \"d\": \"wrong\"}\n",
                 i / 3, i);
    put("c.jsonl", rows.s);
    draw(&a, task, sizes_of(80, 0, 0, 0), (struct task_seeds){1, 1});
    draw(&b, task, sizes_of(80, 0, 0, 0), (struct task_seeds){1, 9});
    for (size_t i = 0; i < 80; i++)
        for (size_t k = 0; k < 80; k++) {
            const struct example *x = &a.part[PART_SUPERVISE][i], *y = &b.part[PART_SUPERVISE][k];
            assert_int_equal(x->question == y->question, question_of(x) == question_of(y));
            same += x->question == y->question;
        }
    assert_true(same > 40);
    dataset_release(&a);
    dataset_release(&b);
    str_release(&rows);
}

/* One reading for many draws: each is what a reading of its own gives, whatever came before it. */
static void one_source_many_draws(void **state)
{
    static const char *const tasks[] = {
        LABELLED, LABELLED "group: g\n", CHOICE "balance: 1\n",
        HEAD "kind: choice\nsource: {files: {train: [c.jsonl, e.jsonl], test: d.jsonl}}\n"
             "template: \"{q} {candidate}.\"\n"
             "choice: {question: q, correct: c, distractors: [d, e]}\n"};
    static const struct task_seeds seeds[] = {{1, 1}, {2, 1}, {2, 2}, {1, 1}};
    const struct task_sizes sizes = sizes_of(40, 40, 20, 40);
    struct str held_out = STR_INIT;
    struct err e = ERR_INIT;
    (void)state;
    put_rows("a.jsonl", 0, 300, 150);
    put("e.jsonl", "{\"q\": \"One more?\", \"c\": \"yes\", \"d\": \"no\", \"e\": \"perhaps\"}\n");
    for (size_t i = 0; i < 100; i++)
        str_addf(&held_out,
                 "{\"q\": \"Held out %zu?\", \"c\": \"yes %zu\", \"d\": 1, \"e\": \"no\"}\n", i, i);
    put("d.jsonl", held_out.s);
    str_release(&held_out);
    put_choices(300);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        struct task *t = task_of(tasks[i]);
        struct source *s;
        assert_int_equal(source_new(&s, t, scratch, &e), OK);
        for (size_t k = 0; k < 4; k++) {
            struct dataset one, own;
            draw(&own, tasks[i], sizes, seeds[k]);
            if (k) { /* what was read is not looked at again */
                put("a.jsonl", "broken");
                put("c.jsonl", "broken");
            }
            assert_int_equal(source_draw(s, &one, &sizes, &seeds[k], NULL, &e), OK);
            if (k) {
                put_rows("a.jsonl", 0, 300, 150);
                put_choices(300);
            }
            assert_string_equal(one.hash, own.hash);
            assert_int_equal(one.duplicates_dropped, own.duplicates_dropped);
            dataset_release(&one);
            dataset_release(&own);
        }
        struct dataset none;
        const struct task_sizes many = sizes_of(400, 0, 0, 0);
        assert_false(source_short(s));
        assert_int_equal(source_draw(s, &none, &many, &zero, NULL, &e), ERR_INPUT);
        assert_true(source_short(s));
        source_free(s);
        task_free(t);
    }
}

/* Defect 10: right and wrong candidates stand in the same words. */
static void format_is_silent(void **state)
{
    struct dataset d;
    (void)state;
    put_choices(200);
    draw(&d, CHOICE, sizes_of(60, 0, 0, 60), zero);
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d.n[p]; i++) {
            const struct example *x = &d.part[p][i];
            char wanted[128];
            long n = strtol(x->text + strlen("Question "), NULL, 10);
            const char *kind = x->label ? "right" : strstr(x->text, "wrong") ? "wrong" : "other";
            snprintf(wanted, sizeof wanted, "Question %ld? %s %ld.", n, kind, n);
            assert_string_equal(x->text, wanted);
        }
    assert_int_equal(ones(&d, PART_TEST), 30);
    dataset_release(&d);
}

/* Official test and validation files: theirs are their parts, and nothing of theirs is anywhere
 * else. */
static void official(void **state)
{
#define FILES(more)                                                                                \
    HEAD "kind: labelled\nsource: {files: {train: [a.jsonl, b.jsonl], test: t.jsonl" more          \
         "}}\ntemplate: \"{x}\"\n"                                                                 \
         "label: {field: y, map: {\"0\": no, \"1\": yes}}\ngroup: g\n"
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 100, 50);
    put_rows("b.jsonl", 100, 50, 25);
    put_rows("t.jsonl", 1000, 60, 28); /* unequal: 28 + 28 can be used */
    put_rows("v.jsonl", 2000, 40, 20);
    draw(&d, FILES(""), sizes_of(60, 60, 20, 40), zero);
    disjoint(&d);
    for (size_t i = 0; i < 40; i++)
        assert_true(str_starts(d.part[PART_TEST][i].source, "t.jsonl:"));
    assert_int_equal(ones(&d, PART_TEST), 20);
    assert_int_equal(d.class_before[0], 75 + 32);
    assert_int_equal(d.class_after[0], 75 + 28);
    size_t from_b = 0;
    for (int p = PART_SUPERVISE; p <= PART_VALID; p++)
        for (size_t i = 0; i < d.n[p]; i++) {
            assert_false(str_starts(d.part[p][i].source, "t.jsonl:"));
            from_b += str_starts(d.part[p][i].source, "b.jsonl:");
        }
    assert_true(from_b > 20);
    dataset_release(&d);
    draw(&d, FILES(", valid: v.jsonl"), sizes_of(60, 60, 20, 40), zero);
    for (size_t i = 0; i < 20; i++)
        assert_true(str_starts(d.part[PART_VALID][i].source, "v.jsonl:"));
    dataset_release(&d);
    draw_fails(FILES(""), sizes_of(0, 0, 0, 58), "task t: 58 examples asked for test, 57 are left");
    draw_fails(FILES(", valid: v.jsonl"), sizes_of(0, 0, 41, 0),
               "task t: 41 examples asked for valid, 40 are left");

    /* The same text in both, once with another label; another text of a test question */
    put("a.jsonl",
        "{\"x\": \"A\", \"g\": \"1\", \"y\": 0}\n{\"x\": \"B\", \"g\": \"2\", \"y\": 1}\n{\"x\": "
        "\"B\", \"g\": \"2\", \"y\": 0}\n"
        "{\"x\": \"T\", \"g\": \"3\", \"y\": 0}\n{\"x\": \"C\", \"g\": \"4\", \"y\": 1}\n");
    put("b.jsonl", "{\"x\": \"U\", \"g\": \"9\", \"y\": 1}\n");
    put("t.jsonl", "{\"x\": \"T\", \"g\": \"3\", \"y\": 0}\n{\"x\": \"U\", \"g\": \"5\", \"y\": "
                   "0}\n{\"x\": \"V\", \"g\": \"4\", \"y\": 1}\n");
    draw(&d, FILES(""), sizes_of(2, 0, 0, 2), zero);
    disjoint(&d);
    assert_int_equal(d.duplicates_dropped, 3);     /* B, T, U */
    assert_int_equal(d.duplicates_in_conflict, 2); /* B, U */
    assert_int_equal(d.straddlers_dropped, 1);     /* C: its question is V's */
    assert_non_null(find(&d, PART_SUPERVISE, "A"));
    assert_non_null(find(&d, PART_SUPERVISE, "B"));
    assert_string_equal(find(&d, PART_SUPERVISE, "B")->source, "a.jsonl:2");
    assert_non_null(find(&d, PART_TEST, "V"));
    dataset_release(&d);
#undef FILES
}

static void too_many(void **state)
{
    (void)state;
    put_rows("a.jsonl", 0, 6321, 3161);
    draw_fails(LABELLED, sizes_of(0, 6000, 500, 1500),
               "task t: 6,000 examples asked for train, 4,317 are left");
    draw_fails(LABELLED, sizes_of(7000, 1, 0, 0),
               "task t: 7,000 examples asked for supervise, 6,321 are left");
    draw_fails(LABELLED, sizes_of(0, 0, 0, 6321),
               "task t: 6,321 examples asked for test, 6,320 are left");
    put_rows("a.jsonl", 0, 10, 1);
    draw_fails(LABELLED, sizes_of(2, 2, 0, 0), "task t: 2 examples asked for train, 1 is left");
    put("a.jsonl", "{\"x\": \"a\", \"y\": 0, \"of\": 1}\n{\"x\": \"b\", \"y\": 1, \"of\": 1}\n"
                   "{\"x\": \"c\", \"y\": 0, \"of\": 1}\n{\"x\": \"d\", \"y\": 1, \"of\": 1}\n");
    draw_fails(LABELLED "group: of\n", sizes_of(1, 0, 0, 1),
               "task t: 1 examples asked for supervise, 0 are left: all rows are one question by "
               "\"group\"");
    put_rows("a.jsonl", 0, 10, 0);
    draw_fails(LABELLED, sizes_of(1, 1, 0, 0),
               "task t: no example of the class \"yes\" in a.jsonl");
}

/* A test of equal classes passes over some of the larger one: they are not made up for in another
 * part, whose classes would then not be as they are drawn by chance. */
static void halves_are_alike(void **state)
{
    (void)state;
    put_rows("a.jsonl", 0, 4000, 2190);
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct dataset d;
        draw(&d, LABELLED, sizes_of(1000, 1000, 0, 1000), (struct task_seeds){seed, 0});
        disjoint(&d);
        assert_int_equal(ones(&d, PART_TEST), 500);
        assert_in_range(ones(&d, PART_SUPERVISE), 510, 585);
        assert_in_range(ones(&d, PART_TRAIN), 510, 585);
        dataset_release(&d);
    }
}

/* Parts of some bands alone: the others' examples are as they are, classes are equal where they
 * have to be, and what is left is counted of the bands. */
static void parts_of_bands(void **state)
{
    struct str s = STR_INIT;
    struct dataset d;
    struct task_sizes sizes = sizes_of(40, 40, 0, 60);
    (void)state;
    for (size_t i = 0; i < 400; i++)
        str_addf(&s, "{\"x\": \"text %zu\", \"y\": %zu, \"level\": %zu}\n", i, i % 2, i / 2 % 4);
    put("a.jsonl", s.s);
    str_release(&s);
    sizes.bands[PART_SUPERVISE] = 1;
    sizes.bands[PART_TRAIN] = 1 | 2;
    draw(&d, LABELLED "bands: {field: level, cuts: [1, 3]}\n", sizes, zero);
    disjoint(&d);
    bool seen[4] = {false};
    for (size_t i = 0; i < 40; i++) {
        assert_true(d.part[PART_SUPERVISE][i].level < 1);
        assert_true(d.part[PART_TRAIN][i].level < 3);
    }
    for (size_t i = 0; i < 60; i++)
        seen[(size_t)d.part[PART_TEST][i].level] = true;
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    assert_int_equal(ones(&d, PART_TEST), 30);
    dataset_release(&d);
    sizes.n[PART_SUPERVISE] = 101;
    sizes.n[PART_TRAIN] = sizes.n[PART_TEST] = 0;
    draw_fails(LABELLED "bands: {field: level, cuts: [1, 3]}\n", sizes,
               "task t: 101 examples asked for supervise, 100 are left");
}

/* Parts that nearly use up the pool step over one another. */
static void nearly_all(void **state)
{
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 200, 100);
    for (int largest = 0; largest < PART_COUNT; largest++) {
        struct task_sizes sizes = sizes_of(10, 10, 10, 10);
        sizes.n[largest] = 170;
        draw(&d, LABELLED "balance: 0.5\n", sizes, zero);
        disjoint(&d);
        for (int p = 0; p < PART_COUNT; p++) {
            assert_int_equal(d.n[p], p == largest ? 170 : 10);
            assert_int_equal(ones(&d, (enum task_part)p), d.n[p] / 2);
        }
        dataset_release(&d);
    }
}

/* A split must not change from one version of the program to the next without being noticed: old
 * results would be compared with other examples. The sums are from tests/oracle/make_split.py,
 * which follows the rule by itself. */
static void golden(void **state)
{
    struct dataset d;
    (void)state;
    put_rows("a.jsonl", 0, 100, 60);
    put_choices(100);
    draw(&d, LABELLED, sizes_of(20, 20, 10, 20), (struct task_seeds){11, 0});
    assert_string_equal(d.part[PART_SUPERVISE][0].text, "text 42");
    assert_string_equal(d.part[PART_TEST][0].id, "1f7718a8d149c940");
    assert_string_equal(d.hash, "ea1d219da363cca936536498578fdc4244c09b069dee37d5976abe7029252f78");
    dataset_release(&d);
    draw(&d, CHOICE, sizes_of(20, 20, 10, 20), (struct task_seeds){11, 12});
    assert_string_equal(d.part[PART_TEST][0].text, "Question 36? right 36.");
    assert_string_equal(d.hash, "4cc64071f58a5b0651c04ce5a639c13987d58aa7bb83284f6474dc59cac43bf1");
    dataset_release(&d);
}

/* The last, as a stop that was asked for stays: what was read is not drawn of any more. */
static void stopped(void **state)
{
    const struct task_sizes sizes = sizes_of(40, 40, 20, 40);
    struct task *t = task_of(LABELLED);
    struct dataset d;
    struct source *s;
    struct err e = ERR_INIT;
    (void)state;
    put_rows("a.jsonl", 0, 300, 150);
    assert_int_equal(source_new(&s, t, scratch, &e), OK);
    assert_int_equal(source_draw(s, &d, &sizes, &zero, NULL, &e), OK);
    dataset_release(&d);
    stop_ask();
    assert_int_equal(source_draw(s, &d, &sizes, &zero, NULL, &e), ERR_INTERRUPTED);
    source_free(s);
    task_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled),
        cmocka_unit_test(rebalanced),
        cmocka_unit_test(three_classes),
        cmocka_unit_test(questions),
        cmocka_unit_test(connected),
        cmocka_unit_test(connected_short),
        cmocka_unit_test(empty_group),
        cmocka_unit_test(whole),
        cmocka_unit_test(growth),
        cmocka_unit_test(stable),
        cmocka_unit_test(questions_keep_their_names),
        cmocka_unit_test(one_source_many_draws),
        cmocka_unit_test(seeds),
        cmocka_unit_test(format_is_silent),
        cmocka_unit_test(official),
        cmocka_unit_test(too_many),
        cmocka_unit_test(halves_are_alike),
        cmocka_unit_test(parts_of_bands),
        cmocka_unit_test(nearly_all),
        cmocka_unit_test(golden),
        cmocka_unit_test(stopped),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
