/* baselines.c - a method that is told some of the ground truth is weighed against the same labels
 * used otherwise: mixed with weak ones, alone, and for the supervisor. Whoever names such a method
 * has them run beside it. */
#include "lab/study.h"
#include "core/mem.h"

#include <string.h>

static bool named(const struct study *s, const struct method *m)
{
    for (size_t i = 0; i < s->n_named; i++)
        if (s->methods[i] == m)
            return true;
    return false;
}

bool baselines_run(const struct study *s, const struct method *m)
{
    for (size_t i = s->n_named; i < s->n_methods; i++)
        if (s->methods[i] == m)
            return true;
    return false;
}

/* charged_first - the first of the named methods that is told labels; NULL: none is. */
static const struct method *charged_first(const struct study *s)
{
    for (size_t i = 0; i < s->n_named; i++)
        if (method_charged(&s->settings, s->methods[i]))
            return method_charged(&s->settings, s->methods[i]);
    return NULL;
}

static double share_of(const struct study *s, const struct method *m)
{
    return method_choice(&s->settings, m)->share;
}

/* share_check - m is told as much as the first one. */
static int share_check(const struct study *s, const struct method *first, const struct method *m,
                       struct err *e)
{
    double a = share_of(s, first), b = share_of(s, m);
    if (!(a < b || a > b))
        return OK;
    return doc_fail(doc_get(s->tree.root, "methods"), e,
                    "%s.share is %g and %s.share is %g: methods that are told labels are compared "
                    "at one share, wanted the same for all of them",
                    first->name, a, m->name, b);
}

/* shares_check - of all that are named, and of baselines for which the study says one. */
static int shares_check(const struct study *s, const struct method *first, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; !rc && i < s->n_named; i++) {
        const struct method *m = method_charged(&s->settings, s->methods[i]);
        rc = m ? share_check(s, first, m, e) : OK;
    }
    for (const struct method *m = methods; !rc && m->name; m++)
        if (m->baseline && doc_get(doc_get(s->tree.root, m->name), "share"))
            rc = share_check(s, first, m, e);
    return rc;
}

int baselines_read(struct study *s, struct err *e)
{
    const struct doc *root = s->tree.root;
    s->n_named = s->n_methods;
    const struct method *first = charged_first(s);
    int rc = doc_opt_bool(root, "baselines", &s->baselines, e);
    for (size_t i = 0; !rc && i < s->n_named; i++)
        if (s->methods[i]->recipe == RECIPE_TAUGHT && side_untuned(&s->supervisor))
            rc = doc_fail(doc_get(root, "methods"), e,
                          "method %s has the supervisors learn human labels too, and these %s: "
                          "wanted supervisors that are fine-tuned, one model each",
                          s->methods[i]->name, side_untuned(&s->supervisor));
    if (rc || !first)
        return rc;
    rc = shares_check(s, first, e);
    for (const struct method *m = methods; !rc && s->baselines && m->name; m++) {
        if (!m->baseline || named(s, m) ||
            (m->recipe == RECIPE_TAUGHT && side_untuned(&s->supervisor)))
            continue;
        BUG_ON(s->n_methods == STUDY_LIST);
        s->settings.choice[m - methods].share = share_of(s, first);
        s->methods[s->n_methods++] = m;
    }
    return rc;
}

void baselines_say(const struct study *s, struct str *out)
{
    if (s->n_methods == s->n_named)
        return;
    str_addf(out, "run beside %s, with as many human labels: ", charged_first(s)->name);
    for (size_t i = s->n_named; i < s->n_methods; i++)
        str_addf(out, "%s%s", i > s->n_named ? ", " : "", s->methods[i]->name);
    str_cat(out, " (baselines=false leaves them out)");
}

void baselines_json(const struct study *s, struct js *j)
{
    if (!charged_first(s))
        return;
    js_key(j, "baselines"), js_open(j, '{');
    js_key(j, "of"), js_open(j, '[');
    for (size_t i = 0; i < s->n_named; i++)
        if (method_charged(&s->settings, s->methods[i]))
            js_str(j, s->methods[i]->name);
    js_close(j, ']');
    js_key(j, "beside"), js_open(j, '[');
    for (size_t i = s->n_named; i < s->n_methods; i++)
        js_str(j, s->methods[i]->name);
    js_close(j, ']');
    js_key(j, "left_out"), js_open(j, '[');
    for (const struct method *m = methods; m->name; m++)
        if (m->baseline && !named(s, m) && !baselines_run(s, m))
            js_str(j, m->name);
    js_close(j, ']');
    js_key(j, "left_out_why");
    if (!s->baselines)
        js_str(j, "baselines: false");
    else if (side_untuned(&s->supervisor))
        js_str(j, side_untuned(&s->supervisor));
    else
        js_null(j);
    js_close(j, '}');
}
