/* tokenizer_files - any bytes as vocab.json, merges.txt and tokenizer_config.json, with a line ====
 * between them: no crash, a sentence that names the folder where they are refused, and where they
 * can be read they stand a few texts. */
#include "scratch.h"
#include "tokenizer/tokenizer.h"

/* part_put - s up to the next line ====, as a file; what is behind that line. */
static const char *part_put(const char *name, const char *s, size_t *n)
{
    static const char line[] = "\n====\n";
    size_t k = 0, width = sizeof line - 1;
    while (k + width <= *n && memcmp(s + k, line, width) != 0)
        k++;
    bool last = k + width > *n;
    size_t len = last ? *n : k;
    fuzz_put(fuzz_path(name), s, len);
    *n = last ? 0 : *n - k - width;
    return last ? s + len : s + k + width;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const texts[] = {"", "a b  ab <x> 12\n", "\xFF e\xCC\x81\xF0\x9F\x98\x80"};
    const char *s = (const char *)data;
    struct tokenizer *t = NULL;
    struct err e = ERR_INIT;
    s = part_put("vocab.json", s, &n);
    s = part_put("merges.txt", s, &n);
    if (n)
        part_put("tokenizer_config.json", s, &n);
    else
        (void)remove(fuzz_path("tokenizer_config.json"));
    int rc = tokenizer_open(&t, fuzz_folder(), &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, fuzz_folder(), strlen(fuzz_folder())) != 0));
    for (size_t i = 0; !rc && i < sizeof texts / sizeof *texts; i++) {
        struct token_ids ids = {NULL, 0, 0};
        if (tokenizer_encode_model(t, texts[i], strlen(texts[i]), &ids, &e) == OK)
            for (size_t k = 0; k < ids.n; k++)
                BUG_ON(ids.ids[k] < 0);
        token_ids_release(&ids);
    }
    tokenizer_free(t);
    return 0;
}
