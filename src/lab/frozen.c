/* frozen.c - what the frozen model makes of every text: the last token's row behind its last block,
 * computed once for all jobs that read it. */
#include "lab/desk.h"

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
        if (!rc) /* whoever had it read */
            desk_forward(d, (double)token_set_total(&d->sets[part]),
                         (double)(d->sets[part].n * d->sets[part].per));
    }
    model_free(d->model);
    d->model = NULL;
    return rc;
}
