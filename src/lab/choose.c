/* choose.c - see choose.h. */
#include "lab/choose.h"
#include "core/mem.h"
#include "core/order.h"
#include "core/rng.h"
#include "core/str.h"
#include "lab/metrics.h"

#include <math.h>
#include <stdlib.h>

const char *const *choice_keys(enum choice_kind kind)
{
    static const char *const
        sure[] = {"share", "by", NULL},
        *const window[] = {"low", "high", NULL}, *const told[] = {"share", NULL},
        *const neighbours[] = {"k", "weight", NULL}, *const confident[] = {"folds", "c", NULL},
        *const active[] = {"share", "by", "folds", "c", NULL}, *const contrast[] = {"weight", NULL},
        *const trust[] = {"share", "keep", "hidden", "c", NULL};
    static const char *const *const keys[] = {
        [CHOICE_SURE] = sure,           [CHOICE_WINDOW] = window, [CHOICE_HUMAN] = told,
        [CHOICE_SUPERVISOR] = told,     [CHOICE_ACTIVE] = active, [CHOICE_NEIGHBOURS] = neighbours,
        [CHOICE_CONFIDENT] = confident, [CHOICE_DYNAMICS] = sure, [CHOICE_CONTRAST] = contrast,
        [CHOICE_TRUST] = trust};
    return keys[kind];
}

/* by_names - the orders of a kind, which stand together in choice_by from *first on; NULL: it has
 * none. */
static const char *const *by_names(enum choice_kind kind, int *first)
{
    static const char *const sure[] = {"probability", "entropy", "margin", "agreement", NULL},
                             *const dynamics[] = {"confidence", "variability", NULL},
                             *const active[] = {"unsure", "disputed", "cover", NULL};
    *first = kind == CHOICE_DYNAMICS ? BY_CONFIDENCE
             : kind == CHOICE_ACTIVE ? ACTIVE_UNSURE
                                     : BY_PROBABILITY;
    return kind == CHOICE_DYNAMICS ? dynamics
           : kind == CHOICE_ACTIVE ? active
           : kind == CHOICE_SURE   ? sure
                                   : NULL;
}

/* by_read - in which order labels are chosen; of those that are told, folds and c are of one way
 * alone. */
static int by_read(struct choice *c, const struct doc *m, struct err *e)
{
    static const char *const own[] = {"folds", "c"};
    int first;
    const char *const *names = by_names(c->kind, &first);
    int by = (int)c->by - first, rc = names ? doc_opt_enum(m, "by", names, &by, e) : OK;
    c->by = (enum choice_by)(first + by);
    for (size_t i = 0; !rc && c->kind == CHOICE_ACTIVE && c->by != ACTIVE_DISPUTED && i < 2; i++)
        if (doc_get(m, own[i]))
            rc = doc_fail(doc_get(m, own[i]), e,
                          "\"%s\" is of by: disputed, and \"by\" is %s: nothing is fitted there",
                          own[i], names[by]);
    return rc;
}

int choice_read(struct choice *c, const struct doc *m, struct err *e)
{
    double most = c->kind == CHOICE_CONTRAST ? 100 : 1; /* of a weight that is no share */
    int rc;
    if (c->kind == CHOICE_ALL)
        return OK;
    if ((rc = doc_opt_real(m, "share", 0, 1, &c->share, e)) ||
        (rc = doc_opt_real(m, "low", 0, 1, &c->low, e)) ||
        (rc = doc_opt_real(m, "high", 0, 1, &c->high, e)) ||
        (rc = doc_opt_size(m, "k", 1, 1000, &c->k, e)) ||
        (rc = doc_opt_real(m, "weight", 0, most, &c->weight, e)) ||
        (rc = doc_opt_size(m, "folds", 2, 100, &c->folds, e)) ||
        (rc = doc_opt_real(m, "c", 1e-12, 1e12, &c->c, e)) ||
        (rc = doc_opt_real(m, "keep", 0, 1, &c->keep, e)) ||
        (rc = doc_opt_size(m, "hidden", 1, 1000, &c->hidden, e)) || (rc = by_read(c, m, e)))
        return rc;
    if ((c->kind == CHOICE_SURE || c->kind == CHOICE_DYNAMICS || choice_told(c)) && c->share <= 0)
        return doc_fail(doc_get(m, "share"), e, "\"share\" is %g, wanted more than 0", c->share);
    if (c->kind == CHOICE_TRUST && c->keep <= 0)
        return doc_fail(doc_get(m, "keep"), e, "\"keep\" is %g, wanted more than 0", c->keep);
    if (c->kind == CHOICE_WINDOW && c->low > c->high)
        return doc_fail(m, e, "\"low\" is %g and \"high\" is %g, wanted low at most high", c->low,
                        c->high);
    return OK;
}

bool choice_told(const struct choice *c)
{
    return c->kind == CHOICE_HUMAN || c->kind == CHOICE_SUPERVISOR || c->kind == CHOICE_ACTIVE ||
           c->kind == CHOICE_TRUST;
}

bool choice_reads(const struct choice *c)
{
    return c->kind == CHOICE_NEIGHBOURS || c->kind == CHOICE_CONFIDENT ||
           (c->kind == CHOICE_ACTIVE && c->by != ACTIVE_UNSURE);
}

bool choice_folds(const struct choice *c)
{
    return c->kind == CHOICE_CONFIDENT || (c->kind == CHOICE_ACTIVE && c->by == ACTIVE_DISPUTED);
}

int choice_gone(const struct choice *c, const struct doc *m, struct err *e)
{
    const struct doc *alone = doc_get(m, "alone");
    if (c->kind != CHOICE_HUMAN || !alone)
        return OK;
    return doc_fail(alone, e,
                    "\"alone\" is a method now and no setting: name human_labels_alone in "
                    "\"methods\" for students that learn the human labels alone, human_labels for "
                    "the mixture");
}

void choice_json(const struct choice *c, struct js *j)
{
    int first;
    const char *const *names = by_names(c->kind, &first);
    if (c->kind == CHOICE_SURE || c->kind == CHOICE_DYNAMICS || choice_told(c))
        js_key(j, "share"), js_real(j, c->share);
    if (c->kind == CHOICE_WINDOW) {
        js_key(j, "low"), js_real(j, c->low);
        js_key(j, "high"), js_real(j, c->high);
    }
    if (c->kind == CHOICE_NEIGHBOURS)
        js_key(j, "k"), js_int(j, (int64_t)c->k);
    if (c->kind == CHOICE_NEIGHBOURS || c->kind == CHOICE_CONTRAST)
        js_key(j, "weight"), js_real(j, c->weight);
    if (names && c->by != BY_PROBABILITY)
        js_key(j, "by"), js_str(j, names[(int)c->by - first]);
    if (choice_folds(c)) {
        js_key(j, "folds"), js_int(j, (int64_t)c->folds);
        js_key(j, "c"), js_real(j, c->c);
    }
    if (c->kind == CHOICE_TRUST) {
        js_key(j, "keep"), js_real(j, c->keep);
        js_key(j, "hidden"), js_int(j, (int64_t)c->hidden);
        js_key(j, "c"), js_real(j, c->c);
    }
}

double choice_share(const struct choice *c)
{
    if (c->kind == CHOICE_TRUST)
        return c->keep;
    return c->kind == CHOICE_SURE || c->kind == CHOICE_DYNAMICS || c->alone ? c->share : 1;
}

/* A label: how sure it is, what the order goes by, its place. */
struct sure {
    double p, score;
    size_t i;
};

/* The largest score first; of equal ones the surest, of these the first. */
static int sure_compare(const void *pa, const void *pb)
{
    const struct sure *a = pa, *b = pb;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    return a->p != b->p ? (a->p < b->p ? 1 : -1) : (a->i > b->i) - (a->i < b->i);
}

/* entropy_less - log K less the entropy of p [K], which sums to 1: a sum over x = K p - 1 of
 * ((1 + x) log(1 + x) - x) / K, whose x are nothing together, but for their rounding, which would
 * hide what is nearly even. */
static double entropy_less(const double *p, size_t K)
{
    double sum = 0;
    for (size_t k = 0; k < K; k++) {
        double x = (double)K * p[k] - 1;
        sum += ((p[k] > 0 ? (1 + x) * log1p(x) : 0) - x) / (double)K;
    }
    return sum;
}

/* margin_of - the largest of p [K], the best-th, less the largest of the others. */
static double margin_of(const double *p, size_t K, size_t best)
{
    double second = 0;
    for (size_t k = 0; k < K; k++)
        if (k != best)
            second = fmax(second, p[k]);
    return p[best] - second;
}

/* sure_of - the i-th label, p [K]. */
static struct sure sure_of(const struct choice *c, const double *p, const double *score, size_t i,
                           size_t K)
{
    size_t best = metrics_argmax(p, K);
    struct sure s = {p[best], p[best], i};
    if (c->kind == CHOICE_WINDOW)
        return s;
    switch (c->by) {
    case BY_PROBABILITY:
        break;
    case BY_ENTROPY:
        s.score = entropy_less(p, K);
        break;
    case BY_MARGIN:
        s.score = margin_of(p, K, best);
        break;
    case BY_AGREEMENT:
    case BY_CONFIDENCE:
    case BY_VARIABILITY:
        s.score = score[i];
        break;
    case ACTIVE_UNSURE:
    case ACTIVE_DISPUTED:
    case ACTIVE_COVER:
        BUG("labels are asked for elsewhere");
    }
    return s;
}

size_t choice_share_count(double share, size_t n)
{
    return (size_t)floor(share * (double)n + 0.5);
}

/* share_least - the least share of two digits of which one of n examples is. */
static double share_least(size_t n)
{
    double half = 0.5 / (double)n, step = pow(10, floor(log10(half)) - 1);
    return ceil(half / step) * step;
}

int choice_fits(const struct choice *c, const char *method, size_t n, size_t questions,
                struct err *e)
{
    const struct {
        const char *key;
        double is;
        bool of;
    } shares[] = {
        {"share", c->share, c->kind == CHOICE_SURE || c->kind == CHOICE_DYNAMICS || choice_told(c)},
        {"keep", c->keep, c->kind == CHOICE_TRUST},
    };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (shares[i].of && !choice_share_count(shares[i].is, n))
            return err_set(e, ERR_INPUT,
                           "%s.%s is %g, and of the %zu example%s of data.train that is none: "
                           "wanted at least %g",
                           method, shares[i].key, shares[i].is, n, n == 1 ? "" : "s",
                           share_least(n));
    if (choice_folds(c) && c->folds > questions)
        return err_set(e, ERR_INPUT,
                       "%s.folds is %zu, and the examples of data.train are of %zu question%s: "
                       "wanted at most as many folds",
                       method, c->folds, questions, questions == 1 ? "" : "s");
    return OK;
}

/* choose_first - n_out, of n, that come first in their order; out [n]. */
static void choose_first(struct sure *by, size_t n, size_t *out, size_t n_out)
{
    qsort(by, n, sizeof *by, sure_compare);
    for (size_t i = 0; i < n_out; i++)
        out[i] = by[i].i;
    qsort(out, n_out, sizeof *out, order_size);
}

/* choose_sure - the first of all in their order; out [n]. */
static int choose_sure(const struct choice *c, struct sure *all, size_t n, size_t *out,
                       size_t *n_out, struct err *e)
{
    const char *name = c->kind == CHOICE_SURE ? "high_confidence" : "dynamics";
    int rc = choice_count(name, c->share, n, n_out, e);
    if (!rc)
        choose_first(all, n, out, *n_out);
    return rc;
}

static int choose_window(const struct choice *c, struct sure *all, size_t n, size_t *out,
                         size_t *n_out, struct err *e)
{
    double least = 1, most = 0;
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, all[i].p);
        most = fmax(most, all[i].p);
        if (all[i].p >= c->low && all[i].p <= c->high)
            out[(*n_out)++] = all[i].i;
    }
    if (!*n_out)
        return err_set(e, ERR_INPUT,
                       "confidence_window: no label's largest probability is from %g to %g; those "
                       "of the %zu examples are from %.4g to %.4g",
                       c->low, c->high, n, least, most);
    return OK;
}

int choice_make(const struct choice *c, const double *probs, const double *score, size_t n,
                size_t K, size_t **chosen, size_t *n_chosen, struct err *e)
{
    struct sure *all = mem_alloc(n, sizeof *all, e);
    int rc;
    *chosen = all ? mem_alloc(n, sizeof **chosen, e) : NULL;
    rc = *chosen ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        all[i] = sure_of(c, probs + i * K, score, i, K);
    BUG_ON(c->kind == CHOICE_ALL);
    if (!rc)
        rc = (c->kind == CHOICE_WINDOW ? choose_window : choose_sure)(c, all, n, *chosen, n_chosen,
                                                                      e);
    mem_free(all);
    if (rc) {
        mem_free(*chosen);
        *chosen = NULL;
    }
    return rc;
}

int choice_trusted(const struct choice *c, const double *trust, size_t n, size_t **chosen,
                   size_t *n_chosen, struct err *e)
{
    struct sure *all = mem_alloc(n, sizeof *all, e);
    *chosen = NULL;
    *n_chosen = choice_share_count(c->keep, n);
    int rc = all ? OK : e->code;
    if (!rc && !*n_chosen)
        rc = err_set(e, ERR_INPUT, "trust: a keep of %g of %zu examples is none", c->keep, n);
    if (!rc && !(*chosen = mem_alloc(n, sizeof **chosen, e)))
        rc = e->code;
    for (size_t i = 0; !rc && i < n; i++)
        all[i] = (struct sure){trust[i], trust[i], i};
    if (!rc)
        choose_first(all, n, *chosen, *n_chosen);
    mem_free(all);
    return rc;
}

int choice_count(const char *method, double share, size_t n, size_t *k, struct err *e)
{
    *k = choice_share_count(share, n);
    return *k ? OK
              : err_set(e, ERR_INPUT, "%s: a share of %g of %zu examples is none", method, share,
                        n);
}

int choice_drawn(const char *method, double share, uint64_t seed, size_t n, size_t **drawn,
                 size_t *k, struct err *e)
{
    struct rng rng;
    int rc = choice_count(method, share, n, k, e);
    *drawn = NULL;
    if (rc)
        return rc;
    size_t *all = mem_alloc(n, sizeof *all, e);
    if (!all)
        return e->code;
    for (size_t i = 0; i < n; i++)
        all[i] = i;
    rng_init(&rng, seed, "human labels");
    rng_shuffle(&rng, all, n);
    qsort(all, *k, sizeof *all, order_size);
    *drawn = all;
    return OK;
}

void dynamics_measure(const double *p, size_t M, size_t n, double *confidence, double *variability)
{
    for (size_t i = 0; i < n; i++) {
        double mean = 0, square = 0;
        for (size_t m = 0; m < M; m++)
            mean += p[m * n + i] / (double)M;
        for (size_t m = 0; m < M; m++)
            square += (p[m * n + i] - mean) * (p[m * n + i] - mean) / (double)M;
        confidence[i] = mean;
        variability[i] = sqrt(square);
    }
}

int choice_human(const struct choice *c, uint64_t seed, const int *truth, size_t n, size_t K,
                 double *probs, size_t **chosen, size_t *n_human, struct err *e)
{
    size_t *drawn;
    int rc = choice_drawn(c->alone ? "human_labels_alone" : "human_labels", c->share, seed, n,
                          &drawn, n_human, e);
    *chosen = NULL;
    if (rc)
        return rc;
    for (size_t h = 0; h < *n_human; h++)
        for (size_t k = 0; k < K; k++)
            probs[drawn[h] * K + k] = k == (size_t)truth[drawn[h]];
    if (c->alone)
        *chosen = drawn;
    else
        mem_free(drawn);
    return OK;
}
