/* pretrain.c - a ladder's documents, tokenizer and jobs, one job after the other. */
#include "lab/pretrain.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/rng.h"
#include "core/stop.h"
#include "data/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int file_add(struct pretraining *p, const char *path, struct err *e)
{
    return p->ladder->games ? corpus_games(&p->corpus, path, p->lab->log, e)
                            : corpus_texts(&p->corpus, path, p->ladder->field, p->lab->log, e);
}

/* folder_add - its files of the kind that is asked for, by name. */
static int folder_add(struct pretraining *p, const char *dir, struct err *e)
{
    struct str path = STR_INIT;
    char **names = NULL;
    size_t n = 0, found = 0;
    int rc = file_list(dir, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        enum table_format f = table_format_of(names[i]);
        if (f == TABLE_AUTO || (f == TABLE_PGN) != p->ladder->games)
            continue;
        str_path(&path, dir, names[i]);
        rc = str_check(&path, e);
        if (!rc)
            rc = file_add(p, path.s, e);
        found++;
    }
    if (!rc && !found)
        rc = err_set(e, ERR_INPUT, "%s: no file of %s in it", dir,
                     p->ladder->games ? "games (.pgn)" : "text (.txt, .jsonl, .csv ...)");
    mem_free(names);
    str_release(&path);
    return rc;
}

/* source_path - of what data.pgn or data.text names: data by its name, alone or with a file of it
 * behind (chess-games/Tal.pgn.gz), or a path, which may go on in an archive. */
static int source_path(const struct pretraining *p, const char *name, struct str *path,
                       struct err *e)
{
    struct asset_options o = {p->lab->offline, p->lab->log};
    struct assets *all = p->lab->assets;
    const char *slash = strchr(name, '/');
    struct str asset = STR_INIT;
    int rc = OK;
    if (!slash || assets_find(all, name) || str_starts(name, "hub:") || file_exists(name))
        return asset_path(all, name, &o, path, e);
    str_catn(&asset, name, (size_t)(slash - name));
    rc = str_check(&asset, e);
    if (!rc && assets_find(all, asset.s)) {
        rc = asset_path(all, asset.s, &o, path, e);
        if (!rc)
            str_cat(path, slash);
    } else if (!rc)
        str_cat(path, name);
    str_release(&asset);
    return rc;
}

static int source_add(struct pretraining *p, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    int rc = source_path(p, name, &path, e);
    if (!rc)
        rc = str_check(&path, e);
    if (!rc)
        rc = file_is_dir(path.s) ? folder_add(p, path.s, e) : file_add(p, path.s, e);
    str_release(&path);
    return rc;
}

static int corpus_open(struct pretraining *p, struct err *e)
{
    const struct ladder *l = p->ladder;
    const char *what = l->games ? "games" : "documents";
    struct rng rng;
    int rc = OK;
    for (size_t i = 0; i < l->n_files && !rc; i++)
        rc = source_add(p, l->files[i], e);
    if (!rc)
        rc = corpus_unique(&p->corpus, e);
    if (rc)
        return rc;
    size_t n = p->corpus.n;
    if (!n)
        return err_set(e, ERR_INPUT, "%s: no %s to learn from in %s%s", l->name, what, l->files[0],
                       l->n_files > 1 ? " and the others" : "");
    if (l->valid >= n)
        return err_set(e, ERR_INPUT,
                       "%s: data.valid holds %zu %s out of %zu different ones: none is left to "
                       "learn from",
                       l->name, l->valid, what, n);
    p->order = mem_alloc(n, sizeof *p->order, e);
    if (!p->order)
        return e->code;
    for (size_t i = 0; i < n; i++)
        p->order[i] = i;
    rng_init(&rng, l->seed, "held out");
    rng_shuffle(&rng, p->order, n);
    log_info(p->lab->log, "%s: %zu %s, %zu of them held out; left out: %zu repeated, %zu others",
             l->name, n, what, l->valid, p->corpus.repeated, p->corpus.left_out);
    return OK;
}

bool pretraining_own(const struct ladder *l)
{
    return strcmp(l->tokenizer, "moves") == 0 || strcmp(l->tokenizer, "bytes") == 0;
}

static int tokenizer_make(struct pretraining *p, struct err *e)
{
    const struct ladder *l = p->ladder;
    struct str dir = STR_INIT;
    if (!pretraining_own(l)) {
        int rc = lab_model_open(&p->given, p->lab, l->tokenizer, e);
        p->tokenizer = p->given.tokenizer;
        return rc;
    }
    str_path(&dir, p->dir.s, "tokenizer");
    int rc = str_check(&dir, e);
    if (!rc && strcmp(l->tokenizer, "moves") == 0)
        rc = corpus_words(&p->corpus, p->order + l->valid, p->corpus.n - l->valid,
                          l->vocabulary - TOKENIZER_WORDS_AT, &p->words, &p->n_words, e);
    if (!rc)
        rc = file_mkdirs(dir.s, e);
    if (!rc)
        rc = tokenizer_words_save((const char *const *)p->words, p->n_words, dir.s, e);
    if (!rc)
        rc = tokenizer_open(&p->own, dir.s, e);
    p->tokenizer = p->own;
    str_release(&dir);
    return rc;
}

struct corpus_plan pretraining_plan(const struct pretraining *p, size_t tokens)
{
    return (struct corpus_plan){.writer = &p->writer,
                                .context = p->ladder->context,
                                .tokens = tokens,
                                .positions = tokens ? p->ladder->positions : 0,
                                .seed = p->ladder->seed};
}

/* Of each game that is held out so many moves are asked for. */
enum { MOVES_ASKED = 2 };

static int held_make(struct pretraining *p, struct err *e)
{
    const struct ladder *l = p->ladder;
    struct corpus_plan plan = pretraining_plan(p, 0);
    int rc = answer_writer_init(&p->writer, p->tokenizer, e);
    if (!rc)
        rc = corpus_rows(&p->held[HELD_DOCUMENTS], &p->corpus, p->order, l->valid, &plan, e);
    if (!rc && l->games)
        rc = corpus_moves(&p->held[HELD_MOVES], &p->corpus, p->order, l->valid, &plan, MOVES_ASKED,
                          false, e);
    if (!rc && l->positions > 0)
        rc = corpus_moves(&p->held[HELD_POSITIONS], &p->corpus, p->order, l->valid, &plan,
                          MOVES_ASKED, true, e);
    if (!rc && l->positions > 0 && !p->held[HELD_POSITIONS].n)
        rc =
            err_set(e, ERR_INPUT, "%s: no position with its move fits into a context of %zu tokens",
                    l->name, l->context);
    return rc;
}

/* rung_spec - everything that can change the model's bits. */
static int rung_spec(const struct pretraining *p, const struct rung *r, const char *corpus,
                     const char *tokenizer, struct str *out, struct err *e)
{
    const struct ladder *l = p->ladder;
    const struct ladder_model *m = r->model;
    struct study_side side = {
        .random = true, .trainable = {TRAIN_ALL, 0, true, {0}}, .training = m->training};
    char numerics[256];
    struct js w;
    dev_numerics(p->lab->dev, par_threads(), numerics, sizeof numerics);
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "pretrain");
    js_key(&w, "numerics"), js_int(&w, LAB_NUMERICS);
    js_key(&w, "device"), js_str(&w, numerics);
    js_key(&w, "documents"), js_str(&w, corpus);
    js_key(&w, "valid"), js_int(&w, (int64_t)l->valid);
    js_key(&w, "positions"), js_real(&w, l->positions);
    js_key(&w, "tokenizer"), js_str(&w, tokenizer);
    js_key(&w, "context"), js_int(&w, (int64_t)l->context);
    js_key(&w, "tokens"), js_int(&w, (int64_t)m->tokens);
    js_key(&w, "seed"), js_int(&w, (int64_t)l->seed);
    js_key(&w, "family"), js_str(&w, l->family);
    js_key(&w, "layers"), js_int(&w, (int64_t)m->layers);
    js_key(&w, "width"), js_int(&w, (int64_t)m->width);
    js_key(&w, "heads"), js_int(&w, (int64_t)m->heads);
    js_key(&w, "kv_heads"), js_int(&w, (int64_t)m->kv_heads);
    js_key(&w, "mlp"), js_int(&w, (int64_t)m->mlp);
    side_settings_json(&w, &side);
    js_close(&w, '}');
    return str_check(out, e);
}

static int rungs_make(struct pretraining *p, struct err *e)
{
    const struct ladder *l = p->ladder;
    char corpus[HASH_HEX], tokenizer[HASH_HEX];
    int rc = corpus_hash(&p->corpus, corpus, e);
    if (!rc)
        rc = tokenizer_hash(p->tokenizer, tokenizer, e);
    for (size_t i = 0; i < l->n && !rc; i++) {
        struct rung *r = &p->rungs[i];
        struct str spec = STR_INIT;
        r->model = &l->models[i];
        snprintf(r->label, sizeof r->label, "%s/%s", l->name, r->model->name);
        rc =
            ladder_config(l, r->model, tokenizer_vocab(p->tokenizer), p->writer.end, &r->config, e);
        if (!rc)
            rc = rung_spec(p, r, corpus, tokenizer, &spec, e);
        if (!rc)
            rc = hash_bytes(spec.s, spec.len, r->hash, e);
        if (!rc && !(r->spec = str_take(&spec, e)))
            rc = e->code;
        str_release(&spec);
    }
    return rc;
}

int pretraining_open(struct pretraining *p, const struct lab *lab, const struct ladder *l,
                     struct err *e)
{
    memset(p, 0, sizeof *p);
    p->lab = lab;
    p->ladder = l;
    str_init(&p->dir);
    str_init(&p->corpus.text);
    str_addf(&p->dir, "%s/ladders/%s", store_dir(lab->store), l->name);
    int rc = str_check(&p->dir, e);
    if (!rc)
        rc = dev_precision_set(lab->dev, l->precision, e);
    if (!rc)
        rc = corpus_open(p, e);
    if (!rc)
        rc = tokenizer_make(p, e);
    if (!rc)
        rc = held_make(p, e);
    return rc ? rc : rungs_make(p, e);
}

void pretraining_close(struct pretraining *p)
{
    for (size_t i = 0; i < LADDER_MODELS; i++)
        mem_free(p->rungs[i].spec);
    for (int k = 0; k < HELD_COUNT; k++)
        token_set_release(&p->held[k]);
    tokenizer_free(p->own);
    lab_model_close(&p->given);
    corpus_release(&p->corpus);
    mem_free(p->words);
    mem_free(p->order);
    str_release(&p->dir);
}

/* rung_place - the model's folder at runs/ladders/<name>/<model>: links to its job's files, that
 * take the place of another's at once. */
static int rung_place(const struct pretraining *p, const struct rung *r, struct err *e)
{
    struct str from = STR_INIT, to = STR_INIT, fresh = STR_INIT, old = STR_INIT, a = STR_INIT,
               b = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    store_job_path(p->lab->store, r->hash, "model", &from);
    str_path(&to, p->dir.s, r->model->name);
    str_addf(&fresh, "%s/.%s.new", p->dir.s, r->model->name);
    str_addf(&old, "%s/.%s.old", p->dir.s, r->model->name);
    str_path(&a, from.s, "model.safetensors");
    str_path(&b, to.s, "model.safetensors");
    int rc = from.failed || to.failed || fresh.failed || old.failed ? str_check(&from, e) : OK;
    if (!rc && (rc = str_check(&a, e)) == OK)
        rc = str_check(&b, e);
    if (rc || file_stamp(a.s) == file_stamp(b.s)) /* it is there */
        goto out;
    rc = file_remove_tree(fresh.s, e);
    if (!rc)
        rc = file_mkdirs(fresh.s, e);
    if (!rc)
        rc = file_list(from.s, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        str_path(&a, from.s, names[i]);
        str_path(&b, fresh.s, names[i]);
        rc = str_check(&a, e) ? e->code : str_check(&b, e);
        if (!rc)
            rc = file_link_or_copy(a.s, b.s, e);
    }
    if (!rc)
        rc = file_remove_tree(old.s, e);
    if (!rc && file_exists(to.s))
        rc = file_rename(to.s, old.s, e);
    if (!rc)
        rc = file_rename(fresh.s, to.s, e);
    if (!rc)
        rc = file_remove_tree(old.s, e);
out:
    mem_free(names);
    str_release(&from);
    str_release(&to);
    str_release(&fresh);
    str_release(&old);
    str_release(&a);
    str_release(&b);
    return rc;
}

/* rungs_pass - every one that is still to do, but those that another process has: *left. */
static int rungs_pass(struct pretraining *p, size_t *left, struct err *e)
{
    *left = 0;
    for (size_t i = 0; i < p->ladder->n; i++) {
        struct rung *r = &p->rungs[i];
        bool busy = false;
        int rc = stop_check(e);
        if (rc)
            return rc;
        if (r->state != JOB_TODO)
            continue;
        if (store_has(p->lab->store, r->hash)) {
            r->state = JOB_FOUND;
            continue;
        }
        rc = rung_run(p, r, &busy, e);
        if (rc == ERR_INTERRUPTED || (rc && e->full))
            return rc;
        if (rc) {
            r->why = *e;
            r->state = JOB_FAILED;
            log_warn(p->lab->log, "%s: %s", r->label, e->msg);
            *e = (struct err)ERR_INIT;
        } else if (!busy) {
            r->state = JOB_RAN;
        }
        *left += busy;
    }
    return OK;
}

/* rungs_place - of every model that is done; *failed: how many failed. *fd holds the ladder's
 * folder then: processes may end one ladder together. */
static int rungs_place(const struct pretraining *p, int *fd, size_t *failed, struct err *e)
{
    int rc = file_mkdirs(p->dir.s, e);
    if (!rc)
        rc = store_study_hold(p->dir.s, fd, e);
    for (size_t i = 0; i < p->ladder->n && !rc; i++) {
        enum job_state state = p->rungs[i].state;
        *failed += state == JOB_FAILED;
        if (state == JOB_FOUND || state == JOB_RAN)
            rc = rung_place(p, &p->rungs[i], e);
    }
    return rc;
}

int ladder_whole(const struct lab *lab, const struct ladder *l, bool *whole, struct err *e)
{
    struct str path = STR_INIT;
    int rc = OK;
    *whole = true;
    for (size_t i = 0; i < l->n && *whole && !rc; i++) {
        str_reset(&path);
        str_addf(&path, "%s/ladders/%s/%s", store_dir(lab->store), l->name, l->models[i].name);
        rc = str_check(&path, e);
        *whole = !rc && file_is_dir(path.s);
    }
    str_release(&path);
    return rc;
}

int ladder_run(const struct lab *lab, const struct ladder *l, bool json, struct str *out,
               size_t *failed, struct err *e)
{
    struct pretraining p;
    struct err placing = ERR_INIT;
    size_t left = 1;
    int fd = -1;
    *failed = 0;
    int rc = pretraining_open(&p, lab, l, e), placed;
    bool opened = !rc;
    while (!rc && left) {
        rc = rungs_pass(&p, &left, e);
        if (!rc && left) /* another process has them */
            nanosleep(&(struct timespec){0, 200000000L}, NULL);
    }
    /* who stops a ladder has the models that are done */
    if (opened && (!rc || rc == ERR_INTERRUPTED) &&
        (placed = rungs_place(&p, &fd, failed, &placing)) && !rc) {
        *e = placing;
        rc = placed;
    }
    if (!rc)
        rc = ladder_table(&p, json, out, e);
    file_unlock(fd);
    pretraining_close(&p);
    return rc;
}
