/* model_save.c - a model saved and loaded is the same bits, its head too. What transformers makes
 * of such a folder: oracle/model_transformers.c. */
#include "unit/model_test.h"
#include "core/doc.h"

static struct dev dev;

static void saved_of(const struct model_config *c)
{
    struct model *m = test_model(&dev, c, 0), *loaded;
    struct weights *w;
    struct model_options o = {0};
    struct str a = STR_INIT, b = STR_INIT;
    check(model_save(m, NULL, in_scratch("m"), &e));
    check(weights_open(&w, in_scratch("m"), &e));
    check(config_to_json(c, 0, &a));
    check(config_to_json(weights_config(w), 0, &b));
    assert_string_equal(a.s, b.s);
    assert_int_equal(weights_config(w)->rotary, c->rotary);
    assert_int_equal(weights_config(w)->act, c->act);
    check(model_load(&loaded, &dev, w, &o, &e));
    assert_int_equal(loaded->n_params, m->n_params);
    for (size_t i = 0; i < m->n_params; i++)
        if (memcmp(loaded->params[i].w, m->params[i].w, floats_of(&m->params[i]) * sizeof(float)) !=
            0)
            fail_msg("%s: %s is not what was saved", family_name(c->family),
                     m->params[i].spec.name);
    str_release(&a);
    str_release(&b);
    weights_close(w);
    model_free(loaded);
    model_free(m);
}

static void test_saved(void **state)
{
    (void)state;
    every_config(saved_of);
}

/* A head is score.weight; the rest opens as a language model as before, a cut one as its layers. */
static void head_of(const struct model_config *c)
{
    for (size_t K = 1; K <= 3; K += 2) {
        struct model *m = test_model(&dev, c, K), *loaded;
        struct weights *w;
        struct model_options o = {0};
        struct str config = STR_INIT;
        const struct model_param *head = &m->params[m->n_params - 1];
        float got[3 * TEST_C];
        check(model_save(m, NULL, in_scratch("m"), &e));
        check(weights_open(&w, in_scratch("m"), &e));
        const struct weights_tensor *t = weights_find(w, "score.weight");
        assert_non_null(t);
        assert_true(t->ndim == 2 && t->shape[0] == K && t->shape[1] == TEST_C);
        weights_read(w, t, 0, K, got);
        assert_memory_equal(got, head->w, K * TEST_C * sizeof *got);
        check(model_load(&loaded, &dev, w, &o, &e));
        assert_int_equal(loaded->n_params, m->n_params - 1);
        check(file_read(&config, in_scratch("m/config.json"), &e));
        assert_non_null(strstr(config.s, "ForSequenceClassification"));
        assert_non_null(strstr(config.s, K == 3 ? "\"LABEL_2\": 2" : "\"LABEL_0\": 0"));
        str_release(&config);
        weights_close(w);
        model_free(loaded);
        model_free(m);
    }
}

static void test_head(void **state)
{
    (void)state;
    every_config(head_of);
}

/* Rotary shares that binary fractions cannot say: the number of values comes back all the same. */
static void test_rotary(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_NEOX, false);
    for (c.head_size = 2; c.head_size <= 256; c.head_size += 2)
        for (c.rotary = 0; c.rotary <= c.head_size; c.rotary += 2) {
            struct doc_tree t = DOC_TREE_INIT;
            struct str text = STR_INIT;
            struct model_config back;
            c.channels = c.heads * c.head_size;
            check(config_to_json(&c, 0, &text));
            check(doc_parse_json(&t, text.s, text.len, "config.json", 1, &e));
            check(config_from_json(&back, t.root, &e));
            if (back.rotary != c.rotary)
                fail_msg("%zu of %zu came back as %zu", c.rotary, c.head_size, back.rotary);
            doc_tree_release(&t);
            str_release(&text);
        }
}

/* A save that fails leaves the file that was there. */
static void test_full_disk(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_QWEN2, true);
    struct model *m = test_model(&dev, &c, 2), *loaded;
    struct weights *w;
    struct model_options o = {0};
    check(model_save(m, NULL, in_scratch("m"), &e));
    for (size_t n = 1;; n++) {
        file_fault_at(n);
        int rc = model_save(m, NULL, in_scratch("m"), &e);
        file_fault_at(0);
        if (!rc) {
            assert_true(n > 3);
            break;
        }
        assert_int_equal(rc, ERR_IO);
        assert_non_null(strstr(e.msg, "cannot write"));
        check(weights_open(&w, in_scratch("m"), &e));
        check(model_load(&loaded, &dev, w, &o, &e));
        weights_close(w);
        model_free(loaded);
    }
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_rotary),
        cmocka_unit_test(test_full_disk),
    };
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
