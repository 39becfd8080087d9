/* proc.h - child processes of programs the user has anyway: pip, gnuplot, DuckDB. */
#ifndef W2S_CORE_PROC_H
#define W2S_CORE_PROC_H

#include "core/str.h"

struct proc_result {
    int status; /* exit status; 128 + signal */
    struct str out, errout;
};

/* proc_run - run argv (NULL-terminated, argv[0] searched in PATH) with input (may be NULL) as
 * standard input, collect both outputs. ERR_CHILD where it cannot be started ("gnuplot is not
 * installed; apt install gnuplot-nox" is the caller's business: e says "cannot run gnuplot: No such
 * file ..."). A non-zero status is not an error here. tick, if given, is called about ten times a
 * second. */
int proc_run(struct proc_result *r, const char *const *argv, const char *input, size_t input_n,
             void (*tick)(void *), void *tick_ctx, struct err *e);
void proc_result_release(struct proc_result *r);
const char *
proc_last_line(const struct proc_result *r); /* of errout, else of out; valid until release */

#endif
