/* The hub source against a small hub (store_hub_server.py): layout, resuming, sums, tokens,
 * sentences. */
#include "store_test.h"
#include "store/asset.h"
#include "store/hub_ask.h"

#include "core/stop.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define COMMIT "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff"
#define OTHER  "ff0ceeff0ceeff0ceeff0ceeff0ceeff0ceeff0c"
#define BIG    3200000

static const struct asset_options online = {NULL, NULL}, offline = {"--offline was given", NULL};
static unsigned port_hub;
static pid_t server;
static int server_stdin = -1;

static void env_fresh(const char *home)
{
    static const char *const none[] = {"HF_HUB_CACHE",  "HF_TOKEN",       "HUGGING_FACE_HUB_TOKEN",
                                       "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "http_proxy",
                                       "HTTP_PROXY",    "all_proxy",      "ALL_PROXY"};
    char endpoint[64];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        unsetenv(none[i]);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/", port_hub);
    setenv("HF_ENDPOINT", endpoint, 1);
    setenv("W2S_HUB_WAIT", "0", 1);
    setenv("HF_HOME", in_scratch(home), 1);
    setenv("HOME", in_scratch("home"), 1);
    setenv("XDG_CACHE_HOME", in_scratch("cache"), 1);
    setenv("XDG_CONFIG_HOME", in_scratch("config"), 1);
}

static struct assets *assets_of(const char *yaml)
{
    struct err e = ERR_INIT;
    struct assets *a;
    folder(in_scratch("share"));
    spill(in_scratch("share/assets.yaml"), yaml);
    assert_ok(assets_open(&a, in_scratch("share"), &e), &e);
    return a;
}

/* requests - what the servers were asked since the last time. */
static void requests(struct str *out)
{
    struct err e = ERR_INIT;
    str_reset(out);
    if (file_exists(in_scratch("requests")))
        assert_ok(file_read(out, in_scratch("requests"), &e), &e);
    assert_ok(file_remove_tree(in_scratch("requests"), &e), &e);
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

static void get(const char *name, struct str *path)
{
    struct err e = ERR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    assert_ok(asset_path(a, name, &online, path, &e), &e);
    assets_close(a);
}

static void says(const char *name, int code, const char *sentence)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, name, &online, &path, &e), code);
    assert_says(&e, sentence);
    assert_string_equal(path.s, "");
    assets_close(a);
    str_release(&path);
}

/* big_sum - of the server's large file, made here once. */
static const char *big_sum(void)
{
    static char want[HASH_HEX];
    struct err e = ERR_INIT;
    char sum[HASH_HEX], digits[16];
    struct str all = STR_INIT;
    if (*want)
        return want;
    for (int i = 0; i < BIG / 32; i++) {
        unsigned char raw[32];
        snprintf(digits, sizeof digits, "%d", i);
        hash_of(sum, digits);
        for (int k = 0; k < 32; k++) {
            char two[3] = {sum[2 * k], sum[2 * k + 1], '\0'};
            raw[k] = (unsigned char)strtoul(two, NULL, 16);
        }
        str_catn(&all, raw, sizeof raw);
    }
    assert_ok(hash_bytes(all.s, all.len, want, &e), &e);
    str_release(&all);
    return want;
}

static void big_whole(const char *path)
{
    struct err e = ERR_INIT;
    char sum[HASH_HEX];
    assert_ok(hash_file(path, sum, &e), &e);
    assert_string_equal(sum, big_sum());
}

static void layout(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT, text = STR_INIT;
    char link[512], repo[512], file[600];
    env_fresh("layout");
    requests(&asked);
    get("hub:tiny/model", &path);
    snprintf(repo, sizeof repo, "%s/hub/models--tiny--model", in_scratch("layout"));
    snprintf(file, sizeof file, "%s/snapshots/" COMMIT, repo);
    assert_string_equal(path.s, file);
    snprintf(file, sizeof file, "%s/refs/main", repo);
    assert_ok(file_read(&text, file, &e), &e);
    assert_string_equal(text.s, COMMIT);

    /* snapshots/<commit>/<file> are links to blobs/<etag>; the etag of a large file is its SHA-256
     */
    snprintf(file, sizeof file, "%s/snapshots/" COMMIT "/model.safetensors", repo);
    big_whole(file);
    ssize_t n = readlink(file, link, sizeof link - 1);
    assert_true(n > 0);
    link[n] = '\0';
    char sum[HASH_HEX], want[128];
    assert_ok(hash_file(file, sum, &e), &e);
    snprintf(want, sizeof want, "../../blobs/%s", sum);
    assert_string_equal(link, want);
    snprintf(file, sizeof file, "%s/snapshots/" COMMIT "/config.json", repo);
    n = readlink(file, link, sizeof link - 1);
    assert_int_equal(n, 12 + 40); /* SHA-1, as git names it */
    snprintf(file, sizeof file, "%s/snapshots/" COMMIT "/tokenizer_config.json", repo);
    size_t size = 1;
    assert_ok(file_size(file, &size, &e), &e);
    assert_int_equal(size, 0);

    /* what a model does not need is not fetched */
    static const char *const unwanted[] = {"README.md", "pytorch_model.bin", "sub"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/snapshots/" COMMIT "/%s", repo, unwanted[i]);
        assert_false(file_exists(file));
    }
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 1);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/model/revision/main "), 1);

    /* There, it needs no network: not by this name, nor by its commit, nor offline. */
    struct assets *a = assets_of("assets: {}\n");
    assert_ok(asset_path(a, "hub:tiny/model", &online, &path, &e), &e);
    assert_ok(asset_path(a, "hub:tiny/model@" COMMIT, &offline, &path, &e), &e);
    assert_true(asset_ready(a, "hub:tiny/model"));
    assert_false(asset_ready(a, "hub:tiny/model@v2"));
    requests(&asked);
    assert_string_equal(asked.s, "");

    /* Another revision of the same commit: its blobs are there. */
    assert_ok(asset_path(a, "hub:tiny/model@refs/pr/1", &online, &path, &e), &e);
    snprintf(file, sizeof file, "%s/refs/refs/pr/1", repo);
    assert_true(file_exists(file));
    requests(&asked);
    assert_int_equal(count(asked.s, "\n"), 1);

    /* The shared cache may lie elsewhere. */
    setenv("HF_HUB_CACHE", in_scratch("elsewhere"), 1);
    assert_ok(asset_path(a, "hub:tiny/shards", &online, &path, &e), &e);
    assert_true(str_starts(path.s, in_scratch("elsewhere/models--tiny--shards/snapshots/")));
    snprintf(file, sizeof file, "%s/model-00002-of-00002.safetensors", path.s);
    assert_true(file_exists(file));
    /* One shard gone: not a whole model any more, and made whole again. */
    assert_int_equal(unlink(file), 0);
    assert_false(asset_ready(a, "hub:tiny/shards"));
    assert_ok(asset_path(a, "hub:tiny/shards", &online, &path, &e), &e);
    assert_true(file_exists(file));
    assets_close(a);
    str_release(&path);
    str_release(&asked);
    str_release(&text);
}

static void resumed(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT;
    char file[600];
    env_fresh("resumed");
    requests(&asked);

    /* Cut twice; each time it goes on where it was. */
    get("hub:tiny/cut", &path);
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 3);
    assert_holds(asked.s, "range=bytes=1500000-\n");
    assert_holds(asked.s, "range=bytes=2100000-\n");

    /* A server that does not go on: from the beginning. */
    get("hub:tiny/norange", &path);
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);

    /* Stopped by the server's illness in the middle; the next call takes it up. */
    says("hub:tiny/stop", ERR_NETWORK,
         "hub:tiny/stop: the server that model.safetensors lies on answers that it is too busy "
         "(503); try again later");
    requests(&asked);
    spill(in_scratch("go"), "");
    get("hub:tiny/stop", &path);
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 1);
    assert_holds(asked.s, "range=bytes=2000000-\n");

    /* A connection that gives nothing at all is given up. */
    struct assets *a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/dead", &online, &path, &e), ERR_NETWORK);
    assert_holds(e.msg, "hub:tiny/dead: model.safetensors: lost the connection to 127.0.0.1:");
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 5);
    assets_close(a);
    str_release(&path);
    str_release(&asked);
}

/* torn - a listing that breaks off is asked for again, as a file is; not for ever. */
static void torn(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT;
    env_fresh("torn");
    requests(&asked);
    get("hub:tiny/torn", &path);
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/torn/"), 3);
    struct assets *a = assets_of("assets: {}\n");
    str_reset(&path);
    assert_int_equal(asset_path(a, "hub:tiny/tattered", &online, &path, &e), ERR_NETWORK);
    assert_holds(e.msg, "hub:tiny/tattered: its list of files: lost the connection to 127.0.0.1:");
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/tattered/"), 5);
    assets_close(a);
    str_release(&path);
    str_release(&asked);
}

/* untold - where the server does not say for how long, it is waited for five times. */
static void untold(void **state)
{
    (void)state;
    struct hub h;
    struct hub_place place = {.repo = "tiny/often", .revision = "main", .type = HUB_MODEL};
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    struct str asked = STR_INIT;
    env_fresh("untold");
    setenv("W2S_HUB_WAIT", "60", 1);
    requests(&asked);
    assert_ok(hub_init(&h, &place, &online, &e), &e);
    assert_true(h.wait_first == 1);
    h.wait_first = 0.01;
    assert_int_equal(hub_listing(&h, &t, &e), ERR_NETWORK);
    assert_says(&e, "hub:tiny/often: the hub answers that it was asked too often (429), still "
                    "after 0 s of waiting; try again later, or set HF_TOKEN");
    requests(&asked);
    assert_int_equal(count(asked.s, "\n"), 6);
    hub_release(&h);
    doc_tree_release(&t);
    str_release(&asked);
}

/* away - a server that is gone for a moment is asked again, whatever it was asked for. */
static void away(void **state)
{
    (void)state;
    struct str path = STR_INIT, asked = STR_INIT;
    char file[600];
    env_fresh("away");
    requests(&asked);
    setenv("W2S_HUB_WAIT", "30", 1);
    get("hub:tiny/away", &path);
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/away/"), 2);
    assert_int_equal(count(asked.s, "hub HEAD /tiny/away/resolve/" COMMIT "/tokenizer.json "), 2);
    assert_int_equal(count(asked.s, "cdn "), 3);
    assert_int_equal(count(asked.s, "signed=1 token= range=bytes=1500000-\n"), 2);

    /* not for longer than is allowed, a little longer each time */
    setenv("W2S_HUB_WAIT", "3.5", 1);
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    struct err e = ERR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "cannot reach 127.0.0.1:1: "));
    assert_true(str_ends(e.msg, ", still after 3 s of waiting"));
    assets_close(a);
    str_release(&path);
    str_release(&asked);
}

/* wrong_bytes - more than was announced, or from elsewhere in the file. */
static void wrong_bytes(void **state)
{
    (void)state;
    env_fresh("wrong_bytes");
    says("hub:tiny/more", ERR_NETWORK,
         "hub:tiny/more: model.safetensors: the server sends more than the 3199900 bytes that it "
         "announced");
    says("hub:tiny/offset", ERR_NETWORK,
         "hub:tiny/offset: model.safetensors: the server went on at byte 1500001, asked for "
         "1500000");
}

/* cached - models of the cache, of owners or not. */
static void cached(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char **names;
    size_t n;
    env_fresh("cached");
    setenv("HF_HUB_CACHE", in_scratch("hubs"), 1);
    folder(in_scratch("hubs"));
    folder(in_scratch("hubs/models--"));
    folder(in_scratch("hubs/models--gpt2"));
    folder(in_scratch("hubs/models--a--b--c"));
    folder(in_scratch("hubs/datasets--d"));
    assert_ok(hub_cached(&names, &n, &e), &e);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "hub:a/b--c");
    assert_string_equal(names[1], "hub:gpt2");
    mem_free(names);
}

/* row_wrong - a row's sum that is not the file's, where the file is what its ETag says: the row is
 * refused, the shared cache keeps the file. */
static void row_wrong(void **state)
{
    (void)state;
    static const char row[] =
        "assets:\n  x:\n    kind: model\n    sources:\n      - hub: tiny/gguf\n"
        "        files:\n          - {name: q4.gguf%s}\n";
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    char yaml[512];
    env_fresh("row_wrong");
    snprintf(yaml, sizeof yaml, row, "");
    struct assets *a = assets_of(yaml);
    assert_ok(asset_path(a, "x", &online, &path, &e), &e);
    assets_close(a);
    snprintf(yaml, sizeof yaml, row,
             ", sha256: 0000000000000000000000000000000000000000000000000000000000000000");
    a = assets_of(yaml);
    assert_int_equal(asset_verify(a, "x", &offline, &e), ERR_INPUT);
    assert_holds(e.msg, "assets.yaml:7: \"sha256\" of q4.gguf is 00000000");
    assert_holds(e.msg, ", but the file that the hub gave is whole and has ");
    assert_true(file_exists(path.s));

    /* damaged, it is neither's */
    spill(path.s, "less");
    assert_int_equal(asset_verify(a, "x", &offline, &e), ERR_INPUT);
    assert_true(file_exists(path.s));
    assert_ok(asset_verify(a, "x", &online, &e), &e);
    assert_false(file_exists(path.s));
    assets_close(a);
    str_release(&path);
}

static void sums(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct assets *a =
        assets_of("assets:\n  x:\n    kind: model\n    sources:\n      - hub: tiny/gguf\n"
                  "        revision: " COMMIT "\n        files:\n"
                  "          - {name: q4.gguf, sha256: 00000000000000000000000000000000"
                  "00000000000000000000000000000000}\n");
    env_fresh("sums");
    assert_int_equal(asset_path(a, "hub:tiny/corrupt", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "model.safetensors of hub:tiny/corrupt has the SHA-256 "));
    assert_holds(e.msg, ", wanted ");
    assert_true(str_ends(e.msg, "; nothing of it was kept"));
    char **names, dir[512];
    size_t n;
    snprintf(dir, sizeof dir, "%s/hub/models--tiny--corrupt/blobs", in_scratch("sums"));
    assert_ok(file_list(dir, &names, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        assert_true(strlen(names[i]) < 64); /* the small files alone, or what came of them */
    mem_free(names);

    /* a small file's etag is git's hash of it */
    says("hub:tiny/twisted", ERR_NETWORK,
         "tokenizer.json of hub:tiny/twisted has the git hash "
         "137af3950a952517d35ed22ae422ddc373f0c38e, wanted "
         "fdef94443aef6c464d438c4654540cb4245f8f1e; nothing of it was kept");

    assert_true(assets_find(a, "x")->pinned);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "model x: q4.gguf of hub:tiny/gguf has the SHA-256 "));
    assert_holds(e.msg, "wanted 0000000000000000000000000000000000000000000000000000000000000000;");
    assets_close(a);
    str_release(&path);
}

/* damaged - what is read again and is not what was fetched is fetched anew; the commit is told. */
static void damaged(void **state)
{
    (void)state;
    static const char *const names[] = {"model.safetensors", "tokenizer.json"};
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT, origin = STR_INIT;
    struct assets *a = assets_of(
        "assets:\n  rows:\n    kind: data\n    sources:\n      - hub: tiny/data\n"
        "        type: dataset\n        revision: v2\n        files: [train/rows.jsonl]\n");
    char file[700];
    env_fresh("damaged");
    assert_ok(asset_origin(a, "hub:tiny/model", &origin, &e), &e);
    assert_string_equal(origin.s, "");
    assert_ok(asset_path(a, "hub:tiny/model", &online, &path, &e), &e);
    assert_ok(asset_origin(a, "hub:tiny/model", &origin, &e), &e);
    assert_string_equal(origin.s, "hub:tiny/model@" COMMIT);
    requests(&asked);
    assert_ok(asset_verify(a, "hub:tiny/model", &online, &e), &e);
    assert_true(asset_ready(a, "hub:tiny/model"));
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", path.s, names[i]);
        FILE *f = fopen(file, "r+b"); /* in its place: the link stays */
        assert_non_null(f);
        assert_int_equal(fputc('!', f), '!');
        fclose(f);
        assert_true(asset_ready(a, "hub:tiny/model"));
        /* offline there is nothing to put in its place */
        assert_int_equal(asset_verify(a, "hub:tiny/model", &offline, &e), ERR_INPUT);
        assert_holds(e.msg, ": is damaged, its sum is ");
        assert_holds(e.msg, " was fetched; it stays, as --offline was given, and w2s fetch with a");
        setenv("HF_HUB_OFFLINE", "1", 1);
        assert_int_equal(asset_verify(a, "hub:tiny/model", &online, &e), ERR_INPUT);
        assert_holds(e.msg, "; it stays, as HF_HUB_OFFLINE is set, and");
        unsetenv("HF_HUB_OFFLINE");
        assert_true(asset_ready(a, "hub:tiny/model"));
        assert_ok(asset_verify(a, "hub:tiny/model", &online, &e), &e);
        assert_false(asset_ready(a, "hub:tiny/model"));
        assert_false(file_exists(file));
        assert_ok(asset_path(a, "hub:tiny/model", &online, &path, &e), &e);
        assert_true(file_exists(file));
        assert_ok(asset_verify(a, "hub:tiny/model", &offline, &e), &e);
        assert_true(asset_ready(a, "hub:tiny/model"));
    }
    snprintf(file, sizeof file, "%s/%s", path.s, names[0]);
    big_whole(file);

    str_reset(&origin);
    assert_ok(asset_path(a, "rows", &online, &path, &e), &e);
    assert_ok(asset_origin(a, "rows", &origin, &e), &e);
    assert_string_equal(origin.s, "hub:tiny/data@" COMMIT);
    snprintf(file, sizeof file, "%s/train/rows.jsonl", path.s);
    assert_ok(asset_verify(a, "rows", &offline, &e), &e);
    spill(file, "{}");
    assets_close(a);
    str_release(&path);
    str_release(&asked);
    str_release(&origin);
}

/* adopted - what another revision left is looked at before it is used: what is short or has other
 * bytes is fetched again, what is whole is not; a row's own sum counts too. */
static void adopted(void **state)
{
    (void)state;
    static const char *const damage[] = {"short", "other", "none", "mirror-short"};
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT;
    char file[700], old[700];
    for (int k = 0; k < 4; k++) {
        env_fresh(damage[k]);
        get(k < 3 ? "hub:tiny/adopt" : "hub:tiny/mirror", &path); /* whose etags are no sums */
        snprintf(old, sizeof old, "%s/model.safetensors", path.s);
        FILE *f = fopen(old, "r+b"); /* in its place: the blob */
        assert_non_null(f);
        if (k == 1)
            assert_int_equal(fputc('!', f), '!');
        fclose(f);
        if (k == 0 || k == 3)
            assert_int_equal(truncate(old, 1000), 0);
        requests(&asked);
        get(k < 3 ? "hub:tiny/adopt@v2" : "hub:tiny/mirror@v2", &path);
        assert_true(str_ends(path.s, "/snapshots/" OTHER));
        snprintf(file, sizeof file, "%s/model.safetensors", path.s);
        big_whole(file);
        big_whole(old);
        requests(&asked);
        assert_int_equal(count(asked.s, "cdn "), k != 2);
        assert_int_equal(count(asked.s, "hub GET "), k != 2 ? 2 : 1); /* small ones are whole */
    }
    struct assets *a =
        assets_of("assets:\n  x:\n    kind: model\n    sources:\n      - hub: tiny/adopt\n"
                  "        revision: v2\n        files:\n"
                  "          - {name: model.safetensors, sha256: 00000000000000000000000000000000"
                  "00000000000000000000000000000000}\n");
    env_fresh("row-adopts");
    get("hub:tiny/adopt", &path);
    assert_int_equal(asset_path(a, "x", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "model x: model.safetensors of hub:tiny/adopt has the SHA-256 "));
    assert_holds(e.msg, ", wanted 00000000");
    assets_close(a);
    str_release(&path);
    str_release(&asked);
}

/* passing - a server that fails, is reset or sends a little at a time is asked again; a host that
 * is not there only once the hub has been heard. */
static void passing(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT;
    char file[700];
    env_fresh("passing");
    setenv("W2S_HUB_WAIT", "30", 1);
    requests(&asked);
    get("hub:tiny/fails", &path); /* 502, 500, 504 */
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/fails/"), 2);
    assert_int_equal(count(asked.s, "cdn "), 2);

    get("hub:tiny/reset", &path);
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/reset/"), 2);
    assert_int_equal(count(asked.s, "cdn "), 2); /* the second from where the first broke */
    assert_int_equal(count(asked.s, "signed=1 token= range=bytes="), 1);

    get("hub:tiny/crumbs", &path); /* more pieces than tries without progress */
    snprintf(file, sizeof file, "%s/model.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 8);

    struct assets *a = assets_of("assets: {}\n");
    setenv("W2S_HUB_WAIT", "1.5", 1);
    assert_int_equal(asset_path(a, "hub:tiny/lost", &online, &path, &e), ERR_NETWORK);
    assert_holds(e.msg, "model.safetensors: cannot reach no-such-host.invalid: ");
    assert_true(str_ends(e.msg, ", still after 1 s of waiting"));
    setenv("HF_ENDPOINT", "http://no-such-host.invalid", 1);
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "cannot reach no-such-host.invalid: "));
    assert_null(strstr(e.msg, "of waiting"));
    assets_close(a);
    str_release(&path);
    str_release(&asked);
}

static void rows(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct assets *a =
        assets_of("assets:\n"
                  "  quant:\n    kind: model\n    sources:\n      - hub: tiny/gguf\n"
                  "        files: [q4.gguf]\n"
                  "  rows:\n    kind: data\n    sources:\n      - hub: tiny/data\n"
                  "        type: dataset\n        revision: v2\n        files: [train/rows.jsonl]\n"
                  "  odd:\n    kind: data\n    sources:\n      - hub: tiny/model\n"
                  "        files: ['sub/odd name.json']\n"
                  "  none:\n    kind: data\n    sources:\n      - hub: tiny/model\n"
                  "        files: [absent.json]\n"
                  "  two:\n    kind: data\n    sources:\n      - hub: tiny/absent\n"
                  "        files: [x]\n      - hub: tiny/model\n        files: [README.md]\n");
    env_fresh("rows");
    assert_ok(asset_path(a, "quant", &online, &path, &e), &e);
    assert_true(str_ends(path.s, "/snapshots/" COMMIT "/q4.gguf"));
    assert_true(file_exists(path.s));
    assert_ok(asset_path(a, "rows", &online, &path, &e), &e);
    assert_true(str_ends(path.s, "/hub/datasets--tiny--data/snapshots/" COMMIT));
    str_cat(&path, "/train/rows.jsonl"); /* in a folder: its link goes up one more */
    assert_true(file_exists(path.s));
    assert_ok(asset_path(a, "odd", &online, &path, &e), &e);
    str_cat(&path, "/sub/odd name.json");
    assert_true(file_exists(path.s));
    assert_int_equal(asset_path(a, "none", &online, &path, &e), ERR_NETWORK);
    assert_says(
        &e, "data none: hub:tiny/model: the repository has no file absent.json at revision main");
    assert_ok(asset_path(a, "two", &online, &path, &e),
              &e); /* the second source, as the first has no such */
    assert_ok(asset_path(a, "two", &offline, &path, &e), &e);
    setenv("HF_HOME", in_scratch("rows2"), 1);
    setenv("HF_HUB_OFFLINE", "1", 1);
    assert_int_equal(asset_path(a, "rows", &online, &path, &e), ERR_INPUT);
    assert_says(&e, "data rows: not fetched yet and HF_HUB_OFFLINE is set");
    assets_close(a);
    str_release(&path);
}

static void tokens(void **state)
{
    (void)state;
    struct str path = STR_INIT, asked = STR_INIT;
    env_fresh("tokens");
    says("hub:tiny/gated", ERR_NETWORK,
         "hub:tiny/gated: the hub refuses its list of files without a token (401): there is no "
         "such repository, "
         "or it is private or gated and wants HF_TOKEN");
    setenv("HF_TOKEN", "bad", 1);
    says("hub:tiny/gated", ERR_NETWORK,
         "hub:tiny/gated: the hub refuses its list of files to this token (403): ask for access on "
         "its page, or "
         "set another HF_TOKEN");
    setenv("HF_TOKEN", "good\nX-Evil: 1", 1);
    says("hub:tiny/gated", ERR_INPUT, "the hub's token has more than one line");

    /* From the file that `hf auth login` writes; to the hub it goes, and to no one else. */
    unsetenv("HF_TOKEN");
    folder(in_scratch("tokens"));
    spill(in_scratch("tokens/token"), "good\n");
    requests(&asked);
    get("hub:tiny/gated", &path);
    requests(&asked);
    assert_int_equal(count(asked.s, "cdn "), 1);
    assert_int_equal(count(asked.s, "cdn GET /tiny/gated/model.safetensors?signed=1 token= range="),
                     1);
    assert_true(count(asked.s, "hub ") >= 5);
    assert_int_equal(count(asked.s, "token=good"), count(asked.s, "hub "));

    /* A redirect within the hub keeps it: a repository that was renamed. */
    get("hub:tiny/moved", &path);
    requests(&asked);
    assert_holds(asked.s, "hub GET /api/models/tiny/model/revision/main token=good");
    assert_int_equal(count(asked.s, "token=good"), count(asked.s, "hub "));
    str_release(&path);
    str_release(&asked);
}

static void sentences(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    char want[512];
    env_fresh("sentences");
    setenv("HF_TOKEN", "good", 1);
    says("hub:tiny/absent", ERR_NETWORK,
         "hub:tiny/absent: the hub has no such model, or it has no revision main");
    says("hub:tiny/model@v9", ERR_NETWORK,
         "hub:tiny/model: the hub has no such model, or it has no revision v9");
    says("hub:tiny/often", ERR_NETWORK,
         "hub:tiny/often: the hub answers that it was asked too often (429); try again later");
    says("hub:tiny/bin", ERR_NETWORK,
         "hub:tiny/bin has no model.safetensors; one .gguf file of a repository is named by a row "
         "of assets.yaml "
         "(docs/assets.md)");
    says("hub:tiny/ill", ERR_NETWORK,
         "hub:tiny/ill: the hub answers that it is too busy (503); try again later");
    snprintf(
        want, sizeof want,
        "http://127.0.0.1:%u/api/models/tiny/other/revision/main: the answer is not the hub's: "
        "it has no \"sha\" or no \"siblings\"",
        port_hub);
    says("hub:tiny/other", ERR_NETWORK, want);
    snprintf(want, sizeof want,
             "http://127.0.0.1:%u/api/models/tiny/html/revision/main: the answer is not the hub's: "
             "it is not JSON",
             port_hub);
    says("hub:tiny/html", ERR_NETWORK, want);
    snprintf(want, sizeof want,
             "http://127.0.0.1:%u/api/models/tiny/round/revision/main: more than 5 redirects",
             port_hub);
    says("hub:tiny/round", ERR_NETWORK, want);
    says("hub:a b", ERR_INPUT,
         "\"hub:a b\" names no model of the hub, wanted hub:owner/name[@revision]");

    /* A name that climbs out of the folder is no name of a file. */
    get("hub:tiny/evil", &path);
    assert_false(file_exists(in_scratch("sentences/hub/evil")));
    assert_false(file_exists(in_scratch("sentences/evil")));

    /* No one answers. */
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    struct assets *a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "cannot reach 127.0.0.1:1: "));
    setenv("HF_ENDPOINT", "ftp://u:secret@127.0.0.1", 1);
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_INPUT);
    assert_says(
        &e, "ftp://127.0.0.1/api/models/tiny/new/revision/main is not an http or https address");
    assets_close(a);

    /* A user and password in the address are told to nobody. */
    snprintf(want, sizeof want, "http://u:secret@127.0.0.1:%u", port_hub);
    setenv("HF_ENDPOINT", want, 1);
    snprintf(want, sizeof want,
             "http://127.0.0.1:%u/api/models/tiny/html/revision/main: the answer is not the hub's: "
             "it is not JSON",
             port_hub);
    says("hub:tiny/html", ERR_NETWORK, want);
    says("hub:tiny/five", ERR_NETWORK,
         "hub:tiny/five: the hub answers that it fails (500); try again later");
    static const char *const odd[] = {"http://u:sek/ret@127.0.0.1:1", "http://u:12/34@127.0.0.1:1",
                                      "http://u:sek?ret@127.0.0.1:1", "http://u:sek#ret@127.0.0.1",
                                      "u:sek/ret@127.0.0.1"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        setenv("HF_ENDPOINT", odd[i], 1);
        says("hub:tiny/new", ERR_INPUT,
             "HF_ENDPOINT has an \"@\" behind the first \"/\", \"?\" or \"#\", wanted a host "
             "there: in a user or password these are written %2F, %3F and %23");
    }
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    setenv("http_proxy", "http://u:sek/ret@127.0.0.1:1", 1); /* libcurl's words would show it */
    a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "cannot reach 127.0.0.1:1: "));
    assert_null(strstr(e.msg, "ret"));
    assets_close(a);
    unsetenv("http_proxy");
    setenv("HF_ENDPOINT", "http://u:secret@127.0.0.1:1", 1);
    a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/new", &online, &path, &e), ERR_NETWORK);
    assert_true(str_starts(e.msg, "cannot reach 127.0.0.1:1: "));
    assets_close(a);
    str_release(&path);
}

/* busy - 429 and 503 are waited for, for as long as the hub asks; not for ever. */
static void busy(void **state)
{
    (void)state;
    struct str path = STR_INIT, asked = STR_INIT;
    env_fresh("busy");
    setenv("W2S_HUB_WAIT", "30", 1);
    requests(&asked);
    double t = clock_now();
    get("hub:tiny/busy", &path);
    t = clock_now() - t;
    assert_true(t > 1.9 && t < 20); /* 1 s, then a date, a second's waiting beside it */
    requests(&asked);
    assert_int_equal(count(asked.s, "hub GET /api/models/tiny/busy/"), 2);
    assert_int_equal(count(asked.s, "hub HEAD /tiny/busy/resolve/" COMMIT "/tokenizer.json "), 2);
    assert_int_equal(count(asked.s, "hub HEAD /tiny/busy/resolve/" COMMIT "/config.json "), 2);

    says("hub:tiny/later", ERR_NETWORK,
         "hub:tiny/later: the hub answers that it was asked too often (429), and wants 3600 s of "
         "waiting where W2S_HUB_WAIT allows 30 s in all; try again later, or set HF_TOKEN");
    says("hub:tiny/ages", ERR_NETWORK,
         "hub:tiny/ages: the hub answers that it was asked too often (429), and wants 1000000000 s "
         "of waiting where W2S_HUB_WAIT allows 30 s in all; try again later, or set HF_TOKEN");
    struct err e = ERR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    assert_int_equal(asset_path(a, "hub:tiny/dated", &online, &path, &e), ERR_NETWORK);
    assert_holds(e.msg, "asked too often (429), and wants 3"); /* 3600, or a little under it */
    setenv("W2S_HUB_WAIT", "0", 1);
    assert_int_equal(asset_path(a, "hub:tiny/past", &online, &path, &e), ERR_NETWORK);
    assert_holds(e.msg, "asked too often (429); try again later");
    assets_close(a);
    setenv("W2S_HUB_WAIT", "1", 1);
    setenv("HF_TOKEN", "good", 1);
    says("hub:tiny/halves", ERR_NETWORK, /* no whole number: none */
         "hub:tiny/halves: the hub answers that it was asked too often (429), still after 1 s of "
         "waiting; try again later");
    requests(&asked);
    says("hub:tiny/often", ERR_NETWORK,
         "hub:tiny/often: the hub answers that it was asked too often (429), still after 1 s of "
         "waiting; try again later");
    requests(&asked);
    assert_int_equal(count(asked.s, "\n"), 2);
    setenv("W2S_HUB_WAIT", "3.5", 1); /* 1 s, then 2, then it would be 4 */
    says("hub:tiny/often", ERR_NETWORK,
         "hub:tiny/often: the hub answers that it was asked too often (429), still after 3 s of "
         "waiting; try again later");
    requests(&asked);
    assert_int_equal(count(asked.s, "\n"), 3);
    setenv("W2S_HUB_WAIT", "soon", 1);
    says("hub:tiny/often", ERR_INPUT, "W2S_HUB_WAIT is \"soon\", wanted seconds, 0 to 86400");
    str_release(&path);
    str_release(&asked);
}

static void *ask_to_stop(void *unused)
{
    struct timespec t = {0, 300000000};
    nanosleep(&t, NULL);
    stop_ask();
    return unused;
}

/* interrupted - a wait of an hour ends when the user says so. In a child, as that cannot be unsaid.
 */
static void interrupted(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    int status = 0;
    env_fresh("interrupted");
    setenv("W2S_HUB_WAIT", "7200", 1);
    struct assets *a = assets_of("assets: {}\n");
    double t = clock_now();
    pid_t child = fork();
    if (!child) {
        pthread_t other;
        pthread_create(&other, NULL, ask_to_stop, NULL);
        alarm(60);
        _exit(asset_path(a, "hub:tiny/later", &online, &path, &e) == ERR_INTERRUPTED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(clock_now() - t < 30);
    assets_close(a);
    str_release(&path);
}

/* at_once - files are fetched several at a time; one that fails ends the others, and what came of
 * them is there for the next call. */
static void at_once(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT, asked = STR_INIT;
    char file[700];
    size_t size = 0;
    env_fresh("at_once");
    get("hub:tiny/pair", &path); /* each of its files comes when both are asked for */
    snprintf(file, sizeof file, "%s/model-00002-of-00002.safetensors", path.s);
    big_whole(file);

    double t = clock_now();
    says("hub:tiny/half", ERR_NETWORK,
         "hub:tiny/half: the server that model-00001-of-00002.safetensors lies on answers that it "
         "fails (500); try again later");
    assert_true(clock_now() - t < 15); /* the slow one would take 40 s */
    char sum[HASH_HEX];
    assert_ok(hash_file(file, sum, &e), &e);
    snprintf(file, sizeof file, "%s/hub/models--tiny--half/blobs/%s.incomplete",
             in_scratch("at_once"), sum);
    assert_ok(file_size(file, &size, &e), &e);
    assert_true(size >= 1500000 && size < 1501000);
    requests(&asked);
    spill(in_scratch("go-half"), "");
    get("hub:tiny/half", &path);
    snprintf(file, sizeof file, "%s/model-00002-of-00002.safetensors", path.s);
    big_whole(file);
    requests(&asked);
    char want[64];
    snprintf(want, sizeof want, "range=bytes=%zu-\n", size);
    assert_holds(asked.s, want);
    assert_int_equal(count(asked.s, "cdn "), 2);
    str_release(&path);
    str_release(&asked);
}

/* The disk fills up at the n-th write: a sentence; the next call goes on, and it is whole. */
static void disk_full(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    char home[32], file[600];
    int failures = 0;
    bool done = false;
    for (size_t n = 1; n < 60 && !done; n++) {
        snprintf(home, sizeof home, "full-%zu", n);
        env_fresh(home);
        file_fault_at(n);
        int rc = asset_path(a, "hub:tiny/model", &online, &path, &e);
        file_fault_at(0);
        done = !rc;
        if (rc) {
            failures++;
            assert_int_equal(rc, ERR_IO);
            assert_holds(e.msg, "No space left on device");
            assert_ok(asset_path(a, "hub:tiny/model", &online, &path, &e), &e);
        }
        snprintf(file, sizeof file, "%s/model.safetensors", path.s);
        big_whole(file);
        assert_ok(file_remove_tree(in_scratch(home), &e), &e);
    }
    assert_true(done && failures > 8);
    assets_close(a);
    str_release(&path);
}

static int server_start(void)
{
    struct err e = ERR_INIT;
    struct str text = STR_INIT, script = STR_INIT;
    const char *source = getenv("W2S_SOURCE");
    int in[2];
    if (!source) {
        printf("SKIP: W2S_SOURCE is not set\n");
        return 77;
    }
    str_path(&script, source, "tests/unit/store_hub_server.py");
    if (pipe(in))
        return 1;
    server = fork();
    if (!server) {
        dup2(in[0], 0);
        close(in[1]);
        execlp("python3", "python3", script.s, scratch, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    server_stdin = in[1];
    for (int i = 0; i < 1000 && !file_exists(in_scratch("ports")); i++) {
        struct timespec t = {0, 10000000};
        nanosleep(&t, NULL);
        int status;
        if (waitpid(server, &status, WNOHANG) == server) {
            server = 0;
            printf("SKIP: python3 does not run the test's server\n");
            return 77;
        }
    }
    if (file_read(&text, in_scratch("ports"), &e)) {
        printf("%s\n", e.msg);
        return 1;
    }
    port_hub = (unsigned)strtoul(text.s, NULL, 10);
    str_release(&text);
    str_release(&script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),    cmocka_unit_test(resumed),   cmocka_unit_test(torn),
        cmocka_unit_test(untold),    cmocka_unit_test(sums),      cmocka_unit_test(damaged),
        cmocka_unit_test(rows),      cmocka_unit_test(tokens),    cmocka_unit_test(sentences),
        cmocka_unit_test(disk_full), cmocka_unit_test(busy),      cmocka_unit_test(interrupted),
        cmocka_unit_test(at_once),   cmocka_unit_test(away),      cmocka_unit_test(wrong_bytes),
        cmocka_unit_test(cached),    cmocka_unit_test(row_wrong), cmocka_unit_test(adopted),
        cmocka_unit_test(passing),
    };
    scratch_make();
    int bad = server_start();
    if (!bad)
        bad = cmocka_run_group_tests(tests, NULL, NULL);
    if (server) {
        close(server_stdin);
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
    }
    scratch_remove();
    return bad;
}
