/* data_csv - any bytes as separated values: no crash, rows that keep their promise, and the same
 * rows and sentence however the bytes come.
 *
 * The first byte says how: bit 0 tab instead of comma, bit 1 the other quoting than usual, bit 2
 * Latin-1, bit 3 names given (three columns) instead of a header; bits 4 to 7 how many bytes come
 * at a time. */
#include "pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
    size_t width;
    int line;
    struct str all;
};

static int row_check(void *ctx, const struct doc *row, struct err *e)
{
    struct seen *s = ctx;
    size_t width = 0;
    (void)e;
    BUG_ON(row->type != DOC_MAP || row->line <= s->line);
    s->line = row->line;
    for (const struct doc *d = row->child; d; d = d->next, width++)
        BUG_ON(d->type != DOC_STRING || !d->key || !*d->key || strlen(d->s) != d->len ||
               d->line < row->line);
    for (const struct doc *d = row->child; d; d = d->next)
        str_addf(&s->all, "%d %s=%s|", d->line, d->key, d->s);
    BUG_ON(width != row->n || width == 0 || (s->width && width != s->width));
    s->width = width;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"a", "b", "c", NULL};
    struct table_settings s = {.format = TABLE_CSV};
    struct seen whole = {0, 0, STR_INIT}, cut = {0, 0, STR_INIT};
    struct err e = ERR_INIT, again = ERR_INIT;
    if (!n)
        return 0;
    s.format = data[0] & 1 ? TABLE_TSV : TABLE_CSV;
    s.quotes = !(data[0] & 2) ? QUOTES_AUTO : data[0] & 1 ? QUOTES_YES : QUOTES_NO;
    s.encoding = data[0] & 4 ? ENCODING_LATIN1 : ENCODING_UTF8;
    s.columns = data[0] & 8 ? names : NULL;
    struct pieces p = {data + 1, n - 1, n, 0, 0}, few = {data + 1, n - 1, 1 + (data[0] >> 4), 0, 0};
    int rc = table_text_read("fuzz", &s, pieces_pull, &p, row_check, &whole, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    /* a sentence about a byte comes before the rows of its piece, so these may differ where one is
     * wrong */
    const int rc_few = table_text_read("fuzz", &s, pieces_pull, &few, row_check, &cut, &again);
    BUG_ON(rc != rc_few || (!rc && strcmp(whole.all.s, cut.all.s) != 0));
    str_release(&whole.all);
    str_release(&cut.all);
    return 0;
}
