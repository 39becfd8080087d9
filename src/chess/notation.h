/* notation.h - moves as text: SAN as in books ("Nbd2", "exd8=Q#"), UCI as between programs
 * ("b1d2", "e7d8q"). */
#ifndef W2S_CHESS_NOTATION_H
#define W2S_CHESS_NOTATION_H

#include "chess/board.h"
#include "core/str.h"

#define SAN_MAX 12
#define UCI_MAX 6

/* san_write - m, which is legal: told apart from other moves by file, else rank, else both; + and #
 * as they are. */
void san_write(const struct board *b, move m, char out[SAN_MAX]);

/* san_read - the one legal move that s[0..n) is. What people write is taken too: 0-0 for O-O, e8Q
 * and e8(Q) for e8=Q, more told apart than has to be, Ng1-f3, no x, wrong or no + and #, ! and ?
 * behind, "e.p.". ERR_INPUT: no spelling of a move, not legal, or more than one ("Nd2 may be Nbd2
 * or Nfd2"). */
int san_read(const struct board *b, const char *s, size_t n, move *m, struct err *e);

/* san_write_game - append moves from b on with their numbers: "1. e4 e5 2. Nf3"; where Black
 * begins, "1... e5 2. Nf3". b is moved to the position behind them. */
void san_write_game(struct str *out, struct board *b, const move *moves, size_t n);

void uci_write(move m, char out[UCI_MAX]);
/* uci_read - a legal move. ERR_INPUT: no spelling of a move, or not legal. */
int uci_read(const struct board *b, const char *s, size_t n, move *m, struct err *e);

#endif
