/* rule.c - see rule.h. */
#include "data/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* condition_holds - false is also the answer for NAN, which no file's number becomes. */
static bool condition_holds(const struct condition *c, double x)
{
    switch (c->op) {
    case OP_LESS:
        return x < c->value;
    case OP_LESS_EQUAL:
        return x <= c->value;
    case OP_GREATER:
        return x > c->value;
    default:
        return x >= c->value;
    }
}

int value_number(const struct field *f, const struct place *p, struct str *scratch, double *out,
                 struct err *e)
{
    char *end = NULL;
    str_reset(scratch);
    int rc = value_one(f, p, scratch, e);
    if (rc)
        return rc;
    *out = strtod(scratch->s, &end);
    if (end == scratch->s || *end || !isfinite(*out))
        return doc_fail(p->row, e, "\"%s\" is \"%.60s\", wanted a number", f->path, scratch->s);
    return OK;
}

/* class_by_range - the class all of whose conditions hold. */
static int class_by_range(const struct task *t, const struct label_rule *rule,
                          const struct place *p, struct str *scratch, int *label,
                          double *confidence, struct err *e)
{
    double x = 0;
    int rc = OK;
    *label = LEFT_OUT;
    str_reset(scratch);
    if (rule->lacking && value_lacks(rule->field, p))
        return OK;
    if (rule->lacking || rule->n_values)
        rc = value_one(rule->field, p, scratch, e);
    if (!rc && rule->lacking && !scratch->len)
        return OK;
    for (size_t i = 0; i < rule->n_values && !rc; i++)
        if (strcmp(rule->values[i].value, scratch->s) == 0)
            return OK;
    if (!rc)
        rc = value_number(rule->field, p, scratch, &x, e);
    if (rc)
        return rc;
    *confidence = fabs(x);
    for (size_t k = 0; k < t->n_classes; k++) {
        bool all = true;
        for (size_t i = 0; i < rule->n_conditions; i++)
            all =
                all && (rule->conditions[i].class != k || condition_holds(&rule->conditions[i], x));
        if (all && *label != LEFT_OUT)
            return doc_fail(p->row, e,
                            "\"%s\" is %g, which is in the ranges of \"%s\" and of \"%s\"",
                            rule->field->path, x, t->classes[*label].name, t->classes[k].name);
        if (all)
            *label = (int)k;
    }
    return OK;
}

static int class_by_map(const struct label_rule *rule, const struct place *p, struct str *scratch,
                        int *label, struct err *e)
{
    struct str list = STR_INIT;
    bool empty = false; /* of which nothing and null are, too, where the map has it */
    for (size_t i = 0; i < rule->n_values; i++)
        empty = empty || !*rule->values[i].value;
    str_reset(scratch);
    str_cat(scratch, "");
    int rc = empty && value_lacks(rule->field, p) ? str_check(scratch, e)
                                                  : value_one(rule->field, p, scratch, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < rule->n_values; i++) {
        if (strcmp(rule->values[i].value, scratch->s) == 0) {
            *label = rule->values[i].class;
            return OK;
        }
    }
    for (size_t i = 0; i < rule->n_values; i++)
        str_addf(&list, "%s\"%s\"", i ? ", " : "", rule->values[i].value);
    rc = doc_fail(p->row, e, "\"%s\" is \"%.60s\", wanted one of %s", rule->field->path, scratch->s,
                  list.s);
    str_release(&list);
    return rc;
}

int rule_class(const struct task *t, const struct label_rule *rule, const struct place *p,
               struct str *scratch, int *label, double *confidence, struct err *e)
{
    return rule->n_conditions ? class_by_range(t, rule, p, scratch, label, confidence, e)
                              : class_by_map(rule, p, scratch, label, e);
}
