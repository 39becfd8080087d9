/* probe.c - see probe.h. */
#include "lab/probe.h"
#include "core/mem.h"
#include "lab/regress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The gradient of F where a fit ends, relative to |theta| (at least 1): of the one that is kept,
 * and of those that only tell one c from another. */
#define FIT_EPSILON  1e-8
#define FOLD_EPSILON 1e-6
/* A line search that can get no further is at the minimum where the gradient is below this. */
#define STUCK_EPSILON 1e-5

void probe_settings_init(struct probe_settings *s)
{
    static const double c[] = {1e-4, 1e-3, 1e-2, 1e-1, 1};
    *s = (struct probe_settings){.n = sizeof c / sizeof *c, .folds = 5};
    memcpy(s->c, c, sizeof c);
}

/* logits_of - z [K] of an example whose texts begin at x. */
static void logits_of(const struct probe_problem *q, const double *theta, const double *x,
                      double *z)
{
    const double *b = theta + q->outputs * q->C;
    if (q->per > 1) {
        for (size_t k = 0; k < q->K; k++)
            z[k] = regress_dot(theta, x + k * q->C, q->C);
        return;
    }
    z[0] = 0;
    for (size_t o = 0; o < q->outputs; o++)
        z[q->outputs == 1 ? 1 : o] = regress_dot(theta + o * q->C, x, q->C) + b[o];
}

/* softmax - in place; gives log of the sum, so that log p[k] = z[k] - it. */
static double softmax(double *z, size_t K)
{
    double top = z[0], sum = 0;
    for (size_t k = 1; k < K; k++)
        top = z[k] > top ? z[k] : top;
    for (size_t k = 0; k < K; k++)
        sum += exp(z[k] - top);
    double log_sum = top + log(sum);
    for (size_t k = 0; k < K; k++)
        z[k] = exp(z[k] - log_sum);
    return log_sum;
}

/* example_loss - its cross-entropy; z [K] becomes its probabilities. */
static double example_loss(const double *y, double *z, size_t K)
{
    double loss = 0, of = 0;
    for (size_t k = 0; k < K; k++) {
        loss -= y[k] * z[k];
        of += y[k];
    }
    return loss + of * softmax(z, K);
}

double probe_objective(const struct probe_problem *q, const double *theta, double *gradient)
{
    size_t C = q->C, weights = q->outputs * C;
    double loss = 0, decay = 1 / (q->c * (double)q->m);
    memset(gradient, 0, (weights + q->outputs) * sizeof *gradient);
    for (size_t r = 0; r < q->m; r++) {
        size_t i = q->rows[r];
        const double *x = q->x + i * q->per * C, *y = q->y + i * q->K;
        logits_of(q, theta, x, q->p);
        loss += example_loss(y, q->p, q->K);
        double of = 0;
        for (size_t k = 0; k < q->K; k++)
            of += y[k];
        for (size_t k = 0; k < q->K; k++) {
            double d = of * q->p[k] - y[k];
            size_t o = q->outputs == 1 ? 0 : k;
            if (q->per > 1) {
                regress_axpy(d, x + k * C, gradient, C);
            } else if (q->outputs > 1 || k == 1) {
                regress_axpy(d, x, gradient + o * C, C);
                gradient[weights + o] += d;
            }
        }
    }
    for (size_t k = 0; k < weights + q->outputs; k++)
        gradient[k] = gradient[k] / (double)q->m + (k < weights ? decay * theta[k] : 0);
    return loss / (double)q->m + decay / 2 * regress_dot(theta, theta, weights);
}

/* What a fit works with. It searches in v = scale w, in which decay bends F about as much as the
 * examples do or less: else very little of c makes a valley that is a million times as steep one
 * way as the other. */
struct fit {
    struct probe_problem q;
    double *theta, *gradient, *v; /* [n] */
    double scale;
    size_t n;
    struct regress_took took; /* the last search */
};

/* fit_from - to theta what v is. */
static void fit_from(const struct fit *f, const double *v)
{
    size_t weights = f->q.outputs * f->q.C;
    for (size_t k = 0; k < f->n; k++)
        f->theta[k] = k < weights ? v[k] / f->scale : v[k];
}

static double fit_evaluate(void *ctx, const double *v, double *gradient)
{
    const struct fit *f = ctx;
    fit_from(f, v);
    double value = probe_objective(&f->q, f->theta, gradient);
    for (size_t k = 0; k < f->q.outputs * f->q.C; k++)
        gradient[k] /= f->scale;
    return value;
}

static int fit_init(struct fit *f, const struct probe_problem *q, struct err *e)
{
    *f = (struct fit){.q = *q, .n = q->outputs * (q->C + 1)};
    f->gradient = mem_alloc(f->n, sizeof *f->gradient, e);
    f->theta = f->gradient ? mem_alloc(f->n, sizeof *f->theta, e) : NULL;
    f->v = f->theta ? mem_alloc(f->n, sizeof *f->v, e) : NULL;
    return f->v ? OK : e->code;
}

static void fit_release(struct fit *f)
{
    mem_free(f->v);
    mem_free(f->theta);
    mem_free(f->gradient);
}

/* fit_run - from where theta is to the minimum; what it took is added to p. */
static int fit_run(struct fit *f, struct probe *p, double epsilon, struct err *e)
{
    f->scale = sqrt(1 + 1 / (f->q.c * (double)f->q.m));
    for (size_t k = 0; k < f->n; k++)
        f->v[k] = k < f->q.outputs * f->q.C ? f->theta[k] * f->scale : f->theta[k];
    int rc = regress_minimum(fit_evaluate, f, f->v, f->gradient, f->n, epsilon, STUCK_EPSILON,
                             &f->took, e);
    p->operations += (double)f->took.evaluations * 2 * probe_operations(p, f->q.m);
    fit_from(f, f->v);
    return rc == ERR_NUMERIC ? err_wrap(e, "probe with c = %g", f->q.c) : rc;
}

struct place {
    uint64_t question;
    size_t at;
};

static int place_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->question != y->question)
        return x->question < y->question ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

int probe_folds(const uint64_t *question, size_t n, size_t folds, size_t *fold, size_t *questions,
                struct err *e)
{
    struct place *place = mem_alloc(n, sizeof *place, e);
    if (!place)
        return e->code;
    for (size_t i = 0; i < n; i++)
        place[i] = (struct place){question[i], i};
    qsort(place, n, sizeof *place, place_order);
    for (size_t i = 0, first = 0; i < n; i++) { /* first of its question, at its first example */
        if (i && place[i].question != place[i - 1].question)
            first = i;
        fold[place[i].at] = place[first].at;
    }
    mem_free(place);
    *questions = 0;
    for (size_t i = 0; i < n; i++) /* the first comes before the others: its fold is there */
        fold[i] = fold[i] == i ? (*questions)++ % folds : fold[fold[i]];
    return OK;
}

/* held_out - adds to p->held_out the cross-entropies of a fold's examples, with each c, from the
 * smallest on: where one minimum is, the next one is searched. rows: room for n. */
static int held_out(struct probe *p, const struct probe_settings *s, struct fit *f,
                    const size_t *fold, size_t which, size_t n, size_t *rows, struct err *e)
{
    struct probe_problem *q = &f->q;
    q->m = 0;
    for (size_t i = 0; i < n; i++)
        if (fold[i] != which)
            rows[q->m++] = i;
    q->rows = rows;
    memset(f->theta, 0, f->n * sizeof *f->theta);
    for (size_t k = 0; k < s->n; k++) {
        q->c = s->c[k];
        int rc = fit_run(f, p, FOLD_EPSILON, e);
        if (rc)
            return rc;
        p->operations += probe_operations(p, n - q->m);
        for (size_t i = 0; i < n; i++)
            if (fold[i] == which) {
                logits_of(q, f->theta, q->x + i * q->per * q->C, q->p);
                p->held_out[k] += example_loss(q->y + i * q->K, q->p, q->K) / (double)n;
            }
    }
    return OK;
}

/* probe_choose - p->c. */
static int probe_choose(struct probe *p, const struct probe_settings *s, struct fit *f,
                        const struct probe_data *d, size_t *rows, struct err *e)
{
    size_t questions = 0, best = 0;
    p->c = s->c[0];
    if (s->n == 1) {
        p->held_out[0] = (double)NAN;
        return OK;
    }
    size_t *fold = mem_alloc(d->n, sizeof *fold, e);
    int rc = fold ? probe_folds(d->question, d->n, s->folds, fold, &questions, e) : e->code;
    if (!rc && questions < 2)
        rc = err_set(e, ERR_INPUT,
                     "a probe learns from one question: several c cannot be told apart there, "
                     "wanted one (probe.c)");
    for (size_t k = 0; !rc && k < s->folds && k < questions; k++)
        rc = held_out(p, s, f, fold, k, d->n, rows, e);
    mem_free(fold);
    for (size_t k = 1; k < s->n; k++)
        best = p->held_out[k] < p->held_out[best] ? k : best;
    p->c = s->c[best];
    return rc;
}

int probe_fit(struct probe *p, const struct probe_settings *s, const struct probe_data *d,
              struct err *e)
{
    struct fit f = {.n = 0};
    double *x = NULL, *room = NULL;
    size_t *rows = NULL;
    size_t outputs = d->per > 1 || d->K == 2 ? 1 : d->K;
    BUG_ON(!s->n || s->n > PROBE_GRID || !d->n || !d->C || d->K < 2 || !d->per);
    BUG_ON(d->per > 1 && d->K != d->per);
    *p = (struct probe){.C = d->C, .K = d->K, .per = d->per, .outputs = outputs};
    p->mean = mem_alloc(d->C, sizeof *p->mean, e);
    p->scale = p->mean ? mem_alloc(d->C, sizeof *p->scale, e) : NULL;
    p->w = p->scale ? mem_alloc(outputs, d->C * sizeof *p->w, e) : NULL;
    p->b = p->w ? mem_zalloc(outputs, sizeof *p->b, e) : NULL;
    rows = p->b ? mem_alloc(d->n, sizeof *rows, e) : NULL;
    room = rows ? mem_alloc(d->K, sizeof *room, e) : NULL;
    int rc = room ? regress_standard(d->x, d->ld, d->n * d->per, d->C, p->mean, p->scale, &x, e)
                  : e->code;
    const struct probe_problem q = {
        .per = d->per, .C = d->C, .K = d->K, .outputs = outputs, .x = x, .y = d->y, .p = room};
    if (!rc)
        rc = fit_init(&f, &q, e);
    if (!rc)
        rc = probe_choose(p, s, &f, d, rows, e);
    if (rc)
        goto out;
    for (size_t i = 0; i < d->n; i++)
        rows[i] = i;
    f.q.rows = rows;
    f.q.m = d->n;
    f.q.c = p->c;
    memset(f.theta, 0, f.n * sizeof *f.theta);
    if ((rc = fit_run(&f, p, FIT_EPSILON, e)))
        goto out;
    memcpy(p->w, f.theta, outputs * d->C * sizeof *p->w);
    if (d->per == 1)
        memcpy(p->b, f.theta + outputs * d->C, outputs * sizeof *p->b);
    p->iterations = f.took.iterations;
    p->loss = probe_objective(&f.q, f.theta, f.gradient) -
              regress_dot(p->w, p->w, outputs * d->C) / (2 * p->c * (double)d->n);
    p->operations += 2 * probe_operations(p, d->n);
out:
    fit_release(&f);
    mem_free(x);
    mem_free(rows);
    mem_free(room);
    return rc;
}

double probe_operations(const struct probe *p, size_t n)
{
    return 2 * (double)n * (double)p->per * (double)p->outputs * (double)p->C;
}

int probe_predict(const struct probe *p, const float *x, size_t ld, size_t n, double *probs,
                  double *logits, struct err *e)
{
    size_t C = p->C;
    double *theta = mem_alloc(p->outputs, (C + 1) * sizeof *theta, e),
           *own = theta ? mem_alloc(p->per, C * sizeof *own, e) : NULL;
    const struct probe_problem q = {.per = p->per, .C = C, .K = p->K, .outputs = p->outputs};
    if (own) {
        memcpy(theta, p->w, p->outputs * C * sizeof *theta);
        memcpy(theta + p->outputs * C, p->b, p->outputs * sizeof *theta);
    }
    for (size_t i = 0; own && i < n; i++) {
        for (size_t r = 0; r < p->per; r++)
            for (size_t k = 0; k < C; k++)
                own[r * C + k] = ((double)x[(i * p->per + r) * ld + k] - p->mean[k]) * p->scale[k];
        logits_of(&q, theta, own, probs + i * p->K);
        if (logits)
            memcpy(logits + i * p->K, probs + i * p->K, p->K * sizeof *logits);
        softmax(probs + i * p->K, p->K);
    }
    int rc = own ? OK : e->code;
    mem_free(theta);
    mem_free(own);
    return rc;
}

void probe_release(struct probe *p)
{
    mem_free(p->mean);
    mem_free(p->scale);
    mem_free(p->w);
    mem_free(p->b);
    *p = (struct probe){.C = 0};
}
