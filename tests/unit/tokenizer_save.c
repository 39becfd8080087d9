/* A GGUF file's tokenizer written as a Hugging Face one is the same tokenizer: for every known
 * pre-tokenizer the same ids, with bos where the file wants one, special tokens and added ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/file.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 6 };
static const char *const words[WORDS][2] = {{"t", "h"}, {"th", "e"}, {"\xc4\xa0", "the"},
                                            {"1", "2"}, {"'", "s"},  {"\xc3\x83", "\xc2\xa9"}};
static const char *tokens[256 + WORDS + 3], *merges[WORDS];
static char text[256 + WORDS + 3][16], lines[WORDS][32];
static int32_t types[256 + WORDS + 3];
static size_t n_tokens;

static void token(const char *s, int32_t type)
{
    snprintf(text[n_tokens], sizeof text[0], "%s", s);
    tokens[n_tokens] = text[n_tokens];
    types[n_tokens++] = type;
}

/* The alphabet of bytes, a few merges, control and user-defined tokens. */
static void tokens_make(void)
{
    int extra = 0;
    for (int b = 0; b < 256; b++) {
        bool keep = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        unsigned cp = keep ? (unsigned)b : 256u + (unsigned)extra++;
        char utf8[5] = {0};
        utf8_put(utf8, cp);
        token(utf8, 1);
    }
    for (size_t i = 0; i < WORDS; i++) {
        char whole[16];
        snprintf(lines[i], sizeof lines[i], "%s %s", words[i][0], words[i][1]);
        snprintf(whole, sizeof whole, "%s%s", words[i][0], words[i][1]);
        merges[i] = lines[i];
        token(whole, 1);
    }
    token("<|end|>", 3);
    token("<|begin|>", 3);
    token("<tool>", 4);
}

static void compare(const struct tokenizer *a, const struct tokenizer *b, const char *pre)
{
    static const char *const texts[] = {"the other's 12345 days",
                                        "The  thé\n\n  x=1.5;",
                                        "<|end|>then<tool>the <|begin|>",
                                        "e\xcc\x81 \xe6\x97\xa5 \t  ",
                                        "",
                                        "I'LL they've"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int model = 0; model < 2; model++) {
            struct token_ids x = {0}, y = {0};
            size_t n = strlen(texts[i]);
            check(model ? tokenizer_encode_model(a, texts[i], n, &x, &e)
                        : tokenizer_encode(a, texts[i], n, false, &x, &e));
            check(model ? tokenizer_encode_model(b, texts[i], n, &y, &e)
                        : tokenizer_encode(b, texts[i], n, false, &y, &e));
            if (x.n != y.n || (x.n && memcmp(x.ids, y.ids, x.n * sizeof *x.ids) != 0))
                fail_msg("%s: other ids of \"%s\"", pre, texts[i]);
            token_ids_release(&x);
            token_ids_release(&y);
        }
    assert_int_equal(tokenizer_bos(a), tokenizer_bos(b));
    assert_int_equal(tokenizer_eos(a), tokenizer_eos(b));
    assert_int_equal(tokenizer_vocab(a), tokenizer_vocab(b));
}

static void saved_is_the_same(void **state)
{
    (void)state;
    static const char *const pres[] = {
        NULL,        "gpt-2",  "phi-2", "roberta-bpe",      "mpt",       "olmo",   "smollm",
        "starcoder", "refact", "qwen2", "deepseek-r1-qwen", "llama-bpe", "llama3", "llama-v3",
        "dbrx"};
    char dir[] = "/tmp/w2s-tokenizer-XXXXXX";
    assert_non_null(mkdtemp(dir));
    tokens_make();
    for (size_t i = 0; i < sizeof pres / sizeof *pres; i++)
        for (int bos = 0; bos < 2; bos++) {
            struct tokenizer_gguf g = {.model = "gpt2",
                                       .pre = pres[i],
                                       .tokens = tokens,
                                       .n_tokens = n_tokens,
                                       .types = types,
                                       .merges = merges,
                                       .n_merges = WORDS,
                                       .bos = (int64_t)n_tokens - 2,
                                       .eos = (int64_t)n_tokens - 3,
                                       .add_bos = bos,
                                       .file = "a.gguf"};
            struct tokenizer *a, *b;
            check(tokenizer_from_gguf(&a, &g, &e));
            check(tokenizer_gguf_save(&g, dir, &e));
            check(tokenizer_open(&b, dir, &e));
            compare(a, b, pres[i] ? pres[i] : "default");
            tokenizer_free(a);
            tokenizer_free(b);
        }
    struct tokenizer_gguf unknown = {.model = "gpt2", .pre = "odd", .bos = -1, .eos = -1};
    assert_int_equal(tokenizer_gguf_save(&unknown, dir, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "pre-tokenizer \"odd\" is not known"));
    file_remove_tree(dir, &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(saved_is_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
