/* tokenizer_load - what a user can give that is wrong, each with its sentence; the n-th allocation
 * that fails; decoding; many threads; texts that would be slow if something were quadratic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "tokenizer/text.h"
#include "tokenizer/tokenizer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[256];

static int dir_make(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(dir, sizeof dir, "%s/w2s-tokenizer-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static int dir_remove(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    return file_remove_tree(dir, &e);
}

static void put(const char *name, const char *text)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    str_path(&path, dir, name);
    if (file_write(path.s, text, strlen(text), &e))
        fail_msg("%s", e.msg);
    str_release(&path);
}

static void gone(const char *name)
{
    struct str path = STR_INIT;
    str_path(&path, dir, name);
    (void)remove(path.s);
    str_release(&path);
}

static void opens_not(const char *name, const char *want)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct tokenizer *t = NULL;
    str_path(&path, dir, name);
    assert_int_not_equal(tokenizer_open(&t, path.s, &e), OK);
    assert_null(t);
    if (!strstr(e.msg, want) || !strstr(e.msg, dir))
        fail_msg("the sentence is\n    %s\nwanted %s/...%s", e.msg, dir, want);
    str_release(&path);
}

#define MODEL(vocab, merges)                                                                       \
    "\"model\":{\"type\":\"BPE\",\"vocab\":{" vocab "},\"merges\":[" merges "]}"
#define BYTES_LAST "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
#define ABC        "\"a\":0,\"b\":1,\"ab\":2"

static void bad_json(void **state)
{
    static const char *const rows[][2] = {
        {"{", "not JSON"},
        {"[1]", "this is a list, wanted a map"},
        {"{}", "\"model\" is missing, wanted a map"},
        {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}",
         "the model \"Unigram\" is not known here, only BPE"},
        {"{\"model\":{\"type\":\"BPE\"}}", "model.vocab is missing"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", "model.merges is missing"},
        {"{" MODEL("", "") "}", "the vocabulary is empty"},
        {"{" MODEL("\"a\":0,\"b\":0", "") "}",
         "model.vocab: the id 0 is given to \"a\" and to \"b\""},
        {"{" MODEL("\"a\":-1", "") "}", "\"a\" has the id -1"},
        {"{" MODEL("\"a\":\"0\"", "") "}", "model.vocab: \"a\" has a string, wanted an id"},
        {"{" MODEL(ABC, "\"a c\"") "}",
         "model.merges: the merge \"a c\" needs \"c\", which is not in the vocabulary"},
        {"{" MODEL(ABC, "\"b a\"") "}", "the merge \"b a\" needs \"ba\""},
        {"{" MODEL(ABC, "[\"c\",\"a\"]") "}", "the merge \"c a\" needs \"c\""},
        {"{" MODEL(ABC, "\"ab\"") "}",
         "the merge \"ab\" is not two tokens with a space between them"},
        {"{" MODEL(ABC, "7") "}", "a merge is a whole number, wanted \"a b\" or [\"a\", \"b\"]"},
        {"{\"model\":{\"dropout\":0.1,\"vocab\":{" ABC "},\"merges\":[]}}", "model.dropout is 0.1"},
        {"{\"model\":{\"unk_token\":\"?\",\"vocab\":{" ABC "},\"merges\":[]}}",
         "model.unk_token \"?\" is not in the vocabulary"},
        {"{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{" ABC "},\"merges\":[]}}",
         "model.end_of_word_suffix is \"</w>\", wanted none"},
        {"{\"normalizer\":{\"type\":\"NFKC\"}," MODEL(ABC, "") "}",
         "the normalizer \"NFKC\" is not known here"},
        {"{\"pre_tokenizer\":{\"type\":\"Metaspace\"}," MODEL(ABC, "") "}",
         "\"replacement\" is missing"},
        {"{\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\"}," MODEL(ABC, "") "}",
         "\"replacement\" of a Metaspace is empty"},
        {"{\"pre_tokenizer\":{\"type\":\"Whitespace\"}," MODEL(ABC, "") "}",
         "the pre-tokenizer \"Whitespace\" is not known here"},
        {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\w\"},\"behavior\":"
         "\"Isolated\"}," MODEL(ABC, "") "}",
         "which is not supported here"},
        {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":"
         "\"Isolate\"}," MODEL(ABC, "") "}",
         "did you mean"},
        {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},"
         "{\"type\":\"Digits\"}]}," MODEL(ABC, "") "}",
         "a pre-tokenizer after ByteLevel is not supported"},
        {"{\"post_processor\":{\"type\":\"BertProcessing\"}," MODEL(ABC, "") "}",
         "the post_processor \"BertProcessing\" is not known here"},
        {"{\"decoder\":{\"type\":\"WordPiece\"}," MODEL(ABC, "") "}",
         "the decoder \"WordPiece\" is not known here"},
        {"{\"added_tokens\":[{\"id\":7,\"content\":\"a\"}]," MODEL(ABC, "") "}",
         "added_tokens: the added token \"a\" has the id 7, in the vocabulary it has 0"},
        {"{\"added_tokens\":[{\"id\":1,\"content\":\"x\"}]," MODEL(ABC, "") "}",
         "the id 1 is given to \"b\" and to \"x\""},
        {"{\"added_tokens\":[{\"id\":3,\"content\":\"x\"},{\"id\":4,\"content\":\"x\"}]," MODEL(
             ABC, "") "}",
         "the added token \"x\" comes twice"},
        {"{\"added_tokens\":[{\"content\":\"x\"}]," MODEL(ABC, "") "}", "\"id\" is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put("tokenizer.json", rows[i][0]);
        opens_not("tokenizer.json", rows[i][1]);
        opens_not("", rows[i][1]);
    }
    gone("tokenizer.json");
}

static void bad_files(void **state)
{
    (void)state;
    opens_not("", "has neither a tokenizer.json nor a vocab.json with merges.txt");
    opens_not("tokenizer.json", "No such file");
    put("vocab.json", "{" ABC "}");
    opens_not("", "merges.txt: No such file");
    put("merges.txt", "#version: 0.2\na b\nb a\n");
    opens_not("", "merges.txt:3: the merge \"b a\" needs \"ba\"");
    put("merges.txt", "#version: 0.2\na b c\n");
    opens_not("vocab.json", "merges.txt:2: the merge \"a b c\" is not two tokens");
    put("merges.txt", "#version: 0.2\r\na b\r\n");
    put("tokenizer_config.json", "{\"tokenizer_class\":\"RobertaTokenizer\"}");
    opens_not(
        "", "tokenizer_config.json: tokenizer_class is \"RobertaTokenizer\"; from vocab.json and");
    put("tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"y\"}}}");
    opens_not("", "\"x\" is not an id");
    put("tokenizer_config.json", "{\"added_tokens_decoder\":{\"1\":{\"content\":\"y\"}}}");
    opens_not("", "the id 1 is given to \"b\" and to \"y\"");
    gone("tokenizer_config.json");
    put("vocab.json", "{\"a\":true}");
    opens_not("", "\"a\" has true or false, wanted an id");
    gone("vocab.json");
    gone("merges.txt");
}

static void bad_gguf(void **state)
{
    static const char *const tokens[] = {"a", "b", "ab"}, *const merges[] = {"a b"},
                             *const bad[] = {"a c"};
    const struct tokenizer_gguf good = {.model = "gpt2",
                                        .pre = "gpt-2",
                                        .tokens = tokens,
                                        .n_tokens = 3,
                                        .merges = merges,
                                        .n_merges = 1,
                                        .bos = -1,
                                        .eos = 2,
                                        .file = "m.gguf"};
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    (void)state;
    assert_int_equal(tokenizer_from_gguf(&t, &good, &e), OK);
    assert_int_equal(tokenizer_find(t, "ab"), 2);
    tokenizer_free(t);
    struct tokenizer_gguf g = good;
    g.model = "bert";
    assert_int_equal(tokenizer_from_gguf(&t, &g, &e), ERR_INPUT);
    assert_string_equal(e.msg, "m.gguf: tokenizer.ggml.model is \"bert\"; known are \"gpt2\" "
                               "(byte-level BPE) and \"llama\" "
                               "(SentencePiece's BPE)");
    g = good;
    g.pre = "smoll";
    assert_int_equal(tokenizer_from_gguf(&t, &g, &e), ERR_INPUT);
    assert_non_null(
        strstr(e.msg, "m.gguf: tokenizer.ggml.pre: the pre-tokenizer \"smoll\" is not known"));
    g = good;
    g.merges = bad;
    assert_int_equal(tokenizer_from_gguf(&t, &g, &e), ERR_INPUT);
    assert_string_equal(
        e.msg, "m.gguf: tokenizer.ggml.merges[0]: the merge \"a c\" needs \"c\", which is not in "
               "the vocabulary");
    g = good;
    g.eos = 3;
    assert_int_equal(tokenizer_from_gguf(&t, &g, &e), ERR_INPUT);
    assert_string_equal(e.msg, "m.gguf: tokenizer.ggml.eos_token_id is 3, there are 3 tokens");
    assert_null(t);
}

/* Config files decide: the class, the ends, the tokens beside the vocabulary. */
static void config(void **state)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    (void)state;
    put("vocab.json", "{\"a\":0,\"b\":1,\"1\":2,\"11\":3,\"\\u0120\":4}");
    put("merges.txt", "1 1\n");
    assert_int_equal(tokenizer_open(&t, dir, &e), OK); /* "11" is cut by Qwen2's alone */
    assert_int_equal(tokenizer_find(t, "11"), 3);
    assert_int_equal(tokenizer_bos(t), 5); /* <|endoftext|>, added as GPT2Tokenizer adds it */
    assert_int_equal(tokenizer_eos(t), 5);
    assert_int_equal(tokenizer_vocab(t), 6);
    tokenizer_free(t);
    put("tokenizer_config.json",
        "{\"tokenizer_class\":\"Qwen2TokenizerFast\",\"model_max_length\":"
        "1000000000000000019884624838656,"
        "\"bos_token\":null,\"eos_token\":{\"content\":\"<end>\"},\"add_bos_token\":true,"
        "\"added_tokens_decoder\":{\"11\":{\"content\":\"<x>\",\"special\":false},"
        "\"9\":{\"content\":\"<end>\",\"special\":true}}}");
    assert_int_equal(tokenizer_open(&t, dir, &e), OK);
    assert_int_equal(tokenizer_find(t, "11"), -1);
    assert_int_equal(tokenizer_bos(t), -1);
    assert_int_equal(tokenizer_eos(t), 9);
    assert_int_equal(tokenizer_vocab(t), 12);
    assert_int_equal(tokenizer_encode(t, "a<end><x>b", 10, false, &ids, &e), OK);
    assert_int_equal(ids.n,
                     3); /* of "<end>" nothing is in this vocabulary, <x> is no special token */
    assert_int_equal(ids.ids[1], 11);
    tokenizer_free(t);
    put("tokenizer_config.json",
        "{\"bos_token\":\"b\",\"add_bos_token\":true,\"add_prefix_space\":true}");
    assert_int_equal(tokenizer_open(&t, dir, &e), OK);
    ids.n = 0;
    assert_int_equal(tokenizer_encode_model(t, "a", 1, &ids, &e), OK);
    assert_int_equal(ids.n, 3);
    assert_int_equal(ids.ids[0], 1);
    assert_int_equal(ids.ids[1], 4);
    assert_int_equal(ids.ids[2], 0);
    tokenizer_free(t);
    token_ids_release(&ids);
    gone("tokenizer_config.json");
    gone("vocab.json");
    gone("merges.txt");
}

/* small_open - 256 bytes and a few merges, by the fields of a GGUF file; with special, added
 * tokens. */
static int small_open(struct tokenizer **t, struct err *e)
{
    static char texts[256][4];
    static const char *tokens[264], *const merges[] = {"a a", "aa aa", "\xC4\xA0 a", "e r"};
    static const char *const more[] = {"aa",
                                       "aaaa",
                                       ("\xC4\xA0"
                                        "a"),
                                       "er",
                                       "<|end|>",
                                       "  "};
    static int32_t types[264];
    size_t n = 0, other = 0;
    for (unsigned b = 0; b < 256; b++) {
        bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        memset(texts[b], 0, sizeof texts[b]);
        (void)utf8_put(texts[b], itself ? b : 0x100 + (unsigned)other++);
        tokens[n++] = texts[b];
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        tokens[n++] = more[i];
    for (size_t i = 0; i < n; i++)
        types[i] = i == 260 ? 3 : i == 261 ? 4 : 1;
    const struct tokenizer_gguf g = {.model = "gpt2",
                                     .pre = "smollm",
                                     .tokens = tokens,
                                     .n_tokens = n,
                                     .types = types,
                                     .merges = merges,
                                     .n_merges = 4,
                                     .bos = 260,
                                     .eos = 260,
                                     .add_bos = true,
                                     .file = "small.gguf"};
    return tokenizer_from_gguf(t, &g, e);
}

static void decoding(void **state)
{
    static const char text[] = "a\xE2\x82\xAC  aaaaaa b\xFF 12\n<|end|>";
    static const char want[] = "a\xE2\x82\xAC  aaaaaa b\xEF\xBF\xBD 12\n";
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    struct str out = STR_INIT;
    (void)state;
    assert_int_equal(small_open(&t, &e), OK);
    assert_int_equal(tokenizer_encode_model(t, text, sizeof text - 1, &ids, &e), OK);
    assert_int_equal(ids.ids[0], 260);
    assert_int_equal(ids.ids[ids.n - 1], 260);
    for (size_t i = 0; i < ids.n; i++)
        assert_int_equal(tokenizer_decode(t, ids.ids[i], true, &out, &e), OK);
    assert_string_equal(out.s, want);
    str_reset(&out);
    assert_int_equal(tokenizer_decode(t, 260, false, &out, &e), OK);
    assert_string_equal(out.s, "<|end|>");
    assert_int_equal(tokenizer_decode(t, 262, false, &out, &e), ERR_INPUT);
    assert_string_equal(e.msg, "the tokenizer has no token 262; its ids are below 262");
    assert_int_equal(tokenizer_decode(t, -1, false, &out, &e), ERR_INPUT);
    ids.n = 0;
    assert_int_equal(tokenizer_encode(t, "<|end|>", 7, false, &ids, &e), OK);
    assert_int_equal(ids.n, 7);
    assert_int_equal(tokenizer_find(t, "<|end|>"), 260);
    assert_int_equal(tokenizer_find(t, "er"), 259);
    assert_int_equal(tokenizer_find(t, "err"), -1);
    assert_int_equal(tokenizer_find(t, ""), -1);
    str_release(&out);
    token_ids_release(&ids);
    tokenizer_free(t);
}

static void hash_tells(void **state)
{
    static const char *const bodies[] = {
        "{" BYTES_LAST "," MODEL(ABC, "\"a b\"") "}",
        "{" BYTES_LAST "," MODEL(ABC, "") "}",
        "{" BYTES_LAST "," MODEL("\"a\":0,\"b\":2,\"ab\":1", "\"a b\"") "}",
        "{" BYTES_LAST ",\"normalizer\":{\"type\":\"NFC\"}," MODEL(ABC, "\"a b\"") "}",
        "{" BYTES_LAST
        ",\"added_tokens\":[{\"id\":3,\"content\":\"x\"}]," MODEL(ABC, "\"a b\"") "}",
        "{" BYTES_LAST ",\"added_tokens\":[{\"id\":3,\"content\":\"x\",\"lstrip\":true}]," MODEL(
            ABC, "\"a b\"") "}",
    };
    char hex[6][65];
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct err e = ERR_INIT;
        struct tokenizer *t = NULL;
        char again[65];
        put("tokenizer.json", bodies[i]);
        assert_int_equal(tokenizer_open(&t, dir, &e), OK);
        assert_int_equal(tokenizer_hash(t, hex[i], &e), OK);
        tokenizer_free(t);
        assert_int_equal(tokenizer_open(&t, dir, &e), OK);
        assert_int_equal(tokenizer_hash(t, again, &e), OK);
        tokenizer_free(t);
        assert_int_equal(strlen(hex[i]), 64);
        assert_string_equal(hex[i], again);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    }
    gone("tokenizer.json");
}

/* One character 100,000 times, in every way that a careless loop would take forever on. */
static void long_runs(void **state)
{
    static const char *const units[] = {"a",  " ",  "\n",   "1",     "\xCC\x81",
                                        "ab", " a", "\xFF", "<|end|"};
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    double begin = clock_now();
    (void)state;
    assert_int_equal(small_open(&t, &e), OK);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct str text = STR_INIT;
        for (size_t k = 0; k < 100000; k++)
            str_cat(&text, units[i]);
        ids.n = 0;
        assert_int_equal(tokenizer_encode(t, text.s, text.len, true, &ids, &e), OK);
        assert_true(ids.n > 0);
        str_release(&text);
    }
    assert_int_equal(ids.n, 600000); /* "<|end|" begins like an added token each time */
    assert_true(clock_now() - begin < 20);
    token_ids_release(&ids);
    tokenizer_free(t);
}

struct job {
    const struct tokenizer *t;
    struct token_ids ids;
    int rc;
};

static void *job_run(void *arg)
{
    struct job *j = arg;
    struct err e = ERR_INIT;
    for (int i = 0; i < 50 && j->rc == OK; i++) {
        j->ids.n = 0;
        j->rc =
            tokenizer_encode(j->t, "er aaaa a aa  err\xCC\x81 <|end|> 12", 31, true, &j->ids, &e);
    }
    return NULL;
}

static void threads(void **state)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct job jobs[4];
    pthread_t ids[4];
    (void)state;
    assert_int_equal(small_open(&t, &e), OK);
    for (size_t i = 0; i < 4; i++) {
        jobs[i] = (struct job){t, {NULL, 0, 0}, OK};
        assert_int_equal(pthread_create(&ids[i], NULL, job_run, &jobs[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(ids[i], NULL);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(jobs[i].rc, OK);
        assert_int_equal(jobs[i].ids.n, jobs[0].ids.n);
        assert_memory_equal(jobs[i].ids.ids, jobs[0].ids.ids, jobs[0].ids.n * sizeof(int32_t));
    }
    for (size_t i = 0; i < 4; i++)
        token_ids_release(&jobs[i].ids);
    tokenizer_free(t);
}

/* Every allocation fails once: an error, nothing lost, and what was there before is still there. */
static void out_of_memory(void **state)
{
    static const char body[] =
        "{\"added_tokens\":[{\"id\":3,\"content\":\"x\",\"single_word\":true,\"normalized\":true}],"
        "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":"
        "\"Replace\","
        "\"pattern\":{\"String\":\"q\"},\"content\":\"a\"}]},\"pre_tokenizer\":{\"type\":"
        "\"Sequence\","
        "\"pretokenizers\":[{\"type\":\"Digits\"},{\"type\":\"ByteLevel\"}]}," MODEL(ABC,
                                                                                     "\"a b\"") "}";
    size_t n = 1;
    (void)state;
    put("tokenizer.json", body);
    for (bool hit = true; hit; n++) {
        struct err e = ERR_INIT;
        struct tokenizer *t = NULL;
        struct token_ids ids = {NULL, 0, 0};
        int rc, rc2 = OK;
        mem_fault_at(n);
        rc = tokenizer_open(&t, dir, &e);
        if (rc == OK)
            rc2 =
                tokenizer_encode(t, "ab x xe\xCC\x81 q\xFF\xF0\x90\xB5\x80 1", 19, true, &ids, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        if (!hit)
            assert_true(rc == OK && rc2 == OK);
        if (rc) {
            assert_null(t);
            assert_true(strlen(e.msg) > 10);
        }
        if (rc2)
            assert_int_equal(ids.n, 0);
        token_ids_release(&ids);
        tokenizer_free(t);
        assert_true(n < 5000);
    }
    assert_true(n > 40);
    gone("tokenizer.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_json),  cmocka_unit_test(bad_files), cmocka_unit_test(bad_gguf),
        cmocka_unit_test(config),    cmocka_unit_test(decoding),  cmocka_unit_test(hash_tells),
        cmocka_unit_test(long_runs), cmocka_unit_test(threads),   cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
