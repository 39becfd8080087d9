/* doc_write.c - JSON and YAML out. */
#include "core/doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void js_init(struct js *j, struct str *out)
{
    memset(j, 0, sizeof *j);
    j->out = out;
    j->first[0] = true;
}

/* before - the comma that a value or key needs. */
static void before(struct js *j)
{
    if (j->after_key)
        j->after_key = false;
    else if (j->depth && !j->first[j->depth])
        str_cat(j->out, ", ");
    j->first[j->depth] = false;
}

void js_open(struct js *j, char bracket)
{
    before(j);
    BUG_ON(j->depth + 1 >= (int)(sizeof j->first / sizeof *j->first));
    str_addc(j->out, bracket);
    j->first[++j->depth] = true;
}

void js_close(struct js *j, char bracket)
{
    BUG_ON(j->depth == 0 || j->after_key);
    j->depth--;
    str_addc(j->out, bracket);
}

/* escaped - what JSON or YAML does not take in quotes as it is: control characters, and the line
 * breaks that YAML has more than JSON (a raw one is folded to a space when it is read). */
static bool escaped(unsigned cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x2028 || cp == 0x2029 ||
           cp == 0xFEFF || cp == 0xFFFE || cp == 0xFFFF;
}

static void quoted(struct str *out, const char *s, size_t n)
{
    str_addc(out, '"');
    for (size_t i = 0; i < n;) {
        unsigned cp;
        char u[4];
        i += utf8_next(s + i, n - i, &cp);
        if (cp == '"' || cp == '\\') {
            str_addc(out, '\\');
            str_addc(out, (char)cp);
        } else if (cp == '\n') {
            str_cat(out, "\\n");
        } else if (cp == '\t') {
            str_cat(out, "\\t");
        } else if (escaped(cp)) {
            str_addf(out, "\\u%04x", cp);
        } else {
            str_catn(out, u, utf8_put(u, cp));
        }
    }
    str_addc(out, '"');
}

void js_key(struct js *j, const char *key)
{
    before(j);
    quoted(j->out, key, strlen(key));
    str_cat(j->out, ": ");
    j->after_key = true;
}

void js_strn(struct js *j, const char *s, size_t n)
{
    before(j);
    quoted(j->out, s, n);
}

void js_str(struct js *j, const char *s)
{
    js_strn(j, s, strlen(s));
}

void js_int(struct js *j, int64_t v)
{
    before(j);
    str_addf(j->out, "%lld", (long long)v);
}

/* real_text - the shortest decimal that reads back the same, with a point or exponent, so that it
 * stays a real. Names of jobs are sums of such texts: it does not change. */
static void real_text(double v, char *buf, size_t n)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, n, "%.*g", digits, v);
        double back = strtod(buf, NULL);
        if (!(back < v) && !(back > v))
            break;
    }
    if (!strpbrk(buf, ".eE"))
        strncat(buf, ".0", n - strlen(buf) - 1);
}

void js_real(struct js *j, double v)
{
    char buf[40];
    before(j);
    if (!isfinite(v)) {
        str_cat(j->out, "null");
        return;
    }
    real_text(v, buf, sizeof buf);
    str_cat(j->out, buf);
}

void js_bool(struct js *j, bool v)
{
    before(j);
    str_cat(j->out, v ? "true" : "false");
}

void js_null(struct js *j)
{
    before(j);
    str_cat(j->out, "null");
}

void js_raw(struct js *j, const char *json)
{
    before(j);
    str_cat(j->out, json);
}

static void json_value(struct js *j, const struct doc *d)
{
    switch (d->type) {
    case DOC_NULL:
        js_null(j);
        break;
    case DOC_BOOL:
        js_bool(j, d->b);
        break;
    case DOC_INT:
        js_int(j, d->i);
        break;
    case DOC_REAL:
        js_real(j, d->r);
        break;
    case DOC_STRING:
        js_strn(j, d->s, d->len);
        break;
    case DOC_LIST:
    case DOC_MAP:
        js_open(j, d->type == DOC_MAP ? '{' : '[');
        for (const struct doc *c = d->child; c; c = c->next) {
            if (d->type == DOC_MAP)
                js_key(j, c->key);
            json_value(j, c);
        }
        js_close(j, d->type == DOC_MAP ? '}' : ']');
        break;
    }
}

void doc_write_json(struct str *out, const struct doc *d)
{
    struct js j;
    js_init(&j, out);
    json_value(&j, d);
}

/* plain - whether s can stand without quotes and read back as the same string. */
static bool plain(const char *s, size_t n)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct err ignored = ERR_INIT;
    if (!n || strlen(s) != n ||
        s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./+,()%")] ||
        strchr(" -,%.", s[0]) || s[n - 1] == ' ')
        return false;
    bool same =
        !doc_parse_yaml(&t, s, n, "", &ignored) && t.root->type == DOC_STRING && t.root->len == n;
    doc_tree_release(&t);
    return same;
}

/* yaml_real - with a point or exponent, so that it stays a real. */
static void yaml_real(struct str *out, double v)
{
    size_t at = out->len;
    str_number(out, v);
    if (!out->failed && !strpbrk(out->s + at, ".e"))
        str_cat(out, ".0");
}

static void yaml_scalar(struct str *out, const struct doc *d)
{
    struct js j;
    js_init(&j, out);
    if (d->type == DOC_STRING && plain(d->s, d->len))
        str_cat(out, d->s);
    else if (d->type == DOC_REAL && !isfinite(d->r))
        str_cat(out, isnan(d->r) ? ".nan" : d->r < 0 ? "-.inf" : ".inf");
    else if (d->type == DOC_REAL)
        yaml_real(out, d->r);
    else
        json_value(&j, d);
}

/* leaves - a list of scalars, short enough to stand in one line. */
static bool leaves(const struct doc *d)
{
    for (const struct doc *c = d->child; c; c = c->next)
        if (c->type == DOC_LIST || c->type == DOC_MAP)
            return false;
    return d->type == DOC_LIST;
}

static void yaml_value(struct str *out, const struct doc *d, int indent)
{
    if (d->type != DOC_LIST && d->type != DOC_MAP) {
        str_addc(out, ' ');
        yaml_scalar(out, d);
        str_addc(out, '\n');
        return;
    }
    if (!d->child) {
        str_cat(out, d->type == DOC_MAP ? " {}\n" : " []\n");
        return;
    }
    if (leaves(d)) {
        str_cat(out, " [");
        for (const struct doc *c = d->child; c; c = c->next) {
            struct js j;
            js_init(&j, out);
            if (c != d->child)
                str_cat(out, ", ");
            /* a plain comma would end the item */
            if (c->type == DOC_STRING && strpbrk(c->s, ",[]{}"))
                json_value(&j, c);
            else
                yaml_scalar(out, c);
        }
        str_cat(out, "]\n");
        return;
    }
    str_addc(out, '\n');
    for (const struct doc *c = d->child; c; c = c->next) {
        str_addf(out, "%*s", indent, "");
        if (d->type == DOC_MAP) {
            struct doc key = {.type = DOC_STRING, .s = c->key, .len = strlen(c->key)};
            yaml_scalar(out, &key);
            str_addc(out, ':');
        } else {
            str_addc(out, '-');
        }
        yaml_value(out, c, indent + 2);
    }
}

void doc_write_yaml(struct str *out, const struct doc *d)
{
    struct str body = STR_INIT;
    yaml_value(&body, d, 0);
    /* at the root no line has begun: the newline or space in front goes */
    str_cat(out, body.s + (body.len && (body.s[0] == '\n' || body.s[0] == ' ')));
    if (body.failed)
        out->failed = true;
    str_release(&body);
}
