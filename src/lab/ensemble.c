/* ensemble.c - see ensemble.h. */
#include "lab/ensemble.h"
#include "core/mem.h"
#include "core/order.h"
#include "lab/metrics.h"

#include <math.h>
#include <stdlib.h>

const char *const ensemble_names[] = {"none", "mean", "agreement", "bagging", "boosting", NULL};
const char *const ensemble_keys[] = {"combine", "bagging", "boosting", NULL};

/* ways_last - the last way that a supervisor is said to be made in; of the command line, where one
 * is. */
static const struct doc *ways_last(const struct doc *m)
{
    const struct doc *last = NULL;
    for (size_t i = 0; ensemble_keys[i]; i++) {
        const struct doc *d = doc_get(m, ensemble_keys[i]);
        if (d && (!last || d->path || !last->path))
            last = d;
    }
    return last;
}

int ensemble_read(struct ensemble *s, const struct doc *m, struct err *e)
{
    static const char *const combine[] = {"none", "mean", "agreement", NULL};
    int rc, kind = 0;
    size_t bagging = 0, boosting = 0;
    *s = (struct ensemble){.kind = ENSEMBLE_NONE};
    if ((rc = doc_opt_enum(m, "combine", combine, &kind, e)) ||
        (rc = doc_opt_size(m, "bagging", 2, ENSEMBLE_MOST, &bagging, e)) ||
        (rc = doc_opt_size(m, "boosting", 2, ENSEMBLE_MOST, &boosting, e)))
        return rc;
    if ((kind != 0) + (bagging > 0) + (boosting > 0) > 1)
        return doc_fail(ways_last(m), e,
                        "a supervisor is made by combine, bagging or boosting, wanted one of them");
    s->kind = kind       ? (enum ensemble_kind)kind
              : bagging  ? ENSEMBLE_BAGGING
              : boosting ? ENSEMBLE_BOOSTING
                         : ENSEMBLE_NONE;
    s->rounds = bagging + boosting;
    return OK;
}

void ensemble_json(const struct ensemble *s, struct js *j)
{
    if (s->kind == ENSEMBLE_MEAN || s->kind == ENSEMBLE_AGREEMENT)
        js_key(j, "combine"), js_str(j, ensemble_names[s->kind]);
    else if (s->kind != ENSEMBLE_NONE)
        js_key(j, ensemble_names[s->kind]), js_int(j, (int64_t)s->rounds);
}

void ensemble_mean(const double *const *probs, const double *weight, size_t M, size_t n, size_t K,
                   double *out)
{
    double all = 0;
    for (size_t m = 0; m < M; m++)
        all += weight[m];
    for (size_t i = 0; i < n * K; i++) {
        double sum = 0;
        for (size_t m = 0; m < M; m++)
            sum += all > 0 ? weight[m] * probs[m][i] : probs[m][i];
        out[i] = sum / (all > 0 ? all : (double)M);
    }
}

void agreement_weights(const double *const *probs, size_t M, size_t n, size_t K, double *weight)
{
    for (size_t m = 0; m < M; m++) {
        size_t same = 0;
        for (size_t o = 0; o < M; o++)
            for (size_t i = 0; o != m && i < n; i++)
                same += metrics_argmax(probs[m] + i * K, K) == metrics_argmax(probs[o] + i * K, K);
        weight[m] = M > 1 && n ? (double)same / (double)(n * (M - 1)) : 1;
    }
}

void ensemble_agreed(const double *const *probs, const double *said, size_t M, size_t n, size_t K,
                     double *share)
{
    for (size_t i = 0; i < n; i++) {
        size_t named = metrics_argmax(said + i * K, K), same = 0;
        for (size_t m = 0; m < M; m++)
            same += metrics_argmax(probs[m] + i * K, K) == named;
        share[i] = (double)same / (double)M;
    }
}

double boost_round(double *w, const double *probs, const int *labels, size_t n, size_t K)
{
    double err = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        err += metrics_argmax(probs + i * K, K) == (size_t)labels[i] ? 0 : w[i];
    if (err >= 1 - 1 / (double)K)
        return 0;
    err = fmax(err, 1 / (2 * (double)n));
    double alpha = log((1 - err) / err) + log((double)K - 1);
    for (size_t i = 0; i < n; i++) {
        w[i] *= metrics_argmax(probs + i * K, K) == (size_t)labels[i] ? 1 : exp(alpha);
        sum += w[i];
    }
    for (size_t i = 0; i < n; i++)
        w[i] /= sum;
    return alpha;
}

int sample_draw(struct rng *rng, const double *w, size_t n, size_t *out, struct err *e)
{
    double sum = 0;
    double *up_to = mem_alloc(n, sizeof *up_to, e);
    if (!up_to)
        return e->code;
    for (size_t i = 0; i < n; i++)
        up_to[i] = sum += w ? w[i] : 1;
    for (size_t i = 0; i < n; i++) {
        double at = rng_unit(rng) * sum;
        size_t from = 0, to = n - 1; /* the first whose up_to is above it */
        while (from < to) {
            size_t middle = from + (to - from) / 2;
            if (up_to[middle] > at)
                to = middle;
            else
                from = middle + 1;
        }
        out[i] = from;
    }
    qsort(out, n, sizeof *out, order_size);
    mem_free(up_to);
    return OK;
}
