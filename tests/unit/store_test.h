/* store_test.h - what the tests of the store room share: a scratch folder, hashes, small files. */
#ifndef W2S_TESTS_STORE_TEST_H
#define W2S_TESTS_STORE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/scratch.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void spill(const char *path, const char *text)
{
    struct err e = ERR_INIT;
    if (file_write(path, text, strlen(text), &e))
        fail_msg("%s", e.msg);
}

static inline void folder(const char *path)
{
    struct err e = ERR_INIT;
    if (file_mkdirs(path, &e))
        fail_msg("%s", e.msg);
}

static inline void hash_of(char hash[HASH_HEX], const char *text)
{
    struct err e = ERR_INIT;
    assert_int_equal(hash_bytes(text, strlen(text), hash, &e), OK);
}

#define assert_ok(call, e)                                                                         \
    do {                                                                                           \
        if ((call) != OK)                                                                          \
            fail_msg("%s", (e)->msg);                                                              \
    } while (0)

/* assert_says - the sentence is whole: it is exactly this one */
#define assert_says(e, sentence) assert_string_equal((e)->msg, sentence)

static inline void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

#endif
