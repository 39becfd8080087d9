/* stop.h - SIGINT and SIGTERM ask for an end in order; long loops look whether one was asked for.
 */
#ifndef W2S_CORE_STOP_H
#define W2S_CORE_STOP_H

#include "core/err.h"

/* stop_install - from now on the first of these signals asks, the second kills, and writing to a
 * closed pipe, or more than a file may hold, is an error instead of a signal. Before the first
 * parallel loop, so that its threads are made without these signals; once in every process that is
 * forked. */
void stop_install(void);
/* stop_from_parent - in a process that its parent, of the same group, asks to end by SIGTERM: what
 * a terminal sends to the whole group (Ctrl-C) is the parent's to hear. */
void stop_from_parent(void);
void stop_ask(void); /* as the first signal does */
bool stop_asked(void);
int stop_check(struct err *e); /* ERR_INTERRUPTED "stopped at your request" if asked */

#endif
