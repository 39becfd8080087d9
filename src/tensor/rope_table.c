/* rope_table.c - cosines and sines of rotary positions: the same for every layer, head and step, so
 * they are worked out once. */
#include "core/mem.h"
#include "tensor/kernels.h"

#include <math.h>

#define LEAST 512 /* positions: most texts are shorter, so that the table is made once */

void rope_angles(double theta, const double *freq, size_t rotary, size_t position, float *row)
{
    size_t half = rotary / 2;
    for (size_t k = 0; k < half; k++) {
        double angle =
            (double)position * (freq ? freq[k] : pow(theta, -2 * (double)k / (double)rotary));
        row[k] = (float)cos(angle);
        row[half + k] = (float)sin(angle);
    }
}

void rope_table_make(struct rope_table *t, double theta, size_t rotary, size_t positions)
{
    struct err ignored = ERR_INIT;
    size_t n = LEAST;
    while (n < positions)
        n *= 2;
    mem_free(t->cosines);
    *t = (struct rope_table){theta, rotary, n, mem_alloc(n, rotary * sizeof(float), &ignored)};
    if (!t->cosines)
        t->positions = 0;
    for (size_t p = 0; p < t->positions; p++)
        rope_angles(theta, NULL, rotary, p, t->cosines + p * rotary);
}
