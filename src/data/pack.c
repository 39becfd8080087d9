/* pack.c - tokens of examples, truncation, packed batches. Lengths come from starts, never from a
 * token's value. */
#include "core/mem.h"
#include "data/alternatives.h"
#include "data/answer.h"

#include <ctype.h>
#include <math.h>
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
    return t->starts[(i + 1) * t->per] - t->starts[i * t->per];
}

size_t token_set_total(const struct token_set *t)
{
    return t->starts[t->n * t->per];
}

void token_set_release(struct token_set *t)
{
    mem_free(t->tokens);
    mem_free(t->starts);
    mem_free(t->answer_at);
    *t = (struct token_set){.per = 1};
}

int token_set_bos(const struct tokenizer *tok, int32_t *bos, struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    int rc = tokenizer_encode_model(tok, "", 0, &ids, e);
    *bos = tokenizer_bos(tok);
    if (rc || ids.n == 0 || ids.ids[0] != *bos)
        *bos = -1;
    token_ids_release(&ids);
    return rc;
}

static int reader_init(struct reader *r, const struct tokenizer *tok, struct err *e)
{
    int rc = token_set_bos(tok, &r->bos_id, e);
    r->tok = tok;
    r->bos = r->bos_id >= 0;
    return rc;
}

/* sequence_add - the s-th of the set. */
static int sequence_add(struct token_set *t, size_t s, size_t *cap, const struct reader *r,
                        struct token_ids *ids, const char *text, size_t n, const char *source,
                        struct err *e)
{
    size_t at = t->starts[s];
    ids->n = 0;
    int rc = tokenizer_encode(r->tok, text, n, false, ids, e);
    if (!rc && !ids->n)
        rc = err_set(e, ERR_INPUT, "%s: the text becomes no token", source);
    size_t len = ids->n + r->bos;
    if (!rc)
        rc = mem_grow(&t->tokens, cap, at + len, sizeof *t->tokens, e);
    if (rc)
        return rc;
    if (r->bos)
        t->tokens[at] = r->bos_id;
    memcpy(t->tokens + at + r->bos, ids->ids, ids->n * sizeof *ids->ids);
    t->starts[s + 1] = at + len;
    t->longest = len > t->longest ? len : t->longest;
    return OK;
}

static int example_add(struct token_set *t, size_t *cap, const struct reader *r,
                       struct token_ids *ids, const struct example *x, struct err *e)
{
    int rc = OK;
    BUG_ON(t->per != (x->n_alternatives ? x->n_alternatives : 1));
    for (size_t k = 0; !rc && k < t->per; k++) {
        const char *text = x->alternatives ? x->alternatives[k].text : x->text;
        rc = sequence_add(t, t->n * t->per + k, cap, r, ids, text,
                          x->alternatives ? x->alternatives[k].len : x->len, x->source, e);
    }
    t->n += !rc;
    return rc;
}

int token_set_make(struct token_set *t, const struct example *x, size_t n,
                   const struct tokenizer *tok, struct err *e)
{
    struct reader r;
    struct token_ids ids = {NULL, 0, 0};
    size_t cap = 0;
    size_t seqs;
    *t = (struct token_set){.per = n && x[0].n_alternatives ? x[0].n_alternatives : 1};
    if (size_mul(n, t->per, &seqs) && size_add(seqs, 1, &seqs))
        t->starts = mem_zalloc(seqs, sizeof *t->starts, e);
    int rc = t->starts ? reader_init(&r, tok, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        rc = example_add(t, &cap, &r, &ids, &x[i], e);
    token_ids_release(&ids);
    if (rc)
        token_set_release(t);
    return rc;
}

/* A text that is being cut, and what is left of its long field: bytes [begin, end). */
struct shears {
    struct str text;
    size_t begin, end;
    size_t first, last; /* bytes at its beginning and end that all texts of an example have */
    size_t upto;        /* of this round: what is cut ends here */
};

struct cutter {
    const struct reader *readers;
    size_t n_readers, max;
    struct shears *texts; /* of an example */
    size_t n, cap;
    struct token_ids ids; /* of a text, by one reader */
    struct str bytes;     /* scratch */
};

/* tokens_cut - the byte behind the over-th token whose last byte is in [b, e), at most e. False
 * where the tokens' bytes are not the text's (a tokenizer that changes the text first). */
static int tokens_cut(struct cutter *c, const struct str *text, const struct tokenizer *tok,
                      size_t over, size_t b, size_t end, size_t *at, bool *exact, struct err *e)
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
    *exact = c->bytes.len == text->len && memcmp(c->bytes.s, text->s, text->len) == 0;
    return OK;
}

/* part_cut - where bytes cannot be told: half of the part of [b, e) that so many tokens are of it,
 * so that what is cut in several rounds is hardly more than has to be. */
static int part_cut(struct cutter *c, const struct str *text, const struct tokenizer *tok,
                    size_t over, size_t b, size_t end, size_t *at, struct err *e)
{
    c->ids.n = 0;
    int rc = tokenizer_encode(tok, text->s + b, end - b, false, &c->ids, e);
    double share = c->ids.n > over ? (double)over / (double)c->ids.n : 1;
    size_t half = (size_t)((double)(end - b) * share / 2);
    *at = b + (half ? half : 1);
    return rc;
}

/* reader_cut - *at: up to where [b, e) has to go for this reader; b where nothing has to. */
static int reader_cut(struct cutter *c, const struct str *text, const struct reader *r, size_t b,
                      size_t end, size_t *at, struct err *e)
{
    bool exact;
    *at = b;
    c->ids.n = 0;
    int rc = tokenizer_encode(r->tok, text->s, text->len, false, &c->ids, e);
    size_t room = c->max - r->bos;
    if (rc || c->ids.n <= room)
        return rc;
    size_t over = c->ids.n - room;
    rc = tokens_cut(c, text, r->tok, over, b, end, at, &exact, e);
    return rc || exact ? rc : part_cut(c, text, r->tok, over, b, end, at, e);
}

/* shears_span - where a text is cut next: what its long field shares with those of the example's
 * other texts, at the beginning, then at the end, then the field, or all of the text once that is
 * used up. */
static void shears_span(const struct shears *t, size_t *b, size_t *end)
{
    bool whole = t->begin == t->end;
    *b = whole ? 0 : t->begin;
    *end = whole ? t->text.len : t->end;
    if (t->first)
        *end = t->begin + t->first;
    else if (t->last)
        *b = t->end - t->last;
}

/* shears_look - t->upto: the largest cut that any reader needs; the span's beginning where none
 * does. */
static int shears_look(struct cutter *c, struct shears *t, struct err *e)
{
    size_t b, end, at;
    shears_span(t, &b, &end);
    t->upto = b;
    for (size_t i = 0; i < c->n_readers; i++) {
        int rc = reader_cut(c, &t->text, &c->readers[i], b, end, &at, e);
        if (rc)
            return rc;
        t->upto = at > t->upto ? at : t->upto;
    }
    return OK;
}

/* shears_cut - up to t->upto, made whole code points and, as at the beginning of every field,
 * without white space. */
static void shears_cut(struct shears *t)
{
    size_t b, end, most = t->upto;
    const unsigned char *s = (const unsigned char *)t->text.s;
    shears_span(t, &b, &end);
    if (most == b)
        return;
    while (most < end && ((s[most] & 0xC0) == 0x80 || isspace(s[most])))
        most++;
    if (t->first)
        t->first -= most - b;
    else if (t->last)
        t->last -= most - b;
    memmove(t->text.s + b, t->text.s + most, t->text.len - most + 1);
    t->text.len -= most - b;
    t->end = t->end > most ? t->end - (most - b) : b;
    t->begin = t->begin > most ? t->begin - (most - b) : t->begin > b ? b : t->begin;
}

/* texts_alike - whether all texts of an example are the same up to their long fields. */
static bool texts_alike(const struct cutter *c)
{
    const struct shears *a = &c->texts[0];
    bool same = c->n > 1 && a->begin < a->end;
    for (size_t k = 1; same && k < c->n; k++) {
        const struct shears *b = &c->texts[k];
        same = a->begin == b->begin && b->begin < b->end &&
               memcmp(a->text.s, b->text.s, a->begin) == 0;
    }
    return same;
}

/* texts_joint - whether they have one long field, too: then they lose the same of it, as they do of
 * what their long fields share. */
static bool texts_joint(const struct cutter *c)
{
    const struct shears *a = &c->texts[0];
    bool same = texts_alike(c);
    for (size_t k = 1; same && k < c->n; k++)
        same = a->end == c->texts[k].end && memcmp(a->text.s, c->texts[k].text.s, a->end) == 0;
    return same;
}

/* words_shared - of n bytes that texts share at their beginning (or end) so many as are whole
 * words; 0: hardly any. */
static size_t words_shared(const char *s, size_t n, bool beginning)
{
    enum { LEAST = 16 };
    if (beginning)
        while (n && !isspace((unsigned char)s[n - 1]))
            n--;
    else
        while (n && !isspace((unsigned char)*s))
            s++, n--;
    while (n && !beginning && isspace((unsigned char)*s))
        s++, n--;
    return n < LEAST ? 0 : n;
}

/* texts_share - the words that all long fields begin and end with: candidates keep what differs. */
static void texts_share(struct cutter *c)
{
    const struct shears *a = &c->texts[0];
    size_t n = a->end - a->begin, first = 0, last = 0;
    if (!texts_alike(c) || texts_joint(c))
        return;
    for (size_t k = 1; k < c->n; k++)
        n = c->texts[k].end - c->texts[k].begin < n ? c->texts[k].end - c->texts[k].begin : n;
    for (bool same = true; same && first < n; first += same)
        for (size_t k = 1; same && k < c->n; k++)
            same = c->texts[k].text.s[a->begin + first] == a->text.s[a->begin + first];
    for (bool same = true; same && first + last < n; last += same)
        for (size_t k = 1; same && k < c->n; k++)
            same = c->texts[k].text.s[c->texts[k].end - 1 - last] == a->text.s[a->end - 1 - last];
    first = words_shared(a->text.s + a->begin, first, true);
    last = words_shared(a->text.s + a->end - last, last, false);
    for (size_t k = 0; k < c->n; k++) {
        c->texts[k].first = first;
        c->texts[k].last = last;
    }
}

/* texts_cut - one round over the texts of an example. *done: none needs any. */
static int texts_cut(struct cutter *c, bool *done, struct err *e)
{
    bool joint = c->texts[0].first || c->texts[0].last || texts_joint(c);
    size_t most = 0, b, end;
    *done = true;
    for (size_t k = 0; k < c->n; k++) {
        int rc = shears_look(c, &c->texts[k], e);
        if (rc)
            return rc;
        shears_span(&c->texts[k], &b, &end);
        *done = *done && c->texts[k].upto == b;
        most = c->texts[k].upto - b > most ? c->texts[k].upto - b : most;
    }
    for (size_t k = 0; !*done && k < c->n; k++) {
        shears_span(&c->texts[k], &b, &end);
        if (joint)
            c->texts[k].upto = b + most;
        shears_cut(&c->texts[k]);
    }
    return OK;
}

static size_t code_points(const char *s, size_t n)
{
    size_t points = 0;
    for (size_t i = 0; i < n; i++)
        points += ((unsigned char)s[i] & 0xC0) != 0x80;
    return points;
}

/* reading_keep - an example's k-th text as it is left; *lost: characters that it has no more. */
static int reading_keep(struct dataset *d, const struct shears *t, struct reading *x, size_t *lost,
                        struct err *e)
{
    *lost = 0;
    if (t->text.len == x->len)
        return OK;
    char *kept = arena_strndup(&d->arena, t->text.s, t->text.len, e);
    if (!kept)
        return e->code;
    *lost = code_points(x->text, x->len) - code_points(kept, t->text.len);
    *x = (struct reading){kept, t->text.len, t->begin, t->end, x->rating};
    return OK;
}

static int texts_load(struct cutter *c, const struct reading *of, size_t n, struct err *e)
{
    size_t had = c->cap;
    int rc = mem_grow(&c->texts, &c->cap, n, sizeof *c->texts, e);
    for (size_t k = had; !rc && k < c->cap; k++)
        str_init(&c->texts[k].text);
    for (size_t k = 0; !rc && k < n; k++) {
        struct shears *t = &c->texts[k];
        str_reset(&t->text);
        str_catn(&t->text, of[k].text, of[k].len);
        t->begin = of[k].long_begin;
        t->end = of[k].long_end;
        t->first = t->last = 0;
        rc = str_check(&t->text, e);
    }
    c->n = rc ? 0 : n;
    if (!rc)
        texts_share(c);
    return rc;
}

static int example_cut(struct dataset *d, int part, struct example *x, struct cutter *c,
                       struct err *e)
{
    struct reading own = {x->text, x->len, x->long_begin, x->long_end, (double)NAN};
    struct reading *of = x->alternatives ? x->alternatives : &own;
    bool done = false;
    size_t lost = 0, some;
    int rc = texts_load(c, of, x->alternatives ? x->n_alternatives : 1, e);
    while (!rc && !done) {
        rc = texts_cut(c, &done, e);
        for (size_t k = 0; !rc && k < c->n; k++)
            if (!c->texts[k].text.len)
                rc = err_set(e, ERR_INPUT, "%s: no character of the text fits into %zu tokens",
                             x->source, c->max);
    }
    for (size_t k = 0; !rc && k < c->n; k++, lost += some)
        rc = reading_keep(d, &c->texts[k], &of[k], &some, e);
    if (rc || !lost)
        return rc;
    d->cut[part]++;
    d->cut_chars[part] += lost;
    if (x->alternatives)
        return example_join(x, &d->arena, e);
    x->text = own.text;
    x->len = own.len;
    x->long_begin = own.long_begin;
    x->long_end = own.long_end;
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

/* answers_room - d->answer_tokens, for all tokenizers; at least one token is left for a prompt. */
static int answers_room(struct dataset *d, const struct tokenizer *tok, size_t max_tokens,
                        struct err *e)
{
    struct answer_writer w;
    int rc = answer_writer_init(&w, tok, e);
    for (int part = 0; !rc && part < PART_COUNT; part++)
        rc = answers_longest(d->part[part], d->n[part], &w, &d->answer_tokens, e);
    if (!rc && d->answer_tokens + 1 >= max_tokens)
        rc = err_set(e, ERR_INPUT,
                     "max_tokens is %zu, and the longest answer has %zu tokens: no room is left "
                     "for a prompt",
                     max_tokens, d->answer_tokens);
    return rc;
}

int dataset_cut(struct dataset *d, const struct tokenizer *const *tok, size_t n, size_t max_tokens,
                struct err *e)
{
    struct cutter c = {.n_readers = n, .bytes = STR_INIT};
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
    d->answer_tokens = 0;
    for (size_t i = 0; !rc && d->writes && i < n; i++)
        rc = answers_room(d, tok[i], max_tokens, e);
    c.max = max_tokens - (rc ? 0 : d->answer_tokens);
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
    for (size_t k = 0; k < c.cap; k++)
        str_release(&c.texts[k].text);
    mem_free(c.texts);
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
    size_t total = 0, seqs = n * t->per;
    for (size_t i = 0; i < n; i++)
        total += token_set_len(t, index[i]);
    if (total > INT32_MAX || n >= INT32_MAX / t->per)
        return err_set(e, ERR_NOMEM, "a batch of %zu tokens; at most %d fit into one", total,
                       INT32_MAX);
    int rc = mem_grow(&p->tokens, &p->cap_tokens, total, sizeof *p->tokens, e);
    if (!rc)
        rc = mem_grow(&p->starts, &p->cap_seqs, seqs + 1, sizeof *p->starts, e);
    if (rc)
        return rc;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t *from = t->starts + index[i] * t->per;
        size_t len = token_set_len(t, index[i]);
        for (size_t k = 0; k < t->per; k++)
            p->starts[i * t->per + k] = (int32_t)(at + from[k] - from[0]);
        memcpy(p->tokens + at, t->tokens + from[0], len * sizeof *p->tokens);
        at += len;
    }
    p->starts[seqs] = (int32_t)at;
    p->batch =
        (struct batch){.n_tokens = total, .n_seqs = seqs, .tokens = p->tokens, .starts = p->starts};
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
