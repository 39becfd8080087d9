/* figure_curves.c - accuracy within the epochs. */
#include "report/figures.h"

#include <math.h>
#include <string.h>

/* Curves: a panel for the supervisors and one for each student model, with its ceiling; looks as in
 * the other figures; one legend below. */
#define SHAPES 8 /* of a curve, at most */

/* job_curve - of the first seed, where it has a point; else NULL. */
static const struct doc *job_curve(const struct doc *job)
{
    const struct doc *curve = doc_get(doc_get(job, "result"), "curve");
    bool any = false;
    for (const struct doc *x = curve ? curve->child : NULL; x; x = x->next)
        any = any || !isnan(view_real(x, "accuracy"));
    return any && !(view_real(job, "seed") > 0) ? curve : NULL;
}

static bool is_role(const struct doc *job, const char *role)
{
    return strcmp(view_str(job, "role"), role) == 0;
}

/* curve_line - the line that a job is drawn like: a student's own, a supervisor's first, none
 * of a ceiling. */
static const struct line *curve_line(const struct sheet *s, const struct doc *job)
{
    bool student = is_role(job, "student");
    const char *supervisor = view_str(job, student ? "supervisor" : "model");
    for (size_t i = 0; i < s->n && !is_role(job, "ceiling"); i++)
        if (strcmp(s->lines[i].supervisor, supervisor) == 0 &&
            (!student || strcmp(s->lines[i].method, view_str(job, "method")) == 0))
            return &s->lines[i];
    return NULL;
}

/* curves_panel - model: of the students and the ceiling; NULL: the supervisors. */
static size_t curves_panel(const struct sheet *s, const char *model, struct str *out)
{
    size_t n = 0, at = 0;
    for (const struct doc *j = doc_get(s->results, "jobs")->child; j; j = j->next, at++) {
        const struct line *l = curve_line(s, j);
        bool supervisor = is_role(j, "supervisor");
        if (!job_curve(j) ||
            (model ? supervisor || strcmp(view_str(j, "model"), model) != 0 : !supervisor))
            continue;
        str_addf(out, "%s$j%zu using 1:2 ", n++ ? ", " : "plot ", at);
        if (l)
            str_addf(out, "with linespoints lw 2 dt %d pt %d ps 0.7 pi %zu lc rgb \"%s\" notitle",
                     supervisor ? 1 : l->look.dash, l->look.point, job_curve(j)->n / SHAPES + 1,
                     l->look.colour);
        else
            str_cat(out, "with lines lw 2 lc rgb \"" FIGURE_GREY "\" notitle");
    }
    if (n)
        str_addc(out, '\n');
    return n;
}

static void curves_data(const struct sheet *s, struct str *out)
{
    size_t at = 0;
    for (const struct doc *j = doc_get(s->results, "jobs")->child; j; j = j->next, at++) {
        if (!job_curve(j))
            continue;
        str_addf(out, "$j%zu << EOD\n", at);
        for (const struct doc *x = job_curve(j)->child; x; x = x->next)
            if (!isnan(view_real(x, "accuracy")))
                str_addf(out, "%.9g %.9g\n", view_real(x, "epoch"), view_real(x, "accuracy"));
        str_cat(out, "EOD\n");
    }
}

static void curves_range(const struct sheet *s, double *lo, double *hi)
{
    *lo = (double)INFINITY;
    *hi = -(double)INFINITY;
    for (const struct doc *j = doc_get(s->results, "jobs")->child; j; j = j->next)
        for (const struct doc *x = job_curve(j) ? job_curve(j)->child : NULL; x; x = x->next) {
            double y = view_real(x, "accuracy");
            *lo = y < *lo ? y : *lo;
            *hi = y > *hi ? y : *hi;
        }
}

static void curves_legend(const struct sheet *s, struct str *out)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct look *look = &s->lines[i].look;
        str_addf(out, "NaN with linespoints lw 2 dt %d pt %d ps 0.7 lc rgb \"%s\" title ",
                 look->dash, look->point, look->colour);
        line_title(s->results, &s->lines[i], out);
        str_cat(out, ", ");
    }
    str_cat(out, "NaN with lines lw 2 lc rgb \"" FIGURE_GREY "\" title \"ceiling\"\n");
}

/* curves_place - the next panel, if there is anything in it: of the supervisors (model NULL) or of
 * a student. */
static void curves_place(const struct sheet *s, const char *model, const char *title,
                         struct panels *at, struct str *out)
{
    struct str panel = STR_INIT;
    if (curves_panel(s, model, &panel)) {
        panel_place(at, title, out);
        str_cat(out, panel.s);
    }
    out->failed = out->failed || panel.failed;
    str_release(&panel);
}

bool script_curves(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    const struct doc *models = doc_get(s->results, "models");
    struct str scratch = STR_INIT, title = STR_INIT;
    size_t panels = curves_panel(s, NULL, &scratch) > 0;
    struct panels at;
    double lo, hi;
    (void)caption;
    for (const struct doc *m = models->child; m; m = m->next)
        panels += curves_panel(s, view_str(m, "id"), &scratch) > 0;
    str_reset(&scratch);
    curves_range(s, &lo, &hi);
    if (!panels)
        goto out;
    curves_data(s, out);
    str_addf(out,
             "set xlabel \"epochs\" offset 0,0.5\nset ylabel \"validation accuracy\"\nunset "
             "key\nset yrange [%.9g:%.9g]\n",
             lo - 0.02, hi + 0.02);
    panels_begin(&at, s, panels, 1, out);
    *height = at.height;
    curves_place(s, NULL, "supervisors", &at, out);
    for (const struct doc *m = models->child; m; m = m->next) {
        str_reset(&title);
        str_cat(&title, "students, ");
        view_words(s->results, view_str(m, "id"), &title);
        curves_place(s, view_str(m, "id"), title.s, &at, out);
    }
    panels_legend(&at, out);
    curves_legend(s, out);
    panels_end(out);
out:
    str_release(&scratch);
    str_release(&title);
    return panels > 0;
}
