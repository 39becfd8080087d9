/* group.h - alternatives of one example. Inside data only. */
#ifndef W2S_DATA_GROUP_H
#define W2S_DATA_GROUP_H

#include "core/str.h"
#include "data/task.h"

/* group_shared - bytes of the whole lines that all n alternatives begin with: a dialogue's prompt.
 * Each has at least a byte more. */
size_t group_shared(const struct reading *g, size_t n);

/* group_text - what they share, once, then each one's own rest as "[1] ...", a line each. */
void group_text(struct str *out, const struct reading *g, size_t n);

/* example_join - x->text, from what the group is now. */
int example_join(struct example *x, struct arena *a, struct err *e);

#endif
