/* view.h - results.json as the report's parts read it. Inside report only. */
#ifndef W2S_REPORT_VIEW_H
#define W2S_REPORT_VIEW_H

#include "core/doc.h"
#include "core/log.h"

/* est - a value with its interval; NAN where the file has null. */
struct est {
    double value, lo, hi;
};
struct est view_node_est(const struct doc *list);
struct est view_est(const struct doc *map, const char *key);
double view_real(const struct doc *map, const char *key);     /* NAN where absent or null */
const char *view_str(const struct doc *map, const char *key); /* "" where absent or null */
const struct doc *view_model(const struct doc *results,
                             const char *id); /* the row of models, or NULL */
/* view_words - "2 layers" or, where the study has several models, "name, 2 layers". Appended. */
void view_words(const struct doc *results, const char *id, struct str *out);
/* view_method - of a pair, for people: "early_stop_truth (upper bound)". Appended. */
void view_method(const struct doc *pair, struct str *out);
/* view_stop - the full stop that a text lacks: "" where it ends in one, or in ? or !. */
const char *view_stop(const char *text);
/* view_seeds - "1 seed", "3 seeds". Appended. */
void view_seeds(const struct doc *results, struct str *out);
bool view_intervals(const struct doc *results); /* whether any accuracy has one */
/* view_untrained - whether any pair has its student untrained too. */
bool view_untrained(const struct doc *results);
/* view_imported - whether its predictions were made by other programs. */
bool view_imported(const struct doc *results);
/* view_scope - what intervals over one seed leave out; nothing where all pairs have several.
 * Appended. */
void view_scope(const struct doc *results, struct str *out);
/* view_check - the file is a results file of this format, else ERR_INPUT. */
int view_check(const struct doc *results, struct err *e);

/* notes.c. One paragraph each, appended; nothing where there is nothing to say. notes_cut: whether
 * it warns.
 */
void notes_left_out(const struct doc *results, struct str *out);
/* notes_constant - supervisors and ceilings that one answer to everything beats, and those that are
 * not told from it. */
void notes_constant(const struct doc *results, struct str *out);
/* notes_chain - bootstrapping through no model at all. */
void notes_chain(const struct doc *results, struct str *out);
/* notes_judges - what reading arguments did to judges. */
void notes_judges(const struct doc *results, struct str *out);
bool notes_cut(const struct doc *results, struct str *out);
/* notes_training - how supervisors and students learn, and what the first layers of a model keep.
 * notes_untrained - what untrained students are. notes_source - which of the task's sources was
 * read. notes_device - threads and precision. */
void notes_training(const struct doc *results, struct str *out);
void notes_untrained(const struct doc *results, struct str *out);
/* notes_recited - what students' models know by heart of the test part. */
void notes_recited(const struct doc *results, struct str *out);
void notes_device(const struct doc *results, struct str *out);
void notes_source(const struct doc *results, struct str *out);

/* figures.c. One figure: name, caption, an SVG for the page (no fixed colours of
 * text, no XML header); where there is nothing to draw, no SVG, and the caption says so. */
struct figure {
    const char *name, *title;
    struct str caption, svg;
};
#define FIGURES 6
/* figures_make - all figures; files figures/<name>.svg, .pdf and .gp (script with its data) in dir.
 * *missing holds a sentence where gnuplot is not there or too old, and the svgs stay empty. */
int figures_make(const struct doc *results, const char *dir, struct figure f[FIGURES],
                 struct str *missing, struct err *e);
void figures_release(struct figure f[FIGURES]);

/* gnuplot.c. gnuplot_run - a script drawn on a terminal, appended to out, an SVG without gnuplot's
 * own titles; ERR_CHILD with its last line. gnuplot_inline - its SVG as a part of a page: the
 * header gone, title and description added, black left to the page, so that it is light on dark. */
int gnuplot_run(const char *script, const char *terminal, struct str *out, struct err *e);
void gnuplot_inline(const struct str *svg, const struct figure *f, struct str *out);

/* browser.c: test texts by what the student did with its supervisor's label, for every pair, as
 * HTML. */
void browser_html(const struct doc *results, struct str *out);
/* html_tables.c: the tables behind the test texts, that of costs among them. */
void tables_html(const struct doc *results, struct str *out);
/* baselines.c, of methods that are told labels: baselines_words - sentences about a pair, each
 * begun with a blank; notes_baselines - what is run beside them, or is not; baselines_html - the
 * table of differences. Nothing where there is nothing to say. */
void baselines_words(const struct doc *pair, struct str *out);
void notes_baselines(const struct doc *results, struct str *out);
void baselines_html(const struct doc *results, struct str *out);
/* costs.c: pairs by PGR for what they cost, as HTML; nothing where costs are not known. */
void costs_html(const struct doc *results, struct str *out);
/* cost_cell - of a pair's cost one number in words, "–" where it is not known: tokens and
 * predicted_tokens, seconds as a time, flops in 10^12, pgr_per_pflop without its interval.
 * Appended. */
void cost_cell(const struct doc *cost, const char *key, struct str *out);
/* finding_read.c. finding_est - of finding.json, a value and the two nodes behind it: bounds are
 * numbers, infinite, or both NAN where there is no interval. NULL: no value either. */
struct est finding_est(const struct doc *value);
/* style.c: the page's style sheet. */
extern const char page_style[];
/* html.c: text with &, <, >, quotes escaped. */
void html_text(struct str *out, const char *s);
void html_est(struct str *out, struct est x); /* .769 [.747, .790] */
void html_est_cell(struct est x, struct str *out);
/* html_table - a table in its box, the heads' columns named, NULL behind them. The style calls
 * "pairs" what stands row under row on a narrow screen.
 * html_row - a row of a table of pairs, and its first three cells: which pair it is of.
 * html_note - a paragraph; nothing of an empty text. */
void html_table(struct str *out, const char *class, const char *const *heads);
void html_table_end(struct str *out);
void html_row(const struct doc *results, const struct doc *pair, struct str *out);
void html_note(struct str *out, const char *class, const char *text);

#endif
