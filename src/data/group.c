/* group.c - see group.h. */
#include "data/group.h"

#include <string.h>

size_t group_shared(const struct reading *g, size_t n)
{
    size_t same = n > 1 ? g[0].len : 0, lines = 0;
    for (size_t k = 1; k < n; k++) {
        size_t i = 0;
        while (i < same && i < g[k].len && g[k].text[i] == g[0].text[i])
            i++;
        same = i;
    }
    for (size_t k = 0; k < n; k++)
        same = same && same == g[k].len ? same - 1 : same;
    for (size_t i = 0; i < same; i++)
        if (g[0].text[i] == '\n')
            lines = i + 1;
    return lines;
}

void group_text(struct str *out, const struct reading *g, size_t n)
{
    size_t shared = group_shared(g, n);
    str_catn(out, g[0].text, shared);
    for (size_t k = 0; k < n; k++) {
        str_addf(out, "%s[%zu] ", k ? "\n" : "", k + 1);
        str_catn(out, g[k].text + shared, g[k].len - shared);
    }
}

int example_join(struct example *x, struct arena *a, struct err *e)
{
    struct str s = STR_INIT;
    group_text(&s, x->group, x->n_group);
    int rc = str_check(&s, e);
    if (!rc && !(x->text = arena_strndup(a, s.s, s.len, e)))
        rc = e->code;
    if (!rc)
        x->len = s.len;
    str_release(&s);
    return rc;
}
