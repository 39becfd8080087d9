/* predictions.c - predictions.csv: what every model said of every test example. */
#include "lab/plan.h"
#include "core/file.h"
#include "core/mem.h"

#include <inttypes.h>
#include <stdio.h>

/* A column is a model in its role: the same place of a pair in every repetition. */
struct column {
    struct job **jobs; /* [seeds] */
};

struct columns {
    struct column *a;
    size_t n, cap;
};

static int columns_add(struct columns *c, struct job **jobs, struct err *e)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->a[i].jobs[0] == jobs[0])
            return OK;
    int rc = mem_grow(&c->a, &c->cap, c->n + 1, sizeof *c->a, e);
    if (!rc)
        c->a[c->n++] = (struct column){jobs};
    return rc;
}

/* column_name - "student a/30 naive from a/2: positive". */
static void column_name(const struct plan *p, const struct job *j, size_t k, struct str *out)
{
    static const char *const roles[] = {"supervisor", "ceiling", "student"};
    struct str name = STR_INIT;
    str_addf(&name, "%s ", roles[j->role]);
    job_who(j, &name);
    if (j->supervisor) {
        str_addf(&name, " %s from ", j->method->name);
        job_who(j->supervisor, &name);
    }
    str_addf(&name, ": %s", task_class_name(p->task, k));
    str_csv(out, name.s);
    out->failed = out->failed || name.failed;
    str_release(&name);
}

static const double *column_probs(const struct plan *p, double *const *probs, const struct job *j)
{
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->jobs[i] == j)
            return probs[i];
    BUG("job %s is not of this plan", j->hash);
}

static void repetition_rows(const struct plan *p, double *const *probs, const struct columns *c,
                            size_t r, const double **column, struct str *out)
{
    const struct dataset *d = &p->data[r];
    size_t K = task_classes(p->task);
    bool own = false; /* else it is the very jobs of an earlier one */
    for (size_t i = 0; i < c->n; i++) {
        own = own || c->a[i].jobs[r]->repetition == r;
        column[i] = column_probs(p, probs, c->a[i].jobs[r]);
    }
    for (size_t x = 0; own && x < d->n[PART_TEST]; x++) {
        const struct example *ex = &d->part[PART_TEST][x];
        str_addf(out, "%zu,%s,%016" PRIx64 ",", r, ex->id, ex->question);
        str_csv(out, ex->source);
        str_addf(out, ",%d", ex->label);
        for (size_t i = 0; i < c->n; i++)
            for (size_t k = 0; k < K; k++) {
                str_addc(out, ',');
                if (column[i])
                    str_number(out, column[i][x * K + k]);
            }
        str_cat(out, "\r\n");
    }
}

int predictions_write(const struct plan *p, double *const *probs, const char *dir, struct err *e)
{
    struct columns c = {0};
    struct str out = STR_INIT;
    const double **column = NULL;
    int rc = OK;
    for (size_t i = 0; i < p->n_pairs && !rc; i++) {
        const struct pair *q = &p->pairs[i];
        if (!(rc = columns_add(&c, q->weak, e)) && !(rc = columns_add(&c, q->ceiling, e)))
            rc = columns_add(&c, q->student, e);
    }
    if (rc)
        goto out;
    column = mem_alloc(c.n, sizeof *column, e);
    if (!column) {
        rc = e->code;
        goto out;
    }
    str_cat(&out, "seed,id,question,source,label");
    for (size_t i = 0; i < c.n; i++)
        for (size_t k = 0; k < task_classes(p->task); k++) {
            str_addc(&out, ',');
            column_name(p, c.a[i].jobs[0], k, &out);
        }
    str_cat(&out, "\r\n");
    for (size_t r = 0; r < p->study->seeds; r++)
        repetition_rows(p, probs, &c, r, column, &out);
    rc = file_write_in(dir, "predictions.csv", &out, e);
out:
    mem_free(c.a);
    mem_free(column);
    str_release(&out);
    return rc;
}
