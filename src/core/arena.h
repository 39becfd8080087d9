/* arena.h - many small allocations with one end. */
#ifndef W2S_CORE_ARENA_H
#define W2S_CORE_ARENA_H

#include "core/err.h"

struct arena_block;
struct arena {
    struct arena_block *head;
};
#define ARENA_INIT                                                                                 \
    {                                                                                              \
        NULL                                                                                       \
    }

void *arena_alloc(struct arena *a, size_t n, size_t size,
                  struct err *e); /* 16-byte aligned, zeroed */
char *arena_strdup(struct arena *a, const char *s, struct err *e);
char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *e);
void arena_release(struct arena *a);

#endif
