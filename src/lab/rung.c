/* rung.c - one model of a ladder: from random weights to a Hugging Face folder in its job. */
#include "lab/pretrain.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* A point of the curve, as it is kept beside the checkpoint. */
struct mark {
    double step, tokens, loss, held, lr;
};
enum { MARK_NUMBERS = sizeof(struct mark) / sizeof(double) };

struct rung_work {
    const struct pretraining *p;
    const struct rung *r;
    struct store_work work;
    struct model *model;
    struct token_set rows;
    struct mark *marks;
    size_t n_marks, cap_marks;
    struct train_result trained;
    struct lm_score held[HELD_COUNT];
};

static int work_path(const struct rung_work *w, const char *name, struct str *path, struct err *e)
{
    str_path(path, w->work.dir.s, name);
    return str_check(path, e);
}

/* marks_read - those of an earlier life; what was cut off is begun anew. */
static int marks_read(struct rung_work *w, struct err *e)
{
    struct str path = STR_INIT;
    struct err none = ERR_INIT;
    double *x = NULL;
    size_t bytes = 0;
    int rc = work_path(w, "curve.f64", &path, e);
    if (!rc && file_exists(path.s) && !file_size(path.s, &bytes, &none) && bytes > 16) {
        size_t n = (bytes - 16) / sizeof(struct mark);
        if (!store_array_read(path.s, &x, n * MARK_NUMBERS, &none)) {
            rc = mem_grow(&w->marks, &w->cap_marks, n, sizeof *w->marks, e);
            if (!rc)
                memcpy(w->marks, x, n * sizeof *w->marks), w->n_marks = n;
        }
    }
    mem_free(x);
    str_release(&path);
    return rc;
}

static int marks_write(const struct rung_work *w, struct err *e)
{
    struct str path = STR_INIT;
    int rc = work_path(w, "curve.f64", &path, e);
    if (!rc)
        rc = store_array_write(path.s, (const double *)w->marks, w->n_marks * MARK_NUMBERS, e);
    str_release(&path);
    return rc;
}

static int rung_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct rung_work *w = ctx;
    struct lm_score s;
    int rc = lm_score_run(w->model, &w->p->held[HELD_DOCUMENTS], w->r->model->training.micro_tokens,
                          &s, NULL, NULL, e);
    if (rc)
        return rc;
    while (w->n_marks && w->marks[w->n_marks - 1].step >= (double)p->step)
        w->n_marks--;
    rc = mem_grow(&w->marks, &w->cap_marks, w->n_marks + 1, sizeof *w->marks, e);
    if (rc)
        return rc;
    w->marks[w->n_marks++] =
        (struct mark){(double)p->step, (double)p->tokens, p->loss, s.nats, p->lr};
    log_info(w->p->lab->log, "%s: step %zu of %zu, loss %.4f, held out %.4f (perplexity %.2f)",
             w->r->label, p->step, p->steps, p->loss, s.nats, exp(s.nats));
    return marks_write(w, e);
}

static int rung_learn(struct rung_work *w, struct err *e)
{
    const struct pretraining *p = w->p;
    const struct ladder_model *m = w->r->model;
    struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct corpus_plan plan = pretraining_plan(p, m->tokens);
    struct train_data data = {.tokens = &w->rows};
    struct train_events events = {w, NULL, rung_eval};
    struct str checkpoint = STR_INIT;
    int rc = corpus_rows(&w->rows, &p->corpus, p->order + p->ladder->valid,
                         p->corpus.n - p->ladder->valid, &plan, e);
    if (!rc)
        rc = model_random(&w->model, p->lab->dev, &w->r->config, p->ladder->seed, e);
    if (!rc)
        rc = model_trainable_set(w->model, &all, e);
    if (!rc)
        rc = work_path(w, "checkpoint.bin", &checkpoint, e);
    if (!rc)
        rc = marks_read(w, e);
    if (!rc)
        rc = train_run(w->model, &m->training, &data, checkpoint.s, &events, p->lab->log,
                       &w->trained, e);
    str_release(&checkpoint);
    return rc;
}

static int rung_keep(struct rung_work *w, struct err *e)
{
    const struct pretraining *p = w->p;
    struct str dir = STR_INIT;
    int rc = OK;
    for (int k = 0; k < HELD_COUNT && !rc; k++)
        rc = lm_score_run(w->model, &p->held[k], w->r->model->training.micro_tokens, &w->held[k],
                          NULL, NULL, e);
    if (!rc)
        rc = work_path(w, "model", &dir, e);
    if (!rc)
        rc = model_save(w->model, NULL, dir.s, e);
    if (!rc)
        rc = pretraining_own(p->ladder)
                 ? tokenizer_words_save((const char *const *)p->words, p->n_words, dir.s, e)
                 : lab_tokenizer_save(&p->given, dir.s, e);
    str_release(&dir);
    return rc;
}

/* right_share - of moves that are asked for, those that are the model's first choice. */
static double right_share(const struct rung_work *w, enum held_set k)
{
    size_t n = w->p->held[k].n;
    return n ? (double)w->held[k].texts_right / (double)n : (double)NAN;
}

static void result_json(const struct rung_work *w, double seconds, struct str *out)
{
    const struct lm_score *held = &w->held[HELD_DOCUMENTS];
    struct js j;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "accuracy"), js_real(&j, right_share(w, HELD_MOVES));
    js_key(&j, "position_accuracy"), js_real(&j, right_share(w, HELD_POSITIONS));
    js_key(&j, "moves_asked"), js_int(&j, (int64_t)w->p->held[HELD_MOVES].n);
    js_key(&j, "held_out_loss"), js_real(&j, held->nats);
    js_key(&j, "perplexity"), js_real(&j, exp(held->nats));
    js_key(&j, "held_out_tokens"), js_int(&j, (int64_t)held->tokens);
    js_key(&j, "parameters"), js_int(&j, (int64_t)config_params(&w->model->cfg));
    js_key(&j, "final_loss"),
        js_real(&j, w->n_marks ? w->marks[w->n_marks - 1].loss : w->trained.final_loss);
    js_key(&j, "tokens"), js_int(&j, (int64_t)w->trained.tokens);
    js_key(&j, "steps"), js_int(&j, (int64_t)w->trained.steps);
    js_key(&j, "tokens_per_second"), js_real(&j, (double)w->trained.tokens / w->trained.seconds);
    js_key(&j, "finished"), js_int(&j, (int64_t)time(NULL));
    js_key(&j, "seconds"), js_real(&j, seconds);
    js_key(&j, "train_seconds"), js_real(&j, w->trained.seconds);
    js_key(&j, "resumed"), js_bool(&j, w->trained.resumed);
    js_key(&j, "curve"), js_open(&j, '[');
    for (size_t i = 0; i < w->n_marks; i++) {
        const struct mark *m = &w->marks[i];
        js_open(&j, '{');
        js_key(&j, "step"), js_int(&j, (int64_t)m->step);
        js_key(&j, "tokens"), js_int(&j, (int64_t)m->tokens);
        js_key(&j, "loss"), js_real(&j, m->loss);
        js_key(&j, "held_out_loss"), js_real(&j, m->held);
        js_key(&j, "lr"), js_real(&j, m->lr);
        js_close(&j, '}');
    }
    js_close(&j, ']');
    js_close(&j, '}');
}

static int rung_finish(struct rung_work *w, double seconds, struct err *e)
{
    const struct rung *r = w->r;
    struct str job = STR_INIT, result = STR_INIT;
    struct js j;
    result_json(w, seconds, &result);
    js_init(&j, &job);
    js_open(&j, '{');
    js_key(&j, "hash"), js_str(&j, r->hash);
    js_key(&j, "kind"), js_str(&j, "pretrain");
    js_key(&j, "label"), js_str(&j, r->label);
    js_key(&j, "study"), js_str(&j, w->p->ladder->name);
    js_key(&j, "model"), js_str(&j, r->model->name);
    js_key(&j, "spec"), js_raw(&j, r->spec);
    js_close(&j, '}');
    int rc = str_check(&job, e);
    if (!rc)
        rc = str_check(&result, e);
    if (!rc)
        rc = store_finish(w->p->lab->store, &w->work, job.s, result.s, e);
    str_release(&job);
    str_release(&result);
    return rc;
}

int rung_run(const struct pretraining *p, struct rung *r, bool *busy, struct err *e)
{
    struct rung_work w = {.p = p, .r = r};
    struct err also = ERR_INIT;
    double start = clock_now();
    int rc = store_begin(p->lab->store, r->hash, "pretrain", r->label, p->ladder->name, &w.work,
                         busy, e);
    if (rc || *busy)
        return rc;
    log_info(p->lab->log, "%s: %.2f million parameters, %zu tokens to learn from", r->label,
             (double)config_params(&r->config) / 1e6, r->model->tokens);
    rc = memory_check(rung_bytes(p, r), e);
    if (!rc)
        rc = rung_learn(&w, e);
    if (!rc)
        rc = rung_keep(&w, e);
    if (!rc)
        rc = rung_finish(&w, w.trained.earlier + clock_now() - start, e);
    model_free(w.model);
    token_set_release(&w.rows);
    mem_free(w.marks);
    if (rc == ERR_INTERRUPTED)
        store_leave(p->lab->store, &w.work);
    else if (rc && store_fail(p->lab->store, &w.work, e, &also))
        log_warn(p->lab->log, "the failure of %s could not be recorded: %s", r->label, also.msg);
    return rc;
}
