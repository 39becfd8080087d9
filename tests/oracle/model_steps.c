/* model_steps.c - ten AdamW steps of a classifier against PyTorch in f64 (make_models.py), for
 * every family: all parameters, the last block, the head alone; the frozen part computed each time
 * or given as features. Decay falls on every parameter, as the fixture's optimizer has it: but on
 * gains that a file keeps less one. */
#include "model_fixture.h"

/* Adam divides by a gradient's own size, so that ten steps carry rounding along: in f32 still below
 * the tolerance, where a forgotten decay or bias correction moves the loss by 1e-4 and more. */

struct moments {
    float *m, *v;
};

static struct moments *moments_new(struct fixture *f)
{
    struct moments *a = mem_zalloc(f->model->n_params, sizeof *a, &e);
    assert_non_null(a);
    for (size_t i = 0; i < f->model->n_params; i++) {
        const struct model_param *p = &f->model->params[i];
        size_t n = p->spec.rows * p->spec.cols;
        if (!p->g)
            continue;
        a[i].m = dev_alloc(&f->dev, n, &e);
        a[i].v = dev_alloc(&f->dev, n, &e);
        assert_true(a[i].m && a[i].v);
    }
    return a;
}

static void moments_free(struct fixture *f, struct moments *a)
{
    for (size_t i = 0; i < f->model->n_params; i++) {
        dev_free(&f->dev, a[i].m);
        dev_free(&f->dev, a[i].v);
    }
    mem_free(a);
}

static void update(struct fixture *f, struct moments *a, uint64_t step)
{
    struct adamw s = {.lr = number(f, "lr"),
                      .beta1 = 0.9, /* these three: torch.optim.AdamW's own */
                      .beta2 = 0.999,
                      .eps = 1e-8,
                      .weight_decay = number(f, "weight_decay"),
                      .grad_scale = 1,
                      .step = step};
    for (size_t i = 0; i < f->model->n_params; i++) {
        struct model_param *p = &f->model->params[i];
        bool less_one = f->model->cfg.family == FAMILY_GEMMA3 && p->spec.kind == PARAM_NORM_GAIN;
        s.weight_decay = less_one ? 0 : number(f, "weight_decay");
        if (p->g)
            f->dev.ops->adamw(&f->dev, &s, p->spec.rows * p->spec.cols, p->w, p->g, a[i].m, a[i].v);
    }
    model_grad_zero(f->model);
}

static void steps_of(struct fixture *f, const char *key, struct trainable t, bool features_given)
{
    double want[FIX_STEPS];
    float *features = NULL;
    fixture_classifier(f, t);
    if (features_given) {
        features = mem_alloc(FIX_TOKENS * FIX_C, sizeof *features, &e);
        check(pass_features(f->pass, &f->batch, features, &e));
    }
    struct moments *a = moments_new(f);
    numbers(f, key, want, FIX_STEPS);
    for (size_t i = 0; i < FIX_STEPS; i++) {
        double loss = classifier_step(f, features, NULL);
        update(f, a, i + 1);
        if (!(fabs(loss - want[i]) <= f->tolerance))
            fail_msg("%s, %s, %s: loss %zu is %.9g, wanted %.9g", f->family, f->dev.name, key, i,
                     loss, want[i]);
    }
    moments_free(f, a);
    mem_free(features);
}

static void all_of(struct fixture *f)
{
    steps_of(f, "steps_all", (struct trainable){TRAIN_ALL, 0, true, {0}}, false);
}

static void top_of(struct fixture *f)
{
    steps_of(f, "steps_top", (struct trainable){TRAIN_TOP, 1, false, {0}}, false);
}

static void top_given_of(struct fixture *f)
{
    steps_of(f, "steps_top", (struct trainable){TRAIN_TOP, 1, false, {0}}, true);
}

static void head_of(struct fixture *f)
{
    steps_of(f, "steps_head", (struct trainable){TRAIN_HEAD, 0, false, {0}}, false);
}

static void head_given_of(struct fixture *f)
{
    steps_of(f, "steps_head", (struct trainable){TRAIN_HEAD, 0, false, {0}}, true);
}

static void test_all(void **state)
{
    (void)state;
    fixtures_all(all_of);
}

static void test_top(void **state)
{
    (void)state;
    fixtures_all(top_of);
    fixtures_all(top_given_of);
}

static void test_head(void **state)
{
    (void)state;
    fixtures_all(head_of);
    fixtures_all(head_given_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_top),
                                       cmocka_unit_test(test_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
