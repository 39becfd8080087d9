/* figure_best_of.c - how what rewards pick out of n texts is rated. */
#include "report/figures.h"

#include <stdlib.h>
#include <string.h>

/* rated - whether a pair has rewards whose picks were rated. */
static bool rated(const struct doc *pair)
{
    return pair_drawn(pair) && doc_get(pair, "best_of");
}

/* panel_first - whether no pair before p is of its student. */
static bool panel_first(const struct doc *pairs, const struct doc *p)
{
    for (const struct doc *q = pairs->child; q != p; q = q->next)
        if (rated(q) && strcmp(view_str(q, "student"), view_str(p, "student")) == 0)
            return false;
    return true;
}

/* block - one model's picks as a data block: n, rating, bounds. */
static void block(const struct doc *pair, const char *whose, size_t at, struct str *out)
{
    const struct doc *line = doc_get(doc_get(pair, "best_of"), whose);
    str_addf(out, "$%s%zu << EOD\n", whose, at);
    for (const struct doc *x = line && line->type == DOC_MAP ? line->child : NULL; x; x = x->next)
        script_point(out, strtod(x->key, NULL), view_node_est(x));
    str_cat(out, "EOD\n");
}

static void blocks(const struct sheet *s, struct str *out)
{
    static const char *const whose[] = {"weak", "student", "ceiling", "possible"};
    size_t at = 0;
    for (const struct doc *p = doc_get(s->results, "pairs")->child; p; p = p->next, at++)
        for (size_t k = 0; k < 4 && rated(p); k++)
            block(p, whose[k], at, out);
}

/* supervisor_first - of a panel, the first pair of its supervisor: its line is drawn once. */
static bool supervisor_first(const struct doc *pairs, const struct doc *p)
{
    for (const struct doc *q = pairs->child; q != p; q = q->next)
        if (rated(q) && strcmp(view_str(q, "student"), view_str(p, "student")) == 0 &&
            strcmp(view_str(q, "supervisor"), view_str(p, "supervisor")) == 0)
            return false;
    return true;
}

static void panel(const struct sheet *s, const struct doc *first, struct str *out)
{
    const struct doc *pairs = doc_get(s->results, "pairs");
    size_t at = 0;
    bool begun = false;
    for (const struct doc *p = pairs->child; p; p = p->next, at++) {
        const struct line *l = NULL;
        if (!rated(p) || strcmp(view_str(p, "student"), view_str(first, "student")) != 0)
            continue;
        for (size_t i = 0; i < s->n && !l; i++)
            l = line_is(p, &s->lines[i]) ? &s->lines[i] : NULL;
        if (!l)
            continue;
        if (!begun)
            str_addf(out,
                     "plot $possible%zu using 1:2 with lines lw 2 dt 2 lc rgb \"" FIGURE_GREY
                     "\" notitle, $ceiling%zu using 1:2 with lines lw 2 lc rgb \"" FIGURE_GREY
                     "\" notitle",
                     at, at);
        begun = true;
        if (doc_get(doc_get(p, "best_of"), "weak") && supervisor_first(pairs, p)) {
            str_addf(out, ", $weak%zu using 1:2 with lines lw 1.5 ", at);
            supervisor_look(l, out);
            str_cat(out, " notitle");
        }
        str_addf(out,
                 ", $student%zu using 1:2:3:4 with yerrorlines lw 1.5 pt %d ps 0.7 dt %d lc rgb "
                 "\"%s\" notitle",
                 at, l->look.point, l->look.dash, l->look.colour);
    }
    str_addc(out, '\n');
}

static void legend(const struct sheet *s, struct str *out)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct look *look = &s->lines[i].look;
        str_addf(out, "NaN with linespoints lw 1.5 pt %d dt %d lc rgb \"%s\" title ", look->point,
                 look->dash, look->colour);
        line_title(s->results, &s->lines[i], out);
        str_cat(out, ", ");
    }
    str_cat(out, "NaN with lines lw 2 lc rgb \"" FIGURE_GREY "\" title \"ceiling\", NaN with lines "
                 "lw 2 dt 2 lc rgb \"" FIGURE_GREY "\" title \"ratings\"\n");
}

bool script_best_of(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    const struct doc *pairs = doc_get(s->results, "pairs");
    size_t n = 0;
    (void)caption;
    for (const struct doc *p = pairs->child; p; p = p->next)
        n += rated(p) && panel_first(pairs, p);
    if (!n)
        return false;
    struct panels at;
    blocks(s, out);
    str_cat(out, "set xlabel \"n\" offset 0,0.5\nset ylabel \"rating of the pick\"\nunset key\nset "
                 "logscale x 2\nset xrange [0.9:72]\n");
    panels_begin(&at, s, n, 2, out);
    *height = at.height;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        struct str title = STR_INIT;
        if (!rated(p) || !panel_first(pairs, p))
            continue;
        str_cat(&title, "students, ");
        view_words(s->results, view_str(p, "student"), &title);
        panel_place(&at, title.s, out);
        out->failed = out->failed || title.failed;
        str_release(&title);
        panel(s, p, out);
    }
    panels_legend(&at, out);
    legend(s, out);
    panels_end(out);
    return true;
}
