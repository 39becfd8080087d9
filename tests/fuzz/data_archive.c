/* data_archive - any bytes as a packed file, alone and with names in it: bytes, or a sentence that
 * names the file. */
#include "data/table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char path[] = "/tmp/w2s-fuzz-archive-XXXXXX";

static void path_remove(void)
{
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const inner[] = {"", "/a", "/in/a.zip/b", "/../a"};
    static int fd = -1;
    struct str out = STR_INIT, name = STR_INIT;
    if (fd < 0) {
        fd = mkstemp(path);
        BUG_ON(fd < 0 || atexit(path_remove) != 0);
    }
    BUG_ON(ftruncate(fd, 0) != 0 || pwrite(fd, data, n, 0) != (ssize_t)n);
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        struct err e = ERR_INIT;
        str_reset(&name);
        str_addf(&name, "%s%s", path, inner[i]);
        int rc = archive_read(&out, name.s, &e);
        BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, path, sizeof path - 1) != 0));
    }
    str_release(&out);
    str_release(&name);
    return 0;
}
