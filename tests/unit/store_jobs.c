/* Jobs come whole or not at all: taken by one, killed anywhere, out of disk anywhere. */
#include "store_test.h"

#include <math.h>
#include <signal.h>
#include <time.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif

static struct store *store_fresh(const char *name)
{
    struct err e = ERR_INIT;
    struct store *s;
    file_remove_tree(in_scratch(name), &e);
    assert_ok(store_open(&s, in_scratch(name), &e), &e);
    return s;
}

static int job_file(const struct store_work *w, const char *name, struct err *e)
{
    static const double x[3] = {0.25, -1, 3};
    struct str path = STR_INIT;
    str_path(&path, w->dir.s, name);
    int rc = str_check(&path, e);
    if (!rc)
        rc = store_array_write(path.s, x, 3, e);
    str_release(&path);
    return rc;
}

/* what a life that was killed was writing */
#define HALF_WRITTEN "test.f64.part-0123456789abcdef"

/* job_whole - what must hold of every folder under jobs/ at any time. */
static void job_whole(const struct store *s, const char *hash)
{
    static const char *const gone[] = {"checkpoint.bin", "work.json", HALF_WRITTEN};
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT, job = DOC_TREE_INIT;
    double *x = NULL;
    assert_true(store_has(s, hash));
    assert_ok(store_result(s, hash, &t, &e), &e);
    assert_true(doc_get(t.root, "accuracy")->r == 0.75);
    store_job_path(s, hash, "job.json", &path);
    assert_ok(doc_read_json(&job, path.s, &e), &e);
    assert_string_equal(doc_get(job.root, "hash")->s, hash);
    str_reset(&path);
    store_job_path(s, hash, "test.f64", &path);
    assert_ok(store_array_read(path.s, &x, 3, &e), &e);
    assert_true(x[0] == 0.25 && x[1] == -1 && x[2] == 3);
    for (size_t i = 0; i < 3; i++) {
        str_reset(&path);
        store_job_path(s, hash, gone[i], &path);
        assert_false(file_exists(path.s));
    }
    mem_free(x);
    doc_tree_release(&t);
    doc_tree_release(&job);
    str_release(&path);
}

/* job_do - a whole job, as the lab does one. */
static int job_do(struct store *s, const char *hash, bool *busy, struct err *e)
{
    struct store_work w;
    char job[256];
    snprintf(job, sizeof job, "{\"hash\":\"%s\",\"kind\":\"train\",\"label\":\"a\"}", hash);
    int rc = store_begin(s, hash, "train", "a", "quick", &w, busy, e);
    if (rc || *busy)
        return rc;
    rc = job_file(&w, "checkpoint.bin", e);
    if (!rc)
        rc = job_file(&w, HALF_WRITTEN, e);
    if (!rc)
        rc = job_file(&w, "test.f64", e);
    if (!rc)
        rc = store_finish(s, &w, job, "{\"accuracy\": 0.75, \"seconds\": 2}", e);
    if (rc)
        store_leave(s, &w);
    return rc;
}

static void finish(void **state)
{
    (void)state;
    struct store *s = store_fresh("finish");
    struct err e = ERR_INIT;
    char hash[HASH_HEX];
    bool busy;
    hash_of(hash, "finish");
    assert_false(store_has(s, hash));
    assert_ok(job_do(s, hash, &busy, &e), &e);
    job_whole(s, hash);

    struct str path = STR_INIT;
    str_addf(&path, "%s/work/%s", store_dir(s), hash);
    assert_false(file_exists(path.s));
    str_reset(&path);
    store_job_path(s, hash, "lock", &path);
    assert_false(file_exists(path.s));

    /* A job that is done is not begun again, and leaves no work folder behind. */
    struct store_work w;
    assert_ok(store_begin(s, hash, "train", "a", "quick", &w, &busy, &e), &e);
    assert_true(busy);
    store_leave(s, &w);
    str_reset(&path);
    str_addf(&path, "%s/work/%s", store_dir(s), hash);
    assert_false(file_exists(path.s));
    str_release(&path);
    store_close(s);
}

static void taken_once(void **state)
{
    (void)state;
    struct store *a = store_fresh("once"), *b;
    struct err e = ERR_INIT;
    struct store_work w, other;
    struct str path = STR_INIT;
    char hash[HASH_HEX];
    bool busy;
    hash_of(hash, "once");
    assert_ok(store_open(&b, in_scratch("once/"), &e),
              &e); /* one slash too many is the same folder */
    assert_string_equal(store_dir(a), store_dir(b));
    assert_ok(store_begin(a, hash, "train", "a", "quick", &w, &busy, &e), &e);
    assert_false(busy);
    assert_ok(store_begin(b, hash, "train", "a", "quick", &other, &busy, &e), &e);
    assert_true(busy);
    store_leave(b, &other);
    assert_ok(job_file(&w, "checkpoint.bin", &e), &e);
    store_leave(a, &w);
    store_leave(a, &w); /* zeroed: nothing */

    /* What was left is there for who comes next. */
    assert_ok(store_begin(b, hash, "train", "a", "quick", &other, &busy, &e), &e);
    assert_false(busy);
    str_path(&path, other.dir.s, "checkpoint.bin");
    assert_true(file_exists(path.s));
    store_leave(b, &other);
    str_release(&path);
    store_close(a);
    store_close(b);
}

static void failed(void **state)
{
    (void)state;
    struct store *s = store_fresh("failed");
    struct err e = ERR_INIT, why = ERR_INIT;
    struct store_work w;
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT;
    char hash[HASH_HEX];
    bool busy;
    hash_of(hash, "failed");
    assert_ok(store_begin(s, hash, "train", "a \"label\"", "quick", &w, &busy, &e), &e);
    err_set(&why, ERR_NUMERIC, "step 12: the loss is not finite");
    assert_ok(store_fail(s, &w, &why, &e), &e);
    assert_false(store_has(s, hash));
    str_addf(&path, "%s/failed/%s.json", store_dir(s), hash);
    assert_ok(doc_read_json(&t, path.s, &e), &e);
    assert_string_equal(doc_get(t.root, "error")->s, why.msg);
    assert_string_equal(doc_get(t.root, "label")->s, "a \"label\"");
    assert_string_equal(doc_get(t.root, "kind")->s, "train");
    assert_int_equal(doc_get(t.root, "code")->i, ERR_NUMERIC);

    /* Tried again, and done: the failure is forgotten. */
    assert_ok(job_do(s, hash, &busy, &e), &e);
    assert_false(busy);
    job_whole(s, hash);
    assert_false(file_exists(path.s));
    doc_tree_release(&t);
    str_release(&path);
    store_close(s);
}

/* Killed after its last file, before its rename: nothing is computed again. */
static void killed_before_rename(void **state)
{
    (void)state;
    struct store *s = store_fresh("rename");
    struct err e = ERR_INIT;
    struct store_work w;
    struct str path = STR_INIT, text = STR_INIT;
    char hash[HASH_HEX];
    bool busy;
    hash_of(hash, "rename");
    assert_ok(store_begin(s, hash, "train", "a", "quick", &w, &busy, &e), &e);
    assert_ok(job_file(&w, "test.f64", &e), &e);
    assert_ok(job_file(&w, "checkpoint.bin", &e), &e);
    str_addf(&text, "{\"hash\": \"%s\"}", hash);
    str_path(&path, w.dir.s, "job.json");
    spill(path.s, text.s);
    store_leave(s, &w);

    /* With job.json alone it goes on as usual. */
    assert_ok(store_begin(s, hash, "train", "a", "quick", &w, &busy, &e), &e);
    assert_false(busy);
    str_path(&path, w.dir.s, "result.json");
    spill(path.s, "{\"accuracy\": 0.75}");
    store_leave(s, &w);

    assert_ok(store_begin(s, hash, "train", "a", "quick", &w, &busy, &e), &e);
    assert_true(busy);
    job_whole(s, hash);
    str_release(&path);
    str_release(&text);
    store_close(s);
}

#ifdef __linux__
/* One job, killed at its n-th entry into or return from the system, for every n: afterwards there
 * is a whole job or none, and doing it again ends well. */
static void killed_at_every_step(void **state)
{
    (void)state;
    struct store *s = store_fresh("steps");
    struct err e = ERR_INIT;
    char hash[HASH_HEX], text[32];
    bool busy, ended = false;
    size_t done = 0, finished = 0, n;
    for (n = 1; !ended; n++) {
        snprintf(text, sizeof text, "step %zu", n);
        hash_of(hash, text);
        pid_t child = fork();
        if (child == 0) {
            if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
                _exit(77);
            raise(SIGSTOP);
            _exit(job_do(s, hash, &busy, &e) ? 1 : 0);
        }
        int status;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
            print_message("SKIP: this system lets no process be traced\n");
            store_close(s);
            skip();
        }
        for (size_t i = 0; i < n && !ended; i++) {
            assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
            waitpid(child, &status, 0);
            ended = WIFEXITED(status);
        }
        if (ended) {
            assert_int_equal(WEXITSTATUS(status), 0);
        } else {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
        }
        if (store_has(s, hash)) {
            job_whole(s, hash);
            done++;
            continue;
        }
        assert_ok(job_do(s, hash, &busy, &e), &e);
        finished += busy;
        job_whole(s, hash);
    }
    print_message("killed at %zu places: %zu times it was done, %zu times all but the rename\n",
                  n - 2, done - 1, finished);
    assert_true(done > 1 && finished > 1);
    store_close(s);
}

/* The folder under work/ thrown away and made anew between a process's finding its lock and taking
 * it: what it holds then is the lock of nothing, and another has the job. It is stopped at its n-th
 * entry into or return from the system, for every n before it has the lock. */
static void thrown_away_at_every_step(void **state)
{
    (void)state;
    struct store *s = store_fresh("thrown");
    struct err e = ERR_INIT;
    struct str dir = STR_INIT, lock = STR_INIT;
    char hash[HASH_HEX];
    bool busy, has = false;
    size_t n = 0;
    hash_of(hash, "thrown");
    str_addf(&dir, "%s/work/%s", store_dir(s), hash);
    str_addf(&lock, "%s/lock", dir.s);
    while (!has) {
        struct store_work w;
        int status, probe = -1;
        n++;
        assert_ok(file_remove_tree(dir.s, &e), &e);
        pid_t child = fork();
        if (child == 0) {
            if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
                _exit(77);
            raise(SIGSTOP);
            int rc = store_begin(s, hash, "train", "a", "quick", &w, &busy, &e);
            _exit(rc ? 1 : busy ? 0 : 2);
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
            print_message("SKIP: this system lets no process be traced\n");
            store_close(s);
            skip();
        }
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
            waitpid(child, &status, 0);
            assert_false(WIFEXITED(status));
        }
        if (file_exists(lock.s)) {
            assert_ok(file_lock(lock.s, false, &probe, &e), &e);
            has = probe < 0;
            file_unlock(probe);
        }
        if (has) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
            break;
        }
        assert_ok(file_remove_tree(dir.s, &e), &e);
        assert_ok(store_begin(s, hash, "train", "a", "quick", &w, &busy, &e), &e);
        assert_false(busy);
        ptrace(PTRACE_DETACH, child, NULL, NULL);
        waitpid(child, &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        store_leave(s, &w);
    }
    print_message("thrown away at %zu places\n", n - 1);
    assert_true(n > 4);
    str_release(&dir);
    str_release(&lock);
    store_close(s);
}
#endif

/* A child does jobs as fast as it can and is killed at a random moment, again and again: what is in
 * jobs/ is whole each time, and in the end all is done. */
static void killed_anywhere(void **state)
{
    enum { JOBS = 200, KILLS = 40 };
    (void)state;
    struct store *s = store_fresh("killed");
    struct err e = ERR_INIT;
    struct rng r;
    char hash[JOBS][HASH_HEX], text[32];
    size_t done = 0, busies = 0;
    bool busy;
    rng_init(&r, 1, "kills");
    for (int i = 0; i < JOBS; i++) {
        snprintf(text, sizeof text, "killed %d", i);
        hash_of(hash[i], text);
    }
    for (int kill_no = 0; kill_no < KILLS; kill_no++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct store *mine;
            if (store_open(&mine, in_scratch("killed"), &e))
                _exit(1);
            /* one job a life at least, or a slow disk would never let it end */
            for (int i = 0; i < JOBS; i++)
                if (!store_has(mine, hash[i]) && job_do(mine, hash[i], &busy, &e))
                    _exit(2);
            pause();
            _exit(3);
        }
        struct timespec t = {0, (long)rng_below(&r, 10000000)};
        nanosleep(&t, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        done = 0;
        for (int i = 0; i < JOBS; i++)
            if (store_has(s, hash[i])) {
                job_whole(s, hash[i]);
                done++;
            }
    }
    for (int i = 0; i < JOBS; i++) {
        if (store_has(s, hash[i]))
            continue;
        assert_ok(job_do(s, hash[i], &busy, &e), &e);
        busies += busy;
        job_whole(s, hash[i]);
    }
    print_message(
        "%d kills: %zu of %d jobs done on the way, %zu of the rest lacked only the rename\n", KILLS,
        done, JOBS, busies);
    store_close(s);
}

/* Processes that race for the same jobs: each is computed once. While it holds a job, each process
 * writes a line; two lines for a job, or a line by another before the first is done, show in the
 * count. */
static void raced(void **state)
{
    enum { JOBS = 100, RACERS = 6 };
    (void)state;
    struct store *s = store_fresh("raced");
    struct err e = ERR_INIT;
    char hash[JOBS][HASH_HEX], text[64], job[128];
    pid_t child[RACERS];
    for (int i = 0; i < JOBS; i++) {
        snprintf(text, sizeof text, "raced %d", i);
        hash_of(hash[i], text);
    }
    for (int k = 0; k < RACERS; k++) {
        child[k] = fork();
        if (child[k])
            continue;
        struct store *mine;
        bool busy;
        if (store_open(&mine, in_scratch("raced"), &e))
            _exit(1);
        for (int i = 0; i < JOBS; i++)
            while (!store_has(mine, hash[i])) {
                struct store_work w;
                if (store_begin(mine, hash[i], "train", "a", "quick", &w, &busy, &e))
                    _exit(2);
                if (busy)
                    continue;
                snprintf(text, sizeof text, "raced/log-%.12s", hash[i]);
                if (file_append(in_scratch(text), "x", 1, &e) || job_file(&w, "test.f64", &e))
                    _exit(3);
                snprintf(job, sizeof job, "{\"hash\":\"%.64s\"}", hash[i]);
                if (store_finish(mine, &w, job, "{\"accuracy\": 0.75}", &e))
                    _exit(4);
            }
        store_close(mine);
        _exit(0);
    }
    for (int k = 0; k < RACERS; k++) {
        int status;
        waitpid(child[k], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    for (int i = 0; i < JOBS; i++) {
        size_t lines;
        job_whole(s, hash[i]);
        snprintf(text, sizeof text, "raced/log-%.12s", hash[i]);
        assert_ok(file_size(in_scratch(text), &lines, &e), &e);
        assert_int_equal(lines, 1);
    }
    store_close(s);
}

/* The n-th write fails, for every n. */
static void disk_full(void **state)
{
    (void)state;
    struct store *s = store_fresh("full");
    struct err e = ERR_INIT, also = ERR_INIT;
    char hash[HASH_HEX], text[32];
    bool busy;
    int failures = 0;
    for (size_t n = 1; n < 100; n++) {
        snprintf(text, sizeof text, "full %zu", n);
        hash_of(hash, text);
        e = (struct err)ERR_INIT;
        file_fault_at(n);
        int rc = job_do(s, hash, &busy, &e);
        file_fault_at(0);
        if (!rc) {
            job_whole(s, hash);
            if (!store_has(s, hash))
                fail();
            if (failures)
                break;
            continue;
        }
        failures++;
        assert_int_equal(rc, ERR_IO);
        assert_holds(e.msg, "No space left on device");
        assert_false(store_has(s, hash));
        assert_ok(job_do(s, hash, &busy, &also), &also);
        job_whole(s, hash);
    }
    /* work.json, two arrays, job.json, result.json */
    assert_true(failures >= 5);
    store_close(s);
}

static void no_memory(void **state)
{
    (void)state;
    struct store *s = store_fresh("memory");
    struct err e = ERR_INIT;
    char hash[HASH_HEX], text[32];
    bool busy, hit = true;
    size_t n = 0;
    while (hit) {
        snprintf(text, sizeof text, "memory %zu", ++n);
        hash_of(hash, text);
        e = (struct err)ERR_INIT;
        mem_fault_at(n);
        int rc = job_do(s, hash, &busy, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        if (rc)
            assert_int_equal(rc, ERR_NOMEM);
        if (store_has(s, hash))
            job_whole(s, hash);
        else
            assert_true(hit && rc);
        assert_true(n < 1000);
    }
    assert_true(n > 10);
    store_close(s);
}

static void arrays(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str text = STR_INIT;
    enum { N = 10001 };
    double *x = mem_alloc(N, sizeof *x, &e), *y = NULL;
    struct rng r;
    size_t size;
    const char *path = in_scratch("x.f64");
    rng_init(&r, 7, "x");
    for (size_t i = 0; i < N; i++)
        x[i] = rng_normal(&r);
    x[0] = (double)NAN, x[1] = -0.0, x[2] = (double)INFINITY;
    assert_ok(store_array_write(path, x, N, &e), &e);
    assert_ok(file_size(path, &size, &e), &e);
    assert_int_equal(size, 16 + 8 * N);
    assert_ok(store_array_read(path, &y, N, &e), &e);
    assert_memory_equal(x, y, N * sizeof *x);
    mem_free(y);

    /* The bytes themselves, as the header of store.h has them. */
    static const unsigned char bytes[] = {'W', '2', 'S', 'F', '6', '4', 0, 1, 1, 0, 0,    0,
                                          0,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0xf8, 0x3f};
    static const double one_and_a_half = 1.5;
    assert_ok(store_array_write(path, &one_and_a_half, 1, &e), &e);
    assert_ok(file_read(&text, path, &e), &e);
    assert_int_equal(text.len, sizeof bytes);
    assert_memory_equal(text.s, bytes, sizeof bytes);

    struct str want = STR_INIT;
    assert_int_equal(store_array_read(path, &y, 2, &e), ERR_INPUT);
    str_addf(&want, "%s: holds 1 numbers, wanted 2", path);
    assert_says(&e, want.s);
    assert_null(y);
    assert_ok(file_write(path, bytes, sizeof bytes - 1, &e), &e);
    assert_int_equal(store_array_read(path, &y, 1, &e), ERR_INPUT);
    str_reset(&want);
    str_addf(&want, "%s: cut short: 23 bytes, wanted 24 for 1 numbers", path);
    assert_says(&e, want.s);
    assert_ok(file_write(path, "W2SF32\0\1aaaaaaaa", 16, &e), &e);
    assert_int_equal(store_array_read(path, &y, 1, &e), ERR_INPUT);
    assert_holds(e.msg, "not an array of this program's");
    assert_int_equal(store_array_read(in_scratch("absent.f64"), &y, 1, &e), ERR_IO);
    assert_holds(e.msg, "absent.f64");

    assert_ok(store_array_write(path, NULL, 0, &e), &e);
    assert_ok(store_array_read(path, &y, 0, &e), &e);
    mem_free(y);
    mem_free(x);
    str_release(&text);
    str_release(&want);
}

static void refused(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct store *s;
    struct doc_tree t = DOC_TREE_INIT;
    char hash[HASH_HEX];
    spill(in_scratch("a-file"), "x");
    assert_int_equal(store_open(&s, in_scratch("a-file/runs"), &e), ERR_IO);
    assert_null(s);
    assert_true(str_starts(e.msg, "runs folder: "));
    assert_holds(e.msg, "a-file is a file, wanted a folder");
    store_close(NULL);

    s = store_fresh("refused");
    hash_of(hash, "nothing");
    assert_int_equal(store_result(s, hash, &t, &e), ERR_IO);
    assert_holds(e.msg, "result.json");
    doc_tree_release(&t);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finish),
        cmocka_unit_test(taken_once),
        cmocka_unit_test(failed),
        cmocka_unit_test(killed_before_rename),
#ifdef __linux__
        cmocka_unit_test(killed_at_every_step),
        cmocka_unit_test(thrown_away_at_every_step),
#endif
        cmocka_unit_test(killed_anywhere),
        cmocka_unit_test(raced),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(arrays),
        cmocka_unit_test(refused),
    };
    scratch_make();
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return bad;
}
