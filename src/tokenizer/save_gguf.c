/* save_gguf.c - the tokenizer fields of a GGUF file as tokenizer.json and tokenizer_config.json. */
#include "core/file.h"
#include "tokenizer/internal.h"

enum { TYPE_CONTROL = 3, TYPE_USER = 4 };

static bool is_control(const struct tokenizer_gguf *g, size_t i)
{
    return g->types ? g->types[i] == TYPE_CONTROL : (int64_t)i == g->bos || (int64_t)i == g->eos;
}

static void added_json(struct js *j, const struct tokenizer_gguf *g)
{
    js_key(j, "added_tokens"), js_open(j, '[');
    for (size_t i = 0; i < g->n_tokens; i++) {
        if (!is_control(g, i) && !(g->types && g->types[i] == TYPE_USER))
            continue;
        js_open(j, '{');
        js_key(j, "id"), js_int(j, (int64_t)i);
        js_key(j, "content"), js_str(j, g->tokens[i]);
        js_key(j, "single_word"), js_bool(j, false);
        js_key(j, "lstrip"), js_bool(j, false);
        js_key(j, "rstrip"), js_bool(j, false);
        js_key(j, "normalized"), js_bool(j, false);
        js_key(j, "special"), js_bool(j, is_control(g, i));
        js_close(j, '}');
    }
    js_close(j, ']');
}

/* processor_json - bos before a text, where the file wants one. */
static void processor_json(struct js *j, const struct tokenizer_gguf *g)
{
    js_key(j, "post_processor");
    if (!g->add_bos || g->bos < 0) {
        js_null(j);
        return;
    }
    const char *bos = g->tokens[g->bos];
    js_open(j, '{');
    js_key(j, "type"), js_str(j, "TemplateProcessing");
    for (int pair = 0; pair < 2; pair++) {
        js_key(j, pair ? "pair" : "single"), js_open(j, '[');
        for (int k = 0; k <= pair; k++) {
            js_open(j, '{'), js_key(j, "SpecialToken"), js_open(j, '{');
            js_key(j, "id"), js_str(j, bos), js_key(j, "type_id"), js_int(j, k);
            js_close(j, '}'), js_close(j, '}');
            js_open(j, '{'), js_key(j, "Sequence"), js_open(j, '{');
            js_key(j, "id"), js_str(j, k ? "B" : "A"), js_key(j, "type_id"), js_int(j, k);
            js_close(j, '}'), js_close(j, '}');
        }
        js_close(j, ']');
    }
    js_key(j, "special_tokens"), js_open(j, '{'), js_key(j, bos), js_open(j, '{');
    js_key(j, "id"), js_str(j, bos);
    js_key(j, "ids"), js_open(j, '['), js_int(j, g->bos), js_close(j, ']');
    js_key(j, "tokens"), js_open(j, '['), js_str(j, bos), js_close(j, ']');
    js_close(j, '}'), js_close(j, '}'), js_close(j, '}');
}

static int tokenizer_json(struct str *out, const struct tokenizer_gguf *g, struct err *e)
{
    struct js j;
    bool ignore_merges = false;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "version"), js_str(&j, "1.0");
    js_key(&j, "truncation"), js_null(&j);
    js_key(&j, "padding"), js_null(&j);
    added_json(&j, g);
    int rc = pretok_named_json(g->pre, &j, &ignore_merges, e);
    if (rc)
        return rc;
    processor_json(&j, g);
    js_key(&j, "decoder"), js_open(&j, '{');
    js_key(&j, "type"), js_str(&j, "ByteLevel");
    js_key(&j, "add_prefix_space"), js_bool(&j, true);
    js_key(&j, "trim_offsets"), js_bool(&j, true);
    js_key(&j, "use_regex"), js_bool(&j, true);
    js_close(&j, '}');
    js_key(&j, "model"), js_open(&j, '{');
    js_key(&j, "type"), js_str(&j, "BPE");
    js_key(&j, "dropout"), js_null(&j);
    js_key(&j, "unk_token"), js_null(&j);
    js_key(&j, "continuing_subword_prefix"), js_null(&j);
    js_key(&j, "end_of_word_suffix"), js_null(&j);
    js_key(&j, "fuse_unk"), js_bool(&j, false);
    js_key(&j, "byte_fallback"), js_bool(&j, false);
    js_key(&j, "ignore_merges"), js_bool(&j, ignore_merges);
    js_key(&j, "vocab"), js_open(&j, '{');
    for (size_t i = 0; i < g->n_tokens; i++)
        js_key(&j, g->tokens[i]), js_int(&j, (int64_t)i);
    js_close(&j, '}');
    js_key(&j, "merges"), js_open(&j, '[');
    for (size_t i = 0; i < g->n_merges; i++)
        js_str(&j, g->merges[i]);
    js_close(&j, ']'), js_close(&j, '}'), js_close(&j, '}');
    str_addc(out, '\n');
    return str_check(out, e);
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
        struct str text = STR_INIT, path = STR_INIT;
        str_path(&path, dir, files[i].name);
        rc = files[i].make(&text, g, e);
        if (!rc)
            rc = str_check(&path, e);
        if (!rc)
            rc = file_write(path.s, text.s, text.len, e);
        str_release(&text);
        str_release(&path);
    }
    return rc;
}
