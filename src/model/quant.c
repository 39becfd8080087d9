/* quant.c - stored numbers as f32: IEEE half, bfloat16, and ggml's quantised blocks (ggml's
 * block_q* layouts, little-endian). */
#include "model/checkpoint.h"

#include <string.h>

static float half(const unsigned char *p)
{
    uint32_t h = (uint32_t)p[0] | (uint32_t)p[1] << 8, sign = (h & 0x8000u) << 16,
             exponent = h >> 10 & 31, fraction = h & 0x3FF, bits;
    if (exponent == 31) {
        bits = sign | 0x7F800000u | fraction << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else { /* zero and subnormal: a multiple of 2^-24 */
        float v = (float)fraction * 0x1p-24f;
        return sign ? -v : v;
    }
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void read_f32(const unsigned char *p, size_t n, float *out)
{
    memcpy(out, p, n * sizeof *out);
}

static void read_f16(const unsigned char *p, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = half(p + 2 * i);
}

static void read_bf16(const unsigned char *p, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = ((uint32_t)p[2 * i] | (uint32_t)p[2 * i + 1] << 8) << 16;
        memcpy(&out[i], &bits, sizeof *out);
    }
}

/* Blocks of 32: a scale (and a least value), low halves of bytes first. */
static void read_q4_0(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 18, out += 32) {
        float d = half(p);
        for (size_t i = 0; i < 16; i++) {
            out[i] = (float)((p[2 + i] & 15) - 8) * d;
            out[i + 16] = (float)((p[2 + i] >> 4) - 8) * d;
        }
    }
}

static void read_q4_1(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 20, out += 32) {
        float d = half(p), m = half(p + 2);
        for (size_t i = 0; i < 16; i++) {
            out[i] = (float)(p[4 + i] & 15) * d + m;
            out[i + 16] = (float)(p[4 + i] >> 4) * d + m;
        }
    }
}

static uint32_t word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void read_q5_0(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 22, out += 32) {
        float d = half(p);
        uint32_t high = word(p + 2);
        for (size_t i = 0; i < 16; i++) {
            int lo = (int)((p[6 + i] & 15u) | (high >> i & 1) << 4),
                hi = (int)((p[6 + i] >> 4) | (high >> (i + 16) & 1) << 4);
            out[i] = (float)(lo - 16) * d;
            out[i + 16] = (float)(hi - 16) * d;
        }
    }
}

static void read_q5_1(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 24, out += 32) {
        float d = half(p), m = half(p + 2);
        uint32_t high = word(p + 4);
        for (size_t i = 0; i < 16; i++) {
            int lo = (int)((p[8 + i] & 15u) | (high >> i & 1) << 4),
                hi = (int)((p[8 + i] >> 4) | (high >> (i + 16) & 1) << 4);
            out[i] = (float)lo * d + m;
            out[i + 16] = (float)hi * d + m;
        }
    }
}

static void read_q8_0(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 34, out += 32) {
        float d = half(p);
        for (size_t i = 0; i < 32; i++)
            out[i] = (float)(signed char)p[2 + i] * d;
    }
}

/* k_scale - the j-th 6-bit scale and least value of a K block's twelve bytes. */
static void k_scale(const unsigned char *q, size_t j, int *scale, int *least)
{
    if (j < 4) {
        *scale = q[j] & 63;
        *least = q[j + 4] & 63;
    } else {
        *scale = (q[j + 4] & 15) | (q[j - 4] >> 6) << 4;
        *least = (q[j + 4] >> 4) | (q[j] >> 6) << 4;
    }
}

/* Blocks of 256: eight groups of 32 with 6-bit scales under two f16 ones. */
static void read_q4_k(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 144) {
        float d = half(p), m = half(p + 2);
        for (size_t j = 0; j < 8; j++, out += 32) {
            int s, l;
            k_scale(p + 4, j, &s, &l);
            const unsigned char *q = p + 16 + j / 2 * 32;
            float ds = d * (float)s, ml = m * (float)l;
            for (size_t i = 0; i < 32; i++)
                out[i] = ds * (float)(j % 2 ? q[i] >> 4 : q[i] & 15) - ml;
        }
    }
}

static void read_q5_k(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 176) {
        float d = half(p), m = half(p + 2);
        for (size_t j = 0; j < 8; j++, out += 32) {
            int s, l;
            k_scale(p + 4, j, &s, &l);
            const unsigned char *high = p + 16, *q = p + 48 + j / 2 * 32;
            float ds = d * (float)s, ml = m * (float)l;
            for (size_t i = 0; i < 32; i++)
                out[i] =
                    ds * (float)((j % 2 ? q[i] >> 4 : q[i] & 15) + ((high[i] >> j & 1) << 4)) - ml;
        }
    }
}

static void read_q6_k(const unsigned char *p, size_t n, float *out)
{
    for (size_t b = 0; b < n; b++, p += 210, out += 256) {
        const unsigned char *low = p, *high = p + 128;
        const signed char *scale = (const signed char *)p + 192;
        float d = half(p + 208);
        for (size_t i = 0; i < 256; i++) {
            size_t chunk = i / 128, r = i % 128, quarter = r / 32, l = r % 32;
            unsigned lo = low[chunk * 64 + (quarter & 1) * 32 + l];
            lo = quarter & 2 ? lo >> 4 : lo & 15;
            int v = (int)(lo | (unsigned)(high[chunk * 32 + l] >> (2 * quarter) & 3) << 4) - 32;
            out[i] = d * (float)scale[chunk * 8 + quarter * 2 + l / 16] * (float)v;
        }
    }
}

const struct number_type number_types[] = {
    {"F32", 0, 1, 4, read_f32},        {"F16", 1, 1, 2, read_f16},
    {"BF16", 30, 1, 2, read_bf16},     {"Q4_0", 2, 32, 18, read_q4_0},
    {"Q4_1", 3, 32, 20, read_q4_1},    {"Q5_0", 6, 32, 22, read_q5_0},
    {"Q5_1", 7, 32, 24, read_q5_1},    {"Q8_0", 8, 32, 34, read_q8_0},
    {"Q4_K", 12, 256, 144, read_q4_k}, {"Q5_K", 13, 256, 176, read_q5_k},
    {"Q6_K", 14, 256, 210, read_q6_k}, {NULL, -1, 0, 0, NULL},
};

const struct number_type *number_type_named(const char *name)
{
    for (const struct number_type *t = number_types; t->name; t++)
        if (t->block == 1 && strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

const struct number_type *number_type_gguf(int number)
{
    for (const struct number_type *t = number_types; t->name; t++)
        if (t->gguf == number)
            return t;
    return NULL;
}
