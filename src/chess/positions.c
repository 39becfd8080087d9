/* positions.c - open addressing, at most half full. */
#include "chess/positions.h"
#include "core/hash.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

void positions_release(struct positions *p)
{
    mem_free(p->slots);
    *p = (struct positions){0};
}

static int key_of(const struct board *b, uint64_t *key, struct err *e)
{
    char text[FEN_MAX], sum[HASH_HEX];
    board_write_compact(b, text);
    int rc = hash_bytes(text, strlen(text), sum, e);
    if (rc)
        return rc;
    sum[16] = '\0';
    *key = strtoull(sum, NULL, 16);
    *key += !*key; /* 0 is a free slot */
    return OK;
}

/* slot_of - where key is, or would be; cap is a power of two and a slot is free. */
static size_t slot_of(const uint64_t *slots, size_t cap, uint64_t key)
{
    size_t at = (size_t)key & (cap - 1);
    while (slots[at] && slots[at] != key)
        at = (at + 1) & (cap - 1);
    return at;
}

int positions_add(struct positions *p, const struct board *b, bool *fresh, struct err *e)
{
    uint64_t key;
    int rc = key_of(b, &key, e);
    if (rc)
        return rc;
    if (2 * p->n >= p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 1024;
        uint64_t *slots = mem_zalloc(cap, sizeof *slots, e);
        if (!slots)
            return e->code;
        for (size_t i = 0; i < p->cap; i++)
            if (p->slots[i])
                slots[slot_of(slots, cap, p->slots[i])] = p->slots[i];
        mem_free(p->slots);
        p->slots = slots;
        p->cap = cap;
    }
    uint64_t *slot = &p->slots[slot_of(p->slots, p->cap, key)];
    bool is_new = !*slot;
    p->n += is_new;
    *slot = key;
    if (fresh)
        *fresh = is_new;
    return OK;
}

int positions_has(const struct positions *p, const struct board *b, bool *there, struct err *e)
{
    uint64_t key;
    int rc = p->cap ? key_of(b, &key, e) : OK;
    *there = !rc && p->cap && p->slots[slot_of(p->slots, p->cap, key)];
    return rc;
}
