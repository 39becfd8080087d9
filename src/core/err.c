/* err.c - sentences about what went wrong. */
#include "core/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void cut(char *msg, size_t size, int wanted)
{
    if (wanted >= (int)size)
        memcpy(msg + size - 4, "...", 4);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    cut(e->msg, sizeof e->msg, n);
    e->code = code;
    e->full = false;
    return code;
}

/* said_again - how much of a sentence's beginning is the last word of what comes before it: a path,
 * or one in the folder that it names. */
static size_t said_again(const char *before, const char *sentence)
{
    const char *word = strrchr(before, ' ');
    size_t n = strlen(word ? ++word : (word = before));
    return n && strncmp(sentence, word, n) == 0 && (sentence[n] == ':' || sentence[n] == '/') ? n
                                                                                              : 0;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char was[sizeof e->msg];
    va_list ap;
    memcpy(was, e->msg, sizeof was);
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= (int)sizeof e->msg)
        n = (int)sizeof e->msg - 1;
    size_t again = said_again(e->msg, was);
    int m = again ? snprintf(e->msg + n, sizeof e->msg - (size_t)n, "%s", was + again)
                  : snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", was);
    cut(e->msg, sizeof e->msg, n + m);
    return e->code;
}

int err_sys(struct err *e, const char *fmt, ...)
{
    int number = errno;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= (int)sizeof e->msg)
        n = (int)sizeof e->msg - 1;
    int m = snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", strerror(number));
    cut(e->msg, sizeof e->msg, n + m);
    e->code = number == ENOMEM ? ERR_NOMEM : ERR_IO;
    e->full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    return e->code;
}

void bug(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "w2s: bug at %s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}
