/* figure_agreement.c - how often students say what their supervisors say. */
#include "report/figures.h"

#include <math.h>
#include <string.h>

#define PAIRS_TALL 12 /* of more, a pair has one line, not two */

/* pair_tic - a pair's name in two lines or one. */
static void pair_tic(const struct doc *results, const struct doc *p, bool tall, struct str *out)
{
    struct str a = STR_INIT, b = STR_INIT, qa = STR_INIT;
    view_words(results, view_str(p, "supervisor"), &a);
    str_cat(&a, " >");
    view_words(results, view_str(p, "student"), &b);
    str_cat(&b, ", ");
    view_method(p, &b);
    script_quoted(&qa, a.s);
    str_catn(out, qa.s, qa.len - 1);
    str_cat(out, tall ? "\\n" : " ");
    str_reset(&qa);
    script_quoted(&qa, b.s);
    str_cat(out, qa.s + 1);
    str_release(&a);
    str_release(&b);
    str_release(&qa);
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
    size_t n = 0, all = 0;
    (void)caption;
    for (const struct doc *p = pairs->child; p; p = p->next)
        all += agreeing(p);
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
            k ? ", " : "", k, figure_point(k), figure_colour(k), titles[k]);
    str_addc(out, '\n');
    *height = 160 + (all <= PAIRS_TALL ? 54 : 32) * (int)all;
    out->failed = out->failed || tics.failed;
    str_release(&tics);
    return all > 0;
}
