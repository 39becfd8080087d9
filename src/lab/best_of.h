/* best_of.h - what a reward picks: the best of n texts by it, as people, or another reward, rate
 * them.
 *
 * Gao et al. 2023, arXiv 2210.10760, measure optimisation against a reward so. */
#ifndef W2S_LAB_BEST_OF_H
#define W2S_LAB_BEST_OF_H

#include "lab/metrics.h"

/* One seed's test texts under one model: rewards and ratings [n,K], units [n] as in struct
 * trio_seed. */
struct best_pool {
    size_t n, K;
    const uint64_t *units;
    const double *rewards, *ratings;
};

/* best_of_measure - out[k]: the expected rating of the text that the reward puts first among of[k]
 * texts drawn, with replacement, from a seed's test texts; mean over seeds. In closed form: a text
 * is the first of n with the probability (F + f)^n - F^n, F the share of texts with a lower reward,
 * f of those with its own, among which all are as likely. of[k] = 1 is the mean rating. Intervals
 * by the bootstrap of trio_measure; none (NAN) below TRIO_UNITS_LEAST units. */
int best_of_measure(const struct best_pool *seeds, size_t n_seeds, const struct trio_settings *s,
                    const size_t *of, size_t n_of, struct estimate *out, struct err *e);

/* best_within_measure - rewards compare within an example alone: how much better, by ratings, is
 * the one of its K texts that the reward puts first than their mean, in standard deviations of the
 * ratings within examples (the root of the mean of their variances). 0 is a pick by chance; of
 * equal rewards all are as likely; undefined (NAN) where all ratings of every example are equal.
 * Mean over seeds, intervals as above. */
int best_within_measure(const struct best_pool *seeds, size_t n_seeds,
                        const struct trio_settings *s, struct estimate *out, struct err *e);

#endif
