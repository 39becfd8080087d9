/* tokenizer.h - byte-level BPE, from tokenizer.json, from vocab.json + merges.txt, or from the
 * fields of a GGUF file; also the BPE of SentencePiece's kind (Llama 2, Mistral, Gemma: spaces
 * written as U+2581, unknown characters as bytes). Ids equal those of Hugging Face tokenizers 0.23
 * for the same text.
 *
 * To add a pre-tokenizer: one row of the table in pretok.c; a component of tokenizer.json:
 * pretok_read.c. */
#ifndef W2S_TOKENIZER_TOKENIZER_H
#define W2S_TOKENIZER_TOKENIZER_H

#include "core/err.h"
#include "core/str.h"
#include <stdint.h>

struct tokenizer;

/* What a GGUF file says about its tokenizer; model/ reads it, nothing is kept of it. pre NULL is
 * taken for "default", which is GPT-2's. Tokens of type 3 are special, of type 4 are added and not
 * special. Where types is NULL bos and eos are special.
 *
 * model "llama" is SentencePiece's BPE: no merges but a score for each token, from which merges are
 * made as Hugging Face's converters make them; pre means nothing there. */
struct tokenizer_gguf {
    const char *model; /* "gpt2" or "llama" */
    const char *pre;   /* "smollm", "gpt-2", "qwen2", "llama-bpe", "default" ... may be NULL */
    const char *const *tokens;
    size_t n_tokens;
    const int32_t *types;      /* 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6
                                * byte; may be NULL */
    const float *scores;       /* of "llama"; else NULL */
    const char *const *merges; /* "a b" */
    size_t n_merges;
    int64_t bos, eos; /* -1 where absent */
    bool add_bos, add_eos;
    bool space_prefix; /* "llama": a space before a text */
    const char *file;  /* for messages */
};

/* tokenizer_open - path is a folder with tokenizer.json, or vocab.json + merges.txt
 * (tokenizer_config.json read where there is one), or such a json file itself. Owner: caller,
 * tokenizer_free. */
int tokenizer_open(struct tokenizer **out, const char *path, struct err *e);
int tokenizer_from_gguf(struct tokenizer **out, const struct tokenizer_gguf *g, struct err *e);
void tokenizer_free(struct tokenizer *t);
/* tokenizer_gguf_save - the same as tokenizer.json and tokenizer_config.json in a folder that is
 * there: what tokenizer_open and Hugging Face's AutoTokenizer read. */
int tokenizer_gguf_save(const struct tokenizer_gguf *g, const char *dir, struct err *e);

/* tokenizer_words_save - a tokenizer of words, as tokenizer.json and tokenizer_config.json in a
 * folder that is there: a text is cut before each blank, and what lies between is one token where
 * it is one of the n words (" e4", with its blank), else its bytes. Ids: 0 is the end of a text,
 * then the 256 bytes, then words in their order, which are different and of two bytes or more.
 * tokenizer_open and Hugging Face's AutoTokenizer give the same ids. */
#define TOKENIZER_WORDS_AT 257
int tokenizer_words_save(const char *const *words, size_t n, const char *dir, struct err *e);

struct token_ids {
    int32_t *ids;
    size_t n, cap;
};
void token_ids_release(struct token_ids *ids);

/* tokenizer_encode - append the ids of text[0..n). Special tokens found in the text
 * ("<|endoftext|>") become their ids where parse_special is true, else they are text like any
 * other; added tokens that are not special (a run of 24 spaces) are always found. No bos is put by
 * itself. Broken UTF-8 is read as U+FFFD, as Rust's lossy conversion does (one for each maximal
 * broken part). Errors: ERR_INPUT above 1 GiB; ids is then as before. Threads: pure on t. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool parse_special,
                     struct token_ids *ids, struct err *e);

/* tokenizer_encode_model - as the original's default call: special tokens are parsed, and what its
 * post-processor adds (bos) is added. */
int tokenizer_encode_model(const struct tokenizer *t, const char *text, size_t n,
                           struct token_ids *ids, struct err *e);

/* tokenizer_decode - append the bytes of one id (ids may end inside a code point). ERR_INPUT out of
 * range. The space that Llama 2's kind puts before a text is not taken off again: one id does not
 * know that it is the first. */
int tokenizer_decode(const struct tokenizer *t, int32_t id, bool skip_special, struct str *out,
                     struct err *e);

size_t tokenizer_vocab(const struct tokenizer *t); /* ids are below this */
/* tokenizer_words - the same without special tokens, which come out of a text only where they are
 * parsed: a model may have no embedding for one (Gemma 3 text: for that of an image). */
size_t tokenizer_words(const struct tokenizer *t);
/* tokenizer_find - the id of the text if it is exactly one token, one that decodes to it, else -1.
 * " negative" with its space is what stands inside of a sentence, in every kind of tokenizer. */
int32_t tokenizer_find(const struct tokenizer *t, const char *text);
int32_t tokenizer_bos(const struct tokenizer *t); /* -1 where there is none */
int32_t tokenizer_eos(const struct tokenizer *t);

/* tokenizer_hash - identity of everything that can change ids (64 hex digits), for job hashes. */
int tokenizer_hash(const struct tokenizer *t, char hex[65], struct err *e);

#endif
