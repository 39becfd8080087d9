/* table_csv.c - separated values, RFC 4180, parsed in place. */
#include "core/mem.h"
#include "data/table_rows.h"

#include <stdio.h>
#include <string.h>

struct reader {
    const struct table_source *t;
    char *p, *end; /* *end is the text's NUL */
    int line;      /* of p */
    char separator;
    bool quotes;
    struct doc *fields;
    size_t n, cap;
    const char **columns;
    size_t n_columns;
    char *numbers; /* names of the columns without one */
};

enum { AFTER_FIELD, AFTER_ROW };

/* field_end - what stands at p ends a field: past it, and which of the two it was. */
static int field_end(struct reader *r)
{
    if (*r->p == r->separator && r->p < r->end) {
        r->p++;
        return AFTER_FIELD;
    }
    r->p += *r->p == '\r';
    if (r->p < r->end) {
        r->p++;
        r->line++;
    }
    return AFTER_ROW;
}

static bool at_end_of_row(const struct reader *r)
{
    return r->p >= r->end || *r->p == '\n' ||
           (*r->p == '\r' && (r->p + 1 >= r->end || r->p[1] == '\n'));
}

/* quoted - the field whose opening quote is at p, unescaped where it stands. */
static int quoted(struct reader *r, struct doc *field, struct err *e)
{
    int line = r->line;
    char *w = ++r->p, *begin = w;
    for (;; r->p++) {
        if (r->p >= r->end)
            return table_fail(r->t, line, e, "a quote is opened here and never closed");
        if (*r->p == '"' && *++r->p != '"')
            break;
        r->line += *r->p == '\n';
        *w++ = *r->p;
    }
    if (*r->p != r->separator && !at_end_of_row(r))
        return table_fail(
            r->t, r->line, e,
            "\"%c\" after a closing quote; wanted the separator or the end of the line", *r->p);
    field->s = begin;
    field->len = (size_t)(w - begin);
    return OK;
}

static void plain(struct reader *r, struct doc *field)
{
    field->s = r->p;
    while (*r->p != r->separator && !at_end_of_row(r))
        r->p++;
    field->len = (size_t)(r->p - field->s);
}

/* row_next - the fields of the next row that is not blank; n == 0 at the end. *line is where it
 * begins. */
static int row_next(struct reader *r, int *line, struct err *e)
{
    while (r->p < r->end && at_end_of_row(r))
        field_end(r);
    r->n = 0;
    *line = r->line;
    for (int after = r->p < r->end ? AFTER_FIELD : AFTER_ROW; after == AFTER_FIELD;) {
        int rc = mem_grow(&r->fields, &r->cap, r->n + 1, sizeof *r->fields, e);
        if (rc)
            return rc;
        struct doc *field = &r->fields[r->n++];
        *field = (struct doc){.type = DOC_STRING, .file = r->t->name, .line = r->line};
        if (r->quotes && *r->p == '"')
            rc = quoted(r, field, e);
        else
            plain(r, field);
        if (rc)
            return rc;
        after = field_end(r);
        r->t->text[(size_t)(field->s - r->t->text) + field->len] = '\0';
    }
    return OK;
}

static int columns_check(const struct reader *r, int line, struct err *e)
{
    for (size_t i = 0; i < r->n_columns; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(r->columns[i], r->columns[j]) == 0)
                return table_fail(r->t, line, e, "two columns are named \"%s\"", r->columns[i]);
    return OK;
}

/* columns_read - names from the settings, else from the first row. */
static int columns_read(struct reader *r, struct err *e)
{
    const char *const *given = r->t->settings->columns;
    int line = 1, rc = OK;
    if (!given && (rc = row_next(r, &line, e)))
        return rc;
    for (r->n_columns = r->n; given && given[r->n_columns]; r->n_columns++)
        ;
    r->columns = mem_alloc(r->n_columns, sizeof *r->columns, e);
    r->numbers = r->columns ? mem_alloc(r->n_columns, 24, e) : NULL;
    if (!r->numbers)
        return e->code;
    for (size_t i = 0; i < r->n_columns; i++) {
        r->columns[i] = given ? given[i] : r->fields[i].s;
        if (*r->columns[i])
            continue;
        snprintf(r->numbers + 24 * i, 24, "%zu", i + 1);
        r->columns[i] = r->numbers + 24 * i;
    }
    return columns_check(r, line, e);
}

static int rows_read(struct reader *r, struct err *e)
{
    int line;
    for (;;) {
        int rc = row_next(r, &line, e);
        if (rc || !r->n)
            return rc;
        if (r->n != r->n_columns)
            return table_fail(r->t, line, e,
                              r->t->settings->columns ? "%zu fields, \"columns\" names %zu"
                                                      : "%zu fields, the header has %zu",
                              r->n, r->n_columns);
        for (size_t i = 0; i < r->n; i++) {
            r->fields[i].key = r->columns[i];
            r->fields[i].next = i + 1 < r->n ? &r->fields[i + 1] : NULL;
        }
        struct doc row = {
            .type = DOC_MAP, .file = r->t->name, .line = line, .child = r->fields, .n = r->n};
        rc = r->t->each(r->t->ctx, &row, e);
        if (rc)
            return rc;
    }
}

int table_csv_rows(const struct table_source *t, char separator, bool quotes, struct err *e)
{
    struct reader r = {.t = t,
                       .p = t->text,
                       .end = t->text + t->n,
                       .line = 1,
                       .separator = separator,
                       .quotes = quotes};
    int rc = columns_read(&r, e);
    if (!rc)
        rc = rows_read(&r, e);
    mem_free(r.fields);
    mem_free(r.columns);
    mem_free(r.numbers);
    return rc;
}
