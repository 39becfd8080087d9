/* open.c - models, tasks and studies by name. */
#include "lab/lab.h"
#include "core/file.h"
#include "core/doc.h"
#include "core/mem.h"

#include <string.h>

static int gguf_fields(const struct lab_model *m, const char *path, struct tokenizer_gguf *g,
                       struct err *e)
{
    struct weights_vocab v;
    int rc = weights_vocab(m->weights, &v, e);
    if (!rc)
        *g = (struct tokenizer_gguf){.model = v.model,
                                     .pre = v.pre,
                                     .tokens = v.tokens,
                                     .n_tokens = v.n_tokens,
                                     .types = v.types,
                                     .scores = v.scores,
                                     .merges = v.merges,
                                     .n_merges = v.n_merges,
                                     .bos = v.bos,
                                     .eos = v.eos,
                                     .add_bos = v.add_bos,
                                     .add_eos = v.add_eos,
                                     .space_prefix = v.space_prefix,
                                     .file = path};
    return rc;
}

/* tokenizer_of - from the GGUF's own fields, or from the folder's files. */
static int tokenizer_of(struct lab_model *m, const char *path, struct err *e)
{
    struct tokenizer_gguf g;
    if (!m->weights || !weights_is_gguf(m->weights))
        return tokenizer_open(&m->tokenizer, path, e);
    int rc = gguf_fields(m, path, &g, e);
    return rc ? rc : tokenizer_from_gguf(&m->tokenizer, &g, e);
}

int lab_tokenizer_save(const struct lab_model *m, const char *dir, struct err *e)
{
    static const char *const files[] = {"tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.json",
                                        "merges.txt"};
    const char *from = weights_path(m->weights);
    struct tokenizer_gguf g;
    struct str source = STR_INIT, target = STR_INIT;
    int rc = OK;
    if (weights_is_gguf(m->weights)) {
        rc = gguf_fields(m, from, &g, e);
        return rc ? rc : tokenizer_gguf_save(&g, dir, e);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files && !rc; i++) {
        struct file_map map = {0};
        str_path(&source, from, files[i]);
        str_path(&target, dir, files[i]);
        if ((rc = str_check(&source, e)) || (rc = str_check(&target, e)) || !file_exists(source.s))
            continue;
        rc = file_map_open(&map, source.s, e);
        if (!rc)
            rc = file_write(target.s, map.data, map.size, e);
        file_map_close(&map);
    }
    str_release(&source);
    str_release(&target);
    return rc;
}

/* gguf_path - a .gguf file, or a folder whose model is one: no config.json in it. */
static bool gguf_path(const char *path)
{
    struct str json = STR_INIT, tokens = STR_INIT;
    str_path(&json, path, "tokenizer.json");
    str_path(&tokens, path, "vocab.json");
    bool gguf = str_ends(path, ".gguf") || (file_is_dir(path) && !json.failed && !tokens.failed &&
                                            !file_exists(json.s) && !file_exists(tokens.s));
    str_release(&json);
    str_release(&tokens);
    return gguf;
}

/* ladder_say - of a model of a ladder that is not there yet: what makes it. */
static void ladder_say(const struct lab *lab, const char *name, struct err *e)
{
    static const char folder[] = "ladders/";
    const char *at = strstr(name, folder), *ladder = at ? at + strlen(folder) : NULL;
    const char *end = ladder ? strchr(ladder, '/') : NULL;
    if (!end || end == ladder || !end[1] || (at > name && at[-1] != '/') || file_exists(name))
        return;
    struct str word = STR_INIT, path = STR_INIT;
    struct err said = *e, ignored = ERR_INIT;
    str_catn(&word, ladder, (size_t)(end - ladder));
    if (!word.failed && !lab_ladder_path(lab->share, word.s, &path, &ignored))
        err_set(e, said.code, "%.800s; w2s pretrain %.100s makes it", said.msg, word.s);
    str_release(&word);
    str_release(&path);
}

/* model_fail - "model NAME: ", where the sentence does not begin so already. */
static int model_fail(const struct lab *lab, const char *name, struct err *e)
{
    ladder_say(lab, name, e);
    size_t n = strlen(name);
    bool named = str_starts(e->msg, "model ") && strncmp(e->msg + 6, name, n) == 0 &&
                 strchr(": ", e->msg[6 + n]);
    return named ? e->code : err_wrap(e, "model %s", name);
}

bool lab_ladder_model(const char *name, const char *ladder)
{
    size_t n = ladder ? strlen(ladder) : 0;
    if (!str_starts(name, "ladder:"))
        return false;
    name += strlen("ladder:");
    return !ladder || (strncmp(name, ladder, n) == 0 && name[n] == '/');
}

bool lab_study_of_ladder(const struct study *s, const char *ladder)
{
    const struct study_side *sides[2] = {&s->supervisor, &s->student};
    bool of = false;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sides[i]->n_models; k++)
            of = of || lab_ladder_model(sides[i]->models[k], ladder);
    for (size_t k = 0; s->supervisor.simulates && k < s->supervisor.n_votes; k++) {
        const char *model = s->supervisor.simulated[k].model;
        of = of || (model && lab_ladder_model(model, ladder));
    }
    for (const struct method *m = methods; m->name; m++) {
        const struct chain *chain = method_chain(&s->settings, m);
        for (size_t k = 0; chain && k < chain->n; k++)
            of = of || (chain->of[k].model && lab_ladder_model(chain->of[k].model, ladder));
    }
    return of;
}

/* rung_find - path: of ladder:LADDER/MODEL its folder, which is there. */
static int rung_find(const struct lab *lab, const char *name, struct str *path, struct err *e)
{
    const char *rung = name + strlen("ladder:"), *slash = strchr(rung, '/');
    struct str ladder = STR_INIT, file = STR_INIT;
    struct err ignored = ERR_INIT;
    if (!slash || slash == rung || !slash[1] || strstr(rung, ".."))
        return err_set(e, ERR_INPUT, "%s: wanted ladder:LADDER/MODEL", name);
    str_addf(path, "%s/ladders/%s", lab->runs, rung);
    str_catn(&ladder, rung, (size_t)(slash - rung));
    int rc = str_check(path, e);
    if (!rc)
        rc = str_check(&ladder, e);
    if (!rc && !file_is_dir(path->s)) {
        bool known = !lab_ladder_path(lab->share, ladder.s, &file, &ignored);
        bool other = strcmp(lab->runs, "runs") != 0;
        rc = err_set(e, ERR_INPUT, "%.600s: no such file or folder%s%.100s%s%.200s%s", path->s,
                     known ? "; w2s pretrain " : "", known ? ladder.s : "",
                     known && other ? " --runs " : "", known && other ? lab->runs : "",
                     known ? " makes it" : "");
    }
    str_release(&ladder);
    str_release(&file);
    return rc;
}

int lab_model_place(const struct lab *lab, const char *name, struct str *path, struct err *e)
{
    struct asset_options o = {lab->offline, lab->log};
    str_reset(path);
    return lab_ladder_model(name, NULL) ? rung_find(lab, name, path, e)
                                        : asset_path(lab->assets, name, &o, path, e);
}

/* base_path - the model that an adapter's folder names: a path from that folder, else what a study
 * may name, else a repository of the hub. */
static int base_path(const struct lab *lab, const char *adapter, const struct doc *named,
                     struct str *path, struct err *e)
{
    struct asset_options o = {lab->offline, lab->log};
    struct str beside = STR_INIT, hub = STR_INIT;
    const char *base = named->s, *slash = strchr(base, '/');
    int rc;
    str_path(&beside, adapter, base);
    str_addf(&hub, "hub:%s", base);
    bool near = *base != '/' && !beside.failed && file_exists(beside.s);
    bool known = assets_find(lab->assets, base) || str_starts(base, "hub:") || file_exists(base);
    bool lost = !known && slash && (*base == '/' || *base == '.' || strchr(slash + 1, '/'));
    if (near) {
        str_reset(path);
        str_cat(path, beside.s);
        rc = str_check(path, e);
    } else if (lost) {
        rc = doc_fail(named, e,
                      "\"base_model_name_or_path\" is \"%s\", wanted a folder that is there or a "
                      "model of the hub",
                      base);
    } else {
        rc = str_check(&hub, e);
        if (!rc)
            rc = asset_path(lab->assets, known || !slash ? base : hub.s, &o, path, e);
        if (rc)
            err_wrap(e, "%s/adapter_config.json: base_model_name_or_path", adapter);
    }
    str_release(&beside);
    str_release(&hub);
    return rc;
}

/* adapter_find - where path is a folder of PEFT's: adapter becomes path, and path its base. */
static int adapter_find(const struct lab *lab, struct str *path, struct str *adapter, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    struct str file = STR_INIT, whole = STR_INIT;
    const char *base = NULL;
    str_path(&file, path->s, "adapter_config.json");
    str_path(&whole, path->s, "config.json");
    bool is = !file.failed && !whole.failed && file_exists(file.s) && !file_exists(whole.s);
    int rc = is ? doc_read_json(&tree, file.s, e) : OK;
    if (is && !rc)
        rc = doc_str(tree.root, "base_model_name_or_path", &base, e);
    if (is && !rc) {
        str_cat(adapter, path->s);
        rc = str_check(adapter, e);
    }
    if (is && !rc)
        rc = base_path(lab, adapter->s, doc_get(tree.root, "base_model_name_or_path"), path, e);
    str_release(&file);
    str_release(&whole);
    doc_tree_release(&tree);
    return rc;
}

int lab_tokenizer_open(struct lab_model *m, const struct lab *lab, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    memset(m, 0, sizeof *m);
    m->name = name;
    struct str adapter = STR_INIT;
    int rc = lab_model_place(lab, name, &path, e);
    if (!rc)
        rc = adapter_find(lab, &path, &adapter, e);
    str_release(&adapter);
    if (!rc && gguf_path(path.s))
        rc = weights_open(&m->weights, path.s, e);
    if (!rc)
        rc = tokenizer_of(m, path.s, e);
    str_release(&path);
    if (rc)
        lab_model_close(m);
    return rc ? model_fail(lab, name, e) : OK;
}

int lab_weights_open(struct weights **w, const struct lab *lab, const char *name, struct str *path,
                     struct err *e)
{
    struct str adapter = STR_INIT;
    *w = NULL;
    int rc = lab_model_place(lab, name, path, e);
    if (!rc)
        rc = adapter_find(lab, path, &adapter, e);
    if (!rc)
        rc = weights_open(w, path->s, e);
    if (!rc && adapter.len)
        rc = weights_adapt(*w, adapter.s, e);
    str_release(&adapter);
    if (rc) {
        weights_close(*w);
        *w = NULL;
    }
    return rc;
}

int lab_model_open(struct lab_model *m, const struct lab *lab, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    memset(m, 0, sizeof *m);
    m->name = name;
    int rc = lab_weights_open(&m->weights, lab, name, &path, e);
    if (!rc)
        rc = family_check(m->weights, weights_config(m->weights), e);
    if (!rc)
        rc = tokenizer_of(m, path.s, e);
    if (rc)
        goto out;
    size_t vocab = weights_config(m->weights)->vocab;
    if (tokenizer_words(m->tokenizer) > vocab) {
        rc = err_set(e, ERR_INPUT,
                     "%s: the tokenizer has %zu ids, the model's embedding has %zu rows", path.s,
                     tokenizer_words(m->tokenizer), vocab);
        goto out;
    }
    rc = weights_hash(m->weights, m->hash, e);
    if (!rc)
        rc = tokenizer_hash(m->tokenizer, m->tokenizer_hash, e);
out:
    str_release(&path);
    if (rc)
        lab_model_close(m);
    return rc ? model_fail(lab, name, e) : OK;
}

void lab_model_close(struct lab_model *m)
{
    tokenizer_free(m->tokenizer);
    weights_close(m->weights);
    m->tokenizer = NULL;
    m->weights = NULL;
}

const char *lab_task_source(const char *name)
{
    const char *at = strrchr(name, '@');
    return at && !strchr(at, '/') && !str_ends(at, ".yaml") && !str_ends(at, ".yml") ? at + 1
                                                                                     : NULL;
}

bool lab_is_path(const char *name)
{
    const char *source = lab_task_source(name);
    size_t n = source ? (size_t)(source - name) - 1 : strlen(name);
    return strchr(name, '/') || (n >= 5 && memcmp(name + n - 5, ".yaml", 5) == 0) ||
           (n >= 4 && memcmp(name + n - 4, ".yml", 4) == 0);
}

/* share_path - share/<folder>/<name>.yaml, or name itself where it is a path; else a sentence with
 * what is there. */
static int share_path(const char *share, const char *folder, const char *what, const char *name,
                      struct str *path, struct err *e)
{
    if (lab_is_path(name)) {
        str_reset(path);
        str_cat(path, name);
        if (file_exists(name))
            return str_check(path, e);
        return err_set(e, ERR_INPUT, "%s: no such %s file", name, what);
    }
    str_reset(path);
    str_addf(path, "%s/%s/%s.yaml", share, folder, name);
    if (str_check(path, e))
        return e->code;
    if (file_exists(path->s))
        return OK;
    struct str dir = STR_INIT, list = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    str_addf(&dir, "%s/%s", share, folder);
    int rc = file_list_stems(dir.s, ".yaml", &names, &n, e);
    if (!rc) {
        for (size_t i = 0; i < n; i++)
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
        const char *near = str_nearest(name, (const char *const *)names, n);
        rc = near ? err_set(e, ERR_INPUT, "no %s named \"%s\"; did you mean \"%s\"?", what, name,
                            near)
             : !n ? err_set(e, ERR_INPUT, "no %s named \"%s\": there is none in %s (W2S_SHARE)",
                            what, name, dir.s)
                  : err_set(e, ERR_INPUT, "no %s named \"%s\"; there are %s, or give a .yaml file",
                            what, name, list.s);
    }
    mem_free(names);
    str_release(&dir);
    str_release(&list);
    return rc;
}

int lab_ladder_path(const char *share, const char *name, struct str *path, struct err *e)
{
    return share_path(share, "ladders", "ladder", name, path, e);
}

int lab_finding_path(const char *share, const char *name, struct str *path, struct err *e)
{
    return share_path(share, "findings", "finding", name, path, e);
}

int lab_study_path(const char *share, const char *name, struct str *path, struct err *e)
{
    return share_path(share, "studies", "study", name, path, e);
}

/* data_dir - the folder of the source in use, found without a fetch or, with fetch, by one; the
 * task file's own where it names no asset. */
static int data_dir(const struct task *t, const struct lab *lab, bool fetch, struct str *dir,
                    struct err *e)
{
    const char *offline = fetch ? lab->offline : "only what is there is looked at";
    struct asset_options o = {offline, fetch ? lab->log : NULL};
    return task_asset(t) ? asset_path(lab->assets, task_asset(t), &o, dir, e)
                         : file_folder(dir, task_file(t), e);
}

/* source_try - whether all files of the source in use are there. */
static bool source_try(const struct task *t, const struct lab *lab, bool fetch, struct str *dir,
                       struct err *e)
{
    if (data_dir(t, lab, fetch, dir, e))
        return false;
    const char *missing = task_source_missing(t, dir->s);
    if (missing)
        err_set(e, ERR_INPUT, "%s: no \"%s\" in it", dir->s, missing);
    return !missing;
}

/* The sources that are not there, those of one reason together: "release, dev: REASON; hub:
 * REASON". */
struct reasons {
    struct str all, names, last;
};

static void reasons_end(struct reasons *r)
{
    if (r->names.len)
        str_addf(&r->all, "%s%s: %s", r->all.len ? "; " : "", r->names.s, r->last.s);
    str_reset(&r->names);
}

static void reasons_add(struct reasons *r, const char *name, const char *why)
{
    if (r->names.len && strcmp(r->last.s, why) != 0)
        reasons_end(r);
    str_addf(&r->names, "%s%s", r->names.len ? ", " : "", name);
    str_reset(&r->last);
    str_cat(&r->last, why);
}

static void reasons_release(struct reasons *r)
{
    str_release(&r->all);
    str_release(&r->names);
    str_release(&r->last);
}

/* source_find - of several sources the first that is there, else the first that can be fetched. */
static int source_find(struct task *t, const struct lab *lab, struct str *dir, struct err *e)
{
    struct reasons reasons = {STR_INIT, STR_INIT, STR_INIT};
    int code = OK;
    for (int fetch = 0; fetch < 2; fetch++)
        for (size_t i = 0; i < task_sources(t); i++) {
            struct err at = ERR_INIT;
            int rc = task_source_use(t, i, e);
            if (!rc && source_try(t, lab, fetch, dir, &at)) {
                reasons_release(&reasons);
                return OK;
            }
            if (rc || at.code == ERR_INTERRUPTED || at.code == ERR_NOMEM) {
                reasons_release(&reasons);
                return rc ? rc : err_set(e, at.code, "%s", at.msg);
            }
            if (!fetch)
                continue;
            code = code == ERR_INPUT || !code ? at.code : code;
            reasons_add(&reasons, task_source_name(t), at.msg);
        }
    reasons_end(&reasons);
    code = err_set(e, code, "none of its sources is there: %s", reasons.all.s);
    reasons_release(&reasons);
    return code;
}

/* source_pick - the source of that name. */
static int source_pick(struct task *t, const char *name, struct err *e)
{
    struct str list = STR_INIT;
    int rc = OK;
    for (size_t i = 0; !rc && i < task_sources(t); i++) {
        rc = task_source_use(t, i, e);
        const char *own = rc ? NULL : task_source_name(t);
        if (own && strcmp(own, name) == 0) {
            str_release(&list);
            return OK;
        }
        if (own)
            str_addf(&list, "%s%s", list.len ? ", " : "", own);
    }
    if (!rc && list.len)
        rc = err_set(e, ERR_INPUT, "it has no source named \"%s\"; there are %s", name, list.s);
    else if (!rc)
        rc = err_set(e, ERR_INPUT, "it has one source without a name, and \"%s\" was asked for",
                     name);
    str_release(&list);
    return rc;
}

void lab_task_passed(const struct task *t, const char *name, struct str *out)
{
    const char *own = task_source_name(t), *at;
    for (size_t i = 0; own && !lab_task_source(name) && i < task_sources(t); i++) {
        at = task_source_at(t, i);
        if (at && strcmp(at, own) == 0)
            return;
        str_addf(out, "%s%s", i ? ", " : "", at ? at : "?");
    }
}

/* task_file_read - a task's file with the source that is asked for in use. Where that fails, *t is
 * what there is of it. */
static int task_file_read(struct task **t, const char *share, const char *name, struct err *e)
{
    struct str path = STR_INIT, stem = STR_INIT;
    const char *source = lab_task_source(name);
    *t = NULL;
    str_catn(&stem, name, source ? (size_t)(source - name - 1) : strlen(name));
    int rc = str_check(&stem, e);
    if (!rc)
        rc = share_path(share, "tasks", "task", stem.s, &path, e);
    if (!rc)
        rc = task_read(t, path.s, e);
    if (!rc && source)
        rc = source_pick(*t, source, e);
    str_release(&path);
    str_release(&stem);
    return rc;
}

int lab_task_read(struct task **t, const char *share, const char *name, struct err *e)
{
    int rc = task_file_read(t, share, name, e);
    if (rc) {
        task_free(*t);
        *t = NULL;
    }
    return rc;
}

int lab_task_open(struct task **t, struct str *dir, const struct lab *lab, const char *name,
                  struct err *e)
{
    struct str program = STR_INIT;
    const char *source = lab_task_source(name);
    int rc = task_file_read(t, lab->share, name, e);
    if (!rc && !source && task_sources(*t) > 1)
        rc = source_find(*t, lab, dir, e);
    else if (!rc)
        rc = data_dir(*t, lab, true, dir, e);
    if (!rc && task_wants_duckdb(*t) && !(rc = lab_duckdb(lab, &program, e)))
        rc = task_duckdb(*t, program.s, e);
    if (rc && *t && task_sources(*t) > 1)
        rc = err_wrap(e, "task %s", task_name(*t));
    if (rc) {
        task_free(*t);
        *t = NULL;
    }
    str_release(&program);
    return rc;
}
