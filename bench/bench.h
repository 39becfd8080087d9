/* bench.h - what the programs of bench/ share: options, and how a measurement is asked for.
 *
 *     program: facts, one a line ("flops 1.2e9"), then  ready
 *     driver:  a line                                   program: one measurement,  took SECONDS
 * UNITS driver:  end of input                             program: ends
 *
 * so that measure.py can let programs take turns, and what disturbs the machine disturbs all of
 * them. By hand, --times N measures N times without being asked. */
#ifndef W2S_BENCH_BENCH_H
#define W2S_BENCH_BENCH_H

#include "core/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One "--name value", or "--name" alone where flag. The table ends with a name NULL. */
struct bench_option {
    const char *name, *value;
    bool flag, given;
};

/* bench_options - false after a sentence for what is not in the table or lacks its value. */
static inline bool bench_options(struct bench_option *table, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct bench_option *o = table;
        while (o->name && strcmp(o->name, argv[i]) != 0)
            o++;
        if (!o->name || (!o->flag && i + 1 == argc)) {
            fprintf(stderr, o->name ? "%s wants a value\n" : "%s is not known here; known are",
                    argv[i]);
            for (const struct bench_option *k = o->name ? o : table; !o->name && k->name; k++)
                fprintf(stderr, " %s%s", k->name, k[1].name ? "," : "\n");
            return false;
        }
        o->given = true;
        o->value = o->flag ? o->value : argv[++i];
    }
    return true;
}

static inline size_t bench_count(const struct bench_option *o)
{
    return (size_t)strtoul(o->value, NULL, 10);
}

/* bench_turn - wait to be asked for the next measurement; false: no more. times NULL: by the
 * driver; else it counts down. */
static inline bool bench_turn(size_t *times)
{
    char line[16];
    if (times && *times > 0)
        return (*times)--, true;
    if (times)
        return false;
    puts("ready");
    fflush(stdout);
    return fgets(line, sizeof line, stdin) != NULL;
}

static inline void bench_took(double seconds, double units)
{
    printf("took %.9f %.0f\n", seconds, units);
    fflush(stdout);
}

#endif
