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

/* finding_id - appended: the finding's name, and its scale where that is not laptop: what it is
 * called on a page of several, and its figure there. */
void finding_id(const struct doc *finding, struct str *out);
/* finding_row, finding_section - appended: of a Markdown page of several findings its line of the
 * table, and its section: figure, claims with intervals, what made it, the pairs' numbers. dir:
 * where its figure.svg may be; figures: where the page has that as <id>.svg. */
void finding_row(const struct doc *finding, struct str *out);
void finding_section(const struct doc *finding, const char *dir, const char *figures,
                     struct str *out);

/* findings_markdown - all of these findings (dirs [n]: where figure.svg is) as one Markdown page,
 * by name: a table of verdicts, then a section of each. old: the page that it takes the place of,
 * or
 * "": rows and sections of other findings stay as they are there. findings_page_is - whether a text
 * is such a page, by its first line. */
#define FINDINGS_PAGE "# Findings of the study, put to the test"
bool findings_page_is(const char *text);
int findings_markdown(const struct doc *const *findings, const char *const *dirs, size_t n,
                      const char *figures, const char *old, struct str *out, struct err *e);

/* findings_html - the same as one HTML page, figures inside; dirs [n]: where figure.svg is. */
int findings_html(const struct doc *const *findings, const char *const *dirs, size_t n,
                  struct str *out, struct err *e);

#endif
