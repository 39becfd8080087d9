/* method.h - how a student learns from weak labels. A study names methods; each may have a map of
 * settings under its own name. To add one: a row of the table in method.c, its loss (train/loss.c)
 * where it has one of its own, its line in docs/methods.md. */
#ifndef W2S_LAB_METHOD_H
#define W2S_LAB_METHOD_H

#include "lab/choose.h"
#include "train/train.h"

#define METHODS_MOST 32

/* How a student is made (lab/recipe.c): of its supervisor's labels, in one training; or of that
 * training the point which the validation part's labels, or its ground truth, say is best. */
enum recipe { RECIPE_DIRECT, RECIPE_STOP, RECIPE_STOP_TRUTH };

struct method {
    const char *name;
    struct loss_settings loss; /* with the method's defaults */
    enum recipe recipe;
    struct choice choice; /* of the labels, with the method's defaults */
    const char *what;     /* one line for help and reports */
    bool upper_bound;     /* it looks at ground truth that a student does not have */
};
extern const struct method methods[]; /* ends with a NULL name */
const struct method *method_find(const char *name);

/* method_keys - the settings that a method has, NULL where it has none; the list ends with NULL. */
const char *const *method_keys(const struct method *m);

/* What a study sets of each method, in the table's order. methods_defaults, methods_read (each
 * method's map in a study, where there is one: ERR_INPUT with file and line) and methods_json (of
 * those of `used`, n of them, that have settings). method_loss, method_choice - of one. */
struct method_settings {
    struct loss_settings of[METHODS_MOST];
    const struct method *stops[METHODS_MOST]; /* whose training one that stops early takes a point
                                                 of */
    struct choice choice[METHODS_MOST];
};
void methods_defaults(struct method_settings *s);
int methods_read(struct method_settings *s, const struct doc *study, struct err *e);
void methods_json(const struct method_settings *s, const struct method *const *used, size_t n,
                  struct js *j);
const struct loss_settings *method_loss(const struct method_settings *s, const struct method *m);
bool method_stops(const struct method *m);
const struct method *method_stopped(const struct method_settings *s, const struct method *m);
const struct choice *method_choice(const struct method_settings *s, const struct method *m);

/* method_names - the methods of a list; *n of at most `most` are found. ERR_INPUT: a name that is
 * not known, or that stands there twice. */
int method_names(const struct doc *list, const char *const *names, size_t n,
                 const struct method **out, struct err *e);

#endif
