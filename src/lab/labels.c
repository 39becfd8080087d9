/* labels.c - for other programs: a study's examples, and what its supervisors say of those that
 * students learn from. */
#include "lab/answers.h"
#include "core/mem.h"

#include <inttypes.h>
#include <stdio.h>

/* truth_csv - the number of the class, or the answer. */
static void truth_csv(const struct example *x, struct str *out)
{
    if (x->answer)
        str_csv(out, x->answer);
    else
        str_addf(out, "%d", x->label);
}

/* What a supervisor says of an example: an answer, or the probability of each class. */
struct weak_label {
    const char *who, *answer;
    const double *p;
};

static void label_csv(const struct plan *p, size_t seed, const struct example *x,
                      const struct weak_label *said, struct str *out)
{
    str_csv(out, said->who);
    str_addf(out, ",%zu,%s,", seed, x->id);
    str_csv(out, x->source);
    str_addc(out, ',');
    truth_csv(x, out);
    if (said->answer) {
        str_addc(out, ',');
        str_csv(out, said->answer);
    }
    for (size_t k = 0; said->p && k < task_classes(p->task); k++) {
        str_addc(out, ',');
        str_number(out, said->p[k]);
    }
    str_addc(out, ',');
    str_csv(out, x->text);
    str_cat(out, "\r\n");
}

static void truth_json(const struct example *x, struct js *w)
{
    js_key(w, "truth");
    if (x->answer)
        js_str(w, x->answer);
    else
        js_int(w, x->label);
}

static void label_json(const struct plan *p, size_t seed, const struct example *x,
                       const struct weak_label *said, struct str *out)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "supervisor"), js_str(&w, said->who);
    js_key(&w, "seed"), js_int(&w, (int64_t)seed);
    js_key(&w, "id"), js_str(&w, x->id);
    js_key(&w, "source"), js_str(&w, x->source);
    truth_json(x, &w);
    if (said->answer)
        js_key(&w, task_class_name(p->task, 0)), js_str(&w, said->answer);
    for (size_t k = 0; said->p && k < task_classes(p->task); k++)
        js_key(&w, task_class_name(p->task, k)), js_real(&w, said->p[k]);
    js_key(&w, "text"), js_strn(&w, x->text, x->len);
    js_close(&w, '}');
    str_addc(out, '\n');
}

/* labels_rows - of one supervisor in one repetition. */
static int labels_rows(const struct plan *p, const struct job *j, bool json, struct str *out,
                       struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    size_t K = task_classes(p->task);
    double *probs = NULL;
    struct answers said = {.n = 0};
    struct str who = STR_INIT;
    if (!store_has(p->lab->store, j->hash))
        return err_set(e, ERR_INPUT, "%s is not computed yet, w2s run does it", j->label);
    int rc = task_writes(p->task) ? job_answers(p, j, PART_TRAIN, &said, e)
                                  : job_probs(p, j, PART_TRAIN, &probs, e);
    job_who(j, &who);
    if (!rc)
        rc = str_check(&who, e);
    for (size_t i = 0; !rc && i < d->n[PART_TRAIN]; i++) {
        struct weak_label say = {who.s, said.n ? said.a[i].text : NULL,
                                 probs ? &probs[i * K] : NULL};
        (json ? label_json : label_csv)(p, j->repetition, &d->part[PART_TRAIN][i], &say, out);
    }
    str_release(&who);
    mem_free(probs);
    answers_release(&said);
    return rc ? rc : str_check(out, e);
}

static void labels_head(const struct plan *p, struct str *out)
{
    str_cat(out, "supervisor,seed,id,source,truth");
    for (size_t k = 0; k < task_classes(p->task); k++) {
        str_addc(out, ',');
        str_csv(out, task_class_name(p->task, k));
    }
    str_cat(out, ",text\r\n");
}

/* supervises - whether students learn from it: not of an ensemble's members. */
static bool supervises(const struct plan *p, const struct job *j)
{
    for (size_t i = 0; i < p->n_pairs; i++)
        for (size_t r = 0; r < p->pairs[i].n; r++)
            if (p->pairs[i].weak[r] == j)
                return true;
    return false;
}

int lab_labels_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                     struct err *e)
{
    struct plan p;
    int rc = plan_make(&p, lab, s, e);
    if (rc)
        return rc;
    if (!json)
        labels_head(&p, out);
    for (size_t i = 0; !rc && i < p.n_jobs; i++)
        if (supervises(&p, p.jobs[i]))
            rc = labels_rows(&p, p.jobs[i], json, out, e);
    plan_release(&p);
    return rc ? err_wrap(e, "study %s", s->name) : OK;
}

static void example_csv(const struct example *x, size_t seed, enum task_part part, struct str *out)
{
    str_addf(out, "%zu,%s,%s,%016" PRIx64 ",", seed, lab_part_names[part], x->id, x->question);
    str_csv(out, x->source);
    str_addc(out, ',');
    truth_csv(x, out);
    str_addc(out, ',');
    str_csv(out, x->text);
    str_cat(out, "\r\n");
}

static void example_json(const struct example *x, size_t seed, enum task_part part, struct str *out)
{
    struct js w;
    char question[17];
    snprintf(question, sizeof question, "%016" PRIx64, x->question);
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "seed"), js_int(&w, (int64_t)seed);
    js_key(&w, "part"), js_str(&w, lab_part_names[part]);
    js_key(&w, "id"), js_str(&w, x->id);
    js_key(&w, "question"), js_str(&w, question);
    js_key(&w, "source"), js_str(&w, x->source);
    truth_json(x, &w);
    js_key(&w, "text"), js_strn(&w, x->text, x->len);
    js_close(&w, '}');
    str_addc(out, '\n');
}

int lab_examples_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                       struct err *e)
{
    struct plan p;
    int rc = plan_open(&p, lab, s, e);
    if (rc)
        return rc;
    if (!json)
        str_cat(out, "seed,part,id,question,source,truth,text\r\n");
    for (size_t r = 0; r < s->seeds; r++)
        for (int part = 0; part < PART_COUNT; part++)
            for (size_t i = 0; i < p.data[r].n[part]; i++)
                (json ? example_json : example_csv)(&p.data[r].part[part][i], r,
                                                    (enum task_part)part, out);
    plan_release(&p);
    return str_check(out, e);
}
