/* backward.c - the backward of block.c and pass.c, from the head down to the first block that
 * learns. Normed rows and activations are worked out again; gradients are added to,
 * those of matrices written where they are fresh (model_grad_zero). */
#include "model/internal.h"

void norm_bwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              const float *mean, const float *rstd, const float *dy, bool accumulate, float *dx)
{
    const struct ops *o = m->dev->ops;
    struct model_param *g = model_param_at(m, layer, gain);
    struct norm_shape s = {N, 1, m->cfg.channels, m->cfg.channels};
    if (m->cfg.norm == NORM_RMS) {
        o->rmsnorm_bwd(m->dev, &s, x, g->w, rstd, dy, accumulate, dx, g->g);
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
                              const float *x, const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    const struct model_param *w = model_param_at(m, (int)layer, role);
    const struct model_param *b = model_param_at(m, (int)layer, role + 1);
    if (w->g)
        o->matmul(m->dev, true, false, out, in, N, dy, ldy, x, in, !m->fresh, w->g + at * in, in);
    if (b && b->g)
        o->bias_grad(m->dev, N, out, dy, ldy, b->g + at);
    lora_bwd_weight(m, layer, role, at, out, in, N, dy, ldy, x, t);
}

/* linear_bwd_input - dx = dy . rows [at, at + out) of a weight. */
static void linear_bwd_input(const struct model *m, size_t layer, enum param_role role, size_t at,
                             size_t out, size_t in, size_t N, const float *dy, size_t ldy,
                             const struct scratch *t, float *dx)
{
    const float *w = model_weight_at(m, (int)layer, role) + at * in;
    m->dev->ops->matmul(m->dev, false, false, N, in, out, dy, ldy, w, in, false, dx, in);
    lora_bwd_input(m, layer, role, at, out, in, N, dy, ldy, t, dx);
}

/* normed_bwd - dx += the gradient of what block_normed read, of dy. */
static void normed_bwd(const struct model *m, int layer, enum param_role gain, size_t N,
                       const float *x, const float *mean, const float *rstd, const float *dy,
                       float *dx)
{
    if (m->cfg.norm_place == NORMS_AFTER)
        m->dev->ops->add(m->dev, N * m->cfg.channels, dy, dx);
    else
        norm_bwd(m, layer, gain, N, x, mean, rstd, dy, true, dx);
}

/* part_bwd - the gradient of a product that is added to the residual, whose gradient is t->d: the
 * same, or in t->tmp where there is a norm behind the product. */
static const float *part_bwd(const struct model *m, size_t layer, enum param_role post, size_t R,
                             const float *part, const float *rstd, const struct scratch *t)
{
    if (m->cfg.norm_place == NORMS_BEFORE)
        return t->d;
    norm_bwd(m, (int)layer, post, R, part, NULL, rstd, t->d, false, t->tmp);
    return t->tmp;
}

/* mlp_bwd - t->d [R,C], the gradient of the block's output, gives that of the MLP's normed input in
 * t->tmp. b->gu becomes its own gradient, t->act the activation again. */
static void mlp_bwd(const struct model *m, size_t layer, size_t R, const struct kept *b,
                    const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    const float *d = part_bwd(m, layer, ROLE_POST2_GAIN, R, b->part2, b->rstd4, t);
    linear_bwd_input(m, layer, ROLE_DOWN, 0, w.C, w.M, R, d, w.C, t, t->act);
    if (m->cfg.gated)
        o->gated_bwd(m->dev, m->cfg.act, R, w.M, b->gu, t->act, b->gu, t->act);
    else
        o->act_bwd(m->dev, m->cfg.act, R * w.M, b->gu, t->act, b->gu, t->act);
    linear_bwd_weight(m, layer, ROLE_DOWN, 0, w.C, w.M, R, d, w.C, t->act, t);
    const float *xn = block_normed(m, layer, ROLE_NORM2_GAIN, R, b->mid, t->xn, b->mean2, b->rstd2);
    linear_bwd_weight(m, layer, ROLE_UP, 0, w.UP, w.C, R, b->gu, w.UP, xn, t);
    linear_bwd_input(m, layer, ROLE_UP, 0, w.UP, w.C, R, b->gu, w.UP, t, t->tmp);
}

/* qk_bwd - dq and dk, the gradients of what attention read, become those of what the products gave.
 */
static void qk_bwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
                   const struct scratch *t, float *dq, float *dk)
{
    const struct ops *o = m->dev->ops;
    struct norm_shape nq, nk;
    block_rope(m, layer, r, b, true, dq, dk);
    if (!m->cfg.qk_norm)
        return;
    const struct model_param *gq = model_param_at(m, (int)layer, ROLE_Q_NORM),
                             *gk = model_param_at(m, (int)layer, ROLE_K_NORM);
    qk_norms(m, r, b, &nq, &nk);
    o->rmsnorm_bwd(m->dev, &nq, b->q, gq->w, t->qk_rstd, dq, false, dq, gq->g);
    o->rmsnorm_bwd(m->dev, &nk, b->k, gk->w, t->qk_rstd + nq.N * nq.H, dk, false, dk, gk->g);
}

/* attention_bwd - t->act [R,Q], the gradient of attention's output y, gives that of its normed
 * input [N,C] in t->tmp. q and k as attention read them. */
static void attention_bwd(const struct model *m, size_t layer, const struct rows *r,
                          const struct kept *b, const float *q, const float *k,
                          const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    struct attn_shape s;
    bool fused = b->ldq == w.W;
    float *dq = t->dqkv, *dk = dq + (fused ? w.Q : r->R * w.Q), *dv = dk + w.KV;
    block_attn_shape(m, layer, r, b, &s);
    o->attention_bwd(m->dev, &s, q, k, b->v, b->y, b->lse, t->act, dq, dk, dv);
    qk_bwd(m, layer, r, b, t, dq, dk);
    const float *xn =
        block_normed(m, layer, ROLE_NORM1_GAIN, r->N, b->x, t->xn, b->mean1, b->rstd1);
    if (fused) {
        linear_bwd_weight(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, dq, w.W, xn, t);
        linear_bwd_input(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, dq, w.W, t, t->tmp);
        return;
    }
    linear_bwd_weight(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, dk, b->ldkv, xn, t);
    linear_bwd_input(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, dk, b->ldkv, t, t->tmp);
    o->rows_gather(m->dev, r->R, w.C, r->read, xn, w.C, t->act);
    linear_bwd_weight(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, dq, w.Q, t->act, t);
    linear_bwd_input(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, dq, w.Q, t, t->act);
    o->rows_scatter(m->dev, r->R, w.C, r->read, t->act, t->tmp, w.C);
}

void block_bwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
               struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    int l = (int)layer;
    size_t C = w.C, R = r->R;
    float *q, *k;
    mlp_bwd(m, layer, R, b, t);
    /* side by side, attention's output has the gradient d as it came; one after the other, the
     * MLP's part comes to it first */
    if (!m->cfg.parallel)
        normed_bwd(m, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, t->tmp, t->d);
    block_qk(m, layer, r, b, t, &q, &k);
    const float *d = t->d;
    if (!m->cfg.parallel)
        d = part_bwd(m, layer, ROLE_POST1_GAIN, R, b->part1, b->rstd3, t);
    linear_bwd_weight(m, layer, ROLE_OUT, 0, C, w.Q, R, d, C, b->y, t);
    linear_bwd_input(m, layer, ROLE_OUT, 0, C, w.Q, R, d, C, t, t->act);
    if (m->cfg.parallel)
        norm_bwd(m, l, ROLE_NORM2_GAIN, R, b->mid, b->mean2, b->rstd2, t->tmp, true, t->d);
    attention_bwd(m, layer, r, b, q, k, t);
    if (r->read) {
        float *spread = t->xn;
        o->fill(m->dev, r->N * C, 0, spread);
        o->rows_scatter(m->dev, R, C, r->read, t->d, spread, C);
        t->xn = t->d;
        t->d = spread;
    }
    normed_bwd(m, l, ROLE_NORM1_GAIN, r->N, b->x, b->mean1, b->rstd1, t->tmp, t->d);
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
        if (m->cfg.embed_scale > 0)
            o->scale(m->dev, N * C, m->cfg.embed_scale, t->d);
        for (size_t i = 0; embed->touched && i < N; i++)
            embed->touched[p->tokens[i]] = 1;
        o->embedding_bwd(m->dev, N, C, p->tokens, t->d, embed->g);
    }
    if (p->extent.cut == 0 && positions && positions->g)
        o->embedding_bwd(m->dev, N, C, p->pos, t->d, positions->g);
    m->fresh = false;
}
