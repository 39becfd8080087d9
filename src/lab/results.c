/* results.c - finished jobs -> results.json, the one thing the report reads (docs/result-files.md
 * describes it). */
#include "lab/bench.h"
#include "lab/prompting.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "data/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static size_t model_index(const struct plan *p, const struct job *j)
{
    return (size_t)(j->model - p->models);
}

/* cost_json - what the jobs took, whichever run computed them: their seconds together, the most
 * memory of any (workers: some were computed beside others, whose memory is not in it), when the
 * last one was done. */
static void cost_json(struct js *w, const struct bench *b)
{
    double seconds = 0, memory = 0, last = 0;
    bool workers = false;
    char when[32] = "";
    struct tm tm;
    for (size_t i = 0; i < b->p->n_jobs; i++) {
        seconds += bench_number(b, i, "seconds");
        memory = fmax(memory, bench_number(b, i, "memory_peak"));
        last = fmax(last, bench_number(b, i, "finished"));
        const struct doc *worker = doc_get(b->results[i].root, "worker");
        workers = workers || (worker && worker->type == DOC_BOOL && worker->b);
    }
    time_t t = (time_t)last;
    if (t)
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    js_key(w, "when"), js_str(w, when);
    js_key(w, "seconds"), js_real(w, seconds);
    js_key(w, "memory_peak"), js_int(w, (int64_t)memory);
    js_key(w, "workers"), js_bool(w, workers);
}

static const char *const origin_keys[] = {"command", "version", "device", "threads"};
enum { ORIGIN_KEYS = sizeof origin_keys / sizeof *origin_keys };

/* origin_json - what computed the jobs. old: results that were there and that it stays named of,
 * NULL where this run is it. */
static void origin_json(struct js *w, const struct plan *p, const struct doc *old)
{
    char device[256];
    struct str raw = STR_INIT;
    for (size_t i = 0; old && i < ORIGIN_KEYS; i++) {
        str_reset(&raw);
        doc_write_json(&raw, doc_get(old, origin_keys[i]));
        js_key(w, origin_keys[i]), js_raw(w, raw.s);
        w->out->failed = w->out->failed || raw.failed;
    }
    str_release(&raw);
    if (old)
        return;
    dev_describe(p->lab->dev, device, sizeof device);
    js_key(w, "command"), js_str(w, p->lab->command);
    js_key(w, "version"), js_str(w, p->lab->version);
    js_key(w, "device"), js_str(w, p->study->imported ? "" : device);
    js_key(w, "threads"), js_int(w, par_threads());
}

/* origin_read - the study of the results in dir, whole; NULL where there are none. */
static const struct doc *origin_read(struct doc_tree *t, const char *dir)
{
    struct str path = STR_INIT;
    struct err ignored = ERR_INIT;
    str_path(&path, dir, "results.json");
    const struct doc *study =
        !path.failed && file_exists(path.s) && !doc_read_json(t, path.s, &ignored)
            ? doc_get(t->root, "study")
            : NULL;
    for (size_t i = 0; i < ORIGIN_KEYS; i++)
        study = doc_get(study, origin_keys[i]) ? study : NULL;
    str_release(&path);
    return study;
}

/* side_how_json - how the models of a side come to answer. */
static void side_how_json(struct js *w, const struct study_side *side)
{
    if (side->learner == LEARNER_PROMPT)
        prompting_json(w, side);
    else if (side->learner == LEARNER_PROBE)
        probing_json(w, side);
    else
        side_settings_json(w, side);
}

static void study_json(struct js *w, const struct bench *b, const struct doc *old)
{
    const struct plan *p = b->p;
    js_key(w, "study"), js_open(w, '{');
    js_key(w, "name"), js_str(w, p->study->name);
    js_key(w, "title"), js_str(w, p->study->title);
    cost_json(w, b);
    origin_json(w, p, old);
    if (!p->study->supervisor.n_votes) {
        js_key(w, "supervisor"), js_open(w, '{');
        side_how_json(w, &p->study->supervisor);
        js_close(w, '}');
    }
    if (p->study->imported) {
        js_key(w, "imported"), js_bool(w, true);
    } else {
        js_key(w, "student"), js_open(w, '{');
        side_how_json(w, &p->study->student);
        js_close(w, '}');
    }
    if (p->study->generates) {
        js_key(w, "generative"), js_open(w, '{');
        side_settings_json(w, &p->study->generative);
        js_close(w, '}');
    }
    baselines_json(p->study, w);
    js_key(w, "seeds"), js_int(w, (int64_t)p->study->seeds);
    js_key(w, "bootstrap"), js_int(w, (int64_t)p->study->bootstrap);
    js_key(w, "level"), js_real(w, p->study->level);
    js_close(w, '}');
}

/* origin_of - which published version an asset is of, as the key "origin"; none where it is not
 * known. */
static void origin_of(struct js *w, const struct plan *p, const char *asset)
{
    struct str origin = STR_INIT;
    struct err ignored = ERR_INIT;
    if (asset && p->lab->assets && !asset_origin(p->lab->assets, asset, &origin, &ignored) &&
        origin.len)
        js_key(w, "origin"), js_str(w, origin.s);
    str_release(&origin);
}

static void parts_json(struct js *w, const char *key, const size_t n[PART_COUNT])
{
    js_key(w, key), js_open(w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        js_key(w, lab_part_names[part]), js_int(w, (int64_t)n[part]);
    js_close(w, '}');
}

static int task_json(struct js *w, const struct plan *p, struct err *e)
{
    const struct dataset *d = &p->data[0];
    size_t classes[16] = {0}, most = 0;
    int rc = OK;
    for (size_t i = 0; i < d->n[PART_TEST]; i++)
        classes[d->part[PART_TEST][i].label]++;
    for (size_t k = 0; k < d->classes; k++)
        most = classes[k] > most ? classes[k] : most;
    if (task_writes(p->task))
        rc = answers_common(d->part[PART_TEST], d->n[PART_TEST], &most, e);
    js_key(w, "task"), js_open(w, '{');
    js_key(w, "name"), js_str(w, task_name(p->task));
    js_key(w, "title"), js_str(w, task_title(p->task));
    js_key(w, "citation"), js_str(w, task_citation(p->task));
    js_key(w, "licence"), js_str(w, task_licence(p->task));
    if (task_source_name(p->task))
        js_key(w, "source"), js_str(w, task_source_name(p->task));
    origin_of(w, p, task_asset(p->task));
    if (p->passed.len)
        js_key(w, "sources_missing"), js_str(w, p->passed.s);
    js_key(w, "classes"), js_open(w, '[');
    for (size_t k = 0; k < d->classes; k++)
        js_str(w, task_class_name(p->task, k));
    js_close(w, ']');
    for (int part = 0; part < PART_COUNT; part++)
        js_key(w, lab_part_names[part]), js_int(w, (int64_t)d->n[part]);
    js_key(w, "constant_accuracy"), js_real(w, (double)most / (double)d->n[PART_TEST]);
    js_key(w, "duplicates_dropped"), js_int(w, (int64_t)d->duplicates_dropped);
    if (task_writes(p->task)) {
        js_key(w, "written"), js_bool(w, true);
        js_key(w, "decoding"), js_str(w, decoding_names[p->study->decoding]);
        js_key(w, "scores_undefined"), js_str(w, "answers are written: no class has a probability");
    }
    js_key(w, "max_tokens"), js_int(w, (int64_t)p->study->max_tokens);
    parts_json(w, "repeated", d->repeated);
    parts_json(w, "shared", d->shared);
    js_close(w, '}');
    return rc;
}

/* votes_json - who supervises without being a model. */
static void votes_json(struct js *w, const struct job *j)
{
    struct str id = STR_INIT, label = STR_INIT;
    model_id(j, &id);
    str_addf(&label,
             j->imported    ? "%s, by another program"
             : j->simulated ? "%s, simulated"
             : j->ensemble  ? "%s, several models"
             : j->given     ? "%s, labels from a file"
                            : "%s, votes",
             j->votes);
    js_open(w, '{');
    js_key(w, "id"), js_str(w, id.s);
    js_key(w, "label"), js_str(w, label.s);
    js_key(w, "name"), js_str(w, j->votes);
    js_key(w, "votes"), js_bool(w, true);
    if (j->params > 0)
        js_key(w, "params"), js_real(w, j->params);
    if (j->given && !j->imported)
        js_key(w, "file"), js_str(w, given_hash(j->given));
    js_close(w, '}');
    w->out->failed = w->out->failed || label.failed;
    str_release(&id);
    str_release(&label);
}

static void model_json(struct js *w, const struct plan *p, const struct job *j)
{
    struct str id = STR_INIT, label = STR_INIT, how = STR_INIT;
    struct model_config c = job_config(j);
    if (j->votes) {
        votes_json(w, j);
        return;
    }
    size_t whole = weights_config(j->model->weights)->layers;
    model_id(j, &id);
    str_addf(&label,
             j->layers < whole ? "%s, first %zu of %zu layers and the final norm"
             : whole == 1      ? "%s, its one layer"
                               : "%s, all %zu layers",
             j->model->shown, j->layers, whole);
    if (j->side->random)
        str_cat(&label, ", random weights");
    job_how(j, &how);
    if (how.len)
        str_addf(&label, ", %s", how.s);
    js_open(w, '{');
    js_key(w, "id"), js_str(w, id.s);
    js_key(w, "label"), js_str(w, label.s);
    js_key(w, "name"), js_str(w, j->model->name);
    js_key(w, "shown"), js_str(w, j->model->shown);
    origin_of(w, p, j->model->name);
    js_key(w, "index"), js_int(w, (int64_t)model_index(p, j));
    js_key(w, "layers"), js_int(w, (int64_t)j->layers);
    js_key(w, "layers_whole"), js_int(w, (int64_t)whole);
    js_key(w, "random"), js_bool(w, j->side->random);
    if (how.len)
        js_key(w, "how"), js_str(w, how.s);
    js_key(w, "params"), js_int(w, (int64_t)config_params(&c));
    js_close(w, '}');
    str_release(&id);
    str_release(&label);
    str_release(&how);
}

/* model_at - the i-th job of the plan, then the models of what was left out of it. */
static const struct job *model_at(const struct plan *p, size_t i)
{
    if (i < p->n_jobs)
        return p->jobs[i];
    const struct left_out *x = &p->left_out[(i - p->n_jobs) / 2];
    return (i - p->n_jobs) % 2 ? &x->strong : &x->weak;
}

static void models_json(struct js *w, const struct plan *p)
{
    struct str id = STR_INIT, other = STR_INIT;
    js_key(w, "models"), js_open(w, '[');
    for (size_t i = 0; i < p->n_jobs + 2 * p->n_left_out; i++) {
        const struct job *j = model_at(p, i);
        bool seen = false;
        model_id(j, &id);
        for (size_t k = 0; k < i && !seen; k++) {
            model_id(model_at(p, k), &other);
            seen = !id.failed && !other.failed && strcmp(id.s, other.s) == 0;
        }
        if (!seen)
            model_json(w, p, j);
    }
    js_close(w, ']');
    w->out->failed = w->out->failed || id.failed || other.failed;
    str_release(&id);
    str_release(&other);
}

static void left_out_json(struct js *w, const struct plan *p)
{
    struct str id = STR_INIT;
    js_key(w, "left_out"), js_open(w, '[');
    for (size_t i = 0; i < p->n_left_out; i++) {
        js_open(w, '{');
        model_id(&p->left_out[i].weak, &id);
        js_key(w, "supervisor"), js_str(w, id.s);
        model_id(&p->left_out[i].strong, &id);
        js_key(w, "student"), js_str(w, id.s);
        js_close(w, '}');
    }
    js_close(w, ']');
    str_release(&id);
}

/* jobs_json - every job with its curve, copied from its result. */
static int jobs_json(struct js *w, const struct bench *b, struct err *e)
{
    const struct plan *p = b->p;
    struct str id = STR_INIT, raw = STR_INIT;
    int rc = OK;
    js_key(w, "jobs"), js_open(w, '[');
    for (size_t i = 0; i < p->n_jobs && !rc; i++) {
        const struct job *j = p->jobs[i];
        if (j->state != JOB_FAILED && !b->results[i].root) /* features that were not needed */
            continue;
        js_open(w, '{');
        js_key(w, "hash"), js_str(w, j->hash);
        js_key(w, "label"), js_str(w, j->label);
        js_key(w, "role"), js_str(w, job_roles[j->role]);
        model_id(j, &id);
        js_key(w, "model"), js_str(w, id.s);
        js_key(w, "method");
        js_str(w, j->role == JOB_LM                                  ? "texts"
                  : j->role == JOB_FEATURES || j->role == JOB_RECITE ? ""
                  : j->supervisor                                    ? j->method->name
                                                                     : "ground truth");
        if (j->supervisor) {
            model_id(job_root(j), &id);
            js_key(w, "supervisor"), js_str(w, id.s);
        }
        js_key(w, "seed"), js_int(w, (int64_t)j->repetition);
        if (j->state == JOB_FAILED) {
            js_key(w, "error"), js_str(w, j->why.msg);
        } else {
            str_reset(&raw);
            doc_write_json(&raw, b->results[i].root);
            rc = str_check(&raw, e);
            js_key(w, "result"), js_raw(w, raw.s);
            js_key(w, "scores"), js_open(w, '{');
            for (size_t k = 0; k < SCORES; k++)
                js_key(w, bench_score_name(k)), js_real(w, b->scores[i][k]);
            js_close(w, '}');
        }
        js_close(w, '}');
    }
    js_close(w, ']');
    str_release(&id);
    str_release(&raw);
    return rc;
}

/* written_json - of an example the true answer, and of every job [answer, whether it is right, and
 * legal]. */
static void written_json(struct js *w, const struct bench *b, size_t x)
{
    const struct plan *p = b->p;
    js_key(w, "answer"), js_str(w, p->data[0].part[PART_TEST][x].answer);
    js_key(w, "answers"), js_open(w, '[');
    for (size_t i = 0; i < p->n_jobs; i++) {
        if (p->jobs[i]->repetition != 0 || !b->probs[i])
            continue;
        const struct said *s = &b->answers[i].a[x];
        js_open(w, '[');
        js_str(w, s->text), js_bool(w, s->right), js_bool(w, s->legal);
        js_close(w, ']');
    }
    js_close(w, ']');
}

/* examples_json - the first repetition's test texts with every job's probabilities of each class.
 */
static void examples_json(struct js *w, const struct bench *b)
{
    const struct plan *p = b->p;
    const struct dataset *d = &p->data[0];
    js_key(w, "examples"), js_open(w, '{');
    js_key(w, "jobs"), js_open(w, '[');
    for (size_t i = 0; i < p->n_jobs; i++)
        if (p->jobs[i]->repetition == 0 && b->probs[i])
            js_str(w, p->jobs[i]->hash);
    js_close(w, ']');
    js_key(w, "items"), js_open(w, '[');
    for (size_t x = 0; x < d->n[PART_TEST]; x++) {
        const struct example *ex = &d->part[PART_TEST][x];
        js_open(w, '{');
        js_key(w, "id"), js_str(w, ex->id);
        js_key(w, "text"), js_strn(w, ex->text, ex->len);
        js_key(w, "label"), js_int(w, ex->label);
        js_key(w, "source"), js_str(w, ex->source);
        if (b->answers) {
            written_json(w, b, x);
            js_close(w, '}');
            continue;
        }
        js_key(w, "probs"), js_open(w, '[');
        for (size_t i = 0; i < p->n_jobs; i++) {
            if (p->jobs[i]->repetition != 0 || !b->probs[i])
                continue;
            js_open(w, '[');
            for (size_t k = 0; k < b->K; k++)
                js_real(w, b->probs[i][x * b->K + k]);
            js_close(w, ']');
        }
        js_close(w, ']');
        js_close(w, '}');
    }
    js_close(w, ']');
    js_close(w, '}');
}

bool settings_same(const char *dir, const char *yaml)
{
    struct str path = STR_INIT, old = STR_INIT;
    struct err ignored = ERR_INIT;
    str_path(&path, dir, "study.yaml");
    bool same = !path.failed && !file_read(&old, path.s, &ignored) && strcmp(old.s, yaml) == 0;
    str_release(&old);
    str_release(&path);
    return same;
}

int settings_write(const char *dir, const char *yaml, struct err *e)
{
    struct str path = STR_INIT;
    str_path(&path, dir, "study.yaml");
    int rc = str_check(&path, e);
    if (!rc)
        rc = file_write(path.s, yaml, strlen(yaml), e);
    str_release(&path);
    return rc;
}

/* results_place - where the results that are there are others, what was made from them goes before
 * these come, and those of other settings go before these settings come: a process that is killed
 * in here leaves less, and nothing that contradicts. Else all stays: another process may have
 * written this study's results, and be reading them. */
static int results_place(const struct bench *b, const char *dir, const char *yaml,
                         const struct str *json, struct err *e)
{
    struct str path = STR_INIT, old = STR_INIT;
    struct err ignored = ERR_INIT;
    str_path(&path, dir, "results.json");
    int rc = str_check(&path, e);
    if (rc)
        goto out;
    bool set = settings_same(dir, yaml);
    if (!set || file_read(&old, path.s, &ignored) || strcmp(old.s, json->s)) {
        rc = store_study_clear(dir, e);
        if (!rc && !set && !(rc = file_remove_tree(path.s, e)))
            rc = settings_write(dir, yaml, e);
        if (!rc)
            rc = file_write(path.s, json->s, json->len, e);
    }
    if (!rc)
        rc = predictions_write(b, dir, e);
out:
    str_release(&path);
    str_release(&old);
    return rc;
}

int results_write(const struct plan *p, const char *dir, const char *yaml, bool idle, struct err *e)
{
    struct str out = STR_INIT;
    struct doc_tree old = DOC_TREE_INIT;
    struct bench b;
    struct js w;
    int rc = bench_open(&b, p, e);
    js_init(&w, &out);
    if (!rc)
        rc = versus_measure(&b, e);
    if (rc)
        goto out;
    js_open(&w, '{');
    js_key(&w, "format"), js_int(&w, 1);
    study_json(&w, &b, idle ? origin_read(&old, dir) : NULL);
    rc = task_json(&w, p, e);
    models_json(&w, p);
    js_key(&w, "pairs"), js_open(&w, '[');
    for (size_t i = 0; i < p->n_pairs && !rc; i++)
        rc = pair_json(&w, &b, &p->pairs[i], e);
    js_close(&w, ']');
    left_out_json(&w, p);
    if (!rc)
        rc = jobs_json(&w, &b, e);
    if (rc)
        goto out;
    examples_json(&w, &b);
    js_close(&w, '}');
    str_addc(&out, '\n');
    if (!(rc = str_check(&out, e)))
        rc = results_place(&b, dir, yaml, &out, e);
out:
    bench_close(&b);
    doc_tree_release(&old);
    str_release(&out);
    return rc;
}
