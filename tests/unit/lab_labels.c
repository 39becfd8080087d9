/* What a student learns from: ground truth written down as a supervisor's labels and learnt through
 * the weak-label path gives the ceiling to the bit, and so a PGR of exactly 1. */
#include "lab_test.h"
#include "core/file.h"

#include "lab/metrics.h"

static struct bench bench;

/* supervisor_write - a finished job of the supervisor's with probabilities of our own: of what it
 * labels, ground truth as one-hot rows; of the test, all for class 0. */
static void supervisor_write(const struct plan *p, const struct job *weak)
{
    struct err e = ERR_INIT;
    struct store_work w;
    bool busy;
    assert_ok(
        store_begin(bench.lab.store, weak->hash, "train", weak->label, "quick", &w, &busy, &e), &e);
    assert_false(busy);
    for (int part = PART_TRAIN; part < PART_COUNT; part++) {
        char path[600];
        size_t n = p->data[0].n[part];
        double *probs = mem_zalloc(n, 2 * sizeof *probs, &e);
        assert_non_null(probs);
        for (size_t i = 0; i < n; i++)
            probs[2 * i + (part == PART_TEST ? 0 : (size_t)p->data[0].part[part][i].label)] = 1;
        snprintf(path, sizeof path, "%s/%s.f64", w.dir.s, lab_part_names[part]);
        assert_ok(store_array_write(path, probs, 2 * n, &e), &e);
        mem_free(probs);
    }
    assert_ok(store_finish(bench.lab.store, &w, "{}", "{\"accuracy\": 0.5}", &e), &e);
}

static void assert_same_file(const struct job *a, const struct job *b, const char *name)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT, x = STR_INIT, y = STR_INIT;
    store_job_path(bench.lab.store, a->hash, name, &path);
    assert_ok(file_read(&x, path.s, &e), &e);
    str_reset(&path);
    store_job_path(bench.lab.store, b->hash, name, &path);
    assert_ok(file_read(&y, path.s, &e), &e);
    assert_int_equal(x.len, y.len);
    assert_true(x.len > 16);
    assert_memory_equal(x.s, y.s, x.len);
    str_release(&path);
    str_release(&x);
    str_release(&y);
}

static void ground_truth_as_weak_label_is_the_ceiling(void **state)
{
    (void)state;
    static const char *const overrides[] = {"name=truth", "methods=naive", "data.train=60",
                                            "data.test=30"};
    struct err e = ERR_INIT;
    struct study s;
    struct plan p;
    struct lab_summary sum;
    struct doc_tree results = DOC_TREE_INIT;
    assert_ok(study_read(&s, bench.study, overrides, 4, &e), &e);
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    const struct job *weak = p.pairs[0].weak[0], *student = p.pairs[0].student[0],
                     *ceiling = p.pairs[0].ceiling[0];
    assert_string_not_equal(student->hash, ceiling->hash);
    supervisor_write(&p, weak);
    assert_ok(lab_run(&bench.lab, &s, &sum, &e), &e);
    file_unlock(sum.hold);
    assert_int_equal(sum.found, 1);
    assert_int_equal(sum.ran, 2);
    assert_same_file(student, ceiling, "test.f64");
    assert_same_file(student, ceiling, "valid.f64");

    struct str path = STR_INIT;
    str_path(&path, sum.dir.s, "results.json");
    assert_ok(doc_read_json(&results, path.s, &e), &e);
    const struct doc *pair = doc_path(results.root, "pairs.0");
    assert_true(doc_path(pair, "weak.accuracy.0")->r == 0.5);
    assert_true(doc_path(pair, "ceiling.accuracy.0")->r > 0.75);
    for (const struct doc *x = doc_get(pair, "pgr")->child; x; x = x->next)
        assert_true(x->r == 1.0);
    assert_int_equal(doc_get(pair, "pgr")->n, 3);
    doc_tree_release(&results);
    str_release(&path);
    str_release(&sum.dir);
    plan_release(&p);
    study_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ground_truth_as_weak_label_is_the_ceiling),
    };
    bench_open(&bench);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
