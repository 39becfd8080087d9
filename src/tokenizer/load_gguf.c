/* load_gguf.c - the tokenizer fields of a GGUF file (ggml's docs/gguf.md): tokens and merges in the
 * alphabet of bytes, and the name of a pre-tokenizer. */
#include "tokenizer/internal.h"
#include <string.h>

/* tokenizer.ggml.token_type */
enum { TYPE_CONTROL = 3, TYPE_USER = 4 };

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
        bool end = (int64_t)i == g->bos || (int64_t)i == g->eos;
        bool control = g->types ? g->types[i] == TYPE_CONTROL : end;
        struct added_token a = {.id = (int32_t)i, .special = control};
        if (control || (g->types && g->types[i] == TYPE_USER))
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

int tokenizer_from_gguf(struct tokenizer **out, const struct tokenizer_gguf *g, struct err *e)
{
    struct build b;
    int rc = build_init(&b, e);
    *out = NULL;
    if (rc)
        return rc;
    if (!g->model || strcmp(g->model, "gpt2") != 0)
        rc = err_set(e, ERR_INPUT,
                     "tokenizer.ggml.model is \"%s\", only \"gpt2\" (byte-level BPE) is read here",
                     g->model ? g->model : "");
    if (rc == OK)
        rc = end_check("bos_token_id", g->bos, g, e);
    if (rc == OK)
        rc = end_check("eos_token_id", g->eos, g, e);
    if (rc == OK) {
        rc = pretok_named(&b.t->pretok, g->pre, false, &b.t->bpe.ignore_merges, e);
        if (rc)
            err_wrap(e, "tokenizer.ggml.pre");
    }
    if (rc == OK)
        rc = tokens_read(&b, g, e);
    if (rc == OK)
        rc = added_read(&b, g, e);
    if (rc == OK) {
        b.t->bos = (int32_t)g->bos;
        b.t->eos = (int32_t)g->eos;
        if (g->add_bos && g->bos >= 0)
            b.t->before[b.t->n_before++] = b.t->bos;
        rc = build_finish(&b, out, e);
    }
    build_release(&b);
    return rc && g->file ? err_wrap(e, "%s", g->file) : rc;
}
