/* finding_page.c - a Markdown page of findings that grows: what it says of those that are not
 * written anew stays, and is marked where one of their files has changed since. */
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

enum file_now finding_file_now(const struct findings *f, const char *name, const char *scale,
                               const char *hash)
{
    for (size_t i = f->n_now; i-- > 0;)
        if (strcmp(f->now[i].name, name) == 0 && strcmp(f->now[i].scale, scale) == 0)
            return *hash && strcmp(f->now[i].hash, hash) == 0 ? FILE_SAME : FILE_OTHER;
    return FILE_UNKNOWN;
}

/* word_after - up to a blank or a line's end what follows the first `mark` in text; "" without one.
 */
static void word_after(const char *text, const char *mark, struct str *out)
{
    const char *at = strstr(text, mark);
    if (at)
        str_catn(out, at + strlen(mark), strcspn(at + strlen(mark), " \n"));
}

/* section_file - by the name and the hash that it has itself. */
static enum file_now section_file(const struct findings *f, const char *section, struct str *out)
{
    struct str name = STR_INIT, hash = STR_INIT, scale = STR_INIT;
    word_after(section, "## ", &name);
    str_addc(&scale, '-');
    word_after(section, " --scale ", &scale);
    if (scale.len > 1 && str_ends(name.s, scale.s) &&
        strcmp(scale.s, "-laptop") != 0) { /* finding_id */
        name.len -= scale.len;
        name.s[name.len] = '\0';
    }
    word_after(section, "\n" FINDING_FILE_BEGIN, &hash);
    enum file_now now = finding_file_now(f, name.s, scale.len > 1 ? scale.s + 1 : "laptop", hash.s);
    out->failed = out->failed || name.failed || hash.failed || scale.failed;
    str_release(&name);
    str_release(&hash);
    str_release(&scale);
    return now;
}

#define ROW_MARK "; " FINDING_EARLIER

/* row_write - its verdict is marked, or not marked any more. */
static void row_write(struct piece p, enum file_now now, struct str *out)
{
    struct str row = STR_INIT;
    str_catn(&row, p.at, p.n);
    char *verdict = strstr(row.s, " | "), *end = verdict ? strstr(verdict + 3, " | ") : NULL;
    char *mark = end ? strstr(verdict, ROW_MARK) : NULL;
    if (end && now != FILE_UNKNOWN) {
        char *rest = mark ? mark + strlen(ROW_MARK) : end;
        str_catn(out, row.s, (size_t)((mark ? mark : end) - row.s));
        str_cat(out, now == FILE_OTHER ? ROW_MARK : "");
        str_cat(out, rest);
    } else {
        str_cat(out, row.s);
    }
    if (p.n)
        str_addc(out, '\n');
    out->failed = out->failed || row.failed;
    str_release(&row);
}

#define SECTION_MARK "**This is " FINDING_EARLIER "**: " FINDING_EARLIER_WHY "."

/* paragraph_end - where the next one begins. */
static const char *paragraph_end(const char *s)
{
    s += line_length(s);
    return s + strspn(s, "\n");
}

/* section_write - below its heading and its file's hash it is marked, or not marked any more. */
static void section_write(const char *text, enum file_now now, struct str *out)
{
    const char *begin = paragraph_end(text);
    begin = str_starts(begin, FINDING_FILE_BEGIN) ? paragraph_end(begin) : begin;
    const char *rest = str_starts(begin, SECTION_MARK) ? paragraph_end(begin) : begin;
    str_addc(out, '\n');
    str_catn(out, text, (size_t)((now == FILE_UNKNOWN ? rest : begin) - text));
    str_cat(out, now == FILE_OTHER ? SECTION_MARK "\n\n" : "");
    str_cat(out, rest);
    str_addc(out, '\n');
}

/* entries_write - all rows, then all sections. */
static void entries_write(const struct findings *f, const struct entries *all, struct str *out)
{
    struct str sections = STR_INIT, text = STR_INIT;
    for (size_t i = 0; i < all->n; i++) {
        const struct entry *x = &all->at[i];
        str_reset(&text);
        str_catn(&text, x->section.at, x->section.n);
        enum file_now now = section_file(f, text.s, out);
        row_write(x->row, now, out);
        if (x->section.n)
            section_write(text.s, now, &sections);
    }
    str_cat(out, sections.s);
    out->failed = out->failed || sections.failed || text.failed;
    str_release(&sections);
    str_release(&text);
}

static void head_write(struct str *out)
{
    str_cat(
        out, FINDINGS_PAGE
        "\n\nEvery number here was computed and written by `w2s reproduce`. A claim *holds* where "
        "its whole interval (95 % unless the finding says otherwise) lies on the side that is "
        "wanted, *does not hold* where all of it lies on the other, and else *cannot tell*. "
        "Intervals are by bootstrap over seeds and test examples, the models and studies of a "
        "finding together ([reproduce](reproduce.md)). " FINDINGS_SEEDS " What is *" FINDING_EARLIER
        "* tested what the finding, its studies, tasks or ladders said before. PGR is – where it "
        "is undefined: the "
        "ceiling is not above the supervisor beyond the noise. What a pair took is its student's "
        "with "
        "all that it stands on, each job once, a mean over seeds; the ceiling is none of it "
        "([result files](result-files.md)).\n\n"
        "| finding | verdict | claims that hold | scale | time | seeds |\n"
        "|---|---|---|---|---|---|\n");
}

int findings_markdown(const struct findings *f, const char *figures, const char *old,
                      struct str *out, struct err *e)
{
    struct entries all = {NULL, 0, 0};
    struct str fresh = STR_INIT;
    for (size_t i = 0; i < f->n; i++)
        finding_row(f->roots[i], &fresh);
    for (size_t i = 0; i < f->n; i++)
        finding_section(f->roots[i], f->dirs[i], figures, &fresh);
    int rc = str_check(&fresh, e);
    if (!rc)
        rc = page_pieces(fresh.s, &all, e);
    if (!rc)
        rc = page_pieces(old, &all, e);
    if (!rc && all.n)
        qsort(all.at, all.n, sizeof *all.at, entry_order);
    head_write(out);
    entries_write(f, &all, out);
    mem_free(all.at);
    str_release(&fresh);
    return rc ? rc : str_check(out, e);
}
