/* backward.c - the backward of pass.c, block by block from the head down to the first one that learns. Gradients are added to. */
#include "model/internal.h"

#include <string.h>

/* norm_bwd - dx = (or +=) the gradient through a norm; gains and biases that learn are added to. */
static void norm_bwd(const struct pass *p, int layer, enum param_role gain, size_t N, const float *x, const float *mean, const float *rstd,
                     const float *dy, bool accumulate, float *dx)
{
    struct model *m = p->m;
    struct model_param *g = model_param_at(m, layer, gain);
    if (m->cfg.norm == NORM_RMS) {
        m->dev->ops->rmsnorm_bwd(m->dev, N, m->cfg.channels, x, g->w, rstd, dy, accumulate, dx, g->g);
        return;
    }
    struct model_param *b = model_param_at(m, layer, gain + 1);
    m->dev->ops->layernorm_bwd(m->dev, N, m->cfg.channels, x, g->w, mean, rstd, dy, accumulate, dx, g->g, b ? b->g : NULL);
}

/* weight_grad - rows [at, at + out) of a matrix's gradient += dy^T x, and of its bias's. */
static void weight_grad(const struct pass *p, int layer, enum param_role role, size_t at, size_t out, size_t in, size_t N, const float *dy,
                        size_t ldy, const float *x, size_t ldx)
{
    struct model *m = p->m;
    struct model_param *w = model_param_at(m, layer, role), *b = model_param_at(m, layer, role + 1);
    if (w->g)
        m->dev->ops->matmul(m->dev, true, false, out, in, N, dy, ldy, x, ldx, true, w->g + at * in, in);
    if (b && b->g)
        m->dev->ops->bias_grad(m->dev, N, out, dy, ldy, b->g + at);
}

/* mlp_bwd - p->d [R,C], the gradient of the MLP's output, gives that of its normed input in p->tmp. */
static void mlp_bwd(struct pass *p, size_t layer)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    const struct kept *b = &p->blocks[layer];
    struct widths w = model_widths(&m->cfg);
    size_t R = pass_rows(p, layer);
    int l = (int)layer;
    if (m->cfg.gated)
        o->gated_fwd(m->dev, m->cfg.act, R, w.M, b->gu, p->act);
    else
        o->act_fwd(m->dev, m->cfg.act, R * w.M, b->gu, p->act);
    weight_grad(p, l, ROLE_DOWN, 0, w.C, w.M, R, p->d, w.C, p->act, w.M);
    o->matmul(m->dev, false, false, R, w.M, w.C, p->d, w.C, model_param_at(m, l, ROLE_DOWN)->w, w.M, false, p->dact, w.M);
    if (m->cfg.gated)
        o->gated_bwd(m->dev, m->cfg.act, R, w.M, b->gu, p->dact, p->dgu);
    else
        o->act_bwd(m->dev, m->cfg.act, R * w.M, b->gu, p->dact, p->dgu);
    norm_fwd(p, l, ROLE_NORM2_GAIN, R, b->mid, p->xn, b->mean2, b->rstd2);
    weight_grad(p, l, ROLE_UP, 0, w.UP, w.C, R, p->dgu, w.UP, p->xn, w.C);
    o->matmul(m->dev, false, false, R, w.C, w.UP, p->dgu, w.UP, model_param_at(m, l, ROLE_UP)->w, w.C, false, p->tmp, w.C);
}

/* attention_bwd - p->d [R,C], the gradient of attention's output, gives that of its normed input [N,C] in p->tmp. */
static void attention_bwd(struct pass *p, size_t layer)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    const struct kept *b = &p->blocks[layer];
    struct widths w = model_widths(&m->cfg);
    struct attn_shape s;
    size_t N = p->N, R = pass_rows(p, layer);
    bool trimmed = b->ldq != w.W;
    int l = (int)layer;
    float *dq = p->dqkv, *dk = trimmed ? p->dqkv + R * w.Q : dq + w.Q, *dv = dk + w.KV;
    const float *weight = model_param_at(m, l, ROLE_QKV)->w;
    weight_grad(p, l, ROLE_OUT, 0, w.C, w.Q, R, p->d, w.C, b->y, w.Q);
    o->matmul(m->dev, false, false, R, w.Q, w.C, p->d, w.C, model_param_at(m, l, ROLE_OUT)->w, w.Q, false, p->dact, w.Q);
    pass_attn_shape(p, layer, &s);
    o->attention_bwd(m->dev, &s, b->q, b->k, b->v, b->y, b->lse, p->dact, dq, dk, dv);
    pass_rope(p, R, trimmed ? p->read_pos : p->pos, m->cfg.heads, b->ldq, true, dq);
    pass_rope(p, N, p->pos, m->cfg.kv_heads, b->ldkv, true, dk);
    norm_fwd(p, l, ROLE_NORM1_GAIN, N, b->x, p->xn, b->mean1, b->rstd1);
    if (!trimmed) {
        weight_grad(p, l, ROLE_QKV, 0, w.W, w.C, N, dq, w.W, p->xn, w.C);
        o->matmul(m->dev, false, false, N, w.C, w.W, dq, w.W, weight, w.C, false, p->tmp, w.C);
        return;
    }
    weight_grad(p, l, ROLE_QKV, w.Q, 2 * w.KV, w.C, N, dk, b->ldkv, p->xn, w.C);
    o->matmul(m->dev, false, false, N, w.C, 2 * w.KV, dk, b->ldkv, weight + w.Q * w.C, w.C, false, p->tmp, w.C);
    o->rows_gather(m->dev, R, w.C, p->read_rows, p->xn, w.C, p->act);
    weight_grad(p, l, ROLE_QKV, 0, w.Q, w.C, R, dq, w.Q, p->act, w.C);
    o->matmul(m->dev, false, false, R, w.C, w.Q, dq, w.Q, weight, w.C, false, p->act, w.C);
    o->rows_scatter(m->dev, R, w.C, p->read_rows, p->act, p->tmp, w.C);
}

/* block_bwd - p->d: in, the gradient of the block's output [R,C]; out, that of its input [N,C]. */
static void block_bwd(struct pass *p, size_t layer)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    const struct kept *b = &p->blocks[layer];
    size_t C = m->cfg.channels, N = p->N, R = pass_rows(p, layer);
    int l = (int)layer;
    mlp_bwd(p, layer);
    if (m->cfg.parallel) {
        /* d2: the way of the MLP and the residual; d stays what attention's output has */
        o->copy(m->dev, R * C, p->d, p->d2);
        norm_bwd(p, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, p->tmp, true, p->d2);
    } else {
        norm_bwd(p, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, p->tmp, true, p->d);
        o->copy(m->dev, R * C, p->d, p->d2);
    }
    attention_bwd(p, layer);
    if (R == N) {
        float *was = p->d;
        p->d = p->d2;
        p->d2 = was;
    } else {
        o->fill(m->dev, N * C, 0, p->d);
        o->rows_scatter(m->dev, R, C, p->read_rows, p->d2, p->d, C);
    }
    norm_bwd(p, l, ROLE_NORM1_GAIN, N, b->x, b->mean1, b->rstd1, p->tmp, true, p->d);
}

void pass_backward(struct pass *p, float *dlogits)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    struct model_param *head = model_head_param(m), *embed, *positions;
    size_t C = m->cfg.channels, L = m->cfg.layers, outputs = model_outputs(m);
    BUG_ON(!p->keep);
    if (head->g)
        o->matmul(m->dev, true, false, outputs, C, p->R, dlogits, outputs, p->normed, C, true, head->g, C);
    if (m->trainable.kind == TRAIN_HEAD)
        return;
    o->matmul(m->dev, false, false, p->R, C, outputs, dlogits, outputs, head->w, C, false, p->tmp, C);
    norm_bwd(p, (int)L, ROLE_NORM_GAIN, p->R, p->last, p->mean, p->rstd, p->tmp, false, p->d);
    for (size_t l = L; l-- > m->cut;)
        block_bwd(p, l);
    embed = model_param_at(m, -1, ROLE_EMBED);
    positions = model_param_at(m, -1, ROLE_POSITIONS);
    if (m->cut == 0 && embed->g && m->trainable.embeddings)
        o->embedding_bwd(m->dev, p->N, C, p->tokens, p->d, embed->g);
    if (m->cut == 0 && positions && positions->g)
        o->embedding_bwd(m->dev, p->N, C, p->pos, p->d, positions->g);
}
