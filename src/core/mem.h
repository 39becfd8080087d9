/* mem.h - heap memory with checked sizes. Every allocation of the program goes through here, so
 * that tests can make the n-th one fail. */
#ifndef W2S_CORE_MEM_H
#define W2S_CORE_MEM_H

#include "core/err.h"

/* mem_alloc - n elements of size bytes, 64-byte aligned, not initialised; n*size == 0 gives a
 * unique pointer. NULL and ERR_NOMEM ("out of memory: 1.2 GiB asked for") where it cannot be had or
 * n*size overflows. Owner: caller, mem_free. */
void *mem_alloc(size_t n, size_t size, struct err *e);
void *mem_zalloc(size_t n, size_t size, struct err *e);

/* mem_zalloc_lazy - as mem_zalloc, for large arrays of which little is ever written: where the
 * system can, memory is taken page by page as it is touched. */
void *mem_zalloc_lazy(size_t n, size_t size, struct err *e);

/* mem_grow - make *p (may be NULL) hold at least need elements; *cap is its capacity, doubled as
 * needed. On error *p and *cap are as before. */
int mem_grow(void *p /* T ** */, size_t *cap, size_t need, size_t size, struct err *e);

char *mem_strdup(const char *s, struct err *e);
char *mem_strndup(const char *s, size_t n, struct err *e); /* n bytes, may hold NUL; adds one */
void mem_free(void *p);                                    /* accepts NULL */

/* size_mul, size_add - false where the result does not fit. */
bool size_mul(size_t a, size_t b, size_t *out);
bool size_add(size_t a, size_t b, size_t *out);

/* mem_machine - bytes of memory that the machine has. */
size_t mem_machine(void);

/* mem_peak - the largest number of bytes that the process has had resident since the last
 * mem_peak_reset that returned true, else since it began. What it holds from before counts: the
 * program, files that are mapped, heap that was not given back. 0 where the system does not say. */
size_t mem_peak(void);

/* mem_peak_reset - the peak begins anew with what is resident now. Where the system has no such
 * thing (all but Linux) nothing happens: false. */
bool mem_peak_reset(void);

/* Fault injection (tests/fault): the n-th allocation from now on fails, n = 1 the next one; 0 turns
 * it off. mem_fault_hit says whether it did. Not for threads. */
void mem_fault_at(size_t n);
bool mem_fault_hit(void);

#endif
