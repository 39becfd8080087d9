/* outcome.c - see outcome.h. */
#include "cli/outcome.h"
#include "core/file.h"
#include "report/report.h"

#include <stdio.h>
#include <unistd.h>

int outcome_show(const struct app *app, const char *dir, struct err *e)
{
    struct str path = STR_INIT, out = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    str_path(&path, dir, "results.json");
    int rc = str_check(&path, e);
    if (!rc && app->json) {
        rc = file_read(&out, path.s, e);
    } else if (!rc) {
        rc = doc_read_json(&t, path.s, e);
        if (!rc)
            rc = report_table(t.root, session_width(), isatty(STDOUT_FILENO) != 0, &out, e);
    }
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    doc_tree_release(&t);
    str_release(&path);
    str_release(&out);
    return rc;
}

/* stopped_say - what ended the study, what is done, and how to go on. */
static void stopped_say(const struct lab_summary *sum, struct err *e)
{
    struct err why = *e;
    err_set(e, why.code,
            "%.700s; %zu of %zu jobs are done, and %sthe same command goes on from here", why.msg,
            sum->found + sum->ran, sum->jobs, why.full ? "with room made " : "");
    e->full = why.full;
}

int outcome_end(const struct app *app, struct session *s, struct lab_summary *sum, int rc,
                const char *more, struct err *e)
{
    struct str took = STR_INIT;
    if (rc == ERR_INTERRUPTED || (rc && e->full))
        stopped_say(sum, e);
    if (!rc)
        rc = report_write(sum->dir.s, s->lab.log, e);
    if (!rc)
        rc = outcome_show(app, sum->dir.s, e);
    if (!rc) {
        str_duration(&took, sum->seconds);
        log_info(s->lab.log, "%zu jobs: %zu computed, %zu found, %zu failed; %s", sum->jobs,
                 sum->ran, sum->found, sum->failed, took.s);
        if (!app->json)
            printf("\nreport: %s/report.html\n", sum->dir.s);
        if (*more)
            fprintf(app->json ? stderr : stdout, app->json ? "%s" : "\n%s", more);
    }
    if (!rc && sum->failed) {
        err_set(e, ERR_NUMERIC, "%zu of %zu jobs failed; run again to try them once more",
                sum->failed, sum->jobs);
        rc = e->code;
    }
    file_unlock(sum->hold);
    str_release(&took);
    str_release(&sum->dir);
    return rc;
}
