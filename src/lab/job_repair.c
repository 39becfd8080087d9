/* job_repair.c - a supervisor's labels mended for one student: a job between the two. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "lab/probe.h"
#include "lab/repair.h"
#include "core/mem.h"

#include <math.h>

#define KEPT "kept.f64" /* 1 for every example of the train part that is learnt, else 0 */

int repair_check(const struct plan *p, const struct method *m, struct err *e)
{
    if (task_alternatives(p->task))
        return err_set(e, ERR_INPUT,
                       "method %s compares texts, and an example of task %s is %zu of them",
                       m->name, task_name(p->task), task_alternatives(p->task));
    if (p->study->sizes.n[PART_TRAIN] < 2)
        return err_set(e, ERR_INPUT, "method %s needs two examples of data.train", m->name);
    return OK;
}

int spec_repair(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    spec_begin(&w, p, j);
    if (j->side->random)
        js_key(&w, "seed_init"),
            js_int(&w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_key(&w, "random"), js_bool(&w, j->side->random);
    js_key(&w, "data"), js_str(&w, p->data[j->repetition].part_hash[PART_TRAIN]);
    js_key(&w, "max_tokens"), js_int(&w, (int64_t)p->study->max_tokens);
    js_key(&w, "micro_tokens"), js_int(&w, (int64_t)j->side->training.micro_tokens);
    js_key(&w, "labels"), js_str(&w, j->supervisor->hash);
    js_key(&w, "method"), js_str(&w, j->method->name);
    choice_json(job_choice(p, j), &w);
    js_close(&w, '}');
    return str_check(out, e);
}

/* repair_held - what of the labels in d->targets is kept, by held-out probabilities, which stay as
 * a file for whoever wants to see them. */
static int repair_held(struct desk *d, const struct choice *c, bool *keep, struct err *e)
{
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN], questions;
    uint64_t *question = mem_alloc(n, sizeof *question, e);
    size_t *fold = question ? mem_alloc(n, sizeof *fold, e) : NULL;
    double *p = fold ? mem_alloc(n, d->K * sizeof *p, e) : NULL;
    int rc = p ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        question[i] = d->data->part[PART_TRAIN][i].question;
    if (!rc)
        rc = probe_folds(question, n, c->folds, fold, &questions, e);
    if (!rc && questions < c->folds)
        rc = err_set(e, ERR_INPUT, "confident_learning: %zu folds of %zu questions", c->folds,
                     questions);
    if (!rc)
        rc = repair_held_out(f->data, d->targets, fold, n, f->C, d->K, c->folds, c->c, p, e);
    if (!rc)
        rc = array_keep(d, PART_TRAIN, "held-out.f64", p, e);
    if (!rc)
        rc = repair_confident(d->targets, p, n, d->K, keep, NULL, e);
    mem_free(question);
    mem_free(fold);
    mem_free(p);
    return rc;
}

static int kept_write(const struct desk *d, const bool *keep, struct err *e)
{
    struct str path = STR_INIT;
    size_t n = d->data->n[PART_TRAIN];
    double *x = mem_alloc(n, sizeof *x, e);
    int rc = x ? desk_path(d, KEPT, &path, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        x[i] = keep[i];
    if (!rc)
        rc = store_array_write(path.s, x, n, e);
    mem_free(x);
    str_release(&path);
    return rc;
}

/* repair_json - how many labels name another class than before, how many are kept, and the share of
 * right ones before and after. */
static void repair_json(struct desk *d, const double *now, const bool *keep)
{
    size_t n = d->data->n[PART_TRAIN], changed = 0, kept = 0, before = 0, after = 0;
    struct js w;
    for (size_t i = 0; i < n; i++) {
        size_t label = (size_t)d->data->part[PART_TRAIN][i].label;
        size_t was = metrics_argmax(d->targets + i * d->K, d->K);
        size_t is = metrics_argmax(now + i * d->K, d->K);
        changed += was != is;
        kept += keep[i];
        before += was == label;
        after += keep[i] && is == label;
    }
    js_init(&w, &d->more);
    js_open(&w, '{');
    js_key(&w, "labels"), js_int(&w, (int64_t)n);
    js_key(&w, "changed"), js_int(&w, (int64_t)changed);
    js_key(&w, "kept"), js_int(&w, (int64_t)kept);
    js_key(&w, "right_before"), js_real(&w, (double)before / (double)n);
    js_key(&w, "right_after"), js_real(&w, (double)after / (double)kept);
    js_close(&w, '}');
}

int run_repair(struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN];
    bool *keep = mem_alloc(n, sizeof *keep, e);
    double *now = keep ? mem_alloc(n, d->K * sizeof *now, e) : NULL;
    int rc = now ? job_probs(d->plan, d->job->supervisor, PART_TRAIN, &d->targets, e) : e->code;
    if (!rc)
        rc = desk_frozen(d, e);
    for (size_t i = 0; !rc && i < n; i++)
        keep[i] = true;
    for (size_t i = 0; !rc && i < n * d->K; i++)
        now[i] = d->targets[i];
    if (!rc && c->kind == CHOICE_NEIGHBOURS)
        rc = repair_neighbours(f->data, d->targets, n, f->C, d->K, c->k, c->weight, now, e);
    if (!rc && c->kind == CHOICE_CONFIDENT)
        rc = repair_held(d, c, keep, e);
    if (!rc)
        rc = array_keep(d, PART_TRAIN, NULL, now, e);
    if (!rc)
        rc = kept_write(d, keep, e);
    if (!rc)
        repair_json(d, now, keep);
    d->accuracy = (double)NAN; /* it says nothing of the test part */
    mem_free(keep);
    mem_free(now);
    return rc;
}

int repair_chosen(struct desk *d, struct err *e)
{
    struct str path = STR_INIT;
    size_t n = d->data->n[PART_TRAIN];
    double *kept = NULL;
    store_job_path(d->plan->lab->store, d->job->repair->hash, KEPT, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = store_array_read(path.s, &kept, n, e);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, d->job->repair->hash, e);
    if (!rc && !(d->chosen = mem_alloc(n, sizeof *d->chosen, e)))
        rc = e->code;
    for (size_t i = 0; !rc && i < n; i++)
        if (kept[i] > 0)
            d->chosen[d->n_chosen++] = i;
    mem_free(kept);
    str_release(&path);
    return rc;
}
