/* config_write.c - a config.json that transformers loads. */
#include "core/doc.h"
#include "model/config.h"

#include <math.h>
#include <stdio.h>

#define SIZE(key, value) js_key(j, key), js_int(j, (int64_t)(value))
#define REAL(key, value) js_key(j, key), js_real(j, value)
#define TEXT(key, value) js_key(j, key), js_str(j, value)
#define BOOL(key, value) js_key(j, key), js_bool(j, value)

static const char *act_name(const struct model_config *c)
{
    static const char *const known[] = {"gelu_new", "gelu", "silu", "relu"};
    return c->family == FAMILY_GEMMA3 && c->act == ACT_GELU_TANH ? "gelu_pytorch_tanh"
                                                                 : known[c->act];
}

/* scalar_to_json - Gemma's number whose root scores are divided by; whole where it was. */
static void scalar_to_json(struct js *j, const struct model_config *c)
{
    double x = 1 / (c->attn_scale * c->attn_scale), whole = round(x);
    if (fabs(x - whole) < 1e-9 * whole)
        SIZE("query_pre_attn_scalar", whole);
    else
        REAL("query_pre_attn_scalar", x);
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

static void scaling_to_json(struct js *j, const struct rope_scaling *s)
{
    static const char *const kinds[ROPE_COUNT] = {"default", "linear", "llama3"};
    js_key(j, "rope_type"), js_str(j, kinds[s->kind]);
    if (s->kind != ROPE_PLAIN)
        js_key(j, "factor"), js_real(j, s->factor);
    if (s->kind == ROPE_LLAMA3) {
        js_key(j, "low_freq_factor"), js_real(j, s->low);
        js_key(j, "high_freq_factor"), js_real(j, s->high);
        js_key(j, "original_max_position_embeddings"), js_int(j, (int64_t)s->positions);
    }
}

/* rope_map_to_json - transformers 5's map under a key. */
static void rope_map_to_json(struct js *j, const char *key, const struct rope_scaling *s,
                             double theta, double share)
{
    js_key(j, key), js_open(j, '{');
    scaling_to_json(j, s);
    js_key(j, "rope_theta"), js_real(j, theta);
    if (share < 1)
        js_key(j, "partial_rotary_factor"), js_real(j, share);
    js_close(j, '}');
}

/* rope_to_json - with transformers 4's keys and 5's. */
static void rope_to_json(struct js *j, const struct model_config *c, double share)
{
    const struct rope_scaling plain = {.kind = ROPE_PLAIN}, *s = &c->rope_scaling;
    js_key(j, "rope_theta"), js_real(j, c->rope_theta);
    if (s->kind != ROPE_PLAIN) {
        js_key(j, "rope_scaling"), js_open(j, '{');
        scaling_to_json(j, s);
        js_close(j, '}');
    }
    if (!(c->window_theta > 0)) {
        rope_map_to_json(j, "rope_parameters", s, c->rope_theta, share);
        return;
    }
    js_key(j, "rope_local_base_freq"), js_real(j, c->window_theta);
    js_key(j, "rope_parameters"), js_open(j, '{');
    rope_map_to_json(j, "full_attention", s, c->rope_theta, share);
    rope_map_to_json(j, "sliding_attention", &plain, c->window_theta, share);
    js_close(j, '}');
}

/* windows_to_json - which layers see how much, as the family spells it. */
static void windows_to_json(struct js *j, const struct model_config *c)
{
    bool neo = c->family == FAMILY_GPT_NEO, mistral = c->family == FAMILY_MISTRAL, qwen;
    size_t first = 0;
    qwen = c->family == FAMILY_QWEN2 || c->family == FAMILY_QWEN3;
    while (first < c->layers && !config_windowed(c, first))
        first++;
    if (qwen)
        js_key(j, "use_sliding_window"), js_bool(j, c->window > 0);
    js_key(j, neo ? "window_size" : "sliding_window");
    if (c->window)
        js_int(j, (int64_t)c->window);
    else
        js_null(j);
    if (mistral || !c->window)
        return;
    if (qwen)
        js_key(j, "max_window_layers"), js_int(j, (int64_t)first);
    js_key(j, neo ? "attention_types" : "layer_types"), js_open(j, '[');
    for (size_t l = 0; l < c->layers; l++) {
        bool near = config_windowed(c, l);
        if (neo) {
            js_open(j, '['), js_open(j, '['), js_str(j, near ? "local" : "global");
            js_close(j, ']'), js_int(j, 1), js_close(j, ']');
        } else {
            js_str(j, near ? "sliding_attention" : "full_attention");
        }
    }
    js_close(j, ']');
}

static void gpt2_to_json(struct js *j, const struct model_config *c)
{
    SIZE("n_embd", c->channels);
    SIZE("n_layer", c->layers);
    SIZE("n_head", c->heads);
    SIZE("n_positions", c->positions);
    SIZE("n_inner", c->mlp);
    REAL("layer_norm_epsilon", c->norm_eps);
    TEXT("activation_function", act_name(c));
}

static void neox_to_json(struct js *j, const struct model_config *c)
{
    /* the next number up where the product would round below, and a pair be lost */
    double size = (double)c->head_size, share = (double)c->rotary / size;
    share = share * size < (double)c->rotary ? nextafter(share, 1) : share;
    REAL("layer_norm_eps", c->norm_eps);
    TEXT("hidden_act", act_name(c));
    BOOL("use_parallel_residual", c->parallel);
    BOOL("attention_bias", c->bias_qkv);
    REAL("rotary_pct", share);
    REAL("rotary_emb_base", c->rope_theta);
    rope_to_json(j, c, share);
}

static void llama_to_json(struct js *j, const struct model_config *c)
{
    enum family f = c->family;
    bool gemma = f == FAMILY_GEMMA3;
    REAL("rms_norm_eps", c->norm_eps);
    TEXT(gemma ? "hidden_activation" : "hidden_act", act_name(c));
    SIZE("num_key_value_heads", c->kv_heads);
    if (f != FAMILY_OLMO2)
        SIZE("head_dim", c->head_size);
    if (f != FAMILY_QWEN2 && f != FAMILY_MISTRAL)
        BOOL("attention_bias", c->bias_qkv);
    if (f == FAMILY_LLAMA)
        BOOL("mlp_bias", c->bias_mlp);
    if (gemma)
        scalar_to_json(j, c);
    if (f != FAMILY_LLAMA && f != FAMILY_OLMO2)
        windows_to_json(j, c);
    rope_to_json(j, c, 1);
}

int config_to_json(const struct model_config *c, const struct config_head *head, struct str *out)
{
    const struct config_family *f = &config_families[c->family];
    bool neo = c->family == FAMILY_GPT_NEO;
    struct js writer, *j = &writer;
    js_init(j, out);
    js_open(j, '{');
    js_key(j, "architectures"), js_open(j, '['), js_str(j, head ? f->classifier : f->lm);
    js_close(j, ']');
    TEXT("model_type", f->name);
    SIZE("vocab_size", c->vocab);
    BOOL("tie_word_embeddings", c->tied);
    if (c->family == FAMILY_GPT2) {
        gpt2_to_json(j, c);
    } else {
        SIZE("hidden_size", c->channels);
        SIZE(neo ? "num_layers" : "num_hidden_layers", c->layers);
        SIZE(neo ? "num_heads" : "num_attention_heads", c->heads);
        SIZE("max_position_embeddings", c->positions);
        SIZE("intermediate_size", c->mlp);
    }
    if (neo) {
        REAL("layer_norm_epsilon", c->norm_eps);
        TEXT("activation_function", act_name(c));
        windows_to_json(j, c);
    } else if (c->family == FAMILY_NEOX) {
        neox_to_json(j, c);
    } else if (c->family != FAMILY_GPT2) {
        llama_to_json(j, c);
    }
    if (c->bos >= 0)
        SIZE("bos_token_id", c->bos);
    if (c->eos >= 0)
        SIZE("eos_token_id", c->eos);
    if (head)
        head_to_json(j, c, head);
    TEXT("torch_dtype", "float32");
    js_close(j, '}');
    str_addc(out, '\n');
    return OK;
}
