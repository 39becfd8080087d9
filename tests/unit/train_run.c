/* train_run - what training does to a tiny model: it learns, every example counts once an epoch,
 * the loss is the batch's mean however the batch is cut, clipping and decay are what they say, the
 * same settings give the same bits. */
#include "train_toy.h"

#include <math.h>

struct trace {
    struct train_point steps[256], evals[256];
    size_t n_steps, n_evals;
};

static void trace_step(void *ctx, const struct train_point *p)
{
    struct trace *t = ctx;
    t->steps[t->n_steps++] = *p;
}

static int trace_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct trace *t = ctx;
    (void)e;
    t->evals[t->n_evals++] = *p;
    return OK;
}

static double params_distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum);
}

static void a_toy_set_is_learnt(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct err e = ERR_INIT;
    for (size_t K = 2; K <= 3; K++) {
        struct toy t;
        struct train_result r;
        struct trace trace = {.n_steps = 0};
        struct train_events events = {&trace, NULL, trace_eval};
        struct train_settings s = toy_settings();
        double probs[37 * 3];
        toy_init(&t, 37, K, false, 5);
        s.epochs = 40;
        s.evals = 1;
        struct model *m = toy_model(&dev, K, everything, 1);
        assert_int_equal(train_run(m, &s, &t.data, NULL, &events, NULL, &r, &e), OK);
        assert_int_equal(trace.n_evals, 40);
        assert_int_equal(predict_run(m, &t.set, NULL, 64, probs, NULL, NULL, &e), OK);
        for (size_t i = 0; i < 37 * K; i++)
            assert_true(t.targets[i] < 0.5 || probs[i] > 0.5);
        assert_true(trace.evals[0].loss > 0.5 && trace.evals[39].loss < 0.05);
        assert_true(r.final_loss == trace.evals[39].loss);
        assert_int_equal(r.steps, 40 * 5);
        assert_int_equal(r.tokens, 40 * t.starts[37]);
        assert_false(r.resumed);
        model_free(m);
    }
    dev_close(&dev);
}

static void the_same_settings_give_the_same_bits(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct train_settings s = toy_settings();
    struct toy t;
    size_t n;
    toy_init(&t, 37, 2, true, 6);
    s.loss = (struct loss_settings){.kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2};
    s.micro_tokens = 20;
    float *a = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    float *b = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    assert_memory_equal(a, b, n * sizeof *a);
    s.seed_order = 1;
    float *c = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    assert_true(params_distance(a, c, n) > 1e-3);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    dev_close(&dev);
}

/* Those that are chosen are to a run what a set of them alone is: the others' texts and labels
 * touch nothing, the prior of their labels included. */
static void what_is_chosen_is_all_there_is(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct train_settings s = toy_settings();
    struct toy all, few;
    size_t chosen[TOY_MAX], n_chosen = 0, n, most;
    toy_init(&all, 37, 2, true, 6);
    few = all;
    few.set.tokens = few.tokens;
    few.set.starts = few.starts;
    for (size_t i = 0; i < 37; i++) {
        if (i % 3 == 1)
            continue;
        size_t len = all.starts[i + 1] - all.starts[i], at = few.starts[n_chosen];
        memcpy(few.tokens + at, all.tokens + all.starts[i], len * sizeof *few.tokens);
        memcpy(few.targets + 2 * n_chosen, all.targets + 2 * i, 2 * sizeof *few.targets);
        chosen[n_chosen++] = i;
        few.starts[n_chosen] = at + len;
    }
    few.set.n = n_chosen;
    few.data = (struct train_data){.tokens = &few.set, .targets = few.targets};
    s.loss = (struct loss_settings){
        .kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2, .threshold = THRESHOLD_PRIOR};
    float *alone = toy_train(&dev, &few, &s, everything, NULL, NULL, &n);
    all.data.chosen = chosen;
    all.data.n_chosen = n_chosen;
    float *among = toy_train(&dev, &all, &s, everything, NULL, NULL, &n);
    assert_memory_equal(alone, among, n * sizeof *alone);
    all.data.n_chosen = most = n_chosen - 1;
    float *fewer = toy_train(&dev, &all, &s, everything, NULL, NULL, &n);
    assert_true(most && memcmp(among, fewer, n * sizeof *among) != 0);
    mem_free(alone);
    mem_free(among);
    mem_free(fewer);
    dev_close(&dev);
}

/* The prior is the share of class 1: where all labels are of one class, as many as name it are
 * taken for it, none contradicts its label, and what is learnt is naive's; the median's half does.
 */
static void prior_is_of_class_one(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    for (size_t label = 0; label < 2; label++) {
        struct train_settings s = toy_settings();
        struct toy t;
        size_t n;
        toy_init(&t, 37, 2, true, 5);
        for (size_t i = 0; i < 37; i++)
            t.targets[2 * i + label] = 1, t.targets[2 * i + 1 - label] = 0;
        float *naive = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        s.loss = (struct loss_settings){
            .kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2, .threshold = THRESHOLD_PRIOR};
        float *prior = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        s.loss.threshold = THRESHOLD_MEDIAN;
        float *median = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        double same = params_distance(naive, prior, n), other = params_distance(naive, median, n);
        print_message("labels of class %zu: %g by the prior, %g by the median\n", label, same,
                      other);
        assert_true(same < 1e-4 && other > 1e-2);
        mem_free(naive);
        mem_free(prior);
        mem_free(median);
    }
    dev_close(&dev);
}

/* alpha_max 0 is the naive method to the bit, through a whole training, in one piece and in many.
 */
static void alpha_zero_is_naive_to_the_bit(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct toy t;
    size_t n;
    toy_init(&t, 37, 2, true, 7);
    for (size_t micro = 10; micro <= 4096; micro *= 16) {
        struct train_settings s = toy_settings();
        s.micro_tokens = micro;
        float *naive = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        s.loss = (struct loss_settings){.kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2};
        s.loss.alpha_max = 0;
        float *zero = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        assert_memory_equal(naive, zero, n * sizeof *naive);
        s.loss.alpha_max = 0.5;
        float *half = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
        assert_true(params_distance(naive, half, n) > 1e-3);
        mem_free(naive);
        mem_free(zero);
        mem_free(half);
    }
    dev_close(&dev);
}

/* Sums in another order: f32 rounding, and what Adam's division makes of it in ten steps. A
 * threshold chosen on each piece instead of the batch moves the parameters by about 1. */
#define PIECES_TOL 2e-3

static void pieces_change_memory_not_meaning(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct toy t;
    size_t n;
    toy_init(&t, 37, 2, true, 8);
    for (int kind = LOSS_XENT; kind <= LOSS_FOCAL; kind++) {
        struct train_settings s = toy_settings();
        struct trace whole = {.n_steps = 0}, cut = {.n_steps = 0};
        struct train_events see_whole = {&whole, trace_step, NULL},
                            see_cut = {&cut, trace_step, NULL};
        s.loss = (struct loss_settings){
            .kind = (enum loss_kind)kind, .alpha_max = 1.0, .gamma = 2, .temperature = 2};
        s.eps = 1e-3; /* so that a gradient of nearly zero does not decide by its sign */
        float *a = toy_train(&dev, &t, &s, everything, &see_whole, NULL, &n);
        for (size_t micro = 1; micro < 40; micro += 13) { /* 1: every example alone */
            cut.n_steps = 0;
            s.micro_tokens = micro;
            float *b = toy_train(&dev, &t, &s, everything, &see_cut, NULL, &n);
            assert_true(params_distance(a, b, n) < PIECES_TOL);
            assert_int_equal(cut.n_steps, whole.n_steps);
            for (size_t i = 0; i < cut.n_steps; i++)
                assert_true(fabs(cut.steps[i].loss - whole.steps[i].loss) < PIECES_TOL);
            mem_free(b);
        }
        mem_free(a);
    }
    dev_close(&dev);
}

/* With a learning rate of 0 nothing moves, so each step's loss is the mean of its own examples'
 * losses, which prediction gives as well. 37 examples in batches of 8: the last has 5. */
static void every_example_counts_once_an_epoch(void **state)
{
    (void)state;
    struct dev dev = dev_of("reference");
    struct err e = ERR_INIT;
    struct toy t;
    struct train_result r;
    struct train_settings s = toy_settings();
    struct trace trace = {.n_steps = 0};
    struct train_events events = {&trace, trace_step, trace_eval};
    double probs[37 * 2];
    size_t order[37], tokens = 0, at = 0;
    bool same = true;
    toy_init(&t, 37, 2, true, 9);
    s.lr = 0;
    s.seed_order = 3;
    struct model *m = toy_model(&dev, 2, everything, 1);
    assert_int_equal(predict_run(m, &t.set, NULL, 64, probs, NULL, NULL, &e), OK);
    assert_int_equal(train_run(m, &s, &t.data, NULL, &events, NULL, &r, &e), OK);
    assert_int_equal(trace.n_steps, 10);
    for (size_t epoch = 0; epoch < 2; epoch++) {
        struct rng rng;
        char stream[16];
        size_t before = order[0];
        snprintf(stream, sizeof stream, "order %zu", epoch);
        rng_init(&rng, 3, stream);
        for (size_t i = 0; i < 37; i++)
            order[i] = i;
        rng_shuffle(&rng, order, 37);
        same = epoch > 0 && same && before == order[0];
        for (size_t b = 0; b < 5; b++, at++) {
            size_t B = b < 4 ? 8 : 5;
            double loss = 0;
            for (size_t i = 0; i < B; i++) {
                size_t x = order[8 * b + i];
                for (size_t k = 0; k < 2; k++)
                    loss -= t.targets[2 * x + k] * log(probs[2 * x + k]) / (double)B;
                tokens += token_set_len(&t.set, x);
            }
            assert_true(fabs(loss - trace.steps[at].loss) < 1e-6); /* f32 logits */
            assert_int_equal(trace.steps[at].tokens, tokens);
            assert_int_equal(trace.steps[at].step, at + 1);
            assert_int_equal(trace.steps[at].steps, 10);
        }
    }
    assert_false(same);
    assert_int_equal(tokens, 2 * t.starts[37]);
    assert_true(fabs(trace.steps[0].epoch - 8.0 / 37) < 1e-15);
    assert_true(trace.steps[4].epoch == 1 && trace.steps[9].epoch == 2);
    /* Two evaluations an epoch of 5 steps: after 3 and 5; their losses are means over examples. */
    assert_int_equal(trace.n_evals, 4);
    assert_int_equal(trace.evals[0].step, 3);
    assert_int_equal(trace.evals[1].step, 5);
    assert_int_equal(trace.evals[2].step, 8);
    assert_int_equal(trace.evals[3].step, 10);
    double mean = (8 * trace.steps[3].loss + 5 * trace.steps[4].loss) / 13;
    assert_true(fabs(trace.evals[1].loss - mean) < 1e-12);
    model_free(m);
    dev_close(&dev);
}

static void evaluations_at_equal_distances(void **state)
{
    (void)state;
    struct dev dev = dev_of("reference");
    static const struct {
        size_t evals;
        const char *at; /* the five steps of an epoch */
    } want[] = {{0, "....."}, {1, "....x"}, {2, "..x.x"}, {3, ".x.xx"}, {5, "xxxxx"}, {9, "xxxxx"}};
    struct toy t;
    toy_init(&t, 37, 2, true, 10);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct train_settings s = toy_settings();
        struct trace trace = {.n_steps = 0};
        struct train_events events = {&trace, NULL, trace_eval};
        char found[11] = "..........";
        size_t n;
        s.evals = want[i].evals;
        mem_free(toy_train(&dev, &t, &s, everything, &events, NULL, &n));
        for (size_t k = 0; k < trace.n_evals; k++)
            found[trace.evals[k].step - 1] = 'x';
        assert_memory_equal(found, want[i].at, 5);
        assert_memory_equal(found + 5, want[i].at, 5);
    }
    dev_close(&dev);
}

/* With huge eps Adam's step is lr/eps times the gradient: the distance moved shows what the clipped
 * gradient's norm was. */
static void gradients_are_clipped_by_their_global_norm(void **state)
{
    (void)state;
    static const double clips[] = {0, 1e-3, 1e-2, 1e9};
    struct dev dev = dev_of("reference");
    struct toy t;
    size_t n;
    toy_init(&t, 8, 2, true, 11);
    struct train_settings s = toy_settings();
    s.epochs = 1;
    s.warmup = 0;
    s.lr = s.eps = 1e4;
    s.lr *= 0;
    float *before = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    s.lr = 1e4;
    for (size_t i = 0; i < 4; i++) {
        struct trace trace = {.n_steps = 0};
        struct train_events events = {&trace, trace_step, NULL};
        s.clip = clips[i];
        float *after = toy_train(&dev, &t, &s, everything, &events, NULL, &n);
        double norm = trace.steps[0].grad_norm, moved = params_distance(before, after, n);
        assert_true(norm > 2e-2);
        double want = clips[i] > 0 && clips[i] < norm ? clips[i] : norm;
        assert_true(fabs(moved / want - 1) <
                    2e-3); /* f32 weights: 1e-7 of 1 beside steps of 1e-4 */
        mem_free(after);
    }
    mem_free(before);
    dev_close(&dev);
}

static void matrices_decay_and_vectors_do_not(void **state)
{
    (void)state;
    struct dev dev = dev_of("reference");
    struct toy t;
    size_t n, at = 0;
    toy_init(&t, 8, 2, true, 12);
    struct train_settings s = toy_settings();
    s.epochs = 1;
    s.warmup = 0;
    s.lr = 0;
    float *start = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    s.lr = 1e-2;
    float *plain = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    s.weight_decay = 0.5;
    float *decayed = toy_train(&dev, &t, &s, everything, NULL, NULL, &n);
    struct model *m = toy_model(&dev, 2, everything, 1);
    for (size_t i = 0; i < m->n_params; i++) {
        const struct param_spec *p = &m->params[i].spec;
        bool vector = p->kind == PARAM_BIAS || p->kind == PARAM_NORM_GAIN;
        for (size_t k = 0; k < p->rows * p->cols; k++, at++) {
            double want = vector ? 0 : 1e-2 * 0.5 * (double)start[at];
            assert_true(fabs((double)plain[at] - (double)decayed[at] - want) < 1e-7);
        }
    }
    assert_int_equal(at, n);
    model_free(m);
    mem_free(start);
    mem_free(plain);
    mem_free(decayed);
    dev_close(&dev);
}

/* An embedding's rows that no token has had yet are left alone: the same bits as updating all of
 * them, with clipping at work; with decay all rows move. */
static void rows_without_a_token(void **state)
{
    (void)state;
    static struct toy t;
    struct train_settings s = toy_settings();
    struct train_result r;
    struct err e = ERR_INIT;
    struct dev d = dev_of("cpu");
    s.clip = 0.05;
    for (int decay = 0; decay < 2; decay++) {
        float *all[2];
        size_t n = 0, unseen = 0, moved = 0;
        s.weight_decay = decay ? 0.1 : 0;
        toy_init(&t, 5, 2, true, 5);
        for (int dense = 0; dense < 2; dense++) {
            struct model *m = toy_model(&d, 2, everything, 1),
                         *before = toy_model(&d, 2, everything, 1);
            struct model_param *p = &m->params[0];
            assert_int_equal(p->spec.kind, PARAM_EMBED);
            assert_non_null(p->touched);
            if (dense)
                memset(p->touched, 1, p->spec.rows);
            assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), OK);
            all[dense] = toy_params(m, &n);
            for (size_t row = 0; !dense && row < p->spec.rows; row++) {
                bool same =
                    memcmp(p->w + row * p->spec.cols, before->params[0].w + row * p->spec.cols,
                           p->spec.cols * sizeof(float)) == 0;
                unseen += !p->touched[row];
                moved += !p->touched[row] && !same;
            }
            model_free(before);
            model_free(m);
        }
        assert_memory_equal(all[0], all[1], n * sizeof **all);
        assert_true(unseen > 0);
        assert_int_equal(moved, decay ? unseen : 0);
        mem_free(all[0]);
        mem_free(all[1]);
    }
    dev_close(&d);
}

/* What is frozen keeps its bits. */
static void only_what_is_trainable_moves(void **state)
{
    (void)state;
    static const struct trainable what[] = {{TRAIN_ALL, 0, true, {0}},
                                            {TRAIN_ALL, 0, false, {0}},
                                            {TRAIN_TOP, 1, false, {0}},
                                            {TRAIN_HEAD, 0, false, {0}}};
    struct dev dev = dev_of("cpu");
    struct toy t;
    toy_init(&t, 16, 2, true, 13);
    for (size_t i = 0; i < 4; i++) {
        struct train_settings s = toy_settings();
        size_t n, at = 0;
        struct model *m = toy_model(&dev, 2, what[i], 1);
        float *before = toy_params(m, &n),
              *after = toy_train(&dev, &t, &s, what[i], NULL, NULL, &n);
        for (size_t p = 0; p < m->n_params; p++) {
            size_t size = m->params[p].spec.rows * m->params[p].spec.cols;
            bool same = memcmp(before + at, after + at, size * sizeof *before) == 0;
            assert_int_equal(same, m->params[p].g == NULL);
            at += size;
        }
        mem_free(before);
        mem_free(after);
        model_free(m);
    }
    dev_close(&dev);
}

static void what_is_not_finite_ends_by_name(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct toy t;
    toy_init(&t, 37, 2, true, 14);
    struct train_settings s = toy_settings();
    struct err e = ERR_INIT;
    struct train_result r;
    struct model *m = toy_model(&dev, 2, everything, 1);
    float bad = (float)NAN;
    dev_upload(&dev, m->params[m->n_params - 1].w, &bad, 1);
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_NUMERIC);
    assert_non_null(strstr(e.msg, "step 1: loss is nan (learning rate 0.005)"));
    model_free(m);
    /* Weights that jump out of range in the first step make the second's loss undefined. */
    m = toy_model(&dev, 2, everything, 1);
    s.lr = 1e38;
    s.warmup = 0;
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_NUMERIC);
    assert_non_null(strstr(e.msg, "step 2: "));
    assert_non_null(strstr(e.msg, "learning rate "));
    double probs[37 * 2];
    assert_int_equal(predict_run(m, &t.set, NULL, 64, probs, NULL, NULL, &e), ERR_NUMERIC);
    assert_non_null(strstr(e.msg, "logit"));
    model_free(m);
    dev_close(&dev);
}

static void wrong_data_is_named(void **state)
{
    (void)state;
    struct dev dev = dev_of("cpu");
    struct toy t;
    struct err e = ERR_INIT;
    struct train_result r;
    struct train_settings s = toy_settings();
    struct model *m = toy_model(&dev, 2, everything, 1);
    toy_init(&t, 8, 2, true, 15);
    t.targets[2 * 5] += 0.25;
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "example 5"));
    t.targets[2 * 5] = (double)NAN;
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "example 5"));
    t.set.n = 0;
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_INPUT);
    model_trainable_none(m);
    toy_init(&t, 8, 2, true, 15);
    assert_int_equal(train_run(m, &s, &t.data, NULL, NULL, NULL, &r, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "trainable"));
    model_free(m);
    dev_close(&dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_toy_set_is_learnt),
        cmocka_unit_test(the_same_settings_give_the_same_bits),
        cmocka_unit_test(what_is_chosen_is_all_there_is),
        cmocka_unit_test(prior_is_of_class_one),
        cmocka_unit_test(alpha_zero_is_naive_to_the_bit),
        cmocka_unit_test(pieces_change_memory_not_meaning),
        cmocka_unit_test(every_example_counts_once_an_epoch),
        cmocka_unit_test(evaluations_at_equal_distances),
        cmocka_unit_test(gradients_are_clipped_by_their_global_norm),
        cmocka_unit_test(matrices_decay_and_vectors_do_not),
        cmocka_unit_test(rows_without_a_token),
        cmocka_unit_test(only_what_is_trainable_moves),
        cmocka_unit_test(what_is_not_finite_ends_by_name),
        cmocka_unit_test(wrong_data_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
