/* schedule.c - the defaults of training and its learning rate over time. */
#include "train/train.h"

#include <math.h>

void train_settings_init(struct train_settings *s)
{
    *s = (struct train_settings){
        .epochs = 2,
        .batch = 32,
        .lr = 1e-4,
        .schedule = SCHEDULE_COSINE,
        .warmup = 10,
        .weight_decay = 0,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = 1e-8,
        .clip = 1.0,
        .loss = {.kind = LOSS_XENT},
        .seed_order = 0,
        .micro_tokens = 1024,
        .evals = 4,
        .checkpoint_every = 60,
    };
}

double schedule_lr(const struct train_settings *s, size_t step, size_t steps)
{
    const double pi = 3.14159265358979323846;
    double x = (double)step / (double)steps, shape = 1;
    BUG_ON(step >= steps);
    switch (s->schedule) {
    case SCHEDULE_COSINE:
        shape = 0.5 * (1 + cos(pi * x));
        break;
    case SCHEDULE_LINEAR:
        shape = 1 - x;
        break;
    case SCHEDULE_CONSTANT:
        break;
    }
    double warm = step < s->warmup ? (double)(step + 1) / (double)s->warmup : 1;
    return s->lr * warm * shape;
}
