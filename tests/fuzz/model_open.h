/* model_open.h - what the two targets of checkpoints share: a file of the fuzzer's bytes, opened,
 * read and loaded. */
#ifndef W2S_TESTS_FUZZ_MODEL_OPEN_H
#define W2S_TESTS_FUZZ_MODEL_OPEN_H

#include "scratch.h"

#include "core/doc.h"
#include "core/mem.h"
#include "model/model.h"

#define FUZZ_MOST ((size_t)1 << 20) /* numbers that are worth the time */

static inline void fuzz_read(const struct weights *w, const struct weights_tensor *t)
{
    struct err e = ERR_INIT;
    float *x = t->readable && t->ndim && t->n <= FUZZ_MOST ? mem_alloc(t->n, sizeof *x, &e) : NULL;
    if (x)
        weights_read(w, t, 0, t->shape[0], x);
    mem_free(x);
}

/* fuzz_open - path opened; a refusal is ERR_INPUT, or `also`, and begins with `names`. */
static inline void fuzz_open(const char *path, const char *names, int also)
{
    static struct dev dev;
    struct weights *w = NULL;
    struct model *m = NULL;
    struct model_options o = {0};
    struct err e = ERR_INIT;
    if (!dev.ops)
        BUG_ON(dev_open(&dev, "reference", &e));
    int rc = weights_open(&w, path, &e);
    if (!rc) {
        const struct model_config *c = weights_config(w);
        for (size_t i = 0; i < weights_count(w); i++)
            fuzz_read(w, weights_at(w, i));
        rc = family_check(w, c, &e);
        if (!rc && config_params(c) <= FUZZ_MOST)
            rc = model_load(&m, &dev, w, &o, &e);
    }
    BUG_ON(rc && ((rc != ERR_INPUT && rc != also) || strncmp(e.msg, names, strlen(names)) != 0));
    model_free(m);
    weights_close(w);
}

/* fuzz_model - a tiny Llama of random weights. Owner: caller. */
static inline struct model *fuzz_model(void)
{
    static const char config[] =
        "{\"model_type\": \"llama\", \"num_hidden_layers\": 1, \"hidden_size\": 4, "
        "\"num_attention_heads\": 2, \"intermediate_size\": 4, \"vocab_size\": 3, "
        "\"max_position_embeddings\": 2}";
    static struct dev dev;
    struct doc_tree t = DOC_TREE_INIT;
    struct model_config c;
    struct model *m;
    struct err e = ERR_INIT;
    if (!dev.ops)
        BUG_ON(dev_open(&dev, "reference", &e));
    BUG_ON(doc_parse_json(&t, config, sizeof config - 1, "config", 1, &e));
    BUG_ON(config_from_json(&c, t.root, &e) || model_random(&m, &dev, &c, 1, &e));
    doc_tree_release(&t);
    return m;
}

#endif
