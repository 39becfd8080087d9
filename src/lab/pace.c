/* pace.c - how fast this machine is just now. */
#include "lab/pace.h"
#include "core/par.h"
#include "core/rng.h"

#include <math.h>

#define TIMES 4

/* stretch - the shortest time between two updates. */
struct stretch {
    double last, best; /* seconds of training; 0: none yet */
};

static void stretch_step(void *ctx, const struct train_point *p)
{
    struct stretch *s = ctx;
    double took = p->seconds - s->last;
    if (s->last > 0 && (s->best <= 0 || took < s->best))
        s->best = took;
    s->last = p->seconds;
}

int pace_steps(struct model *m, const struct train_settings *s, const struct train_data *data,
               double flops, double *rate, struct err *e)
{
    struct stretch stretch = {0, 0};
    struct train_events events = {.ctx = &stretch, .step = stretch_step};
    struct train_settings some = *s;
    struct train_result r;
    BUG_ON(data->tokens->n > s->batch);
    some.epochs = TIMES;
    some.evals = 0;
    int rc = train_run(m, &some, data, NULL, &events, NULL, &r, e);
    *rate = stretch.best > 0 ? flops / stretch.best : 0;
    return rc;
}

/* Blocks of SmolLM2-135M: wide enough to be slowed by what slows models. */
static const struct model_config blocks = {.family = FAMILY_LLAMA,
                                           .layers = 2,
                                           .layers_whole = 2,
                                           .channels = 576,
                                           .heads = 9,
                                           .kv_heads = 3,
                                           .head_size = 64,
                                           .mlp = 1536,
                                           .vocab = 256,
                                           .positions = 64,
                                           .norm = NORM_RMS,
                                           .norm_eps = 1e-5,
                                           .act = ACT_SILU,
                                           .gated = true,
                                           .rope_theta = 1e4,
                                           .rotary = 64,
                                           .tied = true,
                                           .bos = -1,
                                           .eos = -1};

/* blocks_rate - of a batch of sentences; one alone says what a device is that takes long for it. */
static int blocks_rate(struct dev *d, double *rate, struct err *e)
{
    enum { BATCH = 32, LONG = 24 };
    const double LONG_TIME = 0.1; /* seconds of one sentence */
    int32_t tokens[BATCH * LONG];
    size_t starts[BATCH + 1];
    struct rng r;
    struct token_set set = {.per = 1, .tokens = tokens, .starts = starts, .longest = LONG};
    struct train_data data = {.tokens = &set};
    struct head_spec head = {.kind = HEAD_LM};
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct train_settings s;
    struct model *m = NULL;
    rng_init(&r, 1, "pace");
    for (size_t i = 0; i < BATCH * LONG; i++)
        tokens[i] = (int32_t)rng_below(&r, blocks.vocab);
    for (size_t i = 0; i <= BATCH; i++)
        starts[i] = i * LONG;
    train_settings_init(&s);
    s.warmup = 0;
    int rc = model_random(&m, d, &blocks, 1, e);
    if (!rc)
        rc = model_head_set(m, &head, e);
    if (!rc)
        rc = model_trainable_set(m, &all, e);
    for (size_t n = 1; !rc && n <= BATCH; n *= BATCH) {
        double read = (double)(n * (LONG - 1)),
               flops = model_flops_lm(&blocks, &all, read, (double)n, read);
        s.batch = set.n = n;
        rc = pace_steps(m, &s, &data, flops, rate, e);
        if (*rate * LONG_TIME < flops)
            break;
    }
    model_free(m);
    return rc;
}

/* What is beside products where texts are written (attention, norms) leaves this share of their
 * rate. */
#define WRITTEN_SHARE 0.8

/* written_rate - of a product with all of a model's weights, which come from memory. */
static int written_rate(struct dev *d, double *rate, struct err *e)
{
    enum { M = WRITE_TEXTS, N = 1 << 15, K = 576 };
    float *a = dev_alloc(d, (size_t)M * K, e), *b = a ? dev_alloc(d, (size_t)N * K, e) : NULL;
    float *c = b ? dev_alloc(d, (size_t)M * N, e) : NULL;
    int rc = c ? OK : e->code;
    *rate = 0;
    for (int i = 0; !rc && i <= TIMES; i++) {
        double start = clock_now();
        d->ops->matmul(d, false, true, M, N, K, a, K, b, K, false, c, N);
        dev_sync(d);
        double now = WRITTEN_SHARE * 2.0 * M * N * K / (clock_now() - start);
        if (i) /* the first warms up */
            *rate = fmax(*rate, now);
    }
    dev_free(d, a);
    dev_free(d, b);
    dev_free(d, c);
    return rc;
}

/* fresh_rate - bytes a second at which memory that no one had is made and written. */
static int fresh_rate(struct dev *d, double *rate, struct err *e)
{
    enum { FLOATS = 16 << 20 };
    *rate = 0;
    for (int i = 0; i < TIMES; i++) {
        double start = clock_now();
        float *x = dev_alloc(d, FLOATS, e);
        double now = FLOATS * sizeof *x / (clock_now() - start);
        if (!x)
            return e->code;
        dev_free(d, x);
        *rate = fmax(*rate, now);
    }
    return OK;
}

int pace_measure(struct dev *d, bool writes, struct pace *p, struct err *e)
{
    int rc = OK;
    if (p->precision != dev_precision(d) || p->threads != par_threads())
        *p = (struct pace){.precision = dev_precision(d), .threads = par_threads()};
    if (p->steps <= 0)
        rc = blocks_rate(d, &p->steps, e);
    if (!rc && writes && p->written <= 0)
        rc = written_rate(d, &p->written, e);
    if (!rc && p->fresh <= 0)
        rc = fresh_rate(d, &p->fresh, e);
    return rc;
}
