/* model_safetensors - any bytes as model.safetensors beside one of four configs: no crash, a
 * sentence that names the file or its folder where it is refused, and where it opens every tensor
 * can be read to its end and the model loaded.
 *
 * The first byte says which config; odd above that, the rest is config.json itself. */
#include "model_open.h"

static const char *const configs[] = {
    "{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_embd\": 4, \"n_head\": 2, \"n_positions\": 2, "
    "\"vocab_size\": 3, \"n_inner\": 4}",
    "{\"model_type\": \"gpt_neox\", \"num_hidden_layers\": 1, \"hidden_size\": 4, "
    "\"num_attention_heads\": 2, \"intermediate_size\": 4, \"vocab_size\": 3, "
    "\"max_position_embeddings\": 2, \"rotary_pct\": 1.0}",
    "{\"model_type\": \"llama\", \"num_hidden_layers\": 1, \"hidden_size\": 4, "
    "\"num_attention_heads\": 2, \"intermediate_size\": 4, \"vocab_size\": 3, "
    "\"max_position_embeddings\": 2}",
    "{\"model_type\": \"qwen2\", \"num_hidden_layers\": 1, \"hidden_size\": 4, "
    "\"num_attention_heads\": 2, \"num_key_value_heads\": 1, \"intermediate_size\": 4, "
    "\"vocab_size\": 3, \"max_position_embeddings\": 2, \"tie_word_embeddings\": true}",
};
static const char empty[] = "\2\0\0\0\0\0\0\0{}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *config, *tensors;
    if (!n)
        return 0;
    if (!config) {
        config = fuzz_path("config.json");
        tensors = fuzz_path("model.safetensors");
    }
    if (data[0] & 4) {
        fuzz_put(config, data + 1, n - 1);
        fuzz_put(tensors, empty, sizeof empty - 1);
    } else {
        const char *text = configs[data[0] & 3];
        fuzz_put(config, text, strlen(text));
        fuzz_put(tensors, data + 1, n - 1);
    }
    fuzz_open(fuzz_folder(), fuzz_folder(), ERR_INPUT);
    return 0;
}
