/* lab_numerics.c - the bits behind LAB_NUMERICS: a tiny training of each shape of block, with what
 * computes it, has the sum that is written here, and one of a language model whose heads are whole
 * registers. Who changes the arithmetic finds this test red,
 * raises LAB_NUMERICS and writes the new sums down (the failure prints them).
 *
 * Only what is this program's own is pinned: products that a library makes go to the reference's
 * loops instead. The sums hold for x86-64 and glibc. Those of the kernels hang on how a compiler
 * makes vectors of sums and where it fuses a product with one, which a sanitizer changes too, so
 * their rows name it; another compiler's have no row until someone who has it writes one. */
#include "train_toy.h"

#include "core/hash.h"
#include "lab/plan.h"
#include "tensor/kernels.h"

#include <math.h>
#include <stdlib.h>

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COMPILER ""
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define COMPILER ""
#endif
#if !defined COMPILER
#define COMPILER W2S_COMPILER
#endif

struct pinned {
    const char *device, *isa, *compiler; /* compiler: NULL for any */
    enum precision precision;
    const char *sum, *words; /* first digits; words: of the language model */
};

#define LIBM "8d815334be595cb0" /* of libm_sum */

static const struct pinned pins[] = {
    {"reference", NULL, NULL, PRECISION_F32, "e79db8fb3df21574", "8fb668be8ffedf32"},
    {"cpu", "base", "gcc 12", PRECISION_F32, "911f0e50c91b895b", "631cb2e356e55ccc"},
    {"cpu", "base", "clang 14", PRECISION_F32, "911f0e50c91b895b", "226f51ee55808e0d"},
    {"cpu", "v3", "gcc 12", PRECISION_F32, "020c419b349e52fd", "0a7f460d5300613d"},
    {"cpu", "v3", "clang 14", PRECISION_F32, "07ee2ff7d7c381de", "96555f05593b60b5"},
    {"cpu", "v4", "gcc 12", PRECISION_F32, "4536cc959bf4657d", "c8e5a762a17804f8"},
    {"cpu", "v4", "clang 14", PRECISION_F32, "9bc7eee121030c57", "70f00d5d8c5f8016"},
    {"cpu", "amx", "gcc 12", PRECISION_BF16, "0efa0090df06a4f8", "0abe243f7d505f3f"},
    {"cpu", "amx", "clang 14", PRECISION_BF16, "2ba1d2f05a383044", "e8facb22bbd389f1"},
    {"cpu", "v4", "gcc 12", PRECISION_BF16, "f3a657512ec31792", "6314f292efcb72bc"},
    {"cpu", "v4", "clang 14", PRECISION_BF16, "bdd2ae2a8a50847b", "64e1c2d7b4130e4c"},
};

/* The device's own products where they are: few rows, or bf16; the reference's loops elsewhere. */
static const struct ops *own;

static bool in_bf16(const struct dev *d, size_t M, size_t N, size_t K)
{
    return dev_precision(d) == PRECISION_BF16 && M >= 16 && N >= 16 && K >= 16;
}

static void own_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                       const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                       float *c, size_t ldc)
{
    bool few = M <= MATMUL_FEW && !ta && tb;
    (few || in_bf16(d, M, N, K) ? own : &ops_reference)
        ->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

static void own_matmul_gated(struct dev *d, enum act act, size_t N, size_t C, size_t K,
                             const float *x, const float *w, bool keep, float *gu, float *y)
{
    if (in_bf16(d, N, C, K)) {
        own->matmul_gated(d, act, N, C, K, x, w, keep, gu, y);
        return;
    }
    own_matmul(d, false, true, N, 2 * C, K, x, K, w, K, false, gu, 2 * C);
    own->gated_fwd(d, act, N, C, gu, y);
}

static const struct model_config configs[] = {
    {.family = FAMILY_LLAMA,
     .norm = NORM_RMS,
     .act = ACT_SILU,
     .gated = true,
     .kv_heads = 1,
     .rope_theta = 10000,
     .rotary = 8,
     .tied = true},
    {.family = FAMILY_GPT2,
     .norm = NORM_LAYER,
     .act = ACT_GELU_TANH,
     .learned_positions = true,
     .kv_heads = 2,
     .bias_qkv = true,
     .bias_out = true,
     .bias_mlp = true,
     .bias_norm = true,
     .tied = true},
    {.family = FAMILY_NEOX,
     .norm = NORM_LAYER,
     .act = ACT_GELU_ERF,
     .parallel = true,
     .kv_heads = 2,
     .rope_theta = 10000,
     .rotary = 4,
     .bias_qkv = true,
     .bias_out = true,
     .bias_mlp = true,
     .bias_norm = true},
};
enum { CONFIGS = sizeof configs / sizeof *configs, ROWS_OF_TOY = 37 };

static struct model_config config_of(size_t i, size_t head)
{
    struct model_config c = configs[i];
    c.layers = c.layers_whole = TOY_L;
    c.channels = 2 * head, c.heads = 2, c.head_size = head, c.mlp = 3 * head;
    c.vocab = TOY_V, c.positions = 32;
    c.norm_eps = 1e-5;
    c.bos = c.eos = -1;
    return c;
}

static void params_add(struct hash *h, struct model *m)
{
    size_t n;
    float *all = toy_params(m, &n);
    hash_add(h, all, n * sizeof *all);
    mem_free(all);
}

/* words_add - a language model after a training, into the sum. Its texts are two of the toy's: one
 * token alone predicts nothing. */
static void words_add(struct hash *h, struct dev *dev, struct toy *t)
{
    struct err e = ERR_INIT;
    struct train_result r;
    struct train_settings s = toy_settings();
    struct model *m = NULL;
    struct model_config c = config_of(0, 16);
    struct head_spec head = {.kind = HEAD_LM};
    struct trainable what = {TRAIN_ALL, 0, true, {0}};
    size_t starts[ROWS_OF_TOY / 2 + 1];
    for (size_t i = 0; i <= ROWS_OF_TOY / 2; i++)
        starts[i] = t->starts[2 * i];
    struct token_set set = {.n = ROWS_OF_TOY / 2,
                            .per = 1,
                            .tokens = t->tokens,
                            .starts = starts,
                            .longest = 2 * TOY_LEN};
    struct train_data data = {.tokens = &set};
    if (model_random(&m, dev, &c, 1, &e) || model_head_set(m, &head, &e) ||
        model_trainable_set(m, &what, &e) ||
        train_run(m, &s, &data, NULL, &(struct train_events){0}, NULL, &r, &e))
        fail_msg("%s", e.msg);
    params_add(h, m);
    model_free(m);
}

/* trained_add - the model after a training and what it predicts then, into the sum. */
static void trained_add(struct hash *h, struct dev *dev, size_t i, struct toy *t)
{
    struct err e = ERR_INIT;
    struct train_result r;
    struct train_settings s = toy_settings();
    struct model *m = NULL;
    struct model_config c = config_of(i, 8);
    struct head_spec head = {HEAD_CLASSIFIER, t->K, NULL, 1};
    struct trainable what = {TRAIN_ALL, 0, true, {0}};
    double probs[ROWS_OF_TOY * TOY_K];
    s.weight_decay = 0.01;
    if (i == 1)
        s.loss = (struct loss_settings){.kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2};
    if (model_random(&m, dev, &c, 1, &e) || model_head_set(m, &head, &e) ||
        model_trainable_set(m, &what, &e) ||
        train_run(m, &s, &t->data, NULL, &(struct train_events){0}, NULL, &r, &e) ||
        predict_run(m, &t->set, NULL, 64, probs, NULL, NULL, &e))
        fail_msg("%s", e.msg);
    params_add(h, m);
    for (size_t k = 0; k < t->K * ROWS_OF_TOY; k++) {
        float p = (float)probs[k];
        hash_add(h, &p, sizeof p);
    }
    model_free(m);
}

/* sum_of - words: of the language model, else of the shapes of blocks. */
static void sum_of(const struct pinned *p, bool words, struct dev *dev, char hex[HASH_HEX])
{
    struct err e = ERR_INIT;
    struct toy t;
    struct ops ops = *dev->ops;
    struct hash *h = hash_new(&e);
    assert_non_null(h);
    own = dev->ops;
    if (strcmp(p->device, "cpu") == 0) {
        ops.matmul = own_matmul;
        ops.matmul_gated = own_matmul_gated;
        dev->ops = &ops;
    }
    toy_init(&t, ROWS_OF_TOY, 2, true, 5);
    if (words)
        words_add(h, dev, &t);
    for (size_t i = 0; !words && i < CONFIGS; i++)
        trained_add(h, dev, i, &t);
    dev->ops = own;
    hash_end(h, hex);
    hash_free(h);
}

/* here - whether this machine and program have the row's device. */
static bool here(const struct pinned *p, struct dev *dev)
{
    struct err e = ERR_INIT;
    if (p->compiler && strcmp(p->compiler, COMPILER) != 0)
        return false;
    if (p->isa)
        setenv("W2S_ISA", p->isa, 1);
    else
        unsetenv("W2S_ISA");
    if (dev_open(dev, p->device, &e))
        return false;
    if (dev_precision_set(dev, p->precision, &e)) {
        dev_close(dev);
        return false;
    }
    return true;
}

static void the_bits_are_those_of_their_number(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++) {
        const struct pinned *p = &pins[i];
        struct dev dev;
        if (!here(p, &dev))
            continue;
        for (int words = 0; words < 2; words++) {
            char hex[HASH_HEX];
            const char *was = words ? p->words : p->sum;
            sum_of(p, words, &dev, hex);
            if (strncmp(hex, was, 16) == 0)
                continue;
            print_error("%s %s%s%s: %.16s, was %s\n", p->device, p->isa ? p->isa : "",
                        p->precision == PRECISION_BF16 ? " bf16" : "", words ? ", words" : "", hex,
                        was);
            wrong++;
        }
        dev_close(&dev);
    }
    if (wrong)
        fail_msg("other bits than before from the same settings: raise LAB_NUMERICS (it is %d, "
                 "src/lab/plan.h), and write the sums above into this file",
                 LAB_NUMERICS);
}

/* libm_sum - what the C library makes of its functions: another library may round otherwise. */
static void libm_sum(char hex[HASH_HEX])
{
    struct err e = ERR_INIT;
    struct hash *h = hash_new(&e);
    if (!h)
        exit(99);
    for (int i = 1; i <= 200; i++) {
        double x = i / 16.1;
        double y[] = {exp(-x), log(x),     pow(10000, -x / 13), cos(x),
                      sin(x),  erf(x / 4), tanh(x / 4)};
        hash_add(h, y, sizeof y);
    }
    hash_end(h, hex);
    hash_free(h);
}

int main(void)
{
    char hex[HASH_HEX];
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_bits_are_those_of_their_number)};
    setenv("W2S_THREADS", "2", 0);
#if !defined __x86_64__ || !defined __GLIBC__
    puts("SKIP: the sums are those of x86-64 with glibc");
    return 77;
#endif
    libm_sum(hex);
    if (strncmp(hex, LIBM, sizeof LIBM - 1) != 0) {
        printf("SKIP: the sums are those of another C library's functions (%.16s)\n", hex);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
