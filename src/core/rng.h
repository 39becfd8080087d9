/* rng.h - counter-based random streams: Philox4x32-10 (Salmon et al. 2011). A stream is a seed and
 * a name ("order", "init", "split" ...), so that drawing more from one never moves another. Plain
 * data: copy it to save it. */
#ifndef W2S_CORE_RNG_H
#define W2S_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t key, counter;
    uint32_t out[4];
    uint32_t used; /* words of out already given */
};

void rng_init(struct rng *r, uint64_t seed, const char *stream);
uint32_t rng_u32(struct rng *r);
uint64_t rng_u64(struct rng *r);
size_t rng_below(struct rng *r, size_t n); /* 0..n-1 without bias; BUG on 0 */
double rng_unit(struct rng *r);            /* [0,1), 53 bits */
double rng_normal(struct rng *r);          /* Box-Muller, one value a call pair kept nowhere */
void rng_shuffle(struct rng *r, size_t *index, size_t n); /* Fisher-Yates */

#endif
