/* data_json - any bytes as JSON rows, which are the same however the bytes come. The first byte
 * says how: bit 0 lines of JSON, bit 1 a list inside ("data.1"); bits 4 to 7 how many bytes come at
 * a time. */
#include "pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
    int line;
    struct str all;
};

static int row_check(void *ctx, const struct doc *row, struct err *e)
{
    struct seen *seen = ctx;
    (void)e;
    BUG_ON((row->type != DOC_MAP && row->type != DOC_LIST) || row->line < seen->line);
    seen->line = row->line;
    str_addf(&seen->all, "%d: ", row->line);
    doc_write_json(&seen->all, row);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct table_settings s = {.format = TABLE_JSON};
    struct seen whole = {1, STR_INIT}, cut = {1, STR_INIT};
    struct err e = ERR_INIT, again = ERR_INIT;
    if (!n)
        return 0;
    s.format = data[0] & 1 ? TABLE_JSONL : TABLE_JSON;
    s.rows = data[0] & 2 ? "data.1" : NULL;
    struct pieces p = {data + 1, n - 1, n, 0, 0}, few = {data + 1, n - 1, 1 + (data[0] >> 4), 0, 0};
    int rc = table_text_read("fuzz", &s, pieces_pull, &p, row_check, &whole, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    const int rc_few = table_text_read("fuzz", &s, pieces_pull, &few, row_check, &cut, &again);
    BUG_ON(rc != rc_few || (!rc && strcmp(whole.all.s, cut.all.s) != 0));
    str_release(&whole.all);
    str_release(&cut.all);
    return 0;
}
