/* backward.c - the backward of block.c and pass.c, from the head down to the first block that
 * learns. Normed rows and activations are worked out again; gradients are added to,
 * those of matrices written where they are fresh (model_grad_zero). */
#include "model/internal.h"

void norm_bwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              const float *mean, const float *rstd, const float *dy, bool accumulate, float *dx)
{
    const struct ops *o = m->dev->ops;
    struct model_param *g = model_param_at(m, layer, gain);
    if (m->cfg.norm == NORM_RMS) {
        o->rmsnorm_bwd(m->dev, N, m->cfg.channels, x, g->w, rstd, dy, accumulate, dx, g->g);
        return;
    }
    struct model_param *b = model_param_at(m, layer, gain + 1);
    o->layernorm_bwd(m->dev, N, m->cfg.channels, x, g->w, mean, rstd, dy, accumulate, dx, g->g,
                     b ? b->g : NULL);
}

/* linear_bwd_weight - rows [at, at + out) of a weight's gradient += dy^T x (or = where it is
 * fresh), and of its bias's. */
static void linear_bwd_weight(const struct model *m, size_t layer, enum param_role role, size_t at,
                              size_t out, size_t in, size_t N, const float *dy, size_t ldy,
                              const float *x)
{
    const struct ops *o = m->dev->ops;
    const struct model_param *w = model_param_at(m, (int)layer, role);
    const struct model_param *b = model_param_at(m, (int)layer, role + 1);
    if (w->g)
        o->matmul(m->dev, true, false, out, in, N, dy, ldy, x, in, !m->fresh, w->g + at * in, in);
    if (b && b->g)
        o->bias_grad(m->dev, N, out, dy, ldy, b->g + at);
}

/* linear_bwd_input - dx = dy . rows [at, at + out) of a weight. */
static void linear_bwd_input(const struct model *m, size_t layer, enum param_role role, size_t at,
                             size_t out, size_t in, size_t N, const float *dy, size_t ldy,
                             float *dx)
{
    const float *w = model_weight_at(m, (int)layer, role) + at * in;
    m->dev->ops->matmul(m->dev, false, false, N, in, out, dy, ldy, w, in, false, dx, in);
}

/* mlp_bwd - t->d [R,C], the gradient of the MLP's output, gives that of its normed input in t->tmp.
 * b->gu becomes its own gradient, t->act the activation again. */
static void mlp_bwd(const struct model *m, size_t layer, size_t R, const struct kept *b,
                    const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    linear_bwd_input(m, layer, ROLE_DOWN, 0, w.C, w.M, R, t->d, w.C, t->act);
    if (m->cfg.gated)
        o->gated_bwd(m->dev, m->cfg.act, R, w.M, b->gu, t->act, b->gu, t->act);
    else
        o->act_bwd(m->dev, m->cfg.act, R * w.M, b->gu, t->act, b->gu, t->act);
    linear_bwd_weight(m, layer, ROLE_DOWN, 0, w.C, w.M, R, t->d, w.C, t->act);
    norm_fwd(m, (int)layer, ROLE_NORM2_GAIN, R, b->mid, t->xn, b->mean2, b->rstd2);
    linear_bwd_weight(m, layer, ROLE_UP, 0, w.UP, w.C, R, b->gu, w.UP, t->xn);
    linear_bwd_input(m, layer, ROLE_UP, 0, w.UP, w.C, R, b->gu, w.UP, t->tmp);
}

/* attention_output - b->y, or the same worked out again in t->xn. */
static const float *attention_output(const struct model *m, const struct rows *r,
                                     const struct kept *b, const struct scratch *t)
{
    struct attn_shape s;
    if (b->y)
        return b->y;
    block_attn_shape(m, r, b, &s);
    m->dev->ops->attention_fwd(m->dev, &s, b->q, b->k, b->v, t->xn, b->lse);
    return t->xn;
}

/* attention_bwd - t->act [R,Q], the gradient of attention's output y, gives that of its normed
 * input [N,C] in t->tmp. y may be t->xn. */
static void attention_bwd(const struct model *m, size_t layer, const struct rows *r,
                          const struct kept *b, const float *y, const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    struct attn_shape s;
    bool fused = b->ldq == w.W;
    float *dq = t->dqkv, *dk = dq + (fused ? w.Q : r->R * w.Q), *dv = dk + w.KV;
    block_attn_shape(m, r, b, &s);
    o->attention_bwd(m->dev, &s, b->q, b->k, b->v, y, b->lse, t->act, dq, dk, dv);
    block_rope(m, r->R, r->read ? r->read_pos : r->pos, m->cfg.heads, b->ldq, true, dq);
    block_rope(m, r->N, r->pos, m->cfg.kv_heads, b->ldkv, true, dk);
    norm_fwd(m, (int)layer, ROLE_NORM1_GAIN, r->N, b->x, t->xn, b->mean1, b->rstd1);
    if (fused) {
        linear_bwd_weight(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, dq, w.W, t->xn);
        linear_bwd_input(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, dq, w.W, t->tmp);
        return;
    }
    linear_bwd_weight(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, dk, b->ldkv, t->xn);
    linear_bwd_input(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, dk, b->ldkv, t->tmp);
    o->rows_gather(m->dev, r->R, w.C, r->read, t->xn, w.C, t->act);
    linear_bwd_weight(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, dq, w.Q, t->act);
    linear_bwd_input(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, dq, w.Q, t->act);
    o->rows_scatter(m->dev, r->R, w.C, r->read, t->act, t->tmp, w.C);
}

void block_bwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
               struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    int l = (int)layer;
    size_t C = w.C, R = r->R;
    mlp_bwd(m, layer, R, b, t);
    /* side by side, attention's output has the gradient d as it came; one after the other, the
     * MLP's part comes to it first */
    if (!m->cfg.parallel)
        norm_bwd(m, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, t->tmp, true, t->d);
    const float *y = attention_output(m, r, b, t);
    linear_bwd_weight(m, layer, ROLE_OUT, 0, C, w.Q, R, t->d, C, y);
    linear_bwd_input(m, layer, ROLE_OUT, 0, C, w.Q, R, t->d, C, t->act);
    if (m->cfg.parallel)
        norm_bwd(m, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, t->tmp, true, t->d);
    attention_bwd(m, layer, r, b, y, t);
    if (r->read) {
        float *spread = t->xn;
        o->fill(m->dev, r->N * C, 0, spread);
        o->rows_scatter(m->dev, R, C, r->read, t->d, spread, C);
        t->xn = t->d;
        t->d = spread;
    }
    norm_bwd(m, l, ROLE_NORM1_GAIN, r->N, b->x, b->mean1, b->rstd1, t->tmp, true, t->d);
}

/* lend - the gradients of a block's matrices where there is room for them. */
static void lend(struct pass *p, struct lease *lease, size_t layer)
{
    struct model *m = p->m;
    for (size_t i = 0; i < m->n_params; i++) {
        struct model_param *w = &m->params[i];
        if (w->spec.layer != (int)layer || !w->g || !param_leases(&w->spec, &m->cfg))
            continue;
        size_t at = lease_take(lease, &p->a, &m->cfg, layer, w->spec.rows * w->spec.cols);
        w->g = at == SIZE_MAX ? w->own : p->base + at;
    }
}

void pass_backward(struct pass *p, const float *dlogits)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    struct activations *a = &p->a;
    struct scratch *t = &a->scratch;
    const struct model_param *head = model_head_param(m);
    struct model_param *embed = model_param_at(m, -1, ROLE_EMBED);
    const struct model_param *positions = model_param_at(m, -1, ROLE_POSITIONS);
    size_t C = m->cfg.channels, L = m->cfg.layers, N = p->extent.N, R = p->extent.R;
    size_t outputs = p->extent.outputs;
    struct lease lease = lease_begin(a);
    BUG_ON(!p->backward_due || (p->lend && !m->fresh));
    p->backward_due = false;
    if (head->g)
        o->matmul(m->dev, true, false, outputs, C, R, dlogits, outputs, a->normed, C, !m->fresh,
                  head->g, C);
    if (p->extent.cut == L) {
        m->fresh = false;
        return;
    }
    o->matmul(m->dev, false, false, R, C, outputs, dlogits, outputs, head->w, C, false, t->tmp, C);
    norm_bwd(m, (int)L, ROLE_NORM_GAIN, R, a->last, a->mean, a->rstd, t->tmp, false, t->d);
    for (size_t l = L; l-- > p->extent.cut;) {
        struct rows r = pass_rows(p, l);
        if (p->lend)
            lend(p, &lease, l);
        block_bwd(m, l, &r, &a->blocks[l], t);
    }
    if (p->extent.cut == 0 && embed->g) {
        for (size_t i = 0; embed->touched && i < N; i++)
            embed->touched[p->tokens[i]] = 1;
        o->embedding_bwd(m->dev, N, C, p->tokens, t->d, embed->g);
    }
    if (p->extent.cut == 0 && positions && positions->g)
        o->embedding_bwd(m->dev, N, C, p->pos, t->d, positions->g);
    m->fresh = false;
}
