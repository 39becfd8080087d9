/* lab_labels - any bytes as a file of labels: no crash, a sentence where it is refused, and where
 * it is read every row's numbers are a distribution.
 *
 * The first byte says how: bits 0 and 1 CSV, TSV, JSON lines or JSON; bit 2 three classes. */
#include "scratch.h"
#include "lab/given.h"
#include "core/mem.h"

#include <math.h>

/* Ids that the corpus has. */
static char ids[][17] = {"a", "b", "c", "1", "2", "-1", "0", "id", "0123456789abcdef"};
enum { IDS = sizeof ids / sizeof *ids };

static void found_check(const struct given *g, size_t K)
{
    struct example x[IDS];
    struct dataset d = {.classes = K};
    const struct example *first = NULL;
    size_t seeds = given_last_seed(g), lacking = 0, strange, rows;
    struct err e = ERR_INIT;
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < IDS; i++) {
        memcpy(x[i].id, ids[i], sizeof x[i].id);
        const double *p = given_find(g, ids[i], seeds);
        double sum = 0;
        lacking += !p;
        for (size_t k = 0; p && k < K; k++) {
            BUG_ON(!(p[k] >= 0 && p[k] <= 1));
            sum += p[k];
        }
        BUG_ON(p && fabs(sum - 1) > 1e-9);
    }
    d.part[PART_TEST] = x;
    d.n[PART_TEST] = IDS;
    BUG_ON(given_missing(g, &d, PART_TEST, seeds, &first) != lacking || (lacking && !first));
    BUG_ON(given_strange(g, &d, 1, &strange, &rows, &e) || strange > rows || !rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"l.csv", "l.tsv", "l.jsonl", "l.json"};
    static const char *const classes[] = {"bad", "good", "so"};
    static struct task *tasks[2];
    struct given *g = NULL;
    struct err e = ERR_INIT;
    if (!n)
        return 0;
    const size_t K = data[0] & 4 ? 3 : 2;
    struct task **t = &tasks[K == 3];
    if (!*t)
        BUG_ON(task_named(t, "fuzz", "fuzz", "", "", classes, K, &e));
    const char *path = fuzz_path(names[data[0] & 3]);
    fuzz_put(path, data + 1, n - 1);
    int rc = given_read(&g, path, *t, NULL, &e);
    BUG_ON(rc && (rc != ERR_INPUT || !str_starts(e.msg, path) || strchr(e.msg, '\n')));
    if (!rc)
        found_check(g, K);
    given_free(g);
    (void)remove(path);
    return 0;
}
