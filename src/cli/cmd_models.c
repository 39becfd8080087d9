/* cmd_models.c - families, models at hand, and what they take. */
#include "cli/session.h"
#include "core/mem.h"
#include "model/model.h"
#include "store/asset.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"tokens", "N",
     "tokens of a batch's piece that memory is counted for (default: that of micro_tokens)", 0},
    {NULL, NULL, NULL, 0},
};

/* What is said of one model. */
struct entry {
    const char *name, *state; /* ready, or why there are no numbers */
    struct model_config config;
    size_t layers, params, training, predicting;
};

struct listing {
    struct session *s;
    bool json;
    size_t tokens;
    int width; /* of the names */
    struct str out;
    struct js w;
};

static void count_add(struct str *out, size_t n)
{
    static const char units[] = " KMBT";
    double x = (double)n;
    size_t unit = 0;
    for (; x >= 1000 && units[unit + 1]; unit++)
        x /= 1000;
    str_addf(out, unit ? " %9.1f %c" : " %9.0f %c", x, units[unit]);
}

static void bytes_add(struct str *out, size_t bytes)
{
    struct str text = STR_INIT;
    if (bytes)
        str_bytes(&text, (double)bytes);
    str_addf(out, " %10s", text.s);
    str_release(&text);
}

static int entry_print(struct listing *l, const struct entry *x, struct err *e)
{
    bool known = x->params > 0;
    if (l->json) {
        js_open(&l->w, '{');
        js_key(&l->w, "name"), js_str(&l->w, x->name);
        js_key(&l->w, "state"), js_str(&l->w, x->state);
        if (known) {
            js_key(&l->w, "family"), js_str(&l->w, family_name(x->config.family));
            js_key(&l->w, "layers"), js_int(&l->w, (int64_t)x->config.layers);
            js_key(&l->w, "channels"), js_int(&l->w, (int64_t)x->config.channels);
            js_key(&l->w, "positions"), js_int(&l->w, (int64_t)x->config.positions);
            js_key(&l->w, "parameters"), js_int(&l->w, (int64_t)x->params);
            js_key(&l->w, "training_bytes"), js_int(&l->w, (int64_t)x->training);
            js_key(&l->w, "predicting_bytes"), js_int(&l->w, (int64_t)x->predicting);
        }
        js_close(&l->w, '}');
        return str_check(&l->out, e);
    }
    str_addf(&l->out, "%-*s", l->width, x->name);
    if (known) {
        str_addf(&l->out, " %-11s %6zu %8zu", family_name(x->config.family), x->config.layers,
                 x->config.channels);
        count_add(&l->out, x->params);
        bytes_add(&l->out, x->training);
        bytes_add(&l->out, x->predicting);
        str_addf(&l->out, "  %s\n", x->state);
    } else {
        str_addf(&l->out, " %s\n", x->state);
    }
    return str_check(&l->out, e);
}

/* model_list - one model; demanded: what is not there, or is none, is an error. */
static int model_list(struct listing *l, const char *name, bool demanded, struct err *e)
{
    struct trainable all = {TRAIN_ALL, 0, false, {0}};
    struct entry x = {.name = name, .state = "ready"};
    struct weights *w = NULL;
    struct str path = STR_INIT;
    struct err own = ERR_INIT;
    int rc = demanded || asset_ready(l->s->lab.assets, name)
                 ? lab_weights_open(&w, &l->s->lab, name, &path, &own)
                 : err_set(&own, ERR_INPUT, "not fetched");
    if (!rc)
        rc = family_check(w, weights_config(w), &own);
    if (rc && (demanded || rc == ERR_NOMEM || rc == ERR_INTERRUPTED)) {
        err_set(e, rc, "%s", own.msg);
        goto out;
    }
    if (rc) {
        x.state = own.msg;
    } else {
        x.config = *weights_config(w);
        x.params = config_params(&x.config);
        x.training = model_bytes(&x.config, &all, l->tokens, false);
        x.predicting = model_bytes_predicting(&x.config, l->tokens);
    }
    rc = entry_print(l, &x, e);
out:
    weights_close(w);
    str_release(&path);
    return rc;
}

static void families_list(struct listing *l)
{
    if (l->json) {
        js_key(&l->w, "families"), js_open(&l->w, '[');
    } else {
        str_addf(&l->out, "%-12s %-8s %s\n", "family", "GGUF", "known as");
    }
    for (int f = 0; f < FAMILY_COUNT; f++) {
        const struct config_family *x = &config_families[f];
        if (!l->json) {
            str_addf(&l->out, "%-12s %-8s %s\n", x->name, x->gguf ? x->gguf : "-", x->what);
            continue;
        }
        js_open(&l->w, '{');
        js_key(&l->w, "family"), js_str(&l->w, x->name);
        js_key(&l->w, "gguf");
        if (x->gguf)
            js_str(&l->w, x->gguf);
        else
            js_null(&l->w);
        js_key(&l->w, "known_as"), js_str(&l->w, x->what);
        js_close(&l->w, '}');
    }
    if (l->json)
        js_close(&l->w, ']');
    else
        str_cat(&l->out, "\n");
}

/* names_of - the models that are asked for, else those of assets.yaml and what the Hugging Face
 * cache holds besides, whose names are *cached; both are the caller's to free. */
static int names_of(const struct listing *l, const struct args *a, const char ***names, size_t *n,
                    char ***cached, struct err *e)
{
    const struct assets *assets = l->s->lab.assets;
    size_t n_cached = 0;
    int rc = a->n_rest ? OK : hub_cached(cached, &n_cached, e);
    if (rc)
        return rc;
    *names = mem_alloc(a->n_rest + assets_count(assets) + n_cached + 1, sizeof **names, e);
    if (!*names)
        return e->code;
    for (size_t i = 0; i < a->n_rest; i++)
        (*names)[(*n)++] = a->rest[i];
    for (size_t i = 0; !a->n_rest && i < assets_count(assets); i++)
        if (strcmp(assets_at(assets, i)->kind, "model") == 0)
            (*names)[(*n)++] = assets_at(assets, i)->name;
    for (size_t i = 0; i < n_cached; i++)
        (*names)[(*n)++] = (*cached)[i];
    return OK;
}

static int models_list(struct listing *l, const struct args *a, struct err *e)
{
    const char **names = NULL;
    char **cached = NULL;
    size_t n = 0;
    int rc = names_of(l, a, &names, &n, &cached, e);
    l->width = 28;
    for (size_t i = 0; i < n; i++)
        l->width = (int)strlen(names[i]) > l->width ? (int)strlen(names[i]) : l->width;
    js_init(&l->w, &l->out);
    if (l->json)
        js_open(&l->w, '{');
    if (!a->n_rest)
        families_list(l);
    if (l->json)
        js_key(&l->w, "models"), js_open(&l->w, '[');
    else
        str_addf(&l->out, "%-*s %-11s %6s %8s %11s %10s %10s\n", l->width, "model", "family",
                 "layers", "channels", "parameters", "training", "predicting");
    for (size_t i = 0; i < n && !rc; i++)
        rc = model_list(l, names[i], a->n_rest > 0, e);
    mem_free(names);
    mem_free(cached);
    if (l->json) {
        js_close(&l->w, ']'), js_close(&l->w, '}');
        str_addc(&l->out, '\n');
    }
    return rc ? rc : str_check(&l->out, e);
}

static int models_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct listing l = {.s = &s, .json = app->json, .out = STR_INIT};
    struct train_settings defaults;
    const char *tokens = args_option(&cmd_models, a, "tokens");
    int rc = OK;
    train_settings_init(&defaults);
    l.tokens = defaults.micro_tokens;
    if (tokens)
        rc = args_count("tokens", tokens, 1, 1u << 24, &l.tokens, e);
    if (!rc)
        rc = session_open(&s, app, "", "", false, e);
    if (rc)
        return command_exit(rc);
    rc = models_list(&l, a, e);
    if (!rc)
        fwrite(l.out.s, 1, l.out.len, stdout);
    str_release(&l.out);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_models = {
    .name = "models",
    .operands = "[NAME ...]",
    .line = "families that are computed here, models at hand, their parameters and memory",
    .help = "Without NAME: every family, the models of assets.yaml and those of the Hugging Face "
            "cache. NAME is what a study's\n"
            "model: may be: an asset, hub:owner/name (fetched where it is missing), a folder, a "
            ".gguf file.\n"
            "\n"
            "Memory is that of one classifier in f32: training, of all blocks with AdamW, and "
            "predicting, with a piece of a\n"
            "batch of N tokens. w2s run --dry-run counts a study's own jobs.\n"
            "\n"
            "    w2s models\n"
            "    w2s models --tokens 512 ./my-model\n",
    .options = options,
    .completes = "assets",
    .run = models_run,
};
