/* pieces.h - bytes in memory that are pulled as a file's are, a few of them at a time. */
#ifndef W2S_TESTS_PIECES_H
#define W2S_TESTS_PIECES_H

#include "data/table_rows.h"

#include <string.h>

struct pieces {
    const void *data;
    size_t n, step; /* bytes in all, and at a time */
    size_t cut;     /* no piece goes over this offset; 0: none is meant */
    size_t at;
};

static inline int pieces_pull(void *source, void *buf, size_t n, size_t *got, struct err *e)
{
    struct pieces *p = source;
    const size_t end = p->at < p->cut ? p->cut : p->n;
    (void)e;
    *got = end - p->at < n ? end - p->at : n;
    *got = *got < p->step ? *got : p->step;
    if (*got)
        memcpy(buf, (const char *)p->data + p->at, *got);
    p->at += *got;
    return OK;
}

#endif
