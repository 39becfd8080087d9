#include "tokenizer/spm.h"
#include "core/mem.h"
#include "tokenizer/text.h"
#include "tokenizer/vocab.h"
#include <stdlib.h>
#include <string.h>

struct list {
    struct spm_merge *at;
    size_t n, cap;
};

static bool joins(const struct tokenizer_gguf *g, size_t i)
{
    return !g->types || g->types[i] == SPM_NORMAL || g->types[i] == SPM_USER;
}

static int merge_compare(const void *a, const void *b)
{
    const struct spm_merge *x = a, *y = b;
    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    if (x->whole != y->whole)
        return x->whole < y->whole ? -1 : 1;
    if (x->left != y->left)
        return x->left < y->left ? -1 : 1;
    return (x->right > y->right) - (x->right < y->right);
}

/* token_split - the ways to make one token. */
static int token_split(const struct vocab *v, const struct tokenizer_gguf *g, size_t id,
                       struct list *to, struct err *e)
{
    const char *s = g->tokens[id];
    size_t n = strlen(s);
    uint32_t cp;
    for (size_t i = text_next(s, &cp); i < n; i += text_next(s + i, &cp)) {
        int32_t l = vocab_find(v, s, i), r = vocab_find(v, s + i, n - i);
        if (l < 0 || r < 0)
            continue;
        if (mem_grow(&to->at, &to->cap, to->n + 1, sizeof *to->at, e))
            return e->code;
        to->at[to->n++] = (struct spm_merge){l, r, (int32_t)id, g->scores[id]};
    }
    return OK;
}

int spm_merges(const struct tokenizer_gguf *g, struct spm_merge **out, size_t *n, struct err *e)
{
    struct vocab v = VOCAB_INIT;
    struct list list = {NULL, 0, 0};
    int rc = OK;
    BUG_ON(!g->scores);
    for (size_t i = 0; i < g->n_tokens && rc == OK; i++) {
        size_t len = strlen(g->tokens[i]);
        if (len > 0 && text_valid(g->tokens[i], len) != len)
            rc = err_set(e, ERR_INPUT, "the token %zu is not UTF-8", i);
        else if (len > 0 && joins(g, i))
            rc = vocab_add(&v, (int64_t)i, g->tokens[i], len, true, e);
    }
    for (size_t i = 0; i < g->n_tokens && rc == OK; i++)
        if (*g->tokens[i] && joins(g, i))
            rc = token_split(&v, g, i, &list, e);
    if (rc == OK && list.n)
        qsort(list.at, list.n, sizeof *list.at, merge_compare);
    vocab_release(&v);
    if (rc)
        mem_free(list.at);
    *out = rc ? NULL : list.at;
    *n = rc ? 0 : list.n;
    return rc;
}

int64_t spm_unknown(const struct tokenizer_gguf *g)
{
    for (size_t i = 0; g->types && i < g->n_tokens; i++)
        if (g->types[i] == SPM_UNKNOWN)
            return (int64_t)i;
    return -1;
}

bool spm_special(const struct tokenizer_gguf *g, size_t i)
{
    return g->types ? g->types[i] == SPM_CONTROL || g->types[i] == SPM_UNKNOWN
                    : (int64_t)i == g->bos || (int64_t)i == g->eos;
}
