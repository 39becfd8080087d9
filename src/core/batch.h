/* batch.h - the packed batch: what data makes and model reads. No padding: one row of tokens and
 * where each sequence starts. Lengths come from starts, never from a token's value. */
#ifndef W2S_CORE_BATCH_H
#define W2S_CORE_BATCH_H

#include <stddef.h>
#include <stdint.h>

struct batch {
    size_t n_tokens;       /* N */
    size_t n_seqs;         /* S */
    const int32_t *tokens; /* [N] */
    const int32_t *starts; /* [S+1], starts[0] = 0, starts[S] = N, strictly rising */
};

#endif
