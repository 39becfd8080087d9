/* view.c - reading results.json. */
#include "report/view.h"

#include <math.h>
#include <string.h>

static double node_real(const struct doc *d)
{
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

double view_real(const struct doc *map, const char *key)
{
    return node_real(doc_get(map, key));
}

struct est view_node_est(const struct doc *d)
{
    double x[3] = {(double)NAN, (double)NAN, (double)NAN};
    size_t i = 0;
    for (const struct doc *c = d && d->type == DOC_LIST ? d->child : NULL; c && i < 3; c = c->next)
        x[i++] = node_real(c);
    return (struct est){x[0], x[1], x[2]};
}

struct est view_est(const struct doc *map, const char *key)
{
    return view_node_est(doc_get(map, key));
}

const char *view_str(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type == DOC_STRING ? d->s : "";
}

const struct doc *view_model(const struct doc *results, const char *id)
{
    const struct doc *list = doc_get(results, "models");
    for (const struct doc *x = list ? list->child : NULL; x; x = x->next)
        if (strcmp(view_str(x, "id"), id) == 0)
            return x;
    return NULL;
}

static bool is_probe(const struct doc *model)
{
    return strcmp(view_str(model, "how"), "probe") == 0;
}

void view_words(const struct doc *results, const char *id, struct str *out)
{
    const struct doc *models = doc_get(results, "models"), *m = view_model(results, id);
    bool several = false, all = true;
    for (const struct doc *x = models ? models->child : NULL; x; x = x->next) {
        all = all && is_probe(x);
        several = several ||
                  (!doc_get(x, "votes") && strcmp(view_str(x, "name"), view_str(m, "name")) != 0);
    }
    const struct doc *votes = doc_get(m, "votes");
    if (votes && votes->b) {
        str_cat(out, view_str(m, "name"));
        return;
    }
    double layers = view_real(m, "layers"), whole = view_real(m, "layers_whole");
    if (several)
        str_addf(out, "%s, ", view_str(m, doc_get(m, "shown") ? "shown" : "name"));
    if (layers < whole)
        str_addf(out, "%.0f of %.0f layers", layers, whole);
    else
        str_addf(out, "%.0f layer%s", layers, layers > 1 ? "s" : "");
    const struct doc *random = doc_get(m, "random");
    if (random && random->b)
        str_cat(out, ", random weights");
    if (*view_str(m, "how") && !(all && is_probe(m)))
        str_addf(out, ", %s", view_str(m, "how"));
}

void view_method(const struct doc *pair, struct str *out)
{
    const struct doc *bound = doc_get(pair, "upper_bound");
    str_cat(out, view_str(pair, "method"));
    if (bound && bound->b)
        str_cat(out, " (upper bound)");
    const struct doc *truth = doc_get(pair, "ground_truth");
    if (truth && truth->b)
        str_cat(out, " (on ground truth)");
    double human = view_real(pair, "human_labels");
    if (human > 0)
        str_addf(out, " (%.0f human labels%s)", human, doc_get(pair, "beside") ? ", beside" : "");
}

const char *view_stop(const char *text)
{
    size_t n = strlen(text);
    return n && strchr(".?!", text[n - 1]) ? "" : ".";
}

void view_seeds(const struct doc *results, struct str *out)
{
    double n = view_real(doc_get(results, "study"), "seeds");
    str_addf(out, "%.0f seed%s", n, n > 1.5 ? "s" : "");
}

bool view_intervals(const struct doc *results)
{
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        if (!isnan(view_est(doc_get(p, "weak"), "accuracy").lo) ||
            !isnan(view_est(doc_get(p, "student_scores"), "accuracy").lo) ||
            !isnan(view_est(doc_get(p, "ceiling"), "accuracy").lo))
            return true;
    return false;
}

bool view_untrained(const struct doc *results)
{
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        if (doc_get(p, "untrained"))
            return true;
    return false;
}

bool view_imported(const struct doc *results)
{
    const struct doc *d = doc_get(doc_get(results, "study"), "imported");
    return d && d->type == DOC_BOOL && d->b;
}

void view_scope(const struct doc *results, struct str *out)
{
    size_t single = 0, n = 0;
    if (!view_intervals(results))
        return;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        double seeds = view_real(p, "seeds");
        n += seeds > 0.5;
        single += seeds > 0.5 && seeds < 1.5;
    }
    if (!single)
        return;
    if (single == n)
        str_cat(out, "One seed");
    else
        str_addf(out, "%zu of %zu pairs have one seed", single, n);
    str_cat(out, ", so the intervals leave out what another training run would change.");
}

/* list_check - of a map, a list whose every entry is of this type. */
static int list_check(const struct doc *map, const char *key, enum doc_type of, struct err *e)
{
    const struct doc *list = doc_get(map, key);
    if (!list || list->type != DOC_LIST)
        return doc_fail(list ? list : map, e, "\"%s\" is %s, wanted a list", key,
                        list ? doc_type_name(list->type) : "missing");
    for (const struct doc *x = list->child; x; x = x->next)
        if (x->type != of)
            return doc_fail(x, e, "\"%s\" holds a %s, wanted a %s", key, doc_type_name(x->type),
                            doc_type_name(of));
    return OK;
}

static int pairs_check(const struct doc *pairs, struct err *e)
{
    static const char *const roles[] = {"weak", "student_scores", "ceiling"},
                             *const more[] = {"untrained", "taught_supervisor"};
    int rc = OK;
    for (const struct doc *p = pairs->child; p && !rc; p = p->next)
        for (size_t k = 0; k < 2 && !rc; k++)
            if (doc_get(p, more[k]))
                rc = list_check(doc_get(p, more[k]), "jobs", DOC_STRING, e);
    for (const struct doc *p = pairs->child; p && !rc; p = p->next)
        for (size_t r = 0; r < 3 && !rc; r++) {
            const struct doc *role = doc_get(p, roles[r]);
            rc = role ? list_check(role, "jobs", DOC_STRING, e)
                 : r && doc_get(p, roles[0])
                     ? doc_fail(p, e, "\"%s\" is missing, and \"%s\" is there", roles[r], roles[0])
                     : OK;
        }
    return rc;
}

/* examples_check - probabilities of every class, or an answer, by every job. */
static int examples_check(const struct doc *examples, struct err *e)
{
    int rc = list_check(examples, "jobs", DOC_STRING, e);
    if (!rc)
        rc = list_check(examples, "items", DOC_MAP, e);
    for (const struct doc *x = rc ? NULL : doc_get(examples, "items")->child; x && !rc;
         x = x->next) {
        const char *said = doc_get(x, "answers") ? "answers" : "probs";
        rc = list_check(x, said, DOC_LIST, e);
        if (!rc && doc_get(x, said)->n != doc_get(examples, "jobs")->n)
            rc = doc_fail(doc_get(x, said), e, "\"%s\" has %zu entries, \"jobs\" has %zu", said,
                          doc_get(x, said)->n, doc_get(examples, "jobs")->n);
    }
    return rc;
}

int view_check(const struct doc *results, struct err *e)
{
    static const char *const maps[] = {"study", "task", "examples"};
    static const char *const lists[] = {"models", "pairs", "left_out", "jobs"};
    double format = view_real(results, "format");
    int rc = OK;
    if (!(fabs(format - 1) < 0.5))
        return doc_fail(results, e, "not a results file of format 1");
    for (size_t i = 0; i < sizeof maps / sizeof *maps && !rc; i++) {
        const struct doc *d = doc_get(results, maps[i]);
        if (!d || d->type != DOC_MAP)
            rc = doc_fail(d ? d : results, e, "\"%s\" is %s, wanted a map", maps[i],
                          d ? doc_type_name(d->type) : "missing");
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !rc; i++)
        rc = list_check(results, lists[i], DOC_MAP, e);
    if (!rc)
        rc = list_check(doc_get(results, "task"), "classes", DOC_STRING, e);
    if (!rc)
        rc = pairs_check(doc_get(results, "pairs"), e);
    return rc ? rc : examples_check(doc_get(results, "examples"), e);
}
