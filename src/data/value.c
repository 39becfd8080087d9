/* value.c - from a row and a path to text. */
#include "data/dialogue.h"
#include "data/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    const struct place *place;
    const struct field *field;
    int (*found)(struct walk *w, const struct doc *d, struct err *e);
    struct str *out;
    size_t count;
    bool lacks; /* it came to nothing, or null */
};

/* missing - the row, who asks for the value, and what the row has instead. */
static int missing(struct walk *w, struct err *e)
{
    enum { SHOWN = 16 };
    const struct doc *row = w->place->row, *at = w->field->at;
    const char *path = w->field->path, *dot = path + strcspn(path, ".");
    struct str list = STR_INIT, asked = STR_INIT;
    size_t n = 0;
    int rc;
    w->lacks = true;
    if (at && at->file)
        str_addf(&asked, " (%s:%d asks for it)", at->file, at->line);
    for (const struct doc *c = row->type == DOC_MAP ? row->child : NULL; c && n < SHOWN;
         c = c->next) {
        str_addf(&list, "%s%s", n++ ? ", " : "", c->key);
    }
    if (row->n > SHOWN)
        str_cat(&list, ", ...");
    if (row->type == DOC_LIST && path[strspn(path, "0123456789.*")])
        rc = doc_fail(row, e, "the row is a list, wanted an object with \"%s\"%s", path, asked.s);
    else if (!n || *dot || doc_get(row, path))
        rc = doc_fail(row, e, "\"%s\" is missing%s", path, asked.s);
    else
        rc = doc_fail(row, e, "\"%s\" is missing%s; the row has %s", path, asked.s, list.s);
    str_release(&list);
    str_release(&asked);
    return rc;
}

static const struct doc *child_at(const struct doc *d, size_t i)
{
    const struct doc *c = d->child;
    while (c && i--)
        c = c->next;
    return c;
}

/* child_named - by key, or by number in a list. */
static const struct doc *child_named(const struct doc *d, const char *key, size_t n)
{
    if (d->type == DOC_LIST) {
        char *end;
        unsigned long i = strtoul(key, &end, 10);
        return n && end == key + n ? child_at(d, i) : NULL;
    }
    for (const struct doc *c = d->type == DOC_MAP ? d->child : NULL; c; c = c->next)
        if (strncmp(c->key, key, n) == 0 && !c->key[n])
            return c;
    return NULL;
}

static int walk_on(struct walk *w, const struct doc *d, const char *path, size_t stars,
                   struct err *e)
{
    size_t n = strcspn(path, ".");
    const char *rest = path + n + (path[n] == '.');
    if (!d || d->type == DOC_NULL)
        return missing(w, e);
    if (!*path)
        return w->found(w, d, e);
    if (n != 1 || *path != '*')
        return walk_on(w, child_named(d, path, n), rest, stars, e);
    if (d->type != DOC_LIST)
        return doc_fail(w->place->row, e, "\"%s\": the star is at a %s, wanted a list",
                        w->field->path, doc_type_name(d->type));
    if (stars < w->field->n_bound)
        return walk_on(w, child_at(d, w->place->bound[stars]), rest, stars + 1, e);
    int rc = OK;
    for (const struct doc *c = d->child; !rc && c; c = c->next)
        rc = walk_on(w, c, rest, stars + 1, e);
    return rc;
}

static int walk(struct walk *w, struct err *e)
{
    const struct field *f = w->field;
    if (f->text) {
        struct doc d = {.type = DOC_STRING, .s = f->text, .len = strlen(f->text)};
        return w->found(w, &d, e);
    }
    /* A column's own name may hold dots */
    const struct doc *whole = doc_get(w->place->row, f->path);
    return whole && whole->type != DOC_NULL ? w->found(w, whole, e)
                                            : walk_on(w, w->place->row, f->path, 0, e);
}

static bool space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int value_scalar(const struct doc *d, const char *path, struct str *out, struct err *e)
{
    const char *s = d->s;
    size_t n = d->len;
    char number[40];
    switch (d->type) {
    case DOC_STRING:
        if (memchr(s, '\0', n))
            return doc_fail(d, e, "\"%s\" holds a NUL character", path);
        while (n && space(*s)) {
            s++;
            n--;
        }
        while (n && space(s[n - 1]))
            n--;
        str_catn(out, s, n);
        return OK;
    case DOC_BOOL:
        str_cat(out, d->b ? "true" : "false");
        return OK;
    case DOC_INT:
        str_addf(out, "%lld", (long long)d->i);
        return OK;
    case DOC_REAL:
        /* Whole numbers past 64 bits, and all others of their row, come as these; a real of more
         * digits than any name of a thing has is one that was meant so */
        if (fabs(d->r) >= 0x1p53 && fabs(d->r) < 1e40)
            return doc_fail(
                d, e,
                "\"%s\" is %.17g: the digits of a number past 2^53 are not kept; wanted "
                "a string, or a smaller one",
                path, d->r);
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(number, sizeof number, "%.*g", digits, d->r);
            if (strtod(number, NULL) == d->r)
                break;
        }
        str_cat(out, number);
        return OK;
    case DOC_LIST:
        if (dialogue_is(d))
            return dialogue_write(d, out, e);
        /* fall through */
    default:
        return doc_fail(d, e, "\"%s\" is a %s, wanted a text", path, doc_type_name(d->type));
    }
}

/* cut - out[begin..) to what stands after and before the field's marks, white space aside. */
static int cut(const struct walk *w, const struct doc *d, struct str *out, size_t begin,
               struct err *e)
{
    const struct field *f = w->field;
    const char *text = out->s + begin, *from = f->after ? strstr(text, f->after) : text,
               *end = out->s + out->len;
    if (from)
        from += f->after ? strlen(f->after) : 0;
    if (from && f->before)
        end = strstr(from, f->before);
    if ((!from || !end) && f->whole)
        return OK;
    if (!from || !end)
        return doc_fail(d, e, "no \"%s\" is in \"%s\", which is \"%.60s\"",
                        from ? f->before : f->after, f->path, text);
    while (from < end && space(*from))
        from++;
    while (from < end && space(end[-1]))
        end--;
    size_t n = (size_t)(end - from);
    memmove(out->s + begin, from, n);
    out->len = begin + n;
    out->s[out->len] = '\0';
    return OK;
}

/* number_cut - out[begin..) to the field's number: digits, with what strtod takes before and behind
 * them. */
static int number_cut(const struct walk *w, const struct doc *d, struct str *out, size_t begin,
                      struct err *e)
{
    const char *s = out->s + begin;
    char *end = NULL;
    size_t seen = 0;
    for (; *s; s = end && end > s ? end : s + 1) {
        bool number = strchr("+-.0123456789", *s) != NULL;
        end = NULL;
        if (number)
            (void)strtod(s, &end);
        if (number && end > s && seen++ == w->field->number)
            break;
    }
    if (!*s)
        return doc_fail(d, e,
                        "\"%s\" is \"%.60s\", which has %zu numbers, wanted number %zu (from 0)",
                        w->field->path, out->s + begin, seen, w->field->number);
    size_t n = (size_t)(end - s);
    memmove(out->s + begin, s, n);
    out->len = begin + n;
    out->s[out->len] = '\0';
    return OK;
}

/* scalar - of the field, cut at its marks, or to one of its numbers. */
static int scalar(const struct walk *w, const struct doc *d, struct str *out, struct err *e)
{
    size_t begin = out->len;
    int rc = value_scalar(d, w->field->path, out, e);
    if (!rc)
        rc = str_check(out, e);
    if (!rc && (w->field->before || w->field->after))
        rc = cut(w, d, out, begin, e);
    return !rc && w->field->numbered ? number_cut(w, d, out, begin, e) : rc;
}

/* many - a list, of which each element is a value; a dialogue is one text. */
static bool many(const struct doc *d)
{
    return d->type == DOC_LIST && !dialogue_is(d);
}

static int one(struct walk *w, const struct doc *d, struct err *e)
{
    if (w->count++ || many(d) || d->type == DOC_MAP)
        return doc_fail(w->place->row, e, "\"%s\" is a %s, wanted one value", w->field->path,
                        d->type == DOC_MAP ? "map" : "list");
    return scalar(w, d, w->out, e);
}

int value_one(const struct field *f, const struct place *p, struct str *out, struct err *e)
{
    struct walk w = {p, f, one, out, 0, false};
    int rc = walk(&w, e);
    if (!rc && !w.count)
        rc = missing(&w, e);
    return rc ? rc : str_check(out, e);
}

static int seen(struct walk *w, const struct doc *d, struct err *e)
{
    (void)d;
    (void)e;
    w->count++;
    return OK;
}

bool value_lacks(const struct field *f, const struct place *p)
{
    struct err unread = ERR_INIT;
    struct walk w = {p, f, seen, NULL, 0, false};
    (void)walk(&w, &unread);
    return w.lacks;
}

/* joined - a scalar or the scalars of a list, with join between. */
static int joined(struct walk *w, const struct doc *d, struct err *e)
{
    if (!w->field->join && (w->count || many(d)))
        return doc_fail(w->place->row, e,
                        "\"%s\" is a list, wanted a text, or \"join\" with the field",
                        w->field->path);
    if (many(d)) {
        int rc = OK;
        for (const struct doc *c = d->child; !rc && c; c = c->next)
            rc = joined(w, c, e);
        return rc;
    }
    if (w->count++)
        str_cat(w->out, w->field->join);
    return scalar(w, d, w->out, e);
}

int value_text(const struct field *f, const struct place *p, struct str *out, struct err *e)
{
    struct walk w = {p, f, joined, out, 0, false};
    int rc = walk(&w, e);
    return rc ? rc : str_check(out, e);
}

/* listed - one text more, or one for each element. */
static int listed(struct walk *w, const struct doc *d, struct err *e)
{
    if (many(d)) {
        int rc = OK;
        for (const struct doc *c = d->child; !rc && c; c = c->next)
            rc = listed(w, c, e);
        return rc;
    }
    int rc = scalar(w, d, w->out, e);
    str_catn(w->out, "", 1);
    w->count++;
    return rc;
}

int value_texts(const struct field_list *l, const struct place *p, struct str *out, size_t *n,
                struct err *e)
{
    int rc = OK;
    *n = 0;
    for (size_t i = 0; !rc && i < l->n; i++) {
        struct walk w = {p, l->f[i], listed, out, 0, false};
        rc = walk(&w, e);
        *n += w.count;
    }
    return rc ? rc : str_check(out, e);
}

struct stroll {
    const char *each;
    struct place place;
    int (*f)(void *ctx, const struct place *p, struct err *e);
    void *ctx;
};

static int stroll_on(struct stroll *s, const struct doc *d, const char *path, size_t stars,
                     struct err *e)
{
    size_t n = strcspn(path, ".");
    const char *rest = path + n + (path[n] == '.');
    int rc = OK;
    if (!*path)
        return s->f(s->ctx, &s->place, e);
    if (n != 1 || *path != '*') {
        d = child_named(d, path, n);
        return d ? stroll_on(s, d, rest, stars, e)
                 : doc_fail(s->place.row, e, "\"%s\" is missing", s->each);
    }
    if (d->type != DOC_LIST)
        return doc_fail(s->place.row, e, "\"%s\": the star is at a %s, wanted a list", s->each,
                        doc_type_name(d->type));
    if (stars == VALUE_STARS)
        return doc_fail(s->place.row, e, "\"each\" has more than %d stars", VALUE_STARS);
    s->place.bound[stars] = 0;
    for (const struct doc *c = d->child; !rc && c; c = c->next, s->place.bound[stars]++)
        rc = stroll_on(s, c, rest, stars + 1, e);
    return rc;
}

int value_each(const char *each, const struct doc *row,
               int (*f)(void *ctx, const struct place *p, struct err *e), void *ctx, struct err *e)
{
    struct stroll s = {.each = each, .place = {.row = row}, .f = f, .ctx = ctx};
    return each ? stroll_on(&s, row, each, 0, e) : f(ctx, &s.place, e);
}
