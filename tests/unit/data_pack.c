/* data_pack - tokens of examples, truncation, packed batches, descriptions. */
#include "data_test.h"

#include "data/describe.h"
#include "data/pack.h"

#include <math.h>

#define BOS 262

/* Byte-level, "!" is the id 0 as in GPT-2's vocabulary; merges to " bb" and "aaaa". */
static struct tokenizer *tokenizer_new(const char *pre, bool add_bos)
{
    static char texts[256][4];
    static const char *tokens[264], *const merges[] = {"a a", "aa aa", "\xC4\xA0 b",
                                                       ("\xC4\xA0"
                                                        "b b")};
    static const char *const more[] = {"aa", "aaaa",
                                       ("\xC4\xA0"
                                        "b"),
                                       ("\xC4\xA0"
                                        "bb")};
    int32_t types[263];
    size_t n = 0, k = 0;
    for (int plain = 1; plain >= 0; plain--)
        for (unsigned b = 0; b < 256; b++) {
            bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            if (itself != (plain == 1))
                continue;
            memset(texts[b], 0, sizeof texts[b]);
            (void)utf8_put(texts[b], itself ? b : (unsigned)(0x100 + k++));
            tokens[n++] = texts[b];
        }
    for (size_t i = 0; i < 4; i++)
        tokens[n++] = more[i];
    tokens[n++] = "<|pad|>";
    tokens[n++] = "<|pad2|>";
    tokens[n++] = "<|bos|>";
    for (size_t i = 0; i < n; i++)
        types[i] = i < 260 ? 1 : 3;
    const struct tokenizer_gguf g = {"gpt2", pre, tokens, n,       types, merges,
                                     4,      BOS, -1,     add_bos, "test"};
    struct tokenizer *t = NULL;
    struct err e = ERR_INIT;
    if (tokenizer_from_gguf(&t, &g, &e))
        fail_msg("%s", e.msg);
    return t;
}

static struct example example_of(const char *prefix, const char *middle, const char *suffix)
{
    static char texts[8][256];
    static unsigned k;
    char *s = texts[k++ % 8];
    snprintf(s, sizeof texts[0], "%s%s%s", prefix, middle, suffix);
    return (struct example){.text = s,
                            .len = strlen(s),
                            .long_begin = strlen(prefix),
                            .long_end = strlen(prefix) + strlen(middle),
                            .confidence = (double)NAN,
                            .source = "a.jsonl:7"};
}

static void make(struct token_set *t, const struct example *x, size_t n,
                 const struct tokenizer *tok, size_t max)
{
    struct err e = ERR_INIT;
    if (token_set_make(t, x, n, tok, max, &e))
        fail_msg("%s", e.msg);
}

/* reads_as - the tokens of example i, decoded one by one, with | between. */
static void reads_as(const struct token_set *t, size_t i, const struct tokenizer *tok,
                     const char *wanted)
{
    struct str s = STR_INIT;
    struct err e = ERR_INIT;
    for (size_t k = t->starts[i]; k < t->starts[i + 1]; k++) {
        str_cat(&s, k > t->starts[i] ? "|" : "");
        assert_int_equal(tokenizer_decode(tok, t->tokens[k], false, &s, &e), OK);
    }
    assert_string_equal(s.s, wanted);
    str_release(&s);
}

static void whole_texts(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    struct example x[] = {example_of("P: ", "bb aaaaa", "\nQ?"), example_of("", "!!!", ""),
                          example_of("\xc3\xa9", "", "<|bos|>")};
    struct token_set t;
    struct err e = ERR_INIT;
    (void)state;
    make(&t, x, 3, tok, 100);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.truncated, 0);
    assert_int_equal(t.lost, 0);
    assert_int_equal(t.starts[0], 0);
    for (size_t i = 0; i < 3; i++) {
        struct token_ids ids = {NULL, 0, 0};
        assert_int_equal(tokenizer_encode(tok, x[i].text, x[i].len, false, &ids, &e), OK);
        assert_int_equal(token_set_len(&t, i), ids.n);
        assert_memory_equal(t.tokens + t.starts[i], ids.ids, ids.n * sizeof *ids.ids);
        token_ids_release(&ids);
    }
    reads_as(&t, 0, tok, "P|:| bb| |aaaa|a|\n|Q|?");
    /* Defect 3: the id 0 is a token as any other */
    assert_int_equal(token_set_len(&t, 1), 3);
    assert_int_equal(t.tokens[t.starts[1]], 0);
    /* Special tokens in a text are text */
    assert_int_equal(token_set_len(&t, 2), 2 + 7);
    assert_int_equal(t.longest, 9);
    token_set_release(&t);
    token_set_release(&t);
    tokenizer_free(tok);
}

/* Defect 4: the limit shortens examples, it drops none, and it takes from the left of the long
 * field. */
static void truncation(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    struct example x = example_of("P: ", "bb bb ccaaaaaa", "\nQ?");
    static const char *const wanted[] = {
        "P|:| bb| bb| |c|c|aaaa|aa|\n|Q|?", /* 12: all */
        "P|:| bb| |c|c|aaaa|aa|\n|Q|?",     /* " bb": its last byte is the long field's */
        "P|:| |c|c|aaaa|aa|\n|Q|?",
        "P|:|c|c|aaaa|aa|\n|Q|?",
        "P|:|c|aaaa|aa|\n|Q|?",
        "P|:|aaaa|aa|\n|Q|?",
        "P|:|aa|\n|Q|?",
        "P|:|\n|Q|?",
        ":|\n|Q|?",
        "\n|Q|?",
        "Q|?",
        "?",
    };
    (void)state;
    for (size_t lost = 0; lost < 12; lost++) {
        struct token_set t;
        make(&t, &x, 1, tok, 12 - lost);
        reads_as(&t, 0, tok, wanted[lost]);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.truncated, lost > 0);
        assert_int_equal(t.lost, lost);
        assert_int_equal(t.longest, 12 - lost);
        token_set_release(&t);
    }
    /* No long field of its own: the whole text */
    struct example y = example_of("", "abcdef", "");
    struct token_set t;
    make(&t, &y, 1, tok, 2);
    reads_as(&t, 0, tok, "e|f");
    token_set_release(&t);
    /* A token that goes on after the long field is not its */
    struct example z = example_of("x", "yaa", "aaz");
    make(&t, &z, 1, tok, 3);
    reads_as(&t, 0, tok, "x|aaaa|z");
    token_set_release(&t);
    tokenizer_free(tok);
}

static void bos(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", true);
    struct example x[] = {example_of("P ", "abcdef", "!"), example_of("", "k", "")};
    struct token_set t;
    struct err e = ERR_INIT;
    (void)state;
    make(&t, x, 2, tok, 5);
    assert_int_equal(t.tokens[0], BOS);
    reads_as(&t, 0, tok, "<|bos|>|P| |f|!");
    reads_as(&t, 1, tok, "<|bos|>|k");
    assert_int_equal(t.lost, 5);
    assert_int_equal(t.truncated, 1);
    token_set_release(&t);
    assert_int_equal(token_set_make(&t, x, 2, tok, 1, &e), ERR_INPUT);
    assert_string_equal(
        e.msg, "max_tokens is 1, wanted at least 2: this tokenizer puts a token before every text");
    assert_null(t.tokens);
    x[1].len = 0;
    assert_int_equal(token_set_make(&t, x, 2, tok, 5, &e), ERR_INPUT);
    assert_string_equal(e.msg, "a.jsonl:7: the text becomes no token");
    tokenizer_free(tok);
}

/* Where the tokenizer changes the text (NFC), bytes cannot be counted: the parts are encoded one by
 * one. */
static void changed_text(void **state)
{
    struct tokenizer *tok = tokenizer_new("qwen2", false);
    struct example x = example_of("Pe\xcc\x81", "abcd", "Q");
    struct token_set t;
    (void)state;
    make(&t, &x, 1, tok, 100);
    size_t all = token_set_len(&t, 0);
    token_set_release(&t);
    make(&t, &x, 1, tok, all - 3);
    assert_int_equal(all, 8); /* one byte less: composed */
    reads_as(&t, 0, tok, "P|\xc3|\xa9|d|Q");
    assert_int_equal(t.lost, 3);
    token_set_release(&t);
    tokenizer_free(tok);
}

static void packing(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    struct example x[] = {example_of("", "!x!", ""), example_of("", "y", ""),
                          example_of("", "zz", "")};
    static const size_t some[] = {2, 0, 2}, none[] = {0};
    struct token_set t;
    struct packer p;
    struct err e = ERR_INIT;
    (void)state;
    make(&t, x, 3, tok, 100);
    packer_init(&p);
    assert_int_equal(packer_fill(&p, &t, some, 3, &e), OK);
    assert_int_equal(p.batch.n_tokens, 7);
    assert_int_equal(p.batch.n_seqs, 3);
    static const int32_t starts[] = {0, 2, 5, 7};
    assert_memory_equal(p.batch.starts, starts, sizeof starts);
    const int32_t z = t.tokens[t.starts[2]], X = t.tokens[1];
    const int32_t tokens[] = {z, z, 0, X, 0, z, z};
    assert_memory_equal(p.batch.tokens, tokens, sizeof tokens);
    assert_int_equal(packer_fill(&p, &t, none, 1, &e), OK);
    assert_int_equal(p.batch.n_tokens, 3);
    assert_int_equal(p.batch.starts[1], 3);
    assert_int_equal(packer_fill(&p, &t, none, 0, &e), OK);
    assert_int_equal(p.batch.n_seqs, 0);
    assert_int_equal(p.batch.starts[0], 0);
    packer_release(&p);
    packer_release(&p);
    token_set_release(&t);
    tokenizer_free(tok);
}

/* Defect 11: every example is in a run, the last one too however small; one beyond the budget has
 * its own. */
static void splitting(void **state)
{
    static const size_t starts[] = {0, 3, 6, 16, 17, 19, 20};
    static const struct token_set t = {.n = 6, .starts = (size_t *)(uintptr_t)starts};
    static const size_t order[] = {0, 1, 2, 3, 4, 5, 5};
    static const struct {
        size_t n, budget, count, ends[7];
    } cases[] = {
        {6, 6, 3, {2, 3, 6}},
        {6, 1, 6, {1, 2, 3, 4, 5, 6}},
        {6, 100, 1, {6}},
        {6, 3, 5, {1, 2, 3, 5, 6}},
        {7, 3, 5, {1, 2, 3, 5, 7}},
        {6, 0, 6, {1, 2, 3, 4, 5, 6}},
        {1, 2, 1, {1}},
        {0, 5, 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t *ends, count;
        struct err e = ERR_INIT;
        assert_int_equal(pack_split(&t, order, cases[i].n, cases[i].budget, &ends, &count, &e), OK);
        assert_int_equal(count, cases[i].count);
        assert_memory_equal(ends, cases[i].ends, count * sizeof *ends);
        mem_free(ends);
    }
}

static void description(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    struct dataset d = {.classes = 2,
                        .rows_read = 1234,
                        .duplicates_dropped = 3,
                        .class_before = {700, 500},
                        .class_after = {500, 500}};
    struct example test[] = {example_of("", "ab", ""), example_of("", "abc\nd", ""),
                             example_of("", "Same words.", ""), example_of("", "q", "")};
    struct example train[] = {example_of("", "same, WORDS", ""), example_of("", "q", "")};
    struct description a;
    struct str s = STR_INIT;
    struct err e = ERR_INIT;
    (void)state;
    test[1].label = 1;
    test[1].confidence = 2.5;
    train[0].label = train[1].label = 1;
    test[0].question = 1;
    test[1].question = 1;
    d.part[PART_TEST] = test;
    d.n[PART_TEST] = 4;
    d.part[PART_TRAIN] = train;
    d.n[PART_TRAIN] = 2;
    struct task *t =
        task_of("name: toy\ntitle: A toy\ncitation: Nobody 1999\nlicence: CC0\nkind: "
                "labelled\nsource: {files: {all: a.jsonl}}\n"
                "template: \"{x}\"\nlabel: {field: y, map: {\"0\": no, \"1\": yes}}\n");
    assert_int_equal(description_make(&a, t, &d, tok, 6, &e), OK);
    const struct part_description *p = &a.part[PART_TEST];
    assert_int_equal(p->n, 4);
    assert_int_equal(p->questions, 2);
    assert_int_equal(p->class[0], 3);
    assert_true(p->constant_accuracy == 0.75);
    assert_int_equal(p->shortest, 1);
    assert_int_equal(p->median, 2);
    assert_int_equal(p->p95, 6);
    assert_int_equal(p->longest, 6);
    assert_int_equal(p->tokens, 2 + 5 + 6 + 1);
    assert_int_equal(p->truncated, 1);
    assert_int_equal(p->lost, 5);
    assert_int_equal(p->same_text, 1);
    assert_int_equal(p->same_words, 2);
    assert_true(a.part[PART_TRAIN].constant_accuracy == 1);
    assert_true(isnan(a.part[PART_VALID].constant_accuracy));
    description_print(&a, t, &d, 2, &s);
    assert_string_equal(
        s.s, "toy: A toy\nNobody 1999\nlicence: CC0\n\n"
             "       1,234  rows read\n"
             "           3  dropped: the text was there before\n"
             "         200  not used, to make the classes equal\n\n"
             "part        examples  questions        no       yes  constant  shared   alike\n"
             "train              2          1         0         2   100.0 %       1       2\n"
             "test               4          2         3         1    75.0 %       1       2\n"
             "constant: accuracy of one answer to all; shared: texts that another part has too; "
             "alike: the same but\n"
             "for case and punctuation\n\n"
             "tokens           all  shortest  median    95 %   longest  truncated    lost\n"
             "train              7         1       1       6         6          1       5\n"
             "test              14         1       2       6         6          1       5\n"
             "truncated: examples longer than 6 tokens, cut from the left of their long field; "
             "lost: tokens\n\n"
             "no, test 1, a.jsonl:7\n    ab\n\n"
             "yes, test 2, a.jsonl:7, confidence 2.5\n    abc\n    d\n");
    str_reset(&s);
    d.hash[0] = 'h';
    description_json(&a, t, &d, 1, &s);
    struct doc_tree tree = DOC_TREE_INIT;
    assert_int_equal(doc_parse_json(&tree, s.s, s.len, "out", 1, &e), OK);
    assert_int_equal(doc_path(tree.root, "parts.test.truncated")->i, 1);
    assert_int_equal(doc_path(tree.root, "parts.test.classes.0")->i, 3);
    assert_int_equal(doc_path(tree.root, "parts.valid.constant_accuracy")->type, DOC_NULL);
    assert_string_equal(doc_path(tree.root, "examples.0.text")->s, "ab");
    assert_int_equal(doc_path(tree.root, "examples.0.confidence")->type, DOC_NULL);
    assert_int_equal(doc_path(tree.root, "classes_balanced.0")->i, 500);
    assert_int_equal(doc_get(tree.root, "examples")->n, 1);
    doc_tree_release(&tree);
    /* Without a tokenizer: no lengths */
    assert_int_equal(description_make(&a, t, &d, NULL, 6, &e), OK);
    str_reset(&s);
    description_print(&a, t, &d, 0, &s);
    assert_null(strstr(s.s, "tokens "));
    str_release(&s);
    task_free(t);
    tokenizer_free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_texts),  cmocka_unit_test(truncation), cmocka_unit_test(bos),
        cmocka_unit_test(changed_text), cmocka_unit_test(packing),    cmocka_unit_test(splitting),
        cmocka_unit_test(description),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
