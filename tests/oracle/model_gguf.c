/* model_gguf.c - a GGUF model as ggml's own Python package writes it (make_gguf.py) against the
 * same numbers in a Hugging Face folder: every parameter the same bits, quantised and permuted as
 * the one is. */
#include "model_fixture.h"

static const char *const all[] = {"llama", "gemma3", "qwen3", "olmo2"};
#define ALL (sizeof all / sizeof *all)

static const char *folder(const char *family, const char *name)
{
    static char paths[2][600];
    static unsigned k;
    const char *source = getenv("W2S_SOURCE");
    char *s = paths[k++ % 2];
    snprintf(s, sizeof paths[0], "%s/tests/oracle/gguf/%s/%s", source ? source : ".", family, name);
    return s;
}

static void parameters_of(const char *family)
{
    struct weights *a, *b;
    struct model *gguf, *hf;
    struct dev dev;
    struct model_options o = {0};
    check(weights_open(&a, folder(family, "model.gguf"), &e));
    check(weights_open(&b, folder(family, "hf"), &e));
    check(dev_open(&dev, "cpu", &e));
    check(model_load(&gguf, &dev, a, &o, &e));
    check(model_load(&hf, &dev, b, &o, &e));
    assert_int_equal(gguf->n_params, hf->n_params);
    for (size_t i = 0; i < hf->n_params; i++) {
        const struct model_param *p = &gguf->params[i], *q = &hf->params[i];
        assert_string_equal(p->spec.name, q->spec.name);
        if (memcmp(p->w, q->w, q->spec.rows * q->spec.cols * sizeof *q->w) != 0)
            fail_msg("%s: %s is not the same numbers", family, q->spec.name);
    }
    model_free(gguf);
    model_free(hf);
    dev_close(&dev);
    weights_close(a);
    weights_close(b);
}

static void test_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL; i++)
        parameters_of(all[i]);
}

static void config_of(const char *family)
{
    struct weights *a, *b;
    check(weights_open(&a, folder(family, "model.gguf"), &e));
    check(weights_open(&b, folder(family, "hf"), &e));
    struct model_config c = *weights_config(a), want = *weights_config(b);
    assert_true(weights_is_gguf(a) && !weights_is_gguf(b));
    assert_true(fabs(c.norm_eps - want.norm_eps) < 1e-12); /* an f32 in the file */
    c.norm_eps = want.norm_eps;
    struct str x = STR_INIT, y = STR_INIT;
    check(config_to_json(&c, NULL, &x));
    check(config_to_json(&want, NULL, &y));
    assert_string_equal(x.s, y.s);
    str_release(&x);
    str_release(&y);
    weights_close(a);
    weights_close(b);
}

static void test_config(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL; i++)
        config_of(all[i]);
}

/* Scores, and what such a file says by silence: bos before a text. */
static void test_scores(void **state)
{
    (void)state;
    struct weights *w;
    struct weights_vocab v;
    check(weights_open(&w, folder("gemma3", "model.gguf"), &e));
    check(weights_vocab(w, &v, &e));
    assert_string_equal(v.model, "llama");
    assert_int_equal(v.n_tokens, 40);
    assert_true(v.scores[0] == -1000 && v.scores[39] == -35);
    assert_true(v.bos == 2 && v.eos == 1 && v.add_bos && !v.add_eos && !v.space_prefix);
    weights_close(w);
}

static void test_tokenizer(void **state)
{
    (void)state;
    struct weights *a, *b;
    struct weights_vocab v;
    check(weights_open(&a, folder("llama", "model.gguf"), &e));
    check(weights_open(&b, folder("llama", "hf"), &e));
    check(weights_vocab(a, &v, &e));
    assert_string_equal(v.model, "gpt2");
    assert_string_equal(v.pre, "smollm");
    assert_int_equal(v.n_tokens, 40);
    assert_string_equal(v.tokens[39], "t39");
    assert_int_equal(v.types[1], 3);
    assert_int_equal(v.types[2], 1);
    assert_int_equal(v.n_merges, 3);
    assert_string_equal(v.merges[2], "t 3");
    assert_true(v.bos == 0 && v.eos == 1 && v.add_bos);
    assert_int_equal(weights_vocab(b, &v, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "hf: no tokenizer is in this file"));
    weights_close(a);
    weights_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters), cmocka_unit_test(test_config),
        cmocka_unit_test(test_tokenizer), cmocka_unit_test(test_scores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
