/* lab_smollm2.c - the default model from its GGUF file against an independent dequantisation run
 * through transformers in f64 (make_smollm2.py): token ids, every log probability, the largest
 * logits, the perplexity of a text. SKIP where the model has not been fetched. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"
#include "lab/lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* f32 through 30 blocks against f64 */
#define TOLERANCE 1e-4

static struct doc_tree oracle;
static struct assets *assets;
static struct dev dev;
static struct lab_model lm;
static struct model *model;

static const int32_t *item_ids(const struct doc *item, size_t *n)
{
    static int32_t ids[512];
    *n = 0;
    for (const struct doc *x = doc_get(item, "ids")->child; x; x = x->next)
        ids[(*n)++] = (int32_t)x->i;
    return ids;
}

static void test_tokens(void **state)
{
    (void)state;
    for (const struct doc *item = doc_get(oracle.root, "items")->child; item; item = item->next) {
        struct token_ids got = {0};
        size_t n;
        const int32_t *want = item_ids(item, &n);
        const struct doc *text = doc_get(item, "text");
        check(tokenizer_encode(lm.tokenizer, text->s, text->len, false, &got, &e));
        assert_int_equal(got.n, n);
        assert_memory_equal(got.ids, want, n * sizeof *want);
        token_ids_release(&got);
    }
}

static void test_logits(void **state)
{
    (void)state;
    struct pass *p;
    size_t V = model->cfg.vocab;
    double sum = 0, want_sum = 0, tokens = 0;
    check(pass_new(&p, model, &e));
    for (const struct doc *item = doc_get(oracle.root, "items")->child; item; item = item->next) {
        size_t n, R, i = 0;
        const int32_t *ids = item_ids(item, &n);
        int32_t starts[2] = {0, (int32_t)n}, target[512];
        double loss[512];
        const float *logits;
        struct batch b = {n, 1, ids, starts};
        struct pass_input in = {.batch = &b};
        check(pass_forward(p, &in, &logits, &R, &e));
        for (size_t t = 0; t < n; t++)
            target[t] = t + 1 < n ? ids[t + 1] : -1;
        dev.ops->lm_xent(&dev, n, V, logits, target, NULL, loss, NULL);
        for (const struct doc *x = doc_get(item, "logprobs")->child; x; x = x->next, i++) {
            if (!(fabs(loss[i] + x->r) <= TOLERANCE * fmax(1, fabs(x->r))))
                fail_msg("%s: log probability %zu is %.7f, wanted %.7f", doc_get(item, "text")->s,
                         i, -loss[i], x->r);
            sum += loss[i];
            want_sum -= x->r;
            tokens++;
        }
        assert_int_equal(i, n - 1);
        double most = fabs(doc_path(item, "top.0.1")->r);
        for (const struct doc *x = doc_get(item, "top")->child; x; x = x->next)
            assert_true(fabs((double)logits[(n - 1) * V + (size_t)x->child->i] -
                             x->child->next->r) <= TOLERANCE * most);
    }
    double perplexity = exp(sum / tokens), want = exp(want_sum / tokens);
    if (!(fabs(perplexity / want - 1) <= TOLERANCE))
        fail_msg("perplexity %.6f, wanted %.6f", perplexity, want);
    pass_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tokens),
                                       cmocka_unit_test(test_logits)};
    const char *source = getenv("W2S_SOURCE");
    char path[600];
    source = source ? source : ".";
    snprintf(path, sizeof path, "%s/tests/oracle/smollm2.json", source);
    if (doc_read_json(&oracle, path, &e) || assets_open(&assets, source, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    if (!asset_ready(assets, "smollm2-135m")) {
        printf("SKIP: the default model has not been fetched (w2s fetch smollm2-135m)\n");
        return 77;
    }
    struct lab lab = {.share = source, .assets = assets, .offline = "a test fetches nothing"};
    struct model_options o = {0};
    if (dev_open(&dev, "cpu", &e) || lab_model_open(&lm, &lab, "smollm2-135m", &e) ||
        model_load(&model, &dev, lm.weights, &o, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    model_free(model);
    lab_model_close(&lm);
    dev_close(&dev);
    assets_close(assets);
    doc_tree_release(&oracle);
    return failed;
}
