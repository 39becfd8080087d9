/* safetensors.c - the safetensors format: 8 bytes of header length, a JSON header, then the data.
 * Read and written. */
#include "model/checkpoint.h"
#include "core/doc.h"
#include "core/mem.h"

#include <string.h>

#define HEADER_MOST ((uint64_t)100 << 20) /* as the format's own reader */

static uint64_t word64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* tensor_shape - the "shape" of an entry; *n its product. */
static int tensor_shape(const struct doc *x, const char *file, struct weights_tensor *t,
                        struct err *e)
{
    const struct doc *shape = doc_get(x, "shape");
    t->n = 1;
    if (!shape || shape->type != DOC_LIST || shape->n > 4)
        return err_set(e, ERR_INPUT, "%s: tensor %s: \"shape\" is not a list of at most 4 sizes",
                       file, x->key);
    for (const struct doc *d = shape->child; d; d = d->next) {
        if (d->type != DOC_INT || d->i < 0 || !size_mul(t->n, (size_t)d->i, &t->n))
            return err_set(e, ERR_INPUT, "%s: tensor %s: a size of \"shape\" is not a count", file,
                           x->key);
        t->shape[t->ndim++] = (size_t)d->i;
    }
    return OK;
}

static int tensor_read(struct weights *w, const char *file, const struct doc *x,
                       const unsigned char *data, size_t room, struct err *e)
{
    struct stored s = {0};
    const char *type;
    int64_t begin, end;
    size_t bytes;
    int rc = tensor_shape(x, file, &s.t, e);
    if (rc)
        return rc;
    const struct doc *dtype = doc_get(x, "dtype");
    if (!dtype || dtype->type != DOC_STRING)
        return err_set(e, ERR_INPUT, "%s: tensor %s: \"dtype\" is not the name of a type", file,
                       x->key);
    type = dtype->s;
    const struct doc *at = doc_get(x, "data_offsets");
    if (!at || at->type != DOC_LIST || at->n != 2 || at->child->type != DOC_INT ||
        at->child->next->type != DOC_INT)
        return err_set(e, ERR_INPUT, "%s: tensor %s: \"data_offsets\" is not a pair of positions",
                       file, x->key);
    begin = at->child->i;
    end = at->child->next->i;
    if (begin < 0 || end < begin || (uint64_t)end > room)
        return err_set(e, ERR_INPUT,
                       "%s: tensor %s lies at bytes %lld to %lld, the file has %zu bytes of data: "
                       "it is cut short or damaged",
                       file, x->key, (long long)begin, (long long)end, room);
    s.type = number_type_named(type);
    s.t.readable = s.type != NULL;
    s.bytes = (size_t)(end - begin);
    s.data = data + begin;
    /* types that no weight has here (I64 buffers) are kept by name, so that using one is the error
     */
    if (s.type && (!size_mul(s.t.n, s.type->bytes, &bytes) || bytes != s.bytes))
        return err_set(e, ERR_INPUT, "%s: tensor %s: %zu numbers of %s do not fill %zu bytes", file,
                       x->key, s.t.n, type, s.bytes);
    s.t.name = arena_strdup(&w->arena, x->key, e);
    s.t.type = s.t.name ? arena_strdup(&w->arena, type, e) : NULL;
    if (!s.t.type ||
        mem_grow(&w->tensors, &w->cap_tensors, w->n_tensors + 1, sizeof *w->tensors, e))
        return e->code;
    w->tensors[w->n_tensors++] = s;
    return OK;
}

int safetensors_read(struct weights *w, const char *file, const struct file_map *m, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    size_t first = w->n_tensors;
    uint64_t header = m->size >= 8 ? word64(m->data) : 0;
    if (m->size < 8)
        return err_set(e, ERR_INPUT,
                       "%s: %zu bytes; a safetensors file begins with 8 bytes of header length",
                       file, m->size);
    if (header > HEADER_MOST || header > m->size - 8)
        return err_set(e, ERR_INPUT,
                       "%s: a header of %llu bytes is announced, the file has %zu: it is cut short "
                       "or not safetensors",
                       file, (unsigned long long)header, m->size);
    int rc = doc_parse_json(&t, (const char *)m->data + 8, (size_t)header, file, 1, e);
    if (rc)
        return rc;
    if (t.root->type != DOC_MAP)
        rc = err_set(e, ERR_INPUT, "%s: the header is a %s, wanted a map of tensors", file,
                     doc_type_name(t.root->type));
    for (const struct doc *x = t.root->child; x && !rc; x = x->next)
        if (strcmp(x->key, "__metadata__") != 0)
            rc = tensor_read(w, file, x, m->data + 8 + header, m->size - 8 - (size_t)header, e);
    doc_tree_release(&t);
    return rc ? rc : stored_apart(w, first, file, e);
}

struct weights_out {
    struct file_out *file;
    size_t left; /* bytes still to come */
};

int weights_out_open(struct weights_out **out, const char *file, const struct weights_out_tensor *t,
                     size_t n, struct err *e)
{
    struct str head = STR_INIT;
    struct js j;
    unsigned char length[8];
    struct weights_out *o = mem_zalloc(1, sizeof *o, e);
    *out = NULL;
    if (!o)
        return e->code;
    js_init(&j, &head);
    js_open(&j, '{');
    js_key(&j, "__metadata__"), js_open(&j, '{'), js_key(&j, "format"), js_str(&j, "pt"),
        js_close(&j, '}');
    for (size_t i = 0; i < n; i++) {
        size_t bytes = sizeof(float);
        js_key(&j, t[i].name), js_open(&j, '{');
        js_key(&j, "dtype"), js_str(&j, "F32");
        js_key(&j, "shape"), js_open(&j, '[');
        for (size_t k = 0; k < t[i].ndim; k++) {
            js_int(&j, (int64_t)t[i].shape[k]);
            bytes *= t[i].shape[k];
        }
        js_close(&j, ']');
        js_key(&j, "data_offsets"), js_open(&j, '['), js_int(&j, (int64_t)o->left),
            js_int(&j, (int64_t)(o->left + bytes));
        js_close(&j, ']'), js_close(&j, '}');
        o->left += bytes;
    }
    js_close(&j, '}');
    while (head.len % 8 && !head.failed)
        str_addc(&head, ' ');
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(head.len >> (8 * i));
    int rc = str_check(&head, e);
    if (!rc)
        rc = file_out_open(&o->file, file, e);
    if (!rc)
        rc = file_out_write(o->file, length, 8, e);
    if (!rc)
        rc = file_out_write(o->file, head.s, head.len, e);
    str_release(&head);
    if (rc)
        weights_out_close(o);
    else
        *out = o;
    return rc;
}

int weights_out_add(struct weights_out *o, const float *data, size_t n, struct err *e)
{
    BUG_ON(n * sizeof *data > o->left);
    o->left -= n * sizeof *data;
    return file_out_write(o->file, data, n * sizeof *data, e);
}

int weights_out_commit(struct weights_out *o, struct err *e)
{
    BUG_ON(o->left);
    return file_out_commit(o->file, e);
}

void weights_out_close(struct weights_out *o)
{
    if (o)
        file_out_close(o->file);
    mem_free(o);
}
