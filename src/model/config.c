/* config.c - the table of families, and what every family's numbers have to satisfy. */
#include "model/config.h"
#include "core/doc.h"
#include "model/config_read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TURN 6.283185307179586

#define CLASSES(prefix) prefix "ForCausalLM", prefix "ForSequenceClassification"
const struct config_family config_families[FAMILY_COUNT] = {
    [FAMILY_GPT2] = {"gpt2", "gpt2", "GPT2LMHeadModel", "GPT2ForSequenceClassification",
                     "GPT-2, DistilGPT-2", config_read_gpt2},
    [FAMILY_NEOX] = {"gpt_neox", "gptneox", CLASSES("GPTNeoX"), "Pythia, GPT-NeoX",
                     config_read_neox},
    [FAMILY_LLAMA] = {"llama", "llama", CLASSES("Llama"), "Llama 1 to 3.3, SmolLM, TinyLlama",
                      config_read_llama},
    [FAMILY_QWEN2] = {"qwen2", "qwen2", CLASSES("Qwen2"), "Qwen 2, Qwen 2.5", config_read_llama},
    [FAMILY_MISTRAL] = {"mistral", "llama", CLASSES("Mistral"), "Mistral 7B", config_read_llama},
    [FAMILY_QWEN3] = {"qwen3", "qwen3", CLASSES("Qwen3"), "Qwen 3", config_read_llama},
    [FAMILY_OLMO2] = {"olmo2", "olmo2", CLASSES("Olmo2"), "OLMo 2", config_read_llama},
    [FAMILY_GPT_NEO] = {"gpt_neo", NULL, CLASSES("GPTNeo"), "GPT-Neo, TinyStories",
                        config_read_gpt_neo},
    [FAMILY_GEMMA3] = {"gemma3_text", "gemma3", "Gemma3ForCausalLM",
                       "Gemma3TextForSequenceClassification", "Gemma 3 text", config_read_gemma3},
};

const char *family_name(enum family f)
{
    return config_families[f].name;
}

void config_families_list(char *buf, size_t n, bool gguf)
{
    size_t at = 0;
    for (int f = 0; f < FAMILY_COUNT && at < n; f++) {
        const char *name = gguf ? config_families[f].gguf : config_families[f].name;
        bool said = !name;
        for (int g = 0; g < f && gguf && name; g++)
            said = said || (config_families[g].gguf && strcmp(config_families[g].gguf, name) == 0);
        if (!said)
            at += (size_t)snprintf(buf + at, n - at, "%s%s", at ? ", " : "", name);
    }
}

int config_check(const struct model_config *c, const char *where, struct err *e)
{
    if (!c->layers || c->layers > CONFIG_LAYERS_MOST)
        return err_set(e, ERR_INPUT, "%s: %zu layers, wanted 1 to 1,024", where, c->layers);
    if (!c->heads || !c->kv_heads || !c->head_size || !c->channels || !c->mlp || !c->vocab ||
        !c->positions)
        return err_set(e, ERR_INPUT, "%s: a size of the model is 0", where);
    if (c->heads % c->kv_heads)
        return err_set(e, ERR_INPUT, "%s: %zu heads cannot share %zu key/value heads", where,
                       c->heads, c->kv_heads);
    if (c->norm == NORM_LAYER && c->channels % c->heads)
        return err_set(e, ERR_INPUT, "%s: %zu channels cannot be cut into %zu heads", where,
                       c->channels, c->heads);
    if (c->channels > CONFIG_SIZE_MOST || c->mlp > CONFIG_SIZE_MOST ||
        c->vocab > CONFIG_SIZE_MOST || c->positions > CONFIG_SIZE_MOST ||
        c->heads > CONFIG_SIZE_MOST || c->head_size > CONFIG_SIZE_MOST / c->heads)
        return err_set(e, ERR_INPUT, "%s: a size of the model is beyond %zu", where,
                       CONFIG_SIZE_MOST);
    if (c->rope_theta > 0 && (c->head_size % 2 || c->rotary % 2 || c->rotary > c->head_size))
        return err_set(e, ERR_INPUT, "%s: %zu values of a head of %zu cannot rotate in pairs",
                       where, c->rotary, c->head_size);
    BUG_ON(c->norm == NORM_LAYER && (c->norm_place != NORMS_BEFORE || c->qk_norm));
    BUG_ON(c->parallel && c->norm_place != NORMS_BEFORE);
    if (c->rotary > 1024)
        return err_set(e, ERR_INPUT, "%s: %zu rotary values a head, at most 1,024 are known", where,
                       c->rotary);
    return OK;
}

size_t config_params(const struct model_config *c)
{
    size_t C = c->channels, q = c->heads * c->head_size, kv = c->kv_heads * c->head_size,
           up = c->gated ? 2 * c->mlp : c->mlp;
    size_t norm = C * (c->bias_norm ? 2 : 1), norms = c->norm_place == NORMS_AROUND ? 4 : 2,
           parts = c->qk_norm == QK_NORM_HEAD    ? 2 * c->head_size
                   : c->qk_norm == QK_NORM_WHOLE ? q + kv
                                                 : 0;
    size_t layer = norms * norm + parts + (q + 2 * kv) * C + (c->bias_qkv ? q + 2 * kv : 0) +
                   C * q + (c->bias_out ? C : 0) + up * C + (c->bias_mlp ? up + C : 0) + C * c->mlp;
    return c->vocab * C * (c->tied ? 1 : 2) + (c->learned_positions ? c->positions * C : 0) +
           c->layers * layer + norm;
}

bool config_windowed(const struct model_config *c, size_t layer)
{
    return c->window && layer < CONFIG_LAYERS_MOST && c->windowed[layer / 64] >> layer % 64 & 1;
}

void config_window_set(struct model_config *c, size_t layer)
{
    c->windowed[layer / 64] |= (uint64_t)1 << layer % 64;
}

void config_gemma3(struct model_config *c, size_t every)
{
    c->norm = NORM_RMS;
    c->norm_place = NORMS_AROUND;
    c->qk_norm = QK_NORM_HEAD;
    c->gated = true;
    c->embed_scale = sqrt((double)c->channels);
    for (size_t l = 0; l < c->layers && l < CONFIG_LAYERS_MOST; l++)
        if ((l + 1) % every)
            config_window_set(c, l);
}

/* llama3_frequency - as Llama 3.1's model card has it: a wave that turns less than `low` times over
 * the old positions is stretched, one that turns more than `high` times is not. */
static double llama3_frequency(const struct rope_scaling *s, double f)
{
    double turns = s->positions * f / TURN;
    if (turns < s->low)
        return f / s->factor;
    if (turns > s->high)
        return f;
    double kept = (turns - s->low) / (s->high - s->low);
    return (1 - kept) * f / s->factor + kept * f;
}

void config_rope(const struct model_config *c, double *freq)
{
    const struct rope_scaling *s = &c->rope_scaling;
    for (size_t k = 0; k < c->rotary / 2; k++) {
        double f = pow(c->rope_theta, -2 * (double)k / (double)c->rotary);
        freq[k] = s->kind == ROPE_LLAMA3   ? llama3_frequency(s, f)
                  : s->kind == ROPE_LINEAR ? f / s->factor
                                           : f;
    }
}
