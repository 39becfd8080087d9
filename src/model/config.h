/* config.h - what a model is: its family and its numbers, from config.json or from GGUF's fields.
 *
 * To add a family: a row of the table in config.c (its names, a reader of its fields in
 * config_read.c), a row of the table in family.c (names of its tensors), fixtures from
 * tests/oracle/make_models.py. */
#ifndef W2S_MODEL_CONFIG_H
#define W2S_MODEL_CONFIG_H

#include "core/err.h"
#include "core/str.h"
#include "tensor/ops.h"

enum family {
    FAMILY_GPT2,
    FAMILY_NEOX,
    FAMILY_LLAMA,
    FAMILY_QWEN2,
    FAMILY_MISTRAL,
    FAMILY_QWEN3,
    FAMILY_OLMO2,
    FAMILY_GPT_NEO,
    FAMILY_GEMMA3,
    FAMILY_COUNT
};
enum norm_kind { NORM_LAYER, NORM_RMS };

/* Where a block norms: what attention and MLP read, what they give, or both. */
enum norm_place { NORMS_BEFORE, NORMS_AFTER, NORMS_AROUND };
/* Whether queries and keys are normed before they rotate: each head, or all heads as one. */
enum qk_norm { QK_NORM_NONE, QK_NORM_HEAD, QK_NORM_WHOLE };
#define CONFIG_LAYERS_MOST 1024

/* What is made of the frequencies theta^(-2k/rotary): nothing; divided by factor; Llama 3's: long
 * waves divided by factor, short ones left, between them a slope. */
enum rope_kind { ROPE_PLAIN, ROPE_LINEAR, ROPE_LLAMA3, ROPE_COUNT };
struct rope_scaling {
    enum rope_kind kind;
    double factor;
    double low, high; /* waves longer than positions/low, shorter than positions/high */
    double positions; /* of the model before it was stretched */
};

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
    enum norm_place norm_place;
    enum qk_norm qk_norm;
    double norm_eps;
    enum act act;
    bool gated;                                 /* MLP is f(gate) * up */
    bool learned_positions;                     /* GPT-2 */
    double rope_theta;                          /* 0: no rotary */
    size_t rotary;                              /* values of a head that rotate */
    struct rope_scaling rope_scaling;           /* of layers that see everything */
    double attn_scale;                          /* of q.k; 0: 1/sqrt(D) */
    double embed_scale;                         /* of embedded tokens; 0: 1 */
    size_t window;                              /* tokens that a windowed layer sees; 0: all */
    uint64_t windowed[CONFIG_LAYERS_MOST / 64]; /* a bit for each layer */
    double window_theta; /* a windowed layer's rope_theta, not scaled; 0: as the others */
    bool parallel;       /* attention and MLP side by side (NeoX use_parallel_residual) */
    bool bias_qkv, bias_out, bias_mlp, bias_norm;
    bool tied;        /* unembedding is the embedding */
    int64_t bos, eos; /* -1 where absent */
};

struct doc;
/* config_from_json - of a Hugging Face config.json's tree. An unknown model_type, or a setting this
 * program would compute wrongly (other rope scalings, other activations, capped logits), is
 * ERR_INPUT that names field, value and what is known; nothing is silently ignored that changes
 * logits. */
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

/* config_families - the table: what a family is called in config.json (model_type), in GGUF
 * (general.architecture; two may share one) and in transformers' classes, and who reads its
 * config.json. config_families_list - "gpt2, gpt_neox ...", for messages; of GGUF's names where
 * gguf. family_name - Hugging Face's model_type. */
struct config_family {
    const char *name, *gguf; /* gguf NULL: there is no such file */
    const char *lm, *classifier;
    const char *what; /* for people: the models it is known by */
    int (*read)(struct model_config *c, const struct doc *root, struct err *e);
};
extern const struct config_family config_families[FAMILY_COUNT];
void config_families_list(char *buf, size_t n, bool gguf);
const char *family_name(enum family f);

size_t config_params(const struct model_config *c); /* number of parameters, tied counted once */
bool config_windowed(const struct model_config *c, size_t layer);
void config_window_set(struct model_config *c, size_t layer);
/* config_rope - the rotation's frequencies [rotary/2], as the scaling makes them. */
void config_rope(const struct model_config *c, double *freq);

#endif
