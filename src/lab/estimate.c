/* estimate.c - what a study's jobs would take, before they are computed. */
#include "lab/desk.h"
#include "lab/prompting.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"
#include "lab/active.h"
#include "lab/pace.h"
#include "lab/repair.h"

#include <math.h>

/* What a block takes beside steps at that pace, forward and backward: some forty operations, a few
 * microseconds each to begin and end. It shows where blocks are of a hundred channels or so. */
#define BLOCK_SECONDS 150e-6

/* What a job takes beside all of that: its folder, locks, some ten files that are flushed. */
#define JOB_SECONDS 0.03

/* Of a repetition's parts, by a model's tokenizer; counted when first asked for, and how long that
 * took: a job does it again. */
struct counts {
    bool known;
    size_t n[PART_COUNT];
    double seconds[PART_COUNT];
};

static const struct trainable everything = {TRAIN_ALL, 0, false, {0}};

/* What a job costs. */
struct cost {
    double flops;   /* of its products */
    double written; /* of those among them of a token at a time */
    double fitted;  /* of fits and distances, beside these products */
    double blocks;  /* that are worked through, forward and backward */
    double seconds; /* of tokenizing */
    size_t bytes;   /* of memory */
    size_t moved;   /* and what is read of the model's file, in bytes of memory */
};

static int tokens_count(const struct plan *p, const struct job *j, struct counts *c, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    for (int part = 0; part < PART_COUNT && !c->known; part++) {
        struct token_set t;
        double start = clock_now();
        if (!d->n[part])
            continue;
        int rc = token_set_make(&t, d->part[part], d->n[part], j->model->tokenizer, e);
        if (rc)
            return rc;
        /* what is written is worked out token by token, and learnt with its prompt */
        c->n[part] = token_set_total(&t) + d->n[part] * d->answer_tokens;
        token_set_release(&t);
        c->seconds[part] = clock_now() - start;
    }
    c->known = true;
    return OK;
}

/* pieces_of - passes that so many tokens are worked through in. */
static double pieces_of(const struct job *j, size_t tokens)
{
    size_t most = j->side->training.micro_tokens;
    return tokens ? (double)(tokens / most + 1) : 0;
}

/* learn_cost - of its epochs, and of its looks at the validation part. */
static void learn_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                       const size_t *tokens, bool prefix, struct cost *cost)
{
    const struct train_settings *t = &j->side->training;
    double share = choice_share(job_choice(p, j)) / (j->slices > 1 ? (double)j->slices : 1);
    double more = j->taught ? j->taught->share : 0; /* of the train part */
    const size_t *n_part = p->data[j->repetition].n;
    size_t all = n_part[j->part] + (size_t)(more * (double)n_part[PART_TRAIN] + 0.5),
           examples = (size_t)(share * (double)all + 0.5), n = examples * plan_texts(p),
           read =
               (size_t)(share * (double)tokens[j->part] + more * (double)tokens[PART_TRAIN] + 0.5);
    double steps = (double)t->epochs * (double)(examples / t->batch + (examples % t->batch != 0)),
           pieces = (double)t->epochs * pieces_of(j, read),
           own = (double)(c->layers - (prefix ? model_cut(c, &j->trainable) : 0));
    cost->flops += (double)t->epochs * model_flops(c, &j->trainable, read, n, prefix);
    cost->blocks += own * (steps > pieces ? steps : pieces);
}

/* model_memory - and what of its file is read. */
static void model_memory(const struct plan *p, const struct job *j, const struct model_config *c,
                         struct cost *cost)
{
    cost->bytes = job_bytes(p, j);
    cost->moved = cost->bytes + (size_t)config_params(c) * sizeof(float);
}

/* lm_cost - of learning the task's texts, every token of which is predicted. */
static void lm_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                    const size_t *tokens, struct cost *cost)
{
    const struct train_settings *t = &j->side->training;
    const struct dataset *d = &p->data[j->repetition];
    size_t n = tokens[PART_SUPERVISE] + tokens[PART_TRAIN],
           texts = (d->n[PART_SUPERVISE] + d->n[PART_TRAIN]) * plan_texts(p);
    cost->flops = (double)t->epochs * model_flops_lm(c, &j->trainable, (double)n, (double)texts,
                                                     (double)(n > texts ? n - texts : 0));
    cost->blocks = (double)c->layers * (double)t->epochs *
                   fmax((double)texts / (double)t->batch, pieces_of(j, n));
    model_memory(p, j, c, cost);
}

/* Iterations of a probe's fit, with one c; operations a second of one thread, two a multiply-add,
 * of numbers that come from memory: some hundred and 2e9 where this was measured (bits of a Zen 4).
 */
#define PROBE_ITERATIONS 100
#define PROBE_RATE       2e9
/* Those of a trust function's fit, with what it has by default. */
#define TRUST_ITERATIONS 100

/* fit_operations - of regressions on n texts: F and its gradient, of a vector for each class; two
 * classes and a reward have one. */
static double fit_operations(const struct plan *p, const struct model_config *c, double fits,
                             double n)
{
    size_t vectors = job_outputs(p) == 2 ? 1 : job_outputs(p);
    return fits * PROBE_ITERATIONS * n * 4 * (double)(c->channels * vectors);
}

/* fit_cost - of a probe of what is there. */
static void fit_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                     struct cost *cost)
{
    const struct probe_settings *s = &p->study->probe;
    double n = (double)(p->data[j->repetition].n[j->part] * plan_texts(p)),
           fits = s->n > 1 ? (double)(s->n * (s->folds - 1)) + 1 : 1;
    cost->fitted += fit_operations(p, c, fits, n);
}

/* probe_cost - of a forward over a part, or of a probe of what came of one. */
static void probe_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                       const struct counts *of, struct cost *cost)
{
    double n = (double)(p->data[j->repetition].n[j->part] * plan_texts(p));
    cost->bytes = job_bytes(p, j);
    cost->moved = cost->bytes;
    if (job_probes(j) || job_end(j)) {
        fit_cost(p, j, c, cost);
        return;
    }
    cost->flops = model_flops(c, &everything, of->n[j->part], (size_t)n, false) / 3;
    cost->blocks = (double)c->layers / 3 * pieces_of(j, of->n[j->part]);
    cost->seconds = of->seconds[j->part];
    cost->moved += (size_t)config_params(c) * sizeof(float);
}

/* forward_flops - of a token. A forward alone is a third of a step in which everything learns. */
static double forward_flops(const struct model_config *c)
{
    return model_flops(c, &everything, 1000, 40, false) / 3 / 1000;
}

/* asked_cost - of texts that are read with a question, and of what is written about them. */
static void asked_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                       const struct counts *of, struct cost *cost)
{
    double written = 0, read = job_argues(j) ? arguing_tokens(p, j, of->n, &written)
                                             : prompting_tokens(p, j, of->n);
    cost->written = model_flops_lm(c, &everything, written, written, written) / 3;
    cost->flops = forward_flops(c) * read + cost->written;
    cost->blocks = (double)c->layers / 3 * (pieces_of(j, (size_t)read) + written / WRITE_TEXTS);
    cost->seconds = of->seconds[PART_TEST];
    model_memory(p, j, c, cost);
}

/* frozen_first - whether no job before this one, of those still to be done, makes its features. */
static bool frozen_first(const struct plan *p, const struct job *j)
{
    for (size_t i = 0; p->jobs[i] != j; i++) {
        const struct job *o = p->jobs[i];
        if (o->state == JOB_TODO && o->simulated && simulation_reads(o->simulated) &&
            o->repetition == j->repetition && o->model == j->model && o->layers == j->layers)
            return false;
    }
    return true;
}

/* frozen_cost - of what a frozen model makes of the texts that a job reads (desk_frozen). */
static void frozen_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                        const struct counts *of, struct cost *cost)
{
    bool made = j->simulated && !frozen_first(p, j);
    for (int part = 0; part < PART_COUNT; part++) {
        if (part == PART_SUPERVISE || !job_reads(j, (enum task_part)part))
            continue;
        cost->flops += made ? 0 : forward_flops(c) * (double)of->n[part];
        cost->blocks += made ? 0 : (double)c->layers / 3 * pieces_of(j, of->n[part]);
        cost->seconds += of->seconds[part];
    }
    model_memory(p, j, c, cost);
}

/* recite_cost - of a forward over the test part that predicts half of its tokens. */
static void recite_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                        const struct counts *of, struct cost *cost)
{
    const struct trainable all = {TRAIN_ALL, 0, false, {0}};
    double n = (double)of->n[PART_TEST],
           texts = (double)(p->data[j->repetition].n[PART_TEST] * plan_texts(p));
    cost->flops = model_flops_lm(c, &all, n, texts, n / 2) / 3;
    cost->blocks = (double)c->layers / 3 * pieces_of(j, of->n[PART_TEST]);
    cost->seconds = of->seconds[PART_TEST];
    model_memory(p, j, c, cost);
}

/* trust_cost - of a fit to the states of the examples whose truth is told. */
static void trust_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                       struct cost *cost)
{
    const struct choice *choice = job_choice(p, j);
    double m = (double)choice_share_count(choice->share, p->data[j->repetition].n[PART_TRAIN]);
    cost->bytes = cost->moved = job_bytes(p, j);
    cost->fitted = TRUST_ITERATIONS * m * 4 * (double)(c->channels * choice->hidden);
}

/* repair_cost - of the features of the texts whose labels are repaired or chosen, and of what is
 * made of these: distances between them, or regressions on all folds but one. */
static void repair_cost(const struct plan *p, const struct job *j, const struct model_config *c,
                        const struct counts *of, struct cost *cost)
{
    const struct choice *choice = job_choice(p, j);
    size_t n = p->data[j->repetition].n[PART_TRAIN], C = c->channels;
    frozen_cost(p, j, c, of, cost);
    if (choice_folds(choice))
        cost->fitted = fit_operations(p, c, (double)choice->folds - 1, (double)n);
    else if (choice->kind == CHOICE_NEIGHBOURS)
        cost->fitted = neighbours_operations(n, C);
    else
        cost->fitted = cover_operations(n, C, choice_share_count(choice->share, n));
}

/* job_cost - from token counts that the examples' own tokens give; counts [seeds, models] are
 * filled as they are needed. */
static int job_cost(const struct plan *p, const struct job *j, struct counts *counts,
                    struct cost *cost, struct err *e)
{
    struct model_config c = job_config(j);
    *cost = (struct cost){.flops = 0};
    if (!job_computes(j))
        return OK;
    if (job_trusts(j)) {
        trust_cost(p, j, &c, cost);
        return OK;
    }
    struct counts *texts = &counts[j->repetition * p->n_models + (size_t)(j->model - p->models)];
    int rc = tokens_count(p, j, texts, e);
    if (rc)
        return rc;
    struct counts own_texts = *texts;
    double heard = heard_tokens(p, j);
    for (int part = 0; part < PART_COUNT; part++)
        own_texts.n[part] += (size_t)(heard * (double)p->data[j->repetition].n[part]);
    const struct counts *of = &own_texts;
    const size_t *tokens = of->n;
    if (job_probes(j) || job_end(j) || j->role == JOB_FEATURES) {
        probe_cost(p, j, &c, of, cost);
        return OK;
    }
    if (j->role == JOB_LM) {
        lm_cost(p, j, &c, tokens, cost);
        return OK;
    }
    if (j->role == JOB_RECITE) {
        recite_cost(p, j, &c, of, cost);
        return OK;
    }
    if (j->role == JOB_REPAIR && !choice_reads(job_choice(p, j))) {
        *cost = (struct cost){.bytes = job_bytes(p, j)};
        return OK;
    }
    if (j->role == JOB_REPAIR) {
        repair_cost(p, j, &c, of, cost);
        return OK;
    }
    if (j->simulated) {
        frozen_cost(p, j, &c, of, cost);
        return OK;
    }
    if (job_asks(j) || job_argues(j)) {
        asked_cost(p, j, &c, of, cost);
        return OK;
    }
    bool learns = j->role != JOB_UNTRAINED,
         prefix = learns && !j->arguments && model_cut(&c, &j->trainable) > 0,
         labels = j->part == PART_SUPERVISE || j->labels;
    size_t evals = j->side->training.epochs * j->side->training.evals + 1,
           tests = j->points ? 1 + evals : 1,
           trains = (size_t)labels + (j->train_points ? evals - 1 : 0);
    if (learns)
        learn_cost(p, j, &c, tokens, prefix, cost);
    double forward = forward_flops(&c);
    double own = prefix ? 1 - (double)model_cut(&c, &j->trainable) / (double)c.layers : 1;
    cost->flops += forward * own *
                   ((double)tests * (double)tokens[PART_TEST] +
                    (learns ? (double)evals * (double)tokens[PART_VALID] : 0) +
                    (double)trains * (double)tokens[PART_TRAIN]);
    cost->blocks += own * (double)c.layers / 3 *
                    ((double)tests * pieces_of(j, tokens[PART_TEST]) +
                     (learns ? (double)evals * pieces_of(j, tokens[PART_VALID]) : 0) +
                     (double)trains * pieces_of(j, tokens[PART_TRAIN]));
    if (j->states) { /* all blocks, once more */
        cost->flops += forward * (double)tokens[PART_TRAIN];
        cost->blocks += (double)c.layers / 3 * pieces_of(j, tokens[PART_TRAIN]);
    }
    if (prefix && j->role == JOB_CEILING) /* whoever is first computes the features; the plan's
                                             order makes it the ceiling */
        cost->flops +=
            forward * (1 - own) *
            ((double)tokens[j->part] + (double)tokens[PART_TEST] + (double)tokens[PART_VALID]);
    if (job_probed(j))
        fit_cost(p, j, &c, cost);
    if (job_probed(j) || job_leaves_end(p, j)) /* what it has become is read once more */
        cost->flops += forward * ((double)tokens[j->part] + (double)tokens[PART_TEST] +
                                  (double)tokens[PART_VALID]);
    for (int part = 0; part < PART_COUNT; part++)
        cost->seconds += job_reads(j, (enum task_part)part) ? of->seconds[part] : 0;
    model_memory(p, j, &c, cost);
    return OK;
}

/* job_start - seconds before and behind what is computed: the model loaded, texts tokenized, files
 * written. job_seconds - of all of it. */
static double job_start(const struct pace *pace, const struct cost *c)
{
    return (double)c->moved / pace->fresh + c->seconds + JOB_SECONDS;
}

static double job_seconds(const struct plan *p, const struct job *j, const struct pace *pace,
                          const struct cost *c)
{
    double seconds = (c->flops - c->written) / pace->steps;
    if (c->written > 0)
        seconds += c->written / pace->written;
    return seconds / ((double)j->threads / p->threads) + c->blocks * BLOCK_SECONDS +
           c->fitted / PROBE_RATE + job_start(pace, c);
}

void plan_head(struct str *out)
{
    str_addf(out, "%-6s %9s %10s  %-12s  %s\n", "state", "time", "memory", "job", "what");
}

void plan_line(struct str *out, enum job_state state, double seconds, size_t bytes,
               const char *hash, const char *what)
{
    static const char *const states[] = {"to do", "done", "done", "failed"};
    struct str took = STR_INIT, memory = STR_INIT;
    if (state == JOB_TODO && !isnan(seconds))
        str_duration(&took, seconds);
    else
        str_addc(&took, '-');
    if (state == JOB_TODO)
        str_bytes(&memory, (double)bytes);
    else
        str_addc(&memory, '-');
    str_addf(out, "%-6s %9s %10s  %.12s  %s\n", states[state], took.s, memory.s, hash, what);
    str_release(&took);
    str_release(&memory);
}

/* plan_warn - of what would not fit. */
static void plan_warn(const struct lab *lab, const struct job *j, size_t bytes)
{
    struct err e = ERR_INIT;
    if (j->state == JOB_TODO && memory_check(bytes, &e))
        log_warn(lab->log, "%s would fail: %s", j->label, e.msg);
}

int lab_plan_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                   struct err *e)
{
    struct plan p;
    struct js w;
    struct progress progress;
    struct pace own = {0}, *pace = lab->pace ? lab->pace : &own;
    double total = 0;
    size_t todo = 0;
    bool timed = json, writes = false; /* seconds are said of jobs to do, and in JSON of all */
    int rc = plan_make(&p, lab, s, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < p.n_jobs; i++) {
        timed = timed || p.jobs[i]->state == JOB_TODO;
        writes = writes || job_argues(p.jobs[i]);
    }
    struct counts *counts = mem_zalloc(s->seeds * p.n_models, sizeof *counts, e);
    rc = counts ? OK : e->code;
    if (!rc && timed)
        rc = pace_measure(lab->dev, writes, pace, e);
    size_t crew = crew_size(&p), at_once = crew > 1 ? crew : 1;
    js_init(&w, out);
    if (json)
        js_open(&w, '[');
    else
        plan_head(out);
    progress_begin(&progress, lab->log, "estimating jobs", (double)p.n_jobs, NULL);
    for (size_t i = 0; i < p.n_jobs && !rc; i++) {
        const struct job *j = p.jobs[i];
        struct cost cost = {.flops = 0};
        if (json || j->state == JOB_TODO)
            rc = job_cost(&p, j, counts, &cost, e);
        if (!rc)
            rc = stop_check(e);
        progress_step(&progress, (double)(i + 1), 0, NULL);
        if (rc)
            break;
        double seconds = timed ? job_seconds(&p, j, pace, &cost) : 0;
        plan_warn(lab, j, cost.bytes);
        if (j->state == JOB_TODO) {
            total += j->threads == 1 ? seconds / (double)at_once : seconds;
            todo++;
        }
        if (!json) {
            plan_line(out, j->state, seconds, cost.bytes, j->hash, j->label);
            continue;
        }
        js_open(&w, '{');
        js_key(&w, "hash"), js_str(&w, j->hash);
        js_key(&w, "label"), js_str(&w, j->label);
        js_key(&w, "done"), js_bool(&w, j->state != JOB_TODO);
        js_key(&w, "operations"), js_real(&w, cost.flops + cost.fitted);
        js_key(&w, "seconds"), js_real(&w, seconds);
        js_key(&w, "start_seconds"), js_real(&w, job_start(pace, &cost));
        js_key(&w, "bytes"), js_int(&w, (int64_t)cost.bytes);
        js_close(&w, '}');
    }
    progress_end(&progress, rc);
    if (json) {
        js_close(&w, ']');
        str_addc(out, '\n');
    } else if (!rc) {
        struct str took = STR_INIT;
        str_duration(&took, total);
        str_addf(out, "%zu jobs, %zu to do", p.n_jobs, todo);
        if (todo) {
            str_addf(out, ", about %s", took.s);
            if (at_once > 1)
                str_addf(out, ", small jobs %zu at once,", at_once);
            str_addf(out, " at %.0f GF/s, by steps that were timed just now", pace->steps / 1e9);
        }
        str_addc(out, '\n');
        str_release(&took);
    }
    mem_free(counts);
    plan_release(&p);
    return rc ? rc : str_check(out, e);
}
