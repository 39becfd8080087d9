/* plan.h - a study's jobs and what is compared with what. Inside lab only. */
#ifndef W2S_LAB_PLAN_H
#define W2S_LAB_PLAN_H

#include "lab/given.h"
#include "lab/lab.h"

/* JOB_UNTRAINED: a student as it starts, or a supervisor. JOB_REPAIR: its supervisor's labels,
 * mended or chosen for it, or what of them is trusted (job_trust.c). JOB_DEBATER: it labels
 * nothing. JOB_LM: a model that learns the task's texts, from whose weights others start
 * (generative.h). JOB_FEATURES: what probes of a model read (job_probe.c). JOB_RECITE: what a model
 * knows by heart (recite.h). */
enum job_role {
    JOB_SUPERVISOR,
    JOB_CEILING,
    JOB_STUDENT,
    JOB_UNTRAINED,
    JOB_REPAIR,
    JOB_DEBATER,
    JOB_LM,
    JOB_FEATURES,
    JOB_RECITE
};
enum job_state { JOB_TODO, JOB_FOUND, JOB_RAN, JOB_FAILED };

/* Models of a study: of both sides (a simulated one's are those that its errors go by), of the two
 * methods that have chains, and who argues. */
#define PLAN_MODELS (2 * STUDY_LIST + 2 * CHAIN_MOST + 1)

/* Jobs that one stands on. */
#define JOB_NEEDS 18

struct job {
    const struct job_kind *kind; /* desk.h */
    enum job_role role;
    size_t repetition;
    const struct lab_model *model; /* NULL: votes */
    const char *votes;             /* whose, as the task or their file is named; NULL: a model's */
    size_t vote;                   /* their number in the task */
    const struct given *given;     /* their file; NULL: the task's votes */
    const struct simulation *simulated; /* what they are made as; NULL: they are nobody's making */
    const struct ensemble *ensemble;    /* it is several models; model and layers: the largest's */
    enum ensemble_kind member;          /* of which it is one, the round-th from 1 */
    size_t round;
    double params; /* of an imported one, where it is told; else 0 */
    bool imported; /* another program's: its test predictions are all there is */
    const struct study_side *side;
    size_t layers;                /* resolved: 1..checkpoint's */
    struct trainable trainable;   /* top cut down to layers */
    enum task_part part;          /* what it trains on */
    const struct method *method;  /* of a student; NULL: ground truth */
    const struct job *supervisor; /* whose labels; NULL: ground truth */
    const struct job *repair;     /* that mended these labels; NULL: as they are */
    /* of a supervisor: which of the train part it learns too, with their truth; NULL: none */
    const struct choice *taught;
    /* Of a repair by logit contrast: the student's model as it starts, and the supervisor's. */
    const struct job *start, *before;
    const struct job *needs[JOB_NEEDS]; /* what is done before it, its supervisor among them */
    size_t n_needs;
    size_t slice, slices;  /* it learns from one of so many of its part, by question; 0: from all */
    bool labels;           /* it says something of the training part, which others learn from */
    bool points;           /* it keeps its test predictions at every point of its curve, */
    bool train_points;     /* and those of its train part at every one behind its start */
    bool states;           /* it keeps what its head reads of the training part (job_trust.c) */
    enum debate_form form; /* of a supervisor: what it reads beside the example */
    const struct job *arguments; /* where that is written; NULL: nothing */
    /* whose training it is a point of, or from whose weights it starts; NULL: none */
    const struct job *base;
    const size_t *depths; /* [n_depths] of JOB_FEATURES, rising */
    size_t n_depths;
    char label[160]; /* for people: "student 30 of 30 layers, naive, from 2 layers, seed 0" */
    char hash[HASH_HEX];
    char *spec;   /* the JSON that was hashed */
    int threads;  /* that compute it; a small job has one, so that several run at once */
    double again; /* clock_now() before which it is another process's */
    int losses;   /* workers that died of it */
    enum job_state state;
    struct err why; /* of a failure */
};

/* One line of the results: a supervisor, a student, a method; a job each for every repetition. */
struct pair {
    const struct method *method;             /* NULL: the control, ground truth as weak label */
    size_t n;                                /* repetitions */
    struct job **weak, **student, **ceiling; /* [n] */
    struct job **untrained;                  /* [n]; NULL: the study does not ask for it */
    struct job **recited;                    /* [n]; NULL: the same, or there is none */
};

/* A supervisor and a student that are not compared: the student is smaller. Both without
 * repetition. */
struct left_out {
    struct job weak, strong;
};

struct plan {
    const struct lab *lab;
    const struct study *study;
    struct arena arena;
    struct task *task;
    struct str data_dir;
    struct str passed; /* lab_task_passed */
    struct lab_model *models;
    size_t n_models;
    struct given **given;    /* [n_votes] of the supervisor's labels from files; NULL: none are */
    int threads;             /* of a job that is not small */
    bool worker;             /* this process is one of a crew: others compute beside it */
    struct dataset *data;    /* [seeds] */
    char (*texts)[HASH_HEX]; /* [seeds] of the texts of generative.h, "" until asked for; NULL */
    struct job **jobs;       /* each hash once, dependencies first */
    size_t n_jobs, cap_jobs;
    struct pair *pairs;
    size_t n_pairs, cap_pairs;
    struct left_out *left_out;
    size_t n_left_out, cap_left_out;
};

/* plan_open - its models and data alone. plan_make - the same and its jobs. Undone by plan_release,
 * which an error has called already. plan_given - the supervisors' files of labels, where they are
 * such: every example that students learn from has to have a row. */
int plan_open(struct plan *p, const struct lab *lab, const struct study *s, struct err *e);
int plan_make(struct plan *p, const struct lab *lab, const struct study *s, struct err *e);
int plan_given(struct plan *p, struct err *e);
/* repair_check - whether a method's labels can be mended in this study (job_repair.c): else
 * ERR_INPUT. dynamics_check, contrast_check - whether they can be chosen by a training's points
 * (job_dynamics.c), or be mixed with what models say as they start (job_contrast.c). */
int repair_check(const struct plan *p, const struct method *m, struct err *e);
int dynamics_check(const struct plan *p, const struct method *m, struct err *e);
int contrast_check(const struct plan *p, const struct method *m, struct err *e);
/* trust_check - whether labels of this study's supervisors can be trusted by their states
 * (job_trust.c): else ERR_INPUT. plan_trusts - whether some method does, so that every supervisor
 * keeps its states. job_trusts - whether a job fits a trust function; trust_bytes - of memory, of
 * such a one. */
int trust_check(const struct plan *p, const struct method *m, struct err *e);
bool plan_trusts(const struct plan *p);
bool job_trusts(const struct job *j);
size_t trust_bytes(const struct plan *p, const struct job *j);
/* plan_ensemble - whether supervisors that are several models each can be (job_ensemble.c): else
 * ERR_INPUT. ensemble_needs - the members of j, one of them: the j->vote-th. side_member - of a
 * side of models the i-th, model by model (plan_pairs.c). member_json - what of a member is in its
 * hash; nothing of others. */
int plan_ensemble(const struct plan *p, struct err *e);
int ensemble_needs(struct plan *p, struct job *j, struct err *e);
int side_member(const struct plan *p, const struct study_side *side, size_t i, struct job *j,
                struct err *e);
void member_json(struct js *w, const struct job *j);
/* plan_simulated - what simulated supervisors may be asked for (job_simulate.c): else ERR_INPUT.
 * simulated_needs - the job whose errors j, one of them, takes, where it takes a model's. */
int plan_simulated(const struct plan *p, struct err *e);
int simulated_needs(struct plan *p, struct job *j, struct err *e);
/* plan_writes - what a study may ask for where answers are written (plan_write.c): else ERR_INPUT.
 * plan_model - one of its models, by name. */
int plan_writes(const struct plan *p, struct err *e);
const struct lab_model *plan_model(const struct plan *p, const char *name);
/* plan_job - the job like this one of this description (the JSON that is hashed); one that has the
 * same hash is the same job. */
int plan_job(struct plan *p, const struct job *like, const char *spec, struct job **out,
             struct err *e);
/* plan_add - the job like this one, described by its kind. job_need - from now on j stands on
 * another: it is begun when that is done, and fails where that does. */
int plan_add(struct plan *p, const struct job *like, struct job **out, struct err *e);
/* side_model - j learns as a side does, with this model of so many layers (0: all): ERR_INPUT where
 * it has fewer, or cannot learn so. job_size - its parameters, by which a student is not smaller
 * than its supervisor; 0: votes. */
int side_model(const struct study_side *side, const struct lab_model *m, size_t layers,
               struct job *j, struct err *e);
size_t job_size(const struct job *j);
/* job_root - the supervisor at the beginning of the chain that it stands on; NULL: ground truth. */
const struct job *job_root(const struct job *j);
/* job_chosen - the examples of its part that it learns from (slices), ascending: *chosen [*n],
 * mem_free; NULL: all. Slices are runs of questions, in the order of the part; their examples are
 * never in two. ERR_INPUT where there are fewer questions than slices. */
int job_chosen(const struct plan *p, const struct job *j, size_t **chosen, size_t *n,
               struct err *e);
/* part_questions - [n] the question of each of a part's examples, mem_free; NULL: e->code.
 * plan_questions - how many different questions a repetition's training part has: examples of one
 * are never put apart. */
uint64_t *part_questions(const struct dataset *d, enum task_part part, struct err *e);
int plan_questions(const struct plan *p, size_t repetition, size_t *n, struct err *e);
void job_need(struct job *j, const struct job *on);
/* What plan_open and plan_make are made of: its models (plan_data.c), its data, for each
 * repetition, its jobs and pairs (plan_pairs.c). */
int plan_models_open(struct plan *p, struct err *e);
int plan_data_draw(struct plan *p, struct err *e);
int plan_pairs(struct plan *p, struct err *e);
/* plan_run - every job of a plan to its end, and the results; yaml: its settings. out: as
 * lab_run's, zeroed before; p is released. */
int plan_run(struct plan *p, const char *yaml, struct lab_summary *out, struct err *e);
void plan_release(struct plan *p);

/* job_config - the checkpoint's, cut to the job's layers; all zero of one that is votes. */
struct model_config job_config(const struct job *j);
extern const char *const job_roles[]; /* "supervisor" ... by enum job_role */
/* job_probes - whether it fits a probe to features, which other jobs make: probe_needs adds those
 * to the plan and to what it stands on; probe_settle - features that no job of the plan is still to
 * be fitted to count as found. probe_bytes - of memory, of a job that fits one.
 */
bool job_probes(const struct job *j);
/* job_leaves_end - whether a training leaves, beside its predictions, what its last block makes of
 * the texts in the end, for a student of this study that is such a training, probed: its name does
 * not tell, as its results are the same. Of one that was done before, whether it has. job_probed -
 * whether j is a student that is probed, and job_end the job that leaves it for j; NULL: j trains
 * for itself, or is none. */
bool job_leaves_end(const struct plan *p, const struct job *j);
bool job_probed(const struct job *j);
const struct job *job_end(const struct job *j);
int probe_needs(struct plan *p, struct job *j, struct err *e);
void probe_settle(struct plan *p);
size_t probe_bytes(const struct plan *p, const struct job *j);
/* job_settings - the job's training settings, whole: side's, with loss and seeds. */
void job_settings(const struct plan *p, const struct job *j, struct train_settings *t);
/* job_choice - which of its supervisor's labels it learns; of who has none, all of them. */
const struct choice *job_choice(const struct plan *p, const struct job *j);
/* shown_name - appended: what the i-th of n names is called where people read: of a path as many of
 * its last parts as no other of the names ends in; anything else is what it is. */
void shown_name(const char *const *names, const bool *paths, size_t n, size_t i, struct str *out);
/* job_who - appended: "model/layers", "/random" behind it where it starts from random weights, or
 * "votes/name", "labels/file", "simulated/name", "ensemble/name", or another program's name: what a
 * line or a point of a figure is.
 */
void job_who(const struct job *j, struct str *out);
/* job_how - appended: what tells it from a model of the same layers that is trained on examples
 * alone, "two debaters, 5 shots"; nothing of such a one. */
void job_how(const struct job *j, struct str *out);
/* job_scored - whether its predictions of the test part are there once it is done: labels from a
 * file may be of other examples alone. */
bool job_scored(const struct plan *p, const struct job *j);
/* job_reads - whether it learns from a part or predicts it: what its hash has of the data. */
bool job_reads(const struct job *j, enum task_part part);
/* job_outputs - of every head: one a class, or a single reward. job_head_word - the word whose row
 * of the unembedding the k-th starts from, or NULL. job_head - these rows [outputs, at most 16];
 * false where it starts from random numbers: an output has no word (-1), or one that is not one
 * token (-2).
 */
size_t job_outputs(const struct plan *p);
const char *job_head_word(const struct plan *p, size_t k);
bool job_head(const struct plan *p, const struct job *j, int32_t *rows);
/* plan_texts - that an example is read as: one, or each of its alternatives. */
size_t plan_texts(const struct plan *p);
/* job_bytes - of memory that it takes, as estimated. */
size_t job_bytes(const struct plan *p, const struct job *j);
/* memory_check - ERR_NOMEM where an estimate is more than the machine has. */
int memory_check(size_t bytes, struct err *e);
/* plan_head, plan_line - of the table of --dry-run, appended; seconds NAN: not known. */
void plan_head(struct str *out);
void plan_line(struct str *out, enum job_state state, double seconds, size_t bytes,
               const char *hash, const char *what);
/* job_run - compute one job into the store. *busy as store_begin. */
int job_run(const struct plan *p, struct job *j, bool *busy, struct err *e);
/* job_fail - record the failure of one that its own process could not record: its `why`. */
void job_fail(const struct plan *p, const struct job *j);
/* settings_same - whether study.yaml in dir is this text; settings_write - it is from now on. */
bool settings_same(const char *dir, const char *yaml);
int settings_write(const char *dir, const char *yaml, struct err *e);
/* results_write - results.json and predictions.csv in dir, and study.yaml where it is not yaml: at
 * no time beside other settings' numbers, nor beside a report of other numbers. The caller holds
 * dir (store_study_hold). idle: this run computed nothing, and the study is the one whose results
 * are there: what computed them stays named. */
int results_write(const struct plan *p, const char *dir, const char *yaml, bool idle,
                  struct err *e);

/* Of a job whose examples have alternatives: their rewards on the test part, [n,K]. */
#define LAB_REWARDS "rewards.f64"

/* What a finished job left, read back: predictions on a part, rewards. [n,K], mem_free. */
int job_probs(const struct plan *p, const struct job *j, enum task_part part, double **probs,
              struct err *e);
int job_rewards(const struct plan *p, const struct job *j, double **rewards, struct err *e);
/* job_lines - the same of JSON lines: of a part's file, whose rows have the examples' ids in their
 * order, each row, about example i. ERR_INPUT where they are those of other examples, or fewer. */
typedef int job_line_fn(void *ctx, size_t i, const struct doc *row, struct err *e);
int job_lines(const struct plan *p, const struct job *j, enum task_part part, job_line_fn *fn,
              void *ctx, struct err *e);

/* crew - worker processes, each of which computes one small job at a time (crew.c).
 *
 * crew_size - how many the study's small jobs, lab->jobs, its threads and the machine's memory are
 * good for.
 * crew_start - as many as that; none (*c NULL) where it is fewer than two, or where none can be
 * started.
 * crew_alive, crew_working - how many there are; have a job. Both accept NULL. One that died is
 * started again when there is a job for it, but for one that never was ready: it is no more.
 * crew_give - a job to one that has none; false where there is none.
 * crew_hear - waits at most `wait` seconds for something to happen. What became of a job is in *r:
 * of none where r->job is NULL; busy and rc as of job_run, whose sentence is in the job's `why`. A
 * job whose worker died is lost: it is to be given again, or fails (run.c).
 * crew_end - all of them end; a job under way is left as by Ctrl-C. */
struct crew;
struct crew_report {
    struct job *job;
    int rc;
    bool busy, lost;
    double seconds;
};
size_t crew_size(const struct plan *p);
int crew_start(struct crew **c, const struct plan *p, struct err *e);
size_t crew_alive(const struct crew *c);
size_t crew_working(const struct crew *c);
bool crew_has(const struct crew *c, const struct job *j);
bool crew_give(struct crew *c, struct job *j);
void crew_hear(struct crew *c, double wait, struct crew_report *r);
void crew_end(struct crew *c); /* accepts NULL */

extern const char *const lab_part_names[PART_COUNT];

/* Rises when the program would compute other bits from the same settings: part of the names of jobs
 * and of cached features. tests/unit/lab_numerics.c holds the bits to it. */
#define LAB_NUMERICS 3

/* Frozen features, computed once and shared: runs/cache/<hash>.f32. Processes that need the same
 * ones at the same time each write their own; they are the same, and the last rename stays. */
struct cached_features {
    struct file_map *map;
    struct features f;
    size_t *starts;
};
int cached_features_open(struct cached_features *c, const struct plan *p, const struct job *j,
                         struct model *m, const struct token_set *t, enum task_part part,
                         struct err *e);
void cached_features_close(struct cached_features *c);
/* cached_features_hold - said before the first job: this process may read features until
 * cached_features_drop. *fd: -1 where no job of the plan has a frozen block. Leftovers and features
 * that no study has taken away for days are removed here. cached_features_drop - after the last
 * one; whole: the study is done, so that its features are removed, unless another process may read
 * them. */
int cached_features_hold(const struct plan *p, int *fd, struct err *e);
void cached_features_drop(const struct plan *p, int fd, bool whole);

#endif
