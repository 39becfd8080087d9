/* samples.c - see samples.h. */
#include "lab/samples.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

void samples_init(struct samples *s)
{
    *s = (struct samples){.study = ""};
}

void samples_release(struct samples *s)
{
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->rows[i].drawn);
    mem_free(s->rows);
    arena_release(&s->arena);
    samples_init(s);
}

void samples_cut(struct samples *s, size_t n)
{
    while (s->n > n)
        mem_free(s->rows[--s->n].drawn);
}

int samples_add(struct samples *s, const struct sample_row *like, const struct trio *trio,
                const double *v, size_t samples, struct sample_row **out, struct err *e)
{
    const struct estimate *x[TRIO_VALUES] = {
        &trio->weak, &trio->student, &trio->ceiling,     &trio->gap,         &trio->gain,
        &trio->pgr,  &trio->agree,   &trio->agree_right, &trio->agree_wrong, &trio->ceiling_wrong};
    int rc = mem_grow(&s->rows, &s->cap, s->n + 1, sizeof *s->rows, e);
    if (rc)
        return rc;
    struct sample_row *r = &s->rows[s->n];
    *r = *like;
    r->study = s->study;
    const char **strings[] = {&r->study,   &r->task,   &r->supervisor,
                              &r->student, &r->method, &r->band};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (*strings[i] && !(*strings[i] = arena_strdup(&s->arena, *strings[i], e)))
            return e->code;
    r->samples = samples;
    r->pgr = trio->reason == PGR_DEFINED;
    r->drawn = mem_alloc(samples, SAMPLE_VALUES * sizeof *r->drawn, e);
    if (!r->drawn)
        return e->code;
    for (size_t k = 0; k < SAMPLE_VALUES; k++)
        r->point[k] = k < TRIO_VALUES ? x[k]->value : (double)NAN;
    memcpy(r->drawn, v, TRIO_VALUES * samples * sizeof *v);
    for (size_t b = TRIO_VALUES * samples; b < SAMPLE_VALUES * samples; b++)
        r->drawn[b] = (double)NAN;
    s->samples = s->n && s->samples < samples ? s->samples : samples;
    s->n++;
    *out = r;
    return OK;
}

void samples_beside(struct sample_row *r, int which, const struct trio *trio, const double *v)
{
    r->point[which] = trio->weak.value;
    memcpy(r->drawn + (size_t)which * r->samples, v + TRIO_WEAK * r->samples,
           r->samples * sizeof *v);
}
