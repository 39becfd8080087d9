/* load_files.c - vocab.json and merges.txt: GPT-2's form, which Qwen2 has too.
 *
 * Which of the two pre-tokenizers a vocabulary was made with is said by tokenizer_class in
 * tokenizer_config.json. Where nothing says it, the vocabulary does: a token that a pre-tokenizer
 * would cut in two can never come out of a text, so of the two the one is taken that cuts fewer
 * tokens; where they cut as many, GPT-2's. */
#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/text.h"
#include <string.h>

enum kind { KIND_GPT2, KIND_QWEN2 };
static const char *const kind_pre[] = {"gpt-2", "qwen2"};

static int vocab_read(struct build *b, const char *path, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    int rc = doc_read_json(&tree, path, e);
    if (rc)
        return rc;
    if (tree.root->type != DOC_MAP)
        rc = doc_fail(tree.root, e, "this is %s, wanted a map from tokens to ids",
                      load_kind(tree.root));
    for (const struct doc *d = tree.root->child; d && rc == OK; d = d->next) {
        if (d->type != DOC_INT)
            rc = err_set(e, ERR_INPUT, "\"%s\" has %s, wanted an id", d->key, load_kind(d));
        else
            rc = build_token(b, d->i, d->key, strlen(d->key), e);
        if (rc)
            err_wrap(e, "%s", path);
    }
    doc_tree_release(&tree);
    return rc;
}

static int merges_read(struct build *b, const char *path, struct err *e)
{
    struct str text = STR_INIT;
    int line = 0, rc = file_read(&text, path, e);
    const char *s = text.s, *end = text.s + text.len;
    while (rc == OK && s < end) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        size_t n = (size_t)((stop ? stop : end) - s);
        line++;
        if (n > 0 && s[n - 1] == '\r')
            n--;
        if (n > 0 && !(n >= 8 && memcmp(s, "#version", 8) == 0)) {
            rc = build_merge_line(b, s, n, e);
            if (rc)
                err_wrap(e, "%s:%d", path, line);
        }
        if (!stop)
            break;
        s = stop + 1;
    }
    str_release(&text);
    return rc;
}

/* tokens_cut - how many tokens the pre-tokenizer would cut. */
static int tokens_cut(const struct build *b, const char *pre, size_t *count, struct err *e)
{
    struct pretok p;
    struct pretok_work w;
    struct str bytes = STR_INIT;
    bool ignore;
    int rc;
    pretok_init(&p);
    pretok_work_init(&w);
    *count = 0;
    rc = pretok_named(&p, pre, false, &ignore, e);
    for (size_t id = 0; id < b->text.n && rc == OK; id++) {
        size_t n;
        const char *cut, *text = vocab_bytes(&b->text, (int64_t)id, &n);
        str_reset(&bytes);
        if (!text || !text_from_alphabet(&bytes, text, n) ||
            text_valid(bytes.s, bytes.len) != bytes.len)
            continue;
        rc = str_check(&bytes, e);
        if (rc == OK)
            rc = pretok_cut(&p, &w, bytes.s, bytes.len, true, &cut, e);
        if (rc == OK && w.n_spans > 1)
            ++*count;
    }
    str_release(&bytes);
    pretok_work_release(&w);
    pretok_release(&p);
    return rc;
}

static int kind_find(enum kind *kind, const struct build *b, const struct load_config *c,
                     const char *dir, struct err *e)
{
    static const struct {
        const char *class;
        enum kind kind;
    } classes[] = {{"GPT2Tokenizer", KIND_GPT2},    {"GPT2TokenizerFast", KIND_GPT2},
                   {"CodeGenTokenizer", KIND_GPT2}, {"CodeGenTokenizerFast", KIND_GPT2},
                   {"Qwen2Tokenizer", KIND_QWEN2},  {"Qwen2TokenizerFast", KIND_QWEN2}};
    size_t gpt2 = 0, qwen2 = 0;
    int rc;
    if (c->class) {
        for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
            if (strcmp(classes[i].class, c->class) == 0) {
                *kind = classes[i].kind;
                return OK;
            }
        }
        return err_set(
            e, ERR_INPUT,
            "%s/tokenizer_config.json: tokenizer_class is \"%s\"; from vocab.json and "
            "merges.txt GPT2Tokenizer and Qwen2Tokenizer are read, others from a tokenizer.json",
            dir, c->class);
    }
    rc = tokens_cut(b, kind_pre[KIND_GPT2], &gpt2, e);
    if (rc == OK)
        rc = tokens_cut(b, kind_pre[KIND_QWEN2], &qwen2, e);
    *kind = qwen2 < gpt2 ? KIND_QWEN2 : KIND_GPT2;
    return rc;
}

/* special_add - a token that the original class makes special by itself, if it is not there yet. */
static int special_add(struct build *b, const char *text, struct err *e)
{
    struct added_token a = {.id = -1, .special = true};
    for (size_t i = 0; i < b->t->n_added; i++)
        if (strcmp(b->t->added[i].content, text) == 0)
            return OK;
    return build_added(b, a, text, strlen(text), e);
}

/* specials_add - as the classes do: the config's list, then bos, eos and the unknown token, which
 * are
 * <|endoftext|> unless the config says otherwise. Qwen2 has no bos of its own. */
static int specials_add(struct build *b, const struct load_config *c, enum kind kind, struct err *e)
{
    static const char end_of_text[] = "<|endoftext|>";
    const char *bos = c->says_bos ? c->bos : kind == KIND_GPT2 ? end_of_text : NULL;
    const char *eos = c->says_eos ? c->eos : end_of_text;
    size_t n;
    int rc = load_config_added(b, c, &n, e);
    if (rc == OK && bos)
        rc = special_add(b, bos, e);
    if (rc == OK && eos)
        rc = special_add(b, eos, e);
    if (rc)
        return rc;
    b->t->bos = bos ? build_find(b, bos) : -1;
    b->t->eos = eos ? build_find(b, eos) : -1;
    if (c->add_bos && b->t->bos >= 0)
        b->t->before[b->t->n_before++] = b->t->bos;
    if (c->add_eos && b->t->eos >= 0)
        b->t->after[b->t->n_after++] = b->t->eos;
    return OK;
}

int load_files(struct tokenizer **out, const char *dir, struct err *e)
{
    struct load_config config = {.tree = DOC_TREE_INIT, .map = DOC_TREE_INIT};
    struct str path = STR_INIT;
    struct build b;
    enum kind kind = KIND_GPT2;
    bool ignore = false;
    int rc = build_init(&b, e);
    if (rc)
        return rc;
    str_path(&path, dir, "vocab.json");
    rc = str_check(&path, e);
    if (rc == OK)
        rc = load_config_read(&config, dir, e);
    if (rc == OK)
        rc = vocab_read(&b, path.s, e);
    if (rc == OK)
        str_path(&path, dir, "merges.txt");
    if (rc == OK)
        rc = str_check(&path, e);
    if (rc == OK)
        rc = merges_read(&b, path.s, e);
    if (rc == OK)
        rc = kind_find(&kind, &b, &config, dir, e);
    if (rc == OK)
        rc = pretok_named(&b.t->pretok, kind_pre[kind], config.prefix_space, &ignore, e);
    if (rc == OK) {
        rc = specials_add(&b, &config, kind, e);
        if (rc == OK)
            rc = build_finish(&b, out, e);
        if (rc)
            err_wrap(e, "%s", dir);
    }
    build_release(&b);
    load_config_release(&config);
    str_release(&path);
    return rc;
}
