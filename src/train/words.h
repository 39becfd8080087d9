/* words.h - how likely a language model is to go on with each of some words: what a model that is
 * asked, and not trained, says of an example. */
#ifndef W2S_TRAIN_WORDS_H
#define W2S_TRAIN_WORDS_H

#include "train/train.h"

struct words { /* each of one token or more */
    size_t n;
    const int32_t *tokens; /* all, one after the other */
    const size_t *starts;  /* [n+1] */
};

/* words_run - scores [n,K]: log p, in nats, of each of the K words after `prefix` (which may be
 * empty) and then each of t's n texts; of a word of several tokens the sum over them. m's head is
 * LM, t has one sequence an example.
 *
 * What all texts begin with is worked out once and its keys and values copied; texts are then
 * worked on many at a time, longest first, in an order of their own as predict_run's, so that the
 * order of the examples does not change a bit. Against texts that each have the prefix in them:
 * the rounding of differently blocked products (model.h, decode).
 * progress (may be NULL) was begun with n as its total and tokens as its unit. *tokens: how many
 * were worked out. Errors: ERR_INPUT where a text, the prefix before it and a word are more than
 * the model takes; ERR_NUMERIC for a logit that is not finite, ERR_INTERRUPTED where stop_asked().
 */
int words_run(struct model *m, const int32_t *prefix, size_t n_prefix, const struct token_set *t,
              const struct words *w, double *scores, size_t *tokens, struct progress *progress,
              struct err *e);

/* words_bytes - of keys, values and logits that words_run takes, where the longest prompt with its
 * word has so many tokens. */
size_t words_bytes(const struct model_config *c, size_t longest);

#endif
