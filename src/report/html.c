/* html.c - the report: one file, no JavaScript, figures inline; for screens light and dark, and for
 * paper. */
#include "report/report.h"
#include "report/view.h"
#include "core/file.h"

#include <math.h>
#include <string.h>

void html_text(struct str *out, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&':
            str_cat(out, "&amp;");
            break;
        case '<':
            str_cat(out, "&lt;");
            break;
        case '>':
            str_cat(out, "&gt;");
            break;
        case '"':
            str_cat(out, "&quot;");
            break;
        default:
            str_addc(out, *s);
        }
}

/* zeroed - what would be shown as -0.000 is 0. */
static double zeroed(double x)
{
    return fabs(x) < 0.0005 ? 0 : x;
}

void html_est(struct str *out, struct est x)
{
    if (isnan(x.value)) {
        str_cat(out, "&ndash;");
        return;
    }
    str_addf(out, "%.3f", zeroed(x.value));
    if (!isnan(x.lo))
        str_addf(out, " <small>[%.3f, %.3f]</small>", zeroed(x.lo), zeroed(x.hi));
}

static void words_cell(const struct doc *results, const struct doc *pair, const char *key,
                       struct str *out)
{
    struct str w = STR_INIT;
    view_words(results, view_str(pair, key), &w);
    str_cat(out, "<td class=\"m\">");
    html_text(out, w.s);
    str_cat(out, "</td>");
    str_release(&w);
}

void html_row(const struct doc *results, const struct doc *pair, struct str *out)
{
    struct str method = STR_INIT;
    str_cat(out, "<tr>");
    words_cell(results, pair, "supervisor", out);
    words_cell(results, pair, "student", out);
    str_cat(out, "<td>");
    view_method(pair, &method);
    html_text(out, method.s);
    str_cat(out, "</td>");
    str_release(&method);
}

void html_table(struct str *out, const char *class, const char *const *heads)
{
    str_addf(out, "<div class=\"wide\"><table class=\"%s\"><thead><tr>", class);
    for (; *heads; heads++)
        str_addf(out, "<th scope=\"col\">%s</th>", *heads);
    str_cat(out, "</tr></thead><tbody>\n");
}

void html_table_end(struct str *out)
{
    str_cat(out, "</tbody></table></div>\n");
}

void html_note(struct str *out, const char *class, const char *text)
{
    if (!*text)
        return;
    str_addf(out, "<p class=\"%s\">", class);
    html_text(out, text);
    str_cat(out, "</p>\n");
}

void html_est_cell(struct est x, struct str *out)
{
    str_cat(out, "<td class=\"n\">");
    html_est(out, x);
    str_cat(out, "</td>");
}

#define PAIRS_OPEN 12 /* of more, table and sentences are folded; never on paper */

/* fold - opens (what: "row", "sentence") or, NULL, closes what is folded where there are many. */
static void fold(const struct doc *results, const char *what, struct str *out)
{
    size_t n = doc_get(results, "pairs")->n;
    if (n > PAIRS_OPEN && what)
        str_addf(out, "<details class=\"paper\"><summary>A %s for each of %zu pairs</summary>\n",
                 what, n);
    else if (n > PAIRS_OPEN)
        str_cat(out, "</details>\n");
}

static void pairs_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {
        "supervisor", "student",   "method", "supervisor's accuracy",
        "student's",  "ceiling's", "PGR",    NULL};
    static const char *const with_untrained[] = {
        "supervisor", "student",   "method", "supervisor's accuracy",
        "student's",  "ceiling's", "PGR",    "untrained student's",
        NULL};
    bool untrained = view_untrained(results);
    struct str note = STR_INIT;
    fold(results, "row", out);
    html_table(out, "pairs", untrained ? with_untrained : heads);
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        html_row(results, p, out);
        if (!doc_get(p, "weak")) {
            str_addf(out, "<td colspan=\"%d\">its jobs failed</td></tr>\n", untrained ? 5 : 4);
            continue;
        }
        html_est_cell(view_est(doc_get(p, "weak"), "accuracy"), out);
        html_est_cell(view_est(doc_get(p, "student_scores"), "accuracy"), out);
        html_est_cell(view_est(doc_get(p, "ceiling"), "accuracy"), out);
        struct est pgr = view_est(p, "pgr");
        if (isnan(pgr.value)) {
            str_cat(out, "<td>undefined: ");
            html_text(out, view_str(p, "pgr_undefined"));
            str_cat(out, "</td>");
        } else {
            str_addf(out, "<td class=\"n\">%.2f <small>[%.2f, %.2f]</small></td>", pgr.value,
                     pgr.lo, pgr.hi);
        }
        if (untrained)
            html_est_cell(view_est(doc_get(p, "untrained"), "accuracy"), out);
        str_cat(out, "</tr>\n");
    }
    html_table_end(out);
    fold(results, NULL, out);
    notes_constant(results, &note);
    html_note(out, "warn", note.s);
    str_reset(&note);
    notes_chain(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_untrained(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_recited(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_baselines(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_judges(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_training(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_source(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    notes_left_out(results, &note);
    html_note(out, "note", note.s);
    str_reset(&note);
    bool much = notes_cut(results, &note);
    html_note(out, much ? "warn" : "note", note.s);
    out->failed = out->failed || note.failed;
    str_release(&note);
}

/* versus_words - a method beside naive, as its interval says and, among several methods, Holm's
 * correction. */
static void versus_words(const struct doc *results, const struct doc *pair, struct est d,
                         struct str *out)
{
    double holm = view_real(pair, "minus_naive_holm"),
           level = view_real(doc_get(results, "study"), "level");
    bool told = d.lo > 0 || d.hi < 0;
    str_addf(out, " Against naive: %+.3f accuracy (%+.3f to %+.3f), %s", d.value, d.lo, d.hi,
             d.lo > 0   ? "better"
             : d.hi < 0 ? "worse"
                        : "a difference this study cannot tell from none");
    if (told && holm > 1 - level)
        str_addf(out, " taken alone, but not among all methods (p %.3f, by Holm's correction %.3f)",
                 view_real(pair, "minus_naive_p"), holm);
    str_addc(out, '.');
}

static void verdicts_html(const struct doc *results, struct str *out)
{
    fold(results, "sentence", out);
    str_cat(out, "<ul>\n");
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        struct str w = STR_INIT;
        view_words(results, view_str(p, "supervisor"), &w);
        str_cat(&w, " supervising ");
        view_words(results, view_str(p, "student"), &w);
        const char *verdict = view_str(p, "verdict");
        str_cat(&w, ", ");
        view_method(p, &w);
        str_addf(&w, ": %s.", *verdict ? verdict : "no result, its jobs failed");
        struct est d = view_est(p, "minus_naive");
        if (!isnan(d.value))
            versus_words(results, p, d, &w);
        baselines_words(p, &w);
        str_cat(out, "<li>");
        html_text(out, w.s);
        str_cat(out, "</li>\n");
        str_release(&w);
    }
    str_cat(out, "</ul>\n");
    fold(results, NULL, out);
    struct str scope = STR_INIT;
    view_scope(results, &scope);
    html_note(out, "note", scope.s);
    str_release(&scope);
}

static void figures_html(const struct figure f[FIGURES], const struct str *missing, struct str *out)
{
    html_note(out, "note", missing->s);
    for (size_t i = 0; i < FIGURES; i++) {
        if (!f[i].svg.len && (missing->len || !f[i].caption.len))
            continue;
        str_addf(out, "<h2>%s</h2>\n", f[i].title);
        if (!f[i].svg.len) {
            html_note(out, "note", f[i].caption.s);
            continue;
        }
        str_addf(out, "<figure>\n<div class=\"wide\">%s</div>\n<figcaption>", f[i].svg.s);
        html_text(out, f[i].caption.s);
        str_addf(out, " (<a href=\"figures/%s.svg\">SVG</a>)</figcaption></figure>\n", f[i].name);
    }
}

/* precision_html - what the device's description says of it, in words. */
static void precision_html(const char *device, struct str *out)
{
    bool bf16 = strstr(device, "products in bf16") != NULL;
    html_note(out, "note",
              bf16 ? "Precision: in the large matrix products, numbers are rounded to bf16 (16 "
                     "bits, of which 8 are significant: two to three decimal digits), and the sums "
                     "are f32; all else, the weights included, is f32 (24 significant bits, seven "
                     "decimal digits). Run with precision=f32, the same study gives slightly other "
                     "numbers."
                   : "Precision: f32 throughout (24 significant bits, seven decimal digits).");
}

static void about_html(const struct doc *results, const char *yaml, struct str *out)
{
    const struct doc *study = doc_get(results, "study"), *task = doc_get(results, "task");
    const struct doc *workers = doc_get(study, "workers");
    struct str memory = STR_INIT, seeds = STR_INIT;
    view_seeds(results, &seeds);
    str_bytes(&memory, view_real(study, "memory_peak"));
    bool imported = view_imported(results);
    str_cat(out, "<h2>How it was made</h2>\n<p>");
    html_text(out, view_str(task, "title"));
    str_addf(out, "%s ", view_stop(view_str(task, "title")));
    if (imported)
        str_addf(out,
                 "The models' predictions were made by other programs and imported: %.0f test "
                 "examples; the best constant answer has accuracy %.3f. ",
                 view_real(task, "test"), view_real(task, "constant_accuracy"));
    else
        str_addf(
            out,
            "%.0f examples with ground truth for the supervisors, %.0f other ones that they "
            "labelled for the students (and with ground "
            "truth for the ceiling), %.0f for the curves, %.0f test examples for all three; the "
            "best constant answer has accuracy %.3f. ",
            view_real(task, "supervise"), view_real(task, "train"), view_real(task, "valid"),
            view_real(task, "test"), view_real(task, "constant_accuracy"));
    if (view_intervals(results))
        str_addf(out,
                 "Intervals: %.0f&nbsp;%%, %.0f bootstrap samples over %s and test examples, the "
                 "three models together.",
                 100 * view_real(study, "level"), view_real(study, "bootstrap"), seeds.s);
    else
        str_cat(out, "There are no intervals.");
    str_cat(out, "</p>\n<ul>\n");
    for (const struct doc *m = doc_get(results, "models")->child; m; m = m->next) {
        str_cat(out, "<li>");
        html_text(out, view_str(m, "label"));
        if (doc_get(m, "params"))
            str_addf(out, ": %.1f million parameters", view_real(m, "params") / 1e6);
        if (*view_str(m, "origin")) {
            str_cat(out, "; <code>");
            html_text(out, view_str(m, "origin"));
            str_cat(out, "</code>");
        }
        str_cat(out, "</li>\n");
    }
    str_cat(out, "</ul>\n<p class=\"note\">Data: ");
    html_text(out, *view_str(task, "citation") ? view_str(task, "citation") : "no citation given");
    str_cat(out, " (");
    html_text(out, *view_str(task, "licence") ? view_str(task, "licence") : "no licence given");
    if (*view_str(task, "source")) {
        str_cat(out, "; source ");
        html_text(out, view_str(task, "source"));
    }
    if (*view_str(task, "origin")) {
        str_cat(out, "; <code>");
        html_text(out, view_str(task, "origin"));
        str_cat(out, "</code>");
    }
    str_cat(out, "). Made by ");
    html_text(out, view_str(study, "version"));
    if (!imported) {
        str_cat(out, " on ");
        html_text(out, view_str(study, "device"));
        str_addf(out, ", peak memory %s%s", memory.s,
                 workers && workers->b ? " (of one process: several jobs ran at once)" : "");
    }
    str_addf(out, ", %s.</p>\n", view_str(study, "when"));
    if (!imported)
        precision_html(view_str(study, "device"), out);
    str_cat(out, "<p><code>");
    html_text(out, view_str(study, "command"));
    str_cat(out, "</code></p>\n");
    str_cat(out, "<p>Numbers: <a href=\"results.csv\">results.csv</a>, the curves: <a "
                 "href=\"curves.csv\">curves.csv</a>, every test example with all models' "
                 "probabilities: <a href=\"predictions.csv\">predictions.csv</a>, all of it: <a "
                 "href=\"results.json\">results.json</a>.</p>\n");
    if (*yaml) {
        str_cat(out, "<details><summary>Every setting (study.yaml)</summary><pre>");
        html_text(out, yaml);
        str_cat(out, "</pre></details>\n");
    }
    str_release(&memory);
    str_release(&seeds);
}

/* wider - whether p's gap is larger than q's; one that is undefined is smaller than any. */
static bool wider(const struct doc *p, const struct doc *q)
{
    double a = view_est(p, "gap").value, b = view_est(q, "gap").value;
    return a > b || (isnan(b) && !isnan(a));
}

/* lead_html - the one sentence to remember: the naive pair with the largest gap. */
static void lead_html(const struct doc *results, struct str *out)
{
    const struct doc *best = NULL;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        if (strcmp(view_str(p, "method"), "naive") == 0 && doc_get(p, "weak") &&
            (!best || wider(p, best)))
            best = p;
    if (!best)
        return;
    struct str w = STR_INIT;
    str_cat(&w, "A supervisor of ");
    view_words(results, view_str(best, "supervisor"), &w);
    double weak = view_est(doc_get(best, "weak"), "accuracy").value;
    if (isnan(weak))
        str_cat(&w, " is not tested; ");
    else
        str_addf(&w, " is right on %.1f %% of the test; ", 100 * weak);
    str_cat(&w, "a student of ");
    view_words(results, view_str(best, "student"), &w);
    str_addf(&w,
             " that learned from its labels alone on %.1f %%, the same student with ground truth "
             "on %.1f %%. ",
             100 * view_est(doc_get(best, "student_scores"), "accuracy").value,
             100 * view_est(doc_get(best, "ceiling"), "accuracy").value);
    struct est pgr = view_est(best, "pgr");
    if (isnan(pgr.value))
        str_addf(&w, "The performance gap recovered is undefined: %s.",
                 view_str(best, "pgr_undefined"));
    else
        str_addf(&w, "Performance gap recovered: %.2f (%.2f to %.2f).", pgr.value, pgr.lo, pgr.hi);
    str_cat(out, "<p class=\"lead\">");
    html_text(out, w.s);
    str_cat(out, "</p>\n");
    str_release(&w);
}

/* subject_html - what the page is about: the task, how much of it is tested, the models. */
static void subject_html(const struct doc *results, struct str *out)
{
    const struct doc *task = doc_get(results, "task");
    str_cat(out, "<p class=\"note\">");
    html_text(out, view_str(task, "title"));
    str_addf(out, ": %.0f test examples. ", view_real(task, "test"));
    for (const struct doc *m = doc_get(results, "models")->child; m; m = m->next) {
        html_text(out, view_str(m, "label"));
        str_cat(out, m->next ? ", " : ".");
    }
    str_cat(out, "</p>\n");
}

static void page_html(const struct doc *results, const struct figure f[FIGURES],
                      const struct str *missing, const char *yaml, struct str *out)
{
    const struct doc *study = doc_get(results, "study");
    str_cat(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                 "name=\"viewport\" content=\"width=device-width"
                 ",initial-scale=1\">\n<title>");
    html_text(out, view_str(study, "title"));
    str_addf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", page_style);
    html_text(out, view_str(study, "title"));
    str_cat(out, "</h1>\n");
    subject_html(results, out);
    lead_html(results, out);
    pairs_html(results, out);
    str_cat(out, "<h2>What the numbers carry</h2>\n");
    verdicts_html(results, out);
    figures_html(f, missing, out);
    const struct doc *items = doc_get(doc_get(results, "examples"), "items");
    str_cat(out, "<h2>Test texts</h2>\n<p class=\"note\">What the student did with its "
                 "supervisor's ");
    str_cat(out, doc_get(items ? items->child : NULL, "answers")
                     ? "answers (first seed).</p>\n"
                     : "labels (first seed). Beside each class its probability.</p>\n");
    browser_html(results, out);
    tables_html(results, out);
    about_html(results, yaml, out);
    str_cat(out, "</body>\n</html>\n");
}

int report_write(const char *dir, struct log *log, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct figure figures[FIGURES] = {0};
    struct str path = STR_INIT, csv = STR_INIT, curves = STR_INIT, html = STR_INIT, yaml = STR_INIT,
               missing = STR_INIT;
    struct err no_yaml = ERR_INIT;
    str_path(&path, dir, "results.json");
    int rc = str_check(&path, e);
    if (!rc)
        rc = doc_read_json(&t, path.s, e);
    if (!rc)
        rc = report_csv(t.root, &csv, e);
    if (!rc)
        rc = report_curves(t.root, &curves, e);
    if (!rc)
        rc = file_write_in(dir, "results.csv", &csv, e);
    if (!rc)
        rc = file_write_in(dir, "curves.csv", &curves, e);
    if (!rc)
        rc = figures_make(t.root, dir, figures, &missing, e);
    if (rc)
        goto out;
    if (missing.len)
        log_warn(log, "%s", missing.s);
    str_path(&path, dir, "study.yaml");
    if (file_exists(path.s) && file_read(&yaml, path.s, &no_yaml))
        str_reset(&yaml);
    page_html(t.root, figures, &missing, yaml.s, &html);
    rc = file_write_in(dir, "report.html", &html, e);
out:
    figures_release(figures);
    doc_tree_release(&t);
    str_release(&path);
    str_release(&csv);
    str_release(&curves);
    str_release(&html);
    str_release(&yaml);
    str_release(&missing);
    return rc;
}
