/* notes.c - what a reader has to know beside the numbers: pairs that are left out, texts that were
 * cut. */
#include "report/view.h"

#include <math.h>
#include <string.h>

void notes_left_out(const struct doc *results, struct str *out)
{
    const struct doc *list = doc_get(results, "left_out");
    if (!list->n)
        return;
    str_addf(out,
             "Left out, because the student is smaller than the supervisor: %zu pair%s: ", list->n,
             list->n > 1 ? "s" : "");
    for (const struct doc *x = list->child; x; x = x->next) {
        view_words(results, view_str(x, "supervisor"), out);
        str_cat(out, " -> ");
        view_words(results, view_str(x, "student"), out);
        str_cat(out, x->next ? "; " : ".");
    }
}

static double job_cut(const struct doc *job, const char *part)
{
    return view_real(doc_get(doc_get(job, "result"), "truncated"), part);
}

bool view_cut(const struct doc *results, const char *part, struct cut *out)
{
    const struct doc *jobs = doc_get(results, "jobs");
    *out = (struct cut){0, 0};
    for (const struct doc *j = jobs->child; j; j = j->next) {
        /* All models of a seed read the same texts. */
        bool seen = isnan(job_cut(j, part));
        for (const struct doc *k = jobs->child; k != j && !seen; k = k->next)
            seen =
                fabs(view_real(k, "seed") - view_real(j, "seed")) < 0.5 && !isnan(job_cut(k, part));
        if (seen)
            continue;
        out->n += job_cut(j, part);
        out->of += view_real(doc_get(results, "task"), part);
    }
    return out->of > 0;
}

const char *const view_parts[] = {"supervise", "train", "valid", "test", NULL};

void notes_cut(const struct doc *results, struct str *out)
{
    struct cut c, worst = {0, 1};
    const char *worst_part = "";
    size_t any = 0;
    for (size_t p = 0; view_parts[p]; p++) {
        if (!view_cut(results, view_parts[p], &c) || !(c.n > 0))
            continue;
        if (!any++)
            str_addf(out,
                     "Cut to %.0f tokens: ", view_real(doc_get(results, "task"), "max_tokens"));
        else
            str_cat(out, "; ");
        str_addf(out, "%s: %.0f of %.0f texts (%.1f %%)", view_parts[p], c.n, c.of,
                 100 * c.n / c.of);
        if (c.n / c.of > worst.n / worst.of) {
            worst = c;
            worst_part = view_parts[p];
        }
    }
    if (any)
        str_addc(out, '.');
    if (worst.n / worst.of > CUT_MUCH)
        str_addf(
            out,
            " Warning: %.1f %% of the texts of %s are cut, and the models answer for what they did "
            "not read; raise data.max_tokens.",
            100 * worst.n / worst.of, worst_part);
}
