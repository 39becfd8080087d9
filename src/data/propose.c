/* propose.c - what the columns of a file are, and the task file that says so. */
#include "data/propose.h"
#include "data/sample.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXTS = 4, OPTIONS = 8 };

struct guess {
    struct sample s;
    struct column *options[OPTIONS]; /* of a choice: one list, or a field each */
    size_t n_options;
    struct column *answer, *keys, *correct;
    const char *first;
    struct column *label; /* else */
    struct column *text[TEXTS];
    size_t n_texts;
};

static bool everywhere(const struct guess *g, const struct column *c)
{
    return c->present == g->s.rows;
}

static bool named(const struct column *c, const char *const *names)
{
    const char *dot = strrchr(c->path, '.'), *own = dot ? dot + 1 : c->path;
    for (; *names; names++)
        if (strcmp(own, *names) == 0)
            return true;
    return false;
}

static const char *item(const char *items, size_t i)
{
    while (i--)
        items += strlen(items) + 1;
    return items;
}

/* counts_options - whether the column is always one of n numbers or letters from first on. */
static bool counts_options(const struct guess *g, const struct column *c, const char *first)
{
    bool zero = false;
    for (size_t i = 0; i < g->s.rows; i++) {
        const char *a = c->cell[i];
        size_t n = g->n_options > 1 ? g->n_options : g->options[0]->n_items[i], k;
        if (!a)
            return false;
        if (isupper((unsigned char)*first)) {
            if (!a[0] || a[1] || a[0] < *first)
                return false;
            k = (size_t)(a[0] - *first);
        } else {
            if (!*a || strlen(a) > 3 || a[strspn(a, "0123456789")] ||
                strtol(a, NULL, 10) < *first - '0')
                return false;
            k = (size_t)(strtol(a, NULL, 10) - (*first - '0'));
        }
        if (k >= n)
            return false;
        zero = zero || k == 0;
    }
    return zero;
}

/* among_options - whether the column is always an element of the list. */
static bool among_options(const struct guess *g, const struct column *c, const struct column *list)
{
    for (size_t i = 0; i < g->s.rows; i++) {
        bool found = false;
        if (!c->cell[i] || !list->cell[i] || list->n_items[i] != g->options[0]->n_items[i])
            return false;
        for (size_t k = 0; k < list->n_items[i]; k++)
            found = found || strcmp(item(list->cell[i], k), c->cell[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* answer_find - a column that says which of g's options is right. */
static bool answer_find(struct guess *g)
{
    static const char *const firsts[] = {"0", "1", "A"};
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < g->s.n; i++) {
            struct column *c = &g->s.c[i];
            if (!c->list && !c->used && c->n_values > 1 && c->n_values <= OPTIONS &&
                counts_options(g, c, firsts[f])) {
                g->answer = c;
                g->first = firsts[f];
                return true;
            }
        }
    for (size_t k = 0; g->n_options == 1 && k < g->s.n; k++)
        for (size_t i = 0; g->s.c[k].list && i < g->s.n; i++)
            if (!g->s.c[i].list && !g->s.c[i].used && among_options(g, &g->s.c[i], &g->s.c[k])) {
                g->answer = &g->s.c[i];
                g->keys = &g->s.c[k];
                return true;
            }
    return false;
}

static bool options_take(struct guess *g)
{
    for (size_t i = 0; i < g->n_options; i++)
        g->options[i]->used = true;
    if (answer_find(g)) {
        g->answer->used = true;
        if (g->keys)
            g->keys->used = true;
        return true;
    }
    for (size_t i = 0; i < g->n_options; i++)
        g->options[i]->used = false;
    g->n_options = 0;
    return false;
}

/* options_listed - a list of two texts or more in every row, and its answer. The longest first: the
 * keys of options are a list, too. */
static bool options_listed(struct guess *g)
{
    for (;;) {
        struct column *best = NULL;
        for (size_t i = 0; i < g->s.n; i++) {
            struct column *c = &g->s.c[i];
            bool two = c->list && everywhere(g, c);
            for (size_t r = 0; two && r < g->s.rows; r++)
                two = c->n_items[r] >= 2;
            if (two && !c->used && (!best || c->chars > best->chars))
                best = c;
        }
        if (!best)
            return false;
        g->options[0] = best;
        g->n_options = 1;
        if (options_take(g))
            return true;
        best->used = true; /* looked at */
    }
}

/* stem - length of the name less its last digit or capital letter; 0 where it has none. */
static size_t stem(const char *s)
{
    size_t n = strlen(s);
    return n > 1 && (isdigit((unsigned char)s[n - 1]) || isupper((unsigned char)s[n - 1])) &&
                   islower((unsigned char)s[n - 2])
               ? n - 1
               : 0;
}

/* options_named - fields whose names differ in the last character: answer0, answer1; with a field
 * that counts them, or one named as right beside them. */
static bool options_named(struct guess *g)
{
    /* Two texts that a label is about, no answers */
    static const char *const texts[] = {"sentence", "text", "question", "sent", "s", "premise"};
    static const char *const right[] = {"correct_answer", "correct", "right_answer",
                                        "right",          "answer",  NULL};
    for (size_t i = 0; i < g->s.n; i++) {
        size_t n = g->s.headless ? 0 : stem(g->s.c[i].path);
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            if (n == strlen(texts[k]) && strncmp(g->s.c[i].path, texts[k], n) == 0)
                n = 0;
        g->n_options = 0;
        for (size_t k = i; n && k < g->s.n && g->n_options < OPTIONS; k++) {
            struct column *c = &g->s.c[k];
            if (stem(c->path) == n && strncmp(c->path, g->s.c[i].path, n) == 0 && !c->list &&
                !c->number && everywhere(g, c))
                g->options[g->n_options++] = c;
        }
        if (g->n_options < 2)
            continue;
        size_t found = g->n_options;
        if (options_take(g))
            return true;
        for (size_t k = 0; k < g->s.n; k++)
            if (named(&g->s.c[k], right) && !g->s.c[k].list && !g->s.c[k].number &&
                everywhere(g, &g->s.c[k])) {
                g->correct = &g->s.c[k];
                g->n_options = found;
                for (size_t o = 0; o < found; o++)
                    g->options[o]->used = true;
                g->correct->used = true;
                return true;
            }
    }
    g->n_options = 0;
    return false;
}

/* label_find - the field that tells the class: by its name, else the one of the fewest values. */
static bool label_find(struct guess *g)
{
    static const char *const names[] = {"label",  "labels", "class",    "target", "sentiment",
                                        "answer", "gold",   "category", "y",      NULL};
    struct column *best = NULL, *score = NULL;
    for (size_t i = 0; i < g->s.n; i++) {
        struct column *c = &g->s.c[i];
        if (c->list || !everywhere(g, c))
            continue;
        if (c->number && c->n_values > SAMPLE_VALUES && !(c->unique && c->whole) && !score)
            score = c;
        bool good = c->n_values >= 2 && c->n_values <= SAMPLE_VALUES && c->words < 4;
        for (size_t k = 0; good && k < c->n_values; k++)
            good = c->count[k] >= 2;
        if (!good)
            continue;
        bool better = !best || (named(c, names) && !named(best, names)) ||
                      (named(c, names) == named(best, names) && c->n_values < best->n_values);
        best = better ? c : best;
    }
    g->label = best ? best : score;
    if (g->label)
        g->label->used = true;
    return g->label != NULL;
}

/* texts_find - the longer texts, in the order of the columns. */
static void texts_find(struct guess *g)
{
    for (size_t round = 0; round < TEXTS; round++) {
        struct column *best = NULL;
        for (size_t i = 0; i < g->s.n; i++) {
            struct column *c = &g->s.c[i];
            bool id = c->unique && c->words < 1.5;
            if (!c->list && !c->used && !c->number && everywhere(g, c) && !id &&
                (c->n_values > 4 || c->words >= 4) && (!best || c->chars > best->chars))
                best = c;
        }
        if (!best)
            break;
        best->used = true;
        g->text[g->n_texts++] = best;
    }
    for (size_t i = 1; i < g->n_texts; i++) /* the columns lie in one array */
        for (size_t k = i; k > 0 && g->text[k] < g->text[k - 1]; k--) {
            struct column *c = g->text[k];
            g->text[k] = g->text[k - 1];
            g->text[k - 1] = c;
        }
}

static struct column *longest(const struct guess *g)
{
    struct column *c = g->text[0];
    for (size_t i = 1; i < g->n_texts; i++)
        c = g->text[i]->chars > c->chars ? g->text[i] : c;
    return c;
}

/* name_base - the path without dots and stars. */
static void name_base(struct str *out, const char *path)
{
    size_t n = out->len;
    for (const char *s = path; *s; s++)
        if (isalnum((unsigned char)*s) || *s == '_' || (unsigned char)*s >= 0x80)
            str_addc(out, *s);
        else if (*s != '*' && !(*s == '.' && s[1] == '*'))
            str_addc(out, '_');
    if (!out->failed && out->len > n && !out->s[n + strspn(out->s + n, "_")])
        out->len = n;
    if (out->len == n)
        str_cat(out, "field");
}

/* name_make - what the template calls a column, as it calls no other. */
static int name_make(struct guess *g, struct column *c, struct err *e)
{
    static const char *const drawn[] = {"candidate", "first", "second"};
    struct str name = STR_INIT;
    bool taken = true;
    for (size_t number = 1; taken && !name.failed; number++) {
        str_reset(&name);
        name_base(&name, c->path);
        if (number > 1)
            str_addf(&name, "_%zu", number);
        taken = false;
        for (size_t i = 0; i < 3; i++)
            taken = taken || strcmp(name.s, drawn[i]) == 0;
        for (const struct column *o = g->s.c; o < c; o++)
            taken = taken || strcmp(o->name, name.s) == 0;
    }
    int rc = str_check(&name, e);
    c->name = rc ? NULL : arena_strdup(&g->s.arena, name.s, e);
    str_release(&name);
    return c->name ? OK : e->code;
}

/* scalar - as YAML's double-quoted string. */
static void scalar(struct str *out, const char *s)
{
    str_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_addf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            str_addf(out, "\\x%02x", (unsigned)*s);
        else
            str_addc(out, *s);
    }
    str_addc(out, '"');
}

/* name_write - plain where YAML takes that for a text. */
static void name_write(struct str *out, const char *name)
{
    static const char *const other[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    bool plain = isalpha((unsigned char)*name) != 0;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        plain = plain && strcasecmp(name, other[i]) != 0;
    if (plain)
        str_cat(out, name);
    else
        scalar(out, name);
}

static void field_write(struct str *out, const struct column *c)
{
    str_cat(out, "  ");
    name_write(out, c->name);
    str_cat(out, ": ");
    scalar(out, c->path);
    str_addc(out, '\n');
}

static void fields_write(struct str *out, const struct guess *g)
{
    str_cat(out, "fields:\n");
    for (size_t i = 0; i < g->n_texts; i++)
        field_write(out, g->text[i]);
    for (size_t i = 0; i < g->n_options; i++)
        field_write(out, g->options[i]);
    if (g->keys && g->keys != g->options[0])
        field_write(out, g->keys);
    const struct column *last = g->label ? g->label : g->correct ? g->correct : g->answer;
    field_write(out, last);
}

/* title_write - the name with a capital letter and spaces. */
static void title_write(struct str *out, const struct column *c)
{
    size_t at = out->len;
    str_cat(out, c->name + strspn(c->name, "_"));
    for (size_t i = at; i < out->len && !out->failed; i++)
        out->s[i] = (char)(out->s[i] == '_' ? ' '
                           : i == at        ? toupper((unsigned char)out->s[i])
                                            : out->s[i]);
}

static void template_write(struct str *out, const struct guess *g)
{
    bool choice = g->n_options > 0;
    str_cat(out, "template: |-\n");
    for (size_t i = 0; i < g->n_texts; i++) {
        str_cat(out, "  ");
        if (choice || g->n_texts > 1) {
            title_write(out, g->text[i]);
            str_cat(out, ": ");
        }
        str_addc(out, '{');
        str_cat(out, g->text[i]->name);
        str_cat(out, "}\n");
    }
    if (choice)
        str_cat(out, "  Proposed answer: {candidate}\n  Is the proposed answer right?\n");
    str_cat(out, "long: ");
    name_write(out, longest(g)->name);
    str_addc(out, '\n');
}

static void choice_write(struct str *out, const struct guess *g)
{
    static const char *const asks[] = {"question", "query",  "goal",       "stem",
                                       "ctx",      "prompt", "hypothesis", NULL};
    const struct column *question = g->text[g->n_texts - 1];
    for (size_t i = 0; i < g->n_texts; i++)
        question = named(g->text[i], asks) ? g->text[i] : question;
    str_cat(out, "choice:\n  question: ");
    name_write(out, question->name);
    str_cat(out, g->correct ? "\n  distractors: [" : "\n  options: [");
    for (size_t i = 0; i < g->n_options; i++) {
        str_cat(out, i ? ", " : "");
        name_write(out, g->options[i]->name);
    }
    str_cat(out, g->correct ? "]\n  correct: " : "]\n  answer: ");
    name_write(out, (g->correct ? g->correct : g->answer)->name);
    str_addc(out, '\n');
    if (g->keys) {
        str_cat(out, "  keys: ");
        name_write(out, g->keys->name);
        str_addc(out, '\n');
    } else if (g->first && strcmp(g->first, "0") != 0) {
        str_addf(out, "  first: %s\n", g->first);
    }
    /* Questions on one text stay together */
    str_cat(out, g->n_texts > 1 ? "group: [" : "");
    for (size_t i = 0; g->n_texts > 1 && i < g->n_texts; i++)
        if (!longest(g)->unique ? g->text[i] == longest(g) : true) {
            str_cat(out, out->s[out->len - 1] == '[' ? "" : ", ");
            name_write(out, g->text[i]->name);
        }
    str_cat(out, g->n_texts > 1 ? "]\n" : "");
}

static int by_number(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

static double median(const struct guess *g, const struct column *c)
{
    double x[PROPOSE_ROWS];
    for (size_t i = 0; i < g->s.rows; i++)
        x[i] = strtod(c->cell[i], NULL);
    qsort(x, g->s.rows, sizeof *x, by_number);
    return x[g->s.rows / 2];
}

/* values_sort - as numbers where they are, else as text, so that a file's order names no class. */
static void values_sort(struct column *c)
{
    for (size_t i = 1; i < c->n_values; i++)
        for (size_t k = i; k > 0; k--) {
            const char *a = c->value[k - 1], *b = c->value[k];
            bool after = c->number ? strtod(a, NULL) > strtod(b, NULL) : strcmp(a, b) > 0;
            if (!after)
                break;
            c->value[k - 1] = b;
            c->value[k] = a;
        }
}

static void label_write(struct str *out, const struct guess *g)
{
    struct column *c = g->label;
    bool ranges = c->n_values > SAMPLE_VALUES;
    values_sort(c);
    bool yes_no = !ranges && c->n_values == 2 &&
                  ((strcmp(c->value[0], "0") == 0 && strcmp(c->value[1], "1") == 0) ||
                   (strcmp(c->value[0], "false") == 0 && strcmp(c->value[1], "true") == 0));
    if (ranges) {
        str_cat(out, "classes: [low, high]\n");
    } else if (!yes_no) {
        str_cat(out, "classes: [");
        for (size_t k = 0; k < c->n_values; k++) {
            str_cat(out, k ? ", " : "");
            scalar(out, c->value[k]);
        }
        str_cat(out, "]\n");
    }
    str_cat(out, "label:\n  field: ");
    name_write(out, c->name);
    if (ranges) {
        double m = median(g, c);
        str_addf(out, "\n  ranges: {low: \"< %.15g\", high: \">= %.15g\"} # at the median\n", m, m);
        return;
    }
    str_cat(out, "\n  map: {");
    for (size_t k = 0; k < c->n_values; k++) {
        str_cat(out, k ? ", " : "");
        scalar(out, c->value[k]);
        str_addf(out, ": %zu", k);
    }
    str_cat(out, "}\n");
}

static int nothing_found(const struct guess *g, const char *file, const char *what, struct err *e)
{
    struct str list = STR_INIT;
    for (size_t i = 0; i < g->s.n; i++)
        str_addf(&list, "%s%s", i ? ", " : "", g->s.c[i].path);
    int rc = str_check(&list, e);
    if (!rc)
        rc = err_set(e, ERR_INPUT,
                     "%s: %s; the fields are %s. docs/tasks.md says how to write a task by hand",
                     file, what, list.s);
    str_release(&list);
    return rc;
}

static void source_write(struct str *out, const struct guess *g, const char *file)
{
    str_cat(out, "source:\n  files: {all: ");
    scalar(out, file);
    str_cat(out, "}\n");
    for (size_t i = 0; g->s.headless && g->s.columns[i]; i++)
        str_addf(out, "%s%s", i ? ", " : "  columns: [", g->s.columns[i]);
    str_cat(out, g->s.headless ? "]\n" : "");
}

int task_propose(struct str *yaml, const char *path, const char *file, const char *name,
                 const char *duckdb, struct err *e)
{
    struct guess g = {.n_texts = 0};
    int rc = sample_read(&g.s, path, file, duckdb, e);
    for (size_t i = 0; !rc && i < g.s.n; i++)
        rc = name_make(&g, &g.s.c[i], e);
    if (rc)
        goto out;
    bool choice = options_listed(&g) || options_named(&g);
    if (!choice && !label_find(&g)) {
        rc = nothing_found(
            &g, file,
            "no field has 2 to 16 values in all rows, or is a number, so that it could "
            "be the label",
            e);
        goto out;
    }
    texts_find(&g);
    if (!g.n_texts) {
        rc = nothing_found(&g, file,
                           "no field beside the label holds a text of its own in all rows", e);
        goto out;
    }
    str_addf(yaml,
             "# %s - what is asked? Proposed from %zu rows: read it before you trust it.\n"
             "name: %s\ntitle: %s\ncitation: not given\nlicence: not stated\nkind: %s\n",
             name, g.s.rows, name, name, choice ? "choice" : "labelled");
    source_write(yaml, &g, file);
    fields_write(yaml, &g);
    template_write(yaml, &g);
    if (choice)
        choice_write(yaml, &g);
    else
        label_write(yaml, &g);
    rc = str_check(yaml, e);
out:
    sample_release(&g.s);
    return rc;
}
