/* http.h - inside the store room: one request over libcurl. Redirects are the caller's business,
 * because what may be sent to the next host is. */
#ifndef W2S_STORE_HTTP_H
#define W2S_STORE_HTTP_H

#include "core/str.h"
#include <stdatomic.h>
#include <stdint.h>

struct http_request {
    const char *url;
    const char *token;       /* "Authorization: Bearer <token>"; NULL: none */
    bool head;               /* HEAD instead of GET */
    uint64_t from;           /* the body from this byte on ("Range"); 0: whole */
    const atomic_bool *quit; /* true ends it with ERR_INTERRUPTED; NULL: the user alone does */
    /* body of a 200 or 206 answer, piece by piece; an error ends the transfer. start is called
     * before the first piece with the byte that it is at: from where the server took up the range,
     * else 0. */
    int (*start)(void *ctx, uint64_t at, struct err *e);
    int (*piece)(void *ctx, const void *data, size_t n, struct err *e);
    void *ctx;
};

/* Why no answer came, where asking again may help: the host hung up or has no one listening; there
 * is no such host to be found, or it says nothing, as without a network. */
enum http_trouble { HTTP_FINE, HTTP_REFUSED, HTTP_SILENT };

struct http_reply {
    long status;
    struct str etag, linked_etag, commit, error_code; /* as sent; etags without W/ and quotes */
    struct str location;                              /* of a redirect, absolute; "" else */
    int64_t size, linked_size;                        /* Content-Length (-1), X-Linked-Size (-1) */
    uint64_t range_from;                              /* of a 206 answer */
    int64_t retry_after; /* s, of Retry-After, a whole number or a date; 0: none, or over */
    enum http_trouble trouble;
    bool
        cut; /* the connection broke after the head: what came is good, the rest can be asked for */
};
void http_reply_init(struct http_reply *r);
void http_reply_release(struct http_reply *r);

/* http_ask - any status is OK; ERR_NETWORK where no whole answer came ("cannot reach HOST: ..."),
 * with r->cut telling whether to go on; ERR_INTERRUPTED where the user stopped it; what piece
 * returned. */
int http_ask(const struct http_request *q, struct http_reply *r, struct err *e);

/* http_shown - the address as it may be read by anyone: without a user and password. */
void http_shown(struct str *out, const char *url);
/* http_same_origin - scheme, host and port are equal. */
bool http_same_origin(const char *a, const char *b);
/* http_escape - percent-encode what may not stand in a path; slashes stay where keep_slash. */
void http_escape(struct str *out, const char *s, bool keep_slash);

#endif
