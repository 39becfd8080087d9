/* dialogue.h - a list of messages as one text. Inside data only. */
#ifndef W2S_DATA_DIALOGUE_H
#define W2S_DATA_DIALOGUE_H

#include "core/doc.h"

/* What stands before what a user says, as in HH-RLHF. */
#define DIALOGUE_HUMAN "Human: "

/* dialogue_is - a list whose first element is a message: a map with "role" and "content", or with
 * "from" and "value". */
bool dialogue_is(const struct doc *d);

/* dialogue_write - append "Human: ...\n\nAssistant: ...": a turn for each message, begun by who
 * says it; white space around what is said is taken away. ERR_INPUT: a message that is none, a role
 * that has no name here, what is said no text. */
int dialogue_write(const struct doc *d, struct str *out, struct err *e);

#endif
