/* data_archive - files in archives, compressed files, archives in archives; made here with
 * libarchive's writer. */
#include "data_test.h"
#include "core/mem.h"
#include "core/stop.h"

#include <archive.h>
#include <archive_entry.h>

enum format { TAR, ZIP, RAW };
enum filter { PLAIN, GZIP, BZIP2, XZ, ZSTD };

struct member {
    const char *name;
    const void *data;
    size_t n;
};

static char packed[1 << 19];

/* pack - members into an archive in packed; bytes it takes. */
static size_t pack(enum format format, enum filter filter, const struct member *m, size_t n)
{
    size_t used = 0;
    struct archive *a = archive_write_new();
    int rc = format == TAR   ? archive_write_set_format_pax_restricted(a)
             : format == ZIP ? archive_write_set_format_zip(a)
                             : archive_write_set_format_raw(a);
    rc |= filter == GZIP    ? archive_write_add_filter_gzip(a)
          : filter == BZIP2 ? archive_write_add_filter_bzip2(a)
          : filter == XZ    ? archive_write_add_filter_xz(a)
          : filter == ZSTD  ? archive_write_add_filter_zstd(a)
                            : ARCHIVE_OK;
    rc |= archive_write_open_memory(a, packed, sizeof packed, &used);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, m[i].name);
        archive_entry_set_filetype(entry, m[i].data ? AE_IFREG : AE_IFDIR);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)m[i].n);
        rc |= archive_write_header(a, entry);
        if (m[i].n && archive_write_data(a, m[i].data, m[i].n) != (la_ssize_t)m[i].n)
            rc = ARCHIVE_FATAL;
        archive_entry_free(entry);
    }
    rc |= archive_write_close(a);
    assert_int_equal(rc, ARCHIVE_OK);
    archive_write_free(a);
    return used;
}

static void holds(const char *name, const char *wanted)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    str_cat(&out, "old");
    if (archive_read(&out, in_scratch(name), &e))
        fail_msg("%s", e.msg);
    assert_int_equal(out.len, strlen(wanted));
    assert_string_equal(out.s, wanted);
    struct archive_stream *stream = NULL;
    size_t got = 0;
    char piece[7];
    str_reset(&out);
    if (archive_open(&stream, in_scratch(name), &e))
        fail_msg("%s", e.msg);
    do {
        assert_int_equal(archive_pull(stream, piece, sizeof piece, &got, &e), OK);
        str_catn(&out, piece, got);
    } while (got);
    archive_close(stream);
    assert_int_equal(out.len, strlen(wanted));
    assert_string_equal(out.s, wanted);
    str_release(&out);
}

static void fails(const char *name, const char *wanted)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    assert_int_equal(archive_read(&out, in_scratch(name), &e), ERR_INPUT);
    sentence_is(&e, wanted);
    str_release(&out);
}

/* no_table - the sentence comes before the one about the name's format. */
static void no_table(const char *name, const char *wanted)
{
    static const struct table_settings none;
    struct err e = ERR_INIT;
    assert_int_equal(table_read(in_scratch(name), &none, NULL, NULL, &e), ERR_INPUT);
    sentence_is(&e, wanted);
}

static void compressed(void **state)
{
    static const struct member m = {"data", "x,y\n1,2\n", 8};
    static const char *const names[] = {"a.csv", "a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zst"};
    static const struct table_settings none;
    (void)state;
    for (int filter = PLAIN; filter <= ZSTD; filter++) {
        put_bytes(names[filter], packed, pack(RAW, (enum filter)filter, &m, 1));
        holds(names[filter], "x,y\n1,2\n");
        rows_are(names[filter], &none, "2: x=1 y=2|");
    }
    put("plain.csv", "");
    holds("plain.csv", "");
}

static void members(void **state)
{
    static const struct member m[] = {{"top/", NULL, 0},
                                      {"top/a.txt", "aaa", 3},
                                      {"./top/b.txt", "b", 1},
                                      {"top/empty.txt", "", 0}};
    static const char *const names[][2] = {{"t.tar", "t.zip"},
                                           {"t.tar.gz", "z.zip"},
                                           {"t.tar.bz2", NULL},
                                           {"t.tar.xz", NULL},
                                           {"t.tar.zst", NULL}};
    char path[64];
    (void)state;
    for (int filter = PLAIN; filter <= ZSTD; filter++)
        for (int format = TAR; format <= ZIP; format++) {
            const char *name = names[filter][format];
            if (!name)
                continue;
            put_bytes(name, packed,
                      pack((enum format)format, format == ZIP ? PLAIN : (enum filter)filter, m, 4));
            snprintf(path, sizeof path, "%s/top/a.txt", name);
            holds(path, "aaa");
            snprintf(path, sizeof path, "%s/top/b.txt", name);
            holds(path, "b");
            snprintf(path, sizeof path, "%s/top/empty.txt", name);
            holds(path, "");
        }
    fails(
        "t.zip/top/c.txt",
        "t.zip: no \"top/c.txt\" in it; it holds \"top/a.txt\", \"top/b.txt\", \"top/empty.txt\"");
    fails("t.tar.gz/top",
          "t.tar.gz: no \"top\" in it; it holds \"top/a.txt\", \"top/b.txt\", \"top/empty.txt\"");
    fails("t.tar.gz/",
          "t.tar.gz: no \"\" in it; it holds \"top/a.txt\", \"top/b.txt\", \"top/empty.txt\"");
    fails("t.tar.gz", "t.tar.gz: an archive; name the file in it, t.tar.gz/NAME: it holds "
                      "\"top/a.txt\", \"top/b.txt\", \"top/empty.txt\"");
    fails("t.zip", "t.zip: an archive; name the file in it, t.zip/NAME: it holds \"top/a.txt\", "
                   "\"top/b.txt\", \"top/empty.txt\"");
}

/* Where an archive is, and no file in it is named, it says what it holds. */
static void unnamed(void **state)
{
    struct member m = {"a.csv", "x\n1\n", 4};
    (void)state;
    size_t n = pack(TAR, GZIP, &m, 1);
    static char inner[1 << 14];
    memcpy(inner, packed, n);
    put_bytes("only.tar.gz", packed, n);
    put_bytes("only.csv", packed, n);
    m = (struct member){"in.csv.gz", inner, n};
    put_bytes("outer.tar", packed, pack(TAR, PLAIN, &m, 1));
    no_table("only.tar.gz", "only.tar.gz: an archive; name the file in it, only.tar.gz/NAME: it "
                            "holds \"a.csv\"");
    no_table("only.csv", "only.csv: an archive; name the file in it, only.csv/NAME: it holds "
                         "\"a.csv\"");
    no_table("outer.tar/in.csv.gz", "outer.tar/in.csv.gz: an archive; name the file in it, "
                                    "outer.tar/in.csv.gz/NAME: it holds \"a.csv\"");
    holds("outer.tar/in.csv.gz/a.csv", "x\n1\n");
    m = (struct member){"rows.csv", "x\n1\n", 4};
    n = pack(RAW, GZIP, &m, 1);
    memcpy(inner, packed, n);
    m = (struct member){"rows.csv.gz", inner, n};
    put_bytes("gz.zip", packed, pack(ZIP, PLAIN, &m, 1));
    holds("gz.zip/rows.csv.gz", "x\n1\n");
}

static void many_listed(void **state)
{
    static char names[15][16];
    struct member m[15];
    (void)state;
    for (int i = 0; i < 15; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        m[i] = (struct member){names[i], "x", 1};
    }
    put_bytes("many.tar", packed, pack(TAR, PLAIN, m, 15));
    fails("many.tar/x", "many.tar: no \"x\" in it; it holds \"0\", \"1\", \"2\", \"3\", \"4\", "
                        "\"5\", \"6\", \"7\", \"8\", \"9\", \"10\", "
                        "\"11\" and 3 more");
    put_bytes("none.tar", packed, pack(TAR, PLAIN, NULL, 0));
    fails("none.tar/x", "none.tar: no \"x\" in it; it holds no file");
}

/* An archive in an archive in an archive, a compressed file at the end. */
static void nested(void **state)
{
    static char inner[4][1 << 14];
    (void)state;
    struct member m = {"rows.jsonl", "{\"x\": 1}\n", 9};
    size_t n = pack(RAW, XZ, &m, 1);
    memcpy(inner[0], packed, n);
    m = (struct member){"in/rows.jsonl.xz", inner[0], n};
    n = pack(ZIP, PLAIN, &m, 1);
    memcpy(inner[1], packed, n);
    struct member two[] = {{"deep/b.zip", inner[1], n}, {"deep/b", "not it", 6}};
    n = pack(TAR, GZIP, two, 2);
    memcpy(inner[2], packed, n);
    m = (struct member){"mid.tar.gz", inner[2], n};
    put_bytes("outer.zip", packed, pack(ZIP, PLAIN, &m, 1));
    holds("outer.zip/mid.tar.gz/deep/b.zip/in/rows.jsonl.xz", "{\"x\": 1}\n");
    holds("outer.zip/mid.tar.gz/deep/b", "not it");
    static const struct table_settings none;
    rows_are("outer.zip/mid.tar.gz/deep/b.zip/in/rows.jsonl.xz", &none, "1: x=1|");
    fails(
        "outer.zip/mid.tar.gz/deep/b.zip/rows.jsonl",
        "outer.zip/mid.tar.gz/deep/b.zip: no \"rows.jsonl\" in it; it holds \"in/rows.jsonl.xz\"");
    fails("outer.zip/mid.tar.gz/deep/b.zip",
          "outer.zip/mid.tar.gz/deep/b.zip: an archive; name the file in it, "
          "outer.zip/mid.tar.gz/deep/b.zip/NAME: it holds \"in/rows.jsonl.xz\"");
}

static int drain(struct archive_stream *s, size_t *all, struct err *e)
{
    static char piece[1 << 16];
    size_t got = 0;
    int rc;
    *all = 0;
    while (!(rc = archive_pull(s, piece, sizeof piece, &got, e)) && got)
        *all += got;
    return rc;
}

static void broken(void **state)
{
    static char noise[4000], unpacked[4001];
    struct member m = {"a.txt", noise, sizeof noise};
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)('a' + (i * i * 7919 + i / 3) % 26);
    memcpy(unpacked, noise, sizeof noise);
    put_bytes("cut.gz", packed, pack(RAW, GZIP, &m, 1) / 2);
    assert_int_equal(archive_read(&out, in_scratch("cut.gz"), &e), ERR_INPUT);
    sentence_is(&e, "cut.gz: truncated gzip input");
    /* gzip's sum and length stand at its end; of a tar too, whose file comes before it */
    size_t n = pack(RAW, GZIP, &m, 1);
    static const char *const wrong[] = {"incorrect length check", "incorrect data check"};
    for (size_t k = 0; k < 2; k++) {
        packed[n - 4 - 4 * k] = (char)(packed[n - 4 - 4 * k] ^ 1);
        put_bytes("sum.gz", packed, n);
        packed[n - 4 - 4 * k] = (char)(packed[n - 4 - 4 * k] ^ 1);
        assert_int_equal(archive_read(&out, in_scratch("sum.gz"), &e), ERR_INPUT);
        assert_non_null(strstr(e.msg, "sum.gz: "));
        assert_non_null(strstr(e.msg, wrong[k]));
        struct archive_stream *s = NULL;
        size_t all = 0;
        int rc = archive_open(&s, in_scratch("sum.gz"), &e);
        if (!rc)
            rc = drain(s, &all, &e);
        assert_int_equal(rc, ERR_INPUT);
        assert_non_null(strstr(e.msg, wrong[k]));
        archive_close(s);
    }
    n = pack(RAW, XZ, &m, 1);
    put_bytes("cut.xz", packed, n / 2);
    assert_int_equal(archive_read(&out, in_scratch("cut.xz"), &e), ERR_INPUT);
    sentence_is(&e, "cut.xz: truncated xz input, or other bytes after its end");
    n = pack(RAW, BZIP2, &m, 1);
    memcpy(packed + n, packed, n);
    put_bytes("two.bz2", packed, 2 * n);
    assert_int_equal(archive_read(&out, in_scratch("two.bz2"), &e), OK);
    assert_int_equal(out.len, 2 * sizeof noise);
    memcpy(packed + n, "garbage", 7);
    put_bytes("garbage.bz2", packed, n + 7);
    assert_int_equal(archive_read(&out, in_scratch("garbage.bz2"), &e), ERR_INPUT);
    sentence_is(&e, "garbage.bz2: other bytes after the end of the bzip2 data");
    /* a bit is other, of its first bytes or of later ones */
    static const size_t wrong_at[] = {4, 9, 60};
    for (size_t k = 0; k < 3; k++) {
        packed[wrong_at[k]] = (char)(packed[wrong_at[k]] ^ 1);
        put_bytes("flip.bz2", packed, n);
        packed[wrong_at[k]] = (char)(packed[wrong_at[k]] ^ 1);
        assert_int_equal(archive_read(&out, in_scratch("flip.bz2"), &e), ERR_INPUT);
        sentence_is(&e, "flip.bz2: damaged bzip2 data");
    }
    put("plain.bz2", "BZ,h\n");
    holds("plain.bz2", "BZ,h\n");
    /* whatever byte is wrong, what is said of it is one line */
    n = pack(ZIP, PLAIN, &m, 1);
    size_t refused = 0;
    for (size_t k = 40; k < n; k += 5) {
        packed[k] = (char)(packed[k] ^ 1);
        put_bytes("flip.zip", packed, n);
        packed[k] = (char)(packed[k] ^ 1);
        if (archive_read(&out, in_scratch("flip.zip/a.txt"), &e)) {
            refused++;
            assert_null(strchr(e.msg, '\n'));
        }
    }
    assert_true(refused > 0);
    n = pack(RAW, GZIP, &m, 1);
    /* members one after the other are one file, zeros after them nothing, other bytes an error */
    char *end = packed + n;
    memcpy(end, packed, n);
    memset(end + n, 0, 512);
    put_bytes("two.gz", packed, 2 * n + 512);
    assert_int_equal(archive_read(&out, in_scratch("two.gz"), &e), OK);
    assert_int_equal(out.len, 2 * sizeof noise);
    end[n + 511] = 'x';
    put_bytes("junk.gz", packed, 2 * n + 512);
    assert_int_equal(archive_read(&out, in_scratch("junk.gz"), &e), ERR_INPUT);
    sentence_is(&e, "junk.gz: other bytes after the end of the gzip data");
    memset(end, 0, 512);
    memcpy(end + 512, packed, n);
    put_bytes("apart.gz", packed, 2 * n + 512);
    assert_int_equal(archive_read(&out, in_scratch("apart.gz"), &e), ERR_INPUT);
    sentence_is(&e, "apart.gz: other bytes after the end of the gzip data");
    n = pack(TAR, GZIP, &m, 1);
    packed[n - 8] = (char)(packed[n - 8] ^ 1);
    put_bytes("sum.tar.gz", packed, n);
    assert_int_equal(archive_read(&out, in_scratch("sum.tar.gz/a.txt"), &e), ERR_INPUT);
    sentence_is(&e, "sum.tar.gz: incorrect data check");
    n = pack(ZIP, PLAIN, &m, 1);
    put_bytes("good.zip", packed, n);
    holds("good.zip/a.txt", unpacked);
    packed[n / 2] = (char)(packed[n / 2] ^ 0x40);
    put_bytes("bad.zip", packed, n);
    assert_int_equal(archive_read(&out, in_scratch("bad.zip/a.txt"), &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "bad.zip: "));
    put("text.txt", "just words\n");
    assert_int_equal(archive_read(&out, in_scratch("text.txt/a.txt"), &e), ERR_INPUT);
    sentence_is(&e, "text.txt: Unrecognized archive format");
    assert_int_equal(archive_read(&out, in_scratch("gone.zip/a.txt"), &e), ERR_IO);
    sentence_is(&e, "gone.zip/a.txt: No such file or directory");
    str_release(&out);
}

/* put_zeros - so many MiB, of each of which `noise` bytes cannot be packed, as gzip; the size. */
static size_t put_zeros(const char *name, size_t mib, size_t noise)
{
    static char block[1 << 20];
    size_t used = 0, cap = (size_t)4 << 20;
    unsigned long long x = 88172645463325252ULL; /* xorshift, Marsaglia 2003 */
    char *big = malloc(cap);
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_non_null(big);
    archive_write_set_format_raw(a);
    archive_write_add_filter_gzip(a);
    assert_int_equal(archive_write_open_memory(a, big, cap, &used), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    for (size_t i = 0; i < mib; i++) {
        for (size_t k = 0; k < noise; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            block[k] = (char)(x >> 32);
        }
        assert_int_equal(archive_write_data(a, block, sizeof block), sizeof block);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
    put_bytes(name, big, used);
    free(big);
    memset(block, 0, noise);
    return used;
}

/* What is unpacked has bounds: of what it may be by its size, piece by piece or at once, and in
 * all.
 */
static void bounds(void **state)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    struct archive_stream *s = NULL;
    size_t all = 0;
    (void)state;
    /* a little above 200 times its size, which is met before the end */
    const size_t above = put_zeros("bomb.gz", 300, 3330);
    assert_in_range(((size_t)300 << 20) / above, 201, 230);
    assert_int_equal(archive_open(&s, in_scratch("bomb.gz"), &e), OK);
    assert_int_equal(drain(s, &all, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "bomb.gz: it unpacks to more than 200 times its size, 27"));
    assert_in_range(all, 200 * above - (1 << 20), 201 * above);
    archive_close(s);
    assert_int_equal(archive_read(&out, in_scratch("bomb.gz"), &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "bomb.gz: it unpacks to more than 200 times its size, 27"));
    str_release(&out);
    assert_int_equal(archive_open(&s, in_scratch("bomb.gz"), &e), OK);
    archive_bound(s, (size_t)3 << 20);
    assert_int_equal(drain(s, &all, &e), ERR_INPUT);
    sentence_is(&e,
                "bomb.gz: it unpacks to more than the 3.0 MiB that are kept of one file: refused");
    assert_true(all <= ((size_t)3 << 20));
    archive_close(s);
    /* as much above as can be, of no more than 256 MiB */
    assert_true(put_zeros("small.gz", 8, 0) < ((size_t)8 << 20) / 500);
    assert_int_equal(archive_read(&out, in_scratch("small.gz"), &e), OK);
    assert_int_equal(out.len, (size_t)8 << 20);
    str_release(&out);
    /* and a little below 200 times, of more than 256 MiB */
    const size_t below = put_zeros("large.gz", 300, 4000);
    assert_in_range(((size_t)300 << 20) / below, 170, 199);
    assert_int_equal(archive_open(&s, in_scratch("large.gz"), &e), OK);
    assert_int_equal(drain(s, &all, &e), OK);
    assert_int_equal(all, (size_t)300 << 20);
    archive_close(s);
}

/* What is only passed over has the same bounds: on the way to a file, and behind it. */
static void bounds_of_the_rest(void **state)
{
    const size_t n = (size_t)300 << 20;
    char *zeros = calloc(n, 1);
    const struct member m[] = {{"a.txt", "a", 1}, {"zeros", zeros, n}, {"b.txt", "b", 1}};
    static const char *const paths[] = {"rest.tar.gz/a.txt", "rest.tar.gz/b.txt",
                                        "rest.tar.gz/gone", "rest.tar.zst/b.txt"};
    struct err e = ERR_INIT;
    struct archive_stream *s = NULL;
    size_t all = 0;
    (void)state;
    assert_non_null(zeros);
    put_bytes("rest.tar.gz", packed, pack(TAR, GZIP, m, 3));
    put_bytes("rest.tar.zst", packed, pack(TAR, ZSTD, m, 3));
    for (size_t i = 0; i < 4; i++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted,
                 "rest.tar.%s: it unpacks to more than 200 times its size, 256 MiB so far: refused",
                 i < 3 ? "gz" : "zst");
        fails(paths[i], wanted);
    }
    /* what was passed over is no part of what is kept of the file */
    const struct member few[] = {{"zeros", zeros, 4 << 20}, {"b.txt", "b", 1}};
    put_bytes("few.tar.gz", packed, pack(TAR, GZIP, few, 2));
    free(zeros);
    assert_int_equal(archive_open(&s, in_scratch("few.tar.gz/b.txt"), &e), OK);
    archive_bound(s, 1 << 20);
    assert_int_equal(drain(s, &all, &e), OK);
    assert_int_equal(all, 1);
    archive_close(s);
}

static char *little(char *to, size_t n, size_t bytes)
{
    for (; bytes--; n >>= 8)
        *to++ = (char)(n & 255);
    return to;
}

/* zip_entry - of ZIP's local headers one with what follows it, as it is; encrypted: so it says. */
static char *zip_entry(char *to, const char *name, const void *bytes, size_t n, bool encrypted,
                       size_t crc)
{
    memcpy(to, "PK\3\4\12\0", 6);
    to = little(to + 6, encrypted, 2);
    to = little(to, 0, 6); /* stored; no time */
    to = little(to, crc, 4);
    to = little(to, n, 4);
    to = little(to, n, 4);
    to = little(to, strlen(name), 2);
    to = little(to, 0, 2);
    memcpy(to, name, strlen(name));
    to += strlen(name);
    if (bytes)
        memcpy(to, bytes, n);
    return to + n;
}

/* What is encrypted is passed over as anything else, whatever the archive is packed in, and with
 * the same bounds; it cannot be read. */
static void encrypted(void **state)
{
    enum { MANY = 300 << 20 };
    char small[256], *big = calloc(MANY + 256, 1), *end;
    (void)state;
    assert_non_null(big);
    end = zip_entry(small, "s.txt", "not to be read here", 19, true, 1);
    end = zip_entry(end, "a.txt", "a", 1, false, 0xe8b7be43);
    end = zip_entry(end, "z", "", 0, false, 0);
    memcpy(end, "PK\5\6", 4);
    memset(end + 4, 0, 18);
    const struct member m = {"data", small, (size_t)(end + 22 - small)};
    static const struct {
        const char *name, *file, *sealed, *why;
        enum filter filter;
    } rows[] = {
        {"e.zip.gz", "e.zip.gz/a.txt", "e.zip.gz/s.txt",
         "e.zip.gz: Passphrase required for this entry", GZIP},
        {"e.zip.bz2", "e.zip.bz2/a.txt", "e.zip.bz2/s.txt",
         "e.zip.bz2: Passphrase required for this entry", BZIP2},
    };
    for (size_t i = 0; i < 2; i++) {
        put_bytes(rows[i].name, packed, pack(RAW, rows[i].filter, &m, 1));
        holds(rows[i].file, "a");
        fails(rows[i].sealed, rows[i].why);
    }
    end = zip_entry(big, "s.txt", NULL, MANY, true, 1);
    end = zip_entry(end, "a.txt", "a", 1, false, 0xe8b7be43);
    const struct member bomb = {"data", big, (size_t)(end - big)};
    put_bytes("b.zip.gz", packed, pack(RAW, GZIP, &bomb, 1));
    free(big);
    fails("b.zip.gz/a.txt", "b.zip.gz: it unpacks to more than 200 times its size: refused");
}

/* The manual says how much of a file is kept at most. */
static void kept_most(void **state)
{
    struct err e = ERR_INIT;
    struct str page = STR_INIT, most = STR_INIT, path = STR_INIT;
    const char *source = getenv("W2S_SOURCE");
    (void)state;
    str_path(&path, source ? source : ".", "docs/own-data.md");
    str_addf(&most, "have to be kept whole and has more than %zu GiB.", ARCHIVE_KEPT_MOST >> 30);
    assert_int_equal(file_read(&page, path.s, &e), OK);
    assert_non_null(strstr(page.s, most.s));
    assert_int_equal(ARCHIVE_KEPT_MOST % ((size_t)1 << 30), 0);
    str_release(&path);
    str_release(&most);
    str_release(&page);
}

/* The last: a stop that was asked for stays. */
static void stopped(void **state)
{
    static const struct member m[] = {{"a.txt", "a,b\n1,2\n", 8}, {"b.txt", "b", 1}};
    static const struct table_settings none;
    static const char *const paths[] = {"stop.tar.gz/a.txt", "stop.tar.gz/b.txt", "stop.csv"};
    struct str out = STR_INIT;
    (void)state;
    put_bytes("stop.tar.gz", packed, pack(TAR, GZIP, m, 2));
    put("stop.csv", "a,b\n1,2\n");
    stop_ask();
    for (size_t i = 0; i < 3; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(archive_read(&out, in_scratch(paths[i]), &e), ERR_INTERRUPTED);
    }
    struct err e = ERR_INIT;
    assert_int_equal(table_read(in_scratch("stop.csv"), &none, row_line, &out, &e),
                     ERR_INTERRUPTED);
    str_release(&out);
}

struct seen {
    int rows, line;
};

static int row_seen(void *ctx, const struct doc *row, struct err *e)
{
    struct seen *seen = ctx;
    const struct doc *i = doc_get(row, "i");
    (void)e;
    assert_true(row->line > seen->line);
    assert_int_equal(i->type == DOC_INT ? i->i : strtol(i->s, NULL, 10), seen->rows);
    seen->line = row->line;
    seen->rows++;
    return OK;
}

/* put_member - the file, as in/<its name> of a new archive. */
static void put_member(const char *name, enum format format, const char *file)
{
    struct str data = STR_INIT, inner = STR_INIT;
    struct err e = ERR_INIT;
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(file_read(&data, in_scratch(file), &e), OK);
    str_addf(&inner, "in/%s", file);
    if (format == ZIP) {
        archive_write_set_format_zip(a);
    } else {
        archive_write_set_format_pax_restricted(a);
        archive_write_add_filter_gzip(a);
    }
    assert_int_equal(archive_write_open_filename(a, in_scratch(name)), ARCHIVE_OK);
    archive_entry_set_pathname(entry, inner.s);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)data.len);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, data.s, data.len), data.len);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
    str_release(&data);
    str_release(&inner);
}

/* read_in_little - rows of a file that is much larger than what is in memory of it. */
static void read_in_little(const char *name, int rows)
{
    enum { SLACK = 8 << 20 };
    static const struct table_settings none;
    struct err e = ERR_INIT;
    struct seen seen = {0, 0};
    const bool measured = mem_peak_reset();
    const size_t before = mem_peak();
    if (table_read(in_scratch(name), &none, row_seen, &seen, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(seen.rows, rows);
#ifndef W2S_SANITIZED /* which keeps what is freed */
    if (measured && mem_peak() >= before + SLACK)
        fail_msg("%s: %zu MiB more", name, (mem_peak() - before) >> 20);
#else
    (void)measured, (void)before;
#endif
}

/* Tables of more than is in memory at a time: every row, and the line of one that is wrong. */
static void streamed(void **state)
{
    enum { ROWS = 100000, WIDE = 300 };
    static const struct {
        const char *name, *head, *row[3], *between, *end, *more, *wanted;
    } files[] = {
        {"long.jsonl",
         "\xef\xbb\xbf",
         {"{\"i\": ", ", \"t\": \"", "\"}"},
         "\r\n",
         "",
         "\n{\"i\": 100000}\n{\"i\": \"\xe9\"}\n",
         "long.jsonl:100002: the byte 0xe9 is not UTF-8; wanted UTF-8, or "
         "\"encoding: latin-1\" in the task"},
        {"long.csv",
         "i,t\n",
         {"", ",\"", "\n \"\"and\"\" more\""},
         "\r\n",
         "",
         "\r\n100000,\"here\n",
         "long.csv:200002: a quote is opened here and never closed"},
        {"long.tsv",
         "i\tt\n",
         {"", "\t\"", ""},
         "\n",
         "",
         "\n100000\n",
         "long.tsv:100002: 1 fields, the header has 2"},
        {"long.json",
         "[\n",
         {"{\"i\": ", ", \"t\":\n\"", "\"}"},
         ",\n",
         "\n]\n",
         "{}",
         "long.json:200003: not JSON: found {, wanted the end of the file"},
    };
    static const struct table_settings none;
    static char text[WIDE + 1];
    (void)state;
    memset(text, 'x', WIDE);
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        struct err e = ERR_INIT;
        struct seen seen = {0, 0};
        char inner[2][64];
        FILE *f = fopen(in_scratch(files[k].name), "w");
        assert_non_null(f);
        fputs(files[k].head, f);
        for (int i = 0; i < ROWS; i++)
            fprintf(f, "%s%s%d%s%.*s%s", i ? files[k].between : "", files[k].row[0], i,
                    files[k].row[1], i % WIDE, text, files[k].row[2]);
        fputs(files[k].end, f);
        fclose(f);
        read_in_little(files[k].name, ROWS); /* the file has 17 MiB */
        put_member("long.zip", ZIP, files[k].name);
        put_member("long.tar.gz", TAR, files[k].name);
        snprintf(inner[0], sizeof inner[0], "long.zip/in/%s", files[k].name);
        snprintf(inner[1], sizeof inner[1], "long.tar.gz/in/%s", files[k].name);
        read_in_little(inner[0], ROWS);
        read_in_little(inner[1], ROWS);
        f = fopen(in_scratch(files[k].name), "a");
        fputs(files[k].more, f);
        fclose(f);
        assert_int_equal(table_read(in_scratch(files[k].name), &none, row_seen, &seen, &e),
                         ERR_INPUT);
        sentence_is(&e, files[k].wanted);
    }
}

/* A folder whose name looks like an archive's is a folder. */
static void folders(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(file_mkdirs(in_scratch("dir.zip/sub"), &e), OK);
    put("dir.zip/sub/a.txt", "in a folder");
    holds("dir.zip/sub/a.txt", "in a folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressed),  cmocka_unit_test(members),
        cmocka_unit_test(many_listed), cmocka_unit_test(unnamed),
        cmocka_unit_test(nested),      cmocka_unit_test(broken),
        cmocka_unit_test(folders),     cmocka_unit_test(bounds),
        cmocka_unit_test(streamed),    cmocka_unit_test(bounds_of_the_rest),
        cmocka_unit_test(encrypted),   cmocka_unit_test(kept_most),
        cmocka_unit_test(stopped),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
