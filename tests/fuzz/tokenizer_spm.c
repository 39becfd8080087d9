/* tokenizer_spm - any lines as a SentencePiece vocabulary, as a GGUF file has it, and the last as a
 * text: what can be read encodes it, and every id decodes.
 *
 * A line's first byte is the token's type, its second the score; the rest is the token. The first
 * byte of all says what is put around a text. */
#include "core/mem.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { TOKENS_MOST = 600, TOKEN_MOST = 64 };

static void text_through(const struct tokenizer *t, const char *text, size_t n, size_t tokens)
{
    struct err e = ERR_INIT;
    struct token_ids ids = {NULL, 0, 0};
    struct str back = STR_INIT;
    int rc = tokenizer_encode_model(t, text, n, &ids, &e);
    BUG_ON(rc && rc != ERR_INPUT);
    for (size_t i = 0; !rc && i < ids.n; i++) {
        BUG_ON(ids.ids[i] < 0 || (size_t)ids.ids[i] >= tokens);
        BUG_ON(tokenizer_decode(t, ids.ids[i], i % 2, &back, &e));
    }
    token_ids_release(&ids);
    str_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char texts[TOKENS_MOST][TOKEN_MOST];
    static const char *tokens[TOKENS_MOST];
    static int32_t types[TOKENS_MOST];
    static float scores[TOKENS_MOST];
    const char *s = (const char *)data, *line;
    size_t k = 0;
    struct tokenizer *t = NULL;
    struct err e = ERR_INIT;
    if (!n)
        return 0;
    struct tokenizer_gguf g = {.model = "llama",
                               .tokens = tokens,
                               .types = types,
                               .scores = scores,
                               .add_bos = data[0] & 1,
                               .add_eos = data[0] & 2,
                               .space_prefix = data[0] & 4,
                               .bos = data[0] & 8 ? 1 : -1,
                               .eos = data[0] & 16 ? 2 : -1,
                               .file = "fuzz"};
    for (s++, n--; k < TOKENS_MOST && (line = memchr(s, '\n', n)); k++) {
        size_t len = (size_t)(line - s), more = len > 2 ? len - 2 : 0;
        more = more < TOKEN_MOST ? more : TOKEN_MOST - 1;
        types[k] = len ? s[0] - '0' : 0;
        scores[k] = len > 1 ? (float)s[1] : 0;
        memcpy(texts[k], more ? s + 2 : "", more);
        texts[k][more] = '\0';
        tokens[k] = texts[k];
        n -= len + 1, s = line + 1;
    }
    g.n_tokens = k;
    int rc = tokenizer_from_gguf(&t, &g, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz", 4) != 0));
    if (!rc)
        text_through(t, s, n, k);
    tokenizer_free(t);
    return 0;
}
