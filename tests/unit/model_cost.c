/* model_cost.c - what a training is said to take is what it takes: the products counted at the
 * table of operations, and the floats that the model and its pass hold. */
#include "model_test.h"
#include "model/internal.h"

/* The reference's table with counters before its products. */
static double counted; /* multiply-adds */
static bool again;     /* in a backward: attention's forward is made a second time */

static void count_matmul(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                         const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                         float *c, size_t ldc)
{
    counted += (double)M * (double)N * (double)K;
    ops_reference.matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

static void count_matmul_gated(struct dev *d, enum act act, size_t N, size_t C, size_t K,
                               const float *x, const float *w, bool keep, float *gu, float *y)
{
    counted += 2 * (double)N * (double)C * (double)K;
    ops_reference.matmul_gated(d, act, N, C, K, x, w, keep, gu, y);
}

/* pairs - of a query and a key it sees, times H * D: what one product of attention takes. */
static double pairs(const struct attn_shape *s)
{
    double n = 0;
    for (size_t k = 0; k < s->S; k++) {
        int32_t nq = s->q_starts[k + 1] - s->q_starts[k];
        int32_t nk = s->kv_starts[k + 1] - s->kv_starts[k];
        for (int32_t i = 0; i < nq; i++)
            n += nk - nq + i + 1;
    }
    return n * (double)(s->H * s->D);
}

static void count_attention_fwd(struct dev *d, const struct attn_shape *s, const float *q,
                                const float *k, const float *v, float *y, float *lse)
{
    counted += again ? 0 : 2 * pairs(s);
    ops_reference.attention_fwd(d, s, q, k, v, y, lse);
}

static void count_attention_bwd(struct dev *d, const struct attn_shape *s, const float *q,
                                const float *k, const float *v, const float *y, const float *lse,
                                const float *dy, float *dq, float *dk, float *dv)
{
    counted += 5 * pairs(s);
    ops_reference.attention_bwd(d, s, q, k, v, y, lse, dy, dq, dk, dv);
}

static const struct trainable kinds[] = {{TRAIN_ALL, 0, true, {0}},
                                         {TRAIN_ALL, 0, false, {0}},
                                         {TRAIN_TOP, 1, false, {0}},
                                         {TRAIN_TOP, 2, false, {0}},
                                         {TRAIN_TOP, 3, false, {0}},
                                         {TRAIN_HEAD, 0, false, {0}},
                                         {TRAIN_LORA, 0, false, {3, 6, LORA_ALL, 1}}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* train_once - one forward and one backward of a classifier of two classes, or of a language model
 * that reads as many tokens as are given; from features where given. */
static void train_once(struct model *m, struct pass *p, const struct batch *b, const int32_t *reads,
                       bool features_given, bool lend)
{
    size_t R, n = reads ? b->n_tokens * model_outputs(m) : b->n_seqs * 2;
    float *features = NULL, *dlogits = dev_alloc(m->dev, n, &e);
    const float *logits;
    assert_non_null(dlogits);
    m->dev->ops->fill(m->dev, n, 0.1, dlogits);
    if (features_given) {
        features = mem_alloc(b->n_tokens * TEST_C, sizeof *features, &e);
        check(pass_features(p, b, features, &e));
    }
    struct pass_input in = {
        .batch = b, .reads = reads, .features = features, .keep = true, .lend = lend};
    counted = 0;
    model_grad_zero(m);
    check(pass_forward(p, &in, &logits, &R, &e));
    again = true;
    pass_backward(p, dlogits);
    again = false;
    dev_free(m->dev, dlogits);
    mem_free(features);
}

static void flops_of(const struct model_config *c)
{
    static const size_t batches[][2] = {{1, 1}, {1, 7}, {5, 1}, {4, 13}}; /* sequences, length */
    struct ops counting = ops_reference;
    struct dev dev;
    struct pass *p;
    counting.matmul = count_matmul;
    counting.matmul_gated = count_matmul_gated;
    counting.attention_fwd = count_attention_fwd;
    counting.attention_bwd = count_attention_bwd;
    check(dev_open(&dev, "reference", &e));
    dev.ops = &counting;
    struct model *m = test_model(&dev, c, 2);
    check(pass_new(&p, m, &e));
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
            for (int given = 0; given < 2; given++) {
                size_t S = batches[i][0], n = batches[i][1], lengths[8];
                struct test_batch t;
                for (size_t s = 0; s < S; s++)
                    lengths[s] = n;
                test_batch(&t, lengths, S, 1);
                check(model_trainable_set(m, &kinds[k], &e));
                if (given && m->cut == 0)
                    continue;
                train_once(m, p, &t.b, NULL, given, false);
                double said = model_flops(c, &kinds[k], S * n, S, given);
                if (said != 2 * counted) /* whole numbers below 2^53: exact */
                    fail_msg("%s, kind %zu, %zu of %zu tokens, features %d: said %.0f, counted "
                             "%.0f",
                             family_name(c->family), k, S, n, given, said, 2 * counted);
            }
    assert_true(model_flops(c, &kinds[0], 0, 0, false) == 0);
    pass_free(p);
    model_free(m);
    dev_close(&dev);
}

static void test_flops(void **state)
{
    (void)state;
    every_config(flops_of);
}

/* held_of - floats of a model and its pass: values; two moments, and a gradient that has a place of
 * its own. */
static size_t held_of(const struct model *m, const struct pass *p)
{
    size_t held = p->most;
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *w = &m->params[i];
        held += floats_of(w) * (w->g ? (w->g == w->own ? 4U : 3U) : 1U);
    }
    return held;
}

/* A language model that learns whole, with every token read, and with the last few of each text. */
static void lm_of(const struct model_config *c)
{
    static const size_t lengths[] = {13, 13, 13};
    static const int32_t every[] = {13, 13, 13}, few[] = {2, 2, 2};
    struct ops counting = ops_reference;
    struct test_batch t;
    struct dev dev;
    struct pass *p;
    counting.matmul = count_matmul;
    counting.matmul_gated = count_matmul_gated;
    counting.attention_fwd = count_attention_fwd;
    counting.attention_bwd = count_attention_bwd;
    check(dev_open(&dev, "reference", &e));
    dev.ops = &counting;
    test_batch(&t, lengths, 3, 1);
    for (int k = 0; k < 4; k++) {
        const bool whole = k % 2, lend = k / 2;
        struct model *m = test_model(&dev, c, 0);
        check(model_trainable_set(m, &kinds[0], &e));
        check(pass_new(&p, m, &e));
        train_once(m, p, &t.b, whole ? every : few, false, lend);
        double said = model_flops_lm(c, &kinds[0], 39, 3, whole ? 39 : 6);
        if (said != 2 * counted)
            fail_msg("%s, whole %d: said %.0f, counted %.0f", family_name(c->family), whole, said,
                     2 * counted);
        if (whole)
            assert_int_equal(model_bytes_lm(c, 39, lend), held_of(m, p) * sizeof(float));
        pass_free(p);
        model_free(m);
    }
    assert_true(model_flops_lm(c, &kinds[0], 0, 0, 0) == 0);
    dev_close(&dev);
}

static void test_lm(void **state)
{
    (void)state;
    every_config(lm_of);
}

/* The estimate is for one read in 25 tokens. With such a batch it is exact for all
 * floats on the device. Beside them a pass holds copies of the batch on the host: four ids a token
 * and two a sequence. */
static void bytes_of(const struct model_config *c)
{
    enum { S = 3, N = 25 * S };
    static const size_t lengths[S] = {70, 3, 2};
    struct test_batch t;
    struct dev dev;
    test_batch(&t, lengths, S, 1);
    check(dev_open(&dev, "reference", &e));
    for (size_t k = 0; k < 2 * KINDS; k++) {
        const struct trainable *kind = &kinds[k / 2];
        bool lend = k % 2;
        struct model *m = test_model(&dev, c, 2);
        struct pass *p;
        check(model_trainable_set(m, kind, &e));
        check(pass_new(&p, m, &e));
        train_once(m, p, &t.b, NULL, false, lend);
        size_t held = held_of(m, p), said = model_bytes(c, kind, N, lend);
        if (said != held * sizeof(float))
            fail_msg("%s, kind %zu, lend %d: said %zu bytes, held %zu", family_name(c->family),
                     k / 2, lend, said, held * sizeof(float));
        /* below the last block there is room for some gradients at least */
        bool some = lend && kind->kind <= TRAIN_TOP && kind->top != 1;
        assert_true(!some || said < model_bytes(c, kind, N, false));
        pass_free(p);
        model_free(m);
    }
    dev_close(&dev);
}

static void test_bytes(void **state)
{
    (void)state;
    every_config(bytes_of);
}

static void predicting_of(const struct model_config *c)
{
    static const size_t lengths[] = {70, 3, 2};
    struct test_batch t;
    struct dev dev;
    struct pass *p;
    const float *logits;
    size_t R, held;
    test_batch(&t, lengths, 3, 1);
    check(dev_open(&dev, "reference", &e));
    struct model *m = test_model(&dev, c, 2);
    struct pass_input in = {.batch = &t.b};
    check(pass_new(&p, m, &e));
    check(pass_forward(p, &in, &logits, &R, &e));
    held = p->most;
    for (size_t i = 0; i < m->n_params; i++)
        held += floats_of(&m->params[i]);
    assert_int_equal(model_bytes_predicting(c, t.b.n_tokens), held * sizeof(float));
    pass_free(p);
    model_free(m);
    dev_close(&dev);
}

static void test_predicting(void **state)
{
    (void)state;
    every_config(predicting_of);
}

/* What cannot be a model is 0, what cannot be counted is the most; nothing overflows on the way. */
static void test_bounds(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false);
    size_t small = model_bytes(&c, &kinds[0], 1, false),
           more = model_bytes(&c, &kinds[0], 1000, true);
    assert_true(small > 0 && more > small);
    assert_true(model_bytes(&c, &kinds[0], SIZE_MAX / 8, true) == SIZE_MAX);
    c.heads = 0;
    assert_int_equal(model_bytes(&c, &kinds[0], 1, false), 0);
    c = test_config(FAMILY_LLAMA, false);
    c.layers = 1024;
    c.channels = c.mlp = c.vocab = (size_t)1 << 24;
    assert_true(model_bytes(&c, &kinds[0], 1, false) > (size_t)1 << 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flops), cmocka_unit_test(test_bytes),
                                       cmocka_unit_test(test_lm), cmocka_unit_test(test_predicting),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
