/* alternatives.h - alternatives of one example. Inside data only. */
#ifndef W2S_DATA_ALTERNATIVES_H
#define W2S_DATA_ALTERNATIVES_H

#include "core/str.h"
#include "data/draft.h"

/* alternatives_shared - bytes of the whole lines that all n alternatives begin with: a dialogue's
 * prompt. Each has at least a byte more. */
size_t alternatives_shared(const struct reading *g, size_t n);

/* alternatives_text - what they share, once, then each one's own rest as "[1] ...", a line each. */
void alternatives_text(struct str *out, const struct reading *g, size_t n);

/* alternatives_name - a draft's text, key and long span (none) from its n alternatives. */
int alternatives_name(struct draft *x, size_t n, struct arena *a, struct err *e);

/* drafts_pair - single texts with a rating (in confidence) become pairs of alternatives: the texts
 * of a pool in the order of their hashes, two by two, so that no text is in two pairs and a pair is
 * the same in every draw. Equal texts count once. A pair whose ratings are less than gap apart, or
 * equal, is left out; the other's label is the place of the higher one, in an order that the seed
 * draws; its confidence is what they are apart. */
int drafts_pair(struct drafts *d, double gap, uint64_t seed, struct err *e);

/* example_join - x->text, from what its alternatives are now. */
int example_join(struct example *x, struct arena *a, struct err *e);

#endif
