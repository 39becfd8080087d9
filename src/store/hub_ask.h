/* hub_ask.h - inside the store room: what is asked of the hub over HTTP, by one thread or several.
 *
 *     GET  <endpoint>/api/models/<repo>/revision/<revision>     the commit and the files' names
 *     HEAD <endpoint>/<repo>/resolve/<commit>/<file>            etag, size, commit
 *     GET  the same, redirected to where large files lie        the bytes
 *
 * The token goes to the endpoint and to no other host: redirects are followed here, one by one. A
 * server that says that it is asked too often, is too busy, or fails (429, 500, 502, 503, 504) is
 * left alone for as long as it asks for, by all threads; one that is away, or does not say how
 * long, is asked again after 1, 2, 4 ... s. */
#ifndef W2S_STORE_HUB_ASK_H
#define W2S_STORE_HUB_ASK_H

#include "store/hub.h"
#include "store/http.h"

#include <pthread.h>
#include <stdatomic.h>

struct hub {
    const struct hub_place *p;
    const struct asset_options *o;
    const char *endpoint;
    struct str token;     /* "" where there is none */
    double wait_most;     /* seconds of waiting for one answer, in all */
    double wait_first;    /* for one that does not say how long; each is twice the one before */
    pthread_mutex_t lock; /* of quiet_until, and of what its users share */
    double quiet_until;   /* clock_now() before which nothing is asked */
    atomic_bool heard;    /* the hub has answered something */
    atomic_bool quit;     /* set by any thread: all end with ERR_INTERRUPTED */
};
int hub_init(struct hub *h, const struct hub_place *p, const struct asset_options *o,
             struct err *e);
void hub_release(struct hub *h);

/* hub_still - OK while no one wants it to end: the user, or quit. */
int hub_still(struct hub *h, struct err *e);

/* Times that a connection is tried which breaks, without a byte of progress between them. */
enum { HUB_TRIES = 5 };
/* hub_breathe - a moment before the next try; as hub_still. */
int hub_breathe(struct hub *h, struct err *e);

/* hub_listing - which commit the revision is and which files it has, as hub_answer_read. */
int hub_listing(struct hub *h, struct doc_tree *t, struct err *e);

/* What the hub says of a file before it is fetched; the etag can be a file's name. */
struct head {
    struct str etag;
    uint64_t size;
};
int hub_head(struct hub *h, const char *file, struct head *head, struct err *e);

/* hub_body - the file's bytes from q->from on, to q's callbacks; any answer but 200 and 206 is an
 * error. r: of the last answer. */
int hub_body(struct hub *h, const char *file, struct http_request *q, struct http_reply *r,
             struct err *e);

#endif
