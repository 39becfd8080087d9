/* data_corpus - documents out of files, and what of them is learnt: rows of tokens by a tokenizer
 * of words, positions among games, moves that are held out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "data/corpus.h"
#include "scratch.h"

#include <string.h>

static const char games[] = "[Event \"One\"]\n\n1. e4 e5 2. Nf3 Nc6 3. Bb5 1-0\n\n"
                            "[Event \"Two\"]\n\n1. d4 d5 2. c4 *\n\n"
                            "[Event \"One again\"]\n\n1. e4 {why not} e5 2. Nf3 Nc6 3. Bb5 0-1\n\n"
                            "[Event \"Wrong\"]\n\n1. e4 e5 2. Ke3 *\n\n"
                            "[Event \"None\"]\n\n*\n\n"
                            "[Event \"Elsewhere\"]\n[SetUp \"1\"]\n"
                            "[FEN \"8/8/3k4/8/8/3K4/4P3/8 w - - 0 1\"]\n\n1. e4 *\n";

static struct err e;

static const char *file_of(const char *name, const char *text)
{
    const char *path = in_scratch(name);
    if (file_write(path, text, strlen(text), &e))
        fail_msg("%s", e.msg);
    return path;
}

static void document_is(const struct corpus *c, size_t i, const char *want)
{
    size_t n;
    const char *s = corpus_document(c, i, &n);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(s, want, n);
}

static void games_open(struct corpus *c)
{
    *c = (struct corpus){.text = STR_INIT};
    if (corpus_games(c, file_of("games.pgn", games), NULL, &e) || corpus_unique(c, &e))
        fail_msg("%s", e.msg);
}

static void games_are_documents(void **state)
{
    (void)state;
    struct corpus c;
    char one[65], other[65];
    games_open(&c);
    assert_int_equal(c.n, 2);
    document_is(&c, 0, "1. e4 e5 2. Nf3 Nc6 3. Bb5");
    document_is(&c, 1, "1. d4 d5 2. c4");
    assert_int_equal(c.from[2], 5 + 3);
    assert_int_equal(c.repeated, 1);
    assert_int_equal(c.left_out, 3);
    assert_int_equal(corpus_hash(&c, one, &e), OK);
    corpus_release(&c);
    assert_int_equal(corpus_texts(&c, file_of("t.txt", "1. d4 d5\n\n"), "text", NULL, &e), OK);
    assert_int_equal(corpus_hash(&c, other, &e), OK);
    assert_string_not_equal(one, other);
    corpus_release(&c);
}

static void texts_are_documents(void **state)
{
    (void)state;
    struct corpus c = {.text = STR_INIT};
    assert_int_equal(
        corpus_texts(&c, file_of("a.txt", "\n one\ntwo\n\n \nthree\n"), "text", NULL, &e), OK);
    assert_int_equal(corpus_texts(&c,
                                  file_of("b.jsonl", "{\"body\": \"four\"}\n{\"body\": \" \"}\n"),
                                  "body", NULL, &e),
                     OK);
    assert_int_equal(c.n, 3);
    document_is(&c, 0, " one\ntwo");
    document_is(&c, 1, "three");
    document_is(&c, 2, "four");
    assert_int_equal(corpus_texts(&c, in_scratch("b.jsonl"), "text", NULL, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "b.jsonl:1: \"text\" is missing"));
    corpus_release(&c);
}

static struct tokenizer *words_tokenizer(const struct corpus *c, size_t most)
{
    struct tokenizer *t = NULL;
    char **words;
    size_t doc[] = {0, 1}, n;
    if (corpus_words(c, doc, 2, most, &words, &n, &e) ||
        tokenizer_words_save((const char *const *)words, n, scratch, &e) ||
        tokenizer_open(&t, scratch, &e))
        fail_msg("%s", e.msg);
    assert_true(n <= most);
    mem_free(words);
    return t;
}

static void ids_are(const struct tokenizer *t, const char *text, size_t n, const int32_t *want)
{
    struct token_ids ids = {NULL, 0, 0};
    struct str back = STR_INIT;
    assert_int_equal(tokenizer_encode(t, text, strlen(text), false, &ids, &e), OK);
    assert_int_equal(ids.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ids.ids[i], want[i]);
        assert_int_equal(tokenizer_decode(t, ids.ids[i], false, &back, &e), OK);
    }
    assert_string_equal(back.s, text);
    token_ids_release(&ids);
    str_release(&back);
}

/* Words that are in both games are tokens, all else is bytes: whatever is written has ids. */
static void words_are_tokens(void **state)
{
    (void)state;
    struct corpus c;
    games_open(&c);
    struct tokenizer *t = words_tokenizer(&c, 100);
    const int32_t first = TOKENIZER_WORDS_AT + 17; /* behind the words of positions */
    const int32_t known[] = {first + 1, 1 + ' ', 1 + 'e', 1 + '4', first}; /* " 2." < "1." */
    ids_are(t, "1. e4 2.", 5, known);
    const int32_t position[] = {1 + '8', 1 + '/', 1 + 'P', TOKENIZER_WORDS_AT,
                                TOKENIZER_WORDS_AT + 16};
    ids_are(t, "8/P w KQkq", 5, position);
    const int32_t bytes[] = {1 + 0xC3, 1 + 0xA9, 1 + ' ', 1 + ' ', 1 + '\n'};
    ids_are(t, "\xC3\xA9  \n", 5, bytes);
    assert_int_equal(tokenizer_vocab(t), TOKENIZER_WORDS_AT + 17 + 2);
    assert_int_equal(tokenizer_eos(t), 0);
    tokenizer_free(t);
    t = words_tokenizer(&c, 18);
    assert_int_equal(tokenizer_vocab(t), TOKENIZER_WORDS_AT + 18);
    tokenizer_free(t);
    corpus_release(&c);
}

static void row_text(const struct tokenizer *tok, const struct token_set *t, size_t i, size_t from,
                     struct str *out)
{
    str_reset(out);
    for (size_t k = t->starts[i] + from; k < t->starts[i + 1]; k++)
        assert_int_equal(tokenizer_decode(tok, t->tokens[k], false, out, &e), OK);
}

static void rows_of_games(void **state)
{
    (void)state;
    struct corpus c;
    struct token_set t, u;
    struct answer_writer w;
    struct str text = STR_INIT;
    size_t doc[] = {1, 0};
    games_open(&c);
    struct tokenizer *tok = words_tokenizer(&c, 100);
    assert_int_equal(answer_writer_init(&w, tok, &e), OK);
    struct corpus_plan p = {.writer = &w, .context = 64, .seed = 3};
    assert_int_equal(corpus_rows(&t, &c, doc, 2, &p, &e), OK);
    assert_int_equal(t.n, 2);
    row_text(tok, &t, 0, 0, &text);
    assert_string_equal(text.s, "1. d4 d5 2. c4<|endoftext|>");
    row_text(tok, &t, 1, 0, &text);
    assert_string_equal(text.s, "1. e4 e5 2. Nf3 Nc6 3. Bb5<|endoftext|>");
    assert_int_equal(t.answer_at[0], 1);
    token_set_release(&t);
    p.context = 8; /* a game is cut at its end */
    assert_int_equal(corpus_rows(&t, &c, doc, 2, &p, &e), OK);
    assert_int_equal(t.n, 2);
    assert_int_equal(token_set_len(&t, 1), 8);
    token_set_release(&t);

    /* Many tokens: games again and again, positions among them by their share, of each the move and
     * the end alone. */
    p.context = 100, p.tokens = 20000, p.positions = 0.4;
    assert_int_equal(corpus_rows(&t, &c, doc, 2, &p, &e), OK);
    assert_true(token_set_total(&t) >= 20000 && token_set_total(&t) < 20000 + 200);
    size_t positions = 0, at = 0, legal = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.answer_at[i] == 1)
            continue;
        row_text(tok, &t, i, 0, &text);
        positions += token_set_len(&t, i);
        at++;
        row_text(tok, &t, i, t.answer_at[i], &text);
        assert_true(text.s[0] == ' ' && str_ends(text.s, "<|endoftext|>"));
        row_text(tok, &t, i, 0, &text);
        legal += strstr(text.s, " w") || strstr(text.s, " b");
    }
    assert_true(at > 50 && legal == at);
    assert_true((double)positions > 0.38 * 20000 && (double)positions < 0.42 * 20000);
    assert_int_equal(corpus_rows(&u, &c, doc, 2, &p, &e), OK); /* the same once more */
    assert_int_equal(u.n, t.n);
    assert_memory_equal(u.tokens, t.tokens, token_set_total(&t) * sizeof *t.tokens);
    token_set_release(&u);
    token_set_release(&t);
    p.context = 12;
    assert_int_equal(corpus_rows(&t, &c, doc, 2, &p, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "a context of 12 tokens"));
    str_release(&text);
    tokenizer_free(tok);
    corpus_release(&c);
}

static void moves_that_are_asked_for(void **state)
{
    (void)state;
    struct corpus c;
    struct token_set t;
    struct answer_writer w;
    struct str text = STR_INIT;
    size_t doc[] = {0, 1};
    games_open(&c);
    struct tokenizer *tok = words_tokenizer(&c, 100);
    assert_int_equal(answer_writer_init(&w, tok, &e), OK);
    struct corpus_plan p = {.writer = &w, .context = 100, .seed = 1};
    for (int position = 0; position < 2; position++) {
        assert_int_equal(corpus_moves(&t, &c, doc, 2, &p, 10, position, &e), OK);
        assert_int_equal(t.n, 20);
        for (size_t i = 0; i < t.n; i++) {
            row_text(tok, &t, i, 0, &text);
            if (position)
                assert_true(str_starts(text.s, "r"));
            else /* what came before, and the next move */
                assert_true(str_starts("1. e4 e5 2. Nf3 Nc6 3. Bb5", text.s) ||
                            str_starts("1. d4 d5 2. c4", text.s));
            row_text(tok, &t, i, t.answer_at[i], &text);
            assert_true(text.s[0] == ' ' && !strpbrk(text.s + 1, " ./<"));
        }
        token_set_release(&t);
    }
    str_release(&text);
    tokenizer_free(tok);
    corpus_release(&c);
}

/* A long text is as many rows as it needs; every token but the first is predicted once. */
static void rows_of_texts(void **state)
{
    (void)state;
    struct corpus c = {.text = STR_INIT};
    struct token_set t;
    struct answer_writer w;
    struct tokenizer *tok = NULL;
    size_t doc[] = {0, 1}, predicted = 0;
    assert_int_equal(
        corpus_texts(&c, file_of("l.txt", "abcdefghijklmnopqrst\n\nxy"), "text", NULL, &e), OK);
    assert_int_equal(tokenizer_words_save(NULL, 0, scratch, &e), OK);
    assert_int_equal(tokenizer_open(&tok, scratch, &e), OK);
    assert_int_equal(answer_writer_init(&w, tok, &e), OK);
    struct corpus_plan p = {.writer = &w, .context = 8};
    assert_int_equal(corpus_rows(&t, &c, doc, 2, &p, &e), OK);
    for (size_t i = 0; i < t.n; i++) {
        assert_in_range(token_set_len(&t, i), 2, 8);
        assert_int_equal(t.answer_at[i], 1);
        predicted += token_set_len(&t, i) - 1;
        if (i && i < 3)
            assert_int_equal(t.tokens[t.starts[i]], t.tokens[t.starts[i] - 1]);
    }
    assert_int_equal(predicted, 20 + 2);

    /* Read again and again, a text is the same rows, one behind the other. */
    struct token_set again;
    size_t begun = 0;
    p.tokens = 300;
    assert_int_equal(corpus_rows(&again, &c, doc, 2, &p, &e), OK);
    assert_true(token_set_total(&again) >= 300);
    for (size_t i = 0; i < again.n; begun++) {
        bool longer = again.tokens[again.starts[i]] == t.tokens[0];
        size_t from = longer ? 0 : t.n - 1, rows = longer ? t.n - 1 : 1;
        size_t all = t.starts[from + rows] - t.starts[from], left = again.starts[again.n];
        left -= again.starts[i];
        assert_memory_equal(again.tokens + again.starts[i], t.tokens + t.starts[from],
                            (left < all ? left : all) * sizeof *t.tokens);
        for (size_t k = 0; k < rows && i < again.n; k++, i++)
            assert_int_equal(token_set_len(&again, i), token_set_len(&t, from + k));
    }
    assert_true(begun > 10);
    token_set_release(&again);
    token_set_release(&t);
    tokenizer_free(tok);
    corpus_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(games_are_documents),      cmocka_unit_test(texts_are_documents),
        cmocka_unit_test(words_are_tokens),         cmocka_unit_test(rows_of_games),
        cmocka_unit_test(moves_that_are_asked_for), cmocka_unit_test(rows_of_texts),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
