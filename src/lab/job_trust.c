/* clang-format off
 * job_trust.c - trust functions (trust.h) in a study: which of a supervisor's labels a student
 * learns.
 *
 *     supervisor --(states.f32, train.f64)--> trust --(kept.f64, train.f64)--> student
 *                                               ^
 *                    the truth of a share of the train part, drawn
 *
 * The student learns the supervisor's labels as they are, of told examples too: the truth is used
 * for the trust function alone. A student that is a link of a chain keeps its own states, for the
 * trust function of the next. clang-format on */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "lab/trust.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

#define STATES "states.f32" /* [n,C] of the train part, no header */
#define TRUST  "trust.f64"  /* [n] how probable it is that its label is right */

/* Probabilities that differ by no more differ by rounding. */
#define ALIKE 1e-6

/* ---------------------------------------------------------------- plan */

bool job_trusts(const struct job *j)
{
    return j->role == JOB_REPAIR && j->method->recipe == RECIPE_TRUST;
}

bool plan_trusts(const struct plan *p)
{
    bool any = false;
    for (size_t i = 0; i < p->study->n_methods; i++)
        any = any || p->study->methods[i]->recipe == RECIPE_TRUST;
    return any;
}

int trust_check(const struct plan *p, const struct method *m, struct err *e)
{
    const char *what = side_untuned(&p->study->supervisor);
    if (what)
        return err_set(e, ERR_INPUT,
                       "method %s reads the last hidden states of a supervisor that is fine-tuned, "
                       "and the supervisors here %s",
                       m->name, what);
    if (task_alternatives(p->task))
        return err_set(e, ERR_INPUT,
                       "method %s reads one hidden state of an example, and one of task %s is %zu "
                       "texts",
                       m->name, task_name(p->task), task_alternatives(p->task));
    return OK;
}

/* Arrays as large as theta: it, its gradient, and what L-BFGS has of it. */
#define VECTORS 32

size_t trust_bytes(const struct plan *p, const struct job *j)
{
    size_t C = weights_config(j->model->weights)->channels, rows, states, fit;
    const struct choice *c = job_choice(p, j);
    size_t n = p->data[j->repetition].n[PART_TRAIN];
    rows = choice_share_count(c->share, n);
    bool fits = size_mul(n + 3 * rows, C * sizeof(float), &states) &&
                size_mul(trust_size(C, c->hidden), VECTORS * sizeof(double), &fit);
    return fits && states < SIZE_MAX - fit ? states + fit : SIZE_MAX;
}

int spec_trust(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "trust");
    js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
    js_key(&w, "labels"), js_str(&w, j->supervisor->hash);
    js_key(&w, "data"), js_str(&w, p->data[j->repetition].part_hash[PART_TRAIN]);
    choice_json(job_choice(p, j), &w);
    js_key(&w, "seed_label"), js_int(&w, (int64_t)study_seed(p->study, SEED_LABEL, j->repetition));
    js_key(&w, "seed_init"), js_int(&w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_close(&w, '}');
    return str_check(out, e);
}

/* ---------------------------------------------------------------- states */

int states_keep(struct desk *d, struct err *e)
{
    const struct token_set *t = &d->sets[PART_TRAIN];
    struct spent *own = &d->aside[ASIDE_STATES];
    size_t depth = d->model->cfg.layers;
    double start = clock_now(), flops = d->flops;
    int rc = desk_rows_keep(d, PART_TRAIN, &depth, 1, "states", STATES, e);
    if (rc)
        return rc;
    desk_forward(d, (double)token_set_total(t), (double)t->n);
    *own = (struct spent){(double)token_set_total(t), d->flops - flops, clock_now() - start};
    return OK;
}

/* states_open - those of its supervisor. */
static int states_open(const struct desk *d, struct file_map *map, struct err *e)
{
    struct str path = STR_INIT;
    const char *hash = d->job->supervisor->hash;
    size_t C = weights_config(d->job->model->weights)->channels;
    size_t want = d->data->n[PART_TRAIN] * C * sizeof(float);
    store_job_path(d->plan->lab->store, hash, STATES, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = file_map_open(map, path.s, e);
    if (!rc && map->size != want)
        rc = err_set(e, ERR_INPUT, "%s: %zu bytes, wanted %zu", path.s, map->size, want);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, hash, e);
    str_release(&path);
    return rc;
}

/* ---------------------------------------------------------------- trust */

/* What a trust function is made from, and what it comes to. */
struct trusting {
    struct file_map map;
    const float *states; /* [n,C] */
    size_t n, C;
    bool *right, *keep;   /* [n] whether the label is; whether it is learnt */
    size_t *told, n_told; /* ascending */
    size_t *kept, n_kept; /* ascending */
    double *p;            /* [n] */
    struct trust function;
};

static int trusting_open(struct trusting *t, struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    size_t n = t->n = d->data->n[PART_TRAIN];
    int rc = states_open(d, &t->map, e);
    t->states = (const float *)(const void *)t->map.data;
    t->C = weights_config(d->job->model->weights)->channels;
    if (!rc)
        rc = job_probs(d->plan, d->job->supervisor, PART_TRAIN, &d->targets, e);
    if (!rc)
        rc = choice_drawn(d->job->method->name, c->share,
                          study_seed(d->plan->study, SEED_LABEL, d->job->repetition), n, &t->told,
                          &t->n_told, e);
    if (rc)
        return rc;
    t->right = mem_alloc(n, sizeof *t->right, e);
    t->keep = t->right ? mem_zalloc(n, sizeof *t->keep, e) : NULL;
    t->p = t->keep ? mem_alloc(n, sizeof *t->p, e) : NULL;
    for (size_t i = 0; t->p && i < n; i++)
        t->right[i] = metrics_argmax(d->targets + i * d->K, d->K) ==
                      (size_t)d->data->part[PART_TRAIN][i].label;
    return t->p ? OK : e->code;
}

static void trusting_close(struct trusting *t)
{
    if (t->map.data)
        file_map_close(&t->map);
    mem_free(t->right);
    mem_free(t->keep);
    mem_free(t->told);
    mem_free(t->kept);
    mem_free(t->p);
    trust_release(&t->function);
}

/* trusting_fit - the function, on the states and labels of the told examples; and what it says of
 * all. */
static int trusting_fit(struct trusting *t, struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    const struct trust_settings s = {c->hidden, c->c,
                                     study_seed(d->plan->study, SEED_INIT, d->job->repetition)};
    float *x = mem_alloc(t->n_told, t->C * sizeof *x, e);
    bool *right = x ? mem_alloc(t->n_told, sizeof *right, e) : NULL;
    int rc = right ? OK : e->code;
    for (size_t i = 0; !rc && i < t->n_told; i++) {
        memcpy(x + i * t->C, t->states + t->told[i] * t->C, t->C * sizeof *x);
        right[i] = t->right[t->told[i]];
    }
    if (!rc)
        rc = trust_fit(&t->function, &s, &(struct trust_data){t->n_told, t->C, x, right}, e);
    if (!rc)
        rc = trust_predict(&t->function, t->states, t->n, t->p, e);
    d->flops += t->function.operations + trust_operations(&t->function, t->n);
    mem_free(x);
    mem_free(right);
    return rc;
}

/* trusting_alike - so much decay that no weight is left trusts all labels alike: which of them come
 * first says nothing then. */
static int trusting_alike(const struct trusting *t, const struct choice *c, struct err *e)
{
    double least = 1, most = 0;
    for (size_t i = 0; i < t->n; i++) {
        least = fmin(least, t->p[i]);
        most = fmax(most, t->p[i]);
    }
    if (most - least > ALIKE)
        return OK;
    return err_set(e, ERR_INPUT,
                   "trust: all %zu labels are trusted alike (%.3f): with trust.c = %g nothing is "
                   "learnt from the %zu whose truth is told, wanted a larger c, or more of them "
                   "(trust.share)",
                   t->n, most, c->c, t->n_told);
}

/* trusting_auroc - of what is trusted, right from wrong, on the examples whose truth is not told;
 * NAN where there are none of a kind. */
static int trusting_auroc(const struct trusting *t, double *auroc, struct err *e)
{
    size_t m = 0;
    double *p = mem_alloc(t->n, 2 * sizeof *p, e);
    int *right = p ? mem_alloc(t->n, sizeof *right, e) : NULL, rc = right ? OK : e->code;
    for (size_t i = 0, told = 0; !rc && i < t->n; i++) {
        if (told < t->n_told && t->told[told] == i) {
            told++;
            continue;
        }
        p[2 * m] = 1 - t->p[i];
        p[2 * m + 1] = t->p[i];
        right[m++] = t->right[i];
    }
    *auroc = m && !rc ? metrics_auroc(p, right, m, 2, e) : (double)NAN;
    mem_free(p);
    mem_free(right);
    return rc;
}

static double share_right(const struct trusting *t, const size_t *of, size_t n)
{
    size_t right = 0;
    for (size_t i = 0; i < n; i++)
        right += t->right[of ? of[i] : i];
    return (double)right / (double)n;
}

static void trusting_json(struct desk *d, const struct trusting *t, double auroc)
{
    struct js w;
    js_init(&w, &d->more);
    js_open(&w, '{');
    js_key(&w, "labels"), js_int(&w, (int64_t)t->n);
    js_key(&w, "told"), js_int(&w, (int64_t)t->n_told);
    js_key(&w, "kept"), js_int(&w, (int64_t)t->n_kept);
    js_key(&w, "right"), js_real(&w, share_right(t, NULL, t->n));
    js_key(&w, "told_right"), js_real(&w, share_right(t, t->told, t->n_told));
    js_key(&w, "kept_right"), js_real(&w, share_right(t, t->kept, t->n_kept));
    js_key(&w, "auroc"), js_real(&w, auroc);
    js_key(&w, "loss"), js_real(&w, t->function.loss);
    js_key(&w, "iterations"), js_int(&w, (int64_t)t->function.iterations);
    js_close(&w, '}');
}

/* trust_write - what its student reads; and, for whoever wants to see it, whose truth was told and
 * how far each label is trusted. */
static int trust_write(const struct desk *d, const struct trusting *t, struct err *e)
{
    bool *told = mem_zalloc(t->n, sizeof *told, e);
    struct str path = STR_INIT;
    int rc = told ? array_keep(d, PART_TRAIN, NULL, d->targets, e) : e->code;
    for (size_t i = 0; !rc && i < t->n_told; i++)
        told[t->told[i]] = true;
    if (!rc)
        rc = repair_keep(d, t->keep, e);
    if (!rc)
        rc = repair_tell(d, told, e);
    if (!rc)
        rc = desk_path(d, TRUST, &path, e);
    if (!rc)
        rc = store_array_write(path.s, t->p, t->n, e);
    str_release(&path);
    mem_free(told);
    return rc;
}

int run_trust(struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    struct trusting t = {.n = 0};
    double auroc = (double)NAN;
    int rc = trusting_open(&t, d, e);
    if (!rc)
        rc = trusting_fit(&t, d, e);
    if (!rc)
        rc = trusting_alike(&t, c, e);
    if (!rc)
        rc = choice_trusted(c, t.p, t.n, &t.kept, &t.n_kept, e);
    for (size_t i = 0; !rc && i < t.n_kept; i++)
        t.keep[t.kept[i]] = true;
    if (!rc)
        rc = trusting_auroc(&t, &auroc, e);
    if (!rc)
        rc = trust_write(d, &t, e);
    if (!rc)
        trusting_json(d, &t, auroc);
    d->human = t.n_told;
    d->accuracy = (double)NAN; /* it says nothing of the test part */
    trusting_close(&t);
    return rc;
}
