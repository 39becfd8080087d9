/* recipe.c - see recipe.h. */
#include "lab/recipe.h"

typedef int recipe_fn(struct plan *p, const struct job *supervisor, const struct job *student,
                      struct job **out, struct err *e);

/* recipe_direct - the student learns what its supervisor says. */
static int recipe_direct(struct plan *p, const struct job *supervisor, const struct job *student,
                         struct job **out, struct err *e)
{
    struct job j = *student;
    j.supervisor = supervisor;
    job_need(&j, supervisor);
    return plan_add(p, &j, out, e);
}

static recipe_fn *const recipes[] = {[RECIPE_DIRECT] = recipe_direct};

int recipe_add(struct plan *p, const struct job *supervisor, const struct job *student,
               struct job **out, struct err *e)
{
    return recipes[student->method->recipe](p, supervisor, student, out, e);
}
