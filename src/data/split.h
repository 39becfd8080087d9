/* split.h - which draft goes into which part. Inside data only.
 *
 * The rule (docs/tasks.md, "Splits"):
 *
 * - Of equal texts the first stays; test files count as first, then validation files, then the
 *   rest. A question of a test (validation) file takes nothing from the other files.
 * - The questions of a pool stand in an order that the split seed and each question's own text
 *   give: a new row in a file changes the order of no other two.
 * - Each part has its own place to begin in that order and grows from there: supervise from the
 *   first question on, train from the last one backwards, test from the middle on, valid from the
 *   middle backwards. A part meets the others only where the pool is nearly used up; then it steps
 *   over what test, valid, supervise, train (in this order) have taken. So a larger part keeps what
 *   it had, and moves no other until they meet.
 * - A question is taken whole: what a part does not use of it, no other part gets. */
#ifndef W2S_DATA_SPLIT_H
#define W2S_DATA_SPLIT_H

#include "data/draft.h"

struct split {
    size_t *taken[PART_COUNT]; /* indices of drafts, in the order of the part; heap */
    size_t n[PART_COUNT];
    size_t duplicates, conflicts, straddlers;
    size_t duplicates_across; /* whose first is in another pool */
    bool short_of;            /* a part asked for more than is left: the reason of an error */
    size_t class_before[TASK_CLASSES], class_after[TASK_CLASSES];
};

/* split_make - sets dropped and question of the drafts, too. Undone by split_release, after an
 * error too. */
int split_make(struct split *s, struct drafts *d, const struct task *t,
               const struct task_sizes *sizes, uint64_t seed, struct err *e);
void split_release(struct split *s);

#endif
