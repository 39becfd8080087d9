#include "tokenizer/regex.h"
#include "core/mem.h"
#include "core/str.h"
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct regex {
    pcre2_code *code;
};

/* Unicode's White_Space. PCRE2's own \s has U+180E, which is none. */
#define SPACES                                                                                     \
    "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}"    \
    "\\x{205F}"                                                                                    \
    "\\x{3000}"
#define NOT_SPACES                                                                                 \
    "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{21}-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{"     \
    "1FFF}"                                                                                        \
    "\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{"   \
    "D7FF}"                                                                                        \
    "\\x{E000}-\\x{10FFFF}"

/* Alphabetic is not of the language of files: added.c asks for it. */
static const char *const properties[] = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",         "Nd", "Nl",
    "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm",        "Sc", "Sk",
    "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Co", "Cn", "Alphabetic"};

static void *pcre_alloc(size_t n, void *ctx)
{
    struct err e = ERR_INIT;
    (void)ctx;
    return mem_alloc(n, 1, &e);
}

static void pcre_free(void *p, void *ctx)
{
    (void)ctx;
    mem_free(p);
}

static int refuse(struct err *e, const char *pattern, const char *what, size_t n)
{
    return err_set(e, ERR_INPUT, "the pattern \"%s\" has %.*s, which is not supported here",
                   pattern, (int)n, what);
}

/* property_write - \p{..} at s; *used its length. */
static int property_write(struct str *out, const char *pattern, const char *s, size_t *used,
                          struct err *e)
{
    const char *end = s[2] == '{' ? strchr(s, '}') : NULL;
    size_t n = end ? (size_t)(end - s) + 1 : 2;
    for (size_t i = 0; end && i < sizeof properties / sizeof properties[0]; i++) {
        if (strlen(properties[i]) == n - 4 && memcmp(properties[i], s + 3, n - 4) == 0) {
            str_catn(out, s, n);
            *used = n;
            return OK;
        }
    }
    return refuse(e, pattern, s, n);
}

/* escape_write - a backslash and what belongs to it, at s, in or out of a class. */
static int escape_write(struct str *out, const char *pattern, const char *s, bool class,
                        size_t *used, struct err *e)
{
    *used = 2;
    switch (s[1]) {
    case 'p':
    case 'P':
        return property_write(out, pattern, s, used, e);
    case 's':
        str_cat(out, class ? SPACES : "[" SPACES "]");
        return OK;
    case 'S':
        str_cat(out, class ? NOT_SPACES : "[^" SPACES "]");
        return OK;
    case 'd':
        str_cat(out, "\\p{Nd}");
        return OK;
    case 'D':
        str_cat(out, "\\P{Nd}");
        return OK;
    case 'v':
        str_cat(out, "\\x{B}");
        return OK;
    case 'r':
    case 'n':
    case 't':
    case 'f':
        str_catn(out, s, 2);
        return OK;
    case 'x':
        if (s[2] != '{' && (!strchr("0123456789abcdefABCDEF", s[2]) || s[2] == '\0'))
            return refuse(e, pattern, s, 2);
        str_catn(out, s, 2);
        return OK;
    case 'u':
        for (size_t i = 2; i < 6; i++)
            if (s[i] == '\0' || !strchr("0123456789abcdefABCDEF", s[i]))
                return refuse(e, pattern, s, 2);
        str_addf(out, "\\x{%.4s}", s + 2);
        *used = 6;
        return OK;
    default:
        if ((s[1] >= '0' && s[1] <= '9') || (s[1] >= 'a' && s[1] <= 'z') ||
            (s[1] >= 'A' && s[1] <= 'Z') || s[1] == '\0' || s[1] == '<' || s[1] == '>')
            return refuse(e, pattern, s, s[1] ? 2 : 1);
        str_catn(out, s, 2);
        return OK;
    }
}

static int class_write(struct str *out, const char *pattern, const char *s, size_t *used,
                       struct err *e)
{
    size_t i = s[1] == '^' ? 2 : 1, n;
    int rc = OK;
    str_catn(out, s, i);
    if (s[i] == ']')
        return refuse(e, pattern, s, i + 1);
    while (s[i] != ']') {
        n = 1;
        if (s[i] == '\0')
            return err_set(e, ERR_INPUT, "the pattern \"%s\" has a class without its end", pattern);
        if (s[i] == '[' || (s[i] == '&' && s[i + 1] == '&'))
            return refuse(e, pattern, s + i, s[i] == '[' ? 1 : 2);
        if (s[i] == '\\')
            rc = escape_write(out, pattern, s + i, true, &n, e);
        else
            str_addc(out, s[i]);
        if (rc)
            return rc;
        i += n;
    }
    str_addc(out, ']');
    *used = i + 1;
    return OK;
}

/* translate - into the words that mean for PCRE2 what the pattern means for Oniguruma. */
static int translate(struct str *out, const char *pattern, struct err *e)
{
    static const char *const groups[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"};
    size_t n;
    int rc = OK;
    for (const char *s = pattern; rc == OK && *s; s += n) {
        n = 1;
        switch (*s) {
        case '\\':
            rc = escape_write(out, pattern, s, false, &n, e);
            break;
        case '[':
            rc = class_write(out, pattern, s, &n, e);
            break;
        case '^':
        case '$':
            return refuse(e, pattern, s, 1);
        case '(':
            if (s[1] == '?') {
                size_t k = 0;
                while (k < sizeof groups / sizeof groups[0] && !str_starts(s, groups[k]))
                    k++;
                if (k == sizeof groups / sizeof groups[0])
                    return refuse(e, pattern, s, s[2] ? 3 : 2);
                n = strlen(groups[k]);
            }
            str_catn(out, s, n);
            break;
        case '{': /* {,n} and {n}+ mean different things */
            if (s[1] == ',')
                return refuse(e, pattern, s, 2);
            str_addc(out, *s);
            break;
        case '}':
            if (s[1] == '+')
                return refuse(e, pattern, s, 2);
            str_addc(out, *s);
            break;
        default:
            str_addc(out, *s);
        }
    }
    return rc ? rc : str_check(out, e);
}

static int compile(struct regex **out, const char *pattern, size_t n, uint32_t options,
                   const char *original, struct err *e)
{
    struct regex *r = NULL;
    pcre2_general_context *general = pcre2_general_context_create(pcre_alloc, pcre_free, NULL);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    int code, rc = OK;
    char version[32];
    PCRE2_SIZE at;
    r = mem_zalloc(1, sizeof *r, e);
    if (!context || !r) {
        rc = r ? err_set(e, ERR_NOMEM, "out of memory: a regular expression") : e->code;
        goto out;
    }
    /* The tables in unicode_table.h make up for what came after Unicode 14, not for what came
     * before. */
    (void)pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, version);
    if (strtol(version, NULL, 10) < 14) {
        rc = err_set(e, ERR_INPUT, "PCRE2 here knows Unicode %s, wanted 14 or newer (PCRE2 10.39)",
                     version);
        goto out;
    }
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    r->code = pcre2_compile((PCRE2_SPTR)pattern, n, options | PCRE2_UTF, &code, &at, context);
    if (!r->code && code == PCRE2_ERROR_HEAP_FAILED) {
        rc = err_set(e, ERR_NOMEM, "out of memory: a regular expression");
        goto out;
    }
    if (!r->code) {
        char why[120];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        rc = err_set(e, ERR_INPUT, "the pattern \"%s\" is not a regular expression: %s", original,
                     why);
        goto out;
    }
    /* Where there is no compiler for the processor matching goes on without, only slower. */
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    *out = r;
    r = NULL;
out:
    pcre2_compile_context_free(context);
    pcre2_general_context_free(general);
    regex_free(r);
    return rc;
}

int regex_new(struct regex **out, const char *pattern, struct err *e)
{
    struct str words = STR_INIT;
    int rc = translate(&words, pattern, e);
    if (rc == OK)
        rc = compile(out, words.s, words.len, PCRE2_UCP, pattern, e);
    str_release(&words);
    return rc;
}

int regex_new_literal(struct regex **out, const char *text, size_t n, struct err *e)
{
    return compile(out, text, n, PCRE2_LITERAL, text, e);
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    mem_free(r);
}

void regex_work_release(struct regex_work *w)
{
    pcre2_match_data_free(w->match);
    w->match = NULL;
}

int regex_find(const struct regex *r, struct regex_work *w, const char *s, size_t n, size_t from,
               bool *found, size_t *begin, size_t *end, struct err *e)
{
    if (!w->match) {
        pcre2_general_context *general = pcre2_general_context_create(pcre_alloc, pcre_free, NULL);
        w->match = general ? pcre2_match_data_create(1, general) : NULL;
        pcre2_general_context_free(general);
        if (!w->match)
            return err_set(e, ERR_NOMEM, "out of memory: a regular expression's match");
    }
    int rc = pcre2_match(r->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK, w->match, NULL);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         w->match, NULL);
    *found = rc >= 0;
    if (rc >= 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(w->match);
        *begin = at[0];
        *end = at[1];
        return OK;
    }
    if (rc == PCRE2_ERROR_NOMATCH)
        return OK;
    char why[120];
    pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof why);
    return err_set(
        e, rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_NOMEMORY ? ERR_NOMEM : ERR_INPUT,
        "a regular expression gave up on a text of %zu bytes: %s", n, why);
}

void regex_walk_init(struct regex_walk *k, const struct regex *r, struct regex_work *w,
                     const char *s, size_t n)
{
    *k = (struct regex_walk){r, w, s, n, 0, SIZE_MAX};
}

int regex_walk_next(struct regex_walk *k, bool *found, size_t *begin, size_t *end, struct err *e)
{
    *found = false;
    while (k->from <= k->n) {
        int rc = regex_find(k->r, k->work, k->s, k->n, k->from, found, begin, end, e);
        if (rc || !*found)
            return rc;
        k->from = *end;
        if (*begin == *end) {
            bool again = *end == k->last;
            k->from++;
            while (k->from < k->n && ((unsigned char)k->s[k->from] & 0xC0) == 0x80)
                k->from++;
            if (again) {
                *found = false;
                continue;
            }
        }
        k->last = *end;
        return OK;
    }
    return OK;
}
