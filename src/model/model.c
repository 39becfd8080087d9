/* model.c - a model as its parameters: loading, random weights, heads, what learns. */
#include "model/internal.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INIT_SPREAD 0.02 /* GPT-2 */

struct widths model_widths(const struct model_config *c)
{
    size_t Q = c->heads * c->head_size, KV = c->kv_heads * c->head_size;
    return (struct widths){c->channels, Q, KV, Q + 2 * KV, c->mlp, c->gated ? 2 * c->mlp : c->mlp};
}

struct model_param *model_param_at(const struct model *m, int layer, enum param_role role)
{
    /* layers hold the same roles: the first layer's list, moved */
    size_t before = 0, each = 0;
    while (before < m->n_params && m->params[before].spec.layer < 0)
        before++;
    while (before + each < m->n_params && m->params[before + each].spec.layer == 0)
        each++;
    size_t begin = layer < 0 ? 0 : before + (size_t)layer * each;
    for (size_t i = begin; i < m->n_params && m->params[i].spec.layer == layer; i++)
        if (m->params[i].spec.role == role)
            return &m->params[i];
    return NULL;
}

const float *model_weight_at(const struct model *m, int layer, enum param_role role)
{
    const struct model_param *p = model_param_at(m, layer, role);
    return p ? p->w : NULL;
}

struct model_param *model_unembed(const struct model *m)
{
    return m->cfg.tied ? model_param_at(m, -1, ROLE_EMBED)
                       : model_param_at(m, (int)m->cfg.layers, ROLE_UNEMBED);
}

static bool has_head(const struct model *m)
{
    return m->head.kind != HEAD_LM;
}

struct model_param *model_head_param(const struct model *m)
{
    return has_head(m) ? &m->params[m->n_params - 1] : model_unembed(m);
}

size_t model_outputs(const struct model *m)
{
    return m->head.kind == HEAD_LM       ? m->cfg.vocab
           : m->head.kind == HEAD_REWARD ? 1
                                         : m->head.classes;
}

static size_t param_numbers(const struct model_param *p)
{
    return p->spec.rows * p->spec.cols; /* fits: config_check bounds both */
}

/* model_new - parameters allocated (one more place for a head), values not set. */
static int model_new(struct model **out, struct dev *dev, const struct model_config *c,
                     struct err *e)
{
    struct param_spec *specs = NULL;
    size_t n = 0;
    struct model *m = mem_zalloc(1, sizeof *m, e);
    *out = m;
    int rc = m ? config_check(c, "model", e) : e->code;
    if (!rc)
        rc = family_params(c, &specs, &n, e);
    if (!rc && !(m->params = mem_zalloc(n + 1, sizeof *m->params, e)))
        rc = e->code;
    if (rc)
        goto out;
    m->cfg = *c;
    m->dev = dev;
    m->cut = c->layers;
    if (c->rope_scaling.kind != ROPE_PLAIN) {
        m->rope_freq = mem_alloc(c->rotary / 2, sizeof *m->rope_freq, e);
        if (!m->rope_freq) {
            rc = e->code;
            goto out;
        }
        config_rope(c, m->rope_freq);
    }
    for (; m->n_params < n && !rc; m->n_params++) {
        struct model_param *p = &m->params[m->n_params];
        p->spec = specs[m->n_params];
        p->w = dev_alloc(dev, param_numbers(p), e);
        rc = p->w ? OK : e->code;
    }
out:
    mem_free(specs);
    if (rc) {
        model_free(m);
        *out = NULL;
    }
    return rc;
}

struct upload {
    struct dev *dev;
    float *to;
};

static void upload(void *ctx, size_t at, const float *values, size_t n)
{
    const struct upload *u = ctx;
    dev_upload(u->dev, u->to + at, values, n);
}

int model_load(struct model **out, struct dev *dev, const struct weights *w,
               const struct model_options *o, struct err *e)
{
    struct model_config c = *weights_config(w);
    struct progress progress;
    *out = NULL;
    if (o->layers > c.layers)
        return err_set(e, ERR_INPUT, "%s: %zu layers are asked for, the model has %zu",
                       weights_path(w), o->layers, c.layers);
    c.layers = o->layers ? o->layers : c.layers;
    int rc = family_check(w, &c, e);
    if (!rc)
        rc = model_new(out, dev, &c, e);
    if (rc)
        return rc;
    struct model *m = *out;
    progress_begin(&progress, o->log, "loading", (double)m->n_params, NULL);
    for (size_t i = 0; i < m->n_params && !rc; i++) {
        struct upload u = {dev, m->params[i].w};
        rc = family_load(w, &c, &m->params[i].spec, upload, &u, e);
        progress_step(&progress, (double)i, (double)i, NULL);
    }
    progress_end(&progress, rc);
    if (!rc && weights_adapter(w))
        rc = lora_load(m, weights_adapter(w), e);
    if (!rc)
        rc = lora_merge(m, e);
    weights_idle(w);
    if (rc) {
        model_free(m);
        *out = NULL;
    }
    return rc;
}

static int param_random(struct model *m, struct model_param *p, double spread, uint64_t seed,
                        struct err *e)
{
    struct rng r;
    size_t n = param_numbers(p);
    float *host = mem_alloc(n, sizeof *host, e);
    if (!host)
        return e->code;
    rng_init(&r, seed, p->spec.name);
    for (size_t i = 0; i < n; i++)
        host[i] = (float)(spread * rng_normal(&r));
    dev_upload(m->dev, p->w, host, n);
    mem_free(host);
    return OK;
}

int model_random(struct model **out, struct dev *dev, const struct model_config *c, uint64_t seed,
                 struct err *e)
{
    int rc = model_new(out, dev, c, e);
    if (rc)
        return rc;
    struct model *m = *out;
    double projection = INIT_SPREAD / sqrt(2 * (double)c->layers);
    for (size_t i = 0; i < m->n_params && !rc; i++) {
        struct model_param *p = &m->params[i];
        bool out_projection = p->spec.role == ROLE_OUT || p->spec.role == ROLE_DOWN;
        if (p->spec.kind == PARAM_NORM_GAIN)
            dev->ops->fill(dev, p->spec.cols, 1, p->w);
        else if (p->spec.kind != PARAM_BIAS)
            rc = param_random(m, p, out_projection ? projection : INIT_SPREAD, seed, e);
    }
    if (rc) {
        model_free(m);
        *out = NULL;
    }
    return rc;
}

static void grad_drop(struct model *m, struct model_param *p)
{
    dev_free(m->dev, p->own);
    mem_free(p->touched);
    p->g = p->own = NULL;
    p->touched = NULL;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->params && i < m->n_params; i++) {
        dev_free(m->dev, m->params[i].w);
        grad_drop(m, &m->params[i]);
    }
    mem_free(m->params);
    mem_free(m->rope_freq);
    mem_free(m);
}

static bool anything_learns(const struct model *m)
{
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i].g)
            return true;
    return false;
}

/* head_drop - back to the LM head that every model has. */
static void head_drop(struct model *m)
{
    if (!has_head(m))
        return;
    struct model_param *old = &m->params[--m->n_params];
    dev_free(m->dev, old->w);
    grad_drop(m, old);
    *old = (struct model_param){0};
    m->head = (struct head_spec){.kind = HEAD_LM};
}

/* head_add - a parameter for K outputs behind the others. */
static int head_add(struct model *m, const struct head_spec *h, size_t K, struct err *e)
{
    size_t C = m->cfg.channels, V = m->cfg.vocab;
    for (size_t k = 0; h->init_rows && k < K; k++)
        if (h->init_rows[k] < 0 || (size_t)h->init_rows[k] >= V)
            return err_set(e, ERR_INPUT,
                           "the head is to start from row %d of the unembedding, which has %zu",
                           (int)h->init_rows[k], V);
    struct model_param *p = &m->params[m->n_params];
    *p = (struct model_param){
        .spec = {"head.weight", PARAM_MATRIX, ROLE_COUNT, (int)m->cfg.layers, K, C}};
    p->w = dev_alloc(m->dev, K * C, e);
    if (!p->w)
        return err_wrap(e, "a head of %zu outputs", K);
    const float *from = model_unembed(m)->w;
    m->n_params++;
    m->head = *h;
    m->head.init_rows = NULL; /* the caller's */
    if (!h->init_rows)
        return param_random(m, p, INIT_SPREAD, h->seed, e);
    m->dev->ops->rows_gather(m->dev, K, C, h->init_rows, from, C, p->w);
    return OK;
}

int model_head_set(struct model *m, const struct head_spec *h, struct err *e)
{
    size_t K = h->kind == HEAD_REWARD ? 1 : h->classes;
    bool learning = anything_learns(m);
    struct trainable was = m->trainable;
    int rc = OK;
    BUG_ON(h->kind != HEAD_LM && K == 0);
    head_drop(m);
    if (h->kind != HEAD_LM)
        rc = head_add(m, h, K, e);
    if (!rc && learning)
        rc = model_trainable_set(m, &was, e);
    if (rc)
        head_drop(m);
    return rc;
}

size_t model_cut(const struct model_config *c, const struct trainable *t)
{
    switch (t->kind) {
    case TRAIN_ALL:
    case TRAIN_LORA:
        return 0;
    case TRAIN_TOP:
        return t->top < c->layers ? c->layers - t->top : 0;
    case TRAIN_HEAD:
        return c->layers;
    }
    BUG("trainable %d", (int)t->kind);
}

/* learns - whether a parameter has a gradient under t. */
static bool learns(const struct model *m, const struct model_param *p, const struct trainable *t)
{
    if (p->spec.role == ROLE_COUNT)
        return true;
    if (t->kind == TRAIN_LORA || p->spec.role > ROLE_COUNT)
        return t->kind == TRAIN_LORA && p->spec.role > ROLE_COUNT;
    if (p->spec.kind == PARAM_EMBED || p->spec.kind == PARAM_POSITIONS)
        return t->kind == TRAIN_ALL && t->embeddings;
    if (p->spec.role == ROLE_UNEMBED) /* with another head nothing flows into it */
        return !has_head(m);
    return t->kind != TRAIN_HEAD && p->spec.layer >= (int)model_cut(&m->cfg, t);
}

/* by_rows - an embedding that tokens alone write to; a tied unembedding under an LM head is written
 * whole. */
static bool by_rows(const struct model *m, const struct model_param *p)
{
    return p->spec.kind == PARAM_EMBED && (has_head(m) || !m->cfg.tied);
}

/* grad_take - a gradient for p: zero. Of what may never be written here no page is touched. */
static int grad_take(struct model *m, struct model_param *p, struct err *e)
{
    size_t n = param_numbers(p);
    bool rows = by_rows(m, p);
    if (rows != (p->touched != NULL))
        grad_drop(m, p);
    if (rows && !p->touched && !(p->touched = mem_zalloc(p->spec.rows, 1, e)))
        return e->code;
    bool lazy = rows || param_leases(&p->spec, &m->cfg);
    if (!p->own)
        p->own = lazy ? dev_alloc_lazy(m->dev, n, e) : dev_alloc(m->dev, n, e);
    p->g = p->own;
    return p->g ? OK : e->code;
}

static bool lora_same(const struct lora *a, const struct lora *b)
{
    return a->rank == b->rank && !(a->alpha < b->alpha || a->alpha > b->alpha) &&
           a->targets == b->targets;
}

int model_trainable_set(struct model *m, const struct trainable *t, struct err *e)
{
    if (t->kind == TRAIN_TOP && (t->top == 0 || t->top > m->cfg.layers))
        return err_set(e, ERR_INPUT, "the top %zu blocks are to learn, the model has %zu", t->top,
                       m->cfg.layers);
    if (t->kind == TRAIN_LORA && m->lora.rank && !lora_same(&m->lora, &t->lora))
        return err_set(e, ERR_INPUT, "the model has adapters already, and others are to learn");
    if (t->kind == TRAIN_LORA && !m->lora.rank) {
        int rc = lora_add(m, &t->lora, e);
        if (rc)
            return rc;
    }
    m->trainable = *t;
    m->cut = model_cut(&m->cfg, t);
    for (size_t i = 0; i < m->n_params; i++) {
        struct model_param *p = &m->params[i];
        if (!learns(m, p, t)) {
            grad_drop(m, p);
        } else if (grad_take(m, p, e)) {
            model_trainable_none(m);
            return err_wrap(e, "the gradient of %s", p->spec.name);
        }
    }
    model_grad_zero(m);
    return OK;
}

void model_trainable_none(struct model *m)
{
    for (size_t i = 0; i < m->n_params; i++)
        grad_drop(m, &m->params[i]);
    m->cut = m->cfg.layers;
}

size_t model_param_run(const struct model_param *p, size_t row, size_t *n)
{
    size_t end = p->spec.rows;
    if (p->touched) {
        while (row < end && !p->touched[row])
            row++;
        for (end = row; end < p->spec.rows && p->touched[end];)
            end++;
    }
    *n = row < end ? end - row : 0;
    return row;
}

void model_grad_zero(struct model *m)
{
    m->fresh = true;
    for (size_t i = 0; i < m->n_params; i++) {
        struct model_param *p = &m->params[i];
        size_t cols = p->spec.cols, n = 0;
        p->g = p->own;
        /* a tied unembedding is an embedding that a product writes first */
        bool written = (p->spec.kind == PARAM_MATRIX && p->spec.role <= ROLE_COUNT) ||
                       p->spec.kind == PARAM_UNEMBED ||
                       (p->spec.kind == PARAM_EMBED && !by_rows(m, p));
        if (!p->g || written)
            continue;
        for (size_t row = 0; row = model_param_run(p, row, &n), n; row += n)
            m->dev->ops->fill(m->dev, n * cols, 0, p->g + row * cols);
    }
}
