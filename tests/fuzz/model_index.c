/* model_index - any bytes as model.safetensors.index.json beside all.safetensors, which is a whole
 * model, and none.safetensors, which has no tensor: no crash, a sentence that names the folder
 * where it is refused, and where it opens the model is loaded. */
#include "model_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *index;
    if (!index) {
        struct model *m = fuzz_model();
        struct err e = ERR_INIT;
        BUG_ON(model_save(m, NULL, fuzz_folder(), &e));
        BUG_ON(file_rename(fuzz_path("model.safetensors"), fuzz_path("all.safetensors"), &e));
        fuzz_put(fuzz_path("none.safetensors"), "\2\0\0\0\0\0\0\0{}", 10);
        index = fuzz_path("model.safetensors.index.json");
        model_free(m);
    }
    fuzz_put(index, data, n);
    fuzz_open(fuzz_folder(), fuzz_folder(), ERR_IO); /* of a file that is not there */
    return 0;
}
