/* job_stop.c - a student that stops early: of the training that it stands on the point that the
 * labels of the validation part, or its ground truth, say is best. */
#include "lab/desk.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

static bool by_truth(const struct job *j)
{
    return j->method->recipe == RECIPE_STOP_TRUTH;
}

int spec_stop(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    (void)p;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "stop");
    js_key(&w, "training"), js_str(&w, j->base->hash);
    js_key(&w, "by"), js_str(&w, by_truth(j) ? "ground truth" : "weak labels");
    js_close(&w, '}');
    return str_check(out, e);
}

/* point_best - the earliest of the best; NULL: none has a number. */
static const struct curve_point *point_best(const struct curve_point *c, size_t n, bool truth)
{
    const struct curve_point *best = NULL;
    for (size_t i = 0; i < n; i++) {
        double x = truth ? c[i].truth : c[i].weak;
        if (!isnan(x) && (!best || x > (truth ? best->truth : best->weak)))
            best = &c[i];
    }
    return best;
}

/* point_take - the point's file of the test part, of probabilities or rewards, becomes the job's.
 */
static int point_take(const struct desk *d, bool rewards, double **x, struct err *e)
{
    char name[64];
    struct str path = STR_INIT;
    if (rewards)
        snprintf(name, sizeof name, POINT_REWARDS, d->stopped->p.step);
    else
        snprintf(name, sizeof name, POINT_TEST, d->stopped->p.step);
    store_job_path(d->plan->lab->store, d->job->base->hash, name, &path);
    int rc = str_check(&path, e);
    if (!rc)
        rc = store_array_read(path.s, x, d->data->n[PART_TEST] * d->K, e);
    if (rc == ERR_INPUT)
        rc = store_job_broken(d->plan->lab->store, d->job->base->hash, e);
    if (!rc)
        rc = array_keep(d, PART_TEST, rewards ? LAB_REWARDS : NULL, *x, e);
    str_release(&path);
    return rc;
}

int run_stop(struct desk *d, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    const struct job *training = d->job->base;
    int rc = store_result(d->plan->lab->store, training->hash, &t, e);
    if (!rc)
        rc = curve_add(d, doc_get(t.root, "curve"), e);
    doc_tree_release(&t);
    if (rc)
        return rc;
    d->stopped = point_best(d->curve, d->n_curve, by_truth(d->job));
    d->n_curve = 0; /* it is the training's, not this job's */
    if (!d->stopped)
        return err_set(e, ERR_INPUT, "no point of the curve of %s says how good it is there",
                       training->label);
    rc = point_take(d, false, &d->probs[PART_TEST], e);
    if (!rc && task_alternatives(d->plan->task))
        rc = point_take(d, true, &d->rewards, e);
    return rc ? rc : probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
}
