/* str.c - growing byte strings, UTF-8, words for people. */
#include "core/str.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char str_empty[1] = "";

void str_init(struct str *b)
{
    *b = (struct str)STR_INIT;
}

void str_release(struct str *b)
{
    if (b->cap)
        mem_free(b->s);
    str_init(b);
}

void str_reset(struct str *b)
{
    b->len = 0;
    if (b->cap)
        b->s[0] = '\0';
}

/* room - storage for n more bytes and the NUL; false and failed where it cannot be had. */
static bool room(struct str *b, size_t n)
{
    size_t need;
    struct err ignored = ERR_INIT;
    if (b->failed || !size_add(b->len, n, &need) || !size_add(need, 1, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->cap)
        return true;
    char *s = b->cap ? b->s : NULL;
    size_t cap = b->cap;
    if (mem_grow(&s, &cap, need < 64 ? 64 : need, 1, &ignored)) {
        b->failed = true;
        return false;
    }
    b->s = s;
    b->cap = cap;
    b->s[b->len] = '\0';
    return true;
}

void str_catn(struct str *b, const void *s, size_t n)
{
    if (!n || !room(b, n))
        return;
    memcpy(b->s + b->len, s, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void str_cat(struct str *b, const char *s)
{
    str_catn(b, s, strlen(s));
}

void str_addc(struct str *b, char c)
{
    str_catn(b, &c, 1);
}

void str_vaddf(struct str *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n > 0 && room(b, (size_t)n)) {
        vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    } else if (n < 0) {
        b->failed = true;
    }
    va_end(again);
}

void str_addf(struct str *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vaddf(b, fmt, ap);
    va_end(ap);
}

int str_check(const struct str *b, struct err *e)
{
    return b->failed ? err_set(e, ERR_NOMEM, "out of memory: a text of more than %zu bytes", b->len)
                     : OK;
}

char *str_take(struct str *b, struct err *e)
{
    char *s = NULL;
    if (!str_check(b, e)) {
        s = b->cap ? b->s : mem_strdup("", e);
        if (s)
            str_init(b);
    }
    str_release(b);
    return s;
}

void str_path(struct str *b, const char *dir, const char *name)
{
    str_reset(b);
    str_cat(b, dir);
    if (b->len && b->s[b->len - 1] != '/')
        str_addc(b, '/');
    str_cat(b, name);
}

void str_number(struct str *b, double v)
{
    char buf[40];
    if (floor(v) == v && fabs(v) < 1e15) {
        str_addf(b, "%.0f", v);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, v);
        double back = strtod(buf, NULL);
        if (!(back < v) && !(back > v))
            break;
    }
    const char *e = strchr(buf, 'e'); /* C writes e-08 */
    if (e)
        str_addf(b, "%.*se%ld", (int)(e - buf), buf, strtol(e + 1, NULL, 10));
    else
        str_cat(b, buf);
}

void str_csv(struct str *b, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        str_cat(b, s);
        return;
    }
    str_addc(b, '"');
    for (; *s; s++) {
        if (*s == '"')
            str_addc(b, '"');
        str_addc(b, *s);
    }
    str_addc(b, '"');
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

size_t utf8_next(const char *s, size_t n, unsigned *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t need = u[0] < 0x80                   ? 1
                  : u[0] >= 0xF0 && u[0] < 0xF5 ? 4
                  : u[0] >= 0xE0 && u[0] < 0xF0 ? 3
                  : u[0] >= 0xC2 && u[0] < 0xE0 ? 2
                                                : 0;
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned v = need == 1 ? u[0] : need ? u[0] & (0x7Fu >> need) : 0;
    bool good = need && need <= n;
    for (size_t i = 1; good && i < need; i++) {
        good = (u[i] & 0xC0) == 0x80;
        v = v << 6 | (u[i] & 0x3Fu);
    }
    if (!good || v < least[need] || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000)) {
        *cp = 0xFFFD;
        return 1;
    }
    *cp = v;
    return need;
}

size_t utf8_put(char out[4], unsigned cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(lead[n] | cp);
    return n;
}

void str_latin1(struct str *b, const char *s, size_t n)
{
    char u[4];
    for (size_t i = 0; i < n; i++)
        str_catn(b, u, utf8_put(u, (unsigned char)s[i]));
}

/* distance - Damerau-Levenshtein (adjacent swaps count one), names up to 63 bytes; more than that
 * is far. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t n = strlen(a), m = strlen(b), d[LONGEST][LONGEST];
    if (n >= LONGEST || m >= LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *str_nearest(const char *s, const char *const *names, size_t count)
{
    enum { LEAST = 2 }; /* letters of a beginning that tell enough */
    size_t limit = 1 + strlen(s) / 4, best = limit + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(s, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    for (size_t i = 0; i < count && !nearest && strlen(s) >= LEAST; i++)
        if (str_starts(names[i], s))
            nearest = names[i];
    return nearest;
}

void str_word(struct str *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=:,@+%";
    if (*s && strspn(s, plain) == strlen(s)) {
        str_cat(out, s);
        return;
    }
    str_addc(out, '\'');
    for (; *s; s++)
        if (*s == '\'')
            str_cat(out, "'\\''");
        else
            str_addc(out, *s);
    str_addc(out, '\'');
}

void str_bytes(struct str *b, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t k = 0;
    while (bytes >= 1024 && k < 6) {
        bytes /= 1024;
        k++;
    }
    str_addf(b, k && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[k]);
}

void str_duration(struct str *b, double seconds)
{
    double whole = floor(seconds + 0.5);
    if (!(seconds >= 0))
        str_cat(b, "?");
    else if (seconds < 10)
        str_addf(b, "%.1fs", seconds);
    else if (whole < 60)
        str_addf(b, "%.0fs", whole);
    else if (whole < 3600)
        str_addf(b, "%.0fm %02.0fs", floor(whole / 60), fmod(whole, 60));
    else
        str_addf(b, "%.0fh %02.0fm", floor(whole / 3600), floor(fmod(whole, 3600) / 60));
}

void str_count(struct str *b, size_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%zu", n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            str_addc(b, ',');
        str_addc(b, digits[i]);
    }
}
