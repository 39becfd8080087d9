/* mine.h - puzzles out of games, by engines: of each position of a game the one move that is better
 * than all others.
 *
 * What is found of a game is a line of the journal, <out>.journal, as soon as the game is done. The
 * process may be killed at any moment: the same settings go on with the games that are not in it,
 * and out has the same bytes whatever was done when. When all games are done, out appears whole and
 * the journal goes. */
#ifndef W2S_CHESS_MINE_H
#define W2S_CHESS_MINE_H

#include "chess/engine.h"
#include "chess/pgn.h"
#include "core/log.h"

struct mine_settings {
    const char *const *files;
    size_t n_files;
    /* Games whose positions are no puzzles: what models have learnt from. */
    const char *const *without;
    size_t n_without;
    /* How a file is read (pgn_source): open, and what undoes it. */
    int (*open)(struct pgn_source *source, const char *path, struct err *e);
    void (*close)(struct pgn_source *source);
    const char *out;
    struct engine_settings engine;
    size_t engines; /* at once */
    size_t games;   /* the first so many of all files; 0: all */
    size_t skip;    /* half-moves at the beginning of a game that are not looked at */
    int depth;      /* to which positions are searched */
    int margin;     /* hundredths of a pawn; see mine_margin */
    struct log *log;
};
void mine_defaults(struct mine_settings *s); /* all but files, without, open, close and out */

struct mine_report {
    size_t games, wrong, positions, puzzles, repeated;
    size_t known; /* puzzles left out, for games of without have their position */
    size_t at_depth[ENGINE_DEPTHS + 1]; /* puzzles by rating */
};

/* mine_margin - by how much the first line is better than the second, in hundredths of a pawn.
 * Beyond 10 pawns a game is won and no more is counted; a forced mate is `margin` better than that,
 * being mated as much worse, so that the only move that mates, or is not mated, is always found. */
int mine_margin(int first, int second, int margin);

/* mine_depth - the puzzle's rating: the first depth from which on the best move was the best at
 * all. */
int mine_depth(const struct engine_found *f, int depth);

/* mine_run - Errors: ERR_INPUT for out that is there already, files or without in which no game
 * can be replayed, two files of one name (less folders, and from .pgn on), or a journal that was
 * begun with other settings; ERR_INTERRUPTED; the engine's; what files and disk say. A game that
 * cannot be replayed is left out with a warning; of one of without the positions before the move
 * that is wrong count. */
int mine_run(const struct mine_settings *s, struct mine_report *r, struct err *e);

#endif
