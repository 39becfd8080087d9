/* figure_layers.c - accuracy of probes by the number of layers whose features they read. */
#include "report/figures.h"

#include <math.h>
#include <string.h>

static const struct doc *pair_model(const struct sheet *s, const struct doc *pair, const char *role)
{
    return view_model(s->results, view_str(pair, role));
}

static bool is_probe(const struct doc *model)
{
    return strcmp(view_str(model, "how"), "probe") == 0;
}

static double layers_of(const struct doc *model)
{
    return view_real(model, "layers");
}

/* same_kind - a and b are one model but for how many of its layers are read. */
static bool same_kind(const struct doc *a, const struct doc *b)
{
    const struct doc *x = doc_get(a, "random"), *y = doc_get(b, "random");
    return strcmp(view_str(a, "name"), view_str(b, "name")) == 0 && x && y && x->b == y->b;
}

/* probed - the model that all students are probes of, NULL where there is no such, or at one depth
 * alone. */
static const struct doc *probed(const struct sheet *s)
{
    const struct doc *first = NULL;
    bool several = false;
    for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next) {
        const struct doc *m = pair_model(s, p, "student");
        if (!pair_drawn(p))
            continue;
        if (!is_probe(m) || (first && !same_kind(first, m)))
            return NULL;
        first = first ? first : m;
        several = several || fabs(layers_of(m) - layers_of(first)) > 0.5;
    }
    return several ? first : NULL;
}

/* role_block - of every model that plays a part in any pair, once, its accuracy there; how many. */
static size_t role_block(const struct sheet *s, const struct doc *of, const char *block,
                         const char *who, const char *role, struct str *out)
{
    size_t n = 0;
    str_addf(out, "$%s << EOD\n", block);
    for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next) {
        const struct doc *m = pair_model(s, p, who);
        bool seen = !pair_drawn(p) || !is_probe(m) || !same_kind(m, of);
        for (const struct doc *q = doc_get(s->results, "pairs")->child; q != p && !seen;
             q = q->next)
            seen = pair_drawn(q) && strcmp(view_str(p, who), view_str(q, who)) == 0;
        if (!seen)
            script_point(out, layers_of(m), view_est(doc_get(p, role), "accuracy"));
        n += !seen;
    }
    str_cat(out, "EOD\n");
    return n;
}

static void axis(const struct sheet *s, struct str *out)
{
    double most = 0;
    str_cat(out, "set ylabel \"test accuracy\"\nset xlabel \"layers\"\nset xtics (");
    bool any = false;
    for (const struct doc *m = doc_get(s->results, "models")->child; m; m = m->next) {
        bool seen = !is_probe(m);
        for (const struct doc *x = doc_get(s->results, "models")->child; x != m && !seen;
             x = x->next)
            seen = is_probe(x) && fabs(layers_of(x) - layers_of(m)) < 0.5;
        if (seen)
            continue;
        str_addf(out, "%s%.0f", any ? ", " : "", layers_of(m));
        most = fmax(most, layers_of(m));
        any = true;
    }
    str_addf(out, ")\nset xrange [0:%.9g]\n", most * 1.03 + 0.5);
}

bool script_layers(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    const struct doc *of = probed(s);
    (void)caption;
    if (!of)
        return false;
    axis(s, out);
    role_block(s, of, "c", "student", "ceiling", out);
    size_t supervisors = role_block(s, of, "w", "supervisor", "weak", out);
    for (size_t i = 0; i < s->n; i++) {
        str_addf(out, "$l%zu << EOD\n", i);
        for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next)
            if (pair_drawn(p) && line_is(p, &s->lines[i]))
                script_point(out, layers_of(pair_model(s, p, "student")),
                             view_est(doc_get(p, "student_scores"), "accuracy"));
        str_cat(out, "EOD\n");
    }
    str_cat(out, "plot $c using 1:2 smooth unique with lines lw 2 lc rgb \"" FIGURE_GREY
                 "\" notitle, $c using 1:2:3:4 with yerrorbars lw 1.5 pt 2 lc rgb \"" FIGURE_GREY
                 "\" title \"ceiling\"");
    if (supervisors)
        str_cat(out,
                ", $w using 1:2 smooth unique with lines lw 2 dt 3 lc rgb \"" FIGURE_GREY
                "\" notitle, $w using 1:2:3:4 with yerrorbars lw 1.5 pt 6 lc rgb \"" FIGURE_GREY
                "\" title \"supervisor\"");
    for (size_t i = 0; i < s->n; i++) {
        const struct line *l = &s->lines[i];
        str_addf(
            out,
            ", $l%zu using 1:2 smooth unique with lines lw 2 dt %d lc rgb \"%s\" notitle, $l%zu "
            "using 1:2:3:4 with yerrorbars lw 1.5 pt %d ps 0.9 lc rgb \"%s\" title ",
            i, l->look.dash, l->look.colour, i, l->look.point, l->look.colour);
        line_title(s->results, l, out);
    }
    str_addc(out, '\n');
    *height = 380 + legend_height(s->n + 2, LEGEND_COLUMNS);
    return true;
}
