/* tokenizer.h - byte-level BPE, from tokenizer.json, from vocab.json + merges.txt, or from the fields
 * of a GGUF file. Ids equal those of Hugging Face tokenizers for the same text.
 *
 * To add a pre-tokenizer: one row of the table in pretok.c. */
#ifndef W2S_TOKENIZER_TOKENIZER_H
#define W2S_TOKENIZER_TOKENIZER_H

#include "core/err.h"
#include "core/str.h"
#include <stdint.h>

struct tokenizer;

/* What a GGUF file says about its tokenizer; model/ reads it, nothing is kept of it. */
struct tokenizer_gguf {
    const char *model; /* "gpt2" */
    const char *pre;   /* "smollm", "gpt-2", "qwen2", "llama-bpe", "default" ... may be NULL */
    const char *const *tokens;
    size_t n_tokens;
    const int32_t *types; /* 1 normal, 3 control, 4 user defined ...; may be NULL */
    const char *const *merges; /* "a b" */
    size_t n_merges;
    int64_t bos, eos; /* -1 where absent */
    bool add_bos;
    const char *file; /* for messages */
};

/* tokenizer_open - path is a folder with tokenizer.json, or vocab.json + merges.txt (tokenizer_config.json read
 * where there is one), or such a json file itself. Owner: caller, tokenizer_free. */
int tokenizer_open(struct tokenizer **out, const char *path, struct err *e);
int tokenizer_from_gguf(struct tokenizer **out, const struct tokenizer_gguf *g, struct err *e);
void tokenizer_free(struct tokenizer *t);

struct token_ids {
    int32_t *ids;
    size_t n, cap;
};
void token_ids_release(struct token_ids *ids);

/* tokenizer_encode - append the ids of text[0..n). Added tokens found in the text become their ids
 * where parse_special is true; no bos is put by itself. Broken UTF-8 is read as U+FFFD, as Rust's lossy
 * conversion does (one for each maximal broken part). Threads: pure on t. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool parse_special,
                     struct token_ids *ids, struct err *e);

/* tokenizer_encode_model - as the original's default call: adds what its post-processor adds (bos). */
int tokenizer_encode_model(const struct tokenizer *t, const char *text, size_t n, struct token_ids *ids,
                           struct err *e);

/* tokenizer_decode - append the bytes of one id (ids may end inside a code point). ERR_INPUT out of range. */
int tokenizer_decode(const struct tokenizer *t, int32_t id, bool skip_special, struct str *out, struct err *e);

size_t tokenizer_vocab(const struct tokenizer *t);                    /* ids are below this */
int32_t tokenizer_find(const struct tokenizer *t, const char *text);  /* id of the text if it is exactly one token, else -1 */
int32_t tokenizer_bos(const struct tokenizer *t);                     /* -1 where there is none */
int32_t tokenizer_eos(const struct tokenizer *t);

/* tokenizer_hash - identity of everything that can change ids (64 hex digits), for job hashes. */
int tokenizer_hash(const struct tokenizer *t, char hex[65], struct err *e);

#endif
