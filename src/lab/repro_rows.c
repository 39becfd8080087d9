/* repro_rows.c - see repro_rows.h. */
#include "lab/repro_rows.h"
#include "lab/bootstrap.h"
#include "core/mem.h"
#include "core/order.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *row_key(const struct sample_row *r, enum repro_key key)
{
    const char *const names[KEY_NAMES] = {r->study,   r->task,   r->supervisor,
                                          r->student, r->method, r->band ? r->band : ""};
    BUG_ON(key >= KEY_NAMES);
    return names[key];
}

double row_number(const struct sample_row *r, enum repro_key key)
{
    switch (key) {
    case KEY_SUPERVISOR_SIZE:
        return r->weak_size;
    case KEY_STUDENT_SIZE:
        return r->size;
    case KEY_SIZE_RATIO:
        return r->size / r->weak_size;
    case KEY_SUPERVISOR_LAYERS:
        return r->weak_layers;
    case KEY_STUDENT_LAYERS:
        return r->layers;
    default:
        BUG("key %d is no number of a pair", (int)key);
    }
}

double row_value(const struct sample_row *r, int value, size_t b)
{
    if (value == TRIO_PGR && !r->pgr)
        return (double)NAN;
    return b == ROW_POINT ? r->point[value] : r->drawn[(size_t)value * r->samples + b];
}

int size_sign(const char *which)
{
    return !which ? 0 : strcmp(which, "largest") == 0 ? 1 : strcmp(which, "smallest") == 0 ? -1 : 0;
}

bool pattern_fits(const char *pattern, const char *name)
{
    return !pattern || size_sign(pattern) || fnmatch(pattern, name, 0) == 0;
}

static bool row_fits(const struct sample_row *r, const struct repro_where *w)
{
    bool control = strcmp(r->method, "ground truth") == 0;
    return (!control || (w->method && strcmp(w->method, r->method) == 0)) &&
           pattern_fits(w->study, r->study) && pattern_fits(w->task, r->task) &&
           pattern_fits(w->supervisor, r->supervisor) && pattern_fits(w->student, r->student) &&
           pattern_fits(w->method, r->method) && (!w->larger || r->size > r->weak_size) &&
           (w->band ? r->band && pattern_fits(w->band, r->band) : !r->band);
}

static bool rows_alike(const struct sample_row *a, const struct sample_row *b)
{
    return strcmp(a->study, b->study) == 0 && strcmp(a->task, b->task) == 0 &&
           strcmp(a->method, b->method) == 0 &&
           strcmp(row_key(a, KEY_BAND), row_key(b, KEY_BAND)) == 0;
}

/* rows_extreme - of rows that are alike those of the largest, or smallest, size stay. */
static int rows_extreme(struct rows *r, const struct samples *s, const char *which,
                        enum repro_key key, struct err *e)
{
    int sign = size_sign(which);
    if (!sign)
        return OK;
    struct rows all = *r;
    r->at = mem_alloc(all.n, sizeof *r->at, e);
    r->n = 0;
    for (size_t i = 0; r->at && i < all.n; i++) {
        const struct sample_row *a = &s->rows[all.at[i]];
        bool stays = true;
        for (size_t k = 0; k < all.n && stays; k++) {
            const struct sample_row *b = &s->rows[all.at[k]];
            double x = row_number(a, key), y = row_number(b, key);
            stays = !rows_alike(a, b) || !(sign * (y - x) > 0);
        }
        if (stays)
            r->at[r->n++] = all.at[i];
    }
    mem_free(all.at);
    return r->at ? OK : e->code;
}

int rows_pick(struct rows *r, const struct samples *s, const struct repro_where *w, struct err *e)
{
    r->n = 0;
    r->at = mem_alloc(s->n, sizeof *r->at, e);
    if (!r->at)
        return e->code;
    for (size_t i = 0; i < s->n; i++)
        if (row_fits(&s->rows[i], w))
            r->at[r->n++] = i;
    int rc = rows_extreme(r, s, w->supervisor, KEY_SUPERVISOR_SIZE, e);
    if (!rc)
        rc = rows_extreme(r, s, w->student, KEY_STUDENT_SIZE, e);
    if (!rc && r->n > REPRO_ROWS)
        rc = err_set(e, ERR_INPUT, "%zu pairs are more than can be taken together (%d)", r->n,
                     REPRO_ROWS);
    if (rc) {
        mem_free(r->at);
        r->at = NULL;
    }
    return rc;
}

int rows_untaught(struct samples *s, const char *study, double constant, double level,
                  bool *untaught, struct err *e)
{
    static const int learnt[] = {TRIO_CEILING, TRIO_STUDENT};
    double *v = mem_alloc(s->samples, sizeof *v, e);
    bool any = false, told = false;
    if (!v)
        return e->code;
    for (size_t i = 0; i < s->n; i++) {
        const struct sample_row *r = &s->rows[i];
        if (r->band || strcmp(r->study, study) != 0)
            continue;
        for (size_t k = 0; k < sizeof learnt / sizeof *learnt; k++) {
            struct estimate x = {r->point[learnt[k]], (double)NAN, (double)NAN};
            memcpy(v, r->drawn + (size_t)learnt[k] * r->samples, s->samples * sizeof *v);
            interval(v, s->samples, level, &x);
            any = any || !isnan(x.lo);
            told = told || x.lo > constant;
        }
    }
    mem_free(v);
    *untaught = any && !told;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->rows[i].study, study) == 0)
            s->rows[i].untaught = *untaught;
    return OK;
}

/* pooled - the gains' sum over the gaps': undefined PGRs are in it, as their gap is, unless there
 * are no others. A replicate without a gap is infinitely far on its gain's side, as trio_measure
 * has it; what was measured is undefined then. */
static double pooled(const struct samples *s, const struct rows *r, size_t b)
{
    double gain = 0, gap = 0;
    bool defined = false;
    for (size_t i = 0; i < r->n; i++) {
        defined = defined || s->rows[r->at[i]].pgr;
        gain += row_value(&s->rows[r->at[i]], TRIO_GAIN, b);
        gap += row_value(&s->rows[r->at[i]], TRIO_GAP, b);
    }
    if (!defined)
        return (double)NAN;
    if (gap > 0)
        return gain / gap;
    if (b == ROW_POINT || isnan(gain) || isnan(gap))
        return (double)NAN;
    return gain > 0 ? (double)INFINITY : gain < 0 ? -(double)INFINITY : 0;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, order_double);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* interquartile_mean - of the middle half: a quarter of n goes at either end, of the value where
 * that ends a part. */
static double interquartile_mean(double *v, size_t n)
{
    double sum = 0, cut = (double)n / 4;
    qsort(v, n, sizeof *v, order_double);
    for (size_t i = 0; i < n; i++) {
        double lo = fmax(cut, (double)i), hi = fmin((double)n - cut, (double)i + 1);
        sum += hi > lo ? (hi - lo) * v[i] : 0;
    }
    return sum / ((double)n - 2 * cut);
}

/* same_line - whether two rows are on one line over the key: all but what lies along it is equal.
 */
static bool same_line(const struct sample_row *a, const struct sample_row *b, enum repro_key x)
{
    return rows_alike(a, b) &&
           (x != KEY_STUDENT_SIZE || strcmp(a->supervisor, b->supervisor) == 0) &&
           (x != KEY_SUPERVISOR_SIZE || strcmp(a->student, b->student) == 0);
}

/* A row's line over a key: how many rows are on it, their mean place and mean of y (0 without), the
 * least and the largest place, and the first of them. */
struct line {
    double n, x, y, lo, hi;
    size_t first;
};

static struct line line_of(const struct samples *s, const struct rows *r, const double *y,
                           size_t row, enum repro_key key)
{
    struct line l = {.lo = (double)INFINITY, .hi = -(double)INFINITY, .first = row};
    for (size_t k = 0; k < r->n; k++) {
        const struct sample_row *b = &s->rows[r->at[k]];
        if (!same_line(&s->rows[r->at[row]], b, key))
            continue;
        double x = log2(row_number(b, key));
        l.first = k < l.first ? k : l.first;
        l.lo = fmin(l.lo, x);
        l.hi = fmax(l.hi, x);
        l.x += x;
        l.y += y ? y[k] : 0;
        l.n++;
    }
    l.x /= l.n;
    l.y /= l.n;
    return l;
}

/* slope - of y [n] over log2 of the key, all lines with one slope and an intercept each. */
static double slope(const struct samples *s, const struct rows *r, const double *y,
                    enum repro_key key)
{
    double xy = 0, xx = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct line l = line_of(s, r, y, i, key);
        double x = log2(row_number(&s->rows[r->at[i]], key));
        xy += (x - l.x) * (y[i] - l.y);
        xx += (x - l.x) * (x - l.x);
    }
    return xx > 1e-12 ? xy / xx : (double)NAN;
}

static const enum repro_key along[] = {[TAKE_SLOPE_STUDENT] = KEY_STUDENT_SIZE,
                                       [TAKE_SLOPE_SUPERVISOR] = KEY_SUPERVISOR_SIZE,
                                       [TAKE_SLOPE_RATIO] = KEY_SIZE_RATIO};

void rows_lines(const struct samples *s, const struct rows *r, enum repro_take take, size_t *lines,
                size_t *on_lines)
{
    *lines = *on_lines = 0;
    for (size_t i = 0; i < r->n && take >= TAKE_SLOPE_STUDENT; i++) {
        struct line l = line_of(s, r, NULL, i, along[take]);
        if (!(l.hi - l.lo > 1e-6))
            continue;
        *lines += l.first == i;
        ++*on_lines;
    }
}

/* middle - of numbers, which are sorted for it, a take that is no slope and is not pooled. */
static double middle(double *y, size_t n, enum repro_take take)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i];
    if (isnan(sum)) /* infinite ones of both signs, too */
        return (double)NAN;
    if (take == TAKE_MEAN)
        return sum / (double)n;
    return take == TAKE_MEDIAN ? median(y, n) : interquartile_mean(y, n);
}

double rows_take(const struct samples *s, const struct rows *r, int value, const struct rows *minus,
                 int other, enum repro_take take, size_t b)
{
    double y[REPRO_ROWS], sum = 0;
    BUG_ON(r->n > REPRO_ROWS || (minus && minus->n != r->n));
    if (!r->n)
        return (double)NAN;
    if (take == TAKE_POOLED)
        return pooled(s, r, b) - (minus ? pooled(s, minus, b) : 0);
    for (size_t i = 0; i < r->n; i++) {
        y[i] = row_value(&s->rows[r->at[i]], value, b);
        if (minus)
            y[i] -= row_value(&s->rows[minus->at[i]], other, b);
        sum += y[i];
    }
    if (take < TAKE_POOLED)
        return middle(y, r->n, take);
    return isfinite(sum) ? slope(s, r, y, along[take]) : (double)NAN;
}

/* same_name - whether rows i and k have one name of a key. */
static bool same_name(const struct samples *s, const struct rows *r, enum repro_key key, size_t i,
                      size_t k)
{
    return strcmp(row_key(&s->rows[r->at[i]], key), row_key(&s->rows[r->at[k]], key)) == 0;
}

/* row_move - forward to a place, those from there on one further. */
static void row_move(struct rows *r, size_t from, size_t to)
{
    size_t row = r->at[from];
    memmove(r->at + to + 1, r->at + to, (from - to) * sizeof *r->at);
    r->at[to] = row;
}

size_t rows_group(const struct samples *s, struct rows *a, struct rows *b, enum repro_key key)
{
    size_t names = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t to = i;
        while (to && !same_name(s, a, key, to - 1, i))
            to--;
        names += !to;
        row_move(a, i, to ? to : i);
        if (b)
            row_move(b, i, to ? to : i);
    }
    return names;
}

double rows_take_each(const struct samples *s, const struct rows *r, int value,
                      const struct rows *minus, int other, enum repro_take take,
                      enum repro_key each, size_t b)
{
    double y[REPRO_ROWS];
    size_t n = 0;
    BUG_ON(take >= TAKE_POOLED || r->n > REPRO_ROWS);
    for (size_t i = 0, end; i < r->n; i = end) {
        for (end = i + 1; end < r->n && same_name(s, r, each, i, end);)
            end++;
        struct rows own = {r->at + i, end - i},
                    off = {minus ? minus->at + i : NULL, minus ? end - i : 0};
        y[n++] = rows_take(s, &own, value, minus ? &off : NULL, other, TAKE_MEAN, b);
    }
    return n ? middle(y, n, take) : (double)NAN;
}
