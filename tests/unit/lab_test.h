/* lab_test.h - what the tests of the lab room share: a scratch folder with a runs folder, toy tasks
 * and a second model, and studies of the micro model of tests/cli. */
#ifndef TESTS_UNIT_LAB_TEST_H
#define TESTS_UNIT_LAB_TEST_H

#include "store_test.h"

#include "lab/plan.h"

struct bench {
    struct dev dev;
    struct log log;
    struct lab lab;
    char model[400], other[400]; /* the micro model; one with other weights */
    char study[400];             /* base.yaml */
};

static inline void toy_files(void)
{
    static const char *const words[2][2] = {{"bad", "dull"}, {"good", "fine"}};
    struct str rows = STR_INIT, choices = STR_INIT;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < 120; i++) {
        str_addf(&rows, "{\"text\": \"%zu the film is %s\", \"label\": %zu}\n", i,
                 words[i % 2][i / 2 % 2], i % 2);
        str_addf(&choices,
                 "{\"question\": \"is the film %zu good\", \"answers\": [\"a %zu\", \"the %zu\", "
                 "\"very %zu\"], \"right\": %zu}\n",
                 i, i, i, i, i % 3);
    }
    assert_ok(str_check(&rows, &e), &e);
    assert_ok(str_check(&choices, &e), &e);
    spill(in_scratch("toy.jsonl"), rows.s);
    spill(in_scratch("choice.jsonl"), choices.s);
    str_release(&rows);
    str_release(&choices);
    static const char task[] = "name: %s\n"
                               "title: A toy\n"
                               "citation: none\n"
                               "licence: CC0\n"
                               "kind: labelled\n"
                               "source:\n"
                               "  files: {all: toy.jsonl}\n"
                               "fields: {text: text, label: label}\n"
                               "template: \"%s\"\n"
                               "classes:\n"
                               "  - {name: negative, word: \"%s\"}\n"
                               "  - {name: positive, word: \" good\"}\n"
                               "label: {field: label, map: {\"0\": 0, \"1\": 1}}\n";
    char text[1024];
    snprintf(text, sizeof text, task, "toy", "{text}", " bad");
    spill(in_scratch("toy.yaml"), text);
    snprintf(text, sizeof text, task, "toy", "a {text}", " bad");
    spill(in_scratch("template.yaml"), text);
    snprintf(text, sizeof text, task, "toy", "{text}", " dull");
    spill(in_scratch("word.yaml"), text);
    snprintf(text, sizeof text, task, "toy", "{text}", " no one token");
    spill(in_scratch("no_word.yaml"), text);
    snprintf(text, sizeof text, task, "renamed", "{text}", " bad");
    spill(in_scratch("renamed.yaml"), text);
    char *name = strstr(text, "name: negative");
    assert_non_null(name);
    memcpy(name, "name: Negative", 14);
    spill(in_scratch("classes.yaml"), text);
    spill(in_scratch("choice.yaml"),
          "name: choice\n"
          "title: A choice\n"
          "citation: none\n"
          "licence: CC0\n"
          "kind: choice\n"
          "source:\n"
          "  files: {all: choice.jsonl}\n"
          "choice: {question: question, options: answers, answer: right}\n"
          "template: \"{question} {candidate}\"\n");
}

/* model_copy - the micro model with the last byte of its weights changed. */
static inline void model_copy(const char *from, const char *to)
{
    static const char *const files[] = {"config.json", "tokenizer.json", "model.safetensors"};
    struct err e = ERR_INIT;
    folder(to);
    for (size_t i = 0; i < 3; i++) {
        struct str data = STR_INIT;
        char path[1000];
        snprintf(path, sizeof path, "%s/%s", from, files[i]);
        assert_ok(file_read(&data, path, &e), &e);
        if (i == 2)
            data.s[data.len - 2] ^= 1;
        snprintf(path, sizeof path, "%s/%s", to, files[i]);
        assert_ok(file_write(path, data.s, data.len, &e), &e);
        str_release(&data);
    }
}

static inline void bench_open(struct bench *b)
{
    struct err e = ERR_INIT;
    const char *source = getenv("W2S_SOURCE");
    char text[2048];
    source = source ? source : ".";
    memset(b, 0, sizeof *b);
    scratch_make();
    setenv("XDG_CONFIG_HOME", in_scratch("config"), 1);
    setenv("XDG_CACHE_HOME", in_scratch("cache"), 1);
    toy_files();
    snprintf(b->model, sizeof b->model, "%s/tests/cli/model", source);
    snprintf(b->other, sizeof b->other, "%s/other", scratch);
    snprintf(b->study, sizeof b->study, "%s/base.yaml", scratch);
    model_copy(b->model, b->other);
    snprintf(text, sizeof text,
             "name: base\n"
             "task: %s/toy.yaml\n"
             "model: %s\n"
             "data: {supervise: 8, train: 12, valid: 6, test: 10, max_tokens: 32}\n"
             "supervisor: {layers: 1}\n"
             "student: {layers: 4, trainable: top 2}\n"
             "training: {batch: 4, lr: 1e-2, warmup: 0}\n"
             "methods: [naive, confidence]\n"
             "bootstrap: 100\n",
             scratch, b->model);
    spill(b->study, text);
    log_init(&b->log, LOG_QUIET, false);
    assert_ok(dev_open(&b->dev, "cpu", &e), &e);
    assert_ok(assets_open(&b->lab.assets, source, &e), &e);
    assert_ok(store_open(&b->lab.store, in_scratch("runs"), &e), &e);
    b->lab.share = source;
    b->lab.dev = &b->dev;
    b->lab.log = &b->log;
    b->lab.offline = "a test fetches nothing";
    b->lab.version = "test";
    b->lab.command = "test";
}

static inline void bench_close(struct bench *b)
{
    store_close(b->lab.store);
    assets_close(b->lab.assets);
    dev_close(&b->dev);
    scratch_remove();
}

/* override - "key=value" with the scratch folder for $. */
static const char * override(char *out, size_t size, const char *key, const char *value)
{
    const char *dollar = strchr(value, '$');
    size_t n = dollar ? (size_t)(dollar - value) : strlen(value);
    snprintf(out, size, "%s%s%.*s%s%s", key, *key ? "=" : "", (int)n, value, dollar ? scratch : "",
             dollar ? dollar + 1 : "");
    return out;
}

/* also_split - one override, or several as {key: value, ...}. */
static inline size_t also_split(char out[4][600], const char *also)
{
    char text[600], *rest = text;
    size_t n = 0;
    if (!also)
        return 0;
    if (*also != '{') {
        override(out[0], sizeof out[0], "", also);
        return 1;
    }
    snprintf(text, sizeof text, "%.*s", (int)strlen(also) - 2, also + 1);
    for (char *key; (key = strtok_r(rest, ",", &rest));) {
        char *colon = strchr(key, ':');
        *colon = '\0';
        override(out[n], sizeof out[0], key + strspn(key, " "), colon + 2);
        n++;
    }
    return n;
}

#endif
