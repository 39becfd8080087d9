/* The index says what the folders say, whatever became of its file. */
#include "store_test.h"

#include <fcntl.h>
#include <math.h>
#include <time.h>

static char hashes[5][HASH_HEX]; /* done early, done late, failed, stopped, under way */

static void age(const char *path, time_t when)
{
    struct timespec t[2] = {{when, 0}, {when, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void done_make(struct store *s, const char *hash, const char *label, const char *result,
                      time_t when)
{
    struct err e = ERR_INIT;
    struct store_work w;
    struct str path = STR_INIT;
    char job[512];
    bool busy;
    snprintf(job, sizeof job,
             "{\"hash\":\"%s\",\"kind\":\"train\",\"label\":\"%s\",\"study\":\"quick\"}", hash,
             label);
    assert_ok(store_begin(s, hash, "train", label, "quick", &w, &busy, &e), &e);
    assert_false(busy);
    assert_ok(store_finish(s, &w, job, result, &e), &e);
    store_job_path(s, hash, "result.json", &path);
    age(path.s, when);
    str_release(&path);
}

/* A runs folder with a job of every state; the one under way is held by w. */
static struct store *store_filled(const char *name, struct store_work *w)
{
    struct err e = ERR_INIT, why = ERR_INIT;
    struct store_work other;
    struct store *s;
    char path[600];
    bool busy;
    file_remove_tree(in_scratch(name), &e);
    assert_ok(store_open(&s, in_scratch(name), &e), &e);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "index %d", i);
        hash_of(hashes[i], path);
    }
    done_make(s, hashes[0], "SmolLM2 2 layers", "{\"accuracy\": 0.69, \"seconds\": 40.5}", 1000);
    done_make(s, hashes[1], "SmolLM2 30 layers", "{\"seconds\": 60, \"finished\": 2000}", 9000);
    assert_ok(store_begin(s, hashes[2], "train", "broken one", "quick", &other, &busy, &e), &e);
    err_set(&why, ERR_NOMEM, "out of memory: 9.9 GiB asked for");
    assert_ok(store_fail(s, &other, &why, &e), &e);
    snprintf(path, sizeof path, "%s/failed/%s.json", store_dir(s), hashes[2]);
    {
        struct str text =
            STR_INIT; /* that it failed an hour after the epoch, whatever the file's time */
        assert_ok(file_read(&text, path, &e), &e);
        char *at = strstr(text.s, "\"finished\": ");
        assert_non_null(at);
        snprintf(at, (size_t)(text.s + text.len - at), "\"finished\": 3000}");
        spill(path, text.s);
        str_release(&text);
    }
    assert_ok(store_begin(s, hashes[3], "train", "left", "quick", &other, &busy, &e), &e);
    store_leave(s, &other);
    snprintf(path, sizeof path, "%s/work/%s/work.json", store_dir(s), hashes[3]);
    age(path, 4000);
    assert_ok(store_begin(s, hashes[4], "train", "at it", "quick", w, &busy, &e), &e);
    snprintf(path, sizeof path, "%s/work/%s/work.json", store_dir(s), hashes[4]);
    age(path, 5000);
    return s;
}

static int row_print(void *ctx, const struct store_row *r, struct err *e)
{
    struct str *out = ctx;
    str_addf(out, "%.8s|%s|%s|%s|%s|%s|%g|%g|%lld|%zu\n", r->hash, r->state, r->kind, r->label,
             r->study, r->error, r->seconds, r->accuracy, (long long)r->when, r->bytes);
    return str_check(out, e);
}

static void listing(struct store *s, const char *match, struct str *out)
{
    struct err e = ERR_INIT;
    str_reset(out);
    assert_ok(store_list(s, match, row_print, out, &e), &e);
}

static int lines(const struct str *t)
{
    int n = 0;
    for (const char *p = t->s; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

static void states(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("states", &w);
    struct str out = STR_INIT, want = STR_INIT;
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), 5);
    str_addf(&want, "%.8s|done|train|SmolLM2 2 layers|quick||40.5|0.69|1000|", hashes[0]);
    assert_true(str_starts(out.s, want.s)); /* oldest first */
    str_reset(&want);
    str_addf(&want, "%.8s|done|train|SmolLM2 30 layers|quick||60|nan|2000|", hashes[1]);
    assert_holds(out.s, want.s);
    str_reset(&want);
    str_addf(&want,
             "%.8s|failed|train|broken one|quick|out of memory: 9.9 GiB asked for|nan|nan|3000|",
             hashes[2]);
    assert_holds(out.s, want.s);
    str_reset(&want);
    str_addf(&want, "%.8s|stopped|train|left|quick||nan|nan|4000|", hashes[3]);
    assert_holds(out.s, want.s);
    str_reset(&want);
    str_addf(&want, "%.8s|under way|train|at it|quick||nan|nan|5000|", hashes[4]);
    assert_holds(out.s, want.s);

    listing(s, "smollm2", &out);
    assert_int_equal(lines(&out), 2);
    char begin[9] = "";
    memcpy(begin, hashes[2], 8);
    listing(s, begin, &out);
    assert_int_equal(lines(&out), 1);
    listing(s, "%", &out); /* no wildcard */
    assert_int_equal(lines(&out), 0);

    /* What changes is seen: tried again, a failed job is under way; finished, it is done. */
    struct store_work again;
    struct err e = ERR_INIT;
    bool busy;
    store_leave(s, &w);
    assert_ok(store_begin(s, hashes[2], "train", "broken one", "quick", &again, &busy, &e), &e);
    listing(s, "broken", &out);
    assert_holds(out.s, "|under way|");
    store_leave(s, &again);
    listing(s, "broken", &out);
    assert_holds(out.s, "|failed|");
    done_make(s, hashes[2], "broken one", "{}", 6000);
    listing(s, "broken", &out);
    assert_int_equal(lines(&out), 1);
    assert_holds(out.s, "|done|");
    assert_holds(out.s, "||nan|nan|6000|");
    listing(s, "at it", &out);
    assert_holds(out.s, "|stopped|");

    /* A job's folder that the user took away is gone from the list. */
    struct str path = STR_INIT;
    store_job_path(s, hashes[0], NULL, &path);
    assert_ok(file_remove_tree(path.s, &e), &e);
    listing(s, "SmolLM2", &out);
    assert_int_equal(lines(&out), 1);
    str_release(&path);
    str_release(&out);
    str_release(&want);
    store_close(s);
}

static void rebuilt(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("rebuilt", &w), *fresh;
    struct err e = ERR_INIT;
    struct str step = STR_INIT, all = STR_INIT;
    char label[32], hash[HASH_HEX];
    size_t rows = 0;
    listing(s, NULL, &step);
    for (int i = 0; i < 20; i++) {
        snprintf(label, sizeof label, "more %d", i);
        hash_of(hash, label);
        done_make(s, hash, label, "{\"accuracy\": 0.5}", 7000 + i);
        listing(s, NULL, &step);
    }
    assert_int_equal(lines(&step), 25);
    assert_ok(store_index(s, &rows, &e), &e);
    assert_int_equal(rows, 25);
    listing(s, NULL, &all);
    assert_string_equal(step.s, all.s);

    /* From another process's first look, and after the file was taken away under an open store. */
    assert_ok(store_open(&fresh, in_scratch("rebuilt"), &e), &e);
    listing(fresh, NULL, &all);
    assert_string_equal(step.s, all.s);
    assert_ok(file_remove_tree(in_scratch("rebuilt/index.sqlite"), &e), &e);
    listing(s, NULL, &all);
    assert_string_equal(step.s, all.s);
    assert_true(file_exists(in_scratch("rebuilt/index.sqlite")));
    listing(fresh, NULL, &all);
    assert_string_equal(step.s, all.s);
    store_leave(s, &w);
    store_close(s);
    store_close(fresh);
    str_release(&step);
    str_release(&all);
}

/* Every kind of broken file is made anew; where none can be, memory does. */
static void broken(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("broken", &w);
    struct err e = ERR_INIT;
    struct str good = STR_INIT, out = STR_INIT, file = STR_INIT;
    listing(s, NULL, &good);
    store_close(s);
    assert_ok(file_read(&file, in_scratch("broken/index.sqlite"), &e), &e);
    assert_true(file.len > 4096);
    for (int how = 0; how < 5; how++) {
        struct str bad = STR_INIT;
        switch (how) {
        case 0: /* not a database */
            for (int i = 0; i < 2000; i++)
                str_cat(&bad, "garbage");
            break;
        case 1: /* cut short */
            str_catn(&bad, file.s, 4096 + 100);
            break;
        case 2: /* nothing */
            break;
        case 3: /* overwritten in the middle */
            str_catn(&bad, file.s, file.len);
            memset(bad.s + 4096, 0x5a, bad.len - 4096);
            break;
        default: /* of another format: user_version is at byte 60 */
            str_catn(&bad, file.s, file.len);
            bad.s[63] = 99;
        }
        assert_ok(file_write(in_scratch("broken/index.sqlite"), bad.s, bad.len, &e), &e);
        assert_ok(store_open(&s, in_scratch("broken"), &e), &e);
        listing(s, NULL, &out);
        assert_string_equal(out.s, good.s);
        store_close(s);
        str_release(&bad);
    }
    /* The lock of the index cannot be had: its place is taken by a folder. */
    assert_ok(file_remove_tree(in_scratch("broken/index.lock"), &e), &e);
    assert_ok(file_remove_tree(in_scratch("broken/index.sqlite"), &e), &e);
    folder(in_scratch("broken/index.lock"));
    assert_ok(store_open(&s, in_scratch("broken"), &e), &e);
    listing(s, NULL, &out);
    assert_string_equal(out.s, good.s);
    listing(s, NULL, &out);
    assert_string_equal(out.s, good.s);
    size_t rows;
    assert_ok(store_index(s, &rows, &e), &e);
    assert_int_equal(rows, 5);
    assert_false(file_exists(in_scratch("broken/index.sqlite")));
    store_leave(s, &w);
    store_close(s);
    str_release(&good);
    str_release(&out);
    str_release(&file);
}

/* A finished job whose files someone spoiled is listed with what is wrong. */
static void spoiled(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("spoiled", &w);
    struct err e = ERR_INIT;
    struct str path = STR_INIT, out = STR_INIT;
    store_job_path(s, hashes[0], "job.json", &path);
    spill(path.s, "{\"label\": ");
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), 5);
    assert_holds(out.s, "job.json:1: ");
    assert_holds(out.s, "|damaged|");
    assert_holds(out.s, "; delete that folder and run the study again");
    /* What is no job is none: notes of the user's, names that are not hashes. */
    folder(in_scratch("spoiled/jobs/notes"));
    spill(in_scratch("spoiled/failed/readme.txt"), "x");
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), 5);
    (void)e;
    store_leave(s, &w);
    store_close(s);
    str_release(&path);
    str_release(&out);
}

/* unseen - other bytes in the same file, which says it is as old and long as before. */
static void unseen(const char *path, const char *bytes)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), 0), strlen(bytes));
    close(fd);
    struct timespec t[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

/* A finished job is read once, and again when it was changed, in place or by a new file. */
static void changed(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("changed", &w);
    struct err e = ERR_INIT;
    struct str job = STR_INIT, result = STR_INIT, text = STR_INIT, good = STR_INIT, out = STR_INIT;
    store_job_path(s, hashes[0], "job.json", &job);
    store_job_path(s, hashes[0], "result.json", &result);
    listing(s, NULL, &good);

    assert_ok(file_read(&text, job.s, &e), &e);
    unseen(job.s, "broken");
    listing(s, NULL, &out);
    assert_string_equal(out.s, good.s); /* not opened */
    spill(job.s, "{\"label\": ");
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), 5);
    assert_holds(out.s, "job.json:1: ");
    spill(job.s, text.s);
    listing(s, NULL, &out);
    assert_null(strstr(out.s, "job.json:1: "));
    assert_holds(out.s, "|done|train|SmolLM2 2 layers|quick||40.5|0.69|");

    FILE *f = fopen(result.s, "w"); /* the folder does not show it */
    assert_non_null(f);
    fputs("{\"accuracy\": 0.5, \"seconds\": 40.5, \"finished\": 1000}", f);
    fclose(f);
    listing(s, NULL, &out);
    assert_holds(out.s, "|done|train|SmolLM2 2 layers|quick||40.5|0.5|1000|");
    assert_ok(file_remove_tree(result.s, &e), &e);
    listing(s, NULL, &out);
    assert_holds(out.s, "result.json: ");

    store_leave(s, &w);
    store_close(s);
    str_release(&job), str_release(&result), str_release(&text);
    str_release(&good), str_release(&out);
}

static void find(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("find", &w);
    struct err e = ERR_INIT;
    struct str want = STR_INIT;
    char hash[HASH_HEX], begin[9] = "";
    memcpy(begin, hashes[1], 8);
    assert_ok(store_find(s, begin, hash, &e), &e);
    assert_string_equal(hash, hashes[1]);
    assert_ok(store_find(s, hashes[0], hash, &e), &e);
    assert_string_equal(hash, hashes[0]);
    assert_ok(store_find(s, "broken one", hash, &e), &e);
    assert_string_equal(hash, hashes[2]);

    assert_int_equal(store_find(s, "SmolLM2 31 layers", hash, &e), ERR_INPUT);
    assert_says(&e, "no job is called \"SmolLM2 31 layers\"; did you mean \"SmolLM2 30 layers\"?");
    assert_int_equal(store_find(s, "quite another thing", hash, &e), ERR_INPUT);
    str_addf(&want,
             "no job of %s is called \"quite another thing\" or has a hash that begins so; w2s ls "
             "lists them",
             in_scratch("find"));
    assert_says(&e, want.s);
    assert_int_equal(store_find(s, "", hash, &e), ERR_INPUT);

    char twin[HASH_HEX];
    hash_of(twin, "twin");
    done_make(s, twin, "broken one", "{}", 9000);
    assert_int_equal(store_find(s, "broken one", hash, &e), ERR_INPUT);
    str_reset(&want);
    str_addf(&want, "2 jobs answer to \"broken one\": %.12s (broken one), %.12s (broken one)",
             hashes[2], twin);
    assert_says(&e, want.s);

    struct store *empty;
    assert_ok(store_open(&empty, in_scratch("empty"), &e), &e);
    assert_int_equal(store_find(empty, "x", hash, &e), ERR_INPUT);
    str_reset(&want);
    str_addf(&want, "no job is called \"x\": there are no jobs in %s yet", in_scratch("empty"));
    assert_says(&e, want.s);
    store_close(empty);
    store_leave(s, &w);
    store_close(s);
    str_release(&want);
}

static int second_is_enough(void *ctx, const struct store_row *r, struct err *e)
{
    int *n = ctx;
    (void)r;
    return ++*n == 2 ? err_set(e, ERR_INTERRUPTED, "enough") : OK;
}

static void ended_by_caller(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("ended", &w);
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    int n = 0;
    assert_int_equal(store_list(s, NULL, second_is_enough, &n, &e), ERR_INTERRUPTED);
    assert_int_equal(n, 2);
    assert_says(&e, "enough");
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), 5);
    str_release(&out);
    store_leave(s, &w);
    store_close(s);
}

/* Listings while others finish jobs: no error anywhere, nobody is turned away from a free job for
 * long. */
static void listed_meanwhile(void **state)
{
    enum { JOBS = 30, LISTERS = 3 };
    (void)state;
    struct err e = ERR_INIT;
    struct store *s;
    struct str out = STR_INIT;
    pid_t child[LISTERS + 1];
    char label[32], hash[HASH_HEX];
    assert_ok(store_open(&s, in_scratch("meanwhile"), &e), &e);
    for (int k = 0; k <= LISTERS; k++) {
        child[k] = fork();
        if (child[k])
            continue;
        struct store *mine;
        if (store_open(&mine, in_scratch("meanwhile"), &e))
            _exit(1);
        for (int i = 0; i < JOBS; i++) {
            bool busy = true;
            struct store_work w;
            snprintf(label, sizeof label, "meanwhile %d", i);
            hash_of(hash, label);
            if (k < LISTERS && store_list(mine, NULL, row_print, &out, &e))
                _exit(2);
            for (int tries = 0; k == LISTERS && busy; tries++)
                if (tries == 50 || store_begin(mine, hash, "train", label, "quick", &w, &busy, &e))
                    _exit(3);
            if (k == LISTERS && store_finish(mine, &w, "{}", "{}", &e))
                _exit(4);
        }
        store_close(mine);
        str_release(&out);
        _exit(0);
    }
    for (int k = 0; k <= LISTERS; k++) {
        int status;
        waitpid(child[k], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    listing(s, NULL, &out);
    assert_int_equal(lines(&out), JOBS);
    str_release(&out);
    store_close(s);
}

/* An allocation fails, for every one: a sentence or the right list, and the right list afterwards.
 */
static void no_memory(void **state)
{
    (void)state;
    struct store_work w;
    struct store *s = store_filled("memory", &w), *fresh;
    struct err e = ERR_INIT;
    struct str good = STR_INIT, out = STR_INIT;
    bool hit = true;
    size_t n = 0;
    listing(s, NULL, &good);
    while (hit) {
        str_reset(&out);
        out.failed = false;
        assert_ok(file_remove_tree(in_scratch("memory/index.sqlite"), &e), &e);
        assert_ok(store_open(&fresh, in_scratch("memory"), &e), &e);
        mem_fault_at(++n);
        int rc = store_list(fresh, NULL, row_print, &out, &e);
        hit = mem_fault_hit();
        mem_fault_at(0);
        if (rc)
            assert_int_equal(rc, ERR_NOMEM);
        else
            assert_string_equal(out.s, good.s);
        out.failed = false;
        listing(fresh, NULL, &out);
        assert_string_equal(out.s, good.s);
        store_close(fresh);
        assert_true(n < 2000);
    }
    assert_true(n > 10);
    store_leave(s, &w);
    store_close(s);
    str_release(&good);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),          cmocka_unit_test(rebuilt),
        cmocka_unit_test(broken),          cmocka_unit_test(spoiled),
        cmocka_unit_test(changed),         cmocka_unit_test(find),
        cmocka_unit_test(ended_by_caller), cmocka_unit_test(listed_meanwhile),
        cmocka_unit_test(no_memory),
    };
    scratch_make();
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return bad;
}
