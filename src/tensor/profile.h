/* profile.h - where a device's time goes: every operation's calls, time, arithmetic and bytes,
 * beside what the machine could do.
 *
 *     dev --profile_start--> the same device, each operation timed --profile_stop--> as before
 *                                        |
 *                                        +-- profile_print, any number of times */
#ifndef W2S_TENSOR_PROFILE_H
#define W2S_TENSOR_PROFILE_H

#include "core/str.h"
#include "tensor/ops.h"

struct profile;

/* profile_start - from now on d's operations are counted. Costs two readings of the clock for a
 * call. Not twice on one device; owner of *out: caller, profile_stop, before d is closed. Measures
 * the bounds first: a large product in the device's precision, and the rate at which memory is read
 * and written; about half a second. profile_print - a table, one line for each operation and kind
 * of product (forward x.W^T, input gradient dy.W, weight gradient dy^T.x): calls, seconds, share of
 * all seconds since the start; GF/s or GB/s, and that as a share of its bound. `rest` is time
 * outside of operations. Bytes are those an operation has to move, each array once: one that stays
 * in cache can pass its bound. profile_json - the same as one line of JSON, an event with the table
 * as its text (docs/runs.md). */
int profile_start(struct profile **out, struct dev *d, struct err *e);
void profile_print(const struct profile *p, struct str *out);
void profile_json(const struct profile *p, struct str *out);
void profile_stop(struct profile *p); /* accepts NULL */

#endif
