/* bench_answers.c - written answers as what the metrics are made of; results by band. */
#include "lab/bench.h"
#include "core/mem.h"

#include <string.h>

/* repetition_first - the first repetition that has the test examples of r: what is held may have
 * one job for several. */
static size_t repetition_first(const struct plan *p, size_t r)
{
    size_t first = 0;
    while (strcmp(p->data[first].part_hash[PART_TEST], p->data[r].part_hash[PART_TEST]) != 0)
        first++;
    return first;
}

/* classes_of - what the jobs of the test examples that repetition r is the first to have (first
 * [jobs]) wrote to example x, as classes: class [jobs]. Returns how many there are. */
static size_t classes_of(const struct bench *b, const size_t *first, size_t r, size_t x,
                         size_t *class)
{
    const struct plan *p = b->p;
    size_t K = 1;
    for (size_t i = 0; i < p->n_jobs; i++) {
        bool old = false;
        if (first[i] != r || !b->answers[i].a)
            continue;
        const struct said *own = &b->answers[i].a[x];
        class[i] = 0;
        for (size_t k = 0; k < i && !own->right && !old; k++)
            if (first[k] == r && b->answers[k].a && !b->answers[k].a[x].right &&
                strcmp(b->answers[k].a[x].text, own->text) == 0) {
                class[i] = class[k];
                old = true;
            }
        if (!own->right && !old)
            class[i] = K++;
    }
    return K;
}

int bench_answers(struct bench *b, struct err *e)
{
    const struct plan *p = b->p;
    size_t *class = mem_alloc(p->n_jobs, sizeof *class, e);
    size_t *first = mem_alloc(p->n_jobs, sizeof *first, e);
    b->answers = mem_zalloc(p->n_jobs, sizeof *b->answers, e);
    int rc = class && first && b->answers ? OK : e->code;
    b->K = 2;
    for (size_t i = 0; !rc && i < p->n_jobs; i++) {
        first[i] = repetition_first(p, p->jobs[i]->repetition);
        if (p->jobs[i]->state != JOB_FAILED && p->jobs[i]->role != JOB_LM &&
            p->jobs[i]->role != JOB_RECITE)
            rc = job_answers(p, p->jobs[i], PART_TEST, &b->answers[i], e);
    }
    for (size_t r = 0; !rc && r < p->study->seeds; r++)
        for (size_t x = 0; x < p->data[r].n[PART_TEST]; x++) {
            size_t K = classes_of(b, first, r, x, class);
            b->K = K > b->K ? K : b->K;
        }
    for (size_t i = 0; !rc && i < p->n_jobs; i++)
        if (b->answers[i].a) {
            b->probs[i] = mem_zalloc(b->answers[i].n, b->K * sizeof **b->probs, e);
            rc = b->probs[i] ? OK : e->code;
        }
    for (size_t r = 0; !rc && r < p->study->seeds; r++)
        for (size_t x = 0; x < p->data[r].n[PART_TEST]; x++) {
            classes_of(b, first, r, x, class);
            for (size_t i = 0; i < p->n_jobs; i++)
                if (first[i] == r && b->probs[i])
                    b->probs[i][x * b->K + class[i]] = 1;
        }
    mem_free(class);
    mem_free(first);
    return rc;
}

const char *pgr_reason_words(enum pgr_reason r)
{
    static const char *const words[] = {NULL, "the ceiling is not above the supervisor",
                                        "the gap is within the noise",
                                        "too few test questions for an interval",
                                        "the supervisor's labels are not of every test example"};
    return words[r];
}

/* A seed's test examples of one band. */
struct slice {
    int *labels;
    uint64_t *units;
    double *probs[3]; /* weak, student, ceiling */
};

static void slice_release(struct slice *s)
{
    mem_free(s->labels);
    mem_free(s->units);
    for (int k = 0; k < 3; k++)
        mem_free(s->probs[k]);
}

/* slice_make - of t those examples of d that are in the band, as *out over s. */
static int slice_make(struct slice *s, const struct bench *b, const struct dataset *d, size_t band,
                      const struct trio_seed *t, struct trio_seed *out, struct err *e)
{
    const double *from[3] = {t->weak, t->student, t->ceiling};
    size_t K = b->K;
    *out = (struct trio_seed){0};
    s->labels = mem_alloc(t->n, sizeof *s->labels, e);
    s->units = mem_alloc(t->n, sizeof *s->units, e);
    bool good = s->labels && s->units;
    for (int k = 0; k < 3; k++)
        good = (s->probs[k] = mem_alloc(t->n, K * sizeof **s->probs, e)) && good;
    if (!good)
        return e->code;
    for (size_t i = 0; i < t->n; i++) {
        if (task_band(b->p->task, d->part[PART_TEST][i].level) != band)
            continue;
        s->labels[out->n] = t->labels[i];
        s->units[out->n] = t->units[i];
        for (int k = 0; k < 3; k++)
            if (from[k])
                memcpy(s->probs[k] + out->n * K, from[k] + i * K, K * sizeof **s->probs);
        out->n++;
    }
    out->labels = s->labels;
    out->units = s->units;
    out->weak = from[0] ? s->probs[0] : NULL; /* labels of other examples alone */
    out->student = s->probs[1], out->ceiling = s->probs[2];
    return OK;
}

static int band_json(struct js *w, const struct bench *b, const struct pair *q, size_t band,
                     const struct trio_seed *t, const size_t *alive, size_t n,
                     const struct trio_settings *set, struct err *e)
{
    struct str name = STR_INIT;
    struct trio trio;
    struct sample_row *row;
    size_t seeds = 0, examples = 0;
    struct slice *s = mem_zalloc(n, sizeof *s, e);
    struct trio_seed *of = s ? mem_alloc(n, sizeof *of, e) : NULL;
    int rc = of ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = slice_make(&s[i], b, &b->p->data[alive[i]], band, &t[i], &of[seeds], e);
        examples += rc ? 0 : of[seeds].n;
        seeds += !rc && of[seeds].n;
    }
    task_band_name(b->p->task, band, &name);
    if (!rc)
        rc = str_check(&name, e);
    if (!rc && seeds)
        rc = b->p->lab->samples ? pair_sampled(b, q, name.s, of, seeds, set, &trio, &row, e)
                                : trio_measure(of, seeds, set, &trio, e);
    if (!rc) {
        js_key(w, name.s), js_open(w, '{');
        js_key(w, "examples"), js_int(w, (int64_t)examples);
    }
    if (!rc && seeds) {
        estimate_json(w, "weak", &trio.weak);
        estimate_json(w, "student", &trio.student);
        estimate_json(w, "ceiling", &trio.ceiling);
        pgr_json(w, &trio);
    }
    if (!rc)
        js_close(w, '}');
    for (size_t i = 0; s && i < n; i++)
        slice_release(&s[i]);
    mem_free(s);
    mem_free(of);
    str_release(&name);
    return rc;
}

int bands_json(struct js *w, const struct bench *b, const struct pair *q, const struct trio_seed *t,
               const size_t *alive, size_t n, const struct trio_settings *set, struct err *e)
{
    size_t bands = task_bands(b->p->task);
    int rc = OK;
    if (!bands)
        return OK;
    js_key(w, "bands"), js_open(w, '{');
    for (size_t k = 0; !rc && k < bands; k++)
        rc = band_json(w, b, q, k, t, alive, n, set, e);
    js_close(w, '}');
    return rc;
}
