/* kinds.c - the table of kinds of jobs, and the simplest of them. */
#include "lab/desk.h"
#include "lab/generative.h"
#include "lab/prompting.h"
#include "lab/recite.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

static bool is_votes(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->votes != NULL;
}

static bool is_labels(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->given != NULL;
}

static bool is_stop(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->method && method_stops(j->method);
}

static bool is_advocate(const struct plan *p, const struct job *j)
{
    (void)p;
    return job_argues(j);
}

static bool is_asked(const struct plan *p, const struct job *j)
{
    (void)p;
    return job_asks(j);
}

static bool is_lm(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_LM;
}

static bool is_features(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_FEATURES;
}

static bool is_recite(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_RECITE;
}

static bool is_probe(const struct plan *p, const struct job *j)
{
    (void)p;
    return job_probes(j);
}

static bool is_probed(const struct plan *p, const struct job *j)
{
    (void)p;
    return job_probed(j);
}

static bool is_untrained(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_UNTRAINED;
}

static bool is_written(const struct plan *p, const struct job *j)
{
    (void)j;
    return task_writes(p->task);
}

static bool is_any(const struct plan *p, const struct job *j)
{
    (void)p, (void)j;
    return true;
}

static bool is_simulated(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->simulated != NULL;
}

static bool is_ensemble(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->ensemble != NULL;
}

static bool is_repair(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_REPAIR;
}

static bool is_trust(const struct plan *p, const struct job *j)
{
    (void)p;
    return job_trusts(j);
}

static bool is_dynamics(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_REPAIR && j->method->recipe == RECIPE_DYNAMICS;
}

static bool is_contrast(const struct plan *p, const struct job *j)
{
    (void)p;
    return j->role == JOB_REPAIR && j->method->recipe == RECIPE_CONTRAST;
}

static const struct job_kind kinds[] = {
    {"dynamics", is_dynamics, spec_dynamics, run_dynamics, true},
    {"contrast", is_contrast, spec_contrast, run_contrast, true},
    {"trust", is_trust, spec_trust, run_trust, false},
    {"repair", is_repair, spec_repair, run_repair, false},
    {"ensemble", is_ensemble, spec_ensemble, run_ensemble, true},
    {"simulated", is_simulated, spec_simulated, run_simulated, true},
    {"labels", is_labels, spec_labels, run_labels, true},
    {"votes", is_votes, spec_votes, run_votes, true},
    {"argue", is_advocate, spec_argue, run_argue, false},
    {"prompt", is_asked, spec_prompt, run_prompt, false},
    {"stop", is_stop, spec_stop, run_stop, true},
    {"lm", is_lm, spec_lm, run_lm, false},
    {"recite", is_recite, spec_recite, run_recite, false},
    {"features", is_features, spec_features, run_features, false},
    {"probe", is_probe, spec_probe, run_probe, false},
    {"finetune_probe", is_probed, spec_probed, run_probed, false},
    {"untrained", is_untrained, spec_untrained, run_untrained, false},
    {"write", is_written, spec_write, run_write, false},
    {"train", is_any, spec_train, run_train, false},
};

const struct job_kind *job_kind(const struct plan *p, const struct job *j)
{
    size_t k = 0;
    while (!kinds[k].is(p, j))
        k++;
    return &kinds[k];
}

bool job_computes(const struct job *j)
{
    return !j->kind->writes_down || (j->simulated && simulation_reads(j->simulated));
}

/* run_votes - what others say of every part that is not theirs to learn from, as probabilities: 1
 * for the class of a vote; where there is none, all the same. */
int run_votes(struct desk *d, struct err *e)
{
    int rc = OK;
    for (int part = 0; part < PART_COUNT && !rc; part++) {
        size_t n = d->data->n[part];
        if (!n || part == PART_SUPERVISE)
            continue;
        double *probs = d->probs[part] = mem_zalloc(n, d->K * sizeof *probs, e);
        rc = probs ? OK : e->code;
        for (size_t i = 0; !rc && i < n; i++) {
            int vote = d->data->part[part][i].votes[d->job->vote];
            for (size_t k = 0; k < d->K; k++)
                probs[i * d->K + k] = vote < 0 ? 1 / (double)d->K : (size_t)vote == k;
        }
        if (!rc)
            rc = array_keep(d, (enum task_part)part, NULL, probs, e);
    }
    return rc ? rc : probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
}

int run_untrained(struct desk *d, struct err *e)
{
    return task_writes(d->plan->task) ? run_write(d, e) : run_train(d, e);
}

/* run_labels - what a file says of every part of which it has every example. */
int run_labels(struct desk *d, struct err *e)
{
    const struct job *j = d->job;
    const struct example *first;
    int rc = OK;
    for (int part = 0; part < PART_COUNT && !rc; part++) {
        size_t n = d->data->n[part];
        if (!n || part == PART_SUPERVISE ||
            given_missing(j->given, d->data, (enum task_part)part, j->repetition, &first))
            continue;
        double *probs = d->probs[part] = mem_alloc(n, d->K * sizeof *probs, e);
        for (size_t i = 0; probs && i < n; i++)
            memcpy(probs + i * d->K, given_find(j->given, d->data->part[part][i].id, j->repetition),
                   d->K * sizeof *probs);
        rc = probs ? array_keep(d, (enum task_part)part, NULL, probs, e) : e->code;
    }
    d->accuracy = (double)NAN;
    return rc || !d->probs[PART_TEST]
               ? rc
               : probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
}
