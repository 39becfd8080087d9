/* lint.c - the examples of a task or a draw, and what is asked of them. */
#include "core/mem.h"
#include "data/lint.h"
#include "data/pack.h"
#include "data/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *pa, const void *pb)
{
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    return (a > b) - (a < b);
}

static size_t words_count(const char *s)
{
    size_t n = 0;
    while (lint_word(&s))
        n++;
    return n;
}

static int lengths_measure(struct lint *l, const struct lint_item *x, size_t n,
                           const struct tokenizer *tok, struct err *e)
{
    size_t step = n > LINT_LENGTHS ? n / LINT_LENGTHS : 1, taken = n / step;
    struct token_set t = {0};
    int rc = OK;
    if (!n)
        return OK;
    size_t *len = mem_alloc(taken, sizeof *len, e);
    struct example *ex = len && tok ? mem_zalloc(taken, sizeof *ex, e) : NULL;
    if (!len || (tok && !ex))
        rc = e->code;
    for (size_t i = 0; !rc && i < taken; i++) {
        if (tok)
            ex[i] = (struct example){
                .text = x[i * step].text, .len = x[i * step].len, .source = "an example"};
        else
            len[i] = words_count(x[i * step].text);
    }
    if (!rc && tok)
        rc = token_set_make(&t, ex, taken, tok, e);
    for (size_t i = 0; !rc && tok && i < taken; i++)
        len[i] = token_set_len(&t, i);
    if (!rc) {
        qsort(len, taken, sizeof *len, by_size);
        l->tokenized = tok != NULL;
        l->median = len[(taken - 1) / 2];
        l->p95 = len[(size_t)ceil(0.95 * (double)taken) - 1];
        l->longest = len[taken - 1];
        token_set_release(&t);
    }
    mem_free(len);
    mem_free(ex);
    return rc;
}

static int lint_items(struct lint *l, const struct lint_item *x, size_t n, struct err *e)
{
    size_t most = 0, all = 0;
    l->examples = n;
    for (size_t k = 0; k < l->classes; k++) {
        most = l->class_before[k] > most ? l->class_before[k] : most;
        all += l->class_before[k];
    }
    /* Of what is written there is no class to say of all */
    l->constant_accuracy = all && l->classes > 1 ? (double)most / (double)all : (double)NAN;
    int rc = lint_near(l, x, n, e);
    return rc ? rc : lint_alone(l, x, n, e);
}

/* drafts_items - what is not dropped. */
static struct lint_item *drafts_items(const struct drafts *d, size_t *n, struct err *e)
{
    struct lint_item *x = mem_alloc(d->n, sizeof *x, e);
    *n = 0;
    for (size_t i = 0; x && i < d->n; i++) {
        const struct draft *y = &d->a[i];
        if (!y->dropped)
            x[(*n)++] = (struct lint_item){y->text,  y->len,       y->question, (int)y->pool,
                                           y->label, y->candidate, y->alone};
    }
    return x;
}

static int by_candidate(const void *pa, const void *pb)
{
    const struct lint_item *a = pa, *b = pb;
    if (a->question != b->question)
        return a->question < b->question ? -1 : 1;
    return strcmp(a->candidate, b->candidate);
}

/* candidates_guess - of a choice, whose candidates are few a question: those of other label seeds,
 * too, each once. The rows are in memory. */
static int candidates_guess(struct lint *l, const struct task *t, const char *dir,
                            struct rows *rows, const struct lint_item *x, size_t n, struct err *e)
{
    enum { SEEDS = 4 };
    struct drafts more[SEEDS - 1];
    struct split s = {.duplicates = 0};
    struct lint_item *all = NULL, *some;
    size_t cap = 0, total = 0, made = 0, k, kept = 0;
    static const struct task_sizes none = {.n = {0}};
    int rc = mem_grow(&all, &cap, n, sizeof *all, e);
    for (; !rc && total < n; total++)
        all[total] = x[total];
    for (; !rc && made < SEEDS - 1; made++) {
        rc = drafts_make(&more[made], t, dir, rows, made + 1, NULL, e);
        if (!rc)
            rc = split_make(&s, &more[made], t, &none, 0, e);
        split_release(&s);
        some = rc ? NULL : drafts_items(&more[made], &k, e);
        if (!rc && !some)
            rc = e->code;
        if (!rc && !(rc = mem_grow(&all, &cap, total + k, sizeof *all, e)))
            for (size_t i = 0; i < k; i++)
                all[total++] = some[i];
        mem_free(some);
    }
    if (!rc)
        qsort(all, total, sizeof *all, by_candidate);
    for (size_t i = 0; !rc && i < total; i++)
        if (!kept || by_candidate(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    if (!rc)
        rc = lint_alone(l, all, kept, e);
    while (made-- > 0)
        drafts_release(&more[made]);
    mem_free(all);
    return rc;
}

int lint_task(struct lint *l, const struct task *t, const char *dir, const struct tokenizer *tok,
              struct log *log, struct err *e)
{
    static const struct task_sizes none = {.n = {0}};
    struct rows rows = {.arena = ARENA_INIT};
    struct drafts d;
    struct split s = {.duplicates = 0};
    struct lint_item *x = NULL;
    size_t n = 0;
    *l = (struct lint){.classes = task_classes(t)};
    int rc = drafts_make(&d, t, dir, &rows, 0, log, e);
    if (!rc)
        rc = split_make(&s, &d, t, &none, 0, e);
    if (!rc && !(x = drafts_items(&d, &n, e)))
        rc = e->code;
    if (!rc) {
        l->rows = d.rows_read;
        l->left_out = d.rows_left_out;
        memcpy(l->class_before, s.class_before, sizeof l->class_before);
        memcpy(l->class_after, s.class_after, sizeof l->class_after);
        l->same_across = s.duplicates_across;
        l->same_within = s.duplicates - s.duplicates_across;
        l->question_across = s.straddlers;
        rc = lengths_measure(l, x, n, tok, e);
    }
    if (!rc)
        rc = lint_items(l, x, n, e);
    if (!rc && n && x[0].candidate)
        rc = candidates_guess(l, t, dir, &rows, x, n, e);
    mem_free(x);
    split_release(&s);
    drafts_release(&d);
    rows_release(&rows);
    return rc ? err_wrap(e, "task %s", task_name(t)) : OK;
}

int lint_dataset(struct lint *l, const struct dataset *d, struct err *e)
{
    size_t n = 0, all = 0;
    *l = (struct lint){.classes = d->classes, .rows = d->rows_read, .left_out = d->rows_left_out};
    memcpy(l->class_before, d->class_before, sizeof l->class_before);
    memcpy(l->class_after, d->class_after, sizeof l->class_after);
    for (int p = 0; p < PART_COUNT; p++) {
        all += d->n[p];
        l->same_across += d->shared[p];
        l->same_within += d->repeated[p];
    }
    struct lint_item *x = mem_alloc(all, sizeof *x, e);
    if (!x)
        return e->code;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d->n[p]; i++) {
            const struct example *y = &d->part[p][i];
            x[n++] = (struct lint_item){y->text,  y->len,       y->question, p,
                                        y->label, y->candidate, y->alone};
        }
    int rc = lint_items(l, x, n, e);
    mem_free(x);
    return rc;
}

bool lint_guessable(const struct lint *l)
{
    enum { SIGMAS = 4 };
    const double least = 0.05; /* beyond chance, that changes what a study says */
    double chance = 1 / (double)l->classes,
           sigma = sqrt(chance * (1 - chance) / (double)(l->alone_n ? l->alone_n : 1));
    return !isnan(l->alone) &&
           l->alone > chance + (SIGMAS * sigma > least ? SIGMAS * sigma : least);
}

void lint_warn(const struct lint *l, const char *name, struct log *log)
{
    const double near_share = 0.01; /* of the examples */
    if (!log)
        return;
    if ((double)l->near_across > near_share * (double)l->examples)
        log_warn(log,
                 "task %s: %zu of %zu examples are nearly one of another part: what is measured on "
                 "them may have been learnt by heart",
                 name, l->near_across, l->examples);
    if (lint_guessable(l))
        log_warn(log,
                 "task %s: a bag of words guesses %.0f %% of the classes without the question, "
                 "where chance is %.0f %%; a supervisor can be right for the wrong reason",
                 name, 100 * l->alone, 100 / (double)l->classes);
}
