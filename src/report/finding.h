/* finding.h - findings that were put to the test, for people: runs/findings/<name>/finding.json
 * (docs/reproduce.md) as text, figure, CSV and Markdown. */
#ifndef W2S_REPORT_FINDING_H
#define W2S_REPORT_FINDING_H

#include "core/doc.h"
#include "core/log.h"

/* finding_check - that it is a finding of format 1, whose keys hold what the report says of them:
 * what everything below takes for granted. Else ERR_INPUT: file, line, key, what is there, what is
 * wanted. finding_load - dir/finding.json, found to be such. */
int finding_check(const struct doc *finding, struct err *e);
int finding_load(struct doc_tree *t, const char *dir, struct err *e);

/* finding_text - what it comes to, claim by claim, for a terminal. */
int finding_text(const struct doc *finding, size_t width, struct str *out, struct err *e);

/* finding_files - figure.svg, figure.pdf, figure.gp and finding.csv in dir, from its finding.json.
 * gnuplot missing: a warning, and no figure. */
int finding_files(const char *dir, struct log *log, struct err *e);
/* finding_csv - every point of every panel, RFC 4180. finding_script - the figure for gnuplot, and
 * its height in pixels; nothing where no panel has a point. Both appended. */
void finding_csv(const struct doc *finding, struct str *out);
int finding_script(const struct doc *finding, struct str *out, int *height, struct err *e);

/* finding_id - appended: the finding's name, and its scale where that is not laptop: what it is
 * called on a page of several, and its figure there. */
void finding_id(const struct doc *finding, struct str *out);
/* finding_row, finding_section - appended: of a Markdown page of several findings its line of the
 * table, and its section: figure, claims with intervals, what made it, the pairs' numbers. dir:
 * where its figure.svg may be; figures: where the page has that as <id>.svg. */
void finding_row(const struct doc *finding, struct str *out);
void finding_section(const struct doc *finding, const char *dir, const char *figures,
                     struct str *out);

/* A finding by name and scale, and the SHA-256 of the files that it has now (finding.json's
 * file_hash); "": none. */
struct finding_now {
    const char *name, *scale, *hash;
};

/* What a page is of: finding.json of each (finding_check) and where its figure.svg is, [n]; and
 * what files findings have now, as far as that is known, [n_now]: of one name and scale the last
 * one counts. */
struct findings {
    const struct doc *const *roots;
    const char *const *dirs;
    size_t n;
    const struct finding_now *now;
    size_t n_now;
};

/* findings_markdown - all of these findings as one Markdown page, by name: a table of verdicts,
 * then a section of each. old: the page that it takes the place of, or "": rows and sections of
 * other findings stay as they are there, but for the mark that they are of earlier files, which
 * is set anew: where one of the finding's files is another now, or a section does not say of which
 * it is. findings_page_is - whether a text is such a page, by its first line. */
#define FINDINGS_PAGE "# Findings of the study, put to the test"
bool findings_page_is(const char *text);
int findings_markdown(const struct findings *f, const char *figures, const char *old,
                      struct str *out, struct err *e);

/* findings_html - the same as one HTML page, figures inside. */
int findings_html(const struct findings *f, struct str *out, struct err *e);

/* finding_file_now - FILE_OTHER: the finding of this name and scale has other files now than those
 * of this hash, or the hash is "". FILE_UNKNOWN: what files it has now is not known. */
enum file_now { FILE_SAME, FILE_OTHER, FILE_UNKNOWN };
enum file_now finding_file_now(const struct findings *f, const char *name, const char *scale,
                               const char *hash);
/* What every page says. */
#define FINDINGS_SEEDS                                                                             \
    "Intervals of one seed have the noise of the test examples in them and not the variance of "   \
    "training: to describe, three seeds or more are wanted, to compare methods five; of three "    \
    "that "                                                                                        \
    "differ much, intervals of 95 % hold the true number in some nine studies of ten. Many "       \
    "claims are many chances: of twenty differences that are none, one is told at 95 %."
#define FINDING_EARLIER "of earlier files"
#define FINDING_EARLIER_WHY                                                                        \
    "the finding's file, or that of a study, task or ladder that it names, has changed since "     \
    "this was written, or it is not known which they were; w2s reproduce tests what they say now"
/* Of a section, before and behind the hash, a line that readers do not see. */
#define FINDING_FILE_BEGIN "<!-- the finding's files: sha256 "
#define FINDING_FILE_END   " -->"

#endif
