/* describe.c - counts, balance, lengths, and texts that are in two parts. */
#include "core/mem.h"
#include "data/answer.h"
#include "data/describe.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *pa, const void *pb)
{
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    return (a > b) - (a < b);
}

/* quantile - of n > 0 sorted values, the smallest that a share q of them does not exceed. */
static size_t quantile(const size_t *sorted, size_t n, double q)
{
    size_t k = (size_t)ceil(q * (double)n);
    return sorted[k ? k - 1 : 0];
}

static int lengths_measure(struct part_description *p, const struct example *x, size_t n,
                           const struct tokenizer *tok, struct err *e)
{
    struct token_set t;
    int rc = token_set_make(&t, x, n, tok, e);
    if (rc)
        return rc;
    size_t *len = mem_alloc(n, sizeof *len, e);
    if (len) {
        for (size_t i = 0; i < n; i++)
            len[i] = token_set_len(&t, i);
        qsort(len, n, sizeof *len, by_size);
        p->shortest = len[0];
        p->median = quantile(len, n, 0.5);
        p->p95 = quantile(len, n, 0.95);
        p->longest = len[n - 1];
        p->tokens = token_set_total(&t);
    }
    mem_free(len);
    token_set_release(&t);
    return len ? OK : e->code;
}

static int classes_count(struct part_description *p, const struct example *x, size_t n,
                         struct err *e)
{
    size_t max = 0;
    int rc = examples_questions(x, n, &p->questions, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        size_t k = ++p->class[x[i].label];
        max = k > max ? k : max;
    }
    p->n = n;
    rc = n && x[0].answer ? answers_common(x, n, &max, e) : OK;
    p->constant_accuracy = n ? (double)max / (double)n : (double)NAN;
    return rc;
}

/* words_of - letters, digits and all that is not ASCII; runs of the rest are one space. */
static char *words_of(struct arena *a, const struct example *x, struct err *e)
{
    char *s = arena_alloc(a, x->len + 1, 1, e);
    size_t n = 0;
    for (size_t i = 0; s && i < x->len; i++) {
        unsigned char c = (unsigned char)x->text[i];
        if (c >= 0x80 || isalnum(c))
            s[n++] = (char)tolower(c);
        else if (n && s[n - 1] != ' ')
            s[n++] = ' ';
    }
    if (s)
        s[n - (n && s[n - 1] == ' ')] = '\0';
    return s;
}

static int shared_find(struct description *a, const struct dataset *d, struct err *e)
{
    struct arena words = ARENA_INIT;
    size_t n = 0, repeated[PART_COUNT], text[PART_COUNT], word[PART_COUNT];
    for (int p = 0; p < PART_COUNT; p++)
        n += d->n[p];
    const char **s = mem_alloc(n, sizeof *s, e);
    int rc = s ? texts_equal(d, NULL, repeated, text, e) : e->code;
    n = 0;
    for (int p = 0; !rc && p < PART_COUNT; p++)
        for (size_t i = 0; !rc && i < d->n[p]; i++) {
            s[n] = words_of(&words, &d->part[p][i], e);
            rc = s[n++] ? OK : e->code;
        }
    if (!rc)
        rc = texts_equal(d, s, repeated, word, e);
    for (int p = 0; !rc && p < PART_COUNT; p++) {
        a->part[p].same_text = text[p];
        a->part[p].same_words = word[p];
    }
    arena_release(&words);
    mem_free(s);
    return rc;
}

int description_make(struct description *a, const struct task *t, const struct dataset *d,
                     const struct tokenizer *tok, struct err *e)
{
    int rc = OK;
    *a = (struct description){.tokenized = tok != NULL};
    for (int p = 0; !rc && p < PART_COUNT; p++) {
        rc = classes_count(&a->part[p], d->part[p], d->n[p], e);
        if (!rc && tok && d->n[p])
            rc = lengths_measure(&a->part[p], d->part[p], d->n[p], tok, e);
    }
    if (!rc)
        rc = shared_find(a, d, e);
    return rc ? err_wrap(e, "task %s", task_name(t)) : OK;
}
