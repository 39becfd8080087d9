/* guess.h - what the columns of a file may be. Inside data only. */
#ifndef W2S_DATA_GUESS_H
#define W2S_DATA_GUESS_H

#include "data/sample.h"

enum { GUESS_TEXTS = 4, GUESS_OPTIONS = 8, GUESS_NONES = 9 };

/* One of a choice (n_options), preferences (chosen) and a label. */
struct guess {
    struct sample s;
    size_t rows;  /* that were read; s may be without odd ones (column.lacking) */
    size_t n_odd; /* rows left out of s whose lists are of another length than most, and */
    int odd;      /* the line of the first */
    struct column *options[GUESS_OPTIONS]; /* one list, or a field each */
    size_t n_options;
    struct column *answer;  /* says which option is right, with one of: */
    struct column *keys;    /* a list with each option's key; may be the options */
    bool by_text;           /* it is the text of a field's option */
    bool by_name;           /* it is the name of a field's option */
    const char *first;      /* its value for the first option */
    struct column *correct; /* or the right answer, the options being all wrong ones */
    struct column *chosen, *rejected;
    struct column *label;
    size_t unlabelled; /* rows in which it is empty or not there, which are no class */
    /* What says of a label that there is none, NA or, as SNLI has it, -1; in how many rows */
    struct {
        const char *text;
        size_t rows;
    } none[GUESS_NONES];
    size_t n_none, none_rows;
    double median; /* of a label with more than SAMPLE_VALUES values: a number to cut there */
    struct column *text[GUESS_TEXTS];
    size_t n_texts;
    /* Would be a text, but tells the label, or which option is right, of this share of the rows */
    struct {
        struct column *c;
        double share;
    } telling[GUESS_TEXTS];
    size_t n_telling;
};

/* guess_make - of the first rows of path, which is called file. ERR_INPUT where nothing can be the
 * label, or nothing a text, with the fields that there are. Undone by sample_release(&g->s), after
 * an error too. */
int guess_make(struct guess *g, const char *path, const char *file, const char *duckdb,
               struct err *e);

/* guess_label - finds the field that tells the class: by its name, else one that all rows have,
 * else the one of the fewest values; where there is none the first score, one that all rows have
 * before others. False where nothing may be the label. */
bool guess_label(struct guess *g);

/* guess_told - the share of the rows whose class is the commonest one of the other rows in which
 * the column, one of few values, has the same; 0 where that is hardly more than the commonest class
 * of all tells. */
double guess_told(const struct guess *g, const struct column *c);

/* column_own - the last part of its path. */
const char *column_own(const struct column *c);

/* column_named - whether the last part of its path is one of names, which NULL ends. */
bool column_named(const struct column *c, const char *const *names);

/* column_asks - whether it is named as what a question is. */
bool column_asks(const struct column *c);

#endif
