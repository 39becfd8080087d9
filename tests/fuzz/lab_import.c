/* lab_import - any bytes as a table of predictions that another program made: no crash, a sentence
 * where it is refused, and where it is read every example has a class and every model's numbers are
 * a distribution.
 *
 * The first byte says how: bits 0 and 1 CSV, TSV, JSON lines or JSON; bit 2 three classes; bit 3
 * the table is of one model that it need not name; bit 4 the truth is read of it too. */
#include "scratch.h"
#include "lab/import.h"
#include "core/mem.h"

#include <math.h>

static void models_check(const struct import *m)
{
    BUG_ON(!m->n_models || !m->n_truths);
    for (size_t i = 0; i < m->n_truths; i++) {
        const struct truth *t = &m->truths[i];
        BUG_ON(t->label < 0 || (size_t)t->label >= m->K || strlen(t->id) > 16 || !*t->id);
        for (size_t k = 0; k < m->n_models; k++) {
            const size_t seed = t->seed == GIVEN_ANY ? 0 : t->seed;
            const double *p = given_find(m->models[k].given, t->id, seed);
            double sum = 0;
            for (size_t c = 0; p && c < m->K; c++) {
                BUG_ON(!(p[c] >= 0 && p[c] <= 1));
                sum += p[c];
            }
            BUG_ON(p && fabs(sum - 1) > 1e-9);
        }
    }
    for (size_t k = 0; k < m->n_models; k++)
        BUG_ON(!*m->models[k].name || import_model(m, m->models[k].name) != &m->models[k]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"t.csv", "t.tsv", "t.jsonl", "t.json"};
    struct import m = {.classes = {"bad", "good", "so"}, .duckdb = STR_INIT, .files = STR_INIT};
    struct err e = ERR_INIT;
    char yaml[200];
    if (!n)
        return 0;
    const char *name = names[data[0] & 3], *table = fuzz_path(name);
    fuzz_put(table, data + 1, n - 1);
    snprintf(yaml, sizeof yaml, "predictions: %s%s%s\n%s%s\n", data[0] & 8 ? "{one: " : "", name,
             data[0] & 8 ? "}" : "", data[0] & 16 ? "truth: " : "", data[0] & 16 ? name : "");
    m.K = data[0] & 4 ? 3 : 2;
    m.path = fuzz_path("import.yaml");
    fuzz_put(m.path, yaml, strlen(yaml));
    BUG_ON(doc_read_yaml(&m.tree, m.path, &e));
    int rc = import_tables(&m, &e);
    BUG_ON(rc && (rc != ERR_INPUT || !*e.msg || strchr(e.msg, '\n')));
    if (!rc)
        models_check(&m);
    for (size_t i = 0; i < m.n_models; i++)
        given_free(m.models[i].given);
    mem_free(m.models);
    mem_free(m.truths);
    arena_release(&m.arena);
    doc_tree_release(&m.tree);
    str_release(&m.duckdb);
    str_release(&m.files);
    (void)remove(table);
    return 0;
}
