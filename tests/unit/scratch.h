/* scratch.h - a folder of its own for a test program, and paths in it. */
#ifndef W2S_TESTS_SCRATCH_H
#define W2S_TESTS_SCRATCH_H

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>

static char scratch[256]; /* this test program's own folder */

static inline void scratch_make(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/w2s-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(scratch)) {
        perror(scratch);
        exit(99);
    }
}

static inline void scratch_remove(void)
{
    struct err ignored = ERR_INIT;
    file_remove_tree(scratch, &ignored);
}

/* in_scratch - the path of a name there; valid until the eighth call after it. */
static inline const char *in_scratch(const char *name)
{
    static char paths[8][512];
    static unsigned k;
    char *s = paths[k++ % 8];
    snprintf(s, sizeof paths[0], "%s/%s", scratch, name);
    return s;
}

#endif
