/* save_words.c - a tokenizer of words: BPE without a merge, in which a word that is a token is that
 * token. */
#include "core/file.h"
#include "tokenizer/internal.h"
#include "tokenizer/text.h"
#include <string.h>

#define END_OF_TEXT "<|endoftext|>"

static void type_json(struct js *j, const char *type)
{
    js_open(j, '{');
    js_key(j, "type"), js_str(j, type);
}

static void bytes_json(struct js *j)
{
    type_json(j, "ByteLevel");
    js_key(j, "add_prefix_space"), js_bool(j, false);
    js_key(j, "trim_offsets"), js_bool(j, true);
    js_key(j, "use_regex"), js_bool(j, false);
    js_close(j, '}');
}

/* token_json - a vocabulary's entry: bytes [n] in the alphabet. */
static void token_json(struct js *j, struct str *scratch, const char *s, size_t n, size_t id)
{
    str_reset(scratch);
    text_to_alphabet(scratch, s, n);
    js_key(j, scratch->s), js_int(j, (int64_t)id);
    j->out->failed = j->out->failed || scratch->failed;
}

static void vocab_json(struct js *j, const char *const *words, size_t n)
{
    struct str scratch = STR_INIT;
    js_key(j, "vocab"), js_open(j, '{');
    js_key(j, END_OF_TEXT), js_int(j, 0);
    for (unsigned b = 0; b < 256; b++) {
        char byte = (char)b;
        token_json(j, &scratch, &byte, 1, 1 + b);
    }
    for (size_t i = 0; i < n; i++)
        token_json(j, &scratch, words[i], strlen(words[i]), TOKENIZER_WORDS_AT + i);
    js_close(j, '}');
    str_release(&scratch);
}

static void tokenizer_json(struct str *out, const char *const *words, size_t n)
{
    struct js j;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "version"), js_str(&j, "1.0");
    js_key(&j, "truncation"), js_null(&j);
    js_key(&j, "padding"), js_null(&j);
    js_key(&j, "added_tokens"), js_open(&j, '['), js_open(&j, '{');
    js_key(&j, "id"), js_int(&j, 0);
    js_key(&j, "content"), js_str(&j, END_OF_TEXT);
    js_key(&j, "single_word"), js_bool(&j, false);
    js_key(&j, "lstrip"), js_bool(&j, false);
    js_key(&j, "rstrip"), js_bool(&j, false);
    js_key(&j, "normalized"), js_bool(&j, false);
    js_key(&j, "special"), js_bool(&j, true);
    js_close(&j, '}'), js_close(&j, ']');
    js_key(&j, "normalizer"), js_null(&j);
    js_key(&j, "pre_tokenizer"), type_json(&j, "Sequence");
    js_key(&j, "pretokenizers"), js_open(&j, '[');
    type_json(&j, "Split");
    js_key(&j, "pattern"), js_open(&j, '{'), js_key(&j, "String"), js_str(&j, " ");
    js_close(&j, '}');
    js_key(&j, "behavior"), js_str(&j, "MergedWithNext");
    js_key(&j, "invert"), js_bool(&j, false), js_close(&j, '}');
    bytes_json(&j);
    js_close(&j, ']'), js_close(&j, '}');
    js_key(&j, "post_processor"), js_null(&j);
    js_key(&j, "decoder"), bytes_json(&j);
    js_key(&j, "model"), type_json(&j, "BPE");
    js_key(&j, "dropout"), js_null(&j);
    js_key(&j, "unk_token"), js_null(&j);
    js_key(&j, "continuing_subword_prefix"), js_null(&j);
    js_key(&j, "end_of_word_suffix"), js_null(&j);
    js_key(&j, "fuse_unk"), js_bool(&j, false);
    js_key(&j, "byte_fallback"), js_bool(&j, false);
    js_key(&j, "ignore_merges"), js_bool(&j, true);
    vocab_json(&j, words, n);
    js_key(&j, "merges"), js_open(&j, '['), js_close(&j, ']');
    js_close(&j, '}'), js_close(&j, '}');
    str_addc(out, '\n');
}

int tokenizer_words_save(const char *const *words, size_t n, const char *dir, struct err *e)
{
    static const char config[] = "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", "
                                 "\"eos_token\": \"" END_OF_TEXT "\"}\n";
    struct str text = STR_INIT;
    tokenizer_json(&text, words, n);
    int rc = file_write_in(dir, "tokenizer.json", &text, e);
    str_reset(&text);
    str_cat(&text, config);
    if (!rc)
        rc = file_write_in(dir, "tokenizer_config.json", &text, e);
    str_release(&text);
    return rc;
}
