/* replay.c - a fuzz target over its corpus, without a fuzzer: every file of the folders and files
 * given. */
#include "core/file.h"
#include "core/mem.h"
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay(const char *path, size_t *count, struct err *e)
{
    struct str data = STR_INIT;
    int rc = file_read(&data, path, e);
    if (rc == OK) {
        (void)LLVMFuzzerTestOneInput((const uint8_t *)data.s, data.len);
        ++*count;
    }
    str_release(&data);
    return rc;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    size_t count = 0;
    int rc = OK;
    for (int i = 1; i < argc && rc == OK; i++) {
        char **names = NULL;
        size_t n = 0;
        if (!file_is_dir(argv[i])) {
            rc = replay(argv[i], &count, &e);
            continue;
        }
        rc = file_list(argv[i], &names, &n, &e);
        for (size_t k = 0; k < n && rc == OK; k++) {
            struct str path = STR_INIT;
            str_path(&path, argv[i], names[k]);
            rc = str_check(&path, &e);
            if (rc == OK)
                rc = replay(path.s, &count, &e);
            str_release(&path);
        }
        mem_free((void *)names);
    }
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    printf("%zu inputs replayed\n", count);
    return rc || count == 0;
}
