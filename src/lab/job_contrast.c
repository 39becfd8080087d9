/* job_contrast.c - logit contrast: what a supervisor's training changed in its model, added to what
 * the student's model says as it starts. A job between the two, of predictions alone. */
#include "lab/desk.h"
#include "lab/repair.h"
#include "core/mem.h"

int contrast_check(const struct plan *p, const struct method *m, struct err *e)
{
    const struct study_side *side = &p->study->supervisor;
    const char *other =
        side->debate.n_forms ? "are judges, which read more than the example" : side_untuned(side);
    if (other)
        return err_set(e, ERR_INPUT,
                       "method %s takes what training changed in a supervisor's model, and the "
                       "supervisors here %s: wanted models that are fine-tuned, one each",
                       m->name, other);
    return OK;
}

int spec_contrast(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "contrast");
    js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
    js_key(&w, "labels"), js_str(&w, j->supervisor->hash);
    js_key(&w, "before"), js_str(&w, j->before->hash);
    js_key(&w, "start"), js_str(&w, j->start->hash);
    choice_json(job_choice(p, j), &w);
    js_close(&w, '}');
    return str_check(out, e);
}

int run_contrast(struct desk *d, struct err *e)
{
    size_t n = d->data->n[PART_TRAIN];
    double *start = NULL, *before = NULL, *now = NULL;
    bool *keep = mem_alloc(n, sizeof *keep, e);
    int rc = keep ? job_probs(d->plan, d->job->supervisor, PART_TRAIN, &d->targets, e) : e->code;
    if (!rc)
        rc = job_probs(d->plan, d->job->start, PART_TRAIN, &start, e);
    if (!rc)
        rc = job_probs(d->plan, d->job->before, PART_TRAIN, &before, e);
    if (!rc && !(now = mem_alloc(n, d->K * sizeof *now, e)))
        rc = e->code;
    if (!rc)
        repair_contrast(start, d->targets, before, n, d->K, job_choice(d->plan, d->job)->weight,
                        now);
    for (size_t i = 0; !rc && i < n; i++)
        keep[i] = true;
    if (!rc)
        rc = repair_leave(d, &(struct mended){.now = now, .keep = keep}, e);
    mem_free(keep);
    mem_free(start);
    mem_free(before);
    mem_free(now);
    return rc;
}
