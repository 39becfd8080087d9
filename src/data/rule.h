/* rule.h - from a row's value to a class. Inside data only. */
#ifndef W2S_DATA_RULE_H
#define W2S_DATA_RULE_H

#include "data/value.h"

enum { LEFT_OUT = -1 }; /* no class: the rule says nothing of such a value */

/* rule_class - *label of the row, or LEFT_OUT; *confidence, of a rule of ranges: the value's size.
 * Where a map has the empty text, a row without the field, or with null, is as one with that; where
 * ranges do, a row with any of these is left out.
 * ERR_INPUT for a value that a map has not, or which is in the ranges of two classes. scratch is
 * written over. */
int rule_class(const struct task *t, const struct label_rule *rule, const struct place *p,
               struct str *scratch, int *label, double *confidence, struct err *e);

/* value_number - of the field; scratch is written over. */
int value_number(const struct field *f, const struct place *p, struct str *scratch, double *out,
                 struct err *e);

#endif
