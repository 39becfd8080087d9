/* lint_print.c - the lint of many tasks, for people and for programs. */
#include "data/lint.h"

#include <math.h>

static void count(struct str *out, size_t n, int width)
{
    struct str s = STR_INIT;
    str_count(&s, n);
    str_addf(out, "%*s", width, s.s);
    out->failed = out->failed || s.failed;
    str_release(&s);
}

/* two - "36+4", right in width. */
static void two(struct str *out, size_t a, size_t b, int width)
{
    struct str s = STR_INIT;
    str_count(&s, a);
    str_addc(&s, '+');
    str_count(&s, b);
    str_addf(out, "%*s", width, s.s);
    out->failed = out->failed || s.failed;
    str_release(&s);
}

static void percent(struct str *out, double share, int width)
{
    if (isnan(share))
        str_addf(out, "%*s", width, "-");
    else
        str_addf(out, "%*.1f %%", width - 2, 100 * share);
}

/* balanced - the largest class's share once the classes are made equal; NAN where there are none.
 */
static double balanced(const struct lint *l, size_t *used)
{
    size_t most = 0;
    *used = 0;
    for (size_t k = 0; k < l->classes; k++) {
        most = l->class_after[k] > most ? l->class_after[k] : most;
        *used += l->class_after[k];
    }
    return *used && l->classes > 1 ? (double)most / (double)*used : (double)NAN;
}

static void row_print(const struct lint_row *r, struct str *out)
{
    const struct lint *l = r->lint;
    size_t used;
    double after = balanced(l, &used);
    str_addf(out, "%-22s%-11s", r->name, r->source ? r->source : "-");
    count(out, l->rows, 8);
    count(out, used, 8);
    percent(out, l->constant_accuracy, 9);
    percent(out, after, 9);
    count(out, l->median, 8);
    count(out, l->p95, 7);
    count(out, l->longest, 9);
    two(out, l->same_within, l->same_across + l->question_across, 12);
    two(out, l->near_within, l->near_across, 14);
    percent(out, l->alone, 9);
    str_cat(out, lint_guessable(l) ? " !\n" : "\n");
}

void lint_table(const struct lint_row *rows, size_t n, struct str *out)
{
    bool any = false, tokens = false;
    for (size_t i = 0; i < n; i++)
        if (rows[i].lint) {
            any = true;
            tokens = tokens || rows[i].lint->tokenized;
        }
    if (any)
        str_addf(out, "%-22s%-11s%8s%8s%9s%9s%8s%7s%9s%12s%14s%9s\n", "task", "source", "rows",
                 "used", "constant", "equal", "median", "95 %", "longest", "same", "near", "alone");
    for (size_t i = 0; i < n; i++)
        if (rows[i].lint)
            row_print(&rows[i], out);
    if (any)
        str_addf(
            out,
            "used: examples once the classes are equal; constant: accuracy of one answer to all "
            "before, equal: after\n"
            "median, 95 %%, longest: %s of a rendered example\n"
            "same: equal texts dropped, within a split + across splits (with questions that a "
            "test file has, too)\n"
            "near: examples that are nearly another question's, within a split + across splits\n"
            "alone: what a bag of words guesses without the question (held out, each class the "
            "same weight); !: beyond chance\n",
            tokens ? "tokens" : "words");
    if (any)
        str_addc(out, '\n');
    for (size_t i = 0; i < n; i++)
        if (!rows[i].lint)
            str_addf(out, "%s: %s\n", rows[i].name, rows[i].why);
}

static void key_count(struct js *j, const char *key, size_t n)
{
    js_key(j, key);
    js_int(j, (int64_t)n);
}

static void classes_json(struct js *j, const char *key, const size_t *n, size_t classes)
{
    js_key(j, key);
    js_open(j, '[');
    for (size_t k = 0; k < classes; k++)
        js_int(j, (int64_t)n[k]);
    js_close(j, ']');
}

static void row_json(struct js *j, const struct lint *l)
{
    key_count(j, "rows", l->rows);
    key_count(j, "left_out", l->left_out);
    key_count(j, "examples", l->examples);
    classes_json(j, "classes_found", l->class_before, l->classes);
    classes_json(j, "classes_balanced", l->class_after, l->classes);
    js_key(j, "constant_accuracy");
    js_real(j, l->constant_accuracy);
    js_key(j, "unit");
    js_str(j, l->tokenized ? "tokens" : "words");
    key_count(j, "median", l->median);
    key_count(j, "p95", l->p95);
    key_count(j, "longest", l->longest);
    key_count(j, "same_within", l->same_within);
    key_count(j, "same_across", l->same_across);
    key_count(j, "question_across", l->question_across);
    key_count(j, "near_within", l->near_within);
    key_count(j, "near_across", l->near_across);
    js_key(j, "alone");
    js_real(j, l->alone);
    key_count(j, "alone_n", l->alone_n);
    js_key(j, "guessable");
    js_bool(j, lint_guessable(l));
}

void lint_json(const struct lint_row *rows, size_t n, struct str *out)
{
    struct js j;
    js_init(&j, out);
    js_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        js_open(&j, '{');
        js_key(&j, "name");
        js_str(&j, rows[i].name);
        if (rows[i].source) {
            js_key(&j, "source");
            js_str(&j, rows[i].source);
        }
        if (rows[i].lint) {
            row_json(&j, rows[i].lint);
        } else {
            js_key(&j, "why");
            js_str(&j, rows[i].why);
        }
        js_close(&j, '}');
    }
    js_close(&j, ']');
    str_addc(out, '\n');
}
