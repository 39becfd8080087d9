/* report_finding - any bytes as finding.json: no crash, and a sentence where it is none; what is
 * said of one that is taken can be said of it again, as a page that grows. */
#include "report/finding.h"
#include "core/mem.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void finding_say(const struct doc *finding, struct err *e)
{
    const char *none = "no such folder";
    struct finding_now now = {"tried", "gpu", "1a"};
    struct findings f = {&finding, &none, 1, &now, 1};
    struct str text = STR_INIT, page = STR_INIT, again = STR_INIT, html = STR_INIT, csv = STR_INIT,
               script = STR_INIT;
    int height = 0;
    BUG_ON(finding_text(finding, 80, &text, e));
    BUG_ON(findings_markdown(&f, "figures", "", &page, e));
    BUG_ON(findings_markdown(&f, "figures", page.s, &again, e));
    BUG_ON(findings_html(&f, &html, e));
    finding_csv(finding, &csv);
    BUG_ON(csv.failed || finding_script(finding, &script, &height, e));
    str_release(&text);
    str_release(&page);
    str_release(&again);
    str_release(&html);
    str_release(&csv);
    str_release(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    if (doc_parse_json(&t, (const char *)data, n, "fuzz", 1, &e) == OK) {
        int rc = finding_check(t.root, &e);
        BUG_ON(rc && (rc != ERR_INPUT || !*e.msg));
        if (!rc)
            finding_say(t.root, &e);
    }
    doc_tree_release(&t);
    return 0;
}
