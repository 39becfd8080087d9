/* repro.c - a finding's studies, once they are run, as finding.json. */
#include "lab/bench.h"
#include "lab/bootstrap.h"
#include "lab/repro_rows.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void bound_json(struct js *w, double x)
{
    if (isinf(x))
        js_str(w, x > 0 ? "inf" : "-inf");
    else
        js_real(w, x);
}

void bounds_json(struct js *w, const struct estimate *x)
{
    js_real(w, x->value), bound_json(w, x->lo), bound_json(w, x->hi);
}

static void estimate_put(struct js *w, const char *key, const struct estimate *x)
{
    js_key(w, key), js_open(w, '[');
    bounds_json(w, x);
    js_close(w, ']');
}

static void studies_json(struct js *w, const struct repro *r)
{
    js_key(w, "studies"), js_open(w, '[');
    for (size_t i = 0; i < r->n_studies; i++) {
        const struct doc *root = r->studies[i].results.root;
        const struct doc *study = doc_get(root, "study"), *task = doc_get(root, "task");
        js_open(w, '{');
        js_key(w, "as"), js_str(w, r->studies[i].as);
        js_key(w, "study"), js_str(w, r->studies[i].study);
        js_key(w, "set"), js_open(w, '[');
        for (size_t k = 0; k < r->studies[i].n_overrides; k++)
            js_str(w, r->studies[i].overrides[k]);
        js_close(w, ']');
        if (r->studies[i].missing)
            js_key(w, "missing"), js_str(w, r->studies[i].missing);
        if (r->studies[i].failed)
            js_key(w, "failed"), js_int(w, (int64_t)r->studies[i].failed);
        static const char *const of_study[] = {"name",    "title",  "seeds",
                                               "seconds", "device", "when"},
                                 *const of_task[] = {"train", "test"};
        for (size_t k = 0; k < sizeof of_study / sizeof *of_study; k++)
            if (doc_get(study, of_study[k])) {
                struct str raw = STR_INIT;
                doc_write_json(&raw, doc_get(study, of_study[k]));
                js_key(w, of_study[k]), js_raw(w, raw.s);
                w->out->failed = w->out->failed || raw.failed;
                str_release(&raw);
            }
        for (size_t k = 0; k < 2; k++)
            if (doc_get(task, of_task[k]))
                js_key(w, of_task[k]), js_int(w, doc_get(task, of_task[k])->i);
        if (doc_get(task, "name"))
            js_key(w, "task"), js_str(w, doc_get(task, "name")->s);
        if (doc_get(task, "constant_accuracy"))
            js_key(w, "constant"), js_real(w, doc_get(task, "constant_accuracy")->r);
        if (r->studies[i].untaught)
            js_key(w, "untaught"), js_bool(w, true);
        js_close(w, '}');
    }
    js_close(w, ']');
}

/* claim_words - what was computed: "mean of student - weak over 4 pairs". */
static void claim_words(const struct repro_claim *c, const struct repro_result *x, struct str *out)
{
    static const char *const takes[] = {
        [TAKE_MEAN] = "mean of",
        [TAKE_MEDIAN] = "median of",
        [TAKE_INTERQUARTILE_MEAN] = "interquartile mean of",
        [TAKE_POOLED] = "pooled",
        [TAKE_SLOPE_STUDENT] = "change with each doubling of the student of",
        [TAKE_SLOPE_SUPERVISOR] = "change with each doubling of the supervisor of",
        [TAKE_SLOPE_RATIO] = "change with each doubling of the ratio of sizes of"};
    static const char *const several[KEY_NAMES] = {"studies",  "tasks",   "supervisors",
                                                   "students", "methods", "bands"};
    str_addf(out, "%s %s", takes[c->take], repro_values[c->value]);
    if (c->subtracts)
        str_addf(out, " less %s%s", repro_values[c->other],
                 c->match != MATCH_NONE ? ", pair by pair," : "");
    if (c->grouped)
        str_addf(out, " over %zu %s, each the mean of its own of", x->groups,
                 x->groups == 1 ? repro_keys[c->each] : several[c->each]);
    else
        str_cat(out, " over");
    str_addf(out, " %zu pair%s", x->pairs, x->pairs == 1 ? "" : "s");
    if (x->undefined)
        str_addf(out, " (%zu more: undefined)", x->undefined);
    if (c->take >= TAKE_SLOPE_STUDENT && x->on_lines < x->pairs)
        str_addf(out, ", of which %zu on %zu line%s tell a slope", x->on_lines, x->lines,
                 x->lines == 1 ? "" : "s");
}

/* claim_spoilt - where jobs of a study that it speaks of failed, what is there is not what it asks
 * for: the largest student may be another. */
static void claim_spoilt(const struct repro *r, const struct repro_claim *c, struct repro_result *x)
{
    for (size_t i = 0; i < r->n_studies; i++) {
        const struct repro_study *s = &r->studies[i];
        if (!s->failed || (!pattern_fits(c->where.study, s->as) &&
                           !(c->subtracts && pattern_fits(c->minus.study, s->as))))
            continue;
        x->verdict = VERDICT_UNKNOWN;
        snprintf(x->why, sizeof x->why, "%zu job%s of study %s failed", s->failed,
                 s->failed == 1 ? "" : "s", s->as);
        return;
    }
}

static int claims_json(struct js *w, const struct repro *r, enum repro_verdict *all, struct err *e)
{
    int rc = OK;
    *all = VERDICT_HOLDS;
    js_key(w, "claims"), js_open(w, '[');
    for (size_t i = 0; i < r->n_claims && !rc; i++) {
        const struct repro_claim *c = &r->claims[i];
        struct repro_result x;
        struct str words = STR_INIT;
        if ((rc = claim_measure(&r->samples, c, r->level, &x, e)))
            break;
        claim_spoilt(r, c, &x);
        /* The finding is all of its claims. */
        if (x.verdict == VERDICT_FAILS || *all == VERDICT_FAILS)
            *all = VERDICT_FAILS;
        else if (x.verdict == VERDICT_UNKNOWN)
            *all = VERDICT_UNKNOWN;
        claim_words(c, &x, &words);
        js_open(w, '{');
        js_key(w, "say"), js_str(w, c->say);
        js_key(w, "statistic"), js_str(w, words.s);
        estimate_put(w, "value", &x.x);
        js_key(w, repro_wants[c->want]), js_real(w, c->bound);
        js_key(w, "verdict"), js_str(w, repro_verdicts[x.verdict]);
        if (*x.why)
            js_key(w, "why"), js_str(w, x.why);
        js_close(w, '}');
        w->out->failed = w->out->failed || words.failed;
        str_release(&words);
    }
    js_close(w, ']');
    return rc;
}

static int panels_json(struct js *w, const struct repro *r, struct err *e)
{
    int rc = OK;
    js_key(w, "panels"), js_open(w, '[');
    for (size_t i = 0; i < r->n_panels && !rc; i++)
        rc = panel_json(w, r, &r->panels[i], e);
    js_close(w, ']');
    return rc;
}

/* shown_json - a model's name for people, where that is another than its id. */
static void shown_json(struct js *w, const struct samples *s, const char *key, enum repro_key which,
                       const char *id)
{
    struct str words = STR_INIT;
    if (!rows_one_model(s))
        row_words(s, which, id, &words);
    if (words.len && strcmp(words.s, id) != 0)
        js_key(w, key), js_str(w, words.s);
    w->out->failed = w->out->failed || words.failed;
    str_release(&words);
}

/* spoken_of - whether a claim is about this value. */
static bool spoken_of(const struct repro *r, int value)
{
    for (size_t i = 0; i < r->n_claims; i++)
        if (r->claims[i].value == value || r->claims[i].other == value)
            return true;
    return false;
}

/* row_measure - of a row. v [samples]. */
static struct estimate row_measure(const struct repro *r, const struct sample_row *x, int value,
                                   double *v)
{
    const struct samples *s = &r->samples;
    struct estimate y = {x->point[value], (double)NAN, (double)NAN};
    memcpy(v, x->drawn + (size_t)value * x->samples, s->samples * sizeof *v);
    if (!isnan(y.value))
        interval(v, s->samples, r->level, &y);
    return y;
}

static void value_json(struct js *w, const struct repro *r, const struct sample_row *x,
                       const char *key, int value, double *v)
{
    struct estimate y = row_measure(r, x, value, v);
    estimate_put(w, key, &y);
}

static bool text_is(const struct doc *map, const char *key, const char *text)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type == DOC_STRING && strcmp(d->s, text) == 0;
}

/* row_pair - a row's pair in its study's results; NULL where there is none. */
static const struct doc *row_pair(const struct repro *r, const struct sample_row *x)
{
    for (size_t i = 0; i < r->n_studies; i++) {
        const struct doc *pairs = doc_get(r->studies[i].results.root, "pairs");
        if (!pairs || strcmp(r->studies[i].as, x->study) != 0)
            continue;
        for (const struct doc *p = pairs->child; p; p = p->next)
            if (text_is(p, "supervisor", x->supervisor) && text_is(p, "student", x->student) &&
                text_is(p, "method", x->method))
                return p;
    }
    return NULL;
}

/* marks_json - what tells a pair that knew some of the truth from those that did not. */
static void marks_json(struct js *w, const struct doc *pair)
{
    static const char *const flags[] = {"upper_bound", "ground_truth", "beside"};
    const struct doc *d;
    for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
        if ((d = doc_get(pair, flags[k])) && d->b)
            js_key(w, flags[k]), js_bool(w, true);
    if ((d = doc_get(pair, "human_labels")))
        js_key(w, "human_labels"), js_real(w, d->r);
}

/* amount - NAN where it is not known. */
static double amount(const struct doc *cost, const char *key)
{
    const struct doc *d = doc_get(cost, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

/* cost_json - as the study has it, but for the interval of PGR, which is the finding's. */
static void cost_json(struct js *w, const struct repro *r, const struct sample_row *x,
                      const struct doc *cost, double *v)
{
    static const char *const keys[] = {"jobs", "tokens", "predicted_tokens", "seconds", "flops"};
    if (!cost)
        return;
    js_key(w, "cost"), js_open(w, '{');
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        js_key(w, keys[k]), js_real(w, amount(cost, keys[k]));
    struct estimate pgr = row_measure(r, x, TRIO_PGR, v),
                    per = pgr_per_pflop(&pgr, amount(cost, "flops"));
    estimate_put(w, "pgr_per_pflop", &per);
    js_close(w, '}');
}

/* pairs_json - the numbers that all of it is made of; beside weak, student, ceiling and PGR (of
 * which gap and gain are) those that claims speak of, and of whole pairs what they took. */
static int pairs_json(struct js *w, const struct repro *r, struct err *e)
{
    static const struct {
        const char *key;
        int value;
    } numbers[] = {{"weak_accuracy", TRIO_WEAK},
                   {"student_accuracy", TRIO_STUDENT},
                   {"ceiling_accuracy", TRIO_CEILING},
                   {"pgr", TRIO_PGR}};
    const struct samples *s = &r->samples;
    double *v = mem_alloc(s->samples, sizeof *v, e);
    if (!v)
        return e->code;
    js_key(w, "pairs"), js_open(w, '[');
    for (size_t i = 0; i < s->n; i++) {
        const struct sample_row *x = &s->rows[i];
        const struct doc *pair = row_pair(r, x);
        js_open(w, '{');
        js_key(w, "study"), js_str(w, x->study);
        js_key(w, "task"), js_str(w, x->task);
        js_key(w, "supervisor"), js_str(w, x->supervisor);
        js_key(w, "student"), js_str(w, x->student);
        shown_json(w, s, "supervisor_shown", KEY_SUPERVISOR, x->supervisor);
        shown_json(w, s, "student_shown", KEY_STUDENT, x->student);
        js_key(w, "method"), js_str(w, x->method);
        marks_json(w, pair);
        if (x->band)
            js_key(w, "band"), js_str(w, x->band);
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            value_json(w, r, x, numbers[k].key, numbers[k].value, v);
        for (int value = TRIO_AGREE; value < SAMPLE_VALUES; value++)
            if (spoken_of(r, value))
                value_json(w, r, x, repro_values[value], value, v);
        if (!x->band)
            cost_json(w, r, x, doc_get(pair, "cost"), v);
        js_close(w, '}');
    }
    js_close(w, ']');
    mem_free(v);
    return OK;
}

int repro_conclude(const struct repro *r, const char *dir, struct err *e)
{
    struct str out = STR_INIT;
    struct js w;
    enum repro_verdict all = VERDICT_UNKNOWN;
    char when[32] = "";
    time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    js_init(&w, &out);
    js_open(&w, '{');
    js_key(&w, "format"), js_int(&w, 1);
    js_key(&w, "name"), js_str(&w, r->name);
    if (r->asked)
        js_key(&w, "asked"), js_str(&w, r->asked);
    js_key(&w, "file_hash"), js_str(&w, r->file_hash);
    js_key(&w, "title"), js_str(&w, r->title);
    js_key(&w, "source"), js_str(&w, r->source);
    js_key(&w, "shape"), js_str(&w, r->shape);
    if (*r->caveat)
        js_key(&w, "caveat"), js_str(&w, r->caveat);
    js_key(&w, "scale"), js_str(&w, r->scale);
    if (r->n_with) {
        js_key(&w, "with"), js_open(&w, '[');
        for (size_t i = 0; i < r->n_with; i++)
            js_str(&w, r->with[i]);
        js_close(&w, ']');
    }
    js_key(&w, "level"), js_real(&w, r->level);
    js_key(&w, "when"), js_str(&w, when);
    js_key(&w, "seconds"), js_real(&w, r->seconds);
    if (r->n_ladders) {
        js_key(&w, "ladders"), js_open(&w, '[');
        for (size_t i = 0; i < r->n_ladders; i++)
            js_str(&w, r->ladders[i].ladder);
        js_close(&w, ']');
    }
    studies_json(&w, r);
    int rc = claims_json(&w, r, &all, e);
    js_key(&w, "verdict"), js_str(&w, repro_verdicts[all]);
    if (!rc)
        rc = panels_json(&w, r, e);
    if (!rc)
        rc = pairs_json(&w, r, e);
    js_close(&w, '}');
    str_addc(&out, '\n');
    if (!rc)
        rc = file_mkdirs(dir, e);
    if (!rc)
        rc = str_check(&out, e);
    if (!rc)
        rc = file_write_in(dir, "finding.json", &out, e);
    str_release(&out);
    return rc;
}
