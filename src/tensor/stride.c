/* stride.c - a library's narrow product, of an operand whose rows lie so far apart that their
 * columns meet in a few sets of the first-level cache: it is copied to rows that are a line longer.
 *
 * Bound:  the library's, of a matrix whose rows lie well: for 2,048 rows of oneDNN 2.6 400 -> 440
 *         GF/s with a transposed matrix of 576 x 1,536, 430 -> 480 with one of 2,048 x 3,072, 350
 * -> 450 with one of 512 x 2,048 (bench_tensor_products has the rates); wide products gain nothing.
 */
#include "tensor/kernels.h"
#include "core/par.h"

#include <string.h>

#define ALIAS  ((size_t)512) /* floats: half of what one way of the cache holds */
#define LINE   ((size_t)16)
#define SPREAD (ALIAS + LINE)
#define DEEP   ((size_t)2048) /* rows of a transposed operand: the tokens of a piece */
#define ROOM   (DEEP * SPREAD)
#define NARROW ((size_t)768) /* columns of c: of more the library reads its operands better */
#define WORTH  ((size_t)256) /* uses of each number from which a copy pays */
#define GRAIN  ((size_t)64)

struct copy {
    const float *from;
    float *to;
    size_t columns, ld, to_ld;
};

static void copy_rows(void *p, size_t begin, size_t end)
{
    const struct copy *c = p;
    for (size_t i = begin; i < end; i++)
        memcpy(c->to + i * c->to_ld, c->from + i * c->ld, c->columns * sizeof(float));
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t stride_room(void)
{
    return ROOM;
}

void stride_matmul(const struct blas *blas, float *room, struct dev *d, bool ta, bool tb, size_t M,
                   size_t N, size_t K, const float *a, size_t lda, const float *b, size_t ldb,
                   bool accumulate, float *c, size_t ldc)
{
    size_t ld = K + ((K + LINE) % ALIAS ? LINE : 2 * LINE);
    if (ta && lda % ALIAS == 0 && N >= WORTH && N <= NARROW && K <= DEEP) {
        for (size_t i = 0; i < M; i += ALIAS) {
            size_t m = smaller(ALIAS, M - i);
            par_for(K, GRAIN, copy_rows, &(struct copy){a + i, room, m, lda, SPREAD});
            blas->matmul(d, true, tb, m, N, K, room, SPREAD, b, ldb, accumulate, c + i * ldc, ldc);
        }
    } else if (tb && ldb % ALIAS == 0 && M >= WORTH && N <= NARROW && N <= ROOM / ld) {
        par_for(N, GRAIN, copy_rows, &(struct copy){b, room, K, ldb, ld});
        blas->matmul(d, ta, true, M, N, K, a, lda, room, ld, accumulate, c, ldc);
    } else {
        blas->matmul(d, ta, tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
    }
}
