/* html_tables.c - the report's tables behind the test texts: the same labels used otherwise, what
 * students take over from their supervisors, best of n, bands, calibration, costs, jobs. */
#include "report/view.h"

#include <math.h>
#include <string.h>

static const char *role_hash(const struct doc *pair, const char *role)
{
    const struct doc *jobs = doc_get(doc_get(pair, role), "jobs");
    return jobs && jobs->child ? jobs->child->s : "";
}

static const char *const roles[][2] = {{"weak", "supervisor"},
                                       {"untrained", "untrained"},
                                       {"ceiling", "ceiling"},
                                       {"student_scores", "student"}};
#define ROLES (sizeof roles / sizeof *roles)

/* role_seen - whether the same model's row has been written: pairs share supervisors and ceilings.
 */
static bool role_seen(const struct doc *results, const struct doc *pair, size_t role)
{
    const char *hash = role_hash(pair, roles[role][0]);
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        for (size_t r = 0; r < ROLES; r++) {
            if (p == pair && r == role)
                return false;
            if (strcmp(role_hash(p, roles[r][0]), hash) == 0)
                return true;
        }
    return false;
}

static void role_words(const struct doc *results, const struct doc *pair, size_t role,
                       struct str *out)
{
    str_addf(out, "%s, ", roles[role][1]);
    view_words(results, view_str(pair, role ? "student" : "supervisor"), out);
    if (strcmp(roles[role][1], "student"))
        return;
    str_cat(out, ", ");
    view_method(pair, out);
    str_cat(out, ", from ");
    view_words(results, view_str(pair, "supervisor"), out);
}

/* scores_html - nothing where no model has such a score: answers that are written have none. */
static void scores_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {
        "model", "accuracy", "prior-matched accuracy", "AUROC", "ECE", "Brier", NULL};
    static const char *const scores[] = {"prior_matched_accuracy", "auroc", "ece", "brier"};
    bool any = false;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        for (size_t r = 0; r < ROLES; r++)
            for (size_t k = 0; k < sizeof scores / sizeof *scores; k++)
                any = any || !isnan(view_real(doc_get(p, roles[r][0]), scores[k]));
    if (!any)
        return;
    str_cat(out, "<h2>Ranking and calibration</h2>\n");
    html_table(out, "numbers", heads);
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        for (size_t r = 0; r < ROLES; r++) {
            const struct doc *m = doc_get(p, roles[r][0]);
            struct str w = STR_INIT;
            if (!m || role_seen(results, p, r))
                continue;
            role_words(results, p, r, &w);
            str_cat(out, "<tr><td>");
            html_text(out, w.s);
            str_cat(out, "</td>");
            str_release(&w);
            html_est_cell(view_est(m, "accuracy"), out);
            for (size_t k = 0; k < sizeof scores / sizeof *scores; k++)
                html_est_cell((struct est){view_real(m, scores[k]), (double)NAN, (double)NAN}, out);
            str_cat(out, "</tr>\n");
        }
    html_table_end(out);
    html_note(
        out, "note",
        "Prior-matched accuracy: with the threshold at which as many are called the second "
        "class as are of it. AUROC: ties count one half. Both are of two classes only. ECE: "
        "expected calibration error, ten equal bins (a, b]. Brier: mean squared distance to the "
        "one-hot label. All but accuracy are means over seeds without an interval.");
}

static void inherited_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"supervisor",
                                        "student",
                                        "method",
                                        "agreement",
                                        "where the supervisor is right",
                                        "errors inherited",
                                        "of these errors the ceiling makes",
                                        NULL};
    str_cat(out, "<h2>Agreement and inherited errors</h2>\n");
    html_table(out, "numbers", heads);
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        const struct doc *a = doc_get(p, "agreement"), *inherited = doc_get(p, "error_inheritance");
        if (!a)
            continue;
        html_row(results, p, out);
        html_est_cell(view_est(a, "all"), out);
        html_est_cell(view_est(a, "supervisor_right"), out);
        html_est_cell(view_est(inherited, "student"), out);
        html_est_cell(view_est(inherited, "ceiling"), out);
        str_cat(out, "</tr>\n");
    }
    html_table_end(out);
    html_note(
        out, "note",
        "Errors inherited: the share of the supervisor's errors that the student repeats, the "
        "same wrong class. The ceiling never saw those labels; what it repeats is hard or "
        "mislabelled.");
}

/* best_of_shown - every second power of two, and the one number of where there is no other. */
static bool best_of_shown(const struct doc *line, const char *of)
{
    static const char *const shown[] = {"1", "4", "16", "64"};
    bool any = line->n < 2;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        any = any || strcmp(shown[i], of) == 0;
    return any;
}

/* best_of_table - of n texts the one that each model's reward puts first, as `key` of a pair has
 * it; nothing where no pair has. */
static void best_of_table(const struct doc *results, const char *key, const char *title,
                          const char *const *heads, const char *last, const char *note,
                          struct str *out)
{
    const char *const keys[] = {"weak", "student", "ceiling", last};
    bool any = false;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        const struct doc *best = doc_get(p, key), *line = doc_get(best, "student");
        if (!line || line->type != DOC_MAP)
            continue;
        if (!any) {
            str_addf(out, "<h2>%s</h2>\n", title);
            html_table(out, "numbers", heads);
        }
        any = true;
        for (const struct doc *x = line->child; x; x = x->next) {
            if (!best_of_shown(line, x->key))
                continue;
            html_row(results, p, out);
            str_cat(out, "<td>"), html_text(out, x->key), str_cat(out, "</td>");
            for (size_t k = 0; heads[4 + k]; k++)
                html_est_cell(view_est(doc_get(best, keys[k]), x->key), out);
            str_cat(out, "</tr>\n");
        }
    }
    if (!any)
        return;
    html_table_end(out);
    html_note(out, "note", note);
}

static void best_of_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"supervisor",     "student",           "method",
                                        "best of",        "by the supervisor", "by the student",
                                        "by the ceiling", "by the ratings",    NULL};
    static const char *const by_ceiling[] = {
        "supervisor",     "student",        "method",    "best of", "by the supervisor",
        "by the student", "by the ceiling", "untrained", NULL};
    best_of_table(results, "best_of", "Best of n", heads, "possible",
                  "Of so many test texts drawn by chance each reward picks one: how people rated "
                  "what it picks, on the task's own scale. Best of 1 is the mean; by the ratings "
                  "is the most that can be had.",
                  out);
    best_of_table(results, "best_of_by_ceiling", "Best of n, judged by the ceiling's reward",
                  by_ceiling, "untrained",
                  "What each reward picks, of so many test texts drawn by chance, or of a "
                  "question's own: the ceiling's reward of it above that of a pick by chance, in "
                  "standard deviations of the ceiling's reward. By the ceiling is the most that "
                  "can be had. Student and ceiling start as one model, whose rewards agree before "
                  "they learn anything: untrained, where the study asks for it, says how much.",
                  out);
}

/* bands_html - accuracies and PGR by the task's bands; nothing where it has none. */
static void bands_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"supervisor",     "student", "method",  "band", "examples",
                                        "the supervisor", "student", "ceiling", "PGR",  NULL};
    static const char *const keys[] = {"weak", "student", "ceiling", "pgr"};
    const struct doc *p = doc_get(results, "pairs")->child;
    if (!doc_get(p, "bands"))
        return;
    str_cat(out, "<h2>By difficulty</h2>\n");
    html_table(out, "numbers", heads);
    for (; p; p = p->next)
        for (const struct doc *b = doc_get(p, "bands") ? doc_get(p, "bands")->child : NULL; b;
             b = b->next) {
            html_row(results, p, out);
            str_addf(out, "<td class=\"b\">%s</td><td>%.0f</td>", b->key, view_real(b, "examples"));
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
                html_est_cell(view_est(b, keys[k]), out);
            str_cat(out, "</tr>\n");
        }
    html_table_end(out);
}

static void jobs_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"job", "what", "accuracy", "time", "tokens trained on",
                                        NULL};
    if (view_imported(results))
        return;
    str_cat(out, "<h2>Jobs</h2>\n");
    html_table(out, "numbers", heads);
    for (const struct doc *j = doc_get(results, "jobs")->child; j; j = j->next) {
        const struct doc *r = doc_get(j, "result");
        struct str took = STR_INIT, tokens = STR_INIT;
        str_addf(out, "<tr><td><code>%.12s</code></td><td>", view_str(j, "hash"));
        html_text(out, view_str(j, "label"));
        if (!r) {
            str_cat(out, "</td><td colspan=\"3\">failed: ");
            html_text(out, view_str(j, "error"));
        } else {
            str_duration(&took, view_real(r, "seconds"));
            str_count(&tokens, (size_t)view_real(r, "tokens"));
            double accuracy = view_real(r, "accuracy");
            str_cat(out, "</td><td>");
            str_addf(out, isnan(accuracy) ? "-" : "%.3f", accuracy);
            str_addf(out, "</td><td>%s</td><td>%s", took.s, tokens.s);
        }
        str_cat(out, "</td></tr>\n");
        str_release(&took);
        str_release(&tokens);
    }
    html_table_end(out);
}

void tables_html(const struct doc *results, struct str *out)
{
    baselines_html(results, out);
    inherited_html(results, out);
    best_of_html(results, out);
    bands_html(results, out);
    scores_html(results, out);
    costs_html(results, out);
    jobs_html(results, out);
}
