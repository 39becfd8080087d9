/* job_repair.c - a supervisor's labels mended for one student: a job between the two. */
#include "lab/active.h"
#include "lab/desk.h"
#include "lab/metrics.h"
#include "lab/probe.h"
#include "lab/repair.h"
#include "core/mem.h"

#include <math.h>

/* 1 for every example of the train part that is learnt, or whose label is ground truth now, else 0
 */
#define KEPT "kept.f64"
#define TOLD "told.f64"

int repair_check(const struct plan *p, const struct method *m, struct err *e)
{
    if (task_alternatives(p->task) && choice_reads(method_choice(&p->study->settings, m)))
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

/* held_out - p [n,K], mem_free: what regressions on the other folds' labels say, which stays as a
 * file for whoever wants to see it. */
static int held_out(struct desk *d, const struct choice *c, double **p, struct err *e)
{
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN], questions;
    double operations = 0;
    uint64_t *question = part_questions(d->data, PART_TRAIN, e);
    size_t *fold = question ? mem_alloc(n, sizeof *fold, e) : NULL;
    *p = fold ? mem_alloc(n, d->K * sizeof **p, e) : NULL;
    int rc = *p ? OK : e->code;
    if (!rc)
        rc = probe_folds(question, n, c->folds, fold, &questions, e);
    if (!rc && questions < c->folds)
        rc = err_set(e, ERR_INPUT, "%s: %zu folds of %zu questions", d->job->method->name, c->folds,
                     questions);
    if (!rc)
        rc = repair_held_out(f->data, d->targets, fold, n, f->C, d->K, c->folds, c->c, *p,
                             &operations, e);
    d->flops += operations;
    if (!rc)
        rc = array_keep(d, PART_TRAIN, "held-out.f64", *p, e);
    mem_free(question);
    mem_free(fold);
    return rc;
}

static int flags_write(const struct desk *d, const char *name, const bool *flags, struct err *e)
{
    struct str path = STR_INIT;
    size_t n = d->data->n[PART_TRAIN];
    double *x = mem_alloc(n, sizeof *x, e);
    int rc = x ? desk_path(d, name, &path, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        x[i] = flags[i];
    if (!rc)
        rc = store_array_write(path.s, x, n, e);
    mem_free(x);
    str_release(&path);
    return rc;
}

int repair_keep(const struct desk *d, const bool *keep, struct err *e)
{
    return flags_write(d, KEPT, keep, e);
}

int repair_tell(const struct desk *d, const bool *told, struct err *e)
{
    return flags_write(d, TOLD, told, e);
}

/* repair_json - how many labels name another class than before, how many are kept, how many were
 * told and how many of these were wrong, and the share of right ones before and after. */
static void repair_json(struct desk *d, const struct mended *m)
{
    size_t n = d->data->n[PART_TRAIN], changed = 0, kept = 0, before = 0, after = 0, wrong = 0;
    struct js w;
    for (size_t i = 0; i < n; i++) {
        size_t label = (size_t)d->data->part[PART_TRAIN][i].label;
        size_t was = metrics_argmax(d->targets + i * d->K, d->K);
        size_t is = metrics_argmax(m->now + i * d->K, d->K);
        changed += was != is;
        kept += m->keep[i];
        before += was == label;
        after += m->keep[i] && is == label;
        wrong += m->told && m->told[i] && was != label;
    }
    js_init(&w, &d->more);
    js_open(&w, '{');
    js_key(&w, "labels"), js_int(&w, (int64_t)n);
    js_key(&w, "changed"), js_int(&w, (int64_t)changed);
    js_key(&w, "kept"), js_int(&w, (int64_t)kept);
    if (d->human) {
        js_key(&w, "told"), js_int(&w, (int64_t)d->human);
        js_key(&w, "told_wrong"), js_int(&w, (int64_t)wrong);
    }
    js_key(&w, "right_before"), js_real(&w, (double)before / (double)n);
    js_key(&w, "right_after"), js_real(&w, (double)after / (double)kept);
    js_close(&w, '}');
}

/* active_ask - ground truth in the place of the labels that are worth asking about. */
static int active_ask(struct desk *d, const struct choice *c, struct mended *m, struct err *e)
{
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN], k;
    double *p = NULL;
    int rc = choice_count(d->job->method->name, c->share, n, &k, e);
    size_t *asked = rc ? NULL : mem_alloc(k, sizeof *asked, e);
    if (!rc && !asked)
        rc = e->code;
    if (!rc && c->by == ACTIVE_DISPUTED)
        rc = held_out(d, c, &p, e);
    if (!rc && c->by == ACTIVE_DISPUTED)
        rc = active_disputed(d->targets, p, n, d->K, k, asked, e);
    if (!rc && c->by == ACTIVE_UNSURE)
        rc = active_unsure(d->targets, n, d->K, k, asked, e);
    if (!rc && c->by == ACTIVE_COVER) {
        rc = active_cover(f->data, n, f->C, k, asked, e);
        d->flops += cover_operations(n, f->C, k);
    }
    for (size_t i = 0; !rc && i < k; i++) {
        m->told[asked[i]] = true;
        for (size_t l = 0; l < d->K; l++)
            m->now[asked[i] * d->K + l] = l == (size_t)d->data->part[PART_TRAIN][asked[i]].label;
    }
    if (!rc)
        d->human = k;
    mem_free(asked);
    mem_free(p);
    return rc ? rc : repair_tell(d, m->told, e);
}

static int confident_prune(struct desk *d, const struct choice *c, struct mended *m, struct err *e)
{
    double *p = NULL;
    int rc = held_out(d, c, &p, e);
    if (!rc)
        rc = repair_confident(d->targets, p, d->data->n[PART_TRAIN], d->K, m->keep, NULL, e);
    mem_free(p);
    return rc;
}

static int mended_init(struct desk *d, struct mended *m, struct err *e)
{
    size_t n = d->data->n[PART_TRAIN];
    int rc = job_probs(d->plan, d->job->supervisor, PART_TRAIN, &d->targets, e);
    *m = (struct mended){.now = NULL};
    if (rc)
        return rc;
    m->now = mem_alloc(n, d->K * sizeof *m->now, e);
    m->keep = m->now ? mem_alloc(n, sizeof *m->keep, e) : NULL;
    m->told = m->keep ? mem_zalloc(n, sizeof *m->told, e) : NULL;
    if (!m->told)
        return e->code;
    for (size_t i = 0; i < n; i++)
        m->keep[i] = true;
    for (size_t i = 0; i < n * d->K; i++)
        m->now[i] = d->targets[i];
    return OK;
}

static void mended_release(struct mended *m)
{
    mem_free(m->now);
    mem_free(m->keep);
    mem_free(m->told);
}

int repair_leave(struct desk *d, const struct mended *m, struct err *e)
{
    int rc = array_keep(d, PART_TRAIN, NULL, m->now, e);
    if (!rc)
        rc = repair_keep(d, m->keep, e);
    if (!rc)
        repair_json(d, m);
    d->accuracy = (double)NAN; /* it says nothing of the test part */
    return rc;
}

int run_repair(struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN];
    struct mended m;
    int rc = mended_init(d, &m, e);
    if (!rc && choice_reads(c))
        rc = desk_frozen(d, e);
    if (!rc && c->kind == CHOICE_NEIGHBOURS) {
        rc = repair_neighbours(f->data, d->targets, n, f->C, d->K, c->k, c->weight, m.now, e);
        d->flops += neighbours_operations(n, f->C);
    }
    if (!rc && c->kind == CHOICE_CONFIDENT)
        rc = confident_prune(d, c, &m, e);
    if (!rc && c->kind == CHOICE_ACTIVE)
        rc = active_ask(d, c, &m, e);
    if (!rc)
        rc = repair_leave(d, &m, e);
    mended_release(&m);
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
