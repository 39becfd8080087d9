#include "tokenizer/text.h"
#include "tokenizer/unicode_table.h"

/* text_sequence - bytes of the valid sequence at s, or 0 with *bad = length of the maximal broken
 * part. */
static size_t text_sequence(const unsigned char *s, size_t n, size_t *bad)
{
    unsigned char lo = 0x80, hi = 0xBF;
    size_t want;
    *bad = 1;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        want = 2;
    } else if ((s[0] & 0xF0) == 0xE0) {
        want = 3;
        lo = s[0] == 0xE0 ? 0xA0 : 0x80;
        hi = s[0] == 0xED ? 0x9F : 0xBF;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        want = 4;
        lo = s[0] == 0xF0 ? 0x90 : 0x80;
        hi = s[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    for (size_t i = 1; i < want; i++) {
        if (i >= n || s[i] < lo || s[i] > hi) {
            *bad = i;
            return 0;
        }
        lo = 0x80;
        hi = 0xBF;
    }
    return want;
}

size_t text_valid(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t i = 0, bad;
    while (i < n) {
        if (u[i] < 0x80) {
            i++;
            continue;
        }
        size_t len = text_sequence(u + i, n - i, &bad);
        if (len == 0)
            return i;
        i += len;
    }
    return i;
}

int text_repair(struct str *out, const char *s, size_t n, struct err *e)
{
    size_t i = 0, bad;
    while (i < n) {
        size_t good = text_valid(s + i, n - i);
        str_catn(out, s + i, good);
        i += good;
        if (i == n)
            break;
        (void)text_sequence((const unsigned char *)s + i, n - i, &bad);
        str_catn(out, "\xEF\xBF\xBD", 3);
        i += bad;
    }
    return str_check(out, e);
}

/* The bytes that are themselves in the alphabet; the 68 others are U+0100.. in their own order. */
static bool byte_is_itself(unsigned b)
{
    return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
}

static int alphabet_byte(uint32_t cp)
{
    if (cp < 0x100)
        return byte_is_itself(cp) ? (int)cp : -1;
    if (cp <= 0x120)
        return (int)(cp - 0x100); /* 00..20 */
    if (cp <= 0x142)
        return (int)(cp - 0x121 + 0x7F); /* 7F..A0 */
    return cp == 0x143 ? 0xAD : -1;
}

bool text_from_alphabet(struct str *out, const char *s, size_t n)
{
    size_t before = out->len;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += text_next(s + i, &cp);
        int b = alphabet_byte(cp);
        if (b < 0) {
            out->len = before;
            out->s[before] = '\0';
            return false;
        }
        str_addc(out, (char)b);
    }
    return true;
}

void text_to_alphabet(struct str *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned b = (unsigned char)s[i];
        char utf8[4];
        unsigned cp = byte_is_itself(b) ? b : b <= 0x20 ? 0x100 + b : b == 0xAD ? 0x143 : b + 0xA2;
        str_catn(out, utf8, utf8_put(utf8, cp));
    }
}

bool text_is_numeric(uint32_t cp)
{
    size_t lo = 0, hi = sizeof unicode_numeric / sizeof unicode_numeric[0];
    if (cp < 0x80)
        return cp >= '0' && cp <= '9';
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > unicode_numeric[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < sizeof unicode_numeric / sizeof unicode_numeric[0] &&
           cp >= unicode_numeric[lo].first;
}

bool text_is_space(uint32_t cp)
{
    return (cp >= 0x9 && cp <= 0xD) || cp == 0x20 || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

/* shown_as - what stands for cp, cp itself mostly. */
static uint32_t shown_as(uint32_t cp)
{
    size_t lo = 0, count = sizeof unicode_shown / sizeof unicode_shown[0], hi = count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > unicode_shown[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < count && cp >= unicode_shown[lo].first ? unicode_shown[lo].as : cp;
}

const char *text_show(struct str *out, const char *s, size_t n, struct err *e)
{
    size_t copied = 0;
    for (size_t i = 0; i < n;) {
        if ((unsigned char)s[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t cp;
        size_t len = text_next(s + i, &cp);
        uint32_t as = cp < unicode_shown[0].first ? cp : shown_as(cp);
        if (as != cp) {
            char u[4];
            if (copied == 0)
                str_reset(out);
            str_catn(out, s + copied, i - copied);
            str_catn(out, u, utf8_put(u, as));
            copied = i + len;
        }
        i += len;
    }
    if (copied == 0)
        return s;
    str_catn(out, s + copied, n - copied);
    if (str_check(out, e))
        return NULL;
    BUG_ON(out->len != n);
    return out->s;
}
