/* text.h - UTF-8 as the tokenizer needs it: broken bytes replaced, the alphabet of byte-level BPE,
 * the Unicode facts in which Hugging Face tokenizers and the system's libraries may differ. */
#ifndef W2S_TOKENIZER_TEXT_H
#define W2S_TOKENIZER_TEXT_H

#include "core/err.h"
#include "core/str.h"
#include <stdint.h>

/* text_valid - the length of the longest beginning of s[0..n) that is whole, valid UTF-8; n: all of
 * it. */
size_t text_valid(const char *s, size_t n);

/* text_repair - append s[0..n) with each maximal broken part replaced by U+FFFD (Unicode 16,
 * section 3.9, "U+FFFD Substitution of Maximal Subparts"; what Rust's from_utf8_lossy and Python
 * do). */
int text_repair(struct str *out, const char *s, size_t n, struct err *e);

/* text_next - the code point at s, which is valid UTF-8; returns its bytes. */
static inline size_t text_next(const char *s, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80) {
        *cp = u[0];
        return 1;
    }
    if (u[0] < 0xE0) {
        *cp = (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3FU);
        return 2;
    }
    if (u[0] < 0xF0) {
        *cp = (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3FU);
        return 3;
    }
    *cp = (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3F) << 12 |
          (uint32_t)(u[2] & 0x3F) << 6 | (u[3] & 0x3FU);
    return 4;
}

/* text_from_alphabet - read s[0..n) in the alphabet of byte-level BPE, in which each of the 256
 * bytes is a visible character (Radford et al. 2019), append the bytes. false, and nothing
 * appended, where a character is not of the alphabet. */
bool text_from_alphabet(struct str *out, const char *s, size_t n);

/* text_to_alphabet - append bytes s[0..n) in that alphabet. */
void text_to_alphabet(struct str *out, const char *s, size_t n);

bool text_is_numeric(uint32_t cp); /* general category N as Rust has it */
bool text_is_space(uint32_t cp);   /* Unicode's White_Space */

/* text_show - what regular expressions are to see of valid UTF-8 s[0..n): s itself, or, where some
 * code point is of another category in the system's tables than in those of tokenizers, out (reset
 * first): a text of the same length in which others stand for those. NULL: out of memory. */
const char *text_show(struct str *out, const char *s, size_t n, struct err *e);

#endif
