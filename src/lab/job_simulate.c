/* job_simulate.c - a simulated supervisor: its description, what it stands on, its labels. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "lab/standardise.h"
#include "core/mem.h"
#include "core/order.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* class_of - the class that errors are confined to; -1: none is named. */
static int class_of(const struct plan *p, const struct simulation *s)
{
    for (size_t k = 0; s->of_class && k < task_classes(p->task); k++)
        if (strcmp(task_class_name(p->task, k), s->of_class) == 0)
            return (int)k;
    return -1;
}

/* of_source - whether an example is of the named file: "train.json:118" is of train.json. */
static bool of_source(const struct simulation *s, const struct example *x)
{
    size_t n = strlen(s->source);
    return x->source && strncmp(x->source, s->source, n) == 0 && x->source[n] == ':';
}

static bool source_there(const struct plan *p, const struct simulation *s)
{
    for (size_t r = 0; r < p->study->seeds; r++)
        for (int part = 0; part < PART_COUNT; part++)
            for (size_t i = 0; i < p->data[r].n[part]; i++)
                if (of_source(s, &p->data[r].part[part][i]))
                    return true;
    return false;
}

static int simulated_check(const struct plan *p, const struct simulation *s, struct err *e)
{
    const char *task = task_name(p->task), *errors = simulation_errors(s);
    size_t K = task_classes(p->task);
    bool part = s->errors == SIM_SUBCLASS;
    if (task_alternatives(p->task) && (simulation_two(s) || part))
        return err_set(e, ERR_INPUT,
                       "supervisor.simulated: errors %s are of one text, and an example of task %s "
                       "is %zu of them: uniform, difficulty and model go with such",
                       errors, task, task_alternatives(p->task));
    if (simulation_two(s) && K != 2)
        return err_set(e, ERR_INPUT,
                       "supervisor.simulated: errors %s tell two classes apart, and task %s has "
                       "%zu",
                       errors, task, K);
    if (s->of_class && class_of(p, s) < 0)
        return err_set(e, ERR_INPUT, "supervisor.simulated: task %s has no class \"%s\"", task,
                       s->of_class);
    if (s->source && !source_there(p, s))
        return err_set(e, ERR_INPUT,
                       "supervisor.simulated: no example is of \"%s\"; sources look as %s",
                       s->source, p->data[0].part[PART_TRAIN][0].source);
    if (simulation_learns(s) && !p->study->sizes.n[PART_SUPERVISE])
        return err_set(e, ERR_INPUT,
                       "supervisor.simulated: errors %s are a model's, which learns from "
                       "data.supervise, and that is missing",
                       errors);
    return OK;
}

int plan_simulated(const struct plan *p, struct err *e)
{
    const struct study_side *side = &p->study->supervisor;
    int rc = OK;
    for (size_t i = 0; side->simulates && !rc && i < side->n_votes; i++)
        rc = simulated_check(p, &side->simulated[i], e);
    return rc;
}

int simulated_needs(struct plan *p, struct job *j, struct err *e)
{
    struct job m = {.role = JOB_SUPERVISOR,
                    .repetition = j->repetition,
                    .model = j->model,
                    .side = j->side,
                    .layers = j->layers,
                    .trainable = {.kind = TRAIN_ALL},
                    .part = PART_SUPERVISE},
               *learns;
    if (!simulation_learns(j->simulated))
        return OK;
    int rc = plan_add(p, &m, &learns, e);
    if (!rc)
        job_need(j, learns);
    return rc;
}

/* members_hash - which examples are of the named file: sources are in no hash of the data. */
static int members_hash(const struct plan *p, const struct job *j, char *hex, struct err *e)
{
    struct str s = STR_INIT;
    const struct dataset *d = &p->data[j->repetition];
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; part != PART_SUPERVISE && i < d->n[part]; i++)
            str_addc(&s, of_source(j->simulated, &d->part[part][i]) ? '1' : '0');
    int rc = str_check(&s, e);
    if (!rc)
        rc = hash_bytes(s.s, s.len, hex, e);
    str_release(&s);
    return rc;
}

int spec_simulated(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    const struct simulation *s = j->simulated;
    const struct dataset *d = &p->data[j->repetition];
    char hex[HASH_HEX], numerics[256];
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "simulated");
    js_key(&w, "errors"), js_str(&w, simulation_errors(s));
    js_key(&w, "accuracy"), js_real(&w, s->accuracy);
    if (s->errors != SIM_UNIFORM)
        js_key(&w, "imitable"), js_real(&w, s->imitable);
    if (s->of_class)
        js_key(&w, "class"), js_int(&w, class_of(p, s));
    if (s->source) {
        int rc = members_hash(p, j, hex, e);
        if (rc)
            return rc;
        js_key(&w, "members"), js_str(&w, hex);
    }
    js_key(&w, "seed_label"), js_int(&w, (int64_t)study_seed(p->study, SEED_LABEL, j->repetition));
    if (simulation_learns(s))
        js_key(&w, "model"), js_str(&w, j->needs[0]->hash);
    if (simulation_reads(s)) {
        dev_numerics(p->lab->dev, j->threads, numerics, sizeof numerics);
        js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
        js_key(&w, "device"), js_str(&w, numerics);
        js_key(&w, "model"), js_str(&w, j->model->hash);
        js_key(&w, "tokenizer"), js_str(&w, j->model->tokenizer_hash);
        js_key(&w, "layers"), js_int(&w, (int64_t)j->layers);
        js_key(&w, "max_tokens"), js_int(&w, (int64_t)p->study->max_tokens);
        js_key(&w, "micro_tokens"), js_int(&w, (int64_t)j->side->training.micro_tokens);
    }
    js_key(&w, "data"), js_open(&w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (part != PART_SUPERVISE)
            js_key(&w, lab_part_names[part]), js_str(&w, d->part_hash[part]);
    js_close(&w, '}');
    js_close(&w, '}');
    return str_check(out, e);
}

/* median - the lower one of n numbers. */
static int median(const double *x, size_t n, double *out, struct err *e)
{
    double *sorted = mem_alloc(n, sizeof *sorted, e);
    if (!sorted)
        return e->code;
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, order_double);
    *out = sorted[(n - 1) / 2];
    mem_free(sorted);
    return OK;
}

/* Where along a direction the texts of a part are: x [n]. */
struct direction {
    size_t C;
    double *mean, *scale, *g; /* [C]: of the train part; drawn */
};

static int direction_make(struct direction *v, const struct desk *d, struct err *e)
{
    const struct features *f = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_TRAIN];
    struct rng rng;
    v->C = f->C;
    v->mean = mem_zalloc(3 * f->C, sizeof *v->mean, e);
    if (!v->mean)
        return e->code;
    v->scale = v->mean + f->C;
    v->g = v->scale + f->C;
    rng_init(&rng, study_seed(d->plan->study, SEED_LABEL, d->job->repetition), "direction");
    int rc = standard_moments(f->data, f->C, n, f->C, v->mean, v->scale, e);
    for (size_t c = 0; !rc && c < f->C; c++) {
        v->scale[c] = v->scale[c] > 0 ? 1 / v->scale[c] : 0;
        v->g[c] = rng_normal(&rng);
    }
    return rc;
}

/* numbers_of - what the errors of a text's feature go by: its length, or its place along v. */
static void numbers_of(const struct desk *d, enum task_part part, const struct direction *v,
                       double *x)
{
    for (size_t i = 0; i < d->data->n[part]; i++) {
        const float *row = v->C ? d->features[part].f.data + i * v->C : NULL;
        x[i] = v->C ? 0 : (double)d->data->part[part][i].len;
        for (size_t c = 0; c < v->C; c++)
            x[i] += v->g[c] * v->scale[c] * ((double)row[c] - v->mean[c]);
    }
}

/* says_number - class 1 above the train part's median, by how much. */
static int says_number(struct desk *d, enum task_part part, const struct direction *v,
                       struct opinion *o, struct err *e)
{
    double middle = 0;
    double *x = mem_alloc(d->data->n[PART_TRAIN], sizeof *x, e);
    if (!x)
        return e->code;
    numbers_of(d, PART_TRAIN, v, x);
    int rc = median(x, d->data->n[PART_TRAIN], &middle, e);
    mem_free(x);
    if (rc)
        return rc;
    numbers_of(d, part, v, o->strength);
    for (size_t i = 0; i < d->data->n[part]; i++) {
        o->says[i] = o->strength[i] > middle;
        o->strength[i] = fabs(o->strength[i] - middle);
    }
    return OK;
}

/* says_model - what a model says of a part: its own classes, or, of difficulty, the likeliest wrong
 * one, the more strongly the less it thinks of the right one beside that. */
static int says_model(struct desk *d, enum task_part part, struct opinion *o, struct err *e)
{
    double *probs = NULL;
    size_t K = d->K;
    int rc = job_probs(d->plan, d->job->needs[0], part, &probs, e);
    for (size_t i = 0; !rc && i < d->data->n[part]; i++) {
        const double *p = probs + i * K;
        size_t label = (size_t)d->data->part[part][i].label, other = label == 0;
        for (size_t k = 0; k < K; k++)
            other = k != label && p[k] > p[other] ? k : other;
        bool own = d->job->simulated->errors == SIM_MODEL;
        o->says[i] = (int)(own ? metrics_argmax(p, K) : other);
        o->strength[i] = own ? 0 : p[other] - p[label];
    }
    mem_free(probs);
    return rc;
}

static void says_text(const struct desk *d, enum task_part part, struct opinion *o)
{
    const struct simulation *s = d->job->simulated;
    int only = class_of(d->plan, s);
    for (size_t i = 0; i < d->data->n[part]; i++) {
        const struct example *x = &d->data->part[part][i];
        bool denies = s->errors == SIM_NEGATION && simulate_negations(x->text, x->len);
        bool member = s->source ? of_source(s, x) : x->label == only;
        if (s->errors == SIM_NEGATION)
            o->says[i] = !denies;
        else
            o->says[i] = member ? (int)(((size_t)x->label + 1) % d->K) : x->label;
        o->strength[i] = denies;
    }
}

static int part_opinion(struct desk *d, enum task_part part, const struct direction *v,
                        struct opinion *o, struct err *e)
{
    switch (d->job->simulated->errors) {
    case SIM_DIFFICULTY:
    case SIM_MODEL:
        return says_model(d, part, o, e);
    case SIM_LENGTH:
    case SIM_DIRECTION:
        return says_number(d, part, v, o, e);
    case SIM_NEGATION:
    case SIM_SUBCLASS:
        says_text(d, part, o);
        break;
    case SIM_UNIFORM:
        break;
    }
    return OK;
}

/* Numbers of a part: of its examples, of those that are wrong, of these that are the structure's.
 */
struct tally {
    size_t n, wrong, structured;
};

static int part_labels(struct desk *d, enum task_part part, const struct direction *v,
                       struct tally *t, struct err *e)
{
    const struct simulation *s = d->job->simulated;
    size_t n = d->data->n[part], K = d->K;
    char stream[40];
    struct rng rng;
    struct opinion o = {mem_zalloc(n, sizeof *o.says, e), mem_zalloc(n, sizeof *o.strength, e)};
    int *truth = mem_alloc(n, sizeof *truth, e), *said = mem_alloc(n, sizeof *said, e);
    double *probs = d->probs[part] = mem_zalloc(n, K * sizeof *probs, e);
    int rc = o.says && o.strength && truth && said && probs ? OK : e->code;
    snprintf(stream, sizeof stream, "errors %s", lab_part_names[part]);
    rng_init(&rng, study_seed(d->plan->study, SEED_LABEL, d->job->repetition), stream);
    for (size_t i = 0; !rc && i < n; i++)
        truth[i] = d->data->part[part][i].label;
    if (!rc)
        rc = part_opinion(d, part, v, &o, e);
    if (!rc)
        rc = simulate_labels(s, s->errors == SIM_UNIFORM ? NULL : &o, &rng, truth, n, K, said,
                             &t->structured, e);
    t->n = n;
    for (size_t i = 0; !rc && i < n; i++) {
        t->wrong += said[i] != truth[i];
        probs[i * K + (size_t)said[i]] = 1;
    }
    size_t wanted = (size_t)floor(s->imitable * (double)t->wrong + 0.5);
    if (!rc && s->errors == SIM_SUBCLASS && t->structured < wanted)
        rc = err_set(e, ERR_INPUT,
                     "%s: %zu errors in part %s are to be of %s, which has %zu examples there",
                     d->job->votes, wanted, lab_part_names[part],
                     s->source ? s->source : s->of_class, t->structured);
    if (!rc)
        rc = array_keep(d, part, NULL, probs, e);
    mem_free(o.says);
    mem_free(o.strength);
    mem_free(truth);
    mem_free(said);
    return rc;
}

static void tally_json(struct js *w, const struct tally *t)
{
    js_open(w, '{');
    js_key(w, "examples"), js_int(w, (int64_t)t->n);
    js_key(w, "wrong"), js_int(w, (int64_t)t->wrong);
    js_key(w, "structured"), js_int(w, (int64_t)t->structured);
    js_close(w, '}');
}

int run_simulated(struct desk *d, struct err *e)
{
    struct direction v = {.C = 0};
    struct js w;
    int rc = OK;
    if (simulation_reads(d->job->simulated) && !(rc = desk_frozen(d, e)))
        rc = direction_make(&v, d, e);
    js_init(&w, &d->more);
    js_open(&w, '{');
    for (int part = 0; part < PART_COUNT && !rc; part++) {
        struct tally t = {.n = 0};
        if (!d->data->n[part] || part == PART_SUPERVISE)
            continue;
        rc = part_labels(d, (enum task_part)part, &v, &t, e);
        js_key(&w, lab_part_names[part]), tally_json(&w, &t);
    }
    js_close(&w, '}');
    mem_free(v.mean);
    return rc ? rc : probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
}
