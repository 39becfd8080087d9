/* standardise.c - see standardise.h. */
#include "lab/standardise.h"

#include <math.h>
#include <string.h>

/* The variance of a constant, relative to its square. */
#define CONSTANT 1e-24

int standard_moments(const float *x, size_t ld, size_t n, size_t C, double *mean, double *spread,
                     struct err *e)
{
    memset(mean, 0, C * sizeof *mean);
    memset(spread, 0, C * sizeof *spread);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < C; k++)
            mean[k] += (double)x[i * ld + k] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < C; k++) {
            double off = (double)x[i * ld + k] - mean[k];
            spread[k] += off * off / (double)n;
        }
    for (size_t k = 0; k < C; k++) {
        if (!isfinite(spread[k]))
            return err_set(e, ERR_NUMERIC, "feature %zu is not finite everywhere", k);
        spread[k] = spread[k] <= CONSTANT * mean[k] * mean[k] ? 0 : sqrt(spread[k]);
    }
    return OK;
}
