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
            if (!rc && b->rewards && !p->jobs[i]->votes)
                rc = job_rewards(p, p->jobs[i], &b->rewards[i], e);
            if (!rc && scored)
                rc = bench_score(b, i, e);
            for (size_t k = 0; !scored && k < SCORES; k++)
                b->scores[i][k] = (double)NAN;
            if (!rc)
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

/* best_of_line - what the rewards of one kind of model pick: {"n": [rating, lo, hi], ...}. jobs:
 * whose; NULL: the ratings' own. */
static int best_of_line(struct js *w, const char *key, const struct bench *b,
                        struct job *const *jobs, const struct trio_seed *t, const size_t *alive,
                        size_t n, const struct trio_settings *set, struct err *e)
{
    struct estimate x[BEST_OF];
    struct best_pool *pools = mem_alloc(n, sizeof *pools, e);
    if (!pools)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        size_t r = alive[i];
        const double *rated = b->ratings[r];
        pools[i] = (struct best_pool){t[i].n, b->K, t[i].units,
                                      jobs ? b->rewards[bench_job(b, jobs[r])] : rated, rated};
    }
    int rc = best_of_measure(pools, n, set, best_of, BEST_OF, x, e);
    js_key(w, key), js_open(w, '{');
    for (size_t k = 0; !rc && k < BEST_OF; k++) {
        char of[24];
        snprintf(of, sizeof of, "%zu", best_of[k]);
        estimate_json(w, of, &x[k]);
    }
    js_close(w, '}');
    mem_free(pools);
    return rc;
}

int best_of_json(struct js *w, const struct bench *b, const struct pair *q,
                 const struct trio_seed *t, const size_t *alive, size_t n,
                 const struct trio_settings *set, struct err *e)
{
    const struct {
        const char *key;
        struct job *const *jobs;
    } lines[] = {
        {"weak", q->weak}, {"student", q->student}, {"ceiling", q->ceiling}, {"possible", NULL}};
    int rc = OK;
    if (!b->rewards || !b->ratings[alive[0]])
        return OK;
    js_key(w, "best_of"), js_open(w, '{');
    for (size_t i = 0; !rc && i < sizeof lines / sizeof *lines; i++)
        if (!lines[i].jobs || !lines[i].jobs[alive[0]]->votes) /* who is no model rewards nothing */
            rc = best_of_line(w, lines[i].key, b, lines[i].jobs, t, alive, n, set, e);
    js_close(w, '}');
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
