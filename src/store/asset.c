/* asset.c - the table of assets, and the way from a name to a folder.
 *
 *     name --row--> its sources in order: is one there? --> path
 *                                         else fetch from the first that can
 *
 * To add a kind of source: a struct source_kind, and a row of source_kinds. */
#include "store/source.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/stop.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct source_kind *const source_kinds[] = {&source_path, &source_pip, &source_hub};
enum { SOURCE_KINDS = sizeof source_kinds / sizeof *source_kinds };

struct assets {
    struct doc_tree tree[2]; /* the program's, the user's */
    struct asset *row;
    const char **names; /* of the rows, for "did you mean" */
    size_t n, cap, cap_names;
};

int source_folder(const char *variable, const char *tail, const char *tail2, struct str *out,
                  struct err *e)
{
    const char *dir = getenv(variable), *home = getenv("HOME");
    str_reset(out);
    /* The XDG specification: a path that is not absolute is to be ignored. */
    if (dir && dir[0] == '/')
        str_cat(out, dir);
    else if (home && home[0] == '/')
        str_addf(out, "%s/%s", home, tail);
    else
        return err_set(e, ERR_INPUT,
                       "neither %s nor HOME names a folder, so there is no place for "
                       "what is fetched",
                       variable);
    str_cat(out, tail2);
    return str_check(out, e);
}

int source_text(const struct doc *map, const char *key, const char **out, struct err *e)
{
    const struct doc *d = doc_get(map, key);
    if (!d || (d->type != DOC_INT && d->type != DOC_REAL) || !d->s)
        return doc_str(map, key, out, e);
    *out = d->s;
    return OK;
}

bool source_sum_valid(const char *hex)
{
    size_t n = strspn(hex, "0123456789abcdef");
    return n == HASH_HEX - 1 && !hex[n];
}

bool source_name_safe(const char *name)
{
    if (!*name || *name == '/' || strchr(name, '\\'))
        return false;
    for (const char *p = name; p; p = strchr(p, '/')) {
        p += *p == '/';
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
    }
    return true;
}

int source_sum_check(const char *path, const char *want, const char *what, struct err *e)
{
    char got[HASH_HEX];
    int rc = hash_file(path, got, e);
    if (!rc && strcmp(got, want) != 0)
        rc = err_set(e, ERR_NETWORK, "%s has the SHA-256 %s, wanted %s; nothing of it was kept",
                     what, got, want);
    return rc;
}

int source_lock(const char *path, const char *what, const struct asset_options *o, int *fd,
                struct err *e)
{
    /* Tried again and again instead of waited for, so that Ctrl-C ends the wait. */
    enum { PAUSE_MS = 100 };
    struct timespec pause = {0, PAUSE_MS * 1000000L};
    bool said = false;
    int rc;
    *fd = -1;
    while (!(rc = file_lock(path, false, fd, e)) && *fd < 0 && !(rc = stop_check(e))) {
        if (!said && o->log)
            log_info(o->log, "another process is fetching %s, waiting", what);
        said = true;
        nanosleep(&pause, NULL);
    }
    return rc;
}

static bool asset_name_valid(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && !name[n] && name[0] != '.' && name[0] != '-';
}

static const struct source_kind *source_kind_of(const struct doc *source)
{
    for (size_t i = 0; i < SOURCE_KINDS; i++)
        if (doc_get(source, source_kinds[i]->key))
            return source_kinds[i];
    return NULL;
}

static int sources_check(const struct doc *row, struct err *e)
{
    const struct doc *sources = doc_get(row, "sources");
    if (!sources || sources->type != DOC_LIST || !sources->n)
        return doc_fail(sources ? sources : row, e,
                        "asset %s: \"sources\" is %s%s, wanted a list of one or "
                        "more",
                        row->key, sources ? "a " : "",
                        sources ? doc_type_name(sources->type) : "missing");
    for (const struct doc *s = sources->child; s; s = s->next) {
        const struct source_kind *k = s->type == DOC_MAP ? source_kind_of(s) : NULL;
        if (!k)
            return doc_fail(s, e, "asset %s: a source begins with pip:, hub: or path:", row->key);
        int rc = doc_check_keys(s, k->keys, e);
        if (!rc)
            rc = k->check(s, e);
        if (rc)
            return err_wrap(e, "asset %s", row->key);
    }
    return OK;
}

static int asset_read(struct asset *a, const struct doc *row, struct err *e)
{
    static const char *const keys[] = {"kind",  "title",   "licence", "citation",
                                       "bytes", "sources", NULL};
    static const char *const kinds[] = {"model", "data", "program", NULL};
    int kind = -1, rc;
    *a = (struct asset){.name = row->key,
                        .title = row->key,
                        .licence = "unknown",
                        .citation = "",
                        .row = row,
                        .pinned = true};
    if (!asset_name_valid(row->key))
        return doc_fail(row, e,
                        "asset \"%s\": a name is made of a-z, 0-9, dot, - and _, and begins with a "
                        "letter or digit",
                        row->key);
    if (row->type != DOC_MAP)
        return doc_fail(row, e, "asset %s is a %s, wanted a map", row->key,
                        doc_type_name(row->type));
    if ((rc = doc_check_keys(row, keys, e)) || (rc = doc_opt_enum(row, "kind", kinds, &kind, e)) ||
        (rc = doc_opt_str(row, "title", &a->title, e)) ||
        (rc = doc_opt_str(row, "licence", &a->licence, e)) ||
        (rc = doc_opt_str(row, "citation", &a->citation, e)) ||
        (rc = doc_opt_size(row, "bytes", 0, SIZE_MAX / 2, &a->bytes, e)))
        return err_wrap(e, "asset %s", row->key);
    if (kind < 0)
        return doc_fail(row, e, "asset %s: \"kind\" is missing, wanted model, data or program",
                        row->key);
    a->kind = kinds[kind];
    if ((rc = sources_check(row, e)))
        return rc;
    for (const struct doc *s = doc_get(row, "sources")->child; s; s = s->next)
        a->pinned = a->pinned && source_kind_of(s)->pinned(s);
    return OK;
}

static struct asset *asset_slot(struct assets *a, const char *name, struct err *e)
{
    for (size_t i = 0; i < a->n; i++)
        if (!strcmp(a->row[i].name, name))
            return &a->row[i];
    if (mem_grow(&a->row, &a->cap, a->n + 1, sizeof *a->row, e) ||
        mem_grow(&a->names, &a->cap_names, a->n + 1, sizeof *a->names, e))
        return NULL;
    a->names[a->n] = name;
    return &a->row[a->n++];
}

static int assets_read(struct assets *a, struct doc_tree *t, const char *path, struct err *e)
{
    static const char *const keys[] = {"assets", NULL};
    int rc = doc_read_yaml(t, path, e);
    if (rc)
        return rc;
    if (t->root->type == DOC_NULL)
        return OK;
    if (t->root->type != DOC_MAP)
        return doc_fail(t->root, e, "is a %s, wanted a map with the key \"assets\"",
                        doc_type_name(t->root->type));
    if ((rc = doc_check_keys(t->root, keys, e)))
        return rc;
    const struct doc *rows = doc_get(t->root, "assets");
    if (rows && rows->type != DOC_MAP && rows->type != DOC_NULL)
        return doc_fail(rows, e, "\"assets\" is a %s, wanted a map from names to assets",
                        doc_type_name(rows->type));
    for (const struct doc *r = rows ? rows->child : NULL; r; r = r->next) {
        struct asset row;
        rc = asset_read(&row, r, e);
        struct asset *slot = rc ? NULL : asset_slot(a, row.name, e);
        if (!slot)
            return e->code;
        *slot = row;
    }
    return OK;
}

int assets_open(struct assets **out, const char *share, struct err *e)
{
    struct str path = STR_INIT;
    struct err none = ERR_INIT;
    struct assets *a = mem_zalloc(1, sizeof *a, e);
    *out = NULL;
    if (!a)
        return e->code;
    a->tree[0] = a->tree[1] = (struct doc_tree)DOC_TREE_INIT;
    str_path(&path, share, "assets.yaml");
    int rc = str_check(&path, e);
    if (!rc)
        rc = assets_read(a, &a->tree[0], path.s, e);
    if (!rc && !source_folder("XDG_CONFIG_HOME", ".config", "/w2s/assets.yaml", &path, &none) &&
        file_exists(path.s))
        rc = assets_read(a, &a->tree[1], path.s, e);
    str_release(&path);
    if (rc)
        assets_close(a);
    else
        *out = a;
    return rc;
}

void assets_close(struct assets *a)
{
    if (!a)
        return;
    doc_tree_release(&a->tree[0]);
    doc_tree_release(&a->tree[1]);
    mem_free(a->row);
    mem_free(a->names);
    mem_free(a);
}

size_t assets_count(const struct assets *a)
{
    return a->n;
}

const struct asset *assets_at(const struct assets *a, size_t i)
{
    BUG_ON(i >= a->n);
    return &a->row[i];
}

const struct asset *assets_find(const struct assets *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (!strcmp(a->row[i].name, name))
            return &a->row[i];
    return NULL;
}

/* row_ready - the first source that is there. */
static int row_ready(const struct asset *row, const struct asset_options *o, bool *ready,
                     struct str *path, struct err *e)
{
    int rc = OK;
    *ready = false;
    for (const struct doc *s = doc_get(row->row, "sources")->child; s && !rc && !*ready;
         s = s->next) {
        struct source source = {row, s, o};
        rc = source_kind_of(s)->ready(&source, ready, path, e);
    }
    return rc;
}

/* path_expand - of a path source; ${NAME} stands for a variable of the environment. */
static int path_expand(const struct doc *doc, bool *known, struct str *out, struct err *e)
{
    const char *p = doc_get(doc, "path")->s;
    str_reset(out);
    *known = true;
    while (*p) {
        const char *open = strstr(p, "${"), *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            str_cat(out, p);
            break;
        }
        char name[64];
        size_t n = (size_t)(close - open) - 2;
        if (n >= sizeof name)
            return doc_fail(doc_get(doc, "path"), e, "a variable's name of %zu letters is too long",
                            n);
        memcpy(name, open + 2, n);
        name[n] = '\0';
        const char *value = getenv(name);
        *known = *known && value && *value;
        str_catn(out, p, (size_t)(open - p));
        str_cat(out, value ? value : "");
        p = close + 1;
    }
    return str_check(out, e);
}

/* row_unfetchable - all its sources are folders, and none is there: why not. */
static int row_unfetchable(const struct asset *row, struct err *e)
{
    struct str list = STR_INIT, path = STR_INIT;
    int rc = OK;
    bool known;
    for (const struct doc *s = doc_get(row->row, "sources")->child; s && !rc; s = s->next) {
        rc = path_expand(s, &known, &path, e);
        str_addf(&list, "%s%s", list.len ? ", " : "", known ? path.s : doc_get(s, "path")->s);
    }
    if (!rc)
        rc = str_check(&list, e);
    str_release(&path);
    if (!rc && strstr(list.s, "${W2S_DATA}") && !getenv("W2S_DATA"))
        rc = err_set(e, ERR_INPUT,
                     "%s %s is taken from the folder %s, and W2S_DATA is not set; set it to "
                     "the folder that holds %s (docs/assets.md)",
                     row->kind, row->name, list.s, row->name);
    else if (!rc)
        rc = err_set(e, ERR_INPUT,
                     "%s %s is taken from the folder %s, and that is not there "
                     "(docs/assets.md)",
                     row->kind, row->name, list.s);
    str_release(&list);
    return rc;
}

static int row_fetch(const struct asset *row, const struct asset_options *o, struct str *path,
                     struct err *e)
{
    bool tried = false;
    int rc = OK;
    for (const struct doc *s = doc_get(row->row, "sources")->child; s; s = s->next) {
        const struct source_kind *k = source_kind_of(s);
        struct source source = {row, s, o};
        if (!k->fetch)
            continue;
        if (tried && o->log)
            log_warn(o->log, "%s; trying the next source", e->msg);
        tried = true;
        rc = k->fetch(&source, path, e);
        if (rc)
            err_wrap(e, "%s %s", row->kind, row->name);
        if (!rc || rc == ERR_INTERRUPTED || rc == ERR_NOMEM || rc == ERR_IO)
            return rc;
    }
    return tried ? rc : row_unfetchable(row, e);
}

static int offline_fail(const char *name, const struct asset_options *o, struct err *e)
{
    return err_set(e, ERR_INPUT, "%s is not fetched yet and %s; w2s fetch %s", name,
                   o->offline ? o->offline : "HF_HUB_OFFLINE is set", name);
}

static bool row_can_fetch(const struct asset *row)
{
    for (const struct doc *s = doc_get(row->row, "sources")->child; s; s = s->next)
        if (source_kind_of(s)->fetch)
            return true;
    return false;
}

static int name_unknown(const struct assets *a, const char *name, struct err *e)
{
    const char *near = str_nearest(name, a->names, a->n);
    if (strchr(name, '/'))
        return err_set(e, ERR_INPUT, "%s: no such file or folder", name);
    if (near)
        return err_set(e, ERR_INPUT, "no asset and no file is called \"%s\"; did you mean \"%s\"?",
                       name, near);
    return err_set(e, ERR_INPUT,
                   "no asset and no file is called \"%s\"; w2s fetch lists the assets, a "
                   "model of the hub is hub:owner/name",
                   name);
}

int asset_path(struct assets *a, const char *name, const struct asset_options *o, struct str *path,
               struct err *e)
{
    const struct asset *row = assets_find(a, name);
    bool ready = false;
    int rc;
    str_reset(path);
    if (row) {
        rc = row_ready(row, o, &ready, path, e);
        if (!rc && !ready && o->offline && row_can_fetch(row))
            rc = offline_fail(name, o, e);
        else if (!rc && !ready)
            rc = row_fetch(row, o, path, e);
    } else if (str_starts(name, "hub:")) {
        rc = hub_spec_ready(name + 4, &ready, path, e);
        if (!rc && !ready && (o->offline || hub_offline()))
            rc = offline_fail(name, o, e);
        else if (!rc && !ready)
            rc = hub_spec_fetch(name + 4, o, path, e);
    } else if (file_exists(name)) {
        str_cat(path, name);
        rc = str_check(path, e);
    } else {
        rc = name_unknown(a, name, e);
    }
    if (rc)
        str_reset(path);
    return rc;
}

int asset_verify(struct assets *a, const char *name, const struct asset_options *o, struct err *e)
{
    const struct asset *row = assets_find(a, name);
    int rc = OK;
    if (!row && str_starts(name, "hub:"))
        return hub_spec_verify(name + 4, o, e);
    for (const struct doc *s = row ? doc_get(row->row, "sources")->child : NULL; s && !rc;
         s = s->next) {
        struct source source = {row, s, o};
        rc = source_kind_of(s)->verify ? source_kind_of(s)->verify(&source, e) : OK;
    }
    return rc;
}

int asset_origin(struct assets *a, const char *name, struct str *out, struct err *e)
{
    static const struct asset_options silent = {"only what is there is looked at", NULL};
    const struct asset *row = assets_find(a, name);
    struct str path = STR_INIT;
    bool ready = false;
    int rc = OK;
    if (!row && str_starts(name, "hub:"))
        return hub_spec_origin(name + 4, out, e);
    for (const struct doc *s = row ? doc_get(row->row, "sources")->child : NULL; s && !rc && !ready;
         s = s->next) {
        struct source source = {row, s, &silent};
        const struct source_kind *k = source_kind_of(s);
        rc = k->ready(&source, &ready, &path, e);
        if (!rc && ready && k->origin)
            rc = k->origin(&source, out, e);
    }
    str_release(&path);
    return rc;
}

bool asset_is_path(const struct assets *a, const char *name)
{
    return !assets_find(a, name) && !str_starts(name, "hub:") && file_exists(name);
}

bool asset_ready(struct assets *a, const char *name)
{
    static const struct asset_options silent = {"only what is there is looked at", NULL};
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    bool ready = !asset_path(a, name, &silent, &path, &ignored);
    str_release(&path);
    return ready;
}

static int path_check(const struct doc *doc, struct err *e)
{
    const char *path;
    int rc = doc_str(doc, "path", &path, e);
    return rc ? rc : *path ? OK : doc_fail(doc_get(doc, "path"), e, "\"path\" is empty");
}

static bool path_pinned(const struct doc *doc)
{
    (void)doc;
    return true; /* nothing is fetched */
}

static int path_ready(const struct source *s, bool *ready, struct str *path, struct err *e)
{
    bool known;
    int rc = path_expand(s->doc, &known, path, e);
    *ready = !rc && known && file_exists(path->s);
    return rc;
}

static const char *const path_keys[] = {"path", NULL};
const struct source_kind source_path = {"path",     path_keys, path_check, path_pinned,
                                        path_ready, NULL,      NULL,       NULL};
