/* train_steps - ten AdamW steps of a tiny model of every family against PyTorch in f64, as a
 * classifier, a reward and a language model: losses, gradient norms, learning rates, alphas, and
 * what the trained model says. Fixtures:
 * tests/oracle/make_train.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/doc.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* f32 against f64: the bound for losses; norms and probabilities after ten steps gather the
 * rounding of Adam's quotients. */
#define LOSS_TOL 1e-5
#define NORM_TOL 1e-4
#define PROB_TOL 1e-4

enum { MAX_N = 16, MAX_TOKENS = 256, MAX_K = 3, MAX_STEPS = 16 };

static struct doc_tree expected, expected_lm;
static const char *folder;

struct trace {
    struct train_point points[MAX_STEPS];
    size_t n;
};

static void trace_step(void *ctx, const struct train_point *p)
{
    struct trace *t = ctx;
    t->points[t->n++] = *p;
}

static double setting(const char *key)
{
    const struct doc *d = doc_get(doc_get(expected.root, "settings"), key);
    assert_non_null(d);
    return d->r;
}

static struct train_settings settings_of(const struct doc *c)
{
    struct train_settings s;
    train_settings_init(&s);
    s.epochs = (size_t)setting("steps");
    s.batch = MAX_N;
    s.lr = setting("lr");
    s.warmup = (size_t)setting("warmup");
    s.weight_decay = setting("weight_decay");
    s.beta1 = setting("beta1");
    s.beta2 = setting("beta2");
    s.eps = setting("eps");
    s.clip = setting("clip");
    s.loss.alpha_max = setting("alpha_max");
    s.loss.ramp = setting("ramp");
    const struct doc *kind = doc_get(c, "kind");
    s.loss.kind = !kind || strcmp(kind->s, "xent") == 0 ? LOSS_XENT : LOSS_CONFIDENCE;
    return s;
}

static size_t reals(const struct doc *list, double *out, size_t max)
{
    size_t n = 0;
    assert_non_null(list);
    for (const struct doc *d = list->child; d; d = d->next) {
        assert_true(n < max);
        out[n++] = d->r;
    }
    return n;
}

/* model_of - with a classifier of K classes, a reward where the case's examples are groups, its own
 * head where K is 0. */
static struct model *model_of(struct dev *dev, const struct doc *c, size_t K)
{
    bool reward = doc_get(c, "per") != NULL;
    struct err e = ERR_INIT;
    struct weights *w = NULL;
    struct model *m = NULL;
    struct model_options o = {0, NULL};
    char path[1024];
    double rows[MAX_K];
    int32_t init[MAX_K];
    snprintf(path, sizeof path, "%s/%s", folder, doc_get(c, "model")->s);
    size_t outputs = K ? reals(doc_get(c, "head_rows"), rows, MAX_K) : 0;
    assert_int_equal(outputs, reward ? 1 : K);
    for (size_t k = 0; k < outputs; k++)
        init[k] = (int32_t)rows[k];
    struct head_spec head = {reward ? HEAD_REWARD
                             : K    ? HEAD_CLASSIFIER
                                    : HEAD_LM,
                             outputs, init, 0};
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    if (weights_open(&w, path, &e) || model_load(&m, dev, w, &o, &e) ||
        model_head_set(m, &head, &e) || model_trainable_set(m, &all, &e))
        fail_msg("%s", e.msg);
    weights_close(w);
    return m;
}

static void close_to(const char *what, const struct doc *c, size_t i, double found, double wanted,
                     double tol)
{
    if (!(fabs(found - wanted) <= tol * fmax(fabs(wanted), 1e-3)))
        fail_msg("%s %s: %s %zu is %.9g, wanted %.9g", doc_get(c, "model")->s,
                 doc_get(c, "kind") ? doc_get(c, "kind")->s : "lm", what, i, found, wanted);
}

/* texts_read - the case's texts; how many they are. */
static size_t texts_read(const struct doc *c, int32_t *tokens, size_t *starts)
{
    size_t n = 0;
    starts[0] = 0;
    for (const struct doc *x = doc_get(c, "tokens")->child; x; x = x->next, n++) {
        size_t at = starts[n];
        for (const struct doc *id = x->child; id; id = id->next)
            tokens[at++] = (int32_t)id->i;
        starts[n + 1] = at;
    }
    return n;
}

/* points_check - what was seen of ten steps. */
static void points_check(const struct doc *c, const struct trace *trace)
{
    static const char *const names[] = {"loss", "grad_norm", "lr", "alpha"};
    double want[MAX_STEPS];
    for (size_t k = 0; k < 4 && doc_get(c, names[k]); k++) {
        size_t steps = reals(doc_get(c, names[k]), want, MAX_STEPS);
        assert_int_equal(steps, trace->n);
        for (size_t i = 0; i < steps; i++) {
            const struct train_point *p = &trace->points[i];
            const double found[] = {p->loss, p->grad_norm, p->lr, p->alpha};
            static const double tol[] = {LOSS_TOL, NORM_TOL, 1e-12, 1e-12};
            close_to(names[k], c, i, found[k], want[i], tol[k]);
        }
    }
}

static void lm_check(struct dev *dev, const struct doc *c, size_t micro_tokens)
{
    struct err e = ERR_INIT;
    int32_t tokens[MAX_TOKENS];
    size_t starts[MAX_N + 1], answer_at[MAX_N], n = texts_read(c, tokens, starts);
    double at[MAX_N];
    struct trace trace = {.n = 0};
    struct train_events events = {&trace, trace_step, NULL};
    struct train_result r;
    struct lm_score score;
    bool whole = true;
    assert_int_equal(reals(doc_get(c, "answer_at"), at, MAX_N), n);
    for (size_t i = 0; i < n; i++) {
        answer_at[i] = (size_t)at[i];
        whole = whole && answer_at[i] == 1;
    }
    struct token_set set = {.n = n,
                            .per = 1,
                            .tokens = tokens,
                            .starts = starts,
                            .answer_at = whole ? NULL : answer_at};
    struct train_data data = {.tokens = &set};
    struct train_settings s = settings_of(c);
    s.micro_tokens = micro_tokens;
    struct model *m = model_of(dev, c, 0);
    if (train_run(m, &s, &data, NULL, &events, NULL, &r, &e) ||
        lm_score_run(m, &set, micro_tokens, &score, NULL, NULL, &e))
        fail_msg("%s", e.msg);
    points_check(c, &trace);
    close_to("nats", c, 0, score.nats, doc_get(c, "nats")->r, PROB_TOL);
    assert_int_equal(score.right, doc_get(c, "right")->i);
    model_free(m);
}

static void case_check(struct dev *dev, const struct doc *c, size_t micro_tokens)
{
    struct err e = ERR_INIT;
    int32_t tokens[MAX_TOKENS];
    size_t starts[MAX_N + 1], n = texts_read(c, tokens, starts), K = (size_t)doc_get(c, "K")->i;
    double targets[MAX_N * MAX_K], probs[MAX_N * MAX_K], want[MAX_N * MAX_K];
    struct trace trace = {.n = 0};
    struct train_events events = {&trace, trace_step, NULL};
    struct train_result r;
    reals(doc_get(c, "targets"), targets, MAX_N * MAX_K);
    size_t per = doc_get(c, "per") ? (size_t)doc_get(c, "per")->i : 1;
    n /= per;
    struct token_set set = {.n = n, .per = per, .tokens = tokens, .starts = starts};
    struct train_data data = {.tokens = &set, .targets = targets};
    struct train_settings s = settings_of(c);
    s.micro_tokens = micro_tokens;
    struct model *m = model_of(dev, c, K);
    if (train_run(m, &s, &data, NULL, &events, NULL, &r, &e) ||
        predict_run(m, &set, NULL, 1024, probs, NULL, NULL, &e))
        fail_msg("%s", e.msg);
    points_check(c, &trace);
    assert_int_equal(reals(doc_get(c, "probs"), want, MAX_N * MAX_K), n * K);
    for (size_t i = 0; i < n * K; i++)
        close_to("probability", c, i, probs[i], want[i], PROB_TOL);
    model_free(m);
}

static void cases_check(const char *device, size_t micro_tokens)
{
    struct err e = ERR_INIT;
    struct dev dev;
    size_t n = 0;
    if (dev_open(&dev, device, &e))
        fail_msg("%s", e.msg);
    for (const struct doc *c = doc_get(expected.root, "cases")->child; c; c = c->next, n++)
        case_check(&dev, c, micro_tokens);
    assert_int_equal(n, 18);
    for (const struct doc *c = doc_get(expected_lm.root, "cases")->child; c; c = c->next, n++)
        lm_check(&dev, c, micro_tokens);
    assert_int_equal(n, 18 + 12);
    dev_close(&dev);
}

static void on_the_reference(void **state)
{
    (void)state;
    cases_check("reference", 1024);
}

static void on_the_cpu(void **state)
{
    (void)state;
    cases_check("cpu", 1024);
}

static void in_pieces(void **state)
{
    (void)state;
    cases_check("cpu", 20);
}

int main(void)
{
    struct err e = ERR_INIT;
    char path[1024], dir[1024];
    const char *source = getenv("W2S_SOURCE");
    snprintf(dir, sizeof dir, "%s/tests/oracle/train", source ? source : ".");
    snprintf(path, sizeof path, "%.1000s/expected.json", dir);
    folder = dir;
    bool good = !doc_read_json(&expected, path, &e);
    snprintf(path, sizeof path, "%.1000s/lm.json", dir);
    if (!good || doc_read_json(&expected_lm, path, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_reference),
        cmocka_unit_test(on_the_cpu),
        cmocka_unit_test(in_pieces),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    doc_tree_release(&expected);
    doc_tree_release(&expected_lm);
    return failed;
}
