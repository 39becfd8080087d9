/* train_predict - predictions depend on the texts, not on where they lie; features computed once
 * give what computing them at every step gives. */
#include "train_toy.h"

#include <math.h>

static void predict(struct model *m, const struct toy *t, const struct features *f, size_t micro,
                    double *probs)
{
    struct err e = ERR_INIT;
    if (predict_run(m, &t->set, f, micro, probs, NULL, NULL, &e))
        fail_msg("%s", e.msg);
}

static void rows_are_distributions(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    double probs[TOY_MAX * TOY_K];
    struct toy t;
    toy_init(&t, 50, 3, true, 1);
    struct model *m = toy_model(&dev, 3, everything, 2);
    predict(m, &t, NULL, 30, probs);
    for (size_t i = 0; i < 50; i++) {
        assert_true(fabs(probs[3 * i] + probs[3 * i + 1] + probs[3 * i + 2] - 1) < 1e-15);
        for (size_t k = 0; k < 3; k++)
            assert_true(probs[3 * i + k] > 0);
    }
    model_free(m);
    dev_close(&dev);
}

static void order_in_memory_changes_no_bit(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    double probs[TOY_MAX * 2], other[TOY_MAX * 2];
    struct toy a, b;
    size_t order[50];
    struct rng rng;
    toy_init(&a, 50, 2, true, 3);
    rng_init(&rng, 4, "permute");
    for (size_t i = 0; i < 50; i++)
        order[i] = i;
    rng_shuffle(&rng, order, 50);
    b = a;
    for (size_t i = 0; i < 50; i++) {
        size_t n = token_set_len(&a.set, order[i]);
        memcpy(b.tokens + b.starts[i], a.tokens + a.starts[order[i]], n * sizeof *a.tokens);
        b.starts[i + 1] = b.starts[i] + n;
    }
    b.set.tokens = b.tokens;
    b.set.starts = b.starts;
    struct model *m = toy_model(&dev, 2, everything, 2);
    for (size_t micro = 1; micro < 200; micro = 3 * micro + 1) {
        predict(m, &a, NULL, micro, probs);
        predict(m, &b, NULL, micro, other);
        for (size_t i = 0; i < 50; i++)
            assert_memory_equal(other + 2 * i, probs + 2 * order[i], 2 * sizeof *probs);
    }
    model_free(m);
    dev_close(&dev);
}

/* f32 products whose rows meet in other blocks. */
#define COMPANY_TOL 1e-6

static void company_changes_rounding_at_most(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    double alone[TOY_MAX * 2], together[TOY_MAX * 2];
    struct toy t;
    toy_init(&t, 50, 2, true, 5);
    struct model *m = toy_model(&dev, 2, everything, 2);
    predict(m, &t, NULL, 1, alone);
    predict(m, &t, NULL, 4096, together);
    for (size_t i = 0; i < 100; i++)
        assert_true(fabs(alone[i] - together[i]) < COMPANY_TOL);
    model_free(m);
    dev_close(&dev);
}

struct sink {
    float rows[TOY_MAX * TOY_LEN * 16];
    size_t n;
};

static int sink_add(void *ctx, const float *rows, size_t n_rows, struct err *e)
{
    struct sink *s = ctx;
    (void)e;
    memcpy(s->rows + s->n * 16, rows, n_rows * 16 * sizeof *rows);
    s->n += n_rows;
    return OK;
}

/* The frozen blocks' products over other sets of rows, then two epochs of Adam. */
#define FEATURES_TOL 1e-5

static void features_stand_for_the_frozen_blocks(void **state)
{
    (void)state;
    static const struct trainable what[] = {
        {TRAIN_TOP, 1, false, {0}}, {TRAIN_TOP, 2, false, {0}}, {TRAIN_HEAD, 0, false, {0}}};
    static struct sink sink;
    struct dev dev = dev_of("cpu");
    struct err e = ERR_INIT;
    struct toy t;
    toy_init(&t, 37, 2, true, 6);
    for (size_t i = 0; i < 3; i++) {
        double probs[2][TOY_MAX * 2], before[TOY_MAX * 2], given[TOY_MAX * 2];
        size_t starts[TOY_MAX + 1];
        struct train_settings s = toy_settings();
        s.eps = 1e-3;
        struct model *m = toy_model(&dev, 2, what[i], 1);
        sink.n = 0;
        if (features_make(m, &t.set, 50, NULL, sink_add, &sink, &e))
            fail_msg("%s", e.msg);
        for (size_t k = 0; k <= 37; k++)
            starts[k] = m->cut == TOY_L ? k : t.starts[k];
        assert_int_equal(sink.n, starts[37]);
        struct features f = {sink.rows, starts, 16};
        predict(m, &t, NULL, 100, before);
        predict(m, &t, &f, 100, given);
        for (size_t k = 0; k < 74; k++)
            assert_true(fabs(before[k] - given[k]) < FEATURES_TOL);
        model_free(m);
        for (size_t with = 0; with < 2; with++) {
            struct train_data d = {
                .tokens = &t.set, .targets = t.targets, .features = with ? &f : NULL};
            struct train_result r;
            m = toy_model(&dev, 2, what[i], 1);
            if (train_run(m, &s, &d, NULL, NULL, NULL, &r, &e))
                fail_msg("%s", e.msg);
            predict(m, &t, with ? &f : NULL, 100, probs[with]);
            model_free(m);
        }
        double moved = 0;
        for (size_t k = 0; k < 74; k++) {
            assert_true(fabs(probs[0][k] - probs[1][k]) < FEATURES_TOL);
            moved += fabs(probs[0][k] - before[k]);
        }
        assert_true(moved > 0.1);
    }
    dev_close(&dev);
}

static int sink_full(void *ctx, const float *rows, size_t n_rows, struct err *e)
{
    (void)ctx, (void)rows, (void)n_rows;
    return err_set(e, ERR_IO, "the disk is full");
}

static void errors_of_others_pass_through(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct err e = ERR_INIT;
    struct toy t;
    double probs[TOY_MAX * 2];
    toy_init(&t, 20, 2, true, 7);
    struct model *m = toy_model(&dev, 2, (struct trainable){TRAIN_TOP, 1, false, {0}}, 1);
    assert_int_equal(features_make(m, &t.set, 50, NULL, sink_full, NULL, &e), ERR_IO);
    assert_string_equal(e.msg, "the disk is full");
    t.tokens[3] = TOY_V;
    assert_int_equal(predict_run(m, &t.set, NULL, 50, probs, NULL, NULL, &e), ERR_INPUT);
    model_free(m);
    dev_close(&dev);
}

/* What training learns from and what a job's files hold is held to the same: rounding is no error,
 * more is. */
static void probabilities_are_checked(void **state)
{
    static const struct {
        double x[4];
        const char *says; /* NULL: right */
    } rows[] = {
        {{0.5, 0.5, 0, 1}, NULL},
        {{1 + 5e-7, 0, 0.3, 0.7 - 5e-7}, NULL},
        {{1 + 2e-6, 0, 0.5, 0.5}, "number 0 of example 0 is 1.000002, wanted a probability"},
        {{0.5, 0.5, -1e-9, 1}, "number 0 of example 1 is -1e-09, wanted a probability"},
        {{0.5, 0.5, 0.5, (double)NAN}, "number 1 of example 1 is nan, wanted a probability"},
        {{0.5, 0.5, 0.5, 0.25}, "the probabilities of example 1 sum to 0.75, wanted 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(predict_check(rows[i].x, 2, 2, &e), rows[i].says ? ERR_INPUT : OK);
        assert_string_equal(e.msg, rows[i].says ? rows[i].says : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_are_checked),
        cmocka_unit_test(rows_are_distributions),
        cmocka_unit_test(order_in_memory_changes_no_bit),
        cmocka_unit_test(company_changes_rounding_at_most),
        cmocka_unit_test(features_stand_for_the_frozen_blocks),
        cmocka_unit_test(errors_of_others_pass_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
