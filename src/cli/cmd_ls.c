/* cmd_ls.c - what the runs folder holds: ls, index. */
#include "cli/session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option_row runs_option[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {NULL, NULL, NULL, 0},
};

struct listing {
    bool json;
    struct str out;
    struct js w;
    size_t n;
};

static int row_print(void *ctx, const struct store_row *r, struct err *e)
{
    struct listing *l = ctx;
    char when[32] = "";
    time_t t = (time_t)r->when;
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&t, &tm));
    l->n++;
    if (l->json) {
        js_open(&l->w, '{');
        js_key(&l->w, "hash"), js_str(&l->w, r->hash);
        js_key(&l->w, "kind"), js_str(&l->w, r->kind);
        js_key(&l->w, "label"), js_str(&l->w, r->label);
        js_key(&l->w, "study"), js_str(&l->w, r->study ? r->study : "");
        js_key(&l->w, "state"), js_str(&l->w, r->state);
        js_key(&l->w, "accuracy"), js_real(&l->w, r->accuracy);
        js_key(&l->w, "seconds"), js_real(&l->w, r->seconds);
        js_key(&l->w, "when"), js_int(&l->w, r->when);
        if (r->error) {
            js_key(&l->w, "error"), js_str(&l->w, r->error);
        }
        js_close(&l->w, '}');
        return str_check(&l->out, e);
    }
    struct str took = STR_INIT;
    char accuracy[16] = "-";
    if (!isnan(r->seconds))
        str_duration(&took, r->seconds);
    if (!isnan(r->accuracy))
        snprintf(accuracy, sizeof accuracy, "%.3f", r->accuracy);
    str_addf(&l->out, "%.12s  %-11s %8s  %9s  %-16s  %-20s %s\n", r->hash, r->state, accuracy,
             took.s, when, r->study ? r->study : "", r->label);
    if (r->error && r->error[0])
        str_addf(&l->out, "              %s\n", r->error);
    str_release(&took);
    return str_check(&l->out, e);
}

static int ls_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct listing l = {.json = app->json, .out = STR_INIT};
    int rc = session_view(&s, app, args_option(&cmd_ls, a, "runs"), e);
    if (rc)
        return command_exit(rc);
    js_init(&l.w, &l.out);
    if (l.json)
        js_open(&l.w, '[');
    else
        str_addf(&l.out, "%-12s  %-11s %8s  %9s  %-16s  %-20s %s\n", "job", "state", "accuracy",
                 "time", "when", "study", "what");
    rc = store_list(s.lab.store, a->n_rest ? a->rest[0] : NULL, row_print, &l, e);
    if (l.json) {
        js_close(&l.w, ']');
        str_addc(&l.out, '\n');
    }
    if (!rc)
        fwrite(l.out.s, 1, l.out.len, stdout);
    if (!rc && !l.n && a->n_rest)
        log_info(&s.log, "no job has \"%s\" in its name, nor a hash that begins with it",
                 a->rest[0]);
    str_release(&l.out);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_ls = {
    .name = "ls",
    .operands = "[TEXT]",
    .line = "list jobs: done, failed, under way",
    .help = "TEXT: only jobs whose name has it in it, or whose hash begins with it.\n\n    w2s "
            "ls\n    w2s ls supervisor\n",
    .options = runs_option,
    .run = ls_run,
};

static int index_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    size_t jobs = 0;
    int rc = session_view(&s, app, args_option(&cmd_index, a, "runs"), e);
    if (rc)
        return command_exit(rc);
    rc = store_index(s.lab.store, &jobs, e);
    if (!rc)
        printf(app->json ? "{\"jobs\": %zu}\n" : "%zu jobs indexed\n", jobs);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_index = {
    .name = "index",
    .operands = "",
    .line = "make the index of the runs folder anew",
    .help =
        "runs/index.sqlite can be deleted or made again at any time: the folders are the truth.\n",
    .options = runs_option,
    .run = index_run,
};
