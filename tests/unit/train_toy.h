/* train_toy.h - a tiny random Llama and a toy set, for the tests of training. */
#ifndef TESTS_UNIT_TRAIN_TOY_H
#define TESTS_UNIT_TRAIN_TOY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

enum { TOY_V = 40, TOY_L = 3, TOY_MAX = 64, TOY_LEN = 12, TOY_K = 3 };

static const struct trainable everything = {TRAIN_ALL, 0, true, {0}};

/* Each test on its own open device, "reference" where the arithmetic should be plain, "cpu" where
 * it should be the real one. */
static inline struct dev dev_of(const char *name)
{
    struct err e = ERR_INIT;
    struct dev d;
    if (dev_open(&d, name, &e))
        fail_msg("%s", e.msg);
    return d;
}

/* toy - n examples of 1..TOY_LEN tokens with soft labels, in a caller's storage. Token 0 occurs: it
 * is a token like any other (defect 3 of public implementations). */
struct toy {
    int32_t tokens[TOY_MAX * TOY_LEN];
    size_t starts[TOY_MAX + 1];
    double targets[TOY_MAX * TOY_K];
    size_t K;
    struct token_set set;
    struct train_data data;
};

static inline void toy_init(struct toy *t, size_t n, size_t K, bool soft, uint64_t seed)
{
    struct rng r;
    memset(t, 0, sizeof *t);
    rng_init(&r, seed, "toy");
    t->K = K;
    for (size_t i = 0; i < n; i++) {
        size_t len = 1 + rng_below(&r, TOY_LEN), label = rng_below(&r, K);
        double sum = 0;
        for (size_t k = 0; k < len; k++)
            t->tokens[t->starts[i] + k] = (int32_t)rng_below(&r, TOY_V);
        t->starts[i + 1] = t->starts[i] + len;
        for (size_t k = 0; k < K; k++)
            sum += t->targets[i * K + k] = soft ? rng_unit(&r) + 0.01 : k == label;
        for (size_t k = 0; k < K; k++)
            t->targets[i * K + k] /= sum;
    }
    t->set = (struct token_set){
        .n = n, .per = 1, .tokens = t->tokens, .starts = t->starts, .longest = TOY_LEN};
    t->data = (struct train_data){.tokens = &t->set, .targets = t->targets};
}

static inline struct model *toy_model(struct dev *dev, size_t K, struct trainable what,
                                      uint64_t seed)
{
    struct err e = ERR_INIT;
    struct model *m = NULL;
    struct model_config c = {.family = FAMILY_LLAMA,
                             .layers = TOY_L,
                             .layers_whole = TOY_L,
                             .channels = 16,
                             .heads = 2,
                             .kv_heads = 1,
                             .head_size = 8,
                             .mlp = 24,
                             .vocab = TOY_V,
                             .positions = 32,
                             .norm = NORM_RMS,
                             .norm_eps = 1e-5,
                             .act = ACT_SILU,
                             .gated = true,
                             .rope_theta = 10000,
                             .rotary = 8,
                             .tied = true,
                             .bos = -1,
                             .eos = -1};
    struct head_spec head = {HEAD_CLASSIFIER, K, NULL, seed};
    if (model_random(&m, dev, &c, seed, &e) || model_head_set(m, &head, &e) ||
        model_trainable_set(m, &what, &e))
        fail_msg("%s", e.msg);
    return m;
}

/* toy_params - every parameter, one after the other; *n floats; mem_free. */
static inline float *toy_params(const struct model *m, size_t *n)
{
    struct err e = ERR_INIT;
    size_t at = 0;
    *n = 0;
    for (size_t i = 0; i < m->n_params; i++)
        *n += m->params[i].spec.rows * m->params[i].spec.cols;
    float *all = mem_alloc(*n, sizeof *all, &e);
    assert_non_null(all);
    for (size_t i = 0; i < m->n_params; i++) {
        size_t size = m->params[i].spec.rows * m->params[i].spec.cols;
        dev_download(m->dev, all + at, m->params[i].w, size);
        at += size;
    }
    return all;
}

/* toy_settings - two epochs in batches of 8, the learning rate a tiny random model needs. */
static inline struct train_settings toy_settings(void)
{
    struct train_settings s;
    train_settings_init(&s);
    s.batch = 8;
    s.lr = 1e-2;
    s.warmup = 2;
    s.evals = 2;
    return s;
}

/* toy_train - a fresh model trained; its parameters. */
static inline float *toy_train(struct dev *dev, struct toy *t, const struct train_settings *s,
                               struct trainable what, const struct train_events *events,
                               const char *checkpoint, size_t *n)
{
    struct err e = ERR_INIT;
    struct train_result r;
    struct model *m = toy_model(dev, t->K, what, 1);
    if (train_run(m, s, &t->data, checkpoint, events, NULL, &r, &e))
        fail_msg("%s", e.msg);
    float *all = toy_params(m, n);
    model_free(m);
    return all;
}

#endif
