/* tokenizer_encode - how fast texts become ids, one thread.
 *
 *     bench_tokenizer_encode TOKENIZER FILE [SECONDS]
 *
 * TOKENIZER: a folder or json file, as `w2s tokenize` takes it; FILE: text, a line each. Every line
 * is a text of its own, as in training. Prints one line: MB/s, tokens/s, ids a text, the best pass
 * of SECONDS (3). */
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "tokenizer/tokenizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int pass(const struct tokenizer *t, const struct str *text, size_t *tokens, size_t *lines,
                struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    const char *s = text->s, *end = s + text->len;
    int rc = OK;
    *tokens = 0;
    *lines = 0;
    while (s < end && rc == OK) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop)
            stop = end;
        ids.n = 0;
        rc = tokenizer_encode(t, s, (size_t)(stop - s), true, &ids, e);
        *tokens += ids.n;
        ++*lines;
        s = stop + 1;
    }
    token_ids_release(&ids);
    return rc;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct str text = STR_INIT;
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 3, best = 0, begin, open;
    size_t tokens = 0, lines = 0;
    int rc;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_tokenizer_encode TOKENIZER FILE [SECONDS]\n");
        return 2;
    }
    open = clock_now();
    rc = tokenizer_open(&t, argv[1], &e);
    open = clock_now() - open;
    if (rc == OK)
        rc = file_read(&text, argv[2], &e);
    begin = clock_now();
    while (rc == OK && (best == 0 || clock_now() - begin < seconds)) {
        double start = clock_now();
        rc = pass(t, &text, &tokens, &lines, &e);
        double took = clock_now() - start;
        if (best == 0 || took < best)
            best = took;
    }
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    else
        printf("%-40s open %4.0f ms  %6.1f MB/s  %5.2f M tokens/s  %.1f ids a line, %zu lines\n",
               argv[1], open * 1e3, (double)text.len / best / 1e6, (double)tokens / best / 1e6,
               (double)tokens / (double)lines, lines);
    str_release(&text);
    tokenizer_free(t);
    return rc ? 2 : 0;
}
