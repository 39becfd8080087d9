/* data_task - any bytes as a task file: a task whose every answer can be asked for, or a sentence
 * that names the file. */
#include "data/task.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char path[] = "/tmp/w2s-fuzz-task-XXXXXX";

static void path_remove(void)
{
    unlink(path);
}

static void path_write(const uint8_t *data, size_t n)
{
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        BUG_ON(fd < 0 || atexit(path_remove) != 0);
    }
    BUG_ON(ftruncate(fd, 0) != 0 || pwrite(fd, data, n, 0) != (ssize_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct task *t = NULL;
    struct err e = ERR_INIT;
    path_write(data, n);
    int rc = task_read(&t, path, &e);
    BUG_ON(rc && (t || rc != ERR_INPUT || strncmp(e.msg, path, sizeof path - 1) != 0));
    if (!rc) {
        BUG_ON(!task_name(t) || !task_title(t) || !task_citation(t) || !task_licence(t));
        BUG_ON(task_classes(t) < 2 || task_classes(t) > 16);
        for (size_t k = 0; k < task_classes(t); k++) {
            BUG_ON(!task_class_name(t, k));
            (void)task_label_word(t, k);
        }
    }
    task_free(t);
    return 0;
}
