/* lora.c - adapters of a model: what they are, and their part of a forward and a backward. */
#include "model/lora.h"
#include "core/mem.h"
#include "core/rng.h"
#include "model/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const target_names[LORA_TARGETS] = {"q", "k", "v", "out", "gate", "up", "down"};

/* targets_read - "q,v". */
static bool targets_read(unsigned *targets, const char *s)
{
    *targets = 0;
    while (*s) {
        size_t n = strcspn(s, ","), t = 0;
        while (t < LORA_TARGETS &&
               (strlen(target_names[t]) != n || strncmp(target_names[t], s, n) != 0))
            t++;
        if (t == LORA_TARGETS)
            return false;
        *targets |= 1u << t;
        s += n;
        if (*s == ',' && !*++s)
            return false;
    }
    return *targets != 0;
}

bool lora_read(struct lora *l, const char *text)
{
    char *end;
    if (*text < '1' || *text > '9')
        return false;
    unsigned long rank = strtoul(text, &end, 10);
    if (rank > LORA_RANK_MOST)
        return false;
    *l = (struct lora){.rank = rank, .alpha = 2 * (double)rank, .targets = LORA_ALL};
    if (str_starts(end, " alpha ")) {
        const char *from = end + 7;
        l->alpha = strtod(from, &end);
        if (end == from || !(l->alpha > 0 && l->alpha <= 1e6))
            return false;
    }
    if (str_starts(end, " on "))
        return targets_read(&l->targets, end + 4);
    return !*end;
}

void lora_write(const struct lora *l, struct str *out)
{
    const char *between = " on ";
    str_addf(out, "%zu alpha %.17g", l->rank, l->alpha);
    for (size_t t = 0; t < LORA_TARGETS && l->targets != LORA_ALL; t++)
        if (l->targets >> t & 1) {
            str_addf(out, "%s%s", between, target_names[t]);
            between = ",";
        }
}

bool lora_span(const struct model_config *c, enum lora_target t, struct lora_span *s)
{
    struct widths w = model_widths(c);
    bool fused = family_fused(c);
    switch (t) {
    case LORA_Q:
        *s = (struct lora_span){ROLE_QKV, 0, 0, fused ? w.W : w.Q, w.C};
        return true;
    case LORA_K:
    case LORA_V:
        *s = (struct lora_span){ROLE_QKV, t == LORA_K ? 1 : 2, w.Q + (t == LORA_V ? w.KV : 0), w.KV,
                                w.C};
        return !fused;
    case LORA_OUT:
        *s = (struct lora_span){ROLE_OUT, 0, 0, w.C, w.Q};
        return true;
    case LORA_GATE:
        *s = (struct lora_span){ROLE_UP, 0, 0, w.M, w.C};
        return c->gated;
    case LORA_UP:
        *s = (struct lora_span){ROLE_UP, c->gated, c->gated ? w.M : 0, w.M, w.C};
        return true;
    case LORA_DOWN:
        *s = (struct lora_span){ROLE_DOWN, 0, 0, w.C, w.M};
        return true;
    case LORA_TARGETS:
        break;
    }
    BUG("adapter of layer kind %d", (int)t);
}

int lora_check(const struct lora *l, const struct model_config *c, struct err *e)
{
    unsigned three = 1u << LORA_Q | 1u << LORA_K | 1u << LORA_V, of_three = l->targets & three;
    if (family_fused(c) && of_three && of_three != three)
        return err_set(e, ERR_INPUT,
                       "adapters on q, k or v: a %s keeps them in one layer, so name all three",
                       family_name(c->family));
    if (!c->gated && l->targets != LORA_ALL && (l->targets >> LORA_GATE & 1))
        return err_set(e, ERR_INPUT, "adapters on gate: the MLP of a %s has none",
                       family_name(c->family));
    return OK;
}

/* each_of - the span of a target that has an adapter. */
static bool each_of(const struct lora *l, const struct model_config *c, size_t t,
                    struct lora_span *s)
{
    return (l->targets >> t & 1) && lora_span(c, (enum lora_target)t, s);
}

size_t lora_params(const struct lora *l, const struct model_config *c)
{
    struct lora_span s;
    size_t n = 0;
    for (size_t t = 0; t < LORA_TARGETS && l->rank; t++)
        if (each_of(l, c, t, &s))
            n += l->rank * (s.in + s.out);
    return n * c->layers;
}

struct model_param *lora_param(const struct model *m, int layer, enum lora_target t, bool b)
{
    size_t begin = m->lora_at + (size_t)layer * m->lora_each;
    int role = ROLE_LORA + 2 * (int)t + b;
    for (size_t i = begin; m->lora.rank && i < begin + m->lora_each; i++)
        if ((int)m->params[i].spec.role == role)
            return &m->params[i];
    return NULL;
}

/* values_draw - A's: uniform within 1/sqrt(in). */
static int values_draw(struct model *m, struct model_param *p, struct err *e)
{
    struct rng r;
    size_t n = p->spec.rows * p->spec.cols;
    double spread = 1 / sqrt((double)p->spec.cols);
    float *host = mem_alloc(n, sizeof *host, e);
    if (!host)
        return e->code;
    rng_init(&r, m->lora.seed, p->spec.name);
    for (size_t i = 0; i < n; i++)
        host[i] = (float)(spread * (2 * rng_unit(&r) - 1));
    dev_upload(m->dev, p->w, host, n);
    mem_free(host);
    return OK;
}

/* param_add - A or B behind what is there. */
static int param_add(struct model *m, int layer, size_t t, bool b, const struct lora_span *s,
                     struct err *e)
{
    struct model_param *p = &m->params[m->n_params];
    size_t r = m->lora.rank;
    *p = (struct model_param){.spec = {.kind = PARAM_MATRIX,
                                       .role = (enum param_role)(ROLE_LORA + 2 * (int)t + b),
                                       .layer = layer,
                                       .rows = b ? s->out : r,
                                       .cols = b ? r : s->in}};
    snprintf(p->spec.name, sizeof p->spec.name, "layers.%d.lora_%s.%s", layer, target_names[t],
             b ? "b" : "a");
    p->w = dev_alloc(m->dev, p->spec.rows * p->spec.cols, e);
    if (!p->w)
        return err_wrap(e, "adapter %s", p->spec.name);
    m->n_params++;
    return b ? OK : values_draw(m, p, e);
}

int lora_add(struct model *m, const struct lora *l, struct err *e)
{
    struct lora_span s;
    size_t L = m->cfg.layers, each = 0;
    bool has_head = m->head.kind != HEAD_LM;
    int rc = lora_check(l, &m->cfg, e);
    for (size_t t = 0; t < LORA_TARGETS; t++)
        each += each_of(l, &m->cfg, t, &s) ? 2 : 0;
    if (rc)
        return rc;
    struct model_param *params = mem_zalloc(m->n_params + L * each + 1, sizeof *params, e), head;
    if (!params)
        return e->code;
    memcpy(params, m->params, m->n_params * sizeof *params);
    mem_free(m->params);
    m->params = params;
    if (has_head)
        head = m->params[--m->n_params];
    m->lora = *l;
    m->lora_at = m->n_params;
    m->lora_each = each;
    for (size_t layer = 0; layer < L; layer++)
        for (size_t t = 0; t < LORA_TARGETS; t++)
            for (int b = 0; b < 2 && each_of(l, &m->cfg, t, &s) && !rc; b++)
                rc = param_add(m, (int)layer, t, b, &s, e);
    if (has_head)
        m->params[m->n_params++] = head;
    if (rc)
        lora_drop(m);
    return rc;
}

void lora_drop(struct model *m)
{
    bool has_head = m->head.kind != HEAD_LM;
    size_t end = m->n_params - has_head;
    if (!m->lora.rank)
        return;
    for (size_t i = m->lora_at; i < end; i++) {
        dev_free(m->dev, m->params[i].w);
        dev_free(m->dev, m->params[i].own);
    }
    if (has_head)
        m->params[m->lora_at] = m->params[end];
    m->n_params = m->lora_at + has_head;
    m->lora = (struct lora){0};
    m->lora_each = 0;
}

/* part - the rows that an adapter and a product share. */
struct part {
    const struct model_param *a, *b;
    size_t in_b, in_y, n; /* first row of B, first column of y, how many */
};

static bool part_of(const struct model *m, size_t layer, size_t t, enum param_role role, size_t at,
                    size_t out, struct part *p)
{
    struct lora_span s;
    if (!each_of(&m->lora, &m->cfg, t, &s) || s.role != role)
        return false;
    size_t from = s.at > at ? s.at : at, to = s.at + s.out < at + out ? s.at + s.out : at + out;
    if (from >= to)
        return false;
    *p = (struct part){lora_param(m, (int)layer, (enum lora_target)t, false),
                       lora_param(m, (int)layer, (enum lora_target)t, true), from - s.at, from - at,
                       to - from};
    return true;
}

static double factor(const struct model *m)
{
    return m->lora.alpha / (double)m->lora.rank;
}

/* inner - u [N,rank] = alpha/rank * x A^T. */
static void inner(const struct model *m, const struct part *p, size_t in, size_t N, const float *x,
                  float *u)
{
    const struct ops *o = m->dev->ops;
    size_t r = m->lora.rank;
    o->matmul(m->dev, false, true, N, r, in, x, in, p->a->w, in, false, u, r);
    o->scale(m->dev, N * r, factor(m), u);
}

/* inner_bwd - du [N,rank] = alpha/rank * dy B. */
static void inner_bwd(const struct model *m, const struct part *p, size_t N, const float *dy,
                      size_t ldy, float *du)
{
    const struct ops *o = m->dev->ops;
    size_t r = m->lora.rank;
    o->matmul(m->dev, false, false, N, r, p->n, dy + p->in_y, ldy, p->b->w + p->in_b * r, r, false,
              du, r);
    o->scale(m->dev, N * r, factor(m), du);
}

void lora_fwd(const struct model *m, size_t layer, enum param_role role, size_t at, size_t out,
              size_t in, size_t N, const float *x, const struct scratch *t, float *y, size_t ldy)
{
    struct part p;
    size_t r = m->lora.rank;
    for (size_t k = 0; r && k < LORA_TARGETS; k++) {
        if (!part_of(m, layer, k, role, at, out, &p))
            continue;
        inner(m, &p, in, N, x, t->lora);
        m->dev->ops->matmul(m->dev, false, true, N, p.n, r, t->lora, r, p.b->w + p.in_b * r, r,
                            true, y + p.in_y, ldy);
    }
}

void lora_bwd_weight(const struct model *m, size_t layer, enum param_role role, size_t at,
                     size_t out, size_t in, size_t N, const float *dy, size_t ldy, const float *x,
                     const struct scratch *t)
{
    const struct ops *o = m->dev->ops;
    struct part p;
    size_t r = m->lora.rank;
    for (size_t k = 0; r && k < LORA_TARGETS; k++) {
        if (!part_of(m, layer, k, role, at, out, &p) || !p.a->g)
            continue;
        inner(m, &p, in, N, x, t->lora);
        o->matmul(m->dev, true, false, p.n, r, N, dy + p.in_y, ldy, t->lora, r, true,
                  p.b->g + p.in_b * r, r);
        inner_bwd(m, &p, N, dy, ldy, t->lora);
        o->matmul(m->dev, true, false, r, in, N, t->lora, r, x, in, true, p.a->g, in);
    }
}

void lora_bwd_input(const struct model *m, size_t layer, enum param_role role, size_t at,
                    size_t out, size_t in, size_t N, const float *dy, size_t ldy,
                    const struct scratch *t, float *dx)
{
    struct part p;
    size_t r = m->lora.rank;
    for (size_t k = 0; r && k < LORA_TARGETS; k++) {
        if (!part_of(m, layer, k, role, at, out, &p))
            continue;
        inner_bwd(m, &p, N, dy, ldy, t->lora);
        m->dev->ops->matmul(m->dev, false, false, N, in, r, t->lora, r, p.a->w, in, true, dx, in);
    }
}

/* product_add - w [out,in] += f * B A, row by row in f32. */
static void product_add(float *w, const float *b, const float *a, size_t out, size_t in, size_t r,
                        float f)
{
    for (size_t i = 0; i < out; i++)
        for (size_t k = 0; k < r; k++) {
            float by = f * b[i * r + k];
            for (size_t c = 0; c < in; c++)
                w[i * in + c] += by * a[k * in + c];
        }
}

int lora_apply(const struct model *m, const struct param_spec *s, float *values, struct err *e)
{
    struct part p;
    int rc = OK;
    for (size_t t = 0; m->lora.rank && s->kind == PARAM_MATRIX && t < LORA_TARGETS && !rc; t++) {
        if (s->layer < 0 || s->layer >= (int)m->cfg.layers ||
            !part_of(m, (size_t)s->layer, t, s->role, 0, s->rows, &p))
            continue;
        size_t r = m->lora.rank, na = r * s->cols, nb = p.n * r;
        float *a = mem_alloc(na, sizeof *a, e), *b = a ? mem_alloc(nb, sizeof *b, e) : NULL;
        rc = b ? OK : e->code;
        if (!rc) {
            dev_download(m->dev, a, p.a->w, na);
            dev_download(m->dev, b, p.b->w, nb);
            product_add(values + p.in_y * s->cols, b, a, p.n, s->cols, r, (float)factor(m));
        }
        mem_free(a);
        mem_free(b);
    }
    return rc;
}

int lora_merge(struct model *m, struct err *e)
{
    int rc = OK;
    model_trainable_none(m);
    for (size_t i = 0; i < m->lora_at && m->lora.rank && !rc; i++) {
        const struct model_param *p = &m->params[i];
        size_t n = p->spec.rows * p->spec.cols;
        if (p->spec.kind != PARAM_MATRIX)
            continue;
        float *host = mem_alloc(n, sizeof *host, e);
        if (!host)
            return e->code;
        dev_download(m->dev, host, p->w, n);
        rc = lora_apply(m, &p->spec, host, e);
        if (!rc)
            dev_upload(m->dev, p->w, host, n);
        mem_free(host);
    }
    if (!rc)
        lora_drop(m);
    return rc;
}
