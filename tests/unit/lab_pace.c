/* lab_pace.c - what estimates are made of: rates of the right size, with each device; kept until
 * threads or precision change. How fast a machine is no test knows: a rate is held against that of
 * a product, loosely, since machines do other things between two measurements. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/par.h"
#include "lab/pace.h"

#define LEAST 1e5 /* a second, operations or bytes: a unit that is wrong is a million times off */
#define MOST  1e16

static struct err e;

static void between(double rate)
{
    if (!(rate > LEAST && rate < MOST))
        fail_msg("%g a second", rate);
}

static void rates_are_of_steps(void **state)
{
    struct dev d;
    struct pace p = {0};
    (void)state;
    assert_int_equal(dev_open(&d, "cpu", &e), OK);
    assert_int_equal(pace_measure(&d, false, &p, &e), OK);
    between(p.steps), between(p.fresh);
    assert_true(p.written <= 0); /* nobody asked */
    assert_int_equal(pace_measure(&d, true, &p, &e), OK);
    between(p.written);
    dev_close(&d);
}

static void rates_are_kept(void **state)
{
    struct dev d;
    struct pace p = {.steps = 1, .written = 2, .fresh = 3};
    (void)state;
    assert_int_equal(dev_open(&d, "cpu", &e), OK);
    p.precision = dev_precision(&d), p.threads = par_threads();
    assert_int_equal(pace_measure(&d, true, &p, &e), OK);
    assert_true(p.steps <= 1 && p.written <= 2 && p.fresh <= 3);
    p.threads++;
    assert_int_equal(pace_measure(&d, true, &p, &e), OK);
    between(p.steps), between(p.written), between(p.fresh);
    assert_int_equal(p.threads, par_threads());
    dev_close(&d);
}

/* A device of plain loops is told by one short text, not in minutes. */
static void slow_devices_are_told(void **state)
{
    struct dev d;
    struct pace p = {0};
    (void)state;
    assert_int_equal(dev_open(&d, "reference", &e), OK);
    assert_int_equal(pace_measure(&d, false, &p, &e), OK);
    between(p.steps);
    dev_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rates_are_of_steps),
                                       cmocka_unit_test(rates_are_kept),
                                       cmocka_unit_test(slow_devices_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
