/* pace.c - how fast this machine is just now. */
#include "lab/pace.h"
#include "lab/prompting.h"
#include "core/mem.h"
#include "core/rng.h"

#define TIMES 4

int pace_steps(struct model *m, const struct train_settings *s, const struct train_data *data,
               double flops, double *rate, struct err *e)
{
    struct train_result r;
    int rc = OK;
    *rate = 0;
    for (int i = 0; i < TIMES && !rc; i++) {
        rc = train_run(m, s, data, NULL, NULL, NULL, &r, e);
        if (!rc && flops / r.seconds > *rate)
            *rate = flops / r.seconds;
    }
    return rc;
}

/* Two blocks of SmolLM2-135M: wide enough to be slowed by what slows models. */
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

/* blocks_rate - of two batches of sentences. */
static int blocks_rate(struct dev *d, double *rate, struct err *e)
{
    enum { BATCH = 32, N = 2 * BATCH, LONG = 24, CLASSES = 2 };
    int32_t tokens[N * LONG];
    size_t starts[N + 1];
    double targets[N * CLASSES];
    struct rng r;
    struct token_set set = {.n = N, .per = 1, .tokens = tokens, .starts = starts, .longest = LONG};
    struct train_data data = {.tokens = &set, .targets = targets};
    struct head_spec head = {HEAD_CLASSIFIER, CLASSES, NULL, 1};
    struct trainable all = {TRAIN_ALL, 0, false, {0}};
    struct train_settings s;
    struct model *m = NULL;
    rng_init(&r, 1, "pace");
    for (size_t i = 0; i < N * LONG; i++)
        tokens[i] = (int32_t)rng_below(&r, blocks.vocab);
    for (size_t i = 0; i <= N; i++)
        starts[i] = i * LONG;
    for (size_t i = 0; i < N * CLASSES; i++)
        targets[i] = 1.0 / CLASSES;
    train_settings_init(&s);
    s.epochs = 1;
    s.batch = BATCH;
    s.evals = 0;
    int rc = model_random(&m, d, &blocks, 1, e);
    if (!rc)
        rc = model_head_set(m, &head, e);
    if (!rc)
        rc = model_trainable_set(m, &all, e);
    if (!rc)
        rc = pace_steps(m, &s, &data, model_flops(&blocks, &all, N * LONG, N, false), rate, e);
    model_free(m);
    return rc;
}

/* written_rate - of a product with all of a model's weights, as when texts are written. */
static int written_rate(struct dev *d, double *rate, struct err *e)
{
    enum { M = WRITE_TEXTS, N = 1 << 15, K = 576 };
    float *a = dev_alloc(d, (size_t)M * K, e), *b = a ? dev_alloc(d, (size_t)N * K, e) : NULL;
    float *c = b ? dev_alloc(d, (size_t)M * N, e) : NULL;
    int rc = c ? OK : e->code;
    *rate = 0;
    for (int i = 0; !rc && i <= 2 * TIMES; i++) {
        double start = clock_now();
        d->ops->matmul(d, false, true, M, N, K, a, K, b, K, false, c, N);
        dev_sync(d);
        double now = 2.0 * M * N * K / (clock_now() - start);
        if (i && now > *rate) /* the first warms up */
            *rate = now;
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
        *rate = now > *rate ? now : *rate;
    }
    return OK;
}

int pace_measure(struct dev *d, bool writes, struct pace *p, struct err *e)
{
    int rc = blocks_rate(d, &p->steps, e);
    p->written = p->steps;
    if (!rc && writes)
        rc = written_rate(d, &p->written, e);
    return rc ? rc : fresh_rate(d, &p->fresh, e);
}
