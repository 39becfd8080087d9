/* model_files.h - checkpoints made piece by piece, right or wrong: a GGUF writer and a safetensors
 * writer of the tests' own, from the published layouts. */
#ifndef W2S_TESTS_MODEL_FILES_H
#define W2S_TESTS_MODEL_FILES_H

#include "unit/model_test.h"
#include "core/str.h"

/* put_quick - a file in scratch without waiting for the disk: a new one each time, since some file
 * systems write one out at once that was cut to nothing and filled again. */
static inline const char *put_quick(const char *name, const void *data, size_t n)
{
    const char *path = in_scratch(name);
    (void)remove(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* little - n bytes of v, least first. */
static inline void little(struct str *s, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        str_addc(s, (char)(unsigned char)(v >> (8 * i)));
}

/* GGUF (ggml's gguf.md): magic, version, counts; fields; tensor entries; data on multiples of 32.
 */
enum { GGUF_U32 = 4, GGUF_I32 = 5, GGUF_F32 = 6, GGUF_BOOL = 7, GGUF_STRING = 8, GGUF_ARRAY = 9 };

struct gguf {
    struct str fields, entries, data;
    uint64_t n_fields, n_tensors; /* as announced */
    uint32_t version;
    const char *magic;
};

static inline void gguf_init(struct gguf *g)
{
    *g = (struct gguf){STR_INIT, STR_INIT, STR_INIT, 0, 0, 3, "GGUF"};
}

static inline void gguf_release(struct gguf *g)
{
    str_release(&g->fields);
    str_release(&g->entries);
    str_release(&g->data);
}

static inline void gguf_string(struct str *s, const char *text)
{
    little(s, strlen(text), 8);
    str_cat(s, text);
}

static inline void gguf_key(struct gguf *g, const char *key, uint32_t type)
{
    gguf_string(&g->fields, key);
    little(&g->fields, type, 4);
    g->n_fields++;
}

static inline void gguf_u32(struct gguf *g, const char *key, uint32_t v)
{
    gguf_key(g, key, GGUF_U32);
    little(&g->fields, v, 4);
}

static inline void gguf_f32(struct gguf *g, const char *key, double v)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    gguf_key(g, key, GGUF_F32);
    little(&g->fields, bits, 4);
}

static inline void gguf_text(struct gguf *g, const char *key, const char *v)
{
    gguf_key(g, key, GGUF_STRING);
    gguf_string(&g->fields, v);
}

static inline void gguf_texts(struct gguf *g, const char *key, const char *const *list, size_t n)
{
    gguf_key(g, key, GGUF_ARRAY);
    little(&g->fields, GGUF_STRING, 4);
    little(&g->fields, n, 8);
    for (size_t i = 0; i < n; i++)
        gguf_string(&g->fields, list[i]);
}

static inline void gguf_entry(struct gguf *g, const char *name, uint32_t ndim, const uint64_t *size,
                              uint32_t type, uint64_t offset)
{
    gguf_string(&g->entries, name);
    little(&g->entries, ndim, 4);
    for (uint32_t i = 0; i < ndim; i++)
        little(&g->entries, size[i], 8);
    little(&g->entries, type, 4);
    little(&g->entries, offset, 8);
    g->n_tensors++;
}

/* gguf_tensor - sizes innermost first, as the file has them. */
static inline void gguf_tensor(struct gguf *g, const char *name, uint32_t ndim,
                               const uint64_t *size, uint32_t type, const void *data, size_t bytes)
{
    while (g->data.len % 32)
        str_addc(&g->data, '\0');
    gguf_entry(g, name, ndim, size, type, g->data.len);
    str_catn(&g->data, data, bytes);
}

static inline void gguf_bytes(const struct gguf *g, struct str *out)
{
    str_reset(out);
    str_cat(out, g->magic);
    little(out, g->version, 4);
    little(out, g->n_tensors, 8);
    little(out, g->n_fields, 8);
    str_catn(out, g->fields.s, g->fields.len);
    str_catn(out, g->entries.s, g->entries.len);
    while (g->data.len && out->len % 32)
        str_addc(out, '\0');
    str_catn(out, g->data.s, g->data.len);
    check(str_check(out, &e));
}

static inline const char *gguf_put(const struct gguf *g, const char *name)
{
    struct str bytes = STR_INIT;
    gguf_bytes(g, &bytes);
    const char *path = put_quick(name, bytes.s, bytes.len);
    str_release(&bytes);
    return path;
}

/* gguf_config - the fields of a config that GGUF can say. */
static inline void gguf_config(struct gguf *g, const struct model_config *c)
{
    const char *arch = config_families[c->family].gguf;
    char key[96];
#define KEY(name) (snprintf(key, sizeof key, "%s.%s", arch, name), key)
    gguf_text(g, "general.architecture", arch);
    gguf_u32(g, KEY("block_count"), (uint32_t)c->layers);
    gguf_u32(g, KEY("context_length"), (uint32_t)c->positions);
    gguf_u32(g, KEY("embedding_length"), (uint32_t)c->channels);
    gguf_u32(g, KEY("feed_forward_length"), (uint32_t)c->mlp);
    gguf_u32(g, KEY("attention.head_count"), (uint32_t)c->heads);
    gguf_u32(g, KEY("attention.head_count_kv"), (uint32_t)c->kv_heads);
    gguf_u32(g, KEY("attention.key_length"), (uint32_t)c->head_size);
    gguf_f32(g,
             KEY(c->norm == NORM_RMS ? "attention.layer_norm_rms_epsilon"
                                     : "attention.layer_norm_epsilon"),
             c->norm_eps);
    if (c->rope_theta > 0) {
        gguf_f32(g, KEY("rope.freq_base"), c->rope_theta);
        gguf_u32(g, KEY("rope.dimension_count"), (uint32_t)c->rotary);
    }
    if (c->family == FAMILY_GEMMA3) {
        gguf_u32(g, KEY("attention.sliding_window"), (uint32_t)c->window);
        gguf_u32(g, KEY("attention.sliding_window_pattern"), 2);
        gguf_f32(g, KEY("rope.freq_base_swa"), c->window_theta);
    }
    if (c->family == FAMILY_NEOX) {
        gguf_key(g, KEY("use_parallel_residual"), GGUF_BOOL);
        little(&g->fields, c->parallel, 1);
    }
#undef KEY
}

/* permuted - rows of a head with its two halves interleaved, as convert_hf_to_gguf's permute lays a
 * Llama's queries and keys: [heads][2][D/2] becomes [heads][D/2][2]. */
static inline void permuted(const float *from, size_t heads, size_t D, size_t cols, float *to)
{
    for (size_t h = 0; h < heads; h++)
        for (size_t half = 0; half < 2; half++)
            for (size_t i = 0; i < D / 2; i++)
                memcpy(to + ((h * D) + 2 * i + half) * cols,
                       from + ((h * D) + half * (D / 2) + i) * cols, cols * sizeof *to);
}

/* gguf_part - rows [at, at + rows) of a parameter as one F32 tensor. */
static inline void gguf_part(struct gguf *g, const struct model *m, const struct model_param *p,
                             size_t at, size_t rows, const char *name, size_t permuted_heads)
{
    bool vector = p->spec.rows == 1;
    size_t cols = vector ? 1 : p->spec.cols;
    uint64_t size[2] = {vector ? rows : cols, rows};
    const float *from = p->w + at * cols;
    char full[64];
    float *to = mem_alloc(rows * cols, sizeof *to, &e);
    if (p->spec.layer >= 0 && p->spec.layer < (int)m->cfg.layers)
        snprintf(full, sizeof full, "blk.%d.%s", p->spec.layer, name);
    else
        snprintf(full, sizeof full, "%s", name);
    if (permuted_heads)
        permuted(from, permuted_heads, m->cfg.head_size, cols, to);
    else
        memcpy(to, from, rows * cols * sizeof *to);
    gguf_tensor(g, full, vector ? 1 : 2, size, 0, to, rows * cols * sizeof *to);
    mem_free(to);
}

/* gguf_model - every parameter of m. */
static inline void gguf_model(struct gguf *g, const struct model *m)
{
    static const char *const names[ROLE_COUNT] = {[ROLE_EMBED] = "token_embd.weight",
                                                  [ROLE_POSITIONS] = "position_embd.weight",
                                                  [ROLE_NORM1_GAIN] = "attn_norm.weight",
                                                  [ROLE_NORM1_BIAS] = "attn_norm.bias",
                                                  [ROLE_QKV] = "attn_qkv.weight",
                                                  [ROLE_QKV_BIAS] = "attn_qkv.bias",
                                                  [ROLE_OUT] = "attn_output.weight",
                                                  [ROLE_OUT_BIAS] = "attn_output.bias",
                                                  [ROLE_NORM2_GAIN] = "ffn_norm.weight",
                                                  [ROLE_NORM2_BIAS] = "ffn_norm.bias",
                                                  [ROLE_UP] = "ffn_up.weight",
                                                  [ROLE_UP_BIAS] = "ffn_up.bias",
                                                  [ROLE_DOWN] = "ffn_down.weight",
                                                  [ROLE_DOWN_BIAS] = "ffn_down.bias",
                                                  [ROLE_Q_NORM] = "attn_q_norm.weight",
                                                  [ROLE_K_NORM] = "attn_k_norm.weight",
                                                  [ROLE_POST1_GAIN] = "post_attention_norm.weight",
                                                  [ROLE_POST2_GAIN] = "post_ffw_norm.weight",
                                                  [ROLE_NORM_GAIN] = "output_norm.weight",
                                                  [ROLE_NORM_BIAS] = "output_norm.bias",
                                                  [ROLE_UNEMBED] = "output.weight"};
    const struct model_config *c = &m->cfg;
    bool parts = c->norm == NORM_RMS;
    bool permute = c->family == FAMILY_LLAMA;
    size_t q = c->heads * c->head_size, kv = c->kv_heads * c->head_size, M = c->mlp;
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *p = &m->params[i];
        enum param_role role = p->spec.role;
        bool bias = p->spec.kind == PARAM_BIAS;
        if (parts && (role == ROLE_QKV || role == ROLE_QKV_BIAS)) {
            gguf_part(g, m, p, 0, q, bias ? "attn_q.bias" : "attn_q.weight",
                      permute ? c->heads : 0);
            gguf_part(g, m, p, q, kv, bias ? "attn_k.bias" : "attn_k.weight",
                      permute ? c->kv_heads : 0);
            gguf_part(g, m, p, q + kv, kv, bias ? "attn_v.bias" : "attn_v.weight", 0);
        } else if (parts && (role == ROLE_UP || role == ROLE_UP_BIAS)) {
            gguf_part(g, m, p, 0, M, bias ? "ffn_gate.bias" : "ffn_gate.weight", 0);
            gguf_part(g, m, p, M, M, bias ? "ffn_up.bias" : "ffn_up.weight", 0);
        } else if (role < ROLE_COUNT) {
            gguf_part(g, m, p, 0, p->spec.rows == 1 ? p->spec.cols : p->spec.rows, names[role], 0);
        }
    }
}

/* safe_put - a safetensors file: eight bytes of length, the header as given, the data. */
static inline const char *safe_put(const char *name, const char *header, const void *data, size_t n)
{
    struct str s = STR_INIT;
    little(&s, strlen(header), 8);
    str_cat(&s, header);
    str_catn(&s, data, n);
    check(str_check(&s, &e));
    const char *path = put_quick(name, s.s, s.len);
    str_release(&s);
    return path;
}

#endif
