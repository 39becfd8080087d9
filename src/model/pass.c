/* pass.c - the forward: one packed batch through the blocks, the read rows through the head.
 *
 * Where the head reads fewer rows than there are, the last block computes keys and values for all rows and everything else for
 * the read rows alone (`trimmed`). Activations lie one after the other in one device buffer; pass_plan gives every pointer its place,
 * and, with no buffer to point into, the size of it. */
#include "model/internal.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

int pass_new(struct pass **out, struct model *m, struct err *e)
{
    struct pass *p = mem_zalloc(1, sizeof *p, e);
    *out = NULL;
    if (!p)
        return e->code;
    p->m = m;
    p->blocks = mem_zalloc(m->cfg.layers, sizeof *p->blocks, e);
    if (!p->blocks) {
        mem_free(p);
        return e->code;
    }
    *out = p;
    return OK;
}

void pass_free(struct pass *p)
{
    if (!p)
        return;
    dev_free(p->m->dev, p->base);
    mem_free(p->blocks);
    mem_free(p->tokens);
    mem_free(p->starts);
    mem_free(p->pos);
    mem_free(p->read_rows);
    mem_free(p->read_starts);
    mem_free(p->read_pos);
    mem_free(p);
}

size_t pass_rows(const struct pass *p, size_t layer)
{
    return p->trimmed && layer + 1 == p->m->cfg.layers ? p->R : p->N;
}

/* place - n floats of the buffer; addresses are kept on 64-byte lines. */
static float *place(float *base, size_t *at, size_t n)
{
    float *p = base ? base + *at : NULL;
    *at += (n + 15) / 16 * 16;
    return p;
}

/* plan_block - one block's activations; x apart, since it is also the former block's output. */
static void plan_block(struct kept *b, const struct model_config *c, size_t N, size_t R, bool trimmed, float *base, size_t *at)
{
    struct widths w = model_widths(c);
    b->mean1 = place(base, at, N);
    b->rstd1 = place(base, at, N);
    if (trimmed) {
        b->q = place(base, at, R * w.Q);
        b->k = place(base, at, N * 2 * w.KV);
        b->v = b->k ? b->k + w.KV : NULL;
        b->ldq = w.Q;
        b->ldkv = 2 * w.KV;
    } else {
        b->q = place(base, at, N * w.W);
        b->k = b->q ? b->q + w.Q : NULL;
        b->v = b->q ? b->q + w.Q + w.KV : NULL;
        b->ldq = b->ldkv = w.W;
    }
    b->y = place(base, at, R * w.Q);
    b->lse = place(base, at, R * c->heads);
    b->mid = place(base, at, R * w.C);
    b->mean2 = place(base, at, R);
    b->rstd2 = place(base, at, R);
    b->gu = place(base, at, R * w.UP);
}

/* plan - all pointers of p; returns the floats wanted. Blocks that keep nothing share one set, and two inputs in turn. */
static size_t plan(struct pass *p, const struct model_config *c, size_t cut, size_t outputs, float *base)
{
    struct widths w = model_widths(c);
    size_t at = 0, N = p->N, R = p->R, L = c->layers;
    float *turn[2] = {place(base, &at, N * w.C), place(base, &at, N * w.C)};
    bool shared = false;
    struct kept common = {0};
    for (size_t l = 0; l < L; l++) {
        struct kept *b = &p->blocks[l];
        bool trimmed = p->trimmed && l + 1 == L;
        float *x = p->keep && l >= cut ? place(base, &at, N * w.C) : turn[l % 2];
        if (p->keep && l >= cut) {
            plan_block(b, c, N, trimmed ? R : N, trimmed, base, &at);
        } else if (trimmed) {
            plan_block(b, c, N, R, true, base, &at);
        } else {
            if (!shared)
                plan_block(&common, c, N, N, false, base, &at);
            shared = true;
            *b = common;
        }
        b->x = x;
    }
    p->last = place(base, &at, R * w.C);
    p->normed = place(base, &at, R * w.C);
    p->mean = place(base, &at, R);
    p->rstd = place(base, &at, R);
    p->logits = place(base, &at, R * outputs);
    p->xn = place(base, &at, N * w.C);
    p->act = place(base, &at, N * (w.M > w.C ? w.M : w.C)); /* also gathered rows of C */
    p->tmp = place(base, &at, N * w.C);
    p->d = p->d2 = p->dqkv = p->dgu = p->dact = NULL;
    if (p->keep) {
        p->d = place(base, &at, N * w.C);
        p->d2 = place(base, &at, N * w.C);
        p->dqkv = place(base, &at, N * (w.W + w.Q));
        p->dgu = place(base, &at, N * w.UP);
        p->dact = place(base, &at, N * (w.M > w.Q ? w.M : w.Q));
    }
    return at;
}

size_t model_bytes(const struct model_config *c, const struct trainable *t, size_t batch_tokens)
{
    struct err ignored = ERR_INIT;
    struct pass p = {.N = batch_tokens, .R = 1 + batch_tokens / 25, .keep = true, .trimmed = true};
    struct param_spec *specs = NULL;
    size_t n = 0, learning = 0, cut = t->kind == TRAIN_ALL ? 0 : t->kind == TRAIN_TOP && t->top <= c->layers ? c->layers - t->top : c->layers;
    p.blocks = mem_zalloc(c->layers, sizeof *p.blocks, &ignored);
    if (!p.blocks || family_params(c, &specs, &n, &ignored)) {
        mem_free(p.blocks);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        bool embed = specs[i].kind == PARAM_EMBED || specs[i].kind == PARAM_POSITIONS;
        if (specs[i].kind != PARAM_UNEMBED && (embed ? t->embeddings : specs[i].layer >= (int)cut && t->kind != TRAIN_HEAD))
            learning += specs[i].rows * specs[i].cols;
    }
    size_t activations = plan(&p, c, cut, 2, NULL);
    mem_free(specs);
    mem_free(p.blocks);
    /* weights; gradient and two moments of what learns */
    return sizeof(float) * (config_params(c) + 3 * learning + activations);
}

static int room(struct pass *p, size_t tokens, size_t seqs, struct err *e)
{
    int32_t **by_token[] = {&p->tokens, &p->pos, &p->read_rows, &p->read_pos}, **by_seq[] = {&p->starts, &p->read_starts};
    int rc = OK;
    for (size_t i = 0; i < 4 && !rc && tokens > p->cap_tokens; i++) {
        mem_free(*by_token[i]);
        *by_token[i] = mem_alloc(tokens, sizeof **by_token[i], e);
        rc = *by_token[i] ? OK : e->code;
    }
    for (size_t i = 0; i < 2 && !rc && seqs + 1 > p->cap_seqs; i++) {
        mem_free(*by_seq[i]);
        *by_seq[i] = mem_alloc(seqs + 1, sizeof **by_seq[i], e);
        rc = *by_seq[i] ? OK : e->code;
    }
    if (rc) {
        p->cap_tokens = p->cap_seqs = 0;
        return rc;
    }
    p->cap_tokens = tokens > p->cap_tokens ? tokens : p->cap_tokens;
    p->cap_seqs = seqs + 1 > p->cap_seqs ? seqs + 1 : p->cap_seqs;
    return OK;
}

/* take_batch - checked and copied: tokens, starts, positions, which rows are read. */
static int take_batch(struct pass *p, const struct batch *b, const int32_t *reads, bool all, struct err *e)
{
    size_t S = b->n_seqs, V = p->m->cfg.vocab, longest = p->m->cfg.positions;
    int rc = room(p, b->n_tokens, S, e);
    if (rc)
        return rc;
    BUG_ON(S == 0 || b->starts[0] != 0 || (size_t)b->starts[S] != b->n_tokens);
    for (size_t i = 0; i < b->n_tokens; i++)
        if (b->tokens[i] < 0 || (size_t)b->tokens[i] >= V)
            return err_set(e, ERR_INPUT, "token id %d is outside the model's vocabulary of %zu", (int)b->tokens[i], V);
    memcpy(p->tokens, b->tokens, b->n_tokens * sizeof *p->tokens);
    memcpy(p->starts, b->starts, (S + 1) * sizeof *p->starts);
    p->R = 0;
    for (size_t s = 0; s < S; s++) {
        int32_t begin = b->starts[s], n = b->starts[s + 1] - begin, read = reads ? reads[s] : all ? n : 1;
        BUG_ON(n <= 0 || read < 0 || read > n);
        if ((size_t)n > longest)
            return err_set(e, ERR_INPUT, "a sequence of %d tokens; the model takes at most %zu", (int)n, longest);
        p->read_starts[s] = (int32_t)p->R;
        for (int32_t i = 0; i < n; i++)
            p->pos[begin + i] = i;
        for (int32_t i = n - read; i < n; i++) {
            p->read_rows[p->R] = begin + i;
            p->read_pos[p->R++] = i;
        }
    }
    p->read_starts[S] = (int32_t)p->R;
    p->batch = (struct batch){b->n_tokens, S, p->tokens, p->starts};
    p->N = b->n_tokens;
    p->trimmed = p->R < p->N;
    return OK;
}

static int plan_buffer(struct pass *p, struct err *e)
{
    size_t outputs = model_outputs(p->m), want = plan(p, &p->m->cfg, p->m->cut, outputs, NULL);
    if (want > p->cap) {
        dev_free(p->m->dev, p->base);
        p->cap = 0;
        p->base = dev_alloc(p->m->dev, want, e);
        if (!p->base)
            return err_wrap(e, "activations of %zu tokens", p->N);
        p->cap = want;
    }
    plan(p, &p->m->cfg, p->m->cut, outputs, p->base);
    return OK;
}

void norm_fwd(const struct pass *p, int layer, enum param_role gain, size_t N, const float *x, float *y, float *mean, float *rstd)
{
    const struct model *m = p->m;
    const float *g = model_param_at(m, layer, gain)->w;
    if (m->cfg.norm == NORM_RMS) {
        m->dev->ops->rmsnorm_fwd(m->dev, N, m->cfg.channels, x, g, m->cfg.norm_eps, y, rstd);
        return;
    }
    const struct model_param *b = model_param_at(m, layer, gain + 1);
    m->dev->ops->layernorm_fwd(m->dev, N, m->cfg.channels, x, g, b ? b->w : NULL, m->cfg.norm_eps, y, mean, rstd);
}

void linear_bias(const struct pass *p, int layer, enum param_role bias, size_t at, size_t rows, size_t cols, float *y, size_t ld)
{
    const struct model_param *b = model_param_at(p->m, layer, bias);
    if (b)
        p->m->dev->ops->bias_add(p->m->dev, rows, cols, y, ld, b->w + at);
}

void pass_attn_shape(const struct pass *p, size_t layer, struct attn_shape *s)
{
    const struct model_config *c = &p->m->cfg;
    const struct kept *b = &p->blocks[layer];
    bool trimmed = pass_rows(p, layer) != p->N;
    *s = (struct attn_shape){p->batch.n_seqs, c->heads, c->kv_heads, c->head_size, trimmed ? p->read_starts : p->starts, p->starts,
                             b->ldq, b->ldkv, b->ldkv, c->heads * c->head_size, 1 / sqrt((double)c->head_size), 0};
}

void pass_rope(const struct pass *p, size_t rows, const int32_t *pos, size_t heads, size_t ld, bool inverse, float *x)
{
    const struct model_config *c = &p->m->cfg;
    struct rope_shape s = {rows, heads, c->head_size, c->rotary, ld, c->rope_theta, pos, NULL};
    if (c->rotary)
        p->m->dev->ops->rope(p->m->dev, &s, inverse, x);
}

/* block_attention - norm1, query/key/value, rotary, attention: b->y. */
static void block_attention(struct pass *p, size_t layer)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    struct kept *b = &p->blocks[layer];
    struct widths w = model_widths(&m->cfg);
    struct attn_shape s;
    size_t N = p->N, R = pass_rows(p, layer);
    int l = (int)layer;
    const float *weight = model_param_at(m, l, ROLE_QKV)->w;
    norm_fwd(p, l, ROLE_NORM1_GAIN, N, b->x, p->xn, b->mean1, b->rstd1);
    if (R == N && b->ldq == w.W) {
        o->matmul(m->dev, false, true, N, w.W, w.C, p->xn, w.C, weight, w.C, false, b->q, w.W);
        linear_bias(p, l, ROLE_QKV_BIAS, 0, N, w.W, b->q, w.W);
        pass_rope(p, N, p->pos, m->cfg.heads, w.W, false, b->q);
    } else {
        o->rows_gather(m->dev, R, w.C, p->read_rows, p->xn, w.C, p->tmp);
        o->matmul(m->dev, false, true, R, w.Q, w.C, p->tmp, w.C, weight, w.C, false, b->q, w.Q);
        linear_bias(p, l, ROLE_QKV_BIAS, 0, R, w.Q, b->q, w.Q);
        o->matmul(m->dev, false, true, N, 2 * w.KV, w.C, p->xn, w.C, weight + w.Q * w.C, w.C, false, b->k, b->ldkv);
        linear_bias(p, l, ROLE_QKV_BIAS, w.Q, N, 2 * w.KV, b->k, b->ldkv);
        pass_rope(p, R, p->read_pos, m->cfg.heads, w.Q, false, b->q);
    }
    pass_rope(p, N, p->pos, m->cfg.kv_heads, b->ldkv, false, b->k);
    pass_attn_shape(p, layer, &s);
    o->attention_fwd(m->dev, &s, b->q, b->k, b->v, b->y, b->lse);
}

/* block_fwd - b->x to out [R,C]. */
static void block_fwd(struct pass *p, size_t layer, float *out)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    struct kept *b = &p->blocks[layer];
    struct widths w = model_widths(&m->cfg);
    size_t R = pass_rows(p, layer);
    int l = (int)layer;
    block_attention(p, layer);
    if (R == p->N)
        o->copy(m->dev, R * w.C, b->x, b->mid);
    else
        o->rows_gather(m->dev, R, w.C, p->read_rows, b->x, w.C, b->mid);
    /* side by side, both read the block's input; one after the other, the MLP reads the sum */
    float *sum = m->cfg.parallel ? out : b->mid;
    if (m->cfg.parallel)
        o->copy(m->dev, R * w.C, b->mid, out);
    o->matmul(m->dev, false, true, R, w.C, w.Q, b->y, w.Q, model_param_at(m, l, ROLE_OUT)->w, w.Q, true, sum, w.C);
    linear_bias(p, l, ROLE_OUT_BIAS, 0, R, w.C, sum, w.C);
    norm_fwd(p, l, ROLE_NORM2_GAIN, R, b->mid, p->xn, b->mean2, b->rstd2);
    o->matmul(m->dev, false, true, R, w.UP, w.C, p->xn, w.C, model_param_at(m, l, ROLE_UP)->w, w.C, false, b->gu, w.UP);
    linear_bias(p, l, ROLE_UP_BIAS, 0, R, w.UP, b->gu, w.UP);
    if (m->cfg.gated)
        o->gated_fwd(m->dev, m->cfg.act, R, w.M, b->gu, p->act);
    else
        o->act_fwd(m->dev, m->cfg.act, R * w.M, b->gu, p->act);
    if (!m->cfg.parallel)
        o->copy(m->dev, R * w.C, b->mid, out);
    o->matmul(m->dev, false, true, R, w.C, w.M, p->act, w.M, model_param_at(m, l, ROLE_DOWN)->w, w.M, true, out, w.C);
    linear_bias(p, l, ROLE_DOWN_BIAS, 0, R, w.C, out, w.C);
}

static void embed(struct pass *p, float *x)
{
    struct model *m = p->m;
    const struct model_param *positions = model_param_at(m, -1, ROLE_POSITIONS);
    m->dev->ops->embedding_fwd(m->dev, p->N, m->cfg.channels, p->tokens, model_param_at(m, -1, ROLE_EMBED)->w, false, x);
    if (positions)
        m->dev->ops->embedding_fwd(m->dev, p->N, m->cfg.channels, p->pos, positions->w, true, x);
}

/* blocks_fwd - blocks [from, to), the last one's output into p->last where it is the model's last. */
static void blocks_fwd(struct pass *p, size_t from, size_t to)
{
    for (size_t l = from; l < to; l++)
        block_fwd(p, l, l + 1 < p->m->cfg.layers ? p->blocks[l + 1].x : p->last);
}

int pass_forward(struct pass *p, const struct pass_input *in, const float **logits, size_t *R, struct err *e)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    size_t C = m->cfg.channels, L = m->cfg.layers, outputs = model_outputs(m);
    int rc = take_batch(p, in->batch, in->reads, m->head.kind == HEAD_LM, e);
    if (rc)
        return rc;
    p->keep = in->keep;
    p->from_features = in->features != NULL;
    if ((rc = plan_buffer(p, e)))
        return rc;
    if (in->features && m->cut == L) {
        BUG_ON(p->R != p->batch.n_seqs);
        dev_upload(m->dev, p->last, in->features, p->R * C);
    } else if (in->features) {
        dev_upload(m->dev, p->blocks[m->cut].x, in->features, p->N * C);
        blocks_fwd(p, m->cut, L);
    } else {
        embed(p, p->blocks[0].x);
        blocks_fwd(p, 0, L);
    }
    norm_fwd(p, (int)L, ROLE_NORM_GAIN, p->R, p->last, p->normed, p->mean, p->rstd);
    o->matmul(m->dev, false, true, p->R, outputs, C, p->normed, C, model_head_param(m)->w, C, false, p->logits, outputs);
    *logits = p->logits;
    *R = p->R;
    return OK;
}

int pass_features(struct pass *p, const struct batch *b, float *out, struct err *e)
{
    struct model *m = p->m;
    size_t L = m->cfg.layers, C = m->cfg.channels;
    int rc = take_batch(p, b, NULL, m->cut < L, e);
    if (rc)
        return rc;
    p->keep = false;
    if ((rc = plan_buffer(p, e)))
        return rc;
    embed(p, p->blocks[0].x);
    blocks_fwd(p, 0, m->cut);
    if (m->cut == L)
        dev_download(m->dev, out, p->last, p->R * C);
    else
        dev_download(m->dev, out, p->blocks[m->cut].x, p->N * C);
    return OK;
}

int pass_hidden(struct pass *p, const struct batch *b, size_t layer, float *out, struct err *e)
{
    struct model *m = p->m;
    size_t L = m->cfg.layers, C = m->cfg.channels;
    BUG_ON(layer < 1 || layer > L);
    int rc = take_batch(p, b, NULL, false, e);
    if (rc)
        return rc;
    p->keep = false;
    if ((rc = plan_buffer(p, e)))
        return rc;
    embed(p, p->blocks[0].x);
    blocks_fwd(p, 0, layer);
    if (layer < L)
        m->dev->ops->rows_gather(m->dev, p->R, C, p->read_rows, p->blocks[layer].x, C, p->last);
    dev_download(m->dev, out, p->last, p->R * C);
    return OK;
}
