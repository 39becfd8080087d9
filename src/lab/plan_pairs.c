/* plan_pairs.c - who supervises whom: every supervisor with every student that is not smaller, by
 * every method; a job each for every repetition. */
#include "lab/recipe.h"
#include "lab/recite.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>

/* vote_find - the number of a vote of the task. */
static int vote_find(const struct plan *p, const char *name, size_t *vote, struct err *e)
{
    struct str list = STR_INIT;
    size_t n = task_votes(p->task);
    *vote = 0;
    while (*vote < n && strcmp(task_vote_name(p->task, *vote), name) != 0)
        ++*vote;
    if (*vote < n)
        return OK;
    for (size_t i = 0; i < n; i++)
        str_addf(&list, "%s%s", i ? ", " : "", task_vote_name(p->task, i));
    err_set(e, ERR_INPUT,
            n ? "supervisor.votes: task %s has no votes \"%s\"; it has %s"
              : "supervisor.votes: task %s has no votes, as \"%s\"%s",
            task_name(p->task), name, list.s);
    str_release(&list);
    return e->code;
}

int side_model(const struct study_side *side, const struct lab_model *m, size_t layers,
               struct job *j, struct err *e)
{
    j->model = m;
    size_t whole = weights_config(m->weights)->layers;
    if (layers > whole)
        return err_set(e, ERR_INPUT, "model %s has %zu layers, the study asks for %zu", m->name,
                       whole, layers);
    j->layers = layers ? layers : whole;
    j->trainable = side->trainable;
    if (j->trainable.kind == TRAIN_LORA &&
        lora_check(&j->trainable.lora, weights_config(m->weights), e))
        return err_wrap(e, "model %s", m->name);
    if (j->trainable.kind == TRAIN_TOP && j->trainable.top > j->layers)
        j->trainable.top = j->layers;
    return OK;
}

/* side_forms - how many supervisors a model is, by what it reads. */
static size_t side_forms(const struct study_side *side)
{
    return side->debate.n_forms ? side->debate.n_forms : 1;
}

/* side_size - how many of a side there are. side_job - the i-th: (model, layers), or votes. */
static size_t side_size(const struct study_side *side)
{
    if (side->ensemble.kind != ENSEMBLE_NONE && !side->ensemble.rounds)
        return 1;
    return side->n_votes ? side->n_votes : side->n_models * side->n_layers * side_forms(side);
}

/* simulated_model - of those whose errors need one: the one that is named, or the student's. */
static int simulated_model(const struct plan *p, struct job *j, struct err *e)
{
    const char *own = j->simulated->model;
    if (!simulation_learns(j->simulated) && !simulation_reads(j->simulated))
        return OK;
    j->model = plan_model(p, own ? own : p->study->student.models[0]);
    j->trainable = (struct trainable){.kind = TRAIN_HEAD};
    size_t whole = weights_config(j->model->weights)->layers, layers = j->simulated->layers;
    j->layers = layers ? layers : whole;
    return layers <= whole
               ? OK
               : err_set(e, ERR_INPUT,
                         "supervisor.simulated: model %s has %zu layers, %s asks for %zu",
                         j->model->name, whole, j->votes, layers);
}

size_t job_size(const struct job *j)
{
    struct model_config c = job_config(j);
    if (j->votes && !j->ensemble)
        return 0;
    return config_params(&c);
}

/* ensemble_largest - the i-th supervisor of several models, as large as the largest of them. */
static int ensemble_largest(const struct plan *p, const struct study_side *side, size_t i,
                            struct job *j, struct err *e)
{
    bool rounds = side->ensemble.rounds > 0;
    size_t all = side->n_models * side->n_layers;
    int rc = OK;
    for (size_t k = rounds ? i : 0; !rc && k < (rounds ? i + 1 : all); k++) {
        struct job m;
        rc = side_member(p, side, k, &m, e);
        if (!rc && (!j->model || job_size(&m) > job_size(j)))
            *j = m;
    }
    j->votes = side->together[i];
    j->vote = i;
    j->ensemble = &side->ensemble;
    return rc;
}

static int side_job(const struct plan *p, const struct study_side *side, size_t i, struct job *j,
                    struct err *e)
{
    memset(j, 0, sizeof *j);
    j->side = side;
    if (side->labels) {
        j->votes = file_name(side->votes[i]);
        j->given = p->given[i];
        return OK;
    }
    if (side->simulates) {
        j->votes = side->votes[i];
        j->simulated = &side->simulated[i];
        return simulated_model(p, j, e);
    }
    if (side->n_votes) {
        j->votes = side->votes[i];
        return vote_find(p, j->votes, &j->vote, e);
    }
    if (side->together)
        return ensemble_largest(p, side, i, j, e);
    int rc = side_member(p, side, i / side_forms(side), j, e);
    j->form = side->debate.n_forms ? side->debate.forms[i % side_forms(side)] : DEBATE_ALONE;
    return rc;
}

int side_member(const struct plan *p, const struct study_side *side, size_t i, struct job *j,
                struct err *e)
{
    memset(j, 0, sizeof *j);
    j->side = side;
    return side_model(side, plan_model(p, side->models[i / side->n_layers]),
                      side->layers[i % side->n_layers], j, e);
}

/* side_twins - a side names no model twice, whatever it calls it (all of its layers, another path).
 */
static int side_twins(const struct plan *p, const struct study_side *side, const char *name,
                      struct err *e)
{
    struct job a, b;
    int rc = OK;
    for (size_t i = 0; !rc && !side->n_votes && i < side->n_models * side->n_layers; i++)
        for (size_t k = 0; !rc && k < i; k++) {
            if ((rc = side_member(p, side, i, &a, e)) || (rc = side_member(p, side, k, &b, e)))
                break;
            if (a.layers == b.layers && strcmp(a.model->hash, b.model->hash) == 0 &&
                strcmp(a.model->tokenizer_hash, b.model->tokenizer_hash) == 0)
                rc = err_set(e, ERR_INPUT,
                             "the %s is the same twice: %zu layers of %s, and %zu of %s", name,
                             b.layers, b.model->name, a.layers, a.model->name);
        }
    return rc;
}

/* simulated_twin - the same of simulated ones: the job of w, once it is planned, is that of another
 * name. */
static int simulated_twin(const struct job *w, const struct job *planned, struct err *e)
{
    if (!w->simulated || strcmp(w->votes, planned->votes) == 0)
        return OK;
    return err_set(e, ERR_INPUT, "the supervisor is the same twice: simulated %s, and %s", w->votes,
                   planned->votes);
}

static int pair_add(struct plan *p, const struct job *weak, const struct job *strong,
                    const struct method *method, struct err *e)
{
    size_t n = p->study->seeds;
    int rc = mem_grow(&p->pairs, &p->cap_pairs, p->n_pairs + 1, sizeof *p->pairs, e);
    if (rc)
        return rc;
    struct pair *pair = &p->pairs[p->n_pairs];
    *pair = (struct pair){.method = method, .n = n};
    struct job ***lists[4] = {&pair->weak, &pair->student, &pair->ceiling, &pair->untrained};
    for (int i = 0; i < (p->study->untrained ? 4 : 3); i++)
        if (!(*lists[i] = arena_alloc(&p->arena, n, sizeof **lists[i], e)))
            return e->code;
    if (p->study->recited && !(pair->recited = arena_alloc(&p->arena, n, sizeof *pair->recited, e)))
        return e->code;
    for (size_t r = 0; r < n; r++) {
        struct job w = *weak, c = *strong, s = *strong;
        w.repetition = c.repetition = s.repetition = r;
        w.role = JOB_SUPERVISOR;
        w.part = PART_SUPERVISE;
        w.states = plan_trusts(p);
        c.role = JOB_CEILING;
        c.part = s.part = PART_TRAIN;
        s.role = JOB_STUDENT;
        s.method = method;
        c.points = s.points = p->study->test_curve;
        if ((w.simulated && (rc = simulated_needs(p, &w, e))) ||
            (w.ensemble && (rc = ensemble_needs(p, &w, e))) || (rc = debate_prepare(p, &w, e)) ||
            (rc = plan_add(p, &w, &pair->weak[r], e)) ||
            (rc = simulated_twin(&w, pair->weak[r], e)) ||
            (rc = plan_add(p, &c, &pair->ceiling[r], e)))
            return rc;
        /* Ground truth as weak label is the ceiling's own description, so it is the same job. */
        if (!method)
            s.role = JOB_CEILING;
        rc = method ? recipe_add(p, pair->weak[r], &s, &pair->student[r], e)
                    : plan_add(p, &s, &pair->student[r], e);
        if (rc)
            return rc;
        if (pair->untrained && (rc = untrained_add(p, &c, &pair->untrained[r], e)))
            return rc;
        if (pair->recited && (rc = recite_add(p, &c, &pair->recited[r], e)))
            return rc;
    }
    p->n_pairs++;
    return OK;
}

/* warmup_say - a training that ends before its learning rate is up has hardly begun. */
static void warmup_say(const struct plan *p, const struct study_side *side, const char *name,
                       enum task_part part)
{
    const struct train_settings *t = &side->training;
    size_t n = p->study->sizes.n[part], steps = t->epochs * (n / t->batch + (n % t->batch != 0));
    if (!t->epochs)
        log_warn(p->lab->log, "the %s trains 0 epochs: it stays as it starts", name);
    if (steps && t->warmup >= steps)
        log_warn(p->lab->log,
                 "the %s trains %zu steps, and its learning rate rises for %zu (warmup): it will "
                 "hardly have learned",
                 name, steps, t->warmup);
}

/* baselines_note - what is run that nobody named. */
static void baselines_note(const struct plan *p)
{
    struct str words = STR_INIT;
    baselines_say(p->study, &words);
    if (words.len && !words.failed)
        log_info(p->lab->log, "%s", words.s);
    str_release(&words);
}

/* seeds_check - every repetition has a job of its own. */
static int seeds_check(const struct plan *p, struct err *e)
{
    for (size_t r = 1; r < p->study->seeds; r++) {
        bool own = false;
        for (size_t i = 0; i < p->n_jobs && !own; i++)
            own = p->jobs[i]->repetition == r;
        if (!own)
            return err_set(
                e, ERR_INPUT,
                "\"seeds\" is %zu, but with what \"hold\" keeps the repetitions would be "
                "the same jobs: leave order, or split, out of it",
                p->study->seeds);
    }
    return OK;
}

int plan_pairs(struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    int rc;
    if (!s->supervisor.n_votes && s->supervisor.learner == LEARNER_FINETUNE)
        warmup_say(p, &s->supervisor, "supervisor", PART_SUPERVISE);
    if (s->student.learner == LEARNER_FINETUNE)
        warmup_say(p, &s->student, "student", PART_TRAIN);
    if (!(rc = side_twins(p, &s->supervisor, "supervisor", e)) &&
        !(rc = side_twins(p, &s->student, "student", e)))
        rc = plan_given(p, e);
    if (!rc)
        rc = recipes_check(p, e);
    if (!rc)
        rc = plan_simulated(p, e);
    if (!rc)
        rc = plan_ensemble(p, e);
    for (size_t i = 0; !rc && i < side_size(&s->supervisor); i++)
        for (size_t k = 0; !rc && k < s->student.n_models * s->student.n_layers; k++) {
            struct job weak, strong;
            if ((rc = side_job(p, &s->supervisor, i, &weak, e)) ||
                (rc = side_job(p, &s->student, k, &strong, e)))
                break;
            if (job_size(&strong) < job_size(&weak)) {
                rc = mem_grow(&p->left_out, &p->cap_left_out, p->n_left_out + 1,
                              sizeof *p->left_out, e);
                if (!rc)
                    p->left_out[p->n_left_out++] = (struct left_out){weak, strong};
                continue;
            }
            for (size_t m = 0; !rc && m < s->n_methods; m++)
                rc = pair_add(p, &weak, &strong, s->methods[m], e);
            if (!rc && s->controls)
                rc = pair_add(p, &weak, &strong, NULL, e);
        }
    if (!rc)
        baselines_note(p);
    if (!rc && p->n_left_out && p->n_pairs)
        log_info(
            p->lab->log,
            "%zu of %zu pairs of a supervisor and a student are left out: the student is smaller",
            p->n_left_out, side_size(&s->supervisor) * side_size(&s->student));
    if (!rc && !p->n_pairs)
        rc = err_set(e, ERR_INPUT,
                     "every student is smaller than every supervisor: nothing to compare");
    return rc ? rc : seeds_check(p, e);
}
