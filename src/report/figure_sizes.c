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

/* size_axis - students' sizes in million parameters, on a logarithmic axis where there are several.
 */
static void size_axis(const struct sheet *s, struct str *out)
{
    const struct doc *results = s->results;
    double lo = (double)INFINITY, hi = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        double x = student_size(results, p);
        lo = x < lo ? x : lo;
        hi = x > hi ? x : hi;
    }
    /* two lines of tic labels lie between the axis and its name */
    str_cat(out,
            "set bmargin 5\nset xlabel \"student, million parameters (layers)\" offset 0,-1\n");
    if (hi > lo) {
        /* the last of a size's lines has room, too */
        double room = fmax(1.25, 1.1 * spread(size_step(results), 1, s->n - 1, s->n));
        str_addf(out, "set logscale x\nset xrange [%.9g:%.9g]\n", lo / room, hi * room);
    } else {
        str_addf(out, "set xrange [%.9g:%.9g]\n", lo - 4, hi + 4);
    }
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

/* several_sizes - whether there is anything for a line to join. */
static bool several_sizes(const struct doc *results)
{
    const struct doc *first = doc_get(results, "pairs")->child;
    for (const struct doc *p = first; p; p = p->next)
        if (strcmp(view_str(p, "student"), view_str(first, "student")) != 0)
            return true;
    return false;
}

/* of_line - the pair's value of a line's figure: of a key, or "", the student's accuracy. */
static struct est of_line(const struct doc *pair, const char *key)
{
    return *key ? view_est(pair, key) : view_est(doc_get(pair, "student_scores"), "accuracy");
}

/* cuts_data - a data block: arrows where intervals reach out of the range; how many. */
static size_t cuts_data(const struct sheet *s, const char *key, struct range r, struct str *out)
{
    double step = size_step(s->results);
    size_t n = 0;
    str_cat(out, "$cut << EOD\n");
    for (size_t i = 0; i < s->n; i++)
        for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next)
            if (pair_drawn(p) && line_is(p, &s->lines[i]))
                n += script_cut(out, spread(step, student_size(s->results, p), i, s->n),
                                of_line(p, key), r, false, s->lines[i].look.colour);
    str_cat(out, "EOD\n");
    return n;
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
                script_point(out, spread(step, student_size(results, p), i, s->n), of_line(p, key));
        str_cat(out, "EOD\n");
    }
    str_cat(out, "plot ");
    for (size_t i = 0; i < s->n; i++) {
        const struct line *l = &s->lines[i];
        str_addf(out,
                 "%s$l%zu using 1:2:3:4 with yerrorbars lw 1.5 pt %d ps 0.9 lc rgb \"%s\" title ",
                 i ? ", " : "", i, l->look.point, l->look.colour);
        line_title(results, l, out);
        if (joined) /* smooth unique: from the smallest to the largest */
            str_addf(out,
                     ", $l%zu using 1:2 smooth unique with lines lw 2 dt %d lc rgb \"%s\" notitle",
                     i, l->look.dash, l->look.colour);
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
    size_axis(s, out);
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
                str_addf(out, ", %.9g with lines lw 1.5 ",
                         view_est(doc_get(p, "weak"), "accuracy").value);
                supervisor_look(&s->lines[i], out);
                str_cat(out, " title ");
                script_quoted(out, title.s);
                str_release(&title);
                entries++;
                break;
            }
    str_addc(out, '\n');
    *height = 350 + 16 * (int)s->n + legend_height(entries, LEGEND_COLUMNS);
    return true;
}

/* pgr_range - every value is in the figure; an interval may reach out of it, lest one of a small
 * gap makes all others flat. How many do. */
static size_t pgr_range(const struct doc *pairs, struct range *r)
{
    double ends[2] = {0, 1};
    size_t beyond = 0;
    r->lo = 0;
    r->hi = 1;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct est x = view_est(p, "pgr");
        if (!pair_drawn(p) || isnan(x.value))
            continue;
        r->lo = fmin(r->lo, x.value);
        r->hi = fmax(r->hi, x.value);
        ends[0] = fmin(ends[0], x.lo);
        ends[1] = fmax(ends[1], x.hi);
    }
    r->lo = fmax(r->lo - 1, ends[0]) - 0.05;
    r->hi = fmin(r->hi + 1, ends[1]) + 0.05;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct est x = view_est(p, "pgr");
        beyond += pair_drawn(p) && !isnan(x.value) && (x.lo < r->lo || x.hi > r->hi);
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
    struct range r;
    size_t beyond = pgr_range(doc_get(s->results, "pairs"), &r);
    if (beyond)
        str_addf(caption, " %zu interval%s beyond the figure, as arrows say; the table has %s.",
                 beyond, beyond > 1 ? "s reach" : " reaches",
                 beyond > 1 ? "their ends" : "its ends");
    size_axis(s, out);
    str_addf(out, "set ylabel \"performance gap recovered\"\nset yrange [%.9g:%.9g]\n", r.lo, r.hi);
    str_cat(out, "set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 3 lc rgb "
                 "\"#808080\"\nset arrow from graph 0, first 0 to graph 1, first 0 nohead dt 3 lc "
                 "rgb \"#808080\"\n");
    size_t cut = cuts_data(s, "pgr", r, out);
    lines_script(s, "pgr", out);
    if (cut) {
        str_cat(out, ", ");
        script_arrows(out, "$cut");
        str_cat(out, ", ");
        script_arrow_named(out);
    }
    str_addc(out, '\n');
    *height = 330 + 16 * (int)s->n + legend_height(s->n + (cut > 0), LEGEND_COLUMNS);
    return true;
}
