/* propose.h - a task file for a data file that nobody has described yet: `w2s task new`. */
#ifndef W2S_DATA_PROPOSE_H
#define W2S_DATA_PROPOSE_H

#include "core/err.h"
#include "core/str.h"

/* task_propose - appended to yaml: a task file, named name, over path, which it calls file. Its
 * rows' values say what is what: a list of answers, or a field each, and one that tells which is
 * right make a choice, as do "chosen" and "rejected"; else a field of 2 to 16 values is the label,
 * or a number, cut at its median, and rows without it are left out; the longer texts are the
 * template, less those that tell the answer. The first PROPOSE_ROWS rows are looked at. duckdb: the
 * program, for Parquet, or NULL. ERR_INPUT where nothing can be the label, with the fields that
 * there are, and where path cannot be unpacked to its end. */
enum { PROPOSE_ROWS = 1000 };
int task_propose(struct str *yaml, const char *path, const char *file, const char *name,
                 const char *duckdb, struct err *e);

#endif
