/* regress.c - see regress.h. */
#include "lab/regress.h"
#include "core/mem.h"
#include "core/stop.h"
#include "lab/standardise.h"

#include <lbfgs.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Pairs of steps and gradients that curvature is estimated from. */
#define PAIRS 10

double regress_dot(const double *a, const double *b, size_t n)
{
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        s[i % 8] += a[i] * b[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

void regress_axpy(double a, const double *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

int regress_standard(const float *x, size_t ld, size_t n, size_t C, double *mean, double *scale,
                     double **out, struct err *e)
{
    double *rows = *out = mem_alloc(n, C * sizeof *rows, e);
    if (!rows)
        return e->code;
    int rc = standard_moments(x, ld, n, C, mean, scale, e);
    for (size_t k = 0; !rc && k < C; k++)
        scale[k] = scale[k] > 0 ? 1 / scale[k] : 0;
    for (size_t i = 0; !rc && i < n; i++)
        for (size_t k = 0; k < C; k++)
            rows[i * C + k] = ((double)x[i * ld + k] - mean[k]) * scale[k];
    return rc;
}

struct search {
    regress_fn *fn;
    void *ctx;
    struct regress_took took;
};

static double search_evaluate(void *ctx, const double *v, double *gradient, const int n,
                              const double step)
{
    struct search *s = ctx;
    (void)n, (void)step;
    s->took.evaluations++;
    return s->fn(s->ctx, v, gradient);
}

static int search_watch(void *ctx, const double *v, const double *gradient, const double value,
                        const double v_norm, const double gradient_norm, const double step, int n,
                        int k, int tries)
{
    struct search *s = ctx;
    (void)v, (void)gradient, (void)value, (void)v_norm, (void)gradient_norm;
    (void)step, (void)n, (void)tries;
    s->took.iterations = (size_t)k;
    return stop_asked();
}

/* search_end - what lbfgs() gave at v. */
static int search_end(struct search *s, int rc, const double *v, double *gradient, size_t n,
                      double stuck, struct err *e)
{
    if (stop_asked())
        return stop_check(e);
    if (rc == LBFGSERR_OUTOFMEMORY)
        return err_set(e, ERR_NOMEM, "out of memory: a fit of %zu numbers", n);
    if (rc >= 0)
        return OK;
    search_evaluate(s, v, gradient, (int)n, 0);
    double slope = sqrt(regress_dot(gradient, gradient, n)),
           far = fmax(1, sqrt(regress_dot(v, v, n)));
    if (slope <= stuck * far)
        return OK;
    return err_set(e, ERR_NUMERIC, "no minimum was found: its gradient is %g (lbfgs %d)", slope,
                   rc);
}

int regress_minimum(regress_fn *fn, void *ctx, double *v, double *gradient, size_t n,
                    double epsilon, double stuck, struct regress_took *took, struct err *e)
{
    struct search s = {fn, ctx, {0, 0}};
    lbfgs_parameter_t how;
    double least;
    /* as vector instructions want it */
    double *own = n < INT32_MAX / 2 ? lbfgs_malloc((int)n) : NULL;
    if (!own)
        return err_set(e, ERR_NOMEM, "out of memory: a fit of %zu numbers", n);
    lbfgs_parameter_init(&how);
    how.m = PAIRS;
    how.epsilon = epsilon;
    memcpy(own, v, n * sizeof *v);
    int rc = lbfgs((int)n, own, &least, search_evaluate, search_watch, &s, &how);
    memcpy(v, own, n * sizeof *v);
    lbfgs_free(own);
    rc = search_end(&s, rc, v, gradient, n, stuck, e);
    *took = s.took;
    return rc;
}
