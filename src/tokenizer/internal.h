/* internal.h - what a tokenizer is made of, for the files that load one (load_*.c) and tokenizer.c.
 */
#ifndef W2S_TOKENIZER_INTERNAL_H
#define W2S_TOKENIZER_INTERNAL_H

#include "core/doc.h"
#include "core/hash.h"
#include "tokenizer/added.h"
#include "tokenizer/bpe.h"
#include "tokenizer/pretok.h"
#include "tokenizer/tokenizer.h"

enum { TOKENIZER_MAX_AROUND = 8 };

/* A text goes: raw added tokens -> normalizers -> normalised added tokens -> cutters -> bpe. */
struct tokenizer {
    struct pretok pretok;
    struct bpe bpe;
    struct added_token *added;
    size_t n_added, cap_added;
    int32_t *added_of; /* [n_ids] index of added, -1 */
    size_t n_ids;      /* every id is below it */
    struct added_set raw, normalised;
    int32_t before[TOKENIZER_MAX_AROUND],
        after[TOKENIZER_MAX_AROUND]; /* the default call adds them */
    size_t n_before, n_after;
    int32_t bos, eos;
    char *shown,
        *shown_as; /* decoding writes shown_as for shown in tokens that are not bytes; NULL */
    char hash[HASH_HEX];
};

/* build - a tokenizer on the way: the vocabulary as the file writes it, until everything is there.
 *
 *     init -> token* -> merge* -> added* -> finish      flags and pretok at any time before finish
 */
struct build {
    struct tokenizer *t;
    struct vocab text;
    struct hash *hash; /* what can change an id goes through it */
};
int build_init(struct build *b, struct err *e);
void build_release(struct build *b);

int build_token(struct build *b, int64_t id, const char *text, size_t n, struct err *e);
/* build_merge - ERR_INPUT where a part or the whole is no token. */
int build_merge(struct build *b, const char *left, size_t n_left, const char *right, size_t n_right,
                struct err *e);
int build_merge_line(struct build *b, const char *line, size_t n, struct err *e); /* "a b" */
/* build_added - a.id < 0: the vocabulary's id, or the next that is free. a.content is not looked
 * at. */
int build_added(struct build *b, struct added_token a, const char *content, size_t n,
                struct err *e);
int32_t build_find(const struct build *b, const char *text); /* a token or added token; -1 */
int build_finish(struct build *b, struct tokenizer **out, struct err *e);

/* What the files beside a vocabulary say: tokenizer_config.json and, where that is silent,
 * special_tokens_map.json; each may be absent. Strings live as long as the trees. */
struct load_config {
    struct doc_tree tree, map;
    const char *class;       /* "GPT2Tokenizer", "Qwen2TokenizerFast"; NULL */
    const char *bos, *eos;   /* the tokens' texts; NULL */
    bool says_bos, says_eos; /* there is a key, be it null */
    bool add_bos, add_eos, prefix_space;
};
int load_config_read(struct load_config *c, const char *dir, struct err *e);
void load_config_release(struct load_config *c);
/* load_config_added - add the added_tokens_decoder of tokenizer_config.json; *n their count. */
int load_config_added(struct build *b, const struct load_config *c, size_t *n, struct err *e);
/* load_kind - "a list", "null", "missing" (d NULL) ...: what a sentence says was found. */
const char *load_kind(const struct doc *d);
/* load_flags - lstrip, rstrip, normalized, special, single_word of an added token. */
int load_flags(struct added_token *a, const struct doc *d, struct err *e);

/* load_ends - bos and eos where c says nothing: what the default call puts around a text, else the
 * names that published models use. */
void load_ends(struct build *b, const struct load_config *c);

int load_json(struct tokenizer **out, const char *path, struct err *e); /* a tokenizer.json */
int load_json_doc(struct tokenizer **out, const struct doc *root, const struct load_config *config,
                  struct err *e);                                       /* the same, read already */
int load_files(struct tokenizer **out, const char *dir, struct err *e); /* vocab.json, merges.txt */

#endif
