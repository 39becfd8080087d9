/* shown.c - what models are called where people read: a path by as many of its last parts as tell
 * it from the study's other models. */
#include "lab/plan.h"

#include <string.h>

/* length - without slashes at the end. */
static size_t length(const char *s)
{
    size_t n = strlen(s);
    while (n > 1 && s[n - 1] == '/')
        n--;
    return n;
}

/* tail - where the last `parts` parts of a path begin; *all: it has no more. */
static const char *tail(const char *path, size_t parts, bool *all)
{
    const char *at = path + length(path);
    for (; at > path; at--)
        if (at[-1] == '/' && !--parts)
            break;
    *all = at == path;
    return at;
}

static bool same(const char *a, const char *b)
{
    return length(a) == length(b) && memcmp(a, b, length(a)) == 0;
}

void shown_name(const char *const *names, const bool *paths, size_t n, size_t i, struct str *out)
{
    bool all = !paths[i], ignored, alone = false;
    const char *own = names[i];
    for (size_t parts = 1; !all && !alone; parts++) {
        own = tail(names[i], parts, &all);
        bool other = false;
        for (size_t k = 0; k < n; k++)
            other = other ||
                    (k != i && same(own, paths[k] ? tail(names[k], parts, &ignored) : names[k]));
        alone = !other;
    }
    str_catn(out, alone ? own : names[i], alone ? length(own) : strlen(names[i]));
}
