/* metrics.c - accuracy, calibration, PGR, and the joint bootstrap. */
#include "lab/metrics.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

double metrics_auroc(const double *probs, const int *labels, size_t n, size_t K, struct err *e)
{
    if (K != 2)
        return (double)NAN;
    struct scored *s = mem_alloc(n, sizeof *s, e);
    if (!s)
        return (double)NAN;
    size_t positives = 0;
    for (size_t i = 0; i < n; i++) {
        s[i] = (struct scored){probs[2 * i + 1], labels[i] == 1};
        positives += labels[i] == 1;
    }
    qsort(s, n, sizeof *s, scored_compare);
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
enum { WEAK_RIGHT = 1, STUDENT_RIGHT = 2, CEILING_RIGHT = 4, AGREE = 8 };

struct counts {
    double weak, student, ceiling;  /* accuracies */
    double agree, agree_n;          /* agreement: shares summed over seeds, and how many had any */
    double right, right_n, wrong, wrong_n;
};

struct sums {
    size_t n, weak, student, ceiling, agree, agree_right;
};

static void sums_add(struct sums *s, unsigned bits)
{
    s->n++;
    s->weak += (bits & WEAK_RIGHT) != 0;
    s->student += (bits & STUDENT_RIGHT) != 0;
    s->ceiling += (bits & CEILING_RIGHT) != 0;
    s->agree += (bits & AGREE) != 0;
    s->agree_right += (bits & (AGREE | WEAK_RIGHT)) == (AGREE | WEAK_RIGHT);
}

static void counts_add(struct counts *c, const struct sums *s)
{
    double n = (double)s->n;
    c->weak += (double)s->weak / n;
    c->student += (double)s->student / n;
    c->ceiling += (double)s->ceiling / n;
    c->agree += (double)s->agree / n;
    c->agree_n++;
    if (s->weak) {
        c->right += (double)s->agree_right / (double)s->weak;
        c->right_n++;
    }
    if (s->n > s->weak) {
        c->wrong += (double)(s->agree - s->agree_right) / (double)(s->n - s->weak);
        c->wrong_n++;
    }
}

enum measure { M_WEAK, M_STUDENT, M_CEILING, M_GAP, M_GAIN, M_PGR, M_AGREE, M_RIGHT, M_WRONG, M_COUNT };

static double share(double sum, double n)
{
    return n > 0 ? sum / n : (double)NAN;
}

static void measures(const struct counts *c, double seeds, double m[M_COUNT])
{
    m[M_WEAK] = c->weak / seeds;
    m[M_STUDENT] = c->student / seeds;
    m[M_CEILING] = c->ceiling / seeds;
    m[M_GAP] = m[M_CEILING] - m[M_WEAK];
    m[M_GAIN] = m[M_STUDENT] - m[M_WEAK];
    if (m[M_GAP] > 0)
        m[M_PGR] = m[M_GAIN] / m[M_GAP];
    else
        m[M_PGR] = m[M_GAIN] > 0 ? (double)INFINITY : m[M_GAIN] < 0 ? -(double)INFINITY : 0;
    m[M_AGREE] = share(c->agree, c->agree_n);
    m[M_RIGHT] = share(c->right, c->right_n);
    m[M_WRONG] = share(c->wrong, c->wrong_n);
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y); /* NaN last */
    return (x > y) - (x < y);
}

/* interval - percentiles of v[0..n), sorted in place, linear between neighbours; NaNs (undefined replicates) left out. */
static void interval(double *v, size_t n, double level, struct estimate *out)
{
    qsort(v, n, sizeof *v, double_compare);
    while (n && isnan(v[n - 1]))
        n--;
    out->lo = out->hi = (double)NAN;
    if (!n)
        return;
    const double at[2] = {(1 - level) / 2, (1 + level) / 2};
    double *bound[2] = {&out->lo, &out->hi};
    for (int i = 0; i < 2; i++) {
        double x = at[i] * (double)(n - 1);
        size_t k = (size_t)x;
        double f = x - (double)k;
        *bound[i] = f > 0 && v[k] != v[k + 1] ? v[k] * (1 - f) + v[k + 1] * f : v[k];
    }
}

static int trio_bits(const struct trio_seed *seeds, size_t n_seeds, size_t K, unsigned char ***out, struct err *e)
{
    unsigned char **bits = mem_zalloc(n_seeds, sizeof *bits, e);
    if (!bits)
        return e->code;
    *out = bits;
    for (size_t s = 0; s < n_seeds; s++) {
        const struct trio_seed *t = &seeds[s];
        BUG_ON(t->n == 0);
        bits[s] = mem_alloc(t->n, 1, e);
        if (!bits[s])
            return e->code;
        for (size_t i = 0; i < t->n; i++) {
            size_t label = (size_t)t->labels[i], weak = metrics_argmax(t->weak + i * K, K);
            size_t student = metrics_argmax(t->student + i * K, K);
            bits[s][i] = (unsigned char)((weak == label ? WEAK_RIGHT : 0) | (student == label ? STUDENT_RIGHT : 0) |
                                         (metrics_argmax(t->ceiling + i * K, K) == label ? CEILING_RIGHT : 0) |
                                         (student == weak ? AGREE : 0));
        }
    }
    return OK;
}

int trio_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s, struct trio *out, struct err *e)
{
    int rc;
    unsigned char **bits = NULL;
    double *v = mem_alloc(s->samples, M_COUNT * sizeof *v, e);
    BUG_ON(n_seeds == 0 || s->samples == 0);
    rc = v ? OK : e->code;
    if (rc)
        goto out;
    rc = trio_bits(seeds, n_seeds, s->K, &bits, e);
    if (rc)
        goto out;

    double point[M_COUNT];
    struct counts all = {0};
    for (size_t i = 0; i < n_seeds; i++) {
        struct sums sums = {0};
        for (size_t j = 0; j < seeds[i].n; j++)
            sums_add(&sums, bits[i][j]);
        counts_add(&all, &sums);
    }
    measures(&all, (double)n_seeds, point);

    struct rng r;
    rng_init(&r, s->seed, "bootstrap");
    for (size_t b = 0; b < s->samples; b++) {
        struct counts c = {0};
        double m[M_COUNT];
        for (size_t i = 0; i < n_seeds; i++) {
            size_t k = rng_below(&r, n_seeds);
            struct sums sums = {0};
            for (size_t j = 0; j < seeds[k].n; j++)
                sums_add(&sums, bits[k][rng_below(&r, seeds[k].n)]);
            counts_add(&c, &sums);
        }
        measures(&c, (double)n_seeds, m);
        for (size_t k = 0; k < M_COUNT; k++)
            v[k * s->samples + b] = m[k];
    }

    struct estimate *field[M_COUNT] = {&out->weak, &out->student, &out->ceiling, &out->gap,        &out->gain,
                                       &out->pgr,  &out->agree,   &out->agree_right, &out->agree_wrong};
    for (size_t k = 0; k < M_COUNT; k++) {
        interval(v + k * s->samples, s->samples, s->level, field[k]);
        field[k]->value = point[k];
    }
    out->reason = out->gap.value <= 0 ? PGR_NO_GAP : out->gap.lo <= 0 ? PGR_GAP_IN_NOISE : PGR_DEFINED;
    if (out->reason != PGR_DEFINED)
        out->pgr = (struct estimate){(double)NAN, (double)NAN, (double)NAN};
out:
    for (size_t i = 0; bits && i < n_seeds; i++)
        mem_free(bits[i]);
    mem_free(bits);
    mem_free(v);
    return rc;
}

int difference_measure(const struct trio_seed *seeds, size_t n_seeds, const struct trio_settings *s, struct estimate *out,
                       struct err *e)
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

void trio_verdict(const struct trio *t, size_t n_seeds, char *buf, size_t n)
{
    const char *scope = n_seeds == 1 ? "; one seed, so the interval leaves out what another training run would change" : "";
    if (t->reason == PGR_NO_GAP)
        snprintf(buf, n, "PGR is undefined: the ceiling is not above the supervisor (gap %.3f)%s", t->gap.value, scope);
    else if (t->reason == PGR_GAP_IN_NOISE)
        snprintf(buf, n, "PGR is undefined: the gap of %.3f is within the noise (%.3f to %.3f)%s", t->gap.value, t->gap.lo,
                 t->gap.hi, scope);
    else if (t->pgr.lo > 0)
        snprintf(buf, n, "the student is better than its supervisor; PGR between %.2f and %.2f%s%s", t->pgr.lo, t->pgr.hi,
                 t->pgr.hi - t->pgr.lo > 0.5 ? ", too wide to say how much of the gap is recovered" : "", scope);
    else if (t->pgr.hi < 0)
        snprintf(buf, n, "the student is worse than its supervisor; PGR between %.2f and %.2f%s", t->pgr.lo, t->pgr.hi, scope);
    else
        snprintf(buf, n,
                 "cannot tell whether the student is better than its supervisor: PGR between %.2f and %.2f; more test "
                 "examples or seeds would narrow it%s",
                 t->pgr.lo, t->pgr.hi, scope);
}
