/* tensor_profile.c - a profiled device gives the same bits, counts its calls, and is as before when
 * the profile is over. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/mem.h"
#include "tensor/profile.h"

#include <stdio.h>
#include <string.h>

enum { N = 64 };

static void work(struct dev *d, const float *x, float *y)
{
    d->ops->matmul(d, false, true, N, N, N, x, N, x, N, false, y, N);
    d->ops->matmul(d, false, false, N, N, N, x, N, x, N, true, y, N);
    d->ops->matmul(d, true, false, N, N, N, x, N, x, N, true, y, N);
    for (int i = 0; i < 3; i++)
        d->ops->add(d, (size_t)N * N, x, y);
    d->ops->act_fwd(d, ACT_SILU, (size_t)N * N, y, y);
}

static void test_profile(void **state)
{
    struct err e = ERR_INIT;
    struct dev d;
    struct profile *p;
    struct str text = STR_INIT;
    (void)state;
    assert_int_equal(dev_open(&d, "cpu", &e), OK);
    const struct ops *before = d.ops;
    float *x = dev_alloc(&d, (size_t)N * N, &e), *y = dev_alloc(&d, (size_t)N * N, &e),
          *z = dev_alloc(&d, (size_t)N * N, &e);
    for (size_t i = 0; i < (size_t)N * N; i++)
        x[i] = (float)(i % 37) / 37;
    work(&d, x, y);
    assert_int_equal(profile_start(&p, &d, &e), OK);
    assert_ptr_not_equal(d.ops, before);
    work(&d, x, z);
    assert_memory_equal(y, z, (size_t)N * N * sizeof *y);
    profile_print(p, &text);
    static const struct {
        const char *name;
        int calls;
    } lines[] = {{"product, forward", 1},
                 {"product, input gradient", 1},
                 {"product, weight gradient", 1},
                 {"add, copy, fill, scale", 3},
                 {"activation, forward", 1}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *line = strstr(text.s, lines[i].name);
        int calls = 0;
        assert_non_null(line);
        assert_int_equal(sscanf(line + strlen(lines[i].name), "%d", &calls), 1);
        assert_int_equal(calls, lines[i].calls);
    }
    assert_null(strstr(text.s, "AdamW")); /* never called: no line */
    assert_non_null(strstr(text.s, "rest"));
    assert_non_null(strstr(text.s, "bound: of products and attention the share"));
    profile_stop(p);
    assert_ptr_equal(d.ops, before);
    str_release(&text);
    dev_free(&d, x), dev_free(&d, y), dev_free(&d, z);
    dev_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_profile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
