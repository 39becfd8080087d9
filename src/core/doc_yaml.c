/* doc_yaml.c - libyaml's events into the tree. */
#include "core/doc.h"
#include "core/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH 64

struct reader {
    yaml_parser_t parser;
    struct doc_tree *tree;
    const char *name;
    struct err *e;
};

static int line_of(yaml_mark_t m)
{
    return (int)m.line + 1;
}

static int fail_at(struct reader *r, int line, const char *text)
{
    struct doc at = {.file = r->name, .line = line};
    return doc_fail(&at, r->e, "%s", text);
}

static int next(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return OK;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return err_set(r->e, ERR_NOMEM, "%s: out of memory", r->name ? r->name : "YAML");
    struct doc at = {.file = r->name, .line = line_of(r->parser.problem_mark)};
    return doc_fail(&at, r->e, "not YAML: %s",
                    r->parser.problem ? r->parser.problem : "it cannot be read");
}

static struct doc *node(struct reader *r, enum doc_type type, const yaml_event_t *ev)
{
    struct doc *d = arena_alloc(&r->tree->arena, 1, sizeof *d, r->e);
    if (d) {
        d->type = type;
        d->file = r->name;
        d->line = line_of(ev->start_mark);
    }
    return d;
}

/* plain_type - the core schema of YAML 1.2 for a plain scalar. */
static void plain_type(struct doc *d)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"},
                             *const yes[] = {"true", "True", "TRUE"},
                             *const no[] = {"false", "False", "FALSE"};
    const char *s = d->s;
    char *end;
    for (size_t i = 0; i < 5; i++)
        if (strcmp(s, nulls[i]) == 0) {
            d->type = DOC_NULL;
            return;
        }
    for (size_t i = 0; i < 3; i++)
        if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
            d->type = DOC_BOOL;
            d->b = strcmp(s, yes[i]) == 0;
            return;
        }
    const char *digits = s + (*s == '-' || *s == '+');
    if (*digits && digits[strspn(digits, "0123456789")] == '\0') {
        errno = 0;
        long long v = strtoll(s, &end, 10);
        d->type = errno ? DOC_REAL : DOC_INT;
        d->i = v;
        d->r = errno ? strtod(s, NULL) : (double)v;
        return;
    }
    bool special = strcmp(digits, ".inf") == 0 || strcmp(s, ".nan") == 0;
    if (special) {
        d->type = DOC_REAL;
        d->r = digits[1] == 'i' ? (*s == '-' ? -(double)INFINITY : (double)INFINITY) : (double)NAN;
        return;
    }
    if (!strpbrk(digits, "0123456789") || digits[strspn(digits, "0123456789.eE+-")] != '\0')
        return;
    double v = strtod(s, &end);
    if (!*end) {
        d->type = DOC_REAL;
        d->r = v;
    }
}

static int scalar(struct reader *r, const yaml_event_t *ev, struct doc **out)
{
    struct doc *d = node(r, DOC_STRING, ev);
    if (!d)
        return r->e->code;
    d->len = ev->data.scalar.length;
    d->s = arena_strndup(&r->tree->arena, (const char *)ev->data.scalar.value, d->len, r->e);
    if (!d->s)
        return r->e->code;
    if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strlen(d->s) == d->len)
        plain_type(d);
    *out = d;
    return OK;
}

static int value(struct reader *r, yaml_event_t *ev, int depth, struct doc **out);

/* children - of a list or map until its end event. */
static int children(struct reader *r, struct doc *d, yaml_event_type_t until, int depth)
{
    struct doc **end = &d->child, *key = NULL;
    for (;;) {
        yaml_event_t ev;
        struct doc *c = NULL;
        int rc = next(r, &ev);
        if (rc)
            return rc;
        bool over = ev.type == until;
        if (!over)
            rc = value(r, &ev, depth + 1, &c);
        yaml_event_delete(&ev);
        if (over || rc)
            return rc;
        if (d->type == DOC_MAP && !key) {
            if (!c->s)
                return fail_at(r, c->line, "a key is a list or a map, wanted a word");
            if (doc_get(d, c->s)) {
                struct doc at = {.file = r->name, .line = c->line};
                return doc_fail(&at, r->e, "key \"%s\" stands here a second time", c->s);
            }
            key = c;
            continue;
        }
        if (key) {
            c->key = key->s;
            c->line = c->line ? c->line : key->line;
            key = NULL;
        }
        *end = c;
        end = &c->next;
        d->n++;
    }
}

static int value(struct reader *r, yaml_event_t *ev, int depth, struct doc **out)
{
    int line = line_of(ev->start_mark);
    if (depth > DEPTH)
        return fail_at(r, line, "nested too deep");
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return scalar(r, ev, out);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: {
        bool map = ev->type == YAML_MAPPING_START_EVENT;
        if (!(*out = node(r, map ? DOC_MAP : DOC_LIST, ev)))
            return r->e->code;
        return children(r, *out, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth);
    }
    case YAML_ALIAS_EVENT:
        return fail_at(r, line, "aliases (*name) are not read here; write the value out");
    default:
        return fail_at(r, line, "a value is wanted here");
    }
}

static int document(struct reader *r)
{
    bool any = false;
    for (;;) {
        yaml_event_t ev;
        int rc = next(r, &ev), line;
        if (rc)
            return rc;
        yaml_event_type_t type = ev.type;
        line = line_of(ev.start_mark);
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT ||
            type == YAML_STREAM_END_EVENT) {
            /* nothing to keep */
        } else if (type == YAML_DOCUMENT_START_EVENT) {
            rc = any ? fail_at(r, line, "a second document begins; one is wanted") : OK;
            any = true;
        } else {
            rc = value(r, &ev, 0, &r->tree->root);
        }
        yaml_event_delete(&ev);
        if (rc || type == YAML_STREAM_END_EVENT)
            return rc;
    }
}

int doc_parse_yaml(struct doc_tree *t, const char *text, size_t n, const char *name, struct err *e)
{
    struct reader r = {.tree = t, .e = e};
    *t = (struct doc_tree)DOC_TREE_INIT;
    r.name = name ? arena_strdup(&t->arena, name, e) : NULL;
    if (name && !r.name)
        return e->code;
    if (!yaml_parser_initialize(&r.parser)) {
        doc_tree_release(t);
        return err_set(e, ERR_NOMEM, "%s: out of memory", name ? name : "YAML");
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    int rc = document(&r);
    yaml_parser_delete(&r.parser);
    if (!rc && !t->root) { /* an empty file is a null */
        t->root = arena_alloc(&t->arena, 1, sizeof *t->root, e);
        if (t->root)
            *t->root = (struct doc){.type = DOC_NULL, .file = r.name, .line = 1};
        else
            rc = e->code;
    }
    if (rc)
        doc_tree_release(t);
    return rc;
}

int doc_read_yaml(struct doc_tree *t, const char *path, struct err *e)
{
    struct str text = STR_INIT;
    *t = (struct doc_tree)DOC_TREE_INIT;
    int rc = file_read(&text, path, e);
    if (!rc)
        rc = doc_parse_yaml(t, text.s, text.len, path, e);
    str_release(&text);
    return rc;
}
