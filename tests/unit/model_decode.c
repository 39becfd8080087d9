/* model_decode.c - token by token is the whole text at once, in whatever pieces it is fed; what
 * does not fit is refused and changes nothing; and the next token is drawn as it is said to be. */
#include "decode_one.h"
#include "unit/model_test.h"

/* A row worked on alone and among others: sums in another order, relative to the largest logit. */
#define BLOCKING 1e-5

static struct dev dev;

enum { LONG = 300 }; /* more than decode works on at a time, twice over */

static void pieces_of(const struct model_config *small)
{
    static const size_t cuts[][4] = {{LONG}, {1, 1, 1, LONG - 3}, {127, 1, 128, 44}, {299, 1}};
    static int32_t tokens[LONG];
    static float whole[LONG * TEST_V];
    struct model_config c = *small;
    c.positions = LONG;
    struct model *m = test_model(&dev, &c, 0);
    int32_t starts[2] = {0, LONG};
    struct batch b = {LONG, 1, tokens, starts};
    struct pass_input in = {.batch = &b};
    struct pass *p;
    struct rng r;
    const float *logits;
    size_t R;
    double most = 0;
    rng_init(&r, 2, "tokens");
    for (size_t i = 0; i < LONG; i++)
        tokens[i] = (int32_t)rng_below(&r, TEST_V);
    check(pass_new(&p, m, &e));
    check(pass_forward(p, &in, &logits, &R, &e));
    dev_download(&dev, whole, logits, LONG * TEST_V);
    for (size_t i = 0; i < LONG * TEST_V; i++)
        most = fmax(most, fabs((double)whole[i]));
    for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
        struct decode *d;
        size_t fed = 0;
        check(decode_new(&d, m, 1, LONG + 7, &e)); /* no more than the model takes */
        for (size_t i = 0; i < 4 && cuts[k][i]; i++) {
            check(decode_one(d, tokens + fed, cuts[k][i], &logits, &e));
            fed += cuts[k][i];
            for (size_t v = 0; v < TEST_V; v++) {
                double off = fabs((double)(logits[v] - whole[(fed - 1) * TEST_V + v]));
                if (!(off <= BLOCKING * most))
                    fail_msg("%s, pieces %zu, after %zu: off by %g of %g", family_name(c.family), k,
                             fed, off, most);
            }
        }
        assert_int_equal(decode_one(d, tokens, 1, &logits, &e), ERR_INPUT);
        assert_string_equal(
            e.msg, "1 more tokens after 300; there is room for 300 and the model takes 300");
        decode_free(d);
    }
    pass_free(p);
    model_free(m);
}

static void test_pieces(void **state)
{
    (void)state;
    every_config(pieces_of);
}

enum { TEXTS = 5, ROOM = 140 };

/* texts_of - texts of different lengths, all at once and then a token each, some of them longer
 * than others: what is said of each is what a whole forward of it says. The second one is longer
 * than a chunk leaves room for. */
static void texts_of(const struct model_config *small)
{
    static const size_t first[TEXTS] = {3, 120, 1, 110, 40}, whole[TEXTS] = {9, 127, 1, 117, 43};
    static int32_t tokens[TEXTS][ROOM], fed[TEXTS * ROOM], starts[TEXTS + 1];
    struct model_config c = *small;
    c.positions = ROOM;
    struct model *m = test_model(&dev, &c, 0);
    struct decode *d;
    struct pass *p;
    struct rng r;
    const float *got, *want;
    float logits[TEST_V];
    size_t at[TEXTS] = {0}, seq[TEXTS], R, compared = 0;
    rng_init(&r, 3, "tokens");
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t k = 0; k < ROOM; k++)
            tokens[i][k] = (int32_t)rng_below(&r, TEST_V);
    check(pass_new(&p, m, &e));
    check(decode_new(&d, m, TEXTS, 128, &e));
    for (size_t round = 0;; round++) {
        struct batch b = {0, 0, fed, starts};
        for (size_t i = 0; i < TEXTS; i++) {
            size_t n = round ? at[i] < whole[i] : first[i];
            if (!n)
                continue;
            memcpy(fed + b.n_tokens, tokens[i] + at[i], n * sizeof *fed);
            at[i] += n;
            seq[b.n_seqs++] = i;
            starts[b.n_seqs] = (int32_t)(b.n_tokens += n);
        }
        if (!b.n_seqs)
            break;
        check(decode_feed(d, &b, seq, &got, &e));
        for (size_t k = 0; k < b.n_seqs; k++, compared++) {
            size_t i = seq[k];
            double most = 0;
            int32_t own[2] = {0, (int32_t)at[i]}, last = 1;
            struct batch alone = {at[i], 1, tokens[i], own};
            struct pass_input in = {.batch = &alone, .reads = &last};
            check(pass_forward(p, &in, &want, &R, &e));
            dev_download(&dev, logits, want, TEST_V);
            for (size_t v = 0; v < TEST_V; v++)
                most = fmax(most, fabs((double)logits[v]));
            for (size_t v = 0; v < TEST_V; v++)
                if (!(fabs((double)(got[k * TEST_V + v] - logits[v])) <= BLOCKING * most))
                    fail_msg("%s, text %zu after %zu tokens", family_name(c.family), i, at[i]);
        }
    }
    assert_int_equal(compared, 5 + 6 + 7 + 7 + 3);
    assert_true(decode_bytes(&c, TEXTS, 128) >= TEXTS * 128 * c.layers * 2 * sizeof(float));
    decode_free(d);
    pass_free(p);
    model_free(m);
}

static void test_texts(void **state)
{
    (void)state;
    every_config(texts_of);
}

/* After a refusal the next feed goes on from where the last good one ended. */
static void test_refused(void **state)
{
    (void)state;
    static const int32_t good[] = {3, 1, 4, 1}, wrong[] = {5, TEST_V}, negative[] = {-1};
    struct model_config c = test_config(FAMILY_LLAMA, false);
    struct model *m = test_model(&dev, &c, 0);
    struct decode *plain, *d;
    const float *want, *got;
    check(decode_new(&plain, m, 1, 4, &e));
    check(decode_one(plain, good, 3, &want, &e));
    check(decode_one(plain, good + 3, 1, &want, &e));
    check(decode_new(&d, m, 1, 4, &e));
    check(decode_one(d, good, 3, &got, &e));
    assert_int_equal(decode_one(d, wrong, 1 + 1, &got, &e), ERR_INPUT);
    assert_string_equal(e.msg, "2 more tokens after 3; there is room for 4 and the model takes 80");
    assert_int_equal(decode_one(d, wrong + 1, 1, &got, &e), ERR_INPUT);
    assert_string_equal(e.msg, "token id 53 is outside the model's vocabulary of 53");
    assert_int_equal(decode_one(d, negative, 1, &got, &e), ERR_INPUT);
    assert_string_equal(e.msg, "token id -1 is outside the model's vocabulary of 53");
    check(decode_one(d, good + 3, 1, &got, &e));
    assert_memory_equal(got, want, TEST_V * sizeof *got);
    decode_free(d);
    decode_free(plain);
    check(decode_new(&d, m, 1, 0, &e));
    assert_int_equal(decode_one(d, good, 1, &got, &e), ERR_INPUT);
    decode_free(d);
    decode_free(NULL);
    model_free(m);
}

/* A copy goes on as what it was copied from, to the bit; rewound, a text goes on anew from there.
 */
static void copies_of(const struct model_config *small)
{
    static const int32_t start[] = {3, 1, 4, 1, 5}, other[] = {9, 2, 6};
    struct model_config c = *small;
    struct model *m = test_model(&dev, &c, 0);
    struct decode *d, *plain;
    const float *got;
    float want[TEST_V];
    const int32_t starts[2] = {0, 3};
    const struct batch b = {3, 1, other, starts};
    const size_t third = 2;
    check(decode_new(&plain, m, 3, 12, &e));
    check(decode_one(plain, start, 5, &got, &e));
    check(decode_one(plain, other, 3, &got, &e));
    memcpy(want, got, sizeof want);
    check(decode_new(&d, m, 3, 12, &e));
    check(decode_one(d, start, 5, &got, &e));
    decode_copy(d, 0, 2);
    for (size_t i = 0; i < 3; i++) {
        check(decode_feed(d, &b, &third, &got, &e));
        assert_memory_equal(got, want, sizeof want);
        decode_rewind(d, 2, 5);
    }
    check(decode_one(d, other, 3, &got, &e));
    assert_memory_equal(got, want, sizeof want);
    decode_copy(d, 1, 2); /* nothing yet */
    check(decode_feed(d, &b, &third, &got, &e));
    assert_true(memcmp(got, want, sizeof want) != 0);
    decode_free(d);
    decode_free(plain);
    model_free(m);
}

static void test_copies(void **state)
{
    (void)state;
    every_config(copies_of);
}

enum { DRAWS = 20000, V = 6 };

/* drawn - how often each token comes. */
static void drawn(const float *logits, struct sampling s, size_t count[V])
{
    struct rng r;
    rng_init(&r, 1, "draw");
    memset(count, 0, V * sizeof *count);
    for (size_t i = 0; i < DRAWS; i++) {
        int32_t t = sample_token(logits, V, &s, &r);
        assert_true(t >= 0 && t < V);
        count[t]++;
    }
}

/* Shares within five standard errors of what softmax(logits/T), cut to its nucleus, says. */
static void test_shares(void **state)
{
    (void)state;
    static const float logits[V] = {1, 3, -2, 3, 0.5f, 2};
    static const struct {
        struct sampling s;
        double of[V]; /* in the nucleus: 1 */
    } cases[] = {
        {{1, 1}, {1, 1, 1, 1, 1, 1}},     {{0.5, 1}, {1, 1, 1, 1, 1, 1}},
        {{1, 0.5}, {0, 1, 0, 1, 0, 0}}, /* the two best have 0.38 each */
        {{1, 0.3}, {0, 1, 0, 0, 0, 0}}, /* of equals the lowest id */
        {{1, 0.8}, {0, 1, 0, 1, 0, 1}},   {{1, 1e-9}, {0, 1, 0, 0, 0, 0}},
        {{2, 0.999}, {1, 1, 1, 1, 1, 1}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t count[V];
        double sum = 0;
        drawn(logits, cases[k].s, count);
        for (size_t v = 0; v < V; v++)
            sum += cases[k].of[v] * exp((double)logits[v] / cases[k].s.temperature);
        for (size_t v = 0; v < V; v++) {
            double p = cases[k].of[v] * exp((double)logits[v] / cases[k].s.temperature) / sum;
            double off = fabs((double)count[v] / DRAWS - p), error = sqrt(p * (1 - p) / DRAWS);
            if (!(off <= 5 * error + 1e-12))
                fail_msg("case %zu: token %zu came with share %g, wanted %g", k, v,
                         (double)count[v] / DRAWS, p);
        }
    }
}

/* Greedy draws nothing: the lowest of the best, whatever the stream. Far apart, and infinite, is
 * no trouble. */
static void test_greedy(void **state)
{
    (void)state;
    static const float tie[V] = {-0.0f, 0, -1, 0, -1, -1};
    static const float far[V] = {-1e30f, -INFINITY, 3e38f, 0, -3e38f, 1};
    struct sampling greedy = {0, 1}, none = {1, 0}, hot = {1, 0.9};
    struct rng r, before;
    rng_init(&r, 1, "draw");
    before = r;
    assert_int_equal(sample_token(tie, V, &greedy, &r), 0);
    assert_int_equal(sample_token(tie, V, &none, &r), 0);
    assert_int_equal(sample_token(far, V, &greedy, &r), 2);
    assert_memory_equal(&r, &before, sizeof r);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(sample_token(far, V, &hot, &r), 2);
    assert_int_equal(sample_token(tie, 1, &hot, &r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),  cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_copies),
        cmocka_unit_test(test_shares),  cmocka_unit_test(test_greedy)};
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    return failed;
}
