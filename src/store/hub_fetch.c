/* hub_fetch.c - the hub's HTTP interface.
 *
 *     GET  <endpoint>/api/models/<repo>/revision/<revision>     the commit and the files' names
 *     HEAD <endpoint>/<repo>/resolve/<commit>/<file>            etag, size, commit
 *     GET  the same, redirected to where large files lie        the bytes, from where an earlier
 * try ended
 *
 * A large file's etag is its SHA-256, and is checked. The token goes to the endpoint and to no
 * other host: redirects are followed here, one by one. */
#include "store/hub.h"
#include "store/http.h"
#include "store/source.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/stop.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    REDIRECTS = 5,         /* followed at most */
    TRIES = 5,             /* of a broken connection without a byte of progress between them */
    PIECE = 1 << 20,       /* bytes kept before they are written */
    LISTING_MAX = 32 << 20 /* bytes of a listing */
};

struct hub {
    const struct hub_place *p;
    const struct asset_options *o;
    const char *endpoint;
    struct str token; /* "" where there is none */
};

static int token_read(struct str *token, struct err *e)
{
    const char *v = getenv("HF_TOKEN");
    struct str path = STR_INIT;
    struct err absent = ERR_INIT;
    int rc = OK;
    if (!v || !*v)
        v = getenv("HUGGING_FACE_HUB_TOKEN");
    if (v && *v) {
        str_cat(token, v);
    } else {
        if (getenv("HF_TOKEN_PATH"))
            str_cat(&path, getenv("HF_TOKEN_PATH"));
        else if (getenv("HF_HOME"))
            rc = source_folder("HF_HOME", ".cache/huggingface", "/token", &path, e);
        else
            rc = source_folder("XDG_CACHE_HOME", ".cache", "/huggingface/token", &path, e);
        if (!rc && file_exists(path.s))
            (void)file_read(token, path.s, &absent);
    }
    str_release(&path);
    while (token->len && strchr(" \t\r\n", token->s[token->len - 1]))
        token->s[--token->len] = '\0';
    /* It becomes part of a header. */
    if (!rc && token->s[strcspn(token->s, "\r\n")])
        rc = err_set(e, ERR_INPUT, "the hub's token has more than one line");
    return rc ? rc : str_check(token, e);
}

static int hub_init(struct hub *h, const struct hub_place *p, const struct asset_options *o,
                    struct err *e)
{
    const char *endpoint = getenv("HF_ENDPOINT");
    *h = (struct hub){p, o, endpoint && *endpoint ? endpoint : "https://huggingface.co", STR_INIT};
    return token_read(&h->token, e);
}

static void url_begin(const struct hub *h, struct str *url)
{
    size_t n = strlen(h->endpoint);
    str_reset(url);
    str_catn(url, h->endpoint, n - (n && h->endpoint[n - 1] == '/'));
}

static int url_of_listing(const struct hub *h, struct str *url, struct err *e)
{
    url_begin(h, url);
    str_addf(url, "/api/%s/", h->p->type == HUB_MODEL ? "models" : "datasets");
    http_escape(url, h->p->repo, true);
    str_cat(url, "/revision/");
    http_escape(url, h->p->revision, false);
    return str_check(url, e);
}

static int url_of_file(const struct hub *h, const char *file, struct str *url, struct err *e)
{
    url_begin(h, url);
    str_cat(url, h->p->type == HUB_MODEL ? "/" : "/datasets/");
    http_escape(url, h->p->repo, true);
    str_addf(url, "/resolve/%s/", h->p->commit.s);
    http_escape(url, file, true);
    return str_check(url, e);
}

/* status_fail - an answer that is not what was asked for. file: NULL for the listing; away: another
 * host than the hub's gave it. */
static int status_fail(const struct hub *h, const struct http_reply *r, const char *file,
                       const char *url, bool away, struct err *e)
{
    const char *at = file ? file : "its list of files";
    if (away)
        return err_set(e, ERR_NETWORK, "hub:%s: the server that %s lies on answers %ld", h->p->repo,
                       at, r->status);
    if (r->status == 401 || r->status == 403) {
        if (h->token.len)
            return err_set(e, ERR_NETWORK,
                           "hub:%s: the hub refuses %s to this token (%ld): ask for access "
                           "on its page, or set another HF_TOKEN",
                           h->p->repo, at, r->status);
        return err_set(e, ERR_NETWORK,
                       "hub:%s: the hub refuses %s without a token (%ld): there is no such "
                       "repository, or it is private or gated and wants HF_TOKEN",
                       h->p->repo, at, r->status);
    }
    if (r->status == 404 && !file)
        return err_set(e, ERR_NETWORK, "hub:%s: the hub has no such %s, or it has no revision %s",
                       h->p->repo, h->p->type == HUB_MODEL ? "model" : "dataset", h->p->revision);
    if (r->status == 404)
        return err_set(e, ERR_NETWORK, "hub:%s: the repository has no file %s at revision %s",
                       h->p->repo, file, h->p->revision);
    if (r->status == 429)
        return err_set(e, ERR_NETWORK,
                       "hub:%s: the hub answers that it was asked too often (429); wait a "
                       "little, or set HF_TOKEN",
                       h->p->repo);
    return err_set(e, ERR_NETWORK, "hub:%s: %s answers %ld", h->p->repo, url, r->status);
}

/* ask - q with redirects followed. away NULL: within the hub alone; a redirect to elsewhere is then
 * itself the answer, as its headers tell what was asked for. Else to other hosts too, without the
 * token, and *away says whether the answer is from one. */
static int ask(const struct hub *h, struct http_request *q, bool *away, struct http_reply *r,
               struct err *e)
{
    struct str url = STR_INIT;
    int rc = OK;
    str_cat(&url, q->url);
    for (int i = 0; i <= REDIRECTS; i++) {
        bool home = http_same_origin(url.s, h->endpoint);
        if ((rc = str_check(&url, e)))
            break;
        q->url = url.s;
        q->token = home && h->token.len ? h->token.s : NULL;
        if (away)
            *away = !home;
        rc = http_ask(q, r, e);
        if (rc || r->status < 300 || r->status >= 400 || !r->location.len)
            break;
        if (!away && ((r->linked_etag.len && r->linked_size >= 0) ||
                      !http_same_origin(r->location.s, h->endpoint)))
            break;
        if (i == REDIRECTS) {
            rc = err_set(e, ERR_NETWORK, "%s: more than %d redirects", url.s, REDIRECTS);
            break;
        }
        str_reset(&url);
        str_cat(&url, r->location.s);
    }
    q->url = NULL;
    str_release(&url);
    return rc;
}

static int listing_piece(void *ctx, const void *data, size_t n, struct err *e)
{
    struct str *text = ctx;
    if (text->len + n > LISTING_MAX)
        return err_set(e, ERR_NETWORK, "the hub's list of files is longer than %d MiB",
                       LISTING_MAX >> 20);
    str_catn(text, data, n);
    return str_check(text, e);
}

/* hub_listing - asks which commit the revision is and which files it has: {"sha", "siblings":
 * [{"rfilename"}]}. */
static int hub_listing(const struct hub *h, struct doc_tree *t, struct err *e)
{
    struct str url = STR_INIT, text = STR_INIT;
    struct err why = ERR_INIT;
    struct http_reply r;
    bool away = false;
    http_reply_init(&r);
    int rc = url_of_listing(h, &url, e);
    struct http_request q = {.url = url.s, .piece = listing_piece, .ctx = &text};
    if (!rc)
        rc = ask(h, &q, &away, &r, e);
    if (!rc && r.status != 200)
        rc = status_fail(h, &r, NULL, url.s, away, e);
    if (!rc && (rc = doc_parse_json(t, text.s, text.len, url.s, 1, &why))) {
        if (rc == ERR_NOMEM)
            *e = why;
        else
            rc = err_set(e, ERR_NETWORK, "%s: the answer is not the hub's: it is not JSON", url.s);
    }
    if (!rc) {
        const struct doc *sha = doc_get(t->root, "sha"), *files = doc_get(t->root, "siblings");
        if (!sha || sha->type != DOC_STRING || strlen(sha->s) != 40 ||
            strspn(sha->s, "0123456789abcdef") != 40 || !files || files->type != DOC_LIST)
            rc = err_set(e, ERR_NETWORK,
                         "%s: the answer is not the hub's: it has no \"sha\" or no "
                         "\"siblings\"",
                         url.s);
    }
    http_reply_release(&r);
    str_release(&url);
    str_release(&text);
    return rc;
}

/* One file on its way into blobs/. */
struct download {
    struct str part, buffer; /* blobs/<etag>.incomplete; what is not written yet */
    uint64_t have, size;     /* bytes of it, with the buffer; wanted */
    struct progress progress;
};

static int download_flush(struct download *d, struct err *e)
{
    int rc = str_check(&d->buffer, e);
    if (!rc && d->buffer.len)
        rc = file_append(d->part.s, d->buffer.s, d->buffer.len, e);
    str_reset(&d->buffer);
    return rc;
}

static int download_start(void *ctx, uint64_t at, struct err *e)
{
    struct download *d = ctx;
    if (at == d->have)
        return OK;
    /* The server does not do ranges, or did another one: from the beginning. */
    if (at != 0)
        return err_set(e, ERR_NETWORK, "the server went on at byte %llu, asked for %llu",
                       (unsigned long long)at, (unsigned long long)d->have);
    d->have = 0;
    str_reset(&d->buffer);
    return file_remove_tree(d->part.s, e);
}

static int download_piece(void *ctx, const void *data, size_t n, struct err *e)
{
    struct download *d = ctx;
    str_catn(&d->buffer, data, n);
    d->have += n;
    if (d->have > d->size)
        return err_set(e, ERR_NETWORK,
                       "the server sends more than the %llu bytes that it announced",
                       (unsigned long long)d->size);
    progress_step(&d->progress, (double)d->have, (double)d->have, NULL);
    return d->buffer.len >= PIECE ? download_flush(d, e) : str_check(&d->buffer, e);
}

/* download_run - until the server has nothing more to send. A connection that breaks is taken up
 * again. */
static int download_run(const struct hub *h, struct download *d, const char *file, struct err *e)
{
    struct str url = STR_INIT;
    struct http_reply r;
    int rc = url_of_file(h, file, &url, e);
    http_reply_init(&r);
    for (int tries = TRIES; !rc && d->have < d->size;) {
        uint64_t before = d->have;
        struct http_request q = {.url = url.s,
                                 .from = d->have,
                                 .start = download_start,
                                 .piece = download_piece,
                                 .ctx = d};
        struct err full = ERR_INIT;
        bool away = false;
        rc = ask(h, &q, &away, &r, e);
        if (download_flush(d, &full)) {
            *e = full;
            rc = full.code;
            break;
        }
        if (!rc && r.status != 200 && r.status != 206)
            rc = status_fail(h, &r, file, url.s, away, e);
        else if (!rc && d->have < d->size)
            rc = err_set(e, ERR_NETWORK, "the server sent %llu of %llu bytes",
                         (unsigned long long)d->have, (unsigned long long)d->size);
        else if (!rc)
            break;
        tries = d->have > before ? TRIES : tries - 1;
        if (rc == ERR_NETWORK && tries > 0 && (r.status == 200 || r.status == 206)) {
            struct timespec pause = {0, 200000000L};
            nanosleep(&pause, NULL);
            rc = stop_check(e);
        }
    }
    http_reply_release(&r);
    str_release(&url);
    return rc;
}

/* What the hub says of a file before it is fetched. */
struct head {
    struct str etag;
    uint64_t size;
};

static int hub_head(const struct hub *h, const char *file, struct head *head, struct err *e)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct str url = STR_INIT;
    struct http_reply r;
    http_reply_init(&r);
    int rc = url_of_file(h, file, &url, e);
    struct http_request q = {.url = url.s, .head = true};
    if (!rc)
        rc = ask(h, &q, NULL, &r, e);
    if (rc)
        goto out;
    if (r.status != 200 && !(r.status >= 300 && r.status < 400)) {
        rc = status_fail(h, &r, file, url.s, false, e);
        goto out;
    }
    const struct str *etag = r.linked_etag.len ? &r.linked_etag : &r.etag;
    int64_t size = r.linked_size >= 0 ? r.linked_size : r.status == 200 ? r.size : -1;
    /* It becomes a file's name. */
    if (!etag->len || etag->len > 128 || strspn(etag->s, letters) != etag->len ||
        etag->s[0] == '.' || size < 0) {
        rc = err_set(e, ERR_NETWORK, "%s: the answer is not the hub's: it has no ETag or no length",
                     url.s);
        goto out;
    }
    str_cat(&head->etag, etag->s);
    head->size = (uint64_t)size;
    rc = str_check(&head->etag, e);
out:
    http_reply_release(&r);
    str_release(&url);
    return rc;
}

/* blob_check - the length, and the sums that are known: the etag of a large file, the row's. */
static int blob_check(const struct hub *h, const struct download *d, const struct head *head,
                      const char *file, const char *sum, struct err *e)
{
    struct str what = STR_INIT;
    int rc = OK;
    str_addf(&what, "%s of hub:%s", file, h->p->repo);
    if (d->have != head->size)
        rc = err_set(e, ERR_NETWORK, "%s has %llu bytes, wanted %llu; nothing of it was kept",
                     what.s, (unsigned long long)d->have, (unsigned long long)head->size);
    if (!rc && source_sum_valid(head->etag.s))
        rc = source_sum_check(d->part.s, head->etag.s, what.s, e);
    if (!rc && sum)
        rc = source_sum_check(d->part.s, sum, what.s, e);
    str_release(&what);
    return rc;
}

static int blob_fetch(const struct hub *h, const struct head *head, const char *file,
                      const char *sum, const char *blob, struct err *e)
{
    struct download d = {STR_INIT, STR_INIT, 0, head->size, {0}};
    struct err ignored = ERR_INIT;
    char what[96];
    struct str label = STR_INIT;
    size_t size = 0;
    str_addf(&d.part, "%s.incomplete", blob);
    int rc = str_check(&d.part, e);
    if (!rc && file_exists(d.part.s))
        rc = file_size(d.part.s, &size, e);
    if (rc)
        goto out;
    d.have = size;
    if (d.have > head->size) {
        d.have = 0;
        if ((rc = file_remove_tree(d.part.s, e)))
            goto out;
    }
    str_addf(&label, "fetching %s", file);
    size_t n = label.len < sizeof what - 1 ? label.len : sizeof what - 1;
    memcpy(what, label.s, n);
    what[n] = '\0';
    if (head->size == 0 && (rc = file_write(d.part.s, "", 0, e)))
        goto out;
    progress_begin(&d.progress, h->o->log, what, (double)head->size, "bytes");
    rc = download_run(h, &d, file, e);
    progress_end(&d.progress, rc);
    if (rc)
        goto out;
    rc = blob_check(h, &d, head, file, sum, e);
    if (rc)
        file_remove_tree(d.part.s, &ignored);
    else
        rc = file_rename(d.part.s, blob, e);
out:
    str_release(&d.part);
    str_release(&d.buffer);
    str_release(&label);
    return rc;
}

static int parent_make(const char *path, struct err *e)
{
    struct str dir = STR_INIT;
    int rc = file_folder(&dir, path, e);
    if (!rc)
        rc = file_mkdirs(dir.s, e);
    str_release(&dir);
    return rc;
}

/* snapshot_link - snapshots/<commit>/<file> -> ../../blobs/<etag>; on a disk without symbolic
 * links, the file itself. */
static int snapshot_link(const char *file, const char *etag, const char *blob, const char *path,
                         struct err *e)
{
    struct str target = STR_INIT;
    int rc = parent_make(path, e);
    if (rc)
        return rc;
    for (const char *p = file; p; p = strchr(p, '/'))
        p += *p == '/', str_cat(&target, "../");
    str_addf(&target, "../blobs/%s", etag);
    rc = str_check(&target, e);
    if (!rc && symlink(target.s, path) && !file_exists(path))
        rc = file_link_or_copy(blob, path, e);
    str_release(&target);
    return rc;
}

static int file_fetch(const struct hub *h, const char *file, const char *sum, struct err *e)
{
    struct str path = STR_INIT, blob = STR_INIT, lock = STR_INIT;
    struct head head = {STR_INIT, 0};
    int fd = -1;
    int rc = hub_snapshot_path(h->p, file, &path, e);
    if (rc || file_exists(path.s))
        goto out;
    if ((rc = hub_head(h, file, &head, e)) ||
        (rc = hub_place_path(h->p, "blobs", head.etag.s, &blob, e)))
        goto out;
    str_addf(&lock, "%s/.locks/%s/%s.lock", h->p->cache.s, h->p->folder.s, head.etag.s);
    if ((rc = str_check(&lock, e)) || (rc = parent_make(lock.s, e)) ||
        (rc = parent_make(blob.s, e)) || (rc = source_lock(lock.s, file, h->o, &fd, e)))
        goto out;
    if (!file_exists(blob.s) && (rc = blob_fetch(h, &head, file, sum, blob.s, e)))
        goto out;
    rc = snapshot_link(file, head.etag.s, blob.s, path.s, e);
out:
    if (fd >= 0)
        file_unlock(fd);
    str_release(&path);
    str_release(&blob);
    str_release(&lock);
    str_release(&head.etag);
    return rc;
}

static bool is_weights(const char *name)
{
    return str_ends(name, ".safetensors");
}

/* model_wants - of a model's repository: configs, tokenizer, safetensors, from its top folder. */
static bool model_wants(const char *name)
{
    static const char *const names[] = {"config.json",
                                        "generation_config.json",
                                        "vocab.json",
                                        "merges.txt",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "model.safetensors.index.json",
                                        NULL};
    if (strchr(name, '/') || !source_name_safe(name))
        return false;
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return str_starts(name, "tokenizer") || !strcmp(name, "model.safetensors") ||
           (is_weights(name) && str_starts(name, "model-"));
}

static int model_fetch(const struct hub *h, const struct doc *siblings, struct err *e)
{
    bool any = false;
    int rc = OK;
    /* Twice through the list: weights last (source_hub.c, snapshot_whole). */
    for (int weights = 0; weights < 2; weights++)
        for (const struct doc *f = siblings->child; f && !rc; f = f->next) {
            const struct doc *name = doc_get(f, "rfilename");
            if (!name || name->type != DOC_STRING || !model_wants(name->s) ||
                is_weights(name->s) != (weights == 1))
                continue;
            any = any || is_weights(name->s);
            rc = file_fetch(h, name->s, NULL, e);
        }
    if (!rc && !any)
        rc = err_set(e, ERR_NETWORK,
                     "hub:%s has no model.safetensors; one .gguf file of a repository is "
                     "named by a row of assets.yaml (docs/assets.md)",
                     h->p->repo);
    return rc;
}

static int ref_write(const struct hub_place *p, struct err *e)
{
    struct str path = STR_INIT;
    int rc = OK;
    /* A commit is its own name. */
    if (strcmp(p->revision, p->commit.s) != 0 &&
        !(rc = hub_place_path(p, "refs", p->revision, &path, e)) && !(rc = parent_make(path.s, e)))
        rc = file_write(path.s, p->commit.s, p->commit.len, e);
    str_release(&path);
    return rc;
}

int hub_files_fetch(struct hub_place *p, const struct doc *files, const struct asset_options *o,
                    struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct hub h;
    int rc = hub_init(&h, p, o, e);
    if (!rc)
        rc = hub_listing(&h, &t, e);
    if (rc)
        goto out;
    str_reset(&p->commit);
    str_cat(&p->commit, doc_get(t.root, "sha")->s);
    rc = str_check(&p->commit, e);
    for (const struct doc *f = files ? files->child : NULL; f && !rc; f = f->next)
        rc = file_fetch(&h, hub_file_name(f), hub_file_sum(f), e);
    if (!rc && !files)
        rc = model_fetch(&h, doc_get(t.root, "siblings"), e);
    if (!rc)
        rc = ref_write(p, e);
out:
    doc_tree_release(&t);
    str_release(&h.token);
    return rc;
}
