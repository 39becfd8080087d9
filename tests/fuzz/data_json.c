/* data_json - any bytes as JSON rows. The first byte says how: bit 0 lines of JSON, bit 1 a list
 * inside ("data.1"). */
#include "data/table_rows.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int row_check(void *ctx, const struct doc *row, struct err *e)
{
    int *line = ctx;
    (void)e;
    BUG_ON((row->type != DOC_MAP && row->type != DOC_LIST) || row->line < *line);
    *line = row->line;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct table_settings s = {.format = TABLE_JSON};
    struct str raw = STR_INIT;
    struct err e = ERR_INIT;
    int line = 1;
    if (!n)
        return 0;
    s.format = data[0] & 1 ? TABLE_JSONL : TABLE_JSON;
    s.rows = data[0] & 2 ? "data.1" : NULL;
    str_catn(&raw, data + 1, n - 1);
    int rc = table_bytes(&raw, "fuzz", &s, row_check, &line, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    str_release(&raw);
    return 0;
}
