/* save_gguf.c - the tokenizer fields of a GGUF file as tokenizer.json and tokenizer_config.json. */
#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/spm.h"
#include <string.h>

static bool is_spm(const struct tokenizer_gguf *g)
{
    return strcmp(g->model, "llama") == 0;
}

static void added_json(struct js *j, const struct tokenizer_gguf *g)
{
    js_key(j, "added_tokens"), js_open(j, '[');
    for (size_t i = 0; i < g->n_tokens; i++) {
        if (!spm_special(g, i) && !(g->types && g->types[i] == SPM_USER))
            continue;
        js_open(j, '{');
        js_key(j, "id"), js_int(j, (int64_t)i);
        js_key(j, "content"), js_str(j, g->tokens[i]);
        js_key(j, "single_word"), js_bool(j, false);
        js_key(j, "lstrip"), js_bool(j, false);
        js_key(j, "rstrip"), js_bool(j, false);
        js_key(j, "normalized"), js_bool(j, false);
        js_key(j, "special"), js_bool(j, spm_special(g, i));
        js_close(j, '}');
    }
    js_close(j, ']');
}

static void special_json(struct js *j, const char *token, int type)
{
    js_open(j, '{'), js_key(j, "SpecialToken"), js_open(j, '{');
    js_key(j, "id"), js_str(j, token), js_key(j, "type_id"), js_int(j, type);
    js_close(j, '}'), js_close(j, '}');
}

/* processor_json - bos before a text, eos behind it, where the file wants them. */
static void processor_json(struct js *j, const struct tokenizer_gguf *g)
{
    const int64_t ids[2] = {g->add_bos ? g->bos : -1, g->add_eos ? g->eos : -1};
    js_key(j, "post_processor");
    if (ids[0] < 0 && ids[1] < 0) {
        js_null(j);
        return;
    }
    js_open(j, '{');
    js_key(j, "type"), js_str(j, "TemplateProcessing");
    for (int pair = 0; pair < 2; pair++) {
        js_key(j, pair ? "pair" : "single"), js_open(j, '[');
        for (int k = 0; k <= pair; k++) {
            if (ids[0] >= 0)
                special_json(j, g->tokens[ids[0]], k);
            js_open(j, '{'), js_key(j, "Sequence"), js_open(j, '{');
            js_key(j, "id"), js_str(j, k ? "B" : "A"), js_key(j, "type_id"), js_int(j, k);
            js_close(j, '}'), js_close(j, '}');
            if (ids[1] >= 0)
                special_json(j, g->tokens[ids[1]], k);
        }
        js_close(j, ']');
    }
    js_key(j, "special_tokens"), js_open(j, '{');
    for (int i = 0; i < 2; i++) {
        if (ids[i] < 0 || (i && ids[1] == ids[0]))
            continue;
        const char *token = g->tokens[ids[i]];
        js_key(j, token), js_open(j, '{');
        js_key(j, "id"), js_str(j, token);
        js_key(j, "ids"), js_open(j, '['), js_int(j, ids[i]), js_close(j, ']');
        js_key(j, "tokens"), js_open(j, '['), js_str(j, token), js_close(j, ']');
        js_close(j, '}');
    }
    js_close(j, '}'), js_close(j, '}');
}

static void step_json(struct js *j, const char *type)
{
    js_open(j, '{');
    js_key(j, "type"), js_str(j, type);
}

static void replace_json(struct js *j, const char *from, const char *to)
{
    step_json(j, "Replace");
    js_key(j, "pattern"), js_open(j, '{'), js_key(j, "String"), js_str(j, from), js_close(j, '}');
    js_key(j, "content"), js_str(j, to), js_close(j, '}');
}

/* spm_text_json - between a text and SentencePiece's tokens, there and back. */
static void spm_text_json(struct js *j, const struct tokenizer_gguf *g)
{
    js_key(j, "normalizer"), step_json(j, "Sequence");
    js_key(j, "normalizers"), js_open(j, '[');
    if (g->space_prefix) {
        step_json(j, "Prepend");
        js_key(j, "prepend"), js_str(j, SPM_SIGN), js_close(j, '}');
    }
    replace_json(j, " ", SPM_SIGN);
    js_close(j, ']'), js_close(j, '}');
    js_key(j, "pre_tokenizer"), js_null(j);
    js_key(j, "decoder"), step_json(j, "Sequence");
    js_key(j, "decoders"), js_open(j, '[');
    replace_json(j, SPM_SIGN, " ");
    step_json(j, "ByteFallback"), js_close(j, '}');
    step_json(j, "Fuse"), js_close(j, '}');
    if (g->space_prefix) {
        step_json(j, "Strip"), js_key(j, "content"), js_str(j, " ");
        js_key(j, "start"), js_int(j, 1), js_key(j, "stop"), js_int(j, 0), js_close(j, '}');
    }
    js_close(j, ']'), js_close(j, '}');
}

static int merges_json(struct js *j, const struct tokenizer_gguf *g, struct err *e)
{
    struct spm_merge *merges = NULL;
    size_t n = 0;
    int rc = is_spm(g) ? spm_merges(g, &merges, &n, e) : OK;
    js_key(j, "merges"), js_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        js_open(j, '['), js_str(j, g->tokens[merges[i].left]);
        js_str(j, g->tokens[merges[i].right]), js_close(j, ']');
    }
    for (size_t i = 0; i < g->n_merges && !is_spm(g); i++)
        js_str(j, g->merges[i]);
    js_close(j, ']');
    mem_free(merges);
    return rc;
}

static int tokenizer_json(struct str *out, const struct tokenizer_gguf *g, struct err *e)
{
    struct js j;
    bool ignore_merges = false, spm = is_spm(g);
    int64_t unk = spm ? spm_unknown(g) : -1;
    int rc = OK;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "version"), js_str(&j, "1.0");
    js_key(&j, "truncation"), js_null(&j);
    js_key(&j, "padding"), js_null(&j);
    added_json(&j, g);
    if (spm)
        spm_text_json(&j, g);
    else if ((rc = pretok_named_json(g->pre, &j, &ignore_merges, e)))
        return rc;
    processor_json(&j, g);
    if (!spm) {
        js_key(&j, "decoder"), step_json(&j, "ByteLevel");
        js_key(&j, "add_prefix_space"), js_bool(&j, true);
        js_key(&j, "trim_offsets"), js_bool(&j, true);
        js_key(&j, "use_regex"), js_bool(&j, true);
        js_close(&j, '}');
    }
    js_key(&j, "model"), step_json(&j, "BPE");
    js_key(&j, "dropout"), js_null(&j);
    js_key(&j, "unk_token");
    if (unk >= 0)
        js_str(&j, g->tokens[unk]);
    else
        js_null(&j);
    js_key(&j, "continuing_subword_prefix"), js_null(&j);
    js_key(&j, "end_of_word_suffix"), js_null(&j);
    js_key(&j, "fuse_unk"), js_bool(&j, spm);
    js_key(&j, "byte_fallback"), js_bool(&j, spm);
    js_key(&j, "ignore_merges"), js_bool(&j, ignore_merges);
    js_key(&j, "vocab"), js_open(&j, '{');
    for (size_t i = 0; i < g->n_tokens; i++)
        js_key(&j, g->tokens[i]), js_int(&j, (int64_t)i);
    js_close(&j, '}');
    rc = merges_json(&j, g, e);
    js_close(&j, '}'), js_close(&j, '}');
    str_addc(out, '\n');
    return rc ? rc : str_check(out, e);
}

static int config_json(struct str *out, const struct tokenizer_gguf *g, struct err *e)
{
    struct js j;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "tokenizer_class"), js_str(&j, "PreTrainedTokenizerFast");
    if (g->bos >= 0)
        js_key(&j, "bos_token"), js_str(&j, g->tokens[g->bos]);
    if (g->eos >= 0)
        js_key(&j, "eos_token"), js_str(&j, g->tokens[g->eos]);
    if (is_spm(g) && spm_unknown(g) >= 0)
        js_key(&j, "unk_token"), js_str(&j, g->tokens[spm_unknown(g)]);
    js_close(&j, '}');
    str_addc(out, '\n');
    return str_check(out, e);
}

int tokenizer_gguf_save(const struct tokenizer_gguf *g, const char *dir, struct err *e)
{
    static const struct {
        const char *name;
        int (*make)(struct str *out, const struct tokenizer_gguf *g, struct err *e);
    } files[] = {{"tokenizer.json", tokenizer_json}, {"tokenizer_config.json", config_json}};
    int rc = OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !rc; i++) {
        struct str text = STR_INIT;
        rc = files[i].make(&text, g, e);
        if (!rc)
            rc = file_write_in(dir, files[i].name, &text, e);
        str_release(&text);
    }
    return rc;
}
