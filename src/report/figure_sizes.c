/* figure_sizes.c - accuracy and PGR against the students' sizes. */
#include "report/figures.h"

#include <math.h>
#include <string.h>

static double student_size(const struct doc *results, const struct doc *pair)
{
    return view_real(view_model(results, view_str(pair, "student")), "params") / 1e6;
}

/* sized - whether every student has a size to be drawn at. */
static bool sized(const struct doc *results)
{
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        if (isnan(student_size(results, p)))
            return false;
    return true;
}

/* millions - three digits: tiny models have sizes, too. */
static void millions(double x, struct str *out)
{
    str_addf(out, x < 100 ? "%.3g" : "%.0f", x);
}

/* size_axis - students' sizes in million parameters, on a logarithmic axis where there are several.
 */
static void size_axis(const struct doc *results, struct str *out)
{
    double lo = (double)INFINITY, hi = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        double x = student_size(results, p);
        lo = x < lo ? x : lo;
        hi = x > hi ? x : hi;
    }
    /* two lines of tic labels lie between the axis and its name */
    str_cat(out,
            "set bmargin 5\nset xlabel \"student, million parameters (layers)\" offset 0,-1\n");
    if (hi > lo)
        str_addf(out, "set logscale x\nset xrange [%.9g:%.9g]\n", lo / 1.25, hi * 1.25);
    else
        str_addf(out, "set xrange [%.9g:%.9g]\n", lo - 4, hi + 4);
    str_cat(out, "set xtics (");
    bool first = true;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        bool seen = false;
        for (const struct doc *q = doc_get(results, "pairs")->child; q != p; q = q->next)
            seen = seen || strcmp(view_str(q, "student"), view_str(p, "student")) == 0;
        if (seen)
            continue;
        str_cat(out, first ? "\"" : ", \"");
        millions(student_size(results, p), out);
        double layers = view_real(view_model(results, view_str(p, "student")), "layers");
        if (!isnan(layers))
            str_addf(out, "\\n(%.0f)", layers);
        str_addf(out, "\" %.9g", student_size(results, p));
        first = false;
    }
    str_cat(out, ")\n");
}

/* size_step - the smallest ratio of two sizes; 1 where there is one size only. */
static double size_step(const struct doc *results)
{
    const struct doc *pairs = doc_get(results, "pairs");
    double step = (double)INFINITY;
    for (const struct doc *p = pairs->child; p; p = p->next)
        for (const struct doc *q = pairs->child; q; q = q->next) {
            double ratio = student_size(results, p) / student_size(results, q);
            step = ratio > 1 && ratio < step ? ratio : step;
        }
    return isinf(step) ? 1 : step;
}

#define SPREAD     0.5  /* of the way to the next size, all lines of a size together */
#define SPREAD_TWO 0.03 /* from one line to the next at most, in logarithms */

/* spread - lines of one size lie on each other; each is moved by a little, so that their intervals
 * can be read. */
static double spread(double step, double x, size_t i, size_t n)
{
    double place = n > 1 ? (double)i / (double)(n - 1) - 0.5 : 0;
    double wide = SPREAD * log(step), most = SPREAD_TWO * (double)(n - 1);
    return step > 1 ? x * exp(place * (wide < most ? wide : most)) : x + 2.4 * place;
}

/* several_sizes - whether there is anything for a line to join. */
static bool several_sizes(const struct doc *results)
{
    const struct doc *first = doc_get(results, "pairs")->child;
    for (const struct doc *p = first; p; p = p->next)
        if (strcmp(view_str(p, "student"), view_str(first, "student")) != 0)
            return true;
    return false;
}

static void lines_script(const struct sheet *s, const char *key, struct str *out)
{
    const struct doc *results = s->results;
    bool joined = several_sizes(results);
    double step = size_step(results);
    for (size_t i = 0; i < s->n; i++) {
        str_addf(out, "$l%zu << EOD\n", i);
        for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
            if (pair_drawn(p) && line_is(p, &s->lines[i]))
                script_point(out, spread(step, student_size(results, p), i, s->n),
                             *key ? view_est(p, key)
                                  : view_est(doc_get(p, "student_scores"), "accuracy"));
        str_cat(out, "EOD\n");
    }
    str_cat(out, "plot ");
    for (size_t i = 0; i < s->n; i++) {
        const struct line *l = &s->lines[i];
        str_addf(out,
                 "%s$l%zu using 1:2:3:4 with yerrorbars lw 1.5 pt %d ps 0.9 lc rgb \"%s\" title ",
                 i ? ", " : "", i, line_point(l), line_colour(l));
        line_title(results, l, out);
        if (joined) /* smooth unique: from the smallest to the largest */
            str_addf(out,
                     ", $l%zu using 1:2 smooth unique with lines lw 2 dt %zu lc rgb \"%s\" notitle",
                     i, l->of_method + 1, line_colour(l));
    }
}

static bool same_student(const struct doc *a, const struct doc *b)
{
    return strcmp(view_str(a, "student"), view_str(b, "student")) == 0;
}

/* role_points - a data block: of every student's size the accuracy of what a pair has as `role`;
 * whether any has. */
static bool role_points(const struct sheet *s, const char *block, const char *role, struct str *out)
{
    const struct doc *pairs = doc_get(s->results, "pairs");
    bool any = false;
    str_addf(out, "$%s << EOD\n", block);
    for (const struct doc *p = pairs->child; p; p = p->next) {
        bool seen = !pair_drawn(p) || !doc_get(p, role);
        for (const struct doc *q = pairs->child; q != p && !seen; q = q->next)
            seen = pair_drawn(q) && doc_get(q, role) && same_student(p, q);
        if (!seen)
            script_point(out, student_size(s->results, p), view_est(doc_get(p, role), "accuracy"));
        any = any || !seen;
    }
    str_cat(out, "EOD\n");
    return any;
}

/* role_plot - such a block with intervals, joined by a line where there are several sizes. */
static void role_plot(const struct sheet *s, const char *block, const char *title, int point,
                      int dashes, struct str *out)
{
    str_addf(out,
             ", $%s using 1:2:3:4 with yerrorbars lw 1.5 pt %d lc rgb \"" FIGURE_GREY
             "\" title \"%s\"",
             block, point, title);
    if (several_sizes(s->results))
        str_addf(out,
                 ", $%s using 1:2 smooth unique with lines lw 2 dt %d lc rgb \"" FIGURE_GREY
                 "\" notitle",
                 block, dashes);
}

bool script_accuracy(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    const struct doc *results = s->results, *pairs = doc_get(results, "pairs");
    size_t entries = s->n + 1;
    if (!s->n || !sized(results))
        return false;
    size_axis(results, out);
    str_cat(out, "set ylabel \"test accuracy\"\n");
    role_points(s, "c", "ceiling", out);
    bool untrained = role_points(s, "u", "untrained", out);
    lines_script(s, "", out);
    role_plot(s, "c", "ceiling", 2, 1, out);
    if (untrained) {
        role_plot(s, "u", "untrained student", 6, 3, out);
        str_cat(caption, " Grey circles: the student before it learns anything.");
        entries++;
    }
    for (size_t i = 0; i < s->n; i++)
        for (const struct doc *p = line_first(s, i) ? pairs->child : NULL; p; p = p->next)
            if (pair_drawn(p) && line_is(p, &s->lines[i]) &&
                !isnan(view_est(doc_get(p, "weak"), "accuracy").value)) {
                struct str title = STR_INIT;
                str_cat(&title, "supervisor, ");
                view_words(results, s->lines[i].supervisor, &title);
                str_addf(out, ", %.9g with lines lw 1.5 dt 3 lc rgb \"%s\" title ",
                         view_est(doc_get(p, "weak"), "accuracy").value, line_colour(&s->lines[i]));
                script_quoted(out, title.s);
                str_release(&title);
                entries++;
                break;
            }
    str_addc(out, '\n');
    *height = 350 + 16 * (int)s->n + legend_height(entries);
    return true;
}

/* pgr_range - every value is in the figure; an interval may reach out of it, lest one of a small
 * gap makes all others flat. How many do. */
static size_t pgr_range(const struct doc *pairs, double *lo, double *hi)
{
    double ends[2] = {0, 1};
    size_t beyond = 0;
    *lo = 0;
    *hi = 1;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct est x = view_est(p, "pgr");
        if (!pair_drawn(p) || isnan(x.value))
            continue;
        *lo = fmin(*lo, x.value);
        *hi = fmax(*hi, x.value);
        ends[0] = fmin(ends[0], x.lo);
        ends[1] = fmax(ends[1], x.hi);
    }
    *lo = fmax(*lo - 1, ends[0]) - 0.05;
    *hi = fmin(*hi + 1, ends[1]) + 0.05;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct est x = view_est(p, "pgr");
        beyond += pair_drawn(p) && !isnan(x.value) && (x.lo < *lo || x.hi > *hi);
    }
    return beyond;
}

bool script_pgr(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    size_t any = 0, all = 0;
    for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next) {
        all += pair_drawn(p);
        any += pair_drawn(p) && !isnan(view_est(p, "pgr").value);
    }
    if (!any || !sized(s->results))
        return false;
    if (any < all)
        str_addf(caption, " Not drawn: %zu of %zu pairs, whose PGR is undefined.", all - any, all);
    double lo, hi;
    size_t beyond = pgr_range(doc_get(s->results, "pairs"), &lo, &hi);
    if (beyond)
        str_addf(caption, " %zu interval%s beyond the figure; the table has %s.", beyond,
                 beyond > 1 ? "s reach" : " reaches", beyond > 1 ? "their ends" : "its ends");
    size_axis(s->results, out);
    str_addf(out, "set ylabel \"performance gap recovered\"\nset yrange [%.9g:%.9g]\n", lo, hi);
    str_cat(out, "set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 3 lc rgb "
                 "\"#808080\"\nset arrow from graph 0, first 0 to graph 1, first 0 nohead dt 3 lc "
                 "rgb \"#808080\"\n");
    lines_script(s, "pgr", out);
    str_addc(out, '\n');
    *height = 330 + 16 * (int)s->n + legend_height(s->n);
    return true;
}
