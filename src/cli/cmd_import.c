/* cmd_import.c - `w2s import`: predictions of other programs, to PGR and a report. */
#include "cli/outcome.h"
#include "core/file.h"

static const struct option_row options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {"offline", NULL, "fetch nothing", 0},
    {NULL, NULL, NULL, 0},
};

static int import_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct lab_summary sum = {.dir = STR_INIT, .hold = -1};
    const char *runs = args_option(&cmd_import, a, "runs");
    if (a->n_rest < 1) {
        err_set(e, ERR_INPUT,
                "import wants a .yaml file that says what is whose; see w2s help import");
        return EXIT_USAGE;
    }
    if (runs && !*runs) {
        err_set(e, ERR_INPUT, "--runs is empty, wanted a folder");
        return EXIT_USAGE;
    }
    int rc = session_open(&s, app, runs, NULL, args_option(&cmd_import, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    rc = lab_import(&s.lab, a->rest[0], a->rest + 1, a->n_rest - 1, &sum, e);
    rc = outcome_end(app, &s, &sum, rc, "", e);
    session_close(&s);
    return rc && e->full ? EXIT_FAILED : command_exit(rc);
}

const struct command cmd_import = {
    .name = "import",
    .operands = "FILE.yaml [key=value ...]",
    .line = "compute PGR and a report from predictions made elsewhere",
    .help = "FILE.yaml names tables of predictions (CSV, JSONL, Parquet: id, model, probability), "
            "where the truth is, and who\n"
            "supervised whom (docs/import.md). Accuracies, PGR, intervals and the report are those "
            "of a study; w2s report,\n"
            "ls and show know it by its name.\n"
            "\n"
            "    w2s import elsewhere.yaml\n",
    .options = options,
    .computes = true,
    .run = import_run,
};
