/* hash.c - see hash.h. */
#include "core/hash.h"
#include "core/file.h"
#include "core/mem.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct hash {
    EVP_MD_CTX *ctx;
};

struct hash *hash_new(struct err *e)
{
    struct hash *h = mem_zalloc(1, sizeof *h, e);
    if (!h)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
        err_set(e, ERR_NOMEM, "out of memory: SHA-256 could not be started");
        hash_free(h);
        return NULL;
    }
    return h;
}

void hash_add(struct hash *h, const void *data, size_t n)
{
    if (EVP_DigestUpdate(h->ctx, data, n) != 1)
        BUG("SHA-256 refused %zu bytes", n);
}

/* digits - of n bytes, 2n and NUL. */
static void digits(const unsigned char *sum, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    hex[2 * n] = '\0';
}

void hash_end(struct hash *h, char hex[HASH_HEX])
{
    unsigned char sum[32];
    unsigned n = 0;
    if (EVP_DigestFinal_ex(h->ctx, sum, &n) != 1 || n != sizeof sum)
        BUG("SHA-256 did not end");
    digits(sum, n, hex);
}

void hash_free(struct hash *h)
{
    if (h)
        EVP_MD_CTX_free(h->ctx);
    mem_free(h);
}

int hash_bytes(const void *data, size_t n, char hex[HASH_HEX], struct err *e)
{
    struct hash *h = hash_new(e);
    if (!h)
        return e->code;
    hash_add(h, data, n);
    hash_end(h, hex);
    hash_free(h);
    return OK;
}

int hash_file(const char *path, char hex[HASH_HEX], struct err *e)
{
    struct file_map m = {0};
    int rc = file_map_open(&m, path, e);
    if (!rc)
        rc = hash_bytes(m.data, m.size, hex, e);
    file_map_close(&m);
    return rc;
}

int hash_git(const char *path, char hex[HASH_GIT], struct err *e)
{
    struct file_map m = {0};
    unsigned char sum[20];
    unsigned n = 0;
    char head[40];
    int rc = file_map_open(&m, path, e);
    if (rc)
        return rc;
    snprintf(head, sizeof head, "blob %zu", m.size);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1 ||
        EVP_DigestUpdate(ctx, head, strlen(head) + 1) != 1 ||
        EVP_DigestUpdate(ctx, m.data, m.size) != 1 || EVP_DigestFinal_ex(ctx, sum, &n) != 1 ||
        n != sizeof sum)
        rc = err_set(e, ERR_IO, "%s: libcrypto gives no SHA-1 here", path);
    else
        digits(sum, n, hex);
    EVP_MD_CTX_free(ctx);
    file_map_close(&m);
    return rc;
}
