/* model_families.c - every family against PyTorch in f64 (make_models.py): logits of packed sequences, every gradient; on the CPU set and on the
 * scalar reference. The gradients are written as a Hugging Face file and compared tensor by tensor, so that the writer is held to the same names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* f32 against f64: relative to a tensor's largest value. */
#define TOLERANCE 1e-5

static const char *const families[] = {"gpt2", "neox-parallel", "neox-sequential", "llama-gqa", "llama-tied", "qwen2"};
#define FAMILIES (sizeof families / sizeof *families)

struct fixture {
    char dir[512];
    struct doc_tree oracle;
    struct weights *weights, *gradients;
    struct dev dev;
    struct model *model;
    struct pass *pass;
    int32_t tokens[64], starts[8];
    struct batch batch;
};

static struct err e;
#define check(call)                                                          \
    do {                                                                     \
        if (call)                                                            \
            fail_msg("%s", e.msg);                                           \
    } while (0)

static void fixture_open(struct fixture *f, const char *family, const char *device)
{
    const char *source = getenv("W2S_SOURCE");
    char path[600];
    memset(f, 0, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "%s/tests/oracle/models/%s", source ? source : ".", family);
    snprintf(path, sizeof path, "%s/oracle.json", f->dir);
    check(doc_read_json(&f->oracle, path, &e));
    snprintf(path, sizeof path, "%s/gradients", f->dir);
    check(weights_open(&f->weights, f->dir, &e));
    check(weights_open(&f->gradients, path, &e));
    check(dev_open(&f->dev, device, &e));
    struct model_options o = {0};
    check(model_load(&f->model, &f->dev, f->weights, &o, &e));
    size_t n = 0, s = 0;
    for (const struct doc *x = doc_get(f->oracle.root, "tokens")->child; x; x = x->next) {
        f->starts[s++] = (int32_t)n;
        for (const struct doc *y = x->child; y; y = y->next)
            f->tokens[n++] = (int32_t)y->i;
    }
    f->starts[s] = (int32_t)n;
    f->batch = (struct batch){n, s, f->tokens, f->starts};
    check(pass_new(&f->pass, f->model, &e));
}

static void fixture_close(struct fixture *f)
{
    pass_free(f->pass);
    model_free(f->model);
    dev_close(&f->dev);
    weights_close(f->weights);
    weights_close(f->gradients);
    doc_tree_release(&f->oracle);
}

/* numbers - all leaves of nested lists, in order. */
static size_t numbers(const struct doc *d, double *out, size_t n)
{
    if (d->type != DOC_LIST) {
        out[n] = d->r;
        return n + 1;
    }
    for (const struct doc *x = d->child; x; x = x->next)
        n = numbers(x, out, n);
    return n;
}

static void close_to_scale(const char *what, const char *name, const float *got, const double *want, size_t n, double most)
{
    double off = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(want[i]));
        off = fmax(off, fabs(want[i] - (double)got[i]));
    }
    if (!(off <= TOLERANCE * most))
        fail_msg("%s: %s is off by %g of %g", what, name, off, most);
}

static void close_to(const char *what, const char *name, const float *got, const double *want, size_t n)
{
    close_to_scale(what, name, got, want, n, 0);
}

/* scale_of - what a gradient is held to beside its own size. Those of queries and keys come from differences, ds = p (dp - delta), that
 * cancel where attention is sure of itself: f32 rounds the terms, so they are held to the size of the values' gradient too. */
static double scale_of(const struct weights *gradients, const char *name)
{
    char value[128];
    double most = 0;
    const char *at = strstr(name, "k_proj.");
    at = at ? at : strstr(name, "q_proj.");
    if (!at)
        return 0;
    snprintf(value, sizeof value, "%.*sv_proj.weight", (int)(at - name), name);
    const struct weights_tensor *t = weights_find(gradients, value);
    float *x = mem_alloc(t->n, sizeof *x, &e);
    weights_read(gradients, t, 0, t->shape[0], x);
    for (size_t i = 0; i < t->n; i++)
        most = fmax(most, fabs((double)x[i]));
    mem_free(x);
    return most;
}

static void set_classifier(struct fixture *f)
{
    int32_t rows[2] = {(int32_t)doc_path(f->oracle.root, "rows.0")->i, (int32_t)doc_path(f->oracle.root, "rows.1")->i};
    struct head_spec h = {HEAD_CLASSIFIER, 2, rows, 0};
    struct trainable t = {TRAIN_ALL, 0, true};
    check(model_head_set(f->model, &h, &e));
    check(model_trainable_set(f->model, &t, &e));
    model_grad_zero(f->model);
}

/* soft_loss - mean cross-entropy of [S,2] logits, and its gradient. */
static double soft_loss(const struct fixture *f, const float *logits, float *d)
{
    double loss = 0, target[16];
    size_t S = f->batch.n_seqs;
    numbers(doc_get(f->oracle.root, "targets"), target, 0);
    for (size_t s = 0; s < S; s++) {
        double a = (double)logits[2 * s], b = (double)logits[2 * s + 1], most = fmax(a, b);
        double lse = most + log(exp(a - most) + exp(b - most));
        loss -= (target[2 * s] * (a - lse) + target[2 * s + 1] * (b - lse)) / (double)S;
        d[2 * s] = (float)((exp(a - lse) - target[2 * s]) / (double)S);
        d[2 * s + 1] = (float)((exp(b - lse) - target[2 * s + 1]) / (double)S);
    }
    return loss;
}

static void family_logits(const char *family, const char *device)
{
    struct fixture f;
    double want[64 * 61];
    const float *logits;
    size_t R;
    fixture_open(&f, family, device);
    struct pass_input in = {.batch = &f.batch};
    check(pass_forward(f.pass, &in, &logits, &R, &e));
    assert_int_equal(R, f.batch.n_tokens);
    assert_int_equal(numbers(doc_get(f.oracle.root, "lm_logits"), want, 0), R * 61);
    close_to(family, "lm logits", logits, want, R * 61);
    fixture_close(&f);
}

static int get_gradient(void *ctx, size_t i, float *out, struct err *err)
{
    struct model *m = ctx;
    const struct model_param *p = &m->params[i];
    (void)err;
    if (p->g)
        dev_download(m->dev, out, p->g, p->spec.rows * p->spec.cols);
    else
        memset(out, 0, p->spec.rows * p->spec.cols * sizeof *out);
    return OK;
}

static void gradients_close(struct fixture *f, const char *family)
{
    char dir[] = "/tmp/w2s-gradients-XXXXXX";
    struct weights *got;
    assert_non_null(mkdtemp(dir));
    check(family_save(&f->model->cfg, dir, get_gradient, f->model, &e));
    check(weights_open(&got, dir, &e));
    size_t n = weights_count(f->gradients);
    assert_int_equal(weights_count(got), n);
    for (size_t i = 0; i < n; i++) {
        const struct weights_tensor *w = weights_at(f->gradients, i), *g = weights_find(got, w->name);
        if (!g && strcmp(w->name, "lm_head.weight") == 0) /* GPT-NeoX: the file's name for it is the older one */
            g = weights_find(got, "embed_out.weight");
        if (!g)
            fail_msg("%s: %s was not written", family, w->name);
        assert_int_equal(g->n, w->n);
        float *a = mem_alloc(w->n, sizeof *a, &e), *b = mem_alloc(w->n, sizeof *b, &e);
        double *want = mem_alloc(w->n, sizeof *want, &e);
        weights_read(got, g, 0, g->shape[0], a);
        weights_read(f->gradients, w, 0, w->shape[0], b);
        for (size_t k = 0; k < w->n; k++)
            want[k] = (double)b[k];
        close_to_scale(family, w->name, a, want, w->n, scale_of(f->gradients, w->name));
        mem_free(a), mem_free(b), mem_free(want);
    }
    weights_close(got);
    check(file_remove_tree(dir, &e));
}

static void family_gradients(const char *family, const char *device)
{
    struct fixture f;
    double want[64];
    float d[16], head[64];
    const float *logits;
    size_t R;
    fixture_open(&f, family, device);
    set_classifier(&f);
    struct pass_input in = {.batch = &f.batch, .keep = true};
    check(pass_forward(f.pass, &in, &logits, &R, &e));
    assert_int_equal(R, f.batch.n_seqs);
    numbers(doc_get(f.oracle.root, "logits"), want, 0);
    close_to(family, "logits", logits, want, 2 * R);
    double loss = soft_loss(&f, logits, d);
    assert_true(fabs(loss - doc_get(f.oracle.root, "loss")->r) <= TOLERANCE * loss);
    float *dlogits = dev_alloc(&f.dev, 2 * R, &e);
    dev_upload(&f.dev, dlogits, d, 2 * R);
    pass_backward(f.pass, dlogits);
    numbers(doc_get(f.oracle.root, "head_gradient"), want, 0);
    const struct model_param *p = &f.model->params[f.model->n_params - 1];
    dev_download(&f.dev, head, p->g, 48);
    close_to(family, "head gradient", head, want, 48);
    gradients_close(&f, family);
    dev_free(&f.dev, dlogits);
    fixture_close(&f);
}

static void test_logits(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        family_logits(families[i], "cpu");
        family_logits(families[i], "reference");
    }
}

static void test_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        family_gradients(families[i], "cpu");
        family_gradients(families[i], "reference");
    }
}

/* What one parameter's gradient is, when fewer learn, does not change; features give what tokens give. */
static void test_trainable(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        struct fixture f;
        float d[16], *all[64] = {0};
        const float *logits;
        size_t R;
        fixture_open(&f, families[i], "cpu");
        set_classifier(&f);
        struct pass_input in = {.batch = &f.batch, .keep = true};
        float *dlogits = dev_alloc(&f.dev, 16, &e);
        for (int kind = 0; kind < 4; kind++) { /* all; all again, for the bits; top 1; head */
            struct trainable t = {kind < 2 ? TRAIN_ALL : kind == 2 ? TRAIN_TOP : TRAIN_HEAD, 1, kind < 2};
            float *features = NULL;
            check(model_trainable_set(f.model, &t, &e));
            model_grad_zero(f.model);
            if (kind >= 2) {
                features = mem_alloc(f.batch.n_tokens * f.model->cfg.channels, sizeof *features, &e);
                check(pass_features(f.pass, &f.batch, features, &e));
            }
            in.features = features;
            check(pass_forward(f.pass, &in, &logits, &R, &e));
            soft_loss(&f, logits, d);
            dev_upload(&f.dev, dlogits, d, 2 * R);
            pass_backward(f.pass, dlogits);
            for (size_t k = 0; k < f.model->n_params; k++) {
                const struct model_param *p = &f.model->params[k];
                size_t n = p->spec.rows * p->spec.cols;
                bool learns = kind < 2 || p->spec.role == ROLE_COUNT || (kind == 2 && p->spec.layer >= 2 && p->spec.role != ROLE_UNEMBED);
                bool unused = p->spec.role == ROLE_UNEMBED;
                assert_true((p->g != NULL) == (learns && !unused));
                if (kind == 0 && p->g) {
                    all[k] = mem_alloc(n, sizeof **all, &e);
                    memcpy(all[k], p->g, n * sizeof **all);
                } else if (p->g && memcmp(all[k], p->g, n * sizeof **all) != 0) {
                    fail_msg("%s: gradient of %s is not the same bits (%s)", families[i], p->spec.name, kind == 1 ? "again" : "part frozen");
                }
            }
            mem_free(features);
        }
        for (size_t k = 0; k < 64; k++)
            mem_free(all[k]);
        dev_free(&f.dev, dlogits);
        fixture_close(&f);
    }
}

/* Token by token with a cache is the whole text at once. */
static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        struct fixture f;
        struct decode *d;
        const float *logits;
        double want[64 * 61];
        fixture_open(&f, families[i], "cpu");
        numbers(doc_get(f.oracle.root, "lm_logits"), want, 0);
        size_t S = f.batch.n_seqs;
        for (size_t s = 0; s < S; s++) {
            size_t begin = (size_t)f.starts[s], n = (size_t)f.starts[s + 1] - begin, first = n > 4 ? 4 : n;
            check(decode_new(&d, f.model, n, &e));
            check(decode_feed(d, f.tokens + begin, first, &logits, &e));
            close_to(families[i], "decoded logits", logits, want + (begin + first - 1) * 61, 61);
            for (size_t t = first; t < n; t++) {
                check(decode_feed(d, f.tokens + begin + t, 1, &logits, &e));
                close_to(families[i], "decoded logits", logits, want + (begin + t) * 61, 61);
            }
            assert_int_equal(decode_feed(d, f.tokens, 1, &logits, &e), ERR_INPUT);
            decode_free(d);
        }
        fixture_close(&f);
    }
}

/* layers: N is the model without its later blocks; a token or a length that does not fit is a sentence. */
static void test_layers_and_errors(void **state)
{
    (void)state;
    struct fixture f;
    struct model *cut;
    struct pass *p;
    const float *logits;
    size_t R;
    fixture_open(&f, "llama-gqa", "cpu");
    struct model_options o = {.layers = 2};
    check(model_load(&cut, &f.dev, f.weights, &o, &e));
    assert_int_equal(cut->cfg.layers, 2);
    check(pass_new(&p, cut, &e));
    float hidden[4 * 24], two[4 * 24];
    check(pass_hidden(f.pass, &f.batch, 2, hidden, &e));
    check(pass_hidden(p, &f.batch, 2, two, &e));
    double want[4 * 24];
    for (size_t i = 0; i < 96; i++)
        want[i] = (double)hidden[i];
    close_to("layers: 2", "hidden", two, want, 96);
    o.layers = 4;
    struct model *none;
    assert_int_equal(model_load(&none, &f.dev, f.weights, &o, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "4 layers are asked for, the model has 3"));
    struct pass_input in = {.batch = &f.batch};
    f.tokens[2] = 61;
    assert_int_equal(pass_forward(f.pass, &in, &logits, &R, &e), ERR_INPUT);
    assert_string_equal(e.msg, "token id 61 is outside the model's vocabulary of 61");
    int32_t tokens[40] = {0}, starts[2] = {0, 40};
    struct batch b = {40, 1, tokens, starts};
    in.batch = &b;
    assert_int_equal(pass_forward(f.pass, &in, &logits, &R, &e), ERR_INPUT);
    assert_string_equal(e.msg, "a sequence of 40 tokens; the model takes at most 32");
    pass_free(p);
    model_free(cut);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits), cmocka_unit_test(test_gradients), cmocka_unit_test(test_trainable),
        cmocka_unit_test(test_decode), cmocka_unit_test(test_layers_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
