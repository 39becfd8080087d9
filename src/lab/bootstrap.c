/* bootstrap.c - see bootstrap.h. */
#include "lab/bootstrap.h"
#include "core/mem.h"
#include "core/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int crossing_init(struct crossing *c, size_t seeds, struct err *e)
{
    *c = (struct crossing){.seeds = 0};
    c->n = mem_zalloc(seeds, sizeof *c->n, e);
    c->unit = c->n ? mem_zalloc(seeds, sizeof *c->unit, e) : NULL;
    c->times = c->unit ? mem_zalloc(seeds, sizeof *c->times, e) : NULL;
    c->names = c->times ? mem_zalloc(seeds, sizeof *c->names, e) : NULL;
    return c->names ? OK : e->code;
}

int crossing_add(struct crossing *c, const uint64_t *names, size_t n, struct err *e)
{
    BUG_ON(n == 0);
    size_t s = c->seeds++;
    c->n[s] = n;
    c->names[s] = names;
    c->times[s] = 1;
    c->unit[s] = mem_alloc(n, sizeof **c->unit, e);
    return c->unit[s] ? OK : e->code;
}

/* names_list - every unit of all test sets once, ascending; heap. */
static uint64_t *names_list(const struct crossing *c, size_t *count, struct err *e)
{
    size_t all = 0, n = 0;
    for (size_t s = 0; s < c->seeds; s++)
        all += c->n[s];
    uint64_t *names = mem_alloc(all, sizeof *names, e);
    if (!names)
        return NULL;
    for (size_t s = 0; s < c->seeds; s++)
        for (size_t i = 0; i < c->n[s]; i++)
            names[n++] = c->names[s][i];
    *count = order_distinct(names, n);
    return names;
}

int crossing_ready(struct crossing *c, struct err *e)
{
    uint64_t *names = names_list(c, &c->units, e);
    c->weight = names ? mem_alloc(c->units, sizeof *c->weight, e) : NULL;
    for (size_t s = 0; c->weight && s < c->seeds; s++)
        for (size_t i = 0; i < c->n[s]; i++) {
            const uint64_t *at =
                bsearch(&c->names[s][i], names, c->units, sizeof *names, order_u64);
            c->unit[s][i] = (size_t)(at - names);
        }
    for (size_t i = 0; c->weight && i < c->units; i++)
        c->weight[i] = 1;
    mem_free(names);
    return c->weight ? OK : e->code;
}

void crossing_release(struct crossing *c)
{
    for (size_t s = 0; c->unit && s < c->seeds; s++)
        mem_free(c->unit[s]);
    mem_free(c->unit);
    mem_free(c->n);
    mem_free(c->weight);
    mem_free(c->times);
    mem_free(c->names);
    *c = (struct crossing){.seeds = 0};
}

void crossing_draw(struct crossing *c, struct rng *r)
{
    memset(c->times, 0, c->seeds * sizeof *c->times);
    memset(c->weight, 0, c->units * sizeof *c->weight);
    for (size_t i = 0; i < c->seeds; i++)
        c->times[rng_below(r, c->seeds)]++;
    for (size_t i = 0; i < c->units; i++)
        c->weight[rng_below(r, c->units)]++;
}

/* interval - of v[0..n), sorted in place, NaNs (undefined replicates) left out: the two order
 * statistics just outside the percentiles. Nothing is interpolated, so that "the gap's bound is
 * above 0" means that no more replicates than are cut off at one end have no gap. */
void interval(double *v, size_t n, double level, struct estimate *out)
{
    qsort(v, n, sizeof *v, order_double);
    while (n && isnan(v[n - 1]))
        n--;
    out->lo = out->hi = (double)NAN;
    if (!n)
        return;
    size_t cut = (size_t)((1 - level) / 2 * (double)(n - 1));
    out->lo = v[cut];
    out->hi = v[n - 1 - cut];
}

size_t interval_cautious(double *v, size_t n, double level, struct estimate *out)
{
    size_t none = 0, cut = n ? (size_t)((1 - level) / 2 * (double)(n - 1)) : 0;
    qsort(v, n, sizeof *v, order_double);
    while (none < n && isnan(v[n - 1 - none]))
        none++;
    out->lo = out->hi = (double)NAN;
    if (!n || none > cut)
        return none;
    /* with them before all others, and behind */
    out->lo = v[cut - none];
    out->hi = v[n - 1 - cut];
    return none;
}
