/* study_probe.c - what a study says of probes. */
#include "lab/study.h"

#include <string.h>

const char *const probe_keys[] = {"c", "folds", NULL};

int probing_read(const struct study_side *side, const struct doc *m, struct err *e)
{
    static const char *const known[] = {"model",   "layers",       "weights",
                                        "learner", "micro_tokens", NULL};
    for (const struct doc *d = m && side->learner == LEARNER_PROBE ? m->child : NULL; d;
         d = d->next) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], d->key) != 0)
            k++;
        if (!known[k])
            return doc_fail(d, e,
                            "\"%s\" is of fine-tuning, and the learner is a probe: of the model "
                            "nothing learns",
                            d->key);
    }
    return OK;
}

void probing_json(struct js *j, const struct study_side *side)
{
    js_key(j, "learner"), js_str(j, learner_names[side->learner]);
    js_key(j, "weights"), js_str(j, study_weights_names[side->random]);
    js_key(j, "micro_tokens"), js_int(j, (int64_t)side->training.micro_tokens);
}

/* c_read - one, or a list of them that rises. */
static int c_read(struct probe_settings *p, const struct doc *d, struct err *e)
{
    const struct doc *x = d->type == DOC_LIST ? d->child : d;
    size_t n = 0;
    for (; x; x = d->type == DOC_LIST ? x->next : NULL) {
        if (x->type != DOC_REAL && x->type != DOC_INT)
            return doc_fail(d, e, "\"c\" holds a %s, wanted numbers", doc_type_name(x->type));
        if (!(x->r >= 1e-9 && x->r <= 1e9))
            return doc_fail(d, e, "\"c\" is %g, wanted 1e-9 to 1e9", x->r);
        if (n && x->r <= p->c[n - 1])
            return doc_fail(d, e, "\"c\" has %g behind %g, wanted numbers that rise", x->r,
                            p->c[n - 1]);
        if (n == PROBE_GRID)
            return doc_fail(d, e, "\"c\" has more than %d entries", PROBE_GRID);
        p->c[n++] = x->r;
    }
    p->n = n;
    return n ? OK : doc_fail(d, e, "\"c\" is empty");
}

/* students_check - what students that are probes cannot be asked for. */
static int students_check(const struct study *s, struct err *e)
{
    const struct doc *root = s->tree.root, *list = doc_get(root, "methods");
    for (size_t i = 0; i < s->n_methods; i++) {
        const struct method *m = s->methods[i];
        if (m->recipe == RECIPE_PROBED)
            return doc_fail(list, e,
                            "method %s fine-tunes a student before it fits a probe, and the "
                            "student's learner is a probe alone: wanted learner: finetune",
                            m->name);
        if (m->loss.kind != LOSS_XENT || m->recipe != RECIPE_DIRECT || m->choice.kind != CHOICE_ALL)
            return doc_fail(list, e,
                            "method %s is a way of fine-tuning, and the student's learner is a "
                            "probe: it learns by naive",
                            m->name);
    }
    if (s->untrained)
        return doc_fail(doc_get(root, "untrained"), e,
                        "\"untrained\" is a student as it starts, and a probe starts as nothing: "
                        "wanted learner: finetune for the student");
    return OK;
}

int probe_read(struct study *s, struct err *e)
{
    const struct doc *m = doc_get(s->tree.root, "probe"), *save = doc_get(s->tree.root, "save");
    const struct doc *c = m ? doc_get(m, "c") : NULL;
    int rc = m ? doc_check_keys(m, probe_keys, e) : OK;
    if (!rc && c)
        rc = c_read(&s->probe, c, e);
    if (!rc && m)
        rc = doc_opt_size(m, "folds", 2, 1000, &s->probe.folds, e);
    if (!rc && s->test_curve && s->student.learner == LEARNER_PROBE &&
        s->supervisor.learner == LEARNER_PROBE)
        rc = doc_fail(doc_get(s->tree.root, "test_curve"), e,
                      "\"test_curve\" is of trainings, and the learner is a probe");
    if (!rc && s->save &&
        (s->student.learner == LEARNER_PROBE || s->supervisor.learner == LEARNER_PROBE))
        rc = doc_fail(save, e,
                      "\"save\" keeps models that were trained, and the learner is a probe: the "
                      "model is as it was");
    return rc || s->student.learner != LEARNER_PROBE ? rc : students_check(s, e);
}

void probe_json(const struct study *s, struct js *j)
{
    bool any = s->student.learner == LEARNER_PROBE || s->supervisor.learner == LEARNER_PROBE;
    for (size_t i = 0; i < s->n_methods; i++)
        any = any || s->methods[i]->recipe == RECIPE_PROBED;
    if (!any)
        return;
    js_key(j, "probe"), js_open(j, '{');
    js_key(j, "c"), js_open(j, '[');
    for (size_t i = 0; i < s->probe.n; i++)
        js_real(j, s->probe.c[i]);
    js_close(j, ']');
    js_key(j, "folds"), js_int(j, (int64_t)s->probe.folds);
    js_close(j, '}');
}
