/* pass.c - a whole forward: the batch is checked and copied, a buffer found, the blocks run, the
 * head read. */
#include "model/internal.h"
#include "core/mem.h"

#include <string.h>

int pass_new(struct pass **out, struct model *m, struct err *e)
{
    struct pass *p = mem_zalloc(1, sizeof *p, e);
    *out = NULL;
    if (!p)
        return e->code;
    p->m = m;
    p->a.blocks = mem_zalloc(m->cfg.layers, sizeof *p->a.blocks, e);
    if (!p->a.blocks) {
        mem_free(p);
        return e->code;
    }
    *out = p;
    return OK;
}

/* pass_recall - what gradients the last backward lent a place are gone: they count as zero again.
 */
static void pass_recall(struct pass *p)
{
    if (p->lend)
        model_grad_zero(p->m);
    p->lend = false;
}

void pass_free(struct pass *p)
{
    if (!p)
        return;
    pass_recall(p);
    dev_free(p->m->dev, p->base);
    mem_free(p->a.blocks);
    mem_free(p->tokens);
    mem_free(p->pos);
    mem_free(p->read_rows);
    mem_free(p->read_pos);
    mem_free(p->starts);
    mem_free(p->read_starts);
    mem_free(p);
}

/* host_room - the copies of a batch of this size have their place. After an error they have none.
 */
static int host_room(struct pass *p, size_t tokens, size_t seqs, struct err *e)
{
    int32_t **by_token[] = {&p->tokens, &p->pos, &p->read_rows, &p->read_pos};
    int32_t **by_seq[] = {&p->starts, &p->read_starts};
    bool good = true;
    for (size_t i = 0; i < 4 && tokens > p->cap_tokens; i++) {
        mem_free(*by_token[i]);
        *by_token[i] = good ? mem_alloc(tokens, sizeof **by_token[i], e) : NULL;
        good = *by_token[i] != NULL;
    }
    if (tokens > p->cap_tokens)
        p->cap_tokens = good ? tokens : 0;
    for (size_t i = 0; i < 2 && seqs > p->cap_seqs; i++) {
        mem_free(*by_seq[i]);
        *by_seq[i] = good ? mem_alloc(seqs + 1, sizeof **by_seq[i], e) : NULL;
        good = *by_seq[i] != NULL;
    }
    if (seqs > p->cap_seqs)
        p->cap_seqs = good ? seqs : 0;
    return good ? OK : e->code;
}

static int batch_check(const struct pass *p, const struct batch *b, struct err *e)
{
    const struct model_config *c = &p->m->cfg;
    BUG_ON(b->n_seqs == 0 || b->n_tokens > INT32_MAX);
    BUG_ON(b->starts[0] != 0 || (size_t)b->starts[b->n_seqs] != b->n_tokens);
    for (size_t i = 0; i < b->n_tokens; i++)
        if (b->tokens[i] < 0 || (size_t)b->tokens[i] >= c->vocab)
            return err_set(e, ERR_INPUT, "token id %d is outside the model's vocabulary of %zu",
                           (int)b->tokens[i], c->vocab);
    for (size_t s = 0; s < b->n_seqs; s++) {
        int32_t n = b->starts[s + 1] - b->starts[s];
        BUG_ON(n <= 0);
        if ((size_t)n > c->positions)
            return err_set(e, ERR_INPUT, "a sequence of %d tokens; the model takes at most %zu",
                           (int)n, c->positions);
    }
    return OK;
}

enum reads { READ_LAST, READ_ALL, READ_GIVEN };

/* batch_take - checked and copied: tokens, starts, positions, the rows that are read. */
static int batch_take(struct pass *p, const struct batch *b, enum reads how, const int32_t *reads,
                      struct err *e)
{
    size_t S = b->n_seqs, R = 0;
    p->backward_due = false;
    pass_recall(p);
    int rc = batch_check(p, b, e);
    if (!rc)
        rc = host_room(p, b->n_tokens, S, e);
    if (rc)
        return rc;
    memcpy(p->tokens, b->tokens, b->n_tokens * sizeof *p->tokens);
    memcpy(p->starts, b->starts, (S + 1) * sizeof *p->starts);
    for (size_t s = 0; s < S; s++) {
        int32_t begin = b->starts[s], n = b->starts[s + 1] - begin;
        int32_t read = how == READ_GIVEN ? reads[s] : how == READ_ALL ? n : 1;
        BUG_ON(read < 0 || read > n);
        p->read_starts[s] = (int32_t)R;
        for (int32_t i = 0; i < n; i++)
            p->pos[begin + i] = i;
        for (int32_t i = n - read; i < n; i++) {
            p->read_rows[R] = begin + i;
            p->read_pos[R++] = i;
        }
    }
    p->read_starts[S] = (int32_t)R;
    p->batch = (struct batch){b->n_tokens, S, p->tokens, p->starts};
    p->extent = (struct extent){.N = b->n_tokens,
                                .R = R,
                                .to = p->m->cfg.layers,
                                .cut = p->m->cut,
                                .rank = p->m->lora.rank};
    return OK;
}

/* A buffer that has to grow has room for larger batches to come, in shares of what this one wants:
 * memory is taken only as it is written, and a buffer made anew costs a good part of a step. */
#define ROOM 2

/* pass_place - the buffer holds what p->extent wants, and every pointer is set. */
static int pass_place(struct pass *p, struct err *e)
{
    const struct model_config *c = &p->m->cfg;
    size_t want = activations_place(&p->a, c, &p->extent, NULL);
    if (want > p->cap) {
        size_t room = p->base && want < SIZE_MAX / 2 ? want + want / ROOM : want;
        dev_free(p->m->dev, p->base);
        p->cap = 0;
        p->base = want == SIZE_MAX ? NULL : dev_reserve(p->m->dev, room, e);
        if (want == SIZE_MAX)
            err_set(e, ERR_NOMEM, "out of memory: more bytes asked for than can be counted");
        if (!p->base)
            return err_wrap(e, "activations of %zu tokens", p->extent.N);
        p->cap = room;
    }
    p->most = want > p->most ? want : p->most;
    activations_place(&p->a, c, &p->extent, p->base);
    return OK;
}

struct rows pass_rows(const struct pass *p, size_t layer)
{
    const struct extent *x = &p->extent;
    bool trimmed = x->R < x->N && !x->whole && layer + 1 == p->m->cfg.layers;
    return (struct rows){.N = x->N,
                         .R = trimmed ? x->R : x->N,
                         .S = p->batch.n_seqs,
                         .read = trimmed ? p->read_rows : NULL,
                         .pos = p->pos,
                         .read_pos = p->read_pos,
                         .q_starts = trimmed ? p->read_starts : p->starts,
                         .kv_starts = p->starts};
}

static void pass_embed(struct pass *p)
{
    struct model *m = p->m;
    const struct ops *o = m->dev->ops;
    const float *positions = model_weight_at(m, -1, ROLE_POSITIONS);
    size_t N = p->extent.N, C = m->cfg.channels;
    o->embedding_fwd(m->dev, N, C, p->tokens, model_weight_at(m, -1, ROLE_EMBED), false, p->a.x);
    if (m->cfg.embed_scale > 0)
        o->scale(m->dev, N * C, m->cfg.embed_scale, p->a.x);
    if (positions)
        o->embedding_fwd(m->dev, N, C, p->pos, positions, true, p->a.x);
}

static void pass_block(struct pass *p, size_t l)
{
    const struct activations *a = &p->a;
    struct rows r = pass_rows(p, l);
    bool last = l + 1 == p->m->cfg.layers;
    /* behind the last block that was asked for lies no other, only the place it began at */
    float *out = last ? a->last : l + 1 < p->extent.to ? a->blocks[l + 1].x : a->x;
    block_fwd(p->m, l, &r, &a->blocks[l], &a->scratch, out);
}

static void pass_blocks(struct pass *p)
{
    for (size_t l = p->extent.from; l < p->extent.to; l++)
        pass_block(p, l);
}

static void pass_begin(struct pass *p, const float *features)
{
    struct dev *dev = p->m->dev;
    size_t C = p->m->cfg.channels;
    if (!features)
        pass_embed(p);
    else if (p->extent.from == p->m->cfg.layers)
        dev_upload(dev, p->a.last, features, p->extent.R * C);
    else
        dev_upload(dev, p->a.x, features, p->extent.N * C);
}

int pass_forward(struct pass *p, const struct pass_input *in, const float **logits, size_t *R,
                 struct err *e)
{
    struct model *m = p->m;
    struct activations *a = &p->a;
    size_t C = m->cfg.channels, L = m->cfg.layers;
    enum reads how = in->reads ? READ_GIVEN : m->head.kind == HEAD_LM ? READ_ALL : READ_LAST;
    int rc = batch_take(p, in->batch, how, in->reads, e);
    if (rc)
        return rc;
    BUG_ON(in->features && (m->cut == 0 || (m->cut == L && p->extent.R != p->batch.n_seqs)));
    p->extent.from = in->features ? m->cut : 0;
    p->extent.keep = in->keep;
    p->extent.outputs = model_outputs(m);
    if ((rc = pass_place(p, e)))
        return rc;
    pass_begin(p, in->features);
    pass_blocks(p);
    norm_fwd(m, (int)L, ROLE_NORM_GAIN, p->extent.R, a->last, a->normed, a->mean, a->rstd);
    m->dev->ops->matmul(m->dev, false, true, p->extent.R, p->extent.outputs, C, a->normed, C,
                        model_head_param(m)->w, C, false, a->logits, p->extent.outputs);
    p->backward_due = in->keep;
    p->lend = in->keep && in->lend;
    *logits = a->logits;
    *R = p->extent.R;
    return OK;
}

float *pass_logits(struct pass *p)
{
    return p->a.logits;
}

int pass_features(struct pass *p, const struct batch *b, float *out, struct err *e)
{
    struct model *m = p->m;
    size_t L = m->cfg.layers, C = m->cfg.channels;
    int rc = batch_take(p, b, m->cut < L ? READ_ALL : READ_LAST, NULL, e);
    if (rc)
        return rc;
    p->extent.to = m->cut;
    if ((rc = pass_place(p, e)))
        return rc;
    pass_begin(p, NULL);
    pass_blocks(p);
    dev_download(m->dev, out, p->a.last, p->extent.R * C);
    return OK;
}

int pass_hidden(struct pass *p, const struct batch *b, const size_t *depths, size_t n, bool normed,
                float *out, struct err *e)
{
    struct model *m = p->m;
    struct activations *a = &p->a;
    size_t C = m->cfg.channels, S = b->n_seqs;
    BUG_ON(!n || depths[0] < 1 || depths[n - 1] > m->cfg.layers);
    for (size_t i = 1; i < n; i++)
        BUG_ON(depths[i] <= depths[i - 1]);
    int rc = batch_take(p, b, READ_LAST, NULL, e);
    float *rows = rc ? NULL : mem_alloc(S, C * sizeof *rows, e);
    if (!rows)
        return e->code;
    p->extent.to = depths[n - 1];
    p->extent.whole = true;
    p->extent.outputs = 1; /* a place for normed rows */
    rc = pass_place(p, e);
    if (!rc)
        pass_begin(p, NULL);
    for (size_t i = 0, l = 0; !rc && i < n; i++) {
        while (l < depths[i])
            pass_block(p, l++);
        m->dev->ops->rows_gather(m->dev, S, C, p->read_rows, a->x, C, a->normed);
        if (normed)
            norm_fwd(m, (int)m->cfg.layers, ROLE_NORM_GAIN, S, a->normed, a->normed, a->mean,
                     a->rstd);
        dev_download(m->dev, rows, a->normed, S * C);
        for (size_t s = 0; s < S; s++)
            memcpy(out + (s * n + i) * C, rows + s * C, C * sizeof *out);
    }
    mem_free(rows);
    return rc;
}
