/* table_text.c - a file's text piece by piece: its encoding, where its lines end, and where a piece
 * may be cut, so that a file of any length is read in the memory of its longest row. */
#include "core/mem.h"
#include "data/table_rows.h"

#include <limits.h>
#include <string.h>

enum { PIECE = 1 << 20 };

enum line_ends { ENDS_UNKNOWN, ENDS_LF, ENDS_CR };

/* pull ─► rest ─► part ─► the format's reader ─► each: rest is cut where a row ends */
struct text {
    struct table_source t;
    enum table_format format;
    enum line_ends ends;
    struct str rest; /* what the reader has not had yet */
    size_t fresh;    /* where in rest the bytes of the last pull begin */
    bool begun;      /* the reader has had the file's beginning */
    struct table_csv csv;
    struct table_json json;
};

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

/* text_decode - part as UTF-8, without a byte order mark, is what the reader sees. */
static int text_decode(struct text *x, struct str *part, struct err *e)
{
    const bool utf8 = x->t.settings->encoding == ENCODING_UTF8;
    int rc = str_check(part, e);
    if (!rc && !utf8) {
        struct str decoded = STR_INIT;
        str_latin1(&decoded, part->s, part->len);
        str_release(part);
        *part = decoded;
        rc = str_check(part, e);
    }
    if (rc)
        return rc;
    if (!x->begun && part->len >= 2 &&
        (memcmp(part->s, "\xff\xfe", 2) == 0 || memcmp(part->s, "\xfe\xff", 2) == 0))
        return table_fail(&x->t, 1, e, "the text is UTF-16; wanted UTF-8: save it anew as that");
    const bool mark =
        !x->begun && utf8 && part->len >= 3 && memcmp(part->s, "\xef\xbb\xbf", 3) == 0;
    x->begun = true;
    x->t.text = part->s + (mark ? 3 : 0);
    x->t.n = part->len - (mark ? 3 : 0);
    return text_check(&x->t, e);
}

static int text_rows(const struct table_source *t, struct err *e)
{
    int line = t->line;
    for (size_t at = 0; at < t->n; line += line < INT_MAX) {
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

static int rows_give(struct text *x, struct err *e)
{
    switch (x->format) {
    case TABLE_JSONL:
        return table_jsonl_rows(&x->t, e);
    case TABLE_JSON:
        return table_json_rows(&x->json, &x->t, e);
    case TABLE_CSV:
    case TABLE_TSV:
        return table_csv_rows(&x->csv, &x->t, e);
    case TABLE_TEXT:
        return text_rows(&x->t, e);
    default:
        BUG("a format that was checked is unknown");
    }
}

/* ends_unify - in the new bytes of rest: where carriage returns alone end the lines, line feeds do.
 * That a file has no line feed is known at its end, or after as much as a row may be; till then its
 * ends stay unknown. */
static int ends_unify(struct text *x, struct err *e)
{
    char *s = x->rest.s + x->fresh;
    size_t n = x->rest.len - x->fresh;
    const bool feeds = memchr(s, '\n', n);
    if (x->ends == ENDS_CR && feeds)
        return table_fail(&x->t, x->t.line, e,
                          "a line feed in a file whose first %d MiB have carriage returns only; "
                          "wanted one of them for all lines",
                          TABLE_ROW_MOST >> 20);
    if (x->ends == ENDS_UNKNOWN && feeds)
        x->ends = ENDS_LF;
    if (x->ends == ENDS_UNKNOWN && (x->t.last || x->rest.len > TABLE_ROW_MOST)) {
        x->ends = ENDS_CR;
        x->fresh = 0;
        s = x->rest.s;
        n = x->rest.len;
    }
    for (size_t i = 0; i < n && x->ends == ENDS_CR; i++)
        s[i] = s[i] == '\r' ? '\n' : s[i];
    return OK;
}

/* cut_find - how much of rest the reader may have: whole lines, whole elements of an array; at the
 * end of the file all. */
static size_t cut_find(struct text *x)
{
    size_t n = x->rest.len;
    if (x->t.last)
        return n;
    if (x->format == TABLE_JSON)
        return x->t.settings->rows ? 0 : table_json_cut(&x->json, x->rest.s, n);
    while (n > x->fresh && x->rest.s[n - 1] != '\n')
        n--;
    return n > x->fresh ? n : 0;
}

/* rest_give - what of rest the reader may have. */
static int rest_give(struct text *x, struct err *e)
{
    struct str part = STR_INIT;
    const size_t n = cut_find(x);
    if (!n && !x->t.last && !x->t.settings->rows && x->rest.len > TABLE_ROW_MOST)
        return table_fail(&x->t, x->t.line, e, "a row that is longer than %d MiB, or does not end",
                          TABLE_ROW_MOST >> 20);
    if (!n && !x->t.last)
        return OK;
    if (n) {
        str_catn(&part, x->rest.s, n);
        memmove(x->rest.s, x->rest.s + n, x->rest.len - n + 1);
        x->rest.len -= n;
    }
    int rc = text_decode(x, &part, e);
    if (!rc) {
        const int next = line_at(&x->t, x->t.n); /* now: readers write into the text */
        rc = rows_give(x, e);
        x->t.line = next;
    }
    str_release(&part);
    return rc;
}

int table_text_read(const char *path, const struct table_settings *s,
                    int (*pull)(void *source, void *buf, size_t n, size_t *got, struct err *e),
                    void *source, int (*each)(void *ctx, const struct doc *row, struct err *e),
                    void *ctx, struct err *e)
{
    struct text x = {
        .t = {.name = s->name ? s->name : path, .line = 1, .settings = s, .each = each, .ctx = ctx},
        .format = s->format ? s->format : table_format_of(path),
        .rest = STR_INIT,
        .csv = TABLE_CSV_INIT};
    x.csv.separator = x.format == TABLE_TSV ? '\t' : ',';
    x.csv.quotes = s->quotes ? s->quotes == QUOTES_YES : x.format == TABLE_CSV;
    if (x.format == TABLE_JSON || x.format == TABLE_JSONL)
        x.ends = ENDS_LF;
    char *buf = mem_alloc(PIECE, 1, e);
    int rc = buf ? OK : e->code;
    while (!rc && !x.t.last) {
        size_t got = 0;
        if ((rc = pull(source, buf, PIECE, &got, e)))
            break;
        x.t.last = !got;
        x.fresh = x.rest.len;
        str_catn(&x.rest, buf, got);
        rc = str_check(&x.rest, e);
        if (!rc)
            rc = ends_unify(&x, e);
        if (!rc && x.ends != ENDS_UNKNOWN)
            rc = rest_give(&x, e);
    }
    table_csv_release(&x.csv);
    str_release(&x.rest);
    mem_free(buf);
    return rc;
}
