/* table.h - rows of fields out of files: jsonl, json (an array, or an array at a path), csv, tsv,
 * text (a line a row), pgn (a game a row), chess puzzles, parquet and SQL by DuckDB's program; all
 * plain or inside gz, bz2, xz, zst, zip, tar, nested as deep as needed. A row is a map
 * of named values with the place it came from.
 *
 * An inner file is named by its path after the archive's: "a.tar.gz/inner/b.zip/c.tsv". */
#ifndef W2S_DATA_TABLE_H
#define W2S_DATA_TABLE_H

#include "core/doc.h"
#include "core/log.h"

enum table_format {
    TABLE_AUTO,
    TABLE_JSONL,
    TABLE_JSON,
    TABLE_CSV,
    TABLE_TSV,
    TABLE_TEXT,
    TABLE_PARQUET,
    TABLE_PGN,
    TABLE_PUZZLES /* never by a name's ending */
};
enum table_encoding { ENCODING_UTF8, ENCODING_LATIN1 };
enum table_quotes { QUOTES_AUTO, QUOTES_YES, QUOTES_NO };

/* All zero is the default of everything. */
struct table_settings {
    enum table_format format; /* AUTO: by the innermost name's ending, less .gz, .bz2, .xz, .zst */
    enum table_encoding encoding; /* UTF-8 may begin with a byte order mark */
    enum table_quotes quotes;     /* csv, tsv: RFC 4180 quoting; AUTO: yes for csv, no for tsv */
    /* csv, tsv: names where the file has no header, NULL-terminated; else NULL. */
    const char *const *columns;
    /* json: path of the array inside the document ("data.items"); NULL: the root. */
    const char *rows;
    /* A query over the file, which is {file} in it, whatever its format; NULL: none */
    const char *sql;
    const char *duckdb; /* the program, for parquet and sql */
    const char *name;   /* of the file in rows and sentences; NULL: path */
    struct log *log;    /* told of games that are left out, each once; may be NULL */
};

/* table_read - every row of path in order, through each; each may stop with a code. row is valid
 * during the call:
 *
 * - json, jsonl: the element as it is, a DOC_MAP or a DOC_LIST; blank lines are passed over.
 * - csv, tsv: a DOC_MAP of strings in the order of the columns; a column without a name in the
 *   header is named by its number from 1. Blank lines are passed over, CRLF ends a line as LF does,
 * and so does CR in a file without LF (old Macs).
 * - text: a DOC_MAP with "text" for every line, blank ones too; lines end as those of csv.
 * - parquet, sql: a DOC_MAP of typed values, lists and maps; the line is the row's number.
 * - pgn: a DOC_MAP of strings: "moves" ("1. e4 e5 2. Nf3"), "result", and the game's tags. A game
 * that cannot be replayed is left out.
 * - puzzles: a DOC_MAP with what puzzle_write writes; Lichess's puzzle file, or rows of that form,
 * in the format that the name tells.
 *
 * In memory: some MiB of the file, the row; all of a JSON document whose rows are at a path.
 *
 * row->line is the line in the innermost file where the row begins (1-based), row->file its name.
 * Errors, each naming file and line: bytes that are not UTF-8 where UTF-8 was promised (and
 * "encoding: latin-1"), a NUL byte, JSON that is broken, a row of another width than the header, a
 * quote that is not closed, a row of more than 64 MiB, more than 65536 columns, one
 * named twice, a puzzle with a move
 * that is not legal, games of which none can be replayed; a name whose ending tells no format; a
 * file without a row is no error. */
int table_read(const char *path, const struct table_settings *s,
               int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
               struct err *e);

/* table_format_of - by the name's ending; AUTO where it tells none. table_wants_duckdb - whether
 * the program reads it. */
enum table_format table_format_of(const char *path);
bool table_wants_duckdb(const char *path, const struct table_settings *s);

/* archive_read - the bytes of a file inside nested archives (or of a plain or compressed file),
 * out's old content is lost. An inner name that is not there, or an archive with no inner name: an
 * error that lists what is there; so is one that unpacks to more than 256 MiB and 200 times its
 * size. Names are compared only: nothing is written. */
int archive_read(struct str *out, const char *path, struct err *e);

/* What is kept of one unpacked file at most, in memory or on a disk. */
#define ARCHIVE_KEPT_MOST ((size_t)64 << 30)

/* archive_open - the same bytes piece by piece, for files of any length: what is read is unpacked
 * as it is pulled. In memory, as they are packed, are archives in archives, what is compressed in
 * one, and what is no regular file. archive_pull writes up to n bytes; *got is 0 at the end; what
 * unpacks to more than 256 MiB and 200 times its size is refused here too. archive_bound - for who
 * keeps the bytes: more than most of them is an error. */
struct archive_stream;
void archive_bound(struct archive_stream *s, size_t most);
int archive_open(struct archive_stream **s, const char *path, struct err *e);
int archive_pull(void *s, void *buf, size_t n, size_t *got, struct err *e);
void archive_close(struct archive_stream *s);

#endif
