/* checkpoint.h - a training run on disk. Inside train only.
 *
 * One file, in the byte order of the machine that wrote it (only the same numerics may read it):
 *
 *     struct checkpoint_head        magic, identity, state, count of floats
 *     for each parameter that learns, in the model's order: w, m, v [rows*cols] f32
 */
#ifndef W2S_TRAIN_CHECKPOINT_H
#define W2S_TRAIN_CHECKPOINT_H

#include "core/hash.h"
#include "core/log.h"
#include "train/train.h"

/* All of a run that is not a parameter or a moment: members of 8 bytes, written as they lie. */
struct train_state {
    uint64_t step, tokens;
    uint64_t eval_due;          /* the point after `step` is still to be evaluated */
    double point_loss, point_n; /* sums over what the loss counts since the last evaluation */
    double epoch_loss, epoch_n; /* sums over what it counts of this epoch */
    double loss, lr, alpha, grad_norm; /* of the last update */
    double seconds;
};

struct moments { /* AdamW's, device; NULL where the parameter is frozen */
    float *m, *v;
};

/* checkpoint_identity - hash of all that decides how a run goes on: settings, tokens, targets,
 * whether features are given, what the model is and learns (its weights by their sums of squares),
 * the device's numerics. */
int checkpoint_identity(char hex[HASH_HEX], const struct model *m, const struct train_settings *s,
                        const struct train_data *d, struct err *e);

/* checkpoint_write - the file appears whole or not at all. */
int checkpoint_write(const char *path, const char identity[HASH_HEX], const struct train_state *s,
                     const struct model *m, const struct moments *moments, struct err *e);

/* checkpoint_read - *found false where there is no file, or one of another run or not whole: that
 * warns, and nothing is changed. */
int checkpoint_read(const char *path, const char identity[HASH_HEX], struct train_state *s,
                    struct model *m, struct moments *moments, struct log *log, bool *found,
                    struct err *e);

#endif
