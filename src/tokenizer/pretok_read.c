/* pretok_read.c - the "normalizer" and "pre_tokenizer" of a tokenizer.json.
 *
 * To add a component: a function that reads it into steps, and a row of normals[] or cutters[]. */
#include "core/doc.h"
#include "tokenizer/internal.h"
#include "tokenizer/pretok_steps.h"
#include <string.h>

typedef int read_fn(struct pretok *p, const struct doc *d, struct err *e);

struct component {
    const char *type;
    read_fn *read;
};

static int component_read(struct pretok *p, const struct doc *d, const struct component *rows,
                          const char *what, struct err *e)
{
    const char *type = NULL;
    int rc;
    if (!d || d->type == DOC_NULL)
        return OK;
    rc = doc_str(d, "type", &type, e);
    if (rc)
        return rc;
    for (; rows->type; rows++)
        if (strcmp(rows->type, type) == 0)
            return rows->read(p, d, e);
    return doc_fail(d, e, "the %s \"%s\" is not known here", what, type);
}

/* sequence_read - each element of the list d[key] in turn. */
static int sequence_read(struct pretok *p, const struct doc *d, const char *key, read_fn *read,
                         struct err *e)
{
    const struct doc *list = doc_get(d, key);
    int rc = OK;
    if (!list || list->type != DOC_LIST)
        return doc_fail(d, e, "\"%s\" of a Sequence is %s, wanted a list", key, load_kind(list));
    for (const struct doc *c = list->child; c && rc == OK; c = c->next)
        rc = read(p, c, e);
    return rc;
}

/* pattern_read - {"String": text} or {"Regex": pattern}. */
static int pattern_read(const struct doc *d, const char **find, bool *literal, struct err *e)
{
    const struct doc *pattern = doc_get(d, "pattern");
    const struct doc *s = doc_get(pattern, "String"), *r = doc_get(pattern, "Regex");
    *literal = s != NULL;
    if ((!s && !r) || (s ? s : r)->type != DOC_STRING)
        return doc_fail(d, e, "\"pattern\" is not {\"String\": ...} or {\"Regex\": ...}");
    *find = s ? s->s : r->s;
    if (strlen(*find) != (s ? s : r)->len)
        return doc_fail(d, e, "\"pattern\" holds a NUL character");
    return OK;
}

static int add_failed(const struct doc *d, int rc, struct err *e)
{
    if (rc == OK)
        return OK;
    return d->line > 0 ? err_wrap(e, "%s:%d", d->file, d->line) : err_wrap(e, "%s", d->file);
}

static int nfc_read(struct pretok *p, const struct doc *d, struct err *e)
{
    return add_failed(d, pretok_add_normal(p, NORMAL_NFC, NULL, false, NULL, e), e);
}

static int prepend_read(struct pretok *p, const struct doc *d, struct err *e)
{
    const char *text = NULL;
    int rc = doc_str(d, "prepend", &text, e);
    return rc ? rc : add_failed(d, pretok_add_normal(p, NORMAL_PREPEND, NULL, false, text, e), e);
}

static int replace_read(struct pretok *p, const struct doc *d, struct err *e)
{
    const char *find = NULL, *text = NULL;
    bool literal = false;
    int rc = pattern_read(d, &find, &literal, e);
    if (rc == OK)
        rc = doc_str(d, "content", &text, e);
    return rc ? rc : add_failed(d, pretok_add_normal(p, NORMAL_REPLACE, find, literal, text, e), e);
}

static int normals_read(struct pretok *p, const struct doc *d, struct err *e)
{
    return sequence_read(p, d, "normalizers", pretok_read_normalizer, e);
}

static const struct component normals[] = {{"Sequence", normals_read},
                                           {"NFC", nfc_read},
                                           {"Prepend", prepend_read},
                                           {"Replace", replace_read},
                                           {NULL, NULL}};

int pretok_read_normalizer(struct pretok *p, const struct doc *d, struct err *e)
{
    return component_read(p, d, normals, "normalizer", e);
}

static int byte_level_read(struct pretok *p, const struct doc *d, struct err *e)
{
    bool prefix = true, regex = true;
    int rc = doc_opt_bool(d, "add_prefix_space", &prefix, e);
    if (rc == OK)
        rc = doc_opt_bool(d, "use_regex", &regex, e);
    if (rc)
        return rc;
    if (prefix)
        rc = pretok_add_cut(p, CUT_PREFIX, NULL, false, CUT_ISOLATED, false, e);
    if (rc == OK && regex)
        rc = pretok_add_cut(p, CUT_PATTERN, PRETOK_GPT2, false, CUT_ISOLATED, false, e);
    if (rc == OK)
        rc = pretok_set_bytes(p, e);
    return add_failed(d, rc, e);
}

static int split_read(struct pretok *p, const struct doc *d, struct err *e)
{
    static const char *const behaviors[] = {"Isolated",       "Removed",    "MergedWithPrevious",
                                            "MergedWithNext", "Contiguous", NULL};
    const char *find = NULL;
    bool literal = false, invert = false;
    int behavior = -1, rc = pattern_read(d, &find, &literal, e);
    if (rc == OK)
        rc = doc_opt_enum(d, "behavior", behaviors, &behavior, e);
    if (rc == OK && behavior < 0)
        rc = doc_fail(d, e, "\"behavior\" of a Split is missing");
    if (rc == OK)
        rc = doc_opt_bool(d, "invert", &invert, e);
    if (rc)
        return rc;
    return add_failed(
        d, pretok_add_cut(p, CUT_PATTERN, find, literal, (enum cut_behavior)behavior, invert, e),
        e);
}

static int digits_read(struct pretok *p, const struct doc *d, struct err *e)
{
    bool each = false;
    int rc = doc_opt_bool(d, "individual_digits", &each, e);
    if (rc)
        return rc;
    rc = pretok_add_cut(p, CUT_DIGITS, NULL, false, each ? CUT_ISOLATED : CUT_CONTIGUOUS, false, e);
    return add_failed(d, rc, e);
}

/* metaspace_read - the sign for a space, put before a text too, and words cut before it. Older
 * files say add_prefix_space for prepend_scheme. */
static int metaspace_read(struct pretok *p, const struct doc *d, struct err *e)
{
    static const char *const schemes[] = {"always", "first", "never", NULL};
    const char *sign = NULL;
    bool prefix = true, split = true;
    int scheme = -1, rc = doc_str(d, "replacement", &sign, e);
    if (rc == OK)
        rc = doc_opt_bool(d, "add_prefix_space", &prefix, e);
    if (rc == OK)
        rc = doc_opt_bool(d, "split", &split, e);
    if (rc == OK)
        rc = doc_opt_enum(d, "prepend_scheme", schemes, &scheme, e);
    if (rc == OK && !*sign)
        rc = doc_fail(d, e, "\"replacement\" of a Metaspace is empty");
    if (rc)
        return rc;
    scheme = scheme >= 0 ? scheme : prefix ? SIGN_ALWAYS : SIGN_NEVER;
    rc = pretok_add_sign(p, sign, (enum sign_prefix)scheme, e);
    if (rc == OK && split)
        rc = pretok_add_cut(p, CUT_PATTERN, sign, true, CUT_WITH_NEXT, false, e);
    return add_failed(d, rc, e);
}

static int cutters_read(struct pretok *p, const struct doc *d, struct err *e)
{
    return sequence_read(p, d, "pretokenizers", pretok_read_cutter, e);
}

static const struct component cutters[] = {
    {"Sequence", cutters_read}, {"ByteLevel", byte_level_read}, {"Split", split_read},
    {"Digits", digits_read},    {"Metaspace", metaspace_read},  {NULL, NULL}};

int pretok_read_cutter(struct pretok *p, const struct doc *d, struct err *e)
{
    if (d && d->type != DOC_NULL && p->bytes)
        return doc_fail(d, e, "a pre-tokenizer after ByteLevel is not supported");
    return component_read(p, d, cutters, "pre-tokenizer", e);
}
