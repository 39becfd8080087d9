/* features.c - what frozen blocks make of every example, once: for what is trained above them, or
 * of the last tokens alone, for probes. */
#include "train/feed.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stop.h"

struct features_job {
    struct model *m;
    const struct token_set *t;
    const size_t *depths; /* [n_depths] of probes; NULL: below the cut */
    size_t n_depths;
    struct pass *pass;
    struct packer packer;
    float *rows;
    size_t cap_rows;
    int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e);
    void *ctx;
};

static int features_piece(struct features_job *j, const size_t *index, size_t n, struct err *e)
{
    const struct model_config *c = &j->m->cfg;
    const struct batch *b = &j->packer.batch;
    int rc = packer_fill(&j->packer, j->t, index, n, e);
    if (rc)
        return rc;
    size_t rows = j->depths                ? b->n_seqs * j->n_depths
                  : j->m->cut == c->layers ? b->n_seqs
                                           : b->n_tokens;
    rc = mem_grow(&j->rows, &j->cap_rows, rows * c->channels, sizeof *j->rows, e);
    if (!rc)
        rc = j->depths ? pass_hidden(j->pass, b, j->depths, j->n_depths, true, j->rows, e)
                       : pass_features(j->pass, b, j->rows, e);
    if (!rc)
        rc = j->add(j->ctx, j->rows, rows, e);
    return rc;
}

/* features_run - j says which of what; the rest of it is its own. */
static int features_run(struct features_job *job, size_t micro_tokens, struct progress *progress,
                        struct err *e)
{
    struct features_job j = *job;
    const struct token_set *t = j.t;
    size_t *ends = NULL, pieces, begin = 0;
    int rc = OK;
    packer_init(&j.packer);
    size_t *order = mem_alloc(t->n, sizeof *order, e);
    if (!order) {
        rc = e->code;
        goto out;
    }
    for (size_t i = 0; i < t->n; i++)
        order[i] = i;
    rc = pack_split(t, order, t->n, micro_tokens, &ends, &pieces, e);
    if (!rc)
        rc = pass_new(&j.pass, j.m, e);
    for (size_t i = 0; !rc && i < pieces; begin = ends[i++]) {
        rc = stop_check(e);
        if (!rc)
            rc = features_piece(&j, order + begin, ends[i] - begin, e);
        if (!rc && progress)
            progress_step(progress, (double)ends[i], (double)t->starts[ends[i] * t->per], NULL);
    }
out:
    pass_free(j.pass);
    packer_release(&j.packer);
    mem_free(j.rows);
    mem_free(ends);
    mem_free(order);
    return rc;
}

int features_make(struct model *m, const struct token_set *t, size_t micro_tokens,
                  struct progress *progress,
                  int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e), void *ctx,
                  struct err *e)
{
    struct features_job j = {.m = m, .t = t, .add = add, .ctx = ctx};
    BUG_ON(m->cut == 0);
    return features_run(&j, micro_tokens, progress, e);
}

int features_last(struct model *m, const struct token_set *t, const size_t *depths, size_t n,
                  size_t micro_tokens, struct progress *progress,
                  int (*add)(void *ctx, const float *rows, size_t n_rows, struct err *e), void *ctx,
                  struct err *e)
{
    struct features_job j = {
        .m = m, .t = t, .depths = depths, .n_depths = n, .add = add, .ctx = ctx};
    return features_run(&j, micro_tokens, progress, e);
}
