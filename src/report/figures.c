/* figures.c - gnuplot's part: scripts with their data, figures as SVG and PDF. To add a figure: a row of the table at the
 * end and the function that writes its script. */
#include "report/view.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/proc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Colours of Okabe and Ito (2008), told apart by the colour-blind; no black or yellow, which one of the two backgrounds swallows. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"};
static const int points[] = {7, 5, 9, 13, 11, 15}; /* and by shape */
#define COLOURS (sizeof colours / sizeof *colours)

/* A line of a figure over student sizes: one supervisor, one method. */
struct line {
    const char *supervisor, *method;
};

static bool same_line(const struct doc *pair, const struct line *l)
{
    return strcmp(view_str(pair, "supervisor"), l->supervisor) == 0 && strcmp(view_str(pair, "method"), l->method) == 0;
}

static size_t lines_list(const struct doc *results, struct line *lines, size_t max)
{
    size_t n = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        bool seen = false;
        for (size_t i = 0; i < n; i++)
            seen = seen || same_line(p, &lines[i]);
        const struct doc *control = doc_get(p, "control");
        if (!seen && n < max && !(control && control->b) && doc_get(p, "weak"))
            lines[n++] = (struct line){view_str(p, "supervisor"), view_str(p, "method")};
    }
    return n;
}

/* colour of a supervisor, by its place among the supervisors; shape and dashes tell the method */
static size_t supervisor_index(const struct line *lines, size_t i)
{
    size_t distinct = 0;
    for (size_t k = 0; k < i; k++) {
        if (strcmp(lines[k].supervisor, lines[i].supervisor) == 0)
            return supervisor_index(lines, k);
        bool first = true;
        for (size_t j = 0; j < k; j++)
            first = first && strcmp(lines[j].supervisor, lines[k].supervisor) != 0;
        distinct += first;
    }
    return distinct;
}

static size_t method_index(const struct line *lines, size_t i)
{
    size_t distinct = 0;
    for (size_t k = 0; k < i; k++) {
        if (strcmp(lines[k].method, lines[i].method) == 0)
            return method_index(lines, k);
        bool first = true;
        for (size_t j = 0; j < k; j++)
            first = first && strcmp(lines[j].method, lines[k].method) != 0;
        distinct += first;
    }
    return distinct;
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

static double student_layers(const struct doc *results, const struct doc *pair)
{
    return view_real(view_model(results, view_str(pair, "student")), "params") / 1e6;
}

static void data_point(struct str *out, double x, struct est y)
{
    if (isnan(y.value))
        return;
    str_addf(out, "%.9g %.9g %.9g %.9g\n", x, y.value, y.lo, y.hi);
}

/* size_axis - students' sizes in million parameters, on a logarithmic axis where there are several. */
static void size_axis(const struct doc *results, struct str *out)
{
    double lo = (double)INFINITY, hi = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        double x = student_layers(results, p);
        lo = x < lo ? x : lo;
        hi = x > hi ? x : hi;
    }
    /* two lines of tic labels lie between the axis and its name */
    str_cat(out, "set xlabel \"student, million parameters\" offset 0,-1\n");
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
        str_addf(out, "%s\"%.0f\\n%.0f layers\" %.9g", first ? "" : ", ", student_layers(results, p),
                 view_real(view_model(results, view_str(p, "student")), "layers"), student_layers(results, p));
        first = false;
    }
    str_cat(out, ")\n");
}

/* spread - lines of one size lie on each other; each is moved by a little, so that their intervals can be read. */
static double spread(const struct doc *results, double x, size_t i, size_t n)
{
    double lo = (double)INFINITY, hi = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        double v = student_layers(results, p);
        lo = v < lo ? v : lo;
        hi = v > hi ? v : hi;
    }
    double place = n > 1 ? (double)i / (double)(n - 1) - 0.5 : 0;
    return hi > lo ? x * pow(1.05, place) : x + 2.4 * place;
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

static void lines_script(const struct doc *results, const char *key, struct str *out)
{
    struct line lines[48];
    size_t n = lines_list(results, lines, sizeof lines / sizeof *lines);
    bool joined = several_sizes(results);
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "$l%zu << EOD\n", i);
        for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
            if (same_line(p, &lines[i]))
                data_point(out, spread(results, student_layers(results, p), i, n),
                           *key ? view_est(p, key) : view_est(doc_get(p, "student_scores"), "accuracy"));
        str_cat(out, "EOD\n");
    }
    str_cat(out, "plot ");
    for (size_t i = 0; i < n; i++) {
        size_t c = supervisor_index(lines, i) % COLOURS, m = method_index(lines, i);
        str_addf(out, "%s$l%zu using 1:2:3:4 with yerrorbars lw 1.5 pt %d ps 0.9 lc rgb \"%s\" title ", i ? ", " : "", i,
                 points[m % COLOURS], colours[c]);
        line_title(results, &lines[i], out);
        if (joined)
            str_addf(out, ", $l%zu using 1:2 with lines lw 2 dt %zu lc rgb \"%s\" notitle", i, m + 1, colours[c]);
    }
}

static bool script_accuracy(const struct doc *results, struct str *out)
{
    struct line lines[48];
    size_t n = lines_list(results, lines, sizeof lines / sizeof *lines), sups = 0;
    if (!n)
        return false;
    size_axis(results, out);
    str_cat(out, "set ylabel \"test accuracy\"\n$c << EOD\n");
    const struct doc *pairs = doc_get(results, "pairs");
    for (const struct doc *p = pairs->child; p; p = p->next)
        if (same_line(p, &lines[0]))
            data_point(out, student_layers(results, p), view_est(doc_get(p, "ceiling"), "accuracy"));
    str_cat(out, "EOD\n");
    lines_script(results, "", out);
    str_cat(out, ", $c using 1:2:3:4 with yerrorbars lw 1.5 pt 2 lc rgb \"#808080\" title \"ceiling\"");
    if (several_sizes(results))
        str_cat(out, ", $c using 1:2 with lines lw 2 lc rgb \"#808080\" notitle");
    for (size_t i = 0; i < n; i++) {
        size_t c = supervisor_index(lines, i);
        if (c < sups)
            continue;
        sups = c + 1;
        for (const struct doc *p = pairs->child; p; p = p->next)
            if (same_line(p, &lines[i])) {
                struct str title = STR_INIT;
                str_cat(&title, "supervisor, ");
                view_words(results, lines[i].supervisor, &title);
                str_addf(out, ", %.9g with lines lw 1.5 dt 3 lc rgb \"%s\" title ", view_est(doc_get(p, "weak"), "accuracy").value,
                         colours[c % COLOURS]);
                quoted(out, title.s);
                str_release(&title);
                break;
            }
    }
    str_addc(out, '\n');
    return true;
}

static bool script_pgr(const struct doc *results, struct str *out)
{
    bool any = false;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        any = any || !isnan(view_est(p, "pgr").value);
    if (!any)
        return false;
    size_axis(results, out);
    str_cat(out, "set ylabel \"performance gap recovered\"\nset yrange [*<-0.05:1.05<*]\nset arrow from graph 0, first 1 to graph 1, first 1 nohead dt 3 lc rgb "
                 "\"#808080\"\nset arrow from graph 0, first 0 to graph 1, first 0 nohead dt 3 lc rgb \"#808080\"\n");
    lines_script(results, "pgr", out);
    str_addc(out, '\n');
    return true;
}

static bool script_curves(const struct doc *results, struct str *out)
{
    const struct doc *jobs = doc_get(results, "jobs");
    size_t n = 0;
    for (const struct doc *j = jobs->child; j; j = j->next) {
        const struct doc *result = doc_get(j, "result"), *curve = result ? doc_get(result, "curve") : NULL;
        if (!curve || view_real(j, "seed") > 0)
            continue;
        str_addf(out, "$l%zu << EOD\n", n);
        for (const struct doc *x = curve->child; x; x = x->next)
            if (!isnan(view_real(x, "accuracy")))
                str_addf(out, "%.9g %.9g\n", view_real(x, "epoch"), view_real(x, "accuracy"));
        str_cat(out, "EOD\n");
        n++;
    }
    if (!n)
        return false;
    str_cat(out, "set xlabel \"epochs\"\nset ylabel \"validation accuracy\"\nplot ");
    size_t i = 0;
    for (const struct doc *j = jobs->child; j; j = j->next) {
        const struct doc *result = doc_get(j, "result");
        if (!result || !doc_get(result, "curve") || view_real(j, "seed") > 0)
            continue;
        size_t role = strcmp(view_str(j, "role"), "student") == 0 ? 1 : strcmp(view_str(j, "role"), "ceiling") == 0 ? 2 : 3;
        str_addf(out, "%s$l%zu using 1:2 with linespoints lw 2 dt %zu pt %d ps 0.6 lc rgb \"%s\" title ", i ? ", " : "", i, role,
                 points[i % COLOURS], colours[i % COLOURS]);
        quoted(out, view_str(j, "label"));
        i++;
    }
    str_addc(out, '\n');
    return true;
}

static bool script_agreement(const struct doc *results, struct str *out)
{
    static const char *const keys[] = {"all", "supervisor_right", "supervisor_wrong"};
    static const char *const titles[] = {"all", "supervisor right", "supervisor wrong"};
    const struct doc *pairs = doc_get(results, "pairs");
    size_t n = 0;
    str_cat(out, "$d << EOD\n");
    for (const struct doc *p = pairs->child; p; p = p->next) {
        const struct doc *a = doc_get(p, "agreement"), *control = doc_get(p, "control");
        if (!a || (control && control->b))
            continue;
        str_addf(out, "%zu", n++);
        for (size_t k = 0; k < 3; k++) {
            struct est x = view_est(a, keys[k]);
            if (isnan(x.value))
                str_cat(out, " ? ? ?");
            else
                str_addf(out, " %.9g %.9g %.9g", x.value, x.lo, x.hi);
        }
        str_addc(out, '\n');
    }
    str_cat(out, "EOD\n");
    if (!n)
        return false;
    str_cat(out, "set datafile missing \"?\"\nset ylabel \"agreement\"\nset yrange [0:1]\nset boxwidth 0.25\n"
                 "set style fill solid 0.75\nset xtics rotate by -25 (");
    size_t i = 0;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        const struct doc *control = doc_get(p, "control");
        if (!doc_get(p, "agreement") || (control && control->b))
            continue;
        struct str s = STR_INIT;
        view_words(results, view_str(p, "supervisor"), &s);
        str_cat(&s, " > ");
        view_words(results, view_str(p, "student"), &s);
        str_addf(&s, ", %s", view_str(p, "method"));
        if (i)
            str_cat(out, ", ");
        quoted(out, s.s);
        str_addf(out, " %zu", i++);
        str_release(&s);
    }
    str_addf(out, ")\nset xrange [-0.6:%.1f]\nplot ", (double)n - 0.4);
    for (size_t k = 0; k < 3; k++)
        str_addf(out,
                 "%s$d using ($1+%.2f):%zu with boxes lc rgb \"%s\" title \"%s\", $d using ($1+%.2f):%zu:%zu:%zu with yerrorbars ps 0 lw "
                 "1.5 lc rgb \"#606060\" notitle",
                 k ? ", " : "", 0.27 * ((double)k - 1), 3 * k + 2, colours[k], titles[k], 0.27 * ((double)k - 1), 3 * k + 2, 3 * k + 3,
                 3 * k + 4);
    str_addc(out, '\n');
    return true;
}

static const struct {
    const char *name, *title, *caption;
    bool (*script)(const struct doc *results, struct str *out);
    int height;
} table[FIGURES] = {
    {"accuracy", "Accuracy against student size",
     "Test accuracy of the students, with intervals; dotted: their supervisors, grey: the ceiling, the same model trained on ground truth.",
     script_accuracy, 400},
    {"pgr", "Performance gap recovered", "1: as good as ground-truth supervision; 0: no better than the supervisor. Never clipped.",
     script_pgr, 360},
    {"curves", "Within the epochs", "Accuracy on the validation slice, against ground truth, as training goes on (first seed).",
     script_curves, 400},
    {"agreement", "Agreement with the supervisor",
     "How often the student's class is its supervisor's: over all test examples, where the supervisor is right, and where it is wrong. A "
     "student that only imitates agrees as much where it is wrong.",
     script_agreement, 420},
};

static int run_gnuplot(const char *script, const char *terminal, int height, struct str *out, struct err *e)
{
    const char *const argv[] = {"gnuplot", "-", NULL};
    struct proc_result r = {.status = -1, .out = STR_INIT, .errout = STR_INIT};
    struct str all = STR_INIT;
    str_addf(&all,
             "set encoding utf8\nset terminal %s\nset pointintervalbox 0\nset border 3\nset tics nomirror out\nset grid ytics lc rgb \"#a0a0a0\" dt 3\n"
             "set key outside bottom center horizontal samplen 2\nset bmargin\n%s",
             terminal, script);
    (void)height;
    int rc = str_check(&all, e);
    if (!rc)
        rc = proc_run(&r, argv, all.s, all.len, NULL, NULL, e);
    if (!rc && r.status)
        rc = err_set(e, ERR_CHILD, "gnuplot: %s", proc_last_line(&r));
    if (!rc)
        str_catn(out, r.out.s, r.out.len);
    if (!rc)
        rc = str_check(out, e);
    proc_result_release(&r);
    str_release(&all);
    return rc;
}

/* svg_inline - gnuplot's SVG as a part of a page: its header gone, black left to the page, so that it is light on dark. */
static void svg_inline(const struct str *svg, const char *title, struct str *out)
{
    const char *s = strstr(svg->s, "<g id=\"gnuplot_canvas\""), *defs = s ? strstr(s, "<rect ") : NULL;
    double w = 0, h = 0;
    const char *box = strstr(svg->s, "viewBox=\"0 0 ");
    if (!s || !defs || !box || sscanf(box, "viewBox=\"0 0 %lf %lf", &w, &h) != 2)
        return;
    str_addf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" "
                  "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n",
             w, h, title);
    static const char *const black[] = {"\"black\"", "'black'", "\"white\"", "'white'"};
    while (*s) {
        size_t k = 0;
        while (k < 4 && strncmp(s, black[k], strlen(black[k])) != 0)
            k++;
        if (k < 2) {
            str_cat(out, "\"currentColor\"");
            s += strlen(black[k]);
        } else if (k < 4) {
            str_cat(out, "\"transparent\"");
            s += strlen(black[k]);
        } else {
            str_addc(out, *s++);
        }
    }
}

static int figure_make(const struct doc *results, const char *dir, size_t i, struct figure *f, struct err *e)
{
    struct str script = STR_INIT, svg = STR_INIT, pdf = STR_INIT, path = STR_INIT, name = STR_INIT, terminal = STR_INIT;
    int rc = OK;
    f->name = table[i].name;
    f->title = table[i].title;
    str_cat(&f->caption, table[i].caption);
    if (!table[i].script(results, &script))
        goto out; /* nothing to draw: every job of it failed, or no PGR is defined */
    str_addf(&terminal, "svg size 760,%d dynamic noenhanced font \"system-ui,sans-serif,14\"", table[i].height);
    if ((rc = str_check(&script, e)) || (rc = run_gnuplot(script.s, terminal.s, table[i].height, &svg, e)))
        goto out;
    str_reset(&terminal);
    str_addf(&terminal, "pdfcairo size 7.6in,%.1fin noenhanced font \"sans,12\"", table[i].height / 100.0);
    struct err no_pdf = ERR_INIT;
    if (run_gnuplot(script.s, terminal.s, table[i].height, &pdf, &no_pdf))
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
        str_path(&path, dir, name.s);
        rc = str_check(&path, e);
        if (!rc)
            rc = file_write(path.s, files[k].data->s, files[k].data->len, e);
    }
    svg_inline(&svg, f->title, &f->svg);
    if (!rc)
        rc = str_check(&f->svg, e);
out:
    str_release(&script);
    str_release(&svg);
    str_release(&pdf);
    str_release(&path);
    str_release(&name);
    str_release(&terminal);
    return rc;
}

int figures_make(const struct doc *results, const char *dir, struct figure f[FIGURES], struct str *missing, struct err *e)
{
    struct str path = STR_INIT;
    memset(f, 0, FIGURES * sizeof *f);
    for (size_t i = 0; i < FIGURES; i++) {
        str_init(&f[i].caption);
        str_init(&f[i].svg);
    }
    str_path(&path, dir, "figures");
    int rc = str_check(&path, e);
    if (!rc)
        rc = file_mkdirs(path.s, e);
    for (size_t i = 0; i < FIGURES && !rc; i++) {
        rc = figure_make(results, dir, i, &f[i], e);
        if (rc == ERR_CHILD) {
            str_reset(missing);
            str_addf(missing, "Figures could not be drawn: %s. They need gnuplot (apt install gnuplot-nox).", e->msg);
            rc = OK;
        }
    }
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
