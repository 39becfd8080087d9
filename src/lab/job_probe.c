/* clang-format off
 * job_probe.c - probes (probe.h) in a study: of a frozen model's features, or of a student's that
 * was fine-tuned.
 *
 *     features of 2, 6, 12 layers, train --+--> probe of 2 layers, of 6, of 12, by ground truth
 *     features of 2, 6, 12 layers, test ---+    or by what a supervisor says
 *
 * One forward gives every depth that the study asks for, whoever reads it: a file of rows
 * [texts, depths, C] for each part. A probe is a small job, so that a crew fits several at once.
 * clang-format on */
#include "lab/desk.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FEATURES_FILE "features.f32"
/* Of a training whose end is probed, by the part's name. */
#define END_FILE "end-%s.f32"

bool job_probes(const struct job *j)
{
    return j->side && j->side->learner == LEARNER_PROBE && !j->votes && j->role != JOB_FEATURES;
}

/* ---------------------------------------------------------------- plan */

/* depths_of - every depth at which the study's probes read a part of a model, rising; of random
 * weights, and of those that learnt texts first, the job's own, as each depth has its own. */
static size_t depths_of(const struct plan *p, const struct job *j, enum task_part part,
                        size_t depths[2 * STUDY_LIST])
{
    const struct study_side *const sides[] = {&p->study->supervisor, &p->study->student};
    size_t n = 0, whole = weights_config(j->model->weights)->layers;
    depths[n++] = j->layers;
    for (size_t i = 0; i < 2 && !j->side->random && !p->study->generates; i++) {
        const struct study_side *s = sides[i];
        bool has = false;
        for (size_t k = 0; k < s->n_models; k++)
            has = has || plan_model(p, s->models[k]) == j->model;
        if (!has || s->learner != LEARNER_PROBE || s->random || s->n_votes ||
            (i && part == PART_SUPERVISE) ||
            s->training.micro_tokens != j->side->training.micro_tokens)
            continue;
        for (size_t k = 0; k < s->n_layers; k++) {
            size_t own = s->layers[k] ? s->layers[k] : whole, at = 0;
            while (at < n && depths[at] < own)
                at++;
            if (own > whole || (at < n && depths[at] == own)) /* too many: said where it is met */
                continue;
            memmove(depths + at + 1, depths + at, (n++ - at) * sizeof *depths);
            depths[at] = own;
        }
    }
    return n;
}

int probe_needs(struct plan *p, struct job *j, struct err *e)
{
    for (int part = 0; part < PART_COUNT; part++) {
        size_t depths[2 * STUDY_LIST];
        struct job f = *j, *added;
        if (!job_reads(j, (enum task_part)part) || !p->data[j->repetition].n[part])
            continue;
        f.role = JOB_FEATURES;
        f.part = (enum task_part)part;
        f.supervisor = NULL;
        f.method = NULL;
        f.base = NULL; /* its own is added as any job's */
        f.n_needs = 0;
        f.n_depths = depths_of(p, j, f.part, depths);
        f.layers = depths[f.n_depths - 1];
        size_t *own = arena_alloc(&p->arena, f.n_depths, sizeof *own, e);
        if (!own)
            return e->code;
        memcpy(own, depths, f.n_depths * sizeof *own);
        f.depths = own;
        int rc = plan_add(p, &f, &added, e);
        if (rc)
            return rc;
        job_need(j, added);
    }
    return OK;
}

void probe_settle(struct plan *p)
{
    for (size_t i = 0; i < p->n_jobs; i++) {
        struct job *f = p->jobs[i];
        bool needed = f->role != JOB_FEATURES;
        for (size_t k = 0; k < p->n_jobs && !needed; k++)
            for (size_t n = 0; n < p->jobs[k]->n_needs; n++)
                needed = needed || (p->jobs[k]->needs[n] == f && p->jobs[k]->state == JOB_TODO);
        if (!needed)
            f->state = JOB_FOUND;
    }
}

size_t probe_bytes(const struct plan *p, const struct job *j)
{
    size_t rows = p->data[j->repetition].n[j->part] * plan_texts(p), bytes;
    size_t C = weights_config(j->model->weights)->channels;
    size_t vectors = job_outputs(p) * 40; /* theta, and what L-BFGS remembers of it */
    return size_mul(rows + vectors, C * sizeof(double), &bytes) ? bytes : SIZE_MAX;
}

/* ---------------------------------------------------------------- names */

/* source_json - what features depend on, in an open object; not on the other depths. */
static void source_json(struct js *w, const struct plan *p, const struct job *j)
{
    spec_model(w, p, j, p->threads);
    js_key(w, "weights"), js_str(w, study_weights_names[j->side->random]);
    if (j->base)
        js_key(w, "start"), js_str(w, j->base->hash);
    if (j->side->random)
        js_key(w, "seed_init"), js_int(w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_key(w, "max_tokens"), js_int(w, (int64_t)p->study->max_tokens);
    js_key(w, "micro_tokens"), js_int(w, (int64_t)j->side->training.micro_tokens);
    js_key(w, "data"), js_open(w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (job_reads(j, (enum task_part)part))
            js_key(w, lab_part_names[part]), js_str(w, p->data[j->repetition].part_hash[part]);
    js_close(w, '}');
}

int spec_features(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    source_json(&w, p, j);
    js_key(&w, "depths"), js_open(&w, '[');
    for (size_t i = 0; i < j->n_depths; i++)
        js_int(&w, (int64_t)j->depths[i]);
    js_close(&w, ']');
    js_close(&w, '}');
    return str_check(out, e);
}

/* settings_json - what of the study's settings changes a probe. */
static void settings_json(struct js *w, const struct plan *p)
{
    const struct probe_settings *s = &p->study->probe;
    js_key(w, "c"), js_open(w, '[');
    for (size_t i = 0; i < s->n; i++)
        js_real(w, s->c[i]);
    js_close(w, ']');
    if (s->n > 1)
        js_key(w, "folds"), js_int(w, (int64_t)s->folds);
}

int spec_probe(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    source_json(&w, p, j);
    js_key(&w, "layers"), js_int(&w, (int64_t)j->layers);
    js_key(&w, "part"), js_str(&w, lab_part_names[j->part]);
    js_key(&w, "targets"), js_str(&w, j->supervisor ? j->supervisor->hash : "ground truth");
    settings_json(&w, p);
    js_close(&w, '}');
    return str_check(out, e);
}

int spec_probed(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct str student = STR_INIT;
    struct js w;
    int rc = spec_train(p, j, &student, e);
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, job_kind(p, j)->name);
    js_key(&w, "student"), js_raw(&w, student.s);
    settings_json(&w, p);
    js_close(&w, '}');
    str_release(&student);
    return rc ? rc : str_check(out, e);
}

/* ---------------------------------------------------------------- features */

/* Rows of features go to a file, or to memory. */
struct rows {
    struct file_out *file;
    float *at;
    size_t C;
};

static int rows_add(void *ctx, const float *rows, size_t n, struct err *e)
{
    struct rows *r = ctx;
    if (r->file)
        return file_out_write(r->file, rows, n * r->C * sizeof *rows, e);
    memcpy(r->at, rows, n * r->C * sizeof *rows);
    r->at += n * r->C;
    return OK;
}

/* part_rows - of the desk's model, at n depths, of a part whose tokens are made; word: what
 * progress calls them. */
static int part_rows(struct desk *d, enum task_part part, const size_t *depths, size_t n,
                     const char *word, struct rows *rows, struct err *e)
{
    const struct token_set *t = &d->sets[part];
    struct progress progress;
    char what[96];
    snprintf(what, sizeof what, "%s of %s", word, lab_part_names[part]);
    rows->C = d->model->cfg.channels;
    progress_begin(&progress, d->plan->lab->log, what, (double)t->n, "tokens");
    int rc = features_last(d->model, t, depths, n, d->job->side->training.micro_tokens, &progress,
                           rows_add, rows, e);
    progress_end(&progress, rc);
    return rc;
}

int desk_rows_keep(struct desk *d, enum task_part part, const size_t *depths, size_t n,
                   const char *word, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    struct rows rows = {NULL, NULL, 0};
    int rc = desk_path(d, name, &path, e);
    if (!rc)
        rc = file_out_open(&rows.file, path.s, e);
    if (!rc)
        rc = part_rows(d, part, depths, n, word, &rows, e);
    if (!rc)
        rc = file_out_commit(rows.file, e);
    file_out_close(rows.file);
    str_release(&path);
    return rc;
}

int run_features(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    struct token_set *t = &d->sets[j->part];
    int rc = desk_model(d, e);
    if (!rc)
        rc = token_set_make(t, d->data->part[j->part], d->data->n[j->part], j->model->tokenizer, e);
    if (!rc)
        rc = desk_rows_keep(d, j->part, j->depths, j->n_depths, "features", FEATURES_FILE, e);
    if (!rc)
        desk_forward(d, (double)token_set_total(t), (double)(t->n * t->per));
    d->accuracy = (double)NAN;
    return rc;
}

/* features - of a part, as a finished job left them, at the depth of the one that reads. */
struct features_view {
    struct file_map map;
    const float *x; /* rows ld apart */
    size_t ld;
    double tokens;
};

static int features_open(struct features_view *v, const struct desk *d, enum task_part part,
                         struct err *e)
{
    const struct job *f = NULL;
    struct str path = STR_INIT;
    struct doc_tree result = DOC_TREE_INIT;
    size_t C = weights_config(d->job->model->weights)->channels, at = 0;
    size_t texts = d->data->n[part] * plan_texts(d->plan);
    *v = (struct features_view){.tokens = 0};
    for (size_t i = 0; i < d->job->n_needs; i++)
        if (d->job->needs[i]->role == JOB_FEATURES && d->job->needs[i]->part == part)
            f = d->job->needs[i];
    BUG_ON(!f);
    while (f->depths[at] != d->job->layers)
        at++;
    v->ld = f->n_depths * C;
    store_job_path(d->plan->lab->store, f->hash, FEATURES_FILE, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = file_map_open(&v->map, path.s, e);
    if (!rc && v->map.size != texts * v->ld * sizeof *v->x) {
        err_set(e, ERR_INPUT, "%s: %zu bytes, wanted %zu", path.s, v->map.size,
                texts * v->ld * sizeof *v->x);
        rc = store_job_broken(d->plan->lab->store, f->hash, e);
    }
    if (!rc)
        rc = store_result(d->plan->lab->store, f->hash, &result, e);
    if (!rc)
        rc = doc_opt_real(result.root, "predicted_tokens", 0, HUGE_VAL, &v->tokens, e);
    if (!rc)
        v->x = (const float *)(const void *)v->map.data + at * C;
    doc_tree_release(&result);
    str_release(&path);
    return rc;
}

/* ---------------------------------------------------------------- probes */

/* more_json - what its result says of the fit. */
static void more_json(struct desk *d)
{
    const struct probe_settings *s = &d->plan->study->probe;
    struct js w;
    js_init(&w, &d->more);
    js_open(&w, '{');
    js_key(&w, "c"), js_real(&w, d->probe.c);
    js_key(&w, "loss"), js_real(&w, d->probe.loss);
    js_key(&w, "iterations"), js_int(&w, (int64_t)d->probe.iterations);
    js_key(&w, "held_out"), js_open(&w, '[');
    for (size_t k = 0; s->n > 1 && k < s->n; k++)
        js_real(&w, d->probe.held_out[k]);
    js_close(&w, ']');
    js_close(&w, '}');
}

/* probe_learn - d->probe, on a part with labels y [n,K]. */
static int probe_learn(struct desk *d, enum task_part part, const float *x, size_t ld,
                       const double *y, struct err *e)
{
    uint64_t *question = part_questions(d->data, part, e);
    if (!question)
        return e->code;
    struct probe_data data = {.n = d->data->n[part],
                              .per = plan_texts(d->plan),
                              .C = weights_config(d->job->model->weights)->channels,
                              .K = d->K,
                              .x = x,
                              .ld = ld,
                              .y = y,
                              .question = question};
    int rc = probe_fit(&d->probe, &d->plan->study->probe, &data, e);
    d->flops += d->probe.operations;
    if (!rc)
        more_json(d);
    mem_free(question);
    return rc;
}

/* probe_keep - what it says of a part. */
static int probe_keep(struct desk *d, enum task_part part, const float *x, size_t ld, struct err *e)
{
    size_t n = d->data->n[part];
    bool reward = part == PART_TEST && task_alternatives(d->plan->task);
    if (!d->probs[part])
        d->probs[part] = mem_alloc(n, d->K * sizeof(double), e);
    if (d->probs[part] && reward && !d->rewards)
        d->rewards = mem_alloc(n, d->K * sizeof(double), e);
    if (!d->probs[part] || (reward && !d->rewards))
        return e->code;
    int rc = probe_predict(&d->probe, x, ld, n, d->probs[part], reward ? d->rewards : NULL, e);
    d->flops += probe_operations(&d->probe, n);
    if (!rc)
        rc = array_keep(d, part, NULL, d->probs[part], e);
    if (!rc && reward)
        rc = array_keep(d, part, LAB_REWARDS, d->rewards, e);
    return rc;
}

int run_probe(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    struct features_view views[PART_COUNT] = {{.x = NULL}};
    double texts = 0, tokens = 0;
    int rc = j->supervisor ? job_probs(d->plan, j->supervisor, j->part, &d->targets, e)
                           : desk_truth(d, j->part, &d->targets, e);
    for (int k = 0; k < PART_COUNT && !rc; k++) {
        enum task_part part = (enum task_part)k;
        if (!d->data->n[part] || !job_reads(j, part))
            continue;
        rc = features_open(&views[k], d, part, e);
        texts += (double)(d->data->n[part] * plan_texts(d->plan));
        tokens += views[k].tokens;
    }
    if (!rc)
        rc = probe_learn(d, j->part, views[j->part].x, views[j->part].ld, d->targets, e);
    for (int k = 0; k < PART_COUNT && !rc; k++)
        if (desk_predicts(d, (enum task_part)k))
            rc = probe_keep(d, (enum task_part)k, views[k].x, views[k].ld, e);
    if (!rc)
        rc = probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
    if (!rc)
        desk_forward(d, tokens, texts);
    for (int k = 0; k < PART_COUNT; k++)
        if (views[k].map.data)
            file_map_close(&views[k].map);
    return rc;
}

/* ---------------------------------------------------------------- students that are probed */

/* end_path - of a part, in the folder of a finished job. */
static int end_path(const struct plan *p, const struct job *j, enum task_part part,
                    struct str *path, struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, END_FILE, lab_part_names[part]);
    store_job_path(p->lab->store, j->hash, name, path);
    return str_check(path, e);
}

static bool end_there(const struct plan *p, const struct job *j)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    bool there = !end_path(p, j, PART_TEST, &path, &ignored) && file_exists(path.s);
    str_release(&path);
    return there;
}

bool job_leaves_end(const struct plan *p, const struct job *j)
{
    bool probed = false;
    /* who keeps every point of a curve keeps its own */
    if (j->role != JOB_STUDENT || j->method != method_find("naive") || p->study->test_curve)
        return false;
    for (size_t i = 0; i < p->study->n_methods; i++)
        probed = probed || p->study->methods[i]->recipe == RECIPE_PROBED;
    return probed && (j->state != JOB_FOUND || end_there(p, j));
}

bool job_probed(const struct job *j)
{
    return j->role == JOB_STUDENT && j->method->recipe == RECIPE_PROBED;
}

const struct job *job_end(const struct job *j)
{
    for (size_t i = 0; job_probed(j) && i < j->n_needs; i++)
        if (j->needs[i]->role == JOB_STUDENT)
            return j->needs[i];
    return NULL;
}

/* probed_reads - whether a probe learns from a part or predicts it. */
static bool probed_reads(const struct desk *d, enum task_part part)
{
    return part == d->job->part || desk_predicts(d, part);
}

/* end_rows - the last tokens' features of a part, by the model as it is now; *rows mem_free. */
static int end_rows(struct desk *d, enum task_part part, float **rows, struct err *e)
{
    const struct token_set *t = &d->sets[part];
    size_t depth = d->model->cfg.layers;
    *rows = mem_alloc(t->n * t->per, d->model->cfg.channels * sizeof **rows, e);
    struct rows to = {NULL, *rows, 0};
    return *rows ? part_rows(d, part, &depth, 1, "features", &to, e) : e->code;
}

int end_keep(struct desk *d, struct err *e)
{
    double start = clock_now();
    int rc = OK;
    for (int k = 0; k < PART_COUNT && !rc; k++) {
        enum task_part part = (enum task_part)k;
        size_t depth = d->model->cfg.layers;
        char name[32];
        if (!probed_reads(d, part))
            continue;
        snprintf(name, sizeof name, END_FILE, lab_part_names[part]);
        rc = desk_rows_keep(d, part, &depth, 1, "features", name, e);
    }
    d->aside[ASIDE_END].seconds = clock_now() - start; /* the probe counts what it reads */
    return rc;
}

/* end_read - of a part, as naive's training left them; *rows mem_free. */
static int end_read(struct desk *d, enum task_part part, float **rows, struct err *e)
{
    const struct job *from = job_end(d->job);
    struct file_map map = {0};
    struct str path = STR_INIT;
    size_t want = d->data->n[part] * plan_texts(d->plan) *
                  weights_config(d->job->model->weights)->channels * sizeof **rows;
    int rc = end_path(d->plan, from, part, &path, e);
    if (!rc)
        rc = file_map_open(&map, path.s, e);
    if (!rc && map.size != want)
        rc = err_set(e, ERR_INPUT, "%s: %zu bytes, wanted %zu", path.s, map.size, want);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, from->hash, e);
    if (!rc && !(*rows = mem_alloc(1, want, e)))
        rc = e->code;
    if (!rc)
        memcpy(*rows, map.data, want);
    if (map.data)
        file_map_close(&map);
    str_release(&path);
    return rc;
}

/* probed_rows - what the student's last block makes of a part, and what that takes. */
static int probed_rows(struct desk *d, enum task_part part, float **rows, struct err *e)
{
    const struct token_set *t = &d->sets[part];
    int rc = d->model ? end_rows(d, part, rows, e) : end_read(d, part, rows, e);
    if (!rc)
        desk_forward(d, (double)token_set_total(t), (double)(t->n * t->per));
    return rc;
}

/* probed_train - the student as naive's: trained here, or, where that training left what it has
 * become, no more than its texts, of which there is something to count. */
static int probed_train(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    int rc = OK;
    if (!job_end(j) || !end_there(d->plan, job_end(j)))
        return run_train(d, e);
    for (int k = 0; k < PART_COUNT && !rc; k++)
        if (probed_reads(d, (enum task_part)k))
            rc = token_set_make(&d->sets[k], d->data->part[k], d->data->n[k], j->model->tokenizer,
                                e);
    return rc;
}

/* run_probed - the student is trained and predicts as naive's, or is naive's; then a probe on what
 * its blocks have become takes the place of its head, fitted on the true labels of the same
 * examples. */
int run_probed(struct desk *d, struct err *e)
{
    float *rows = NULL;
    double *truth = NULL;
    size_t ld = weights_config(d->job->model->weights)->channels;
    int rc = probed_train(d, e);
    if (!rc)
        rc = desk_truth(d, d->job->part, &truth, e);
    if (!rc)
        rc = probed_rows(d, d->job->part, &rows, e);
    if (!rc)
        rc = probe_learn(d, d->job->part, rows, ld, truth, e);
    for (int k = 0; k < PART_COUNT && !rc; k++) {
        if (!desk_predicts(d, (enum task_part)k))
            continue;
        mem_free(rows);
        rows = NULL;
        rc = probed_rows(d, (enum task_part)k, &rows, e);
        if (!rc)
            rc = probe_keep(d, (enum task_part)k, rows, ld, e);
    }
    if (!rc)
        rc = probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
    mem_free(rows);
    mem_free(truth);
    return rc;
}
