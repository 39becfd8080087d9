/* http.c - requests by libcurl. Proxy variables (https_proxy, no_proxy ...) are libcurl's to read;
 * CURL_CA_BUNDLE and SSL_CERT_FILE name other certificates, as they do for the curl program. */
#include "store/http.h"
#include "core/stop.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* A host that says nothing for so long is taken for gone. */
enum { CONNECT_SECONDS = 20, SILENT_SECONDS = 60 };

enum { RETRY_MOST = 1000000000 }; /* seconds: what is longer is for ever */

struct talk {
    const struct http_request *q;
    struct http_reply *r;
    CURL *curl;
    bool started;
    int rc; /* of piece, start or a stop */
    struct err *e;
};

void http_reply_init(struct http_reply *r)
{
    *r = (struct http_reply){.etag = STR_INIT,
                             .linked_etag = STR_INIT,
                             .commit = STR_INIT,
                             .error_code = STR_INIT,
                             .location = STR_INIT,
                             .size = -1,
                             .linked_size = -1};
}

void http_reply_release(struct http_reply *r)
{
    str_release(&r->etag);
    str_release(&r->linked_etag);
    str_release(&r->commit);
    str_release(&r->error_code);
    str_release(&r->location);
    http_reply_init(r);
}

/* header_value - the trimmed value where the line is of this header. */
static bool header_value(const char *line, size_t n, const char *name, struct str *out)
{
    size_t m = strlen(name);
    if (n <= m || strncasecmp(line, name, m) != 0 || line[m] != ':')
        return false;
    line += m + 1, n -= m + 1;
    while (n && strchr(" \t\r\n", line[0]))
        line++, n--;
    while (n && strchr(" \t\r\n", line[n - 1]))
        n--;
    str_reset(out);
    str_catn(out, line, n);
    return true;
}

static void etag_strip(struct str *etag)
{
    struct str bare = STR_INIT;
    const char *s = etag->s;
    size_t n = etag->len;
    if (n >= 2 && s[0] == 'W' && s[1] == '/')
        s += 2, n -= 2;
    if (n >= 2 && s[0] == '"' && s[n - 1] == '"')
        s++, n -= 2;
    str_catn(&bare, s, n);
    bare.failed = bare.failed || etag->failed;
    str_release(etag);
    *etag = bare;
}

/* retry_seconds - of Retry-After: a whole number or a date; what is neither is none. */
static int64_t retry_seconds(const char *s)
{
    if (s[0] && !s[strspn(s, "0123456789")]) {
        const long long n = strtoll(s, NULL, 10);
        return n < RETRY_MOST ? (int64_t)n : RETRY_MOST;
    }
    const time_t date = isalpha((unsigned char)s[0]) ? curl_getdate(s, NULL) : -1, now = time(NULL);
    return date > now ? (int64_t)(date - now) : 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    struct http_reply *r = ((struct talk *)ctx)->r;
    struct str value = STR_INIT;
    n *= size;
    if (header_value(line, n, "etag", &r->etag))
        etag_strip(&r->etag);
    else if (header_value(line, n, "x-linked-etag", &r->linked_etag))
        etag_strip(&r->linked_etag);
    else if (header_value(line, n, "x-linked-size", &value))
        r->linked_size = (int64_t)strtoll(value.s, NULL, 10);
    else if (header_value(line, n, "content-range", &value)) /* "bytes 100-199/200" */
        r->range_from = strtoull(value.s + strcspn(value.s, "0123456789"), NULL, 10);
    else if (header_value(line, n, "retry-after", &value))
        r->retry_after = retry_seconds(value.s);
    else if (!header_value(line, n, "x-repo-commit", &r->commit))
        (void)header_value(line, n, "x-error-code", &r->error_code);
    str_release(&value);
    return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct talk *t = ctx;
    long status = 0;
    n *= size;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if ((status != 200 && status != 206) || !t->q->piece)
        return n;
    if (!t->started && t->q->start)
        t->rc = t->q->start(t->q->ctx, status == 206 ? t->r->range_from : 0, t->e);
    t->started = true;
    if (!t->rc)
        t->rc = t->q->piece(t->q->ctx, data, n, t->e);
    return t->rc ? 0 : n;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct talk *t = ctx;
    (void)a, (void)b, (void)c, (void)d;
    if (!t->rc)
        t->rc = stop_check(t->e);
    if (!t->rc && t->q->quit && *t->q->quit)
        t->rc = err_set(t->e, ERR_INTERRUPTED, "stopped with the other files");
    return t->rc != 0;
}

/* host_at - where the host begins, which is behind a user and password; *n: its length and its
 * port's. */
static const char *host_at(const char *url, size_t *n)
{
    const char *s = strstr(url, "://");
    s = s ? s + 3 : url;
    *n = strcspn(s, "/?#");
    for (size_t i = *n; i > 0; i--)
        if (s[i - 1] == '@') {
            *n -= i;
            return s + i;
        }
    return s;
}

void http_shown(struct str *out, const char *url)
{
    const char *s = strstr(url, "://");
    size_t n;
    str_reset(out);
    if (s)
        str_catn(out, url, (size_t)(s + 3 - url));
    str_cat(out, host_at(url, &n));
}

static CURLcode talk_options(struct talk *t, struct curl_slist *headers, char *why)
{
    const struct http_request *q = t->q;
    CURL *c = t->curl;
    CURLcode bad = CURLE_OK;
    const char *bundle =
        getenv("CURL_CA_BUNDLE") ? getenv("CURL_CA_BUNDLE") : getenv("SSL_CERT_FILE");
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (!bad)                                                                                  \
            bad = curl_easy_setopt(c, option, value);                                              \
    } while (0)
    SET(CURLOPT_URL, q->url);
    SET(CURLOPT_ERRORBUFFER, why);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_USERAGENT, "w2s");
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)SILENT_SECONDS);
    SET(CURLOPT_NOBODY, q->head ? 1L : 0L);
    if (q->from && !q->head) {
        char range[32];
        struct str text = STR_INIT;
        str_addf(&text, "%llu-", (unsigned long long)q->from);
        memcpy(range, text.s, text.len + 1);
        str_release(&text);
        SET(CURLOPT_RANGE, range);
    }
    if (bundle)
        SET(CURLOPT_CAINFO, bundle);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
#undef SET
    return bad;
}

/* trouble_of - a certificate that is not trusted, say, is no better for waiting. */
static enum http_trouble trouble_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return HTTP_REFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_SILENT;
    default:
        return HTTP_FINE;
    }
}

int http_ask(const struct http_request *q, struct http_reply *r, struct err *e)
{
    struct talk t = {.q = q, .r = r, .e = e};
    struct str line = STR_INIT, host = STR_INIT;
    struct curl_slist *headers = NULL, *more;
    char why[CURL_ERROR_SIZE] = "";
    CURLcode code;
    curl_off_t length = -1;
    char *location = NULL;
    int rc = OK;
    http_reply_release(r);
    size_t host_n;
    const char *host_s = host_at(q->url, &host_n);
    str_catn(&host, host_s, host_n);
    if (!str_starts(q->url, "http://") && !str_starts(q->url, "https://")) {
        http_shown(&line, q->url);
        rc = err_set(e, ERR_INPUT, "%s is not an http or https address", line.s);
        goto out;
    }
    t.curl = curl_easy_init();
    if (!t.curl) {
        rc = err_set(e, ERR_NOMEM, "out of memory: libcurl did not start");
        goto out;
    }
    /* Lengths and ranges are of the file itself, not of a compressed form of it. */
    headers = curl_slist_append(NULL, "Accept-Encoding: identity");
    if (headers && q->token) {
        str_addf(&line, "Authorization: Bearer %s", q->token);
        more = curl_slist_append(headers, line.s);
        if (!more)
            curl_slist_free_all(headers);
        headers = more;
    }
    if (!headers || (rc = str_check(&line, e))) {
        rc = err_set(e, ERR_NOMEM, "out of memory: a request's headers");
        goto out;
    }
    code = talk_options(&t, headers, why);
    if (!code)
        code = curl_easy_perform(t.curl);
    curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_getinfo(t.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(t.curl, CURLINFO_REDIRECT_URL, &location);
    r->size = (int64_t)length;
    if (location)
        str_cat(&r->location, location);
    if (t.rc) {
        rc = t.rc;
    } else if (code) {
        /* libcurl's words may hold an address, a proxy's too: with a user in it they are not told
         */
        r->cut = r->status == 200 || r->status == 206;
        r->trouble = r->status ? HTTP_FINE : trouble_of(code);
        rc =
            err_set(e, ERR_NETWORK, "%s %s: %s", r->cut ? "lost the connection to" : "cannot reach",
                    host.s, why[0] && !strchr(why, '@') ? why : curl_easy_strerror(code));
    } else if ((rc = str_check(&r->location, e)) || (rc = str_check(&r->etag, e)) ||
               (rc = str_check(&r->linked_etag, e))) {
        goto out;
    }
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(t.curl);
    str_release(&line);
    str_release(&host);
    return rc;
}

static char *url_part(const char *url, CURLUPart part)
{
    char *out = NULL;
    CURLU *u = curl_url();
    if (u && !curl_url_set(u, CURLUPART_URL, url, 0))
        (void)curl_url_get(u, part, &out, CURLU_DEFAULT_PORT);
    curl_url_cleanup(u);
    return out;
}

bool http_same_origin(const char *a, const char *b)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    bool same = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && same; i++) {
        char *x = url_part(a, parts[i]), *y = url_part(b, parts[i]);
        same = x && y && !strcasecmp(x, y);
        curl_free(x);
        curl_free(y);
    }
    return same;
}

void http_escape(struct str *out, const char *s, bool keep_slash)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *s; s++) {
        if (strchr(plain, *s) || (keep_slash && *s == '/'))
            str_addc(out, *s);
        else
            str_addf(out, "%%%02X", (unsigned)(unsigned char)*s);
    }
}
