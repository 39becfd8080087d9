/* decode.c - one sequence, token by token: keys and values of what was fed are kept, each feed
 * works out its own rows alone, by the same block as a batch. */
#include "model/internal.h"
#include "core/mem.h"

#define CHUNK 128 /* rows of a long prompt that are worked on at a time */

struct decode {
    struct model *m;
    size_t most, fed;  /* tokens there is room for; fed */
    size_t chunk;      /* rows that fit at a time */
    float **cache;     /* [L] of [most,2*KV]: keys, then values, of each row */
    struct kept block; /* shared by all blocks; k and v point into the cache */
    struct scratch scratch;
    float *logits, *host;
    int32_t *pos;
};

struct piece {
    float **at;
    size_t n;
};

static int decode_place(struct decode *d, struct err *e)
{
    const struct model_config *c = &d->m->cfg;
    struct widths w = model_widths(c);
    struct kept *b = &d->block;
    size_t n = d->chunk, inner = w.M > w.Q ? w.M : w.Q;
    const struct piece pieces[] = {
        {&b->x, n * w.C},
        {&b->mean1, n},
        {&b->rstd1, n},
        {&b->q, n * w.Q},
        {&b->y, n * w.Q},
        {&b->lse, n * c->heads},
        {&b->mean2, n},
        {&b->rstd2, n},
        {&b->gu, n * w.UP},
        {&d->scratch.xn, n * w.C},
        {&d->scratch.act, n * inner},
        {&d->scratch.lora, n * d->m->lora.rank},
        {&d->scratch.qk_rstd, n * (c->heads + c->kv_heads)},
        {&d->logits, c->vocab},
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (!(*pieces[i].at = dev_alloc(d->m->dev, pieces[i].n, e)))
            return e->code;
    for (size_t l = 0; l < c->layers; l++)
        if (!(d->cache[l] = dev_alloc(d->m->dev, d->most * 2 * w.KV, e)))
            return err_wrap(e, "keys and values of %zu tokens", d->most);
    b->mid = b->x;
    b->rstd3 = b->rstd4 = b->rstd1; /* of norms behind the block's products: read by no one */
    b->ldq = w.Q;
    b->ldkv = 2 * w.KV;
    return OK;
}

int decode_new(struct decode **out, struct model *m, size_t max_tokens, struct err *e)
{
    struct decode *d = mem_zalloc(1, sizeof *d, e);
    *out = NULL;
    BUG_ON(m->head.kind != HEAD_LM);
    if (!d)
        return e->code;
    d->m = m;
    d->most = max_tokens < m->cfg.positions ? max_tokens : m->cfg.positions;
    d->chunk = d->most < CHUNK ? d->most : CHUNK;
    d->cache = mem_zalloc(m->cfg.layers, sizeof *d->cache, e);
    d->host = d->cache ? mem_alloc(m->cfg.vocab, sizeof *d->host, e) : NULL;
    d->pos = d->host ? mem_alloc(d->chunk, sizeof *d->pos, e) : NULL;
    if (!d->pos || decode_place(d, e)) {
        decode_free(d);
        return e->code;
    }
    *out = d;
    return OK;
}

void decode_free(struct decode *d)
{
    if (!d)
        return;
    struct dev *dev = d->m->dev;
    float *all[] = {d->block.x,         d->block.mean1, d->block.rstd1, d->block.q,
                    d->block.y,         d->block.lse,   d->block.mean2, d->block.rstd2,
                    d->block.gu,        d->scratch.xn,  d->scratch.act, d->logits,
                    d->scratch.qk_rstd, d->scratch.lora};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dev_free(dev, all[i]);
    for (size_t l = 0; d->cache && l < d->m->cfg.layers; l++)
        dev_free(dev, d->cache[l]);
    mem_free(d->cache);
    mem_free(d->host);
    mem_free(d->pos);
    mem_free(d);
}

/* decode_rows - n <= chunk tokens through all blocks, in block.x. */
static void decode_rows(struct decode *d, const int32_t *tokens, size_t n)
{
    const struct model *m = d->m;
    const struct ops *o = m->dev->ops;
    const float *positions = model_weight_at(m, -1, ROLE_POSITIONS);
    struct widths w = model_widths(&m->cfg);
    struct kept *b = &d->block;
    int32_t q_starts[2] = {0, (int32_t)n}, kv_starts[2] = {0, (int32_t)(d->fed + n)};
    struct rows r = {.N = n,
                     .R = n,
                     .S = 1,
                     .pos = d->pos,
                     .q_starts = q_starts,
                     .kv_starts = kv_starts,
                     .past = d->fed};
    for (size_t i = 0; i < n; i++)
        d->pos[i] = (int32_t)(d->fed + i);
    o->embedding_fwd(m->dev, n, w.C, tokens, model_weight_at(m, -1, ROLE_EMBED), false, b->x);
    if (m->cfg.embed_scale > 0)
        o->scale(m->dev, n * w.C, m->cfg.embed_scale, b->x);
    if (positions)
        o->embedding_fwd(m->dev, n, w.C, d->pos, positions, true, b->x);
    for (size_t l = 0; l < m->cfg.layers; l++) {
        b->k = d->cache[l] + d->fed * b->ldkv;
        b->v = b->k + w.KV;
        block_fwd(m, l, &r, b, &d->scratch, b->x);
    }
    d->fed += n;
}

int decode_feed(struct decode *d, const int32_t *tokens, size_t n, const float **logits,
                struct err *e)
{
    const struct model *m = d->m;
    struct kept *b = &d->block;
    size_t C = m->cfg.channels, V = m->cfg.vocab, rows = 0;
    BUG_ON(n == 0);
    if (n > d->most - d->fed)
        return err_set(e, ERR_INPUT,
                       "%zu more tokens after %zu; there is room for %zu and the model takes %zu",
                       n, d->fed, d->most, m->cfg.positions);
    for (size_t i = 0; i < n; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= V)
            return err_set(e, ERR_INPUT, "token id %d is outside the model's vocabulary of %zu",
                           (int)tokens[i], V);
    for (size_t at = 0; at < n; at += rows) {
        rows = n - at < d->chunk ? n - at : d->chunk;
        decode_rows(d, tokens + at, rows);
    }
    norm_fwd(m, (int)m->cfg.layers, ROLE_NORM_GAIN, 1, b->x + (rows - 1) * C, d->scratch.xn,
             b->mean1, b->rstd1);
    m->dev->ops->matmul(m->dev, false, true, 1, V, C, d->scratch.xn, C, model_unembed(m)->w, C,
                        false, d->logits, V);
    dev_download(m->dev, d->host, d->logits, V);
    *logits = d->host;
    return OK;
}
