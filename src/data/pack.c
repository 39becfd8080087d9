/* pack.c - tokens of examples, truncation, packed batches. Lengths come from starts, never from a
 * token's value. */
#include "core/mem.h"
#include "data/pack.h"

#include <stdint.h>
#include <string.h>

struct maker {
    const struct tokenizer *tok;
    size_t max;
    bool bos;
    int32_t bos_id;
    struct token_ids ids; /* of one example */
    struct str bytes;     /* scratch */
    size_t cap;
};

size_t token_set_len(const struct token_set *t, size_t i)
{
    BUG_ON(i >= t->n);
    return t->starts[i + 1] - t->starts[i];
}

void token_set_release(struct token_set *t)
{
    mem_free(t->tokens);
    mem_free(t->starts);
    *t = (struct token_set){.n = 0};
}

/* bos_find - what the tokenizer's own default puts before a text, where that is bos. */
static int bos_find(struct maker *m, struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    int rc = tokenizer_encode_model(m->tok, "", 0, &ids, e);
    m->bos_id = tokenizer_bos(m->tok);
    m->bos = !rc && m->bos_id >= 0 && ids.n > 0 && ids.ids[0] == m->bos_id;
    token_ids_release(&ids);
    return rc;
}

/* long_by_bytes - the tokens [*begin, *end) whose last byte is in the long field. False where the
 * tokens' bytes are not the text's (a tokenizer that changes the text first), so that bytes cannot
 * be counted. */
static int long_by_bytes(struct maker *m, const struct example *x, size_t *begin, size_t *end,
                         bool *exact, struct err *e)
{
    *begin = *end = m->ids.n;
    str_reset(&m->bytes);
    for (size_t i = 0; i < m->ids.n; i++) {
        int rc = tokenizer_decode(m->tok, m->ids.ids[i], false, &m->bytes, e);
        if (rc)
            return rc;
        if (m->bytes.len > x->long_begin && *begin == m->ids.n)
            *begin = i;
        if (m->bytes.len > x->long_end && *end == m->ids.n)
            *end = i;
    }
    *exact = m->bytes.len == x->len && memcmp(m->bytes.s, x->text, x->len) == 0;
    return OK;
}

/* long_by_parts - the text's three parts, each encoded by itself. */
static int long_by_parts(struct maker *m, const struct example *x, size_t *begin, size_t *end,
                         struct err *e)
{
    m->ids.n = 0;
    int rc = tokenizer_encode(m->tok, x->text, x->long_begin, false, &m->ids, e);
    *begin = m->ids.n;
    if (!rc)
        rc = tokenizer_encode(m->tok, x->text + x->long_begin, x->long_end - x->long_begin, false,
                              &m->ids, e);
    *end = m->ids.n;
    return rc ? rc
              : tokenizer_encode(m->tok, x->text + x->long_end, x->len - x->long_end, false,
                                 &m->ids, e);
}

static void ids_cut(struct token_ids *ids, size_t begin, size_t n)
{
    if (!n)
        return;
    memmove(ids->ids + begin, ids->ids + begin + n, (ids->n - begin - n) * sizeof *ids->ids);
    ids->n -= n;
}

/* truncate_left - m->ids down to room tokens. */
static int truncate_left(struct maker *m, const struct example *x, size_t room, struct err *e)
{
    size_t begin, end;
    bool exact;
    int rc = long_by_bytes(m, x, &begin, &end, &exact, e);
    if (!rc && !exact)
        rc = long_by_parts(m, x, &begin, &end, e);
    if (rc || m->ids.n <= room)
        return rc;
    size_t over = m->ids.n - room;
    size_t of_long = over < end - begin ? over : end - begin;
    ids_cut(&m->ids, begin, of_long);
    ids_cut(&m->ids, 0, over - of_long);
    return OK;
}

static int example_encode(struct maker *m, const struct example *x, size_t *lost, struct err *e)
{
    m->ids.n = 0;
    int rc = tokenizer_encode(m->tok, x->text, x->len, false, &m->ids, e);
    if (!rc && !m->ids.n)
        rc = err_set(e, ERR_INPUT, "%s: the text becomes no token", x->source);
    size_t whole = m->ids.n, room = m->max - m->bos;
    if (!rc && whole > room)
        rc = truncate_left(m, x, room, e);
    *lost = whole > m->ids.n ? whole - m->ids.n : 0;
    return rc;
}

static int example_add(struct token_set *t, struct maker *m, const struct example *x, struct err *e)
{
    size_t lost, at = t->starts[t->n];
    int rc = example_encode(m, x, &lost, e);
    size_t len = m->ids.n + m->bos;
    if (!rc)
        rc = mem_grow(&t->tokens, &m->cap, at + len, sizeof *t->tokens, e);
    if (rc)
        return rc;
    if (m->bos)
        t->tokens[at] = m->bos_id;
    memcpy(t->tokens + at + m->bos, m->ids.ids, m->ids.n * sizeof *m->ids.ids);
    t->starts[++t->n] = at + len;
    t->truncated += lost > 0;
    t->lost += lost;
    t->longest = len > t->longest ? len : t->longest;
    return OK;
}

int token_set_make(struct token_set *t, const struct example *x, size_t n,
                   const struct tokenizer *tok, size_t max_tokens, struct err *e)
{
    struct maker m = {.tok = tok, .max = max_tokens, .bytes = STR_INIT};
    *t = (struct token_set){.n = 0};
    BUG_ON(max_tokens == 0);
    t->starts = mem_zalloc(n + 1, sizeof *t->starts, e);
    int rc = t->starts ? bos_find(&m, e) : e->code;
    if (!rc && m.bos && max_tokens < 2)
        rc = err_set(
            e, ERR_INPUT,
            "max_tokens is 1, wanted at least 2: this tokenizer puts a token before every text");
    for (size_t i = 0; !rc && i < n; i++)
        rc = example_add(t, &m, &x[i], e);
    token_ids_release(&m.ids);
    str_release(&m.bytes);
    if (rc)
        token_set_release(t);
    return rc;
}

void packer_init(struct packer *p)
{
    *p = (struct packer){.tokens = NULL};
}

void packer_release(struct packer *p)
{
    mem_free(p->tokens);
    mem_free(p->starts);
    packer_init(p);
}

int packer_fill(struct packer *p, const struct token_set *t, const size_t *index, size_t n,
                struct err *e)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += token_set_len(t, index[i]);
    if (total > INT32_MAX || n >= INT32_MAX)
        return err_set(e, ERR_NOMEM, "a batch of %zu tokens; at most %d fit into one", total,
                       INT32_MAX);
    int rc = mem_grow(&p->tokens, &p->cap_tokens, total, sizeof *p->tokens, e);
    if (!rc)
        rc = mem_grow(&p->starts, &p->cap_seqs, n + 1, sizeof *p->starts, e);
    if (rc)
        return rc;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = token_set_len(t, index[i]);
        p->starts[i] = (int32_t)at;
        memcpy(p->tokens + at, t->tokens + t->starts[index[i]], len * sizeof *p->tokens);
        at += len;
    }
    p->starts[n] = (int32_t)at;
    p->batch =
        (struct batch){.n_tokens = total, .n_seqs = n, .tokens = p->tokens, .starts = p->starts};
    return OK;
}

int pack_split(const struct token_set *t, const size_t *index, size_t n, size_t budget,
               size_t **ends, size_t *count, struct err *e)
{
    size_t runs = 0, tokens = 0;
    *ends = mem_alloc(n, sizeof **ends, e);
    *count = 0;
    if (!*ends)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        size_t len = token_set_len(t, index[i]);
        if (!runs || tokens + len > budget) {
            runs++;
            tokens = 0;
        }
        tokens += len;
        (*ends)[runs - 1] = i + 1;
    }
    *count = runs;
    return OK;
}
