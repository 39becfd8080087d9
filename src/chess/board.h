/* board.h - a position of chess, the moves that are legal in it, FEN.
 *
 * Squares are numbered a1 = 0, b1 = 1 ... h8 = 63. A set of squares is a word with bit s set for
 * square s. Orthodox chess: castling is from e1 and e8. */
#ifndef W2S_CHESS_BOARD_H
#define W2S_CHESS_BOARD_H

#include "core/err.h"

#include <stdint.h>

enum piece { PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING, NO_PIECE };
enum side { WHITE, BLACK };
enum { CASTLE_K = 1, CASTLE_Q = 2, CASTLE_k = 4, CASTLE_q = 8 };
#define NO_SQUARE 64

struct board {
    uint64_t of[2];    /* squares of each side */
    uint64_t are[6];   /* squares of each kind, both sides */
    uint8_t to_move;   /* enum side */
    uint8_t castling;  /* rights: CASTLE_* */
    uint8_t passed;    /* the square that a pawn's double step passed over, or NO_SQUARE */
    unsigned halfmove; /* since the last capture or pawn's move */
    unsigned number;   /* of the move, from 1 */
};

/* A move: from, to, what a pawn becomes. Castling is the king's move. 0 is none. */
typedef uint16_t move;
#define MOVE(from, to, becomes)                                                                    \
    ((move)((unsigned)(from) | ((unsigned)(to) << 6) | ((unsigned)(becomes) << 12)))
#define NO_MOVE ((move)0)
static inline int move_from(move m)
{
    return m & 63;
}
static inline int move_to(move m)
{
    return (m >> 6) & 63;
}
/* move_becomes - KNIGHT to QUEEN, or PAWN where it is no promotion. */
static inline enum piece move_becomes(move m)
{
    return (enum piece)(m >> 12);
}

#define MOVES_MAX   512 /* no position of at most 16 pieces a side has more */
#define FEN_MAX     128
#define COUNTER_MAX 999999u /* halfmove and number stay at it */
extern const char board_fen_start[];

void board_start(struct board *b);

/* board_read - from FEN, fen[0..n): six fields, or four (EPD), the counters then 0 and 1. ERR_INPUT
 * says what is wrong: the shape, kings, more than 16 pieces a side, pawns on the last ranks,
 * castling rights without king and rook in their places, a passed square that no pawn passed, or a
 * side that could take the king. */
int board_read(struct board *b, const char *fen, size_t n, struct err *e);
/* board_write - FEN; the passed square is written after every double step. */
void board_write(const struct board *b, char fen[FEN_MAX]);
/* board_write_compact - FEN without its counters and dashes, the passed square only where a pawn
 * may take there: "8/8/3k4/8/8/3K4/4P3/8 w". The same text is the same position to a player. */
void board_write_compact(const struct board *b, char fen[FEN_MAX]);

/* board_moves - all legal moves, in an order that depends on the position alone; returns how many.
 */
size_t board_moves(const struct board *b, move list[MOVES_MAX]);
bool board_legal(const struct board *b, move m);
/* board_play - a move that is legal. */
void board_play(struct board *b, move m);

bool board_check(const struct board *b); /* the side to move is in check */
bool board_mate(const struct board *b);  /* and has no move */
/* board_mates - m, which is legal, mates. */
bool board_mates(const struct board *b, move m);
/* board_at - the kind on a square, NO_PIECE where it is empty. */
enum piece board_at(const struct board *b, int square);

#endif
