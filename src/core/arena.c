/* arena.c - blocks that double, freed together. */
#include "core/arena.h"
#include "core/mem.h"

#include <stdint.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

void *arena_alloc(struct arena *a, size_t n, size_t size, struct err *e)
{
    size_t bytes;
    if (!size_mul(n, size, &bytes) || bytes > SIZE_MAX - 4096)
        return mem_alloc(n, size, e); /* writes the sentence */
    bytes = (bytes + 15) / 16 * 16;
    struct arena_block *b = a->head;
    if (!b || b->size - b->used < bytes) {
        size_t room = b ? (b->size < (1u << 20) ? b->size * 2 : b->size) : 4000;
        room = room < bytes ? bytes : room;
        b = mem_alloc(1, sizeof *b + room, e);
        if (!b)
            return NULL;
        b->used = 0;
        b->size = room;
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += bytes;
    memset(p, 0, bytes);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *e)
{
    char *p = arena_alloc(a, n + 1, 1, e);
    if (p)
        memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s, struct err *e)
{
    return arena_strndup(a, s, strlen(s), e);
}

void arena_release(struct arena *a)
{
    while (a->head) {
        struct arena_block *next = a->head->next;
        mem_free(a->head);
        a->head = next;
    }
}
