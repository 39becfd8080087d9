/* loss.c - losses over a batch of logits.
 *
 * To add a loss: a name in enum loss_kind and its line at loss_compute (train.h), a function of the
 * form loss_fn below, a row of the tables `losses` and `loss_names`, its gradient in
 * tests/unit/train_loss.c, and a method in lab/method.c. */
#include "train/train.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct loss_batch {
    size_t B, K;
    const double *logits, *targets; /* [B,K] */
    double alpha, prior, gamma, temperature;
    enum threshold_kind threshold;
};

/* loss_fn - mean loss and its gradient; dlogits [B,K]. */
typedef int loss_fn(const struct loss_batch *b, double *loss, double *dlogits, struct err *e);

/* row_lse_at - log of the sum of exponentials of one row over T; row_lse - with T 1. */
static double row_lse_at(const double *z, size_t K, double T)
{
    double top = z[0], sum = 0;
    for (size_t k = 1; k < K; k++)
        top = z[k] > top ? z[k] : top;
    for (size_t k = 0; k < K; k++)
        sum += exp((z[k] - top) / T);
    return top / T + log(sum);
}

static double row_lse(const double *z, size_t K)
{
    return row_lse_at(z, K, 1);
}

/* rows_xent - cross-entropy against any targets; dlogits may be targets. */
static double rows_xent(const struct loss_batch *b, const double *targets, double *dlogits)
{
    double total = 0;
    for (size_t i = 0; i < b->B; i++) {
        const double *z = b->logits + i * b->K, *t = targets + i * b->K;
        double lse = row_lse(z, b->K), mass = 0;
        for (size_t k = 0; k < b->K; k++) {
            total -= t[k] * (z[k] - lse);
            mass += t[k];
        }
        for (size_t k = 0; k < b->K; k++)
            dlogits[i * b->K + k] = (exp(z[k] - lse) * mass - t[k]) / (double)b->B;
    }
    return total / (double)b->B;
}

static int loss_xent(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    (void)e;
    *loss = rows_xent(b, b->targets, dlogits);
    return OK;
}

static int real_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* batch_threshold - t such that f1 > t holds for the m largest (fewer where there are ties). Of one
 * example, as an epoch's last batch can be, m = floor(1/2) = 0: with THRESHOLD_MEDIAN it is class 0
 * whatever the model says, as half of one cannot be positive. */
static int batch_threshold(const struct loss_batch *b, const double *f1, double *t, struct err *e)
{
    size_t m = b->B / 2;
    if (b->threshold == THRESHOLD_PRIOR) {
        double wanted = floor(b->prior * (double)b->B + 0.5);
        m = wanted <= 0 ? 0 : wanted >= (double)b->B ? b->B : (size_t)wanted;
    }
    if (m == b->B) {
        *t = -1;
        return OK;
    }
    double *sorted = mem_alloc(b->B, sizeof *sorted, e);
    if (!sorted)
        return e->code;
    memcpy(sorted, f1, b->B * sizeof *sorted);
    qsort(sorted, b->B, sizeof *sorted, real_compare);
    *t = sorted[b->B - m - 1];
    mem_free(sorted);
    return OK;
}

static int hard_binary(const struct loss_batch *b, size_t *hard, struct err *e)
{
    double t = 0;
    double *f1 = mem_alloc(b->B, sizeof *f1, e);
    if (!f1)
        return e->code;
    for (size_t i = 0; i < b->B; i++)
        f1[i] = exp(b->logits[2 * i + 1] - row_lse(b->logits + 2 * i, 2));
    int rc = batch_threshold(b, f1, &t, e);
    for (size_t i = 0; !rc && i < b->B; i++)
        hard[i] = f1[i] > t;
    mem_free(f1);
    return rc;
}

static void hard_argmax(const struct loss_batch *b, size_t *hard)
{
    for (size_t i = 0; i < b->B; i++) {
        const double *z = b->logits + i * b->K;
        hard[i] = 0;
        for (size_t k = 1; k < b->K; k++)
            if (z[k] > z[hard[i]])
                hard[i] = k;
    }
}

/* Cross-entropy is linear in its target, so both terms are one with a mixed target; with alpha 0
 * the mixture is the weak label to the bit. */
static int loss_confidence(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    int rc = OK;
    size_t *hard = mem_alloc(b->B, sizeof *hard, e);
    if (!hard)
        return e->code;
    if (b->K == 2)
        rc = hard_binary(b, hard, e);
    else
        hard_argmax(b, hard);
    if (rc)
        goto out;
    double *mixed = dlogits;
    for (size_t i = 0; i < b->B; i++)
        for (size_t k = 0; k < b->K; k++)
            mixed[i * b->K + k] =
                (1 - b->alpha) * b->targets[i * b->K + k] + (hard[i] == k ? b->alpha : 0);
    *loss = rows_xent(b, mixed, dlogits);
out:
    mem_free(hard);
    return rc;
}

/* product_row - t ~ f^alpha w, by logarithms, of which the greatest is 0: at least one remains. */
static void product_row(const struct loss_batch *b, size_t i, double *t)
{
    const double *z = b->logits + i * b->K, *w = b->targets + i * b->K;
    double lse = row_lse(z, b->K), top = -HUGE_VAL, sum = 0;
    for (size_t k = 0; k < b->K; k++) {
        t[k] = b->alpha * (z[k] - lse) + log(w[k]);
        top = t[k] > top ? t[k] : top;
    }
    for (size_t k = 0; k < b->K; k++)
        sum += t[k] = exp(t[k] - top);
    for (size_t k = 0; k < b->K; k++)
        t[k] /= sum;
}

static int loss_product(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    (void)e;
    for (size_t i = 0; b->alpha > 0 && i < b->B; i++)
        product_row(b, i, dlogits + i * b->K);
    *loss = rows_xent(b, b->alpha > 0 ? dlogits : b->targets, dlogits);
    return OK;
}

static int loss_smoothing(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    double *mixed = dlogits;
    (void)e;
    for (size_t i = 0; i < b->B * b->K; i++)
        mixed[i] = (1 - b->alpha) * b->targets[i] + b->alpha / (double)b->K;
    *loss = rows_xent(b, mixed, dlogits);
    return OK;
}

static int loss_kl(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    const double T = b->temperature;
    (void)e;
    *loss = 0;
    for (size_t i = 0; i < b->B; i++) {
        const double *z = b->logits + i * b->K, *w = b->targets + i * b->K;
        double *d = dlogits + i * b->K, lse = row_lse_at(z, b->K, T), sum = 0, mass = 0;
        for (size_t k = 0; k < b->K; k++)
            sum += pow(w[k], 1 / T);
        for (size_t k = 0; k < b->K; k++) {
            double t = T < 1 || T > 1 ? pow(w[k], 1 / T) / sum : w[k];
            *loss += t > 0 ? T * T / (double)b->B * t * (log(t) - (z[k] / T - lse)) : 0;
            d[k] = t;
            mass += t;
        }
        for (size_t k = 0; k < b->K; k++)
            d[k] = T * ((exp(z[k] / T - lse) * mass - d[k]) / (double)b->B);
    }
    return OK;
}

/* rows_reverse - (1-alpha) CE + alpha sum_k f[k] (c log f[k] - logs[k]), c 1 or 0; logs [B,K]. */
static void rows_reverse(const struct loss_batch *b, double c, const double *logs, double *loss,
                         double *dlogits)
{
    *loss = (1 - b->alpha) * rows_xent(b, b->targets, dlogits);
    for (size_t i = 0; i < b->B && b->alpha > 0; i++) {
        const double *z = b->logits + i * b->K, *l = logs + i * b->K;
        double *d = dlogits + i * b->K, lse = row_lse(z, b->K), mean = 0;
        for (size_t k = 0; k < b->K; k++)
            mean += exp(z[k] - lse) * (c * (z[k] - lse) - l[k]);
        for (size_t k = 0; k < b->K; k++)
            d[k] = (1 - b->alpha) * d[k] +
                   b->alpha / (double)b->B * exp(z[k] - lse) * (c * (z[k] - lse) - l[k] - mean);
        *loss += b->alpha * mean / (double)b->B;
    }
}

/* log w of a label that may be certain: w kept from 0, and made to sum to 1 again, so that KL(f, w)
 * is 0 at f = w and above it elsewhere. */
static int loss_reverse_kl(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    const double least = 1e-6;
    double *logs = mem_alloc(b->B * b->K, sizeof *logs, e);
    if (!logs)
        return e->code;
    for (size_t i = 0; i < b->B; i++) {
        const double *w = b->targets + i * b->K;
        double sum = 0;
        for (size_t k = 0; k < b->K; k++)
            sum += fmax(w[k], least);
        for (size_t k = 0; k < b->K; k++)
            logs[i * b->K + k] = log(fmax(w[k], least) / sum);
    }
    rows_reverse(b, 1, logs, loss, dlogits);
    mem_free(logs);
    return OK;
}

/* Wang et al.'s: log w is never below A = -4, whatever that makes of the least loss. */
static int loss_reverse_xent(const struct loss_batch *b, double *loss, double *dlogits,
                             struct err *e)
{
    const double least = -4;
    double *logs = mem_alloc(b->B * b->K, sizeof *logs, e);
    if (!logs)
        return e->code;
    for (size_t i = 0; i < b->B * b->K; i++)
        logs[i] = fmax(log(b->targets[i]), least);
    rows_reverse(b, 0, logs, loss, dlogits);
    mem_free(logs);
    return OK;
}

static int loss_focal(const struct loss_batch *b, double *loss, double *dlogits, struct err *e)
{
    (void)e;
    *loss = rows_xent(b, b->targets, dlogits);
    if (b->gamma <= 0)
        return OK;
    *loss = 0;
    for (size_t i = 0; i < b->B; i++) {
        const double *z = b->logits + i * b->K, *w = b->targets + i * b->K;
        double *d = dlogits + i * b->K, lse = row_lse(z, b->K), sum = 0;
        for (size_t k = 0; k < b->K; k++) {
            double l = z[k] - lse, p = exp(l), q = -expm1(l), weight = pow(q, b->gamma);
            *loss -= w[k] * weight * l / (double)b->B;
            /* p d(loss)/dp; at p = 1 the second part is 0 for every gamma > 0 */
            d[k] = -w[k] * (weight - (q > 0 ? b->gamma * p * weight / q * l : 0));
            sum += d[k];
        }
        for (size_t k = 0; k < b->K; k++)
            d[k] = (d[k] - exp(z[k] - lse) * sum) / (double)b->B;
    }
    return OK;
}

const char *const loss_names[] = {
    [LOSS_XENT] = "xent",
    [LOSS_CONFIDENCE] = "confidence",
    [LOSS_PRODUCT] = "product",
    [LOSS_SMOOTHING] = "label smoothing",
    [LOSS_KL] = "kl",
    [LOSS_REVERSE_KL] = "reverse kl of bounded labels",
    [LOSS_REVERSE_XENT] = "reverse xent",
    [LOSS_FOCAL] = "focal",
};

static const struct {
    loss_fn *compute;
    bool mixes; /* has a coefficient alpha, which rises */
    bool joint; /* a row's gradient depends on the other rows, where alpha is not 0 */
} losses[] = {
    [LOSS_XENT] = {loss_xent, false, false},
    [LOSS_CONFIDENCE] = {loss_confidence, true, true},
    [LOSS_PRODUCT] = {loss_product, true, false},
    [LOSS_SMOOTHING] = {loss_smoothing, true, false},
    [LOSS_KL] = {loss_kl, false, false},
    [LOSS_REVERSE_KL] = {loss_reverse_kl, true, false},
    [LOSS_REVERSE_XENT] = {loss_reverse_xent, true, false},
    [LOSS_FOCAL] = {loss_focal, false, false},
};

bool loss_mixes(enum loss_kind kind)
{
    return losses[kind].mixes;
}

double loss_alpha(const struct loss_settings *s, size_t step, size_t steps)
{
    double rise = s->ramp * (double)steps;
    if (!losses[s->kind].mixes)
        return 0;
    return (double)step < rise ? s->alpha_max * ((double)step / rise) : s->alpha_max;
}

bool loss_writes(enum loss_kind kind)
{
    return kind == LOSS_XENT || kind == LOSS_CONFIDENCE;
}

bool loss_joint(const struct loss_settings *s, double alpha)
{
    return losses[s->kind].joint && alpha != 0.0;
}

int loss_compute(const struct loss_settings *s, double alpha, size_t B, size_t K,
                 const double *logits, const double *targets, double prior, double *loss,
                 double *dlogits, struct err *e)
{
    struct loss_batch b = {B,     K,        logits,         targets,     alpha,
                           prior, s->gamma, s->temperature, s->threshold};
    BUG_ON(!B || K < 2 || (size_t)s->kind >= sizeof losses / sizeof *losses);
    *loss = (double)NAN;
    for (size_t i = 0; i < B * K; i++)
        if (!isfinite(logits[i]))
            return err_set(e, ERR_NUMERIC, "loss is nan");
    int rc = losses[s->kind].compute(&b, loss, dlogits, e);
    if (!rc && !isfinite(*loss))
        rc = err_set(e, ERR_NUMERIC, "loss is %f", *loss);
    return rc;
}
