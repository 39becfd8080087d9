/* puzzles.h - chess puzzles out of files. */
#ifndef W2S_DATA_PUZZLES_H
#define W2S_DATA_PUZZLES_H

#include "chess/puzzle.h"
#include "core/doc.h"

/* puzzle_read - the puzzle of a row: one of Lichess's puzzle file as it is published (FEN, Moves;
 * PuzzleId, Rating, Themes, GameUrl where they are), or one that puzzle_write wrote. Its strings
 * are the row's and those that hold has room for; one without an id gets "FILE:LINE". Errors name
 * file and line. */
struct puzzle_strings {
    struct str id, themes, game;
};
int puzzle_read(struct puzzle *p, const struct doc *row, struct puzzle_strings *hold,
                struct err *e);
void puzzle_strings_release(struct puzzle_strings *hold);

/* puzzles_read - every puzzle of a file in order, through each; p is valid during the call. What
 * table_read reads is read. */
int puzzles_read(const char *path, int (*each)(void *ctx, const struct puzzle *p, struct err *e),
                 void *ctx, struct err *e);

#endif
