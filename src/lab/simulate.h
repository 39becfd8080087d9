/* simulate.h - supervisors made of ground truth: as right as a study says, and wrong where it says
 * (docs/simulated.md). Inside lab only.
 *
 * To add a structure of errors: its name in enum and list, what it needs to be told (simulate.c),
 * what it says of an example (job_simulate.c). */
#ifndef W2S_LAB_SIMULATE_H
#define W2S_LAB_SIMULATE_H

#include "core/arena.h"
#include "core/doc.h"
#include "core/rng.h"
#include "store/asset.h"

enum sim_errors {
    SIM_UNIFORM,    /* anywhere */
    SIM_DIFFICULTY, /* where a model that learnt from ground truth has the least margin */
    SIM_LENGTH,     /* long texts are called class 1, short ones class 0 */
    SIM_NEGATION,   /* texts with a word of negation are called class 0 */
    SIM_DIRECTION,  /* texts far along a direction of a model's features are called class 1 */
    SIM_MODEL,      /* a model's own */
    SIM_SUBCLASS    /* in one class, or of one file, alone */
};

struct simulation {
    enum sim_errors errors;
    double accuracy, imitable; /* imitable: the share of errors that are structured */
    const char *model;         /* for those that need one; NULL: the student's first */
    size_t layers;             /* of it; 0: all */
    const char *of_class, *source;
};

/* simulations_read - a map or a list of them; out and names (in a) have room for `most`. A name has
 * of a model the last part, "model-gpt2-all-0.75", or, where another entry's model ends alike, all
 * of it. */
int simulations_read(const struct doc *d, size_t most, struct simulation *out, const char **names,
                     size_t *n, struct arena *a, struct err *e);
/* simulation_json - its settings, as members of an open JSON object; assets as study_resolved's. */
void simulation_json(const struct simulation *s, const struct assets *assets, struct js *j);

/* simulation_learns - whether a model has to learn from ground truth before. simulation_reads -
 * whether it reads frozen features. simulation_two - whether it tells two classes apart, and no
 * more. */
bool simulation_learns(const struct simulation *s);
bool simulation_reads(const struct simulation *s);
bool simulation_two(const struct simulation *s);
const char *simulation_errors(const struct simulation *s);

/* A structure's opinion of n examples: the class that it says of each, and how strongly. */
struct opinion {
    int *says;        /* [n] */
    double *strength; /* [n] */
};

/* simulate_labels - said [n] is truth but for E = n - (accuracy * n, to the nearest) errors. Of
 * these (imitable * E, to the nearest) are where the structure contradicts the truth, most strongly
 * first, and say what it says; of equal strength they are drawn, and so are the rest, and all that
 * the structure is not good for, among all other examples, each saying any wrong class. o: NULL for
 * none. *structured: how many of the errors are the structure's. */
int simulate_labels(const struct simulation *s, const struct opinion *o, struct rng *rng,
                    const int *truth, size_t n, size_t K, int *said, size_t *structured,
                    struct err *e);

/* simulate_negations - how many of its words deny: no, not, never ..., and those in n't. */
size_t simulate_negations(const char *text, size_t len);

#endif
