/* slice.c - a part's questions, and the part cut by them for the links of a chain. */
#include "lab/plan.h"
#include "core/mem.h"
#include "core/order.h"
#include "lab/probe.h"

uint64_t *part_questions(const struct dataset *d, enum task_part part, struct err *e)
{
    uint64_t *question = mem_alloc(d->n[part], sizeof *question, e);
    for (size_t i = 0; question && i < d->n[part]; i++)
        question[i] = d->part[part][i].question;
    return question;
}

int plan_questions(const struct plan *p, size_t repetition, size_t *n, struct err *e)
{
    const struct dataset *d = &p->data[repetition];
    uint64_t *question = part_questions(d, PART_TRAIN, e);
    if (!question)
        return e->code;
    *n = order_distinct(question, d->n[PART_TRAIN]);
    mem_free(question);
    return OK;
}

int job_chosen(const struct plan *p, const struct job *j, size_t **chosen, size_t *n, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    size_t all = d->n[j->part], questions = 0;
    *chosen = NULL;
    *n = 0;
    if (j->slices < 2)
        return OK;
    uint64_t *question = part_questions(d, j->part, e);
    size_t *place = question ? mem_alloc(all, sizeof *place, e) : NULL, *list = NULL;
    /* a fold for every question: its place among them */
    int rc = place ? probe_folds(question, all, all, place, &questions, e) : e->code;
    if (!rc && questions < j->slices)
        rc = err_set(e, ERR_INPUT, "%zu examples of %zu questions cannot be cut into %zu slices",
                     all, questions, j->slices);
    if (!rc && !(list = mem_alloc(all, sizeof *list, e)))
        rc = e->code;
    for (size_t i = 0; !rc && i < all; i++)
        if (place[i] * j->slices / questions == j->slice)
            list[(*n)++] = i;
    *chosen = list;
    mem_free(question);
    mem_free(place);
    return rc;
}
