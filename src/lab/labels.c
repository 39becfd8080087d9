/* labels.c - what supervisors say of the examples that students learn from, for other programs. */
#include "lab/plan.h"
#include "core/mem.h"

/* labels_rows - of one supervisor in one repetition. */
static int labels_rows(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    size_t K = task_classes(p->task);
    double *probs = NULL;
    struct str who = STR_INIT;
    if (!store_has(p->lab->store, j->hash))
        return err_set(e, ERR_INPUT, "%s is not computed yet, w2s run does it", j->label);
    int rc = job_probs(p, j, PART_TRAIN, &probs, e);
    job_who(j, &who);
    for (size_t i = 0; !rc && i < d->n[PART_TRAIN]; i++) {
        const struct example *x = &d->part[PART_TRAIN][i];
        str_csv(out, who.s);
        str_addf(out, ",%zu,%s,", j->repetition, x->id);
        str_csv(out, x->source);
        str_addf(out, ",%d", x->label);
        for (size_t k = 0; k < K; k++) {
            str_addc(out, ',');
            str_number(out, probs[i * K + k]);
        }
        str_addc(out, ',');
        str_csv(out, x->text);
        str_cat(out, "\r\n");
    }
    out->failed = out->failed || who.failed;
    str_release(&who);
    mem_free(probs);
    return rc ? rc : str_check(out, e);
}

int lab_labels_print(const struct lab *lab, const struct study *s, struct str *out, struct err *e)
{
    struct plan p;
    int rc = plan_make(&p, lab, s, e);
    if (rc)
        return rc;
    str_cat(out, "supervisor,seed,id,source,label");
    for (size_t k = 0; k < task_classes(p.task); k++) {
        str_addc(out, ',');
        str_csv(out, task_class_name(p.task, k));
    }
    str_cat(out, ",text\r\n");
    for (size_t i = 0; !rc && i < p.n_jobs; i++)
        if (p.jobs[i]->role == JOB_SUPERVISOR)
            rc = labels_rows(&p, p.jobs[i], out, e);
    plan_release(&p);
    return rc ? err_wrap(e, "study %s", s->name) : OK;
}
