/* checkpoint.c - see checkpoint.h. */
#include "train/checkpoint.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"

#include <string.h>

enum { CHECKPOINT_CHUNK = 1 << 18 }; /* floats moved at a time */

static const char checkpoint_magic[16] = "w2s training 1\n";

struct checkpoint_head {
    char magic[16];
    char identity[72]; /* 64 digits, zeros */
    struct train_state state;
    uint64_t floats;
};

static void head_make(struct checkpoint_head *h, const char *identity, const struct model *m)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, checkpoint_magic, sizeof h->magic);
    memcpy(h->identity, identity, HASH_HEX - 1);
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i].g)
            h->floats += 3 * m->params[i].spec.rows * m->params[i].spec.cols;
}

static void identity_text(struct str *b, const struct model *m, const struct train_settings *s,
                          const struct train_data *d)
{
    char numerics[256];
    dev_numerics(m->dev, par_threads(), numerics, sizeof numerics);
    str_addf(b, "%s\nepochs %zu batch %zu lr %a schedule %d warmup %zu decay %a\n", numerics,
             s->epochs, s->batch, s->lr, (int)s->schedule, s->warmup, s->weight_decay);
    str_addf(b, "beta1 %a beta2 %a eps %a clip %a seed %llu micro %zu evals %zu\n", s->beta1,
             s->beta2, s->eps, s->clip, (unsigned long long)s->seed_order, s->micro_tokens,
             s->evals);
    str_addf(b, "loss %s alpha %a ramp %a threshold %d gamma %a temperature %a\n",
             loss_names[s->loss.kind], s->loss.alpha_max, s->loss.ramp, (int)s->loss.threshold,
             s->loss.gamma, s->loss.temperature);
    str_addf(b, "examples %zu features %d family %s outputs %zu\n", d->tokens->n,
             d->features != NULL, family_name(m->cfg.family), model_outputs(m));
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *p = &m->params[i];
        double sum = m->dev->ops->sumsq(m->dev, p->spec.rows * p->spec.cols, p->w);
        str_addf(b, "%s %zu %zu %a %s\n", p->spec.name, p->spec.rows, p->spec.cols, sum,
                 p->g ? "learns" : "frozen");
    }
}

int checkpoint_identity(char hex[HASH_HEX], const struct model *m, const struct train_settings *s,
                        const struct train_data *d, struct err *e)
{
    const struct token_set *t = d->tokens;
    struct str text = STR_INIT;
    struct hash *h = NULL;
    identity_text(&text, m, s, d);
    int rc = str_check(&text, e);
    if (rc)
        goto out;
    h = hash_new(e);
    if (!h) {
        rc = e->code;
        goto out;
    }
    hash_add(h, text.s, text.len);
    hash_add(h, t->starts, (t->n * t->per + 1) * sizeof *t->starts);
    hash_add(h, t->tokens, token_set_total(t) * sizeof *t->tokens);
    if (d->targets)
        hash_add(h, d->targets, t->n * train_K(m, t) * sizeof *d->targets);
    else if (t->answer_at)
        hash_add(h, t->answer_at, t->n * sizeof *t->answer_at);
    if (d->chosen)
        hash_add(h, d->chosen, d->n_chosen * sizeof *d->chosen);
    hash_end(h, hex);
out:
    hash_free(h);
    str_release(&text);
    return rc;
}

static int floats_write(struct file_out *f, struct dev *dev, const float *x, size_t n, float *chunk,
                        struct err *e)
{
    for (size_t at = 0; at < n;) {
        size_t take = n - at < CHECKPOINT_CHUNK ? n - at : CHECKPOINT_CHUNK;
        dev_download(dev, chunk, x + at, take);
        int rc = file_out_write(f, chunk, take * sizeof *chunk, e);
        if (rc)
            return rc;
        at += take;
    }
    return OK;
}

int checkpoint_write(const char *path, const char identity[HASH_HEX], const struct train_state *s,
                     const struct model *m, const struct moments *moments, struct err *e)
{
    struct checkpoint_head head;
    struct file_out *f = NULL;
    int rc = OK;
    float *chunk = mem_alloc(CHECKPOINT_CHUNK, sizeof *chunk, e);
    if (!chunk) {
        rc = e->code;
        goto out;
    }
    head_make(&head, identity, m);
    head.state = *s;
    rc = file_out_open(&f, path, e);
    if (!rc)
        rc = file_out_write(f, &head, sizeof head, e);
    for (size_t i = 0; !rc && i < m->n_params; i++) {
        const struct model_param *p = &m->params[i];
        size_t n = p->spec.rows * p->spec.cols;
        const float *parts[3] = {p->w, moments[i].m, moments[i].v};
        for (size_t k = 0; !rc && p->g && k < 3; k++)
            rc = floats_write(f, m->dev, parts[k], n, chunk, e);
    }
    if (!rc)
        rc = file_out_commit(f, e);
out:
    file_out_close(f);
    mem_free(chunk);
    return rc ? err_wrap(e, "checkpoint") : OK;
}

static bool any_number(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] > 0 || x[i] < 0)
            return true;
    return false;
}

/* floats_read - a parameter's array back; of an embedding's moments the rows that hold something,
 * as the others are 0 and take no memory. */
static void floats_read(const struct model *m, const struct model_param *p, bool moment, float *to,
                        const float *from)
{
    size_t cols = p->spec.cols, n = 0;
    if (!moment || !p->touched) {
        dev_upload(m->dev, to, from, p->spec.rows * cols);
        return;
    }
    for (size_t row = 0; row = model_param_run(p, row, &n), n; row += n)
        dev_upload(m->dev, to + row * cols, from + row * cols, n * cols);
}

int checkpoint_read(const char *path, const char identity[HASH_HEX], struct train_state *s,
                    struct model *m, struct moments *moments, struct log *log, bool *found,
                    struct err *e)
{
    struct checkpoint_head want, have;
    struct file_map map;
    const char *fault = NULL;
    *found = false;
    if (!file_exists(path))
        return OK;
    int rc = file_map_open(&map, path, e);
    if (rc)
        return err_wrap(e, "checkpoint");
    head_make(&want, identity, m);
    memset(&have, 0, sizeof have);
    if (map.size >= sizeof have)
        memcpy(&have, map.data, sizeof have);
    if (memcmp(have.magic, want.magic, sizeof have.magic) != 0)
        fault = "is not a checkpoint of this version";
    else if (memcmp(have.identity, want.identity, sizeof have.identity) != 0)
        fault = "is of other settings, data, model or numerics";
    else if (have.floats != want.floats || map.size != sizeof have + want.floats * sizeof(float))
        fault = "is not whole";
    if (fault) {
        if (log)
            log_warn(log, "checkpoint %s %s: training starts from the beginning", path, fault);
        goto out;
    }
    const float *from = (const float *)(const void *)(map.data + sizeof have);
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *p = &m->params[i];
        size_t n = p->spec.rows * p->spec.cols;
        float *parts[3] = {p->w, moments[i].m, moments[i].v};
        for (size_t row = 0; p->touched && row < p->spec.rows; row++)
            p->touched[row] = any_number(from + n + row * p->spec.cols, p->spec.cols) ||
                              any_number(from + 2 * n + row * p->spec.cols, p->spec.cols);
        for (size_t k = 0; p->g && k < 3; k++, from += n)
            floats_read(m, p, k > 0, parts[k], from);
    }
    *s = have.state;
    *found = true;
out:
    file_map_close(&map);
    return OK;
}
