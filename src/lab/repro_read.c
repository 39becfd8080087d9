/* repro_read.c - the file of a finding. */
#include "lab/repro.h"
#include "lab/repro_rows.h"
#include "core/file.h"

#include <math.h>
#include <string.h>

const char *const repro_values[] = {
    "weak",      "student",         "ceiling",         "gap",           "gain",      "pgr",
    "agreement", "agreement_right", "agreement_wrong", "ceiling_wrong", "untrained", "recited",
    NULL};
const char *const repro_takes[] = {
    "mean",          "median",           "interquartile_mean", "pooled",
    "slope_student", "slope_supervisor", "slope_ratio",        NULL};
const char *const repro_keys[] = {"study",
                                  "task",
                                  "supervisor",
                                  "student",
                                  "method",
                                  "band",
                                  "supervisor_size",
                                  "student_size",
                                  "size_ratio",
                                  "supervisor_layers",
                                  "student_layers",
                                  "epoch",
                                  NULL};
const char *const repro_curve_values[] = {"accuracy", "weak_accuracy", "test_accuracy", NULL};
const char *const repro_scales[] = {"laptop", "gpu", "paper", NULL};
const char *const repro_wants[] = {"above", "below", "within", NULL};
const char *const repro_verdicts[] = {"holds", "does not hold", "cannot tell"};

static const char *const root_keys[] = {"name",   "title",  "source", "shape", "level",
                                        "scales", "claims", "figure", NULL},
                         *const scale_keys[] = {"minutes", "caveat", "ladders", "studies", NULL},
                         *const study_keys[] = {"as", "study", "set", "tasks", NULL},
                         *const claim_keys[] = {"say",   "value",  "take",  "each",
                                                "where", "minus",  "match", "above",
                                                "below", "within", NULL},
                         *const where_keys[] = {"study",  "task", "supervisor", "student",
                                                "method", "band", "larger",     NULL},
                         *const minus_keys[] = {"value",      "study",   "task",
                                                "supervisor", "student", "method",
                                                "band",       "larger",  NULL},
                         *const panel_keys[] = {"title", "label", "x", "each", "series", NULL},
                         *const series_keys[] = {"name", "y", "take", "where", "lines", NULL},
                         *const match_names[] = {"pairs", "models", "none", NULL};

static int list_want(const struct doc *d, const char *key, const struct doc *at, struct err *e)
{
    if (!d)
        return doc_fail(at, e, "\"%s\" is missing", key);
    if (d->type != DOC_LIST || !d->n)
        return doc_fail(d, e, "\"%s\" is %s, wanted a list with something in it", key,
                        d->type == DOC_LIST ? "empty" : doc_type_name(d->type));
    if (d->n > REPRO_LIST)
        return doc_fail(d, e, "\"%s\" has %zu entries, wanted at most %d", key, d->n, REPRO_LIST);
    return OK;
}

/* side_check - what a supervisor or student is told by can fit an id: all of those have a "/". */
static int side_check(const struct doc *d, const char *key, struct err *e)
{
    static const char *const words[] = {"largest", "smallest"};
    if (strpbrk(d->s, "/*?[") || size_sign(d->s))
        return OK;
    const char *near = str_nearest(d->s, words, 2);
    return doc_fail(d, e,
                    "\"%s\" is \"%s\", which is the id of none: wanted largest, smallest, or an id "
                    "such as gpt2/12 or votes/NAME, with * for what may be anything%s%s%s",
                    key, d->s, near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
}

static int where_read(struct repro_where *w, const struct doc *m, const char *const *keys,
                      struct err *e)
{
    int rc;
    if (!m)
        return OK;
    if ((rc = doc_check_keys(m, keys, e)))
        return rc;
    const struct {
        const char *key, **to;
    } strings[] = {{"study", &w->study},     {"task", &w->task},     {"supervisor", &w->supervisor},
                   {"student", &w->student}, {"method", &w->method}, {"band", &w->band}};
    for (int i = 0; i < KEY_NAMES; i++) {
        if ((rc = doc_opt_str(m, strings[i].key, strings[i].to, e)))
            return rc;
        if (doc_get(m, strings[i].key))
            w->said[i] = doc_get(m, strings[i].key);
        if ((i == KEY_SUPERVISOR || i == KEY_STUDENT) && *strings[i].to &&
            (rc = side_check(w->said[i], strings[i].key, e)))
            return rc;
    }
    return doc_opt_bool(m, "larger", &w->larger, e);
}

static int value_read(const struct doc *m, const char *key, const char *const *names, int *value,
                      struct err *e)
{
    if (!doc_get(m, key))
        return doc_fail(m, e, "\"%s\" is missing", key);
    return doc_opt_enum(m, key, names, value, e);
}

static int take_read(const struct doc *m, enum repro_take *take, int value, struct err *e)
{
    int t = TAKE_MEAN, rc = doc_opt_enum(m, "take", repro_takes, &t, e);
    *take = (enum repro_take)t;
    if (!rc && *take == TAKE_POOLED && value != TRIO_PGR)
        rc = doc_fail(doc_get(m, "take"), e, "\"take\" is pooled, which is of pgr alone");
    return rc;
}

/* minus_read - the second choice of pairs, if there is one, and how it goes with the first. */
static int minus_read(struct repro_claim *c, const struct doc *m, struct err *e)
{
    const struct doc *minus = doc_get(m, "minus");
    int match = MATCH_PAIRS, rc = doc_opt_enum(m, "match", match_names, &match, e);
    c->match = (enum repro_match)match;
    c->other = c->value;
    if (rc)
        return rc;
    if (!minus)
        return match ? doc_fail(doc_get(m, "match"), e,
                                "\"match\" wants something to match: \"minus\"")
                     : OK;
    c->subtracts = true;
    if ((rc = where_read(&c->minus, minus, minus_keys, e)) ||
        (rc = doc_opt_enum(minus, "value", repro_values, &c->other, e)))
        return rc;
    if (c->take == TAKE_POOLED && c->other != c->value)
        return doc_fail(doc_get(minus, "value"), e,
                        "\"take\" is pooled, which is of pgr alone, on both sides");
    return OK;
}

/* bound_read - one of "above", "below", "within". */
static int bound_read(struct repro_claim *c, const struct doc *m, struct err *e)
{
    int n = 0;
    for (int k = 0; repro_wants[k]; k++)
        if (doc_get(m, repro_wants[k])) {
            c->want = (enum repro_want)k;
            n++;
        }
    if (n != 1)
        return doc_fail(m, e, "a claim wants \"above\", \"below\" or \"within\", one of them");
    return doc_opt_real(m, repro_wants[c->want], c->want == WANT_WITHIN ? 1e-9 : -1e9, 1e9,
                        &c->bound, e);
}

static int key_read(const struct doc *d, size_t n, enum repro_key *key, struct err *e)
{
    size_t k = 0;
    while (d->type == DOC_STRING && k < n && strcmp(repro_keys[k], d->s) != 0)
        k++;
    if (d->type != DOC_STRING || k == n) {
        struct str list = STR_INIT;
        for (size_t i = 0; i < n; i++)
            str_addf(&list, "%s%s", i ? ", " : "", repro_keys[i]);
        doc_fail(d, e, "\"%s\" is not known here, wanted one of %s",
                 d->type == DOC_STRING ? d->s : doc_type_name(d->type), list.s);
        str_release(&list);
        return e->code;
    }
    *key = (enum repro_key)k;
    return OK;
}

/* each_read - a name whose pairs are taken together first. */
static int each_read(struct repro_claim *c, const struct doc *m, struct err *e)
{
    const struct doc *each = doc_get(m, "each");
    if (!each)
        return OK;
    if (c->take >= TAKE_POOLED)
        return doc_fail(each, e, "\"each\" is of \"take\" mean, median and interquartile_mean");
    c->grouped = true;
    return key_read(each, KEY_NAMES, &c->each, e);
}

static int claim_read(struct repro_claim *c, const struct doc *m, struct err *e)
{
    int rc = doc_check_keys(m, claim_keys, e);
    if (rc || (rc = doc_str(m, "say", &c->say, e)) ||
        (rc = value_read(m, "value", repro_values, &c->value, e)) ||
        (rc = take_read(m, &c->take, c->value, e)) || (rc = each_read(c, m, e)) ||
        (rc = where_read(&c->where, doc_get(m, "where"), where_keys, e)) ||
        (rc = minus_read(c, m, e)))
        return rc;
    return bound_read(c, m, e);
}

static int series_read(struct repro_series *s, const struct doc *m, bool curves, struct err *e)
{
    const struct doc *lines = doc_get(m, "lines");
    int rc = doc_check_keys(m, series_keys, e);
    s->name = "";
    if (rc || (rc = doc_opt_str(m, "name", &s->name, e)) ||
        (rc = value_read(m, "y", curves ? repro_curve_values : repro_values, &s->value, e)) ||
        (rc = take_read(m, &s->take, curves ? TRIO_VALUES : s->value, e)) ||
        (rc = where_read(&s->where, doc_get(m, "where"), where_keys, e)))
        return rc;
    if (curves && s->where.band)
        return doc_fail(s->where.said[KEY_BAND], e, "\"band\" is not of curves within the epochs");
    if (s->take > TAKE_POOLED)
        return doc_fail(doc_get(m, "take"), e,
                        "a point's \"take\" is mean, median, interquartile_mean or pooled");
    if (lines && lines->type != DOC_LIST)
        return doc_fail(lines, e, "\"lines\" is a %s, wanted a list", doc_type_name(lines->type));
    for (const struct doc *d = lines ? lines->child : NULL; d; d = d->next) {
        enum repro_key key;
        if ((rc = key_read(d, KEY_NAMES, &key, e)))
            return rc;
        s->lines[key] = true;
    }
    return OK;
}

static int panel_read(struct repro_panel *p, const struct doc *m, struct err *e)
{
    const struct doc *x = doc_get(m, "x"), *series = doc_get(m, "series"),
                     *each = doc_get(m, "each");
    int rc = doc_check_keys(m, panel_keys, e);
    if (rc || (rc = doc_str(m, "title", &p->title, e)) || (rc = doc_str(m, "label", &p->label, e)))
        return rc;
    if (!x)
        return doc_fail(m, e, "\"x\" is missing");
    p->each = KEYS;
    if ((rc = key_read(x, KEYS, &p->x, e)) || (rc = list_want(series, "series", m, e)) ||
        (each && (rc = key_read(each, KEY_NAMES, &p->each, e))))
        return rc;
    for (const struct doc *d = series->child; d && !rc; d = d->next)
        rc = series_read(&p->series[p->n++], d, p->x == KEY_EPOCH, e);
    for (size_t i = 0; i < p->n && each && !rc; i++)
        if (p->series[i].where.said[p->each])
            rc = doc_fail(p->series[i].where.said[p->each], e,
                          "\"%s\" is what the panel has one of for each", repro_keys[p->each]);
    return rc;
}

/* name_beside - a path of a study or a ladder counts from where the finding's file lies, if it is
 * there. */
static int name_beside(struct repro *r, const char **name, const char *file, struct err *e)
{
    struct str dir = STR_INIT, at = STR_INIT;
    int rc = OK;
    if (!lab_is_path(*name) || **name == '/' || !strchr(file, '/'))
        return OK;
    rc = file_folder(&dir, file, e);
    str_path(&at, dir.s, *name);
    if (!rc)
        rc = str_check(&at, e);
    if (!rc && file_exists(at.s) && !(*name = arena_strdup(&r->tree.arena, at.s, e)))
        rc = e->code;
    str_release(&dir);
    str_release(&at);
    return rc;
}

/* override_set - "key=value", from the finding's file at `at` (NULL: the caller's); what the study
 * had for the same key goes. */
static int override_set(struct repro *r, struct repro_study *s, const char *text,
                        const struct doc *at, struct err *e)
{
    struct str from = STR_INIT;
    size_t k = 0, key = strcspn(text, "=") + 1;
    while (k < s->n_overrides && strncmp(s->overrides[k], text, key) != 0)
        k++;
    if (k == REPRO_LIST)
        return doc_fail(at ? at : s->said, e, "a study has more than %d settings of its own",
                        REPRO_LIST);
    s->overrides[k] = arena_strdup(&r->tree.arena, text, e);
    s->from[k] = NULL;
    int rc = s->overrides[k] ? OK : e->code;
    if (!rc && at) {
        str_addf(&from, "%s:%d", at->file, at->line);
        rc = str_check(&from, e);
    }
    if (!rc && at && !(s->from[k] = arena_strdup(&r->tree.arena, from.s, e)))
        rc = e->code;
    s->n_overrides = rc || k < s->n_overrides ? s->n_overrides : k + 1;
    str_release(&from);
    return rc;
}

/* study_read_one - task: one of the entry's "tasks", by which the study is called; NULL: it has
 * none. */
static int study_read_one(struct repro *r, const struct doc *m, const struct doc *task,
                          struct err *e)
{
    if (r->n_studies == REPRO_LIST)
        return doc_fail(m, e, "there are more than %d studies", REPRO_LIST);
    struct repro_study *s = &r->studies[r->n_studies++];
    const struct doc *set = doc_get(m, "set");
    int rc = doc_check_keys(m, study_keys, e);
    s->results = (struct doc_tree)DOC_TREE_INIT;
    s->said = doc_get(m, "study");
    if (rc || (rc = doc_str(m, "study", &s->study, e)))
        return rc;
    if (task && doc_get(m, "as"))
        return doc_fail(doc_get(m, "as"), e,
                        "\"as\" is one name, and of \"tasks\" each is a study");
    s->as = task ? task->s : s->study;
    if ((rc = doc_opt_str(m, "as", &s->as, e)) || (rc = name_beside(r, &s->study, m->file, e)))
        return rc;
    for (size_t i = 0; i + 1 < r->n_studies; i++)
        if (strcmp(r->studies[i].as, s->as) == 0)
            return doc_fail(m, e, "two studies are called \"%s\"; \"as\" names one anew", s->as);
    if (set && set->type != DOC_MAP)
        return doc_fail(set, e, "\"set\" is a %s, wanted a map of settings",
                        doc_type_name(set->type));
    for (const struct doc *d = set ? set->child : NULL; d && !rc; d = d->next) {
        struct str text = STR_INIT;
        str_addf(&text, "%s=", d->key);
        doc_write_json(&text, d); /* a value in JSON is one in YAML's flow style */
        rc = str_check(&text, e);
        if (!rc)
            rc = override_set(r, s, text.s, d, e);
        str_release(&text);
    }
    if (!rc && task) {
        struct str text = STR_INIT;
        str_addf(&text, "task=%s", task->s);
        rc = str_check(&text, e);
        if (!rc)
            rc = override_set(r, s, text.s, task, e);
        str_release(&text);
    }
    return rc;
}

/* setting_overlaps - whether one of two "key=value" sets what the other does, or a part of it. */
static bool setting_overlaps(const char *a, const char *b)
{
    size_t n = strcspn(a, "="), m = strcspn(b, "="), least = n < m ? n : m;
    return strncmp(a, b, least) == 0 && (n == m || (n < m ? b : a)[least] == '.');
}

/* setting_own - what a study of the finding sets itself of that; NULL: nothing. */
static const char *setting_own(const struct repro_study *s, const char *text)
{
    for (size_t i = 0; i < s->n_own; i++)
        if (setting_overlaps(s->overrides[i], text))
            return s->overrides[i];
    return NULL;
}

/* setting_contrasts - whether a study is told by that setting from another one of the same file:
 * what the finding compares is not overridden. */
static bool setting_contrasts(const struct repro *r, const struct repro_study *s, const char *text)
{
    const char *own = setting_own(s, text);
    for (size_t i = 0; own && i < r->n_studies; i++) {
        const struct repro_study *x = &r->studies[i];
        const char *other = setting_own(x, text);
        if (strcmp(x->study, s->study) == 0 && (!other || strcmp(own, other) != 0))
            return true;
    }
    return false;
}

/* with_set - the caller's settings, over those that the studies do not differ in. */
static int with_set(struct repro *r, const char *text, struct err *e)
{
    bool keeps[REPRO_LIST];
    size_t kept = 0;
    int rc = OK;
    if (str_starts(text, "level="))
        return err_set(e, ERR_INPUT,
                       "%s: intervals of a finding are of its own level, which its file says "
                       "(\"level\")",
                       text);
    for (size_t i = 0; i < r->n_studies; i++)
        kept += keeps[i] = setting_contrasts(r, &r->studies[i], text);
    for (size_t i = 0; i < r->n_studies && !rc; i++) {
        struct repro_study *s = &r->studies[i];
        if (!keeps[i])
            rc = override_set(r, s, text, NULL, e);
        else if (s->n_kept < REPRO_LIST)
            s->kept[s->n_kept++] = setting_own(s, text);
    }
    if (!rc && kept == r->n_studies)
        rc = err_set(e, ERR_INPUT,
                     "%s: \"%.*s\" is what its studies are told apart by at scale %s, wanted a "
                     "setting that they share",
                     r->name, (int)strcspn(text, "="), text, r->scale);
    return rc;
}

/* studies_read - an entry's study, or one for each of its tasks. */
static int studies_read(struct repro *r, const struct doc *m, struct err *e)
{
    const struct doc *tasks = doc_get(m, "tasks");
    int rc = OK;
    if (!tasks)
        return study_read_one(r, m, NULL, e);
    rc = list_want(tasks, "tasks", m, e);
    for (const struct doc *d = rc ? NULL : tasks->child; d && !rc; d = d->next)
        rc = d->type == DOC_STRING ? study_read_one(r, m, d, e)
                                   : doc_fail(d, e, "\"tasks\" holds a %s, wanted tasks' names",
                                              doc_type_name(d->type));
    return rc;
}

static int ladders_read(struct repro *r, const struct doc *list, struct err *e)
{
    int rc = list ? list_want(list, "ladders", list, e) : OK;
    for (const struct doc *d = list && !rc ? list->child : NULL; d && !rc; d = d->next) {
        if (d->type != DOC_STRING)
            return doc_fail(d, e, "\"ladders\" holds a %s, wanted names of ladders, or files",
                            doc_type_name(d->type));
        r->ladders[r->n_ladders].ladder = d->s;
        rc = name_beside(r, &r->ladders[r->n_ladders++].ladder, d->file, e);
    }
    return rc;
}

static int scale_read(struct repro *r, const char *scale, struct err *e)
{
    const struct doc *scales = doc_get(r->tree.root, "scales"), *m, *list;
    int rc;
    if (!scales)
        return doc_fail(r->tree.root, e, "\"scales\" is missing");
    if ((rc = doc_check_keys(scales, repro_scales, e)))
        return rc;
    r->scale = scale;
    if (!(m = doc_get(scales, scale)))
        return doc_fail(scales, e, "there is no scale \"%s\" of this finding", scale);
    list = doc_get(m, "studies");
    if ((rc = doc_check_keys(m, scale_keys, e)) ||
        (rc = doc_opt_real(m, "minutes", 0, 1e9, &r->minutes, e)) ||
        (rc = doc_opt_str(m, "caveat", &r->caveat, e)) ||
        (rc = ladders_read(r, doc_get(m, "ladders"), e)) || (rc = list_want(list, "studies", m, e)))
        return rc;
    for (const struct doc *d = list->child; d && !rc; d = d->next)
        rc = studies_read(r, d, e);
    for (size_t i = 0; i < r->n_studies; i++)
        r->studies[i].n_own = r->studies[i].n_overrides;
    for (size_t k = 0; k < r->n_with && !rc; k++)
        rc = with_set(r, r->with[k], e);
    return rc;
}

int repro_read(struct repro *r, const char *path, const char *scale, const char *const *with,
               size_t n_with, struct err *e)
{
    const struct doc *root, *claims, *figure;
    memset(r, 0, sizeof *r);
    samples_init(&r->samples);
    r->source = r->shape = r->caveat = "";
    r->level = 0.95;
    r->with = with;
    r->n_with = n_with;
    r->minutes = (double)NAN;
    int rc = doc_read_yaml(&r->tree, path, e);
    if (rc)
        goto out;
    root = r->tree.root;
    if ((rc = doc_check_keys(root, root_keys, e)) || (rc = study_name(root, &r->name, e)) ||
        (rc = doc_str(root, "title", &r->title, e)) ||
        (rc = doc_opt_str(root, "source", &r->source, e)) ||
        (rc = doc_str(root, "shape", &r->shape, e)) ||
        (rc = doc_opt_real(root, "level", 0.5, 0.9999, &r->level, e)) ||
        (rc = scale_read(r, scale, e)))
        goto out;
    claims = doc_get(root, "claims");
    figure = doc_get(root, "figure");
    if ((rc = list_want(claims, "claims", root, e)) || (rc = list_want(figure, "figure", root, e)))
        goto out;
    for (const struct doc *d = claims->child; d && !rc; d = d->next)
        rc = claim_read(&r->claims[r->n_claims++], d, e);
    for (const struct doc *d = figure->child; d && !rc; d = d->next)
        rc = panel_read(&r->panels[r->n_panels++], d, e);
    for (const struct doc *d = figure->child, *one = NULL; d && !rc; d = d->next) {
        const struct doc *each = doc_get(d, "each");
        if (each && one)
            rc = doc_fail(each, e, "a second panel has \"each\", wanted one at most");
        one = each ? each : one;
    }
out:
    if (rc)
        repro_release(r);
    return rc;
}

void repro_release(struct repro *r)
{
    for (size_t i = 0; i < r->n_studies; i++)
        doc_tree_release(&r->studies[i].results);
    samples_release(&r->samples);
    doc_tree_release(&r->tree);
}

int repro_studied(struct repro *r, size_t i, const char *dir, struct err *e)
{
    struct str path = STR_INIT;
    double seconds = 0;
    const struct doc *constant;
    str_path(&path, dir, "results.json");
    int rc = str_check(&path, e);
    if (!rc)
        rc = doc_read_json(&r->studies[i].results, path.s, e);
    if (!rc)
        rc = doc_opt_real(doc_get(r->studies[i].results.root, "study"), "seconds", 0, 1e12,
                          &seconds, e);
    r->seconds += seconds;
    const struct doc *jobs = rc ? NULL : doc_get(r->studies[i].results.root, "jobs");
    for (const struct doc *j = jobs ? jobs->child : NULL; j; j = j->next)
        r->studies[i].failed += doc_get(j, "error") ? 1 : 0;
    constant =
        rc ? NULL : doc_get(doc_get(r->studies[i].results.root, "task"), "constant_accuracy");
    if (constant && constant->type != DOC_NULL && r->samples.n)
        rc = rows_untaught(&r->samples, r->studies[i].as, constant->r, r->level,
                           &r->studies[i].untaught, e);
    str_release(&path);
    return rc;
}

int repro_ladder_missing(struct repro *r, size_t i, const char *name, struct err *e)
{
    r->ladders[i].missing = arena_strdup(&r->tree.arena, name, e);
    return r->ladders[i].missing ? OK : e->code;
}

int repro_missing(struct repro *r, size_t i, const char *why, struct err *e)
{
    r->studies[i].missing = arena_strdup(&r->tree.arena, why, e);
    return r->studies[i].missing ? OK : e->code;
}
