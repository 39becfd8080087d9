/* repro_check.c - whether what a finding speaks of can be there: a name that is wrong is said
 * before hours of computing, not after; and which files that is. */
#include "lab/ladder.h"
#include "lab/repro.h"
#include "lab/repro_rows.h"
#include "core/mem.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* A study of the finding, as far as it is read without its data. */
struct known {
    struct study study;
    struct task *task; /* NULL: not needed yet */
    bool read;
};

static bool fits(const char *pattern, const char *name)
{
    return !pattern || fnmatch(pattern, name, 0) == 0;
}

/* list_add - a name, in quotes, unless it is in the list. */
static void list_add(struct str *list, const char *name)
{
    struct str own = STR_INIT;
    str_addf(&own, "\"%s\"", name);
    if (!strstr(list->s, own.s))
        str_addf(list, "%s%s", list->len ? ", " : "", own.s);
    list->failed = list->failed || own.failed;
    str_release(&own);
}

/* runs_method - curves: of a ceiling, which is ground truth's, too. */
static bool runs_method(const struct study *s, const char *pattern, bool curves, struct str *names)
{
    bool any = !pattern;
    for (size_t i = 0; i < s->n_methods; i++) {
        any = any || fits(pattern, s->methods[i]->name);
        list_add(names, s->methods[i]->name);
    }
    if (s->controls || curves) {
        any = any || strcmp(pattern, "ground truth") == 0;
        list_add(names, "ground truth");
    }
    return any;
}

/* has_supervisor - of simulated ones, whose ids the study tells; any other may be there. */
static bool has_supervisor(const struct study *s, const char *pattern, struct str *names)
{
    struct str id = STR_INIT;
    bool any = !pattern || !s->supervisor.simulates;
    for (size_t i = 0; s->supervisor.simulates && i < s->supervisor.n_votes; i++) {
        str_reset(&id);
        str_addf(&id, "simulated/%s", s->supervisor.votes[i]);
        any = any || pattern_fits(pattern, id.s);
        list_add(names, id.s);
    }
    names->failed = names->failed || id.failed;
    str_release(&id);
    return any;
}

static bool has_band(const struct task *t, const char *pattern, struct str *names)
{
    struct str name = STR_INIT;
    bool any = !pattern;
    for (size_t k = 0; k < task_bands(t); k++) {
        str_reset(&name);
        task_band_name(t, k, &name);
        any = any || fits(pattern, name.s);
        list_add(names, name.s);
    }
    names->failed = names->failed || name.failed;
    str_release(&name);
    return any;
}

/* choice_fail - none of the studies that the keys before leave has what the key asks for. */
static int choice_fail(const struct repro *r, const struct repro_where *w, enum repro_key key,
                       const struct str *names, struct err *e)
{
    const struct doc *d = w->said[key];
    int rc = str_check(names, e);
    return rc ? rc
              : doc_fail(d, e, "\"%s\" is \"%s\", wanted what its studies have at scale %s: %s",
                         repro_keys[key], d->s, r->scale, names->len ? names->s : "none");
}

/* where_check - one study fits all that is said of study, task, simulated supervisor, method and
 * band. curves: of curves within the epochs. */
static int where_check(const struct repro *r, struct known *all, const struct repro_where *w,
                       bool curves, const char *share, struct err *e)
{
    struct str studies = STR_INIT, tasks = STR_INIT, ways = STR_INIT, bands = STR_INIT,
               supervisors = STR_INIT;
    bool study = false, task = false, supervisor = false, method = false, band = false;
    int rc = OK;
    for (size_t i = 0; i < r->n_studies && !rc; i++) {
        struct known *k = &all[i];
        list_add(&studies, r->studies[i].as);
        if (!fits(w->study, r->studies[i].as))
            continue;
        study = true;
        if ((w->task || w->band) && !k->task)
            rc = lab_task_read(&k->task, share, k->study.task, e);
        if (rc)
            break;
        if (w->task)
            list_add(&tasks, task_name(k->task));
        if (w->task && !fits(w->task, task_name(k->task)))
            continue;
        task = true;
        if (!has_supervisor(&k->study, w->supervisor, &supervisors))
            continue;
        supervisor = true;
        if (!runs_method(&k->study, w->method, curves, &ways))
            continue;
        method = true;
        band = !w->band || has_band(k->task, w->band, &bands) || band;
    }
    if (!rc && !study)
        rc = choice_fail(r, w, KEY_STUDY, &studies, e);
    else if (!rc && !task)
        rc = choice_fail(r, w, KEY_TASK, &tasks, e);
    else if (!rc && !supervisor)
        rc = choice_fail(r, w, KEY_SUPERVISOR, &supervisors, e);
    else if (!rc && !method)
        rc = choice_fail(r, w, KEY_METHOD, &ways, e);
    else if (!rc && !band)
        rc = choice_fail(r, w, KEY_BAND, &bands, e);
    str_release(&studies);
    str_release(&tasks);
    str_release(&supervisors);
    str_release(&ways);
    str_release(&bands);
    return rc;
}

static int study_know(const struct repro_study *x, struct known *k, const char *share,
                      struct err *e)
{
    struct str path = STR_INIT;
    int rc = lab_study_path(share, x->study, &path, e);
    if (rc)
        err_wrap(e, "%s:%d", x->said->file, x->said->line);
    else
        rc = study_read_from(&k->study, path.s, x->overrides, x->from, x->n_overrides, e);
    k->read = !rc;
    str_release(&path);
    return rc;
}

static int ladder_check(const struct repro_ladder *x, const char *share, struct err *e)
{
    struct ladder l;
    struct str path = STR_INIT;
    int rc = lab_ladder_path(share, x->ladder, &path, e);
    if (!rc && !(rc = ladder_read(&l, path.s, NULL, 0, e)))
        ladder_release(&l);
    str_release(&path);
    return rc;
}

static int choices_check(const struct repro *r, struct known *all, const char *share, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < r->n_claims && !rc; i++) {
        rc = where_check(r, all, &r->claims[i].where, false, share, e);
        if (!rc && r->claims[i].subtracts)
            rc = where_check(r, all, &r->claims[i].minus, false, share, e);
    }
    for (size_t i = 0; i < r->n_panels; i++)
        for (size_t k = 0; k < r->panels[i].n && !rc; k++)
            rc = where_check(r, all, &r->panels[i].series[k].where, r->panels[i].x == KEY_EPOCH,
                             share, e);
    return rc;
}

int repro_check(const struct repro *r, const char *share, struct err *e)
{
    struct known *all = mem_zalloc(r->n_studies, sizeof *all, e);
    int rc = all ? OK : e->code;
    for (size_t i = 0; i < r->n_ladders && !rc; i++)
        if ((rc = ladder_check(&r->ladders[i], share, e)))
            err_wrap(e, "%s: ladder %s", r->name, r->ladders[i].ladder);
    for (size_t i = 0; i < r->n_studies && !rc; i++)
        if ((rc = study_know(&r->studies[i], &all[i], share, e)))
            err_wrap(e, "%s: study %s", r->name, r->studies[i].as);
    if (!rc)
        rc = choices_check(r, all, share, e);
    for (size_t i = 0; all && i < r->n_studies; i++) {
        if (all[i].read)
            study_release(&all[i].study);
        task_free(all[i].task);
    }
    mem_free(all);
    return rc;
}

/* file_add - the hash of a file's bytes; path NULL: there is none. */
static int file_add(struct hash *h, const char *path, struct err *e)
{
    char hex[HASH_HEX];
    struct err why = ERR_INIT;
    if (!path || hash_file(path, hex, &why))
        snprintf(hex, sizeof hex, "-");
    hash_add(h, hex, strlen(hex));
    if (why.code == ERR_NOMEM)
        *e = why;
    return why.code == ERR_NOMEM ? e->code : OK;
}

/* study_files - of a study its own file and its task's. */
static int study_files(struct hash *h, const struct repro_study *x, const char *share,
                       struct err *e)
{
    struct known k = {.read = false};
    struct str path = STR_INIT;
    struct err why = ERR_INIT;
    bool found = !lab_study_path(share, x->study, &path, &why);
    int rc = file_add(h, found ? path.s : NULL, e);
    if (!rc && found && !study_know(x, &k, share, &why))
        lab_task_read(&k.task, share, k.study.task, &why);
    if (!rc)
        rc = file_add(h, k.task ? task_file(k.task) : NULL, e);
    if (!rc && why.code == ERR_NOMEM) {
        *e = why;
        rc = e->code;
    }
    if (k.read)
        study_release(&k.study);
    task_free(k.task);
    str_release(&path);
    return rc;
}

int repro_files_hash(const char *path, const char *share, const char *scale, char hex[HASH_HEX],
                     struct err *e)
{
    struct repro r;
    struct str ladder = STR_INIT;
    struct hash *h = NULL;
    int rc = repro_read(&r, path, scale, NULL, 0, e);
    if (rc)
        return rc;
    if (!(h = hash_new(e)))
        rc = e->code;
    if (!rc)
        rc = file_add(h, path, e);
    for (size_t i = 0; i < r.n_studies && !rc; i++)
        rc = study_files(h, &r.studies[i], share, e);
    for (size_t i = 0; i < r.n_ladders && !rc; i++) {
        struct err why = ERR_INIT;
        bool found = !lab_ladder_path(share, r.ladders[i].ladder, &ladder, &why);
        rc = file_add(h, found ? ladder.s : NULL, e);
    }
    if (!rc)
        hash_end(h, hex);
    hash_free(h);
    str_release(&ladder);
    repro_release(&r);
    return rc;
}

/* idle_in - whether the i-th study of two readings of a finding is the same. */
static int idle_in(const struct repro *a, const struct repro *b, size_t i, const char *share,
                   bool *idle, struct err *e)
{
    struct known one = {.read = false}, other = {.read = false};
    int rc = study_know(&a->studies[i], &one, share, e);
    if (!rc)
        rc = study_know(&b->studies[i], &other, share, e);
    if (!rc)
        rc = study_same(&one.study, &other.study, idle, e);
    if (one.read)
        study_release(&one.study);
    if (other.read)
        study_release(&other.study);
    return rc;
}

int repro_idle(const struct repro *r, const char *share, size_t k, bool *idle, struct err *e)
{
    struct repro less;
    struct err why = ERR_INIT;
    const char **with = mem_alloc(r->n_with, sizeof *with, e);
    *idle = false;
    if (!with)
        return e->code;
    for (size_t i = 0, m = 0; i < r->n_with; i++)
        if (i != k)
            with[m++] = r->with[i];
    if (!repro_read(&less, r->tree.root->file, r->scale, with, r->n_with - 1, &why)) {
        *idle = true;
        for (size_t i = 0; i < r->n_studies && *idle && !why.code; i++)
            if (idle_in(r, &less, i, share, idle, &why))
                *idle = false;
        repro_release(&less);
    }
    mem_free(with);
    if (why.code == ERR_NOMEM)
        *e = why;
    return why.code == ERR_NOMEM ? e->code : OK;
}
