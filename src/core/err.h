/* err.h - what can go wrong, as a code and one finished sentence.
 *
 * Three kinds (docs: ARCHITECTURE.md, "Errors"): what can happen is a code and a sentence, what
 * cannot happen is BUG(), what is too big is ERR_NOMEM with the size asked for. */
#ifndef W2S_CORE_ERR_H
#define W2S_CORE_ERR_H

#include <stdbool.h>
#include <stddef.h>

enum err_code {
    OK = 0,
    ERR_INPUT,       /* a file, field or argument of the user's is wrong: exit status 2 */
    ERR_IO,          /* the system refused: disk full, no permission, no such file */
    ERR_NOMEM,       /* too big; the sentence names the size asked for */
    ERR_NUMERIC,     /* a loss or logit that is not finite */
    ERR_INTERRUPTED, /* the user asked to stop */
    ERR_CHILD,       /* a child process failed; its last line is in the sentence */
    ERR_NETWORK,     /* a host could not be reached, answered no, or gave what is not wanted */
};

struct err {
    int code;
    char msg[1024]; /* one sentence without a final full stop, no newline */
    bool full;      /* a disk or quota is full: what else has to be written will fail as well */
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        OK, "", false                                                                              \
    }

/* err_set - write the sentence; the innermost function does it. Returns code. A sentence too long
 * for msg is cut and ends in "...". */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* err_wrap - put "<fmt>: " before the sentence that is there. Where that begins with the last word
 * of <fmt>, a path, it is said once: "model a/b" and "a/b/c.json:3: ..." are "model a/b/c.json:3:
 * ...". Returns e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_sys - err_set with ERR_IO (ERR_NOMEM for ENOMEM) and ": <strerror(errno)>" at the end. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void bug(const char *file, int line, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* BUG - what cannot happen has happened: one line to standard error, then abort(). Never compiled
 * out. */
#define BUG(...)     bug(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(cond) ((cond) ? bug(__FILE__, __LINE__, "%s", #cond) : (void)0)

#endif
