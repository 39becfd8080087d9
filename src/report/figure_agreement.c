/* figure_agreement.c - how often students say what their supervisors say. */
#include "report/figures.h"

#include <math.h>
#include <string.h>

#define NAME_WIDE  40 /* characters of a pair's name in one line */
#define NAME_LINE  21 /* pixels of such a line */
#define PAIR_LEAST 32 /* pixels of a pair, whose three points lie below each other */

/* pair_tic - a pair's name; how many lines it has. */
static size_t pair_tic(const struct doc *results, const struct doc *p, struct str *out)
{
    struct str name = STR_INIT;
    view_words(results, view_str(p, "supervisor"), &name);
    str_cat(&name, " > ");
    view_words(results, view_str(p, "student"), &name);
    str_cat(&name, ", ");
    view_method(p, &name);
    size_t lines = script_wrapped(out, name.s, NAME_WIDE);
    out->failed = out->failed || name.failed;
    str_release(&name);
    return lines;
}

/* agreeing - it is drawn, and it is known what the supervisor says of the test. */
static bool agreeing(const struct doc *pair)
{
    return pair_drawn(pair) && !isnan(view_est(doc_get(pair, "agreement"), "all").value);
}

bool script_agreement(const struct sheet *s, struct str *out, struct str *caption, int *height)
{
    static const char *const keys[] = {"all", "supervisor_right", "supervisor_wrong"};
    static const char *const titles[] = {"all", "supervisor right", "supervisor wrong"};
    const struct doc *pairs = doc_get(s->results, "pairs");
    struct str tics = STR_INIT;
    size_t n = 0, most = 0;
    (void)caption;
    for (size_t k = 0; k < 3; k++) {
        str_addf(out, "$d%zu << EOD\n", k);
        n = 0;
        for (const struct doc *p = pairs->child; p; p = p->next) {
            struct est x = est_barred(view_est(doc_get(p, "agreement"), keys[k]));
            if (!agreeing(p))
                continue;
            if (!isnan(x.value))
                str_addf(out, "%.9g %.2f %.9g %.9g\n", x.value, (double)n + 0.22 * ((double)k - 1),
                         x.lo, x.hi);
            if (!k) {
                str_cat(&tics, n ? ", " : "");
                size_t lines = pair_tic(s->results, p, &tics);
                most = lines > most ? lines : most;
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
            k ? ", " : "", k, figure_look(k).point, figure_look(k).colour, titles[k]);
    str_addc(out, '\n');
    int row = 12 + NAME_LINE * (int)most;
    *height = 160 + (row > PAIR_LEAST ? row : PAIR_LEAST) * (int)n;
    out->failed = out->failed || tics.failed;
    str_release(&tics);
    return n > 0;
}
