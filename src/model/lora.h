/* lora.h - low-rank adapters (Hu et al. 2021, arXiv 2106.09685): beside a frozen linear layer of a
 * block, y += alpha/rank * B (A x), where A [rank,in] and B [out,rank] learn. Files: PEFT's folder,
 * adapter_config.json and adapter_model.safetensors. */
#ifndef W2S_MODEL_LORA_H
#define W2S_MODEL_LORA_H

#include "model/config.h"

/* The linear layers of a block. Where a family keeps query, key and value in one layer (GPT-2,
 * GPT-NeoX) they have one adapter, LORA_Q's; gate is there where the MLP is gated. */
enum lora_target { LORA_Q, LORA_K, LORA_V, LORA_OUT, LORA_GATE, LORA_UP, LORA_DOWN, LORA_TARGETS };
#define LORA_ALL       ((1u << LORA_TARGETS) - 1)
#define LORA_RANK_MOST 1024

struct lora {
    size_t rank;      /* 0: none */
    double alpha;     /* what the product is multiplied by, times the rank */
    unsigned targets; /* a bit each; LORA_ALL: those that the family has */
    uint64_t seed;    /* of A: uniform within 1/sqrt(in), as PEFT; B starts as 0 */
};

/* lora_read - "8", "8 alpha 16", "8 on q,v", "8 alpha 16 on q,v": rank; alpha, twice the rank where
 * it is not said; q, k, v, out, gate, up, down. False where text is something else. lora_write -
 * all of it, as text that lora_read reads. */
bool lora_read(struct lora *l, const char *text);
void lora_write(const struct lora *l, struct str *out);
/* lora_check - the family has what is named; else a sentence. */
int lora_check(const struct lora *l, const struct model_config *c, struct err *e);
size_t lora_params(const struct lora *l, const struct model_config *c); /* numbers that learn */

struct model;
/* lora_save - the adapters of m, and its head where it has one, as score.weight. base: name of the
 * model that they belong to, as adapter_config.json has it.
 * lora_load - adapters of a folder beside m's weights; they learn (TRAIN_LORA), from where they
 * are. What a folder wants and is not computed here (DoRA, other ranks by layer, biases), and a
 * tensor that has no place in m: ERR_INPUT, and m has no adapters.
 * lora_merge - weights become what they are with their adapters; the adapters go, nothing learns.
 */
int lora_save(const struct model *m, const char *base, const char *dir, struct err *e);
int lora_load(struct model *m, const char *dir, struct err *e);
int lora_merge(struct model *m, struct err *e);

#endif
