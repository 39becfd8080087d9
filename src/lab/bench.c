/* bench.c - see bench.h. */
#include "lab/bench.h"
#include "lab/best_of.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

static const char *const score_names[SCORES] = {"auroc", "prior_matched_accuracy", "ece", "brier"};

const char *bench_score_name(size_t k)
{
    return score_names[k];
}

static int bench_score(struct bench *b, size_t i, struct err *e)
{
    const struct job *j = b->p->jobs[i];
    const double *probs = b->probs[i];
    const int *labels = b->labels[j->repetition];
    size_t n = b->p->data[j->repetition].n[PART_TEST];
    struct err own = ERR_INIT;
    b->scores[i][SCORE_AUROC] = metrics_auroc(probs, labels, n, b->K, &own);
    if (!own.code)
        b->scores[i][SCORE_PRIOR] = metrics_prior_matched(probs, labels, n, b->K, &own);
    b->scores[i][SCORE_ECE] = metrics_ece(probs, labels, n, b->K);
    b->scores[i][SCORE_BRIER] = metrics_brier(probs, labels, n, b->K);
    if (own.code)
        *e = own;
    return own.code;
}

/* ratings_get - people's, of the alternatives of every test example; none where one has none. */
static int ratings_get(const struct dataset *d, size_t K, double **out, struct err *e)
{
    bool all = true;
    double *x = mem_alloc(d->n[PART_TEST], K * sizeof *x, e);
    if (!x)
        return e->code;
    for (size_t i = 0; i < d->n[PART_TEST]; i++)
        for (size_t k = 0; k < K; k++) {
            x[i * K + k] = d->part[PART_TEST][i].alternatives[k].rating;
            all = all && !isnan(x[i * K + k]);
        }
    *out = all ? x : NULL;
    if (!all)
        mem_free(x);
    return OK;
}

int bench_open(struct bench *b, const struct plan *p, struct err *e)
{
    *b = (struct bench){.p = p, .K = task_classes(p->task)};
    b->labels = mem_zalloc(p->study->seeds, sizeof *b->labels, e);
    b->units = b->labels ? mem_zalloc(p->study->seeds, sizeof *b->units, e) : NULL;
    b->probs = b->units ? mem_zalloc(p->n_jobs, sizeof *b->probs, e) : NULL;
    b->scores = b->probs ? mem_zalloc(p->n_jobs, sizeof *b->scores, e) : NULL;
    b->results = b->scores ? mem_zalloc(p->n_jobs, sizeof *b->results, e) : NULL;
    if (!b->results)
        return e->code;
    if (task_alternatives(p->task)) {
        b->rewards = mem_zalloc(p->n_jobs, sizeof *b->rewards, e);
        b->ratings = b->rewards ? mem_zalloc(p->study->seeds, sizeof *b->ratings, e) : NULL;
        if (!b->ratings)
            return e->code;
    }
    for (size_t r = 0; r < p->study->seeds; r++) {
        const struct dataset *d = &p->data[r];
        b->labels[r] = mem_alloc(d->n[PART_TEST], sizeof **b->labels, e);
        b->units[r] = b->labels[r] ? mem_alloc(d->n[PART_TEST], sizeof **b->units, e) : NULL;
        if (!b->units[r])
            return e->code;
        for (size_t i = 0; i < d->n[PART_TEST]; i++) {
            b->labels[r][i] = d->part[PART_TEST][i].label;
            b->units[r][i] = d->part[PART_TEST][i].question;
        }
        int rc = b->ratings ? ratings_get(d, b->K, &b->ratings[r], e) : OK;
        if (rc)
            return rc;
    }
    if (task_writes(p->task)) {
        int rc = bench_answers(b, e);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->jobs[i]->state != JOB_FAILED) {
            bool scored = !b->answers && job_scored(p, p->jobs[i]);
            int rc = scored ? job_probs(p, p->jobs[i], PART_TEST, &b->probs[i], e) : OK;
            if (!rc && b->rewards && scored && !p->jobs[i]->votes)
                rc = job_rewards(p, p->jobs[i], &b->rewards[i], e);
            if (!rc && scored)
                rc = bench_score(b, i, e);
            for (size_t k = 0; !scored && k < SCORES; k++)
                b->scores[i][k] = (double)NAN;
            bool idle = p->jobs[i]->role == JOB_FEATURES && /* found because not needed */
                        !store_has(p->lab->store, p->jobs[i]->hash);
            if (!rc && !idle)
                rc = store_result(p->lab->store, p->jobs[i]->hash, &b->results[i], e);
            if (rc)
                return rc;
        }
    return OK;
}

void bench_close(struct bench *b)
{
    for (size_t r = 0; b->labels && r < b->p->study->seeds; r++)
        mem_free(b->labels[r]);
    for (size_t r = 0; b->units && r < b->p->study->seeds; r++)
        mem_free(b->units[r]);
    for (size_t i = 0; b->probs && i < b->p->n_jobs; i++)
        mem_free(b->probs[i]);
    for (size_t i = 0; b->rewards && i < b->p->n_jobs; i++)
        mem_free(b->rewards[i]);
    for (size_t r = 0; b->ratings && r < b->p->study->seeds; r++)
        mem_free(b->ratings[r]);
    for (size_t i = 0; b->answers && i < b->p->n_jobs; i++)
        answers_release(&b->answers[i]);
    mem_free(b->answers);
    mem_free(b->rewards);
    mem_free(b->ratings);
    for (size_t i = 0; b->results && i < b->p->n_jobs; i++)
        doc_tree_release(&b->results[i]);
    mem_free(b->results);
    mem_free(b->labels);
    mem_free(b->units);
    mem_free(b->probs);
    mem_free(b->scores);
    mem_free(b->versus);
}

size_t bench_job(const struct bench *b, const struct job *j)
{
    for (size_t i = 0; i < b->p->n_jobs; i++)
        if (b->p->jobs[i] == j)
            return i;
    BUG("job %s is not of this plan", j->hash);
}

const double *bench_probs(const struct bench *b, const struct job *j)
{
    return b->probs[bench_job(b, j)];
}

void estimate_json(struct js *w, const char *key, const struct estimate *x)
{
    js_key(w, key), js_open(w, '[');
    js_real(w, x->value), js_real(w, x->lo), js_real(w, x->hi);
    js_close(w, ']');
}

void pgr_json(struct js *w, const struct trio *x)
{
    estimate_json(w, "gap", &x->gap);
    estimate_json(w, "gain", &x->gain);
    estimate_json(w, "pgr", &x->pgr);
    js_key(w, "pgr_undefined");
    if (pgr_reason_words(x->reason))
        js_str(w, pgr_reason_words(x->reason));
    else
        js_null(w);
}

static const size_t best_of[] = {1, 2, 4, 8, 16, 32, 64};
enum { BEST_OF = sizeof best_of / sizeof *best_of };

/* picks - what rewards pick is measured with. */
struct picks {
    const struct bench *b;
    const struct trio_settings *set;
    const size_t *alive; /* [n] repetitions */
    size_t n;
    struct best_pool *pools; /* [n] */
    bool within;             /* rewards compare within an example alone */
};

/* picks_line - what the rewards of one kind of model pick: {"n": [rating, lo, hi], ...}. jobs:
 * whose; NULL: the ratings' own. */
static int picks_line(struct js *w, const char *key, const struct picks *p, struct job *const *jobs,
                      struct err *e)
{
    struct estimate x[BEST_OF];
    const size_t within[] = {p->b->K}, *of = p->within ? within : best_of;
    size_t n = p->within ? 1 : BEST_OF;
    for (size_t i = 0; i < p->n; i++)
        p->pools[i].rewards =
            jobs ? p->b->rewards[bench_job(p->b, jobs[p->alive[i]])] : p->pools[i].ratings;
    int rc = p->within ? best_within_measure(p->pools, p->n, p->set, x, e)
                       : best_of_measure(p->pools, p->n, p->set, of, n, x, e);
    js_key(w, key), js_open(w, '{');
    for (size_t k = 0; !rc && k < n; k++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", of[k]);
        estimate_json(w, name, &x[k]);
    }
    js_close(w, '}');
    return rc;
}

/* picks_rewarded - whether there are such models, which are models, as votes are not, and did not
 * fail. */
static bool picks_rewarded(const struct picks *p, struct job *const *jobs)
{
    for (size_t i = 0; jobs && i < p->n; i++)
        if (!p->b->rewards[bench_job(p->b, jobs[p->alive[i]])])
            return false;
    return jobs != NULL;
}

/* picks_json - a line for each of a pair's models, and (own not NULL) the ratings' own under that
 * name. */
static int picks_json(struct js *w, const char *key, const struct picks *p, const struct pair *q,
                      const char *own, struct err *e)
{
    const struct {
        const char *key;
        struct job *const *jobs;
    } lines[] = {{"weak", q->weak},
                 {"student", q->student},
                 {"ceiling", q->ceiling},
                 {"untrained", q->untrained}};
    int rc = OK;
    js_key(w, key), js_open(w, '{');
    for (size_t i = 0; !rc && i < sizeof lines / sizeof *lines; i++)
        if (picks_rewarded(p, lines[i].jobs))
            rc = picks_line(w, lines[i].key, p, lines[i].jobs, e);
    if (!rc && own)
        rc = picks_line(w, own, p, NULL, e);
    js_close(w, '}');
    return rc;
}

/* standardised - x [n] with mean 0 and variance 1, heap; NAN where all are equal. */
static double *standardised(const double *x, size_t n, struct err *e)
{
    double mean = 0, spread = 0;
    double *z = mem_alloc(n, sizeof *z, e);
    for (size_t i = 0; z && i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; z && i < n; i++)
        spread += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; z && i < n; i++)
        z[i] = spread > 0 ? (x[i] - mean) / sqrt(spread) : (double)NAN;
    return z;
}

int best_of_json(struct js *w, const struct bench *b, const struct pair *q,
                 const struct trio_seed *t, const size_t *alive, size_t n,
                 const struct trio_settings *set, struct err *e)
{
    if (!b->rewards)
        return OK;
    bool rated = b->ratings[alive[0]] != NULL;
    struct picks p = {b, set, alive, n, NULL, !rated};
    double **z = mem_zalloc(n, sizeof *z, e);
    p.pools = z ? mem_zalloc(n, sizeof *p.pools, e) : NULL;
    int rc = p.pools ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        p.pools[i] = (struct best_pool){t[i].n, b->K, t[i].units, NULL, b->ratings[alive[i]]};
    if (!rc && rated)
        rc = picks_json(w, "best_of", &p, q, "possible", e);
    for (size_t i = 0; !rc && i < n; i++) {
        const double *ceiling = b->rewards[bench_job(b, q->ceiling[alive[i]])];
        z[i] = rated ? standardised(ceiling, t[i].n * b->K, e) : NULL;
        p.pools[i].ratings = rated ? z[i] : ceiling;
        rc = rated && !z[i] ? e->code : OK;
    }
    if (!rc)
        rc = picks_json(w, "best_of_by_ceiling", &p, q, NULL, e);
    for (size_t i = 0; z && i < n; i++)
        mem_free(z[i]);
    mem_free(z);
    mem_free(p.pools);
    return rc;
}

double bench_number(const struct bench *b, size_t i, const char *key)
{
    const struct doc *d = doc_get(b->results[i].root, key);
    return d && (d->type == DOC_INT || d->type == DOC_REAL) ? d->r : 0;
}

void model_id(const struct job *j, struct str *out)
{
    str_reset(out);
    job_who(j, out);
}
