/* train_faults - the n-th allocation or write of a training fails, for every n: a code and a
 * sentence, nothing leaked (the sanitizers watch), and what was written before goes on to the bits
 * of a run that met no fault. */
#include "train/words.h"
#include "unit/train_toy.h"
#include "core/file.h"

#include <stdlib.h>
#include <unistd.h>

static const struct trainable upper = {TRAIN_TOP, 1, false, {0}};
static char folder[] = "train_faults.XXXXXX", path[64];
static struct dev dev;
static struct toy toy;

static struct train_settings settings(void)
{
    struct train_settings s = toy_settings();
    s.epochs = 1;
    s.micro_tokens = 40;
    s.loss = (struct loss_settings){.kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2};
    s.checkpoint_every = 0;
    return s;
}

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    toy_init(&toy, 20, 2, true, 1);
    if (!mkdtemp(folder) || dev_open(&dev, "cpu", &e))
        return -1;
    snprintf(path, sizeof path, "%s/checkpoint.bin", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    dev_close(&dev);
    return file_remove_tree(folder, &e);
}

static int sink_add(void *ctx, const float *rows, size_t n_rows, struct err *e)
{
    (void)ctx, (void)rows, (void)n_rows, (void)e;
    return OK;
}

/* work - what each fault is met in: features, training with a checkpoint, prediction. */
static int work(struct model *m, struct err *e)
{
    struct train_settings s = settings();
    struct train_result r;
    double probs[40];
    int rc = features_make(m, &toy.set, 40, NULL, sink_add, NULL, e);
    if (!rc)
        rc = train_run(m, &s, &toy.data, path, NULL, NULL, &r, e);
    return rc ? rc : predict_run(m, &toy.set, NULL, 40, probs, NULL, NULL, e);
}

static void every_allocation(void **state)
{
    (void)state;
    bool hit = true;
    struct err none = ERR_INIT;
    /* once without a fault: the device then has its table of rotary angles, without which it goes
     * on */
    struct model *first = toy_model(&dev, 2, upper, 1);
    assert_int_equal(work(first, &none), OK);
    model_free(first);
    for (size_t n = 1; hit; n++) {
        struct err e = ERR_INIT;
        unlink(path);
        struct model *m = toy_model(&dev, 2, upper, 1);
        mem_fault_at(n);
        int rc = work(m, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_int_equal(rc, hit ? ERR_NOMEM : OK);
        if (hit)
            assert_non_null(strstr(e.msg, "out of memory"));
        model_free(m);
        assert_true(n < 100000);
    }
}

static void every_allocation_of_writing(void **state)
{
    (void)state;
    const struct write_settings s = {.end = 1, .most = 3};
    const struct head_spec lm = {.kind = HEAD_LM};
    bool hit = true;
    for (size_t n = 1; hit; n++) {
        struct err e = ERR_INIT;
        struct token_ids out[20] = {{0}};
        struct model *m = toy_model(&dev, 2, upper, 1);
        assert_int_equal(model_head_set(m, &lm, &e), OK);
        mem_fault_at(n);
        int rc = write_run(m, &toy.set, &s, out, NULL, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_int_equal(rc, hit ? ERR_NOMEM : OK);
        for (size_t i = 0; i < 20; i++)
            token_ids_release(&out[i]);
        model_free(m);
        assert_true(n < 100000);
    }
}

static void every_allocation_of_asking(void **state)
{
    (void)state;
    static const int32_t prefix[] = {3, 1}, tokens[] = {5, 6, 2};
    static const size_t starts[] = {0, 1, 3};
    const struct words words = {2, tokens, starts};
    const struct head_spec lm = {.kind = HEAD_LM};
    bool hit = true;
    for (size_t n = 1; hit; n++) {
        struct err e = ERR_INIT;
        double scores[2 * 20];
        size_t worked;
        struct model *m = toy_model(&dev, 2, upper, 1);
        assert_int_equal(model_head_set(m, &lm, &e), OK);
        mem_fault_at(n);
        int rc = words_run(m, prefix, 2, &toy.set, &words, scores, &worked, NULL, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_int_equal(rc, hit ? ERR_NOMEM : OK);
        model_free(m);
        assert_true(n < 100000);
    }
}

static void every_write(void **state)
{
    (void)state;
    struct train_settings s = settings();
    size_t n_params, failed = 0;
    float *want = toy_train(&dev, &toy, &s, upper, NULL, NULL, &n_params);
    int rc = ERR_IO;
    for (size_t n = 1; rc; n++) {
        struct err e = ERR_INIT;
        struct train_result r;
        unlink(path);
        struct model *m = toy_model(&dev, 2, upper, 1);
        file_fault_at(n);
        rc = train_run(m, &s, &toy.data, path, NULL, NULL, &r, &e);
        file_fault_at(0);
        model_free(m);
        if (!rc)
            break;
        failed++;
        assert_int_equal(rc, ERR_IO);
        assert_non_null(strstr(e.msg, path));
        float *found = toy_train(&dev, &toy, &s, upper, NULL, path, &n_params);
        assert_memory_equal(found, want, n_params * sizeof *found);
        mem_free(found);
    }
    assert_true(failed > 3);
    mem_free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
        cmocka_unit_test(every_allocation_of_writing),
        cmocka_unit_test(every_allocation_of_asking),
        cmocka_unit_test(every_write),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
