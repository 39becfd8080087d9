/* tokenizer_encode - texts to ids, one thread.
 *
 *     bench_tokenizer_encode --tokenizer PATH --texts FILE [--times N]
 *
 * PATH: a folder or json file, as `w2s tokenize` takes it; FILE: a text a line, each a text of its
 * own, as in training. A measurement is one pass over all of them, its units are bytes. Facts: how
 * many ids, and the SHA-256 of all ids (int32, little-endian, texts in order), to compare with
 * another tokenizer's. */
#include "bench.h"
#include "core/file.h"
#include "core/hash.h"
#include "tokenizer/tokenizer.h"

static int pass(const struct tokenizer *t, const struct str *text, struct token_ids *ids,
                struct err *e)
{
    const char *s = text->s, *end = s + text->len;
    int rc = OK;
    ids->n = 0;
    while (s < end && rc == OK) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop)
            stop = end;
        rc = tokenizer_encode(t, s, (size_t)(stop - s), false, ids, e);
        s = stop + 1;
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct bench_option o[] = {{"--tokenizer", NULL, false, false},
                               {"--texts", NULL, false, false},
                               {"--times", "0", false, false},
                               {0}};
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct token_ids ids = {NULL, 0, 0};
    struct str text = STR_INIT;
    char sum[HASH_HEX];
    if (!bench_options(o, argc, argv))
        return 2;
    if (!o[0].given || !o[1].given) {
        fprintf(stderr, "--tokenizer and --texts are wanted\n");
        return 2;
    }
    size_t times = bench_count(&o[2]);
    double began = clock_now();
    int rc = tokenizer_open(&t, o[0].value, &e);
    printf("opened %.6f\n", clock_now() - began);
    if (!rc)
        rc = file_read(&text, o[1].value, &e);
    if (!rc)
        rc = pass(t, &text, &ids, &e);
    if (!rc)
        rc = hash_bytes(ids.ids, ids.n * sizeof *ids.ids, sum, &e);
    if (!rc)
        printf("ids %zu\nsha256 %s\n", ids.n, sum);
    while (!rc && bench_turn(o[2].given ? &times : NULL)) {
        began = clock_now();
        rc = pass(t, &text, &ids, &e);
        bench_took(clock_now() - began, (double)text.len);
    }
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    token_ids_release(&ids);
    str_release(&text);
    tokenizer_free(t);
    return rc ? 1 : 0;
}
