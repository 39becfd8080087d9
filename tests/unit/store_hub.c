/* The hub source against a small hub (store_hub_server.py): layout, sums, tokens, sentences. How it
 * is asked again is store_hub_ask.c's. */
#include "store_hub_test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),    cmocka_unit_test(cached),  cmocka_unit_test(row_wrong),
        cmocka_unit_test(sums),      cmocka_unit_test(damaged), cmocka_unit_test(adopted),
        cmocka_unit_test(rows),      cmocka_unit_test(tokens),  cmocka_unit_test(sentences),
        cmocka_unit_test(disk_full),
    };
    hub_tests(tests);
}
