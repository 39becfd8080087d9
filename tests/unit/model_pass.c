/* model_pass.c - a forward over a packed batch: what else is in it changes nothing, the same call
 * gives the same bits, reads, features, hidden rows, what does not fit, random weights. */
#include "model_test.h"
#include "core/rng.h"

/* A product over other rows may be blocked otherwise: sums of some tens of terms in another order,
 * a few layers deep, relative to the largest logit. */
#define BLOCKING 1e-5

static const size_t lengths[] = {7, 1, 13, 70, 2};
enum { S = 5, N = 93, MOST = N * TEST_V };

static struct dev dev;

static void near(const char *what, const float *got, const float *want, size_t n)
{
    double most = 0, off = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)want[i]));
        off = fmax(off, fabs((double)got[i] - (double)want[i]));
    }
    if (!(off <= BLOCKING * most) || !(most > 0))
        fail_msg("%s: off by %g of %g", what, off, most);
}

static void same(const char *what, const float *got, const float *want, size_t n)
{
    if (memcmp(got, want, n * sizeof *got) != 0)
        fail_msg("%s: not the same bits", what);
}

/* forward - logits to out, their rows counted. */
static size_t forward(struct pass *p, const struct batch *b, const int32_t *reads,
                      const float *features, bool keep, float *out, size_t outputs)
{
    struct pass_input in = {.batch = b, .reads = reads, .features = features, .keep = keep};
    const float *logits;
    size_t R;
    check(pass_forward(p, &in, &logits, &R, &e));
    dev_download(&dev, out, logits, R * outputs);
    return R;
}

static void packed_of(const struct model_config *c)
{
    static float whole[MOST], part[MOST], again[MOST];
    for (size_t K = 0; K <= 3; K += 3) {
        struct model *m = test_model(&dev, c, K);
        struct pass *p, *other;
        struct test_batch t, one;
        size_t V = model_outputs(m), at = 0;
        check(pass_new(&p, m, &e));
        check(pass_new(&other, m, &e));
        test_batch(&t, lengths, S, 1);
        size_t R = forward(p, &t.b, NULL, NULL, false, whole, V);
        assert_int_equal(R, K ? S : N);
        for (size_t s = 0; s < S; s++) {
            one.b = (struct batch){lengths[s], 1, t.tokens + t.starts[s], one.starts};
            one.starts[0] = 0;
            one.starts[1] = (int32_t)lengths[s];
            size_t n = forward(p, &one.b, NULL, NULL, false, part + at * V, V);
            assert_int_equal(n, K ? 1 : lengths[s]);
            at += n;
        }
        near("alone", part, whole, R * V);
        /* after smaller ones, with a backward to follow, on a fresh pass: bits */
        forward(p, &t.b, NULL, NULL, false, again, V);
        same("again", again, whole, R * V);
        forward(p, &t.b, NULL, NULL, true, again, V);
        same("kept", again, whole, R * V);
        forward(other, &t.b, NULL, NULL, true, again, V);
        same("another pass", again, whole, R * V);
        pass_free(p);
        pass_free(other);
        model_free(m);
    }
}

static void test_packed(void **state)
{
    (void)state;
    every_config(packed_of);
}

static void features_of(const struct model_config *c)
{
    static float plain[MOST], given[MOST], features[N * TEST_C];
    static const struct trainable kinds[] = {
        {TRAIN_TOP, 1, false, {0}}, {TRAIN_TOP, 2, false, {0}}, {TRAIN_HEAD, 0, false, {0}}};
    struct model *m = test_model(&dev, c, 3);
    struct pass *p;
    struct test_batch t;
    check(pass_new(&p, m, &e));
    test_batch(&t, lengths, S, 1);
    for (size_t k = 0; k < 3; k++) {
        check(model_trainable_set(m, &kinds[k], &e));
        assert_int_equal(m->cut, k == 2 ? TEST_L : TEST_L - kinds[k].top);
        forward(p, &t.b, NULL, NULL, true, plain, 3);
        check(pass_features(p, &t.b, features, &e));
        forward(p, &t.b, NULL, features, true, given, 3);
        same("features", given, plain, S * 3);
        forward(p, &t.b, NULL, features, false, given, 3);
        same("features, nothing kept", given, plain, S * 3);
    }
    pass_free(p);
    model_free(m);
}

static void test_features(void **state)
{
    (void)state;
    every_config(features_of);
}

/* The last rows of each sequence, any number and none; gradients of what is not read are those of
 * logits whose gradient is 0. */
static void reads_of(const struct model_config *c)
{
    static float all[MOST], some[MOST], zeros[MOST], *gradient[64];
    static const int32_t reads[S] = {3, 1, 0, 17, 2};
    struct trainable t_all = {TRAIN_ALL, 0, true, {0}};
    struct model *m = test_model(&dev, c, 0);
    struct pass *p;
    struct test_batch t;
    size_t V = TEST_V, at = 0;
    check(model_trainable_set(m, &t_all, &e));
    check(pass_new(&p, m, &e));
    test_batch(&t, lengths, S, 1);
    forward(p, &t.b, NULL, NULL, true, all, V);
    memset(zeros, 0, sizeof zeros);
    for (size_t s = 0; s < S; s++)
        for (int32_t i = t.starts[s + 1] - reads[s]; i < t.starts[s + 1]; i++)
            for (size_t v = 0; v < V; v++)
                zeros[(size_t)i * V + v] = all[(size_t)i * V + v] / 16;
    pass_backward(p, zeros);
    for (size_t i = 0; i < m->n_params; i++) {
        size_t n = floats_of(&m->params[i]);
        gradient[i] = mem_alloc(n, sizeof **gradient, &e);
        memcpy(gradient[i], m->params[i].g, n * sizeof **gradient);
    }
    model_grad_zero(m);
    assert_int_equal(forward(p, &t.b, reads, NULL, true, some, V), 23);
    for (size_t s = 0; s < S; s++) {
        size_t n = (size_t)reads[s];
        if (n)
            near("reads", some + at * V, all + ((size_t)t.starts[s + 1] - n) * V, n * V);
        at += n;
    }
    for (size_t i = 0; i < at * V; i++)
        some[i] /= 16;
    pass_backward(p, some);
    for (size_t i = 0; i < m->n_params; i++) {
        near(m->params[i].spec.name, m->params[i].g, gradient[i], floats_of(&m->params[i]));
        mem_free(gradient[i]);
    }
    pass_free(p);
    model_free(m);
}

static void test_reads(void **state)
{
    (void)state;
    every_config(reads_of);
}

/* gradients - of logits that are their own, sixteenths of them, added to what is there. */
static void gradients(struct pass *p, const struct batch *b, size_t outputs)
{
    static float out[MOST];
    size_t R = forward(p, b, NULL, NULL, true, out, outputs);
    for (size_t i = 0; i < R * outputs; i++)
        out[i] /= 16;
    pass_backward(p, out);
}

/* The gradient of a batch is the sum of its parts', which have sequences of other lengths. */
static void parts_of(const struct model_config *c)
{
    static const size_t shorts = 3; /* before the long one */
    static float *together[64];
    struct trainable t_all = {TRAIN_ALL, 0, true, {0}};
    struct model *m = test_model(&dev, c, 0);
    struct pass *p;
    struct test_batch t, one;
    check(model_trainable_set(m, &t_all, &e));
    check(pass_new(&p, m, &e));
    test_batch(&t, lengths, S, 1);
    gradients(p, &t.b, TEST_V);
    for (size_t i = 0; i < m->n_params; i++) {
        size_t n = floats_of(&m->params[i]);
        together[i] = mem_alloc(n, sizeof **together, &e);
        memcpy(together[i], m->params[i].g, n * sizeof **together);
    }
    model_grad_zero(m);
    struct batch few = {(size_t)t.starts[shorts], shorts, t.tokens, t.starts};
    gradients(p, &few, TEST_V);
    for (size_t s = shorts; s < S; s++) {
        one.b = (struct batch){lengths[s], 1, t.tokens + t.starts[s], one.starts};
        one.starts[0] = 0;
        one.starts[1] = (int32_t)lengths[s];
        gradients(p, &one.b, TEST_V);
    }
    for (size_t i = 0; i < m->n_params; i++) {
        near(m->params[i].spec.name, m->params[i].g, together[i], floats_of(&m->params[i]));
        mem_free(together[i]);
    }
    pass_free(p);
    model_free(m);
}

static void test_parts(void **state)
{
    (void)state;
    every_config(parts_of);
}

static void nothing_read_of(const struct model_config *c)
{
    static const int32_t none[S] = {0};
    static float out[1];
    struct trainable t_all = {TRAIN_ALL, 0, true, {0}};
    struct model *m = test_model(&dev, c, 0);
    struct pass *p;
    struct test_batch t;
    check(model_trainable_set(m, &t_all, &e));
    check(pass_new(&p, m, &e));
    test_batch(&t, lengths, S, 1);
    assert_int_equal(forward(p, &t.b, none, NULL, true, out, TEST_V), 0);
    pass_backward(p, out);
    for (size_t i = 0; i < m->n_params; i++)
        for (size_t k = 0; k < floats_of(&m->params[i]); k++)
            assert_true(m->params[i].g[k] == 0);
    pass_free(p);
    model_free(m);
}

static void test_nothing_read(void **state)
{
    (void)state;
    every_config(nothing_read_of);
}

/* What lies behind a block is what the next one begins with: a model cut there, and the features
 * below it, say the same. */
static void hidden_of(const struct model_config *c)
{
    static float hidden[S * TEST_C], features[N * TEST_C], last[S * TEST_C];
    static float all[S * TEST_L * TEST_C], own[S * TEST_C], logits[MOST], want[MOST];
    static const size_t depths[TEST_L] = {1, 2, 3};
    struct model *m = test_model(&dev, c, 3);
    struct pass *p;
    struct test_batch t;
    check(pass_new(&p, m, &e));
    test_batch(&t, lengths, S, 1);
    for (size_t layer = 1; layer <= TEST_L; layer++) {
        struct trainable above = {
            layer < TEST_L ? TRAIN_TOP : TRAIN_HEAD, TEST_L - layer, false, {0}};
        check(model_trainable_set(m, &above, &e));
        check(pass_hidden(p, &t.b, &layer, 1, false, hidden, &e));
        check(pass_features(p, &t.b, features, &e));
        for (size_t s = 0; s < S; s++) {
            size_t row = layer < TEST_L ? (size_t)t.starts[s + 1] - 1 : s;
            memcpy(last + s * TEST_C, features + row * TEST_C, TEST_C * sizeof *last);
        }
        (layer < TEST_L ? same : near)("hidden", hidden, last, S * TEST_C); /* trimmed or not */
        /* whichever others are asked for */
        check(pass_hidden(p, &t.b, depths, TEST_L, false, all, &e));
        for (size_t s = 0; s < S; s++)
            memcpy(own + s * TEST_C, all + (s * TEST_L + layer - 1) * TEST_C, TEST_C * sizeof *own);
        same("one depth of several", own, hidden, S * TEST_C);
    }
    /* Through the final norm they are what the head reads. */
    size_t outputs = model_outputs(m), deepest = TEST_L;
    const float *w = m->params[m->n_params - 1].w;
    check(pass_hidden(p, &t.b, &deepest, 1, true, hidden, &e));
    forward(p, &t.b, NULL, NULL, false, logits, outputs);
    for (size_t i = 0; i < S * outputs; i++) {
        double sum = 0;
        for (size_t k = 0; k < TEST_C; k++)
            sum += (double)hidden[i / outputs * TEST_C + k] * (double)w[i % outputs * TEST_C + k];
        want[i] = (float)sum;
    }
    near("the head over normed rows", logits, want, S * outputs);
    pass_free(p);
    model_free(m);
}

static void test_hidden(void **state)
{
    (void)state;
    every_config(hidden_of);
}

/* A batch that there is no memory for is a sentence, wherever the allocation lies; the pass works
 * on. */
static void test_no_memory(void **state)
{
    (void)state;
    static float before[MOST], after[MOST];
    struct model_config c = test_config(FAMILY_NEOX, false);
    struct model *m = test_model(&dev, &c, 3);
    struct test_batch small, large;
    static const size_t two[] = {3, 4};
    struct pass *p;
    const float *logits;
    size_t R, failures = 0;
    test_batch(&small, two, 2, 1);
    test_batch(&large, lengths, S, 1);
    for (size_t n = 1;; n++) {
        struct pass_input in = {.batch = &large.b, .keep = true};
        check(pass_new(&p, m, &e));
        forward(p, &small.b, NULL, NULL, true, before, 3);
        mem_fault_at(n);
        int rc = pass_forward(p, &in, &logits, &R, &e);
        bool hit = mem_fault_hit();
        mem_fault_at(0);
        if (hit) {
            failures++;
            assert_int_equal(rc, ERR_NOMEM);
            assert_non_null(strstr(e.msg, "memory"));
            forward(p, &small.b, NULL, NULL, true, after, 3);
            same("after a failure", after, before, 2 * 3);
            check(pass_forward(p, &in, &logits, &R, &e));
        }
        pass_free(p);
        if (!hit)
            break;
    }
    assert_int_equal(failures, 7); /* tokens, positions, reads (2), starts (2), activations */
    model_free(m);
}

/* More than the machine has: the sentence names what it was for. */
static void test_too_large(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false);
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    c.layers = c.layers_whole = 1;
    c.mlp = (size_t)1 << 18; /* 4 channels: small weights, 3 TiB of inner rows */
    c.channels = 4;
    c.heads = c.kv_heads = 1;
    c.positions = (size_t)1 << 20;
    struct model *m;
    struct pass *p;
    const float *logits;
    size_t R, n = (size_t)1 << 20;
    int32_t *tokens = mem_zalloc(n, sizeof *tokens, &e), starts[2] = {0, (int32_t)n};
    struct batch b = {n, 1, tokens, starts};
    struct pass_input in = {.batch = &b, .keep = true};
    check(model_random(&m, &dev, &c, 1, &e));
    check(model_trainable_set(m, &all, &e));
    check(pass_new(&p, m, &e));
    assert_int_equal(pass_forward(p, &in, &logits, &R, &e), ERR_NOMEM);
    assert_non_null(strstr(e.msg, "activations of 1048576 tokens: out of memory: "));
    pass_free(p);
    model_free(m);
    mem_free(tokens);
}

/* A seed is a model; each parameter has a stream of its own, so that another one more moves none.
 */
static void test_random(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false), untied = c;
    struct model *a, *b, *other, *more;
    untied.tied = true;
    check(model_random(&a, &dev, &c, 7, &e));
    check(model_random(&b, &dev, &c, 7, &e));
    check(model_random(&other, &dev, &c, 8, &e));
    check(model_random(&more, &dev, &untied, 7, &e));
    for (size_t i = 0; i < a->n_params; i++) {
        const struct model_param *p = &a->params[i];
        size_t n = floats_of(p), bytes = n * sizeof(float);
        double sum = 0, square = 0;
        same(p->spec.name, b->params[i].w, p->w, n);
        if (i < more->n_params) /* the unembedding, which it has not, comes last */
            same(p->spec.name, more->params[i].w, p->w, n);
        if (p->spec.kind == PARAM_NORM_GAIN || p->spec.kind == PARAM_BIAS) {
            for (size_t k = 0; k < n; k++)
                assert_true(p->w[k] == (p->spec.kind == PARAM_BIAS ? 0 : 1));
            continue;
        }
        assert_true(memcmp(other->params[i].w, p->w, bytes) != 0);
        bool scaled = p->spec.role == ROLE_OUT || p->spec.role == ROLE_DOWN;
        double spread = 0.02 / (scaled ? sqrt(2.0 * TEST_L) : 1);
        for (size_t k = 0; k < n; k++) {
            sum += (double)p->w[k];
            square += (double)p->w[k] * (double)p->w[k];
        }
        /* at least 576 draws: five standard errors of mean and of spread */
        assert_true(n >= 576);
        assert_true(fabs(sum / (double)n) < 5 * spread / sqrt((double)n));
        assert_true(fabs(sqrt(square / (double)n) / spread - 1) < 5 / sqrt(2.0 * (double)n));
    }
    model_free(a);
    model_free(b);
    model_free(other);
    model_free(more);
}

/* The head starts as rows of the unembedding, or from its seed. */
static void test_heads(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false);
    static const int32_t rows[] = {4, 50, 4}, wrong[] = {1, TEST_V};
    struct head_spec h = {HEAD_CLASSIFIER, 3, rows, 0};
    struct trainable top = {TRAIN_TOP, TEST_L + 1, false, {0}};
    struct model *m;
    check(model_random(&m, &dev, &c, 7, &e));
    assert_int_equal(model_outputs(m), TEST_V);
    const float *unembed = m->params[m->n_params - 1].w;
    check(model_head_set(m, &h, &e));
    assert_int_equal(model_outputs(m), 3);
    for (size_t k = 0; k < 3; k++)
        same("row", m->params[m->n_params - 1].w + k * TEST_C, unembed + (size_t)rows[k] * TEST_C,
             TEST_C);
    h = (struct head_spec){HEAD_REWARD, 0, NULL, 9};
    check(model_head_set(m, &h, &e));
    assert_int_equal(model_outputs(m), 1);
    h = (struct head_spec){HEAD_CLASSIFIER, 2, wrong, 0};
    assert_int_equal(model_head_set(m, &h, &e), ERR_INPUT);
    assert_string_equal(e.msg, "the head is to start from row 53 of the unembedding, which has 53");
    assert_int_equal(m->head.kind, HEAD_LM);
    assert_int_equal(model_outputs(m), TEST_V);
    assert_int_equal(model_trainable_set(m, &top, &e), ERR_INPUT);
    assert_string_equal(e.msg, "the top 4 blocks are to learn, the model has 3");
    model_free(m);
}

/* Training from random weights learns two small texts by heart. */
static void learn_of(const struct model_config *c)
{
    enum { STEPS = 150 };
    static const size_t two[] = {9, 12};
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct model *m;
    struct pass *p;
    struct test_batch t;
    double first = 0, last = 0;
    float *moments[64][2];
    check(model_random(&m, &dev, c, 7, &e));
    check(model_trainable_set(m, &all, &e));
    check(pass_new(&p, m, &e));
    test_batch(&t, two, 2, 11);
    for (size_t i = 0; i < m->n_params; i++)
        for (size_t k = 0; k < 2; k++) {
            moments[i][k] = dev_alloc(&dev, floats_of(&m->params[i]), &e);
            assert_non_null(moments[i][k]);
        }
    for (uint64_t step = 1; step <= STEPS; step++) {
        static float d[21 * TEST_V];
        int32_t target[21];
        double each[21], weight[21];
        const float *logits;
        size_t R;
        struct pass_input in = {.batch = &t.b, .keep = true};
        struct adamw s = {3e-3, 0.9, 0.999, 1e-8, 0, 1, step};
        check(pass_forward(p, &in, &logits, &R, &e));
        for (size_t i = 0; i < R; i++) {
            target[i] = i == 8 || i == 20 ? -1 : t.tokens[i + 1];
            weight[i] = 1.0 / 19;
        }
        dev.ops->lm_xent(&dev, R, TEST_V, logits, target, weight, each, d);
        last = 0;
        for (size_t i = 0; i < R; i++)
            last += each[i] * weight[i];
        first = step == 1 ? last : first;
        model_grad_zero(m);
        pass_backward(p, d);
        for (size_t i = 0; i < m->n_params; i++)
            dev.ops->adamw(&dev, &s, floats_of(&m->params[i]), m->params[i].w, m->params[i].g,
                           moments[i][0], moments[i][1]);
    }
    assert_true(fabs(first - log(TEST_V)) < 0.1); /* knows nothing at first */
    if (!(last < 0.2))
        fail_msg("%s: the loss went from %g to %g", family_name(c->family), first, last);
    for (size_t i = 0; i < m->n_params; i++)
        for (size_t k = 0; k < 2; k++)
            dev_free(&dev, moments[i][k]);
    pass_free(p);
    model_free(m);
}

/* A gradient that lies where activations were has the same bits as one with a place of its own; the
 * next forward takes all of them back. */
static void lent_of(const struct model_config *c)
{
    static const struct trainable kinds[] = {{TRAIN_ALL, 0, true, {0}},
                                             {TRAIN_ALL, 0, false, {0}},
                                             {TRAIN_TOP, 2, false, {0}},
                                             {TRAIN_HEAD, 0, false, {0}}};
    static const size_t texts[] = {70, 40, 3};
    struct test_batch t;
    float dlogits[3 * 2];
    test_batch(&t, texts, 3, 5);
    for (size_t i = 0; i < 6; i++)
        dlogits[i] = 0.3F - 0.1F * (float)i;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct model *own = test_model(&dev, c, 2), *lent = test_model(&dev, c, 2);
        struct model *both[] = {own, lent};
        struct pass *p[2];
        size_t moved = 0, R;
        const float *logits;
        for (size_t i = 0; i < 2; i++) {
            struct pass_input in = {.batch = &t.b, .keep = true, .lend = i == 1};
            check(model_trainable_set(both[i], &kinds[k], &e));
            check(pass_new(&p[i], both[i], &e));
            check(pass_forward(p[i], &in, &logits, &R, &e));
            pass_backward(p[i], dlogits);
        }
        for (size_t i = 0; i < own->n_params; i++) {
            const struct model_param *a = &own->params[i], *b = &lent->params[i];
            assert_true(a->g == a->own);
            moved += b->g != b->own;
            if (a->g)
                same(a->spec.name, b->g, a->g, floats_of(a));
        }
        /* of the last block nothing above is done with */
        assert_true(kinds[k].kind == TRAIN_HEAD ? !moved : moved > 0);
        struct pass_input in = {.batch = &t.b, .keep = true};
        check(pass_forward(p[1], &in, &logits, &R, &e));
        pass_backward(p[1], dlogits);
        for (size_t i = 0; i < own->n_params; i++) {
            const struct model_param *a = &own->params[i], *b = &lent->params[i];
            assert_true(b->g == b->own);
            if (a->g)
                same(a->spec.name, b->g, a->g, floats_of(a));
        }
        for (size_t i = 0; i < 2; i++) {
            pass_free(p[i]);
            model_free(both[i]);
        }
    }
}

static void test_lent(void **state)
{
    (void)state;
    every_config(lent_of);
}

static void test_learn(void **state)
{
    (void)state;
    every_config(learn_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),       cmocka_unit_test(test_features),
        cmocka_unit_test(test_reads),        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_nothing_read), cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_random),       cmocka_unit_test(test_heads),
        cmocka_unit_test(test_learn),        cmocka_unit_test(test_lent),
    };
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    return failed;
}
