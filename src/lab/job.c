/* clang-format off
 * job.c - one job: load, train, predict, leave the result in the store.
 *
 *     plan --job_run--> runs/work/<hash>/ --(train: checkpoint, curve)--> predictions --+
 *                            ^                        |                                 |
 *                            +------ killed ----------+                           store_finish
 *                     run again: it goes on from there                                  |
 *                                                                   runs/jobs/<hash>/ <-+
 * clang-format on */
#include "lab/plan.h"
#include "lab/metrics.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct curve_point {
    struct train_point p;
    double truth, weak; /* accuracy on the validation slice: against ground truth, against the
                           labels it learns from; NAN */
};

/* job_run's things, so that there is one way out */
struct desk {
    const struct plan *plan;
    const struct job *job;
    const struct dataset *data;
    size_t K;
    struct store_work work;
    struct model *model;
    struct token_set sets[PART_COUNT];
    struct cached_features features[PART_COUNT];
    double *targets, *probs[PART_COUNT], *rewards, *weak_valid;
    struct curve_point *curve;
    size_t n_curve, cap_curve;
    struct train_result trained;
    bool own_peak; /* the peak of memory is this job's, not of all that the process computed */
};

static int desk_path(const struct desk *d, const char *name, struct str *path, struct err *e)
{
    str_path(path, d->work.dir.s, name);
    return str_check(path, e);
}

static int *desk_labels(const struct desk *d, enum task_part part, struct err *e)
{
    int *labels = mem_alloc(d->data->n[part], sizeof *labels, e);
    for (size_t i = 0; labels && i < d->data->n[part]; i++)
        labels[i] = d->data->part[part][i].label;
    return labels;
}

/* desk_accuracy - of probs against ground truth. */
static int desk_accuracy(const struct desk *d, enum task_part part, const double *probs,
                         double *accuracy, struct err *e)
{
    int *labels = desk_labels(d, part, e);
    if (!labels)
        return e->code;
    *accuracy = metrics_accuracy(probs, labels, d->data->n[part], d->K);
    mem_free(labels);
    return OK;
}

/* Which parts a job predicts: what trains on ground truth's half also labels the other. */
static bool job_predicts(const struct desk *d, enum task_part part)
{
    return part == PART_TEST || part == PART_VALID ||
           (part == PART_TRAIN && d->job->part == PART_SUPERVISE);
}

static int desk_model(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    struct model_options o = {j->layers, d->plan->lab->log};
    struct model_config c = job_config(j);
    uint64_t seed = study_seed(d->plan->study, SEED_INIT, j->repetition);
    int32_t rows[16];
    int rc = j->side->random ? model_random(&d->model, d->plan->lab->dev, &c, seed, e)
                             : model_load(&d->model, d->plan->lab->dev, j->model->weights, &o, e);
    if (rc)
        return rc;
    bool words = job_head(d->plan, j, rows);
    size_t outputs = job_outputs(d->plan);
    enum head_kind kind = task_alternatives(d->plan->task) ? HEAD_REWARD : HEAD_CLASSIFIER;
    struct head_spec head = {kind, outputs, words ? rows : NULL, seed};
    rc = model_head_set(d->model, &head, e);
    struct trainable t = j->trainable;
    t.lora.seed = seed;
    return rc ? rc : model_trainable_set(d->model, &t, e);
}

static int desk_sets(struct desk *d, struct err *e)
{
    for (int part = 0; part < PART_COUNT; part++) {
        if (!d->data->n[part] || !job_reads(d->job, (enum task_part)part))
            continue;
        int rc = token_set_make(&d->sets[part], d->data->part[part], d->data->n[part],
                                d->job->model->tokenizer, e);
        if (!rc && d->model->cut > 0)
            rc = cached_features_open(&d->features[part], d->plan, d->job, d->model, &d->sets[part],
                                      (enum task_part)part, e);
        if (rc)
            return rc;
    }
    return OK;
}

static const struct features *desk_features(const struct desk *d, enum task_part part)
{
    return d->model->cut > 0 ? &d->features[part].f : NULL;
}

/* desk_targets - what it learns: ground truth as one-hot rows, or the supervisor's probabilities.
 */
static int desk_targets(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    if (j->supervisor) {
        const struct given *g = j->supervisor->given;
        const struct example *first;
        bool valid = d->data->n[PART_VALID] &&
                     !(g && given_missing(g, d->data, PART_VALID, j->repetition, &first));
        int rc = job_probs(d->plan, j->supervisor, j->part, &d->targets, e);
        if (!rc && valid)
            rc = job_probs(d->plan, j->supervisor, PART_VALID, &d->weak_valid, e);
        return rc;
    }
    size_t n = d->data->n[j->part];
    d->targets = mem_zalloc(n, d->K * sizeof *d->targets, e);
    if (!d->targets)
        return e->code;
    for (size_t i = 0; i < n; i++)
        d->targets[i * d->K + (size_t)d->data->part[j->part][i].label] = 1;
    return OK;
}

/* desk_predict - rewards: NULL, or where the logits of the part go. */
static int desk_predict(struct desk *d, enum task_part part, double **probs, double **rewards,
                        struct err *e)
{
    char what[96];
    struct progress progress;
    size_t n = d->data->n[part];
    *probs = mem_alloc(n, d->K * sizeof **probs, e);
    if (rewards)
        *rewards = mem_alloc(n, d->K * sizeof **rewards, e);
    if (!*probs || (rewards && !*rewards))
        return e->code;
    snprintf(what, sizeof what, "predicting %s", lab_part_names[part]);
    progress_begin(&progress, d->plan->lab->log, what, (double)n, "tokens");
    int rc = predict_run(d->model, &d->sets[part], desk_features(d, part),
                         d->job->side->training.micro_tokens, *probs, rewards ? *rewards : NULL,
                         &progress, e);
    progress_end(&progress, rc);
    return rc;
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

/* curve_read - what an earlier life of this job left. */
static int curve_read(struct desk *d, struct err *e)
{
    struct str path = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    int rc = desk_path(d, "curve.json", &path, e);
    if (rc || !file_exists(path.s))
        goto out;
    rc = doc_read_json(&t, path.s, e);
    for (const struct doc *x = rc ? NULL : t.root->child; x && !rc; x = x->next) {
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
    }
out:
    doc_tree_release(&t);
    str_release(&path);
    return rc;
}

/* desk_eval - a point of the curve; a point that a former life wrote and this one reaches again
 * takes its place. */
static int desk_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct desk *d = ctx;
    struct curve_point c = {*p, (double)NAN, (double)NAN};
    double *probs = NULL;
    int rc = OK;
    if (d->data->n[PART_VALID]) {
        size_t n = d->data->n[PART_VALID], same = 0;
        probs = mem_alloc(n, d->K * sizeof *probs, e);
        rc = probs ? predict_run(d->model, &d->sets[PART_VALID], desk_features(d, PART_VALID),
                                 d->job->side->training.micro_tokens, probs, NULL, NULL, e)
                   : e->code;
        if (!rc)
            rc = desk_accuracy(d, PART_VALID, probs, &c.truth, e);
        if (rc)
            goto out;
        for (size_t i = 0; d->weak_valid && i < n; i++)
            same += metrics_argmax(probs + i * d->K, d->K) ==
                    metrics_argmax(d->weak_valid + i * d->K, d->K);
        if (d->weak_valid)
            c.weak = (double)same / (double)n;
    }
    while (d->n_curve && d->curve[d->n_curve - 1].p.step >= p->step)
        d->n_curve--;
    rc = mem_grow(&d->curve, &d->cap_curve, d->n_curve + 1, sizeof *d->curve, e);
    if (rc)
        goto out;
    d->curve[d->n_curve++] = c;
    rc = curve_write(d, e);
out:
    mem_free(probs);
    return rc;
}

static int desk_train(struct desk *d, struct err *e)
{
    struct train_settings t;
    struct str checkpoint = STR_INIT;
    struct train_data data = {&d->sets[d->job->part], d->targets, desk_features(d, d->job->part)};
    struct train_events events = {d, NULL, desk_eval};
    job_settings(d->plan, d->job, &t);
    int rc = desk_path(d, "checkpoint.bin", &checkpoint, e);
    if (!rc)
        rc = curve_read(d, e);
    /* The curve begins with the model as it is before its first step. */
    if (!rc && !d->n_curve && !file_exists(checkpoint.s)) {
        struct train_point start = {.loss = (double)NAN, .grad_norm = (double)NAN};
        rc = desk_eval(d, &start, e);
    }
    if (!rc)
        rc = train_run(d->model, &t, &data, checkpoint.s, &events, d->plan->lab->log, &d->trained,
                       e);
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
    if (str_starts(name, "hub:"))
        str_catn(&base, name + 4, strcspn(name + 4, "@"));
    else if (asset_is_path(d->plan->lab->assets, name))
        file_absolute(name, &base);
    else
        str_cat(&base, name);
    str_path(&path, dir, "adapter");
    int rc = str_check(&path, e);
    if (!rc)
        rc = str_check(&base, e);
    if (!rc)
        rc = lora_save(d->model, base.s, path.s, e);
    str_release(&path);
    str_release(&base);
    return rc;
}

/* desk_save - the trained model as a Hugging Face folder that is whole: classes by name, tokenizer
 * beside it; adapters merged, and by themselves. */
static int desk_save(const struct desk *d, const char *dir, struct err *e)
{
    const char *names[16];
    for (size_t k = 0; k < d->K; k++)
        names[k] = task_class_name(d->plan->task, k);
    int rc = model_save(d->model, names, dir, e);
    if (!rc)
        rc = lab_tokenizer_save(d->job->model, dir, e);
    return rc || !d->model->lora.rank ? rc : adapters_save(d, dir, e);
}

/* array_keep - numbers [n,K] of a part as a file of the job's: LAB_REWARDS, or (NULL) the part's
 * own name, for job_probs. */
static int array_keep(const struct desk *d, enum task_part part, const char *name, const double *x,
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

static int desk_keep(struct desk *d, struct err *e)
{
    struct str path = STR_INIT;
    int rc = OK;
    for (int k = 0; k < PART_COUNT && !rc; k++) {
        enum task_part part = (enum task_part)k;
        if (!d->data->n[part] || !job_predicts(d, part))
            continue;
        bool reward = part == PART_TEST && task_alternatives(d->plan->task);
        rc = desk_predict(d, part, &d->probs[part], reward ? &d->rewards : NULL, e);
        if (!rc)
            rc = array_keep(d, part, NULL, d->probs[part], e);
        if (!rc && reward)
            rc = array_keep(d, part, LAB_REWARDS, d->rewards, e);
    }
    if (!rc && d->plan->study->save) {
        rc = desk_path(d, "model", &path, e);
        if (!rc)
            rc = desk_save(d, path.s, e);
    }
    str_release(&path);
    return rc;
}

/* desk_votes - what others say of every part that is not theirs to learn from, as probabilities: 1
 * for the class of a vote; where there is none, all the same. */
static int desk_votes(struct desk *d, struct err *e)
{
    int rc = OK;
    for (int part = 0; part < PART_COUNT && !rc; part++) {
        size_t n = d->data->n[part];
        if (!n || part == PART_SUPERVISE)
            continue;
        double *probs = d->probs[part] = mem_zalloc(n, d->K * sizeof *probs, e);
        rc = probs ? OK : e->code;
        for (size_t i = 0; !rc && i < n; i++) {
            int vote = d->data->part[part][i].votes[d->job->vote];
            for (size_t k = 0; k < d->K; k++)
                probs[i * d->K + k] = vote < 0 ? 1 / (double)d->K : (size_t)vote == k;
        }
        if (!rc)
            rc = array_keep(d, (enum task_part)part, NULL, probs, e);
    }
    return rc;
}

/* desk_given - what a file says of every part of which it has every example. */
static int desk_given(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    const struct example *first;
    int rc = OK;
    for (int part = 0; part < PART_COUNT && !rc; part++) {
        size_t n = d->data->n[part];
        if (!n || part == PART_SUPERVISE ||
            given_missing(j->given, d->data, (enum task_part)part, j->repetition, &first))
            continue;
        double *probs = d->probs[part] = mem_alloc(n, d->K * sizeof *probs, e);
        for (size_t i = 0; probs && i < n; i++)
            memcpy(probs + i * d->K, given_find(j->given, d->data->part[part][i].id, j->repetition),
                   d->K * sizeof *probs);
        rc = probs ? array_keep(d, (enum task_part)part, NULL, probs, e) : e->code;
    }
    return rc;
}

static int desk_finish(struct desk *d, double seconds, struct err *e)
{
    const struct job *j = d->job;
    struct str job = STR_INIT, result = STR_INIT;
    struct js w;
    double accuracy = (double)NAN;
    size_t questions = 0;
    int rc =
        d->probs[PART_TEST] ? desk_accuracy(d, PART_TEST, d->probs[PART_TEST], &accuracy, e) : OK;
    if (!rc)
        rc = examples_questions(d->data->part[PART_TEST], d->data->n[PART_TEST], &questions, e);
    if (rc)
        goto out;
    js_init(&w, &result);
    js_open(&w, '{');
    js_key(&w, "accuracy"), js_real(&w, accuracy);
    js_key(&w, "test_questions"), js_int(&w, (int64_t)questions);
    js_key(&w, "finished"), js_int(&w, (int64_t)time(NULL));
    js_key(&w, "seconds"), js_real(&w, seconds);
    js_key(&w, "train_seconds"), js_real(&w, d->trained.seconds);
    js_key(&w, "steps"), js_int(&w, (int64_t)d->trained.steps);
    js_key(&w, "tokens"), js_int(&w, (int64_t)d->trained.tokens);
    js_key(&w, "final_loss"), js_real(&w, d->trained.final_loss);
    js_key(&w, "resumed"), js_bool(&w, d->trained.resumed);
    js_key(&w, "truncated"), js_open(&w, '{'); /* of each part that it read */
    for (int part = 0; part < PART_COUNT; part++)
        if (d->sets[part].n)
            js_key(&w, lab_part_names[part]), js_int(&w, (int64_t)d->data->cut[part]);
    js_close(&w, '}');
    js_key(&w, "memory_peak"), js_int(&w, (int64_t)mem_peak());
    js_key(&w, "memory_of"), js_str(&w, d->own_peak ? "job" : "process");
    js_key(&w, "worker"), js_bool(&w, d->plan->worker);
    js_key(&w, "curve"), curve_json(&w, d);
    js_close(&w, '}');

    js_init(&w, &job);
    js_open(&w, '{');
    js_key(&w, "hash"), js_str(&w, j->hash);
    js_key(&w, "kind"), js_str(&w, "train");
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
    }
    mem_free(d->targets);
    mem_free(d->rewards);
    mem_free(d->weak_valid);
    mem_free(d->curve);
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
    struct desk d = {
        .plan = p, .job = j, .data = &p->data[j->repetition], .K = task_classes(p->task)};
    double start = clock_now();
    d.own_peak = mem_peak_reset();
    int rc =
        store_begin(p->lab->store, j->hash, "train", j->label, p->study->name, &d.work, busy, e);
    if (rc || *busy)
        return rc;
    if (j->votes) {
        rc = j->given ? desk_given(&d, e) : desk_votes(&d, e);
        goto done;
    }
    if ((rc = desk_model(&d, e)) || (rc = desk_sets(&d, e)) || (rc = desk_targets(&d, e)) ||
        (rc = desk_train(&d, e)) || (rc = desk_keep(&d, e)))
        goto out;
done:
    if (!rc)
        rc = desk_finish(&d, d.trained.earlier + clock_now() - start, e);
out:
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
    if (store_begin(p->lab->store, j->hash, "train", j->label, p->study->name, &w, &busy, &also))
        log_warn(p->lab->log, "the failure of %s could not be recorded: %s", j->label, also.msg);
    else if (!busy)
        work_fail(p, j, &w, &j->why);
}
