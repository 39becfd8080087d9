/* tokenizer_fixture.h - what the tokenizer's oracle tests share: the fixtures that
 * make_tokenizer.py wrote, the odd strings, sums over ids, and as much of GGUF as its tokenizer
 * fields need. */
#ifndef W2S_TESTS_TOKENIZER_FIXTURE_H
#define W2S_TESTS_TOKENIZER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/doc.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/str.h"
#include "tokenizer/tokenizer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_ODD       10000
#define N_CASES_ODD 150
#define SUM_HEX     33 /* the first 32 digits of a SHA-256 */

static inline void fixture_path(struct str *path, const char *name)
{
    const char *source = getenv("W2S_SOURCE");
    str_reset(path);
    str_addf(path, "%s/tests/oracle/tokenizer/%s", source ? source : ".", name);
}

static inline void fixture_read(struct str *out, const char *name)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    fixture_path(&path, name);
    if (file_read(out, path.s, &e))
        fail_msg("%s", e.msg);
    str_release(&path);
}

/* Texts: bytes one after the other. */
struct texts {
    struct str bytes;
    size_t *ends;
    size_t n, cap;
};

static inline void texts_add(struct texts *t, const char *s, size_t n)
{
    struct err e = ERR_INIT;
    str_catn(&t->bytes, s, n);
    if (str_check(&t->bytes, &e) || mem_grow(&t->ends, &t->cap, t->n + 1, sizeof *t->ends, &e))
        fail_msg("%s", e.msg);
    t->ends[t->n++] = t->bytes.len;
}

static inline void texts_release(struct texts *t)
{
    str_release(&t->bytes);
    mem_free(t->ends);
    *t = (struct texts){STR_INIT, NULL, 0, 0};
}

static inline const char *texts_at(const struct texts *t, size_t i, size_t *n)
{
    size_t begin = i > 0 ? t->ends[i - 1] : 0;
    *n = t->ends[i] - begin;
    return t->bytes.s + begin;
}

static inline void texts_add_hex(struct texts *t, const char *hex, size_t n)
{
    struct str s = STR_INIT;
    for (size_t i = 0; i + 1 < n; i += 2) {
        char two[3] = {hex[i], hex[i + 1], '\0'};
        str_addc(&s, (char)strtoul(two, NULL, 16));
    }
    texts_add(t, s.s, s.len);
    str_release(&s);
}

/* odd - strings from odd.txt by splitmix64 (Steele, Lea, Flood 2014), as odd_string in the script.
 */
struct odd {
    struct str file;
    const char *items[1024];
    size_t rows[64]; /* row r: items[rows[r]..rows[r+1]) */
    size_t n_rows, n_items;
};

static inline uint64_t mix_next(uint64_t *s, uint64_t n)
{
    uint64_t z = *s += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return (z ^ z >> 31) % n;
}

static inline void odd_read(struct odd *o)
{
    *o = (struct odd){.file = STR_INIT};
    fixture_read(&o->file, "odd.txt");
    bool begin = true;
    for (char *s = o->file.s; *s; s++) {
        if (begin)
            o->items[o->n_items++] = s;
        begin = *s == ' ' || *s == '\n';
        if (*s == '\n')
            o->rows[++o->n_rows] = o->n_items;
        if (begin)
            *s = '\0';
    }
    assert_true(o->n_rows > 8 && o->n_items < 1024);
}

/* A surrogate comes out as three bytes, which are broken UTF-8: that is meant. */
static inline void point_put(struct str *out, uint32_t cp)
{
    char u[4];
    if (cp >= 0xD800 && cp <= 0xDFFF) {
        str_addc(out, (char)(0xE0 | cp >> 12));
        str_addc(out, (char)(0x80 | (cp >> 6 & 0x3F)));
        str_addc(out, (char)(0x80 | (cp & 0x3F)));
        return;
    }
    str_catn(out, u, utf8_put(u, cp));
}

static inline void odd_string(const struct odd *o, uint64_t i, struct texts *to)
{
    struct str out = STR_INIT;
    uint64_t s = i, row = mix_next(&s, o->n_rows);
    const char *const *items = o->items + o->rows[row];
    uint64_t n = o->rows[row + 1] - o->rows[row], pieces = 1 + mix_next(&s, 24);
    while (pieces-- > 0) {
        const char *item = items[mix_next(&s, n)];
        uint64_t times = 1 + (mix_next(&s, 32) == 0 ? mix_next(&s, 300) : mix_next(&s, 2));
        while (times-- > 0) {
            if (item[0] == 'x') {
                for (const char *h = item + 1; h[0] && h[1]; h += 2) {
                    char two[3] = {h[0], h[1], '\0'};
                    str_addc(&out, (char)strtoul(two, NULL, 16));
                }
                continue;
            }
            bool raw = item[0] == 'b' && strchr(item, '-') == item + 3;
            char *end;
            uint64_t lo = strtoull(item + raw, &end, 16), hi = strtoull(end + 1, NULL, 16);
            uint64_t v = lo + mix_next(&s, hi - lo + 1);
            if (raw)
                str_addc(&out, (char)v);
            else
                point_put(&out, (uint32_t)v);
        }
    }
    texts_add(to, out.s, out.len);
    str_release(&out);
}

static inline void odd_texts(struct texts *to, size_t n)
{
    struct odd o;
    odd_read(&o);
    for (size_t i = 0; i < n; i++)
        odd_string(&o, i, to);
    str_release(&o.file);
}

/* mode: p plain text, s special tokens are parsed, m the model's own call. */
static inline int mode_encode(const struct tokenizer *t, char mode, const char *s, size_t n,
                              struct token_ids *ids, struct err *e)
{
    ids->n = 0;
    return mode == 'm' ? tokenizer_encode_model(t, s, n, ids, e)
                       : tokenizer_encode(t, s, n, mode == 's', ids, e);
}

/* sum - over every text's ids: its count and they, 32 bits each, little-endian. */
static inline void sum_add(struct hash *h, const struct token_ids *ids)
{
    uint32_t n = (uint32_t)ids->n;
    hash_add(h, &n, sizeof n);
    hash_add(h, ids->ids, ids->n * sizeof *ids->ids);
}

static inline void sum_end(struct hash *h, char sum[SUM_HEX])
{
    char hex[HASH_HEX];
    hash_end(h, hex);
    memcpy(sum, hex, SUM_HEX - 1);
    sum[SUM_HEX - 1] = '\0';
    hash_free(h);
}

static inline void texts_sum(const struct tokenizer *t, char mode, const struct texts *texts,
                             char sum[SUM_HEX])
{
    struct err e = ERR_INIT;
    struct token_ids ids = {NULL, 0, 0};
    struct hash *h = hash_new(&e);
    assert_non_null(h);
    for (size_t i = 0; i < texts->n; i++) {
        size_t n;
        const char *s = texts_at(texts, i, &n);
        if (mode_encode(t, mode, s, n, &ids, &e))
            fail_msg("text %zu: %s", i, e.msg);
        sum_add(h, &ids);
    }
    token_ids_release(&ids);
    sum_end(h, sum);
}

/* gguf_tokenizer - from the metadata of a GGUF file, versions 2 and 3, of which the test trusts the
 * file to be whole. */
struct gguf_at {
    const unsigned char *s, *end;
};

static inline uint64_t gguf_take(struct gguf_at *g, size_t n)
{
    uint64_t v = 0;
    if ((size_t)(g->end - g->s) < n)
        fail_msg("the GGUF file is cut short");
    memcpy(&v, g->s, n);
    g->s += n;
    return v;
}

static inline char *gguf_string(struct gguf_at *g)
{
    struct err e = ERR_INIT;
    size_t n = (size_t)gguf_take(g, 8);
    if ((size_t)(g->end - g->s) < n)
        fail_msg("the GGUF file is cut short");
    char *s = mem_strndup((const char *)g->s, n, &e);
    assert_non_null(s);
    g->s += n;
    return s;
}

static inline size_t gguf_width(uint32_t type)
{
    static const size_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    assert_true(type < sizeof widths / sizeof widths[0]);
    return widths[type];
}

struct gguf_list {
    uint64_t n;
    char **strings;
    int32_t *numbers;
};

static inline void gguf_list_read(struct gguf_at *g, struct gguf_list *l)
{
    struct err e = ERR_INIT;
    uint32_t type = (uint32_t)gguf_take(g, 4);
    l->n = gguf_take(g, 8);
    l->strings = mem_zalloc((size_t)l->n, sizeof *l->strings, &e);
    l->numbers = mem_zalloc((size_t)l->n, sizeof *l->numbers, &e);
    assert_true(l->strings && l->numbers);
    for (size_t i = 0; i < l->n; i++) {
        if (type == 8)
            l->strings[i] = gguf_string(g);
        else
            l->numbers[i] = (int32_t)gguf_take(g, gguf_width(type));
    }
}

static inline void gguf_list_release(struct gguf_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->strings[i]);
    mem_free(l->strings);
    mem_free(l->numbers);
}

static inline int gguf_tokenizer(struct tokenizer **out, const char *path, struct err *e)
{
    enum { TOKENS, TYPES, MERGES, OTHER };
    static const char *const keys[] = {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
                                       "tokenizer.ggml.merges"};
    struct gguf_list lists[OTHER + 1] = {{0, NULL, NULL}};
    struct tokenizer_gguf f = {.bos = -1, .eos = -1, .file = path};
    struct file_map map;
    char *texts[2] = {NULL, NULL}; /* model, pre */
    int rc = file_map_open(&map, path, e);
    if (rc)
        return rc;
    struct gguf_at g = {map.data, map.data + map.size};
    assert_int_equal(gguf_take(&g, 4), 0x46554747);
    (void)gguf_take(&g, 4); /* version */
    (void)gguf_take(&g, 8); /* tensors */
    for (uint64_t n = gguf_take(&g, 8); n > 0; n--) {
        char *key = gguf_string(&g);
        uint32_t type = (uint32_t)gguf_take(&g, 4);
        int k = 0;
        while (k < OTHER && strcmp(key, keys[k]) != 0)
            k++;
        if (type == 9) {
            gguf_list_read(&g, &lists[k]);
            if (k == OTHER) {
                gguf_list_release(&lists[k]);
                lists[k] = (struct gguf_list){0, NULL, NULL};
            }
        } else if (type == 8) {
            char *s = gguf_string(&g);
            int which = strcmp(key, "tokenizer.ggml.model") == 0 ? 0
                        : strcmp(key, "tokenizer.ggml.pre") == 0 ? 1
                                                                 : -1;
            if (which >= 0)
                texts[which] = s;
            else
                mem_free(s);
        } else {
            int64_t v = (int64_t)gguf_take(&g, gguf_width(type));
            if (strcmp(key, "tokenizer.ggml.bos_token_id") == 0)
                f.bos = v;
            if (strcmp(key, "tokenizer.ggml.eos_token_id") == 0)
                f.eos = v;
            if (strcmp(key, "tokenizer.ggml.add_bos_token") == 0)
                f.add_bos = v != 0;
        }
        mem_free(key);
    }
    f.model = texts[0];
    f.pre = texts[1];
    f.tokens = (const char *const *)lists[TOKENS].strings;
    f.n_tokens = (size_t)lists[TOKENS].n;
    f.types = lists[TYPES].numbers;
    f.merges = (const char *const *)lists[MERGES].strings;
    f.n_merges = (size_t)lists[MERGES].n;
    rc = tokenizer_from_gguf(out, &f, e);
    for (int k = 0; k < OTHER; k++)
        gguf_list_release(&lists[k]);
    mem_free(texts[0]);
    mem_free(texts[1]);
    file_map_close(&map);
    return rc;
}

/* any_tokenizer - a path, or gguf:FILE. */
static inline int any_tokenizer(struct tokenizer **out, const char *path, struct err *e)
{
    return str_starts(path, "gguf:") ? gguf_tokenizer(out, path + 5, e)
                                     : tokenizer_open(out, path, e);
}

#endif
