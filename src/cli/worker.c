/* worker.c - see worker.h. */
#include "cli/worker.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/proc.h"

int worker_init(struct worker *w, const char *runs, const char *device, const char *const *operands,
                size_t n, struct err *e)
{
    const struct {
        const char *word, *value;
    } passed[] = {{"--runs", runs}, {"--device", device}};
    size_t at = 0;
    char path[4096];
    str_init(&w->threads);
    str_init(&w->self);
    w->argv = mem_alloc(n + 16, sizeof *w->argv, e);
    if (!w->argv)
        return e->code;
    str_addf(&w->threads, "%d", par_threads());
    proc_self(path, sizeof path);
    str_cat(&w->self, path);
    w->argv[at++] = w->self.s;
    w->argv[at++] = "run";
    w->argv[at++] = "--worker";
    w->argv[at++] = "--json";
    w->argv[at++] = "--quiet";
    w->argv[at++] = "--threads";
    w->argv[at++] = w->threads.s;
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (passed[i].value) {
            w->argv[at++] = passed[i].word;
            w->argv[at++] = passed[i].value;
        }
    w->argv[at++] = "--offline"; /* what the parent has opened is there */
    w->argv[at++] = "--";
    for (size_t i = 0; i < n; i++)
        w->argv[at++] = operands[i];
    w->argv[at] = NULL;
    return str_check(&w->threads, e) ? e->code : str_check(&w->self, e);
}

void worker_release(struct worker *w)
{
    mem_free(w->argv);
    str_release(&w->threads);
    str_release(&w->self);
}
