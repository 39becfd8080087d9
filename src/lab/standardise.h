/* standardise.h - what features are measured by: their means and spreads over the rows that
 * something is learnt from. It knows nothing of models and jobs. Inside lab only. */
#ifndef W2S_LAB_STANDARDISE_H
#define W2S_LAB_STANDARDISE_H

#include "core/err.h"

/* standard_moments - of each of C features of x [n,C], rows ld apart:
 *
 *     mean = sum of x / n,   spread = square root of the sum of (x - mean)^2 / n
 *
 * each sum in f64 and in the order of the rows. The spread of a constant is 0: nothing but the
 * rounding of its mean is left of it, and who divides by the spread takes 0 in its place.
 * Errors: ERR_NUMERIC where a feature is not finite. */
int standard_moments(const float *x, size_t ld, size_t n, size_t C, double *mean, double *spread,
                     struct err *e);

#endif
