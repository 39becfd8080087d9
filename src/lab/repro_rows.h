/* repro_rows.h - choosing pairs, and what is made of their values. Inside lab's repro*.c only. */
#ifndef W2S_LAB_REPRO_ROWS_H
#define W2S_LAB_REPRO_ROWS_H

#include "lab/repro.h"

/* More pairs than this are not taken together. */
#define REPRO_ROWS 1024

/* Rows of samples, by place. */
struct rows {
    size_t *at;
    size_t n;
};
/* rows_pick - those that are wanted, in order; undone by mem_free of at. More than REPRO_ROWS:
 * ERR_INPUT. */
int rows_pick(struct rows *r, const struct samples *s, const struct repro_where *w, struct err *e);

/* row_key - what a row has of a key that is a name; "" of a band that is all examples. row_number -
 * of one that is a number. */
const char *row_key(const struct sample_row *r, enum repro_key key);
double row_number(const struct sample_row *r, enum repro_key key);

/* model_id_bytes - of an id "name/layers", or "name/layers/how it learns", the bytes up to the end
 * of the layers; 0 of other ids. */
size_t model_id_bytes(const char *id);

/* row_words - what people read of a key that is a name, appended: of models that are all one, their
 * layers; of others the shortest end of their paths. rows_one_model - whether all are. */
void row_words(const struct samples *s, enum repro_key key, const char *name, struct str *out);
bool rows_one_model(const struct samples *s);

/* pattern_fits - NULL fits anything, and so do "largest" and "smallest", which are no patterns:
 * size_sign - 1 and -1 of these, 0 of others. */
bool pattern_fits(const char *pattern, const char *name);
int size_sign(const char *which);

/* rows_untaught - whether a study has ceilings and students, and none of either whose interval lies
 * above the accuracy of the best constant answer: nothing was learnt there. Its rows say so, too.
 */
int rows_untaught(struct samples *s, const char *study, double constant, double level,
                  bool *untaught, struct err *e);

/* row_value - in the b-th replicate; what was measured where b is ROW_POINT. NAN: a PGR that is not
 * defined, in any replicate. */
#define ROW_POINT SIZE_MAX
double row_value(const struct sample_row *r, int value, size_t b);

/* bounds_json - value, lo and hi as elements of an open JSON list: a bound that is infinite, which
 * JSON has no number for, is "inf" or "-inf"; null is none. */
void bounds_json(struct js *w, const struct estimate *x);

/* rows_lines - of a take that is a slope: how many lines have two sizes, and how many rows are on
 * these; 0 of other takes. */
void rows_lines(const struct samples *s, const struct rows *r, enum repro_take take, size_t *lines,
                size_t *on_lines);
/* rows_take - of one of these values of rows [n], b as above. minus: NULL, or rows [n] whose value
 * `other` is subtracted one by one (of TAKE_POOLED: whose PGR is). NAN where there is none. */
double rows_take(const struct samples *s, const struct rows *r, int value, const struct rows *minus,
                 int other, enum repro_take take, size_t b);

/* rows_group - those of one name of the key stand together, in the order of the first of each; b:
 * NULL, or what goes along, row by row. How many names there are. rows_take_each - of rows that
 * stand so the mean of each name, and of these means a mean, median or interquartile mean. */
size_t rows_group(const struct samples *s, struct rows *a, struct rows *b, enum repro_key key);
double rows_take_each(const struct samples *s, const struct rows *r, int value,
                      const struct rows *minus, int other, enum repro_take take,
                      enum repro_key each, size_t b);

#endif
