/* mine.c - games go to engines as they come free, what is found goes to the journal. */
#include "chess/mine.h"
#include "chess/journal.h"
#include "chess/positions.h"
#include "chess/puzzle.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/stop.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WON         1000 /* hundredths of a pawn */
#define ENGINES_MAX 256

void mine_defaults(struct mine_settings *s)
{
    *s = (struct mine_settings){.engines = 1, .skip = 16, .depth = 10, .margin = 150};
    engine_defaults(&s->engine);
}

static int counted(int score, int margin)
{
    if (score > ENGINE_MATE - 1000)
        return WON + margin;
    if (score < -ENGINE_MATE + 1000)
        return -WON - margin;
    return score > WON ? WON : score < -WON ? -WON : score;
}

int mine_margin(int first, int second, int margin)
{
    return counted(first, margin) - counted(second, margin);
}

int mine_depth(const struct engine_found *f, int depth)
{
    int found = depth;
    for (int d = depth; d >= 1; d--) {
        if (f->at[d] && f->at[d] != f->best)
            break;
        if (f->at[d])
            found = d;
    }
    return found;
}

/* games - one after the other, out of all files. */
struct games {
    const struct mine_settings *s;
    size_t file;
    struct pgn_source source;
    bool open;
    struct pgn *pgn;
    size_t next; /* the next game's number in all files, from 0 */
    size_t wrong;
    char first_wrong[sizeof((struct pgn_game *)0)->wrong];
};

static void games_close(struct games *g)
{
    pgn_close(g->pgn);
    if (g->open)
        g->s->close(&g->source);
    g->pgn = NULL;
    g->open = false;
}

/* games_next - *game NULL at the end; its file is s->files[g->file]. */
static int games_next(struct games *g, const struct pgn_game **game, struct err *e)
{
    int rc = OK;
    *game = NULL;
    while (!rc && (!g->s->games || g->next < g->s->games)) {
        if (!g->open) {
            if (g->file == g->s->n_files)
                break;
            rc = g->s->open(&g->source, g->s->files[g->file], e);
            g->open = !rc;
            if (!rc)
                rc = pgn_open(&g->pgn, g->source, g->s->files[g->file], e);
            continue;
        }
        if ((rc = pgn_next(g->pgn, game, e)) || *game) {
            g->next++;
            if (!rc && *(*game)->wrong && !g->wrong++)
                memcpy(g->first_wrong, (*game)->wrong, sizeof g->first_wrong);
            break;
        }
        games_close(g);
        g->file++;
    }
    return rc;
}

/* games_any - after the last: refused where there was none, or none that can be replayed: such
 * files are hardly games. */
static int games_any(const struct games *g, struct err *e)
{
    if (g->wrong < g->next)
        return OK;
    return err_set(e, ERR_INPUT, "%s%s: no game in it%s%s", g->s->files[0],
                   g->s->n_files > 1 ? " and the other files" : "",
                   g->next ? " that can be replayed; " : "", g->first_wrong);
}

/* games_count - all that are to be looked at, a sum over what they are, and how many cannot be
 * replayed: those are told. */
static int games_count(const struct mine_settings *s, size_t *n, size_t *wrong, char sum[HASH_HEX],
                       struct err *e)
{
    struct games g = {.s = s};
    const struct pgn_game *game;
    struct hash *h = hash_new(e);
    int rc = h ? OK : e->code;
    while (!rc && !(rc = games_next(&g, &game, e)) && game && !(rc = stop_check(e))) {
        char fen[FEN_MAX];
        board_write(&game->start, fen);
        hash_add(h, fen, strlen(fen) + 1);
        hash_add(h, game->moves, *game->wrong ? 0 : game->n * sizeof *game->moves);
        if (*game->wrong && s->log)
            log_warn_once(s->log, "%s; the game is left out", game->wrong);
    }
    games_close(&g);
    *n = g.next, *wrong = g.wrong;
    if (!rc)
        hash_end(h, sum);
    hash_free(h);
    return rc ? rc : games_any(&g, e);
}

/* base_name - of a file, without folders and from ".pgn" on. */
static void base_name(char out[128], const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *end = strstr(name, ".pgn");
    snprintf(out, 128, "%.*s", (int)(end && end > name ? end - name : 127), name);
}

/* names_check - games are told apart by their file's name and their number in it, in the puzzles'
 * ids and in what is one question. */
static int names_check(const struct mine_settings *s, struct err *e)
{
    for (size_t i = 0; i < s->n_files; i++)
        for (size_t k = 0; k < i; k++) {
            char a[128], b[128];
            base_name(a, s->files[k]);
            base_name(b, s->files[i]);
            if (!strcmp(a, b))
                return err_set(e, ERR_INPUT,
                               "the games of %s and of %s would both be %s-1, %s-2 ...; wanted "
                               "files of different names",
                               s->files[k], s->files[i], a, a);
        }
    return OK;
}

/* settings_text - all that decides what is found. */
static int settings_text(const struct mine_settings *s, const char *engine, size_t games,
                         const char *sum, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "journal"), js_str(&w, "w2s chess puzzles 2");
    js_key(&w, "engine"), js_str(&w, engine);
    js_key(&w, "engine-options"), js_str(&w, s->engine.options ? s->engine.options : "");
    js_key(&w, "depth"), js_int(&w, s->depth);
    js_key(&w, "margin"), js_int(&w, s->margin);
    js_key(&w, "skip"), js_int(&w, (int64_t)s->skip);
    js_key(&w, "games"), js_int(&w, (int64_t)games);
    js_key(&w, "files"), js_open(&w, '[');
    for (size_t i = 0; i < s->n_files; i++) {
        char name[128];
        base_name(name, s->files[i]);
        js_str(&w, name);
    }
    js_close(&w, ']');
    js_key(&w, "sum of the games"), js_str(&w, sum);
    js_close(&w, '}');
    return str_check(out, e);
}

/* A seat is an engine and the game that it is at. */
struct seat {
    struct engine *engine;
    bool busy, starved; /* has a game; there are no more */
    size_t game, number, n, ply, positions;
    move *moves;
    size_t cap;
    struct board start, board; /* board is before moves[ply] */
    char file[128];
    struct str rows;
};

struct mine {
    const struct mine_settings *s;
    struct games games;
    struct journal journal;
    struct seat *seats;
    size_t n_seats;
    struct progress progress;
};

static int puzzle_add(struct mine *m, struct seat *t, const struct engine_found *f, struct err *e)
{
    struct puzzle p = {.board = t->board, .best = f->best, .searched = true};
    struct str prompt = STR_INIT, id = STR_INIT, game = STR_INIT;
    char themes[40] = "";
    p.score = f->lines[0].score;
    p.second = f->lines[1].score;
    p.rating = mine_depth(f, m->s->depth);
    if (p.score > ENGINE_MATE - 1000)
        snprintf(themes, sizeof themes, "mate mateIn%d", ENGINE_MATE - p.score);
    puzzle_prompt(&prompt, &t->start, t->moves, t->ply);
    str_addf(&game, "%s-%zu", t->file, t->number);
    str_addf(&id, "%s-%zu", game.s, t->ply);
    int rc = str_check(prompt.failed ? &prompt : game.failed ? &game : &id, e);
    p.prompt = prompt.s, p.id = id.s, p.game = game.s, p.themes = themes;
    if (!rc) {
        if (t->rows.len)
            str_cat(&t->rows, ", ");
        puzzle_write(&t->rows, &p);
        rc = str_check(&t->rows, e);
    }
    str_release(&prompt);
    str_release(&game);
    str_release(&id);
    return rc;
}

/* seat_found - a position's search is done. */
static int seat_found(struct mine *m, struct seat *t, struct err *e)
{
    const struct engine_found *f = engine_found(t->engine);
    t->positions++;
    if (f->n < 2)
        return err_set(e, ERR_CHILD, "%s said one line where two were asked for",
                       engine_name(t->engine));
    if (f->best == f->lines[0].first &&
        mine_margin(f->lines[0].score, f->lines[1].score, m->s->margin) >= m->s->margin)
        return puzzle_add(m, t, f, e);
    return OK;
}

/* seat_search - the next position that has more than one move, from t->ply on; the game's end,
 * where there is none, goes to the journal. */
static int seat_search(struct mine *m, struct seat *t, struct err *e)
{
    move list[MOVES_MAX];
    for (; t->ply < t->n; board_play(&t->board, t->moves[t->ply++]))
        if (t->ply >= m->s->skip && board_moves(&t->board, list) > 1)
            return engine_begin(t->engine, &t->board, m->s->depth, 2, e);
    t->busy = false;
    return journal_add(&m->journal, t->game, t->positions, t->rows.s, e);
}

/* seat_take - the next game that is not done. */
static int seat_take(struct mine *m, struct seat *t, struct err *e)
{
    const struct pgn_game *g;
    int rc;
    do {
        rc = games_next(&m->games, &g, e);
        if (rc || !g) {
            t->starved = true;
            return rc;
        }
        t->game = m->games.next - 1;
        if (*g->wrong && !m->journal.done[t->game] &&
            (rc = journal_add(&m->journal, t->game, 0, "", e)))
            return rc;
    } while (m->journal.done[t->game]);
    if ((rc = mem_grow(&t->moves, &t->cap, g->n + 1, sizeof *t->moves, e)))
        return rc;
    if (g->n)
        memcpy(t->moves, g->moves, g->n * sizeof *t->moves);
    t->n = g->n;
    t->number = g->number;
    t->start = t->board = g->start;
    t->ply = t->positions = 0;
    base_name(t->file, m->s->files[m->games.file]);
    str_reset(&t->rows);
    t->busy = true;
    return seat_search(m, t, e);
}

static int seat_step(struct mine *m, struct seat *t, struct err *e)
{
    bool done = false;
    int rc = engine_step(t->engine, &done, e);
    if (rc || !done)
        return rc;
    if (!(rc = seat_found(m, t, e))) {
        board_play(&t->board, t->moves[t->ply++]);
        rc = seat_search(m, t, e);
    }
    return rc;
}

static int mine_games(struct mine *m, struct err *e)
{
    int rc = OK;
    for (;;) {
        struct pollfd fds[ENGINES_MAX];
        size_t n = 0;
        for (size_t i = 0; i < m->n_seats && !rc; i++) {
            struct seat *t = &m->seats[i];
            while (!rc && !t->busy && !t->starved)
                rc = seat_take(m, t, e);
            if (t->busy)
                fds[n++] = (struct pollfd){engine_fd(t->engine), POLLIN, 0};
        }
        progress_step(&m->progress, (double)m->journal.n_done, (double)m->journal.positions, NULL);
        if (rc || !n || (rc = stop_check(e)))
            return rc;
        poll(fds, (nfds_t)n, 100);
        for (size_t i = 0; i < m->n_seats && !rc; i++)
            if (m->seats[i].busy)
                rc = seat_step(m, &m->seats[i], e);
    }
}

static int seats_open(struct mine *m, size_t n, struct err *e)
{
    int rc = OK;
    if (!(m->seats = mem_zalloc(n, sizeof *m->seats, e)))
        return e->code;
    for (; m->n_seats < n && !rc; m->n_seats++) {
        str_init(&m->seats[m->n_seats].rows);
        rc = engine_open(&m->seats[m->n_seats].engine, &m->s->engine, e);
    }
    return rc;
}

static void seats_close(struct mine *m)
{
    for (size_t i = 0; i < m->n_seats; i++) {
        engine_close(m->seats[i].engine);
        mem_free(m->seats[i].moves);
        str_release(&m->seats[i].rows);
    }
    mem_free(m->seats);
}

/* known_read - every position of the games of s->without. */
static int known_read(const struct mine_settings *s, struct positions *known, struct err *e)
{
    struct mine_settings others = *s;
    others.files = s->without, others.n_files = s->n_without, others.games = 0;
    struct games g = {.s = &others};
    const struct pgn_game *game;
    int rc = OK;
    while (!rc && !(rc = games_next(&g, &game, e)) && game && !(rc = stop_check(e))) {
        struct board b = game->start;
        if (*game->wrong && s->log)
            log_warn_once(s->log, "%s; what follows in the game is not left out", game->wrong);
        for (size_t i = 0; !rc && i <= game->n; i++) {
            rc = positions_add(known, &b, NULL, e);
            if (i < game->n)
                board_play(&b, game->moves[i]);
        }
    }
    games_close(&g);
    return rc || !s->n_without ? rc : games_any(&g, e);
}

/* Positions that were written already, so that one that many games have is one puzzle: of the first
 * of them. */
struct writing {
    struct file_out *out;
    struct mine_report *report;
    const struct positions *known;
    struct positions seen;
    struct str line;
};

static int row_write(void *ctx, const char *row, struct err *e)
{
    struct writing *w = ctx;
    struct doc_tree t = DOC_TREE_INIT;
    struct board b;
    const char *fen;
    int64_t depth = 0;
    bool known = false, fresh = false;
    int rc = doc_parse_json(&t, row, strlen(row), "journal", 0, e);
    if (!rc)
        rc = doc_str(t.root, "fen", &fen, e);
    if (!rc)
        rc = doc_int(t.root, "rating", 1, ENGINE_DEPTHS, &depth, e);
    if (!rc)
        rc = board_read(&b, fen, strlen(fen), e);
    if (!rc)
        rc = positions_has(w->known, &b, &known, e);
    if (!rc && !known)
        rc = positions_add(&w->seen, &b, &fresh, e);
    doc_tree_release(&t);
    if (rc)
        return rc;
    if (known) {
        w->report->known++;
        return OK;
    }
    if (!fresh) {
        w->report->repeated++;
        return OK;
    }
    w->report->puzzles++;
    w->report->at_depth[depth]++;
    str_reset(&w->line);
    str_addf(&w->line, "%s\n", row);
    rc = str_check(&w->line, e);
    return rc ? rc : file_out_write(w->out, w->line.s, w->line.len, e);
}

static int mine_write(struct mine *m, const struct positions *known, struct mine_report *r,
                      struct err *e)
{
    struct writing w = {.report = r, .known = known, .line = STR_INIT};
    int rc = file_out_open(&w.out, m->s->out, e);
    if (!rc)
        rc = journal_rows(&m->journal, row_write, &w, e);
    if (!rc)
        rc = file_out_commit(w.out, e);
    file_out_close(w.out);
    positions_release(&w.seen);
    str_release(&w.line);
    if (!rc)
        journal_remove(&m->journal);
    return rc;
}

int mine_run(const struct mine_settings *s, struct mine_report *r, struct err *e)
{
    struct mine m = {.s = s, .games = {.s = s}, .journal = {.lock = -1}};
    struct positions known = {0};
    struct str settings = STR_INIT;
    char sum[HASH_HEX];
    *r = (struct mine_report){0};
    BUG_ON(s->engines < 1 || s->engines > ENGINES_MAX);
    int rc = names_check(s, e);
    if (!rc)
        rc = games_count(s, &r->games, &r->wrong, sum, e);
    if (!rc)
        rc = known_read(s, &known, e);
    if (!rc)
        rc = seats_open(&m, s->engines < r->games ? s->engines : r->games, e);
    if (!rc)
        rc = settings_text(s, engine_name(m.seats[0].engine), r->games, sum, &settings, e);
    if (!rc)
        rc = journal_open(&m.journal, s->out, settings.s, r->games, e);
    if (!rc) {
        if (s->log && m.journal.n_done)
            log_info(s->log, "%s: %zu of %zu games are done", m.journal.path, m.journal.n_done,
                     r->games);
        progress_begin(&m.progress, s->log, "games", (double)r->games, "positions");
        rc = mine_games(&m, e);
        progress_end(&m.progress, rc);
        if (rc && m.journal.n_done)
            err_wrap(e, "%zu of %zu games are done, the same command goes on", m.journal.n_done,
                     r->games);
        if (!rc)
            rc = mine_write(&m, &known, r, e);
        r->positions = m.journal.positions;
    }
    journal_close(&m.journal);
    games_close(&m.games);
    seats_close(&m);
    positions_release(&known);
    str_release(&settings);
    return rc;
}
