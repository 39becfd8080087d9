/* recite.c - see recite.h. */
#include "lab/recite.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

int recite_add(struct plan *p, const struct job *student, struct job **out, struct err *e)
{
    struct study_side *plain;
    *out = NULL;
    if (student->side->random)
        return OK;
    plain = arena_alloc(&p->arena, 1, sizeof *plain, e);
    if (!plain)
        return e->code;
    *plain = *student->side;
    plain->learner = LEARNER_FINETUNE; /* neither asked nor probed, whatever its students are */
    struct job j = {.role = JOB_RECITE,
                    .repetition = student->repetition,
                    .model = student->model,
                    .side = plain,
                    .layers = weights_config(student->model->weights)->layers,
                    .trainable = {.kind = TRAIN_ALL},
                    .part = PART_TEST};
    return plan_add(p, &j, out, e);
}

int spec_recite(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    spec_begin(&w, p, j);
    js_key(&w, "least"), js_int(&w, RECITED_LEAST);
    js_key(&w, "data"), js_str(&w, p->data[j->repetition].part_hash[PART_TEST]);
    js_key(&w, "max_tokens"), js_int(&w, (int64_t)p->study->max_tokens);
    js_key(&w, "micro_tokens"), js_int(&w, (int64_t)j->side->training.micro_tokens);
    js_close(&w, '}');
    return str_check(out, e);
}

/* texts_split - every text of the test part that is long enough, in d->learn, cut in two; of [*n]
 * each its example, mem_free. */
static int texts_split(struct desk *d, size_t **of, size_t *n, struct err *e)
{
    size_t per = plan_texts(d->plan), all = d->data->n[PART_TEST], most = all * per, kept = 0;
    struct token_set t = {.n = 0};
    struct example *x = mem_zalloc(most, sizeof *x, e);
    int rc = x ? OK : e->code;
    *of = x ? mem_alloc(most, sizeof **of, e) : NULL;
    for (size_t i = 0; *of && i < all; i++)
        for (size_t k = 0; k < per; k++) {
            const struct example *own = &d->data->part[PART_TEST][i];
            const struct reading *a = own->n_alternatives ? &own->alternatives[k] : NULL;
            x[i * per + k].text = a ? a->text : own->text;
            x[i * per + k].len = a ? a->len : own->len;
            x[i * per + k].source = own->source;
        }
    if (!rc && !*of)
        rc = e->code;
    if (!rc)
        rc = token_set_make(&t, x, most, d->job->model->tokenizer, e);
    for (size_t i = 0; !rc && i < most; i++)
        if (token_set_len(&t, i) / 2 >= RECITED_LEAST) {
            (*of)[kept] = i / per;
            x[kept++] = x[i];
        }
    token_set_release(&t);
    if (!rc && kept)
        rc = token_set_make(&d->learn, x, kept, d->job->model->tokenizer, e);
    if (!rc && kept && !(d->learn.answer_at = mem_alloc(kept, sizeof *d->learn.answer_at, e)))
        rc = e->code;
    for (size_t i = 0; !rc && i < kept; i++)
        d->learn.answer_at[i] = token_set_len(&d->learn, i) - token_set_len(&d->learn, i) / 2;
    *n = kept;
    mem_free(x);
    return rc;
}

/* recite_json - of the job's result: texts that were long enough, of how many test examples;
 * examples recited; tokens of the second halves, and how many were the most probable. */
static void recite_json(struct desk *d, size_t texts, double recited, const struct lm_score *s)
{
    struct js w;
    js_init(&w, &d->more);
    js_open(&w, '{');
    js_key(&w, "examples"), js_int(&w, (int64_t)d->data->n[PART_TEST]);
    js_key(&w, "texts"), js_int(&w, (int64_t)texts);
    js_key(&w, "recited"), js_int(&w, (int64_t)recited);
    js_key(&w, "tokens"), js_int(&w, (int64_t)s->tokens);
    js_key(&w, "tokens_right"), js_int(&w, (int64_t)s->right);
    js_close(&w, '}');
}

int run_recite(struct desk *d, struct err *e)
{
    size_t *of = NULL, n = 0, all = d->data->n[PART_TEST];
    struct lm_score s = {.tokens = 0};
    struct str path = STR_INIT;
    struct progress progress;
    bool *whole = NULL;
    double sum = 0, *recited = mem_zalloc(all, sizeof *recited, e);
    int rc = recited ? texts_split(d, &of, &n, e) : e->code;
    d->accuracy = (double)NAN; /* it says nothing of labels */
    if (!rc)
        rc = desk_model(d, e);
    if (!rc && !(whole = mem_zalloc(n ? n : 1, sizeof *whole, e)))
        rc = e->code;
    if (!rc) {
        progress_begin(&progress, d->plan->lab->log, "reciting test", (double)n, "tokens");
        rc = lm_score_run(d->model, &d->learn, d->job->side->training.micro_tokens, &s, whole,
                          &progress, e);
        progress_end(&progress, rc);
    }
    for (size_t i = 0; !rc && i < n; i++)
        if (whole[i])
            recited[of[i]] = 1;
    for (size_t i = 0; recited && i < all; i++)
        sum += recited[i];
    if (!rc)
        rc = desk_path(d, RECITED, &path, e);
    if (!rc)
        rc = store_array_write(path.s, recited, all, e);
    if (!rc) {
        desk_spoken(d, (double)token_set_total(&d->learn), (double)n, (double)s.tokens);
        recite_json(d, n, sum, &s);
    }
    str_release(&path);
    mem_free(of);
    mem_free(whole);
    mem_free(recited);
    return rc;
}

int recited_read(const struct plan *p, const struct job *j, double **recited, struct err *e)
{
    struct str path = STR_INIT;
    store_job_path(p->lab->store, j->hash, RECITED, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = store_array_read(path.s, recited, p->data[j->repetition].n[PART_TEST], e);
    if (rc == ERR_INPUT)
        rc = store_job_broken(p->lab->store, j->hash, e);
    str_release(&path);
    return rc;
}
