/* task.c - what others may know of a task. */
#include "core/file.h"
#include "core/mem.h"
#include "data/spec.h"

#include <string.h>

int task_named(struct task **out, const char *name, const char *title, const char *citation,
               const char *licence, const char *const *classes, size_t n, struct err *e)
{
    const char *from[4] = {name, title, citation, licence};
    struct task *t = mem_zalloc(1, sizeof *t, e);
    BUG_ON(n > TASK_CLASSES);
    *out = NULL;
    if (!t)
        return e->code;
    const char **to[4] = {&t->name, &t->title, &t->citation, &t->licence};
    bool whole = true;
    for (size_t i = 0; i < 4 && whole; i++)
        whole = (*to[i] = arena_strdup(&t->tree.arena, from[i], e)) != NULL;
    for (size_t k = 0; k < n && whole; k++)
        whole = (t->classes[k].name = arena_strdup(&t->tree.arena, classes[k], e)) != NULL;
    t->file = t->name;
    t->n_classes = n;
    if (!whole) {
        task_free(t);
        return e->code;
    }
    *out = t;
    return OK;
}

void task_free(struct task *t)
{
    if (t)
        doc_tree_release(&t->tree);
    mem_free(t);
}

const char *task_name(const struct task *t)
{
    return t->name;
}

const char *task_title(const struct task *t)
{
    return t->title;
}

const char *task_citation(const struct task *t)
{
    return t->citation;
}

const char *task_licence(const struct task *t)
{
    return t->licence;
}

size_t task_classes(const struct task *t)
{
    return t->n_classes;
}

const char *task_class_name(const struct task *t, size_t k)
{
    BUG_ON(k >= t->n_classes);
    return t->classes[k].name;
}

const char *task_label_word(const struct task *t, size_t k)
{
    BUG_ON(k >= t->n_classes);
    return t->classes[k].word;
}

size_t task_votes(const struct task *t)
{
    return t->n_votes;
}

const char *task_vote_name(const struct task *t, size_t i)
{
    BUG_ON(i >= t->n_votes);
    return t->votes[i].name;
}

size_t task_alternatives(const struct task *t)
{
    return t->alternatives;
}

const char *task_reward_word(const struct task *t)
{
    return t->reward_word;
}

bool task_writes(const struct task *t)
{
    return t->written != NULL;
}

bool task_moves(const struct task *t)
{
    return t->position != NULL;
}

size_t task_bands(const struct task *t)
{
    return t->level ? t->n_cuts + 1 : 0;
}

size_t task_band(const struct task *t, double level)
{
    size_t k = 0;
    while (k < t->n_cuts && level >= t->cuts[k])
        k++;
    return k;
}

void task_band_name(const struct task *t, size_t k, struct str *out)
{
    BUG_ON(k >= task_bands(t));
    if (k == 0)
        str_addf(out, "below %g", t->cuts[0]);
    else if (k == t->n_cuts)
        str_addf(out, "%g and more", t->cuts[k - 1]);
    else
        str_addf(out, "%g to %g", t->cuts[k - 1], t->cuts[k]);
}

bool spec_draws(const struct task *t)
{
    return t->kind != KIND_LABELLED && t->kind != KIND_GENERATION;
}

const char *task_file(const struct task *t)
{
    return t->file;
}

const char *task_asset(const struct task *t)
{
    return t->asset;
}

size_t task_sources(const struct task *t)
{
    return t->n_sources;
}

const char *task_source_name(const struct task *t)
{
    return t->source_name;
}

const char *task_source_at(const struct task *t, size_t i)
{
    const struct doc *list = doc_get(t->tree.root, "sources"), *d = list ? list->child : NULL;
    for (; d && i; i--)
        d = d->next;
    const struct doc *name = doc_get(d, "name");
    return name && name->type == DOC_STRING ? name->s : NULL;
}

/* file_there - name below dir, or the archive on the way to it. */
static bool file_there(const char *dir, const char *name)
{
    struct str path = STR_INIT;
    if (*name == '/')
        str_cat(&path, name);
    else
        str_path(&path, dir, name);
    bool there = !path.failed && file_exists(path.s);
    for (char *slash = path.failed ? NULL : path.s; !there && slash && (slash = strchr(slash, '/'));
         *slash++ = '/') {
        *slash = '\0';
        there = *path.s && file_exists(path.s) && !file_is_dir(path.s);
    }
    str_release(&path);
    return there;
}

const char *task_source_missing(const struct task *t, const char *dir)
{
    for (int pool = 0; pool < POOL_COUNT; pool++)
        for (size_t i = 0; i < t->n_files[pool]; i++) {
            const struct data_file *f = &t->files[pool][i];
            if (!file_there(dir, f->rows))
                return f->rows;
            if (f->beside && !file_there(dir, f->beside))
                return f->beside;
        }
    return NULL;
}

bool task_wants_duckdb(const struct task *t)
{
    for (int pool = 0; pool < POOL_COUNT; pool++)
        for (size_t i = 0; i < t->n_files[pool]; i++)
            if (table_wants_duckdb(t->files[pool][i].rows, &t->table))
                return true;
    return false;
}

int task_duckdb(struct task *t, const char *program, struct err *e)
{
    t->table.duckdb = arena_strdup(&t->tree.arena, program, e);
    return t->table.duckdb ? OK : e->code;
}
