/* trainer.c - fine-tuning, step by step.
 *
 *                 +------------------------- trainer_step -------------------------+
 *                 v                                                                |
 *     (start) -> even -- trainer_save, where it is time --> even -- more to do? ---+
 *                 ^  \                                        \
 *     trainer_eval|   +-- stop asked: trainer_save --> (out)   +-- no --> (end)
 *                 |
 *          a point is due
 *
 * Between steps the state is even: parameters, moments and struct train_state belong together, and
 * that is the only moment at which they are written. A step that is stopped in the middle has
 * changed gradients alone, and is done again. */
#include "train/checkpoint.h"
#include "train/feed.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct trainer {
    struct model *m;
    const struct train_settings *s;
    const struct train_data *data;
    const char *checkpoint;
    const struct train_events *events;
    struct log *log;
    struct progress progress;

    size_t n, K, per_epoch, steps; /* K 0: a language model */
    double prior;                  /* mean weak label of class 1 over the training set */
    char identity[HASH_HEX];

    struct pass *pass;
    struct feed feed;
    struct moments *moments;            /* [n_params] */
    size_t *order;                      /* [n], of epoch order_epoch */
    size_t order_epoch;                 /* n_epochs + 1: none */
    double *logits, *targets, *dlogits; /* [batch,K] */
    float *host;                        /* [batch,K] */
    float *device;                      /* [batch,K] */
    double *nats, *weight;              /* [R] of one piece, of a language model */
    size_t cap_nats, cap_weight;
    int32_t *said;    /* [R] its own most probable tokens, where it may contradict the text */
    double *own_nats; /* [R] their -log p */
    size_t cap_said, cap_own_nats;

    struct train_state state;
    double began, life;  /* clock at the beginning of this life; seconds of the earlier ones */
    double saved_at;     /* clock after the last writing */
    uint64_t saved_step; /* the step on disk */
    uint64_t first_step; /* of this life */
    uint64_t first_tokens;
};

static int trainer_check(const struct trainer *t, struct err *e)
{
    bool learns = false;
    BUG_ON(t->K == 1 || (t->K == 0) != !t->data->targets);
    BUG_ON(t->K == 0 && (t->data->features || !loss_writes(t->s->loss.kind)));
    BUG_ON(!t->s->batch || !t->s->micro_tokens);
    if (!t->n)
        return err_set(e, ERR_INPUT, "there is no example to train on");
    for (size_t i = 0; i < t->m->n_params; i++)
        learns = learns || t->m->params[i].g;
    if (!learns)
        return err_set(e, ERR_INPUT, "no parameter of the model is trainable");
    if (!t->K)
        return feed_check_lm(t->data->tokens, e);
    return predict_check(t->data->targets, t->data->tokens->n, t->K, e) ? err_wrap(e, "targets")
                                                                        : OK;
}

static size_t param_floats(const struct model_param *p)
{
    return p->spec.rows * p->spec.cols;
}

/* label_storage - of what is learnt from targets. */
static int label_storage(struct trainer *t, struct err *e)
{
    size_t batch = t->s->batch < t->n ? t->s->batch : t->n;
    t->logits = mem_alloc(batch, t->K * sizeof *t->logits, e);
    t->targets = mem_alloc(batch, t->K * sizeof *t->targets, e);
    t->dlogits = mem_alloc(batch, t->K * sizeof *t->dlogits, e);
    t->host = mem_alloc(batch, t->K * sizeof *t->host, e);
    t->device = dev_alloc(t->m->dev, batch * t->K, e);
    bool good = t->logits && t->targets && t->dlogits && t->host && t->device;
    return good ? OK : e->code;
}

static int trainer_storage(struct trainer *t, struct err *e)
{
    t->order = mem_alloc(t->n, sizeof *t->order, e);
    t->moments = mem_zalloc(t->m->n_params, sizeof *t->moments, e);
    if (!t->order || !t->moments || (t->K && label_storage(t, e)))
        return e->code;
    for (size_t i = 0; i < t->m->n_params; i++) {
        const struct model_param *p = &t->m->params[i];
        if (!p->g)
            continue;
        float *(*take)(struct dev *, size_t, struct err *) =
            p->touched ? dev_alloc_lazy : dev_alloc;
        t->moments[i].m = take(t->m->dev, param_floats(p), e);
        t->moments[i].v = take(t->m->dev, param_floats(p), e);
        if (!t->moments[i].m || !t->moments[i].v)
            return err_wrap(e, "the optimizer's moments of %s", p->spec.name);
    }
    return pass_new(&t->pass, t->m, e);
}

static void trainer_clear(struct trainer *t)
{
    for (size_t i = 0; t->moments && i < t->m->n_params; i++) {
        dev_free(t->m->dev, t->moments[i].m);
        dev_free(t->m->dev, t->moments[i].v);
    }
    pass_free(t->pass);
    feed_release(&t->feed);
    dev_free(t->m->dev, t->device);
    mem_free(t->moments);
    mem_free(t->order);
    mem_free(t->logits);
    mem_free(t->targets);
    mem_free(t->dlogits);
    mem_free(t->host);
    mem_free(t->nats);
    mem_free(t->weight);
    mem_free(t->said);
    mem_free(t->own_nats);
}

/* chosen - the i-th of the examples that are learnt from. */
static size_t chosen(const struct train_data *d, size_t i)
{
    BUG_ON(d->chosen && d->chosen[i] >= d->tokens->n);
    return d->chosen ? d->chosen[i] : i;
}

/* trainer_order - the examples of an epoch, a function of the seed and the epoch alone. */
static void trainer_order(struct trainer *t, size_t epoch)
{
    struct rng rng;
    char stream[40];
    if (t->order_epoch == epoch)
        return;
    snprintf(stream, sizeof stream, "order %zu", epoch);
    rng_init(&rng, t->s->seed_order, stream);
    for (size_t i = 0; i < t->n; i++)
        t->order[i] = chosen(t->data, i);
    rng_shuffle(&rng, t->order, t->n);
    t->order_epoch = epoch;
}

/* A batch under work: examples index[0..B), in `count` pieces that end at ends[]. */
struct work {
    const size_t *index, *ends;
    size_t B, count;
    double alpha;
    double weighs; /* in means over batches: its examples, or the tokens that are predicted */
};

/* piece_forward - logits of examples [from,to) of the batch, to t->logits. */
static int piece_forward(struct trainer *t, const struct work *w, size_t from, size_t to,
                         enum feed_use use, struct err *e)
{
    const float *logits;
    int rc = stop_check(e);
    if (!rc)
        rc = feed_forward(&t->feed, t->pass, t->m, t->data->tokens, t->data->features,
                          w->index + from, to - from, use, &logits, e);
    if (rc)
        return rc;
    dev_download(t->m->dev, t->host, logits, (to - from) * t->K);
    for (size_t i = 0; i < (to - from) * t->K; i++)
        t->logits[from * t->K + i] = (double)t->host[i];
    return OK;
}

/* learn_use - a batch of one piece has one backward. */
static enum feed_use learn_use(const struct work *w)
{
    return w->count == 1 ? FEED_LEARN_WHOLE : FEED_LEARN;
}

/* piece_backward - from t->dlogits of the piece whose forward was the last one, times scale. */
static void piece_backward(struct trainer *t, size_t from, size_t to, double scale)
{
    for (size_t i = 0; i < (to - from) * t->K; i++)
        t->host[i] = (float)(t->dlogits[from * t->K + i] * scale);
    dev_upload(t->m->dev, t->device, t->host, (to - from) * t->K);
    pass_backward(t->pass, t->device);
}

/* batch_loss - of examples [from,to), as if they were a batch of their own. */
static int batch_loss(struct trainer *t, const struct work *w, size_t from, size_t to, double *loss,
                      struct err *e)
{
    return loss_compute(&t->s->loss, w->alpha, to - from, t->K, t->logits + from * t->K,
                        t->targets + from * t->K, t->prior, loss, t->dlogits + from * t->K, e);
}

/* work_joint - a loss that must see the whole batch before it has a gradient: logits of every piece
 * first, then forward and backward again; the last piece's activations are still there the first
 * time. */
static int work_joint(struct trainer *t, const struct work *w, double *loss, struct err *e)
{
    size_t from = 0;
    for (size_t i = 0; i < w->count; from = w->ends[i++]) {
        enum feed_use use = i + 1 == w->count ? learn_use(w) : FEED_PREDICT;
        int rc = piece_forward(t, w, from, w->ends[i], use, e);
        if (rc)
            return rc;
    }
    int rc = batch_loss(t, w, 0, w->B, loss, e);
    if (rc)
        return rc;
    piece_backward(t, w->count > 1 ? w->ends[w->count - 2] : 0, w->B, 1);
    from = 0;
    for (size_t i = 0; i + 1 < w->count; from = w->ends[i++]) {
        rc = piece_forward(t, w, from, w->ends[i], FEED_LEARN, e);
        if (rc)
            return rc;
        piece_backward(t, from, w->ends[i], 1);
    }
    return OK;
}

/* work_apart - rows that do not need each other: each piece is done with at once, and weighs as
 * many examples as it has. */
static int work_apart(struct trainer *t, const struct work *w, double *loss, struct err *e)
{
    size_t from = 0;
    *loss = 0;
    for (size_t i = 0; i < w->count; from = w->ends[i++]) {
        double part, share = (double)(w->ends[i] - from) / (double)w->B;
        int rc = piece_forward(t, w, from, w->ends[i], learn_use(w), e);
        if (!rc)
            rc = batch_loss(t, w, from, w->ends[i], &part, e);
        if (rc)
            return rc;
        piece_backward(t, from, w->ends[i], share);
        *loss += part * share;
    }
    return OK;
}

/* piece_said - what the model itself would write in each place, and its -log p. */
static int piece_said(struct trainer *t, const float *logits, size_t R, struct err *e)
{
    struct dev *dev = t->m->dev;
    int rc = mem_grow(&t->said, &t->cap_said, R, sizeof *t->said, e);
    if (!rc)
        rc = mem_grow(&t->own_nats, &t->cap_own_nats, R, sizeof *t->own_nats, e);
    if (rc)
        return rc;
    dev->ops->rows_argmax(dev, R, model_outputs(t->m), logits, t->said);
    dev->ops->lm_xent(dev, R, model_outputs(t->m), logits, t->said, NULL, t->own_nats, NULL);
    return OK;
}

/* piece_pull - from the text's token alone, as lm_xent leaves dlogits and nats, to alpha of it
 * given to what the model itself would write. */
static void piece_pull(struct trainer *t, double alpha, size_t R, float *dlogits)
{
    struct dev *dev = t->m->dev;
    for (size_t i = 0; i < R; i++) {
        t->nats[i] = (1 - alpha) * t->nats[i] + alpha * t->own_nats[i];
        t->weight[i] *= alpha;
    }
    dev->ops->rows_add_at(dev, R, model_outputs(t->m), t->feed.target, t->weight, dlogits);
    for (size_t i = 0; i < R; i++)
        t->weight[i] = -t->weight[i];
    dev->ops->rows_add_at(dev, R, model_outputs(t->m), t->said, t->weight, dlogits);
}

/* piece_lm - examples [from,to) of a batch of a language model, forward to backward; *loss: their
 * part of the batch's. The gradient of the logits takes their place. */
static int piece_lm(struct trainer *t, const struct work *w, size_t from, size_t to, double *loss,
                    struct err *e)
{
    struct dev *dev = t->m->dev;
    const float *logits;
    size_t R;
    int rc = stop_check(e);
    if (!rc)
        rc = feed_lm(&t->feed, t->pass, t->data->tokens, w->index + from, to - from, learn_use(w),
                     &logits, &R, e);
    if (!rc)
        rc = mem_grow(&t->nats, &t->cap_nats, R, sizeof *t->nats, e);
    if (!rc)
        rc = mem_grow(&t->weight, &t->cap_weight, R, sizeof *t->weight, e);
    if (rc)
        return rc;
    float *dlogits = pass_logits(t->pass);
    for (size_t i = 0; i < R; i++)
        t->weight[i] = 1 / w->weighs;
    if (w->alpha > 0 && (rc = piece_said(t, logits, R, e)))
        return rc;
    dev->ops->lm_xent(dev, R, model_outputs(t->m), logits, t->feed.target, t->weight, t->nats,
                      dlogits);
    if (w->alpha > 0)
        piece_pull(t, w->alpha, R, dlogits);
    *loss = 0;
    for (size_t i = 0; i < R; i++)
        *loss += t->nats[i] / w->weighs;
    if (!isfinite(*loss))
        return err_set(e, ERR_NUMERIC, "loss is %f", *loss);
    pass_backward(t->pass, dlogits);
    return OK;
}

static int work_lm(struct trainer *t, const struct work *w, double *loss, struct err *e)
{
    size_t from = 0;
    *loss = 0;
    for (size_t i = 0; i < w->count; from = w->ends[i++]) {
        double part;
        int rc = piece_lm(t, w, from, w->ends[i], &part, e);
        if (rc)
            return rc;
        *loss += part;
    }
    return OK;
}

static bool param_decays(const struct model_param *p)
{
    return p->spec.kind != PARAM_BIAS && p->spec.kind != PARAM_NORM_GAIN;
}

/* param_sumsq - of its gradient. An embedding's is summed row by row, so that rows of zeros make no
 * difference and are left out. */
static double param_sumsq(struct dev *dev, const struct model_param *p)
{
    size_t cols = p->spec.cols, n = 0;
    double sum = 0;
    if (!p->touched)
        return dev->ops->sumsq(dev, param_floats(p), p->g);
    for (size_t row = 0; row = model_param_run(p, row, &n), n; row += n)
        for (size_t i = row; i < row + n; i++)
            sum += dev->ops->sumsq(dev, cols, p->g + i * cols);
    return sum;
}

/* param_update - one step. Decay falls on all rows, the rest of a step on those that ever had a
 * gradient. */
static void param_update(struct dev *dev, const struct adamw *a, const struct model_param *p,
                         const struct moments *moments)
{
    size_t cols = p->spec.cols, n = 0;
    if (!p->touched || a->weight_decay > 0) {
        dev->ops->adamw(dev, a, param_floats(p), p->w, p->g, moments->m, moments->v);
        return;
    }
    for (size_t row = 0; row = model_param_run(p, row, &n), n; row += n)
        dev->ops->adamw(dev, a, n * cols, p->w + row * cols, p->g + row * cols,
                        moments->m + row * cols, moments->v + row * cols);
}

/* trainer_update - clip the gradient by its global norm and take a step with it. */
static int trainer_update(struct trainer *t, double lr, double *norm, struct err *e)
{
    struct dev *dev = t->m->dev;
    struct adamw a = {.lr = lr,
                      .beta1 = t->s->beta1,
                      .beta2 = t->s->beta2,
                      .eps = t->s->eps,
                      .grad_scale = 1,
                      .step = t->state.step + 1};
    double sum = 0;
    for (size_t i = 0; i < t->m->n_params; i++)
        if (t->m->params[i].g)
            sum += param_sumsq(dev, &t->m->params[i]);
    *norm = sqrt(sum);
    if (!isfinite(*norm))
        return err_set(e, ERR_NUMERIC, "gradient norm is %f", *norm);
    /* The small number is torch.nn.utils.clip_grad_norm_'s. */
    if (t->s->clip > 0 && t->s->clip < *norm + 1e-6)
        a.grad_scale = t->s->clip / (*norm + 1e-6);
    for (size_t i = 0; i < t->m->n_params; i++) {
        const struct model_param *p = &t->m->params[i];
        if (!p->g)
            continue;
        a.weight_decay = param_decays(p) ? t->s->weight_decay : 0;
        param_update(dev, &a, p, &t->moments[i]);
    }
    return OK;
}

static double trainer_seconds(const struct trainer *t)
{
    return t->life + clock_now() - t->began;
}

static struct train_point trainer_point(const struct trainer *t)
{
    size_t step = (size_t)t->state.step, epoch = step / t->per_epoch;
    size_t seen =
        (step % t->per_epoch) * t->s->batch; /* only whole batches before an epoch's end */
    return (struct train_point){
        .step = step,
        .steps = t->steps,
        .epoch = (double)epoch + (double)seen / (double)t->n,
        .loss = t->state.loss,
        .lr = t->state.lr,
        .alpha = t->state.alpha,
        .grad_norm = t->state.grad_norm,
        .seconds = trainer_seconds(t),
        .tokens = (size_t)t->state.tokens,
    };
}

static void trainer_show(struct trainer *t)
{
    t->progress.loss = t->state.loss;
    progress_step(&t->progress, (double)(t->state.step - t->first_step),
                  (double)(t->state.tokens - t->first_tokens), NULL);
}

/* Whether a point of the curve lies after b of the epoch's steps. */
static bool point_due(const struct trainer *t, size_t b)
{
    return b * t->s->evals / t->per_epoch > (b - 1) * t->s->evals / t->per_epoch;
}

/* trainer_book - the step is done: count it. */
static void trainer_book(struct trainer *t, const struct work *w, double loss, double lr,
                         double norm)
{
    struct train_state *s = &t->state;
    size_t b = (size_t)s->step % t->per_epoch;
    if (b == 0)
        s->epoch_loss = s->epoch_n = 0;
    s->step++;
    s->tokens += feed_tokens(t->data->tokens, w->index, w->B);
    s->point_loss += loss * w->weighs;
    s->point_n += w->weighs;
    s->epoch_loss += loss * w->weighs;
    s->epoch_n += w->weighs;
    s->loss = loss;
    s->lr = lr;
    s->alpha = w->alpha;
    s->grad_norm = norm;
    s->eval_due = point_due(t, b + 1);
}

static int trainer_step(struct trainer *t, struct err *e)
{
    size_t step = (size_t)t->state.step, b = step % t->per_epoch, *ends = NULL;
    double lr = schedule_lr(t->s, step, t->steps), loss = 0, norm = 0;
    trainer_order(t, step / t->per_epoch);
    struct work w = {.index = t->order + b * t->s->batch};
    w.B = t->n - b * t->s->batch < t->s->batch ? t->n - b * t->s->batch : t->s->batch;
    w.alpha = loss_alpha(&t->s->loss, step, t->steps);
    w.weighs = (double)(t->K ? w.B : feed_answers(t->data->tokens, w.index, w.B));
    for (size_t i = 0; t->K && i < w.B; i++)
        memcpy(t->targets + i * t->K, t->data->targets + w.index[i] * t->K,
               t->K * sizeof *t->targets);
    int rc = pack_split(t->data->tokens, w.index, w.B, t->s->micro_tokens, &ends, &w.count, e);
    if (rc)
        return rc;
    w.ends = ends;
    model_grad_zero(t->m);
    if (!t->K)
        rc = work_lm(t, &w, &loss, e);
    else if (loss_joint(&t->s->loss, w.alpha))
        rc = work_joint(t, &w, &loss, e);
    else
        rc = work_apart(t, &w, &loss, e);
    if (!rc)
        rc = trainer_update(t, lr, &norm, e);
    if (rc == ERR_NUMERIC) {
        char what[sizeof e->msg];
        memcpy(what, e->msg, sizeof what);
        rc = err_set(e, ERR_NUMERIC,
                     "step %zu: %.600s (learning rate %g); a smaller learning rate may help",
                     step + 1, what, lr);
    }
    if (!rc) {
        trainer_book(t, &w, loss, lr, norm);
        trainer_show(t);
        if (t->events && t->events->step) {
            struct train_point p = trainer_point(t);
            t->events->step(t->events->ctx, &p);
        }
    }
    mem_free(ends);
    return rc;
}

static int trainer_eval(struct trainer *t, struct err *e)
{
    struct train_point p = trainer_point(t);
    p.loss = t->state.point_loss / t->state.point_n;
    int rc = t->events && t->events->eval ? t->events->eval(t->events->ctx, &p, e) : OK;
    if (rc)
        return rc;
    t->state.point_loss = t->state.point_n = 0;
    t->state.eval_due = 0;
    return OK;
}

static int trainer_save(struct trainer *t, struct err *e)
{
    struct train_state s = t->state;
    if (!t->checkpoint || s.step == t->saved_step)
        return OK;
    s.seconds = trainer_seconds(t);
    int rc = checkpoint_write(t->checkpoint, t->identity, &s, t->m, t->moments, e);
    if (rc)
        return rc;
    t->saved_step = s.step;
    t->saved_at = clock_now();
    return OK;
}

static int trainer_resume(struct trainer *t, bool *resumed, struct err *e)
{
    if (!t->checkpoint)
        return OK;
    int rc = checkpoint_identity(t->identity, t->m, t->s, t->data, e);
    if (!rc)
        rc = checkpoint_read(t->checkpoint, t->identity, &t->state, t->m, t->moments, t->log,
                             resumed, e);
    if (rc || !*resumed)
        return rc;
    t->life = t->state.seconds;
    t->saved_step = t->first_step = t->state.step;
    t->first_tokens = t->state.tokens;
    if (t->log)
        log_info(t->log, "training goes on after step %zu of %zu", (size_t)t->state.step, t->steps);
    return OK;
}

/* trainer_loop - the diagram above. */
static int trainer_loop(struct trainer *t, struct err *e)
{
    int rc = OK;
    for (;;) {
        if (t->state.eval_due && (rc = trainer_eval(t, e)))
            break;
        if (clock_now() - t->saved_at >= t->s->checkpoint_every && (rc = trainer_save(t, e)))
            return rc;
        if (t->state.step == t->steps)
            return OK;
        if ((rc = stop_check(e)) || (rc = trainer_step(t, e)))
            break;
    }
    if (rc == ERR_INTERRUPTED) {
        struct err also = ERR_INIT;
        if (trainer_save(t, &also)) {
            *e = also;
            rc = also.code;
        }
    }
    return rc;
}

int train_run(struct model *m, const struct train_settings *s, const struct train_data *train,
              const char *checkpoint, const struct train_events *events, struct log *log,
              struct train_result *r, struct err *e)
{
    struct trainer t = {.m = m,
                        .s = s,
                        .data = train,
                        .checkpoint = checkpoint,
                        .events = events,
                        .log = log,
                        .n = train->chosen ? train->n_chosen : train->tokens->n,
                        .K = train_K(m, train->tokens),
                        .order_epoch = s->epochs + 1,
                        .began = clock_now()};
    bool resumed = false;
    memset(r, 0, sizeof *r);
    feed_init(&t.feed);
    t.per_epoch = t.n / s->batch + (t.n % s->batch != 0);
    t.steps = s->epochs * t.per_epoch;
    int rc = trainer_check(&t, e);
    if (!rc)
        rc = trainer_storage(&t, e);
    if (!rc)
        rc = trainer_resume(&t, &resumed, e);
    if (rc)
        goto out;
    for (size_t i = 0; t.K && i < t.n; i++)
        t.prior += train->targets[chosen(train, i) * t.K + 1] / (double)t.n;
    t.saved_at = clock_now();
    progress_begin(&t.progress, log, "training", (double)(t.steps - t.first_step), "tokens");
    rc = trainer_loop(&t, e);
    progress_end(&t.progress, rc);
    if (rc)
        goto out;
    *r = (struct train_result){
        .steps = t.steps,
        .tokens = (size_t)t.state.tokens,
        .seconds = trainer_seconds(&t),
        .earlier = t.life,
        .final_loss = t.state.epoch_n > 0 ? t.state.epoch_loss / t.state.epoch_n : (double)NAN,
        .resumed = resumed};
out:
    trainer_clear(&t);
    return rc;
}
