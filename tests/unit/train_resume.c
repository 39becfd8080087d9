/* train_resume - a training that is stopped anywhere, by asking or by SIGKILL, ends with the bits
 * of one that never stopped, and reports the same curve. Run with arguments it is the one that is
 * stopped: train_resume CHECKPOINT CURVE STEP kill|ask. */
#include "train_toy.h"
#include "core/file.h"
#include "core/log.h"
#include "core/par.h"
#include "core/proc.h"
#include "core/stop.h"
#include "train/checkpoint.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char *self;
enum { STEPS = 10, KILL_ASK = 1, KILL_HARD = 2 };

/* A curve as the lab keeps it: a point that is reached again takes the place of its former self. */
struct curve {
    struct train_point points[STEPS];
    size_t n;
    size_t stop_after; /* eval asks to stop at this step; 0: never */
    size_t kill_after; /* the process ends itself in this step's report */
    int how;
    const char *file;
};

static int curve_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct curve *c = ctx;
    if (stop_check(e)) /* as a prediction does */
        return e->code;
    while (c->n && c->points[c->n - 1].step >= p->step)
        c->n--;
    if (c->stop_after == p->step)
        return err_set(e, ERR_INTERRUPTED, "stopped");
    c->points[c->n] = *p;
    c->points[c->n++].seconds = 0;
    if (c->file && file_write(c->file, c->points, c->n * sizeof *c->points, e))
        return e->code;
    return OK;
}

static void curve_step(void *ctx, const struct train_point *p)
{
    struct curve *c = ctx;
    if (c->kill_after != p->step)
        return;
    if (c->how == KILL_HARD)
        raise(SIGKILL);
    stop_ask();
}

static struct train_settings settings(void)
{
    struct train_settings s = toy_settings();
    s.loss = (struct loss_settings){.kind = LOSS_CONFIDENCE, .alpha_max = 0.5, .ramp = 0.2};
    s.loss.ramp = 0.5;
    s.micro_tokens = 30;
    s.evals = 3;
    s.checkpoint_every = 0;
    return s;
}

/* life - one run of the training, from what the checkpoint has. */
static int life(const struct train_settings *s, const char *checkpoint, struct curve *c,
                float **params, size_t *n, struct train_result *r, struct log *log, struct err *e)
{
    struct dev dev;
    struct toy t;
    struct train_events events = {c, curve_step, curve_eval};
    if (dev_open(&dev, "cpu", e))
        return e->code;
    toy_init(&t, 37, 2, true, 21);
    struct model *m = toy_model(&dev, 2, everything, 1);
    int rc = train_run(m, s, &t.data, checkpoint, &events, log, r, e);
    if (!rc && params)
        *params = toy_params(m, n);
    model_free(m);
    dev_close(&dev);
    return rc;
}

struct reference {
    float *params;
    size_t n;
    struct curve curve;
    struct train_result result;
};
static struct reference whole;
static char folder[] = "train_resume.XXXXXX", checkpoint_path[64], curve_path[64];

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct train_settings s = settings();
    if (!mkdtemp(folder))
        return -1;
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/checkpoint.bin", folder);
    snprintf(curve_path, sizeof curve_path, "%s/curve.bin", folder);
    return life(&s, NULL, &whole.curve, &whole.params, &whole.n, &whole.result, NULL, &e);
}

static int teardown(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    mem_free(whole.params);
    return file_remove_tree(folder, &e);
}

static void clean(void)
{
    unlink(checkpoint_path);
    unlink(curve_path);
}

/* finish - the last life: nothing stops it; everything is as in the run that never stopped. */
static void finish(struct curve *c, bool resumed)
{
    struct err e = ERR_INIT;
    struct train_settings s = settings();
    struct train_result r;
    float *params;
    size_t n;
    if (life(&s, checkpoint_path, c, &params, &n, &r, NULL, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(r.resumed, resumed);
    assert_true(resumed ? r.earlier > 0 && r.seconds > r.earlier : r.earlier == 0);
    assert_memory_equal(params, whole.params, n * sizeof *params);
    assert_int_equal(c->n, whole.curve.n);
    assert_memory_equal(c->points, whole.curve.points, c->n * sizeof *c->points);
    assert_int_equal(r.steps, whole.result.steps);
    assert_int_equal(r.tokens, whole.result.tokens);
    assert_true(r.final_loss == whole.result.final_loss);
    mem_free(params);
}

static void the_whole_run_is_as_expected(void **state)
{
    (void)state;
    assert_int_equal(whole.result.steps, STEPS);
    assert_int_equal(whole.curve.n, 6);
    assert_true(whole.curve.points[5].alpha == 0.5);
}

/* Stopped while a point is evaluated, then again at the next one, and so on to the end. */
static void stopped_in_every_evaluation(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct train_settings s = settings();
    struct train_result r;
    clean();
    struct curve c = {.n = 0};
    s.checkpoint_every = 1e9; /* only what stopping writes */
    for (size_t i = 0; i < whole.curve.n; i++) {
        c.stop_after = whole.curve.points[i].step;
        assert_int_equal(life(&s, checkpoint_path, &c, NULL, NULL, &r, NULL, &e), ERR_INTERRUPTED);
        assert_true(file_exists(checkpoint_path));
    }
    c.stop_after = 0;
    finish(&c, true);
}

static int child(char **argv)
{
    struct err e = ERR_INIT;
    struct train_settings s = settings();
    struct train_result r;
    struct curve c = {.file = argv[2], .kill_after = (size_t)strtoul(argv[3], NULL, 10)};
    c.how = strcmp(argv[4], "kill") == 0 ? KILL_HARD : KILL_ASK;
    if (c.how == KILL_ASK)
        s.checkpoint_every = 1e9;
    return life(&s, argv[1], &c, NULL, NULL, &r, NULL, &e);
}

static void stopped_from_outside(const char *how, int status)
{
    struct err e = ERR_INIT;
    for (size_t step = 1; step <= STEPS; step++) {
        char number[24];
        struct proc_result r;
        struct str bytes = STR_INIT;
        struct curve c = {.n = 0};
        clean();
        snprintf(number, sizeof number, "%zu", step);
        const char *argv[] = {self, checkpoint_path, curve_path, number, how, NULL};
        if (proc_run(&r, argv, NULL, 0, NULL, NULL, &e))
            fail_msg("%s", e.msg);
        assert_int_equal(r.status, status); /* at the last step its evaluation is stopped */
        proc_result_release(&r);
        if (file_exists(curve_path)) {
            assert_int_equal(file_read(&bytes, curve_path, &e), OK);
            memcpy(c.points, bytes.s, bytes.len);
            c.n = bytes.len / sizeof *c.points;
            str_release(&bytes);
        }
        finish(&c, file_exists(checkpoint_path));
    }
}

static void killed_at_every_step(void **state)
{
    (void)state;
    stopped_from_outside("kill", 128 + SIGKILL);
}

static void asked_to_stop_at_every_step(void **state)
{
    (void)state;
    stopped_from_outside("ask", ERR_INTERRUPTED);
}

/* A run that had ended goes on to nothing: no step, the same result. */
static void a_finished_run_stays_finished(void **state)
{
    (void)state;
    struct curve c = {.n = 0};
    clean();
    finish(&c, false);
    finish(&c, true);
}

static void checkpoints_of_others_are_ignored(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct curve c = {.n = 0};
    struct train_settings s = settings();
    struct train_result r;
    struct str bytes = STR_INIT;
    clean();
    c.stop_after = 4;
    s.lr = 5e-3; /* another learning rate */
    assert_int_equal(life(&s, checkpoint_path, &c, NULL, NULL, &r, NULL, &e), ERR_INTERRUPTED);
    c.n = c.stop_after = 0;
    finish(&c, false);
    /* cut short, and something else altogether */
    assert_int_equal(file_read(&bytes, checkpoint_path, &e), OK);
    for (size_t n = 0; n < bytes.len; n = n ? 7 * n : 1) {
        assert_int_equal(file_write(checkpoint_path, bytes.s, n, &e), OK);
        finish(&c, false);
    }
    str_release(&bytes);
}

/* What it learns and from which texts is part of what a checkpoint is of. */
static void other_labels_are_another_run(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct dev dev;
    struct toy t;
    struct train_settings s = settings();
    char hex[4][HASH_HEX];
    assert_int_equal(dev_open(&dev, "cpu", &e), OK);
    struct model *m = toy_model(&dev, 2, everything, 1);
    for (int i = 0; i < 4; i++) {
        toy_init(&t, 37, 2, true, 21);
        if (i == 2)
            t.targets[2 * 36] += 0x1p-20;
        if (i == 3)
            t.tokens[0] ^= 1;
        assert_int_equal(checkpoint_identity(hex[i], m, &s, &t.data, &e), OK);
        assert_int_equal(strcmp(hex[i], hex[0]) != 0, i > 1);
    }
    model_free(m);
    dev_close(&dev);
}

static void a_checkpoint_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct curve c = {.n = 0};
    struct train_settings s = settings();
    struct train_result r;
    clean();
    assert_int_equal(life(&s, "no/such/folder/checkpoint.bin", &c, NULL, NULL, &r, NULL, &e),
                     ERR_IO);
    assert_non_null(strstr(e.msg, "no/such/folder"));
}

int main(int argc, char **argv)
{
    if (argc == 5)
        return child(argv);
    self = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_run_is_as_expected),
        cmocka_unit_test(stopped_in_every_evaluation),
        cmocka_unit_test(killed_at_every_step),
        cmocka_unit_test(asked_to_stop_at_every_step),
        cmocka_unit_test(a_finished_run_stays_finished),
        cmocka_unit_test(checkpoints_of_others_are_ignored),
        cmocka_unit_test(other_labels_are_another_run),
        cmocka_unit_test(a_checkpoint_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
