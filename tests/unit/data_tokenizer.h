/* data_tokenizer.h - a tokenizer of single bytes, for tests of the data room. */
#ifndef W2S_TESTS_DATA_TOKENIZER_H
#define W2S_TESTS_DATA_TOKENIZER_H

#include "data_test.h"
#include "core/str.h"
#include "tokenizer/tokenizer.h"

/* byte_texts - how byte-level vocabularies write the 256 bytes, "!" first. */
static inline size_t byte_texts(const char *tokens[256])
{
    static char texts[256][4];
    size_t n = 0, k = 0;
    for (int plain = 1; plain >= 0; plain--)
        for (unsigned b = 0; b < 256; b++) {
            bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            if (itself != (plain == 1))
                continue;
            memset(texts[b], 0, sizeof texts[b]);
            (void)utf8_put(texts[b], itself ? b : (unsigned)(0x100 + k++));
            tokens[n++] = texts[b];
        }
    return n;
}

static inline struct tokenizer *tokenizer_of(const struct tokenizer_gguf *g)
{
    struct tokenizer *t = NULL;
    struct err e = ERR_INIT;
    if (tokenizer_from_gguf(&t, g, &e))
        fail_msg("%s", e.msg);
    return t;
}

/* One token a byte. */
static inline struct tokenizer *tokenizer_bytes(void)
{
    const char *tokens[256];
    size_t n = byte_texts(tokens);
    const struct tokenizer_gguf g = {.model = "gpt2",
                                     .pre = "gpt-2",
                                     .tokens = tokens,
                                     .n_tokens = n,
                                     .bos = -1,
                                     .eos = -1,
                                     .file = "test"};
    return tokenizer_of(&g);
}

#endif
