/* train_run and lm_score_run of a language model: the loss is the mean over the tokens that are to
 * be predicted, its gradient is the difference quotient, pieces and order do not matter, a run that
 * continues ends with the same bits. */
#include "train_toy.h"
#include "scratch.h"

#include <math.h>

enum { N = 23 };

struct texts {
    struct toy toy;
    size_t answer_at[N];
};

/* texts_init - of 2 to 13 tokens; the answer begins anywhere after the first. */
static void texts_init(struct texts *t, uint64_t seed)
{
    struct rng r;
    toy_init(&t->toy, N, 2, false, seed);
    rng_init(&r, seed, "answers");
    t->toy.starts[0] = 0;
    for (size_t i = 0; i < N; i++) {
        size_t len = 2 + rng_below(&r, 11);
        for (size_t k = 0; k < len; k++)
            t->toy.tokens[t->toy.starts[i] + k] = (int32_t)rng_below(&r, TOY_V);
        t->toy.starts[i + 1] = t->toy.starts[i] + len;
        t->answer_at[i] = 1 + rng_below(&r, (uint32_t)len - 1);
    }
    t->toy.set.answer_at = t->answer_at;
    t->toy.data.targets = NULL;
}

static struct model *lm(struct dev *dev, bool tied)
{
    struct err e = ERR_INIT;
    struct head_spec head = {HEAD_LM, 0, NULL, 0};
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct model *m = toy_model(dev, 2, all, 1);
    struct model_config c = m->cfg;
    model_free(m);
    c.tied = tied;
    if (model_random(&m, dev, &c, 1, &e) || model_head_set(m, &head, &e) ||
        model_trainable_set(m, &all, &e))
        fail_msg("%s", e.msg);
    return m;
}

static double nats_of(struct model *m, const struct token_set *t, size_t micro)
{
    struct err e = ERR_INIT;
    struct lm_score s;
    if (lm_score_run(m, t, micro, &s, NULL, NULL, &e))
        fail_msg("%s", e.msg);
    return s.nats;
}

/* shift - every parameter by step times a direction of its own stream; the derivative along it. */
static double shift(struct model *m, double step)
{
    double slope = 0;
    for (size_t i = 0; i < m->n_params; i++) {
        struct model_param *p = &m->params[i];
        struct rng r;
        rng_init(&r, 9, p->spec.name);
        for (size_t k = 0; k < p->spec.rows * p->spec.cols; k++) {
            double d = rng_normal(&r);
            slope += d * (double)p->g[k];
            p->w[k] = (float)((double)p->w[k] + step * d);
        }
    }
    return slope;
}

/* f32 weights and logits under a step of 3e-4, about 0.02 over all parameters: what rounding and
 * the third derivative leave. */
#define SLOPE_STEP 3e-4
#define SLOPE_TOL  5e-3

static void the_gradient_is_the_difference_quotient(void **state)
{
    (void)state;
    struct dev dev = dev_of("reference");
    struct err e = ERR_INIT;
    static struct texts t;
    texts_init(&t, 3);
    for (int tied = 0; tied < 2; tied++) {
        struct train_settings s = toy_settings();
        struct train_result r;
        struct model *m = lm(&dev, tied);
        shift(m, 0.3); /* away from the flat beginning */
        s.epochs = 1;
        s.batch = N;
        s.lr = 0;
        s.clip = 0;
        s.micro_tokens = 30; /* pieces: gradients are in places of their own */
        assert_int_equal(train_run(m, &s, &t.toy.data, NULL, NULL, NULL, &r, &e), OK);
        assert_true(fabs(r.final_loss - nats_of(m, &t.toy.set, 1000)) < 1e-5);
        double slope = shift(m, SLOPE_STEP), up = nats_of(m, &t.toy.set, 1000);
        shift(m, -2 * SLOPE_STEP);
        double quotient = (up - nats_of(m, &t.toy.set, 1000)) / (2 * SLOPE_STEP);
        if (!(fabs(slope) > 0.5 && fabs(quotient - slope) < SLOPE_TOL * fabs(slope)))
            fail_msg("tied %d: slope %g, difference quotient %g", tied, slope, quotient);
        model_free(m);
    }
    dev_close(&dev);
}

/* A step's loss is the mean over its batch's predicted tokens, and a point's over all since the
 * last: with a learning rate of 0 the epoch's is that of the whole set. */
static void every_predicted_token_counts_once(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct err e = ERR_INIT;
    static struct texts t;
    texts_init(&t, 4);
    for (int whole = 0; whole < 2; whole++) {
        struct train_settings s = toy_settings();
        struct train_result r;
        struct lm_score score;
        struct model *m = lm(&dev, true);
        size_t tokens = 0;
        s.lr = 0;
        t.toy.set.answer_at = whole ? NULL : t.answer_at;
        for (size_t i = 0; i < N; i++)
            tokens += token_set_len(&t.toy.set, i) - (whole ? 1 : t.answer_at[i]);
        assert_int_equal(train_run(m, &s, &t.toy.data, NULL, NULL, NULL, &r, &e), OK);
        assert_int_equal(lm_score_run(m, &t.toy.set, 40, &score, NULL, NULL, &e), OK);
        assert_int_equal(score.tokens, tokens);
        assert_true(fabs(r.final_loss - score.nats) < 1e-5);
        assert_true(fabs(score.nats - log(TOY_V)) < 0.1); /* a model that knows nothing */
        assert_int_equal(r.tokens, 2 * token_set_total(&t.toy.set));
        model_free(m);
    }
    dev_close(&dev);
}

/* What comes before the answer is read, and not learnt; what comes after the text is not there. */
static void texts_are_learnt(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct err e = ERR_INIT;
    static struct texts t;
    struct train_settings s = toy_settings();
    struct train_result r;
    struct lm_score score;
    texts_init(&t, 5);
    s.epochs = 60;
    s.evals = 0;
    struct model *m = lm(&dev, true);
    assert_int_equal(train_run(m, &s, &t.toy.data, NULL, NULL, NULL, &r, &e), OK);
    bool whole[N];
    size_t all = 0;
    assert_int_equal(lm_score_run(m, &t.toy.set, 64, &score, whole, NULL, &e), OK);
    for (size_t i = 0; i < N; i++)
        all += whole[i];
    assert_int_equal(all, score.texts_right);
    assert_true(score.nats < 0.2 && r.final_loss < 0.3);
    assert_true((double)score.right > 0.95 * (double)score.tokens);
    assert_true(score.texts_right >= N - (score.tokens - score.right) && score.texts_right <= N);
    t.toy.set.answer_at = NULL;
    assert_true(nats_of(m, &t.toy.set, 64) > 1);
    model_free(m);
    dev_close(&dev);
}

static void order_in_memory_changes_no_bit(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    static struct texts t, u;
    texts_init(&t, 6);
    texts_init(&u, 6);
    for (size_t i = 0; i < N; i++) { /* backwards */
        size_t from = t.toy.starts[N - 1 - i], len = t.toy.starts[N - i] - from;
        memcpy(u.toy.tokens + u.toy.starts[i], t.toy.tokens + from, len * sizeof *u.toy.tokens);
        u.toy.starts[i + 1] = u.toy.starts[i] + len;
        u.answer_at[i] = t.answer_at[N - 1 - i];
    }
    struct model *m = lm(&dev, false);
    double a = nats_of(m, &t.toy.set, 50), b = nats_of(m, &u.toy.set, 50);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(fabs(nats_of(m, &t.toy.set, 1) - a) < 1e-6);
    model_free(m);
    dev_close(&dev);
}

static int stop_at(void *ctx, const struct train_point *p, struct err *e)
{
    return p->step == *(size_t *)ctx ? err_set(e, ERR_INTERRUPTED, "stopped") : OK;
}

static void a_run_that_goes_on_ends_with_the_same_bits(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    static struct texts t;
    struct train_settings s = toy_settings();
    struct train_result r, first;
    struct err e = ERR_INIT;
    size_t n, stop = 5;
    struct train_events events = {&stop, NULL, stop_at};
    texts_init(&t, 7);
    s.micro_tokens = 40;
    s.weight_decay = 0.1;
    const char *path = in_scratch("checkpoint");
    struct model *whole = lm(&dev, true), *cut = lm(&dev, true), *on = lm(&dev, true);
    assert_int_equal(train_run(whole, &s, &t.toy.data, NULL, NULL, NULL, &first, &e), OK);
    assert_int_equal(train_run(cut, &s, &t.toy.data, path, &events, NULL, &r, &e), ERR_INTERRUPTED);
    stop = 0;
    assert_int_equal(train_run(on, &s, &t.toy.data, path, &events, NULL, &r, &e), OK);
    assert_true(r.resumed);
    assert_memory_equal(&r.final_loss, &first.final_loss, sizeof r.final_loss);
    float *a = toy_params(whole, &n), *b = toy_params(on, &n);
    assert_memory_equal(a, b, n * sizeof *a);
    model_free(on);
    on = lm(&dev, true); /* other tokens to learn: another run */
    t.toy.set.answer_at = NULL;
    assert_int_equal(train_run(on, &s, &t.toy.data, path, &events, NULL, &r, &e), OK);
    assert_false(r.resumed);
    mem_free(a);
    mem_free(b);
    model_free(whole);
    model_free(cut);
    model_free(on);
    dev_close(&dev);
}

static void wrong_texts_are_named(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    static struct texts t;
    struct train_settings s = toy_settings();
    struct train_result r;
    struct lm_score score;
    struct err e = ERR_INIT;
    struct model *m = lm(&dev, true);
    texts_init(&t, 8);
    t.answer_at[5] = token_set_len(&t.toy.set, 5);
    assert_int_equal(train_run(m, &s, &t.toy.data, NULL, NULL, NULL, &r, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "example 5: none of its"));
    assert_int_equal(lm_score_run(m, &t.toy.set, 64, &score, NULL, NULL, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "example 5: none of its"));
    texts_init(&t, 8);
    float bad = (float)NAN;
    dev_upload(&dev, m->params[0].w + m->cfg.channels * (size_t)t.toy.tokens[0], &bad, 1);
    assert_int_equal(train_run(m, &s, &t.toy.data, NULL, NULL, NULL, &r, &e), ERR_NUMERIC);
    assert_non_null(strstr(e.msg, "step 1: loss is "));
    assert_int_equal(lm_score_run(m, &t.toy.set, 64, &score, NULL, NULL, &e), ERR_NUMERIC);
    t.toy.set.n = 0;
    assert_int_equal(lm_score_run(m, &t.toy.set, 64, &score, NULL, NULL, &e), OK);
    assert_true(isnan(score.nats) && score.tokens == 0);
    model_free(m);
    dev_close(&dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_the_difference_quotient),
        cmocka_unit_test(every_predicted_token_counts_once),
        cmocka_unit_test(texts_are_learnt),
        cmocka_unit_test(order_in_memory_changes_no_bit),
        cmocka_unit_test(a_run_that_goes_on_ends_with_the_same_bits),
        cmocka_unit_test(wrong_texts_are_named),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
