/* report.h - what people look at: a terminal table, CSV, figures, one HTML file. All of it is made
 * from runs/studies/<name>/results.json (docs/result-files.md) and nothing else. */
#ifndef W2S_REPORT_REPORT_H
#define W2S_REPORT_REPORT_H

#include "core/doc.h"
#include "core/log.h"

/* report_table - the pairs as a table for a terminal of `width` columns: supervisor, student,
 * method, the three accuracies, PGR with its interval or the reason it has none, and below it one
 * sentence a pair (trio verdicts), failures, what the interval covers. */
int report_table(const struct doc *results, size_t width, bool colour, struct str *out,
                 struct err *e);

/* report_studies - several studies in one table, a row for each pair: its study, how many examples
 * train and test, the best constant answer's accuracy, and report_table's columns; supervisor,
 * student and method are said once, above, where they are the same everywhere. */
int report_studies(const struct doc *const *results, size_t n, struct str *out, struct err *e);

/* report_csv - every number but the curves': one row for each measure of a pair, of a pair's seed,
 * of a job, of the study, its task and models (seed empty for the mean, with lo and hi). RFC 4180.
 */
int report_csv(const struct doc *results, struct str *out, struct err *e);

/* report_curves - the curves within the epochs: one row a point. RFC 4180. */
int report_curves(const struct doc *results, struct str *out, struct err *e);

/* report_write - results.csv, curves.csv, figures/ (SVG, PDF where gnuplot can) and report.html in
 * dir, from dir/results.json. gnuplot missing: the report is still written, with tables in the
 * figures' place and a sentence that says so. Where other processes may write there, the caller
 * holds dir (store_study_hold): figures are not taken away under another, and no results change
 * under a report. */
int report_write(const char *dir, struct log *log, struct err *e);

#endif
