/* cache.c - features of a frozen prefix: computed once for all jobs that start from the same blocks and texts. */
#include "lab/plan.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

/* What features depend on; not on the blocks above the cut, nor on anything that learns. */
static int features_path(const struct plan *p, const struct job *j, const struct model *m, enum task_part part, struct str *path,
                         struct err *e)
{
    struct str spec = STR_INIT;
    char numerics[256], hash[HASH_HEX];
    dev_numerics(m->dev, numerics, sizeof numerics);
    str_addf(&spec, "features 1\n%s\n%s\n%s\n%s\n%s\nmax_tokens %zu\nblocks %zu of %zu\nlast rows only %d\nmicro %zu\n", numerics,
             j->model->hash, j->model->tokenizer_hash, p->data[j->repetition].hash, lab_part_names[part], p->study->max_tokens, m->cut,
             /* a model cut at its end gives last rows, any other gives all rows */
             m->cut == m->cfg.layers ? m->cut : 0, m->cut == m->cfg.layers, j->side->training.micro_tokens);
    int rc = str_check(&spec, e);
    if (!rc)
        rc = hash_bytes(spec.s, spec.len, hash, e);
    if (!rc) {
        str_reset(path);
        str_addf(path, "%s/cache/%s.f32", store_dir(p->lab->store), hash);
        rc = str_check(path, e);
    }
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

static int features_write(const struct plan *p, const struct job *j, struct model *m, const struct token_set *t, enum task_part part,
                          const char *path, struct err *e)
{
    char what[96];
    struct sink sink = {NULL, m->cfg.channels};
    struct progress progress;
    struct str dir = STR_INIT;
    str_addf(&dir, "%s/cache", store_dir(p->lab->store));
    int rc = str_check(&dir, e);
    if (!rc)
        rc = file_mkdirs(dir.s, e);
    if (!rc)
        rc = file_out_open(&sink.file, path, e);
    if (rc)
        goto out;
    snprintf(what, sizeof what, "features of %zu frozen layers, %s", m->cut, lab_part_names[part]);
    progress_begin(&progress, p->lab->log, what, (double)t->n, "tokens");
    rc = features_make(m, t, j->side->training.micro_tokens, &progress, sink_add, &sink, e);
    progress_end(&progress, NULL);
    if (!rc)
        rc = file_out_commit(sink.file, e);
out:
    file_out_close(sink.file);
    str_release(&dir);
    return rc;
}

int cached_features_open(struct cached_features *c, const struct plan *p, const struct job *j, struct model *m,
                         const struct token_set *t, enum task_part part, struct err *e)
{
    struct str path = STR_INIT;
    bool last = m->cut == m->cfg.layers;
    int rc = features_path(p, j, m, part, &path, e);
    if (rc)
        goto out;
    c->starts = mem_alloc(t->n + 1, sizeof *c->starts, e);
    c->map = mem_zalloc(1, sizeof *c->map, e);
    if (!c->starts || !c->map) {
        rc = e->code;
        goto out;
    }
    for (size_t i = 0; i <= t->n; i++)
        c->starts[i] = last ? i : t->starts[i];
    size_t want = c->starts[t->n] * m->cfg.channels * sizeof(float), have = 0;
    if (file_exists(path.s) && (rc = file_size(path.s, &have, e)))
        goto out;
    if (have != want && (rc = features_write(p, j, m, t, part, path.s, e)))
        goto out;
    rc = file_map_open(c->map, path.s, e);
    if (!rc)
        c->f = (struct features){(const float *)(const void *)c->map->data, c->starts, m->cfg.channels};
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

int cached_features_clear(const struct plan *p, struct err *e)
{
    struct str dir = STR_INIT;
    str_addf(&dir, "%s/cache", store_dir(p->lab->store));
    int rc = str_check(&dir, e);
    if (!rc)
        rc = file_remove_tree(dir.s, e);
    str_release(&dir);
    return rc;
}
