/* plan_write.c - what a study may ask for where answers are written. */
#include "lab/answers.h"

#include <string.h>

/* settings_check - what a study may ask for where answers are written. */
static int settings_check(const struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    const char *task = task_name(p->task);
    if (s->decoding == DECODING_LEGAL && !task_moves(p->task))
        return err_set(e, ERR_INPUT,
                       "\"decoding\" is legal, and the answers of task %s are no moves", task);
    for (size_t i = 0; task_writes(p->task) && i < s->n_methods; i++)
        if (!loss_writes(s->methods[i]->loss.kind) || s->methods[i]->choice.kind != CHOICE_ALL)
            return err_set(e, ERR_INPUT,
                           "method %s needs the probability of each class, and the answers of task "
                           "%s are written: naive, confidence and bootstrapping are what there is",
                           s->methods[i]->name, task);
    const struct study_side *const sides[] = {&s->supervisor, &s->student};
    for (size_t i = 0; task_writes(p->task) && i < s->n_methods + 2; i++)
        if (i < 2 ? sides[i]->learner == LEARNER_PROBE : s->methods[i - 2]->recipe == RECIPE_PROBED)
            return err_set(e, ERR_INPUT,
                           "a probe tells classes or texts apart, and the answers of task %s are "
                           "written: wanted learner: finetune, and no finetune_probe",
                           task);
    for (size_t i = 0; task_writes(p->task) && i < 2; i++)
        for (size_t k = 0; sides[i]->trainable.kind == TRAIN_HEAD && k < sides[i]->n_models; k++)
            if (weights_config(plan_model(p, sides[i]->models[k])->weights)->tied)
                return err_set(e, ERR_INPUT,
                               "\"trainable\" is head, and what model %s writes with is its "
                               "embedding: wanted all (with embeddings: true), top N or lora R",
                               sides[i]->models[k]);
    if (task_writes(p->task) && s->supervisor.n_votes)
        return err_set(e, ERR_INPUT,
                       "the answers of task %s are written: a supervisor is a model there", task);
    return OK;
}

/* A legal move has at most this many tokens more than there are answers' tokens: as many as bytes,
 * and a few. */
#define MOVE_TOKENS 16

/* legal_reach - *most: the most tokens that a prompt of a part and a legal move have together. */
static int legal_reach(const struct example *x, size_t n, const struct answer_writer *as,
                       size_t *most, struct err *e)
{
    struct token_set prompts = {.n = 0};
    int rc = token_set_make(&prompts, x, n, as->tok, e);
    for (size_t i = 0; !rc && i < n; i++) {
        struct options o = {.n = 0};
        rc = options_make(&o, as, &x[i], e);
        for (size_t k = 0; !rc && k < o.n; k++) {
            size_t all = token_set_len(&prompts, i) + o.starts[k + 1] - o.starts[k];
            *most = all > *most ? all : *most;
        }
        options_release(&o);
    }
    token_set_release(&prompts);
    return rc;
}

/* legal_check - max_tokens leaves room for every answer; a legal move that is nobody's answer may
 * be longer, and has to find room in the model too. */
static int legal_check(const struct plan *p, const struct lab_model *m, struct err *e)
{
    size_t positions = weights_config(m->weights)->positions, asked = p->study->max_tokens,
           most = 0;
    struct answer_writer as;
    if (asked + MOVE_TOKENS <= positions)
        return OK;
    int rc = answer_writer_init(&as, m->tokenizer, e);
    for (size_t r = 0; !rc && r < p->study->seeds; r++)
        for (int part = 0; !rc && part < PART_COUNT; part++)
            if (p->data[r].n[part] && part != PART_SUPERVISE)
                rc = legal_reach(p->data[r].part[part], p->data[r].n[part], &as, &most, e);
    if (!rc && most > positions)
        rc = err_set(e, ERR_INPUT,
                     "data.max_tokens is %zu; with decoding: legal, prompt and move have up to %zu "
                     "tokens, and model %s takes %zu: wanted at most %zu",
                     asked, most, m->name, positions, asked - (most - positions));
    return rc;
}

int plan_writes(const struct plan *p, struct err *e)
{
    int rc = settings_check(p, e);
    for (size_t i = 0; !rc && i < p->n_models && p->study->decoding == DECODING_LEGAL; i++)
        rc = legal_check(p, &p->models[i], e);
    return rc;
}
