/* index.c - the runs folder as rows of SQLite. To add a column: here in three places, marked
 * "column".
 *
 * Who may write the file at a time is settled by index.lock, not by SQLite, so that a broken file
 * can be taken away without another process holding on to half of it. */
#include "store/finding.h"
#include "store/index.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/* Raised with every change of the table: an index of another number is made anew. */
#define INDEX_FORMAT 3
#define TEXT_OF(x)   #x
#define TEXT(x)      TEXT_OF(x)

/* column */
static const char index_table[] =
    "CREATE TABLE job(hash TEXT PRIMARY KEY, state TEXT NOT NULL, kind TEXT NOT NULL, label TEXT "
    "NOT NULL,"
    " study TEXT NOT NULL, error TEXT NOT NULL, seconds REAL, accuracy REAL, at INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, stamp INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = " TEXT(INDEX_FORMAT);

enum { BUSY_MS = 10000 };

struct index {
    struct str dir;
    sqlite3 *db;
    uint64_t seen_ino; /* of the file that db has open */
    bool in_memory;    /* the file cannot be used: this process has its own */
    /* while it is filled: rows of finished jobs, by hash; those before `at` have been looked at */
    struct known *known;
    size_t n_known, cap_known, at;
};

struct known {
    char hash[HASH_HEX];
    int64_t stamp; /* of the files it was read from */
};

int index_open(struct index **out, const char *runs, struct err *e)
{
    struct index *x = mem_zalloc(1, sizeof *x, e);
    *out = NULL;
    if (!x)
        return e->code;
    str_init(&x->dir);
    str_cat(&x->dir, runs);
    int rc = str_check(&x->dir, e);
    if (rc)
        index_close(x);
    else
        *out = x;
    return rc;
}

void index_close(struct index *x)
{
    if (!x)
        return;
    sqlite3_close(x->db);
    str_release(&x->dir);
    mem_free(x->known);
    mem_free(x);
}

static int index_fail(const struct index *x, struct err *e)
{
    return err_set(e, ERR_IO, "%s/index.sqlite: %s", x->dir.s, sqlite3_errmsg(x->db));
}

static int index_exec(struct index *x, const char *sql, struct err *e)
{
    return sqlite3_exec(x->db, sql, NULL, NULL, NULL) ? index_fail(x, e) : OK;
}

static int index_prepare(struct index *x, const char *sql, sqlite3_stmt **s, struct err *e)
{
    return sqlite3_prepare_v2(x->db, sql, -1, s, NULL) ? index_fail(x, e) : OK;
}

static const char *column_text(sqlite3_stmt *s, int i)
{
    const unsigned char *t = sqlite3_column_text(s, i);
    return t ? (const char *)t : "";
}

/* column */
static int index_put(struct index *x, const struct finding *f, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = index_prepare(x, "INSERT OR REPLACE INTO job VALUES(?,?,?,?,?,?,?,?,?,?,?)", &s, e);
    if (rc)
        return rc;
    const char *text[] = {f->hash,      f->row.state, f->row.kind,
                          f->row.label, f->row.study, f->row.error};
    for (int i = 0; i < 6; i++)
        sqlite3_bind_text(s, i + 1, text[i], -1, SQLITE_STATIC);
    /* SQLite keeps a NaN as NULL */
    sqlite3_bind_double(s, 7, f->row.seconds);
    sqlite3_bind_double(s, 8, f->row.accuracy);
    sqlite3_bind_int64(s, 9, f->row.when);
    sqlite3_bind_int64(s, 10, (sqlite3_int64)f->row.bytes);
    sqlite3_bind_int64(s, 11, f->stamp);
    if (sqlite3_step(s) != SQLITE_DONE)
        rc = index_fail(x, e);
    sqlite3_finalize(s);
    return rc;
}

static int index_state(struct index *x, const char *hash, char state[16], struct err *e)
{
    sqlite3_stmt *s = NULL;
    state[0] = '\0';
    int rc = index_prepare(x, "SELECT state FROM job WHERE hash = ?", &s, e);
    if (rc)
        return rc;
    sqlite3_bind_text(s, 1, hash, -1, SQLITE_STATIC);
    int got = sqlite3_step(s);
    if (got == SQLITE_ROW) {
        const char *t = (const char *)sqlite3_column_text(s, 0);
        size_t n = t ? strnlen(t, 15) : 0;
        memcpy(state, t ? t : "", n);
        state[n] = '\0';
    } else if (got != SQLITE_DONE) {
        rc = index_fail(x, e);
    }
    sqlite3_finalize(s);
    return rc;
}

/* index_know - which finished jobs have rows. */
static int index_know(struct index *x, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int got = SQLITE_DONE;
    x->n_known = x->at = 0;
    int rc =
        index_prepare(x, "SELECT hash, stamp FROM job WHERE state = 'done' ORDER BY hash", &s, e);
    if (rc)
        return rc;
    while (!rc && (got = sqlite3_step(s)) == SQLITE_ROW) {
        const char *hash = column_text(s, 0);
        rc = mem_grow(&x->known, &x->cap_known, x->n_known + 1, sizeof *x->known, e);
        if (rc)
            break;
        struct known *k = &x->known[x->n_known++];
        memset(k, 0, sizeof *k);
        memcpy(k->hash, hash, strnlen(hash, HASH_HEX - 1));
        k->stamp = sqlite3_column_int64(s, 1);
    }
    if (!rc && got != SQLITE_DONE)
        rc = index_fail(x, e);
    sqlite3_finalize(s);
    return rc;
}

/* index_forget - the rows of finished jobs from `at` up to hash (NULL: all that are left), whose
 * folders are gone. */
static int index_forget(struct index *x, const char *hash, struct err *e)
{
    int rc = OK;
    for (; !rc && x->at < x->n_known; x->at++) {
        sqlite3_stmt *s = NULL;
        if (hash && strcmp(x->known[x->at].hash, hash) >= 0)
            break;
        rc = index_prepare(x, "DELETE FROM job WHERE hash = ?", &s, e);
        if (!rc) {
            sqlite3_bind_text(s, 1, x->known[x->at].hash, -1, SQLITE_STATIC);
            rc = sqlite3_step(s) == SQLITE_DONE ? OK : index_fail(x, e);
            sqlite3_finalize(s);
        }
    }
    return rc;
}

static int done_read(struct index *x, const char *hash, int64_t stamp, struct err *e)
{
    struct finding f;
    struct err why = ERR_INIT;
    finding_init(&f, hash, "done");
    f.stamp = stamp;
    str_addf(&f.dir, "%s/jobs/%s", x->dir.s, hash);
    int rc = str_check(&f.dir, e);
    if (rc || (rc = finding_read(&f, &f.job, "job.json", e)) ||
        (rc = finding_read(&f, &f.result, "result.json", e)) ||
        (rc = finding_size(f.dir.s, &f.row.bytes, e)))
        goto out;
    if (*f.row.error) {
        err_set(&why, ERR_INPUT, "%s", f.row.error);
        store_job_advise(f.dir.s, &why);
        f.row.error = why.msg;
    }
    rc = index_put(x, &f, e);
out:
    finding_release(&f);
    return rc;
}

/* take_done - come in the order of their hashes. What has the stamp of its row is not opened. */
static int take_done(struct index *x, const char *hash, struct err *e)
{
    struct str dir = STR_INIT;
    int64_t stamp = 0;
    str_addf(&dir, "%s/jobs/%s", x->dir.s, hash);
    int rc = finding_stamp(dir.s, &stamp, e);
    str_release(&dir);
    if (!rc)
        rc = index_forget(x, hash, e);
    if (rc)
        return rc;
    if (x->at < x->n_known && !strcmp(x->known[x->at].hash, hash) &&
        x->known[x->at++].stamp == stamp)
        return OK;
    return done_read(x, hash, stamp, e);
}

static int take_failed(struct index *x, const char *hash, struct err *e)
{
    char state[16];
    struct finding f;
    int rc = index_state(x, hash, state, e);
    if (rc || state[0])
        return rc;
    finding_init(&f, hash, "failed");
    str_addf(&f.dir, "%s/failed/%s.json", x->dir.s, hash);
    if ((rc = str_check(&f.dir, e)) || (rc = finding_read(&f, &f.job, "", e)))
        goto out;
    rc = index_put(x, &f, e);
out:
    finding_release(&f);
    return rc;
}

/* take_work - what is under way now is that, failed before or not; a failed one stays failed. */
static int take_work(struct index *x, const char *hash, struct err *e)
{
    char state[16];
    struct finding f;
    struct stat st;
    int rc = index_state(x, hash, state, e);
    if (rc || !strcmp(state, "done"))
        return rc;
    finding_init(&f, hash, "stopped");
    str_addf(&f.dir, "%s/work/%s", x->dir.s, hash);
    bool held = false;
    if ((rc = str_check(&f.dir, e)) || (rc = finding_held(f.dir.s, &held, e)))
        goto out;
    if (held)
        f.row.state = "under way";
    else if (state[0])
        goto out;
    if (!stat(f.dir.s, &st))
        f.row.when = (int64_t)st.st_mtime;
    if ((rc = finding_read(&f, &f.job, "work.json", e)) ||
        (rc = finding_size(f.dir.s, &f.row.bytes, e)))
        goto out;
    if (stat(f.dir.s, &st)) {
        /* Gone since it was listed: finished, or else not worth a word. */
        str_reset(&f.dir);
        str_addf(&f.dir, "%s/jobs/%s", x->dir.s, hash);
        rc = str_check(&f.dir, e);
        if (!rc && file_is_dir(f.dir.s))
            rc = done_read(x, hash, 0, e);
        goto out;
    }
    f.row.error = "";
    rc = index_put(x, &f, e);
out:
    finding_release(&f);
    return rc;
}

static int take_folder(struct index *x, const char *folder, const char *tail,
                       int (*take)(struct index *, const char *, struct err *), struct err *e)
{
    struct str path = STR_INIT;
    char hash[HASH_HEX], **names = NULL;
    size_t n = 0;
    str_path(&path, x->dir.s, folder);
    int rc = str_check(&path, e);
    if (!rc && file_is_dir(path.s))
        rc = file_list(path.s, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        if (strlen(names[i]) != HASH_HEX - 1 + strlen(tail) || !str_ends(names[i], tail))
            continue;
        memcpy(hash, names[i], HASH_HEX - 1);
        hash[HASH_HEX - 1] = '\0';
        if (store_hash_valid(hash))
            rc = take(x, hash, e);
    }
    mem_free(names);
    str_release(&path);
    return rc;
}

static int index_format(struct index *x, int *format, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = index_prepare(x, "PRAGMA user_version", &s, e);
    if (rc)
        return rc;
    if (sqlite3_step(s) == SQLITE_ROW)
        *format = sqlite3_column_int(s, 0);
    else
        rc = index_fail(x, e);
    sqlite3_finalize(s);
    return rc;
}

/* index_fill - bring the open database to what the folders say, in one transaction. A finished
 * job's row is kept as long as its files have its stamp, all others are made anew. */
static int index_fill(struct index *x, struct err *e)
{
    int format = 0;
    int rc = index_format(x, &format, e);
    if (rc)
        return rc;
    if ((rc = index_exec(x, "BEGIN IMMEDIATE", e)))
        return rc;
    if (format != INDEX_FORMAT && ((rc = index_exec(x, "DROP TABLE IF EXISTS job", e)) ||
                                   (rc = index_exec(x, index_table, e))))
        goto out;
    if ((rc = index_exec(x, "DELETE FROM job WHERE state IS NOT 'done'", e)) ||
        (rc = index_know(x, e)) || (rc = take_folder(x, "jobs", "", take_done, e)) ||
        (rc = index_forget(x, NULL, e)) ||
        (rc = take_folder(x, "failed", ".json", take_failed, e)) ||
        (rc = take_folder(x, "work", "", take_work, e)))
        goto out;
    rc = index_exec(x, "COMMIT", e);
out:
    if (rc)
        sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int index_connect(struct index *x, const char *path, struct err *e)
{
    if (sqlite3_open_v2(path, &x->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL)) {
        int rc = index_fail(x, e);
        sqlite3_close(x->db);
        x->db = NULL;
        return rc;
    }
    sqlite3_busy_timeout(x->db, BUSY_MS);
    return OK;
}

static void index_disconnect(struct index *x)
{
    sqlite3_close(x->db);
    x->db = NULL;
}

/* index_file_remove - (4): nothing is lost. The journal goes first: left beside a new file it would
 * be played back into it. */
static int index_file_remove(struct index *x, struct err *e)
{
    static const char *const tails[] = {"-journal", "-wal", "-shm", ""};
    struct str path = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < sizeof tails / sizeof *tails && !rc; i++) {
        str_reset(&path);
        str_addf(&path, "%s/index.sqlite%s", x->dir.s, tails[i]);
        rc = str_check(&path, e);
        if (!rc)
            rc = file_remove_tree(path.s, e);
    }
    str_release(&path);
    return rc;
}

static int index_try(struct index *x, const char *path, struct err *e)
{
    struct stat held, named;
    /* Taken away since we opened it: what we have open is nobody's any more. */
    if (x->db && !x->in_memory && (stat(path, &named) || x->seen_ino != (uint64_t)named.st_ino))
        index_disconnect(x);
    int rc = x->db ? OK : index_connect(x, path, e);
    if (!rc)
        rc = index_fill(x, e);
    if (!rc && !x->in_memory && !stat(path, &held))
        x->seen_ino = (uint64_t)held.st_ino;
    if (rc)
        index_disconnect(x);
    return rc;
}

/* index_update - from the file as it is; else from a new file; else in memory. What the folders
 * refuse (ERR_NOMEM, no permission to read) comes out of the last attempt. */
static int index_update(struct index *x, bool anew, struct err *e)
{
    struct str path = STR_INIT, lock = STR_INIT;
    struct err why = ERR_INIT;
    int fd = -1, rc;
    str_path(&path, x->dir.s, "index.sqlite");
    str_path(&lock, x->dir.s, "index.lock");
    rc = str_check(&path, e);
    if (!rc)
        rc = str_check(&lock, e);
    if (rc)
        goto out;
    bool file = !x->in_memory && !file_lock(lock.s, true, &fd, &why);
    if (file && anew) {
        index_disconnect(x);
        file = !index_file_remove(x, &why);
    }
    if (file && !index_try(x, path.s, &why))
        goto out;
    if (file && !index_file_remove(x, &why) && !index_try(x, path.s, &why))
        goto out;
    if (!x->in_memory || anew)
        index_disconnect(x);
    x->in_memory = true;
    rc = index_try(x, ":memory:", e);
out:
    if (fd >= 0)
        file_unlock(fd);
    str_release(&path);
    str_release(&lock);
    return rc;
}

int index_sync(struct index *x, struct err *e)
{
    return index_update(x, false, e);
}

int index_rebuild(struct index *x, size_t *rows, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = index_update(x, true, e);
    if (!rc)
        rc = index_prepare(x, "SELECT count(*) FROM job", &s, e);
    if (rc)
        return rc;
    if (sqlite3_step(s) == SQLITE_ROW)
        *rows = (size_t)sqlite3_column_int64(s, 0);
    else
        rc = index_fail(x, e);
    sqlite3_finalize(s);
    return rc;
}

static double column_real(sqlite3_stmt *s, int i)
{
    return sqlite3_column_type(s, i) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(s, i);
}

/* column */
#define INDEX_COLUMNS                                                                              \
    "SELECT hash, state, kind, label, study, error, seconds, accuracy, at, bytes FROM job "

static void row_get(sqlite3_stmt *s, struct store_row *r)
{
    const char *hash = column_text(s, 0);
    size_t n = strnlen(hash, HASH_HEX - 1);
    memset(r, 0, sizeof *r);
    memcpy(r->hash, hash, n);
    r->state = column_text(s, 1);
    r->kind = column_text(s, 2);
    r->label = column_text(s, 3);
    r->study = column_text(s, 4);
    r->error = column_text(s, 5);
    r->seconds = column_real(s, 6);
    r->accuracy = column_real(s, 7);
    r->when = sqlite3_column_int64(s, 8);
    r->bytes = (size_t)sqlite3_column_int64(s, 9);
    if (*r->error && strcmp(r->state, "done") == 0)
        r->state = "damaged";
}

static int index_rows(struct index *x, const char *where, const char *match,
                      int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
                      struct err *e)
{
    struct store_row r;
    sqlite3_stmt *s = NULL;
    int got = SQLITE_DONE, rc = index_prepare(x, where, &s, e);
    if (rc)
        return rc;
    if (sqlite3_bind_parameter_count(s))
        sqlite3_bind_text(s, 1, match, -1, SQLITE_STATIC);
    while (!rc && (got = sqlite3_step(s)) == SQLITE_ROW) {
        row_get(s, &r);
        rc = each(ctx, &r, e);
    }
    if (!rc && got != SQLITE_DONE)
        rc = index_fail(x, e);
    sqlite3_finalize(s);
    return rc;
}

int index_list(struct index *x, const char *match,
               int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
               struct err *e)
{
    const char *where =
        match ? INDEX_COLUMNS
            "WHERE instr(lower(label), lower(?1)) > 0 OR substr(hash, 1, length(?1)) = ?1"
            " ORDER BY at, hash"
              : INDEX_COLUMNS "ORDER BY at, hash";
    return index_rows(x, where, match, each, ctx, e);
}

struct candidates {
    size_t n;
    char hash[HASH_HEX];
    struct str names;
};

static int candidate_add(void *ctx, const struct store_row *r, struct err *e)
{
    enum { SHOWN = 4 };
    struct candidates *c = ctx;
    if (c->n < SHOWN)
        str_addf(&c->names, "%s%.12s (%s)", c->n ? ", " : "", r->hash, r->label);
    else if (c->n == SHOWN)
        str_cat(&c->names, ", ...");
    memcpy(c->hash, r->hash, HASH_HEX);
    c->n++;
    return str_check(&c->names, e);
}

struct labels {
    struct arena arena;
    const char **names;
    size_t n, cap;
};

static int label_add(void *ctx, const struct store_row *r, struct err *e)
{
    struct labels *l = ctx;
    int rc = mem_grow(&l->names, &l->cap, l->n + 1, sizeof *l->names, e);
    if (rc)
        return rc;
    l->names[l->n] = arena_strdup(&l->arena, r->label, e);
    return l->names[l->n] ? (l->n++, OK) : e->code;
}

static int find_none(struct index *x, const char *prefix, struct err *e)
{
    struct labels l = {ARENA_INIT, NULL, 0, 0};
    int rc =
        index_rows(x, INDEX_COLUMNS "ORDER BY at DESC, hash LIMIT 1000", NULL, label_add, &l, e);
    if (!rc) {
        const char *near = str_nearest(prefix, l.names, l.n);
        if (!l.n)
            rc = err_set(e, ERR_INPUT, "no job is called \"%s\": there are no jobs in %s yet",
                         prefix, x->dir.s);
        else if (near)
            rc = err_set(e, ERR_INPUT, "no job is called \"%s\"; did you mean \"%s\"?", prefix,
                         near);
        else
            rc = err_set(e, ERR_INPUT,
                         "no job of %s is called \"%s\" or has a hash that begins so; "
                         "w2s ls lists them",
                         x->dir.s, prefix);
    }
    mem_free(l.names);
    arena_release(&l.arena);
    return rc;
}

int index_find(struct index *x, const char *prefix, char hash[HASH_HEX], struct err *e)
{
    static const char *const ways[] = {
        INDEX_COLUMNS "WHERE label = ?1 ORDER BY at, hash",
        INDEX_COLUMNS "WHERE length(?1) > 0 AND substr(hash, 1, length(?1)) = ?1 ORDER BY at, hash",
    };
    struct candidates c = {0, "", STR_INIT};
    int rc = OK;
    for (size_t i = 0; i < 2 && !rc && !c.n; i++)
        rc = index_rows(x, ways[i], prefix, candidate_add, &c, e);
    if (!rc && c.n == 1)
        memcpy(hash, c.hash, HASH_HEX);
    else if (!rc && c.n)
        rc = err_set(e, ERR_INPUT, "%zu jobs answer to \"%s\": %s", c.n, prefix, c.names.s);
    else if (!rc)
        rc = find_none(x, prefix, e);
    str_release(&c.names);
    return rc;
}
