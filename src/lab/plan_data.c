/* plan_data.c - what a study's jobs are made from: its models, and for each repetition its data,
 * drawn and cut. */
#include "lab/plan.h"
#include "core/mem.h"
#include "core/stop.h"
#include "data/lint.h"

#include <string.h>

/* models_show - each model's name for people. */
static int models_show(struct plan *p, struct err *e)
{
    const char *names[PLAN_MODELS];
    bool paths[PLAN_MODELS];
    struct str shown = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < p->n_models; i++) {
        names[i] = p->models[i].name;
        paths[i] = lab_ladder_model(names[i], NULL) || asset_is_path(p->lab->assets, names[i]);
    }
    for (size_t i = 0; i < p->n_models && !rc; i++) {
        str_reset(&shown);
        shown_name(names, paths, p->n_models, i, &shown);
        rc = str_check(&shown, e);
        if (!rc && !(p->models[i].shown = arena_strdup(&p->arena, shown.s, e)))
            rc = e->code;
    }
    str_release(&shown);
    return rc;
}

/* model_open - one of them, unless it is open. */
static int model_open(struct plan *p, const char *name, struct err *e)
{
    for (size_t m = 0; m < p->n_models; m++)
        if (strcmp(p->models[m].name, name) == 0)
            return OK;
    int rc = lab_model_open(&p->models[p->n_models], p->lab, name, e);
    if (rc)
        return rc;
    size_t most = weights_config(p->models[p->n_models++].weights)->positions;
    if (p->study->max_tokens > most)
        return err_set(e, ERR_INPUT, "data.max_tokens is %zu, model %s takes at most %zu",
                       p->study->max_tokens, name, most);
    return OK;
}

int plan_models_open(struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    const struct study_side *sides[2] = {&s->supervisor, &s->student};
    int rc = OK;
    p->models = arena_alloc(&p->arena, PLAN_MODELS, sizeof *p->models, e);
    if (!p->models)
        return e->code;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sides[i]->n_models && !rc; k++)
            rc = model_open(p, sides[i]->models[k], e);
    for (size_t k = 0; s->supervisor.simulates && k < s->supervisor.n_votes && !rc; k++)
        if (s->supervisor.simulated[k].model)
            rc = model_open(p, s->supervisor.simulated[k].model, e);
    for (size_t i = 0; i < s->n_methods; i++) {
        const struct chain *chain = method_chain(&s->settings, s->methods[i]);
        for (size_t k = 0; chain && k < chain->n && !rc; k++)
            if (chain->of[k].model)
                rc = model_open(p, chain->of[k].model, e);
    }
    if (!rc && s->supervisor.debate.n_forms)
        rc = model_open(p, debate_model(s), e);
    return rc ? rc : models_show(p, e);
}

/* data_cut - every model of the study reads the same text: one cut for all their tokenizers. */
static int data_cut(const struct plan *p, struct dataset *d, struct log *log, struct err *e)
{
    const struct tokenizer *tok[PLAN_MODELS];
    size_t n = 0, cut = 0, all = 0, repeated = 0, shared = 0;
    for (size_t i = 0; i < p->n_models; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || strcmp(p->models[k].tokenizer_hash, p->models[i].tokenizer_hash) == 0;
        if (!again)
            tok[n++] = p->models[i].tokenizer;
    }
    int rc = dataset_cut(d, tok, n, p->study->max_tokens, e);
    for (int part = 0; part < PART_COUNT; part++) {
        cut += d->cut[part];
        all += d->n[part];
        repeated += d->repeated[part];
        shared += d->shared[part];
    }
    if (!rc && cut && log)
        log_info(log, "task %s: %zu of %zu texts cut to %zu tokens%s", task_name(p->task), cut, all,
                 p->study->max_tokens, n > 1 ? ", the same for every model" : "");
    if (!rc && repeated + shared && log)
        log_warn(log,
                 "task %s: cut to %zu tokens, %zu of %zu texts equal another of their part and %zu "
                 "one of another part (of test: %zu of %zu); raise data.max_tokens",
                 task_name(p->task), p->study->max_tokens, repeated, all, shared,
                 d->shared[PART_TEST], d->n[PART_TEST]);
    return rc;
}

/* data_lint - say what could mislead; no study fails for it. */
static int data_lint(const struct plan *p, const struct dataset *d, struct log *log, struct err *e)
{
    struct lint l;
    if (!log || p->worker)
        return OK;
    int rc = lint_dataset(&l, d, e);
    if (!rc)
        lint_warn(&l, task_name(p->task), log);
    return rc;
}

/* sizes_scaled - a share of what is asked for, of each part at least one. */
static void sizes_scaled(const struct task_sizes *all, size_t thousandths, struct task_sizes *out)
{
    *out = *all;
    for (int part = 0; part < PART_COUNT; part++) {
        size_t n = all->n[part] / 1000 * thousandths + all->n[part] % 1000 * thousandths / 1000;
        out->n[part] = all->n[part] && !n ? 1 : n;
    }
}

/* data_fits - more was asked for than there is: what to type, in e, the same shares of every part
 * as far as they go. */
static void data_fits(struct source *source, const struct task_sizes *asked,
                      const struct task_seeds *seeds, struct err *e)
{
    struct task_sizes sizes;
    size_t fits = 0, short_of = 1000;
    while (short_of - fits > 1) {
        struct dataset d;
        struct err why = ERR_INIT;
        size_t middle = (fits + short_of) / 2;
        sizes_scaled(asked, middle, &sizes);
        if (!source_draw(source, &d, &sizes, seeds, NULL, &why)) {
            dataset_release(&d);
            fits = middle;
        } else if (!source_short(source)) {
            return; /* something else is wrong with smaller ones */
        } else {
            short_of = middle;
        }
    }
    if (!fits)
        return;
    struct err said = *e;
    struct str words = STR_INIT;
    sizes_scaled(asked, fits, &sizes);
    for (int part = 0; part < PART_COUNT; part++)
        if (asked->n[part])
            str_addf(&words, " data.%s=%zu", lab_part_names[part], sizes.n[part]);
    if (!words.failed)
        err_set(e, said.code, "%.600s; these would do:%.300s", said.msg, words.s);
    str_release(&words);
}

/* band_find - the number of a band of the task. */
static int band_find(const struct plan *p, int part, const char *name, uint32_t *bands,
                     struct err *e)
{
    struct str own = STR_INIT, list = STR_INIT;
    size_t n = task_bands(p->task), k = 0;
    for (; k < n; k++) {
        str_reset(&own);
        task_band_name(p->task, k, &own);
        if (strcmp(own.s, name) == 0)
            break;
        str_addf(&list, "%s\"%s\"", k ? ", " : "", own.s);
    }
    if (k < n)
        *bands |= UINT32_C(1) << k;
    else
        err_set(e, ERR_INPUT,
                n ? "data.bands.%s: task %s has no band \"%s\"; it has %s"
                  : "data.bands.%s: task %s has no bands, as \"%s\"%s",
                lab_part_names[part], task_name(p->task), name, list.s);
    str_release(&own);
    str_release(&list);
    return k < n ? OK : e->code;
}

/* bands_find - what is wanted of each part, with the bands that the study names. */
static int bands_find(const struct plan *p, struct task_sizes *sizes, struct err *e)
{
    const struct study *s = p->study;
    int rc = OK;
    *sizes = s->sizes;
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < s->n_bands[part] && !rc; i++)
            rc = band_find(p, part, s->bands[part][i], &sizes->bands[part], e);
    return rc;
}

int plan_data_draw(struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    int rc = lab_task_open(&p->task, &p->data_dir, p->lab, s->task, e);
    if (rc)
        return rc;
    lab_task_passed(p->task, s->task, &p->passed);
    if (p->passed.len && !p->worker)
        log_info(p->lab->log, "task %s: from its source \"%s\"; looked for and not there: %s",
                 task_name(p->task), task_source_name(p->task), p->passed.s);
    p->data = arena_alloc(&p->arena, s->seeds, sizeof *p->data, e);
    if (!p->data)
        return e->code;
    struct task_sizes sizes;
    struct source *source;
    struct progress progress;
    if ((rc = bands_find(p, &sizes, e)))
        return rc;
    bool many = s->seeds > 1 && !p->worker;
    rc = source_new(&source, p->task, p->data_dir.s, e);
    if (many)
        progress_begin(&progress, p->lab->log, "drawing data, a seed each", (double)s->seeds, NULL);
    for (size_t r = 0; r < s->seeds && !rc; r++) {
        struct task_seeds seeds = {study_seed(s, SEED_SPLIT, r), study_seed(s, SEED_LABEL, r)};
        struct log *log = r == 0 ? p->lab->log : NULL;
        rc = source_draw(source, &p->data[r], &sizes, &seeds, log, e);
        if (rc && source_short(source))
            data_fits(source, &sizes, &seeds, e);
        if (!rc)
            rc = data_cut(p, &p->data[r], log, e);
        if (!rc)
            rc = data_lint(p, &p->data[r], log, e);
        if (!rc)
            rc = stop_check(e);
        if (many && !rc)
            progress_step(&progress, (double)(r + 1), 0, NULL);
    }
    if (many)
        progress_end(&progress, rc);
    source_free(source);
    return rc;
}
