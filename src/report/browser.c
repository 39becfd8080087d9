/* browser.c - what the student did with its supervisor's labels, text by text. */
#include "report/view.h"

#include <math.h>
#include <string.h>

#define SHOWN     25   /* texts a group; predictions.csv holds the models' answers to all */
#define TEXT_LONG 1000 /* bytes; of a longer text the middle is left out */

enum group { CORRECTED, COPIED, BROKE, GROUPS };

static const struct {
    const char *title, *what;
} groups[GROUPS] = {
    {"corrected", "the supervisor was wrong, the student is right"},
    {"copied", "the supervisor was wrong, and the student says the same"},
    {"broke", "the supervisor was right, the student is wrong"},
};

/* column - place of a job among the examples' probabilities; -1 where it is not there. */
static int column(const struct doc *results, const char *hash)
{
    int i = 0;
    for (const struct doc *j = doc_get(doc_get(results, "examples"), "jobs")->child; j;
         j = j->next, i++)
        if (strcmp(j->s, hash) == 0)
            return i;
    return -1;
}

static int role_column(const struct doc *results, const struct doc *pair, const char *role)
{
    const struct doc *jobs = doc_get(doc_get(pair, role), "jobs");
    return jobs && jobs->child ? column(results, jobs->child->s) : -1;
}

/* said_at - what the job of that place says of a text: probabilities, or an answer that was
 * written, [answer, whether it is right, and legal]. */
static bool written(const struct doc *item)
{
    return doc_get(item, "answers") != NULL;
}

static const struct doc *said_at(const struct doc *item, int at)
{
    const struct doc *p = doc_get(item, written(item) ? "answers" : "probs")->child;
    while (p && at-- > 0)
        p = p->next;
    return p;
}

static size_t best_class(const struct doc *probs)
{
    size_t best = 0, k = 0;
    double most = -1;
    for (const struct doc *x = probs->child; x; x = x->next, k++)
        if (x->r > most) {
            most = x->r;
            best = k;
        }
    return best;
}

static double prob_of(const struct doc *probs, size_t k)
{
    const struct doc *x = probs->child;
    while (x && k--)
        x = x->next;
    return x ? x->r : (double)NAN;
}

static const char *class_name(const struct doc *results, size_t k)
{
    const struct doc *x = doc_get(doc_get(results, "task"), "classes")->child;
    while (x && k--)
        x = x->next;
    return x && x->s ? x->s : "?";
}

static bool answer_right(const struct doc *said)
{
    return said->child && said->child->next && said->child->next->b;
}

static const char *answer_text(const struct doc *said)
{
    return said->child && said->child->s ? said->child->s : "";
}

static enum group answer_group(const struct doc *weak, const struct doc *student)
{
    bool w = answer_right(weak), s = answer_right(student);
    if (!w)
        return s                                                      ? CORRECTED
               : strcmp(answer_text(weak), answer_text(student)) == 0 ? COPIED
                                                                      : GROUPS;
    return s ? GROUPS : BROKE;
}

static enum group group_of(const struct doc *item, int weak, int student)
{
    if (written(item))
        return answer_group(said_at(item, weak), said_at(item, student));
    size_t label = (size_t)view_real(item, "label"), w = best_class(said_at(item, weak)),
           s = best_class(said_at(item, student));
    if (w != label)
        return s == label ? CORRECTED : s == w ? COPIED : GROUPS;
    return s != label ? BROKE : GROUPS;
}

/* probs_cell - the predicted class with its probability; of more than two classes all of them. */
static void probs_cell(const struct doc *results, const struct doc *probs, size_t label,
                       struct str *out)
{
    size_t best = best_class(probs);
    str_addf(out, "<td class=\"%s\">", best == label ? "right" : "wrong");
    html_text(out, class_name(results, best));
    str_addf(out, " %.2f", prob_of(probs, best));
    for (size_t k = 0; k < probs->n && probs->n > 2; k++) {
        if (k == best)
            continue;
        str_cat(out, "<br><small>");
        html_text(out, class_name(results, k));
        str_addf(out, " %.2f</small>", prob_of(probs, k));
    }
    str_cat(out, "</td>");
}

static void said_cell(const struct doc *results, const struct doc *item, int at, struct str *out)
{
    const struct doc *said = said_at(item, at);
    if (!written(item)) {
        probs_cell(results, said, (size_t)view_real(item, "label"), out);
        return;
    }
    str_addf(out, "<td class=\"%s\">", answer_right(said) ? "right" : "wrong");
    html_text(out, answer_text(said));
    str_cat(out, "</td>");
}

/* place - the byte at or before n where a character begins. */
static size_t place(const char *s, size_t n)
{
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* text_html - a long text without its middle: what it begins with and what it ends in, where
 * templates put the question. */
static void text_html(const char *s, struct str *out)
{
    size_t n = strlen(s);
    struct str head = STR_INIT;
    if (n <= TEXT_LONG) {
        html_text(out, s);
        return;
    }
    str_catn(&head, s, place(s, TEXT_LONG / 2));
    html_text(out, head.s);
    str_cat(out, " <b>[&hellip;]</b> ");
    html_text(out, s + place(s, n - TEXT_LONG / 2));
    out->failed = out->failed || head.failed;
    str_release(&head);
}

/* group_html - paper: some of it is printed. */
static void group_html(const struct doc *results, enum group g, const int at[3], bool paper,
                       struct str *out)
{
    const struct doc *items = doc_get(doc_get(results, "examples"), "items");
    size_t n = 0, all = 0;
    for (const struct doc *x = items->child; x; x = x->next) {
        n += group_of(x, at[0], at[1]) == g;
        all++;
    }
    str_addf(out, "<details%s%s><summary><b>%s</b>: %s &mdash; %zu of %zu</summary>\n",
             paper ? " class=\"paper\"" : "", g == CORRECTED ? " open" : "", groups[g].title,
             groups[g].what, n, all);
    if (n) {
        size_t shown = 0;
        str_cat(out, "<div class=\"wide\"><table class=\"texts\"><thead><tr><th scope=\"col\">text"
                     "</th><th scope=\"col\">truth</th><th scope=\"col\">supervisor</th><th "
                     "scope=\"col\">student</th><th scope=\"col\">ceiling</th></tr></thead><tbody>"
                     "\n");
        for (const struct doc *x = items->child; x && shown < SHOWN; x = x->next) {
            if (group_of(x, at[0], at[1]) != g)
                continue;
            size_t label = (size_t)view_real(x, "label");
            str_cat(out, "<tr><td>");
            text_html(view_str(x, "text"), out);
            str_cat(out, " <small>");
            html_text(out, view_str(x, "source"));
            str_cat(out, "</small></td><td>");
            html_text(out, written(x) ? view_str(x, "answer") : class_name(results, label));
            str_cat(out, "</td>");
            for (size_t k = 0; k < 3; k++)
                said_cell(results, x, at[k], out);
            str_cat(out, "</tr>\n");
            shown++;
        }
        str_cat(out, "</tbody></table></div>\n");
        if (n > shown)
            str_addf(out,
                     "<p class=\"note\">The first %zu of %zu; "
                     "<a href=\"predictions.csv\">predictions.csv</a> has all models' answers to "
                     "every one, results.json the texts.</p>\n",
                     shown, n);
    }
    str_cat(out, "</details>\n");
}

void browser_html(const struct doc *results, struct str *out)
{
    bool first = true;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        const struct doc *control = doc_get(p, "control");
        int at[3] = {role_column(results, p, "weak"), role_column(results, p, "student_scores"),
                     role_column(results, p, "ceiling")};
        if ((control && control->b) || at[0] < 0 || at[1] < 0 || at[2] < 0)
            continue;
        str_addf(out, "<details class=\"pair%s\"><summary>", first ? " paper" : "");
        struct str words = STR_INIT;
        view_words(results, view_str(p, "supervisor"), &words);
        str_cat(&words, " supervising ");
        view_words(results, view_str(p, "student"), &words);
        str_cat(&words, ", ");
        view_method(p, &words);
        html_text(out, words.s);
        str_release(&words);
        str_cat(out, "</summary>\n");
        for (int g = 0; g < GROUPS; g++)
            group_html(results, (enum group)g, at, first, out);
        str_cat(out, "</details>\n");
        first = false;
    }
}
