/* config.h - what a model is: its family and its numbers, from config.json or from GGUF's fields.
 *
 * To add a family: a row of the table in family.c (names of its tensors), a reader of its config
 * fields in config.c, fixtures from tests/oracle/make_models.py. */
#ifndef W2S_MODEL_CONFIG_H
#define W2S_MODEL_CONFIG_H

#include "core/err.h"
#include "core/str.h"
#include "tensor/ops.h"

enum family { FAMILY_GPT2, FAMILY_NEOX, FAMILY_LLAMA, FAMILY_QWEN2, FAMILY_COUNT };
enum norm_kind { NORM_LAYER, NORM_RMS };

struct model_config {
    enum family family;
    size_t layers;                     /* L, of this model (after truncation) */
    size_t layers_whole;               /* of the checkpoint it came from */
    size_t channels;                   /* C */
    size_t heads, kv_heads, head_size; /* H, Hkv, D; H*D may differ from C */
    size_t mlp;                        /* M, inner size */
    size_t vocab;                      /* V, rows of the embedding */
    size_t positions;                  /* longest sequence */
    enum norm_kind norm;
    double norm_eps;
    enum act act;
    bool gated;             /* MLP is f(gate) * up */
    bool learned_positions; /* GPT-2 */
    double rope_theta;      /* 0: no rotary */
    size_t rotary;          /* values of a head that rotate */
    bool parallel;          /* attention and MLP side by side (NeoX use_parallel_residual) */
    bool bias_qkv, bias_out, bias_mlp, bias_norm;
    bool tied;        /* unembedding is the embedding */
    int64_t bos, eos; /* -1 where absent */
};

struct doc;
/* config_from_json - of a Hugging Face config.json's tree. An unknown model_type, or a setting this
 * program would compute wrongly (rope scaling, sliding window shorter than positions, other
 * activations, query/key norms), is ERR_INPUT that names field, value and what is known; nothing is
 * silently ignored that changes logits. */
int config_from_json(struct model_config *c, const struct doc *root, struct err *e);
/* config_check - numbers that fit together (heads divide, sizes > 0 and within 1<<24, layers <=
 * 1024 ...). */
int config_check(const struct model_config *c, const char *where, struct err *e);
/* config_to_json - what Hugging Face transformers loads (architectures, model_type, torch_dtype
 * float32 ...); with a head that of ...ForSequenceClassification: its labels (NULL: LABEL_0 ...),
 * and eos, bos or 0 as the padding that it wants to know. head NULL: a language model. */
struct config_head {
    size_t classes;
    const char *const *labels; /* [classes] */
};
int config_to_json(const struct model_config *c, const struct config_head *head, struct str *out);
/* family_name - "gpt2", "gpt_neox", "llama", "qwen2": Hugging Face's model_type. */
const char *family_name(enum family f);
size_t config_params(const struct model_config *c); /* number of parameters, tied counted once */

#endif
