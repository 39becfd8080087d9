/* pack.c - tokens of examples, truncation, packed batches. Lengths come from starts, never from a
 * token's value. */
#include "core/mem.h"
#include "data/pack.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One tokenizer as it reads examples: whether it puts a token before each. */
struct reader {
    const struct tokenizer *tok;
    bool bos;
    int32_t bos_id;
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

/* reader_init - bos is what the tokenizer's own default call puts before a text. */
static int reader_init(struct reader *r, const struct tokenizer *tok, struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    int rc = tokenizer_encode_model(tok, "", 0, &ids, e);
    *r = (struct reader){tok, false, tokenizer_bos(tok)};
    r->bos = !rc && r->bos_id >= 0 && ids.n > 0 && ids.ids[0] == r->bos_id;
    token_ids_release(&ids);
    return rc;
}

static int example_add(struct token_set *t, size_t *cap, const struct reader *r,
                       struct token_ids *ids, const struct example *x, struct err *e)
{
    size_t at = t->starts[t->n];
    ids->n = 0;
    int rc = tokenizer_encode(r->tok, x->text, x->len, false, ids, e);
    if (!rc && !ids->n)
        rc = err_set(e, ERR_INPUT, "%s: the text becomes no token", x->source);
    size_t len = ids->n + r->bos;
    if (!rc)
        rc = mem_grow(&t->tokens, cap, at + len, sizeof *t->tokens, e);
    if (rc)
        return rc;
    if (r->bos)
        t->tokens[at] = r->bos_id;
    memcpy(t->tokens + at + r->bos, ids->ids, ids->n * sizeof *ids->ids);
    t->starts[++t->n] = at + len;
    t->longest = len > t->longest ? len : t->longest;
    return OK;
}

int token_set_make(struct token_set *t, const struct example *x, size_t n,
                   const struct tokenizer *tok, struct err *e)
{
    struct reader r;
    struct token_ids ids = {NULL, 0, 0};
    size_t cap = 0;
    *t = (struct token_set){.n = 0};
    t->starts = mem_zalloc(n + 1, sizeof *t->starts, e);
    int rc = t->starts ? reader_init(&r, tok, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        rc = example_add(t, &cap, &r, &ids, &x[i], e);
    token_ids_release(&ids);
    if (rc)
        token_set_release(t);
    return rc;
}

/* A text that is being cut, and what is left of its long field: bytes [begin, end). */
struct cutter {
    const struct reader *readers;
    size_t n_readers, max;
    struct str text;
    size_t begin, end;
    struct token_ids ids; /* of the text, by one reader */
    struct str bytes;     /* scratch */
};

/* tokens_cut - the byte behind the over-th token whose last byte is in [b, e), at most e. False
 * where the tokens' bytes are not the text's (a tokenizer that changes the text first). */
static int tokens_cut(struct cutter *c, const struct tokenizer *tok, size_t over, size_t b,
                      size_t end, size_t *at, bool *exact, struct err *e)
{
    *at = end;
    str_reset(&c->bytes);
    for (size_t i = 0; i < c->ids.n; i++) {
        int rc = tokenizer_decode(tok, c->ids.ids[i], false, &c->bytes, e);
        if (rc)
            return rc;
        if (over && c->bytes.len > b && c->bytes.len <= end && --over == 0)
            *at = c->bytes.len;
    }
    *exact = c->bytes.len == c->text.len && memcmp(c->bytes.s, c->text.s, c->text.len) == 0;
    return OK;
}

/* part_cut - where bytes cannot be told: half of the part of [b, e) that so many tokens are of it,
 * so that what is cut in several rounds is hardly more than has to be. */
static int part_cut(struct cutter *c, const struct tokenizer *tok, size_t over, size_t b,
                    size_t end, size_t *at, struct err *e)
{
    c->ids.n = 0;
    int rc = tokenizer_encode(tok, c->text.s + b, end - b, false, &c->ids, e);
    double share = c->ids.n > over ? (double)over / (double)c->ids.n : 1;
    size_t half = (size_t)((double)(end - b) * share / 2);
    *at = b + (half ? half : 1);
    return rc;
}

/* reader_cut - *at: up to where [b, e) has to go for this reader; b where nothing has to. */
static int reader_cut(struct cutter *c, const struct reader *r, size_t b, size_t end, size_t *at,
                      struct err *e)
{
    bool exact;
    *at = b;
    c->ids.n = 0;
    int rc = tokenizer_encode(r->tok, c->text.s, c->text.len, false, &c->ids, e);
    size_t room = c->max - r->bos;
    if (rc || c->ids.n <= room)
        return rc;
    size_t over = c->ids.n - room;
    rc = tokens_cut(c, r->tok, over, b, end, at, &exact, e);
    return rc || exact ? rc : part_cut(c, r->tok, over, b, end, at, e);
}

/* text_cut - one round: the largest cut that any reader needs, made whole code points and, as at
 * the beginning of every field, without white space. *done: none needs any. */
static int text_cut(struct cutter *c, bool *done, struct err *e)
{
    bool whole = c->begin == c->end;
    size_t b = whole ? 0 : c->begin, end = whole ? c->text.len : c->end, most = b;
    for (size_t i = 0; i < c->n_readers; i++) {
        size_t at;
        int rc = reader_cut(c, &c->readers[i], b, end, &at, e);
        if (rc)
            return rc;
        most = at > most ? at : most;
    }
    *done = most == b;
    if (*done)
        return OK;
    const unsigned char *s = (const unsigned char *)c->text.s;
    while (most < end && ((s[most] & 0xC0) == 0x80 || isspace(s[most])))
        most++;
    memmove(c->text.s + b, c->text.s + most, c->text.len - most + 1);
    c->text.len -= most - b;
    c->end = c->end > most ? c->end - (most - b) : b;
    c->begin = c->begin > most ? c->begin - (most - b) : c->begin > b ? b : c->begin;
    return OK;
}

static size_t code_points(const char *s, size_t n)
{
    size_t points = 0;
    for (size_t i = 0; i < n; i++)
        points += ((unsigned char)s[i] & 0xC0) != 0x80;
    return points;
}

static int example_cut(struct dataset *d, int part, struct example *x, struct cutter *c,
                       struct err *e)
{
    bool done = false;
    str_reset(&c->text);
    str_catn(&c->text, x->text, x->len);
    c->begin = x->long_begin;
    c->end = x->long_end;
    int rc = str_check(&c->text, e);
    while (!rc && !done && c->text.len)
        rc = text_cut(c, &done, e);
    if (rc || c->text.len == x->len)
        return rc;
    if (!c->text.len)
        return err_set(e, ERR_INPUT, "%s: no character of the text fits into %zu tokens", x->source,
                       c->max);
    char *kept = arena_strndup(&d->arena, c->text.s, c->text.len, e);
    if (!kept)
        return e->code;
    d->cut[part]++;
    d->cut_chars[part] += code_points(x->text, x->len) - code_points(kept, c->text.len);
    x->text = kept;
    x->len = c->text.len;
    x->long_begin = c->begin;
    x->long_end = c->end;
    return OK;
}

struct sighting {
    const char *text;
    int part;
};

static int by_text(const void *pa, const void *pb)
{
    const struct sighting *a = pa, *b = pb;
    return strcmp(a->text, b->text);
}

int texts_equal(const struct dataset *d, const char *const *text, size_t repeated[PART_COUNT],
                size_t shared[PART_COUNT], struct err *e)
{
    size_t n = 0;
    for (int p = 0; p < PART_COUNT; p++) {
        n += d->n[p];
        repeated[p] = shared[p] = 0;
    }
    struct sighting *s = mem_alloc(n, sizeof *s, e);
    if (!s)
        return e->code;
    n = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d->n[p]; i++, n++)
            s[n] = (struct sighting){text ? text[n] : d->part[p][i].text, p};
    qsort(s, n, sizeof *s, by_text);
    for (size_t begin = 0, end; begin < n; begin = end) {
        size_t of[PART_COUNT] = {0};
        for (end = begin; end < n && strcmp(s[end].text, s[begin].text) == 0; end++)
            of[s[end].part]++;
        for (int p = 0; p < PART_COUNT; p++) {
            repeated[p] += of[p] > 1 ? of[p] : 0;
            shared[p] += of[p] < end - begin ? of[p] : 0;
        }
    }
    mem_free(s);
    return OK;
}

int dataset_cut(struct dataset *d, const struct tokenizer *const *tok, size_t n, size_t max_tokens,
                struct err *e)
{
    struct cutter c = {.n_readers = n, .max = max_tokens, .text = STR_INIT, .bytes = STR_INIT};
    struct reader *readers = mem_zalloc(n, sizeof *readers, e);
    BUG_ON(max_tokens == 0);
    int rc = readers ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = reader_init(&readers[i], tok[i], e);
        if (!rc && readers[i].bos && max_tokens < 2)
            rc = err_set(e, ERR_INPUT,
                         "max_tokens is 1, wanted at least 2: a tokenizer puts a token before "
                         "every text");
    }
    c.readers = readers;
    for (int part = 0; part < PART_COUNT; part++) {
        d->cut[part] = d->cut_chars[part] = 0;
        for (size_t i = 0; !rc && i < d->n[part]; i++)
            rc = example_cut(d, part, &d->part[part][i], &c, e);
    }
    d->max_tokens = max_tokens;
    if (!rc)
        rc = texts_equal(d, NULL, d->repeated, d->shared, e);
    mem_free(readers);
    token_ids_release(&c.ids);
    str_release(&c.text);
    str_release(&c.bytes);
    return rc ? rc : dataset_hash(d, e);
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
