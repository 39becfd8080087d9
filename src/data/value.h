/* value.h - values of a row by a field's path. Inside data only.
 *
 * A path is keys and indices with dots between them; a star is every element of a list, but the
 * first n_bound stars are the element of the row that "each" has come to, bound[0..n_bound). A list
 * of messages is one text (dialogue.h) wherever a list is spoken of. */
#ifndef W2S_DATA_VALUE_H
#define W2S_DATA_VALUE_H

#include "data/spec.h"

#define VALUE_STARS 8 /* that "each" may have */

struct place { /* what is being read: a row and where "each" is in it */
    const struct doc *row;
    size_t bound[VALUE_STARS];
};

/* value_one - the one scalar of the field as value_text; a list or map is an error. A key that is
 * not there or null: `file:line: "path" is missing`. */
int value_one(const struct field *f, const struct place *p, struct str *out, struct err *e);

/* value_lacks - whether the row has nothing there, or null. */
bool value_lacks(const struct field *f, const struct place *p);

/* value_text - the field as text without white space around, appended; a list is joined by the
 * field's join, each element cut at the field's marks, which have to be in it. */
int value_text(const struct field *f, const struct place *p, struct str *out, struct err *e);

/* value_texts - the texts of all fields of l, one after the other, each ended by a NUL, appended to
 * out; *n: how many. */
int value_texts(const struct field_list *l, const struct place *p, struct str *out, size_t *n,
                struct err *e);

/* value_each - f for every place of the row that "each" (NULL: the row itself) goes to, in order.
 */
int value_each(const char *each, const struct doc *row,
               int (*f)(void *ctx, const struct place *p, struct err *e), void *ctx, struct err *e);

/* value_scalar - append a scalar, or a list of messages (dialogue.h), as text. */
int value_scalar(const struct doc *d, const char *path, struct str *out, struct err *e);

#endif
