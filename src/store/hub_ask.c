/* hub_ask.c - the hub's HTTP interface: tokens, redirects, waits, sentences for what is refused. */
#include "store/hub_ask.h"
#include "store/source.h"
#include "core/file.h"
#include "core/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    REDIRECTS = 5,          /* followed at most */
    UNTOLD_ROUNDS = 5,      /* waits of 1, 2, 4 ... s where the server does not say how long */
    WAIT_MOST = 600,        /* s, W2S_HUB_WAIT where it is not set: the hub counts by 5 minutes */
    WAIT_LIMIT = 86400,     /* s, what W2S_HUB_WAIT may be */
    LISTING_MAX = 32 << 20, /* bytes of a listing */
};

/* endpoint_check - an address whose user or password has a "/", "?" or "#" as it is ends there for
 * whoever reads it, and the rest would be shown. Nothing of it is. */
static int endpoint_check(const char *s, struct err *e)
{
    const char *path = strstr(s, "://");
    path = path ? path + 3 : s;
    path += strcspn(path, "/?#");
    if (strchr(path, '@'))
        return err_set(e, ERR_INPUT,
                       "HF_ENDPOINT has an \"@\" behind the first \"/\", \"?\" or \"#\", wanted "
                       "a host there: in a user or password these are written %%2F, %%3F and %%23");
    return OK;
}

static int token_read(struct str *token, struct err *e)
{
    const char *v = getenv("HF_TOKEN");
    struct str path = STR_INIT;
    struct err absent = ERR_INIT;
    int rc = OK;
    if (!v || !*v)
        v = getenv("HUGGING_FACE_HUB_TOKEN");
    if (v && *v) {
        str_cat(token, v);
    } else {
        if (getenv("HF_TOKEN_PATH"))
            str_cat(&path, getenv("HF_TOKEN_PATH"));
        else if (getenv("HF_HOME"))
            rc = source_folder("HF_HOME", ".cache/huggingface", "/token", &path, e);
        else
            rc = source_folder("XDG_CACHE_HOME", ".cache", "/huggingface/token", &path, e);
        if (!rc && file_exists(path.s))
            (void)file_read(token, path.s, &absent);
    }
    str_release(&path);
    while (token->len && strchr(" \t\r\n", token->s[token->len - 1]))
        token->s[--token->len] = '\0';
    /* It becomes part of a header. */
    if (!rc && token->s[strcspn(token->s, "\r\n")])
        rc = err_set(e, ERR_INPUT, "the hub's token has more than one line");
    return rc ? rc : str_check(token, e);
}

/* wait_read - W2S_HUB_WAIT, seconds. */
static int wait_read(double *seconds, struct err *e)
{
    const char *v = getenv("W2S_HUB_WAIT");
    char *end = NULL;
    *seconds = WAIT_MOST;
    if (!v || !*v)
        return OK;
    *seconds = strtod(v, &end);
    if (*end || !(*seconds >= 0 && *seconds <= WAIT_LIMIT))
        return err_set(e, ERR_INPUT, "W2S_HUB_WAIT is \"%s\", wanted seconds, 0 to %d", v,
                       WAIT_LIMIT);
    return OK;
}

int hub_init(struct hub *h, const struct hub_place *p, const struct asset_options *o, struct err *e)
{
    const char *endpoint = getenv("HF_ENDPOINT");
    *h = (struct hub){.p = p,
                      .o = o,
                      .endpoint = endpoint && *endpoint ? endpoint : "https://huggingface.co",
                      .token = STR_INIT,
                      .wait_first = 1,
                      .lock = PTHREAD_MUTEX_INITIALIZER};
    int rc = wait_read(&h->wait_most, e);
    if (!rc)
        rc = endpoint_check(h->endpoint, e);
    return rc ? rc : token_read(&h->token, e);
}

void hub_release(struct hub *h)
{
    str_release(&h->token);
    pthread_mutex_destroy(&h->lock);
}

int hub_still(struct hub *h, struct err *e)
{
    int rc = stop_check(e);
    return !rc && h->quit ? err_set(e, ERR_INTERRUPTED, "stopped with the other files") : rc;
}

int hub_breathe(struct hub *h, struct err *e)
{
    struct timespec pause = {0, 200000000L};
    nanosleep(&pause, NULL);
    return hub_still(h, e);
}

static void url_begin(struct hub *h, struct str *url)
{
    size_t n = strlen(h->endpoint);
    str_reset(url);
    str_catn(url, h->endpoint, n - (n && h->endpoint[n - 1] == '/'));
}

static int url_of_listing(struct hub *h, struct str *url, struct err *e)
{
    url_begin(h, url);
    str_addf(url, "/api/%s/", h->p->type == HUB_MODEL ? "models" : "datasets");
    http_escape(url, h->p->repo, true);
    str_cat(url, "/revision/");
    http_escape(url, h->p->revision, false);
    return str_check(url, e);
}

static int url_of_file(struct hub *h, const char *file, struct str *url, struct err *e)
{
    url_begin(h, url);
    str_cat(url, h->p->type == HUB_MODEL ? "/" : "/datasets/");
    http_escape(url, h->p->repo, true);
    str_addf(url, "/resolve/%s/", h->p->commit.s);
    http_escape(url, file, true);
    return str_check(url, e);
}

/* status_fail - an answer that is not what was asked for. file: NULL for the listing; away: another
 * host than the hub's gave it. */
static int status_fail(struct hub *h, const struct http_reply *r, const char *file, const char *url,
                       bool away, struct err *e)
{
    const char *at = file ? file : "its list of files";
    if (away)
        return err_set(e, ERR_NETWORK, "hub:%s: the server that %s lies on answers %ld", h->p->repo,
                       at, r->status);
    if (r->status == 401 || r->status == 403) {
        if (h->token.len)
            return err_set(e, ERR_NETWORK,
                           "hub:%s: the hub refuses %s to this token (%ld): ask for access "
                           "on its page, or set another HF_TOKEN",
                           h->p->repo, at, r->status);
        return err_set(e, ERR_NETWORK,
                       "hub:%s: the hub refuses %s without a token (%ld): there is no such "
                       "repository, or it is private or gated and wants HF_TOKEN",
                       h->p->repo, at, r->status);
    }
    if (r->status == 404 && !file)
        return err_set(e, ERR_NETWORK, "hub:%s: the hub has no such %s, or it has no revision %s",
                       h->p->repo, h->p->type == HUB_MODEL ? "model" : "dataset", h->p->revision);
    if (r->status == 404)
        return err_set(e, ERR_NETWORK, "hub:%s: the repository has no file %s at revision %s",
                       h->p->repo, file, h->p->revision);
    struct str shown = STR_INIT;
    http_shown(&shown, url);
    int rc = err_set(e, ERR_NETWORK, "hub:%s: %s answers %ld", h->p->repo, shown.s, r->status);
    str_release(&shown);
    return rc;
}

/* ask_once - q with redirects followed. away NULL: within the hub alone; a redirect to elsewhere is
 * then itself the answer, as its headers tell what was asked for. Else to other hosts too, without
 * the token, and *away says whether the answer is from one. */
static int ask_once(struct hub *h, struct http_request *q, bool *away, struct http_reply *r,
                    struct err *e)
{
    const char *first = q->url;
    struct str url = STR_INIT;
    int rc = OK;
    str_cat(&url, first);
    for (int i = 0; i <= REDIRECTS; i++) {
        bool home = http_same_origin(url.s, h->endpoint);
        if ((rc = str_check(&url, e)))
            break;
        q->url = url.s;
        q->token = home && h->token.len ? h->token.s : NULL;
        q->quit = &h->quit;
        if (away)
            *away = !home;
        rc = http_ask(q, r, e);
        if (rc || r->status < 300 || r->status >= 400 || !r->location.len)
            break;
        if (!away && ((r->linked_etag.len && r->linked_size >= 0) ||
                      !http_same_origin(r->location.s, h->endpoint)))
            break;
        if (i == REDIRECTS) {
            struct str shown = STR_INIT;
            http_shown(&shown, url.s);
            rc = err_set(e, ERR_NETWORK, "%s: more than %d redirects", shown.s, REDIRECTS);
            str_release(&shown);
            break;
        }
        str_reset(&url);
        str_cat(&url, r->location.s);
    }
    q->url = first;
    str_release(&url);
    return rc;
}

/* rest - until the time that all are to be quiet is over. */
static int rest(struct hub *h, struct err *e)
{
    struct timespec pause = {0, 50000000L};
    for (;;) {
        int rc = hub_still(h, e);
        pthread_mutex_lock(&h->lock);
        double left = h->quiet_until - clock_now();
        pthread_mutex_unlock(&h->lock);
        if (rc || left <= 0)
            return rc;
        nanosleep(&pause, NULL);
    }
}

/* quiet - for so many seconds, because of why; what several threads hear at once is said once. */
static void quiet(struct hub *h, const char *why, double seconds)
{
    pthread_mutex_lock(&h->lock);
    double until = clock_now() + seconds;
    bool news = until > h->quiet_until + 0.5;
    if (until > h->quiet_until)
        h->quiet_until = until;
    pthread_mutex_unlock(&h->lock);
    if (news)
        log_info(h->o->log, "hub:%s: %s, waiting %.0f s", h->p->repo, why, seconds);
}

/* busy_fail - file, away: as of status_fail. */
static int busy_fail(const struct hub *h, const struct http_reply *r, const char *file, bool away,
                     double wanted, double waited, struct err *e)
{
    struct str s = STR_INIT;
    str_addf(&s, "hub:%s: the ", h->p->repo);
    if (away)
        str_addf(&s, "server that %s lies on", file ? file : "its list of files");
    else
        str_cat(&s, "hub");
    str_addf(&s, " answers that it %s (%ld)",
             r->status == 429   ? "was asked too often"
             : r->status == 503 ? "is too busy"
                                : "fails",
             r->status);
    if (waited > 0)
        str_addf(&s, ", still after %.0f s of waiting", waited);
    if (r->retry_after > 0)
        str_addf(&s, ", and wants %.0f s%s where W2S_HUB_WAIT allows %.0f s in all", wanted,
                 waited > 0 ? " more" : " of waiting", h->wait_most);
    str_cat(&s, "; try again later");
    if (r->status == 429 && !away && !h->token.len)
        str_cat(&s, ", or set HF_TOKEN");
    int rc = s.failed ? str_check(&s, e) : err_set(e, ERR_NETWORK, "%s", s.s);
    str_release(&s);
    return rc;
}

/* asked_again - whether a host that gave no answer may give one later. One that cannot be found or
 * says nothing is waited for only where the hub has answered before: else there is no network, and
 * no use in waiting. */
static bool asked_again(const struct hub *h, const struct http_reply *r)
{
    return r->trouble == HTTP_REFUSED || (r->trouble == HTTP_SILENT && h->heard);
}

/* passes - an answer that may be another in a moment. */
static bool passes(long status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

static const char *pass_words(long status)
{
    return status == 429   ? "asked too often"
           : status == 503 ? "the server is too busy"
                           : "the server fails";
}

/* ask - as ask_once; answers that pass and hosts that cannot be reached are waited for, as long as
 * the server asks for, else a little longer each time. file: NULL for the listing. */
static int ask(struct hub *h, struct http_request *q, const char *file, bool *away,
               struct http_reply *r, struct err *e)
{
    double waited = 0, pause = h->wait_first;
    for (int round = 0;; round++) {
        struct err no = ERR_INIT;
        char why[sizeof no.msg + 32];
        int rc = rest(h, e);
        if (rc)
            return rc;
        rc = ask_once(h, q, away, r, &no);
        bool mute = rc == ERR_NETWORK && asked_again(h, r);
        if (!rc)
            h->heard = true;
        if (!mute && (rc || !passes(r->status))) {
            if (rc)
                *e = no;
            return rc;
        }
        bool told = !mute && r->retry_after > 0;
        double wait = told ? (double)r->retry_after : pause;
        if (waited + wait > h->wait_most || (!told && round >= UNTOLD_ROUNDS)) {
            if (!mute)
                return busy_fail(h, r, file, away && *away, wait, waited, e);
            return waited > 0 ? err_set(e, rc, "%s, still after %.0f s of waiting", no.msg, waited)
                              : err_set(e, rc, "%s", no.msg);
        }
        if (mute)
            snprintf(why, sizeof why, "%s", no.msg);
        else
            snprintf(why, sizeof why, "%s (%ld)", pass_words(r->status), r->status);
        quiet(h, why, wait);
        waited += wait;
        pause = told ? pause : 2 * pause;
    }
}

static int listing_piece(void *ctx, const void *data, size_t n, struct err *e)
{
    struct str *text = ctx;
    if (text->len + n > LISTING_MAX)
        return err_set(e, ERR_NETWORK, "the hub's list of files is longer than %d MiB",
                       LISTING_MAX >> 20);
    str_catn(text, data, n);
    return str_check(text, e);
}

int hub_answer_read(struct doc_tree *t, const char *text, size_t n, const char *url, struct err *e)
{
    struct err why = ERR_INIT;
    int rc = doc_parse_json(t, text, n, url, 1, &why);
    if (rc == ERR_NOMEM) {
        *e = why;
        return rc;
    }
    if (rc)
        return err_set(e, ERR_NETWORK, "%s: the answer is not the hub's: it is not JSON", url);
    const struct doc *sha = doc_get(t->root, "sha"), *files = doc_get(t->root, "siblings");
    if (!sha || sha->type != DOC_STRING || strlen(sha->s) != 40 ||
        strspn(sha->s, "0123456789abcdef") != 40 || !files || files->type != DOC_LIST)
        return err_set(e, ERR_NETWORK,
                       "%s: the answer is not the hub's: it has no \"sha\" or no \"siblings\"",
                       url);
    return OK;
}

int hub_listing(struct hub *h, struct doc_tree *t, struct err *e)
{
    struct str url = STR_INIT, text = STR_INIT, shown = STR_INIT;
    struct http_reply r;
    bool away = false;
    http_reply_init(&r);
    int rc = url_of_listing(h, &url, e);
    struct http_request q = {.url = url.s, .piece = listing_piece, .ctx = &text};
    for (int tries = HUB_TRIES; !rc; rc = hub_breathe(h, e)) {
        str_reset(&text);
        rc = ask(h, &q, NULL, &away, &r, e);
        if (rc != ERR_NETWORK || !r.cut || !--tries)
            break;
    }
    if (rc == ERR_NETWORK && r.cut)
        err_wrap(e, "hub:%s: its list of files", h->p->repo);
    if (!rc && r.status != 200)
        rc = status_fail(h, &r, NULL, url.s, away, e);
    if (!rc)
        http_shown(&shown, url.s);
    if (!rc)
        rc = hub_answer_read(t, text.s, text.len, shown.s, e);
    str_release(&shown);
    http_reply_release(&r);
    str_release(&url);
    str_release(&text);
    return rc;
}

int hub_head(struct hub *h, const char *file, struct head *head, struct err *e)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct str url = STR_INIT, shown = STR_INIT;
    struct http_reply r;
    http_reply_init(&r);
    int rc = url_of_file(h, file, &url, e);
    struct http_request q = {.url = url.s, .head = true};
    if (!rc)
        rc = ask(h, &q, file, NULL, &r, e);
    if (rc)
        goto out;
    if (r.status != 200 && !(r.status >= 300 && r.status < 400)) {
        rc = status_fail(h, &r, file, url.s, false, e);
        goto out;
    }
    const struct str *etag = r.linked_etag.len ? &r.linked_etag : &r.etag;
    int64_t size = r.linked_size >= 0 ? r.linked_size : r.status == 200 ? r.size : -1;
    /* It becomes a file's name. */
    if (!etag->len || etag->len > 128 || strspn(etag->s, letters) != etag->len ||
        etag->s[0] == '.' || size < 0) {
        http_shown(&shown, url.s);
        rc = err_set(e, ERR_NETWORK, "%s: the answer is not the hub's: it has no ETag or no length",
                     shown.s);
        goto out;
    }
    str_cat(&head->etag, etag->s);
    head->size = (uint64_t)size;
    rc = str_check(&head->etag, e);
out:
    http_reply_release(&r);
    str_release(&shown);
    str_release(&url);
    return rc;
}

int hub_body(struct hub *h, const char *file, struct http_request *q, struct http_reply *r,
             struct err *e)
{
    struct str url = STR_INIT;
    bool away = false;
    int rc = url_of_file(h, file, &url, e);
    q->url = url.s;
    if (!rc)
        rc = ask(h, q, file, &away, r, e);
    if (!rc && r->status != 200 && r->status != 206)
        rc = status_fail(h, r, file, url.s, away, e);
    q->url = NULL;
    str_release(&url);
    return rc;
}
