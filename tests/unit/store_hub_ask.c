/* How the hub is asked: what breaks off, passes or comes slowly is asked for again, and not for
 * ever. */
#include "store_hub_test.h"
#include "store/hub_ask.h"

#include "core/stop.h"

#include <pthread.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed), cmocka_unit_test(torn),        cmocka_unit_test(untold),
        cmocka_unit_test(away),    cmocka_unit_test(wrong_bytes), cmocka_unit_test(passing),
        cmocka_unit_test(busy),    cmocka_unit_test(interrupted), cmocka_unit_test(at_once),
    };
    hub_tests(tests);
}
