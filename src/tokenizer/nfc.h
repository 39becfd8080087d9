/* nfc.h - Unicode canonical composition (UAX 15), with the tables of Unicode 9 that Hugging Face
 * tokenizers has. */
#ifndef W2S_TOKENIZER_NFC_H
#define W2S_TOKENIZER_NFC_H

#include "core/str.h"

/* nfc_trivial - true where s[0..n) is composed already, as far as a look at the bytes tells: no
 * code point from U+0300 on. */
bool nfc_trivial(const char *s, size_t n);

/* nfc_compose - append the composed form of valid UTF-8 s[0..n). Linear but for sorting the marks
 * of one letter. */
int nfc_compose(struct str *out, const char *s, size_t n, struct err *e);

#endif
