/* array.c - arrays of doubles as files, the same bytes on every machine. */
#include "store/store.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>

enum { HEADER = 16, CHUNK = 4096 };
static const unsigned char array_magic[8] = {'W', '2', 'S', 'F', '6', '4', 0, 1};

static void put64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

int store_array_write(const char *path, const double *x, size_t n, struct err *e)
{
    struct file_out *f = NULL;
    unsigned char buffer[CHUNK * 8];
    int rc = file_out_open(&f, path, e);
    if (rc)
        return rc;
    memcpy(buffer, array_magic, sizeof array_magic);
    put64(buffer + sizeof array_magic, n);
    rc = file_out_write(f, buffer, HEADER, e);
    for (size_t at = 0; at < n && !rc; at += CHUNK) {
        size_t m = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < m; i++) {
            uint64_t bits;
            memcpy(&bits, &x[at + i], sizeof bits);
            put64(buffer + 8 * i, bits);
        }
        rc = file_out_write(f, buffer, 8 * m, e);
    }
    if (!rc)
        rc = file_out_commit(f, e);
    file_out_close(f);
    return rc;
}

int store_array_read(const char *path, double **x, size_t n, struct err *e)
{
    struct file_map m;
    size_t bytes = 0;
    *x = NULL;
    int rc = file_map_open(&m, path, e);
    if (rc)
        return rc;
    if (m.size < HEADER || memcmp(m.data, array_magic, sizeof array_magic) != 0) {
        rc = err_set(e, ERR_INPUT, "%s: not an array of this program's (its first bytes say so)",
                     path);
        goto out;
    }
    uint64_t count = get64(m.data + sizeof array_magic);
    if (count != n) {
        rc = err_set(e, ERR_INPUT, "%s: holds %llu numbers, wanted %zu", path,
                     (unsigned long long)count, n);
        goto out;
    }
    if (!size_mul(n, 8, &bytes) || m.size - HEADER != bytes) {
        rc = err_set(e, ERR_INPUT, "%s: cut short: %zu bytes, wanted %zu for %zu numbers", path,
                     m.size, HEADER + bytes, n);
        goto out;
    }
    *x = mem_alloc(n, sizeof **x, e);
    if (!*x) {
        rc = e->code;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = get64(m.data + HEADER + 8 * i);
        memcpy(&(*x)[i], &bits, sizeof bits);
    }
out:
    file_map_close(&m);
    return rc;
}
