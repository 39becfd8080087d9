/* data_alternatives - examples of several texts: choices among k, preferences between two rows, and
 * how they are cut, packed and told apart. */
#include "data_tokenizer.h"

#include "data/alternatives.h"
#include "data/pack.h"

#include <math.h>

#define HEAD   "name: t\ncitation: none\nlicence: CC0\n"
#define CHOICE HEAD "kind: choice\nsource: {files: {all: a.jsonl}}\n"
#define RATED  HEAD "kind: preference\nsource: {files: {all: a.jsonl}}\ntemplate: \"{x}\"\n"

static const struct task_seeds seeds = {0, 0};

/* Each row is one example of all its candidates; the label is where the right one stands, each
 * place as often. Another label seed draws other orders of the same questions. */
static void choices(void **state)
{
    enum { N = 90 };
    static const char *const yaml = CHOICE
        "choice: {question: q, correct: c, distractors: [d, e], alternatives: 3, word: \" so\"}\n"
        "template: \"{q}\\n{candidate}\"\nlong: q\nbalance: 1\n";
    static char text[N * 80];
    size_t at = 0, place[3] = {0}, moved = 0;
    struct dataset d, other;
    (void)state;
    for (int i = 0; i < N; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "{\"q\": \"q%d\", \"c\": \"right\", \"d\": \"w1\", \"e\": \"w2\"}\n",
                               i);
    put("a.jsonl", text);
    struct task *t = task_of(yaml);
    assert_int_equal(task_alternatives(t), 3);
    assert_int_equal(task_classes(t), 3);
    assert_string_equal(task_class_name(t, 2), "3");
    assert_string_equal(task_reward_word(t), " so");
    task_free(t);
    draw(&d, yaml, sizes_of(N, 0, 0, 0), seeds);
    draw(&other, yaml, sizes_of(N, 0, 0, 0), (struct task_seeds){0, 1});
    assert_int_equal(d.alternatives, 3);
    for (size_t i = 0; i < N; i++) {
        const struct example *x = &d.part[PART_SUPERVISE][i];
        const struct example *y = &other.part[PART_SUPERVISE][i];
        size_t words = 0;
        assert_int_equal(x->n_alternatives, 3);
        for (size_t k = 0; k < 3; k++) {
            const char *answer = strchr(x->alternatives[k].text, '\n') + 1;
            assert_int_equal(strcmp(answer, "right") == 0, (int)k == x->label);
            assert_int_equal(x->alternatives[k].long_end,
                             strlen(x->alternatives[k].text) - strlen(answer) - 1);
            assert_true(isnan(x->alternatives[k].rating));
            words |= strcmp(answer, "w1") == 0 ? 1U : strcmp(answer, "w2") == 0 ? 2U : 4U;
        }
        assert_int_equal(words, 7);
        assert_true(x->question == y->question);
        moved += x->label != y->label;
        place[x->label]++;
    }
    assert_true(strcmp(d.hash, other.hash) != 0);
    for (size_t k = 0; k < 3; k++)
        assert_in_range(place[k], 14, 46); /* a third of 90: five standard deviations */
    assert_in_range(moved, 37, 83);
    dataset_release(&d);
    dataset_release(&other);
}

/* What cannot be a choice among so many: a row of another number is a mistake; one whose right
 * answer stands there twice, or of which two are right, is left out. */
static void choices_wrong(void **state)
{
    static const char *const yaml =
        CHOICE "choice: {options: o, answer: a, alternatives: 3}\ntemplate: \"{candidate}\"\n";
    struct dataset d;
    (void)state;
    put("a.jsonl", "{\"o\": [\"x\", \"y\", \"z\"], \"a\": 0}\n{\"o\": [\"x\", \"y\"], \"a\": 1}\n");
    draw_fails(
        yaml, sizes_of(0, 0, 0, 1),
        "task t: a.jsonl:2: the answers, right and wrong, are 2, wanted 3 (\"alternatives\")");
    put("a.jsonl",
        "{\"o\": [\"x\", \"y\", \"z\"], \"a\": 0}\n{\"o\": [\"x\", \"y\", \"x\"], \"a\": 0}\n"
        "{\"o\": [\"p\", \"q\", \"r\"], \"a\": [0, 1]}\n{\"o\": [\"u\", \"v\", \"w\"], \"a\": 2}\n"
        "{\"o\": [\"1\", \"2\", \"3\"], \"a\": 1}\n{\"o\": [\"4\", \"5\", \"6\"], \"a\": 1}\n"
        "{\"o\": [\"a\", \"b\", \"c\"], \"a\": 1}\n{\"o\": [\"d\", \"e\", \"f\"], \"a\": 1}\n"
        /* the first row in another order is the same example */
        "{\"o\": [\"z\", \"x\", \"y\"], \"a\": 1}\n{\"o\": [\"y\", \"z\", \"x\"], \"a\": 0}\n");
    draw(&d, yaml, sizes_of(0, 2, 0, 0), seeds);
    assert_int_equal(d.rows_left_out, 2);
    assert_int_equal(d.duplicates_dropped, 2);
    assert_int_equal(d.duplicates_in_conflict, 1);
    dataset_release(&d);
    task_fails(CHOICE "choice: {question: q, correct: c, distractors: d, word: so}\n"
                      "template: \"{candidate}\"\n",
               "task.yaml:6: \"word\" is of a reward, and \"alternatives\" is missing");
    task_fails(CHOICE "choice: {correct: c, distractors: d, alternatives: 1}\n"
                      "template: \"{candidate}\"\n",
               "task.yaml:6: \"alternatives\" is 1, wanted a whole number from 2 to 16");
    task_fails(
        CHOICE "classes: [a, b]\nchoice: {correct: c, distractors: d, alternatives: 2}\n"
               "template: \"{candidate}\"\n",
        "task.yaml:6: the classes of alternatives are their places: \"classes\" says nothing");
}

/* Rows with a rating, two by two: no text twice, the higher one is right, the pairs hang on the
 * texts alone. */
static void preferences(void **state)
{
    enum { N = 400 };
    static char text[N * 48];
    static const char *const yaml = RATED "preference: {rating: r, gap: 1}\nbalance: 1\n";
    size_t at = 0, second = 0, turned = 0;
    bool used[N] = {false};
    struct dataset d, other;
    (void)state;
    for (int i = 0; i < N; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "{\"x\": \"text %d\", \"r\": %.1f}\n",
                               i, i / 100.0 - 2);
    put("a.jsonl", text);
    draw(&d, yaml, sizes_of(30, 30, 0, 10), seeds);
    draw(&other, yaml, sizes_of(30, 30, 0, 10), (struct task_seeds){0, 5});
    assert_int_equal(d.rows_left_out + 2 * d.examples, N);
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < d.n[part]; i++) {
            const struct example *x = &d.part[part][i], *y = &other.part[part][i];
            const struct reading *a = x->alternatives;
            assert_true(x->label == (a[1].rating > a[0].rating));
            assert_true(fabs(a[1].rating - a[0].rating) >= 1);
            assert_true(fabs(x->confidence - fabs(a[1].rating - a[0].rating)) < 1e-12);
            for (size_t k = 0; k < 2; k++) {
                int n = (int)strtol(a[k].text + 5, NULL, 10);
                assert_true(fabs(a[k].rating - (round(n / 10.0) / 10 - 2)) < 0.11);
                assert_false(used[n]);
                used[n] = true;
            }
            second += x->label == 1;
            if (part != PART_TEST) { /* there the label seed decides which classes fit the quota */
                assert_true(x->question == y->question);
                turned += strcmp(a[0].text, y->alternatives[0].text) != 0;
            }
        }
    assert_in_range(second, 15, 55);
    assert_in_range(turned, 12, 48);
    dataset_release(&d);
    dataset_release(&other);
    put("a.jsonl", "{\"x\": \"a\", \"r\": \"high\"}\n");
    draw_fails(yaml, sizes_of(0, 0, 0, 1), "task t: a.jsonl:1: \"r\" is \"high\", wanted a number");
    task_fails(RATED "preference: {gap: 1}\n", "task.yaml:7: \"rating\" is missing");
    task_fails(RATED, "task.yaml:1: \"preference\" is missing");
    task_fails(
        RATED "preference: {rating: r}\nconfidence: c\n",
        "task.yaml:8: \"confidence\" belongs to tasks of another kind, this one is a preference");
    task_fails(
        HEAD "kind: preference\nsource: {files: {all: a}}\ntemplate: \"{x} {r}\"\n"
             "preference: {rating: r}\n",
        "task.yaml:6: the template shows \"r\", which is the rating and gives the class away");
}

/* Replies as lists of messages, and lists of such lists: each is one text, what they answer is
 * shared. */
static void dialogues(void **state)
{
    enum { N = 12 };
    static const char *const yaml = CHOICE "choice: {correct: c, distractors: r, alternatives: 3}\n"
                                           "template: \"{candidate}\"\n";
    struct str rows = STR_INIT;
    struct dataset d;
    (void)state;
    for (int i = 0; i < 3 * N; i++)
        str_addf(
            &rows,
            "{\"c\": [{\"role\": \"user\", \"content\": \"q%d\\nso?\"}, {\"role\": \"assistant\", "
            "\"content\": \"good\"}], \"r\": [[{\"role\": \"user\", \"content\": \"q%d\\nso?\"}, "
            "{\"role\": \"assistant\", \"content\": \"bad\"}], [{\"role\": \"user\", "
            "\"content\": \"q%d\\nso?\"}, {\"role\": \"assistant\", \"content\": \"worse\"}]]}\n",
            i, i, i);
    put("a.jsonl", rows.s);
    str_release(&rows);
    draw(&d, yaml, sizes_of(0, 0, 0, N), seeds);
    for (size_t i = 0; i < N; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_int_equal(x->n_alternatives, 3);
        const size_t shared = alternatives_shared(x->alternatives, 3);
        for (size_t k = 0; k < 3; k++) {
            const char *reply = x->alternatives[k].text + shared;
            assert_true(str_starts(reply, "Assistant: "));
            assert_int_equal(strcmp(reply, "Assistant: good") == 0, (int)k == x->label);
        }
        assert_true(str_starts(x->text, "Human: q"));
    }
    dataset_release(&d);
}

static struct reading reading_of(const char *text)
{
    return (struct reading){text, strlen(text), 0, 0, (double)NAN};
}

static void shared_lines(void **state)
{
    static const struct {
        const char *a, *b, *text;
        size_t shared;
    } cases[] = {
        {"Human: a\nYou: yes", "Human: a\nYou: no", "Human: a\n[1] You: yes\n[2] You: no", 9},
        {"yes", "yesterday", "[1] yes\n[2] yesterday", 0},
        {"a\nb\n", "a\nb\nc", "a\n[1] b\n\n[2] b\nc", 2}, /* each keeps something of its own */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r[] = {reading_of(cases[i].a), reading_of(cases[i].b)};
        struct str s = STR_INIT;
        assert_int_equal(alternatives_shared(r, 2), cases[i].shared);
        alternatives_text(&s, r, 2);
        assert_string_equal(s.s, cases[i].text);
        str_release(&s);
    }
}

/* Each alternative is a sequence of its own; what all begin with is cut alike, as the longest needs
 * it, and then each from its own left. */
static void cut_alike(void **state)
{
    struct tokenizer *tok = tokenizer_bytes();
    struct err e = ERR_INIT;
    const char *wanted[][3] = {
        {"ghi\nlonger", "ghi\nno", "ghi\n[1] longer\n[2] no"},
        {"i\nlonger", "i\nno", "i\n[1] longer\n[2] no"},
        {"ger", "no", "[1] ger\n[2] no"},
    };
    static const size_t max[] = {10, 8, 3};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct reading r[] = {reading_of("abcdef ghi\nlonger"), reading_of("abcdef ghi\nno")};
        r[0].long_end = r[1].long_end = 11;
        struct example x = {.text = "", .alternatives = r, .n_alternatives = 2, .source = "a:1"};
        struct dataset d = {.arena = ARENA_INIT, .classes = 2, .alternatives = 2};
        const struct tokenizer *one = tok;
        struct token_set t;
        struct packer p;
        static const size_t index[] = {0};
        d.part[PART_TRAIN] = &x;
        d.n[PART_TRAIN] = 1;
        assert_int_equal(dataset_cut(&d, &one, 1, max[i], &e), OK);
        assert_string_equal(r[0].text, wanted[i][0]);
        assert_string_equal(r[1].text, wanted[i][1]);
        assert_string_equal(x.text, wanted[i][2]);
        assert_int_equal(d.cut[PART_TRAIN], 1);
        assert_int_equal(token_set_make(&t, &x, 1, tok, &e), OK);
        assert_int_equal(t.per, 2);
        assert_int_equal(t.starts[1], strlen(wanted[i][0]));
        assert_int_equal(token_set_total(&t), strlen(wanted[i][0]) + strlen(wanted[i][1]));
        assert_int_equal(token_set_len(&t, 0), token_set_total(&t));
        packer_init(&p);
        assert_int_equal(packer_fill(&p, &t, index, 1, &e), OK);
        assert_int_equal(p.batch.n_seqs, 2);
        assert_int_equal(p.batch.starts[1], t.starts[1]);
        packer_release(&p);
        token_set_release(&t);
        dataset_release(&d);
    }
    tokenizer_free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices),     cmocka_unit_test(choices_wrong),
        cmocka_unit_test(preferences), cmocka_unit_test(shared_lines),
        cmocka_unit_test(dialogues),   cmocka_unit_test(cut_alike),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
