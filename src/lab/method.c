#include "lab/method.h"
#include "core/str.h"

#include <string.h>

#define ALPHA(most, over) .alpha_max = (most), .ramp = (over)

const struct method methods[] = {
    {"naive", {.kind = LOSS_XENT}, .what = "cross-entropy on the supervisor's soft labels"},
    {"confidence",
     {.kind = LOSS_CONFIDENCE, ALPHA(0.5, 0.2)},
     .what = "auxiliary confidence loss: the student may contradict its supervisor"},
    {"product_of_experts",
     {.kind = LOSS_PRODUCT, ALPHA(1, 0.2)},
     .what = "cross-entropy on the product of the student's and the supervisor's probabilities"},
    {"label_smoothing",
     {.kind = LOSS_SMOOTHING, ALPHA(0.1, 0)},
     .what = "cross-entropy on weak labels mixed with equal shares"},
    {"kl",
     {.kind = LOSS_KL, .temperature = 2},
     .what = "divergence of the student from its supervisor, both at a temperature"},
    {"reverse_kl",
     {.kind = LOSS_REVERSE_KL, ALPHA(1, 0)},
     .what = "divergence of the supervisor from its student"},
    {"reverse_xent",
     {.kind = LOSS_REVERSE_XENT, ALPHA(1, 0)},
     .what = "cross-entropy with the two changed over"},
    {"symmetric_xent",
     {.kind = LOSS_REVERSE_XENT, ALPHA(0.5, 0)},
     .what = "cross-entropy and the reverse one together"},
    {"focal",
     {.kind = LOSS_FOCAL, .gamma = 2},
     .what = "cross-entropy that weighs less what the student is sure of"},
    {"early_stop",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_STOP,
     .what =
         "the point of a training that agrees best with the weak labels of the validation part"},
    {"early_stop_truth",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_STOP_TRUTH,
     .what = "the point of a training that is best by the validation part's ground truth",
     .upper_bound = true},
    {"high_confidence",
     {.kind = LOSS_XENT},
     .choice = {CHOICE_SURE, .share = 0.5},
     .what = "cross-entropy on the labels that the supervisor is surest of"},
    {"confidence_window",
     {.kind = LOSS_XENT},
     .choice = {CHOICE_WINDOW, .low = 0.6, .high = 0.95},
     .what = "cross-entropy on the labels whose probability is neither low nor high"},
    {"human_labels",
     {.kind = LOSS_XENT},
     .choice = {CHOICE_HUMAN, .share = 0.1},
     .what = "cross-entropy on weak labels, a share of which is ground truth in their place",
     .charged = true,
     .baseline = true},
    {"human_labels_alone",
     {.kind = LOSS_XENT},
     .choice = {CHOICE_HUMAN, .share = 0.1, .alone = true},
     .what = "cross-entropy on the ground truth of a share of the examples, and on no others",
     .charged = true,
     .baseline = true},
    {"human_labels_supervisor",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_TAUGHT,
     .choice = {CHOICE_SUPERVISOR, .share = 0.1},
     .what = "cross-entropy on the labels of a supervisor that has learnt a share of them as well",
     .charged = true,
     .baseline = true},
    {"active_labels",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_REPAIR,
     .choice = {CHOICE_ACTIVE, .share = 0.1, .by = ACTIVE_UNSURE, .folds = 5, .c = 0.01},
     .what = "cross-entropy on weak labels, of which those that are worth asking about are ground "
             "truth",
     .charged = true},
    {"bootstrapping",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_CHAIN,
     .what = "a chain of growing models, each trained on the labels of the one before"},
    {"knn",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_REPAIR,
     .choice = {CHOICE_NEIGHBOURS, .k = 10, .weight = 0.5},
     .what = "cross-entropy on weak labels smoothed over those of like texts"},
    {"confident_learning",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_REPAIR,
     .choice = {CHOICE_CONFIDENT, .folds = 5, .c = 0.01},
     .what = "cross-entropy on the weak labels that are not pruned as errors"},
    {"trust",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_TRUST,
     .choice = {CHOICE_TRUST, .share = 0.1, .keep = 0.5, .hidden = 32, .c = 1},
     .what = "cross-entropy on the weak labels that a trust function, which is told some truth, "
             "trusts most",
     .charged = true},
    {"dynamics",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_DYNAMICS,
     .choice = {CHOICE_DYNAMICS, .share = 0.5, .by = BY_CONFIDENCE},
     .what = "cross-entropy on the weak labels that a first training learns best"},
    {"logit_contrast",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_CONTRAST,
     .choice = {CHOICE_CONTRAST, .weight = 1},
     .what = "cross-entropy on what the student's model says before, moved as training moved the "
             "supervisor's"},
    {"finetune_probe",
     {.kind = LOSS_XENT},
     .recipe = RECIPE_PROBED,
     .truth = true,
     .what = "naive, then a probe of what it has learnt, fitted on ground truth"},
    {.name = NULL},
};

_Static_assert(sizeof methods / sizeof *methods <= METHODS_MOST + 1, "METHODS_MOST");

static const char *const threshold_names[] = {"median", "prior", NULL};

const struct method *method_find(const char *name)
{
    for (const struct method *m = methods; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

const char *const *method_keys(const struct method *m)
{
    static const char *const alpha[] = {"alpha_max", "ramp", NULL},
                             *const confidence[] = {"alpha_max", "ramp", "threshold", NULL},
                             *const gamma[] = {"gamma", NULL},
                             *const temperature[] = {"temperature", NULL};
    static const char *const stop[] = {"of", NULL}, *const chain[] = {"through", NULL},
                             *const trust[] = {"share", "keep", "hidden", "c", "through", NULL};
    if (method_stops(m))
        return stop;
    if (m->recipe == RECIPE_CHAIN)
        return chain;
    if (m->recipe == RECIPE_TRUST)
        return trust;
    switch (m->loss.kind) {
    case LOSS_XENT:
        return choice_keys(m->choice.kind);
    case LOSS_CONFIDENCE:
        return confidence;
    case LOSS_FOCAL:
        return gamma;
    case LOSS_KL:
        return temperature;
    case LOSS_PRODUCT:
    case LOSS_SMOOTHING:
    case LOSS_REVERSE_KL:
    case LOSS_REVERSE_XENT:
        break;
    }
    return alpha;
}

/* through_read - the models of a chain: numbers of layers, or names. */
static int through_read(const struct doc *map, struct chain *chain, struct err *e)
{
    const struct doc *list = doc_get(map, "through");
    if (!list)
        return OK;
    if (list->type != DOC_LIST)
        return doc_fail(list, e,
                        "\"through\" is a %s, wanted a list of numbers of layers or of models' "
                        "names, such as [6, 12]",
                        doc_type_name(list->type));
    chain->said = true;
    chain->n = 0;
    for (const struct doc *x = list->child; x; x = x->next) {
        bool layers = x->type == DOC_INT && x->i >= 1 && x->i <= 100000;
        if (!layers && x->type != DOC_STRING)
            return doc_fail(x, e,
                            "\"through\" holds %s, wanted whole numbers of layers from 1, or "
                            "models' names",
                            x->s ? x->s : doc_type_name(x->type));
        if (chain->n == CHAIN_MOST)
            return doc_fail(x, e, "\"through\" has more than %d entries", CHAIN_MOST);
        chain->of[chain->n++] =
            layers ? (struct chain_model){NULL, (size_t)x->i} : (struct chain_model){x->s, 0};
    }
    return OK;
}

static void through_json(const struct chain *chain, const struct assets *assets, struct js *j)
{
    js_key(j, "through"), js_open(j, '[');
    for (size_t i = 0; i < chain->n; i++)
        if (chain->of[i].model)
            study_place_json(j, chain->of[i].model,
                             assets && asset_is_path(assets, chain->of[i].model));
        else
            js_int(j, (int64_t)chain->of[i].layers);
    js_close(j, ']');
}

static bool has(const struct method *m, const char *key)
{
    const char *const *k = method_keys(m);
    while (k && *k && strcmp(*k, key) != 0)
        k++;
    return k && *k;
}

void methods_defaults(struct method_settings *s)
{
    for (size_t i = 0; methods[i].name; i++)
        s->of[i] = methods[i].loss, s->choice[i] = methods[i].choice, s->stops[i] = methods;
}

bool method_stops(const struct method *m)
{
    return m->recipe == RECIPE_STOP || m->recipe == RECIPE_STOP_TRUTH;
}

const struct method *method_stopped(const struct method_settings *s, const struct method *m)
{
    return s->stops[m - methods];
}

const struct method *method_charged(const struct method_settings *s, const struct method *m)
{
    const struct method *of = method_stops(m) ? method_stopped(s, m) : m;
    return of->charged ? of : NULL;
}

/* stopped_read - "of" in the map of a method that stops early: one that trains. */
static int stopped_read(const struct doc *map, const struct method **of, struct err *e)
{
    const char *name = (*of)->name;
    int rc = doc_opt_str(map, "of", &name, e);
    const struct method *m = rc ? NULL : method_find(name);
    if (!rc && (!m || m->recipe != RECIPE_DIRECT))
        rc = doc_fail(doc_get(map, "of"), e,
                      "\"of\" is %s, wanted a method that is a training from weak labels, such as "
                      "naive",
                      name);
    if (!rc)
        *of = m;
    return rc;
}

const struct loss_settings *method_loss(const struct method_settings *s, const struct method *m)
{
    return &s->of[m - methods];
}

const struct choice *method_choice(const struct method_settings *s, const struct method *m)
{
    return &s->choice[m - methods];
}

const struct chain *method_chain(const struct method_settings *s, const struct method *m)
{
    return has(m, "through") ? &s->through[m - methods] : NULL;
}

int methods_read(struct method_settings *s, const struct doc *study, struct err *e)
{
    for (size_t i = 0; methods[i].name; i++) {
        const char *const *keys = method_keys(&methods[i]);
        const struct doc *map = keys ? doc_get(study, methods[i].name) : NULL;
        struct loss_settings *l = &s->of[i];
        int threshold = (int)l->threshold, rc = OK;
        if (!map)
            continue;
        if ((rc = choice_gone(&s->choice[i], map, e)) || (rc = doc_check_keys(map, keys, e)) ||
            (method_stops(&methods[i]) && (rc = stopped_read(map, &s->stops[i], e))) ||
            (has(&methods[i], "through") && (rc = through_read(map, &s->through[i], e))) ||
            (rc = doc_opt_real(map, "alpha_max", 0, 1, &l->alpha_max, e)) ||
            (rc = doc_opt_real(map, "ramp", 0, 1, &l->ramp, e)) ||
            (rc = doc_opt_real(map, "gamma", 0, 100, &l->gamma, e)) ||
            (rc = doc_opt_real(map, "temperature", 0.01, 100, &l->temperature, e)) ||
            (rc = doc_opt_enum(map, "threshold", threshold_names, &threshold, e)) ||
            (rc = choice_read(&s->choice[i], map, e)))
            return rc;
        l->threshold = (enum threshold_kind)threshold;
    }
    return OK;
}

void methods_json(const struct method_settings *s, const struct method *const *used, size_t n,
                  const struct assets *assets, struct js *j)
{
    for (size_t i = 0; i < n; i++) {
        const struct method *m = used[i];
        const struct loss_settings *l = method_loss(s, m);
        if (!method_keys(m))
            continue;
        js_key(j, m->name), js_open(j, '{');
        if (has(m, "alpha_max"))
            js_key(j, "alpha_max"), js_real(j, l->alpha_max);
        if (has(m, "ramp"))
            js_key(j, "ramp"), js_real(j, l->ramp);
        if (has(m, "threshold"))
            js_key(j, "threshold"), js_str(j, threshold_names[l->threshold]);
        if (has(m, "gamma"))
            js_key(j, "gamma"), js_real(j, l->gamma);
        if (has(m, "temperature"))
            js_key(j, "temperature"), js_real(j, l->temperature);
        if (method_stops(m))
            js_key(j, "of"), js_str(j, method_stopped(s, m)->name);
        choice_json(method_choice(s, m), j);
        if (has(m, "through"))
            through_json(method_chain(s, m), assets, j);
        js_close(j, '}');
    }
}

static int method_unknown(const struct doc *list, const char *name, struct err *e)
{
    const char *known[METHODS_MOST];
    size_t k = 0;
    struct str all = STR_INIT;
    for (; methods[k].name; k++) {
        known[k] = methods[k].name;
        str_addf(&all, "%s%s", k ? ", " : "", methods[k].name);
    }
    const char *near = str_nearest(name, known, k);
    int rc = near ? doc_fail(list, e, "unknown method \"%s\"; did you mean \"%s\"?", name, near)
                  : doc_fail(list, e, "unknown method \"%s\"; known are %s", name, all.s);
    str_release(&all);
    return rc;
}

int method_names(const struct doc *list, const char *const *names, size_t n,
                 const struct method **out, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = method_find(names[i]);
        if (!out[i])
            return method_unknown(list, names[i], e);
        for (size_t j = 0; j < i; j++)
            if (out[j] == out[i])
                return doc_fail(list, e, "method \"%s\" is named twice", names[i]);
    }
    return OK;
}
