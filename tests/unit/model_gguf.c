/* model_gguf.c - GGUF files, right and wrong: every number type against ggml's own reading of it,
 * whole models of every family, and files that lie. */
#include "unit/model_files.h"

/* The smallest model that opens: one layer, C = n channels; the embedding is the last tensor. */
static struct model_config small_config(size_t n)
{
    struct model_config c = test_config(FAMILY_LLAMA, false);
    c.layers = 1;
    c.channels = n;
    c.heads = c.kv_heads = 2;
    c.head_size = c.rotary = 4;
    c.mlp = 8;
    return c;
}

/* read_numbers - `bytes` of a type as the embedding of a file, read back. */
static size_t read_numbers(uint32_t type, const char *name, const void *data, size_t bytes,
                           size_t n, size_t cols, float *out)
{
    struct gguf g;
    struct weights *w;
    struct model_config c = small_config(cols);
    uint64_t size[2] = {cols, n / cols};
    gguf_init(&g);
    gguf_config(&g, &c);
    gguf_tensor(&g, "token_embd.weight", 2, size, type, data, bytes);
    check(weights_open(&w, gguf_put(&g, "types.gguf"), &e));
    const struct weights_tensor *t = weights_find(w, "token_embd.weight");
    assert_string_equal(t->type, name);
    assert_int_equal(t->ndim, 2);
    assert_int_equal(t->shape[0], n / cols);
    assert_int_equal(t->shape[1], cols);
    assert_int_equal(weights_config(w)->vocab, n / cols);
    assert_true(weights_config(w)->tied);
    for (size_t r = 0; r < n / cols; r++) /* row by row: each begins where it should */
        weights_read(w, t, r, 1, out + r * cols);
    weights_close(w);
    gguf_release(&g);
    return n;
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t number; /* ggml's */
        size_t block, bytes;
    } types[] = {{"F32", 0, 1, 4},       {"F16", 1, 1, 2},       {"Q4_0", 2, 32, 18},
                 {"Q4_1", 3, 32, 20},    {"Q5_0", 6, 32, 22},    {"Q5_1", 7, 32, 24},
                 {"Q8_0", 8, 32, 34},    {"Q4_K", 12, 256, 144}, {"Q5_K", 13, 256, 176},
                 {"Q6_K", 14, 256, 210}, {"BF16", 30, 1, 2}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct str blocks = STR_INIT, numbers = STR_INIT;
        char path[600];
        float got[1024];
        const char *source = getenv("W2S_SOURCE");
        source = source ? source : ".";
        snprintf(path, sizeof path, "%s/tests/oracle/gguf/types/%s.bin", source, types[i].name);
        check(file_read(&blocks, path, &e));
        snprintf(path, sizeof path, "%s/tests/oracle/gguf/types/%s.f32", source, types[i].name);
        check(file_read(&numbers, path, &e));
        size_t n = numbers.len / sizeof *got, cols = types[i].block == 1 ? 32 : types[i].block;
        assert_int_equal(blocks.len, n / types[i].block * types[i].bytes);
        read_numbers(types[i].number, types[i].name, blocks.s, blocks.len, n, cols, got);
        /* the same products and sums in the same order: the same bits */
        if (memcmp(got, numbers.s, numbers.len) != 0)
            fail_msg("%s is not read as ggml reads it", types[i].name);
        str_release(&blocks);
        str_release(&numbers);
    }
}

/* Every half there is, subnormal, infinite and not a number among them, against its definition. */
static void test_halves(void **state)
{
    (void)state;
    enum { ALL = 65536 };
    static unsigned char bytes[2 * ALL];
    static float got[ALL];
    for (unsigned h = 0; h < ALL; h++) {
        bytes[2 * h] = (unsigned char)(h & 255);
        bytes[2 * h + 1] = (unsigned char)(h >> 8);
    }
    read_numbers(1, "F16", bytes, sizeof bytes, ALL, 64, got);
    for (unsigned h = 0; h < ALL; h++) {
        int exponent = h >> 10 & 31, fraction = h & 1023;
        double want = exponent == 0    ? ldexp(fraction, -24)
                      : exponent == 31 ? (fraction ? (double)NAN : HUGE_VAL)
                                       : ldexp(1024 + fraction, exponent - 25);
        want = h & 0x8000 ? -want : want;
        if (exponent == 31 && fraction)
            assert_true(isnan(got[h]));
        else
            assert_true((double)got[h] == want && !signbit(got[h]) == !(h & 0x8000));
    }
    read_numbers(30, "BF16", bytes, sizeof bytes, ALL, 64, got);
    for (unsigned h = 0; h < ALL; h++) {
        int exponent = h >> 7 & 255, fraction = h & 127;
        double want = exponent == 0     ? ldexp(fraction, -133)
                      : exponent == 255 ? (fraction ? (double)NAN : HUGE_VAL)
                                        : ldexp(128 + fraction, exponent - 134);
        want = h & 0x8000 ? -want : want;
        if (exponent == 255 && fraction)
            assert_true(isnan(got[h]));
        else
            assert_true((double)got[h] == want && !signbit(got[h]) == !(h & 0x8000));
    }
}

/* Whole models: what was written is what is loaded, query and key rows of a Llama put back. */
static struct dev dev;

static void whole_of(const struct model_config *c)
{
    struct gguf g;
    struct weights *w;
    struct model *loaded, *m;
    struct model_options o = {0};
    if ((c->family == FAMILY_LLAMA && c->bias_qkv) || (c->window && c->family != FAMILY_GEMMA3))
        return; /* GGUF has no word for it */
    if (c->family == FAMILY_MISTRAL || !config_families[c->family].gguf)
        return; /* a Llama there; not there */
    struct model_config scaled = *c;
    if (c->family == FAMILY_GEMMA3) {
        scaled.attn_scale = 1 / sqrt((double)c->head_size);
        c = &scaled;
    }
    m = test_model(&dev, c, 0);
    gguf_init(&g);
    gguf_config(&g, c);
    gguf_model(&g, m);
    check(weights_open(&w, gguf_put(&g, "whole.gguf"), &e));
    check(family_check(w, weights_config(w), &e));
    struct model_config got = *weights_config(w);
    assert_true(fabs(got.norm_eps - c->norm_eps) < 1e-12); /* an f32 in the file */
    got.norm_eps = c->norm_eps;
    struct str a = STR_INIT, b = STR_INIT;
    got.eos = c->eos; /* not written: no tokenizer */
    check(config_to_json(&got, 0, &a));
    check(config_to_json(c, 0, &b));
    assert_string_equal(a.s, b.s);
    str_release(&a);
    str_release(&b);
    check(model_load(&loaded, &dev, w, &o, &e));
    assert_int_equal(loaded->n_params, m->n_params);
    for (size_t i = 0; i < m->n_params; i++)
        if (memcmp(loaded->params[i].w, m->params[i].w, floats_of(&m->params[i]) * sizeof(float)) !=
            0)
            fail_msg("%s: %s is not what was written", family_name(c->family),
                     m->params[i].spec.name);
    model_free(loaded);
    model_free(m);
    weights_close(w);
    gguf_release(&g);
}

static void test_whole(void **state)
{
    (void)state;
    every_config(whole_of);
}

/* small_gguf - a whole one-layer Llama that opens and checks. */
static void small_gguf(struct gguf *g, const struct model_config *c)
{
    struct model *m = test_model(&dev, c, 0);
    gguf_init(g);
    gguf_config(g, c);
    gguf_model(g, m);
    model_free(m);
}

/* A Gemma 3 may list which of its layers are windowed; a file that caps its logits is refused. */
static void test_window_list(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_GEMMA3, false);
    for (size_t n = TEST_L - 1; n <= TEST_L; n++) {
        struct gguf g;
        struct weights *w;
        struct model *m = test_model(&dev, &c, 0);
        gguf_init(&g);
        gguf_key(&g, "gemma3.attention.sliding_window_pattern", GGUF_ARRAY);
        little(&g.fields, GGUF_BOOL, 4);
        little(&g.fields, n, 8);
        for (size_t l = 0; l < n; l++)
            little(&g.fields, l == 1, 1);
        gguf_config(&g, &c);
        gguf_model(&g, m);
        int rc = weights_open(&w, gguf_put(&g, "list.gguf"), &e);
        assert_int_equal(rc, n == TEST_L ? OK : ERR_INPUT);
        if (rc) {
            sentence_is("list.gguf: field gemma3.attention.sliding_window_pattern is not a number "
                        "or a list of 3");
        } else {
            for (size_t l = 0; l < TEST_L; l++)
                assert_true(config_windowed(weights_config(w), l) == (l == 1));
            weights_close(w);
        }
        if (!rc) {
            gguf_f32(&g, "gemma3.final_logit_softcapping", 30);
            assert_int_equal(weights_open(&w, gguf_put(&g, "list.gguf"), &e), ERR_INPUT);
            sentence_is("list.gguf: capped logits are not computed by this program yet");
        }
        gguf_release(&g);
        model_free(m);
    }
}

/* Llama 3's scaling is in the file as the numbers that frequencies are divided by. */
static void test_rope_factors(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false), scaled = c;
    double plain[8], after[8];
    float factors[8];
    struct weights *w;
    c.rope_theta = scaled.rope_theta = 1e6; /* waves of every length */
    scaled.rope_scaling = (struct rope_scaling){ROPE_LLAMA3, 32, 1, 4, 8192};
    config_rope(&c, plain);
    config_rope(&scaled, after);
    for (int wrong = 0; wrong < 2; wrong++) {
        struct gguf g;
        uint64_t half = c.rotary / 2;
        for (size_t k = 0; k < half; k++)
            factors[k] = (float)(plain[k] / after[k]) + (float)wrong * (k == 1 ? .5f : 0);
        small_gguf(&g, &c);
        gguf_tensor(&g, "rope_freqs.weight", 1, &half, 0, factors, half * sizeof *factors);
        int rc = weights_open(&w, gguf_put(&g, "factors.gguf"), &e);
        assert_int_equal(rc, wrong ? ERR_INPUT : OK);
        if (!wrong) {
            const struct rope_scaling *s = &weights_config(w)->rope_scaling;
            assert_int_equal(s->kind, ROPE_LLAMA3);
            assert_true(s->factor == 32 && s->low == 1 && s->high == 4 && s->positions == 8192);
            check(family_check(w, weights_config(w), &e));
            weights_close(w);
        } else {
            sentence_is("factors.gguf: rope_freqs.weight holds factors that are not those of Llama "
                        "3.1 to 3.3, and no other scaling is known here");
        }
        gguf_release(&g);
    }
}

static int open_path(const char *path)
{
    struct weights *w = NULL;
    int rc = weights_open(&w, path, &e);
    if (!rc)
        rc = family_check(w, weights_config(w), &e);
    weights_close(w);
    return rc;
}

static void fails(const struct gguf *g, const char *wanted)
{
    assert_int_equal(open_path(gguf_put(g, "bad.gguf")), ERR_INPUT);
    sentence_is(wanted);
}

/* Cut anywhere, the file is refused by name. */
static void test_cut(void **state)
{
    (void)state;
    struct model_config c = small_config(8);
    struct gguf g;
    struct str bytes = STR_INIT;
    size_t cut;
    c.vocab = 5;
    small_gguf(&g, &c);
    gguf_texts(&g, "tokenizer.ggml.tokens", (const char *const[]){"a", "b"}, 2);
    gguf_text(&g, "tokenizer.ggml.model", "gpt2");
    gguf_bytes(&g, &bytes);
    assert_int_equal(open_path(put_quick("cut.gguf", bytes.s, bytes.len)), OK);
    for (cut = 0; cut < bytes.len; cut++) {
        const char *path = put_quick("cut.gguf", bytes.s, cut);
        if (open_path(path) != ERR_INPUT || strncmp(e.msg, path, strlen(path)) != 0)
            fail_msg("cut to %zu bytes: %s", cut, e.msg);
    }
    str_release(&bytes);
    gguf_release(&g);
}

/* Any one byte of what describes the data, made wrong in several ways: opened or refused, no more.
 */
static void test_damaged(void **state)
{
    (void)state;
    struct model_config c = small_config(8);
    struct gguf g;
    struct str bytes = STR_INIT;
    static const unsigned char masks[] = {0xFF, 0x80, 0x01, 0x10};
    c.vocab = 5;
    small_gguf(&g, &c);
    gguf_bytes(&g, &bytes);
    for (size_t at = 0; at < bytes.len - g.data.len; at++)
        for (size_t k = 0; k < sizeof masks; k++) {
            struct weights *w = NULL;
            struct model *m = NULL;
            struct model_options o = {0};
            bytes.s[at] = (char)((unsigned char)bytes.s[at] ^ masks[k]);
            int rc = weights_open(&w, put_quick("damaged.gguf", bytes.s, bytes.len), &e);
            if (!rc)
                rc = model_load(&m, &dev, w, &o, &e);
            if (rc && rc != ERR_INPUT)
                fail_msg("byte %zu: code %d, %s", at, rc, e.msg);
            model_free(m);
            weights_close(w);
            bytes.s[at] = (char)((unsigned char)bytes.s[at] ^ masks[k]);
        }
    str_release(&bytes);
    gguf_release(&g);
}

static void test_header(void **state)
{
    (void)state;
    struct model_config c = small_config(8);
    struct gguf g;
    c.vocab = 5;
    small_gguf(&g, &c);
    g.magic = "GGML";
    fails(&g, "bad.gguf: does not begin with GGUF: not a GGUF file");
    g.magic = "GGUF";
    g.version = 1;
    fails(&g, "bad.gguf: GGUF version 1, known are 2 and 3");
    g.version = 0x03000000; /* big-endian */
    fails(&g, "bad.gguf: GGUF version 50331648, known are 2 and 3");
    g.version = 2;
    assert_int_equal(open_path(gguf_put(&g, "two.gguf")), OK);
    g.version = 3;
    uint64_t n = g.n_fields;
    g.n_fields = UINT64_MAX;
    assert_int_equal(open_path(gguf_put(&g, "bad.gguf")), ERR_INPUT);
    assert_non_null(strstr(e.msg, "18446744073709551615 fields are announced in "));
    g.n_fields = n;
    n = g.n_tensors;
    g.n_tensors = (uint64_t)1 << 60;
    assert_int_equal(open_path(gguf_put(&g, "bad.gguf")), ERR_INPUT);
    assert_non_null(strstr(e.msg, "1152921504606846976 tensors are announced in "));
    g.n_tensors = n + 1; /* numbers are read as an entry */
    assert_int_equal(open_path(gguf_put(&g, "bad.gguf")), ERR_INPUT);
    gguf_release(&g);
}

/* Fields: strings and arrays that are longer than the file, types that are not known, numbers that
 * no model has. */
static void bad_string(struct gguf *g)
{
    gguf_key(g, "x", GGUF_STRING);
    little(&g->fields, UINT64_MAX, 8);
}
static void bad_key(struct gguf *g)
{
    little(&g->fields, (uint64_t)1 << 40, 8);
    g->n_fields++;
}
static void bad_array(struct gguf *g)
{
    gguf_key(g, "x", GGUF_ARRAY);
    little(&g->fields, 12, 4);
    little(&g->fields, ((uint64_t)1 << 61) + 1, 8); /* times 8 bytes: 8 */
}
static void bad_strings(struct gguf *g)
{
    gguf_key(g, "x", GGUF_ARRAY);
    little(&g->fields, GGUF_STRING, 4);
    little(&g->fields, (uint64_t)1 << 40, 8);
}
static void bad_type(struct gguf *g)
{
    gguf_key(g, "x", 13);
    little(&g->fields, 0, 8);
}
static void bad_nested(struct gguf *g)
{
    gguf_key(g, "x", GGUF_ARRAY);
    little(&g->fields, GGUF_ARRAY, 4);
    little(&g->fields, 1, 8);
}
static void bad_alignment(struct gguf *g)
{
    gguf_u32(g, "general.alignment", 0);
}
static void bad_tokens(struct gguf *g)
{
    gguf_u32(g, "tokenizer.ggml.tokens", 3);
}
static void bad_model(struct gguf *g)
{
    gguf_texts(g, "tokenizer.ggml.tokens", (const char *const[]){"a"}, 1);
}
static void bad_vocab(struct gguf *g)
{
    gguf_text(g, "tokenizer.ggml.model", "gpt2");
    gguf_texts(g, "tokenizer.ggml.tokens", (const char *const[]){"a", "b", "c", "d", "e", "f"}, 6);
}
static void bad_scaling(struct gguf *g)
{
    gguf_text(g, "llama.rope.scaling.type", "yarn");
}
static void bad_window(struct gguf *g)
{
    gguf_u32(g, "llama.attention.sliding_window", 16);
}

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        void (*add)(struct gguf *g);
        const char *says; /* after the name; up to where the file's size would follow */
    } cases[] = {
        {bad_string, ": 18446744073709551615 bytes are wanted at byte "},
        {bad_key, ": 1099511627776 bytes are wanted at byte "},
        {bad_array, ": 18446744073709551615 bytes are wanted at byte "},
        {bad_strings, " bytes are wanted at byte "},
        {bad_type, ": a field has type 13, which GGUF does not know"},
        {bad_nested, ": a field has type 9, which GGUF does not know"},
        {bad_alignment, ": field general.alignment is 0, wanted 1 to 1.04858e+06"},
        {bad_tokens, ": field tokenizer.ggml.tokens is not an array of strings"},
        {bad_model, ": field tokenizer.ggml.model is missing"},
        {bad_vocab, ": the tokenizer has 6 tokens, token_embd.weight 5 rows"},
        {bad_scaling, ": rope.scaling.type \"yarn\" is not computed by this program yet"},
        {bad_window, ": attention.sliding_window is not computed by this program yet"},
    };
    struct model_config c = small_config(8);
    c.vocab = 5;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gguf g;
        small_gguf(&g, &c);
        cases[i].add(&g);
        const char *path = gguf_put(&g, "field.gguf");
        if (open_path(path) != ERR_INPUT || strncmp(e.msg, path, strlen(path)) != 0 ||
            !strstr(e.msg, cases[i].says))
            fail_msg("case %zu: %s", i, e.msg);
        gguf_release(&g);
    }
}

/* A field that says another number than it should. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        double v;
        const char *says;
    } cases[] = {
        {"llama.block_count", 0, "field llama.block_count is 0, wanted a count from 1"},
        {"llama.block_count", 1e9, "field llama.block_count is 1e+09, wanted a count from 1"},
        {"llama.block_count", 2000, "2000 layers, wanted 1 to 1,024"},
        {"llama.attention.head_count", -1,
         "field llama.attention.head_count is -1, wanted a count "
         "from 1"},
        {"llama.attention.head_count_kv", 3, "2 heads cannot share 3 key/value heads"},
        {"llama.attention.head_count_kv", 0, "a size of the model is 0"},
        {"llama.attention.head_count_kv", 1e30,
         "field llama.attention.head_count_kv is 1e+30, wanted 0 to 1.67772e+07"},
        {"llama.attention.key_length", -5,
         "field llama.attention.key_length is -5, wanted 0 to 1.67772e+07"},
        {"llama.attention.key_length", 16777216, "a size of the model is beyond 16777216"},
        {"llama.attention.key_length", 5, "4 values of a head of 5 cannot rotate in pairs"},
        {"llama.rope.dimension_count", 6, "6 values of a head of 4 cannot rotate in pairs"},
        {"llama.rope.dimension_count", 3, "3 values of a head of 4 cannot rotate in pairs"},
        {"llama.rope.freq_base", 0, "field llama.rope.freq_base is 0, wanted 1 to 1e+12"},
        {"llama.attention.layer_norm_rms_epsilon", -1,
         "field llama.attention.layer_norm_rms_epsilon is -1, wanted 0 to 1"},
    };
    struct model_config c = small_config(8);
    c.vocab = 5;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gguf g, without;
        small_gguf(&g, &c);
        gguf_init(&without);
        gguf_f32(&without, cases[i].key, cases[i].v); /* the first of two is read */
        str_catn(&without.fields, g.fields.s, g.fields.len);
        without.n_fields += g.n_fields;
        str_catn(&without.entries, g.entries.s, g.entries.len);
        str_catn(&without.data, g.data.s, g.data.len);
        without.n_tensors = g.n_tensors;
        if (open_path(gguf_put(&without, "number.gguf")) != ERR_INPUT ||
            !strstr(e.msg, cases[i].says))
            fail_msg("case %zu: %s", i, e.msg);
        gguf_release(&g);
        gguf_release(&without);
    }
}

/* A count in whatever type a writer chose; a vector of another length than the config's. */
static void test_field_types(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        int bytes;
        uint64_t bits; /* of 1 */
    } types[] = {{0, 1, 1},
                 {1, 1, 1},
                 {2, 2, 1},
                 {3, 2, 1},
                 {4, 4, 1},
                 {5, 4, 1},
                 {6, 4, 0x3F800000u},
                 {7, 1, 1},
                 {10, 8, 1},
                 {11, 8, 1},
                 {12, 8, 0x3FF0000000000000u}};
    struct model_config c = small_config(8);
    c.vocab = 5;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct gguf g, typed;
        small_gguf(&g, &c);
        gguf_init(&typed);
        gguf_key(&typed, "llama.block_count", types[i].type); /* the first of two is read */
        little(&typed.fields, types[i].bits, types[i].bytes);
        str_catn(&typed.fields, g.fields.s, g.fields.len);
        typed.n_fields += g.n_fields;
        str_catn(&typed.entries, g.entries.s, g.entries.len);
        str_catn(&typed.data, g.data.s, g.data.len);
        typed.n_tensors = g.n_tensors;
        if (open_path(gguf_put(&typed, "typed.gguf")))
            fail_msg("type %u: %s", types[i].type, e.msg);
        gguf_release(&g);
        gguf_release(&typed);
    }
    struct gguf g;
    c.channels = 12;
    c.heads = c.kv_heads = 1;
    small_gguf(&g, &c);
    struct gguf other;
    gguf_init(&other);
    c.mlp = 9;
    gguf_config(&other, &c);
    str_catn(&other.entries, g.entries.s, g.entries.len);
    str_catn(&other.data, g.data.s, g.data.len);
    other.n_tensors = g.n_tensors;
    fails(&other, "bad.gguf: tensor blk.0.ffn_gate.weight is [8,12], wanted [9,12] by the config");
    gguf_release(&g);
    gguf_release(&other);
}

static void test_missing_fields(void **state)
{
    (void)state;
    struct gguf g;
    gguf_init(&g);
    fails(&g, "bad.gguf: field general.architecture is missing");
    gguf_text(&g, "general.architecture", "mamba");
    fails(&g, "bad.gguf: architecture \"mamba\" is not known here; known are gpt2, gptneox, "
              "llama, qwen2, qwen3, olmo2, gemma3");
    gguf_release(&g);
    gguf_init(&g);
    gguf_text(&g, "general.architecture", "llama");
    fails(&g, "bad.gguf: field llama.block_count is missing");
    gguf_u32(&g, "llama.block_count", 1);
    gguf_u32(&g, "llama.embedding_length", 8);
    gguf_u32(&g, "llama.feed_forward_length", 8);
    gguf_u32(&g, "llama.attention.head_count", 2);
    gguf_u32(&g, "llama.context_length", 8);
    fails(&g, "bad.gguf: field llama.attention.layer_norm_rms_epsilon is missing");
    gguf_f32(&g, "llama.attention.layer_norm_rms_epsilon", 1e-5);
    fails(&g, "bad.gguf: tensor token_embd.weight is missing");
    gguf_release(&g);
}

/* Tensor entries that lie about where, how much and as what. */
static void test_tensors(void **state)
{
    (void)state;
    static const unsigned char zeros[4096];
    struct model_config c = small_config(8);
    static const struct {
        uint32_t ndim;
        uint64_t size[5];
        uint32_t type;
        uint64_t offset;
        const char *says;
    } cases[] = {
        {2, {8, 5}, 0, 4000, "tensor x wants 160 bytes at byte "},
        {2, {8, 5}, 0, UINT64_MAX - 64, "tensor x wants 160 bytes at byte "},
        {2, {8, (uint64_t)1 << 40}, 0, 0, "tensor x wants 35184372088832 bytes at byte "},
        {2, {(uint64_t)1 << 32, (uint64_t)1 << 32}, 0, 0, "tensor x is larger than memory can be"},
        {2, {(uint64_t)1 << 31, (uint64_t)1 << 32}, 0, 0, "tensor x is larger than memory can be"},
        {0, {0}, 0, 0, "tensor x has 0 dimensions, wanted 1 to 4"},
        {5, {1, 1, 1, 1, 1}, 0, 0, "tensor x has 5 dimensions, wanted 1 to 4"},
        {2, {8, 5}, 4, 0, "tensor x is stored as ggml type 4; known are F32, F16, BF16"},
        {2, {8, 5}, UINT32_MAX, 0, "tensor x is stored as ggml type 4294967295; known are"},
        {2, {48, 5}, 8, 0, "tensor x: rows of 48 numbers cannot be blocks of 32 (Q8_0)"},
        {2, {8, 5}, 0, 128, "tensors token_embd.weight and x share bytes: the file is damaged"},
        {1, {8}, 0, 480, "tensor x has no place in a llama model as its config describes it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const uint64_t embed[2] = {8, 5};
        struct gguf g;
        gguf_init(&g);
        gguf_config(&g, &c);
        gguf_tensor(&g, "token_embd.weight", 2, embed, 0, zeros, 160);
        gguf_entry(&g, "x", cases[i].ndim, cases[i].size, cases[i].type, cases[i].offset);
        str_catn(&g.data, zeros, 1024);
        bool last = i + 1 == sizeof cases / sizeof *cases;
        const char *path = gguf_put(&g, "tensor.gguf");
        struct weights *w = NULL;
        int rc = weights_open(&w, path, &e);
        if (last) { /* it opens; a check of the model is what finds it */
            assert_int_equal(rc, OK);
            weights_close(w);
        } else if (rc != ERR_INPUT || strncmp(e.msg, path, strlen(path)) != 0 ||
                   !strstr(e.msg, cases[i].says)) {
            fail_msg("case %zu: %s", i, e.msg);
        }
        gguf_release(&g);
    }
    struct gguf g;
    c.vocab = 5;
    small_gguf(&g, &c);
    gguf_tensor(&g, "x", 1, (const uint64_t[]){8}, 0, zeros, 32);
    fails(&g, "bad.gguf: tensor x has no place in a llama model as its config describes it");
    gguf_tensor(&g, "x", 1, (const uint64_t[]){8}, 0, zeros, 32);
    fails(&g, "bad.gguf: tensor x is there twice");
    gguf_release(&g);
}

/* A vector stored in blocks, which no converter writes, is read as well as any. */
static void test_quantised_vector(void **state)
{
    (void)state;
    struct model_config c = small_config(32);
    struct gguf g;
    struct weights *w;
    struct model *m, *loaded;
    struct model_options o = {0};
    unsigned char block[34] = {0x00, 0x3C}; /* scale 1 */
    for (unsigned i = 0; i < 32; i++)
        block[2 + i] = (unsigned char)(i - 16);
    m = test_model(&dev, &c, 0);
    gguf_init(&g);
    gguf_config(&g, &c);
    for (size_t i = 0; i + 1 < m->n_params; i++) /* all but the last norm and the unembedding */
        if (m->params[i].spec.role == ROLE_NORM_GAIN)
            m->n_params = i;
    gguf_model(&g, m);
    gguf_tensor(&g, "output_norm.weight", 1, (const uint64_t[]){32}, 8, block, sizeof block);
    check(weights_open(&w, gguf_put(&g, "vector.gguf"), &e));
    check(model_load(&loaded, &dev, w, &o, &e));
    for (size_t i = 0; i < loaded->n_params; i++)
        for (int k = 0; k < 32 && loaded->params[i].spec.role == ROLE_NORM_GAIN; k++)
            assert_true(loaded->params[i].w[k] == (float)(k - 16));
    model_free(loaded);
    m->n_params += 2;
    model_free(m);
    weights_close(w);
    gguf_release(&g);
}

/* A folder with one .gguf is that file; with two it is none. */
static void test_folder(void **state)
{
    (void)state;
    struct model_config c = small_config(8);
    struct gguf g;
    c.vocab = 5;
    small_gguf(&g, &c);
    check(file_mkdirs(in_scratch("folder"), &e));
    assert_int_equal(open_path(in_scratch("folder")), ERR_INPUT);
    sentence_is("folder: neither config.json nor exactly one .gguf file is in this folder");
    gguf_put(&g, "folder/a.gguf");
    assert_int_equal(open_path(in_scratch("folder")), OK);
    gguf_put(&g, "folder/b.gguf");
    assert_int_equal(open_path(in_scratch("folder")), ERR_INPUT);
    sentence_is("folder: neither config.json nor exactly one .gguf file is in this folder");
    gguf_put(&g, "a.bin");
    assert_int_equal(open_path(in_scratch("a.bin")), ERR_INPUT);
    sentence_is("a.bin: a model is a Hugging Face folder (config.json, model.safetensors) or a "
                ".gguf file");
    assert_int_equal(open_path(in_scratch("none.gguf")), ERR_INPUT);
    sentence_is("none.gguf: no such file or folder");
    gguf_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),          cmocka_unit_test(test_halves),
        cmocka_unit_test(test_whole),          cmocka_unit_test(test_rope_factors),
        cmocka_unit_test(test_window_list),    cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damaged),        cmocka_unit_test(test_header),
        cmocka_unit_test(test_fields),         cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_missing_fields), cmocka_unit_test(test_field_types),
        cmocka_unit_test(test_tensors),        cmocka_unit_test(test_quantised_vector),
        cmocka_unit_test(test_folder),
    };
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
