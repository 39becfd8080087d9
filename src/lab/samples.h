/* samples.h - what the bootstrap drew of every pair of several studies, so that what compares pairs
 * has an interval of its own. Inside lab, and of `w2s reproduce`. */
#ifndef W2S_LAB_SAMPLES_H
#define W2S_LAB_SAMPLES_H

#include "core/arena.h"
#include "lab/metrics.h"

/* A pair's values: those of a trio, the accuracy of the student before it learns, and the share of
 * test examples that its model knows by heart. */
enum { SAMPLE_UNTRAINED = TRIO_VALUES, SAMPLE_RECITED, SAMPLE_VALUES };

/* A pair, or those of its examples that are of one band of difficulty. Strings are the samples'. */
struct sample_row {
    const char *study; /* as samples_study named it */
    const char *task, *supervisor, *student, *method;
    const char *band;            /* NULL: all examples */
    double weak_size, size;      /* parameters of supervisor and student; NAN where not known */
    double weak_layers, layers;  /* NAN where not known */
    bool pgr;                    /* whether it is defined */
    bool untaught;               /* of a study in which nothing was learnt: rows_untaught */
    double point[SAMPLE_VALUES]; /* NAN where there is none */
    size_t samples;
    double *drawn; /* [SAMPLE_VALUES, samples] */
};

struct samples {
    struct arena arena;
    const char *study; /* the one that is being run; the caller's */
    size_t samples;    /* replicates of every row; of several studies the fewest */
    struct sample_row *rows;
    size_t n, cap;
};

void samples_init(struct samples *s);
void samples_release(struct samples *s);

/* samples_add - a row like this one, of s->study, its strings copied, with what trio_drawn gave:
 * trio, and v [TRIO_VALUES, samples]. *out is good until the next one. samples_beside - and of the
 * same call with something else in the supervisor's place, whose accuracy is the value `which`. */
int samples_add(struct samples *s, const struct sample_row *like, const struct trio *trio,
                const double *v, size_t samples, struct sample_row **out, struct err *e);
void samples_beside(struct sample_row *r, int which, const struct trio *trio, const double *v);

/* samples_cut - only the first n rows stay: those of a study that failed half-way go. */
void samples_cut(struct samples *s, size_t n);

#endif
