/* import.h - an import file while it is read. Inside lab's import*.c only. */
#ifndef W2S_LAB_IMPORT_H
#define W2S_LAB_IMPORT_H

#include "lab/plan.h"

/* What is known of a test example, of one row. */
struct truth {
    char id[17];
    size_t seed, at; /* place among all */
    const char *file;
    int line, label;
    const char *text, *question, *source; /* NULL: the row has none */
};

struct source_model {
    const char *name;
    struct given *given;
    double params; /* NAN where nobody says */
};

struct import {
    struct doc_tree tree; /* the file with its overrides */
    struct arena arena;
    const char *path; /* of it */
    const struct lab *lab;
    struct str duckdb;
    struct study study;
    const char *citation, *licence;
    const char *classes[16];
    size_t K;
    int labels; /* enum given_as: how the truth is written */
    struct truth *truths;
    size_t n_truths, cap_truths;
    struct source_model *models;
    size_t n_models, cap_models;
    /* of the table that is read */
    const char *file, *model;
    bool truth_only;
    struct str files; /* hashes of all that were read, in order: enter the names of jobs */
};

/* import_model - that of the name; NULL: it has no predictions. */
struct source_model *import_model(const struct import *m, const char *name);
/* import_tables - every file that m->tree names, into truths and models; paths in the tree are from
 * the root then. */
int import_tables(struct import *m, struct err *e);

#endif
