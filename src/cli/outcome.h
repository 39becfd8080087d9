/* outcome.h - what a study has come to, on the terminal and as a report. */
#ifndef W2S_CLI_OUTCOME_H
#define W2S_CLI_OUTCOME_H

#include "cli/session.h"

/* outcome_show - the results in dir, as a table or, with --json, as they are. */
int outcome_show(const struct app *app, const char *dir, struct err *e);
/* outcome_end - of lab_run or lab_import, which returned rc: the report, the table, `more` (may be
 * ""; with --json a line for standard error) behind it, what was computed; where it was stopped,
 * how to go on. sum is released, its folder not held any more. Failed jobs are an error. */
int outcome_end(const struct app *app, struct session *s, struct lab_summary *sum, int rc,
                const char *more, struct err *e);

#endif
