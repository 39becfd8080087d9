/* clang-format off
 * job.c - one job: load, train, predict, leave the result in the store.
 *
 *     plan --job_run--> runs/work/<hash>/ --(train: checkpoint, curve)--> predictions --+
 *                            ^                        |                                 |
 *                            +------ killed ----------+                           store_finish
 *                     run again: it goes on from there                                  |
 *                                                                   runs/jobs/<hash>/ <-+
 * clang-format on */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int desk_path(const struct desk *d, const char *name, struct str *path, struct err *e)
{
    str_path(path, d->work.dir.s, name);
    return str_check(path, e);
}

int desk_examples(struct desk *d, enum task_part part, const struct example **x, struct err *e)
{
    struct heard *h = &d->heard[part];
    *x = d->data->part[part];
    if (!d->job->arguments)
        return OK;
    int rc = h->x ? OK : heard_make(h, d->plan, d->job, part, e);
    *x = h->x;
    return rc;
}

/* base_load - the weights that another job left. */
static int base_load(struct desk *d, const struct model_options *o, struct err *e)
{
    const struct job *base = d->job->base;
    struct str dir = STR_INIT;
    struct weights *w = NULL;
    store_job_path(d->plan->lab->store, base->hash, "model", &dir);
    int rc = str_check(&dir, e);
    if (!rc)
        rc = weights_open(&w, dir.s, e);
    if (!rc)
        rc = model_load(&d->model, d->plan->lab->dev, w, o, e);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, base->hash, e);
    weights_close(w);
    str_release(&dir);
    return rc;
}

int desk_model(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    struct model_options o = {j->layers, d->plan->lab->log};
    struct model_config c = job_config(j);
    uint64_t seed = study_seed(d->plan->study, SEED_INIT, j->repetition);
    if (j->base)
        return base_load(d, &o, e);
    return j->side->random ? model_random(&d->model, d->plan->lab->dev, &c, seed, e)
                           : model_load(&d->model, d->plan->lab->dev, j->model->weights, &o, e);
}

int desk_learns(struct desk *d, struct err *e)
{
    struct trainable t = d->job->trainable;
    t.lora.seed = study_seed(d->plan->study, SEED_INIT, d->job->repetition);
    return model_trainable_set(d->model, &t, e);
}

bool desk_predicts(const struct desk *d, enum task_part part)
{
    if (d->job->role == JOB_UNTRAINED)
        return job_reads(d->job, part);
    if (d->job->role == JOB_LM || d->job->role == JOB_RECITE)
        return false;
    return d->data->n[part] &&
           (part == PART_TEST || part == PART_VALID ||
            (part == PART_TRAIN && (d->job->part == PART_SUPERVISE || d->job->labels)) ||
            (part == PART_SUPERVISE && d->job->member == ENSEMBLE_BOOSTING));
}

/* The curve: one JSON array, written again at every evaluation, so that it survives what the job
 * survives. */
static void curve_json(struct js *w, const struct desk *d)
{
    js_open(w, '[');
    for (size_t i = 0; i < d->n_curve; i++) {
        const struct curve_point *c = &d->curve[i];
        js_open(w, '{');
        js_key(w, "step"), js_int(w, (int64_t)c->p.step);
        js_key(w, "steps"), js_int(w, (int64_t)c->p.steps);
        js_key(w, "epoch"), js_real(w, c->p.epoch);
        js_key(w, "loss"), js_real(w, c->p.loss);
        js_key(w, "lr"), js_real(w, c->p.lr);
        js_key(w, "alpha"), js_real(w, c->p.alpha);
        js_key(w, "grad_norm"), js_real(w, c->p.grad_norm);
        js_key(w, "accuracy"), js_real(w, c->truth);
        js_key(w, "weak_accuracy"), js_real(w, c->weak);
        if (d->job->points)
            js_key(w, "test_accuracy"), js_real(w, c->test);
        js_close(w, '}');
    }
    js_close(w, ']');
}

static int curve_write(const struct desk *d, struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct js w;
    js_init(&w, &text);
    curve_json(&w, d);
    int rc = desk_path(d, "curve.json", &path, e);
    if (!rc)
        rc = str_check(&text, e);
    if (!rc)
        rc = file_write(path.s, text.s, text.len, e);
    str_release(&path);
    str_release(&text);
    return rc;
}

static double real_or_nan(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

static size_t size_or_zero(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type == DOC_INT && d->i > 0 ? (size_t)d->i : 0;
}

int curve_add(struct desk *d, const struct doc *curve, struct err *e)
{
    int rc = OK;
    for (const struct doc *x = curve ? curve->child : NULL; x && !rc; x = x->next) {
        rc = mem_grow(&d->curve, &d->cap_curve, d->n_curve + 1, sizeof *d->curve, e);
        if (rc)
            break;
        struct curve_point *c = &d->curve[d->n_curve++];
        memset(c, 0, sizeof *c);
        c->p.step = size_or_zero(x, "step");
        c->p.steps = size_or_zero(x, "steps");
        c->p.epoch = real_or_nan(x, "epoch");
        c->p.loss = real_or_nan(x, "loss");
        c->p.lr = real_or_nan(x, "lr");
        c->p.alpha = real_or_nan(x, "alpha");
        c->p.grad_norm = real_or_nan(x, "grad_norm");
        c->truth = real_or_nan(x, "accuracy");
        c->weak = real_or_nan(x, "weak_accuracy");
        c->test = real_or_nan(x, "test_accuracy");
    }
    return rc;
}

/* curve_read - what an earlier life of this job left. */
static int curve_read(struct desk *d, struct err *e)
{
    struct str path = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    int rc = desk_path(d, "curve.json", &path, e);
    if (rc || !file_exists(path.s))
        goto out;
    rc = doc_read_json(&t, path.s, e);
    if (!rc)
        rc = curve_add(d, t.root, e);
out:
    doc_tree_release(&t);
    str_release(&path);
    return rc;
}

int desk_point(struct desk *d, const struct curve_point *c, struct err *e)
{
    while (d->n_curve && d->curve[d->n_curve - 1].p.step >= c->p.step)
        d->n_curve--;
    int rc = mem_grow(&d->curve, &d->cap_curve, d->n_curve + 1, sizeof *d->curve, e);
    if (rc)
        return rc;
    d->curve[d->n_curve++] = *c;
    return curve_write(d, e);
}

int desk_learn(struct desk *d, const struct train_data *data,
               int (*eval)(void *ctx, const struct train_point *p, struct err *e), struct err *e)
{
    struct train_settings t;
    struct str checkpoint = STR_INIT;
    struct train_events events = {d, NULL, eval};
    job_settings(d->plan, d->job, &t);
    int rc = desk_path(d, "checkpoint.bin", &checkpoint, e);
    if (!rc)
        rc = curve_read(d, e);
    /* The curve begins with the model as it is before its first step. */
    if (!rc && !d->n_curve && !file_exists(checkpoint.s)) {
        struct train_point start = {.loss = (double)NAN, .grad_norm = (double)NAN};
        rc = eval(d, &start, e);
    }
    if (!rc)
        rc =
            train_run(d->model, &t, data, checkpoint.s, &events, d->plan->lab->log, &d->trained, e);
    str_release(&checkpoint);
    return rc;
}

/* adapters_save - PEFT's folder beside the merged model. Adapters of a model that was cut, or that
 * started from random weights, belong to no model that there is. */
static int adapters_save(const struct desk *d, const char *dir, struct err *e)
{
    const struct job *j = d->job;
    const char *name = j->model->name;
    struct str path = STR_INIT, base = STR_INIT;
    if (j->side->random || j->layers < weights_config(j->model->weights)->layers)
        return OK;
    int rc = OK;
    if (str_starts(name, "hub:"))
        str_catn(&base, name + 4, strcspn(name + 4, "@"));
    else if (lab_ladder_model(name, NULL))
        rc = lab_model_place(d->plan->lab, name, &path, e);
    else if (asset_is_path(d->plan->lab->assets, name))
        str_cat(&path, name);
    else
        str_cat(&base, name);
    if (!base.len && !rc)
        file_absolute(path.s, &base);
    str_path(&path, dir, "adapter");
    if (!rc)
        rc = str_check(&path, e);
    if (!rc)
        rc = str_check(&base, e);
    if (!rc)
        rc = lora_save(d->model, base.s, path.s, e);
    str_release(&path);
    str_release(&base);
    return rc;
}

int desk_save(const struct desk *d, const char *const *labels, struct err *e)
{
    struct str dir = STR_INIT;
    int rc = desk_path(d, "model", &dir, e);
    if (!rc)
        rc = model_save(d->model, labels, dir.s, e);
    if (!rc)
        rc = lab_tokenizer_save(d->job->model, dir.s, e);
    if (!rc && d->model->lora.rank)
        rc = adapters_save(d, dir.s, e);
    str_release(&dir);
    return rc;
}

int array_keep(const struct desk *d, enum task_part part, const char *name, const double *x,
               struct err *e)
{
    struct str path = STR_INIT;
    char own[32];
    snprintf(own, sizeof own, "%s.f64", lab_part_names[part]);
    int rc = desk_path(d, name ? name : own, &path, e);
    if (!rc)
        rc = store_array_write(path.s, x, d->data->n[part] * d->K, e);
    str_release(&path);
    return rc;
}

/* chosen_json - of how many labels it learns, and the share of these, and of all, that are right.
 */
static void chosen_json(struct js *w, const struct desk *d)
{
    const struct example *x = d->data->part[d->job->part];
    size_t n = d->data->n[d->job->part], all = 0, chosen = 0;
    for (size_t i = 0; i < n; i++)
        all += metrics_argmax(d->targets + i * d->K, d->K) == (size_t)x[i].label;
    for (size_t i = 0; i < d->n_chosen; i++)
        chosen +=
            metrics_argmax(d->targets + d->chosen[i] * d->K, d->K) == (size_t)x[d->chosen[i]].label;
    js_key(w, "chosen"), js_int(w, (int64_t)d->n_chosen);
    js_key(w, "chosen_right"), js_real(w, (double)chosen / (double)d->n_chosen);
    js_key(w, "labels_right"), js_real(w, (double)all / (double)n);
}

/* aside_json - "aside" of result.json: what others asked for, where any did. */
static void aside_json(struct js *w, const struct desk *d)
{
    const struct job *j = d->job;
    struct spent spent[ASIDES];
    const bool asked[ASIDES] = {[ASIDE_TEST_POINTS] = j->points,
                                [ASIDE_TRAIN_POINTS] = j->train_points,
                                [ASIDE_STATES] = j->states,
                                [ASIDE_END] = d->aside[ASIDE_END].seconds > 0};
    bool any = false;
    for (int k = 0; k < ASIDES; k++)
        any = any || asked[k];
    if (!any)
        return;
    desk_aside(d, spent);
    js_key(w, "aside"), js_open(w, '{');
    for (int k = 0; k < ASIDES; k++) {
        if (!asked[k])
            continue;
        js_key(w, aside_names[k]), js_open(w, '{');
        js_key(w, "predicted_tokens"), js_real(w, spent[k].predicted);
        js_key(w, "flops"), js_real(w, spent[k].flops);
        js_key(w, "seconds"), js_real(w, spent[k].seconds);
        js_close(w, '}');
    }
    js_close(w, '}');
}

static int desk_finish(struct desk *d, double seconds, struct err *e)
{
    const struct job *j = d->job;
    struct str job = STR_INIT, result = STR_INIT;
    struct js w;
    size_t questions = 0;
    double predicted, flops;
    desk_cost(d, &predicted, &flops);
    int rc = examples_questions(d->data->part[PART_TEST], d->data->n[PART_TEST], &questions, e);
    if (rc)
        goto out;
    js_init(&w, &result);
    js_open(&w, '{');
    js_key(&w, "accuracy"), js_real(&w, d->accuracy);
    if (task_moves(d->plan->task))
        js_key(&w, "legal"), js_real(&w, d->legal);
    if (task_moves(d->plan->task) && d->plan->study->decoding == DECODING_LEGAL)
        js_key(&w, "greedy_accuracy"), js_real(&w, d->greedy);
    js_key(&w, "test_questions"), js_int(&w, (int64_t)questions);
    js_key(&w, "finished"), js_int(&w, (int64_t)time(NULL));
    js_key(&w, "seconds"), js_real(&w, seconds);
    js_key(&w, "train_seconds"), js_real(&w, d->trained.seconds);
    js_key(&w, "steps"), js_int(&w, (int64_t)d->trained.steps);
    js_key(&w, "tokens"), js_int(&w, (int64_t)d->trained.tokens);
    js_key(&w, "predicted_tokens"), js_real(&w, predicted);
    js_key(&w, "flops"), js_real(&w, flops);
    aside_json(&w, d);
    if (d->chosen && d->job->supervisor)
        chosen_json(&w, d);
    if (d->human)
        js_key(&w, "human_labels"), js_int(&w, (int64_t)d->human);
    js_key(&w, "final_loss"), js_real(&w, d->trained.steps ? d->trained.final_loss : (double)NAN);
    js_key(&w, "resumed"), js_bool(&w, d->trained.resumed);
    js_key(&w, "truncated"), js_open(&w, '{'); /* of each part that it read */
    for (int part = 0; part < PART_COUNT; part++)
        if (d->sets[part].n || (d->learn.n && part == (int)j->part))
            js_key(&w, lab_part_names[part]), js_int(&w, (int64_t)d->data->cut[part]);
    js_close(&w, '}');
    if (d->more.len)
        js_key(&w, j->kind->name), js_raw(&w, d->more.s);
    js_key(&w, "memory_peak"), js_int(&w, (int64_t)mem_peak());
    js_key(&w, "memory_of"), js_str(&w, d->own_peak ? "job" : "process");
    js_key(&w, "worker"), js_bool(&w, d->plan->worker);
    if (d->stopped) {
        js_key(&w, "stopped"), js_open(&w, '{');
        js_key(&w, "step"), js_int(&w, (int64_t)d->stopped->p.step);
        js_key(&w, "epoch"), js_real(&w, d->stopped->p.epoch);
        js_key(&w, "accuracy"), js_real(&w, d->stopped->truth);
        js_key(&w, "weak_accuracy"), js_real(&w, d->stopped->weak);
        js_close(&w, '}');
    }
    js_key(&w, "curve"), curve_json(&w, d);
    js_close(&w, '}');

    js_init(&w, &job);
    js_open(&w, '{');
    js_key(&w, "hash"), js_str(&w, j->hash);
    js_key(&w, "kind"), js_str(&w, j->kind->name);
    js_key(&w, "label"), js_str(&w, j->label);
    js_key(&w, "study"), js_str(&w, d->plan->study->name);
    js_key(&w, "model"), js_str(&w, j->votes ? j->votes : j->model->name);
    js_key(&w, "task"), js_str(&w, d->plan->study->task);
    js_key(&w, "spec"), js_raw(&w, j->spec);
    js_close(&w, '}');
    if ((rc = str_check(&job, e)) || (rc = str_check(&result, e)))
        goto out;
    rc = store_finish(d->plan->lab->store, &d->work, job.s, result.s, e);
out:
    str_release(&job);
    str_release(&result);
    return rc;
}

static void desk_clear(struct desk *d)
{
    for (int part = 0; part < PART_COUNT; part++) {
        mem_free(d->probs[part]);
        cached_features_close(&d->features[part]);
        token_set_release(&d->sets[part]);
        heard_release(&d->heard[part]);
    }
    str_release(&d->more);
    token_set_release(&d->learn);
    mem_free(d->targets);
    mem_free(d->chosen);
    mem_free(d->rewards);
    mem_free(d->weak_valid);
    mem_free(d->curve);
    probe_release(&d->probe);
    model_free(d->model);
}

static void work_fail(const struct plan *p, const struct job *j, struct store_work *w,
                      const struct err *why)
{
    struct err also = ERR_INIT;
    if (store_fail(p->lab->store, w, why, &also))
        log_warn(p->lab->log, "the failure of %s could not be recorded: %s", j->label, also.msg);
}

int job_run(const struct plan *p, struct job *j, bool *busy, struct err *e)
{
    struct desk d = {.plan = p,
                     .job = j,
                     .data = &p->data[j->repetition],
                     .K = task_classes(p->task),
                     .more = STR_INIT};
    double start = clock_now();
    d.own_peak = mem_peak_reset();
    int rc = store_begin(p->lab->store, j->hash, j->kind->name, j->label, p->study->name, &d.work,
                         busy, e);
    if (rc || *busy)
        return rc;
    rc = job_computes(j) ? memory_check(job_bytes(p, j), e) : OK;
    if (!rc)
        rc = j->kind->run(&d, e);
    if (!rc)
        rc = desk_finish(&d, d.trained.earlier + clock_now() - start, e);
    desk_clear(&d);
    if (rc == ERR_INTERRUPTED)
        store_leave(p->lab->store, &d.work);
    else if (rc)
        work_fail(p, j, &d.work, e);
    return rc;
}

void job_fail(const struct plan *p, const struct job *j)
{
    struct store_work w;
    struct err also = ERR_INIT;
    bool busy = false;
    if (store_begin(p->lab->store, j->hash, j->kind->name, j->label, p->study->name, &w, &busy,
                    &also))
        log_warn(p->lab->log, "the failure of %s could not be recorded: %s", j->label, also.msg);
    else if (!busy)
        work_fail(p, j, &w, &j->why);
}
