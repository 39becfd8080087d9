/* train_finetune - tokens a second of fine-tuning SmolLM2-135M, beside what the machine's products
 * reach in the same run.
 *
 *     bench_train_finetune [MODEL.gguf | --random] [--top N] [--steps N] [--shape SxT]... [--csv
 * FILE]
 *
 * MODEL: else the default model from the cache folder; --random: random weights of its shape, which
 * take as long. --top N: the upper N blocks alone, on features given (the quick study's student);
 * else the whole model with its embeddings. Shapes: 32x24 and 32x96, sequences by tokens. */
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/rng.h"
#include "tensor/profile.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 64, MAX_SHAPES = 8, PRODUCT = 2048 };

struct options {
    const char *model, *csv;
    bool random, profile;
    enum precision precision;
    size_t top, steps, micro;
    size_t seqs[MAX_SHAPES], tokens[MAX_SHAPES], n_shapes;
};

struct clocked {
    double at[MAX_STEPS + 1];
    size_t n;
};

static void clocked_step(void *ctx, const struct train_point *p)
{
    struct clocked *c = ctx;
    (void)p;
    c->at[c->n++] = clock_now();
}

static int real_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* product_rate - flops a second of one large product, the best of several. */
static int product_rate(struct dev *dev, double *rate, struct err *e)
{
    size_t n = PRODUCT, all = n * n;
    float *a = dev_alloc(dev, all, e), *b = dev_alloc(dev, all, e), *c = dev_alloc(dev, all, e);
    *rate = 0;
    if (!a || !b || !c)
        goto out;
    dev->ops->fill(dev, all, 0.5, a);
    dev->ops->fill(dev, all, 0.25, b);
    for (int i = 0; i < 8; i++) {
        double start = clock_now();
        dev->ops->matmul(dev, false, true, n, n, n, a, n, b, n, false, c, n);
        dev_sync(dev);
        double now = 2.0 * (double)n * (double)n * (double)n / (clock_now() - start);
        *rate = now > *rate ? now : *rate;
    }
out:
    dev_free(dev, a);
    dev_free(dev, b);
    dev_free(dev, c);
    return *rate > 0 ? OK : e->code;
}

static const struct model_config smollm2 = {.family = FAMILY_LLAMA,
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
                                            .eos = 2};

static int bench_model(struct model **m, struct dev *dev, const struct options *o, struct err *e)
{
    struct head_spec head = {HEAD_CLASSIFIER, 2, NULL, 1};
    struct trainable what = {o->top ? TRAIN_TOP : TRAIN_ALL, o->top, !o->top};
    struct model_options mo = {0, NULL};
    struct weights *w = NULL;
    int rc = OK;
    if (o->random) {
        rc = model_random(m, dev, &smollm2, 1, e);
    } else {
        rc = weights_open(&w, o->model, e);
        if (!rc)
            rc = model_load(m, dev, w, &mo, e);
    }
    if (!rc)
        rc = model_head_set(*m, &head, e);
    if (!rc)
        rc = model_trainable_set(*m, &what, e);
    weights_close(w);
    return rc;
}

/* A set of equal lengths, random tokens and labels, and random features where they are asked for.
 */
struct bench_set {
    struct token_set tokens;
    double *targets;
    struct features features;
    float *rows;
};

static int bench_set_init(struct bench_set *b, const struct model *m, size_t n, size_t len,
                          struct err *e)
{
    struct rng r;
    memset(b, 0, sizeof *b);
    rng_init(&r, 1, "bench");
    b->tokens = (struct token_set){.n = n, .longest = len};
    b->tokens.tokens = mem_alloc(n * len, sizeof *b->tokens.tokens, e);
    b->tokens.starts = mem_alloc(n + 1, sizeof *b->tokens.starts, e);
    b->targets = mem_zalloc(2 * n, sizeof *b->targets, e);
    size_t rows = m->cut ? n * len * m->cfg.channels : 0;
    b->rows = mem_alloc(rows, sizeof *b->rows, e);
    if (!b->tokens.tokens || !b->tokens.starts || !b->targets || !b->rows)
        return e->code;
    for (size_t i = 0; i < n * len; i++)
        b->tokens.tokens[i] = (int32_t)rng_below(&r, m->cfg.vocab);
    for (size_t i = 0; i <= n; i++)
        b->tokens.starts[i] = i * len;
    for (size_t i = 0; i < n; i++)
        b->targets[2 * i + rng_below(&r, 2)] = 1;
    for (size_t i = 0; i < rows; i++)
        b->rows[i] = (float)(rng_unit(&r) - 0.5);
    b->features = (struct features){b->rows, b->tokens.starts, m->cfg.channels};
    return OK;
}

static void bench_set_release(struct bench_set *b)
{
    mem_free(b->tokens.tokens);
    mem_free(b->tokens.starts);
    mem_free(b->targets);
    mem_free(b->rows);
}

static int shape_measure(struct model *m, const struct options *o, size_t shape, double product,
                         struct str *csv, struct err *e)
{
    size_t S = o->seqs[shape], T = o->tokens[shape];
    struct clocked clock = {.n = 1};
    struct train_events events = {&clock, clocked_step, NULL};
    struct train_settings s;
    struct train_result r;
    struct bench_set set;
    double took[MAX_STEPS];
    train_settings_init(&s);
    s.batch = S;
    s.epochs = 1;
    s.lr = 1e-5;
    s.evals = 0;
    s.micro_tokens = o->micro ? o->micro : s.micro_tokens;
    int rc = bench_set_init(&set, m, S * (o->steps + 1), T, e);
    struct train_data data = {&set.tokens, set.targets, m->cut ? &set.features : NULL};
    struct profile *profile = NULL;
    if (!rc && o->profile)
        rc = profile_start(&profile, m->dev, e);
    if (!rc)
        rc = train_run(m, &s, &data, NULL, NULL, &events, NULL, &r, e);
    if (!rc && o->profile) {
        struct str table = STR_INIT;
        profile_print(profile, &table);
        fputs(table.s ? table.s : "", stdout);
        str_release(&table);
    }
    profile_stop(profile);
    if (rc)
        goto out;
    /* The first step pays for memory and plans. */
    for (size_t i = 0; i < o->steps; i++)
        took[i] = clock.at[i + 2] - clock.at[i + 1];
    qsort(took, o->steps, sizeof *took, real_compare);
    double middle = took[o->steps / 2], tokens = (double)(S * T);
    double flops = model_flops(&m->cfg, &m->trainable, S * T, S, m->cut > 0);
    double share = flops / middle / product, peak = (double)mem_peak() / 1048576;
    printf("%4zu x %-4zu %8.0f tokens/s  (best %6.0f) %8.1f GF/s of products, %3.0f %% of a large "
           "one's %.0f; peak %6.0f MiB\n",
           S, T, tokens / middle, tokens / took[0], flops / middle / 1e9, 100 * share,
           product / 1e9, peak);
    fflush(stdout);
    str_addf(csv, "w2s,%s,%zu,%zu,%d,%.1f,%.1f,%.1f,%.1f,%.0f\n",
             o->top ? "top on features" : "whole", S, T, par_threads(), tokens / middle,
             tokens / took[0], flops / middle / 1e9, product / 1e9, peak);
out:
    bench_set_release(&set);
    return rc;
}

static void usage(void)
{
    fprintf(stderr, "usage: bench_train_finetune [MODEL.gguf | --random] [--top N] [--steps N] "
                    "[--shape SxT]... [--csv FILE]\n");
}

static bool options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){.steps = 5, .precision = PRECISION_F32};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(a, "--random") == 0) {
            o->random = true;
        } else if (strcmp(a, "--bf16") == 0) {
            o->precision = PRECISION_BF16;
        } else if (strcmp(a, "--profile") == 0) {
            o->profile = true;
        } else if (a[0] != '-') {
            o->model = a;
        } else if (!value) {
            return false;
        } else {
            i++;
            if (strcmp(a, "--top") == 0)
                o->top = strtoul(value, NULL, 10);
            else if (strcmp(a, "--steps") == 0)
                o->steps = strtoul(value, NULL, 10);
            else if (strcmp(a, "--micro") == 0)
                o->micro = strtoul(value, NULL, 10);
            else if (strcmp(a, "--csv") == 0)
                o->csv = value;
            else if (strcmp(a, "--shape") != 0 || o->n_shapes == MAX_SHAPES ||
                     sscanf(value, "%zux%zu", &o->seqs[o->n_shapes], &o->tokens[o->n_shapes]) != 2)
                return false;
            else
                o->n_shapes++;
        }
    }
    if (!o->n_shapes) {
        o->seqs[0] = o->seqs[1] = 32;
        o->tokens[0] = 24;
        o->tokens[1] = 96;
        o->n_shapes = 2;
    }
    return o->steps > 0 && o->steps < MAX_STEPS;
}

/* default_model - where `w2s fetch smollm2-135m` puts it. */
static int default_model(struct str *path, struct err *e)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    str_addf(path, "%s%s/w2s/assets/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf",
             cache ? cache : (home ? home : "."), cache ? "" : "/.cache");
    return str_check(path, e);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct options o;
    struct dev dev;
    struct model *m = NULL;
    struct str path = STR_INIT, csv = STR_INIT;
    char what[128];
    double product;
    if (!options_read(&o, argc, argv)) {
        usage();
        return 2;
    }
    int rc = dev_open(&dev, "cpu", &e);
    if (rc)
        goto out;
    rc = dev_precision_set(&dev, o.precision, &e);
    if (!rc && !o.model && !o.random) {
        rc = default_model(&path, &e);
        o.model = path.s;
        if (!rc && !file_exists(path.s)) {
            printf("%s is not there (w2s fetch smollm2-135m): random weights instead\n", path.s);
            o.random = true;
        }
    }
    if (!rc)
        rc = product_rate(&dev, &product, &e);
    if (!rc)
        rc = bench_model(&m, &dev, &o, &e);
    if (rc)
        goto close;
    dev_describe(&dev, what, sizeof what);
    printf("fine-tuning %s, %s; %s; one product of %d^3: %.0f GF/s\n",
           o.random ? "random weights of SmolLM2-135M's shape" : o.model,
           o.top ? "upper blocks on features" : "whole with embeddings", what, PRODUCT,
           product / 1e9);
    str_cat(&csv, "program,what,sequences,tokens,threads,tokens_per_second,best,gflops,"
                  "product_gflops,peak_mib\n");
    for (size_t i = 0; i < o.n_shapes && !rc; i++)
        rc = shape_measure(m, &o, i, product, &csv, &e);
    if (!rc && o.csv && !(rc = str_check(&csv, &e)))
        rc = file_write(o.csv, csv.s, csv.len, &e);
close:
    model_free(m);
    dev_close(&dev);
out:
    str_release(&path);
    str_release(&csv);
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    return rc ? 1 : 0;
}
