/* feed.h - examples into a pass: packed tokens and, where they are given, the features that belong
 * to them; of a language model, what is to be predicted. Inside train only. */
#ifndef W2S_TRAIN_FEED_H
#define W2S_TRAIN_FEED_H

#include "train/train.h"

struct feed {
    struct packer packer;
    float *rows; /* features of one batch, gathered */
    size_t cap_rows;
    int32_t *target, *reads; /* [R], [S] of a language model */
    size_t cap_target, cap_reads;
};

void feed_init(struct feed *f);
void feed_release(struct feed *f);

/* What a forward is for: no backward; one of several backwards of a step; the step's only one,
 * whose gradients the pass may lend a place (model.h). */
enum feed_use { FEED_PREDICT, FEED_LEARN, FEED_LEARN_WHOLE };

/* feed_forward - pass_forward over examples index[0..n): logits [n,K], in their order. */
int feed_forward(struct feed *f, struct pass *p, const struct model *m, const struct token_set *t,
                 const struct features *x, const size_t *index, size_t n, enum feed_use use,
                 const float **logits, struct err *e);

/* feed_lm - as feed_forward for a language model: logits [R,V] of the rows that predict what is to
 * be learnt, f->target [R] what it is, in their order. An example goes without its last token, as
 * nothing is predicted from it. */
int feed_lm(struct feed *f, struct pass *p, const struct token_set *t, const size_t *index,
            size_t n, enum feed_use use, const float **logits, size_t *R, struct err *e);

/* feed_check_lm - ERR_INPUT where nothing of a text is to be predicted. feed_answer_at - the first
 * token of example i that is predicted. feed_answers - how many of examples index[0..n) are. */
int feed_check_lm(const struct token_set *t, struct err *e);
size_t feed_answer_at(const struct token_set *t, size_t i);
size_t feed_answers(const struct token_set *t, const size_t *index, size_t n);

/* feed_order - (*order)[n] all examples, longest first, then by their tokens: which of them meet in
 * a product is a function of the set of texts. Heap, mem_free, after an error too. */
int feed_order(const struct token_set *t, size_t **order, struct err *e);

/* feed_tokens - how many tokens examples index[0..n) have. */
size_t feed_tokens(const struct token_set *t, const size_t *index, size_t n);

#endif
