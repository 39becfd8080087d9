/* cmd_completion.c - what a shell completes: options from the table of commands, names by asking
 * the program again when they are wanted, so that new tasks, studies and assets are among them. */
#include "cli/command.h"
#include "core/file.h"
#include "core/mem.h"
#include "store/asset.h"

#include <stdio.h>
#include <string.h>

static const struct option_row none[] = {{NULL, NULL, NULL, 0}};

static int folder_names(const char *dir, const char *ending, struct str *out, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    int rc = file_list_stems(dir, ending, &names, &n, e);
    for (size_t i = 0; i < n; i++)
        str_addf(out, "%s\n", names[i]);
    mem_free(names);
    return rc;
}

static int share_names(const struct app *app, const char *folder, struct str *out, struct err *e)
{
    struct str dir = STR_INIT;
    str_path(&dir, app->share, folder);
    int rc = str_check(&dir, e);
    if (!rc)
        rc = folder_names(dir.s, ".yaml", out, e);
    str_release(&dir);
    return rc;
}

static int study_names(const struct app *app, struct str *out, struct err *e)
{
    return share_names(app, "studies", out, e);
}

static int finding_names(const struct app *app, struct str *out, struct err *e)
{
    return share_names(app, "findings", out, e);
}

static int task_names(const struct app *app, struct str *out, struct err *e)
{
    return share_names(app, "tasks", out, e);
}

static int result_names(const struct app *app, struct str *out, struct err *e)
{
    (void)app;
    return folder_names("runs/studies", "", out, e);
}

static int asset_names(const struct app *app, struct str *out, struct err *e)
{
    struct assets *a = NULL;
    int rc = assets_open(&a, app->share, e);
    for (size_t i = 0; !rc && i < assets_count(a); i++)
        str_addf(out, "%s\n", assets_at(a, i)->name);
    assets_close(a);
    return rc;
}

static int ladder_names(const struct app *app, struct str *out, struct err *e)
{
    return share_names(app, "ladders", out, e);
}

static int command_names(const struct app *app, struct str *out, struct err *e)
{
    (void)app, (void)e;
    for (size_t i = 0; commands[i]; i++)
        str_addf(out, "%s\n", commands[i]->name);
    return OK;
}

static int chess_names(const struct app *app, struct str *out, struct err *e)
{
    (void)app, (void)e;
    str_cat(out, "puzzles\nrows\n");
    return OK;
}

static int bash_script(const struct app *app, struct str *out, struct err *e)
{
    (void)app, (void)e;
    str_cat(out, "_w2s() {\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} words= names=\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
                 "        COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; commands[i]; i++)
        str_addf(out, "%s ", commands[i]->name);
    str_cat(out, "--version --help\" -- \"$cur\"))\n"
                 "        return\n"
                 "    fi\n"
                 "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; commands[i]; i++) {
        str_addf(out, "    %s) names=%s words=\"", commands[i]->name,
                 commands[i]->completes ? commands[i]->completes : "");
        for (const struct option_row *o = commands[i]->options; o->name; o++)
            if (o->help[0])
                str_addf(out, "--%s ", o->name);
        str_cat(out, "--json --quiet --threads --help\" ;;\n");
    }
    str_cat(out, "    esac\n"
                 "    if [[ $cur == -* ]]; then\n"
                 "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                 "        return\n"
                 "    fi\n"
                 "    [ -z \"$names\" ] || names=$(\"${COMP_WORDS[0]}\" completion $names "
                 "2>/dev/null)\n"
                 "    COMPREPLY=($(compgen -W \"$names\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n"
                 "}\n"
                 "complete -o filenames -F _w2s w2s\n");
    return OK;
}

/* To complete another kind of name: its row here; a command's `completes` says which it takes. */
static const struct {
    const char *name;
    int (*print)(const struct app *app, struct str *out, struct err *e);
} kinds[] = {
    {"bash", bash_script},   {"studies", study_names},  {"tasks", task_names},
    {"assets", asset_names}, {"results", result_names}, {"commands", command_names},
    {"chess", chess_names},  {"ladders", ladder_names}, {"findings", finding_names},
};

static int completion_run(const struct app *app, const struct args *a, struct err *e)
{
    struct str out = STR_INIT;
    size_t k = 0;
    while (k < sizeof kinds / sizeof *kinds && a->n_rest == 1 &&
           strcmp(a->rest[0], kinds[k].name) != 0)
        k++;
    if (a->n_rest != 1 || k == sizeof kinds / sizeof *kinds) {
        err_set(e, ERR_INPUT, "completion wants the name of a shell: bash");
        return EXIT_USAGE;
    }
    int rc = kinds[k].print(app, &out, e);
    if (!rc)
        rc = str_check(&out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    str_release(&out);
    return command_exit(rc);
}

const struct command cmd_completion = {
    .name = "completion",
    .operands = "bash",
    .line = "print what makes a shell complete w2s's words",
    .help =
        "Options, and names of studies, tasks, models and data. make install puts it where bash "
        "looks for it; else:\n"
        "\n"
        "    source <(w2s completion bash)\n"
        "\n"
        "w2s completion studies (tasks, assets, results, commands, chess, ladders, findings) lists "
        "the "
        "names, one a "
        "line.\n",
    .options = none,
    .run = completion_run,
};
