/* hub_fetch.c - files of a repository into the shared cache, several at once.
 *
 *     heads (etag, size)  ->  bytes into blobs/, from where an earlier try ended  ->  snapshot
 * links
 *
 * The first two are done by several threads, the links by one, in the order of the list. A file
 * that fails ends the others; what came of them stays, and the next call goes on from there. An
 * etag is the sum of its file, of a large one its SHA-256, of a small one git's, and is checked. */
#include "store/hub_ask.h"
#include "store/source.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    AT_ONCE = 4,    /* files that are asked for at the same time */
    PIECE = 1 << 20 /* bytes kept before they are written */
};

/* A file that is wanted. */
struct item {
    const char *file, *sum; /* sum: of the row, or NULL */
    struct str path, blob;  /* snapshots/<commit>/<file>; blobs/<etag> */
    struct head head;
    bool there;  /* nothing is to be fetched */
    bool second; /* another item has the same bytes */
    bool adopts; /* its blob is there and whole, of another revision or an earlier try */
};

/* What all threads of a fetch share; h->lock is its lock. */
struct crew {
    struct hub *h;
    struct item *items;
    size_t n, next;
    int (*step)(struct crew *c, struct item *it, struct err *e);
    int rc; /* of the first that failed */
    struct err e;
    struct progress progress;
    double have, got;     /* bytes, with those of earlier tries; of this one alone */
    size_t whole, wanted; /* files */
};

/* One file on its way into blobs/. */
struct download {
    struct crew *crew;
    struct str part, buffer; /* blobs/<etag>.incomplete; what is not written yet */
    uint64_t have, size;     /* bytes of it, with the buffer; wanted */
};

/* came - n bytes more; also fewer, where one begins anew. */
static void came(struct crew *c, double n, double got)
{
    char note[48];
    pthread_mutex_lock(&c->h->lock);
    c->have += n;
    c->got += got;
    snprintf(note, sizeof note, "%zu of %zu files", c->whole, c->wanted);
    progress_step(&c->progress, c->have, c->got, c->wanted > 1 ? note : NULL);
    pthread_mutex_unlock(&c->h->lock);
}

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
    came(d->crew, -(double)d->have, 0);
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
    came(d->crew, (double)n, (double)n);
    return d->buffer.len >= PIECE ? download_flush(d, e) : str_check(&d->buffer, e);
}

/* download_run - until the server has nothing more to send. A connection that breaks is taken up
 * again; bytes that are not the file's end it. The sentence names the repository and the file. */
static int download_run(struct hub *h, struct download *d, const char *file, struct err *e)
{
    struct http_reply r;
    int rc = OK;
    http_reply_init(&r);
    for (int tries = HUB_TRIES; !rc && d->have < d->size;) {
        uint64_t before = d->have;
        struct http_request q = {
            .from = d->have, .start = download_start, .piece = download_piece, .ctx = d};
        struct err full = ERR_INIT;
        rc = hub_body(h, file, &q, &r, e);
        if (download_flush(d, &full)) {
            *e = full;
            rc = full.code;
            break;
        }
        bool more = r.cut;
        if (!rc && d->have < d->size) {
            more = true;
            rc = err_set(e, ERR_NETWORK, "the server sent %llu of %llu bytes",
                         (unsigned long long)d->have, (unsigned long long)d->size);
        }
        tries = d->have > before ? HUB_TRIES : tries - 1;
        if (rc == ERR_NETWORK && tries > 0 && more)
            rc = hub_breathe(h, e);
    }
    if (rc == ERR_NETWORK && !str_starts(e->msg, "hub:"))
        err_wrap(e, "hub:%s: %s", h->p->repo, file);
    http_reply_release(&r);
    return rc;
}

/* blob_check - the length, and the sums that are known: the etag's, the row's. */
static int blob_check(const struct hub *h, const struct download *d, const struct item *it,
                      struct err *e)
{
    const char *etag = it->head.etag.s;
    struct str what = STR_INIT;
    char sum[HASH_HEX];
    int rc = OK;
    str_addf(&what, "%s of hub:%s", it->file, h->p->repo);
    if (d->have != it->head.size)
        rc = err_set(e, ERR_NETWORK, "%s has %llu bytes, wanted %llu; nothing of it was kept",
                     what.s, (unsigned long long)d->have, (unsigned long long)it->head.size);
    if (!rc && hub_sum_known(etag) && !(rc = hub_sum(d->part.s, etag, sum, e)) &&
        strcmp(sum, etag) != 0)
        rc = err_set(e, ERR_NETWORK, "%s has the %s %s, wanted %s; nothing of it was kept", what.s,
                     source_sum_valid(etag) ? "SHA-256" : "git hash", sum, etag);
    if (!rc && it->sum)
        rc = source_sum_check(d->part.s, it->sum, what.s, e);
    str_release(&what);
    return rc;
}

static int blob_fetch(struct crew *c, const struct item *it, struct err *e)
{
    struct download d = {c, STR_INIT, STR_INIT, 0, it->head.size};
    struct err ignored = ERR_INIT;
    size_t size = 0;
    str_addf(&d.part, "%s.incomplete", it->blob.s);
    int rc = str_check(&d.part, e);
    if (!rc && file_exists(d.part.s))
        rc = file_size(d.part.s, &size, e);
    if (rc)
        goto out;
    d.have = size;
    if (d.have > d.size) {
        d.have = 0;
        if ((rc = file_remove_tree(d.part.s, e)))
            goto out;
    }
    came(c, (double)d.have, 0);
    if (d.size == 0 && (rc = file_write(d.part.s, "", 0, e)))
        goto out;
    rc = download_run(c->h, &d, it->file, e);
    if (rc)
        goto out;
    rc = blob_check(c->h, &d, it, e);
    if (rc)
        file_remove_tree(d.part.s, &ignored);
    else
        rc = file_rename(d.part.s, it->blob.s, e);
out:
    str_release(&d.part);
    str_release(&d.buffer);
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

/* blob_adopt - whether what lies at the blob's place is what its name and the head say. What is not
 * stays until the file that is fetched takes its place. */
static int blob_adopt(struct item *it, struct err *e)
{
    const char *etag = it->head.etag.s;
    char sum[HASH_HEX];
    size_t size = 0;
    int rc = file_size(it->blob.s, &size, e);
    it->adopts = !rc && size == it->head.size;
    if (!rc && it->adopts && hub_sum_known(etag) && !(rc = hub_sum(it->blob.s, etag, sum, e)))
        it->adopts = !strcmp(sum, etag);
    return rc;
}

/* item_head - a step of the crew. */
static int item_head(struct crew *c, struct item *it, struct err *e)
{
    int rc = OK;
    if (it->there || (rc = hub_head(c->h, it->file, &it->head, e)) ||
        (rc = hub_place_path(c->h->p, "blobs", it->head.etag.s, &it->blob, e)) ||
        !file_exists(it->blob.s))
        return rc;
    return blob_adopt(it, e);
}

/* row_refused - a file that is whole, and not the one that the row wants. */
static int row_refused(const struct hub *h, const struct item *it, struct err *e)
{
    char sum[HASH_HEX];
    int rc = hash_file(it->blob.s, sum, e);
    if (!rc && strcmp(sum, it->sum) != 0)
        rc = err_set(e, ERR_NETWORK, "%s of hub:%s has the SHA-256 %s, wanted %s", it->file,
                     h->p->repo, sum, it->sum);
    return rc;
}

/* blob_renew - what is not there, or damaged, is fetched; another process may have done it. */
static int blob_renew(struct crew *c, struct item *it, struct err *e)
{
    if (file_exists(it->blob.s)) {
        int rc = blob_adopt(it, e);
        if (rc || it->adopts)
            return rc;
        if (c->h->o->log)
            log_warn(c->h->o->log, "%s: is damaged, and is fetched again", it->blob.s);
    }
    return blob_fetch(c, it, e);
}

/* item_body - a step of the crew. */
static int item_body(struct crew *c, struct item *it, struct err *e)
{
    const struct hub_place *p = c->h->p;
    struct str lock = STR_INIT;
    int fd = -1, rc = OK;
    if (it->there || it->second)
        return OK;
    if (it->adopts)
        return it->sum ? row_refused(c->h, it, e) : OK;
    str_addf(&lock, "%s/.locks/%s/%s.lock", p->cache.s, p->folder.s, it->head.etag.s);
    if (!(rc = str_check(&lock, e)) && !(rc = parent_make(lock.s, e)) &&
        !(rc = parent_make(it->blob.s, e)) &&
        !(rc = source_lock(lock.s, it->file, c->h->o, &fd, e)))
        rc = blob_renew(c, it, e);
    if (fd >= 0)
        file_unlock(fd);
    str_release(&lock);
    if (!rc && it->adopts && it->sum)
        rc = row_refused(c->h, it, e);
    if (!rc) {
        pthread_mutex_lock(&c->h->lock);
        c->whole++;
        pthread_mutex_unlock(&c->h->lock);
    }
    return rc;
}

static void *crew_work(void *arg)
{
    struct crew *c = arg;
    for (;;) {
        struct err e = ERR_INIT;
        pthread_mutex_lock(&c->h->lock);
        size_t i = c->rc ? c->n : c->next;
        c->next++;
        pthread_mutex_unlock(&c->h->lock);
        if (i >= c->n)
            return NULL;
        int rc = c->step(c, &c->items[i], &e);
        pthread_mutex_lock(&c->h->lock);
        if (rc && !c->rc) {
            c->rc = rc;
            c->e = e;
            c->h->quit = true;
        }
        pthread_mutex_unlock(&c->h->lock);
    }
}

/* crew_run - the step for every item, until one fails. */
static int crew_run(struct crew *c, int (*step)(struct crew *, struct item *, struct err *),
                    struct err *e)
{
    pthread_t threads[AT_ONCE - 1];
    size_t n = 0;
    c->step = step;
    c->next = 0;
    while (n < AT_ONCE - 1 && n + 1 < c->n && !pthread_create(&threads[n], NULL, crew_work, c))
        n++;
    crew_work(c);
    while (n)
        pthread_join(threads[--n], NULL);
    if (c->rc)
        *e = c->e;
    return c->rc;
}

/* crew_begin - what is to be fetched, and how much that is. */
static void crew_begin(struct crew *c)
{
    struct str what = STR_INIT;
    const char *only = "";
    double bytes = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct item *it = &c->items[i];
        for (size_t k = 0; k < i && !it->there && !it->second; k++)
            it->second = !c->items[k].there && !strcmp(c->items[k].blob.s, it->blob.s);
        if (it->there || it->second || it->adopts)
            continue;
        bytes += (double)it->head.size;
        c->wanted++;
        only = it->file;
    }
    if (c->wanted > 1)
        str_addf(&what, "fetching hub:%s", c->h->p->repo);
    else
        str_addf(&what, "fetching %s", only);
    progress_begin(&c->progress, c->wanted ? c->h->o->log : NULL, what.s, bytes, "bytes");
    str_release(&what);
}

static int items_fetch(struct hub *h, struct item *items, size_t n, struct err *e)
{
    struct crew c = {.h = h, .items = items, .n = n, .e = ERR_INIT};
    struct err ignored = ERR_INIT;
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++) {
        rc = hub_snapshot_path(h->p, items[i].file, &items[i].path, e);
        items[i].there = !rc && file_exists(items[i].path.s);
    }
    if (!rc)
        rc = crew_run(&c, item_head, e);
    if (rc)
        return rc;
    crew_begin(&c);
    rc = crew_run(&c, item_body, e);
    progress_end(&c.progress, rc);
    for (size_t i = 0; i < n; i++) {
        const struct item *it = &items[i];
        if (it->there)
            continue;
        if (!file_exists(it->blob.s))
            break;
        int bad =
            snapshot_link(it->file, it->head.etag.s, it->blob.s, it->path.s, rc ? &ignored : e);
        rc = rc ? rc : bad;
        if (bad)
            break;
    }
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
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return false;
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return str_starts(name, "tokenizer") || !strcmp(name, "model.safetensors") ||
           (is_weights(name) && str_starts(name, "model-"));
}

const char *hub_answer_wanted(const struct doc *file)
{
    const struct doc *name = doc_get(file, "rfilename");
    return name && name->type == DOC_STRING && model_wants(name->s) ? name->s : NULL;
}

/* items_add - name and sum borrowed; items has room. */
static void items_add(struct item *items, size_t *n, const char *file, const char *sum)
{
    items[(*n)++] = (struct item){
        .file = file, .sum = sum, .path = STR_INIT, .blob = STR_INIT, .head = {STR_INIT, 0}};
}

static int model_items(const struct hub *h, const struct doc *siblings, struct item *items,
                       size_t *n, struct err *e)
{
    bool any = false;
    /* Twice through the list: weights last (source_hub.c, snapshot_whole). */
    for (int weights = 0; weights < 2; weights++)
        for (const struct doc *f = siblings->child; f; f = f->next) {
            const char *name = hub_answer_wanted(f);
            if (!name || is_weights(name) != (weights == 1))
                continue;
            any = any || is_weights(name);
            items_add(items, n, name, NULL);
        }
    if (!any)
        return err_set(e, ERR_NETWORK,
                       "hub:%s has no model.safetensors; one .gguf file of a repository is "
                       "named by a row of assets.yaml (docs/assets.md)",
                       h->p->repo);
    return OK;
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
    struct item *items = NULL;
    size_t n = 0;
    struct hub h;
    int rc = hub_init(&h, p, o, e);
    if (!rc)
        rc = hub_listing(&h, &t, e);
    if (rc)
        goto out;
    const struct doc *siblings = doc_get(t.root, "siblings");
    str_reset(&p->commit);
    str_cat(&p->commit, doc_get(t.root, "sha")->s);
    if ((rc = str_check(&p->commit, e)) ||
        !(items = mem_alloc(files ? files->n : siblings->n, sizeof *items, e))) {
        rc = rc ? rc : ERR_NOMEM;
        goto out;
    }
    for (const struct doc *f = files ? files->child : NULL; f; f = f->next)
        items_add(items, &n, hub_file_name(f), hub_file_sum(f));
    if (!files)
        rc = model_items(&h, siblings, items, &n, e);
    if (!rc)
        rc = items_fetch(&h, items, n, e);
    if (!rc)
        rc = ref_write(p, e);
out:
    for (size_t i = 0; i < n; i++) {
        str_release(&items[i].path);
        str_release(&items[i].blob);
        str_release(&items[i].head.etag);
    }
    mem_free(items);
    doc_tree_release(&t);
    hub_release(&h);
    return rc;
}
