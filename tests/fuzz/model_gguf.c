/* model_gguf - any bytes as a GGUF file: no crash, a sentence that names the file where it is
 * refused, and where it opens every tensor can be read to its end and a small model loaded. */
#include "model_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *path;
    if (!path)
        path = fuzz_path("model.gguf");
    fuzz_put(path, data, n);
    fuzz_open(path, path, ERR_INPUT);
    return 0;
}
