/* method.h - how a student learns from weak labels. A study names methods; each may have a map of
 * settings under its own name. To add one: a row of the table in method.c, its loss (train/loss.c)
 * where it has one of its own, its line in docs/methods.md. */
#ifndef W2S_LAB_METHOD_H
#define W2S_LAB_METHOD_H

#include "lab/choose.h"
#include "store/asset.h"
#include "train/train.h"

#define METHODS_MOST 32
#define CHAIN_MOST   8 /* models between a supervisor and its student */

/* A model of a chain: so many layers of the student's, or (model not NULL) one by its name. */
struct chain_model {
    const char *model;
    size_t layers;
};

/* The models of a chain, in the study's order. */
struct chain {
    struct chain_model of[CHAIN_MOST];
    size_t n;
    bool said; /* the study says through what, if through nothing */
};

/* How a student is made (lab/recipe.c): of its supervisor's labels, in one training; or of that
 * training the point which the validation part's labels, or its ground truth, say is best; or at
 * the end of a chain of models, each trained on what the one before says of examples of its own; or
 * of labels that are mended for it; or of those that a trust function chooses, at the end of a
 * chain too; or with a probe on what came of it, fitted on ground truth; or of what its supervisor
 * says once that has learnt some of them with their truth; or of
 * those labels that a first training took as is asked for; or of labels mixed with what models say
 * before they are trained. */
enum recipe {
    RECIPE_DIRECT,
    RECIPE_STOP,
    RECIPE_STOP_TRUTH,
    RECIPE_CHAIN,
    RECIPE_REPAIR,
    RECIPE_TRUST,
    RECIPE_PROBED,
    RECIPE_TAUGHT,
    RECIPE_DYNAMICS,
    RECIPE_CONTRAST
};

struct method {
    const char *name;
    struct loss_settings loss; /* with the method's defaults */
    enum recipe recipe;
    struct choice choice; /* of the labels, with the method's defaults */
    const char *what;     /* one line for help and reports */
    bool upper_bound;     /* it looks at ground truth that a student does not have */
    bool truth;           /* it is told the true labels of what its students learn from */
    /* charged: it is told a share of them (choice.share), and what it gains is weighed against the
     * baselines, which use as many of them otherwise (baselines.c) */
    bool charged, baseline;
};
extern const struct method methods[]; /* ends with a NULL name */
const struct method *method_find(const char *name);

/* method_keys - the settings that a method has, NULL where it has none; the list ends with NULL. */
const char *const *method_keys(const struct method *m);

/* What a study sets of each method, in the table's order. methods_defaults, methods_read (each
 * method's map in a study, where there is one: ERR_INPUT with file and line) and methods_json (of
 * those of `used`, n of them, that have settings; with assets, else NULL, local paths are
 * absolute). method_loss, method_choice - of one. method_chain - of one that has a chain, else
 * NULL.
 */
struct method_settings {
    struct loss_settings of[METHODS_MOST];
    const struct method *stops[METHODS_MOST]; /* whose training one that stops early takes a point
                                                 of */
    struct choice choice[METHODS_MOST];
    struct chain through[METHODS_MOST];
};
void methods_defaults(struct method_settings *s);
int methods_read(struct method_settings *s, const struct doc *study, struct err *e);
void methods_json(const struct method_settings *s, const struct method *const *used, size_t n,
                  const struct assets *assets, struct js *j);
const struct loss_settings *method_loss(const struct method_settings *s, const struct method *m);
bool method_stops(const struct method *m);
/* method_charged - the method that is told labels: m, or the one whose training it is a point of;
 * NULL: none is. */
const struct method *method_charged(const struct method_settings *s, const struct method *m);
const struct method *method_stopped(const struct method_settings *s, const struct method *m);
const struct choice *method_choice(const struct method_settings *s, const struct method *m);
const struct chain *method_chain(const struct method_settings *s, const struct method *m);

/* study_place_json - a task's or model's name; where it is the path of something local, from the
 * root (study_write.c). */
void study_place_json(struct js *j, const char *name, bool local);

/* method_names - the methods of a list; *n of at most `most` are found. ERR_INPUT: a name that is
 * not known, or that stands there twice. */
int method_names(const struct doc *list, const char *const *names, size_t n,
                 const struct method **out, struct err *e);

#endif
