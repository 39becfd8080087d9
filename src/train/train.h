/* train.h - fine-tune a classifier, or a reward, on soft labels, or a language model on texts, and
 * predict with it.
 *
 * K is the number of classes of a classifier; of a reward, the alternatives of each example, whose
 * rewards r(1), ..., r(K) are its row of logits: softmax cross-entropy over two of them is the
 * logistic loss on r(1) - r(2), over more one choice among all. A language model (head LM) has no
 * targets but its texts' own tokens, and its loss is -log p of each that is to be predicted
 * (token_set.answer_at), averaged over those of a batch: a batch's long answers weigh more than its
 * short ones, and what is not predicted weighs nothing.
 *
 * The trainer knows nothing of jobs and folders: it takes arrays, reports events through a
 * callback, and keeps a checkpoint in a file it is given. To add a loss: a row of the table in
 * loss.c. */
#ifndef W2S_TRAIN_TRAIN_H
#define W2S_TRAIN_TRAIN_H

#include "data/pack.h"
#include "model/model.h"

enum loss_kind {
    LOSS_XENT,
    LOSS_CONFIDENCE,
    LOSS_PRODUCT,
    LOSS_SMOOTHING,
    LOSS_KL,
    LOSS_REVERSE_KL,
    LOSS_REVERSE_XENT,
    LOSS_FOCAL
};
extern const char *const loss_names[]; /* by kind; a job is known by it: a formula that changes
                                        * takes another name */
/* half of the batch positive (the paper's); the weak labels' positive rate (of replications) */
enum threshold_kind { THRESHOLD_MEDIAN, THRESHOLD_PRIOR };
enum schedule_kind { SCHEDULE_COSINE, SCHEDULE_LINEAR, SCHEDULE_CONSTANT };

struct loss_settings {
    enum loss_kind kind;
    double alpha_max; /* of losses that mix (loss_mixes) */
    double ramp;      /* share of the steps over which alpha rises from 0 */
    enum threshold_kind threshold;
    double gamma, temperature; /* of LOSS_FOCAL, LOSS_KL */
};

struct train_settings {
    size_t epochs, batch; /* 2, 32 examples */
    double lr;            /* 1e-4 */
    enum schedule_kind schedule;
    size_t warmup;            /* 10 steps, linear from lr/warmup */
    double weight_decay;      /* 0; on matrices only (embeddings are), not on biases or norms */
    double beta1, beta2, eps; /* 0.9, 0.999, 1e-8 */
    double clip;              /* 1.0: global norm; 0: off */
    struct loss_settings loss;
    uint64_t seed_order;
    /* 1024; a batch is worked on in pieces of at most so many tokens: this changes memory and the
     * last bits, not meaning */
    size_t micro_tokens;
    /* 4 an epoch, after its steps ceil(k * steps / evals), k = 1..evals: the last is the epoch's
     * end, never two at one step; 0: none */
    size_t evals;
    double checkpoint_every; /* 60 seconds between two writings; 0: every step */
};
void train_settings_init(struct train_settings *s); /* the defaults, all of them */

/* features of a frozen prefix, computed once (features_make), on disk or in memory: row t of
 * sequence i is at data + (starts[i] + t) * C. A sequence has as many rows as tokens; one row, of
 * its last token, where the model is cut at its end (cut == L). */
struct features {
    const float *data;
    const size_t *starts; /* [n*per+1], in rows */
    size_t C;
};

struct train_data {
    const struct token_set *tokens;
    const double *targets; /* [n,K] soft labels, each row sums to 1; NULL of a language model */
    const struct features *features; /* NULL: computed from tokens at every step, as a language
                                      * model's always are */
    const size_t *chosen; /* [n_chosen] the examples that it learns from, ascending; NULL: all */
    size_t n_chosen;
};

struct train_point {    /* a point of the curve within the epochs */
    size_t step, steps; /* updates done, of all */
    double epoch;       /* examples seen / examples of an epoch, 0.. */
    double loss;        /* mean over the examples (of a language model, the predicted tokens) since
                         * the last point of the same event */
    double lr, alpha;   /* of this update */
    double grad_norm;   /* global norm of this update's gradient before clipping */
    double seconds;     /* of training, earlier lives of the run included */
    size_t tokens;      /* seen so far */
};

struct train_events {
    void *ctx;
    void (*step)(void *ctx, const struct train_point *p); /* after every update; may be NULL */
    /* at evaluation points: may predict with the model; may be NULL. A code other than OK ends the
     * run with it; after ERR_INTERRUPTED the checkpoint is written, and a run that continues begins
     * with this evaluation. */
    int (*eval)(void *ctx, const struct train_point *p, struct err *e);
};

struct train_result {
    size_t steps, tokens;
    double seconds;    /* earlier lives of the run included */
    double earlier;    /* those lives' alone */
    double final_loss; /* as a point's, over the last epoch, each example as it was when met */
    bool resumed;
};

/* train_K - K above; 0 of a language model. BUG where head and examples do not belong together. */
size_t train_K(const struct model *m, const struct token_set *t);

/* train_run - fine-tune m, whose head and trainable parameters are set.
 *
 *     epoch -> order -> batch -> pieces -> forward, loss, backward (adding up) -> clip -> AdamW
 *
 * Order:      every epoch shuffles 0..n-1 by the stream "order <epoch>" of seed_order; every last
 *             partial batch is used, the loss is the mean over the batch as it is. A language
 *             model's is one that writes (loss_writes; BUG else).
 * Checkpoint: names a file (NULL: none) that is written now and then, and read when it is there:
 *             parameters that learn, moments, step and running means. A run that continues ends
 *             with the same bits, and reports the same points, as one that never stopped. A file
 *             of other settings, data, model or numerics is ignored with a warning. It is left
 *             where it is at the end.
 * log:        a progress line and warnings; may be NULL.
 * Errors:     ERR_INPUT for data without examples, targets that are no distribution, or a text of
 *             which nothing is to be predicted; ERR_NUMERIC naming the step where the loss or the
 * gradient is not finite; ERR_INTERRUPTED after writing the checkpoint where stop_asked();
 * ERR_NOMEM, ERR_IO. The model's parameters are in between then. */
int train_run(struct model *m, const struct train_settings *s, const struct train_data *train,
              const char *checkpoint, const struct train_events *events, struct log *log,
              struct train_result *r, struct err *e);

/* predict_run - probs [n,K] = softmax(logits), f64, row i of example i; logits themselves where
 * they are not NULL. f may be NULL.
 *
 * Examples are packed in an order of their own (longest first, then by their tokens), in pieces of
 * at most micro_tokens: which examples meet in a product is a function of the set of texts, so the
 * order of the examples in memory does not change a bit. Taking examples away may change the last
 * bits of others, as far as the device's products depend on the number of rows.
 * progress (may be NULL) was begun with n as its total and tokens as its unit.
 * Errors: ERR_NUMERIC for a logit that is not finite, ERR_INTERRUPTED where stop_asked(). */
int predict_run(struct model *m, const struct token_set *t, const struct features *f,
                size_t micro_tokens, double *probs, double *logits, struct progress *progress,
                struct err *e);

/* lm_score_run - how well a language model predicts t's texts: over all tokens that are to be
 * (token_set.answer_at), their mean -log p in nats, whose exponential is the perplexity, how many
 * of them were the most probable token (the lowest id among equals), and of how many texts all
 * were; whole [n] (may be NULL): of which. Order, progress and errors are predict_run's; ERR_INPUT
 * for a text of which nothing is to be predicted. */
struct lm_score {
    double nats; /* NAN where there is no token */
    size_t tokens, right, texts_right;
};
int lm_score_run(struct model *m, const struct token_set *t, size_t micro_tokens,
                 struct lm_score *s, bool *whole, struct progress *progress, struct err *e);

/* write_run - what m, whose head is LM, writes after each of t's texts: the most probable token,
 * time after time, up to `end` or `most` (> 0) tokens. out [n] starts empty and does not hold the
 * end; the caller's, token_ids_release, after an error too. Of equal logits the lowest id. allowed
 * (NULL: all) names the tokens that may come after `said` of example i, at least one.
 *
 * Texts are written many at a time (WRITE_TEXTS at most: products of as many rows are worth it), in
 * an order of their own as predict_run's. progress was begun with n as its total and tokens as its
 * unit. Errors: as predict_run. */
#define WRITE_TEXTS 64
struct write_settings {
    int32_t end;
    size_t most;
    int (*allowed)(void *ctx, size_t i, const int32_t *said, size_t n, const int32_t **list,
                   size_t *count, struct err *e);
    void *ctx;
    /* Drawn, not the most probable; NULL: that. Each text has a stream of its own, of seed and its
     * number: the same whichever others are written. Not with allowed (BUG). */
    const struct sampling *sampling;
    uint64_t seed;
    const bool *ends; /* [V] others that end a text as `end` does; NULL: none */
};
int write_run(struct model *m, const struct token_set *t, const struct write_settings *s,
              struct token_ids *out, struct progress *progress, struct err *e);

/* predict_check - x [n,K] holds probabilities, each row summing to 1 but for their rounding; else
 * ERR_INPUT with the first number that is wrong. */
int predict_check(const double *x, size_t n, size_t K, struct err *e);

/* features_make - write the features of all n examples, in order, through add (rows of C floats).
 * The pieces are runs of neighbours of at most micro_tokens. progress, errors: as predict_run. */
int features_make(struct model *m, const struct token_set *t, size_t micro_tokens,
                  struct progress *progress,
                  int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e), void *ctx,
                  struct err *e);

/* features_last - of the last token of every sequence alone, behind each of n depths and through
 * the final norm (pass_hidden): n rows of C floats a sequence. Otherwise as features_make. */
int features_last(struct model *m, const struct token_set *t, const size_t *depths, size_t n,
                  size_t micro_tokens, struct progress *progress,
                  int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e), void *ctx,
                  struct err *e);

/* loss_compute - a loss over a batch of B logits rows [B,K], K >= 2; f64 in and out.
 *
 * f = softmax(logits), w = target; all are means over rows.
 *
 *     xent            CE(f, w) = -sum_k w[k] log f[k]
 *     confidence      (1-alpha) CE(f, w) + alpha CE(f, hard(f))
 *     product         CE(f, t), t[k] ~ f[k]^alpha w[k], summing to 1
 *     smoothing       (1-alpha) CE(f, w) + alpha CE(f, 1/K)
 *     kl              T^2 sum_k w_T[k] log(w_T[k] / f_T[k]); f_T and w_T are f^(1/T) and w^(1/T),
 *                     summing to 1
 *     reverse kl      (1-alpha) CE(f, w) + alpha sum_k f[k] log(f[k] / w[k])
 *     reverse xent    (1-alpha) CE(f, w) - alpha sum_k f[k] log w[k]
 *     focal           -sum_k w[k] (1 - f[k])^gamma log f[k]
 *
 *     dlogits = d(loss)/d(logits); no gradient flows through hard(f) and t
 *
 * alpha 0, gamma 0: xent, bit for bit; T 1: its gradient.
 * product: with alpha 1 the target is both models' product, and f = w is no place of rest where
 *     they lean to one class: the student ends surer than its supervisor, as sure as it can be.
 * reverse kl: w is kept 1e-6 or more from 0 and made to sum to 1 again: 0 at f = w, else above it.
 * reverse xent: log w is -4 at least, for every w below e^-4, not for 0 alone.
 * hard, K == 2: 1 where f[1] > t, else 0; t is chosen on the whole batch, so that the m largest
 *     f[1] are above it: m = floor(B/2) (THRESHOLD_MEDIAN: t is the lower median, as torch.median
 *     gives it) or m = floor(prior * B + 1/2) (THRESHOLD_PRIOR; train_run's prior is the mean weak
 *     label of class 1 over the training set). Rows equal to t are negative: with ties there are
 *     fewer than m positives, and a batch of equal rows has none unless m == B. A batch of one row
 *     (an epoch's last one can be) is class 0 with THRESHOLD_MEDIAN, as m is 0.
 * hard, K > 2: the largest f, the first of equals; threshold and prior are not used.
 * Aliasing: dlogits may be neither logits nor targets.
 * Errors: ERR_NUMERIC "loss is nan", ERR_NOMEM.
 * Sources: confidence arXiv 2312.09390, section 4.3; kl Hinton, Vinyals and Dean 2015; focal Lin et
 *     al. 2017; reverse xent and its bound Wang et al. 2019; product Hinton 2002. */
int loss_compute(const struct loss_settings *s, double alpha, size_t B, size_t K,
                 const double *logits, const double *targets, double prior, double *loss,
                 double *dlogits, struct err *e);

/* loss_alpha - alpha_max * min(1, step / (ramp * steps)), step from 0; 0 for a loss without alpha.
 */
double loss_alpha(const struct loss_settings *s, size_t step, size_t steps);

/* loss_mixes - whether a loss has an alpha. */
bool loss_mixes(enum loss_kind kind);

/* loss_writes - whether a language model can learn by it: xent; confidence, token by token,
 *
 *     (1-alpha) CE(f, text's token) + alpha CE(f, 1 for the token that f itself finds most
 * probable)
 *
 * behind the text as it stands, each over all words; threshold is not used. */
bool loss_writes(enum loss_kind kind);

/* loss_joint - whether one row's gradient depends on the other rows of its batch, so that a batch
 * in pieces needs all its logits first. */
bool loss_joint(const struct loss_settings *s, double alpha);

/* schedule_lr - learning rate of a step, s from 0 of n:
 *
 *     lr * min(1, (s+1) / warmup) * shape(s / n)
 *     shape: cosine (1 + cos(pi x)) / 2, linear 1 - x, constant 1
 *
 * Without warm-up these are get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup and
 * get_constant_schedule of Hugging Face transformers. With it they differ from those in that no
 * step is spent at rate 0, and that the warm-up multiplies the decay instead of going before it. */
double schedule_lr(const struct train_settings *s, size_t step, size_t steps);

#endif
