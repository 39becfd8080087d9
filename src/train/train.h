/* train.h - fine-tune a classifier on soft labels, and predict with it.
 *
 * The trainer knows nothing of jobs and folders: it takes arrays, reports events through a callback, and keeps a checkpoint in a
 * file it is given. To add a loss: a row of the table in loss.c. */
#ifndef W2S_TRAIN_TRAIN_H
#define W2S_TRAIN_TRAIN_H

#include "data/pack.h"
#include "model/model.h"

enum loss_kind { LOSS_XENT, LOSS_CONFIDENCE };
enum threshold_kind { THRESHOLD_MEDIAN, THRESHOLD_PRIOR }; /* half of the batch positive [P]; the weak labels' positive rate [R] */
enum schedule_kind { SCHEDULE_COSINE, SCHEDULE_LINEAR, SCHEDULE_CONSTANT };

struct loss_settings {
    enum loss_kind kind;
    double alpha_max;               /* 0.5 */
    double ramp;                    /* share of the steps over which alpha rises from 0: 0.2 */
    enum threshold_kind threshold;
};

struct train_settings {
    size_t epochs, batch;    /* 2, 32 examples */
    double lr;
    enum schedule_kind schedule;
    size_t warmup;           /* steps, linear from lr/warmup */
    double weight_decay;     /* 0; on matrices only */
    double beta1, beta2, eps;
    double clip;             /* 1.0: global norm; 0: off */
    struct loss_settings loss;
    uint64_t seed_order;
    size_t micro_tokens;     /* a batch is worked on in pieces of at most so many tokens; changes memory, not meaning */
    size_t evals;            /* evaluations an epoch on the validation slice, at equal distances; the last is the epoch's end */
    double checkpoint_every; /* seconds; 60 */
};
void train_settings_init(struct train_settings *s); /* the defaults, all of them */

/* features of a frozen prefix, computed once (features_make), on disk or in memory: row t of example i is at data + (starts[i] + t) * C. */
struct features {
    const float *data;
    const size_t *starts; /* [n+1], in rows */
    size_t C;
};

struct train_data {
    const struct token_set *tokens;
    const double *targets;           /* [n,K] soft labels, each row sums to 1 */
    const struct features *features; /* NULL: computed from tokens at every step */
};

struct train_point { /* a point of the curve within the epochs */
    size_t step, steps;
    double epoch;        /* fraction of epochs done, 0.. */
    double loss, lr, alpha, grad_norm; /* mean loss since the last point */
    double valid_accuracy;             /* against the validation targets' argmax; NAN where not evaluated */
    double seconds;
    size_t tokens;       /* seen so far */
};

struct train_events {
    void *ctx;
    void (*step)(void *ctx, const struct train_point *p);              /* after every update; may be NULL */
    int (*eval)(void *ctx, const struct train_point *p, struct err *e); /* at evaluation points: may predict with the model; may be NULL */
};

struct train_result {
    size_t steps, tokens;
    double seconds, final_loss;
    bool resumed;
};

/* train_run - the model's head and trainable parameters are set. checkpoint: a file that is written now and then and read when there
 * (NULL: none): parameters that learn, optimizer, step, random streams; a run that continues ends with the same bits as one that never stopped. A
 * checkpoint of other settings or data is ignored with a warning. A loss or gradient that is not finite: ERR_NUMERIC naming step and value.
 * ERR_INTERRUPTED after writing the checkpoint where stop_asked(). Every last partial batch is used. */
int train_run(struct model *m, const struct train_settings *s, const struct train_data *train, const struct train_data *valid,
              const char *checkpoint, const struct train_events *events, struct log *log, struct train_result *r, struct err *e);

/* predict_run - probs [n,K] = softmax(logits), f64. Order of the examples in memory has no influence on the bits. */
int predict_run(struct model *m, const struct token_set *t, const struct features *f, size_t micro_tokens, double *probs,
                struct progress *progress, struct err *e);

/* features_make - write the features of all n examples, in order, through add (rows of C floats). */
int features_make(struct model *m, const struct token_set *t, size_t micro_tokens, struct progress *progress,
                  int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e), void *ctx, struct err *e);

/* Losses over a batch of B logits rows [B,K] (f64 in and out): mean loss, dlogits = d(mean loss)/dlogits. protocol.md section 3.
 *   xent:        CE(softmax(z), target)
 *   confidence:  (1-a) CE(f, f_w) + a CE(f, hard(f)), a = alpha_max * min(1, step / (ramp * steps)); hard() thresholds f's own probability of class 1
 *                at t, t chosen on the WHOLE batch (also when it is worked on in pieces); no gradient flows through it. alpha 0 is xent, bit for bit. */
double loss_alpha(const struct loss_settings *s, size_t step, size_t steps); /* step counts from 0 */
int loss_compute(const struct loss_settings *s, double alpha, size_t B, size_t K, const double *logits, const double *targets,
                 double prior, double *loss, double *dlogits, struct err *e);

/* schedule_lr - learning rate of a step (from 0). */
double schedule_lr(const struct train_settings *s, size_t step, size_t steps);

#endif
