/* mem.c - the heap, with checked sizes and the n-th failure. */
#include "core/mem.h"
#include "core/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define ALIGNMENT 64
/* From here on memory is asked for in pages of 2 MiB where the system has them: weights and
 * activations are then first touched several times faster, and products miss the address cache
 * less. */
#define HUGE_FROM ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

/* Below this the system is not asked how much memory it has; what is larger than that would be
 * promised by the kernel and killed for later. */
#define PROMISED ((size_t)256 << 20)

static struct {
    size_t countdown;
    bool hit;
} fault;

void mem_fault_at(size_t n)
{
    fault.countdown = n;
    fault.hit = false;
}

bool mem_fault_hit(void)
{
    return fault.hit;
}

bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* granted - bytes of memory that a cgroup (version 2) grants; SIZE_MAX where it does not limit. */
static size_t granted(void)
{
    unsigned long long most;
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "r");
    if (!f)
        return SIZE_MAX;
    bool limited = fscanf(f, "%llu", &most) == 1;
    fclose(f);
    return limited && most < SIZE_MAX ? (size_t)most : SIZE_MAX;
}

size_t mem_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    size_t most = granted(), all = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
    return most < all ? most : all;
}

static int no_memory(double bytes, struct err *e)
{
    struct str s = STR_INIT;
    str_bytes(&s, bytes);
    err_set(e, ERR_NOMEM, "out of memory: %s asked for", s.failed ? "more" : s.s);
    str_release(&s);
    return ERR_NOMEM;
}

static bool fault_now(void)
{
    if (fault.countdown && --fault.countdown == 0)
        fault.hit = true;
    else
        return false;
    return true;
}

static void *aligned(size_t alignment, size_t n, size_t size, struct err *e)
{
    size_t bytes;
    void *p = NULL;
    if (!size_mul(n, size, &bytes) || (bytes > PROMISED && bytes > mem_machine()) || fault_now() ||
        posix_memalign(&p, alignment, bytes ? bytes : 1)) {
        no_memory((double)n * (double)size, e);
        return NULL;
    }
    return p;
}

void *mem_alloc(size_t n, size_t size, struct err *e)
{
    size_t bytes;
    bool huge = size_mul(n, size, &bytes) && bytes >= HUGE_FROM;
    void *p = aligned(huge ? HUGE_PAGE : ALIGNMENT, n, size, e);
#ifdef MADV_HUGEPAGE
    if (p && huge)
        madvise(p, bytes / HUGE_PAGE * HUGE_PAGE,
                MADV_HUGEPAGE); /* a wish: where it is not granted nothing is lost */
#endif
    return p;
}

void *mem_zalloc_lazy(size_t n, size_t size, struct err *e)
{
#if defined MADV_DONTNEED && defined MADV_NOHUGEPAGE
    long page = sysconf(_SC_PAGESIZE);
    if (page >= ALIGNMENT) {
        size_t whole = size ? n * size / (size_t)page * (size_t)page : 0;
        char *p = aligned((size_t)page, n, size, e);
        if (!p)
            return NULL;
        /* Linux gives private pages back as zeros. */
        if (madvise(p, whole, MADV_NOHUGEPAGE) || madvise(p, whole, MADV_DONTNEED))
            whole = 0;
        memset(p + whole, 0, n * size - whole);
        return p;
    }
#endif
    return mem_zalloc(n, size, e);
}

void *mem_zalloc(size_t n, size_t size, struct err *e)
{
    void *p = mem_alloc(n, size, e);
    if (p)
        memset(p, 0, n * size);
    return p;
}

int mem_grow(void *pp, size_t *cap, size_t need, size_t size, struct err *e)
{
    void *old;
    memcpy(&old, pp, sizeof old);
    if (need <= *cap && old)
        return OK;
    size_t room = *cap < 8 ? 8 : *cap;
    while (room < need)
        if (!size_mul(room, 2, &room))
            room = need;
    void *p = mem_alloc(room, size, e);
    if (!p)
        return e->code;
    if (old)
        memcpy(p, old, *cap * size);
    mem_free(old);
    memcpy(pp, &p, sizeof p);
    *cap = room;
    return OK;
}

char *mem_strndup(const char *s, size_t n, struct err *e)
{
    char *p = n == SIZE_MAX ? NULL : mem_alloc(n + 1, 1, e);
    if (p) {
        memcpy(p, s, n);
        p[n] = '\0';
    }
    return p;
}

char *mem_strdup(const char *s, struct err *e)
{
    return mem_strndup(s, strlen(s), e);
}

void mem_free(void *p)
{
    free(p);
}

/* peak_read - Linux's own count, the one that can be begun anew; 0 where there is none. */
static size_t peak_read(void)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "VmHWM: %zu kB", &kib) != 1)
        ;
    fclose(f);
    return kib * 1024;
}

size_t mem_peak(void)
{
    struct rusage u;
    size_t peak = peak_read();
    if (peak || getrusage(RUSAGE_SELF, &u))
        return peak;
#ifdef __APPLE__
    return (size_t)u.ru_maxrss;
#else
    return (size_t)u.ru_maxrss * 1024;
#endif
}

bool mem_peak_reset(void)
{
#ifdef W2S_SANITIZED
    return false; /* a sanitizer holds back what is freed */
#endif
#ifdef __GLIBC__
    malloc_trim(0); /* what was freed and kept is nobody's peak */
#endif
    if (!peak_read())
        return false;
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f)
        return false;
    bool written = fputs("5", f) >= 0; /* proc(5): the high-water mark is set to what is resident */
    return !fclose(f) && written;
}
