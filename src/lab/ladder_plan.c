/* ladder_plan.c - what a ladder would take: its memory counted, its time from a step that is timed.
 */
#include "lab/pretrain.h"
#include "lab/pace.h"
#include "core/mem.h"
#include "core/stop.h"

#include <math.h>
#include <string.h>

static const struct trainable whole = {TRAIN_ALL, 0, true, {0}};

size_t rung_bytes(const struct pretraining *p, const struct rung *r)
{
    const struct train_settings *t = &r->model->training;
    size_t context = p->ladder->context, tokens, rows, bytes;
    bool one = size_mul(t->batch, context, &tokens) && tokens <= t->micro_tokens;
    tokens = one ? tokens : t->micro_tokens > context ? t->micro_tokens : context;
    bytes = model_bytes_lm(&r->config, tokens, one);
    bool fits = size_mul(r->model->tokens, sizeof(int32_t), &rows) &&
                size_add(bytes, rows, &bytes) && size_add(bytes, p->corpus.text.len, &bytes);
    return fits ? bytes : SIZE_MAX;
}

/* rows_flops - of learning from `tokens` of rows as long as those of t, and `more` tokens longer,
 * which are predicted. */
static double rows_flops(const struct model_config *c, const struct token_set *t, double tokens,
                         double more)
{
    double n = (double)t->n, read = 0;
    if (!t->n)
        return 0;
    for (size_t i = 0; i < t->n; i++)
        read += (double)(token_set_len(t, i) - t->answer_at[i]);
    double rows = tokens / ((double)token_set_total(t) / n + more);
    return model_flops_lm(c, &whole, tokens - rows, rows, rows * (read / n + more));
}

/* rung_flops - of the tokens it learns from and of what is held out, which is predicted at every
 * evaluation. */
static double rung_flops(const struct pretraining *p, const struct rung *r, double *evals)
{
    const struct token_set *documents = &p->held[HELD_DOCUMENTS];
    double tokens = (double)r->model->tokens, positions = p->ladder->positions, held = 0;
    for (int k = 0; k < HELD_COUNT; k++) {
        if (!p->held[k].n) /* of texts no move is asked for */
            continue;
        double once = rows_flops(&r->config, &p->held[k], (double)token_set_total(&p->held[k]), 0);
        double times = k == HELD_DOCUMENTS ? (double)r->model->training.evals + 1 : 1;
        held += once / 3 * times; /* a forward alone */
    }
    *evals = held;
    /* a position that is learnt has an end, which one that is asked for has not */
    return rows_flops(&r->config, documents, tokens * (1 - positions), 0) +
           rows_flops(&r->config, &p->held[HELD_POSITIONS], tokens * positions, 1);
}

/* A batch that is timed is of fewer operations, if need be: some seconds. */
#define TIMED_FLOPS 2e12

/* rung_rate - operations a second of its steps, the fastest of a few on documents that are held
 * out: how much of the machine's own rate small matrices and the optimizer leave is not guessed. */
static int rung_rate(const struct pretraining *p, const struct rung *r, double *rate, struct err *e)
{
    struct token_set few = p->held[HELD_DOCUMENTS];
    struct train_data data = {.tokens = &few};
    struct train_settings s = r->model->training;
    struct model *m = NULL;
    double flops = 0;
    few.n = few.n < s.batch ? few.n : s.batch;
    while ((flops = rows_flops(&r->config, &few, (double)token_set_total(&few), 0)) > TIMED_FLOPS &&
           few.n > 1)
        few.n = (few.n + 1) / 2;
    s.batch = few.n;
    s.evals = s.warmup = 0;
    *rate = 0;
    int rc = model_random(&m, p->lab->dev, &r->config, p->ladder->seed, e);
    if (!rc)
        rc = model_trainable_set(m, &whole, e);
    if (!rc)
        rc = pace_steps(m, &s, &data, flops, rate, e);
    model_free(m);
    return rc;
}

struct rung_cost {
    double flops, seconds; /* seconds NAN: not known */
    size_t bytes;
};

static int rung_cost(const struct pretraining *p, const struct rung *r, struct rung_cost *c,
                     struct err *e)
{
    double evals, rate;
    c->flops = rung_flops(p, r, &evals) + evals;
    c->seconds = (double)NAN;
    c->bytes = rung_bytes(p, r);
    if (r->state != JOB_TODO)
        return OK;
    int rc = memory_check(c->bytes, e);
    if (!rc)
        rc = rung_rate(p, r, &rate, e);
    if (!rc)
        c->seconds = c->flops / rate;
    if (rc != ERR_NOMEM && rc != ERR_NUMERIC)
        return rc;
    log_warn(p->lab->log, "%s would fail: %s", r->label, e->msg);
    *e = (struct err)ERR_INIT;
    return OK;
}

static void cost_json(struct js *j, const struct rung *r, const struct rung_cost *c)
{
    js_open(j, '{');
    js_key(j, "hash"), js_str(j, r->hash);
    js_key(j, "label"), js_str(j, r->label);
    js_key(j, "done"), js_bool(j, r->state != JOB_TODO);
    js_key(j, "parameters"), js_int(j, (int64_t)config_params(&r->config));
    js_key(j, "tokens"), js_int(j, (int64_t)r->model->tokens);
    js_key(j, "operations"), js_real(j, c->flops);
    js_key(j, "seconds"), js_real(j, c->seconds);
    js_key(j, "bytes"), js_int(j, c->bytes < INT64_MAX ? (int64_t)c->bytes : INT64_MAX);
    js_close(j, '}');
}

static void cost_line(struct str *out, const struct rung *r, const struct rung_cost *c)
{
    struct str what = STR_INIT;
    str_addf(&what, "%s: %.2f million parameters, ", r->label,
             (double)config_params(&r->config) / 1e6);
    str_count(&what, r->model->tokens);
    str_cat(&what, " tokens");
    plan_line(out, r->state, c->seconds, c->bytes, r->hash, what.s);
    out->failed = out->failed || what.failed;
    str_release(&what);
}

static int plan_write(struct pretraining *p, bool json, struct str *out, struct err *e)
{
    struct js w;
    struct progress progress;
    struct str took = STR_INIT;
    double total = 0;
    size_t todo = 0;
    int rc = OK;
    js_init(&w, out);
    if (json)
        js_open(&w, '[');
    else
        plan_head(out);
    progress_begin(&progress, p->lab->log, "timing steps", (double)p->ladder->n, NULL);
    for (size_t i = 0; i < p->ladder->n && !rc; i++) {
        struct rung *r = &p->rungs[i];
        struct rung_cost c;
        r->state = store_has(p->lab->store, r->hash) ? JOB_FOUND : JOB_TODO;
        rc = rung_cost(p, r, &c, e);
        if (!rc)
            rc = stop_check(e);
        progress_step(&progress, (double)(i + 1), 0, NULL);
        if (rc)
            break;
        total += isnan(c.seconds) ? 0 : c.seconds;
        todo += r->state == JOB_TODO;
        if (json)
            cost_json(&w, r, &c);
        else
            cost_line(out, r, &c);
    }
    progress_end(&progress, rc);
    if (json)
        js_close(&w, ']'), str_addc(out, '\n');
    str_duration(&took, total);
    if (!json)
        str_addf(out, "%zu models, %zu to do, about %s by steps that were timed just now\n",
                 p->ladder->n, todo, took.s);
    str_release(&took);
    return rc ? rc : str_check(out, e);
}

int ladder_plan_print(const struct lab *lab, const struct ladder *l, bool json, struct str *out,
                      struct err *e)
{
    struct pretraining p;
    int rc = pretraining_open(&p, lab, l, e);
    if (!rc)
        rc = plan_write(&p, json, out, e);
    pretraining_close(&p);
    return rc;
}
