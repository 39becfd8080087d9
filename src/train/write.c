/* write.c - what a language model writes after prompts, many at a time. */
#include "train/feed.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"

#include <math.h>
#include <stdio.h>

/* Of the texts that are written at a time, no more than whose keys and values have room. */
#define WRITE_BYTES ((size_t)256 << 20)

struct writing {
    struct model *m;
    const struct token_set *t;
    const struct write_settings *s;
    struct token_ids *out;
    int32_t *tokens, *starts; /* of one feed */
    size_t *seq, *text;       /* of each sequence that is alive: its place in the cache, its text */
    size_t cap_tokens;
};

/* token_draw - of the text's own stream, which begins anew with every token: nothing to keep. */
static void token_draw(const struct writing *w, size_t text, const float *logits, int32_t *token)
{
    struct rng r;
    char stream[64];
    snprintf(stream, sizeof stream, "write %zu %zu", text, w->out[text].n);
    rng_init(&r, w->s->seed, stream);
    *token = sample_token(logits, w->m->cfg.vocab, w->s->sampling, &r);
}

/* choose - the token with the largest logit, of those allowed; the lowest id among equals. */
static int choose(const struct writing *w, size_t text, const float *logits, int32_t *token,
                  struct err *e)
{
    const struct token_ids *said = &w->out[text];
    const int32_t *list = NULL;
    size_t n = w->m->cfg.vocab;
    int rc = w->s->allowed ? w->s->allowed(w->s->ctx, text, said->ids, said->n, &list, &n, e) : OK;
    if (rc)
        return rc;
    BUG_ON(n == 0);
    *token = list ? list[0] : 0;
    for (size_t i = 0; i < n; i++) {
        int32_t id = list ? list[i] : (int32_t)i;
        float x = logits[id], best = logits[*token];
        if (!isfinite(x))
            return err_set(e, ERR_NUMERIC, "example %zu: logit %d is %f", text, (int)id, (double)x);
        if (x > best || (x >= best && id < *token))
            *token = id;
    }
    if (w->s->sampling)
        token_draw(w, text, logits, token);
    return OK;
}

/* feed_make - the whole prompts (round 0), or the last token of each text that is alive. */
static int feed_make(struct writing *w, size_t alive, bool prompts, struct batch *b, struct err *e)
{
    size_t at = 0, total = 0;
    for (size_t i = 0; i < alive; i++)
        total += prompts ? token_set_len(w->t, w->text[i]) : 1;
    int rc = mem_grow(&w->tokens, &w->cap_tokens, total, sizeof *w->tokens, e);
    if (rc)
        return rc;
    w->starts[0] = 0;
    for (size_t i = 0; i < alive; i++) {
        const struct token_ids *said = &w->out[w->text[i]];
        const int32_t *from =
            prompts ? w->t->tokens + w->t->starts[w->text[i]] : said->ids + said->n - 1;
        size_t n = prompts ? token_set_len(w->t, w->text[i]) : 1;
        for (size_t k = 0; k < n; k++)
            w->tokens[at++] = from[k];
        w->starts[i + 1] = (int32_t)at;
    }
    *b = (struct batch){at, alive, w->tokens, w->starts};
    return OK;
}

/* group_write - answers to n prompts, whose order is that of w->text. */
static int group_write(struct writing *w, size_t n, size_t longest, struct err *e)
{
    struct decode *d = NULL;
    const float *logits;
    size_t alive = n, V = w->m->cfg.vocab;
    int rc = decode_new(&d, w->m, n, longest + w->s->most - 1, e);
    for (size_t i = 0; i < n; i++)
        w->seq[i] = i;
    for (bool first = true; !rc && alive; first = false) {
        struct batch b;
        size_t left = 0;
        if ((rc = stop_check(e)) || (rc = feed_make(w, alive, first, &b, e)) ||
            (rc = decode_feed(d, &b, w->seq, &logits, e)))
            break;
        for (size_t i = 0; !rc && i < alive; i++) {
            struct token_ids *said = &w->out[w->text[i]];
            int32_t token = 0;
            rc = choose(w, w->text[i], logits + i * V, &token, e);
            if (rc || token == w->s->end || (w->s->ends && w->s->ends[token]))
                continue;
            rc = mem_grow(&said->ids, &said->cap, said->n + 1, sizeof *said->ids, e);
            if (rc)
                continue;
            said->ids[said->n++] = token;
            if (said->n == w->s->most)
                continue;
            w->seq[left] = w->seq[i];
            w->text[left++] = w->text[i];
        }
        alive = left;
    }
    decode_free(d);
    return rc;
}

/* group_size - how many of n prompts, the longest first, are written together. */
static size_t group_size(const struct writing *w, const size_t *order, size_t n)
{
    size_t room = token_set_len(w->t, order[0]) + w->s->most - 1;
    n = n < WRITE_TEXTS ? n : WRITE_TEXTS;
    while (n > 1 && decode_bytes(&w->m->cfg, n, room) > WRITE_BYTES)
        n /= 2;
    return n;
}

int write_run(struct model *m, const struct token_set *t, const struct write_settings *s,
              struct token_ids *out, struct progress *progress, struct err *e)
{
    struct writing w = {.m = m, .t = t, .s = s, .out = out};
    size_t *order = NULL, tokens = 0;
    BUG_ON(s->sampling && s->allowed);
    BUG_ON(t->per != 1 || s->most == 0 || m->head.kind != HEAD_LM);
    if (!t->n)
        return OK;
    w.starts = mem_alloc(WRITE_TEXTS + 1, sizeof *w.starts, e);
    w.seq = mem_alloc(WRITE_TEXTS, sizeof *w.seq, e);
    w.text = mem_alloc(WRITE_TEXTS, sizeof *w.text, e);
    int rc = w.starts && w.seq && w.text ? feed_order(t, &order, e) : e->code;
    for (size_t at = 0, n; !rc && at < t->n; at += n) {
        n = group_size(&w, order + at, t->n - at);
        for (size_t i = 0; i < n; i++)
            w.text[i] = order[at + i];
        rc = group_write(&w, n, token_set_len(t, order[at]), e);
        for (size_t i = at; i < at + n; i++)
            tokens += token_set_len(t, order[i]) + out[order[i]].n;
        if (progress && !rc)
            progress_step(progress, (double)(at + n), (double)tokens, NULL);
    }
    mem_free(order);
    mem_free(w.tokens);
    mem_free(w.starts);
    mem_free(w.seq);
    mem_free(w.text);
    return rc;
}
