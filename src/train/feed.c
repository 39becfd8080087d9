/* feed.c - see feed.h. */
#include "train/feed.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

void feed_init(struct feed *f)
{
    *f = (struct feed){.rows = NULL};
    packer_init(&f->packer);
}

void feed_release(struct feed *f)
{
    packer_release(&f->packer);
    mem_free(f->rows);
    mem_free(f->target);
    mem_free(f->reads);
}

size_t train_K(const struct model *m, const struct token_set *t)
{
    bool reward = m->head.kind == HEAD_REWARD;
    BUG_ON(t->per == 0 || (t->per > 1) != reward);
    return m->head.kind == HEAD_LM ? 0 : reward ? t->per : model_outputs(m);
}

size_t feed_tokens(const struct token_set *t, const size_t *index, size_t n)
{
    size_t tokens = 0;
    for (size_t i = 0; i < n; i++)
        tokens += token_set_len(t, index[i]);
    return tokens;
}

/* feed_rows - the features of examples index[0..n) as one matrix: in place where they are
 * neighbours, else copied together. */
static int feed_rows(struct feed *f, const struct model *m, const struct token_set *t,
                     const struct features *x, const size_t *index, size_t n, const float **rows,
                     struct err *e)
{
    bool neighbours = true, last = m->cut == m->cfg.layers;
    size_t total = 0, at = 0, per = t->per;
    BUG_ON(m->cut == 0 || x->C != m->cfg.channels);
    for (size_t i = 0; i < n; i++) {
        size_t have = x->starts[(index[i] + 1) * per] - x->starts[index[i] * per];
        BUG_ON(have != (last ? per : token_set_len(t, index[i])));
        neighbours = neighbours && index[i] == index[0] + i;
        total += have;
    }
    if (neighbours) {
        *rows = x->data + x->starts[index[0] * per] * x->C;
        return OK;
    }
    int rc = mem_grow(&f->rows, &f->cap_rows, total * x->C, sizeof *f->rows, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        size_t from = x->starts[index[i] * per];
        size_t count = (x->starts[(index[i] + 1) * per] - from) * x->C;
        memcpy(f->rows + at, x->data + from * x->C, count * sizeof *f->rows);
        at += count;
    }
    *rows = f->rows;
    return OK;
}

int feed_forward(struct feed *f, struct pass *p, const struct model *m, const struct token_set *t,
                 const struct features *x, const size_t *index, size_t n, enum feed_use use,
                 const float **logits, struct err *e)
{
    struct pass_input in = {
        .batch = &f->packer.batch, .keep = use != FEED_PREDICT, .lend = use == FEED_LEARN_WHOLE};
    size_t R;
    int rc = packer_fill(&f->packer, t, index, n, e);
    if (!rc && x)
        rc = feed_rows(f, m, t, x, index, n, &in.features, e);
    if (!rc)
        rc = pass_forward(p, &in, logits, &R, e);
    BUG_ON(!rc && R != n * t->per);
    return rc;
}

size_t feed_answer_at(const struct token_set *t, size_t i)
{
    return t->answer_at ? t->answer_at[i] : 1;
}

size_t feed_answers(const struct token_set *t, const size_t *index, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += token_set_len(t, index[i]) - feed_answer_at(t, index[i]);
    return count;
}

int feed_check_lm(const struct token_set *t, struct err *e)
{
    for (size_t i = 0; i < t->n; i++)
        if (feed_answer_at(t, i) >= token_set_len(t, i))
            return err_set(e, ERR_INPUT, "example %zu: none of its %zu tokens is to be predicted",
                           i, token_set_len(t, i));
    return OK;
}

int feed_lm(struct feed *f, struct pass *p, const struct token_set *t, const size_t *index,
            size_t n, enum feed_use use, const float **logits, size_t *R, struct err *e)
{
    struct packer *k = &f->packer;
    size_t from = 0, to = 0, r = 0;
    BUG_ON(t->per != 1);
    int rc = packer_fill(k, t, index, n, e);
    if (!rc)
        rc = mem_grow(&f->target, &f->cap_target, k->batch.n_tokens, sizeof *f->target, e);
    if (!rc)
        rc = mem_grow(&f->reads, &f->cap_reads, n, sizeof *f->reads, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        size_t len = token_set_len(t, index[i]), at = feed_answer_at(t, index[i]);
        BUG_ON(at < 1 || at >= len);
        for (size_t j = at; j < len; j++)
            f->target[r++] = k->tokens[from + j];
        f->reads[i] = (int32_t)(len - at);
        memmove(k->tokens + to, k->tokens + from, (len - 1) * sizeof *k->tokens);
        k->starts[i] = (int32_t)to;
        from += len;
        to += len - 1;
    }
    k->starts[n] = (int32_t)to;
    k->batch.n_tokens = to;
    struct pass_input in = {.batch = &k->batch,
                            .reads = f->reads,
                            .keep = use != FEED_PREDICT,
                            .lend = use == FEED_LEARN_WHOLE};
    rc = pass_forward(p, &in, logits, R, e);
    BUG_ON(!rc && *R != r);
    return rc;
}

struct ranked {
    const int32_t *tokens;
    size_t n, index;
};

/* Longest first, so that the largest pieces come before memory is scarce; then by content, so that
 * the order says nothing about where an example lies in memory. */
static int ranked_compare(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    for (size_t i = 0; i < a->n; i++)
        if (a->tokens[i] != b->tokens[i])
            return a->tokens[i] < b->tokens[i] ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

int feed_order(const struct token_set *t, size_t **order, struct err *e)
{
    struct ranked *ranked = mem_alloc(t->n, sizeof *ranked, e);
    *order = mem_alloc(t->n, sizeof **order, e);
    if (!ranked || !*order) {
        mem_free(ranked);
        return e->code;
    }
    for (size_t i = 0; i < t->n; i++)
        ranked[i] = (struct ranked){t->tokens + t->starts[i * t->per], token_set_len(t, i), i};
    qsort(ranked, t->n, sizeof *ranked, ranked_compare);
    for (size_t i = 0; i < t->n; i++)
        (*order)[i] = ranked[i].index;
    mem_free(ranked);
    return OK;
}
