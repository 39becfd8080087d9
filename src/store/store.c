/* store.c - jobs: taken, finished, failed, left; their folders.
 *
 *     (nothing) --store_begin--> work/<hash>, locked --store_finish--> jobs/<hash>
 *                  ^                |           |
 *                  |                |           +--store_fail--> work/<hash> and failed/<hash>.json
 *                  +--store_begin---+--store_leave, a killed process--> work/<hash>, not locked
 *
 * The invariants of store.h, by number where they are kept. */
#include "store/index.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct store {
    struct str dir;
    struct index *index; /* NULL until it is asked for */
};

static const char *const store_folders[] = {"jobs", "work", "failed", "studies"};

int store_view(struct store **out, const char *runs, struct err *e)
{
    struct store *s = mem_zalloc(1, sizeof *s, e);
    *out = NULL;
    if (!s)
        return e->code;
    str_init(&s->dir);
    str_cat(&s->dir, runs);
    while (s->dir.len > 1 && s->dir.s[s->dir.len - 1] == '/')
        s->dir.s[--s->dir.len] = '\0';
    int rc = str_check(&s->dir, e);
    if (rc) {
        store_close(s);
        return err_wrap(e, "runs folder");
    }
    *out = s;
    return OK;
}

int store_open(struct store **out, const char *runs, struct err *e)
{
    struct str path = STR_INIT;
    int rc = store_view(out, runs, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof store_folders / sizeof *store_folders && !rc; i++) {
        str_path(&path, (*out)->dir.s, store_folders[i]);
        rc = str_check(&path, e);
        if (!rc && !file_is_dir(path.s))
            rc = file_mkdirs(path.s, e);
    }
    str_release(&path);
    if (rc) {
        store_close(*out);
        *out = NULL;
        return err_wrap(e, "runs folder");
    }
    return OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    index_close(s->index);
    str_release(&s->dir);
    mem_free(s);
}

const char *store_dir(const struct store *s)
{
    return s->dir.s;
}

bool store_hash_valid(const char *hash)
{
    size_t n = strspn(hash, "0123456789abcdef");
    return n == HASH_HEX - 1 && !hash[n];
}

/* path_of - "<runs>/<folder>/<hash><tail>" as the whole of out. */
static int path_of(const struct store *s, const char *folder, const char *hash, const char *tail,
                   struct str *out, struct err *e)
{
    BUG_ON(!store_hash_valid(hash));
    str_reset(out);
    str_addf(out, "%s/%s/%s%s", s->dir.s, folder, hash, tail);
    return str_check(out, e);
}

bool store_has(const struct store *s, const char *hash)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    /* (1): that the folder is there says that it is whole. */
    bool has = !path_of(s, "jobs", hash, "", &path, &ignored) && file_is_dir(path.s);
    str_release(&path);
    return has;
}

void store_job_path(const struct store *s, const char *hash, const char *name, struct str *out)
{
    BUG_ON(!store_hash_valid(hash));
    str_addf(out, "%s/jobs/%s", s->dir.s, hash);
    if (name)
        str_addf(out, "/%s", name);
}

static void work_clear(struct store_work *w)
{
    if (w->dir.s)
        str_release(&w->dir);
    memset(w, 0, sizeof *w);
}

/* lock_is_at - whether the locked file is still the one that path names. */
static bool lock_is_at(int fd, const char *path)
{
    struct stat held, named;
    return !fstat(fd, &held) && !stat(path, &named) && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

/* work_lock - one attempt: *fd < 0 where another process has it, or where the folder went away
 * between its making and its locking (with OK or an error, as it happens). */
static int work_lock(const char *dir, const char *lock, int *fd, struct err *e)
{
    *fd = -1;
    int rc = file_mkdirs(dir, e);
    if (!rc)
        rc = file_lock(lock, false, fd, e);
    if (*fd >= 0 && !lock_is_at(*fd, lock)) {
        /* The folder was renamed into jobs/ under us: what we hold is the lock of nothing. */
        file_unlock(*fd);
        *fd = -1;
    }
    return rc;
}

static int work_note(const struct store_work *w, const char *kind, const char *label,
                     const char *study, struct err *e)
{
    struct str text = STR_INIT;
    struct js j;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    js_init(&j, &text);
    js_open(&j, '{');
    js_key(&j, "hash"), js_str(&j, w->hash);
    js_key(&j, "kind"), js_str(&j, kind);
    js_key(&j, "label"), js_str(&j, label);
    js_key(&j, "study"), js_str(&j, study);
    js_key(&j, "host"), js_str(&j, host);
    js_key(&j, "pid"), js_int(&j, (int64_t)getpid());
    js_key(&j, "started"), js_int(&j, (int64_t)time(NULL));
    js_close(&j, '}');
    str_addc(&text, '\n');
    int rc = file_write_in(w->dir.s, "work.json", &text, e);
    str_release(&text);
    return rc;
}

/* work_clean - take out of the folder what is not to go into jobs/: at its top the note and the
 * checkpoint, everywhere leftovers. */
static int work_clean(const char *dir, bool top, struct err *e)
{
    struct str path = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    int rc = file_list(dir, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        str_path(&path, dir, names[i]);
        if ((rc = str_check(&path, e)))
            break;
        if (file_is_leftover(names[i]) ||
            (top && (!strcmp(names[i], "work.json") || str_starts(names[i], "checkpoint"))))
            rc = file_remove_tree(path.s, e);
        else if (file_is_dir(path.s))
            rc = work_clean(path.s, false, e);
    }
    mem_free(names);
    str_release(&path);
    return rc;
}

/* work_publish - the folder holds job.json and result.json: take out what no one needs any more,
 * rename it into jobs/ while it is still locked (3), then let go. Killed anywhere in here,
 * store_begin does the rest: everything that is to be in jobs/ is on disk before the first line
 * runs (1). */
static int work_publish(const struct store *s, struct store_work *w, struct err *e)
{
    struct str job = STR_INIT, path = STR_INIT;
    struct err ignored = ERR_INIT;
    int rc = work_clean(w->dir.s, true, e);
    if (!rc)
        rc = path_of(s, "jobs", w->hash, "", &job, e);
    if (rc)
        goto out;
    if (!file_is_dir(job.s) && (rc = file_rename(w->dir.s, job.s, e)))
        goto out;
    /* Done. What is left to do is tidiness, and no failure of it makes the job undone. The lock
     * file came along; until it is gone no one looks for it here (2). */
    str_path(&path, job.s, "lock");
    file_remove_tree(path.s, &ignored);
    if (!path_of(s, "failed", w->hash, ".json", &path, &ignored))
        file_remove_tree(path.s, &ignored);
    file_unlock(w->lock);
    work_clear(w);
out:
    str_release(&job);
    str_release(&path);
    return rc;
}

static bool work_holds(const struct store_work *w, const char *name)
{
    struct str path = STR_INIT;
    str_path(&path, w->dir.s, name);
    bool has = !path.failed && file_exists(path.s);
    str_release(&path);
    return has;
}

static void wait_ms(long ms)
{
    struct timespec t = {0, ms * 1000000L};
    nanosleep(&t, NULL);
}

int store_begin(struct store *s, const char *hash, const char *kind, const char *label,
                const char *study, struct store_work *w, bool *busy, struct err *e)
{
    /* A listing holds a lock for a moment to see whether it is free, so "busy" is believed at the
     * third time; and so is an error, which may come of a folder that another renames into jobs/
     * under us. */
    enum { ATTEMPTS = 3, PAUSE_MS = 10 };
    struct str lock = STR_INIT;
    int rc;
    memset(w, 0, sizeof *w);
    str_init(&w->dir);
    w->lock = -1;
    *busy = false;
    rc = path_of(s, "work", hash, "/lock", &lock, e);
    if (!rc)
        rc = path_of(s, "work", hash, "", &w->dir, e);
    if (rc)
        goto out;
    for (int i = 0; i < ATTEMPTS && !store_has(s, hash); i++) {
        if (i)
            wait_ms(PAUSE_MS);
        rc = work_lock(w->dir.s, lock.s, &w->lock, e);
        if (w->lock >= 0 || (rc && rc != ERR_IO))
            break;
    }
    if (rc == ERR_IO && store_has(s, hash))
        rc = OK;
    if (rc)
        goto out;
    if (w->lock < 0) {
        *busy = true;
        goto out;
    }
    memcpy(w->hash, hash, HASH_HEX);
    if (store_has(s, hash)) {
        /* Finished by another after our mkdirs made its work folder anew. */
        struct err ignored = ERR_INIT;
        file_remove_tree(w->dir.s, &ignored);
        *busy = true;
        goto out;
    }
    if (work_holds(w, "job.json") && work_holds(w, "result.json")) {
        rc = work_publish(s, w, e);
        *busy = !rc;
        goto out;
    }
    rc = work_note(w, kind, label, study, e);
out:
    str_release(&lock);
    if (rc || *busy) {
        if (w->lock >= 0 && w->dir.s)
            file_unlock(w->lock);
        work_clear(w);
    }
    return rc ? err_wrap(e, "job %.12s", hash) : OK;
}

static int work_write(const struct store_work *w, const char *name, const char *text, struct err *e)
{
    struct str line = STR_INIT;
    str_cat(&line, text);
    if (!str_ends(text, "\n"))
        str_addc(&line, '\n');
    int rc = file_write_in(w->dir.s, name, &line, e);
    str_release(&line);
    return rc;
}

int store_finish(struct store *s, struct store_work *w, const char *job_json,
                 const char *result_json, struct err *e)
{
    BUG_ON(!w->hash[0]);
    /* result.json is the last file to come: with it in place the job can be published by anyone. */
    int rc = work_write(w, "job.json", job_json, e);
    if (!rc)
        rc = work_write(w, "result.json", result_json, e);
    if (!rc)
        rc = work_publish(s, w, e);
    return rc;
}

int store_fail(struct store *s, struct store_work *w, const struct err *why, struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct doc_tree note = DOC_TREE_INIT;
    struct err ignored = ERR_INIT;
    const char *kind = "", *label = "", *study = "";
    struct js j;
    BUG_ON(!w->hash[0]);
    str_path(&path, w->dir.s, "work.json");
    if (!str_check(&path, &ignored) && !doc_read_json(&note, path.s, &ignored)) {
        (void)doc_opt_str(note.root, "kind", &kind, &ignored);
        (void)doc_opt_str(note.root, "label", &label, &ignored);
        (void)doc_opt_str(note.root, "study", &study, &ignored);
    }
    js_init(&j, &text);
    js_open(&j, '{');
    js_key(&j, "hash"), js_str(&j, w->hash);
    js_key(&j, "kind"), js_str(&j, kind);
    js_key(&j, "label"), js_str(&j, label);
    js_key(&j, "study"), js_str(&j, study);
    js_key(&j, "code"), js_int(&j, why->code);
    js_key(&j, "error"), js_str(&j, why->msg);
    js_key(&j, "finished"), js_int(&j, (int64_t)time(NULL));
    js_close(&j, '}');
    str_addc(&text, '\n');
    int rc = path_of(s, "failed", w->hash, ".json", &path, e);
    if (!rc)
        rc = str_check(&text, e);
    if (!rc)
        rc = file_write(path.s, text.s, text.len, e);
    doc_tree_release(&note);
    str_release(&path);
    str_release(&text);
    store_leave(s, w);
    return rc;
}

void store_leave(struct store *s, struct store_work *w)
{
    (void)s;
    if (!w->hash[0])
        return;
    file_unlock(w->lock);
    work_clear(w);
}

void store_job_advise(const char *dir, struct err *e)
{
    struct err why = *e;
    err_set(e, why.code, "%.600s; delete %s and run the study again, which computes it anew",
            why.msg, strstr(why.msg, dir) ? "that folder" : dir);
}

int store_job_broken(const struct store *s, const char *hash, struct err *e)
{
    struct str dir = STR_INIT;
    store_job_path(s, hash, NULL, &dir);
    store_job_advise(dir.failed ? "the job's folder" : dir.s, e);
    str_release(&dir);
    return e->code;
}

int store_result(const struct store *s, const char *hash, struct doc_tree *t, struct err *e)
{
    struct str path = STR_INIT;
    int rc = path_of(s, "jobs", hash, "/result.json", &path, e);
    if (!rc)
        rc = doc_read_json(t, path.s, e);
    str_release(&path);
    return rc == ERR_INPUT ? store_job_broken(s, hash, e) : rc;
}

int store_study_hold(const char *dir, int *fd, struct err *e)
{
    struct str path = STR_INIT;
    *fd = -1;
    str_path(&path, dir, ".lock");
    int rc = str_check(&path, e);
    if (!rc)
        rc = file_lock(path.s, true, fd, e);
    str_release(&path);
    return rc;
}

int store_study_clear(const char *dir, struct err *e)
{
    static const char *const made[] = {"report.html", "results.csv", "curves.csv", "figures",
                                       "predictions.csv"};
    struct str path = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < sizeof made / sizeof *made && !rc; i++) {
        str_path(&path, dir, made[i]);
        rc = str_check(&path, e);
        if (!rc)
            rc = file_remove_tree(path.s, e);
    }
    str_release(&path);
    return rc;
}

static int store_index_open(struct store *s, struct err *e)
{
    return s->index ? OK : index_open(&s->index, s->dir.s, e);
}

int store_index(struct store *s, size_t *jobs, struct err *e)
{
    int rc = store_index_open(s, e);
    return rc ? rc : index_rebuild(s->index, jobs, e);
}

int store_list(struct store *s, const char *match,
               int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
               struct err *e)
{
    int rc = store_index_open(s, e);
    if (!rc)
        rc = index_sync(s->index, e);
    return rc ? rc : index_list(s->index, match, each, ctx, e);
}

int store_find(struct store *s, const char *prefix, char hash[HASH_HEX], struct err *e)
{
    int rc = store_index_open(s, e);
    if (!rc)
        rc = index_sync(s->index, e);
    return rc ? rc : index_find(s->index, prefix, hash, e);
}
