/* figures.c - scripts for gnuplot with their data, figures as SVG and PDF. To add a figure: a
 * row of the table at the end and the function that writes its script. */
#include "report/view.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Colours of Okabe and Ito (2008), told apart by the colour-blind; no black or yellow, which one of
 * the two backgrounds swallows. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73",
                                      "#CC79A7", "#56B4E9", "#E69F00"};
static const int points[] = {7, 5, 9, 13, 11, 15}; /* and by shape */
#define COLOURS (sizeof colours / sizeof *colours)

/* A line of a figure over student sizes: one supervisor, one method. Supervisor and method by their
 * place among the distinct ones give it its colour, shape and dashes. */
struct line {
    const char *supervisor, *method;
    size_t of_supervisor, of_method;
};

/* What the scripts are made from. */
struct sheet {
    const struct doc *results;
    struct line *lines;
    size_t n;
};

static bool same_line(const struct doc *pair, const struct line *l)
{
    return strcmp(view_str(pair, "supervisor"), l->supervisor) == 0 &&
           strcmp(view_str(pair, "method"), l->method) == 0;
}

/* drawn - whether a pair belongs into figures: not a control, not failed. */
static bool drawn(const struct doc *pair)
{
    const struct doc *control = doc_get(pair, "control");
    return doc_get(pair, "weak") && !(control && control->b);
}

static void line_add(struct sheet *s, const struct doc *pair)
{
    struct line *l = &s->lines[s->n];
    size_t supervisors = 0, methods = 0;
    bool supervisor = false, method = false; /* known already */
    *l = (struct line){.supervisor = view_str(pair, "supervisor"),
                       .method = view_str(pair, "method")};
    for (size_t i = 0; i < s->n; i++) {
        const struct line *x = &s->lines[i];
        if (same_line(pair, x))
            return;
        if (strcmp(x->supervisor, l->supervisor) == 0) {
            l->of_supervisor = x->of_supervisor;
            supervisor = true;
        }
        if (strcmp(x->method, l->method) == 0) {
            l->of_method = x->of_method;
            method = true;
        }
        supervisors = x->of_supervisor >= supervisors ? x->of_supervisor + 1 : supervisors;
        methods = x->of_method >= methods ? x->of_method + 1 : methods;
    }
    if (!supervisor)
        l->of_supervisor = supervisors;
    if (!method)
        l->of_method = methods;
    s->n++;
}

static int sheet_init(struct sheet *s, const struct doc *results, struct err *e)
{
    const struct doc *pairs = doc_get(results, "pairs");
    *s = (struct sheet){.results = results};
    s->lines = mem_alloc(pairs->n, sizeof *s->lines, e);
    for (const struct doc *p = pairs->child; p && s->lines; p = p->next)
        if (drawn(p))
            line_add(s, p);
    return s->lines ? OK : e->code;
}

static const char *line_colour(const struct line *l)
{
    return colours[l->of_supervisor % COLOURS];
}

/* line_point - by method; where colours come again, by another shape. */
static int line_point(const struct line *l)
{
    return points[(l->of_method + l->of_supervisor / COLOURS) % COLOURS];
}

/* line_first - the first line of its supervisor. */
static bool line_first(const struct sheet *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (s->lines[k].of_supervisor == s->lines[i].of_supervisor)
            return false;
    return true;
}

/* key_height - pixels of a legend of n entries in two columns */
static int key_height(size_t n)
{
    return 20 * (int)((n + 1) / 2) + 8;
}

/* quoted - a gnuplot string in double quotes. */
static void quoted(struct str *out, const char *s)
{
    str_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_addc(out, '\\');
        str_addc(out, *s == '\n' ? ' ' : *s);
    }
    str_addc(out, '"');
}

static void line_title(const struct doc *results, const struct line *l, struct str *out)
{
    struct str s = STR_INIT;
    str_cat(&s, "from ");
    view_words(results, l->supervisor, &s);
    str_addf(&s, ", %s", l->method);
    quoted(out, s.s);
    str_release(&s);
}

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

/* barred - an estimate without bounds is drawn as a point alone: its bar has no length. */
static struct est barred(struct est x)
{
    return isnan(x.lo) ? (struct est){x.value, x.value, x.value} : x;
}

static void data_point(struct str *out, double x, struct est y)
{
    if (isnan(y.value))
        return;
    y = barred(y);
    str_addf(out, "%.9g %.9g %.9g %.9g\n", x, y.value, y.lo, y.hi);
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
            if (drawn(p) && same_line(p, &s->lines[i]))
                data_point(out, spread(step, student_size(results, p), i, s->n),
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

static bool script_accuracy(const struct sheet *s, struct str *out, struct str *caption,
                            int *height)
{
    const struct doc *results = s->results, *pairs = doc_get(results, "pairs");
    size_t entries = s->n + 1;
    (void)caption;
    if (!s->n || !sized(results))
        return false;
    size_axis(results, out);
    str_cat(out, "set ylabel \"test accuracy\"\n$c << EOD\n");
    for (const struct doc *p = pairs->child; p; p = p->next) {
        bool seen = !drawn(p);
        for (const struct doc *q = pairs->child; q != p && !seen; q = q->next)
            seen = drawn(q) && same_student(p, q);
        if (!seen)
            data_point(out, student_size(results, p), view_est(doc_get(p, "ceiling"), "accuracy"));
    }
    str_cat(out, "EOD\n");
    lines_script(s, "", out);
    str_cat(out,
            ", $c using 1:2:3:4 with yerrorbars lw 1.5 pt 2 lc rgb \"#808080\" title \"ceiling\"");
    if (several_sizes(results))
        str_cat(out, ", $c using 1:2 smooth unique with lines lw 2 lc rgb \"#808080\" notitle");
    for (size_t i = 0; i < s->n; i++)
        for (const struct doc *p = line_first(s, i) ? pairs->child : NULL; p; p = p->next)
            if (drawn(p) && same_line(p, &s->lines[i]) &&
                !isnan(view_est(doc_get(p, "weak"), "accuracy").value)) {
                struct str title = STR_INIT;
                str_cat(&title, "supervisor, ");
                view_words(results, s->lines[i].supervisor, &title);
                str_addf(out, ", %.9g with lines lw 1.5 dt 3 lc rgb \"%s\" title ",
                         view_est(doc_get(p, "weak"), "accuracy").value, line_colour(&s->lines[i]));
                quoted(out, title.s);
                str_release(&title);
                entries++;
                break;
            }
    str_addc(out, '\n');
    *height = 350 + 16 * (int)s->n + key_height(entries);
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
        if (!drawn(p) || isnan(x.value))
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
        beyond += drawn(p) && !isnan(x.value) && (x.lo < *lo || x.hi > *hi);
    }
    return beyond;
}

static bool script_pgr(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    size_t any = 0, all = 0;
    for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next) {
        all += drawn(p);
        any += drawn(p) && !isnan(view_est(p, "pgr").value);
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
    *height = 330 + 16 * (int)s->n + key_height(s->n);
    return true;
}

/* Curves: a panel for the supervisors and one for each student model, with its ceiling; colours and
 * dashes as in the other figures; one legend below. */
#define PANEL_HEIGHT 280

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

/* curve_line - the line that a job is drawn like: a student's own, a supervisor's first, none of a
 * ceiling. */
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
        str_addf(out, "%s$j%zu using 1:2 with lines lw 2 dt %zu lc rgb \"%s\" notitle",
                 n++ ? ", " : "plot ", at, l && !supervisor ? l->of_method + 1 : 1,
                 l ? line_colour(l) : "#808080");
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
    str_cat(out, "unset title\nunset xlabel\nunset ylabel\nunset border\nunset tics\nunset "
                 "grid\nset xrange [0:1]\nset yrange [0:1]\n"
                 "set key inside center center horizontal maxcols 2 samplen 2\nplot ");
    for (size_t i = 0; i < s->n; i++) {
        str_addf(out, "NaN with lines lw 2 dt %zu lc rgb \"%s\" title ", s->lines[i].of_method + 1,
                 line_colour(&s->lines[i]));
        line_title(s->results, &s->lines[i], out);
        str_cat(out, ", ");
    }
    str_cat(out, "NaN with lines lw 2 lc rgb \"#808080\" title \"ceiling\"\n");
}

/* curves_place - the next panel, if there is anything in it: of the supervisors (model NULL) or of
 * a student; two in a row, the first row at the top. */
static void curves_place(const struct sheet *s, const char *model, const char *title, size_t *at,
                         int legend, int height, struct str *out)
{
    struct str panel = STR_INIT;
    if (curves_panel(s, model, &panel)) {
        int below = height - legend - PANEL_HEIGHT * (int)(*at / 2 + 1);
        str_addf(out, "set origin %.1f,%.6f\nset title ", *at % 2 ? 0.5 : 0.0,
                 (double)(legend + below) / height);
        quoted(out, title);
        str_addf(out, "\n%s", panel.s);
        ++*at;
    }
    str_release(&panel);
}

static bool script_curves(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    const struct doc *models = doc_get(s->results, "models");
    struct str scratch = STR_INIT, title = STR_INIT;
    size_t panels = curves_panel(s, NULL, &scratch) > 0, at = 0;
    double lo, hi;
    (void)caption;
    for (const struct doc *m = models->child; m; m = m->next)
        panels += curves_panel(s, view_str(m, "id"), &scratch) > 0;
    str_reset(&scratch);
    curves_range(s, &lo, &hi);
    if (!panels)
        goto out;
    int rows = (int)(panels + 1) / 2, legend = key_height(s->n + 1);
    *height = rows * PANEL_HEIGHT + legend;
    curves_data(s, out);
    str_addf(out,
             "set xlabel \"epochs\" offset 0,0.5\nset ylabel \"validation accuracy\"\nunset "
             "key\nset yrange [%.9g:%.9g]\nset multiplot\nset size 0.5,%.6f\n",
             lo - 0.02, hi + 0.02, (double)PANEL_HEIGHT / *height);
    curves_place(s, NULL, "supervisors", &at, legend, *height, out);
    for (const struct doc *m = models->child; m; m = m->next) {
        str_reset(&title);
        str_cat(&title, "students, ");
        view_words(s->results, view_str(m, "id"), &title);
        curves_place(s, view_str(m, "id"), title.s, &at, legend, *height, out);
    }
    str_addf(out, "set origin 0,0\nset size 1,%.6f\n", (double)legend / *height);
    curves_legend(s, out);
    str_cat(out, "unset multiplot\n");
out:
    str_release(&scratch);
    str_release(&title);
    return panels > 0;
}

#define PAIRS_TALL 12 /* of more, a pair has one line, not two */

/* pair_tic - a pair's name in two lines or one. */
static void pair_tic(const struct doc *results, const struct doc *p, bool tall, struct str *out)
{
    struct str a = STR_INIT, b = STR_INIT, qa = STR_INIT;
    view_words(results, view_str(p, "supervisor"), &a);
    str_cat(&a, " >");
    view_words(results, view_str(p, "student"), &b);
    str_addf(&b, ", %s", view_str(p, "method"));
    quoted(&qa, a.s);
    str_catn(out, qa.s, qa.len - 1);
    str_cat(out, tall ? "\\n" : " ");
    str_reset(&qa);
    quoted(&qa, b.s);
    str_cat(out, qa.s + 1);
    str_release(&a);
    str_release(&b);
    str_release(&qa);
}

/* agreeing - drawn, and it is known what the supervisor says of the test. */
static bool agreeing(const struct doc *pair)
{
    return drawn(pair) && !isnan(view_est(doc_get(pair, "agreement"), "all").value);
}

static bool script_agreement(const struct sheet *s, struct str *out, struct str *caption,
                             int *height)
{
    static const char *const keys[] = {"all", "supervisor_right", "supervisor_wrong"};
    static const char *const titles[] = {"all", "supervisor right", "supervisor wrong"};
    const struct doc *pairs = doc_get(s->results, "pairs");
    struct str tics = STR_INIT;
    size_t n = 0, all = 0;
    (void)caption;
    for (const struct doc *p = pairs->child; p; p = p->next)
        all += agreeing(p);
    for (size_t k = 0; k < 3; k++) {
        str_addf(out, "$d%zu << EOD\n", k);
        n = 0;
        for (const struct doc *p = pairs->child; p; p = p->next) {
            struct est x = barred(view_est(doc_get(p, "agreement"), keys[k]));
            if (!agreeing(p))
                continue;
            if (!isnan(x.value))
                str_addf(out, "%.9g %.2f %.9g %.9g\n", x.value, (double)n + 0.22 * ((double)k - 1),
                         x.lo, x.hi);
            if (!k) {
                str_cat(&tics, n ? ", " : "");
                pair_tic(s->results, p, all <= PAIRS_TALL, &tics);
                str_addf(&tics, " %zu", n);
            }
            n++;
        }
        str_cat(out, "EOD\n");
    }
    str_addf(out,
             "set key maxcols 1\nset xlabel \"agreement\"\nset xrange [0:1]\nset yrange "
             "[%.1f:-0.5]\nset grid noytics "
             "xtics lc rgb \"#a0a0a0\" dt 3\nset ytics (%s)\nplot ",
             (double)n - 0.5, tics.s);
    for (size_t k = 0; k < 3; k++)
        str_addf(
            out,
            "%s$d%zu using 1:2:3:4 with xerrorbars lw 2 pt %d ps 0.9 lc rgb \"%s\" title \"%s\"",
            k ? ", " : "", k, points[k], colours[k], titles[k]);
    str_addc(out, '\n');
    *height = 160 + (all <= PAIRS_TALL ? 54 : 32) * (int)all;
    out->failed = out->failed || tics.failed;
    str_release(&tics);
    return all > 0;
}

static const struct {
    const char *name, *title, *caption, *none; /* none: why it is not drawn */
    /* script: false where there is nothing to draw; may add to the caption; height in pixels, of a
     * width of 760 */
    bool (*script)(const struct sheet *s, struct str *out, struct str *caption, int *height);
} table[FIGURES] = {
    {"accuracy", "Accuracy against student size",
     "Test accuracy of the students, with intervals where there are any; dotted: their "
     "supervisors, grey: the ceiling, "
     "the same model trained on ground truth.",
     "Nothing to draw: no pair has a result, or a student's size is not known.", script_accuracy},
    {"pgr", "Performance gap recovered",
     "1: as good as ground-truth supervision; 0: no better than the supervisor; neither is a "
     "bound.",
     "Nothing to draw: PGR is defined for no pair, or a student's size is not known.", script_pgr},
    {"curves", "Within the epochs",
     "Accuracy on the validation slice, against ground truth, as training goes on (first seed): "
     "supervisors, then the students of each size "
     "with their ceiling (grey). Supervisors have the colour of their students.",
     "Nothing to draw: no job was measured within its epochs, as with data.valid: 0 or where it "
     "failed.",
     script_curves},
    {"agreement", "Agreement with the supervisor",
     "How often the student's class is its supervisor's: over all test examples, where the "
     "supervisor is right, and where it is wrong. A "
     "student that only imitates agrees as much where it is wrong.",
     "Nothing to draw: no pair has a result.", script_agreement},
};

static int figure_make(const struct sheet *sheet, const char *dir, size_t i, struct figure *f,
                       struct err *e)
{
    struct str script = STR_INIT, svg = STR_INIT, pdf = STR_INIT, name = STR_INIT,
               terminal = STR_INIT;
    int rc = OK, height = 0;
    f->name = table[i].name;
    f->title = table[i].title;
    str_cat(&f->caption, table[i].caption);
    if (!table[i].script(sheet, &script, &f->caption, &height)) {
        str_reset(&f->caption);
        str_cat(&f->caption, table[i].none);
        rc = str_check(&f->caption, e);
        goto out;
    }
    str_addf(&terminal, "svg size 760,%d dynamic noenhanced font \"system-ui,sans-serif,14\"",
             height);
    if ((rc = str_check(&script, e)) || (rc = gnuplot_run(script.s, terminal.s, &svg, e)))
        goto out;
    str_reset(&terminal);
    str_addf(&terminal, "pdfcairo size 7.6in,%.1fin noenhanced font \"sans,12\"", height / 100.0);
    struct err no_pdf = ERR_INIT;
    if (gnuplot_run(script.s, terminal.s, &pdf, &no_pdf))
        str_reset(&pdf); /* a gnuplot without cairo still draws the SVG */
    const struct {
        const char *ending;
        const struct str *data;
    } files[] = {{"gp", &script}, {"svg", &svg}, {"pdf", &pdf}};
    for (size_t k = 0; k < 3 && !rc; k++) {
        if (!files[k].data->len)
            continue;
        str_reset(&name);
        str_addf(&name, "figures/%s.%s", f->name, files[k].ending);
        rc = str_check(&name, e);
        if (!rc)
            rc = file_write_in(dir, name.s, files[k].data, e);
    }
    gnuplot_inline(&svg, f, &f->svg);
    if (!rc)
        rc = str_check(&f->svg, e);
out:
    str_release(&script);
    str_release(&svg);
    str_release(&pdf);
    str_release(&name);
    str_release(&terminal);
    return rc;
}

int figures_make(const struct doc *results, const char *dir, struct figure f[FIGURES],
                 struct str *missing, struct err *e)
{
    struct str path = STR_INIT;
    struct sheet sheet;
    memset(f, 0, FIGURES * sizeof *f);
    for (size_t i = 0; i < FIGURES; i++) {
        str_init(&f[i].caption);
        str_init(&f[i].svg);
    }
    str_path(&path, dir, "figures");
    int rc = sheet_init(&sheet, results, e);
    if (!rc)
        rc = str_check(&path, e);
    if (!rc) /* of what was drawn before, nothing stays that these results do not have */
        rc = file_remove_tree(path.s, e);
    if (!rc)
        rc = file_mkdirs(path.s, e);
    for (size_t i = 0; i < FIGURES && !rc; i++) {
        rc = figure_make(&sheet, dir, i, &f[i], e);
        if (rc == ERR_CHILD) {
            str_reset(missing);
            str_addf(missing,
                     "Figures could not be drawn: %s. They need gnuplot (apt install gnuplot-nox).",
                     e->msg);
            rc = OK;
        }
    }
    mem_free(sheet.lines);
    str_release(&path);
    return rc;
}

void figures_release(struct figure f[FIGURES])
{
    for (size_t i = 0; i < FIGURES; i++) {
        str_release(&f[i].caption);
        str_release(&f[i].svg);
    }
}
