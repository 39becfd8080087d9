/* pretok_steps.h - how pretok.c and pretok_read.c put steps into a pretok; theirs alone. */
#ifndef W2S_TOKENIZER_PRETOK_STEPS_H
#define W2S_TOKENIZER_PRETOK_STEPS_H

#include "tokenizer/pretok.h"

/* Radford et al. 2019, as in the published encoder. */
#define PRETOK_GPT2                                                                                \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* find NULL: none; literal: find is text, else a pattern. Everything is copied. */
int pretok_add_normal(struct pretok *p, enum normal_kind kind, const char *find, bool literal,
                      const char *text, struct err *e);
int pretok_add_cut(struct pretok *p, enum cut_kind kind, const char *find, bool literal,
                   enum cut_behavior behavior, bool invert, struct err *e);
/* pretok_add_sign - as Hugging Face's Metaspace, but for the cutting. */
int pretok_add_sign(struct pretok *p, const char *sign, enum sign_prefix prefix, struct err *e);
int pretok_set_bytes(struct pretok *p, struct err *e);

#endif
