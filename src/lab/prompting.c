/* prompting.c - see prompting.h. */
#include "lab/prompting.h"
#include "core/mem.h"
#include "core/rng.h"
#include "train/words.h"

#include <string.h>

/* A shot is an example of the part that a side learns from. */
#define SHOTS_MOST 1000

static int settings_read(struct prompt_settings *s, const struct doc *map, struct err *e)
{
    static const char *const keys[] = {"shots", "calibrate", "instruction", "ask", "words", NULL};
    struct asking own;
    if (!map)
        return OK;
    int rc = doc_check_keys(map, keys, e);
    if (!rc)
        rc = doc_opt_size(map, "shots", 0, SHOTS_MOST, &s->shots, e);
    if (!rc)
        rc = doc_opt_bool(map, "calibrate", &s->calibrate, e);
    if (!rc)
        rc = asking_read(&own, map, e);
    if (!rc)
        asking_over(&s->asking, &own);
    return rc;
}

int prompting_read(struct study_side *side, const struct doc *root, const struct doc *m,
                   const char *name, struct err *e)
{
    static const char *const others[] = {"trainable", "embeddings", "combine",
                                         "bagging",   "boosting",   NULL};
    if (side->learner != LEARNER_PROMPT) {
        const struct doc *own = doc_get(m, "prompt");
        return own ? doc_fail(own, e,
                              "\"prompt\" says how a model is asked, and the learner of the %s is "
                              "%s: wanted learner: prompt",
                              name, learner_names[side->learner])
                   : OK;
    }
    side->prompt = (struct prompt_settings){.shots = 5};
    int rc = settings_read(&side->prompt, doc_get(root, "prompt"), e);
    if (!rc)
        rc = settings_read(&side->prompt, doc_get(m, "prompt"), e);
    for (const struct doc *d = m ? m->child : NULL; !rc && d; d = d->next) {
        bool trains = false;
        for (size_t i = 0; training_keys[i]; i++)
            trains = trains || strcmp(training_keys[i], d->key) == 0;
        for (size_t i = 0; others[i]; i++)
            trains = trains || strcmp(others[i], d->key) == 0;
        if (trains)
            rc = doc_fail(d, e,
                          "\"%s\" is of a side that trains, and the learner of the %s is prompt",
                          d->key, name);
    }
    return rc;
}

static void asking_json(struct js *j, const struct asking *a)
{
    if (a->instruction)
        js_key(j, "instruction"), js_str(j, a->instruction);
    if (a->ask)
        js_key(j, "ask"), js_str(j, a->ask);
    if (a->n_words) {
        js_key(j, "words"), js_open(j, '[');
        for (size_t k = 0; k < a->n_words; k++)
            js_str(j, a->words[k]);
        js_close(j, ']');
    }
}

void prompting_json(struct js *j, const struct study_side *side)
{
    if (side->learner != LEARNER_PROMPT)
        return;
    js_key(j, "learner"), js_str(j, learner_names[side->learner]);
    js_key(j, "prompt"), js_open(j, '{');
    js_key(j, "shots"), js_int(j, (int64_t)side->prompt.shots);
    js_key(j, "calibrate"), js_bool(j, side->prompt.calibrate);
    asking_json(j, &side->prompt.asking);
    js_close(j, '}');
}

bool job_asks(const struct job *j)
{
    return !j->votes && !job_argues(j) && j->side->learner == LEARNER_PROMPT;
}

size_t job_shots(const struct job *j)
{
    return j->role == JOB_UNTRAINED ? 0 : j->side->prompt.shots;
}

static void side_asking(const struct plan *p, const struct study_side *side, struct asking *a)
{
    task_asking(p->task, a);
    asking_over(a, &side->prompt.asking);
}

void job_asking(const struct plan *p, const struct job *j, struct asking *a)
{
    side_asking(p, j->side, a);
}

void job_asked_words(const struct job *j, struct str *out)
{
    if (job_asks(j))
        str_addf(out, "%zu shot%s%s", job_shots(j), job_shots(j) == 1 ? "" : "s",
                 j->side->prompt.calibrate ? ", calibrated" : "");
}

void job_asked_id(const struct job *j, struct str *out)
{
    if (job_asks(j))
        str_addf(out, "/%zu-shot%s", job_shots(j), j->side->prompt.calibrate ? "-calibrated" : "");
}

/* prompts_fit - the longest prompt that there may be, for every model of the side: max_tokens is
 * that of every text, so no model decides how long a prompt is. */
static int prompts_fit(const struct plan *p, const struct study_side *side, const char *name,
                       struct err *e)
{
    struct asking a;
    int rc = OK;
    side_asking(p, side, &a);
    for (size_t i = 0; !rc && i < side->n_models; i++) {
        const struct lab_model *m = plan_model(p, side->models[i]);
        size_t most = weights_config(m->weights)->positions, shots = side->prompt.shots, fits = 0;
        struct prompter q;
        rc = prompter_init(&q, &a, task_classes(p->task), m->tokenizer, e);
        size_t longest = rc ? 0 : prompter_longest(&q, shots, p->study->max_tokens, e);
        while (!rc && fits < shots &&
               prompter_longest(&q, fits + 1, p->study->max_tokens, e) <= most)
            fits++;
        if (!rc && longest > most)
            rc = err_set(e, ERR_INPUT,
                         "the %s is asked with %zu shots: with data.max_tokens %zu a prompt has up "
                         "to %zu tokens, and model %s takes %zu; wanted at most %zu shots, or "
                         "shorter texts",
                         name, shots, p->study->max_tokens, longest, m->name, most, fits);
        else if (!rc && !longest)
            rc = e->code;
        prompter_release(&q);
    }
    return rc;
}

/* layers_say - the first layers of a language model are none: what they say is read as if they
 * were. */
static void layers_say(const struct plan *p, const struct study_side *side, const char *name)
{
    for (size_t i = 0; i < side->n_models; i++)
        for (size_t k = 0; k < side->n_layers; k++) {
            const struct lab_model *m = plan_model(p, side->models[i]);
            size_t whole = weights_config(m->weights)->layers;
            if (side->layers[k] && side->layers[k] < whole && !p->worker)
                log_warn(p->lab->log,
                         "the %s is asked, and the first %zu of %zu layers of %s are no language "
                         "model: their answers may mean nothing",
                         name, side->layers[k], whole, m->shown);
        }
}

static int side_check(const struct plan *p, const struct study_side *side, const char *name,
                      struct err *e)
{
    struct asking a;
    if (side->learner != LEARNER_PROMPT || side->n_votes)
        return OK;
    if (task_writes(p->task) || task_alternatives(p->task))
        return err_set(e, ERR_INPUT,
                       "the %s is asked which class a text has, and the examples of task %s %s",
                       name, task_name(p->task),
                       task_writes(p->task) ? "are answered by writing"
                                            : "are several texts with a reward each");
    if (p->study->save && !p->worker)
        log_warn(p->lab->log, "\"save\" keeps no %s: it is asked, and not trained", name);
    side_asking(p, side, &a);
    int rc = asking_check(&a, p->task, e);
    if (!rc)
        rc = prompts_fit(p, side, name, e);
    if (!rc)
        layers_say(p, side, name);
    return rc;
}

int prompting_check(const struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    if (s->student.learner == LEARNER_PROMPT) {
        for (size_t i = 0; i < s->n_methods; i++)
            if (strcmp(s->methods[i]->name, "naive") != 0)
                return err_set(e, ERR_INPUT,
                               "method %s trains, and the students are asked: methods=naive is "
                               "what there is",
                               s->methods[i]->name);
        if (!s->student.prompt.shots && !p->worker)
            log_warn(p->lab->log,
                     "students without shots learn nothing of their supervisors: student and "
                     "ceiling are the same");
    }
    int rc = side_check(p, &s->supervisor, "supervisor", e);
    return rc ? rc : side_check(p, &s->student, "student", e);
}

/* prompt_tokens - the longest prompt of a job, with a word, as far as settings tell. */
static size_t prompt_tokens(const struct plan *p, const struct job *j)
{
    struct asking a;
    struct prompter q;
    struct err e = ERR_INIT;
    job_asking(p, j, &a);
    size_t n = prompter_init(&q, &a, task_classes(p->task), j->model->tokenizer, &e)
                   ? 0
                   : prompter_longest(&q, job_shots(j), p->study->max_tokens, &e);
    prompter_release(&q);
    return n;
}

size_t prompting_bytes(const struct plan *p, const struct job *j)
{
    struct model_config c = job_config(j);
    size_t weights = model_bytes_predicting(&c, j->side->training.micro_tokens),
           words = words_bytes(&c, prompt_tokens(p, j));
    return weights > SIZE_MAX - words ? SIZE_MAX : weights + words;
}

double prompting_tokens(const struct plan *p, const struct job *j, const size_t tokens[PART_COUNT])
{
    double all = (double)prompt_tokens(p, j);
    for (int part = 0; part < PART_COUNT; part++)
        if (part == PART_TEST || (j->role != JOB_UNTRAINED && part == PART_VALID) ||
            (part == PART_TRAIN && j->part == PART_SUPERVISE))
            all += (double)tokens[part];
    return all;
}

size_t shots_choose(const int *labels, size_t n, size_t K, size_t shots, uint64_t seed,
                    size_t *index, bool *balanced, struct err *e)
{
    size_t *order = mem_alloc(n, sizeof *order, e), room[16] = {0}, taken = 0;
    struct rng r;
    *balanced = true;
    if (!order)
        return 0;
    BUG_ON(K > 16);
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    rng_init(&r, seed, "shots");
    rng_shuffle(&r, order, n);
    for (size_t k = 0; k < K; k++)
        room[k] = shots / K + (k < shots % K);
    for (size_t i = 0; i < n && taken < shots; i++)
        if (room[labels[order[i]]]) {
            room[labels[order[i]]]--;
            index[taken++] = order[i];
            order[i] = n; /* taken */
        }
    for (size_t i = 0; i < n && taken < shots; i++)
        if (order[i] < n) {
            *balanced = false;
            index[taken++] = order[i];
        }
    mem_free(order);
    return taken;
}

void prompt_calibrate(double *p, size_t n, size_t K, const double *q)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++)
            sum += p[i * K + k] / q[k];
        for (size_t k = 0; k < K; k++)
            p[i * K + k] = p[i * K + k] / q[k] / sum;
    }
}
