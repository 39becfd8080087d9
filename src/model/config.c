/* config.c - config.json, read with distrust: what would change logits and is not understood here
 * is an error. */
#include "model/config.h"
#include "core/doc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIZE_MOST ((size_t)1 << 24)

static const char *const names[FAMILY_COUNT] = {"gpt2", "gpt_neox", "llama", "qwen2"};

const char *family_name(enum family f)
{
    return names[f];
}

static int need_size(const struct doc *r, const char *key, size_t *out, struct err *e)
{
    int64_t v;
    int rc = doc_int(r, key, 1, (int64_t)SIZE_MOST, &v, e);
    if (!rc)
        *out = (size_t)v;
    return rc;
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

/* rope_plain - nothing but the plain rotation is asked for; the kind's older name is "type". */
static bool rope_plain(const struct doc *d)
{
    static const char *const keys[] = {"rope_type", "type"};
    if (!d || d->type == DOC_NULL)
        return true;
    for (size_t i = 0; i < 2 && d->type == DOC_MAP; i++) {
        const struct doc *kind = doc_get(d, keys[i]);
        if (kind && (kind->type != DOC_STRING || strcmp(kind->s, "default") != 0))
            return false;
    }
    return d->type == DOC_MAP;
}

/* read_rope - theta and rotary share, from the old keys or from transformers 5's rope_parameters.
 */
static int read_rope(struct model_config *c, const struct doc *r, double share, struct err *e)
{
    const struct doc *p = doc_get(r, "rope_parameters"), *scaling = doc_get(r, "rope_scaling");
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
    if (!rope_plain(p))
        return refuse(r, "rope_parameters", e);
    if (!rope_plain(scaling))
        return refuse(r, "rope_scaling", e);
    c->rotary = (size_t)(share * (double)c->head_size) / 2 * 2;
    return OK;
}

static int read_gpt2(struct model_config *c, const struct doc *r, struct err *e)
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
    if ((rc = doc_opt_size(r, "n_inner", 1, SIZE_MOST, &c->mlp, e)))
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

static int read_neox(struct model_config *c, const struct doc *r, struct err *e)
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

static int read_llama(struct model_config *c, const struct doc *r, struct err *e)
{
    int rc;
    bool bias = c->family == FAMILY_QWEN2, mlp_bias = false, window = false;
    c->norm_eps = 1e-6;
    if ((rc = need_sizes(c, r, e)) ||
        (rc = doc_opt_real(r, "rms_norm_eps", 0, 1, &c->norm_eps, e)) ||
        (rc = doc_opt_bool(r, "tie_word_embeddings", &c->tied, e)) ||
        (rc = doc_opt_bool(r, "mlp_bias", &mlp_bias, e)) ||
        (rc = doc_opt_bool(r, "use_sliding_window", &window, e)) ||
        (rc = read_act(c, r, "hidden_act", "silu", e)))
        return rc;
    if (c->family == FAMILY_LLAMA && (rc = doc_opt_bool(r, "attention_bias", &bias, e)))
        return rc;
    if (window)
        return refuse(r, "use_sliding_window", e);
    c->kv_heads = c->heads;
    c->head_size = c->channels / c->heads;
    if ((rc = doc_opt_size(r, "num_key_value_heads", 1, SIZE_MOST, &c->kv_heads, e)) ||
        (rc = doc_opt_size(r, "head_dim", 1, SIZE_MOST, &c->head_size, e)))
        return rc;
    c->norm = NORM_RMS;
    c->gated = true;
    c->bias_qkv = bias;
    c->bias_out = bias && c->family == FAMILY_LLAMA;
    c->bias_mlp = mlp_bias;
    return read_rope(c, r, 1, e);
}

int config_from_json(struct model_config *c, const struct doc *root, struct err *e)
{
    const char *type = NULL;
    int f = 0;
    memset(c, 0, sizeof *c);
    int rc = doc_str(root, "model_type", &type, e);
    if (rc)
        return rc;
    while (f < FAMILY_COUNT && strcmp(names[f], type) != 0)
        f++;
    if (f == FAMILY_COUNT)
        return doc_fail(
            doc_get(root, "model_type"), e,
            "model_type \"%s\" is not known here; known are gpt2, gpt_neox, llama, qwen2", type);
    c->family = (enum family)f;
    rc = c->family == FAMILY_GPT2   ? read_gpt2(c, root, e)
         : c->family == FAMILY_NEOX ? read_neox(c, root, e)
                                    : read_llama(c, root, e);
    if (rc)
        return rc;
    c->layers_whole = c->layers;
    read_ids(c, root);
    return config_check(c, root->file, e);
}

int config_check(const struct model_config *c, const char *where, struct err *e)
{
    if (!c->layers || c->layers > 1024)
        return err_set(e, ERR_INPUT, "%s: %zu layers, wanted 1 to 1,024", where, c->layers);
    if (!c->heads || !c->kv_heads || !c->head_size || !c->channels || !c->mlp || !c->vocab ||
        !c->positions)
        return err_set(e, ERR_INPUT, "%s: a size of the model is 0", where);
    if (c->heads % c->kv_heads)
        return err_set(e, ERR_INPUT, "%s: %zu heads cannot share %zu key/value heads", where,
                       c->heads, c->kv_heads);
    if (c->family != FAMILY_LLAMA && c->family != FAMILY_QWEN2 && c->channels % c->heads)
        return err_set(e, ERR_INPUT, "%s: %zu channels cannot be cut into %zu heads", where,
                       c->channels, c->heads);
    if (c->channels > SIZE_MOST || c->mlp > SIZE_MOST || c->vocab > SIZE_MOST ||
        c->positions > SIZE_MOST || c->heads > SIZE_MOST || c->head_size > SIZE_MOST / c->heads)
        return err_set(e, ERR_INPUT, "%s: a size of the model is beyond %zu", where, SIZE_MOST);
    if (c->rope_theta > 0 && (c->head_size % 2 || c->rotary % 2 || c->rotary > c->head_size))
        return err_set(e, ERR_INPUT, "%s: %zu values of a head of %zu cannot rotate in pairs",
                       where, c->rotary, c->head_size);
    if (c->rotary > 1024)
        return err_set(e, ERR_INPUT, "%s: %zu rotary values a head, at most 1,024 are known", where,
                       c->rotary);
    return OK;
}

size_t config_params(const struct model_config *c)
{
    size_t C = c->channels, q = c->heads * c->head_size, kv = c->kv_heads * c->head_size,
           up = c->gated ? 2 * c->mlp : c->mlp;
    size_t norm = C * (c->bias_norm ? 2 : 1);
    size_t layer = 2 * norm + (q + 2 * kv) * C + (c->bias_qkv ? q + 2 * kv : 0) + C * q +
                   (c->bias_out ? C : 0) + up * C + (c->bias_mlp ? up + C : 0) + C * c->mlp;
    return c->vocab * C * (c->tied ? 1 : 2) + (c->learned_positions ? c->positions * C : 0) +
           c->layers * layer + norm;
}

static const char *act_name(const struct model_config *c)
{
    static const char *const known[] = {"gelu_new", "gelu", "silu", "relu"};
    return known[c->act];
}

static void head_to_json(struct js *j, const struct model_config *c, const struct config_head *head)
{
    char name[32], number[32];
    for (int inverse = 0; inverse < 2; inverse++) {
        js_key(j, inverse ? "label2id" : "id2label"), js_open(j, '{');
        for (size_t k = 0; k < head->classes; k++) {
            snprintf(name, sizeof name, "LABEL_%zu", k);
            snprintf(number, sizeof number, "%zu", k);
            const char *label = head->labels ? head->labels[k] : name;
            js_key(j, inverse ? label : number);
            if (inverse)
                js_int(j, (int64_t)k);
            else
                js_str(j, label);
        }
        js_close(j, '}');
    }
    js_key(j, "pad_token_id"), js_int(j, c->eos >= 0 ? c->eos : c->bos >= 0 ? c->bos : 0);
}

int config_to_json(const struct model_config *c, const struct config_head *head, struct str *out)
{
    static const char *const architectures[FAMILY_COUNT][2] = {
        {"GPT2LMHeadModel", "GPT2ForSequenceClassification"},
        {"GPTNeoXForCausalLM", "GPTNeoXForSequenceClassification"},
        {"LlamaForCausalLM", "LlamaForSequenceClassification"},
        {"Qwen2ForCausalLM", "Qwen2ForSequenceClassification"}};
    bool gpt2 = c->family == FAMILY_GPT2, neox = c->family == FAMILY_NEOX;
    struct js j;
    js_init(&j, out);
#define SIZE(key, value) js_key(&j, key), js_int(&j, (int64_t)(value))
#define REAL(key, value) js_key(&j, key), js_real(&j, value)
#define TEXT(key, value) js_key(&j, key), js_str(&j, value)
#define BOOL(key, value) js_key(&j, key), js_bool(&j, value)
    js_open(&j, '{');
    js_key(&j, "architectures"), js_open(&j, '['),
        js_str(&j, architectures[c->family][head != NULL]), js_close(&j, ']');
    TEXT("model_type", names[c->family]);
    SIZE("vocab_size", c->vocab);
    SIZE(gpt2 ? "n_embd" : "hidden_size", c->channels);
    SIZE(gpt2 ? "n_layer" : "num_hidden_layers", c->layers);
    SIZE(gpt2 ? "n_head" : "num_attention_heads", c->heads);
    SIZE(gpt2 ? "n_positions" : "max_position_embeddings", c->positions);
    SIZE(gpt2 ? "n_inner" : "intermediate_size", c->mlp);
    REAL(gpt2 ? "layer_norm_epsilon" : neox ? "layer_norm_eps" : "rms_norm_eps", c->norm_eps);
    TEXT(gpt2 ? "activation_function" : "hidden_act", act_name(c));
    BOOL("tie_word_embeddings", c->tied);
    if (neox) {
        /* the next number up where the product would round below, and a pair be lost */
        double size = (double)c->head_size, share = (double)c->rotary / size;
        share = share * size < (double)c->rotary ? nextafter(share, 1) : share;
        BOOL("use_parallel_residual", c->parallel);
        BOOL("attention_bias", c->bias_qkv);
        REAL("rotary_pct", share);
        REAL("rotary_emb_base", c->rope_theta);
        js_key(&j, "rope_parameters"), js_open(&j, '{');
        TEXT("rope_type", "default");
        REAL("rope_theta", c->rope_theta);
        REAL("partial_rotary_factor", share);
        js_close(&j, '}');
    } else if (!gpt2) {
        SIZE("num_key_value_heads", c->kv_heads);
        SIZE("head_dim", c->head_size);
        if (c->family == FAMILY_LLAMA)
            BOOL("attention_bias", c->bias_qkv);
        BOOL("mlp_bias", c->bias_mlp);
        REAL("rope_theta", c->rope_theta);
        js_key(&j, "rope_parameters"), js_open(&j, '{');
        TEXT("rope_type", "default");
        REAL("rope_theta", c->rope_theta);
        js_close(&j, '}');
    }
    if (c->bos >= 0)
        SIZE("bos_token_id", c->bos);
    if (c->eos >= 0)
        SIZE("eos_token_id", c->eos);
    if (head)
        head_to_json(&j, c, head);
    TEXT("torch_dtype", "float32");
    js_close(&j, '}');
    str_addc(out, '\n');
    return OK;
}
