/* table.c - a file's text: its format, its encoding, and the reader for it.
 *
 * To add a format: a row in formats[], its name in table.h, its reader in table_rows.h. */
#include "core/mem.h"
#include "data/table_rows.h"

#include <limits.h>
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

/* line_at - of the n-th byte. */
static int line_at(const struct table_source *t, size_t n)
{
    int line = t->line;
    for (size_t i = 0; i < n; i++)
        line += t->text[i] == '\n' && line < INT_MAX;
    return line;
}

/* text_check - valid UTF-8 without a NUL. */
static int text_check(const struct table_source *t, struct err *e)
{
    unsigned cp;
    if (t->line == 1 && t->n >= 2 &&
        (memcmp(t->text, "\xff\xfe", 2) == 0 || memcmp(t->text, "\xfe\xff", 2) == 0))
        return table_fail(t, 1, e, "the text is UTF-16; wanted UTF-8: save it anew as that");
    for (size_t i = 0, k; i < t->n; i += k) {
        unsigned char c = (unsigned char)t->text[i];
        k = 1;
        if (!c)
            return table_fail(t, line_at(t, i), e, "a NUL byte: this is not a text file");
        if (c < 0x80)
            continue;
        k = utf8_next(t->text + i, t->n - i, &cp);
        if (cp == 0xFFFD && k == 1)
            return table_fail(
                t, line_at(t, i), e,
                "the byte 0x%02x is not UTF-8; wanted UTF-8, or \"encoding: latin-1\" in the task",
                c);
    }
    return OK;
}

/* text_decode - raw as UTF-8, without a byte order mark. */
static int text_decode(struct str *raw, enum table_encoding encoding, struct table_source *t,
                       struct err *e)
{
    if (encoding == ENCODING_LATIN1) {
        struct str decoded = STR_INIT;
        str_latin1(&decoded, raw->s, raw->len);
        str_release(raw);
        *raw = decoded;
    }
    int rc = str_check(raw, e);
    if (rc)
        return rc;
    size_t mark = t->line == 1 && encoding == ENCODING_UTF8 && raw->len >= 3 &&
                          memcmp(raw->s, "\xef\xbb\xbf", 3) == 0
                      ? 3
                      : 0;
    t->text = raw->s + mark;
    t->n = raw->len - mark;
    return text_check(t, e);
}

/* lines_unify - where carriage returns alone end the lines of t, line feeds do. */
static void lines_unify(const struct table_source *t)
{
    if (memchr(t->text, '\n', t->n))
        return;
    for (size_t i = 0; i < t->n; i++)
        t->text[i] = t->text[i] == '\r' ? '\n' : t->text[i];
}

int table_text_rows(const struct table_source *t, struct err *e)
{
    int line = 1;
    for (size_t at = 0; at < t->n; line++) {
        char *s = t->text + at, *end = memchr(s, '\n', t->n - at);
        size_t n = end ? (size_t)(end - s) : t->n - at;
        at += n + 1;
        n -= n && s[n - 1] == '\r';
        s[n] = '\0';
        struct doc value = {
            .type = DOC_STRING, .file = t->name, .line = line, .key = "text", .s = s, .len = n};
        struct doc row = {.type = DOC_MAP, .file = t->name, .line = line, .child = &value, .n = 1};
        int rc = t->each(t->ctx, &row, e);
        if (rc)
            return rc;
    }
    return OK;
}

int table_bytes(struct str *raw, const char *path, const struct table_settings *s,
                int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                struct err *e)
{
    struct table_source t = {
        .name = s->name ? s->name : path, .line = 1, .settings = s, .each = each, .ctx = ctx};
    int rc = text_decode(raw, s->encoding, &t, e);
    if (rc)
        return rc;
    enum table_format format = s->format ? s->format : table_format_of(path);
    if (format == TABLE_CSV || format == TABLE_TSV || format == TABLE_TEXT)
        lines_unify(&t);
    switch (format) {
    case TABLE_JSONL:
        return table_jsonl_rows(&t, e);
    case TABLE_JSON:
        return table_json_rows(&t, e);
    case TABLE_CSV:
        return table_csv_rows(&t, ',', s->quotes != QUOTES_NO, e);
    case TABLE_TSV:
        return table_csv_rows(&t, '\t', s->quotes == QUOTES_YES, e);
    case TABLE_TEXT:
        return table_text_rows(&t, e);
    default:
        BUG("a format that was checked is unknown");
    }
}

/* lines_given - the whole lines that rest begins with, all of it at the end; what is left stays in
 * rest. from: where a line may end. */
static int lines_given(struct table_source *t, struct str *rest, size_t from, bool end,
                       struct err *e)
{
    struct str part = STR_INIT;
    size_t n = rest->len;
    while (!end && n > from && rest->s[n - 1] != '\n')
        n--;
    if (!n || (!end && n == from))
        return OK;
    str_catn(&part, rest->s, n);
    memmove(rest->s, rest->s + n, rest->len - n + 1);
    rest->len -= n;
    int rc = text_decode(&part, t->settings->encoding, t, e);
    if (!rc) {
        const int next = line_at(t, t->n);
        rc = table_jsonl_rows(t, e);
        t->line = next;
    }
    str_release(&part);
    return rc;
}

/* jsonl_stream - rows as they are unpacked, a piece of the file in memory at a time. */
static int jsonl_stream(const char *path, const struct table_settings *s,
                        int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                        struct err *e)
{
    enum { PIECE = 1 << 20 };
    struct table_source t = {
        .name = s->name ? s->name : path, .line = 1, .settings = s, .each = each, .ctx = ctx};
    struct archive_stream *stream = NULL;
    struct str rest = STR_INIT;
    size_t got = 1;
    char *buf = mem_alloc(PIECE, 1, e);
    int rc = buf ? archive_open(&stream, path, e) : e->code;
    while (!rc && got && !(rc = archive_pull(stream, buf, PIECE, &got, e))) {
        size_t from = rest.len;
        str_catn(&rest, buf, got);
        if (!(rc = str_check(&rest, e)))
            rc = lines_given(&t, &rest, from, !got, e);
    }
    archive_close(stream);
    str_release(&rest);
    mem_free(buf);
    return rc;
}

int table_read(const char *path, const struct table_settings *s,
               int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
               struct err *e)
{
    struct str raw = STR_INIT;
    if (s->format == TABLE_PUZZLES)
        return table_puzzle_rows(path, s, each, ctx, e);
    if (table_wants_duckdb(path, s))
        return table_duckdb_rows(path, s, each, ctx, e);
    if ((s->format ? s->format : table_format_of(path)) == TABLE_PGN)
        return table_pgn_rows(path, s, each, ctx, e);
    if ((s->format ? s->format : table_format_of(path)) == TABLE_JSONL)
        return jsonl_stream(path, s, each, ctx, e);
    int rc = archive_read(&raw, path, e);
    if (!rc && !s->format && table_format_of(path) == TABLE_AUTO)
        rc = err_set(e, ERR_INPUT,
                     "%s: the name does not tell the format; wanted .jsonl, .json, .csv, .tsv, "
                     ".txt, .parquet, .pgn, or \"format\" in the task",
                     s->name ? s->name : path);
    if (!rc)
        rc = table_bytes(&raw, path, s, each, ctx, e);
    str_release(&raw);
    return rc;
}
