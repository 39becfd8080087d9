/* finding_page.c - a Markdown page of findings that grows: what it says of those that are not
 * written anew stays. */
#include "report/finding.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a page, without the blank lines behind it. */
struct piece {
    const char *at;
    size_t n;
};

/* A finding on a page: n 0 where it has no such piece. */
struct entry {
    struct piece name, row, section;
};

struct entries {
    struct entry *at;
    size_t n, cap;
};

static bool piece_is(struct piece a, struct piece b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static int piece_order(struct piece a, struct piece b)
{
    int order = memcmp(a.at, b.at, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int entry_order(const void *a, const void *b)
{
    return piece_order(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* entry_of - the finding of that name, made where there is none; NULL: no memory. */
static struct entry *entry_of(struct entries *all, struct piece name, struct err *e)
{
    for (size_t i = 0; i < all->n; i++)
        if (piece_is(all->at[i].name, name))
            return &all->at[i];
    if (mem_grow(&all->at, &all->cap, all->n + 1, sizeof *all->at, e))
        return NULL;
    all->at[all->n] = (struct entry){.name = name};
    return &all->at[all->n++];
}

static size_t line_length(const char *s)
{
    return strcspn(s, "\n");
}

/* section_length - to where the next one begins, or the page ends. */
static size_t section_length(const char *s)
{
    const char *next = strstr(s, "\n## ");
    size_t n = next ? (size_t)(next - s) : strlen(s);
    while (n && s[n - 1] == '\n')
        n--;
    return n;
}

/* page_pieces - rows of its table, up to the first section, and sections; one that is there already
 * stays as it is. */
static int page_pieces(const char *page, struct entries *all, struct err *e)
{
    bool table = true;
    for (const char *s = page; *s; s += line_length(s), s += *s == '\n') {
        bool row = table && str_starts(s, "| ["), section = str_starts(s, "## ");
        const char *name = s + 3, *end = strstr(name, row ? "](" : "\n");
        if (!row && !section)
            continue;
        table = table && row;
        struct piece own = {name, end && row && end < s + line_length(s) ? (size_t)(end - name)
                                                                         : line_length(name)};
        struct entry *x = entry_of(all, own, e);
        if (!x)
            return e->code;
        struct piece *to = row ? &x->row : &x->section;
        if (!to->n)
            *to = (struct piece){s, row ? line_length(s) : section_length(s)};
    }
    return OK;
}

bool findings_page_is(const char *text)
{
    size_t n = strlen(FINDINGS_PAGE);
    return strncmp(text, FINDINGS_PAGE, n) == 0 && text[n] == '\n';
}

static void piece_write(struct piece p, const char *before, struct str *out)
{
    if (!p.n)
        return;
    str_cat(out, before);
    str_catn(out, p.at, p.n);
    str_addc(out, '\n');
}

static void head_write(struct str *out)
{
    str_cat(
        out, FINDINGS_PAGE
        "\n\nEvery number here was computed and written by `w2s reproduce`. A claim *holds* where "
        "its whole interval (95 % unless the finding says otherwise) lies on the side that is "
        "wanted, *does not hold* where all of it lies on the other, and else *cannot tell*. "
        "Intervals are by bootstrap over seeds and test examples, the models and studies of a "
        "finding together ([reproduce](reproduce.md)). PGR is – where it is undefined: the "
        "ceiling is not above the supervisor beyond the noise.\n\n"
        "| finding | verdict | claims that hold | scale | time | seeds |\n"
        "|---|---|---|---|---|---|\n");
}

int findings_markdown(const struct doc *const *findings, const char *const *dirs, size_t n,
                      const char *figures, const char *old, struct str *out, struct err *e)
{
    struct entries all = {NULL, 0, 0};
    struct str fresh = STR_INIT;
    for (size_t i = 0; i < n; i++)
        finding_row(findings[i], &fresh);
    for (size_t i = 0; i < n; i++)
        finding_section(findings[i], dirs[i], figures, &fresh);
    int rc = str_check(&fresh, e);
    if (!rc)
        rc = page_pieces(fresh.s, &all, e);
    if (!rc)
        rc = page_pieces(old, &all, e);
    if (!rc && all.n)
        qsort(all.at, all.n, sizeof *all.at, entry_order);
    head_write(out);
    for (size_t i = 0; i < all.n; i++)
        piece_write(all.at[i].row, "", out);
    for (size_t i = 0; i < all.n; i++)
        piece_write(all.at[i].section, "\n", out);
    mem_free(all.at);
    str_release(&fresh);
    return rc ? rc : str_check(out, e);
}
