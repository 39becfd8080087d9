/* guess.c - see guess.h. */
#include "data/dialogue.h"
#include "data/guess.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool everywhere(const struct guess *g, const struct column *c)
{
    return c->present == g->s.rows;
}

const char *column_own(const struct column *c)
{
    const char *dot = strrchr(c->path, '.');
    return dot ? dot + 1 : c->path;
}

bool column_named(const struct column *c, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(column_own(c), *names) == 0)
            return true;
    return false;
}

/* text_is - one text in every row, of which not all are numbers. */
static bool text_is(const struct guess *g, const struct column *c)
{
    return !c->list && !c->number && everywhere(g, c);
}

static const char *item(const char *items, size_t i)
{
    while (i--)
        items += strlen(items) + 1;
    return items;
}

static size_t options_of(const struct guess *g, size_t row)
{
    return g->n_options > 1 ? g->n_options : g->options[0]->n_items[row];
}

/* options_called - whether a list is called as options are: choices, options.text. */
static bool options_called(const struct column *c)
{
    static const char *const names[] = {"choice",   "option",       "ending",     "candidate",
                                        "answer",   "alternative",  "distractor", "completion",
                                        "solution", "continuation", "mc1",        "mc2"};
    bool called = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        called = called || strstr(c->path, names[i]);
    return called;
}

/* counts_all - whether the column c, of few values, has one for each element of the list, which
 * has as many in every row, and is called as an answer is: no label that happens to be as small. */
static bool counts_all(const struct guess *g, const struct column *c, const struct column *list)
{
    static const char *const names[] = {
        "answer", "answerKey", "answer_idx", "answer_index", "correct", "correct_answer",
        "cop",    "solution",  "gold",       "key",          "right",   NULL};
    bool all = column_named(c, names);
    for (size_t i = 0; all && i < g->s.rows; i++)
        all = list->n_items[i] == c->n_values;
    return all;
}

/* items_numbers - whether everything in the list is a number. */
static bool items_numbers(const struct guess *g, const struct column *list)
{
    for (size_t i = 0; i < g->s.rows; i++)
        for (size_t k = 0; list->cell[i] && k < list->n_items[i]; k++) {
            const char *s = item(list->cell[i], k);
            if (!*s || s[strspn(s, "+-.0123456789eE")])
                return false;
        }
    return true;
}

/* answer_of - whether c may say by a number or letter which of the options is right, and not be a
 * label beside a list of something else: scores, tags, tokens. */
static bool answer_of(const struct guess *g, const struct column *c)
{
    const struct column *list = g->options[0];
    return g->n_options > 1 || options_called(list) ||
           (!items_numbers(g, list) && counts_all(g, c, list));
}

/* counts_options - whether the column is always one of n numbers or letters from first on. */
static bool counts_options(const struct guess *g, const struct column *c, const char *first)
{
    bool zero = false;
    for (size_t i = 0; i < g->s.rows; i++) {
        const char *a = c->cell[i];
        size_t k;
        if (!a)
            return false;
        if (isalpha((unsigned char)*first)) {
            if (!a[0] || a[1] || a[0] < *first)
                return false;
            k = (size_t)(a[0] - *first);
        } else {
            if (!*a || strlen(a) > 3 || a[strspn(a, "0123456789")] ||
                strtol(a, NULL, 10) < *first - '0')
                return false;
            k = (size_t)(strtol(a, NULL, 10) - (*first - '0'));
        }
        if (k >= options_of(g, i))
            return false;
        zero = zero || k == 0;
    }
    return zero;
}

/* among_list - whether the column is always an element of the list, which has one an option. */
static bool among_list(const struct guess *g, const struct column *c, const struct column *list)
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

/* among_fields - whether the column is always the text of one of the options, each a field. */
static bool among_fields(const struct guess *g, const struct column *c)
{
    for (size_t i = 0; i < g->s.rows; i++) {
        bool found = false;
        for (size_t k = 0; c->cell[i] && k < g->n_options; k++)
            found = found || strcmp(g->options[k]->cell[i], c->cell[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* among_names - whether the column is always the name of one of the options' fields. */
static bool among_names(const struct guess *g, const struct column *c)
{
    for (size_t i = 0; i < g->s.rows; i++) {
        bool found = false;
        for (size_t k = 0; c->cell[i] && k < g->n_options; k++)
            found = found || strcmp(column_own(g->options[k]), c->cell[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

static bool among_options(const struct guess *g, const struct column *c)
{
    return g->n_options > 1 ? among_fields(g, c) : among_list(g, c, g->options[0]);
}

static const char *const firsts[] = {"0", "1", "A", "a"};

/* answer_counted - a column that counts the options. Numbers are not taken where letters: the
 * options are called by letters, or are numbers themselves. */
static bool answer_counted(struct guess *g, bool letters)
{
    static const char *const names[] = {
        "answer", "label",          "correct", "answerKey", "answer_idx", "gold",     "key",
        "target", "correct_answer", "cop",     "right",     "y",          "solution", NULL};
    for (size_t round = 0; round < 2; round++) /* those with such a name first */
        for (size_t f = letters ? 2 : 0; f < 4; f++)
            for (size_t i = 0; i < g->s.n; i++) {
                struct column *c = &g->s.c[i];
                if (!c->list && !c->used && c->n_values > 1 && c->n_values <= GUESS_OPTIONS &&
                    column_named(c, names) == !round && answer_of(g, c) &&
                    counts_options(g, c, firsts[f])) {
                    g->answer = c;
                    g->first = firsts[f];
                    return true;
                }
            }
    return false;
}

/* answer_keyed - a column that is always an element of a list: of keys, or of the options. */
static bool answer_keyed(struct guess *g, bool options)
{
    for (size_t k = 0; g->n_options == 1 && k < g->s.n; k++)
        for (size_t i = 0;
             g->s.c[k].list && (&g->s.c[k] == g->options[0]) == options &&
             (!options || options_called(g->options[0]) || !items_numbers(g, g->options[0])) &&
             i < g->s.n;
             i++)
            if (!g->s.c[i].list && !g->s.c[i].used && among_list(g, &g->s.c[i], &g->s.c[k])) {
                g->answer = &g->s.c[i];
                g->keys = &g->s.c[k];
                return true;
            }
    return false;
}

/* answer_find - a column that says which of g's options is right. */
static bool answer_find(struct guess *g, bool letters)
{
    if (answer_keyed(g, false) || answer_counted(g, letters) || answer_keyed(g, true))
        return true;
    for (size_t i = 0; g->n_options > 1 && i < g->s.n; i++) {
        struct column *c = &g->s.c[i];
        if (c->list || c->used)
            continue;
        g->by_text = among_fields(g, c);
        g->by_name = !g->by_text && among_names(g, c);
        g->answer = c;
        if (g->by_text || g->by_name)
            return true;
    }
    g->answer = NULL;
    return false;
}

static bool options_take(struct guess *g, bool letters)
{
    for (size_t i = 0; i < g->n_options; i++)
        g->options[i]->used = true;
    if (answer_find(g, letters)) {
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
        if (options_take(g, false))
            return true;
        best->used = true; /* looked at */
    }
}

/* options_gather - from column i, named STEM0, STEM1, STEMA or STEMa, on those whose names count on
 * from it: answer0, answer1; option_a, option_b; A, B. Their number, and the stem's length. */
static size_t options_gather(struct guess *g, size_t i, size_t *stem)
{
    const char *name = g->s.c[i].path;
    size_t n = strlen(name), count = 0;
    if (!n || !strchr("01Aa", name[n - 1]))
        return 0;
    *stem = n - 1;
    unsigned char before = n > 1 ? (unsigned char)name[n - 2] : 0;
    if (isdigit(before) || (isupper(before) && name[n - 1] == 'A') ||
        (!before && isdigit((unsigned char)name[n - 1])))
        return 0;
    for (bool found = true; found && count < GUESS_OPTIONS;) {
        found = false;
        for (size_t k = 0; !found && k < g->s.n; k++) {
            struct column *c = &g->s.c[k];
            found = strlen(c->path) == n && strncmp(c->path, name, n - 1) == 0 &&
                    c->path[n - 1] == name[n - 1] + (int)count && !c->list && everywhere(g, c);
            if (found)
                g->options[count] = c;
        }
        count += found;
    }
    return count;
}

/* correct_find - beside wrong answers the right one. */
static bool correct_find(struct guess *g)
{
    static const char *const right[] = {"correct_answer", "correct", "right_answer",
                                        "right",          "answer",  NULL};
    for (size_t k = 0; k < g->s.n; k++)
        if (column_named(&g->s.c[k], right) && text_is(g, &g->s.c[k])) {
            g->correct = &g->s.c[k];
            g->correct->used = true;
            for (size_t o = 0; o < g->n_options; o++)
                g->options[o]->used = true;
            return true;
        }
    return false;
}

/* options_named - fields whose names count on; with a field that says which is right, or one named
 * as right beside them. */
static bool options_named(struct guess *g)
{
    /* Two texts that a label is about, no answers */
    static const char *const texts[] = {"sentence", "text", "question", "sent", "s", "premise"};
    for (size_t i = 0; !g->s.headless && i < g->s.n; i++) {
        size_t stem = 0, n = options_gather(g, i, &stem);
        const char *name = g->s.c[i].path;
        bool numbers = false, letters = n && isalpha((unsigned char)name[stem]);
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            if (stem == strlen(texts[k]) && strncmp(name, texts[k], stem) == 0)
                n = 0;
        /* A word that happens to end so: data, datb */
        bool word = letters && stem && islower((unsigned char)name[stem]) &&
                    isalnum((unsigned char)name[stem - 1]);
        if (n < (word ? 3 : 2))
            continue;
        for (size_t k = 0; k < n; k++)
            numbers = numbers || g->options[k]->number;
        g->n_options = n;
        /* Of two texts a and b, or of numbers, a number may say anything */
        if (options_take(g, numbers || (!stem && n == 2)))
            return true;
        g->n_options = n;
        if (!numbers && stem && correct_find(g))
            return true;
        g->n_options = 0;
    }
    return false;
}

/* begins - whether a reply begins with what it answers, as a dialogue's first turn or as it is. */
static bool begins(const char *reply, const char *asked)
{
    const char *turn = strstr(reply, DIALOGUE_HUMAN);
    const size_t n = strlen(asked);
    return strncmp(reply, asked, n) == 0 ||
           (turn && strncmp(turn + strlen(DIALOGUE_HUMAN), asked, n) == 0);
}

/* preference_find - two replies of which one was preferred, and what both are replies to, where
 * they do not begin with it themselves. */
static bool preference_find(struct guess *g)
{
    static const char *const pairs[][2] = {{"chosen", "rejected"},
                                           {"preferred", "rejected"},
                                           {"preferred", "dispreferred"},
                                           {"better", "worse"}};
    static const char *const asks[] = {"prompt",  "instruction", "question", "query",
                                       "context", "input",       NULL};
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs && !g->rejected; p++) {
        g->chosen = g->rejected = NULL;
        for (size_t i = 0; i < g->s.n; i++) {
            struct column *c = &g->s.c[i];
            if (text_is(g, c) && strcmp(c->path, pairs[p][0]) == 0)
                g->chosen = c;
            if (text_is(g, c) && strcmp(c->path, pairs[p][1]) == 0)
                g->rejected = c;
        }
        g->rejected = g->chosen ? g->rejected : NULL;
    }
    for (size_t i = 0; g->rejected && i < g->s.n && g->n_texts < GUESS_TEXTS; i++) {
        struct column *c = &g->s.c[i];
        bool all = true;
        for (size_t r = 0; text_is(g, c) && column_named(c, asks) && all && r < g->s.rows; r++)
            all = begins(g->chosen->cell[r], c->cell[r]);
        if (!all)
            g->text[g->n_texts++] = c;
    }
    g->chosen = g->rejected ? g->chosen : NULL;
    return g->chosen != NULL;
}

/* tells - the share of the rows of which the column alone tells what is asked, where that is nearly
 * all; else 0. */
static double tells(const struct guess *g, const struct column *c)
{
    const double nearly_all = 0.95;
    if (g->n_options) {
        bool told = among_options(g, c);
        for (size_t f = 0; !told && f < sizeof firsts / sizeof *firsts; f++)
            told = counts_options(g, c, firsts[f]);
        return told;
    }
    double share = c->n_values <= SAMPLE_VALUES && c->words < 4 ? guess_told(g, c) : 0;
    return share >= nearly_all ? share : 0;
}

bool column_asks(const struct column *c)
{
    static const char *const names[] = {"question", "query",   "goal",       "stem", "ctx",
                                        "prompt",   "problem", "hypothesis", "q",    NULL};
    return column_named(c, names);
}

/* texts_find - the longer texts, and however short the question of a choice, in the order of the
 * columns. */
static void texts_find(struct guess *g)
{
    while (g->n_texts < GUESS_TEXTS) {
        struct column *best = NULL;
        for (size_t i = 0; i < g->s.n; i++) {
            struct column *c = &g->s.c[i];
            bool id = c->unique && c->words < 1.5;
            bool asks = g->n_options && column_asks(c);
            if (!c->used && text_is(g, c) && (asks || !c->lacking) &&
                (asks || (!id && (c->n_values > 4 || c->words >= 4))) &&
                (!best || c->chars > best->chars))
                best = c;
        }
        if (!best)
            break;
        best->used = true;
        double share = tells(g, best);
        if (share == 0)
            g->text[g->n_texts++] = best;
        else if (g->n_telling < GUESS_TEXTS) {
            g->telling[g->n_telling].c = best;
            g->telling[g->n_telling++].share = share;
        }
    }
    for (size_t i = 1; i < g->n_texts; i++) /* the columns lie in one array */
        for (size_t k = i; k > 0 && g->text[k] < g->text[k - 1]; k--) {
            struct column *c = g->text[k];
            g->text[k] = g->text[k - 1];
            g->text[k - 1] = c;
        }
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

/* asked_find - preferences or a choice. */
static bool asked_find(struct guess *g)
{
    return preference_find(g) || options_listed(g) || options_named(g);
}

/* odd_rows - rows that have no value where nine of ten have one; with lengths those, too, whose
 * list is not as long as nine of ten are. How many. */
static size_t odd_rows(const struct guess *g, bool lengths, bool odd[PROPOSE_ROWS])
{
    const size_t rows = g->s.rows;
    size_t n = 0;
    for (size_t i = 0; i < g->s.n; i++) {
        const struct column *c = &g->s.c[i];
        for (size_t pass = 0; pass < (lengths && c->list ? 2 : 1); pass++) {
            bool own[PROPOSE_ROWS];
            size_t count = 0, usual = c->n_items[rows / 2];
            for (size_t r = 0; r < rows; r++) {
                own[r] = pass ? c->n_items[r] != usual : column_lacks(c, r);
                count += own[r];
            }
            for (size_t r = 0; 10 * count <= rows && r < rows; r++)
                odd[r] = odd[r] || own[r];
        }
    }
    for (size_t r = 0; r < rows; r++)
        n += odd[r];
    return n;
}

/* lacking - whether odd rows lack what was found. */
static bool lacking(const struct guess *g)
{
    const struct column *found[] = {g->chosen, g->rejected, g->answer, g->keys, g->correct};
    bool any = false;
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        any = any || (found[i] && found[i]->lacking);
    for (size_t i = 0; i < g->n_options; i++)
        any = any || g->options[i]->lacking;
    for (size_t i = 0; i < g->s.n; i++)
        any = any || (!g->s.c[i].list && column_asks(&g->s.c[i]) && g->s.c[i].lacking);
    return any;
}

/* asked_beside - a choice or preferences of the rows but for odd ones, of which a few do not make
 * it a file of labels: those that lack what is asked, or (lengths) whose lists are of another
 * length. */
static int asked_beside(struct guess *g, bool lengths, bool *found, struct err *e)
{
    bool odd[PROPOSE_ROWS] = {false};
    const size_t n = odd_rows(g, lengths, odd);
    const struct sample all = g->s;
    struct column *c;
    size_t rows = 0;
    *found = false;
    if (!n || 2 * n > g->s.rows)
        return OK;
    int rc = sample_without(&g->s, odd, &c, &rows, e);
    if (rc)
        return rc;
    g->s.c = c;
    g->s.rows = rows;
    *found = asked_find(g) && (lengths || lacking(g));
    for (size_t r = all.rows; *found && lengths && r-- > 0;)
        if (odd[r])
            g->odd = all.line[r], g->n_odd++;
    if (*found)
        return OK;
    const struct sample part = g->s;
    const size_t read = g->rows;
    *g = (struct guess){.s = part, .rows = read};
    g->s.c = all.c;
    g->s.rows = all.rows;
    return OK;
}

int guess_make(struct guess *g, const char *path, const char *file, const char *duckdb,
               struct err *e)
{
    *g = (struct guess){.n_texts = 0};
    int rc = sample_read(&g->s, path, file, duckdb, e);
    bool asked = false;
    g->rows = g->s.rows;
    if (!rc)
        rc = asked_beside(g, false, &asked, e);
    if (!rc && !asked)
        asked = asked_find(g);
    if (!rc && !asked)
        rc = asked_beside(g, true, &asked, e);
    if (rc || g->chosen)
        return rc;
    if (!asked && !guess_label(g))
        return nothing_found(g, file,
                             "no field has 2 to 16 values, each in two rows or more, or is a "
                             "number in half of them, "
                             "so that it could be the label",
                             e);
    texts_find(g);
    if (g->n_texts)
        return OK;
    for (size_t i = 0; i < g->n_telling; i++) /* repeated texts that always have one label */
        if (!g->n_options)
            g->text[g->n_texts++] = g->telling[i].c;
    g->n_telling = 0;
    return g->n_texts
               ? OK
               : nothing_found(g, file,
                               "no field beside the label holds a text of its own in all rows", e);
}
