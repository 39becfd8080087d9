/* pace.h - how fast this machine is just now: what estimates are made of. What else it is at slows
 * a mean down and says nothing about the hours that are estimated: all of these are the fastest of
 * a few. */
#ifndef W2S_LAB_PACE_H
#define W2S_LAB_PACE_H

#include "train/train.h"

/* What the machine does in a second: operations (model_flops) of training steps, and of products
 * for texts that are written, a token of each at a time; bytes of memory that is new. */
struct pace {
    double steps, written, fresh;
};

/* pace_measure - with the device's threads and precision; some seconds of work at most. writes:
 * whether `written` is wanted, else it is that of steps. */
int pace_measure(struct dev *d, bool writes, struct pace *p, struct err *e);

/* pace_steps - operations a second of training m, which learns, on data, of `flops` operations:
 * the optimizer, attention and all that is no product slow it as they slow a job. m is trained. */
int pace_steps(struct model *m, const struct train_settings *s, const struct train_data *data,
               double flops, double *rate, struct err *e);

#endif
