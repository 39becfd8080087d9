/* rng.c - Philox4x32-10. */
#include "core/rng.h"
#include "core/err.h"

#include <math.h>

#define ROUNDS 10

static uint64_t mix(uint64_t x) /* splitmix64's finaliser */
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void rng_init(struct rng *r, uint64_t seed, const char *stream)
{
    uint64_t h = 0xCBF29CE484222325u; /* FNV-1a of the name */
    for (; *stream; stream++)
        h = (h ^ (unsigned char)*stream) * 0x100000001B3u;
    *r = (struct rng){.key = mix(seed ^ mix(h)), .used = 4};
}

/* block - the four words of a counter (Salmon et al. 2011, table 2). */
static void block(uint64_t key, uint64_t counter, uint32_t out[4])
{
    uint32_t c[4] = {(uint32_t)counter, (uint32_t)(counter >> 32), 0, 0},
             k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t n[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                         (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a};
        for (int j = 0; j < 4; j++)
            c[j] = n[j];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    for (int j = 0; j < 4; j++)
        out[j] = c[j];
}

uint32_t rng_u32(struct rng *r)
{
    if (r->used == 4) {
        block(r->key, r->counter++, r->out);
        r->used = 0;
    }
    return r->out[r->used++];
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t hi = rng_u32(r);
    return hi << 32 | rng_u32(r);
}

size_t rng_below(struct rng *r, size_t n)
{
    BUG_ON(n == 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do
        x = rng_u64(r);
    while (x >= limit);
    return (size_t)(x % n);
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r)
{
    double u = 1 - rng_unit(r), v = rng_unit(r); /* u in (0,1] */
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

void rng_shuffle(struct rng *r, size_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(r, i), t = index[i - 1];
        index[i - 1] = index[j];
        index[j] = t;
    }
}
