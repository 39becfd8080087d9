/* plan_given.c - supervisors that are files of labels: read, and held against the draw. */
#include "lab/plan.h"
#include "core/file.h"

/* given_check - every example that students learn from has a label in every repetition. */
static int given_check(const struct plan *p, const struct given *g, const char *name, struct err *e)
{
    const struct example *first;
    struct str words = STR_INIT, lost = STR_INIT;
    size_t strange, rows;
    int rc = given_strange(g, p->data, p->study->seeds, &strange, &rows, e);
    for (size_t r = 0; !rc && r < p->study->seeds; r++) {
        const struct dataset *d = &p->data[r];
        size_t n = given_missing(g, d, PART_TRAIN, r, &first);
        if (n && p->study->seeds > 1)
            str_addf(&words, " in seed %zu", r);
        if (n)
            rc = err_set(e, ERR_INPUT,
                         "labels %s: %zu of the %zu examples that students learn from%s have no "
                         "row, the first is id %s (%s); w2s label STUDY --examples writes them all",
                         name, n, d->n[PART_TRAIN], words.s, first->id, first->source);
        if (!n && (n = given_missing(g, d, PART_TEST, r, &first)))
            str_addf(&lost, "%s%zu of %zu", lost.len ? ", " : "", n, d->n[PART_TEST]);
    }
    if (!rc && strange && !p->worker)
        log_info(p->lab->log, "labels %s: %zu of %zu rows are of no example of this study", name,
                 strange, rows);
    if (!rc && lost.len && !p->worker)
        log_warn(p->lab->log,
                 "labels %s: %s test examples have no row, so that its accuracy and PGR are "
                 "undefined",
                 name, lost.s);
    str_release(&words);
    str_release(&lost);
    return rc;
}

int plan_given(struct plan *p, struct err *e)
{
    const struct study_side *side = &p->study->supervisor;
    struct str duckdb = STR_INIT;
    int rc = OK;
    if (!side->labels)
        return OK;
    p->given = arena_alloc(&p->arena, side->n_votes, sizeof *p->given, e);
    if (!p->given)
        return e->code;
    for (size_t i = 0; !rc && i < side->n_votes; i++) {
        if (table_wants_duckdb(side->votes[i], &(const struct table_settings){0}) && !duckdb.len)
            rc = lab_duckdb(p->lab, &duckdb, e);
        if (!rc)
            rc = given_read(&p->given[i], side->votes[i], p->task, duckdb.len ? duckdb.s : NULL, e);
        if (!rc)
            rc = given_check(p, p->given[i], file_name(side->votes[i]), e);
    }
    str_release(&duckdb);
    return rc;
}

bool job_scored(const struct plan *p, const struct job *j)
{
    const struct example *first;
    if (j->role == JOB_REPAIR || j->role == JOB_LM || j->role == JOB_FEATURES ||
        j->role == JOB_RECITE || job_argues(j))
        return false;
    return !j->given ||
           !given_missing(j->given, &p->data[j->repetition], PART_TEST, j->repetition, &first);
}
