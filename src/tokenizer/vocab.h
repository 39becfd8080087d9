/* vocab.h - the two directions of a vocabulary: id to bytes, bytes to id. */
#ifndef W2S_TOKENIZER_VOCAB_H
#define W2S_TOKENIZER_VOCAB_H

#include "core/str.h"
#include <stdint.h>

struct vocab_row {
    size_t at; /* in bytes */
    uint32_t len;
    bool present; /* ids may have holes */
    bool findable;
};

struct vocab {
    struct str bytes;
    struct vocab_row *rows; /* by id */
    size_t n, cap;          /* ids are below n */
    size_t n_present;
    int32_t *slots; /* open addressing, id or -1 */
    size_t n_slots; /* a power of two, more than twice the findable tokens */
    size_t n_found;
    size_t longest; /* bytes of the longest findable token */
};
#define VOCAB_INIT                                                                                 \
    {                                                                                              \
        STR_INIT, NULL, 0, 0, 0, NULL, 0, 0, 0                                                     \
    }

void vocab_release(struct vocab *v);

/* vocab_add - findable: vocab_find will know it. ERR_INPUT ('the id 7 is given to "a" and to "b"',
 * '"a" stands at the ids 3 and 7') where the id or the findable bytes are there already, or the id
 * is negative or above 2^24. */
int vocab_add(struct vocab *v, int64_t id, const char *bytes, size_t n, bool findable,
              struct err *e);

int32_t vocab_find(const struct vocab *v, const char *bytes, size_t n); /* -1: not there */

/* vocab_bytes - bytes of an id, valid as long as v; NULL where there is no such id. */
const char *vocab_bytes(const struct vocab *v, int64_t id, size_t *n);

#endif
