/* results_judge.c - what reading arguments did to a judge. */
#include "lab/bench.h"
#include "lab/debate.h"
#include "core/mem.h"

#include <math.h>

/* alone_pair - of the same judge who reads the example alone, of the same student and method. */
static const struct pair *alone_pair(const struct plan *p, const struct pair *q)
{
    const struct job *w = q->weak[0];
    for (size_t i = 0; i < p->n_pairs; i++) {
        const struct pair *c = &p->pairs[i];
        const struct job *x = c->weak[0];
        if (c->method == q->method && c->ceiling[0] == q->ceiling[0] && !x->arguments &&
            x->model == w->model && x->layers == w->layers)
            return c;
    }
    return NULL;
}

int judge_json(struct js *w, const struct bench *b, const struct pair *q, const struct trio_seed *t,
               const size_t *alive, size_t n, const struct trio_settings *set, struct err *e)
{
    const struct pair *alone = q->weak[0]->arguments ? alone_pair(b->p, q) : NULL;
    struct estimate d = {(double)NAN, (double)NAN, (double)NAN};
    int rc = OK;
    if (!q->weak[0]->arguments)
        return OK;
    struct trio_seed *two = mem_alloc(n, sizeof *two, e);
    if (!two)
        return e->code;
    for (size_t i = 0; alone && i < n; i++) {
        two[i] = t[i];
        two[i].student = bench_probs(b, q->weak[alive[i]]);
        two[i].ceiling = bench_probs(b, alone->weak[alive[i]]);
        if (!two[i].student || !two[i].ceiling)
            alone = NULL;
    }
    if (alone)
        rc = difference_measure(two, n, set, &d, e);
    js_key(w, "judge"), js_open(w, '{');
    js_key(w, "form"), js_str(w, job_judge_form(q->weak[0]));
    if (alone && !rc)
        estimate_json(w, "minus_alone", &d);
    js_close(w, '}');
    mem_free(two);
    return rc;
}
