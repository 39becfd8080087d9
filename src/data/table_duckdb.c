/* table_duckdb.c - rows that DuckDB's program reads: Parquet, and the answer to SQL over a file. It
 * is a child that may open that one file and its own output and nothing else, and writes a line of
 * JSON a row, which are read as they come. What is packed is unpacked for it first. */
#include "core/file.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/stop.h"
#include "data/table_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct feed {
    struct table_source t;
    struct str *out; /* of the child; rows are taken off its front */
    struct str row;  /* one that had to be written anew */
    int line, rc;
    struct err e;
};

/* row_nulls - DuckDB writes NaN, Infinity and -Infinity, which JSON has no numbers for: null. Where
 * the row *s, *n has one it is written anew, into f->row. */
static int row_nulls(struct feed *f, const char **s, size_t *n, struct err *e)
{
    static const char *const words[] = {"NaN", "Infinity", "-NaN", "-Infinity"};
    const char *in = *s, *end = in + *n, *done = in;
    bool string = false;
    str_reset(&f->row);
    while (in < end) {
        size_t word = 0;
        if (string && *in == '\\')
            in++;
        else if (*in == '"')
            string = !string;
        for (size_t i = 0; i < sizeof words / sizeof *words && !string && !word; i++)
            if (strncmp(in, words[i], strlen(words[i])) == 0)
                word = strlen(words[i]);
        if (word) {
            str_catn(&f->row, done, (size_t)(in - done));
            str_cat(&f->row, "null");
            done = in + word;
        }
        in += word ? word : 1;
    }
    if (done == *s)
        return OK;
    str_catn(&f->row, done, (size_t)(end - done));
    *s = f->row.s, *n = f->row.len;
    return str_check(&f->row, e);
}

/* rows_take - the whole lines of what has come. */
static void rows_take(struct feed *f, bool last)
{
    size_t at = 0;
    while (!f->rc && at < f->out->len) {
        const char *s = f->out->s + at, *end = memchr(s, '\n', f->out->len - at);
        if (!end && !last)
            break;
        size_t n = end ? (size_t)(end - s) : f->out->len - at;
        at += n + (end != NULL);
        f->line++;
        if (n)
            f->rc = row_nulls(f, &s, &n, &f->e);
        if (n && !f->rc)
            f->rc = table_json_row(&f->t, s, n, f->line, &f->e);
    }
    if (f->rc)
        at = f->out->len; /* the rest is not wanted any more */
    if (at) {
        memmove(f->out->s, f->out->s + at, f->out->len - at + 1);
        f->out->len -= at;
    }
}

static void feed_tick(void *ctx)
{
    struct feed *f = ctx;
    if (f->out->len)
        rows_take(f, false);
}

/* quoted - as SQL's string. */
static void quoted(struct str *out, const char *s)
{
    str_addc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            str_addc(out, '\'');
        str_addc(out, *s);
    }
    str_addc(out, '\'');
}

/* query_write - the user's own with the file for {file}, else all of it. */
static void query_write(struct str *out, const char *sql, const char *path)
{
    if (!sql) {
        str_cat(out, "SELECT * FROM read_parquet(");
        quoted(out, path);
        str_addc(out, ')');
        return;
    }
    for (const char *p; (p = strstr(sql, "{file}")); sql = p + strlen("{file}")) {
        str_catn(out, sql, (size_t)(p - sql));
        quoted(out, path);
    }
    str_cat(out, sql);
}

/* first_line - of what the child says went wrong; the lines after it point into the query. What it
 * calls path is name. */
static void first_line(const struct proc_result *r, const char *path, const char *name,
                       struct str *out)
{
    const char *s = r->errout.s + strspn(r->errout.s, " \r\n");
    size_t n = strcspn(s, "\r\n"), k = strlen(path);
    while (n) {
        bool named = n >= k && memcmp(s, path, k) == 0;
        if (named)
            str_cat(out, name);
        else
            str_addc(out, *s);
        s += named ? k : 1;
        n -= named ? k : 1;
    }
}

/* unpack_to - the bytes of a file that is packed, as a file of its own. */
static int unpack_to(const char *path, const char *to, struct err *e)
{
    enum { PIECE = 1 << 16 };
    struct archive_stream *stream = NULL;
    struct file_out *out = NULL;
    size_t got = 1;
    char *buf = mem_alloc(PIECE, 1, e);
    int rc = buf ? archive_open(&stream, path, e) : e->code;
    if (!rc) {
        archive_bound(stream, ARCHIVE_KEPT_MOST);
        rc = file_out_open(&out, to, e);
    }
    while (!rc && got) {
        rc = archive_pull(stream, buf, PIECE, &got, e);
        if (!rc && got)
            rc = file_out_write(out, buf, got, e);
        if (!rc)
            rc = stop_check(e);
    }
    if (!rc)
        rc = file_out_commit(out, e);
    file_out_close(out);
    if (stream)
        archive_close(stream);
    mem_free(buf);
    return rc;
}

/* plain_path - of a file that DuckDB's program can open: path itself, or where it is packed (in an
 * archive, or Parquet that is compressed) a copy in a folder of its own, dir, which is the caller's
 * to remove. Its name keeps its ending, which tells DuckDB the format. */
static int plain_path(const char *path, const struct table_settings *s, struct str *dir,
                      struct str *plain, struct err *e)
{
    const char *base = file_name(path), *tmp = getenv("TMPDIR");
    size_t n = strlen(base), ending = table_compressed(base);
    if (file_exists(path) && (s->sql || !ending)) {
        str_cat(plain, path);
        return str_check(plain, e);
    }
    str_addf(dir, "%s/w2s-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    int rc = str_check(dir, e);
    if (!rc && !mkdtemp(dir->s)) {
        rc = err_set(e, ERR_IO, "%s: no folder to unpack into: %s", dir->s, strerror(errno));
        str_reset(dir);
    }
    if (rc)
        return rc;
    str_addf(plain, "%s/%.*s", dir->s, (int)(n - ending), base);
    rc = str_check(plain, e);
    return rc ? rc : unpack_to(path, plain->s, e);
}

int table_duckdb_rows(const char *path, const struct table_settings *s,
                      int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                      struct err *e)
{
    const char *name = s->name ? s->name : path;
    struct str command = STR_INIT, why = STR_INIT, dir = STR_INIT, plain = STR_INIT;
    struct err ignored = ERR_INIT;
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct feed f = {.t = {.name = name, .settings = s, .each = each, .ctx = ctx},
                     .out = &r.out,
                     .row = STR_INIT,
                     .e = ERR_INIT};
    if (!s->duckdb)
        return err_set(e, ERR_INPUT, "%s: DuckDB's program reads such a file, and none is known",
                       name);
    if (file_is_dir(path))
        return err_set(e, ERR_INPUT, "%s: cannot read: Is a directory", name);
    bool there = file_exists(path);
    for (const char *slash = strchr(path, '/'); slash && !there; slash = strchr(slash + 1, '/')) {
        str_reset(&why);
        str_catn(&why, path, (size_t)(slash - path));
        there = why.len && file_exists(why.s) && !file_is_dir(why.s); /* an archive on the way */
    }
    str_reset(&why);
    int rc = there ? plain_path(path, s, &dir, &plain, e)
                   : err_set(e, ERR_INPUT, "%s: no such file", name);
    if (rc)
        goto out;
    if (strpbrk(plain.s, "*?[")) {
        rc = err_set(e, ERR_INPUT,
                     "%s: a path with *, ? or [ means several files to DuckDB; rename it", name);
        goto out;
    }
    str_cat(&command, "SET allowed_paths=[");
    quoted(&command, plain.s);
    str_cat(&command, ",'/dev/stdout']; SET enable_external_access=false; "
                      "SET lock_configuration=true; COPY (");
    query_write(&command, s->sql, plain.s);
    str_cat(&command, "\n) TO '/dev/stdout' (FORMAT json);");
    const char *argv[] = {s->duckdb, "-init", "/dev/null", "-batch", "-c", command.s, NULL};
    rc = str_check(&command, e);
    if (!rc)
        rc = proc_run(&r, argv, NULL, 0, feed_tick, &f, e);
    if (!rc)
        rc = stop_check(e); /* Ctrl-C goes to the child, too */
    if (!rc && !f.rc && !r.status)
        rows_take(&f, true);
    if (!rc && f.rc) {
        *e = f.e;
        rc = f.rc;
    } else if (!rc && r.status) {
        first_line(&r, plain.s, name, &why);
        rc = why.len ? err_set(e, ERR_INPUT, "%s: DuckDB: %s", name, why.s)
                     : err_set(e, ERR_CHILD, "%s: DuckDB ended with status %d", name, r.status);
    }
out:
    if (dir.len)
        (void)file_remove_tree(dir.s, &ignored);
    proc_result_release(&r);
    str_release(&f.row);
    str_release(&command);
    str_release(&why);
    str_release(&dir);
    str_release(&plain);
    return rc;
}
