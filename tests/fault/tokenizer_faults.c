/* tokenizer_faults.c - SentencePiece's kind out of a GGUF file's fields, written and read again:
 * the n-th allocation fails, for every n, and is a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/mem.h"
#include "tokenizer/tokenizer.h"
#include "unit/scratch.h"
#include <string.h>

static int work(struct err *e)
{
    static const char *const tokens[] = {"<unk>", "<s>", "a", "b", "ab", "aba", "\xE2\x96\x81"};
    static const int32_t types[] = {2, 3, 1, 1, 1, 1, 1};
    static const float scores[] = {0, 0, -1, -2, -3, -4, -5};
    const struct tokenizer_gguf g = {.model = "llama",
                                     .tokens = tokens,
                                     .n_tokens = 7,
                                     .types = types,
                                     .scores = scores,
                                     .bos = 1,
                                     .eos = -1,
                                     .add_bos = true,
                                     .space_prefix = true,
                                     .file = "f.gguf"};
    struct tokenizer *t = NULL, *again = NULL;
    struct token_ids ids = {NULL, 0, 0};
    int rc = tokenizer_from_gguf(&t, &g, e);
    if (!rc)
        rc = tokenizer_gguf_save(&g, scratch, e);
    if (!rc)
        rc = tokenizer_open(&again, scratch, e);
    if (!rc)
        rc = tokenizer_encode_model(again, "ab aba", 6, &ids, e);
    if (!rc) {
        static const int32_t want[] = {1, 6, 4, 6, 5};
        assert_int_equal(ids.n, 5);
        assert_memory_equal(ids.ids, want, sizeof want);
    }
    tokenizer_free(t);
    tokenizer_free(again);
    token_ids_release(&ids);
    return rc;
}

static void test_every_allocation(void **state)
{
    bool hit = true;
    (void)state;
    for (size_t n = 1; hit; n++) {
        struct err e = ERR_INIT;
        mem_fault_at(n);
        int rc = work(&e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        /* a pattern that cannot be made into machine code is interpreted */
        assert_true(rc == OK || (hit && rc == ERR_NOMEM && strstr(e.msg, "memory")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
