/* proc.h - child processes: of programs the user has anyway (pip, gnuplot, DuckDB), and of this
 * one. */
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
 * file ..."). A non-zero status is not an error here, unless the child ended because
 * we were asked to (core/stop.h), and asked it: ERR_INTERRUPTED. tick, if given, is called about
 * ten times a second. */
int proc_run(struct proc_result *r, const char *const *argv, const char *input, size_t input_n,
             void (*tick)(void *), void *tick_ctx, struct err *e);
void proc_result_release(struct proc_result *r);
const char *
proc_last_line(const struct proc_result *r); /* of errout, else of out; valid until release */

/* A child that is talked with by lines: it reads `to`, and what it writes, both outputs together,
 * is read from `from`, which does not block. Where it is apart, it has a process group of its own:
 * a terminal's Ctrl-C and Ctrl-Z go to the parent alone, which asks it to end. Else it is stopped
 * and goes on with its parent, and is to leave Ctrl-C to it (stop_from_parent). It dies with its
 * parent, or where a system cannot do that finds the end of its input. Zeroed there is none. */
struct proc {
    long pid;
    int to, from;
};
int proc_start(struct proc *p, const char *const *argv, bool apart, struct err *e);
/* proc_say - all of text; false where it does not listen any more. */
bool proc_say(struct proc *p, const char *text);
/* proc_hear - appends what has been written since, or of very much the beginning; false at its end.
 */
bool proc_hear(struct proc *p, struct str *text);
/* proc_stop - ask it to end, by SIGTERM and the end of its input. proc_end - that, wait for it, and
 * say its exit status; 128 + signal. Accepts a zeroed p. */
void proc_stop(struct proc *p);
int proc_end(struct proc *p);
/* proc_end_by - proc_end of one that need not listen: what has not ended after grace seconds is
 * killed, its process group with it. */
int proc_end_by(struct proc *p, double grace);

/* proc_self - the path of this program, or its name where the system does not tell. */
void proc_self(char *path, size_t n);

#endif
