/* cmd_label.c - `w2s label`: the weak labels of a study, for other programs. */
#include "cli/session.h"
#include "lab/study.h"

#include <stdio.h>

static const struct option_row options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {"examples", NULL, "the study's examples instead, to be labelled by another program", 0},
    {"offline", NULL, "fetch nothing", 0},
    {NULL, NULL, NULL, 0},
};

static int label_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct study study;
    struct str out = STR_INIT;
    int rc = session_study(&s, &study, app, &cmd_label, a, true, true, e);
    if (rc)
        return command_exit(rc);
    if (args_option(&cmd_label, a, "examples"))
        rc = lab_examples_print(&s.lab, &study, app->json, &out, e);
    else
        rc = lab_labels_print(&s.lab, &study, app->json, &out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    session_close(&s);
    study_release(&study);
    str_release(&out);
    return command_exit(rc);
}

const struct command cmd_label = {
    .name = "label",
    .operands = "STUDY [key=value ...]",
    .line = "write a study's weak labels, or the examples to be labelled, as CSV",
    .help =
        "One row for each supervisor, seed and example of the students' part: supervisor, seed, "
        "id, source, truth\n"
        "(its class, from 0), the probability of each class, text. The study and its "
        "settings are those that\n"
        "it was run with, or STUDY is what it is called in the runs folder; nothing is computed.\n"
        "\n"
        "    w2s label quick >weak.csv\n"
        "\n"
        "--examples writes what is to be labelled instead: seed, part, id, question, source, "
        "truth, text; "
        "nothing has to have been run.\n"
        "With --json either is a JSON object a line. A file of ids and probabilities is then a "
        "supervisor "
        "(docs/own-data.md).\n",
    .options = options,
    .completes = "studies",
    .computes = true,
    .run = label_run,
};
