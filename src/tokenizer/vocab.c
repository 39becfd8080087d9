#include "tokenizer/vocab.h"
#include "core/mem.h"
#include <string.h>

enum { VOCAB_MAX_ID = 1 << 24 };

void vocab_release(struct vocab *v)
{
    if (!v)
        return;
    str_release(&v->bytes);
    mem_free(v->rows);
    mem_free(v->slots);
    *v = (struct vocab)VOCAB_INIT;
}

static uint64_t bytes_hash(const char *s, size_t n)
{
    uint64_t h = 0x9E3779B97F4A7C15U ^ n, w;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * 0xD6E8FEB86659FD93U;
        h ^= h >> 32;
    }
    w = 0;
    memcpy(&w, s, n);
    h = (h ^ w) * 0xD6E8FEB86659FD93U;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93U;
    return h ^ h >> 29;
}

/* slot_of - the slot that holds the bytes, or the empty one where they would go. */
static size_t slot_of(const struct vocab *v, const char *bytes, size_t n)
{
    size_t mask = v->n_slots - 1, i = (size_t)bytes_hash(bytes, n) & mask;
    while (v->slots[i] >= 0) {
        const struct vocab_row *r = &v->rows[v->slots[i]];
        if (r->len == n && memcmp(v->bytes.s + r->at, bytes, n) == 0)
            break;
        i = (i + 1) & mask;
    }
    return i;
}

static int slots_grow(struct vocab *v, struct err *e)
{
    size_t n = v->n_slots ? 2 * v->n_slots : 1024;
    int32_t *slots = mem_alloc(n, sizeof *slots, e);
    if (!slots)
        return e->code;
    mem_free(v->slots);
    v->slots = slots;
    v->n_slots = n;
    for (size_t i = 0; i < n; i++)
        slots[i] = -1;
    for (size_t id = 0; id < v->n; id++) {
        const struct vocab_row *r = &v->rows[id];
        if (r->findable)
            slots[slot_of(v, v->bytes.s + r->at, r->len)] = (int32_t)id;
    }
    return OK;
}

int vocab_add(struct vocab *v, int64_t id, const char *bytes, size_t n, bool findable,
              struct err *e)
{
    struct vocab_row *r;
    size_t slot = 0;
    int rc = OK;
    if (id < 0 || id > VOCAB_MAX_ID)
        return err_set(e, ERR_INPUT, "\"%.*s\" has the id %lld, wanted 0 to %d",
                       (int)(n < 80 ? n : 80), bytes, (long long)id, VOCAB_MAX_ID);
    if (n > UINT32_MAX / 2)
        return err_set(e, ERR_INPUT, "the token %lld is longer than 2 GiB", (long long)id);
    size_t at = (size_t)id;
    if (at < v->n && v->rows[at].present)
        return err_set(e, ERR_INPUT, "the id %zu is given to \"%.*s\" and to \"%.*s\"", at,
                       (int)v->rows[at].len, v->bytes.s + v->rows[at].at, (int)(n < 80 ? n : 80),
                       bytes);
    if (findable && 2 * (v->n_found + 1) >= v->n_slots)
        rc = slots_grow(v, e);
    if (rc)
        return rc;
    if (findable) {
        slot = slot_of(v, bytes, n);
        if (v->slots[slot] >= 0)
            return err_set(e, ERR_INPUT, "\"%.*s\" stands at the ids %d and %zu",
                           (int)(n < 80 ? n : 80), bytes, (int)v->slots[slot], at);
    }
    rc = mem_grow(&v->rows, &v->cap, at + 1, sizeof *v->rows, e);
    if (rc)
        return rc;
    for (; v->n <= at; v->n++)
        v->rows[v->n] = (struct vocab_row){0, 0, false, false};
    r = &v->rows[at];
    r->at = v->bytes.len;
    str_catn(&v->bytes, bytes, n);
    rc = str_check(&v->bytes, e);
    if (rc)
        return rc;
    r->len = (uint32_t)n;
    r->present = true;
    r->findable = findable;
    v->n_present++;
    if (findable) {
        v->slots[slot] = (int32_t)id;
        v->n_found++;
        if (n > v->longest)
            v->longest = n;
    }
    return OK;
}

int32_t vocab_find(const struct vocab *v, const char *bytes, size_t n)
{
    return v->n_slots == 0 ? -1 : v->slots[slot_of(v, bytes, n)];
}

const char *vocab_bytes(const struct vocab *v, int64_t id, size_t *n)
{
    if (id < 0 || (uint64_t)id >= v->n || !v->rows[id].present)
        return NULL;
    *n = v->rows[id].len;
    return v->bytes.s + v->rows[id].at;
}
