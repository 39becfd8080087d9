/* study.c - the study file: keys, defaults, overrides, and writing it back whole. */
#include "lab/lab.h"
#include "lab/generative.h"
#include "lab/prompting.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

static const char *const study_keys[] = {
    "name",       "title",   "task",      "model", "data",      "supervisor", "student",
    "training",   "methods", "seeds",     "seed",  "hold",      "controls",   "untrained",
    "recited",    "save",    "bootstrap", "level", "precision", "decoding",   "test_curve",
    "generative", "learner", "prompt",    "probe", "baselines", NULL};
static const char *const data_keys[] = {"supervise", "train",      "valid", "test",
                                        "bands",     "max_tokens", NULL};
const char *const study_part_names[] = {"supervise", "train", "valid", "test", NULL};
const char *const training_keys[] = {
    "epochs", "batch", "lr",   "schedule", "warmup",       "weight_decay",     "beta1",
    "beta2",  "eps",   "clip", "evals",    "micro_tokens", "checkpoint_every", NULL};
static const char *const side_keys[] = {
    "model",   "layers", "weights",  "trainable", "embeddings",   "epochs",
    "batch",   "lr",     "schedule", "warmup",    "weight_decay", "beta1",
    "beta2",   "eps",    "clip",     "evals",     "micro_tokens", "checkpoint_every",
    "learner", "prompt", "debate",   NULL};
const char *const study_seed_names[] = {"split", "label", "init", "order", NULL};
const char *const schedule_names[] = {"cosine", "linear", "constant", NULL};
const char *const study_weights_names[] = {"pretrained", "random", NULL};
const char *const learner_names[] = {"finetune", "prompt", "probe", NULL};
const char *const precision_names[] = {"auto", "f32", "bf16", NULL};
const char *const decoding_names[] = {"greedy", "legal", NULL};

/* key_of - this name, or one like it, in a list of keys. */
static const char *key_of(const char *key, bool like, const char *const *keys)
{
    size_t n = 0, at = 0;
    while (keys[n])
        n++;
    while (at < n && strcmp(keys[at], key) != 0)
        at++;
    return at < n ? keys[at] : like ? str_nearest(key, keys, n) : NULL;
}

/* key_deeper - a key of this name, or one like it, in one of the study's maps; *map names that. */
static const char *key_deeper(const char *key, bool like, const char **map)
{
    static const struct {
        const char *name;
        const char *const *keys;
    } maps[] = {{"data", data_keys},
                {"training", training_keys},
                {"probe", probe_keys},
                {"student", side_keys},
                {"seed", study_seed_names}};
    const char *found = NULL;
    for (size_t k = 0; k < sizeof maps / sizeof *maps && !found; k++) {
        found = key_of(key, like, maps[k].keys);
        *map = maps[k].name;
    }
    for (const struct method *m = methods; m->name && !found; m++) {
        found = method_keys(m) ? key_of(key, like, method_keys(m)) : NULL;
        *map = m->name;
    }
    return found;
}

/* keys_check - of the study itself, with a map for each method that has settings; a key that
 * belongs one map deeper (train, of data) is led there. */
static int keys_check(const struct doc *root, struct err *e)
{
    const char *known[sizeof study_keys / sizeof *study_keys + METHODS_MOST] = {NULL};
    size_t n = 0;
    for (; study_keys[n]; n++)
        known[n] = study_keys[n];
    for (const struct method *m = methods; m->name; m++)
        if (method_keys(m))
            known[n++] = m->name;
    for (const struct doc *d = root->child; d; d = d->next) {
        const char *map, *near;
        size_t at = 0;
        while (at < n && strcmp(known[at], d->key) != 0)
            at++;
        if (at < n)
            continue;
        near = key_deeper(d->key, !str_nearest(d->key, known, n), &map);
        if (near)
            return doc_fail(d, e, "unknown key \"%s\"; did you mean \"%s.%s\"?", d->key, map, near);
        break;
    }
    return doc_check_keys(root, known, e);
}

uint64_t study_seed(const struct study *s, enum study_seed which, size_t repetition)
{
    return s->seed[which] + (s->held[which] ? 0 : repetition);
}

/* step_check - what a moment that never moves, or a step of no length or that divides by nothing,
 * would make of a training. */
static int step_check(const struct train_settings *t, const struct doc *m, struct err *e)
{
    if (t->beta1 >= 1 && doc_get(m, "beta1"))
        return doc_fail(doc_get(m, "beta1"), e, "\"beta1\" is %g, wanted less than 1", t->beta1);
    if (t->beta2 >= 1 && doc_get(m, "beta2"))
        return doc_fail(doc_get(m, "beta2"), e, "\"beta2\" is %g, wanted less than 1", t->beta2);
    if (t->lr <= 0 && doc_get(m, "lr"))
        return doc_fail(doc_get(m, "lr"), e, "\"lr\" is %g, wanted more than 0", t->lr);
    if (t->eps <= 0 && doc_get(m, "eps"))
        return doc_fail(doc_get(m, "eps"), e, "\"eps\" is %g, wanted more than 0", t->eps);
    return OK;
}

int training_read(struct train_settings *t, const struct doc *m, struct err *e)
{
    int rc, schedule = (int)t->schedule;
    if (!m)
        return OK;
    if ((rc = doc_opt_size(m, "epochs", 0, 10000, &t->epochs, e)) ||
        (rc = doc_opt_size(m, "batch", 1, 1u << 20, &t->batch, e)) ||
        (rc = doc_opt_real(m, "lr", 0, 10, &t->lr, e)) ||
        (rc = doc_opt_enum(m, "schedule", schedule_names, &schedule, e)) ||
        (rc = doc_opt_size(m, "warmup", 0, 1u << 30, &t->warmup, e)) ||
        (rc = doc_opt_real(m, "weight_decay", 0, 10, &t->weight_decay, e)) ||
        (rc = doc_opt_real(m, "beta1", 0, 1, &t->beta1, e)) ||
        (rc = doc_opt_real(m, "beta2", 0, 1, &t->beta2, e)) ||
        (rc = doc_opt_real(m, "eps", 0, 1, &t->eps, e)) ||
        (rc = doc_opt_real(m, "clip", 0, 1e9, &t->clip, e)) ||
        (rc = doc_opt_size(m, "evals", 0, 1000, &t->evals, e)) ||
        (rc = doc_opt_size(m, "micro_tokens", 1, 1u << 24, &t->micro_tokens, e)) ||
        (rc = doc_opt_real(m, "checkpoint_every", 0, 1e9, &t->checkpoint_every, e)))
        return rc;
    t->schedule = (enum schedule_kind)schedule;
    return step_check(t, m, e);
}

/* list_next - the values of a key that may hold one value or a list of them. */
static const struct doc *list_first(const struct doc *d)
{
    return d && d->type == DOC_LIST ? d->child : d;
}

static const struct doc *list_next(const struct doc *list, const struct doc *d)
{
    return list->type == DOC_LIST ? d->next : NULL;
}

static int strings_read(const struct doc *d, const char *key, const char **out, size_t *n,
                        struct err *e)
{
    *n = 0;
    for (const struct doc *x = list_first(d); x; x = list_next(d, x)) {
        if (x->type != DOC_STRING)
            return doc_fail(x, e, "\"%s\" holds a %s, wanted names", key, doc_type_name(x->type));
        if (*n == STUDY_LIST)
            return doc_fail(x, e, "\"%s\" has more than %d entries", key, STUDY_LIST);
        out[(*n)++] = x->s;
    }
    return *n ? OK : doc_fail(d, e, "\"%s\" is empty", key);
}

int trainable_read(struct trainable *t, const struct doc *d, struct err *e)
{
    if (d->type == DOC_STRING) {
        size_t top = 0, used = 0;
        if (strcmp(d->s, "all") == 0) {
            t->kind = TRAIN_ALL;
            return OK;
        }
        if (strcmp(d->s, "head") == 0) {
            t->kind = TRAIN_HEAD;
            return OK;
        }
        if (strncmp(d->s, "top ", 4) == 0) {
            for (used = 4; d->s[used] >= '0' && d->s[used] <= '9' && top < 100000; used++)
                top = top * 10 + (size_t)(d->s[used] - '0');
            if (used > 4 && !d->s[used] && top > 0) {
                *t = (struct trainable){TRAIN_TOP, top, t->embeddings, {0}};
                return OK;
            }
        }
        if (str_starts(d->s, "lora ") && lora_read(&t->lora, d->s + 5)) {
            t->kind = TRAIN_LORA;
            return OK;
        }
    }
    return doc_fail(d, e,
                    "\"trainable\" is %s, wanted all, head, top N (N blocks, 1 or more), or lora R "
                    "(rank R; lora 8 alpha 16 on q,k,v,out,gate,up,down)",
                    d->type == DOC_STRING ? d->s : doc_type_name(d->type));
}

/* votes_key - what the supervisors are who are no models; NULL: they are models. */
static const char *votes_key(const struct doc *supervisor)
{
    static const char *const keys[] = {"labels", "votes", "simulated"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (doc_get(supervisor, keys[i]))
            return keys[i];
    return NULL;
}

/* votes_read - {votes: NAME} or {labels: FILE}, or a list of them: nothing is trained, so nothing
 * else is said. */
static int votes_read(struct study_side *side, const struct doc *m, const char *key, struct err *e)
{
    const char *const keys[] = {key, NULL};
    int rc = doc_check_keys(m, keys, e);
    side->labels = strcmp(key, "labels") == 0;
    if (!rc)
        rc = strings_read(doc_get(m, key), key, side->votes, &side->n_votes, e);
    for (size_t i = 0; !rc && i < side->n_votes; i++)
        for (size_t k = 0; !rc && k < i; k++)
            if (side->labels ? strcmp(file_name(side->votes[i]), file_name(side->votes[k])) == 0
                             : strcmp(side->votes[i], side->votes[k]) == 0)
                rc = doc_fail(doc_get(m, key), e, "\"%s\" names \"%s\" twice", key,
                              file_name(side->votes[i]));
    return rc;
}

/* learner_read - how a side's models come to answer: as it says, else as the study does. */
static int learner_read(struct study_side *side, const struct doc *root, const struct doc *m,
                        struct err *e)
{
    int learner = LEARNER_FINETUNE;
    int rc = doc_opt_enum(root, "learner", learner_names, &learner, e);
    if (!rc && m)
        rc = doc_opt_enum(m, "learner", learner_names, &learner, e);
    side->learner = (enum learner)learner;
    return rc;
}

/* simulated_read - {simulated: [...]}: nothing is trained but models whose errors are theirs. */
static int simulated_read(struct study *s, struct study_side *side, const struct doc *m,
                          struct err *e)
{
    const char *keys[sizeof training_keys / sizeof *training_keys + 1] = {"simulated"};
    for (size_t i = 0; training_keys[i]; i++)
        keys[i + 1] = training_keys[i];
    int rc = doc_check_keys(m, keys, e);
    side->simulates = true;
    if (!rc)
        rc = simulations_read(doc_get(m, "simulated"), STUDY_LIST, side->simulated, side->votes,
                              &side->n_votes, &s->tree.arena, e);
    return rc ? rc : training_read(&side->training, m, e);
}

/* side_check - the keys of a side; supervisors may be several models each. */
static int side_check(const struct doc *m, bool supervisor, struct err *e)
{
    const char *keys[sizeof side_keys / sizeof *side_keys + 3];
    size_t n = 0;
    for (; side_keys[n]; n++)
        keys[n] = side_keys[n];
    for (size_t i = 0; supervisor && ensemble_keys[i]; i++)
        keys[n++] = ensemble_keys[i];
    keys[n] = NULL;
    return doc_check_keys(m, keys, e);
}

static int ensemble_names_read(struct study *s, struct study_side *side, struct err *e)
{
    size_t n = side->ensemble.rounds ? side->n_models * side->n_layers : 1;
    int rc = OK;
    if (side->ensemble.kind == ENSEMBLE_NONE)
        return OK;
    side->together = arena_alloc(&s->tree.arena, n, sizeof *side->together, e);
    if (!side->together)
        return e->code;
    for (size_t i = 0; !rc && i < n; i++)
        rc = ensemble_name(side, i, &side->together[i], &s->tree.arena, e);
    return rc;
}

static int side_read(struct study *s, struct study_side *side, const char *name,
                     const struct train_settings *common, struct err *e)
{
    const struct doc *root = s->tree.root, *m = doc_get(root, name), *d;
    int rc, weights = 0;
    side->training = *common;
    side->trainable = (struct trainable){TRAIN_ALL, 0, false, {0}};
    side->n_layers = 1;
    side->layers[0] = 0;
    if (doc_get(m, "simulated") && strcmp(name, "supervisor") == 0)
        return simulated_read(s, side, m, e);
    if (votes_key(m) && strcmp(name, "supervisor") == 0)
        return votes_read(side, m, votes_key(m), e);
    if ((m && (rc = side_check(m, strcmp(name, "supervisor") == 0, e))) ||
        (rc = learner_read(side, root, m, e)) || (rc = prompting_read(side, root, m, name, e)) ||
        (rc = probing_read(side, m, e)))
        return rc;
    d = m && doc_get(m, "model") ? doc_get(m, "model") : doc_get(root, "model");
    if (!d)
        return doc_fail(m ? m : root, e, "no model for the %s: \"model\" is missing", name);
    if ((rc = strings_read(d, "model", side->models, &side->n_models, e)))
        return rc;
    for (size_t i = 0; i < side->n_models; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(side->models[i], side->models[k]) == 0)
                return doc_fail(d, e, "\"model\" has \"%s\" twice", side->models[i]);
    if (!m)
        return OK;
    if ((d = doc_get(m, "layers"))) {
        side->n_layers = 0;
        for (const struct doc *x = list_first(d); x; x = list_next(d, x)) {
            bool all = x->type == DOC_STRING && strcmp(x->s, "all") == 0;
            if (!all && (x->type != DOC_INT || x->i < 1 || x->i > 100000))
                return doc_fail(x, e, "\"layers\" holds %s, wanted whole numbers from 1, or all",
                                x->s ? x->s : doc_type_name(x->type));
            if (side->n_layers == STUDY_LIST)
                return doc_fail(x, e, "\"layers\" has more than %d entries", STUDY_LIST);
            size_t own = all ? 0 : (size_t)x->i;
            for (size_t i = 0; i < side->n_layers; i++)
                if (side->layers[i] == own)
                    return doc_fail(x, e, "\"%s.layers\" has %s twice", name, x->s ? x->s : "?");
            side->layers[side->n_layers++] = own;
        }
        if (!side->n_layers)
            return doc_fail(d, e, "\"layers\" is empty");
    }
    if ((rc = doc_opt_enum(m, "weights", study_weights_names, &weights, e)))
        return rc;
    side->random = weights == 1;
    if ((rc = debate_read(side, m, name, e)))
        return rc;
    if ((d = doc_get(m, "trainable")) && (rc = trainable_read(&side->trainable, d, e)))
        return rc;
    if ((rc = doc_opt_bool(m, "embeddings", &side->trainable.embeddings, e)))
        return rc;
    if (side->trainable.embeddings && side->trainable.kind != TRAIN_ALL)
        return doc_fail(doc_get(m, "embeddings"), e,
                        "\"embeddings\" can learn only where trainable is all");
    if ((rc = training_read(&side->training, m, e)) || (rc = ensemble_read(&side->ensemble, m, e)))
        return rc;
    return ensemble_names_read(s, side, e);
}

const char *side_untuned(const struct study_side *side)
{
    if (side->simulates)
        return "are simulated";
    if (side->n_votes)
        return side->labels ? "are labels from a file" : "are votes";
    if (side->learner != LEARNER_FINETUNE)
        return side->learner == LEARNER_PROMPT ? "are asked and not trained" : "are probes";
    return side->ensemble.kind != ENSEMBLE_NONE ? "are several models each" : NULL;
}

/* path_beside - a path in a study's file counts from where the file lies: if it is there, or
 * always. */
static int path_beside(struct study *s, const struct doc *d, const char *study, bool always,
                       const char **value, struct err *e)
{
    struct str at = STR_INIT, dir = STR_INIT;
    if (!strchr(study, '/') || **value == '/' || strchr(*value, ':') || strcmp(d->file, study) != 0)
        return OK;
    int rc = file_folder(&dir, study, e);
    str_path(&at, dir.s, *value);
    str_release(&dir);
    if (!rc)
        rc = str_check(&at, e);
    if (!rc && (always || file_exists(at.s))) {
        *value = arena_strdup(&s->tree.arena, at.s, e);
        rc = *value ? OK : e->code;
    }
    str_release(&at);
    return rc;
}

/* model_beside - the same of a model: of a path, if it is there; any other name is what it is. */
static int model_beside(struct study *s, const struct doc *d, const char *study, const char **value,
                        struct err *e)
{
    return lab_is_path(*value) || str_ends(*value, ".gguf")
               ? path_beside(s, d, study, false, value, e)
               : OK;
}

static int paths_beside(struct study *s, const char *study, struct err *e)
{
    const struct doc *root = s->tree.root, *own, *d;
    struct study_side *const sides[] = {&s->supervisor, &s->student};
    static const char *const names[] = {"supervisor", "student"};
    int rc = lab_is_path(s->task) ? path_beside(s, doc_get(root, "task"), study, false, &s->task, e)
                                  : OK;
    size_t file = 0;
    d = s->supervisor.labels ? doc_get(doc_get(root, "supervisor"), "labels") : NULL;
    for (const struct doc *x = list_first(d); x && !rc; x = list_next(d, x))
        rc = path_beside(s, x, study, true, &s->supervisor.votes[file++], e);
    for (size_t i = 0; i < 2; i++) {
        own = doc_get(doc_get(root, names[i]), "model");
        d = own ? own : doc_get(root, "model");
        size_t k = 0;
        for (const struct doc *x = list_first(d); x && !rc && k < sides[i]->n_models;
             x = list_next(d, x), k++)
            rc = model_beside(s, x, study, &sides[i]->models[k], e);
    }
    size_t entry = 0;
    d = s->supervisor.simulates ? doc_get(doc_get(root, "supervisor"), "simulated") : NULL;
    for (const struct doc *x = list_first(d); x && !rc; x = list_next(d, x), entry++)
        if (s->supervisor.simulated[entry].model)
            rc = model_beside(s, doc_get(x, "model"), study, &s->supervisor.simulated[entry].model,
                              e);
    d = doc_get(doc_get(doc_get(root, "supervisor"), "debate"), "model");
    return rc || !d ? rc : model_beside(s, d, study, &s->supervisor.debate.model, e);
}

/* bands_read - of which of the task's bands a part's examples are. */
static int bands_read(struct study *s, const struct doc *m, struct err *e)
{
    if (!m || m->type == DOC_NULL)
        return OK;
    int rc = doc_check_keys(m, study_part_names, e);
    for (int p = 0; p < PART_COUNT && !rc; p++) {
        const struct doc *d = doc_get(m, study_part_names[p]);
        if (d && d->type != DOC_NULL)
            rc = strings_read(d, study_part_names[p], s->bands[p], &s->n_bands[p], e);
    }
    return rc;
}

static int data_read(struct study *s, const struct doc *m, struct err *e)
{
    const struct doc *d;
    int rc;
    if (!m)
        return doc_fail(s->tree.root, e,
                        "\"data\" is missing: how many examples supervise, train and test");
    if ((rc = doc_check_keys(m, data_keys, e)))
        return rc;
    for (int p = 0; p < PART_COUNT; p++) {
        /* Who is no model has nothing to learn from. */
        bool needed = p != PART_VALID &&
                      (p != PART_SUPERVISE || !votes_key(doc_get(s->tree.root, "supervisor")));
        d = doc_get(m, study_part_names[p]);
        if (needed && (!d || d->type == DOC_NULL))
            return doc_fail(d ? d : m, e, "\"data.%s\" is %s", study_part_names[p],
                            d ? "empty" : "missing");
        if ((rc =
                 doc_opt_size(m, study_part_names[p], needed ? 1 : 0, 1u << 30, &s->sizes.n[p], e)))
            return rc;
    }
    if ((rc = bands_read(s, doc_get(m, "bands"), e)))
        return rc;
    return doc_opt_size(m, "max_tokens", 2, 1u << 20, &s->max_tokens, e);
}

static int study_methods(struct study *s, struct err *e)
{
    const struct doc *d = doc_get(s->tree.root, "methods");
    const char *names[STUDY_LIST] = {"naive"};
    int rc = OK;
    s->n_methods = 1;
    if (d)
        rc = strings_read(d, "methods", names, &s->n_methods, e);
    if (!rc)
        rc = method_names(d, names, s->n_methods, s->methods, e);
    return rc ? rc : methods_read(&s->settings, s->tree.root, e);
}

/* chain_paths - the models of each method's chain, where they are paths. */
static int chain_paths(struct study *s, const char *study, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; methods[i].name && !rc; i++) {
        bool has = method_chain(&s->settings, &methods[i]) != NULL;
        const struct doc *map = has ? doc_get(s->tree.root, methods[i].name) : NULL;
        const struct doc *through = doc_get(map, "through");
        struct chain_model *c = s->settings.through[i].of;
        for (const struct doc *x = through ? through->child : NULL; x && !rc; x = x->next, c++)
            if (c->model)
                rc = model_beside(s, x, study, &c->model, e);
    }
    return rc;
}

static int precision_read(struct study *s, struct err *e)
{
    int precision = PRECISION_AUTO;
    int rc = doc_opt_enum(s->tree.root, "precision", precision_names, &precision, e);
    s->precision = (enum precision)precision;
    return rc;
}

static int decoding_read(struct study *s, struct err *e)
{
    int decoding = DECODING_GREEDY;
    int rc = doc_opt_enum(s->tree.root, "decoding", decoding_names, &decoding, e);
    s->decoding = (enum decoding)decoding;
    return rc;
}

static int seeds_read(struct study *s, struct err *e)
{
    const struct doc *root = s->tree.root, *m = doc_get(root, "seed"), *d;
    int rc;
    if ((rc = doc_opt_size(root, "seeds", 1, 1000, &s->seeds, e)))
        return rc;
    if (m) {
        if ((rc = doc_check_keys(m, study_seed_names, e)))
            return rc;
        for (int i = 0; i < SEED_COUNT; i++) {
            int64_t v = (int64_t)s->seed[i];
            if ((rc = doc_opt_int(m, study_seed_names[i], 0, INT64_MAX / 2, &v, e)))
                return rc;
            s->seed[i] = (uint64_t)v;
        }
    }
    if ((d = doc_get(root, "hold")) && !(d->type == DOC_LIST && d->n == 0)) {
        const char *names[STUDY_LIST];
        size_t n;
        if ((rc = strings_read(d, "hold", names, &n, e)))
            return rc;
        for (size_t i = 0; i < n; i++) {
            int k = 0;
            while (study_seed_names[k] && strcmp(study_seed_names[k], names[i]) != 0)
                k++;
            if (!study_seed_names[k])
                return doc_fail(d, e,
                                "\"hold\" names \"%s\"; known seeds are split, label, init, order",
                                names[i]);
            s->held[k] = true;
        }
    }
    return OK;
}

/* study_defaults - every default of a study that is not train_settings_init's. */
static void study_defaults(struct study *s)
{
    memset(s, 0, sizeof *s);
    s->max_tokens = 128;
    s->seeds = 1;
    s->bootstrap = 2000;
    s->level = 0.95;
    s->baselines = true;
    methods_defaults(&s->settings);
    probe_settings_init(&s->probe);
}

/* override_again - the i-th override takes away what an earlier one set. */
static int override_again(const char *const *overrides, const char *from, size_t i, struct err *e)
{
    size_t n = strcspn(overrides[i], "=");
    for (size_t k = 0; k < i; k++)
        if (strncmp(overrides[k], overrides[i], n) == 0 &&
            (overrides[k][n] == '=' || overrides[k][n] == '.'))
            return err_set(e, ERR_INPUT, "%s: \"%.*s\" is set twice: %s and %s",
                           from ? from : "command line", (int)n, overrides[i], overrides[k],
                           overrides[i]);
    return OK;
}

/* tree_read - study_tree, of overrides from elsewhere (study_read_from; NULL: of none). */
static int tree_read(struct doc_tree *t, const char *path, const char *const *overrides,
                     const char *const *from, size_t n, struct err *e)
{
    int rc = doc_read_yaml(t, path, e);
    for (size_t i = 0; !rc && i < n; i++) {
        const char *eq = strchr(overrides[i], '=');
        if (!eq || eq == overrides[i])
            return err_set(e, ERR_INPUT, "\"%s\" is not of the form key=value", overrides[i]);
        const char *at = from ? from[i] : NULL;
        if ((rc = override_again(overrides, at, i, e)))
            return rc;
        char *key = mem_strndup(overrides[i], (size_t)(eq - overrides[i]), e);
        rc = !key ? e->code : at ? doc_set_from(t, key, eq + 1, at, e) : doc_set(t, key, eq + 1, e);
        mem_free(key);
    }
    if (!rc && t->root->type != DOC_MAP)
        rc = doc_fail(t->root, e, "a study is a map of keys, this is a %s",
                      doc_type_name(t->root->type));
    return rc;
}

int study_tree(struct doc_tree *t, const char *path, const char *const *overrides, size_t n,
               struct err *e)
{
    return tree_read(t, path, overrides, NULL, n, e);
}

int study_name(const struct doc *root, const char **name, struct err *e)
{
    int rc = doc_str(root, "name", name, e);
    if (rc)
        return rc;
    const char *s = *name;
    if (!*s ||
        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
            strlen(s) ||
        *s == '.')
        return doc_fail(doc_get(root, "name"), e,
                        "\"name\" is \"%s\", wanted letters, digits, - _ . (it names a folder)", s);
    if (strlen(s) > STUDY_NAME)
        return doc_fail(doc_get(root, "name"), e, "\"name\" has %zu letters, wanted at most %d",
                        strlen(s), STUDY_NAME);
    return OK;
}

/* set_when - where a value was set, of which the later holds: in the study's file, in a finding's,
 * on the command line. */
static int set_when(const struct doc *d)
{
    return !d->path ? 0 : str_starts(d->file, "command line: ") ? 2 : 1;
}

/* model_needed - where supervisors are no models, the study's "model" is the student's alone. One
 * that was set before what takes its place is a default; of the command line study_idle tells. */
static int model_needed(const struct study *s, struct err *e)
{
    const struct doc *root = s->tree.root, *d = doc_get(root, "model"),
                     *weak = doc_get(root, "supervisor"),
                     *own = doc_get(doc_get(root, "student"), "model");
    const char *key = votes_key(weak);
    if (!d || !own || !key || set_when(d) == 2 || set_when(own) > set_when(d) ||
        set_when(doc_get(weak, key)) > set_when(d))
        return OK;
    return doc_fail(d, e,
                    "\"model\" is used by no side: the supervisors %s, and the student's is "
                    "student.model",
                    side_untuned(&s->supervisor));
}

/* prompt_needed - a study says how models are asked only where some are. */
static int prompt_needed(const struct study *s, struct err *e)
{
    const struct doc *d = doc_get(s->tree.root, "prompt");
    if (!d || s->supervisor.learner == LEARNER_PROMPT || s->student.learner == LEARNER_PROMPT)
        return OK;
    return doc_fail(d, e,
                    "\"prompt\" says how models are asked, and no side is: wanted learner: prompt");
}

int study_read(struct study *s, const char *path, const char *const *overrides, size_t n,
               struct err *e)
{
    return study_read_from(s, path, overrides, NULL, n, e);
}

int study_read_from(struct study *s, const char *path, const char *const *overrides,
                    const char *const *from, size_t n, struct err *e)
{
    int rc;
    struct train_settings common;
    study_defaults(s);
    train_settings_init(&common);
    if ((rc = tree_read(&s->tree, path, overrides, from, n, e)))
        goto out;
    const struct doc *root = s->tree.root;
    if ((rc = keys_check(root, e)) || (rc = study_name(root, &s->name, e)) ||
        (rc = doc_str(root, "task", &s->task, e)))
        goto out;
    s->title = s->name;
    const struct doc *training = doc_get(root, "training");
    if ((rc = doc_opt_str(root, "title", &s->title, e)) ||
        (rc = data_read(s, doc_get(root, "data"), e)) ||
        (training && (rc = doc_check_keys(training, training_keys, e))) ||
        (rc = training_read(&common, training, e)) ||
        (rc = side_read(s, &s->supervisor, "supervisor", &common, e)) ||
        (rc = side_read(s, &s->student, "student", &common, e)) || (rc = model_needed(s, e)) ||
        (rc = prompt_needed(s, e)) || (rc = generative_read(s, &common, e)) ||
        (rc = paths_beside(s, path, e)) || (rc = study_methods(s, e)) ||
        (rc = baselines_read(s, e)) || (rc = chain_paths(s, path, e)) || (rc = seeds_read(s, e)) ||
        (rc = doc_opt_bool(root, "controls", &s->controls, e)) ||
        (rc = doc_opt_bool(root, "untrained", &s->untrained, e)) ||
        (rc = doc_opt_bool(root, "recited", &s->recited, e)) ||
        (rc = doc_opt_bool(root, "test_curve", &s->test_curve, e)) || (rc = precision_read(s, e)) ||
        (rc = decoding_read(s, e)) || (rc = doc_opt_bool(root, "save", &s->save, e)) ||
        (rc = doc_opt_size(root, "bootstrap", 100, 10000000, &s->bootstrap, e)) ||
        (rc = doc_opt_real(root, "level", 0.5, 0.9999, &s->level, e)) || (rc = probe_read(s, e)) ||
        (rc = study_names(s, overrides, n, e)))
        goto out;
out:
    if (rc)
        study_release(s);
    return rc;
}

void study_release(struct study *s)
{
    doc_tree_release(&s->tree);
}
