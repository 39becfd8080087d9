/* lora_file.c - adapters as PEFT keeps them: adapter_config.json and adapter_model.safetensors,
 * whose names are those of the model's layers. */
#include "model/lora.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"
#include "model/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "base_model.model."
#define SCORE  PREFIX "score.weight"

static void tensor_name(const struct model_config *c, const struct lora_span *s, int layer, bool b,
                        char *out, size_t n)
{
    char module[128];
    family_module(c, s->role, s->part, layer, module, sizeof module);
    snprintf(out, n, PREFIX "%s.lora_%c.weight", module, b ? 'B' : 'A');
}

static int config_put(const struct model *m, const char *base, const char *dir, struct err *e)
{
    struct str text = STR_INIT;
    const struct model_config *c = &m->cfg;
    bool head = m->head.kind != HEAD_LM;
    struct lora_span s;
    struct js j;
    char name[128];
    js_init(&j, &text);
    js_open(&j, '{');
    js_key(&j, "peft_type"), js_str(&j, "LORA");
    js_key(&j, "task_type"), js_str(&j, head ? "SEQ_CLS" : "CAUSAL_LM");
    js_key(&j, "base_model_name_or_path"), js_str(&j, base);
    js_key(&j, "r"), js_int(&j, (int64_t)m->lora.rank);
    js_key(&j, "lora_alpha"), js_real(&j, m->lora.alpha);
    js_key(&j, "lora_dropout"), js_real(&j, 0);
    js_key(&j, "bias"), js_str(&j, "none");
    js_key(&j, "fan_in_fan_out"), js_bool(&j, c->family == FAMILY_GPT2);
    js_key(&j, "inference_mode"), js_bool(&j, true);
    /* whole names: GPT-2 calls two layers c_proj */
    js_key(&j, "target_modules"), js_open(&j, '[');
    for (int layer = 0; layer < (int)c->layers; layer++)
        for (int t = 0; t < LORA_TARGETS; t++)
            if (lora_param(m, layer, (enum lora_target)t, false) &&
                lora_span(c, (enum lora_target)t, &s)) {
                family_module(c, s.role, s.part, layer, name, sizeof name);
                js_str(&j, name);
            }
    js_close(&j, ']');
    js_key(&j, "modules_to_save");
    if (head)
        js_open(&j, '['), js_str(&j, "score"), js_close(&j, ']');
    else
        js_null(&j);
    js_close(&j, '}');
    str_addc(&text, '\n');
    int rc = file_write_in(dir, "adapter_config.json", &text, e);
    str_release(&text);
    return rc;
}

/* rows_map - between B's rows here and in a file. */
static void rows_map(const struct model_config *c, enum param_role role, const float *from,
                     float *to, size_t rows, size_t cols, bool into_file)
{
    for (size_t r = 0; r < rows; r++) {
        size_t at = family_file_row(c, role, r);
        size_t a = into_file ? r : at, b = into_file ? at : r;
        memcpy(to + b * cols, from + a * cols, cols * sizeof *to);
    }
}

/* slot - one tensor of the file and the parameter that it is. */
struct slot {
    char name[192];
    const struct model_param *p;
    struct lora_span span;
    bool b;
};

/* slots_make - all of m's adapters; the head's, where it has one, last. */
static size_t slots_make(const struct model *m, struct slot *slots)
{
    size_t n = 0;
    for (int layer = 0; layer < (int)m->cfg.layers; layer++)
        for (int t = 0; t < LORA_TARGETS; t++)
            for (int b = 0; b < 2; b++) {
                struct slot *s = &slots[n];
                s->p = lora_param(m, layer, (enum lora_target)t, b);
                s->b = b;
                if (!s->p || !lora_span(&m->cfg, (enum lora_target)t, &s->span))
                    continue;
                tensor_name(&m->cfg, &s->span, layer, b, s->name, sizeof s->name);
                n++;
            }
    if (m->head.kind != HEAD_LM) {
        slots[n] = (struct slot){.p = model_head_param(m)};
        snprintf(slots[n++].name, sizeof slots->name, SCORE);
    }
    return n;
}

static int slot_write(struct weights_out *o, const struct model *m, const struct slot *s,
                      struct err *e)
{
    size_t rows = s->p->spec.rows, cols = s->p->spec.cols, n = rows * cols;
    float *host = mem_alloc(n, sizeof *host, e),
          *file = host ? mem_alloc(n, sizeof *file, e) : NULL;
    int rc = file ? OK : e->code;
    if (!rc) {
        dev_download(m->dev, host, s->p->w, n);
        rows_map(&m->cfg, s->b ? s->span.role : ROLE_COUNT, host, file, rows, cols, true);
        rc = weights_out_add(o, file, n, e);
    }
    mem_free(host);
    mem_free(file);
    return rc;
}

int lora_save(const struct model *m, const char *base, const char *dir, struct err *e)
{
    struct weights_out_tensor *tensors = NULL;
    struct weights_out *o = NULL;
    struct str path = STR_INIT;
    size_t most = m->cfg.layers * m->lora_each + 1, n = 0;
    BUG_ON(!m->lora.rank);
    struct slot *slots = mem_zalloc(most + 1, sizeof *slots, e);
    int rc = slots ? file_mkdirs(dir, e) : e->code;
    if (!rc && !(tensors = mem_zalloc(most, sizeof *tensors, e)))
        rc = e->code;
    if (!rc)
        rc = config_put(m, base, dir, e);
    if (rc)
        goto out;
    n = slots_make(m, slots);
    for (size_t i = 0; i < n; i++)
        tensors[i] = (struct weights_out_tensor){
            slots[i].name, 2, {slots[i].p->spec.rows, slots[i].p->spec.cols}};
    str_path(&path, dir, "adapter_model.safetensors");
    rc = str_check(&path, e);
    if (!rc)
        rc = weights_out_open(&o, path.s, tensors, n, e);
    for (size_t i = 0; i < n && !rc; i++)
        rc = slot_write(o, m, &slots[i], e);
    if (!rc)
        rc = weights_out_commit(o, e);
out:
    weights_out_close(o);
    mem_free(tensors);
    mem_free(slots);
    str_release(&path);
    return rc;
}

/* field_set - whether it says anything but that it is not used. */
static bool field_set(const struct doc *d)
{
    const bool list = d->type == DOC_MAP || d->type == DOC_LIST;
    return d->type != DOC_NULL && !(d->type == DOC_BOOL && !d->b) && !(list && !d->n);
}

/* init_check - some ways to begin take what the adapters start with out of the base, which is then
 * another one than that of the same name. */
static int init_check(const struct doc *r, struct err *e)
{
    static const char *const plain[] = {"gaussian", "eva", "orthogonal"};
    const struct doc *d = doc_get(r, "init_lora_weights");
    if (!d || d->type == DOC_NULL || d->type == DOC_BOOL)
        return OK;
    for (size_t i = 0; d->type == DOC_STRING && i < sizeof plain / sizeof *plain; i++)
        if (strcmp(d->s, plain[i]) == 0)
            return OK;
    if (d->type != DOC_STRING)
        return doc_fail(d, e, "\"init_lora_weights\" is a %s, wanted a boolean or a name",
                        doc_type_name(d->type));
    return doc_fail(d, e,
                    "\"init_lora_weights\" is \"%s\": not known to leave the base as it is, and "
                    "pissa, olora, corda and loftq change it; PEFT saves a plain adapter by "
                    "path_initial_model_for_weight_conversion",
                    d->s);
}

/* fields_check - what PEFT may write and is read here, or changes nothing of what a trained adapter
 * computes; any other field that is set is refused, so that one which is new is too. */
static int fields_check(const struct doc *r, struct err *e)
{
    static const char *const known[] = {
        /* read here */
        "peft_type", "r", "lora_alpha", "use_rslora", "bias", "init_lora_weights",
        /* which layers have adapters: the tensors say it, and none is passed over */
        "target_modules", "exclude_modules", "modules_to_save", "layers_pattern",
        /* how the base keeps its weights; what was done while it learned */
        "fan_in_fan_out", "lora_dropout", "corda_config", "eva_config", "loftq_config",
        "lora_ga_config", "qalora_group_size", "megatron_config", "megatron_core", "runtime_config",
        /* about the file */
        "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision",
        "task_type", NULL};
    for (const struct doc *d = r->child; d; d = d->next) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], d->key) != 0)
            i++;
        if (!known[i] && field_set(d))
            return doc_fail(d, e, "\"%s\" is set, which this program does not compute yet", d->key);
    }
    return OK;
}

/* config_get - rank and alpha; what would make the adapters something else is refused. */
static int config_get(struct lora *l, const struct doc *r, struct err *e)
{
    const char *type = NULL, *bias = "none";
    bool root = false;
    size_t rank = 0;
    int rc;
    if ((rc = doc_str(r, "peft_type", &type, e)))
        return rc;
    if (strcmp(type, "LORA") != 0)
        return doc_fail(doc_get(r, "peft_type"), e, "\"peft_type\" is \"%s\", wanted LORA", type);
    if ((rc = fields_check(r, e)) || (rc = init_check(r, e)) ||
        (rc = doc_opt_str(r, "bias", &bias, e)))
        return rc;
    if (strcmp(bias, "none") != 0)
        return doc_fail(doc_get(r, "bias"), e, "\"bias\" is \"%s\", wanted none", bias);
    if ((rc = doc_opt_size(r, "r", 1, LORA_RANK_MOST, &rank, e)) ||
        (rc = doc_opt_bool(r, "use_rslora", &root, e)))
        return rc;
    if (!rank)
        return doc_fail(r, e, "\"r\" is missing");
    *l = (struct lora){.rank = rank, .alpha = 8};
    rc = doc_opt_real(r, "lora_alpha", 1e-6, 1e6, &l->alpha, e);
    if (root) /* alpha / sqrt(rank) (Kalajdzievski 2023), written as alpha / rank is */
        l->alpha *= sqrt((double)rank);
    return rc;
}

/* targets_find - which layers of the first block the file has adapters for. */
static int targets_find(struct lora *l, const struct weights *w, const struct model *m,
                        struct err *e)
{
    char name[192];
    struct lora_span s;
    for (int t = 0; t < LORA_TARGETS; t++) {
        if (!lora_span(&m->cfg, (enum lora_target)t, &s))
            continue;
        tensor_name(&m->cfg, &s, 0, false, name, sizeof name);
        if (weights_find(w, name))
            l->targets |= 1u << t;
    }
    if (family_fused(&m->cfg) && (l->targets >> LORA_Q & 1))
        l->targets |= 1u << LORA_K | 1u << LORA_V;
    return l->targets ? OK
                      : err_set(e, ERR_INPUT, "%s: no adapter of a linear layer of a %s is in it",
                                weights_path(w), family_name(m->cfg.family));
}

static int slot_read(const struct weights *w, const struct model *m, const struct slot *s,
                     struct err *e)
{
    const struct weights_tensor *t = weights_find(w, s->name);
    size_t rows = s->p->spec.rows, cols = s->p->spec.cols, n = rows * cols;
    if (!t)
        return err_set(e, ERR_INPUT, "%s: tensor %s is missing", weights_path(w), s->name);
    if (t->ndim != 2 || t->shape[0] != rows || t->shape[1] != cols || !t->readable)
        return err_set(e, ERR_INPUT, "%s: tensor %s is not [%zu,%zu] of F32, F16 or BF16",
                       weights_path(w), s->name, rows, cols);
    float *file = mem_alloc(n, sizeof *file, e),
          *host = file ? mem_alloc(n, sizeof *host, e) : NULL;
    int rc = host ? OK : e->code;
    if (!rc && !weights_read(w, t, 0, rows, file))
        rc = err_set(e, ERR_INPUT, "%s: tensor %s holds a number that is not finite",
                     weights_path(w), s->name);
    if (!rc) {
        rows_map(&m->cfg, s->b ? s->span.role : ROLE_COUNT, file, host, rows, cols, false);
        dev_upload(m->dev, s->p->w, host, n);
    }
    mem_free(file);
    mem_free(host);
    return rc;
}

/* beyond - a tensor of a block that the model was cut before. */
static bool beyond(const struct model_config *c, const char *name)
{
    char module[128];
    for (size_t l = c->layers; l < c->layers_whole; l++) {
        family_module(c, ROLE_QKV, 0, (int)l, module, sizeof module);
        size_t n = strlen(module);
        while (n && module[n - 1] != '.') /* "model.layers.3.self_attn." */
            n--;
        n -= n > 0;
        while (n && module[n - 1] != '.') /* "model.layers.3." */
            n--;
        if (strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
            strncmp(name + strlen(PREFIX), module, n) == 0)
            return true;
    }
    return false;
}

/* values_read - every adapter from its tensor; every tensor is one of an adapter. */
static int values_read(const struct weights *w, const struct model *m, struct err *e)
{
    struct slot *slots = mem_zalloc(m->cfg.layers * m->lora_each + 2, sizeof *slots, e);
    size_t n = slots ? slots_make(m, slots) : 0;
    int rc = slots ? OK : e->code;
    n -= m->head.kind != HEAD_LM && n > 0; /* a head is set by who has one */
    for (size_t i = 0; i < n && !rc; i++)
        rc = slot_read(w, m, &slots[i], e);
    for (size_t j = 0; j < weights_count(w) && !rc; j++) {
        const char *name = weights_at(w, j)->name;
        bool known = strcmp(name, SCORE) == 0 || beyond(&m->cfg, name);
        for (size_t i = 0; i < n && !known; i++)
            known = strcmp(slots[i].name, name) == 0;
        if (!known)
            rc = err_set(e, ERR_INPUT, "%s: tensor %s has no place beside a %s of %zu layers",
                         weights_path(w), name, family_name(m->cfg.family), m->cfg.layers);
    }
    mem_free(slots);
    return rc;
}

int lora_load(struct model *m, const char *dir, struct err *e)
{
    struct doc_tree tree = DOC_TREE_INIT;
    struct str path = STR_INIT;
    struct weights *w = NULL;
    struct trainable t = {.kind = TRAIN_LORA};
    str_path(&path, dir, "adapter_config.json");
    int rc = str_check(&path, e);
    if (!rc)
        rc = doc_read_json(&tree, path.s, e);
    if (!rc)
        rc = config_get(&t.lora, tree.root, e);
    if (!rc) {
        str_path(&path, dir, "adapter_model.safetensors");
        rc = str_check(&path, e);
    }
    if (!rc)
        rc = weights_open_tensors(&w, path.s, e);
    if (!rc)
        rc = targets_find(&t.lora, w, m, e);
    if (!rc)
        rc = model_trainable_set(m, &t, e);
    if (!rc && (rc = values_read(w, m, e))) {
        model_trainable_none(m);
        lora_drop(m);
    }
    weights_close(w);
    doc_tree_release(&tree);
    str_release(&path);
    return rc;
}
