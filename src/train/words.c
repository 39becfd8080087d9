/* words.c - see words.h. */
#include "train/words.h"
#include "core/mem.h"
#include "core/stop.h"
#include "train/feed.h"

#include <math.h>

/* Texts worked on at a time: as many as make products that are worth it, and whose keys and values
 * have room. */
#define WORDS_TEXTS 64
#define WORDS_BYTES ((size_t)256 << 20)

struct reading_words {
    struct model *m;
    struct decode *d;
    const struct token_set *t;
    const struct words *w;
    double *scores;
    const int32_t *prefix;
    size_t n_prefix, most; /* tokens of the prefix; of it, a text and a word together */
    size_t slots;
    size_t *text;             /* [slots] of a group */
    int32_t *tokens, *starts; /* of one feed */
    size_t cap_tokens, fed;
};

static size_t word_len(const struct words *w, size_t k)
{
    return w->starts[k + 1] - w->starts[k];
}

/* log_p - of one token under a row of logits; NAN where one is not finite. */
static double log_p(const float *logits, size_t V, int32_t token)
{
    double most = (double)logits[0], sum = 0;
    for (size_t v = 0; v < V; v++)
        most = (double)logits[v] > most ? (double)logits[v] : most;
    for (size_t v = 0; v < V; v++)
        sum += exp((double)logits[v] - most);
    return (double)logits[token] - most - log(sum);
}

/* score_add - of a token of word k, for every text of the group. */
static int score_add(struct reading_words *r, size_t n, size_t k, size_t at, const float *logits,
                     struct err *e)
{
    size_t V = r->m->cfg.vocab;
    int32_t token = r->w->tokens[r->w->starts[k] + at];
    BUG_ON(token < 0 || (size_t)token >= V);
    for (size_t i = 0; i < n; i++) {
        double *score = &r->scores[r->text[i] * r->w->n + k];
        double p = log_p(logits + i * V, V, token);
        if (!isfinite(p))
            return err_set(e, ERR_NUMERIC, "example %zu: the log-probability of a word is %f",
                           r->text[i], p);
        *score = at ? *score + p : p;
    }
    return OK;
}

/* texts_feed - the texts of a group behind the prefix. */
static int texts_feed(struct reading_words *r, size_t n, const float **logits, struct err *e)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        total += token_set_len(r->t, r->text[i]);
    int rc = mem_grow(&r->tokens, &r->cap_tokens, total, sizeof *r->tokens, e);
    if (rc)
        return rc;
    r->starts[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t *from = r->t->tokens + r->t->starts[r->text[i]];
        for (size_t k = 0; k < token_set_len(r->t, r->text[i]); k++)
            r->tokens[at++] = from[k];
        r->starts[i + 1] = (int32_t)at;
        decode_rewind(r->d, i, r->n_prefix);
    }
    r->fed += at;
    const struct batch b = {at, n, r->tokens, r->starts};
    return decode_feed(r->d, &b, NULL, logits, e);
}

/* word_go_on - the tokens of word k behind its first, one after the other. */
static int word_go_on(struct reading_words *r, size_t n, size_t k, struct err *e)
{
    const int32_t *word = r->w->tokens + r->w->starts[k];
    const float *logits;
    int rc = OK;
    for (size_t i = 0; i < n; i++)
        decode_rewind(r->d, i, r->n_prefix + token_set_len(r->t, r->text[i]));
    for (size_t at = 1; !rc && at < word_len(r->w, k); at++) {
        rc = mem_grow(&r->tokens, &r->cap_tokens, n, sizeof *r->tokens, e);
        for (size_t i = 0; !rc && i < n; i++) {
            r->tokens[i] = word[at - 1];
            r->starts[i + 1] = (int32_t)(i + 1);
        }
        const struct batch b = {n, n, r->tokens, r->starts};
        if (!rc)
            rc = decode_feed(r->d, &b, NULL, &logits, e);
        if (!rc)
            rc = score_add(r, n, k, at, logits, e);
        r->fed += n;
    }
    return rc;
}

static int group_read(struct reading_words *r, size_t n, struct err *e)
{
    const float *logits;
    int rc = stop_check(e);
    if (!rc)
        rc = texts_feed(r, n, &logits, e);
    for (size_t k = 0; !rc && k < r->w->n; k++)
        rc = score_add(r, n, k, 0, logits, e);
    for (size_t k = 0; !rc && k < r->w->n; k++)
        rc = word_go_on(r, n, k, e);
    return rc;
}

/* prefix_feed - once, and a copy for every place but the first. */
static int prefix_feed(struct reading_words *r, struct err *e)
{
    const int32_t starts[2] = {0, (int32_t)r->n_prefix};
    const struct batch b = {r->n_prefix, 1, r->prefix, starts};
    const size_t first = 0;
    const float *logits;
    int rc = r->n_prefix ? decode_feed(r->d, &b, &first, &logits, e) : OK;
    for (size_t i = 1; !rc && i < r->slots; i++)
        decode_copy(r->d, 0, i);
    r->fed += r->n_prefix;
    return rc;
}

/* slots_of - how many texts are worked on at a time. */
static size_t slots_of(const struct model_config *c, size_t longest)
{
    size_t slots = WORDS_TEXTS;
    while (slots > 1 && decode_bytes(c, slots, longest) > WORDS_BYTES)
        slots /= 2;
    return slots;
}

size_t words_bytes(const struct model_config *c, size_t longest)
{
    size_t slots = slots_of(c, longest), cache = decode_bytes(c, slots, longest);
    size_t logits = 2 * slots * c->vocab * sizeof(float);
    return cache > SIZE_MAX - logits ? SIZE_MAX : cache + logits;
}

static int slots_make(struct reading_words *r, size_t longest, struct err *e)
{
    size_t word = 1;
    for (size_t k = 0; k < r->w->n; k++) {
        BUG_ON(word_len(r->w, k) == 0);
        word = word_len(r->w, k) > word ? word_len(r->w, k) : word;
    }
    r->most = r->n_prefix + longest + word - 1;
    if (r->most > r->m->cfg.positions)
        return err_set(e, ERR_INPUT, "a prompt of %zu tokens; the model takes at most %zu", r->most,
                       r->m->cfg.positions);
    r->slots = slots_of(&r->m->cfg, r->most);
    r->slots = r->t->n < r->slots ? r->t->n : r->slots;
    r->text = mem_alloc(r->slots, sizeof *r->text, e);
    r->starts = r->text ? mem_zalloc(r->slots + 1, sizeof *r->starts, e) : NULL;
    return r->starts ? decode_new(&r->d, r->m, r->slots, r->most, e) : e->code;
}

int words_run(struct model *m, const int32_t *prefix, size_t n_prefix, const struct token_set *t,
              const struct words *w, double *scores, size_t *tokens, struct progress *progress,
              struct err *e)
{
    struct reading_words r = {
        .m = m, .t = t, .w = w, .scores = scores, .prefix = prefix, .n_prefix = n_prefix};
    size_t *order = NULL;
    BUG_ON(t->per != 1 || m->head.kind != HEAD_LM || w->n == 0);
    *tokens = 0;
    if (!t->n)
        return OK;
    int rc = slots_make(&r, t->longest, e);
    if (!rc)
        rc = feed_order(t, &order, e);
    if (!rc)
        rc = prefix_feed(&r, e);
    for (size_t at = 0, n; !rc && at < t->n; at += n) {
        n = t->n - at < r.slots ? t->n - at : r.slots;
        for (size_t i = 0; i < n; i++)
            r.text[i] = order[at + i];
        rc = group_read(&r, n, e);
        if (progress && !rc)
            progress_step(progress, (double)(at + n), (double)r.fed, NULL);
    }
    *tokens = r.fed;
    decode_free(r.d);
    mem_free(order);
    mem_free(r.text);
    mem_free(r.tokens);
    mem_free(r.starts);
    return rc;
}
