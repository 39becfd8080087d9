/* data_answer - tasks that are answered by writing: their files, what is right, tokens to learn
 * from, room for the answer. */
#include "data_tokenizer.h"

#include "data/answer.h"

#include <math.h>

#define HEAD  "name: t\ncitation: none\nlicence: CC0\nkind: generation\n"
#define PLAIN HEAD "source: {files: {all: a.jsonl}}\ntemplate: \"Q: {q}\"\nlong: q\n"
#define CHESS HEAD "source: {files: {all: c.csv}, format: puzzles}\ntemplate: \"{prompt}\"\n"

static const struct task_seeds zero = {0, 0};

static void rows_put(size_t n)
{
    struct str s = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_addf(&s, "{\"q\": \"sum %zu\", \"a\": \" %zu \", \"hard\": %zu}\n", i, i * i, i);
    put("a.jsonl", s.s);
    str_release(&s);
}

static void plain(void **state)
{
    struct dataset d;
    struct task *t;
    struct str name = STR_INIT;
    (void)state;
    rows_put(12);
    t = task_of(PLAIN "answer: a\nbands: {field: hard, cuts: [3, 5.5]}\n");
    assert_true(task_writes(t) && !task_moves(t));
    assert_int_equal(task_classes(t), 1);
    assert_int_equal(task_bands(t), 3);
    assert_int_equal(task_band(t, 2.9), 0);
    assert_int_equal(task_band(t, 3), 1);
    assert_int_equal(task_band(t, 5.5), 2);
    for (size_t k = 0; k < 3; k++) {
        task_band_name(t, k, &name);
        str_addc(&name, '|');
    }
    assert_string_equal(name.s, "below 3|3 to 5.5|5.5 and more|");
    str_release(&name);
    task_free(t);
    draw(&d, PLAIN "answer: {text: a}\nbands: {field: hard, cuts: [3]}\n", sizes_of(4, 4, 0, 4),
         zero);
    for (size_t i = 0; i < 4; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        char wanted[24];
        size_t k = strtoul(x->text + strlen("Q: sum "), NULL, 10);
        snprintf(wanted, sizeof wanted, "%zu", k * k);
        assert_string_equal(x->answer, wanted);
        assert_true(x->level == (double)k);
        assert_null(x->position);
        assert_int_equal(x->label, 0);
        struct answer_verdict same = answer_judge(x, wanted, strlen(wanted));
        assert_true(same.right && same.legal);
        assert_false(answer_judge(x, "7x", 2).right);
        snprintf(wanted, sizeof wanted, " %zu\n", k * k);
        assert_true(answer_judge(x, wanted, strlen(wanted)).right);
    }
    dataset_release(&d);
}

/* The answer is part of what a part is known by. */
static void hashes(void **state)
{
    static const char *const rows[] = {"{\"q\": \"x\", \"a\": \"1\"}\n",
                                       "{\"q\": \"x\", \"a\": \"2\"}\n"};
    struct dataset d[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        put("a.jsonl", rows[i]);
        draw(&d[i], PLAIN "answer: a\n", sizes_of(0, 0, 0, 1), zero);
    }
    assert_string_equal(d[0].part[PART_TEST][0].id, d[1].part[PART_TEST][0].id);
    assert_string_not_equal(d[0].part_hash[PART_TEST], d[1].part_hash[PART_TEST]);
    dataset_release(&d[0]);
    dataset_release(&d[1]);
}

static void wrong_files(void **state)
{
    (void)state;
    rows_put(3);
    task_fails(PLAIN, "task.yaml:1: \"answer\" is missing");
    task_fails(
        PLAIN "answer: q\n",
        "task.yaml:6: the template shows \"q\", which is the answer and gives the class away");
    task_fails(
        PLAIN "answer: a\nclasses: [x, y]\n",
        "task.yaml:9: \"classes\" belongs to tasks of another kind, this one is a generation");
    task_fails(PLAIN "answer: {position: p}\n", "task.yaml:8: \"text\" is missing");
    task_fails(PLAIN "answer: a\nbands: {field: hard, cuts: [3, 3]}\n",
               "task.yaml:9: \"cuts\" is wanted as numbers that rise");
    task_fails(PLAIN "answer: a\nbands: {field: hard}\n",
               "task.yaml:9: \"cuts\" is wanted as a list of 1 to 15 numbers");
    task_fails("name: t\ncitation: none\nlicence: CC0\nkind: labelled\n"
               "source: {files: {all: a.jsonl}}\ntemplate: \"{q}\"\nanswer: a\n",
               "task.yaml:7: \"answer\" belongs to tasks of kind generation, this one is labelled");
    put("a.jsonl", "{\"q\": \"x\", \"a\": \"  \"}\n");
    draw_fails(PLAIN "answer: a\n", sizes_of(0, 0, 0, 1),
               "task t: a.jsonl:1: \"a\" is empty, wanted an answer");
    put("c.csv", "FEN,Moves\n7k/8/8/8/8/8/R7/1R5K b - - 0 1,h8g8 b1b8\n");
    draw_fails(CHESS "answer: {text: id, position: fen}\n", sizes_of(0, 0, 0, 1),
               "task t: c.csv:2: \"c.csv:2\" is not the spelling of a move");
}

/* Right is the move, however it is spelled, and every mate where the answer mates. */
static void moves(void **state)
{
    static const struct {
        const char *text;
        bool right, legal;
    } said[] = {{"Rb8#", true, true},  {"Rb8", true, true},       {"b1b8", true, true},
                {"Rbb7", false, true}, {"Rb9", false, false},     {"", false, false},
                {"Rc1", false, true},  {"Rb8# is it", true, true}};
    struct dataset d;
    struct str options = STR_INIT;
    struct err e = ERR_INIT;
    size_t n, found = 0;
    (void)state;
    /* a ladder mate: the a-rook holds the seventh rank */
    put("c.csv", "PuzzleId,FEN,Moves,Rating\nx,7k/R7/8/8/8/8/8/1R5K b - - 0 1,h8g8 b1b8,900\n");
    draw(&d, CHESS "answer: {text: answer, position: fen}\nbands: {field: rating, cuts: [1000]}\n",
         sizes_of(0, 0, 0, 1), zero);
    struct example *x = &d.part[PART_TEST][0];
    assert_string_equal(x->answer, "Rb8#");
    assert_true(x->level == 900);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct answer_verdict v = answer_judge(x, said[i].text, strlen(said[i].text));
        assert_int_equal(v.right, said[i].right);
        assert_int_equal(v.legal, said[i].legal);
    }
    assert_int_equal(answer_options(x, &options, &n, &e), OK);
    const char *s = options.s;
    for (size_t i = 0; i < n; i++, s += strlen(s) + 1) {
        assert_true(answer_judge(x, s, strlen(s)).legal);
        found += strcmp(s, x->answer) == 0;
    }
    assert_int_equal(found, 1);
    assert_true((size_t)(s - options.s) == options.len);
    x->answer = "b1b8"; /* moves are spelled as the answer is */
    str_reset(&options);
    assert_int_equal(answer_options(x, &options, &n, &e), OK);
    assert_int_equal(strlen(options.s), 4);
    assert_true(answer_judge(x, "Rb8#", 4).right);
    str_release(&options);
    dataset_release(&d);
}

/* Without an end-of-text token answers end with a line break; bytes are tokens. */
static void tokens(void **state)
{
    struct tokenizer *tok = tokenizer_bytes();
    struct answer_writer w;
    struct err e = ERR_INIT;
    struct dataset d;
    struct token_set t;
    struct str text = STR_INIT;
    static const char *const other[] = {"abcdefg", ""};
    (void)state;
    put("a.jsonl", "{\"q\": \"one\", \"a\": \"1\"}\n{\"q\": \"twelve\", \"a\": \"12\"}\n");
    draw(&d, PLAIN "answer: a\n", sizes_of(0, 0, 0, 2), zero);
    assert_int_equal(answer_writer_init(&w, tok, &e), OK);
    assert_true(w.blank);
    assert_int_equal(w.end, tokenizer_find(tok, "\n"));
    assert_int_equal(dataset_cut(&d, (const struct tokenizer *const *)&tok, 1, 10, &e), OK);
    assert_int_equal(d.answer_tokens, 4); /* " 12\n" */
    for (size_t i = 0; i < 2; i++) {      /* from the left of the long field */
        assert_true(d.part[PART_TEST][i].len <= 6);
        assert_memory_equal(d.part[PART_TEST][i].text, "Q: ", 3);
    }
    for (int own = 0; own < 3; own++) { /* an answer is cut, and counted, where there is no room */
        size_t cut, room = d.part[PART_TEST][0].len > d.part[PART_TEST][1].len
                               ? d.part[PART_TEST][0].len
                               : d.part[PART_TEST][1].len;
        assert_int_equal(answers_set(&t, d.part[PART_TEST], own == 1 ? NULL : other, 2, &w,
                                     own == 2 ? room + 9 : room + 5, &cut, &e),
                         OK);
        assert_int_equal(t.n, 2);
        assert_int_equal(cut, own == 0);
        for (size_t i = 0; i < 2; i++) {
            const struct example *x = &d.part[PART_TEST][i];
            size_t len = token_set_len(&t, i);
            const int32_t *ids = t.tokens + t.starts[i];
            assert_int_equal(t.answer_at[i], x->len);
            assert_int_equal(ids[len - 1], w.end);
            assert_int_equal(answer_decode(&w, ids + x->len, len - x->len, &text, &e), OK);
            assert_string_equal(text.s, own == 1 ? x->answer : i ? "" : own ? "abcdefg" : "abc");
        }
        token_set_release(&t);
    }
    /* what is no UTF-8 is mended, and what stands behind the end is nothing */
    int32_t ids[3] = {tokenizer_find(tok, "x"), w.end, w.end};
    assert_int_equal(answer_decode(&w, ids, 3, &text, &e), OK);
    assert_string_equal(text.s, "x");
    assert_int_equal(answer_decode(&w, ids, 0, &text, &e), OK);
    assert_string_equal(text.s, "");
    assert_int_equal(dataset_cut(&d, (const struct tokenizer *const *)&tok, 1, 5, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "no room is left for a prompt"));
    str_release(&text);
    dataset_release(&d);
    tokenizer_free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(hashes),
                                       cmocka_unit_test(wrong_files), cmocka_unit_test(moves),
                                       cmocka_unit_test(tokens)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
