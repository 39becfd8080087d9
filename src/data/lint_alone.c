/* lint_alone.c - what a bag of words guesses from an answer without its question: multinomial
 * logistic regression, words hashed, AdaGrad in the order of the examples. */
#include "core/mem.h"
#include "data/lint.h"

#include <math.h>
#include <string.h>

enum { BITS = 16, WORDS = 1 << BITS, EPOCHS = 5, CLASSES = 16, MOST = 60000 /* examples */ };
#define RATE  0.2
#define DECAY 1e-4 /* of a weight, each time its word is seen */
#define FIRST 1e-3 /* under the root of AdaGrad's sum */

struct bag {
    size_t *word; /* rows of the weights, of all examples one after the other */
    size_t *begin;
    size_t n, cap;
};

struct regression {
    size_t classes;
    double *w, *sum; /* [WORDS, classes] */
};

static int word_add(struct bag *b, uint64_t h, struct err *e)
{
    int rc = mem_grow(&b->word, &b->cap, b->n + 1, sizeof *b->word, e);
    if (!rc)
        b->word[b->n++] = (size_t)((h * 0x9e3779b97f4a7c15u) >> (64 - BITS));
    return rc;
}

/* item_words - of a choice with fields that stand alone, its words count beside the candidate: "no"
 * is guessed where the hypothesis has a "not". */
static int item_words(struct bag *b, const struct lint_item *x, struct err *e)
{
    uint64_t w, all = 1, last = 1;
    int rc = word_add(b, 0, e); /* the constant */
    for (const char *s = x->candidate; s && !rc && (w = lint_word(&s));) {
        all = all * 31 + w;
        rc = word_add(b, w, e);
        if (!rc)
            rc = word_add(b, w * 31 + last, e);
        last = w;
    }
    for (const char *s = x->alone; s && !rc && (w = lint_word(&s));)
        rc = word_add(b, x->candidate ? w ^ (all * 0xff51afd7ed558ccdu) : w, e);
    return rc;
}

static void scores(const struct regression *r, const size_t *word, size_t n, double *p)
{
    double max = -(double)INFINITY, total = 0;
    for (size_t k = 0; k < r->classes; k++) {
        p[k] = 0;
        for (size_t i = 0; i < n; i++)
            p[k] += r->w[word[i] * r->classes + k];
        max = p[k] > max ? p[k] : max;
    }
    for (size_t k = 0; k < r->classes; k++)
        total += p[k] = exp(p[k] - max);
    for (size_t k = 0; k < r->classes; k++)
        p[k] /= total;
}

static void learn(struct regression *r, const size_t *word, size_t n, int label, double weight)
{
    double p[CLASSES];
    scores(r, word, n, p);
    for (size_t k = 0; k < r->classes; k++) {
        double g = weight * (p[k] - (k == (size_t)label));
        for (size_t i = 0; i < n; i++) {
            double *w = &r->w[word[i] * r->classes + k], *sum = &r->sum[word[i] * r->classes + k];
            double d = g + DECAY * *w;
            *sum += d * d;
            *w -= RATE * d / sqrt(*sum);
        }
    }
}

/* held_out - three questions in ten, by their own sum. */
static bool held_out(const struct lint_item *x)
{
    return (x->question * 0xd6e8feb86659fd93u) >> 32 < 0x4ccccccdu;
}

static size_t guess(const struct regression *r, const size_t *word, size_t n)
{
    double p[CLASSES];
    size_t best = 0;
    scores(r, word, n, p);
    for (size_t k = 1; k < r->classes; k++)
        best = p[k] > p[best] ? k : best;
    return best;
}

static void train_and_test(struct lint *l, struct regression *r, const struct bag *b,
                           const struct lint_item *x, size_t step, size_t n)
{
    size_t count[CLASSES] = {0}, seen[CLASSES] = {0}, right[CLASSES] = {0}, known = 0, all = 0;
    for (size_t i = 0; i < n; i++)
        if (!held_out(&x[i * step])) {
            count[x[i * step].label]++;
            known++;
        }
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        for (size_t i = 0; i < n; i++) {
            const struct lint_item *one = &x[i * step];
            if (!held_out(one)) /* each class weighs the same */
                learn(r, b->word + b->begin[i], b->begin[i + 1] - b->begin[i], one->label,
                      (double)known / ((double)r->classes * (double)count[one->label]));
        }
    for (size_t i = 0; i < n; i++) {
        const struct lint_item *one = &x[i * step];
        if (!held_out(one))
            continue;
        size_t k = guess(r, b->word + b->begin[i], b->begin[i + 1] - b->begin[i]);
        seen[one->label]++;
        right[one->label] += k == (size_t)one->label;
        all++;
    }
    double mean = 0;
    for (size_t k = 0; k < r->classes; k++)
        mean += seen[k] ? (double)right[k] / (double)seen[k] : (double)NAN;
    l->alone_n = all;
    l->alone = all < LINT_ALONE ? (double)NAN : mean / (double)r->classes;
}

int lint_alone(struct lint *l, const struct lint_item *x, size_t n, struct err *e)
{
    struct bag b = {0};
    struct regression r = {.classes = l->classes};
    size_t step = n > MOST ? n / MOST : 1, taken = n / step;
    l->alone = (double)NAN;
    l->alone_n = 0;
    if (!n || (!x[0].candidate && !x[0].alone))
        return OK;
    int rc = OK;
    b.begin = mem_alloc(taken + 1, sizeof *b.begin, e);
    r.w = b.begin ? mem_zalloc(WORDS * r.classes, sizeof *r.w, e) : NULL;
    r.sum = r.w ? mem_alloc(WORDS * r.classes, sizeof *r.sum, e) : NULL;
    if (!r.sum)
        rc = e->code;
    for (size_t i = 0; !rc && i < WORDS * r.classes; i++)
        r.sum[i] = FIRST;
    for (size_t i = 0; !rc && i < taken; i++) {
        b.begin[i] = b.n;
        rc = item_words(&b, &x[i * step], e);
    }
    if (!rc) {
        b.begin[taken] = b.n;
        train_and_test(l, &r, &b, x, step, taken);
    }
    mem_free(b.begin);
    mem_free(b.word);
    mem_free(r.w);
    mem_free(r.sum);
    return rc;
}
