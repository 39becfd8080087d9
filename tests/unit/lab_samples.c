/* lab_samples.c - what is kept of a pair beside its numbers: how large its models are. */
#include "lab_test.h"

#include <math.h>

static struct bench bench;

/* The micro model: 294 tokens and 32 channels, tied; of a block query and output 32 x 32, key and
 * value 32 x 16, three matrices 32 x 48, two gains; a last gain. */
enum { TOKENS = 294 * 32, BLOCK = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 2 * 32, GAIN = 32 };

static void run(const char *const *overrides, size_t n, struct samples *s)
{
    struct err e = ERR_INIT;
    struct study study;
    struct lab_summary sum;
    samples_init(s);
    bench.lab.samples = s;
    assert_ok(study_read(&study, bench.study, overrides, n, &e), &e);
    s->study = "own";
    assert_ok(lab_run(&bench.lab, &study, &sum, &e), &e);
    file_unlock(sum.hold);
    str_release(&sum.dir);
    study_release(&study);
    bench.lab.samples = NULL;
}

static void sizes_by_hand(void **state)
{
    static const char *const overrides[] = {"supervisor.layers=[1, 2]", "methods=naive"};
    struct samples s;
    (void)state;
    run(overrides, 2, &s);
    assert_int_equal(s.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct sample_row *r = &s.rows[i];
        size_t layers = i + 1;
        assert_true(fabs(r->weak_size - (double)(TOKENS + layers * BLOCK + GAIN)) < .5);
        assert_true(fabs(r->size - (TOKENS + 4 * BLOCK + GAIN)) < .5);
        assert_true(fabs(r->weak_layers - (double)layers) < .5 && fabs(r->layers - 4) < .5);
    }
    samples_release(&s);
}

/* Who is no model has no size. */
static void labels_have_no_size(void **state)
{
    static const char *const overrides[] = {
        "supervisor={simulated: {errors: uniform, accuracy: 0.7}}", "methods=naive"};
    struct samples s;
    (void)state;
    run(overrides, 2, &s);
    assert_int_equal(s.n, 1);
    assert_true(isnan(s.rows[0].weak_size) && isnan(s.rows[0].weak_layers));
    assert_true(s.rows[0].size > 0);
    samples_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_by_hand),
                                       cmocka_unit_test(labels_have_no_size)};
    bench_open(&bench);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
