/* scratch.h - what targets share that open files: a folder for the fuzzer's bytes. */
#ifndef W2S_TESTS_FUZZ_SCRATCH_H
#define W2S_TESTS_FUZZ_SCRATCH_H

#include "core/file.h"

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

#endif
