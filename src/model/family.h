/* family.h - families as rows of a table: which parameters a model has, and where each is found in
 * a file.
 *
 * The program's own layout, the same for every family (weights are [out,in]):
 *
 *     embed [V,C], positions [P,C] (GPT-2)
 *     for each layer:
 *         norm1.gain, norm1.bias
 *         qkv.weight [(H+2*Hkv)*D, C] (query rows, then key, then value), qkv.bias
 *         out.weight [C, H*D], out.bias
 *         norm2.gain, norm2.bias
 *         up.weight [M,C], or [2M,C] where gated (gate rows, then up), up.bias
 *         down.weight [C,M], down.bias
 *         q_norm.gain, k_norm.gain [D], or [H*D] and [Hkv*D] where all heads are normed as one
 *         post1.gain, post2.gain (norms of what attention and MLP give)
 *     norm.gain, norm.bias, unembed [V,C] (absent where tied)
 *
 * Norms are there where the config places them. A gain is what rows are multiplied by, also where
 * a file keeps it less one (Gemma's safetensors).
 *
 * A parameter is filled from pieces: a tensor of the file, at a row, with a transform (none,
 * transposed as GPT-2's Conv1D, NeoX's per-head query/key/value interleaving, GGUF's permuted
 * query/key rows). The same pieces, read backwards, write a Hugging Face file. */
#ifndef W2S_MODEL_FAMILY_H
#define W2S_MODEL_FAMILY_H

#include "model/weights.h"

enum param_kind {
    PARAM_EMBED,
    PARAM_POSITIONS,
    PARAM_NORM_GAIN,
    PARAM_BIAS, /* also of norms */
    PARAM_MATRIX,
    PARAM_UNEMBED,
};
enum param_role { /* one a parameter, in this order within a layer */
                  ROLE_EMBED,
                  ROLE_POSITIONS,
                  ROLE_NORM1_GAIN,
                  ROLE_NORM1_BIAS,
                  ROLE_QKV,
                  ROLE_QKV_BIAS,
                  ROLE_OUT,
                  ROLE_OUT_BIAS,
                  ROLE_NORM2_GAIN,
                  ROLE_NORM2_BIAS,
                  ROLE_UP,
                  ROLE_UP_BIAS,
                  ROLE_DOWN,
                  ROLE_DOWN_BIAS,
                  ROLE_Q_NORM,
                  ROLE_K_NORM,
                  ROLE_POST1_GAIN,
                  ROLE_POST2_GAIN,
                  ROLE_NORM_GAIN,
                  ROLE_NORM_BIAS,
                  ROLE_UNEMBED,
                  ROLE_COUNT, /* of the family's; also the head's */
                  ROLE_LORA,  /* adapters: + 2 * lora_target for A, + 1 for B */
};

struct param_spec {
    char name[48]; /* "layers.3.qkv.weight", "embed.weight": for messages and checkpoints */
    enum param_kind kind;
    enum param_role role;
    int layer;         /* -1: before the first; L: after the last */
    size_t rows, cols; /* vectors: rows 1 */
};

/* family_params - the list for a config, in the order above. Heap array, mem_free. */
int family_params(const struct model_config *c, struct param_spec **specs, size_t *n,
                  struct err *e);

/* family_load - one parameter's rows*cols floats, handed to put in runs: n floats (host, until it
 * returns) from the at-th on, each once, in any order. A run is a few megabytes, or a row or a
 * head's rows where those are more; of what a file keeps transposed the whole tensor is held
 * besides. A tensor that is missing or of the wrong shape: ERR_INPUT that names file, tensor, shape
 * found and shape wanted; so is a number that is not finite. */
int family_load(const struct weights *w, const struct model_config *c, const struct param_spec *s,
                void (*put)(void *ctx, size_t at, const float *values, size_t n), void *ctx,
                struct err *e);
/* family_check - every parameter of the config is in the file with its shape, nothing read. Tensors
 * of the file that no parameter uses (beyond known buffers such as attn.bias, rotary inv_freq, and
 * layers cut by truncation) are an error: a model half understood gives wrong numbers. */
int family_check(const struct weights *w, const struct model_config *c, struct err *e);

/* family_save - a Hugging Face folder: config.json, model.safetensors in F32. get fills rows*cols
 * floats of parameter i; with a head also of the one behind the last, score.weight
 * [classes,C]. */
int family_save(const struct model_config *c, const struct config_head *head, const char *dir,
                int (*get)(void *ctx, size_t i, float *out, struct err *e), void *ctx,
                struct err *e);

/* family_module - what Hugging Face calls the linear layer that holds a part of a role's rows (0
 * query, 1 key, 2 value; 0 gate, 1 up), without ".weight". family_fused - query, key and value are
 * one layer. family_file_row - where row r of a fused layer lies in a file. */
void family_module(const struct model_config *c, enum param_role role, size_t part, int layer,
                   char *out, size_t n);
bool family_fused(const struct model_config *c);
size_t family_file_row(const struct model_config *c, enum param_role role, size_t r);

#endif
