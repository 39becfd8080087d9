/* repair.c - see repair.h. */
#include "lab/repair.h"
#include "core/mem.h"
#include "core/stop.h"
#include "lab/metrics.h"
#include "lab/probe.h"
#include "lab/regress.h"
#include "lab/standardise.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int repair_standardise(const float *x, size_t n, size_t C, double **z, struct err *e)
{
    double *mean = mem_alloc(2 * C, sizeof *mean, e), *spread = mean ? mean + C : NULL;
    *z = mean ? mem_alloc(n, C * sizeof **z, e) : NULL;
    int rc = *z ? standard_moments(x, C, n, C, mean, spread, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        for (size_t c = 0; c < C; c++)
            (*z)[i * C + c] = spread[c] > 0 ? ((double)x[i * C + c] - mean[c]) / spread[c] : 0;
    mem_free(mean);
    return rc;
}

/* directions - z [n,C]: the standardised rows of x, each of length 1. */
static int directions(const float *x, size_t n, size_t C, double **z, struct err *e)
{
    int rc = repair_standardise(x, n, C, z, e);
    for (size_t i = 0; !rc && i < n; i++) {
        double *row = *z + i * C, length = 0;
        for (size_t c = 0; c < C; c++)
            length += row[c] * row[c];
        for (size_t c = 0; c < C && length > 0; c++)
            row[c] /= sqrt(length);
    }
    return rc;
}

/* The most alike so far, in falling order. */
struct near {
    double like;
    size_t i;
};

static void near_add(struct near *list, size_t *have, size_t k, double like, size_t i)
{
    size_t at = *have;
    if (*have == k && !(like > list[k - 1].like))
        return;
    if (*have == k)
        at--;
    else
        ++*have;
    for (; at > 0 && like > list[at - 1].like; at--)
        list[at] = list[at - 1];
    list[at] = (struct near){like, i};
}

int repair_neighbours(const float *x, const double *w, size_t n, size_t C, size_t K, size_t k,
                      double weight, double *out, struct err *e)
{
    double *z = NULL;
    if (n < 2)
        return err_set(e, ERR_INPUT, "one example has no neighbours");
    k = k < n - 1 ? k : n - 1;
    struct near *list = mem_alloc(k, sizeof *list, e);
    int rc = list ? directions(x, n, C, &z, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        size_t have = 0;
        rc = stop_check(e);
        for (size_t j = 0; !rc && j < n; j++)
            if (j != i)
                near_add(list, &have, k, regress_dot(z + i * C, z + j * C, C), j);
        for (size_t l = 0; !rc && l < K; l++) {
            double mean = 0;
            for (size_t m = 0; m < have; m++)
                mean += w[list[m].i * K + l] / (double)have;
            out[i * K + l] = (1 - weight) * w[i * K + l] + weight * mean;
        }
    }
    mem_free(list);
    mem_free(z);
    return rc;
}

double neighbours_operations(size_t n, size_t C)
{
    return 2 * (double)n * (double)(n - 1) * (double)C;
}

/* fold_fit - of the examples outside a fold: probabilities of those within; what that took is added
 * to *operations. */
static int fold_fit(const float *x, const double *w, const size_t *fold, size_t f, size_t n,
                    size_t C, size_t K, double c, double *p, double *operations, struct err *e)
{
    struct probe_settings s = {.c = {c}, .n = 1};
    struct probe probe = {.C = 0};
    size_t m = 0;
    int rc = OK;
    float *rows = mem_alloc(n, C * sizeof *rows, e);
    double *y = rows ? mem_alloc(n, K * sizeof *y, e) : NULL;
    uint64_t *question = y ? mem_alloc(n, sizeof *question, e) : NULL;
    if (!question)
        rc = e->code;
    for (size_t i = 0; !rc && i < n; i++)
        if (fold[i] != f) {
            memcpy(rows + m * C, x + i * C, C * sizeof *rows);
            memcpy(y + m * K, w + i * K, K * sizeof *y);
            question[m] = m;
            m++;
        }
    if (!rc && (!m || m == n))
        rc = err_set(e, ERR_INPUT, "fold %zu has %zu of %zu examples", f, n - m, n);
    const struct probe_data d = {m, 1, C, K, rows, C, y, question};
    if (!rc)
        rc = probe_fit(&probe, &s, &d, e);
    for (size_t i = 0; !rc && i < n; i++)
        if (fold[i] == f)
            rc = probe_predict(&probe, x + i * C, C, 1, p + i * K, NULL, e);
    *operations += probe.operations + probe_operations(&probe, n - m);
    probe_release(&probe);
    mem_free(rows);
    mem_free(y);
    mem_free(question);
    return rc;
}

int repair_held_out(const float *x, const double *w, const size_t *fold, size_t n, size_t C,
                    size_t K, size_t folds, double c, double *p, double *operations, struct err *e)
{
    int rc = OK;
    *operations = 0;
    for (size_t f = 0; !rc && f < folds; f++)
        rc = fold_fit(x, w, fold, f, n, C, K, c, p, operations, e);
    return rc;
}

struct doubt {
    double margin;
    size_t i;
};

static int doubt_compare(const void *pa, const void *pb)
{
    const struct doubt *a = pa, *b = pb;
    return a->margin != b->margin ? (a->margin < b->margin ? 1 : -1)
                                  : (a->i > b->i) - (a->i < b->i);
}

/* confident_joint - C [K,K]; named [K]: how many are named each. */
static int confident_joint(const double *w, const double *p, size_t n, size_t K, size_t *joint,
                           size_t *named, struct err *e)
{
    double *t = mem_zalloc(K, sizeof *t, e);
    if (!t)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        size_t y = metrics_argmax(w + i * K, K);
        named[y]++;
        t[y] += p[i * K + y];
    }
    for (size_t l = 0; l < K; l++) /* a class that nobody names is nobody's */
        t[l] = named[l] ? t[l] / (double)named[l] : DBL_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t best = K;
        for (size_t l = 0; l < K; l++)
            if (p[i * K + l] >= t[l] && (best == K || p[i * K + l] > p[i * K + best]))
                best = l;
        if (best < K)
            joint[metrics_argmax(w + i * K, K) * K + best]++;
    }
    mem_free(t);
    return OK;
}

/* prune - the `count` examples named j that look most like l are not kept. */
static void prune(const double *w, const double *p, size_t n, size_t K, size_t j, size_t l,
                  size_t count, struct doubt *doubts, bool *keep)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (metrics_argmax(w + i * K, K) == j)
            doubts[m++] = (struct doubt){p[i * K + l] - p[i * K + j], i};
    qsort(doubts, m, sizeof *doubts, doubt_compare);
    for (size_t d = 0; d < m && d < count; d++)
        keep[doubts[d].i] = false;
}

int repair_confident(const double *w, const double *p, size_t n, size_t K, bool *keep,
                     size_t *joint, struct err *e)
{
    size_t *C = mem_zalloc(K * K + K, sizeof *C, e), kept = 0;
    struct doubt *doubts = C ? mem_alloc(n, sizeof *doubts, e) : NULL;
    int rc = doubts ? confident_joint(w, p, n, K, C, C + K * K, e) : e->code;
    for (size_t i = 0; i < n; i++)
        keep[i] = true;
    for (size_t j = 0; !rc && j < K; j++) {
        size_t sum = 0;
        for (size_t l = 0; l < K; l++)
            sum += C[j * K + l];
        for (size_t l = 0; sum && l < K; l++) {
            double share = (double)C[j * K + l] / (double)sum;
            size_t count = (size_t)floor(share * (double)C[K * K + j] + 0.5);
            if (l != j && count)
                prune(w, p, n, K, j, l, count, doubts, keep);
        }
    }
    for (size_t i = 0; i < n; i++)
        kept += keep[i];
    if (!rc && !kept)
        rc = err_set(e, ERR_INPUT, "confident_learning: none of %zu labels is kept", n);
    if (!rc && joint)
        memcpy(joint, C, K * K * sizeof *joint);
    mem_free(C);
    mem_free(doubts);
    return rc;
}

static double log_held(double p)
{
    return log(fmax(p, CONTRAST_LEAST));
}

void repair_contrast(const double *start, const double *labels, const double *before, size_t n,
                     size_t K, double weight, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double most = -(double)INFINITY, sum = 0;
        for (size_t k = i * K; k < (i + 1) * K; k++) {
            out[k] = log_held(start[k]) + weight * (log_held(labels[k]) - log_held(before[k]));
            most = fmax(most, out[k]);
        }
        for (size_t k = i * K; k < (i + 1) * K; k++)
            sum += out[k] = exp(out[k] - most);
        for (size_t k = i * K; k < (i + 1) * K; k++)
            out[k] /= sum;
    }
}
