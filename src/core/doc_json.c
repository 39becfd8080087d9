/* doc_json.c - jansson's values into the tree. */
#include "core/doc.h"
#include "core/file.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

struct copier {
    struct doc_tree *tree;
    const char *name;
    int line;
    bool ints_as_reals;
    struct err *e;
};

static int copy(struct copier *c, json_t *v, struct doc **out)
{
    struct doc *d = arena_alloc(&c->tree->arena, 1, sizeof *d, c->e);
    if (!d)
        return c->e->code;
    *out = d;
    d->file = c->name;
    d->line = c->line;
    struct doc **end = &d->child;
    const char *key;
    json_t *x;
    size_t i;
    int rc = OK;
    switch (json_typeof(v)) {
    case JSON_NULL:
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        d->type = DOC_BOOL;
        d->b = json_is_true(v);
        break;
    case JSON_INTEGER:
        d->type = DOC_INT;
        d->i = json_integer_value(v);
        d->r = (double)d->i;
        break;
    case JSON_REAL:
        d->type = DOC_REAL;
        d->r = json_real_value(v);
        if (c->ints_as_reals && fabs(d->r) < 0x1p53 && floor(d->r) == d->r) {
            d->type = DOC_INT;
            d->i = (int64_t)d->r;
        }
        break;
    case JSON_STRING:
        d->type = DOC_STRING;
        d->len = json_string_length(v);
        d->s = arena_strndup(&c->tree->arena, json_string_value(v), d->len, c->e);
        rc = d->s ? OK : c->e->code;
        break;
    case JSON_ARRAY:
        d->type = DOC_LIST;
        json_array_foreach(v, i, x)
        {
            if (rc || (rc = copy(c, x, end)))
                break;
            end = &(*end)->next;
            d->n++;
        }
        break;
    case JSON_OBJECT:
        d->type = DOC_MAP;
        json_object_foreach(v, key, x)
        {
            if (rc || (rc = copy(c, x, end)))
                break;
            (*end)->key = arena_strdup(&c->tree->arena, key, c->e);
            if (!(*end)->key) {
                rc = c->e->code;
                break;
            }
            end = &(*end)->next;
            d->n++;
        }
        break;
    }
    return rc;
}

/* one_line - jansson's "text near 'context'" in one line. */
static void one_line(char *s)
{
    for (; *s; s++)
        if (*s == '\n' || *s == '\r')
            *s = ' ';
}

static int parse(struct doc_tree *t, const char *text, size_t n, size_t *used, const char *name,
                 int first_line, struct err *e)
{
    json_error_t error;
    struct copier c = {.tree = t, .line = first_line, .e = e};
    *t = (struct doc_tree)DOC_TREE_INIT;
    if (!(c.name = arena_strdup(&t->arena, name, e)))
        return e->code;
    size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL |
                   (used ? JSON_DISABLE_EOF_CHECK : 0);
    json_t *v = json_loadb(text, n, flags, &error);
    if (!v && json_error_code(&error) == json_error_numeric_overflow) {
        /* Configurations of Hugging Face write 10^30 for "no limit" */
        c.ints_as_reals = true;
        v = json_loadb(text, n, flags | JSON_DECODE_INT_AS_REAL, &error);
    }
    int rc;
    if (v) {
        if (used)
            *used = (size_t)error.position;
        rc = copy(&c, v, &t->root);
        json_decref(v);
    } else {
        one_line(error.text);
        struct doc at = {.file = c.name,
                         .line = (first_line > 0 ? first_line : 1) +
                                 (error.line > 0 ? error.line - 1 : 0)};
        rc = json_error_code(&error) == json_error_out_of_memory
                 ? err_set(e, ERR_NOMEM, "%s: out of memory", name)
                 : doc_fail(&at, e, "not JSON: %s", error.text);
    }
    if (rc)
        doc_tree_release(t);
    return rc;
}

int doc_parse_json(struct doc_tree *t, const char *text, size_t n, const char *name, int first_line,
                   struct err *e)
{
    return parse(t, text, n, NULL, name, first_line, e);
}

int doc_parse_json_at(struct doc_tree *t, const char *text, size_t n, size_t *used,
                      const char *name, int first_line, struct err *e)
{
    return parse(t, text, n, used, name, first_line, e);
}

int doc_read_json(struct doc_tree *t, const char *path, struct err *e)
{
    struct str text = STR_INIT;
    *t = (struct doc_tree)DOC_TREE_INIT;
    int rc = file_read(&text, path, e);
    if (!rc) /* 0: jansson gives no lines of values, and a wrong line is worse than none */
        rc = parse(t, text.s, text.len, NULL, path, 0, e);
    str_release(&text);
    return rc;
}
