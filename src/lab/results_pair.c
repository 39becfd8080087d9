/* results_pair.c - what results.json says of a supervisor, a student and a method. */
#include "lab/bench.h"
#include "lab/prompting.h"
#include "lab/recite.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

/* What jobs whose answers are moves say of themselves. */
static const char *const written[] = {"legal", "greedy_accuracy"};

static double written_mean(const struct bench *b, struct job *const *jobs, const size_t *alive,
                           size_t n, const char *key)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += bench_number(b, bench_job(b, jobs[alive[i]]), key);
    return sum / (double)n;
}

/* role_open - one of the models of a pair: accuracy with its interval, and the rest as means over
 * repetitions; its map is left open. */
static void role_open(struct js *w, const struct bench *b, const char *key, struct job *const *jobs,
                      const size_t *alive, size_t n, const struct estimate *accuracy)
{
    js_key(w, key), js_open(w, '{');
    estimate_json(w, "accuracy", accuracy);
    for (size_t k = 0; k < SCORES; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += b->scores[bench_job(b, jobs[alive[i]])][k];
        js_key(w, bench_score_name(k)), js_real(w, sum / (double)n);
    }
    for (size_t k = 0; k < sizeof written / sizeof *written; k++)
        if (doc_get(b->results[bench_job(b, jobs[alive[0]])].root, written[k]))
            js_key(w, written[k]), js_real(w, written_mean(b, jobs, alive, n, written[k]));
    js_key(w, "jobs"), js_open(w, '[');
    for (size_t i = 0; i < n; i++)
        js_str(w, jobs[alive[i]]->hash);
    js_close(w, ']');
}

static void role_json(struct js *w, const struct bench *b, const char *key, struct job *const *jobs,
                      const size_t *alive, size_t n, const struct estimate *accuracy)
{
    role_open(w, b, key, jobs, alive, n, accuracy);
    js_close(w, '}');
}

/* untrained_probs - of the i-th repetition that counts; NULL where it is not asked for, or failed.
 */
static const double *untrained_probs(const struct bench *b, const struct pair *q,
                                     const size_t *alive, size_t i)
{
    return q->untrained ? bench_probs(b, q->untrained[alive[i]]) : NULL;
}

static const char *untrained_start(const struct plan *p, const struct job *j)
{
    int32_t rows[16];
    if (j->side->random)
        return "random weights";
    if (job_asks(j))
        return "zero-shot";
    if (task_writes(p->task))
        return "language model";
    return job_head(p, j, rows) ? "label words" : "random head";
}

/* pair_sampled - what the bootstrap drew of a pair, or of a band of it, where that is kept. */
int pair_sampled(const struct bench *b, const struct pair *q, const char *band,
                 const struct trio_seed *t, size_t n, const struct trio_settings *set,
                 struct trio *trio, struct sample_row **row, struct err *e)
{
    const struct job *weak = q->weak[0], *strong = q->ceiling[0];
    struct str supervisor = STR_INIT, student = STR_INIT;
    double *v = mem_alloc(set->samples, TRIO_VALUES * sizeof *v, e);
    int rc = v ? trio_drawn(t, n, set, trio, v, e) : e->code;
    model_id(weak, &supervisor);
    model_id(q->student[0]->imported ? q->student[0] : strong, &student);
    struct model_config of_weak = job_config(weak), of_strong = job_config(strong);
    struct sample_row like = {
        .task = task_name(b->p->task),
        .supervisor = supervisor.s,
        .student = student.s,
        .method = q->method ? q->method->name : "ground truth",
        .band = band,
        .weak_size = weak->model ? (double)config_params(&of_weak) : (double)NAN,
        .size = strong->model ? (double)config_params(&of_strong) : (double)NAN,
        .weak_layers = weak->model ? (double)weak->layers : (double)NAN,
        .layers = strong->model ? (double)strong->layers : (double)NAN,
    };
    if (!rc && !(rc = str_check(&supervisor, e)) && !(rc = str_check(&student, e)))
        rc = samples_add(b->p->lab->samples, &like, trio, v, set->samples, row, e);
    str_release(&supervisor);
    str_release(&student);
    mem_free(v);
    return rc;
}

/* untrained_json - the student before it learns anything: its accuracy, how much better (gain) the
 * student is, and what it starts as. */
static int untrained_json(struct js *w, const struct bench *b, const struct pair *q,
                          const struct trio_seed *t, const size_t *alive, size_t n,
                          const struct trio_settings *set, struct sample_row *row, struct err *e)
{
    struct trio trio;
    bool all = q->untrained != NULL;
    struct trio_seed *own = mem_alloc(n, sizeof *own, e);
    double *v = own && row ? mem_alloc(set->samples, TRIO_VALUES * sizeof *v, e) : NULL;
    if (!own || (row && !v)) {
        mem_free(own);
        return e->code;
    }
    for (size_t i = 0; i < n; i++) {
        own[i] = t[i];
        own[i].weak = untrained_probs(b, q, alive, i);
        all = all && own[i].weak;
    }
    int rc = all ? trio_drawn(own, n, set, &trio, v, e) : OK;
    if (!rc && all && row)
        samples_beside(row, SAMPLE_UNTRAINED, &trio, v);
    if (!rc && all) {
        role_open(w, b, "untrained", q->untrained, alive, n, &trio.weak);
        estimate_json(w, "gain", &trio.gain);
        js_key(w, "start"), js_str(w, untrained_start(b->p, q->untrained[alive[0]]));
        js_close(w, '}');
    }
    mem_free(own);
    mem_free(v);
    return rc;
}

/* recited_probs - of the i-th repetition predictions [n,K] that are right where the student's model
 * knows the example by heart: mem_free. */
static int recited_probs(const struct bench *b, const struct job *j, const struct trio_seed *t,
                         double **probs, struct err *e)
{
    double *recited;
    int rc = recited_read(b->p, j, &recited, e);
    if (rc)
        return rc;
    *probs = mem_zalloc(t->n, b->K * sizeof **probs, e);
    for (size_t i = 0; *probs && i < t->n; i++) {
        size_t label = (size_t)t->labels[i];
        (*probs)[i * b->K + (recited[i] > 0 ? label : (label + 1) % b->K)] = 1;
    }
    mem_free(recited);
    return *probs ? OK : e->code;
}

/* recited_json - the share of test examples that the student's model knows by heart, and of how
 * many that could be asked. */
static int recited_json(struct js *w, const struct bench *b, const struct pair *q,
                        const struct trio_seed *t, const size_t *alive, size_t n,
                        const struct trio_settings *set, struct sample_row *row, struct err *e)
{
    struct trio trio;
    double texts = 0;
    struct trio_seed *own = mem_zalloc(n, sizeof *own, e);
    double **probs = own ? mem_zalloc(n, sizeof *probs, e) : NULL;
    double *v = probs && row ? mem_alloc(set->samples, TRIO_VALUES * sizeof *v, e) : NULL;
    int rc = probs && (v || !row) ? OK : e->code;
    bool all = q->recited != NULL;
    for (size_t i = 0; !rc && i < n && all; i++) {
        const struct job *j = q->recited[alive[i]];
        all = j && j->state != JOB_FAILED;
        if (!all || (rc = recited_probs(b, j, &t[i], &probs[i], e)))
            break;
        own[i] = t[i];
        own[i].weak = probs[i];
        const struct doc *r = doc_get(b->results[bench_job(b, j)].root, "recite");
        const struct doc *asked = doc_get(r, "texts");
        texts += asked ? asked->r / (double)n : (double)NAN;
    }
    if (!rc && all)
        rc = trio_drawn(own, n, set, &trio, v, e);
    if (!rc && all && row)
        samples_beside(row, SAMPLE_RECITED, &trio, v);
    if (!rc && all) {
        js_key(w, "recited"), js_open(w, '{');
        js_key(w, "model"), js_str(w, q->recited[alive[0]]->model->shown);
        estimate_json(w, "share", &trio.weak);
        js_key(w, "texts"), js_real(w, texts);
        js_close(w, '}');
    }
    for (size_t i = 0; probs && i < n; i++)
        mem_free(probs[i]);
    mem_free(own);
    mem_free(probs);
    mem_free(v);
    return rc;
}

/* stopped_json - the mean epoch of the points that a student that stops early is. */
static void stopped_json(struct js *w, const struct bench *b, const struct pair *q,
                         const size_t *alive, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct doc *r = b->results[bench_job(b, q->student[alive[i]])].root;
        const struct doc *epoch = doc_get(doc_get(r, "stopped"), "epoch");
        sum += epoch ? epoch->r : (double)NAN;
    }
    if (q->method && method_stops(q->method))
        js_key(w, "stopped_epoch"), js_real(w, sum / (double)n);
}

/* chain_add - the models before a job, the supervisor first, and its own. */
static void chain_add(struct js *w, const struct job *j, struct str *id)
{
    if (j->supervisor)
        chain_add(w, j->supervisor, id);
    model_id(j, id);
    js_str(w, id->s);
}

static void chain_json(struct js *w, const struct bench *b, const struct pair *q)
{
    struct str id = STR_INIT;
    const struct chain *chain = q->method ? method_chain(&b->p->study->settings, q->method) : NULL;
    if (!chain || !chain->said)
        return;
    js_key(w, "chain"), js_open(w, '[');
    chain_add(w, q->student[0], &id);
    js_close(w, ']');
    str_release(&id);
}

static void seeds_json(struct js *w, const struct bench *b, const struct pair *q,
                       const struct trio_seed *t, const size_t *alive, size_t n)
{
    size_t K = b->K;
    js_key(w, "per_seed"), js_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        double weak = t[i].weak ? metrics_accuracy(t[i].weak, t[i].labels, t[i].n, K) : (double)NAN;
        double student = metrics_accuracy(t[i].student, t[i].labels, t[i].n, K);
        double ceiling = metrics_accuracy(t[i].ceiling, t[i].labels, t[i].n, K);
        js_open(w, '{');
        js_key(w, "seed"), js_int(w, (int64_t)alive[i]);
        js_key(w, "weak"), js_real(w, weak);
        js_key(w, "student"), js_real(w, student);
        js_key(w, "ceiling"), js_real(w, ceiling);
        if (untrained_probs(b, q, alive, i))
            js_key(w, "untrained"), js_real(w, metrics_accuracy(untrained_probs(b, q, alive, i),
                                                                t[i].labels, t[i].n, K));
        js_key(w, "pgr"),
            js_real(w, ceiling > weak ? (student - weak) / (ceiling - weak) : (double)NAN);
        js_close(w, '}');
    }
    js_close(w, ']');
}

/* taught_by - the supervisor that a student learnt from, where it learnt more than the pair's. */
static const struct job *taught_by(const struct job *student)
{
    return student->supervisor && student->supervisor->taught ? student->supervisor : NULL;
}

static double human_of(const struct bench *b, const struct job *j)
{
    return j ? bench_number(b, bench_job(b, j), "human_labels") : 0;
}

/* human_json - of a method that is told ground truth for some of its labels, for how many in a
 * repetition: its own, those of what it is a point of, of the job that mended them, or of its
 * supervisor. beside: nobody named it, it is there to be compared with. */
static void human_json(struct js *w, const struct bench *b, const struct pair *q)
{
    double human = human_of(b, taught_by(q->student[0]));
    for (const struct job *j = q->student[0]; j; j = j->base)
        human += human_of(b, j) + human_of(b, j->repair);
    if (human > 0)
        js_key(w, "human_labels"), js_int(w, (int64_t)human);
    if (q->method && baselines_run(b->p->study, q->method))
        js_key(w, "beside"), js_bool(w, true);
}

/* taught_json - the supervisor with the labels that it was told beside its own, which is not the
 * one that PGR is of: its accuracy, and how much better (gain) its student is. */
static int taught_json(struct js *w, const struct bench *b, const struct pair *q,
                       const struct trio_seed *t, const size_t *alive, size_t n,
                       const struct trio_settings *set, struct err *e)
{
    struct trio trio;
    if (!taught_by(q->student[0]))
        return OK;
    struct trio_seed *own = mem_alloc(n, sizeof *own, e);
    struct job **jobs = own ? mem_zalloc(q->n, sizeof *jobs, e) : NULL;
    int rc = jobs ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        struct job *j = b->p->jobs[bench_job(b, taught_by(q->student[alive[i]]))];
        jobs[alive[i]] = j;
        own[i] = t[i];
        own[i].weak = bench_probs(b, j);
    }
    if (!rc && !(rc = trio_measure(own, n, set, &trio, e))) {
        role_open(w, b, "taught_supervisor", jobs, alive, n, &trio.weak);
        estimate_json(w, "gain", &trio.gain);
        js_close(w, '}');
    }
    mem_free(own);
    mem_free(jobs);
    return rc;
}

int pair_json(struct js *w, const struct bench *b, const struct pair *q, struct err *e)
{
    struct trio_settings set = bench_settings(b);
    struct str id = STR_INIT;
    struct trio trio;
    struct sample_row *row = NULL;
    char verdict[512];
    size_t n = 0, distinct = 0;
    int rc = OK;
    struct trio_seed *t = mem_zalloc(q->n, sizeof *t, e);
    size_t *alive = t ? mem_alloc(q->n, sizeof *alive, e) : NULL;
    if (!alive) {
        rc = e->code;
        goto out;
    }
    n = pair_seeds(b, q, t, alive, &distinct);
    js_open(w, '{');
    model_id(q->weak[0], &id);
    js_key(w, "supervisor"), js_str(w, id.s);
    /* Student and ceiling are one model; of others' predictions only the names are known. */
    model_id(q->student[0]->imported ? q->student[0] : q->ceiling[0], &id);
    js_key(w, "student"), js_str(w, id.s);
    js_key(w, "method"), js_str(w, q->method ? q->method->name : "ground truth");
    js_key(w, "control"), js_bool(w, !q->method);
    human_json(w, b, q);
    js_key(w, "upper_bound"),
        js_bool(w, (q->method && q->method->upper_bound) || job_told(q->weak[0]));
    js_key(w, "ground_truth"), js_bool(w, q->method && q->method->truth);
    js_key(w, "seeds"), js_int(w, (int64_t)n);
    js_key(w, "seeds_failed"), js_int(w, (int64_t)(distinct - n));
    if (n) {
        rc = b->p->lab->samples ? pair_sampled(b, q, NULL, t, n, &set, &trio, &row, e)
                                : trio_measure(t, n, &set, &trio, e);
        if (rc)
            goto out;
        role_json(w, b, "weak", q->weak, alive, n, &trio.weak);
        role_json(w, b, "student_scores", q->student, alive, n, &trio.student);
        role_json(w, b, "ceiling", q->ceiling, alive, n, &trio.ceiling);
        rc = taught_json(w, b, q, t, alive, n, &set, e);
        if (!rc)
            rc = untrained_json(w, b, q, t, alive, n, &set, row, e);
        if (!rc)
            rc = recited_json(w, b, q, t, alive, n, &set, row, e);
        if (rc)
            goto out;
        stopped_json(w, b, q, alive, n);
        chain_json(w, b, q);
        pgr_json(w, &trio);
        trio_verdict(&trio, verdict, sizeof verdict);
        js_key(w, "verdict"), js_str(w, verdict);
        js_key(w, "agreement"), js_open(w, '{');
        estimate_json(w, "all", &trio.agree);
        estimate_json(w, "supervisor_right", &trio.agree_right);
        estimate_json(w, "supervisor_wrong", &trio.agree_wrong);
        js_close(w, '}');
        js_key(w, "error_inheritance"), js_open(w, '{');
        estimate_json(w, "student", &trio.agree_wrong);
        estimate_json(w, "ceiling", &trio.ceiling_wrong);
        js_close(w, '}');
        rc = best_of_json(w, b, q, t, alive, n, &set, e);
        if (!rc)
            rc = bands_json(w, b, q, t, alive, n, &set, e);
        if (!rc)
            rc = versus_json(w, b, q, e);
        if (!rc)
            rc = judge_json(w, b, q, t, alive, n, &set, e);
        if (!rc)
            rc = pair_cost_json(w, b, q, alive, n, &trio.pgr, e);
        seeds_json(w, b, q, t, alive, n);
    }
    js_close(w, '}');
out:
    str_release(&id);
    mem_free(t);
    mem_free(alive);
    return rc;
}
