/* config_read.h - the families' readers of config.json. Inside model only. */
#ifndef W2S_MODEL_CONFIG_READ_H
#define W2S_MODEL_CONFIG_READ_H

#include "model/config.h"

#define CONFIG_SIZE_MOST ((size_t)1 << 24)

int config_read_gpt2(struct model_config *c, const struct doc *r, struct err *e);
int config_read_neox(struct model_config *c, const struct doc *r, struct err *e);
int config_read_llama(struct model_config *c, const struct doc *r, struct err *e);
int config_read_gpt_neo(struct model_config *c, const struct doc *r, struct err *e);
int config_read_gemma3(struct model_config *c, const struct doc *r, struct err *e);
/* config_gemma3 - what every Gemma 3 has, its sizes given: all layers but each `every`-th are
 * windowed. */
void config_gemma3(struct model_config *c, size_t every);

#endif
