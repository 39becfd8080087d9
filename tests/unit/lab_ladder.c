/* lab_ladder.c - what --dry-run says of a ladder's models is what they take: operations counted at
 * the table, memory by the process's own peak. */
#include "lab_test.h"
#include "unit/count_products.h"

#include "core/mem.h"
#include "lab/ladder.h"

static struct bench bench;

static void texts(void)
{
    struct str text = STR_INIT;
    struct err e = ERR_INIT;
    char ladder[1024];
    for (int i = 0; i < 200; i++)
        str_addf(&text, "the document of number %d says so\n\n", 1000 + i);
    assert_ok(str_check(&text, &e), &e);
    spill(in_scratch("texts.txt"), text.s);
    str_release(&text);
    snprintf(ladder, sizeof ladder,
             "name: l\ndata: {text: %s/texts.txt, valid: 20}\ncontext: 64\ntokens: "
             "4000\n"
             "training: {batch: 64, evals: 2, warmup: 0}\n"
             "models:\n  - {name: a, layers: 1, width: 64, heads: 2}\n"
             "  - {name: b, layers: 2, width: 256, heads: 2}\n",
             scratch);
    spill(in_scratch("l.yaml"), ladder);
}

static void a_ladder_takes_what_is_said(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct ladder l;
    struct str out = STR_INIT, table = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct ops counting;
    double said = 0, bytes[2] = {0}, peak[2] = {0};
    size_t failed;
    assert_ok(ladder_read(&l, in_scratch("l.yaml"), NULL, 0, &e), &e);
    assert_ok(ladder_plan_print(&bench.lab, &l, true, &out, &e), &e);
    assert_ok(doc_parse_json(&t, out.s, out.len, "plan", 1, &e), &e);
    size_t n = 0;
    for (const struct doc *j = t.root->child; j; j = j->next, n++) {
        assert_true(n < 2);
        said += doc_get(j, "operations")->r;
        bytes[n] = doc_get(j, "bytes")->r;
        assert_true(doc_get(j, "seconds")->r > 0);
        assert_false(doc_get(j, "done")->b);
    }
    assert_int_equal(n, 2);
    products_count(&bench.dev, &counting);
    bool measured = true;
    for (size_t only = 0; only < 2; only++) {
        struct ladder one = l;
        one.n = 1;
        one.models[0] = l.models[only];
        measured = mem_peak_reset() && measured;
        assert_ok(ladder_run(&bench.lab, &one, false, &table, &failed, &e), &e);
        peak[only] = (double)mem_peak();
        assert_int_equal(failed, 0);
    }
    bench.dev.ops = own;
    print_message("operations: said %.4g, counted %.4g\n", said, counted);
    assert_true(said > 0.9 * counted && said < 1.1 * counted);
    print_message("memory: said %.1f and %.1f MB, peaks %.1f and %.1f MB\n", bytes[0] / 1e6,
                  bytes[1] / 1e6, peak[0] / 1e6, peak[1] / 1e6);
    double more = bytes[1] - bytes[0], grown = peak[1] - peak[0];
    if (measured)
        assert_true(grown > 0.75 * more && grown < 1.3 * more);
    doc_tree_release(&t);
    str_release(&out);
    str_release(&table);
    ladder_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_ladder_takes_what_is_said)};
    bench_open(&bench);
    texts();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
