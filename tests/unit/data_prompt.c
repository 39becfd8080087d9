/* prompt - the tokens of a prompt: pieces one after the other, a label's word the same wherever it
 * stands; what a task file says of it. */
#include "data_tokenizer.h"

#include "data/prompt.h"

/* text_of - the bytes of ids of the byte tokenizer. */
static void text_of(const struct tokenizer *t, const int32_t *ids, size_t n, struct str *out)
{
    struct err e = ERR_INIT;
    str_reset(out);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(tokenizer_decode(t, ids[i], false, out, &e), OK);
}

static void pieces(void **state)
{
    const struct asking asking = {"Is it good?", "Answer:", {" no", " yes"}, 2};
    const struct shot shots[] = {{"bad film", 8, 0}, {"fine film", 9, 1}};
    const struct example x[] = {{.text = "a film", .len = 6}, {.text = "a", .len = 1}};
    struct err e = ERR_INIT;
    struct prompter p;
    struct token_ids prefix = {NULL, 0, 0};
    struct token_set t;
    struct str s = STR_INIT;
    struct tokenizer *tok = tokenizer_bytes();
    (void)state;
    assert_int_equal(prompter_init(&p, &asking, 2, tok, &e), OK);
    text_of(tok, p.word_tokens.ids, p.word_starts[1], &s);
    assert_string_equal(s.s, " no");
    text_of(tok, p.word_tokens.ids + p.word_starts[1], p.word_starts[2] - p.word_starts[1], &s);
    assert_string_equal(s.s, " yes");
    assert_int_equal(prompter_prefix(&p, shots, 2, &prefix, &e), OK);
    text_of(tok, prefix.ids, prefix.n, &s);
    assert_string_equal(s.s, "Is it good?\n\nbad film\nAnswer: no\n\nfine film\nAnswer: yes\n\n");
    assert_int_equal(prompter_texts(&p, x, 2, &t, &e), OK);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.longest, 6 + 8);
    text_of(tok, t.tokens + t.starts[1], token_set_len(&t, 1), &s);
    assert_string_equal(s.s, "a\nAnswer:");
    token_set_release(&t);
    assert_int_equal(prompter_text(&p, "", &t, &e), OK);
    text_of(tok, t.tokens, token_set_len(&t, 0), &s);
    assert_string_equal(s.s, "Answer:");
    token_set_release(&t);
    /* A bound on all prompts of texts of 9 tokens; and not a loose one. */
    size_t most = prompter_longest(&p, 2, 9, &e), real = prefix.n + 9 + 8 + 3;
    assert_true(most >= real && most <= real + 12);
    token_ids_release(&prefix);
    prompter_release(&p);
    str_release(&s);
    tokenizer_free(tok);
}

/* Without shots and instruction nothing stands before a text; an ask that ends in a blank takes
 * none from the word. */
static void alone(void **state)
{
    const struct asking asking = {"", "It is ", {"bad", "good"}, 2};
    struct err e = ERR_INIT;
    struct prompter p;
    struct token_ids prefix = {NULL, 0, 0};
    struct str s = STR_INIT;
    struct tokenizer *tok = tokenizer_bytes();
    (void)state;
    assert_int_equal(prompter_init(&p, &asking, 2, tok, &e), OK);
    assert_int_equal(prompter_prefix(&p, NULL, 0, &prefix, &e), OK);
    assert_int_equal(prefix.n, 0);
    text_of(tok, p.word_tokens.ids + p.word_starts[1], p.word_starts[2] - p.word_starts[1], &s);
    assert_string_equal(s.s, "good");
    prompter_release(&p);
    token_ids_release(&prefix);
    str_release(&s);
    tokenizer_free(tok);
}

static void over(void **state)
{
    struct asking a = {"", "Answer:", {" no", " yes"}, 2};
    const struct asking none = {.n_words = 0}, own = {NULL, "So:", {"x", "y"}, 2};
    (void)state;
    asking_over(&a, &none);
    assert_string_equal(a.ask, "Answer:");
    assert_string_equal(a.words[1], " yes");
    asking_over(&a, &own);
    assert_string_equal(a.instruction, "");
    assert_string_equal(a.ask, "So:");
    assert_string_equal(a.words[1], "y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces), cmocka_unit_test(alone),
                                       cmocka_unit_test(over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
