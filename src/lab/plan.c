/* plan.c - study -> jobs. A job's hash is made here and nowhere else, of its spec (spec.c). */
#include "lab/desk.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"
#include "data/lint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const lab_part_names[PART_COUNT] = {"supervise", "train", "valid", "test"};
const char *const job_roles[] = {"supervisor", "ceiling", "student", "untrained"};

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
        str_addf(out, "%s/%s", j->given ? "labels" : "votes", j->votes);
    else
        str_addf(out, "%s/%zu%s", j->model->name, j->layers, j->side->random ? "/random" : "");
}

void job_settings(const struct plan *p, const struct job *j, struct train_settings *t)
{
    *t = j->side->training;
    if (j->supervisor && j->method)
        t->loss = *method_loss(&p->study->settings, j->method);
    t->seed_order = study_seed(p->study, SEED_ORDER, j->repetition);
}

bool job_reads(const struct job *j, enum task_part part)
{
    if (j->role == JOB_UNTRAINED)
        return part == PART_TEST;
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
    size_t tokens = piece_tokens(p, j, &whole);
    size_t bytes = j->role == JOB_UNTRAINED ? model_bytes_predicting(&c, tokens)
                                            : model_bytes(&c, &j->trainable, tokens, whole);
    /* The logits of answers, and what the optimizer has of them, of every word in the vocabulary */
    size_t rows = tokens / p->study->max_tokens * p->data[j->repetition].answer_tokens;
    return task_writes(p->task) && bytes < SIZE_MAX / 2 ? bytes + rows * c.vocab * sizeof(float)
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
    return model_flops(&c, &j->trainable, tokens, texts ? texts : 1, false) < SMALL_PIECE
               ? 1
               : p->threads;
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
    str_addf(out, j->layers < whole ? "%zu of %zu layers" : "%zu layers", j->layers, whole);
    if (j->side->random)
        str_cat(out, ", random weights");
}

static void job_label(const struct plan *p, struct job *j)
{
    struct str s = STR_INIT;
    str_addf(&s, "%s ", job_roles[j->role]);
    model_words(p, j, &s);
    if (j->role == JOB_STUDENT) {
        str_addf(&s, ", %s, from ", j->method->name);
        model_words(p, j->supervisor, &s);
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

/* plan_add - the job like this one. */
static int plan_add(struct plan *p, const struct job *like, struct job **out, struct err *e)
{
    struct str spec = STR_INIT;
    struct job asked = *like;
    asked.threads = job_threads(p, like);
    int rc = job_kind(p, like)->spec(p, &asked, &spec, e);
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

/* models_show - each model's name for people. */
static int models_show(struct plan *p, struct err *e)
{
    const char *names[2 * STUDY_LIST];
    bool paths[2 * STUDY_LIST];
    struct str shown = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < p->n_models; i++) {
        names[i] = p->models[i].name;
        paths[i] = asset_is_path(p->lab->assets, names[i]);
    }
    for (size_t i = 0; i < p->n_models && !rc; i++) {
        str_reset(&shown);
        shown_name(names, paths, p->n_models, i, &shown);
        rc = str_check(&shown, e);
        if (!rc && !(p->models[i].shown = arena_strdup(&p->arena, shown.s, e)))
            rc = e->code;
    }
    str_release(&shown);
    return rc;
}

static int models_open(struct plan *p, struct err *e)
{
    const struct study_side *sides[2] = {&p->study->supervisor, &p->study->student};
    p->models = arena_alloc(&p->arena, 2 * STUDY_LIST, sizeof *p->models, e);
    if (!p->models)
        return e->code;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sides[i]->n_models; k++) {
            bool open = false;
            for (size_t m = 0; m < p->n_models; m++)
                open = open || strcmp(p->models[m].name, sides[i]->models[k]) == 0;
            if (open)
                continue;
            int rc = lab_model_open(&p->models[p->n_models], p->lab, sides[i]->models[k], e);
            if (rc)
                return rc;
            size_t most = weights_config(p->models[p->n_models++].weights)->positions;
            if (p->study->max_tokens > most)
                return err_set(e, ERR_INPUT, "data.max_tokens is %zu, model %s takes at most %zu",
                               p->study->max_tokens, sides[i]->models[k], most);
        }
    return models_show(p, e);
}

/* data_cut - every model of the study reads the same text: one cut for all their tokenizers. */
static int data_cut(const struct plan *p, struct dataset *d, struct log *log, struct err *e)
{
    const struct tokenizer *tok[2 * STUDY_LIST];
    size_t n = 0, cut = 0, all = 0, repeated = 0, shared = 0;
    for (size_t i = 0; i < p->n_models; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || strcmp(p->models[k].tokenizer_hash, p->models[i].tokenizer_hash) == 0;
        if (!again)
            tok[n++] = p->models[i].tokenizer;
    }
    int rc = dataset_cut(d, tok, n, p->study->max_tokens, e);
    for (int part = 0; part < PART_COUNT; part++) {
        cut += d->cut[part];
        all += d->n[part];
        repeated += d->repeated[part];
        shared += d->shared[part];
    }
    if (!rc && cut && log)
        log_info(log, "task %s: %zu of %zu texts cut to %zu tokens%s", task_name(p->task), cut, all,
                 p->study->max_tokens, n > 1 ? ", the same for every model" : "");
    if (!rc && repeated + shared && log)
        log_warn(log,
                 "task %s: cut to %zu tokens, %zu of %zu texts equal another of their part and %zu "
                 "one of another part (of test: %zu of %zu); raise data.max_tokens",
                 task_name(p->task), p->study->max_tokens, repeated, all, shared,
                 d->shared[PART_TEST], d->n[PART_TEST]);
    return rc;
}

/* data_lint - say what could mislead; no study fails for it. */
static int data_lint(const struct plan *p, const struct dataset *d, struct log *log, struct err *e)
{
    struct lint l;
    if (!log || p->worker)
        return OK;
    int rc = lint_dataset(&l, d, e);
    if (!rc)
        lint_warn(&l, task_name(p->task), log);
    return rc;
}

/* sizes_scaled - a share of what is asked for, of each part at least one. */
static void sizes_scaled(const struct task_sizes *all, size_t thousandths, struct task_sizes *out)
{
    for (int part = 0; part < PART_COUNT; part++) {
        size_t n = all->n[part] / 1000 * thousandths + all->n[part] % 1000 * thousandths / 1000;
        out->n[part] = all->n[part] && !n ? 1 : n;
    }
}

/* data_fits - more was asked for than there is: what to type, in e, the same shares of every part
 * as far as they go. */
static void data_fits(const struct plan *p, struct source *source, const struct task_seeds *seeds,
                      struct err *e)
{
    const struct task_sizes *asked = &p->study->sizes;
    struct task_sizes sizes;
    size_t fits = 0, short_of = 1000;
    while (short_of - fits > 1) {
        struct dataset d;
        struct err why = ERR_INIT;
        size_t middle = (fits + short_of) / 2;
        sizes_scaled(asked, middle, &sizes);
        if (!source_draw(source, &d, &sizes, seeds, NULL, &why)) {
            dataset_release(&d);
            fits = middle;
        } else if (!source_short(source)) {
            return; /* something else is wrong with smaller ones */
        } else {
            short_of = middle;
        }
    }
    if (!fits)
        return;
    struct err said = *e;
    struct str words = STR_INIT;
    sizes_scaled(asked, fits, &sizes);
    for (int part = 0; part < PART_COUNT; part++)
        if (asked->n[part])
            str_addf(&words, " data.%s=%zu", lab_part_names[part], sizes.n[part]);
    if (!words.failed)
        err_set(e, said.code, "%.600s; these would do:%.300s", said.msg, words.s);
    str_release(&words);
}

static int data_draw(struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    int rc = lab_task_open(&p->task, &p->data_dir, p->lab, s->task, e);
    if (rc)
        return rc;
    lab_task_passed(p->task, s->task, &p->passed);
    if (p->passed.len && !p->worker)
        log_info(p->lab->log, "task %s: from its source \"%s\"; looked for and not there: %s",
                 task_name(p->task), task_source_name(p->task), p->passed.s);
    p->data = arena_alloc(&p->arena, s->seeds, sizeof *p->data, e);
    if (!p->data)
        return e->code;
    struct source *source;
    struct progress progress;
    bool many = s->seeds > 1 && !p->worker;
    rc = source_new(&source, p->task, p->data_dir.s, e);
    if (many)
        progress_begin(&progress, p->lab->log, "drawing data, a seed each", (double)s->seeds, NULL);
    for (size_t r = 0; r < s->seeds && !rc; r++) {
        struct task_seeds seeds = {study_seed(s, SEED_SPLIT, r), study_seed(s, SEED_LABEL, r)};
        struct log *log = r == 0 ? p->lab->log : NULL;
        rc = source_draw(source, &p->data[r], &s->sizes, &seeds, log, e);
        if (rc && source_short(source))
            data_fits(p, source, &seeds, e);
        if (!rc)
            rc = data_cut(p, &p->data[r], log, e);
        if (!rc)
            rc = data_lint(p, &p->data[r], log, e);
        if (!rc)
            rc = stop_check(e);
        if (many && !rc)
            progress_step(&progress, (double)(r + 1), 0, NULL);
    }
    if (many)
        progress_end(&progress, rc);
    source_free(source);
    return rc;
}

/* vote_find - the number of a vote of the task. */
static int vote_find(const struct plan *p, const char *name, size_t *vote, struct err *e)
{
    struct str list = STR_INIT;
    size_t n = task_votes(p->task);
    *vote = 0;
    while (*vote < n && strcmp(task_vote_name(p->task, *vote), name) != 0)
        ++*vote;
    if (*vote < n)
        return OK;
    for (size_t i = 0; i < n; i++)
        str_addf(&list, "%s%s", i ? ", " : "", task_vote_name(p->task, i));
    err_set(e, ERR_INPUT,
            n ? "supervisor.votes: task %s has no votes \"%s\"; it has %s"
              : "supervisor.votes: task %s has no votes, as \"%s\"%s",
            task_name(p->task), name, list.s);
    str_release(&list);
    return e->code;
}

/* side_size - how many of a side there are. side_job - the i-th: (model, layers), or votes. */
static size_t side_size(const struct study_side *side)
{
    return side->n_votes ? side->n_votes : side->n_models * side->n_layers;
}

static int side_job(const struct plan *p, const struct study_side *side, size_t i, struct job *j,
                    struct err *e)
{
    memset(j, 0, sizeof *j);
    j->side = side;
    if (side->labels) {
        j->votes = file_name(side->votes[i]);
        j->given = p->given[i];
        return OK;
    }
    if (side->n_votes) {
        j->votes = side->votes[i];
        return vote_find(p, j->votes, &j->vote, e);
    }
    j->model = plan_model(p, side->models[i / side->n_layers]);
    size_t whole = weights_config(j->model->weights)->layers,
           layers = side->layers[i % side->n_layers];
    if (layers > whole)
        return err_set(e, ERR_INPUT, "model %s has %zu layers, the study asks for %zu",
                       j->model->name, whole, layers);
    j->layers = layers ? layers : whole;
    j->trainable = side->trainable;
    if (j->trainable.kind == TRAIN_LORA &&
        lora_check(&j->trainable.lora, weights_config(j->model->weights), e))
        return err_wrap(e, "model %s", j->model->name);
    if (j->trainable.kind == TRAIN_TOP && j->trainable.top > j->layers)
        j->trainable.top = j->layers;
    return OK;
}

/* side_twins - a side names no model twice, whatever it calls it (all of its layers, another path).
 */
static int side_twins(const struct plan *p, const struct study_side *side, const char *name,
                      struct err *e)
{
    struct job a, b;
    int rc = OK;
    for (size_t i = 0; !rc && !side->n_votes && i < side_size(side); i++)
        for (size_t k = 0; !rc && k < i; k++) {
            if ((rc = side_job(p, side, i, &a, e)) || (rc = side_job(p, side, k, &b, e)))
                break;
            if (a.layers == b.layers && strcmp(a.model->hash, b.model->hash) == 0 &&
                strcmp(a.model->tokenizer_hash, b.model->tokenizer_hash) == 0)
                rc = err_set(e, ERR_INPUT,
                             "the %s is the same twice: %zu layers of %s, and %zu of %s", name,
                             b.layers, b.model->name, a.layers, a.model->name);
        }
    return rc;
}

/* job_size - parameters, by which a student is not smaller than its supervisor. */
static size_t job_size(const struct job *j)
{
    struct model_config c = job_config(j);
    if (j->votes)
        return 0;
    return config_params(&c);
}

static int pair_add(struct plan *p, const struct job *weak, const struct job *strong,
                    const struct method *method, struct err *e)
{
    size_t n = p->study->seeds;
    int rc = mem_grow(&p->pairs, &p->cap_pairs, p->n_pairs + 1, sizeof *p->pairs, e);
    if (rc)
        return rc;
    struct pair *pair = &p->pairs[p->n_pairs];
    *pair = (struct pair){.method = method, .n = n};
    struct job ***lists[4] = {&pair->weak, &pair->student, &pair->ceiling, &pair->untrained};
    for (int i = 0; i < (p->study->untrained ? 4 : 3); i++)
        if (!(*lists[i] = arena_alloc(&p->arena, n, sizeof **lists[i], e)))
            return e->code;
    for (size_t r = 0; r < n; r++) {
        struct job w = *weak, c = *strong, s = *strong;
        w.repetition = c.repetition = s.repetition = r;
        w.role = JOB_SUPERVISOR;
        w.part = PART_SUPERVISE;
        c.role = JOB_CEILING;
        c.part = s.part = PART_TRAIN;
        s.role = JOB_STUDENT;
        s.method = method;
        if ((rc = plan_add(p, &w, &pair->weak[r], e)) ||
            (rc = plan_add(p, &c, &pair->ceiling[r], e)))
            return rc;
        s.supervisor = method ? pair->weak[r] : NULL;
        /* Ground truth as weak label is the ceiling's own description, so it is the same job. */
        if (!method)
            s.role = JOB_CEILING;
        if ((rc = plan_add(p, &s, &pair->student[r], e)))
            return rc;
        struct job u = *strong;
        u.repetition = r;
        u.role = JOB_UNTRAINED;
        u.part = PART_TEST;
        u.trainable = (struct trainable){.kind = TRAIN_ALL}; /* no frozen blocks to keep */
        if (pair->untrained && (rc = plan_add(p, &u, &pair->untrained[r], e)))
            return rc;
    }
    p->n_pairs++;
    return OK;
}

/* warmup_say - a training that ends before its learning rate is up has hardly begun. */
static void warmup_say(const struct plan *p, const struct study_side *side, const char *name,
                       enum task_part part)
{
    const struct train_settings *t = &side->training;
    size_t n = p->study->sizes.n[part], steps = t->epochs * (n / t->batch + (n % t->batch != 0));
    if (!t->epochs)
        log_warn(p->lab->log, "the %s trains 0 epochs: it stays as it starts", name);
    if (steps && t->warmup >= steps)
        log_warn(p->lab->log,
                 "the %s trains %zu steps, and its learning rate rises for %zu (warmup): it will "
                 "hardly have learned",
                 name, steps, t->warmup);
}

/* seeds_check - every repetition has a job of its own. */
static int seeds_check(const struct plan *p, struct err *e)
{
    for (size_t r = 1; r < p->study->seeds; r++) {
        bool own = false;
        for (size_t i = 0; i < p->n_jobs && !own; i++)
            own = p->jobs[i]->repetition == r;
        if (!own)
            return err_set(
                e, ERR_INPUT,
                "\"seeds\" is %zu, but with what \"hold\" keeps the repetitions would be "
                "the same jobs: leave order, or split, out of it",
                p->study->seeds);
    }
    return OK;
}

int plan_open(struct plan *p, const struct lab *lab, const struct study *s, struct err *e)
{
    memset(p, 0, sizeof *p);
    p->lab = lab;
    p->study = s;
    p->threads = lab->threads ? lab->threads : par_threads();
    str_init(&p->data_dir);
    str_init(&p->passed);
    int rc = models_open(p, e);
    if (!rc)
        rc = data_draw(p, e);
    if (!rc)
        rc = plan_writes(p, e);
    if (rc)
        plan_release(p);
    return rc ? err_wrap(e, "study %s", s->name) : OK;
}

int plan_make(struct plan *p, const struct lab *lab, const struct study *s, struct err *e)
{
    int rc = plan_open(p, lab, s, e);
    if (rc)
        return rc;
    if (!s->supervisor.n_votes)
        warmup_say(p, &s->supervisor, "supervisor", PART_SUPERVISE);
    warmup_say(p, &s->student, "student", PART_TRAIN);
    if (!(rc = side_twins(p, &s->supervisor, "supervisor", e)) &&
        !(rc = side_twins(p, &s->student, "student", e)))
        rc = plan_given(p, e);
    for (size_t i = 0; !rc && i < side_size(&s->supervisor); i++)
        for (size_t k = 0; !rc && k < s->student.n_models * s->student.n_layers; k++) {
            struct job weak, strong;
            if ((rc = side_job(p, &s->supervisor, i, &weak, e)) ||
                (rc = side_job(p, &s->student, k, &strong, e)))
                break;
            if (job_size(&strong) < job_size(&weak)) {
                rc = mem_grow(&p->left_out, &p->cap_left_out, p->n_left_out + 1,
                              sizeof *p->left_out, e);
                if (!rc)
                    p->left_out[p->n_left_out++] = (struct left_out){weak, strong};
                continue;
            }
            for (size_t m = 0; !rc && m < s->n_methods; m++)
                rc = pair_add(p, &weak, &strong, s->methods[m], e);
            if (!rc && s->controls)
                rc = pair_add(p, &weak, &strong, NULL, e);
        }
    if (!rc && p->n_left_out && p->n_pairs)
        log_info(
            lab->log,
            "%zu of %zu pairs of a supervisor and a student are left out: the student is smaller",
            p->n_left_out, side_size(&s->supervisor) * side_size(&s->student));
    if (!rc && !p->n_pairs)
        rc = err_set(e, ERR_INPUT,
                     "every student is smaller than every supervisor: nothing to compare");
    if (!rc)
        rc = seeds_check(p, e);
    if (rc)
        plan_release(p);
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
