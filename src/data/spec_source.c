/* spec_source.c - the part of a task file that says where rows come from and what is in them. */
#include "data/spec.h"

#include <string.h>

static const char *const source_keys[] = {"name",     "asset",   "files",  "format",
                                          "encoding", "columns", "rows",   "quotes",
                                          "sql",      "each",    "fields", NULL};
static const char *const pool_keys[] = {"all", "train", "valid", "test", NULL};
static const char *const file_keys[] = {"rows", "beside", NULL};
static const char *const field_keys[] = {"path", "join",   "before", "after",
                                         "text", "number", "whole",  NULL};
static const char *const formats[] = {"auto", "jsonl",   "json", "csv",     "tsv",
                                      "text", "parquet", "pgn",  "puzzles", NULL};
static const char *const encodings[] = {"utf-8", "latin-1", NULL};

static int file_read_spec(const struct doc *d, const char *key, struct data_file *out,
                          struct err *e)
{
    if (d->type == DOC_STRING) {
        out->rows = d->s;
        return OK;
    }
    if (d->type != DOC_MAP)
        return doc_fail(d, e, "\"%s\" holds a %s, wanted strings", key, doc_type_name(d->type));
    int rc = doc_check_keys(d, file_keys, e);
    if (!rc)
        rc = doc_str(d, "rows", &out->rows, e);
    if (!rc)
        rc = doc_str(d, "beside", &out->beside, e);
    return rc;
}

/* pool_add - a file, {rows, beside}, or a list of these, after those that the pool has. */
static int pool_add(struct task *t, const struct doc *d, enum pool pool, struct err *e)
{
    const struct doc *item = d->type == DOC_LIST ? d->child : d;
    size_t n = d->type == DOC_LIST ? d->n : 1;
    struct data_file *f = arena_alloc(&t->tree.arena, n + 1, sizeof *f, e);
    if (!f)
        return e->code;
    if (!n)
        return doc_fail(d, e, "\"%s\" is empty", d->key);
    t->files[pool] = f;
    t->n_files[pool] = n;
    for (size_t i = 0; i < n; i++, item = item->next) {
        int rc = file_read_spec(item, d->key, &f[i], e);
        if (rc)
            return rc;
    }
    return OK;
}

static int files_read(struct task *t, const struct doc *source, struct err *e)
{
    static const enum pool pools[] = {POOL_TRAIN, POOL_TRAIN, POOL_VALID,
                                      POOL_TEST}; /* as pool_keys */
    const struct doc *files = spec_present(source, "files");
    if (!files)
        return doc_fail(source, e, "\"files\" is missing");
    int rc = doc_check_keys(files, pool_keys, e);
    for (size_t i = 0; !rc && pool_keys[i]; i++) {
        const struct doc *d = spec_present(files, pool_keys[i]);
        if (d)
            rc = pool_add(t, d, pools[i], e);
    }
    if (rc)
        return rc;
    if (spec_present(files, "all") && files->n > 1)
        return doc_fail(files, e,
                        "\"all\" stands beside others: it means that the parts are cut out of one");
    return t->n_files[POOL_TRAIN]
               ? OK
               : doc_fail(files, e,
                          "\"train\" is missing (or \"all\", where there is no test file)");
}

static int table_settings_read(struct task *t, const struct doc *source, struct err *e)
{
    int format = TABLE_AUTO, encoding = ENCODING_UTF8;
    bool quotes = false;
    size_t n;
    int rc = doc_opt_enum(source, "format", formats, &format, e);
    if (!rc)
        rc = doc_opt_enum(source, "encoding", encodings, &encoding, e);
    if (!rc)
        rc = doc_opt_str(source, "rows", &t->table.rows, e);
    if (!rc)
        rc = doc_opt_str(source, "sql", &t->table.sql, e);
    if (!rc && t->table.sql && strchr(t->table.sql, ';'))
        rc = doc_fail(doc_get(source, "sql"), e, "\"sql\" holds a \";\"; wanted one query");
    if (!rc && t->table.sql && !strstr(t->table.sql, "{file}"))
        rc = doc_fail(doc_get(source, "sql"), e,
                      "\"sql\" holds no {file}, which stands for the file that is asked");
    if (!rc)
        rc = doc_opt_bool(source, "quotes", &quotes, e);
    if (rc)
        return rc;
    t->table.format = (enum table_format)format;
    t->table.encoding = (enum table_encoding)encoding;
    if (spec_present(source, "quotes"))
        t->table.quotes = quotes ? QUOTES_YES : QUOTES_NO;
    const struct doc *columns = spec_present(source, "columns");
    const char **names = NULL;
    if (columns)
        rc = spec_strings(t, columns, &names, &n, e);
    t->table.columns = (const char *const *)names;
    return rc;
}

/* bound_stars - how many stars of path lie on the way that "each" goes. */
static size_t bound_stars(const char *each, const char *path)
{
    size_t stars = 0;
    while (each && *each && *path) {
        size_t n = strcspn(each, "."), m = strcspn(path, ".");
        if (n != m || memcmp(each, path, n) != 0)
            break;
        stars += n == 1 && *each == '*';
        each += n + (each[n] == '.');
        path += m + (path[m] == '.');
    }
    return stars;
}

int spec_field_add(struct task *t, const struct doc *at, struct field f, struct err *e)
{
    if (t->n_fields == MAX_FIELDS)
        return doc_fail(at, e, "more than %d fields", MAX_FIELDS);
    if (!f.text && !*f.path)
        return doc_fail(at, e, "the path of the field \"%s\" is empty", f.name);
    f.at = at;
    f.n_bound = f.text ? 0 : bound_stars(t->each, f.path);
    t->fields[t->n_fields++] = f;
    return OK;
}

/* field_read_map - {path, join, before, after} or {text}. */
static int field_read_map(const struct doc *d, struct field *f, const struct doc **path,
                          struct err *e)
{
    int rc = doc_check_keys(d, field_keys, e);
    *path = spec_present(d, "path");
    if (!rc)
        rc = doc_opt_str(d, "text", &f->text, e);
    if (!rc)
        rc = doc_opt_str(d, "join", &f->join, e);
    if (!rc)
        rc = doc_opt_str(d, "before", &f->before, e);
    if (!rc)
        rc = doc_opt_str(d, "after", &f->after, e);
    f->numbered = spec_present(d, "number") != NULL;
    if (!rc)
        rc = doc_opt_size(d, "number", 0, 9999, &f->number, e);
    if (!rc)
        rc = doc_opt_bool(d, "whole", &f->whole, e);
    if (rc)
        return rc;
    if (f->whole && !f->before && !f->after)
        return doc_fail(
            d, e, "\"whole\" is of a field that is cut, and \"before\" and \"after\" are missing");
    if ((f->before && !*f->before) || (f->after && !*f->after))
        return doc_fail(d, e, "the mark that the field \"%s\" is cut at is empty", d->key);
    if (f->text && d->n > 1)
        return doc_fail(d, e, "\"text\" stands beside others: it is the same in every row");
    return *path || f->text ? OK : doc_fail(d, e, "\"path\" is missing");
}

static int field_read(struct task *t, const struct doc *d, struct err *e)
{
    struct field f = {.name = d->key, .path = ""};
    const struct doc *path = d;
    int rc = d->type == DOC_MAP ? field_read_map(d, &f, &path, e) : OK;
    /* A whole number is the n-th element of rows that are lists */
    if (!rc && !f.text && path->type != DOC_STRING && !(path->type == DOC_INT && path->s))
        rc = doc_fail(d, e, "the field \"%s\" is a %s, wanted a path", d->key,
                      doc_type_name(path->type));
    if (!rc && !f.text)
        f.path = path->s;
    return rc ? rc : spec_field_add(t, d, f, e);
}

static int fields_add(struct task *t, const struct doc *map, struct err *e)
{
    if (!map)
        return OK;
    if (map->type != DOC_MAP)
        return doc_fail(map, e, "\"fields\" is a %s, wanted a map of names to paths",
                        doc_type_name(map->type));
    t->fields_named = true;
    size_t own = t->n_fields;
    for (const struct doc *d = map->child; d; d = d->next) {
        bool taken = false;
        for (size_t i = 0; i < own; i++)
            taken = taken || strcmp(t->fields[i].name, d->key) == 0;
        int rc = taken ? OK : field_read(t, d, e);
        if (rc)
            return rc;
    }
    return OK;
}

/* source_at - "source", or the i-th of "sources". */
static int source_at(struct task *t, size_t at, const struct doc **out, struct err *e)
{
    const struct doc *root = t->tree.root, *one = spec_present(root, "source"),
                     *many = spec_present(root, "sources");
    if (one && many)
        return doc_fail(many, e, "\"sources\" stands beside \"source\"; one of the two is wanted");
    if (!one && !many)
        return doc_fail(root, e, "\"source\" is missing");
    if (many && (many->type != DOC_LIST || !many->n))
        return doc_fail(many, e, "\"sources\" is wanted as a list of one or more");
    *out = one ? one : many->child;
    t->n_sources = one ? 1 : many->n;
    for (size_t i = 0; i < at; i++)
        *out = (*out)->next;
    return OK;
}

static int source_name(struct task *t, const struct doc *source, struct err *e)
{
    const struct doc *many = spec_present(t->tree.root, "sources");
    int rc = many ? doc_str(source, "name", &t->source_name, e)
                  : doc_opt_str(source, "name", &t->source_name, e);
    if (rc || !t->source_name)
        return rc;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (!*t->source_name || t->source_name[strspn(t->source_name, letters)])
        return doc_fail(doc_get(source, "name"), e,
                        "the source's name is \"%s\", wanted letters a-z, digits, - and _",
                        t->source_name);
    for (const struct doc *d = many ? many->child : source; d != source; d = d->next) {
        const struct doc *name = doc_get(d, "name");
        if (name && name->type == DOC_STRING && strcmp(name->s, t->source_name) == 0)
            return doc_fail(doc_get(source, "name"), e, "two sources are named \"%s\"",
                            t->source_name);
    }
    return OK;
}

int spec_source(struct task *t, size_t at, struct err *e)
{
    const struct doc *source = NULL;
    int rc = source_at(t, at, &source, e);
    if (!rc)
        rc = doc_check_keys(source, source_keys, e);
    if (!rc)
        rc = source_name(t, source, e);
    if (!rc)
        rc = doc_opt_str(source, "asset", &t->asset, e);
    if (!rc)
        rc = files_read(t, source, e);
    if (!rc)
        rc = doc_opt_str(source, "each", &t->each, e);
    if (!rc)
        rc = table_settings_read(t, source, e);
    if (rc)
        return rc;
    if (t->each && !str_ends(t->each, "*"))
        return doc_fail(doc_get(source, "each"), e,
                        "\"each\" is \"%s\", wanted a path that ends in *", t->each);
    t->fields = arena_alloc(&t->tree.arena, MAX_FIELDS, sizeof *t->fields, e);
    if (!t->fields)
        return e->code;
    rc = fields_add(t, spec_present(source, "fields"), e);
    return rc ? rc : fields_add(t, spec_present(t->tree.root, "fields"), e);
}
