/* cost.c - what jobs took: tokens learnt from and predicted, operations of products, seconds; of a
 * pair, over all that its student stands on. */
#include "lab/bench.h"
#include "lab/desk.h"
#include "core/mem.h"

#include <math.h>

static const struct trainable everything = {TRAIN_ALL, 0, false, {0}};

/* part_texts - how many texts a part is read as. */
static double part_texts(const struct token_set *t)
{
    return (double)t->n * (double)t->per;
}

/* answers_read - tokens of a set that a language model learns to predict. */
static double answers_read(const struct token_set *t)
{
    double read = 0;
    for (size_t i = 0; t->answer_at && i < t->n; i++)
        read += (double)(token_set_len(t, i) - t->answer_at[i]);
    return t->answer_at ? read : (double)token_set_total(t) - (double)t->n;
}

/* learnt_flops - of all steps that were trained: of a whole epoch's, as often as its tokens were
 * seen. */
static double learnt_flops(const struct desk *d, const struct model_config *c)
{
    const struct token_set *t = d->learn.n ? &d->learn : &d->sets[d->job->part];
    double whole = t->n ? (double)token_set_total(t) : 0, texts = part_texts(t);
    bool prefix = d->features[d->job->part].f.data != NULL;
    if (whole == 0)
        return 0;
    double epoch = d->model->head.kind == HEAD_LM
                       ? model_flops_lm(c, &d->job->trainable, whole, texts, answers_read(t))
                       : model_flops(c, &d->job->trainable, (size_t)whole, (size_t)texts, prefix);
    double flops = epoch * (double)d->trained.tokens / whole;
    if (prefix) /* what the frozen blocks make of each text once, whoever made it */
        flops += model_flops(c, &everything, (size_t)whole, (size_t)texts, false) / 3 *
                 (double)d->model->cut / (double)c->layers;
    return flops;
}

/* predicted_part - a part predicted once: its tokens, those that were written among them. Here as
 * in desk_forward a forward is a third of a step in which everything learns. */
static void predicted_part(const struct desk *d, const struct model_config *c, enum task_part part,
                           double *tokens, double *flops)
{
    const struct token_set *t = &d->sets[part];
    double own = (double)token_set_total(t), said = d->said[part], texts = part_texts(t);
    *tokens = own + said;
    *flops = d->model->head.kind == HEAD_LM
                 ? model_flops_lm(c, &everything, own + said, texts, said > 0 ? said : texts) / 3
                 : model_flops(c, &everything, (size_t)own, (size_t)texts, false) / 3;
}

void desk_forward(struct desk *d, double tokens, double texts)
{
    struct model_config c = job_config(d->job);
    d->predicted += tokens;
    d->flops += model_flops(&c, &everything, (size_t)tokens, (size_t)texts, false) / 3;
}

void desk_spoken(struct desk *d, double tokens, double texts, double read)
{
    struct model_config c = job_config(d->job);
    d->predicted += tokens;
    d->flops += model_flops_lm(&c, &everything, tokens, texts, read) / 3;
}

/* points_of - how often a part was predicted on the way, at points of the curve. */
static double points_of(const struct desk *d, enum task_part part)
{
    double behind = 0; /* its start */
    for (size_t i = 0; i < d->n_curve; i++)
        behind += d->curve[i].p.step > 0;
    if (part == PART_VALID || (part == PART_TEST && d->job->points))
        return (double)d->n_curve;
    return part == PART_TRAIN && d->job->train_points ? behind : 0;
}

/* points_spent - tokens and operations of a part's predictions on the way. */
static void points_spent(const struct desk *d, const struct model_config *c, enum task_part part,
                         double *tokens, double *flops)
{
    double top = d->features[part].f.data ? 1 - (double)d->model->cut / (double)c->layers : 1;
    predicted_part(d, c, part, tokens, flops);
    *tokens *= points_of(d, part);
    *flops *= points_of(d, part) * top;
}

void desk_cost(const struct desk *d, double *predicted, double *flops)
{
    *predicted = d->predicted;
    *flops = d->flops;
    if (!d->model)
        return;
    struct model_config c = job_config(d->job);
    *flops += learnt_flops(d, &c);
    for (int k = 0; k < PART_COUNT; k++) {
        enum task_part part = (enum task_part)k;
        double tokens, ops, times = d->probs[part] || d->said[part] > 0;
        if (!d->sets[part].n)
            continue;
        predicted_part(d, &c, part, &tokens, &ops);
        *predicted += times * tokens;
        *flops += times * ops;
        points_spent(d, &c, part, &tokens, &ops);
        *predicted += tokens;
        *flops += ops;
    }
}

const char *const aside_names[] = {"test_points", "train_points", "states", "features"};

void desk_aside(const struct desk *d, struct spent out[ASIDES])
{
    static const enum task_part parts[] = {PART_TEST, PART_TRAIN};
    for (int k = 0; k < ASIDES; k++)
        out[k] = d->aside[k];
    if (!d->model)
        return;
    struct model_config c = job_config(d->job);
    for (int k = 0; k < 2; k++)
        if ((k == ASIDE_TEST_POINTS ? d->job->points : d->job->train_points) && d->sets[parts[k]].n)
            points_spent(d, &c, parts[k], &out[k].predicted, &out[k].flops);
}

/* A pair's cost, of one repetition. */
struct cost {
    double jobs, tokens, predicted, seconds, flops;
};

static double number_or_nan(const struct bench *b, size_t i, const char *key)
{
    return doc_get(b->results[i].root, key) ? bench_number(b, i, key) : (double)NAN;
}

/* asks - whether it is for job j that another does this beside its own. */
static bool asks(const struct job *j, const struct job *of, enum aside what)
{
    switch (what) {
    case ASIDE_TEST_POINTS:
        return j->base == of && of->points;
    case ASIDE_TRAIN_POINTS:
        return j->role == JOB_REPAIR && j->method->recipe == RECIPE_DYNAMICS && of->train_points;
    case ASIDE_STATES:
        return job_trusts(j) && of->states;
    case ASIDE_END:
        return job_end(j) == of;
    case ASIDES:
        break;
    }
    BUG("what %d is done beside", (int)what);
}

static double spent_of(const struct doc *spent, const char *key)
{
    const struct doc *d = doc_get(spent, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

/* asides_take - of a job that is in the cost what none that stands on it there asked for. */
static void asides_take(const struct bench *b, size_t i, const bool *seen, struct cost *c)
{
    const struct doc *aside = doc_get(b->results[i].root, "aside");
    for (int k = 0; k < ASIDES && aside; k++) {
        const struct doc *spent = doc_get(aside, aside_names[k]);
        bool asked = !spent;
        for (size_t m = 0; m < b->p->n_jobs && !asked; m++) {
            const struct job *j = b->p->jobs[m];
            bool stands = false;
            for (size_t n = 0; seen[m] && n < j->n_needs; n++)
                stands = stands || j->needs[n] == b->p->jobs[i];
            asked = stands && asks(j, b->p->jobs[i], (enum aside)k);
        }
        if (asked)
            continue;
        c->predicted -= spent_of(spent, "predicted_tokens");
        c->flops -= spent_of(spent, "flops");
        c->seconds -= spent_of(spent, "seconds");
    }
}

/* cost_add - of a job and of all that it stands on, each once. */
static void cost_add(const struct bench *b, const struct job *j, bool *seen, struct cost *c)
{
    size_t i = bench_job(b, j);
    if (seen[i])
        return;
    seen[i] = true;
    if (j->role == JOB_FEATURES) { /* whose tokens each probe counts as if it were alone */
        c->seconds += bench_number(b, i, "seconds");
        return;
    }
    c->jobs++;
    c->tokens += bench_number(b, i, "tokens");
    c->seconds += bench_number(b, i, "seconds");
    c->predicted += number_or_nan(b, i, "predicted_tokens");
    c->flops += number_or_nan(b, i, "flops");
    for (size_t k = 0; k < j->n_needs; k++)
        cost_add(b, j->needs[k], seen, c);
}

struct estimate pgr_per_pflop(const struct estimate *pgr, double flops)
{
    const double pflop = 1e15;
    double scale = flops > 0 ? pflop / flops : (double)NAN;
    return (struct estimate){pgr->value * scale, pgr->lo * scale, pgr->hi * scale};
}

int pair_cost_json(struct js *w, const struct bench *b, const struct pair *q, const size_t *alive,
                   size_t n, const struct estimate *pgr, struct err *e)
{
    struct cost c = {0};
    if (b->p->study->imported)
        return OK;
    for (size_t i = 0; i < n; i++) {
        bool *seen = mem_zalloc(b->p->n_jobs, sizeof *seen, e);
        if (!seen)
            return e->code;
        cost_add(b, q->student[alive[i]], seen, &c);
        for (size_t k = 0; k < b->p->n_jobs; k++)
            if (seen[k])
                asides_take(b, k, seen, &c);
        mem_free(seen);
    }
    struct estimate per = pgr_per_pflop(pgr, c.flops / (double)n);
    js_key(w, "cost"), js_open(w, '{');
    js_key(w, "jobs"), js_real(w, c.jobs / (double)n);
    js_key(w, "tokens"), js_real(w, c.tokens / (double)n);
    js_key(w, "predicted_tokens"), js_real(w, c.predicted / (double)n);
    js_key(w, "seconds"), js_real(w, c.seconds / (double)n);
    js_key(w, "flops"), js_real(w, c.flops / (double)n);
    estimate_json(w, "pgr_per_pflop", &per);
    js_close(w, '}');
    return OK;
}
