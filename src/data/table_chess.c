/* table_chess.c - games and puzzles as rows. */
#include "chess/notation.h"
#include "chess/pgn.h"
#include "core/mem.h"
#include "data/puzzles.h"
#include "data/table_rows.h"

#include <limits.h>
#include <string.h>

/* row_give - a JSON object as a row that began on line. */
static int row_give(const struct str *json, const char *name, int line,
                    int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                    struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    int rc = str_check(json, e);
    if (!rc)
        rc = doc_parse_json(&t, json->s, json->len, name, line, e);
    if (!rc)
        rc = each(ctx, t.root, e);
    doc_tree_release(&t);
    return rc;
}

static void game_write(struct str *out, const struct pgn_game *g)
{
    struct str moves = STR_INIT;
    struct board b = g->start;
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    san_write_game(&moves, &b, g->moves, g->n);
    js_key(&w, "moves"), js_strn(&w, moves.s, moves.len);
    out->failed |= moves.failed;
    js_key(&w, "result"), js_str(&w, g->result);
    for (size_t i = 0; i < g->n_tags; i++)
        if (strcmp(g->tags[i].name, "moves") != 0 && strcmp(g->tags[i].name, "result") != 0)
            js_key(&w, g->tags[i].name), js_str(&w, g->tags[i].value);
    js_close(&w, '}');
    str_release(&moves);
}

int table_pgn_rows(const char *path, const struct table_settings *s,
                   int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                   struct err *e)
{
    const char *name = s->name ? s->name : path;
    struct archive_stream *stream = NULL;
    struct pgn *p = NULL;
    const struct pgn_game *g;
    struct str json = STR_INIT;
    char first[sizeof g->wrong] = ""; /* mistake */
    size_t good = 0;
    int rc = archive_open(&stream, path, e);
    if (!rc)
        rc = pgn_open(&p, (struct pgn_source){archive_pull, stream}, name, e);
    while (!rc && !(rc = pgn_next(p, &g, e)) && g) {
        if (*g->wrong) {
            log_warn_once(s->log, "%s; the game is left out", g->wrong);
            if (!*first)
                memcpy(first, g->wrong, sizeof first);
            continue;
        }
        good++;
        str_reset(&json);
        game_write(&json, g);
        rc = row_give(&json, name, g->line < INT_MAX ? (int)g->line : INT_MAX, each, ctx, e);
    }
    if (!rc && *first && !good)
        rc = err_set(e, ERR_INPUT, "%s: no game in it that can be replayed; %s", name, first);
    pgn_close(p);
    archive_close(stream);
    str_release(&json);
    return rc;
}

struct puzzle_rows {
    int (*each)(void *ctx, const struct doc *row, struct err *e);
    void *ctx;
    struct puzzle_strings hold;
    struct str json;
};

static int puzzle_give(void *ctx, const struct doc *row, struct err *e)
{
    struct puzzle_rows *r = ctx;
    struct puzzle p;
    int rc = puzzle_read(&p, row, &r->hold, e);
    if (rc)
        return rc;
    str_reset(&r->json);
    puzzle_write(&r->json, &p);
    return row_give(&r->json, row->file, row->line, r->each, r->ctx, e);
}

int table_puzzle_rows(const char *path, const struct table_settings *s,
                      int (*each)(void *ctx, const struct doc *row, struct err *e), void *ctx,
                      struct err *e)
{
    struct puzzle_rows r = {each, ctx, {STR_INIT, STR_INIT, STR_INIT}, STR_INIT};
    struct table_settings inner = *s;
    inner.format = TABLE_AUTO;
    int rc = table_read(path, &inner, puzzle_give, &r, e);
    puzzle_strings_release(&r.hold);
    str_release(&r.json);
    return rc;
}
