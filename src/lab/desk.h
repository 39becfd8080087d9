/* desk.h - one job under work, and the kinds of jobs that there are. Inside lab only.
 *
 * To add a kind: its row of the table in kinds.c, what names it (spec.c), a file that computes it.
 */
#ifndef W2S_LAB_DESK_H
#define W2S_LAB_DESK_H

#include "lab/plan.h"

struct curve_point {
    struct train_point p;
    double truth, weak; /* accuracy on the validation slice: against ground truth, against the
                           labels it learns from; NAN */
    double test;        /* on the test part, where points are kept: never chosen on; NAN */
};
/* Of a job that keeps its points: predictions and rewards of the test part after a step. */
#define POINT_TEST    "test@%zu.f64"
#define POINT_REWARDS "rewards@%zu.f64"
#define POINT_TRAIN   "train@%zu.f64" /* of the train part, of one that keeps these */

/* job_run's things, so that there is one way out */
/* What a training does beside its own because others of the study ask for it: test predictions at
 * the points of its curve, those of its train part, the states that a trust function reads, the
 * features that a probe of its end does. */
enum aside { ASIDE_TEST_POINTS, ASIDE_TRAIN_POINTS, ASIDE_STATES, ASIDE_END, ASIDES };
extern const char *const aside_names[]; /* [ASIDES] */
struct spent {
    double predicted, flops, seconds; /* tokens, operations */
};

struct desk {
    const struct plan *plan;
    const struct job *job;
    const struct dataset *data;
    size_t K;
    struct store_work work;
    struct model *model;
    struct token_set sets[PART_COUNT];
    struct token_set learn; /* of a writer: prompts with the answers that it learns; of who is
                               taught beside its part: all that it learns; else n 0 */
    struct heard heard[PART_COUNT]; /* of a judge */
    struct cached_features features[PART_COUNT];
    size_t *chosen, n_chosen; /* of its examples; NULL: it learns from all */
    size_t human;             /* labels of the train part that it was told, charged to it */
    double *targets, *probs[PART_COUNT], *rewards, *weak_valid;
    struct curve_point *curve;
    size_t n_curve, cap_curve;
    struct train_result trained;
    double accuracy; /* on the test part */
    /* Of answers that are moves: the share of legal ones on the test part where none are kept from
     * being written, and, where some are, how many would be right without. Else NAN. */
    double legal, greedy;
    double said[PART_COUNT]; /* tokens that were written the last time */
    /* Of what it took, that sets and curve do not tell (desk_cost): tokens predicted, operations.
     */
    double predicted, flops;
    struct spent aside[ASIDES];        /* of points the seconds alone, until desk_aside */
    const struct curve_point *stopped; /* the point that it is, of another's curve; NULL: none */
    struct str more;    /* of its kind's own in result.json, a value in JSON; may be empty */
    struct probe probe; /* that it fitted; c 0: none */
    void *own;          /* of its kind, while it runs */
    bool own_peak;      /* the peak of memory is this job's, not of all that the process computed */
};

/* job_kind - name: what its spec and listings call it. is: whether a job of a plan is of this kind;
 * the first row whose answer is yes counts. spec: everything that can change its result, as JSON.
 * run: compute it; its files are in d->work then, and d->accuracy is set. */
struct job_kind {
    const char *name;
    bool (*is)(const struct plan *p, const struct job *j);
    int (*spec)(const struct plan *p, const struct job *j, struct str *out, struct err *e);
    int (*run)(struct desk *d, struct err *e);
    bool writes_down; /* what is there already: nothing is computed with a model */
};
const struct job_kind *job_kind(const struct plan *p, const struct job *j);
/* job_computes - whether it loads a model: not one that writes down what is there already, but for
 * labels whose errors go by a model's features. */
bool job_computes(const struct job *j);

/* spec.c */
int spec_write(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_untrained(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_train(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_labels(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_votes(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_ensemble(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_repair(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_dynamics(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_contrast(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_simulated(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_trust(const struct plan *p, const struct job *j, struct str *out, struct err *e);
/* job_stop.c: one that stops early is a point of the training that it stands on. */
int spec_stop(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int run_stop(struct desk *d, struct err *e);
int spec_argue(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_prompt(const struct plan *p, const struct job *j, struct str *out, struct err *e);
/* spec_begin - what every job that computes with a model begins with: where and from which; how
 * much of it. spec_model - the first alone, with so many threads. */
void spec_model(struct js *w, const struct plan *p, const struct job *j, int threads);
void spec_begin(struct js *w, const struct plan *p, const struct job *j);
/* job_probe.c: features; a probe of them; a student that is fine-tuned and then probed. */
int spec_features(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_probe(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int spec_probed(const struct plan *p, const struct job *j, struct str *out, struct err *e);
int run_features(struct desk *d, struct err *e);
int run_probe(struct desk *d, struct err *e);
int run_probed(struct desk *d, struct err *e);
/* end_keep - of a model that is trained, what job_leaves_end says it leaves. */
int end_keep(struct desk *d, struct err *e);
/* job_train.c, job_write.c, job_prompt.c, kinds.c, job_simulate.c, job_ensemble.c, job_repair.c */
int run_untrained(struct desk *d, struct err *e);
int run_write(struct desk *d, struct err *e);
int run_train(struct desk *d, struct err *e);
int run_labels(struct desk *d, struct err *e);
int run_votes(struct desk *d, struct err *e);
int run_prompt(struct desk *d, struct err *e);
int run_argue(struct desk *d, struct err *e); /* job_argue.c */
int run_simulated(struct desk *d, struct err *e);
int run_ensemble(struct desk *d, struct err *e);
int run_repair(struct desk *d, struct err *e);
int run_trust(struct desk *d, struct err *e); /* job_trust.c */
/* states_keep - of the training part what the head of its model, as it is now, reads: the last
 * token's row behind the last block and the final norm, as a file of the job's (job_trust.c). */
int states_keep(struct desk *d, struct err *e);
/* repair_keep, repair_tell - which labels a repair keeps, and of which examples it is told the
 * truth, [n] each, as files of the job's. repair_chosen - d->chosen: the labels that the repair
 * which a job stands on kept. */
int repair_keep(const struct desk *d, const bool *keep, struct err *e);
int repair_tell(const struct desk *d, const bool *told, struct err *e);
int repair_chosen(struct desk *d, struct err *e);
int run_dynamics(struct desk *d, struct err *e); /* job_dynamics.c, job_contrast.c */
int run_contrast(struct desk *d, struct err *e);
/* Labels of the train part as a student learns them, and which of them. repair_leave - what a job
 * between a supervisor, whose labels are in d->targets, and a student leaves: these labels, which
 * of them are kept, and what of both its result says. */
struct mended {
    double *now; /* [n,K] */
    bool *keep;  /* [n] */
    bool *told;  /* [n] ground truth in the place of the supervisor's; NULL: none */
};
int repair_leave(struct desk *d, const struct mended *m, struct err *e);
/* taught_learn - train a supervisor that learns some of the train part too: its sets and features
 * are made (job_taught.c). */
int taught_learn(struct desk *d, int (*eval)(void *ctx, const struct train_point *p, struct err *e),
                 struct err *e);
/* member_choose - d->chosen: the sample that a member of an ensemble learns (job_ensemble.c).
 * members_agreed - of the train part's labels, which are in d->targets, the share of its
 * supervisor's members that agree with each (ensemble_agreed): *share [n], mem_free. */
int member_choose(struct desk *d, struct err *e);
int members_agreed(struct desk *d, double **share, struct err *e);

/* What kinds share (job.c). desk_path - of a file of the job's. desk_truth - ground truth of a
 * part as one-hot rows [n,K], mem_free. desk_model - the model it begins with, a head to be set;
 * desk_learns - which of it is trained. desk_frozen (frozen.c) - what its model, of which nothing
 * learns, makes of the texts that it reads, of every part but supervise: d->features, a row of each
 * text's last token; d->model is gone then. desk_predicts - whether it says something of a part:
 * what trains on ground truth's half also labels the other. desk_learn - train it; eval as
 * train_events', which adds its points by desk_point, one that a former life wrote and this one
 * reaches again takes its place. desk_save - the trained model as a Hugging Face folder in dir that
 * is whole: tokenizer beside it, classes by name where labels is not NULL; adapters merged, and by
 * themselves. array_keep - numbers [n,K] of a part as a file of the job's: LAB_REWARDS, or (NULL)
 * the part's own name, for job_probs. probs_accuracy - against ground truth.
 */
/* desk_examples - of a part as the job reads them: a judge with what was argued about them. */
int desk_examples(struct desk *d, enum task_part part, const struct example **x, struct err *e);
int desk_path(const struct desk *d, const char *name, struct str *path, struct err *e);
/* truth_rows - ground truth of examples as one-hot rows [n,K], mem_free. desk_rows_keep - what the
 * model makes of the last token of each text of a part, whose tokens are made, at n depths
 * (features_last), as the job's file of this name; word: what progress calls them. */
int truth_rows(const struct example *x, size_t n, size_t K, double **rows, struct err *e);
int desk_rows_keep(struct desk *d, enum task_part part, const size_t *depths, size_t n,
                   const char *word, const char *name, struct err *e);
int desk_truth(const struct desk *d, enum task_part part, double **rows, struct err *e);
int desk_model(struct desk *d, struct err *e);
int desk_learns(struct desk *d, struct err *e);
int desk_frozen(struct desk *d, struct err *e);
bool desk_predicts(const struct desk *d, enum task_part part);
int desk_learn(struct desk *d, const struct train_data *data,
               int (*eval)(void *ctx, const struct train_point *p, struct err *e), struct err *e);
int desk_point(struct desk *d, const struct curve_point *c, struct err *e);
/* curve_add - the points of a curve as result.json and curve.json have it. */
int curve_add(struct desk *d, const struct doc *curve, struct err *e);
int desk_save(const struct desk *d, const char *const *labels, struct err *e);
/* desk_cost - tokens that it predicted: each part whose predictions it keeps, the validation part
 * at every point of the curve (and the test and the train part, where points of theirs are kept),
 * and d->predicted; *flops:
 * operations of the products of its training and of these (cost.c). The same however often it was
 * stopped, and whoever computed the features of its frozen blocks. */
void desk_cost(const struct desk *d, double *predicted, double *flops);
/* desk_aside - what of that, and of its seconds, others asked for; seconds of points count from
 * where the job was begun last. */
void desk_aside(const struct desk *d, struct spent out[ASIDES]);
/* desk_forward - adds to d->predicted and d->flops what its model took for reading so many tokens
 * of so many texts once. */
void desk_forward(struct desk *d, double tokens, double texts);
/* desk_spoken - the same of a language model, of whose tokens `read` have logits. */
void desk_spoken(struct desk *d, double tokens, double texts, double read);
int array_keep(const struct desk *d, enum task_part part, const char *name, const double *x,
               struct err *e);
int probs_accuracy(const struct desk *d, enum task_part part, const double *probs, double *accuracy,
                   struct err *e);

#endif
