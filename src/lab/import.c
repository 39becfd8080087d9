/* clang-format off
 * import.c - predictions that other programs made, into the results of a study.
 *
 *     import file ─► tables ─► truth: (id, seed) ─► a test set each repetition ─┐
 *                        └───► a model each: (id, seed) ─► probabilities ───────┴─► plan ─► results
 *
 * docs/import.md is the user's manual.
 * clang-format on */
#include "lab/import.h"
#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const import_keys[] = {"name",      "title", "citation",    "licence", "classes",
                                          "labels",    "truth", "predictions", "pairs",   "params",
                                          "bootstrap", "level", "seed",        NULL};
static const char *const pair_keys[] = {"supervisor", "student", "ceiling", "method", NULL};

static int truth_compare(const void *pa, const void *pb)
{
    const struct truth *a = pa, *b = pb;
    int order = strcmp(a->id, b->id);
    if (!order)
        order = (a->seed > b->seed) - (a->seed < b->seed);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

/* truths_join - rows of one example in one repetition become one, and must agree. */
static int truths_join(struct import *m, struct err *e)
{
    size_t n = 0;
    qsort(m->truths, m->n_truths, sizeof *m->truths, truth_compare);
    for (size_t i = 0; i < m->n_truths; i++) {
        struct truth *t = &m->truths[i], *last = n ? &m->truths[n - 1] : NULL;
        if (!last || strcmp(last->id, t->id) != 0 || last->seed != t->seed) {
            m->truths[n++] = *t;
            continue;
        }
        if (last->label != t->label)
            return err_set(e, ERR_INPUT,
                           "%s:%d: the truth of id \"%s\" is \"%s\", and in %s:%d it is \"%s\"",
                           t->file, t->line, t->id, m->classes[t->label], last->file, last->line,
                           m->classes[last->label]);
        last->text = last->text ? last->text : t->text;
        last->question = last->question ? last->question : t->question;
        last->source = last->source ? last->source : t->source;
    }
    m->n_truths = n;
    return OK;
}

static int by_place(const void *pa, const void *pb)
{
    const struct truth *const *a = pa, *const *b = pb;
    return ((*a)->at > (*b)->at) - ((*a)->at < (*b)->at);
}

/* question_of - 16 hexadecimal digits, as this program writes them, are the question's number; of
 * anything else, and of an example without, it is the beginning of a hash. */
static int question_of(const struct truth *t, uint64_t *out, struct err *e)
{
    char hex[HASH_HEX];
    const char *q = t->question ? t->question : t->id;
    bool ours = t->question && strlen(q) == 16 && strspn(q, "0123456789abcdef") == 16;
    int rc = ours ? OK : hash_bytes(q, strlen(q), hex, e);
    if (rc)
        return rc;
    if (!ours)
        hex[16] = '\0';
    *out = strtoull(ours ? q : hex, NULL, 16);
    return OK;
}

static int example_of(struct dataset *d, const struct truth *t, struct example *x, struct err *e)
{
    struct str source = STR_INIT;
    *x = (struct example){.text = t->text ? t->text : t->id, .label = t->label};
    x->len = strlen(x->text);
    x->long_end = x->len;
    x->confidence = (double)NAN;
    memcpy(x->id, t->id, sizeof x->id);
    str_addf(&source, "%s:%d", file_name(t->file), t->line);
    x->source = t->source ? t->source : arena_strdup(&d->arena, source.s, e);
    str_release(&source);
    return x->source ? question_of(t, &x->question, e) : e->code;
}

/* test_set - of a repetition: the examples whose truth is of it or of all. */
static int test_set(const struct import *m, size_t r, struct dataset *d, struct err *e)
{
    const struct truth **of = mem_alloc(m->n_truths, sizeof *of, e);
    size_t n = 0;
    *d = (struct dataset){.classes = m->K};
    if (!of)
        return e->code;
    for (size_t i = 0; i < m->n_truths; i++) {
        const struct truth *t = &m->truths[i];
        if (t->seed != r && t->seed != GIVEN_ANY)
            continue;
        /* of one id that of all repetitions comes last */
        if (n && t->seed == GIVEN_ANY && strcmp(of[n - 1]->id, t->id) == 0)
            continue;
        of[n++] = t;
    }
    qsort(of, n, sizeof *of, by_place);
    struct example *x = arena_alloc(&d->arena, n ? n : 1, sizeof *x, e);
    int rc = x ? OK : e->code;
    if (!rc && !n)
        rc = err_set(e, ERR_INPUT, "there is no example whose truth is known in seed %zu", r);
    for (size_t i = 0; i < n && !rc; i++)
        rc = example_of(d, of[i], &x[i], e);
    d->part[PART_TEST] = x;
    d->n[PART_TEST] = d->examples = rc ? 0 : n;
    mem_free(of);
    return rc ? rc : dataset_hash(d, e);
}

/* seeds_count - the largest of any row and one more. */
static size_t seeds_count(const struct import *m)
{
    size_t most = 0;
    for (size_t i = 0; i < m->n_truths; i++)
        if (m->truths[i].seed != GIVEN_ANY && m->truths[i].seed > most)
            most = m->truths[i].seed;
    for (size_t i = 0; i < m->n_models; i++) {
        size_t own = given_last_seed(m->models[i].given);
        most = own > most ? own : most;
    }
    return most + 1;
}

/* params_read - sizes of models, for the figures: {MODEL: parameters}. */
static int params_read(struct import *m, struct err *e)
{
    const struct doc *map = doc_get(m->tree.root, "params");
    if (map && map->type != DOC_MAP)
        return doc_fail(map, e, "\"params\" is a %s, wanted a map of models to numbers",
                        doc_type_name(map->type));
    for (const struct doc *d = map ? map->child : NULL; d; d = d->next) {
        struct source_model *x = import_model(m, d->key);
        if (!x)
            return doc_fail(d, e, "there are no predictions of a model \"%s\"", d->key);
        if (!given_number(d, &x->params) || x->params <= 0)
            return doc_fail(d, e, "\"%s\" is \"%.60s\", wanted a number of parameters", d->key,
                            given_shown(d));
    }
    return OK;
}

/* import_job - a model in its role in a repetition: made by what is known of it. */
static int import_job(struct import *m, struct plan *p, const struct job *like, struct job **out,
                      struct err *e)
{
    struct str spec = STR_INIT;
    struct js w;
    js_init(&w, &spec);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "import");
    js_key(&w, "model"), js_str(&w, like->votes);
    js_key(&w, "role"), js_str(&w, job_roles[like->role]);
    if (like->supervisor) {
        js_key(&w, "method"), js_str(&w, like->method->name);
        js_key(&w, "supervisor"), js_str(&w, like->supervisor->votes);
    }
    js_key(&w, "files"), js_str(&w, m->files.s);
    js_key(&w, "repetition"), js_int(&w, (int64_t)like->repetition);
    js_key(&w, "test"), js_str(&w, p->data[like->repetition].part_hash[PART_TEST]);
    js_close(&w, '}');
    int rc = str_check(&spec, e);
    if (!rc)
        rc = plan_job(p, like, spec.s, out, e);
    str_release(&spec);
    return rc;
}

/* model_named - by a key of a pair; every test example has to have a prediction of it. */
static int model_named(const struct import *m, const struct plan *p, const struct doc *pair,
                       const char *key, struct job *j, struct err *e)
{
    struct str list = STR_INIT;
    const char *name;
    const struct example *first;
    int rc = doc_str(pair, key, &name, e);
    if (rc)
        return rc;
    const struct source_model *x = import_model(m, name);
    if (!x) {
        for (size_t i = 0; i < m->n_models; i++)
            str_addf(&list, "%s\"%s\"", i ? ", " : "", m->models[i].name);
        rc = doc_fail(doc_get(pair, key), e,
                      "there are no predictions of a model \"%.80s\"; there are of %.400s", name,
                      list.s);
    }
    for (size_t r = 0; x && !rc && r < p->study->seeds; r++) {
        const struct dataset *d = &p->data[r];
        size_t n = given_missing(x->given, d, PART_TEST, r, &first);
        if (n)
            rc = doc_fail(doc_get(pair, key), e,
                          "of model \"%.80s\" %zu of the %zu test examples of seed %zu have no "
                          "prediction, the first is id %s (%s)",
                          name, n, d->n[PART_TEST], r, first->id, first->source);
    }
    if (!rc)
        *j = (struct job){.votes = x->name,
                          .given = x->given,
                          .imported = true,
                          .threads = 1,
                          .side = &p->study->student,
                          .part = PART_TRAIN,
                          .params = isnan(x->params) ? 0 : x->params};
    str_release(&list);
    return rc;
}

/* method_named - what a pair calls the way in which the student learnt. */
static int method_named(struct plan *p, const struct doc *pair, const struct method **out,
                        struct err *e)
{
    const char *name = "naive";
    int rc = doc_opt_str(pair, "method", &name, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < p->n_pairs; i++)
        if (strcmp(p->pairs[i].method->name, name) == 0) {
            *out = p->pairs[i].method;
            return OK;
        }
    struct method *m = arena_alloc(&p->arena, 1, sizeof *m, e);
    if (!m || !(m->name = arena_strdup(&p->arena, name, e)))
        return e->code;
    m->what = "as another program does it";
    *out = m;
    return OK;
}

static int pair_add(struct import *m, struct plan *p, const struct doc *d, struct err *e)
{
    struct job weak, student, ceiling;
    struct pair *pair;
    const struct method *method = NULL;
    size_t n = p->study->seeds;
    int rc;
    if (d->type != DOC_MAP)
        return doc_fail(d, e,
                        "a pair is a map of supervisor, student, ceiling and, where it is not "
                        "naive, method");
    if ((rc = doc_check_keys(d, pair_keys, e)) ||
        (rc = model_named(m, p, d, "supervisor", &weak, e)) ||
        (rc = model_named(m, p, d, "student", &student, e)) ||
        (rc = model_named(m, p, d, "ceiling", &ceiling, e)) ||
        (rc = method_named(p, d, &method, e)) ||
        (rc = mem_grow(&p->pairs, &p->cap_pairs, p->n_pairs + 1, sizeof *p->pairs, e)))
        return rc;
    pair = &p->pairs[p->n_pairs];
    *pair = (struct pair){.method = method, .n = n};
    struct job ***lists[3] = {&pair->weak, &pair->student, &pair->ceiling};
    for (int i = 0; i < 3; i++)
        if (!(*lists[i] = arena_alloc(&p->arena, n, sizeof **lists[i], e)))
            return e->code;
    weak.role = JOB_SUPERVISOR;
    ceiling.role = JOB_CEILING;
    student.role = JOB_STUDENT;
    student.method = method;
    for (size_t r = 0; r < n && !rc; r++) {
        weak.repetition = ceiling.repetition = student.repetition = r;
        rc = import_job(m, p, &weak, &pair->weak[r], e);
        if (!rc)
            rc = import_job(m, p, &ceiling, &pair->ceiling[r], e);
        student.supervisor = rc ? NULL : pair->weak[r];
        if (!rc)
            rc = import_job(m, p, &student, &pair->student[r], e);
    }
    p->n_pairs += !rc;
    return rc;
}

/* strange_say - rows that nothing is made of. */
static int strange_say(const struct import *m, const struct plan *p, struct err *e)
{
    size_t strange, rows;
    int rc = OK;
    for (size_t i = 0; i < m->n_models && !rc; i++) {
        rc = given_strange(m->models[i].given, p->data, p->study->seeds, &strange, &rows, e);
        if (!rc && strange)
            log_info(p->lab->log,
                     "model %s: %zu of %zu predictions are of no example whose truth is known",
                     m->models[i].name, strange, rows);
    }
    return rc;
}

static int import_plan(struct import *m, struct plan *p, struct err *e)
{
    const struct doc *pairs = doc_get(m->tree.root, "pairs");
    *p = (struct plan){.lab = m->lab, .study = &m->study, .threads = 1};
    str_init(&p->data_dir);
    str_init(&p->passed);
    int rc = task_named(&p->task, m->study.name, m->study.title, m->citation, m->licence,
                        m->classes, m->K, e);
    if (!rc && !(p->data = arena_alloc(&p->arena, m->study.seeds, sizeof *p->data, e)))
        rc = e->code;
    for (size_t r = 0; r < m->study.seeds && !rc; r++)
        rc = test_set(m, r, &p->data[r], e);
    if (!rc && (!pairs || pairs->type != DOC_LIST || !pairs->n))
        rc = doc_fail(pairs ? pairs : m->tree.root, e,
                      "\"pairs\" is %s, wanted a list of {supervisor, student, ceiling}",
                      !pairs                    ? "missing"
                      : pairs->type == DOC_LIST ? "empty"
                                                : doc_type_name(pairs->type));
    for (const struct doc *d = rc ? NULL : pairs->child; d && !rc; d = d->next)
        rc = pair_add(m, p, d, e);
    if (!rc)
        rc = strange_say(m, p, e);
    if (rc)
        plan_release(p);
    return rc;
}

static int classes_read(struct import *m, struct err *e)
{
    const struct doc *d = doc_get(m->tree.root, "classes");
    if (!d) {
        m->classes[0] = "0";
        m->classes[1] = "1";
        m->K = 2;
        return OK;
    }
    if (d->type != DOC_LIST || d->n < 2 || d->n > 16)
        return doc_fail(d, e, "\"classes\" is a %s of %zu, wanted a list of 2 to 16 names",
                        doc_type_name(d->type), d->n);
    for (const struct doc *x = d->child; x; x = x->next) {
        if (!x->s || !*x->s)
            return doc_fail(x, e, "\"classes\" holds a %s, wanted names", doc_type_name(x->type));
        for (size_t k = 0; k < m->K; k++)
            if (strcmp(m->classes[k], x->s) == 0)
                return doc_fail(x, e, "\"classes\" has \"%s\" twice", x->s);
        m->classes[m->K++] = x->s;
    }
    return OK;
}

static int import_read(struct import *m, const char *const *overrides, size_t n, struct err *e)
{
    struct study *s = &m->study;
    static const char *const as[] = {"either", "names", "numbers", NULL}; /* enum given_as */
    int64_t seed = 0;
    int rc = study_tree(&m->tree, m->path, overrides, n, e);
    const struct doc *root = m->tree.root;
    s->bootstrap = 2000;
    s->level = 0.95;
    s->imported = true;
    s->supervisor.n_votes = 1; /* nobody here is a model that this program trains */
    m->citation = m->licence = "";
    if (rc || (rc = doc_check_keys(root, import_keys, e)) || (rc = study_name(root, &s->name, e)))
        return rc;
    s->title = s->task = s->name;
    if ((rc = doc_opt_str(root, "title", &s->title, e)) ||
        (rc = doc_opt_str(root, "citation", &m->citation, e)) ||
        (rc = doc_opt_str(root, "licence", &m->licence, e)) ||
        (rc = doc_opt_size(root, "bootstrap", 100, 10000000, &s->bootstrap, e)) ||
        (rc = doc_opt_real(root, "level", 0.5, 0.9999, &s->level, e)) ||
        (rc = doc_opt_int(root, "seed", 0, INT64_MAX / 2, &seed, e)) || (rc = classes_read(m, e)) ||
        (rc = doc_opt_enum(root, "labels", as, &m->labels, e)) || (rc = import_tables(m, e)) ||
        (rc = truths_join(m, e)) || (rc = params_read(m, e)))
        return rc;
    s->seed[SEED_SPLIT] = (uint64_t)seed; /* of the bootstrap */
    s->seeds = seeds_count(m);
    return OK;
}

int lab_import(const struct lab *lab, const char *path, const char *const *overrides, size_t n,
               struct lab_summary *out, struct err *e)
{
    struct import m = {.path = path, .lab = lab, .duckdb = STR_INIT, .files = STR_INIT};
    struct plan p;
    struct str yaml = STR_INIT;
    memset(out, 0, sizeof *out);
    out->hold = -1;
    str_init(&out->dir);
    int rc = import_read(&m, overrides, n, e);
    if (!rc)
        rc = import_plan(&m, &p, e);
    if (!rc) {
        doc_write_yaml(&yaml, m.tree.root);
        rc = str_check(&yaml, e);
        if (rc)
            plan_release(&p);
        else
            rc = plan_run(&p, yaml.s, out, e);
    }
    for (size_t i = 0; i < m.n_models; i++)
        given_free(m.models[i].given);
    mem_free(m.models);
    mem_free(m.truths);
    arena_release(&m.arena);
    doc_tree_release(&m.tree);
    str_release(&m.duckdb);
    str_release(&m.files);
    str_release(&yaml);
    return rc;
}
