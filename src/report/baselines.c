/* baselines.c - methods that are told ground truth beside the same number of labels used otherwise:
 * what is run so without being named, and what a method gains over it. */
#include "report/view.h"

#include <math.h>

void baselines_words(const struct doc *pair, struct str *out)
{
    const struct doc *minus = doc_get(pair, "minus_baselines"),
                     *taught = doc_get(pair, "taught_supervisor");
    for (const struct doc *x = minus ? minus->child : NULL; x; x = x->next) {
        struct est d = view_node_est(x);
        str_addf(out, "%s %s %+.3f (%+.3f to %+.3f)",
                 x == minus->child ? " Less as many true labels used otherwise, in accuracy:" : ",",
                 x->key, d.value, d.lo, d.hi);
        str_cat(out, x->next ? "" : ".");
    }
    if (taught)
        str_addf(out,
                 " The supervisor that learnt these labels too is right on %.3f; PGR is of the one "
                 "that did not.",
                 view_est(taught, "accuracy").value);
}

/* names - of a list: "a, b and c". */
static void names(const struct doc *list, struct str *out)
{
    for (const struct doc *x = list->child; x; x = x->next)
        str_addf(out, "%s%s", x == list->child ? "" : x->next ? ", " : " and ", x->s);
}

void notes_baselines(const struct doc *results, struct str *out)
{
    const struct doc *b = doc_get(doc_get(results, "study"), "baselines"), *of = doc_get(b, "of");
    const struct doc *beside = doc_get(b, "beside"), *missing = doc_get(b, "left_out");
    if (!of || !beside || !missing)
        return;
    if (beside->child) {
        str_cat(out, "Run beside ");
        names(of, out);
        str_cat(out, ", unnamed: ");
        names(beside, out);
        str_cat(out, ": the same number of true labels, drawn, used otherwise.");
    }
    if (missing->child) {
        str_addf(out, "%sNot run beside ", beside->child ? " " : "");
        names(of, out);
        str_cat(out, ": ");
        names(missing, out);
        const char *why = view_str(b, "left_out_why");
        str_addf(out, str_starts(why, "baselines") ? " (%s)" : " (the supervisors %s)", why);
        str_cat(out, ", so that what is gained over naive is not weighed against the same labels "
                     "used so.");
    }
}

void baselines_html(const struct doc *results, struct str *out)
{
    static const char *const heads[] = {"supervisor", "student",    "method", "human labels",
                                        "against",    "difference", NULL};
    bool any = false;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        const struct doc *minus = doc_get(p, "minus_baselines");
        for (const struct doc *x = minus ? minus->child : NULL; x; x = x->next) {
            struct est d = view_node_est(x);
            if (!any) {
                str_cat(out, "<h2>The same labels, used otherwise</h2>\n");
                html_table(out, "numbers", heads);
            }
            any = true;
            html_row(results, p, out);
            str_addf(out, "<td class=\"n\">%.0f</td><td>", view_real(p, "human_labels"));
            html_text(out, x->key);
            str_addf(out, "</td><td class=\"n\">%+.3f <small>[%+.3f, %+.3f]</small></td></tr>\n",
                     d.value, d.lo, d.hi);
        }
    }
    if (!any)
        return;
    html_table_end(out);
    html_note(out, "note",
              "Accuracy of the student less that of a student of the same supervisor for which as "
              "many true labels, drawn, were mixed with weak ones (human_labels), learnt alone "
              "(human_labels_alone), or learnt by the supervisor too (human_labels_supervisor).");
}
