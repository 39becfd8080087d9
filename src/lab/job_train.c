/* job_train.c - a classifier or a reward, trained on labels of every class. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

static int *labels_of(const struct desk *d, enum task_part part, struct err *e)
{
    int *labels = mem_alloc(d->data->n[part], sizeof *labels, e);
    for (size_t i = 0; labels && i < d->data->n[part]; i++)
        labels[i] = d->data->part[part][i].label;
    return labels;
}

int probs_accuracy(const struct desk *d, enum task_part part, const double *probs, double *accuracy,
                   struct err *e)
{
    int *labels = labels_of(d, part, e);
    if (!labels)
        return e->code;
    *accuracy = metrics_accuracy(probs, labels, d->data->n[part], d->K);
    mem_free(labels);
    return OK;
}

/* train_model - the model with a head for the task's classes, or with one for a reward. */
static int train_model(struct desk *d, struct err *e)
{
    uint64_t seed = study_seed(d->plan->study, SEED_INIT, d->job->repetition);
    int32_t rows[16];
    int rc = desk_model(d, e);
    if (rc)
        return rc;
    bool words = job_head(d->plan, d->job, rows);
    size_t outputs = job_outputs(d->plan);
    enum head_kind kind = task_alternatives(d->plan->task) ? HEAD_REWARD : HEAD_CLASSIFIER;
    struct head_spec head = {kind, outputs, words ? rows : NULL, seed};
    rc = model_head_set(d->model, &head, e);
    return rc || d->job->role == JOB_UNTRAINED ? rc : desk_learns(d, e);
}

/* desk_prefix - whether its lower blocks' output is computed once for all that share it. */
static bool desk_prefix(const struct desk *d)
{
    return d->job->role != JOB_UNTRAINED && d->model->cut > 0 && !d->job->arguments;
}

static int train_sets(struct desk *d, struct err *e)
{
    for (int part = 0; part < PART_COUNT; part++) {
        if (!d->data->n[part] || !job_reads(d->job, (enum task_part)part))
            continue;
        const struct example *x;
        int rc = desk_examples(d, (enum task_part)part, &x, e);
        if (!rc)
            rc = token_set_make(&d->sets[part], x, d->data->n[part], d->job->model->tokenizer, e);
        if (!rc && desk_prefix(d))
            rc = cached_features_open(&d->features[part], d->plan, d->job, d->model, &d->sets[part],
                                      (enum task_part)part, e);
        if (rc)
            return rc;
    }
    return OK;
}

static const struct features *desk_features(const struct desk *d, enum task_part part)
{
    return desk_prefix(d) ? &d->features[part].f : NULL;
}

int truth_rows(const struct example *x, size_t n, size_t K, double **rows, struct err *e)
{
    *rows = mem_zalloc(n, K * sizeof **rows, e);
    for (size_t i = 0; *rows && i < n; i++)
        (*rows)[i * K + (size_t)x[i].label] = 1;
    return *rows ? OK : e->code;
}

int desk_truth(const struct desk *d, enum task_part part, double **rows, struct err *e)
{
    return truth_rows(d->data->part[part], d->data->n[part], d->K, rows, e);
}

/* train_targets - what it learns: ground truth as one-hot rows, or the supervisor's probabilities.
 */
static int train_targets(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    if (j->supervisor) {
        const struct given *g = j->supervisor->given;
        const struct example *first;
        bool valid = d->data->n[PART_VALID] &&
                     !(g && given_missing(g, d->data, PART_VALID, j->repetition, &first));
        const struct job *of = j->repair ? j->repair : j->supervisor;
        int rc = job_probs(d->plan, of, j->part, &d->targets, e);
        if (!rc && valid)
            rc = job_probs(d->plan, j->supervisor, PART_VALID, &d->weak_valid, e);
        return rc;
    }
    return desk_truth(d, j->part, &d->targets, e);
}

/* train_predict - rewards: NULL, or where the logits of the part go. */
static int train_predict(struct desk *d, enum task_part part, double **probs, double **rewards,
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

/* point_keep - what the model says of the test part now, as files of their own. */
static int point_keep(struct desk *d, struct curve_point *c, struct err *e)
{
    char name[64];
    size_t n = d->data->n[PART_TEST];
    bool reward = task_alternatives(d->plan->task) > 0;
    double *probs = mem_alloc(n, d->K * sizeof *probs, e),
           *rewards = probs && reward ? mem_alloc(n, d->K * sizeof *rewards, e) : NULL;
    int rc = probs && (rewards || !reward) ? OK : e->code;
    if (!rc)
        rc = predict_run(d->model, &d->sets[PART_TEST], desk_features(d, PART_TEST),
                         d->job->side->training.micro_tokens, probs, rewards, NULL, e);
    if (!rc)
        rc = probs_accuracy(d, PART_TEST, probs, &c->test, e);
    snprintf(name, sizeof name, POINT_TEST, c->p.step);
    if (!rc)
        rc = array_keep(d, PART_TEST, name, probs, e);
    snprintf(name, sizeof name, POINT_REWARDS, c->p.step);
    if (!rc && reward)
        rc = array_keep(d, PART_TEST, name, rewards, e);
    mem_free(probs);
    mem_free(rewards);
    return rc;
}

/* point_keep_train - what it says of the train part, as a file of its own. */
static int point_keep_train(struct desk *d, const struct curve_point *c, struct err *e)
{
    char name[64];
    double *probs = mem_alloc(d->data->n[PART_TRAIN], d->K * sizeof *probs, e);
    int rc = probs ? predict_run(d->model, &d->sets[PART_TRAIN], desk_features(d, PART_TRAIN),
                                 d->job->side->training.micro_tokens, probs, NULL, NULL, e)
                   : e->code;
    snprintf(name, sizeof name, POINT_TRAIN, c->p.step);
    if (!rc)
        rc = array_keep(d, PART_TRAIN, name, probs, e);
    mem_free(probs);
    return rc;
}

static int train_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct desk *d = ctx;
    struct curve_point c = {*p, (double)NAN, (double)NAN, (double)NAN};
    double *probs = NULL, start, kept;
    int rc = OK;
    if (d->data->n[PART_VALID]) {
        size_t n = d->data->n[PART_VALID], same = 0;
        probs = mem_alloc(n, d->K * sizeof *probs, e);
        rc = probs ? predict_run(d->model, &d->sets[PART_VALID], desk_features(d, PART_VALID),
                                 d->job->side->training.micro_tokens, probs, NULL, NULL, e)
                   : e->code;
        if (!rc)
            rc = probs_accuracy(d, PART_VALID, probs, &c.truth, e);
        if (rc)
            goto out;
        for (size_t i = 0; d->weak_valid && i < n; i++)
            same += metrics_argmax(probs + i * d->K, d->K) ==
                    metrics_argmax(d->weak_valid + i * d->K, d->K);
        if (d->weak_valid)
            c.weak = (double)same / (double)n;
    }
    start = clock_now();
    if (d->job->points && (rc = point_keep(d, &c, e)))
        goto out;
    kept = clock_now();
    if (d->job->train_points && p->step && (rc = point_keep_train(d, &c, e)))
        goto out;
    d->aside[ASIDE_TEST_POINTS].seconds += kept - start;
    d->aside[ASIDE_TRAIN_POINTS].seconds += clock_now() - kept;
    rc = desk_point(d, &c, e);
out:
    mem_free(probs);
    return rc;
}

static int train_keep(struct desk *d, struct err *e)
{
    const char *names[16];
    int rc = OK;
    for (int k = 0; k < PART_COUNT && !rc; k++) {
        enum task_part part = (enum task_part)k;
        if (!desk_predicts(d, part))
            continue;
        bool reward = part == PART_TEST && task_alternatives(d->plan->task);
        rc = train_predict(d, part, &d->probs[part], reward ? &d->rewards : NULL, e);
        if (!rc)
            rc = array_keep(d, part, NULL, d->probs[part], e);
        if (!rc && reward)
            rc = array_keep(d, part, LAB_REWARDS, d->rewards, e);
    }
    if (!rc)
        rc = probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
    for (size_t k = 0; k < d->K; k++)
        names[k] = task_class_name(d->plan->task, k);
    return rc || !d->plan->study->save || d->job->role == JOB_UNTRAINED ? rc
                                                                        : desk_save(d, names, e);
}

/* labels_choose - by how sure the labels are. */
static int labels_choose(struct desk *d, const struct choice *c, struct err *e)
{
    double *share = NULL;
    int rc = c->by == BY_AGREEMENT ? members_agreed(d, &share, e) : OK;
    if (!rc)
        rc = choice_make(c, d->targets, share, d->data->n[d->job->part], d->K, &d->chosen,
                         &d->n_chosen, e);
    mem_free(share);
    return rc;
}

/* train_choose - which of its labels it learns, and which of them people gave. */
static int train_choose(struct desk *d, struct err *e)
{
    const struct choice *c = job_choice(d->plan, d->job);
    size_t n = d->data->n[d->job->part];
    if (d->job->member != ENSEMBLE_NONE)
        return member_choose(d, e);
    if (c->kind == CHOICE_ALL || c->kind == CHOICE_NEIGHBOURS || c->kind == CHOICE_ACTIVE ||
        c->kind == CHOICE_SUPERVISOR || c->kind == CHOICE_CONTRAST)
        return job_chosen(d->plan, d->job, &d->chosen, &d->n_chosen, e);
    if (c->kind == CHOICE_CONFIDENT || c->kind == CHOICE_DYNAMICS || c->kind == CHOICE_TRUST)
        return repair_chosen(d, e);
    if (c->kind != CHOICE_HUMAN)
        return labels_choose(d, c, e);
    uint64_t seed = study_seed(d->plan->study, SEED_LABEL, d->job->repetition);
    int *truth = labels_of(d, d->job->part, e);
    int rc = truth ? choice_human(c, seed, truth, n, d->K, d->targets, &d->chosen, &d->human, e)
                   : e->code;
    d->n_chosen = d->human;
    mem_free(truth);
    return rc;
}

int run_train(struct desk *d, struct err *e)
{
    int rc = train_model(d, e);
    if (!rc)
        rc = train_sets(d, e);
    if (!rc && d->job->role == JOB_UNTRAINED)
        return train_keep(d, e);
    if (!rc && d->job->taught) {
        rc = taught_learn(d, train_eval, e);
        return rc ? rc : train_keep(d, e);
    }
    if (!rc)
        rc = train_targets(d, e);
    if (!rc)
        rc = train_choose(d, e);
    if (rc)
        return rc;
    const struct train_data data = {.tokens = &d->sets[d->job->part],
                                    .targets = d->targets,
                                    .features = desk_features(d, d->job->part),
                                    .chosen = d->chosen,
                                    .n_chosen = d->n_chosen};
    rc = desk_learn(d, &data, train_eval, e);
    if (!rc)
        rc = train_keep(d, e);
    if (!rc && d->job->states)
        rc = states_keep(d, e);
    return rc || !job_leaves_end(d->plan, d->job) ? rc : end_keep(d, e);
}
