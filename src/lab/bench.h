/* bench.h - what results need of finished jobs, read once and scored. Inside lab only. */
#ifndef W2S_LAB_BENCH_H
#define W2S_LAB_BENCH_H

#include "lab/answers.h"
#include "lab/metrics.h"
#include "lab/plan.h"

/* Of one job on its test part, beside its accuracy; NAN where undefined. */
enum { SCORE_AUROC, SCORE_PRIOR, SCORE_ECE, SCORE_BRIER, SCORES };
/* Of a pair the accuracy of its students minus that of naive ones of the same models, with the
 * p-value of none, and the same after Holm's correction for all methods of these models; NAN where
 * there is none. */
struct versus {
    struct estimate d;
    double p, holm;
};
/* What results need of a repetition: test labels, and each job's test predictions, read once. */
struct bench {
    const struct plan *p;
    size_t K;
    int **labels;     /* [seeds] */
    uint64_t **units; /* [seeds], each test example's question */
    double **probs;   /* [jobs], NULL where failed or not scored (job_scored) */
    double *
        *rewards; /* [jobs], NULL where failed or votes; NULL where examples have no alternatives */
    double **ratings; /* [seeds], [n,K] people's; NULL where the task has none */
    /* [jobs] of a task that is answered by writing; else NULL. There every different answer is a
     * class of its own: 0 all that are right, which is every example's label, then the wrong ones
     * as they come; K is as many as the example has of which the jobs of a repetition wrote most,
     * and probs are 1 for what was written. Scores, which need probabilities, are NAN. */
    struct answers *answers;
    double (*scores)[SCORES]; /* [jobs] */
    struct versus *versus;    /* [pairs] once versus_measure was called */
    struct doc_tree *results; /* [jobs], result.json; no root where failed */
};

/* bench_open - a job whose files are broken: ERR_INPUT. Undone by bench_close, after
 * an error too. */
int bench_open(struct bench *b, const struct plan *p, struct err *e);
void bench_close(struct bench *b);
/* bench_answers - [jobs], see answers; sets K and probs (bench_answers.c). */
int bench_answers(struct bench *b, struct err *e);
size_t bench_job(const struct bench *b, const struct job *j);
const double *bench_probs(const struct bench *b, const struct job *j);
const char *bench_score_name(size_t k);

/* model_id - out is the id of a job's model in results.json. bench_number - of the i-th job's
 * result; 0 where it has none. pair_json - all of a pair (results_pair.c). */
void model_id(const struct job *j, struct str *out);
double bench_number(const struct bench *b, size_t i, const char *key);
int pair_json(struct js *w, const struct bench *b, const struct pair *q, struct err *e);

/* pair_cost_json - "cost": the jobs that the student stands on and itself, each once, as means over
 * the repetitions alive [n]: how many, their tokens learnt from and predicted, seconds, operations,
 * and PGR for each 10^15 of these (cost.c). Null what a job of an earlier program does not say.
 * pgr_per_pflop - of a PGR and the operations that it took; NAN where there are none. */
struct estimate pgr_per_pflop(const struct estimate *pgr, double flops);
int pair_cost_json(struct js *w, const struct bench *b, const struct pair *q, const size_t *alive,
                   size_t n, const struct estimate *pgr, struct err *e);

/* estimate_json - "key": [value, lo, hi]. pgr_json - gap, gain and PGR so, and why there is none.
 */
void estimate_json(struct js *w, const char *key, const struct estimate *x);
void pgr_json(struct js *w, const struct trio *x);

/* bands_json - "bands" of a pair whose task has bands: for each, by name, its examples of all
 * repetitions, the three accuracies, gap, gain and PGR, as a pair's. t as below. */
int bands_json(struct js *w, const struct bench *b, const struct pair *q, const struct trio_seed *t,
               const size_t *alive, size_t n, const struct trio_settings *set, struct err *e);
/* bench_settings - of every bootstrap of the study. pair_seeds - a pair's repetitions that have all
 * three models' predictions, each once: t and alive [q->n]; how many. *distinct: with those that
 * failed. */
struct trio_settings bench_settings(const struct bench *b);
size_t pair_seeds(const struct bench *b, const struct pair *q, struct trio_seed *t, size_t *alive,
                  size_t *distinct);
/* versus_measure - all pairs', once, before versus_json says it of one (versus.c), and of a charged
 * method that the study names its accuracy minus each baseline's: "minus_baselines". */
int versus_measure(struct bench *b, struct err *e);
int versus_json(struct js *w, const struct bench *b, const struct pair *q, struct err *e);
/* pair_sampled - trio_measure of a pair (band NULL) or of one of its bands, and what the bootstrap
 * drew into the lab's samples, as *row. */
int pair_sampled(const struct bench *b, const struct pair *q, const char *band,
                 const struct trio_seed *t, size_t n, const struct trio_settings *set,
                 struct trio *trio, struct sample_row **row, struct err *e);
/* pgr_reason_words - why a trio has no PGR, NULL where it has one. */
const char *pgr_reason_words(enum pgr_reason r);

/* predictions_write - predictions.csv in dir: every test example of every repetition with what each
 * model says of it (docs/result-files.md): probabilities, nothing where the job failed; or its
 * answer, whether it is right and legal. */
int predictions_write(const struct bench *b, const char *dir, struct err *e);

/* best_of_json - of a pair whose models reward texts: "best_of", where people rated texts each by
 * itself, of n texts the one that each model's reward puts first, as they rate it;
 * "best_of_by_ceiling", as the ceiling's reward rates it, in its standard deviations above chance:
 * of n such texts, or, where texts answer questions of their own, of the K of a question, as
 * rewards that are learnt within questions do not compare across them. t [n], of the repetitions
 * alive [n].
 */
int best_of_json(struct js *w, const struct bench *b, const struct pair *q,
                 const struct trio_seed *t, const size_t *alive, size_t n,
                 const struct trio_settings *set, struct err *e);

#endif
