/* draft.h - every example that the rows make, before it is known which are used. Inside data only.
 */
#ifndef W2S_DATA_DRAFT_H
#define W2S_DATA_DRAFT_H

#include "data/spec.h"

struct draft {
    const char *text;
    size_t len, long_begin, long_end;
    int label;
    double confidence, level;
    const char *source;
    const char *answer, *position; /* as in struct example */
    const char *candidate, *alone; /* as in struct example */
    int *votes;                    /* [task_votes] the class that each says, or -1; NULL: none */
    struct reading *alternatives;  /* [task_alternatives]; NULL: none */
    const char *key;               /* equal ones are the same example: the text, or alternatives in
                                    * whatever order */
    const char *group;             /* what its question is known by */
    enum pool pool;
    size_t seq;        /* its place in the order of the files */
    uint64_t question; /* set by split.h: 64 bits of the sum of group */
    bool dropped;      /* by split.h: a duplicate, or one whose question belongs to another pool */
};

struct drafts {
    struct arena arena; /* of the texts */
    struct draft *a;
    size_t n, cap;
    size_t rows_read, rows_left_out, shortened;
};

/* rows - what the files of a task hold whose examples are drawn, kept for other label
 * seeds. All zero: nothing. */
struct rows {
    struct arena arena;
    struct kept *a;
    size_t n, cap;
    bool whole; /* every row of every file */
};

/* drafts_make - from all files of the task below dir, or, where rows are whole, from these; else
 * rows of a task whose examples are drawn are kept there. Undone by drafts_release and
 * rows_release, after an error too. */
int drafts_make(struct drafts *d, const struct task *t, const char *dir, struct rows *rows,
                uint64_t label_seed, struct log *log, struct err *e);
void drafts_release(struct drafts *d);
void rows_release(struct rows *rows);

#endif
