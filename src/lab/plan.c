/* plan.c - study -> jobs. A job's hash is made here and nowhere else, of its spec (spec.c). */
#include "lab/desk.h"
#include "lab/generative.h"
#include "lab/prompting.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"
#include "data/lint.h"
#include "data/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const lab_part_names[PART_COUNT] = {"supervise", "train", "valid", "test"};
const char *const job_roles[] = {"supervisor", "ceiling",        "student",  "untrained", "repair",
                                 "debater",    "language model", "features", "recital"};

struct model_config job_config(const struct job *j)
{
    struct model_config c = {.layers = 0};
    if (!j->model)
        return c;
    c = *weights_config(j->model->weights);
    c.layers = j->layers;
    return c;
}

void job_who(const struct job *j, struct str *out)
{
    if (j->imported)
        str_cat(out, j->votes);
    else if (j->votes)
        str_addf(out, "%s/%s",
                 j->simulated  ? "simulated"
                 : j->ensemble ? "ensemble"
                 : j->given    ? "labels"
                               : "votes",
                 j->votes);
    else
        str_addf(out, "%s/%zu%s", j->model->name, j->layers, j->side->random ? "/random" : "");
    if (!j->imported)
        job_judge_id(j, out), job_asked_id(j, out);
    if (!j->imported && !j->votes && j->side->learner == LEARNER_PROBE)
        str_cat(out, "/probe");
}

void job_settings(const struct plan *p, const struct job *j, struct train_settings *t)
{
    *t = j->side->training;
    if (j->supervisor && j->method)
        t->loss = *method_loss(&p->study->settings, j->method);
    t->seed_order = study_seed(p->study, SEED_ORDER, j->repetition);
}

const struct choice *job_choice(const struct plan *p, const struct job *j)
{
    static const struct choice all = {.kind = CHOICE_ALL};
    return j->supervisor && j->method ? method_choice(&p->study->settings, j->method) : &all;
}

bool job_reads(const struct job *j, enum task_part part)
{
    if (j->role == JOB_UNTRAINED)
        return part == PART_TEST || (part == PART_TRAIN && j->labels);
    if (j->role == JOB_RECITE)
        return part == PART_TEST;
    if (j->role == JOB_REPAIR)
        return part == PART_TRAIN;
    if (j->role == JOB_LM)
        return part == PART_SUPERVISE || part == PART_TRAIN;
    if (j->role == JOB_FEATURES)
        return part == j->part;
    return part != PART_SUPERVISE || j->part == PART_SUPERVISE;
}

size_t job_outputs(const struct plan *p)
{
    return task_alternatives(p->task) ? 1 : task_classes(p->task);
}

const char *job_head_word(const struct plan *p, size_t k)
{
    return task_alternatives(p->task) ? task_reward_word(p->task) : task_label_word(p->task, k);
}

bool job_head(const struct plan *p, const struct job *j, int32_t *rows)
{
    bool words = true;
    BUG_ON(task_classes(p->task) > 16);
    for (size_t k = 0; k < job_outputs(p); k++) {
        const char *word = job_head_word(p, k);
        int32_t id = word ? tokenizer_find(j->model->tokenizer, word) : -1;
        rows[k] = word && id < 0 ? -2 : id;
        words = words && id >= 0;
    }
    return words;
}

size_t plan_texts(const struct plan *p)
{
    size_t k = task_alternatives(p->task);
    return k ? k : 1;
}

/* piece_tokens - tokens of the largest piece of a batch; *whole: no batch has a second one. An
 * example is never cut in two. */
static size_t piece_tokens(const struct plan *p, const struct job *j, bool *whole)
{
    const struct train_settings *t = &j->side->training;
    size_t example = plan_texts(p) * p->study->max_tokens, tokens;
    *whole = size_mul(t->batch, example, &tokens) && tokens <= t->micro_tokens;
    return *whole ? tokens : t->micro_tokens > example ? t->micro_tokens : example;
}

size_t job_bytes(const struct plan *p, const struct job *j)
{
    struct model_config c = job_config(j);
    bool whole;
    if (job_asks(j) || job_argues(j))
        return prompting_bytes(p, j);
    size_t tokens = piece_tokens(p, j, &whole);
    if (job_probes(j) || job_end(j))
        return probe_bytes(p, j);
    if (job_trusts(j))
        return trust_bytes(p, j);
    bool forward = j->role == JOB_UNTRAINED || j->role == JOB_FEATURES || j->role == JOB_RECITE;
    size_t bytes = forward ? model_bytes_predicting(&c, tokens)
                           : model_bytes(&c, &j->trainable, tokens, whole);
    /* The logits of answers, and what the optimizer has of them, of every word in the vocabulary */
    bool lm = j->role == JOB_LM || j->role == JOB_RECITE;
    size_t rows =
        lm ? tokens : tokens / p->study->max_tokens * p->data[j->repetition].answer_tokens;
    return (task_writes(p->task) || lm) && bytes < SIZE_MAX / 2
               ? bytes + rows * c.vocab * sizeof(float)
               : bytes;
}

int memory_check(size_t bytes, struct err *e)
{
    struct str wanted = STR_INIT, there = STR_INIT;
    if (bytes <= mem_machine())
        return OK;
    str_bytes(&wanted, (double)bytes);
    str_bytes(&there, (double)mem_machine());
    err_set(e, ERR_NOMEM, "out of memory: it takes about %s, and the machine has %s",
            wanted.failed ? "more" : wanted.s, there.failed ? "less" : there.s);
    str_release(&wanted);
    str_release(&there);
    return ERR_NOMEM;
}

/* A job is small where the products of one piece of a batch are fewer operations than this. Such a
 * piece takes a few milliseconds, of which the meeting of threads at a hundred operations is a good
 * part: at 3e8 (4 blocks of 128 channels, 2 cores of a Zen 4) a second thread saved a seventh of
 * the time, and on a machine that others used too it cost more than it saved. A second job beside
 * it meets nobody. */
#define SMALL_PIECE 5e8

/* job_threads - one for a small job, alone or among others: its bits do not tell. */
static int job_threads(const struct plan *p, const struct job *j)
{
    struct model_config c = job_config(j);
    bool whole;
    size_t tokens = piece_tokens(p, j, &whole);
    size_t texts = tokens / p->study->max_tokens;
    if (job_trusts(j))
        return 1;
    if (job_probes(j) || j->role == JOB_FEATURES) /* which have the same bits whatever is deepest */
        return job_probes(j) ? 1 : p->threads;
    return model_flops(&c, &j->trainable, tokens, texts ? texts : 1, false) < SMALL_PIECE
               ? 1
               : p->threads;
}

void job_how(const struct job *j, struct str *out)
{
    job_judge_words(j, out);
    if (out->len && job_asks(j))
        str_cat(out, ", ");
    job_asked_words(j, out);
    if (j->side->learner == LEARNER_PROBE)
        str_cat(out, "probe");
}

/* models of one name are told from another by name only where there is more than one */
static void model_words(const struct plan *p, const struct job *j, struct str *out)
{
    if (j->votes) {
        str_cat(out, j->votes);
        return;
    }
    size_t whole = weights_config(j->model->weights)->layers;
    if (p->n_models > 1)
        str_addf(out, "%s ", j->model->shown);
    if (j->layers < whole)
        str_addf(out, "%zu of %zu layers", j->layers, whole);
    else
        str_addf(out, "%zu layer%s", whole, whole > 1 ? "s" : "");
    if (j->side->random)
        str_cat(out, ", random weights");
    struct str how = STR_INIT;
    job_how(j, &how);
    if (how.len)
        str_addf(out, ", %s", how.s);
    str_release(&how);
}

static void features_label(const struct plan *p, const struct job *j, struct str *out)
{
    str_cat(out, "features of ");
    if (p->n_models > 1)
        str_addf(out, "%s ", j->model->shown);
    for (size_t i = 0; i < j->n_depths; i++)
        str_addf(out, "%s%zu", i ? ", " : "", j->depths[i]);
    str_addf(out, " layer%s%s, %s", j->depths[j->n_depths - 1] > 1 ? "s" : "",
             j->side->random ? ", random weights" : "", lab_part_names[j->part]);
}

const struct job *job_root(const struct job *j)
{
    const struct job *root = j->supervisor;
    while (root && root->supervisor)
        root = root->supervisor;
    return root;
}

/* chain_words - the models between a supervisor at the beginning and a student, the last one j. */
static void chain_words(const struct plan *p, const struct job *j, struct str *out)
{
    if (!j->supervisor)
        return;
    chain_words(p, j->supervisor, out);
    if (j->role == JOB_REPAIR) /* no link: the labels of the one before */
        return;
    str_cat(out, j->supervisor->supervisor ? ", " : " through ");
    model_words(p, j, out);
}

/* trust_label - of whose labels are trusted, and where those come from. */
static void trust_label(const struct plan *p, const struct job *j, struct str *out)
{
    const struct job *of = j->supervisor;
    str_cat(out, "trust in ");
    model_words(p, of, out);
    if (!of->supervisor)
        return;
    str_cat(out, ", from ");
    model_words(p, job_root(of), out);
    chain_words(p, of->supervisor, out);
}

static void job_label(const struct plan *p, struct job *j)
{
    struct str s = STR_INIT;
    if (j->role == JOB_FEATURES) {
        features_label(p, j, &s);
    } else if (job_trusts(j)) {
        trust_label(p, j, &s);
    } else {
        str_addf(&s, "%s ", job_roles[j->role]);
        model_words(p, j, &s);
    }
    if (j->member != ENSEMBLE_NONE)
        str_addf(&s, ", %s %zu", ensemble_names[j->member], j->round);
    if (j->taught)
        str_cat(&s, ", human labels too");
    if (j->role == JOB_STUDENT || (j->role == JOB_REPAIR && !job_trusts(j))) {
        str_addf(&s, ", %s, from ", j->method->name);
        model_words(p, job_root(j), &s);
        chain_words(p, j->supervisor, &s);
    }
    if (p->study->seeds > 1)
        str_addf(&s, ", seed %zu", j->repetition);
    snprintf(j->label, sizeof j->label, "%s", s.s);
    str_release(&s);
}

int plan_job(struct plan *p, const struct job *like, const char *spec, struct job **out,
             struct err *e)
{
    char hash[HASH_HEX];
    int rc = hash_bytes(spec, strlen(spec), hash, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < p->n_jobs; i++)
        if (strcmp(p->jobs[i]->hash, hash) == 0) {
            *out = p->jobs[i];
            return OK;
        }
    struct job *j = arena_alloc(&p->arena, 1, sizeof *j, e);
    rc = j ? mem_grow(&p->jobs, &p->cap_jobs, p->n_jobs + 1, sizeof *p->jobs, e) : e->code;
    if (rc)
        return rc;
    *j = *like;
    j->kind = job_kind(p, like);
    memcpy(j->hash, hash, sizeof hash);
    j->spec = arena_strdup(&p->arena, spec, e);
    if (!j->spec)
        return e->code;
    job_label(p, j);
    j->state = store_has(p->lab->store, hash) ? JOB_FOUND : JOB_TODO;
    p->jobs[p->n_jobs++] = j;
    *out = j;
    return OK;
}

void job_need(struct job *j, const struct job *on)
{
    for (size_t i = 0; i < j->n_needs; i++)
        if (j->needs[i] == on)
            return;
    BUG_ON(j->n_needs == JOB_NEEDS);
    j->needs[j->n_needs++] = on;
}

int plan_add(struct plan *p, const struct job *like, struct job **out, struct err *e)
{
    struct str spec = STR_INIT;
    struct job asked = *like;
    int rc = generative_base(p, &asked, e);
    if (rc)
        return rc;
    asked.threads = job_threads(p, like);
    rc = job_probes(like) ? probe_needs(p, &asked, e) : OK;
    if (!rc)
        rc = job_kind(p, like)->spec(p, &asked, &spec, e);
    if (!rc)
        rc = plan_job(p, &asked, spec.s, out, e);
    str_release(&spec);
    return rc;
}

const struct lab_model *plan_model(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_models; i++)
        if (strcmp(p->models[i].name, name) == 0)
            return &p->models[i];
    BUG("model %s was not opened", name);
}

int plan_open(struct plan *p, const struct lab *lab, const struct study *s, struct err *e)
{
    memset(p, 0, sizeof *p);
    p->lab = lab;
    p->study = s;
    p->threads = lab->threads ? lab->threads : par_threads();
    str_init(&p->data_dir);
    str_init(&p->passed);
    int rc = plan_models_open(p, e);
    if (!rc)
        rc = plan_data_draw(p, e);
    if (!rc)
        rc = plan_writes(p, e);
    if (!rc)
        rc = prompting_check(p, e);
    if (!rc)
        rc = debate_check(p, e);
    if (rc)
        plan_release(p);
    return rc ? err_wrap(e, "study %s", s->name) : OK;
}

int plan_make(struct plan *p, const struct lab *lab, const struct study *s, struct err *e)
{
    int rc = plan_open(p, lab, s, e);
    if (rc)
        return rc;
    rc = plan_pairs(p, e);
    if (rc)
        plan_release(p);
    else
        probe_settle(p);
    return rc ? err_wrap(e, "study %s", s->name) : OK;
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; p->data && i < p->study->seeds; i++)
        dataset_release(&p->data[i]);
    for (size_t i = 0; i < p->n_models; i++)
        lab_model_close(&p->models[i]);
    for (size_t i = 0; p->given && i < p->study->supervisor.n_votes; i++)
        given_free(p->given[i]);
    task_free(p->task);
    str_release(&p->data_dir);
    str_release(&p->passed);
    mem_free(p->jobs);
    mem_free(p->pairs);
    mem_free(p->left_out);
    arena_release(&p->arena);
}

/* job_array - [n,K] of a part, from a file of the job's. check: probabilities. */
static int job_array(const struct plan *p, const struct job *j, enum task_part part,
                     const char *name, bool check, double **out, struct err *e)
{
    struct str path = STR_INIT;
    store_job_path(p->lab->store, j->hash, name, &path);
    int rc = str_check(&path, e);
    size_t n = p->data[j->repetition].n[part], K = task_classes(p->task);
    if (!rc && !(rc = store_array_read(path.s, out, n * K, e)) && check &&
        (rc = predict_check(*out, n, K, e))) {
        err_wrap(e, "%s", path.s);
        mem_free(*out);
        *out = NULL;
    }
    if (rc == ERR_INPUT)
        rc = store_job_broken(p->lab->store, j->hash, e);
    str_release(&path);
    return rc;
}

int job_probs(const struct plan *p, const struct job *j, enum task_part part, double **probs,
              struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, "%s.f64", lab_part_names[part]);
    return job_array(p, j, part, name, true, probs, e);
}

int job_rewards(const struct plan *p, const struct job *j, double **rewards, struct err *e)
{
    return job_array(p, j, PART_TEST, LAB_REWARDS, false, rewards, e);
}

struct lines {
    job_line_fn *fn;
    void *ctx;
    const struct example *x;
    size_t n, at; /* examples; whose row is next */
};

static int lines_row(void *ctx, const struct doc *row, struct err *e)
{
    struct lines *l = ctx;
    const char *id;
    int rc = doc_str(row, "id", &id, e);
    if (rc)
        return rc;
    if (l->at == l->n || strcmp(l->x[l->at].id, id) != 0)
        return doc_fail(row, e, "it is about %s, which is not example %zu of the part", id,
                        l->at + 1);
    return l->fn(l->ctx, l->at++, row, e);
}

int job_lines(const struct plan *p, const struct job *j, enum task_part part, job_line_fn *fn,
              void *ctx, struct err *e)
{
    static const struct table_settings settings = {.format = TABLE_JSONL};
    const struct dataset *d = &p->data[j->repetition];
    struct lines l = {fn, ctx, d->part[part], d->n[part], 0};
    struct str path = STR_INIT;
    char name[32];
    snprintf(name, sizeof name, "%s.jsonl", lab_part_names[part]);
    store_job_path(p->lab->store, j->hash, name, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = table_read(path.s, &settings, lines_row, &l, e);
    if (!rc && l.at != l.n)
        rc = err_set(e, ERR_INPUT, "%s: rows of %zu examples, wanted %zu", path.s, l.at, l.n);
    if (rc == ERR_INPUT)
        rc = store_job_broken(p->lab->store, j->hash, e);
    str_release(&path);
    return rc;
}
