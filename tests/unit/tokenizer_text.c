/* tokenizer_text - the parts by themselves: broken UTF-8, the alphabet of bytes, canonical
 * composition, regular expressions, cutting, vocabularies, one word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mem.h"
#include "tokenizer/bpe.h"
#include "tokenizer/nfc.h"
#include "tokenizer/pretok.h"
#include "tokenizer/text.h"
#include <stdio.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

static void repair(void **state)
{
    /* Unicode 16, tables 3-8 to 3-11: one U+FFFD for each maximal subpart. */
    static const char *const rows[][2] = {
        {"abc", "abc"},
        {"\xC3\xA9\xF0\x9F\x98\x80", "\xC3\xA9\xF0\x9F\x98\x80"},
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", BAD BAD BAD BAD BAD BAD BAD BAD "A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", BAD BAD BAD BAD BAD BAD BAD BAD "A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", BAD BAD BAD BAD BAD "A" BAD BAD "B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", BAD BAD BAD BAD "A"},
        {"x\xE2\x82", "x" BAD},
        {"\xF0\x9F\x98", BAD},
        {"\xF8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
    };
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str out = STR_INIT;
        size_t n = strlen(rows[i][0]);
        assert_int_equal(text_repair(&out, rows[i][0], n, &e), OK);
        assert_string_equal(out.s, rows[i][1]);
        assert_int_equal(text_valid(rows[i][0], n) == n, strcmp(rows[i][0], rows[i][1]) == 0);
        assert_int_equal(text_valid(out.s, out.len), out.len);
        str_release(&out);
    }
}

static void alphabet(void **state)
{
    struct str out = STR_INIT;
    bool seen[256] = {false};
    (void)state;
    /* The 256 characters are those below U+0144 that are not among the 68 replaced ones. */
    for (unsigned cp = 0; cp < 0x200; cp++) {
        char u[4];
        str_reset(&out);
        if (text_from_alphabet(&out, u, utf8_put(u, cp))) {
            unsigned char b = (unsigned char)out.s[0];
            assert_int_equal(out.len, 1);
            assert_false(seen[b]);
            assert_true(cp < 0x100 ? b == cp : true);
            seen[b] = true;
        }
    }
    for (size_t b = 0; b < 256; b++)
        assert_true(seen[b]);
    str_reset(&out);
    assert_true(
        text_from_alphabet(&out, "\xC4\xA0\xC4\x8A\xC5\x83x", 7)); /* U+0120 U+010A U+0143 */
    assert_memory_equal(out.s, " \n\xADx", 4);
    assert_false(text_from_alphabet(&out, "a b", 3));
    assert_int_equal(out.len, 4);
    str_release(&out);
}

static void compose(void **state)
{
    /* NormalizationTest.txt and UAX 15: source, NFC */
    static const char *const rows[][2] = {
        {"e\xCC\x81", "\xC3\xA9"},
        {"\xE1\xB8\x8A\xCC\xA3", "\xE1\xB8\x8C\xCC\x87"}, /* 1E0A 0323 -> 1E0C 0307 */
        {"D\xCC\x87\xCC\xA3", "\xE1\xB8\x8C\xCC\x87"},    /* marks change places */
        {"D\xCC\x9B\xCC\x87\xCC\xA3", "\xE1\xB8\x8C\xCC\x9B\xCC\x87"},
        {"\xE2\x84\xAB", "\xC3\x85"},                 /* Angstrom sign: a singleton */
        {"\xE0\xA5\x98", "\xE0\xA4\x95\xE0\xA4\xBC"}, /* 0958: excluded from composition */
        {"\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8", "\xEA\xB0\x81"}, /* Hangul L V T */
        {"\xEA\xB0\x80\xE1\x86\xA8", "\xEA\xB0\x81"},             /* LV T */
        {"\xEA\xB0\x81\xE1\x86\xA8", "\xEA\xB0\x81\xE1\x86\xA8"},
        {"a\xCC\x95\xCC\x80", "\xC3\xA0\xCC\x95"}, /* 0315 (232) does not block 0300 (230) */
        {"a\xCC\x80\xCC\x80", "\xC3\xA0\xCC\x80"},
        {"\xCC\x81", "\xCC\x81"},
        {"a\xE0\xA5\x8D\xCC\x80", "\xC3\xA0\xE0\xA5\x8D"}, /* 094D (9) between them */
        {"\xEF\xA4\x80", "\xE8\xB1\x88"},                  /* CJK compatibility */
        {"\xE1\xBE\x82", "\xE1\xBE\x82"},                  /* three parts and back */
        {"\xF0\x9D\x85\x9E", "\xF0\x9D\x85\x97\xF0\x9D\x85\xA5"},
    };
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str out = STR_INIT;
        assert_int_equal(nfc_compose(&out, rows[i][0], strlen(rows[i][0]), &e), OK);
        assert_string_equal(out.s, rows[i][1]);
        str_release(&out);
    }
    assert_true(nfc_trivial("caf\xC3\xA9", 5));
    assert_false(nfc_trivial("e\xCC\x81", 3));
}

/* many marks on one letter are sorted, not by comparing each with each */
static void compose_many(void **state)
{
    struct err e = ERR_INIT;
    struct str in = STR_INIT, out = STR_INIT;
    const size_t n = 100000;
    (void)state;
    str_addc(&in, 'q');
    for (size_t i = 0; i < n; i++)
        str_cat(&in, i % 2 ? "\xCC\xA3" : "\xCC\x81"); /* 0323 is of class 220, 0301 of 230 */
    assert_int_equal(nfc_compose(&out, in.s, in.len, &e), OK);
    assert_int_equal(out.len, in.len);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(out.s + 1 + 2 * i, i < n / 2 ? "\xCC\xA3" : "\xCC\x81", 2);
    str_release(&in);
    str_release(&out);
}

static bool whole_match(const char *pattern, const char *s)
{
    struct err e = ERR_INIT;
    struct regex *r = NULL;
    struct regex_work w = {NULL};
    struct str shown = STR_INIT;
    size_t begin, end, n = strlen(s);
    bool found;
    if (regex_new(&r, pattern, &e))
        fail_msg("%s", e.msg);
    const char *seen = text_show(&shown, s, n, &e);
    assert_int_equal(regex_find(r, &w, seen, n, 0, &found, &begin, &end, &e), OK);
    regex_work_release(&w);
    regex_free(r);
    str_release(&shown);
    return found && begin == 0 && end == n;
}

static void patterns_mean(void **state)
{
    (void)state;
    assert_true(whole_match("\\s", "\xC2\x85"));        /* 0085 is white space */
    assert_false(whole_match("\\s", "\xE1\xA0\x8E"));   /* 180E is none since Unicode 6.3 */
    assert_true(whole_match("[^\\S]", "\xE3\x80\x80")); /* 3000 */
    assert_false(whole_match("\\S", "\xE3\x80\x80"));
    assert_true(whole_match("(?i:'s)", "'\xC5\xBF"));        /* the long s */
    assert_true(whole_match("\\p{Lu}", "\xEA\x9F\x8B"));     /* A7CB, of Unicode 16 */
    assert_true(whole_match("\\p{Mc}", "\xF0\x91\x9C\x9E")); /* 1171E, Mn in Unicode 14 */
    assert_true(whole_match("\\p{Nd}+", "\xF0\x90\xB5\x80"
                                        "7"));                       /* 10D40, of Unicode 16 */
    assert_false(whole_match("[\\p{L}\\p{N}]", "\xF0\x91\xB7\xA0")); /* 11DE0, of Unicode 17 */
    assert_true(whole_match("\\u0041\\x42\\x{43}\\v", "ABC\v"));
    assert_true(text_is_numeric(0x11DE0)); /* which Rust has */
    assert_true(text_is_numeric(0xBC));
    assert_false(text_is_numeric('a'));
    assert_false(text_is_numeric(0x10FFFF));
}

static void patterns_refused(void **state)
{
    static const char *const rows[][2] = {
        {"\\w+", "\\w"},   {"a\\b", "\\b"},       {"^a", "^"},
        {"a$", "$"},       {"[a[b]]", "["},       {"[a&&b]", "&&"},
        {"(?m:a)", "(?m"}, {"(a)\\1", "\\1"},     {"\\p{Han}", "\\p{Han}"},
        {"a{,3}", "{,"},   {"a{2}+", "}+"},       {"[a", "without its end"},
        {"\\pL", "\\p"},   {"(?<name>a)", "(?<"}, {"(a", "not a regular expression"},
        {"a\\", "\\"},     {"[]a]", "[]"},        {"(?", "(?"},
        {"\\u12", "\\u"},  {"\\p{", "\\p"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = ERR_INIT;
        struct regex *r = NULL;
        if (regex_new(&r, rows[i][0], &e) != ERR_INPUT)
            fail_msg("the pattern %s is taken", rows[i][0]);
        assert_non_null(strstr(e.msg, rows[i][1]));
        assert_null(r);
    }
}

static void cut_check(const char *pre, const char *text, const char *want)
{
    struct err e = ERR_INIT;
    struct pretok p;
    struct pretok_work w;
    struct str got = STR_INIT;
    const char *out;
    bool ignore;
    pretok_init(&p);
    pretok_work_init(&w);
    assert_int_equal(pretok_named(&p, pre, false, &ignore, &e), OK);
    assert_int_equal(pretok_cut(&p, &w, text, strlen(text), true, &out, &e), OK);
    for (size_t i = 0; i < w.n_spans; i++)
        str_addf(&got, "%s%.*s", i ? "|" : "", (int)(w.spans[i].end - w.spans[i].begin),
                 out + w.spans[i].begin);
    assert_string_equal(got.s, want);
    str_release(&got);
    pretok_work_release(&w);
    pretok_release(&p);
}

static void cuts(void **state)
{
    struct err e = ERR_INIT;
    struct pretok p;
    bool ignore;
    (void)state;
    cut_check("gpt-2", "They've 12345 cats!!  \n x", "They|'ve| 12345| cats|!!|  \n| x");
    cut_check("smollm", "They've 123 a1", "They|'ve| |1|2|3| a|1");
    cut_check("qwen2", "They'VE 12 cats!!\n\n  x", "They|'VE| |1|2| cats|!!\n\n| | x");
    cut_check("llama-bpe", "x=12345;\n\n  y", "x|=|123|45|;\n\n| | y");
    cut_check(NULL, "a b", "a| b");
    cut_check("gpt-2", "", "");
    pretok_init(&p);
    assert_int_equal(pretok_named(&p, "smolllm", false, &ignore, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "\"smolllm\" is not known; known are gpt-2, "));
    pretok_release(&p);
}

static void vocabulary(void **state)
{
    struct err e = ERR_INIT;
    struct vocab v = VOCAB_INIT;
    size_t n;
    char name[16];
    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(vocab_add(&v, 2 * i, name, strlen(name), i % 10 != 0, &e), OK);
    }
    assert_int_equal(vocab_find(&v, "t4999", 5), 9998);
    assert_int_equal(vocab_find(&v, "t4990", 5), -1); /* there, not findable */
    assert_memory_equal(vocab_bytes(&v, 9980, &n), "t4990", 5);
    assert_int_equal(n, 5);
    assert_null(vocab_bytes(&v, 9981, &n));
    assert_null(vocab_bytes(&v, -1, &n));
    assert_null(vocab_bytes(&v, 9999, &n));
    assert_int_equal(vocab_add(&v, 2, "new", 3, true, &e), ERR_INPUT);
    assert_string_equal(e.msg, "the id 2 is given to \"t1\" and to \"new\"");
    assert_int_equal(vocab_add(&v, 3, "t1", 2, true, &e), ERR_INPUT);
    assert_string_equal(e.msg, "\"t1\" stands at the ids 2 and 3");
    assert_int_equal(vocab_add(&v, -5, "x", 1, true, &e), ERR_INPUT);
    vocab_release(&v);
}

/* The order of merges: by rank, then from the left; a joint at an old rank stands if it still gives
 * the same token. */
static void merge_order(void **state)
{
    struct err e = ERR_INIT;
    struct bpe b;
    struct bpe_work w = {0};
    struct token_ids ids = {NULL, 0, 0};
    static const char *const tokens[] = {"a", "b", "c", "ab", "bc", "abc", "aa"};
    (void)state;
    bpe_init(&b);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        assert_int_equal(vocab_add(&b.vocab, (int64_t)i, tokens[i], strlen(tokens[i]), true, &e),
                         OK);
    assert_int_equal(bpe_merge_add(&b, 1, 2, 4, &e), OK); /* b c */
    assert_int_equal(bpe_merge_add(&b, 0, 0, 6, &e), OK); /* a a */
    assert_int_equal(bpe_merge_add(&b, 0, 4, 5, &e), OK); /* a bc */
    assert_int_equal(bpe_merge_add(&b, 0, 1, 3, &e), OK); /* a b */
    assert_int_equal(bpe_finish(&b, &e), OK);
    for (int twice = 0; twice < 2; twice++) {
        static const int32_t want[] = {6, 6, 5, 3, 1, 5};
        ids.n = 0;
        assert_int_equal(bpe_word(&b, &w, "aaaaabcabb", 10, &ids, &e), OK);
        assert_int_equal(bpe_word(&b, &w, "abc", 3, &ids, &e), OK);
        assert_int_equal(bpe_word(&b, &w, "zz", 2, &ids, &e), OK); /* unknown, no unk: nothing */
        assert_int_equal(ids.n, 6);
        assert_memory_equal(ids.ids, want, sizeof want);
    }
    token_ids_release(&ids);
    bpe_work_release(&w);
    bpe_release(&b);
}

/* Words at spaces are encoded apart where no merge reaches over them, and give what the whole
 * gives. */
static void apart(void **state)
{
    static const char *const tokens[] = {"<unk>",        "\u2581",  "a", "b",
                                         "\u2581\u2581", "\u2581a", "ab"};
    static const char *const letters[] = {"\u2581", "a", "b", "\u00e9", "\xE2\x96\x82"};
    struct err e = ERR_INIT;
    struct bpe b;
    struct bpe_work w = {0};
    struct token_ids ids = {NULL, 0, 0}, whole = {NULL, 0, 0};
    (void)state;
    bpe_init(&b);
    b.unk = 0;
    b.fuse_unk = true;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        assert_int_equal(vocab_add(&b.vocab, (int64_t)i, tokens[i], strlen(tokens[i]), true, &e),
                         OK);
    assert_int_equal(bpe_merge_add(&b, 1, 1, 4, &e), OK);
    assert_int_equal(bpe_merge_add(&b, 2, 3, 6, &e), OK);
    assert_int_equal(bpe_merge_add(&b, 1, 2, 5, &e), OK);
    assert_int_equal(bpe_finish(&b, &e), OK);
    assert_true(b.apart);
    for (unsigned n = 0; n < 15625; n++) { /* every word of six letters */
        struct str s = STR_INIT;
        for (unsigned i = 0, k = n; i < 6; i++, k /= 5)
            str_cat(&s, letters[k % 5]);
        ids.n = whole.n = 0;
        b.apart = true;
        assert_int_equal(bpe_word(&b, &w, s.s, s.len, &ids, &e), OK);
        b.apart = false;
        assert_int_equal(bpe_word(&b, &w, s.s, s.len, &whole, &e), OK);
        assert_int_equal(ids.n, whole.n);
        assert_memory_equal(ids.ids, whole.ids, ids.n * sizeof *ids.ids);
        str_release(&s);
    }
    assert_int_equal(vocab_add(&b.vocab, 7, "b\u2581", strlen("b\u2581"), true, &e), OK);
    assert_int_equal(bpe_merge_add(&b, 3, 1, 7, &e), OK);
    mem_free((void *)b.whole);
    assert_int_equal(bpe_finish(&b, &e), OK);
    assert_false(b.apart);
    token_ids_release(&ids);
    token_ids_release(&whole);
    bpe_work_release(&w);
    bpe_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repair),        cmocka_unit_test(alphabet),
        cmocka_unit_test(compose),       cmocka_unit_test(compose_many),
        cmocka_unit_test(patterns_mean), cmocka_unit_test(patterns_refused),
        cmocka_unit_test(cuts),          cmocka_unit_test(vocabulary),
        cmocka_unit_test(merge_order),   cmocka_unit_test(apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
