/* dialogue.c - see dialogue.h. */
#include "data/dialogue.h"
#include "data/value.h"

#include <string.h>

static const struct {
    const char *role, *begins;
} roles[] = {
    {"user", DIALOGUE_HUMAN},  {"assistant", "Assistant: "}, {"system", "System: "},
    {"human", DIALOGUE_HUMAN}, {"gpt", "Assistant: "},
};

static const char *const keys[][2] = {{"role", "content"}, {"from", "value"}};
enum { KEYS = sizeof keys / sizeof *keys };

/* keys_of - which of keys a message has; KEYS: none. */
static size_t keys_of(const struct doc *message)
{
    size_t k = 0;
    while (k < KEYS && !(doc_get(message, keys[k][0]) && doc_get(message, keys[k][1])))
        k++;
    return k;
}

bool dialogue_is(const struct doc *d)
{
    return d->type == DOC_LIST && d->child && keys_of(d->child) < KEYS;
}

/* turn_write - of the n-th message. */
static int turn_write(const struct doc *message, size_t n, struct str *out, struct err *e)
{
    const size_t k = keys_of(message);
    if (k == KEYS)
        return doc_fail(
            message, e,
            "message %zu of a dialogue has no \"role\" and \"content\" (or \"from\" and "
            "\"value\")",
            n);
    const struct doc *role = doc_get(message, keys[k][0]), *said = doc_get(message, keys[k][1]);
    size_t i = 0;
    while (i < sizeof roles / sizeof *roles &&
           (role->type != DOC_STRING || strcmp(role->s, roles[i].role) != 0))
        i++;
    if (i == sizeof roles / sizeof *roles)
        return doc_fail(message, e,
                        "the \"%s\" of message %zu is \"%.40s\", wanted user (or human), assistant "
                        "(or gpt), or system",
                        keys[k][0], n,
                        role->type == DOC_STRING ? role->s : doc_type_name(role->type));
    if (said->type != DOC_STRING)
        return doc_fail(message, e, "the \"%s\" of message %zu is %s, wanted a text", keys[k][1], n,
                        doc_type_name(said->type));
    str_cat(out, n > 1 ? "\n\n" : "");
    str_cat(out, roles[i].begins);
    return value_scalar(said, keys[k][1], out, e);
}

int dialogue_write(const struct doc *d, struct str *out, struct err *e)
{
    size_t n = 0;
    int rc = OK;
    for (const struct doc *message = d->child; !rc && message; message = message->next)
        rc = turn_write(message, ++n, out, e);
    return rc;
}
