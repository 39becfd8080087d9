/* plan.h - a study's jobs and what is compared with what. Inside lab only. */
#ifndef W2S_LAB_PLAN_H
#define W2S_LAB_PLAN_H

#include "lab/lab.h"

enum job_role { JOB_SUPERVISOR, JOB_CEILING, JOB_STUDENT };
enum job_state { JOB_TODO, JOB_FOUND, JOB_RAN, JOB_FAILED };

struct job {
    enum job_role role;
    size_t repetition;
    const struct lab_model *model;
    const struct study_side *side;
    size_t layers;                /* resolved: 1..checkpoint's */
    struct trainable trainable;   /* top cut down to layers */
    enum task_part part;          /* what it trains on */
    const struct method *method;  /* of a student; NULL: ground truth */
    const struct job *supervisor; /* whose labels; NULL: ground truth */
    char label[160]; /* for people: "student 30 of 30 layers, naive, from 2 layers, seed 0" */
    char hash[HASH_HEX];
    char *spec; /* the JSON that was hashed */
    enum job_state state;
    struct err why; /* of a failure */
};

/* One line of the results: a supervisor, a student, a method; a job each for every repetition. */
struct pair {
    const struct method *method;             /* NULL: the control, ground truth as weak label */
    size_t n;                                /* repetitions */
    struct job **weak, **student, **ceiling; /* [n] */
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
    struct lab_model *models;
    size_t n_models;
    struct dataset *data; /* [seeds] */
    struct job **jobs;    /* each hash once, dependencies first */
    size_t n_jobs, cap_jobs;
    struct pair *pairs;
    size_t n_pairs, cap_pairs;
    struct left_out *left_out;
    size_t n_left_out, cap_left_out;
};

int plan_make(struct plan *p, const struct lab *lab, const struct study *s, struct err *e);
void plan_release(struct plan *p);

/* job_config - the checkpoint's, cut to the job's layers. */
struct model_config job_config(const struct job *j);
/* job_settings - the job's training settings, whole: side's, with loss and seeds. */
void job_settings(const struct plan *p, const struct job *j, struct train_settings *t);
/* job_run - compute one job into the store. *busy as store_begin. */
int job_run(const struct plan *p, struct job *j, bool *busy, struct err *e);
/* results_write - results.json and predictions.csv in dir. idle: this run computed nothing, and the
 * study is the one whose results are there: what computed them stays named. */
int results_write(const struct plan *p, const char *dir, bool idle, struct err *e);

/* predictions_write - predictions.csv in dir: every test example of every repetition with each
 * model's probabilities (docs/results.md). probs [jobs]: [n,K] on the test part, NULL where the job
 * failed. */
int predictions_write(const struct plan *p, double *const *probs, const char *dir, struct err *e);

/* What a finished job left, read back: predictions on a part. [n,K], mem_free. */
int job_probs(const struct plan *p, const struct job *j, enum task_part part, double **probs,
              struct err *e);

extern const char *const lab_part_names[PART_COUNT];

/* Rises when the program would compute other bits from the same settings: part of the names of jobs
 * and of cached features. tests/unit/lab_numerics.c holds the bits to it. */
#define LAB_NUMERICS 2

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
