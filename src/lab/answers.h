/* answers.h - what a model wrote to each example of a part, as its job keeps it. Inside lab only.
 */
#ifndef W2S_LAB_ANSWERS_H
#define W2S_LAB_ANSWERS_H

#include "data/answer.h"
#include "lab/plan.h"

struct said {
    const char *text;
    bool right, legal;
};

struct answers {
    struct arena arena; /* of the texts */
    struct said *a;     /* [n], in the order of the part */
    size_t n;
};

/* answers_init - room for n. answers_add - the i-th, judged by its example. Undone by
 * answers_release, after an error too. */
int answers_init(struct answers *a, size_t n, struct err *e);
int answers_add(struct answers *a, size_t i, const struct example *x, const char *text,
                struct err *e);
void answers_release(struct answers *a);
double answers_right(const struct answers *a); /* the share; NAN of none */
double answers_legal(const struct answers *a);
/* answers_same - whether two say the same: the same text, or both are right. */
bool answers_same(const struct said *a, const struct said *b);

/* options - of one example: every move that may be written, as tokens. */
struct options {
    int32_t *tokens;
    size_t *starts; /* [n+1] */
    size_t n;
};

int options_make(struct options *o, const struct answer_writer *as, const struct example *x,
                 struct err *e);
void options_release(struct options *o); /* after an error too */

/* answers_write - as JSON lines with the examples' ids. job_answers - what a finished job left;
 * released after an error. ERR_INPUT where its file is broken. */
int answers_write(const struct answers *a, const struct example *x, const char *path,
                  struct err *e);
int job_answers(const struct plan *p, const struct job *j, enum task_part part, struct answers *out,
                struct err *e);

#endif
