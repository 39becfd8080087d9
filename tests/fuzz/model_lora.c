/* model_lora - any bytes as adapter_config.json beside adapters that are whole, or, where the first
 * byte is odd, as adapter_model.safetensors beside their config: no crash, a sentence that names
 * the folder where they are refused, and the model has none then. */
#include "model_open.h"
#include "model/lora.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct str config = STR_INIT, tensors = STR_INIT;
    static struct model *m;
    struct err e = ERR_INIT;
    if (!n)
        return 0;
    if (!m) {
        struct trainable t = {TRAIN_LORA, 0, false, {2, 4, LORA_ALL, 1}};
        m = fuzz_model();
        BUG_ON(model_trainable_set(m, &t, &e) || lora_save(m, "base", fuzz_folder(), &e));
        BUG_ON(file_read(&config, fuzz_path("adapter_config.json"), &e));
        BUG_ON(file_read(&tensors, fuzz_path("adapter_model.safetensors"), &e));
        BUG_ON(lora_merge(m, &e));
    }
    const struct str *other = data[0] & 1 ? &config : &tensors;
    fuzz_put(fuzz_path(data[0] & 1 ? "adapter_model.safetensors" : "adapter_config.json"), data + 1,
             n - 1);
    fuzz_put(fuzz_path(data[0] & 1 ? "adapter_config.json" : "adapter_model.safetensors"), other->s,
             other->len);
    int rc = lora_load(m, fuzz_folder(), &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, fuzz_folder(), strlen(fuzz_folder())) != 0));
    if (!rc)
        BUG_ON(lora_merge(m, &e) && e.code != ERR_INPUT);
    return 0;
}
