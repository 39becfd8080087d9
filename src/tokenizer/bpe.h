/* bpe.h - byte pair encoding of one word (Sennrich et al. 2016; bytes: Radford et al. 2019): the
 * pair of the lowest rank is joined first, of equal ones the leftmost, until none is left. */
#ifndef W2S_TOKENIZER_BPE_H
#define W2S_TOKENIZER_BPE_H

#include "tokenizer/tokenizer.h"
#include "tokenizer/vocab.h"
#include <stdatomic.h>

struct bpe_merge {
    int32_t left, right; /* left -1: empty slot */
    uint32_t rank;
    int32_t joined;
};

struct bpe {
    struct vocab vocab;
    bool bytes;           /* a word's first symbols are its bytes, not its code points */
    bool ignore_merges;   /* a word that is a token is that token */
    bool byte_fallback;   /* a code point that is no token becomes the tokens <0xNN> of its bytes */
    bool fuse_unk;        /* neighbours that are unknown become one unknown */
    int32_t unk;          /* -1: unknown symbols are left out */
    int32_t byte_id[256]; /* bytes: the token of each byte; byte_fallback: <0xNN>; -1: none */
    struct bpe_merge *merges; /* open addressing */
    size_t n_slots, n_merges;
    /* No merge reaches over the beginning of a run of U+2581, which stands for spaces: what is on
     * its two sides can be encoded apart. Without it a whole text is one word to Llama 2's kind. */
    bool apart;
    /* Per id: is a word with exactly these bytes this one token? Found out when it is first asked;
     * any thread finds the same, so that t stays as good as constant. */
    _Atomic unsigned char *whole;
};

void bpe_init(struct bpe *b);
void bpe_release(struct bpe *b);

/* bpe_merge_add - the next merge in rank; ids are of b->vocab. A pair that comes twice has its last
 * rank, as in tokenizers. */
int bpe_merge_add(struct bpe *b, int32_t left, int32_t right, int32_t joined, struct err *e);
int bpe_finish(struct bpe *b, struct err *e); /* after the last merge */

/* What encoding one word needs for itself; one a thread. */
struct bpe_symbol {
    int32_t id, prev, next; /* -1 at the ends; next -2: joined to the one before */
};
struct bpe_joint {
    uint64_t key; /* rank << 32 | position of the left symbol */
    int32_t joined;
};
struct bpe_work {
    struct bpe_symbol *symbols;
    size_t n_symbols, cap_symbols;
    struct bpe_joint *heap;
    size_t n_heap, cap_heap;
};
void bpe_work_release(struct bpe_work *w);

/* bpe_word - append the ids of one word, valid UTF-8, n < 2^31. Time: n log n. */
int bpe_word(const struct bpe *b, struct bpe_work *w, const char *word, size_t n,
             struct token_ids *ids, struct err *e);

int token_ids_add(struct token_ids *ids, int32_t id, struct err *e);

#endif
