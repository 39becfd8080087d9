/* table_csv.c - separated values, RFC 4180. Only a row with a quote that holds a line's end goes on
 * in the next part. */
#include "core/mem.h"
#include "data/table_rows.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct table_source *t;
    struct table_csv *c;
    const char *p, *end; /* *end is the text's NUL */
    int line;            /* of p */
};

enum { AFTER_FIELD, AFTER_ROW };

/* field_end - what stands at p ends a field: past it, and which of the two it was. */
static int field_end(struct reader *r)
{
    if (*r->p == r->c->separator && r->p < r->end) {
        r->p++;
        return AFTER_FIELD;
    }
    r->p += *r->p == '\r';
    if (r->p < r->end) {
        r->p++;
        r->line += r->line < INT_MAX;
    }
    return AFTER_ROW;
}

static bool at_end_of_row(const struct reader *r)
{
    return r->p >= r->end || *r->p == '\n' ||
           (*r->p == '\r' && (r->p + 1 >= r->end || r->p[1] == '\n'));
}

/* field_take - n bytes at p into the last field. */
static void field_take(struct reader *r, size_t n)
{
    str_catn(&r->c->row, r->p, n);
    r->c->fields[r->c->n - 1].len += n;
    r->p += n;
}

/* quoted - what this part has of the field whose quote is open; c->opened is 0 where it ends. */
static int quoted(struct reader *r, struct err *e)
{
    struct table_csv *c = r->c;
    while (r->p < r->end) {
        const char *quote = memchr(r->p, '"', (size_t)(r->end - r->p));
        const size_t n = (size_t)((quote ? quote : r->end) - r->p);
        for (size_t i = 0; i < n; i++)
            r->line += r->p[i] == '\n' && r->line < INT_MAX;
        field_take(r, n);
        if (!quote)
            break;
        if (*++r->p == '"') {
            field_take(r, 1);
            continue;
        }
        c->opened = 0;
        if (*r->p == c->separator || at_end_of_row(r))
            return OK;
        return table_fail(
            r->t, r->line, e,
            "\"%c\" after a closing quote; wanted the separator or the end of the line", *r->p);
    }
    if (r->t->last)
        return table_fail(r->t, c->opened, e, "a quote is opened here and never closed");
    if (c->row.len > TABLE_ROW_MOST)
        return table_fail(r->t, c->opened, e, "a quote is opened here and not closed within %d MiB",
                          TABLE_ROW_MOST >> 20);
    return OK;
}

static void plain(struct reader *r)
{
    struct reader at = *r;
    while (*at.p != r->c->separator && !at_end_of_row(&at))
        at.p++;
    field_take(r, (size_t)(at.p - r->p));
}

/* field_begin - the next field, empty; one that no column is for takes the place of the one before.
 */
static int field_begin(struct reader *r, struct err *e)
{
    struct table_csv *c = r->c;
    int rc;
    if (c->columns && c->n > c->n_columns) {
        c->over++;
        if (!c->row.failed)
            c->row.len -= c->fields[c->n - 1].len + 1;
        c->fields[c->n - 1].len = 0;
        return OK;
    }
    if (!c->columns && c->n == TABLE_COLUMNS_MOST)
        return table_fail(r->t, c->line, e, "a header of more than %d columns", TABLE_COLUMNS_MOST);
    if ((rc = mem_grow(&c->fields, &c->cap, c->n + 1, sizeof *c->fields, e)))
        return rc;
    c->fields[c->n++] = (struct doc){.type = DOC_STRING, .file = r->t->name, .line = r->line};
    return OK;
}

/* row_read - the fields of the row that begins here or goes on here; c->opened where the next part
 * has the rest of it. */
static int row_read(struct reader *r, struct err *e)
{
    struct table_csv *c = r->c;
    for (int rc, after = AFTER_FIELD; after == AFTER_FIELD;) {
        if (!c->opened) {
            if ((rc = field_begin(r, e)))
                return rc;
            if (c->quotes && *r->p == '"') {
                c->opened = r->line;
                r->p++;
            }
        }
        if (!c->opened)
            plain(r);
        else if ((rc = quoted(r, e)) || c->opened)
            return rc;
        str_addc(&c->row, '\0');
        after = field_end(r);
    }
    return str_check(&c->row, e);
}

/* row_next - the row that is open, or the next that is not blank; false in *whole at the part's
 * end, where it may go on in the next one. */
static int row_next(struct reader *r, bool *whole, struct err *e)
{
    struct table_csv *c = r->c;
    *whole = false;
    while (!c->opened && r->p < r->end && at_end_of_row(r))
        field_end(r);
    if (!c->opened && r->p >= r->end)
        return OK;
    if (!c->opened) {
        c->n = c->over = 0;
        str_reset(&c->row);
        c->line = r->line;
    }
    int rc = row_read(r, e);
    const char *s = c->row.s;
    for (size_t i = 0; !rc && !c->opened && i < c->n; i++) {
        c->fields[i].s = s;
        s += c->fields[i].len + 1;
    }
    *whole = !rc && !c->opened;
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* names_differ - no two columns have one name. */
static int names_differ(const struct reader *r, int line, struct err *e)
{
    const struct table_csv *c = r->c;
    const char **sorted = mem_alloc(c->n_columns ? c->n_columns : 1, sizeof *sorted, e);
    int rc = sorted ? OK : e->code;
    if (!rc) {
        memcpy(sorted, c->columns, c->n_columns * sizeof *sorted);
        qsort(sorted, c->n_columns, sizeof *sorted, by_text);
    }
    for (size_t i = 1; i < c->n_columns && !rc; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            rc = table_fail(r->t, line, e, "two columns are named \"%s\"", sorted[i]);
    mem_free(sorted);
    return rc;
}

/* columns_take - the names that the settings give, else the fields of the row. */
static int columns_take(struct reader *r, const char *const *given, int line, struct err *e)
{
    struct table_csv *c = r->c;
    for (c->n_columns = given ? 0 : c->n; given && given[c->n_columns]; c->n_columns++)
        ;
    c->columns = mem_alloc(c->n_columns, sizeof *c->columns, e);
    c->numbers = c->columns ? mem_alloc(c->n_columns, 24, e) : NULL;
    if (!c->numbers)
        return e->code;
    const struct str old = c->names; /* the names stay where they are, in c->names */
    c->names = c->row;
    c->row = old;
    for (size_t i = 0; i < c->n_columns; i++) {
        c->columns[i] = given ? given[i] : c->fields[i].s;
        if (*c->columns[i])
            continue;
        snprintf(c->numbers + 24 * i, 24, "%zu", i + 1);
        c->columns[i] = c->numbers + 24 * i;
    }
    return names_differ(r, line, e);
}

static int row_give(const struct reader *r, struct err *e)
{
    struct table_csv *c = r->c;
    if (c->n != c->n_columns)
        return table_fail(r->t, c->line, e,
                          r->t->settings->columns ? "%zu fields, \"columns\" names %zu"
                                                  : "%zu fields, the header has %zu",
                          c->n + c->over, c->n_columns);
    for (size_t i = 0; i < c->n; i++) {
        c->fields[i].key = c->columns[i];
        c->fields[i].next = i + 1 < c->n ? &c->fields[i + 1] : NULL;
    }
    const struct doc row = {
        .type = DOC_MAP, .file = r->t->name, .line = c->line, .child = c->fields, .n = c->n};
    return r->t->each(r->t->ctx, &row, e);
}

int table_csv_rows(struct table_csv *c, const struct table_source *t, struct err *e)
{
    struct reader r = {.t = t, .c = c, .p = t->text, .end = t->text + t->n, .line = t->line};
    const char *const *given = t->settings->columns;
    int rc = given && !c->columns ? columns_take(&r, given, 1, e) : OK;
    for (bool whole = true; !rc;) {
        if ((rc = row_next(&r, &whole, e)) || !whole)
            break;
        rc = c->columns ? row_give(&r, e) : columns_take(&r, NULL, c->line, e);
    }
    return rc;
}

void table_csv_release(struct table_csv *c)
{
    str_release(&c->row);
    str_release(&c->names);
    mem_free(c->fields);
    mem_free(c->columns);
    mem_free(c->numbers);
}
