/* regress.h - what regressions on features share: sums in a fixed order, standardised rows, and the
 * minimum that they are fitted by (liblbfgs, which is called in regress.c and nowhere else). Inside
 * lab only. */
#ifndef W2S_LAB_REGRESS_H
#define W2S_LAB_REGRESS_H

#include "core/err.h"

#include <stddef.h>

/* regress_dot - sum of a[i] b[i], in eight sums, so that it need not wait for one after the other;
 * always the same eight. regress_axpy - y += a x. Rows of n. */
double regress_dot(const double *a, const double *b, size_t n);
void regress_axpy(double a, const double *x, double *y, size_t n);

/* regress_standard - of n rows x, ld apart, of C features: mean [C], scale [C], and the rows
 * standardised, *out [n,C] = (x - mean) * scale (mem_free). scale is 1 / spread (standard_moments),
 * 0 of a constant, which is 0 then. Errors: as standard_moments. */
int regress_standard(const float *x, size_t ld, size_t n, size_t C, double *mean, double *scale,
                     double **out, struct err *e);

/* What is made least: F(v), v of n numbers, and its gradient. */
typedef double regress_fn(void *ctx, const double *v, double *gradient);

/* What a search took: steps, and how often F and its gradient were worked out. */
struct regress_took {
    size_t iterations, evaluations;
};

/* regress_minimum - moves v [n] from where it is to where |gradient| <= epsilon max(1, |v|), by
 * L-BFGS. A line search that can get no further is there too where |gradient| <= stuck max(1, |v|).
 * gradient [n] is room. Same bits for the same F and start, and the same is taken. Errors:
 * ERR_NUMERIC where no minimum is found, ERR_INTERRUPTED where stop_asked(), ERR_NOMEM; v is where
 * it came to. */
int regress_minimum(regress_fn *fn, void *ctx, double *v, double *gradient, size_t n,
                    double epsilon, double stuck, struct regress_took *took, struct err *e);

#endif
