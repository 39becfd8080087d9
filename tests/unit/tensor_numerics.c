/* tensor_numerics.c - what a job's name says of a device changes where the bits may: oneDNN chooses
 * its kernels when it is loaded, by the processor and DNNL_MAX_CPU_ISA, so the program starts
 * itself again to see another choice. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/proc.h"
#include "tensor/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program;

static int numerics(char *buf, size_t n)
{
    struct dev d;
    struct err e = ERR_INIT;
    if (dev_open(&d, "cpu", &e))
        return e.code;
    dev_numerics(&d, 1, buf, n);
    dev_close(&d);
    return OK;
}

static void with_kernels_of(const char *isa, struct proc_result *r)
{
    const char *const argv[] = {program, "numerics", NULL};
    struct err e = ERR_INIT;
    if (isa)
        setenv("DNNL_MAX_CPU_ISA", isa, 1);
    assert_int_equal(proc_run(r, argv, NULL, 0, NULL, NULL, &e), OK);
    assert_int_equal(r->status, 0);
    unsetenv("DNNL_MAX_CPU_ISA");
}

static void other_kernels_other_numerics(void **state)
{
    struct proc_result own, same, fewer;
    char here[256];
    (void)state;
    assert_int_equal(numerics(here, sizeof here), OK);
    assert_non_null(strstr(here, W2S_COMPILER));
    with_kernels_of(NULL, &own);
    with_kernels_of("DEFAULT", &same);
    with_kernels_of("SSE41", &fewer); /* below what every x86-64 processor with AVX has */
    assert_string_equal(own.out.s, here);
    assert_string_equal(same.out.s, here);
    assert_string_not_equal(fewer.out.s, here);
    proc_result_release(&own);
    proc_result_release(&same);
    proc_result_release(&fewer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_kernels_other_numerics)};
    char text[256];
    program = argv[0];
    setenv("W2S_BLAS", "onednn", 1);
    if (numerics(text, sizeof text)) {
        puts("SKIP: built without oneDNN");
        return 77;
    }
    if (argc > 1) {
        fputs(text, stdout);
        return 0;
    }
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx"))
        return cmocka_run_group_tests(tests, NULL, NULL);
#endif
    puts("SKIP: oneDNN has one kind of kernels here");
    return 77;
}
