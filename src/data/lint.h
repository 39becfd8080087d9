/* lint.h - what in a task's data could mislead a study: texts that are in a part and nearly in
 * another, answers that can be guessed without their question, one class that is most of the rows.
 *
 * To add a check: its numbers in struct lint, what works them out in lint_items (lint.c), its
 * column in lint_table, and in lint_warn where a study should say it. */
#ifndef W2S_DATA_LINT_H
#define W2S_DATA_LINT_H

#include "data/task.h"
#include "tokenizer/tokenizer.h"

struct lint {
    size_t rows, left_out, examples; /* examples: less duplicates and straddlers */
    size_t classes, class_before[16], class_after[16];
    double constant_accuracy; /* of one answer to all examples, before the classes are made equal */
    /* Of at most LINT_LENGTHS examples, as evenly spread as they are: tokens with a tokenizer, else
     * words. */
    bool tokenized;
    size_t median, p95, longest;
    /* Equal texts, all but the first: in the same split (the train, valid or test files) as the
     * first, in another. */
    size_t same_within, same_across;
    size_t question_across; /* examples dropped because their question is in a test or valid file */
    /* Examples that are nearly one of another question in the same split, in another. */
    size_t near_within, near_across;
    /* What a bag of words guesses of the class from the candidate, or from what the task calls
     * "alone": accuracy over alone_n examples of questions that it has not seen, each class
     * counting the same; NAN where the task has neither or there are fewer than LINT_ALONE. */
    double alone;
    size_t alone_n;
};

enum { LINT_LENGTHS = 5000, LINT_ALONE = 60 };
/* Two texts are near where minhash puts the share of three-word runs that they have in common (of
 * all that either has, and that less than a quarter of the examples have) at this or more. */
#define LINT_NEAR 0.75

/* lint_task - all examples of all files; tok and log may be NULL. Nothing to release. */
int lint_task(struct lint *l, const struct task *t, const char *dir, const struct tokenizer *tok,
              struct log *log, struct err *e);
/* lint_dataset - the same of a draw, whose parts are then the splits: no lengths, and nothing that
 * the draw has left out. */
int lint_dataset(struct lint *l, const struct dataset *d, struct err *e);
/* lint_warn - a sentence for each thing that a study should know; none where all is well. */
void lint_warn(const struct lint *l, const char *name, struct log *log);
/* lint_guessable - whether the class can be told from what is looked at alone, beyond chance. */
bool lint_guessable(const struct lint *l);

/* lint_row - of a table: what was found, or why nothing was. */
struct lint_row {
    const char *name, *source; /* source: NULL where the task has one without a name */
    const struct lint *lint;   /* NULL: */
    const char *why;
};
/* Appended to out (lint_print.c): for people, with what the columns mean below; as one JSON list.
 */
void lint_table(const struct lint_row *rows, size_t n, struct str *out);
void lint_json(const struct lint_row *rows, size_t n, struct str *out);

/* One example, as the checks see it. */
struct lint_item {
    const char *text;
    size_t len;
    uint64_t question;
    int split, label;
    const char *candidate, *alone;
};
/* lint_near - sets near_within and near_across (lint_near.c). lint_alone - sets alone and alone_n
 * (lint_alone.c). */
int lint_near(struct lint *l, const struct lint_item *x, size_t n, struct err *e);
int lint_alone(struct lint *l, const struct lint_item *x, size_t n, struct err *e);
/* lint_word - the sum of the next word of *s, letters without case; 0 at the end, *s past it. */
uint64_t lint_word(const char **s);

#endif
