/* table_rows.h - one reader a format. Those of text are given a file part by part, each a piece of
 * decoded text that ends where a line does (an element, where it is a JSON array). Inside data
 * only. */
#ifndef W2S_DATA_TABLE_ROWS_H
#define W2S_DATA_TABLE_ROWS_H

#include "data/table.h"

struct table_source {
    const char *name;
    char *text; /* [n], valid UTF-8, then a NUL; the readers may write into it */
    size_t n;
    int line;  /* of the text's beginning */
    bool last; /* the file ends with it */
    const struct table_settings *settings;
    int (*each)(void *ctx, const struct doc *row, struct err *e);
    void *ctx;
};

/* table_compressed - bytes of the ending of a name that is compressed; 0: it is not. */
size_t table_compressed(const char *path);

/* table_fail - err_set(ERR_INPUT, "name:line: ..."). */
int table_fail(const struct table_source *t, int line, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A row of text is no longer than this: what is, has a quote or a bracket that nothing closes. */
#define TABLE_ROW_MOST (64 << 20)

/* table_text_read - table_read of the text that pull gives (as archive_pull does, however little at
 * a time), whose format settings or path tell. In memory: some of what was pulled last and a row;
 * of JSON with settings->rows, all. */
int table_text_read(const char *path, const struct table_settings *s,
                    int (*pull)(void *source, void *buf, size_t n, size_t *got, struct err *e),
                    void *source, int (*each)(void *ctx, const struct doc *row, struct err *e),
                    void *ctx, struct err *e);

/* A table has no more columns than this: what has, is none. */
#define TABLE_COLUMNS_MOST 65536

/* The readers of text: the rows of the next part. */
int table_jsonl_rows(const struct table_source *t, struct err *e);

/* table_json_row - one row, which is s[0..n). */
int table_json_row(const struct table_source *t, const char *s, size_t n, int line, struct err *e);

/* All zero at a file's beginning. */
struct table_json {
    enum { JSON_BEFORE, JSON_FIRST, JSON_NEXT, JSON_AFTER } at;
    size_t seen, depth; /* table_json_cut's: how much of s, how many brackets are open */
    bool string, escaped;
};
int table_json_rows(struct table_json *j, const struct table_source *t, struct err *e);
/* table_json_cut - how much of s[0..n), which the file goes on with, is whole elements; 0: none.
 * The next call's s is the rest. */
size_t table_json_cut(struct table_json *j, const char *s, size_t n);

struct table_csv {
    char separator;
    bool quotes;
    struct str row; /* its fields so far, a NUL behind each */
    struct doc *fields;
    size_t n, cap;
    size_t over; /* fields past the last column's and one, which are counted alone */
    int line;    /* where the row begins */
    int opened;  /* where the quote that is open was opened; 0: none is */
    struct str names;
    const char **columns;
    size_t n_columns;
    char *numbers; /* names of the columns without one */
};
#define TABLE_CSV_INIT                                                                             \
    {                                                                                              \
        .row = STR_INIT, .names = STR_INIT                                                         \
    }
int table_csv_rows(struct table_csv *c, const struct table_source *t, struct err *e);
void table_csv_release(struct table_csv *c);

/* table_pgn_rows - games, as they are unpacked. table_puzzle_rows - of a file of puzzles. */
int table_pgn_rows(const char *path, const struct table_settings *s,
                   int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                   struct err *e);
int table_puzzle_rows(const char *path, const struct table_settings *s,
                      int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                      struct err *e);

/* table_duckdb_rows - of a file that DuckDB's program reads, or by the settings' SQL; a row's line
 * is its number. */
int table_duckdb_rows(const char *path, const struct table_settings *s,
                      int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                      struct err *e);

#endif
