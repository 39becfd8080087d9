/* train_write - what is written after prompts, many at a time, is what whole forwards say token by
 * token; ends, limits and what is allowed hold. */
#include "train_toy.h"

enum { TEXTS = 64, MOST = 6 };

static struct model *writer(struct dev *dev)
{
    struct err e = ERR_INIT;
    struct head_spec lm = {.kind = HEAD_LM};
    struct model *m = toy_model(dev, 2, everything, 5);
    /* a random model says one thing after another: its unembedding is its embedding, small */
    for (size_t i = 0; i < m->n_params; i++)
        dev->ops->scale(dev, m->params[i].spec.rows * m->params[i].spec.cols, 4, m->params[i].w);
    if (model_head_set(m, &lm, &e))
        fail_msg("%s", e.msg);
    return m;
}

/* slowly - greedy over whole forwards, of the tokens for which may is true (NULL: all). */
static size_t slowly(struct model *m, const struct toy *t, size_t i, int32_t end, size_t most,
                     const bool *may, int32_t *said)
{
    struct err e = ERR_INIT;
    struct pass *p;
    int32_t text[TOY_LEN + MOST], last = 1;
    float logits[TOY_V];
    const float *out;
    size_t n = token_set_len(&t->set, i), R, k = 0;
    memcpy(text, t->tokens + t->starts[i], n * sizeof *text);
    assert_int_equal(pass_new(&p, m, &e), OK);
    for (; k < most; k++) {
        const int32_t starts[2] = {0, (int32_t)(n + k)};
        const struct batch b = {n + k, 1, text, starts};
        const struct pass_input in = {.batch = &b, .reads = &last};
        int32_t best = -1;
        assert_int_equal(pass_forward(p, &in, &out, &R, &e), OK);
        dev_download(m->dev, logits, out, TOY_V);
        for (int32_t v = 0; v < TOY_V; v++)
            if ((!may || may[v]) && (best < 0 || logits[v] > logits[best]))
                best = v;
        if (best == end)
            break;
        text[n + k] = said[k] = best;
    }
    pass_free(p);
    return k;
}

static void ids_clear(struct token_ids out[TEXTS])
{
    for (size_t i = 0; i < TEXTS; i++)
        token_ids_release(&out[i]);
    memset(out, 0, TEXTS * sizeof *out);
}

static void as_whole_forwards(void **state)
{
    struct err e = ERR_INIT;
    struct dev dev;
    struct toy t;
    struct token_ids out[TEXTS] = {{0}}, again[TEXTS] = {{0}};
    int32_t said[MOST], end = -1;
    size_t ended = 0, whole = 0, different = 0;
    (void)state;
    assert_int_equal(dev_open(&dev, "cpu", &e), OK);
    toy_init(&t, TEXTS, 2, true, 9);
    struct model *m = writer(&dev);
    slowly(m, &t, 0, -1, MOST, NULL, said); /* an end that some text has */
    end = said[2];
    const struct write_settings s = {.end = end, .most = MOST};
    assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
    assert_int_equal(write_run(m, &t.set, &s, again, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t n = slowly(m, &t, i, end, MOST, NULL, said);
        assert_int_equal(out[i].n, n);
        if (n) {
            assert_memory_equal(out[i].ids, said, n * sizeof *said);
            assert_memory_equal(out[i].ids, again[i].ids, n * sizeof *said);
        }
        ended += n < MOST;
        whole += n == MOST;
        different += n && i && out[0].n && out[i].ids[0] != out[0].ids[0];
    }
    assert_true(ended > 0 && whole > 0 && different > 0);
    ids_clear(out);
    ids_clear(again);
    model_free(m);
    dev_close(&dev);
}

/* Of text i only tokens that i has to do with, and a third token is the end. */
static int some(void *ctx, size_t i, const int32_t *said, size_t n, const int32_t **list,
                size_t *count, struct err *e)
{
    static int32_t tokens[TOY_V];
    const int32_t *end = ctx;
    (void)said, (void)e;
    *count = 0;
    *list = tokens;
    if (n == 2) {
        tokens[(*count)++] = *end;
        return OK;
    }
    for (int32_t v = 1; v < TOY_V; v++)
        if (v % 4 == (int32_t)i % 4)
            tokens[(*count)++] = v;
    return OK;
}

static void what_is_allowed(void **state)
{
    struct err e = ERR_INIT;
    struct dev dev;
    struct toy t;
    struct token_ids out[TEXTS] = {{0}};
    int32_t end = 0, said[MOST];
    (void)state;
    assert_int_equal(dev_open(&dev, "cpu", &e), OK);
    toy_init(&t, TEXTS, 2, true, 10);
    struct model *m = writer(&dev);
    const struct write_settings s = {.end = end, .most = MOST, .allowed = some, .ctx = &end};
    assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++) {
        bool may[TOY_V];
        for (int32_t v = 0; v < TOY_V; v++)
            may[v] = v && v % 4 == (int32_t)i % 4;
        assert_int_equal(slowly(m, &t, i, -1, 2, may, said), 2);
        assert_int_equal(out[i].n, 2);
        assert_memory_equal(out[i].ids, said, 2 * sizeof *said);
    }
    ids_clear(out);
    model_free(m);
    dev_close(&dev);
}

/* backwards - few tokens, not in the order of their numbers. */
static int backwards(void *ctx, size_t i, const int32_t *said, size_t n, const int32_t **list,
                     size_t *count, struct err *e)
{
    static const int32_t tokens[] = {7, 3, 5};
    (void)ctx, (void)i, (void)said, (void)n, (void)e;
    *list = tokens;
    *count = 3;
    return OK;
}

/* Among equal logits, which a model of zeros gives all, the lowest number wins. */
static void ties(void **state)
{
    struct err e = ERR_INIT;
    struct dev dev;
    struct toy t;
    struct token_ids out[TEXTS] = {{0}};
    (void)state;
    assert_int_equal(dev_open(&dev, "cpu", &e), OK);
    toy_init(&t, TEXTS, 2, true, 10);
    struct model *m = writer(&dev);
    for (size_t i = 0; i < m->n_params; i++)
        dev.ops->scale(&dev, m->params[i].spec.rows * m->params[i].spec.cols, 0, m->params[i].w);
    for (int32_t listed = 0; listed < 2; listed++) {
        const struct write_settings s = {
            .end = -1, .most = MOST, .allowed = listed ? backwards : NULL};
        assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
        for (size_t i = 0; i < TEXTS; i++) {
            assert_int_equal(out[i].n, MOST);
            for (size_t k = 0; k < MOST; k++)
                assert_int_equal(out[i].ids[k], listed ? 3 : 0);
        }
        ids_clear(out);
    }
    model_free(m);
    dev_close(&dev);
}

/* Drawn texts are the same again and the same among others, and differ by seed; a nucleus of one
 * token is greedy. Any of several tokens ends a text. */
static void drawn(void **state)
{
    struct err e = ERR_INIT;
    struct dev dev;
    struct toy t;
    struct token_ids out[TEXTS] = {{0}}, again[TEXTS] = {{0}};
    const struct sampling hot = {1, 1}, cold = {1, 1e-9};
    bool ends[TOY_V] = {false};
    size_t same = 0;
    (void)state;
    assert_int_equal(dev_open(&dev, "cpu", &e), OK);
    toy_init(&t, TEXTS, 2, true, 9);
    struct model *m = writer(&dev);
    struct write_settings s = {.end = -1, .most = MOST, .sampling = &hot, .seed = 3};
    assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
    assert_int_equal(write_run(m, &t.set, &s, again, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++)
        assert_memory_equal(out[i].ids, again[i].ids, MOST * sizeof(int32_t));
    ids_clear(again);
    t.set.n = 9; /* the first texts alone */
    assert_int_equal(write_run(m, &t.set, &s, again, NULL, &e), OK);
    for (size_t i = 0; i < 9; i++)
        assert_memory_equal(out[i].ids, again[i].ids, MOST * sizeof(int32_t));
    ids_clear(again);
    t.set.n = TEXTS;
    s.seed = 4;
    assert_int_equal(write_run(m, &t.set, &s, again, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++)
        same += memcmp(out[i].ids, again[i].ids, MOST * sizeof(int32_t)) == 0;
    assert_true(same < TEXTS);
    ids_clear(again);
    ids_clear(out);
    s.sampling = &cold;
    assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
    s.sampling = NULL;
    assert_int_equal(write_run(m, &t.set, &s, again, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++)
        assert_memory_equal(out[i].ids, again[i].ids, MOST * sizeof(int32_t));
    ends[again[0].ids[2]] = ends[again[1].ids[1]] = true;
    s.ends = ends;
    ids_clear(out);
    assert_int_equal(write_run(m, &t.set, &s, out, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t n = 0;
        while (n < MOST && !ends[again[i].ids[n]])
            n++;
        assert_int_equal(out[i].n, n);
    }
    ids_clear(again);
    ids_clear(out);
    model_free(m);
    dev_close(&dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_whole_forwards),
                                       cmocka_unit_test(what_is_allowed), cmocka_unit_test(drawn),
                                       cmocka_unit_test(ties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
