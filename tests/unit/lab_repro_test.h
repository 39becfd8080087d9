/* lab_repro_test.h - pairs by hand, and what a claim makes of them. */
#ifndef TESTS_UNIT_LAB_REPRO_TEST_H
#define TESTS_UNIT_LAB_REPRO_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lab/bootstrap.h"
#include "lab/repro_rows.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 101 };

/* Of what pair_put puts. */
static const char *task_now = "toy", *band_now = NULL;

/* pair_put - a pair whose student's accuracy in replicate b is `student` and (b - 50) / 1000. */
static void pair_put(struct samples *s, const char *supervisor, const char *student,
                     const char *method, double weak_size, double size, double weak,
                     double accuracy, double ceiling)
{
    struct err e = ERR_INIT;
    double v[TRIO_VALUES * SAMPLES];
    struct sample_row *row;
    struct trio t = {.weak = {weak, 0, 0},
                     .student = {accuracy, 0, 0},
                     .ceiling = {ceiling, 0, 0},
                     .gap = {ceiling - weak, 0, 0},
                     .gain = {accuracy - weak, 0, 0},
                     .pgr = {(accuracy - weak) / (ceiling - weak), 0, 0},
                     .reason = ceiling > weak ? PGR_DEFINED : PGR_NO_GAP};
    const struct sample_row like = {.task = task_now,
                                    .band = band_now,
                                    .supervisor = supervisor,
                                    .student = student,
                                    .method = method,
                                    .weak_size = weak_size,
                                    .size = size,
                                    .weak_layers = (double)NAN,
                                    .layers = (double)NAN};
    for (size_t b = 0; b < SAMPLES; b++) {
        double moved = accuracy + ((double)b - 50) / 1000;
        for (size_t k = 0; k < TRIO_VALUES; k++)
            v[k * SAMPLES + b] = 0;
        v[TRIO_WEAK * SAMPLES + b] = weak;
        v[TRIO_STUDENT * SAMPLES + b] = moved;
        v[TRIO_CEILING * SAMPLES + b] = ceiling;
        v[TRIO_GAP * SAMPLES + b] = ceiling - weak;
        v[TRIO_GAIN * SAMPLES + b] = moved - weak;
        v[TRIO_PGR * SAMPLES + b] = (moved - weak) / (ceiling - weak);
    }
    assert_int_equal(samples_add(s, &like, &t, v, SAMPLES, &row, &e), OK);
}

/* Two supervisors of sizes 1 and 2, students of 4, 8, 16: accuracy .5 + .02 log2(size), and .03
 * more from the larger one; by "other" .01 log2(size) less. */
static void ladder(struct samples *s)
{
    static const char *const supervisors[] = {"m/1", "m/2"}, *const students[] = {"m/4", "m/8",
                                                                                  "m/16"};
    samples_init(s);
    s->study = "one";
    for (int w = 0; w < 2; w++)
        for (int k = 0; k < 3; k++) {
            double accuracy = 0.5 + 0.02 * (k + 2) + 0.03 * w, ceiling = 0.8;
            pair_put(s, supervisors[w], students[k], "naive", 1 << w, 4 << k, 0.5, accuracy,
                     ceiling);
            pair_put(s, supervisors[w], students[k], "other", 1 << w, 4 << k, 0.5,
                     accuracy - 0.01 * (k + 2), ceiling);
        }
    pair_put(s, "m/1", "m/4", "ground truth", 1, 4, 0.5, 0.8, 0.8);
}

static struct repro_result measured(const struct samples *s, const struct repro_claim *c)
{
    struct err e = ERR_INIT;
    struct repro_result r;
    if (claim_measure(s, c, 0.9, &r, &e))
        fail_msg("%s", e.msg);
    return r;
}

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-12))
        fail_msg("%.17g, wanted %.17g", a, b);
}

#endif
