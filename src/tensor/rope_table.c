/* rope_table.c - cosines and sines of rotary positions: the same for every step and head, and for
 * all layers that rotate alike, so they are worked out once. */
#include "core/mem.h"
#include "tensor/kernels.h"

#include <math.h>
#include <string.h>

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

static bool rope_table_fits(const struct rope_table *t, const struct rope_shape *s)
{
    size_t bytes = s->rotary / 2 * sizeof *s->freq;
    if (!t->positions || t->rotary != s->rotary || (t->freq != NULL) != (s->freq != NULL))
        return false;
    return s->freq ? memcmp(t->freq, s->freq, bytes) == 0
                   : !(t->theta < s->theta || t->theta > s->theta);
}

static void rope_table_release(struct rope_table *t)
{
    mem_free(t->freq);
    mem_free(t->cosines);
    *t = (struct rope_table){0};
}

static bool rope_table_make(struct rope_table *t, const struct rope_shape *s, size_t positions)
{
    struct err ignored = ERR_INIT;
    size_t n = LEAST, half = s->rotary / 2;
    while (n < positions)
        n *= 2;
    rope_table_release(t);
    *t = (struct rope_table){.theta = s->theta, .rotary = s->rotary};
    t->cosines = mem_alloc(n, s->rotary * sizeof(float), &ignored);
    if (t->cosines && s->freq)
        t->freq = mem_alloc(half, sizeof *t->freq, &ignored);
    if (!t->cosines || (s->freq && !t->freq)) {
        rope_table_release(t);
        return false;
    }
    if (s->freq)
        memcpy(t->freq, s->freq, half * sizeof *t->freq);
    t->positions = n;
    for (size_t p = 0; p < n; p++)
        rope_angles(s->theta, s->freq, s->rotary, p, t->cosines + p * s->rotary);
    return true;
}

const struct rope_table *rope_table_find(struct rope_tables *t, const struct rope_shape *s,
                                         size_t positions)
{
    size_t n = sizeof t->all / sizeof *t->all, i = 0;
    while (i < n && !rope_table_fits(&t->all[i], s))
        i++;
    if (i == n) {
        i = t->next;
        t->next = (t->next + 1) % n;
        rope_table_release(&t->all[i]);
    }
    struct rope_table *found = &t->all[i];
    return found->positions >= positions || rope_table_make(found, s, positions) ? found : NULL;
}

void rope_tables_release(struct rope_tables *t)
{
    for (size_t i = 0; i < sizeof t->all / sizeof *t->all; i++)
        rope_table_release(&t->all[i]);
}
