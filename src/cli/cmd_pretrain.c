/* cmd_pretrain.c - language models of several sizes, from random weights. */
#include "cli/session.h"
#include "lab/ladder.h"

#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"runs", "DIR", "where models are kept (default: runs)", 0},
    {"device", "NAME", "cpu (default) or reference", 0},
    {"dry-run", NULL, "list the models with estimated time and memory, train nothing", 'n'},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

static int ladder_open(struct ladder *l, const struct app *app, const struct args *a, struct err *e)
{
    struct str path = STR_INIT;
    const char *runs = args_option(&cmd_pretrain, a, "runs");
    if (a->n_rest < 1)
        return err_set(e, ERR_INPUT,
                       "pretrain wants a ladder: a name (chess) or a .yaml file; see w2s help "
                       "pretrain");
    if (runs && !*runs)
        return err_set(e, ERR_INPUT, "--runs is empty, wanted a folder");
    int rc = lab_ladder_path(app->share, a->rest[0], &path, e);
    if (!rc)
        rc = ladder_read(l, path.s, a->rest + 1, a->n_rest - 1, e);
    str_release(&path);
    return rc;
}

static int pretrain_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct ladder l;
    struct str out = STR_INIT;
    size_t failed = 0;
    int rc = ladder_open(&l, app, a, e);
    if (rc)
        return command_exit(rc);
    rc = session_open(&s, app, args_option(&cmd_pretrain, a, "runs"),
                      args_option(&cmd_pretrain, a, "device"),
                      args_option(&cmd_pretrain, a, "offline") != NULL, e);
    if (!rc) {
        rc = args_option(&cmd_pretrain, a, "dry-run")
                 ? ladder_plan_print(&s.lab, &l, app->json, &out, e)
                 : ladder_run(&s.lab, &l, app->json, &out, &failed, e);
        if (!rc)
            fwrite(out.s, 1, out.len, stdout);
        if (!rc && failed)
            rc = err_set(e, ERR_NUMERIC,
                         "%zu of %zu models failed; run again to try them once more", failed, l.n);
        if (rc == ERR_INTERRUPTED || (rc && e->full)) {
            struct err why = *e;
            err_set(e, why.code, "%.700s; %sthe same command goes on from here", why.msg,
                    why.full ? "with room made " : "");
            e->full = why.full;
        }
        session_close(&s);
    }
    ladder_release(&l);
    str_release(&out);
    return rc && e->full ? EXIT_FAILED : command_exit(rc);
}

const struct command cmd_pretrain = {
    .name = "pretrain",
    .operands = "LADDER [key=value ...]",
    .line = "train a ladder of language models from random weights",
    .help =
        "LADDER is a name (chess) or a .yaml file (docs/pretrain.md): what is read (games in PGN, "
        "or texts), how it is\n"
        "cut into tokens, and models of several sizes that learn to predict it. key=value "
        "overrides "
        "a setting of it.\n"
        "Each becomes a Hugging Face folder, runs/ladders/LADDER/MODEL, which a study calls "
        "ladder:LADDER/MODEL. Stop or kill\n"
        "it at any time and run it again to go on.\n"
        "\n"
        "    w2s pretrain chess data.pgn=games/\n"
        "    w2s pretrain my-ladder.yaml tokens=1000000 --dry-run\n",
    .options = options,
    .completes = "ladders",
    .computes = true,
    .run = pretrain_run,
};
