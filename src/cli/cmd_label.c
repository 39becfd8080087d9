/* cmd_label.c - `w2s label`: the weak labels of a study, for other programs. */
#include "cli/session.h"
#include "lab/study.h"

#include <stdio.h>

static const struct option_row options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {"offline", NULL, "fetch nothing", 0},
    {NULL, NULL, NULL, 0},
};

static int label_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct study study;
    struct str path = STR_INIT, out = STR_INIT;
    const char *runs = args_option(&cmd_label, a, "runs");
    bool opened = false, read = false;
    if (a->n_rest < 1) {
        err_set(e, ERR_INPUT,
                "label wants a study: a name (quick) or a .yaml file; see w2s help label");
        return EXIT_USAGE;
    }
    int rc = lab_study_path(app->share, a->rest[0], &path, e);
    if (!rc)
        rc = study_read(&study, path.s, a->rest + 1, a->n_rest - 1, e);
    read = !rc;
    if (!rc)
        rc = session_open(&s, app, "", NULL, args_option(&cmd_label, a, "offline") != NULL, e);
    opened = !rc;
    if (!rc)
        rc = dev_precision_set(&s.dev, study.precision, e);
    if (!rc)
        rc = store_view(&s.lab.store, runs ? runs : "runs", e);
    if (!rc)
        rc = lab_labels_print(&s.lab, &study, &out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    if (opened)
        session_close(&s);
    if (read)
        study_release(&study);
    str_release(&path);
    str_release(&out);
    return command_exit(rc);
}

const struct command cmd_label = {
    .name = "label",
    .operands = "STUDY [key=value ...]",
    .line = "write the weak labels of a study that has been run, as CSV",
    .help =
        "One row for each supervisor, seed and example of the students' part: supervisor, seed, "
        "id, source, label\n"
        "(the truth's class, from 0), the probability of each class, text. The study and its "
        "settings are those that\n"
        "it was run with; nothing is computed.\n"
        "\n"
        "    w2s label quick >weak.csv\n",
    .options = options,
    .completes = "studies",
    .computes = true,
    .run = label_run,
};
