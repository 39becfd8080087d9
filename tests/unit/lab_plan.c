/* plan - a job's hash is everything that can change its result and nothing else: each key of a
 * study moves the hashes of the jobs that it reaches, a supervisor's its students' too, and no
 * others (defect 8 of public implementations: stale labels). */
#include "lab_test.h"

static struct bench bench;

/* The jobs of the base study's first two repetitions, as bits. */
enum {
    NONE = 0,
    WEAK = 1,
    CEILING = 2,
    NAIVE = 4,
    CONFIDENCE = 8,
    STUDENTS = NAIVE | CONFIDENCE,
    UNDER_WEAK = WEAK | STUDENTS,
    STRONG = CEILING | STUDENTS,
    ALL = WEAK | STRONG,
    JOBS = 4,
    SECOND = 16 /* times: of the second repetition */
};

struct row {
    const char *key, *value;
    unsigned moves;   /* of the first repetition; SECOND * of the second */
    const char *also; /* an override that both have */
};

#define JUDGED  "supervisor={layers: 1, debate: {form: debate, tokens: 4}}"
#define ADVISED "supervisor={layers: 1, debate: {form: adviser, tokens: 4}}"
#define TRUST   "methods=[naive, trust]"
#define ASKED   "supervisor={layers: 1, learner: prompt, prompt: {shots: 1}}"
#define UNASKED "supervisor={layers: 1, learner: prompt, prompt: {shots: 0}}"

/* Every key that a study may have, and each choice that is coded by itself. $ is the scratch
 * folder. */
static const struct row rows[] = {
    {"name", "other", NONE, NULL},
    {"title", "Another", NONE, NULL},
    {"task", "$/template.yaml", ALL, NULL},
    {"task", "$/word.yaml", ALL, NULL}, /* the same texts, another start of the head */
    {"task", "$/renamed.yaml", NONE, NULL},
    {"task", "$/classes.yaml", NONE, NULL},
    {"task", "$/classes.yaml", ALL, "save=true"}, /* a saved model names its classes */
    {"model", "$/other", ALL, NULL},
    {"data.supervise", "9", UNDER_WEAK, NULL}, /* a ceiling does not read it */
    {"data.train", "13", ALL, NULL},
    {"data.valid", "7", ALL, NULL}, /* the curve is part of a result */
    {"data.valid", "0", ALL, NULL},
    {"data.test", "11", ALL, NULL},
    {"data.max_tokens", "31", ALL, NULL},

    {"supervisor.model", "$/other", UNDER_WEAK, NULL},
    {"supervisor.layers", "2", UNDER_WEAK, NULL},
    {"supervisor.weights", "random", UNDER_WEAK, NULL},
    {"supervisor.trainable", "head", UNDER_WEAK, NULL},
    {"supervisor.trainable", "top 1", UNDER_WEAK, NULL},
    {"supervisor.embeddings", "true", UNDER_WEAK, NULL},
    {"supervisor.epochs", "3", UNDER_WEAK, NULL},
    {"supervisor.batch", "5", UNDER_WEAK, NULL},
    {"supervisor.lr", "1e-3", UNDER_WEAK, NULL},
    {"supervisor.schedule", "linear", UNDER_WEAK, NULL},
    {"supervisor.warmup", "1", UNDER_WEAK, NULL},
    {"supervisor.weight_decay", "0.1", UNDER_WEAK, NULL},
    {"supervisor.beta1", "0.8", UNDER_WEAK, NULL},
    {"supervisor.beta2", "0.99", UNDER_WEAK, NULL},
    {"supervisor.eps", "1e-7", UNDER_WEAK, NULL},
    {"supervisor.clip", "2", UNDER_WEAK, NULL},
    {"supervisor.evals", "1", UNDER_WEAK, NULL},
    {"supervisor.micro_tokens", "64", UNDER_WEAK, NULL},
    {"supervisor.checkpoint_every", "1", NONE, NULL},

    {"student.model", "$/other", STRONG, NULL},
    {"student.layers", "3", STRONG, NULL},
    {"student.weights", "random", STRONG, NULL},
    {"student.trainable", "all", STRONG, NULL},
    {"student.trainable", "top 1", STRONG, NULL},
    {"student.trainable", "lora 4", STRONG, NULL},
    {"student.trainable", "lora 4 on q,v", STRONG, NULL},
    {"student.trainable", "top 9", NONE, "student.trainable=top 4"}, /* no more than there are */
    {"student.embeddings", "true", STRONG, "student.trainable=all"},
    {"student.epochs", "3", STRONG, NULL},
    {"student.batch", "5", STRONG, NULL},
    {"student.lr", "1e-3", STRONG, NULL},
    {"student.schedule", "constant", STRONG, NULL},
    {"student.warmup", "1", STRONG, NULL},
    {"student.weight_decay", "0.1", STRONG, NULL},
    {"student.beta1", "0.8", STRONG, NULL},
    {"student.beta2", "0.99", STRONG, NULL},
    {"student.eps", "1e-7", STRONG, NULL},
    {"student.clip", "2", STRONG, NULL},
    {"student.evals", "1", STRONG, NULL},
    {"student.micro_tokens", "64", STRONG, NULL},
    {"student.checkpoint_every", "1", NONE, NULL},

    {"training.epochs", "3", ALL, NULL},
    {"training.batch", "5", ALL, NULL},
    {"training.lr", "1e-3", ALL, NULL},
    {"training.lr", "1e-3", STRONG, "supervisor.lr=1e-4"}, /* a side's own goes before */
    {"training.schedule", "linear", ALL, NULL},
    {"training.warmup", "1", ALL, NULL},
    {"training.weight_decay", "0.1", ALL, NULL},
    {"training.beta1", "0.8", ALL, NULL},
    {"training.beta2", "0.99", ALL, NULL},
    {"training.eps", "1e-7", ALL, NULL},
    {"training.clip", "2", ALL, NULL},
    {"training.evals", "1", ALL, NULL},
    {"training.micro_tokens", "64", ALL, NULL},
    {"training.checkpoint_every", "1", NONE, NULL},

    /* models that are asked: docs/prompting.md */
    {"learner", "finetune", NONE, NULL},
    {"supervisor.learner", "finetune", NONE, NULL},
    {"supervisor", "{layers: 1, learner: prompt, prompt: {shots: 1}}", UNDER_WEAK, NULL},
    {"supervisor.prompt.shots", "0", UNDER_WEAK, ASKED},
    {"supervisor.prompt.calibrate", "true", UNDER_WEAK, ASKED},
    {"supervisor.prompt.instruction", "Good or bad?", UNDER_WEAK, ASKED},
    {"supervisor.prompt.ask", "It is", UNDER_WEAK, ASKED},
    {"supervisor.prompt.words", "[a, b]", UNDER_WEAK, ASKED},
    {"supervisor.prompt.words", "[ negative, ' positive']", UNDER_WEAK, ASKED},
    {"supervisor.prompt.words", "[' negative', ' positive']", NONE, ASKED}, /* the task's own */
    {"task", "$/classes.yaml", UNDER_WEAK, ASKED}, /* a class's name is its word */
    {"task", "$/word.yaml", STRONG, UNASKED},      /* the start of a head, which it has not */
    {"training.lr", "1e-3", STRONG, UNASKED},
    {"data.supervise", "9", UNDER_WEAK, ASKED},
    {"data.supervise", "9", NONE, UNASKED},     /* nothing is learnt of it */
    {"data.max_tokens", "31", STRONG, UNASKED}, /* no text is longer */
    {"seed.order", "7", ALL, ASKED},            /* draws the shots */
    {"seed.order", "7", STRONG, UNASKED},
    {"save", "true", STRONG, UNASKED},

    /* judges that read what is argued: docs/debate.md */
    {"supervisor", "{layers: 1, debate: {form: alone}}", NONE, NULL},
    {"supervisor", "{layers: 1, debate: {form: debate, tokens: 4}}", UNDER_WEAK, NULL},
    {"supervisor.debate.form", "adviser", UNDER_WEAK, JUDGED},
    {"supervisor.debate.form", "consultancy", UNDER_WEAK, JUDGED},
    {"supervisor.debate.tokens", "5", UNDER_WEAK, JUDGED},
    {"supervisor.debate.samples", "2", UNDER_WEAK, JUDGED},
    {"supervisor.debate.temperature", "0.5", NONE, JUDGED}, /* nothing is drawn */
    {"supervisor.debate.argue", "Since", UNDER_WEAK, JUDGED},
    {"supervisor.debate.model", "$/other", UNDER_WEAK, JUDGED},
    {"supervisor.debate.adviser", "right", NONE, JUDGED},
    {"supervisor.debate.adviser", "right", UNDER_WEAK, ADVISED},
    {"seed.order", "7", ALL, JUDGED},

    {"methods", "[confidence, naive]", NONE, NULL},
    {"confidence.alpha_max", "0.7", CONFIDENCE, NULL},
    {"confidence.ramp", "0.3", CONFIDENCE, NULL},
    {"confidence.threshold", "prior", CONFIDENCE, NULL},
    {"reverse_kl.alpha_max", "0.5", CONFIDENCE, "methods=[naive, reverse_kl]"},
    {"reverse_kl.ramp", "0.1", CONFIDENCE, "methods=[naive, reverse_kl]"},
    {"focal.gamma", "1", CONFIDENCE, "methods=[naive, focal]"},
    {"kl.temperature", "3", CONFIDENCE, "methods=[naive, kl]"},
    {"high_confidence.share", "0.7", CONFIDENCE, "methods=[naive, high_confidence]"},
    {"high_confidence.by", "margin", CONFIDENCE, "methods=[naive, high_confidence]"},
    {"high_confidence.by", "probability", NONE, "methods=[naive, high_confidence]"},
    {"dynamics.share", "0.7", CONFIDENCE, "methods=[naive, dynamics]"},
    {"dynamics.by", "variability", CONFIDENCE, "methods=[naive, dynamics]"},
    {"methods", "[naive, dynamics]", NAIVE | CONFIDENCE, NULL}, /* it keeps what that one reads */
    {"logit_contrast.weight", "2", CONFIDENCE, "methods=[naive, logit_contrast]"},
    {"methods", "[naive, logit_contrast]", CONFIDENCE, NULL},
    {"confidence_window.low", "0.1", CONFIDENCE, "methods=[naive, confidence_window]"},
    {"confidence_window.high", "0.99", CONFIDENCE, "methods=[naive, confidence_window]"},
    {"human_labels.share", "0.5", CONFIDENCE, "methods=[naive, human_labels]"},
    {"human_labels_alone.share", "0.5", CONFIDENCE, "methods=[naive, human_labels_alone]"},
    {"human_labels_supervisor.share", "0.5", CONFIDENCE,
     "methods=[naive, human_labels_supervisor]"},
    {"active_labels.share", "0.5", CONFIDENCE, "methods=[naive, active_labels]"},
    {"active_labels.by", "disputed", CONFIDENCE, "methods=[naive, active_labels]"},
    {"active_labels.by", "cover", CONFIDENCE, "methods=[naive, active_labels]"},
    {"baselines", "false", NONE, "methods=[naive, human_labels]"},
    {"knn.k", "3", CONFIDENCE, "methods=[naive, knn]"},
    {"knn.weight", "0.2", CONFIDENCE, "methods=[naive, knn]"},
    {"confident_learning.folds", "3", CONFIDENCE, "methods=[naive, confident_learning]"},
    {"confident_learning.c", "0.1", CONFIDENCE, "methods=[naive, confident_learning]"},
    {"trust.share", "0.7", CONFIDENCE, TRUST},
    {"trust.keep", "0.7", CONFIDENCE, TRUST},
    {"trust.hidden", "3", CONFIDENCE, TRUST},
    {"trust.c", "0.1", CONFIDENCE, TRUST},
    {"trust.through", "[2]", CONFIDENCE, TRUST},
    {"trust.through", "[]", NONE, TRUST},
    {"methods", "[naive, trust]", UNDER_WEAK, "methods=[naive, high_confidence]"}, /* states */
    {"seed.label", "7", CONFIDENCE, TRUST},
    {"seed.init", "7", CONFIDENCE, TRUST}, /* where the trust function starts */
    {"supervisor.bagging", "3", UNDER_WEAK, NULL},
    {"supervisor.boosting", "3", UNDER_WEAK, NULL},
    {"supervisor.bagging", "4", UNDER_WEAK, "supervisor.bagging=3"},

    {"seeds", "2", NONE, NULL},
    {"seed.split", "7", ALL, NULL},
    {"seed.label", "7", NONE, NULL}, /* nothing is drawn for these labels */
    {"seed.label", "7", ALL, "task=$/choice.yaml"},
    {"seed.label", "7", CONFIDENCE, "methods=[naive, human_labels]"},
    {"seed.label", "7", CONFIDENCE, "methods=[naive, human_labels_alone]"},
    {"seed.label", "7", CONFIDENCE, "methods=[naive, human_labels_supervisor]"},
    {"seed.label", "7", NONE, "methods=[naive, active_labels]"}, /* these are not drawn */
    {"seed.init", "7", NONE, NULL}, /* nothing is drawn: weights from a file, heads from words */
    {"seed.init", "7", ALL, "task=$/no_word.yaml"},
    {"seed.init", "7", UNDER_WEAK, "supervisor.weights=random"},
    {"seed.init", "7", STRONG, "student.weights=random"},
    {"seed.order", "7", ALL, NULL},
    {"hold", "[split]", ALL *SECOND, "seeds=2"},
    {"hold", "[label]", ALL *SECOND, "{seeds: 2, task: $/choice.yaml}"},
    {"hold", "[init]", NONE, "seeds=2"},
    {"hold", "[init]", ALL *SECOND, "{seeds: 2, task: $/no_word.yaml}"},
    {"hold", "[order]", ALL *SECOND, "seeds=2"},
    {"decoding", "greedy", NONE, NULL}, /* of answers that are written: cli/write */
    {"controls", "true", NONE, NULL},
    {"untrained", "true", NONE, NULL},    /* a job of its own: cli/untrained */
    {"test_curve", "true", STRONG, NULL}, /* what a job leaves: so of early_stop, cli/stop */
    {"methods", "[naive, confidence, early_stop]", NAIVE, NULL},
    {"early_stop.of", "confidence", NAIVE | CONFIDENCE, "methods=[naive, confidence, early_stop]"},
    {"generative.epochs", "1", ALL, NULL}, /* everything starts from there */
    {"generative.lr", "1e-3", ALL, "generative.epochs=1"},
    {"generative.trainable", "top 1", ALL, "generative.epochs=1"},
    {"generative.checkpoint_every", "1", NONE, "generative.epochs=1"},
    {"supervisor.learner", "probe", UNDER_WEAK, NULL},
    {"student.learner", "finetune", NONE, NULL}, /* a student that is a probe: cli/probe */
    {"supervisor.layers", "[2, 1]", NONE, "supervisor.learner=probe"}, /* read beside others */
    {"supervisor.layers", "2", UNDER_WEAK, "supervisor.learner=probe"},
    {"supervisor.weights", "random", UNDER_WEAK, "supervisor.learner=probe"},
    {"supervisor.micro_tokens", "64", UNDER_WEAK, "supervisor.learner=probe"},
    {"training.epochs", "3", STRONG, "supervisor.learner=probe"},
    {"seed.order", "7", STRONG, "supervisor.learner=probe"},
    {"data.valid", "7", ALL, "supervisor.learner=probe"},
    {"data.max_tokens", "31", ALL, "supervisor.learner=probe"},
    {"probe.c", "0.1", UNDER_WEAK, "supervisor.learner=probe"},
    {"probe.folds", "3", UNDER_WEAK, "supervisor.learner=probe"},
    {"probe.folds", "3", NONE, "{supervisor.learner: probe, probe.c: 0.1}"}, /* nothing to choose */
    {"probe.c", "0.1", NONE, NULL},
    {"methods", "[finetune_probe, confidence]", NAIVE, NULL},
    {"probe.c", "0.1", NAIVE, "methods=[finetune_probe, confidence]"},
    {"save", "true", ALL, NULL}, /* the model is part of what the job leaves */
    {"bootstrap", "150", NONE, NULL},
    {"level", "0.9", NONE, NULL},
    {"precision", "f32", NONE,
     NULL}, /* the device's own words carry it: unit/tensor_bf16, cli/micro */
};
enum { ROWS = sizeof rows / sizeof *rows };

struct hashes {
    char job[2 * JOBS][HASH_HEX]; /* in the order of the bits; "" where the study has no such job */
};

static void hash_keep(struct hashes *h, const struct job *j, int place, size_t r)
{
    memcpy(h->job[place + (int)r * JOBS], j->hash, HASH_HEX);
}

/* some_of - whether its job stands in the confidence loss's place. */
static bool some_of(const struct method *m)
{
    return m->loss.kind != LOSS_XENT || m->choice.kind != CHOICE_ALL;
}

static void hashes_of(struct hashes *h, const char *const *overrides, size_t n)
{
    struct err e = ERR_INIT;
    struct study s;
    struct plan p;
    memset(h, 0, sizeof *h);
    assert_ok(study_read(&s, bench.study, overrides, n, &e), &e);
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    for (size_t i = 0; i < p.n_pairs; i++) {
        const struct pair *x = &p.pairs[i];
        if (!x->method || baselines_run(&s, x->method)) /* beside the one that is looked at */
            continue;
        for (size_t r = 0; r < x->n; r++) {
            hash_keep(h, x->weak[r], 0, r);
            hash_keep(h, x->ceiling[r], 1, r);
            hash_keep(h, x->student[r], some_of(x->method) ? 3 : 2, r);
        }
    }
    plan_release(&p);
    study_release(&s);
}

static void each_key_moves_what_it_reaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        char also[4][600], changed[600];
        const char *list[5];
        struct hashes before, after;
        unsigned moved = 0;
        size_t n = also_split(also, row->also);
        for (size_t k = 0; k < n; k++)
            list[k] = also[k];
        hashes_of(&before, list, n);
        size_t at = 0; /* in the place of what it changes, or behind the others */
        while (at < n && !(str_starts(list[at], row->key) && list[at][strlen(row->key)] == '='))
            at++;
        list[at] = override(changed, sizeof changed, row->key, row->value);
        hashes_of(&after, list, at < n ? n : n + 1);
        for (unsigned k = 0; k < 2 * JOBS; k++)
            if (before.job[k][0] && after.job[k][0] && strcmp(before.job[k], after.job[k]) != 0)
                moved |= 1u << k;
        for (unsigned k = 0; k < JOBS; k++)
            assert_true(before.job[k][0] && after.job[k][0]);
        if (moved != row->moves)
            fail_msg("%s=%s moves jobs %#x, wanted %#x (supervisor 1, ceiling 2, naive 4, "
                     "confidence 8; times 16: second repetition)",
                     row->key, row->value, moved, row->moves);
    }
}

/* A job that is left out is no reason for another to move. */
static void methods_are_alone(void **state)
{
    (void)state;
    static const char *const one[] = {"methods=naive"};
    struct hashes both, naive;
    hashes_of(&both, NULL, 0);
    hashes_of(&naive, one, 1);
    for (int k = 0; k < 3; k++)
        assert_string_equal(both.job[k], naive.job[k]);
    assert_string_equal(naive.job[3], "");
    for (int i = 0; i < JOBS; i++) /* four jobs, four hashes */
        for (int k = 0; k < i; k++)
            assert_string_not_equal(both.job[i], both.job[k]);
}

/* What every method is without a word of its own, as docs/methods.md has it. */
static void methods_have_their_defaults(void **state)
{
    (void)state;
    static const char wanted[] =
        "{\"confidence\": {\"alpha_max\": 0.5, \"ramp\": 0.2, \"threshold\": \"median\"}, "
        "\"product_of_experts\": {\"alpha_max\": 1.0, \"ramp\": 0.2}, "
        "\"label_smoothing\": {\"alpha_max\": 0.1, \"ramp\": 0.0}, \"kl\": {\"temperature\": 2.0}, "
        "\"reverse_kl\": {\"alpha_max\": 1.0, \"ramp\": 0.0}, "
        "\"reverse_xent\": {\"alpha_max\": 1.0, \"ramp\": 0.0}, "
        "\"symmetric_xent\": {\"alpha_max\": 0.5, \"ramp\": 0.0}, \"focal\": {\"gamma\": 2.0}, "
        "\"early_stop\": {\"of\": \"naive\"}, \"early_stop_truth\": {\"of\": \"naive\"}, "
        "\"high_confidence\": {\"share\": 0.5}, "
        "\"confidence_window\": {\"low\": 0.6, \"high\": 0.95}, "
        "\"human_labels\": {\"share\": 0.1}, \"human_labels_alone\": {\"share\": 0.1}, "
        "\"human_labels_supervisor\": {\"share\": 0.1}, "
        "\"active_labels\": {\"share\": 0.1, \"by\": \"unsure\"}, "
        "\"bootstrapping\": {\"through\": []}, \"knn\": {\"k\": 10, \"weight\": 0.5}, "
        "\"confident_learning\": {\"folds\": 5, \"c\": 0.01}, "
        "\"trust\": {\"share\": 0.1, \"keep\": 0.5, \"hidden\": 32, \"c\": 1.0, "
        "\"through\": []}, "
        "\"dynamics\": {\"share\": 0.5, \"by\": \"confidence\"}, "
        "\"logit_contrast\": {\"weight\": 1.0}}";
    struct method_settings s;
    const struct method *all[METHODS_MOST];
    struct str out = STR_INIT;
    struct js j;
    size_t n = 0;
    memset(&s, 0, sizeof s);
    methods_defaults(&s);
    for (; methods[n].name; n++)
        all[n] = &methods[n];
    js_init(&j, &out);
    js_open(&j, '{'), methods_json(&s, all, n, NULL, &j), js_close(&j, '}');
    assert_string_equal(out.s, wanted);
    str_release(&out);
}

/* A study that is changed is another, with a folder of its own: by what is changed, not by its old
 * name. */
static void changed_studies_have_their_names(void **state)
{
    (void)state;
    static const char *const changes[] = {"data.train=13", "data.train=14", "bootstrap=150",
                                          "data.train=13"};
    char names[4][STUDY_NAME + 1];
    for (size_t i = 0; i < 4; i++) {
        struct err e = ERR_INIT;
        struct study s;
        assert_ok(study_read(&s, bench.study, &changes[i], 1, &e), &e);
        snprintf(names[i], sizeof names[i], "%s", s.name);
        assert_true(strncmp(names[i], "base-", 5) == 0);
        study_release(&s);
    }
    assert_string_not_equal(names[0], names[1]);
    assert_string_not_equal(names[0], names[2]);
    assert_string_not_equal(names[1], names[2]);
    assert_string_equal(names[0], names[3]);
}

static bool has_row(const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].key, key) == 0)
            return true;
    return false;
}

/* keys_check - every key of the resolved study, by its dotted path, has a row above. */
static size_t keys_check(const struct doc *map, const char *above)
{
    size_t n = 0;
    for (const struct doc *d = map->child; d; d = d->next) {
        char key[200];
        snprintf(key, sizeof key, "%s%s%s", above, *above ? "." : "", d->key);
        if (d->type == DOC_MAP) {
            n += keys_check(d, key);
            continue;
        }
        n++;
        if (!has_row(key))
            fail_msg("the key %s has no row in this test: which jobs does it move?", key);
        if (strncmp(key, "student.", 8) == 0) {
            char side[240];
            snprintf(side, sizeof side, "supervisor.%s", key + 8);
            assert_true(has_row(side));
        }
    }
    return n;
}

static void every_key_has_its_row(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct study s;
    struct str yaml = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    assert_ok(study_read(&s, bench.study, NULL, 0, &e), &e);
    assert_ok(study_resolved(&s, NULL, NULL, &yaml, &e), &e);
    assert_ok(doc_parse_yaml(&t, yaml.s, yaml.len, "resolved", &e), &e);
    assert_true(keys_check(t.root, "") > 40);
    doc_tree_release(&t);
    str_release(&yaml);
    study_release(&s);
}

/* manual_read - the study in docs/studies.md, less the line that stands for "the same again". */
static void manual_read(struct doc_tree *t)
{
    struct err e = ERR_INIT;
    struct str text = STR_INIT, yaml = STR_INIT;
    char path[600];
    snprintf(path, sizeof path, "%s/docs/studies.md", bench.lab.share);
    assert_ok(file_read(&text, path, &e), &e);
    const char *line = strstr(text.s, "```yaml\n"), *end = line ? strstr(line, "\n```") : NULL;
    assert_non_null(end);
    for (line += 8; line < end; line = strchr(line, '\n') + 1)
        if (strncmp(line, "student:", 8) != 0)
            str_catn(&yaml, line, (size_t)(strchr(line, '\n') + 1 - line));
    assert_ok(doc_parse_yaml(t, yaml.s, yaml.len, "docs/studies.md", &e), &e);
    str_release(&text);
    str_release(&yaml);
}

/* same_value - the manual's value, or each of its map's, is the resolved one. */
static size_t same_value(const struct doc *manual, const struct doc *resolved, const char *where)
{
    struct str a = STR_INIT, b = STR_INIT;
    size_t n = 0;
    if (!manual || !resolved)
        fail_msg("%s is not in %s", where, manual ? "the resolved study" : "the manual");
    if (manual->type == DOC_MAP) {
        for (const struct doc *d = manual->child; d; d = d->next) {
            char inner[200];
            snprintf(inner, sizeof inner, "%s.%s", where, d->key);
            n += same_value(d, doc_get(resolved, d->key), inner);
        }
        return n;
    }
    doc_write_json(&a, manual);
    doc_write_json(&b, resolved);
    bool number = manual->type == DOC_INT || manual->type == DOC_REAL;
    if (number ? !(manual->r == resolved->r) : strcmp(a.s, b.s) != 0)
        fail_msg("docs/studies.md says that %s is %s, the program's default is %s", where, a.s,
                 b.s);
    str_release(&a);
    str_release(&b);
    return 1;
}

/* The manual's table shows defaults; what is only an example there is left out here. */
static void the_manual_shows_the_defaults(void **state)
{
    (void)state;
    static const char *const same[] = {"confidence",
                                       "focal",
                                       "seeds",
                                       "seed",
                                       "hold",
                                       "controls",
                                       "save",
                                       "bootstrap",
                                       "level",
                                       "data.max_tokens",
                                       "supervisor.weights",
                                       "supervisor.trainable",
                                       "supervisor.embeddings"};
    struct err e = ERR_INIT;
    struct study s;
    struct str yaml = STR_INIT;
    struct doc_tree manual = DOC_TREE_INIT, resolved = DOC_TREE_INIT;
    spill(in_scratch("least.yaml"), "name: least\n"
                                    "task: toy\n"
                                    "model: toy\n"
                                    "methods: [naive, confidence, focal]\n"
                                    "data: {supervise: 1, train: 1, test: 1}\n");
    assert_ok(study_read(&s, in_scratch("least.yaml"), NULL, 0, &e), &e);
    assert_ok(study_resolved(&s, NULL, NULL, &yaml, &e), &e);
    assert_ok(doc_parse_yaml(&resolved, yaml.s, yaml.len, "resolved", &e), &e);
    manual_read(&manual);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        same_value(doc_path(manual.root, same[i]), doc_path(resolved.root, same[i]), same[i]);
    const struct doc *training = doc_get(manual.root, "training");
    assert_int_equal(same_value(training, doc_get(resolved.root, "supervisor"), "training"), 13);
    assert_int_equal(same_value(training, doc_get(resolved.root, "student"), "training"), 13);
    doc_tree_release(&manual);
    doc_tree_release(&resolved);
    str_release(&yaml);
    study_release(&s);
}

/* What people read of names: (the names, which are paths by "P", what each is shown as). */
static void paths_are_shown_short(void **state)
{
    (void)state;
    static const struct {
        const char *paths, *names[4], *shown[4];
    } cases[] = {
        {"P", {"/home/x/ladder/0.2M"}, {"0.2M"}},
        {"P", {"ladder/0.2M/"}, {"0.2M"}},
        {"PP", {"/a/ladder/0.2M", "/a/ladder/1M"}, {"0.2M", "1M"}},
        {"PPP", {"/a/x/m", "/b/x/m", "/a/x/n"}, {"a/x/m", "b/x/m", "n"}},
        {"PP", {"/x/m", "m"}, {"x/m", "m"}},
        {"-P", {"m", "/x/m/"}, {"m", "x/m"}},
        {"-P", {"hub:owner/m", "/owner/m"}, {"hub:owner/m", "m"}},
        {"PP", {"/x/m", "/x/m/"}, {"/x/m", "/x/m/"}},
        {"PP", {"./m.gguf", "../m.gguf"}, {"./m.gguf", "../m.gguf"}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool paths[4];
        size_t n = strlen(cases[c].paths);
        for (size_t i = 0; i < n; i++)
            paths[i] = cases[c].paths[i] == 'P';
        for (size_t i = 0; i < n; i++) {
            struct str out = STR_INIT;
            shown_name(cases[c].names, paths, n, i, &out);
            assert_string_equal(out.s, cases[c].shown[i]);
            str_release(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_moves_what_it_reaches),
        cmocka_unit_test(methods_are_alone),
        cmocka_unit_test(methods_have_their_defaults),
        cmocka_unit_test(changed_studies_have_their_names),
        cmocka_unit_test(every_key_has_its_row),
        cmocka_unit_test(the_manual_shows_the_defaults),
        cmocka_unit_test(paths_are_shown_short),
    };
    bench_open(&bench);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
