/* given.h - what others say of examples, from a file: rows of an id and the probability of each
 * class (docs/own-data.md). Inside lab only. */
#ifndef W2S_LAB_GIVEN_H
#define W2S_LAB_GIVEN_H

#include "core/hash.h"
#include "data/task.h"

#include <stdint.h>

/* given_probs - the probabilities [K] that a row gives, by the first of these that it has: a key
 * for each class by its name, p_0 .. p_{K-1}, "probability" (of class 1, of two that do not have
 * each other's numbers for names) and, where label says so, "label" (a class's name or its number:
 * 1 for it). A sum within 0.01 of 1 becomes 1. */
int given_probs(const struct doc *row, const char *const *classes, size_t K, bool label, double *p,
                struct err *e);

/* given_columns - no column whose meaning would be guessed: those that rows of either kind may
 * have, `who` (of whom a row is: supervisor, model), classes by name and number, and what `also`,
 * where it is not NULL, knows. manual: the page that lists them, for the sentence. */
struct given_names {
    const char *who, *const *classes;
    size_t K;
    bool (*also)(const void *ctx, const char *key);
    const void *ctx;
    const char *manual;
};
int given_columns(const struct doc *row, const struct given_names *names, struct err *e);
/* given_sum - whether p [K] is a distribution: a sum within 0.01 of 1 becomes 1. */
bool given_sum(double *p, size_t K, double *sum);

/* given_number - a cell's number, false where it is none. given_shown - a cell in a sentence. */
bool given_number(const struct doc *d, double *x);
const char *given_shown(const struct doc *d);
/* given_class - the class that a cell names or numbers. Where classes have each other's numbers for
 * names ("1", "2") and as does not say which is written there, what could be either is an error;
 * its sentence says that `way` says which. A whole number is as its digits are. */
enum given_as { GIVEN_EITHER, GIVEN_NAMES, GIVEN_NUMBERS };
int given_class(const struct doc *d, const char *const *classes, size_t K, const char *way,
                enum given_as as, int *label, struct err *e);
/* given_text - a cell: a text, or a whole number, which is written into digits as a table of texts
 * has it; *out is NULL where it is missing, null or empty, and lives as long as the row and digits
 * do. given_id - a row's "id", the same, which has to be there. */
int given_text(const struct doc *row, const char *key, char digits[24], const char **out,
               struct err *e);
int given_id(const struct doc *row, char digits[24], const char **id, struct err *e);
/* given_seed - a row's "seed": a repetition's number, or GIVEN_ANY. */
int given_seed(const struct doc *row, size_t *seed, struct err *e);
#define GIVEN_ANY SIZE_MAX /* of what counts in every repetition */

struct given;

/* given_new - of K classes, without a row; given_add - one more, of file:line, which outlives g;
 * given_ready - after the last one: an id twice in a repetition is ERR_INPUT. */
int given_new(struct given **out, size_t K, struct err *e);
int given_add(struct given *g, const char *id, size_t seed, const double *p, const char *file,
              int line, struct err *e);
int given_ready(struct given *g, struct err *e);

/* given_read - path: any file that data/table.h reads, duckdb as in table_settings. A row has "id"
 * and what given_probs reads; "seed" is the repetition that it is of, else it counts in all. What
 * `w2s label` writes beside these is passed over, any other column is an error, and so are an id
 * twice and rows of two supervisors: ERR_INPUT with file and line. path outlives *out. Owner:
 * caller, given_free. */
int given_read(struct given **out, const char *path, const struct task *t, const char *duckdb,
               struct err *e);
void given_free(struct given *g);              /* accepts NULL */
const char *given_hash(const struct given *g); /* of the file's bytes */

/* given_find - the probabilities [K] of an example in a repetition; NULL: it has no row. */
const double *given_find(const struct given *g, const char *id, size_t repetition);

/* given_last_seed - the largest repetition that a row names; 0 where none does. */
size_t given_last_seed(const struct given *g);

/* given_missing - how many examples of a part have no row; *first is the first one. */
size_t given_missing(const struct given *g, const struct dataset *d, enum task_part part,
                     size_t repetition, const struct example **first);

/* given_strange - how many of its rows are of no example of the repetitions data [n]; *rows: of how
 * many. */
int given_strange(const struct given *g, const struct dataset *data, size_t n, size_t *strange,
                  size_t *rows, struct err *e);

#endif
