/* archive.c - the bytes of a file that lies in archives; the one file that knows libarchive. */
#include "data/gunzip.h"
#include "data/table.h"
#include "core/file.h"
#include "core/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define BLOCK  65536
#define LISTED 12 /* names that a sentence about a missing one shows */

/* More than this many bytes, and more than so many times what they were packed in, are no data but
 * a bomb: text is packed to a tenth, at times to a fiftieth. */
#define BOMB_BYTES ((size_t)256 << 20)
#define BOMB_RATIO 200

#define GZIP_MAGIC "\x1f\x8b"

enum { FORMATS_MANY = 1, FORMATS_RAW = 2 };

struct reader {
    struct archive *a;
    struct gunzip *g; /* the outermost packing, where that is gzip */
    const char *name; /* of the file that is open, for messages */
    size_t packed;    /* bytes of it */
    size_t given;     /* bytes that it was unpacked to so far */
    size_t most;      /* that it may be unpacked to */
};

static int reader_fail(const struct reader *r, struct err *e)
{
    const char *why = archive_error_string(r->a);
    if (archive_errno(r->a) == ENOMEM)
        return err_set(e, ERR_NOMEM, "%s: out of memory while unpacking", r->name);
    return err_set(e, ERR_INPUT, "%s: %s", r->name, why ? why : "cannot be unpacked");
}

static void reader_close(struct reader *r)
{
    if (r->a)
        archive_read_free(r->a);
    gunzip_close(r->g);
    r->a = NULL;
    r->g = NULL;
}

static la_ssize_t on_gunzip(struct archive *a, void *ctx, const void **bytes)
{
    size_t n = 0;
    const char *why = gunzip_next(ctx, bytes, &n);
    if (why)
        archive_set_error(a, EINVAL, "%s", why);
    return why ? -1 : (la_ssize_t)n;
}

/* reader_end - what follows the bytes that were wanted is whole too: gzip's sum stands at its end.
 */
static int reader_end(struct reader *r, struct err *e)
{
    const void *bytes;
    size_t n = 1;
    const char *why = NULL;
    while (r->g && n && !why)
        why = gunzip_next(r->g, &bytes, &n);
    return why ? err_set(e, ERR_INPUT, "%s: %s", r->name, why) : OK;
}

/* reader_init - a reader that nothing is open in. */
static int reader_init(struct reader *r, int formats, const char *name, struct err *e)
{
    *r = (struct reader){.a = archive_read_new(), .name = name, .most = SIZE_MAX};
    if (!r->a)
        return err_set(e, ERR_NOMEM, "%s: out of memory while unpacking", name);
    /* By name and not _all: the others would run programs of the user's */
    int rc = archive_read_support_filter_gzip(r->a) | archive_read_support_filter_bzip2(r->a) |
             archive_read_support_filter_xz(r->a) | archive_read_support_filter_zstd(r->a);
    if (formats & FORMATS_MANY)
        rc |= archive_read_support_format_tar(r->a) | archive_read_support_format_zip(r->a);
    if (formats & FORMATS_RAW)
        rc |= archive_read_support_format_raw(r->a);
    if (rc != ARCHIVE_OK)
        rc = err_set(e, ERR_INPUT, "%s: this build of libarchive lacks gzip, bzip2, xz or zstd",
                     name);
    if (rc)
        reader_close(r);
    return rc;
}

/* reader_open - data stays the caller's and has to outlive the reader. */
static int reader_open(struct reader *r, const void *data, size_t n, int formats, const char *name,
                       struct err *e)
{
    int rc = reader_init(r, formats, name, e);
    r->packed = n;
    if (!rc && n > 2 && memcmp(data, GZIP_MAGIC, 2) == 0) {
        rc = gunzip_open(&r->g, data, n, name, e);
        if (!rc && archive_read_open2(r->a, r->g, NULL, on_gunzip, NULL, NULL) != ARCHIVE_OK)
            rc = reader_fail(r, e);
    } else if (!rc && archive_read_open_memory(r->a, data, n) != ARCHIVE_OK) {
        rc = reader_fail(r, e);
    }
    if (rc)
        reader_close(r);
    return rc;
}

/* reader_next - *entry NULL at the end. */
static int reader_next(const struct reader *r, struct archive_entry **entry, struct err *e)
{
    int rc = archive_read_next_header(r->a, entry);
    if (rc == ARCHIVE_EOF)
        *entry = NULL;
    /* A warning is about names or times that the system cannot hold: nothing we use */
    return rc == ARCHIVE_EOF || rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? OK : reader_fail(r, e);
}

/* reader_pull - up to n bytes of the entry that is open, *got 0 at its end: the one way that what
 * is packed comes out, and so the place of its bounds. */
static int reader_pull(struct reader *r, void *buf, size_t n, size_t *got, struct err *e)
{
    const la_ssize_t k = archive_read_data(r->a, buf, n);
    *got = k > 0 ? (size_t)k : 0;
    if (k < 0)
        return reader_fail(r, e);
    r->given += *got;
    if (r->given > BOMB_BYTES && r->given / BOMB_RATIO > r->packed)
        return err_set(e, ERR_INPUT,
                       "%s: it unpacks to more than %d times its size, %zu MiB so far: refused",
                       r->name, BOMB_RATIO, r->given >> 20);
    if (r->given > r->most) {
        struct str most = STR_INIT;
        str_bytes(&most, (double)r->most);
        int rc = str_check(&most, e);
        if (!rc)
            rc = err_set(e, ERR_INPUT,
                         "%s: it unpacks to more than the %s that are kept of one file: refused",
                         r->name, most.s);
        str_release(&most);
        return rc;
    }
    return OK;
}

static int reader_read(struct reader *r, struct str *out, struct err *e)
{
    char block[BLOCK];
    size_t got = 0;
    int rc;
    str_reset(out);
    r->given = 0;
    r->most = ARCHIVE_KEPT_MOST < mem_machine() ? ARCHIVE_KEPT_MOST : mem_machine();
    while (!(rc = reader_pull(r, block, sizeof block, &got, e)) && got)
        str_catn(out, block, got);
    return rc ? rc : str_check(out, e);
}

static const char *entry_name(struct archive_entry *entry)
{
    const char *s = archive_entry_pathname_utf8(entry);
    if (!s)
        s = archive_entry_pathname(entry);
    while (s && (str_starts(s, "./") || *s == '/'))
        s += *s == '/' ? 1 : 2;
    return s ? s : "";
}

static bool bytes_begin(const struct str *b, size_t at, const char *magic, size_t n)
{
    return b->len >= at + n && memcmp(b->s + at, magic, n) == 0;
}

static bool bytes_compressed(const struct str *b)
{
    return bytes_begin(b, 0, GZIP_MAGIC, 2) || bytes_begin(b, 0, "BZh", 3) ||
           bytes_begin(b, 0,
                       "\xfd"
                       "7zXZ",
                       6) ||
           bytes_begin(b, 0, "\x28\xb5\x2f\xfd", 4);
}

static bool bytes_archive(const struct str *b)
{
    return bytes_begin(b, 0, "PK\3\4", 4) || bytes_begin(b, 0, "PK\5\6", 4) ||
           bytes_begin(b, 257, "ustar", 5);
}

/* names_list - "a", "b" and 3 more: the files of an archive. */
static int names_list(struct str *list, const struct str *data, const char *name, struct err *e)
{
    struct reader r;
    struct archive_entry *entry;
    size_t n = 0;
    int rc = reader_open(&r, data->s, data->len, FORMATS_MANY, name, e);
    while (!rc && !(rc = reader_next(&r, &entry, e)) && entry) {
        if (archive_entry_filetype(entry) != AE_IFREG)
            continue;
        if (n++ < LISTED)
            str_addf(list, "%s\"%s\"", n > 1 ? ", " : "", entry_name(entry));
    }
    if (!rc && n > LISTED)
        str_addf(list, " and %zu more", n - LISTED);
    if (!rc && !n)
        str_cat(list, "no file");
    reader_close(&r);
    return rc ? rc : str_check(list, e);
}

/* entry_find - the entry that is rest, or a folder of rest's on the way that is a file, hence an
 * archive itself: *used is how much of rest it takes, 0 where there is none. */
static int entry_find(const struct str *data, const char *name, const char *rest, struct str *out,
                      size_t *used, struct err *e)
{
    struct reader r;
    struct archive_entry *entry;
    *used = 0;
    int rc = reader_open(&r, data->s, data->len, FORMATS_MANY, name, e);
    while (!rc && !*used && !(rc = reader_next(&r, &entry, e)) && entry) {
        const char *s = entry_name(entry);
        size_t n = strlen(s);
        if (archive_entry_filetype(entry) != AE_IFREG || !n || strncmp(s, rest, n) != 0 ||
            (rest[n] && rest[n] != '/'))
            continue;
        rc = reader_read(&r, out, e);
        if (!rc)
            rc = reader_end(&r, e);
        *used = n;
    }
    reader_close(&r);
    return rc;
}

/* bytes_expand - undo the compression of a single file, layer by layer as libarchive finds them. */
static int bytes_expand(struct str *data, const char *name, struct err *e)
{
    struct reader r;
    struct archive_entry *entry = NULL;
    struct str out = STR_INIT;
    int rc = reader_open(&r, data->s, data->len, FORMATS_RAW, name, e);
    if (rc)
        return rc;
    rc = reader_next(&r, &entry, e);
    if (!rc && entry)
        rc = reader_read(&r, &out, e);
    reader_close(&r);
    if (!rc) {
        struct str old = *data;
        *data = out;
        out = old;
    }
    str_release(&out);
    return rc;
}

/* outer_file - the shortest beginning of path that is a file; the whole path where none is. */
static int outer_file(struct str *name, const char *path, struct err *e)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        str_reset(name);
        str_catn(name, path, (size_t)(slash - path));
        if (name->len && file_exists(name->s) && !file_is_dir(name->s))
            return str_check(name, e);
    }
    str_reset(name);
    str_cat(name, path);
    return str_check(name, e);
}

static int absent(const struct str *data, const char *name, const char *rest, struct err *e)
{
    struct str list = STR_INIT;
    int rc = names_list(&list, data, name, e);
    if (!rc)
        rc = err_set(e, ERR_INPUT, "%s: no \"%s\" in it; it holds %s", name, rest, list.s);
    str_release(&list);
    return rc;
}

/* last_step - data is the file that was asked for: out of its compression, and not an archive. */
static int last_step(struct str *data, const char *name, struct err *e)
{
    struct str list = STR_INIT;
    int rc = OK;
    if (bytes_compressed(data))
        rc = bytes_expand(data, name, e);
    if (!rc && bytes_archive(data)) {
        rc = names_list(&list, data, name, e);
        if (!rc)
            rc = err_set(e, ERR_INPUT, "%s: an archive; name the file in it, %s/NAME: it holds %s",
                         name, name, list.s);
    }
    str_release(&list);
    return rc;
}

int archive_read(struct str *out, const char *path, struct err *e)
{
    struct str name = STR_INIT, inner = STR_INIT;
    str_reset(out);
    int rc = outer_file(&name, path, e);
    if (!rc)
        rc = file_read(out, name.s, e);
    while (!rc && path[name.len] == '/') {
        const char *rest = path + name.len + 1;
        size_t used = 0;
        rc = entry_find(out, name.s, rest, &inner, &used, e);
        if (!rc && !used)
            rc = absent(out, name.s, rest, e);
        if (rc)
            break;
        struct str old = *out;
        *out = inner;
        inner = old;
        str_addc(&name, '/');
        str_catn(&name, rest, used);
        rc = str_check(&name, e);
    }
    if (!rc)
        rc = last_step(out, name.s, e);
    str_release(&name);
    str_release(&inner);
    return rc;
}

struct archive_stream {
    struct reader r;
    struct str all; /* of a file inside archives */
    size_t at;
};

/* stream_file - a file that is no archive, unpacked as it is read. */
static int stream_file(struct archive_stream *s, const char *path, bool gzip, struct err *e)
{
    struct archive_entry *entry = NULL;
    size_t packed = 0;
    int rc = file_size(path, &packed, e);
    if (!rc)
        rc = reader_init(&s->r, FORMATS_RAW, path, e);
    s->r.packed = packed;
    if (!rc && archive_read_support_format_empty(s->r.a) != ARCHIVE_OK)
        rc = reader_fail(&s->r, e);
    if (!rc && gzip)
        rc = gunzip_open(&s->r.g, NULL, 0, path, e);
    if (!rc && (gzip ? archive_read_open2(s->r.a, s->r.g, NULL, on_gunzip, NULL, NULL)
                     : archive_read_open_filename(s->r.a, path, BLOCK)) != ARCHIVE_OK)
        rc = reader_fail(&s->r, e);
    if (!rc)
        rc = reader_next(&s->r, &entry, e);
    if (!rc && !entry) /* an empty file */
        reader_close(&s->r);
    return rc;
}

int archive_open(struct archive_stream **out, const char *path, struct err *e)
{
    struct archive_stream *s = mem_zalloc(1, sizeof *s, e);
    struct file_map m;
    bool gzip = false,
         many = true; /* archives, and what is not there: archive_read has the sentences */
    *out = NULL;
    if (!s)
        return e->code;
    str_init(&s->all);
    if (file_exists(path) && !file_map_open(&m, path, e)) {
        const struct str head = {(char *)(size_t)m.data, m.size, 0, false};
        many = bytes_archive(&head);
        gzip = bytes_begin(&head, 0, GZIP_MAGIC, 2);
        file_map_close(&m);
    }
    int rc = many ? archive_read(&s->all, path, e) : stream_file(s, path, gzip, e);
    if (rc) {
        archive_close(s);
        return rc;
    }
    *out = s;
    return OK;
}

int archive_pull(void *stream, void *buf, size_t n, size_t *got, struct err *e)
{
    struct archive_stream *s = stream;
    if (s->r.a)
        return reader_pull(&s->r, buf, n, got, e);
    *got = n < s->all.len - s->at ? n : s->all.len - s->at;
    memcpy(buf, s->all.s + s->at, *got);
    s->at += *got;
    return OK;
}

void archive_bound(struct archive_stream *s, size_t most)
{
    s->r.most = most;
}

void archive_close(struct archive_stream *s)
{
    if (!s)
        return;
    reader_close(&s->r);
    str_release(&s->all);
    mem_free(s);
}
