/* connect.c - see connect.h. */
#include "data/connect.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

struct link {
    const char *s;
    size_t n, draft;
};

static int link_compare(const struct link *a, const struct link *b)
{
    int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int by_text(const void *pa, const void *pb)
{
    const struct link *a = pa, *b = pb;
    int c = link_compare(a, b);
    return c ? c : (a->draft > b->draft) - (a->draft < b->draft);
}

static size_t root_find(size_t *up, size_t i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static int links_find(const struct drafts *d, struct link **links, size_t *n, struct err *e)
{
    size_t cap = 0;
    int rc = OK;
    for (size_t i = 0; !rc && i < d->n; i++)
        for (const char *s = d->a[i].group, *end; !rc && (end = strchr(s, CONNECT_END));
             s = end + 1)
            if (end > s && !(rc = mem_grow(links, &cap, *n + 1, sizeof **links, e)))
                (*links)[(*n)++] = (struct link){s, (size_t)(end - s), i};
    return rc;
}

int drafts_connect(struct drafts *d, struct err *e)
{
    struct link *links = NULL;
    size_t n = 0, *up = mem_alloc(d->n, sizeof *up, e);
    const char **names = mem_zalloc(d->n, sizeof *names, e);
    int rc = up && names ? links_find(d, &links, &n, e) : e->code;
    if (rc)
        goto out;
    if (n)
        qsort(links, n, sizeof *links, by_text);
    for (size_t i = 0; i < d->n; i++)
        up[i] = i;
    for (size_t i = 1; i < n; i++)
        if (link_compare(&links[i - 1], &links[i]) == 0)
            up[root_find(up, links[i].draft)] = root_find(up, links[i - 1].draft);
    for (size_t i = 0; !rc && i < n; i++) { /* in rising order: the first of a question is it */
        size_t root = root_find(up, links[i].draft);
        if (!names[root] && !(names[root] = arena_strndup(&d->arena, links[i].s, links[i].n, e)))
            rc = e->code;
    }
    for (size_t i = 0; !rc && i < d->n; i++) {
        const char *name = names[root_find(up, i)];
        d->a[i].group = name ? name : d->a[i].key;
    }
out:
    mem_free(links);
    mem_free(names);
    mem_free(up);
    return rc;
}
