/* decode_one.h - one sequence through a decoder of sequences. */
#ifndef W2S_TESTS_DECODE_ONE_H
#define W2S_TESTS_DECODE_ONE_H

#include "model/model.h"

/* decode_one - n more tokens of the only sequence. */
static inline int decode_one(struct decode *d, const int32_t *tokens, size_t n,
                             const float **logits, struct err *e)
{
    const int32_t starts[2] = {0, (int32_t)n};
    const struct batch b = {n, 1, tokens, starts};
    return decode_feed(d, &b, NULL, logits, e);
}

#endif
