/* table_rows.h - one reader a format, over the decoded text of a file, of JSONL over
 * whole lines of it. Inside data only. */
#ifndef W2S_DATA_TABLE_ROWS_H
#define W2S_DATA_TABLE_ROWS_H

#include "data/table.h"

struct table_source {
    const char *name;
    char *text; /* [n], valid UTF-8, then a NUL; the readers may write into it */
    size_t n;
    int line; /* of the text's beginning; 1 is the file's */
    const struct table_settings *settings;
    int (*each)(void *ctx, const struct doc *row, struct err *e);
    void *ctx;
};

/* table_compressed - bytes of the ending of a name that is compressed; 0: it is not. */
size_t table_compressed(const char *path);

/* table_fail - err_set(ERR_INPUT, "name:line: ..."). */
int table_fail(const struct table_source *t, int line, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* table_bytes - table_read of what is in raw, whose format settings or path tell; raw is rewritten,
 * the caller's to release. */
int table_bytes(struct str *raw, const char *path, const struct table_settings *s,
                int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                struct err *e);

int table_json_rows(const struct table_source *t, struct err *e);
int table_jsonl_rows(const struct table_source *t, struct err *e);
/* table_json_row - one row, which is s[0..n). */
int table_json_row(const struct table_source *t, const char *s, size_t n, int line, struct err *e);
int table_csv_rows(const struct table_source *t, char separator, bool quotes, struct err *e);
int table_text_rows(const struct table_source *t, struct err *e);

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
