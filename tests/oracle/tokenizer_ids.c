/* tokenizer_ids - the synthetic tokenizers of make_tokenizer.py, in all three forms of file: every
 * component, ids equal to those of Hugging Face tokenizers.
 *
 * Called as PROGRAM TOKENIZER MODE it is no test: it answers texts on standard input (32 bits of
 * length, bytes) with ids (32 bits of count, ids), for `make_tokenizer.py compare`. */
#include "tokenizer_fixture.h"

static void case_texts(struct texts *to)
{
    struct str file = STR_INIT;
    fixture_read(&file, "cases.txt");
    for (const char *s = file.s; *s;) {
        const char *stop = strchr(s, '\n');
        texts_add_hex(to, s, (size_t)(stop - s));
        s = stop + 1;
    }
    odd_texts(to, N_CASES_ODD);
    str_release(&file);
}

static struct tokenizer *synthetic_open(const char *name, const char *suffix)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct str path = STR_INIT, file = STR_INIT;
    str_addf(&file, "synthetic/%s%s", name, suffix);
    fixture_path(&path, file.s);
    if (tokenizer_open(&t, path.s, &e))
        fail_msg("%s", e.msg);
    str_release(&path);
    str_release(&file);
    return t;
}

static void ids_check(const struct tokenizer *t, char mode, const char *name,
                      const struct doc *line)
{
    struct err e = ERR_INIT;
    struct texts one = {STR_INIT, NULL, 0, 0};
    struct token_ids ids = {NULL, 0, 0};
    const struct doc *hex = doc_get(line, "text"), *want = doc_get(line, "ids");
    size_t n, i = 0;
    texts_add_hex(&one, hex->s, hex->len);
    const char *s = texts_at(&one, 0, &n);
    assert_int_equal(mode_encode(t, mode, s, n, &ids, &e), OK);
    if (ids.n != want->n)
        fail_msg("%s, text %s: %zu ids, wanted %zu", name, hex->s, ids.n, want->n);
    for (const struct doc *d = want->child; d; d = d->next, i++)
        if (ids.ids[i] != d->i)
            fail_msg("%s, text %s: id %zu is %d, wanted %d", name, hex->s, i, (int)ids.ids[i],
                     (int)d->i);
    token_ids_release(&ids);
    texts_release(&one);
}

static void tokenizer_json_components(void **state)
{
    struct err e = ERR_INIT;
    struct texts texts = {STR_INIT, NULL, 0, 0};
    struct str file = STR_INIT;
    struct tokenizer *t = NULL;
    char name[32] = "", mode = 's';
    size_t sums = 0, exact = 0;
    (void)state;
    case_texts(&texts);
    fixture_read(&file, "cases.jsonl");
    for (const char *s = file.s; *s;) {
        struct doc_tree tree = DOC_TREE_INIT;
        size_t n = (size_t)(strchr(s, '\n') - s);
        if (doc_parse_json(&tree, s, n, "cases.jsonl", 1, &e))
            fail_msg("%s", e.msg);
        const struct doc *who = doc_get(tree.root, "tokenizer");
        if (who) {
            char sum[SUM_HEX];
            if (strcmp(name, who->s) != 0) {
                snprintf(name, sizeof name, "%s", who->s);
                tokenizer_free(t);
                t = synthetic_open(name, ".json");
            }
            mode = doc_get(tree.root, "mode")->s[0];
            texts_sum(t, mode, &texts, sum);
            if (strcmp(sum, doc_get(tree.root, "sum")->s) != 0)
                fail_msg("%s, mode %c: the sum over all ids differs (make_tokenizer.py compare "
                         "shows where)",
                         name, mode);
            sums++;
        } else {
            ids_check(t, mode, name, tree.root);
            exact++;
        }
        doc_tree_release(&tree);
        s += n + 1;
    }
    assert_int_equal(sums, 39);
    assert_true(exact > 200);
    tokenizer_free(t);
    texts_release(&texts);
    str_release(&file);
}

/* same_ids - both give every text the same ids, special tokens parsed or not. */
static void same_ids(const struct tokenizer *a, const struct tokenizer *b)
{
    struct texts texts = {STR_INIT, NULL, 0, 0};
    char x[SUM_HEX], y[SUM_HEX];
    case_texts(&texts);
    for (const char *mode = "ps"; *mode; mode++) {
        texts_sum(a, *mode, &texts, x);
        texts_sum(b, *mode, &texts, y);
        assert_string_equal(x, y);
    }
    texts_release(&texts);
}

static void vocab_and_merges(void **state)
{
    struct tokenizer *json = synthetic_open("plain", ".json");
    struct tokenizer *folder = synthetic_open("files", ""),
                     *file = synthetic_open("files/vocab.json", "");
    (void)state;
    same_ids(json, folder);
    same_ids(json, file);
    assert_int_equal(tokenizer_bos(folder), 0);
    assert_int_equal(tokenizer_eos(folder), 0);
    assert_int_equal(tokenizer_vocab(folder), tokenizer_vocab(json));
    tokenizer_free(json);
    tokenizer_free(folder);
    tokenizer_free(file);
}

/* gguf_like - the fields that a GGUF file of this vocabulary has. */
static struct tokenizer *gguf_like(const char *name, const char *pre, bool add_bos)
{
    static const char *tokens[512], *merges[512];
    static char joined[512][64];
    struct err e = ERR_INIT;
    struct doc_tree tree = DOC_TREE_INIT;
    struct str path = STR_INIT, file = STR_INIT;
    struct tokenizer *t = NULL;
    int32_t types[512];
    size_t n_tokens = 0, n_merges = 0;
    str_addf(&file, "synthetic/%s.json", name);
    fixture_path(&path, file.s);
    assert_int_equal(doc_read_json(&tree, path.s, &e), OK);
    const struct doc *vocab = doc_path(tree.root, "model.vocab"),
                     *list = doc_path(tree.root, "model.merges");
    for (const struct doc *d = vocab->child; d; d = d->next) {
        tokens[d->i] = d->key;
        types[d->i] = 1;
        n_tokens++;
    }
    for (const struct doc *d = doc_get(tree.root, "added_tokens")->child; d; d = d->next) {
        int64_t id = doc_get(d, "id")->i;
        n_tokens += (size_t)id == n_tokens;
        tokens[id] = doc_get(d, "content")->s;
        types[id] = doc_get(d, "special")->b ? 3 : 4;
    }
    for (const struct doc *d = list->child; d; d = d->next, n_merges++) {
        snprintf(joined[n_merges], sizeof joined[0], "%s %s", d->child->s, d->child->next->s);
        merges[n_merges] = joined[n_merges];
    }
    struct tokenizer_gguf g = {.model = "gpt2",
                               .pre = pre,
                               .tokens = tokens,
                               .n_tokens = n_tokens,
                               .types = types,
                               .merges = merges,
                               .n_merges = n_merges,
                               .bos = (int64_t)n_tokens - 1,
                               .eos = 0,
                               .add_bos = add_bos,
                               .file = "synthetic.gguf"};
    if (tokenizer_from_gguf(&t, &g, &e))
        fail_msg("%s", e.msg);
    doc_tree_release(&tree);
    str_release(&path);
    str_release(&file);
    return t;
}

/* spm_like - the fields that a GGUF file of a SentencePiece's tokenizer.json has; its types and
 * scores from a file of them, or as Llama 2's are. */
struct spm_like {
    struct doc_tree tree;
    struct str scores_file;
    const char **tokens;
    int32_t *types;
    float *scores;
    struct tokenizer_gguf g;
};

static void spm_like(struct spm_like *s, const char *json, const char *scores)
{
    struct err e = ERR_INIT;
    memset(s, 0, sizeof *s);
    if (doc_read_json(&s->tree, json, &e))
        fail_msg("%s", e.msg);
    const struct doc *vocab = doc_path(s->tree.root, "model.vocab");
    size_t n = vocab->n, i = 0;
    s->tokens = mem_zalloc(n, sizeof *s->tokens, &e);
    s->types = mem_zalloc(n, sizeof *s->types, &e);
    s->scores = mem_zalloc(n, sizeof *s->scores, &e);
    for (const struct doc *d = vocab->child; d; d = d->next)
        s->tokens[d->i] = d->key;
    for (i = 0; i < n && !scores; i++) {
        s->types[i] = i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1;
        /* its runs of spaces were put in by hand, below everything */
        bool run = i >= 259 && strspn(s->tokens[i], "\xE2\x96\x81") == strlen(s->tokens[i]);
        s->scores[i] = i < 259 ? 0 : run && strlen(s->tokens[i]) > 3 ? -1e9F : -(float)(i - 259);
    }
    if (scores) {
        fixture_read(&s->scores_file, scores);
        char *at = s->scores_file.s;
        for (i = 0; i < n && *at; i++) {
            s->types[i] = (int32_t)strtol(at, &at, 10);
            s->scores[i] = strtof(at, &at);
            at += *at == '\n';
        }
    }
    assert_int_equal(i, n);
    s->g = (struct tokenizer_gguf){.model = "llama",
                                   .tokens = s->tokens,
                                   .n_tokens = n,
                                   .types = s->types,
                                   .scores = s->scores,
                                   .bos = 1,
                                   .eos = 2,
                                   .add_bos = true,
                                   .space_prefix = true,
                                   .file = "spm.gguf"};
}

static void spm_release(struct spm_like *s)
{
    doc_tree_release(&s->tree);
    str_release(&s->scores_file);
    mem_free(s->tokens);
    mem_free(s->types);
    mem_free(s->scores);
}

/* saved_same - what is saved of a GGUF's fields gives the same ids. */
static void saved_same(const struct tokenizer_gguf *g, const struct tokenizer *t)
{
    struct err e = ERR_INIT;
    char dir[] = "/tmp/w2s-spm-XXXXXX";
    struct tokenizer *saved = NULL;
    assert_non_null(mkdtemp(dir));
    if (tokenizer_gguf_save(g, dir, &e) || tokenizer_open(&saved, dir, &e))
        fail_msg("%s", e.msg);
    same_ids(t, saved);
    assert_int_equal(tokenizer_bos(saved), tokenizer_bos(t));
    assert_int_equal(tokenizer_find(saved, " e"), tokenizer_find(t, " e"));
    tokenizer_free(saved);
    assert_int_equal(file_remove_tree(dir, &e), OK);
}

/* Merges out of scores are those of Hugging Face's converter; a space before a text or none. */
static void gguf_scores(void **state)
{
    struct err e = ERR_INIT;
    struct tokenizer *json = synthetic_open("spm", ".json"), *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    struct str path = STR_INIT;
    struct spm_like s;
    (void)state;
    fixture_path(&path, "synthetic/spm.json");
    spm_like(&s, path.s, "synthetic/spm.scores");
    if (tokenizer_from_gguf(&t, &s.g, &e))
        fail_msg("%s", e.msg);
    same_ids(json, t);
    saved_same(&s.g, t);
    assert_int_equal(tokenizer_encode_model(t, "the", 3, &ids, &e), OK);
    assert_int_equal(ids.ids[0], 1);
    tokenizer_free(t);
    s.g.space_prefix = s.g.add_bos = false;
    s.g.add_eos = true;
    if (tokenizer_from_gguf(&t, &s.g, &e))
        fail_msg("%s", e.msg);
    saved_same(&s.g, t);
    ids.n = 0;
    assert_int_equal(tokenizer_encode_model(t, "e", 1, &ids, &e), OK);
    assert_int_equal(ids.n, 2);
    assert_int_equal(ids.ids[1], 2);
    assert_string_equal(s.g.tokens[ids.ids[0]], "e");
    tokenizer_free(t);
    s.g.scores = NULL;
    assert_int_equal(tokenizer_from_gguf(&t, &s.g, &e), ERR_INPUT);
    assert_string_equal(e.msg, "spm.gguf: tokenizer.ggml.scores is missing");
    spm_release(&s);
    tokenizer_free(json);
    token_ids_release(&ids);
    str_release(&path);
}

/* Llama 2's own merges and those from its scores: the same ids of text (its file looks for special
 * tokens in the normalised text, converters of today do not). */
static void llama_scores(void **state)
{
    const char *data = getenv("W2S_DATA");
    struct err e = ERR_INIT;
    struct str path = STR_INIT, text = STR_INIT;
    struct tokenizer *json = NULL, *t = NULL;
    struct texts lines = {STR_INIT, NULL, 0, 0};
    struct spm_like s;
    char x[SUM_HEX], y[SUM_HEX];
    (void)state;
    if (!data)
        skip();
    str_addf(&path, "%s/tokenizers/llama/tokenizer.json", data);
    spm_like(&s, path.s, NULL);
    if (tokenizer_open(&json, path.s, &e) || tokenizer_from_gguf(&t, &s.g, &e))
        fail_msg("%s", e.msg);
    case_texts(&lines);
    odd_texts(&lines, N_ODD);
    str_reset(&path);
    str_addf(&path, "%s/boolq/val.jsonl", data);
    if (file_read(&text, path.s, &e))
        fail_msg("%s", e.msg);
    for (const char *at = text.s, *stop; *at; at = *stop ? stop + 1 : stop) {
        stop = at + strcspn(at, "\n");
        texts_add(&lines, at, (size_t)(stop - at));
    }
    texts_sum(json, 'p', &lines, x);
    texts_sum(t, 'p', &lines, y);
    assert_string_equal(x, y);
    texts_release(&lines);
    tokenizer_free(json);
    tokenizer_free(t);
    spm_release(&s);
    str_release(&path);
    str_release(&text);
}

static void gguf_fields(void **state)
{
    static const struct {
        const char *name, *pre;
    } pairs[] = {{"plain", "gpt-2"},   {"plain", NULL},         {"plain", "default"},
                 {"smollm", "smollm"}, {"llama3", "llama-bpe"}, {"qwen2", "qwen2"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct tokenizer *json = synthetic_open(pairs[i].name, ".json");
        struct tokenizer *gguf = gguf_like(pairs[i].name, pairs[i].pre, false);
        same_ids(json, gguf);
        tokenizer_free(json);
        tokenizer_free(gguf);
    }
}

static void gguf_bos(void **state)
{
    struct err e = ERR_INIT;
    struct token_ids ids = {NULL, 0, 0};
    struct tokenizer *t = gguf_like("llama3", "llama-bpe", true);
    (void)state;
    assert_int_equal(tokenizer_bos(t), 420);
    assert_int_equal(tokenizer_vocab(t), 421);
    assert_int_equal(tokenizer_words(t), 420);
    assert_int_equal(tokenizer_eos(t), 0);
    assert_int_equal(tokenizer_encode_model(t, "", 0, &ids, &e), OK);
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.ids[0], 420);
    token_ids_release(&ids);
    tokenizer_free(t);
}

/* One token inside of a text, whatever the tokenizer puts before a text. */
static void finding(void **state)
{
    struct tokenizer *meta = synthetic_open("metaspace", ".json"),
                     *prefix = synthetic_open("prefix", ".json");
    struct err e = ERR_INIT;
    struct str s = STR_INIT;
    int32_t a = tokenizer_find(meta, " "), b = tokenizer_find(meta, "e");
    (void)state;
    assert_true(a >= 0 && b >= 0 && a != b);
    assert_int_equal(tokenizer_decode(meta, a, false, &s, &e), OK);
    assert_int_equal(tokenizer_decode(meta, b, false, &s, &e), OK);
    assert_int_equal(tokenizer_decode(meta, 3 + 'A', false, &s, &e), OK); /* <0x41> */
    assert_string_equal(s.s, " eA");
    assert_int_equal(tokenizer_find(meta, "</s>"), 2);
    assert_int_equal(tokenizer_words(meta), tokenizer_vocab(meta)); /* they stand first */
    assert_int_equal(tokenizer_find(meta, "\xF0\x9F\x98\x80"), -1);
    assert_int_equal(tokenizer_find(prefix, "t"), -1); /* comes out with its space */
    str_release(&s);
    tokenizer_free(meta);
    tokenizer_free(prefix);
}

static int answer(const char *path, char mode)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    char *text = NULL;
    size_t cap = 0;
    uint32_t n;
    int rc = any_tokenizer(&t, path, &e);
    while (rc == OK && fread(&n, sizeof n, 1, stdin) == 1) {
        rc = mem_grow(&text, &cap, n + 1, 1, &e);
        if (rc || fread(text, 1, n, stdin) != n)
            break;
        rc = mode_encode(t, mode, text, n, &ids, &e);
        n = (uint32_t)ids.n;
        fwrite(&n, sizeof n, 1, stdout);
        fwrite(ids.ids, sizeof *ids.ids, ids.n, stdout);
    }
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    mem_free(text);
    token_ids_release(&ids);
    tokenizer_free(t);
    return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tokenizer_json_components),
                                       cmocka_unit_test(vocab_and_merges),
                                       cmocka_unit_test(gguf_fields),
                                       cmocka_unit_test(gguf_scores),
                                       cmocka_unit_test(llama_scores),
                                       cmocka_unit_test(gguf_bos),
                                       cmocka_unit_test(finding)};
    if (argc == 3)
        return answer(argv[1], argv[2][0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
