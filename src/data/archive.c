/* archive.c - the bytes of a file that lies in archives; the one file that knows libarchive. */
#include "data/gunzip.h"
#include "data/table.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/stop.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define BLOCK  65536
#define HEAD   512 /* bytes by which a file is known to be an archive */
#define LISTED 12  /* names that a sentence about a missing one shows */

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
    bool begun;       /* an entry is open, or was */
    bool sealed;      /* which is encrypted */
    size_t passed;    /* bytes out of g while libarchive passes over it */
    bool refused;     /* they were too many */
};

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

static const char damaged_bzip2[] = "damaged bzip2 data";

/* reader_fail - what libarchive says, in one line; what xz says of no progress, it says of a file
 * that is cut and of one that something follows. */
static int reader_fail(const struct reader *r, struct err *e)
{
    const char *why = archive_error_string(r->a);
    struct str line = STR_INIT;
    if (r->refused)
        return err_set(e, ERR_INPUT, "%s: it unpacks to more than %d times its size: refused",
                       r->name, BOMB_RATIO);
    if (archive_errno(r->a) == ENOMEM)
        return err_set(e, ERR_NOMEM, "%s: out of memory while unpacking", r->name);
    for (const char *s = why ? why : "cannot be unpacked"; *(s += strspn(s, " \r\n"));) {
        const size_t n = strcspn(s, " \r\n");
        str_addf(&line, "%s%.*s", line.len ? " " : "", (int)n, s);
        s += n;
    }
    int rc = str_check(&line, e);
    if (!rc)
        rc = err_set(e, ERR_INPUT, "%s: %s", r->name,
                     strstr(line.s, "No progress is possible")
                         ? "truncated xz input, or other bytes after its end"
                     : strcmp(line.s, "bzip decompression failed") == 0 ? damaged_bzip2
                                                                        : line.s);
    str_release(&line);
    return rc;
}

static void reader_close(struct reader *r)
{
    if (r->a)
        archive_read_free(r->a);
    gunzip_close(r->g);
    r->a = NULL;
    r->g = NULL;
}

/* bomb - whether so many bytes are too many. */
static bool bomb(const struct reader *r, size_t n)
{
    return n > BOMB_BYTES && n / BOMB_RATIO > r->packed;
}

static la_ssize_t on_gunzip(struct archive *a, void *ctx, const void **bytes)
{
    struct reader *r = ctx;
    size_t n = 0;
    const char *why = gunzip_next(r->g, bytes, &n);
    r->passed += n;
    r->refused = r->refused || (r->sealed && bomb(r, r->passed));
    if (why)
        archive_set_error(a, EINVAL, "%s", why);
    return why || r->refused ? -1 : (la_ssize_t)n;
}

/* unpacked_check - once a block, of so many bytes that came out so far. */
static int unpacked_check(const struct reader *r, size_t n, struct err *e)
{
    if (bomb(r, n))
        return err_set(e, ERR_INPUT,
                       "%s: it unpacks to more than %d times its size, %zu MiB so far: refused",
                       r->name, BOMB_RATIO, n >> 20);
    return stop_check(e);
}

/* reader_end - what follows the bytes that were wanted is whole too: gzip's sum stands at its end.
 * libarchive takes other bytes after bzip2's end for no part of the file, and says nothing. */
static int reader_end(const struct reader *r, struct err *e)
{
    const void *bytes;
    size_t n = 1, all = 0;
    const char *why = NULL;
    int rc = OK;
    while (r->g && n && !why && !rc) {
        why = gunzip_next(r->g, &bytes, &n);
        rc = unpacked_check(r, all += n, e);
    }
    if (!r->g && archive_format(r->a) == ARCHIVE_FORMAT_RAW &&
        archive_filter_code(r->a, 0) == ARCHIVE_FILTER_BZIP2 &&
        (uint64_t)archive_filter_bytes(r->a, -1) < r->packed)
        why = "other bytes after the end of the bzip2 data";
    return why ? err_set(e, ERR_INPUT, "%s: %s", r->name, why) : rc;
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
        rc |= archive_read_support_format_raw(r->a) | archive_read_support_format_empty(r->a);
    if (rc != ARCHIVE_OK)
        rc = err_set(e, ERR_INPUT, "%s: this build of libarchive lacks gzip, bzip2, xz or zstd",
                     name);
    if (rc)
        reader_close(r);
    return rc;
}

/* reader_open - of data, which stays the caller's and has to outlive the reader; NULL: of the file
 * of that name. */
static int reader_open(struct reader *r, const struct str *data, int formats, const char *name,
                       struct err *e)
{
    struct file_map m = {NULL, 0};
    int rc = data ? OK : file_map_open(&m, name, e);
    if (rc)
        return rc;
    const struct str head = data ? *data : (struct str){(char *)(size_t)m.data, m.size, 0, false};
    const bool gzip = bytes_begin(&head, 0, GZIP_MAGIC, 2);
    const size_t n = head.len;
    file_map_close(&m);
    rc = reader_init(r, formats, name, e);
    r->packed = n;
    if (!rc && gzip)
        rc = gunzip_open(&r->g, data ? data->s : NULL, n, name, e);
    if (rc)
        goto out;
    if ((gzip   ? archive_read_open2(r->a, r, NULL, on_gunzip, NULL, NULL)
         : data ? archive_read_open_memory(r->a, data->s, n)
                : archive_read_open_filename(r->a, name, BLOCK)) != ARCHIVE_OK)
        rc = reader_fail(r, e);
out:
    if (rc)
        reader_close(r);
    return rc;
}

/* reader_skip - to the end of the entry that is open. libarchive would do so by itself, but without
 * a bound where it has to unpack for that; holes of a sparse file count for nothing. What is
 * encrypted cannot be read, and is left to it. */
static int reader_skip(struct reader *r, struct err *e)
{
    const void *bytes;
    size_t n = 0;
    la_int64_t at;
    int got = ARCHIVE_OK, rc = OK;
    const bool unpacks =
        !r->sealed && r->begun && (r->g || archive_filter_code(r->a, 0) != ARCHIVE_FILTER_NONE);
    while (unpacks && !rc && got != ARCHIVE_EOF) {
        got = archive_read_data_block(r->a, &bytes, &n, &at);
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN && got != ARCHIVE_EOF)
            return reader_fail(r, e);
        r->given += got == ARCHIVE_EOF ? 0 : n;
        rc = unpacked_check(r, r->given, e);
    }
    return rc;
}

/* reader_next - *entry NULL at the end. */
static int reader_next(struct reader *r, struct archive_entry **entry, struct err *e)
{
    int rc = reader_skip(r, e);
    if (rc)
        return rc;
    r->begun = true;
    r->passed = 0;
    rc = archive_read_next_header(r->a, entry);
    if (rc == ARCHIVE_EOF)
        *entry = NULL;
    r->sealed = (rc == ARCHIVE_OK || rc == ARCHIVE_WARN) && archive_entry_is_data_encrypted(*entry);
    /* A warning is about names or times that the system cannot hold: nothing we use */
    return rc == ARCHIVE_EOF || rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? OK : reader_fail(r, e);
}

/* reader_pull - up to n bytes of the entry that is open, *got 0 at its end. */
static int reader_pull(struct reader *r, void *buf, size_t n, size_t *got, struct err *e)
{
    const la_ssize_t k = archive_read_data(r->a, buf, n);
    *got = k > 0 ? (size_t)k : 0;
    if (k < 0)
        return reader_fail(r, e);
    r->given += *got;
    int rc = unpacked_check(r, r->given, e);
    if (!rc && r->given > r->most) {
        struct str most = STR_INIT;
        str_bytes(&most, (double)r->most);
        rc = str_check(&most, e);
        if (!rc)
            rc = err_set(e, ERR_INPUT,
                         "%s: it unpacks to more than the %s that are kept of one file: refused",
                         r->name, most.s);
        str_release(&most);
    }
    return rc;
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

/* names_list - "a", "b" and 3 more: the files of an archive, as reader_open has it. */
static int names_list(struct str *list, const struct str *data, const char *name, struct err *e)
{
    struct reader r;
    struct archive_entry *entry;
    size_t n = 0;
    int rc = reader_open(&r, data, FORMATS_MANY, name, e);
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

/* entry_find - step to the entry that is rest, or to a folder of rest's on the way that is a file,
 * hence an archive itself: *used is how much of rest it takes, 0 where there is none. */
static int entry_find(struct reader *r, const char *rest, size_t *used, struct err *e)
{
    struct archive_entry *entry;
    int rc = OK;
    *used = 0;
    while (!*used && !(rc = reader_next(r, &entry, e)) && entry) {
        const char *s = entry_name(entry);
        size_t n = strlen(s);
        if (archive_entry_filetype(entry) == AE_IFREG && strncmp(s, rest, n) == 0 &&
            (!rest[n] || rest[n] == '/'))
            *used = n;
    }
    r->given = 0;
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

/* What comes is unpacked as it is pulled; only an archive in an archive, and what is packed in one,
 * is in memory, as it is there. */
struct archive_stream {
    struct reader r;  /* r.a NULL: of an empty file */
    struct str bytes; /* that r reads, where it reads no file */
    struct str name;  /* of what r reads */
    char head[HEAD];  /* of what comes: looked at, not pulled yet */
    size_t n_head, at;
};

/* head_read - the beginning of what the reader stands at. */
static int head_read(struct archive_stream *s, struct err *e)
{
    size_t got = 1;
    int rc = OK;
    for (s->n_head = s->at = 0; !rc && got && s->n_head < HEAD; s->n_head += got)
        rc = reader_pull(&s->r, s->head + s->n_head, HEAD - s->n_head, &got, e);
    return rc;
}

static struct str head_view(struct archive_stream *s)
{
    return (struct str){s->head, s->n_head, 0, false};
}

/* rest_read - all that comes, in memory. */
static int rest_read(struct archive_stream *s, struct str *out, struct err *e)
{
    char block[BLOCK];
    size_t got = 0;
    int rc;
    str_reset(out);
    archive_bound(s, ARCHIVE_KEPT_MOST < mem_machine() ? ARCHIVE_KEPT_MOST : mem_machine());
    while (!(rc = archive_pull(s, block, sizeof block, &got, e)) && got)
        str_catn(out, block, got);
    return rc ? rc : str_check(out, e);
}

/* step - into the archive that s->bytes is (file: that has the name): the reader stands at what
 * rest begins with, *used of it. */
static int step(struct archive_stream *s, bool file, const char *rest, size_t *used, struct err *e)
{
    const struct str *data = file ? NULL : &s->bytes;
    int rc = reader_open(&s->r, data, FORMATS_MANY, s->name.s, e);
    if (!rc)
        rc = entry_find(&s->r, rest, used, e);
    if (!rc && !*used)
        rc = absent(data, s->name.s, rest, e);
    return rc ? rc : head_read(s, e);
}

/* unpack_begin - the reader stands at the one file that s->bytes (file: that of the name) packs, or
 * is. */
static int unpack_begin(struct archive_stream *s, bool file, struct err *e)
{
    const struct str *data = file ? NULL : &s->bytes;
    struct archive_entry *entry = NULL;
    struct str list = STR_INIT;
    int rc = reader_open(&s->r, data, FORMATS_RAW, s->name.s, e);
    if (!rc)
        rc = reader_next(&s->r, &entry, e);
    if (!rc && !entry)
        reader_close(&s->r);
    else if (!rc)
        rc = head_read(s, e);
    const struct str head = head_view(s);
    /* libarchive takes what is wrong in its first ten bytes for no bzip2 at all */
    if (!rc && s->r.a && bytes_begin(&head, 0, "BZh", 3) && str_ends(s->name.s, ".bz2") &&
        archive_filter_code(s->r.a, 0) == ARCHIVE_FILTER_NONE)
        rc = err_set(e, ERR_INPUT, "%s: %s", s->name.s, damaged_bzip2);
    if (!rc && bytes_archive(&head)) {
        rc = names_list(&list, data, s->name.s, e);
        if (!rc)
            rc = err_set(e, ERR_INPUT, "%s: an archive; name the file in it, %s/NAME: it holds %s",
                         s->name.s, s->name.s, list.s);
    }
    str_release(&list);
    return rc;
}

/* stream_begin - the reader stands at the file of that path. */
static int stream_begin(struct archive_stream *s, const char *path, struct err *e)
{
    struct file_map m;
    struct err ignored = ERR_INIT;
    struct str inner = STR_INIT;
    int rc = outer_file(&s->name, path, e);
    if (rc)
        return rc;
    /* Pipes and standard input are read at once; what is not there has its sentence from that */
    bool file = !file_map_open(&m, s->name.s, &ignored), found = false;
    if (file)
        file_map_close(&m);
    else
        rc = file_read(&s->bytes, s->name.s, e);
    for (const char *rest = path + s->name.len; !rc && *rest && !found;) {
        size_t used = 0;
        rest++;
        if ((rc = step(s, file, rest, &used, e)))
            break;
        const struct str head = head_view(s);
        found = !rest[used] && !bytes_compressed(&head) && !bytes_archive(&head);
        if (found)
            break;
        rc = rest_read(s, &inner, e);
        reader_close(&s->r);
        const struct str old = s->bytes;
        s->bytes = inner;
        inner = old;
        file = false;
        str_addc(&s->name, '/');
        str_catn(&s->name, rest, used);
        if (!rc)
            rc = str_check(&s->name, e);
        rest += used;
    }
    str_release(&inner);
    return rc || found ? rc : unpack_begin(s, file, e);
}

int archive_open(struct archive_stream **out, const char *path, struct err *e)
{
    struct archive_stream *s = mem_zalloc(1, sizeof *s, e);
    *out = NULL;
    if (!s)
        return e->code;
    str_init(&s->bytes);
    str_init(&s->name);
    int rc = stream_begin(s, path, e);
    if (rc) {
        archive_close(s);
        return rc;
    }
    archive_bound(s, SIZE_MAX);
    *out = s;
    return OK;
}

int archive_pull(void *stream, void *buf, size_t n, size_t *got, struct err *e)
{
    struct archive_stream *s = stream;
    if (s->at < s->n_head) {
        *got = n < s->n_head - s->at ? n : s->n_head - s->at;
        memcpy(buf, s->head + s->at, *got);
        s->at += *got;
        return OK;
    }
    *got = 0;
    int rc = s->r.a ? reader_pull(&s->r, buf, n, got, e) : OK;
    return rc || *got || !s->r.a ? rc : reader_end(&s->r, e);
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
    str_release(&s->bytes);
    str_release(&s->name);
    mem_free(s);
}

int archive_read(struct str *out, const char *path, struct err *e)
{
    struct archive_stream *s = NULL;
    str_reset(out);
    int rc = archive_open(&s, path, e);
    if (!rc)
        rc = rest_read(s, out, e);
    archive_close(s);
    return rc;
}
