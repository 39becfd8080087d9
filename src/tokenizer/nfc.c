#include "tokenizer/nfc.h"
#include "core/mem.h"
#include "core/order.h"
#include "tokenizer/nfc_table.h"
#include "tokenizer/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Hangul syllables are computed: Unicode 16, section 3.12. */
enum {
    HANGUL_S = 0xAC00,
    HANGUL_L = 0x1100,
    HANGUL_V = 0x1161,
    HANGUL_T = 0x11A7,
    HANGUL_LS = 19,
    HANGUL_VS = 21,
    HANGUL_TS = 28,
    HANGUL_SS = HANGUL_LS * HANGUL_VS * HANGUL_TS
};

/* A decomposed text: each code point with its combining class above it, class << 24 | cp. */
struct points {
    uint32_t *at;
    size_t n, cap;
};

static uint32_t point_class(uint32_t cp)
{
    size_t lo = 0, hi = COUNT(nfc_marks);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > nfc_marks[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < COUNT(nfc_marks) && cp >= nfc_marks[lo].first ? nfc_marks[lo].ccc : 0;
}

static int points_add(struct points *p, uint32_t cp, struct err *e)
{
    int rc = mem_grow(&p->at, &p->cap, p->n + 1, sizeof *p->at, e);
    if (rc == OK)
        p->at[p->n++] = (cp < 0x300 ? 0 : point_class(cp)) << 24 | cp;
    return rc;
}

static int points_decompose(struct points *p, uint32_t cp, struct err *e)
{
    size_t lo = 0, hi = COUNT(nfc_decomps);
    int rc = OK;
    if (cp < nfc_decomps[0].cp)
        return points_add(p, cp, e);
    if (cp >= HANGUL_S && cp < HANGUL_S + HANGUL_SS) {
        uint32_t s = cp - HANGUL_S, t = s % HANGUL_TS;
        rc = points_add(p, HANGUL_L + s / (HANGUL_VS * HANGUL_TS), e);
        if (rc == OK)
            rc = points_add(p, HANGUL_V + s % (HANGUL_VS * HANGUL_TS) / HANGUL_TS, e);
        if (rc == OK && t != 0)
            rc = points_add(p, HANGUL_T + t, e);
        return rc;
    }
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (nfc_decomps[mid].cp < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == COUNT(nfc_decomps) || nfc_decomps[lo].cp != cp)
        return points_add(p, cp, e);
    rc = points_decompose(p, nfc_decomps[lo].a, e);
    if (rc == OK && nfc_decomps[lo].b != 0)
        rc = points_decompose(p, nfc_decomps[lo].b, e);
    return rc;
}

/* marks_sort - the marks at[0..n) into the order of their classes, equal ones as they were. */
static int marks_sort(uint32_t *at, size_t n, struct err *e)
{
    uint64_t *keys;
    uint32_t *was;
    if (n <= 16) {
        for (size_t i = 1; i < n; i++) {
            uint32_t x = at[i];
            size_t j = i;
            for (; j > 0 && at[j - 1] >> 24 > x >> 24; j--)
                at[j] = at[j - 1];
            at[j] = x;
        }
        return OK;
    }
    keys = mem_alloc(n, sizeof *keys + sizeof *was, e);
    if (!keys)
        return e->code;
    was = (uint32_t *)(keys + n);
    for (size_t i = 0; i < n; i++) {
        keys[i] = (uint64_t)(at[i] >> 24) << 32 | i;
        was[i] = at[i];
    }
    order_sort(keys, n);
    for (size_t i = 0; i < n; i++)
        at[i] = was[keys[i] & 0xFFFFFFFFU];
    mem_free(keys);
    return OK;
}

/* pair_compose - the code point that a, b compose to, or 0. */
static uint32_t pair_compose(uint32_t a, uint32_t b)
{
    size_t lo = 0, hi = COUNT(nfc_pairs);
    if (a >= HANGUL_L && a < HANGUL_L + HANGUL_LS && b >= HANGUL_V && b < HANGUL_V + HANGUL_VS)
        return HANGUL_S + ((a - HANGUL_L) * HANGUL_VS + (b - HANGUL_V)) * HANGUL_TS;
    if (a >= HANGUL_S && a < HANGUL_S + HANGUL_SS && (a - HANGUL_S) % HANGUL_TS == 0 &&
        b > HANGUL_T && b < HANGUL_T + HANGUL_TS)
        return a + (b - HANGUL_T);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2, row = nfc_pairs[mid];
        if (nfc_decomps[row].a < a || (nfc_decomps[row].a == a && nfc_decomps[row].b < b))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == COUNT(nfc_pairs))
        return 0;
    size_t row = nfc_pairs[lo];
    return nfc_decomps[row].a == a && nfc_decomps[row].b == b ? nfc_decomps[row].cp : 0;
}

/* points_compose - in place: every mark or letter that is not blocked joins the last letter before.
 */
static void points_compose(struct points *p)
{
    size_t out = 0, letter = SIZE_MAX;
    uint32_t last = 0; /* class of the point before this one that stayed */
    for (size_t i = 0; i < p->n; i++) {
        uint32_t class = p->at[i] >> 24, cp = p->at[i] & 0xFFFFFF;
        bool next_to = letter != SIZE_MAX && letter + 1 == out;
        if (letter != SIZE_MAX && (next_to || (last != 0 && last < class))) {
            uint32_t whole = pair_compose(p->at[letter] & 0xFFFFFF, cp);
            if (whole != 0) {
                p->at[letter] = whole;
                continue;
            }
        }
        if (class == 0)
            letter = out;
        last = class;
        p->at[out++] = p->at[i];
    }
    p->n = out;
}

bool nfc_trivial(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0xCC)
            return false;
    return true;
}

int nfc_compose(struct str *out, const char *s, size_t n, struct err *e)
{
    struct points p = {NULL, 0, 0};
    int rc = OK;
    for (size_t i = 0; i < n && rc == OK;) {
        uint32_t cp;
        i += text_next(s + i, &cp);
        rc = points_decompose(&p, cp, e);
    }
    for (size_t i = 0; i < p.n && rc == OK;) {
        size_t end = i + 1;
        if (p.at[i] >> 24 != 0) {
            while (end < p.n && p.at[end] >> 24 != 0)
                end++;
            rc = marks_sort(p.at + i, end - i, e);
        }
        i = end;
    }
    if (rc)
        goto out;
    points_compose(&p);
    for (size_t i = 0; i < p.n; i++) {
        char u[4];
        str_catn(out, u, utf8_put(u, p.at[i] & 0xFFFFFF));
    }
    rc = str_check(out, e);
out:
    mem_free(p.at);
    return rc;
}
