/* split.c - duplicates, questions, their order, balance, and the parts. */
#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"
#include "data/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const part_names[PART_COUNT] = {"supervise", "train", "valid", "test"};

/* A run of drafts of one question, in one pool. */
struct question {
    uint64_t key; /* where it stands in the shuffled order */
    const char *group;
    size_t begin, end; /* in order[] of the pool */
    bool taken;
};

struct poolful {
    size_t *order; /* drafts, question by question */
    struct question *q;
    size_t n_drafts, n;
    size_t class[TASK_CLASSES];
    bool balanced;
};

struct splitter {
    struct split *s;
    struct drafts *d;
    const struct task *t;
    uint64_t seed;
    const struct task_sizes *sizes;
    struct poolful pools[POOL_COUNT];
};

/* First the test files, then the validation files: a text stays where it is held out. */
static int pool_compare(enum pool a, enum pool b)
{
    return (a < b) - (a > b);
}

static int by_name(const void *pa, const void *pb)
{
    const struct draft *a = *(struct draft *const *)pa, *b = *(struct draft *const *)pb;
    int c = strcmp(a->key, b->key);
    if (!c)
        c = pool_compare(a->pool, b->pool);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static int by_group(const void *pa, const void *pb)
{
    const struct draft *a = *(struct draft *const *)pa, *b = *(struct draft *const *)pb;
    int c = strcmp(a->group, b->group);
    if (!c)
        c = pool_compare(a->pool, b->pool);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static int by_key(const void *pa, const void *pb)
{
    const struct question *a = pa, *b = pb;
    return a->key != b->key ? (a->key > b->key) - (a->key < b->key) : strcmp(a->group, b->group);
}

/* draft_agrees - whether two of the same key have the same right answer. */
static bool draft_agrees(const struct draft *a, const struct draft *b)
{
    if (a->answer)
        return strcmp(a->answer, b->answer) == 0;
    return a->alternatives
               ? strcmp(a->alternatives[a->label].text, b->alternatives[b->label].text) == 0
               : a->label == b->label;
}

static void duplicates_drop(struct splitter *p, struct draft **sorted)
{
    size_t n = p->d->n;
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (i == first || strcmp(sorted[i]->key, sorted[first]->key) != 0) {
            first = i;
            continue;
        }
        sorted[i]->dropped = true;
        p->s->duplicates++;
        p->s->duplicates_across += sorted[i]->pool != sorted[first]->pool;
        p->s->conflicts += !draft_agrees(sorted[i], sorted[first]);
    }
}

/* question_key - its place in the order, and its name: what it is known by in every draw. */
static int question_key(struct question *q, uint64_t seed, uint64_t *name, struct err *e)
{
    char hex[HASH_HEX], head[17] = "", stream[16 + sizeof hex];
    struct rng rng;
    int rc = hash_bytes(q->group, strlen(q->group), hex, e);
    if (rc)
        return rc;
    memcpy(head, hex, 16);
    *name = strtoull(head, NULL, 16);
    snprintf(stream, sizeof stream, "split:%s", hex);
    rng_init(&rng, seed, stream);
    q->key = rng_u64(&rng);
    return OK;
}

/* questions_find - sorted by group: drop what straddles pools, name the questions, fill the
 * pools. */
static int questions_find(struct splitter *p, struct draft **sorted, struct err *e)
{
    size_t n = p->d->n;
    qsort(sorted, n, sizeof *sorted, by_group);
    const struct draft *first = NULL;
    for (size_t i = 0; i < n; i++) {
        struct draft *x = sorted[i];
        int rc = stop_check(e);
        if (rc)
            return rc;
        if (x->dropped)
            continue;
        bool fresh = !first || strcmp(first->group, x->group) != 0;
        if (!fresh && x->pool != first->pool) {
            x->dropped = true;
            p->s->straddlers++;
            continue;
        }
        first = fresh ? x : first;
        struct poolful *pool = &p->pools[x->pool];
        if (fresh) {
            struct question *q = &pool->q[pool->n++];
            *q = (struct question){.group = x->group, .begin = pool->n_drafts};
            if ((rc = question_key(q, p->seed, &x->question, e)))
                return rc;
        }
        x->question = first->question;
        pool->order[pool->n_drafts++] = x->seq;
        pool->q[pool->n - 1].end = pool->n_drafts;
        pool->class[x->label]++;
    }
    for (int k = 0; k < POOL_COUNT; k++)
        qsort(p->pools[k].q, p->pools[k].n, sizeof *p->pools[k].q, by_key);
    return OK;
}

static int pools_alloc(struct splitter *p, struct err *e)
{
    size_t n[POOL_COUNT] = {0};
    for (size_t i = 0; i < p->d->n; i++)
        n[p->d->a[i].pool]++;
    for (int k = 0; k < POOL_COUNT; k++) {
        p->pools[k].order = mem_alloc(n[k], sizeof(size_t), e);
        p->pools[k].q = mem_alloc(n[k], sizeof(struct question), e);
        if (!p->pools[k].order || !p->pools[k].q)
            return e->code;
    }
    return OK;
}

/* balance_decide - classes are made equal where the largest has more than its share (0.5: always),
 * and in test files. */
static int balance_decide(struct splitter *p, struct err *e)
{
    for (int k = 0; k < POOL_COUNT; k++) {
        struct poolful *pool = &p->pools[k];
        size_t max = 0, min = pool->class[0];
        if (!p->t->n_files[k])
            continue;
        for (size_t c = 0; c < p->t->n_classes; c++) {
            max = pool->class[c] > max ? pool->class[c] : max;
            min = pool->class[c] < min ? pool->class[c] : min;
            if (!pool->class[c])
                return err_set(e, ERR_INPUT, "no example of the class \"%s\" in %s%s",
                               p->t->classes[c].name, p->t->files[k][0].rows,
                               p->t->n_files[k] > 1 ? " and the files with it" : "");
        }
        pool->balanced = k == POOL_TEST || p->t->balance <= 0.5 ||
                         (double)max > p->t->balance * (double)pool->n_drafts;
        for (size_t c = 0; c < p->t->n_classes; c++) {
            p->s->class_before[c] += pool->class[c];
            p->s->class_after[c] += pool->balanced ? min : pool->class[c];
        }
    }
    return OK;
}

static enum pool part_pool(const struct task *t, enum task_part part)
{
    enum pool own = part == PART_TEST ? POOL_TEST : part == PART_VALID ? POOL_VALID : POOL_TRAIN;
    return t->n_files[own] ? own : POOL_TRAIN;
}

/* draft_fits - whether a part may have it: any, or one of its bands. */
static bool draft_fits(const struct splitter *p, enum task_part part, size_t i)
{
    uint32_t bands = p->sizes->bands[part];
    return !bands || (bands >> task_band(p->t, p->d->a[i].level) & 1);
}

/* examples_left - how many a part could have: all that no part has, or the largest number that is
 * equal in classes. */
static size_t examples_left(const struct splitter *p, enum task_part part,
                            const struct poolful *pool, bool balanced)
{
    size_t left[TASK_CLASSES] = {0}, all = 0, min = SIZE_MAX, extra = 0;
    for (size_t i = 0; i < pool->n; i++)
        for (size_t k = pool->q[i].begin; !pool->q[i].taken && k < pool->q[i].end; k++)
            if (draft_fits(p, part, pool->order[k])) {
                left[p->d->a[pool->order[k]].label]++;
                all++;
            }
    if (!balanced)
        return all;
    for (size_t c = 0; c < p->t->n_classes; c++)
        min = left[c] < min ? left[c] : min;
    while (extra < p->t->n_classes &&
           left[extra] > min) /* as the quotas give what does not divide */
        extra++;
    return min * p->t->n_classes + extra;
}

/* question_take - what the quotas have room for. *passed: nothing, though some of it would fit. */
static size_t question_take(struct splitter *p, enum task_part part, struct poolful *pool,
                            struct question *q, size_t *quota, size_t *total, size_t *taken,
                            bool *passed)
{
    size_t n = 0;
    bool fits = false;
    for (size_t k = q->begin; *total && k < q->end; k++) {
        size_t c = (size_t)p->d->a[pool->order[k]].label;
        if (!draft_fits(p, part, pool->order[k]))
            continue;
        fits = true;
        if (!quota[c])
            continue;
        quota[c]--;
        --*total;
        taken[n++] = pool->order[k];
    }
    q->taken = n > 0;
    *passed = fits && !n;
    return n;
}

static int part_take(struct splitter *p, enum task_part part, size_t wanted, struct err *e)
{
    struct poolful *pool = &p->pools[part_pool(p->t, part)];
    bool balanced = pool->balanced || part == PART_TEST;
    size_t quota[TASK_CLASSES], total = wanted, m = pool->n, K = p->t->n_classes;
    size_t left = examples_left(p, part, pool, balanced);
    if (!wanted)
        return OK;
    if (left < wanted) {
        p->s->short_of = true;
        struct str a = STR_INIT, b = STR_INIT;
        str_count(&a, wanted);
        str_count(&b, left);
        err_set(e, ERR_INPUT, "%s examples asked for %s, %s %s left%s%s", a.s, part_names[part],
                b.s, left == 1 ? "is" : "are",
                pool->n == 1 && pool->n_drafts > 1 ? ": all rows are one question" : "",
                pool->n == 1 && pool->n_drafts > 1 && p->t->group.n ? " by \"group\"" : "");
        str_release(&a);
        str_release(&b);
        return e->code;
    }
    p->s->taken[part] = mem_alloc(wanted, sizeof(size_t), e);
    if (!p->s->taken[part])
        return e->code;
    for (size_t c = 0; c < K; c++)
        quota[c] = balanced ? wanted / K + (c < wanted % K) : wanted;
    for (size_t i = 0; total && i < m; i++) {
        static const bool down[PART_COUNT] = {[PART_TRAIN] = true, [PART_VALID] = true};
        size_t from = part == PART_TEST || part == PART_VALID ? m / 2 : 0;
        struct question *q = &pool->q[down[part] ? (from + m - 1 - i) % m : (from + i) % m];
        if (q->taken)
            continue;
        bool passed;
        p->s->n[part] += question_take(p, part, pool, q, quota, &total,
                                       p->s->taken[part] + p->s->n[part], &passed);
        /* What a balanced test passes over is all of one class: a part that others were balanced
         * against would get it in the place of what is drawn by chance. It is in none. */
        q->taken = q->taken || (passed && balanced && !pool->balanced);
    }
    BUG_ON(total != 0);
    return OK;
}

int split_make(struct split *s, struct drafts *d, const struct task *t,
               const struct task_sizes *sizes, uint64_t seed, struct err *e)
{
    static const enum task_part order[PART_COUNT] = {PART_TEST, PART_VALID, PART_SUPERVISE,
                                                     PART_TRAIN};
    struct splitter p = {.s = s, .d = d, .t = t, .seed = seed, .sizes = sizes};
    *s = (struct split){.duplicates = 0};
    struct draft **sorted = mem_alloc(d->n, sizeof(struct draft *), e);
    int rc = sorted ? pools_alloc(&p, e) : e->code;
    if (rc)
        goto out;
    for (size_t i = 0; i < d->n; i++) {
        sorted[i] = &d->a[i];
        sorted[i]->dropped = false; /* by an earlier draw */
    }
    duplicates_drop(&p, sorted);
    rc = questions_find(&p, sorted, e);
    if (!rc)
        rc = balance_decide(&p, e);
    for (int i = 0; !rc && i < PART_COUNT; i++)
        rc = part_take(&p, order[i], sizes->n[order[i]], e);
out:
    mem_free(sorted);
    for (int k = 0; k < POOL_COUNT; k++) {
        mem_free(p.pools[k].order);
        mem_free(p.pools[k].q);
    }
    return rc;
}

void split_release(struct split *s)
{
    for (int part = 0; part < PART_COUNT; part++)
        mem_free(s->taken[part]);
    *s = (struct split){.duplicates = 0};
}
