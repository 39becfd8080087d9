/* check.h - a call that has to succeed: else the test fails with its sentence. */
#ifndef W2S_TESTS_CHECK_H
#define W2S_TESTS_CHECK_H

#include "core/err.h"

static struct err e;
#define check(call)                                                                                \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", e.msg);                                                                 \
    } while (0)

#endif
