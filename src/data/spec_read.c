/* spec_read.c - task files: everything that can be wrong with one is found here, before any data is
 * read.
 *
 * To add a key: its name in the list that is checked, its meaning in docs/tasks.md. */
#include "core/mem.h"
#include "data/spec.h"

#include <string.h>

#define MAX_FIELDS 64 /* of one task; a struct field is pointed at, so the array never moves */

static const char *const task_keys[] = {
    "name",      "title", "citation",   "licence", "kind",  "source", "fields",  "template", "long",
    "max_chars", "group", "confidence", "classes", "label", "choice", "balance", NULL};
static const char *const source_keys[] = {"asset", "files",  "format", "encoding", "columns",
                                          "rows",  "quotes", "each",   NULL};
static const char *const file_keys[] = {"all", "train", "valid", "test", NULL};
static const char *const field_keys[] = {"path", "join", NULL};
static const char *const class_keys[] = {"name", "word", NULL};
static const char *const kinds[] = {"labelled", "choice", NULL};
static const char *const formats[] = {"auto", "jsonl", "json", "csv", "tsv", "text", NULL};
static const char *const encodings[] = {"utf-8", "latin-1", NULL};

static const struct doc *present(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type != DOC_NULL ? d : NULL;
}

/* strings_read - a string or a list of strings, NULL-terminated. */
static int strings_read(struct task *t, const struct doc *d, const char ***out, size_t *n,
                        struct err *e)
{
    const struct doc *item = d->type == DOC_LIST ? d->child : d;
    size_t count = d->type == DOC_LIST ? d->n : 1;
    const char **s = arena_alloc(&t->tree.arena, count + 1, sizeof *s, e);
    if (!s)
        return e->code;
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (item->type != DOC_STRING)
            return doc_fail(item, e, "\"%s\" holds a %s, wanted strings", d->key,
                            doc_type_name(item->type));
        s[i] = item->s;
    }
    if (!count)
        return doc_fail(d, e, "\"%s\" is empty", d->key);
    *out = s;
    *n = count;
    return OK;
}

static int files_read(struct task *t, const struct doc *source, struct err *e)
{
    static const enum pool pools[] = {POOL_TRAIN, POOL_TRAIN, POOL_VALID,
                                      POOL_TEST}; /* as file_keys */
    const struct doc *files = present(source, "files");
    if (!files)
        return doc_fail(source, e, "\"files\" is missing");
    int rc = doc_check_keys(files, file_keys, e);
    for (size_t i = 0; !rc && file_keys[i]; i++) {
        const struct doc *d = present(files, file_keys[i]);
        if (d)
            rc = strings_read(t, d, &t->files[pools[i]], &t->n_files[pools[i]], e);
    }
    if (rc)
        return rc;
    if (present(files, "all") &&
        (present(files, "train") || present(files, "test") || present(files, "valid")))
        return doc_fail(files, e,
                        "\"all\" stands beside others: it means that the parts are cut out of one");
    return t->n_files[POOL_TRAIN]
               ? OK
               : doc_fail(files, e,
                          "\"train\" is missing (or \"all\", where there is no test file)");
}

static int source_read(struct task *t, struct err *e)
{
    const struct doc *source = present(t->tree.root, "source");
    int format = TABLE_AUTO, encoding = ENCODING_UTF8;
    bool quotes = false;
    size_t n;
    if (!source)
        return doc_fail(t->tree.root, e, "\"source\" is missing");
    int rc = doc_check_keys(source, source_keys, e);
    if (!rc)
        rc = doc_opt_str(source, "asset", &t->asset, e);
    if (!rc)
        rc = files_read(t, source, e);
    if (!rc)
        rc = doc_opt_enum(source, "format", formats, &format, e);
    if (!rc)
        rc = doc_opt_enum(source, "encoding", encodings, &encoding, e);
    if (!rc)
        rc = doc_opt_str(source, "rows", &t->table.rows, e);
    if (!rc)
        rc = doc_opt_str(source, "each", &t->each, e);
    if (!rc)
        rc = doc_opt_bool(source, "quotes", &quotes, e);
    if (rc)
        return rc;
    t->table.format = (enum table_format)format;
    t->table.encoding = (enum table_encoding)encoding;
    if (present(source, "quotes"))
        t->table.quotes = quotes ? QUOTES_YES : QUOTES_NO;
    if (t->each && !str_ends(t->each, "*"))
        return doc_fail(doc_get(source, "each"), e,
                        "\"each\" is \"%s\", wanted a path that ends in *", t->each);
    const struct doc *columns = present(source, "columns");
    const char **names = NULL;
    if (columns)
        rc = strings_read(t, columns, &names, &n, e);
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

static int field_add(struct task *t, const struct doc *at, const char *name, const char *path,
                     const char *join, struct err *e)
{
    if (t->n_fields == MAX_FIELDS)
        return doc_fail(at, e, "more than %d fields", MAX_FIELDS);
    if (!*path)
        return doc_fail(at, e, "the path of the field \"%s\" is empty", name);
    t->fields[t->n_fields++] = (struct field){name, path, at, join, bound_stars(t->each, path)};
    return OK;
}

static int fields_read(struct task *t, struct err *e)
{
    const struct doc *map = present(t->tree.root, "fields");
    t->fields = arena_alloc(&t->tree.arena, MAX_FIELDS, sizeof *t->fields, e);
    if (!t->fields)
        return e->code;
    if (map && map->type != DOC_MAP)
        return doc_fail(map, e, "\"fields\" is a %s, wanted a map of names to paths",
                        doc_type_name(map->type));
    t->fields_named = map != NULL;
    for (const struct doc *d = map ? map->child : NULL; d; d = d->next) {
        const struct doc *path = d->type == DOC_MAP ? present(d, "path") : d;
        const char *join = NULL;
        int rc = d->type == DOC_MAP ? doc_check_keys(d, field_keys, e) : OK;
        if (!rc && !path)
            rc = doc_fail(d, e, "\"path\" is missing");
        if (!rc && d->type == DOC_MAP)
            rc = doc_opt_str(d, "join", &join, e);
        /* A whole number is the n-th element of rows that are lists */
        if (!rc && path->type != DOC_STRING && !(path->type == DOC_INT && path->s))
            rc = doc_fail(d, e, "the field \"%s\" is a %s, wanted a path", d->key,
                          doc_type_name(path->type));
        if (!rc)
            rc = field_add(t, d, d->key, path->s, join, e);
        if (rc)
            return rc;
    }
    return OK;
}

int spec_field(struct task *t, const struct doc *at, const char *name, const struct field **out,
               struct err *e)
{
    const char *names[MAX_FIELDS];
    for (size_t i = 0; i < t->n_fields; i++) {
        names[i] = t->fields[i].name;
        if (strcmp(name, names[i]) == 0) {
            *out = &t->fields[i];
            return OK;
        }
    }
    if (t->fields_named) {
        const char *near = str_nearest(name, names, t->n_fields);
        struct str list = STR_INIT;
        for (size_t i = 0; i < t->n_fields; i++)
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
        int bad =
            near ? doc_fail(at, e, "no field is named \"%s\"; did you mean \"%s\"?", name, near)
                 : doc_fail(at, e, "no field is named \"%s\"; \"fields\" has %s", name, list.s);
        str_release(&list);
        return bad;
    }
    int rc = field_add(t, at, name, name, NULL, e);
    *out = rc ? NULL : &t->fields[t->n_fields - 1];
    return rc;
}

int spec_field_list(struct task *t, const struct doc *map, const char *key, struct field_list *out,
                    struct err *e)
{
    const struct doc *d = present(map, key);
    const char **names;
    if (!d)
        return OK;
    int rc = strings_read(t, d, &names, &out->n, e);
    if (rc)
        return rc;
    out->f = arena_alloc(&t->tree.arena, out->n, sizeof *out->f, e);
    if (!out->f)
        return e->code;
    for (size_t i = 0; !rc && i < out->n; i++)
        rc = spec_field(t, d, names[i], &out->f[i], e);
    return rc;
}

static int classes_read(struct task *t, struct err *e)
{
    static const char *const words[TASK_CLASSES] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                                    "8", "9", "10", "11", "12", "13", "14", "15"};
    const struct doc *list = present(t->tree.root, "classes");
    if (!list) {
        t->classes[0] = (struct label_class){"no", words[0]};
        t->classes[1] = (struct label_class){"yes", words[1]};
        t->n_classes = 2;
        return OK;
    }
    if (list->type != DOC_LIST || list->n < 2 || list->n > TASK_CLASSES)
        return doc_fail(list, e, "\"classes\" is wanted as a list of 2 to %d names", TASK_CLASSES);
    for (const struct doc *d = list->child; d; d = d->next) {
        struct label_class *c = &t->classes[t->n_classes];
        int rc = OK;
        *c = (struct label_class){d->s, words[t->n_classes]};
        if (d->type == DOC_MAP) {
            rc = doc_check_keys(d, class_keys, e);
            if (!rc)
                rc = doc_str(d, "name", &c->name, e);
            if (!rc)
                rc = doc_opt_str(d, "word", &c->word, e);
        } else if (d->type != DOC_STRING) {
            rc = doc_fail(d, e, "\"classes\" holds a %s, wanted names, or maps of name and word",
                          doc_type_name(d->type));
        }
        for (size_t i = 0; !rc && i < t->n_classes; i++)
            if (strcmp(t->classes[i].name, c->name) == 0)
                rc = doc_fail(d, e, "two classes are named \"%s\"", c->name);
        if (rc)
            return rc;
        t->n_classes++;
    }
    return OK;
}

/* template_piece - append one piece; text of length 0 is none. */
static int template_piece(struct task *t, const struct doc *d, const char *s, size_t n, bool name,
                          struct err *e)
{
    char *text = arena_strndup(&t->tree.arena, s, n, e);
    if (!text)
        return e->code;
    struct piece *p = &t->pieces[t->n_pieces];
    *p = (struct piece){name ? NULL : text, NULL};
    t->n_pieces += name || n;
    if (!name || (t->kind == KIND_CHOICE && strcmp(text, "candidate") == 0))
        return OK;
    return spec_field(t, d, text, &p->field, e);
}

/* template_read - "{name}" is a field, "{{" and "}}" are braces. */
static int template_read(struct task *t, struct err *e)
{
    const char *s;
    int rc = doc_str(t->tree.root, "template", &s, e);
    const struct doc *d = doc_get(t->tree.root, "template");
    if (rc)
        return rc;
    t->pieces = arena_alloc(&t->tree.arena, strlen(s) + 1, sizeof *t->pieces, e);
    if (!t->pieces)
        return e->code;
    while (!rc && *s) {
        size_t n = strcspn(s, "{}");
        if (n) {
            rc = template_piece(t, d, s, n, false, e);
        } else if (s[0] == s[1]) {
            rc = template_piece(t, d, s, 1, false, e);
            n = 2;
        } else {
            n = strcspn(s + 1, "{}");
            if (*s == '}' || s[1 + n] != '}')
                return doc_fail(
                    d, e, "\"template\" has a single \"%c\"; a brace itself is written twice", *s);
            rc = template_piece(t, d, s + 1, n, true, e);
            n += 2;
        }
        s += n;
    }
    return rc;
}

/* template_uses - the piece of a field (NULL: of the candidate); n_pieces where there is none; *n:
 * how many. */
static size_t template_uses(const struct task *t, const struct field *f, size_t *n)
{
    size_t found = t->n_pieces;
    *n = 0;
    for (size_t i = t->n_pieces; i-- > 0;)
        if (!t->pieces[i].text && t->pieces[i].field == f) {
            found = i;
            ++*n;
        }
    return found;
}

static int long_read(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *d = doc_get(root, "long");
    const char *name = NULL;
    const struct field *f = NULL;
    size_t n;
    t->long_piece = t->n_pieces;
    int rc = doc_opt_str(root, "long", &name, e);
    if (!rc)
        rc = doc_opt_size(root, "max_chars", 1, (size_t)1 << 30, &t->max_chars, e);
    if (rc)
        return rc;
    if (!name && t->max_chars)
        return doc_fail(doc_get(root, "max_chars"), e,
                        "\"max_chars\" is of the long field, and \"long\" is missing");
    if (!name)
        return OK;
    if (!(t->kind == KIND_CHOICE && strcmp(name, "candidate") == 0))
        rc = spec_field(t, d, name, &f, e);
    if (rc)
        return rc;
    t->long_piece = template_uses(t, f, &n);
    return n == 1
               ? OK
               : doc_fail(d, e, "the long field \"%s\" is in the template %zu times, wanted once",
                          name, n);
}

/* shown - the field is in the template though it tells the label. */
static int shown(const struct task *t, const struct field *f, const char *key, struct err *e)
{
    size_t n;
    const struct doc *d = doc_get(t->tree.root, "template");
    for (size_t i = 0; f && i < t->n_fields; i++)
        if (strcmp(t->fields[i].path, f->path) == 0 &&
            template_uses(t, &t->fields[i], &n) < t->n_pieces)
            return doc_fail(d, e,
                            "the template shows \"%s\", which is the %s and gives the class away",
                            t->fields[i].name, key);
    return OK;
}

static int shown_list(const struct task *t, const struct field_list *l, const char *key,
                      struct err *e)
{
    int rc = OK;
    for (size_t i = 0; !rc && i < l->n; i++)
        rc = shown(t, l->f[i], key, e);
    return rc;
}

static int template_check(const struct task *t, struct err *e)
{
    size_t n;
    const struct doc *d = doc_get(t->tree.root, "template");
    if (t->kind == KIND_CHOICE && template_uses(t, NULL, &n) == t->n_pieces)
        return doc_fail(d, e, "the template of a choice has to hold {candidate}");
    size_t fields = 0;
    for (size_t i = 0; i < t->n_pieces; i++)
        fields += !t->pieces[i].text;
    if (!fields)
        return doc_fail(d, e, "the template holds no field, as {text}");
    int rc = shown(t, t->label, "label", e);
    if (!rc)
        rc = shown(t, t->correct, "right answer", e);
    if (!rc)
        rc = shown(t, t->answer, "answer", e);
    if (!rc)
        rc = shown_list(t, &t->wrong, "wrong answer", e);
    return rc;
}

static int rules_read(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root;
    const char *name = NULL;
    t->balance = 0.55;
    int rc = t->kind == KIND_CHOICE ? spec_choice(t, e) : spec_label(t, e);
    if (!rc)
        rc = template_read(t, e);
    if (!rc)
        rc = long_read(t, e);
    if (!rc)
        rc = template_check(t, e);
    if (!rc)
        rc = spec_field_list(t, root, "group", &t->group, e);
    if (!rc)
        rc = doc_opt_str(root, "confidence", &name, e);
    if (!rc && name)
        rc = spec_field(t, doc_get(root, "confidence"), name, &t->confidence, e);
    if (!rc)
        rc = doc_opt_real(root, "balance", 0.5, 1, &t->balance, e);
    return rc;
}

static int spec_read(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root;
    int kind = -1;
    if (root->type != DOC_MAP)
        return doc_fail(root, e, "a task file is a map of keys, this is a %s",
                        doc_type_name(root->type));
    int rc = doc_check_keys(root, task_keys, e);
    if (!rc)
        rc = doc_str(root, "name", &t->name, e);
    t->title = t->name;
    if (!rc)
        rc = doc_opt_str(root, "title", &t->title, e);
    if (!rc)
        rc = doc_str(root, "citation", &t->citation, e);
    if (!rc)
        rc = doc_str(root, "licence", &t->licence, e);
    if (!rc)
        rc = doc_opt_enum(root, "kind", kinds, &kind, e);
    if (!rc && kind < 0)
        rc = doc_fail(root, e, "\"kind\" is missing: labelled or choice");
    t->kind = (enum task_kind)kind;
    if (!rc)
        rc = source_read(t, e);
    if (!rc)
        rc = fields_read(t, e);
    if (!rc)
        rc = classes_read(t, e);
    return rc ? rc : rules_read(t, e);
}

int task_read(struct task **out, const char *path, struct err *e)
{
    *out = NULL;
    struct task *t = mem_zalloc(1, sizeof *t, e);
    if (!t)
        return e->code;
    int rc = doc_read_yaml(&t->tree, path, e);
    if (!rc && !(t->file = arena_strdup(&t->tree.arena, path, e)))
        rc = e->code;
    if (!rc)
        rc = spec_read(t, e);
    if (rc)
        task_free(t);
    else
        *out = t;
    return rc;
}
