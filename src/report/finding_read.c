/* finding_read.c - finding.json, found to be what the pages speak of before a word is said of it.
 * To have a page read another key: its row of one of the tables below. */
#include "report/finding.h"
#include "report/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a key may hold. */
enum kind { NAME, TEXT, NUMBER, AMOUNT, FLAG, VERDICT, ESTIMATE, TEXTS, MAP, MAPS };
static const char *const wanted[] = {
    [NAME] = "a name of letters, digits, - _ .",
    [TEXT] = "a string",
    [NUMBER] = "a number",
    [AMOUNT] = "a number or null",
    [FLAG] = "true or false",
    [VERDICT] = "holds, does not hold or cannot tell",
    [ESTIMATE] = "a list of three: a number, and its interval's two, \"-inf\", \"inf\" or null",
    [TEXTS] = "a list of strings",
    [MAP] = "a map",
    [MAPS] = "a list of maps",
};

struct field {
    const char *key;
    enum kind kind;
    bool may_lack;
};

static const struct field of_finding[] = {
    {"name", NAME, false},      {"scale", NAME, false},   {"title", TEXT, false},
    {"source", TEXT, false},    {"caveat", TEXT, true},   {"shape", TEXT, false},
    {"file_hash", NAME, true},  {"with", TEXTS, true},    {"level", NUMBER, false},
    {"seconds", NUMBER, false}, {"ladders", TEXTS, true}, {"verdict", VERDICT, false},
    {"studies", MAPS, false},   {"claims", MAPS, false},  {"panels", MAPS, false},
    {"pairs", MAPS, false},     {"asked", TEXT, true},    {NULL, TEXT, false},
};
static const struct field of_study[] = {
    {"as", TEXT, false},        {"study", TEXT, false},   {"set", TEXTS, false},
    {"missing", TEXT, true},    {"failed", NUMBER, true}, {"task", TEXT, true},
    {"constant", NUMBER, true}, {"untaught", FLAG, true}, {NULL, TEXT, false},
};
/* of a study that was run */
static const struct field of_run[] = {
    {"seeds", NUMBER, false},
    {"test", NUMBER, false},
    {NULL, TEXT, false},
};
static const struct field of_claim[] = {
    {"say", TEXT, false},       {"statistic", TEXT, false}, {"verdict", VERDICT, false},
    {"value", ESTIMATE, false}, {"above", NUMBER, true},    {"below", NUMBER, true},
    {"within", NUMBER, true},   {"why", TEXT, true},        {NULL, TEXT, false},
};
static const struct field of_panel[] = {
    {"title", TEXT, false}, {"label", TEXT, false}, {"x", TEXT, false},
    {"names", TEXTS, true}, {"lines", MAPS, false}, {NULL, TEXT, false},
};
static const struct field of_line[] = {{"name", TEXT, false}, {NULL, TEXT, false}};
static const struct field of_pair[] = {
    {"study", TEXT, false},
    {"supervisor", TEXT, false},
    {"student", TEXT, false},
    {"supervisor_shown", TEXT, true},
    {"student_shown", TEXT, true},
    {"method", TEXT, false},
    {"band", TEXT, true},
    {"weak_accuracy", ESTIMATE, false},
    {"student_accuracy", ESTIMATE, false},
    {"ceiling_accuracy", ESTIMATE, false},
    {"pgr", ESTIMATE, false},
    {"agreement", ESTIMATE, true},
    {"agreement_right", ESTIMATE, true},
    {"agreement_wrong", ESTIMATE, true},
    {"ceiling_wrong", ESTIMATE, true},
    {"untrained", ESTIMATE, true},
    {"recited", ESTIMATE, true},
    {"upper_bound", FLAG, true},
    {"ground_truth", FLAG, true},
    {"beside", FLAG, true},
    {"human_labels", NUMBER, true},
    {"cost", MAP, true},
    {NULL, TEXT, false},
};
static const struct field of_cost[] = {
    {"tokens", AMOUNT, false},          {"seconds", AMOUNT, false}, {"flops", AMOUNT, false},
    {"pgr_per_pflop", ESTIMATE, false}, {NULL, TEXT, false},
};

/* other - a key of a place within the file holds something else, or is not there. */
static int other(const struct doc *map, const char *place, const char *key, const char *want,
                 struct err *e)
{
    const struct doc *d = doc_get(map, key);
    char is[80];
    if (!d)
        return doc_fail(map, e, "\"%s%s\" is missing, wanted %s", place, key, want);
    return doc_fail(d, e, "\"%s%s\" is %s, wanted %s", place, key, doc_seen(d, is, sizeof is),
                    want);
}

static bool number_is(const struct doc *d)
{
    return d->type == DOC_INT || d->type == DOC_REAL;
}

static bool list_is(const struct doc *d, enum doc_type of)
{
    bool all = d->type == DOC_LIST;
    for (const struct doc *x = all ? d->child : NULL; x && all; x = x->next)
        all = x->type == of;
    return all;
}

/* name_is - it is a part of files' names. */
static bool name_is(const struct doc *d)
{
    return d->type == DOC_STRING && *d->s && *d->s != '.' &&
           !d->s[strspn(d->s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

static bool verdict_is(const struct doc *d)
{
    return d->type == DOC_STRING &&
           (strcmp(d->s, "holds") == 0 || strcmp(d->s, "does not hold") == 0 ||
            strcmp(d->s, "cannot tell") == 0);
}

/* infinite_is - 1 of "inf", -1 of "-inf", else 0. */
static int infinite_is(const struct doc *d)
{
    if (d->type != DOC_STRING)
        return 0;
    return strcmp(d->s, "inf") == 0 ? 1 : strcmp(d->s, "-inf") == 0 ? -1 : 0;
}

static bool bound_is(const struct doc *d)
{
    return number_is(d) || d->type == DOC_NULL || infinite_is(d);
}

static bool estimate_is(const struct doc *d)
{
    return d->type == DOC_LIST && d->n == 3 &&
           (number_is(d->child) || d->child->type == DOC_NULL) && bound_is(d->child->next) &&
           bound_is(d->child->next->next);
}

static double bound_of(const struct doc *d)
{
    return infinite_is(d) ? infinite_is(d) * (double)INFINITY : number_is(d) ? d->r : (double)NAN;
}

struct est finding_est(const struct doc *value)
{
    struct est x = {(double)NAN, (double)NAN, (double)NAN};
    if (!value)
        return x;
    x = (struct est){number_is(value) ? value->r : (double)NAN, bound_of(value->next),
                     bound_of(value->next->next)};
    /* earlier versions wrote null for infinite, too: beside a number it is nothing else */
    if (isnan(x.lo) && !isnan(x.hi))
        x.lo = -(double)INFINITY;
    if (isnan(x.hi) && !isnan(x.lo))
        x.hi = (double)INFINITY;
    return x;
}

static bool kind_is(const struct doc *d, enum kind kind)
{
    switch (kind) {
    case NAME:
        return name_is(d);
    case TEXT:
        return d->type == DOC_STRING;
    case NUMBER:
        return number_is(d);
    case AMOUNT:
        return number_is(d) || d->type == DOC_NULL;
    case FLAG:
        return d->type == DOC_BOOL;
    case VERDICT:
        return verdict_is(d);
    case ESTIMATE:
        return estimate_is(d);
    case TEXTS:
        return list_is(d, DOC_STRING);
    case MAP:
        return d->type == DOC_MAP;
    case MAPS:
        return list_is(d, DOC_MAP);
    }
    return false;
}

static int fields_check(const struct doc *map, const char *place, const struct field *f,
                        struct err *e)
{
    for (; f->key; f++) {
        const struct doc *d = doc_get(map, f->key);
        if (d ? !kind_is(d, f->kind) : !f->may_lack)
            return other(map, place, f->key, wanted[f->kind], e);
    }
    return OK;
}

/* place_of - "panels[0].", within "panels[0].lines[2]." */
struct place {
    char s[96];
};

static struct place place_of(const char *up, const char *list, size_t i)
{
    struct place p;
    snprintf(p.s, sizeof p.s, "%.60s%s[%zu].", up, list, i);
    return p;
}

static int studies_check(const struct doc *studies, struct err *e)
{
    size_t i = 0;
    int rc = OK;
    for (const struct doc *s = studies->child; s && !rc; s = s->next) {
        struct place at = place_of("", "studies", i++);
        rc = fields_check(s, at.s, of_study, e);
        if (!rc && !doc_get(s, "missing"))
            rc = fields_check(s, at.s, of_run, e);
    }
    return rc;
}

static int claims_check(const struct doc *claims, struct err *e)
{
    static const char *const bounds[] = {"above", "below", "within"};
    size_t i = 0;
    int rc = OK;
    for (const struct doc *c = claims->child; c && !rc; c = c->next) {
        struct place at = place_of("", "claims", i);
        size_t n = 0;
        for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++)
            n += doc_get(c, bounds[k]) != NULL;
        rc = fields_check(c, at.s, of_claim, e);
        if (!rc && n != 1)
            rc = doc_fail(c, e,
                          "\"claims[%zu]\" has %zu of \"above\", \"below\" and \"within\", wanted "
                          "one of them",
                          i, n);
        i++;
    }
    return rc;
}

/* point_is - [x, value, low, high]; x is the place of a name where there are names, and more than 0
 * on an axis of sizes, which is logarithmic. */
static bool point_is(const struct doc *p, const struct doc *names, bool positive)
{
    if (p->type != DOC_LIST || p->n != 4)
        return false;
    const struct doc *x = p->child, *value = x->next, *lo = value->next, *hi = lo->next;
    if (!number_is(x) || (names && (x->r < 0 || x->r >= (double)names->n || floor(x->r) < x->r)))
        return false;
    return (!positive || x->r > 0) && number_is(value) && bound_is(lo) && bound_is(hi);
}

static int line_check(const struct doc *panel, const struct doc *line, const char *place,
                      struct err *e)
{
    const struct doc *names = doc_get(panel, "names"), *points = doc_get(line, "points");
    const char *axis = doc_get(panel, "x")->s;
    bool positive = str_ends(axis, "_size") || str_ends(axis, "_ratio");
    size_t i = 0;
    int rc = fields_check(line, place, of_line, e);
    if (!rc && (!points || !list_is(points, DOC_LIST)))
        return other(line, place, "points", "a list of points", e);
    for (const struct doc *p = rc ? NULL : points->child; p && !rc; p = p->next, i++)
        if (!point_is(p, names, positive))
            rc = doc_fail(p, e,
                          "\"%spoints[%zu]\" is none, wanted four: x (%s), a value, and its "
                          "interval's two, \"-inf\", \"inf\" or null",
                          place, i,
                          names      ? "the place of one of \"names\""
                          : positive ? "a number above 0"
                                     : "a number");
    return rc;
}

static int panels_check(const struct doc *panels, struct err *e)
{
    size_t i = 0;
    int rc = OK;
    for (const struct doc *p = panels->child; p && !rc; p = p->next) {
        struct place at = place_of("", "panels", i++);
        size_t k = 0;
        rc = fields_check(p, at.s, of_panel, e);
        for (const struct doc *l = rc ? NULL : doc_get(p, "lines")->child; l && !rc; l = l->next)
            rc = line_check(p, l, place_of(at.s, "lines", k++).s, e);
    }
    return rc;
}

static int pairs_check(const struct doc *pairs, struct err *e)
{
    size_t i = 0;
    int rc = OK;
    for (const struct doc *p = pairs->child; p && !rc; p = p->next) {
        struct place at = place_of("", "pairs", i++), within;
        snprintf(within.s, sizeof within.s, "%.80scost.", at.s);
        rc = fields_check(p, at.s, of_pair, e);
        if (!rc && doc_get(p, "cost"))
            rc = fields_check(doc_get(p, "cost"), within.s, of_cost, e);
    }
    return rc;
}

int finding_check(const struct doc *finding, struct err *e)
{
    const struct doc *format = doc_get(finding, "format");
    char is[80];
    if (finding->type != DOC_MAP)
        return doc_fail(finding, e, "a finding is %s, wanted a map",
                        doc_seen(finding, is, sizeof is));
    if (!format || format->type != DOC_INT || format->i != 1)
        return other(finding, "", "format", "1", e);
    int rc = fields_check(finding, "", of_finding, e);
    if (rc)
        return rc;
    /* of nothing at all it would be said that all of it holds */
    if (!doc_get(finding, "studies")->n || !doc_get(finding, "claims")->n) {
        const char *key = doc_get(finding, "studies")->n ? "claims" : "studies";
        return doc_fail(doc_get(finding, key), e, "\"%s\" is empty, wanted one at least", key);
    }
    if ((rc = studies_check(doc_get(finding, "studies"), e)) ||
        (rc = claims_check(doc_get(finding, "claims"), e)) ||
        (rc = panels_check(doc_get(finding, "panels"), e)))
        return rc;
    return pairs_check(doc_get(finding, "pairs"), e);
}

int finding_load(struct doc_tree *t, const char *dir, struct err *e)
{
    struct str path = STR_INIT;
    str_path(&path, dir, "finding.json");
    int rc = str_check(&path, e);
    if (!rc)
        rc = doc_read_json(t, path.s, e);
    if (!rc)
        rc = finding_check(t->root, e);
    str_release(&path);
    return rc;
}
