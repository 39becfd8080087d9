/* journal.h - what was found of which games, a line of JSON a game, in the order in which they were
 * done. Inside chess only.
 *
 * 1. The first line is the settings. A journal of other settings is not gone on with.
 * 2. A line is appended by one write. One that was cut off by a kill is no JSON, and is as if it
 * were not there: its game is done again.
 * 3. What is in the journal is never written again, so the rows of a game are those of its first
 *    line. */
#ifndef W2S_CHESS_JOURNAL_H
#define W2S_CHESS_JOURNAL_H

#include "core/str.h"

struct journal {
    char *path;
    int lock;
    bool *done; /* [games] */
    size_t games, n_done, positions;
};

/* journal_open - settings is one JSON object; games are numbered from 0. ERR_INPUT where out is
 * there already and no journal, where another process is at it, or where the settings are others:
 * the sentence names the first that is. */
int journal_open(struct journal *j, const char *out, const char *settings, size_t games,
                 struct err *e);
/* journal_add - a game's rows, JSON objects with ", " between them. */
int journal_add(struct journal *j, size_t game, size_t positions, const char *rows, struct err *e);
/* journal_rows - every row in the order of games, through each; row is a line of JSON. */
int journal_rows(const struct journal *j, int (*each)(void *ctx, const char *row, struct err *e),
                 void *ctx, struct err *e);
/* journal_remove - it is not needed any more. journal_close - it stays, unless nothing is in it. */
void journal_remove(struct journal *j);
void journal_close(struct journal *j);

#endif
