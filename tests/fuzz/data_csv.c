/* data_csv - any bytes as separated values: no crash, and rows that keep their promise.
 *
 * The first byte says how: bit 0 tab instead of comma, bit 1 the other quoting than usual, bit 2
 * Latin-1, bit 3 names given (three columns) instead of a header. */
#include "data/table_rows.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
    size_t width;
    int line;
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
    BUG_ON(width != row->n || width == 0 || (s->width && width != s->width));
    s->width = width;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"a", "b", "c", NULL};
    struct table_settings s = {.format = TABLE_CSV};
    struct str raw = STR_INIT;
    struct err e = ERR_INIT;
    struct seen seen = {0, 0};
    if (!n)
        return 0;
    s.format = data[0] & 1 ? TABLE_TSV : TABLE_CSV;
    s.quotes = !(data[0] & 2) ? QUOTES_AUTO : data[0] & 1 ? QUOTES_YES : QUOTES_NO;
    s.encoding = data[0] & 4 ? ENCODING_LATIN1 : ENCODING_UTF8;
    s.columns = data[0] & 8 ? names : NULL;
    str_catn(&raw, data + 1, n - 1);
    int rc = table_bytes(&raw, "fuzz", &s, row_check, &seen, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    str_release(&raw);
    return 0;
}
