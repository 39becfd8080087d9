/* best_of.c - see best_of.h. */
#include "lab/best_of.h"
#include "lab/bootstrap.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

/* A text of a seed's test set, in the order of rewards. */
struct ranked {
    double reward, rating;
    size_t unit;
};

static int by_reward(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;
    return (a->reward > b->reward) - (a->reward < b->reward);
}

struct pools {
    struct crossing crossing;
    struct ranked **texts; /* [seeds][n*K] */
    size_t *n_texts;       /* [seeds] */
    double *v;             /* [n_of, samples] */
};

static void pools_release(struct pools *p)
{
    for (size_t s = 0; p->texts && s < p->crossing.seeds; s++)
        mem_free(p->texts[s]);
    mem_free(p->texts);
    mem_free(p->n_texts);
    mem_free(p->v);
    crossing_release(&p->crossing);
}

static int pools_init(struct pools *p, const struct best_pool *seeds, size_t n_seeds, size_t values,
                      struct err *e)
{
    *p = (struct pools){.v = NULL};
    int rc = crossing_init(&p->crossing, n_seeds, e);
    for (size_t s = 0; !rc && s < n_seeds; s++)
        rc = crossing_add(&p->crossing, seeds[s].units, seeds[s].n, e);
    if (!rc)
        rc = crossing_ready(&p->crossing, e);
    if (!rc && (!(p->texts = mem_zalloc(n_seeds, sizeof *p->texts, e)) ||
                !(p->n_texts = mem_alloc(n_seeds, sizeof *p->n_texts, e)) ||
                !(p->v = mem_alloc(values, sizeof *p->v, e))))
        rc = e->code;
    for (size_t s = 0; !rc && s < n_seeds; s++) {
        size_t K = seeds[s].K, n = seeds[s].n * K;
        struct ranked *t = p->texts[s] = mem_alloc(n, sizeof *t, e);
        rc = t ? OK : e->code;
        p->n_texts[s] = n;
        for (size_t i = 0; t && i < n; i++)
            t[i] = (struct ranked){seeds[s].rewards[i], seeds[s].ratings[i],
                                   p->crossing.unit[s][i / K]};
        if (t)
            qsort(t, n, sizeof *t, by_reward);
    }
    return rc;
}

static double power(double x, size_t n)
{
    double y = 1;
    for (; n; n /= 2, x *= x)
        y *= n % 2 ? x : 1;
    return y;
}

/* seed_best - of one seed's texts as they are drawn; false where none is. */
static bool seed_best(const struct pools *p, size_t s, const size_t *of, size_t n_of, double *best)
{
    const struct ranked *t = p->texts[s];
    const size_t *weight = p->crossing.weight;
    double all = 0, below = 0;
    for (size_t i = 0; i < p->n_texts[s]; i++)
        all += (double)weight[t[i].unit];
    if (!(all > 0))
        return false;
    for (size_t k = 0; k < n_of; k++)
        best[k] = 0;
    for (size_t i = 0, end; i < p->n_texts[s]; i = end) {
        double own = 0, sum = 0;
        for (end = i; end < p->n_texts[s] && !(t[end].reward > t[i].reward); end++) {
            own += (double)weight[t[end].unit];
            sum += (double)weight[t[end].unit] * t[end].rating;
        }
        for (size_t k = 0; own > 0 && k < n_of; k++)
            best[k] += sum / own * (power((below + own) / all, of[k]) - power(below / all, of[k]));
        below += own;
    }
    return true;
}

/* pools_best - mean over the drawn seeds; false where none of them has a text. */
static bool pools_best(const struct pools *p, const size_t *of, size_t n_of, double *one,
                       double *best)
{
    double seeds = 0;
    for (size_t k = 0; k < n_of; k++)
        best[k] = 0;
    for (size_t s = 0; s < p->crossing.seeds; s++) {
        double times = (double)p->crossing.times[s];
        if (!(times > 0) || !seed_best(p, s, of, n_of, one))
            continue;
        seeds += times;
        for (size_t k = 0; k < n_of; k++)
            best[k] += times * one[k];
    }
    for (size_t k = 0; k < n_of; k++)
        best[k] /= seeds;
    return seeds > 0;
}

int best_of_measure(const struct best_pool *seeds, size_t n_seeds, const struct trio_settings *s,
                    const size_t *of, size_t n_of, struct estimate *out, struct err *e)
{
    struct pools p;
    struct rng r;
    BUG_ON(n_seeds == 0 || s->samples == 0 || n_of == 0);
    double *one = mem_alloc(n_of, 2 * sizeof *one, e), *best = one ? one + n_of : NULL;
    int rc = pools_init(&p, seeds, n_seeds, n_of * s->samples, e);
    if (rc || !one) {
        rc = e->code;
        goto out;
    }
    pools_best(&p, of, n_of, one, best);
    for (size_t k = 0; k < n_of; k++)
        out[k].value = best[k];
    bool few = p.crossing.units < TRIO_UNITS_LEAST;
    rng_init(&r, s->seed, "bootstrap");
    for (size_t b = 0; !few && b < s->samples; b++) {
        do
            crossing_draw(&p.crossing, &r);
        while (!pools_best(&p, of, n_of, one, best));
        for (size_t k = 0; k < n_of; k++)
            p.v[k * s->samples + b] = best[k];
    }
    for (size_t k = 0; k < n_of; k++)
        interval(p.v + k * s->samples, few ? 0 : s->samples, s->level, &out[k]);
out:
    mem_free(one);
    pools_release(&p);
    return rc;
}
