/* load_config.c - tokenizer_config.json and special_tokens_map.json. */
#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/internal.h"
#include <stdlib.h>
#include <string.h>

const char *load_kind(const struct doc *d)
{
    static const char *const kinds[] = {"null",     "true or false", "a whole number", "a number",
                                        "a string", "a list",        "a map"};
    return d ? kinds[d->type] : "missing";
}

static int tree_read(struct doc_tree *tree, const char *dir, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    int rc;
    str_path(&path, dir, name);
    rc = str_check(&path, e);
    if (rc == OK && file_exists(path.s))
        rc = doc_read_json(tree, path.s, e);
    if (rc == OK && tree->root && tree->root->type != DOC_MAP)
        rc = doc_fail(tree->root, e, "this is %s, wanted a map", load_kind(tree->root));
    str_release(&path);
    return rc;
}

/* token_text - "bos_token": a string, {"content": ...} or null. */
static int token_text(const struct doc *map, const char *key, const char **out, bool *says,
                      struct err *e)
{
    const struct doc *d = doc_get(map, key);
    if (!d)
        return OK;
    *says = true;
    if (d->type == DOC_NULL)
        return OK;
    if (d->type == DOC_STRING) {
        *out = d->s;
        return OK;
    }
    return doc_str(d, "content", out, e);
}

int load_config_read(struct load_config *c, const char *dir, struct err *e)
{
    int rc;
    *c = (struct load_config){DOC_TREE_INIT, DOC_TREE_INIT, NULL,  NULL,  NULL,
                              false,         false,         false, false, false};
    rc = tree_read(&c->tree, dir, "tokenizer_config.json", e);
    if (rc == OK)
        rc = tree_read(&c->map, dir, "special_tokens_map.json", e);
    if (rc)
        return rc;
    const struct doc *d = c->tree.root, *m = c->map.root;
    if (d) {
        rc = doc_opt_str(d, "tokenizer_class", &c->class, e);
        if (rc == OK)
            rc = doc_opt_bool(d, "add_bos_token", &c->add_bos, e);
        if (rc == OK)
            rc = doc_opt_bool(d, "add_eos_token", &c->add_eos, e);
        if (rc == OK)
            rc = doc_opt_bool(d, "add_prefix_space", &c->prefix_space, e);
        if (rc == OK)
            rc = token_text(d, "bos_token", &c->bos, &c->says_bos, e);
        if (rc == OK)
            rc = token_text(d, "eos_token", &c->eos, &c->says_eos, e);
    }
    if (rc == OK && m && !c->says_bos)
        rc = token_text(m, "bos_token", &c->bos, &c->says_bos, e);
    if (rc == OK && m && !c->says_eos)
        rc = token_text(m, "eos_token", &c->eos, &c->says_eos, e);
    return rc;
}

void load_config_release(struct load_config *c)
{
    doc_tree_release(&c->tree);
    doc_tree_release(&c->map);
}

int load_flags(struct added_token *a, const struct doc *d, struct err *e)
{
    struct {
        const char *key;
        bool *to;
    } flags[] = {{"lstrip", &a->lstrip},
                 {"rstrip", &a->rstrip},
                 {"normalized", &a->normalized},
                 {"special", &a->special},
                 {"single_word", &a->single_word}};
    int rc = OK;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && rc == OK; i++)
        rc = doc_opt_bool(d, flags[i].key, flags[i].to, e);
    return rc;
}

static int row_compare(const void *a, const void *b)
{
    long x = strtol((*(const struct doc *const *)a)->key, NULL, 10);
    long y = strtol((*(const struct doc *const *)b)->key, NULL, 10);
    return x < y ? -1 : x > y;
}

int load_config_added(struct build *b, const struct load_config *c, size_t *n, struct err *e)
{
    const struct doc *map = doc_get(c->tree.root, "added_tokens_decoder");
    const struct doc **rows;
    int rc = OK;
    *n = 0;
    if (!map || map->type != DOC_MAP || map->n == 0)
        return OK;
    rows = mem_alloc(map->n, sizeof(struct doc *), e);
    if (!rows)
        return e->code;
    for (const struct doc *d = map->child; d; d = d->next)
        rows[(*n)++] = d;
    qsort((void *)rows, *n, sizeof(struct doc *), row_compare);
    for (size_t i = 0; i < *n && rc == OK; i++) {
        const struct doc *d = rows[i];
        struct added_token a = {.id = -1};
        const char *content = NULL;
        char *end;
        long id = strtol(d->key, &end, 10);
        if (*end != '\0' || end == d->key || id < 0 || id > INT32_MAX) {
            rc = doc_fail(d, e, "\"%s\" is not an id", d->key);
            break;
        }
        rc = doc_str(d, "content", &content, e);
        if (rc == OK)
            rc = load_flags(&a, d, e);
        if (rc)
            break;
        a.id = (int32_t)id;
        rc = build_added(b, a, content, strlen(content), e);
        if (rc)
            err_wrap(e, "%s: added_tokens_decoder", d->file);
    }
    mem_free((void *)rows);
    return rc;
}

static int32_t first_known(const struct build *b, const char *const *names)
{
    int32_t id = -1;
    for (; *names && id < 0; names++)
        id = build_find(b, *names);
    return id;
}

void load_ends(struct build *b, const struct load_config *c)
{
    static const char *const begins[] = {"<s>", "<|begin_of_text|>", "<|endoftext|>", NULL};
    static const char *const ends[] = {"</s>", "<|end_of_text|>", "<|endoftext|>", NULL};
    struct tokenizer *t = b->t;
    if (c->says_bos)
        t->bos = c->bos ? build_find(b, c->bos) : -1;
    else
        t->bos = t->n_before > 0 ? t->before[0] : first_known(b, begins);
    if (c->says_eos)
        t->eos = c->eos ? build_find(b, c->eos) : -1;
    else
        t->eos = t->n_after > 0 ? t->after[t->n_after - 1] : first_known(b, ends);
}
