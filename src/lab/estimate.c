/* estimate.c - what a study's jobs would take, before they are computed. */
#include "lab/plan.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"

/* product_rate - multiply-adds of a product of the usual shape, in operations a second: what
 * estimates are made of. The fastest of many: what else the machine is at now slows the mean down,
 * and says nothing about the hours that are estimated. */
static int product_rate(struct dev *d, double *rate, struct err *e)
{
    enum { M = 768, N = 1536, K = 576, LEAST = 2 };
    const double SECONDS = 0.4;
    float *a = dev_alloc(d, (size_t)M * K, e), *b = a ? dev_alloc(d, (size_t)N * K, e) : NULL;
    float *c = b ? dev_alloc(d, (size_t)M * N, e) : NULL;
    int rc = c ? OK : e->code;
    if (!rc) {
        double best = 0, took, begin = clock_now(), end = begin;
        d->ops->matmul(d, false, true, M, N, K, a, K, b, K, false, c, N); /* warms up */
        dev_sync(d);
        for (size_t calls = 0; calls < LEAST || end - begin < SECONDS; calls++) {
            double start = clock_now();
            d->ops->matmul(d, false, true, M, N, K, a, K, b, K, false, c, N);
            dev_sync(d);
            end = clock_now();
            took = end - start;
            best = !calls || took < best ? took : best;
        }
        *rate = 2.0 * M * N * K / best;
    }
    dev_free(d, a);
    dev_free(d, b);
    dev_free(d, c);
    return rc;
}

/* Share of the product rate that whole training steps reach: measured by bench/train_finetune. */
#define TRAINING_EFFICIENCY 0.8

/* Of a repetition's parts, by a model's tokenizer; counted when first asked for. */
struct counts {
    bool known;
    size_t n[PART_COUNT];
};

static int tokens_count(const struct plan *p, const struct job *j, struct counts *c, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    for (int part = 0; part < PART_COUNT && !c->known; part++) {
        struct token_set t;
        if (!d->n[part])
            continue;
        int rc = token_set_make(&t, d->part[part], d->n[part], j->model->tokenizer, e);
        if (rc)
            return rc;
        /* what is written is worked out token by token, and learnt with its prompt */
        c->n[part] = token_set_total(&t) + d->n[part] * d->answer_tokens;
        token_set_release(&t);
    }
    c->known = true;
    return OK;
}

/* job_cost - operations and bytes, from token counts that the examples' own tokens give; counts
 * [seeds, models] are filled as they are needed. */
static int job_cost(const struct plan *p, const struct job *j, struct counts *counts, double *flops,
                    size_t *bytes, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    struct model_config c = job_config(j);
    *flops = 0;
    *bytes = 0;
    if (j->votes)
        return OK;
    struct counts *of = &counts[j->repetition * p->n_models + (size_t)(j->model - p->models)];
    const size_t *tokens = of->n;
    int rc = tokens_count(p, j, of, e);
    if (rc)
        return rc;
    bool prefix = model_cut(&c, &j->trainable) > 0;
    size_t epochs = j->side->training.epochs, n = d->n[j->part] * plan_texts(p),
           evals = epochs * j->side->training.evals + 1;
    *flops = (double)epochs * model_flops(&c, &j->trainable, tokens[j->part], n, prefix);
    /* A forward alone is a third of a step in which everything learns. */
    struct trainable all = {TRAIN_ALL, 0, false, {0}};
    double forward = model_flops(&c, &all, 1000, 40, false) / 3 / 1000;
    double own =
        prefix && j->trainable.kind == TRAIN_TOP ? (double)j->trainable.top / (double)c.layers : 1;
    *flops += forward * own *
              ((double)tokens[PART_TEST] + (double)evals * (double)tokens[PART_VALID] +
               (j->part == PART_SUPERVISE ? (double)tokens[PART_TRAIN] : 0));
    if (prefix && j->role == JOB_CEILING) /* whoever is first computes the features; the plan's
                                             order makes it the ceiling */
        *flops +=
            forward * (1 - own) *
            ((double)tokens[j->part] + (double)tokens[PART_TEST] + (double)tokens[PART_VALID]);
    *bytes = job_bytes(p, j);
    return OK;
}

static void plan_table(struct str *out, const struct job *j, double seconds, size_t bytes)
{
    static const char *const states[] = {"to do", "done", "done", "failed"};
    struct str took = STR_INIT, memory = STR_INIT;
    str_duration(&took, seconds);
    str_bytes(&memory, (double)bytes);
    str_addf(out, "%-6s %9s %10s  %.12s  %s\n", states[j->state],
             j->state == JOB_TODO ? took.s : "-", j->state == JOB_TODO ? memory.s : "-", j->hash,
             j->label);
    str_release(&took);
    str_release(&memory);
}

int lab_plan_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                   struct err *e)
{
    struct plan p;
    struct js w;
    struct progress progress;
    double rate = 0, total = 0;
    size_t todo = 0;
    int rc = plan_make(&p, lab, s, e);
    if (rc)
        return rc;
    struct counts *counts = mem_zalloc(s->seeds * p.n_models, sizeof *counts, e);
    rc = counts ? product_rate(lab->dev, &rate, e) : e->code;
    size_t crew = crew_size(&p), at_once = crew > 1 ? crew : 1;
    js_init(&w, out);
    if (json)
        js_open(&w, '[');
    else
        str_addf(out, "%-6s %9s %10s  %-12s  %s\n", "state", "time", "memory", "job", "what");
    progress_begin(&progress, lab->log, "estimating jobs", (double)p.n_jobs, NULL);
    for (size_t i = 0; i < p.n_jobs && !rc; i++) {
        const struct job *j = p.jobs[i];
        double flops = 0;
        size_t bytes = 0;
        if (json || j->state == JOB_TODO)
            rc = job_cost(&p, j, counts, &flops, &bytes, e);
        if (!rc)
            rc = stop_check(e);
        progress_step(&progress, (double)(i + 1), 0, NULL);
        double seconds = flops / (rate * j->threads / p.threads * TRAINING_EFFICIENCY);
        if (rc)
            break;
        if (j->state == JOB_TODO) {
            total += j->threads == 1 ? seconds / (double)at_once : seconds;
            todo++;
        }
        if (!json) {
            plan_table(out, j, seconds, bytes);
            continue;
        }
        js_open(&w, '{');
        js_key(&w, "hash"), js_str(&w, j->hash);
        js_key(&w, "label"), js_str(&w, j->label);
        js_key(&w, "done"), js_bool(&w, j->state != JOB_TODO);
        js_key(&w, "operations"), js_real(&w, flops);
        js_key(&w, "seconds"), js_real(&w, seconds);
        js_key(&w, "bytes"), js_int(&w, (int64_t)bytes);
        js_close(&w, '}');
    }
    progress_end(&progress, rc);
    if (json) {
        js_close(&w, ']');
        str_addc(out, '\n');
    } else if (!rc) {
        struct str took = STR_INIT;
        str_duration(&took, total);
        str_addf(out, "%zu jobs, %zu to do, about %s", p.n_jobs, todo, took.s);
        if (at_once > 1)
            str_addf(out, ", small jobs %zu at once,", at_once);
        str_addf(out, " at %.0f GF/s, the fastest of the products timed just now\n", rate / 1e9);
        str_release(&took);
    }
    mem_free(counts);
    plan_release(&p);
    return rc ? rc : str_check(out, e);
}
