/* finding.h - findings that were put to the test, for people: runs/findings/<name>/finding.json
 * (docs/reproduce.md) as text, figure, CSV and Markdown. */
#ifndef W2S_REPORT_FINDING_H
#define W2S_REPORT_FINDING_H

#include "core/doc.h"
#include "core/log.h"

/* finding_text - what it comes to, claim by claim, for a terminal. */
int finding_text(const struct doc *finding, size_t width, struct str *out, struct err *e);

/* finding_files - figure.svg, figure.pdf, figure.gp and finding.csv in dir, from its finding.json.
 * gnuplot missing: a warning, and no figure. */
int finding_files(const char *dir, struct log *log, struct err *e);

/* findings_markdown - all of these findings as one Markdown page: a table of verdicts, then each
 * with its figure, claims with intervals, the pairs' numbers, how long it took. figures: where the
 * page finds <name>.svg; "" for none. */
int findings_markdown(const struct doc *const *findings, size_t n, const char *figures,
                      struct str *out, struct err *e);

/* findings_html - the same as one HTML page, figures inside; dirs [n]: where figure.svg is. */
int findings_html(const struct doc *const *findings, const char *const *dirs, size_t n,
                  struct str *out, struct err *e);

#endif
