/* tokenizer_bpe - any bytes as a text, and any text as a tokenizer.json.
 *
 * The first byte says which: even, the rest is a text for a small byte-level tokenizer, and what
 * its ids decode to must be the text again (broken UTF-8 repaired); odd, the rest is a
 * tokenizer.json, and where it can be read it must stand a few texts. */
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/text.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct tokenizer *small_new(const char *pre)
{
    static char texts[256][4];
    static const char *tokens[264], *const merges[] = {"a a", "aa aa", "\xC4\xA0 a", "e r", "1 2"};
    static const char *const more[] = {"aa",
                                       "aaaa",
                                       ("\xC4\xA0"
                                        "a"),
                                       "er",
                                       "12",
                                       "<|end|>",
                                       "  ",
                                       "<|"};
    int32_t types[264];
    size_t n = 0;
    unsigned other = 0;
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    for (unsigned b = 0; b < 256; b++) {
        bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        memset(texts[b], 0, sizeof texts[b]);
        (void)utf8_put(texts[b], itself ? b : 0x100 + other++);
        tokens[n++] = texts[b];
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        tokens[n++] = more[i];
    for (size_t i = 0; i < n; i++)
        types[i] = i < 261 ? 1 : i == 261 ? 3 : 4;
    const struct tokenizer_gguf g = {.model = "gpt2",
                                     .pre = pre,
                                     .tokens = tokens,
                                     .n_tokens = n,
                                     .types = types,
                                     .merges = merges,
                                     .n_merges = 5,
                                     .bos = -1,
                                     .eos = 261,
                                     .file = "fuzz"};
    if (tokenizer_from_gguf(&t, &g, &e))
        BUG("%s", e.msg);
    return t;
}

static void text_there_and_back(const char *s, size_t n, bool specials)
{
    static const char *const pres[] = {"gpt-2", "smollm", "llama-bpe"};
    static struct tokenizer *ts[3];
    struct err e = ERR_INIT;
    struct str want = STR_INIT;
    if (text_repair(&want, s, n, &e))
        BUG("%s", e.msg);
    for (size_t i = 0; i < 3; i++) {
        struct token_ids ids = {NULL, 0, 0};
        struct str got = STR_INIT;
        if (!ts[i])
            ts[i] = small_new(pres[i]);
        if (tokenizer_encode(ts[i], s, n, specials, &ids, &e))
            BUG("%s", e.msg);
        for (size_t k = 0; k < ids.n; k++)
            if (tokenizer_decode(ts[i], ids.ids[k], false, &got, &e))
                BUG("%s", e.msg);
        if (got.len != want.len || memcmp(got.s, want.s, want.len) != 0)
            BUG("the ids do not decode to the text");
        token_ids_release(&ids);
        str_release(&got);
    }
    str_release(&want);
}

static void file_read_and_used(const char *s, size_t n)
{
    static const char *const texts[] = {"", "a b  ab <x> 12\n", "\xFF e\xCC\x81\xF0\x9F\x98\x80"};
    struct err e = ERR_INIT;
    struct doc_tree tree = DOC_TREE_INIT;
    const struct load_config config = {.tree = DOC_TREE_INIT, .map = DOC_TREE_INIT};
    struct tokenizer *t = NULL;
    if (doc_parse_json(&tree, s, n, "fuzz", 1, &e) == OK &&
        load_json_doc(&t, tree.root, &config, &e) == OK)
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            struct token_ids ids = {NULL, 0, 0};
            if (tokenizer_encode_model(t, texts[i], strlen(texts[i]), &ids, &e) == OK)
                for (size_t k = 0; k < ids.n; k++)
                    BUG_ON(ids.ids[k] < 0);
            token_ids_release(&ids);
        }
    tokenizer_free(t);
    doc_tree_release(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    if (data[0] & 1)
        file_read_and_used((const char *)data + 1, n - 1);
    else
        text_there_and_back((const char *)data + 1, n - 1, data[0] & 2);
    return 0;
}
