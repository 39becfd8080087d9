/* study_idle.c - settings that change nothing: a study is what it is without them. */
#include "lab/study.h"
#include "core/mem.h"

#include <string.h>

/* settings_text - all of a study but what it is called. */
static int settings_text(const struct study *s, struct str *out, struct err *e)
{
    struct study nameless = *s;
    nameless.name = nameless.title = "";
    return study_resolved(&nameless, NULL, NULL, out, e);
}

int study_same(const struct study *a, const struct study *b, bool *same, struct err *e)
{
    struct str one = STR_INIT, other = STR_INIT;
    int rc = settings_text(a, &one, e);
    if (!rc)
        rc = settings_text(b, &other, e);
    *same = !rc && strcmp(one.s, other.s) == 0;
    str_release(&one);
    str_release(&other);
    return rc;
}

/* value_alike - whether two values are written alike; a list of one is its entry. */
static bool value_alike(const struct doc *a, const struct doc *b)
{
    struct str one = STR_INIT, other = STR_INIT;
    if (!a || !b)
        return false;
    doc_write_json(&one, a->type == DOC_LIST && a->n == 1 ? a->child : a);
    doc_write_json(&other, b->type == DOC_LIST && b->n == 1 ? b->child : b);
    bool alike = !one.failed && !other.failed && strcmp(one.s, other.s) == 0;
    str_release(&one);
    str_release(&other);
    return alike;
}

/* sides_say - what the sides say of a key that is for both, and so goes before it; nothing where
 * they do not. */
static void sides_say(const struct doc *root, const char *key, struct str *why)
{
    static const char *const sides[] = {"supervisor", "student"};
    static const char *const training = "training.";
    const char *own = str_starts(key, training) ? key + strlen(training) : key;
    struct str at = STR_INIT, set = STR_INIT;
    for (int i = 0; i < 2; i++) {
        str_reset(&at);
        str_addf(&at, "%s.%s", sides[i], own);
        if (!at.failed && doc_path(root, at.s))
            str_addf(&set, "%s%s", set.len ? " and " : "", at.s);
    }
    if (set.len)
        str_addf(why, ": what holds is %s", set.s);
    why->failed = why->failed || at.failed || set.failed;
    str_release(&at);
    str_release(&set);
}

/* why_say - of a key that changes nothing in s what can be said. */
static int why_say(const struct study *s, const char *key, struct str *why, struct err *e)
{
    struct str yaml = STR_INIT, head = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    str_catn(&head, key, strcspn(key, "."));
    int rc = str_check(&head, e);
    if (!rc)
        rc = settings_text(s, &yaml, e);
    if (!rc)
        rc = doc_parse_yaml(&t, yaml.s, yaml.len, s->name, e);
    if (!rc && method_find(head.s) && !doc_get(t.root, head.s))
        str_addf(why, ": %s is none of its methods", head.s);
    else if (!rc && value_alike(doc_path(s->tree.root, key), doc_path(t.root, key)))
        str_cat(why, ": it is what it has without it");
    else if (!rc)
        sides_say(s->tree.root, key, why);
    doc_tree_release(&t);
    str_release(&yaml);
    str_release(&head);
    return rc ? rc : str_check(why, e);
}

/* without_read - the study without the k-th of its n overrides: *there, where it can be read. */
static int without_read(struct study *s, const char *path, const char *const *overrides, size_t n,
                        size_t k, bool *there, struct err *e)
{
    struct err why = ERR_INIT;
    const char **others = mem_alloc(n, sizeof *others, e);
    if (!others)
        return e->code;
    for (size_t i = 0, m = 0; i < n; i++)
        if (i != k)
            others[m++] = overrides[i];
    *there = !study_read(s, path, others, n - 1, &why);
    mem_free(others);
    if (why.code == ERR_NOMEM)
        *e = why;
    return why.code == ERR_NOMEM ? e->code : OK;
}

int study_idle(const struct study *s, const char *path, const char *const *overrides, size_t n,
               size_t k, struct str *why, struct err *e)
{
    struct study less;
    struct str key = STR_INIT;
    bool there = false, same = false;
    if (str_starts(overrides[k], "name=") || str_starts(overrides[k], "title="))
        return OK;
    int rc = without_read(&less, path, overrides, n, k, &there, e);
    if (rc || !there)
        return rc;
    rc = study_same(s, &less, &same, e);
    study_release(&less);
    if (rc || !same)
        return rc;
    str_catn(&key, overrides[k], strcspn(overrides[k], "="));
    str_addf(why, "%s changes nothing in this study", overrides[k]);
    rc = str_check(&key, e);
    if (!rc)
        rc = why_say(s, key.s, why, e);
    str_release(&key);
    return rc;
}
