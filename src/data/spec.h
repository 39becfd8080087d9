/* spec.h - a task file, read: what task.h keeps closed. Inside data only. */
#ifndef W2S_DATA_SPEC_H
#define W2S_DATA_SPEC_H

#include "data/prompt.h"
#include "data/task.h"

#define TASK_CLASSES 16 /* as many as dataset has counters for */

#define MAX_FIELDS 64 /* of one task; a struct field is pointed at, so the array never moves */

/* LABELLED: a row says its class; GENERATION: the text that is to be written. Of the others a draw
 * says the class: which candidate of a CHOICE is shown, which text of an ORDER stands first. */
enum task_kind { KIND_LABELLED, KIND_CHOICE, KIND_ORDER, KIND_PREFERENCE, KIND_GENERATION };

/* Where rows come from; a part draws from its own pool where the task names files for it, else from
 * POOL_TRAIN. */
enum pool { POOL_TRAIN, POOL_VALID, POOL_TEST, POOL_COUNT };

/* A value of a row, by its path; the first n_bound stars of it are those that "each" walks. */
struct field {
    const char *name, *path;
    const struct doc *at; /* who names it, in the task file */
    const char *join;     /* between the texts of a list; NULL: a list is an error */
    /* What stands before, after the first such mark in the text; NULL: all of it */
    const char *before, *after;
    bool whole;    /* all of a text that has not both marks; false: that is an error */
    bool numbered; /* of the text so cut, the number-th number, from 0 */
    size_t number;
    const char *text; /* the same in every row; NULL: of the row */
    size_t n_bound;
};

struct data_file { /* paths below the asset's folder */
    const char *rows;
    const char *beside; /* each row of it is the value "beside" of one of rows; NULL: none */
};

/* Some fields, one after the other; a list among them is its elements. */
struct field_list {
    const struct field **f;
    size_t n;
};

enum { SLOT_CANDIDATE = 0, SLOT_FIRST = 0, SLOT_SECOND, SLOTS };

/* A piece of the template: text, or a field, or (neither) what was drawn for the slot. */
struct piece {
    const char *text;
    const struct field *field;
    size_t slot;
};

enum op { OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL };

struct condition {
    enum op op;
    double value;
    size_t class;
};

struct label_value {
    const char *value;
    int class; /* -1: rows with it are left out */
};

/* Which class a value of a field means: by a map, or by ranges of a number. */
struct label_rule {
    const struct field *field;
    struct label_value *values; /* beside ranges: texts that are no number, of rows left out */
    size_t n_values;
    struct condition *conditions;
    size_t n_conditions;
    bool lacking; /* of ranges: a row without a number is left out */
};

struct vote {
    const char *name;
    struct label_rule rule;
};

struct label_class {
    const char *name, *word;
};

struct task {
    struct doc_tree tree; /* owns every string here */
    const char *file;
    const char *name, *title, *citation, *licence;
    enum task_kind kind;

    size_t n_sources, source; /* how many there are; which of them the rest is of */
    const char *source_name;  /* NULL: it has none */
    const char *asset;
    struct data_file *files[POOL_COUNT];
    size_t n_files[POOL_COUNT];
    struct table_settings table;
    const char *each; /* NULL: a row is an example */

    struct field *fields;
    size_t n_fields;
    bool fields_named; /* the file has "fields": no other name is good */

    struct piece *pieces;
    size_t n_pieces;
    size_t long_piece; /* n_pieces: the whole text */
    size_t max_chars;  /* of the long field; 0: any */
    struct field_list group;
    bool group_any; /* rows that have one of these in common are one question, not all of them */
    struct field_list alone; /* what alone should not tell the class */
    const struct field *confidence;

    struct label_class classes[TASK_CLASSES];
    size_t n_classes;
    struct asking asking; /* with what the file leaves out */
    double balance; /* the largest class's share above which classes are made equal; 0.5: always */

    /* labelled */
    struct label_rule label;
    struct vote *votes; /* what others say of a row, by rules of their own */
    size_t n_votes;

    /* choice: correct and wrong, or options and answer or marks */
    const struct field *question;
    struct field_list correct, wrong, options, answer, keys, marks;
    const char
        *first; /* the answer that means the first option, "0", "1", "A", "a"; unused with keys */

    /* order */
    const struct field *better, *worse;

    /* preference: of two rows the one that is rated higher, where the ratings are gap apart */
    const struct field *rating;
    double gap;

    /* choice among so many texts, or preference (2): each is given a reward; 0: examples are single
     * texts */
    size_t alternatives;
    const char *reward_word;

    /* generation: what is to be written; with a position, a move there */
    const struct field *written, *position;
    const struct field *level; /* a number by which results are told apart; NULL: none */
    double cuts[TASK_BANDS - 1];
    size_t n_cuts;
};

/* spec_draws - whether the label seed decides what an example is. */
bool spec_draws(const struct task *t);

/* spec_present - the value of key; NULL where it is not there or null. */
const struct doc *spec_present(const struct doc *map, const char *key);
/* spec_strings - a string or a list of strings, NULL-terminated. */
int spec_strings(struct task *t, const struct doc *d, const char ***out, size_t *n, struct err *e);
/* spec_source - where the rows come from and their fields, as the source of that number has it
 * (spec_source.c). spec_field_add - one field more; name, path and how it is read are in f. */
int spec_source(struct task *t, size_t at, struct err *e);
int spec_field_add(struct task *t, const struct doc *at, struct field f, struct err *e);

/* spec_field - the field of a name, made from the name as a path where the task has no "fields".
 * at: who asks. */
int spec_field(struct task *t, const struct doc *at, const char *name, const struct field **out,
               struct err *e);

/* spec_bands - {field, cuts}: a number of every row, and where its bands meet (spec_label.c). */
int spec_bands(struct task *t, struct err *e);
/* spec_label, spec_choice, spec_order - the parts of the file that say which class (spec_label.c).
 */
int spec_label(struct task *t, struct err *e);
int spec_choice(struct task *t, struct err *e);
int spec_order(struct task *t, struct err *e);
int spec_preference(struct task *t, struct err *e);
int spec_generation(struct task *t, struct err *e);
int spec_field_list(struct task *t, const struct doc *map, const char *key, struct field_list *out,
                    struct err *e);

#endif
