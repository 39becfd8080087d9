/* cmd_help.c - what a command does, from the table of commands. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const struct option_row none[] = {{NULL, NULL, NULL, 0}};

static void option_print(const struct option_row *o)
{
    char left[64];
    snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
             o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
             o->value ? o->value : "");
    printf("  %-28s %s\n", left, o->help);
}

static void command_print(const struct command *c)
{
    static const struct option_row common[] = {
        {"json", NULL, "results as JSON on standard output, progress as JSON lines", 0},
        {"quiet", NULL, "warnings only", 'q'},
        {"threads", "N", "use N threads (default: one a core)", 0},
        {"help", NULL, "this page", 'h'},
    };
    printf("w2s %s%s%s - %s\n\n%s\nOptions:\n", c->name, *c->operands ? " " : "", c->operands,
           c->line, c->help);
    for (const struct option_row *o = c->options; o->name; o++)
        if (*o->help)
            option_print(o);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        option_print(&common[i]);
}

static int help_run(const struct app *app, const struct args *a, struct err *e)
{
    (void)app;
    if (a->n_rest) {
        const struct command *c = command_find(a->rest[0]);
        if (!c)
            return command_exit(command_unknown(a->rest[0], e));
        command_print(c);
        return EXIT_OK;
    }
    printf("w2s COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; commands[i]; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->line);
    printf("\nw2s help COMMAND explains one; w2s --version says what it was built with.\n"
           "Exit status: 0 done, 1 a job or a fetch failed, 2 wrong usage or input, 130 stopped by "
           "you.\n");
    return EXIT_OK;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .line = "explain a command, or list all",
    .help = "",
    .options = none,
    .completes = "commands",
    .run = help_run,
};
