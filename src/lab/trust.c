/* trust.c - see trust.h. */
#include "lab/trust.h"
#include "core/mem.h"
#include "core/rng.h"
#include "lab/regress.h"

#include <math.h>
#include <string.h>

/* The gradient of F where a fit ends, relative to |theta| (at least 1), and where a line search
 * that can get no further is at a minimum all the same. */
#define FIT_EPSILON   1e-6
#define STUCK_EPSILON 1e-4

size_t trust_size(size_t C, size_t hidden)
{
    return hidden * (C + 2) + 1;
}

/* Where in theta, or in its gradient, which are. */
struct layers {
    size_t b, w, b0;
};

static struct layers layers_of(size_t C, size_t hidden)
{
    return (struct layers){hidden * C, hidden * (C + 1), hidden * (C + 2)};
}

/* logit_of - z of a standardised row; a [hidden]: what its units give. */
static double logit_of(const double *theta, const double *x, size_t C, size_t hidden, double *a)
{
    const struct layers at = layers_of(C, hidden);
    for (size_t h = 0; h < hidden; h++)
        a[h] = tanh(regress_dot(theta + h * C, x, C) + theta[at.b + h]);
    return regress_dot(theta + at.w, a, hidden) + theta[at.b0];
}

/* example_loss - log(1 + exp(z)) - right z, without overflow. */
static double example_loss(double z, bool right)
{
    return fmax(z, 0) + log1p(exp(-fabs(z))) - (right ? z : 0);
}

static double logistic(double z)
{
    double small = exp(-fabs(z));
    return z > 0 ? 1 / (1 + small) : small / (1 + small);
}

/* mean_loss - over all examples; gradient (NULL: none) is added its own, not yet divided by m. */
static double mean_loss(const struct trust_problem *q, const double *theta, double *gradient)
{
    const struct layers at = layers_of(q->C, q->hidden);
    double loss = 0;
    for (size_t i = 0; i < q->m; i++) {
        const double *x = q->x + i * q->C;
        double z = logit_of(theta, x, q->C, q->hidden, q->a);
        double d = logistic(z) - q->right[i];
        loss += example_loss(z, q->right[i]);
        for (size_t h = 0; gradient && h < q->hidden; h++) {
            double down = d * theta[at.w + h] * (1 - q->a[h] * q->a[h]);
            regress_axpy(down, x, gradient + h * q->C, q->C);
            gradient[at.b + h] += down;
            gradient[at.w + h] += d * q->a[h];
        }
        if (gradient)
            gradient[at.b0] += d;
    }
    return loss / (double)q->m;
}

double trust_objective(const struct trust_problem *q, const double *theta, double *gradient)
{
    const struct layers at = layers_of(q->C, q->hidden);
    size_t n = trust_size(q->C, q->hidden);
    double decay = 1 / (q->c * (double)q->m);
    memset(gradient, 0, n * sizeof *gradient);
    double loss = mean_loss(q, theta, gradient);
    for (size_t k = 0; k < n; k++) {
        bool weight = k < at.b || (k >= at.w && k < at.b0);
        gradient[k] = gradient[k] / (double)q->m + (weight ? decay * theta[k] : 0);
    }
    return loss + decay / 2 *
                      (regress_dot(theta, theta, at.b) +
                       regress_dot(theta + at.w, theta + at.w, q->hidden));
}

static double evaluate(void *ctx, const double *v, double *gradient)
{
    return trust_objective(ctx, v, gradient);
}

/* start - theta as it is drawn. */
static void start(double *theta, size_t C, size_t hidden, uint64_t seed)
{
    const struct layers at = layers_of(C, hidden);
    double below = sqrt(6 / (double)(C + hidden)), above = sqrt(6 / (double)(hidden + 1));
    struct rng r;
    rng_init(&r, seed, "trust function");
    for (size_t k = 0; k < trust_size(C, hidden); k++)
        theta[k] = (2 * rng_unit(&r) - 1) * (k < at.w ? below : above);
}

/* both_kinds - what a wrong label looks like can be learnt where there is a right one beside it. */
static int both_kinds(const struct trust_data *d, struct err *e)
{
    size_t right = 0;
    for (size_t i = 0; i < d->n; i++)
        right += d->right[i];
    if (right && right < d->n)
        return OK;
    return err_set(
        e, ERR_INPUT,
        "trust: of %zu labels whose truth is told %s: what tells right from wrong cannot "
        "be learnt from them, wanted more of them (trust.share)",
        d->n, right ? "all are right" : "none is right");
}

int trust_fit(struct trust *t, const struct trust_settings *s, const struct trust_data *d,
              struct err *e)
{
    double *x = NULL, *gradient = NULL, *a = NULL;
    size_t C = d->C, n = trust_size(C, s->hidden);
    BUG_ON(!d->n || !C || !s->hidden);
    *t = (struct trust){.C = C, .hidden = s->hidden};
    int rc = both_kinds(d, e);
    if (rc)
        return rc;
    t->mean = mem_alloc(C, sizeof *t->mean, e);
    t->scale = t->mean ? mem_alloc(C, sizeof *t->scale, e) : NULL;
    t->theta = t->scale ? mem_alloc(n, sizeof *t->theta, e) : NULL;
    gradient = t->theta ? mem_alloc(n, sizeof *gradient, e) : NULL;
    a = gradient ? mem_alloc(s->hidden, sizeof *a, e) : NULL;
    struct regress_took took = {0, 0};
    rc = a ? regress_standard(d->x, C, d->n, C, t->mean, t->scale, &x, e) : e->code;
    if (!rc) {
        struct trust_problem q = {d->n, C, s->hidden, x, d->right, s->c, a};
        start(t->theta, C, s->hidden, s->seed);
        rc = regress_minimum(evaluate, &q, t->theta, gradient, n, FIT_EPSILON, STUCK_EPSILON, &took,
                             e);
        t->loss = mean_loss(&q, t->theta, NULL);
        t->iterations = took.iterations;
        t->operations = (double)(2 * took.evaluations + 1) * trust_operations(t, d->n);
    }
    mem_free(x);
    mem_free(gradient);
    mem_free(a);
    return rc == ERR_NUMERIC ? err_wrap(e, "trust function with c = %g", s->c) : rc;
}

double trust_operations(const struct trust *t, size_t n)
{
    return 2 * (double)n * (double)t->hidden * (double)(t->C + 1);
}

int trust_predict(const struct trust *t, const float *x, size_t n, double *p, struct err *e)
{
    size_t C = t->C;
    double *own = mem_alloc(C, sizeof *own, e),
           *a = own ? mem_alloc(t->hidden, sizeof *a, e) : NULL;
    for (size_t i = 0; a && i < n; i++) {
        for (size_t k = 0; k < C; k++)
            own[k] = ((double)x[i * C + k] - t->mean[k]) * t->scale[k];
        p[i] = logistic(logit_of(t->theta, own, C, t->hidden, a));
    }
    int rc = a ? OK : e->code;
    mem_free(own);
    mem_free(a);
    return rc;
}

void trust_release(struct trust *t)
{
    mem_free(t->mean);
    mem_free(t->scale);
    mem_free(t->theta);
    *t = (struct trust){.C = 0};
}
