/* task.c - what others may know of a task. */
#include "core/mem.h"
#include "data/spec.h"

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

const char *task_file(const struct task *t)
{
    return t->file;
}

const char *task_asset(const struct task *t)
{
    return t->asset;
}
