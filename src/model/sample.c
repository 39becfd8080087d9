/* sample.c - the next token from logits: greedy, or drawn at a temperature from the nucleus
 * (Holtzman et al. 2020, arXiv 1904.09751). */
#include "model/model.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

/* order_of - a number that rises with the logit; equal for equal logits (0 and -0 too). */
static uint32_t order_of(float logit)
{
    uint32_t bits;
    float x = logit + 0.0f;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static double share(float logit, float most, double temperature)
{
    return exp(((double)logit - (double)most) / temperature);
}

/* mass - sum of exponentials of the tokens with order_of at least `from`. */
static double mass(const float *logits, size_t V, float most, double temperature, uint32_t from)
{
    double sum = 0;
    for (size_t v = 0; v < V; v++)
        if (order_of(logits[v]) >= from)
            sum += share(logits[v], most, temperature);
    return sum;
}

int32_t sample_token(const float *logits, size_t V, const struct sampling *s, struct rng *r)
{
    size_t best = 0, last = 0;
    BUG_ON(V == 0);
    for (size_t v = 1; v < V; v++)
        if (logits[v] > logits[best])
            best = v;
    if (!(s->temperature > 0) || !(s->top_p > 0))
        return (int32_t)best;
    float most = logits[best];
    double T = s->temperature, all = mass(logits, V, most, T, 0), reach = 0;
    double wanted = s->top_p < 1 ? s->top_p * all : all;
    /* the highest logit from which on there is enough; of those exactly there, the lowest ids */
    uint32_t low = 0, high = order_of(most);
    while (s->top_p < 1 && low < high) {
        uint32_t middle = high - (high - low) / 2;
        if (mass(logits, V, most, T, middle) >= wanted)
            low = middle;
        else
            high = middle - 1;
    }
    double above = s->top_p < 1 ? mass(logits, V, most, T, low + 1) : all, nucleus = above;
    double draw = rng_unit(r);
    size_t ties = 0;
    for (size_t v = 0; v < V && s->top_p < 1 && nucleus < wanted; v++)
        if (order_of(logits[v]) == low) {
            nucleus += share(logits[v], most, T);
            ties++;
        }
    for (size_t v = 0; v < V; v++) {
        bool in = s->top_p >= 1 || order_of(logits[v]) > low;
        if (!in && order_of(logits[v]) == low && ties) {
            ties--;
            in = true;
        }
        if (!in)
            continue;
        last = v;
        reach += share(logits[v], most, T);
        if (draw * nucleus < reach)
            return (int32_t)v;
    }
    return (int32_t)last; /* rounding of the sum alone comes here */
}
