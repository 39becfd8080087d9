/* puzzle.h - positions with one best move: what a model is shown, what it has to answer. */
#ifndef W2S_CHESS_PUZZLE_H
#define W2S_CHESS_PUZZLE_H

#include "chess/board.h"
#include "core/str.h"

struct puzzle {
    const char *id;     /* the caller's, as all strings here */
    const char *game;   /* that it is of; NULL where it is not known */
    const char *prompt; /* NULL: the position, board_write_compact */
    const char *themes; /* words between blanks; may be "" */
    struct board board; /* where the move is to be found */
    move best;
    double rating;     /* NAN where there is none */
    bool searched;     /* score and second are there */
    int score, second; /* of the best and the second best move, as engine.h has them */
};

/* puzzle_lichess - the position and the best move of a row of Lichess's puzzle file: fen is the
 * position before the opponent's move, which is the first of moves (UCI, between blanks); the
 * second is the answer. The other fields are left alone. ERR_INPUT: a FEN or a move that is wrong,
 * fewer than two moves. */
int puzzle_lichess(struct puzzle *p, const char *fen, const char *moves, struct err *e);

/* puzzle_prompt - append the game so far, in SAN: "1. e4 e5 2. Nf3 Nc6 3.", "1. e4 e5 2. Nf3"; what
 * goes on is a blank and the next move. A game that does not begin as usual: its position now,
 * board_write_compact. */
void puzzle_prompt(struct str *out, const struct board *start, const move *moves, size_t n);

/* puzzle_answers - the moves that are right: the best, and where it mates, all that mate. Returns
 * how many; the best is first. */
size_t puzzle_answers(const struct puzzle *p, move list[MOVES_MAX]);

/* puzzle_judge - the first word of text[0..n), in SAN or UCI. */
enum puzzle_verdict { PUZZLE_ILLEGAL, PUZZLE_WRONG, PUZZLE_RIGHT };
enum puzzle_verdict puzzle_judge(const struct puzzle *p, const char *text, size_t n);

/* puzzle_write - append a JSON object on one line, without its end: id, prompt, answer (SAN),
 * answers (all that are right), game (where it is not known the position), fen, uci, rating, themes
 * (a list), and where it was searched score and second. */
void puzzle_write(struct str *out, const struct puzzle *p);

#endif
