#include "tokenizer/bpe.h"
#include "core/mem.h"
#include "tokenizer/text.h"

#include <string.h>

#define SPACE_SIGN     "\xE2\x96\x81" /* U+2581 */
#define SPACE_SIGN_LEN 3

enum { WHOLE_UNKNOWN, WHOLE_YES, WHOLE_NO };
enum { SYMBOL_GONE = -2 };

void bpe_init(struct bpe *b)
{
    *b = (struct bpe){.vocab = VOCAB_INIT, .unk = -1};
    for (size_t i = 0; i < 256; i++)
        b->byte_id[i] = -1;
}

void bpe_release(struct bpe *b)
{
    if (!b)
        return;
    vocab_release(&b->vocab);
    mem_free(b->merges);
    mem_free((void *)b->whole);
    bpe_init(b);
}

void bpe_work_release(struct bpe_work *w)
{
    mem_free(w->symbols);
    mem_free(w->heap);
    *w = (struct bpe_work){0};
}

int token_ids_add(struct token_ids *ids, int32_t id, struct err *e)
{
    if (ids->n == ids->cap) {
        int rc = mem_grow(&ids->ids, &ids->cap, ids->n + 1, sizeof *ids->ids, e);
        if (rc)
            return rc;
    }
    ids->ids[ids->n++] = id;
    return OK;
}

static size_t pair_slot(const struct bpe_merge *merges, size_t n_slots, int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15U;
    size_t mask = n_slots - 1, i = (size_t)(h ^ h >> 32) & mask;
    while (merges[i].left >= 0 && (merges[i].left != left || merges[i].right != right))
        i = (i + 1) & mask;
    return i;
}

/* pair_find - the merge of two neighbours, NULL where they do not join. */
static const struct bpe_merge *pair_find(const struct bpe *b, int32_t left, int32_t right)
{
    if (b->n_slots == 0)
        return NULL;
    const struct bpe_merge *m = &b->merges[pair_slot(b->merges, b->n_slots, left, right)];
    return m->left < 0 ? NULL : m;
}

int bpe_merge_add(struct bpe *b, int32_t left, int32_t right, int32_t joined, struct err *e)
{
    if (b->n_merges >= UINT32_MAX - 1)
        return err_set(e, ERR_INPUT, "more than 2^32 merges");
    if (2 * (b->n_merges + 1) >= b->n_slots) {
        size_t n = b->n_slots ? 2 * b->n_slots : 1024;
        struct bpe_merge *merges = mem_alloc(n, sizeof *merges, e);
        if (!merges)
            return e->code;
        for (size_t i = 0; i < n; i++)
            merges[i].left = -1;
        for (size_t i = 0; i < b->n_slots; i++) {
            const struct bpe_merge *m = &b->merges[i];
            if (m->left >= 0)
                merges[pair_slot(merges, n, m->left, m->right)] = *m;
        }
        mem_free(b->merges);
        b->merges = merges;
        b->n_slots = n;
    }
    b->merges[pair_slot(b->merges, b->n_slots, left, right)] =
        (struct bpe_merge){left, right, (uint32_t)b->n_merges, joined};
    b->n_merges++;
    return OK;
}

/* run_begins - where in s[0..n), after its first byte, the next run of space signs begins; n: none.
 */
static size_t run_begins(const char *s, size_t n)
{
    for (size_t i = 1; i + SPACE_SIGN_LEN <= n; i++) {
        const char *c = memchr(s + i, SPACE_SIGN[0], n - i);
        if (!c)
            return n;
        i = (size_t)(c - s);
        if (i + SPACE_SIGN_LEN <= n && memcmp(c, SPACE_SIGN, SPACE_SIGN_LEN) == 0 &&
            (i < SPACE_SIGN_LEN || memcmp(c - SPACE_SIGN_LEN, SPACE_SIGN, SPACE_SIGN_LEN) != 0))
            return i;
    }
    return n;
}

/* runs_apart - that the sign is a token keeps unknown characters on its sides from becoming one; a
 * word that is a token whatever its merges say must be asked for as a whole. */
static bool runs_apart(const struct bpe *b)
{
    if (b->bytes || b->ignore_merges || vocab_find(&b->vocab, SPACE_SIGN, SPACE_SIGN_LEN) < 0)
        return false;
    for (size_t i = 0; i < b->n_slots; i++) {
        size_t n;
        const char *s =
            b->merges[i].left < 0 ? NULL : vocab_bytes(&b->vocab, b->merges[i].joined, &n);
        if (s && run_begins(s, n) < n)
            return false;
    }
    return true;
}

int bpe_finish(struct bpe *b, struct err *e)
{
    b->apart = runs_apart(b);
    b->whole = mem_alloc(b->vocab.n, sizeof *b->whole, e);
    if (!b->whole)
        return e->code;
    for (size_t i = 0; i < b->vocab.n; i++)
        atomic_init(&b->whole[i], WHOLE_UNKNOWN);
    for (unsigned i = 0; i < 256; i++) {
        if (b->bytes) {
            char c = (char)i;
            b->byte_id[i] = vocab_find(&b->vocab, &c, 1);
        } else if (b->byte_fallback) {
            static const char hex[] = "0123456789ABCDEF";
            char name[6] = {'<', '0', 'x', hex[i >> 4], hex[i & 15], '>'};
            b->byte_id[i] = vocab_find(&b->vocab, name, sizeof name);
        }
    }
    return OK;
}

static int symbol_add(struct bpe_work *w, int32_t id, struct err *e)
{
    int32_t at = (int32_t)w->n_symbols;
    if (w->n_symbols == w->cap_symbols) {
        int rc = mem_grow(&w->symbols, &w->cap_symbols, w->n_symbols + 1, sizeof *w->symbols, e);
        if (rc)
            return rc;
    }
    if (at > 0)
        w->symbols[at - 1].next = at;
    w->symbols[at] = (struct bpe_symbol){id, at - 1, -1};
    w->n_symbols++;
    return OK;
}

/* symbols_fill - the first symbols of a word. What is unknown waits until the next known symbol, so
 * that neighbours can become one. */
static int symbols_fill(const struct bpe *b, struct bpe_work *w, const char *word, size_t n,
                        struct err *e)
{
    bool waiting = false;
    int rc = OK;
    w->n_symbols = 0;
    for (size_t i = 0; i < n && rc == OK;) {
        const unsigned char *u = (const unsigned char *)word + i;
        uint32_t cp;
        size_t len = b->bytes ? 1 : text_next(word + i, &cp);
        int32_t id = b->bytes ? b->byte_id[*u] : vocab_find(&b->vocab, word + i, len);
        i += len;
        if (id >= 0) {
            if (waiting)
                rc = symbol_add(w, b->unk, e);
            waiting = false;
            if (rc == OK)
                rc = symbol_add(w, id, e);
            continue;
        }
        if (b->byte_fallback && !b->bytes) {
            bool all = true;
            for (size_t k = 0; k < len; k++)
                all = all && b->byte_id[u[k]] >= 0;
            for (size_t k = 0; k < len && all && rc == OK; k++)
                rc = symbol_add(w, b->byte_id[u[k]], e);
            if (all)
                continue;
        }
        if (b->unk >= 0) {
            if (waiting && !b->fuse_unk)
                rc = symbol_add(w, b->unk, e);
            waiting = true;
        }
    }
    if (waiting && rc == OK)
        rc = symbol_add(w, b->unk, e);
    return rc;
}

static int heap_push(struct bpe_work *w, const struct bpe_merge *m, size_t at, struct err *e)
{
    struct bpe_joint j = {(uint64_t)m->rank << 32 | at, m->joined};
    size_t i = w->n_heap;
    if (i == w->cap_heap) {
        int rc = mem_grow(&w->heap, &w->cap_heap, i + 1, sizeof *w->heap, e);
        if (rc)
            return rc;
    }
    w->n_heap++;
    for (; i > 0 && w->heap[(i - 1) / 2].key > j.key; i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = j;
    return OK;
}

static struct bpe_joint heap_pop(struct bpe_work *w)
{
    struct bpe_joint top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0, child;
    for (; (child = 2 * i + 1) < w->n_heap; i = child) {
        if (child + 1 < w->n_heap && w->heap[child + 1].key < w->heap[child].key)
            child++;
        if (w->heap[child].key >= last.key)
            break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return top;
}

static int pair_push(const struct bpe *b, struct bpe_work *w, int32_t at, struct err *e)
{
    const struct bpe_symbol *s = &w->symbols[at];
    const struct bpe_merge *m = pair_find(b, s->id, w->symbols[s->next].id);
    return m ? heap_push(w, m, (size_t)at, e) : OK;
}

/* symbols_join - every joint, lowest rank first. A joint whose pair has changed since is passed
 * over, unless the new pair joins to the same token: then it is taken at the old rank, as
 * tokenizers does (vocabularies with several ways to one token show it). */
static int symbols_join(const struct bpe *b, struct bpe_work *w, struct err *e)
{
    int rc = OK;
    w->n_heap = 0;
    for (size_t i = 0; i + 1 < w->n_symbols && rc == OK; i++)
        rc = pair_push(b, w, (int32_t)i, e);
    while (w->n_heap > 0 && rc == OK) {
        struct bpe_joint j = heap_pop(w);
        int32_t at = (int32_t)(j.key & 0xFFFFFFFFU);
        struct bpe_symbol *left = &w->symbols[at];
        if (left->next < 0)
            continue;
        struct bpe_symbol *right = &w->symbols[left->next];
        const struct bpe_merge *m = pair_find(b, left->id, right->id);
        if (!m || m->joined != j.joined)
            continue;
        left->id = j.joined;
        left->next = right->next;
        right->next = SYMBOL_GONE;
        if (left->next >= 0)
            w->symbols[left->next].prev = at;
        if (left->prev >= 0)
            rc = pair_push(b, w, left->prev, e);
        if (left->next >= 0 && rc == OK)
            rc = pair_push(b, w, at, e);
    }
    return rc;
}

/* part_encode - one word, n > 0, or a part of it that nothing joins to the others. */
static int part_encode(const struct bpe *b, struct bpe_work *w, const char *word, size_t n,
                       struct token_ids *ids, struct err *e)
{
    int32_t token = -1;
    int rc;
    if (n <= b->vocab.longest)
        token = vocab_find(&b->vocab, word, n);
    if (token >= 0 && (b->ignore_merges ||
                       atomic_load_explicit(&b->whole[token], memory_order_relaxed) == WHOLE_YES))
        return token_ids_add(ids, token, e);
    rc = symbols_fill(b, w, word, n, e);
    if (rc == OK)
        rc = symbols_join(b, w, e);
    if (rc)
        return rc;
    if (token >= 0)
        atomic_store_explicit(
            &b->whole[token],
            w->n_symbols > 0 && w->symbols[0].id == token && w->symbols[0].next == -1 ? WHOLE_YES
                                                                                      : WHOLE_NO,
            memory_order_relaxed);
    for (int32_t i = w->n_symbols > 0 ? 0 : -1; i >= 0 && rc == OK; i = w->symbols[i].next)
        rc = token_ids_add(ids, w->symbols[i].id, e);
    return rc;
}

int bpe_word(const struct bpe *b, struct bpe_work *w, const char *word, size_t n,
             struct token_ids *ids, struct err *e)
{
    int rc = OK;
    for (size_t i = 0, part; i < n && rc == OK; i += part) {
        part = b->apart ? run_begins(word + i, n - i) : n;
        rc = part_encode(b, w, word + i, part, ids, e);
    }
    return rc;
}
