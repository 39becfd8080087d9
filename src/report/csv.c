/* csv.c - every number of results.json as CSV: results.csv, one number a row; curves.csv, one point
 * a row. */
#include "report/report.h"
#include "report/view.h"

#include <math.h>
#include <string.h>

/* What a row of results.csv is about; "" where it does not apply, seed NAN for a mean over seeds.
 */
struct subject {
    const char *supervisor, *student, *method, *job;
    double seed;
};

static void csv_number(struct str *out, double x)
{
    str_addc(out, ',');
    if (!isnan(x))
        str_number(out, x);
}

/* csv_row - measure: up to three words, joined by spaces. */
static void csv_row(struct str *out, const struct subject *s, const char *const words[3],
                    struct est x)
{
    struct str measure = STR_INIT;
    for (size_t i = 0; i < 3 && words[i]; i++)
        str_addf(&measure, "%s%s", i ? " " : "", words[i]);
    str_csv(out, s->supervisor), str_addc(out, ',');
    str_csv(out, s->student), str_addc(out, ',');
    str_csv(out, s->method), str_addc(out, ',');
    str_csv(out, measure.s), str_addc(out, ',');
    if (!isnan(s->seed))
        str_addf(out, "%.0f", s->seed);
    csv_number(out, x.value);
    csv_number(out, x.lo);
    csv_number(out, x.hi);
    str_addf(out, ",%s\r\n", s->job);
    out->failed = out->failed || measure.failed;
    str_release(&measure);
}

/* csv_node - whatever numbers lie at a node and in a map at it: a number or an estimate [value, lo,
 * hi], named by the words before it (NULL: none) and its key. Other lists and texts are left out:
 * curves and hashes have their own places. */
static void csv_node(struct str *out, const struct subject *s, const char *first,
                     const char *second, const struct doc *x)
{
    const char *words[3] = {NULL, NULL, NULL};
    size_t n = 0;
    if (first)
        words[n++] = first;
    if (second)
        words[n++] = second;
    words[n] = x->key;
    const struct est none = {(double)NAN, (double)NAN, (double)NAN};
    struct est v = none;
    bool estimate = x->type == DOC_LIST && x->n == 3 && x->child->type != DOC_STRING &&
                    x->child->type != DOC_MAP;
    if (x->type == DOC_MAP) {
        for (const struct doc *c = x->child; c; c = c->next)
            csv_node(out, s, first, second ? second : x->key, c);
        return;
    }
    if (x->type == DOC_INT || x->type == DOC_REAL)
        v.value = x->r;
    else if (x->type == DOC_BOOL)
        v.value = x->b;
    else if (estimate)
        v = view_node_est(x);
    else if (x->type != DOC_NULL)
        return;
    csv_row(out, s, words, v);
}

static void csv_map(struct str *out, const struct subject *s, const char *word,
                    const struct doc *map)
{
    for (const struct doc *x = map ? map->child : NULL; x; x = x->next)
        csv_node(out, s, word, NULL, x);
}

static void csv_pair(struct str *out, const struct doc *p)
{
    static const char *const roles[][2] = {{"weak", "weak"},
                                           {"student_scores", "student"},
                                           {"ceiling", "ceiling"},
                                           {"untrained", "untrained"},
                                           {"taught_supervisor", "taught supervisor"}};
    static const char *const whole[] = {
        "seeds",       "seeds_failed",  "gap",           "gain",
        "pgr",         "minus_naive",   "minus_naive_p", "minus_naive_holm",
        "upper_bound", "stopped_epoch", "human_labels",  "beside"};
    static const char *const parts[] = {
        "agreement", "error_inheritance", "best_of", "best_of_by_ceiling", "bands",
        "cost",      "minus_baselines"};
    struct subject s = {view_str(p, "supervisor"), view_str(p, "student"), view_str(p, "method"),
                        "", (double)NAN};
    for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
        csv_map(out, &s, roles[r][1], doc_get(p, roles[r][0]));
    for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
        if (doc_get(p, whole[k]))
            csv_node(out, &s, NULL, NULL, doc_get(p, whole[k]));
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        csv_map(out, &s, parts[k], doc_get(p, parts[k]));
    const struct doc *per = doc_get(p, "per_seed");
    for (const struct doc *x = per ? per->child : NULL; x; x = x->next) {
        s.seed = view_real(x, "seed");
        for (const struct doc *c = x->child; c; c = c->next) {
            const char *const words[3] = {c->key, strcmp(c->key, "pgr") ? "accuracy" : NULL, NULL};
            if (strcmp(c->key, "seed"))
                csv_row(out, &s, words,
                        (struct est){view_real(x, c->key), (double)NAN, (double)NAN});
        }
    }
}

static struct subject job_subject(const struct doc *j)
{
    struct subject s = {view_str(j, "supervisor"), view_str(j, "model"), view_str(j, "method"),
                        view_str(j, "hash"), view_real(j, "seed")};
    if (strcmp(view_str(j, "role"), "supervisor") == 0) {
        s.supervisor = s.student;
        s.student = "";
    }
    return s;
}

int report_csv(const struct doc *results, struct str *out, struct err *e)
{
    const struct subject all = {"", "", "", "", (double)NAN};
    int rc = view_check(results, e);
    if (rc)
        return rc;
    str_cat(out, "supervisor,student,method,measure,seed,value,lo,hi,job\r\n");
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next)
        csv_pair(out, p);
    for (const struct doc *j = doc_get(results, "jobs")->child; j; j = j->next) {
        struct subject s = job_subject(j);
        csv_map(out, &s, "job", doc_get(j, "result"));
        csv_map(out, &s, "job", doc_get(j, "scores"));
    }
    csv_map(out, &all, "study", doc_get(results, "study"));
    csv_map(out, &all, "task", doc_get(results, "task"));
    for (const struct doc *m = doc_get(results, "models")->child; m; m = m->next) {
        struct subject s = all;
        s.student = view_str(m, "id");
        csv_map(out, &s, "model", m);
    }
    return str_check(out, e);
}

int report_curves(const struct doc *results, struct str *out, struct err *e)
{
    static const char *const columns[] = {
        "step",  "steps",     "epoch",    "loss",          "lr",
        "alpha", "grad_norm", "accuracy", "weak_accuracy", "test_accuracy"};
    int rc = view_check(results, e);
    if (rc)
        return rc;
    str_cat(out, "job,role,model,method,supervisor,seed");
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        str_addf(out, ",%s", columns[k]);
    str_cat(out, "\r\n");
    for (const struct doc *j = doc_get(results, "jobs")->child; j; j = j->next) {
        const struct doc *curve = doc_get(doc_get(j, "result"), "curve");
        for (const struct doc *x = curve ? curve->child : NULL; x; x = x->next) {
            str_addf(out, "%s,%s,", view_str(j, "hash"), view_str(j, "role"));
            str_csv(out, view_str(j, "model")), str_addc(out, ',');
            str_csv(out, view_str(j, "method")), str_addc(out, ',');
            str_csv(out, view_str(j, "supervisor"));
            str_addf(out, ",%.0f", view_real(j, "seed"));
            for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
                csv_number(out, view_real(x, columns[k]));
            str_cat(out, "\r\n");
        }
    }
    return str_check(out, e);
}
