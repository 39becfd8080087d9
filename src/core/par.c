/* par.c - how many threads, and pieces of a loop. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "core/par.h"
#include "core/err.h"
#include "core/proc.h"

#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int wanted; /* 0: not asked yet */

#ifdef __linux__
/* first_sibling - whether no lower-numbered allowed processor shares cpu's core. */
static bool first_sibling(const cpu_set_t *set, int cpu)
{
    char path[96];
    int sibling, end, c;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *f = fopen(path, "r");
    if (!f)
        return true;
    bool first = true;
    while (first && fscanf(f, "%d", &sibling) == 1) {
        end = sibling;
        c = fgetc(f);
        if (c == '-') {
            if (fscanf(f, "%d", &end) != 1)
                break;
            c = fgetc(f);
        }
        for (; sibling <= end && sibling < cpu && first; sibling++)
            first = !CPU_ISSET((size_t)sibling, set);
        if (c != ',')
            break;
    }
    fclose(f);
    return first;
}

/* quota - processors that a cgroup (version 2) grants; 0 where it does not limit. */
static int quota(void)
{
    long max, period;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    int n = 0;
    if (!f)
        return 0;
    if (fscanf(f, "%ld %ld", &max, &period) == 2 && max > 0 && period > 0)
        n = (int)((max + period - 1) / period);
    fclose(f);
    return n;
}

static int processors(void)
{
    cpu_set_t set;
    int n = 0, limit = quota();
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        n += CPU_ISSET((size_t)cpu, &set) && first_sibling(&set, cpu);
    if (limit && n > limit)
        n = limit;
    return n > 0 ? n : 1;
}
#else
static int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}
#endif

/* Turns of a waiting thread before it sleeps: some ten microseconds, which is what it takes to wake
 * it. */
#define SPIN "10000"

void par_restart(char **argv)
{
#ifdef __linux__
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") || setenv("GOMP_SPINCOUNT", SPIN, 1))
        return;
    char path[4096]; /* by its own name, which ps and top show */
    proc_self(path, sizeof path);
    execv(path, argv);
#else
    (void)argv;
#endif
}

void par_set_threads(int n)
{
    const char *set = getenv("W2S_THREADS");
    if (n <= 0 && set)
        n = (int)strtol(set, NULL, 10);
    wanted = n > 0 ? n : processors();
    omp_set_num_threads(wanted);
}

int par_threads(void)
{
    if (!wanted)
        par_set_threads(0);
    return wanted;
}

void par_for(size_t n, size_t grain, void (*f)(void *ctx, size_t begin, size_t end), void *ctx)
{
    BUG_ON(grain == 0);
    size_t pieces = n / grain + (n % grain != 0);
    int threads = par_threads();
    if (pieces <= 1 || threads == 1 || omp_in_parallel()) {
        for (size_t i = 0; i < pieces; i++)
            f(ctx, i * grain, i + 1 < pieces ? (i + 1) * grain : n);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (size_t i = 0; i < pieces; i++)
        f(ctx, i * grain, i + 1 < pieces ? (i + 1) * grain : n);
}
