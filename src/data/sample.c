/* sample.c - see sample.h. */
#include "core/mem.h"
#include "data/dialogue.h"
#include "data/sample.h"
#include "data/value.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sampler {
    struct sample *s;
    struct str path, text;
    enum doc_type first; /* what the first row is */
};

static struct column *column_at(struct sampler *p, const char *path, bool list, struct err *e)
{
    struct sample *s = p->s;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->c[i].path, path) == 0)
            return s->c[i].list == list ? &s->c[i] : NULL;
    if (s->n == SAMPLE_COLUMNS)
        return NULL;
    struct column *c = &s->c[s->n];
    c->list = list;
    c->path = arena_strdup(&s->arena, path, e);
    c->cell = arena_alloc(&s->arena, PROPOSE_ROWS, sizeof *c->cell, e);
    c->n_items = arena_alloc(&s->arena, PROPOSE_ROWS, sizeof *c->n_items, e);
    if (!c->path || !c->cell || !c->n_items)
        return NULL;
    s->n++;
    return c;
}

/* cell_add - one text more of the column in the row that is being read. */
static int cell_add(struct sampler *p, const struct doc *d, bool list, struct err *e)
{
    struct sample *s = p->s;
    struct err at = ERR_INIT;
    struct column *c = column_at(p, p->path.s, list, &at);
    if (!c)
        return at.code ? err_set(e, at.code, "%s", at.msg) : OK;
    const char *old = c->cell[s->rows];
    size_t n = 0;
    for (size_t i = 0; old && i < c->n_items[s->rows]; i++)
        n += strlen(old + n) + 1;
    str_reset(&p->text);
    str_catn(&p->text, old ? old : "", n);
    const bool messages = d->type == DOC_LIST;
    int rc = value_scalar(d, p->path.s, &p->text, messages ? &at : e);
    if (rc && messages)
        return OK; /* they are no text: a row without it */
    if (!rc)
        rc = str_check(&p->text, e);
    if (rc)
        return rc;
    c->cell[s->rows] = arena_strndup(&s->arena, p->text.s, p->text.len, e);
    c->n_items[s->rows]++;
    return c->cell[s->rows] ? OK : e->code;
}

static int value_add(struct sampler *p, const struct doc *d, bool list, struct err *e);

static int child_add(struct sampler *p, const struct doc *d, const char *key, bool list,
                     struct err *e)
{
    size_t n = p->path.len;
    str_addf(&p->path, "%s%s", n ? "." : "", key);
    int rc = str_check(&p->path, e);
    if (!rc)
        rc = value_add(p, d, list, e);
    p->path.s[n] = '\0';
    p->path.len = n;
    return rc;
}

/* value_add - a value with what is in it; lists in lists are passed over. */
static int value_add(struct sampler *p, const struct doc *d, bool list, struct err *e)
{
    int rc = OK;
    char number[24];
    size_t i = 0;
    switch (d->type) {
    case DOC_NULL:
        return OK;
    case DOC_LIST:
        if (dialogue_is(d))
            return cell_add(p, d, list, e);
        for (const struct doc *c = d->child; !rc && !list && c; c = c->next, i++) {
            snprintf(number, sizeof number, "%zu", i);
            if (!p->path.len) /* a row that is a list */
                rc = child_add(p, c, number, false, e);
            else if (c->type == DOC_MAP)
                rc = child_add(p, c, "*", true, e);
            else if (c->type != DOC_LIST)
                rc = value_add(p, c, true, e);
        }
        return rc;
    case DOC_MAP:
        for (const struct doc *c = d->child; !rc && c; c = c->next)
            rc = child_add(p, c, c->key, list, e);
        return rc;
    default:
        return cell_add(p, d, list, e);
    }
}

static int row_add(void *ctx, const struct doc *row, struct err *e)
{
    struct sampler *p = ctx;
    if (p->s->rows == PROPOSE_ROWS) {
        p->s->more = true;
        return err_set(e, ERR_INTERRUPTED, "enough");
    }
    if (!p->s->rows)
        p->first = row->type;
    if (row->type != p->first)
        return doc_fail(row, e, "a row is a %s, the first one a %s", doc_type_name(row->type),
                        doc_type_name(p->first));
    str_reset(&p->path);
    str_cat(&p->path, "");
    p->s->line[p->s->rows] = row->line;
    int rc = value_add(p, row, false, e);
    p->s->rows += !rc;
    return rc;
}

static bool number_is(const char *s, bool *whole)
{
    char *end;
    double x = strtod(s, &end);
    *whole = *s && s[strspn(s, "+-0123456789")] == '\0';
    return end != s && !*end && isfinite(x);
}

bool spelled_none(const char *s)
{
    static const char *const words[] = {"NaN", "nan", "NA", "N/A", "n/a", "#N/A", "null", "NULL"};
    size_t i = 0;
    while (i < sizeof words / sizeof *words && strcmp(s, words[i]) != 0)
        i++;
    return i < sizeof words / sizeof *words;
}

static size_t words_of(const char *s)
{
    size_t n = 0;
    for (bool in = false; *s; s++) {
        bool space = isspace((unsigned char)*s) != 0;
        n += !space && !in;
        in = !space;
    }
    return n;
}

static void value_count(struct column *c, const char *cell)
{
    size_t k = 0;
    if (c->n_values > SAMPLE_VALUES)
        return;
    while (k < c->n_values && strcmp(c->value[k], cell) != 0)
        k++;
    if (k == c->n_values)
        c->value[c->n_values++] = cell;
    c->count[k]++;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int column_measure(struct column *c, size_t rows, struct err *e)
{
    const char **sorted = mem_alloc(rows, sizeof *sorted, e);
    size_t none = 0;
    bool whole;
    if (!sorted)
        return e->code;
    c->number = c->whole = true;
    for (size_t i = 0; i < rows; i++) {
        const char *s = c->cell[i];
        if (!s)
            continue;
        sorted[c->present++] = s;
        c->empty += !*s;
        const bool no = !*s || spelled_none(s);
        none += no;
        c->number = c->number && (no || number_is(s, &whole));
        c->whole = c->whole && c->number && (no || whole);
        c->words += (double)words_of(s);
        c->chars += (double)strlen(s);
        value_count(c, s);
    }
    qsort(sorted, c->present, sizeof *sorted, by_text);
    c->number = c->number && none < c->present;
    c->unique = c->present > c->empty + 1;
    for (size_t i = c->empty + 1; i < c->present; i++)
        c->unique = c->unique && strcmp(sorted[i], sorted[i - 1]) != 0;
    if (c->present) {
        c->words /= (double)c->present;
        c->chars /= (double)c->present;
    }
    mem_free(sorted);
    return OK;
}

static bool year_is(const char *s)
{
    return strlen(s) == 4 && strspn(s, "0123456789") == 4 && (*s == '1' || *s == '2');
}

/* numbered - whether a column may be called by a number: its own, as one without a name is, where
 * that is the first (of an index) or no cell has it, or a year that heads other things than years.
 */
static bool numbered(const struct sample *s, size_t i)
{
    const struct column *c = &s->c[i];
    char own[24];
    bool years = true, again = false;
    snprintf(own, sizeof own, "%zu", i + 1);
    for (size_t r = 0; r < s->rows; r++) {
        years = years && (!c->cell[r] || year_is(c->cell[r]));
        again = again || (c->cell[r] && strcmp(c->cell[r], c->path) == 0);
    }
    return (strcmp(c->path, own) == 0 && (!i || !again)) || (year_is(c->path) && !years);
}

/* headless - whether the names of the columns look like a row: a number, or a long text. */
static bool headless(const struct sample *s)
{
    bool whole;
    for (size_t i = 0; i < s->n; i++)
        if ((number_is(s->c[i].path, &whole) && !numbered(s, i)) || words_of(s->c[i].path) > 5)
            return true;
    return false;
}

static int file_read_rows(struct sample *s, const char *path, const struct table_settings *t,
                          struct err *e)
{
    struct sampler p = {.s = s, .path = STR_INIT, .text = STR_INIT};
    s->c = arena_alloc(&s->arena, SAMPLE_COLUMNS, sizeof *s->c, e);
    s->line = arena_alloc(&s->arena, PROPOSE_ROWS, sizeof *s->line, e);
    s->n = s->rows = 0;
    s->more = false;
    int rc = s->c && s->line ? table_read(path, t, row_add, &p, e) : e->code;
    if (rc && s->more)
        rc = OK;
    str_release(&p.path);
    str_release(&p.text);
    return rc;
}

int sample_read(struct sample *s, const char *path, const char *name, const char *duckdb,
                struct err *e)
{
    struct table_settings t = {.name = name, .duckdb = duckdb};
    enum table_format format = table_format_of(path);
    char number[24];
    *s = (struct sample){.arena = ARENA_INIT};
    int rc = file_read_rows(s, path, &t, e);
    if (!rc && (format == TABLE_CSV || format == TABLE_TSV) && headless(s)) {
        s->headless = true;
        s->columns = arena_alloc(&s->arena, s->n + 1, sizeof *s->columns, e);
        for (size_t i = 0; s->columns && i < s->n; i++) {
            snprintf(number, sizeof number, "c%zu", i + 1);
            if (!(s->columns[i] = arena_strdup(&s->arena, number, e)))
                return e->code;
        }
        t.columns = s->columns;
        rc = s->columns ? file_read_rows(s, path, &t, e) : e->code;
    }
    if (!rc && !s->rows)
        rc = err_set(e, ERR_INPUT, "%s: no rows", name);
    for (size_t i = 0; !rc && i < s->n; i++)
        rc = column_measure(&s->c[i], s->rows, e);
    return rc;
}

bool column_lacks(const struct column *c, size_t row)
{
    return !c->cell[row] || (c->list ? c->n_items[row] < 2 : !*c->cell[row]);
}

int sample_without(struct sample *s, const bool *out, struct column **c, size_t *rows,
                   struct err *e)
{
    int rc = OK;
    *c = arena_alloc(&s->arena, s->n ? s->n : 1, sizeof **c, e);
    if (!*c)
        return e->code;
    for (size_t i = 0; i < s->n && !rc; i++) {
        const struct column *from = &s->c[i];
        struct column *to = &(*c)[i];
        *to = (struct column){.path = from->path, .list = from->list};
        to->cell = arena_alloc(&s->arena, s->rows, sizeof *to->cell, e);
        to->n_items = arena_alloc(&s->arena, s->rows, sizeof *to->n_items, e);
        if (!to->cell || !to->n_items)
            return e->code;
        *rows = 0;
        for (size_t r = 0; r < s->rows; r++) {
            if (!out[r]) {
                to->cell[*rows] = from->cell[r];
                to->n_items[(*rows)++] = from->n_items[r];
            } else if (column_lacks(from, r)) {
                to->lacks = to->lacking++ ? to->lacks : s->line[r];
            }
        }
        rc = column_measure(to, *rows, e);
    }
    return rc;
}

void sample_release(struct sample *s)
{
    arena_release(&s->arena);
    *s = (struct sample){.arena = ARENA_INIT};
}
