/* order.c - see order.h. */
#include "core/order.h"

#include <math.h>
#include <stdlib.h>

int order_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int order_size(const void *pa, const void *pb)
{
    const size_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

int order_double(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

void order_sort(uint64_t *a, size_t n)
{
    if (n)
        qsort(a, n, sizeof *a, order_u64);
}

size_t order_distinct(uint64_t *a, size_t n)
{
    size_t kept = 0;
    order_sort(a, n);
    for (size_t i = 0; i < n; i++)
        if (!i || a[i] != a[i - 1])
            a[kept++] = a[i];
    return kept;
}
