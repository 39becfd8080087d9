/* par.h - threads. The count is set once, from --threads, W2S_THREADS or the processor (cores allowed to
 * this process by affinity and cgroup quota, hyperthreads of one core counted once). */
#ifndef W2S_CORE_PAR_H
#define W2S_CORE_PAR_H

#include <stddef.h>

void par_set_threads(int n); /* 0: by the processor */
int par_threads(void);

/* par_for - f(ctx, begin, end) over disjoint pieces of [0,n); pieces depend on n and grain alone, never
 * on the thread count, so that sums kept a piece are the same with any number of threads. */
void par_for(size_t n, size_t grain, void (*f)(void *ctx, size_t begin, size_t end), void *ctx);

#endif
