/* recipe.h - which jobs lie between a supervisor and its student. Inside lab only.
 *
 * To add one: its name in enum recipe (method.h), a function of the form recipe_fn and its row in
 * recipe.c, and the methods (method.c) whose students are made so. */
#ifndef W2S_LAB_RECIPE_H
#define W2S_LAB_RECIPE_H

#include "lab/plan.h"

/* recipe_add - the jobs of student->method, of one repetition: student says model, part and method;
 * *out is the one whose predictions are the student's. untrained_add - a model of a side as it
 * starts, `like` one that is trained. */
/* recipes_check - that the study has what its methods need, after plan_given: else ERR_INPUT. */
int recipes_check(const struct plan *p, struct err *e);
int untrained_add(struct plan *p, const struct job *like, struct job **out, struct err *e);
int recipe_add(struct plan *p, const struct job *supervisor, const struct job *student,
               struct job **out, struct err *e);

#endif
