/* model_families.c - every family against PyTorch in f64 (make_models.py): logits of packed
 * sequences, every gradient; on the CPU set and on the scalar reference. The gradients are written
 * as a Hugging Face file and compared tensor by tensor, so that the writer is held to the same
 * names. */
#include "decode_one.h"
#include "model_fixture.h"

#include <unistd.h>

/* scale_of - what a gradient is held to beside its own size. Those of queries and keys come from
 * differences, ds = p (dp - delta), that cancel where attention is sure of itself: f32 rounds the
 * terms, so they are held to the size of the values' gradient too. */
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

static int get_gradient(void *ctx, size_t i, float *out, struct err *err)
{
    struct model *m = ctx;
    const struct model_param *p = &m->params[i];
    (void)err;
    if (p->g)
        dev_download(m->dev, out, p->g, p->spec.rows * p->spec.cols);
    else
        memset(out, 0, p->spec.rows * p->spec.cols * sizeof *out);
    /* the writer takes 1 from a gain, which its gradient has not */
    for (size_t k = 0; m->cfg.family == FAMILY_GEMMA3 && k < p->spec.cols; k++)
        out[k] += p->spec.kind == PARAM_NORM_GAIN ? 1.0f : 0.0f;
    return OK;
}

static void tensor_close(const struct fixture *f, const struct weights *got,
                         const struct weights *want, const struct weights_tensor *w)
{
    const struct weights_tensor *g = weights_find(got, w->name);
    if (!g && strcmp(w->name, "lm_head.weight") == 0) /* GPT-NeoX: the file's older name for it */
        g = weights_find(got, "embed_out.weight");
    if (!g)
        fail_msg("%s: %s was not written", f->family, w->name);
    assert_int_equal(g->n, w->n);
    float *a = mem_alloc(w->n, sizeof *a, &e), *b = mem_alloc(w->n, sizeof *b, &e);
    double *wide = mem_alloc(w->n, sizeof *wide, &e);
    weights_read(got, g, 0, g->shape[0], a);
    weights_read(want, w, 0, w->shape[0], b);
    for (size_t k = 0; k < w->n; k++)
        wide[k] = (double)b[k];
    close_to_scale(f, w->name, a, wide, w->n, scale_of(want, w->name));
    mem_free(a);
    mem_free(b);
    mem_free(wide);
}

static void gradients_close(struct fixture *f)
{
    char dir[] = "/tmp/w2s-gradients-XXXXXX", path[600];
    struct weights *got, *want;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/gradients", f->dir);
    check(weights_open(&want, path, &e));
    check(family_save(&f->model->cfg, NULL, dir, get_gradient, f->model, &e));
    check(weights_open(&got, dir, &e));
    assert_int_equal(weights_count(got), weights_count(want));
    for (size_t i = 0; i < weights_count(want); i++)
        tensor_close(f, got, want, weights_at(want, i));
    weights_close(got);
    weights_close(want);
    check(file_remove_tree(dir, &e));
}

static void logits_of(struct fixture *f)
{
    static double want[FIX_TOKENS * FIX_V];
    const float *logits;
    size_t R;
    struct pass_input in = {.batch = &f->batch};
    check(pass_forward(f->pass, &in, &logits, &R, &e));
    assert_int_equal(R, FIX_TOKENS);
    numbers(f, "lm_logits", want, FIX_TOKENS * FIX_V);
    close_to(f, "lm logits", logits, want, FIX_TOKENS * FIX_V);
}

static void gradients_of(struct fixture *f)
{
    double want[FIX_K * FIX_C];
    float logits[FIX_S * FIX_K], head[FIX_K * FIX_C];
    size_t n = FIX_K * f->model->cfg.channels;
    fixture_classifier(f, (struct trainable){TRAIN_ALL, 0, true, {0}});
    double loss = classifier_step(f, NULL, logits);
    assert_true(fabs(loss - number(f, "loss")) <= f->tolerance * loss);
    numbers(f, "logits", want, FIX_S * FIX_K);
    close_to(f, "logits", logits, want, FIX_S * FIX_K);
    numbers(f, "head_gradient", want, n);
    dev_download(&f->dev, head, f->model->params[f->model->n_params - 1].g, n);
    close_to(f, "head gradient", head, want, n);
    gradients_close(f);
}

static void test_logits(void **state)
{
    (void)state;
    fixtures_all(logits_of);
}

static void test_gradients(void **state)
{
    (void)state;
    fixtures_all(gradients_of);
}

/* What one parameter's gradient is, when fewer learn, does not change; features give what tokens
 * give. */
enum again { AGAIN_FIRST, AGAIN_ALL, AGAIN_TOP, AGAIN_HEAD };

static bool learns(const struct fixture *f, const struct model_param *p, enum again how)
{
    int last = (int)f->model->cfg.layers - 1;
    if (p->spec.role == ROLE_UNEMBED) /* nothing flows into it */
        return false;
    return how <= AGAIN_ALL || p->spec.role == ROLE_COUNT ||
           (how == AGAIN_TOP && p->spec.layer >= last);
}

static void trainable_of(struct fixture *f)
{
    enum { MOST = 64 };
    static const struct trainable kinds[] = {{TRAIN_ALL, 0, true, {0}},
                                             {TRAIN_ALL, 0, true, {0}},
                                             {TRAIN_TOP, 1, false, {0}},
                                             {TRAIN_HEAD, 0, false, {0}}};
    float *all[MOST] = {0}, *features = NULL;
    assert_true(f->model->n_params < MOST);
    for (enum again how = AGAIN_FIRST; how <= AGAIN_HEAD; how++) {
        fixture_classifier(f, kinds[how]);
        if (how >= AGAIN_TOP) {
            features = mem_alloc(FIX_TOKENS * FIX_C, sizeof *features, &e);
            check(pass_features(f->pass, &f->batch, features, &e));
        }
        (void)classifier_step(f, features, NULL);
        for (size_t k = 0; k < f->model->n_params; k++) {
            const struct model_param *p = &f->model->params[k];
            size_t bytes = p->spec.rows * p->spec.cols * sizeof(float);
            assert_true((p->g != NULL) == learns(f, p, how));
            if (how == AGAIN_FIRST && p->g) {
                all[k] = mem_alloc(bytes, 1, &e);
                memcpy(all[k], p->g, bytes);
            } else if (p->g && memcmp(all[k], p->g, bytes) != 0) {
                fail_msg("%s: gradient of %s is not the same bits (%s)", f->family, p->spec.name,
                         how == AGAIN_ALL ? "again" : "part frozen");
            }
        }
        mem_free(features);
        features = NULL;
    }
    for (size_t k = 0; k < MOST; k++)
        mem_free(all[k]);
}

static void test_trainable(void **state)
{
    (void)state;
    fixtures_all(trainable_of);
}

/* Token by token with a cache is the whole text at once. */
static void decode_of(struct fixture *f)
{
    static double want[FIX_TOKENS * FIX_V];
    struct decode *d;
    const float *logits;
    numbers(f, "lm_logits", want, FIX_TOKENS * FIX_V);
    for (size_t s = 0; s < FIX_S; s++) {
        size_t begin = (size_t)f->starts[s], n = (size_t)f->starts[s + 1] - begin;
        size_t first = n > 4 ? 4 : n;
        check(decode_new(&d, f->model, 1, n, &e));
        check(decode_one(d, f->tokens + begin, first, &logits, &e));
        close_to(f, "decoded logits", logits, want + (begin + first - 1) * FIX_V, FIX_V);
        for (size_t t = first; t < n; t++) {
            check(decode_one(d, f->tokens + begin + t, 1, &logits, &e));
            close_to(f, "decoded logits", logits, want + (begin + t) * FIX_V, FIX_V);
        }
        assert_int_equal(decode_one(d, f->tokens, 1, &logits, &e), ERR_INPUT);
        decode_free(d);
    }
}

static void test_decode(void **state)
{
    (void)state;
    fixtures_all(decode_of);
}

/* layers: N is the model without its later blocks; a token or a length that does not fit is a
 * sentence. */
static void test_layers_and_errors(void **state)
{
    (void)state;
    struct fixture f;
    struct model *cut, *none;
    struct pass *p;
    const float *logits;
    size_t R, C;
    float hidden[FIX_S * FIX_C], two[FIX_S * FIX_C];
    double want[FIX_S * FIX_C];
    fixture_open(&f, "llama-gqa", "cpu");
    C = f.model->cfg.channels;
    struct model_options o = {.layers = 2};
    check(model_load(&cut, &f.dev, f.weights, &o, &e));
    assert_int_equal(cut->cfg.layers, 2);
    check(pass_new(&p, cut, &e));
    check(pass_hidden(f.pass, &f.batch, &o.layers, 1, true, hidden, &e));
    check(pass_hidden(p, &f.batch, &o.layers, 1, true, two, &e));
    for (size_t i = 0; i < FIX_S * C; i++)
        want[i] = (double)hidden[i];
    close_to(&f, "layers: 2, hidden", two, want, FIX_S * C);
    o.layers = 4;
    assert_int_equal(model_load(&none, &f.dev, f.weights, &o, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "4 layers are asked for, the model has 3"));
    struct pass_input in = {.batch = &f.batch};
    f.tokens[2] = FIX_V;
    assert_int_equal(pass_forward(f.pass, &in, &logits, &R, &e), ERR_INPUT);
    assert_string_equal(e.msg, "token id 97 is outside the model's vocabulary of 97");
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
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_trainable),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_layers_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
