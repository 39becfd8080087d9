/* texts.c - reading texts. */
#include "cli/texts.h"
#include "core/file.h"

#include <string.h>

static int line_text(const char *name, const char *line, size_t n, size_t number,
                     int (*each)(void *, const char *, size_t, size_t, struct err *), void *ctx,
                     struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    const char *text;
    int rc = doc_parse_json(&t, line, n, name, (int)number, e);
    if (!rc)
        rc = doc_str(t.root, "text", &text, e);
    if (!rc)
        rc = each(ctx, text, doc_get(t.root, "text")->len, number, e);
    doc_tree_release(&t);
    return rc;
}

int texts_read(const char *path,
               int (*each)(void *ctx, const char *text, size_t n, size_t line, struct err *e),
               void *ctx, struct err *e)
{
    struct str all = STR_INIT;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    int rc = file_read(&all, path, e);
    /* A byte order mark is no part of the text. */
    size_t at = all.len >= 3 && memcmp(all.s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, number = 0;
    bool json = str_ends(path, ".jsonl") || all.s[at] == '{';
    if (!rc && all.len && memchr(all.s, '\0', all.len))
        rc = err_set(e, ERR_INPUT, "%s holds NUL bytes, wanted text in UTF-8 (UTF-16 perhaps?)",
                     name);
    while (!rc && at < all.len) {
        const char *end = memchr(all.s + at, '\n', all.len - at);
        size_t n = end ? (size_t)(end - all.s) - at : all.len - at, next = at + n + 1;
        if (n && all.s[at + n - 1] == '\r')
            n--;
        number++;
        if (json && n)
            rc = line_text(name, all.s + at, n, number, each, ctx, e);
        else if (!json)
            rc = each(ctx, all.s + at, n, number, e);
        at = next;
    }
    str_release(&all);
    return rc;
}
