/* recipe.c - see recipe.h. */
#include "lab/recipe.h"

typedef int recipe_fn(struct plan *p, const struct job *supervisor, const struct job *student,
                      struct job **out, struct err *e);

/* points_kept - of a training by this method: some method may take any of them. */
static bool points_kept(const struct study *s, const struct method *m)
{
    for (size_t i = 0; i < s->n_methods; i++)
        if (method_stops(s->methods[i]) && method_stopped(&s->settings, s->methods[i]) == m)
            return true;
    return s->test_curve;
}

static bool recipe_used(const struct study *s, enum recipe recipe)
{
    for (size_t i = 0; i < s->n_methods; i++)
        if (s->methods[i]->recipe == recipe)
            return true;
    return false;
}

/* first_training - the method whose training says which labels another student learns. */
static const struct method *first_training(void)
{
    return method_find("naive");
}

int untrained_add(struct plan *p, const struct job *like, struct job **out, struct err *e)
{
    const struct job u = {.role = JOB_UNTRAINED,
                          .repetition = like->repetition,
                          .model = like->model,
                          .side = like->side,
                          .layers = like->layers,
                          .part = PART_TEST,
                          .trainable = {.kind = TRAIN_ALL}, /* no frozen blocks to keep */
                          .labels = recipe_used(p->study, RECIPE_CONTRAST)};
    return plan_add(p, &u, out, e);
}

/* recipe_direct - the student learns what its supervisor says. */
static int recipe_direct(struct plan *p, const struct job *supervisor, const struct job *student,
                         struct job **out, struct err *e)
{
    struct job j = *student;
    j.supervisor = supervisor;
    j.points = points_kept(p->study, j.method);
    j.train_points = j.method == first_training() && recipe_used(p->study, RECIPE_DYNAMICS);
    job_need(&j, supervisor);
    bool agreed = method_choice(&p->study->settings, j.method)->by == BY_AGREEMENT;
    for (size_t i = 0; agreed && i < supervisor->n_needs; i++) /* what each member says counts */
        job_need(&j, supervisor->needs[i]);
    return plan_add(p, &j, out, e);
}

/* recipe_stop - a point of such a training: no second one. */
static int recipe_stop(struct plan *p, const struct job *supervisor, const struct job *student,
                       struct job **out, struct err *e)
{
    struct job j = *student, t = *student, *training;
    t.method = method_stopped(&p->study->settings, student->method);
    int rc = recipe_direct(p, supervisor, &t, &training, e);
    if (rc)
        return rc;
    j.supervisor = supervisor;
    j.base = training;
    j.points = false;
    job_need(&j, supervisor);
    job_need(&j, training);
    return plan_add(p, &j, out, e);
}

/* chain_models - those of the method's chain that lie between the two by size, in its order:
 * in[*n]. */
static int chain_models(struct plan *p, const struct job *supervisor, const struct job *student,
                        struct job in[CHAIN_MOST], size_t *n, struct err *e)
{
    const struct chain *chain = method_chain(&p->study->settings, student->method);
    const char *name = student->method->name;
    size_t least = job_size(supervisor);
    *n = 0;
    for (size_t i = 0; i < chain->n; i++) {
        const struct chain_model *c = &chain->of[i];
        struct job j = *student;
        int rc = side_model(student->side, c->model ? plan_model(p, c->model) : student->model,
                            c->layers, &j, e);
        if (rc)
            return err_wrap(e, "%s.through", name);
        size_t size = job_size(&j);
        if (size <= job_size(supervisor) || size >= job_size(student))
            continue;
        if (size <= least)
            return err_set(e, ERR_INPUT,
                           "%s.through: a chain grows, and %zu layers of %s are not larger than "
                           "the model before",
                           name, j.layers, j.model->name);
        least = size;
        in[(*n)++] = j;
    }
    return OK;
}

/* chain_say - that no model of a method's chain lies between the two, where there are models. */
static void chain_say(const struct plan *p, const struct job *supervisor, const struct job *student)
{
    struct str weak = STR_INIT, strong = STR_INIT;
    const struct chain *chain = method_chain(&p->study->settings, student->method);
    const char *name = student->method->name;
    if (p->worker || student->repetition || !chain->n)
        return;
    job_who(supervisor, &weak);
    job_who(student, &strong);
    if (!weak.failed && !strong.failed)
        log_warn(p->lab->log,
                 "%s: no model of %s.through lies between %s and %s: that student learns from its "
                 "supervisor alone%s",
                 name, name, weak.s, strong.s,
                 student->method->recipe == RECIPE_CHAIN ? ", as naive's does" : "");
    str_release(&weak);
    str_release(&strong);
}

/* recipe_chain - each model learns what the one before says of a slice of the training part. */
static int recipe_chain(struct plan *p, const struct job *supervisor, const struct job *student,
                        struct job **out, struct err *e)
{
    struct job in[CHAIN_MOST + 1];
    const struct job *before = supervisor;
    size_t n, questions = 1;
    int rc = chain_models(p, supervisor, student, in, &n, e);
    if (!rc && !n)
        chain_say(p, supervisor, student);
    if (!rc && n)
        rc = plan_questions(p, student->repetition, &questions, e);
    if (!rc && n >= questions)
        rc = err_set(e, ERR_INPUT,
                     "%s.through: each of a chain's %zu models learns from a part of data.train, "
                     "whose examples are of %zu question%s",
                     student->method->name, n + 1, questions, questions == 1 ? "" : "s");
    in[n] = *student;
    for (size_t i = 0; !rc && i <= n; i++) {
        struct job j = in[i];
        j.supervisor = before;
        j.slice = n ? i : 0;
        j.slices = n ? n + 1 : 0;
        j.labels = i < n;
        j.points = i == n && p->study->test_curve;
        job_need(&j, before);
        rc = plan_add(p, &j, out, e);
        before = *out;
    }
    return rc;
}

/* repair_of - a job between the two, as far as all of them are alike. */
static struct job repair_of(const struct job *supervisor, const struct job *student)
{
    struct job r = *student;
    r.role = JOB_REPAIR;
    r.supervisor = supervisor;
    r.trainable = (struct trainable){.kind = TRAIN_HEAD};
    r.points = false;
    job_need(&r, supervisor);
    return r;
}

/* repaired_add - that job, and the student that learns what it leaves of its supervisor's labels.
 */
static int repaired_add(struct plan *p, const struct job *r, const struct job *student,
                        struct job **out, struct err *e)
{
    struct job j = *student, *repair;
    const struct job *supervisor = r->supervisor;
    int rc = plan_add(p, r, &repair, e);
    if (rc)
        return rc;
    j.supervisor = supervisor;
    j.repair = repair;
    job_need(&j, supervisor);
    job_need(&j, repair);
    return plan_add(p, &j, out, e);
}

/* recipe_taught - the supervisor learns some of the train part with its truth, and the student what
 * that supervisor says. */
static int recipe_taught(struct plan *p, const struct job *supervisor, const struct job *student,
                         struct job **out, struct err *e)
{
    struct job w = *supervisor, *taught;
    w.taught = method_choice(&p->study->settings, student->method);
    w.states = false; /* nobody trusts by them */
    int rc = plan_add(p, &w, &taught, e);
    return rc ? rc : recipe_direct(p, taught, student, out, e);
}

/* recipe_probed - naive's student, where the study has that, and a probe of what it has become. */
static int recipe_probed(struct plan *p, const struct job *supervisor, const struct job *student,
                         struct job **out, struct err *e)
{
    struct job j = *student, t = *student, *training;
    t.method = method_find("naive");
    bool naive = false;
    for (size_t i = 0; i < p->study->n_methods; i++)
        naive = naive || p->study->methods[i] == t.method;
    int rc = naive ? recipe_direct(p, supervisor, &t, &training, e) : OK;
    if (rc)
        return rc;
    if (naive && job_leaves_end(p, training))
        job_need(&j, training);
    return recipe_direct(p, supervisor, &j, out, e);
}

/* trust_add - what of the labels of `before` its trust function trusts. */
static int trust_add(struct plan *p, const struct job *before, const struct method *method,
                     struct job **out, struct err *e)
{
    struct job j = {.role = JOB_REPAIR,
                    .repetition = before->repetition,
                    .model = before->model,
                    .side = before->side,
                    .layers = before->layers,
                    .trainable = {.kind = TRAIN_ALL}, /* no frozen blocks to keep */
                    .part = PART_TRAIN,
                    .method = method,
                    .supervisor = before};
    job_need(&j, before);
    return plan_add(p, &j, out, e);
}

/* recipe_trust - each model learns what is trusted of what the one before says of the training
 * part. */
static int recipe_trust(struct plan *p, const struct job *supervisor, const struct job *student,
                        struct job **out, struct err *e)
{
    struct job in[CHAIN_MOST + 1];
    const struct job *before = supervisor;
    size_t n;
    int rc = chain_models(p, supervisor, student, in, &n, e);
    if (!rc && !n)
        chain_say(p, supervisor, student);
    in[n] = *student;
    for (size_t i = 0; !rc && i <= n; i++) {
        struct job j = in[i], *trust;
        rc = trust_add(p, before, student->method, &trust, e);
        if (rc)
            break;
        j.supervisor = before;
        j.repair = trust;
        j.labels = j.states = i < n;
        j.points = i == n && p->study->test_curve;
        job_need(&j, before);
        job_need(&j, trust);
        rc = plan_add(p, &j, out, e);
        before = *out;
    }
    return rc;
}

/* recipe_repair - the student learns its supervisor's labels as they are mended for its model. */
static int recipe_repair(struct plan *p, const struct job *supervisor, const struct job *student,
                         struct job **out, struct err *e)
{
    struct job r = repair_of(supervisor, student);
    return repaired_add(p, &r, student, out, e);
}

/* recipe_dynamics - it learns those that a first training, naive's, took best. */
static int recipe_dynamics(struct plan *p, const struct job *supervisor, const struct job *student,
                           struct job **out, struct err *e)
{
    struct job r = repair_of(supervisor, student), t = *student, *training;
    t.method = first_training();
    int rc = recipe_direct(p, supervisor, &t, &training, e);
    if (rc)
        return rc;
    r.base = training;
    job_need(&r, training);
    return repaired_add(p, &r, student, out, e);
}

/* recipe_contrast - it learns them mixed with what both models say as they start. */
static int recipe_contrast(struct plan *p, const struct job *supervisor, const struct job *student,
                           struct job **out, struct err *e)
{
    struct job r = repair_of(supervisor, student), *start, *before;
    int rc = untrained_add(p, student, &start, e);
    if (!rc)
        rc = untrained_add(p, supervisor, &before, e);
    if (rc)
        return rc;
    r.start = start;
    r.before = before;
    job_need(&r, start);
    job_need(&r, before);
    return repaired_add(p, &r, student, out, e);
}

static recipe_fn *const recipes[] = {
    [RECIPE_REPAIR] = recipe_repair,     [RECIPE_DYNAMICS] = recipe_dynamics,
    [RECIPE_CONTRAST] = recipe_contrast, [RECIPE_DIRECT] = recipe_direct,
    [RECIPE_STOP] = recipe_stop,         [RECIPE_STOP_TRUTH] = recipe_stop,
    [RECIPE_CHAIN] = recipe_chain,       [RECIPE_PROBED] = recipe_probed,
    [RECIPE_TAUGHT] = recipe_taught,     [RECIPE_TRUST] = recipe_trust};

int recipe_add(struct plan *p, const struct job *supervisor, const struct job *student,
               struct job **out, struct err *e)
{
    return recipes[student->method->recipe](p, supervisor, student, out, e);
}

/* stop_check - what a method that takes a point of a curve needs of the study. */
static int stop_check(const struct plan *p, const struct method *m, struct err *e)
{
    const struct study *s = p->study;
    const struct example *first;
    if (!s->sizes.n[PART_VALID])
        return err_set(e, ERR_INPUT,
                       "method %s chooses a point of the curve by the validation part, and "
                       "data.valid is 0",
                       m->name);
    for (size_t i = 0;
         m->recipe == RECIPE_STOP && s->supervisor.labels && i < s->supervisor.n_votes; i++)
        for (size_t r = 0; r < s->seeds; r++)
            if (given_missing(p->given[i], &p->data[r], PART_VALID, r, &first))
                return err_set(e, ERR_INPUT,
                               "method %s chooses by the supervisor's labels of the validation "
                               "part, and %s has no row of %s",
                               m->name, s->supervisor.votes[i], first->id);
    return OK;
}

/* agreement_check - labels are chosen by what members say of them where there are members. */
static int agreement_check(const struct study *s, const struct method *m, struct err *e)
{
    const struct method *of = method_stops(m) ? method_stopped(&s->settings, m) : m;
    if (method_choice(&s->settings, of)->by != BY_AGREEMENT ||
        s->supervisor.ensemble.kind != ENSEMBLE_NONE)
        return OK;
    return err_set(e, ERR_INPUT,
                   "%s.by is agreement, which is between the members of a supervisor, and the "
                   "supervisor is not several models: wanted combine, bagging or boosting there",
                   of->name);
}

/* sizes_check - of the examples that students learn from, a method chooses one at least, and folds
 * have a question each; texts that have fewer neighbours than are asked for are said. */
static int sizes_check(const struct plan *p, const struct method *m, struct err *e)
{
    const struct study *s = p->study;
    const struct method *of = method_stops(m) ? method_stopped(&s->settings, m) : m;
    const struct choice *c = method_choice(&s->settings, of);
    size_t n = s->sizes.n[PART_TRAIN], questions = n;
    int rc = OK;
    for (size_t r = 0; !rc && choice_folds(c) && r < s->seeds; r++) {
        size_t own;
        rc = plan_questions(p, r, &own, e);
        questions = !rc && own < questions ? own : questions;
    }
    if (c->kind == CHOICE_NEIGHBOURS && c->k >= n && !p->worker)
        log_warn(p->lab->log,
                 "%s.k is %zu, and of the %zu examples of data.train each has %zu others: all of "
                 "them are its neighbours",
                 of->name, c->k, n, n - 1);
    return rc ? rc : choice_fits(c, of->name, n, questions, e);
}

int recipes_check(const struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    bool points = s->test_curve;
    for (size_t i = 0; i < s->n_methods; i++) {
        const struct method *m = s->methods[i];
        int rc = method_stops(m) ? stop_check(p, m, e) : OK;
        if (!rc)
            rc = agreement_check(s, m, e);
        if (!rc && m->recipe == RECIPE_REPAIR)
            rc = repair_check(p, m, e);
        if (!rc && m->recipe == RECIPE_TRUST)
            rc = trust_check(p, m, e);
        if (!rc && m->recipe == RECIPE_DYNAMICS)
            rc = dynamics_check(p, m, e);
        if (!rc && m->recipe == RECIPE_CONTRAST)
            rc = contrast_check(p, m, e);
        if (!rc)
            rc = sizes_check(p, m, e);
        if (!rc && m->recipe == RECIPE_CHAIN && !method_chain(&s->settings, m)->said)
            rc =
                err_set(e, ERR_INPUT,
                        "method %s wants the models between supervisor and student: bootstrapping: "
                        "{through: [6, 12]}, numbers of layers or models' names",
                        m->name);
        if (rc)
            return rc;
        points = points || method_stops(m);
    }
    if (points && s->student.learner != LEARNER_FINETUNE)
        return err_set(e, ERR_INPUT, "%s: students of learner %s have no curve",
                       s->test_curve ? "\"test_curve\"" : "to stop early",
                       learner_names[s->student.learner]);
    if (points && !(s->student.training.evals && s->student.training.epochs))
        return err_set(e, ERR_INPUT, "%s: the curve of a student has no points, as its %s is 0",
                       s->test_curve ? "\"test_curve\"" : "to stop early",
                       s->student.training.evals ? "epochs" : "evals");
    if (points && task_writes(p->task))
        return err_set(e, ERR_INPUT,
                       "%s: the answers of task %s are written, and what is kept of a point are "
                       "probabilities",
                       s->test_curve ? "\"test_curve\"" : "to stop early", task_name(p->task));
    return OK;
}
