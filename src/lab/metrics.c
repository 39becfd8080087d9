/* metrics.c - accuracy, calibration, PGR, and the joint bootstrap. */
#include "lab/bootstrap.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ECE_BINS 10

size_t metrics_argmax(const double *p, size_t K)
{
    size_t best = 0;
    for (size_t k = 1; k < K; k++)
        if (p[k] > p[best])
            best = k;
    return best;
}

double metrics_accuracy(const double *probs, const int *labels, size_t n, size_t K)
{
    size_t right = 0;
    for (size_t i = 0; i < n; i++)
        right += metrics_argmax(probs + i * K, K) == (size_t)labels[i];
    return n ? (double)right / (double)n : (double)NAN;
}

struct scored {
    double score;
    int positive;
};

static int scored_compare(const void *a, const void *b)
{
    double x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x > y) - (x < y);
}

/* scored_list - ascending by the probability of class 1; heap. */
static struct scored *scored_list(const double *probs, const int *labels, size_t n,
                                  size_t *positives, struct err *e)
{
    struct scored *s = mem_alloc(n, sizeof *s, e);
    if (!s)
        return NULL;
    *positives = 0;
    for (size_t i = 0; i < n; i++) {
        s[i] = (struct scored){probs[2 * i + 1], labels[i] == 1};
        *positives += labels[i] == 1;
    }
    qsort(s, n, sizeof *s, scored_compare);
    return s;
}

double metrics_auroc(const double *probs, const int *labels, size_t n, size_t K, struct err *e)
{
    size_t positives = 0;
    struct scored *s = K == 2 ? scored_list(probs, labels, n, &positives, e) : NULL;
    if (!s)
        return (double)NAN;
    /* Sum of the positives' ranks, tied scores sharing their mean rank. */
    double ranks = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i, tied = 0;
        while (j < n && scored_compare(&s[j], &s[i]) == 0)
            tied += (size_t)s[j++].positive;
        ranks += (double)tied * ((double)(i + 1) + (double)j) / 2;
        i = j;
    }
    mem_free(s);
    double p = (double)positives, q = (double)(n - positives);
    return p > 0 && q > 0 ? (ranks - p * (p + 1) / 2) / (p * q) : (double)NAN;
}

double metrics_prior_matched(const double *probs, const int *labels, size_t n, size_t K,
                             struct err *e)
{
    size_t positives = 0;
    struct scored *s = K == 2 ? scored_list(probs, labels, n, &positives, e) : NULL;
    if (!s)
        return (double)NAN;
    /* The highest scores are called positive, as many as there are positives. */
    double right = 0;
    for (size_t end = n, left = positives; end;) {
        size_t begin = end, tied = 0;
        while (begin && scored_compare(&s[begin - 1], &s[end - 1]) == 0)
            tied += (size_t)s[--begin].positive;
        size_t all = end - begin, called = left < all ? left : all;
        double share = (double)called / (double)all;
        right += share * (double)tied + (1 - share) * (double)(all - tied);
        left -= called;
        end = begin;
    }
    mem_free(s);
    return positives && positives < n ? right / (double)n : (double)NAN;
}

double metrics_ece(const double *probs, const int *labels, size_t n, size_t K)
{
    double confidence[ECE_BINS] = {0}, right[ECE_BINS] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = metrics_argmax(probs + i * K, K);
        double c = probs[i * K + k];
        double place = ceil(c * ECE_BINS) - 1;
        size_t bin = place < 0 ? 0 : place > ECE_BINS - 1 ? ECE_BINS - 1 : (size_t)place;
        confidence[bin] += c;
        right[bin] += k == (size_t)labels[i];
    }
    for (size_t b = 0; b < ECE_BINS; b++)
        sum += fabs(confidence[b] - right[b]);
    return n ? sum / (double)n : (double)NAN;
}

double metrics_brier(const double *probs, const int *labels, size_t n, size_t K)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < K; k++) {
            double d = probs[i * K + k] - ((size_t)labels[i] == k);
            sum += d * d;
        }
    return n ? sum / (double)n : (double)NAN;
}

/* What a bootstrap replicate needs of an example, as bits. */
enum { WEAK_RIGHT = 1, STUDENT_RIGHT = 2, CEILING_RIGHT = 4, AGREE = 8, CEILING_AGREE = 16 };

struct counts {
    double seeds;                  /* those that count */
    double weak, student, ceiling; /* accuracies, summed over seeds */
    double agree;                  /* shares summed over seeds, and how many had any */
    double right, right_n, wrong, wrong_n, ceiling_wrong;
};

struct sums {
    size_t n, weak, student, ceiling, agree, agree_right, ceiling_wrong;
};

static void sums_add(struct sums *s, unsigned bits, size_t weight)
{
    s->n += weight;
    s->weak += bits & WEAK_RIGHT ? weight : 0;
    s->student += bits & STUDENT_RIGHT ? weight : 0;
    s->ceiling += bits & CEILING_RIGHT ? weight : 0;
    s->agree += bits & AGREE ? weight : 0;
    s->agree_right += (bits & (AGREE | WEAK_RIGHT)) == (AGREE | WEAK_RIGHT) ? weight : 0;
    s->ceiling_wrong += (bits & (CEILING_AGREE | WEAK_RIGHT)) == CEILING_AGREE ? weight : 0;
}

/* counts_add - a seed, `times` times; one without an example counts for nothing. */
static void counts_add(struct counts *c, const struct sums *s, size_t times)
{
    double n = (double)s->n, t = (double)times;
    if (!s->n)
        return;
    c->seeds += t;
    c->weak += t * (double)s->weak / n;
    c->student += t * (double)s->student / n;
    c->ceiling += t * (double)s->ceiling / n;
    c->agree += t * (double)s->agree / n;
    if (s->weak) {
        c->right += t * (double)s->agree_right / (double)s->weak;
        c->right_n += t;
    }
    if (s->n > s->weak) {
        double wrong = (double)(s->n - s->weak);
        c->wrong += t * (double)(s->agree - s->agree_right) / wrong;
        c->ceiling_wrong += t * (double)s->ceiling_wrong / wrong;
        c->wrong_n += t;
    }
}

static double share(double sum, double n)
{
    return n > 0 ? sum / n : (double)NAN;
}

static void measures(const struct counts *c, double m[TRIO_VALUES])
{
    m[TRIO_WEAK] = c->weak / c->seeds;
    m[TRIO_STUDENT] = c->student / c->seeds;
    m[TRIO_CEILING] = c->ceiling / c->seeds;
    m[TRIO_GAP] = m[TRIO_CEILING] - m[TRIO_WEAK];
    m[TRIO_GAIN] = m[TRIO_STUDENT] - m[TRIO_WEAK];
    if (m[TRIO_GAP] > 0)
        m[TRIO_PGR] = m[TRIO_GAIN] / m[TRIO_GAP];
    else
        m[TRIO_PGR] = m[TRIO_GAIN] > 0   ? (double)INFINITY
                      : m[TRIO_GAIN] < 0 ? -(double)INFINITY
                                         : 0;
    m[TRIO_AGREE] = c->agree / c->seeds;
    m[TRIO_AGREE_RIGHT] = share(c->right, c->right_n);
    m[TRIO_AGREE_WRONG] = share(c->wrong, c->wrong_n);
    m[TRIO_CEILING_WRONG] = share(c->ceiling_wrong, c->wrong_n);
}

/* deviations - z, between -z and z of which a normal variable is with that probability, below 1. */
static double deviations(double level)
{
    double lo = 0, hi = 40; /* erf is 1 there */
    for (double z = 20; z > lo && z < hi; z = (lo + hi) / 2)
        *(erf(z / sqrt(2)) < level ? &lo : &hi) = z;
    return hi;
}

struct estimate metrics_wilson(double share, double n, double level)
{
    const double z = deviations(level);
    struct estimate x = {share, (double)NAN, (double)NAN};
    if (!(n >= 1) || isnan(share))
        return x;
    double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    x.lo = fmax(0, centre - half);
    x.hi = fmin(1, centre + half);
    return x;
}

/* The trios as the bootstrap sees them: of every example what was right, of every measure what each
 * replicate gave. */
struct trios {
    struct crossing crossing;
    unsigned **bits; /* [seeds][n] */
    double *v;       /* [TRIO_VALUES, samples] */
};

static void trios_release(struct trios *t)
{
    for (size_t s = 0; t->bits && s < t->crossing.seeds; s++)
        mem_free(t->bits[s]);
    mem_free(t->bits);
    mem_free(t->v);
    crossing_release(&t->crossing);
}

static unsigned example_bits(const struct trio_seed *t, size_t i, size_t K)
{
    size_t label = (size_t)t->labels[i], weak = t->weak ? metrics_argmax(t->weak + i * K, K) : K;
    size_t student = metrics_argmax(t->student + i * K, K);
    size_t ceiling = metrics_argmax(t->ceiling + i * K, K);
    unsigned bits = 0;
    bits |= weak == label ? WEAK_RIGHT : 0;
    bits |= student == label ? STUDENT_RIGHT : 0;
    bits |= ceiling == label ? CEILING_RIGHT : 0;
    bits |= student == weak ? AGREE : 0;
    bits |= ceiling == weak ? CEILING_AGREE : 0;
    return bits;
}

static int trios_init(struct trios *x, const struct trio_seed *seeds, size_t n_seeds,
                      const struct trio_settings *s, struct err *e)
{
    *x = (struct trios){.v = NULL};
    int rc = crossing_init(&x->crossing, n_seeds, e);
    for (size_t k = 0; k < n_seeds && !rc; k++)
        rc = crossing_add(&x->crossing, seeds[k].units, seeds[k].n, e);
    if (!rc)
        rc = crossing_ready(&x->crossing, e);
    if (!rc && (!(x->bits = mem_zalloc(n_seeds, sizeof *x->bits, e)) ||
                !(x->v = mem_alloc(s->samples, TRIO_VALUES * sizeof *x->v, e))))
        rc = e->code;
    for (size_t k = 0; k < n_seeds && !rc; k++) {
        x->bits[k] = mem_alloc(seeds[k].n, sizeof **x->bits, e);
        rc = x->bits[k] ? OK : e->code;
        for (size_t i = 0; i < seeds[k].n && !rc; i++)
            x->bits[k][i] = example_bits(&seeds[k], i, s->K);
    }
    return rc;
}

/* trios_measures - of the seeds and units as they are drawn; false where none of the drawn seeds
 * has an example left. */
static bool trios_measures(const struct trios *x, double m[TRIO_VALUES])
{
    const struct crossing *c = &x->crossing;
    struct counts counts = {0};
    for (size_t s = 0; s < c->seeds; s++) {
        struct sums sums = {0};
        for (size_t i = 0; c->times[s] && i < c->n[s]; i++)
            sums_add(&sums, x->bits[s][i], c->weight[c->unit[s][i]]);
        counts_add(&counts, &sums, c->times[s]);
    }
    if (!(counts.seeds > 0))
        return false;
    measures(&counts, m);
    return true;
}

/* trio_same - whether student and ceiling are the same, bit for bit. */
static bool trio_same(const struct trio_seed *seeds, size_t n_seeds, size_t K)
{
    for (size_t i = 0; i < n_seeds; i++)
        if (memcmp(seeds[i].student, seeds[i].ceiling, seeds[i].n * K * sizeof *seeds[i].student) !=
            0)
            return false;
    return true;
}

int trio_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
                 struct trio *out, struct err *e)
{
    return trio_drawn(seeds, n_seeds, s, out, NULL, e);
}

int trio_drawn(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
               struct trio *out, double *drawn, struct err *e)
{
    struct trios x;
    double point[TRIO_VALUES], m[TRIO_VALUES];
    BUG_ON(n_seeds == 0 || s->samples == 0);
    int rc = trios_init(&x, seeds, n_seeds, s, e);
    if (rc)
        goto out;
    BUG_ON(!trios_measures(&x, point));

    for (size_t i = 0; drawn && i < TRIO_VALUES * s->samples; i++)
        drawn[i] = (double)NAN;
    struct rng r;
    bool few = x.crossing.units < TRIO_UNITS_LEAST;
    rng_init(&r, s->seed, "bootstrap");
    for (size_t b = 0; !few && b < s->samples; b++) {
        do
            crossing_draw(&x.crossing, &r);
        while (!trios_measures(&x, m));
        for (size_t k = 0; k < TRIO_VALUES; k++)
            x.v[k * s->samples + b] = m[k];
    }

    struct estimate *field[TRIO_VALUES] = {
        &out->weak, &out->student, &out->ceiling,     &out->gap,         &out->gain,
        &out->pgr,  &out->agree,   &out->agree_right, &out->agree_wrong, &out->ceiling_wrong};
    bool weak = true;
    for (size_t k = 0; k < n_seeds; k++)
        weak = weak && seeds[k].weak;
    for (size_t k = 0; k < TRIO_VALUES; k++) {
        if (!weak && k != TRIO_STUDENT && k != TRIO_CEILING) {
            *field[k] = (struct estimate){(double)NAN, (double)NAN, (double)NAN};
            continue;
        }
        if (drawn && !few)
            memcpy(drawn + k * s->samples, x.v + k * s->samples, s->samples * sizeof *drawn);
        interval(x.v + k * s->samples, few ? 0 : s->samples, s->level, field[k]);
        field[k]->value = point[k];
    }
    out->units = x.crossing.units;
    out->reason = !weak                 ? PGR_NO_WEAK
                  : out->gap.value <= 0 ? PGR_NO_GAP
                  : few                 ? PGR_FEW_UNITS
                  : out->gap.lo <= 0    ? PGR_GAP_IN_NOISE
                                        : PGR_DEFINED;
    /* Who makes the ceiling's every prediction recovers the gap, as large as it is found to be. */
    if (weak && out->reason > PGR_NO_GAP && trio_same(seeds, n_seeds, s->K)) {
        out->reason = PGR_DEFINED;
        out->pgr = (struct estimate){1, 1, 1};
    }
    if (out->reason != PGR_DEFINED)
        out->pgr = (struct estimate){(double)NAN, (double)NAN, (double)NAN};
out:
    trios_release(&x);
    return rc;
}

int difference_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s,
                       struct estimate *out, struct err *e)
{
    /* gain of a trio is student - weak: the same bootstrap with b in the supervisor's place. */
    struct trio t;
    struct trio_seed *paired = mem_alloc(n_seeds, sizeof *paired, e);
    if (!paired)
        return e->code;
    for (size_t i = 0; i < n_seeds; i++) {
        paired[i] = seeds[i];
        paired[i].weak = seeds[i].ceiling;
    }
    int rc = trio_measure(paired, n_seeds, s, &t, e);
    if (!rc)
        *out = t.gain;
    mem_free(paired);
    return rc;
}

double difference_p(const double *v, size_t samples)
{
    size_t n = 0, least = 0, most = 0;
    for (size_t i = 0; i < samples; i++) {
        n += isnan(v[i]) ? 0 : 1;
        least += v[i] <= 0 ? 1 : 0;
        most += v[i] >= 0 ? 1 : 0;
    }
    double side = (double)(least < most ? least : most);
    return n ? fmin(1, 2 * (side + 1) / ((double)n + 1)) : (double)NAN;
}

void holm_adjust(double *p, size_t n)
{
    double least = 0; /* no adjusted p is below that of a smaller one */
    uint64_t done = 0;
    size_t tests = 0;
    BUG_ON(n > 64);
    for (size_t i = 0; i < n; i++)
        tests += isnan(p[i]) ? 0 : 1;
    for (; tests; tests--) {
        size_t next = n;
        for (size_t i = 0; i < n; i++)
            if (!(done >> i & 1) && !isnan(p[i]) && (next == n || p[i] < p[next]))
                next = i;
        done |= UINT64_C(1) << next;
        least = fmax(least, fmin(1, (double)tests * p[next]));
        p[next] = least;
    }
}

/* Wider than this, a PGR says whether, not how much. */
#define PGR_WIDE 0.5
/* Narrower than this, one around 0 says that the gap stays. */
#define PGR_NARROW 0.1

void trio_verdict(const struct trio *t, char *buf, size_t n)
{
    bool better = t->gain.lo > 0, worse = t->gain.hi < 0;
    char student[160], pgr[160];
    const char *tail = "";
    snprintf(student, sizeof student, "%s",
             better  ? "the student is better than its supervisor"
             : worse ? "the student is worse than its supervisor"
                     : "cannot tell whether the student is better than its supervisor");
    if (t->reason == PGR_NO_WEAK) {
        snprintf(pgr, sizeof pgr,
                 "PGR is undefined: the supervisor's labels are not of every test example");
    } else if (t->reason == PGR_NO_GAP) {
        snprintf(pgr, sizeof pgr,
                 "PGR is undefined: the ceiling is not above the supervisor (gap %.3f)",
                 t->gap.value);
    } else if (t->reason == PGR_GAP_IN_NOISE) {
        snprintf(pgr, sizeof pgr,
                 "PGR is undefined: the gap of %.3f is within the noise (%.3f to %.3f)",
                 t->gap.value, t->gap.lo, t->gap.hi);
    } else if (t->reason == PGR_FEW_UNITS) {
        snprintf(pgr, sizeof pgr,
                 "PGR is undefined: %zu test question%s %s too few for an interval (%d at least)",
                 t->units, t->units == 1 ? "" : "s", t->units == 1 ? "is" : "are",
                 TRIO_UNITS_LEAST);
    } else {
        snprintf(pgr, sizeof pgr, t->pgr.lo < t->pgr.hi ? "PGR between %.2f and %.2f" : "PGR %.2f",
                 t->pgr.lo, t->pgr.hi);
        if (!better && !worse && t->pgr.hi > t->pgr.lo && t->pgr.hi - t->pgr.lo < PGR_NARROW)
            tail = ": little or nothing of the gap is recovered";
        else if (!better && !worse && t->pgr.hi > t->pgr.lo)
            tail = "; more test examples or seeds would narrow it";
        else if (t->pgr.hi - t->pgr.lo > PGR_WIDE)
            tail = better ? ", too wide to say how much of the gap is recovered"
                          : ", too wide to say how much is lost";
    }
    snprintf(buf, n, "%s; %s%s", student, pgr, tail);
}
