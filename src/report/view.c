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

static const struct doc *find(const struct doc *list, const char *key, const char *value)
{
    for (const struct doc *x = list ? list->child : NULL; x; x = x->next)
        if (strcmp(view_str(x, key), value) == 0)
            return x;
    return NULL;
}

const struct doc *view_model(const struct doc *results, const char *id)
{
    return find(doc_get(results, "models"), "id", id);
}

const struct doc *view_job(const struct doc *results, const char *hash)
{
    return find(doc_get(results, "jobs"), "hash", hash);
}

void view_words(const struct doc *results, const char *id, struct str *out)
{
    const struct doc *models = doc_get(results, "models"), *m = view_model(results, id);
    bool several = false;
    for (const struct doc *x = models ? models->child : NULL; x; x = x->next)
        several = several ||
                  (!doc_get(x, "votes") && strcmp(view_str(x, "name"), view_str(m, "name")) != 0);
    const struct doc *votes = doc_get(m, "votes");
    if (votes && votes->b) {
        str_cat(out, view_str(m, "name"));
        return;
    }
    double layers = view_real(m, "layers"), whole = view_real(m, "layers_whole");
    if (several)
        str_addf(out, "%s, ", view_str(m, "name"));
    if (layers < whole)
        str_addf(out, "%.0f of %.0f layers", layers, whole);
    else
        str_addf(out, "%.0f layers", layers);
    const struct doc *random = doc_get(m, "random");
    if (random && random->b)
        str_cat(out, ", random weights");
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

int view_check(const struct doc *results, struct err *e)
{
    static const char *const parts[] = {"study",    "task", "models",  "pairs",
                                        "left_out", "jobs", "examples"};
    double format = view_real(results, "format");
    if (!(fabs(format - 1) < 0.5))
        return doc_fail(results, e, "not a results file of format 1");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!doc_get(results, parts[i]))
            return doc_fail(results, e, "\"%s\" is missing", parts[i]);
    return OK;
}
