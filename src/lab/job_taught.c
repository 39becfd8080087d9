/* job_taught.c - a supervisor that learns, behind its own part, some of the train part with its
 * truth. */
#include "lab/desk.h"
#include "core/mem.h"

#include <string.h>

/* examples_join - all of the supervise part, then those drawn of the train part: x [n + k]. */
static int examples_join(struct desk *d, const size_t *drawn, size_t k, struct example **x,
                         struct err *e)
{
    const struct example *own = NULL, *more = NULL;
    size_t n = d->data->n[PART_SUPERVISE];
    int rc = desk_examples(d, PART_SUPERVISE, &own, e);
    if (!rc)
        rc = desk_examples(d, PART_TRAIN, &more, e);
    if (rc)
        return rc;
    *x = mem_alloc(n + k, sizeof **x, e);
    if (!*x)
        return e->code;
    memcpy(*x, own, n * sizeof **x);
    for (size_t i = 0; i < k; i++)
        (*x)[n + i] = more[drawn[i]];
    return OK;
}

/* What the frozen blocks make of the same examples; no data: nothing is frozen. */
struct joined {
    struct features f;
    float *data;
    size_t *starts;
};

/* rows_add - those of one example behind the first `at` sequences. */
static void rows_add(struct joined *to, size_t at, const struct features *from, size_t example,
                     size_t per)
{
    const size_t *s = from->starts + example * per;
    size_t C = from->C;
    memcpy(to->data + to->starts[at] * C, from->data + s[0] * C,
           (s[per] - s[0]) * C * sizeof *to->data);
    for (size_t q = 0; q < per; q++)
        to->starts[at + q + 1] = to->starts[at + q] + s[q + 1] - s[q];
}

static int features_join(struct desk *d, const size_t *drawn, size_t k, struct joined *j,
                         struct err *e)
{
    const struct features *own = &d->features[PART_SUPERVISE].f, *more = &d->features[PART_TRAIN].f;
    size_t n = d->data->n[PART_SUPERVISE], per = d->learn.per;
    if (!own->data)
        return OK;
    size_t rows = own->starts[n * per];
    for (size_t i = 0; i < k; i++)
        rows += more->starts[(drawn[i] + 1) * per] - more->starts[drawn[i] * per];
    j->starts = mem_zalloc((n + k) * per + 1, sizeof *j->starts, e);
    j->data = j->starts ? mem_alloc(rows, own->C * sizeof *j->data, e) : NULL;
    if (!j->data)
        return e->code;
    for (size_t i = 0; i < n; i++)
        rows_add(j, i * per, own, i, per);
    for (size_t i = 0; i < k; i++)
        rows_add(j, (n + i) * per, more, drawn[i], per);
    j->f = (struct features){j->data, j->starts, own->C};
    return OK;
}

int taught_learn(struct desk *d, int (*eval)(void *ctx, const struct train_point *p, struct err *e),
                 struct err *e)
{
    struct example *x = NULL;
    struct joined j = {.data = NULL};
    size_t n = d->data->n[PART_SUPERVISE], *drawn;
    uint64_t seed = study_seed(d->plan->study, SEED_LABEL, d->job->repetition);
    int rc = choice_drawn("human_labels_supervisor", d->job->taught->share, seed,
                          d->data->n[PART_TRAIN], &drawn, &d->human, e);
    if (!rc)
        rc = examples_join(d, drawn, d->human, &x, e);
    if (!rc)
        rc = token_set_make(&d->learn, x, n + d->human, d->job->model->tokenizer, e);
    if (!rc)
        rc = truth_rows(x, n + d->human, d->K, &d->targets, e);
    if (!rc)
        rc = features_join(d, drawn, d->human, &j, e);
    const struct train_data data = {
        .tokens = &d->learn, .targets = d->targets, .features = j.f.data ? &j.f : NULL};
    if (!rc)
        rc = desk_learn(d, &data, eval, e);
    mem_free(drawn);
    mem_free(x);
    mem_free(j.data);
    mem_free(j.starts);
    return rc;
}
