/* table.h - rows of fields out of files: jsonl, json (an array, or objects at a path), csv, tsv, text (a line a row); plain or inside
 * gz, bz2, xz, zst, zip, tar, nested as deep as needed. A row is a map of named values with the place it came from.
 *
 * An inner file is named by its path after the archive's: "a.tar.gz/inner/b.zip/c.tsv". */
#ifndef W2S_DATA_TABLE_H
#define W2S_DATA_TABLE_H

#include "core/doc.h"

enum table_format { TABLE_AUTO, TABLE_JSONL, TABLE_JSON, TABLE_CSV, TABLE_TSV, TABLE_TEXT };
enum table_encoding { ENCODING_UTF8, ENCODING_LATIN1 };

struct table_settings {
    enum table_format format;      /* AUTO: by the innermost name's ending */
    enum table_encoding encoding;
    const char *const *columns;    /* names where the file has no header, NULL-terminated; else NULL */
    const char *rows;              /* json: path of the array inside the document ("data.items"); NULL: the root */
    bool quotes;                   /* csv, tsv: RFC 4180 quoting; default true for csv, false for tsv */
};

/* table_read - every row of path in order, through each (row is a DOC_MAP valid during the call, its line the row's line in
 * the innermost file, file its full nested name). each may stop with a code. Lines in the sentences are the file's own. Broken UTF-8 where UTF-8
 * was promised: an error naming line and "encoding: latin-1". A csv row of another width than the header: an error. */
int table_read(const char *path, const struct table_settings *s, int (*each)(void *ctx, const struct doc *row, struct err *e),
               void *ctx, struct err *e);

/* archive_read - the bytes of a file inside nested archives (or of a plain or compressed file). An inner name that is
 * not there: an error that lists what is. */
int archive_read(struct str *out, const char *path, struct err *e);

#endif
