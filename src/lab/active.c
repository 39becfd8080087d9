/* active.c - see active.h. */
#include "lab/active.h"
#include "core/mem.h"
#include "core/stop.h"
#include "lab/metrics.h"
#include "lab/repair.h"

#include <math.h>
#include <stdlib.h>

struct wanted {
    double how; /* the larger, the more */
    size_t i;
};

static int wanted_compare(const void *pa, const void *pb)
{
    const struct wanted *a = pa, *b = pb;
    return a->how != b->how ? (a->how < b->how ? 1 : -1) : (a->i > b->i) - (a->i < b->i);
}

/* most_wanted - the first k in falling order. */
static void most_wanted(struct wanted *all, size_t n, size_t k, size_t *chosen)
{
    qsort(all, n, sizeof *all, wanted_compare);
    for (size_t i = 0; i < k; i++)
        chosen[i] = all[i].i;
}

int active_unsure(const double *w, size_t n, size_t K, size_t k, size_t *chosen, struct err *e)
{
    struct wanted *all = mem_alloc(n, sizeof *all, e);
    if (!all)
        return e->code;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct wanted){-w[i * K + metrics_argmax(w + i * K, K)], i};
    most_wanted(all, n, k, chosen);
    mem_free(all);
    return OK;
}

int active_disputed(const double *w, const double *p, size_t n, size_t K, size_t k, size_t *chosen,
                    struct err *e)
{
    struct wanted *all = mem_alloc(n, sizeof *all, e);
    if (!all)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        size_t named = metrics_argmax(w + i * K, K);
        all[i] = (struct wanted){-1, i};
        for (size_t l = 0; l < K; l++)
            if (l != named && p[i * K + l] > all[i].how)
                all[i].how = p[i * K + l];
    }
    most_wanted(all, n, k, chosen);
    mem_free(all);
    return OK;
}

/* distance - squared, of two rows. */
static double distance(const double *a, const double *b, size_t C)
{
    double d = 0;
    for (size_t c = 0; c < C; c++)
        d += (a[c] - b[c]) * (a[c] - b[c]);
    return d;
}

/* middle - of standardised rows, whose mean is 0, the one nearest to it. */
static size_t middle(const double *z, size_t n, size_t C)
{
    double least = (double)INFINITY;
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        double d = 0;
        for (size_t c = 0; c < C; c++)
            d += z[i * C + c] * z[i * C + c];
        best = d < least ? i : best;
        least = d < least ? d : least;
    }
    return best;
}

int active_cover(const float *x, size_t n, size_t C, size_t k, size_t *chosen, struct err *e)
{
    double *z = NULL, *away = mem_alloc(n, sizeof *away, e); /* from the nearest that is taken */
    int rc = away ? repair_standardise(x, n, C, &z, e) : e->code;
    size_t next = rc ? 0 : middle(z, n, C);
    for (size_t i = 0; !rc && i < n; i++)
        away[i] = (double)INFINITY;
    for (size_t m = 0; !rc && m < k; m++) {
        size_t centre = next;
        chosen[m] = centre;
        away[centre] = -1; /* never again, not even where all others lie on it */
        next = 0;
        for (size_t i = 0; i < n; i++) {
            if (away[i] >= 0)
                away[i] = fmin(away[i], distance(z + i * C, z + centre * C, C));
            next = away[i] > away[next] ? i : next;
        }
        rc = stop_check(e);
    }
    mem_free(z);
    mem_free(away);
    return rc;
}

double cover_operations(size_t n, size_t C, size_t k)
{
    /* to the middle of all; then to each that is taken, of those that are not */
    double distances = (double)n + (double)k * (double)n - (double)k * (double)(k + 1) / 2;
    return 2 * distances * (double)C;
}
