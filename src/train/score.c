/* score.c - how well a language model predicts texts. */
#include "train/feed.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stop.h"

#include <math.h>

struct scoring {
    struct model *m;
    const struct token_set *t;
    struct pass *pass;
    struct feed feed;
    double *nats; /* [R] */
    size_t cap_nats;
    int32_t *most; /* [R] each row's most probable token */
    size_t cap_most;
    double sum;
    struct lm_score *s;
    bool *whole; /* [n] or NULL */
};

static int piece_score(struct scoring *c, const size_t *index, size_t n, struct err *e)
{
    struct dev *dev = c->m->dev;
    const float *logits;
    size_t R, V = c->m->cfg.vocab;
    int rc = feed_lm(&c->feed, c->pass, c->t, index, n, FEED_PREDICT, &logits, &R, e);
    if (!rc)
        rc = mem_grow(&c->nats, &c->cap_nats, R, sizeof *c->nats, e);
    if (!rc)
        rc = mem_grow(&c->most, &c->cap_most, R, sizeof *c->most, e);
    if (rc)
        return rc;
    dev->ops->rows_argmax(dev, R, V, logits, c->most);
    dev->ops->lm_xent(dev, R, V, logits, c->feed.target, NULL, c->nats, NULL);
    for (size_t i = 0, at = 0; i < n; i++) {
        size_t end = at + feed_answers(c->t, index + i, 1), right = 0, begin = at;
        for (; at < end; at++) {
            if (!isfinite(c->nats[at]))
                return err_set(e, ERR_NUMERIC, "the loss of a token is %f", c->nats[at]);
            c->sum += c->nats[at];
            right += c->most[at] == c->feed.target[at];
        }
        c->s->right += right;
        c->s->texts_right += right == end - begin;
        if (c->whole)
            c->whole[index[i]] = right == end - begin;
    }
    c->s->tokens += R;
    return OK;
}

int lm_score_run(struct model *m, const struct token_set *t, size_t micro_tokens,
                 struct lm_score *s, bool *whole, struct progress *progress, struct err *e)
{
    struct scoring c = {.m = m, .t = t, .s = s, .whole = whole};
    size_t *order = NULL, *ends = NULL, pieces = 0, begin = 0, tokens = 0;
    BUG_ON(m->head.kind != HEAD_LM);
    *s = (struct lm_score){.nats = (double)NAN};
    if (!t->n)
        return OK;
    feed_init(&c.feed);
    int rc = feed_check_lm(t, e);
    if (!rc)
        rc = feed_order(t, &order, e);
    if (!rc)
        rc = pack_split(t, order, t->n, micro_tokens, &ends, &pieces, e);
    if (!rc)
        rc = pass_new(&c.pass, m, e);
    for (size_t i = 0; !rc && i < pieces; begin = ends[i++]) {
        rc = stop_check(e);
        if (!rc)
            rc = piece_score(&c, order + begin, ends[i] - begin, e);
        tokens += feed_tokens(t, order + begin, ends[i] - begin);
        if (!rc && progress)
            progress_step(progress, (double)ends[i], (double)tokens, NULL);
    }
    if (!rc)
        s->nats = c.sum / (double)s->tokens;
    pass_free(c.pass);
    feed_release(&c.feed);
    mem_free(order);
    mem_free(ends);
    mem_free(c.nats);
    mem_free(c.most);
    return rc;
}
