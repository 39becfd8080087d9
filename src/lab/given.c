/* given.c - see given.h. */
#include "lab/given.h"
#include "core/mem.h"
#include "data/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUM_SLACK 0.01 /* a model of another program's writes its probabilities in few digits */
#define SUM_SAME                                                                                   \
    1e-9 /* nearer to 1 than this a sum is what it is: numbers come back as they were */

struct given_row {
    const char *id;
    size_t seed;
    const char *file;
    int line;
    size_t at; /* of its probabilities */
};

struct given {
    struct arena arena; /* ids */
    size_t K;
    char hash[HASH_HEX];
    struct given_row *rows; /* by id, then seed */
    double *p;              /* [n,K] */
    size_t n, cap_rows, cap_p;
};

bool given_number(const struct doc *d, double *x)
{
    char *end = NULL;
    if (d->type == DOC_INT || d->type == DOC_REAL) {
        *x = d->r;
        return isfinite(*x);
    }
    if (d->type != DOC_STRING || strspn(d->s, "+-.0123456789eE") != d->len || !d->len)
        return false;
    *x = strtod(d->s, &end);
    return !*end && isfinite(*x);
}

const char *given_shown(const struct doc *d)
{
    if (d->type == DOC_BOOL)
        return d->b ? "true" : "false";
    return d->s ? d->s : doc_type_name(d->type);
}

static int prob_of(const struct doc *d, double *p, struct err *e)
{
    if (!given_number(d, p) || *p < 0 || *p > 1)
        return doc_fail(d, e, "\"%s\" is \"%.60s\", wanted a probability, from 0 to 1", d->key,
                        given_shown(d));
    return OK;
}

/* named - the class of this name; K where there is none. */
static size_t named(const char *name, const char *const *classes, size_t K)
{
    size_t k = 0;
    while (k < K && strcmp(classes[k], name) != 0)
        k++;
    return k;
}

/* names_are_numbers - whether a class has another one's number for its name. */
static bool names_are_numbers(const char *const *classes, size_t K)
{
    char number[24];
    for (size_t k = 0; k < K; k++) {
        snprintf(number, sizeof number, "%zu", k);
        size_t name = named(number, classes, K);
        if (name < K && name != k)
            return true;
    }
    return false;
}

int given_class(const struct doc *d, const char *const *classes, size_t K, const char *way,
                enum given_as as, int *label, struct err *e)
{
    double x;
    char digits[24] = "";
    size_t number = K;
    if (given_number(d, &x) && x >= 0 && x < (double)K && x == floor(x))
        number = (size_t)x;
    if (d->type == DOC_INT) /* the same cell of a table of texts is these digits */
        snprintf(digits, sizeof digits, "%" PRId64, d->i);
    const char *text = d->type == DOC_STRING ? d->s : digits;
    size_t name = *text ? named(text, classes, K) : K;
    if (as == GIVEN_NUMBERS)
        name = number;
    if (as == GIVEN_NAMES)
        number = name;
    if (name < K && number < K && number != name)
        return doc_fail(d, e,
                        "\"%s\" is \"%.60s\", the name of class %zu and the number of class "
                        "\"%s\": %s says which is meant",
                        d->key, text, name, classes[number], way);
    *label = (int)(name < K ? name : number);
    if ((size_t)*label == K)
        return doc_fail(d, e, "\"%s\" is \"%.60s\", wanted a class: %s 0 to %zu", d->key,
                        *text ? text : given_shown(d),
                        as == GIVEN_NUMBERS ? "its number,"
                        : as == GIVEN_NAMES ? "its name; numbered they would be"
                                            : "its name, or",
                        K - 1);
    return OK;
}

bool given_sum(double *p, size_t K, double *sum)
{
    *sum = 0;
    for (size_t k = 0; k < K; k++)
        *sum += p[k];
    if (fabs(*sum - 1) > SUM_SLACK)
        return false;
    for (size_t k = 0; fabs(*sum - 1) > SUM_SAME && k < K; k++)
        p[k] /= *sum;
    return true;
}

/* classes_of - a key for each class, named by it or (names NULL) p_0, p_1 ...; *any: it has one. */
static int classes_of(const struct doc *row, const char *const *names, size_t K, double *p,
                      bool *any, struct err *e)
{
    char own[24];
    const char *missing = NULL, *there = NULL;
    double sum;
    int rc;
    for (size_t k = 0; k < K; k++) {
        snprintf(own, sizeof own, "p_%zu", k);
        const struct doc *d = doc_get(row, names ? names[k] : own);
        if (d) {
            there = d->key;
            if ((rc = prob_of(d, &p[k], e)))
                return rc;
        } else {
            missing = missing ? missing : names ? names[k] : "the others";
        }
    }
    *any = there;
    if (there && missing)
        return doc_fail(row, e, "there is a \"%s\", and no probability of %s%s%s", there,
                        names ? "\"" : "", missing, names ? "\"" : "");
    if (there && !given_sum(p, K, &sum))
        return doc_fail(row, e, "the probabilities sum to %g, wanted 1", sum);
    return OK;
}

int given_probs(const struct doc *row, const char *const *classes, size_t K, bool label, double *p,
                struct err *e)
{
    const struct doc *d;
    bool any = false;
    int rc = classes_of(row, classes, K, p, &any, e);
    if (!rc && !any)
        rc = classes_of(row, NULL, K, p, &any, e);
    if (rc || any)
        return rc;
    if ((d = doc_get(row, "probability"))) {
        if (K != 2)
            return doc_fail(d, e,
                            "\"probability\" is of class 1 of two, and there are %zu: p_0 .. "
                            "p_%zu say them all",
                            K, K - 1);
        if (names_are_numbers(classes, K))
            return doc_fail(d, e,
                            "\"probability\" is of class number 1, which is named \"%s\" here, "
                            "and a class is named as another is numbered: columns \"%s\" and "
                            "\"%s\", by the classes' names, or p_0 and p_1 say which is meant",
                            classes[1], classes[0], classes[1]);
        rc = prob_of(d, &p[1], e);
        p[0] = 1 - p[1];
        return rc;
    }
    if (label && (d = doc_get(row, "label"))) {
        int class;
        rc = given_class(d, classes, K, "a column for each class, by its name,", GIVEN_EITHER,
                         &class, e);
        for (size_t k = 0; !rc && k < K; k++)
            p[k] = (size_t) class == k;
        return rc;
    }
    return doc_fail(row, e,
                    "there is no probability: wanted \"probability\", \"p_0\" .. \"p_%zu\", a "
                    "column for each class by its name%s",
                    K - 1, label ? ", or \"label\"" : "");
}

int given_columns(const struct doc *row, const struct given_names *names, struct err *e)
{
    static const char *const common[] = {"id",       "probability", "label",  "seed", "part",
                                         "question", "truth",       "source", "text"};
    enum { COMMON = sizeof common / sizeof *common };
    char numbered[16][24];
    const char *known[COMMON + 1 + 2 * 16];
    size_t n = 0;
    memcpy(known, common, sizeof common);
    n = COMMON;
    known[n++] = names->who;
    for (size_t k = 0; k < names->K; k++) {
        snprintf(numbered[k], sizeof numbered[k], "p_%zu", k);
        known[n++] = numbered[k];
        known[n++] = names->classes[k];
    }
    for (const struct doc *d = row->child; d; d = d->next) {
        size_t i = 0;
        while (i < n && strcmp(known[i], d->key) != 0)
            i++;
        if (i < n || (names->also && names->also(names->ctx, d->key)))
            continue;
        const char *near = str_nearest(d->key, known, n);
        return near ? doc_fail(d, e, "unknown column \"%s\"; did you mean \"%s\"?", d->key, near)
                    : doc_fail(d, e, "unknown column \"%s\"; %s lists the known ones", d->key,
                               names->manual);
    }
    return OK;
}

/* What is read of a file of labels. */
struct reading_of {
    struct given *g;
    const char *path, *classes[16];
    char *supervisor; /* that its rows are of; NULL: none is named yet */
};

static int supervisor_check(struct reading_of *r, const struct doc *row, struct err *e)
{
    const char *name = NULL;
    int rc = doc_opt_str(row, "supervisor", &name, e);
    if (rc || !name)
        return rc;
    if (r->supervisor && strcmp(r->supervisor, name) != 0)
        return doc_fail(row, e,
                        "a row of supervisor \"%.80s\" after one of \"%.80s\": a file is one "
                        "supervisor's, put the rows of each into a file of its own",
                        name, r->supervisor);
    if (!r->supervisor)
        r->supervisor = arena_strdup(&r->g->arena, name, e);
    return r->supervisor ? OK : e->code;
}

int given_text(const struct doc *row, const char *key, char digits[24], const char **out,
               struct err *e)
{
    const struct doc *d = doc_get(row, key);
    *out = NULL;
    if (!d || d->type == DOC_NULL)
        return OK;
    if (d->type == DOC_INT) {
        snprintf(digits, 24, "%" PRId64, d->i);
        *out = digits;
        return OK;
    }
    if (d->type != DOC_STRING)
        return doc_fail(d, e, "\"%s\" is a %s, wanted a text or a whole number", key,
                        doc_type_name(d->type));
    *out = d->len ? d->s : NULL;
    return OK;
}

int given_id(const struct doc *row, char digits[24], const char **id, struct err *e)
{
    const struct doc *d = doc_get(row, "id");
    int rc = given_text(row, "id", digits, id, e);
    if (!rc && !*id)
        rc = doc_fail(d ? d : row, e, "\"id\" is %s", d ? "empty" : "missing");
    return rc;
}

int given_seed(const struct doc *row, size_t *seed, struct err *e)
{
    const struct doc *d = doc_get(row, "seed");
    double x;
    *seed = GIVEN_ANY;
    if (!d || d->type == DOC_NULL)
        return OK;
    if (!given_number(d, &x) || x < 0 || x > 1e6 || x != floor(x))
        return doc_fail(d, e, "\"seed\" is \"%.60s\", wanted a repetition's number, from 0",
                        given_shown(d));
    *seed = (size_t)x;
    return OK;
}

int given_new(struct given **out, size_t K, struct err *e)
{
    BUG_ON(K > 16);
    *out = mem_zalloc(1, sizeof **out, e);
    if (*out)
        (*out)->K = K;
    return *out ? OK : e->code;
}

int given_add(struct given *g, const char *id, size_t seed, const double *p, const char *file,
              int line, struct err *e)
{
    int rc = mem_grow(&g->rows, &g->cap_rows, g->n + 1, sizeof *g->rows, e);
    if (!rc)
        rc = mem_grow(&g->p, &g->cap_p, (g->n + 1) * g->K, sizeof *g->p, e);
    const char *own = rc ? NULL : arena_strdup(&g->arena, id, e);
    if (!own)
        return e->code;
    memcpy(g->p + g->n * g->K, p, g->K * sizeof *p);
    g->rows[g->n] = (struct given_row){own, seed, file, line, g->n};
    g->n++;
    return OK;
}

static int row_add(void *ctx, const struct doc *row, struct err *e)
{
    struct reading_of *r = ctx;
    const char *id;
    char digits[24];
    double p[16];
    size_t seed;
    int rc;
    if (row->type != DOC_MAP)
        return doc_fail(row, e, "the row is a %s, wanted a map of an id and probabilities",
                        doc_type_name(row->type));
    const struct given_names names = {"supervisor", r->classes, r->g->K,
                                      NULL,         NULL,       "docs/own-data.md"};
    if ((rc = given_id(row, digits, &id, e)) || (rc = given_columns(row, &names, e)) ||
        (rc = supervisor_check(r, row, e)) || (rc = given_seed(row, &seed, e)) ||
        (rc = given_probs(row, r->classes, r->g->K, true, p, e)))
        return rc;
    return given_add(r->g, id, seed, p, r->path, row->line, e);
}

static int row_compare(const void *pa, const void *pb)
{
    const struct given_row *a = pa, *b = pb;
    int order = strcmp(a->id, b->id);
    return order ? order : (a->seed > b->seed) - (a->seed < b->seed);
}

static int by_place(const void *pa, const void *pb)
{
    const struct given_row *a = pa, *b = pb;
    int order = row_compare(a, b);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

int given_ready(struct given *g, struct err *e)
{
    qsort(g->rows, g->n, sizeof *g->rows, by_place);
    for (size_t i = 1; i < g->n; i++)
        if (row_compare(&g->rows[i - 1], &g->rows[i]) == 0)
            return err_set(e, ERR_INPUT, "%s:%d: the id \"%.80s\" is in line %d already",
                           g->rows[i].file, g->rows[i].line, g->rows[i].id, g->rows[i - 1].line);
    return OK;
}

int given_read(struct given **out, const char *path, const struct task *t, const char *duckdb,
               struct err *e)
{
    struct table_settings set = {.duckdb = duckdb};
    struct reading_of r = {.path = path};
    int rc = given_new(&r.g, task_classes(t), e);
    *out = NULL;
    for (size_t k = 0; !rc && k < r.g->K; k++)
        r.classes[k] = task_class_name(t, k);
    if (!rc)
        rc = hash_file(path, r.g->hash, e);
    if (!rc)
        rc = table_read(path, &set, row_add, &r, e);
    if (!rc && !r.g->n)
        rc = err_set(e, ERR_INPUT, "%s: there is no row in it", path);
    if (!rc)
        rc = given_ready(r.g, e);
    if (!rc)
        *out = r.g;
    else
        given_free(r.g);
    return rc;
}

void given_free(struct given *g)
{
    if (!g)
        return;
    arena_release(&g->arena);
    mem_free(g->rows);
    mem_free(g->p);
    mem_free(g);
}

const char *given_hash(const struct given *g)
{
    return g->hash;
}

static const struct given_row *row_find(const struct given *g, const char *id, size_t repetition)
{
    struct given_row key = {.id = id, .seed = repetition};
    const struct given_row *r = bsearch(&key, g->rows, g->n, sizeof *g->rows, row_compare);
    if (r)
        return r;
    key.seed = GIVEN_ANY;
    return bsearch(&key, g->rows, g->n, sizeof *g->rows, row_compare);
}

const double *given_find(const struct given *g, const char *id, size_t repetition)
{
    const struct given_row *r = row_find(g, id, repetition);
    return r ? g->p + r->at * g->K : NULL;
}

size_t given_last_seed(const struct given *g)
{
    size_t most = 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->rows[i].seed != GIVEN_ANY && g->rows[i].seed > most)
            most = g->rows[i].seed;
    return most;
}

size_t given_missing(const struct given *g, const struct dataset *d, enum task_part part,
                     size_t repetition, const struct example **first)
{
    size_t n = 0;
    *first = NULL;
    for (size_t i = 0; i < d->n[part]; i++) {
        const struct example *x = &d->part[part][i];
        if (row_find(g, x->id, repetition))
            continue;
        *first = *first ? *first : x;
        n++;
    }
    return n;
}

int given_strange(const struct given *g, const struct dataset *data, size_t n, size_t *strange,
                  size_t *rows, struct err *e)
{
    bool *used = mem_zalloc(g->n, sizeof *used, e);
    *strange = *rows = g->n;
    if (!used)
        return e->code;
    for (size_t r = 0; r < n; r++)
        for (int part = 0; part < PART_COUNT; part++)
            for (size_t i = 0; i < data[r].n[part]; i++) {
                const struct given_row *row = row_find(g, data[r].part[part][i].id, r);
                *strange -= row && !used[row - g->rows];
                if (row)
                    used[row - g->rows] = true;
            }
    mem_free(used);
    return OK;
}
