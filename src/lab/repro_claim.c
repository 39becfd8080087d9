/* repro_claim.c - what a claim comes to. */
#include "lab/bootstrap.h"
#include "lab/repro_rows.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* model_same - one model at one depth: ids are equal, or (models) begin alike: "name/layers", with
 * what stands behind it of how it learns. */
static bool model_same(const char *a, const char *b, enum repro_match match)
{
    if (match == MATCH_PAIRS)
        return strcmp(a, b) == 0;
    size_t n = model_id_bytes(a);
    return n && n == model_id_bytes(b) && strncmp(a, b, n) == 0;
}

static bool rows_match(const struct sample_row *a, const struct sample_row *b,
                       enum repro_match match)
{
    return strcmp(a->task, b->task) == 0 && model_same(a->supervisor, b->supervisor, match) &&
           model_same(a->student, b->student, match) &&
           strcmp(row_key(a, KEY_BAND), row_key(b, KEY_BAND)) == 0;
}

/* rows_matched - of both those that have a counterpart, side by side: the first that is not taken.
 */
static void rows_matched(const struct samples *s, struct rows *a, struct rows *b,
                         enum repro_match match)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t k = n;
        while (k < b->n && !rows_match(&s->rows[a->at[i]], &s->rows[b->at[k]], match))
            k++;
        if (k == b->n)
            continue;
        size_t other = b->at[k];
        memmove(b->at + n + 1, b->at + n, (k - n) * sizeof *b->at);
        b->at[n] = other;
        a->at[n++] = a->at[i];
    }
    a->n = b->n = n;
}

/* rows_defined - those stay whose value, and whose counterpart's, is there; how many went. */
static size_t rows_defined(const struct samples *s, struct rows *a, int value, struct rows *b,
                           int other)
{
    size_t n = 0, all = a->n;
    for (size_t i = 0; i < all; i++) {
        if (isnan(row_value(&s->rows[a->at[i]], value, ROW_POINT)) ||
            (b && isnan(row_value(&s->rows[b->at[i]], other, ROW_POINT))))
            continue;
        if (b)
            b->at[n] = b->at[i];
        a->at[n++] = a->at[i];
    }
    a->n = n;
    if (b)
        b->n = n;
    return all - n;
}

/* A claim's rows: of what is subtracted too; side by side where they are matched. */
struct claimed {
    struct rows a, b;
    size_t undefined, groups;
};

static int claimed_init(struct claimed *x, const struct samples *s, const struct repro_claim *c,
                        struct err *e)
{
    memset(x, 0, sizeof *x);
    int rc = rows_pick(&x->a, s, &c->where, e);
    if (!rc && c->subtracts)
        rc = rows_pick(&x->b, s, &c->minus, e);
    if (rc)
        return rc;
    bool paired = c->subtracts && c->match != MATCH_NONE;
    if (paired)
        rows_matched(s, &x->a, &x->b, c->match);
    if (c->take == TAKE_POOLED)
        return OK;
    x->undefined = rows_defined(s, &x->a, c->value, paired ? &x->b : NULL, c->other);
    if (c->subtracts && !paired)
        x->undefined += rows_defined(s, &x->b, c->other, NULL, 0);
    if (c->grouped)
        x->groups = rows_group(s, &x->a, paired ? &x->b : NULL, c->each);
    if (c->grouped && c->subtracts && !paired)
        rows_group(s, &x->b, NULL, c->each);
    return OK;
}

/* take_of - as a claim takes rows together. */
static double take_of(const struct samples *s, const struct repro_claim *c, const struct rows *r,
                      int value, const struct rows *minus, size_t b)
{
    return c->grouped ? rows_take_each(s, r, value, minus, c->other, c->take, c->each, b)
                      : rows_take(s, r, value, minus, c->other, c->take, b);
}

static double claimed_take(const struct claimed *x, const struct samples *s,
                           const struct repro_claim *c, size_t b)
{
    bool paired = c->subtracts && c->match != MATCH_NONE;
    double v = take_of(s, c, &x->a, c->value, paired ? &x->b : NULL, b);
    if (c->subtracts && !paired)
        v -= take_of(s, c, &x->b, c->other, NULL, b);
    return v;
}

/* of_students - whether a value is made of what a student learnt from its supervisor. */
static bool of_students(int value)
{
    return value == TRIO_STUDENT || value == TRIO_GAIN || value == TRIO_PGR ||
           value == TRIO_AGREE || value == TRIO_AGREE_RIGHT || value == TRIO_AGREE_WRONG;
}

/* rows_untaught_all - whether all of some rows are of studies in which nothing was learnt. */
static bool rows_untaught_all(const struct samples *s, const struct rows *r)
{
    size_t n = 0;
    while (n < r->n && s->rows[r->at[n]].untaught)
        n++;
    return n == r->n;
}

/* claim_untaught - whether it is about what students learnt, on either side, and all of their pairs
 * are of studies in which nothing was. */
static bool claim_untaught(const struct repro_claim *c, const struct claimed *x,
                           const struct samples *s)
{
    bool left = of_students(c->value), right = c->subtracts && of_students(c->other);
    return (left || right) && (!left || rows_untaught_all(s, &x->a)) &&
           (!right || rows_untaught_all(s, &x->b));
}

static enum repro_verdict verdict_of(const struct estimate *x, const struct repro_claim *c)
{
    double bound = c->bound;
    if (isnan(x->value) || isnan(x->lo))
        return VERDICT_UNKNOWN;
    if (c->want == WANT_WITHIN)
        return x->lo > -bound && x->hi < bound   ? VERDICT_HOLDS
               : x->lo > bound || x->hi < -bound ? VERDICT_FAILS
                                                 : VERDICT_UNKNOWN;
    if (x->lo > bound)
        return c->want == WANT_ABOVE ? VERDICT_HOLDS : VERDICT_FAILS;
    if (x->hi < bound)
        return c->want == WANT_ABOVE ? VERDICT_FAILS : VERDICT_HOLDS;
    return VERDICT_UNKNOWN;
}

int claim_measure(const struct samples *s, const struct repro_claim *c, double level,
                  struct repro_result *out, struct err *e)
{
    struct claimed x;
    double *v = NULL;
    size_t none = 0;
    *out = (struct repro_result){.verdict = VERDICT_UNKNOWN};
    out->x = (struct estimate){(double)NAN, (double)NAN, (double)NAN};
    int rc = claimed_init(&x, s, c, e);
    if (rc)
        goto out;
    out->pairs = x.a.n;
    out->groups = x.groups;
    out->undefined = x.undefined;
    rows_lines(s, &x.a, c->take, &out->lines, &out->on_lines);
    if (!x.a.n || (c->subtracts && !x.b.n)) {
        snprintf(out->why, sizeof out->why, "%s",
                 x.undefined ? "it is defined for no pair" : "no pair is what it speaks of");
        goto out;
    }
    out->x.value = claimed_take(&x, s, c, ROW_POINT);
    v = mem_alloc(s->samples, sizeof *v, e);
    if (!v) {
        rc = e->code;
        goto out;
    }
    for (size_t b = 0; b < s->samples; b++)
        v[b] = claimed_take(&x, s, c, b);
    none = interval_cautious(v, s->samples, level, &out->x);
    if (isnan(out->x.value))
        out->x.lo = out->x.hi = (double)NAN;
    if (isnan(out->x.value))
        snprintf(out->why, sizeof out->why, "%s",
                 c->take == TAKE_POOLED
                     ? "it is defined for no pair, or the gaps together are not above 0"
                     : "it is undefined for what was measured");
    else if (isnan(out->x.lo))
        snprintf(out->why, sizeof out->why, "it is undefined in %zu of %zu bootstrap replicates",
                 none, s->samples);
    out->verdict = verdict_of(&out->x, c);
    if (c->subtracts && c->want != WANT_WITHIN && !*out->why && out->x.hi - out->x.lo <= 0 &&
        out->x.value == 0) {
        snprintf(out->why, sizeof out->why, "both are the same, whatever is drawn");
        out->verdict = VERDICT_UNKNOWN;
    }
    if (!*out->why && claim_untaught(c, &x, s)) {
        snprintf(out->why, sizeof out->why, "nothing there is told from a constant answer");
        out->verdict = VERDICT_UNKNOWN;
    }
out:
    mem_free(v);
    mem_free(x.a.at);
    mem_free(x.b.at);
    return rc;
}
