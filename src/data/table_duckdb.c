/* table_duckdb.c - rows that DuckDB's program reads: Parquet, and the answer to SQL over a file. It
 * is a child that may open that one file and its own output and nothing else, and writes a line of
 * JSON a row, which are read as they come. */
#include "core/file.h"
#include "core/proc.h"
#include "core/stop.h"
#include "data/table_rows.h"

#include <string.h>

struct feed {
    struct table_source t;
    struct str *out; /* of the child; rows are taken off its front */
    int line, rc;
    struct err e;
};

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

/* first_line - of what the child says went wrong; the lines after it point into the query. */
static void first_line(const struct proc_result *r, struct str *out)
{
    const char *s = r->errout.s + strspn(r->errout.s, " \r\n");
    str_catn(out, s, strcspn(s, "\r\n"));
}

int table_duckdb_rows(const char *path, const struct table_settings *s,
                      int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                      struct err *e)
{
    const char *name = s->name ? s->name : path;
    struct str command = STR_INIT, why = STR_INIT;
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct feed f = {
        .t = {.name = name, .settings = s, .each = each, .ctx = ctx}, .out = &r.out, .e = ERR_INIT};
    if (!s->duckdb)
        return err_set(e, ERR_INPUT, "%s: DuckDB's program reads such a file, and none is known",
                       name);
    if (!file_exists(path))
        return err_set(e, ERR_INPUT,
                       "%s: no such file; Parquet inside an archive has to be unpacked first",
                       name);
    if (strpbrk(path, "*?["))
        return err_set(e, ERR_INPUT,
                       "%s: a path with *, ? or [ means several files to DuckDB; rename it", name);
    str_cat(&command, "SET allowed_paths=[");
    quoted(&command, path);
    str_cat(&command, ",'/dev/stdout']; SET enable_external_access=false; "
                      "SET lock_configuration=true; COPY (");
    query_write(&command, s->sql, path);
    str_cat(&command, "\n) TO '/dev/stdout' (FORMAT json);");
    const char *argv[] = {s->duckdb, "-init", "/dev/null", "-batch", "-c", command.s, NULL};
    int rc = str_check(&command, e);
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
        first_line(&r, &why);
        rc = why.len ? err_set(e, ERR_INPUT, "%s: DuckDB: %s", name, why.s)
                     : err_set(e, ERR_CHILD, "%s: DuckDB ended with status %d", name, r.status);
    }
    proc_result_release(&r);
    str_release(&command);
    str_release(&why);
    return rc;
}
