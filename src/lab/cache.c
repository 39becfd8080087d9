/* cache.c - features of a frozen prefix: computed once for all jobs that start from the same blocks
 * and texts. */
#include "lab/plan.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

/* A killed writer's file; features of a study that was not finished and not run again. */
#define LEFTOVER_AGE (24 * 3600.0)
#define ORPHAN_AGE   (7 * 24 * 3600.0)

static size_t job_cut(const struct job *j)
{
    struct model_config c = job_config(j);
    return model_cut(&c, &j->trainable);
}

static int cache_path(const struct plan *p, const char *name, const char *tail, struct str *path,
                      struct err *e)
{
    str_reset(path);
    str_addf(path, "%s/cache%s%s%s", store_dir(p->lab->store), *name ? "/" : "", name, tail);
    return str_check(path, e);
}

/* What features depend on; not on the blocks above the cut, nor on anything that learns. */
static int features_path(const struct plan *p, const struct job *j, enum task_part part,
                         struct str *path, struct err *e)
{
    struct str spec = STR_INIT;
    size_t cut = job_cut(j);
    bool last =
        cut == j->layers; /* a model cut at its end gives last rows, any other gives all rows */
    char numerics[256], hash[HASH_HEX];
    dev_numerics(p->lab->dev, j->threads, numerics, sizeof numerics);
    str_addf(&spec,
             "features, numerics %d\n%s\n%s\n%s\n%s\n%s\nmax_tokens %zu\nblocks %zu of %zu\nlast "
             "rows only %d\nmicro %zu\n",
             LAB_NUMERICS, numerics, j->model->hash, j->model->tokenizer_hash,
             p->data[j->repetition].part_hash[part], lab_part_names[part], p->study->max_tokens,
             cut, last ? cut : 0, last, j->side->training.micro_tokens);
    if (j->base)
        str_addf(&spec, "weights of job %s\n", j->base->hash);
    if (j->side->random) /* how far they spread depends on the number of all blocks */
        str_addf(&spec, "random weights of seed %llu, %zu blocks\n",
                 (unsigned long long)study_seed(p->study, SEED_INIT, j->repetition), j->layers);
    int rc = str_check(&spec, e);
    if (!rc)
        rc = hash_bytes(spec.s, spec.len, hash, e);
    if (!rc)
        rc = cache_path(p, hash, ".f32", path, e);
    str_release(&spec);
    return rc;
}

struct sink {
    struct file_out *file;
    size_t C;
};

static int sink_add(void *ctx, const float *rows, size_t n, struct err *e)
{
    struct sink *s = ctx;
    return file_out_write(s->file, rows, n * s->C * sizeof *rows, e);
}

static int features_write(const struct plan *p, const struct job *j, struct model *m,
                          const struct token_set *t, enum task_part part, const char *path,
                          struct err *e)
{
    char what[96];
    struct sink sink = {NULL, m->cfg.channels};
    struct progress progress;
    int rc = file_out_open(&sink.file, path, e);
    if (rc)
        goto out;
    snprintf(what, sizeof what, "features of %zu frozen layers, %s", m->cut, lab_part_names[part]);
    progress_begin(&progress, p->lab->log, what, (double)t->n, "tokens");
    rc = features_make(m, t, j->side->training.micro_tokens, &progress, sink_add, &sink, e);
    progress_end(&progress, rc);
    if (!rc)
        rc = file_out_commit(sink.file, e);
out:
    file_out_close(sink.file);
    return rc;
}

int cached_features_open(struct cached_features *c, const struct plan *p, const struct job *j,
                         struct model *m, const struct token_set *t, enum task_part part,
                         struct err *e)
{
    struct str path = STR_INIT;
    bool last = m->cut == m->cfg.layers;
    struct err ignored = ERR_INIT;
    int rc = features_path(p, j, part, &path, e);
    if (rc)
        goto out;
    size_t seqs = t->n * t->per;
    c->starts = mem_alloc(seqs + 1, sizeof *c->starts, e);
    c->map = mem_zalloc(1, sizeof *c->map, e);
    if (!c->starts || !c->map) {
        rc = e->code;
        goto out;
    }
    for (size_t i = 0; i <= seqs; i++)
        c->starts[i] = last ? i : t->starts[i];
    size_t want = c->starts[seqs] * m->cfg.channels * sizeof(float);
    /* Opened before it is asked whether it is there: a file that is removed in between is still the
     * one that was opened. */
    if (!file_map_open(c->map, path.s, &ignored) && c->map->size != want)
        file_map_close(c->map);
    if (!c->map->data && !(rc = features_write(p, j, m, t, part, path.s, e)))
        rc = file_map_open(c->map, path.s, e);
    if (!rc)
        c->f = (struct features){(const float *)(const void *)c->map->data, c->starts,
                                 m->cfg.channels};
out:
    str_release(&path);
    return rc;
}

void cached_features_close(struct cached_features *c)
{
    if (c->map)
        file_map_close(c->map);
    mem_free(c->map);
    mem_free(c->starts);
    memset(c, 0, sizeof *c);
}

int cached_features_hold(const struct plan *p, int *fd, struct err *e)
{
    struct str path = STR_INIT;
    bool any = false;
    *fd = -1;
    for (size_t i = 0; i < p->n_jobs; i++)
        any = any || job_cut(p->jobs[i]) > 0;
    int rc = any ? cache_path(p, "", "", &path, e) : OK;
    if (any && !rc)
        rc = file_mkdirs(path.s, e);
    if (any && !rc) {
        file_prune(path.s, NULL, LEFTOVER_AGE);
        file_prune(path.s, ".f32", ORPHAN_AGE);
        rc = cache_path(p, "lock", "", &path, e);
    }
    if (any && !rc)
        rc = file_lock_shared(path.s, fd, e);
    str_release(&path);
    return rc;
}

void cached_features_drop(const struct plan *p, int fd, bool whole)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    if (whole && fd >= 0 && file_lock_alone(fd))
        for (size_t i = 0; i < p->n_jobs; i++)
            for (int part = 0; part < PART_COUNT && job_cut(p->jobs[i]) > 0; part++)
                if (!features_path(p, p->jobs[i], (enum task_part)part, &path, &ignored))
                    file_remove_tree(path.s, &ignored);
    file_unlock(fd);
    str_release(&path);
}
