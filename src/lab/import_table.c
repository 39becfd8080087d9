/* import_table.c - tables of other programs: who says what of which example, and what is right. */
#include "lab/import.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* id_short - ids of this program are at most 16 bytes; a longer one is told by its hash. */
static int id_short(const char *id, char out[17], struct err *e)
{
    char hex[HASH_HEX];
    size_t n = strlen(id);
    memset(out, 0, 17);
    if (n <= 16) {
        memcpy(out, id, n);
        return OK;
    }
    int rc = hash_bytes(id, n, hex, e);
    if (!rc)
        memcpy(out, hex, 16);
    return rc;
}

static int id_read(const struct doc *row, char out[17], struct err *e)
{
    const char *id;
    char digits[24];
    int rc = given_id(row, digits, &id, e);
    return rc ? rc : id_short(id, out, e);
}

struct source_model *import_model(const struct import *m, const char *name)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (strcmp(m->models[i].name, name) == 0)
            return &m->models[i];
    return NULL;
}

static int model_get(struct import *m, const char *name, struct given **out, struct err *e)
{
    const struct source_model *known = import_model(m, name);
    if (known) {
        *out = known->given;
        return OK;
    }
    int rc = mem_grow(&m->models, &m->cap_models, m->n_models + 1, sizeof *m->models, e);
    if (rc)
        return rc;
    struct source_model *x = &m->models[m->n_models];
    *x = (struct source_model){arena_strdup(&m->arena, name, e), NULL, (double)NAN};
    rc = x->name ? given_new(&x->given, m->K, e) : e->code;
    if (rc)
        return rc;
    m->n_models++;
    *out = x->given;
    return OK;
}

/* text_of - a cell that may be there, kept. */
static int text_of(struct import *m, const struct doc *row, const char *key, const char **out,
                   struct err *e)
{
    char digits[24];
    const char *s;
    int rc = given_text(row, key, digits, &s, e);
    *out = rc || !s ? NULL : arena_strdup(&m->arena, s, e);
    return rc || !s || *out ? rc : e->code;
}

/* truth_add - of a row that says what is right. */
static int truth_add(struct import *m, const struct doc *row, const char id[17], size_t seed,
                     struct err *e)
{
    const struct doc *d = doc_get(row, "truth") ? doc_get(row, "truth") : doc_get(row, "label");
    struct truth t = {.seed = seed, .at = m->n_truths, .file = m->file, .line = row->line};
    int rc;
    if (!d && m->truth_only)
        return doc_fail(row, e, "there is no \"truth\" and no \"label\"");
    if (!d)
        return OK;
    memcpy(t.id, id, sizeof t.id);
    if ((rc = given_class(d, m->classes, m->K, "\"labels\" of the import file, names or numbers,",
                          (enum given_as)m->labels, &t.label, e)) ||
        (rc = text_of(m, row, "text", &t.text, e)) ||
        (rc = text_of(m, row, "question", &t.question, e)) ||
        (rc = text_of(m, row, "source", &t.source, e)) ||
        (rc = mem_grow(&m->truths, &m->cap_truths, m->n_truths + 1, sizeof *m->truths, e)))
        return rc;
    m->truths[m->n_truths++] = t;
    return OK;
}

/* wide_model - of a column "MODEL: CLASS" the bytes of MODEL; 0: it is not one. */
static size_t wide_model(const struct import *m, const char *key, size_t *class)
{
    size_t n = strlen(key);
    for (size_t k = 0; k < m->K; k++) {
        size_t c = strlen(m->classes[k]);
        if (n > c + 2 && strcmp(key + n - c, m->classes[k]) == 0 &&
            memcmp(key + n - c - 2, ": ", 2) == 0) {
            *class = k;
            return n - c - 2;
        }
    }
    return 0;
}

/* wide_probs - of the model of this name, n bytes, whose columns have to be there for all classes.
 */
static int wide_probs(const struct import *m, const struct doc *row, const char *name, size_t n,
                      double *p, struct err *e)
{
    struct str key = STR_INIT;
    double sum;
    int rc = OK;
    for (size_t k = 0; k < m->K && !rc; k++) {
        str_reset(&key);
        str_addf(&key, "%.*s: %s", (int)n, name, m->classes[k]);
        rc = str_check(&key, e);
        const struct doc *d = rc ? NULL : doc_get(row, key.s);
        if (!rc && (!d || !given_number(d, &p[k]) || p[k] < 0 || p[k] > 1))
            rc = doc_fail(d ? d : row, e, "\"%.100s\" is \"%.60s\", wanted a probability", key.s,
                          d ? given_shown(d) : "missing");
    }
    if (!rc && !given_sum(p, m->K, &sum))
        rc = doc_fail(row, e, "the probabilities of \"%.*s\" sum to %g, wanted 1", (int)n, name,
                      sum);
    str_release(&key);
    return rc;
}

/* wide_row - every model's probabilities, of a row that has them side by side; *any: it has. */
static int wide_row(struct import *m, const struct doc *row, const char id[17], size_t seed,
                    bool *any, struct err *e)
{
    size_t class = 0;
    int rc = OK;
    *any = false;
    for (const struct doc *d = row->child; d && !rc; d = d->next) {
        size_t n = wide_model(m, d->key, &class);
        struct given *g;
        double p[16];
        if (!n)
            continue;
        *any = true;
        rc = wide_probs(m, row, d->key, n, p, e);
        if (rc || class)
            continue;
        char *name = arena_strndup(&m->arena, d->key, n, e);
        rc = name ? model_get(m, name, &g, e) : e->code;
        if (!rc)
            rc = given_add(g, id, seed, p, m->file, row->line, e);
    }
    return rc;
}

/* wide_known - whether a column's name is that of a model and a class. */
static bool wide_known(const void *m, const char *key)
{
    size_t class;
    return wide_model(m, key, &class) > 0;
}

static int row_add(void *ctx, const struct doc *row, struct err *e)
{
    struct import *m = ctx;
    const struct doc *part = doc_get(row, "part"), *model = doc_get(row, "model");
    struct given *g;
    char id[17];
    double p[16];
    size_t seed;
    bool wide = false;
    int rc;
    const struct given_names names = {"model", m->classes, m->K, wide_known, m, "docs/import.md"};
    if (row->type != DOC_MAP)
        return doc_fail(row, e, "the row is a %s, wanted a map of an id and probabilities",
                        doc_type_name(row->type));
    if (part && part->type == DOC_STRING && strcmp(part->s, "test") != 0)
        return OK;
    if ((rc = id_read(row, id, e)) || (rc = given_columns(row, &names, e)) ||
        (rc = given_seed(row, &seed, e)) || (rc = truth_add(m, row, id, seed, e)) || m->truth_only)
        return rc;
    if (!m->model && !model) {
        rc = wide_row(m, row, id, seed, &wide, e);
        if (!rc && !wide)
            rc = doc_fail(row, e,
                          "whose predictions are these? There is no \"model\", and no "
                          "column named \"MODEL: CLASS\"");
        return rc;
    }
    if (!m->model && (model->type != DOC_STRING || !model->len))
        return doc_fail(model, e, "\"model\" is empty, or no text");
    rc = given_probs(row, m->classes, m->K, false, p, e); /* "label" is the truth here */
    if (rc || (rc = model_get(m, m->model ? m->model : model->s, &g, e)))
        return rc;
    return given_add(g, id, seed, p, m->file, row->line, e);
}

/* table_add - the rows of the file that is named at, where its path from the root is left. model:
 * whose they are; NULL: they say so. */
static int table_add(struct import *m, struct doc *at, const char *model, bool truth, struct err *e)
{
    struct table_settings set = {0};
    struct str dir = STR_INIT, path = STR_INIT;
    char hash[HASH_HEX];
    if (at->type != DOC_STRING)
        return doc_fail(at, e, "a %s, wanted a file's path", doc_type_name(at->type));
    /* In the import file a path counts from where that lies, on the command line from here. */
    int rc = file_folder(&dir, m->path, e);
    if (!rc && *at->s != '/' && strcmp(at->file, m->path) == 0)
        str_path(&path, dir.s, at->s);
    else
        str_cat(&path, at->s);
    if (!rc)
        rc = str_check(&path, e);
    m->file = rc ? NULL : arena_strdup(&m->arena, path.s, e);
    rc = m->file ? OK : e->code;
    m->model = model;
    m->truth_only = truth;
    if (!rc && table_wants_duckdb(m->file, &set) && !m->duckdb.len)
        rc = lab_duckdb(m->lab, &m->duckdb, e);
    set.duckdb = m->duckdb.len ? m->duckdb.s : NULL;
    if (!rc)
        rc = hash_file(m->file, hash, e);
    if (!rc)
        rc = table_read(m->file, &set, row_add, m, e);
    if (!rc) {
        str_addf(&m->files, "%s\n", hash);
        file_absolute(m->file, &path);
        rc = str_check(&path, e);
    }
    if (!rc) {
        at->s = arena_strdup(&m->arena, path.s, e);
        at->len = path.len;
        rc = at->s ? OK : e->code;
    }
    str_release(&dir);
    str_release(&path);
    return rc ? rc : str_check(&m->files, e);
}

/* import_tables - the truth, where it has a file of its own, then the predictions: one file, a
 * list, or a map of models to files. */
int import_tables(struct import *m, struct err *e)
{
    const struct doc *root = m->tree.root;
    struct doc *truth = NULL, *d = NULL;
    for (struct doc *x = m->tree.root->child; x; x = x->next) {
        truth = strcmp(x->key, "truth") == 0 ? x : truth;
        d = strcmp(x->key, "predictions") == 0 ? x : d;
    }
    int rc = truth ? table_add(m, truth, NULL, true, e) : OK;
    if (!rc && !d)
        return doc_fail(root, e,
                        "\"predictions\" is missing: a file, a list of files, or a map of "
                        "models to files");
    bool many = d && (d->type == DOC_LIST || d->type == DOC_MAP);
    for (struct doc *x = many ? d->child : d; x && !rc; x = many ? x->next : NULL)
        rc = table_add(m, x, d->type == DOC_MAP ? x->key : NULL, false, e);
    if (!rc && !m->n_models)
        rc = doc_fail(d, e, "there is no prediction in it");
    for (size_t i = 0; !rc && i < m->n_models; i++)
        rc = given_ready(m->models[i].given, e);
    if (!rc && !m->n_truths)
        rc = doc_fail(root, e,
                      "nothing says what is right: wanted \"truth\", a file of it, or a "
                      "column \"label\" beside the predictions");
    return rc;
}
