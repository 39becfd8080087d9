/* cache - features of frozen blocks: a study's end removes its own, and only where no other process
 * may be reading them. */
#include "lab_test.h"
#include "core/file.h"

#include <time.h>
#include <utime.h>

static struct bench bench;

static size_t cached(const char *ending)
{
    struct err e = ERR_INIT;
    char **names = NULL;
    size_t n = 0, found = 0;
    if (!file_is_dir(in_scratch("runs/cache")))
        return 0;
    assert_ok(file_list(in_scratch("runs/cache"), &names, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        found += str_ends(names[i], ending);
    mem_free(names);
    return found;
}

/* study_do - with an override, or several as {key: value, ...}, and split 5 where none is given. */
static void study_do(const char *change, size_t ran)
{
    char changes[4][600];
    const char *overrides[8] = {"methods=naive", "name=cache"};
    size_t n = also_split(changes, change);
    bool split = false;
    for (size_t i = 0; i < n; i++) {
        overrides[2 + i] = changes[i];
        split = split || strncmp(changes[i], "seed.split=", 11) == 0;
    }
    if (!split)
        overrides[2 + n++] = "seed.split=5";
    struct err e = ERR_INIT;
    struct study s;
    struct lab_summary sum;
    assert_ok(study_read(&s, bench.study, overrides, 2 + n, &e), &e);
    assert_ok(lab_run(&bench.lab, &s, &sum, &e), &e);
    file_unlock(sum.hold);
    assert_int_equal(sum.failed, 0);
    assert_int_equal(sum.ran, ran);
    str_release(&sum.dir);
    study_release(&s);
}

/* Features of random weights are not those of the checkpoint's, nor of another seed's, nor of
 * another number of blocks; the checkpoint's are for any number of examples that supervise. */
static void random_weights_have_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        size_t new, ran;
    } steps[] = {{"seed.split=5", 3, 3},
                 {"student.weights=random", 3, 2},
                 {"{student.weights: random, student.lr: 0.1}", 0, 2},
                 {"{student.weights: random, seed.init: 1}", 3, 2},
                 {"{student.weights: random, student.layers: 3, student.trainable: top 1}", 3, 2},
                 {"seed.init=1", 0, 0},
                 {"data.supervise=9", 0, 2}};
    struct err e = ERR_INIT;
    int other;
    folder(in_scratch("runs/cache"));
    assert_ok(file_lock_shared(in_scratch("runs/cache/lock"), &other, &e), &e);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t before = cached(".f32");
        study_do(steps[i].change, steps[i].ran);
        if (cached(".f32") - before != steps[i].new)
            fail_msg("%s made %zu features, wanted %zu", steps[i].change, cached(".f32") - before,
                     steps[i].new);
    }
    file_unlock(other);
}

/* The student's two frozen blocks: train, valid and test. */
static void the_last_one_removes_its_own(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int other;
    folder(in_scratch("runs/cache"));
    spill(in_scratch("runs/cache/another.f32"), "a study's that goes on");
    assert_ok(file_lock_shared(in_scratch("runs/cache/lock"), &other, &e), &e);
    study_do("seed.split=1", 3);
    assert_int_equal(cached(".f32"), 1 + 3); /* another may be reading them */
    file_unlock(other);
    study_do("seed.split=2", 3);
    assert_int_equal(cached(".f32"), 1 + 3); /* its own are gone, the first one's are not its own */
    study_do("seed.split=1", 0);
    assert_int_equal(cached(".f32"), 1);
    assert_true(file_exists(in_scratch("runs/cache/another.f32")));
}

/* tokenizer_change - the micro model with a tokenizer that lacks the last merge: the same weights
 * and texts, other tokens. */
static void tokenizer_change(const char *to)
{
    static const char last[] = ",\n   \"\xC4\xA0"
                               "dul l\"";
    struct str text = STR_INIT;
    struct err e = ERR_INIT;
    char path[700];
    model_copy(bench.model, to);
    snprintf(path, sizeof path, "%s/model.safetensors", bench.model);
    assert_ok(file_read(&text, path, &e), &e);
    snprintf(path, sizeof path, "%s/model.safetensors", to);
    assert_ok(file_write(path, text.s, text.len, &e), &e);
    str_reset(&text);
    snprintf(path, sizeof path, "%s/tokenizer.json", to);
    assert_ok(file_read(&text, path, &e), &e);
    char *at = strstr(text.s, last);
    assert_non_null(at);
    memset(at, ' ', sizeof last - 1);
    spill(path, text.s);
    str_release(&text);
}

/* Nor are they those of another tokenizer, of other pieces of a batch, of another device's
 * numerics. */
static void what_computes_them_has_its_own(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct dev reference, *cpu = bench.lab.dev;
    char model[600];
    int other;
    folder(in_scratch("runs/cache"));
    assert_ok(file_lock_shared(in_scratch("runs/cache/lock"), &other, &e), &e);
    assert_ok(dev_open(&reference, "reference", &e), &e);
    tokenizer_change(in_scratch("merges"));
    snprintf(model, sizeof model, "{seed.split: 7, student.model: %s}", in_scratch("merges"));
    study_do("seed.split=7", 3);
    const struct {
        const char *change;
        struct dev *dev;
        size_t ran;
    } steps[] = {{"{seed.split: 7, student.micro_tokens: 64}", cpu, 2},
                 {model, cpu, 2},
                 {"seed.split=7", &reference, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t before = cached(".f32");
        bench.lab.dev = steps[i].dev;
        study_do(steps[i].change, steps[i].ran);
        if (cached(".f32") - before != 3)
            fail_msg("step %zu made %zu features, wanted 3", i, cached(".f32") - before);
    }
    bench.lab.dev = cpu;
    dev_close(&reference);
    file_unlock(other);
}

static void what_is_old_goes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double days;
        bool stays;
    } files[] = {{"a.f32", 6, true},
                 {"b.f32", 8, false},
                 {"a.f32.part-0123456789abcdef", 0.9, true},
                 {"b.f32.part-0123456789abcdef", 1.1, false},
                 {"c.part-0123456789abcde", 9, true}, /* no name of ours */
                 {"c.part-0123456789abcdefa", 9, true},
                 {"notes.txt", 9, true}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[600];
        struct utimbuf when = {0, time(NULL) - (time_t)(files[i].days * 86400)};
        snprintf(path, sizeof path, "%s/runs/cache/%s", scratch, files[i].name);
        spill(path, "x");
        assert_int_equal(utime(path, &when), 0);
    }
    study_do("seed.split=3", 3);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/runs/cache/%s", scratch, files[i].name);
        if (file_exists(path) != files[i].stays)
            fail_msg("%s %s", files[i].name, files[i].stays ? "is gone" : "is left");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_removes_its_own),
        cmocka_unit_test(what_is_old_goes),
        cmocka_unit_test(random_weights_have_their_own),
        cmocka_unit_test(what_computes_them_has_its_own),
    };
    bench_open(&bench);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
