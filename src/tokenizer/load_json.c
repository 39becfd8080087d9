/* load_json.c - the tokenizer.json of Hugging Face tokenizers. Its "truncation" and "padding" are
 * not followed: a caller here gets all ids of its text. */
#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/internal.h"
#include <string.h>

static int at_file(const struct doc *d, int rc, const char *what, struct err *e)
{
    return rc ? err_wrap(e, "%s: %s", d->file, what) : OK;
}

static int vocab_read(struct build *b, const struct doc *model, struct err *e)
{
    const struct doc *vocab = doc_get(model, "vocab");
    int rc = OK;
    if (!vocab || vocab->type != DOC_MAP)
        return doc_fail(model, e, "model.vocab is %s, wanted a map from tokens to ids",
                        load_kind(vocab));
    for (const struct doc *d = vocab->child; d && rc == OK; d = d->next) {
        if (d->type != DOC_INT)
            return doc_fail(d, e, "model.vocab: \"%s\" has %s, wanted an id", d->key, load_kind(d));
        rc = build_token(b, d->i, d->key, strlen(d->key), e);
    }
    return at_file(model, rc, "model.vocab", e);
}

/* merges_read - "a b" in older files, ["a", "b"] in newer ones. */
static int merges_read(struct build *b, const struct doc *model, struct err *e)
{
    const struct doc *merges = doc_get(model, "merges");
    int rc = OK;
    if (!merges || merges->type != DOC_LIST)
        return doc_fail(model, e, "model.merges is %s, wanted a list", load_kind(merges));
    for (const struct doc *d = merges->child; d && rc == OK; d = d->next) {
        const struct doc *l = d->child, *r = l ? l->next : NULL;
        if (d->type == DOC_STRING)
            rc = build_merge_line(b, d->s, d->len, e);
        else if (d->type == DOC_LIST && d->n == 2 && l->type == DOC_STRING && r->type == DOC_STRING)
            rc = build_merge(b, l->s, l->len, r->s, r->len, e);
        else
            rc = err_set(e, ERR_INPUT, "a merge is %s, wanted \"a b\" or [\"a\", \"b\"]",
                         load_kind(d));
    }
    return at_file(model, rc, "model.merges", e);
}

static int affix_refuse(const struct doc *model, const char *key, struct err *e)
{
    const char *affix = NULL;
    int rc = doc_opt_str(model, key, &affix, e);
    if (rc == OK && affix && *affix)
        rc = doc_fail(model, e, "model.%s is \"%s\", wanted none", key, affix);
    return rc;
}

static int model_read(struct build *b, const struct doc *root, struct err *e)
{
    const struct doc *model = doc_get(root, "model");
    struct bpe *bpe = &b->t->bpe;
    const char *type = "BPE", *unk = NULL;
    double dropout = 0;
    int rc;
    if (!model || model->type != DOC_MAP)
        return doc_fail(root, e, "\"model\" is %s, wanted a map", load_kind(model));
    rc = doc_opt_str(model, "type", &type, e);
    if (rc == OK && strcmp(type, "BPE") != 0)
        rc = doc_fail(model, e, "the model \"%s\" is not known here, only BPE", type);
    if (rc == OK)
        rc = doc_opt_real(model, "dropout", 0, 1, &dropout, e);
    if (rc == OK && dropout > 0)
        rc = doc_fail(model, e, "model.dropout is %g: its ids would be random, wanted none",
                      dropout);
    if (rc == OK)
        rc = affix_refuse(model, "continuing_subword_prefix", e);
    if (rc == OK)
        rc = affix_refuse(model, "end_of_word_suffix", e);
    if (rc == OK)
        rc = doc_opt_str(model, "unk_token", &unk, e);
    if (rc == OK)
        rc = doc_opt_bool(model, "fuse_unk", &bpe->fuse_unk, e);
    if (rc == OK)
        rc = doc_opt_bool(model, "byte_fallback", &bpe->byte_fallback, e);
    if (rc == OK)
        rc = doc_opt_bool(model, "ignore_merges", &bpe->ignore_merges, e);
    if (rc == OK)
        rc = vocab_read(b, model, e);
    if (rc == OK)
        rc = merges_read(b, model, e);
    if (rc == OK && unk) {
        bpe->unk = build_find(b, unk);
        if (bpe->unk < 0)
            rc = doc_fail(model, e, "model.unk_token \"%s\" is not in the vocabulary", unk);
    }
    return rc;
}

static int added_read(struct build *b, const struct doc *root, struct err *e)
{
    const struct doc *list = doc_get(root, "added_tokens");
    int rc = OK;
    if (!list || list->type == DOC_NULL)
        return OK;
    for (const struct doc *d = list->child; d && rc == OK; d = d->next) {
        struct added_token a = {.normalized = true};
        const char *content = NULL;
        int64_t id = -1;
        rc = doc_str(d, "content", &content, e);
        if (rc == OK)
            rc = doc_int(d, "id", 0, INT32_MAX / 2, &id, e);
        if (rc == OK)
            rc = load_flags(&a, d, e);
        a.id = (int32_t)id;
        if (rc == OK)
            rc = at_file(d, build_added(b, a, content, strlen(content), e), "added_tokens", e);
    }
    return rc;
}

static int around_add(int32_t *ids, size_t *n, const struct doc *d, const struct doc *id,
                      struct err *e)
{
    if (*n == TOKENIZER_MAX_AROUND)
        return doc_fail(d, e, "post_processor puts more than %d tokens on one side of a text",
                        TOKENIZER_MAX_AROUND);
    if (id->type != DOC_INT || id->i < 0 || id->i > INT32_MAX)
        return doc_fail(d, e, "post_processor: an id is %s, wanted a number", load_kind(id));
    ids[(*n)++] = (int32_t)id->i;
    return OK;
}

/* template_read - "single": what stands before the Sequence, and after it. */
static int template_read(struct tokenizer *t, const struct doc *d, struct err *e)
{
    const struct doc *single = doc_get(d, "single"), *specials = doc_get(d, "special_tokens");
    bool after = false;
    int rc = OK;
    if (!single || single->type != DOC_LIST)
        return doc_fail(d, e, "TemplateProcessing without a list \"single\"");
    for (const struct doc *p = single->child; p && rc == OK; p = p->next) {
        const struct doc *special = doc_get(p, "SpecialToken");
        const char *name = NULL;
        if (!special) {
            if (after || !doc_get(p, "Sequence"))
                return doc_fail(
                    p, e, "TemplateProcessing: \"single\" wants one Sequence and SpecialTokens");
            after = true;
            continue;
        }
        rc = doc_str(special, "id", &name, e);
        if (rc)
            break;
        const struct doc *ids = doc_get(doc_get(specials, name), "ids");
        if (!ids || ids->type != DOC_LIST)
            return doc_fail(
                d, e, "TemplateProcessing: special_tokens does not say the ids of \"%s\"", name);
        for (const struct doc *id = ids->child; id && rc == OK; id = id->next)
            rc = after ? around_add(t->after, &t->n_after, d, id, e)
                       : around_add(t->before, &t->n_before, d, id, e);
    }
    return rc;
}

static int processor_read(struct tokenizer *t, const struct doc *d, struct err *e)
{
    const char *type = NULL;
    int rc = OK;
    if (!d || d->type == DOC_NULL)
        return OK;
    rc = doc_str(d, "type", &type, e);
    if (rc)
        return rc;
    if (strcmp(type, "ByteLevel") == 0) /* it moves offsets, no ids */
        return OK;
    if (strcmp(type, "TemplateProcessing") == 0)
        return template_read(t, d, e);
    if (strcmp(type, "Sequence") != 0)
        return doc_fail(d, e, "the post_processor \"%s\" is not known here", type);
    const struct doc *list = doc_get(d, "processors");
    for (const struct doc *p = list ? list->child : NULL; p && rc == OK; p = p->next)
        rc = processor_read(t, p, e);
    return rc;
}

/* decoder_read - of what decoders do only one thing is kept: what is written for the sign that
 * stands for a space. Strip is about the beginning of a whole text, of which one token knows
 * nothing. */
static int decoder_read(struct tokenizer *t, const struct doc *d, struct err *e)
{
    const char *type = NULL, *as = NULL;
    int rc = OK;
    if (!d || d->type == DOC_NULL)
        return OK;
    rc = doc_str(d, "type", &type, e);
    if (rc)
        return rc;
    if (strcmp(type, "ByteLevel") == 0 || strcmp(type, "ByteFallback") == 0 ||
        strcmp(type, "Fuse") == 0 || strcmp(type, "Strip") == 0)
        return OK;
    if (strcmp(type, "Sequence") == 0) {
        const struct doc *list = doc_get(d, "decoders");
        for (const struct doc *c = list ? list->child : NULL; c && rc == OK; c = c->next)
            rc = decoder_read(t, c, e);
        return rc;
    }
    bool meta = strcmp(type, "Metaspace") == 0;
    const struct doc *from =
        meta ? doc_get(d, "replacement") : doc_get(doc_get(d, "pattern"), "String");
    if ((!meta && strcmp(type, "Replace") != 0) || !from || from->type != DOC_STRING ||
        from->len == 0 || t->shown)
        return doc_fail(d, e, "the decoder \"%s\" is not known here", type);
    if (meta)
        as = " ";
    else if ((rc = doc_str(d, "content", &as, e)))
        return rc;
    t->shown = mem_strdup(from->s, e);
    t->shown_as = t->shown ? mem_strdup(as, e) : NULL;
    return t->shown_as ? OK : e->code;
}

int load_json_doc(struct tokenizer **out, const struct doc *root, const struct load_config *config,
                  struct err *e)
{
    struct build b;
    int rc = build_init(&b, e);
    if (rc)
        return rc;
    if (root->type != DOC_MAP)
        rc = doc_fail(root, e, "this is %s, wanted a map", load_kind(root));
    if (rc == OK)
        rc = pretok_read_normalizer(&b.t->pretok, doc_get(root, "normalizer"), e);
    if (rc == OK)
        rc = pretok_read_cutter(&b.t->pretok, doc_get(root, "pre_tokenizer"), e);
    if (rc == OK)
        rc = model_read(&b, root, e);
    if (rc == OK)
        rc = added_read(&b, root, e);
    if (rc == OK)
        rc = processor_read(b.t, doc_get(root, "post_processor"), e);
    if (rc == OK)
        rc = decoder_read(b.t, doc_get(root, "decoder"), e);
    if (rc == OK) {
        load_ends(&b, config);
        rc = at_file(root, build_finish(&b, out, e), "tokenizer", e);
    }
    build_release(&b);
    return rc;
}

int load_json(struct tokenizer **out, const char *path, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    struct load_config config = {.tree = DOC_TREE_INIT, .map = DOC_TREE_INIT};
    struct str dir = STR_INIT;
    int rc = doc_read_json(&tree, path, e);
    if (rc == OK)
        rc = file_folder(&dir, path, e);
    if (rc == OK)
        rc = load_config_read(&config, dir.s, e);
    if (rc == OK)
        rc = load_json_doc(out, tree.root, &config, e);
    load_config_release(&config);
    doc_tree_release(&tree);
    str_release(&dir);
    return rc;
}
