/* predictions.c - predictions.csv: what every model said of every test example. */
#include "lab/bench.h"
#include "core/file.h"
#include "core/mem.h"

#include <inttypes.h>

/* A column is a model in its role: the same place of a pair in every repetition. Of a student it is
 * said how it learnt and from whom, as its pair has it: methods may come to the same job. */
struct column {
    struct job **jobs;           /* [seeds] */
    const struct method *method; /* as in struct pair */
    const struct job *weak;      /* NULL: no student */
};

struct columns {
    struct column *a;
    size_t n, cap;
};

/* columns_add - one that is there already is not added. */
static int columns_add(struct columns *c, struct column x, struct err *e)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->a[i].jobs[0] == x.jobs[0] && c->a[i].method == x.method && c->a[i].weak == x.weak)
            return OK;
    int rc = mem_grow(&c->a, &c->cap, c->n + 1, sizeof *c->a, e);
    if (!rc)
        c->a[c->n++] = x;
    return rc;
}

static int columns_pair(struct columns *c, const struct pair *q, struct err *e)
{
    int rc = columns_add(c, (struct column){q->weak, NULL, NULL}, e);
    if (!rc)
        rc = columns_add(c, (struct column){q->ceiling, NULL, NULL}, e);
    if (!rc)
        rc = columns_add(c, (struct column){q->student, q->method, q->weak[0]}, e);
    if (!rc && q->untrained)
        rc = columns_add(c, (struct column){q->untrained, NULL, NULL}, e);
    return rc;
}

/* Of an answer that is written, in the place of classes' probabilities. */
static const char *const written[] = {"answer", "right", "legal"};

/* column_parts - how many columns a model has: one a class, or what is said of an answer. */
static size_t column_parts(const struct plan *p)
{
    return task_moves(p->task) ? 3 : task_writes(p->task) ? 2 : task_classes(p->task);
}

/* column_name - "student a/30 naive from a/2: positive". */
static void column_name(const struct plan *p, const struct column *c, size_t k, struct str *out)
{
    struct str name = STR_INIT;
    str_addf(&name, "%s ", job_roles[c->weak ? JOB_STUDENT : c->jobs[0]->role]);
    job_who(c->jobs[0], &name);
    if (c->weak) {
        str_addf(&name, " %s from ", c->method ? c->method->name : "ground truth");
        job_who(c->weak, &name);
    }
    str_addf(&name, ": %s", task_writes(p->task) ? written[k] : task_class_name(p->task, k));
    str_csv(out, name.s);
    out->failed = out->failed || name.failed;
    str_release(&name);
}

/* cell_write - the k-th of what the i-th job says of example x. */
static void cell_write(const struct bench *b, size_t i, size_t x, size_t k, struct str *out)
{
    if (!b->probs[i])
        return;
    if (!b->answers) {
        str_number(out, b->probs[i][x * b->K + k]);
        return;
    }
    const struct said *s = &b->answers[i].a[x];
    if (k == 0)
        str_csv(out, s->text);
    else
        str_addc(out, (k == 1 ? s->right : s->legal) ? '1' : '0');
}

static void repetition_rows(const struct bench *b, const struct columns *c, size_t r,
                            struct str *out)
{
    const struct plan *p = b->p;
    const struct dataset *d = &p->data[r];
    bool own = false; /* else it is the very jobs of an earlier one */
    for (size_t i = 0; i < c->n; i++)
        own = own || c->a[i].jobs[r]->repetition == r;
    for (size_t x = 0; own && x < d->n[PART_TEST]; x++) {
        const struct example *ex = &d->part[PART_TEST][x];
        str_addf(out, "%zu,%s,%016" PRIx64 ",", r, ex->id, ex->question);
        str_csv(out, ex->source);
        str_addc(out, ',');
        if (ex->answer)
            str_csv(out, ex->answer);
        else
            str_addf(out, "%d", ex->label);
        for (size_t i = 0; i < c->n; i++)
            for (size_t k = 0; k < column_parts(p); k++) {
                str_addc(out, ',');
                cell_write(b, bench_job(b, c->a[i].jobs[r]), x, k, out);
            }
        str_cat(out, "\r\n");
    }
}

int predictions_write(const struct bench *b, const char *dir, struct err *e)
{
    const struct plan *p = b->p;
    struct columns c = {0};
    struct str out = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < p->n_pairs && !rc; i++)
        rc = columns_pair(&c, &p->pairs[i], e);
    if (rc)
        goto out;
    str_cat(&out, "seed,id,question,source,label");
    for (size_t i = 0; i < c.n; i++)
        for (size_t k = 0; k < column_parts(p); k++) {
            str_addc(&out, ',');
            column_name(p, &c.a[i], k, &out);
        }
    str_cat(&out, "\r\n");
    for (size_t r = 0; r < p->study->seeds; r++)
        repetition_rows(b, &c, r, &out);
    rc = file_write_in(dir, "predictions.csv", &out, e);
out:
    mem_free(c.a);
    str_release(&out);
    return rc;
}
