/* job_write.c - a language model taught to write answers: on the true ones, or on what its
 * supervisor wrote. */
#include "lab/answers.h"
#include "lab/desk.h"
#include "core/mem.h"
#include "data/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct writer {
    struct desk *d;
    struct answer_writer as;
    struct options *options[PART_COUNT]; /* [n] of a part; NULL: it has none */
    struct answers weak_valid;           /* what the supervisor wrote; n 0: nothing */
    const struct options *at;            /* of the part that is being written */
    int32_t *next;                       /* tokens that may come */
    size_t cap_next;
};

/* part_options - of all examples of a part, once. */
static int part_options(struct writer *w, enum task_part part, struct err *e)
{
    size_t n = w->d->data->n[part];
    if (w->options[part])
        return OK;
    w->options[part] = mem_zalloc(n, sizeof **w->options, e);
    int rc = w->options[part] ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++)
        rc = options_make(&w->options[part][i], &w->as, &w->d->data->part[part][i], e);
    return rc;
}

/* options_next - what may come after the n tokens said: the next token of every move that begins
 * with them, the end where one is whole. */
static int options_next(void *ctx, size_t i, const int32_t *said, size_t n, const int32_t **list,
                        size_t *count, struct err *e)
{
    struct writer *w = ctx;
    const struct options *o = &w->at[i];
    int rc = mem_grow(&w->next, &w->cap_next, o->n + 1, sizeof *w->next, e);
    *count = 0;
    *list = w->next;
    for (size_t k = 0; !rc && k < o->n; k++) {
        const int32_t *t = o->tokens + o->starts[k];
        size_t len = o->starts[k + 1] - o->starts[k];
        if (len >= n && (!n || memcmp(t, said, n * sizeof *said) == 0))
            w->next[(*count)++] = len > n ? t[n] : w->as.end;
    }
    return rc;
}

/* part_write - the model's answers to a part; legal: legal moves alone. progress may be NULL. */
static int part_write(struct writer *w, enum task_part part, bool legal, struct answers *out,
                      struct progress *progress, struct err *e)
{
    struct desk *d = w->d;
    size_t n = d->data->n[part], most = d->data->answer_tokens;
    struct str text = STR_INIT;
    struct token_ids *ids = mem_zalloc(n, sizeof *ids, e);
    int rc = answers_init(out, n, e);
    if (!rc && !ids)
        rc = e->code;
    if (!rc && legal)
        rc = part_options(w, part, e);
    for (size_t i = 0; !rc && legal && i < n; i++) /* a legal move may be longer than any answer */
        for (size_t k = 0; k < w->options[part][i].n; k++) {
            const size_t *at = w->options[part][i].starts + k;
            most = at[1] - at[0] + 1 > most ? at[1] - at[0] + 1 : most;
        }
    w->at = w->options[part];
    const struct write_settings s = {
        .end = w->as.end, .most = most, .allowed = legal ? options_next : NULL, .ctx = w};
    if (!rc)
        rc = write_run(d->model, &d->sets[part], &s, ids, progress, e);
    d->said[part] = 0;
    for (size_t i = 0; !rc && i < n; i++) {
        d->said[part] += (double)ids[i].n + 1; /* and its end */
        rc = answer_decode(&w->as, ids[i].ids, ids[i].n, &text, e);
        if (!rc)
            rc = answers_add(out, i, &d->data->part[part][i], text.s, e);
    }
    for (size_t i = 0; ids && i < n; i++)
        token_ids_release(&ids[i]);
    mem_free(ids);
    str_release(&text);
    if (rc)
        answers_release(out);
    return rc;
}

static bool writes_legal(const struct writer *w)
{
    return w->d->plan->study->decoding == DECODING_LEGAL;
}

static int write_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct desk *d = ctx;
    struct writer *w = d->own;
    struct curve_point c = {*p, (double)NAN, (double)NAN, (double)NAN};
    struct answers a;
    size_t n = d->data->n[PART_VALID], same = 0;
    if (n) {
        int rc = part_write(w, PART_VALID, writes_legal(w), &a, NULL, e);
        if (rc)
            return rc;
        c.truth = answers_right(&a);
        for (size_t i = 0; i < w->weak_valid.n; i++)
            same += answers_same(&a.a[i], &w->weak_valid.a[i]);
        if (w->weak_valid.n)
            c.weak = (double)same / (double)n;
        answers_release(&a);
    }
    return desk_point(d, &c, e);
}

/* learn_set - prompts with the answers that are learnt. */
static int learn_set(struct writer *w, struct err *e)
{
    struct desk *d = w->d;
    const struct job *j = d->job;
    /* Another tokenizer's answer, or a legal move, may be longer than any right one */
    size_t n = d->data->n[j->part], cut, room = weights_config(j->model->weights)->positions;
    struct answers weak = {.n = 0};
    const char **texts = NULL;
    int rc = OK;
    if (j->supervisor) {
        rc = job_answers(d->plan, j->supervisor, j->part, &weak, e);
        texts = rc ? NULL : mem_alloc(n, sizeof *texts, e);
        rc = rc || texts ? rc : e->code;
        for (size_t i = 0; texts && i < n; i++)
            texts[i] = weak.a[i].text;
    }
    if (!rc)
        rc = answers_set(&d->learn, d->data->part[j->part], texts, n, &w->as, room, &cut, e);
    if (!rc && cut && d->plan->lab->log)
        log_warn(d->plan->lab->log,
                 "%zu of %zu answers of the supervisor are longer than model %s has room for: what "
                 "is learnt of them is their beginning",
                 cut, n, j->model->name);
    if (!rc && j->supervisor && d->data->n[PART_VALID])
        rc = job_answers(d->plan, j->supervisor, PART_VALID, &w->weak_valid, e);
    mem_free(texts);
    answers_release(&weak);
    return rc;
}

/* prompt_sets - the prompts of what is predicted. */
static int prompt_sets(struct desk *d, struct err *e)
{
    int rc = OK;
    for (int part = 0; !rc && part < PART_COUNT; part++)
        if (desk_predicts(d, (enum task_part)part))
            rc = token_set_make(&d->sets[part], d->data->part[part], d->data->n[part],
                                d->job->model->tokenizer, e);
    return rc;
}

/* write_learn - on the answers that are its to learn from. */
static int write_learn(struct writer *w, struct err *e)
{
    struct desk *d = w->d;
    struct train_data data = {.tokens = &d->learn};
    size_t *chosen = NULL;
    int rc = desk_learns(d, e);
    if (!rc)
        rc = learn_set(w, e);
    if (!rc)
        rc = job_chosen(d->plan, d->job, &chosen, &data.n_chosen, e);
    data.chosen = chosen;
    if (!rc)
        rc = desk_learn(d, &data, write_eval, e);
    mem_free(chosen);
    return rc;
}

/* part_keep - its answers in the job's folder; of the test part what is said of them. */
static int part_keep(struct writer *w, enum task_part part, struct err *e)
{
    struct desk *d = w->d;
    struct progress progress;
    struct answers a, greedy;
    struct str name = STR_INIT, path = STR_INIT;
    char what[96];
    snprintf(what, sizeof what, "writing %s", lab_part_names[part]);
    progress_begin(&progress, d->plan->lab->log, what, (double)d->data->n[part], "tokens");
    int rc = part_write(w, part, writes_legal(w), &a, &progress, e);
    progress_end(&progress, rc);
    if (rc)
        return rc;
    str_addf(&name, "%s.jsonl", lab_part_names[part]);
    rc = str_check(&name, e);
    if (!rc)
        rc = desk_path(d, name.s, &path, e);
    if (!rc)
        rc = answers_write(&a, d->data->part[part], path.s, e);
    if (!rc && part == PART_TEST) {
        d->accuracy = answers_right(&a);
        d->legal = answers_legal(&a);
    }
    if (!rc && part == PART_TEST && writes_legal(w) &&
        !(rc = part_write(w, part, false, &greedy, NULL, e))) {
        d->greedy = answers_right(&greedy);
        d->legal = answers_legal(&greedy);
        answers_release(&greedy);
    }
    answers_release(&a);
    str_release(&name);
    str_release(&path);
    return rc;
}

static void writer_release(struct writer *w)
{
    for (int part = 0; part < PART_COUNT; part++) {
        for (size_t i = 0; w->options[part] && i < w->d->data->n[part]; i++)
            options_release(&w->options[part][i]);
        mem_free(w->options[part]);
    }
    answers_release(&w->weak_valid);
    mem_free(w->next);
}

int run_write(struct desk *d, struct err *e)
{
    struct writer w = {.d = d};
    bool learns = d->job->role != JOB_UNTRAINED;
    d->own = &w;
    d->legal = d->greedy = (double)NAN;
    int rc = desk_model(d, e);
    if (!rc)
        rc = answer_writer_init(&w.as, d->job->model->tokenizer, e);
    if (!rc)
        rc = prompt_sets(d, e);
    if (!rc && learns)
        rc = write_learn(&w, e);
    for (int part = 0; !rc && part < PART_COUNT; part++)
        if (desk_predicts(d, (enum task_part)part))
            rc = part_keep(&w, (enum task_part)part, e);
    if (!rc && learns && d->plan->study->save)
        rc = desk_save(d, NULL, e);
    writer_release(&w);
    return rc;
}
