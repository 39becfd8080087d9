/* train_words.c - words behind a shared prefix against PyTorch in f64 (make_models.py, lm_logits):
 * of each sequence of the fixture's batch its last two tokens are a word, what lies before them is
 * prefix and text, cut at each place. */
#include "model_fixture.h"
#include "train/words.h"

static double log_softmax(const double *row, int32_t token)
{
    double most = -HUGE_VAL, sum = 0;
    for (size_t v = 0; v < FIX_V; v++)
        most = fmax(most, row[v]);
    for (size_t v = 0; v < FIX_V; v++)
        sum += exp(row[v] - most);
    return row[token] - most - log(sum);
}

static void words_of(struct fixture *f)
{
    static double logits[FIX_TOKENS * FIX_V];
    double most = 0;
    numbers(f, "lm_logits", logits, (size_t)FIX_TOKENS * FIX_V);
    for (size_t i = 0; i < (size_t)FIX_TOKENS * FIX_V; i++)
        most = fmax(most, fabs(logits[i]));
    for (size_t s = 0; s < FIX_S; s++) {
        size_t begin = (size_t)f->starts[s], n = (size_t)f->starts[s + 1] - begin;
        for (size_t cut = 0; n > 2 && cut + 2 < n; cut++) {
            int32_t *text = f->tokens + begin, *word = text + n - 2;
            size_t starts[2] = {0, n - 2 - cut}, tokens;
            int32_t both[3] = {word[0], word[0], word[1]};
            size_t word_starts[3] = {0, 1, 3};
            const struct token_set t = {
                .n = 1, .per = 1, .tokens = text + cut, .starts = starts, .longest = n - 2 - cut};
            const struct words w = {2, both, word_starts};
            double got[2], want[2];
            want[0] = log_softmax(logits + (begin + n - 3) * FIX_V, word[0]);
            want[1] = want[0] + log_softmax(logits + (begin + n - 2) * FIX_V, word[1]);
            check(words_run(f->model, text, cut, &t, &w, got, &tokens, NULL, &e));
            /* a difference of logits: each is off by no more than the largest is */
            for (size_t k = 0; k < 2; k++)
                if (!(fabs(got[k] - want[k]) <= 4 * f->tolerance * fmax(most, 1)))
                    fail_msg("%s, %s: sequence %zu cut at %zu, word %zu: %g, wanted %g", f->family,
                             f->dev.name, s, cut, k, got[k], want[k]);
        }
    }
}

static void test_words(void **state)
{
    (void)state;
    fixtures_all(words_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
