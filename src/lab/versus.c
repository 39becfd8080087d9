/* versus.c - methods beside naive: the same supervisor and student, pair by pair. */
#include "lab/bench.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

struct trio_settings bench_settings(const struct bench *b)
{
    const struct study *s = b->p->study;
    return (struct trio_settings){b->K, s->bootstrap, s->level, s->seed[SEED_SPLIT]};
}

/* pair_repeats - whether repetition r is the very same jobs as an earlier one (its seeds are held).
 */
static bool pair_repeats(const struct pair *q, size_t r)
{
    for (size_t i = 0; i < r; i++)
        if (q->weak[i] == q->weak[r] && q->student[i] == q->student[r] &&
            q->ceiling[i] == q->ceiling[r])
            return true;
    return false;
}

size_t pair_seeds(const struct bench *b, const struct pair *q, struct trio_seed *t, size_t *alive,
                  size_t *distinct)
{
    size_t n = 0;
    *distinct = 0;
    for (size_t r = 0; r < q->n; r++) {
        const double *weak = bench_probs(b, q->weak[r]), *student = bench_probs(b, q->student[r]);
        const double *ceiling = bench_probs(b, q->ceiling[r]);
        if (pair_repeats(q, r))
            continue;
        ++*distinct;
        if ((!weak && job_scored(b->p, q->weak[r])) || !student || !ceiling)
            continue;
        t[n] = (struct trio_seed){
            b->p->data[r].n[PART_TEST], b->labels[r], b->units[r], weak, student, ceiling};
        alive[n++] = r;
    }
    return n;
}

/* same_models - whether two pairs are of the same supervisor and student. */
static bool same_models(const struct pair *a, const struct pair *b)
{
    return a->weak[0] == b->weak[0] && a->ceiling[0] == b->ceiling[0];
}

/* naive_pair - what another method's pair is compared with; NULL: nothing. */
static const struct pair *naive_pair(const struct plan *p, const struct pair *q)
{
    for (size_t i = 0; i < p->n_pairs; i++) {
        const struct pair *c = &p->pairs[i];
        if (c != q && q->method && c->method && strcmp(c->method->name, "naive") == 0 &&
            same_models(c, q))
            return c;
    }
    return NULL;
}

/* versus_pair - q's students minus those of another pair of the same models; NAN where a repetition
 * of that failed. */
static int versus_pair(const struct bench *b, const struct pair *q, const struct pair *other,
                       struct versus *x, struct err *e)
{
    struct trio_settings set = bench_settings(b);
    struct trio trio;
    size_t distinct, n;
    int rc = OK;
    *x = (struct versus){{(double)NAN, (double)NAN, (double)NAN}, (double)NAN, (double)NAN};
    struct trio_seed *t = mem_alloc(q->n, sizeof *t, e);
    size_t *alive = t ? mem_alloc(q->n, sizeof *alive, e) : NULL;
    double *v = alive ? mem_alloc(set.samples, TRIO_VALUES * sizeof *v, e) : NULL;
    if (!v) {
        rc = e->code;
        goto out;
    }
    n = pair_seeds(b, q, t, alive, &distinct);
    for (size_t k = 0; k < n; k++)
        if (!(t[k].weak = bench_probs(b, other->student[alive[k]])))
            goto out;
    /* gain of a trio is student - weak: the same bootstrap with the other's student in the
     * supervisor's place */
    if (n && !(rc = trio_drawn(t, n, &set, &trio, v, e)) && !isnan(trio.gain.lo)) {
        x->d = trio.gain;
        x->p = x->holm = difference_p(v + TRIO_GAIN * set.samples, set.samples);
    }
out:
    mem_free(t);
    mem_free(alive);
    mem_free(v);
    return rc;
}

/* versus_one - the i-th pair's; NAN where there is no naive. */
static int versus_one(struct bench *b, size_t i, struct err *e)
{
    const struct pair *q = &b->p->pairs[i], *naive = naive_pair(b->p, q);
    struct versus *x = &b->versus[i];
    *x = (struct versus){{(double)NAN, (double)NAN, (double)NAN}, (double)NAN, (double)NAN};
    return naive ? versus_pair(b, q, naive, x, e) : OK;
}

int versus_measure(struct bench *b, struct err *e)
{
    const struct plan *p = b->p;
    double family[STUDY_LIST];
    int rc = OK;
    b->versus = mem_alloc(p->n_pairs, sizeof *b->versus, e);
    for (size_t i = 0; b->versus && i < p->n_pairs && !rc; i++)
        rc = versus_one(b, i, e);
    /* What is looked at together: all methods of one supervisor and student. */
    for (size_t i = 0; b->versus && !rc && i < p->n_pairs; i++) {
        size_t of[STUDY_LIST], n = 0;
        bool first = true;
        for (size_t k = 0; k < p->n_pairs && n < STUDY_LIST; k++)
            if (same_models(&p->pairs[k], &p->pairs[i])) {
                first = first && k >= i;
                family[n] = b->versus[k].p;
                of[n++] = k;
            }
        if (!first)
            continue;
        holm_adjust(family, n);
        for (size_t k = 0; k < n; k++)
            b->versus[of[k]].holm = family[k];
    }
    return b->versus ? rc : e->code;
}

/* baselines_versus - of a charged method that is named, against every other use of as many labels.
 */
static int baselines_versus(struct js *w, const struct bench *b, const struct pair *q,
                            struct err *e)
{
    const struct study *s = b->p->study;
    int rc = OK;
    if (s->imported || !q->method || !method_charged(&s->settings, q->method) ||
        baselines_run(s, q->method))
        return OK;
    js_key(w, "minus_baselines"), js_open(w, '{');
    for (size_t i = 0; !rc && i < b->p->n_pairs; i++) {
        const struct pair *c = &b->p->pairs[i];
        struct versus x;
        if (c == q || !c->method || !c->method->baseline || !same_models(c, q))
            continue;
        rc = versus_pair(b, q, c, &x, e);
        if (!rc && !isnan(x.d.value))
            estimate_json(w, c->method->name, &x.d);
    }
    js_close(w, '}');
    return rc;
}

int versus_json(struct js *w, const struct bench *b, const struct pair *q, struct err *e)
{
    const struct versus *x = &b->versus[q - b->p->pairs];
    if (!isnan(x->d.value)) {
        estimate_json(w, "minus_naive", &x->d);
        js_key(w, "minus_naive_p"), js_real(w, x->p);
        js_key(w, "minus_naive_holm"), js_real(w, x->holm);
    }
    return baselines_versus(w, b, q, e);
}
