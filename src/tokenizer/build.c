/* build.c - putting a tokenizer together from what a file says, piece by piece. */
#include "core/mem.h"
#include "tokenizer/internal.h"
#include "tokenizer/text.h"
#include <string.h>

/* Changes when the same files begin to give other ids. */
#define BUILD_VERSION "w2s tokenizer 1"

static void hash_text(struct hash *h, char kind, int64_t number, const char *s, size_t n)
{
    struct {
        int64_t number;
        uint64_t n;
    } head = {number, n};
    hash_add(h, &kind, 1);
    hash_add(h, &head, sizeof head);
    hash_add(h, s, n);
}

int build_init(struct build *b, struct err *e)
{
    *b = (struct build){NULL, VOCAB_INIT, NULL};
    b->t = mem_zalloc(1, sizeof *b->t, e);
    b->hash = b->t ? hash_new(e) : NULL;
    if (!b->hash) {
        mem_free(b->t);
        b->t = NULL;
        return e->code;
    }
    pretok_init(&b->t->pretok);
    bpe_init(&b->t->bpe);
    added_set_init(&b->t->raw);
    added_set_init(&b->t->normalised);
    b->t->bos = -1;
    b->t->eos = -1;
    hash_add(b->hash, BUILD_VERSION, sizeof BUILD_VERSION);
    return OK;
}

void build_release(struct build *b)
{
    tokenizer_free(b->t);
    vocab_release(&b->text);
    hash_free(b->hash);
    *b = (struct build){NULL, VOCAB_INIT, NULL};
}

int build_token(struct build *b, int64_t id, const char *text, size_t n, struct err *e)
{
    if (text_valid(text, n) != n)
        return err_set(e, ERR_INPUT, "the token %lld is not UTF-8", (long long)id);
    hash_text(b->hash, 't', id, text, n);
    return vocab_add(&b->text, id, text, n, true, e);
}

int build_merge(struct build *b, const char *left, size_t n_left, const char *right, size_t n_right,
                struct err *e)
{
    struct str whole = STR_INIT;
    int32_t l = vocab_find(&b->text, left, n_left), r = vocab_find(&b->text, right, n_right),
            w = -1;
    int rc;
    str_catn(&whole, left, n_left);
    str_catn(&whole, right, n_right);
    rc = str_check(&whole, e);
    if (rc)
        goto out;
    w = vocab_find(&b->text, whole.s, whole.len);
    if (l < 0 || r < 0 || w < 0) {
        rc = err_set(e, ERR_INPUT,
                     "the merge \"%.*s %.*s\" needs \"%s\", which is not in the vocabulary",
                     (int)n_left, left, (int)n_right, right,
                     l < 0   ? (whole.s[n_left] = '\0', whole.s)
                     : r < 0 ? whole.s + n_left
                             : whole.s);
        goto out;
    }
    hash_text(b->hash, 'm', (int64_t)n_left, whole.s, whole.len);
    rc = bpe_merge_add(&b->t->bpe, l, r, w, e);
out:
    str_release(&whole);
    return rc;
}

int build_merge_line(struct build *b, const char *line, size_t n, struct err *e)
{
    const char *space = memchr(line, ' ', n);
    size_t left = space ? (size_t)(space - line) : 0;
    if (!space || memchr(space + 1, ' ', n - left - 1))
        return err_set(e, ERR_INPUT,
                       "the merge \"%.*s\" is not two tokens with a space between them",
                       (int)(n < 200 ? n : 200), line);
    return build_merge(b, line, left, space + 1, n - left - 1, e);
}

static int32_t added_find(const struct build *b, const char *text, size_t n)
{
    for (size_t i = 0; i < b->t->n_added; i++)
        if (b->t->added[i].n == n && memcmp(b->t->added[i].content, text, n) == 0)
            return b->t->added[i].id;
    return -1;
}

int32_t build_find(const struct build *b, const char *text)
{
    int32_t id = vocab_find(&b->text, text, strlen(text));
    return id >= 0 ? id : added_find(b, text, strlen(text));
}

int build_added(struct build *b, struct added_token a, const char *content, size_t n, struct err *e)
{
    struct tokenizer *t = b->t;
    int32_t known = vocab_find(&b->text, content, n);
    size_t other_n = 0;
    int rc;
    if (n == 0)
        return OK; /* tokenizers passes over it too */
    if (added_find(b, content, n) >= 0)
        return err_set(e, ERR_INPUT, "the added token \"%s\" comes twice", content);
    if (known >= 0 && a.id >= 0 && a.id != known)
        return err_set(e, ERR_INPUT,
                       "the added token \"%s\" has the id %d, in the vocabulary it has %d", content,
                       (int)a.id, (int)known);
    if (known >= 0) {
        a.id = known;
    } else if (a.id < 0) {
        a.id = (int32_t)b->text.n;
        for (size_t i = 0; i < t->n_added; i++)
            if (t->added[i].id >= a.id)
                a.id = t->added[i].id + 1;
    } else {
        const char *other = vocab_bytes(&b->text, a.id, &other_n);
        for (size_t i = 0; i < t->n_added && !other; i++)
            if (t->added[i].id == a.id) {
                other = t->added[i].content;
                other_n = t->added[i].n;
            }
        if (other)
            return err_set(e, ERR_INPUT, "the id %d is given to \"%.*s\" and to \"%s\"", (int)a.id,
                           (int)(other_n < 80 ? other_n : 80), other, content);
    }
    rc = mem_grow(&t->added, &t->cap_added, t->n_added + 1, sizeof *t->added, e);
    if (rc)
        return rc;
    a.n = n;
    a.content = mem_strndup(content, n, e);
    if (!a.content)
        return e->code;
    t->added[t->n_added++] = a;
    hash_text(b->hash, 'a',
              (int64_t)a.id << 8 | (a.special | a.normalized << 1 | a.lstrip << 2 | a.rstrip << 3 |
                                    a.single_word << 4),
              a.content, a.n);
    return OK;
}

/* words_finish - the vocabulary as bpe sees it: tokens in the alphabet of bytes become their bytes;
 * one that is not of the alphabet no text can give, it stays as it is, for decoding. */
static int words_finish(struct build *b, struct err *e)
{
    struct bpe *bpe = &b->t->bpe;
    struct str bytes = STR_INIT;
    int rc = OK;
    bpe->bytes = b->t->pretok.bytes;
    if (!bpe->bytes) {
        bpe->vocab = b->text;
        b->text = (struct vocab)VOCAB_INIT;
        return OK;
    }
    for (size_t id = 0; id < b->text.n && rc == OK; id++) {
        size_t n = 0;
        const char *text = vocab_bytes(&b->text, (int64_t)id, &n);
        if (!text)
            continue;
        str_reset(&bytes);
        bool findable = text_from_alphabet(&bytes, text, n);
        rc = str_check(&bytes, e);
        if (rc == OK)
            rc = vocab_add(&bpe->vocab, (int64_t)id, findable ? bytes.s : text,
                           findable ? bytes.len : n, findable, e);
    }
    str_release(&bytes);
    return rc;
}

static int added_finish(struct build *b, struct err *e)
{
    struct tokenizer *t = b->t;
    struct pretok_work work;
    int rc = OK;
    pretok_work_init(&work);
    /* Of two that read the same after normalising, tokenizers takes the first special one. */
    for (int special = 1; special >= 0; special--) {
        for (size_t i = 0; i < t->n_added && rc == OK; i++) {
            const struct added_token *a = &t->added[i];
            const char *text = a->content;
            size_t n = a->n;
            if (a->special != (special == 1))
                continue;
            if (a->normalized)
                rc = pretok_normalize(&t->pretok, &work, a->content, a->n, &text, &n, e);
            if (rc == OK && n > 0)
                rc = added_set_add(a->normalized ? &t->normalised : &t->raw, text, n, (int32_t)i,
                                   a->single_word, e);
        }
    }
    pretok_work_release(&work);
    return rc;
}

int build_finish(struct build *b, struct tokenizer **out, struct err *e)
{
    struct tokenizer *t = b->t;
    int rc;
    t->n_ids = b->text.n;
    for (size_t i = 0; i < t->n_added; i++)
        if ((size_t)t->added[i].id >= t->n_ids)
            t->n_ids = (size_t)t->added[i].id + 1;
    if (t->n_ids == 0)
        return err_set(e, ERR_INPUT, "the vocabulary is empty");
    t->added_of = mem_alloc(t->n_ids, sizeof *t->added_of, e);
    if (!t->added_of)
        return e->code;
    for (size_t i = 0; i < t->n_ids; i++)
        t->added_of[i] = -1;
    for (size_t i = 0; i < t->n_added; i++)
        t->added_of[t->added[i].id] = (int32_t)i;
    rc = words_finish(b, e);
    if (rc == OK)
        rc = bpe_finish(&t->bpe, e);
    if (rc == OK)
        rc = added_finish(b, e);
    if (rc)
        return rc;
    hash_text(b->hash, 'p', 0, t->pretok.spec.s, t->pretok.spec.len);
    hash_text(b->hash, 'f', t->bpe.unk,
              (const char[]){(char)t->bpe.ignore_merges, (char)t->bpe.byte_fallback,
                             (char)t->bpe.fuse_unk},
              3);
    hash_text(b->hash, 'b', t->bos, (const char *)t->before, t->n_before * sizeof *t->before);
    hash_text(b->hash, 'e', t->eos, (const char *)t->after, t->n_after * sizeof *t->after);
    hash_end(b->hash, t->hash);
    *out = t;
    b->t = NULL;
    return OK;
}
