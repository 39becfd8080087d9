/* costs.c - what each student took, all that it stands on included: the pairs by PGR per operation.
 */
#include "report/view.h"

#include <math.h>
#include <string.h>

/* pgr_per - of a pair; NAN where it has none. */
static double pgr_per(const struct doc *pair)
{
    return view_est(doc_get(pair, "cost"), "pgr_per_pflop").value;
}

/* before - whether p stands before q: by PGR per operation, those without one last, equals as they
 * come. */
static bool before(const struct doc *p, const struct doc *q, bool comes_first)
{
    double a = pgr_per(p), b = pgr_per(q);
    if (isnan(a) || isnan(b) || !(a < b || a > b))
        return isnan(a) == isnan(b) ? comes_first : isnan(b);
    return a > b;
}

/* pair_at - the pair with `place` others before it; NULL: there is none. */
static const struct doc *pair_at(const struct doc *pairs, size_t place)
{
    for (const struct doc *p = pairs->child; p; p = p->next) {
        size_t ahead = 0;
        bool earlier = true;
        for (const struct doc *q = pairs->child; q; q = q->next) {
            earlier = earlier && q != p;
            ahead += q != p && doc_get(q, "cost") && before(q, p, earlier);
        }
        if (doc_get(p, "cost") && ahead == place)
            return p;
    }
    return NULL;
}

void cost_cell(const struct doc *cost, const char *key, struct str *out)
{
    bool per = strcmp(key, "pgr_per_pflop") == 0, seconds = strcmp(key, "seconds") == 0,
         flops = strcmp(key, "flops") == 0;
    double x = per ? view_est(cost, key).value : view_real(cost, key);
    if (isnan(x) || (!per && x < 0))
        str_cat(out, "–");
    else if (seconds)
        str_duration(out, x);
    else if (flops)
        str_addf(out, "%.3g", x / 1e12);
    else if (per)
        str_addf(out, "%.3g", x);
    else if (x < 1e18) /* which size_t holds */
        str_count(out, (size_t)x);
    else
        str_addf(out, "%.3g", x);
}

static void row_html(const struct doc *results, const struct doc *pair, struct str *out)
{
    static const char *const spent[] = {"tokens", "predicted_tokens", "seconds", "flops"};
    const struct doc *cost = doc_get(pair, "cost");
    const char *const models[] = {view_str(pair, "supervisor"), view_str(pair, "student")};
    struct est pgr = view_est(pair, "pgr"), per = view_est(cost, "pgr_per_pflop");
    struct str words = STR_INIT;
    str_cat(out, "<tr>");
    for (size_t i = 0; i < 2; i++) {
        str_reset(&words);
        view_words(results, models[i], &words);
        str_cat(out, "<td class=\"m\">");
        html_text(out, words.s);
        str_cat(out, "</td>");
    }
    str_cat(out, "<td>");
    str_reset(&words);
    view_method(pair, &words);
    html_text(out, words.s);
    str_cat(out, "</td>");
    for (size_t i = 0; i < sizeof spent / sizeof *spent; i++) {
        str_cat(out, "<td class=\"n\">");
        cost_cell(cost, spent[i], out);
        str_cat(out, "</td>");
    }
    str_addf(out, isnan(pgr.value) ? "<td>undefined</td>" : "<td class=\"n\">%.2f</td>", pgr.value);
    str_cat(out, "<td class=\"n\">");
    cost_cell(cost, "pgr_per_pflop", out);
    if (!isnan(per.value) && !isnan(per.lo) && !isnan(per.hi))
        str_addf(out, " <small>[%.3g, %.3g]</small>", per.lo, per.hi);
    str_cat(out, "</td></tr>\n");
    out->failed = out->failed || words.failed;
    str_release(&words);
}

void costs_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"supervisor",
                                        "student",
                                        "method",
                                        "tokens learnt from",
                                        "tokens predicted",
                                        "time",
                                        "10<sup>12</sup> operations",
                                        "PGR",
                                        "PGR per 10<sup>15</sup> operations"};
    const struct doc *pairs = doc_get(results, "pairs"), *p;
    if (!pair_at(pairs, 0))
        return;
    str_cat(out,
            "<h2>What it costs</h2>\n<div class=\"wide\"><table class=\"numbers\"><thead><tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        str_addf(out, "<th scope=\"col\">%s</th>", heads[i]);
    str_cat(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; (p = pair_at(pairs, i)); i++)
        row_html(results, p, out);
    str_cat(out,
            "</tbody></table></div>\n<p class=\"note\">A student with all that it stands on, its "
            "supervisor among them, each job once; the ceiling is none of it. Means over seeds. "
            "Operations are those of the matrix products, learning and predicting, and of fits and "
            "distances, so that models of different sizes compare; looks at the validation part "
            "count too. The best PGR for "
            "its operations stands first, which is the cheapest supervisor's more often than the "
            "best student's.</p>\n");
}
