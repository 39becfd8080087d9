/* feed.h - examples into a pass: packed tokens and, where they are given, the features that belong
 * to them. Inside train only. */
#ifndef W2S_TRAIN_FEED_H
#define W2S_TRAIN_FEED_H

#include "train/train.h"

struct feed {
    struct packer packer;
    float *rows; /* features of one batch, gathered */
    size_t cap_rows;
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

/* feed_order - (*order)[n] all examples, longest first, then by their tokens: which of them meet in
 * a product is a function of the set of texts. Heap, mem_free, after an error too. */
int feed_order(const struct token_set *t, size_t **order, struct err *e);

/* feed_tokens - how many tokens examples index[0..n) have. */
size_t feed_tokens(const struct token_set *t, const size_t *index, size_t n);

#endif
