/* job_dynamics.c - which of a supervisor's labels a second student learns, by how a first one took
 * them: a job between the two that reads what the first training said at its points. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "core/mem.h"

#include <stdio.h>

/* points_most - of a student's training, its start not among them. */
static size_t points_most(const struct study *s)
{
    const struct train_settings *t = &s->student.training;
    size_t n = s->sizes.n[PART_TRAIN], steps = n / t->batch + (n % t->batch != 0);
    return t->epochs * (t->evals < steps ? t->evals : steps);
}

int dynamics_check(const struct plan *p, const struct method *m, struct err *e)
{
    const struct study *s = p->study;
    const struct train_settings *t = &s->student.training;
    if (!t->evals || !t->epochs)
        return err_set(e, ERR_INPUT,
                       "method %s goes by the points of a training, and there are none, as the "
                       "student's %s is 0",
                       m->name, t->evals ? "epochs" : "evals");
    if (method_choice(&s->settings, m)->by == BY_VARIABILITY && points_most(s) < 2)
        return err_set(e, ERR_INPUT,
                       "method %s: variability is between points of a training, and there is one: "
                       "wanted more of the student's evals or epochs",
                       m->name);
    return OK;
}

int spec_dynamics(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "dynamics");
    js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
    js_key(&w, "training"), js_str(&w, j->base->hash);
    js_key(&w, "labels"), js_str(&w, j->supervisor->hash);
    choice_json(job_choice(p, j), &w);
    js_close(&w, '}');
    return str_check(out, e);
}

/* named_at - what the training said after a step of the class that each label names; named [n]. */
static int named_at(const struct desk *d, size_t step, double *named, struct err *e)
{
    char name[64];
    struct str path = STR_INIT;
    size_t n = d->data->n[PART_TRAIN], K = d->K;
    double *x = NULL;
    snprintf(name, sizeof name, POINT_TRAIN, step);
    store_job_path(d->plan->lab->store, d->job->base->hash, name, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = store_array_read(path.s, &x, n * K, e);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, d->job->base->hash, e);
    for (size_t i = 0; !rc && i < n; i++)
        named[i] = x[i * K + metrics_argmax(d->targets + i * K, K)];
    mem_free(x);
    str_release(&path);
    return rc;
}

/* points_read - of every point behind the training's start: *p [*M,n], mem_free. */
static int points_read(struct desk *d, double **p, size_t *M, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    size_t n = d->data->n[PART_TRAIN];
    int rc = store_result(d->plan->lab->store, d->job->base->hash, &t, e);
    if (!rc)
        rc = curve_add(d, doc_get(t.root, "curve"), e);
    doc_tree_release(&t);
    *M = 0;
    *p = rc ? NULL : mem_alloc(d->n_curve + 1, n * sizeof **p, e);
    if (!rc && !*p)
        rc = e->code;
    for (size_t i = 0; !rc && i < d->n_curve; i++)
        if (d->curve[i].p.step)
            rc = named_at(d, d->curve[i].p.step, *p + n * (*M)++, e);
    d->n_curve = 0; /* it is the training's, not this job's */
    if (!rc && !*M)
        rc = err_set(e, ERR_INPUT, "the curve of %s has no point behind its start",
                     d->job->base->label);
    return rc;
}

/* number_keep - one number for every example of the train part, as a file of the job's. */
static int number_keep(const struct desk *d, const char *name, const double *x, struct err *e)
{
    struct str path = STR_INIT;
    int rc = desk_path(d, name, &path, e);
    if (!rc)
        rc = store_array_write(path.s, x, d->data->n[PART_TRAIN], e);
    str_release(&path);
    return rc;
}

/* dynamics_keep - the share of the labels that the choice is of; keep [n]. */
static int dynamics_keep(const struct desk *d, const double *score, bool *keep, struct err *e)
{
    size_t *chosen, n_chosen, n = d->data->n[PART_TRAIN];
    int rc =
        choice_make(job_choice(d->plan, d->job), d->targets, score, n, d->K, &chosen, &n_chosen, e);
    for (size_t i = 0; !rc && i < n; i++)
        keep[i] = false;
    for (size_t i = 0; !rc && i < n_chosen; i++)
        keep[chosen[i]] = true;
    mem_free(chosen);
    return rc;
}

int run_dynamics(struct desk *d, struct err *e)
{
    size_t n = d->data->n[PART_TRAIN], M;
    double *p = NULL, *x = mem_alloc(n, 2 * sizeof *x, e);
    bool *keep = x ? mem_alloc(n, sizeof *keep, e) : NULL;
    bool spread = job_choice(d->plan, d->job)->by == BY_VARIABILITY;
    int rc = keep ? job_probs(d->plan, d->job->supervisor, PART_TRAIN, &d->targets, e) : e->code;
    if (!rc)
        rc = points_read(d, &p, &M, e);
    if (!rc) {
        dynamics_measure(p, M, n, x, x + n);
        rc = number_keep(d, "confidence.f64", x, e);
    }
    if (!rc)
        rc = number_keep(d, "variability.f64", x + n, e);
    if (!rc)
        rc = dynamics_keep(d, spread ? x + n : x, keep, e);
    if (!rc)
        rc = repair_leave(d, &(struct mended){.now = d->targets, .keep = keep}, e);
    mem_free(p);
    mem_free(x);
    mem_free(keep);
    return rc;
}
