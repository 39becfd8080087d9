/* shelf.h - the pages of all findings that a runs folder has. */
#ifndef W2S_CLI_SHELF_H
#define W2S_CLI_SHELF_H

#include "core/err.h"

#include <stdbool.h>

/* findings_pages - RUNS/findings/findings.html and, where markdown is not NULL, FILE.md with its
 * figures in the folder FILE: what FILE.md says of findings that the runs folder has not stays.
 * say: where the page is, on standard output. findings_page_check - whether FILE.md may be written:
 * it is not there, or is such a page; else ERR_INPUT. */
int findings_pages(const char *runs, const char *markdown, bool say, struct err *e);
int findings_page_check(const char *file, struct err *e);

#endif
