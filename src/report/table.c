/* table.c - the pairs for a terminal, and every number as CSV. */
#include "report/report.h"
#include "report/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* .769 for a share, 0.49 for others; "-" for what is undefined. */
static void share(struct str *out, double x)
{
    char buf[32];
    if (isnan(x)) {
        str_cat(out, "-");
        return;
    }
    snprintf(buf, sizeof buf, "%.3f", x);
    str_cat(out, x >= 0 && x < 0.9995 ? buf + 1 : buf);
}

static void share_est(struct str *out, struct est x)
{
    share(out, x.value);
    if (!isnan(x.lo)) {
        str_cat(out, " [");
        share(out, x.lo);
        str_addc(out, ' ');
        share(out, x.hi);
        str_addc(out, ']');
    }
}

/* number_est - 0.49 [0.20 0.70], the interval where there is one. */
static void number_est(struct str *out, struct est x)
{
    str_addf(out, "%.2f", x.value);
    if (!isnan(x.lo))
        str_addf(out, " [%.2f %.2f]", x.lo, x.hi);
}

static void pgr_cell(struct str *out, const struct doc *pair)
{
    struct est pgr = view_est(pair, "pgr");
    if (isnan(pgr.value))
        str_cat(out, "undefined");
    else
        number_est(out, pgr);
}

/* best_of_words - how what a pair's rewards pick is rated; nothing where it has no rewards. */
static void best_of_words(const struct doc *pair, struct str *out)
{
    static const char *const of = "16";
    const struct doc *best = doc_get(pair, "best_of");
    if (!best)
        return;
    str_addf(out, " Best of %s by the student's reward is rated ", of);
    number_est(out, view_est(doc_get(best, "student"), of));
    if (doc_get(best, "weak"))
        str_addf(out, ", by the supervisor's %.2f", view_est(doc_get(best, "weak"), of).value);
    str_addf(out, ", by the ceiling's %.2f, by the ratings %.2f",
             view_est(doc_get(best, "ceiling"), of).value,
             view_est(doc_get(best, "possible"), of).value);
    str_addf(out, " (mean %.2f).", view_est(doc_get(best, "student"), "1").value);
}

/* by_ceiling_words - how the ceiling's reward rates what the others pick: of 16 texts, or of as
 * many as a question has. */
static void by_ceiling_words(const struct doc *pair, struct str *out)
{
    const struct doc *best = doc_get(pair, "best_of_by_ceiling"), *line = doc_get(best, "student");
    if (!line || line->type != DOC_MAP || !line->child)
        return;
    const char *of = line->n > 1 ? "16" : line->child->key;
    struct est student = view_est(line, of);
    if (isnan(student.value))
        return;
    str_addf(out,
             " Judged by the ceiling's reward, in its standard deviations above chance, the "
             "student's best of %s is ",
             of);
    number_est(out, student);
    if (doc_get(best, "weak"))
        str_addf(out, ", the supervisor's %.2f", view_est(doc_get(best, "weak"), of).value);
    if (doc_get(best, "untrained"))
        str_addf(out, ", the untrained student's %.2f",
                 view_est(doc_get(best, "untrained"), of).value);
    str_addf(out, ", the ceiling's own %.2f.", view_est(doc_get(best, "ceiling"), of).value);
}

/* bands_words - accuracies by the task's bands. */
static void bands_words(const struct doc *pair, struct str *out)
{
    const struct doc *bands = doc_get(pair, "bands");
    for (const struct doc *b = bands ? bands->child : NULL; b; b = b->next) {
        str_addf(out, "%s%s (%.0f): ",
                 b == bands->child ? " Supervisor, student, ceiling by band: " : "; ", b->key,
                 view_real(b, "examples"));
        share(out, view_est(b, "weak").value);
        str_cat(out, ", ");
        share(out, view_est(b, "student").value);
        str_cat(out, ", ");
        share(out, view_est(b, "ceiling").value);
        str_cat(out, b->next ? "" : ".");
    }
}

/* legal_words - how many of the moves are legal; where others were not allowed, how many would be,
 * and how many right, without that rule. */
static void legal_words(const struct doc *results, const struct doc *pair, struct str *out)
{
    static const char *const roles[][2] = {{"weak", "the supervisor"},
                                           {"student_scores", "the student"},
                                           {"ceiling", "the ceiling"},
                                           {"untrained", "the untrained student"}};
    bool kept = strcmp(view_str(doc_get(results, "task"), "decoding"), "legal") == 0, any = false;
    for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
        const struct doc *r = doc_get(pair, roles[k][0]);
        double legal = view_real(r, "legal"), right = view_real(r, "greedy_accuracy");
        if (isnan(legal))
            continue;
        if (!any)
            str_cat(out, kept ? " Only legal moves were allowed; left free, " : " Legal moves: ");
        str_addf(out, "%s%s %s%.1f %%", any ? ", " : "", roles[k][1],
                 any ? "in " : "writes a legal move in ", 100 * legal);
        if (!any)
            str_cat(out, " of the positions");
        if (kept && !isnan(right))
            str_addf(out, any ? " and %.1f %%" : " and a right one in %.1f %%", 100 * right);
        any = true;
    }
    if (any)
        str_addc(out, '.');
}

enum {
    SUPERVISOR,
    STUDENT,
    METHOD,
    WEAK,
    UNTRAINED, /* not in every table */
    TRAINED,
    CEILING,
    PGR,
    COLUMNS
};
static const char *const heads[COLUMNS] = {"supervisor", "student", "method",  "weak",
                                           "untrained",  "student", "ceiling", "PGR"};

/* widths of the cells, in code points: labels may hold any text */
static size_t cell_width(const char *s)
{
    size_t n = strlen(s), w = 0, at = 0;
    unsigned cp;
    while (at < n) {
        at += utf8_next(s + at, n - at, &cp);
        w++;
    }
    return w;
}

/* cell_put - a cell and what fills its column; after the last one nothing does. */
static void cell_put(const char *s, size_t column, const size_t wide[], size_t columns,
                     struct str *out)
{
    str_cat(out, s);
    if (column + 1 < columns)
        str_addf(out, "%*s", (int)(wide[column] + 2 - cell_width(s)), "");
}

static void row_cells(const struct doc *results, const struct doc *pair, struct str cell[COLUMNS])
{
    view_words(results, view_str(pair, "supervisor"), &cell[SUPERVISOR]);
    view_words(results, view_str(pair, "student"), &cell[STUDENT]);
    view_method(pair, &cell[METHOD]);
    if (!doc_get(pair, "weak"))
        return;
    share_est(&cell[WEAK], view_est(doc_get(pair, "weak"), "accuracy"));
    share_est(&cell[UNTRAINED], view_est(doc_get(pair, "untrained"), "accuracy"));
    share_est(&cell[TRAINED], view_est(doc_get(pair, "student_scores"), "accuracy"));
    share_est(&cell[CEILING], view_est(doc_get(pair, "ceiling"), "accuracy"));
    pgr_cell(&cell[PGR], pair);
}

static void failures(const struct doc *results, bool colour, struct str *out)
{
    for (const struct doc *j = doc_get(results, "jobs")->child; j; j = j->next)
        if (doc_get(j, "error"))
            str_addf(out, "%sfailed: %s: %s%s\n", colour ? "\033[31m" : "", view_str(j, "label"),
                     view_str(j, "error"), colour ? "\033[0m" : "");
}

/* sentence - wrapped at width, following lines indented as much. */
static void sentence(struct str *out, const char *s, size_t indent, size_t width)
{
    size_t column = indent;
    str_addf(out, "%*s", (int)indent, "");
    while (*s) {
        size_t n = strcspn(s, " ");
        if (column > indent && column + 1 + n > width) {
            str_addf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            str_addc(out, ' ');
            column++;
        }
        str_catn(out, s, n);
        column += n;
        s += n;
        s += strspn(s, " ");
    }
    str_addc(out, '\n');
}

static void paragraph(void (*note)(const struct doc *results, struct str *out),
                      const struct doc *results, size_t width, struct str *out)
{
    struct str words = STR_INIT;
    note(results, &words);
    if (words.len)
        sentence(out, words.s, 2, width);
    out->failed = out->failed || words.failed;
    str_release(&words);
}

int report_table(const struct doc *results, size_t width, bool colour, struct str *out,
                 struct err *e)
{
    size_t wide[COLUMNS];
    int rc = view_check(results, e);
    if (rc)
        return rc;
    const struct doc *study = doc_get(results, "study"), *task = doc_get(results, "task"),
                     *pairs = doc_get(results, "pairs");
    bool untrained = view_untrained(results);
    for (size_t c = 0; c < COLUMNS; c++)
        wide[c] = cell_width(heads[c]);
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct str cell[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            str_init(&cell[c]);
        row_cells(results, p, cell);
        for (size_t c = 0; c < COLUMNS; c++) {
            wide[c] = cell_width(cell[c].s) > wide[c] ? cell_width(cell[c].s) : wide[c];
            str_release(&cell[c]);
        }
    }
    str_addf(out, "\n%s%s%s\n\n", colour ? "\033[1m" : "", view_str(study, "title"),
             colour ? "\033[0m" : "");
    str_cat(out, colour ? "\033[2m" : "");
    for (size_t c = 0; c < COLUMNS; c++)
        if (c != UNTRAINED || untrained)
            cell_put(heads[c], c, wide, COLUMNS, out);
    str_cat(out, colour ? "\033[0m\n" : "\n");
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct str cell[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            str_init(&cell[c]);
        row_cells(results, p, cell);
        for (size_t c = 0; c < COLUMNS; c++) {
            if (c != UNTRAINED || untrained)
                cell_put(cell[c].s, c, wide, COLUMNS, out);
            str_release(&cell[c]);
        }
        str_addc(out, '\n');
    }
    str_addc(out, '\n');
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct str line = STR_INIT;
        view_words(results, view_str(p, "supervisor"), &line);
        str_cat(&line, " -> ");
        view_words(results, view_str(p, "student"), &line);
        const char *verdict = view_str(p, "verdict");
        str_cat(&line, ", ");
        view_method(p, &line);
        str_addf(&line, ": %s.", *verdict ? verdict : "no result, its jobs failed");
        baselines_words(p, &line);
        best_of_words(p, &line);
        by_ceiling_words(p, &line);
        legal_words(results, p, &line);
        bands_words(p, &line);
        sentence(out, line.s, 2, width);
        str_release(&line);
    }
    struct str note = STR_INIT;
    str_addf(&note, "Accuracy on %.0f test examples (best constant answer %.3f)",
             view_real(task, "test"), view_real(task, "constant_accuracy"));
    if (view_intervals(results)) {
        str_addf(&note, "; intervals: %.0f %% by bootstrap over ", 100 * view_real(study, "level"));
        view_seeds(results, &note);
        str_cat(&note, " and test examples, the three models together. ");
        view_scope(results, &note);
    } else {
        str_cat(&note, "; there are no intervals.");
    }
    str_addc(out, '\n');
    sentence(out, note.s, 2, width);
    paragraph(notes_constant, results, width, out);
    paragraph(notes_chain, results, width, out);
    paragraph(notes_untrained, results, width, out);
    paragraph(notes_recited, results, width, out);
    paragraph(notes_baselines, results, width, out);
    paragraph(notes_judges, results, width, out);
    paragraph(notes_training, results, width, out);
    paragraph(notes_source, results, width, out);
    paragraph(notes_left_out, results, width, out);
    paragraph(notes_device, results, width, out);
    str_reset(&note);
    notes_cut(results, &note);
    if (note.len)
        sentence(out, note.s, 2, width);
    str_release(&note);
    failures(results, colour, out);
    return str_check(out, e);
}

/* Of several studies a row begins with these. */
#define LEAD  4
#define TRAIN 1
#define WHOLE (LEAD + COLUMNS)
static const char *const leads[LEAD] = {"study", "train", "test", "constant"};

static const char *head_of(size_t c)
{
    return c < LEAD ? leads[c] : heads[c - LEAD];
}

static void cells_init(struct str cell[WHOLE])
{
    for (size_t c = 0; c < WHOLE; c++)
        str_init(&cell[c]);
}

static void cells_release(struct str cell[WHOLE])
{
    for (size_t c = 0; c < WHOLE; c++)
        str_release(&cell[c]);
}

static void study_cells(const struct doc *results, const struct doc *pair, struct str cell[WHOLE])
{
    const struct doc *task = doc_get(results, "task");
    str_cat(&cell[0], view_str(doc_get(results, "study"), "name"));
    if (view_imported(results))
        str_cat(&cell[TRAIN], "-");
    else
        str_addf(&cell[TRAIN], "%.0f", view_real(task, "train"));
    str_addf(&cell[2], "%.0f", view_real(task, "test"));
    share(&cell[3], view_real(task, "constant_accuracy"));
    row_cells(results, pair, cell + LEAD);
}

static bool none(const char *cell)
{
    return !*cell || strcmp(cell, "-") == 0;
}

/* Columns of a table of several studies: how wide, and which are the same in every row. */
struct columns {
    size_t wide[WHOLE], rows;
    bool same[WHOLE];
    struct str first[WHOLE];
};

static void columns_row(struct columns *k, struct str cell[WHOLE])
{
    for (size_t c = 0; c < WHOLE; c++) {
        size_t w = cell_width(cell[c].s);
        if (!k->rows)
            str_cat(&k->first[c], cell[c].s);
        k->same[c] = k->same[c] && strcmp(k->first[c].s, cell[c].s) == 0;
        k->wide[c] = w > k->wide[c] ? w : k->wide[c];
    }
    k->rows++;
}

/* column_once - who learnt from whom, and how, where all rows have the same. */
static bool column_once(const struct columns *k, size_t c)
{
    return k->rows > 1 && k->same[c] && c >= LEAD && c <= LEAD + METHOD;
}

static bool column_left_out(const struct columns *k, size_t c)
{
    return column_once(k, c) ||
           ((c == TRAIN || c == LEAD + UNTRAINED) && k->same[c] && none(k->first[c].s));
}

static void studies_row(const struct columns *k, struct str cell[WHOLE], struct str *out)
{
    for (size_t c = 0; c < WHOLE; c++)
        if (!column_left_out(k, c))
            cell_put(cell ? cell[c].s : head_of(c), c, k->wide, WHOLE, out);
    str_addc(out, '\n');
}

static void studies_rows(const struct doc *const *results, size_t n, struct columns *k,
                         struct str *out)
{
    for (size_t i = 0; i < n; i++)
        for (const struct doc *p = doc_get(results[i], "pairs")->child; p; p = p->next) {
            struct str cell[WHOLE];
            cells_init(cell);
            study_cells(results[i], p, cell);
            if (out)
                studies_row(k, cell, out);
            else
                columns_row(k, cell);
            cells_release(cell);
        }
}

int report_studies(const struct doc *const *results, size_t n, struct str *out, struct err *e)
{
    struct columns k = {.rows = 0};
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = view_check(results[i], e);
    if (rc)
        return rc;
    cells_init(k.first);
    for (size_t c = 0; c < WHOLE; c++)
        k.wide[c] = cell_width(head_of(c)), k.same[c] = true;
    studies_rows(results, n, &k, NULL);
    bool any = false;
    for (size_t c = 0; c < WHOLE; c++)
        if (column_once(&k, c)) {
            str_addf(out, "%s%s: %s", any ? ", " : "\n", head_of(c), k.first[c].s);
            any = true;
        }
    str_cat(out, any ? "\n\n" : "\n");
    studies_row(&k, NULL, out);
    studies_rows(results, n, &k, out);
    cells_release(k.first);
    return str_check(out, e);
}
