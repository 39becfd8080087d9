/* block.c - one block forward, the same for a packed batch (pass.c), a last block of which few rows
 * are read, and one sequence with a cache (decode.c).
 *
 *     one after the other:  mid = x + out(attention(norm1(x)));  y = mid + mlp(norm2(mid))
 *     side by side:         y = x + out(attention(norm1(x))) + mlp(norm2(x))       (GPT-NeoX)
 *     norms after:          mid = x + post1(out(attention(x)));  y = mid + post2(mlp(mid))  (OLMo
 * 2) norms around: both, and queries and keys may have norms of their own. */
#include "model/internal.h"

#include <math.h>

void norm_fwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              float *y, float *mean, float *rstd)
{
    const struct ops *o = m->dev->ops;
    const float *g = model_weight_at(m, layer, gain);
    size_t C = m->cfg.channels;
    struct norm_shape s = {N, 1, C, C};
    if (m->cfg.norm == NORM_RMS)
        o->rmsnorm_fwd(m->dev, &s, x, g, m->cfg.norm_eps, y, rstd);
    else
        o->layernorm_fwd(m->dev, N, C, x, g, model_weight_at(m, layer, gain + 1), m->cfg.norm_eps,
                         y, mean, rstd);
}

const float *block_normed(const struct model *m, size_t layer, enum param_role gain, size_t N,
                          const float *x, float *xn, float *mean, float *rstd)
{
    if (m->cfg.norm_place == NORMS_AFTER)
        return x;
    norm_fwd(m, (int)layer, gain, N, x, xn, mean, rstd);
    return xn;
}

/* linear - y (+)= x . rows [at, at + out) of a weight of `in` columns, transposed, and its bias. */
static void linear(const struct model *m, size_t layer, enum param_role role, size_t at, size_t out,
                   size_t in, size_t N, const float *x, const struct scratch *t, bool accumulate,
                   float *y, size_t ldy)
{
    const struct ops *o = m->dev->ops;
    const float *w = model_weight_at(m, (int)layer, role);
    const float *bias = model_weight_at(m, (int)layer, role + 1);
    o->matmul(m->dev, false, true, N, out, in, x, in, w + at * in, in, accumulate, y, ldy);
    if (bias)
        o->bias_add(m->dev, N, out, y, ldy, bias + at);
    lora_fwd(m, layer, role, at, out, in, N, x, t, y, ldy);
}

void block_attn_shape(const struct model *m, size_t layer, const struct rows *r,
                      const struct kept *b, struct attn_shape *s)
{
    const struct model_config *c = &m->cfg;
    *s = (struct attn_shape){.S = r->S,
                             .H = c->heads,
                             .Hkv = c->kv_heads,
                             .D = c->head_size,
                             .q_starts = r->q_starts,
                             .kv_starts = r->kv_starts,
                             .ldq = b->ldq,
                             .ldk = b->ldkv,
                             .ldv = b->ldkv,
                             .ldy = c->heads * c->head_size,
                             .scale =
                                 c->attn_scale > 0 ? c->attn_scale : 1 / sqrt((double)c->head_size),
                             .window = config_windowed(c, layer) ? c->window : 0};
}

void block_rope(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
                bool inverse, float *q, float *k)
{
    const struct model_config *c = &m->cfg;
    const struct ops *o = m->dev->ops;
    bool near = c->window_theta > 0 && config_windowed(c, layer);
    struct rope_shape s = {.D = c->head_size,
                           .rotary = c->rotary,
                           .theta = near ? c->window_theta : c->rope_theta,
                           .freq = near ? NULL : m->rope_freq};
    if (!c->rotary)
        return;
    s.N = r->R, s.H = c->heads, s.ld = b->ldq, s.pos = r->read ? r->read_pos : r->pos;
    o->rope(m->dev, &s, inverse, q);
    s.N = r->N, s.H = c->kv_heads, s.ld = b->ldkv, s.pos = r->pos;
    o->rope(m->dev, &s, inverse, k);
}

void qk_norms(const struct model *m, const struct rows *r, const struct kept *b,
              struct norm_shape *q, struct norm_shape *k)
{
    const struct model_config *c = &m->cfg;
    bool whole = c->qk_norm == QK_NORM_WHOLE;
    size_t D = c->head_size;
    *q = (struct norm_shape){r->R, whole ? 1 : c->heads, whole ? c->heads * D : D, b->ldq};
    *k = (struct norm_shape){r->N, whole ? 1 : c->kv_heads, whole ? c->kv_heads * D : D, b->ldkv};
}

void block_qk(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
              const struct scratch *t, float **q, float **k)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    struct norm_shape nq, nk;
    *q = b->q;
    *k = b->k;
    if (!m->cfg.qk_norm)
        return;
    if (t->qk) {
        *q = t->qk;
        *k = t->qk + (b->ldq == w.W ? w.Q : r->R * w.Q);
    }
    qk_norms(m, r, b, &nq, &nk);
    o->rmsnorm_fwd(m->dev, &nq, b->q, model_weight_at(m, (int)layer, ROLE_Q_NORM), m->cfg.norm_eps,
                   *q, t->qk_rstd);
    o->rmsnorm_fwd(m->dev, &nk, b->k, model_weight_at(m, (int)layer, ROLE_K_NORM), m->cfg.norm_eps,
                   *k, t->qk_rstd + nq.N * nq.H);
    block_rope(m, layer, r, b, false, *q, *k);
}

static void attention_fwd(const struct model *m, size_t layer, const struct rows *r,
                          const struct kept *b, const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    struct attn_shape s;
    float *q, *k;
    const float *v = b->v;
    const float *xn =
        block_normed(m, layer, ROLE_NORM1_GAIN, r->N, b->x, t->xn, b->mean1, b->rstd1);
    if (b->ldq == w.W) {
        linear(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, xn, t, false, b->q, w.W);
    } else {
        const float *asking = xn;
        if (r->read) {
            o->rows_gather(m->dev, r->R, w.C, r->read, xn, w.C, t->act);
            asking = t->act;
        }
        linear(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, asking, t, false, b->q, b->ldq);
        linear(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, xn, t, false, b->k, b->ldkv);
    }
    if (!m->cfg.qk_norm)
        block_rope(m, layer, r, b, false, b->q, b->k);
    block_qk(m, layer, r, b, t, &q, &k);
    block_attn_shape(m, layer, r, b, &s);
    if (r->cached) {
        o->rows_scatter(m->dev, r->N, 2 * w.KV, r->cached, k, b->cache, 2 * w.KV);
        k = b->cache;
        v = b->cache + w.KV;
    }
    o->attention_fwd(m->dev, &s, q, k, v, b->y, b->lse);
}

/* mlp_hidden - the inner rows of the MLP over b->mid, in t->act. */
static void mlp_hidden(const struct model *m, size_t layer, size_t R, const struct kept *b,
                       const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    const float *xn = block_normed(m, layer, ROLE_NORM2_GAIN, R, b->mid, t->xn, b->mean2, b->rstd2);
    if (m->cfg.gated && !model_weight_at(m, (int)layer, ROLE_UP + 1) && !m->lora.rank) {
        o->matmul_gated(m->dev, m->cfg.act, R, w.M, w.C, xn,
                        model_weight_at(m, (int)layer, ROLE_UP), b->own, b->gu, t->act);
        return;
    }
    linear(m, layer, ROLE_UP, 0, w.UP, w.C, R, xn, t, false, b->gu, w.UP);
    if (m->cfg.gated)
        o->gated_fwd(m->dev, m->cfg.act, R, w.M, b->gu, t->act);
    else
        o->act_fwd(m->dev, m->cfg.act, R * w.M, b->gu, t->act);
}

/* project - out += x . a weight of `in` columns, transposed; with a norm behind it out += that of
 * the product, which is left in `part` where it is not NULL. */
static void project(const struct model *m, size_t layer, enum param_role role, enum param_role post,
                    size_t in, size_t R, const float *x, float *part, float *rstd,
                    const struct scratch *t, float *out)
{
    size_t C = m->cfg.channels;
    if (m->cfg.norm_place == NORMS_BEFORE) {
        linear(m, layer, role, 0, C, in, R, x, t, true, out, C);
        return;
    }
    float *product = part ? part : t->xn;
    linear(m, layer, role, 0, C, in, R, x, t, false, product, C);
    norm_fwd(m, (int)layer, post, R, product, t->xn, NULL, rstd);
    m->dev->ops->add(m->dev, R * C, t->xn, out);
}

void block_fwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
               const struct scratch *t, float *out)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    size_t R = r->R;
    attention_fwd(m, layer, r, b, t);
    if (r->read)
        o->rows_gather(m->dev, R, w.C, r->read, b->x, w.C, b->mid);
    else if (b->mid != b->x)
        o->copy(m->dev, R * w.C, b->x, b->mid);
    if (!m->cfg.parallel)
        project(m, layer, ROLE_OUT, ROLE_POST1_GAIN, w.Q, R, b->y, b->part1, b->rstd3, t, b->mid);
    mlp_hidden(m, layer, R, b, t);
    if (out != b->mid)
        o->copy(m->dev, R * w.C, b->mid, out);
    if (m->cfg.parallel)
        project(m, layer, ROLE_OUT, ROLE_POST1_GAIN, w.Q, R, b->y, NULL, NULL, t, out);
    project(m, layer, ROLE_DOWN, ROLE_POST2_GAIN, w.M, R, t->act, b->part2, b->rstd4, t, out);
}
