/* gguf.c - GGUF versions 2 and 3, little-endian (ggml's gguf.md): fields, tensor table, tokenizer.
 * Every length is checked against the file. */
#include "model/checkpoint.h"
#include "model/config_read.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

#define GEMMA3_LARGEST   62   /* layers, of the model of 27B */
#define LLAMA3_POSITIONS 8192 /* of Llama 3 before it was stretched */

enum field_type { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };

struct field {
    const char *key;
    uint32_t type, of;       /* of: element type of an array */
    uint64_t n;              /* elements of an array, bytes of a string */
    const unsigned char *at; /* the value; an array's first element */
};

struct reader {
    struct weights *w;
    const char *file;
    const unsigned char *data;
    size_t size, at;
    struct field *fields;
    size_t n_fields;
    struct err *e;
};

static uint64_t le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

/* take - n bytes, or NULL and the sentence. */
static const unsigned char *take(struct reader *r, uint64_t n)
{
    if (n > r->size - r->at) {
        err_set(
            r->e, ERR_INPUT,
            "%s: %llu bytes are wanted at byte %zu, the file has %zu: it is cut short or damaged",
            r->file, (unsigned long long)n, r->at, r->size);
        return NULL;
    }
    const unsigned char *p = r->data + r->at;
    r->at += (size_t)n;
    return p;
}

static int number(struct reader *r, size_t bytes, uint64_t *v)
{
    const unsigned char *p = take(r, bytes);
    *v = 0;
    if (!p)
        return r->e->code;
    *v = le(p, bytes);
    return OK;
}

static const char *text(struct reader *r)
{
    uint64_t n;
    if (number(r, 8, &n))
        return NULL;
    const unsigned char *p = take(r, n);
    return p ? arena_strndup(&r->w->arena, (const char *)p, (size_t)n, r->e) : NULL;
}

static size_t width(uint32_t type)
{
    static const size_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof widths / sizeof *widths ? widths[type] : 0;
}

/* skip - over n values of a type without lengths of its own, or strings. */
static int skip(struct reader *r, uint32_t type, uint64_t n)
{
    uint64_t len;
    if (type == STRING) {
        for (; n; n--)
            if (number(r, 8, &len) || !take(r, len))
                return r->e->code;
        return OK;
    }
    size_t bytes, each = width(type);
    if (!each)
        return err_set(r->e, ERR_INPUT, "%s: a field has type %u, which GGUF does not know",
                       r->file, type);
    if (n > SIZE_MAX || !size_mul((size_t)n, each, &bytes))
        bytes = SIZE_MAX;
    return take(r, bytes) ? OK : r->e->code;
}

static int field_read(struct reader *r, struct field *f)
{
    uint64_t v;
    f->key = text(r);
    if (!f->key || number(r, 4, &v))
        return r->e->code;
    f->type = (uint32_t)v;
    if (f->type == ARRAY) {
        if (number(r, 4, &v) || number(r, 8, &f->n))
            return r->e->code;
        f->of = (uint32_t)v;
        f->at = r->data + r->at;
        return skip(r, f->of, f->n);
    }
    f->at = r->data + r->at;
    return skip(r, f->type, 1);
}

static const struct field *find(const struct reader *r, const char *arch, const char *key)
{
    size_t n = arch ? strlen(arch) : 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        const char *k = r->fields[i].key;
        if (!arch ? strcmp(k, key) == 0
                  : strncmp(k, arch, n) == 0 && k[n] == '.' && strcmp(k + n + 1, key) == 0)
            return &r->fields[i];
    }
    return NULL;
}

static bool field_number(const struct field *f, double *out)
{
    uint64_t v;
    float s;
    if (!f || !width(f->type))
        return false;
    v = le(f->at, width(f->type));
    switch (f->type) {
    case I8:
        *out = (int8_t)v;
        break;
    case I16:
        *out = (int16_t)v;
        break;
    case I32:
        *out = (int32_t)v;
        break;
    case I64:
        *out = (double)(int64_t)v;
        break;
    case F32:
        memcpy(&s, f->at, sizeof s);
        *out = (double)s;
        break;
    case F64:
        memcpy(out, f->at, sizeof *out);
        break;
    default:
        *out = (double)v;
    }
    return true;
}

static const char *field_text(struct reader *r, const struct field *f)
{
    if (!f || f->type != STRING)
        return NULL;
    return arena_strndup(&r->w->arena, (const char *)f->at + 8, (size_t)le(f->at, 8), r->e);
}

/* size_field - a count that has to be there. */
static int size_field(struct reader *r, const char *arch, const char *key, size_t *out)
{
    double v;
    if (!field_number(find(r, arch, key), &v))
        return err_set(r->e, ERR_INPUT, "%s: field %s.%s is missing", r->file, arch, key);
    if (!(v >= 1 && v <= 1 << 24))
        return err_set(r->e, ERR_INPUT, "%s: field %s.%s is %g, wanted a count from 1", r->file,
                       arch, key, v);
    *out = (size_t)v;
    return OK;
}

/* opt_field - a number that may be absent; one beyond its bounds is an error. */
static int opt_field(struct reader *r, const char *arch, const char *key, double least, double most,
                     double *out)
{
    double v = *out;
    if (field_number(find(r, arch, key), &v) && !(v >= least && v <= most))
        return err_set(r->e, ERR_INPUT, "%s: field %s%s%s is %g, wanted %g to %g", r->file,
                       arch ? arch : "", arch ? "." : "", key, v, least, most);
    *out = v;
    return OK;
}

static int opt_size_field(struct reader *r, const char *arch, const char *key, size_t *out)
{
    double v = (double)*out;
    int rc = opt_field(r, arch, key, 0, 1 << 24, &v);
    *out = rc ? 0 : (size_t)v;
    return rc;
}

/* strings - an array of strings, as pointers into the arena. */
static int strings(struct reader *r, const struct field *f, const char *const **out, size_t *n)
{
    if (f->type != ARRAY || f->of != STRING)
        return err_set(r->e, ERR_INPUT, "%s: field %s is not an array of strings", r->file, f->key);
    const char **list = arena_alloc(&r->w->arena, (size_t)f->n, sizeof *list, r->e);
    if (!list)
        return r->e->code;
    const unsigned char *p = f->at;
    for (size_t i = 0; i < f->n; i++) {
        size_t len = (size_t)le(p, 8);
        if (!(list[i] = arena_strndup(&r->w->arena, (const char *)p + 8, len, r->e)))
            return r->e->code;
        p += 8 + len;
    }
    *out = list;
    *n = (size_t)f->n;
    return OK;
}

static int64_t id_field(const struct reader *r, const char *key)
{
    double v;
    return field_number(find(r, NULL, key), &v) && v >= 0 && v <= INT32_MAX ? (int64_t)v : -1;
}

static bool flag_field(const struct reader *r, const char *key, bool fallback)
{
    double v;
    return field_number(find(r, NULL, key), &v) ? v > 0 : fallback;
}

/* scores_read - one for each token, where the file has them. */
static int scores_read(struct reader *r, struct weights_vocab *v, uint64_t tokens)
{
    const struct field *f = find(r, NULL, "tokenizer.ggml.scores");
    if (!f)
        return OK;
    if (f->type != ARRAY || f->of != F32 || f->n != tokens)
        return err_set(r->e, ERR_INPUT,
                       "%s: field tokenizer.ggml.scores is not an array of %llu numbers", r->file,
                       (unsigned long long)tokens);
    float *list = arena_alloc(&r->w->arena, v->n_tokens, sizeof *list, r->e);
    if (!list)
        return r->e->code;
    for (size_t i = 0; i < v->n_tokens; i++) {
        uint32_t bits = (uint32_t)le(f->at + 4 * i, 4);
        memcpy(&list[i], &bits, sizeof bits);
        if (isnan(list[i]))
            return err_set(r->e, ERR_INPUT, "%s: tokenizer.ggml.scores[%zu] is not a number",
                           r->file, i);
    }
    v->scores = list;
    return OK;
}

static int vocab_read(struct reader *r)
{
    struct weights_vocab *v = &r->w->vocab;
    const struct field *tokens = find(r, NULL, "tokenizer.ggml.tokens"),
                       *merges = find(r, NULL, "tokenizer.ggml.merges");
    const struct field *types = find(r, NULL, "tokenizer.ggml.token_type");
    v->bos = id_field(r, "tokenizer.ggml.bos_token_id");
    v->eos = id_field(r, "tokenizer.ggml.eos_token_id");
    if (!tokens)
        return OK;
    int rc = strings(r, tokens, &v->tokens, &v->n_tokens);
    if (!rc && merges)
        rc = strings(r, merges, &v->merges, &v->n_merges);
    if (rc)
        return rc;
    v->pre = field_text(r, find(r, NULL, "tokenizer.ggml.pre"));
    v->model = field_text(r, find(r, NULL, "tokenizer.ggml.model"));
    if (!v->model)
        return err_set(r->e, ERR_INPUT, "%s: field tokenizer.ggml.model is missing", r->file);
    /* what SentencePiece's kind does where its file is silent */
    bool spm = strcmp(v->model, "llama") == 0;
    v->add_bos = flag_field(r, "tokenizer.ggml.add_bos_token", spm);
    v->add_eos = flag_field(r, "tokenizer.ggml.add_eos_token", false);
    v->space_prefix = flag_field(r, "tokenizer.ggml.add_space_prefix", spm);
    if (types && types->type == ARRAY && types->of == I32 && types->n == tokens->n) {
        int32_t *list = arena_alloc(&r->w->arena, v->n_tokens, sizeof *list, r->e);
        if (!list)
            return r->e->code;
        for (size_t i = 0; i < v->n_tokens; i++)
            list[i] = (int32_t)le(types->at + 4 * i, 4);
        v->types = list;
    }
    return scores_read(r, v, tokens->n);
}

static int scaling_read(struct reader *r, const char *arch, struct rope_scaling *s)
{
    const char *kind = field_text(r, find(r, arch, "rope.scaling.type"));
    double factor = 1;
    int rc = opt_field(r, arch, "rope.scaling.factor", 1e-6, 1e12, &factor);
    if (rc || !kind || strcmp(kind, "none") == 0)
        return rc;
    if (strcmp(kind, "linear") != 0)
        return err_set(r->e, ERR_INPUT,
                       "%s: rope.scaling.type \"%s\" is not computed by this program yet", r->file,
                       kind);
    *s = (struct rope_scaling){.kind = ROPE_LINEAR, .factor = factor};
    return OK;
}

/* rope_factors_read - Llama 3's stretched frequencies are in a GGUF file as numbers that they are
 * divided by. Which scaling they come from is told by comparing: Llama 3.1 to 3.3 differ in the
 * factor of the longest waves alone. */
static int rope_factors_read(struct weights *w, const char *file, struct err *e)
{
    struct model_config *c = &w->config;
    struct model_config plain = *c, scaled = *c;
    double before[512], after[512];
    const struct stored *s = NULL;
    float factors[512];
    size_t half = c->rotary / 2;
    for (size_t i = 0; i < w->n_tensors; i++)
        if (strcmp(w->tensors[i].t.name, "rope_freqs.weight") == 0)
            s = &w->tensors[i];
    if (!s)
        return OK;
    if (s->t.n != half || half == 0 || half > 512 || s->type->block != 1)
        return err_set(e, ERR_INPUT, "%s: rope_freqs.weight has %zu numbers of type %s, wanted %zu",
                       file, s->t.n, s->type->name, half);
    s->type->read(s->data, half, factors);
    scaled.rope_scaling = (struct rope_scaling){ROPE_LLAMA3, round((double)factors[half - 1]), 1, 4,
                                                LLAMA3_POSITIONS};
    config_rope(&plain, before);
    config_rope(&scaled, after);
    for (size_t k = 0; k < half; k++)
        if (!(fabs(before[k] / (double)factors[k] - after[k]) <= 1e-4 * after[k]))
            return err_set(e, ERR_INPUT,
                           "%s: rope_freqs.weight holds factors that are not those of Llama 3.1 to "
                           "3.3, and no other scaling is known here",
                           file);
    c->rope_scaling = scaled.rope_scaling;
    return OK;
}

/* windows_read - which layers are windowed: one number for each, where the file has a list of them.
 */
static int windows_read(struct reader *r, const char *arch, struct model_config *c)
{
    const struct field *f = find(r, arch, "attention.sliding_window_pattern");
    if (!f || f->type != ARRAY)
        return OK;
    size_t each = width(f->of);
    if (!each || f->n != c->layers || c->layers > CONFIG_LAYERS_MOST)
        return err_set(r->e, ERR_INPUT, "%s: field %s is not a number or a list of %zu", r->file,
                       f->key, c->layers);
    memset(c->windowed, 0, sizeof c->windowed);
    for (size_t l = 0; l < c->layers; l++)
        if (le(f->at + l * each, each))
            config_window_set(c, l);
    return OK;
}

/* gemma3_read - the fields that a Gemma 3 has beside the usual ones. Its file has no word for what
 * scores are divided by: the root of the head's size, but in the largest model, known by its
 * layers, of the channels a head. */
static int gemma3_read(struct reader *r, const char *arch, struct model_config *c)
{
    bool windows = find(r, arch, "attention.sliding_window") != NULL;
    double every = windows ? 6 : 1;
    int rc;
    c->window_theta = 1e4;
    if ((windows && (rc = size_field(r, arch, "attention.sliding_window", &c->window))) ||
        (rc = opt_field(r, arch, "attention.sliding_window_pattern", 1, 1 << 24, &every)) ||
        (rc = opt_field(r, arch, "rope.freq_base_swa", 1, 1e12, &c->window_theta)))
        return rc;
    if (find(r, arch, "final_logit_softcapping") || find(r, arch, "attn_logit_softcapping"))
        return err_set(r->e, ERR_INPUT, "%s: capped logits are not computed by this program yet",
                       r->file);
    if (!find(r, arch, "rope.freq_base"))
        c->rope_theta = 1e6;
    c->act = ACT_GELU_TANH;
    config_gemma3(c, (size_t)every);
    c->attn_scale = 1 / sqrt(c->layers == GEMMA3_LARGEST ? (double)c->channels / (double)c->heads
                                                         : (double)c->head_size);
    return windows_read(r, arch, c);
}

static int config_read(struct reader *r)
{
    struct model_config *c = &r->w->config;
    const char *arch = field_text(r, find(r, NULL, "general.architecture"));
    char known[256];
    int i = 0;
    double v;
    if (!arch)
        return err_set(r->e, ERR_INPUT, "%s: field general.architecture is missing", r->file);
    while (i < FAMILY_COUNT &&
           (!config_families[i].gguf || strcmp(config_families[i].gguf, arch) != 0))
        i++;
    if (i == FAMILY_COUNT) {
        config_families_list(known, sizeof known, true);
        return err_set(r->e, ERR_INPUT, "%s: architecture \"%s\" is not known here; known are %s",
                       r->file, arch, known);
    }
    c->family = (enum family)i;
    bool rms = c->family != FAMILY_GPT2 && c->family != FAMILY_NEOX;
    const char *eps = rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
    int rc = OK;
    if ((rc = size_field(r, arch, "block_count", &c->layers)) ||
        (rc = size_field(r, arch, "embedding_length", &c->channels)) ||
        (rc = size_field(r, arch, "feed_forward_length", &c->mlp)) ||
        (rc = size_field(r, arch, "attention.head_count", &c->heads)) ||
        (rc = size_field(r, arch, "context_length", &c->positions)))
        return rc;
    c->layers_whole = c->layers;
    c->kv_heads = c->heads;
    c->head_size = c->channels / c->heads;
    c->norm = rms ? NORM_RMS : NORM_LAYER;
    c->norm_eps = -1;
    if ((rc = opt_size_field(r, arch, "attention.head_count_kv", &c->kv_heads)) ||
        (rc = opt_size_field(r, arch, "attention.key_length", &c->head_size)) ||
        (rc = opt_field(r, arch, eps, 0, 1, &c->norm_eps)))
        return rc;
    if (c->norm_eps < 0)
        return err_set(r->e, ERR_INPUT, "%s: field %s.%s is missing", r->file, arch, eps);
    c->act = rms ? ACT_SILU : c->family == FAMILY_GPT2 ? ACT_GELU_TANH : ACT_GELU_ERF;
    c->gated = rms;
    c->learned_positions = c->family == FAMILY_GPT2;
    c->parallel = c->family == FAMILY_NEOX &&
                  !(field_number(find(r, arch, "use_parallel_residual"), &v) && v < 1);
    c->bias_norm = c->bias_mlp = c->bias_out = !rms;
    c->bias_qkv = !rms || c->family == FAMILY_QWEN2;
    if (c->family == FAMILY_OLMO2) {
        c->norm_place = NORMS_AFTER;
        c->qk_norm = QK_NORM_WHOLE;
    } else if (c->family == FAMILY_QWEN3) {
        c->qk_norm = QK_NORM_HEAD;
    }
    if (c->family != FAMILY_GPT2) {
        c->rope_theta = 10000;
        c->rotary = c->head_size;
        if ((rc = opt_field(r, arch, "rope.freq_base", 1, 1e12, &c->rope_theta)) ||
            (rc = opt_size_field(r, arch, "rope.dimension_count", &c->rotary)))
            return rc;
        if ((rc = scaling_read(r, arch, &c->rope_scaling)))
            return rc;
    }
    if (c->family == FAMILY_GEMMA3)
        rc = gemma3_read(r, arch, c);
    else if (find(r, arch, "attention.sliding_window"))
        rc = err_set(r->e, ERR_INPUT,
                     "%s: attention.sliding_window is not computed by this program yet", r->file);
    c->bos = r->w->vocab.bos;
    c->eos = r->w->vocab.eos;
    return rc;
}

static int tensor_read(struct reader *r, struct stored *s, uint64_t *offset)
{
    uint64_t dims, type, size[4];
    s->t.name = text(r);
    if (!s->t.name || number(r, 4, &dims))
        return r->e->code;
    if (dims < 1 || dims > 4)
        return err_set(r->e, ERR_INPUT, "%s: tensor %s has %llu dimensions, wanted 1 to 4", r->file,
                       s->t.name, (unsigned long long)dims);
    s->t.n = 1;
    s->t.ndim = (size_t)dims;
    for (size_t i = 0; i < s->t.ndim; i++) {
        if (number(r, 8, &size[i]))
            return r->e->code;
        if (size[i] > SIZE_MAX || !size_mul(s->t.n, (size_t)size[i], &s->t.n))
            return err_set(r->e, ERR_INPUT, "%s: tensor %s is larger than memory can be", r->file,
                           s->t.name);
    }
    for (size_t i = 0; i < s->t.ndim; i++) /* innermost first in the file */
        s->t.shape[i] = (size_t)size[s->t.ndim - 1 - i];
    if (number(r, 4, &type) || number(r, 8, offset))
        return r->e->code;
    s->type = number_type_gguf((int)(uint32_t)type);
    if (!s->type)
        return err_set(r->e, ERR_INPUT,
                       "%s: tensor %s is stored as ggml type %llu; known are F32, F16, BF16, Q4_0, "
                       "Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K",
                       r->file, s->t.name, (unsigned long long)type);
    s->t.type = s->type->name;
    s->t.readable = true;
    if ((size_t)size[0] % s->type->block)
        return err_set(r->e, ERR_INPUT,
                       "%s: tensor %s: rows of %llu numbers cannot be blocks of %zu (%s)", r->file,
                       s->t.name, (unsigned long long)size[0], s->type->block, s->type->name);
    if (!size_mul(s->t.n / s->type->block, s->type->bytes, &s->bytes))
        return err_set(r->e, ERR_INPUT, "%s: tensor %s is larger than memory can be", r->file,
                       s->t.name);
    return OK;
}

static int tensors_read(struct reader *r, uint64_t n)
{
    double alignment = 32;
    uint64_t *offsets = NULL;
    int rc = OK;
    size_t step, first = r->w->n_tensors;
    if ((rc = opt_field(r, NULL, "general.alignment", 1, 1 << 20, &alignment)))
        return rc;
    step = (size_t)alignment;
    /* an entry has at least 32 bytes: what is announced has to fit before it is allocated */
    if (n > r->size / 32)
        return err_set(r->e, ERR_INPUT,
                       "%s: %llu tensors are announced in %zu bytes: the file is damaged", r->file,
                       (unsigned long long)n, r->size);
    offsets = mem_alloc((size_t)n, sizeof *offsets, r->e);
    rc = offsets
             ? mem_grow(&r->w->tensors, &r->w->cap_tensors, (size_t)n, sizeof *r->w->tensors, r->e)
             : r->e->code;
    for (size_t i = 0; i < n && !rc; i++) {
        struct stored s = {0};
        rc = tensor_read(r, &s, &offsets[i]);
        r->w->tensors[r->w->n_tensors++] = s;
    }
    size_t start = (r->at + step - 1) / step * step;
    for (size_t i = 0; i < n && !rc; i++) {
        struct stored *s = &r->w->tensors[first + i];
        if (start > r->size || offsets[i] > r->size - start ||
            s->bytes > r->size - start - (size_t)offsets[i])
            rc = err_set(
                r->e, ERR_INPUT,
                "%s: tensor %s wants %zu bytes at byte %llu, the file has %zu: it is cut short",
                r->file, s->t.name, s->bytes, (unsigned long long)(start + offsets[i]), r->size);
        else
            s->data = r->data + start + offsets[i];
    }
    mem_free(offsets);
    return rc ? rc : stored_apart(r->w, first, r->file, r->e);
}

int gguf_read(struct weights *w, const char *file, const struct file_map *m, struct err *e)
{
    struct reader r = {.w = w, .file = file, .data = m->data, .size = m->size, .e = e};
    uint64_t version, tensors, fields;
    const unsigned char *magic = take(&r, 4);
    if (!magic)
        return e->code;
    if (memcmp(magic, "GGUF", 4) != 0)
        return err_set(e, ERR_INPUT, "%s: does not begin with GGUF: not a GGUF file", file);
    if (number(&r, 4, &version))
        return e->code;
    if (version != 2 && version != 3)
        return err_set(e, ERR_INPUT, "%s: GGUF version %llu, known are 2 and 3", file,
                       (unsigned long long)version);
    if (number(&r, 8, &tensors) || number(&r, 8, &fields))
        return e->code;
    if (fields > r.size / 12)
        return err_set(e, ERR_INPUT,
                       "%s: %llu fields are announced in %zu bytes: the file is damaged", file,
                       (unsigned long long)fields, r.size);
    r.fields = arena_alloc(&w->arena, (size_t)fields, sizeof *r.fields, e);
    if (!r.fields)
        return e->code;
    for (; r.n_fields < fields; r.n_fields++)
        if (field_read(&r, &r.fields[r.n_fields]))
            return e->code;
    int rc = vocab_read(&r);
    if (!rc)
        rc = config_read(&r);
    if (!rc)
        rc = tensors_read(&r, tensors);
    return rc ? rc : rope_factors_read(w, file, e);
}
