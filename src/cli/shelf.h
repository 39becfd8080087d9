/* shelf.h - the pages of all findings that a runs folder has. */
#ifndef W2S_CLI_SHELF_H
#define W2S_CLI_SHELF_H

#include "core/log.h"
#include "report/finding.h"

#include <stdbool.h>

/* What pages are written: markdown NULL or a FILE.md. say: where the page is, on standard output.
 * now [n_now]: as in struct findings. */
struct pages {
    const char *runs, *markdown;
    const struct finding_now *now;
    size_t n_now;
    struct log *log;
    bool say;
};

/* findings_pages - RUNS/findings/findings.html, where the folder has a finding, and FILE.md with
 * its figures in the folder FILE: what FILE.md says of findings that the runs folder has not stays.
 * A finding.json that is none is a warning, and one of *bad: it is left off the pages, and what
 * FILE.md says of its finding stays. findings_page_check - whether FILE.md may be written: it is
 * not there, or is such a page, and its folder, which is made, may be written to; else ERR_INPUT or
 * ERR_IO. */
int findings_pages(const struct pages *p, size_t *bad, struct err *e);
int findings_page_check(const char *file, struct err *e);

#endif
