/* table.c - a file's format, and the reader for it.
 *
 * To add a format: a row in formats[], its name in table.h, its reader in table_rows.h. */
#include "core/mem.h"
#include "data/table_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *ending;
    enum table_format format;
} formats[] = {
    {".jsonl", TABLE_JSONL}, {".ndjson", TABLE_JSONL},    {".json", TABLE_JSON},
    {".csv", TABLE_CSV},     {".tsv", TABLE_TSV},         {".txt", TABLE_TEXT},
    {".lst", TABLE_TEXT},    {".parquet", TABLE_PARQUET}, {".pgn", TABLE_PGN},
};

static const char *const compressed[] = {".gz", ".bz2", ".xz", ".zst"};

int table_fail(const struct table_source *t, int line, struct err *e, const char *fmt, ...)
{
    char text[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(e, ERR_INPUT, "%s:%d: %s", t->name, line, text);
}

static bool ends(const char *s, size_t n, const char *ending)
{
    size_t k = strlen(ending);
    return n > k && memcmp(s + n - k, ending, k) == 0;
}

size_t table_compressed(const char *path)
{
    for (size_t i = 0; i < sizeof compressed / sizeof *compressed; i++)
        if (ends(path, strlen(path), compressed[i]))
            return strlen(compressed[i]);
    return 0;
}

enum table_format table_format_of(const char *path)
{
    size_t n = strlen(path) - table_compressed(path);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (ends(path, n, formats[i].ending))
            return formats[i].format;
    return TABLE_AUTO;
}

bool table_wants_duckdb(const char *path, const struct table_settings *s)
{
    const bool by_name = !s->format || s->format == TABLE_PUZZLES;
    return s->sql || (by_name ? table_format_of(path) : s->format) == TABLE_PARQUET;
}

int table_read(const char *path, const struct table_settings *s,
               int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
               struct err *e)
{
    struct archive_stream *stream = NULL;
    if (s->format == TABLE_PUZZLES)
        return table_puzzle_rows(path, s, each, ctx, e);
    if (table_wants_duckdb(path, s))
        return table_duckdb_rows(path, s, each, ctx, e);
    if ((s->format ? s->format : table_format_of(path)) == TABLE_PGN)
        return table_pgn_rows(path, s, each, ctx, e);
    int rc = archive_open(&stream, path, e);
    if (!rc && !s->format && table_format_of(path) == TABLE_AUTO)
        rc = err_set(e, ERR_INPUT,
                     "%s: the name does not tell the format; wanted .jsonl, .json, .csv, .tsv, "
                     ".txt, .parquet, .pgn, or \"format\" in the task",
                     s->name ? s->name : path);
    if (!rc && s->rows) /* which is kept whole */
        archive_bound(stream,
                      ARCHIVE_KEPT_MOST < mem_machine() ? ARCHIVE_KEPT_MOST : mem_machine());
    if (!rc)
        rc = table_text_read(path, s, archive_pull, stream, each, ctx, e);
    archive_close(stream);
    return rc;
}
