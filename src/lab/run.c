/* run.c - all jobs of a study in order. */
#include "lab/plan.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* wait_second - other processes have the jobs that are left; they are looked at again after a
 * second. */
static int wait_second(struct err *e)
{
    struct timespec t = {1, 0};
    nanosleep(&t, NULL);
    return stop_check(e);
}

static void say_result(const struct plan *p, const struct job *j, size_t done, double seconds)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct err ignored = ERR_INIT;
    struct str took = STR_INIT;
    double accuracy = -1; /* stays so where it is of no test example */
    str_duration(&took, seconds);
    if (!store_result(p->lab->store, j->hash, &t, &ignored) &&
        !doc_opt_real(t.root, "accuracy", 0, 1, &accuracy, &ignored) && accuracy < 0)
        log_info(p->lab->log, "[%zu/%zu] %s (%s)", done, p->n_jobs, j->label, took.s);
    else if (accuracy >= 0)
        log_info(p->lab->log, "[%zu/%zu] %s: accuracy %.3f (%s)", done, p->n_jobs, j->label,
                 accuracy, took.s);
    str_release(&took);
    doc_tree_release(&t);
}

/* How often a crew's jobs are looked at where nothing is heard of them: for Ctrl-C, and for
 * progress. */
#define TURN 0.1
/* Workers that may die of a job: the first may have died of something else. */
#define LOSSES 2
/* Seconds before a job is asked for again that another process has. */
#define AGAIN 1.0

/* model_unread - whether it failed because its checkpoint's file is wrong: the sentence names it
 * first. */
static bool model_unread(const struct job *j)
{
    const char *path = j->model ? weights_path(j->model->weights) : "";
    return j->model && j->state == JOB_FAILED && j->why.code == ERR_INPUT && !j->side->random &&
           str_starts(j->why.msg, path) && strchr(":/", j->why.msg[strlen(path)]);
}

/* model_unread_before - what was found wrong in a checkpoint is found by each job that reads as
 * much of it: it is said once. */
static bool model_unread_before(const struct plan *p, const struct job *j)
{
    for (size_t i = 0; i < p->n_jobs && !j->side->random; i++) {
        const struct job *x = p->jobs[i];
        if (x != j && x->model == j->model && x->layers <= j->layers && model_unread(x))
            return true;
    }
    return false;
}

/* job_not_run - it has failed, though nothing was computed. */
static void job_not_run(const struct plan *p, struct job *j, const char *because,
                        struct lab_summary *sum)
{
    err_set(&j->why, ERR_INPUT, "not run: %s", because);
    j->state = JOB_FAILED;
    sum->failed++;
    log_warn(p->lab->log, "[%zu/%zu] %s %s", sum->found + sum->ran + sum->failed, p->n_jobs,
             j->label, j->why.msg);
}

static const char unread[] = "its model cannot be read, as said before";

/* job_settled - whether there is nothing to compute: what it stands on failed, its model cannot be
 * read, or its result is there. */
static bool job_settled(const struct plan *p, struct job *j, struct lab_summary *sum)
{
    for (size_t i = 0; i < j->n_needs; i++)
        if (j->needs[i]->state == JOB_FAILED) {
            job_not_run(p, j,
                        j->needs[i] == j->supervisor ? "its supervisor failed"
                                                     : "what it stands on failed",
                        sum);
            return true;
        }
    if (store_has(p->lab->store, j->hash)) {
        j->state = JOB_FOUND;
        sum->found++;
        return true;
    }
    if (model_unread_before(p, j)) {
        job_not_run(p, j, unread, sum);
        return true;
    }
    return false;
}

static bool job_waits(const struct job *j)
{
    for (size_t i = 0; i < j->n_needs; i++)
        if (j->needs[i]->state == JOB_TODO)
            return true;
    return false;
}

/* job_ended - note and say what became of it. */
static void job_ended(const struct plan *p, struct job *j, int rc, double seconds,
                      struct lab_summary *sum)
{
    size_t place = sum->found + sum->ran + sum->failed + 1;
    j->state = rc ? JOB_FAILED : JOB_RAN;
    if (rc && model_unread(j) && model_unread_before(p, j)) { /* of two at once */
        job_not_run(p, j, unread, sum);
    } else if (rc) {
        sum->failed++;
        log_warn(p->lab->log, "[%zu/%zu] %s failed: %s", place, p->n_jobs, j->label, j->why.msg);
    } else {
        sum->ran++;
        say_result(p, j, place, seconds);
    }
}

/* study_job - bring one job to its end, if it can be had: *ended false where another process has it
 * or what it stands on is not done. Only a stop or a full disk is an error here. */
static int study_job(const struct plan *p, struct job *j, struct lab_summary *sum, bool *ended,
                     struct err *e)
{
    double start = clock_now();
    bool busy = false;
    *ended = job_settled(p, j, sum);
    if (*ended || job_waits(j))
        return OK;
    j->why = (struct err)ERR_INIT;
    dev_threads_set(p->lab->dev, j->threads);
    int rc = job_run(p, j, &busy, &j->why);
    dev_threads_set(p->lab->dev, p->threads);
    if (rc == ERR_INTERRUPTED || (rc && j->why.full)) {
        *e = j->why;
        return rc;
    }
    *ended = rc || !busy;
    if (*ended)
        job_ended(p, j, rc, clock_now() - start, sum);
    return OK;
}

/* crew_turn - small jobs that can be had to workers that have none, and what has become of others;
 * *idle where no worker has any.
 */
static int crew_turn(const struct plan *p, struct crew *c, struct progress *progress,
                     struct lab_summary *sum, bool *idle, struct err *e)
{
    struct crew_report r;
    for (size_t k = 0; k < p->study->seeds * p->n_jobs; k++) {
        struct job *j = p->jobs[k % p->n_jobs];
        if (j->repetition == k / p->n_jobs && j->state == JOB_TODO && j->threads == 1 &&
            !crew_has(c, j) && !job_waits(j) && j->again <= clock_now() &&
            !job_settled(p, j, sum) && !crew_give(c, j))
            break;
    }
    *idle = !crew_working(c);
    if (*idle)
        return OK;
    crew_hear(c, TURN, &r);
    if (r.job && r.rc && r.job->why.full) {
        *e = r.job->why;
        return r.rc;
    }
    if (r.job && r.lost && r.job->losses >= LOSSES && !store_has(p->lab->store, r.job->hash)) {
        job_fail(p, r.job);
        job_ended(p, r.job, r.job->why.code, 0, sum);
    } else if (r.job && r.busy)
        r.job->again = clock_now() + AGAIN;
    else if (r.job && !r.lost && r.rc != ERR_INTERRUPTED)
        job_ended(p, r.job, r.rc, r.seconds, sum);
    progress_step(progress, (double)(sum->ran + sum->failed), 0, NULL);
    return stop_check(e);
}

/* study_next - the first job that can be had; *none where all that are left are other processes' or
 * stand on one that is. One repetition after the other: what its jobs share is needed together. */
static int study_next(const struct plan *p, const struct crew *crew, struct lab_summary *sum,
                      bool *none, struct err *e)
{
    size_t workers = crew_alive(crew);
    for (size_t r = 0; r < p->study->seeds; r++)
        for (size_t i = 0; i < p->n_jobs; i++) {
            struct job *j = p->jobs[i];
            bool ended = false;
            bool mine = j->repetition == r && j->state == JOB_TODO && !(workers && j->threads == 1);
            int rc = mine ? study_job(p, j, sum, &ended, e) : OK;
            if (rc || ended)
                return rc;
        }
    *none = true;
    return OK;
}

/* study_jobs - all jobs to their ends, whoever computes them. */
static int study_jobs(const struct plan *p, struct lab_summary *sum, struct err *e)
{
    bool waiting = false;
    struct crew *crew = NULL;
    struct progress progress;
    char what[64];
    for (size_t i = 0; i < p->n_jobs; i++)
        sum->found += p->jobs[i]->state == JOB_FOUND;
    int rc = crew_start(&crew, p, e);
    snprintf(what, sizeof what, "jobs, %zu at once", crew_alive(crew));
    progress_begin(&progress, p->lab->log, what, (double)(p->n_jobs - sum->found), NULL);
    while (!rc && sum->found + sum->ran + sum->failed < p->n_jobs) {
        bool none = false, idle = true;
        if (crew_alive(crew))
            rc = crew_turn(p, crew, &progress, sum, &idle, e);
        /* A job that uses all threads waits until no other is computed. */
        if (!rc && idle)
            rc = study_next(p, crew, sum, &none, e);
        if (none && !waiting)
            log_info(p->lab->log, "another process is at what is left, waiting");
        if (none)
            rc = wait_second(e);
        waiting = none;
    }
    if (crew)
        progress_end(&progress, rc);
    crew_end(crew);
    return rc;
}

/* study_write - study.yaml, where it is another than is there. The settings of results that are
 * there stay until new ones take their place (results_write). *stamp: of what is there now. */
static int study_write(const char *dir, const char *yaml, uint64_t *stamp, struct err *e)
{
    struct str results = STR_INIT, settings = STR_INIT;
    int hold = -1;
    str_path(&results, dir, "results.json");
    str_path(&settings, dir, "study.yaml");
    int rc = str_check(&results, e) ? e->code : str_check(&settings, e);
    if (!rc)
        rc = file_mkdirs(dir, e);
    if (!rc)
        rc = store_study_hold(dir, &hold, e);
    if (!rc && !settings_same(dir, yaml) && !file_exists(results.s))
        rc = settings_write(dir, yaml, e);
    *stamp = rc ? 0 : file_stamp(settings.s);
    file_unlock(hold);
    str_release(&results);
    str_release(&settings);
    return rc;
}

/* study_end - the results, in a folder that is held from here on: what is printed and reported is
 * what this run computed, whoever else ends a study of this name. stamp: study_write's. */
static int study_end(const struct plan *p, const char *yaml, uint64_t stamp,
                     struct lab_summary *sum, struct err *e)
{
    struct str settings = STR_INIT;
    str_path(&settings, sum->dir.s, "study.yaml");
    int rc = str_check(&settings, e);
    if (!rc)
        rc = store_study_hold(sum->dir.s, &sum->hold, e);
    bool same = !rc && settings_same(sum->dir.s, yaml);
    if (!rc && !same && file_stamp(settings.s) != stamp)
        log_warn(p->lab->log,
                 "%s: another run of this name has other settings, and wrote here meanwhile; the "
                 "results of the last to end stay, so give one of them a name of its own: "
                 "name=...",
                 sum->dir.s);
    if (!rc)
        rc = results_write(p, sum->dir.s, yaml, same && !sum->ran, e);
    if (rc) {
        file_unlock(sum->hold);
        sum->hold = -1;
    }
    str_release(&settings);
    return rc;
}

/* head_first - whether of all jobs that are to be done it is the first with this model. */
static bool head_first(const struct plan *p, const struct job *j)
{
    for (size_t i = 0; p->jobs[i] != j; i++)
        if (p->jobs[i]->model == j->model && p->jobs[i]->state == JOB_TODO)
            return false;
    return j->model && j->state == JOB_TODO && !job_probes(j) && j->role != JOB_FEATURES &&
           !job_trusts(j);
}

/* words_say - what is wrong with a tokenizer's words is said once in a study, and by no worker. */
static void words_say(const struct plan *p)
{
    int32_t rows[16];
    for (size_t i = 0; i < p->n_jobs; i++) {
        if (!head_first(p, p->jobs[i]))
            continue;
        job_head(p, p->jobs[i], rows);
        for (size_t k = 0; k < job_outputs(p); k++)
            if (rows[k] == -2)
                log_warn(
                    p->lab->log,
                    "label word \"%s\" is not one token of %s: the head starts from random numbers",
                    job_head_word(p, k), p->jobs[i]->model->name);
    }
}

int plan_run(struct plan *p, const char *yaml, struct lab_summary *out, struct err *e)
{
    double start = clock_now();
    int cache = -1;
    uint64_t stamp = 0;
    out->jobs = p->n_jobs;
    str_addf(&out->dir, "%s/studies/%s", store_dir(p->lab->store), p->study->name);
    int rc = str_check(&out->dir, e);
    if (!rc)
        rc = study_write(out->dir.s, yaml, &stamp, e);
    if (!rc)
        rc = cached_features_hold(p, &cache, e);
    if (!rc)
        words_say(p);
    if (!rc)
        rc = study_jobs(p, out, e);
    out->seconds = clock_now() - start;
    if (!rc)
        rc = study_end(p, yaml, stamp, out, e);
    cached_features_drop(p, cache, !rc && !out->failed);
    plan_release(p);
    return rc;
}

int lab_run(const struct lab *lab, const struct study *s, struct lab_summary *out, struct err *e)
{
    struct plan p;
    double start = clock_now();
    struct str yaml = STR_INIT;
    memset(out, 0, sizeof *out);
    out->hold = -1;
    str_init(&out->dir);
    int rc = plan_make(&p, lab, s, e);
    if (rc)
        return rc;
    rc = study_resolved(s, lab->assets, task_source_name(p.task), &yaml, e);
    if (rc)
        plan_release(&p);
    else
        rc = plan_run(&p, yaml.s, out, e);
    out->seconds = clock_now() - start;
    str_release(&yaml);
    return rc;
}
