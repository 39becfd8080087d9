/* job_ensemble.c - a supervisor made of several models: who they are, what each learns, what they
 * say together. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

int ensemble_name(const struct study_side *side, size_t i, const char **name, struct arena *a,
                  struct err *e)
{
    const struct ensemble *s = &side->ensemble;
    bool rounds = s->rounds > 0;
    struct str out = STR_INIT;
    str_cat(&out, ensemble_names[s->kind]);
    if (rounds)
        str_addf(&out, "-%zu", s->rounds);
    for (size_t k = rounds ? i : 0; k < (rounds ? i + 1 : side->n_models * side->n_layers); k++) {
        if (side->n_models > 1)
            str_addf(&out, "-%s", file_name(side->models[k / side->n_layers]));
        if (side->layers[k % side->n_layers])
            str_addf(&out, "-%zu", side->layers[k % side->n_layers]);
        else
            str_cat(&out, "-all");
    }
    int rc = str_check(&out, e);
    *name = rc ? NULL : arena_strdup(a, out.s, e);
    str_release(&out);
    return *name ? OK : e->code;
}

int plan_ensemble(const struct plan *p, struct err *e)
{
    const struct study_side *side = &p->study->supervisor;
    size_t n = side->n_models * side->n_layers;
    if (side->ensemble.kind == ENSEMBLE_NONE)
        return OK;
    if (task_writes(p->task))
        return err_set(
            e, ERR_INPUT,
            "supervisor: %s needs the probability of each class, and the answers of task "
            "%s are written",
            ensemble_names[side->ensemble.kind], task_name(p->task));
    if (side->ensemble.rounds && side->learner != LEARNER_FINETUNE)
        return err_set(e, ERR_INPUT,
                       "supervisor.%s is of models that learn on samples, and the supervisor's "
                       "learner is %s",
                       ensemble_names[side->ensemble.kind], learner_names[side->learner]);
    if (!side->ensemble.rounds && (n < 2 || n > ENSEMBLE_MOST))
        return err_set(e, ERR_INPUT,
                       "supervisor.combine is of %zu models, wanted from 2 to %d (its models, "
                       "each of its layers)",
                       n, ENSEMBLE_MOST);
    return OK;
}

/* needs_rounds - the members of bagging or boosting, all of them like m. */
static int needs_rounds(struct plan *p, struct job *j, struct job m, struct err *e)
{
    int rc = OK;
    m.member = j->ensemble->kind;
    for (m.round = 1; !rc && m.round <= j->ensemble->rounds; m.round++) {
        struct job *done;
        rc = plan_add(p, &m, &done, e);
        if (rc)
            break;
        job_need(j, done);
        if (m.member == ENSEMBLE_BOOSTING)
            job_need(&m, done);
    }
    return rc;
}

int ensemble_needs(struct plan *p, struct job *j, struct err *e)
{
    const struct study_side *side = j->side;
    bool rounds = j->ensemble->rounds > 0;
    size_t all = side->n_models * side->n_layers;
    int rc = OK;
    for (size_t i = rounds ? j->vote : 0; !rc && i < (rounds ? j->vote + 1 : all); i++) {
        struct job m, *done;
        if ((rc = side_member(p, side, i, &m, e)))
            break;
        m.repetition = j->repetition;
        m.role = JOB_SUPERVISOR;
        m.part = PART_SUPERVISE;
        if (rounds)
            return needs_rounds(p, j, m, e);
        rc = plan_add(p, &m, &done, e);
        if (!rc)
            job_need(j, done);
    }
    return rc;
}

/* members - how many of what it stands on, the first ones, are members: an ensemble's, or the
 * earlier rounds of one that is boosted, behind which may be where its weights come from. */
static size_t members(const struct job *j)
{
    return j->ensemble ? j->n_needs : j->round - 1;
}

void member_json(struct js *w, const struct job *j)
{
    if (j->member == ENSEMBLE_NONE)
        return;
    js_key(w, ensemble_names[j->member]), js_int(w, (int64_t)j->round);
    if (j->member != ENSEMBLE_BOOSTING)
        return;
    js_key(w, "earlier"), js_open(w, '[');
    for (size_t i = 0; i < members(j); i++)
        js_str(w, j->needs[i]->hash);
    js_close(w, ']');
}

int spec_ensemble(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "ensemble");
    js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
    js_key(&w, "ensemble"), js_str(&w, ensemble_names[j->ensemble->kind]);
    js_key(&w, "members"), js_open(&w, '[');
    for (size_t i = 0; i < j->n_needs; i++)
        js_str(&w, j->needs[i]->hash);
    js_close(&w, ']');
    js_key(&w, "data"), js_open(&w, '{'); /* its accuracy is of the test part's labels */
    for (int part = 0; part < PART_COUNT; part++)
        js_key(&w, lab_part_names[part]), js_str(&w, p->data[j->repetition].part_hash[part]);
    js_close(&w, '}');
    js_close(&w, '}');
    return str_check(out, e);
}

/* boost_replay - the weights of examples after the rounds of these members, from the beginning:
 * each one's alpha. */
static int boost_replay(const struct desk *d, double *w, double *alpha, struct err *e)
{
    size_t n = d->data->n[PART_SUPERVISE];
    int rc = OK;
    int *labels = mem_alloc(n, sizeof *labels, e);
    if (!labels)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        labels[i] = d->data->part[PART_SUPERVISE][i].label;
        w[i] = 1 / (double)n;
    }
    for (size_t m = 0; !rc && m < members(d->job); m++) {
        double *probs = NULL;
        rc = job_probs(d->plan, d->job->needs[m], PART_SUPERVISE, &probs, e);
        if (!rc)
            alpha[m] = boost_round(w, probs, labels, n, d->K);
        mem_free(probs);
    }
    mem_free(labels);
    return rc;
}

int member_choose(struct desk *d, struct err *e)
{
    size_t n = d->data->n[PART_SUPERVISE];
    bool boosts = d->job->member == ENSEMBLE_BOOSTING;
    double alpha[JOB_NEEDS];
    char stream[40];
    struct rng rng;
    double *w = mem_alloc(n, sizeof *w, e);
    d->chosen = w ? mem_alloc(n, sizeof *d->chosen, e) : NULL;
    d->n_chosen = n;
    int rc = d->chosen ? OK : e->code;
    if (!rc && boosts)
        rc = boost_replay(d, w, alpha, e);
    snprintf(stream, sizeof stream, "%s %zu", ensemble_names[d->job->member], d->job->round);
    rng_init(&rng, study_seed(d->plan->study, SEED_ORDER, d->job->repetition), stream);
    if (!rc)
        rc = sample_draw(&rng, boosts ? w : NULL, n, d->chosen, e);
    mem_free(w);
    return rc;
}

int members_agreed(struct desk *d, double **share, struct err *e)
{
    const struct job *whole = d->job->supervisor;
    double *probs[JOB_NEEDS] = {NULL};
    size_t n = d->data->n[PART_TRAIN];
    *share = mem_alloc(n, sizeof **share, e);
    int rc = *share ? OK : e->code;
    for (size_t m = 0; m < members(whole) && !rc; m++)
        rc = job_probs(d->plan, whole->needs[m], PART_TRAIN, &probs[m], e);
    if (!rc)
        ensemble_agreed((const double *const *)probs, d->targets, members(whole), n, d->K, *share);
    for (size_t m = 0; m < members(whole); m++)
        mem_free(probs[m]);
    return rc;
}

/* combine_weights - what each member's say is worth. */
static int combine_weights(struct desk *d, double *weight, struct err *e)
{
    double *probs[JOB_NEEDS] = {NULL}, *w;
    size_t M = d->job->n_needs, n = d->data->n[PART_TRAIN];
    int rc = OK;
    for (size_t m = 0; m < M; m++)
        weight[m] = 1;
    if (d->job->ensemble->kind == ENSEMBLE_BOOSTING) {
        w = mem_alloc(d->data->n[PART_SUPERVISE], sizeof *w, e);
        rc = w ? boost_replay(d, w, weight, e) : e->code;
        mem_free(w);
    }
    if (d->job->ensemble->kind != ENSEMBLE_AGREEMENT)
        return rc;
    for (size_t m = 0; m < M && !rc; m++)
        rc = job_probs(d->plan, d->job->needs[m], PART_TRAIN, &probs[m], e);
    if (!rc)
        agreement_weights((const double *const *)probs, M, n, d->K, weight);
    for (size_t m = 0; m < M; m++)
        mem_free(probs[m]);
    return rc;
}

/* votes_alone - of boosting each member names a class: 1 for it. */
static void votes_alone(double *probs, size_t n, size_t K)
{
    for (size_t i = 0; i < n; i++) {
        size_t best = metrics_argmax(probs + i * K, K);
        for (size_t k = 0; k < K; k++)
            probs[i * K + k] = k == best;
    }
}

static int combine_part(struct desk *d, enum task_part part, const double *weight, struct err *e)
{
    double *probs[JOB_NEEDS] = {NULL};
    size_t M = d->job->n_needs, n = d->data->n[part];
    d->probs[part] = mem_alloc(n, d->K * sizeof *d->probs[part], e);
    int rc = d->probs[part] ? OK : e->code;
    for (size_t m = 0; m < M && !rc; m++) {
        rc = job_probs(d->plan, d->job->needs[m], part, &probs[m], e);
        if (!rc && d->job->ensemble->kind == ENSEMBLE_BOOSTING)
            votes_alone(probs[m], n, d->K);
    }
    if (!rc)
        ensemble_mean((const double *const *)probs, weight, M, n, d->K, d->probs[part]);
    for (size_t m = 0; m < M; m++)
        mem_free(probs[m]);
    return rc ? rc : array_keep(d, part, NULL, d->probs[part], e);
}

int run_ensemble(struct desk *d, struct err *e)
{
    double weight[JOB_NEEDS];
    struct js w;
    int rc = combine_weights(d, weight, e);
    for (int part = 0; part < PART_COUNT && !rc; part++)
        if (d->data->n[part] && part != PART_SUPERVISE)
            rc = combine_part(d, (enum task_part)part, weight, e);
    js_init(&w, &d->more);
    js_open(&w, '[');
    for (size_t m = 0; !rc && m < d->job->n_needs; m++)
        js_real(&w, weight[m]);
    js_close(&w, ']');
    return rc ? rc : probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
}
