/* lab_bf16.c - a fine-tuning with products in bf16 ends where one in f32 does: on three seeds the
 * mean accuracy lies within the bootstrap interval of f32's. The first blocks of the default model
 * learn praise from blame in sentences made here, and are tested on words that they have not met,
 * so that what the model knew before counts. SKIP where the processor has no bf16, or where the
 * model has not been fetched. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/par.h"
#include "core/rng.h"
#include "lab/lab.h"
#include "lab/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 3, LAYERS = 4, ROWS = 128, TEST = 240, K = 2, WORDS = 12, LONGEST = 64 };

static struct assets *assets;
static struct lab lab;
static struct lab_model lm;

/* The first half is learned from, the other tested on. */
static const char *const words[K][WORDS] = {
    {"bad", "awful", "dull", "boring", "poor", "dreadful", "terrible", "horrible", "weak", "ugly",
     "stupid", "miserable"},
    {"good", "great", "fine", "lovely", "rich", "wonderful", "excellent", "amazing", "strong",
     "beautiful", "clever", "brilliant"}};
static const char *const things[] = {"film", "plot", "story", "cast", "music", "ending"};
static const char *const very[] = {"", " very", " really", " rather", " so"};

struct texts {
    char text[TEST][LONGEST];
    struct example rows[TEST];
    int labels[TEST];
    uint64_t units[TEST];
    double targets[TEST * K];
    struct token_set set;
};

static void texts_init(struct texts *t, size_t n, bool test, uint64_t seed)
{
    struct rng rng;
    memset(t, 0, sizeof *t);
    rng_init(&rng, seed, test ? "test" : "train");
    for (size_t i = 0; i < n; i++) {
        size_t label = i % K, word = (test ? WORDS / 2 : 0) + rng_below(&rng, WORDS / 2);
        int len = snprintf(t->text[i], LONGEST, "The %s was%s %s.",
                           things[rng_below(&rng, sizeof things / sizeof *things)],
                           very[rng_below(&rng, sizeof very / sizeof *very)], words[label][word]);
        t->rows[i] = (struct example){.text = t->text[i], .len = (size_t)len, .source = "here"};
        t->labels[i] = (int)label;
        t->units[i] = seed * TEST + i;
        t->targets[i * K + label] = 1;
    }
    check(token_set_make(&t->set, t->rows, n, lm.tokenizer, &e));
}

/* fine_tune - probs [TEST,K] of the test part after training on the other. */
static void fine_tune(const struct texts *train, const struct texts *test, uint64_t seed,
                      enum precision precision, double *probs)
{
    struct dev dev;
    struct model *m;
    struct model_options o = {LAYERS, NULL};
    struct trainable all = {TRAIN_ALL, 0, false, {0}};
    int32_t rows[K];
    struct head_spec head = {HEAD_CLASSIFIER, K, rows, seed};
    struct train_settings s;
    struct train_data data = {.tokens = &train->set, .targets = train->targets};
    struct train_result r;
    for (size_t k = 0; k < K; k++)
        rows[k] = tokenizer_find(lm.tokenizer, k ? " good" : " bad");
    check(dev_open(&dev, "cpu", &e));
    check(dev_precision_set(&dev, precision, &e));
    check(model_load(&m, &dev, lm.weights, &o, &e));
    check(model_head_set(m, &head, &e));
    check(model_trainable_set(m, &all, &e));
    train_settings_init(&s);
    s.batch = 8;
    s.lr = 1e-4;
    s.seed_order = seed;
    s.evals = 0;
    check(train_run(m, &s, &data, NULL, NULL, NULL, &r, &e));
    check(predict_run(m, &test->set, NULL, s.micro_tokens, probs, NULL, NULL, &e));
    model_free(m);
    dev_close(&dev);
}

static void test_accuracy(void **state)
{
    static struct texts train, test[SEEDS];
    static double f32[SEEDS][TEST * K], bf16[SEEDS][TEST * K];
    struct trio_seed seeds[SEEDS];
    struct trio_settings settings = {K, 1000, 0.95, 1};
    struct trio t;
    double mean = 0;
    (void)state;
    for (size_t r = 0; r < SEEDS; r++) {
        texts_init(&train, ROWS, false, r);
        texts_init(&test[r], TEST, true, r);
        fine_tune(&train, &test[r], r, PRECISION_F32, f32[r]);
        fine_tune(&train, &test[r], r, PRECISION_BF16, bf16[r]);
        mean += metrics_accuracy(bf16[r], test[r].labels, TEST, K) / SEEDS;
        seeds[r] = (struct trio_seed){TEST, test[r].labels, test[r].units, f32[r], f32[r], f32[r]};
        token_set_release(&train.set);
        token_set_release(&test[r].set);
    }
    check(trio_measure(seeds, SEEDS, &settings, &t, &e));
    print_message("accuracy in f32 %.3f [%.3f %.3f], in bf16 %.3f\n", t.ceiling.value, t.ceiling.lo,
                  t.ceiling.hi, mean);
    assert_true(t.ceiling.lo > 0.6); /* something was learned */
    if (!(mean >= t.ceiling.lo && mean <= t.ceiling.hi))
        fail_msg("accuracy %.3f in bf16 is not within %.3f to %.3f", mean, t.ceiling.lo,
                 t.ceiling.hi);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accuracy)};
    const char *source = getenv("W2S_SOURCE");
    struct dev dev;
    (void)argc;
    par_restart(argv);
    source = source ? source : ".";
    if (dev_open(&dev, "cpu", &e) || assets_open(&assets, source, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    if (dev_precision_set(&dev, PRECISION_BF16, &e)) {
        printf("SKIP: %s\n", e.msg);
        return 77;
    }
    dev_close(&dev);
    if (!asset_ready(assets, "smollm2-135m")) {
        printf("SKIP: the default model has not been fetched (w2s fetch smollm2-135m)\n");
        return 77;
    }
    lab = (struct lab){.share = source, .assets = assets, .offline = "a test fetches nothing"};
    if (lab_model_open(&lm, &lab, "smollm2-135m", &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lab_model_close(&lm);
    assets_close(assets);
    return failed;
}
