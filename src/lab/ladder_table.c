/* ladder_table.c - what became of a ladder's models, as a table, as CSV, as JSON. */
#include "lab/pretrain.h"
#include "core/file.h"

#include <math.h>
#include <string.h>

/* A column: of result.json, in the CSV under the same name; head NULL: not in the table. */
static const struct {
    const char *key, *head;
    enum { AS_COUNT, AS_LOSS, AS_SHARE, AS_TIME } how;
} columns[] = {
    {"parameters", "parameters", AS_COUNT},
    {"tokens", "tokens", AS_COUNT},
    {"final_loss", "loss", AS_LOSS},
    {"held_out_loss", "held out", AS_LOSS},
    {"perplexity", "perplexity", AS_LOSS},
    {"accuracy", "next move", AS_SHARE},
    {"position_accuracy", "by position", AS_SHARE},
    {"tokens_per_second", "tokens/s", AS_COUNT},
    {"train_seconds", "time", AS_TIME},
    {"moves_asked", NULL, AS_COUNT},
    {"held_out_tokens", NULL, AS_COUNT},
    {"steps", NULL, AS_COUNT},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static double number(const struct doc *result, const char *key)
{
    const struct doc *d = doc_get(result, key);
    return d && (d->type == DOC_INT || d->type == DOC_REAL) ? d->r : (double)NAN;
}

static void cell(struct str *out, double x, int how)
{
    if (isnan(x))
        str_addc(out, '-');
    else if (how == AS_COUNT)
        str_count(out, (size_t)x);
    else if (how == AS_LOSS)
        str_addf(out, "%.3f", x);
    else if (how == AS_SHARE)
        str_addf(out, "%.3f", x);
    else
        str_duration(out, x);
}

static void row_text(struct str *out, const struct rung *r, const struct doc *result)
{
    str_addf(out, "%-16s", r->model->name);
    if (!result)
        str_addf(out, "  failed: %.300s", r->why.msg);
    for (size_t k = 0; result && k < COLUMNS; k++) {
        struct str s = STR_INIT;
        if (!columns[k].head)
            continue;
        cell(&s, number(result, columns[k].key), (int)columns[k].how);
        str_addf(out, " %11s", s.s);
        str_release(&s);
    }
    str_addc(out, '\n');
}

static void row_csv(struct str *out, const struct rung *r, const struct doc *result)
{
    str_csv(out, r->model->name);
    for (size_t k = 0; k < COLUMNS; k++) {
        double x = number(result, columns[k].key);
        str_addc(out, ',');
        if (!isnan(x))
            str_number(out, x);
    }
    str_addf(out, ",%s\n", r->hash);
}

static void row_json(struct js *j, const struct pretraining *p, const struct rung *r,
                     const struct doc *result)
{
    struct str path = STR_INIT;
    str_path(&path, p->dir.s, r->model->name);
    js_open(j, '{');
    js_key(j, "model"), js_str(j, r->model->name);
    js_key(j, "job"), js_str(j, r->hash);
    if (result)
        js_key(j, "folder"), js_str(j, path.s);
    else
        js_key(j, "error"), js_str(j, r->why.msg);
    for (size_t k = 0; result && k < COLUMNS; k++)
        js_key(j, columns[k].key), js_real(j, number(result, columns[k].key));
    js_close(j, '}');
    j->out->failed = j->out->failed || path.failed;
    str_release(&path);
}

static void heads(const struct pretraining *p, struct str *text, struct str *csv)
{
    str_addf(text, "%s\n\n%-16s", p->ladder->title, "model");
    str_cat(csv, "model");
    for (size_t k = 0; k < COLUMNS; k++) {
        if (columns[k].head)
            str_addf(text, " %11s", columns[k].head);
        str_addf(csv, ",%s", columns[k].key);
    }
    str_addc(text, '\n');
    str_cat(csv, ",job\n");
}

int ladder_table(const struct pretraining *p, bool json, struct str *out, struct err *e)
{
    struct str text = STR_INIT, csv = STR_INIT, object = STR_INIT;
    struct js j;
    int rc = OK;
    heads(p, &text, &csv);
    js_init(&j, &object);
    js_open(&j, '{');
    js_key(&j, "ladder"), js_str(&j, p->ladder->name);
    js_key(&j, "models"), js_open(&j, '[');
    for (size_t i = 0; i < p->ladder->n && !rc; i++) {
        const struct rung *r = &p->rungs[i];
        struct doc_tree t = DOC_TREE_INIT;
        if (r->state != JOB_FAILED)
            rc = store_result(p->lab->store, r->hash, &t, e);
        if (!rc) {
            const struct doc *result = r->state == JOB_FAILED ? NULL : t.root;
            row_text(&text, r, result);
            row_csv(&csv, r, result);
            row_json(&j, p, r, result);
        }
        doc_tree_release(&t);
    }
    js_close(&j, ']');
    js_close(&j, '}');
    str_addf(&text, "\nmodels: %s\n", p->dir.s);
    str_addc(&object, '\n');
    if (!rc)
        rc = file_write_in(p->dir.s, "ladder.csv", &csv, e);
    if (!rc)
        rc = str_check(json ? &object : &text, e);
    if (!rc)
        str_cat(out, json ? object.s : text.s);
    str_release(&text);
    str_release(&csv);
    str_release(&object);
    return rc ? rc : str_check(out, e);
}
