/* lab_metrics - statistics against closed forms and hand-counted cases. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "core/rng.h"
#include "lab/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define close_to(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* probs of class 1 -> [n,2] */
static void two(const double *p, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = 1 - p[i];
        out[2 * i + 1] = p[i];
    }
}

static void test_accuracy(void **state)
{
    (void)state;
    const double p[] = {.9, .2, .5, .6};
    const int labels[] = {1, 0, 0, 0};
    double probs[8];
    two(p, 4, probs);
    close_to(metrics_accuracy(probs, labels, 4, 2), .75, 0); /* the tie at .5 goes to class 0 */
    assert_true(isnan(metrics_accuracy(probs, labels, 0, 2)));
}

static void test_auroc(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const double p[] = {.1, .4, .35, .8};
    const int labels[] = {0, 0, 1, 1};
    double probs[8];
    two(p, 4, probs);
    close_to(metrics_auroc(probs, labels, 4, 2, &e), .75, 1e-15);
    /* tied scores: pairs (1,0) over {.5,.5}: one half each */
    const double tied[] = {.5, .5, .5, .7};
    two(tied, 4, probs);
    close_to(metrics_auroc(probs, labels, 4, 2, &e), .75, 1e-15); /* (1/2+1/2 + 1+1)/4 */
    const int one[] = {1, 1, 1, 1};
    assert_true(isnan(metrics_auroc(probs, one, 4, 2, &e)));
    assert_int_equal(e.code, OK);
}

static void test_calibration(void **state)
{
    (void)state;
    const double p[] = {.95, .95, .15, .65};
    const int labels[] = {1, 0, 0, 1};
    double probs[8];
    two(p, 4, probs);
    /* bins of the predicted class's probability: (.9,1]: 2 with mean .95, half right; (.8,.9]: one
     * of .85, right; (.6,.7]: one of .65, right */
    close_to(metrics_ece(probs, labels, 4, 2), (fabs(1.9 - 1) + fabs(.85 - 1) + fabs(.65 - 1)) / 4,
             1e-12);
    double brier = 2 * (.05 * .05 + .95 * .95 + .15 * .15 + .35 * .35) / 4;
    close_to(metrics_brier(probs, labels, 4, 2), brier, 1e-12);
}

/* A probability on the edge of two bins is the lower one's: they are (a,b]. */
static void test_bin_edges(void **state)
{
    (void)state;
    const double p[] = {.55, .6, .65, 1}, half[] = {.5, .55};
    const int labels[] = {1, 0, 1, 1}, zero[] = {0, 1};
    double probs[8];
    two(p, 4, probs);
    /* (.5,.6]: 1.15, one right; (.6,.7]: .65, right; (.9,1]: 1, right */
    close_to(metrics_ece(probs, labels, 4, 2), (.15 + .35) / 4, 1e-12);
    two(half, 2, probs); /* (.4,.5]: .5, right; (.5,.6]: .55, right */
    close_to(metrics_ece(probs, zero, 2, 2), (.5 + .45) / 2, 1e-12);
}

static void test_prior_matched(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    double probs[12];
    /* All below one half, so plain accuracy calls everything class 0; two are of class 1, so the
     * two highest are called class 1. */
    const double low[] = {.1, .4, .3, .2};
    const int labels[] = {0, 1, 1, 0}, crossed[] = {0, 1, 0, 1}, one[] = {1, 1, 1, 1};
    two(low, 4, probs);
    close_to(metrics_accuracy(probs, labels, 4, 2), .5, 0);
    close_to(metrics_prior_matched(probs, labels, 4, 2, &e), 1, 0);
    close_to(metrics_prior_matched(probs, crossed, 4, 2, &e), .5, 0);
    /* Three of six are of class 1; .9 is called so, and of the four tied ones two: each is so by
     * one half, whatever its label, so right are 1 + 4/2 + 1 of 6. */
    const double tied[] = {.9, .5, .5, .5, .5, .2};
    const int six[] = {1, 1, 0, 1, 0, 0};
    two(tied, 6, probs);
    close_to(metrics_prior_matched(probs, six, 6, 2, &e), 4. / 6, 1e-15);
    /* One slot of the tied three left, one of them positive: 1 + (1/3 + 2 * 2/3) + 1 of 5 */
    const double thirds[] = {.9, .5, .5, .5, .2};
    const int five[] = {1, 0, 1, 0, 0};
    two(thirds, 5, probs);
    close_to(metrics_prior_matched(probs, five, 5, 2, &e), (2 + 5. / 3) / 5, 1e-15);
    assert_true(isnan(metrics_prior_matched(probs, one, 4, 2, &e)));
    assert_true(isnan(metrics_prior_matched(probs, six, 4, 3, &e)));
    assert_int_equal(e.code, OK);
}

enum { N = 2000 };
struct fixture {
    int labels[N];
    uint64_t units[N];
    double weak[2 * N], student[2 * N], ceiling[2 * N];
};

/* right in the first `right` examples, wrong after */
static void model(double *probs, const int *labels, size_t from, size_t right)
{
    for (size_t i = 0; i < N; i++) {
        size_t place = (i + N - from) % N;
        int k = place < right ? labels[i] : 1 - labels[i];
        probs[2 * i + (size_t)k] = .8;
        probs[2 * i + 1 - (size_t)k] = .2;
    }
}

static struct trio_seed fixture_make(struct fixture *f)
{
    for (size_t i = 0; i < N; i++) {
        f->labels[i] = (int)(i % 2);
        f->units[i] = i;
    }
    model(f->weak, f->labels, 0, 1200);
    model(f->student, f->labels, 0, 1500);
    model(f->ceiling, f->labels, 0, 1800);
    return (struct trio_seed){N, f->labels, f->units, f->weak, f->student, f->ceiling};
}

static const struct trio_settings set = {2, 2000, .95, 7};

static void test_trio(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t, again;
    struct trio_seed s = fixture_make(&f);
    memset(&t, 0, sizeof t), memset(&again, 0, sizeof again); /* their padding too is compared */
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.weak.value, .6, 1e-15);
    close_to(t.pgr.value, .5, 1e-12);
    assert_int_equal(t.reason, PGR_DEFINED);
    /* normal approximation of an accuracy's interval */
    double half = 1.96 * sqrt(.6 * .4 / N);
    close_to(t.weak.lo, .6 - half, .15 * half);
    close_to(t.weak.hi, .6 + half, .15 * half);
    /* gain: students' extra 300 right answers are paired: sd of the difference is sqrt(p(1-p)/n), p
     * = .15 */
    half = 1.96 * sqrt(.15 * .85 / N);
    close_to(t.gain.lo, .15 - half, .15 * half);
    close_to(t.agree.value, (1200. + 500) / N, 1e-15);
    close_to(t.agree_right.value, 1, 0);
    close_to(t.agree_wrong.value, 500. / 800, 1e-15);
    /* Errors are the other class of two: of the supervisor's 800 the student repeats those it gets
     * wrong itself, the ceiling its own 200. An interval of a share of 800 drawn ones. */
    close_to(t.ceiling_wrong.value, 200. / 800, 1e-15);
    half = 1.96 * sqrt(.625 * .375 / 800);
    close_to(t.agree_wrong.lo, .625 - half, .15 * half);
    close_to(t.agree_wrong.hi, .625 + half, .15 * half);
    assert_int_equal(trio_measure(&s, 1, &set, &again, &e), OK);
    assert_memory_equal(&t, &again, sizeof t);
}

static void test_ground_truth_is_one(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s = fixture_make(&f);
    s.student = s.ceiling;
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_true(t.pgr.value == 1.0 && t.pgr.lo == 1.0 && t.pgr.hi == 1.0);

    /* a gap of one example in twelve, which is within the noise */
    static const int labels[12] = {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1};
    static const uint64_t units[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    double weak[24], ceiling[24];
    for (size_t i = 0; i < 12; i++) {
        double right = labels[i] ? 0.9 : 0.1;
        ceiling[2 * i + 1] = i < 11 ? right : 1 - right;
        weak[2 * i + 1] = i < 10 ? right : 1 - right;
        ceiling[2 * i] = 1 - ceiling[2 * i + 1];
        weak[2 * i] = 1 - weak[2 * i + 1];
    }
    s = (struct trio_seed){.n = 12,
                           .units = units,
                           .labels = labels,
                           .weak = weak,
                           .student = weak,
                           .ceiling = ceiling};
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_GAP_IN_NOISE);
    s.student = ceiling;
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_DEFINED);
    assert_true(t.pgr.value == 1.0 && t.pgr.lo == 1.0 && t.pgr.hi == 1.0);
}

static void test_undefined(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    char verdict[512];
    struct trio_seed s = fixture_make(&f);
    model(f.ceiling, f.labels, 0, 1100);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_NO_GAP);
    assert_true(isnan(t.pgr.value) && isnan(t.pgr.lo));
    trio_verdict(&t, verdict, sizeof verdict);
    assert_non_null(strstr(verdict, "the ceiling is not above the supervisor"));
    model(f.ceiling, f.labels, 700, 1205); /* above by 5 of 2,000, over other examples: noise */
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_int_equal(t.reason, PGR_GAP_IN_NOISE);
    trio_verdict(&t, verdict, sizeof verdict);
    assert_non_null(strstr(verdict, "within the noise"));
}

static void test_never_clipped(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s = fixture_make(&f);
    model(f.student, f.labels, 0, 1900);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.pgr.value, 7. / 6, 1e-12);
    model(f.student, f.labels, 0, 1000);
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    close_to(t.pgr.value, -1. / 3, 1e-12);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The bounds are these order statistics of these replicates: drawn here again, counted plainly. Of
 * 200 the fifth from each end, where the share that is cut off is just short of five. Some have no
 * gap: with a loss those count as infinitely low. */
static void test_bounds_exactly(void **state)
{
    (void)state;
    enum { SMALL = 150, SAMPLES = 200, CUT = 4 };
    static const struct trio_settings few = {2, SAMPLES, .95, 11};
    static double v[4][SAMPLES];
    int labels[SMALL] = {0};
    uint64_t units[SMALL];
    double probs[3][2 * SMALL];
    struct err e = ERR_INIT;
    struct trio t;
    size_t lost = 0;
    struct rng r;
    for (size_t i = 0; i < SMALL; i++) {
        bool right[3] = {i < 90, i >= 40 && i < 90, i >= 5 && i < 106};
        units[i] = i;
        for (size_t k = 0; k < 3; k++)
            probs[k][2 * i] = right[k] ? .8 : .2, probs[k][2 * i + 1] = right[k] ? .2 : .8;
    }
    rng_init(&r, few.seed, "bootstrap");
    for (size_t b = 0; b < SAMPLES; b++) {
        double right[3] = {0};
        rng_below(&r, 1); /* the seed */
        for (size_t i = 0; i < SMALL; i++) {
            size_t x = rng_below(&r, SMALL);
            for (size_t k = 0; k < 3; k++)
                right[k] += probs[k][2 * x] > .5;
        }
        double gap = (right[2] - right[0]) / SMALL, gain = (right[1] - right[0]) / SMALL;
        assert_true(gain < 0);
        lost += gap <= 0;
        v[0][b] = right[1] / SMALL, v[1][b] = gap, v[2][b] = gain;
        v[3][b] = gap > 0 ? gain / gap : -(double)INFINITY;
    }
    assert_true(lost > 0 && lost <= CUT);
    struct trio_seed s = {SMALL, labels, units, probs[0], probs[1], probs[2]};
    assert_int_equal(trio_measure(&s, 1, &few, &t, &e), OK);
    assert_int_equal(t.reason, PGR_DEFINED);
    const struct estimate got[] = {t.student, t.gap, t.gain, t.pgr};
    size_t sharp = 0;
    for (size_t k = 0; k < 4; k++) {
        qsort(v[k], SAMPLES, sizeof **v, ascending);
        close_to(got[k].lo, v[k][CUT], 1e-9);
        close_to(got[k].hi, v[k][SAMPLES - 1 - CUT], 1e-9);
        sharp += v[k][SAMPLES - 1 - CUT] - v[k][SAMPLES - 2 - CUT] > 1e-9;
        sharp += v[k][CUT + 1] - v[k][CUT] > 1e-9;
    }
    assert_true(sharp >= 3); /* where neighbours are alike, the next one would do as well */
}

static double width(struct estimate x)
{
    return x.hi - x.lo;
}

/* The same seed k times holds no more than once: the same interval, for every measure. */
static void test_identical_seeds(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio one, three;
    struct estimate d1, d3;
    struct trio_seed s[3];
    s[0] = s[1] = s[2] = fixture_make(&f);
    assert_int_equal(trio_measure(s, 1, &set, &one, &e), OK);
    assert_int_equal(trio_measure(s, 3, &set, &three, &e), OK);
    close_to(three.student.value, one.student.value, 1e-15);
    close_to(width(three.student) / width(one.student), 1, .08);
    close_to(width(three.gain) / width(one.gain), 1, .08);
    close_to(width(three.pgr) / width(one.pgr), 1, .08);
    close_to(width(three.agree_wrong) / width(one.agree_wrong), 1, .08);
    assert_int_equal(difference_measure(s, 1, &set, &d1, &e), OK);
    assert_int_equal(difference_measure(s, 3, &set, &d3, &e), OK);
    close_to(width(d3) / width(d1), 1, .08);
}

/* Test sets that share nothing hold k times as much. Seeds of equal accuracy, so nothing is between
 * them; the interval is that of the contract: (2 - 1/k) / k of one's variance. */
static void test_disjoint_seeds(void **state)
{
    (void)state;
    static struct fixture f[4];
    struct err e = ERR_INIT;
    struct trio one, all;
    struct trio_seed s[4];
    for (size_t k = 0; k < 4; k++) {
        s[k] = fixture_make(&f[k]);
        for (size_t i = 0; i < N; i++)
            f[k].units[i] += k * N;
    }
    assert_int_equal(trio_measure(s, 1, &set, &one, &e), OK);
    for (size_t k = 2; k <= 4; k++) {
        double want = sqrt((2 - 1 / (double)k) / (double)k);
        assert_int_equal(trio_measure(s, k, &set, &all, &e), OK);
        close_to(width(all.student) / width(one.student), want, .08 * want);
        close_to(width(all.gain) / width(one.gain), want, .08 * want);
        close_to(width(all.agree_wrong) / width(one.agree_wrong), want, .08 * want);
    }
}

/* Examples of one question are drawn together: ten copies of 200 questions are 200 examples. */
static void test_questions(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s = fixture_make(&f);
    for (size_t i = 0; i < N; i++)
        f.units[i] = i / 10;
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    double half = 1.96 * sqrt(.75 * .25 / 200);
    close_to(width(t.student) / 2, half, .1 * half);
}

/* Between-seed variance widens the interval: two seeds far apart, on one test set. */
static void test_seeds(void **state)
{
    (void)state;
    static struct fixture a, b;
    struct err e = ERR_INIT;
    struct trio one, both;
    struct trio_seed s[2] = {fixture_make(&a), fixture_make(&b)};
    model(b.student, b.labels, 0, 1250);
    assert_int_equal(trio_measure(s, 1, &set, &one, &e), OK);
    assert_int_equal(trio_measure(s, 2, &set, &both, &e), OK);
    close_to(both.student.value, (.75 + .625) / 2, 1e-12);
    assert_true(width(both.student) > 1.5 * width(one.student));
}

/* Seeds of a few examples, of which a replicate may draw none: they are left out of it. */
static void test_tiny_seeds(void **state)
{
    (void)state;
    static struct fixture f[12];
    struct err e = ERR_INIT;
    struct trio t;
    struct trio_seed s[12];
    for (size_t k = 0; k < 12; k++) {
        s[k] = fixture_make(&f[k]);
        s[k].n = 1;
        f[k].units[0] = k;
    }
    assert_int_equal(trio_measure(s, 12, &set, &t, &e), OK);
    assert_true(t.weak.value == 1 && t.weak.lo == 1 && t.weak.hi == 1);
    assert_true(isnan(t.agree_wrong.value) && isnan(t.agree_wrong.lo));
    assert_int_equal(t.reason, PGR_NO_GAP);
}

/* Of few questions there is no interval, with the reason in words; ground truth as weak label is
 * PGR 1 all the same. */
static void test_few_questions(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct trio t;
    char verdict[512];
    static double weak[2 * TRIO_UNITS_LEAST], ceiling[2 * TRIO_UNITS_LEAST];
    struct trio_seed s = fixture_make(&f);
    for (size_t i = 0; i < TRIO_UNITS_LEAST; i++) {
        ceiling[2 * i] = f.labels[i] ? 0.1 : 0.9, ceiling[2 * i + 1] = 1 - ceiling[2 * i];
        weak[2 * i] = 1 - ceiling[2 * i], weak[2 * i + 1] = ceiling[2 * i];
        f.units[i] = i;
    }
    static double student[2 * TRIO_UNITS_LEAST];
    memcpy(student, ceiling, sizeof student);
    student[0] *= 0.99; /* as right as the ceiling, not the same */
    s.weak = weak, s.ceiling = ceiling, s.student = student;
    for (s.n = 1; s.n < TRIO_UNITS_LEAST; s.n++) {
        s.student = student;
        assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
        assert_int_equal(t.reason, PGR_FEW_UNITS);
        assert_true(t.gain.value == 1 && isnan(t.gain.lo) && isnan(t.gain.hi));
        assert_true(isnan(t.weak.lo) && isnan(t.pgr.value) && isnan(t.pgr.lo));
        trio_verdict(&t, verdict, sizeof verdict);
        if (s.n == 1)
            assert_string_equal(
                verdict, "cannot tell whether the student is better than its supervisor; PGR is "
                         "undefined: 1 test question is too few for an interval (10 at least)");
        s.student = ceiling;
        assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
        assert_true(t.reason == PGR_DEFINED && t.pgr.value == 1 && t.pgr.lo == 1);
    }
    s.student = student;
    assert_int_equal(trio_measure(&s, 1, &set, &t, &e), OK);
    assert_true(t.reason == PGR_DEFINED && t.gain.lo == 1);
}

/* A simulated study: n questions of a hardness each, the same for all models; a model of accuracy p
 * is right on those easier than p, but for one question in ten, where it tosses a coin of that p.
 * p of the student is another one in each seed, about .7. */
enum { SIM_N = 200, SIM_SEEDS = 3, SIM_TRIALS = 300 };
struct simulated {
    int labels[SIM_N];
    uint64_t units[SIM_N];
    double probs[3][2 * SIM_N];
};

static void simulate(struct simulated *x, const double *hardness, uint64_t first, double student,
                     struct rng *r)
{
    const double p[3] = {.6, student, .8};
    for (size_t i = 0; i < SIM_N; i++) {
        x->labels[i] = 0;
        x->units[i] = first + i;
        for (size_t k = 0; k < 3; k++) {
            double at = rng_unit(r) < .1 ? rng_unit(r) : hardness[i];
            x->probs[k][2 * i] = at < p[k];
            x->probs[k][2 * i + 1] = !(at < p[k]);
        }
    }
}

/* What is simulated: seeds, whether they share the test set, and the standard deviation of p of the
 * student over them. */
struct simulation {
    size_t seeds;
    bool shared;
    double spread;
};

/* simulated_coverage - share of studies whose intervals hold the true accuracy and gain of the
 * student. */
static void simulated_coverage(struct simulation m, double *accuracy, double *gain)
{
    static struct simulated x[SIM_SEEDS];
    static const struct trio_settings few = {2, 300, .95, 7};
    struct err e = ERR_INIT;
    struct rng r;
    struct trio t;
    size_t held = 0, held_gain = 0;
    rng_init(&r, 5, "simulated");
    for (size_t trial = 0; trial < SIM_TRIALS; trial++) {
        struct trio_seed s[SIM_SEEDS];
        double hardness[SIM_N];
        for (size_t k = 0; k < m.seeds; k++) {
            for (size_t i = 0; i < SIM_N && (!k || !m.shared); i++)
                hardness[i] = rng_unit(&r);
            double student = m.spread > 0 ? .7 + m.spread * rng_normal(&r) : .7;
            simulate(&x[k], hardness, m.shared ? 0 : k * SIM_N, student, &r);
            s[k] = (struct trio_seed){SIM_N,         x[k].labels,   x[k].units,
                                      x[k].probs[0], x[k].probs[1], x[k].probs[2]};
        }
        assert_int_equal(trio_measure(s, m.seeds, &few, &t, &e), OK);
        held += t.student.lo <= .7 && t.student.hi >= .7;
        held_gain += t.gain.lo <= .1 && t.gain.hi >= .1;
    }
    *accuracy = (double)held / SIM_TRIALS;
    *gain = (double)held_gain / SIM_TRIALS;
    print_message("%zu seeds%s, spread %.3f: %.3f of the accuracies, %.3f of the gains\n", m.seeds,
                  m.shared ? " of one test set" : "", m.spread, *accuracy, *gain);
}

static void test_coverage(void **state)
{
    (void)state;
    double accuracy, gain;
    /* 300 studies: a coverage of .95 is met to .013. The bootstrap is conservative, never much
     * below; seeds taken for independent test sets would hold .90 of the accuracies. */
    simulated_coverage((struct simulation){3, true, 0}, &accuracy, &gain);
    assert_true(accuracy > .92 && accuracy < .99);
    assert_true(gain > .92);
    simulated_coverage((struct simulation){3, false, 0}, &accuracy, &gain);
    assert_true(accuracy > .94 && gain > .94);
}

/* Seeds that differ by as much as the examples of one test set make an accuracy (.032) or a gain
 * (.028) uncertain, or by twice that. In 4000 studies of one seed, whose bootstrap knows nothing of
 * other trainings, intervals of .95 hold .85 of the accuracies and .83 of the gains, and at twice
 * the spread .63 of the accuracies. In 1500 of three they hold .94 and .96, and .90 and .88; in
 * 1500 of five .95 and .96, and .94 and .93: the mean of k seeds that are drawn of k varies by (k -
 * 1) / k of what that of k new ones does. Here it is 300 studies: what is wanted is within three
 * standard errors of these. */
static void test_seeds_coverage(void **state)
{
    (void)state;
    const double accuracies = sqrt(.7 * .3 / SIM_N);
    double accuracy, gain;
    simulated_coverage((struct simulation){1, true, accuracies}, &accuracy, &gain);
    assert_true(accuracy > .79 && accuracy < .91 && gain < .88);
    simulated_coverage((struct simulation){3, true, accuracies}, &accuracy, &gain);
    assert_true(accuracy > .90 && accuracy < .98 && gain > .91);
    simulated_coverage((struct simulation){3, true, 2 * accuracies}, &accuracy, &gain);
    assert_true(accuracy > .85 && accuracy < .95 && gain > .82 && gain < .94);
}

/* Small test sets, where replicates without a gap are many: what is defined has finite bounds, and
 * its sign is the gain's. */
static void test_bounds_are_finite(void **state)
{
    (void)state;
    static const struct trio_settings few = {2, 200, .95, 3};
    enum { SMALL = 40, TRIOS = 3000 };
    struct err e = ERR_INIT;
    struct rng r;
    struct trio t;
    size_t defined = 0, noise = 0;
    int labels[SMALL] = {0};
    uint64_t units[SMALL];
    double probs[3][2 * SMALL];
    rng_init(&r, 1, "trios");
    for (size_t i = 0; i < SMALL; i++)
        units[i] = i;
    for (size_t trio = 0; trio < TRIOS; trio++) {
        for (size_t k = 0; k < 3; k++) {
            double p = .4 + .1 * (double)k + .2 * rng_unit(&r);
            for (size_t i = 0; i < SMALL; i++) {
                probs[k][2 * i] = rng_unit(&r) < p;
                probs[k][2 * i + 1] = 1 - probs[k][2 * i];
            }
        }
        struct trio_seed s = {SMALL, labels, units, probs[0], probs[1], probs[2]};
        assert_int_equal(trio_measure(&s, 1, &few, &t, &e), OK);
        if (t.reason == PGR_DEFINED) {
            defined++;
            assert_true(t.gap.lo > 0);
            assert_true(isfinite(t.pgr.lo) && isfinite(t.pgr.value) && isfinite(t.pgr.hi));
            assert_true((t.pgr.lo > 0) == (t.gain.lo > 0) && (t.pgr.hi < 0) == (t.gain.hi < 0));
        } else {
            noise += t.reason == PGR_GAP_IN_NOISE;
            assert_true(isnan(t.pgr.value) && isnan(t.pgr.lo) && isnan(t.pgr.hi));
        }
    }
    assert_true(defined > TRIOS / 4 && noise > TRIOS / 10);
}

/* says - the whole sentence, of one made from its numbers. */
static void says(enum pgr_reason reason, struct estimate gap, struct estimate gain,
                 struct estimate pgr, const char *want)
{
    char got[512];
    struct trio t = {.gap = gap, .gain = gain, .pgr = pgr, .reason = reason};
    trio_verdict(&t, got, sizeof got);
    assert_string_equal(got, want);
}

static void test_verdicts(void **state)
{
    (void)state;
    const struct estimate none = {(double)NAN, (double)NAN, (double)NAN}, gap = {.2, .1, .3};
    const struct estimate plus = {.1, .05, .15}, minus = {-.1, -.15, -.05},
                          either = {.02, -.01, .05};
    const struct estimate no_gap = {-.01, -.03, .01}, noise = {.01, -.01, .03};
    says(PGR_DEFINED, gap, plus, (struct estimate){.5, .3, .7},
         "the student is better than its supervisor; PGR between 0.30 and 0.70");
    says(
        PGR_DEFINED, gap, plus, (struct estimate){.5, .1, .9},
        "the student is better than its supervisor; PGR between 0.10 and 0.90, too wide to say how "
        "much of the gap is recovered");
    says(PGR_DEFINED, gap, minus, (struct estimate){-.5, -.7, -.3},
         "the student is worse than its supervisor; PGR between -0.70 and -0.30");
    says(PGR_DEFINED, gap, minus, (struct estimate){-.5, -1.5, -.3},
         "the student is worse than its supervisor; PGR between -1.50 and -0.30, too wide to say "
         "how "
         "much is lost");
    says(PGR_DEFINED, gap, either, (struct estimate){.1, -.05, .25},
         "cannot tell whether the student is better than its supervisor; PGR between -0.05 and "
         "0.25; "
         "more test examples or seeds would narrow it");
    says(PGR_DEFINED, gap, either, (struct estimate){.02, -.02, .07},
         "cannot tell whether the student is better than its supervisor; PGR between -0.02 and "
         "0.07: little or nothing of the gap is recovered");
    says(
        PGR_NO_GAP, no_gap, plus, none,
        "the student is better than its supervisor; PGR is undefined: the ceiling is not above the "
        "supervisor (gap -0.010)");
    says(PGR_NO_GAP, no_gap, minus, none,
         "the student is worse than its supervisor; PGR is undefined: the ceiling is not above the "
         "supervisor (gap -0.010)");
    says(PGR_GAP_IN_NOISE, noise, either, none,
         "cannot tell whether the student is better than its supervisor; PGR is undefined: the gap "
         "of "
         "0.010 is within the noise (-0.010 to 0.030)");
    /* ground truth as weak label, the gap within the noise: nothing would narrow a PGR of 1 */
    says(PGR_DEFINED, noise, noise, (struct estimate){1, 1, 1},
         "cannot tell whether the student is better than its supervisor; PGR 1.00");
    /* A bound of exactly 0 tells nothing. */
    says(
        PGR_DEFINED, gap, (struct estimate){.02, 0, .05}, (struct estimate){.1, 0, .25},
        "cannot tell whether the student is better than its supervisor; PGR between 0.00 and 0.25; "
        "more test examples or seeds would narrow it");
    says(PGR_DEFINED, gap, (struct estimate){-.02, -.05, 0}, (struct estimate){-.1, -.25, 0},
         "cannot tell whether the student is better than its supervisor; PGR between -0.25 and "
         "0.00; more test examples or seeds would narrow it");
}

static void test_difference(void **state)
{
    (void)state;
    static struct fixture f;
    struct err e = ERR_INIT;
    struct estimate d;
    struct trio_seed s = fixture_make(&f);
    s.ceiling = s.weak; /* b */
    assert_int_equal(difference_measure(&s, 1, &set, &d, &e), OK);
    close_to(d.value, .15, 1e-12);
    assert_true(d.lo > .13 && d.hi < .17);
}

/* The bounds are the shares from which what was seen is just 1.96 deviations away. */
static void test_wilson(void **state)
{
    static const struct {
        double share, n;
    } seen[] = {{0.5, 100}, {0.9, 50}, {0.123, 1000}};
    const double z = 1.959963984540054;
    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        struct estimate x = metrics_wilson(seen[i].share, seen[i].n, 0.95);
        assert_true(x.lo < x.value && x.value < x.hi);
        close_to(fabs(x.value - x.lo), z * sqrt(x.lo * (1 - x.lo) / seen[i].n), 1e-12);
        close_to(fabs(x.value - x.hi), z * sqrt(x.hi * (1 - x.hi) / seen[i].n), 1e-12);
    }
    struct estimate none = metrics_wilson(0, 10, 0.95), all = metrics_wilson(1, 10, 0.95);
    close_to(none.lo, 0, 1e-12);
    close_to(none.hi, z * z / (10 + z * z), 1e-12);
    close_to(all.hi, 1, 1e-12);
    close_to(all.lo, 10 / (10 + z * z), 1e-12);
    close_to(metrics_wilson(0, 10, 0.68268949213708585).hi, 1 / 11.0, 1e-12); /* one deviation */
    close_to(metrics_wilson(0, 10, 0.9).hi,
             1.6448536269514722 * 1.6448536269514722 /
                 (10 + 1.6448536269514722 * 1.6448536269514722),
             1e-12);
    assert_true(isnan(metrics_wilson(0.5, (double)NAN, 0.95).lo) &&
                isnan(metrics_wilson(0.5, 0, 0.95).hi));
}

/* Holm 1979: .01, .04, .03, .005 of four tests are .03, .06, .06, .02. */
static void p_values(void **state)
{
    double p[] = {0.01, (double)NAN, 0.04, 0.03, 0.005}, one[] = {0.7}, ties[] = {0.5, 0.5, 0.9};
    const double want[] = {0.03, 0, 0.06, 0.06, 0.02};
    (void)state;
    holm_adjust(p, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(i == 1 ? isnan(p[i]) : fabs(p[i] - want[i]) < 1e-12);
    holm_adjust(one, 1);
    assert_true(one[0] == 0.7);
    holm_adjust(ties, 3);
    assert_true(ties[0] == 1 && ties[1] == 1 && ties[2] == 1);
    double v[99];
    for (size_t i = 0; i < 99; i++)
        v[i] = (double)i - 9; /* ten at or below 0 */
    assert_true(fabs(difference_p(v, 99) - 2 * 11 / 100.0) < 1e-12);
    for (size_t i = 0; i < 99; i++)
        v[i] = -1;
    assert_true(fabs(difference_p(v, 99) - 0.02) < 1e-12);
    for (size_t i = 0; i < 99; i++)
        v[i] = 0;
    assert_true(difference_p(v, 99) == 1);
    v[0] = (double)NAN;
    assert_true(isnan(difference_p(v, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wilson),
                                       cmocka_unit_test(test_accuracy),
                                       cmocka_unit_test(test_auroc),
                                       cmocka_unit_test(test_prior_matched),
                                       cmocka_unit_test(test_calibration),
                                       cmocka_unit_test(test_bin_edges),
                                       cmocka_unit_test(test_trio),
                                       cmocka_unit_test(test_ground_truth_is_one),
                                       cmocka_unit_test(test_undefined),
                                       cmocka_unit_test(test_never_clipped),
                                       cmocka_unit_test(test_identical_seeds),
                                       cmocka_unit_test(test_disjoint_seeds),
                                       cmocka_unit_test(test_questions),
                                       cmocka_unit_test(test_seeds),
                                       cmocka_unit_test(test_tiny_seeds),
                                       cmocka_unit_test(test_few_questions),
                                       cmocka_unit_test(test_coverage),
                                       cmocka_unit_test(test_seeds_coverage),
                                       cmocka_unit_test(test_bounds_are_finite),
                                       cmocka_unit_test(test_bounds_exactly),
                                       cmocka_unit_test(test_difference),
                                       cmocka_unit_test(test_verdicts),
                                       cmocka_unit_test(p_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
