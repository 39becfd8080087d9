/* transcript.c - arguments in files, and behind the texts that a judge reads. */
#include "lab/debate.h"
#include "lab/plan.h"
#include "lab/prompting.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int arguments_init(struct arguments *a, size_t n, size_t turns, size_t K, struct err *e)
{
    *a = (struct arguments){.n = n, .turns = turns, .K = K};
    a->text = mem_zalloc(n, turns * K * sizeof *a->text, e);
    return a->text ? OK : e->code;
}

void arguments_release(struct arguments *a)
{
    mem_free(a->text);
    arena_release(&a->arena);
    *a = (struct arguments){.n = 0};
}

const char **arguments_at(const struct arguments *a, size_t i, size_t turn, size_t k)
{
    BUG_ON(i >= a->n || turn >= a->turns || k >= a->K);
    return &a->text[(i * a->turns + turn) * a->K + k];
}

int arguments_write(const struct arguments *a, const struct example *x, const char *path,
                    struct err *e)
{
    struct str out = STR_INIT;
    for (size_t i = 0; i < a->n; i++) {
        struct js w;
        js_init(&w, &out);
        js_open(&w, '{');
        js_key(&w, "id"), js_str(&w, x[i].id);
        js_key(&w, "arguments"), js_open(&w, '[');
        for (size_t k = 0; k < a->turns * a->K; k++)
            js_str(&w, a->text[i * a->turns * a->K + k]);
        js_close(&w, ']');
        js_close(&w, '}');
        str_addc(&out, '\n');
    }
    int rc = str_check(&out, e);
    if (!rc)
        rc = file_write(path, out.s, out.len, e);
    str_release(&out);
    return rc;
}

static int arguments_row(void *ctx, size_t i, const struct doc *row, struct err *e)
{
    struct arguments *a = ctx;
    const struct doc *list = doc_get(row, "arguments");
    const char **at = a->text + i * a->turns * a->K;
    if (!list || list->type != DOC_LIST || list->n != a->turns * a->K)
        return doc_fail(row, e, "no list of %zu arguments", a->turns * a->K);
    for (const struct doc *d = list->child; d; d = d->next) {
        if (d->type != DOC_STRING)
            return doc_fail(d, e, "an argument is a %s, wanted a text", doc_type_name(d->type));
        if (!(*at++ = arena_strdup(&a->arena, d->s, e)))
            return e->code;
    }
    return OK;
}

int job_arguments(const struct plan *p, const struct job *j, enum task_part part,
                  struct arguments *out, struct err *e)
{
    int rc = arguments_init(out, p->data[j->repetition].n[part], j->side->debate.turns,
                            task_classes(p->task), e);
    if (!rc)
        rc = job_lines(p, j, part, arguments_row, out, e);
    if (rc)
        arguments_release(out);
    return rc;
}

/* stream_of - what is drawn for an example: the same in every part and order. */
static void stream_of(struct rng *r, const char *what, const char *id, uint64_t seed)
{
    char stream[64];
    snprintf(stream, sizeof stream, "%s %s", what, id);
    rng_init(r, seed, stream);
}

int transcript_adviser(const struct example *x, size_t K, bool right, uint64_t seed)
{
    struct rng r;
    stream_of(&r, "adviser", x->id, seed);
    return right ? x->label : (int)rng_below(&r, K);
}

void transcript_add(const struct arguments *a, size_t i, size_t turns, const char *id, int one,
                    const char *const *words, uint64_t seed, struct str *out)
{
    struct rng r;
    size_t order[16];
    if (one >= 0) {
        str_addf(out, "\nArgument for%s: %s", words[one], *arguments_at(a, i, 0, (size_t)one));
        return;
    }
    stream_of(&r, "debate", id, seed);
    for (size_t k = 0; k < a->K; k++)
        order[k] = k;
    rng_shuffle(&r, order, a->K);
    for (size_t turn = 0; turn < turns; turn++)
        for (size_t k = 0; k < a->K; k++)
            str_addf(out, "\nArgument for%s: %s", words[order[k]],
                     *arguments_at(a, i, turn, order[k]));
}

size_t argument_best(const double *scores, size_t n, size_t K, size_t k)
{
    size_t best = 0;
    double most = -HUGE_VAL;
    for (size_t s = 0; s < n; s++) {
        const double *row = scores + s * K;
        double sum = 0;
        for (size_t c = 0; c < K; c++)
            sum += exp(row[c] - row[k]);
        if (-log(sum) > most) {
            most = -log(sum);
            best = s;
        }
    }
    return best;
}

int heard_make(struct heard *h, const struct plan *p, const struct job *judge, enum task_part part,
               struct err *e)
{
    const struct dataset *d = &p->data[judge->repetition];
    uint64_t seed = study_seed(p->study, SEED_ORDER, judge->repetition);
    size_t K = task_classes(p->task);
    struct arguments a = {.n = 0};
    struct asking q;
    struct str text = STR_INIT;
    *h = (struct heard){.x = NULL};
    job_asking(p, judge, &q);
    int rc = job_arguments(p, judge->arguments, part, &a, e);
    h->x = rc ? NULL : mem_alloc(d->n[part], sizeof *h->x, e);
    rc = rc || h->x ? rc : e->code;
    for (size_t i = 0; !rc && i < d->n[part]; i++) {
        struct example *x = &h->x[i];
        *x = d->part[part][i];
        int one = judge->form == DEBATE_ADVISER
                      ? transcript_adviser(x, K, judge->side->debate.right, seed)
                      : -1;
        str_reset(&text);
        str_catn(&text, x->text, x->len);
        transcript_add(&a, i, a.turns, x->id, one, q.words, seed, &text);
        rc = str_check(&text, e);
        x->text = rc ? NULL : arena_strndup(&h->arena, text.s, text.len, e);
        x->len = text.len;
        rc = rc || x->text ? rc : e->code;
    }
    str_release(&text);
    arguments_release(&a);
    if (rc)
        heard_release(h);
    return rc;
}

void heard_release(struct heard *h)
{
    mem_free(h->x);
    arena_release(&h->arena);
    *h = (struct heard){.x = NULL};
}
