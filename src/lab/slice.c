/* slice.c - a part cut by question, for the links of a chain. */
#include "lab/plan.h"
#include "core/mem.h"

#include <stdlib.h>

struct seen {
    uint64_t question;
    size_t at;
};

static int seen_order(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->question != y->question)
        return x->question < y->question ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* places - which question of the part each example is of, by first appearance; *n: how many there
 * are. */
static int places(const struct example *x, size_t all, size_t *place, size_t *n, struct err *e)
{
    struct seen *seen = mem_alloc(all, sizeof *seen, e);
    if (!seen)
        return e->code;
    for (size_t i = 0; i < all; i++)
        seen[i] = (struct seen){x[i].question, i};
    qsort(seen, all, sizeof *seen, seen_order);
    for (size_t i = 0; i < all; i++) { /* the first example of its question */
        bool again = i && seen[i].question == seen[i - 1].question;
        place[seen[i].at] = again ? place[seen[i - 1].at] : seen[i].at;
    }
    *n = 0;
    for (size_t i = 0; i < all; i++)
        place[i] = place[i] == i ? (*n)++ : place[place[i]];
    mem_free(seen);
    return OK;
}

int plan_questions(const struct plan *p, size_t repetition, size_t *n, struct err *e)
{
    const struct dataset *d = &p->data[repetition];
    size_t *place = mem_alloc(d->n[PART_TRAIN], sizeof *place, e);
    int rc = place ? places(d->part[PART_TRAIN], d->n[PART_TRAIN], place, n, e) : e->code;
    mem_free(place);
    return rc;
}

int job_chosen(const struct plan *p, const struct job *j, size_t **chosen, size_t *n, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    size_t all = d->n[j->part], questions = 0;
    *chosen = NULL;
    *n = 0;
    if (j->slices < 2)
        return OK;
    size_t *place = mem_alloc(all, sizeof *place, e), *list = NULL;
    int rc = place ? places(d->part[j->part], all, place, &questions, e) : e->code;
    if (!rc && questions < j->slices)
        rc = err_set(e, ERR_INPUT, "%zu examples of %zu questions cannot be cut into %zu slices",
                     all, questions, j->slices);
    if (!rc && !(list = mem_alloc(all, sizeof *list, e)))
        rc = e->code;
    for (size_t i = 0; !rc && i < all; i++)
        if (place[i] * j->slices / questions == j->slice)
            list[(*n)++] = i;
    *chosen = list;
    mem_free(place);
    return rc;
}
