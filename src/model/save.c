/* save.c - a model as a Hugging Face folder. */
#include "model/internal.h"
#include "core/mem.h"

struct saver {
    const struct model *m;
};

static int saver_get(void *ctx, size_t i, float *out, struct err *e)
{
    const struct saver *s = ctx;
    const struct model_param *p = &s->m->params[i];
    (void)e;
    dev_download(s->m->dev, out, p->w, p->spec.rows * p->spec.cols);
    return OK;
}

static int head_save(const struct model *m, const char *dir, struct err *e)
{
    const struct model_param *p = &m->params[m->n_params - 1];
    struct weights_out_tensor t = {"score.weight", 2, {p->spec.rows, p->spec.cols}};
    struct weights_out *o = NULL;
    struct str path = STR_INIT;
    size_t n = p->spec.rows * p->spec.cols;
    float *host = mem_alloc(n, sizeof *host, e);
    str_path(&path, dir, "head.safetensors");
    int rc = host ? str_check(&path, e) : e->code;
    if (!rc)
        rc = weights_out_open(&o, path.s, &t, 1, e);
    if (!rc) {
        dev_download(m->dev, host, p->w, n);
        rc = weights_out_add(o, host, n, e);
    }
    if (!rc)
        rc = weights_out_commit(o, e);
    weights_out_close(o);
    mem_free(host);
    str_release(&path);
    return rc;
}

int model_save(const struct model *m, const char *dir, struct err *e)
{
    struct saver s = {m};
    int rc = family_save(&m->cfg, dir, saver_get, &s, e);
    return rc || m->head.kind == HEAD_LM ? rc : head_save(m, dir, e);
}
