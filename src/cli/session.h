/* session.h - what commands that compute stand on: runs folder, assets, device, in one open and one
 * close. */
#ifndef W2S_CLI_SESSION_H
#define W2S_CLI_SESSION_H

#include "cli/command.h"
#include "lab/lab.h"
#include "lab/pace.h"

struct session {
    struct lab lab;
    struct log log;
    struct dev dev;
    struct pace pace;
    bool dev_open;
};

/* session_open - runs: NULL for ./runs, "" to open none. device: NULL for the cpu, "" to open none.
 */
int session_open(struct session *s, const struct app *app, const char *runs, const char *device,
                 bool offline, struct err *e);
/* session_view - to read from a runs folder, nothing else opened; one that is not there: a
 * sentence, and nothing is made. */
int session_view(struct session *s, const struct app *app, const char *runs, struct err *e);
/* session_study - a command's first operand as a study, the others its overrides, and the session
 * that it asks for: its device and precision; of c's options runs, offline and, where c has it,
 * device. What an override does not change is said, but by a worker. view: nothing is written to
 * runs. ran: the operand may be what a study that was run there is called, where no study file is
 * called so. An error leaves nothing open; else study_release and session_close. */
int session_study(struct session *s, struct study *study, const struct app *app,
                  const struct command *c, const struct args *a, bool view, bool ran,
                  struct err *e);
void session_close(struct session *s);
size_t session_width(void); /* of the terminal, 100 where there is none */

#endif
