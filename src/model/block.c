/* block.c - one block forward, the same for a packed batch (pass.c), a last block of which few rows
 * are read, and one sequence with a cache (decode.c).
 *
 *     one after the other:  mid = x + out(attention(norm1(x)));  y = mid + mlp(norm2(mid))
 *     side by side:         y = x + out(attention(norm1(x))) + mlp(norm2(x))       (GPT-NeoX) */
#include "model/internal.h"

#include <math.h>

void norm_fwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              float *y, float *mean, float *rstd)
{
    const struct ops *o = m->dev->ops;
    const float *g = model_weight_at(m, layer, gain);
    if (m->cfg.norm == NORM_RMS)
        o->rmsnorm_fwd(m->dev, N, m->cfg.channels, x, g, m->cfg.norm_eps, y, rstd);
    else
        o->layernorm_fwd(m->dev, N, m->cfg.channels, x, g, model_weight_at(m, layer, gain + 1),
                         m->cfg.norm_eps, y, mean, rstd);
}

/* linear - y (+)= x . rows [at, at + out) of a weight of `in` columns, transposed, and its bias. */
static void linear(const struct model *m, size_t layer, enum param_role role, size_t at, size_t out,
                   size_t in, size_t N, const float *x, bool accumulate, float *y, size_t ldy)
{
    const struct ops *o = m->dev->ops;
    const float *w = model_weight_at(m, (int)layer, role);
    const float *bias = model_weight_at(m, (int)layer, role + 1);
    o->matmul(m->dev, false, true, N, out, in, x, in, w + at * in, in, accumulate, y, ldy);
    if (bias)
        o->bias_add(m->dev, N, out, y, ldy, bias + at);
}

void block_attn_shape(const struct model *m, const struct rows *r, const struct kept *b,
                      struct attn_shape *s)
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
                             .scale = 1 / sqrt((double)c->head_size)};
}

void block_rope(const struct model *m, size_t N, const int32_t *pos, size_t heads, size_t ld,
                bool inverse, float *x)
{
    const struct model_config *c = &m->cfg;
    struct rope_shape s = {N, heads, c->head_size, c->rotary, ld, c->rope_theta, pos, NULL, NULL};
    if (c->rotary)
        m->dev->ops->rope(m->dev, &s, inverse, x);
}

static void attention_fwd(const struct model *m, size_t layer, const struct rows *r,
                          const struct kept *b, const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    size_t heads = m->cfg.heads, kv_heads = m->cfg.kv_heads;
    struct attn_shape s;
    norm_fwd(m, (int)layer, ROLE_NORM1_GAIN, r->N, b->x, t->xn, b->mean1, b->rstd1);
    if (b->ldq == w.W) {
        linear(m, layer, ROLE_QKV, 0, w.W, w.C, r->N, t->xn, false, b->q, w.W);
    } else {
        const float *asking = t->xn;
        if (r->read) {
            o->rows_gather(m->dev, r->R, w.C, r->read, t->xn, w.C, t->act);
            asking = t->act;
        }
        linear(m, layer, ROLE_QKV, 0, w.Q, w.C, r->R, asking, false, b->q, b->ldq);
        linear(m, layer, ROLE_QKV, w.Q, 2 * w.KV, w.C, r->N, t->xn, false, b->k, b->ldkv);
    }
    block_rope(m, r->R, r->read ? r->read_pos : r->pos, heads, b->ldq, false, b->q);
    block_rope(m, r->N, r->pos, kv_heads, b->ldkv, false, b->k);
    block_attn_shape(m, r, b, &s);
    size_t before = r->past * b->ldkv;
    o->attention_fwd(m->dev, &s, b->q, b->k - before, b->v - before, b->y ? b->y : t->act, b->lse);
}

/* mlp_hidden - the inner rows of the MLP over b->mid, in t->act. */
static void mlp_hidden(const struct model *m, size_t layer, size_t R, const struct kept *b,
                       const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct widths w = model_widths(&m->cfg);
    norm_fwd(m, (int)layer, ROLE_NORM2_GAIN, R, b->mid, t->xn, b->mean2, b->rstd2);
    linear(m, layer, ROLE_UP, 0, w.UP, w.C, R, t->xn, false, b->gu, w.UP);
    if (m->cfg.gated)
        o->gated_fwd(m->dev, m->cfg.act, R, w.M, b->gu, t->act);
    else
        o->act_fwd(m->dev, m->cfg.act, R * w.M, b->gu, t->act);
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
        linear(m, layer, ROLE_OUT, 0, w.C, w.Q, R, b->y ? b->y : t->act, true, b->mid, w.C);
    mlp_hidden(m, layer, R, b, t);
    if (out != b->mid)
        o->copy(m->dev, R * w.C, b->mid, out);
    if (m->cfg.parallel)
        linear(m, layer, ROLE_OUT, 0, w.C, w.Q, R, b->y, true, out, w.C);
    linear(m, layer, ROLE_DOWN, 0, w.C, w.M, R, t->act, true, out, w.C);
}
