/* frozen.c - what the frozen model makes of every text: the last token's row behind its last block,
 * computed once for all jobs that read it. */
#include "lab/desk.h"

/* frozen_cost - of a part that the model reads once, whoever had it read: a forward is a third of a
 * step in which everything learns. */
static void frozen_cost(struct desk *d, const struct token_set *t)
{
    static const struct trainable everything = {.kind = TRAIN_ALL};
    struct model_config c = job_config(d->job);
    d->predicted += (double)token_set_total(t);
    d->flops += model_flops(&c, &everything, token_set_total(t), t->n * t->per, false) / 3;
}

int desk_frozen(struct desk *d, struct err *e)
{
    int rc = desk_model(d, e);
    BUG_ON(d->job->trainable.kind != TRAIN_HEAD);
    for (int part = 0; !rc && part < PART_COUNT; part++) {
        if (!d->data->n[part] || part == PART_SUPERVISE || !job_reads(d->job, (enum task_part)part))
            continue;
        rc = token_set_make(&d->sets[part], d->data->part[part], d->data->n[part],
                            d->job->model->tokenizer, e);
        if (!rc)
            rc = cached_features_open(&d->features[part], d->plan, d->job, d->model, &d->sets[part],
                                      (enum task_part)part, e);
        if (!rc)
            frozen_cost(d, &d->sets[part]);
    }
    model_free(d->model);
    d->model = NULL;
    return rc;
}
