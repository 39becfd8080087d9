/* alternatives.c - see alternatives.h. */
#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "data/alternatives.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t alternatives_shared(const struct reading *g, size_t n)
{
    size_t same = n > 1 ? g[0].len : 0, lines = 0;
    for (size_t k = 1; k < n; k++) {
        size_t i = 0;
        while (i < same && i < g[k].len && g[k].text[i] == g[0].text[i])
            i++;
        same = i;
    }
    for (size_t k = 0; k < n; k++)
        same = same && same == g[k].len ? same - 1 : same;
    for (size_t i = 0; i < same; i++)
        if (g[0].text[i] == '\n')
            lines = i + 1;
    return lines;
}

void alternatives_text(struct str *out, const struct reading *g, size_t n)
{
    size_t shared = alternatives_shared(g, n);
    str_catn(out, g[0].text, shared);
    for (size_t k = 0; k < n; k++) {
        str_addf(out, "%s[%zu] ", k ? "\n" : "", k + 1);
        str_catn(out, g[k].text + shared, g[k].len - shared);
    }
}

int example_join(struct example *x, struct arena *a, struct err *e)
{
    struct str s = STR_INIT;
    alternatives_text(&s, x->alternatives, x->n_alternatives);
    int rc = str_check(&s, e);
    if (!rc && !(x->text = arena_strndup(a, s.s, s.len, e)))
        rc = e->code;
    if (!rc)
        x->len = s.len;
    str_release(&s);
    return rc;
}

static int by_bytes(const void *pa, const void *pb)
{
    const struct reading *a = *(const struct reading *const *)pa;
    const struct reading *b = *(const struct reading *const *)pb;
    return strcmp(a->text, b->text);
}

int alternatives_name(struct draft *x, size_t n, struct arena *a, struct err *e)
{
    const struct reading *sorted[TASK_CLASSES];
    struct str text = STR_INIT, key = STR_INIT;
    alternatives_text(&text, x->alternatives, n);
    for (size_t k = 0; k < n; k++)
        sorted[k] = &x->alternatives[k];
    qsort(sorted, n, sizeof *sorted, by_bytes);
    for (size_t k = 0; k < n; k++) {
        str_catn(&key, sorted[k]->text, sorted[k]->len);
        str_addc(&key, '\x1f'); /* the unit separator: no text ends where another begins */
    }
    int rc = str_check(&text, e);
    if (!rc)
        rc = str_check(&key, e);
    if (!rc && (!(x->text = arena_strndup(a, text.s, text.len, e)) ||
                !(x->key = arena_strndup(a, key.s, key.len, e))))
        rc = e->code;
    x->len = text.len;
    x->long_begin = x->long_end = 0;
    str_release(&text);
    str_release(&key);
    return rc;
}

struct rated {
    char hash[HASH_HEX];
    const struct draft *of;
};

static int by_hash(const void *pa, const void *pb)
{
    const struct rated *a = pa, *b = pb;
    int c = (a->of->pool > b->of->pool) - (a->of->pool < b->of->pool);
    if (!c)
        c = strcmp(a->hash, b->hash);
    return c ? c : (a->of->seq > b->of->seq) - (a->of->seq < b->of->seq);
}

/* pair_make - of two drafts; which of them comes first is drawn from the seed's stream that the
 * pair's own hashes name. */
static int pair_make(struct drafts *d, const struct rated *one, const struct rated *other,
                     uint64_t seed, struct draft *x, struct err *e)
{
    char stream[16 + 2 * HASH_HEX];
    struct rng rng;
    struct str source = STR_INIT;
    snprintf(stream, sizeof stream, "label:%s:%s", one->hash, other->hash);
    rng_init(&rng, seed, stream);
    bool turned = rng_u32(&rng) >> 31;
    const struct draft *pair[2] = {turned ? other->of : one->of, turned ? one->of : other->of};
    struct reading *a = arena_alloc(&d->arena, 2, sizeof *a, e);
    if (!a)
        return e->code;
    for (size_t k = 0; k < 2; k++)
        a[k] = (struct reading){pair[k]->text, pair[k]->len, pair[k]->long_begin, pair[k]->long_end,
                                pair[k]->confidence};
    *x = (struct draft){.alternatives = a,
                        .label = a[1].rating > a[0].rating,
                        .confidence = fabs(a[1].rating - a[0].rating),
                        .pool = one->of->pool};
    str_addf(&source, "%s and %s", pair[0]->source, pair[1]->source);
    int rc = str_check(&source, e);
    if (!rc && !(x->source = arena_strndup(&d->arena, source.s, source.len, e)))
        rc = e->code;
    str_release(&source);
    if (!rc)
        rc = alternatives_name(x, 2, &d->arena, e);
    x->group = x->key;
    return rc;
}

int drafts_pair(struct drafts *d, double gap, uint64_t seed, struct err *e)
{
    size_t n = 0, pairs = 0;
    struct rated *r = mem_alloc(d->n, sizeof *r, e);
    struct draft *made = mem_alloc(d->n / 2 + 1, sizeof *made, e);
    int rc = r && made ? OK : e->code;
    for (size_t i = 0; !rc && i < d->n; i++) {
        r[i].of = &d->a[i];
        rc = hash_bytes(d->a[i].text, d->a[i].len, r[i].hash, e);
    }
    if (rc)
        goto out;
    qsort(r, d->n, sizeof *r, by_hash);
    for (size_t i = 0; i < d->n; i++) /* equal texts are neighbours */
        if (!n || r[n - 1].of->pool != r[i].of->pool || strcmp(r[n - 1].hash, r[i].hash) != 0)
            r[n++] = r[i];
        else
            d->rows_left_out++;
    for (size_t i = 0, step; !rc && i < n; i += step) {
        const struct draft *a = r[i].of, *b = i + 1 < n ? r[i + 1].of : NULL;
        step = b && b->pool == a->pool ? 2 : 1;
        double apart = step == 2 ? fabs(a->confidence - b->confidence) : 0;
        if (apart > 0 && apart >= gap)
            rc = pair_make(d, &r[i], &r[i + 1], seed, &made[pairs++], e);
        else
            d->rows_left_out += step;
    }
    for (size_t i = 0; !rc && i < pairs; i++) {
        d->a[i] = made[i];
        d->a[i].seq = i;
    }
    d->n = pairs;
out:
    mem_free(r);
    mem_free(made);
    return rc;
}
