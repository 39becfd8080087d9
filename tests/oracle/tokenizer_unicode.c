/* tokenizer_unicode - every code point: what the classes of regular expressions match, what a digit
 * is, what canonical composition gives, as in Hugging Face tokenizers and whatever Unicode the
 * PCRE2 here is of (unicode.txt, by make_tokenizer.py). */
#include "tokenizer/nfc.h"
#include "tokenizer/regex.h"
#include "tokenizer/text.h"
#include "tokenizer_fixture.h"

static void all_points(struct str *out)
{
    for (uint32_t cp = 0; cp < 0x110000; cp++)
        if (cp < 0xD800 || cp > 0xDFFF)
            point_put(out, cp);
}

struct found {
    struct hash *hash;
    size_t n;
};

static void found_add(struct found *f, uint32_t cp)
{
    hash_add(f->hash, &cp, sizeof cp);
    f->n++;
}

static void found_check(struct found *f, const char *what, const char *count, const char *sum)
{
    char got[SUM_HEX];
    sum_end(f->hash, got);
    if (f->n != strtoull(count, NULL, 10) || strncmp(got, sum, SUM_HEX - 1) != 0)
        fail_msg("%s: %zu code points, wanted %.*s, or others of them", what, f->n,
                 (int)strcspn(count, " "), count);
}

static void class_check(const struct str *text, const char *seen, const char *pattern,
                        const char *count, const char *sum)
{
    struct err e = ERR_INIT;
    struct regex *r = NULL;
    struct regex_work w = {NULL};
    struct regex_walk walk;
    struct found f = {hash_new(&e), 0};
    bool found = true;
    size_t begin, end;
    assert_non_null(f.hash);
    if (regex_new(&r, pattern, &e))
        fail_msg("%s", e.msg);
    regex_walk_init(&walk, r, &w, seen, text->len);
    while (found) {
        uint32_t cp;
        assert_int_equal(regex_walk_next(&walk, &found, &begin, &end, &e), OK);
        for (size_t i = begin; found && i < end;) {
            i += text_next(text->s + i, &cp);
            found_add(&f, cp);
        }
    }
    regex_work_release(&w);
    regex_free(r);
    found_check(&f, pattern, count, sum);
}

static void classes(void **state)
{
    struct err e = ERR_INIT;
    struct str file = STR_INIT, text = STR_INIT, shown = STR_INIT;
    size_t done = 0;
    (void)state;
    all_points(&text);
    const char *seen = text_show(&shown, text.s, text.len, &e);
    fixture_read(&file, "unicode.txt");
    for (char *s = file.s, *next; *s; s = next) {
        next = strchr(s, '\n') + 1;
        next[-1] = '\0';
        if (str_starts(s, "class ")) {
            char *sum = strchr(s + 6, ' ') + 1;
            class_check(&text, seen, sum + SUM_HEX, s + 6, sum);
            done++;
        }
        if (str_starts(s, "numeric ")) {
            struct found f = {hash_new(&e), 0};
            for (uint32_t cp = 0; cp < 0x110000; cp++)
                if (text_is_numeric(cp))
                    found_add(&f, cp);
            found_check(&f, "numeric", s + 8, strchr(s + 8, ' ') + 1);
            done++;
        }
    }
    assert_true(done > 20);
    str_release(&file);
    str_release(&text);
    str_release(&shown);
}

static void nfc_text(struct str *out)
{
    for (uint32_t cp = 0; cp < 0x2FA20; cp++) {
        if ((cp >= 0xD800 && cp <= 0xDFFF) || (cp >= 0x1F000 && cp < 0x2F800))
            continue;
        point_put(out, cp);
        str_addc(out, 'q');
        point_put(out, cp);
        str_cat(out, "\xCC\x81\xCC\xB4q\xCC\xA3"); /* 0301 0334 q 0323 */
        point_put(out, cp);
        str_cat(out, "\xCD\x85\n"); /* 0345 */
    }
}

static void composition(void **state)
{
    struct err e = ERR_INIT;
    struct str file = STR_INIT, text = STR_INIT, out = STR_INIT;
    char hex[HASH_HEX];
    (void)state;
    fixture_read(&file, "unicode.txt");
    const char *row = strstr(file.s, "\nnfc ");
    assert_non_null(row);
    nfc_text(&text);
    assert_int_equal(nfc_compose(&out, text.s, text.len, &e), OK);
    assert_int_equal(out.len, strtoull(row + 5, NULL, 10));
    assert_int_equal(hash_bytes(out.s, out.len, hex, &e), OK);
    assert_memory_equal(hex, strchr(row + 5, ' ') + 1, SUM_HEX - 1);
    str_release(&file);
    str_release(&text);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(classes), cmocka_unit_test(composition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
