/* train_words - what is said of words behind a shared prefix is what whole forwards say of the
 * whole text, whether the prefix is shared or stands in every text; the order of the texts does not
 * change a bit. */
#include "train/words.h"
#include "train_toy.h"

#include <math.h>

/* A prefix whose keys and values are kept, against texts that have it in them: products of other
 * blocks, in nats of a sum of a few logarithms. */
#define SHARED 1e-4

enum { TEXTS = 64, PREFIX = 7, WORDS = 3 };

static const int32_t prefix[PREFIX] = {3, 0, 11, 38, 5, 0, 20};
static const int32_t word_tokens[] = {4, 9, 0, 7, 4, 30};
static const size_t word_starts[WORDS + 1] = {0, 1, 3, 6}; /* of one token, two and three */
static const struct words words = {WORDS, word_tokens, word_starts};

static struct model *asked(struct dev *dev)
{
    struct err e = ERR_INIT;
    struct head_spec lm = {.kind = HEAD_LM};
    struct model *m = toy_model(dev, 2, everything, 5);
    for (size_t i = 0; i < m->n_params; i++)
        dev->ops->scale(dev, m->params[i].spec.rows * m->params[i].spec.cols, 4, m->params[i].w);
    if (model_head_set(m, &lm, &e))
        fail_msg("%s", e.msg);
    return m;
}

/* slowly - log p of a word's tokens behind a whole text, a forward of all of it. */
static double slowly(struct model *m, const int32_t *text, size_t n, size_t k)
{
    struct err e = ERR_INIT;
    struct pass *p;
    int32_t all[PREFIX + TOY_LEN + 3];
    const float *out;
    float logits[3 * TOY_V];
    size_t len = word_starts[k + 1] - word_starts[k], R;
    double sum = 0;
    memcpy(all, text, n * sizeof *all);
    memcpy(all + n, word_tokens + word_starts[k], len * sizeof *all);
    int32_t starts[2] = {0, (int32_t)(n + len - 1)}, read = (int32_t)len;
    const struct batch b = {n + len - 1, 1, all, starts};
    const struct pass_input in = {.batch = &b, .reads = &read};
    assert_int_equal(pass_new(&p, m, &e), OK);
    assert_int_equal(pass_forward(p, &in, &out, &R, &e), OK);
    assert_int_equal(R, len);
    dev_download(m->dev, logits, out, len * TOY_V);
    for (size_t i = 0; i < len; i++) {
        double total = 0;
        for (size_t v = 0; v < TOY_V; v++)
            total += exp((double)logits[i * TOY_V + v]);
        sum += (double)logits[i * TOY_V + (size_t)all[n + i]] - log(total);
    }
    pass_free(p);
    return sum;
}

/* whole_set - the toy's texts with the prefix in front of each. */
struct whole {
    int32_t tokens[TEXTS * (PREFIX + TOY_LEN)];
    size_t starts[TEXTS + 1];
    struct token_set set;
};

static void whole_init(struct whole *w, const struct toy *t, const size_t *order)
{
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t from = order ? order[i] : i, n = token_set_len(&t->set, from);
        int32_t *at = w->tokens + w->starts[i];
        memcpy(at, prefix, sizeof prefix);
        memcpy(at + PREFIX, t->tokens + t->starts[from], n * sizeof *at);
        w->starts[i + 1] = w->starts[i] + PREFIX + n;
        w->set.longest = PREFIX + n > w->set.longest ? PREFIX + n : w->set.longest;
    }
    w->set.n = TEXTS;
    w->set.per = 1;
    w->set.tokens = w->tokens;
    w->set.starts = w->starts;
}

static void on_device(const char *device)
{
    static struct whole whole, turned;
    struct err e = ERR_INIT;
    struct dev dev = dev_of(device);
    struct toy t;
    size_t tokens, order[TEXTS];
    double shared[TEXTS * WORDS], apart[TEXTS * WORDS], again[TEXTS * WORDS];
    toy_init(&t, TEXTS, 2, true, 9);
    struct model *m = asked(&dev);
    whole_init(&whole, &t, NULL);
    for (size_t i = 0; i < TEXTS; i++)
        order[i] = (i * 29 + 3) % TEXTS;
    whole_init(&turned, &t, order);
    assert_int_equal(words_run(m, prefix, PREFIX, &t.set, &words, shared, &tokens, NULL, &e), OK);
    /* a word's first token is read off the text, each of its others takes one more of every text */
    assert_int_equal(tokens, PREFIX + token_set_total(&t.set) + TEXTS * 3);
    assert_int_equal(words_run(m, NULL, 0, &whole.set, &words, apart, &tokens, NULL, &e), OK);
    assert_int_equal(words_run(m, NULL, 0, &turned.set, &words, again, &tokens, NULL, &e), OK);
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t k = 0; k < WORDS; k++) {
            double want =
                slowly(m, whole.tokens + whole.starts[i], whole.starts[i + 1] - whole.starts[i], k);
            if (!(fabs(shared[i * WORDS + k] - want) <= SHARED) ||
                !(fabs(apart[i * WORDS + k] - want) <= SHARED))
                fail_msg("%s, text %zu, word %zu: %.9g with and %.9g without a shared prefix, "
                         "wanted %.9g",
                         device, i, k, shared[i * WORDS + k], apart[i * WORDS + k], want);
            assert_memory_equal(&again[i * WORDS + k], &apart[order[i] * WORDS + k], sizeof *again);
        }
    assert_int_equal(words_run(m, prefix, PREFIX, &t.set, &words, again, &tokens, NULL, &e), OK);
    assert_memory_equal(again, shared, sizeof shared);
    model_free(m);
    dev_close(&dev);
}

static void as_whole_forwards(void **state)
{
    (void)state;
    on_device("cpu");
    on_device("reference");
}

static void too_long(void **state)
{
    static const int32_t long_prefix[30];
    struct err e = ERR_INIT;
    struct dev dev = dev_of("cpu");
    struct toy t;
    size_t tokens;
    double scores[TEXTS * WORDS];
    (void)state;
    toy_init(&t, TEXTS, 2, true, 9);
    struct model *m = asked(&dev);
    assert_int_equal(words_run(m, long_prefix, 30, &t.set, &words, scores, &tokens, NULL, &e),
                     ERR_INPUT);
    assert_string_equal(e.msg, "a prompt of 44 tokens; the model takes at most 32");
    t.set.n = 0;
    assert_int_equal(words_run(m, prefix, PREFIX, &t.set, &words, scores, &tokens, NULL, &e), OK);
    assert_int_equal(tokens, 0);
    model_free(m);
    dev_close(&dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_whole_forwards),
                                       cmocka_unit_test(too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
