/* generative.c - generative fine-tuning: every model learns the task's texts as a language model
 * before it learns any label, and all jobs with it start from there. */
#include "lab/generative.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

/* Texts of these parts are learnt: those of validation and test are never. */
static const enum task_part parts[] = {PART_SUPERVISE, PART_TRAIN};
#define PARTS (sizeof parts / sizeof *parts)

int generative_read(struct study *s, const struct train_settings *common, struct err *e)
{
    const char *known[32] = {"trainable", "embeddings"};
    const struct doc *m = doc_get(s->tree.root, "generative"), *d;
    struct study_side *side = &s->generative;
    size_t n = 2;
    int rc;
    if (!m)
        return OK;
    if (m->type != DOC_MAP)
        return doc_fail(m, e, "\"generative\" is a %s, wanted settings, such as {epochs: 1}",
                        doc_type_name(m->type));
    for (size_t i = 0; training_keys[i]; i++)
        known[n++] = training_keys[i];
    BUG_ON(n >= sizeof known / sizeof *known);
    known[n] = NULL;
    s->generates = true;
    side->training = *common;
    side->training.loss.kind = LOSS_XENT;
    side->trainable = (struct trainable){TRAIN_ALL, 0, false, {0}};
    if ((rc = doc_check_keys(m, known, e)) ||
        ((d = doc_get(m, "trainable")) && (rc = trainable_read(&side->trainable, d, e))) ||
        (rc = doc_opt_bool(m, "embeddings", &side->trainable.embeddings, e)))
        return rc;
    if (side->trainable.kind == TRAIN_HEAD || side->trainable.kind == TRAIN_LORA)
        return doc_fail(doc_get(m, "trainable"), e,
                        "\"generative.trainable\" is %s, wanted all or top N: what is learnt there "
                        "is what everything starts from",
                        doc_get(m, "trainable")->s);
    if (side->trainable.embeddings && side->trainable.kind != TRAIN_ALL)
        return doc_fail(doc_get(m, "embeddings"), e,
                        "\"embeddings\" can learn only where trainable is all");
    if (s->supervisor.random || s->student.random)
        return doc_fail(m, e,
                        "\"generative\" goes on from what a model knows, and the %s has "
                        "weights: random",
                        s->supervisor.random ? "supervisor" : "student");
    return training_read(&side->training, m, e);
}

/* text_set - every text of the parts that are learnt, one by one: x [*n], mem_free. */
static int text_set(const struct plan *p, size_t repetition, struct example **x, size_t *n,
                    struct err *e)
{
    const struct dataset *d = &p->data[repetition];
    size_t per = plan_texts(p), most = 0;
    *n = 0;
    for (size_t k = 0; k < PARTS; k++)
        most += d->n[parts[k]] * per;
    *x = mem_zalloc(most, sizeof **x, e);
    if (!*x)
        return e->code;
    for (size_t k = 0; k < PARTS; k++)
        for (size_t i = 0; i < d->n[parts[k]]; i++) {
            const struct example *own = &d->part[parts[k]][i];
            for (size_t t = 0; t < (own->n_alternatives ? own->n_alternatives : 1); t++) {
                struct example *to = &(*x)[(*n)++];
                to->text = own->n_alternatives ? own->alternatives[t].text : own->text;
                to->len = own->n_alternatives ? own->alternatives[t].len : own->len;
                to->source = own->source;
            }
        }
    return OK;
}

/* texts_hash - of what is learnt, in its order; nothing of labels. */
static int texts_hash(const struct plan *p, size_t repetition, char hash[HASH_HEX], struct err *e)
{
    struct example *x = NULL;
    struct str all = STR_INIT;
    size_t n;
    int rc = text_set(p, repetition, &x, &n, e);
    for (size_t i = 0; !rc && i < n; i++) {
        str_addf(&all, "%zu ", x[i].len);
        str_catn(&all, x[i].text, x[i].len);
    }
    if (!rc)
        rc = str_check(&all, e);
    if (!rc)
        rc = hash_bytes(all.s ? all.s : "", all.len, hash, e);
    mem_free(x);
    str_release(&all);
    return rc;
}

int generative_base(struct plan *p, struct job *j, struct err *e)
{
    const struct study *s = p->study;
    struct job *base;
    struct job lm = {.role = JOB_LM,
                     .repetition = j->repetition,
                     .model = j->model,
                     .side = &s->generative,
                     .layers = j->layers,
                     .trainable = s->generative.trainable,
                     .part = PART_TRAIN};
    int rc = OK;
    if (!s->generates || j->role == JOB_LM || j->role == JOB_RECITE || j->role == JOB_DEBATER ||
        j->base || j->votes)
        return OK;
    if (lm.trainable.kind == TRAIN_TOP && lm.trainable.top > lm.layers)
        lm.trainable.top = lm.layers;
    if (!p->texts)
        p->texts = arena_alloc(&p->arena, s->seeds, sizeof *p->texts, e);
    if (!p->texts)
        return e->code;
    if (!*p->texts[j->repetition])
        rc = texts_hash(p, j->repetition, p->texts[j->repetition], e);
    if (!rc)
        rc = plan_add(p, &lm, &base, e);
    if (rc)
        return rc;
    j->base = base;
    job_need(j, base);
    return OK;
}

int spec_lm(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct study_side side = *j->side;
    struct js w;
    side.trainable = j->trainable;
    js_init(&w, out);
    spec_begin(&w, p, j);
    js_key(&w, "texts"), js_str(&w, p->texts[j->repetition]);
    js_key(&w, "max_tokens"), js_int(&w, (int64_t)p->study->max_tokens);
    side_settings_json(&w, &side);
    js_key(&w, "seed_order"), js_int(&w, (int64_t)study_seed(p->study, SEED_ORDER, j->repetition));
    js_close(&w, '}');
    return str_check(out, e);
}

/* lm_eval - a point of the curve: nothing but the loss, for nothing is held out. */
static int lm_eval(void *ctx, const struct train_point *p, struct err *e)
{
    struct curve_point c = {*p, (double)NAN, (double)NAN, (double)NAN};
    return desk_point(ctx, &c, e);
}

/* lm_texts - those of which there is something to predict: *index [*n] of d->learn, mem_free. */
static int lm_texts(const struct desk *d, size_t **index, size_t *n, struct err *e)
{
    *n = 0;
    *index = mem_alloc(d->learn.n, sizeof **index, e);
    for (size_t i = 0; *index && i < d->learn.n; i++)
        if (token_set_len(&d->learn, i) > 1)
            (*index)[(*n)++] = i;
    if (*index && !*n)
        err_set(e, ERR_INPUT, "no text has two tokens: there is nothing to predict");
    return *index && *n ? OK : e->code;
}

int run_lm(struct desk *d, struct err *e)
{
    struct example *x = NULL;
    struct train_data data = {.tokens = &d->learn};
    size_t *index = NULL, n;
    int rc = text_set(d->plan, d->job->repetition, &x, &n, e);
    d->accuracy = (double)NAN;
    if (!rc)
        rc = token_set_make(&d->learn, x, n, d->job->model->tokenizer, e);
    if (!rc)
        rc = lm_texts(d, &index, &data.n_chosen, e);
    data.chosen = index;
    if (!rc)
        rc = desk_model(d, e);
    if (!rc)
        rc = desk_learns(d, e);
    if (!rc)
        rc = desk_learn(d, &data, lm_eval, e);
    if (!rc)
        rc = desk_save(d, NULL, e);
    mem_free(index);
    mem_free(x);
    return rc;
}
