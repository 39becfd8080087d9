/* model_test.h - what the tests of the model room share: small configs of every family, batches,
 * a scratch folder, errors. */
#ifndef W2S_TESTS_MODEL_TEST_H
#define W2S_TESTS_MODEL_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "unit/scratch.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_V = 53, TEST_C = 24, TEST_L = 3, TEST_P = 80 };

/* test_config - a small model of a family; which of its variants. Numbers that no vector length
 * divides. */
static inline struct model_config test_config(enum family family, bool variant)
{
    bool gpt2 = family == FAMILY_GPT2, neo = family == FAMILY_GPT_NEO, neox = family == FAMILY_NEOX;
    bool learned = gpt2 || neo, llama = !learned && !neox, gemma = family == FAMILY_GEMMA3;
    bool own_size = variant && llama && family != FAMILY_OLMO2;
    bool windows = family == FAMILY_QWEN2 || family == FAMILY_QWEN3 || family == FAMILY_MISTRAL;
    struct model_config c = {.family = family,
                             .layers = TEST_L,
                             .layers_whole = TEST_L,
                             .channels = TEST_C,
                             .heads = 4,
                             .kv_heads = llama ? (variant ? 1 : 2) : 4,
                             .head_size = own_size ? 8 : 6,
                             .mlp = 41,
                             .vocab = TEST_V,
                             .positions = TEST_P,
                             .norm = llama ? NORM_RMS : NORM_LAYER,
                             .norm_place = family == FAMILY_OLMO2 ? NORMS_AFTER
                                           : gemma                ? NORMS_AROUND
                                                                  : NORMS_BEFORE,
                             .qk_norm = family == FAMILY_OLMO2            ? QK_NORM_WHOLE
                                        : gemma || family == FAMILY_QWEN3 ? QK_NORM_HEAD
                                                                          : QK_NORM_NONE,
                             .norm_eps = 1e-5,
                             .act = gemma || learned ? ACT_GELU_TANH
                                    : llama          ? ACT_SILU
                                                     : ACT_GELU_ERF,
                             .gated = llama,
                             .learned_positions = learned,
                             .rope_theta = learned ? 0 : 10000,
                             .window_theta = gemma ? 3000 : 0,
                             .attn_scale = neo     ? 1
                                           : gemma ? .25
                                                   : 0,
                             .embed_scale = gemma ? sqrt(TEST_C) : 0,
                             .window = neo || gemma || (windows && variant) ? 7 : 0,
                             .parallel = neox && !variant,
                             .bias_qkv = gpt2 || neox || family == FAMILY_QWEN2 ||
                                         (family == FAMILY_LLAMA && variant),
                             .bias_out = !llama || (family == FAMILY_LLAMA && variant),
                             .bias_mlp = !llama,
                             .bias_norm = !llama,
                             .tied = learned || gemma || (llama && variant),
                             .bos = -1,
                             .eos = 1};
    c.rotary = learned ? 0 : llama ? c.head_size : 4;
    for (size_t l = 0; l < TEST_L; l++)
        if (c.window && (l != 1 || family == FAMILY_MISTRAL))
            config_window_set(&c, l);
    if (family == FAMILY_LLAMA && variant)
        c.rope_scaling = (struct rope_scaling){ROPE_LLAMA3, 8, 1, 4, 64};
    return c;
}

/* every_config - a test's body for each family and variant. */
static inline void every_config(void (*body)(const struct model_config *c))
{
    for (int family = 0; family < FAMILY_COUNT; family++)
        for (int variant = 0; variant < 2; variant++) {
            struct model_config c = test_config((enum family)family, variant);
            body(&c);
        }
}

static inline size_t floats_of(const struct model_param *p)
{
    return p->spec.rows * p->spec.cols;
}

/* test_batch - sequences of the given lengths, tokens from a seed. */
struct test_batch {
    int32_t tokens[512], starts[64];
    struct batch b;
};
static inline void test_batch(struct test_batch *t, const size_t *lengths, size_t S, uint64_t seed)
{
    struct rng r;
    size_t n = 0;
    rng_init(&r, seed, "batch");
    for (size_t s = 0; s < S; s++) {
        t->starts[s] = (int32_t)n;
        for (size_t i = 0; i < lengths[s]; i++)
            t->tokens[n++] = (int32_t)rng_below(&r, TEST_V);
    }
    t->starts[S] = (int32_t)n;
    t->b = (struct batch){n, S, t->tokens, t->starts};
}

/* test_model - random weights, biases and gains moved from 0 and 1 too; a classifier of K classes
 * where K. */
static inline struct model *test_model(struct dev *dev, const struct model_config *c, size_t K)
{
    struct model *m;
    struct rng r;
    struct head_spec h = {HEAD_CLASSIFIER, K, NULL, 5};
    check(model_random(&m, dev, c, 3, &e));
    rng_init(&r, 4, "move");
    for (size_t i = 0; i < m->n_params; i++) {
        enum param_role role = m->params[i].spec.role;
        /* scores 16 times as large would make attention a choice, and rounding decide it */
        float times = role == ROLE_Q_NORM || role == ROLE_K_NORM ? 1 : 4;
        for (size_t k = 0; k < floats_of(&m->params[i]); k++)
            m->params[i].w[k] = times * m->params[i].w[k] + (float)(0.1 * rng_normal(&r));
    }
    if (K)
        check(model_head_set(m, &h, &e));
    return m;
}

static inline void put_bytes(const char *name, const void *data, size_t n)
{
    check(file_write(in_scratch(name), data, n, &e));
}

/* sentence_is - what e says, with the scratch folder's path taken out of it. */
static inline void sentence_is(const char *wanted)
{
    char text[sizeof e.msg], *w = text;
    size_t n = strlen(scratch);
    for (const char *s = e.msg; *s;) {
        if (strncmp(s, scratch, n) == 0 && s[n] == '/')
            s += n + 1;
        else
            *w++ = *s++;
    }
    *w = '\0';
    assert_string_equal(text, wanted);
}

#endif
