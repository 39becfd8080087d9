/* lint_near.c - texts that are nearly equal: minhash over runs of three words, buckets of bands. */
#include "core/mem.h"
#include "core/order.h"
#include "data/lint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUN = 3, /* words */
    ROWS = 4,
    BANDS = 16,
    HASHES = ROWS * BANDS,
    SAMPLE = 1000, /* examples that tell what is the template's */
    REACH = 64     /* neighbours in a bucket that are compared */
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t lint_word(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    uint64_t h = 0xcbf29ce484222325u;
    while (*p && *p < 0x80 && !isalnum(*p))
        p++;
    const unsigned char *begin = p;
    for (; *p >= 0x80 || isalnum(*p); p++)
        h = (h ^ (uint64_t)tolower(*p)) * 0x100000001b3u;
    *s = (const char *)p;
    return p == begin ? 0 : h ? h : 1;
}

struct runs {
    uint64_t *a;
    size_t n, cap;
};

static int run_add(struct runs *r, const uint64_t last[RUN], struct err *e)
{
    int rc = mem_grow(&r->a, &r->cap, r->n + 1, sizeof *r->a, e);
    if (!rc)
        r->a[r->n++] = mix(last[0] + mix(last[1] + mix(last[2])));
    return rc;
}

/* runs_of - the sums of a text's runs, appended; of a text of fewer words the one that there is. */
static int runs_of(struct runs *r, const char *text, struct err *e)
{
    uint64_t last[RUN] = {0}, w;
    size_t words = 0;
    int rc = OK;
    for (const char *s = text; !rc && (w = lint_word(&s));) {
        memmove(last, last + 1, (RUN - 1) * sizeof *last);
        last[RUN - 1] = w;
        if (++words >= RUN)
            rc = run_add(r, last, e);
    }
    return !rc && words && words < RUN ? run_add(r, last, e) : rc;
}

/* template_runs - sorted, those that a quarter of the examples have. */
static int template_runs(struct runs *common, const struct lint_item *x, size_t n, struct err *e)
{
    struct runs all = {0};
    size_t step = n > SAMPLE ? n / SAMPLE : 1, taken = 0, kept = 0;
    int rc = OK;
    for (size_t i = 0; !rc && i < n; i += step, taken++) {
        size_t begin = all.n;
        rc = runs_of(&all, x[i].text, e);
        all.n = begin + order_distinct(all.a + begin, all.n - begin);
    }
    order_sort(all.a, all.n);
    for (size_t i = 0, j; i < all.n; i = j) {
        for (j = i; j < all.n && all.a[j] == all.a[i]; j++)
            ;
        if (j - i > 4 && 4 * (j - i) >= taken)
            all.a[kept++] = all.a[i];
    }
    all.n = kept;
    *common = all;
    return rc;
}

/* sketch - the least of each hash over the text's own runs; false where it has none. */
static int sketch(uint32_t *out, struct runs *r, const struct runs *common, const char *text,
                  bool *any, struct err *e)
{
    r->n = 0;
    int rc = runs_of(r, text, e);
    *any = false;
    memset(out, 0xff, HASHES * sizeof *out);
    for (size_t i = 0; !rc && i < r->n; i++) {
        if (common->n && bsearch(&r->a[i], common->a, common->n, sizeof *common->a, order_u64))
            continue;
        *any = true;
        for (size_t k = 0; k < HASHES; k++) {
            uint32_t h = (uint32_t)(mix(r->a[i] + k * 0x9e3779b97f4a7c15u) >> 32);
            out[k] = h < out[k] ? h : out[k];
        }
    }
    return rc;
}

struct place {
    uint64_t bucket;
    size_t i;
};

static int by_bucket(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static bool alike(const uint32_t *a, const uint32_t *b)
{
    size_t same = 0;
    for (size_t k = 0; k < HASHES; k++)
        same += a[k] == b[k];
    return (double)same >= LINT_NEAR * HASHES;
}

enum { WITHIN = 1, ACROSS = 2 };

static void band_compare(const struct lint_item *x, const uint32_t *sketches, const struct place *p,
                         size_t n, unsigned char *found)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && j <= i + REACH && p[j].bucket == p[i].bucket; j++) {
            size_t a = p[i].i, b = p[j].i;
            unsigned char kind = x[a].split == x[b].split ? WITHIN : ACROSS;
            if (x[a].question == x[b].question || ((found[a] & kind) && (found[b] & kind)) ||
                !alike(sketches + a * HASHES, sketches + b * HASHES))
                continue;
            found[a] |= kind;
            found[b] |= kind;
        }
}

int lint_near(struct lint *l, const struct lint_item *x, size_t n, struct err *e)
{
    struct runs common = {0}, own = {0};
    size_t kept = 0;
    uint32_t *sketches = mem_alloc(n, HASHES * sizeof *sketches, e);
    struct place *places = sketches ? mem_alloc(n, sizeof *places, e) : NULL;
    size_t *has = places ? mem_alloc(n, sizeof *has, e) : NULL;
    unsigned char *found = has ? mem_zalloc(n, 1, e) : NULL;
    int rc = found ? template_runs(&common, x, n, e) : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        bool any;
        rc = sketch(sketches + i * HASHES, &own, &common, x[i].text, &any, e);
        if (any)
            has[kept++] = i;
    }
    for (size_t band = 0; !rc && band < BANDS; band++) {
        for (size_t k = 0; k < kept; k++) {
            const uint32_t *s = sketches + has[k] * HASHES + band * ROWS;
            places[k] = (struct place){mix(s[0] + mix(s[1] + mix(s[2] + mix(s[3])))), has[k]};
        }
        qsort(places, kept, sizeof *places, by_bucket);
        band_compare(x, sketches, places, kept, found);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        l->near_within += (found[i] & WITHIN) != 0;
        l->near_across += (found[i] & ACROSS) != 0;
    }
    mem_free(common.a);
    mem_free(own.a);
    mem_free(sketches);
    mem_free(places);
    mem_free(has);
    mem_free(found);
    return rc;
}
