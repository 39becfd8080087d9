/* shelf.c - see shelf.h. */
#include "cli/shelf.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

/* Every finding that a runs folder has. */
struct shelf {
    char **names;
    struct str *dirs;
    const char **paths;
    struct doc_tree *trees;
    const struct doc **roots;
    size_t n;
};

static void shelf_release(struct shelf *s)
{
    for (size_t i = 0; s->trees && i < s->n; i++)
        doc_tree_release(&s->trees[i]);
    for (size_t i = 0; s->dirs && i < s->n; i++)
        str_release(&s->dirs[i]);
    mem_free(s->names);
    mem_free(s->dirs);
    mem_free((void *)s->paths);
    mem_free(s->trees);
    mem_free((void *)s->roots);
}

/* shelf_put - the finding of a folder; one that cannot be shown is said, and counted. */
static int shelf_put(struct shelf *s, const char *dir, struct log *log, size_t *bad, struct err *e)
{
    struct err why = ERR_INIT;
    struct doc_tree *t = &s->trees[s->n];
    if (!finding_load(t, dir, &why)) {
        s->roots[s->n] = t->root;
        s->paths[s->n++] = dir;
        return OK;
    }
    doc_tree_release(t);
    *t = (struct doc_tree)DOC_TREE_INIT;
    if (why.code == ERR_NOMEM) {
        *e = why;
        return e->code;
    }
    log_warn(log, "left off the pages: %s", why.msg);
    ++*bad;
    return OK;
}

static int shelf_read(struct shelf *s, const char *dir, struct log *log, size_t *bad, struct err *e)
{
    size_t all = 0;
    struct str path = STR_INIT;
    memset(s, 0, sizeof *s);
    int rc = file_list_stems(dir, "", &s->names, &all, e);
    if (rc)
        return rc;
    s->dirs = mem_zalloc(all, sizeof *s->dirs, e);
    s->paths = s->dirs ? mem_zalloc(all, sizeof *s->paths, e) : NULL;
    s->trees = s->paths ? mem_zalloc(all, sizeof *s->trees, e) : NULL;
    s->roots = s->trees ? mem_zalloc(all, sizeof *s->roots, e) : NULL;
    if (!s->roots)
        return e->code;
    for (size_t i = 0; i < all && !rc; i++) {
        size_t before = s->n;
        struct str *own = &s->dirs[before];
        str_init(own);
        str_path(own, dir, s->names[i]);
        str_path(&path, own->s, "finding.json");
        rc = str_check(&path, e);
        if (!rc && file_exists(path.s))
            rc = shelf_put(s, own->s, log, bad, e);
        if (s->n == before)
            str_release(own);
    }
    str_release(&path);
    return rc;
}

/* figures_copy - every figure as <stem>/<id>.svg beside the Markdown page. */
static int figures_copy(const struct shelf *s, const char *dir, struct err *e)
{
    struct str from = STR_INIT, svg = STR_INIT, name = STR_INIT;
    int rc = file_mkdirs(dir, e);
    for (size_t i = 0; i < s->n && !rc; i++) {
        str_reset(&svg);
        str_reset(&name);
        str_path(&from, s->paths[i], "figure.svg");
        finding_id(s->roots[i], &name);
        str_cat(&name, ".svg");
        if (str_check(&from, e) || str_check(&name, e))
            rc = e->code;
        else if (file_exists(from.s) && !(rc = file_read(&svg, from.s, e)))
            rc = file_write_in(dir, name.s, &svg, e);
    }
    str_release(&from);
    str_release(&svg);
    str_release(&name);
    return rc;
}

/* page_read - a page that is there already, which has to be one that this program wrote. */
static int page_read(const char *file, struct str *old, struct err *e)
{
    if (!file_exists(file))
        return OK;
    int rc = file_read(old, file, e);
    if (!rc && !findings_page_is(old->s))
        rc = err_set(e, ERR_INPUT,
                     "%s: not a page of findings: its first line is not \"" FINDINGS_PAGE
                     "\"; another FILE, or none there",
                     file);
    return rc;
}

int findings_page_check(const char *file, struct err *e)
{
    struct str old = STR_INIT;
    int rc = page_read(file, &old, e);
    if (!rc && !(rc = file_folder(&old, file, e)) && !(rc = file_mkdirs(old.s, e)) &&
        !file_writable(old.s))
        rc = err_set(e, ERR_INPUT, "%s: the folder cannot be written to", old.s);
    str_release(&old);
    return rc;
}

/* markdown_write - FILE and, for FILE.md, the folder FILE of figures. */
static int markdown_write(const struct shelf *s, const struct findings *f, const char *file,
                          struct err *e)
{
    struct str page = STR_INIT, dir = STR_INIT, old = STR_INIT;
    size_t stem = strlen(file);
    str_catn(&dir, file, stem - 3);
    int rc = str_check(&dir, e);
    if (!rc)
        rc = page_read(file, &old, e);
    if (!rc)
        rc = figures_copy(s, dir.s, e);
    if (!rc)
        rc = findings_markdown(f, file_name(dir.s), old.s, &page, e);
    if (!rc)
        rc = file_write(file, page.s, page.len, e);
    str_release(&page);
    str_release(&dir);
    str_release(&old);
    return rc;
}

int findings_pages(const struct pages *p, size_t *bad, struct err *e)
{
    struct shelf s;
    struct findings f = {.now = p->now, .n_now = p->n_now};
    struct str dir = STR_INIT, page = STR_INIT;
    str_path(&dir, p->runs, "findings");
    int rc = str_check(&dir, e);
    if (rc)
        return rc;
    if ((rc = shelf_read(&s, dir.s, p->log, bad, e)))
        goto out;
    f.roots = s.roots;
    f.dirs = s.paths;
    f.n = s.n;
    if (s.n && (rc = findings_html(&f, &page, e)))
        goto out;
    if (s.n && (rc = file_write_in(dir.s, "findings.html", &page, e)))
        goto out;
    if (p->markdown)
        rc = markdown_write(&s, &f, p->markdown, e);
    if (!rc && s.n && p->say)
        printf("\nall findings: %s/findings.html\n", dir.s);
out:
    shelf_release(&s);
    str_release(&dir);
    str_release(&page);
    return rc;
}
