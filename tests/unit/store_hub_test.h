/* store_hub_test.h - what the tests of the hub source share: a small hub (store_hub_server.py), and
 * what is asked of it. */
#ifndef W2S_TESTS_STORE_HUB_TEST_H
#define W2S_TESTS_STORE_HUB_TEST_H

#include "store_test.h"
#include "store/asset.h"

#include <signal.h>
#include <time.h>

#define COMMIT "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff"
#define OTHER  "ff0ceeff0ceeff0ceeff0ceeff0ceeff0ceeff0c"
#define BIG    3200000

static const struct asset_options online = {NULL, NULL}, offline = {"--offline was given", NULL};
static unsigned port_hub;
static pid_t server;
static int server_stdin = -1;

static inline void env_fresh(const char *home)
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

static inline struct assets *assets_of(const char *yaml)
{
    struct err e = ERR_INIT;
    struct assets *a;
    folder(in_scratch("share"));
    spill(in_scratch("share/assets.yaml"), yaml);
    assert_ok(assets_open(&a, in_scratch("share"), &e), &e);
    return a;
}

/* requests - what the servers were asked since the last time. */
static inline void requests(struct str *out)
{
    struct err e = ERR_INIT;
    str_reset(out);
    if (file_exists(in_scratch("requests")))
        assert_ok(file_read(out, in_scratch("requests"), &e), &e);
    assert_ok(file_remove_tree(in_scratch("requests"), &e), &e);
}

static inline int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

static inline void get(const char *name, struct str *path)
{
    struct err e = ERR_INIT;
    struct assets *a = assets_of("assets: {}\n");
    assert_ok(asset_path(a, name, &online, path, &e), &e);
    assets_close(a);
}

static inline void says(const char *name, int code, const char *sentence)
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
static inline const char *big_sum(void)
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

static inline void big_whole(const char *path)
{
    struct err e = ERR_INIT;
    char sum[HASH_HEX];
    assert_ok(hash_file(path, sum, &e), &e);
    assert_string_equal(sum, big_sum());
}

static inline int server_start(void)
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

static inline void server_stop(void)
{
    if (!server)
        return;
    close(server_stdin);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
}

/* hub_tests - the tests of an array, with the server. */
#define hub_tests(tests)                                                                           \
    do {                                                                                           \
        scratch_make();                                                                            \
        int bad = server_start();                                                                  \
        if (!bad)                                                                                  \
            bad = cmocka_run_group_tests(tests, NULL, NULL);                                       \
        server_stop();                                                                             \
        scratch_remove();                                                                          \
        return bad;                                                                                \
    } while (0)

#endif
