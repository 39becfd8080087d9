/* puzzles.h - chess puzzles out of files. */
#ifndef W2S_DATA_PUZZLES_H
#define W2S_DATA_PUZZLES_H

#include "chess/puzzle.h"

/* puzzles_read - every puzzle of a file in order, through each; p is valid during the call. A row
 * is one of Lichess's puzzle file as it is published (FEN, Moves; PuzzleId, Rating, Themes where
 * they are), or one that puzzle_write wrote. A row without an id gets "FILE:LINE". What table_read
 * reads is read. Errors name file and line. */
int puzzles_read(const char *path, int (*each)(void *ctx, const struct puzzle *p, struct err *e),
                 void *ctx, struct err *e);

#endif
