/* duckdb.c - where DuckDB's program is: fetched already, else installed, else fetched now. */
#include "lab/lab.h"
#include "core/proc.h"

#include <stdlib.h>
#include <string.h>

/* Versions before it cannot be told to open nothing but one file. */
enum { MAJOR = 1, MINOR = 2 };

/* installed - whether a duckdb of PATH is new enough. */
static bool installed(void)
{
    static const char *const argv[] = {"duckdb", "--version", NULL};
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct err ignored = ERR_INIT;
    char *end;
    if (proc_run(&r, argv, NULL, 0, NULL, NULL, &ignored))
        return false;
    const char *v = strchr(r.out.s, 'v');
    long major = v ? strtol(v + 1, &end, 10) : 0,
         minor = v && *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    bool good = r.status == 0 && (major > MAJOR || (major == MAJOR && minor >= MINOR));
    proc_result_release(&r);
    return good;
}

int lab_duckdb(const struct lab *lab, struct str *path, struct err *e)
{
    struct asset_options o = {lab->offline, lab->log};
    str_reset(path);
    if (!asset_ready(lab->assets, "duckdb") && installed()) {
        str_cat(path, "duckdb");
        return str_check(path, e);
    }
    int rc = asset_path(lab->assets, "duckdb", &o, path, e);
    return rc ? err_wrap(e, "DuckDB's program, which reads such files") : OK;
}
