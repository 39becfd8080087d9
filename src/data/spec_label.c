/* spec_label.c - the part of a task file that says which class an example has. */
#include "data/spec.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const label_keys[] = {"field", "map", "ranges", NULL};
static const char *const choice_keys[] = {"question",     "correct", "distractors", "options",
                                          "answer",       "first",   "keys",        "marks",
                                          "alternatives", "word",    NULL};
static const char *const preference_keys[] = {"rating", "gap", "word", NULL};
static const char *const order_keys[] = {"better", "worse", NULL};
static const char *const answer_keys[] = {"text", "position", NULL};
static const char *const band_keys[] = {"field", "cuts", NULL};

static int field_read(struct task *t, const struct doc *map, const char *key,
                      const struct field **out, struct err *e)
{
    const char *name = NULL;
    int rc = doc_opt_str(map, key, &name, e);
    return rc || !name ? rc : spec_field(t, doc_get(map, key), name, out, e);
}

/* class_find - a class by name or number; -1 where there is none. */
static int class_find(const struct task *t, const char *name)
{
    for (size_t k = 0; k < t->n_classes; k++)
        if (strcmp(t->classes[k].name, name) == 0)
            return (int)k;
    return -1;
}

static int class_unknown(const struct task *t, const struct doc *d, const char *name, struct err *e)
{
    const char *names[TASK_CLASSES];
    struct str list = STR_INIT;
    for (size_t k = 0; k < t->n_classes; k++) {
        names[k] = t->classes[k].name;
        str_addf(&list, "%s%s", k ? ", " : "", names[k]);
    }
    const char *near = str_nearest(name, names, t->n_classes);
    int rc = near ? doc_fail(d, e, "no class is named \"%s\"; did you mean \"%s\"?", name, near)
                  : doc_fail(d, e, "no class is named \"%s\"; the classes are %s", name, list.s);
    str_release(&list);
    return rc;
}

static int map_read(struct task *t, const struct doc *map, struct label_rule *rule, struct err *e)
{
    if (map->type != DOC_MAP || !map->n)
        return doc_fail(map, e, "\"map\" is wanted as a map of label values to classes");
    rule->values = arena_alloc(&t->tree.arena, map->n, sizeof *rule->values, e);
    if (!rule->values)
        return e->code;
    for (const struct doc *d = map->child; d; d = d->next) {
        struct label_value *v = &rule->values[rule->n_values++];
        *v = (struct label_value){d->key, -1};
        if (d->type == DOC_INT && d->i >= 0 && d->i < (int64_t)t->n_classes)
            v->class = (int)d->i;
        else if (d->type == DOC_STRING)
            v->class = class_find(t, d->s);
        else if (d->type != DOC_NULL)
            return doc_fail(d, e,
                            "\"%s\" is mapped to a %s; wanted a class's name, its number from 0 to "
                            "%zu, or null for left out",
                            d->key,
                            d->type == DOC_INT ? "number that is no class" : doc_type_name(d->type),
                            t->n_classes - 1);
        if (d->type == DOC_STRING && v->class < 0)
            return class_unknown(t, d, d->s, e);
    }
    return OK;
}

/* condition_read - "OP NUMBER" at *s; *s past it and its comma. */
static bool condition_read(const char **s, struct condition *c)
{
    const char *p = *s;
    char *end;
    while (*p == ' ')
        p++;
    if (*p != '<' && *p != '>')
        return false;
    bool equal = p[1] == '=';
    c->op = *p == '<' ? (equal ? OP_LESS_EQUAL : OP_LESS) : (equal ? OP_GREATER_EQUAL : OP_GREATER);
    p += equal ? 2 : 1;
    c->value = strtod(p, &end);
    if (end == p || !isfinite(c->value))
        return false;
    while (*end == ' ')
        end++;
    if (*end && *end != ',')
        return false;
    *s = *end ? end + 1 : end;
    return true;
}

static int ranges_read(struct task *t, const struct doc *map, struct label_rule *rule,
                       struct err *e)
{
    size_t cap = 0;
    if (map->type != DOC_MAP || !map->n)
        return doc_fail(map, e, "\"ranges\" is wanted as a map of classes to conditions");
    for (const struct doc *d = map->child; d; d = d->next)
        cap += d->type == DOC_STRING ? d->len + 1 : 1;
    rule->conditions = arena_alloc(&t->tree.arena, cap, sizeof *rule->conditions, e);
    rule->values = arena_alloc(&t->tree.arena, map->n, sizeof *rule->values, e);
    if (!rule->conditions || !rule->values)
        return e->code;
    for (const struct doc *d = map->child; d; d = d->next) {
        int k = class_find(t, d->key);
        const char *s = d->s;
        if (!*d->key && d->type == DOC_NULL) {
            rule->lacking = true;
            continue;
        }
        if (k < 0 && d->type == DOC_NULL) {
            rule->values[rule->n_values++] = (struct label_value){d->key, -1};
            continue;
        }
        if (k < 0)
            return class_unknown(t, d, d->key, e);
        if (d->type != DOC_STRING)
            return doc_fail(d, e, "the range of \"%s\" is a %s, wanted a string as \">= 0.3\"",
                            d->key, doc_type_name(d->type));
        do {
            struct condition *c = &rule->conditions[rule->n_conditions++];
            c->class = (size_t)k;
            if (!condition_read(&s, c))
                return doc_fail(
                    d, e, "the range of \"%s\" is \"%s\", wanted as \">= 0.3\" or \"> 1, <= 2\"",
                    d->key, d->s);
        } while (*s);
    }
    return OK;
}

static bool class_reached(const struct label_rule *rule, size_t k)
{
    for (size_t i = 0; i < rule->n_values; i++)
        if (rule->values[i].class == (int)k)
            return true;
    for (size_t i = 0; i < rule->n_conditions; i++)
        if (rule->conditions[i].class == k)
            return true;
    return false;
}

/* rule_read - {field, map} or {field, ranges}. */
static int rule_read(struct task *t, const struct doc *label, struct label_rule *rule,
                     struct err *e)
{
    int rc = doc_check_keys(label, label_keys, e);
    if (!rc)
        rc = field_read(t, label, "field", &rule->field, e);
    if (rc)
        return rc;
    if (!rule->field)
        return doc_fail(label, e, "\"field\" is missing");
    const struct doc *map = spec_present(label, "map"), *ranges = spec_present(label, "ranges");
    if (!map == !ranges)
        return doc_fail(label, e, "one of \"map\" and \"ranges\" is wanted");
    rc = map ? map_read(t, map, rule, e) : ranges_read(t, ranges, rule, e);
    for (size_t k = 0; !rc && k < t->n_classes; k++)
        if (!class_reached(rule, k))
            rc = doc_fail(map ? map : ranges, e, "no label means the class \"%s\"",
                          t->classes[k].name);
    return rc;
}

static int votes_read(struct task *t, const struct doc *map, struct err *e)
{
    if (!map)
        return OK;
    if (map->type != DOC_MAP || !map->n)
        return doc_fail(map, e, "\"votes\" is wanted as a map of names to rules");
    t->votes = arena_alloc(&t->tree.arena, map->n, sizeof *t->votes, e);
    if (!t->votes)
        return e->code;
    int rc = OK;
    for (const struct doc *d = map->child; d && !rc; d = d->next) {
        struct vote *v = &t->votes[t->n_votes++];
        *v = (struct vote){.name = d->key};
        rc = rule_read(t, d, &v->rule, e);
    }
    return rc;
}

int spec_label(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *label = spec_present(root, "label");
    if (!label)
        return doc_fail(root, e, "\"label\" is missing");
    int rc = rule_read(t, label, &t->label, e);
    return rc ? rc : votes_read(t, spec_present(root, "votes"), e);
}

static int two_classes(const struct task *t, const char *sentence, struct err *e)
{
    return t->n_classes == 2 ? OK : doc_fail(doc_get(t->tree.root, "classes"), e, "%s", sentence);
}

/* first_read - a whole number or one letter. */
static int first_read(struct task *t, const struct doc *choice, struct err *e)
{
    const struct doc *d = spec_present(choice, "first");
    t->first = "0";
    if (d)
        t->first = d->type == DOC_INT && d->s ? d->s : d->type == DOC_STRING ? d->s : "";
    bool number =
        t->first[0] && strspn(t->first, "0123456789") == strlen(t->first) && strlen(t->first) < 10;
    bool letter = isalpha((unsigned char)t->first[0]) && !t->first[1];
    return number || letter ? OK
                            : doc_fail(d, e, "\"first\" is wanted as a whole number or a letter");
}

/* alternatives_set - t's examples are n texts with a reward each: its classes are their places. */
static int alternatives_set(struct task *t, const struct doc *map, size_t n, struct err *e)
{
    static const char *const places[TASK_CLASSES] = {"1", "2",  "3",  "4",  "5",  "6",  "7",  "8",
                                                     "9", "10", "11", "12", "13", "14", "15", "16"};
    const struct doc *classes = spec_present(t->tree.root, "classes");
    if (classes)
        return doc_fail(classes, e,
                        "the classes of alternatives are their places: \"classes\" says nothing");
    t->alternatives = t->n_classes = n;
    for (size_t k = 0; k < n; k++)
        t->classes[k] = (struct label_class){places[k], NULL};
    return doc_opt_str(map, "word", &t->reward_word, e);
}

int spec_choice(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *choice = spec_present(root, "choice");
    if (!choice)
        return doc_fail(root, e, "\"choice\" is missing");
    int rc = doc_check_keys(choice, choice_keys, e);
    if (!rc)
        rc = field_read(t, choice, "question", &t->question, e);
    if (!rc)
        rc = spec_field_list(t, choice, "correct", &t->correct, e);
    if (!rc)
        rc = spec_field_list(t, choice, "distractors", &t->wrong, e);
    if (!rc)
        rc = spec_field_list(t, choice, "options", &t->options, e);
    if (!rc)
        rc = spec_field_list(t, choice, "answer", &t->answer, e);
    if (!rc)
        rc = spec_field_list(t, choice, "keys", &t->keys, e);
    if (!rc)
        rc = spec_field_list(t, choice, "marks", &t->marks, e);
    if (!rc)
        rc = first_read(t, choice, e);
    size_t alternatives = 0;
    if (!rc)
        rc = doc_opt_size(choice, "alternatives", 2, TASK_CLASSES, &alternatives, e);
    if (rc)
        return rc;
    if (!t->question && !alternatives)
        return doc_fail(choice, e, "\"question\" is missing");
    bool pair = t->correct.n && t->wrong.n, list = t->options.n && (t->answer.n || t->marks.n);
    if (pair == list || (pair && (t->options.n || t->answer.n || t->keys.n || t->marks.n)) ||
        (list && (t->correct.n || t->wrong.n)))
        return doc_fail(choice, e,
                        "wanted \"correct\" and \"distractors\", or \"options\" and \"answer\" "
                        "or \"marks\"");
    if (t->marks.n && (t->answer.n || t->keys.n || spec_present(choice, "first")))
        return doc_fail(doc_get(choice, "marks"), e,
                        "\"marks\" says of each option whether it is right, so \"answer\", "
                        "\"keys\" and \"first\" say nothing more");
    if (t->keys.n && spec_present(choice, "first"))
        return doc_fail(
            doc_get(choice, "first"), e,
            "\"first\" counts options, and \"keys\" names them: one of the two is wanted");
    if (alternatives)
        return alternatives_set(t, choice, alternatives, e);
    if (spec_present(choice, "word"))
        return doc_fail(doc_get(choice, "word"), e,
                        "\"word\" is of a reward, and \"alternatives\" is missing");
    return two_classes(t, "a choice has two classes: wrong and right", e);
}

int spec_order(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *order = spec_present(root, "order");
    if (!order)
        return doc_fail(root, e, "\"order\" is missing");
    int rc = doc_check_keys(order, order_keys, e);
    if (!rc)
        rc = field_read(t, order, "better", &t->better, e);
    if (!rc)
        rc = field_read(t, order, "worse", &t->worse, e);
    if (!rc && (!t->better || !t->worse))
        rc = doc_fail(order, e, "\"%s\" is missing", t->better ? "worse" : "better");
    return rc ? rc : two_classes(t, "an order has two classes: the better is second, or first", e);
}

int spec_preference(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *map = spec_present(root, "preference");
    if (!map)
        return doc_fail(root, e, "\"preference\" is missing");
    int rc = doc_check_keys(map, preference_keys, e);
    if (!rc)
        rc = field_read(t, map, "rating", &t->rating, e);
    if (!rc && !t->rating)
        rc = doc_fail(map, e, "\"rating\" is missing");
    if (!rc)
        rc = doc_opt_real(map, "gap", 0, 1e300, &t->gap, e);
    return rc ? rc : alternatives_set(t, map, 2, e);
}

int spec_bands(struct task *t, struct err *e)
{
    const struct doc *bands = spec_present(t->tree.root, "bands");
    if (!bands)
        return OK;
    int rc = doc_check_keys(bands, band_keys, e);
    if (!rc)
        rc = field_read(t, bands, "field", &t->level, e);
    if (!rc && !t->level)
        rc = doc_fail(bands, e, "\"field\" is missing");
    if (rc)
        return rc;
    const struct doc *cuts = doc_get(bands, "cuts");
    if (!cuts || cuts->type != DOC_LIST || !cuts->n || cuts->n > TASK_BANDS - 1)
        return doc_fail(cuts ? cuts : bands, e, "\"cuts\" is wanted as a list of 1 to %d numbers",
                        TASK_BANDS - 1);
    for (const struct doc *d = cuts->child; d; d = d->next) {
        if ((d->type != DOC_INT && d->type != DOC_REAL) ||
            (t->n_cuts && d->r <= t->cuts[t->n_cuts - 1]))
            return doc_fail(d, e, "\"cuts\" is wanted as numbers that rise");
        t->cuts[t->n_cuts++] = d->r;
    }
    return OK;
}

int spec_generation(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *answer = spec_present(root, "answer");
    int rc;
    if (!answer)
        return doc_fail(root, e, "\"answer\" is missing");
    t->n_classes = 1;
    t->classes[0] = (struct label_class){"answer", NULL};
    if (answer->type == DOC_STRING) {
        rc = spec_field(t, answer, answer->s, &t->written, e);
    } else {
        rc = doc_check_keys(answer, answer_keys, e);
        if (!rc)
            rc = field_read(t, answer, "text", &t->written, e);
        if (!rc && !t->written)
            rc = doc_fail(answer, e, "\"text\" is missing");
        if (!rc)
            rc = field_read(t, answer, "position", &t->position, e);
    }
    return rc;
}
