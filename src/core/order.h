/* order.h - numbers in order. */
#ifndef W2S_CORE_ORDER_H
#define W2S_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* order_u64, order_size, order_double - of two uint64_t, size_t or double (NAN comes last), for
 * qsort and bsearch. order_sort - n of them ascending. order_distinct - sorted, each once: how many
 * are left, in front. a may be NULL where n is 0. */
int order_u64(const void *a, const void *b);
int order_size(const void *a, const void *b);
int order_double(const void *a, const void *b);
void order_sort(uint64_t *a, size_t n);
size_t order_distinct(uint64_t *a, size_t n);

#endif
