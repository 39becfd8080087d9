/* lab_study - any bytes as a study: no crash, a sentence where it is refused, and where it is read
 * its settings as text are a study that has the same ones. */
#include "scratch.h"
#include "lab/study.h"

static void settings_of(const char *path, struct str *yaml, bool sure)
{
    struct study s;
    struct err e = ERR_INIT;
    int rc = study_read(&s, path, NULL, 0, &e);
    BUG_ON(rc && (sure || rc != ERR_INPUT || !*e.msg || strchr(e.msg, '\n')));
    if (rc)
        return;
    BUG_ON(study_resolved(&s, NULL, NULL, yaml, &e));
    study_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str once = STR_INIT, twice = STR_INIT;
    const char *path = fuzz_path("study.yaml");
    fuzz_put(path, data, n);
    settings_of(path, &once, false);
    if (once.len) {
        fuzz_put(path, once.s, once.len);
        settings_of(path, &twice, true);
        BUG_ON(once.len != twice.len || memcmp(once.s, twice.s, once.len) != 0);
    }
    str_release(&once);
    str_release(&twice);
    return 0;
}
