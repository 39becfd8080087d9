/* positions.h - a set of positions. */
#ifndef W2S_CHESS_POSITIONS_H
#define W2S_CHESS_POSITIONS_H

#include "chess/board.h"

#include <stdbool.h>

/* Zeroed it is empty; undone by positions_release. Two positions are the same if
 * board_write_compact writes them alike; of their text the first 64 bits of SHA-256 are kept, so
 * that among a million positions two are taken for one with probability 3e-8. */
struct positions {
    uint64_t *slots; /* 0: free */
    size_t n, cap;
};
void positions_release(struct positions *p);

/* positions_add - *fresh (may be NULL): whether it was not there yet.
 * positions_has - *there: whether it is. */
int positions_add(struct positions *p, const struct board *b, bool *fresh, struct err *e);
int positions_has(const struct positions *p, const struct board *b, bool *there, struct err *e);

#endif
