#include "tokenizer/tokenizer.h"
#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/text.h"
#include <string.h>

/* What encoding one text needs for itself. */
struct work {
    struct pretok_work pretok;
    struct bpe_work bpe;
    struct str repaired;
};

int tokenizer_open(struct tokenizer **out, const char *path, struct err *e)
{
    struct str file = STR_INIT;
    int rc = OK;
    *out = NULL;
    if (file_is_dir(path)) {
        str_path(&file, path, "tokenizer.json");
        rc = str_check(&file, e);
        if (rc == OK && file_exists(file.s)) {
            rc = load_json(out, file.s, e);
            goto out;
        }
        if (rc == OK)
            str_path(&file, path, "vocab.json");
        if (rc == OK)
            rc = str_check(&file, e);
        if (rc == OK)
            rc = file_exists(file.s)
                     ? load_files(out, path, e)
                     : err_set(e, ERR_INPUT,
                               "%s has neither a tokenizer.json nor a vocab.json with merges.txt",
                               path);
    } else if (str_ends(path, "vocab.json")) {
        rc = file_folder(&file, path, e);
        if (rc == OK)
            rc = load_files(out, file.s, e);
    } else {
        rc = load_json(out, path, e);
    }
out:
    str_release(&file);
    return rc;
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    pretok_release(&t->pretok);
    bpe_release(&t->bpe);
    for (size_t i = 0; i < t->n_added; i++)
        mem_free(t->added[i].content);
    mem_free(t->added);
    mem_free(t->added_of);
    added_set_release(&t->raw);
    added_set_release(&t->normalised);
    mem_free(t->shown);
    mem_free(t->shown_as);
    mem_free(t);
}

void token_ids_release(struct token_ids *ids)
{
    mem_free(ids->ids);
    *ids = (struct token_ids){NULL, 0, 0};
}

static int text_encode(const struct tokenizer *t, struct work *w, const char *s, size_t n,
                       bool first, struct token_ids *ids, struct err *e)
{
    const char *text;
    int rc = pretok_cut(&t->pretok, &w->pretok, s, n, first, &text, e);
    for (size_t i = 0; i < w->pretok.n_spans && rc == OK; i++) {
        struct span word = w->pretok.spans[i];
        rc = bpe_word(&t->bpe, &w->bpe, text + word.begin, word.end - word.begin, ids, e);
    }
    return rc;
}

/* normal_encode - text between the added tokens that are looked for as the text stands. */
static int normal_encode(const struct tokenizer *t, struct work *w, const char *s, size_t n,
                         bool first, bool parse_special, struct token_ids *ids, struct err *e)
{
    struct added_walk walk;
    struct added_piece p;
    int more, rc = pretok_normalize(&t->pretok, &w->pretok, s, n, &s, &n, e);
    if (rc)
        return rc;
    added_walk_init(&walk, &t->normalised, t->added, s, n, parse_special);
    while (rc == OK && (more = added_walk_next(&walk, &p, e)) != 0) {
        if (more < 0)
            rc = e->code;
        else if (p.token >= 0)
            rc = token_ids_add(ids, t->added[p.token].id, e);
        else
            rc = text_encode(t, w, s + p.begin, p.end - p.begin, first && p.begin == 0, ids, e);
    }
    return rc;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t n, bool parse_special,
                     struct token_ids *ids, struct err *e)
{
    struct work w = {.repaired = STR_INIT};
    struct added_walk walk;
    struct added_piece p;
    size_t before = ids->n;
    int more, rc = OK;
    pretok_work_init(&w.pretok);
    if (n > INT32_MAX / 2) {
        rc = err_set(e, ERR_INPUT, "a text of %zu bytes, wanted at most 1 GiB", n);
        goto out;
    }
    if (text_valid(text, n) != n) {
        rc = text_repair(&w.repaired, text, n, e);
        if (rc)
            goto out;
        text = w.repaired.s;
        n = w.repaired.len;
    }
    added_walk_init(&walk, &t->raw, t->added, text, n, parse_special);
    while (rc == OK && (more = added_walk_next(&walk, &p, e)) != 0) {
        if (more < 0)
            rc = e->code;
        else if (p.token >= 0)
            rc = token_ids_add(ids, t->added[p.token].id, e);
        else
            rc = normal_encode(t, &w, text + p.begin, p.end - p.begin, p.begin == 0, parse_special,
                               ids, e);
    }
out:
    pretok_work_release(&w.pretok);
    bpe_work_release(&w.bpe);
    str_release(&w.repaired);
    if (rc)
        ids->n = before;
    return rc;
}

int tokenizer_encode_model(const struct tokenizer *t, const char *text, size_t n,
                           struct token_ids *ids, struct err *e)
{
    size_t before = ids->n;
    int rc = OK;
    for (size_t i = 0; i < t->n_before && rc == OK; i++)
        rc = token_ids_add(ids, t->before[i], e);
    if (rc == OK)
        rc = tokenizer_encode(t, text, n, true, ids, e);
    for (size_t i = 0; i < t->n_after && rc == OK; i++)
        rc = token_ids_add(ids, t->after[i], e);
    if (rc)
        ids->n = before;
    return rc;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int tokenizer_decode(const struct tokenizer *t, int32_t id, bool skip_special, struct str *out,
                     struct err *e)
{
    size_t n, step = t->shown ? strlen(t->shown) : 0;
    const char *s = vocab_bytes(&t->bpe.vocab, id, &n);
    int32_t added = id >= 0 && (size_t)id < t->n_ids ? t->added_of[id] : -1;
    if (added >= 0) {
        if (!(skip_special && t->added[added].special))
            str_catn(out, t->added[added].content, t->added[added].n);
        return str_check(out, e);
    }
    if (!s)
        return err_set(e, ERR_INPUT, "the tokenizer has no token %d; its ids are below %zu",
                       (int)id, t->n_ids);
    if (t->bpe.byte_fallback && !t->bpe.bytes && n == 6 && s[0] == '<' && s[1] == '0' &&
        s[2] == 'x' && hex_digit(s[3]) >= 0 && hex_digit(s[4]) >= 0 && s[5] == '>') {
        str_addc(out, (char)(hex_digit(s[3]) * 16 + hex_digit(s[4])));
        return str_check(out, e);
    }
    for (size_t i = 0; i < n;) {
        if (step > 0 && n - i >= step && memcmp(s + i, t->shown, step) == 0) {
            str_cat(out, t->shown_as);
            i += step;
        } else {
            str_addc(out, s[i++]);
        }
    }
    return str_check(out, e);
}

size_t tokenizer_vocab(const struct tokenizer *t)
{
    return t->n_ids;
}

size_t tokenizer_words(const struct tokenizer *t)
{
    size_t n = t->n_ids;
    while (n > 0 && t->added_of[n - 1] >= 0 && t->added[t->added_of[n - 1]].special)
        n--;
    return n;
}

/* shown_encode - the text as it stands inside of a longer one: with the sign for a space, and
 * without what normalizers put before a whole text. */
static int shown_encode(const struct tokenizer *t, const char *text, struct token_ids *ids,
                        struct err *e)
{
    struct bpe_work w = {0};
    struct str s = STR_INIT;
    size_t step = strlen(t->shown_as);
    int rc;
    while (*text) {
        if (step > 0 && strncmp(text, t->shown_as, step) == 0) {
            str_cat(&s, t->shown);
            text += step;
        } else {
            str_addc(&s, *text++);
        }
    }
    rc = str_check(&s, e);
    if (rc == OK && text_valid(s.s, s.len) == s.len)
        rc = bpe_word(&t->bpe, &w, s.s, s.len, ids, e);
    bpe_work_release(&w);
    str_release(&s);
    return rc;
}

int32_t tokenizer_find(const struct tokenizer *t, const char *text)
{
    struct token_ids ids = {NULL, 0, 0};
    struct str back = STR_INIT;
    struct err e = ERR_INIT;
    int32_t id = -1;
    int rc = OK;
    for (size_t i = 0; i < t->n_added; i++)
        if (strcmp(t->added[i].content, text) == 0)
            return t->added[i].id;
    rc = t->shown ? shown_encode(t, text, &ids, &e)
                  : tokenizer_encode(t, text, strlen(text), true, &ids, &e);
    if (rc == OK && ids.n == 1 && tokenizer_decode(t, ids.ids[0], false, &back, &e) == OK &&
        strcmp(back.s, text) == 0)
        id = ids.ids[0];
    str_release(&back);
    token_ids_release(&ids);
    return id;
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

int tokenizer_hash(const struct tokenizer *t, char hex[65], struct err *e)
{
    (void)e;
    memcpy(hex, t->hash, HASH_HEX);
    return OK;
}
