/* finding.c - findings in words: for a terminal, as Markdown and as a page. */
#include "report/finding.h"
#include "report/view.h"
#include "core/file.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* number - of an accuracy, a share or a slope: three digits behind the point, a proper minus apart.
 */
static void number(double x, struct str *out)
{
    str_addf(out, "%.3f", fabs(x) < 0.0005 ? 0.0 : x);
}

static void bound_words(double x, struct str *out)
{
    if (isinf(x))
        str_cat(out, x > 0 ? "∞" : "-∞");
    else
        number(x, out);
}

static void est_words(struct est x, struct str *out)
{
    if (isnan(x.value)) {
        str_cat(out, "undefined");
        return;
    }
    number(x.value, out);
    if (isnan(x.lo)) {
        str_cat(out, " [no interval]");
        return;
    }
    str_cat(out, " [");
    bound_words(x.lo, out);
    str_addc(out, ' ');
    bound_words(x.hi, out);
    str_addc(out, ']');
}

static struct est est_of(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return finding_est(d ? d->child : NULL);
}

/* claim_value - its number, what was wanted of it, and what number it is. */
static void claim_value(const struct doc *claim, struct str *out)
{
    static const char *const bounds[] = {"above", "below", "within"};
    est_words(est_of(claim, "value"), out);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (doc_get(claim, bounds[i])) {
            str_addf(out, ", wanted %s ", bounds[i]);
            str_number(out, view_real(claim, bounds[i]));
            str_cat(out, i == 2 ? " of 0" : ""); /* on both sides */
        }
    str_addf(out, ": %s", view_str(claim, "statistic"));
    if (*view_str(claim, "why"))
        str_addf(out, "; %s", view_str(claim, "why"));
}

/* What of a finding's studies is there. */
struct extent {
    size_t studies, missing;
    size_t untaught;    /* of those that were run: nothing was learnt there */
    double failed;      /* jobs */
    double least, most; /* seeds of a study that was run; NAN where none was */
};

static struct extent extent_of(const struct doc *finding)
{
    struct extent x = {.least = (double)NAN, .most = (double)NAN};
    for (const struct doc *s = doc_get(finding, "studies")->child; s; s = s->next, x.studies++) {
        x.missing += doc_get(s, "missing") ? 1 : 0;
        x.untaught += doc_get(s, "untaught") && doc_get(s, "untaught")->b;
        x.failed += doc_get(s, "failed") ? view_real(s, "failed") : 0;
        x.least = fmin(x.least, view_real(s, "seeds")); /* of one that is missing: none */
        x.most = fmax(x.most, view_real(s, "seeds"));
    }
    return x;
}

/* failed_words - "2 jobs of study one, 1 job of study other failed"; nothing where none did. */
static void failed_words(const struct doc *finding, struct str *out)
{
    const char *before = "";
    for (const struct doc *s = doc_get(finding, "studies")->child; s; s = s->next) {
        double n = doc_get(s, "failed") ? view_real(s, "failed") : 0;
        if (!(n > 0))
            continue;
        str_addf(out, "%s%.0f job%s of study %s", before, n, n > 1 ? "s" : "", view_str(s, "as"));
        before = ", ";
    }
    str_cat(out, *before ? " failed" : "");
}

static void seeds_words(const struct extent *x, struct str *out)
{
    if (isnan(x->least))
        str_cat(out, "–");
    else
        str_addf(out, x->least < x->most ? "%.0f to %.0f" : "%.0f", x->least, x->most);
}

/* extent_words - what a sentence about all of it has to say first: that not all could be run, and
 * that few seeds are few runs. Nothing where all is there, of three seeds or more. */
static void extent_words(const struct doc *finding, struct str *out)
{
    struct extent x = extent_of(finding);
    bool failed = x.failed > 0;
    if (x.missing || failed)
        str_cat(out, "as far as it could be run (");
    if (x.missing)
        str_addf(out, "%zu of %zu studies%s", x.studies - x.missing, x.studies, failed ? "; " : "");
    failed_words(finding, out);
    if (x.missing || failed)
        str_cat(out, "), ");
    if (x.least < 3 && x.most < 2) {
        str_cat(out, "in this one run ");
    } else if (x.least < 3) {
        str_cat(out, "in ");
        seeds_words(&x, out);
        str_cat(out, " runs ");
    }
}

/* verdict_cell - of a table: the verdict, and what of it is not there or says little. */
static void verdict_cell(const struct doc *finding, struct str *out)
{
    struct extent x = extent_of(finding);
    size_t run = x.studies - x.missing;
    const char *before = " (";
    str_cat(out, view_str(finding, "verdict"));
    if (x.missing) {
        str_addf(out, "%s%zu of %zu studies", before, run, x.studies);
        before = "; ";
    }
    if (x.failed > 0) {
        str_addf(out, "%s%.0f job%s failed", before, x.failed, x.failed > 1 ? "s" : "");
        before = "; ";
    }
    if (x.untaught) {
        str_addf(out, "%snothing learnt", before);
        if (run > 1)
            str_addf(out, " in %zu", x.untaught);
        before = "; ";
    }
    str_cat(out, *before == ';' ? ")" : "");
}

/* untaught_words - of how many studies that were run nothing can be expected. */
static void untaught_words(const struct extent *x, struct str *out)
{
    size_t run = x->studies - x->missing;
    if (!x->untaught)
        return;
    if (run == 1)
        str_cat(out, " Neither a ceiling nor a student");
    else
        str_addf(out, " In %zu of %zu studies neither a ceiling nor a student", x->untaught, run);
    str_cat(out, " is told from a constant answer: nothing was learnt there.");
}

/* verdict_words - the sentence that the numbers carry. */
static void verdict_words(const struct doc *finding, struct str *out)
{
    const char *verdict = view_str(finding, "verdict");
    size_t holds = 0, fails = 0, n = 0;
    struct str words = STR_INIT;
    extent_words(finding, &words);
    bool whole = !words.len;
    for (const struct doc *c = doc_get(finding, "claims")->child; c; c = c->next, n++) {
        holds += strcmp(view_str(c, "verdict"), "holds") == 0;
        fails += strcmp(view_str(c, "verdict"), "does not hold") == 0;
    }
    if (holds == n)
        str_addf(&words, "the paper's shape holds%s: %s.", whole ? " here" : "",
                 n == 1 ? "its claim does" : "all of its claims do");
    else if (strcmp(verdict, "does not hold") == 0)
        str_addf(&words,
                 "the paper's shape does not hold%s: %zu of %zu claims %s contradicted, %zu "
                 "hold%s.",
                 whole ? " here" : "", fails, n, fails == 1 ? "is" : "are", holds,
                 holds == 1 ? "s" : "");
    else if (n == 1)
        str_addf(&words, "%s at this size whether its claim holds.",
                 whole ? "cannot tell" : "it cannot be told");
    else
        str_addf(&words, "%s at this size: %zu of %zu claims hold%s, the others cannot be told.",
                 whole ? "cannot tell" : "it cannot be told", holds, n, holds == 1 ? "s" : "");
    if (words.len)
        words.s[0] = (char)toupper((unsigned char)words.s[0]);
    str_cat(out, words.s);
    struct extent x = extent_of(finding);
    untaught_words(&x, out);
    out->failed = out->failed || words.failed;
    str_release(&words);
}

/* settings_words - as they stand behind a command. */
static void settings_words(const struct doc *list, struct str *out)
{
    for (const struct doc *d = list ? list->child : NULL; d; d = d->next)
        str_addc(out, ' '), str_word(out, d->s);
}

static void studies_words(const struct doc *finding, struct str *out)
{
    struct extent x = extent_of(finding);
    size_t run = x.studies - x.missing;
    str_addf(out, "%s scale", view_str(finding, "scale"));
    if (doc_get(finding, "with"))
        str_cat(out, " with");
    settings_words(doc_get(finding, "with"), out);
    str_addf(out, ", %zu stud%s", run, run == 1 ? "y" : "ies");
    if (x.missing)
        str_addf(out, " and %zu that could not be run", x.missing);
    str_cat(out, ", ");
    str_duration(out, view_real(finding, "seconds"));
    str_cat(out, doc_get(finding, "ladders") ? " of computing once the ladder is there"
                                             : " of computing");
    if (view_real(finding, "level") != 0.95)
        str_addf(out, ", intervals of %.3g %%", 100 * view_real(finding, "level"));
}

/* devices_words - what the studies were computed on, each once: other instructions and precisions
 * are other last digits. */
static void devices_words(const struct doc *finding, struct str *out)
{
    const struct doc *first = doc_get(finding, "studies")->child;
    const char *before = " Computed on ";
    for (const struct doc *s = first; s; s = s->next) {
        const char *device = view_str(s, "device");
        bool said = !*device;
        for (const struct doc *t = first; t != s && !said; t = t->next)
            said = strcmp(view_str(t, "device"), device) == 0;
        if (said)
            continue;
        str_addf(out, "%s%s", before, device);
        before = "; ";
    }
    str_cat(out, *before == ';' ? "." : "");
}

/* wrap - text in lines of `width`, each after the first under `indent` blanks. */
static void wrap(const char *text, size_t width, size_t indent, struct str *out)
{
    size_t at = indent;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (at > indent && at + 1 + word > width) {
            str_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            str_addc(out, ' ');
            at++;
        }
        str_catn(out, text, word);
        at += word;
        text += word;
        text += strspn(text, " ");
    }
    str_addc(out, '\n');
}

int finding_text(const struct doc *finding, size_t width, struct str *out, struct err *e)
{
    struct str s = STR_INIT;
    str_addf(out, "\n%s: %s (", view_str(finding, "name"), view_str(finding, "title"));
    studies_words(finding, out);
    str_cat(out, ")\n\n  ");
    str_addf(&s, "In the paper: %s", view_str(finding, "shape"));
    wrap(s.s, width, 2, out);
    str_cat(out, "  ");
    str_reset(&s);
    verdict_words(finding, &s);
    wrap(s.s, width, 2, out);
    if (*view_str(finding, "caveat")) {
        str_reset(&s);
        str_addf(&s, "Caveat: %s", view_str(finding, "caveat"));
        str_cat(out, "  ");
        wrap(s.s, width, 2, out);
    }
    str_addc(out, '\n');
    for (const struct doc *c = doc_get(finding, "claims")->child; c; c = c->next) {
        str_addf(out, "  %-14s ", view_str(c, "verdict"));
        str_reset(&s);
        str_addf(&s, "%s: ", view_str(c, "say"));
        claim_value(c, &s);
        wrap(s.s, width, 17, out);
    }
    int rc = str_check(&s, e);
    str_release(&s);
    return rc ? rc : str_check(out, e);
}

/* markdown - text that stays in its cell and in its line. */
static void markdown(const char *s, struct str *out)
{
    for (; *s; s++) {
        if (*s == '|')
            str_addc(out, '\\');
        str_addc(out, *s == '\n' ? ' ' : *s);
    }
}

static void est_cell(const struct doc *pair, const char *key, struct str *out)
{
    str_cat(out, " | ");
    if (isnan(est_of(pair, key).value))
        str_cat(out, "–");
    else
        est_words(est_of(pair, key), out);
}

/* pair_who - one of a pair's models, by its short name where it has one. */
static void pair_who(const struct doc *pair, const char *shown, const char *id, struct str *out)
{
    markdown(*view_str(pair, shown) ? view_str(pair, shown) : view_str(pair, id), out);
}

/* What a pair may have beside its accuracies, because a claim speaks of it, and its column. */
static const struct {
    const char *key, *words;
} spoken[] = {{"agreement", "agreement"},
              {"agreement_right", "agreement, supervisor right"},
              {"agreement_wrong", "agreement, supervisor wrong"},
              {"ceiling_wrong", "ceiling's, supervisor wrong"},
              {"untrained", "untrained"},
              {"recited", "recited"}};
enum { SPOKEN = sizeof spoken / sizeof *spoken };

/* What a pair took, and its column; where any of them says it. */
static const struct {
    const char *key, *words;
} costs[] = {{"tokens", "tokens learnt from"},
             {"flops", "10^12 operations"},
             {"seconds", "time"},
             {"pgr_per_pflop", "PGR per 10^15 operations"}};
enum { COSTS = sizeof costs / sizeof *costs };

static void pairs_markdown(const struct doc *finding, struct str *out)
{
    const struct doc *pairs = doc_get(finding, "pairs");
    size_t bands = 0;
    bool has[SPOKEN] = {false}, cost = false;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        cost = cost || doc_get(p, "cost");
        bands += doc_get(p, "band") != NULL;
        for (size_t i = 0; i < SPOKEN; i++)
            has[i] = has[i] || doc_get(p, spoken[i].key);
    }
    str_addf(out, "\n<details><summary>All %zu pairs", pairs->n - bands);
    if (bands)
        str_addf(out, ", whole and by band: %zu rows", pairs->n);
    str_addf(out,
             "</summary>\n\n| study%s | supervisor | student | method | weak | student | ceiling | "
             "PGR |",
             bands ? ", band" : "");
    for (size_t i = 0; i < SPOKEN; i++)
        if (has[i])
            str_addf(out, " %s |", spoken[i].words);
    for (size_t i = 0; i < COSTS && cost; i++)
        str_addf(out, " %s |", costs[i].words);
    str_cat(out, "\n|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < SPOKEN; i++)
        str_cat(out, has[i] ? "---|" : "");
    for (size_t i = 0; i < COSTS && cost; i++)
        str_cat(out, "---|");
    str_addc(out, '\n');
    for (const struct doc *p = pairs->child; p; p = p->next) {
        str_cat(out, "| ");
        markdown(view_str(p, "study"), out);
        if (*view_str(p, "band"))
            str_addf(out, ", %s", view_str(p, "band"));
        str_cat(out, " | ");
        pair_who(p, "supervisor_shown", "supervisor", out);
        str_cat(out, " | ");
        pair_who(p, "student_shown", "student", out);
        str_cat(out, " | ");
        view_method(p, out);
        est_cell(p, "weak_accuracy", out);
        est_cell(p, "student_accuracy", out);
        est_cell(p, "ceiling_accuracy", out);
        est_cell(p, "pgr", out);
        for (size_t i = 0; i < SPOKEN; i++)
            if (has[i])
                est_cell(p, spoken[i].key, out);
        for (size_t i = 0; i < COSTS && cost; i++) {
            str_cat(out, " | ");
            cost_cell(doc_get(p, "cost"), costs[i].key, out);
        }
        str_cat(out, " |\n");
    }
    str_cat(out, "\n</details>\n");
}

void finding_id(const struct doc *finding, struct str *out)
{
    const char *scale = view_str(finding, "scale");
    str_cat(out, view_str(finding, "name"));
    if (strcmp(scale, "laptop") != 0)
        str_addf(out, "-%s", scale);
}

/* figure_markdown - where one was drawn. */
static void figure_markdown(const struct doc *finding, const char *dir, const char *figures,
                            struct str *out)
{
    struct str path = STR_INIT;
    str_path(&path, dir, "figure.svg");
    if (!path.failed && file_exists(path.s)) {
        str_cat(out, "![");
        markdown(view_str(finding, "title"), out);
        str_addf(out, "](%s/", figures);
        finding_id(finding, out);
        str_cat(out, ".svg)\n\n");
    }
    out->failed = out->failed || path.failed;
    str_release(&path);
}

static void claims_markdown(const struct doc *finding, struct str *out)
{
    str_cat(out, "| claim | verdict | number |\n|---|---|---|\n");
    for (const struct doc *c = doc_get(finding, "claims")->child; c; c = c->next) {
        str_cat(out, "| ");
        markdown(view_str(c, "say"), out);
        str_addf(out, " | %s | ", view_str(c, "verdict"));
        claim_value(c, out);
        str_cat(out, " |\n");
    }
}

/* made_markdown - the commands that the numbers come from. */
static void made_markdown(const struct doc *finding, struct str *out)
{
    const char *before = "\nMade by ";
    struct str devices = STR_INIT;
    const struct doc *ladders = doc_get(finding, "ladders");
    for (const struct doc *l = ladders ? ladders->child : NULL; l; l = l->next) {
        str_addf(out, "%s`w2s pretrain %s`", before, l->s);
        before = ", ";
    }
    for (const struct doc *s = doc_get(finding, "studies")->child; s; s = s->next) {
        if (doc_get(s, "missing"))
            continue;
        str_cat(out, before);
        before = ", ";
        str_addf(out, "`w2s run %s", view_str(s, "study"));
        settings_words(doc_get(s, "set"), out);
        str_cat(out, "` (");
        markdown(view_str(s, "task"), out);
        str_addf(out, "%s%.0f test examples, %.0f seed%s)", *view_str(s, "task") ? ", " : "",
                 view_real(s, "test"), view_real(s, "seeds"),
                 view_real(s, "seeds") == 1 ? "" : "s");
    }
    str_cat(out, "; ");
    failed_words(finding, out);
    str_cat(out, extent_of(finding).failed > 0 ? "; " : "");
    studies_words(finding, out);
    str_addc(out, '.');
    devices_words(finding, &devices);
    markdown(devices.len ? devices.s : "", out);
    out->failed = out->failed || devices.failed;
    str_release(&devices);
    str_cat(out, "\n\n    w2s reproduce ");
    str_word(out, view_str(finding, doc_get(finding, "asked") ? "asked" : "name"));
    str_addf(out, " --scale %s", view_str(finding, "scale"));
    settings_words(doc_get(finding, "with"), out);
    str_addc(out, '\n');
}

void finding_section(const struct doc *finding, const char *dir, const char *figures,
                     struct str *out)
{
    str_cat(out, "## ");
    finding_id(finding, out);
    str_cat(out, "\n\n");
    if (*view_str(finding, "file_hash"))
        str_addf(out, FINDING_FILE_BEGIN "%s" FINDING_FILE_END "\n\n",
                 view_str(finding, "file_hash"));
    markdown(view_str(finding, "title"), out);
    str_addf(out, "%s\n\n**In the paper** (", view_stop(view_str(finding, "title")));
    markdown(view_str(finding, "source"), out);
    str_cat(out, "): ");
    markdown(view_str(finding, "shape"), out);
    str_cat(out, "\n\n**Here**: ");
    verdict_words(finding, out);
    str_cat(out, "\n\n");
    if (*view_str(finding, "caveat")) {
        str_cat(out, "**Caveat**: ");
        markdown(view_str(finding, "caveat"), out);
        str_cat(out, "\n\n");
    }
    figure_markdown(finding, dir, figures, out);
    claims_markdown(finding, out);
    made_markdown(finding, out);
    for (const struct doc *s = doc_get(finding, "studies")->child; s; s = s->next)
        if (doc_get(s, "missing")) {
            str_addf(out, "\nNot run, %s: ", view_str(s, "as"));
            markdown(view_str(s, "missing"), out);
            str_addc(out, '\n');
        }
    pairs_markdown(finding, out);
}

void finding_row(const struct doc *finding, struct str *out)
{
    struct str took = STR_INIT, id = STR_INIT, with = STR_INIT;
    struct extent x = extent_of(finding);
    size_t holds = 0, all = 0;
    for (const struct doc *c = doc_get(finding, "claims")->child; c; c = c->next, all++)
        holds += strcmp(view_str(c, "verdict"), "holds") == 0;
    str_duration(&took, view_real(finding, "seconds"));
    if (doc_get(finding, "ladders"))
        str_cat(&took, " after the ladder");
    finding_id(finding, &id);
    str_addf(out, "| [%s](#%s) | ", id.s, id.s);
    verdict_cell(finding, out);
    str_addf(out, " | %zu of %zu | %s", holds, all, view_str(finding, "scale"));
    settings_words(doc_get(finding, "with"), &with);
    markdown(with.s, out);
    str_addf(out, " | %s | ", took.s);
    seeds_words(&x, out);
    str_cat(out, " |\n");
    out->failed = out->failed || took.failed || id.failed || with.failed;
    str_release(&with);
    str_release(&took);
    str_release(&id);
}

static bool earlier(const struct findings *f, const struct doc *finding)
{
    return finding_file_now(f, view_str(finding, "name"), view_str(finding, "scale"),
                            view_str(finding, "file_hash")) == FILE_OTHER;
}

static void finding_html(const struct doc *finding, const char *dir, bool before, struct str *out)
{
    struct str words = STR_INIT, path = STR_INIT, svg = STR_INIT;
    struct err none = ERR_INIT;
    str_cat(out, "<h2 id=\"");
    finding_id(finding, out);
    str_cat(out, "\">");
    html_text(out, view_str(finding, "title"));
    str_cat(out, "</h2>\n");
    if (before)
        str_cat(out,
                "<p class=\"warn\">This is " FINDING_EARLIER ": " FINDING_EARLIER_WHY ".</p>\n");
    str_cat(out, "<p class=\"lead\">");
    verdict_words(finding, &words);
    html_text(out, words.s);
    str_cat(out, "</p>\n<p class=\"note\">In the paper (");
    html_text(out, view_str(finding, "source"));
    str_cat(out, "): ");
    html_text(out, view_str(finding, "shape"));
    str_cat(out, "</p>\n");
    if (*view_str(finding, "caveat")) {
        str_cat(out, "<p>Caveat: ");
        html_text(out, view_str(finding, "caveat"));
        str_cat(out, "</p>\n");
    }
    str_path(&path, dir, "figure.svg");
    if (!path.failed && file_exists(path.s) && !file_read(&svg, path.s, &none)) {
        const char *begin = strstr(svg.s, "<svg");
        str_addf(out, "<figure>%s</figure>\n", begin ? begin : "");
    }
    str_cat(out,
            "<div class=\"wide\"><table><tr><th>claim</th><th>verdict</th><th>number</th></tr>\n");
    for (const struct doc *c = doc_get(finding, "claims")->child; c; c = c->next) {
        str_cat(out, "<tr><td>");
        html_text(out, view_str(c, "say"));
        str_addf(out, "</td><td class=\"b\">%s</td><td>", view_str(c, "verdict"));
        str_reset(&words);
        claim_value(c, &words);
        html_text(out, words.s);
        str_cat(out, "</td></tr>\n");
    }
    str_cat(out, "</table></div>\n<p class=\"note\">");
    str_reset(&words);
    studies_words(finding, &words);
    str_addc(&words, '.');
    devices_words(finding, &words);
    html_text(out, words.s);
    str_cat(out, "</p>\n");
    for (const struct doc *s = doc_get(finding, "studies")->child; s; s = s->next)
        if (doc_get(s, "missing")) {
            str_cat(out, "<p class=\"warn\">Not run, ");
            html_text(out, view_str(s, "as"));
            str_cat(out, ": ");
            html_text(out, view_str(s, "missing"));
            str_cat(out, "</p>\n");
        }
    out->failed = out->failed || words.failed;
    str_release(&words);
    str_release(&path);
    str_release(&svg);
}

int findings_html(const struct findings *f, struct str *out, struct err *e)
{
    str_addf(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
        "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Findings put to "
        "the test</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Findings put to the "
        "test</h1>\n"
        "<div class=\"wide\"><table><tr><th>finding</th><th>verdict</th><th>scale</th></tr>\n",
        page_style);
    for (size_t i = 0; i < f->n; i++) {
        str_cat(out, "<tr><td><a href=\"#");
        finding_id(f->roots[i], out);
        str_cat(out, "\">");
        html_text(out, view_str(f->roots[i], "title"));
        str_cat(out, "</a></td><td class=\"b\">");
        verdict_cell(f->roots[i], out);
        str_addf(out, "%s</td><td>%s</td></tr>\n",
                 earlier(f, f->roots[i]) ? "; " FINDING_EARLIER : "",
                 view_str(f->roots[i], "scale"));
    }
    str_cat(out, "</table></div>\n<p class=\"note\">" FINDINGS_SEEDS "</p>\n");
    for (size_t i = 0; i < f->n; i++)
        finding_html(f->roots[i], f->dirs[i], earlier(f, f->roots[i]), out);
    str_cat(out, "</body>\n</html>\n");
    return str_check(out, e);
}
