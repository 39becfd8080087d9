/* cmd_show.c - one job: for people, or its files as JSON. */
#include "cli/session.h"
#include "core/file.h"
#include "core/mem.h"
#include "lab/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How a number of result.json is written; what is not here is written as it is. */
static const struct {
    const char *key, *words;
    enum { AS_NUMBER, AS_SECONDS, AS_BYTES, AS_COUNT, AS_NOTHING } how;
} numbers[] = {
    {"accuracy", NULL, AS_NOTHING}, /* with its interval, before the others */
    {"finished", NULL, AS_NOTHING}, /* in the heading, as is seconds */
    {"seconds", NULL, AS_NOTHING},
    {"test_questions", NULL, AS_NOTHING},
    {"train_seconds", "training", AS_SECONDS},
    {"steps", "steps", AS_COUNT},
    {"tokens", "tokens trained on", AS_COUNT},
    {"memory_peak", "peak memory", AS_BYTES},
    {"memory_of", "peak memory is of the", AS_NUMBER},
    {"resumed", "went on from a checkpoint", AS_NUMBER},
    {"worker", "ran beside others", AS_NUMBER},
};

static void value_add(struct str *out, const struct doc *d)
{
    if (!d)
        return;
    bool hash = d->type == DOC_STRING && d->len == HASH_HEX - 1 &&
                strspn(d->s, "0123456789abcdef") == HASH_HEX - 1;
    switch (d->type) {
    case DOC_NULL:
        str_addc(out, '-');
        break;
    case DOC_BOOL:
        str_cat(out, d->b ? "yes" : "no");
        break;
    case DOC_INT:
        str_addf(out, "%lld", (long long)d->i);
        break;
    case DOC_REAL:
        str_number(out, d->r);
        break;
    case DOC_STRING:
        str_addf(out, hash ? "%.12s..." : strpbrk(d->s, " \"") ? "\"%s\"" : "%s", d->s);
        break;
    case DOC_LIST:
    case DOC_MAP:
        for (const struct doc *x = d->child; x; x = x->next) {
            value_add(out, x);
            str_cat(out, x->next ? ", " : "");
        }
    }
}

static void number_add(struct str *out, const struct doc *d, int how)
{
    if ((d->type != DOC_INT && d->type != DOC_REAL) || how == AS_NUMBER)
        value_add(out, d);
    else if (how == AS_SECONDS)
        str_duration(out, d->r);
    else if (how == AS_BYTES)
        str_bytes(out, d->r);
    else if (d->r >= 0)
        str_count(out, (size_t)d->r);
}

#define NAME_WIDTH "26"

/* table_add - a line for each value of a map; those of a map in it have its name before theirs. */
static void table_add(struct str *out, const struct doc *map, const char *within)
{
    for (const struct doc *x = map ? map->child : NULL; x; x = x->next) {
        struct str name = STR_INIT;
        int how = AS_NUMBER;
        str_addf(&name, "%s%s", within, x->key);
        for (char *c = name.s; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !*within; i++)
            if (strcmp(numbers[i].key, x->key) == 0) {
                how = (int)numbers[i].how;
                str_reset(&name);
                str_cat(&name, numbers[i].words ? numbers[i].words : "");
            }
        if (x->type == DOC_MAP) {
            str_addc(&name, ' ');
            table_add(out, x, name.s);
        } else if (how != AS_NOTHING &&
                   !(x->type == DOC_LIST && (!x->child || x->child->type == DOC_MAP))) {
            str_addf(out, "  %-" NAME_WIDTH "s ", name.s);
            number_add(out, x, how);
            str_addc(out, '\n');
        }
        out->failed = out->failed || name.failed;
        str_release(&name);
    }
}

static double real_of(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && (d->type == DOC_REAL || d->type == DOC_INT) ? d->r : (double)NAN;
}

static void share_add(struct str *out, double x)
{
    if (isnan(x))
        str_addf(out, " %9s", "-");
    else
        str_addf(out, " %9.3f", x);
}

/* curve_add - whatever of these a point has. */
static void curve_add(struct str *out, const struct doc *curve)
{
    static const char *const keys[] = {"epoch", "loss", "accuracy", "weak_accuracy"};
    if (!curve || !curve->child)
        return;
    str_addf(out, "\nwithin the epochs, on the validation slice\n  %8s %9s %9s %9s %s\n", "step",
             "epoch", "loss", "accuracy", " agrees with supervisor");
    for (const struct doc *p = curve->child; p; p = p->next) {
        str_addf(out, "  %8.0f", real_of(p, "step"));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            share_add(out, real_of(p, keys[k]));
        str_addc(out, '\n');
    }
}

static int files_add(struct str *out, const char *dir, struct err *e)
{
    struct str path = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    int rc = file_list(dir, &names, &n, e);
    str_addf(out, "\nfiles in %s\n", dir);
    for (size_t i = 0; i < n && !rc; i++) {
        size_t bytes = 0;
        str_path(&path, dir, names[i]);
        rc = str_check(&path, e);
        if (rc)
            break;
        if (file_is_dir(path.s)) {
            str_addf(out, "  %s/\n", names[i]);
        } else if (!(rc = file_size(path.s, &bytes, e))) {
            str_addf(out, "  %-" NAME_WIDTH "s ", names[i]);
            str_bytes(out, (double)bytes);
            str_addc(out, '\n');
        }
    }
    mem_free(names);
    str_release(&path);
    return rc;
}

/* The accuracy is of one training run; its interval says what other test questions would change. */
static void accuracy_add(struct str *out, const struct doc *result)
{
    double accuracy = real_of(result, "accuracy"), n = real_of(result, "test_questions");
    struct estimate x = metrics_wilson(accuracy, n, 0.95);
    if (isnan(accuracy))
        return;
    str_addf(out, "  %-" NAME_WIDTH "s %.3f", "test accuracy", accuracy);
    if (!isnan(x.lo))
        str_addf(out, " [%.3f, %.3f]  95 %% (Wilson), %.0f test questions", x.lo, x.hi, n);
    str_addc(out, '\n');
}

struct showing {
    const struct store *store;
    bool json;
    struct str out;
};

static int done_files(const struct showing *show, const char *hash, struct doc_tree t[2],
                      struct err *e)
{
    static const char *const files[] = {"job.json", "result.json"};
    struct str path = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < 2 && !rc; i++) {
        str_reset(&path);
        store_job_path(show->store, hash, files[i], &path);
        rc = str_check(&path, e);
        if (!rc && (rc = doc_read_json(&t[i], path.s, e)) && rc != ERR_NOMEM)
            rc = store_job_broken(show->store, hash, e);
    }
    str_release(&path);
    return rc;
}

static void show_json(struct showing *show, const struct store_row *r, const struct doc *job,
                      const struct doc *result, const char *dir)
{
    struct str raw = STR_INIT;
    struct js w;
    js_init(&w, &show->out);
    js_open(&w, '{');
    js_key(&w, "state"), js_str(&w, r->state);
    js_key(&w, "hash"), js_str(&w, r->hash);
    js_key(&w, "label"), js_str(&w, r->label);
    js_key(&w, "folder"), js_str(&w, dir);
    if (job) {
        doc_write_json(&raw, job);
        js_key(&w, "job"), js_raw(&w, raw.s);
        str_reset(&raw);
        doc_write_json(&raw, result);
        js_key(&w, "result"), js_raw(&w, raw.s);
    } else {
        js_key(&w, "study"), js_str(&w, r->study);
        js_key(&w, "error"), js_str(&w, r->error);
    }
    js_close(&w, '}');
    str_addc(&show->out, '\n');
    show->out.failed = show->out.failed || raw.failed;
    str_release(&raw);
}

static int show_text(struct showing *show, const struct store_row *r, const struct doc *job,
                     const struct doc *result, const char *dir, struct err *e)
{
    struct str *out = &show->out;
    char when[32] = "";
    time_t t = (time_t)r->when;
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&t, &tm));
    str_addf(out, "%s\n%s, %s %s", r->label, r->hash, r->state, when);
    if (!isnan(r->seconds)) {
        str_cat(out, ", in ");
        str_duration(out, r->seconds);
    }
    if (*r->study)
        str_addf(out, ", study %s", r->study);
    str_addc(out, '\n');
    if (*r->error)
        str_addf(out, "  %s\n", r->error);
    if (job) {
        str_addc(out, '\n');
        accuracy_add(out, result);
        table_add(out, result, "");
        curve_add(out, doc_get(result, "curve"));
        str_cat(out, "\nsettings\n");
        str_addf(out, "  %-" NAME_WIDTH "s ", "checkpoint");
        value_add(out, doc_get(job, "model"));
        str_addf(out, "\n  %-" NAME_WIDTH "s ", "task");
        value_add(out, doc_get(job, "task"));
        str_addc(out, '\n');
        table_add(out, doc_get(job, "spec"), "");
    }
    return file_is_dir(dir) ? files_add(out, dir, e) : OK;
}

static int row_show(void *ctx, const struct store_row *r, struct err *e)
{
    struct showing *show = ctx;
    struct doc_tree t[2] = {DOC_TREE_INIT, DOC_TREE_INIT};
    struct str dir = STR_INIT;
    bool done = strcmp(r->state, "done") == 0;
    if (done || strcmp(r->state, "damaged") == 0)
        store_job_path(show->store, r->hash, NULL, &dir);
    else
        str_addf(&dir, "%s/work/%s", store_dir(show->store), r->hash);
    int rc = str_check(&dir, e);
    if (!rc && done)
        rc = done_files(show, r->hash, t, e);
    if (!rc && show->json)
        show_json(show, r, t[0].root, t[1].root, dir.s);
    else if (!rc)
        rc = show_text(show, r, t[0].root, t[1].root, dir.s, e);
    doc_tree_release(&t[0]);
    doc_tree_release(&t[1]);
    str_release(&dir);
    return rc ? rc : str_check(&show->out, e);
}

static int show_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct showing show = {.json = app->json, .out = STR_INIT};
    char hash[HASH_HEX];
    if (a->n_rest != 1) {
        err_set(e, ERR_INPUT,
                "show wants a job: the beginning of its hash, or its name as w2s ls prints it");
        return EXIT_USAGE;
    }
    int rc = session_view(&s, app, args_option(&cmd_show, a, "runs"), e);
    if (rc)
        return command_exit(rc);
    show.store = s.lab.store;
    rc = store_find(s.lab.store, a->rest[0], hash, e);
    if (!rc)
        rc = store_list(s.lab.store, hash, row_show, &show, e);
    if (!rc)
        fwrite(show.out.s, 1, show.out.len, stdout);
    str_release(&show.out);
    session_close(&s);
    return command_exit(rc);
}

static const struct option_row show_options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {NULL, NULL, NULL, 0},
};

const struct command cmd_show = {
    .name = "show",
    .operands = "RUN",
    .line = "print one job: its numbers, curve, settings, files",
    .help =
        "RUN is the beginning of a job's hash, or its name, as w2s ls prints them. With --json: "
        "its files, job.json and\nresult.json, whole.\n\n    w2s show 3fa2\n",
    .options = show_options,
    .run = show_run,
};
