/* study_write.c - a study's settings as text: whole, for study.yaml, and those of a side that enter
 * job hashes. */
#include "lab/lab.h"
#include "lab/prompting.h"
#include "core/file.h"

/* settings_json - the training of a side, in the keys of the study file. */
static void settings_json(struct js *j, const struct train_settings *t)
{
    js_key(j, "epochs"), js_int(j, (int64_t)t->epochs);
    js_key(j, "batch"), js_int(j, (int64_t)t->batch);
    js_key(j, "lr"), js_real(j, t->lr);
    js_key(j, "schedule"), js_str(j, schedule_names[t->schedule]);
    js_key(j, "warmup"), js_int(j, (int64_t)t->warmup);
    js_key(j, "weight_decay"), js_real(j, t->weight_decay);
    js_key(j, "beta1"), js_real(j, t->beta1);
    js_key(j, "beta2"), js_real(j, t->beta2);
    js_key(j, "eps"), js_real(j, t->eps);
    js_key(j, "clip"), js_real(j, t->clip);
    js_key(j, "evals"), js_int(j, (int64_t)t->evals);
    js_key(j, "micro_tokens"), js_int(j, (int64_t)t->micro_tokens);
}

static void trainable_json(struct js *j, const struct trainable *t)
{
    static const char *const kinds[] = {"all", "top", "head", "lora"};
    struct str words = STR_INIT;
    str_cat(&words, kinds[t->kind]);
    if (t->kind == TRAIN_TOP)
        str_addf(&words, " %zu", t->top);
    if (t->kind == TRAIN_LORA) {
        str_addc(&words, ' ');
        lora_write(&t->lora, &words);
    }
    js_key(j, "trainable"), js_str(j, words.s);
    js_key(j, "embeddings"), js_bool(j, t->embeddings);
    str_release(&words);
}

void side_settings_json(struct js *j, const struct study_side *side)
{
    js_key(j, "weights"), js_str(j, study_weights_names[side->random]);
    trainable_json(j, &side->trainable);
    settings_json(j, &side->training);
}

static void generative_json(struct js *j, const struct study_side *side)
{
    js_key(j, "generative"), js_open(j, '{');
    trainable_json(j, &side->trainable);
    settings_json(j, &side->training);
    js_key(j, "checkpoint_every"), js_real(j, side->training.checkpoint_every);
    js_close(j, '}');
}

void study_place_json(struct js *j, const char *name, bool local)
{
    struct str path = STR_INIT;
    file_absolute(name, &path);
    js_str(j, local ? path.s : name);
    j->out->failed = j->out->failed || path.failed;
    str_release(&path);
}

static void side_json(struct js *j, const char *name, const struct study_side *side,
                      const struct assets *assets)
{
    js_key(j, name), js_open(j, '{');
    if (side->simulates) {
        js_key(j, "simulated"), js_open(j, '[');
        for (size_t i = 0; i < side->n_votes; i++) {
            js_open(j, '{');
            simulation_json(&side->simulated[i], assets, j);
            js_close(j, '}');
        }
        js_close(j, ']');
        settings_json(j, &side->training);
        js_key(j, "checkpoint_every"), js_real(j, side->training.checkpoint_every);
        js_close(j, '}');
        return;
    }
    if (side->n_votes) {
        js_key(j, side->labels ? "labels" : "votes"), js_open(j, '[');
        for (size_t i = 0; i < side->n_votes; i++)
            study_place_json(j, side->votes[i], assets && side->labels);
        js_close(j, ']');
        js_close(j, '}');
        return;
    }
    js_key(j, "model"), js_open(j, '[');
    for (size_t i = 0; i < side->n_models; i++)
        study_place_json(j, side->models[i], assets && asset_is_path(assets, side->models[i]));
    js_close(j, ']');
    js_key(j, "layers"), js_open(j, '[');
    for (size_t i = 0; i < side->n_layers; i++)
        if (side->layers[i])
            js_int(j, (int64_t)side->layers[i]);
        else
            js_str(j, "all");
    js_close(j, ']');
    ensemble_json(&side->ensemble, j);
    debate_json(j, side, assets);
    if (side->learner == LEARNER_PROMPT) {
        js_key(j, "weights"), js_str(j, study_weights_names[side->random]);
        prompting_json(j, side);
        js_close(j, '}');
        return;
    }
    if (side->learner == LEARNER_PROBE) {
        probing_json(j, side);
        js_close(j, '}');
        return;
    }
    side_settings_json(j, side);
    js_key(j, "checkpoint_every"), js_real(j, side->training.checkpoint_every);
    js_close(j, '}');
}

/* bands_json - of which bands the parts are; nothing where all are of all. */
static void bands_json(struct js *j, const struct study *s)
{
    size_t n = 0;
    for (int p = 0; p < PART_COUNT; p++)
        n += s->n_bands[p];
    if (!n)
        return;
    js_key(j, "bands"), js_open(j, '{');
    for (int p = 0; p < PART_COUNT; p++) {
        if (!s->n_bands[p])
            continue;
        js_key(j, study_part_names[p]), js_open(j, '[');
        for (size_t i = 0; i < s->n_bands[p]; i++)
            js_str(j, s->bands[p][i]);
        js_close(j, ']');
    }
    js_close(j, '}');
}

/* methods_used - those that the study names, and those whose training one of them stops; how many.
 */
static size_t methods_used(const struct study *s, const struct method **used)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_named; i++)
        used[n++] = s->methods[i];
    for (size_t i = 0; i < s->n_named; i++) {
        const struct method *of = method_stopped(&s->settings, s->methods[i]);
        bool there = !method_stops(s->methods[i]);
        for (size_t k = 0; k < n; k++)
            there = there || used[k] == of;
        if (!there)
            used[n++] = of;
    }
    return n;
}

int study_resolved(const struct study *s, const struct assets *assets, const char *source,
                   struct str *yaml, struct err *e)
{
    struct str json = STR_INIT, task = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    const struct method *used[2 * STUDY_LIST];
    struct js j;
    js_init(&j, &json);
    js_open(&j, '{');
    js_key(&j, "name"), js_str(&j, s->name);
    js_key(&j, "title"), js_str(&j, s->title);
    str_addf(&task, source && !lab_task_source(s->task) ? "%s@%s" : "%s", s->task,
             source ? source : "");
    js_key(&j, "task"), study_place_json(&j, task.s, assets && lab_is_path(s->task));
    js_key(&j, "data"), js_open(&j, '{');
    for (int p = 0; p < PART_COUNT; p++)
        js_key(&j, study_part_names[p]), js_int(&j, (int64_t)s->sizes.n[p]);
    bands_json(&j, s);
    js_key(&j, "max_tokens"), js_int(&j, (int64_t)s->max_tokens);
    js_close(&j, '}');
    side_json(&j, "supervisor", &s->supervisor, assets);
    side_json(&j, "student", &s->student, assets);
    if (s->generates)
        generative_json(&j, &s->generative);
    js_key(&j, "methods"), js_open(&j, '[');
    for (size_t i = 0; i < s->n_named; i++)
        js_str(&j, s->methods[i]->name);
    js_close(&j, ']');
    methods_json(&s->settings, used, methods_used(s, used), assets, &j);
    probe_json(s, &j);
    js_key(&j, "seeds"), js_int(&j, (int64_t)s->seeds);
    js_key(&j, "seed"), js_open(&j, '{');
    for (int i = 0; i < SEED_COUNT; i++)
        js_key(&j, study_seed_names[i]), js_int(&j, (int64_t)s->seed[i]);
    js_close(&j, '}');
    js_key(&j, "hold"), js_open(&j, '[');
    for (int i = 0; i < SEED_COUNT; i++)
        if (s->held[i])
            js_str(&j, study_seed_names[i]);
    js_close(&j, ']');
    js_key(&j, "precision"), js_str(&j, precision_names[s->precision]);
    js_key(&j, "decoding"), js_str(&j, decoding_names[s->decoding]);
    if (!s->baselines) /* else the name of a study of before would be another */
        js_key(&j, "baselines"), js_bool(&j, s->baselines);
    js_key(&j, "controls"), js_bool(&j, s->controls);
    js_key(&j, "untrained"), js_bool(&j, s->untrained);
    if (s->recited) /* studies without it keep their names */
        js_key(&j, "recited"), js_bool(&j, true);
    js_key(&j, "test_curve"), js_bool(&j, s->test_curve);
    js_key(&j, "save"), js_bool(&j, s->save);
    js_key(&j, "bootstrap"), js_int(&j, (int64_t)s->bootstrap);
    js_key(&j, "level"), js_real(&j, s->level);
    js_close(&j, '}');
    int rc = str_check(&json, e) ? e->code : str_check(&task, e);
    if (!rc)
        rc = doc_parse_json(&t, json.s, json.len, s->name, 1, e);
    if (!rc) {
        doc_write_yaml(yaml, t.root);
        rc = str_check(yaml, e);
    }
    doc_tree_release(&t);
    str_release(&json);
    str_release(&task);
    return rc;
}
