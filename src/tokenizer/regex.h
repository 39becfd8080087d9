/* regex.h - the regular expressions of tokenizer files, which are written for Oniguruma, by PCRE2.
 */
#ifndef W2S_TOKENIZER_REGEX_H
#define W2S_TOKENIZER_REGEX_H

#include "core/err.h"
#include <stdint.h>

struct regex;

/* regex_new - a pattern of the part of the language on which both agree: literals, classes, \s \S
 * \d \D \p{general category}, groups, look-around, greedy, lazy and possessive repetition,
 * (?i:...). Anything else is ERR_INPUT naming it. */
int regex_new(struct regex **out, const char *pattern, struct err *e);
int regex_new_literal(struct regex **out, const char *text, size_t n, struct err *e);
void regex_free(struct regex *r);

/* What one search needs for itself; one a thread, for any number of expressions. */
struct regex_work {
    void *match; /* NULL before its first use */
};
void regex_work_release(struct regex_work *w);

/* regex_walk - every match of r in s[0..n), one after the other, as Oniguruma's bindings for Rust
 * give them: an empty match where the last one ended is passed over. */
struct regex_walk {
    const struct regex *r;
    struct regex_work *work;
    const char *s;
    size_t n, from, last; /* last: end of the last match, SIZE_MAX at first */
};
void regex_walk_init(struct regex_walk *k, const struct regex *r, struct regex_work *w,
                     const char *s, size_t n);
int regex_walk_next(struct regex_walk *k, bool *found, size_t *begin, size_t *end, struct err *e);

/* regex_find - the first match in s[0..n) at or after from: *found, [*begin, *end). s is valid
 * UTF-8 as text_show gives it. */
int regex_find(const struct regex *r, struct regex_work *w, const char *s, size_t n, size_t from,
               bool *found, size_t *begin, size_t *end, struct err *e);

#endif
