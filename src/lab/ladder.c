/* ladder.c - the file of a ladder: keys, defaults, sizes of models. */
#include "lab/ladder.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

static const char *const ladder_keys[] = {
    "name",   "title",    "data", "tokenizer", "vocabulary", "context", "tokens",
    "family", "training", "seed", "precision", "models",     NULL};
static const char *const data_keys[] = {"pgn", "text", "field", "valid", "positions", NULL};
/* Families whose config.json is spelled as Llama's. */
static const char *const families[] = {"llama", "mistral", "qwen2", "qwen3", "olmo2", NULL};
static const char *const model_keys[] = {"name",
                                         "layers",
                                         "width",
                                         "heads",
                                         "kv_heads",
                                         "mlp",
                                         "tokens",
                                         "batch",
                                         "lr",
                                         "warmup",
                                         "clip",
                                         "beta1",
                                         "beta2",
                                         "eps",
                                         "evals",
                                         "schedule",
                                         "weight_decay",
                                         "micro_tokens",
                                         "checkpoint_every",
                                         NULL};

static void ladder_defaults(struct ladder *l)
{
    memset(l, 0, sizeof *l);
    l->valid = 200;
    l->vocabulary = 2048;
    l->context = 256;
    l->field = "text";
    l->family = "llama";
}

static int files_read(struct ladder *l, const struct doc *d, struct err *e)
{
    for (const struct doc *x = d->type == DOC_LIST ? d->child : d; x;
         x = d->type == DOC_LIST ? x->next : NULL) {
        if (x->type != DOC_STRING)
            return doc_fail(x, e, "\"%s\" holds a %s, wanted names of files, folders or data",
                            d->key, doc_type_name(x->type));
        if (l->n_files == LADDER_FILES)
            return doc_fail(x, e, "\"%s\" has more than %d entries; a folder is one", d->key,
                            LADDER_FILES);
        l->files[l->n_files++] = x->s;
    }
    return l->n_files ? OK : doc_fail(d, e, "\"%s\" is empty", d->key);
}

/* files_beside - a path in the file counts from where the file lies, if it is there. */
static int files_beside(struct ladder *l, const struct doc *d, const char *path, struct err *e)
{
    struct str dir = STR_INIT, at = STR_INIT;
    int rc = file_folder(&dir, path, e);
    const struct doc *x = d->type == DOC_LIST ? d->child : d;
    for (size_t i = 0; !rc && i < l->n_files; i++, x = x->next) {
        const char *name = l->files[i];
        if (*name == '/' || strchr(name, ':') || strcmp(x->file, path) != 0)
            continue;
        str_path(&at, dir.s, name);
        rc = str_check(&at, e);
        if (!rc && file_exists(at.s) && !(l->files[i] = arena_strdup(&l->tree.arena, at.s, e)))
            rc = e->code;
    }
    str_release(&dir);
    str_release(&at);
    return rc;
}

static int data_read(struct ladder *l, const char *path, struct err *e)
{
    const struct doc *m = doc_get(l->tree.root, "data");
    if (!m || m->type != DOC_MAP)
        return doc_fail(m ? m : l->tree.root, e,
                        "\"data\" is %s, wanted a map: {pgn: FILES} or {text: FILES}",
                        m ? doc_type_name(m->type) : "missing");
    const struct doc *pgn = doc_get(m, "pgn"), *text = doc_get(m, "text");
    int rc = doc_check_keys(m, data_keys, e);
    if (rc)
        return rc;
    if (!pgn == !text)
        return doc_fail(m, e, "\"data\" has %s, wanted one: pgn or text",
                        pgn ? "both pgn and text" : "neither pgn nor text");
    l->games = pgn != NULL;
    if ((rc = files_read(l, pgn ? pgn : text, e)) ||
        (rc = files_beside(l, pgn ? pgn : text, path, e)) ||
        (rc = doc_opt_str(m, "field", &l->field, e)) ||
        (rc = doc_opt_size(m, "valid", 1, 1u << 30, &l->valid, e)) ||
        (rc = doc_opt_real(m, "positions", 0, 0.95, &l->positions, e)))
        return rc;
    if (!l->games && doc_get(m, "positions"))
        return doc_fail(doc_get(m, "positions"), e,
                        "\"positions\" are of games: \"pgn\" is missing");
    return OK;
}

static int family_read(struct ladder *l, struct err *e)
{
    int which = 0;
    int rc = doc_opt_enum(l->tree.root, "family", families, &which, e);
    l->family = families[which];
    return rc;
}

static int model_read(struct ladder *l, const struct doc *d, size_t tokens,
                      const struct train_settings *common, struct err *e)
{
    struct ladder_model *m = &l->models[l->n];
    int64_t width = 0, layers = 0, heads = 0;
    if (d->type != DOC_MAP)
        return doc_fail(d, e, "a model is a %s, wanted a map: name, layers, width, heads",
                        doc_type_name(d->type));
    *m = (struct ladder_model){.tokens = tokens, .training = *common};
    int rc = doc_check_keys(d, model_keys, e);
    if (rc || (rc = study_name(d, &m->name, e)) ||
        (rc = doc_int(d, "layers", 1, CONFIG_LAYERS_MOST, &layers, e)) ||
        (rc = doc_int(d, "width", 1, 1 << 20, &width, e)) ||
        (rc = doc_int(d, "heads", 1, 1 << 16, &heads, e)) ||
        (rc = doc_opt_size(d, "kv_heads", 1, 1 << 16, &m->kv_heads, e)) ||
        (rc = doc_opt_size(d, "mlp", 1, 1 << 22, &m->mlp, e)) ||
        (rc = doc_opt_size(d, "tokens", 1, (size_t)1 << 40, &m->tokens, e)) ||
        (rc = training_read(&m->training, d, e)))
        return rc;
    m->layers = (size_t)layers, m->width = (size_t)width, m->heads = (size_t)heads;
    if (!m->tokens)
        return doc_fail(d, e, "\"tokens\" is missing: how many the model \"%s\" learns from",
                        m->name);
    if (m->width % m->heads)
        return doc_fail(doc_get(d, "width"), e,
                        "\"width\" is %zu, wanted a multiple of the %zu heads", m->width, m->heads);
    if (m->width / m->heads % 2)
        return doc_fail(doc_get(d, "heads"), e,
                        "\"heads\" leaves each %zu of \"width\", wanted an even number",
                        m->width / m->heads);
    m->kv_heads = m->kv_heads ? m->kv_heads : m->heads;
    if (m->heads % m->kv_heads)
        return doc_fail(doc_get(d, "kv_heads"), e,
                        "\"kv_heads\" is %zu, wanted a number that divides the %zu heads",
                        m->kv_heads, m->heads);
    /* Gate, up and down of 8/3 of the width are as many numbers as two matrices of four times it.
     */
    m->mlp = m->mlp ? m->mlp : (m->width * 8 / 3 + 15) / 16 * 16;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->models[i].name, m->name) == 0)
            return doc_fail(doc_get(d, "name"), e, "\"name\": two models are \"%s\"", m->name);
    l->n++;
    return OK;
}

static int models_read(struct ladder *l, struct err *e)
{
    const struct doc *root = l->tree.root, *list = doc_get(root, "models"),
                     *training = doc_get(root, "training");
    struct train_settings common;
    size_t tokens = 0;
    int rc = training ? doc_check_keys(training, training_keys, e) : OK;
    train_settings_init(&common);
    common.lr = 1e-3;
    common.warmup = 100;
    common.weight_decay = 0.1;
    common.beta2 = 0.95;
    common.micro_tokens = 2048;
    common.evals = 8;
    if (!rc && doc_get(training, "epochs"))
        rc = doc_fail(doc_get(training, "epochs"), e,
                      "\"epochs\" is not a ladder's: \"tokens\" says how long a model learns");
    if (!rc)
        rc = training_read(&common, training, e);
    if (!rc)
        rc = doc_opt_size(root, "tokens", 1, (size_t)1 << 40, &tokens, e);
    common.epochs = 1;
    if (!rc && (!list || list->type != DOC_LIST || !list->child))
        rc = doc_fail(list ? list : root, e, "\"models\" is %s, wanted a list of them",
                      !list                    ? "missing"
                      : list->type == DOC_LIST ? "empty"
                                               : doc_type_name(list->type));
    for (const struct doc *d = rc ? NULL : list->child; d && !rc; d = d->next) {
        if (l->n == LADDER_MODELS)
            return doc_fail(d, e, "\"models\" has more than %d entries", LADDER_MODELS);
        rc = model_read(l, d, tokens, &common, e);
    }
    for (size_t i = 0; i < l->n; i++)
        l->models[i].training.seed_order = l->seed;
    return rc;
}

static int names_check(struct ladder *l, struct err *e)
{
    const struct doc *d = doc_get(l->tree.root, "tokenizer");
    l->tokenizer = l->games ? "moves" : "bytes";
    int rc = doc_opt_str(l->tree.root, "tokenizer", &l->tokenizer, e);
    if (!rc && !l->games && strcmp(l->tokenizer, "moves") == 0)
        rc = doc_fail(d, e, "\"tokenizer\" is moves, which is for games: \"pgn\" is missing");
    return rc;
}

int ladder_read(struct ladder *l, const char *path, const char *const *overrides, size_t n,
                struct err *e)
{
    int precision = PRECISION_AUTO;
    int64_t seed = 0;
    ladder_defaults(l);
    int rc = study_tree(&l->tree, path, overrides, n, e);
    const struct doc *root = l->tree.root;
    if (!rc && root->type != DOC_MAP)
        rc =
            doc_fail(root, e, "a ladder is a map of keys, this is a %s", doc_type_name(root->type));
    if (rc || (rc = doc_check_keys(root, ladder_keys, e)) || (rc = study_name(root, &l->name, e)))
        goto out;
    l->title = l->name;
    if ((rc = doc_opt_str(root, "title", &l->title, e)) || (rc = data_read(l, path, e)) ||
        (rc = names_check(l, e)) ||
        (rc = doc_opt_size(root, "vocabulary", 300, 1u << 20, &l->vocabulary, e)) ||
        (rc = doc_opt_size(root, "context", 8, 1u << 20, &l->context, e)) ||
        (rc = family_read(l, e)) ||
        (rc = doc_opt_enum(root, "precision", precision_names, &precision, e)) ||
        (rc = doc_opt_int(root, "seed", 0, INT64_MAX, &seed, e)))
        goto out;
    l->precision = (enum precision)precision;
    l->seed = (uint64_t)seed;
    rc = models_read(l, e);
out:
    if (rc)
        ladder_release(l);
    return rc;
}

void ladder_release(struct ladder *l)
{
    doc_tree_release(&l->tree);
}

int ladder_config(const struct ladder *l, const struct ladder_model *m, size_t vocab, int64_t eos,
                  struct model_config *c, struct err *e)
{
    struct str json = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct js j;
    js_init(&j, &json);
    js_open(&j, '{');
    js_key(&j, "model_type"), js_str(&j, l->family);
    js_key(&j, "hidden_size"), js_int(&j, (int64_t)m->width);
    js_key(&j, "intermediate_size"), js_int(&j, (int64_t)m->mlp);
    js_key(&j, "num_hidden_layers"), js_int(&j, (int64_t)m->layers);
    js_key(&j, "num_attention_heads"), js_int(&j, (int64_t)m->heads);
    js_key(&j, "num_key_value_heads"), js_int(&j, (int64_t)m->kv_heads);
    js_key(&j, "head_dim"), js_int(&j, (int64_t)(m->width / m->heads));
    js_key(&j, "max_position_embeddings"), js_int(&j, (int64_t)l->context);
    js_key(&j, "vocab_size"), js_int(&j, (int64_t)vocab);
    js_key(&j, "rms_norm_eps"), js_real(&j, 1e-5);
    js_key(&j, "rope_theta"), js_real(&j, 10000);
    js_key(&j, "hidden_act"), js_str(&j, "silu");
    js_key(&j, "tie_word_embeddings"), js_bool(&j, true);
    if (eos >= 0)
        js_key(&j, "eos_token_id"), js_int(&j, eos);
    js_close(&j, '}');
    int rc = str_check(&json, e);
    if (!rc)
        rc = doc_parse_json(&t, json.s, json.len, m->name, 1, e);
    if (!rc)
        rc = config_from_json(c, t.root, e);
    doc_tree_release(&t);
    str_release(&json);
    return rc ? err_wrap(e, "model %s", m->name) : OK;
}
