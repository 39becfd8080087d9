/* tensor_stop.c - a signal that asks for an end comes while products are made: they go on, and so
 * does the heap. This program starts itself as the one that is asked. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check.h"
#include "core/log.h"
#include "core/stop.h"
#include "tensor/ops.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { M = 1536, N = 576, K = 256, ROUNDS = 12, AFTER = 6, LONGEST = 120 /* seconds */ };

static const char *self;

/* asked_process - products until the signal has come, and some more. 0: it came, and all is well.
 */
static int asked_process(void)
{
    struct dev dev;
    double end = clock_now() + LONGEST;
    bool said = false;
    stop_install();
    if (dev_open(&dev, "cpu", &e))
        return 4;
    float *a = dev_alloc(&dev, K * M, &e), *b = dev_alloc(&dev, K * N, &e),
          *c = dev_alloc(&dev, M * N, &e);
    int rc = a && b && c ? 0 : 4;
    for (size_t after = 0; !rc && after < AFTER; after += stop_asked()) {
        dev.ops->matmul(&dev, true, false, M, N, K, a, M, b, N, false, c, N);
        if (!said && write(STDOUT_FILENO, ".", 1) != 1)
            rc = 4;
        said = true;
        if (clock_now() > end)
            rc = 3;
    }
    dev_free(&dev, a);
    dev_free(&dev, b);
    dev_free(&dev, c);
    dev_close(&dev);
    return rc;
}

/* asked_start - it runs, and has made a product. */
static pid_t asked_start(void)
{
    char dot;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ready[1], STDOUT_FILENO);
        close(ready[0]);
        execl(self, self, "asked", (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &dot, 1), 1);
    close(ready[0]);
    return pid;
}

static void asked_once(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        int status;
        struct timespec pause = {0, 1000000L * (1 + 3 * i % 20)};
        pid_t pid = asked_start();
        nanosleep(&pause, NULL);
        assert_int_equal(kill(pid, i % 2 ? SIGTERM : SIGINT), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void asked_twice(void **state)
{
    int status;
    (void)state;
    pid_t pid = asked_start();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(kill(pid, SIGTERM), 0); /* both are there when it wakes */
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asked_once), cmocka_unit_test(asked_twice)};
    self = argv[0];
    if (argc == 2 && strcmp(argv[1], "asked") == 0)
        return asked_process();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
