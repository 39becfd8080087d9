/* model_lora.c - adapters against PEFT in f64 (make_lora.py): a folder of PEFT's is read, its
 * logits, every gradient and ten steps are PyTorch's; merged they answer the same; saved they are
 * the same numbers under the same names. */
#include "decode_one.h"
#include "model_fixture.h"

#include <unistd.h>

static const char *const adapted[] = {"gpt2", "neox-parallel", "llama-gqa", "gemma3"};
#define ADAPTED (sizeof adapted / sizeof *adapted)

static struct doc_tree oracle; /* of the adapters; fixture's is the model's */

static void lora_numbers(const char *key, double *out, size_t n)
{
    const struct doc *d = doc_get(oracle.root, key);
    assert_non_null(d);
    assert_int_equal(numbers_from(d, out, 0, n), n);
}

static void folder_of(const struct fixture *f, const char *file, char *path, size_t n)
{
    snprintf(path, n, "%s/lora%s%s", f->dir, *file ? "/" : "", file);
}

/* adapted_open - the model with its adapters beside the weights, and the classifier's head. */
static void adapted_open(struct fixture *f, const char *family, const char *device)
{
    struct trainable none = {TRAIN_HEAD, 0, false, {0}};
    char path[600];
    fixture_open(f, family, device);
    folder_of(f, "oracle.json", path, sizeof path);
    check(doc_read_json(&oracle, path, &e));
    fixture_classifier(f, none);
    folder_of(f, "", path, sizeof path);
    check(lora_load(f->model, path, &e));
}

static void adapted_close(struct fixture *f)
{
    doc_tree_release(&oracle);
    fixture_close(f);
}

static void adapted_all(void (*body)(struct fixture *f))
{
    for (size_t i = 0; i < ADAPTED; i++)
        for (size_t d = 0; d < 2; d++) {
            struct fixture f;
            adapted_open(&f, adapted[i], devices[d].name);
            body(&f);
            adapted_close(&f);
        }
}

/* saved_as - m's adapters in a new folder, values or gradients; the file open. */
static struct weights *saved_as(struct fixture *f, bool gradients, char *dir)
{
    struct model *m = f->model;
    struct weights *w;
    char path[600];
    assert_non_null(mkdtemp(dir));
    for (size_t i = m->lora_at; i < m->n_params && gradients; i++) {
        float *x = m->params[i].w;
        m->params[i].w = m->params[i].g;
        m->params[i].g = x;
    }
    check(lora_save(m, "base", dir, &e));
    for (size_t i = m->lora_at; i < m->n_params && gradients; i++) {
        float *x = m->params[i].w;
        m->params[i].w = m->params[i].g;
        m->params[i].g = x;
    }
    snprintf(path, sizeof path, "%s/adapter_model.safetensors", dir);
    check(weights_open_tensors(&w, path, &e));
    return w;
}

static void files_close(struct fixture *f, const struct weights *got, const char *file)
{
    struct weights *want;
    char path[600];
    folder_of(f, file, path, sizeof path);
    check(weights_open_tensors(&want, path, &e));
    assert_int_equal(weights_count(got), weights_count(want) + 1); /* score.weight */
    for (size_t i = 0; i < weights_count(want); i++) {
        const struct weights_tensor *w = weights_at(want, i), *g = weights_find(got, w->name);
        if (!g)
            fail_msg("%s: %s was not written", f->family, w->name);
        assert_int_equal(g->n, w->n);
        float *a = mem_alloc(w->n, sizeof *a, &e), *b = mem_alloc(w->n, sizeof *b, &e);
        double *wide = mem_alloc(w->n, sizeof *wide, &e);
        assert_true(weights_read(got, g, 0, g->shape[0], a));
        assert_true(weights_read(want, w, 0, w->shape[0], b));
        for (size_t k = 0; k < w->n; k++)
            wide[k] = (double)b[k];
        close_to(f, w->name, a, wide, w->n);
        mem_free(a);
        mem_free(b);
        mem_free(wide);
    }
    weights_close(want);
}

static void gradients_of(struct fixture *f)
{
    char dir[] = "/tmp/w2s-lora-XXXXXX";
    float logits[FIX_S * FIX_K];
    double want[FIX_S * FIX_K], loss[1];
    double got = classifier_step(f, NULL, logits);
    lora_numbers("logits", want, FIX_S * FIX_K);
    close_to(f, "logits", logits, want, FIX_S * FIX_K);
    lora_numbers("loss", loss, 1);
    assert_true(fabs(got - loss[0]) <= f->tolerance * loss[0]);
    for (size_t i = 0; i < f->model->n_params; i++) {
        const struct model_param *p = &f->model->params[i];
        assert_true((p->g != NULL) == (p->spec.role >= ROLE_COUNT));
    }
    struct weights *w = saved_as(f, true, dir);
    files_close(f, w, "gradients.safetensors");
    weights_close(w);
    check(file_remove_tree(dir, &e));
}

static void test_gradients(void **state)
{
    (void)state;
    adapted_all(gradients_of);
}

static void steps_of(struct fixture *f)
{
    double want[FIX_STEPS];
    struct model *m = f->model;
    float *moments[2 * 64] = {0};
    lora_numbers("steps", want, FIX_STEPS);
    assert_true(m->n_params - m->lora_at <= 64);
    for (uint64_t step = 1; step <= FIX_STEPS; step++) {
        struct adamw s = {number(f, "lr"), 0.9, 0.999, 1e-8, number(f, "weight_decay"), 1, step};
        double loss = classifier_step(f, NULL, NULL);
        if (!(fabs(loss - want[step - 1]) <= f->tolerance))
            fail_msg("%s, %s: loss %d is %.9g, wanted %.9g", f->family, f->dev.name, (int)step,
                     loss, want[step - 1]);
        for (size_t i = m->lora_at; i < m->n_params; i++) {
            struct model_param *p = &m->params[i];
            size_t n = p->spec.rows * p->spec.cols, k = 2 * (i - m->lora_at);
            for (size_t j = k; j < k + 2; j++)
                if (!moments[j] && !(moments[j] = dev_alloc(&f->dev, n, &e)))
                    fail_msg("%s", e.msg);
            f->dev.ops->adamw(&f->dev, &s, n, p->w, p->g, moments[k], moments[k + 1]);
        }
        model_grad_zero(m);
    }
    for (size_t i = 0; i < 2 * 64; i++)
        dev_free(&f->dev, moments[i]);
}

static void test_steps(void **state)
{
    (void)state;
    adapted_all(steps_of);
}

/* Merged, saved as a whole model, and read from a folder beside the model: the same answers. */
static void merged_of(struct fixture *f)
{
    char dir[] = "/tmp/w2s-lora-XXXXXX", whole[] = "/tmp/w2s-lora-XXXXXX";
    static float before[FIX_TOKENS * FIX_V], again[FIX_TOKENS * FIX_V];
    struct model *others[2];
    struct weights *w;
    struct model_options o = {0};
    struct head_spec lm = {.kind = HEAD_LM};
    struct pass_input in = {.batch = &f->batch};
    const float *logits;
    size_t R;
    w = saved_as(f, false, dir);
    files_close(f, w, "adapter_model.safetensors");
    weights_close(w);
    assert_non_null(mkdtemp(whole));
    check(model_head_set(f->model, &lm, &e));
    check(model_save(f->model, NULL, whole, &e));
    check(pass_forward(f->pass, &in, &logits, &R, &e));
    memcpy(before, logits, sizeof before);
    /* a whole folder; the model and the folder that was saved above */
    check(weights_open(&w, whole, &e));
    check(model_load(&others[0], &f->dev, w, &o, &e));
    weights_close(w);
    check(weights_open(&w, f->dir, &e));
    check(weights_adapt(w, dir, &e));
    check(model_load(&others[1], &f->dev, w, &o, &e));
    weights_close(w);
    for (size_t k = 0; k < 2; k++) {
        struct pass *p;
        double wide[FIX_TOKENS * FIX_V];
        assert_int_equal(others[k]->lora.rank, 0);
        check(pass_new(&p, others[k], &e));
        check(pass_forward(p, &in, &logits, &R, &e));
        memcpy(again, logits, sizeof again);
        for (size_t i = 0; i < FIX_TOKENS * FIX_V; i++)
            wide[i] = (double)before[i];
        close_to(f, "logits of a merged model", again, wide, FIX_TOKENS * FIX_V);
        pass_free(p);
        model_free(others[k]);
    }
    check(file_remove_tree(dir, &e));
    check(file_remove_tree(whole, &e));
}

static void test_merged(void **state)
{
    (void)state;
    adapted_all(merged_of);
}

/* Token by token with a cache is the whole text at once, with adapters too. */
static void decode_of(struct fixture *f)
{
    struct head_spec lm = {.kind = HEAD_LM};
    struct pass_input in = {.batch = &f->batch};
    const float *logits;
    struct decode *d;
    double want[FIX_V];
    size_t R, first = (size_t)f->starts[FIX_S - 1];
    check(model_head_set(f->model, &lm, &e));
    check(pass_forward(f->pass, &in, &logits, &R, &e));
    for (size_t k = 0; k < FIX_V; k++)
        want[k] = (double)logits[(FIX_TOKENS - 1) * FIX_V + k];
    check(decode_new(&d, f->model, 1, FIX_TOKENS, &e));
    for (size_t i = first; i < FIX_TOKENS; i++)
        check(decode_one(d, f->tokens + i, 1, &logits, &e));
    close_to(f, "decoded logits", logits, want, FIX_V);
    decode_free(d);
}

static void test_decode(void **state)
{
    (void)state;
    adapted_all(decode_of);
}

/* B starts as 0: new adapters change nothing; what cannot be is a sentence. */
static void test_new(void **state)
{
    (void)state;
    struct fixture f;
    static float before[FIX_TOKENS * FIX_V];
    struct pass_input in;
    const float *logits;
    size_t R;
    struct trainable t = {TRAIN_LORA, 0, false, {4, 8, LORA_ALL, 3}};
    fixture_open(&f, "gpt2", "cpu");
    in = (struct pass_input){.batch = &f.batch};
    check(pass_forward(f.pass, &in, &logits, &R, &e));
    memcpy(before, logits, sizeof before);
    check(model_trainable_set(f.model, &t, &e));
    assert_int_equal(lora_params(&t.lora, &f.model->cfg),
                     2 * 4 * ((36 + 108) + (36 + 36) + (36 + 48) + (48 + 36)));
    check(pass_forward(f.pass, &in, &logits, &R, &e));
    assert_memory_equal(before, logits, sizeof before);
    t.lora.rank = 5;
    assert_int_equal(model_trainable_set(f.model, &t, &e), ERR_INPUT);
    assert_string_equal(e.msg, "the model has adapters already, and others are to learn");
    check(lora_merge(f.model, &e));
    t.lora.targets = 1u << LORA_Q;
    assert_int_equal(model_trainable_set(f.model, &t, &e), ERR_INPUT);
    assert_string_equal(e.msg,
                        "adapters on q, k or v: a gpt2 keeps them in one layer, so name all three");
    t.lora.targets = 1u << LORA_GATE;
    assert_int_equal(model_trainable_set(f.model, &t, &e), ERR_INPUT);
    assert_string_equal(e.msg, "adapters on gate: the MLP of a gpt2 has none");
    fixture_close(&f);
}

/* load_edited - of the folder at path, a copy in dir, its config edited by sed. */
static int load_edited(struct model *m, const char *path, const char *dir, const char *edit)
{
    char command[2000];
    snprintf(command, sizeof command, "cp '%s'/* %s && sed -i '%s' %s/adapter_config.json", path,
             dir, edit, dir);
    assert_int_equal(system(command), 0);
    return lora_load(m, dir, &e);
}

/* What PEFT's fields may say: taken, computed, or refused by name. */
static void test_fields(void **state)
{
    (void)state;
    static const struct {
        const char *edit, *says; /* NULL: taken */
    } cases[] = {
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": false/", NULL},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"gaussian\"/", NULL},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"eva\"/", NULL},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"orthogonal\"/", NULL},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"pissa_niter_16\"/",
         "\"init_lora_weights\" is \"pissa_niter_16\": not known to leave the base as it is"},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"olora\"/", "is \"olora\": "},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"corda\"/", "is \"corda\": "},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": \"loftq\"/", "is \"loftq\": "},
        {"s/\"init_lora_weights\": true/\"init_lora_weights\": 3/", "wanted a boolean or a name"},
        {"s/\"use_dora\": false/\"use_dora\": true/", "\"use_dora\" is set"},
        {"s/\"use_qalora\": false/\"use_qalora\": true/", "\"use_qalora\" is set"},
        {"s/\"use_bdlora\": null/\"use_bdlora\": {\"x\": 1}/", "\"use_bdlora\" is set"},
        {"s/\"lora_bias\": false/\"lora_bias\": true/", "\"lora_bias\" is set"},
        {"s/\"rank_pattern\": {}/\"rank_pattern\": {\"c_fc\": 2}/", "\"rank_pattern\" is set"},
        {"s/\"alpha_pattern\": {}/\"alpha_pattern\": {\"c_fc\": 2}/", "\"alpha_pattern\" is set"},
        {"s/\"layers_to_transform\": null/\"layers_to_transform\": [0]/",
         "\"layers_to_transform\" is set"},
        {"s/\"layer_replication\": null/\"layer_replication\": [[0, 2], [1, 2]]/",
         "\"layer_replication\" is set"},
        {"s/\"alora_invocation_tokens\": null/\"alora_invocation_tokens\": [5]/",
         "\"alora_invocation_tokens\" is set"},
        {"s/\"arrow_config\": null/\"arrow_config\": {\"top_k\": 2}/", "\"arrow_config\" is set"},
        {"s/\"target_parameters\": null/\"target_parameters\": [\"w\"]/",
         "\"target_parameters\" is set"},
        {"s/\"trainable_token_indices\": null/\"trainable_token_indices\": [5]/",
         "\"trainable_token_indices\" is set"},
        {"s/\"revision\": null/\"of_tomorrow\": 2/", "\"of_tomorrow\" is set"},
        {"s/\"bias\": \"none\"/\"bias\": \"lora_only\"/", "\"bias\" is \"lora_only\", wanted none"},
    };
    struct fixture f;
    char dir[] = "/tmp/w2s-lora-XXXXXX", path[700];
    fixture_open(&f, "gpt2", "cpu");
    snprintf(path, sizeof path, "%s/lora", f.dir);
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = load_edited(f.model, path, dir, cases[i].edit);
        if (cases[i].says) {
            assert_int_equal(rc, ERR_INPUT);
            assert_non_null(strstr(e.msg, cases[i].says));
            continue;
        }
        check(rc);
        check(lora_merge(f.model, &e));
        fixture_close(&f);
        fixture_open(&f, "gpt2", "cpu");
    }
    check(load_edited(f.model, path, dir, "s/\"use_rslora\": false/\"use_rslora\": true/"));
    assert_int_equal(f.model->lora.rank, 3);
    assert_true(fabs(f.model->lora.alpha - 5 * sqrt(3.0)) < 1e-12); /* of 5 / sqrt(3), over 3 */
    check(file_remove_tree(dir, &e));
    fixture_close(&f);
}

/* Another model's adapters, a folder that asks for what is not computed. */
static void test_bad_folders(void **state)
{
    (void)state;
    struct fixture f;
    char path[700];
    fixture_open(&f, "qwen3", "cpu");
    snprintf(path, sizeof path, "%s/../gpt2/lora", f.dir);
    assert_int_equal(lora_load(f.model, path, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "no adapter of a linear layer of a qwen3 is in it"));
    snprintf(path, sizeof path, "%s/../llama-gqa/lora", f.dir);
    assert_int_equal(lora_load(f.model, path, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "has no place beside a qwen3 of 2 layers"));
    assert_int_equal(f.model->lora.rank, 0);
    fixture_close(&f);
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *means; /* NULL: none */
    } cases[] = {{"8", "8 alpha 16"},
                 {"8 alpha 4", "8 alpha 4"},
                 {"8 on q,v", "8 alpha 16 on q,v"},
                 {"2 alpha 0.5 on down,q", "2 alpha 0.5 on q,down"},
                 {"0", NULL},
                 {"8 on", NULL},
                 {"8 on q,", NULL},
                 {"8 on q,x", NULL},
                 {"8 alpha", NULL},
                 {"8 alpha -1", NULL},
                 {"2000", NULL},
                 {"8 alpha 16 ", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lora l, again;
        struct str s = STR_INIT;
        assert_true(lora_read(&l, cases[i].text) == (cases[i].means != NULL));
        if (!cases[i].means)
            continue;
        lora_write(&l, &s);
        assert_string_equal(s.s, cases[i].means);
        assert_true(lora_read(&again, s.s));
        assert_int_equal(again.targets, l.targets);
        str_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_steps),
        cmocka_unit_test(test_merged),    cmocka_unit_test(test_decode),
        cmocka_unit_test(test_new),       cmocka_unit_test(test_bad_folders),
        cmocka_unit_test(test_fields),    cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
