/* report_results - any bytes as results.json: no crash, and a sentence where no table or CSV can be
 * made of it. */
#include "report/report.h"
#include "core/mem.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str table = STR_INIT, csv = STR_INIT;
    struct err e = ERR_INIT;
    if (doc_parse_json(&t, (const char *)data, n, "fuzz", 1, &e) == OK) {
        int rc = report_table(t.root, 80, false, &table, &e);
        BUG_ON(rc && (rc != ERR_INPUT || !*e.msg));
        if (!rc) {
            rc = report_csv(t.root, &csv, &e);
            BUG_ON(rc && rc != ERR_INPUT);
        }
    }
    doc_tree_release(&t);
    str_release(&table);
    str_release(&csv);
    return 0;
}
