/* pace.h - how fast this machine is just now: what estimates are made of. What else it is at slows
 * a mean down and says nothing about the hours that are estimated: all of these are the fastest of
 * a few. */
#ifndef W2S_LAB_PACE_H
#define W2S_LAB_PACE_H

#include "train/train.h"

/* What the machine does in a second: operations (model_flops) of training steps; of products for
 * texts that are written, a token of each at a time; bytes of memory that is new. Zeroed: nothing
 * is measured yet. */
struct pace {
    double steps, written, fresh;
    enum precision precision; /* with which the first two were measured */
    int threads;
};

/* pace_measure - with the device's threads and precision, what of p is not measured yet: a second
 * of work or two. writes: whether `written` is wanted. */
int pace_measure(struct dev *d, bool writes, struct pace *p, struct err *e);

/* pace_steps - operations a second of training m, which learns, on data that is one batch of s, of
 * `flops` operations: the fastest of some steps but the first, which pays for memory. The
 * optimizer, attention and all that is no product slow it as they slow a job. m is trained. */
int pace_steps(struct model *m, const struct train_settings *s, const struct train_data *data,
               double flops, double *rate, struct err *e);

#endif
