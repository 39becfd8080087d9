/* save.c - a model as a Hugging Face folder. */
#include "model/internal.h"

/* saver_get - the i-th parameter; the head is the one behind the family's own, before which
 * adapters may stand. */
static int saver_get(void *ctx, size_t i, float *out, struct err *e)
{
    const struct model *m = ctx;
    bool head = m->lora.rank && i >= m->lora_at;
    const struct model_param *p = head ? model_head_param(m) : &m->params[i];
    dev_download(m->dev, out, p->w, p->spec.rows * p->spec.cols);
    return lora_apply(m, &p->spec, out, e);
}

int model_save(const struct model *m, const char *const *labels, const char *dir, struct err *e)
{
    struct config_head head = {model_outputs(m), labels};
    return family_save(&m->cfg, m->head.kind == HEAD_LM ? NULL : &head, dir, saver_get,
                       (void *)(size_t)m, e);
}
