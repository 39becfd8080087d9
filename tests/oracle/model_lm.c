/* model_lm.c - the language model's head against PyTorch in f64 (make_models.py): the mean loss of
 * the next token, and the gradients of the embedding and of the unembedding; where they are one
 * tensor it learns from both its uses. */
#include "model_fixture.h"

/* lm_input - each row's next token (-1 behind a sequence's last) and its share of the mean. */
static void lm_input(const struct fixture *f, int32_t *target, double *weight)
{
    for (size_t s = 0; s < FIX_S; s++)
        for (int32_t i = f->starts[s]; i < f->starts[s + 1]; i++) {
            target[i] = i + 1 < f->starts[s + 1] ? f->tokens[i + 1] : -1;
            weight[i] = 1.0 / (FIX_TOKENS - FIX_S);
        }
}

static double lm_step(struct fixture *f)
{
    int32_t target[FIX_TOKENS];
    double weight[FIX_TOKENS], each[FIX_TOKENS], loss = 0;
    const float *logits;
    size_t R;
    struct pass_input in = {.batch = &f->batch, .keep = true};
    lm_input(f, target, weight);
    check(pass_forward(f->pass, &in, &logits, &R, &e));
    assert_int_equal(R, FIX_TOKENS);
    float *d = dev_alloc(&f->dev, (size_t)FIX_TOKENS * FIX_V, &e);
    assert_non_null(d);
    f->dev.ops->lm_xent(&f->dev, R, FIX_V, logits, target, weight, each, d);
    for (size_t i = 0; i < R; i++)
        loss += each[i] * weight[i];
    pass_backward(f->pass, d);
    dev_free(&f->dev, d);
    return loss;
}

static void gradient_close(struct fixture *f, enum param_role role, const char *bytes)
{
    static float got[FIX_V * FIX_C], want[FIX_V * FIX_C];
    static double wide[FIX_V * FIX_C];
    const struct model_param *p = NULL;
    for (size_t i = 0; i < f->model->n_params; i++)
        if (f->model->params[i].spec.role == role)
            p = &f->model->params[i];
    assert_non_null(p);
    size_t n = p->spec.rows * p->spec.cols;
    dev_download(&f->dev, got, p->g, n);
    memcpy(want, bytes, n * sizeof *want);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)want[i];
    close_to(f, p->spec.name, got, wide, n);
}

static void lm_of(struct fixture *f)
{
    struct str file = STR_INIT;
    char path[600];
    size_t bytes = FIX_V * f->model->cfg.channels * sizeof(float);
    bool tied = f->model->cfg.tied;
    struct trainable t = {TRAIN_ALL, 0, true, {0}};
    check(model_trainable_set(f->model, &t, &e));
    double loss = lm_step(f);
    assert_true(fabs(loss - number(f, "lm_loss")) <= f->tolerance * loss);
    snprintf(path, sizeof path, "%s/lm.f32", f->dir);
    check(file_read(&file, path, &e));
    assert_int_equal(file.len, tied ? bytes : 2 * bytes);
    gradient_close(f, ROLE_EMBED, file.s);
    if (!tied)
        gradient_close(f, ROLE_UNEMBED, file.s + bytes);
    str_release(&file);
}

static void test_lm(void **state)
{
    (void)state;
    fixtures_all(lm_of);
}

/* The unembedding is the head, and learns alone where only the head does; a tied one is also the
 * embedding, which a frozen model keeps. */
static void head_alone_of(struct fixture *f)
{
    struct trainable t = {TRAIN_HEAD, 0, false, {0}};
    check(model_trainable_set(f->model, &t, &e));
    (void)lm_step(f);
    for (size_t i = 0; i < f->model->n_params; i++) {
        const struct model_param *p = &f->model->params[i];
        assert_true((p->g != NULL) == (p->spec.role == ROLE_UNEMBED));
    }
    if (!f->model->cfg.tied) {
        struct str file = STR_INIT;
        char path[600];
        snprintf(path, sizeof path, "%s/lm.f32", f->dir);
        check(file_read(&file, path, &e));
        gradient_close(f, ROLE_UNEMBED, file.s + file.len / 2);
        str_release(&file);
    }
}

static void test_head_alone(void **state)
{
    (void)state;
    fixtures_all(head_alone_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lm),
                                       cmocka_unit_test(test_head_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
