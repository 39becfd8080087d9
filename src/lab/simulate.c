/* simulate.c - see simulate.h. */
#include "lab/lab.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const errors_names[] = {"uniform",   "difficulty", "length",   "negation",
                                           "direction", "model",      "subclass", NULL};

bool simulation_learns(const struct simulation *s)
{
    return s->errors == SIM_DIFFICULTY || s->errors == SIM_MODEL;
}

bool simulation_reads(const struct simulation *s)
{
    return s->errors == SIM_DIRECTION;
}

bool simulation_two(const struct simulation *s)
{
    return s->errors == SIM_LENGTH || s->errors == SIM_NEGATION || s->errors == SIM_DIRECTION;
}

const char *simulation_errors(const struct simulation *s)
{
    return errors_names[s->errors];
}

/* What a structure may be told, beside errors and accuracy. */
static const char *const *simulation_keys(const struct simulation *s)
{
    static const char *const uniform[] = {"errors", "accuracy", NULL},
                             *const text[] = {"errors", "accuracy", "imitable", NULL},
                             *const model[] = {"errors", "accuracy", "imitable",
                                               "model",  "layers",   NULL},
                             *const part[] = {"errors", "accuracy", "imitable",
                                              "class",  "source",   NULL};
    switch (s->errors) {
    case SIM_UNIFORM:
        return uniform;
    case SIM_LENGTH:
    case SIM_NEGATION:
        return text;
    case SIM_DIFFICULTY:
    case SIM_DIRECTION:
    case SIM_MODEL:
        return model;
    case SIM_SUBCLASS:
        break;
    }
    return part;
}

/* model_word - what tells the model of one of n entries from those of the others. */
static const char *model_word(const struct simulation *all, size_t n, const char *model)
{
    const char *word = file_name(model);
    for (size_t i = 0; i < n; i++)
        if (all[i].model && strcmp(all[i].model, model) != 0 &&
            strcmp(file_name(all[i].model), word) == 0)
            return model;
    return *word ? word : model;
}

/* simulation_name - of the i-th of n. */
static int simulation_name(const struct simulation *all, size_t n, size_t i, const char **name,
                           struct arena *a, struct err *e)
{
    const struct simulation *s = &all[i];
    struct str out = STR_INIT;
    str_cat(&out, simulation_errors(s));
    if (s->model)
        str_addf(&out, "-%s", model_word(all, n, s->model));
    if (s->layers)
        str_addf(&out, "-%zu", s->layers);
    else if (s->model)
        str_cat(&out, "-all");
    if (s->of_class || s->source)
        str_addf(&out, "-%s", s->of_class ? s->of_class : s->source);
    str_addf(&out, "-%g", s->accuracy);
    if (s->errors != SIM_UNIFORM && s->imitable < 1)
        str_addf(&out, "-imitable-%g", s->imitable);
    int rc = str_check(&out, e);
    *name = rc ? NULL : arena_strdup(a, out.s, e);
    str_release(&out);
    return *name ? OK : e->code;
}

static int simulation_read(struct simulation *s, const struct doc *m, struct err *e)
{
    int rc, errors = -1;
    *s = (struct simulation){.accuracy = -1, .imitable = 1};
    if (m->type != DOC_MAP)
        return doc_fail(m, e,
                        "a simulated supervisor is a map, {errors: ..., accuracy: ...}, "
                        "this is a %s",
                        doc_type_name(m->type));
    if ((rc = doc_opt_enum(m, "errors", errors_names, &errors, e)))
        return rc;
    if (errors < 0)
        return doc_fail(m, e, "\"errors\" is missing");
    s->errors = (enum sim_errors)errors;
    if ((rc = doc_check_keys(m, simulation_keys(s), e)) ||
        (rc = doc_opt_real(m, "accuracy", 0, 1, &s->accuracy, e)) ||
        (rc = doc_opt_real(m, "imitable", 0, 1, &s->imitable, e)) ||
        (rc = doc_opt_str(m, "model", &s->model, e)) ||
        (rc = doc_opt_size(m, "layers", 1, 100000, &s->layers, e)) ||
        (rc = doc_opt_str(m, "class", &s->of_class, e)) ||
        (rc = doc_opt_str(m, "source", &s->source, e)))
        return rc;
    if (s->accuracy < 0)
        return doc_fail(m, e, "\"accuracy\" is missing");
    if (s->errors == SIM_MODEL && !s->layers && !s->model)
        return doc_fail(m, e,
                        "\"layers\" is missing: of how many layers the model is whose errors "
                        "these are; or \"model\", another one than the student's");
    if (s->errors == SIM_SUBCLASS && !s->of_class == !s->source)
        return doc_fail(m, e, "wanted \"class\" or \"source\": where the errors are");
    return OK;
}

int simulations_read(const struct doc *d, size_t most, struct simulation *out, const char **names,
                     size_t *n, struct arena *a, struct err *e)
{
    const struct doc *first = d->type == DOC_LIST ? d->child : d, *x = first;
    int rc;
    for (*n = 0; x; x = d->type == DOC_LIST ? x->next : NULL) {
        if (*n == most)
            return doc_fail(x, e, "\"simulated\" has more than %zu entries", most);
        if ((rc = simulation_read(&out[*n], x, e)))
            return rc;
        ++*n;
    }
    x = first;
    for (size_t i = 0; i < *n; i++, x = x->next) {
        if ((rc = simulation_name(out, *n, i, &names[i], a, e)))
            return rc;
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0)
                return doc_fail(x, e, "\"simulated\" has %s twice", names[k]);
    }
    return *n ? OK : doc_fail(d, e, "\"simulated\" is empty");
}

void simulation_json(const struct simulation *s, const struct assets *assets, struct js *j)
{
    js_key(j, "errors"), js_str(j, simulation_errors(s));
    js_key(j, "accuracy"), js_real(j, s->accuracy);
    if (s->errors != SIM_UNIFORM)
        js_key(j, "imitable"), js_real(j, s->imitable);
    if (s->model)
        js_key(j, "model"),
            study_place_json(j, s->model, assets && asset_is_path(assets, s->model));
    if (s->layers)
        js_key(j, "layers"), js_int(j, (int64_t)s->layers);
    if (s->of_class)
        js_key(j, "class"), js_str(j, s->of_class);
    if (s->source)
        js_key(j, "source"), js_str(j, s->source);
}

struct candidate {
    double strength;
    size_t rank, i; /* rank: its place among all as they are drawn */
};

static int candidate_compare(const void *pa, const void *pb)
{
    const struct candidate *a = pa, *b = pb;
    return a->strength != b->strength ? (a->strength < b->strength ? 1 : -1)
                                      : (a->rank > b->rank) - (a->rank < b->rank);
}

/* wrong_class - any but the true one. */
static int wrong_class(struct rng *rng, int truth, size_t K)
{
    int other = (int)rng_below(rng, K - 1);
    return other < truth ? other : other + 1;
}

int simulate_labels(const struct simulation *s, const struct opinion *o, struct rng *rng,
                    const int *truth, size_t n, size_t K, int *said, size_t *structured,
                    struct err *e)
{
    size_t wrong = n - (size_t)floor(s->accuracy * (double)n + 0.5),
           quota = o ? (size_t)floor(s->imitable * (double)wrong + 0.5) : 0, m = 0, done = 0;
    size_t *drawn = mem_alloc(n, sizeof *drawn, e);
    struct candidate *c = drawn ? mem_alloc(n, sizeof *c, e) : NULL;
    BUG_ON(K < 2);
    if (!c) {
        mem_free(drawn);
        return e->code;
    }
    for (size_t i = 0; i < n; i++) {
        drawn[i] = i;
        said[i] = truth[i];
    }
    rng_shuffle(rng, drawn, n);
    for (size_t r = 0; o && r < n; r++)
        if (o->says[drawn[r]] != truth[drawn[r]])
            c[m++] = (struct candidate){o->strength[drawn[r]], r, drawn[r]};
    qsort(c, m, sizeof *c, candidate_compare);
    for (; done < quota && done < m; done++)
        said[c[done].i] = o->says[c[done].i];
    *structured = done;
    for (size_t r = 0; r < n && done < wrong; r++)
        if (said[drawn[r]] == truth[drawn[r]]) {
            said[drawn[r]] = wrong_class(rng, truth[drawn[r]], K);
            done++;
        }
    mem_free(drawn);
    mem_free(c);
    return OK;
}

size_t simulate_negations(const char *text, size_t len)
{
    static const char *const words[] = {"no",      "not",     "never",   "none",    "nobody",
                                        "nothing", "nowhere", "neither", "nor",     "without",
                                        "cannot",  "hardly",  "barely",  "scarcely"};
    size_t count = 0;
    for (size_t i = 0; i < len;) {
        char word[12];
        size_t n = 0;
        for (; i < len && (isalpha((unsigned char)text[i]) || text[i] == '\''); i++)
            if (n < sizeof word - 1)
                word[n++] = (char)tolower((unsigned char)text[i]);
        word[n] = '\0';
        bool denies = n > 2 && n < sizeof word - 1 && strcmp(word + n - 3, "n't") == 0;
        /* Tables of text in tokens have it by itself: "do n't" */
        for (size_t k = 0; n < sizeof word - 1 && k < sizeof words / sizeof *words; k++)
            denies = denies || strcmp(word, words[k]) == 0;
        count += denies;
        i += i < len && !n;
    }
    return count;
}
