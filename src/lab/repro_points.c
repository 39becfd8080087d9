/* repro_points.c - what a finding's panels draw. */
#include "lab/bootstrap.h"
#include "lab/repro_rows.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

/* line_told - whether a line's name says which it is of a key: not the study where there is one
 * alone, unless nothing else is said. */
static bool line_told(const struct repro *r, const struct repro_series *series, int k)
{
    bool else_said = *series->name;
    for (int i = 0; i < KEY_NAMES; i++)
        else_said = else_said || (i != KEY_STUDY && series->lines[i]);
    return series->lines[k] && (k != KEY_STUDY || r->n_studies > 1 || !else_said);
}

/* line_words - "student, from 2 layers, naive". names [KEY_NAMES]. */
static void line_words(const struct repro *r, const struct repro_series *series,
                       const char *const *names, struct str *out)
{
    str_cat(out, series->name);
    for (int k = 0; k < KEY_NAMES; k++) {
        if (!line_told(r, series, k))
            continue;
        str_addf(out, "%s%s", out->len ? ", " : "", k == KEY_SUPERVISOR ? "from " : "");
        row_words(&r->samples, (enum repro_key)k, names[k], out);
    }
}

static bool line_same(const struct repro_series *series, const char *const *a, const char *const *b)
{
    for (int k = 0; k < KEY_NAMES; k++)
        if (series->lines[k] && strcmp(a[k], b[k]) != 0)
            return false;
    return true;
}

static void row_keys(const struct sample_row *r, const char *names[KEY_NAMES])
{
    for (int k = 0; k < KEY_NAMES; k++)
        names[k] = row_key(r, (enum repro_key)k);
}

/* An axis of names: those of the pairs that a panel draws, in order of appearance. */
struct axis {
    enum repro_key key;
    const char **names; /* [n], mem_free; they live in the samples */
    size_t n;
};

static size_t name_place(const struct axis *x, const char *name)
{
    size_t place = 0;
    while (place < x->n && strcmp(x->names[place], name) != 0)
        place++;
    return place;
}

/* axis_init - of a panel by a key, its x or another; without names where that is a number. */
static int axis_init(struct axis *x, const struct samples *s, const struct repro_panel *panel,
                     enum repro_key key, struct err *e)
{
    int rc = OK;
    *x = (struct axis){.key = key};
    if (key >= KEY_NAMES)
        return OK;
    if (!(x->names = mem_alloc(s->n, sizeof *x->names, e)))
        return e->code;
    for (size_t k = 0; k < panel->n && !rc; k++) {
        struct rows rows = {NULL, 0};
        rc = rows_pick(&rows, s, &panel->series[k].where, e);
        for (size_t i = 0; i < rows.n; i++) {
            const char *name = row_key(&s->rows[rows.at[i]], key);
            if (name_place(x, name) == x->n)
                x->names[x->n++] = name;
        }
        mem_free(rows.at);
    }
    return rc;
}

static void axis_json(struct js *w, const struct axis *x, const struct samples *s)
{
    js_key(w, "names"), js_open(w, '[');
    for (size_t i = 0; i < x->n; i++) {
        struct str words = STR_INIT;
        row_words(s, x->key, x->names[i], &words);
        js_str(w, words.s);
        w->out->failed = w->out->failed || words.failed;
        str_release(&words);
    }
    js_close(w, ']');
}

static double row_x(const struct axis *x, const struct sample_row *r)
{
    return x->key < KEY_NAMES ? (double)name_place(x, row_key(r, x->key)) : row_number(r, x->key);
}

static void point_json(struct js *w, double x, const struct estimate *y)
{
    js_open(w, '[');
    js_real(w, x), bounds_json(w, y);
    js_close(w, ']');
}

/* point_measure - of rows that share a line and a place. v [samples]. */
static void point_measure(const struct samples *s, const struct rows *rows,
                          const struct repro_series *series, double level, double *v,
                          struct estimate *out)
{
    *out = (struct estimate){(double)NAN, (double)NAN, (double)NAN};
    out->value = rows_take(s, rows, series->value, NULL, 0, series->take, ROW_POINT);
    for (size_t b = 0; b < s->samples; b++)
        v[b] = rows_take(s, rows, series->value, NULL, 0, series->take, b);
    if (!isnan(out->value))
        interval_cautious(v, s->samples, level, out);
}

/* Ratios of sizes that differ by no more are one place: depths of a model that are doubled are so
 * but for its embeddings. */
#define SAME_RATIO 0.01

static bool place_same(const struct axis *axis, double a, double b)
{
    return axis->key == KEY_SIZE_RATIO ? fabs(a - b) <= SAME_RATIO * fabs(a) : a == b;
}

/* place_next - the least place of a line's rows that are left; NAN where none has one. */
static double place_next(const struct samples *s, const struct axis *axis,
                         const struct repro_series *series, const char *const *line,
                         const struct rows *left)
{
    const char *own[KEY_NAMES];
    double x = (double)NAN;
    for (size_t i = 0; i < left->n; i++) {
        const struct sample_row *row = &s->rows[left->at[i]];
        row_keys(row, own);
        if (line_same(series, line, own))
            x = fmin(x, row_x(axis, row)); /* of a number and NAN the number */
    }
    return x;
}

/* line_points - the points of the line of the first of the rows, from left to right; those rows are
 * taken off. */
static void line_points(struct js *w, const struct repro *r, const struct axis *axis,
                        const struct repro_series *series, struct rows *left, struct rows *point,
                        double *v)
{
    const struct samples *s = &r->samples;
    const char *line[KEY_NAMES], *own[KEY_NAMES];
    struct str words = STR_INIT;
    row_keys(&s->rows[left->at[0]], line);
    line_words(r, series, line, &words);
    js_open(w, '{');
    js_key(w, "name"), js_str(w, words.s);
    js_key(w, "points"), js_open(w, '[');
    for (bool more = true; more;) {
        double x = place_next(s, axis, series, line, left), sum = 0;
        size_t kept = 0;
        more = !isnan(x); /* rows without a place are taken off at the end */
        point->n = 0;
        for (size_t i = 0; i < left->n; i++) {
            const struct sample_row *row = &s->rows[left->at[i]];
            row_keys(row, own);
            double at = row_x(axis, row);
            if (!line_same(series, line, own) || (more && !place_same(axis, x, at))) {
                left->at[kept++] = left->at[i];
            } else if (!isnan(row_value(row, series->value, ROW_POINT)) ||
                       series->take == TAKE_POOLED) {
                point->at[point->n++] = left->at[i];
                sum += at;
            }
        }
        left->n = kept;
        if (more && point->n) {
            struct estimate y;
            point_measure(s, point, series, r->level, v, &y);
            if (!isnan(y.value))
                point_json(w, sum / (double)point->n, &y);
        }
    }
    js_close(w, ']');
    js_close(w, '}');
    w->out->failed = w->out->failed || words.failed;
    str_release(&words);
}

/* A curve within the epochs: of a student, or of a ceiling, one of its seeds. */
struct curve {
    const char *keys[KEY_NAMES];
    const struct doc *points;
    double questions;       /* of what it is measured on */
    double weak_size, size; /* parameters; NAN where not known, or there is no supervisor */
    bool drawn;
};

static const char *text_of(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type == DOC_STRING ? d->s : "";
}

static double real_of(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

/* size_of - parameters of the model of that id in a study's results. */
static double size_of(const struct doc *results, const char *id)
{
    const struct doc *models = doc_get(results, "models");
    for (const struct doc *m = models ? models->child : NULL; m; m = m->next)
        if (strcmp(text_of(m, "id"), id) == 0)
            return real_of(m, "params");
    return (double)NAN;
}

/* curve_init - of a job in a study's results; false where it is not wanted. */
static bool curve_init(struct curve *c, const struct repro_study *study,
                       const struct repro_series *series, const struct doc *job)
{
    const struct repro_where *w = &series->where;
    const struct doc *task = doc_get(study->results.root, "task"), *result = doc_get(job, "result");
    const char *method = text_of(job, "method");
    bool control = strcmp(method, "ground truth") == 0;
    *c = (struct curve){.keys = {study->as, text_of(task, "name"), text_of(job, "supervisor"),
                                 text_of(job, "model"), method, ""},
                        .points = doc_get(result, "curve")};
    c->questions =
        series->value == CURVE_TEST ? real_of(result, "test_questions") : real_of(task, "valid");
    c->weak_size = size_of(study->results.root, c->keys[KEY_SUPERVISOR]);
    c->size = size_of(study->results.root, c->keys[KEY_STUDENT]);
    return c->points && strcmp(text_of(job, "role"), control ? "ceiling" : "student") == 0 &&
           (!control || (w->method && strcmp(w->method, method) == 0)) &&
           pattern_fits(w->study, study->as) && pattern_fits(w->task, c->keys[KEY_TASK]) &&
           pattern_fits(w->supervisor, c->keys[KEY_SUPERVISOR]) &&
           pattern_fits(w->student, c->keys[KEY_STUDENT]) && pattern_fits(w->method, method);
}

/* curves_extreme - of curves of one study, task and method those of the largest, or smallest, model
 * stay; how many. weak: by the supervisor. */
static size_t curves_extreme(struct curve *all, size_t n, const char *which, bool weak)
{
    static const enum repro_key alike[] = {KEY_STUDY, KEY_TASK, KEY_METHOD};
    int sign = size_sign(which);
    size_t kept = 0;
    for (size_t i = 0; i < n && sign; i++) {
        bool stays = true;
        for (size_t k = 0; k < n && stays; k++) {
            double x = weak ? all[i].weak_size : all[i].size,
                   y = weak ? all[k].weak_size : all[k].size;
            bool same = true;
            for (size_t m = 0; m < sizeof alike / sizeof *alike; m++)
                same = same && strcmp(all[i].keys[alike[m]], all[k].keys[alike[m]]) == 0;
            stays = !same || !(sign * (y - x) > 0);
        }
        all[i].drawn = !stays; /* for now: not to be kept */
    }
    for (size_t i = 0; i < n; i++) {
        bool stays = !all[i].drawn;
        all[i].drawn = false;
        if (stays)
            all[kept++] = all[i];
    }
    return kept;
}

/* curve_json - the mean of all curves of one line, at each epoch that they share; its interval is
 * that of a share of as many questions as one of them was asked (Wilson's). */
static void curve_json(struct js *w, const struct repro *r, const struct repro_series *series,
                       struct curve *all, size_t n, size_t first)
{
    const char *key = repro_curve_values[series->value];
    struct str words = STR_INIT;
    line_words(r, series, all[first].keys, &words);
    js_open(w, '{');
    js_key(w, "name"), js_str(w, words.s);
    js_key(w, "points"), js_open(w, '[');
    for (const struct doc *p = all[first].points->child; p; p = p->next) {
        double sum = 0, count = 0, epoch = real_of(p, "epoch");
        for (size_t i = first; i < n; i++) {
            if (!line_same(series, all[i].keys, all[first].keys))
                continue;
            all[i].drawn = true;
            for (const struct doc *q = all[i].points->child; q; q = q->next)
                if (fabs(real_of(q, "epoch") - epoch) < 1e-9) {
                    sum += real_of(q, key);
                    count++;
                }
        }
        struct estimate y = metrics_wilson(sum / count, all[first].questions, r->level);
        if (!isnan(y.value))
            point_json(w, epoch, &y);
    }
    js_close(w, ']');
    js_close(w, '}');
    all[first].drawn = true;
    w->out->failed = w->out->failed || words.failed;
    str_release(&words);
}

static int curves_json(struct js *w, const struct repro *r, const struct repro_series *series,
                       struct err *e)
{
    struct curve *all = NULL;
    size_t n = 0, cap = 0;
    int rc = OK;
    for (size_t i = 0; i < r->n_studies && !rc; i++) {
        const struct doc *jobs = doc_get(r->studies[i].results.root, "jobs");
        for (const struct doc *j = jobs ? jobs->child : NULL; j && !rc; j = j->next) {
            rc = mem_grow(&all, &cap, n + 1, sizeof *all, e);
            if (!rc && curve_init(&all[n], &r->studies[i], series, j))
                n++;
        }
    }
    n = curves_extreme(all, n, series->where.supervisor, true);
    n = curves_extreme(all, n, series->where.student, false);
    for (size_t i = 0; i < n && !rc; i++)
        if (!all[i].drawn)
            curve_json(w, r, series, all, n, i);
    mem_free(all);
    return rc;
}

/* series_json - a series' lines with their points, as elements of an open JSON list. */
static int series_json(struct js *w, const struct repro *r, const struct axis *axis,
                       const struct repro_series *series, struct err *e)
{
    struct rows left = {NULL, 0}, point = {NULL, 0};
    double *v = NULL;
    if (axis->key == KEY_EPOCH)
        return curves_json(w, r, series, e);
    int rc = rows_pick(&left, &r->samples, &series->where, e);
    if (!rc && !(point.at = mem_alloc(left.n, sizeof *point.at, e)))
        rc = e->code;
    if (!rc && !(v = mem_alloc(r->samples.samples, sizeof *v, e)))
        rc = e->code;
    while (!rc && left.n)
        line_points(w, r, axis, series, &left, &point, v);
    mem_free(left.at);
    mem_free(point.at);
    mem_free(v);
    return rc;
}

static int panel_one(struct js *w, const struct repro *r, const struct repro_panel *panel,
                     const char *of, struct err *e)
{
    struct axis axis;
    struct str title = STR_INIT;
    int rc = axis_init(&axis, &r->samples, panel, panel->x, e);
    str_cat(&title, panel->title);
    if (of) {
        str_cat(&title, ": ");
        row_words(&r->samples, panel->each, of, &title);
    }
    js_open(w, '{');
    js_key(w, "title"), js_str(w, title.s);
    js_key(w, "label"), js_str(w, panel->label);
    js_key(w, "x"), js_str(w, repro_keys[panel->x]);
    if (panel->x < KEY_NAMES)
        axis_json(w, &axis, &r->samples);
    js_key(w, "lines"), js_open(w, '[');
    for (size_t k = 0; k < panel->n && !rc; k++)
        rc = series_json(w, r, &axis, &panel->series[k], e);
    js_close(w, ']');
    js_close(w, '}');
    w->out->failed = w->out->failed || title.failed;
    str_release(&title);
    mem_free(axis.names);
    return rc;
}

static const char **where_name(struct repro_where *w, enum repro_key key)
{
    const char **const names[KEY_NAMES] = {&w->study,   &w->task,   &w->supervisor,
                                           &w->student, &w->method, &w->band};
    return names[key];
}

/* panel_flat - whether the pairs of a panel all lie at one place of its x, a number of theirs. */
static int panel_flat(const struct repro *r, const struct repro_panel *panel, bool *flat,
                      struct err *e)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    int rc = OK;
    *flat = panel->x >= KEY_NAMES && panel->x < KEY_EPOCH;
    for (size_t k = 0; k < panel->n && *flat && !rc; k++) {
        struct rows rows = {NULL, 0};
        rc = rows_pick(&rows, &r->samples, &panel->series[k].where, e);
        for (size_t i = 0; i < rows.n; i++) {
            double x = row_number(&r->samples.rows[rows.at[i]], panel->x);
            lo = fmin(lo, x);
            hi = fmax(hi, x);
        }
        mem_free(rows.at);
    }
    *flat = *flat && !(hi > lo);
    return rc;
}

int panel_json(struct js *w, const struct repro *r, const struct repro_panel *panel, struct err *e)
{
    struct axis each;
    if (panel->each == KEYS)
        return panel_one(w, r, panel, NULL, e);
    int rc = axis_init(&each, &r->samples, panel, panel->each, e);
    for (size_t i = 0; i < each.n && !rc; i++) {
        struct repro_panel one = *panel;
        bool flat = false;
        for (size_t k = 0; k < one.n; k++)
            *where_name(&one.series[k].where, panel->each) = each.names[i];
        rc = panel_flat(r, &one, &flat, e);
        if (!rc && !flat)
            rc = panel_one(w, r, &one, each.names[i], e);
    }
    mem_free(each.names);
    return rc;
}
