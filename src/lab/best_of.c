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

/* seed_values - of one seed's test set as c has drawn it; false where nothing of it is. */
typedef bool seed_values(const void *ctx, const struct crossing *c, size_t seed, double *v);

static int crossing_open(struct crossing *c, const struct best_pool *seeds, size_t n, struct err *e)
{
    int rc = crossing_init(c, n, e);
    for (size_t s = 0; !rc && s < n; s++)
        rc = crossing_add(c, seeds[s].units, seeds[s].n, e);
    return rc ? rc : crossing_ready(c, e);
}

/* drawn_mean - over the drawn seeds; false where none of them has a value. */
static bool drawn_mean(const struct crossing *c, seed_values *of, const void *ctx, size_t n,
                       double *one, double *mean)
{
    double seeds = 0;
    for (size_t k = 0; k < n; k++)
        mean[k] = 0;
    for (size_t s = 0; s < c->seeds; s++) {
        double times = (double)c->times[s];
        if (!(times > 0) || !of(ctx, c, s, one))
            continue;
        seeds += times;
        for (size_t k = 0; k < n; k++)
            mean[k] += times * one[k];
    }
    for (size_t k = 0; k < n; k++)
        mean[k] /= seeds;
    return seeds > 0;
}

/* drawn_estimate - out [n]: the values of everything once, and their bounds over replicates. */
static int drawn_estimate(struct crossing *c, seed_values *of, const void *ctx, size_t n,
                          const struct trio_settings *s, struct estimate *out, struct err *e)
{
    struct rng r;
    bool few = c->units < TRIO_UNITS_LEAST;
    double *one = mem_alloc(n, (2 + s->samples) * sizeof *one, e);
    if (!one)
        return e->code;
    double *mean = one + n, *v = mean + n; /* v [n,samples] */
    drawn_mean(c, of, ctx, n, one, mean);
    for (size_t k = 0; k < n; k++)
        out[k].value = mean[k];
    rng_init(&r, s->seed, "bootstrap");
    for (size_t b = 0; !few && b < s->samples; b++) {
        do
            crossing_draw(c, &r);
        while (!drawn_mean(c, of, ctx, n, one, mean));
        for (size_t k = 0; k < n; k++)
            v[k * s->samples + b] = mean[k];
    }
    for (size_t k = 0; k < n; k++)
        interval(v + k * s->samples, few ? 0 : s->samples, s->level, &out[k]);
    mem_free(one);
    return OK;
}

struct pools {
    struct crossing crossing;
    struct ranked **texts; /* [seeds][n*K] */
    size_t *n_texts;       /* [seeds] */
    const size_t *of;
    size_t n_of;
};

static void pools_release(struct pools *p)
{
    for (size_t s = 0; p->texts && s < p->crossing.seeds; s++)
        mem_free(p->texts[s]);
    mem_free(p->texts);
    mem_free(p->n_texts);
    crossing_release(&p->crossing);
}

static int pools_init(struct pools *p, const struct best_pool *seeds, size_t n_seeds, struct err *e)
{
    int rc = crossing_open(&p->crossing, seeds, n_seeds, e);
    if (!rc && (!(p->texts = mem_zalloc(n_seeds, sizeof *p->texts, e)) ||
                !(p->n_texts = mem_alloc(n_seeds, sizeof *p->n_texts, e))))
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

/* pool_best - of one seed's texts as they are drawn. */
static bool pool_best(const void *ctx, const struct crossing *c, size_t s, double *best)
{
    const struct pools *p = ctx;
    const struct ranked *t = p->texts[s];
    double all = 0, below = 0;
    for (size_t i = 0; i < p->n_texts[s]; i++)
        all += (double)c->weight[t[i].unit];
    if (!(all > 0))
        return false;
    for (size_t k = 0; k < p->n_of; k++)
        best[k] = 0;
    for (size_t i = 0, end; i < p->n_texts[s]; i = end) {
        double own = 0, sum = 0;
        for (end = i; end < p->n_texts[s] && !(t[end].reward > t[i].reward); end++) {
            own += (double)c->weight[t[end].unit];
            sum += (double)c->weight[t[end].unit] * t[end].rating;
        }
        for (size_t k = 0; own > 0 && k < p->n_of; k++)
            best[k] +=
                sum / own * (power((below + own) / all, p->of[k]) - power(below / all, p->of[k]));
        below += own;
    }
    return true;
}

int best_of_measure(const struct best_pool *seeds, size_t n_seeds, const struct trio_settings *s,
                    const size_t *of, size_t n_of, struct estimate *out, struct err *e)
{
    struct pools p = {.of = of, .n_of = n_of};
    BUG_ON(n_seeds == 0 || s->samples == 0 || n_of == 0);
    int rc = pools_init(&p, seeds, n_seeds, e);
    if (!rc)
        rc = drawn_estimate(&p.crossing, pool_best, &p, n_of, s, out, e);
    pools_release(&p);
    return rc;
}

/* pick_of - of one example: the mean rating of those with the highest reward, minus that of all;
 * *spread: the variance of its ratings. */
static double pick_of(const double *rewards, const double *ratings, size_t K, double *spread)
{
    double most = rewards[0], mean = 0, picked = 0, equal = 0;
    *spread = 0;
    for (size_t k = 0; k < K; k++) {
        most = rewards[k] > most ? rewards[k] : most;
        mean += ratings[k] / (double)K;
    }
    for (size_t k = 0; k < K; k++) {
        *spread += (ratings[k] - mean) * (ratings[k] - mean) / (double)K;
        if (!(rewards[k] < most)) {
            picked += ratings[k];
            equal += 1;
        }
    }
    return picked / equal - mean;
}

/* group_best - of one seed's examples as they are drawn, each reward's pick among their own. */
static bool group_best(const void *ctx, const struct crossing *c, size_t s, double *best)
{
    const struct best_pool *p = (const struct best_pool *)ctx + s;
    double all = 0, sum = 0, spread = 0, own;
    for (size_t i = 0; i < p->n; i++) {
        double w = (double)c->weight[c->unit[s][i]];
        sum += w * pick_of(p->rewards + i * p->K, p->ratings + i * p->K, p->K, &own);
        spread += w * own;
        all += w;
    }
    *best = spread > 0 ? sum / sqrt(all * spread) : (double)NAN;
    return all > 0;
}

int best_within_measure(const struct best_pool *seeds, size_t n_seeds,
                        const struct trio_settings *s, struct estimate *out, struct err *e)
{
    struct crossing c;
    BUG_ON(n_seeds == 0 || s->samples == 0);
    int rc = crossing_open(&c, seeds, n_seeds, e);
    if (!rc)
        rc = drawn_estimate(&c, group_best, seeds, 1, s, out, e);
    crossing_release(&c);
    return rc;
}
