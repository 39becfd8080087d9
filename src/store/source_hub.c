/* source_hub.c - files from the Hugging Face hub, into the cache that the Hugging Face libraries
 * use themselves and in their layout, so that neither fetches what the other has:
 *
 *     <hub>/models--owner--name/refs/<revision>            text: the commit
 *                               blobs/<etag>               a file's bytes
 *                               snapshots/<commit>/<file>  link to ../../blobs/<etag>
 *     <hub>/.locks/models--owner--name/<etag>.lock
 *
 * <hub> is $HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub. Source:
 * huggingface_hub's documentation, "Understand caching"; the hub's HTTP interface, "Hub API
 * Endpoints".
 *
 *     - hub: owner/name
 *       type: model                 or dataset
 *       revision: <commit>          a commit pins; a branch or tag does not
 *       files:                      not given, of a model: config, tokenizer and safetensors
 *         - config.json
 *         - {name: model.safetensors, sha256: ...} */
#include "store/source.h"
#include "store/hub.h"
#include "core/file.h"
#include "core/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const type_names[] = {"model", "dataset", NULL};

static bool is_commit(const char *revision)
{
    size_t n = strspn(revision, "0123456789abcdef");
    return n == 40 && !revision[n];
}

static bool repo_valid(const char *repo)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t owner = strspn(repo, letters);
    if (!owner || !source_name_safe(repo))
        return false;
    if (!repo[owner])
        return true; /* the oldest models have no owner: gpt2 */
    size_t name = strspn(repo + owner + 1, letters);
    return repo[owner] == '/' && name && !repo[owner + 1 + name];
}

static bool revision_valid(const char *revision)
{
    return source_name_safe(revision) && !revision[strcspn(revision, " \t\r\n?#")];
}

bool hub_offline(void)
{
    const char *v = getenv("HF_HUB_OFFLINE");
    return v && *v && strcmp(v, "0") != 0;
}

static int hub_check(const struct doc *doc, struct err *e)
{
    static const char *const file_keys[] = {"name", "sha256", NULL};
    const struct doc *files = doc_get(doc, "files");
    const char *repo, *revision = NULL;
    int type = HUB_MODEL, rc;
    if ((rc = doc_str(doc, "hub", &repo, e)) ||
        (rc = doc_opt_enum(doc, "type", type_names, &type, e)) ||
        (doc_get(doc, "revision") && (rc = source_text(doc, "revision", &revision, e))))
        return rc;
    if (!repo_valid(repo))
        return doc_fail(doc_get(doc, "hub"), e, "\"hub\" is \"%s\", wanted owner/name", repo);
    if (revision && !revision_valid(revision))
        return doc_fail(doc_get(doc, "revision"), e,
                        "\"revision\" is \"%s\", wanted a commit, tag or branch", revision);
    if (!files)
        return type == HUB_MODEL ? OK
                                 : doc_fail(doc, e,
                                            "\"files\" is missing: a dataset's files are to "
                                            "be named");
    if (files->type != DOC_LIST || !files->n)
        return doc_fail(files, e, "\"files\" is %s, wanted a list of names",
                        files->type == DOC_LIST ? "an empty list" : doc_type_name(files->type));
    for (const struct doc *f = files->child; f; f = f->next) {
        const char *name = f->s, *sum = NULL;
        if (f->type == DOC_MAP &&
            ((rc = doc_check_keys(f, file_keys, e)) || (rc = doc_str(f, "name", &name, e)) ||
             (doc_get(f, "sha256") && (rc = source_text(f, "sha256", &sum, e)))))
            return rc;
        if (f->type != DOC_MAP && f->type != DOC_STRING)
            return doc_fail(f, e, "a file is a %s, wanted a name or {name, sha256}",
                            doc_type_name(f->type));
        if (!source_name_safe(name))
            return doc_fail(f, e, "\"%s\" cannot be a file's name", name);
        if (sum && !source_sum_valid(sum))
            return doc_fail(f, e, "\"sha256\" is \"%s\", wanted 64 digits of 0-9a-f", sum);
    }
    return OK;
}

static bool hub_pinned(const struct doc *doc)
{
    const struct doc *revision = doc_get(doc, "revision");
    return revision && is_commit(revision->s);
}

/* hub_place_init - the folder of a repository in the cache; undone by hub_place_release, after an
 * error too. */
static int hub_place_init(struct hub_place *p, const char *repo, enum hub_type type,
                          const char *revision, struct err *e)
{
    const char *cache = getenv("HF_HUB_CACHE");
    memset(p, 0, sizeof *p);
    p->type = type;
    str_init(&p->names);
    str_cat(&p->names, repo);
    str_addc(&p->names, '\0');
    str_cat(&p->names, revision);
    p->repo = p->names.s;
    p->revision = p->names.s + strlen(repo) + 1;
    str_init(&p->cache);
    str_init(&p->folder);
    str_init(&p->commit);
    int rc = str_check(&p->names, e);
    if (rc)
        return rc;
    if (cache && cache[0] == '/') {
        str_cat(&p->cache, cache);
    } else if (getenv("HF_HOME")) {
        rc = source_folder("HF_HOME", ".cache/huggingface", "/hub", &p->cache, e);
    } else {
        rc = source_folder("XDG_CACHE_HOME", ".cache", "/huggingface/hub", &p->cache, e);
    }
    if (rc)
        return rc;
    str_addf(&p->folder, "%ss--", type_names[type]);
    for (const char *s = repo; *s; s++)
        str_cat(&p->folder, *s == '/' ? "--" : (const char[]){*s, '\0'});
    rc = str_check(&p->cache, e);
    return rc ? rc : str_check(&p->folder, e);
}

static void hub_place_release(struct hub_place *p)
{
    str_release(&p->names);
    str_release(&p->cache);
    str_release(&p->folder);
    str_release(&p->commit);
}

int hub_cached(char ***names, size_t *n, struct err *e)
{
    static const char prefix[] = "models--";
    struct hub_place p;
    size_t kept = 0;
    *names = NULL;
    *n = 0;
    int rc = hub_place_init(&p, "", HUB_MODEL, "", e);
    if (!rc && file_is_dir(p.cache.s))
        rc = file_list(p.cache.s, names, n, e);
    for (size_t i = 0; i < *n && !rc; i++) {
        char *name = (*names)[i], *repo = name + sizeof prefix - 1, *cut = NULL;
        if (!str_starts(name, prefix) || !*repo)
            continue;
        /* shorter than the folder's name, so in its place; the oldest models have no owner */
        cut = strstr(repo, "--");
        if (cut) {
            *cut = '/';
            memmove(cut + 1, cut + 2, strlen(cut + 2) + 1);
        }
        memcpy(name, "hub:", 4);
        memmove(name + 4, repo, strlen(repo) + 1);
        (*names)[kept++] = name;
    }
    *n = rc ? 0 : kept;
    hub_place_release(&p);
    return rc;
}

int hub_place_path(const struct hub_place *p, const char *folder, const char *name, struct str *out,
                   struct err *e)
{
    str_reset(out);
    str_addf(out, "%s/%s/%s", p->cache.s, p->folder.s, folder);
    if (name)
        str_addf(out, "/%s", name);
    return str_check(out, e);
}

int hub_snapshot_path(const struct hub_place *p, const char *file, struct str *out, struct err *e)
{
    int rc = hub_place_path(p, "snapshots", p->commit.s, out, e);
    if (!rc && file)
        str_addf(out, "/%s", file);
    return rc ? rc : str_check(out, e);
}

/* place_commit - the commit that the cache knows for the revision; commit is "" where it knows
 * none. */
static int place_commit(struct hub_place *p, struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct err absent = ERR_INIT;
    int rc = OK;
    str_reset(&p->commit);
    if (is_commit(p->revision)) {
        str_cat(&p->commit, p->revision);
    } else if (!(rc = hub_place_path(p, "refs", p->revision, &path, e)) &&
               !file_read(&text, path.s, &absent)) {
        str_catn(&p->commit, text.s, strcspn(text.s, " \r\n"));
        if (!is_commit(p->commit.s))
            str_reset(&p->commit);
    }
    if (!rc)
        rc = str_check(&p->commit, e);
    str_release(&path);
    str_release(&text);
    return rc;
}

static bool snapshot_has(const struct hub_place *p, const char *file)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    bool has = !hub_snapshot_path(p, file, &path, &ignored) && file_exists(path.s);
    str_release(&path);
    return has;
}

/* shards_whole - every file that the index of the weights names is there. */
static bool shards_whole(const struct hub_place *p)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    bool whole = false;
    if (!hub_snapshot_path(p, "model.safetensors.index.json", &path, &ignored) &&
        !doc_read_json(&t, path.s, &ignored)) {
        const struct doc *map = doc_get(t.root, "weight_map");
        const char *last = "";
        whole = map && map->type == DOC_MAP && map->n > 0;
        for (const struct doc *d = whole ? map->child : NULL; d && whole; d = d->next) {
            if (d->type != DOC_STRING)
                whole = false;
            else if (strcmp(d->s, last) != 0)
                whole = snapshot_has(p, d->s);
            last = d->type == DOC_STRING ? d->s : last;
        }
    }
    doc_tree_release(&t);
    str_release(&path);
    return whole;
}

/* snapshot_whole - what a model needs is there. The fetch takes weights last, so that they say that
 * the small files that go with them have come. */
static bool snapshot_whole(const struct hub_place *p)
{
    return snapshot_has(p, "config.json") &&
           (snapshot_has(p, "tokenizer.json") ||
            (snapshot_has(p, "vocab.json") && snapshot_has(p, "merges.txt"))) &&
           (snapshot_has(p, "model.safetensors") || shards_whole(p));
}

const char *hub_file_name(const struct doc *file)
{
    return file->type == DOC_MAP ? doc_get(file, "name")->s : file->s;
}

const char *hub_file_sum(const struct doc *file)
{
    const struct doc *sum = file->type == DOC_MAP ? doc_get(file, "sha256") : NULL;
    return sum ? sum->s : NULL;
}

/* place_ready - files: the list of the row, or NULL. */
static int place_ready(struct hub_place *p, const struct doc *files, bool model, bool *ready,
                       struct str *path, struct err *e)
{
    *ready = false;
    int rc = place_commit(p, e);
    if (rc || !p->commit.len)
        return rc;
    *ready = files || snapshot_whole(p);
    for (const struct doc *f = files ? files->child : NULL; f && *ready; f = f->next)
        *ready = snapshot_has(p, hub_file_name(f));
    if (!*ready)
        return OK;
    const char *only = files && files->n == 1 ? hub_file_name(files->child) : "";
    return hub_snapshot_path(p, model && str_ends(only, ".gguf") ? only : NULL, path, e);
}

/* row_open - the place that an asset's row is of. */
static int row_open(struct hub_place *p, const struct source *s, struct err *e)
{
    struct err ignored = ERR_INIT;
    const struct doc *revision = doc_get(s->doc, "revision");
    int type = HUB_MODEL;
    (void)doc_opt_enum(s->doc, "type", type_names, &type, &ignored);
    return hub_place_init(p, doc_get(s->doc, "hub")->s, (enum hub_type)type,
                          revision ? revision->s : "main", e);
}

/* spec_open - that of a name, "owner/name[@revision]". */
static int spec_open(struct hub_place *p, const char *spec, struct err *e)
{
    struct str repo = STR_INIT;
    size_t n = strcspn(spec, "@");
    const char *revision = spec[n] ? spec + n + 1 : "main";
    str_catn(&repo, spec, n);
    *p = (struct hub_place){.names = STR_INIT};
    int rc = str_check(&repo, e);
    if (!rc && (!repo_valid(repo.s) || !revision_valid(revision)))
        rc =
            err_set(e, ERR_INPUT,
                    "\"hub:%s\" names no model of the hub, wanted hub:owner/name[@revision]", spec);
    if (!rc)
        rc = hub_place_init(p, repo.s, HUB_MODEL, revision, e);
    str_release(&repo);
    return rc;
}

/* place_get - ready, or fetched where o is given. */
static int place_get(struct hub_place *p, const struct doc *files, bool model,
                     const struct asset_options *o, bool *ready, struct str *path, struct err *e)
{
    int rc = o ? hub_files_fetch(p, files, o, e) : OK;
    if (!rc)
        rc = place_ready(p, files, model, ready, path, e);
    if (!rc && o && !*ready)
        rc = err_set(e, ERR_NETWORK,
                     "hub:%s is not a whole model: wanted config.json, tokenizer.json (or "
                     "vocab.json and merges.txt) and model.safetensors (or its index and "
                     "shards)",
                     p->repo);
    return rc;
}

static int row_get(const struct source *s, const struct asset_options *o, bool *ready,
                   struct str *path, struct err *e)
{
    struct hub_place p;
    int rc = row_open(&p, s, e);
    if (!rc)
        rc = place_get(&p, doc_get(s->doc, "files"), !strcmp(s->asset->kind, "model"), o, ready,
                       path, e);
    hub_place_release(&p);
    return rc;
}

static int hub_ready(const struct source *s, bool *ready, struct str *path, struct err *e)
{
    return row_get(s, NULL, ready, path, e);
}

static int hub_fetch(const struct source *s, struct str *path, struct err *e)
{
    bool ready;
    if (hub_offline())
        return err_set(e, ERR_INPUT, "not fetched yet and HF_HUB_OFFLINE is set");
    return row_get(s, s->o, &ready, path, e);
}

bool hub_sum_known(const char *want)
{
    return source_sum_valid(want) || is_commit(want);
}

int hub_sum(const char *path, const char *want, char sum[HASH_HEX], struct err *e)
{
    return is_commit(want) ? hash_git(path, sum, e) : hash_file(path, sum, e);
}

/* file_verify - row: the file in a row's list, or NULL. Of a snapshot: the row's sum, else the one
 * that its blob is named by. A file that has neither is taken away, with its blob, to be fetched
 * again; where nothing may be fetched it stays and is refused. One that is what its blob's name
 * says, and not what the row says, is whole and others' too: it stays, and the row is refused. */
static int file_verify(const struct hub_place *p, const char *file, const struct doc *row,
                       const struct asset_options *o, struct err *e)
{
    const char *want = row ? hub_file_sum(row) : NULL;
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    char blob[PATH_MAX], sum[HASH_HEX], row_sum[HASH_HEX];
    int rc = hub_snapshot_path(p, file, &path, e);
    if (rc || !file_exists(path.s) || file_is_dir(path.s))
        goto out;
    bool real = realpath(path.s, blob) != NULL;
    const char *etag = real && hub_sum_known(file_name(blob)) ? file_name(blob) : NULL;
    const char *fetched = etag ? etag : want;
    if (want && ((rc = hub_sum(path.s, want, row_sum, e)) || !strcmp(row_sum, want)))
        goto out;
    if (!fetched || (rc = hub_sum(path.s, fetched, sum, e)))
        goto out;
    if (!strcmp(sum, fetched)) {
        if (want)
            rc = doc_fail(row, e,
                          "\"sha256\" of %s is %s, but the file that the hub gave is whole and has "
                          "%s; wanted that sum, or another revision",
                          file, want, row_sum);
        goto out;
    }
    if (o->offline || hub_offline()) {
        rc = err_set(e, ERR_INPUT,
                     "%s: is damaged, its sum is %s and %s was fetched; it stays, as %s, and w2s "
                     "fetch with a network fetches it again",
                     path.s, sum, fetched, o->offline ? o->offline : "HF_HUB_OFFLINE is set");
        goto out;
    }
    if (o->log)
        log_warn(o->log, "%s: is damaged, its sum is %s and %s was fetched", path.s, sum, fetched);
    if (real)
        (void)file_remove_tree(blob, &ignored);
    if (unlink(path.s) && file_exists(path.s))
        rc = err_set(e, ERR_IO, "%s: is damaged and cannot be removed", path.s);
out:
    str_release(&path);
    return rc;
}

/* place_verify - files: the list of the row; NULL: those of the snapshot's top folder. */
static int place_verify(struct hub_place *p, const struct doc *files, const struct asset_options *o,
                        struct err *e)
{
    struct str dir = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    int rc = place_commit(p, e);
    if (rc || !p->commit.len)
        return rc;
    for (const struct doc *f = files ? files->child : NULL; f && !rc; f = f->next)
        rc = file_verify(p, hub_file_name(f), f, o, e);
    if (!files && !(rc = hub_snapshot_path(p, NULL, &dir, e)) && file_is_dir(dir.s))
        rc = file_list(dir.s, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++)
        rc = file_verify(p, names[i], NULL, o, e);
    mem_free(names);
    str_release(&dir);
    return rc;
}

/* place_origin - "hub:owner/name@commit" */
static int place_origin(struct hub_place *p, struct str *out, struct err *e)
{
    int rc = place_commit(p, e);
    if (!rc && p->commit.len)
        str_addf(out, "hub:%s@%s", p->repo, p->commit.s);
    return rc ? rc : str_check(out, e);
}

static int hub_verify(const struct source *s, struct err *e)
{
    struct hub_place p;
    int rc = row_open(&p, s, e);
    if (!rc)
        rc = place_verify(&p, doc_get(s->doc, "files"), s->o, e);
    hub_place_release(&p);
    return rc;
}

static int hub_origin(const struct source *s, struct str *out, struct err *e)
{
    struct hub_place p;
    int rc = row_open(&p, s, e);
    if (!rc)
        rc = place_origin(&p, out, e);
    hub_place_release(&p);
    return rc;
}

static int spec_get(const char *spec, const struct asset_options *o, bool *ready, struct str *path,
                    struct err *e)
{
    struct hub_place p;
    *ready = false;
    int rc = spec_open(&p, spec, e);
    if (!rc)
        rc = place_get(&p, NULL, true, o, ready, path, e);
    hub_place_release(&p);
    return rc;
}

int hub_spec_ready(const char *spec, bool *ready, struct str *path, struct err *e)
{
    return spec_get(spec, NULL, ready, path, e);
}

int hub_spec_fetch(const char *spec, const struct asset_options *o, struct str *path, struct err *e)
{
    bool ready;
    return spec_get(spec, o, &ready, path, e);
}

int hub_spec_verify(const char *spec, const struct asset_options *o, struct err *e)
{
    struct hub_place p;
    int rc = spec_open(&p, spec, e);
    if (!rc)
        rc = place_verify(&p, NULL, o, e);
    hub_place_release(&p);
    return rc;
}

int hub_spec_origin(const char *spec, struct str *out, struct err *e)
{
    struct hub_place p;
    int rc = spec_open(&p, spec, e);
    if (!rc)
        rc = place_origin(&p, out, e);
    hub_place_release(&p);
    return rc;
}

static const char *const hub_keys[] = {"hub", "type", "revision", "files", NULL};
const struct source_kind source_hub = {"hub",     hub_keys,  hub_check,  hub_pinned,
                                       hub_ready, hub_fetch, hub_verify, hub_origin};
