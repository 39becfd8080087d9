/* core_basic.c - errors, memory, strings, random streams, hashes, threads. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/doc.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/order.h"
#include "core/par.h"
#include "core/proc.h"
#include "core/rng.h"
#include "core/stop.h"
#include "core/str.h"

#include <errno.h>
#include <stdlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_err(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(err_set(&e, ERR_INPUT, "train.json:%d: \"%s\" is missing", 118, "distractor2"),
                     ERR_INPUT);
    assert_int_equal(err_wrap(&e, "task %s", "sciq"), ERR_INPUT);
    assert_string_equal(e.msg, "task sciq: train.json:118: \"distractor2\" is missing");
    /* A path is said once, whoever says it. */
    static const char *const wraps[][3] = {
        {"a/b: no such file", "model a/b", "model a/b: no such file"},
        {"a/b/c.json:3: not JSON", "model a/b", "model a/b/c.json:3: not JSON"},
        {"a/b.json: not JSON", "model a/b", "model a/b: a/b.json: not JSON"},
        {"a/b:3: not JSON", "a/b", "a/b:3: not JSON"},
        {"a/b: no", "task toy", "task toy: a/b: no"},
        {"a: no", "", ": a: no"},
    };
    for (size_t i = 0; i < sizeof wraps / sizeof *wraps; i++) {
        err_set(&e, ERR_INPUT, "%s", wraps[i][0]);
        err_wrap(&e, "%s", wraps[i][1]);
        assert_string_equal(e.msg, wraps[i][2]);
    }
    errno = ENOSPC;
    assert_int_equal(err_sys(&e, "a/b"), ERR_IO);
    assert_string_equal(e.msg, "a/b: No space left on device");
    assert_int_equal(err_wrap(&e, "c"), ERR_IO);
    assert_true(e.full);
    errno = EACCES;
    err_sys(&e, "a/b");
    assert_false(e.full);
    char long_text[3000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    err_set(&e, ERR_INPUT, "%s", long_text);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    assert_string_equal(e.msg + sizeof e.msg - 4, "...");
    err_wrap(&e, "%s", long_text); /* stays in its bounds */
    assert_true(strlen(e.msg) < sizeof e.msg);
}

/* A peak that was begun anew is that of what came after it. */
static void test_peak(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const size_t large = (size_t)96 << 20, small = (size_t)24 << 20;
    size_t before = mem_peak(), peak[2];
    for (int i = 0; i < 2; i++) {
        if (!mem_peak_reset())
            skip();
        char *x = mem_alloc(i ? small : large, 1, &e);
        assert_non_null(x);
        memset(x, 1, i ? small : large);
        peak[i] = mem_peak();
        mem_free(x);
    }
    assert_true(before > 0 && peak[0] >= large && peak[1] >= small);
    assert_true(peak[1] < peak[0] - (large - small) / 2);
}

static void test_mem(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_null(mem_alloc(SIZE_MAX / 2, 4, &e));
    assert_int_equal(e.code, ERR_NOMEM);
    assert_null(mem_alloc((size_t)1 << 50, 1, &e));
    assert_string_equal(e.msg, "out of memory: 1.0 PiB asked for");
    double *x = mem_zalloc(7, sizeof *x, &e);
    assert_int_equal((uintptr_t)x % 64, 0);
    assert_true(x[6] == 0);
    mem_free(x);
    int *v = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mem_grow(&v, &cap, (size_t)i + 1, sizeof *v, &e), OK);
        v[i] = i;
    }
    assert_int_equal(v[999], 999);
    mem_fault_at(1);
    size_t was = cap;
    int *same = v;
    assert_int_equal(mem_grow(&v, &cap, cap + 1, sizeof *v, &e), ERR_NOMEM);
    assert_true(mem_fault_hit() && v == same && cap == was);
    mem_fault_at(0);
    mem_free(v);
}

static void test_str(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str s = STR_INIT;
    assert_string_equal(s.s, "");
    for (int i = 0; i < 300; i++)
        str_addf(&s, "%d,", i);
    assert_int_equal(str_check(&s, &e), OK);
    assert_int_equal(s.len, strlen(s.s));
    str_reset(&s);
    str_path(&s, "a/", "b");
    assert_string_equal(s.s, "a/b");
    str_reset(&s);
    str_latin1(&s, "caf\xe9", 4);
    assert_string_equal(s.s, "café");
    str_reset(&s);
    str_bytes(&s, 92871040), str_addc(&s, ' '), str_count(&s, 1234567), str_addc(&s, ' ');
    str_duration(&s, 59.7), str_addc(&s, ' '), str_duration(&s, 3), str_addc(&s, ' '),
        str_duration(&s, 3725);
    assert_string_equal(s.s, "88.6 MiB 1,234,567 1m 00s 3.0s 1h 02m");
    str_release(&s);
    struct str f = STR_INIT;
    mem_fault_at(1);
    str_cat(&f, "x");
    mem_fault_at(0);
    str_cat(&f, "y"); /* a failure stays */
    assert_int_equal(str_check(&f, &e), ERR_NOMEM);
    assert_null(str_take(&f, &e));
    const char *const names[] = {"methods", "name", "naive"};
    assert_string_equal(str_nearest("metods", names, 3), "methods");
    assert_string_equal(str_nearest("nmae", names, 3), "name");
    assert_null(str_nearest("zzzz", names, 3));
}

static void test_csv(void **state)
{
    (void)state;
    static const char *const in[] = {"", "plain é", "a,b", "say \"so\"", "two\r\nlines"};
    static const char *const out[] = {"", "plain é", "\"a,b\"", "\"say \"\"so\"\"\"",
                                      "\"two\r\nlines\""};
    struct str b = STR_INIT;
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        str_reset(&b);
        str_csv(&b, in[i]);
        assert_string_equal(b.s, out[i]);
    }
    str_release(&b);
}

static void test_utf8(void **state)
{
    (void)state;
    unsigned cp;
    char out[4];
    const unsigned points[] = {0,      0x7F,   0x80,   0x7FF,   0x800,
                               0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x10FFFF};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        size_t n = utf8_put(out, points[i]);
        assert_int_equal(utf8_next(out, n, &cp), n);
        assert_int_equal(cp, points[i]);
    }
    const char *const broken[] = {"\x80",
                                  "\xC0\x80",
                                  "\xC1\xBF",
                                  "\xE0\x80\x80",
                                  "\xED\xA0\x80",
                                  "\xF0\x80\x80\x80",
                                  "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80",
                                  "\xE2\x82",
                                  "\xFF"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(utf8_next(broken[i], strlen(broken[i]), &cp), 1);
        assert_int_equal(cp, 0xFFFD);
    }
}

static void test_rng(void **state)
{
    (void)state;
    /* known answers of Random123: philox4x32-10, counter and key all 0 */
    struct rng r = {.used = 4};
    const uint32_t want[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    for (int i = 0; i < 4; i++)
        assert_int_equal(rng_u32(&r), want[i]);
    struct rng a, b, c;
    rng_init(&a, 1, "order"), rng_init(&b, 1, "order"), rng_init(&c, 1, "init");
    assert_true(rng_u64(&a) == rng_u64(&b));
    assert_true(rng_u64(&a) != rng_u64(&c));
    double sum = 0, squares = 0, unit = 0;
    enum { DRAWS = 100000 };
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_normal(&a);
        sum += x, squares += x * x, unit += rng_unit(&a);
    }
    assert_true(fabs(sum / DRAWS) < 4 / sqrt(DRAWS)); /* four standard errors */
    assert_true(fabs(squares / DRAWS - 1) < 4 * sqrt(2. / DRAWS));
    assert_true(fabs(unit / DRAWS - .5) < 4 * sqrt(1. / 12 / DRAWS));
    size_t index[100], seen[100] = {0}, counts[3] = {0};
    for (size_t i = 0; i < 100; i++)
        index[i] = i;
    rng_shuffle(&a, index, 100);
    for (size_t i = 0; i < 100; i++)
        seen[index[i]]++;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    for (int i = 0; i < 30000; i++)
        counts[rng_below(&a, 3)]++;
    for (int i = 0; i < 3; i++)
        assert_true(labs((long)counts[i] - 10000) < 400);
}

static void test_hash(void **state)
{
    (void)state;
    char hex[HASH_HEX];
    struct err e = ERR_INIT;
    assert_int_equal(hash_bytes("abc", 3, hex, &e), OK); /* FIPS 180-2's example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_arena(void **state)
{
    (void)state;
    struct arena a = ARENA_INIT;
    struct err e = ERR_INIT;
    for (size_t i = 1; i < 2000; i++) {
        unsigned char *p = arena_alloc(&a, i, 1, &e);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xAB, i);
    }
    assert_null(arena_alloc(&a, SIZE_MAX / 8, 16, &e));
    assert_int_equal(e.code, ERR_NOMEM);
    arena_release(&a);
}

static void add_piece(void *ctx, size_t begin, size_t end)
{
    double *sums = ctx, s = 0;
    for (size_t i = begin; i < end; i++)
        s += 1. / (double)(i + 1);
    sums[begin / 64] = s;
}

static void test_par(void **state)
{
    (void)state;
    double one[160] = {0}, many[160] = {0};
    par_set_threads(1);
    par_for(10000, 64, add_piece, one);
    par_set_threads(3);
    par_for(10000, 64, add_piece, many);
    assert_memory_equal(one, many, sizeof one);
    assert_true(one[156] > 0 && one[157] == 0);
    par_for(0, 64, add_piece, one);
    assert_int_equal(par_threads(), 3);
}

/* stderr_begin - what is said from here on is what stderr_end finds. */
static int stderr_begin(int ends[2])
{
    int keep = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    return keep;
}

static void stderr_end(int keep, const int ends[2], char *told, size_t n)
{
    fflush(stderr);
    dup2(keep, STDERR_FILENO);
    close(ends[1]);
    ssize_t got = read(ends[0], told, n - 1);
    told[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    close(keep);
}

static void test_warn_once(void **state)
{
    char told[256];
    int ends[2], keep = stderr_begin(ends);
    struct log l = {.level = LOG_WARN};
    (void)state;
    for (int i = 0; i < 2; i++) {
        log_warn_once(&l, "game %d", 1);
        log_warn_once(&l, "game %d", 2);
        log_warn_once(NULL, "game %d", 3);
        log_warn(&l, "again");
    }
    l.level = LOG_QUIET;
    log_warn_once(&l, "game %d", 4);
    log_release(&l);
    stderr_end(keep, ends, told, sizeof told);
    assert_string_equal(told, "warning: game 1\nwarning: game 2\nwarning: again\nwarning: again\n");
}

/* What is left of a progress line in a pipe, of work of eight steps that ended after two with rc.
 */
static void progress_told(int rc, bool json, double loss, char *told, size_t n)
{
    int ends[2], keep = stderr_begin(ends);
    struct log l = {.level = LOG_INFO, .json = json};
    struct progress p;
    progress_begin(&p, &l, "training", 8, json ? "tokens" : NULL);
    p.t_start -= 3; /* what takes no second is not told of */
    if (json)       /* a line is due */
        p.t_drawn -= 61;
    p.loss = loss;
    progress_step(&p, 2, 6, NULL);
    progress_end(&p, rc);
    stderr_end(keep, ends, told, n);
}

static void test_progress(void **state)
{
    (void)state;
    char told[2048];
    progress_told(OK, false, (double)NAN, told, sizeof told);
    assert_string_equal(told, "training  100%  in 3.0s\n");
    progress_told(ERR_INTERRUPTED, false, 0.25, told, sizeof told);
    assert_string_equal(told, "training   25%  in 3.0s  loss 0.2500  not finished\n");
    for (int rc = OK; rc <= ERR_INPUT; rc++) {
        struct err e = ERR_INIT;
        struct doc_tree line[2] = {DOC_TREE_INIT, DOC_TREE_INIT};
        size_t used = 0, at = 0;
        progress_told(rc, true, rc ? (double)NAN : 0.25, told, sizeof told);
        for (int i = 0; i < 2; i++, at += used)
            assert_int_equal(
                doc_parse_json_at(&line[i], told + at, strlen(told + at), &used, "progress", 1, &e),
                OK);
        for (int i = 0; i < 2; i++) {
            const struct doc *d = line[i].root;
            bool whole = i && !rc;
            assert_string_equal(doc_get(d, "event")->s, "progress");
            assert_string_equal(doc_get(d, "phase")->s, "training");
            assert_string_equal(doc_get(d, "unit")->s, "tokens");
            assert_true(doc_get(d, "done")->r == (whole ? 8 : 2));
            assert_true(doc_get(d, "total")->r == 8);
            assert_true(fabs(doc_get(d, "rate")->r - 2) < 0.1);
            assert_true(fabs(doc_get(d, "seconds")->r - 3) < 0.1);
            assert_int_equal(doc_get(d, "ended")->b, i);
            assert_int_equal(doc_get(d, "loss")->type, rc ? DOC_NULL : DOC_REAL);
            const struct doc *left = doc_get(d, "seconds_left");
            if (i && rc) /* who knows */
                assert_int_equal(left->type, DOC_NULL);
            else
                assert_true(fabs(left->r - (i ? 0 : 9)) < 0.3);
            assert_int_equal(doc_get(d, "note")->type, i && rc ? DOC_STRING : DOC_NULL);
            assert_non_null(strstr(doc_get(d, "text")->s, "training"));
            doc_tree_release(&line[i]);
        }
    }
}

/* Who is asked to stop does not wait for what a child still has to do. */
static void a_child_stops_with_us(void **state)
{
    (void)state;
    int status = -1;
    pid_t pid = fork();
    if (!pid) { /* what was asked stays asked in a process */
        static const char *const argv[] = {"sleep", "60", NULL};
        struct err e = ERR_INIT;
        struct proc_result r;
        alarm(20);
        stop_ask();
        _exit(proc_run(&r, argv, NULL, 0, NULL, NULL, &e) == ERR_INTERRUPTED ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_order(void **state)
{
    (void)state;
    uint64_t a[] = {7, UINT64_MAX, 0, 7, 1, 0, (uint64_t)1 << 63, 7};
    const uint64_t each[] = {0, 1, 7, (uint64_t)1 << 63, UINT64_MAX}, key = 7;
    assert_int_equal(order_distinct(a, 8), 5);
    assert_memory_equal(a, each, sizeof each);
    assert_ptr_equal(bsearch(&key, a, 5, sizeof *a, order_u64), &a[2]);
    assert_int_equal(order_distinct(a, 5), 5);
    assert_int_equal(order_distinct(NULL, 0), 0);
    order_sort(NULL, 0);
    double x[] = {2, (double)NAN, -INFINITY, 0.5, (double)NAN, INFINITY};
    qsort(x, 6, sizeof *x, order_double);
    assert_true(x[0] < -1e300 && fabs(x[1] - 0.5) < 1e-12 && fabs(x[2] - 2) < 1e-12);
    assert_true(x[3] > 1e300 && isnan(x[4]) && isnan(x[5])); /* no number comes last */
    size_t sizes[] = {SIZE_MAX, 0, 7};
    qsort(sizes, 3, sizeof *sizes, order_size);
    assert_true(sizes[0] == 0 && sizes[1] == 7 && sizes[2] == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_stops_with_us),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_str),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_rng),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_par),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_warn_once),
        cmocka_unit_test(test_warn_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
