/* assets.yaml: rows right and wrong, names known and not, folders, the user's own file. */
#include "store_test.h"
#include "store/asset.h"

static const struct asset_options online = {NULL, NULL}, offline = {"--offline was given", NULL};

/* The environment that decides where things are: nothing of the machine's own. */
static void env_fresh(void)
{
    static const char *const none[] = {"W2S_DATA", "HF_HOME",     "HF_HUB_CACHE",
                                       "HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        unsetenv(none[i]);
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

/* wrong - the file is refused, and the sentence is "<file>:<line>: <sentence>", wherever it stands;
 * line 0: of a map, whose line is that of its name or its first key. */
static void wrong(const char *yaml, int line, const char *sentence)
{
    struct err e = ERR_INIT;
    struct assets *a;
    char want[1024];
    folder(in_scratch("share"));
    spill(in_scratch("share/assets.yaml"), yaml);
    assert_int_equal(assets_open(&a, in_scratch("share"), &e), ERR_INPUT);
    assert_null(a);
    snprintf(want, sizeof want, "%s:%d", in_scratch("share/assets.yaml"), line);
    assert_holds(e.msg, sentence);
    if (line)
        assert_holds(e.msg, want);
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void rows_wrong(void **state)
{
    (void)state;
    env_fresh();
    wrong("assets: [1]\n", 1, "\"assets\" is a list, wanted a map from names to assets");
    wrong("asets: {}\n", 1, "unknown key \"asets\"; did you mean \"assets\"?");
    wrong("assets:\n  Big Name:\n    kind: data\n    sources: [{path: /}]\n", 0,
          "asset \"Big Name\": a name is made of a-z, 0-9, dot, - and _, and begins with a letter "
          "or digit");
    wrong("assets:\n  x: 3\n", 2, "asset x is a whole number, wanted a map");
    wrong("assets:\n  x:\n    kind: data\n", 0,
          "asset x: \"sources\" is missing, wanted a list of one or more");
    wrong("assets:\n  x:\n    sources: [{path: /}]\n", 0,
          "asset x: \"kind\" is missing, wanted model, data or program");
    wrong("assets:\n  x:\n    kind: modle\n    sources: [{path: /}]\n", 3, "\"kind\"");
    wrong("assets:\n  x:\n    kind: data\n    bites: 3\n    sources: [{path: /}]\n", 4,
          "unknown key \"bites\"; did you mean \"bytes\"?");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - url: http://x\n", 5,
          "asset x: a source begins with pip:, hub: or path:");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - path: ''\n", 5,
          "\"path\" is empty");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - pip: numpy\n", 5,
          "\"pip\" is \"numpy\", wanted package==version");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - pip: 'a==1 --index-url "
          "http://evil'\n",
          5, "\"pip\" is \"a==1 --index-url http://evil\", wanted package==version");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - pip: a==1\n", 5,
          "\"sha256\" is missing");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - pip: a==1\n        sha256: ABC\n",
          6, "\"sha256\" is \"ABC\", wanted 64 digits of 0-9a-f");
#define PIP                                                                                        \
    "assets:\n  x:\n    kind: data\n    sources:\n      - pip: a==1\n        sha256: " SUM "\n"
    wrong(PIP, 5, "\"archive\" is missing, wanted wheel or sdist");
    wrong(PIP "        archive: zip\n", 7, "\"archive\"");
    wrong(PIP "        archive: wheel\n", 5,
          "\"files\" is missing, wanted a list of {member, sha256}");
    wrong(PIP "        archive: wheel\n        files:\n          - a/b\n", 9,
          "a file is a string, wanted {member, sha256}");
    wrong(PIP "        archive: wheel\n        files:\n          - member: a/b\n", 9,
          "\"sha256\" is missing");
#define FILE_OF(member) "          - {member: " member ", sha256: " SUM "}\n"
    wrong(PIP "        archive: wheel\n        files:\n" FILE_OF("a/.."), 9,
          "\"..\" cannot be a file's name here");
    wrong(PIP "        archive: wheel\n        files:\n" FILE_OF("a/asset.json"), 9,
          "\"asset.json\" cannot be a file's name here");
    wrong(PIP "        archive: wheel\n        files:\n" FILE_OF("a/b") FILE_OF("c/b"), 10,
          "a second file with the name \"b\"; give it another by \"name\"");
    wrong("assets:\n  x:\n    kind: model\n    sources:\n      - hub: a/b/c\n", 5,
          "\"hub\" is \"a/b/c\", wanted owner/name");
    wrong(
        "assets:\n  x:\n    kind: model\n    sources:\n      - hub: a/b\n        revision: ../up\n",
        6, "\"revision\" is \"../up\", wanted a commit, tag or branch");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - hub: a/b\n        type: dataset\n",
          5, "\"files\" is missing: a dataset's files are to be named");
    wrong("assets:\n  x:\n    kind: data\n    sources:\n      - hub: a/b\n        files: "
          "[/etc/passwd]\n",
          6, "\"/etc/passwd\" cannot be a file's name");

    struct err e = ERR_INIT;
    struct assets *a;
    assert_int_equal(assets_open(&a, in_scratch("no-share"), &e), ERR_IO);
    assert_holds(e.msg, "no-share/assets.yaml");
}

static void rows_right(void **state)
{
    (void)state;
    env_fresh();
    struct assets *a =
        assets_of("assets:\n"
                  "  one:\n    kind: data\n    title: The one\n    licence: MIT\n    bytes: 12\n"
                  "    citation: us\n    sources:\n      - path: ${W2S_DATA}/one\n"
                  "  two:\n    kind: model\n    sources:\n      - hub: a/b\n");
    assert_int_equal(assets_count(a), 2);
    const struct asset *one = assets_find(a, "one"), *two = assets_find(a, "two");
    assert_ptr_equal(one, assets_at(a, 0));
    assert_string_equal(one->kind, "data");
    assert_string_equal(one->title, "The one");
    assert_string_equal(one->licence, "MIT");
    assert_string_equal(one->citation, "us");
    assert_int_equal(one->bytes, 12);
    assert_true(one->pinned);
    assert_string_equal(two->title, "two");
    assert_string_equal(two->licence, "unknown");
    assert_false(two->pinned); /* revision main */
    assert_null(assets_find(a, "three"));
    assets_close(a);

    /* The user's file adds rows and replaces them. */
    folder(in_scratch("config/w2s"));
    spill(in_scratch("config/w2s/assets.yaml"),
          "assets:\n  one:\n    kind: data\n    title: Mine\n    sources: [{path: /}]\n"
          "  three:\n    kind: data\n    sources: [{path: /}]\n");
    struct err e = ERR_INIT;
    assert_ok(assets_open(&a, in_scratch("share"), &e), &e);
    assert_int_equal(assets_count(a), 3);
    assert_string_equal(assets_find(a, "one")->title, "Mine");
    assets_close(a);
    spill(in_scratch("config/w2s/assets.yaml"), "assets:\n  one: 3\n");
    assert_int_equal(assets_open(&a, in_scratch("share"), &e), ERR_INPUT);
    assert_holds(e.msg, "config/w2s/assets.yaml:2: ");
    spill(in_scratch("config/w2s/assets.yaml"), "# nothing yet\n");
    assert_ok(assets_open(&a, in_scratch("share"), &e), &e);
    assert_int_equal(assets_count(a), 2);
    assets_close(a);
    assets_close(NULL);
    assert_ok(file_remove_tree(in_scratch("config"), &e), &e);
}

static void folders(void **state)
{
    (void)state;
    env_fresh();
    struct err e = ERR_INIT;
    struct str path = STR_INIT, want = STR_INIT;
    struct assets *a = assets_of(
        "assets:\n  sciq:\n    kind: data\n    sources:\n      - path: ${W2S_DATA}/sciq\n");
    assert_false(asset_ready(a, "sciq"));
    assert_int_equal(asset_path(a, "sciq", &online, &path, &e), ERR_INPUT);
    assert_says(
        &e,
        "data sciq is taken from the folder ${W2S_DATA}/sciq, and W2S_DATA is not set; set it to "
        "the folder that holds sciq (docs/assets.md)");
    setenv("W2S_DATA", in_scratch("data"), 1);
    assert_int_equal(asset_path(a, "sciq", &offline, &path, &e), ERR_INPUT);
    str_addf(&want,
             "data sciq is taken from the folder %s/sciq, and that is not there (docs/assets.md)",
             in_scratch("data"));
    assert_says(&e, want.s);
    str_reset(&want);
    folder(in_scratch("data/sciq"));
    assert_true(asset_ready(a, "sciq"));
    assert_ok(asset_path(a, "sciq", &offline, &path, &e), &e);
    str_addf(&want, "%s/sciq", in_scratch("data"));
    assert_string_equal(path.s, want.s);

    /* A path that exists is taken as it is; a row's name is the row, whatever lies about. */
    char here[512];
    assert_non_null(getcwd(here, sizeof here));
    folder(in_scratch("cwd/sciq"));
    assert_int_equal(chdir(in_scratch("cwd")), 0);
    assert_ok(asset_path(a, "sciq", &online, &path, &e), &e);
    assert_string_equal(path.s, want.s);
    assert_ok(asset_path(a, "./sciq", &online, &path, &e), &e);
    assert_string_equal(path.s, "./sciq");
    assert_ok(asset_path(a, in_scratch("cwd"), &offline, &path, &e), &e);
    assert_string_equal(path.s, in_scratch("cwd"));
    assert_int_equal(chdir(here), 0);

    assert_int_equal(asset_path(a, "scqi", &online, &path, &e), ERR_INPUT);
    assert_says(&e, "no asset and no file is called \"scqi\"; did you mean \"sciq\"?");
    assert_int_equal(asset_path(a, "something-else", &online, &path, &e), ERR_INPUT);
    assert_says(
        &e,
        "no asset and no file is called \"something-else\"; w2s fetch lists the assets, a model "
        "of the hub is hub:owner/name");
    assert_int_equal(asset_path(a, "models/mine", &online, &path, &e), ERR_INPUT);
    assert_says(&e, "models/mine: no such file or folder");
    assets_close(a);
    str_release(&path);
    str_release(&want);
}

static void offline_sentences(void **state)
{
    (void)state;
    env_fresh();
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct assets *a = assets_of(PIP "        archive: wheel\n        files:\n" FILE_OF("a/b"));
    assert_int_equal(asset_path(a, "x", &offline, &path, &e), ERR_INPUT);
    assert_says(&e, "x is not fetched yet and --offline was given; w2s fetch x");
    assert_int_equal(asset_path(a, "hub:owner/name", &offline, &path, &e), ERR_INPUT);
    assert_says(
        &e, "hub:owner/name is not fetched yet and --offline was given; w2s fetch hub:owner/name");
    setenv("HF_HUB_OFFLINE", "1", 1);
    assert_int_equal(asset_path(a, "hub:owner/name", &online, &path, &e), ERR_INPUT);
    assert_says(
        &e,
        "hub:owner/name is not fetched yet and HF_HUB_OFFLINE is set; w2s fetch hub:owner/name");
    assert_int_equal(asset_path(a, "hub:owner/name/more", &online, &path, &e), ERR_INPUT);
    assert_says(
        &e, "\"hub:owner/name/more\" names no model of the hub, wanted hub:owner/name[@revision]");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_int_equal(asset_path(a, "x", &offline, &path, &e), ERR_INPUT);
    assert_says(
        &e,
        "neither XDG_CACHE_HOME nor HOME names a folder, so there is no place for what is fetched");
    env_fresh();
    assets_close(a);
    str_release(&path);
}

/* The rows that come with the program. */
static void rows_shipped(void **state)
{
    (void)state;
    const char *source = getenv("W2S_SOURCE");
    struct err e = ERR_INIT;
    struct assets *a;
    if (!source)
        skip();
    env_fresh();
    assert_ok(assets_open(&a, source, &e), &e);
    const struct asset *model = assets_find(a, "smollm2-135m"),
                       *data = assets_find(a, "movie-sentiment");
    assert_non_null(model);
    assert_non_null(data);
    assert_string_equal(model->kind, "model");
    assert_string_equal(data->kind, "data");
    assert_true(model->pinned && data->pinned && model->bytes && data->bytes);
    for (size_t i = 0; i < assets_count(a); i++) {
        const struct asset *row = assets_at(a, i);
        assert_string_not_equal(row->title, row->name);
        assert_string_not_equal(row->licence, "unknown");
        assert_string_not_equal(row->citation, "");
        /* What is not pinned says so where people read. */
        assert_true(row->pinned || strstr(row->title, "not pinned"));
    }
    assets_close(a);
}

static void no_memory(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    bool hit = true;
    size_t n = 0;
    env_fresh();
    setenv("W2S_DATA", in_scratch("data"), 1);
    folder(in_scratch("data/sciq"));
    assets_close(assets_of(
        "assets:\n  sciq:\n    kind: data\n    sources:\n      - path: ${W2S_DATA}/sciq\n"));
    while (hit) {
        struct assets *a = NULL;
        mem_fault_at(++n);
        int rc = assets_open(&a, in_scratch("share"), &e);
        if (!rc)
            rc = asset_path(a, "sciq", &offline, &path, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        if (rc)
            assert_int_equal(rc, ERR_NOMEM);
        else
            assert_true(str_ends(path.s, "/data/sciq"));
        assets_close(a);
        str_release(&path);
        assert_true(n < 1000);
    }
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_wrong),   cmocka_unit_test(rows_right),
        cmocka_unit_test(folders),      cmocka_unit_test(offline_sentences),
        cmocka_unit_test(rows_shipped), cmocka_unit_test(no_memory),
    };
    scratch_make();
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return bad;
}
