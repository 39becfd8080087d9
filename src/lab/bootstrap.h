/* bootstrap.h - crossed resampling: seeds, and test units for all of them at once. Inside lab only.
 *
 * Why this one: metrics.h, trio_measure. */
#ifndef W2S_LAB_BOOTSTRAP_H
#define W2S_LAB_BOOTSTRAP_H

#include "core/rng.h"
#include "lab/metrics.h"

/* crossing - which unit each example of each seed's test set is, and how often a replicate has
 * drawn each seed and unit; once each before the first draw. */
struct crossing {
    size_t seeds, units;    /* seeds that were added; different units of all of them */
    size_t *n;              /* [seeds] */
    size_t **unit;          /* [seeds][n], 0..units-1 */
    size_t *weight;         /* [units] */
    size_t *times;          /* [seeds] */
    const uint64_t **names; /* [seeds][n], the caller's, until crossing_ready */
};

/* crossing_init, then crossing_add for each of the seeds (n > 0; names are kept until
 * crossing_ready), then crossing_ready. Undone by crossing_release, after an error too. */
int crossing_init(struct crossing *c, size_t seeds, struct err *e);
int crossing_add(struct crossing *c, const uint64_t *names, size_t n, struct err *e);
int crossing_ready(struct crossing *c, struct err *e);
void crossing_release(struct crossing *c);

/* crossing_draw - the next replicate: as many seeds, with replacement, as there are, and as many
 * units. */
void crossing_draw(struct crossing *c, struct rng *r);

/* interval - out's bounds from what n replicates gave, order statistics; NAN sorts last and does
 * not count, no number gives NAN bounds. v is sorted. */
void interval(double *v, size_t n, double level, struct estimate *out);
/* interval_cautious - the same, each NAN beyond either bound: where there are more of them than are
 * cut off at one end, there are no bounds. How many there are. */
size_t interval_cautious(double *v, size_t n, double level, struct estimate *out);

#endif
