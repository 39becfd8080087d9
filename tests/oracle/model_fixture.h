/* model_fixture.h - what the tests against PyTorch share: one family's folder open
 * (make_models.py), its packed batch, numbers of oracle.json, the classifier's loss, comparisons.
 */
#ifndef W2S_TESTS_MODEL_FIXTURE_H
#define W2S_TESTS_MODEL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* f32 against f64: relative to a tensor's largest value. A sum of n terms in f32 is off by about
 * sqrt(n) roundings of 6e-8; behind a few layers that is below 1e-5, a wrong formula is not. */
#define TOLERANCE 1e-5
/* The same with operands of products rounded to bf16: each is off by up to 2^-8 of itself, evenly
 * and on its own, so a product's sums by about sqrt(2/3)/256 of their size; some 36 products,
 * forward and backward through three layers, by sqrt(36) times that, and four times as much is not
 * met by chance. A product with a wrong operand is off by its whole size. */
#define TOLERANCE_BF16 (4 * 6 * 0.82 / 256)

enum {
    FIX_V = 97,      /* vocabulary */
    FIX_C = 36,      /* channels at most */
    FIX_K = 3,       /* classes */
    FIX_S = 4,       /* sequences */
    FIX_TOKENS = 28, /* of all sequences */
    FIX_STEPS = 10,
};

static const char *const families[] = {
    "gpt2",  "neox-parallel", "neox-sequential", "llama-gqa",    "llama-tied",
    "qwen2", "llama-scaled",  "mistral",         "qwen2-window", "qwen3",
    "olmo2", "gpt-neo",       "gemma3"};
#define FAMILIES (sizeof families / sizeof *families)
static const struct {
    const char *name;
    enum precision precision;
    double tolerance;
    const char *isa; /* W2S_ISA; NULL: the best */
} devices[] = {{"cpu", PRECISION_F32, TOLERANCE, NULL},
               {"reference", PRECISION_F32, TOLERANCE, NULL},
               {"cpu", PRECISION_BF16, TOLERANCE_BF16, NULL},
               {"cpu", PRECISION_BF16, TOLERANCE_BF16, "v4"}};
#define DEVICES (sizeof devices / sizeof *devices)

struct fixture {
    const char *family;
    double tolerance;
    char dir[512];
    struct doc_tree oracle;
    struct weights *weights;
    struct dev dev;
    struct model *model;
    struct pass *pass;
    int32_t tokens[FIX_TOKENS], starts[FIX_S + 1];
    struct batch batch;
};

/* numbers - all leaves of nested lists, in order; fails where there are not n. */
static inline size_t numbers_from(const struct doc *d, double *out, size_t at, size_t n)
{
    if (d->type != DOC_LIST) {
        assert_true(at < n);
        out[at] = d->r;
        return at + 1;
    }
    for (const struct doc *x = d->child; x; x = x->next)
        at = numbers_from(x, out, at, n);
    return at;
}

static inline void numbers(const struct fixture *f, const char *key, double *out, size_t n)
{
    const struct doc *d = doc_get(f->oracle.root, key);
    assert_non_null(d);
    assert_int_equal(numbers_from(d, out, 0, n), n);
}

static inline double number(const struct fixture *f, const char *key)
{
    double x;
    numbers(f, key, &x, 1);
    return x;
}

static inline void fixture_open(struct fixture *f, const char *family, const char *device)
{
    const char *source = getenv("W2S_SOURCE");
    struct model_options o = {0};
    char path[600];
    size_t n = 0, s = 0;
    memset(f, 0, sizeof *f);
    f->family = family;
    f->tolerance = TOLERANCE;
    snprintf(f->dir, sizeof f->dir, "%s/tests/oracle/models/%s", source ? source : ".", family);
    snprintf(path, sizeof path, "%s/oracle.json", f->dir);
    check(doc_read_json(&f->oracle, path, &e));
    check(weights_open(&f->weights, f->dir, &e));
    check(dev_open(&f->dev, device, &e));
    check(model_load(&f->model, &f->dev, f->weights, &o, &e));
    for (const struct doc *x = doc_get(f->oracle.root, "tokens")->child; x; x = x->next) {
        assert_true(s < FIX_S);
        f->starts[s++] = (int32_t)n;
        for (const struct doc *y = x->child; y; y = y->next) {
            assert_true(n < FIX_TOKENS);
            f->tokens[n++] = (int32_t)y->i;
        }
    }
    f->starts[s] = (int32_t)n;
    f->batch = (struct batch){n, s, f->tokens, f->starts};
    check(pass_new(&f->pass, f->model, &e));
}

static inline void fixture_close(struct fixture *f)
{
    pass_free(f->pass);
    model_free(f->model);
    dev_close(&f->dev);
    weights_close(f->weights);
    doc_tree_release(&f->oracle);
}

/* isa_set - for the next device; false: this machine has not got it. */
static inline bool isa_set(const char *isa)
{
    struct dev d;
    setenv("W2S_ISA", isa, 1);
    if (dev_open(&d, "cpu", &e)) {
        unsetenv("W2S_ISA");
        return false;
    }
    dev_close(&d);
    return true;
}

/* fixtures_all - a test's body for every family on every device; bf16 where the processor has it.
 */
static inline void fixtures_all(void (*body)(struct fixture *f))
{
    for (size_t i = 0; i < FAMILIES; i++)
        for (size_t d = 0; d < DEVICES; d++) {
            struct fixture f;
            if (devices[d].isa && !isa_set(devices[d].isa))
                continue;
            fixture_open(&f, families[i], devices[d].name);
            unsetenv("W2S_ISA");
            f.tolerance = devices[d].tolerance;
            if (!dev_precision_set(&f.dev, devices[d].precision, &e))
                body(&f);
            fixture_close(&f);
        }
}

/* close_to_scale - every number within the tolerance of the largest that was wanted, or of `most`.
 */
static inline void close_to_scale(const struct fixture *f, const char *name, const float *got,
                                  const double *want, size_t n, double most)
{
    double off = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(want[i] - (double)got[i]);
        most = fmax(most, fabs(want[i]));
        off = isnan(d) ? HUGE_VAL : fmax(off, d);
    }
    if (!(off <= f->tolerance * most))
        fail_msg("%s, %s: %s is off by %g of %g", f->family, f->dev.name, name, off, most);
}

static inline void close_to(const struct fixture *f, const char *name, const float *got,
                            const double *want, size_t n)
{
    close_to_scale(f, name, got, want, n, 0);
}

/* fixture_classifier - the head that PyTorch's classifier starts from, and what learns. */
static inline void fixture_classifier(struct fixture *f, struct trainable t)
{
    double rows[FIX_K];
    int32_t init[FIX_K];
    numbers(f, "rows", rows, FIX_K);
    for (size_t k = 0; k < FIX_K; k++)
        init[k] = (int32_t)rows[k];
    struct head_spec h = {HEAD_CLASSIFIER, FIX_K, init, 0};
    check(model_head_set(f->model, &h, &e));
    check(model_trainable_set(f->model, &t, &e));
}

/* soft_loss - mean cross-entropy of logits [S,K] with the fixture's targets, and its gradient. */
static inline double soft_loss(const struct fixture *f, const float *logits, float *d)
{
    double loss = 0, target[FIX_S * FIX_K];
    numbers(f, "targets", target, FIX_S * FIX_K);
    for (size_t s = 0; s < FIX_S; s++) {
        const float *x = logits + s * FIX_K;
        double most = -HUGE_VAL, sum = 0;
        for (size_t k = 0; k < FIX_K; k++)
            most = fmax(most, (double)x[k]);
        for (size_t k = 0; k < FIX_K; k++)
            sum += exp((double)x[k] - most);
        for (size_t k = 0; k < FIX_K; k++) {
            double logp = (double)x[k] - most - log(sum), t = target[s * FIX_K + k];
            loss -= t * logp / FIX_S;
            d[s * FIX_K + k] = (float)((exp(logp) - t) / FIX_S);
        }
    }
    return loss;
}

/* classifier_step - forward (from features where given) and backward of the classifier's loss: the
 * loss; logits [S,K] where wanted. */
static inline double classifier_step(struct fixture *f, const float *features, float *logits_out)
{
    float d[FIX_S * FIX_K], host[FIX_S * FIX_K];
    const float *logits;
    size_t R;
    struct pass_input in = {.batch = &f->batch, .features = features, .keep = true};
    check(pass_forward(f->pass, &in, &logits, &R, &e));
    assert_int_equal(R, FIX_S);
    dev_download(&f->dev, host, logits, FIX_S * FIX_K);
    double loss = soft_loss(f, host, d);
    float *dlogits = dev_alloc(&f->dev, FIX_S * FIX_K, &e);
    assert_non_null(dlogits);
    dev_upload(&f->dev, dlogits, d, FIX_S * FIX_K);
    pass_backward(f->pass, dlogits);
    dev_free(&f->dev, dlogits);
    if (logits_out)
        memcpy(logits_out, host, sizeof host);
    return loss;
}

#endif
