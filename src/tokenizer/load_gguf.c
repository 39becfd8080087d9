/* load_gguf.c - the tokenizer fields of a GGUF file (ggml's docs/gguf.md): tokens and merges in the
 * alphabet of bytes, and the name of a pre-tokenizer; or SentencePiece's tokens with their scores.
 */
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/pretok_steps.h"
#include "tokenizer/spm.h"
#include <string.h>

static int tokens_read(struct build *b, const struct tokenizer_gguf *g, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < g->n_tokens && rc == OK; i++)
        rc = build_token(b, (int64_t)i, g->tokens[i], strlen(g->tokens[i]), e);
    if (rc)
        return err_wrap(e, "tokenizer.ggml.tokens");
    for (size_t i = 0; i < g->n_merges && rc == OK; i++) {
        rc = build_merge_line(b, g->merges[i], strlen(g->merges[i]), e);
        if (rc)
            err_wrap(e, "tokenizer.ggml.merges[%zu]", i);
    }
    return rc;
}

/* added_read - control and user-defined tokens; without types, bos and eos alone. */
static int added_read(struct build *b, const struct tokenizer_gguf *g, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < g->n_tokens && rc == OK; i++) {
        bool special = spm_special(g, i);
        struct added_token a = {.id = (int32_t)i, .special = special};
        if (special || (g->types && g->types[i] == SPM_USER))
            rc = build_added(b, a, g->tokens[i], strlen(g->tokens[i]), e);
    }
    return rc ? err_wrap(e, "tokenizer.ggml.tokens") : OK;
}

static int end_check(const char *key, int64_t id, const struct tokenizer_gguf *g, struct err *e)
{
    if (id < -1 || (id >= 0 && (uint64_t)id >= g->n_tokens))
        return err_set(e, ERR_INPUT, "tokenizer.ggml.%s is %lld, there are %zu tokens", key,
                       (long long)id, g->n_tokens);
    return OK;
}

/* spm_read - what SentencePiece's kind has for a pre-tokenizer and for merges. */
static int spm_read(struct build *b, const struct tokenizer_gguf *g, struct err *e)
{
    struct tokenizer *t = b->t;
    struct spm_merge *merges = NULL;
    size_t n = 0;
    int rc = OK;
    if (!g->scores)
        return err_set(e, ERR_INPUT, "tokenizer.ggml.scores is missing");
    if (g->space_prefix)
        rc = pretok_add_normal(&t->pretok, NORMAL_PREPEND, NULL, false, SPM_SIGN, e);
    if (rc == OK)
        rc = pretok_add_normal(&t->pretok, NORMAL_REPLACE, " ", true, SPM_SIGN, e);
    t->bpe.byte_fallback = t->bpe.fuse_unk = true;
    t->bpe.unk = (int32_t)spm_unknown(g);
    t->shown = rc ? NULL : mem_strdup(SPM_SIGN, e);
    t->shown_as = t->shown ? mem_strdup(" ", e) : NULL;
    if (rc || !t->shown_as)
        return e->code;
    rc = spm_merges(g, &merges, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++) {
        const char *left = g->tokens[merges[i].left], *right = g->tokens[merges[i].right];
        rc = build_merge(b, left, strlen(left), right, strlen(right), e);
    }
    mem_free(merges);
    return rc;
}

int tokenizer_from_gguf(struct tokenizer **out, const struct tokenizer_gguf *g, struct err *e)
{
    struct build b;
    int rc = build_init(&b, e);
    *out = NULL;
    if (rc)
        return rc;
    bool spm = g->model && strcmp(g->model, "llama") == 0;
    if (!spm && (!g->model || strcmp(g->model, "gpt2") != 0))
        rc = err_set(e, ERR_INPUT,
                     "tokenizer.ggml.model is \"%s\"; known are \"gpt2\" (byte-level BPE) and "
                     "\"llama\" (SentencePiece's BPE)",
                     g->model ? g->model : "");
    if (rc == OK)
        rc = end_check("bos_token_id", g->bos, g, e);
    if (rc == OK)
        rc = end_check("eos_token_id", g->eos, g, e);
    if (rc == OK && !spm) {
        rc = pretok_named(&b.t->pretok, g->pre, false, &b.t->bpe.ignore_merges, e);
        if (rc)
            err_wrap(e, "tokenizer.ggml.pre");
    }
    if (rc == OK)
        rc = tokens_read(&b, g, e);
    if (rc == OK && spm)
        rc = spm_read(&b, g, e);
    if (rc == OK)
        rc = added_read(&b, g, e);
    if (rc == OK) {
        b.t->bos = (int32_t)g->bos;
        b.t->eos = (int32_t)g->eos;
        if (g->add_bos && g->bos >= 0)
            b.t->before[b.t->n_before++] = b.t->bos;
        if (g->add_eos && g->eos >= 0)
            b.t->after[b.t->n_after++] = b.t->eos;
        rc = build_finish(&b, out, e);
    }
    build_release(&b);
    return rc && g->file ? err_wrap(e, "%s", g->file) : rc;
}
