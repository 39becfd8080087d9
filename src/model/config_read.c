/* config_read.c - config.json, read with distrust: what would change logits and is not understood
 * here is an error. */
#include "model/config_read.h"
#include "core/doc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What transformers takes where a family's config.json is silent. */
#define DEFAULT_WINDOW     4096
#define GPT_NEO_WINDOW     256
#define QWEN_WINDOW_LAYERS 28
#define QWEN3_HEAD_SIZE    128
#define MISTRAL_KV_HEADS   8

static int need_size(const struct doc *r, const char *key, size_t *out, struct err *e)
{
    int64_t v;
    int rc = doc_int(r, key, 1, (int64_t)CONFIG_SIZE_MOST, &v, e);
    if (!rc)
        *out = (size_t)v;
    return rc;
}

static int need_real(const struct doc *r, const char *key, double *out, struct err *e)
{
    const struct doc *d = doc_get(r, key);
    if (!d || d->type == DOC_NULL)
        return doc_fail(r, e, "\"%s\" is missing", key);
    return doc_opt_real(r, key, 1e-6, 1e12, out, e);
}

/* refuse - a setting that is there, not null and not what this program computes. */
static int refuse(const struct doc *r, const char *key, struct err *e)
{
    struct str s = STR_INIT;
    const struct doc *d = doc_get(r, key);
    doc_write_json(&s, d);
    int rc = doc_fail(d, e, "\"%s\" is %s, which this program does not compute yet", key, s.s);
    str_release(&s);
    return rc;
}

static int read_act(struct model_config *c, const struct doc *r, const char *key,
                    const char *fallback, struct err *e)
{
    static const struct {
        const char *name;
        enum act act;
    } known[] = {{"gelu_new", ACT_GELU_TANH},
                 {"gelu_pytorch_tanh", ACT_GELU_TANH},
                 {"gelu_fast", ACT_GELU_TANH},
                 {"gelu", ACT_GELU_ERF},
                 {"silu", ACT_SILU},
                 {"swish", ACT_SILU},
                 {"relu", ACT_RELU}};
    const char *name = fallback;
    int rc = doc_opt_str(r, key, &name, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) {
            c->act = known[i].act;
            return OK;
        }
    return doc_fail(doc_get(r, key), e, "\"%s\" is \"%s\"; known are gelu_new, gelu, silu, relu",
                    key, name);
}

static int read_ids(struct model_config *c, const struct doc *r)
{
    const struct doc *bos = doc_get(r, "bos_token_id"), *eos = doc_get(r, "eos_token_id");
    if (eos && eos->type == DOC_LIST) /* several ends: the first */
        eos = eos->child;
    c->bos = bos && bos->type == DOC_INT ? bos->i : -1;
    c->eos = eos && eos->type == DOC_INT ? eos->i : -1;
    return OK;
}

/* read_scaling - what a map says of the frequencies; the kind's older name is "type". key: what the
 * map is called in r. */
static int read_scaling(struct model_config *c, const struct doc *r, const char *key, struct err *e)
{
    static const char *const kinds[ROPE_COUNT] = {"default", "linear", "llama3"};
    const struct doc *d = doc_get(r, key);
    struct rope_scaling *s = &c->rope_scaling;
    const char *kind = NULL;
    int k = 0, rc;
    if (!d || d->type == DOC_NULL)
        return OK;
    if (d->type != DOC_MAP)
        return refuse(r, key, e);
    if ((rc = doc_opt_str(d, "type", &kind, e)) || (rc = doc_opt_str(d, "rope_type", &kind, e)))
        return rc;
    while (kind && k < ROPE_COUNT && strcmp(kinds[k], kind) != 0)
        k++;
    if (k == ROPE_COUNT)
        return refuse(r, key, e);
    if (k == ROPE_PLAIN)
        return OK;
    *s = (struct rope_scaling){.kind = (enum rope_kind)k};
    if ((rc = need_real(d, "factor", &s->factor, e)) || k == ROPE_LINEAR)
        return rc;
    if ((rc = need_real(d, "low_freq_factor", &s->low, e)) ||
        (rc = need_real(d, "high_freq_factor", &s->high, e)) ||
        (rc = need_real(d, "original_max_position_embeddings", &s->positions, e)))
        return rc;
    return s->high > s->low ? OK
                            : doc_fail(doc_get(d, "high_freq_factor"), e,
                                       "\"high_freq_factor\" is %g, wanted more than "
                                       "low_freq_factor, which is %g",
                                       s->high, s->low);
}

/* read_rope - theta and rotary share, from the old keys or from transformers 5's rope_parameters.
 */
static int read_rope(struct model_config *c, const struct doc *r, double share, struct err *e)
{
    const struct doc *p = doc_get(r, "rope_parameters");
    const struct doc *in[2] = {r, p && p->type == DOC_MAP ? p : NULL};
    int rc = OK;
    c->rope_theta = 10000;
    for (int i = 0; i < 2 && !rc; i++) {
        if (!in[i])
            continue;
        if ((rc = doc_opt_real(in[i], "rotary_emb_base", 1, 1e12, &c->rope_theta, e)) ||
            (rc = doc_opt_real(in[i], "rope_theta", 1, 1e12, &c->rope_theta, e)) ||
            (rc = doc_opt_real(in[i], "rotary_pct", 0, 1, &share, e)) ||
            (rc = doc_opt_real(in[i], "partial_rotary_factor", 0, 1, &share, e)))
            return rc;
    }
    if ((rc = read_scaling(c, r, "rope_scaling", e)) ||
        (rc = read_scaling(c, r, "rope_parameters", e)))
        return rc;
    c->rotary = (size_t)(share * (double)c->head_size) / 2 * 2;
    return OK;
}

int config_read_gpt2(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    bool scale = true, inverse = false, upcast = false;
    c->tied = true;
    c->norm_eps = 1e-5;
    if ((rc = need_size(r, "n_layer", &c->layers, e)) ||
        (rc = need_size(r, "n_embd", &c->channels, e)) ||
        (rc = need_size(r, "n_head", &c->heads, e)) ||
        (rc = need_size(r, "n_positions", &c->positions, e)) ||
        (rc = need_size(r, "vocab_size", &c->vocab, e)) ||
        (rc = doc_opt_real(r, "layer_norm_epsilon", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) ||
        (rc = read_act(c, r, "activation_function", "gelu_new", e)) ||
        (rc = doc_opt_bool(r, "scale_attn_weights", &scale, e)) ||
        (rc = doc_opt_bool(r, "scale_attn_by_inverse_layer_idx", &inverse, e)) ||
        (rc = doc_opt_bool(r, "reorder_and_upcast_attn", &upcast, e)))
        return rc;
    if (!scale)
        return refuse(r, "scale_attn_weights", e);
    if (inverse)
        return refuse(r, "scale_attn_by_inverse_layer_idx", e);
    c->mlp = 4 * c->channels;
    if ((rc = doc_opt_size(r, "n_inner", 1, CONFIG_SIZE_MOST, &c->mlp, e)))
        return rc;
    c->kv_heads = c->heads;
    c->head_size = c->channels / c->heads;
    c->norm = NORM_LAYER;
    c->learned_positions = c->bias_qkv = c->bias_out = c->bias_mlp = c->bias_norm = true;
    return OK;
}

/* need_sizes - those that every family but GPT-2 spells alike. */
static int need_sizes(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    if ((rc = need_size(r, "num_hidden_layers", &c->layers, e)) ||
        (rc = need_size(r, "hidden_size", &c->channels, e)) ||
        (rc = need_size(r, "num_attention_heads", &c->heads, e)) ||
        (rc = need_size(r, "intermediate_size", &c->mlp, e)) ||
        (rc = need_size(r, "vocab_size", &c->vocab, e)))
        return rc;
    return need_size(r, "max_position_embeddings", &c->positions, e);
}

int config_read_neox(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    bool bias = true;
    c->parallel = true;
    c->norm_eps = 1e-5;
    if ((rc = need_sizes(c, r, e)) ||
        (rc = doc_opt_real(r, "layer_norm_eps", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) ||
        (rc = doc_opt_bool(r, "use_parallel_residual", &c->parallel, e)) ||
        (rc = doc_opt_bool(r, "attention_bias", &bias, e)) ||
        (rc = read_act(c, r, "hidden_act", "gelu", e)))
        return rc;
    c->kv_heads = c->heads;
    c->head_size = c->channels / c->heads;
    c->norm = NORM_LAYER;
    c->bias_qkv = c->bias_out = bias;
    c->bias_mlp = c->bias_norm = true;
    return read_rope(c, r, 0.25, e);
}

/* read_layer_types - which layers have a window, where the config lists every layer; else those
 * that are windowed already stay so. */
static int read_layer_types(struct model_config *c, const struct doc *r, struct err *e)
{
    const struct doc *list = doc_get(r, "layer_types");
    size_t l = 0;
    if (!list || list->type == DOC_NULL)
        return OK;
    if (list->type != DOC_LIST || list->n != c->layers || c->layers > CONFIG_LAYERS_MOST)
        return doc_fail(list, e, "\"layer_types\" is not a list of %zu layers", c->layers);
    memset(c->windowed, 0, sizeof c->windowed);
    for (const struct doc *d = list->child; d; d = d->next, l++) {
        bool text = d->type == DOC_STRING;
        if (text && strcmp(d->s, "sliding_attention") == 0)
            config_window_set(c, l);
        else if (!text || strcmp(d->s, "full_attention") != 0)
            return doc_fail(d, e,
                            "layer %zu of \"layer_types\" is \"%s\"; known are full_attention, "
                            "sliding_attention",
                            l, text ? d->s : doc_type_name(d->type));
    }
    return OK;
}

/* windowed_from - layers [from, L) have the window. */
static void windowed_from(struct model_config *c, size_t from)
{
    for (size_t l = from; l < c->layers && l < CONFIG_LAYERS_MOST; l++)
        config_window_set(c, l);
}

/* read_window - of Mistral all layers, of Qwen those from max_window_layers on where
 * use_sliding_window says so; of other families none. */
static int read_window(struct model_config *c, const struct doc *r, struct err *e)
{
    bool mistral = c->family == FAMILY_MISTRAL, use = mistral;
    const struct doc *d = doc_get(r, "sliding_window");
    size_t from = mistral ? 0 : QWEN_WINDOW_LAYERS;
    int rc;
    c->window = DEFAULT_WINDOW;
    if ((rc = doc_opt_bool(r, "use_sliding_window", &use, e)) ||
        (rc = doc_opt_size(r, "max_window_layers", 0, SIZE_MAX, &from, e)) ||
        (rc = doc_opt_size(r, "sliding_window", 1, CONFIG_SIZE_MOST, &c->window, e)))
        return rc;
    if (!use || (d && d->type == DOC_NULL) || c->family == FAMILY_LLAMA ||
        c->family == FAMILY_OLMO2)
        c->window = 0;
    if (c->window)
        windowed_from(c, mistral ? 0 : from);
    return c->window ? read_layer_types(c, r, e) : OK;
}

int config_read_llama(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    enum family f = c->family;
    bool bias = f == FAMILY_QWEN2, mlp_bias = false;
    c->norm_eps = f == FAMILY_OLMO2 ? 1e-5 : 1e-6;
    if ((rc = need_sizes(c, r, e)) ||
        (rc = doc_opt_real(r, "rms_norm_eps", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) || (rc = read_window(c, r, e)) ||
        (rc = read_act(c, r, "hidden_act", "silu", e)))
        return rc;
    if (f != FAMILY_QWEN2 && f != FAMILY_MISTRAL &&
        (rc = doc_opt_bool(r, "attention_bias", &bias, e)))
        return rc;
    if (f == FAMILY_LLAMA && (rc = doc_opt_bool(r, "mlp_bias", &mlp_bias, e)))
        return rc;
    c->kv_heads = f == FAMILY_MISTRAL ? MISTRAL_KV_HEADS : c->heads;
    c->head_size = f == FAMILY_QWEN3 ? QWEN3_HEAD_SIZE : c->channels / c->heads;
    if ((rc = doc_opt_size(r, "num_key_value_heads", 1, CONFIG_SIZE_MOST, &c->kv_heads, e)) ||
        (rc = doc_opt_size(r, "head_dim", 1, CONFIG_SIZE_MOST, &c->head_size, e)))
        return rc;
    c->norm = NORM_RMS;
    c->norm_place = f == FAMILY_OLMO2 ? NORMS_AFTER : NORMS_BEFORE;
    c->qk_norm = f == FAMILY_OLMO2   ? QK_NORM_WHOLE
                 : f == FAMILY_QWEN3 ? QK_NORM_HEAD
                                     : QK_NORM_NONE;
    c->gated = true;
    c->bias_qkv = bias;
    c->bias_out = bias && f != FAMILY_QWEN2;
    c->bias_mlp = mlp_bias;
    return read_rope(c, r, 1, e);
}

/* read_attention_types - GPT-Neo's [[["global", "local"], 12]]: a pattern and how often it comes.
 */
static int read_attention_types(struct model_config *c, const struct doc *r, struct err *e)
{
    const struct doc *list = doc_get(r, "attention_types");
    size_t l = 0;
    if (!list || list->type == DOC_NULL) {
        for (l = 1; l < c->layers && l < CONFIG_LAYERS_MOST; l += 2)
            config_window_set(c, l);
        return OK;
    }
    for (const struct doc *d = list->child; d; d = d->next) {
        const struct doc *pattern = d->child, *times = pattern ? pattern->next : NULL;
        if (!times || pattern->type != DOC_LIST || times->type != DOC_INT || times->i < 1)
            return doc_fail(d, e, "\"attention_types\" holds no pattern and a count");
        for (int64_t i = 0; i < times->i && l <= c->layers; i++)
            for (const struct doc *p = pattern->child; p; p = p->next, l++) {
                bool text = p->type == DOC_STRING;
                if (text && strcmp(p->s, "local") == 0 && l < CONFIG_LAYERS_MOST)
                    config_window_set(c, l);
                else if (!text || strcmp(p->s, "global") != 0)
                    return doc_fail(p, e,
                                    "\"attention_types\" holds \"%s\"; known are global, local",
                                    text ? p->s : doc_type_name(p->type));
            }
    }
    return l == c->layers
               ? OK
               : doc_fail(list, e, "\"attention_types\" is not of %zu layers", c->layers);
}

int config_read_gpt_neo(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    c->tied = true;
    c->norm_eps = 1e-5;
    c->window = GPT_NEO_WINDOW;
    if ((rc = need_size(r, "num_layers", &c->layers, e)) ||
        (rc = need_size(r, "hidden_size", &c->channels, e)) ||
        (rc = need_size(r, "num_heads", &c->heads, e)) ||
        (rc = need_size(r, "max_position_embeddings", &c->positions, e)) ||
        (rc = need_size(r, "vocab_size", &c->vocab, e)) ||
        (rc = doc_opt_real(r, "layer_norm_epsilon", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) ||
        (rc = doc_opt_size(r, "window_size", 1, CONFIG_SIZE_MOST, &c->window, e)) ||
        (rc = read_act(c, r, "activation_function", "gelu_new", e)))
        return rc;
    c->mlp = 4 * c->channels;
    if ((rc = doc_opt_size(r, "intermediate_size", 1, CONFIG_SIZE_MOST, &c->mlp, e)))
        return rc;
    c->kv_heads = c->heads;
    c->head_size = c->channels / c->heads;
    c->norm = NORM_LAYER;
    c->attn_scale = 1;
    c->learned_positions = c->bias_out = c->bias_mlp = c->bias_norm = true;
    return read_attention_types(c, r, e);
}

/* read_gemma3_rope - two bases: of the layers that see everything, which may be scaled, and of the
 * windowed ones. transformers 5 has a map for each in rope_parameters. */
static int read_gemma3_rope(struct model_config *c, const struct doc *r, struct err *e)
{
    const struct doc *both = doc_get(r, "rope_parameters"),
                     *local = doc_get(both, "sliding_attention");
    struct rope_scaling scaling;
    int rc;
    c->rope_theta = 1e6;
    c->window_theta = 1e4;
    if ((rc = doc_opt_real(r, "rope_theta", 1, 1e12, &c->rope_theta, e)) ||
        (rc = doc_opt_real(r, "rope_local_base_freq", 1, 1e12, &c->window_theta, e)) ||
        (rc = read_scaling(c, r, "rope_scaling", e)))
        return rc;
    c->rotary = c->head_size;
    if (!both || both->type == DOC_NULL)
        return OK;
    if (both->type != DOC_MAP)
        return refuse(r, "rope_parameters", e);
    scaling = c->rope_scaling;
    c->rope_scaling = (struct rope_scaling){.kind = ROPE_PLAIN};
    if ((rc = read_scaling(c, both, "sliding_attention", e)))
        return rc;
    if (c->rope_scaling.kind != ROPE_PLAIN)
        return refuse(both, "sliding_attention", e);
    c->rope_scaling = scaling;
    if ((rc = read_scaling(c, both, "full_attention", e)) ||
        (local && local->type == DOC_MAP &&
         (rc = doc_opt_real(local, "rope_theta", 1, 1e12, &c->window_theta, e))))
        return rc;
    const struct doc *full = doc_get(both, "full_attention");
    return full && full->type == DOC_MAP
               ? doc_opt_real(full, "rope_theta", 1, 1e12, &c->rope_theta, e)
               : OK;
}

int config_read_gemma3(struct model_config *c, const struct doc *r, struct err *e)
{
    static const char *const refused[] = {"attn_logit_softcapping", "final_logit_softcapping",
                                          "use_bidirectional_attention"};
    double scalar = 256;
    size_t every = 6;
    bool bias = false;
    int rc;
    c->tied = true;
    c->norm_eps = 1e-6;
    c->window = DEFAULT_WINDOW;
    c->head_size = 256;
    if ((rc = need_sizes(c, r, e)) ||
        (rc = doc_opt_real(r, "rms_norm_eps", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) ||
        (rc = doc_opt_bool(r, "attention_bias", &bias, e)) ||
        (rc = doc_opt_real(r, "query_pre_attn_scalar", 1e-6, 1e12, &scalar, e)) ||
        (rc = need_size(r, "num_key_value_heads", &c->kv_heads, e)) ||
        (rc = doc_opt_size(r, "head_dim", 1, CONFIG_SIZE_MOST, &c->head_size, e)) ||
        (rc = doc_opt_size(r, "sliding_window", 1, CONFIG_SIZE_MOST, &c->window, e)) ||
        (rc = doc_opt_size(r, "sliding_window_pattern", 1, CONFIG_SIZE_MOST, &every, e)) ||
        (rc = read_act(c, r, "hidden_activation", "gelu_pytorch_tanh", e)))
        return rc;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct doc *d = doc_get(r, refused[i]);
        if (d && d->type != DOC_NULL && !(d->type == DOC_BOOL && !d->b))
            return refuse(r, refused[i], e);
    }
    config_gemma3(c, every);
    c->attn_scale = 1 / sqrt(scalar);
    c->bias_qkv = c->bias_out = bias;
    rc = read_layer_types(c, r, e);
    return rc ? rc : read_gemma3_rope(c, r, e);
}

static int unknown(const struct doc *root, const char *type, struct err *e)
{
    char known[256];
    const struct doc *a = doc_path(root, "architectures.0");
    bool named = a && a->type == DOC_STRING;
    config_families_list(known, sizeof known, false);
    return doc_fail(doc_get(root, "model_type"), e,
                    "model_type \"%s\"%s%s%s is not known here; known are %s", type,
                    named ? " (" : "", named ? a->s : "", named ? ")" : "", known);
}

int config_from_json(struct model_config *c, const struct doc *root, struct err *e)
{
    const char *type = NULL;
    int f = 0;
    memset(c, 0, sizeof *c);
    int rc = doc_str(root, "model_type", &type, e);
    if (rc)
        return rc;
    while (f < FAMILY_COUNT && strcmp(config_families[f].name, type) != 0)
        f++;
    if (f == FAMILY_COUNT)
        return unknown(root, type, e);
    c->family = (enum family)f;
    if ((rc = config_families[f].read(c, root, e)))
        return rc;
    c->layers_whole = c->layers;
    read_ids(c, root);
    return config_check(c, root->file, e);
}
