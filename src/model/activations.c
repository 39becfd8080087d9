/* activations.c - where the numbers of a pass lie: one buffer, planned before it is allocated, so
 * that the same plan says what a training will take.
 *
 * Kept of each block that learns, in floats for each row: its input C, query, key and value Q + 2
 * KV, attention's output Q, the MLP's residual C and the MLP before its activation; what attention
 * and MLP give, 2 C, where norms follow. Normed rows (queries and keys too) and the activation are
 * worked out again in the backward: they are cheap beside the products and would double the memory.
 * Blocks that keep nothing work in place on one row buffer. */
#include "model/internal.h"
#include "core/mem.h"

struct placer {
    float *base;
    size_t at; /* SIZE_MAX: overflowed */
};

/* place - rows * cols floats; beginnings lie on lines of 64 bytes. */
static float *place(struct placer *p, size_t rows, size_t cols)
{
    size_t n, padded, at = p->at, end;
    if (!size_mul(rows, cols, &n) || !size_add(n, 15, &padded) ||
        !size_add(at, padded / 16 * 16, &end) || end > SIZE_MAX / sizeof(float)) {
        p->at = SIZE_MAX;
        return NULL;
    }
    p->at = end;
    return p->base ? p->base + at : NULL;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* place_block - all but x, the residual and the output. */
static void place_block(struct placer *p, struct kept *b, const struct model_config *c,
                        const struct extent *x, size_t R, bool own)
{
    struct widths w = model_widths(c);
    size_t N = x->N;
    b->begin = p->at;
    b->mean1 = place(p, N, 1);
    b->rstd1 = place(p, N, 1);
    b->ldq = R < N ? w.Q : w.W;
    b->ldkv = R < N ? 2 * w.KV : w.W;
    b->q = place(p, R, b->ldq);
    b->k = R < N ? place(p, N, b->ldkv) : b->q ? b->q + w.Q : NULL;
    b->v = b->k ? b->k + w.KV : NULL;
    b->y = place(p, R, w.Q);
    b->lse = place(p, R, c->heads);
    b->mean2 = place(p, R, 1);
    b->rstd2 = place(p, R, 1);
    b->gu = place(p, R, w.UP);
    if (c->norm_place != NORMS_BEFORE) {
        b->part1 = own ? place(p, R, w.C) : NULL;
        b->part2 = own ? place(p, R, w.C) : NULL;
        b->rstd3 = place(p, R, 1);
        b->rstd4 = place(p, R, 1);
    }
}

static void place_blocks(struct placer *p, struct activations *a, const struct model_config *c,
                         const struct extent *x)
{
    size_t C = c->channels;
    struct kept common = {0};
    bool shared = false;
    a->last = a->x;
    for (size_t l = x->from; l < x->to; l++) {
        struct kept *b = &a->blocks[l];
        bool own = x->keep && l >= x->cut, last = l + 1 == c->layers;
        size_t R = last && !x->whole ? x->R : x->N;
        if (own || R < x->N) {
            place_block(p, b, c, x, R, own);
        } else {
            if (!shared)
                place_block(p, &common, c, x, R, own);
            shared = true;
            *b = common;
        }
        b->own = own;
        b->x = own && l > x->from && l > x->cut ? place(p, x->N, C) : a->x;
        b->mid = R < x->N || (own && !c->parallel) ? place(p, R, C) : b->x;
        if (last)
            a->last = own ? place(p, R, C) : b->mid;
    }
}

size_t activations_place(struct activations *a, const struct model_config *c,
                         const struct extent *x, float *base)
{
    struct placer p = {base, 0};
    struct widths w = model_widths(c);
    size_t C = w.C;
    a->x = x->from < c->layers ? place(&p, x->N, C) : NULL;
    place_blocks(&p, a, c, x);
    a->end = p.at;
    if (x->from == c->layers || (x->to < c->layers && x->R < x->N))
        a->last = place(&p, x->R, C);
    if (x->outputs) {
        a->normed = place(&p, x->R, C);
        a->mean = place(&p, x->R, 1);
        a->rstd = place(&p, x->R, 1);
        a->logits = place(&p, x->R, x->outputs);
    }
    a->scratch = (struct scratch){0};
    bool backward = x->keep && x->cut < c->layers;
    if (x->from < x->to) {
        a->scratch.xn = place(&p, x->N, C);
        a->scratch.act = place(&p, x->N, larger(w.M, larger(w.Q, C)));
        if (x->rank)
            a->scratch.lora = place(&p, x->N, x->rank);
        if (c->qk_norm)
            a->scratch.qk_rstd = place(&p, x->N, c->heads + c->kv_heads);
    }
    if (backward) {
        a->scratch.tmp = place(&p, x->N, C);
        a->scratch.d = place(&p, x->N, C);
        a->scratch.dqkv = place(&p, x->N, w.W);
        if (c->qk_norm && x->from < x->to)
            a->scratch.qk = place(&p, x->N, w.W);
    }
    return p.at;
}

struct lease lease_begin(const struct activations *a)
{
    return (struct lease){a->end};
}

size_t lease_take(struct lease *l, const struct activations *a, const struct model_config *c,
                  size_t layer, size_t n)
{
    size_t floor = layer + 1 < c->layers ? a->blocks[layer + 1].begin : l->end;
    size_t padded = (n + 15) / 16 * 16;
    if (l->end == SIZE_MAX || l->end < floor || l->end - floor < padded)
        return SIZE_MAX;
    l->end -= padded;
    return l->end;
}

bool param_leases(const struct param_spec *s, const struct model_config *c)
{
    return s->kind == PARAM_MATRIX && s->role < ROLE_COUNT && s->layer >= 0 &&
           (size_t)s->layer < c->layers;
}
