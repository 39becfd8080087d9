/* predict.c - probabilities of a classifier over a set of texts, of a reward over groups of them.
 */
#include "train/feed.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stop.h"

#include <math.h>
#include <stdlib.h>

static int row_softmax(const double *z, size_t K, double *p, size_t example, struct err *e)
{
    double top = z[0], sum = 0;
    for (size_t k = 0; k < K; k++) {
        if (!isfinite(z[k]))
            return err_set(e, ERR_NUMERIC, "example %zu: logit %zu is %f", example, k, z[k]);
        top = z[k] > top ? z[k] : top;
    }
    for (size_t k = 0; k < K; k++)
        sum += p[k] = exp(z[k] - top);
    for (size_t k = 0; k < K; k++)
        p[k] /= sum;
    return OK;
}

/* One prediction at work. */
struct prediction {
    struct model *m;
    const struct token_set *t;
    const struct features *f;
    size_t K;
    struct pass *pass;
    struct feed feed;
    float *host;            /* [n,K] */
    double *row;            /* [K] */
    double *probs, *logits; /* [n,K], the caller's */
};

/* predict_piece - examples index[0..n) in one pass. */
static int predict_piece(struct prediction *p, const size_t *index, size_t n, struct err *e)
{
    const float *logits;
    size_t K = p->K;
    int rc = feed_forward(&p->feed, p->pass, p->m, p->t, p->f, index, n, FEED_PREDICT, &logits, e);
    if (!rc)
        dev_download(p->m->dev, p->host, logits, n * K);
    for (size_t i = 0; !rc && i < n; i++) {
        double *z = p->logits ? p->logits + index[i] * K : p->row;
        for (size_t k = 0; k < K; k++)
            z[k] = (double)p->host[i * K + k];
        rc = row_softmax(z, K, p->probs + index[i] * K, index[i], e);
    }
    return rc;
}

int predict_run(struct model *m, const struct token_set *t, const struct features *f,
                size_t micro_tokens, double *probs, double *logits, struct progress *progress,
                struct err *e)
{
    struct prediction p = {.m = m, .t = t, .f = f, .probs = probs, .logits = logits};
    size_t *order = NULL, *ends = NULL, pieces, begin = 0, tokens = 0;
    if (!t->n)
        return OK;
    p.K = train_K(m, t);
    feed_init(&p.feed);
    int rc = feed_order(t, &order, e);
    if (!rc)
        rc = pack_split(t, order, t->n, micro_tokens, &ends, &pieces, e);
    if (!rc)
        rc = pass_new(&p.pass, m, e);
    if (rc)
        goto out;
    p.host = mem_alloc(t->n, p.K * sizeof *p.host, e);
    p.row = mem_alloc(p.K, sizeof *p.row, e);
    if (!p.host || !p.row) {
        rc = e->code;
        goto out;
    }
    for (size_t i = 0; i < pieces; begin = ends[i++]) {
        size_t n = ends[i] - begin;
        rc = stop_check(e);
        if (!rc)
            rc = predict_piece(&p, order + begin, n, e);
        if (rc)
            goto out;
        tokens += feed_tokens(t, order + begin, n);
        if (progress)
            progress_step(progress, (double)ends[i], (double)tokens, NULL);
    }
out:
    pass_free(p.pass);
    feed_release(&p.feed);
    mem_free(order);
    mem_free(ends);
    mem_free(p.host);
    mem_free(p.row);
    return rc;
}

int predict_check(const double *x, size_t n, size_t K, struct err *e)
{
    const double slack = 1e-6; /* soft labels are sums of rounded probabilities */
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++) {
            double v = x[i * K + k];
            if (!(v >= 0 && v <= 1 + slack))
                return err_set(e, ERR_INPUT,
                               "number %zu of example %zu is %.9g, wanted a probability", k, i, v);
            sum += v;
        }
        if (fabs(sum - 1) > slack)
            return err_set(e, ERR_INPUT, "the probabilities of example %zu sum to %g, wanted 1", i,
                           sum);
    }
    return OK;
}
