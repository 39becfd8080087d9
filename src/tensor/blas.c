/* blas.c - which library makes the products: the first that is right on this processor. */
#include "tensor/kernels.h"

#include <string.h>

enum { ROWS = 37, COLS = 53, DEEP = 70 };

/* entry - small whole numbers, so that every sum is exact in f32 in any order. */
static float entry(size_t i, size_t j, size_t salt)
{
    return (float)((i * 7 + j * 13 + salt) % 9) - 4.0f;
}

static void matrix(float *x, size_t rows, size_t cols, size_t salt, bool transposed)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            x[transposed ? j * rows + i : i * cols + j] = entry(i, j, salt);
}

static bool product_right(const struct blas *b, bool ta, bool tb, bool accumulate)
{
    static const size_t M = ROWS, N = COLS, K = DEEP;
    float x[ROWS * DEEP], y[DEEP * COLS], z[ROWS * COLS];
    matrix(x, M, K, 1, ta);
    matrix(y, K, N, 5, tb);
    matrix(z, M, N, 3, false);
    b->matmul(NULL, ta, tb, M, N, K, x, ta ? M : K, y, tb ? K : N, accumulate, z, N);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            float sum = accumulate ? entry(i, j, 3) : 0.0f;
            for (size_t k = 0; k < K; k++)
                sum += entry(i, k, 1) * entry(k, j, 5);
            if (z[i * N + j] < sum || z[i * N + j] > sum)
                return false;
        }
    return true;
}

const struct blas *blas_choose(const struct blas *const *list, const char *name, bool *wrong)
{
    *wrong = false;
    for (size_t i = 0; list[i]; i++) {
        bool right = !name || strcmp(name, list[i]->name) == 0;
        if (!right)
            continue;
        for (int bits = 0; bits < 8 && right; bits++)
            right = product_right(list[i], bits & 1, bits & 2, bits & 4);
        if (right)
            return list[i];
        *wrong = true;
    }
    return NULL;
}
