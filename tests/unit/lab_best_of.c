/* lab_best_of - best of n: in closed form, within examples, its bounds against draws. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/rng.h"
#include "lab/best_of.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* brute_best - the expected rating of the best of two texts, every pair drawn. */
static double brute_best(const double *reward, const double *rating, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += reward[i] > reward[j]   ? rating[i]
                   : reward[j] > reward[i] ? rating[j]
                                           : (rating[i] + rating[j]) / 2;
    return sum / (double)(n * n);
}

/* Best of n in closed form: of one text the mean, of two every pair, of ever more the highest
 * reward; the rewards' own order is the best possible. Intervals hold the value, and are there from
 * TRIO_UNITS_LEAST units on. */
static void best_of_n(void **state)
{
    enum { PAIRS = 20, ALT = 2, T = PAIRS * ALT };
    static const size_t of[] = {1, 2, 4096};
    struct trio_settings s = {ALT, 200, 0.95, 1};
    double reward[T], rating[T], mean = 0;
    uint64_t units[PAIRS];
    struct estimate x[3], possible[3], few[3];
    struct err e = ERR_INIT;
    struct rng r;
    (void)state;
    rng_init(&r, 3, "best");
    for (size_t i = 0; i < T; i++) {
        rating[i] = rng_normal(&r);
        reward[i] = floor(4 * (rating[i] + rng_normal(&r))) / 4; /* some are equal */
        mean += rating[i] / T;
    }
    reward[7] = 100;
    for (size_t i = 0; i < PAIRS; i++)
        units[i] = i;
    struct best_pool pool = {PAIRS, ALT, units, reward, rating},
                     own = {PAIRS, ALT, units, rating, rating};
    assert_int_equal(best_of_measure(&pool, 1, &s, of, 3, x, &e), OK);
    assert_int_equal(best_of_measure(&own, 1, &s, of, 3, possible, &e), OK);
    assert_true(fabs(x[0].value - mean) < 1e-12);
    assert_true(fabs(x[1].value - brute_best(reward, rating, T)) < 1e-12);
    assert_true(fabs(x[2].value - rating[7]) < 1e-6);
    for (size_t k = 0; k < 3; k++) {
        assert_true(possible[k].value >= x[k].value - 1e-12);
        assert_true(x[k].lo <= x[k].value && x[k].value <= x[k].hi);
    }
    assert_true(x[1].lo < x[1].hi);
    struct best_pool two[] = {pool, own};
    struct estimate both[3];
    assert_int_equal(best_of_measure(two, 2, &s, of, 3, both, &e), OK);
    assert_true(fabs(both[1].value - (x[1].value + possible[1].value) / 2) < 1e-12);
    pool.n = 5;
    assert_int_equal(best_of_measure(&pool, 1, &s, of, 3, few, &e), OK);
    assert_true(!isnan(few[1].value) && isnan(few[1].lo) && isnan(few[1].hi));
}

/* Within examples: the judge's own picks against the definition, chance is 0, the worst is as far
 * below; neither a shift nor a scale of one example's rewards or of all ratings matters; of equal
 * rewards all are as likely. */
static void best_within_examples(void **state)
{
    enum { ROWS = 40, ALT = 3, T = ROWS * ALT };
    struct trio_settings s = {ALT, 200, 0.95, 1};
    double rating[T], reward[T], worst[T], none[T] = {0}, moved[T], picked = 0, spread = 0;
    uint64_t units[ROWS];
    struct estimate own, other, chance, below, again;
    struct err e = ERR_INIT;
    struct rng r;
    (void)state;
    rng_init(&r, 4, "within");
    for (size_t i = 0; i < T; i++) {
        rating[i] = rng_normal(&r);
        worst[i] = -rating[i];
    }
    for (size_t i = 0; i < ROWS; i++) {
        const double *x = rating + i * ALT;
        double mean = (x[0] + x[1] + x[2]) / 3, far = 100 * rng_normal(&r);
        units[i] = i;
        picked += fmax(x[0], fmax(x[1], x[2])) - mean;
        for (size_t k = 0; k < ALT; k++) {
            spread += (x[k] - mean) * (x[k] - mean) / ALT;
            moved[i * ALT + k] = 7 * x[k] + 1000;
            reward[i * ALT + k] = (x[k] + rng_normal(&r)) * exp(far / 100) + far;
        }
    }
    struct best_pool pool = {ROWS, ALT, units, rating, rating};
    assert_int_equal(best_within_measure(&pool, 1, &s, &own, &e), OK);
    assert_true(fabs(own.value - picked / ROWS / sqrt(spread / ROWS)) < 1e-12);
    assert_true(own.lo < own.value && own.value < own.hi && own.lo > 0);
    pool.rewards = none;
    assert_int_equal(best_within_measure(&pool, 1, &s, &chance, &e), OK);
    assert_true(fabs(chance.value) < 1e-12);
    pool.rewards = worst;
    assert_int_equal(best_within_measure(&pool, 1, &s, &below, &e), OK);
    assert_true(below.value < -0.5);
    pool.rewards = reward;
    assert_int_equal(best_within_measure(&pool, 1, &s, &other, &e), OK);
    assert_true(other.value > 0 && other.value < own.value);
    pool.ratings = moved;
    assert_int_equal(best_within_measure(&pool, 1, &s, &again, &e), OK);
    assert_true(fabs(again.value - other.value) < 1e-9);
    struct best_pool two[] = {{ROWS, ALT, units, rating, rating},
                              {ROWS, ALT, units, worst, rating}};
    assert_int_equal(best_within_measure(two, 2, &s, &again, &e), OK);
    assert_true(fabs(again.value - (own.value + below.value) / 2) < 1e-12);
    pool.ratings = none; /* a judge to whom all are equal */
    assert_int_equal(best_within_measure(&pool, 1, &s, &again, &e), OK);
    assert_true(isnan(again.value) && isnan(again.lo) && isnan(again.hi));
    pool.ratings = rating, pool.n = 5;
    assert_int_equal(best_within_measure(&pool, 1, &s, &again, &e), OK);
    assert_true(!isnan(again.value) && isnan(again.lo) && isnan(again.hi));
}

enum { DRAWN_ROWS = 12, DRAWN_ALT = 2, DRAWN_SEEDS = 3, DRAWN_SAMPLES = 60 };

/* A test set of a replicate: a row that is drawn twice stands in it twice. */
struct drawn {
    size_t n; /* texts */
    double reward[DRAWN_ROWS * DRAWN_ALT], rating[DRAWN_ROWS * DRAWN_ALT];
};

/* drawn_within - best_within_measure's value, from the definition. */
static double drawn_within(const struct drawn *d)
{
    double picked = 0, spread = 0;
    for (size_t i = 0; i < d->n; i += DRAWN_ALT) {
        double half = (d->rating[i] - d->rating[i + 1]) / 2;
        picked += d->reward[i] > d->reward[i + 1] ? half : -half;
        spread += half * half;
    }
    double rows = (double)(d->n / DRAWN_ALT);
    return picked / rows / sqrt(spread / rows);
}

/* drawn_replicate - the next one, of texts that are copied, seed by seed, and not weighted: the
 * best of two by every pair of them, and the best within examples. */
static void drawn_replicate(const struct best_pool *seeds, struct rng *r, double *of_two,
                            double *within)
{
    size_t seed[DRAWN_SEEDS], unit[DRAWN_ROWS];
    *of_two = *within = 0;
    for (size_t s = 0; s < DRAWN_SEEDS; s++)
        seed[s] = (size_t)rng_below(r, DRAWN_SEEDS);
    for (size_t i = 0; i < DRAWN_ROWS; i++)
        unit[i] = (size_t)rng_below(r, DRAWN_ROWS);
    for (size_t s = 0; s < DRAWN_SEEDS; s++) {
        const struct best_pool *from = &seeds[seed[s]];
        struct drawn d = {.n = 0};
        for (size_t i = 0; i < DRAWN_ROWS; i++)
            for (size_t k = 0; k < DRAWN_ALT; k++, d.n++) {
                d.reward[d.n] = from->rewards[unit[i] * DRAWN_ALT + k];
                d.rating[d.n] = from->ratings[unit[i] * DRAWN_ALT + k];
            }
        *of_two += brute_best(d.reward, d.rating, d.n) / DRAWN_SEEDS;
        *within += drawn_within(&d) / DRAWN_SEEDS;
    }
}

static int by_size(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* The bounds are order statistics of replicates that are counted out text by text. */
static void best_bounds_exactly(void **state)
{
    static const size_t of[] = {2};
    enum { T = DRAWN_ROWS * DRAWN_ALT };
    const struct trio_settings s = {DRAWN_ALT, DRAWN_SAMPLES, 0.9, 5};
    double reward[DRAWN_SEEDS][T], rating[DRAWN_SEEDS][T];
    double of_two[DRAWN_SAMPLES], within[DRAWN_SAMPLES];
    uint64_t units[DRAWN_ROWS];
    struct best_pool seeds[DRAWN_SEEDS];
    struct estimate two_of, inside;
    struct err e = ERR_INIT;
    struct rng r;
    (void)state;
    rng_init(&r, 8, "bounds");
    for (size_t i = 0; i < DRAWN_ROWS; i++)
        units[i] = i;
    for (size_t k = 0; k < DRAWN_SEEDS; k++) {
        for (size_t i = 0; i < T; i++) {
            rating[k][i] = rng_normal(&r) + (double)k;
            reward[k][i] = rating[k][i] + (double)k * rng_normal(&r);
        }
        seeds[k] = (struct best_pool){DRAWN_ROWS, DRAWN_ALT, units, reward[k], rating[k]};
    }
    assert_int_equal(best_of_measure(seeds, DRAWN_SEEDS, &s, of, 1, &two_of, &e), OK);
    assert_int_equal(best_within_measure(seeds, DRAWN_SEEDS, &s, &inside, &e), OK);
    rng_init(&r, s.seed, "bootstrap");
    for (size_t b = 0; b < DRAWN_SAMPLES; b++)
        drawn_replicate(seeds, &r, &of_two[b], &within[b]);
    qsort(of_two, DRAWN_SAMPLES, sizeof *of_two, by_size);
    qsort(within, DRAWN_SAMPLES, sizeof *within, by_size);
    size_t cut = 2; /* of 60, of 0.05 at each end: 2.95 */
    assert_true(fabs(two_of.lo - of_two[cut]) <= 1e-12);
    assert_true(fabs(two_of.hi - of_two[DRAWN_SAMPLES - 1 - cut]) <= 1e-12);
    assert_true(fabs(inside.lo - within[cut]) <= 1e-12);
    assert_true(fabs(inside.hi - within[DRAWN_SAMPLES - 1 - cut]) <= 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(best_of_n),
                                       cmocka_unit_test(best_within_examples),
                                       cmocka_unit_test(best_bounds_exactly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
