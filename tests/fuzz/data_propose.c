/* data_propose - any bytes as a file that nobody has described: a sentence that names it, or a task
 * file that can be read and names only fields that there are. The first byte says which format. */
#include "core/file.h"
#include "data/propose.h"
#include "data/task.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char dir[] = "/tmp/w2s-fuzz-propose-XXXXXX";

static void dir_remove(void)
{
    struct err e = ERR_INIT;
    (void)file_remove_tree(dir, &e);
}

static void put(struct str *path, const char *name, const void *data, size_t n)
{
    static bool made;
    if (!made)
        BUG_ON(!mkdtemp(dir) || atexit(dir_remove) != 0);
    made = true;
    str_path(path, dir, name);
    FILE *f = fopen(path->s, "wb");
    BUG_ON(!f || fwrite(data, 1, n, f) != n || fclose(f) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"f.csv", "f.tsv", "f.jsonl", "f.json", "f.txt"};
    struct str path = STR_INIT, yaml = STR_INIT;
    struct err e = ERR_INIT;
    struct task *t = NULL;
    if (!n)
        return 0;
    const char *name = names[data[0] % 5];
    put(&path, name, data + 1, n - 1);
    int rc = task_propose(&yaml, path.s, name, "fuzz", NULL, &e);
    BUG_ON(rc && (rc != ERR_INPUT || !strstr(e.msg, name)));
    if (!rc) {
        put(&path, "t.yaml", yaml.s, yaml.len);
        if (task_read(&t, path.s, &e))
            BUG("%s\n%s", e.msg, yaml.s);
        task_free(t);
    }
    str_release(&path);
    str_release(&yaml);
    return 0;
}
