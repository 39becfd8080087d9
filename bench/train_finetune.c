/* train_finetune - fine-tuning, or predicting, with a model of a published shape and random
 * weights, which take as long as trained ones.
 *
 *     bench_train_finetune [--model smollm2-135m|gpt2-124m] [--layers N] [--top N] [--bf16]
 *                          [--shape SxT | --ids FILE] [--batch N] [--predict] [--profile] [--times
 * N]
 *
 * SxT: S sequences of T random tokens a step. FILE: token ids, one text a line, in batches of N of
 * their own lengths. A measurement is one step of training, whole with its embeddings, or of the
 * upper --top blocks on features given; with --predict it is all texts of FILE or one batch of SxT.
 * Units are tokens. Facts: the operations that its products take (model_flops, for sequences of the
 * mean length; `flops` is of one token), and how many numbers learn. */
#include "bench.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/rng.h"
#include "core/stop.h"
#include "tensor/profile.h"
#include "train/train.h"

enum { MODEL, LAYERS, TOP, BF16, SHAPE, IDS, BATCH, PREDICT, PROFILE, TIMES };
enum { DENSE_STEPS = 4, FOREVER = 100000, WARM_UP = 2 };

static const struct shape {
    const char *name;
    struct model_config config;
} shapes[] = {
    {"smollm2-135m",
     {.family = FAMILY_LLAMA,
      .layers = 30,
      .layers_whole = 30,
      .channels = 576,
      .heads = 9,
      .kv_heads = 3,
      .head_size = 64,
      .mlp = 1536,
      .vocab = 49152,
      .positions = 8192,
      .norm = NORM_RMS,
      .norm_eps = 1e-5,
      .act = ACT_SILU,
      .gated = true,
      .rope_theta = 1e5,
      .rotary = 64,
      .tied = true,
      .bos = 1,
      .eos = 2}},
    {"gpt2-124m",
     {.family = FAMILY_GPT2,
      .layers = 12,
      .layers_whole = 12,
      .channels = 768,
      .heads = 12,
      .kv_heads = 12,
      .head_size = 64,
      .mlp = 3072,
      .vocab = 50257,
      .positions = 1024,
      .norm = NORM_LAYER,
      .norm_eps = 1e-5,
      .act = ACT_GELU_TANH,
      .learned_positions = true,
      .bias_qkv = true,
      .bias_out = true,
      .bias_mlp = true,
      .bias_norm = true,
      .tied = true,
      .bos = 50256,
      .eos = 50256}},
};

struct bench {
    struct bench_option *o;
    struct dev dev;
    struct model *m;
    struct token_set set;
    size_t batch;
    double *targets, *probs; /* [n,2] */
    float *rows;             /* features, where some blocks are frozen */
    size_t times;
    double began;
    size_t steps, tokens;
};

static int model_make(struct bench *b, struct err *e)
{
    struct head_spec head = {HEAD_CLASSIFIER, 2, NULL, 1};
    struct trainable what = {TRAIN_ALL, 0, true, {0}};
    struct model_config c = {0};
    size_t i = 0, count = sizeof shapes / sizeof shapes[0];
    while (i < count && strcmp(shapes[i].name, b->o[MODEL].value) != 0)
        i++;
    if (i == count)
        return err_set(e, ERR_INPUT, "--model %s, wanted smollm2-135m or gpt2-124m",
                       b->o[MODEL].value);
    c = shapes[i].config;
    if (b->o[LAYERS].given)
        c.layers = c.layers_whole = bench_count(&b->o[LAYERS]);
    if (b->o[TOP].given)
        what = (struct trainable){TRAIN_TOP, bench_count(&b->o[TOP]), false, {0}};
    int rc = model_random(&b->m, &b->dev, &c, 1, e);
    if (!rc)
        rc = model_head_set(b->m, &head, e);
    if (!rc && !b->o[PREDICT].given)
        rc = model_trainable_set(b->m, &what, e);
    return rc;
}

static int set_random(struct bench *b, struct rng *r, struct err *e)
{
    size_t S, T;
    if (sscanf(b->o[SHAPE].value, "%zux%zu", &S, &T) != 2 || !S || !T)
        return err_set(e, ERR_INPUT, "--shape %s, wanted 32x24", b->o[SHAPE].value);
    size_t n = b->o[PREDICT].given ? S : S * DENSE_STEPS;
    b->batch = S;
    b->set = (struct token_set){.n = n, .per = 1, .longest = T};
    b->set.tokens = mem_alloc(n, T * sizeof *b->set.tokens, e);
    b->set.starts = mem_alloc(n + 1, sizeof *b->set.starts, e);
    if (!b->set.tokens || !b->set.starts)
        return e->code;
    for (size_t i = 0; i < n * T; i++)
        b->set.tokens[i] = (int32_t)rng_below(r, b->m->cfg.vocab);
    for (size_t i = 0; i <= n; i++)
        b->set.starts[i] = i * T;
    return OK;
}

/* set_read - every line the ids of a text, spaces between. */
static int set_read(struct bench *b, struct err *e)
{
    struct str text = STR_INIT;
    size_t cap_tokens = 0, cap_starts = 0, total = 0;
    int rc = file_read(&text, b->o[IDS].value, e);
    b->batch = bench_count(&b->o[BATCH]);
    b->set.per = 1;
    for (char *s = text.s; !rc && s && *s; s++) {
        rc = mem_grow(&b->set.starts, &cap_starts, b->set.n + 2, sizeof *b->set.starts, e);
        if (rc)
            break;
        b->set.starts[b->set.n++] = total;
        while (!rc && *s && *s != '\n') {
            rc = mem_grow(&b->set.tokens, &cap_tokens, total + 1, sizeof *b->set.tokens, e);
            if (!rc)
                b->set.tokens[total++] = (int32_t)strtol(s, &s, 10);
        }
        b->set.starts[b->set.n] = total;
        if (total - b->set.starts[b->set.n - 1] > b->set.longest)
            b->set.longest = total - b->set.starts[b->set.n - 1];
    }
    str_release(&text);
    return rc;
}

static int set_make(struct bench *b, struct err *e)
{
    struct rng r;
    rng_init(&r, 1, "bench");
    int rc = b->o[IDS].given ? set_read(b, e) : set_random(b, &r, e);
    if (rc)
        return rc;
    size_t numbers =
        b->m->cut && b->o[TOP].given ? b->set.starts[b->set.n] * b->m->cfg.channels : 0;
    b->targets = mem_zalloc(2 * b->set.n, sizeof *b->targets, e);
    b->probs = mem_alloc(2 * b->set.n, sizeof *b->probs, e);
    b->rows = mem_alloc(numbers, sizeof *b->rows, e);
    if (!b->targets || !b->probs || !b->rows)
        return e->code;
    for (size_t i = 0; i < b->set.n; i++)
        b->targets[2 * i + rng_below(&r, 2)] = 1;
    for (size_t i = 0; i < numbers; i++)
        b->rows[i] = (float)(rng_unit(&r) - 0.5);
    return OK;
}

/* rows_met - how many rows of an embedding the texts ask for: an update moves no others. */
static size_t rows_met(const struct bench *b, const struct model_param *w)
{
    size_t n = b->set.starts[b->set.n], met = 0;
    unsigned char *seen = calloc(w->spec.rows, 1);
    BUG_ON(!seen);
    for (size_t i = 0; i < n; i++) {
        met += !seen[b->set.tokens[i]];
        seen[b->set.tokens[i]] = 1;
    }
    free(seen);
    return met;
}

static void facts_print(const struct bench *b)
{
    struct trainable none = {TRAIN_HEAD, 0, false, {0}};
    const struct trainable *what = b->o[PREDICT].given ? &none : &b->m->trainable;
    size_t n = b->set.starts[b->set.n], learning = 0;
    char device[128];
    for (size_t i = 0; i < b->m->n_params; i++) {
        const struct model_param *w = &b->m->params[i];
        if (w->g)
            learning += (w->touched ? rows_met(b, w) : w->spec.rows) * w->spec.cols;
    }
    dev_describe(&b->dev, device, sizeof device);
    printf("device %s\nflops %.9g\nlearning %zu\n", device,
           model_flops(&b->m->cfg, what, n, b->set.n, b->rows && b->o[TOP].given) / (double)n,
           learning);
}

/* stepped - between two steps: report the one that is done, wait until the next is wanted. The
 * first pays for memory and plans. */
static void stepped(void *ctx, const struct train_point *p)
{
    struct bench *b = ctx;
    if (++b->steps < WARM_UP)
        return;
    if (b->steps > WARM_UP)
        bench_took(clock_now() - b->began, (double)(p->tokens - b->tokens));
    b->tokens = p->tokens;
    if (!bench_turn(b->o[TIMES].given ? &b->times : NULL))
        stop_ask();
    b->began = clock_now();
}

static int training(struct bench *b, struct err *e)
{
    struct train_events events = {b, stepped, NULL};
    struct train_settings s;
    struct train_result r;
    struct features f = {b->rows, b->set.starts, b->m->cfg.channels};
    struct train_data data = {
        .tokens = &b->set, .targets = b->targets, .features = b->m->cut ? &f : NULL};
    train_settings_init(&s);
    s.batch = b->batch;
    s.epochs = FOREVER;
    s.lr = 1e-5;
    s.evals = 0;
    int rc = train_run(b->m, &s, &data, NULL, &events, NULL, &r, e);
    return rc == ERR_INTERRUPTED ? OK : rc;
}

static int predicting(struct bench *b, struct err *e)
{
    struct train_settings s;
    train_settings_init(&s);
    int rc = predict_run(b->m, &b->set, NULL, s.micro_tokens, b->probs, NULL, NULL, e);
    while (!rc && bench_turn(b->o[TIMES].given ? &b->times : NULL)) {
        double began = clock_now();
        rc = predict_run(b->m, &b->set, NULL, s.micro_tokens, b->probs, NULL, NULL, e);
        bench_took(clock_now() - began, (double)b->set.starts[b->set.n]);
    }
    return rc;
}

static int bench_run(struct bench *b, struct err *e)
{
    struct profile *profile = NULL;
    int rc = model_make(b, e);
    if (!rc)
        rc = set_make(b, e);
    if (rc)
        return rc;
    facts_print(b);
    if (b->o[PROFILE].given)
        rc = profile_start(&profile, &b->dev, e);
    if (!rc)
        rc = b->o[PREDICT].given ? predicting(b, e) : training(b, e);
    if (profile) {
        struct str table = STR_INIT;
        profile_print(profile, &table);
        fputs(table.s ? table.s : "", stdout);
        str_release(&table);
    }
    profile_stop(profile);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench_option o[] = {[MODEL] = {"--model", "smollm2-135m", false, false},
                               [LAYERS] = {"--layers", NULL, false, false},
                               [TOP] = {"--top", NULL, false, false},
                               [BF16] = {"--bf16", NULL, true, false},
                               [SHAPE] = {"--shape", "32x24", false, false},
                               [IDS] = {"--ids", NULL, false, false},
                               [BATCH] = {"--batch", "32", false, false},
                               [PREDICT] = {"--predict", NULL, true, false},
                               [PROFILE] = {"--profile", NULL, true, false},
                               [TIMES] = {"--times", "0", false, false},
                               [TIMES + 1] = {0}};
    struct err e = ERR_INIT;
    struct bench b = {.o = o};
    par_restart(argv);
    if (!bench_options(o, argc, argv))
        return 2;
    b.times = bench_count(&o[TIMES]);
    int rc = dev_open(&b.dev, "cpu", &e);
    if (rc)
        goto out;
    rc = dev_precision_set(&b.dev, o[BF16].given ? PRECISION_BF16 : PRECISION_F32, &e);
    if (!rc)
        rc = bench_run(&b, &e);
    model_free(b.m);
    mem_free(b.set.tokens);
    mem_free(b.set.starts);
    mem_free(b.targets);
    mem_free(b.probs);
    mem_free(b.rows);
    dev_close(&b.dev);
out:
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    return rc ? 1 : 0;
}
