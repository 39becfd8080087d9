/* weights.c - opening a checkpoint, whatever its format, and reading its tensors as f32. */
#include "model/checkpoint.h"
#include "core/doc.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/par.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int add_file(struct weights *w, const char *path, struct err *e)
{
    int rc = mem_grow(&w->files, &w->cap_files, w->n_files + 1, sizeof *w->files, e);
    if (!rc && !(w->files[w->n_files++] = arena_strdup(&w->arena, path, e)))
        rc = e->code;
    return rc;
}

/* add_map - path's bytes, kept mapped until close. */
static int add_map(struct weights *w, const char *path, struct err *e)
{
    int rc = mem_grow(&w->maps, &w->cap_maps, w->n_maps + 1, sizeof *w->maps, e);
    if (!rc)
        rc = add_file(w, path, e);
    if (!rc)
        rc = file_map_open(&w->maps[w->n_maps], path, e);
    if (!rc)
        w->n_maps++;
    return rc;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->t.name, ((const struct stored *)b)->t.name);
}

static int sort_tensors(struct weights *w, struct err *e)
{
    if (w->n_tensors)
        qsort(w->tensors, w->n_tensors, sizeof *w->tensors, name_compare);
    for (size_t i = 1; i < w->n_tensors; i++)
        if (strcmp(w->tensors[i - 1].t.name, w->tensors[i].t.name) == 0)
            return err_set(e, ERR_INPUT, "%s: tensor %s is there twice", w->path,
                           w->tensors[i].t.name);
    return OK;
}

static int data_compare(const void *a, const void *b)
{
    const struct stored *x = *(const struct stored *const *)a,
                        *y = *(const struct stored *const *)b;
    return x->data < y->data ? -1 : x->data > y->data;
}

int stored_apart(const struct weights *w, size_t first, const char *file, struct err *e)
{
    size_t n = w->n_tensors - first, filled = 0;
    const struct stored **s = mem_alloc(n, sizeof *s, e), *before = NULL;
    int rc = s ? OK : e->code;
    for (size_t i = 0; i < n && s; i++)
        if (w->tensors[first + i].bytes)
            s[filled++] = &w->tensors[first + i];
    if (s)
        qsort(s, filled, sizeof *s, data_compare);
    for (size_t i = 0; i < filled && !rc; before = s[i++])
        if (before && before->data + before->bytes > s[i]->data)
            rc = err_set(e, ERR_INPUT, "%s: tensors %s and %s share bytes: the file is damaged",
                         file, before->t.name, s[i]->t.name);
    mem_free(s);
    return rc;
}

static int open_gguf(struct weights *w, const char *file, struct err *e)
{
    w->gguf = true;
    int rc = add_map(w, file, e);
    if (!rc)
        rc = gguf_read(w, file, &w->maps[w->n_maps - 1], e);
    if (!rc)
        rc = sort_tensors(w, e);
    if (rc)
        return rc;
    const struct weights_tensor *embed = weights_find(w, "token_embd.weight");
    if (!embed)
        return err_set(e, ERR_INPUT, "%s: tensor token_embd.weight is missing", file);
    w->config.vocab = embed->shape[0];
    w->config.tied = !weights_find(w, "output.weight");
    if (w->vocab.n_tokens > w->config.vocab)
        return err_set(e, ERR_INPUT, "%s: the tokenizer has %zu tokens, token_embd.weight %zu rows",
                       file, w->vocab.n_tokens, w->config.vocab);
    return config_check(&w->config, file, e);
}

/* open_shards - the files that model.safetensors.index.json names, each once. */
static int open_shards(struct weights *w, const char *dir, const char *index, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT;
    int rc = doc_read_json(&t, index, e);
    const struct doc *map = rc ? NULL : doc_get(t.root, "weight_map");
    if (!rc && (!map || map->type != DOC_MAP))
        rc = err_set(e, ERR_INPUT, "%s: \"weight_map\" is missing", index);
    for (const struct doc *x = map ? map->child : NULL; x && !rc; x = x->next) {
        bool seen = false;
        if (x->type != DOC_STRING || strchr(x->s, '/'))
            rc = err_set(e, ERR_INPUT, "%s: the file of tensor %s is not a name in this folder",
                         index, x->key);
        for (const struct doc *y = map->child; y != x && !seen && !rc; y = y->next)
            seen = strcmp(y->s, x->s) == 0;
        if (rc || seen)
            continue;
        str_path(&path, dir, x->s);
        rc = str_check(&path, e);
        if (!rc)
            rc = add_map(w, path.s, e);
        if (!rc)
            rc = safetensors_read(w, path.s, &w->maps[w->n_maps - 1], e);
    }
    str_release(&path);
    doc_tree_release(&t);
    return rc;
}

static int open_folder(struct weights *w, const char *dir, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT;
    str_path(&path, dir, "config.json");
    int rc = str_check(&path, e);
    if (!rc)
        rc = add_file(w, path.s, e);
    if (!rc)
        rc = doc_read_json(&t, path.s, e);
    if (!rc)
        rc = config_from_json(&w->config, t.root, e);
    doc_tree_release(&t);
    if (rc)
        goto out;
    str_path(&path, dir, "model.safetensors.index.json");
    if ((rc = str_check(&path, e)))
        goto out;
    if (file_exists(path.s)) {
        rc = open_shards(w, dir, path.s, e);
    } else {
        str_path(&path, dir, "model.safetensors");
        rc = str_check(&path, e);
        if (!rc)
            rc = add_map(w, path.s, e);
        if (!rc)
            rc = safetensors_read(w, path.s, &w->maps[w->n_maps - 1], e);
    }
    if (!rc)
        rc = sort_tensors(w, e);
out:
    str_release(&path);
    return rc;
}

/* only_gguf - the one .gguf file of a folder without config.json; path stays empty where there is
 * none or more. */
static int only_gguf(const char *dir, struct str *path, struct err *e)
{
    char **names = NULL;
    size_t n = 0, found = 0;
    int rc = file_list(dir, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++)
        if (str_ends(names[i], ".gguf") && ++found == 1)
            str_path(path, dir, names[i]);
    if (found > 1)
        str_reset(path);
    mem_free(names);
    return rc ? rc : str_check(path, e);
}

/* open_path - whichever of the two formats lies there. */
static int open_path(struct weights *w, const char *path, struct err *e)
{
    struct str inner = STR_INIT;
    str_path(&inner, path, "config.json");
    int rc = str_check(&inner, e);
    if (rc)
        goto out;
    if (!file_exists(path)) {
        rc = err_set(e, ERR_INPUT, "%s: no such file or folder", path);
    } else if (!file_is_dir(path)) {
        rc = str_ends(path, ".gguf") ? open_gguf(w, path, e)
                                     : err_set(e, ERR_INPUT,
                                               "%s: a model is a Hugging Face folder (config.json, "
                                               "model.safetensors) or a .gguf file",
                                               path);
    } else if (file_exists(inner.s)) {
        rc = open_folder(w, path, e);
    } else {
        str_reset(&inner);
        rc = only_gguf(path, &inner, e);
        if (!rc && inner.len)
            rc = open_gguf(w, inner.s, e);
        else if (!rc)
            rc = err_set(e, ERR_INPUT,
                         "%s: neither config.json nor exactly one .gguf file is in this folder",
                         path);
    }
out:
    str_release(&inner);
    return rc;
}

int weights_open(struct weights **out, const char *path, struct err *e)
{
    struct weights *w = mem_zalloc(1, sizeof *w, e);
    *out = NULL;
    if (!w)
        return e->code;
    w->vocab.bos = w->vocab.eos = -1;
    w->path = arena_strdup(&w->arena, path, e);
    int rc = w->path ? open_path(w, path, e) : e->code;
    if (rc)
        weights_close(w);
    else
        *out = w;
    return rc;
}

int weights_open_tensors(struct weights **out, const char *file, struct err *e)
{
    struct weights *w = mem_zalloc(1, sizeof *w, e);
    *out = NULL;
    if (!w)
        return e->code;
    w->path = arena_strdup(&w->arena, file, e);
    int rc = w->path ? add_map(w, file, e) : e->code;
    if (!rc)
        rc = safetensors_read(w, file, &w->maps[w->n_maps - 1], e);
    if (!rc)
        rc = sort_tensors(w, e);
    if (rc)
        weights_close(w);
    else
        *out = w;
    return rc;
}

int weights_adapt(struct weights *w, const char *dir, struct err *e)
{
    static const char *const names[] = {"adapter_config.json", "adapter_model.safetensors"};
    struct str path = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < 2 && !rc; i++) {
        str_path(&path, dir, names[i]);
        rc = str_check(&path, e);
        if (!rc && !file_exists(path.s))
            rc = err_set(e, ERR_INPUT, "%s: no such file", path.s);
        if (!rc)
            rc = add_file(w, path.s, e);
    }
    str_release(&path);
    if (!rc && !(w->adapter = arena_strdup(&w->arena, dir, e)))
        rc = e->code;
    return rc;
}

const char *weights_adapter(const struct weights *w)
{
    return w->adapter;
}

void weights_idle(const struct weights *w)
{
    for (size_t i = 0; i < w->n_maps; i++)
        file_map_idle(&w->maps[i]);
}

void weights_close(struct weights *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_maps; i++)
        file_map_close(&w->maps[i]);
    mem_free(w->maps);
    mem_free(w->files);
    mem_free(w->tensors);
    arena_release(&w->arena);
    mem_free(w);
}

const struct model_config *weights_config(const struct weights *w)
{
    return &w->config;
}

bool weights_is_gguf(const struct weights *w)
{
    return w->gguf;
}

size_t weights_count(const struct weights *w)
{
    return w->n_tensors;
}

const struct weights_tensor *weights_at(const struct weights *w, size_t i)
{
    return &w->tensors[i].t;
}

const struct weights_tensor *weights_find(const struct weights *w, const char *name)
{
    struct stored key = {.t = {.name = name}};
    return w->n_tensors ? bsearch(&key, w->tensors, w->n_tensors, sizeof key, name_compare) : NULL;
}

struct range {
    const struct stored *s;
    const unsigned char *from;
    float *out;
    atomic_bool wrong; /* a number is not finite */
};

#define PIECE_BLOCKS 4096

/* all_finite - by the bits: an exponent of ones is an infinity or a NaN. In runs of a fixed length,
 * which compilers make vectors of. */
static bool all_finite(const float *x, size_t n)
{
    enum { RUN = 64 };
    const uint32_t ones = 0x7F800000u;
    uint32_t bits[RUN], wrong = 0;
    for (size_t i = 0; i < n; i += RUN) {
        memset(bits, 0, sizeof bits);
        memcpy(bits, x + i, (n - i < RUN ? n - i : RUN) * sizeof *bits);
        for (size_t k = 0; k < RUN; k++)
            wrong |= (bits[k] & ones) == ones;
    }
    return !wrong;
}

static void read_piece(void *ctx, size_t begin, size_t end)
{
    struct range *r = ctx;
    float *out = r->out + begin * r->s->type->block;
    r->s->type->read(r->from + begin * r->s->type->bytes, end - begin, out);
    if (!all_finite(out, (end - begin) * r->s->type->block)) /* while it is in the cache */
        atomic_store(&r->wrong, true);
}

bool weights_read(const struct weights *w, const struct weights_tensor *t, size_t row, size_t rows,
                  float *out)
{
    const struct stored *s = (const struct stored *)t; /* its first member */
    size_t width = t->ndim && t->shape[0] ? t->n / t->shape[0] : 0, block, begin, n;
    (void)w;
    BUG_ON(!s->type || row + rows > (t->ndim ? t->shape[0] : 0));
    block = s->type->block;
    begin = row * width;
    n = rows * width;
    BUG_ON(begin % block || n % block);
    struct range r = {s, s->data + begin / block * s->type->bytes, out, false};
    par_for(n / block, PIECE_BLOCKS, read_piece, &r);
    return !atomic_load(&r.wrong);
}

const char *weights_path(const struct weights *w)
{
    return w->path;
}

int weights_hash(const struct weights *w, char hex[65], struct err *e)
{
    struct hash *h = hash_new(e);
    int rc = h ? OK : e->code;
    for (size_t i = 0; i < w->n_files && !rc; i++) {
        struct file_map m;
        rc = file_map_open(&m, w->files[i], e);
        if (rc)
            break;
        uint64_t size = m.size;
        hash_add(h, &size, sizeof size);
        hash_add(h, m.data, m.size);
        file_map_close(&m);
    }
    if (!rc)
        hash_end(h, hex);
    hash_free(h);
    return rc;
}

int weights_vocab(const struct weights *w, struct weights_vocab *v, struct err *e)
{
    if (!w->vocab.model)
        return err_set(e, ERR_INPUT, "%s: no tokenizer is in this file", w->path);
    *v = w->vocab;
    return OK;
}
