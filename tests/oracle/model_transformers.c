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
    double most = 0;
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
        if (!(off[i] <= TOLERANCE * most))
            fail_msg("%s, %zu outputs, prefix %zu: off by %g of %g", family_name(m->cfg.family), K,
                     i / K + 1, off[i], most);
    pass_free(p);
}

static const char *python;

static void test_transformers(void **state)
{
    (void)state;
    const char *source = getenv("W2S_SOURCE");
    struct model *models[FAMILY_COUNT * HEADS];
    struct test_batch t;
    struct str command = STR_INIT;
    char name[32];
    str_addf(&command, "OMP_NUM_THREADS=1 '%s' '%s/tests/oracle/model_transformers.py' ", python,
             source ? source : ".");
    test_batch(&t, length, 1, 1);
    for (size_t i = 0; i < PREFIXES; i++)
        str_addf(&command, "%s%d", i ? "," : "", (int)t.tokens[i]);
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

static bool has_transformers(void)
{
    char probe[600];
    python = getenv("W2S_PYTHON");
    if (!python || !*python)
        return false;
    snprintf(probe, sizeof probe, "'%s' -c 'import torch, transformers' 2>/dev/null", python);
    return system(probe) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transformers)};
    if (!has_transformers())
        return 77;
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
