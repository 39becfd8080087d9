/* model_transformers.c - folders that this program saved, loaded by transformers
 * (model_transformers.py): every family, as a language model, a reward and a classifier, answers
 * there what it answers here. SKIP where W2S_PYTHON does not name a Python that has it. */
#include "unit/model_test.h"
#include "core/str.h"

static struct dev dev;

/* f64 of PyTorch against f32 here, relative to the largest logit. */
#define TOLERANCE 1e-5

enum { PREFIXES = 9, HEADS = 3 };
static const size_t length[] = {PREFIXES}, heads[HEADS] = {0, 1, 3};

/* answer - what m says at the end of each prefix, against the lines of transformers. */
static void answer(struct model *m, const struct test_batch *t, FILE *theirs)
{
    static double off[PREFIXES * TEST_V];
    struct pass *p;
    size_t K = model_outputs(m), R;
    double most = 0, worst = 0;
    check(pass_new(&p, m, &e));
    for (int32_t n = 1; n <= PREFIXES; n++) {
        int32_t one[1] = {1}, starts[2] = {0, n};
        struct batch b = {(size_t)n, 1, t->tokens, starts};
        struct pass_input in = {.batch = &b, .reads = one};
        const float *logits;
        check(pass_forward(p, &in, &logits, &R, &e));
        for (size_t k = 0; k < K; k++) {
            double want;
            if (fscanf(theirs, "%lf", &want) != 1)
                fail_msg("transformers says nothing of a %s", family_name(m->cfg.family));
            most = fmax(most, fabs(want));
            off[(size_t)(n - 1) * K + k] = fabs((double)logits[k] - want);
        }
    }
    for (size_t i = 0; i < PREFIXES * K; i++)
        worst = fmax(worst, off[i]);
    print_message("%s, %zu outputs: off by %.2g of %.3g\n", family_name(m->cfg.family), K, worst,
                  most);
    for (size_t i = 0; i < PREFIXES * K; i++)
        if (!(off[i] <= TOLERANCE * most))
            fail_msg("%s, %zu outputs, prefix %zu: off by %g of %g", family_name(m->cfg.family), K,
                     i / K + 1, off[i], most);
    pass_free(p);
}

static const char *python;

/* asked - a command that asks for the logits of folders to come. */
static void asked(struct str *command, const struct test_batch *t)
{
    const char *source = getenv("W2S_SOURCE");
    str_addf(command, "OMP_NUM_THREADS=1 '%s' '%s/tests/oracle/model_transformers.py' ", python,
             source ? source : ".");
    for (size_t i = 0; i < PREFIXES; i++)
        str_addf(command, "%s%d", i ? "," : "", (int)t->tokens[i]);
}

/* adapted - a saved model, and adapters whose B is not 0, saved beside it. */
static struct model *adapted(const struct model_config *c, size_t i)
{
    struct trainable t = {TRAIN_LORA, 0, false, {3, 5, LORA_ALL, 9}};
    struct model *m = test_model(&dev, c, 0);
    char name[32], base[600];
    struct rng r;
    snprintf(name, sizeof name, "base%zu", i);
    snprintf(base, sizeof base, "%s", in_scratch(name));
    check(model_save(m, NULL, base, &e));
    check(model_trainable_set(m, &t, &e));
    rng_init(&r, 6, "adapters");
    for (size_t k = m->lora_at; k < m->n_params; k++)
        for (size_t n = 0; n < floats_of(&m->params[k]); n++)
            m->params[k].w[n] += (float)(0.05 * rng_normal(&r));
    snprintf(name, sizeof name, "adapter%zu", i);
    check(lora_save(m, base, in_scratch(name), &e));
    return m;
}

static bool python_has(const char *modules)
{
    char probe[600];
    snprintf(probe, sizeof probe, "'%s' -c 'import %s' 2>/dev/null", python, modules);
    return system(probe) == 0;
}

/* Adapters of every family, loaded by PEFT. */
static void test_peft(void **state)
{
    (void)state;
    struct model *models[FAMILY_COUNT];
    struct test_batch t;
    struct str command = STR_INIT;
    char name[32];
    if (!python_has("peft"))
        skip();
    test_batch(&t, length, 1, 1);
    asked(&command, &t);
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        struct model_config c = test_config((enum family)i, i % 2);
        models[i] = adapted(&c, i);
        snprintf(name, sizeof name, "adapter%zu", i);
        str_addf(&command, " adapter '%s'", in_scratch(name));
    }
    str_cat(&command, " 2>/dev/null");
    FILE *theirs = popen(command.s, "r");
    assert_non_null(theirs);
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        answer(models[i], &t, theirs);
        model_free(models[i]);
    }
    assert_int_equal(pclose(theirs), 0);
    str_release(&command);
}

static void test_transformers(void **state)
{
    (void)state;
    struct model *models[FAMILY_COUNT * HEADS];
    struct test_batch t;
    struct str command = STR_INIT;
    char name[32];
    test_batch(&t, length, 1, 1);
    asked(&command, &t);
    for (size_t i = 0; i < FAMILY_COUNT * HEADS; i++) {
        enum family family = (enum family)(i / HEADS);
        struct model_config c = test_config(family, family % 2);
        models[i] = test_model(&dev, &c, heads[i % HEADS]);
        snprintf(name, sizeof name, "answer%zu", i);
        check(model_save(models[i], NULL, in_scratch(name), &e));
        str_addf(&command, " %s '%s'", heads[i % HEADS] ? "classifier" : "lm", in_scratch(name));
    }
    str_cat(&command, " 2>/dev/null");
    FILE *theirs = popen(command.s, "r");
    assert_non_null(theirs);
    for (size_t i = 0; i < FAMILY_COUNT * HEADS; i++) {
        answer(models[i], &t, theirs);
        model_free(models[i]);
    }
    assert_int_equal(pclose(theirs), 0);
    str_release(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transformers),
                                       cmocka_unit_test(test_peft)};
    python = getenv("W2S_PYTHON");
    if (!python || !*python || !python_has("torch, transformers"))
        return 77;
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
