/* decode.c - sequences, token by token: keys and values of what was fed are kept, each feed works
 * out its own rows alone, by the same block as a batch.
 *
 * A sequence has its own place in the cache, of as many rows as there is room for. What lies
 * between the used rows of two sequences is to attention a sequence without queries. */
#include "model/internal.h"
#include "core/mem.h"

#define CHUNK 256 /* rows that are worked on at a time */

struct decode {
    struct model *m;
    size_t n, most;    /* sequences; tokens there is room for, of each */
    size_t *fed;       /* [n] */
    size_t chunk;      /* rows that fit at a time */
    float **cache;     /* [L] of [n*most,2*KV]: keys, then values, of each row */
    float *kv;         /* [chunk,2*KV] of the rows at work */
    struct kept block; /* shared by all blocks; k and v point into kv */
    struct scratch scratch;
    float *last, *normed, *mean, *rstd, *logits, *host; /* rows that are read, [n,...] */
    int32_t *pos, *cached, *ends;                       /* [chunk] */
    int32_t *q_starts, *kv_starts;                      /* [2*n+1] */
};

struct piece {
    float **at;
    size_t n;
};

enum { PIECES = 20 };

/* decode_pieces - what lies on the device, but the caches. */
static size_t decode_pieces(struct decode *d, struct piece p[PIECES])
{
    const struct model_config *c = &d->m->cfg;
    struct widths w = model_widths(c);
    struct kept *b = &d->block;
    size_t n = d->chunk, inner = w.M > w.Q ? w.M : w.Q;
    const struct piece all[] = {
        {&b->x, n * w.C},
        {&b->mean1, n},
        {&b->rstd1, n},
        {&b->q, n * w.Q},
        {&d->kv, n * 2 * w.KV},
        {&b->y, n * w.Q},
        {&b->lse, n * c->heads},
        {&b->mean2, n},
        {&b->rstd2, n},
        {&b->gu, n * w.UP},
        {&d->scratch.xn, n * w.C},
        {&d->scratch.act, n * inner},
        {&d->scratch.lora, n * d->m->lora.rank},
        {&d->scratch.qk_rstd, n * (c->heads + c->kv_heads)},
        {&d->last, d->n * w.C},
        {&d->normed, d->n * w.C},
        {&d->mean, d->n},
        {&d->rstd, d->n},
        {&d->logits, d->n * c->vocab},
    };
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; i++)
        p[i] = all[i];
    return count;
}

static int decode_place(struct decode *d, struct err *e)
{
    const struct model_config *c = &d->m->cfg;
    struct widths w = model_widths(c);
    struct kept *b = &d->block;
    struct piece pieces[PIECES];
    size_t count = decode_pieces(d, pieces);
    for (size_t i = 0; i < count; i++)
        if (!(*pieces[i].at = dev_alloc(d->m->dev, pieces[i].n, e)))
            return e->code;
    for (size_t l = 0; l < c->layers; l++)
        if (!(d->cache[l] = dev_alloc_lazy(d->m->dev, d->n * d->most * 2 * w.KV, e)))
            return err_wrap(e, "keys and values of %zu tokens", d->n * d->most);
    b->k = d->kv;
    b->v = d->kv + w.KV;
    b->mid = b->x;
    b->rstd3 = b->rstd4 = b->rstd1; /* of norms behind the block's products: read by no one */
    b->ldq = w.Q;
    b->ldkv = 2 * w.KV;
    return OK;
}

size_t decode_bytes(const struct model_config *c, size_t n, size_t max_tokens)
{
    size_t all;
    struct widths w = model_widths(c);
    if (!size_mul(n, max_tokens, &all) || !size_mul(all, c->layers, &all) ||
        !size_mul(all, 2 * w.KV * sizeof(float), &all))
        return SIZE_MAX;
    return all;
}

int decode_new(struct decode **out, struct model *m, size_t n, size_t max_tokens, struct err *e)
{
    struct decode *d = mem_zalloc(1, sizeof *d, e);
    size_t rows;
    *out = NULL;
    BUG_ON(m->head.kind != HEAD_LM || n == 0);
    if (!d)
        return e->code;
    d->m = m;
    d->n = n;
    d->most = max_tokens < m->cfg.positions ? max_tokens : m->cfg.positions;
    if (!size_mul(n, d->most, &rows) || rows > INT32_MAX) {
        decode_free(d);
        return err_set(e, ERR_NOMEM, "out of memory: keys and values of %zu texts of %zu tokens", n,
                       max_tokens);
    }
    d->chunk = rows < CHUNK ? rows : CHUNK;
    d->cache = mem_zalloc(m->cfg.layers, sizeof *d->cache, e);
    d->fed = d->cache ? mem_zalloc(n, sizeof *d->fed, e) : NULL;
    d->host = d->fed ? mem_alloc(n, m->cfg.vocab * sizeof *d->host, e) : NULL;
    d->pos = d->host ? mem_alloc(d->chunk, sizeof *d->pos, e) : NULL;
    d->cached = d->pos ? mem_alloc(d->chunk, sizeof *d->cached, e) : NULL;
    d->ends = d->cached ? mem_alloc(d->chunk, sizeof *d->ends, e) : NULL;
    d->q_starts = d->ends ? mem_alloc(2 * n + 1, sizeof *d->q_starts, e) : NULL;
    d->kv_starts = d->q_starts ? mem_alloc(2 * n + 1, sizeof *d->kv_starts, e) : NULL;
    if (!d->kv_starts || decode_place(d, e)) {
        decode_free(d);
        return e->code;
    }
    *out = d;
    return OK;
}

void decode_free(struct decode *d)
{
    struct piece pieces[PIECES];
    if (!d)
        return;
    struct dev *dev = d->m->dev;
    for (size_t i = decode_pieces(d, pieces); i-- > 0;)
        dev_free(dev, *pieces[i].at);
    for (size_t l = 0; d->cache && l < d->m->cfg.layers; l++)
        dev_free(dev, d->cache[l]);
    mem_free(d->cache);
    mem_free(d->fed);
    mem_free(d->host);
    mem_free(d->pos);
    mem_free(d->cached);
    mem_free(d->ends);
    mem_free(d->q_starts);
    mem_free(d->kv_starts);
    mem_free(d);
}

/* decode_rows - N <= chunk tokens, r's, through all blocks, in block.x. */
static void decode_rows(struct decode *d, const int32_t *tokens, const struct rows *r)
{
    const struct model *m = d->m;
    const struct ops *o = m->dev->ops;
    const float *positions = model_weight_at(m, -1, ROLE_POSITIONS);
    struct widths w = model_widths(&m->cfg);
    struct kept *b = &d->block;
    o->embedding_fwd(m->dev, r->N, w.C, tokens, model_weight_at(m, -1, ROLE_EMBED), false, b->x);
    if (m->cfg.embed_scale > 0)
        o->scale(m->dev, r->N * w.C, m->cfg.embed_scale, b->x);
    if (positions)
        o->embedding_fwd(m->dev, r->N, w.C, d->pos, positions, true, b->x);
    for (size_t l = 0; l < m->cfg.layers; l++) {
        b->cache = d->cache[l];
        block_fwd(m, l, r, b, &d->scratch, b->x);
    }
}

static int feed_check(const struct decode *d, const struct batch *b, const size_t *seq,
                      struct err *e)
{
    size_t V = d->m->cfg.vocab;
    BUG_ON(b->n_seqs == 0 || b->n_seqs > d->n);
    for (size_t i = 0; i < b->n_seqs; i++) {
        size_t s = seq ? seq[i] : i, n = (size_t)(b->starts[i + 1] - b->starts[i]);
        BUG_ON(n == 0 || s >= d->n || (seq && i && s <= seq[i - 1]));
        if (n > d->most - d->fed[s])
            return err_set(
                e, ERR_INPUT,
                "%zu more tokens after %zu; there is room for %zu and the model takes %zu", n,
                d->fed[s], d->most, d->m->cfg.positions);
    }
    for (size_t i = 0; i < b->n_tokens; i++)
        if (b->tokens[i] < 0 || (size_t)b->tokens[i] >= V)
            return err_set(e, ERR_INPUT, "token id %d is outside the model's vocabulary of %zu",
                           (int)b->tokens[i], V);
    return OK;
}

/* feed_chunk - rows of the batch from *at on, in sequence *i, as many as fit; the last rows of
 * sequences that end among them are read. */
static void feed_chunk(struct decode *d, const struct batch *b, const size_t *seq, size_t *at,
                       size_t *i)
{
    struct rows r = {
        .pos = d->pos, .q_starts = d->q_starts, .kv_starts = d->kv_starts, .cached = d->cached};
    size_t begin = *at, first = *i, ended = 0, C = d->m->cfg.channels;
    d->q_starts[0] = d->kv_starts[0] = 0;
    while (r.N < d->chunk && *i < b->n_seqs) {
        size_t s = seq ? seq[*i] : *i, left = (size_t)b->starts[*i + 1] - *at;
        size_t n = left < d->chunk - r.N ? left : d->chunk - r.N;
        d->q_starts[r.S + 1] = (int32_t)r.N;
        d->kv_starts[r.S + 1] = (int32_t)(s * d->most);
        for (size_t k = 0; k < n; k++, r.N++, d->fed[s]++) {
            d->pos[r.N] = (int32_t)d->fed[s];
            d->cached[r.N] = (int32_t)(s * d->most + d->fed[s]);
        }
        d->q_starts[r.S + 2] = (int32_t)r.N;
        d->kv_starts[r.S + 2] = (int32_t)(s * d->most + d->fed[s]);
        r.S += 2;
        *at += n;
        if (n == left) {
            d->ends[ended++] = (int32_t)(r.N - 1);
            ++*i;
        }
    }
    r.R = r.N;
    decode_rows(d, b->tokens + begin, &r);
    if (ended)
        d->m->dev->ops->rows_gather(d->m->dev, ended, C, d->ends, d->block.x, C,
                                    d->last + first * C);
}

int decode_feed(struct decode *d, const struct batch *b, const size_t *seq, const float **logits,
                struct err *e)
{
    const struct model *m = d->m;
    size_t C = m->cfg.channels, V = m->cfg.vocab, at = 0, i = 0;
    int rc = feed_check(d, b, seq, e);
    if (rc)
        return rc;
    while (i < b->n_seqs)
        feed_chunk(d, b, seq, &at, &i);
    norm_fwd(m, (int)m->cfg.layers, ROLE_NORM_GAIN, b->n_seqs, d->last, d->normed, d->mean,
             d->rstd);
    m->dev->ops->matmul(m->dev, false, true, b->n_seqs, V, C, d->normed, C, model_unembed(m)->w, C,
                        false, d->logits, V);
    dev_download(m->dev, d->host, d->logits, b->n_seqs * V);
    *logits = d->host;
    return OK;
}

/* rows_clear - rows [n, fed) of a sequence: a feed adds to what is there (rows_scatter). */
static void rows_clear(struct decode *d, size_t s, size_t n)
{
    const struct model *m = d->m;
    size_t width = 2 * model_widths(&m->cfg).KV;
    for (size_t l = 0; d->fed[s] > n && l < m->cfg.layers; l++)
        m->dev->ops->fill(m->dev, (d->fed[s] - n) * width, 0,
                          d->cache[l] + (s * d->most + n) * width);
}

void decode_copy(struct decode *d, size_t from, size_t to)
{
    const struct model *m = d->m;
    size_t width = 2 * model_widths(&m->cfg).KV, stride = d->most * width;
    BUG_ON(from >= d->n || to >= d->n || from == to);
    rows_clear(d, to, d->fed[from]);
    for (size_t l = 0; d->fed[from] && l < m->cfg.layers; l++)
        m->dev->ops->copy(m->dev, d->fed[from] * width, d->cache[l] + from * stride,
                          d->cache[l] + to * stride);
    d->fed[to] = d->fed[from];
}

void decode_rewind(struct decode *d, size_t s, size_t n)
{
    BUG_ON(s >= d->n || n > d->fed[s]);
    rows_clear(d, s, n);
    d->fed[s] = n;
}
