/* engine.h - a chess engine as a child process that is talked with by UCI.
 *
 *     engine_open ─► idle ── engine_begin ─► searching ── engine_step: *done ─► idle ...
 * engine_close
 *
 * Every error is ERR_CHILD with the engine's name, and the engine is of no use after it: it could
 * not be started, is no UCI engine, ended, did not answer in time, or said a move that is none. */
#ifndef W2S_CHESS_ENGINE_H
#define W2S_CHESS_ENGINE_H

#include "chess/board.h"

#define ENGINE_LINES  8
#define ENGINE_DEPTHS 64
#define ENGINE_MATE                                                                                \
    30000 /* a score: mate in n moves is ENGINE_MATE - n, being mated the contrary */

struct engine_settings {
    const char *command; /* a program, or one with arguments between blanks */
    const char *options; /* "Hash=64;Threads=1", or NULL */
    double timeout;      /* seconds for any answer, a whole search included */
};
void engine_defaults(struct engine_settings *s); /* stockfish, no options, 60 seconds */

struct engine_line {
    move first;
    int score; /* hundredths of a pawn for the side to move, or about ENGINE_MATE */
    int depth;
};

struct engine_found {
    struct engine_line lines[ENGINE_LINES]; /* the best first, as last said */
    size_t n;
    move at[ENGINE_DEPTHS + 1]; /* the best at each depth; NO_MOVE where nothing was said */
    move best;
};

struct engine;
/* engine_open - started, and its options set. ERR_INPUT for an option that it does not have or a
 * number out of its range. */
int engine_open(struct engine **en, const struct engine_settings *s, struct err *e);
const char *engine_name(const struct engine *en); /* as it calls itself */
/* engine_begin - search b, which has a legal move, to depth (1 to ENGINE_DEPTHS), for the best 1 to
 * ENGINE_LINES moves; what was learned in searches before is forgotten, so that a result does not
 * depend on them. */
int engine_begin(struct engine *en, const struct board *b, int depth, size_t lines, struct err *e);
/* engine_step - what it has said since; does not wait. engine_wait - until it has found; also
 * ERR_INTERRUPTED. engine_fd - readable when there is something to step over. */
int engine_step(struct engine *en, bool *done, struct err *e);
int engine_wait(struct engine *en, struct err *e);
int engine_fd(const struct engine *en);
/* engine_found - of the last search that is done. */
const struct engine_found *engine_found(const struct engine *en);
void engine_close(struct engine *en); /* at once, whatever it does */

#endif
