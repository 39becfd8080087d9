/* figures.c - scripts for gnuplot with their data, figures as SVG and PDF. To add a figure: a
 * row of the table at the end and the function that writes its script. */
#include "report/figures.h"
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

static int sheet_init(struct sheet *s, const struct doc *results, struct err *e)
{
    const struct doc *pairs = doc_get(results, "pairs");
    *s = (struct sheet){.results = results};
    s->lines = mem_alloc(pairs->n, sizeof *s->lines, e);
    for (const struct doc *p = pairs->child; p && s->lines; p = p->next)
        if (pair_drawn(p))
            line_add(s, p);
    return s->lines ? OK : e->code;
}

const char *figure_colour(size_t k)
{
    return colours[k % COLOURS];
}

int figure_point(size_t k)
{
    return points[k % COLOURS];
}

const char *line_colour(const struct line *l)
{
    return figure_colour(l->of_supervisor);
}

int line_point(const struct line *l)
{
    return figure_point(l->of_method + l->of_supervisor / COLOURS);
}

bool line_first(const struct sheet *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (s->lines[k].of_supervisor == s->lines[i].of_supervisor)
            return false;
    return true;
}

int legend_height(size_t n)
{
    return 20 * (int)((n + 1) / 2) + 8;
}

void script_quoted(struct str *out, const char *s)
{
    str_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_addc(out, '\\');
        str_addc(out, *s == '\n' ? ' ' : *s);
    }
    str_addc(out, '"');
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

#define PANEL_HEIGHT 280

void panels_begin(struct panels *p, size_t n, size_t entries, struct str *out)
{
    int rows = (int)(n + 1) / 2;
    p->at = 0;
    p->legend = legend_height(entries);
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
    str_cat(out, "unset title\nunset xlabel\nunset ylabel\nunset border\nunset tics\nunset "
                 "grid\nunset logscale\nset xrange [0:1]\nset yrange [0:1]\n"
                 "set key inside center center horizontal maxcols 2 samplen 2\nplot ");
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
     "with their ceiling (grey). Supervisors have the colour of their students.",
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
     "Test accuracy of probes by how many layers their features have behind them: students, in a "
     "colour for each supervisor; grey the ceiling, which learns the same examples' ground truth, "
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
