/* str.h - a growing byte string. Additions do not return errors: a failed one is remembered and
 * str_check, called once at the end, reports it. s is NUL-terminated at all times (may hold NULs).
 */
#ifndef W2S_CORE_STR_H
#define W2S_CORE_STR_H

#include "core/err.h"
#include <stdarg.h>

struct str {
    char *s; /* never NULL after STR_INIT: "" at first */
    size_t len, cap;
    bool failed;
};

extern char str_empty[1];
#define STR_INIT                                                                                   \
    {                                                                                              \
        str_empty, 0, 0, false                                                                     \
    }

void str_init(struct str *b);
void str_release(struct str *b); /* back to STR_INIT */
void str_reset(struct str *b);   /* length 0, storage and failure kept */
void str_cat(struct str *b, const char *s);
void str_catn(struct str *b, const void *s, size_t n);
void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
int str_check(const struct str *b, struct err *e); /* ERR_NOMEM if any addition failed */
char *str_take(struct str *b,
               struct err *e); /* heap string to the caller (mem_free); b is as new */
void str_path(struct str *b, const char *dir, const char *name); /* b = dir/name, one slash */

/* str_number - as a person writes it, and as short as reads back the same: 60, 0.00025, 1e-8. */
void str_number(struct str *b, double v);
/* str_csv - append s as one field of RFC 4180: quoted where it has to be. */
void str_csv(struct str *b, const char *s);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* utf8_next - decode one code point of s[0..n), n > 0; returns bytes taken, *cp = U+FFFD and 1 for
 * a broken sequence (overlong, surrogate, cut short). */
size_t utf8_next(const char *s, size_t n, unsigned *cp);
size_t utf8_put(char out[4], unsigned cp); /* bytes written */
/* str_latin1 - append s[0..n) read as Latin-1, as UTF-8. */
void str_latin1(struct str *b, const char *s, size_t n);

/* str_nearest - of count names, the one within an edit distance of 1 + len/4 of s, else the first
 * that begins with s where s has 2 letters or more, or NULL; for "did you mean". */
const char *str_nearest(const char *s, const char *const *names, size_t count);

/* str_word - s appended as an argument that a shell reads back. */
void str_word(struct str *b, const char *s);

/* str_bytes, str_duration, str_count - "1.2 GiB", "3m 05s", "12,345" appended. */
void str_bytes(struct str *b, double bytes);
void str_duration(struct str *b, double seconds);
void str_count(struct str *b, size_t n);

#endif
