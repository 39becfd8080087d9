/* pgn.h - games out of PGN text, one after the other, whatever the length of the file.
 *
 * Comments, variations, NAGs, move numbers and lines that begin with % are passed over. A game ends
 * with its result, or where the next one's tags begin. A game that cannot be replayed is given up
 * to the move that is wrong, with a sentence; the next one is read all the same. */
#ifndef W2S_CHESS_PGN_H
#define W2S_CHESS_PGN_H

#include "chess/board.h"

struct pgn_tag {
    char *name, *value; /* UTF-8; what is not is taken for Latin-1 */
};

struct pgn_game {
    size_t number; /* in the file, from 1 */
    size_t line;   /* where it begins */
    struct pgn_tag *tags;
    size_t n_tags;
    size_t tags_left_out; /* that are not [Name "value"], or are there already */
    struct board start;   /* by the tag FEN, else the usual one */
    move *moves;
    size_t n;
    char result[8];  /* "1-0", "0-1", "1/2-1/2"; "*" also where there is none */
    char wrong[400]; /* "" or "file:line: game 3, move 12 of Black: Nd2 may be Nbd2 or Nfd2" */
};

/* Where the text comes from: pull writes up to n bytes, n > 0; *got is 0 at the end. */
struct pgn_source {
    int (*pull)(void *ctx, void *buf, size_t n, size_t *got, struct err *e);
    void *ctx;
};

struct pgn;
/* pgn_open - name is the file's, in sentences. */
int pgn_open(struct pgn **p, struct pgn_source source, const char *name, struct err *e);
/* pgn_next - *game is the next one, valid until the call after; NULL at the end. Errors: the
 * source's, and ERR_NOMEM; nothing can be read after one. */
int pgn_next(struct pgn *p, const struct pgn_game **game, struct err *e);
void pgn_close(struct pgn *p);
/* pgn_tag - a tag's value, NULL where the game has none. */
const char *pgn_tag(const struct pgn_game *g, const char *name);

#endif
