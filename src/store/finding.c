/* finding.c - a job's files, read for its row. */
#include "store/finding.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

void finding_init(struct finding *f, const char *hash, const char *state)
{
    memset(f, 0, sizeof *f);
    str_init(&f->dir);
    f->job = (struct doc_tree)DOC_TREE_INIT;
    f->result = (struct doc_tree)DOC_TREE_INIT;
    memcpy(f->hash, hash, HASH_HEX);
    f->row.state = state;
    f->row.kind = f->row.label = f->row.study = f->row.error = "";
    f->row.seconds = f->row.accuracy = (double)NAN;
}

void finding_release(struct finding *f)
{
    str_release(&f->dir);
    doc_tree_release(&f->job);
    doc_tree_release(&f->result);
}

/* finding_text - a string of a file that this program wrote; where it is not one, "" rather than an
 * error: a listing is where one looks for what is broken. */
static const char *finding_text(const struct doc *map, const char *key, const char *otherwise)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type == DOC_STRING ? d->s : otherwise;
}

static double finding_real(const struct doc *map, const char *key, double otherwise)
{
    const struct doc *d = doc_get(map, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : otherwise;
}

int finding_read(struct finding *f, struct doc_tree *t, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    struct err why = ERR_INIT;
    struct stat st;
    int rc;
    str_cat(&path, f->dir.s);
    if (*name)
        str_addf(&path, "/%s", name);
    rc = str_check(&path, e);
    if (rc)
        goto out;
    if (!stat(path.s, &st))
        f->row.when = (int64_t)st.st_mtime;
    rc = doc_read_json(t, path.s, &why);
    if (rc == ERR_NOMEM) {
        *e = why;
    } else if (rc) {
        f->row.error = arena_strdup(&t->arena, why.msg, e);
        rc = f->row.error ? OK : e->code;
    } else {
        f->row.kind = finding_text(t->root, "kind", f->row.kind);
        f->row.label = finding_text(t->root, "label", f->row.label);
        f->row.study = finding_text(t->root, "study", f->row.study);
        f->row.error = finding_text(t->root, "error", f->row.error);
        f->row.seconds = finding_real(t->root, "seconds", f->row.seconds);
        f->row.accuracy = finding_real(t->root, "accuracy", f->row.accuracy);
        f->row.when = (int64_t)finding_real(t->root, "finished", (double)f->row.when);
    }
out:
    str_release(&path);
    return rc;
}

int finding_size(const char *path, size_t *bytes, struct err *e)
{
    struct err gone = ERR_INIT;
    struct str sub = STR_INIT;
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    int rc = OK;
    if (lstat(path, &st))
        return OK;
    if (!S_ISDIR(st.st_mode)) {
        *bytes += (size_t)st.st_size;
        return OK;
    }
    if (file_list(path, &names, &n, &gone)) {
        rc = gone.code == ERR_NOMEM ? err_set(e, ERR_NOMEM, "%s", gone.msg) : OK;
        goto out;
    }
    for (size_t i = 0; i < n && !rc; i++) {
        str_path(&sub, path, names[i]);
        rc = str_check(&sub, e);
        if (!rc)
            rc = finding_size(sub.s, bytes, e);
    }
out:
    mem_free(names);
    str_release(&sub);
    return rc;
}

int finding_held(const char *dir, bool *held, struct err *e)
{
    struct str lock = STR_INIT;
    struct err ignored = ERR_INIT;
    int fd = -1;
    *held = false;
    str_path(&lock, dir, "lock");
    int rc = str_check(&lock, e);
    if (!rc && file_exists(lock.s) && !file_lock(lock.s, false, &fd, &ignored)) {
        *held = fd < 0;
        file_unlock(fd);
    }
    str_release(&lock);
    return rc;
}

int finding_stamp(const char *dir, int64_t *stamp, struct err *e)
{
    static const char *const names[] = {"", "/job.json", "/result.json"};
    struct str path = STR_INIT;
    uint64_t all = 0;
    int rc = OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && !rc; i++) {
        str_reset(&path);
        str_cat(&path, dir);
        str_cat(&path, names[i]);
        rc = str_check(&path, e);
        if (!rc)
            all = all * UINT64_C(0x9E3779B97F4A7C15) + file_stamp(path.s);
    }
    *stamp = (int64_t)(all >> 1);
    str_release(&path);
    return rc;
}
