/* active.h - which labels to ask the truth of, by what is known without it. It knows nothing of
 * models and jobs. Inside lab only. */
#ifndef W2S_LAB_ACTIVE_H
#define W2S_LAB_ACTIVE_H

#include "core/err.h"

#include <stddef.h>

/* Each: k of n examples (1 to n), chosen [k] in the order in which they are taken; of equals the
 * first. ERR_NOMEM, ERR_INTERRUPTED. */

/* active_unsure - of labels w [n,K] those whose largest probability is smallest. */
int active_unsure(const double *w, size_t n, size_t K, size_t k, size_t *chosen, struct err *e);

/* active_disputed - of labels w, each the class that it names, and held-out probabilities p [n,K]
 * (repair_held_out), those of which p gives another class most: the largest of p but the label's.
 */
int active_disputed(const double *w, const double *p, size_t n, size_t K, size_t k, size_t *chosen,
                    struct err *e);

/* active_cover - k-centre greedy (Sener and Savarese 2018): features x [n,C] are standardised
 * (repair_standardise), the first is the example nearest to their mean, each other one the farthest
 * from the nearest of those that are taken, by Euclidean distance. cover_operations - 2 x the
 * multiply-adds of these distances. */
int active_cover(const float *x, size_t n, size_t C, size_t k, size_t *chosen, struct err *e);
double cover_operations(size_t n, size_t C, size_t k);

#endif
