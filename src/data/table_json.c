/* table_json.c - rows out of JSON, one value at a time: a long array is never one tree, and every
 * row knows its line, which the parser's tree would not tell. */
#include "data/table_rows.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const struct table_source *t;
    size_t at;
    int line; /* of at */
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void cursor_move(struct cursor *c, size_t n)
{
    for (size_t end = c->at + n; c->at < end; c->at++)
        c->line += c->t->text[c->at] == '\n';
}

/* cursor_peek - the next character that is not blank; NUL at the end (the text has none in it). */
static char cursor_peek(struct cursor *c)
{
    while (c->at < c->t->n && blank(c->t->text[c->at]))
        cursor_move(c, 1);
    return c->at < c->t->n ? c->t->text[c->at] : '\0';
}

static int cursor_fail(const struct cursor *c, const char *wanted, struct err *e)
{
    if (c->at >= c->t->n && !c->t->last) /* what comes next is the comma that parts are cut at */
        return table_fail(c->t, c->line, e, "not JSON: found ,, wanted %s", wanted);
    if (c->at >= c->t->n)
        return table_fail(c->t, c->line, e, "the file ends here, wanted %s", wanted);
    unsigned cp;
    size_t n = utf8_next(c->t->text + c->at, c->t->n - c->at, &cp);
    return table_fail(c->t, c->line, e, "not JSON: found %.*s, wanted %s", (int)n,
                      c->t->text + c->at, wanted);
}

/* cursor_value - parse the value that begins here and step over it. The tree is the caller's to
 * release. */
static int cursor_value(struct cursor *c, struct doc_tree *tree, struct err *e)
{
    size_t used = 0;
    cursor_peek(c);
    int rc =
        doc_parse_json_at(tree, c->t->text + c->at, c->t->n - c->at, &used, c->t->name, c->line, e);
    if (!rc)
        cursor_move(c, used);
    return rc;
}

/* cursor_skip - step over a value unread: only strings and brackets are looked at. */
static int cursor_skip(struct cursor *c, struct err *e)
{
    size_t depth = 0;
    do {
        char ch = cursor_peek(c);
        if (!ch)
            return cursor_fail(c, "a value", e);
        if (ch == '"') {
            struct doc_tree string = DOC_TREE_INIT;
            int rc = cursor_value(c, &string, e);
            doc_tree_release(&string);
            if (rc)
                return rc;
            continue;
        }
        depth += ch == '{' || ch == '[';
        if ((ch == '}' || ch == ']') && depth-- == 0)
            return cursor_fail(c, "a value", e);
        cursor_move(c, 1);
        if (depth == 0 && ch != '}' && ch != ']')
            while (c->at < c->t->n && !blank(c->t->text[c->at]) &&
                   !strchr(",]}", c->t->text[c->at]))
                cursor_move(c, 1);
    } while (depth);
    return OK;
}

/* cursor_member - at '{': step to the value of key[0..n); false in *found where there is none. */
static int cursor_member(struct cursor *c, const char *key, size_t n, bool *found, struct err *e)
{
    *found = false;
    cursor_move(c, 1);
    while (cursor_peek(c) == '"') {
        struct doc_tree name = DOC_TREE_INIT;
        int rc = cursor_value(c, &name, e);
        if (rc)
            return rc;
        *found = name.root->len == n && memcmp(name.root->s, key, n) == 0;
        doc_tree_release(&name);
        if (cursor_peek(c) != ':')
            return cursor_fail(c, "\":\"", e);
        cursor_move(c, 1);
        if (*found)
            return OK;
        rc = cursor_skip(c, e);
        if (rc)
            return rc;
        if (cursor_peek(c) == ',')
            cursor_move(c, 1);
    }
    return cursor_peek(c) == '}' ? OK : cursor_fail(c, "a key or \"}\"", e);
}

/* cursor_item - at '[': step to the i-th value. */
static int cursor_item(struct cursor *c, size_t i, bool *found, struct err *e)
{
    *found = false;
    cursor_move(c, 1);
    for (;;) {
        char ch = cursor_peek(c);
        *found = ch && ch != ']' && i == 0;
        if (*found || ch == ']')
            return OK;
        int rc = cursor_skip(c, e);
        if (rc)
            return rc;
        i--;
        if (cursor_peek(c) == ',')
            cursor_move(c, 1);
    }
}

/* cursor_seek - step to where the dotted path leads. */
static int cursor_seek(struct cursor *c, const char *path, struct err *e)
{
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, ".");
        bool found = false;
        char ch = cursor_peek(c), *end;
        int line = c->line, rc = OK;
        unsigned long i = strtoul(p, &end, 10);
        if (ch == '{')
            rc = cursor_member(c, p, n, &found, e);
        else if (ch == '[' && end == p + n && n)
            rc = cursor_item(c, i, &found, e);
        if (rc)
            return rc;
        if (!found)
            return table_fail(c->t, line, e, "\"%.*s\" of \"rows: %s\" is missing", (int)n, p,
                              path);
        p += n;
        p += *p == '.';
    }
    return OK;
}

static int row_give(const struct table_source *t, const struct doc *row, struct err *e)
{
    if (row->type != DOC_MAP && row->type != DOC_LIST)
        return doc_fail(row, e, "a row is a %s, wanted a map", doc_type_name(row->type));
    return t->each(t->ctx, row, e);
}

static int row_read(struct cursor *c, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    int rc = cursor_value(c, &tree, e);
    if (!rc)
        rc = row_give(c->t, tree.root, e);
    doc_tree_release(&tree);
    return rc;
}

/* array_begin - step into the list of rows. */
static int array_begin(struct cursor *c, struct err *e)
{
    const char *path = c->t->settings->rows;
    int rc = path ? cursor_seek(c, path, e) : OK;
    if (rc)
        return rc;
    if (cursor_peek(c) == '{')
        return table_fail(c->t, c->line, e,
                          "a map, wanted a list of rows; \"rows\" in the task names the list "
                          "inside a document, and "
                          "\"format: jsonl\" (or a name in .jsonl) is of a map a line");
    if (cursor_peek(c) != '[')
        return cursor_fail(c, "a list of rows", e);
    cursor_move(c, 1);
    return OK;
}

int table_json_rows(struct table_json *j, const struct table_source *t, struct err *e)
{
    struct cursor c = {t, 0, t->line};
    int rc = j->at == JSON_BEFORE ? array_begin(&c, e) : OK;
    if (!rc && j->at == JSON_BEFORE)
        j->at = JSON_FIRST;
    while (!rc && j->at != JSON_AFTER) {
        const char ch = cursor_peek(&c);
        if (!ch && !t->last)
            return OK;
        if (ch == ']') {
            j->at = JSON_AFTER;
            cursor_move(&c, 1);
            break;
        }
        if (j->at == JSON_NEXT && ch != ',')
            return cursor_fail(&c, "\",\" or \"]\"", e);
        if (j->at == JSON_NEXT)
            cursor_move(&c, 1);
        if (!cursor_peek(&c))
            return cursor_fail(&c, "a row", e);
        rc = row_read(&c, e);
        j->at = JSON_NEXT;
    }
    if (rc)
        return rc;
    return t->settings->rows || !cursor_peek(&c) ? OK : cursor_fail(&c, "the end of the file", e);
}

size_t table_json_cut(struct table_json *j, const char *s, size_t n)
{
    size_t cut = 0;
    for (size_t i = j->seen; i < n; i++) {
        if (j->string) {
            j->string = s[i] != '"' || j->escaped;
            j->escaped = s[i] == '\\' && !j->escaped;
            continue;
        }
        j->string = s[i] == '"';
        if (s[i] == '{' && j->depth == 0)
            cut = i + 1; /* no array: the reader says so */
        j->depth += s[i] == '[' || s[i] == '{';
        j->depth -= (s[i] == ']' || s[i] == '}') && j->depth;
        if (s[i] == ',' && j->depth == 1)
            cut = i;
    }
    j->seen = n - cut;
    return cut;
}

int table_json_row(const struct table_source *t, const char *s, size_t n, int line, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    int rc = doc_parse_json(&tree, s, n, t->name, line, e);
    if (!rc)
        rc = row_give(t, tree.root, e);
    doc_tree_release(&tree);
    return rc;
}

int table_jsonl_rows(const struct table_source *t, struct err *e)
{
    int line = t->line;
    for (size_t at = 0; at < t->n; line += line < INT_MAX) {
        const char *s = t->text + at, *end = memchr(s, '\n', t->n - at);
        size_t n = end ? (size_t)(end - s) : t->n - at, i = 0;
        at += n + 1;
        while (i < n && blank(s[i]))
            i++;
        if (i == n)
            continue;
        int rc = table_json_row(t, s, n, line, e);
        if (rc)
            return rc;
    }
    return OK;
}
