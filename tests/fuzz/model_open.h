/* model_open.h - what the two targets of checkpoints share: a file of the fuzzer's bytes, opened,
 * read and loaded. */
#ifndef W2S_TESTS_FUZZ_MODEL_OPEN_H
#define W2S_TESTS_FUZZ_MODEL_OPEN_H

#include "core/file.h"
#include "core/mem.h"
#include "model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char fuzz_scratch[64];

static inline void fuzz_clean(void)
{
    struct err ignored = ERR_INIT;
    file_remove_tree(fuzz_scratch, &ignored);
}

/* fuzz_folder - this process's own, in memory where there is such a place; gone at exit. */
static inline const char *fuzz_folder(void)
{
    if (!*fuzz_scratch) {
        snprintf(fuzz_scratch, sizeof fuzz_scratch, "%s/w2s-fuzz-XXXXXX",
                 file_is_dir("/dev/shm") ? "/dev/shm" : "/tmp");
        BUG_ON(!mkdtemp(fuzz_scratch) || atexit(fuzz_clean));
    }
    return fuzz_scratch;
}

static inline const char *fuzz_path(const char *name)
{
    static char paths[2][128];
    static size_t k;
    char *path = paths[k++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    return path;
}

static inline void fuzz_put(const char *path, const void *data, size_t n)
{
    (void)remove(path);
    FILE *f = fopen(path, "wb");
    BUG_ON(!f || fwrite(data, 1, n, f) != n || fclose(f));
}

#define FUZZ_MOST ((size_t)1 << 20) /* numbers that are worth the time */

static inline void fuzz_read(const struct weights *w, const struct weights_tensor *t)
{
    struct err e = ERR_INIT;
    float *x = t->readable && t->ndim && t->n <= FUZZ_MOST ? mem_alloc(t->n, sizeof *x, &e) : NULL;
    if (x)
        weights_read(w, t, 0, t->shape[0], x);
    mem_free(x);
}

/* fuzz_open - path opened; a refusal begins with `names`. */
static inline void fuzz_open(const char *path, const char *names)
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
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, names, strlen(names)) != 0));
    model_free(m);
    weights_close(w);
}

#endif
