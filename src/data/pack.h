/* pack.h - examples as tokens, and packed batches of them. */
#ifndef W2S_DATA_PACK_H
#define W2S_DATA_PACK_H

#include "core/batch.h"
#include "data/task.h"
#include "tokenizer/tokenizer.h"

/* dataset_cut - texts of more than max_tokens (> 0) are cut, for all n tokenizers alike: each loses
 * characters from the left of its long field, then, where that is not enough, from its own left, as
 * many as the tokenizer needs that makes the most tokens of it, until it fits all of them (bos
 * counts). The alternatives of an example lose the same of a long field that all begin with. So
 * which text is read depends on the tokenizers of a whole study, and on none of its models alone.
 * White space at the cut goes too. Of max_tokens the longest answer that is to be written is taken
 * off (d->answer_tokens): so many are left for the prompt. No example is dropped; d->cut, cut_chars
 * and max_tokens say what was cut, repeated and shared which texts are equal after it, d->hash is
 * that of the texts as they are now. ids stay those of the whole texts. ERR_INPUT where nothing
 * would be left of a text; d is then the caller's to release, as it is otherwise. */
int dataset_cut(struct dataset *d, const struct tokenizer *const *tok, size_t n, size_t max_tokens,
                struct err *e);

/* texts_equal - examples of each part whose text another of their part has (repeated), one of
 * another part has (shared). text: of every example, parts one after the other; NULL: the examples'
 * own. */
int texts_equal(const struct dataset *d, const char *const *text, size_t repeated[PART_COUNT],
                size_t shared[PART_COUNT], struct err *e);

struct token_set {
    size_t n, per;   /* examples; sequences of each: 1, or its alternatives */
    int32_t *tokens; /* all, one after the other */
    size_t *starts;  /* [n*per+1] */
    size_t longest;  /* sequence */
    /* [n] what a language model learns of texts (one sequence each): to predict tokens
     * answer_at[i], from 1 on, to the end, each from all before it; NULL: from 1 on */
    size_t *answer_at;
};

/* token_set_make - n examples, in order. Ids are those of the whole text (special tokens in it are
 * text); where the tokenizer's default call begins a text with bos, so does an example. An example
 * of no token at all is ERR_INPUT by its source. Undone by token_set_release; after an error it is
 * released. */
int token_set_make(struct token_set *t, const struct example *x, size_t n,
                   const struct tokenizer *tok, struct err *e);
void token_set_release(struct token_set *t);
/* token_set_bos - *bos: what the tokenizer's default call puts before a text; -1: nothing. */
int token_set_bos(const struct tokenizer *tok, int32_t *bos, struct err *e);
size_t token_set_len(const struct token_set *t, size_t i); /* of all sequences of example i */
size_t token_set_total(const struct token_set *t);

/* packer - storage for one packed batch of any subset of a token set. */
struct packer {
    struct batch batch;
    int32_t *tokens, *starts;
    size_t cap_tokens, cap_seqs;
};
void packer_init(struct packer *p);
/* packer_fill - p->batch = examples index[0..n), one after the other, the sequences of each in
 * order; valid until the next fill. */
int packer_fill(struct packer *p, const struct token_set *t, const size_t *index, size_t n,
                struct err *e);
void packer_release(struct packer *p);

/* pack_split - cut index[0..n) into consecutive runs of at most budget tokens (at least one example
 * each); (*ends)[i] one past the i-th run, the last one n. Heap array (mem_free), NULL after an
 * error. */
int pack_split(const struct token_set *t, const size_t *index, size_t n, size_t budget,
               size_t **ends, size_t *count, struct err *e);

#endif
