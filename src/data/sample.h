/* sample.h - the first rows of a file as columns of text. Inside data only. */
#ifndef W2S_DATA_SAMPLE_H
#define W2S_DATA_SAMPLE_H

#include "core/arena.h"
#include "data/propose.h"
#include "data/table.h"

enum { SAMPLE_COLUMNS = 64, SAMPLE_VALUES = 16 };

/* A value that every row may have, by its path. */
struct column {
    const char *path;
    bool list;           /* cells hold several texts, each ended by a NUL; n_items how many */
    const char **cell;   /* [PROPOSE_ROWS]; NULL: not in that row */
    size_t *n_items;     /* [PROPOSE_ROWS] */
    size_t present;      /* rows that have it */
    size_t empty;        /* of these with an empty text */
    double words, chars; /* of a cell, in the mean */
    bool number, whole;  /* every cell is one that is not empty or spelled as none */
    /* Different values, most frequent ones first seen; n_values is SAMPLE_VALUES + 1 for more. */
    const char *value[SAMPLE_VALUES + 1];
    size_t count[SAMPLE_VALUES + 1], n_values;
    bool unique;    /* no two rows have the same, unless an empty one */
    size_t lacking; /* rows that sample_without left out and that have no value here */
    int lacks;      /* the line of the first of them */
    /* For the one who reads this: whether it is taken, and what it is called. */
    bool used;
    const char *name;
};

struct sample {
    struct arena arena;
    struct column *c; /* [SAMPLE_COLUMNS] */
    size_t n, rows;
    int *line;     /* [PROPOSE_ROWS] */
    bool more;     /* rows in the file than these */
    bool headless; /* csv, tsv: the first line looks like a row, so columns are numbered from 1 */
    const char **columns;
};

/* sample_read - undone by sample_release, after an error too. */
int sample_read(struct sample *s, const char *path, const char *name, const char *duckdb,
                struct err *e);
void sample_release(struct sample *s);

/* spelled_none - whether the text says that there is no value: NaN, NA, null and the like. */
bool spelled_none(const char *s);

/* column_lacks - whether the row's cell is not there, empty, or a list of one. */
bool column_lacks(const struct column *c, size_t row);

/* sample_without - *c: the columns [s->n] of the rows that out [s->rows] does not name, *rows of
 * them, in s's arena. */
int sample_without(struct sample *s, const bool *out, struct column **c, size_t *rows,
                   struct err *e);

#endif
