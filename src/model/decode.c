/* decode.c - one sequence, token by token: keys and values of what was fed are kept, each feed computes its own rows alone. */
#include "model/internal.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct decode {
    struct model *m;
    size_t most, n;     /* tokens there is room for; fed */
    float **k, **v;     /* [L] of [most,KV] */
    float *x, *xn, *qkv, *y, *lse, *mid, *mean, *rstd, *gu, *act; /* of a feed of up to `chunk` rows */
    size_t chunk;
    float *logits, *host;
    int32_t *pos;
};

#define CHUNK 128 /* rows of a long prompt that are worked on at a time */

int decode_new(struct decode **out, struct model *m, size_t max_tokens, struct err *e)
{
    struct widths w = model_widths(&m->cfg);
    size_t L = m->cfg.layers, n = CHUNK;
    struct decode *d = mem_zalloc(1, sizeof *d, e);
    *out = NULL;
    if (!d)
        return e->code;
    BUG_ON(m->head.kind != HEAD_LM);
    d->m = m;
    d->most = max_tokens;
    d->chunk = n;
    d->k = mem_zalloc(L, sizeof *d->k, e);
    d->v = d->k ? mem_zalloc(L, sizeof *d->v, e) : NULL;
    bool good = d->v != NULL;
    for (size_t l = 0; l < L && good; l++) {
        d->k[l] = dev_alloc(m->dev, max_tokens * w.KV, e);
        d->v[l] = d->k[l] ? dev_alloc(m->dev, max_tokens * w.KV, e) : NULL;
        good = d->v[l] != NULL;
    }
    const struct {
        float **p;
        size_t n;
    } all[] = {{&d->x, n * w.C},   {&d->xn, n * w.C}, {&d->qkv, n * w.W}, {&d->y, n * w.Q},  {&d->lse, n * m->cfg.heads}, {&d->mid, n * w.C},
               {&d->mean, n},      {&d->rstd, n},     {&d->gu, n * w.UP}, {&d->act, n * w.M}, {&d->logits, m->cfg.vocab}};
    for (size_t i = 0; i < sizeof all / sizeof *all && good; i++)
        good = (*all[i].p = dev_alloc(m->dev, all[i].n, e)) != NULL;
    if (good)
        good = (d->host = mem_alloc(m->cfg.vocab, sizeof *d->host, e)) && (d->pos = mem_alloc(n, sizeof *d->pos, e));
    if (!good) {
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
    for (size_t l = 0; l < d->m->cfg.layers; l++) {
        if (d->k)
            dev_free(dev, d->k[l]);
        if (d->v)
            dev_free(dev, d->v[l]);
    }
    float *all[] = {d->x, d->xn, d->qkv, d->y, d->lse, d->mid, d->mean, d->rstd, d->gu, d->act, d->logits};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dev_free(dev, all[i]);
    mem_free(d->k);
    mem_free(d->v);
    mem_free(d->host);
    mem_free(d->pos);
    mem_free(d);
}

/* keep_rows - the new rows' keys and values behind the former ones. */
static void keep_rows(struct decode *d, size_t layer, size_t n, const struct widths *w)
{
    const struct ops *o = d->m->dev->ops;
    for (size_t i = 0; i < n; i++) {
        o->copy(d->m->dev, w->KV, d->qkv + i * w->W + w->Q, d->k[layer] + (d->n + i) * w->KV);
        o->copy(d->m->dev, w->KV, d->qkv + i * w->W + w->Q + w->KV, d->v[layer] + (d->n + i) * w->KV);
    }
}

static void block(struct decode *d, size_t layer, size_t n)
{
    struct model *m = d->m;
    const struct ops *o = m->dev->ops;
    const struct model_config *c = &m->cfg;
    struct widths w = model_widths(c);
    struct pass p = {.m = m}; /* norms, biases and rotary need no more of a pass */
    int l = (int)layer;
    int32_t q_starts[2] = {0, (int32_t)n}, kv_starts[2] = {0, (int32_t)(d->n + n)};
    struct attn_shape s = {1, c->heads, c->kv_heads, c->head_size, q_starts, kv_starts, w.W, w.KV, w.KV, w.Q, 1 / sqrt((double)c->head_size), 0};
    norm_fwd(&p, l, ROLE_NORM1_GAIN, n, d->x, d->xn, d->mean, d->rstd);
    o->matmul(m->dev, false, true, n, w.W, w.C, d->xn, w.C, model_param_at(m, l, ROLE_QKV)->w, w.C, false, d->qkv, w.W);
    linear_bias(&p, l, ROLE_QKV_BIAS, 0, n, w.W, d->qkv, w.W);
    pass_rope(&p, n, d->pos, c->heads, w.W, false, d->qkv);
    pass_rope(&p, n, d->pos, c->kv_heads, w.W, false, d->qkv + w.Q);
    keep_rows(d, layer, n, &w);
    o->attention_fwd(m->dev, &s, d->qkv, d->k[layer], d->v[layer], d->y, d->lse);
    o->copy(m->dev, n * w.C, d->x, d->mid);
    float *sum = c->parallel ? d->x : d->mid;
    o->matmul(m->dev, false, true, n, w.C, w.Q, d->y, w.Q, model_param_at(m, l, ROLE_OUT)->w, w.Q, true, sum, w.C);
    linear_bias(&p, l, ROLE_OUT_BIAS, 0, n, w.C, sum, w.C);
    norm_fwd(&p, l, ROLE_NORM2_GAIN, n, d->mid, d->xn, d->mean, d->rstd);
    o->matmul(m->dev, false, true, n, w.UP, w.C, d->xn, w.C, model_param_at(m, l, ROLE_UP)->w, w.C, false, d->gu, w.UP);
    linear_bias(&p, l, ROLE_UP_BIAS, 0, n, w.UP, d->gu, w.UP);
    if (c->gated)
        o->gated_fwd(m->dev, c->act, n, w.M, d->gu, d->act);
    else
        o->act_fwd(m->dev, c->act, n * w.M, d->gu, d->act);
    if (!c->parallel)
        o->copy(m->dev, n * w.C, d->mid, d->x);
    o->matmul(m->dev, false, true, n, w.C, w.M, d->act, w.M, model_param_at(m, l, ROLE_DOWN)->w, w.M, true, d->x, w.C);
    linear_bias(&p, l, ROLE_DOWN_BIAS, 0, n, w.C, d->x, w.C);
}

static void feed(struct decode *d, const int32_t *tokens, size_t n)
{
    struct model *m = d->m;
    const struct ops *o = m->dev->ops;
    const struct model_param *positions = model_param_at(m, -1, ROLE_POSITIONS);
    for (size_t i = 0; i < n; i++)
        d->pos[i] = (int32_t)(d->n + i);
    o->embedding_fwd(m->dev, n, m->cfg.channels, tokens, model_param_at(m, -1, ROLE_EMBED)->w, false, d->x);
    if (positions)
        o->embedding_fwd(m->dev, n, m->cfg.channels, d->pos, positions->w, true, d->x);
    for (size_t l = 0; l < m->cfg.layers; l++)
        block(d, l, n);
    d->n += n;
}

int decode_feed(struct decode *d, const int32_t *tokens, size_t n, const float **logits, struct err *e)
{
    struct model *m = d->m;
    struct pass p = {.m = m};
    size_t C = m->cfg.channels, last = 0;
    BUG_ON(n == 0);
    if (n > d->most - d->n || d->n + n > m->cfg.positions)
        return err_set(e, ERR_INPUT, "%zu tokens are more than there is room for (%zu) or than the model takes (%zu)", d->n + n, d->most,
                       m->cfg.positions);
    for (size_t i = 0; i < n; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= m->cfg.vocab)
            return err_set(e, ERR_INPUT, "token id %d is outside the model's vocabulary of %zu", (int)tokens[i], m->cfg.vocab);
    for (size_t at = 0; at < n; at += last) {
        last = n - at < d->chunk ? n - at : d->chunk;
        feed(d, tokens + at, last);
    }
    norm_fwd(&p, (int)m->cfg.layers, ROLE_NORM_GAIN, 1, d->x + (last - 1) * C, d->xn, d->mean, d->rstd);
    m->dev->ops->matmul(m->dev, false, true, 1, m->cfg.vocab, C, d->xn, C, model_unembed(m)->w, C, false, d->logits, m->cfg.vocab);
    dev_download(m->dev, d->host, d->logits, m->cfg.vocab);
    *logits = d->host;
    return OK;
}

/* sample_token - walks the tokens from the most probable on, without a sorted copy: each round finds the next in order. */
int32_t sample_token(const float *logits, size_t V, const struct sampling *s, struct rng *r)
{
    size_t best = 0;
    for (size_t v = 1; v < V; v++)
        if (logits[v] > logits[best])
            best = v;
    if (!(s->temperature > 0))
        return (int32_t)best;
    double sum = 0, most = (double)logits[best], reach = 0, draw = rng_unit(r);
    for (size_t v = 0; v < V; v++)
        sum += exp(((double)logits[v] - most) / s->temperature);
    if (s->top_p >= 1) {
        for (size_t v = 0; v < V; v++) {
            reach += exp(((double)logits[v] - most) / s->temperature) / sum;
            if (draw < reach)
                return (int32_t)v;
        }
        return (int32_t)best;
    }
    /* the nucleus: how much probability it has, then the draw within it; both walks take tokens by falling logit, ties by id */
    double nucleus = 0;
    for (int walk = 0; walk < 2; walk++) {
        float below = INFINITY;
        size_t after = 0;
        for (reach = 0; reach < (walk ? nucleus : s->top_p);) {
            size_t next = V;
            for (size_t v = 0; v < V; v++) {
                bool later = logits[v] < below || (!(logits[v] > below) && v >= after);
                if (later && (next == V || logits[v] > logits[next]))
                    next = v;
            }
            if (next == V)
                break;
            reach += exp(((double)logits[next] - most) / s->temperature) / sum;
            if (walk && draw * nucleus < reach)
                return (int32_t)next;
            below = logits[next];
            after = next + 1;
        }
        nucleus = reach;
    }
    return (int32_t)best;
}
