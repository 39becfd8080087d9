/* model_faults - the n-th allocation between a file and a trained, saved, talking model fails, for
 * every n: a code and a sentence, nothing leaked (the sanitizers watch), and the next try gives the
 * same numbers. */
#include "decode_one.h"
#include "unit/model_files.h"

static const size_t lengths[] = {3, 1, 5};
enum { S = 3, N = 9, PROMPT = 4 };

/* result - what is compared after a failure. */
struct result {
    char hash[65];
    float hidden[S * TEST_C], features[N * TEST_C], logits[S * 2], spoken[TEST_V];
};

static int step(struct model *m, struct pass *p, const struct batch *b, struct result *r,
                struct err *err)
{
    struct pass_input in = {.batch = b, .features = r->features, .keep = true};
    const float *logits;
    size_t R;
    int rc = pass_features(p, b, r->features, err);
    if (!rc)
        rc = pass_hidden(p, b, &(size_t){1}, 1, true, r->hidden, err);
    if (!rc)
        rc = pass_forward(p, &in, &logits, &R, err);
    if (rc)
        return rc;
    dev_download(m->dev, r->logits, logits, S * 2);
    float *d = dev_alloc(m->dev, S * 2, err);
    if (!d)
        return err->code;
    pass_backward(p, d);
    dev_free(m->dev, d);
    return OK;
}

static int speak(struct model *m, const int32_t *tokens, struct result *r, struct err *err)
{
    struct head_spec lm = {.kind = HEAD_LM};
    struct decode *d = NULL;
    const float *logits;
    int rc = model_head_set(m, &lm, err);
    if (!rc)
        rc = decode_new(&d, m, 1, PROMPT, err);
    if (!rc)
        rc = decode_one(d, tokens, PROMPT, &logits, err);
    if (!rc)
        memcpy(r->spoken, logits, sizeof r->spoken);
    decode_free(d);
    return rc;
}

static int work(const char *path, const char *device, struct result *r, struct err *err)
{
    static const int32_t rows[] = {3, 1};
    struct head_spec head = {HEAD_CLASSIFIER, 2, rows, 0};
    struct trainable top = {TRAIN_TOP, 1, false, {0}};
    struct model_options o = {0};
    struct dev dev = {0};
    struct weights *w = NULL;
    struct model *m = NULL;
    struct pass *p = NULL;
    struct test_batch t;
    bool opened = false;
    test_batch(&t, lengths, S, 1);
    int rc = dev_open(&dev, device, err);
    opened = !rc;
    if (!rc)
        rc = weights_open(&w, path, err);
    if (!rc)
        rc = weights_hash(w, r->hash, err);
    if (!rc)
        rc = model_load(&m, &dev, w, &o, err);
    if (!rc)
        rc = model_head_set(m, &head, err);
    if (!rc)
        rc = model_trainable_set(m, &top, err);
    if (!rc)
        rc = pass_new(&p, m, err);
    if (!rc)
        rc = step(m, p, &t.b, r, err);
    if (!rc)
        rc = model_save(m, NULL, in_scratch("out"), err);
    if (!rc)
        rc = speak(m, t.tokens, r, err);
    pass_free(p);
    model_free(m);
    weights_close(w);
    if (opened)
        dev_close(&dev);
    return rc;
}

static void every_allocation(const char *name, const char *device)
{
    static struct result clean, r;
    char path[512];
    snprintf(path, sizeof path, "%s", in_scratch(name));
    memset(&clean, 0, sizeof clean);
    check(work(path, device, &clean, &e));
    size_t survived = 0;
    for (size_t n = 1;; n++) {
        struct err err = ERR_INIT;
        memset(&r, 0, sizeof r);
        mem_fault_at(n);
        int rc = work(path, device, &r, &err);
        bool hit = mem_fault_hit();
        mem_fault_at(0);
        if (!hit) {
            assert_int_equal(rc, OK);
            assert_memory_equal(&r, &clean, sizeof r);
            assert_true(n > 60);
            assert_true(survived <= 2);
            break;
        }
        if (!rc) { /* a device's tables are a help: without them the same bits come more slowly */
            assert_memory_equal(&r, &clean, sizeof r);
            survived++;
        } else if (rc != ERR_NOMEM || !strstr(err.msg, "memory"))
            fail_msg("%s: allocation %zu: code %d, \"%s\"", name, n, rc, err.msg);
    }
}

/* saved - a model of the family as a Hugging Face folder. */
static void saved(enum family family, const char *name)
{
    struct dev dev;
    struct model_config c = test_config(family, false);
    c.layers = c.layers_whole = 2;
    check(dev_open(&dev, "reference", &e));
    struct model *m = test_model(&dev, &c, 0);
    check(model_save(m, NULL, in_scratch(name), &e));
    model_free(m);
    dev_close(&dev);
}

static void from_folder(void **state)
{
    (void)state;
    saved(FAMILY_NEOX, "neox");
    every_allocation("neox", "reference");
    every_allocation("neox", "cpu");
}

/* Two shards, of which one has but a buffer. */
static void from_shards(void **state)
{
    (void)state;
    static const char index[] =
        "{\"weight_map\": {\"a\": \"model.safetensors\", \"b\": \"two.safetensors\"}}";
    saved(FAMILY_GPT2, "gpt2");
    put_quick("gpt2/model.safetensors.index.json", index, sizeof index - 1);
    safe_put("gpt2/two.safetensors",
             "{\"transformer.h.0.attn.bias\": {\"dtype\": \"BOOL\", \"shape\": [1], "
             "\"data_offsets\": [0, 1]}}",
             "", 1);
    every_allocation("gpt2", "reference");
}

static void from_gguf(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a", "b", "ab"}, *const merges[] = {"a b"};
    struct model_config c = test_config(FAMILY_LLAMA, false);
    struct dev dev;
    struct gguf g;
    c.layers = c.layers_whole = 2;
    check(dev_open(&dev, "reference", &e));
    struct model *m = test_model(&dev, &c, 0);
    gguf_init(&g);
    gguf_config(&g, &c);
    gguf_model(&g, m);
    gguf_text(&g, "tokenizer.ggml.model", "gpt2");
    gguf_text(&g, "tokenizer.ggml.pre", "default");
    gguf_texts(&g, "tokenizer.ggml.tokens", tokens, 3);
    gguf_texts(&g, "tokenizer.ggml.merges", merges, 1);
    check(file_mkdirs(in_scratch("gguf"), &e));
    gguf_put(&g, "gguf/model.gguf");
    gguf_release(&g);
    model_free(m);
    dev_close(&dev);
    every_allocation("gguf", "reference"); /* the folder: its one file is found */
    every_allocation("gguf/model.gguf", "cpu");
}

/* Adapters: added, saved, read beside the weights, merged. */
static int adapters_work(struct dev *dev, const struct model_config *c, struct err *err)
{
    struct head_spec head = {HEAD_CLASSIFIER, 3, NULL, 2};
    struct trainable t = {TRAIN_LORA, 0, false, {2, 4, LORA_ALL, 1}};
    struct model *m = NULL, *other = NULL;
    int rc = model_random(&m, dev, c, 1, err);
    if (!rc)
        rc = model_head_set(m, &head, err);
    if (!rc)
        rc = model_trainable_set(m, &t, err);
    if (!rc)
        rc = lora_save(m, "base", in_scratch("adapters"), err);
    if (!rc)
        rc = model_random(&other, dev, c, 1, err);
    if (!rc)
        rc = lora_load(other, in_scratch("adapters"), err);
    if (!rc)
        rc = lora_merge(other, err);
    model_free(m);
    model_free(other);
    return rc;
}

static void from_adapters(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_GEMMA3, false);
    struct dev dev;
    bool hit = true;
    c.layers = c.layers_whole = 1;
    check(dev_open(&dev, "reference", &e));
    for (size_t n = 1; hit; n++) {
        struct err err = ERR_INIT;
        mem_fault_at(n);
        int rc = adapters_work(&dev, &c, &err);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_int_equal(rc, hit ? ERR_NOMEM : OK);
        assert_true(!hit || strstr(err.msg, "memory"));
    }
    dev_close(&dev);
}

/* Random weights, another head in the place of one that learns. */
static int random_work(struct dev *dev, const struct model_config *c, struct err *err)
{
    struct head_spec heads[] = {{HEAD_REWARD, 0, NULL, 1}, {HEAD_CLASSIFIER, 3, NULL, 2}};
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct model *m = NULL;
    int rc = model_random(&m, dev, c, 1, err);
    if (!rc)
        rc = model_head_set(m, &heads[0], err);
    if (!rc)
        rc = model_trainable_set(m, &all, err);
    if (!rc && (rc = model_head_set(m, &heads[1], err))) {
        assert_int_equal(m->head.kind, HEAD_LM); /* the contract after an error */
        assert_int_equal(model_outputs(m), c->vocab);
    }
    model_free(m);
    return rc;
}

static void from_nothing(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_QWEN2, true);
    struct dev dev;
    bool hit = true;
    check(dev_open(&dev, "reference", &e));
    for (size_t n = 1; hit; n++) {
        struct err err = ERR_INIT;
        mem_fault_at(n);
        int rc = random_work(&dev, &c, &err);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_int_equal(rc, hit ? ERR_NOMEM : OK);
        assert_true(!hit || strstr(err.msg, "memory"));
    }
    dev_close(&dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_folder), cmocka_unit_test(from_shards),
                                       cmocka_unit_test(from_gguf), cmocka_unit_test(from_nothing),
                                       cmocka_unit_test(from_adapters)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
