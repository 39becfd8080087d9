/* gunzip.c - members of gzip one after the other; the one file that knows zlib. */
#include "data/gunzip.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    BLOCK = 1 << 16,
    AT_ONCE = 1 << 30,     /* zlib counts in unsigned int */
    GZIP = 16 + MAX_WBITS, /* zlib's windowBits: a gzip header, and no other */
};

struct gunzip {
    z_stream z;
    const unsigned char *data; /* what is not given to z yet, where it is in memory */
    size_t left;
    int fd;       /* -1: in memory */
    bool between; /* a member has ended and the next has not begun */
    bool padded;  /* with zeros, after which none may begin */
    unsigned char in[BLOCK], out[BLOCK];
};

int gunzip_open(struct gunzip **out, const void *data, size_t n, const char *path, struct err *e)
{
    struct gunzip *g = mem_zalloc(1, sizeof *g, e);
    *out = NULL;
    if (!g)
        return e->code;
    g->data = data;
    g->left = n;
    g->fd = data ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (!data && g->fd < 0) {
        int rc = err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
        mem_free(g);
        return rc;
    }
    if (inflateInit2(&g->z, GZIP) != Z_OK) {
        gunzip_close(g);
        return err_set(e, ERR_NOMEM, "%s: out of memory while unpacking", path);
    }
    *out = g;
    return OK;
}

/* refill - more input for z; none is the end of it. */
static const char *refill(struct gunzip *g)
{
    if (g->fd < 0) {
        g->z.next_in = g->data;
        g->z.avail_in = (uInt)(g->left < AT_ONCE ? g->left : AT_ONCE);
        g->data += g->z.avail_in;
        g->left -= g->z.avail_in;
        return NULL;
    }
    ssize_t n;
    do
        n = read(g->fd, g->in, sizeof g->in);
    while (n < 0 && errno == EINTR);
    g->z.next_in = g->in;
    g->z.avail_in = n > 0 ? (uInt)n : 0;
    return n < 0 ? strerror(errno) : NULL;
}

/* member_begin - at what follows a member: zeros, or another one. */
static const char *member_begin(struct gunzip *g)
{
    if (!*g->z.next_in) {
        g->padded = true;
        g->z.next_in++;
        g->z.avail_in--;
        return NULL;
    }
    if (g->padded || *g->z.next_in != 0x1f)
        return "other bytes after the end of the gzip data";
    g->between = false;
    return inflateReset(&g->z) == Z_OK ? NULL : "zlib does not begin anew";
}

const char *gunzip_next(struct gunzip *g, const void **bytes, size_t *n)
{
    const char *why = NULL;
    g->z.next_out = g->out;
    g->z.avail_out = sizeof g->out;
    while (!why && g->z.avail_out == sizeof g->out) {
        if (!g->z.avail_in && ((why = refill(g)) || !g->z.avail_in)) {
            if (!why && !g->between)
                why = "truncated gzip input";
            break;
        }
        if (g->between) {
            why = member_begin(g);
            continue;
        }
        int rc = inflate(&g->z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END)
            g->between = true;
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            why = g->z.msg ? g->z.msg : "damaged gzip data";
    }
    *bytes = g->out;
    *n = why ? 0 : sizeof g->out - g->z.avail_out;
    return why;
}

void gunzip_close(struct gunzip *g)
{
    if (!g)
        return;
    inflateEnd(&g->z);
    if (g->fd >= 0)
        close(g->fd);
    mem_free(g);
}
