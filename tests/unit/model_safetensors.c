/* model_safetensors.c - Hugging Face folders: number types, one file and shards, headers that lie,
 * tensors that a config does not ask for, configs that this program does not compute. */
#include "unit/model_files.h"

static struct dev dev;

static const char config[] =
    "{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_embd\": 4, \"n_head\": 2, \"n_positions\": 3, "
    "\"vocab_size\": 5}";

static void folder_config(const char *json)
{
    check(file_mkdirs(in_scratch("m"), &e));
    put_quick("m/config.json", json, strlen(json));
    (void)remove(in_scratch("m/model.safetensors.index.json"));
}

static int open_folder(void)
{
    struct weights *w = NULL;
    int rc = weights_open(&w, in_scratch("m"), &e);
    if (!rc)
        rc = family_check(w, weights_config(w), &e);
    weights_close(w);
    return rc;
}

static void fails(const char *wanted)
{
    assert_int_equal(open_folder(), ERR_INPUT);
    sentence_is(wanted);
}

/* open_header - how a file with this header and 64 bytes of data opens, nothing more. */
static int open_header(const char *header)
{
    static const char data[64];
    struct weights *w = NULL;
    safe_put("m/model.safetensors", header, data, sizeof data);
    int rc = weights_open(&w, in_scratch("m"), &e);
    weights_close(w);
    return rc;
}

static void test_types(void **state)
{
    (void)state;
    static const unsigned char data[] = {
        0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00,                                    /* F16 */
        0x80, 0x3F, 0x00, 0xC0,                                                /* BF16 */
        0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x48, 0x42 /* F32 */
    };
    struct weights *w;
    float x[3];
    folder_config(config);
    safe_put("m/model.safetensors",
             "{\"__metadata__\": {\"format\": \"pt\"},"
             "\"b\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [6, 10]},"
             "\"h\": {\"dtype\": \"F16\", \"shape\": [3, 1], \"data_offsets\": [0, 6]},"
             "\"f\": {\"dtype\": \"F32\", \"shape\": [1, 1, 3], \"data_offsets\": [10, 22]},"
             "\"i\": {\"dtype\": \"I64\", \"shape\": [], \"data_offsets\": [22, 22]}}   ",
             data, sizeof data);
    check(weights_open(&w, in_scratch("m"), &e));
    assert_int_equal(weights_count(w), 4);
    assert_string_equal(weights_at(w, 0)->name, "b");
    weights_read(w, weights_find(w, "b"), 0, 2, x);
    assert_true(x[0] == 1 && x[1] == -2);
    weights_read(w, weights_find(w, "h"), 1, 2, x);
    assert_true(x[0] == -2 && x[1] == 0x1p-24f);
    const struct weights_tensor *f = weights_find(w, "f");
    assert_int_equal(f->ndim, 3);
    assert_int_equal(f->n, 3);
    weights_read(w, f, 0, 1, x);
    assert_true(x[0] == 1 && x[1] == -2 && x[2] == 50);
    assert_false(weights_find(w, "i")->readable);
    assert_null(weights_find(w, "g"));
    weights_close(w);
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"x\": {\"dtype\": " dtype ", \"shape\": " shape ", \"data_offsets\": " offsets "}}"

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *says;
    } cases[] = {
        {"", "not JSON"},
        {"[]", "the header is a list, wanted a map of tensors"},
        {"{\"x\": 3}", "tensor x: \"shape\" is not a list of at most 4 sizes"},
        {ONE("\"F32\"", "4", "[0, 16]"), "tensor x: \"shape\" is not a list of at most 4 sizes"},
        {ONE("\"F32\"", "[1,1,1,1,4]", "[0, 16]"),
         "tensor x: \"shape\" is not a list of at most 4 sizes"},
        {ONE("\"F32\"", "[-4]", "[0, 16]"), "tensor x: a size of \"shape\" is not a count"},
        {ONE("\"F32\"", "[4.5]", "[0, 16]"), "tensor x: a size of \"shape\" is not a count"},
        {ONE("\"F32\"", "[4294967296, 4294967296]", "[0, 16]"),
         "tensor x: a size of \"shape\" is not a count"},
        {ONE("\"F32\"", "[4611686018427387904]", "[0, 0]"),
         "tensor x: 4611686018427387904 numbers of F32 do not fill 0 bytes"},
        {ONE("\"F32\"", "[4]", "[0, 12]"), "tensor x: 4 numbers of F32 do not fill 12 bytes"},
        {ONE("\"F16\"", "[4]", "[0, 16]"), "tensor x: 4 numbers of F16 do not fill 16 bytes"},
        {ONE("7", "[4]", "[0, 16]"), "tensor x: \"dtype\" is not the name of a type"},
        {ONE("\"F32\"", "[4]", "[0]"), "tensor x: \"data_offsets\" is not a pair of positions"},
        {ONE("\"F32\"", "[4]", "[0, \"16\"]"),
         "tensor x: \"data_offsets\" is not a pair of positions"},
        {ONE("\"F32\"", "[4]", "[56, 72]"),
         "tensor x lies at bytes 56 to 72, the file has 64 bytes of data: it is cut short or "
         "damaged"},
        {ONE("\"F32\"", "[4]", "[-16, 0]"), "tensor x lies at bytes -16 to 0"},
        {ONE("\"F32\"", "[4]", "[16, 0]"), "tensor x lies at bytes 16 to 0"},
        {ONE("\"F32\"", "[4]", "[0, 9223372036854775807]"),
         "tensor x lies at bytes 0 to 9223372036854775807"},
        {"{\"x\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]},"
         "\"y\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 16]}}",
         "tensors x and y share bytes: the file is damaged"},
        {"{\"x\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]},"
         "\"empty\": {\"dtype\": \"F32\", \"shape\": [0], \"data_offsets\": [4, 4]},"
         "\"y\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 16]}}",
         "tensors x and y share bytes: the file is damaged"},
        {"{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]},"
         "\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}",
         "duplicate object key"},
    };
    char start[600];
    folder_config(config);
    snprintf(start, sizeof start, "%s", in_scratch("m/model.safetensors"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (open_header(cases[i].header) != ERR_INPUT || strncmp(e.msg, start, strlen(start)) ||
            !strstr(e.msg, cases[i].says))
            fail_msg("case %zu: %s", i, e.msg);
    assert_int_equal(open_header(ONE("\"F32\"", "[4]", "[48, 64]")), OK);
    assert_int_equal(open_header(ONE("\"Q4_0\"", "[32]", "[0, 18]")), OK); /* kept by name */
}

static void test_length(void **state)
{
    (void)state;
    unsigned char bytes[16] = {0};
    folder_config(config);
    put_quick("m/model.safetensors", bytes, 0);
    fails("m/model.safetensors: 0 bytes; a safetensors file begins with 8 bytes of header length");
    put_quick("m/model.safetensors", bytes, 7);
    fails("m/model.safetensors: 7 bytes; a safetensors file begins with 8 bytes of header length");
    bytes[0] = 9;
    put_quick("m/model.safetensors", bytes, 16);
    fails("m/model.safetensors: a header of 9 bytes is announced, the file has 16: it is cut short "
          "or not safetensors");
    memset(bytes, 0xFF, 8);
    put_quick("m/model.safetensors", bytes, 16);
    fails("m/model.safetensors: a header of 18446744073709551615 bytes is announced, the file has "
          "16: it is cut short or not safetensors");
    (void)remove(in_scratch("m/model.safetensors"));
    assert_int_equal(open_folder(), ERR_IO);
    sentence_is("m/model.safetensors: No such file or directory");
}

/* saved - a model of the config as this program writes it, into m/. */
static void saved(const struct model_config *c)
{
    struct model *m = test_model(&dev, c, 0);
    check(model_save(m, NULL, in_scratch("m"), &e));
    model_free(m);
    (void)remove(in_scratch("m/model.safetensors.index.json"));
}

static void test_cut_and_damaged(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, true);
    struct str bytes = STR_INIT;
    c.layers = c.layers_whole = 1;
    c.vocab = 3;
    saved(&c);
    check(file_read(&bytes, in_scratch("m/model.safetensors"), &e));
    size_t header = (size_t)(unsigned char)bytes.s[0] + 256 * (size_t)(unsigned char)bytes.s[1];
    for (size_t cut = 0; cut < bytes.len; cut += cut < header + 64 ? 1 : 97) {
        const char *path = put_quick("m/model.safetensors", bytes.s, cut);
        if (open_folder() != ERR_INPUT || strncmp(e.msg, path, strlen(path)) != 0)
            fail_msg("cut to %zu bytes: %s", cut, e.msg);
    }
    for (size_t at = 0; at < header + 8; at++)
        for (int mask = 1; mask < 256; mask *= 8) {
            struct weights *w = NULL;
            struct model *m = NULL;
            struct model_options o = {0};
            bytes.s[at] = (char)(bytes.s[at] ^ mask);
            put_quick("m/model.safetensors", bytes.s, bytes.len);
            int rc = weights_open(&w, in_scratch("m"), &e);
            if (!rc)
                rc = model_load(&m, &dev, w, &o, &e);
            if (rc && rc != ERR_INPUT)
                fail_msg("byte %zu: code %d, %s", at, rc, e.msg);
            model_free(m);
            weights_close(w);
            bytes.s[at] = (char)(bytes.s[at] ^ mask);
        }
    str_release(&bytes);
}

/* swap - one text for another of the same length in a file's header. */
static void swap(const char *from, const char *to)
{
    struct str bytes = STR_INIT;
    size_t n = strlen(from);
    check(file_read(&bytes, in_scratch("m/model.safetensors"), &e));
    assert_int_equal(n, strlen(to));
    size_t at = 8;
    while (at + n <= bytes.len && memcmp(bytes.s + at, from, n) != 0)
        at++;
    assert_true(at + n <= bytes.len);
    memcpy(bytes.s + at, to, n);
    put_quick("m/model.safetensors", bytes.s, bytes.len);
    str_release(&bytes);
}

/* What the config asks for and the file has not, and the other way round. */
static void test_tensors(void **state)
{
    (void)state;
    struct model_config c = test_config(FAMILY_LLAMA, false);
    saved(&c);
    check(open_folder());
    swap("\"model.norm.weight\"", "\"model.nrom.weight\"");
    fails("m: tensor model.norm.weight is missing");
    saved(&c);
    swap("model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [24], ",
         "model.norm.weight\": {\"dtype\": \"F32\", \"shape\":[1,24],");
    fails("m: tensor model.norm.weight is [1,24], wanted [24] by the config");
    saved(&c);
    swap("layers.2.mlp.down_proj.weight\": {\"dtype\": \"F32\", \"shape\": [24, 41]",
         "layers.2.mlp.down_proj.weight\": {\"dtype\": \"F32\", \"shape\": [41, 24]");
    fails("m: tensor model.layers.2.mlp.down_proj.weight is [41,24], wanted [24,41] by the config");
    saved(&c);
    swap("model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [24]",
         "model.norm.weight\": {\"dtype\": \"I32\", \"shape\": [24]");
    fails("m: tensor model.norm.weight is of type I32, wanted F32, F16 or BF16");
    /* a type of GGUF's means nothing here */
    saved(&c);
    swap("{\"format\": \"pt\"}, \"model.embed_tokens.weight\": {\"dtype\": \"F32\"",
         "{\"format\": \"t\"}, \"model.embed_tokens.weight\": {\"dtype\": \"Q4_0\"");
    fails("m: tensor model.embed_tokens.weight is of type Q4_0, wanted F32, F16 or BF16");
    /* a bias where the config has none */
    struct model_config biased = c;
    biased.bias_qkv = true;
    biased.bias_out = true;
    saved(&biased);
    struct str text = STR_INIT;
    check(config_to_json(&c, 0, &text));
    put_quick("m/config.json", text.s, text.len);
    fails("m: tensor model.layers.0.self_attn.k_proj.bias has no place in a llama model as its "
          "config describes it");
    /* fewer layers than the file has: fine where the caller asks for that, not in a config */
    c.layers = 2;
    str_reset(&text);
    check(config_to_json(&c, 0, &text));
    c.layers = 3;
    saved(&c);
    put_quick("m/config.json", text.s, text.len);
    fails("m: the config says 2 layers, the weights hold 3");
    /* and more than it has */
    c.layers = 5;
    str_reset(&text);
    check(config_to_json(&c, 0, &text));
    c.layers = 3;
    put_quick("m/config.json", text.s, text.len);
    fails("m: the config says 5 layers, the weights hold 3");
    str_release(&text);
}

/* The same names without "model." (a LlamaModel, a GPT2Model), and buffers that no forward needs.
 */
static void test_bare(void **state)
{
    (void)state;
    folder_config(config);
    static const char *const tensors[][2] = {{"wte.weight", "[5,4]"},
                                             {"wpe.weight", "[3,4]"},
                                             {"h.0.ln_1.weight", "[4]"},
                                             {"h.0.ln_1.bias", "[4]"},
                                             {"h.0.attn.bias", "[1,1,3,3]"},
                                             {"h.0.attn.c_attn.weight", "[4,12]"},
                                             {"h.0.attn.c_attn.bias", "[12]"},
                                             {"h.0.attn.c_proj.weight", "[4,4]"},
                                             {"h.0.attn.c_proj.bias", "[4]"},
                                             {"h.0.ln_2.weight", "[4]"},
                                             {"h.0.ln_2.bias", "[4]"},
                                             {"h.0.mlp.c_fc.weight", "[4,16]"},
                                             {"h.0.mlp.c_fc.bias", "[16]"},
                                             {"h.0.mlp.c_proj.weight", "[16,4]"},
                                             {"h.0.mlp.c_proj.bias", "[4]"},
                                             {"ln_f.weight", "[4]"},
                                             {"ln_f.bias", "[4]"}};
    static const size_t numbers[] = {20, 12, 4, 4, 9, 48, 12, 16, 4, 4, 4, 64, 16, 64, 4, 4, 4};
    static float data[400];
    struct str header = STR_INIT;
    size_t at = 0;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        data[i] = (float)i;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        str_addf(&header,
                 "%s\"%s\": {\"dtype\": \"F32\", \"shape\": %s, \"data_offsets\": "
                 "[%zu, %zu]}",
                 i ? "," : "{", tensors[i][0], tensors[i][1], 4 * at, 4 * (at + numbers[i]));
        at += numbers[i];
    }
    str_addc(&header, '}');
    safe_put("m/model.safetensors", header.s, data, 4 * at);
    str_release(&header);
    struct weights *w;
    struct model *m;
    struct model_options o = {0};
    check(weights_open(&w, in_scratch("m"), &e));
    check(model_load(&m, &dev, w, &o, &e));
    assert_true(m->params[0].w[19] == 19);
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i].spec.role == ROLE_QKV) /* [in,out] in the file; 49 numbers before it */
            assert_true(m->params[i].w[1] == 49 + 12 && m->params[i].w[4] == 49 + 1);
    model_free(m);
    weights_close(w);
}

static void put_text(const char *name, const char *text)
{
    put_quick(name, text, strlen(text));
}

/* Shards are one table of tensors, each file opened once. */
static void test_shards(void **state)
{
    (void)state;
    static const float data[] = {1, 2, 3, 4};
    struct weights *w;
    float x[2];
    char one[65], two[65];
    folder_config(config);
    (void)remove(in_scratch("m/model.safetensors"));
    put_text("m/model.safetensors.index.json",
             "{\"metadata\": {}, \"weight_map\": {\"a\": \"1.safetensors\", \"b\": "
             "\"2.safetensors\", \"c\": \"1.safetensors\"}}");
    safe_put("m/1.safetensors",
             "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]},"
             "\"c\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [8, 12]}}",
             data, 12);
    safe_put("m/2.safetensors",
             "{\"b\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", data + 2,
             8);
    check(weights_open(&w, in_scratch("m"), &e));
    assert_int_equal(weights_count(w), 3);
    weights_read(w, weights_find(w, "b"), 0, 2, x);
    assert_true(x[0] == 3 && x[1] == 4);
    check(weights_hash(w, one, &e));
    weights_close(w);

    /* the hash is of what is in the files */
    safe_put("m/2.safetensors",
             "{\"b\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", data + 1,
             8);
    check(weights_open(&w, in_scratch("m"), &e));
    check(weights_hash(w, two, &e));
    assert_string_not_equal(one, two);
    weights_close(w);

    safe_put("m/2.safetensors",
             "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", data, 8);
    fails("m: tensor a is there twice");
    (void)remove(in_scratch("m/2.safetensors"));
    assert_int_equal(open_folder(), ERR_IO);
    sentence_is("m/2.safetensors: No such file or directory");
    put_text("m/model.safetensors.index.json", "{\"weight_map\": {\"a\": \"../1.safetensors\"}}");
    fails("m/model.safetensors.index.json: the file of tensor a is not a name in this folder");
    put_text("m/model.safetensors.index.json", "{\"weight_map\": {\"a\": 1}}");
    fails("m/model.safetensors.index.json: the file of tensor a is not a name in this folder");
    put_text("m/model.safetensors.index.json", "{\"weight_map\": {\"a\": \"..\"}}");
    fails("m/..: not a file");
    put_text("m/model.safetensors.index.json", "{\"weight_map\": []}");
    fails("m/model.safetensors.index.json: \"weight_map\" is missing");
    put_text("m/model.safetensors.index.json", "{");
    assert_int_equal(open_folder(), ERR_INPUT);
    assert_non_null(strstr(e.msg, "index.json:1: not JSON"));
    (void)remove(in_scratch("m/model.safetensors.index.json"));
}

/* Configs: what would change the numbers and is not computed here is refused, by field. */
#define LLAMA                                                                                      \
    "{\"model_type\": \"llama\", \"num_hidden_layers\": 1, \"hidden_size\": 8, "                   \
    "\"num_attention_heads\": 2, \"intermediate_size\": 8, \"vocab_size\": 5, "                    \
    "\"max_position_embeddings\": 8"
#define GPT2                                                                                       \
    "{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_embd\": 4, \"n_head\": 2, \"n_positions\": "   \
    "3, \"vocab_size\": 5"
#define LLAMA_LIKE(type)                                                                           \
    "{\"model_type\": \"" type "\", \"num_hidden_layers\": 1, \"hidden_size\": 8, "                \
    "\"num_attention_heads\": 2, \"num_key_value_heads\": 1, \"intermediate_size\": 8, "           \
    "\"vocab_size\": 5, \"max_position_embeddings\": 8"
#define QWEN2  LLAMA_LIKE("qwen2")
#define GEMMA3 LLAMA_LIKE("gemma3_text")
#define GPT_NEO                                                                                    \
    "{\"model_type\": \"gpt_neo\", \"num_layers\": 1, \"hidden_size\": 4, \"num_heads\": 2, "      \
    "\"max_position_embeddings\": 3, \"vocab_size\": 5"

static void test_configs(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says; /* NULL: it is fine, but for the tensors */
    } cases[] = {
        {"{}", "m/config.json: \"model_type\" is missing"},
        {"{\"model_type\": \"mamba\"}",
         "m/config.json: model_type \"mamba\" is not known here; known are gpt2, gpt_neox, llama, "
         "qwen2, mistral, qwen3, olmo2, gpt_neo, gemma3_text"},
        {"{\"architectures\": [\"MambaForCausalLM\"], \"model_type\": \"mamba\"}",
         "m/config.json: model_type \"mamba\" (MambaForCausalLM) is not known here; known are "
         "gpt2, "
         "gpt_neox, llama, qwen2, mistral, qwen3, olmo2, gpt_neo, gemma3_text"},
        {LLAMA "}", NULL},
        {LLAMA ", \"rope_scaling\": null}", NULL},
        {LLAMA ", \"rope_scaling\": {\"rope_type\": \"default\"}}", NULL},
        {LLAMA ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}}", NULL},
        {LLAMA ", \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0}}",
         "m/config.json: \"rope_scaling\" is {\"type\": \"dynamic\", \"factor\": 2.0}, which this "
         "program does not compute yet"},
        {LLAMA ", \"rope_scaling\": {\"rope_type\": \"llama3\"}}",
         "m/config.json: \"factor\" is missing"},
        {LLAMA ", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, "
               "\"low_freq_factor\": 4, \"high_freq_factor\": 4, "
               "\"original_max_position_embeddings\": 64}}",
         "m/config.json: \"high_freq_factor\" is 4, wanted more than low_freq_factor, which is 4"},
        {LLAMA ", \"rope_scaling\": 2}",
         "m/config.json: \"rope_scaling\" is 2, which this program does not compute yet"},
        {LLAMA ", \"rope_parameters\": {\"rope_type\": \"yarn\"}}",
         "m/config.json: \"rope_parameters\" is {\"rope_type\": \"yarn\"}, which this program "
         "does not compute yet"},
        {LLAMA ", \"hidden_act\": \"mish\"}",
         "m/config.json: \"hidden_act\" is \"mish\"; known are gelu_new, gelu, silu, relu"},
        {QWEN2 ", \"use_sliding_window\": true, \"sliding_window\": 4, \"layer_types\": "
               "[\"full_attention\", \"sliding_attention\"]}",
         "m/config.json: \"layer_types\" is not a list of 1 layers"},
        {QWEN2 ", \"use_sliding_window\": true, \"sliding_window\": 4, \"layer_types\": "
               "[\"chunked_attention\"]}",
         "m/config.json: layer 0 of \"layer_types\" is \"chunked_attention\"; known are "
         "full_attention, sliding_attention"},
        {GPT_NEO ", \"attention_types\": [[[\"global\", \"far\"], 1]]}",
         "m/config.json: \"attention_types\" holds \"far\"; known are global, local"},
        {GPT_NEO ", \"attention_types\": [[[\"global\", \"local\"], 1]]}",
         "m/config.json: \"attention_types\" is not of 1 layers"},
        {GPT_NEO ", \"attention_types\": [3]}",
         "m/config.json: \"attention_types\" holds no pattern and a count"},
        {GEMMA3 ", \"final_logit_softcapping\": 25}",
         "m/config.json: \"final_logit_softcapping\" is 25, which this program does not compute "
         "yet"},
        {GEMMA3 ", \"rope_parameters\": {\"sliding_attention\": {\"rope_type\": \"linear\", "
                "\"factor\": 2}}}",
         "m/config.json: \"sliding_attention\" is {\"rope_type\": \"linear\", \"factor\": 2}, "
         "which "
         "this program does not compute yet"},
        {LLAMA ", \"eos_token_id\": [3, 4]}", NULL},
        {LLAMA ", \"hidden_act\": 3}", "m/config.json: \"hidden_act\" is 3, wanted a string"},
        {LLAMA ", \"rope_theta\": 0}",
         "m/config.json: \"rope_theta\" is 0, wanted a number from 1 to 1e+12"},
        {LLAMA ", \"head_dim\": 2048}",
         "m/config.json: 2048 rotary values a head, at most 1,024 are known"},
        {LLAMA ", \"num_key_value_heads\": 3}",
         "m/config.json: 2 heads cannot share 3 key/value heads"},
        {LLAMA ", \"head_dim\": 3}",
         "m/config.json: 2 values of a head of 3 cannot rotate in pairs"},
        {GPT2 ", \"scale_attn_weights\": false}",
         "m/config.json: \"scale_attn_weights\" is false, which this program does not compute "
         "yet"},
        {GPT2 ", \"scale_attn_by_inverse_layer_idx\": true}",
         "m/config.json: \"scale_attn_by_inverse_layer_idx\" is true, which this program does "
         "not compute yet"},
        {"{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_embd\": 5, \"n_head\": 2, "
         "\"n_positions\": 3, \"vocab_size\": 5}",
         "m/config.json: 5 channels cannot be cut into 2 heads"},
        {"{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_embd\": 1, \"n_head\": 2, "
         "\"n_positions\": 3, \"vocab_size\": 5}",
         "m/config.json: a size of the model is 0"},
    };
    folder_config(config);
    safe_put("m/model.safetensors", "{}", "", 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text("m/config.json", cases[i].json);
        assert_int_equal(open_folder(), ERR_INPUT);
        sentence_is(cases[i].says ? cases[i].says
                                  : "m: tensor model.embed_tokens.weight is missing");
    }
}

/* Of Qwen the layers from max_window_layers on have the window. */
static void test_window_layers(void **state)
{
    (void)state;
    folder_config(config);
    safe_put("m/model.safetensors", "{}", "", 0);
    for (int from = 0; from < 2; from++) {
        struct weights *w = NULL;
        struct str json = STR_INIT;
        str_addf(&json,
                 QWEN2 ", \"use_sliding_window\": true, \"sliding_window\": 4, "
                       "\"max_window_layers\": %d}",
                 from);
        put_text("m/config.json", json.s);
        check(weights_open(&w, in_scratch("m"), &e));
        assert_int_equal(config_windowed(weights_config(w), 0), !from);
        weights_close(w);
        str_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),         cmocka_unit_test(test_headers),
        cmocka_unit_test(test_length),        cmocka_unit_test(test_cut_and_damaged),
        cmocka_unit_test(test_tensors),       cmocka_unit_test(test_bare),
        cmocka_unit_test(test_shards),        cmocka_unit_test(test_configs),
        cmocka_unit_test(test_window_layers),
    };
    scratch_make();
    check(dev_open(&dev, "cpu", &e));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dev_close(&dev);
    scratch_remove();
    return failed;
}
