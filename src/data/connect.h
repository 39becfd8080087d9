/* connect.h - rows that have a text in common are one question. Inside data only. */
#ifndef W2S_DATA_CONNECT_H
#define W2S_DATA_CONNECT_H

#include "data/draft.h"

#define CONNECT_END '\x1f' /* the unit separator: no text ends where another begins */

/* drafts_connect - each draft's group is texts, each ended by CONNECT_END. Two drafts that have one
 * in common, whichever of theirs it is, are of one question, and so are all that are joined through
 * others. Their group becomes the least of all their texts, so that it does not hang on the order
 * of rows. An empty text joins nothing; a draft without any other is known by its key. */
int drafts_connect(struct drafts *d, struct err *e);

#endif
