/* finding_figure.c - the panels of a finding. */
#include "report/finding.h"
#include "report/figures.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

/* The lines of all panels by name: what is one thing in two panels has one colour. */
struct legend {
    const char **names;
    size_t n, cap;
};

static int legend_make(struct legend *l, const struct doc *finding, struct err *e)
{
    int rc = OK;
    *l = (struct legend){.n = 0};
    for (const struct doc *p = doc_get(finding, "panels")->child; p; p = p->next)
        for (const struct doc *line = doc_get(p, "lines")->child; line && !rc; line = line->next) {
            size_t k = 0;
            while (k < l->n && strcmp(l->names[k], view_str(line, "name")) != 0)
                k++;
            if (k < l->n || !doc_get(line, "points")->n)
                continue;
            rc = mem_grow(&l->names, &l->cap, l->n + 1, sizeof *l->names, e);
            if (!rc)
                l->names[l->n++] = view_str(line, "name");
        }
    return rc;
}

static size_t legend_place(const struct legend *l, const char *name)
{
    size_t k = 0;
    while (k < l->n && strcmp(l->names[k], name) != 0)
        k++;
    return k;
}

static bool x_is(const struct doc *panel, const char *tail)
{
    return str_ends(view_str(panel, "x"), tail);
}

/* x_words - the axis. Sizes are in millions of parameters. */
static const char *x_words(const struct doc *panel)
{
    static const struct {
        const char *key, *words;
    } axes[] = {{"supervisor_size", "supervisor, million parameters"},
                {"student_size", "student, million parameters"},
                {"size_ratio", "student's size / supervisor's"},
                {"supervisor_layers", "supervisor, layers"},
                {"student_layers", "student, layers"},
                {"epoch", "epoch"}};
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++)
        if (strcmp(axes[i].key, view_str(panel, "x")) == 0)
            return axes[i].words;
    return "";
}

static double x_scaled(const struct doc *panel, double x)
{
    return x_is(panel, "_size") ? x / 1e6 : x;
}

static bool x_log(const struct doc *panel)
{
    return x_is(panel, "_size") || x_is(panel, "_ratio");
}

static struct range x_range(const struct doc *panel)
{
    struct range r = {(double)INFINITY, -(double)INFINITY};
    for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next)
        for (const struct doc *p = doc_get(l, "points")->child; p; p = p->next) {
            r.lo = fmin(r.lo, x_scaled(panel, p->child->r));
            r.hi = fmax(r.hi, x_scaled(panel, p->child->r));
        }
    return r;
}

static void x_axis(const struct doc *panel, struct str *out)
{
    struct range r = x_range(panel);
    double lo = r.lo, hi = r.hi;
    bool log = x_log(panel);
    str_cat(out,
            "unset logscale\nunset xtics\nset xtics nomirror out autofreq norotate\nset xlabel ");
    script_quoted(out, x_words(panel));
    str_addc(out, '\n');
    if (log && hi > lo) {
        str_addf(out, "set logscale x\nset xrange [%.9g:%.9g]\nset xtics (", lo / 1.25, hi * 1.25);
        double last = 0;
        bool first = true;
        /* a tic at every size that has a point, as far as their labels have room */
        for (double at = lo; at <= hi;) {
            double next = (double)INFINITY;
            if (last == 0 || at / last > pow(hi / lo, 0.12)) {
                str_addf(out, at < 100 ? "%s\"%.3g\" %.9g" : "%s\"%.0f\" %.9g", first ? "" : ", ",
                         at, at);
                first = false;
                last = at;
            }
            for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next)
                for (const struct doc *p = doc_get(l, "points")->child; p; p = p->next) {
                    double x = x_scaled(panel, p->child->r);
                    next = x > at * (1 + 1e-9) && x < next ? x : next;
                }
            at = next;
        }
        str_cat(out, ")\n");
    } else if (hi >= lo) {
        double room = hi > lo ? 0.05 * (hi - lo) : 0.5;
        str_addf(out, "set xrange [%.9g:%.9g]\n", lo - room, hi + room);
    }
}

#define ROOM_LEAST 0.1 /* for intervals, where values lie close together */

/* value_range - every value is in the panel; an interval may reach out of it. */
static struct range value_range(const struct doc *panel)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY, ends[2] = {lo, hi};
    for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next)
        for (const struct doc *p = doc_get(l, "points")->child; p; p = p->next) {
            struct est y = finding_est(p->child->next);
            lo = fmin(lo, y.value);
            hi = fmax(hi, y.value);
            ends[0] = isfinite(y.lo) ? fmin(ends[0], y.lo) : ends[0];
            ends[1] = isfinite(y.hi) ? fmax(ends[1], y.hi) : ends[1];
        }
    double room = fmax(hi - lo, ROOM_LEAST);
    lo = fmax(lo - room, fmin(ends[0], lo));
    hi = fmin(hi + room, fmax(ends[1], hi));
    room = 0.04 * (hi - lo + 0.01);
    return (struct range){lo - room, hi + room};
}

/* range_script - nothing of a panel without a point. */
static void range_script(struct range r, const char *axis, struct str *out)
{
    if (r.hi >= r.lo)
        str_addf(out, "set %srange [%.9g:%.9g]\n", axis, r.lo, r.hi);
}

static bool panel_named(const struct doc *panel)
{
    return doc_get(panel, "names") != NULL;
}

enum {
    NAME_WIDE = 32,  /* characters of a name in one line */
    TITLE_WIDE = 56, /* of a panel's title, and where two share a row */
    TITLE_HALF = 44,
    LABEL_WIDE = 34,     /* of a vertical axis' name */
    PANEL_NUMBERS = 280, /* heights, in pixels: of a panel of numbers, */
    TEXT_LINE = 21,      /* a line of text, */
    POINT_LINE = 12,     /* a point with its interval, */
    NAMES_ABOVE = 32,    /* what a panel of names has above its points beside its title, */
    NAMES_BELOW = 74     /* and below them: numbers and what they are of */
};

static size_t wrapped_lines(const char *s, size_t width)
{
    struct str scratch = STR_INIT;
    size_t n = script_wrapped(&scratch, s, width);
    str_release(&scratch);
    return n;
}

/* name_height - pixels that each name of a panel has: its own lines, or one point below another. */
static int name_height(const struct doc *panel)
{
    size_t text = 1, points = doc_get(panel, "lines")->n;
    for (const struct doc *d = doc_get(panel, "names")->child; d; d = d->next) {
        size_t n = wrapped_lines(d->s, NAME_WIDE);
        text = n > text ? n : text;
    }
    int name = TEXT_LINE * (int)text, below = POINT_LINE * (int)points;
    return 8 + (name > below ? name : below);
}

static int names_above(const struct doc *panel)
{
    return NAMES_ABOVE + TEXT_LINE * (int)wrapped_lines(view_str(panel, "title"), TITLE_WIDE);
}

static int panel_height(const struct doc *panel)
{
    if (!panel_named(panel))
        return PANEL_NUMBERS;
    return names_above(panel) + name_height(panel) * (int)doc_get(panel, "names")->n + NAMES_BELOW;
}

/* names_axis - the names from top to bottom, values to the right. */
static void names_axis(const struct doc *panel, struct range r, struct str *out)
{
    const struct doc *names = doc_get(panel, "names");
    size_t i = 0;
    str_cat(out,
            "unset logscale\nunset xtics\nset xtics nomirror out autofreq\nset ylabel \"\"\nset "
            "ytics (");
    for (const struct doc *d = names->child; d; d = d->next, i++) {
        str_cat(out, i ? ", " : "");
        script_wrapped(out, d->s, NAME_WIDE);
        str_addf(out, " %zu", i);
    }
    str_addf(out, ")\nset yrange [%.1f:-0.5]\nset grid noytics xtics lc rgb \"#a0a0a0\" dt 3\n",
             (double)names->n - 0.5);
    range_script(r, "x", out);
    str_cat(out, "set xlabel ");
    script_wrapped(out, view_str(panel, "label"), TITLE_WIDE);
    str_addc(out, '\n');
}

static void number_axis(const struct doc *panel, struct range r, struct str *out)
{
    x_axis(panel, out);
    str_cat(out, "unset ytics\nset ytics nomirror out autofreq\nset grid noxtics ytics lc rgb "
                 "\"#a0a0a0\" dt 3\n");
    range_script(r, "y", out);
    str_cat(out, "set ylabel ");
    script_wrapped(out, view_str(panel, "label"), LABEL_WIDE);
    str_addc(out, '\n');
}

/* point_est - a bound that is infinite is drawn beyond the panel. */
static struct est point_est(const struct doc *point, struct range r)
{
    struct est x = finding_est(point->child->next);
    double wide = r.hi - r.lo;
    x.lo = isinf(x.lo) ? x.lo > 0 ? r.hi + wide : r.lo - wide : x.lo;
    x.hi = isinf(x.hi) ? x.hi > 0 ? r.hi + wide : r.lo - wide : x.hi;
    return x;
}

#define BESIDE      0.012 /* of an axis' length, from line to line; */
#define BESIDE_MOST 0.06  /* all lines together */

/* point_place - where on its axis a point of the i-th line is drawn. Points of one name lie below
 * each other; those of one size a little beside each other, so that every interval is to be seen.
 * Epochs and ratios of sizes lie too close together for that. */
static double point_place(const struct doc *panel, size_t i, const struct doc *point)
{
    double x = x_scaled(panel, point->child->r), n = (double)doc_get(panel, "lines")->n;
    if (panel_named(panel))
        return x + 0.7 * ((double)i + 0.5) / n - 0.35;
    if (x_is(panel, "epoch") || x_is(panel, "_ratio"))
        return x;
    struct range r = x_range(panel);
    double by = ((double)i - (n - 1) / 2) * fmin(BESIDE, BESIDE_MOST / n), wide = r.hi - r.lo;
    return x_log(panel) && wide > 0 ? x * pow(r.hi / r.lo, by) : x + by * (wide > 0 ? wide : 1);
}

/* panel_data - a block for each line. */
static void panel_data(const struct doc *panel, struct range r, size_t at, struct str *out)
{
    size_t i = 0;
    for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next, i++) {
        str_addf(out, "$p%zu_%zu << EOD\n", at, i);
        for (const struct doc *p = doc_get(l, "points")->child; p; p = p->next)
            script_point(out, point_place(panel, i, p), point_est(p, r));
        str_cat(out, "EOD\n");
    }
}

/* panel_cuts - a block of arrows where intervals reach out of the panel; how many. */
static size_t panel_cuts(const struct doc *panel, const struct legend *legend, struct range r,
                         size_t at, struct str *out)
{
    size_t i = 0, n = 0;
    str_addf(out, "$c%zu << EOD\n", at);
    for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next, i++)
        for (const struct doc *p = doc_get(l, "points")->child; p; p = p->next)
            n += script_cut(out, point_place(panel, i, p), point_est(p, r), r, panel_named(panel),
                            figure_look(legend_place(legend, view_str(l, "name"))).colour);
    str_cat(out, "EOD\n");
    return n;
}

/* any_cut - whether any interval reaches out of its panel. */
static bool any_cut(const struct doc *panels, const struct legend *legend)
{
    struct str scratch = STR_INIT;
    size_t n = 0;
    for (const struct doc *p = panels->child; p; p = p->next)
        n += panel_cuts(p, legend, value_range(p), 0, &scratch);
    str_release(&scratch);
    return n > 0;
}

static void panel_script(const struct doc *panel, const struct legend *legend, size_t at,
                         struct str *out)
{
    bool named = panel_named(panel), any = false;
    struct range r = value_range(panel);
    size_t i = 0, cut = panel_cuts(panel, legend, r, at, out);
    panel_data(panel, r, at, out);
    (named ? names_axis : number_axis)(panel, r, out);
    str_cat(out, "unset key\nplot ");
    for (const struct doc *l = doc_get(panel, "lines")->child; l; l = l->next, i++) {
        struct look look = figure_look(legend_place(legend, view_str(l, "name")));
        if (!doc_get(l, "points")->n)
            continue;
        str_addf(out, "%s$p%zu_%zu using %s lw 1.5 pt %d ps 0.8 lc rgb \"%s\" notitle",
                 any ? ", " : "", at, i,
                 named ? "2:1:3:4 with xerrorbars" : "1:2:3:4 with yerrorbars", look.point,
                 look.colour);
        if (!named)
            str_addf(out,
                     ", $p%zu_%zu using 1:2 smooth unique with lines lw 2 dt %d lc rgb \"%s\" "
                     "notitle",
                     at, i, look.dash, look.colour);
        any = true;
    }
    if (cut) {
        struct str block = STR_INIT;
        str_addf(&block, ", $c%zu", at);
        script_arrows(out, block.s);
        str_release(&block);
    }
    str_cat(out, any ? "\n" : "NaN notitle\n");
}

/* panels_place - rows from the top: a panel of names has one by itself, two of numbers share one.
 * Of each panel its row's top, its column and columns; the height of all. */
struct place {
    int top, height;
    bool right, wide;
};

static int panels_place(const struct doc *panels, struct place *at)
{
    int top = 0;
    struct place *alone = NULL; /* one of numbers whose row has room for another */
    for (const struct doc *p = panels->child; p; p = p->next, at++) {
        bool wide = panel_named(p), right = alone && !wide;
        if (alone && wide) {
            alone->wide = true;
            top += PANEL_NUMBERS;
        }
        *at = (struct place){top, panel_height(p), right, wide};
        alone = wide || right ? NULL : at;
        top += alone ? 0 : at->height;
    }
    if (alone)
        alone->wide = true;
    return top + (alone ? PANEL_NUMBERS : 0);
}

/* margins_script - a panel of names has room for each of them, however many: pixels, as shares of
 * the whole. */
static void margins_script(const struct doc *panel, const struct place *at, double total,
                           struct str *out)
{
    if (!panel_named(panel)) {
        str_cat(out, "set tmargin\nset bmargin\n");
        return;
    }
    str_addf(out, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n",
             1 - (at->top + names_above(panel)) / total,
             1 - (at->top + at->height - NAMES_BELOW) / total);
}

static const char *line_name(const struct legend *l, size_t k)
{
    return *l->names[k] ? l->names[k] : "all";
}

static int legend_columns(const struct legend *l)
{
    for (size_t k = 0; k < l->n; k++)
        if (strlen(line_name(l, k)) > LEGEND_WIDE)
            return 1;
    return LEGEND_COLUMNS;
}

/* legend_script - arrows: whether there are any to be named. */
static void legend_script(const struct legend *l, bool arrows, struct str *out)
{
    for (size_t k = 0; k < l->n; k++) {
        struct look look = figure_look(k);
        str_addf(out, "%sNaN with linespoints lw 2 dt %d pt %d lc rgb \"%s\" title ", k ? ", " : "",
                 look.dash, look.point, look.colour);
        script_quoted(out, line_name(l, k));
    }
    if (arrows)
        str_cat(out, ", ");
    if (arrows)
        script_arrow_named(out);
    str_addc(out, '\n');
}

/* script_panels - the whole figure. at [panels]. */
static void script_panels(const struct doc *panels, const struct legend *legend, struct place *at,
                          struct str *out, int *height)
{
    bool arrows = any_cut(panels, legend);
    size_t i = 0;
    struct panels key = {.columns = legend_columns(legend)};
    key.legend = legend_height(legend->n + arrows, key.columns);
    *height = key.height = panels_place(panels, at) + key.legend;
    str_cat(out, "set multiplot\n");
    for (const struct doc *p = panels->child; p; p = p->next, i++) {
        double total = *height;
        str_addf(out, "set size %s,%.6f\nset origin %s,%.6f\nset title ", at[i].wide ? "1" : "0.5",
                 at[i].height / total, at[i].right ? "0.5" : "0",
                 1 - (at[i].top + at[i].height) / total);
        script_wrapped(out, view_str(p, "title"), at[i].wide ? TITLE_WIDE : TITLE_HALF);
        str_addc(out, '\n');
        margins_script(p, &at[i], total, out);
        panel_script(p, legend, i, out);
    }
    str_cat(out, "set tmargin\nset bmargin\n");
    panels_legend(&key, out);
    legend_script(legend, arrows, out);
    panels_end(out);
}

int finding_script(const struct doc *finding, struct str *out, int *height, struct err *e)
{
    const struct doc *panels = doc_get(finding, "panels");
    struct legend legend;
    struct place *at = NULL;
    int rc = legend_make(&legend, finding, e);
    if (rc || !legend.n)
        goto out;
    at = mem_alloc(panels->n, sizeof *at, e);
    if (at)
        script_panels(panels, &legend, at, out, height);
    else
        rc = e->code;
out:
    mem_free(at);
    mem_free(legend.names);
    return rc ? rc : str_check(out, e);
}

void finding_csv(const struct doc *finding, struct str *out)
{
    str_cat(out, "panel,line,x_axis,x,value,lo,hi\n");
    for (const struct doc *p = doc_get(finding, "panels")->child; p; p = p->next)
        for (const struct doc *l = doc_get(p, "lines")->child; l; l = l->next)
            for (const struct doc *x = doc_get(l, "points")->child; x; x = x->next) {
                const struct doc *names = doc_get(p, "names"), *name = names ? names->child : NULL;
                str_csv(out, view_str(p, "title"));
                str_addc(out, ',');
                str_csv(out, view_str(l, "name"));
                str_addc(out, ',');
                str_csv(out, view_str(p, "x"));
                str_addc(out, ',');
                for (double i = 0; name && i < x->child->r; i++)
                    name = name->next;
                if (name)
                    str_csv(out, name->s);
                else
                    str_number(out, x->child->r);
                for (const struct doc *v = x->child->next; v; v = v->next) {
                    str_addc(out, ',');
                    if (v->type == DOC_STRING)
                        str_cat(out, v->s);
                    else if (v->type != DOC_NULL)
                        str_number(out, v->r);
                }
                str_addc(out, '\n');
            }
}

int finding_files(const char *dir, struct log *log, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str csv = STR_INIT, script = STR_INIT, drawn = STR_INIT, terminal = STR_INIT;
    int height = 0;
    int rc = finding_load(&t, dir, e);
    if (rc)
        goto out;
    finding_csv(t.root, &csv);
    if ((rc = str_check(&csv, e)) || (rc = file_write_in(dir, "finding.csv", &csv, e)))
        goto out;
    if ((rc = finding_script(t.root, &script, &height, e)) || !script.len)
        goto out;
    if ((rc = file_write_in(dir, "figure.gp", &script, e)))
        goto out;
    for (int pdf = 0; pdf < 2 && !rc; pdf++) {
        struct err why = ERR_INIT;
        str_reset(&terminal);
        str_reset(&drawn);
        if (pdf)
            str_addf(&terminal, "pdfcairo size 7.6in,%.1fin noenhanced font \"sans,12\"",
                     height / 100.0);
        else
            str_addf(&terminal,
                     "svg size 760,%d dynamic noenhanced background rgb \"white\" font "
                     "\"system-ui,sans-serif,14\"",
                     height);
        if (!gnuplot_run(script.s, terminal.s, &drawn, &why))
            rc = file_write_in(dir, pdf ? "figure.pdf" : "figure.svg", &drawn, e);
        else if (!pdf)
            log_warn(
                log,
                "the figure could not be drawn: %s. It needs gnuplot (apt install gnuplot-nox).",
                why.msg);
    }
out:
    doc_tree_release(&t);
    str_release(&csv);
    str_release(&script);
    str_release(&drawn);
    str_release(&terminal);
    return rc;
}
