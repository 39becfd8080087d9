/* model_load.c - parameters that come in several runs (family_load) are the file's numbers, each in
 * its place, and a load holds no more than a run beside the model. */
#include "unit/model_test.h"
#include "unit/model_files.h"

static struct dev dev;

/* Matrices of more than a run's 2^20 numbers: the last run of each is a shorter one. */
static struct model_config large(enum family family)
{
    struct model_config c = test_config(family, false);
    c.layers = c.layers_whole = 1;
    c.head_size = 160;
    c.heads = 8;
    c.kv_heads = 8;
    c.channels = c.heads * c.head_size;
    c.rotary = family == FAMILY_GPT2 ? 0 : c.head_size;
    c.mlp = 1001;
    c.vocab = 1003;
    return c;
}

static void loads(const char *path, const struct model *m)
{
    struct model *loaded;
    struct weights *w;
    struct model_options o = {0};
    check(weights_open(&w, path, &e));
    check(model_load(&loaded, &dev, w, &o, &e));
    assert_int_equal(loaded->n_params, m->n_params);
    for (size_t i = 0; i < m->n_params; i++)
        if (memcmp(loaded->params[i].w, m->params[i].w, floats_of(&m->params[i]) * sizeof(float)))
            fail_msg("%s: %s is not what was saved", path, m->params[i].spec.name);
    weights_close(w);
    model_free(loaded);
}

static void several_runs(void **state)
{
    (void)state;
    static const enum family families[] = {FAMILY_GPT2, FAMILY_NEOX, FAMILY_LLAMA};
    for (size_t i = 0; i < 3; i++) {
        struct model_config c = large(families[i]);
        struct model *m;
        check(model_random(&m, &dev, &c, 3, &e));
        check(model_save(m, NULL, in_scratch("m"), &e));
        loads(in_scratch("m"), m);
        if (families[i] == FAMILY_LLAMA) {
            struct gguf g;
            gguf_init(&g);
            gguf_config(&g, &c);
            gguf_model(&g, m);
            loads(gguf_put(&g, "large.gguf"), m);
            gguf_release(&g);
        }
        model_free(m);
    }
}

/* Beside its parameters a load touches the file's pages, which are the system's to take back. */
static void no_second_embedding(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, true);
    struct model *m;
    struct weights *w;
    struct model_options o = {0};
    size_t held = 0;
    c.vocab = 400000; /* of 24 numbers: 38 MB */
    check(model_random(&m, &dev, &c, 3, &e));
    check(model_save(m, NULL, in_scratch("m"), &e));
    for (size_t i = 0; i < m->n_params; i++)
        held += floats_of(&m->params[i]) * sizeof(float);
    model_free(m);
    check(weights_open(&w, in_scratch("m"), &e));
    bool known = mem_peak_reset();
    size_t before = mem_peak();
    check(model_load(&m, &dev, w, &o, &e));
    size_t peak = mem_peak() - before;
    print_message("parameters %.1f MB, the load %.1f MB with the file's\n", (double)held / 1e6,
                  (double)peak / 1e6);
    if (!known)
        print_message("SKIP: the peak is not the load's\n");
    else
        assert_true(peak < 2 * held + 20000000);
    weights_close(w);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_runs),
        cmocka_unit_test(no_second_embedding),
    };
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
