/* figures.c - scripts for gnuplot with their data, figures as SVG and PDF. To add a figure: a
 * row of the table at the end and the function that writes its script. */
#include "report/figures.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Colours of Okabe and Ito (2008), told apart by the colour-blind; no black or yellow, which one of
 * the two backgrounds swallows. Points are gnuplot's numbers. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73",
                                      "#CC79A7", "#56B4E9", "#E69F00"};
static const int points[] = {7, 5, 9, 13, 11, 15, /* filled */
                             6, 4, 8, 12, 10, 14, /* the same, open */
                             1, 2, 3};            /* of strokes alone */
static const int dashes[] = {1, 2, 4, 5};
static const char *const dots[] = {"3", "(2,8)", "(2,4,2,12)"};
#define COLOURS (sizeof colours / sizeof *colours)
#define POINTS  (sizeof points / sizeof *points)
#define DASHES  (sizeof dashes / sizeof *dashes)
#define DOTS    (sizeof dots / sizeof *dots)
#define ROUND   30 /* until colour and shape, going round together, come again */
#define LOOKS   90 /* a round of each of the three shapes that a colour begins with */

struct look figure_look(size_t k)
{
    size_t i = k % LOOKS;
    return (struct look){colours[i % COLOURS], points[(i + i / ROUND) % POINTS],
                         dashes[(i / COLOURS + k / LOOKS) % DASHES]};
}

bool line_is(const struct doc *pair, const struct line *l)
{
    return strcmp(view_str(pair, "supervisor"), l->supervisor) == 0 &&
           strcmp(view_str(pair, "method"), l->method) == 0;
}

bool pair_drawn(const struct doc *pair)
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
        if (line_is(pair, x))
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

/* sheet_looks - by supervisor the colour, by method the rest, as far as there are shapes for that
 * and several supervisors. */
static void sheet_looks(struct sheet *s)
{
    size_t supervisors = 0, methods = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct line *l = &s->lines[i];
        supervisors = l->of_supervisor >= supervisors ? l->of_supervisor + 1 : supervisors;
        methods = l->of_method >= methods ? l->of_method + 1 : methods;
    }
    bool coloured = supervisors > 1 && methods * ((supervisors + COLOURS - 1) / COLOURS) <= POINTS;
    for (size_t i = 0; i < s->n; i++) {
        struct line *l = &s->lines[i];
        size_t k = l->of_method + methods * (l->of_supervisor / COLOURS);
        l->look = coloured ? (struct look){colours[l->of_supervisor % COLOURS], points[k],
                                           dashes[k % DASHES]}
                           : figure_look(i);
    }
}

static int sheet_init(struct sheet *s, const struct doc *results, struct err *e)
{
    const struct doc *pairs = doc_get(results, "pairs");
    *s = (struct sheet){.results = results};
    s->lines = mem_alloc(pairs->n, sizeof *s->lines, e);
    for (const struct doc *p = pairs->child; p && s->lines; p = p->next)
        if (pair_drawn(p))
            line_add(s, p);
    sheet_looks(s);
    return s->lines ? OK : e->code;
}

void supervisor_look(const struct line *l, struct str *out)
{
    str_addf(out, "dt %s lc rgb \"%s\"", dots[l->of_supervisor / COLOURS % DOTS],
             colours[l->of_supervisor % COLOURS]);
}

bool line_first(const struct sheet *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (s->lines[k].of_supervisor == s->lines[i].of_supervisor)
            return false;
    return true;
}

#define LEGEND_ROW 21 /* pixels */

int legend_height(size_t n, int columns)
{
    return LEGEND_ROW * (((int)n + columns - 1) / columns) + 8;
}

static void quoted_char(char c, struct str *out)
{
    if (c == '"' || c == '\\')
        str_addc(out, '\\');
    str_addc(out, c == '\n' ? ' ' : c);
}

void script_quoted(struct str *out, const char *s)
{
    str_addc(out, '"');
    for (; *s; s++)
        quoted_char(*s, out);
    str_addc(out, '"');
}

/* characters - of the first n bytes of UTF-8. */
static size_t characters(const char *s, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += ((unsigned char)s[i] & 0xc0) != 0x80;
    return k;
}

size_t script_wrapped(struct str *out, const char *s, size_t width)
{
    size_t lines = 1, at = 0;
    str_addc(out, '"');
    while (*s) {
        size_t n = strcspn(s, " "), wide = characters(s, n);
        if (at && at + 1 + wide > width) {
            str_cat(out, "\\n");
            lines++;
            at = 0;
        }
        at += at ? 1 : 0;
        str_cat(out, at ? " " : "");
        for (size_t i = 0; i < n; i++) {
            bool begins = ((unsigned char)s[i] & 0xc0) != 0x80;
            if (begins && at == width) { /* within a word that is longer than a line */
                str_cat(out, "\\n");
                lines++;
                at = 0;
            }
            at += begins;
            quoted_char(s[i], out);
        }
        s += n;
        s += strspn(s, " ");
    }
    str_addc(out, '"');
    return lines;
}

void line_title(const struct doc *results, const struct line *l, struct str *out)
{
    struct str s = STR_INIT;
    str_cat(&s, "from ");
    view_words(results, l->supervisor, &s);
    str_addf(&s, ", %s", l->method);
    script_quoted(out, s.s);
    str_release(&s);
}

/* est_barred - an estimate without bounds is drawn as a point alone: its bar has no length. */
struct est est_barred(struct est x)
{
    return isnan(x.lo) ? (struct est){x.value, x.value, x.value} : x;
}

void script_point(struct str *out, double x, struct est y)
{
    if (isnan(y.value))
        return;
    y = est_barred(y);
    str_addf(out, "%.9g %.9g %.9g %.9g\n", x, y.value, y.lo, y.hi);
}

#define ARROW 0.06 /* of a panel's range */

size_t script_cut(struct str *out, double x, struct est y, struct range r, bool across,
                  const char *colour)
{
    double length = ARROW * (r.hi - r.lo);
    long rgb = strtol(colour + 1, NULL, 16);
    size_t n = 0;
    for (int up = 0; up < 2; up++) {
        double from = up ? r.hi - length : r.lo + length, by = up ? length : -length;
        if (isnan(y.value) || !(up ? y.hi > r.hi : y.lo < r.lo))
            continue;
        by *= 0.99; /* the edge itself may be beyond it by rounding */
        str_addf(out, across ? "%.9g %.9g %.9g 0 %ld\n" : "%.9g %.9g 0 %.9g %ld\n",
                 across ? from : x, across ? x : from, by, rgb);
        n++;
    }
    return n;
}

#define HEAD "with vectors head filled size screen 0.012,20 fixed lw 1.5 lc rgb "

void script_arrows(struct str *out, const char *block)
{
    str_addf(out, "%s using 1:2:3:4:5 " HEAD "variable notitle", block);
}

void script_arrow_named(struct str *out)
{
    str_cat(out, "'+' using (NaN):(NaN):(0):(0) " HEAD "\"" FIGURE_GREY
                 "\" title \"arrow: the interval goes on\"");
}

#define PANEL_HEIGHT 280

/* legend_columns - as many as the lines' titles leave room for. */
static int legend_columns(const struct sheet *s)
{
    size_t longest = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct str title = STR_INIT;
        line_title(s->results, &s->lines[i], &title);
        size_t n = characters(title.s, title.len) - 2; /* quotes */
        longest = n > longest ? n : longest;
        str_release(&title);
    }
    return longest > LEGEND_WIDE ? 1 : LEGEND_COLUMNS;
}

void panels_begin(struct panels *p, const struct sheet *s, size_t n, size_t more, struct str *out)
{
    int rows = (int)(n + 1) / 2;
    p->at = 0;
    p->columns = legend_columns(s);
    p->legend = legend_height(s->n + more, p->columns);
    p->height = rows * PANEL_HEIGHT + p->legend;
    str_addf(out, "set multiplot\nset size 0.5,%.6f\n", (double)PANEL_HEIGHT / p->height);
}

void panel_place(struct panels *p, const char *title, struct str *out)
{
    int below = p->height - p->legend - PANEL_HEIGHT * (int)(p->at / 2 + 1);
    str_addf(out, "set origin %.1f,%.6f\nset title ", p->at % 2 ? 0.5 : 0.0,
             (double)(p->legend + below) / p->height);
    script_quoted(out, title);
    str_addc(out, '\n');
    p->at++;
}

void panels_legend(const struct panels *p, struct str *out)
{
    str_addf(out, "set origin 0,0\nset size 1,%.6f\n", (double)p->legend / p->height);
    str_addf(out,
             "unset title\nunset xlabel\nunset ylabel\nunset border\nunset tics\nunset "
             "grid\nunset logscale\nset xrange [0:1]\nset yrange [0:1]\n"
             "set key inside center center horizontal maxcols %d samplen 2\nplot ",
             p->columns);
}

void panels_end(struct str *out)
{
    str_cat(out, "unset multiplot\n");
}

static const struct {
    const char *name, *title, *caption, *none; /* none: why it is not drawn */
    figure_script *script;
} table[FIGURES] = {
    {"accuracy", "Accuracy against student size",
     "Test accuracy of the students, with intervals where there are any; dotted: their "
     "supervisors, grey crosses: the ceiling, "
     "the same model trained on ground truth.",
     "Nothing to draw: no pair has a result, or a student's size is not known.", script_accuracy},
    {"pgr", "Performance gap recovered",
     "1: as good as ground-truth supervision; 0: no better than the supervisor; neither is a "
     "bound.",
     "Nothing to draw: PGR is defined for no pair, or a student's size is not known.", script_pgr},
    {"curves", "Within the epochs",
     "Accuracy on the validation slice, against ground truth, as training goes on (first seed): "
     "supervisors, then the students of each size "
     "with their ceiling (grey). A supervisor has colour and shape of the first of its students.",
     "Nothing to draw: no job was measured within its epochs, as with data.valid: 0 or where it "
     "failed.",
     script_curves},
    {"agreement", "Agreement with the supervisor",
     "How often the student's class is its supervisor's: over all test examples, where the "
     "supervisor is right, and where it is wrong. A "
     "student that only imitates agrees as much where it is wrong.",
     "Nothing to draw: no pair has a result.", script_agreement},
    {"best-of", "Best of n",
     "How what each reward picks out of n test texts drawn by chance is rated: by the student's, "
     "dotted its supervisor's, grey the ceiling's, dashed the ratings' own, the most that can be "
     "had.",
     NULL, script_best_of},
    {"layers", "Accuracy by layer",
     "Test accuracy of probes by how many layers their features have behind them: students, by "
     "supervisor and method; grey the ceiling, which learns the same examples' ground truth, "
     "and dotted the supervisors.",
     NULL, script_layers},
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
        str_cat(&f->caption, table[i].none ? table[i].none : "");
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
