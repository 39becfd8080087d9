/* propose.c - the task file that says what the columns of a file are. */
#include "data/propose.h"
#include "core/doc.h"
#include "data/guess.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* scalar - in quotes that JSON and YAML share. */
static void scalar(struct str *out, const char *s)
{
    struct js j;
    js_init(&j, out);
    js_str(&j, s);
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
    for (size_t i = 0; g->by_name && i < g->n_options; i++) {
        str_addf(out, "  \"%s's name\": {text: ", g->options[i]->name);
        scalar(out, column_own(g->options[i]));
        str_cat(out, "}\n");
    }
    if (g->keys && g->keys != g->options[0])
        field_write(out, g->keys);
    if (g->chosen) {
        field_write(out, g->chosen);
        field_write(out, g->rejected);
    } else {
        field_write(out, g->label ? g->label : g->correct ? g->correct : g->answer);
    }
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
    if (g->chosen)
        str_cat(out, "  {candidate}\n");
    if (!g->n_texts) /* what all candidates begin with is cut first */
        return;
    str_cat(out, "long: ");
    name_write(out, longest(g)->name);
    str_addc(out, '\n');
}

static void preference_write(struct str *out, const struct guess *g)
{
    str_cat(out, "choice:\n");
    if (g->n_texts) {
        str_cat(out, "  question: ");
        name_write(out, longest(g)->name);
        str_addc(out, '\n');
    }
    str_cat(out, "  correct: ");
    name_write(out, g->chosen->name);
    str_cat(out, "\n  distractors: ");
    name_write(out, g->rejected->name);
    str_cat(out, "\n  alternatives: 2\n");
}

static void options_write(struct str *out, const struct guess *g)
{
    str_addc(out, '[');
    for (size_t i = 0; i < g->n_options; i++) {
        str_cat(out, i ? ", " : "");
        name_write(out, g->options[i]->name);
    }
    str_cat(out, "]\n");
}

/* passage_find - the longest text beside the question that rows share, whole texts and not one of a
 * few; NULL: none. */
static const struct column *passage_find(const struct guess *g, const struct column *question)
{
    const struct column *c = NULL;
    for (size_t i = 0; i < g->n_texts; i++)
        if (g->text[i] != question && !g->text[i]->unique && g->text[i]->words >= 4 &&
            g->text[i]->n_values > SAMPLE_VALUES && (!c || g->text[i]->chars > c->chars))
            c = g->text[i];
    return c;
}

/* pair_shares - whether the two texts that there are, whose names count on, have one in common in
 * two rows. */
static bool pair_shares(const struct guess *g)
{
    const struct column *a = g->text[0], *b = g->text[1];
    size_t n = strlen(a->name);
    if (strlen(b->name) != n || strncmp(a->name, b->name, n - 1) != 0 ||
        a->name[n - 1] + 1 != b->name[n - 1] || a->n_values <= SAMPLE_VALUES ||
        b->n_values <= SAMPLE_VALUES)
        return false;
    bool found = !a->unique || !b->unique;
    for (size_t i = 0; !found && i < g->s.rows; i++)
        for (size_t k = 0; !found && k < g->s.rows; k++)
            found = i != k && *a->cell[i] && strcmp(a->cell[i], b->cell[k]) == 0;
    return found;
}

static void choice_write(struct str *out, const struct guess *g)
{
    const struct column *question = g->text[g->n_texts - 1];
    for (size_t i = 0; i < g->n_texts; i++)
        question = column_asks(g->text[i]) ? g->text[i] : question;
    str_cat(out, "choice:\n  question: ");
    name_write(out, question->name);
    str_cat(out, g->correct ? "\n  distractors: " : "\n  options: ");
    options_write(out, g);
    str_cat(out, g->correct ? "  correct: " : "  answer: ");
    name_write(out, (g->correct ? g->correct : g->answer)->name);
    str_addc(out, '\n');
    if (g->by_text) {
        str_cat(out, "  keys: ");
        options_write(out, g);
    } else if (g->by_name) {
        for (size_t i = 0; i < g->n_options; i++)
            str_addf(out, "%s\"%s's name\"", i ? ", " : "  keys: [", g->options[i]->name);
        str_cat(out, "]\n");
    } else if (g->keys) {
        str_cat(out, "  keys: ");
        name_write(out, g->keys->name);
        str_addc(out, '\n');
    } else if (g->first && strcmp(g->first, "0") != 0) {
        str_addf(out, "  first: %s\n", g->first);
    }
    /* Questions on one text stay together */
    const struct column *passage = passage_find(g, question);
    if (!passage && !longest(g)->unique)
        passage = longest(g);
    str_cat(out, g->n_texts > 1 ? "group: [" : "");
    for (size_t i = 0; g->n_texts > 1 && i < g->n_texts; i++)
        if (!passage || g->text[i] == passage) {
            str_cat(out, out->s[out->len - 1] == '[' ? "" : ", ");
            name_write(out, g->text[i]->name);
        }
    str_cat(out, g->n_texts > 1 ? "]\n" : "");
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

/* nones_write - what is no label, and the map's end. */
static void nones_write(struct str *out, const struct guess *g)
{
    for (size_t i = 0; i < g->n_none; i++) {
        str_cat(out, ", ");
        scalar(out, g->none[i].text);
        str_cat(out, ": ~");
    }
    str_cat(out, g->unlabelled ? ", \"\": ~}" : "}");
}

static void label_write(struct str *out, const struct guess *g)
{
    struct column *c = g->label;
    bool ranges = !isnan(g->median);
    /* Rows on one text stay together */
    if (g->n_texts == 2 && pair_shares(g)) {
        str_cat(out, "group: {any: [");
        name_write(out, g->text[0]->name);
        str_cat(out, ", ");
        name_write(out, g->text[1]->name);
        str_cat(out, "]}\n");
    } else if (g->n_texts > 1 && !longest(g)->unique && longest(g)->n_values > SAMPLE_VALUES) {
        str_cat(out, "group: ");
        name_write(out, longest(g)->name);
        str_addc(out, '\n');
    }
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
        str_addf(out, "\n  ranges: {low: \"< %.15g\", high: \">= %.15g\"", g->median, g->median);
        nones_write(out, g);
        str_cat(out, " # at the median\n");
        return;
    }
    str_cat(out, "\n  map: {");
    for (size_t k = 0; k < c->n_values; k++) {
        str_cat(out, k ? ", " : "");
        scalar(out, c->value[k]);
        str_addf(out, ": %zu", k);
    }
    nones_write(out, g);
    str_addc(out, '\n');
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

/* telling_write - a line of comment for each column that the template leaves out. */
static void telling_write(struct str *out, const struct guess *g)
{
    for (size_t i = 0; i < g->n_telling; i++) {
        str_cat(out, "# ");
        str_cat(out, g->telling[i].c->name);
        str_addf(out, " is not shown: it tells the %s of %.3g %% of the rows.\n",
                 g->label ? "label" : "answer", 100 * g->telling[i].share);
    }
}

/* comment - the beginning of a line: how many rows, and what about which column. */
static void comment(struct str *out, size_t n, const char *what, const char *name)
{
    str_addf(out, "# %zu of these rows %s ", n, what);
    for (const char *s = name; *s; s++) /* a name is one of any program's */
        str_addc(out, (unsigned char)*s < ' ' ? ' ' : *s);
}

/* odd_write - what the rows lack that are passed over here, and that the task stops at. */
static void odd_write(struct str *out, const struct guess *g)
{
    for (size_t i = 0; i < g->s.n; i++) {
        const struct column *c = &g->s.c[i];
        bool found =
            c == g->chosen || c == g->rejected || c == g->answer || c == g->keys || c == g->correct;
        for (size_t k = 0; k < g->n_options; k++)
            found = found || c == g->options[k];
        for (size_t k = 0; k < g->n_texts; k++)
            found = found || c == g->text[k];
        if (!found || !c->lacking)
            continue;
        comment(out, c->lacking, "have no", c->name);
        str_addf(out, ", the first in line %d: look at them.\n", c->lacks);
    }
    if (g->n_odd) {
        comment(out, g->n_odd, "have another number of", g->options[0]->name);
        str_addf(out, " than the others, the first in line %d.\n", g->odd);
    }
}

/* unlabelled_write - which rows are of no class, or may be. */
static void unlabelled_write(struct str *out, const struct guess *g)
{
    const struct column *c = g->label;
    size_t minus = 0;
    if (g->unlabelled) {
        comment(out, g->unlabelled, "have no", c->name);
        str_cat(out, ": they are left out.\n");
    }
    for (size_t i = 0; i < g->n_none; i++) {
        comment(out, g->none[i].rows, "have", g->none[i].text);
        str_addf(out, " for %s, taken as none: they are left out.\n", c->name);
    }
    while (isnan(g->median) && minus < c->n_values && strcmp(c->value[minus], "-1") != 0)
        minus++;
    if (isnan(g->median) && minus < c->n_values) {
        comment(out, c->count[minus], "have -1 for", c->name);
        str_cat(out, ", taken as a class; where it says that there is none, map it to ~.\n");
    }
}

/* whole_check - a file that is packed is whole beyond the rows that were looked at, too. */
static int whole_check(const char *path, struct err *e)
{
    struct archive_stream *s = NULL;
    char block[1 << 16];
    size_t got = 1;
    int rc = archive_open(&s, path, e);
    while (!rc && got)
        rc = archive_pull(s, block, sizeof block, &got, e);
    archive_close(s);
    return rc;
}

int task_propose(struct str *yaml, const char *path, const char *file, const char *name,
                 const char *duckdb, struct err *e)
{
    struct guess g;
    int rc = guess_make(&g, path, file, duckdb, e);
    if (!rc && g.s.more)
        rc = whole_check(path, e);
    for (size_t i = 0; !rc && i < g.s.n; i++)
        rc = name_make(&g, &g.s.c[i], e);
    if (rc)
        goto out;
    str_addf(yaml, "# %s - what is asked? Proposed from %zu rows: read it before you trust it.\n",
             name, g.rows);
    telling_write(yaml, &g);
    odd_write(yaml, &g);
    if (g.label)
        unlabelled_write(yaml, &g);
    str_cat(yaml, "name: ");
    name_write(yaml, name);
    str_cat(yaml, "\ntitle: ");
    name_write(yaml, name);
    str_addf(yaml, "\ncitation: not given\nlicence: not stated\nkind: %s\n",
             g.label ? "labelled" : "choice");
    source_write(yaml, &g, file);
    fields_write(yaml, &g);
    template_write(yaml, &g);
    if (g.chosen)
        preference_write(yaml, &g);
    else if (g.label)
        label_write(yaml, &g);
    else
        choice_write(yaml, &g);
    rc = str_check(yaml, e);
out:
    sample_release(&g.s);
    return rc;
}
