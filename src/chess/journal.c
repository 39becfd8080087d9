/* journal.c - the file of games that are done. */
#include "chess/journal.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>
#include <unistd.h>

struct lines {
    char *s, *end;
};

/* line_next - the next line, its end a NUL; NULL where there is none. text is NUL-terminated. */
static char *line_next(struct lines *t, size_t *n)
{
    char *line = t->s, *end = line < t->end ? memchr(line, '\n', (size_t)(t->end - line)) : NULL;
    if (line >= t->end)
        return NULL;
    t->s = end ? end + 1 : t->end;
    *n = (size_t)((end ? end : t->end) - line);
    line[*n] = '\0';
    return line;
}

static void value_show(struct str *out, const struct doc *d)
{
    if (d)
        doc_write_json(out, d);
    else
        str_cat(out, "nothing");
}

/* settings_same - that of the file against ours. */
static int settings_same(const struct journal *j, char *line, size_t n, const char *ours,
                         struct err *e)
{
    struct doc_tree was = DOC_TREE_INIT, is = DOC_TREE_INIT;
    struct str a = STR_INIT, b = STR_INIT;
    int rc = doc_parse_json(&is, ours, strlen(ours), "settings", 1, e);
    if (!rc)
        rc = doc_parse_json(&was, line, n, j->path, 1, e);
    if (rc == ERR_INPUT || (!rc && was.root->type != DOC_MAP))
        rc = err_set(e, ERR_INPUT, "%s: not a journal of w2s; delete it to begin anew", j->path);
    for (const struct doc *d = rc ? NULL : is.root->child; d && !rc; d = d->next) {
        str_reset(&a), str_reset(&b);
        value_show(&a, doc_get(was.root, d->key));
        value_show(&b, d);
        if (a.failed || b.failed)
            rc = str_check(a.failed ? &a : &b, e);
        else if (strcmp(a.s, b.s) != 0)
            rc =
                err_set(e, ERR_INPUT,
                        "%s was begun with other settings: %s was %.200s, is %.200s; give the same "
                        "ones, or delete it to begin anew",
                        j->path, d->key, a.s, b.s);
    }
    str_release(&a), str_release(&b);
    doc_tree_release(&was), doc_tree_release(&is);
    return rc;
}

/* games_read - marks the games of the lines; each, where there is one, gets a game's rows. */
static int games_read(struct journal *j, struct lines *text, bool *done,
                      int (*each)(void *ctx, size_t game, const struct doc *rows, struct err *e),
                      void *ctx, struct err *e)
{
    char *line;
    size_t n;
    int rc = OK;
    j->n_done = j->positions = 0;
    while (!rc && (line = line_next(text, &n))) {
        struct doc_tree t = DOC_TREE_INIT;
        struct err torn = ERR_INIT;
        int64_t game, positions;
        rc = doc_parse_json(&t, line, n, j->path, 1, &torn);
        if (rc == ERR_NOMEM)
            rc = err_set(e, rc, "%s", torn.msg);
        else if (rc)
            rc = OK;
        else if (!doc_int(t.root, "game", 0, (int64_t)j->games - 1, &game, &torn) &&
                 !doc_int(t.root, "positions", 0, INT64_MAX, &positions, &torn) && !done[game]) {
            done[game] = true;
            j->n_done++;
            j->positions += (size_t)positions;
            if (each)
                rc = each(ctx, (size_t)game, doc_get(t.root, "puzzles"), e);
        }
        doc_tree_release(&t);
    }
    return rc;
}

int journal_open(struct journal *j, const char *out, const char *settings, size_t games,
                 struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    *j = (struct journal){.lock = -1, .games = games};
    str_addf(&path, "%s.journal", out);
    if (!(j->path = str_take(&path, e)) || !(j->done = mem_zalloc(games, sizeof *j->done, e)))
        return e->code;
    if (!file_exists(j->path) && file_exists(out))
        return err_set(e, ERR_INPUT, "%s is there already; delete it or name another", out);
    int rc = file_lock(j->path, false, &j->lock, e);
    if (!rc && j->lock < 0)
        return err_set(e, ERR_INPUT, "%s: another process is at it", j->path);
    if (!rc)
        rc = file_read(&text, j->path, e);
    struct lines lines = {text.s, text.s + text.len};
    char *whole = rc ? NULL : memchr(text.s, '\n', text.len);
    size_t n;
    if (!rc && !whole) { /* new, or killed while its first line was written */
        if (truncate(j->path, 0))
            rc = err_sys(e, "%s", j->path);
        str_reset(&text);
        str_addf(&text, "%s\n", settings);
        if (!rc && !(rc = str_check(&text, e)))
            rc = file_append(j->path, text.s, text.len, e);
    } else if (!rc) {
        const bool torn = text.s[text.len - 1] != '\n';
        char *line = line_next(&lines, &n);
        rc = settings_same(j, line, n, settings, e);
        if (!rc)
            rc = games_read(j, &lines, j->done, NULL, NULL, e);
        if (!rc && torn)
            rc = file_append(j->path, "\n", 1, e);
    }
    str_release(&text);
    return rc;
}

int journal_add(struct journal *j, size_t game, size_t positions, const char *rows, struct err *e)
{
    struct str line = STR_INIT;
    str_addf(&line, "{\"game\": %zu, \"positions\": %zu, \"puzzles\": [", game, positions);
    str_cat(&line, rows);
    str_cat(&line, "]}\n");
    int rc = str_check(&line, e);
    if (!rc)
        rc = file_append(j->path, line.s, line.len, e);
    str_release(&line);
    if (rc)
        return rc;
    j->done[game] = true;
    j->n_done++;
    j->positions += positions;
    return OK;
}

struct sorting {
    char **rows; /* [games], a row a line */
};

static int rows_keep(void *ctx, size_t game, const struct doc *rows, struct err *e)
{
    struct sorting *s = ctx;
    struct str text = STR_INIT;
    for (const struct doc *d = rows ? rows->child : NULL; d; d = d->next) {
        doc_write_json(&text, d);
        str_addc(&text, '\n');
    }
    s->rows[game] = str_take(&text, e);
    str_release(&text);
    return s->rows[game] ? OK : e->code;
}

int journal_rows(const struct journal *j, int (*each)(void *ctx, const char *row, struct err *e),
                 void *ctx, struct err *e)
{
    struct str text = STR_INIT;
    struct journal again = {.path = j->path, .lock = -1, .games = j->games};
    struct sorting sorting = {mem_zalloc(j->games, sizeof(char *), e)};
    again.done = sorting.rows ? mem_zalloc(j->games, sizeof *again.done, e) : NULL;
    int rc = again.done ? file_read(&text, j->path, e) : e->code;
    struct lines lines = {text.s, text.s + text.len};
    char *line;
    size_t n;
    if (!rc && line_next(&lines, &n))
        rc = games_read(&again, &lines, again.done, rows_keep, &sorting, e);
    for (size_t i = 0; !rc && i < j->games; i++) {
        char *rows = sorting.rows[i];
        struct lines of = {rows, rows ? rows + strlen(rows) : rows};
        while (!rc && rows && (line = line_next(&of, &n)))
            rc = each(ctx, line, e);
    }
    for (size_t i = 0; sorting.rows && i < j->games; i++)
        mem_free(sorting.rows[i]);
    mem_free(sorting.rows);
    mem_free(again.done);
    str_release(&text);
    return rc;
}

void journal_remove(struct journal *j)
{
    unlink(j->path);
}

void journal_close(struct journal *j)
{
    size_t size = 1;
    struct err ignored = ERR_INIT;
    if (j->lock >= 0 && !file_size(j->path, &size, &ignored) && !size)
        unlink(j->path);
    file_unlock(j->lock);
    mem_free(j->path);
    mem_free(j->done);
    *j = (struct journal){.lock = -1};
}
