/* command.h - the table of commands. To add a command: a file cmd_<name>.c with its `const struct
 * command`, and its line in the table of commands.c; help, completion and option parsing follow
 * from it. */
#ifndef W2S_CLI_COMMAND_H
#define W2S_CLI_COMMAND_H

#include "core/log.h"
#include "core/str.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* An option: --name, or --name VALUE where value is not NULL. Its letter may be 0. */
struct option_row {
    const char *name, *value, *help; /* help "": between programs, not shown */
    char letter;
};

#define OPTIONS_MAX 16
struct args {
    const char *value[OPTIONS_MAX]; /* by the row's place in the command's options; "" for a flag
                                       that is set; NULL: absent */
    const char *const *rest;        /* operands */
    size_t n_rest;
};

struct app {
    struct log log;
    const char *share;   /* folder with tasks/, studies/, assets.yaml */
    const char *command; /* the command line as typed */
    bool json;
};

struct command {
    const char *name, *operands;
    const char *line;                 /* what it does, in one line */
    const char *help;                 /* paragraphs and examples */
    const struct option_row *options; /* ends with a NULL name */
    const char *completes; /* the kind of names its operands are (cmd_completion.c), or NULL */
    bool computes;         /* with a model: threads are set up for it (par_restart) */
    /* run - exit status; a sentence in e for anything but EXIT_OK. */
    int (*run)(const struct app *app, const struct args *args, struct err *e);
};

extern const struct command *const commands[]; /* ends with NULL */
const struct command *command_find(const char *name);
int command_exit(int code);                           /* exit status of an err_code */
int command_unknown(const char *name, struct err *e); /* did you mean */

/* The program's identity. */
extern const char version_string[]; /* "w2s 0.1.0 (1407d95)" */
void version_print(struct str *out);

/* args_option - value of an option by name; NULL where absent. BUG for one that the command does
 * not have. */
const char *args_option(const struct command *c, const struct args *a, const char *name);
int args_count(const char *name, const char *value, size_t min, size_t max, size_t *out,
               struct err *e);
int args_real(const char *name, const char *value, double min, double max, double *out,
              struct err *e);

extern const struct command cmd_run, cmd_fetch, cmd_task, cmd_tokenize, cmd_score, cmd_generate,
    cmd_chess, cmd_ls, cmd_show, cmd_models, cmd_report, cmd_label, cmd_import, cmd_index, cmd_help,
    cmd_completion, cmd_pretrain, cmd_reproduce;

#endif
