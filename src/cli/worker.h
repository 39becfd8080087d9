/* worker.h - the command line of a worker: a process that computes jobs of one study for another
 * (lab/crew.c). */
#ifndef W2S_CLI_WORKER_H
#define W2S_CLI_WORKER_H

#include "core/str.h"

struct worker {
    const char **argv; /* ends with NULL; what a lab has as its worker */
    struct str threads, self;
};

/* worker_init - `w2s run --worker ... STUDY [key=value ...]`: operands [n] are STUDY and what
 * follows; they, runs and device (NULL: not given) are the caller's and stay. Undone by
 * worker_release, after an error too. */
int worker_init(struct worker *w, const char *runs, const char *device, const char *const *operands,
                size_t n, struct err *e);
void worker_release(struct worker *w);

#endif
