/* prompting - which examples stand in a prompt, and what calibration makes of probabilities. */
#include "lab_test.h"

#include "core/mem.h"
#include "lab/prompting.h"

#include <math.h>

enum { N = 40 };

static void shots_of(const int *labels, size_t K, size_t shots, uint64_t seed, size_t *index,
                     bool *balanced, size_t count[3])
{
    struct err e = ERR_INIT;
    bool seen[N] = {false};
    size_t n = shots_choose(labels, N, K, shots, seed, index, balanced, &e);
    assert_int_equal(n, shots < N ? shots : N);
    memset(count, 0, 3 * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        assert_true(index[i] < N && !seen[index[i]]);
        seen[index[i]] = true;
        count[labels[index[i]]]++;
    }
}

static void balanced_by_their_labels(void **state)
{
    size_t index[N], again[N], other[N], count[3];
    int labels[N], turned[N];
    bool balanced;
    (void)state;
    for (int i = 0; i < N; i++) {
        labels[i] = i % 3;
        turned[i] = i % 2;
    }
    shots_of(labels, 3, 7, 1, index, &balanced, count);
    assert_true(balanced);
    assert_int_equal(count[0], 3); /* the lower class has the one that is left */
    assert_int_equal(count[1], 2);
    assert_int_equal(count[2], 2);
    shots_of(labels, 3, 7, 1, again, &balanced, count);
    assert_memory_equal(index, again, 7 * sizeof *index);
    shots_of(labels, 3, 7, 2, other, &balanced, count);
    assert_true(memcmp(index, other, 7 * sizeof *index) != 0);
    shots_of(turned, 2, 5, 3, index, &balanced, count);
    assert_true(balanced && count[0] == 3 && count[1] == 2);
    /* The first of an order that does not know the labels: one with the other labels begins with
     * the same example. */
    shots_of(labels, 3, 1, 3, again, &balanced, count);
    assert_int_equal(count[0], 1);
}

static void too_few_of_a_class(void **state)
{
    size_t index[N], count[3];
    int labels[N] = {0};
    bool balanced;
    (void)state;
    labels[17] = 1;
    shots_of(labels, 2, 6, 1, index, &balanced, count);
    assert_true(!balanced && count[0] == 5 && count[1] == 1);
    labels[17] = 0; /* a constant supervisor */
    shots_of(labels, 2, 2, 1, index, &balanced, count);
    assert_true(!balanced && count[0] == 2);
    shots_of(labels, 2, N + 5, 1, index, &balanced, count);
    assert_int_equal(count[0], N);
}

/* By hand: p / q, normalised; what the prompt says of nothing becomes even. */
static void calibrated(void **state)
{
    double p[] = {0.8, 0.2, 0.5, 0.5, 0.9, 0.1};
    const double q[] = {0.8, 0.2};
    (void)state;
    prompt_calibrate(p, 3, 2, q);
    const double want[] = {0.5, 0.5, 0.2, 0.8, 1.125 / 1.625, 0.5 / 1.625};
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(p[i] - want[i]) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(balanced_by_their_labels),
                                       cmocka_unit_test(too_few_of_a_class),
                                       cmocka_unit_test(calibrated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
