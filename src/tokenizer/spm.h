/* spm.h - SentencePiece's BPE out of a GGUF file: merges from the scores of tokens. */
#ifndef W2S_TOKENIZER_SPM_H
#define W2S_TOKENIZER_SPM_H

#include "tokenizer/tokenizer.h"

#define SPM_SIGN "\xE2\x96\x81" /* U+2581, which stands for a space */

/* tokenizer.ggml.token_type */
enum spm_type {
    SPM_NORMAL = 1,
    SPM_UNKNOWN = 2,
    SPM_CONTROL = 3,
    SPM_USER = 4,
    SPM_UNUSED = 5,
    SPM_BYTE = 6
};

/* spm_merges - every way to make a token out of two: the highest score first, of equal ones by the
 * whole's id, then the parts', as the published tokenizer.json of such models have them. Heap
 * array, mem_free. BUG without scores. */
struct spm_merge {
    int32_t left, right, whole;
    float score; /* of the whole */
};
int spm_merges(const struct tokenizer_gguf *g, struct spm_merge **out, size_t *n, struct err *e);
/* spm_special - whether a token is special, in either kind of file. spm_unknown - the id of the
 * unknown token, -1. */
bool spm_special(const struct tokenizer_gguf *g, size_t i);
int64_t spm_unknown(const struct tokenizer_gguf *g);

#endif
