/* par.h - threads. The count is set once, from --threads, W2S_THREADS or the processor (cores
 * allowed to this process by affinity and cgroup quota, hyperthreads of one core counted once). */
#ifndef W2S_CORE_PAR_H
#define W2S_CORE_PAR_H

#include <stddef.h>

/* par_restart - first thing in main: GNU's OpenMP lets waiting threads spin for about a
 * millisecond, which on a machine that others use too takes the core from the thread they wait for,
 * and reads how long only when it is loaded. Where nothing is set (GOMP_SPINCOUNT, OMP_WAIT_POLICY)
 * the program starts itself again with a short one; returns where that was done already or cannot
 * be. */
void par_restart(char **argv);

void par_set_threads(int n); /* 0: by the processor */
int par_threads(void);

/* par_for - f(ctx, begin, end) over disjoint pieces of [0,n); pieces depend on n and grain alone,
 * never on the thread count, so that sums kept a piece are the same with any number of threads. */
void par_for(size_t n, size_t grain, void (*f)(void *ctx, size_t begin, size_t end), void *ctx);

#endif
