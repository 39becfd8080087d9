/* family.c - the table of families: parameters, and the tensors of files that they are made of.
 *
 * To add a family: its row of `families` (names of its tensors in a Hugging Face file; %zu is the
 * layer), its row of config.c, its reader in config_read.c, fixtures by
 * tests/oracle/make_models.py.
 */
#include "model/family.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"

#include <stdio.h>
#include <string.h>

/* How rows of a piece lie in the file's tensor. */
enum row_map {
    ROWS_PLAIN,
    ROWS_NEOX, /* query, key and value of a head lie together: [H][3][D] */
    ROWS_PAIRS /* GGUF's llama: a head's halves interleaved, [D/2][2] for [2][D/2] */
};

/* A part of a parameter: rows [at, at + rows) of it are rows of one tensor. */
struct piece {
    char name[128];
    size_t at, rows, source_rows, cols;
    enum row_map map;
    size_t part; /* ROWS_NEOX: 0 query, 1 key, 2 value */
    bool transposed, vector;
};
#define PIECES_MOST 3

struct family_row {
    const char *prefix;            /* of all but the unembedding */
    bool transposed;               /* Conv1D: matrices are [in,out] */
    bool fused;                    /* query, key and value are one tensor */
    bool interleaved;              /* ROWS_NEOX */
    bool gain_less_one;            /* of norms */
    const char *names[ROLE_COUNT]; /* several sources of one parameter: "a|b|c" */
};

#define LAYER(name) "layers.%zu." name
#define QKV(at, what)                                                                              \
    LAYER(at "q_proj." what) "|" LAYER(at "k_proj." what) "|" LAYER(at "v_proj." what)
/* What Llama and its kin have alike; their norms follow. */
#define LLAMA_NAMES                                                                                \
    [ROLE_EMBED] = "embed_tokens.weight", [ROLE_QKV] = QKV("self_attn.", "weight"),                \
    [ROLE_QKV_BIAS] = QKV("self_attn.", "bias"), [ROLE_OUT] = LAYER("self_attn.o_proj.weight"),    \
    [ROLE_OUT_BIAS] = LAYER("self_attn.o_proj.bias"),                                              \
    [ROLE_UP] = LAYER("mlp.gate_proj.weight") "|" LAYER("mlp.up_proj.weight"),                     \
    [ROLE_UP_BIAS] = LAYER("mlp.gate_proj.bias") "|" LAYER("mlp.up_proj.bias"),                    \
    [ROLE_DOWN] = LAYER("mlp.down_proj.weight"), [ROLE_DOWN_BIAS] = LAYER("mlp.down_proj.bias"),   \
    [ROLE_Q_NORM] = LAYER("self_attn.q_norm.weight"),                                              \
    [ROLE_K_NORM] = LAYER("self_attn.k_norm.weight"), [ROLE_NORM_GAIN] = "norm.weight",            \
    [ROLE_UNEMBED] = "lm_head.weight"
#define LLAMA_NORMS                                                                                \
    [ROLE_NORM1_GAIN] = LAYER("input_layernorm.weight"), [ROLE_NORM2_GAIN] = LAYER(                \
                                                             "post_attention_layernorm.weight")
/* What GPT-2 and GPT-Neo have alike: all but query, key and value, and what comes of them. */
#define GPT_NAMES                                                                                  \
    [ROLE_EMBED] = "wte.weight", [ROLE_POSITIONS] = "wpe.weight",                                  \
    [ROLE_NORM1_GAIN] = "h.%zu.ln_1.weight", [ROLE_NORM1_BIAS] = "h.%zu.ln_1.bias",                \
    [ROLE_NORM2_GAIN] = "h.%zu.ln_2.weight", [ROLE_NORM2_BIAS] = "h.%zu.ln_2.bias",                \
    [ROLE_UP] = "h.%zu.mlp.c_fc.weight", [ROLE_UP_BIAS] = "h.%zu.mlp.c_fc.bias",                   \
    [ROLE_DOWN] = "h.%zu.mlp.c_proj.weight", [ROLE_DOWN_BIAS] = "h.%zu.mlp.c_proj.bias",           \
    [ROLE_NORM_GAIN] = "ln_f.weight", [ROLE_NORM_BIAS] = "ln_f.bias",                              \
    [ROLE_UNEMBED] = "lm_head.weight"
#define POST_NORMS                                                                                 \
    [ROLE_POST1_GAIN] = LAYER("post_attention_layernorm.weight"),                                  \
    [ROLE_POST2_GAIN] = LAYER("post_feedforward_layernorm.weight")

static const struct family_row families[FAMILY_COUNT] = {
    [FAMILY_GPT2] =
        {.prefix = "transformer.",
         .transposed = true,
         .fused = true,
         .names =
             {GPT_NAMES, [ROLE_QKV] = "h.%zu.attn.c_attn.weight",
              [ROLE_QKV_BIAS] = "h.%zu.attn.c_attn.bias", [ROLE_OUT] = "h.%zu.attn.c_proj.weight",
              [ROLE_OUT_BIAS] = "h.%zu.attn.c_proj.bias"}},
    [FAMILY_NEOX] = {.prefix = "gpt_neox.",
                     .fused = true,
                     .interleaved = true,
                     .names = {[ROLE_EMBED] = "embed_in.weight",
                               [ROLE_NORM1_GAIN] = LAYER("input_layernorm.weight"),
                               [ROLE_NORM1_BIAS] = LAYER("input_layernorm.bias"),
                               [ROLE_QKV] = LAYER("attention.query_key_value.weight"),
                               [ROLE_QKV_BIAS] = LAYER("attention.query_key_value.bias"),
                               [ROLE_OUT] = LAYER("attention.dense.weight"),
                               [ROLE_OUT_BIAS] = LAYER("attention.dense.bias"),
                               [ROLE_NORM2_GAIN] = LAYER("post_attention_layernorm.weight"),
                               [ROLE_NORM2_BIAS] = LAYER("post_attention_layernorm.bias"),
                               [ROLE_UP] = LAYER("mlp.dense_h_to_4h.weight"),
                               [ROLE_UP_BIAS] = LAYER("mlp.dense_h_to_4h.bias"),
                               [ROLE_DOWN] = LAYER("mlp.dense_4h_to_h.weight"),
                               [ROLE_DOWN_BIAS] = LAYER("mlp.dense_4h_to_h.bias"),
                               [ROLE_NORM_GAIN] = "final_layer_norm.weight",
                               [ROLE_NORM_BIAS] = "final_layer_norm.bias",
                               [ROLE_UNEMBED] = "embed_out.weight"}},
    [FAMILY_LLAMA] = {.prefix = "model.", .names = {LLAMA_NAMES, LLAMA_NORMS}},
    [FAMILY_QWEN2] = {.prefix = "model.", .names = {LLAMA_NAMES, LLAMA_NORMS}},
    [FAMILY_MISTRAL] = {.prefix = "model.", .names = {LLAMA_NAMES, LLAMA_NORMS}},
    [FAMILY_QWEN3] = {.prefix = "model.", .names = {LLAMA_NAMES, LLAMA_NORMS}},
    [FAMILY_OLMO2] = {.prefix = "model.", .names = {LLAMA_NAMES, POST_NORMS}},
    [FAMILY_GPT_NEO] = {.prefix = "transformer.",
                        .names = {GPT_NAMES,
                                  [ROLE_QKV] = "h.%zu.attn.attention.q_proj.weight|"
                                               "h.%zu.attn.attention.k_proj.weight|"
                                               "h.%zu.attn.attention.v_proj.weight",
                                  [ROLE_OUT] = "h.%zu.attn.attention.out_proj.weight",
                                  [ROLE_OUT_BIAS] = "h.%zu.attn.attention.out_proj.bias"}},
    [FAMILY_GEMMA3] = {.prefix = "model.",
                       .gain_less_one = true,
                       .names = {LLAMA_NAMES,
                                 POST_NORMS, [ROLE_NORM1_GAIN] = LAYER("input_layernorm.weight"),
                                 [ROLE_NORM2_GAIN] = LAYER("pre_feedforward_layernorm.weight")}},
};

/* GGUF has one set of names for all. */
#define BLK(name) "blk.%zu." name
static const char *const gguf_names[ROLE_COUNT] = {
    [ROLE_EMBED] = "token_embd.weight",
    [ROLE_POSITIONS] = "position_embd.weight",
    [ROLE_NORM1_GAIN] = BLK("attn_norm.weight"),
    [ROLE_NORM1_BIAS] = BLK("attn_norm.bias"),
    [ROLE_QKV] = BLK("attn_q.weight") "|" BLK("attn_k.weight") "|" BLK("attn_v.weight"),
    [ROLE_QKV_BIAS] = BLK("attn_q.bias") "|" BLK("attn_k.bias") "|" BLK("attn_v.bias"),
    [ROLE_OUT] = BLK("attn_output.weight"),
    [ROLE_OUT_BIAS] = BLK("attn_output.bias"),
    [ROLE_NORM2_GAIN] = BLK("ffn_norm.weight"),
    [ROLE_NORM2_BIAS] = BLK("ffn_norm.bias"),
    [ROLE_UP] = BLK("ffn_gate.weight") "|" BLK("ffn_up.weight"),
    [ROLE_UP_BIAS] = BLK("ffn_gate.bias") "|" BLK("ffn_up.bias"),
    [ROLE_DOWN] = BLK("ffn_down.weight"),
    [ROLE_DOWN_BIAS] = BLK("ffn_down.bias"),
    [ROLE_Q_NORM] = BLK("attn_q_norm.weight"),
    [ROLE_K_NORM] = BLK("attn_k_norm.weight"),
    [ROLE_POST1_GAIN] = BLK("post_attention_norm.weight"),
    [ROLE_POST2_GAIN] = BLK("post_ffw_norm.weight"),
    [ROLE_NORM_GAIN] = "output_norm.weight",
    [ROLE_NORM_BIAS] = "output_norm.bias",
    [ROLE_UNEMBED] = "output.weight",
};
/* ... but for what GPT-2 and GPT-NeoX keep in one tensor. */
static const char *const gguf_fused[ROLE_COUNT] = {
    [ROLE_QKV] = BLK("attn_qkv.weight"),
    [ROLE_QKV_BIAS] = BLK("attn_qkv.bias"),
    [ROLE_UP] = BLK("ffn_up.weight"),
    [ROLE_UP_BIAS] = BLK("ffn_up.bias"),
};

static const struct {
    const char *name;
    enum param_kind kind;
} roles[ROLE_COUNT] = {
    [ROLE_EMBED] = {"embed.weight", PARAM_EMBED},
    [ROLE_POSITIONS] = {"positions.weight", PARAM_POSITIONS},
    [ROLE_NORM1_GAIN] = {"norm1.gain", PARAM_NORM_GAIN},
    [ROLE_NORM1_BIAS] = {"norm1.bias", PARAM_BIAS},
    [ROLE_QKV] = {"qkv.weight", PARAM_MATRIX},
    [ROLE_QKV_BIAS] = {"qkv.bias", PARAM_BIAS},
    [ROLE_OUT] = {"out.weight", PARAM_MATRIX},
    [ROLE_OUT_BIAS] = {"out.bias", PARAM_BIAS},
    [ROLE_NORM2_GAIN] = {"norm2.gain", PARAM_NORM_GAIN},
    [ROLE_NORM2_BIAS] = {"norm2.bias", PARAM_BIAS},
    [ROLE_UP] = {"up.weight", PARAM_MATRIX},
    [ROLE_UP_BIAS] = {"up.bias", PARAM_BIAS},
    [ROLE_DOWN] = {"down.weight", PARAM_MATRIX},
    [ROLE_DOWN_BIAS] = {"down.bias", PARAM_BIAS},
    [ROLE_Q_NORM] = {"q_norm.gain", PARAM_NORM_GAIN},
    [ROLE_K_NORM] = {"k_norm.gain", PARAM_NORM_GAIN},
    [ROLE_POST1_GAIN] = {"post1.gain", PARAM_NORM_GAIN},
    [ROLE_POST2_GAIN] = {"post2.gain", PARAM_NORM_GAIN},
    [ROLE_NORM_GAIN] = {"norm.gain", PARAM_NORM_GAIN},
    [ROLE_NORM_BIAS] = {"norm.bias", PARAM_BIAS},
    [ROLE_UNEMBED] = {"unembed.weight", PARAM_UNEMBED},
};

/* role_shape - rows and columns of a role's parameter; rows 0 where the config has none. */
static void role_shape(const struct model_config *c, enum param_role role, size_t *rows,
                       size_t *cols)
{
    size_t C = c->channels, q = c->heads * c->head_size, qkv = q + 2 * c->kv_heads * c->head_size,
           up = c->gated ? 2 * c->mlp : c->mlp, kv = c->kv_heads * c->head_size;
    bool pre = c->norm_place != NORMS_AFTER, post = c->norm_place != NORMS_BEFORE;
    bool whole = c->qk_norm == QK_NORM_WHOLE;
    const size_t shape[ROLE_COUNT][2] = {
        [ROLE_EMBED] = {c->vocab, C},
        [ROLE_POSITIONS] = {c->learned_positions ? c->positions : 0, C},
        [ROLE_NORM1_GAIN] = {pre, C},
        [ROLE_NORM1_BIAS] = {c->bias_norm, C},
        [ROLE_QKV] = {qkv, C},
        [ROLE_QKV_BIAS] = {c->bias_qkv, qkv},
        [ROLE_OUT] = {C, q},
        [ROLE_OUT_BIAS] = {c->bias_out, C},
        [ROLE_NORM2_GAIN] = {pre, C},
        [ROLE_NORM2_BIAS] = {c->bias_norm, C},
        [ROLE_UP] = {up, C},
        [ROLE_UP_BIAS] = {c->bias_mlp, up},
        [ROLE_DOWN] = {C, c->mlp},
        [ROLE_DOWN_BIAS] = {c->bias_mlp, C},
        [ROLE_Q_NORM] = {c->qk_norm != QK_NORM_NONE, whole ? q : c->head_size},
        [ROLE_K_NORM] = {c->qk_norm != QK_NORM_NONE, whole ? kv : c->head_size},
        [ROLE_POST1_GAIN] = {post, C},
        [ROLE_POST2_GAIN] = {post, C},
        [ROLE_NORM_GAIN] = {1, C},
        [ROLE_NORM_BIAS] = {c->bias_norm, C},
        [ROLE_UNEMBED] = {c->tied ? 0 : c->vocab, C},
    };
    *rows = shape[role][0];
    *cols = shape[role][1];
}

int family_params(const struct model_config *c, struct param_spec **specs, size_t *n, struct err *e)
{
    size_t cap = 4 + c->layers * (ROLE_POST2_GAIN - ROLE_NORM1_GAIN + 1) + 4;
    struct param_spec *list = mem_zalloc(cap, sizeof *list, e);
    *specs = list;
    *n = 0;
    if (!list)
        return e->code;
    for (int layer = -1; layer <= (int)c->layers; layer++) {
        bool before = layer < 0, after = layer == (int)c->layers;
        enum param_role first = before ? ROLE_EMBED : after ? ROLE_NORM_GAIN : ROLE_NORM1_GAIN;
        enum param_role last = before ? ROLE_POSITIONS : after ? ROLE_UNEMBED : ROLE_POST2_GAIN;
        for (enum param_role r = first; r <= last; r++) {
            struct param_spec *s = &list[*n];
            role_shape(c, r, &s->rows, &s->cols);
            if (!s->rows)
                continue;
            s->role = r;
            s->kind = roles[r].kind;
            s->layer = layer;
            if (before || after)
                snprintf(s->name, sizeof s->name, "%s", roles[r].name);
            else
                snprintf(s->name, sizeof s->name, "layers.%d.%s", layer, roles[r].name);
            (*n)++;
        }
    }
    return OK;
}

/* piece_name - the k-th name of "a|b|c" with the layer put in, behind prefix. */
static void piece_name(struct piece *p, const char *prefix, const char *names, size_t k, int layer)
{
    size_t n, at = 0;
    while (k--)
        names = strchr(names, '|') + 1;
    n = strcspn(names, "|");
    at = (size_t)snprintf(p->name, sizeof p->name, "%s", prefix);
    for (size_t i = 0; i < n && at + 12 < sizeof p->name; i++) {
        if (strncmp(names + i, "%zu", 3) == 0) {
            at += (size_t)snprintf(p->name + at, sizeof p->name - at, "%d", layer);
            i += 2;
        } else {
            p->name[at++] = names[i];
        }
    }
    p->name[at] = '\0';
}

/* pieces_of - what a parameter is made of in a file; prefix: of Hugging Face names, ignored for
 * GGUF. */
static size_t pieces_of(const struct model_config *c, const struct param_spec *s, bool gguf,
                        const char *prefix, struct piece out[PIECES_MOST])
{
    const struct family_row *f = &families[c->family];
    bool fused = f->fused, vector = s->kind == PARAM_BIAS || s->kind == PARAM_NORM_GAIN;
    bool qkv = s->role == ROLE_QKV || s->role == ROLE_QKV_BIAS,
         up = (s->role == ROLE_UP || s->role == ROLE_UP_BIAS) && c->gated;
    bool neox = qkv && f->interleaved && !gguf;
    const char *names = !gguf                          ? f->names[s->role]
                        : fused && gguf_fused[s->role] ? gguf_fused[s->role]
                                                       : gguf_names[s->role];
    size_t rows = vector ? s->cols : s->rows, q = c->heads * c->head_size,
           kv = c->kv_heads * c->head_size, n = 1, at = 0;
    size_t cut[PIECES_MOST] = {rows, 0, 0};
    if (neox || (qkv && !fused)) {
        n = 3;
        cut[0] = q, cut[1] = cut[2] = kv;
    } else if (up) {
        n = 2;
        cut[0] = cut[1] = c->mlp;
    }
    for (size_t i = 0; i < n; i++) {
        struct piece *p = &out[i];
        memset(p, 0, sizeof *p);
        p->at = at;
        p->rows = cut[i];
        p->source_rows = neox ? rows : cut[i];
        p->cols = vector ? 1 : s->cols;
        p->vector = vector;
        p->part = i;
        p->map = neox                                                ? ROWS_NEOX
                 : gguf && qkv && c->family == FAMILY_LLAMA && i < 2 ? ROWS_PAIRS
                                                                     : ROWS_PLAIN;
        p->transposed = !gguf && f->transposed && s->kind == PARAM_MATRIX;
        piece_name(p, gguf || s->role == ROLE_UNEMBED ? "" : prefix, names, neox ? 0 : i, s->layer);
        at += cut[i];
    }
    return n;
}

/* source_row - where the r-th row of a piece lies in its tensor. */
static size_t source_row(const struct model_config *c, const struct piece *p, size_t r)
{
    size_t D = c->head_size, h = r / D, d = r % D;
    switch (p->map) {
    case ROWS_NEOX:
        return (h * 3 + p->part) * D + d;
    case ROWS_PAIRS:
        return h * D + d % (D / 2) * 2 + d / (D / 2);
    default:
        return r;
    }
}

/* prefix_in - the family's prefix, or "" where the file is of the model without its head
 * (GPT2Model, LlamaModel). */
static const char *prefix_in(const struct weights *w, const struct model_config *c)
{
    char name[128];
    const struct family_row *f = &families[c->family];
    snprintf(name, sizeof name, "%s%s", f->prefix, f->names[ROLE_EMBED]);
    return !weights_is_gguf(w) && !weights_find(w, name) && weights_find(w, f->names[ROLE_EMBED])
               ? ""
               : f->prefix;
}

static int piece_check(const struct weights *w, const struct piece *p,
                       const struct weights_tensor **t, struct err *e)
{
    struct str found = STR_INIT;
    size_t want[2] = {p->transposed ? p->cols : p->source_rows,
                      p->transposed ? p->source_rows : p->cols},
           ndim = p->vector ? 1 : 2;
    *t = weights_find(w, p->name);
    if (!*t)
        return err_set(e, ERR_INPUT, "%s: tensor %s is missing", weights_path(w), p->name);
    bool same =
        (*t)->ndim == ndim && (*t)->shape[0] == want[0] && (ndim == 1 || (*t)->shape[1] == want[1]);
    if (!same) {
        for (size_t i = 0; i < (*t)->ndim; i++)
            str_addf(&found, "%s%zu", i ? "," : "", (*t)->shape[i]);
        if (ndim == 1)
            err_set(e, ERR_INPUT, "%s: tensor %s is [%s], wanted [%zu] by the config",
                    weights_path(w), p->name, found.s, want[0]);
        else
            err_set(e, ERR_INPUT, "%s: tensor %s is [%s], wanted [%zu,%zu] by the config",
                    weights_path(w), p->name, found.s, want[0], want[1]);
        str_release(&found);
        return ERR_INPUT;
    }
    if ((*t)->readable)
        return OK;
    return err_set(e, ERR_INPUT, "%s: tensor %s is of type %s, wanted F32, F16 or BF16",
                   weights_path(w), p->name, (*t)->type);
}

static int not_finite(const struct weights *w, const struct weights_tensor *t, struct err *e)
{
    return err_set(e, ERR_INPUT, "%s: tensor %s holds a number that is not finite", weights_path(w),
                   t->name);
}

/* load - where the runs of a parameter go. */
struct load {
    const struct weights *w;
    const struct model_config *c;
    float shift; /* to every number: gain_shift */
    void (*put)(void *ctx, size_t at, const float *values, size_t n);
    void *ctx;
};

static void shift(float *values, size_t n, float by)
{
    for (size_t i = 0; by != 0 && i < n; i++)
        values[i] += by;
}

#define RUN_FLOATS ((size_t)1 << 20)

static void run_put(const struct load *l, size_t at, float *values, size_t n)
{
    shift(values, n, l->shift);
    l->put(l->ctx, at, values, n);
}

struct turn {
    const float *all; /* [cols, source_rows] */
    float *out;       /* [.., cols]: the rows from `from` on */
    size_t from, source_rows, cols;
};

/* turn_rows - a few rows at once, so that what is read lies together. */
static void turn_rows(void *ctx, size_t begin, size_t end)
{
    const struct turn *t = ctx;
    for (size_t k = 0; k < t->cols; k++)
        for (size_t r = begin; r < end; r++)
            t->out[r * t->cols + k] = t->all[k * t->source_rows + t->from + r];
}

static int transposed_load(const struct load *l, const struct piece *p,
                           const struct weights_tensor *t, float *run, size_t most, struct err *e)
{
    BUG_ON(p->map != ROWS_PLAIN);
    float *all = mem_alloc(t->n, sizeof *all, e);
    if (!all)
        return e->code;
    int rc = weights_read(l->w, t, 0, t->shape[0], all) ? OK : not_finite(l->w, t, e);
    for (size_t r = 0, rows; r < p->rows && !rc; r += rows) {
        rows = p->rows - r < most ? p->rows - r : most;
        struct turn turn = {all, run, r, p->source_rows, p->cols};
        par_for(rows, 16, turn_rows, &turn);
        run_put(l, (p->at + r) * p->cols, run, rows * p->cols);
    }
    mem_free(all);
    return rc;
}

/* piece_load - in runs of rows that lie together in the file: any, or those of whole heads. */
static int piece_load(const struct load *l, const struct piece *p, struct err *e)
{
    const struct weights_tensor *t;
    bool plain = p->map == ROWS_PLAIN, pairs = p->map == ROWS_PAIRS;
    size_t D = l->c->head_size, heads = pairs ? RUN_FLOATS / (D * p->cols) : 1,
           most = plain                ? RUN_FLOATS / p->cols
                  : pairs && p->vector ? p->rows /* blocks of a quantised vector stay whole */
                                       : D * (heads ? heads : 1);
    int rc = piece_check(l->w, p, &t, e);
    if (rc)
        return rc;
    most = most ? most : 1;
    most = most < p->rows ? most : p->rows;
    float *run = mem_alloc(most * p->cols, (pairs ? 2 : 1) * sizeof *run, e);
    if (!run)
        return e->code;
    if (p->transposed)
        rc = transposed_load(l, p, t, run, most, e);
    for (size_t r = 0, rows; r < p->rows && !rc && !p->transposed; r += rows) {
        float *ordered = run + most * p->cols;
        size_t begin = source_row(l->c, p, r);
        rows = p->rows - r < most ? p->rows - r : most;
        if (!weights_read(l->w, t, begin, rows, run))
            rc = not_finite(l->w, t, e);
        for (size_t k = 0; pairs && k < rows; k++)
            memcpy(ordered + k * p->cols, run + (source_row(l->c, p, r + k) - begin) * p->cols,
                   p->cols * sizeof *run);
        if (!rc)
            run_put(l, (p->at + r) * p->cols, pairs ? ordered : run, rows * p->cols);
    }
    mem_free(run);
    return rc;
}

/* pieces_in - the pieces as this file names them. Of two tied matrices a file holds one, and may
 * have kept it under the unembedding's name, as safetensors' writer for shared tensors does. */
static size_t pieces_in(const struct weights *w, const struct model_config *c,
                        const struct param_spec *s, struct piece *p)
{
    size_t n = pieces_of(c, s, weights_is_gguf(w), prefix_in(w, c), p);
    const char *other = families[c->family].names[ROLE_UNEMBED];
    if (s->role == ROLE_EMBED && c->tied && !weights_is_gguf(w) && !weights_find(w, p[0].name) &&
        weights_find(w, other))
        snprintf(p[0].name, sizeof p[0].name, "%s", other);
    return n;
}

/* gain_shift - what a gain as rows are multiplied by it has more than as a file keeps it. */
static float gain_shift(const struct model_config *c, const struct param_spec *s)
{
    return s->kind == PARAM_NORM_GAIN && families[c->family].gain_less_one ? 1 : 0;
}

int family_load(const struct weights *w, const struct model_config *c, const struct param_spec *s,
                void (*put)(void *ctx, size_t at, const float *values, size_t n), void *ctx,
                struct err *e)
{
    struct piece p[PIECES_MOST];
    size_t n = pieces_in(w, c, s, p);
    struct load l = {w, c, weights_is_gguf(w) ? 0 : gain_shift(c, s), put, ctx};
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = piece_load(&l, &p[i], e);
    return rc;
}

/* known_buffer - tensors that files carry and no forward needs. */
static bool known_buffer(const char *name)
{
    static const char *const endings[] = {".attn.bias", ".attn.masked_bias", ".attention.bias",
                                          ".attention.masked_bias", ".rotary_emb.inv_freq"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends(name, endings[i]))
            return true;
    return strcmp(name, "score.weight") == 0 || strcmp(name, "lm_head.weight") == 0 ||
           strcmp(name, "embed_out.weight") == 0 || strcmp(name, "rope_freqs.weight") == 0;
}

/* layers_check - the file has as many layers as the config says. Where one in the middle is
 * missing, its tensors are named instead (piece_check). */
static int layers_check(const struct weights *w, const struct model_config *whole,
                        const struct param_spec *specs, size_t n, struct err *e)
{
    struct piece p[PIECES_MOST];
    struct param_spec first = {0};
    size_t held = 0, holes = 0;
    for (size_t i = 0; i < n && first.role != ROLE_QKV; i++)
        first = specs[i];
    BUG_ON(first.role != ROLE_QKV);
    for (size_t k = 0; k < whole->layers || k == held; k++) {
        first.layer = (int)k;
        pieces_in(w, whole, &first, p);
        if (weights_find(w, p[0].name)) {
            holes += k > held;
            held++;
        }
    }
    return !held || holes || held == whole->layers
               ? OK
               : err_set(e, ERR_INPUT, "%s: the config says %zu layers, the weights hold %zu",
                         weights_path(w), whole->layers, held);
}

int family_check(const struct weights *w, const struct model_config *c, struct err *e)
{
    struct param_spec *specs = NULL;
    size_t n = 0, count = weights_count(w);
    struct model_config whole = *c;
    struct piece p[PIECES_MOST];
    whole.layers = c->layers_whole;
    bool *used = mem_zalloc(count, sizeof *used, e);
    int rc = used ? family_params(&whole, &specs, &n, e) : e->code;
    if (!rc)
        rc = layers_check(w, &whole, specs, n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        size_t pieces = pieces_in(w, c, &specs[i], p);
        for (size_t k = 0; k < pieces && !rc; k++) {
            const struct weights_tensor *t;
            rc = piece_check(w, &p[k], &t, e);
            for (size_t j = 0; j < count && !rc; j++)
                if (weights_at(w, j) == t)
                    used[j] = true;
        }
    }
    for (size_t j = 0; j < count && !rc; j++)
        if (!used[j] && !known_buffer(weights_at(w, j)->name))
            rc = err_set(e, ERR_INPUT,
                         "%s: tensor %s has no place in a %s model as its config describes it",
                         weights_path(w), weights_at(w, j)->name, family_name(c->family));
    mem_free(specs);
    mem_free(used);
    return rc;
}

/* tensors_of - the tensors that a Hugging Face file of this parameter holds: names and shapes;
 * several pieces may share one. */
static size_t tensors_of(const struct piece *p, size_t n,
                         struct weights_out_tensor out[PIECES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(p[i].name, p[i - 1].name) == 0)
            continue;
        struct weights_out_tensor *t = &out[count++];
        *t = (struct weights_out_tensor){
            p[i].name, p[i].vector ? 1 : 2, {p[i].source_rows, p[i].cols}};
        if (p[i].transposed) {
            t->shape[0] = p[i].cols;
            t->shape[1] = p[i].source_rows;
        }
    }
    return count;
}

static int tensors_write(struct weights_out *o, const struct model_config *c, const struct piece *p,
                         size_t n, const float *from, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < n && !rc;) {
        size_t numbers = p[i].source_rows * p[i].cols, k = i;
        float *all = mem_alloc(numbers, sizeof *all, e);
        if (!all)
            return e->code;
        for (; k < n && strcmp(p[k].name, p[i].name) == 0; k++)
            for (size_t r = 0; r < p[k].rows; r++) {
                size_t to = source_row(c, &p[k], r);
                for (size_t x = 0; x < p[k].cols; x++)
                    all[p[k].transposed ? x * p[k].source_rows + to : to * p[k].cols + x] =
                        from[(p[k].at + r) * p[k].cols + x];
            }
        rc = weights_out_add(o, all, numbers, e);
        mem_free(all);
        i = k;
    }
    return rc;
}

static int config_write(const struct model_config *c, const struct config_head *head,
                        const char *dir, struct err *e)
{
    struct str text = STR_INIT;
    int rc = config_to_json(c, head, &text);
    if (!rc)
        rc = file_write_in(dir, "config.json", &text, e);
    str_release(&text);
    return rc;
}

static int head_write(struct weights_out *o, size_t n, size_t i,
                      int (*get)(void *ctx, size_t i, float *out, struct err *e), void *ctx,
                      struct err *e)
{
    float *values = mem_alloc(n, sizeof *values, e);
    int rc = values ? get(ctx, i, values, e) : e->code;
    if (!rc)
        rc = weights_out_add(o, values, n, e);
    mem_free(values);
    return rc;
}

int family_save(const struct model_config *c, const struct config_head *head, const char *dir,
                int (*get)(void *ctx, size_t i, float *out, struct err *e), void *ctx,
                struct err *e)
{
    struct param_spec *specs = NULL;
    struct weights_out_tensor *tensors = NULL;
    struct piece *pieces = NULL;
    struct weights_out *o = NULL;
    struct str path = STR_INIT;
    size_t n = 0, count = 0;
    int rc = file_mkdirs(dir, e);
    if (!rc)
        rc = config_write(c, head, dir, e);
    if (!rc)
        rc = family_params(c, &specs, &n, e);
    if (rc)
        goto out;
    tensors = mem_alloc(n * PIECES_MOST + 1, sizeof *tensors, e);
    pieces = tensors ? mem_alloc(n * PIECES_MOST, sizeof *pieces, e) : NULL;
    str_path(&path, dir, "model.safetensors");
    rc = pieces ? str_check(&path, e) : e->code;
    for (size_t i = 0; i < n && !rc; i++)
        count += tensors_of(
            &pieces[i * PIECES_MOST],
            pieces_of(c, &specs[i], false, families[c->family].prefix, &pieces[i * PIECES_MOST]),
            &tensors[count]);
    if (head && !rc)
        tensors[count++] =
            (struct weights_out_tensor){"score.weight", 2, {head->classes, c->channels}};
    if (!rc)
        rc = weights_out_open(&o, path.s, tensors, count, e);
    for (size_t i = 0; i < n && !rc; i++) {
        struct piece own[PIECES_MOST];
        float *values = mem_alloc(specs[i].rows * specs[i].cols, sizeof *values, e);
        rc = values ? get(ctx, i, values, e) : e->code;
        if (!rc) {
            shift(values, specs[i].rows * specs[i].cols, -gain_shift(c, &specs[i]));
            rc = tensors_write(o, c, own,
                               pieces_of(c, &specs[i], false, families[c->family].prefix, own),
                               values, e);
        }
        mem_free(values);
    }
    if (head && !rc)
        rc = head_write(o, head->classes * c->channels, n, get, ctx, e);
    if (!rc)
        rc = weights_out_commit(o, e);
out:
    weights_out_close(o);
    mem_free(pieces);
    mem_free(tensors);
    mem_free(specs);
    str_release(&path);
    return rc;
}

void family_module(const struct model_config *c, enum param_role role, size_t part, int layer,
                   char *out, size_t n)
{
    struct piece p[PIECES_MOST];
    struct param_spec s = {.kind = roles[role].kind, .role = role, .layer = layer};
    role_shape(c, role, &s.rows, &s.cols);
    size_t pieces = pieces_of(c, &s, false, families[c->family].prefix, p);
    BUG_ON(part >= pieces);
    snprintf(out, n, "%.*s", (int)(strlen(p[part].name) - strlen(".weight")), p[part].name);
}

bool family_fused(const struct model_config *c)
{
    return families[c->family].fused;
}

size_t family_file_row(const struct model_config *c, enum param_role role, size_t r)
{
    size_t q = c->heads * c->head_size;
    struct piece p = {.map = ROWS_NEOX, .part = r / q};
    return role == ROLE_QKV && families[c->family].interleaved ? source_row(c, &p, r % q) : r;
}
