/* metrics.h - the experiment's numbers and their intervals. protocol: accuracy first, PGR second.
 */
#ifndef W2S_LAB_METRICS_H
#define W2S_LAB_METRICS_H

#include "core/err.h"
#include <stdint.h>

/* One model's predictions on a test set: probs [n,K], f64, rows sum to 1. The predicted class is
 * the most probable, ties to the lower class. */
size_t metrics_argmax(const double *p, size_t K);
double metrics_accuracy(const double *probs, const int *labels, size_t n, size_t K);
/* metrics_auroc - area under the ROC curve of class 1 against class 0 (K == 2), tied scores count
 * one half (Mann-Whitney). NAN where a class is absent or K != 2. */
double metrics_auroc(const double *probs, const int *labels, size_t n, size_t K, struct err *e);
/* metrics_prior_matched - accuracy with the threshold at which as many are called class 1 as are of
 * it: the highest scores, of tied ones at the threshold each by its share. NAN where a class is
 * absent or K != 2. */
double metrics_prior_matched(const double *probs, const int *labels, size_t n, size_t K,
                             struct err *e);
/* metrics_ece - expected calibration error: the predicted class's probability in 10 equal bins,
 * each without its lower edge and with its upper one, as Guo et al. 2017 have them: .7 is in (.6,
 * .7]. */
double metrics_ece(const double *probs, const int *labels, size_t n, size_t K);
double metrics_brier(const double *probs, const int *labels, size_t n,
                     size_t K); /* mean squared distance to the one-hot label */

struct estimate {
    double value, lo, hi; /* NAN where undefined */
};

/* metrics_wilson - a share of n independent questions with its interval at level (0.95): Wilson
 * 1927, JASA 22, 209-212. Where several examples are of one question, n counts questions: wider
 * than need be. NAN bounds where n is not 1 or more. */
struct estimate metrics_wilson(double share, double n, double level);

/* One trio on one seed's test set. */
struct trio_seed {
    size_t n;
    const int *labels;
    /* [n], what is drawn as one: an example's question. The same number in two seeds is the same
     * question. */
    const uint64_t *units;
    /* [n,K]; weak NULL: it is not known what the supervisor says of these. Where it is so in any
     * seed, what needs it is NAN, and PGR undefined. */
    const double *weak, *student, *ceiling;
};

/* What is measured of a trio, in the order of struct trio's estimates below. */
enum trio_value {
    TRIO_WEAK,
    TRIO_STUDENT,
    TRIO_CEILING,
    TRIO_GAP,
    TRIO_GAIN,
    TRIO_PGR,
    TRIO_AGREE,
    TRIO_AGREE_RIGHT,
    TRIO_AGREE_WRONG,
    TRIO_CEILING_WRONG,
    TRIO_VALUES
};

struct trio_settings {
    size_t K, samples; /* bootstrap replicates */
    double level;      /* 0.95 */
    uint64_t seed;
};

enum pgr_reason { PGR_DEFINED, PGR_NO_GAP, PGR_GAP_IN_NOISE, PGR_FEW_UNITS, PGR_NO_WEAK };

/* Fewer units than this have no interval: what a bootstrap draws of them is nearly always one of a
 * few sets, and where all of them are alike it has no width at all. */
#define TRIO_UNITS_LEAST 10

struct trio {
    struct estimate weak, student, ceiling; /* accuracies, mean over seeds */
    struct estimate gap;                    /* ceiling - weak */
    struct estimate gain;                   /* student - weak */
    struct estimate pgr;                    /* gain / gap, never clipped; NAN where reason says */
    enum pgr_reason reason;
    size_t units; /* different ones, of all seeds together */
    /* student's argmax equals the supervisor's: all, where the supervisor is right, where wrong.
     * The last is the error inheritance: the share of the supervisor's errors that the student
     * repeats. ceiling_wrong: the share that the ceiling, which never saw them, makes as well. */
    struct estimate agree, agree_right, agree_wrong, ceiling_wrong;
};

/* trio_measure - point estimates from the mean accuracies over seeds (agreement of a part: over the
 * seeds that have any), intervals by a crossed percentile bootstrap: a replicate draws seeds with
 * replacement, and once, for all of them, as many units as the test sets hold together. A unit
 * drawn w times counts w times in every drawn seed that has it, for the three models alike; a drawn
 * seed that has none of the drawn units counts for nothing, and a replicate in which no seed is
 * left is drawn again. So seeds that share their test set do not make it larger: k times the same
 * seed have the interval of one. It is conservative where they do not share it (the pigeonhole
 * bootstrap, Owen 2007, doi:10.1214/07-AOAS122): k disjoint test sets narrow the interval by
 * sqrt((2 - 1/k) / k) where the seeds' accuracies are equal, not by sqrt(1/k). What seeds differ by
 * has (k - 1) / k of its variance in it, as every bootstrap of k has: of three seeds that differ by
 * more than the units leave open intervals cover less than their level (docs/studies.md has by how
 * much, unit/lab_metrics holds it).
 *
 * PGR is defined where the gap's lower bound is above 0; a replicate whose own gap is not positive
 * counts as infinitely far on its gain's side. Bounds are order statistics, so a defined PGR has
 * finite ones, above 0 exactly where the gain's are. With fewer than TRIO_UNITS_LEAST units nothing
 * has bounds and PGR is not defined. But with student == ceiling (the same bits)
 * PGR is exactly 1 wherever the gap is above 0, be it within the noise. */
int trio_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
                 struct trio *out, struct err *e);

/* trio_drawn - the same, and (drawn not NULL) what every replicate gave: [TRIO_VALUES, samples],
 * NAN where there is nothing. Two calls of the same seed, samples, number of seeds and units draw
 * the same seeds and units in the same replicate, so that their values belong together. */
int trio_drawn(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
               struct trio *out, double *drawn, struct err *e);

/* difference_measure - mean accuracy of a minus that of b, by the same bootstrap (labels, units and
 * n of t; a, b in student, ceiling). */
int difference_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
                       struct estimate *out, struct err *e);

/* difference_p - the two-sided p-value of no difference, by the same replicates: twice the share of
 * those on the side that has fewer of them, of as many as there are and one; 1 at most. NAN where
 * there are none. v [samples] is what trio_drawn gave of TRIO_GAIN. holm_adjust - Holm 1979: p [n]
 * of tests that are looked at together become what each is to be compared with the level with, n at
 * most 64; NAN is no test. */
double difference_p(const double *v, size_t samples);
void holm_adjust(double *p, size_t n);

/* trio_verdict - what the intervals allow to say, one sentence, in buf: better or worse only where
 * the gain's interval leaves out 0, then PGR or why it has none. */
void trio_verdict(const struct trio *t, char *buf, size_t n);

#endif
