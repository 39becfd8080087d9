/* puzzles.c - rows of Lichess's puzzle file, and our own. */
#include "data/puzzles.h"
#include "chess/notation.h"
#include "data/table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    int (*each)(void *ctx, const struct puzzle *p, struct err *e);
    void *ctx;
    struct puzzle_strings hold;
};

static int rating_read(const struct doc *d, double *out, struct err *e)
{
    char *end = NULL;
    *out = (double)NAN;
    if (!d || d->type == DOC_NULL || (d->type == DOC_STRING && !d->len))
        return OK;
    errno = 0;
    *out = d->type == DOC_STRING ? strtod(d->s, &end) : d->r;
    if ((d->type != DOC_STRING && d->type != DOC_INT && d->type != DOC_REAL) ||
        (end && (errno || *end || !isfinite(*out))))
        return doc_fail(d, e, "\"%s\" is not a number", d->key);
    return OK;
}

/* game_read - of an address like https://lichess.org/787zsVup/black#48 what all of a game's share.
 */
static int game_read(const struct doc *row, struct puzzle_strings *hold, struct puzzle *p,
                     struct err *e)
{
    const char *url = "";
    int rc = doc_opt_str(row, "GameUrl", &url, e);
    if (rc || !*url)
        return rc;
    str_catn(&hold->game, url, strcspn(url, "#?"));
    rc = str_check(&hold->game, e);
    for (size_t i = 0; !rc && i < 2; i++) {
        const char *side = i ? "/black" : "/white";
        if (str_ends(hold->game.s, side))
            hold->game.s[hold->game.len -= strlen(side)] = '\0';
    }
    p->game = hold->game.s;
    return rc;
}

/* lichess_read - a row of strings with FEN and Moves. */
static int lichess_read(struct puzzle_strings *hold, struct puzzle *p, const struct doc *row,
                        struct err *e)
{
    const char *fen, *moves;
    int rc = doc_str(row, "FEN", &fen, e);
    if (!rc)
        rc = doc_str(row, "Moves", &moves, e);
    if (!rc)
        rc = doc_opt_str(row, "PuzzleId", &p->id, e);
    if (!rc)
        rc = doc_opt_str(row, "Themes", &p->themes, e);
    if (!rc)
        rc = rating_read(doc_get(row, "Rating"), &p->rating, e);
    if (!rc)
        rc = game_read(row, hold, p, e);
    if (rc)
        return rc;
    rc = puzzle_lichess(p, fen, moves, e);
    return rc ? err_wrap(e, "%s:%d", row->file, row->line) : OK;
}

static int own_read(struct puzzle_strings *hold, struct puzzle *p, const struct doc *row,
                    struct err *e)
{
    const char *fen, *uci;
    int64_t score = 0, second = 0;
    int rc = doc_str(row, "fen", &fen, e);
    if (!rc)
        rc = doc_str(row, "uci", &uci, e);
    if (!rc)
        rc = doc_opt_str(row, "id", &p->id, e);
    if (!rc)
        rc = doc_opt_str(row, "prompt", &p->prompt, e);
    if (!rc)
        rc = doc_opt_str(row, "game", &p->game, e);
    if (!rc)
        rc = rating_read(doc_get(row, "rating"), &p->rating, e);
    p->searched = doc_get(row, "score") && doc_get(row, "second");
    if (!rc && p->searched && !(rc = doc_int(row, "score", -30000, 30000, &score, e)))
        rc = doc_int(row, "second", -30000, 30000, &second, e);
    p->score = (int)score, p->second = (int)second;
    if (rc)
        return rc;
    const struct doc *themes = doc_get(row, "themes");
    for (const struct doc *d = themes ? themes->child : NULL; d; d = d->next)
        if (d->type == DOC_STRING)
            str_addf(&hold->themes, "%s%s", hold->themes.len ? " " : "", d->s);
    p->themes = hold->themes.s;
    rc = board_read(&p->board, fen, strlen(fen), e);
    if (!rc)
        rc = uci_read(&p->board, uci, strlen(uci), &p->best, e);
    return rc ? err_wrap(e, "%s:%d", row->file, row->line) : OK;
}

int puzzle_read(struct puzzle *p, const struct doc *row, struct puzzle_strings *hold, struct err *e)
{
    int rc;
    *p = (struct puzzle){.id = "", .themes = "", .rating = (double)NAN};
    str_reset(&hold->id);
    str_reset(&hold->themes);
    str_reset(&hold->game);
    if (doc_get(row, "Moves"))
        rc = lichess_read(hold, p, row, e);
    else if (doc_get(row, "uci"))
        rc = own_read(hold, p, row, e);
    else
        rc = doc_fail(row, e, "no puzzle: wanted FEN and Moves, or fen and uci");
    if (rc)
        return rc;
    if (!*p->id) {
        str_addf(&hold->id, "%s:%d", row->file, row->line);
        p->id = hold->id.s;
    }
    rc = str_check(&hold->id, e);
    if (!rc)
        rc = str_check(&hold->game, e);
    return rc ? rc : str_check(&hold->themes, e);
}

void puzzle_strings_release(struct puzzle_strings *hold)
{
    str_release(&hold->id);
    str_release(&hold->themes);
    str_release(&hold->game);
}

static int row_read(void *ctx, const struct doc *row, struct err *e)
{
    struct reading *r = ctx;
    struct puzzle p;
    int rc = puzzle_read(&p, row, &r->hold, e);
    return rc ? rc : r->each(r->ctx, &p, e);
}

int puzzles_read(const char *path, int (*each)(void *ctx, const struct puzzle *p, struct err *e),
                 void *ctx, struct err *e)
{
    static const struct table_settings settings;
    struct reading r = {each, ctx, {STR_INIT, STR_INIT, STR_INIT}};
    int rc = table_read(path, &settings, row_read, &r, e);
    puzzle_strings_release(&r.hold);
    return rc;
}
