/* data_pack - tokens of examples, truncation, packed batches, descriptions. */
#include "data_tokenizer.h"

#include "data/describe.h"
#include "data/pack.h"

#include <math.h>

#define BOS 262

/* Byte-level, "!" is the id 0 as in GPT-2's vocabulary; merges to " bb" and "aaaa". */
static struct tokenizer *tokenizer_new(const char *pre, bool add_bos)
{
    static const char *tokens[264], *const merges[] = {"a a", "aa aa", "\xC4\xA0 b",
                                                       ("\xC4\xA0"
                                                        "b b")};
    static const char *const more[] = {"aa", "aaaa",
                                       ("\xC4\xA0"
                                        "b"),
                                       ("\xC4\xA0"
                                        "bb")};
    int32_t types[263];
    size_t n = byte_texts(tokens);
    for (size_t i = 0; i < 4; i++)
        tokens[n++] = more[i];
    tokens[n++] = "<|pad|>";
    tokens[n++] = "<|pad2|>";
    tokens[n++] = "<|bos|>";
    for (size_t i = 0; i < n; i++)
        types[i] = i < 260 ? 1 : 3;
    const struct tokenizer_gguf g = {.model = "gpt2",
                                     .pre = pre,
                                     .tokens = tokens,
                                     .n_tokens = n,
                                     .types = types,
                                     .merges = merges,
                                     .n_merges = 4,
                                     .bos = BOS,
                                     .eos = -1,
                                     .add_bos = add_bos,
                                     .file = "test"};
    return tokenizer_of(&g);
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
                 const struct tokenizer *tok)
{
    struct err e = ERR_INIT;
    if (token_set_make(t, x, n, tok, &e))
        fail_msg("%s", e.msg);
}

/* cut - the test part of a dataset that borrows x[0..n), cut for tokenizers a and (unless NULL) b.
 */
static struct dataset cut(struct example *x, size_t n, const struct tokenizer *a,
                          const struct tokenizer *b, size_t max)
{
    const struct tokenizer *tok[] = {a, b};
    struct dataset d = {.arena = ARENA_INIT, .classes = 2};
    struct err e = ERR_INIT;
    d.part[PART_TEST] = x;
    d.n[PART_TEST] = n;
    if (dataset_cut(&d, tok, b ? 2 : 1, max, &e))
        fail_msg("%s", e.msg);
    return d;
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

/* What is cut to the same is the same text; it is counted, within a part and between two. */
static void made_equal(void **state)
{
    struct tokenizer *tok = tokenizer_bytes();
    struct example test[] = {example_of("", "1 bad", ""), example_of("", "2 bad", ""),
                             example_of("", "3 good", ""), example_of("", "4 dull", "")};
    struct example train[] = {example_of("", "5 good", ""), example_of("", "6 fine", "")};
    static const struct {
        size_t max, repeated, shared, train;
    } cases[] = {{6, 0, 0, 0}, {5, 0, 1, 1}, {4, 2, 1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d = {.arena = ARENA_INIT, .classes = 2};
        struct example a[4], b[2];
        struct err e = ERR_INIT;
        memcpy(a, test, sizeof a);
        memcpy(b, train, sizeof b);
        d.part[PART_TEST] = a, d.n[PART_TEST] = 4;
        d.part[PART_TRAIN] = b, d.n[PART_TRAIN] = 2;
        assert_int_equal(dataset_cut(&d, &(const struct tokenizer *){tok}, 1, cases[i].max, &e),
                         OK);
        assert_int_equal(d.repeated[PART_TEST], cases[i].repeated);
        assert_int_equal(d.shared[PART_TEST], cases[i].shared);
        assert_int_equal(d.repeated[PART_TRAIN], 0);
        assert_int_equal(d.shared[PART_TRAIN], cases[i].train);
        dataset_release(&d);
    }
    tokenizer_free(tok);
}

static void whole_texts(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    struct example x[] = {example_of("P: ", "bb aaaaa", "\nQ?"), example_of("", "!!!", ""),
                          example_of("\xc3\xa9", "", "<|bos|>")};
    struct token_set t;
    struct err e = ERR_INIT;
    (void)state;
    make(&t, x, 3, tok);
    assert_int_equal(t.n, 3);
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
 * field, then from the left of all. */
static void truncation(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", false);
    static const struct {
        size_t max;
        const char *text;
        size_t begin, end;
    } cases[] = {
        {12, "P: bb bb ccaaaaaa\nQ?", 3, 17},
        {11, "P: bb ccaaaaaa\nQ?", 3, 14},
        {10, "P: ccaaaaaa\nQ?", 3, 11},
        {9, "P: caaaaaa\nQ?", 3, 10},
        {8, "P: aaaaaa\nQ?", 3, 9},
        {7, "P: aa\nQ?", 3, 5},
        {6, "P: \nQ?", 3, 3},
        {5, ": \nQ?", 2, 2},
        {4, "Q?", 0, 0}, /* with the white space behind the colon */
        {2, "Q?", 0, 0},
        {1, "?", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct example x = example_of("P: ", "bb bb ccaaaaaa", "\nQ?");
        struct dataset d = cut(&x, 1, tok, NULL, cases[i].max);
        struct token_set t;
        assert_string_equal(x.text, cases[i].text);
        assert_int_equal(x.len, strlen(x.text));
        assert_int_equal(x.long_begin, cases[i].begin);
        assert_int_equal(x.long_end, cases[i].end);
        assert_int_equal(d.cut[PART_TEST], x.len < 20);
        assert_int_equal(d.cut_chars[PART_TEST], 20 - x.len);
        assert_int_equal(d.cut[PART_TRAIN], 0);
        assert_int_equal(d.max_tokens, cases[i].max);
        make(&t, &x, 1, tok);
        assert_true(t.longest <= cases[i].max);
        token_set_release(&t);
        dataset_release(&d);
    }
    /* No long field of its own: the whole text */
    struct example y = example_of("", "abcdef", "");
    struct dataset d = cut(&y, 1, tok, NULL, 2);
    assert_string_equal(y.text, "ef");
    dataset_release(&d);
    /* A token that goes on after the long field is not its */
    struct example z = example_of("x", "yaa", "aaz");
    d = cut(&z, 1, tok, NULL, 3);
    assert_string_equal(z.text, "xaaaaz");
    dataset_release(&d);
    /* Whole code points: an e with accent is two tokens here */
    struct example u = example_of("", "x\xc3\xa9\xc3\xa9", "");
    d = cut(&u, 1, tok, NULL, 3);
    assert_string_equal(u.text, "\xc3\xa9");
    assert_int_equal(d.cut_chars[PART_TEST], 2);
    dataset_release(&d);
    tokenizer_free(tok);
}

/* Which text is read does not depend on which model reads it: of two tokenizers, in either order,
 * the one that makes more tokens of a text says where it is cut. */
static void one_text_for_all(void **state)
{
    struct tokenizer *merges = tokenizer_new("gpt-2", false), *bytes = tokenizer_bytes(),
                     *with_bos = tokenizer_new("gpt-2", true);
    char hash[65] = "";
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct example x[] = {
            example_of("P: ", "bb bb bb", ""), /* 5 tokens, or 11 */
            example_of("P: ", "bb", ""),       /* 3 or 5 */
            example_of("P: ", "xyzzz", ""),    /* 8 and 8 */
        };
        struct dataset d = cut(x, 3, order ? bytes : merges, order ? merges : bytes, 6);
        assert_string_equal(x[0].text, "P: bb");
        assert_string_equal(x[1].text, "P: bb");
        assert_string_equal(x[2].text, "P: zzz");
        assert_int_equal(d.cut[PART_TEST], 2);
        /* the hash is of the texts as they are read, whoever asked for the cut */
        if (order)
            assert_string_equal(d.hash, hash);
        memcpy(hash, d.hash, sizeof hash);
        dataset_release(&d);

        x[0] = example_of("P: ", "bb bb bb", "");
        x[2] = example_of("P: ", "xyzzz", "");
        d = cut(x, 3, merges, NULL, 6);
        assert_string_equal(x[0].text, "P: bb bb bb");
        assert_string_equal(x[2].text, "P: zzz");
        assert_string_not_equal(d.hash, hash);
        dataset_release(&d);
    }
    /* bos counts for the tokenizer that puts it */
    struct example y = example_of("P: ", "bb xyz", "");
    struct dataset d = cut(&y, 1, merges, with_bos, 7);
    assert_string_equal(y.text, "P: xyz");
    dataset_release(&d);
    tokenizer_free(merges);
    tokenizer_free(bytes);
    tokenizer_free(with_bos);
}

/* Candidates lose what they share, the words before what differs and then those behind it, the same
 * of all; only then each what is its own. */
static void candidates_keep_what_differs(void **state)
{
    struct tokenizer *tok = tokenizer_bytes();
    static const struct {
        size_t max;
        const char *one, *other;
    } cases[] = {
        {61, "P: put the red pieces back to back and glue them together\nQ?",
         "P: put the red pieces up and glue them together\nQ?"},
        {52, "P: red pieces back to back and glue them together\nQ?",
         "P: red pieces up and glue them together\nQ?"},
        {41, "P: back to back and glue them together\nQ?", "P: up and glue them together\nQ?"},
        {33, "P: back to back them together\nQ?", "P: up them together\nQ?"},
        {19, "P: back to back \nQ?", "P: up \nQ?"},
        {14, "P: to back \nQ?", "P: up \nQ?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct example one = example_of("P: put the red pieces ", "back to back ",
                                              "and glue them together\nQ?"),
                             other = example_of("P: put the red pieces ", "up ",
                                                "and glue them together\nQ?");
        struct reading two[2] = {{one.text, one.len, 3, one.len - 3, 0},
                                 {other.text, other.len, 3, other.len - 3, 0}};
        struct example x = {.text = one.text,
                            .len = one.len,
                            .alternatives = two,
                            .n_alternatives = 2,
                            .source = "a.jsonl:7"};
        struct dataset d = cut(&x, 1, tok, NULL, cases[i].max);
        assert_string_equal(two[0].text, cases[i].one);
        assert_string_equal(two[1].text, cases[i].other);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(two[k].long_begin, 3);
            assert_int_equal(two[k].long_end, two[k].len - 3);
        }
        dataset_release(&d);
    }
    tokenizer_free(tok);
}

static void bos(void **state)
{
    struct tokenizer *tok = tokenizer_new("gpt-2", true);
    struct example x[] = {example_of("P ", "abcdef", "!"), example_of("", "k", "")};
    struct dataset d = cut(x, 2, tok, NULL, 5);
    struct token_set t;
    struct err e = ERR_INIT;
    (void)state;
    make(&t, x, 2, tok);
    assert_int_equal(t.tokens[0], BOS);
    reads_as(&t, 0, tok, "<|bos|>|P| |f|!");
    reads_as(&t, 1, tok, "<|bos|>|k");
    assert_int_equal(d.cut_chars[PART_TEST], 5);
    assert_int_equal(d.cut[PART_TEST], 1);
    token_set_release(&t);
    assert_int_equal(dataset_cut(&d, &(const struct tokenizer *){tok}, 1, 1, &e), ERR_INPUT);
    assert_string_equal(
        e.msg, "max_tokens is 1, wanted at least 2: a tokenizer puts a token before every text");
    x[1] = example_of("", "\xe2\x82\xac", "");
    assert_int_equal(dataset_cut(&d, &(const struct tokenizer *){tok}, 1, 3, &e), ERR_INPUT);
    assert_string_equal(e.msg, "a.jsonl:7: no character of the text fits into 3 tokens");
    x[1].len = 0;
    assert_int_equal(token_set_make(&t, x, 2, tok, &e), ERR_INPUT);
    assert_string_equal(e.msg, "a.jsonl:7: the text becomes no token");
    assert_null(t.tokens);
    dataset_release(&d);
    tokenizer_free(tok);
}

/* Where the tokenizer changes the text (NFC), its tokens' bytes are not the text's: the cut is
 * found in rounds. */
static void changed_text(void **state)
{
    struct tokenizer *tok = tokenizer_new("qwen2", false);
    (void)state;
    for (size_t max = 4; max <= 9; max++) {
        struct example x = example_of("Pe\xcc\x81", "abcde", "Q");
        struct dataset d = cut(&x, 1, tok, NULL, max);
        char wanted[32];
        snprintf(wanted, sizeof wanted, "Pe\xcc\x81%sQ", &"abcde"[9 - max]);
        assert_string_equal(x.text, wanted);
        dataset_release(&d);
    }
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
    make(&t, x, 3, tok);
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
    static const struct token_set t = {.n = 6, .per = 1, .starts = (size_t *)(uintptr_t)starts};
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
    assert_int_equal(dataset_cut(&d, &(const struct tokenizer *){tok}, 1, 6, &e), OK);
    assert_int_equal(description_make(&a, t, &d, tok, &e), OK);
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
             "tokens           all  shortest  median    95 %   longest  truncated   cut off\n"
             "train              6         1       1       5         5          1         6\n"
             "test              14         1       2       6         6          1         5\n"
             "truncated: examples longer than 6 tokens, cut from the left of their long field; "
             "cut off: characters\n\n"
             "no, test 1, a.jsonl:7\n    ab\n\n"
             "yes, test 2, a.jsonl:7, confidence 2.5\n    abc\n    d\n\n"
             "to a model that is asked (learner: prompt):\n    Answer: no | yes\n");
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
    assert_int_equal(description_make(&a, t, &d, NULL, &e), OK);
    str_reset(&s);
    description_print(&a, t, &d, 0, &s);
    assert_null(strstr(s.s, "tokens "));
    str_release(&s);
    task_free(t);
    tokenizer_free(tok);
    dataset_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_equal),
        cmocka_unit_test(whole_texts),
        cmocka_unit_test(truncation),
        cmocka_unit_test(one_text_for_all),
        cmocka_unit_test(candidates_keep_what_differs),
        cmocka_unit_test(bos),
        cmocka_unit_test(changed_text),
        cmocka_unit_test(packing),
        cmocka_unit_test(splitting),
        cmocka_unit_test(description),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
