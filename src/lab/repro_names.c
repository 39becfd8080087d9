/* repro_names.c - what people read of the names of pairs. */
#include "lab/repro_rows.h"

#include <string.h>

/* model_part - of "model/layers" the bytes of the model; 0 where it is no such id. */
static size_t model_part(const char *id)
{
    const char *slash = strrchr(id, '/');
    return slash && slash[1] && strspn(slash + 1, "0123456789") == strlen(slash + 1)
               ? (size_t)(slash - id)
               : 0;
}

size_t model_id_bytes(const char *id)
{
    size_t n = 0; /* a folder may be called by a number, too: the last one is the layers */
    for (const char *p = strchr(id, '/'); p; p = strchr(p + 1, '/')) {
        size_t digits = strspn(p + 1, "0123456789");
        if (digits && (!p[1 + digits] || p[1 + digits] == '/'))
            n = (size_t)(p + 1 + digits - id);
    }
    return n;
}

bool rows_one_model(const struct samples *s)
{
    const char *first = s->n ? s->rows[0].student : "";
    size_t n = model_part(first);
    for (size_t i = 0; i < s->n; i++) {
        const char *const ids[] = {s->rows[i].supervisor, s->rows[i].student};
        for (size_t k = 0; k < 2; k++)
            if (!n || model_part(ids[k]) != n || strncmp(ids[k], first, n) != 0)
                return false;
    }
    return n > 0;
}

/* tail - where the last `parts` parts of a path of n bytes begin. */
static size_t tail(const char *path, size_t n, size_t parts)
{
    for (; n; n--)
        if (path[n - 1] == '/' && !--parts)
            break;
    return n;
}

/* model_words - of a model's path as many of its last parts as tell it from the other models, and
 * its layers where it is there with several. n: model_part of its id. */
static void model_words(const struct samples *s, const char *id, size_t n, struct str *out)
{
    bool alone = false, layers = false;
    size_t from = 0;
    for (size_t parts = 1; !alone; parts++) {
        from = tail(id, n, parts);
        alone = true;
        for (size_t i = 0; i < 2 * s->n; i++) {
            const char *other = i % 2 ? s->rows[i / 2].student : s->rows[i / 2].supervisor;
            size_t m = model_part(other), at = tail(other, m, parts);
            bool same = m == n && strncmp(other, id, n) == 0;
            layers = layers || (same && strcmp(other, id) != 0);
            alone = alone && (same || m - at != n - from || strncmp(other + at, id + from, m - at));
        }
        alone = alone || !from;
    }
    str_catn(out, id + from, n - from);
    if (layers)
        str_addf(out, ", %s layer%s", id + n + 1, strcmp(id + n + 1, "1") ? "s" : "");
}

void row_words(const struct samples *s, enum repro_key key, const char *name, struct str *out)
{
    bool who = key == KEY_SUPERVISOR || key == KEY_STUDENT;
    size_t model = who ? model_part(name) : 0;
    if (model && rows_one_model(s))
        str_addf(out, "%s layer%s", name + model + 1, strcmp(name + model + 1, "1") ? "s" : "");
    else if (model)
        model_words(s, name, model, out);
    else
        str_cat(out, *name ? name : "all");
}
