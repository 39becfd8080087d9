/* guess_label.c - which field is the label of a file without a choice. */
#include "data/guess.h"
#include "core/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 10 }; /* rows of which each may have a class of its own */

/* median - or, where no row is below that, the least number above it: both classes have rows. */
static double median(const struct guess *g, const struct column *c)
{
    double x[PROPOSE_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < g->s.rows; i++)
        if (c->cell[i])
            x[n++] = strtod(c->cell[i], NULL);
    size_t cut = n / 2;
    qsort(x, n, sizeof *x, order_double);
    while (x[cut] <= x[0] && cut + 1 < n)
        cut++;
    return x[cut];
}

/* empty_drop - cells without a text are none. */
static void empty_drop(const struct guess *g, struct column *c)
{
    for (size_t i = 0; i < g->s.rows; i++)
        if (c->cell[i] && !*c->cell[i])
            c->cell[i] = NULL;
}

/* score_is - a number of many values, no count of the rows; half of them at most have none.
 * *lacking: how many. */
static bool score_is(const struct guess *g, const struct column *c, size_t *lacking)
{
    *lacking = 0;
    for (size_t i = 0; i < g->s.rows; i++)
        *lacking += !c->cell[i] || !*c->cell[i] || spelled_none(c->cell[i]);
    return c->number && c->n_values > SAMPLE_VALUES && !(c->unique && c->whole) &&
           2 * *lacking <= g->s.rows;
}

/* none_take - the cells of that text are none. */
static void none_take(struct guess *g, struct column *c, const char *text)
{
    size_t rows = 0;
    for (size_t i = 0; i < g->s.rows; i++)
        if (c->cell[i] && strcmp(c->cell[i], text) == 0) {
            c->cell[i] = NULL;
            rows++;
        }
    BUG_ON(g->n_none == GUESS_NONES);
    g->none[g->n_none].text = text;
    g->none[g->n_none++].rows = rows;
    g->none_rows += rows;
}

static bool none_is(const char *value)
{
    return !*value || spelled_none(value);
}

/* classes_of - how many values may be classes, each in two rows or more where there
 * are not just a few; 0: they are none. A row
 * without a value has no label, nor one where it is empty or says so beside two others; that is
 * half of the rows at most. *lacking: how many. */
static size_t classes_of(const struct guess *g, const struct column *c, size_t *lacking)
{
    size_t n = 0;
    bool good = c->n_values <= SAMPLE_VALUES && c->words < 4;
    *lacking = g->s.rows - c->present;
    for (size_t k = 0; good && k < c->n_values; k++)
        n += !none_is(c->value[k]);
    const bool drop = n >= 2;
    n = drop ? n : c->n_values;
    for (size_t k = 0; good && k < c->n_values; k++)
        if (drop && none_is(c->value[k]))
            *lacking += c->count[k];
        else
            good = c->count[k] >= 2 || (g->s.rows < FEW && !(c->unique && c->whole));
    return good && n >= 2 && 2 * *lacking <= g->s.rows ? n : 0;
}

/* value_drop - value k, of no class. */
static void value_drop(struct column *c, size_t k)
{
    c->n_values--;
    for (; k < c->n_values; k++) {
        c->value[k] = c->value[k + 1];
        c->count[k] = c->count[k + 1];
    }
}

/* unlabelled_drop - of the label's values those that say that there is none, where they are no
 * classes. */
static void unlabelled_drop(struct guess *g, struct column *c)
{
    size_t lacking;
    const bool all = classes_of(g, c, &lacking) == c->n_values;
    g->unlabelled = g->s.rows - c->present;
    for (size_t k = c->n_values; !all && k-- > 0;) {
        if (!*c->value[k])
            g->unlabelled += c->count[k];
        else if (spelled_none(c->value[k]))
            none_take(g, c, c->value[k]);
        if (none_is(c->value[k]))
            value_drop(c, k);
    }
    if (!all)
        empty_drop(g, c);
}

/* none_drop - of the label's values -1, beside 0, 1, 2 ...: there is none. Beside 0 and 1 alone it
 * may be one of three classes, unless few have it. */
static void none_drop(struct guess *g, struct column *c)
{
    size_t minus = c->n_values, rows = 0;
    for (size_t k = 0; k < c->n_values; k++) {
        if (strcmp(c->value[k], "-1") == 0)
            minus = k;
        else if (c->value[k][strspn(c->value[k], "0123456789")])
            return;
        rows += c->count[k];
    }
    if (minus == c->n_values || c->n_values < 3 ||
        (c->n_values == 3 && 10 * c->count[minus] > rows))
        return;
    none_take(g, c, c->value[minus]);
    value_drop(c, minus);
}

bool guess_label(struct guess *g)
{
    static const char *const names[] = {"label",  "labels", "class",    "target", "sentiment",
                                        "answer", "gold",   "category", "y",      NULL};
    struct column *best = NULL, *score = NULL;
    bool best_named = false, best_whole = false;
    size_t fewest = 0, scoreless = 0;
    for (size_t i = 0; i < g->s.n; i++) {
        struct column *c = &g->s.c[i];
        size_t lacking;
        if (c->list)
            continue;
        if (score_is(g, c, &lacking) && (!score || (scoreless && !lacking)))
            score = c, scoreless = lacking;
        size_t n = classes_of(g, c, &lacking);
        if (!n)
            continue;
        bool named = column_named(c, names), whole = !lacking;
        bool better = !best || (named && !best_named) ||
                      (named == best_named &&
                       ((whole && !best_whole) || (whole == best_whole && n < fewest)));
        if (!better)
            continue;
        best_named = named, best_whole = whole, fewest = n;
        best = c;
    }
    g->label = best ? best : score;
    if (g->label)
        g->label->used = true;
    if (best) {
        unlabelled_drop(g, best);
        none_drop(g, best);
    }
    g->median = (double)NAN;
    if (score && !best) {
        for (size_t i = 0; i < g->s.rows; i++)
            if (score->cell[i] && spelled_none(score->cell[i]))
                none_take(g, score, score->cell[i]);
        g->unlabelled = scoreless - g->none_rows;
        empty_drop(g, score);
        g->median = median(g, score);
    }
    return g->label != NULL;
}

static size_t value_of(const struct column *c, size_t row)
{
    size_t k = 0;
    while (strcmp(c->value[k], c->cell[row]) != 0)
        k++;
    return k;
}

static size_t class_of(const struct guess *g, size_t row)
{
    return isnan(g->median) ? value_of(g->label, row)
                            : strtod(g->label->cell[row], NULL) >= g->median;
}

double guess_told(const struct guess *g, const struct column *c)
{
    size_t count[SAMPLE_VALUES][SAMPLE_VALUES] = {{0}}, all[SAMPLE_VALUES] = {0}, told = 0,
           most = 0, n = g->s.rows - g->unlabelled - g->none_rows;
    for (size_t i = 0; i < g->s.rows; i++) {
        if (!g->label->cell[i])
            continue;
        count[value_of(c, i)][class_of(g, i)]++;
        all[class_of(g, i)]++;
    }
    for (size_t v = 0; v < c->n_values; v++) {
        size_t best = 0, second = 0, rows = 0;
        for (size_t k = 0; k < SAMPLE_VALUES; k++) {
            second = count[v][k] > best ? best : count[v][k] > second ? count[v][k] : second;
            best = count[v][k] > best ? count[v][k] : best;
            rows += count[v][k];
        }
        told += rows > 1 && best > second ? best : 0;
    }
    for (size_t k = 0; k < SAMPLE_VALUES; k++)
        most = all[k] > most ? all[k] : most;
    return 4 * (n - told) <= n - most ? (double)told / (double)n : 0;
}
