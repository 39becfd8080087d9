/* doc.c - values out of a tree, and sentences about those that are wrong. */
#include "core/doc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void doc_tree_release(struct doc_tree *t)
{
    arena_release(&t->arena);
    t->root = NULL;
}

const struct doc *doc_get(const struct doc *map, const char *key)
{
    for (const struct doc *d = map && map->type == DOC_MAP ? map->child : NULL; d; d = d->next)
        if (strcmp(d->key, key) == 0)
            return d;
    return NULL;
}

const struct doc *doc_path(const struct doc *root, const char *path)
{
    const struct doc *d = root;
    while (d && *path) {
        size_t n = strcspn(path, ".");
        const struct doc *c = d->type == DOC_MAP || d->type == DOC_LIST ? d->child : NULL;
        if (d->type == DOC_LIST) {
            char *end;
            unsigned long i = strtoul(path, &end, 10);
            if (end != path + n || end == path)
                return NULL;
            while (c && i--)
                c = c->next;
        } else {
            while (c && !(strncmp(c->key, path, n) == 0 && !c->key[n]))
                c = c->next;
        }
        d = c;
        path += n;
        path += *path == '.';
    }
    return d;
}

const char *doc_type_name(enum doc_type t)
{
    static const char *const names[] = {"null",   "true or false", "whole number", "number",
                                        "string", "list",          "map"};
    return names[t];
}

/* path_say - the first "key" of a sentence becomes "path", as far as there is room. */
static void path_say(const struct doc *at, char *text, size_t size)
{
    char quoted[128], rest[sizeof((struct err *)0)->msg];
    int n = snprintf(quoted, sizeof quoted, "\"%s\"", at->key);
    char *found = n < (int)sizeof quoted ? strstr(text, quoted) : NULL;
    if (!found)
        return;
    snprintf(rest, sizeof rest, "%s", found + n);
    snprintf(found, size - (size_t)(found - text), "\"%s\"%s", at->path, rest);
}

int doc_fail(const struct doc *at, struct err *e, const char *fmt, ...)
{
    char text[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (at && at->path && at->key)
        path_say(at, text, sizeof text);
    if (at && at->file && at->line > 0)
        return err_set(e, ERR_INPUT, "%s:%d: %s", at->file, at->line, text);
    if (at && at->file)
        return err_set(e, ERR_INPUT, "%s: %s", at->file, text);
    return err_set(e, ERR_INPUT, "%s", text);
}

const char *doc_seen(const struct doc *d, char *buf, size_t n)
{
    switch (d->type) {
    case DOC_STRING:
        snprintf(buf, n, "\"%.60s\"", d->s);
        break;
    case DOC_INT:
        snprintf(buf, n, "%lld", (long long)d->i);
        break;
    case DOC_REAL:
        if (d->s)
            snprintf(buf, n, "%.60s", d->s);
        else
            snprintf(buf, n, "%g", d->r);
        break;
    case DOC_BOOL:
        snprintf(buf, n, "%s", d->b ? "true" : "false");
        break;
    default:
        snprintf(buf, n, d->type == DOC_NULL ? "%s" : "a %s", doc_type_name(d->type));
    }
    return buf;
}

static int missing(const struct doc *map, const char *key, struct err *e)
{
    if (!map || map->type != DOC_MAP)
        return doc_fail(map, e, "\"%s\" is wanted in a map, this is a %s", key,
                        map ? doc_type_name(map->type) : "null");
    const struct doc *null = doc_get(map, key);
    return null ? doc_fail(null, e, "\"%s\" is empty", key)
                : doc_fail(map, e, "\"%s\" is missing", key);
}

/* present - the node of a key that is there and not null. */
static const struct doc *present(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type != DOC_NULL ? d : NULL;
}

int doc_opt_str(const struct doc *map, const char *key, const char **out, struct err *e)
{
    char buf[80];
    const struct doc *d = present(map, key);
    if (!d)
        return OK;
    if (d->type != DOC_STRING)
        return doc_fail(d, e, "\"%s\" is %s, wanted a string", key, doc_seen(d, buf, sizeof buf));
    *out = d->s;
    return OK;
}

int doc_str(const struct doc *map, const char *key, const char **out, struct err *e)
{
    return present(map, key) ? doc_opt_str(map, key, out, e) : missing(map, key, e);
}

int doc_opt_int(const struct doc *map, const char *key, int64_t min, int64_t max, int64_t *out,
                struct err *e)
{
    char buf[80];
    const struct doc *d = present(map, key);
    if (!d)
        return OK;
    if (d->type != DOC_INT || d->i < min || d->i > max)
        return doc_fail(d, e, "\"%s\" is %s, wanted a whole number from %lld to %lld%s", key,
                        doc_seen(d, buf, sizeof buf), (long long)min, (long long)max,
                        d->type == DOC_REAL ? ", in plain digits" : "");
    *out = d->i;
    return OK;
}

int doc_int(const struct doc *map, const char *key, int64_t min, int64_t max, int64_t *out,
            struct err *e)
{
    return present(map, key) ? doc_opt_int(map, key, min, max, out, e) : missing(map, key, e);
}

int doc_opt_size(const struct doc *map, const char *key, size_t min, size_t max, size_t *out,
                 struct err *e)
{
    int64_t v = 0;
    if (!present(map, key))
        return OK;
    int rc = doc_opt_int(map, key, (int64_t)min, max > INT64_MAX ? INT64_MAX : (int64_t)max, &v, e);
    if (!rc)
        *out = (size_t)v;
    return rc;
}

int doc_opt_real(const struct doc *map, const char *key, double min, double max, double *out,
                 struct err *e)
{
    char buf[80];
    const struct doc *d = present(map, key);
    if (!d)
        return OK;
    if ((d->type != DOC_INT && d->type != DOC_REAL) || !(d->r >= min && d->r <= max))
        return doc_fail(d, e, "\"%s\" is %s, wanted a number from %g to %g", key,
                        doc_seen(d, buf, sizeof buf), min, max);
    *out = d->r;
    return OK;
}

int doc_opt_bool(const struct doc *map, const char *key, bool *out, struct err *e)
{
    char buf[80];
    const struct doc *d = present(map, key);
    if (!d)
        return OK;
    if (d->type != DOC_BOOL)
        return doc_fail(d, e, "\"%s\" is %s, wanted true or false", key,
                        doc_seen(d, buf, sizeof buf));
    *out = d->b;
    return OK;
}

static void list_names(struct str *out, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        str_addf(out, "%s%s", i ? ", " : "", names[i]);
}

static size_t count_names(const char *const *names)
{
    size_t n = 0;
    while (names[n])
        n++;
    return n;
}

int doc_opt_enum(const struct doc *map, const char *key, const char *const *names, int *out,
                 struct err *e)
{
    char buf[80];
    const struct doc *d = present(map, key);
    struct str list = STR_INIT;
    if (!d)
        return OK;
    for (int i = 0; d->type == DOC_STRING && names[i]; i++)
        if (strcmp(d->s, names[i]) == 0) {
            *out = i;
            return OK;
        }
    list_names(&list, names);
    const char *near = d->type == DOC_STRING ? str_nearest(d->s, names, count_names(names)) : NULL;
    doc_seen(d, buf, sizeof buf);
    int rc = near ? doc_fail(d, e, "\"%s\" is %s, wanted one of %s; did you mean \"%s\"?", key, buf,
                             list.s, near)
                  : doc_fail(d, e, "\"%s\" is %s, wanted one of %s", key, buf, list.s);
    str_release(&list);
    return rc;
}

int doc_check_keys(const struct doc *map, const char *const *known, struct err *e)
{
    char buf[80];
    if (map->type != DOC_MAP && map->key) {
        struct str list = STR_INIT;
        list_names(&list, known);
        int rc = doc_fail(map, e, "\"%s\" is %s, wanted a map of %s", map->key,
                          doc_seen(map, buf, sizeof buf), list.s);
        str_release(&list);
        return rc;
    }
    if (map->type != DOC_MAP)
        return doc_fail(map, e, "a map of keys is wanted, this is a %s", doc_type_name(map->type));
    for (const struct doc *d = map->child; d; d = d->next) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], d->key) != 0)
            i++;
        if (known[i])
            continue;
        const char *near = str_nearest(d->key, known, count_names(known));
        int before = d->path ? (int)(strlen(d->path) - strlen(d->key)) : 0;
        if (near)
            return doc_fail(d, e, "unknown key \"%s\"; did you mean \"%.*s%s\"?", d->key, before,
                            before ? d->path : "", near);
        struct str list = STR_INIT;
        list_names(&list, known);
        int rc = doc_fail(d, e, "unknown key \"%s\"; known are %s", d->key, list.s);
        str_release(&list);
        return rc;
    }
    return OK;
}

/* child_set - the child of map under the last n bytes of path[0..to), made where absent. */
static struct doc *child_set(struct doc_tree *t, struct doc *map, const char *path, size_t to,
                             size_t n, const char *file, struct err *e)
{
    const char *key = path + to - n;
    struct doc **end = &map->child;
    for (; *end; end = &(*end)->next)
        if (strncmp((*end)->key, key, n) == 0 && !(*end)->key[n])
            break;
    struct doc *d = *end ? *end : arena_alloc(&t->arena, 1, sizeof *d, e);
    char *whole = d ? arena_strndup(&t->arena, path, to, e) : NULL;
    if (!whole)
        return NULL;
    d->path = whole;
    if (*end)
        return d;
    d->key = whole + to - n;
    d->file = file;
    *end = d;
    map->n++;
    return d;
}

/* node_copy - d deep into t, as it is but for `file`, its file's name in t. */
static struct doc *node_copy(struct doc_tree *t, const struct doc *d, const char *file,
                             struct err *e)
{
    struct doc *c = arena_alloc(&t->arena, 1, sizeof *c, e);
    if (!c)
        return NULL;
    *c = *d;
    c->child = c->next = NULL;
    c->file = file;
    if ((d->s && !(c->s = arena_strndup(&t->arena, d->s, d->len ? d->len : strlen(d->s), e))) ||
        (d->key && !(c->key = arena_strdup(&t->arena, d->key, e))))
        return NULL;
    struct doc **end = &c->child;
    for (const struct doc *x = d->child; x; x = x->next, end = &(*end)->next)
        if (!(*end = node_copy(t, x, file, e)))
            return NULL;
    return c;
}

/* node_name - d's paths, and its children's; it stands on no line. */
static int node_name(struct doc_tree *t, struct doc *d, const char *path, struct err *e)
{
    struct str name = STR_INIT;
    size_t item = 0;
    int rc = OK;
    d->line = 0;
    d->path = path;
    for (struct doc *x = d->child; x && !rc; x = x->next) {
        const char *its = NULL;
        str_reset(&name);
        if (x->key)
            str_addf(&name, "%s.%s", path, x->key);
        else
            str_addf(&name, "%s.%zu", path, item++);
        rc = str_check(&name, e);
        if (!rc && !(its = arena_strdup(&t->arena, name.s, e)))
            rc = e->code;
        if (!rc)
            rc = node_name(t, x, its, e);
    }
    str_release(&name);
    return rc;
}

int doc_set(struct doc_tree *t, const char *path, const char *value, struct err *e)
{
    struct str name = STR_INIT;
    str_addf(&name, "command line: %s=%s", path, value);
    int rc = str_check(&name, e);
    if (!rc)
        rc = doc_set_from(t, path, value, name.s, e);
    str_release(&name);
    return rc;
}

int doc_set_from(struct doc_tree *t, const char *path, const char *value, const char *from,
                 struct err *e)
{
    struct doc_tree v = DOC_TREE_INIT;
    struct doc *at = t->root;
    char *file = arena_strdup(&t->arena, from, e);
    int rc = file ? OK : e->code;
    if (!rc && (rc = doc_parse_yaml(&v, value, strlen(value), NULL, e)))
        err_wrap(e, "%s", file);
    if (rc)
        goto out;
    for (const char *p = path;;) {
        size_t n = strcspn(p, ".");
        if (!n || (p[n] == '.' && !p[n + 1])) {
            rc = err_set(e, ERR_INPUT,
                         "%s: \"%s\" is not a key: names with dots between them are wanted", file,
                         path);
            goto out;
        }
        if (at->type == DOC_NULL && !at->child)
            at->type = DOC_MAP;
        if (at->type != DOC_MAP) {
            rc = err_set(e, ERR_INPUT, "%s: \"%.*s\" is not a map", file,
                         (int)(p - path > 0 ? p - path - 1 : 0), path);
            goto out;
        }
        at = child_set(t, at, path, (size_t)(p - path) + n, n, file, e);
        if (!at) {
            rc = e->code;
            goto out;
        }
        if (!p[n])
            break;
        p += n + 1;
    }
    struct doc *c = node_copy(t, v.root, file, e);
    rc = c ? node_name(t, c, at->path, e) : e->code;
    if (rc)
        goto out;
    c->key = at->key;
    c->next = at->next;
    *at = *c;
out:
    doc_tree_release(&v);
    return rc;
}

static int map_under(struct doc_tree *t, struct doc *over, const struct doc *base, const char *file,
                     struct err *e)
{
    for (const struct doc *b = base->child; b; b = b->next) {
        struct doc **end = &over->child;
        while (*end && strcmp((*end)->key, b->key) != 0)
            end = &(*end)->next;
        int rc = OK;
        if (*end && (*end)->type == DOC_MAP && b->type == DOC_MAP)
            rc = map_under(t, *end, b, file, e);
        else if (!*end && !(*end = node_copy(t, b, file, e)))
            rc = e->code;
        if (rc)
            return rc;
    }
    over->n = 0;
    for (const struct doc *d = over->child; d; d = d->next)
        over->n++;
    return OK;
}

int doc_under(struct doc_tree *t, const struct doc *base, struct err *e)
{
    const char *file = base->file ? arena_strdup(&t->arena, base->file, e) : NULL;
    if (base->file && !file)
        return e->code;
    BUG_ON(t->root->type != DOC_MAP || base->type != DOC_MAP);
    return map_under(t, t->root, base, file, e);
}
