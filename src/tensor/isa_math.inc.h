/* isa_math.inc.h - functions of one number that a compiler can vectorise. Part of isa_kernels.c. */

/* exp_f32 - within 2 ulp of exp on [-87, 88]; below: 0 in effect (1e-38), above: held at exp(88).
 * NaN stays NaN. exp(x) = 2^n exp(r), r in [-ln2/2, ln2/2], degree 6 by Remez (the polynomial of
 * Cephes' expf). */
static inline float exp_f32(float x)
{
    float c = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    float n = rintf(c * 1.44269504088896341f);
    float r = c - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static inline float sigmoid_f32(float x)
{
    return 1.0f / (1.0f + exp_f32(-x));
}

#define GELU_C 0.797884560802865356f
#define GELU_A 0.044715f

static inline float act_value(enum act a, float x)
{
    switch (a) {
    case ACT_GELU_TANH:
        /* (1 + tanh(u))/2 is sigmoid(2u), which does not cancel */
        return x * sigmoid_f32(2.0f * GELU_C * (x + GELU_A * x * x * x));
    case ACT_GELU_ERF:
        return 0.5f * x * erfcf(x * -0.707106781186547524f);
    case ACT_SILU:
        return x * sigmoid_f32(x);
    default:
        return x > 0.0f ? x : 0.0f;
    }
}

static inline float act_slope(enum act a, float x)
{
    float t;
    switch (a) {
    case ACT_GELU_TANH:
        t = 2.0f * GELU_C * (x + GELU_A * x * x * x);
        return sigmoid_f32(t) *
               (1.0f + x * sigmoid_f32(-t) * 2.0f * GELU_C * (1.0f + 3.0f * GELU_A * x * x));
    case ACT_GELU_ERF:
        return 0.5f * erfcf(x * -0.707106781186547524f) +
               x * exp_f32(-0.5f * x * x) * 0.398942280401432678f;
    case ACT_SILU:
        t = sigmoid_f32(x);
        return t * (1.0f + x * (1.0f - t));
    default:
        return x > 0.0f ? 1.0f : 0.0f;
    }
}

/* One loop for each activation, so that each is vectorised with its own body. */
#define BY_ACT(a, loop)                                                                            \
    switch (a) {                                                                                   \
    case ACT_GELU_TANH:                                                                            \
        loop(ACT_GELU_TANH) break;                                                                 \
    case ACT_GELU_ERF:                                                                             \
        loop(ACT_GELU_ERF) break;                                                                  \
    case ACT_SILU:                                                                                 \
        loop(ACT_SILU) break;                                                                      \
    case ACT_RELU:                                                                                 \
        loop(ACT_RELU) break;                                                                      \
    }

/* ahead - n numbers are wanted soon. */
static inline void ahead(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 64 / sizeof *x)
        __builtin_prefetch(x + i);
}

/* dot - sixteen running sums, so that it is vectorised the same way on every set that has them. */
static inline float dot(const float *a, const float *b, size_t n)
{
    float s = 0;
#pragma omp simd reduction(+ : s)
    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

/* y += a x */
static inline void axpy(float a, const float *x, float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}
