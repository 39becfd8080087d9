/* commands.c - the commands in the order in which help lists them. */
#include "cli/command.h"

#include <string.h>

const struct command *const commands[] = {
    &cmd_run,      &cmd_reproduce, &cmd_report,     &cmd_label,    &cmd_import,
    &cmd_ls,       &cmd_show,      &cmd_task,       &cmd_tokenize, &cmd_score,
    &cmd_generate, &cmd_chess,     &cmd_pretrain,   &cmd_fetch,    &cmd_models,
    &cmd_index,    &cmd_help,      &cmd_completion, NULL,
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}
