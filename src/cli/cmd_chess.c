/* cmd_chess.c - puzzles out of games, puzzles as rows. */
#include "chess/mine.h"
#include "cli/command.h"
#include "core/doc.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "data/puzzles.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"out", "FILE", "puzzles: the file of rows that is written", 'o'},
    {"engine", "COMMAND", "puzzles: a UCI engine (default: stockfish)", 0},
    {"engine-options", "LIST", "puzzles: what the engine is told, NAME=VALUE;NAME=VALUE", 0},
    {"depth", "N", "puzzles: half-moves that positions are searched to (default: 10)", 0},
    {"margin", "N", "puzzles: hundredths of a pawn that the best move is better (default: 150)", 0},
    {"skip", "N", "puzzles: half-moves of each game that are not looked at (default: 16)", 0},
    {"without", "LIST",
     "puzzles: games whose positions are no puzzles: files, folders with , between", 0},
    {"games", "N", "puzzles: the first N games (default: all)", 0},
    {"timeout", "S", "puzzles: seconds that the engine may take to answer (default: 60)", 0},
    {NULL, NULL, NULL, 0},
};

static int file_open(struct pgn_source *source, const char *path, struct err *e)
{
    struct archive_stream *s;
    int rc = archive_open(&s, path, e);
    *source = (struct pgn_source){archive_pull, rc ? NULL : s};
    return rc;
}

static void file_close(struct pgn_source *source)
{
    archive_close(source->ctx);
}

/* without - files of games, and those of folders. */
struct without {
    struct arena arena;
    const char **files;
    size_t n, cap;
};

static int without_add(struct without *w, const char *path, struct err *e)
{
    int rc = mem_grow(&w->files, &w->cap, w->n + 1, sizeof *w->files, e);
    if (!rc && !(w->files[w->n] = arena_strdup(&w->arena, path, e)))
        rc = e->code;
    w->n += !rc;
    return rc;
}

static int without_folder(struct without *w, const char *dir, struct err *e)
{
    struct str path = STR_INIT;
    char **names = NULL;
    size_t n = 0, before = w->n;
    int rc = file_list(dir, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        if (table_format_of(names[i]) != TABLE_PGN)
            continue;
        str_path(&path, dir, names[i]);
        rc = str_check(&path, e);
        if (!rc)
            rc = without_add(w, path.s, e);
    }
    if (!rc && w->n == before)
        rc = err_set(e, ERR_INPUT, "%s: no file of games (.pgn) in it", dir);
    mem_free(names);
    str_release(&path);
    return rc;
}

static int without_read(struct without *w, const char *list, struct err *e)
{
    struct str part = STR_INIT;
    int rc = OK;
    for (const char *s = list; s && !rc;) {
        size_t n = strcspn(s, ",");
        str_reset(&part);
        str_catn(&part, s, n);
        rc = str_check(&part, e);
        if (!rc && !n)
            rc = err_set(e, ERR_INPUT, "--without is \"%s\", wanted files or folders of games",
                         list);
        if (!rc)
            rc = file_is_dir(part.s) ? without_folder(w, part.s, e) : without_add(w, part.s, e);
        s = s[n] ? s + n + 1 : NULL;
    }
    str_release(&part);
    return rc;
}

static void without_release(struct without *w)
{
    mem_free(w->files);
    arena_release(&w->arena);
}

static void report_json(const struct mine_settings *s, const struct mine_report *r, struct str *out)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "out"), js_str(&w, s->out);
    js_key(&w, "games"), js_int(&w, (int64_t)r->games);
    js_key(&w, "games_left_out"), js_int(&w, (int64_t)r->wrong);
    js_key(&w, "positions"), js_int(&w, (int64_t)r->positions);
    js_key(&w, "puzzles"), js_int(&w, (int64_t)r->puzzles);
    js_key(&w, "repeated"), js_int(&w, (int64_t)r->repeated);
    js_key(&w, "known"), js_int(&w, (int64_t)r->known);
    js_key(&w, "by_depth"), js_open(&w, '[');
    for (int d = 1; d <= s->depth; d++)
        js_int(&w, (int64_t)r->at_depth[d]);
    js_close(&w, ']');
    js_close(&w, '}');
    str_addc(out, '\n');
}

static void report_text(const struct mine_settings *s, const struct mine_report *r, struct str *out)
{
    str_addf(out, "%s: ", s->out);
    str_count(out, r->puzzles);
    str_cat(out, " puzzles of ");
    str_count(out, r->positions);
    str_cat(out, " positions in ");
    str_count(out, r->games - r->wrong);
    str_cat(out, " games\n");
    if (r->wrong)
        str_addf(out, "games left out, for they cannot be replayed: %zu\n", r->wrong);
    if (r->repeated)
        str_addf(out, "puzzles left out, for their position is a puzzle already: %zu\n",
                 r->repeated);
    if (r->known)
        str_addf(out, "puzzles left out, for games of --without have their position: %zu\n",
                 r->known);
    if (r->puzzles)
        str_cat(out, "depth   puzzles\n");
    for (int d = 1; d <= s->depth; d++)
        if (r->at_depth[d])
            str_addf(out, "%5d %9zu\n", d, r->at_depth[d]);
}

static int puzzles(const struct app *app, const struct args *a, struct err *e)
{
    struct mine_settings s;
    struct mine_report r;
    struct log log = app->log;
    struct str out = STR_INIT;
    struct without without = {.n = 0};
    size_t depth, margin;
    const char *value;
    mine_defaults(&s);
    depth = (size_t)s.depth, margin = (size_t)s.margin;
    s.files = a->rest + 1;
    s.n_files = a->n_rest - 1;
    s.open = file_open, s.close = file_close;
    s.out = args_option(&cmd_chess, a, "out");
    s.log = &log;
    s.engines = (size_t)par_threads() < 256 ? (size_t)par_threads() : 256;
    if ((value = args_option(&cmd_chess, a, "engine")))
        s.engine.command = value;
    s.engine.options = args_option(&cmd_chess, a, "engine-options");
    if (!s.n_files)
        return err_set(e, ERR_INPUT, "chess puzzles wants files of games; see w2s help chess");
    for (size_t i = 0; i < s.n_files; i++)
        if (strcmp(s.files[i], "-") == 0)
            return err_set(e, ERR_INPUT, "games are read more than once: wanted a file, not -");
    if (!s.out || !*s.out)
        return err_set(e, ERR_INPUT, "chess puzzles wants --out FILE");
    int rc = args_count("depth", args_option(&cmd_chess, a, "depth"), 1, ENGINE_DEPTHS, &depth, e);
    if (!rc)
        rc = args_count("margin", args_option(&cmd_chess, a, "margin"), 1, 2000, &margin, e);
    if (!rc)
        rc = args_count("skip", args_option(&cmd_chess, a, "skip"), 0, 1000, &s.skip, e);
    if (!rc)
        rc = args_count("games", args_option(&cmd_chess, a, "games"), 1, 1000000000, &s.games, e);
    if (!rc)
        rc = args_real("timeout", args_option(&cmd_chess, a, "timeout"), .01, 1e6,
                       &s.engine.timeout, e);
    s.depth = (int)depth, s.margin = (int)margin;
    if (!rc)
        rc = without_read(&without, args_option(&cmd_chess, a, "without"), e);
    s.without = without.files, s.n_without = without.n;
    if (!rc)
        rc = mine_run(&s, &r, e);
    if (!rc) {
        if (app->json)
            report_json(&s, &r, &out);
        else
            report_text(&s, &r, &out);
        rc = str_check(&out, e);
    }
    if (!rc && fwrite(out.s, 1, out.len, stdout) != out.len)
        rc = err_sys(e, "standard output");
    without_release(&without);
    log_release(&log);
    str_release(&out);
    return rc;
}

struct printer {
    struct str out;
    size_t rows;
};

static int row_print(void *ctx, const struct puzzle *p, struct err *e)
{
    struct printer *printer = ctx;
    struct str *out = &printer->out;
    printer->rows++;
    str_reset(out);
    puzzle_write(out, p);
    str_addc(out, '\n');
    int rc = str_check(out, e);
    if (!rc && fwrite(out->s, 1, out->len, stdout) != out->len)
        rc = err_sys(e, "standard output");
    return rc;
}

static int rows(const struct args *a, struct err *e)
{
    struct printer printer = {STR_INIT, 0};
    if (a->n_rest != 2)
        return err_set(e, ERR_INPUT, "chess rows wants one file of puzzles");
    for (size_t i = 0; options[i].name; i++)
        if (a->value[i])
            return err_set(e, ERR_INPUT, "chess rows takes no --%s", options[i].name);
    int rc = puzzles_read(a->rest[1], row_print, &printer, e);
    if (!rc && !printer.rows)
        rc = err_set(e, ERR_INPUT, "%s: no rows", a->rest[1]);
    str_release(&printer.out);
    return rc;
}

static int chess_run(const struct app *app, const struct args *a, struct err *e)
{
    const char *what = a->n_rest ? a->rest[0] : "";
    if (strcmp(what, "puzzles") == 0)
        return command_exit(puzzles(app, a, e));
    if (strcmp(what, "rows") == 0)
        return command_exit(rows(a, e));
    return command_exit(err_set(e, ERR_INPUT,
                                "chess wants to be told what to do: puzzles or rows; see w2s help "
                                "chess"));
}

const struct command cmd_chess = {
    .name = "chess",
    .operands = "puzzles|rows FILE ...",
    .line = "make puzzles of games with an engine, print puzzles as rows",
    .help =
        "puzzles: reads games (PGN; .gz, .bz2, .xz, .zst or in an archive) and has a UCI engine "
        "search every position\n"
        "of theirs for its two best moves. Where the best is better by the margin it is a puzzle: "
        "a "
        "JSON object a line,\n"
        "with the game so far as prompt. Its rating is a depth, not an Elo: the first from which "
        "on "
        "the engine holds\n"
        "the move for the best. As many engines as threads; killed or stopped, the same command "
        "goes "
        "on.\n"
        "With --without no puzzle has a position of other games, those that models learn from.\n"
        "\n"
        "rows: prints a file of puzzles, Lichess's CSV as it is published or rows made here, in "
        "the "
        "same form.\n"
        "\n"
        "docs/chess.md has the fields.\n"
        "\n"
        "    w2s chess puzzles games.pgn.gz --out puzzles.jsonl --games 100\n"
        "    w2s chess rows lichess_db_puzzle.csv.zst > rows.jsonl\n",
    .options = options,
    .completes = "chess",
    .run = chess_run,
};
